"""What the list of clients shows for some words, and a client's sessions as cells of a table; pure, no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo

import msgspec

from kapconsole.clinical.clients.entry import SessionEntry, SetDigest
from kapconsole.clinical.clients.index import ClientLine, Index, client_of, clients
from kapconsole.clock import duration_text
from kapconsole.replay.search import folded

COLUMNS = ("", "Day", "Kind", "Length", "Doses", "SpO2 low", "Pulse high", "NIBP high", "Alarms", "Sets", "SUD", "")
"""Heads of a client's table; first the number of the session, last what is to be known of the file."""


class FoundClient(msgspec.Struct, frozen=True):
    """A client of whom sessions hold the words: their line and the files of those sessions."""

    line: ClientLine
    files: frozenset[str]


class Shelf:
    """All sessions with their words, folded once; asked at every key press."""

    def __init__(self, index: Index, zone: tzinfo | None = None) -> None:
        self.index = index
        self._lines = clients(index)
        self._words = [(entry, folded(words_of(entry, zone))) for entry in index.entries]

    def find(self, query: str) -> list[FoundClient]:
        """Clients of whom a session holds every word of `query`, the one seen last first; all for an empty query."""
        wanted = folded(query).split()
        held: dict[str, set[str]] = {}
        for entry, text in self._words:
            if all(word in text for word in wanted):
                held.setdefault(client_of(entry).casefold(), set()).add(entry.file)
        return [
            FoundClient(line, frozenset(held[line.code.casefold()]))
            for line in self._lines
            if line.code.casefold() in held
        ]


def words_of(entry: SessionEntry, zone: tzinfo | None = None) -> str:
    """What a session can be found by: code, name of the file, day in several ways, kind, drugs, course, its state."""
    day = day_of(entry, zone)
    flags = (
        ("simulated", entry.simulated),
        ("safety prompt open", entry.safety_open),
        ("not closed", not entry.closed),
        ("encrypted", entry.encrypted),
    )
    words = [client_of(entry), file_name(entry.file), day.isoformat(), day_text(day), f"{day:%B}", entry.kind]
    words += [entry.course, *(f"{dose.drug} {dose.route}" for dose in entry.doses)]
    words += [f"{score.instrument} {score.name}" for score in entry.scores]
    return " ".join([*words, *(name for name, on in flags if on)])


def day_of(entry: SessionEntry, zone: tzinfo | None = None) -> date:
    """The calendar day on which it began. `zone`: None for this machine's."""
    return datetime.fromtimestamp(entry.start_utc_us / 1e6, UTC).astimezone(zone).date()


def day_text(day: date) -> str:
    """A day as people read it: "5 Mar 2026"."""
    return f"{day.day} {day:%b %Y}"


def file_name(path: str) -> str:
    """The last part of a path, of whichever system it was written on."""
    return path.replace("\\", "/").rpartition("/")[2]


def cells(number: int, entry: SessionEntry, day: date) -> tuple[str, ...]:
    """One row of the table, by `COLUMNS`. A dash is never a number: it says that none was recorded."""
    peaks = {peak.name: peak for peak in entry.peaks}

    def peak(name: str) -> str:
        return f"{peaks[name].value:.0f}" if name in peaks else "–"

    cuff = f"{peak('NIBP systolic')}/{peak('NIBP diastolic')}" if "NIBP systolic" in peaks else "–"
    alarms = " ".join(f"{count} {name}" for name, count in entry.alarms.items())
    doses = ", ".join(f"{dose.drug} {dose.amount_mg:g} mg {dose.route.upper()}" for dose in entry.doses)
    state = ", ".join(
        words
        for words, on in (
            ("NOT CLOSED", not entry.closed),
            ("SAFETY PROMPT OPEN", entry.safety_open),
            ("simulated", entry.simulated),
        )
        if on
    )
    return (
        str(number), day_text(day), entry.kind, duration_text(entry.length_s), doses or "–", peak("SpO2"),
        peak("Pulse rate"), cuff, alarms or "none", str(len(entry.sets)) if entry.sets else "–", sud_text(entry.sets),
        state,
    )  # fmt: skip


def sud_text(sets: Sequence[SetDigest]) -> str:
    """SUD over the sets of a session: "7 → 5 → 3"; a dash where none was rated."""
    values: list[int] = []
    for one in sets:
        for value in (one.sud_before, one.sud_after):
            if value is not None and (not values or values[-1] != value):
                values.append(value)
    return " → ".join(str(value) for value in values) or "–"


def rated(sets: Sequence[SetDigest]) -> tuple[int, int] | None:
    """The first and the last SUD of a session's sets; None where fewer than two were rated."""
    values = [value for one in sets for value in (one.sud_before, one.sud_after) if value is not None]
    return (values[0], values[-1]) if len(values) > 1 else None
