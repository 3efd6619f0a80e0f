"""The bursts, measured on their samples against IEC 60601-1-8 tables 3 and 4 and against the chosen signals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.alarms.bursts import (
    FAILURE,
    HIGH,
    LOW,
    MEDIUM,
    PEAK,
    RATE_HZ,
    SHAPES,
    TEST,
    Shape,
    envelope,
    signal,
    signals,
)

ALARMS = (HIGH, MEDIUM, LOW)
ONSETS_S = {
    "high": [0, 0.25, 0.50, 1.00, 1.25, 2.10, 2.35, 2.60, 3.10, 3.35],
    "medium": [0, 0.40, 0.80],
    "low": [0, 0.40],
}
PULSE_S = {"high": 0.150, "medium": 0.200, "low": 0.200}


def loudness(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Root mean square over one period of 440 Hz around each sample, as a share of its greatest value."""
    period = round(RATE_HZ / 440)
    power = np.convolve(samples.astype(float) ** 2, np.ones(period) / period, "same")
    return np.sqrt(power / power.max())


def crossings(level: NDArray[np.float64], height: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds at which `level` rises above and falls below `height`."""
    above = np.concatenate([[False], level > height, [False]])
    steps = np.diff(above.astype(int))
    return np.flatnonzero(steps == 1) / RATE_HZ, np.flatnonzero(steps == -1) / RATE_HZ


@pytest.mark.parametrize("shape", ALARMS, ids=lambda shape: shape.name)
def test_at_01_onsets_and_pulse_lengths_are_those_specified(shape: Shape) -> None:
    rises, falls = crossings(loudness(signal(shape).samples), 0.9)
    onsets = rises - rises[0]
    wanted = ONSETS_S[shape.name]
    assert len(onsets) == len(wanted)
    assert onsets == pytest.approx(wanted, rel=0.05, abs=0.002)
    assert falls - rises == pytest.approx(PULSE_S[shape.name], rel=0.05)


def test_the_high_burst_keeps_every_range_of_table_3() -> None:
    rises, falls = crossings(loudness(signal(HIGH).samples), 0.9)
    gaps, lengths = rises[1:] - falls[:-1], falls - rises
    short = [gaps[index] for index in (0, 1, 3, 5, 6, 8)]
    assert min(short) > 0.050
    assert max(short) < 0.125
    assert max(short) / min(short) < 1.05
    for index in (2, 7):
        assert gaps[index] == pytest.approx(2 * np.mean(short) + np.mean(lengths), rel=0.05)
    assert 0.35 < gaps[4] < 1.30
    assert 0.075 < lengths.min() <= lengths.max() < 0.200


@pytest.mark.parametrize("shape", [MEDIUM, LOW], ids=lambda shape: shape.name)
def test_medium_and_low_keep_every_range_of_table_3_and_are_slower_than_high(shape: Shape) -> None:
    rises, falls = crossings(loudness(signal(shape).samples), 0.9)
    gaps, lengths = rises[1:] - falls[:-1], falls - rises
    assert 0.125 < gaps.min() <= gaps.max() < 0.250
    assert 0.125 < lengths.min() <= lengths.max() < 0.250
    assert shape.onsets_s[1] > HIGH.onsets_s[1]


@pytest.mark.parametrize("shape", ALARMS, ids=lambda shape: shape.name)
def test_rise_is_10_to_20_percent_of_the_pulse_and_the_fall_fits_in_the_gap(shape: Shape) -> None:
    curve = envelope(shape.pulse_s)
    low, high = crossings(curve, 0.1), crossings(curve, 0.9)
    rise, fall = high[0][0] - low[0][0], low[1][0] - high[1][0]
    length = high[1][0] - high[0][0]
    assert length == pytest.approx(shape.pulse_s, abs=1e-4)
    assert 0.10 < rise / length < 0.20
    gap = shape.onsets_s[1] - shape.pulse_s
    assert fall <= gap - rise


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_at_02_partials(shape: Shape) -> None:
    one = signal(shape)
    for (first, end), tone_hz in zip(one.pulses, shape.tones_hz, strict=True):
        pulse = one.samples[first:end]
        spectrum = np.abs(np.fft.rfft(pulse * np.hanning(len(pulse)), 1 << 17))
        hertz = np.fft.rfftfreq(1 << 17, 1 / RATE_HZ)
        peaks = {order: spectrum[np.abs(hertz - order * tone_hz) < 0.3 * tone_hz].max() for order in range(1, 7)}
        assert 150 <= tone_hz <= 1000
        assert hertz[np.argmax(spectrum)] == pytest.approx(tone_hz, abs=3), "the fundamental is the strongest"
        decibels = {order: 20 * np.log10(peak / peaks[1]) for order, peak in peaks.items()}
        in_band = [order for order in range(2, 7) if 300 <= order * tone_hz <= 4000 and abs(decibels[order]) <= 15]
        assert len(in_band) >= 4
        # Amendment 1: the four strongest within 15 dB of each other.
        assert sorted(decibels.values())[-4] > -15


def test_pulses_of_all_priorities_are_equally_loud_and_leave_headroom() -> None:
    levels = []
    for one in signals(ALARMS).values():
        assert one.samples.dtype == np.float32
        assert np.abs(one.samples).max() == pytest.approx(PEAK, abs=1e-3)
        levels += [float(np.sqrt(np.mean(one.samples[first:end] ** 2))) for first, end in one.pulses]
    assert 20 * np.log10(max(levels) / min(levels)) < 1.0


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
def test_pulses_begin_and_end_in_silence_at_any_rate(shape: Shape, rate_hz: int) -> None:
    one = signal(shape, rate_hz)
    outside = np.ones(len(one.samples), bool)
    for first, end in one.pulses:
        outside[first:end] = False
        assert abs(one.samples[first]) < 1e-4
        assert abs(one.samples[end - 1]) < 1e-3
    assert not one.samples[outside].any()
    assert len(one.samples) == one.pulses[-1][1]


def test_nothing_but_an_alarm_sounds_like_one() -> None:
    for other in (FAILURE, TEST):
        assert len(set(other.tones_hz)) > 1, "the pulses of an alarm are all of one pitch"


def test_a_burst_is_cut_between_pulses_only() -> None:
    one = signal(HIGH)
    (first, end), (second, _) = one.pulses[:2]
    assert one.cut_at(first) == first
    assert one.cut_at(first + 1) == end
    assert one.cut_at(end - 1) == end
    assert one.cut_at(end) == end
    assert one.cut_at(second) == second
    assert one.cut_at(one.pulses[-1][1] - 1) == len(one.samples)
    longest = max(end - first for each in signals().values() for first, end in each.pulses)
    assert longest / RATE_HZ < 0.4, "a pause leaves a tenth of a second for the stream"
