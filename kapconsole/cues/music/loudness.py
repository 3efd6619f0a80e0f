"""Integrated loudness (ITU-R BS.1770-4, EBU R128) and peak of stereo music, and the gain that follows from them.

The two filters of the K weighting are used at any sample rate, from their analogue form. They are applied as one
impulse response by Fourier transform: it has died away to nothing after a third of a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec
import numpy as np
from numpy.typing import NDArray

TARGET_LUFS = -23.0
PEAK_DBFS = -6.0
"""Music never peaks above this: with tones of -12 dBFS the sum stays below -2.5 dBFS (audio reference, section 8)."""

SILENT_LUFS = -70.0
_OFFSET_DB = -0.691
_RESPONSE_S = 0.4


class Loudness(msgspec.Struct, frozen=True):
    """`lufs`: integrated, -inf given as `SILENT_LUFS`; `peak`: the largest sample, 1 is full scale."""

    lufs: float
    peak: float

    @property
    def gain_db(self) -> float:
        """The gain for playing: to the target, peaks at most -6 dBFS, never louder than the file."""
        peak_dbfs = 20.0 * math.log10(max(self.peak, 1e-9))
        return min(0.0, TARGET_LUFS - self.lufs, PEAK_DBFS - peak_dbfs)


def measure(blocks: Iterable[NDArray[np.float32]], rate_hz: int) -> Loudness:
    """Of stereo blocks of any length, shape (frames, 2). A mono file is given as two like channels, as it is played."""
    length = 1 << math.ceil(math.log2(_RESPONSE_S * rate_hz))
    size = 4 * length
    response = np.fft.rfft(_impulse_response(rate_hz, length), size)[:, np.newaxis]
    step = round(0.1 * rate_hz)
    waiting = np.zeros((length, 2))  # what the filter still remembers, then what has not been weighted yet
    unsummed = np.zeros(0)
    steps: list[float] = []
    peak = 0.0
    for block in blocks:
        if len(block):
            peak = max(peak, float(np.abs(block).max()))
        waiting = np.concatenate((waiting, block))
        while len(waiting) >= size:
            weighted = np.fft.irfft(np.fft.rfft(waiting[:size], axis=0) * response, size, axis=0)[length:]
            unsummed = _sums(steps, unsummed, (weighted**2).sum(axis=1), step)
            waiting = waiting[size - length :]
    left = len(waiting) - length
    padded = np.concatenate((waiting, np.zeros((size - len(waiting), 2))))
    weighted = np.fft.irfft(np.fft.rfft(padded, axis=0) * response, size, axis=0)[length : length + left]
    _sums(steps, unsummed, (weighted**2).sum(axis=1), step)
    return Loudness(_gated(np.array(steps) / step), peak)


def _sums(
    steps: list[float], unsummed: NDArray[np.float64], powers: NDArray[np.float64], step: int
) -> NDArray[np.float64]:
    """Sum up power in steps of 100 ms; what is left over."""
    powers = np.concatenate((unsummed, powers))
    whole = len(powers) // step * step
    steps.extend(powers[:whole].reshape(-1, step).sum(axis=1).tolist())
    return powers[whole:]


def _gated(steps: NDArray[np.float64]) -> float:
    """Blocks of 400 ms, overlapping by 75 %; absolute gate -70 LUFS, then relative gate 10 LU below what is left."""
    if len(steps) < 4:
        steps = np.concatenate((steps, np.zeros(4 - len(steps))))
    powers = np.convolve(steps, np.full(4, 0.25), "valid")
    loud = powers[powers > 10.0 ** ((SILENT_LUFS - _OFFSET_DB) / 10.0)]
    if not len(loud):
        return SILENT_LUFS
    loud = loud[loud > 0.1 * loud.mean()]
    return max(SILENT_LUFS, _OFFSET_DB + 10.0 * math.log10(float(loud.mean())))


def _impulse_response(rate_hz: int, length: int) -> NDArray[np.float64]:
    frequencies = np.exp(-2j * np.pi * np.arange(length // 2 + 1) / length)
    out = np.ones(length // 2 + 1, complex)
    for above, below in (_shelf(rate_hz), _highpass(rate_hz)):
        out *= np.polyval(above[::-1], frequencies) / np.polyval(below[::-1], frequencies)
    return np.asarray(np.fft.irfft(out, length))


def _shelf(rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The head: +4 dB above 1.7 kHz. Numerator and denominator in powers of z to -1."""
    k, q = math.tan(math.pi * 1681.974450955533 / rate_hz), 0.7071752369554196
    high = 10.0 ** (3.999843853973347 / 20.0)
    band = high**0.4996667741545416
    above = np.array([high + band * k / q + k * k, 2.0 * (k * k - high), high - band * k / q + k * k])
    below = np.array([1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k])
    return above / below[0], below / below[0]


def _highpass(rate_hz: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The revised low-frequency weighting: second order below 38 Hz."""
    k, q = math.tan(math.pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    below = np.array([1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k])
    return np.array([1.0, -2.0, 1.0]), below / below[0]
