"""Who viewed, exported, copied or deleted a session and when: one line each in an append-only, chained file.

The file stands beside the session (`NAME.kaplog.access`), or in the state folder where the session's own cannot be
written. What was deleted stands in one file of the install, since its own would be gone.
"""

from __future__ import annotations

import getpass
import hashlib
import os
from pathlib import Path

import msgspec

from kapconsole.clock import wall_us
from kapconsole.paths import state_dir
from kapconsole.record.errors import LogWriteError
from kapconsole.record.lock import WriterLock

SUFFIX = ".access"
NOT_EXPORTED = "not exported"
"""Follows an "exported" with the same words that was called off or failed."""
_GENESIS = hashlib.sha256(b"kapconsole accesses 1\n").hexdigest()


class Access(msgspec.Struct, frozen=True):
    """One line. `what`: viewed, exported (or not), copied, deleting, deleted; `hash`: over it and all before."""

    number: int
    utc_us: int
    who: str
    what: str
    session_id: str
    detail: str
    hash: str


class Accesses(msgspec.Struct, frozen=True):
    """The lines that can be read, and what is wrong with the file, in words."""

    lines: tuple[Access, ...]
    problems: tuple[str, ...]

    def of(self, what: str) -> tuple[Access, ...]:
        """The lines about `what` that came about, oldest first."""
        found: list[Access] = []
        for line in self.lines:
            if line.what == what:
                found.append(line)
            elif line.what == f"not {what}":
                place = next((at for at in reversed(range(len(found))) if _same(found[at], line)), None)
                if place is not None:
                    del found[place]
        return tuple(found)


def access_path(log: Path) -> Path:
    """Where the accesses to `log` are written down."""
    beside = log.with_name(log.name + SUFFIX)
    if os.access(beside if beside.exists() else log.parent, os.W_OK):
        return beside
    folder = state_dir() / "accesses"
    folder.mkdir(mode=0o700, exist_ok=True)
    # Two sticks may hold sessions of one name.
    place = hashlib.sha256(str(log.resolve()).encode()).hexdigest()[:8]
    return folder / f"{log.name}.{place}{SUFFIX}"


def deletions_path() -> Path:
    """The install's file about sessions that were deleted."""
    return state_dir() / f"deletions{SUFFIX}"


def person() -> str:
    """Who sits at this machine, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def note_access(path: Path, what: str, session_id: str, detail: str, who: str = "", utc_us: int | None = None) -> None:
    """Add a line, durably. Raises LogWriteError, LogBusyError."""
    at_us = wall_us() if utc_us is None else utc_us
    try:
        # A replay and an export may write at once. One lock for all, which stays: taking a lock file away is a race.
        lock = WriterLock(state_dir() / "accesses")
        try:
            _append(path, (at_us, who or person(), what, session_id, detail))
        finally:
            lock.release(remove=False)
    except OSError as error:
        raise LogWriteError(
            f"{path} cannot be written ({error.strerror or error}), and what is not written down is not done."
        ) from error


def _append(path: Path, said: tuple[int, str, str, str, str]) -> None:
    held = read_accesses(path)
    previous = held.lines[-1] if held.lines else None
    fields = (previous.number + 1 if previous else 1, *said)
    entry = Access(*fields, _hash(previous.hash if previous else _GENESIS, fields))
    line = msgspec.json.encode(entry) + b"\n"
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END) > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line  # a power cut tore the last line; it stays as it is
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_accesses(path: Path) -> Accesses:
    """Every line that can be read, and the breaks in the file's chain. Raises LogWriteError."""
    try:
        raw = path.read_bytes().splitlines()
    except FileNotFoundError:
        return Accesses((), ())
    except OSError as error:
        raise LogWriteError(f"{path} cannot be read ({error.strerror or error}).") from error
    lines: list[Access] = []
    problems: list[str] = []
    previous, expected = _GENESIS, 1
    for place, text in enumerate(raw, 1):
        if not text:
            continue
        try:
            entry = msgspec.json.decode(text, type=Access)
        except (msgspec.DecodeError, UnicodeDecodeError):
            problems.append(f"Line {place} of {path.name} is torn or unreadable.")
            continue
        fields = (entry.number, entry.utc_us, entry.who, entry.what, entry.session_id, entry.detail)
        if entry.number != expected or entry.hash != _hash(previous, fields):
            problems.append(f"Line {place} of {path.name} was changed, or a line before it is missing.")
        lines.append(entry)
        previous, expected = entry.hash, entry.number + 1
    return Accesses(tuple(lines), tuple(problems))


def _same(one: Access, other: Access) -> bool:
    return (one.who, one.session_id, one.detail) == (other.who, other.session_id, other.detail)


def _hash(previous: str, fields: tuple[object, ...]) -> str:
    return hashlib.sha256(msgspec.json.encode((previous, *fields))).hexdigest()
