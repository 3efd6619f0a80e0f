"""When a value of a stream without a check is believed: when packets agree about it."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Mapping
from typing import Generic, TypeVar

from kapdevices.readings import Metric

T = TypeVar("T", bound=Hashable)


class InARow(Generic[T]):
    """One value as successive packets say it: believed when several in a row agree, and not given too often.

    `every` is after how many packets an unchanged value is given again.
    """

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


class AboutTheSame:
    """Numbers of slow lines: believed when one of the two lines before said about the same.

    `tolerance` is how far a value may move between lines; `within_s` is how old a line may be that confirms another.
    """

    def __init__(self, tolerance: Mapping[Metric, float], within_s: float) -> None:
        self._tolerance = tolerance
        self._within_s = within_s
        self._said: dict[Metric, deque[tuple[float, float]]] = {metric: deque(maxlen=2) for metric in tolerance}

    def hear(self, metric: Metric, value: float, now_s: float, exactly: bool) -> bool:
        """Take what the next line says; True when it is confirmed. After damage it must be said `exactly`."""
        near = 0.0 if exactly else self._tolerance[metric]
        said = self._said[metric]
        confirmed = any(now_s - at_s <= self._within_s and abs(value - before) <= near for at_s, before in said)
        said.append((now_s, value))
        return confirmed

    def withdraw(self, metric: Metric) -> None:
        """The line gave no value: what was said before confirms nothing."""
        self._said[metric].clear()
