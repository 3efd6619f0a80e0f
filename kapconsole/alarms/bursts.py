"""The sounds of the alarm system as samples: the bursts of the three priorities, the failure signal, the test pattern.

Structure and pulse shape follow IEC 60601-1-8, table 3 and table 4. Durations, gaps and onsets are those between the
90 % points of a pulse's envelope, as the standard measures them: the edges lie outside of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from kapconsole.alarms.shapes import FAILURE as FAILURE
from kapconsole.alarms.shapes import HIGH as HIGH
from kapconsole.alarms.shapes import LOW as LOW
from kapconsole.alarms.shapes import MAX_LOUDER_DB as MAX_LOUDER_DB
from kapconsole.alarms.shapes import MEDIUM as MEDIUM
from kapconsole.alarms.shapes import PEAK, SHAPES, Shape
from kapconsole.alarms.shapes import TEST as TEST

Samples = NDArray[np.float32]

RATE_HZ = 48_000
PARTIALS = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3)
"""Linear levels of f0 and its next five multiples: 0 to -10.5 dB, where table 4 wants four of them within 15 dB."""

RISE_S = 0.025
"""10 % to 90 % of the envelope, and as much for its fall: 12 to 17 % of the pulses below (table 4: 10 to 20 %)."""

_POINT_90 = math.acos(-0.8) / math.pi
_EDGE_S = RISE_S / ((math.acos(-0.8) - math.acos(0.8)) / math.pi)
LEAD_S = _EDGE_S * _POINT_90
"""From a signal's first sample to the 90 % point of its first pulse, and from the last 90 % point to its end."""


class Signal(msgspec.Struct, frozen=True, eq=False):
    """One burst: mono float32 `samples`, shape (frames,), at most `PEAK`; and what may be done with it.

    `pulses`: first frame and end of each pulse, edges included; between them is silence, where a burst may be cut.
    `rest_s`: silence from the end of a burst to the beginning of the next (interburst interval).
    """

    name: str
    samples: Samples
    pulses: tuple[tuple[int, int], ...]
    rest_s: float

    def cut_at(self, frame: int) -> int:
        """The first frame from `frame` on at which the burst may be cut without cutting a pulse."""
        for first, end in self.pulses:
            if frame <= first:
                return frame
            if frame < end:
                return end
        return len(self.samples)


def envelope(pulse_s: float, rate_hz: int = RATE_HZ) -> NDArray[np.float64]:
    """Raised-cosine edges around a plateau, `pulse_s` from 90 % point to 90 % point; shape (frames,), range 0..1."""
    seconds = np.arange(round((pulse_s + 2 * LEAD_S) * rate_hz)) / rate_hz
    from_edge_s = np.minimum(seconds, pulse_s + 2 * LEAD_S - seconds)
    return 0.5 - 0.5 * np.cos(np.pi * np.clip(from_edge_s / _EDGE_S, 0.0, 1.0))


def pulse(tone_hz: float, pulse_s: float, rate_hz: int = RATE_HZ) -> Samples:
    """One pulse with all `PARTIALS`: float32, shape (frames,), peak `PEAK`."""
    shape = envelope(pulse_s, rate_hz)
    seconds = np.arange(len(shape)) / rate_hz
    wave = np.zeros(len(shape))
    for order, level in enumerate(PARTIALS, 1):
        wave += level * np.sin(2 * np.pi * tone_hz * order * seconds)
    shaped = wave * shape
    return np.asarray(PEAK * shaped / np.max(np.abs(shaped)), np.float32)


def signal(shape: Shape, rate_hz: int = RATE_HZ) -> Signal:
    """The samples of a shape. It begins `LEAD_S` before its first onset and ends as long after its last 90 % point."""
    samples = np.zeros(round((shape.length_s + 2 * LEAD_S) * rate_hz) + 1, np.float32)
    pulses = []
    for onset_s, tone_hz in zip(shape.onsets_s, shape.tones_hz, strict=True):
        one = pulse(tone_hz, shape.pulse_s, rate_hz)
        first = round(onset_s * rate_hz)
        samples[first : first + len(one)] = one
        pulses.append((first, first + len(one)))
    return Signal(shape.name, samples[: pulses[-1][1]], tuple(pulses), shape.rest_s)


def signals(shapes: Sequence[Shape] = SHAPES, rate_hz: int = RATE_HZ) -> dict[str, Signal]:
    """All signals by name."""
    return {shape.name: signal(shape, rate_hz) for shape in shapes}
