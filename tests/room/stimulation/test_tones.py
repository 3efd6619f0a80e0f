"""A set's sound while its stimulus and its anchors are replaced: the same samples however it is asked for."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole.bilateral.events import Channel, Motion, Plan, SetChanged
from kapconsole.bilateral.sources import ToneSource
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.room.tones import Anchor, Placed

RATE_HZ = 48_000
MOTION = Motion(ramp_in_cycles=0)


def made() -> tuple[Stimulus, Placed]:
    stimulus = Stimulus(Plan("test", 1, 1.0, (Channel.AUDIO,), cycles=4, motion=MOTION))
    return stimulus, Placed(
        lambda held, start, hz: ToneSource(held, RATE_HZ, start, hz), stimulus, Anchor(0, 0, RATE_HZ)
    )


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.integers(-200, 200), max_size=6),
    st.lists(st.integers(1, RATE_HZ), min_size=1, max_size=12),
)
def test_any_stretches_give_the_same_samples_and_every_tone_is_found_where_it_sounds(
    shifts: list[int], cuts: list[int]
) -> None:
    _, placed = made()
    for number, shift in enumerate(shifts, 1):
        placed.place(Anchor(round(number * RATE_HZ / 2) - 1200, shift, RATE_HZ))
    whole = placed.render(0, 4 * RATE_HZ)
    at, pieces = 0, []
    for cut in cuts:
        pieces.append(placed.render(at, cut))
        at += cut
    joined = np.concatenate(pieces)[: len(whole)]
    assert np.array_equal(joined, whole[: len(joined)])
    for number in range(7):
        onset = placed.onset(number)
        assert onset is not None
        assert not whole[onset - 40 : onset].any()
        assert whole[onset + 1 : onset + 60].any()


def test_a_change_leaves_what_lies_before_it_to_the_sample() -> None:
    stimulus, placed = made()
    placed.place(Anchor(round(1.45 * RATE_HZ), 24, RATE_HZ))
    before = placed.render(0, 2 * RATE_HZ)
    placed.change(stimulus.changed(SetChanged(1, 2.0, None, None, None, 1_600_000)))
    assert np.array_equal(placed.render(0, 2 * RATE_HZ), before)
    assert placed.onset(4) == round(2.25 * RATE_HZ) + 24
