"""The music as staff see it: the arc of its segments against the dose clock, what plays, how long, and what follows."""

from __future__ import annotations

import math
from collections.abc import Hashable

import msgspec
import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtWidgets import QWidget

from kapconsole.console.keys import Action
from kapconsole.console.moment import Moment
from kapconsole.console.painted import CENTRE, RIGHT, Ink
from kapconsole.console.panelkeys import KeyedPanel, key_height
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look, colour
from kapconsole.cues.music.events import PlaylistChosen
from kapconsole.cues.music.view import MusicView
from kapconsole.session.words import stamp_text

PLAY = Action("music-play", "M", "play", "Music: play, pause, go on")
HOLD = Action("music-hold", "H", "hold", "Music: hold this segment, and go on")
EASE = Action("music-ease", "E", "ease", "Music: ease softly to the descent")
RESOLVE = Action("music-resolve", "R", "resolve", "Music: resolve early, to the return")
ONWARD = Action("music-onward", "→", "next", "Music: the next segment; with Shift the next track")
MUSIC_KEYS = (PLAY, HOLD, EASE, RESOLVE, ONWARD)

HEIGHTS = {"opening": 0.3, "build": 0.66, "peak": 1.0, "descent": 0.6, "return": 0.26}
"""How high the usual segments stand in the arc; others follow an even arch. A picture, no measure of anything."""

FOOT = 0.06
STATES = {
    "none": "no playlist",
    "chosen": "ready",
    "asked": "starting",
    "playing": "",
    "paused": "paused",
    "faded": "faded out",
    "ended": "ended",
}
OUTPUTS = {
    "silent": "patient output is silent",
    "lost": "patient output lost: nothing is heard",
    "none": "no patient output set: plays unheard",
}


class Part(msgspec.Struct, frozen=True):
    """A segment in the arc: minutes after the dose from `start` to `end`, height 0 to 1, whether it is the present."""

    name: str
    start: float
    end: float
    height: float
    present: bool


class MusicShown(msgspec.Struct, frozen=True):
    """Everything that stands on the panel. `place`: minutes in the arc, None: nowhere; `clock`: minutes since dose."""

    heading: str
    parts: tuple[Part, ...]
    place: float | None
    clock: float | None
    title: str
    left: str
    then: str
    done: float | None
    trouble: str
    play: str
    hold: str


def parts_of(playlist: PlaylistChosen, present: str) -> tuple[Part, ...]:
    """The segments as the arc has them."""
    names = [segment.name for segment in playlist.segments]
    usual = all(name in HEIGHTS for name in names)
    made, start = [], 0.0
    for number, segment in enumerate(playlist.segments):
        even = 0.25 + 0.75 * math.sin(math.pi * (number + 0.5) / len(names))
        height = HEIGHTS[segment.name] if usual else even
        made.append(Part(segment.name, start, segment.until_min, height, segment.name == present))
        start = segment.until_min
    return tuple(made)


def height_at(parts: tuple[Part, ...], minutes: np.ndarray) -> np.ndarray:
    """The arc at `minutes` (shape (n,)): through the middle of each segment, softly, from the foot and back to it."""
    at = [parts[0].start, *((part.start + part.end) / 2 for part in parts), parts[-1].end]
    heights = [FOOT, *(part.height for part in parts), FOOT]
    right = np.clip(np.searchsorted(at, minutes), 1, len(at) - 1)
    left_at, right_at = np.take(at, right - 1), np.take(at, right)
    share = np.clip((minutes - left_at) / (right_at - left_at), 0.0, 1.0)
    soft = (1 - np.cos(np.pi * share)) / 2
    low, high = np.take(heights, right - 1), np.take(heights, right)
    return np.asarray(low + (high - low) * soft)


def place_of(parts: tuple[Part, ...], clock: float | None) -> float | None:
    """Where the music stands: in the segment that plays, as near to the dose clock as that segment lets it."""
    part = next((part for part in parts if part.present), None)
    if part is None:
        return None
    return part.start if clock is None else min(max(clock, part.start), part.end)


