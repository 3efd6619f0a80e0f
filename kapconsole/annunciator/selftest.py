"""Whether the test pattern is in what an output played: pure."""

from __future__ import annotations

import math

import numpy as np

from kapconsole.alarms.bursts import TEST, Samples, signal

LIKENESS = 0.5
"""Share of the found stretch's energy that is the pattern itself; the rest may be other sounds of the machine."""

FAINTEST_DB = -40.0
"""Fainter than this below full volume nobody will hear it."""


def judged(played: Samples, rate_hz: int) -> tuple[bool, str]:
    """(found, words) for the mono recording of an output in which the test pattern should be."""
    pattern = signal(TEST, rate_hz).samples.astype(np.float64)
    if len(played) < len(pattern):
        return False, "the output played nothing while the test pattern should have sounded"
    recording = played.astype(np.float64)
    size = 1 << (len(recording) + len(pattern)).bit_length()
    spectrum = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(pattern, size))
    match = np.fft.irfft(spectrum, size)[: len(recording) - len(pattern) + 1]
    at = int(np.argmax(match))
    own_energy = float(np.sum(pattern**2))
    gain = float(match[at]) / own_energy
    found_energy = float(np.sum(recording[at : at + len(pattern)] ** 2))
    if gain <= 0 or gain**2 * own_energy < LIKENESS * found_energy:
        return False, "the test pattern did not arrive at the output"
    level_db = 20 * math.log10(gain)
    if level_db < FAINTEST_DB:
        return False, f"the test pattern arrived at the output too faint ({round(level_db)} dB)"
    return True, f"the test pattern arrived at the output ({round(level_db)} dB)"
