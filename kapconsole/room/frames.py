"""Which stream frame is heard when: a robust line through pairs of frame and session time.

A sound card's clock is tens of parts per million off the system's (bilateral reference 8.1), and single readings jump
by milliseconds. The slope is the median of slopes over long spans, the offset the median of what is left.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from kapconsole.cues.music.plan import RATE_HZ

PAIRS = 120
SPAN = 40
"""Slopes are taken between pairs so many readings apart."""

WORST_PPM = 1000.0


class FrameMap:
    """Fed with pairs, about two a second. `speed`: how fast session time runs."""

    def __init__(self, speed: float = 1.0) -> None:
        self._nominal = RATE_HZ / 1e6 / speed
        self._pairs: deque[tuple[int, int]] = deque(maxlen=PAIRS)
        self._slope = self._nominal
        self._zero = (0, 0.0)

    @property
    def known(self) -> bool:
        """True once there is a reading."""
        return bool(self._pairs)

    def restart(self, speed: float | None = None) -> None:
        """Another device has another clock; or session time is counted otherwise, at `speed`."""
        if speed is not None:
            self._nominal = RATE_HZ / 1e6 / speed
        self._pairs.clear()
        self._slope = self._nominal

    def add(self, frame: int, us: int) -> None:
        """`frame` is heard at session time `us`."""
        self._pairs.append((us, frame))
        us_all, frames = np.array(self._pairs, float).T
        if len(us_all) > SPAN:
            spans = us_all[SPAN:] - us_all[:-SPAN]
            rises = frames[SPAN:] - frames[:-SPAN]
            slope = float(np.median(rises / np.maximum(spans, 1.0)))
            most = self._nominal * WORST_PPM / 1e6
            self._slope = min(max(slope, self._nominal - most), self._nominal + most)
        origin = self._pairs[-1][0]
        self._zero = (origin, float(np.median(frames - (us_all - origin) * self._slope)))

    def frame_at(self, us: int) -> int:
        """The frame that is heard at session time `us`."""
        return round(self._zero[1] + (us - self._zero[0]) * self._slope)

    def us_at(self, frame: int) -> int:
        """The session time at which `frame` is heard, microseconds."""
        return self._zero[0] + round((frame - self._zero[1]) / self._slope)
