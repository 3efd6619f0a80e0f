"""When a value of a stream without checksum is believed: said by several packets in a row, and not given too often."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Said(Generic[T]):
    """One value as successive packets say it. `every` is after how many packets an unchanged value is given again."""

    def __init__(self, every: int) -> None:
        self._every = every
        self._last: T | None = None
        self._run = 0
        self._given: T | None = None
        self._since = 0

    def hear(self, value: T, times: int) -> T | None:
        """Take what the next packet says; give it when `times` packets in a row agree and it is new or due again."""
        self._run = self._run + 1 if value == self._last else 1
        self._last = value
        self._since += 1
        if self._run < times or (value == self._given and self._since < self._every):
            return None
        self._given, self._since = value, 0
        return value

    def interrupt(self) -> None:
        """Bytes were passed over: what was said before them and what is said after are not in a row."""
        self._last, self._run = None, 0

    def forget(self) -> None:
        """What was said confirms nothing any more, and what comes next is new."""
        self.interrupt()
        self._given = None
