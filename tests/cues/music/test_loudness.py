"""Loudness against values that are known: EBU Tech 3341 signals and the reference sine of BS.1770."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.cues.music.loudness import SILENT_LUFS, Loudness, measure


def sine(dbfs: float, seconds: float, rate_hz: int, hz: float = 1000.0) -> NDArray[np.float32]:
    wave = 10 ** (dbfs / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)
    return np.stack((wave, wave), axis=1).astype(np.float32)


def of(*parts: NDArray[np.float32], rate_hz: int = 48_000, block: int = 48_000) -> Loudness:
    whole = np.concatenate(parts)
    return measure((whole[at : at + block] for at in range(0, len(whole), block)), rate_hz)


@pytest.mark.parametrize("rate_hz", [44_100, 48_000, 96_000])
@pytest.mark.parametrize("dbfs", [-20.0, -33.0])
def test_a_sine_of_1_khz_reads_its_own_level(rate_hz: int, dbfs: float) -> None:
    assert of(sine(dbfs, 10, rate_hz), rate_hz=rate_hz).lufs == pytest.approx(dbfs, abs=0.1)


def test_one_channel_alone_is_three_decibels_less() -> None:
    left = sine(-20.0, 10, 48_000, 997.0)
    left[:, 1] = 0.0
    assert of(left).lufs == pytest.approx(-23.0, abs=0.1)


def test_quiet_stretches_are_gated_out() -> None:
    """EBU Tech 3341, case 3: -36, -23, -36 dBFS for 10, 60, 10 s read -23 LUFS."""
    parts = [sine(-36.0, 10, 48_000), sine(-23.0, 60, 48_000), sine(-36.0, 10, 48_000)]
    assert of(*parts).lufs == pytest.approx(-23.0, abs=0.1)


def test_nearly_silent_stretches_are_gated_out_absolutely() -> None:
    """EBU Tech 3341, case 4: the same with -72 dBFS before and after."""
    parts = [sine(-72.0, 10, 48_000), sine(-36.0, 10, 48_000), sine(-23.0, 60, 48_000)]
    parts += [sine(-36.0, 10, 48_000), sine(-72.0, 10, 48_000)]
    assert of(*parts).lufs == pytest.approx(-23.0, abs=0.1)


def test_low_notes_count_less_and_high_ones_more() -> None:
    assert of(sine(-20.0, 10, 48_000, 30.0)).lufs < -25.0
    assert of(sine(-20.0, 10, 48_000, 6000.0)).lufs == pytest.approx(-16.7, abs=0.3)


def test_how_a_file_is_cut_into_blocks_does_not_matter() -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, (200_000, 2)).astype(np.float32)
    assert of(noise, block=4_801).lufs == pytest.approx(of(noise, block=200_000).lufs, abs=1e-6)


def test_silence_and_nothing_are_said_to_be_silent() -> None:
    assert of(np.zeros((48_000, 2), np.float32)) == Loudness(SILENT_LUFS, 0.0)
    assert measure([], 48_000).lufs == SILENT_LUFS


@pytest.mark.parametrize(
    ("lufs", "peak_dbfs", "gain_db"),
    [(-14.0, -1.0, -9.0), (-23.0, -1.0, -5.0), (-30.0, -20.0, 0.0), (-70.0, -180.0, 0.0)],
)
def test_the_gain_is_never_above_zero_and_leaves_the_peak_below_6_dbfs(
    lufs: float, peak_dbfs: float, gain_db: float
) -> None:
    assert Loudness(lufs, 10 ** (peak_dbfs / 20)).gain_db == pytest.approx(gain_db)
