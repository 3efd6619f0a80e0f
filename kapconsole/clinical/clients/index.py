"""The index over all sessions: found again by code, date and kind. Rebuilt from the session files, never the truth."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from kapconsole.clinical.clients.entry import SessionEntry

FORMAT = 2
NOBODY = "(no code)"


class Unread(msgspec.Struct, frozen=True):
    """A session file that could not be read, and why in words."""

    file: str
    why: str


class Index(msgspec.Struct, frozen=True):
    """Every session that could be read, oldest first, and what could not."""

    format: int = FORMAT
    entries: tuple[SessionEntry, ...] = ()
    unread: tuple[Unread, ...] = ()

    def of(self, code: str) -> tuple[SessionEntry, ...]:
        """The sessions of one client, oldest first; upper and lower case and outer blanks do not matter."""
        wanted = code.strip().casefold()
        return tuple(entry for entry in self.entries if client_of(entry).casefold() == wanted)


class ClientLine(msgspec.Struct, frozen=True):
    """One client in the list. `first_utc_us`, `last_utc_us`: begin of the first and the last session."""

    code: str
    sessions: int
    dosings: int
    first_utc_us: int
    last_utc_us: int
    last_kind: str
    safety_open: bool


Read = Callable[[str, tuple[int, ...]], SessionEntry | Unread]


def refreshed(
    index: Index,
    files: Mapping[str, tuple[int, ...]],
    read: Read,
    progress: Callable[[int, int], None] | None = None,
) -> Index:
    """The index with what is new or changed read, and what is gone left out.

    `files`: the path of every session file with its stamp. Only files whose stamp differs are read.
    """
    held = {entry.file: entry for entry in index.entries if index.format == FORMAT}
    to_read = [file for file, stamp in files.items() if file not in held or held[file].stamp != stamp]
    entries = [held[file] for file in files if file in held and held[file].stamp == files[file]]
    unread = []
    for done, file in enumerate(to_read, 1):
        found = read(file, files[file])
        if isinstance(found, SessionEntry):
            entries.append(found)
        else:
            unread.append(found)
        if progress is not None:
            progress(done, len(to_read))
    entries.sort(key=lambda entry: (entry.start_utc_us, entry.file))
    return Index(FORMAT, tuple(entries), tuple(unread))


def clients(index: Index) -> list[ClientLine]:
    """Every client, the one seen last first."""
    by_code: dict[str, list[SessionEntry]] = {}
    for entry in index.entries:
        by_code.setdefault(client_of(entry).casefold(), []).append(entry)
    lines = [
        ClientLine(
            client_of(held[-1]),
            len(held),
            sum(bool(entry.doses) for entry in held),
            held[0].start_utc_us,
            held[-1].start_utc_us,
            held[-1].kind,
            any(entry.safety_open for entry in held),
        )
        for held in by_code.values()
    ]
    return sorted(lines, key=lambda line: -line.last_utc_us)


def client_of(entry: SessionEntry) -> str:
    """The code under which a session is found."""
    return entry.subject.strip() or NOBODY
