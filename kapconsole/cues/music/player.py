"""The arc as a pure engine: wishes and time in, a plan and bodies for the log out. Time is counted in stream frames.

When a segment ends: at its target after the dose, exactly or with the track whose end is nearest to that. Its tracks
repeat until then; without a dose, and while it is held, they repeat without end. A person who sends the music on, or
ends a hold late, moves the rest of the arc along; a segment that is entered late has at least half of its time.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from kapconsole.cues.music import events as mu
from kapconsole.cues.music.plan import RATE_HZ, SILENCE_DB, Piece, Placement, Plan, ending, turned
from kapconsole.cues.music.wishes import Act, NotPossible

PAUSE_S, RESUME_S, SILENCE_S = 2.0, 3.0, 0.03
AGAIN_S, AGAIN_BACK_S = 5.0, 3.0
"""After a restart: faded in over so long, from so much before the place where it broke off."""

EASE_S = 20.0
END_S = 10.0
VOLUME_S = 2.0
LOST_S = 2.0
"""Fade into the track after one that broke off without warning."""

START_DB = -6.0
LEAST_DB = -48.0
SHORTEST = RATE_HZ
"""Frames that a track has at least to be played."""

ROLES = {Act.EASE: "descent", Act.RESOLVE: "return"}


class Saved(msgspec.Struct, frozen=True):
    """Where the music stands, enough to go on after a crash. `source`: the heard frame of the track."""

    state: str
    segment: int
    index: int
    source: int
    held: bool
    volume_db: float
    dose_us: int | None
    shift_us: int


class Times(msgspec.Struct, frozen=True):
    """Session time of stream frame 0, and how fast session time runs (the demo's may be faster than life)."""

    zero_us: int
    speed: float = 1.0

    def frame(self, us: int) -> int:
        """The frame that is heard at a session time."""
        return round((us - self.zero_us) * RATE_HZ / 1e6 / self.speed)

    def us(self, frame: int) -> int:
        """The session time at which a frame is heard, microseconds."""
        return self.zero_us + round(frame * 1e6 * self.speed / RATE_HZ)


class Player:
    """One playlist being played. `state`: idle, playing, paused, ended. Frames given to it never go backwards."""

    def __init__(self, playlist: mu.PlaylistChosen, times: Times, volume_db: float = START_DB) -> None:
        self.playlist = playlist
        self.plan = Plan(volume=(Piece(0, 0, volume_db, volume_db),))
        self.state = "idle"
        self.held = False
        self.volume_db = volume_db
        self.dose_us: int | None = None
        self._times = times
        self._shift_us = 0
        self._paused = (0, 0, 0)  # segment, index, source
        self._paused_from = 0
        self._unsound: dict[str, int] = {}  # track: frame from which it cannot be played
        self._untold: list[tuple[int, mu.MusicBody]] = []
        self._told: tuple[object, ...] = ()
        self._told_segment = -1

    # -- wishes -----------------------------------------------------------------------------------------------------

    def ask(self, asked: mu.MusicAsked, frame: int) -> None:
        """Do what was asked, from `frame` on (the first that can still be changed). Raises NotPossible."""
        if asked.act == "play":
            self._play(asked.segment, frame)
        elif asked.act == "volume":
            self.set_volume(asked.volume_db, frame)
        elif asked.act == Act.RESUME:
            self._resume(frame)
        else:
            if self.state != "playing":
                raise NotPossible(f"no music is playing ({self.state})")
            self._steer(asked, frame)

    def set_dose(self, dose_us: int, frame: int) -> None:
        """The first dose is the zero of the arc; later ones change nothing."""
        if self.dose_us is None:
            self.dose_us = dose_us
            self._plan_anew(frame)

    def set_times(self, times: Times, frame: int) -> None:
        """Session time is counted otherwise than was thought."""
        self._times = times
        self._plan_anew(frame)

    def set_volume(self, volume_db: float, frame: int, over_s: float = VOLUME_S) -> None:
        """Go to another volume, in dB below the loudest that is allowed."""
        self.volume_db = max(LEAST_DB, min(0.0, volume_db))
        self.plan = replace(self.plan, volume=turned(self.plan.volume, frame, self.volume_db, _frames(over_s)))
        self._fade_told("volume", over_s, frame)

    def quiet(self, what: str, over_s: float, frame: int) -> None:
        """Fade to silence and keep the position; `what` for the log."""
        if self.state != "playing":
            return
        until = frame + _frames(over_s)
        self.extend(frame, until + 1)
        placements = [each for each in self.plan.placements if each.start <= until]
        last = placements[-1]
        self._paused = (last.segment, last.index, min(last.source_at(until), self._frames_of(last.track)))
        self._paused_from = until
        if last.end > until:
            placements[-1] = ending(last, max(until, last.start + 1), 0)
        presence = turned(self.plan.presence, frame, SILENCE_DB, _frames(over_s))
        self.plan = replace(self.plan, placements=tuple(placements), presence=presence)
        self.state = "paused"
        self._fade_told(what, over_s, frame)

    def dip(self, what: str, over_s: float, frame: int) -> None:
        """Silence at `frame`, from there on faded in: what was heard before it was heard nowhere."""
        self.plan = replace(self.plan, presence=(Piece(frame, _frames(over_s), SILENCE_DB, 0.0),))
        self._fade_told(what, over_s, frame)

    def unsound(self, track: str, from_source: int, frame: int) -> None:
        """A track cannot be played from its frame `from_source` on: it is left before that."""
        self._unsound[track] = min(from_source, self._unsound.get(track, from_source))
        self._plan_anew(frame)

    # -- time -------------------------------------------------------------------------------------------------------

    def extend(self, frame: int, until: int) -> None:
        """Plan on until the stream's frame `until`; nothing before `frame` is changed any more."""
        if self.state != "playing":
            return
        self.plan = self.plan.without_past(frame - 10 * RATE_HZ)
        # What plays next is always known: at least one placement lies ahead.
        while self.plan.placements:
            last = self.plan.placements[-1]
            if last.end >= until and last.start > frame and (last.fade_out or self._cut_due(last) is None):
                return
            if not self._continue(frame):
                return

    def heard(self, frame: int, us_at: Callable[[int], int]) -> list[mu.MusicBody]:
        """What has been delivered by the time `frame` is heard. `us_at`: session time of a frame."""
        due = [each for each in self._untold if each[0] <= frame]
        self._untold = [each for each in self._untold if each[0] > frame]
        out: list[tuple[int, mu.MusicBody]] = [(at, _moved(body, us_at(at))) for at, body in due]
        now = self.plan.at(frame)
        if now is not None and self.state == "playing":
            out += [(now.start, body) for body in self._now(now, frame, us_at)]
        elif self.state == "playing" and self.plan.placements and frame >= self.plan.placements[-1].end:
            self.state = "ended"
            why = "the arc is over" if self.plan.placements[-1].fade_out else "nothing is left that can be played"
            out.append((frame, mu.MusicEnded(why, us_at(frame))))
        return [body for _, body in out]

    def saved(self, frame: int) -> Saved:
        """Where it stands when `frame` is heard."""
        now = self.plan.at(frame)
        segment, index, source = self._paused
        if self.state == "playing" and now is not None:
            segment, index, source = now.segment, now.index, now.source_at(frame)
        held, dose_us, shift_us = self.held, self.dose_us, self._shift_us
        return Saved(self.state, segment, index, source, held, self.volume_db, dose_us, shift_us)

    @classmethod
    def again(cls, playlist: mu.PlaylistChosen, saved: Saved, times: Times, frame: int) -> Player:
        """Go on where another process broke off: a little earlier, faded in; paused music stays paused."""
        player = cls(playlist, times, saved.volume_db)
        player.held, player.dose_us, player._shift_us = saved.held, saved.dose_us, saved.shift_us
        player._paused = (saved.segment, saved.index, saved.source)
        player.state = saved.state
        if saved.state == "playing":
            source = max(0, saved.source - _frames(AGAIN_BACK_S))
            player._place(saved.segment, saved.index, source, frame, 0, "again")
            player.plan = replace(player.plan, presence=(Piece(frame, _frames(AGAIN_S), SILENCE_DB, 0.0),))
            player._fade_told("again", AGAIN_S, frame)
            player._told_segment = saved.segment
        return player

    # -- acts -------------------------------------------------------------------------------------------------------

    def _play(self, name: str, frame: int) -> None:
        if self.state in ("playing", "paused"):
            raise NotPossible(
                "the music plays already" if self.state == "playing" else "the music is paused: resume it"
            )
        segment = self._named(name) if name else self._by_time(frame)
        found = self._first_sound(segment)
        if found is None:
            raise NotPossible("nothing of this playlist can be played")
        self.held = False
        self.state = "playing"
        if name:
            self._shift_to(found[0], frame)
        self._told, self._told_segment = (), -1
        self.plan = replace(self.plan, placements=(), presence=(Piece(frame, _frames(RESUME_S), SILENCE_DB, 0.0),))
        self._place(*found, 0, frame, 0, "play")
        self._fade_told("volume", 0.0, frame)

    def _resume(self, frame: int) -> None:
        if self.state != "paused":
            raise NotPossible("the music is not paused")
        segment, index, source = self._paused
        now = self.plan.at(frame)
        if frame < self._paused_from and now is not None:
            segment, index, source = now.segment, now.index, now.source_at(frame)
            self._cut(frame, 0)
        self.state = "playing"
        presence = turned(self.plan.presence, frame, 0.0, _frames(RESUME_S))
        self.plan = replace(self.plan, presence=presence)
        tracks = self.playlist.segments[segment].tracks
        if source >= self._frames_of(tracks[index]) - SHORTEST:
            found = self._next_sound(segment, index) or self._first_sound(segment + 1)
            if found is None:
                raise NotPossible("nothing is left that can be played")
            segment, index, source = *found, 0
        self._place(segment, index, source, frame, 0, "resume")
        self._fade_told("resume", RESUME_S, frame)

    def _steer(self, asked: mu.MusicAsked, frame: int) -> None:
        now = self.plan.at(frame) or self.plan.placements[-1]
        match asked.act:
            case Act.HOLD:
                self._hold(True, now, frame)
            case Act.GO_ON:
                self._hold(False, now, frame)
            case Act.EASE | Act.RESOLVE:
                role = ROLES[Act(asked.act)]
                segment = self._named(role)
                if segment <= now.segment:
                    raise NotPossible(f"the music is in the {self.playlist.segments[now.segment].name} already")
                self._go(segment, asked.act, EASE_S if asked.act == Act.EASE else self.playlist.crossfade_s, frame)
            case Act.ONWARD:
                self._go(now.segment + 1, "onward", self.playlist.crossfade_s, frame)
            case Act.SKIP:
                found = self._next_sound(now.segment, now.index)
                if found is None or found == (now.segment, now.index):
                    raise NotPossible("this segment has no other track that can be played")
                self._switch(found, "skip", self.playlist.crossfade_s, frame)
            case Act.PAUSE:
                self.quiet("pause", PAUSE_S, frame)
            case Act.SILENCE:
                self.quiet("silence", SILENCE_S, frame)
            case "fade":
                self.quiet("fade", asked.seconds, frame)
            case _:
                raise NotPossible(f"{asked.act!r} is not an act of the music")

    def _hold(self, on: bool, now: Placement, frame: int) -> None:
        if self.held == on:
            raise NotPossible("this segment is held already" if on else "this segment is not held")
        self.held = on
        target_us = self._target_us(now.segment)
        if not on and target_us is not None:
            self._shift_us += max(0, self._times.us(frame) - target_us)
        self._untold.append((frame, mu.SegmentHeld(self.playlist.segments[now.segment].name, on, 0)))
        self._plan_anew(frame)

    def _go(self, segment: int, why: str, over_s: float, frame: int) -> None:
        found = self._first_sound(segment)
        if found is None:
            raise NotPossible("there is no segment after this one")
        self.held = False
        self._shift_to(found[0], frame)
        self._switch(found, why, over_s, frame)

    def _switch(self, found: tuple[int, int], why: str, over_s: float, frame: int) -> None:
        length = self._crossfade(found, over_s)
        self._cut(frame, length)
        self._place(*found, 0, frame, length, why)

    # -- planning ---------------------------------------------------------------------------------------------------

    def _plan_anew(self, frame: int) -> None:
        """Drop what lies ahead: the next `extend` decides again."""
        placements = [each for each in self.plan.placements if each.start <= frame]
        if self.state != "playing" or not placements:
            return
        last = placements[-1]
        if not last.fade_out or frame < last.end - last.fade_out:
            natural = last.start + self._frames_of(last.track) - last.source
            placements[-1] = ending(last, max(natural, frame, last.start + 1), 0)
        self.plan = replace(self.plan, placements=tuple(placements))

    def _continue(self, frame: int) -> bool:
        """Place what follows the last placement; False at the end of the arc."""
        last = self.plan.placements[-1]
        if last.fade_out:
            return False
        cut, found = self._cut_due(last), None
        if cut is not None:
            cut = max(cut, frame, last.start + last.fade_in)
            found = self._first_sound(last.segment + 1)
            why = "time"
        if cut is None:
            found, why = self._at_end_of(last)
        if found is None:
            at = last.end if cut is None else min(last.end, cut + _frames(END_S))
            fade = min(_frames(END_S), max(1, at - max(frame, last.start)))
            self._replace_last(ending(last, at, fade))
            self._untold.append((at - fade, mu.MusicFaded("end", fade / RATE_HZ, self.volume_db, 0)))
            return False
        track = self.playlist.segments[found[0]].tracks[found[1]]
        gapless = track.gapless and cut is None and found[0] == last.segment and why == "next"
        over_s = self.playlist.crossfade_s if track.crossfade_s is None else track.crossfade_s
        room = last.end - max(frame, last.start + last.fade_in)
        length = 0 if gapless else max(0, min(self._crossfade(found, over_s), room))
        if cut is None:
            start = max(frame, last.end - length)
            late = last.end <= frame
            self._replace_last(ending(last, last.end, length))
            self._enter(found, start, _frames(LOST_S) if late else length, why)
        else:
            length = min(length, max(0, last.end - cut))
            self._replace_last(ending(last, cut + length, length))
            self._enter(found, cut, length, why)
        return True

    def _at_end_of(self, last: Placement) -> tuple[tuple[int, int] | None, str]:
        """What follows a track that has come to its end, and why."""
        following = self._next_sound(last.segment, last.index)
        target_us = None if self.held else self._target_us(last.segment)
        if following is not None:
            if target_us is None:
                return following, "next"
            ahead = self._frames_of(self.playlist.segments[following[0]].tracks[following[1]])
            left = self._times.frame(target_us) - last.end
            if left > (0 if self.playlist.segments[last.segment].exact else ahead / 2):
                return following, "next"
        return self._first_sound(last.segment + 1), "time"

    def _cut_due(self, last: Placement) -> int | None:
        """The frame at which an exact segment ends within `last`; None when it does not."""
        target_us = self._target_us(last.segment)
        if self.held or target_us is None or not self.playlist.segments[last.segment].exact:
            return None
        target = self._times.frame(target_us)
        return target if target < last.end - 1 else None

    def _enter(self, found: tuple[int, int], start: int, fade_in: int, why: str) -> None:
        last = self.plan.placements[-1]
        target_us = self._target_us(found[0])
        if found[0] != last.segment and target_us is not None:
            least_us = self._planned_us(found[0]) // 2
            self._shift_us += max(0, self._times.us(start) + least_us - target_us)
        self._place(*found, 0, start, fade_in, why)

    def _place(self, segment: int, index: int, source: int, start: int, fade_in: int, why: str) -> None:
        track = self.playlist.segments[segment].tracks[index]
        end = start + max(1, self._frames_of(track) - source)
        placement = Placement(segment, index, track, start, end, source, min(fade_in, end - start), 0, why)
        self.plan = replace(self.plan, placements=(*self.plan.placements, placement))

    def _cut(self, frame: int, length: int) -> None:
        """End at `frame` what is heard then, over `length` frames, and drop what was to follow."""
        placements = [each for each in self.plan.placements if each.start <= frame]
        if placements and placements[-1].end - placements[-1].fade_out > frame:
            last = placements[-1]
            end = max(min(last.end, frame + length), last.start + 1)
            placements[-1] = ending(last, end, end - frame if length else 0)
        self._untold = [each for each in self._untold if not (isinstance(each[1], mu.MusicFaded) and each[0] > frame)]
        self.plan = replace(self.plan, placements=tuple(placements))

    def _replace_last(self, last: Placement) -> None:
        self.plan = replace(self.plan, placements=(*self.plan.placements[:-1], last))

    def _crossfade(self, into: tuple[int, int], over_s: float) -> int:
        """Frames: as asked, but no longer than half of the track and, where the arc runs, of its segment."""
        frames = min(_frames(over_s), self._frames_of(self.playlist.segments[into[0]].tracks[into[1]]) // 2)
        if self.dose_us is None:
            return frames
        return min(frames, max(1, round(self._planned_us(into[0]) / 2e6 * RATE_HZ / self._times.speed)))

    # -- the arc ----------------------------------------------------------------------------------------------------

    def _target_us(self, segment: int) -> int | None:
        if self.dose_us is None:
            return None
        return self.dose_us + round(self.playlist.segments[segment].until_min * 60e6) + self._shift_us

    def _planned_us(self, segment: int) -> int:
        before = self.playlist.segments[segment - 1].until_min if segment else 0.0
        return round(max(0.0, self.playlist.segments[segment].until_min - before) * 60e6)

    def _shift_to(self, segment: int, frame: int) -> None:
        """A person begins a segment now: the rest of the arc moves along."""
        target_us = self._target_us(segment)
        if target_us is not None:
            self._shift_us += self._times.us(frame) + self._planned_us(segment) - target_us

    def _by_time(self, frame: int) -> int:
        now_us = self._times.us(frame)
        for number in range(len(self.playlist.segments)):
            target_us = self._target_us(number)
            if target_us is None or target_us - now_us >= self._planned_us(number) // 2:
                return number
        return len(self.playlist.segments) - 1

    def _named(self, name: str) -> int:
        for number, segment in enumerate(self.playlist.segments):
            if segment.name == name:
                return number
        raise NotPossible(f"this playlist has no segment {name!r}")

    def _frames_of(self, track: mu.Track) -> int:
        return min(track.frames, self._unsound.get(track.id, track.frames))

    def _next_sound(self, segment: int, index: int) -> tuple[int, int] | None:
        """The track after this one in its segment, from its end again at the first, that can be played."""
        tracks = self.playlist.segments[segment].tracks
        for step in range(1, len(tracks) + 1):
            number = (index + step) % len(tracks)
            if self._frames_of(tracks[number]) >= SHORTEST:
                return segment, number
        return None

    def _first_sound(self, segment: int) -> tuple[int, int] | None:
        """The first track that can be played, in this segment or one after it."""
        for number in range(segment, len(self.playlist.segments)):
            found = self._next_sound(number, len(self.playlist.segments[number].tracks) - 1)
            if found is not None:
                return found
        return None

    # -- telling ----------------------------------------------------------------------------------------------------

    def _fade_told(self, what: str, over_s: float, frame: int) -> None:
        self._untold.append((frame, mu.MusicFaded(what, over_s, self.volume_db, 0)))

    def _now(self, now: Placement, frame: int, us_at: Callable[[int], int]) -> list[mu.MusicBody]:
        following = self.plan.after(now.start)
        next_at = following and (following.start, following.segment, following.index)
        told = (now.start, now.end, next_at)
        if told == self._told:
            return []
        fresh = self._told[:1] != told[:1]
        self._told = told
        at = now.start if fresh else frame
        out: list[mu.MusicBody] = []
        segment = self.playlist.segments[now.segment]
        if fresh and now.segment != self._told_segment:
            self._told_segment = now.segment
            target_us = None if self.held else self._target_us(now.segment)
            out.append(mu.SegmentEntered(segment.name, now.why, target_us, us_at(at)))
        out.append(
            mu.MusicPlaying(
                now.track.id,
                now.track.title,
                segment.name,
                now.source_at(at) / RATE_HZ,
                now.track.frames / RATE_HZ,
                us_at(now.end),
                now.why if fresh else "plan",
                following.track.title if following else "",
                self.playlist.segments[following.segment].name if following else "",
                following.track.frames / RATE_HZ if following else 0.0,
                us_at(at),
            )
        )
        return out


def _frames(seconds: float) -> int:
    return round(seconds * RATE_HZ)


def _moved(body: mu.MusicBody, at_us: int) -> mu.MusicBody:
    return replace(body, at_us=at_us)
