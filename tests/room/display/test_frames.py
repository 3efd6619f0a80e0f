"""What the account of a set's frames says, with swaps at made-up moments."""

from __future__ import annotations

import pytest

from kapconsole.room.display.frames import Frames


def play(frames: Frames, moments: list[float]) -> None:
    for at_s in moments:
        frames.next_s(at_s - 0.004)
        frames.swapped(at_s)


def test_every_refresh_has_its_frame() -> None:
    frames = Frames(50)
    play(frames, [n * 0.02 for n in range(100)])
    shown = frames.shown(7)
    assert (shown.set_id, shown.frames, shown.dropped, shown.dropped_run) == (7, 100, 0, 0)
    assert shown.gap_ms == pytest.approx(20, abs=0.1)
    assert shown.error_max_ms < 17  # the first frame has nothing to go by


def test_missing_frames_are_counted_with_their_longest_run() -> None:
    frames = Frames(50)
    kept = [n for n in range(100) if n not in (20, 50, 51, 52)]
    play(frames, [n * 0.02 for n in kept])
    shown = frames.shown(1)
    assert (shown.frames, shown.dropped, shown.dropped_run) == (96, 4, 3)
    assert shown.gap_ms == pytest.approx(80, abs=0.1)


def test_the_refresh_is_measured_and_not_what_the_screen_claims() -> None:
    frames = Frames(60)
    play(frames, [n / 50 for n in range(200)])
    assert frames.refresh_s == pytest.approx(1 / 50)
    assert frames.shown(1).dropped <= 40  # those before the measure was settled


def test_a_frame_is_drawn_for_the_next_refresh_after_now() -> None:
    frames = Frames(50)
    play(frames, [n * 0.02 for n in range(100)])
    assert frames.next_s(1.985) == pytest.approx(2.0)
    assert frames.next_s(2.013) == pytest.approx(2.02)


def test_a_new_set_counts_anew_and_its_first_gap_is_nobodys_fault() -> None:
    frames = Frames(50)
    play(frames, [n * 0.02 for n in range(10)])
    frames.begin()
    play(frames, [5 + n * 0.02 for n in range(10)])
    shown = frames.shown(2)
    assert (shown.frames, shown.dropped) == (10, 0)
    assert shown.gap_ms == pytest.approx(20, abs=0.1)
