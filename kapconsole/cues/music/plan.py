"""What is to be heard, frame by frame: tracks placed in one stream of 48 kHz frames, and level curves over it.

A plan is frozen and its sound a pure function of the frame number: rendered ahead, rendered again after a change, or
rendered into a file, the same frames come out. Fades follow the audio reference, section 8.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from kapconsole.cues.music.events import Track

RATE_HZ = 48_000
SILENCE_DB = -200.0
FLOOR_DB = -60.0
"""A fade to silence is even in decibels down to here; its last twentieth is a straight line to zero."""

TAIL = 0.05

Stereo = NDArray[np.float32]
"""Samples of shape (frames, 2)."""

Read = Callable[[Track, int, int], Stereo]
"""(track, first frame, count): that stretch of the track at 48 kHz, before any gain; zeros beyond its end."""


class Piece(msgspec.Struct, frozen=True):
    """A level curve from frame `start` on: over `frames` from one level to another, which then stays. In dB."""

    start: int
    frames: int
    from_db: float
    to_db: float


Envelope = tuple[Piece, ...]
"""By growing start; each piece holds until the next one begins. Before the first one: its first level."""


class Placement(msgspec.Struct, frozen=True):
    """Stream frames `start` to `end` (not included) give the track from its frame `source` on.

    `fade_in` and `fade_out` in frames, of equal power. `why` it plays, for the log.
    """

    segment: int
    index: int
    track: Track
    start: int
    end: int
    source: int
    fade_in: int = 0
    fade_out: int = 0
    why: str = "next"

    def source_at(self, frame: int) -> int:
        """The track's frame that is heard at the stream's `frame`."""
        return self.source + frame - self.start


class Plan(msgspec.Struct, frozen=True):
    """Placements by growing start; `presence` is what pauses and fades do, `volume` what a person has set."""

    placements: tuple[Placement, ...] = ()
    presence: Envelope = (Piece(0, 0, 0.0, 0.0),)
    volume: Envelope = (Piece(0, 0, 0.0, 0.0),)

    def at(self, frame: int) -> Placement | None:
        """The newest placement that is heard at `frame`."""
        for each in reversed(self.placements):
            if each.start <= frame:
                return each if frame < each.end else None
        return None

    def after(self, frame: int) -> Placement | None:
        """The first placement that begins after `frame`."""
        return next((each for each in self.placements if each.start > frame), None)

    def without_past(self, frame: int) -> Plan:
        """The plan without what was over by `frame`."""
        return Plan(
            tuple(each for each in self.placements if each.end > frame),
            _recent(self.presence, frame),
            _recent(self.volume, frame),
        )


def amplitude(db: float) -> float:
    """The factor of a level in dB; 0 at `SILENCE_DB` and below."""
    return 0.0 if db <= SILENCE_DB else 10.0 ** (db / 20.0)


def decibels(factor: float) -> float:
    """The level of a factor in dB, not below `SILENCE_DB`."""
    return SILENCE_DB if factor <= 1e-10 else 20.0 * math.log10(factor)


def level(envelope: Envelope, frame: int) -> float:
    """The level at one frame in dB."""
    return decibels(float(curve(envelope, frame, 1)[0]))


def turned(envelope: Envelope, frame: int, to_db: float, frames: int) -> Envelope:
    """The envelope that from `frame` on goes to another level, without a jump."""
    kept = tuple(piece for piece in envelope if piece.start < frame) or envelope[:1]
    return (*kept, Piece(frame, max(1, frames), level(envelope, frame), to_db))


def curve(envelope: Envelope, first: int, count: int) -> NDArray[np.float64]:
    """The factor at each of `count` frames."""
    out = np.empty(count)
    last = first + count
    for number, piece in enumerate(envelope):
        begin = first if number == 0 else max(first, piece.start)
        end = min(last, envelope[number + 1].start) if number + 1 < len(envelope) else last
        if begin < end:
            out[begin - first : end - first] = _piece(piece, begin, end)
    return out


def render(plan: Plan, read: Read, first: int, count: int) -> Stereo:
    """`count` frames of the music from stream frame `first` on."""
    out = np.zeros((count, 2))
    for each in plan.placements:
        begin, end = max(first, each.start), min(first + count, each.end)
        if begin < end:
            found = read(each.track, each.source_at(begin), end - begin)
            out[begin - first : end - first] += found * _gain(each, begin, end)[:, np.newaxis]
    out *= (curve(plan.presence, first, count) * curve(plan.volume, first, count))[:, np.newaxis]
    return out.astype(np.float32)


def ending(placement: Placement, end: int, fade_out: int) -> Placement:
    """The placement with another end."""
    return replace(placement, end=end, fade_out=max(0, min(fade_out, end - placement.start)))


def _gain(placement: Placement, begin: int, end: int) -> NDArray[np.float64]:
    gain = np.full(end - begin, amplitude(placement.track.gain_db))
    frames = np.arange(begin, end) + 0.5
    if begin < placement.start + placement.fade_in:
        gain *= np.sin(0.5 * np.pi * np.clip((frames - placement.start) / placement.fade_in, 0.0, 1.0))
    if end > placement.end - placement.fade_out and placement.fade_out:
        gain *= np.sin(0.5 * np.pi * np.clip((placement.end - frames) / placement.fade_out, 0.0, 1.0))
    return gain


def _piece(piece: Piece, begin: int, end: int) -> NDArray[np.float64]:
    if begin >= piece.start + piece.frames:
        return np.full(end - begin, amplitude(piece.to_db))
    along = np.clip((np.arange(begin, end) - piece.start) / max(1, piece.frames), 0.0, 1.0)
    if piece.to_db <= SILENCE_DB:
        return _to_silence(piece.from_db, along)
    if piece.from_db <= SILENCE_DB:
        return _to_silence(piece.to_db, 1.0 - along)
    return np.asarray(10.0 ** ((piece.from_db + (piece.to_db - piece.from_db) * along) / 20.0))


def _to_silence(from_db: float, along: NDArray[np.float64]) -> NDArray[np.float64]:
    if from_db <= FLOOR_DB:
        return np.asarray(amplitude(from_db) * (1.0 - along))
    even = 10.0 ** ((from_db + (FLOOR_DB - from_db) * along / (1.0 - TAIL)) / 20.0)
    line = amplitude(FLOOR_DB) * (1.0 - along) / TAIL
    return np.where(along < 1.0 - TAIL, even, line)


def _recent(envelope: Envelope, frame: int) -> Envelope:
    starts = [number for number, piece in enumerate(envelope) if piece.start <= frame]
    return envelope[starts[-1] :] if starts else envelope
