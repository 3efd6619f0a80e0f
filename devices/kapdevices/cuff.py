"""The cuff guard: a minimum pause and a maximum count of inflations, below every driver.

Rule for every device here: a cuff is inflated by a person's command or by a schedule that a person armed, never by
probing, by repetition after a fault, or by a start that was queued while the device was away.
"""

from __future__ import annotations

import math

import msgspec

from kapdevices.driver import DeviceCommand, NotPossible, StartCuff

MIN_PAUSE_S = 60.0
HOUR_S = 3600.0


class CuffGuard(msgspec.Struct, frozen=True):
    """Which inflations were started, and whether one more may be.

    `starts_s` are times in seconds of one monotonic clock, oldest first; give those of the running session when the
    program comes back after a restart. `max_per_hour` is the site's setting.
    """

    starts_s: tuple[float, ...] = ()
    max_per_hour: int = 20

    def admit(self, command: DeviceCommand, now_s: float) -> CuffGuard:
        """The guard as it is after this command. A stop is always admitted.

        Raises NotPossible, with the seconds that are left, within 60 s of the last start and when the last hour had
        `max_per_hour` starts already.
        """
        if not isinstance(command, StartCuff):
            return self
        if self.starts_s and now_s - self.starts_s[-1] < MIN_PAUSE_S:
            left_s = math.ceil(self.starts_s[-1] + MIN_PAUSE_S - now_s)
            raise NotPossible(f"the cuff was started less than 60 s ago: wait {left_s} s")
        recent = tuple(start_s for start_s in self.starts_s if now_s - start_s < HOUR_S)
        if len(recent) >= self.max_per_hour:
            if not recent:
                raise NotPossible("cuff starts are switched off at this site")
            left_s = math.ceil(recent[-self.max_per_hour] + HOUR_S - now_s)
            raise NotPossible(f"the cuff was started {len(recent)} times in the last hour: wait {left_s} s")
        return CuffGuard((*recent, now_s), self.max_per_hour)
