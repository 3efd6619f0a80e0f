"""What a table of the report is, and how its first columns say when."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kapconsole.export.recorded import Recorded
from kapconsole.session.words import clock_text


class Column(NamedTuple):
    """A column: its head, its share of the width, and whether it holds numbers."""

    head: str
    share: float
    right: bool = False


class Part(NamedTuple):
    """One table of the report. `whole`: never cut short; else the report says how many rows it leaves out."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    whole: bool = False


TAKEN_OUT = "(taken out)"
"""Stands in a supervision copy where a name or words were."""

WHEN = (Column("Time", 0.9), Column("Since dose", 0.9, True))


def when(recorded: Recorded, at_us: int) -> tuple[str, str]:
    """A moment for the first two columns: time of day (or since the begin), and since the first dose."""
    minutes = recorded.since_dose_min(at_us)
    clock = clock_text(at_us) if recorded.deidentified else f"{recorded.moment(at_us):%H:%M:%S}"
    return clock, "" if minutes is None else f"{round(minutes):+d} min".replace("-", "−")


class Timed:
    """Rows with their moments, given out in order of time: a session may pass midnight."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._held: list[tuple[int, tuple[str, ...]]] = []

    def add(self, at_us: int, *cells: str) -> None:
        self._held.append((at_us, (*when(self._recorded, at_us), *cells)))

    def cells(self) -> list[tuple[str, ...]]:
        return [cells for _, cells in sorted(self._held, key=lambda item: item[0])]


def named(name: str, value: Any) -> str:
    """A value with its name before it; nothing where there is none."""
    return f"{name} {value}" if value else ""


def whole(value: Any) -> str:
    """A number without decimals; nothing where there is none."""
    return "" if value is None else f"{value:.0f}"
