"""The sound of a plan: crossfades that keep their power, fades without a jump, any stretch the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kapconsole.cues.music.events import Track
from kapconsole.cues.music.plan import (
    RATE_HZ,
    SILENCE_DB,
    Piece,
    Placement,
    Plan,
    curve,
    level,
    render,
    turned,
)

A, B = Track("a", "a", 60 * RATE_HZ, 0.0), Track("b", "b", 60 * RATE_HZ, 0.0)
NOISE = {
    "a": np.random.default_rng(1).normal(0, 0.1, (60 * RATE_HZ, 2)).astype(np.float32),
    "b": np.random.default_rng(2).normal(0, 0.1, (60 * RATE_HZ, 2)).astype(np.float32),
}


def read(track: Track, first: int, count: int) -> NDArray[np.float32]:
    return NOISE[track.id][first : first + count]


def crossfaded(seconds: int = 8) -> Plan:
    fade = seconds * RATE_HZ
    one = Placement(0, 0, A, 0, 20 * RATE_HZ, 0, 0, fade)
    return Plan((one, Placement(0, 1, B, 20 * RATE_HZ - fade, 40 * RATE_HZ, 0, fade, 0)))


def test_a_crossfade_keeps_its_energy_within_half_a_decibel() -> None:
    sound = render(crossfaded(), read, 0, 35 * RATE_HZ)
    seconds = (sound.reshape(35, RATE_HZ, 2) ** 2).mean(axis=(1, 2))
    assert np.abs(10 * np.log10(seconds / 0.01)).max() < 0.5


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 200_000), min_size=1, max_size=4))
def test_any_stretch_is_the_same_as_the_whole(cuts: list[int]) -> None:
    """What is rendered again after a change must fit to the sample."""
    plan = Plan(
        crossfaded().placements,
        presence=turned((Piece(0, 0, 0.0, 0.0),), 600_000, SILENCE_DB, 96_000),
        volume=turned((Piece(0, 0, -6.0, -6.0),), 560_000, -12.0, 96_000),
    )
    first = 10 * RATE_HZ
    whole = render(plan, read, first, 240_000)
    at = 0
    for cut in cuts:
        part = render(plan, read, first + at, cut)
        assert np.array_equal(part[: 240_000 - at], whole[at : at + cut])
        at = min(240_000, at + cut)


def test_a_gapless_join_is_the_file_itself() -> None:
    one = Placement(0, 0, A, 0, 20 * RATE_HZ, 0)
    two = Placement(0, 0, A, 20 * RATE_HZ, 40 * RATE_HZ, 20 * RATE_HZ)
    assert np.array_equal(render(Plan((one, two)), read, 0, 40 * RATE_HZ), NOISE["a"][: 40 * RATE_HZ])


def test_a_fade_to_silence_is_even_in_decibels_and_ends_in_zero() -> None:
    fade = turned((Piece(0, 0, 0.0, 0.0),), 0, SILENCE_DB, 10 * RATE_HZ)
    assert level(fade, round(4.75 * RATE_HZ)) == pytest.approx(-30.0, abs=0.01)
    assert level(fade, round(9.5 * RATE_HZ)) == pytest.approx(-60.0, abs=0.01)
    assert curve(fade, 10 * RATE_HZ, 10).max() == 0.0


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 200_000), st.sampled_from([0.0, -6.0, -20.0, SILENCE_DB])), max_size=5))
def test_no_change_of_a_level_ever_jumps(turns: list[tuple[int, float]]) -> None:
    """Whatever interrupts whatever: from sample to sample a ramp of 30 ms moves by less than a hundredth."""
    envelope = (Piece(0, 0, 0.0, 0.0),)
    frame = 0
    for wait, to_db in turns:
        frame += wait
        envelope = turned(envelope, frame, to_db, 1440)
    steps = np.abs(np.diff(curve(envelope, 0, frame + 3000)))
    assert steps.max(initial=0.0) < 0.01
