"""What a person or a schedule may ask of the music; refused in words where a rule forbids it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kapconsole.refusals import Refused


class NotPossible(Refused):
    """A wish about the music cannot be granted."""


class Act(StrEnum):
    """What may be asked of the music that plays."""

    HOLD = "hold"
    """Stay in this segment; its tracks repeat."""
    GO_ON = "go-on"
    """End the hold."""
    EASE = "ease"
    """Softly on to the descent, now."""
    RESOLVE = "resolve"
    """Crossfade to the return, now."""
    ONWARD = "onward"
    """Crossfade to the next segment, now."""
    SKIP = "skip"
    """Crossfade to the next track of this segment."""
    PAUSE = "pause"
    """Silence in 2 s; the position is kept."""
    RESUME = "resume"
    """Back in 3 s, at the same position."""
    SILENCE = "silence"
    """Silence at once (30 ms)."""


class ChoosePlaylist(msgspec.Struct, frozen=True, tag="playlist-choose"):
    """Take this playlist for the session: a name, or the path of a file."""

    name: str


class PlayMusic(msgspec.Struct, frozen=True, tag="music-play"):
    """Begin. `segment`: where; empty: where the arc stands by the time since the dose."""

    segment: str = ""


class SteerMusic(msgspec.Struct, frozen=True, tag="music-steer"):
    """Hold, go on, ease, resolve early, onward, skip, pause, resume, silence."""

    act: Act


class FadeMusic(msgspec.Struct, frozen=True, tag="music-fade"):
    """Fade to silence over `seconds` (2 to 600); resume brings it back."""

    seconds: float = 30.0


class StepVolume(msgspec.Struct, frozen=True, tag="music-volume"):
    """Louder or softer by `step_db` (at most 3 dB at a time), over 2 s, never above the ceiling."""

    step_db: float


MusicWish = ChoosePlaylist | PlayMusic | SteerMusic | FadeMusic | StepVolume