def trouble_of(music: MusicView, moment: Moment) -> str:
    """What staff should know of the music, the gravest first; empty: nothing."""
    room = moment.state.processes.get("room")
    if room is not None and room.state in ("gone", "silent") and not moment.replay:
        return "the room process is not running"
    if music.output is not None and music.output.state in OUTPUTS and music.state in ("asked", "playing", "paused"):
        return OUTPUTS[music.output.state]
    recent = [held for held in music.troubles if moment.now_us - held.at_us < 60_000_000]
    return recent[-1].text if recent else ""


class MusicPanel(KeyedPanel):
    """The upper panel of the right column."""

    def __init__(self, look: Look, parent: QWidget | None = None, keyed: bool = False) -> None:
        super().__init__("Music", MUSIC_KEYS, look, parent, keyed)
        self.shown: MusicShown | None = None

    def read(self, moment: Moment) -> MusicShown:
        """What stands on it at `moment`."""
        music, dose_us = moment.state.music, moment.state.dose_us
        clock = None if dose_us is None else round((moment.now_us - dose_us) / 6e7, 1)
        segment = "" if music.segment is None or music.state in ("none", "chosen", "ended") else music.segment.segment
        parts = () if music.playlist is None else parts_of(music.playlist, segment)
        words = STATES.get(music.state, music.state)
        number = next((at for at, part in enumerate(parts, 1) if part.present), 0)
        place = f"{segment} · {number} of {len(parts)}" if number else ""
        heading = " · ".join(part for part in (words, "held" if music.held and segment else "", place) if part)
        title, left, then, done = self._playing(music, moment)
        return MusicShown(
            heading=heading,
            parts=parts,
            place=place_of(parts, clock),
            clock=clock,
            title=title,
            left=left,
            then=then,
            done=done,
            trouble=trouble_of(music, moment),
            play="pause" if music.state in ("playing", "asked") else "go on" if self._waits(music) else "play",
            hold="go on" if music.held else "hold",
        )

    @staticmethod
    def _waits(music: MusicView) -> bool:
        return music.state in ("paused", "faded")

    def _playing(self, music: MusicView, moment: Moment) -> tuple[str, str, str, float | None]:
        """(title, time left, what follows, part that is over)."""
        playing = music.playing
        if music.playlist is None:
            return "no playlist chosen", "", "F5: choose one", None
        if playing is None:
            why = f"over: {music.ended}" if music.ended else "M begins where the dose clock stands"
            return music.playlist.name, "", why, None
        left_s = music.remaining_s(moment.now_us)
        then = "then: the end"
        if playing.next_title:
            length = f" · {stamp_text(round(playing.next_s * 1e6))}" if playing.next_s else ""
            fade = music.playlist.crossfade_s
            then = f"then: {playing.next_title}{length}" + (f" ({fade:g} s crossfade)" if fade else "")
        if left_s is None:
            return playing.title, STATES.get(music.state, ""), then, None
        length_s = max(1.0, (playing.ends_us - playing.at_us) / 1e6 + playing.position_s)
        done = round(min(1.0, max(0.0, 1 - left_s / length_s)), 3)
        return playing.title, f"{stamp_text(math.ceil(left_s) * 1_000_000)} left", then, done

    def key(self, moment: Moment) -> Hashable:
        return self.read(moment)

    def take(self, moment: Moment) -> None:
        before = self.shown
        self.shown = self.read(moment)
        super().take(moment)
        if before is None or (before.play, before.hold) != (self.shown.play, self.shown.hold):
            self.place_keys()

    def spoken(self, moment: Moment) -> str:
        now = self.read(moment)
        return ", ".join(part for part in (now.trouble, now.heading, now.title, now.left, now.then) if part)

    def corner_cap(self) -> str:
        return PLAY.id

    def place_keys(self) -> None:
        now = self.shown
        self.put_corner("play" if now is None else now.play)
        held = "hold" if now is None else now.hold
        self.put_row({HOLD.id: held, EASE.id: "ease", RESOLVE.id: "resolve", ONWARD.id: "next"})

    def paint(self, ink: Ink) -> None:
        now = self.shown
        assert now is not None
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel)
        left, right = px(20), rect.width() - px(20)
        heading_right = self.put_corner(now.play) if self.keyed else right
        used = ink.text(left, px(32), "Music", HEADING, palette.text, True) + px(12)
        ink.fitted(left + used, px(32), now.heading, heading_right - left - used, SMALL, palette.secondary)
        # From below: keys, bar, two lines, the names, and what is left of the height is the arc's.
        line = self.look.metrics(SMALL).height()
        bar_y = self.keys_top - px(12)
        then_y = bar_y - px(10)
        title_y = then_y - line - px(2)
        if now.trouble:
            mark = ink.triangle(left, then_y, 14, palette.text) + px(8)
            ink.fitted(left + mark, then_y, now.trouble, right - left - mark, SMALL, palette.text, True)
        else:
            ink.fitted(left, then_y, now.then, right - left, SMALL, palette.secondary)
        taken = ink.text(right, title_y, now.left, TEXT, palette.text, side=RIGHT) + px(12) if now.left else 0.0
        ink.fitted(left, title_y, now.title, right - left - taken, TEXT, palette.text, True)
        bar = QRectF(left, bar_y, right - left, px(4))
        ink.panel(bar, palette.raised, radius=2)
        if now.done is not None:
            bar.setWidth(bar.width() * now.done)
            ink.panel(bar, palette.accent, radius=2)
        names_y = title_y - self.look.metrics(TEXT).height() - px(4)
        top = max(px(46), key_height(self.look) + px(8)) if self.keyed else px(46)
        if now.parts:
            self._paint_arc(ink, now, QRectF(left, top, right - left, names_y - line - top), names_y)

    def _paint_arc(self, ink: Ink, now: MusicShown, rect: QRectF, names_y: float) -> None:
        px, palette = self.look.px, self.look.palette
        end = now.parts[-1].end

        def x_of(minutes: float) -> float:
            return rect.left() + rect.width() * min(1.0, max(0.0, minutes / end))

        names: list[tuple[float, float]] = []
        # The present segment's name is whole, however short the segment; where it stands no other name does.
        for part in sorted(now.parts, key=lambda part: not part.present):
            width = x_of(part.end) - x_of(part.start) - px(4)
            middle = (x_of(part.start) + x_of(part.end)) / 2
            code = palette.text if part.present else palette.tertiary
            name = part.name
            while name and self.look.width(name, SMALL, part.present) > width and not part.present:
                name = name[:-1]
            if name == part.name or len(name) > 3:
                half = self.look.width(name, SMALL, part.present) / 2
                middle = min(max(middle, rect.left() + half), rect.right() - half)
                if any(middle - half < right + px(4) and middle + half > left - px(4) for left, right in names):
                    continue
                names.append((middle - half, middle + half))
                ink.text(middle, names_y, name, SMALL, code, part.present, CENTRE)
        if rect.height() < px(18):
            return
        minutes = np.linspace(0.0, end, 90)
        x = rect.left() + rect.width() * minutes / end
        y = rect.bottom() - px(3) - (rect.height() - px(10)) * height_at(now.parts, minutes)
        ink.painter.setBrush(Qt.BrushStyle.NoBrush)
        for part in now.parts[:-1]:
            ink.line_pen(palette.line, 1.0)
            ink.line(x_of(part.end), rect.top(), x_of(part.end), rect.bottom())
        ink.line_pen(palette.faint, 2.0)
        ink.curve(x, y)
        if now.clock is not None and 0 <= now.clock <= end:
            # The dose clock stands on the floor of the arc, also where the music is elsewhere.
            ink.line_pen(palette.secondary, 1.6)
            ink.line(x_of(now.clock), rect.bottom() - px(9), x_of(now.clock), rect.bottom())
        if now.place is None:
            return
        done = minutes <= now.place
        ink.line_pen(palette.accent, 3.0)
        ink.curve(x[done], y[done])
        at = np.array([now.place])
        dot_y = rect.bottom() - px(3) - (rect.height() - px(10)) * float(height_at(now.parts, at)[0])
        ink.painter.setPen(Qt.PenStyle.NoPen)
        ink.painter.setBrush(colour(palette.accent))
        ink.painter.drawEllipse(QPointF(x_of(now.place), dot_y), px(6.5), px(6.5))
