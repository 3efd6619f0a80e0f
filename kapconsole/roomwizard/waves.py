"""The test sounds: a soft tone for one ear, a pulse for one hand, pink noise for the meter; pure.

None of them may be taken for an alarm: one long tone with slow ends, twice; never three or five (alarms reference 11).
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from kapconsole.cues.music.loudness import TARGET_LUFS, measure
from kapconsole.room.sinks import RATE_HZ

Stereo = NDArray[np.float32]
"""Shape (frames, 2): left, right."""

TONE_DBFS = -30.0
TONE_HZ = 330.0
TONE_S, PAUSE_S = 1.0, 0.4
SLOPE_S = 0.1
PULSE_HZ = 120.0
PULSE_DBFS = -14.0
NOISE_S = 10.0
NOISE_PEAK_DBFS = -12.0
NOISE_RAMP_S = 1.0
LOWEST_HZ, HIGHEST_HZ = 20.0, 20_000.0


class SideTone:
    """Two long tones for one channel (0 left, 1 right) from frame `start` on, silence before and after."""

    def __init__(self, start: int, side: int, peak_dbfs: float = TONE_DBFS, hz: float = TONE_HZ) -> None:
        self._start, self._side, self._hz = start, side, hz
        self._peak = 10 ** (peak_dbfs / 20)

    def render(self, first_frame: int, frames: int) -> Stereo:
        """See `kapconsole.room.patient_out.Source`."""
        out = np.zeros((frames, 2), np.float32)
        seconds = (np.arange(first_frame, first_frame + frames) - self._start) / RATE_HZ
        for number in range(2):
            own = seconds - number * (TONE_S + PAUSE_S)
            gate = np.clip(np.minimum(own, TONE_S - own) / SLOPE_S, 0.0, 1.0)
            gate = 0.5 - 0.5 * np.cos(np.pi * gate)
            out[:, self._side] += (self._peak * gate * np.sin(2 * np.pi * self._hz * own)).astype(np.float32)
        return out

    @property
    def end(self) -> int:
        """The frame from which on it is silent."""
        return self._start + round((2 * TONE_S + PAUSE_S) * RATE_HZ)


class Noise:
    """Pink noise of -23 LUFS on both channels from frame `start` on, swelling for a second, until it is taken out."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._loop = pink_loop()

    def render(self, first_frame: int, frames: int) -> Stereo:
        """See `kapconsole.room.patient_out.Source`."""
        own = np.arange(first_frame, first_frame + frames) - self._start
        gate = np.clip(own / (NOISE_RAMP_S * RATE_HZ), 0.0, 1.0).astype(np.float32)[:, np.newaxis]
        return np.asarray(self._loop[own % len(self._loop)] * gate, np.float32)


@cache
def pink_loop() -> Stereo:
    """Ten seconds that join without a seam: equal power in each octave, -23 LUFS (BS.1770), peak below -12 dBFS."""
    frames = round(NOISE_S * RATE_HZ)
    random = np.random.default_rng(1)
    hertz = np.fft.rfftfreq(frames, 1 / RATE_HZ)
    inside = (hertz >= LOWEST_HZ) & (hertz <= HIGHEST_HZ)
    share = np.zeros_like(hertz)
    share[inside] = 1 / np.sqrt(hertz[inside])
    turns = random.uniform(0, 2 * math.pi, (len(hertz), 2))
    noise = np.fft.irfft(share[:, np.newaxis] * np.exp(1j * turns), frames, axis=0)
    peak = 10 ** (NOISE_PEAK_DBFS / 20)
    loop: Stereo = (noise / np.abs(noise).max() * peak).astype(np.float32)
    # A rare peak is cut so that the loudness can be reached below the ceiling: twice, since the cut takes a little.
    for _ in range(3):
        lufs = measure([np.concatenate((loop, loop))], RATE_HZ).lufs
        loop = np.clip(loop * np.float32(10 ** ((TARGET_LUFS - lufs) / 20)), -peak, peak).astype(np.float32)
    return loop
