"""Verdicts: what detection says of one condition at one moment; and the memory that "sustained" needs."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Any

import msgspec

from kapconsole.alarms.conditions import CONDITIONS
from kapconsole.alarms.events import Priority


class Truth(Enum):
    """UNKNOWN is not FALSE: data that ended say nothing."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Verdict(msgspec.Struct, frozen=True):
    """One condition, about one device or the patient (""), at one moment.

    `since_us`: since when it is true. `immediate`: its delay is skipped; `by_time` False: nothing else starts it.
    `hold_until_us`: no signal before that (cuff on the oximeter's limb). `settled` is False while a value that came
    back has not been in range for long enough to end an alarm.
    """

    condition: str
    truth: Truth
    about: str = ""
    since_us: int = 0
    priority: Priority = Priority.LOW
    value: float | None = None
    limit: float | None = None
    text: str = ""
    immediate: bool = False
    by_time: bool = True
    hold_until_us: int = 0
    settled: bool = True


def false(condition: str, about: str = "", settled: bool = True) -> Verdict:
    """The condition is not true."""
    return Verdict(condition, Truth.FALSE, about, settled=settled)


def unknown(condition: str, about: str = "") -> Verdict:
    """Nothing can be said of the condition."""
    return Verdict(condition, Truth.UNKNOWN, about)


def say(condition: str, **fields: Any) -> str:
    """The words of a condition with its numbers."""
    return CONDITIONS[condition].text.format(**fields)


class Excursion:
    """Since when a value is outside, or back inside; and when it went out before."""

    def __init__(self) -> None:
        self.outside_us: int | None = None
        self.inside_us: int | None = None
        self.onsets: deque[int] = deque(maxlen=3)

    def update(self, outside: bool, at_us: int) -> None:
        """The value is outside or inside at `at_us`."""
        if outside and self.outside_us is None:
            self.outside_us, self.inside_us = at_us, None
            self.onsets.append(at_us)
        elif not outside and self.inside_us is None:
            self.outside_us, self.inside_us = None, at_us

    def settled(self, valid_us: int, clear_us: int) -> bool:
        """True when a valid value has been inside for `clear_us`."""
        return self.inside_us is not None and valid_us - self.inside_us >= clear_us

    def often(self, at_us: int, within_us: int, times: int = 3) -> bool:
        """True when the value went outside `times` times within the last `within_us`."""
        return len(self.onsets) >= times and at_us - self.onsets[-times] <= within_us
