"""Writes a session: durable when `commit` returns, chained and signed as it grows, closed so that it opens anywhere.

WAL with `synchronous=FULL`: the one SQLite setting that kept every acknowledged second through kills and power cuts.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

import apsw
import msgspec

import kapconsole
from kapconsole.record import schema
from kapconsole.record.chain import ANCHOR_EVERY_US, GENESIS, Anchor, Head, Signer, link, sign_anchor, walk
from kapconsole.record.database import (
    MAGIC,
    check_format,
    connect,
    file_head,
    hashed_rows,
    in_wal_mode,
    looks_encrypted,
    reading,
    sync_file,
    sync_folder,
    writing,
)
from kapconsole.record.errors import (
    KeyNeededError,
    LogClosedError,
    LogDamagedError,
    LogWriteError,
    NoSpaceError,
    NoSuchLogError,
)
from kapconsole.record.lock import WriterLock
from kapconsole.record.space import (
    BALLAST_BYTES,
    REFUSE_BELOW_BYTES,
    WARN_BELOW_BYTES,
    Ballast,
    free_bytes,
    megabytes,
)
from kapconsole.rows import Row


class HeadKeeper(Protocol):
    """Keeps the heads of closed sessions outside their files (see `ledger.Ledger`)."""

    def append(self, head: Head, name: str) -> None: ...


class SessionLog:
    """The open session file. Not thread-safe: one owner (`LogThread`) and one thread.

    `warnings` are sentences for the staff's screen about what was found while opening or closing.
    """

    def __init__(
        self,
        path: Path,
        key: bytes | None,
        lock: WriterLock,
        signer: Signer | None,
        ballast_bytes: int,
        vfs: str | None,
    ) -> None:
        """Use `create` or `resume`."""
        self.path = path
        self.session_id = ""
        self.last_seq = 0
        self.warnings: list[str] = []
        self.ballast = Ballast(path, ballast_bytes)
        self._key = key
        self._lock = lock
        self._signer = signer
        self._vfs = vfs
        self._hash = GENESIS
        self._anchored: tuple[int, int] | None = None  # seq and mono_us of the last anchor
        self._last_row_us = (0, 0)  # mono_us and utc_us of the last row
        self._pending: list[Row] = []
        self._db: apsw.Connection | None = None

    @classmethod
    def create(
        cls,
        path: Path,
        key: bytes | None,
        first_rows: Sequence[Row] = (),
        *,
        signer: Signer | None = None,
        ballast_bytes: int = BALLAST_BYTES,
        free: Callable[[Path], int] = free_bytes,
        vfs: str | None = None,
    ) -> Self:
        """A new session file with `first_rows` durably in it.

        `key`: 32 random bytes, or None for a plain file. `ballast_bytes` 0: no reserve file (the demo); the reserve
        itself is laid by `LogThread` (or `log.ballast.lay()`), since that can take a second. Raises FileExistsError,
        NoSpaceError below 200 MB free, LogWriteError.
        """
        with writing(path):
            room = free(path.parent)
        if room < REFUSE_BELOW_BYTES:
            raise NoSpaceError(
                f"Only {megabytes(room)} are free on the disk of {path.parent}; a session needs"
                f" {megabytes(REFUSE_BELOW_BYTES)} to begin."
            )
        if path.exists():
            raise FileExistsError(f"There is already a file {path}.")
        with writing(path):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            lock = WriterLock(path)
        log = cls(path, key, lock, signer, ballast_bytes, vfs)
        try:
            with writing(path):
                log._lay_out(first_rows)
        except BaseException:
            log.abandon()
            for suffix in ("", "-wal", "-shm", ".lock"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            raise
        if room < WARN_BELOW_BYTES:
            log.warnings.append(f"Only {megabytes(room)} are free on the disk of {path.parent}.")
        return log

    @classmethod
    def resume(
        cls,
        path: Path,
        key: bytes | None,
        *,
        signer: Signer | None = None,
        ballast_bytes: int = BALLAST_BYTES,
        vfs: str | None = None,
    ) -> tuple[Self, list[Row]]:
        """Go on with a session that was not closed: the log and all its rows so far. The chain goes on.

        A transaction that was torn by a kill or a power cut was never acknowledged and is not there. Raises
        NoSuchLogError, LogBusyError, LogClosedError, KeyNeededError, WrongKeyError, NotALogError, LogDamagedError,
        NewerFormatError.
        """
        if not path.exists():
            raise NoSuchLogError(f"There is no file {path}.")
        head = file_head(path)
        encrypted = looks_encrypted(head)
        if encrypted and key is None:
            raise KeyNeededError(f"{path.name} is encrypted and needs its key.")
        lock = WriterLock(path)
        log = cls(path, key if encrypted else None, lock, signer, ballast_bytes, vfs)
        try:
            if not in_wal_mode(head):
                log._refuse_if_closed()
            with reading(path, encrypted):
                rows = log._take_up()
        except BaseException:
            log.abandon(remove_lock=True)
            raise
        return log, rows

    def append(self, row: Row) -> None:
        """Keep `row` for the next `commit`. Its `seq` follows the last one."""
        self._pending.append(row)

    def commit(self) -> int:
        """Write what was appended, durably; the last `seq` on disk. On an error the rows are kept for the next try.

        Raises LogFullError, LogWriteError.
        """
        self.write(self._pending)
        self._pending.clear()
        return self.last_seq

    def write(self, rows: Sequence[Row]) -> int:
        """Write `rows` in one durable transaction, all or none; the last `seq` on disk.

        Raises ValueError when a `seq` does not follow the one before; LogFullError, LogWriteError.
        """
        if not rows:
            return self.last_seq
        digest = self._hash
        records = []
        for expected, row in enumerate(rows, self.last_seq + 1):
            if row.seq != expected:
                raise ValueError(f"row {row.seq} does not follow row {expected - 1}")
            digest = link(digest, row)
            records.append((row.seq, row.mono_us, row.utc_us, row.kind, row.actor, row.body, digest))
        words = [(row.seq, text) for row in rows if (text := schema.searchable(row))]
        last = rows[-1]
        due = self._anchored is None or last.mono_us - self._anchored[1] >= ANCHOR_EVERY_US
        with writing(self.path):
            db = self._database()
            db.execute("BEGIN IMMEDIATE")
            try:
                db.executemany("INSERT INTO rec VALUES(?, ?, ?, ?, ?, ?, ?)", records)
                db.executemany("INSERT INTO fts(rowid, words) VALUES(?, ?)", words)
                if due and self._signer is not None:
                    self._insert_anchor(sign_anchor(self._signer, last.seq, digest, last.utc_us))
                db.execute("COMMIT")
            except BaseException:
                self._roll_back(db)
                raise
        self.last_seq, self._hash, self._last_row_us = last.seq, digest, (last.mono_us, last.utc_us)
        if due and self._signer is not None:
            self._anchored = (last.seq, last.mono_us)
        return self.last_seq

    def reopen(self) -> None:
        """Open the file anew after the disk failed, keeping the place in the chain.

        A commit that failed halfway may turn out to be on disk after all; `last_seq` tells. Raises LogWriteError,
        LogDamagedError when acknowledged rows are gone.
        """
        with writing(self.path):
            if self._db is not None:
                self._db.close(True)
                self._db = None
            self._db = self._connect()
            found = self._db.execute("SELECT seq, hash, mono_us, utc_us FROM rec ORDER BY seq DESC LIMIT 1").get
            kept = self._db.execute("SELECT hash FROM rec WHERE seq = ?", (self.last_seq,)).get
            if found is not None and found[0] > self.last_seq:
                # Rows whose sync failed are perhaps only in the system's cache: write them into the main file, which
                # syncs them anew, before anybody calls them durable.
                self._db.pragma("wal_checkpoint", "TRUNCATE")
        if self.last_seq and kept != self._hash:
            raise LogDamagedError(f"{self.path.name} lost rows that were already written.")
        if found is not None:
            self.last_seq, self._hash, self._last_row_us = found[0], found[1], (found[2], found[3])

    def close(self, keeper: HeadKeeper | None = None) -> Head:
        """Verify, sign and seal: afterwards the file is closed for good and opens from a read-only folder.

        `keeper` gets the head before the file is marked as closed; if it fails, that is a warning. Raises
        LogWriteError (the log is still open and can be closed again), LogDamagedError when the chain in the file does
        not hold.
        """
        self.commit()
        db = self._database()
        with reading(self.path, self._key is not None):
            breaks = walk(hashed_rows(db))
        if breaks:
            raise LogDamagedError(f"{self.path.name} was changed while it was written. {breaks[0].text}")
        head = self._seal(db)
        if keeper is not None:
            try:
                keeper.append(head, self.path.name)
            except LogWriteError as error:
                self.warnings.append(f"{error} Keep the head code {head.code} on paper.")
        with writing(self.path):
            db.execute("INSERT OR REPLACE INTO meta VALUES('closed', ?)", (msgspec.json.encode(head).decode(),))
            db.pragma("wal_checkpoint", "TRUNCATE")
        try:
            db.pragma("journal_mode", "DELETE")
        except apsw.Error:
            # Complete, only less handy: another program is just reading it.
            self.warnings.append(
                f"{self.path.name} was in use while it was closed; keep {self.path.name}-wal beside it."
            )
        db.close(True)
        self._db = None
        with writing(self.path):
            sync_file(self.path)
        self.ballast.release()
        self._lock.release(remove=True)
        sync_folder(self.path.parent)
        return head

    def abandon(self, remove_lock: bool = False) -> None:
        """Let go of the file without closing the session; `resume` goes on with it. Never raises."""
        if self._db is not None:
            with suppress(apsw.Error):
                self._db.close(True)
            self._db = None
        self._lock.release(remove=remove_lock)

    def _lay_out(self, first_rows: Sequence[Row]) -> None:
        """The schema and the first rows, in the main file and not only in the `-wal`."""
        db = self._db = self._connect()
        db.pragma("journal_mode", "WAL")
        self.session_id = _session_id(first_rows) or str(uuid.uuid4())
        facts = {
            "format_version": str(schema.FORMAT_VERSION),
            "session_id": self.session_id,
            "app_version": kapconsole.__version__,
            **schema.code_tables(),
        }
        with db:
            for statement in schema.statements():
                db.execute(statement)
            db.executemany("INSERT INTO meta VALUES(?, ?)", facts.items())
        self.write(first_rows)
        # Without this a file that loses its -wal has not even tables; with it, only the end is lost.
        db.pragma("wal_checkpoint", "TRUNCATE")
        clear = file_head(self.path).startswith(MAGIC)
        if clear != (self._key is None):
            raise LogWriteError(f"{self.path.name} would have been written in clear; the session does not begin.")
        sync_folder(self.path.parent)

    def _take_up(self) -> list[Row]:
        db = self._db = self._connect()
        check_format(db, self.path)
        db.pragma("journal_mode", "WAL")
        facts = dict(db.execute("SELECT key, value FROM meta"))
        if "closed" in facts:
            raise LogClosedError(f"{self.path.name} is closed; a closed session is never written to again.")
        self.session_id = facts["session_id"]
        hashed = hashed_rows(db)
        self.warnings += [broken.text for broken in walk(hashed)]
        if hashed:
            last, self._hash = hashed[-1]
            self.last_seq, self._last_row_us = last.seq, (last.mono_us, last.utc_us)
        anchor = db.execute("SELECT rec.seq, mono_us FROM anchor JOIN rec USING(seq) ORDER BY seq DESC LIMIT 1").get
        self._anchored = None if anchor is None else (anchor[0], anchor[1])
        return [row for row, _ in hashed]

    def _refuse_if_closed(self) -> None:
        """Read-only look at a file that is not in WAL mode, so that a closed one is not changed by a mere try."""
        with reading(self.path, self._key is not None):
            db = connect(self.path, self._key, read_only=True, vfs=self._vfs)
            try:
                check_format(db, self.path)
                if db.execute("SELECT 1 FROM meta WHERE key = 'closed'").get:
                    raise LogClosedError(f"{self.path.name} is closed; a closed session is never written to again.")
            finally:
                db.close(True)

    def _connect(self) -> apsw.Connection:
        db = connect(self.path, self._key, vfs=self._vfs)
        db.pragma("synchronous", "FULL")
        # On macOS an ordinary fsync stops at the drive's cache.
        db.pragma("fullfsync", 1)
        # So that an unclosed session always has its -wal, and a missing one means that somebody lost it.
        db.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        return db

    def _database(self) -> apsw.Connection:
        if self._db is None:
            raise LogWriteError(f"{self.path.name} is not open.")
        return self._db

    def _insert_anchor(self, anchor: Anchor) -> None:
        self._database().execute(
            "INSERT INTO anchor VALUES(?, ?, ?, ?, ?)",
            (anchor.seq, anchor.hash, anchor.utc_us, anchor.public_key, anchor.signature),
        )

    def _seal(self, db: apsw.Connection) -> Head:
        """The final anchor, and the head that names it."""
        utc_us = self._last_row_us[1]
        if self._signer is None:
            return Head(self.session_id, self.last_seq, self._hash.hex(), utc_us)
        anchor = sign_anchor(self._signer, self.last_seq, self._hash, utc_us)
        if self._anchored is None or self._anchored[0] < self.last_seq:
            with writing(self.path):
                self._insert_anchor(anchor)
            self._anchored = (self.last_seq, self._last_row_us[0])
        return Head(
            self.session_id, anchor.seq, anchor.hash.hex(), utc_us, anchor.public_key.hex(), anchor.signature.hex()
        )

    @staticmethod
    def _roll_back(db: apsw.Connection) -> None:
        try:
            if db.in_transaction:
                db.execute("ROLLBACK")
        except apsw.Error:
            pass  # SQLite has rolled back by itself, or the file is gone; the first error is the one to tell


def _session_id(rows: Sequence[Row]) -> str:
    """The id in the session-started row, or nothing."""
    for row in rows:
        if row.kind == "session-started":
            body = msgspec.json.decode(row.body)
            return str(body.get("session_id", ""))
    return ""
