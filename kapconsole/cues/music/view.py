"""The music as the session's state holds it: folded from the log, live and in replay alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from kapconsole.cues.music import events as mu

if TYPE_CHECKING:
    from kapconsole.events import Event

TROUBLES = 5
"""The newest troubles that a view keeps."""


class MusicView(msgspec.Struct, frozen=True):
    """What is known of the music. `state`: none, chosen, asked, playing, paused, faded, ended.

    The position of what plays is `playing.position_s` plus the time since `playing.at_us`, while `state` is playing.
    """

    playlist: mu.PlaylistChosen | None = None
    state: str = "none"
    playing: mu.MusicPlaying | None = None
    segment: mu.SegmentEntered | None = None
    held: bool = False
    volume_db: float | None = None
    output: mu.PatientOutput | None = None
    troubles: tuple[mu.MusicTrouble, ...] = ()
    ended: str = ""
    since_us: int = 0

    def remaining_s(self, now_us: int) -> float | None:
        """Seconds until what plays is gone by the present plan; None while nothing plays."""
        if self.playing is None or self.state != "playing":
            return None
        return max(0.0, (self.playing.ends_us - now_us) / 1e6)

    def segment_named(self, name: str) -> mu.Segment | None:
        """The segment of that name in the playlist."""
        found = [] if self.playlist is None else [each for each in self.playlist.segments if each.name == name]
        return found[0] if found else None


EMPTY = MusicView()


def fold(view: MusicView, event: Event) -> MusicView:
    """The view after one more event."""
    body: object = event.body
    match body:
        case mu.PlaylistChosen():
            if view.state in ("playing", "paused", "faded", "asked"):
                return replace(view, playlist=body)
            return replace(view, playlist=body, state="chosen", since_us=body.at_us)
        case mu.MusicAsked(act="play"):
            return replace(view, state="asked", ended="", since_us=body.at_us)
        case mu.MusicPlaying():
            return replace(view, playing=body, state="playing", ended="", since_us=body.at_us)
        case mu.SegmentEntered():
            return replace(view, segment=body, held=False)
        case mu.SegmentHeld():
            return replace(view, held=body.on)
        case mu.MusicFaded():
            return _faded(view, body)
        case mu.MusicEnded():
            return replace(view, state="ended", ended=body.why, playing=None, since_us=body.at_us)
        case mu.MusicTrouble():
            return replace(view, troubles=(*view.troubles, body)[-TROUBLES:])
        case mu.PatientOutput():
            return replace(view, output=body)
        case _:
            return view


def _faded(view: MusicView, body: mu.MusicFaded) -> MusicView:
    states = {"pause": "paused", "silence": "paused", "fade": "faded", "alone": "faded"}
    state = states.get(body.what, "playing" if body.what == "resume" else view.state)
    return replace(view, volume_db=body.volume_db, state=state, since_us=body.at_us)
