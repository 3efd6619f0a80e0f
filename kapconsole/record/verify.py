"""Proves that a session file is what was written, or says where it is not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from kapconsole.record.chain import Anchor, anchor_holds, head_code, read_code, walk
from kapconsole.record.errors import LogDamagedError
from kapconsole.record.ledger import read_ledger
from kapconsole.record.reader import LogFile, open_log
from kapconsole.rows import Row

Progress = Callable[[int, int], None]

SLIPS = 4
"""A code on paper that differs from a state's own in no more places than this was misread: no other state comes near.

Two states share about one letter in 32 by chance; that 16 of 20 agree happens once in 10 to the 20th.
"""


class Code(StrEnum):
    """What came of comparing the head code from paper: not asked, the same, misread or mistyped, of another state."""

    NOT_ASKED = ""
    SAME = "same"
    MISTYPED = "mistyped"
    OTHER = "other"


class Finding(msgspec.Struct, frozen=True):
    """One thing to know, at row `seq` or about the file as a whole. `serious`: the record is not what was written."""

    seq: int | None
    text: str
    serious: bool = True


class VerifyReport(msgspec.Struct, frozen=True):
    """What was found. `head_code` is to be compared with the printed one; empty when no row could be read.

    `code`: what came of the one that was given. A mistyped one says nothing of the file: `ok` stays what it was.
    """

    ok: bool
    closed: bool
    rows: int
    anchors: int
    head_code: str
    findings: tuple[Finding, ...]
    code: Code = Code.NOT_ASKED


def verify(
    path: Path,
    key: bytes | Callable[[], bytes] | None = None,
    *,
    trusted: Collection[bytes] = (),
    ledger: Path | None = None,
    code: str | None = None,
    progress: Progress | None = None,
) -> VerifyReport:
    """Check every link of the chain, every signature, the order, the pages, and what is kept outside the file.

    `trusted`: public keys that may have signed (this install's); none: any, and the report says so. `ledger`: the
    install's ledger file. `code`: the head code from paper. `progress` hears (rows done, rows in all). Raises what
    `open_log` raises when the file cannot be opened at all; damage behind that is a finding.
    """
    with open_log(path, key) as log:
        findings = [Finding(None, text, serious=False) for text in log.warnings]
        if log.cut_bytes:
            findings.append(Finding(None, f"The file's last {log.cut_bytes} bytes are missing."))
        if log.lost_commits:
            findings.append(Finding(None, f"{log.lost_commits} commits before the end cannot be read."))
        hashed: list[tuple[Row, bytes]] = []
        anchors: list[Anchor] = []
        try:
            findings += _pages(log)
            hashed = log.hashed_rows()
            anchors = log.anchors()
        except LogDamagedError as error:
            findings.append(Finding(None, str(error)))
        step = None if progress is None else _stepper(progress, len(hashed))
        findings += [Finding(broken.seq, broken.text) for broken in walk(hashed, step)]
        if progress is not None:
            progress(len(hashed), len(hashed))
        hashes = {row.seq: digest for row, digest in hashed}
        findings += _signatures(anchors, hashes, trusted)
        findings += _close(log, hashes, anchors)
        if ledger is not None:
            findings += _kept_outside(log, hashes, ledger)
        last_hash = hashed[-1][1] if hashed else b""
        shown = head_code(last_hash) if hashed else ""
        compared, told = Code.NOT_ASKED, None
        if code is not None:
            compared, told = _code(code, shown, hashes)
        if told is not None:
            findings.append(told)
        findings.sort(key=lambda finding: (not finding.serious, finding.seq or 0))
        serious = any(finding.serious for finding in findings)
        return VerifyReport(not serious, log.closed, len(hashed), len(anchors), shown, tuple(findings), compared)


def _pages(log: LogFile) -> Iterator[Finding]:
    """SQLite's own check of the file's pages and indices."""
    with log.connection() as db:
        told = [str(text) for (text,) in db.execute("PRAGMA integrity_check")]
    if told != ["ok"]:
        yield Finding(None, f"The file's structure is damaged: {'; '.join(told[:3])}.")


def _signatures(anchors: list[Anchor], hashes: dict[int, bytes], trusted: Collection[bytes]) -> Iterator[Finding]:
    for anchor in anchors:
        if not anchor_holds(anchor):
            yield Finding(anchor.seq, f"The signature at row {anchor.seq} is not genuine.")
        elif anchor.seq not in hashes:
            yield Finding(anchor.seq, f"Row {anchor.seq} was signed and is missing.")
        elif anchor.hash != hashes[anchor.seq]:
            yield Finding(anchor.seq, f"Row {anchor.seq} or a row before it was changed after it was signed.")
    signers = {anchor.public_key for anchor in anchors}
    for public_key in sorted(signers.difference(trusted)):
        name = public_key.hex()[:16]
        if trusted:
            yield Finding(None, f"Signed by the key {name}, which is not one of this machine's.")
        else:
            yield Finding(None, f"Signed by the key {name}; no key was given to compare it with.", serious=False)
    if not anchors:
        yield Finding(None, "The log is not signed.", serious=bool(trusted))


def _close(log: LogFile, hashes: dict[int, bytes], anchors: list[Anchor]) -> Iterator[Finding]:
    head = log.head
    if head is None:
        return
    last = max(hashes, default=0)
    if last != head.seq:
        yield Finding(min(last, head.seq), f"The session was closed at row {head.seq}; the file ends at row {last}.")
    elif hashes and hashes[last].hex() != head.hash:
        yield Finding(last, "The end of the chain is not the one at which the session was closed.")
    if head.signature and (not anchors or anchors[-1].seq != head.seq):
        yield Finding(head.seq, "The signature that was made at the close is missing.")


def _kept_outside(log: LogFile, hashes: dict[int, bytes], path: Path) -> Iterator[Finding]:
    state = read_ledger(path)
    for text in state.problems:
        yield Finding(None, text)
    entries = state.of(log.session_id)
    for entry in entries:
        head = entry.head
        if head.seq not in hashes:
            yield Finding(head.seq, f"The ledger knows this session up to row {head.seq}, which is missing.")
        elif hashes[head.seq].hex() != head.hash:
            yield Finding(head.seq, f"The ledger has another hash for row {head.seq}: the file was rewritten.")
    if entries and max(hashes, default=0) > entries[-1].head.seq:
        yield Finding(entries[-1].head.seq + 1, "Rows were added after the session was closed.")
    if not entries:
        text = "The session was closed" if log.closed else "The session was not closed"
        yield Finding(None, f"{text}, and is not in this machine's ledger.", serious=False)


def _stepper(progress: Progress, total: int) -> Callable[[int], None]:
    return lambda done: progress(done, total)


def _code(typed: str, shown: str, hashes: dict[int, bytes]) -> tuple[Code, Finding | None]:
    """What the code from paper says: of this file, of another state of it, or nothing because it was mistyped."""
    try:
        code = read_code(typed)
    except ValueError as trouble:
        text = f"{typed!r} was not compared with the file: {trouble}."
        return Code.MISTYPED, Finding(None, text, serious=False)
    if code == shown:
        return Code.SAME, None
    earlier = next((seq for seq, digest in hashes.items() if head_code(digest) == code), None)
    if earlier is not None:
        rows = "a row was" if max(hashes) == earlier + 1 else f"{max(hashes) - earlier} rows were"
        text = f"The head code is {shown}, not {code}: that is this session up to row {earlier}; {rows} added after it."
        return Code.OTHER, Finding(earlier + 1, text)
    if slips := _slips(code, shown):
        text = (
            f"The code that was given, {code}, differs from the head code of this file, {shown}, in {slips} only: it "
            "was mistyped or misread, or printed badly. The code of another state would differ nearly everywhere."
        )
        return Code.MISTYPED, Finding(None, text, serious=False)
    text = (
        f"The head code is {shown}, not {code}: the code is of no state of this file. Rows were cut off or rewritten, "
        "or the code belongs to another session."
    )
    return Code.OTHER, Finding(None, text)


def _slips(code: str, shown: str) -> str:
    """Where two codes differ, in words, when that is a slip of the eye or the hand; empty when they are two codes."""
    if len(code) != len(shown):
        return ""
    pairs = zip(code.replace("-", ""), shown.replace("-", ""), strict=True)
    places = [str(place) for place, (typed, held) in enumerate(pairs, 1) if typed != held]
    if not 0 < len(places) <= SLIPS:
        return ""
    return f"place {places[0]}" if len(places) == 1 else f"places {', '.join(places)}"
