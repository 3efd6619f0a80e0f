"""The player is a function of its clock: speeds, ends, steps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.clock import FakeClock
from kapconsole.replay.player import SPEEDS, Player

S = 1_000_000
STOPS = [5 * S, 20 * S, 20 * S + 1, 90 * S]


def make() -> tuple[FakeClock, Player]:
    clock = FakeClock(now_us=77 * S)
    return clock, Player(clock.now_us, 100 * S, STOPS)


def test_stands_at_first_plays_at_its_speed_and_stops_at_the_end() -> None:
    clock, player = make()
    clock.advance(3)
    assert (player.position_us, player.playing) == (0, False)
    player.play()
    clock.advance(3)
    assert (player.position_us, player.playing) == (3 * S, True)
    for _ in range(3):
        player.faster()
    assert player.speed == 8
    clock.advance(2)
    assert player.position_us == 19 * S
    player.pause()
    clock.advance(50)
    assert player.position_us == 19 * S
    player.toggle()
    clock.advance(50)
    assert (player.position_us, player.playing) == (100 * S, False)
    player.toggle()
    assert (player.position_us, player.playing) == (0, True), "from the beginning again"


def test_speeds_end_at_1_and_60() -> None:
    _, player = make()
    player.slower()
    assert player.speed == 1
    seen = []
    for _ in range(9):
        player.faster()
        seen.append(player.speed)
    assert seen == [2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_steps_go_from_event_to_event_and_say_when_there_is_none() -> None:
    _, player = make()
    assert not player.previous_stop()
    visited = []
    while player.next_stop():
        visited.append(player.position_us)
    assert visited == STOPS
    back = []
    while player.previous_stop():
        back.append(player.position_us)
    assert back == STOPS[-2::-1]


def test_previous_while_playing_does_not_stick_to_the_event_just_passed() -> None:
    clock, player = make()
    player.jump(20 * S)
    player.play()
    clock.advance(0.4)
    player.previous_stop()
    assert player.position_us == 5 * S
    assert player.playing


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("advance"), st.integers(0, 200 * S)),
            st.tuples(st.just("jump"), st.integers(-S, 200 * S)),
            st.tuples(st.just("step"), st.integers(-200 * S, 200 * S)),
            st.tuples(st.sampled_from(["play", "pause", "toggle", "faster", "slower"]), st.none()),
            st.tuples(st.sampled_from(["next_stop", "previous_stop"]), st.none()),
        )
    )
)
def test_never_leaves_the_session_and_only_play_moves(steps: list[tuple[str, int | None]]) -> None:
    clock, player = make()
    for name, value in steps:
        before, playing = player.position_us, player.playing
        if name == "advance":
            assert value is not None
            clock.advance(value / 1e6)
            assert player.position_us >= before
            if not playing:
                assert player.position_us == before
        elif value is None:
            getattr(player, name)()
            if name in ("pause", "faster", "slower"):
                assert player.position_us == before, "changing pace is no jump"
        else:
            getattr(player, name)(value)
        assert 0 <= player.position_us <= player.end_us
        assert player.speed in SPEEDS


@pytest.mark.parametrize("end_us", [0, -5])
def test_an_empty_session_does_not_play(end_us: int) -> None:
    clock = FakeClock()
    player = Player(clock.now_us, end_us)
    player.play()
    assert not player.playing
    assert not player.next_stop()
