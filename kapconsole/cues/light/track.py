"""One zone's level as a function of time, and the rules that no cue, button or script can pass; pure.

A track is made of straight pieces in perceived percent. What is asked for changes the pieces from a moment on, never
what has been. The rules (room light reference 8.4, with margin):

- a change of more than 20 % takes at least 1 s, however many small wishes it is made of; nothing is faster than
  100 % a second;
- the direction changes no more often than once in 1.2 s: until then the level stays where it is.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

TURN_US = 1_200_000
WINDOW_US = 1_000_000
LARGE_PERCENT = 20.0
LARGE_US = 1_000_000
FASTEST_US_PER_PERCENT = 10_000
KEPT_US = 2_000_000


class Piece(msgspec.Struct, frozen=True):
    """A straight line: `start` until `begin_us`, `end` from `end_us` on; levels in perceived percent."""

    begin_us: int
    end_us: int
    start: float
    end: float

    def at(self, now_us: int) -> float:
        """The level at a moment."""
        if now_us >= self.end_us:
            return self.end
        if now_us <= self.begin_us:
            return self.start
        return self.start + (self.end - self.start) * (now_us - self.begin_us) / (self.end_us - self.begin_us)


class Track(msgspec.Struct, frozen=True):
    """A level over time. `past`: what it did in the last two seconds; `rest`: what a hold has left undone.

    `direction` (-1, 0, 1) is that of the last movement, `turned_us` when it began to go that way.
    """

    piece: Piece
    past: tuple[Piece, ...] = ()
    rest: tuple[float, int] | None = None
    direction: int = 0
    turned_us: int = -TURN_US

    def at(self, now_us: int) -> float:
        """The level at a moment of the last two seconds or of the future."""
        piece = self.piece
        for older in reversed(self.past):
            if now_us >= piece.begin_us:
                break
            piece = older
        return piece.at(now_us)

    @property
    def target(self) -> float:
        """Where it is going, or is; what a hold has left undone does not count."""
        return self.piece.end

    @property
    def end_us(self) -> int:
        """When it arrives."""
        return self.piece.end_us

    def moving(self, now_us: int) -> bool:
        """True while the level changes or waits to change."""
        return now_us < self.piece.end_us and self.piece.start != self.piece.end


def still(percent: float, now_us: int) -> Track:
    """A level that stays."""
    return Track(Piece(now_us, now_us, percent, percent), turned_us=now_us - TURN_US)


def asked(track: Track, percent: float, duration_us: int, now_us: int) -> Track:
    """The track that goes from where it is to `percent` in `duration_us`, or in as much as the rules want."""
    stopped = _stopped(track, now_us)
    level = stopped.piece.end
    if percent == level:
        return replace(stopped, rest=None)
    direction = 1 if percent > level else -1
    begin_us = now_us
    if stopped.direction and direction != stopped.direction:
        begin_us = max(now_us, stopped.turned_us + TURN_US)
    least_us = round(abs(percent - level) * FASTEST_US_PER_PERCENT)
    if _change(stopped, percent, begin_us) > LARGE_PERCENT:
        least_us = max(least_us, LARGE_US)
    piece = Piece(begin_us, begin_us + max(1, duration_us, least_us), level, percent)
    kept = [old for old in (*stopped.past, stopped.piece) if old.end_us > now_us - KEPT_US]
    return Track(piece, tuple(kept), None, stopped.direction, stopped.turned_us)


def held(track: Track, now_us: int) -> Track:
    """The track that stays where it is; `resumed` goes on with what it left."""
    if not track.moving(now_us):
        return track
    left_us = track.piece.end_us - max(now_us, track.piece.begin_us)
    return replace(_stopped(track, now_us), rest=(track.piece.end, left_us))


def resumed(track: Track, now_us: int) -> Track:
    """The track that goes on with what a hold has left undone."""
    if track.rest is None:
        return track
    percent, left_us = track.rest
    return asked(replace(track, rest=None), percent, left_us, now_us)


def rated(track: Track, factor: float, now_us: int) -> Track:
    """The track whose remaining time is divided by `factor`; one that is held stays so."""
    if track.rest is not None:
        return replace(track, rest=(track.rest[0], round(track.rest[1] / factor)))
    if not track.moving(now_us):
        return track
    left_us = track.piece.end_us - max(now_us, track.piece.begin_us)
    return asked(track, track.piece.end, round(left_us / factor), now_us)


def _stopped(track: Track, now_us: int) -> Track:
    """The track as it was until now, standing still from now on."""
    piece, direction, turned_us = track.piece, track.direction, track.turned_us
    level = piece.at(now_us)
    if level != piece.start:
        moved = 1 if level > piece.start else -1
        if moved != direction:
            direction, turned_us = moved, piece.begin_us
    past = track.past
    if piece.end_us > now_us:
        # What did not begin did not happen.
        past = (*past, Piece(piece.begin_us, now_us, piece.start, level)) if piece.begin_us < now_us else past
        piece = Piece(now_us, now_us, level, level)
    return Track(piece, past, track.rest, direction, turned_us)


def _change(track: Track, percent: float, begin_us: int) -> float:
    """How far `percent` is from any level of the second before `begin_us`."""
    since_us = begin_us - WINDOW_US
    levels = [track.at(since_us), track.piece.end]
    for piece in (*track.past, track.piece):
        levels += [piece.at(moment) for moment in (piece.begin_us, piece.end_us) if moment >= since_us]
    return max(abs(percent - level) for level in levels)
