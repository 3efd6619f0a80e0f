"""What the monitor decides about a wish for the music: granted, as bodies for the log and the room, or refused."""

from __future__ import annotations

from collections.abc import Callable

from kapconsole.cues.music import events as mu
from kapconsole.cues.music import wishes as ws
from kapconsole.cues.music.player import LEAST_DB, ROLES, START_DB
from kapconsole.cues.music.view import MusicView
from kapconsole.cues.music.wishes import Act, NotPossible

STEP_DB = 3.0
FADE_S = (2.0, 600.0)

Choose = Callable[[str, int], tuple[mu.PlaylistChosen, list[str]]]
"""`playlists.choose`: reads files, so it is given from outside."""


def decide(wish: ws.MusicWish, view: MusicView, now_us: int, choose: Choose) -> list[mu.MusicBody]:
    """The bodies that grant a wish, in order; all but MusicTrouble are passed to the room. Raises Refused."""
    match wish:
        case ws.ChoosePlaylist(name=name):
            if view.state in ("playing", "paused", "faded", "asked"):
                raise NotPossible("music is playing: another playlist can be taken when it has ended")
            chosen, troubles = choose(name, now_us)
            return [chosen, *(mu.MusicTrouble("playlist", "", words, now_us) for words in troubles)]
        case ws.PlayMusic(segment=segment):
            _check_play(view, segment)
            return [mu.MusicAsked("play", now_us, segment=segment)]
        case ws.SteerMusic(act=act):
            _check_act(view, act)
            return [mu.MusicAsked(act.value, now_us)]
        case ws.FadeMusic(seconds=seconds):
            _check_playing(view)
            if not FADE_S[0] <= seconds <= FADE_S[1]:
                raise NotPossible(f"a fade lasts from {FADE_S[0]:g} to {FADE_S[1]:g} s")
            return [mu.MusicAsked("fade", now_us, seconds=seconds)]
        case ws.StepVolume(step_db=step_db):
            return [_volume(view, step_db, now_us)]


def _check_play(view: MusicView, segment: str) -> None:
    if view.playlist is None:
        raise NotPossible("no playlist has been chosen for this session")
    if view.state in ("playing", "asked"):
        raise NotPossible("the music plays already")
    if view.state in ("paused", "faded"):
        raise NotPossible("the music is paused: resume it")
    if segment and view.segment_named(segment) is None:
        names = ", ".join(each.name for each in view.playlist.segments)
        raise NotPossible(f"this playlist has no segment {segment!r}; it has {names}")


def _check_playing(view: MusicView) -> None:
    if view.state == "asked":
        return  # the room has not told yet that it plays; it will say if it cannot
    if view.state != "playing":
        words = {"paused": "the music is paused: resume it first", "faded": "the music has been faded: resume it first"}
        raise NotPossible(words.get(view.state, "no music is playing"))


def _check_act(view: MusicView, act: Act) -> None:
    if act is Act.RESUME:
        if view.state not in ("paused", "faded"):
            raise NotPossible("the music is not paused")
        return
    _check_playing(view)
    if act is Act.HOLD and view.held:
        raise NotPossible("this segment is held already")
    if act is Act.GO_ON and not view.held:
        raise NotPossible("this segment is not held")
    if view.playlist is None or view.segment is None:
        return
    names = [each.name for each in view.playlist.segments]
    here = names.index(view.segment.segment) if view.segment.segment in names else 0
    if act in ROLES:
        if ROLES[act] not in names:
            raise NotPossible(f"this playlist has no segment {ROLES[act]!r}")
        if names.index(ROLES[act]) <= here:
            raise NotPossible(f"the music is in the {names[here]} already")
    if act is Act.ONWARD and here == len(names) - 1:
        raise NotPossible("there is no segment after this one")
    if act is Act.SKIP and len(view.playlist.segments[here].tracks) < 2:
        raise NotPossible("this segment has no other track")


def _volume(view: MusicView, step_db: float, now_us: int) -> mu.MusicAsked:
    if not 0 < abs(step_db) <= STEP_DB:
        raise NotPossible(f"the volume changes by at most {STEP_DB:g} dB at a time")
    before_db = START_DB if view.volume_db is None else view.volume_db
    if step_db > 0 and before_db >= 0:
        raise NotPossible("the volume is at its ceiling")
    if step_db < 0 and before_db <= LEAST_DB:
        raise NotPossible("the volume is as low as it goes; pause the music instead")
    return mu.MusicAsked("volume", now_us, volume_db=max(LEAST_DB, min(0.0, before_db + step_db)))
