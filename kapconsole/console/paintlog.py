"""What was painted when, by the monotonic clock: the proof of the flashing, and how a frozen window is noticed."""

from __future__ import annotations

from collections import deque

import msgspec

from kapconsole.alarms.events import Priority

KEPT = 4096
"""Entries that are kept: more than half an hour of the fastest flashing."""


class StripPainted(msgspec.Struct, frozen=True):
    """One repaint of the strip: monotonic microseconds, the priority that it showed, and whether it was lit."""

    at_us: int
    priority: Priority | None
    lit: bool


class PaintLog:
    """Kept by the window's thread; `stuck_us` may be asked from any other: it reads single values only."""

    def __init__(self, now_us: int) -> None:
        self.entries: deque[StripPainted] = deque(maxlen=KEPT)
        self._polled_us = now_us
        self._asked_us: int | None = None

    def polled(self, now_us: int) -> None:
        """The window has looked at what is new."""
        self._polled_us = now_us

    def asked(self, now_us: int) -> None:
        """A repaint of the strip was asked for; the oldest one that is not done counts."""
        if self._asked_us is None:
            self._asked_us = now_us

    def hidden(self) -> None:
        """The window is closed or minimised: nothing will be painted, and nobody expects it."""
        self._asked_us = None

    def painted(self, now_us: int, priority: Priority | None, lit: bool) -> None:
        """The strip was painted."""
        self._asked_us = None
        self.entries.append(StripPainted(now_us, priority, lit))

    def stuck_us(self, now_us: int) -> int:
        """For how long the window has not looked, or has owed a repaint of its strip; what a watchdog asks."""
        asked_us = self._asked_us
        return max(0, now_us - self._polled_us, 0 if asked_us is None else now_us - asked_us)


def turns(entries: list[StripPainted], priority: Priority) -> list[tuple[int, bool]]:
    """(time, lit) of every change between lit and dark while `priority` was shown: what frequency and duty are of."""
    found: list[tuple[int, bool]] = []
    for entry in entries:
        if entry.priority is priority and (not found or found[-1][1] != entry.lit):
            found.append((entry.at_us, entry.lit))
    return found
