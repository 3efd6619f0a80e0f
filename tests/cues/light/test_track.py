"""No wish, however often it is repeated, makes the light flash or jump."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from kapconsole.cues.light import track as tr
from kapconsole.cues.light.simulate import reversals

SECOND_US = 1_000_000

mashing = st.lists(
    st.tuples(
        st.integers(0, 700_000),
        st.sampled_from(["ask", "hold", "resume", "faster", "slower"]),
        st.floats(0, 100),
        st.integers(0, 3_000_000),
    ),
    min_size=1,
    max_size=40,
)


def played(start: float, wishes: list[tuple[int, str, float, int]]) -> list[tuple[int, float]]:
    """The level every 10 ms while the wishes come in, and for five seconds more; as a lamp sees it, in order."""
    track, now_us, seen = tr.still(start, 0), 0, []
    for wait_us, what, level, duration_us in wishes:
        seen += [(at, track.at(at)) for at in range(now_us, now_us + wait_us, 10_000)]
        now_us += wait_us
        before = track.at(now_us)
        match what:
            case "ask":
                track = tr.asked(track, level, duration_us, now_us)
            case "hold":
                track = tr.held(track, now_us)
            case "resume":
                track = tr.resumed(track, now_us)
            case "faster":
                track = tr.rated(track, 8.0, now_us)
            case "slower":
                track = tr.rated(track, 0.5, now_us)
        assert abs(track.at(now_us) - before) < 1e-6, "a wish made the level jump"
    return seen + [(at, track.at(at)) for at in range(now_us, now_us + 5 * SECOND_US, 10_000)]


@given(st.floats(0, 100), mashing)
def test_it_never_turns_twice_within_a_second(start: float, wishes: list[tuple[int, str, float, int]]) -> None:
    turns = reversals(played(start, wishes))
    assert all(later - earlier >= SECOND_US for earlier, later in zip(turns, turns[1:], strict=False))


@given(st.floats(0, 100), mashing)
def test_a_large_change_takes_a_second_whatever_it_is_made_of(
    start: float, wishes: list[tuple[int, str, float, int]]
) -> None:
    seen = played(start, wishes)
    moments = [at for at, _ in seen]
    for index, (at, level) in enumerate(seen):
        # One fade of a second may be in progress at any moment; faster than its slope nothing is.
        earlier = seen[bisect_left(moments, at - 200_000)][1]
        assert abs(level - earlier) <= 20.001, f"{earlier:.1f} to {level:.1f} % within 0.2 s before {at} us"
        assert index == 0 or abs(level - seen[index - 1][1]) <= 1.001


def test_small_steps_do_not_add_up_to_a_fast_change() -> None:
    track = tr.still(10, 0)
    for step in range(1, 6):  # 19 % each, as fast as they may be
        track = tr.asked(track, 10 + 18.0 * step, 0, (step - 1) * 180_000)
    assert track.at(900_000) < 90, "90 % were reached in less than a second"
    assert track.at(3 * SECOND_US) == 100


def test_a_fade_is_straight_and_takes_as_long_as_asked() -> None:
    track = tr.asked(tr.still(60, 0), 8, 60 * SECOND_US, 5 * SECOND_US)
    for at_s in range(61):
        assert abs(track.at((5 + at_s) * SECOND_US) - (60 - 52 * at_s / 60)) < 1e-9
    assert track.moving(64 * SECOND_US)
    assert not track.moving(65 * SECOND_US)


def test_a_new_cue_begins_where_the_old_one_is() -> None:
    track = tr.asked(tr.still(0, 0), 100, 10 * SECOND_US, 0)
    turned = tr.asked(track, 0, 10 * SECOND_US, 5 * SECOND_US)
    assert turned.at(5 * SECOND_US) == 50
    assert turned.at(4 * SECOND_US) == 40, "what has been stays as it was"
    assert turned.at(15 * SECOND_US) == 0


def test_a_second_reversal_waits_and_the_level_stays() -> None:
    track = tr.asked(tr.still(50, 0), 80, 0, 0)
    track = tr.asked(track, 50, 0, 500_000)
    turn_us = track.piece.begin_us
    assert turn_us == 1_200_000, "the first movement began at 0: the next direction has to wait"
    again = tr.asked(track, 80, 0, turn_us + 400_000)
    held = again.at(turn_us + 400_000)
    assert again.at(turn_us + 1_190_000) == held, "it moved before it was allowed to turn again"
    assert again.at(turn_us + 4 * SECOND_US) == 80


def test_hold_and_go_on_take_together_as_long_as_the_fade() -> None:
    track = tr.asked(tr.still(0, 0), 100, 10 * SECOND_US, 0)
    track = tr.held(track, 4 * SECOND_US)
    assert track.at(60 * SECOND_US) == 40
    track = tr.resumed(track, 60 * SECOND_US)
    assert abs(track.at(63 * SECOND_US) - 70) < 1e-6
    assert track.at(66 * SECOND_US) == 100


def test_faster_shortens_only_what_is_left() -> None:
    track = tr.asked(tr.still(0, 0), 100, 100 * SECOND_US, 0)
    track = tr.rated(track, 2.0, 50 * SECOND_US)
    assert track.at(50 * SECOND_US) == 50
    assert track.end_us == 75 * SECOND_US
