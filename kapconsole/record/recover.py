"""Saves what still verifies of a damaged session file into a new one, and says what is missing.

Rows keep their number and their hash, signatures stay: nothing is signed anew. So `verify` on the new file proves the
runs that are left and names the holes between them. The damaged file is not touched.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import apsw
import msgspec

from kapconsole.record import schema
from kapconsole.record.chain import GENESIS, Anchor, link
from kapconsole.record.database import (
    MAGIC,
    connect,
    file_head,
    looks_encrypted,
    sync_file,
    sync_folder,
    writing,
)
from kapconsole.record.errors import KeyNeededError, LogDamagedError, NoSuchLogError, NotALogError
from kapconsole.record.keys import sidecar_path
from kapconsole.rows import Row

_SELECT = "SELECT seq, mono_us, utc_us, kind, actor, body, hash FROM rec NOT INDEXED WHERE seq"
_SMALLEST_ROW_BYTES = 60
_HASH_BYTES = 32

Hashed = tuple[Row, bytes]


class RecoverReport(msgspec.Struct, frozen=True):
    """What was saved: number of rows, the holes as (first, last) row, and all of it in sentences.

    `changed` rows no longer match their hash; they are among the missing.
    """

    saved: int
    last_seq: int
    missing: tuple[tuple[int, int], ...]
    changed: tuple[int, ...]
    text: tuple[str, ...]


def recover(damaged: Path, target: Path, key: bytes | None = None) -> RecoverReport:
    """Write what can be saved of `damaged` to the new file `target`, encrypted with the same key.

    Raises NoSuchLogError, KeyNeededError, NotALogError, FileExistsError, LogWriteError; LogDamagedError when nothing
    can be saved.
    """
    if not damaged.is_file():
        raise NoSuchLogError(f"There is no file {damaged}.")
    if target.exists():
        raise FileExistsError(f"There is already a file {target}.")
    head = file_head(damaged)
    encrypted = looks_encrypted(head)
    if encrypted and key is None:
        raise KeyNeededError(f"{damaged.name} is encrypted and needs its key.")
    if not encrypted and not head.startswith(MAGIC):
        raise NotALogError(f"{damaged.name} is not a session file, or its very first bytes are damaged.")
    key = key if encrypted else None
    # Beside the target, not in the system's temporary folder: a plain session must not be left lying elsewhere.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".recover-") as folder:
        copy = Path(folder) / "copy"
        shutil.copyfile(damaged, copy)
        wal = damaged.with_name(damaged.name + "-wal")
        if wal.exists():
            shutil.copyfile(wal, copy.with_name("copy-wal"))
        hashed, anchors, meta, upper = _salvage(copy, key)
    good, changed, unproved = _sift(hashed, encrypted)
    if not good:
        raise LogDamagedError(f"Nothing of {damaged.name} can be saved.")
    upper = max(upper, good[-1][0].seq)
    missing = tuple(_holes([row.seq for row, _ in good], upper))
    text = tuple(_words(good, missing, changed, unproved))
    _write(target, key, good, anchors, meta | {"recovered": " ".join(text)})
    sidecar = sidecar_path(damaged)
    if sidecar.exists():
        shutil.copy2(sidecar, sidecar_path(target))
    return RecoverReport(len(good), good[-1][0].seq, missing, changed, text)


def _salvage(copy: Path, key: bytes | None) -> tuple[list[Hashed], list[Anchor], dict[str, str], int]:
    """Rows, anchors, meta that can be read, and the highest row that is known to have been there."""
    db = connect(copy, key)
    try:
        # SQLite refuses a file that is shorter than its header says, except to a tool that repairs.
        db.pragma("writable_schema", True)
        try:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
        except apsw.Error as error:
            raise LogDamagedError(f"Nothing can be saved: the beginning of the file is damaged ({error}).") from error
        if "rec" not in tables:
            raise LogDamagedError("Nothing can be saved: the file holds no session.")
        anchors: list[Anchor] = []
        with suppress(apsw.Error):
            for record in db.execute("SELECT seq, hash, utc_us, public_key, signature FROM anchor ORDER BY seq"):
                anchors.append(Anchor(*record))
        meta: dict[str, str] = {}
        with suppress(apsw.Error):
            meta = dict(db.execute("SELECT key, value FROM meta"))
        known = anchors[-1].seq if anchors else 0
        if "closed" in meta:
            meta["closed_before_damage"] = meta.pop("closed")
            known = max(known, int(msgspec.json.decode(meta["closed_before_damage"])["seq"]))
        with suppress(apsw.Error):
            known = max(known, db.execute("SELECT coalesce(max(seq), 0) FROM rec").get)
        limit = known or os.stat(copy).st_size // _SMALLEST_ROW_BYTES
        return list(_every_row(db, limit)), anchors, meta, known
    finally:
        db.close(True)


def _every_row(db: apsw.Connection, limit: int) -> Iterator[Hashed]:
    """Rows in order, over damaged places: a run until it fails, then one by one until a row is found again."""
    seq = 0
    while seq < limit:
        with suppress(apsw.Error):
            for record in db.execute(f"{_SELECT} > ? ORDER BY seq", (seq,)):
                if (hashed := _sound(record)) is not None:
                    yield hashed
                seq = max(seq, record[0])
            return
        seq += 1
        while seq < limit:
            with suppress(apsw.Error):
                record = db.execute(f"{_SELECT} = ?", (seq + 1,)).fetchone()
                if record is not None:
                    break
            seq += 1


def _sound(record: tuple[object, ...]) -> Hashed | None:
    """The row, when its fields are of the right types at all."""
    kinds = (int, int, int, str, str, bytes, bytes)
    if not all(isinstance(value, kind) for value, kind in zip(record, kinds, strict=True)):
        return None
    row, digest = msgspec.convert(record[:6], Row), record[6]
    return (row, digest) if isinstance(digest, bytes) and len(digest) == _HASH_BYTES else None


def _sift(hashed: list[Hashed], page_proof: bool) -> tuple[list[Hashed], tuple[int, ...], tuple[int, ...]]:
    """Rows that hold; numbers of rows that were changed, and of rows behind a hole that nothing proves.

    Behind a hole the hash before is missing. In an encrypted file the page's own MAC vouches for the row
    (`page_proof`); in a plain one half a page of zeros may look like a row.
    """
    good: list[Hashed] = []
    changed: list[int] = []
    unproved: list[int] = []
    previous, expected = GENESIS, 1
    for row, digest in hashed:
        if row.seq < expected:
            continue  # a damaged page may show a row twice
        if row.seq == expected and link(previous, row) != digest:
            changed.append(row.seq)
        elif row.seq != expected and not page_proof:
            unproved.append(row.seq)
        else:
            good.append((row, digest))
        previous, expected = digest, row.seq + 1
    return good, tuple(changed), tuple(unproved)


def _holes(seqs: list[int], upper: int) -> Iterator[tuple[int, int]]:
    expected = 1
    for seq in (*seqs, upper + 1):
        if seq > expected:
            yield expected, seq - 1
        expected = seq + 1


def _words(
    good: list[Hashed], missing: tuple[tuple[int, int], ...], changed: tuple[int, ...], unproved: tuple[int, ...]
) -> Iterator[str]:
    yield f"{len(good)} rows were saved, up to row {good[-1][0].seq}."
    if missing:
        shown = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in missing[:20])
        more = f" and {len(missing) - 20} more holes" if len(missing) > 20 else ""
        yield f"Missing: {sum(last - first + 1 for first, last in missing)} rows ({shown}{more})."
    if changed:
        yield f"{len(changed)} of these could be read but no longer match their hash, and were left out."
    if unproved:
        yield f"{len(unproved)} of these stand behind a hole, where nothing proves them, and were left out."
    if not missing:
        yield "No row is known to be missing."


def _write(target: Path, key: bytes | None, good: list[Hashed], anchors: list[Anchor], meta: dict[str, str]) -> None:
    with writing(target):
        os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        db = connect(target, key)
        try:
            db.pragma("synchronous", "FULL")
            with db:
                for statement in schema.statements():
                    db.execute(statement)
                db.executemany("INSERT INTO meta VALUES(?, ?)", meta.items())
                for row, digest in good:
                    db.execute("INSERT INTO rec VALUES(?, ?, ?, ?, ?, ?, ?)", (*msgspec.structs.astuple(row), digest))
                    if words := schema.searchable(row):
                        db.execute("INSERT INTO fts(rowid, words) VALUES(?, ?)", (row.seq, words))
                db.executemany("INSERT INTO anchor VALUES(?, ?, ?, ?, ?)", map(msgspec.structs.astuple, anchors))
        finally:
            db.close(True)
        sync_file(target)
        sync_folder(target.parent)
