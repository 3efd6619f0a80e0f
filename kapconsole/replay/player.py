"""Where a replay stands: a pure function of an injected clock, with play, speeds, jumps and steps between events."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

SPEEDS = (1, 2, 4, 8, 16, 32, 60)
GRACE_US = 1_000_000
"""While playing, "previous" within this much replayed time after an event goes to the one before it."""


class Player:
    """A position in a recording of `end_us` microseconds. It stands still at first, and at the end."""

    def __init__(self, clock_us: Callable[[], int], end_us: int, stops_us: Sequence[int] = ()) -> None:
        """`clock_us`: microseconds of any monotonic clock. `stops_us`: moments to step to, in any order."""
        self._clock_us = clock_us
        self.end_us = max(0, end_us)
        self._stops_us = sorted({min(self.end_us, max(0, at_us)) for at_us in stops_us})
        self._from_us = 0
        self._since_us: int | None = None  # the clock when play began; None while it stands
        self._speed_at = 0

    @property
    def position_us(self) -> int:
        """Session time of the picture, from 0 to `end_us`."""
        if self._since_us is None:
            return self._from_us
        return min(self.end_us, self._from_us + max(0, self._clock_us() - self._since_us) * self.speed)

    @property
    def playing(self) -> bool:
        """True while the position moves."""
        return self._since_us is not None and self.position_us < self.end_us

    @property
    def speed(self) -> int:
        """Times real time."""
        return SPEEDS[self._speed_at]

    def play(self) -> None:
        """Go on from here; from the beginning when it stands at the end."""
        position_us = self.position_us
        self._from_us = 0 if position_us >= self.end_us else position_us
        self._since_us = self._clock_us()

    def pause(self) -> None:
        """Stand still here."""
        self._from_us, self._since_us = self.position_us, None

    def toggle(self) -> None:
        """Play or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def jump(self, to_us: int) -> None:
        """Stand at `to_us`, or at the nearer end; goes on playing if it was."""
        going = self.playing
        self._from_us = min(self.end_us, max(0, to_us))
        self._since_us = self._clock_us() if going else None

    def step(self, by_us: int) -> None:
        """Move by `by_us`, back when negative."""
        self.jump(self.position_us + by_us)

    def faster(self) -> None:
        self._set_speed(self._speed_at + 1)

    def slower(self) -> None:
        self._set_speed(self._speed_at - 1)

    def _set_speed(self, at: int) -> None:
        going, position_us = self.playing, self.position_us
        self._speed_at = min(len(SPEEDS) - 1, max(0, at))
        self._from_us, self._since_us = position_us, self._clock_us() if going else None

    def next_stop(self) -> bool:
        """Jump to the next event; False when there is none after here."""
        return self._jump_to(self.stop_beyond(self._stops_us, on=True))

    def previous_stop(self) -> bool:
        """Jump to the event before; False when there is none before here."""
        return self._jump_to(self.stop_beyond(self._stops_us, on=False))

    def stop_beyond(self, stops_us: Sequence[int], on: bool) -> int | None:
        """The first of `stops_us` (ascending) after here, or the last one before; None when there is none."""
        if on:
            at = bisect_right(stops_us, self.position_us)
            return stops_us[at] if at < len(stops_us) else None
        before_us = self.position_us - (GRACE_US * self.speed if self.playing else 0)
        at = bisect_left(stops_us, before_us) - 1
        return stops_us[at] if at >= 0 else None

    def _jump_to(self, at_us: int | None) -> bool:
        if at_us is not None:
            self.jump(at_us)
        return at_us is not None
