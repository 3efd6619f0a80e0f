"""Session time: the same in every process, faster in the demo, continued after a restart."""

from __future__ import annotations

import pytest

from kapconsole import clock
from kapconsole.clock import ClockFrame, FakeClock, SessionClock, duration_text, resumed_frame


def test_all_processes_of_a_frame_agree_and_speed_scales() -> None:
    frame = ClockFrame(mono_origin_ns=5_000_000_000, utc_origin_us=1_000, speed=60.0)
    one, other = (SessionClock(frame, lambda: 7_000_000_000) for _ in range(2))
    assert one.now_us() == other.now_us() == 120_000_000
    assert one.utc_us() == 120_001_000


def test_within_one_boot_a_session_goes_on_in_its_frame() -> None:
    frame = ClockFrame(1, 2, 1.0)
    assert resumed_frame(frame, same_boot=True) == frame


def test_after_a_reboot_the_wall_clock_says_how_long_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = ClockFrame(mono_origin_ns=10**15, utc_origin_us=1_000_000, speed=1.0)
    monkeypatch.setattr(clock, "wall_us", lambda: 61_000_000)
    monkeypatch.setattr(clock.time, "monotonic_ns", lambda: 3_000_000_000)
    resumed = resumed_frame(frame, same_boot=False)
    assert SessionClock(resumed, lambda: 3_000_000_000).now_us() == 60_000_000


def test_a_wall_clock_set_back_does_not_make_session_time_negative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall_us", lambda: 0)
    monkeypatch.setattr(clock.time, "monotonic_ns", lambda: 3_000_000_000)
    resumed = resumed_frame(ClockFrame(10**15, 1_000_000, 1.0), same_boot=False)
    assert SessionClock(resumed, lambda: 3_000_000_000).now_us() == 0


def test_the_fake_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="backwards"):
        FakeClock().advance(-1)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.9, "59 s"), (125, "2 min 05 s"), (4320, "1 h 12 min"), (-3, "0 s")]
)
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
