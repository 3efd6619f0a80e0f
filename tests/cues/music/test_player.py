"""The arc: where it stands, what people may ask of it, and what is told of it. Time is turned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole.cues.music import events as mu
from kapconsole.cues.music.plan import RATE_HZ, Placement, curve, level, render
from kapconsole.cues.music.player import Player, Saved, Times
from kapconsole.cues.music.wishes import NotPossible

MINUTE = 60 * RATE_HZ


def track(name: str, seconds: float, gapless: bool = False) -> mu.Track:
    return mu.Track(name, name, round(seconds * RATE_HZ), 0.0, gapless)


def arc(exact: bool = False) -> mu.PlaylistChosen:
    lines = (
        ("opening", 12.0, ("a", "b")),
        ("build", 30.0, ("c", "d")),
        ("peak", 55.0, ("e", "f")),
        ("descent", 75.0, ("g", "h")),
        ("return", 100.0, ("i", "j")),
    )
    segments = tuple(
        mu.Segment(name, until, tuple(track(each, 300.0) for each in names), exact) for name, until, names in lines
    )
    return mu.PlaylistChosen("arc", 8.0, segments, 0)


class Session:
    """A player and the frame that is heard; wishes take effect a moment after it."""

    def __init__(self, chosen: mu.PlaylistChosen, dose: bool = True, speed: float = 1.0) -> None:
        self.player = Player(chosen, Times(0, speed))
        self.frame = 0
        self.told: list[mu.MusicBody] = []
        if dose:
            self.player.set_dose(0, 0)
        self.ask("play")

    def ask(self, act: str, **words: object) -> None:
        self.player.ask(mu.MusicAsked(act, 0, **words), self.frame)  # type: ignore[arg-type]
        self.turn()

    def turn(self) -> None:
        self.player.extend(self.frame, self.frame + MINUTE)
        self.told += self.player.heard(self.frame, lambda frame: round(frame * 1e6 / RATE_HZ))

    def until(self, minute: float) -> Session:
        while self.frame < minute * MINUTE:
            self.frame = min(round(minute * MINUTE), self.frame + RATE_HZ)
            self.turn()
        return self

    @property
    def now(self) -> Placement:
        found = self.player.plan.at(self.frame)
        assert found is not None
        return found

    def entered(self) -> list[tuple[str, float]]:
        """Segments and the minutes at which they were heard."""
        found = [each for each in self.told if isinstance(each, mu.SegmentEntered)]
        return [(each.segment, round(each.at_us / 60e6, 2)) for each in found]


def test_segments_end_with_the_track_whose_end_is_nearest_to_the_target() -> None:
    entered = Session(arc()).until(110).entered()
    assert [name for name, _ in entered] == ["opening", "build", "peak", "descent", "return"]
    for (_, minute), target in zip(entered[1:], (12, 30, 55, 75), strict=True):
        assert abs(minute - target) <= 2.6  # half a track and a crossfade


def test_exact_segments_end_on_the_dot_by_a_crossfade() -> None:
    session = Session(arc(exact=True)).until(110)
    assert session.entered() == [("opening", 0.0), ("build", 12.0), ("peak", 30.0), ("descent", 55.0), ("return", 75.0)]
    assert session.player.state == "ended"
    ended = next(each for each in session.told if isinstance(each, mu.MusicEnded))
    assert (ended.why, round(ended.at_us / 60e6)) == ("the arc is over", 100)


def test_what_plays_next_and_until_when_is_always_known() -> None:
    session = Session(arc())
    while session.frame < 90 * MINUTE:
        session.until(session.frame / MINUTE + 0.5)
        playing = [each for each in session.told if isinstance(each, mu.MusicPlaying)][-1]
        assert playing.next_title
        assert playing.title == session.now.track.title
        assert playing.ends_us / 1e6 == pytest.approx(session.now.end / RATE_HZ, abs=0.001)


def test_without_a_dose_the_opening_goes_on_and_the_dose_sets_the_clock() -> None:
    session = Session(arc(exact=True), dose=False).until(40)
    assert session.entered() == [("opening", 0.0)]
    session.player.set_dose(40 * 60_000_000, session.frame)
    assert session.until(60).entered()[1] == ("build", 52.0)


def test_music_that_is_begun_late_begins_where_the_arc_stands() -> None:
    player = Player(arc(), Times(0))
    player.set_dose(0, 0)
    player.ask(mu.MusicAsked("play", 0), 40 * MINUTE)
    assert player.plan.placements[0].segment == 2


def test_hold_repeats_the_segment_and_its_end_moves_the_rest_along() -> None:
    session = Session(arc(exact=True)).until(40)
    session.ask("hold")
    session.until(70)
    assert session.entered()[-1] == ("peak", 30.0)
    session.ask("go-on")
    session.until(100)
    assert session.entered()[-2:] == [("descent", 70.0), ("return", 90.0)]
    held = [(each.on, each.segment) for each in session.told if isinstance(each, mu.SegmentHeld)]
    assert held == [(True, "peak"), (False, "peak")]


def test_ease_goes_softly_to_the_descent_and_the_arc_moves_along() -> None:
    session = Session(arc(exact=True)).until(35)
    session.ask("ease")
    assert (session.now.track.title, session.now.fade_in / RATE_HZ) == ("g", 20.0)
    session.until(60)
    assert session.entered()[-2:] == [("descent", 35.0), ("return", 55.0)]


def test_resolve_crossfades_to_the_return() -> None:
    session = Session(arc()).until(35)
    session.ask("resolve")
    assert (session.now.track.title, session.now.fade_in / RATE_HZ) == ("i", 8.0)
    with pytest.raises(NotPossible, match="in the return already"):
        session.ask("ease")


def test_skip_goes_to_the_other_track_of_the_segment() -> None:
    session = Session(arc()).until(1)
    session.ask("skip")
    assert (session.now.track.title, session.now.why) == ("b", "skip")
    assert session.player.plan.at(session.frame - 1) is not None


def test_pause_keeps_the_place_and_resume_goes_on_there() -> None:
    session = Session(arc()).until(2)
    session.ask("pause")
    session.until(4)
    assert session.player.state == "paused"
    assert level(session.player.plan.presence, session.frame) <= -200
    session.ask("resume")
    assert session.now.track.title == "a"
    assert session.now.source_at(session.frame) == 122 * RATE_HZ


def test_resume_within_the_fade_of_the_pause_loses_no_sample() -> None:
    session = Session(arc()).until(2)
    session.ask("pause")
    session.until(2 + 1 / 60)
    session.ask("resume")
    session.until(3)
    assert session.now.source_at(session.frame) == 180 * RATE_HZ


def test_silence_is_there_in_30_ms_and_a_fade_lasts_as_long_as_asked() -> None:
    session = Session(arc()).until(2)
    session.ask("silence")
    assert curve(session.player.plan.presence, session.frame + 1440, 100).max() == 0.0
    session.ask("resume")
    session.until(3)
    session.ask("fade", seconds=60.0)
    assert level(session.player.plan.presence, session.frame + 28 * RATE_HZ) > -35
    assert curve(session.player.plan.presence, session.frame + 60 * RATE_HZ, 100).max() == 0.0


def test_a_volume_above_the_ceiling_is_not_given() -> None:
    session = Session(arc())
    session.ask("volume", volume_db=6.0)
    session.until(1)
    assert level(session.player.plan.volume, session.frame) == pytest.approx(0.0)


def test_a_track_that_is_found_spoilt_is_left_by_a_crossfade_that_ends_there() -> None:
    session = Session(arc()).until(1)
    session.player.unsound("a", 100 * RATE_HZ, session.frame)
    session.until(1.5)
    leaving = next(each for each in session.player.plan.placements if each.track.id == "a")
    assert (leaving.end, leaving.fade_out) == (100 * RATE_HZ, 8 * RATE_HZ)
    session.until(2)
    assert session.now.track.id == "b"


def test_when_nothing_can_be_played_any_more_it_says_so() -> None:
    session = Session(arc())
    for name in "abcdefghij":
        session.player.unsound(name, 0, session.frame)
    session.until(1)
    assert session.player.state == "ended"
    assert any(isinstance(each, mu.MusicEnded) for each in session.told)


def test_a_loop_that_is_gapless_has_no_fade_and_no_missing_frame() -> None:
    one = mu.Segment("opening", 12.0, (track("pad", 30.0, gapless=True),), exact=True)
    session = Session(mu.PlaylistChosen("demo", 8.0, (one,), 0)).until(3)
    inner = [each for each in session.player.plan.placements if each.end < 11 * MINUTE]
    assert all(each.fade_out == 0 for each in inner)
    assert all(before.end == after.start for before, after in zip(inner, inner[1:], strict=False))


def test_a_restarted_process_goes_on_three_seconds_earlier_and_softly() -> None:
    session = Session(arc()).until(41)
    session.ask("hold")
    saved = session.player.saved(session.frame)
    again = Player.again(arc(), saved, Times(round(41.05 * 60e6)), 4800)
    again.extend(4800, MINUTE)
    first = again.plan.placements[0]
    assert (first.track, first.source) == (session.now.track, saved.source - 3 * RATE_HZ)
    assert curve(again.plan.presence, 4800, 1)[0] == 0.0
    assert (again.held, again.volume_db, again.dose_us) == (True, -6.0, 0)
    assert again.saved(4800 + 3 * RATE_HZ).source == saved.source


def test_a_pause_outlives_a_restart() -> None:
    session = Session(arc()).until(5)
    session.ask("pause")
    saved = session.player.saved(session.frame)
    again = Player.again(arc(), saved, Times(0), 0)
    assert again.plan.placements == ()
    again.ask(mu.MusicAsked("resume", 0), 100)
    assert again.plan.placements[0].source == saved.source


def test_a_demo_faster_than_life_runs_through_the_whole_arc() -> None:
    session = Session(arc(exact=True), speed=60.0).until(1.9)
    assert [name for name, _ in session.entered()] == ["opening", "build", "peak", "descent", "return"]


ACTS = st.sampled_from(["hold", "go-on", "ease", "resolve", "onward", "skip", "pause", "resume", "silence", "play"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(ACTS, st.integers(1, 20 * RATE_HZ)), max_size=12), st.booleans(), st.booleans())
def test_whatever_is_asked_there_is_neither_hole_nor_jump(
    acts: list[tuple[str, int]], exact: bool, dosed: bool
) -> None:
    """While it plays the crossfades add up to at most one power and never to nothing; gains never jump."""
    session = Session(arc(exact), dose=dosed)
    session.until(0.2)
    for act, wait in acts:
        begun = session.frame
        try:
            session.ask(act)
        except NotPossible:
            pass
        session.frame += wait
        session.turn()
        plan = session.player.plan
        ones = render(plan, lambda track, first, count: np.ones((count, 2), np.float32), begun, wait)[:, 0]
        assert np.abs(np.diff(ones)).max(initial=0.0) < 0.01
        if session.player.state == "playing":
            assert session.player.plan.at(session.frame) is not None
            assert plan.after(session.now.start) is not None or session.now.fade_out
    assert isinstance(session.player.saved(session.frame), Saved)
