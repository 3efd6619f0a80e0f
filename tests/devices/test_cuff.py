"""The cuff guard: pause, hourly count, and a stop that is never refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapdevices.cuff import HOUR_S, MIN_PAUSE_S, CuffGuard
from kapdevices.driver import NotPossible, StartCuff, StopCuff


def test_a_second_start_waits_sixty_seconds_and_is_told_how_long():
    guard = CuffGuard().admit(StartCuff(), 100.0)
    with pytest.raises(NotPossible, match="wait 18 s"):
        guard.admit(StartCuff(), 142.5)
    assert guard.admit(StartCuff(), 160.0).starts_s == (100.0, 160.0)


def test_a_stop_is_admitted_at_any_time_and_counts_for_nothing():
    guard = CuffGuard(starts_s=(100.0,), max_per_hour=1)
    assert guard.admit(StopCuff(), 100.0) == guard


def test_the_hourly_count_ends_and_says_when_the_next_start_may_be():
    guard = CuffGuard(max_per_hour=3)
    for at_s in (0.0, 100.0, 200.0):
        guard = guard.admit(StartCuff(), at_s)
    with pytest.raises(NotPossible, match="3 times in the last hour: wait 3300 s"):
        guard.admit(StartCuff(), 300.0)
    assert len(guard.admit(StartCuff(), HOUR_S).starts_s) == 3


def test_a_site_can_switch_starts_off():
    with pytest.raises(NotPossible, match="switched off"):
        CuffGuard(max_per_hour=0).admit(StartCuff(), 0.0)


def test_starts_before_a_restart_of_the_program_still_count():
    with pytest.raises(NotPossible):
        CuffGuard(starts_s=(50.0,)).admit(StartCuff(), 60.0)


@given(st.lists(st.floats(0, 400), max_size=200), st.integers(0, 25))
def test_no_sequence_of_wishes_breaks_either_limit(gaps_s: list[float], max_per_hour: int):
    guard, now_s, started_s = CuffGuard(max_per_hour=max_per_hour), 1000.0, []
    for gap_s in gaps_s:
        now_s += gap_s
        try:
            guard = guard.admit(StartCuff(), now_s)
        except NotPossible:
            continue
        started_s.append(now_s)
    assert all(later - earlier >= MIN_PAUSE_S for earlier, later in zip(started_s, started_s[1:], strict=False))
    assert all(sum(at - HOUR_S < other <= at for other in started_s) <= max_per_hour for at in started_s)
