"""When an alarm is lit: by a monotonic clock, so that late or missing repaints never change its rhythm; pure, no Qt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from kapconsole.alarms.events import Priority

PERIOD_US = {Priority.HIGH: 500_000, Priority.MEDIUM: 1_666_667}
"""HIGH 2.0 Hz, MEDIUM 0.6 Hz, lit for half of each period; LOW is steady (alarms reference 3.1)."""


def monotonic_us() -> int:
    """Microseconds of the machine's monotonic clock: flashing keeps its rate however fast the session's clock runs."""
    return time.monotonic_ns() // 1000


def lit(priority: Priority, since_us: int) -> bool:
    """True in the lit half, `since_us` after the flashing began; it begins lit."""
    period_us = PERIOD_US.get(priority)
    return period_us is None or since_us % period_us < period_us // 2


class Flash:
    """The rhythm of one window: the clock is read once a turn, so that everything of one priority is lit together."""

    def __init__(self, clock_us: Callable[[], int] = monotonic_us) -> None:
        self.clock_us = clock_us
        self.now_us = clock_us()
        self._began_us: dict[Priority, int] = {}

    def turn(self, flashing: Iterable[Priority]) -> tuple[tuple[Priority, bool], ...]:
        """Read the clock; `flashing` are the priorities that flash now. Gives what is lit, for change to be seen."""
        self.now_us = self.clock_us()
        self._began_us = {priority: self._began_us.get(priority, self.now_us) for priority in sorted(set(flashing))}
        return tuple((priority, self.lit(priority)) for priority in self._began_us)

    def lit(self, priority: Priority) -> bool:
        """True while `priority` is to be drawn lit; one that does not flash is steady."""
        began_us = self._began_us.get(priority)
        return began_us is None or lit(priority, self.now_us - began_us)
