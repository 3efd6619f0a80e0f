"""What the music writes into the session log: frozen bodies, free of imports from the rest of kapconsole.

Moments are `at_us`, session microseconds; of what was delivered it is the moment when the first sample of it was heard.
"""

from __future__ import annotations

import msgspec


class Track(msgspec.Struct, frozen=True):
    """One piece of music. `id`: SHA-256 of its file. `frames` at 48 kHz. `gain_db`: by its loudness, never above 0.

    `gapless`: the track before it in its segment runs into it without a fade. `crossfade_s`: from the one before into
    this one; None: as the playlist says.
    """

    id: str
    title: str
    frames: int
    gain_db: float
    gapless: bool = False
    crossfade_s: float | None = None


class Segment(msgspec.Struct, frozen=True):
    """A part of the arc. `until_min`: minutes after the dose at which it is to be over.

    `exact`: it ends then, by a crossfade; else with the track whose end is nearest to that.
    """

    name: str
    until_min: float
    tracks: tuple[Track, ...]
    exact: bool = False


class PlaylistChosen(msgspec.Struct, frozen=True, tag="playlist-chosen"):
    """The music for this session, whole: what is played can be read from the log alone. Nothing plays by this."""

    name: str
    crossfade_s: float
    segments: tuple[Segment, ...]
    at_us: int


class MusicAsked(msgspec.Struct, frozen=True, tag="music-asked"):
    """A person's wish, granted and passed to the room.

    `act`: play, hold, go-on, ease, resolve, onward, skip, pause, resume, fade, silence, volume. `segment`: where to
    begin (play). `seconds`: of a fade. `volume_db`: the volume to go to, 0 the loudest.
    """

    act: str
    at_us: int
    segment: str = ""
    seconds: float = 0.0
    volume_db: float = 0.0


class MusicPlaying(msgspec.Struct, frozen=True, tag="music-playing"):
    """This track is heard since `at_us`, from `position_s` of its `length_s` on; `ends_us` is when it is gone.

    `why`: next, time, skip, ease, resolve, onward, play, resume, again (after the room was restarted), plan (only what
    follows has changed). `next_*`: what plays after it by the present plan, empty at the end.
    """

    track: str
    title: str
    segment: str
    position_s: float
    length_s: float
    ends_us: int
    why: str
    next_title: str
    next_segment: str
    next_s: float
    at_us: int


class SegmentEntered(msgspec.Struct, frozen=True, tag="segment-entered"):
    """Another segment of the arc is heard. `ends_us`: when it is to be over by the present plan; None: not known."""

    segment: str
    why: str
    ends_us: int | None
    at_us: int


class SegmentHeld(msgspec.Struct, frozen=True, tag="segment-held"):
    """A segment is held (it goes on, its tracks repeat), or goes on as planned again."""

    segment: str
    on: bool
    at_us: int


class MusicFaded(msgspec.Struct, frozen=True, tag="music-faded"):
    """The level of the music goes elsewhere, over `over_s` from `at_us` on.

    `what`: pause, resume, fade, silence, volume, end, alone (nobody steers it any more), again (after a restart),
    back (the headphones are back). `volume_db` is the volume that was set, 0 the loudest that the ceiling allows.
    """

    what: str
    over_s: float
    volume_db: float
    at_us: int


class MusicEnded(msgspec.Struct, frozen=True, tag="music-ended"):
    """Silence. `why`: the arc is over, nothing left that can be played, alone, restarts."""

    why: str
    at_us: int


class MusicTrouble(msgspec.Struct, frozen=True, tag="music-trouble"):
    """Something about the music is not as it should be. `what`: track, playlist, restarts, level, gap, position.

    `track`: the title it is about, else empty. `text`: in words for the staff.
    """

    what: str
    track: str
    text: str
    at_us: int


class PatientOutput(msgspec.Struct, frozen=True, tag="patient-output"):
    """PATIENT_OUT. `state`: playing, silent (muted, turned down), lost, none (nothing is set; the music runs unheard).

    `ceiling`: in words, how loud it may get. `text`: what is wrong, in words.
    """

    name: str
    state: str
    ceiling: str
    text: str
    at_us: int


MusicBody = (
    PlaylistChosen
    | MusicAsked
    | MusicPlaying
    | SegmentEntered
    | SegmentHeld
    | MusicFaded
    | MusicEnded
    | MusicTrouble
    | PatientOutput
)
"""Every kind of body about the music."""
