"""What the monitor grants and refuses, and the view that it and the screens decide by."""

from __future__ import annotations

import pytest

from kapconsole.cues.music import events as mu
from kapconsole.cues.music import wishes as ws
from kapconsole.cues.music.desk import decide
from kapconsole.cues.music.view import EMPTY, MusicView, fold
from kapconsole.cues.music.wishes import Act, NotPossible
from kapconsole.events import Event

TRACKS = tuple(mu.Track(name, name, 9_600_000, 0.0) for name in "ab")
NAMES = ("opening", "build", "peak", "descent", "return")
SEGMENTS = tuple(mu.Segment(name, 10.0 * (n + 1), TRACKS) for n, name in enumerate(NAMES))
CHOSEN = mu.PlaylistChosen("arc", 8.0, SEGMENTS, 5)


def choose(name: str, now_us: int) -> tuple[mu.PlaylistChosen, list[str]]:
    if name != "arc":
        raise NotPossible(f"there is no playlist {name!r}")
    return CHOSEN, ["opening: c.flac is missing"]


def after(*bodies: mu.MusicBody) -> MusicView:
    view = EMPTY
    for number, body in enumerate(bodies):
        view = fold(view, Event(number, 0, 0, "room", body))
    return view


def playing(segment: str = "peak") -> MusicView:
    heard = mu.MusicPlaying("a", "a", segment, 0.0, 200.0, 210_000_000, "next", "b", segment, 200.0, 10_000_000)
    return after(CHOSEN, mu.SegmentEntered(segment, "time", None, 10_000_000), heard)


def test_a_playlist_is_chosen_whole_and_what_is_missing_is_told() -> None:
    bodies = decide(ws.ChoosePlaylist("arc"), EMPTY, 5, choose)
    assert bodies == [CHOSEN, mu.MusicTrouble("playlist", "", "opening: c.flac is missing", 5)]
    with pytest.raises(NotPossible, match="no playlist 'x'"):
        decide(ws.ChoosePlaylist("x"), EMPTY, 5, choose)
    with pytest.raises(NotPossible, match="music is playing"):
        decide(ws.ChoosePlaylist("arc"), playing(), 5, choose)


def test_play_needs_a_playlist_and_a_segment_that_it_has() -> None:
    assert decide(ws.PlayMusic("peak"), after(CHOSEN), 7, choose) == [mu.MusicAsked("play", 7, segment="peak")]
    for view, wish, words in (
        (EMPTY, ws.PlayMusic(), "no playlist"),
        (after(CHOSEN), ws.PlayMusic("coda"), "it has opening, build"),
        (playing(), ws.PlayMusic(), "plays already"),
    ):
        with pytest.raises(NotPossible, match=words):
            decide(wish, view, 7, choose)


@pytest.mark.parametrize("act", [each for each in Act if each not in (Act.RESUME, Act.GO_ON)])
def test_what_steers_needs_music_that_plays(act: Act) -> None:
    assert decide(ws.SteerMusic(act), playing(), 9, choose) == [mu.MusicAsked(act.value, 9)]
    for view in (EMPTY, after(CHOSEN), after(CHOSEN, mu.MusicFaded("pause", 2.0, -6.0, 1))):
        with pytest.raises(NotPossible):
            decide(ws.SteerMusic(act), view, 9, choose)


def test_what_makes_no_sense_here_is_refused_in_words() -> None:
    held = fold(playing(), Event(9, 0, 0, "room", mu.SegmentHeld("peak", True, 1)))
    for view, act, words in (
        (held, Act.HOLD, "held already"),
        (playing(), Act.GO_ON, "not held"),
        (playing("descent"), Act.EASE, "in the descent already"),
        (playing("return"), Act.RESOLVE, "in the return already"),
        (playing("return"), Act.ONWARD, "no segment after"),
        (playing(), Act.RESUME, "not paused"),
    ):
        with pytest.raises(NotPossible, match=words):
            decide(ws.SteerMusic(act), view, 9, choose)


def test_the_volume_goes_in_small_steps_and_never_above_its_ceiling() -> None:
    loud = fold(playing(), Event(9, 0, 0, "room", mu.MusicFaded("volume", 2.0, -1.0, 1)))
    assert decide(ws.StepVolume(2.0), loud, 9, choose) == [mu.MusicAsked("volume", 9, volume_db=0.0)]
    top = fold(loud, Event(10, 0, 0, "room", mu.MusicFaded("volume", 2.0, 0.0, 2)))
    with pytest.raises(NotPossible, match="at its ceiling"):
        decide(ws.StepVolume(1.0), top, 9, choose)
    with pytest.raises(NotPossible, match="3 dB at a time"):
        decide(ws.StepVolume(6.0), playing(), 9, choose)


@pytest.mark.parametrize("seconds", [0.5, 601.0])
def test_a_fade_is_neither_a_shock_nor_endless(seconds: float) -> None:
    with pytest.raises(NotPossible, match="from 2 to 600 s"):
        decide(ws.FadeMusic(seconds), playing(), 9, choose)


def test_the_view_says_what_plays_what_is_next_and_how_long_it_lasts() -> None:
    view = playing()
    assert (view.state, view.playing.next_title, view.remaining_s(110_000_000)) == ("playing", "b", 100.0)  # type: ignore[union-attr]
    paused = fold(view, Event(9, 0, 0, "room", mu.MusicFaded("pause", 2.0, -6.0, 20_000_000)))
    assert (paused.state, paused.remaining_s(30_000_000)) == ("paused", None)
    resumed = fold(paused, Event(10, 0, 0, "room", mu.MusicFaded("resume", 3.0, -6.0, 40_000_000)))
    assert resumed.state == "playing"
    ended = fold(resumed, Event(11, 0, 0, "room", mu.MusicEnded("the arc is over", 50_000_000)))
    assert (ended.state, ended.playing, ended.ended) == ("ended", None, "the arc is over")
