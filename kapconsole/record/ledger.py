"""The install's ledger: one line for each closed session's head, itself a chain, kept apart from the sessions.

Who can write a session file could cut its tail together with the signatures there; not without differing from the
line here (nor from the head code on the printed report).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from kapconsole.record.chain import Head
from kapconsole.record.database import sync_folder
from kapconsole.record.errors import LogWriteError

_GENESIS = hashlib.sha256(b"kapconsole ledger 1\n").hexdigest()


class Entry(msgspec.Struct, frozen=True):
    """One line: the head of the session in file `name`, and the hash over it and all lines before."""

    number: int
    name: str
    head: Head
    hash: str


class LedgerState(msgspec.Struct, frozen=True):
    """What the ledger holds, and what is wrong with it, in words."""

    entries: tuple[Entry, ...]
    problems: tuple[str, ...]

    def of(self, session_id: str) -> list[Entry]:
        """The lines of one session; more than one when it was closed again after a power cut."""
        return [entry for entry in self.entries if entry.head.session_id == session_id]


class Ledger:
    """The ledger file; it need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, head: Head, name: str) -> None:
        """Add a line, durably. Raises LogWriteError."""
        state = read_ledger(self.path)
        previous = state.entries[-1] if state.entries else None
        number = previous.number + 1 if previous else 1
        entry = Entry(number, name, head, _hash(previous.hash if previous else _GENESIS, number, name, head))
        line = msgspec.json.encode(entry) + b"\n"
        try:
            is_new = not self.path.exists()
            with self.path.open("a+b") as file:
                if not is_new and file.seek(0, os.SEEK_END) > 0:
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":
                        line = b"\n" + line  # a power cut tore the last line; it stays as it is
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                sync_folder(self.path.parent)
        except OSError as error:
            raise LogWriteError(f"The ledger {self.path} cannot be written ({error.strerror or error}).") from error


def read_ledger(path: Path) -> LedgerState:
    """Every line that can be read, and the breaks in the ledger's own chain. Raises LogWriteError."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return LedgerState((), ())
    except OSError as error:
        raise LogWriteError(f"The ledger {path} cannot be read ({error.strerror or error}).") from error
    entries: list[Entry] = []
    problems: list[str] = []
    previous, expected = _GENESIS, 1
    for place, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            entry = msgspec.json.decode(line, type=Entry)
        except (msgspec.DecodeError, UnicodeDecodeError):
            # A torn line was never acknowledged, so its session was closed again under the same number.
            problems.append(f"Line {place} of the ledger is torn or unreadable.")
            continue
        if entry.number != expected or entry.hash != _hash(previous, entry.number, entry.name, entry.head):
            problems.append(f"Line {place} of the ledger was changed, or a line before it is missing.")
        entries.append(entry)
        previous, expected = entry.hash, entry.number + 1
    return LedgerState(tuple(entries), tuple(problems))


def _hash(previous: str, number: int, name: str, head: Head) -> str:
    return hashlib.sha256(msgspec.json.encode((previous, number, name, head))).hexdigest()
