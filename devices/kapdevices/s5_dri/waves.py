"""Waveform subrecords as sample arrays: a header of three words, then signed 16-bit samples.

Source: GE 8005313 "Datex-Ohmeda Record Specification"; checked against one real record (see README).
"""

from __future__ import annotations

import struct
from functools import partial
from itertools import groupby

import msgspec

from kapdevices.readings import Metric, Quality, SampleArray
from kapdevices.s5_dri.frames import Part
from kapdevices.s5_dri.numerics import CODES

HEAD_BYTES = 6
LEAD_OFF = 1 << 3
GAP = 1 << 0
NOT_A_SAMPLE = -32000


class Wave(msgspec.Struct, frozen=True):
    """How a wave is sampled. `half` is what is shown above and below zero, in the wave's own units."""

    metric: Metric
    rate_hz: float
    half: int


WAVES = {
    1: Wave(Metric.ECG, 300.0, 10_000),
    8: Wave(Metric.PLETH, 100.0, 2_000),
    9: Wave(Metric.CO2, 25.0, 1_500),
}
"""By id: ECG in uV up to 10 mV; pleth in 1/100 % up to 20 %; CO2 in 1/100 % up to 15 %. Others are not asked for."""


def samples(part: Part) -> list[SampleArray]:
    """Sample arrays of one subrecord, cut where the quality changes; empty for a wave that is not known here."""
    wave = WAVES.get(part.type)
    if wave is None or len(part.data) < HEAD_BYTES:
        return []
    count, status = struct.unpack_from("<HH", part.data)
    if len(part.data) < HEAD_BYTES + 2 * count:
        return []
    off = wave.metric is Metric.ECG and bool(status & LEAD_OFF)
    raw = struct.unpack_from(f"<{count}h", part.data, HEAD_BYTES)
    pieces: list[SampleArray] = []
    for quality, piece in groupby(raw, partial(_quality, wave.half, off)):
        shifted = tuple(min(2 * wave.half, max(0, sample + wave.half)) for sample in piece)
        pieces.append(SampleArray(wave.metric, wave.rate_hz, shifted, 2 * wave.half, quality))
    return pieces


def _quality(half: int, off: bool, sample: int) -> Quality:
    if off:
        return Quality.SENSOR_OFF
    if sample <= NOT_A_SAMPLE:
        return CODES.get(sample, Quality.NO_VALUE)
    return Quality.GOOD if -half <= sample <= half else Quality.OUT_OF_RANGE


def part(wave: int, values: list[int], status: int = 0) -> Part:
    """A subrecord of `values` in the wave's own units; beyond 16 bits they are cut."""
    held = [min(32767, max(-32768, value)) for value in values]
    return Part(wave, struct.pack(f"<HHH{len(held)}h", len(held), status, 0, *held))
