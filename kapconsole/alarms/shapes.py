"""What the alarm system's sounds are made of, as data: the one place for burst lengths, rests and levels; no samples.

Structure follows IEC 60601-1-8, table 3. Durations, gaps and onsets are those between the 90 % points of a pulse's
envelope, as the standard measures them.
"""

from __future__ import annotations

import msgspec

PEAK = 0.5
"""Highest sample of a burst at the site's own level: half of full scale."""

MAX_LOUDER_DB = 6.0
"""How far above `PEAK` a burst may be played: to full scale. No setting may ask for more."""


class Shape(msgspec.Struct, frozen=True):
    """What a signal is made of: `onsets_s` (90 % points, from the first), f0 of each pulse in Hz, duration, rest."""

    name: str
    onsets_s: tuple[float, ...]
    tones_hz: tuple[float, ...]
    pulse_s: float
    rest_s: float

    @property
    def length_s(self) -> float:
        """Burst length, from the first to the last 90 % point."""
        return self.onsets_s[-1] + self.pulse_s


HIGH = Shape("high", (0, 0.25, 0.50, 1.00, 1.25, 2.10, 2.35, 2.60, 3.10, 3.35), (440.0,) * 10, 0.150, 5.0)
MEDIUM = Shape("medium", (0, 0.40, 0.80), (440.0,) * 3, 0.200, 10.0)
LOW = Shape("low", (0, 0.40), (440.0,) * 2, 0.200, 25.0)
FAILURE = Shape("failure", (0, 0.40), (587.0, 440.0), 0.300, 1.3)
"""Two falling tones every two seconds, unlike any burst: nobody shall take it for a patient's alarm."""

TEST = Shape("test", (0, 0.30), (440.0, 587.0), 0.200, 0.0)
"""Two rising tones, once: the way to the loudspeaker is tried."""

SHAPES = (HIGH, MEDIUM, LOW, FAILURE, TEST)
