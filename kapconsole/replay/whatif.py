"""The same session with other alarm limits: which alarms there would have been, against those there were; no Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import msgspec

from kapconsole.alarms import history as hi
from kapconsole.alarms.limits import Preset
from kapconsole.alarms.report import Difference, differences
from kapconsole.events import Event, StreamItem
from kapconsole.replay.lanes import Lane, history_lane
from kapconsole.rows import Row

PROGRESS_EVERY = 500

Progress = Callable[[float], bool]
"""Told the part done, 0 to 1; False ends the computation."""


class Stopped(Exception):
    """The computation was called off."""


class WhatIf(msgspec.Struct, frozen=True):
    """`was`: the alarms as logged, or computed with the standard preset where none were (`logged` False)."""

    preset: str
    logged: bool
    was: hi.History
    would: hi.History
    differences: tuple[Difference, ...]

    @property
    def lane(self) -> Lane:
        """The second track of the picture."""
        return history_lane(f"What if: {self.preset}", self.would)

    @property
    def words(self) -> str:
        """The counts in a line."""
        before, after = len(self.was.occurrences), len(self.would.occurrences)
        source = "logged" if self.logged else f"computed with {self.was.preset}"
        return f"{_alarms(before)} {source}, {after} with {self.preset}"


def what_if(rows: Sequence[Row], standard: Preset, preset: Preset, progress: Progress = lambda part: True) -> WhatIf:
    """Hold a recording against `preset`. What people did is done again at its time. Raises Stopped."""
    items = hi.items_of(rows)
    end_us = hi.length_us(items)
    logged = hi.bodies_of(items)
    started = hi.settings_of((item for item in items if isinstance(item, Event)), standard)
    passes = 1 if logged else 2
    was = logged or hi.replayed(_counted(items, 0, passes, progress), started)
    would = hi.replayed(_counted(items, passes - 1, passes, progress), preset)
    before, after = hi.history(was, started.name, end_us), hi.history(would, preset.name, end_us)
    return WhatIf(preset.name, bool(logged), before, after, differences(before, after))


def _counted(items: Sequence[StreamItem], done: int, passes: int, progress: Progress) -> Iterator[StreamItem]:
    for number, item in enumerate(items):
        if number % PROGRESS_EVERY == 0 and not progress((done + number / max(1, len(items))) / passes):
            raise Stopped
        yield item
    progress((done + 1) / passes)


def counts(differing: Iterable[Difference]) -> list[tuple[str, int, int]]:
    """(condition in words, was, would) for a table."""
    return [(difference.name, difference.was, difference.would) for difference in differing]


def _alarms(count: int) -> str:
    return "1 alarm" if count == 1 else f"{count} alarms"
