"""The room's light as staff see it: level and floor of each zone, the present cue and the next, lamps in trouble."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import msgspec
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from kapconsole.console.keys import Action
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink
from kapconsole.console.panelkeys import KeyedPanel
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look
from kapconsole.cues.light.desk import SECOND_PRESS_US
from kapconsole.cues.light.view import LightView

HOUSE = Action("light-house", "L", "house", "Light: the whole room bright, at once")
BACK = Action("light-back", "<", "back", "Light: hold a fade; else the cue before (also the comma)")
GO = Action("light-go", ">", "next", "Light: the next cue; after a hold go on (also the full stop)")
EXAM = Action("light-exam", "X", "exam", "Light to examine by, and back (inward: press twice)")
LIGHT_KEYS = (HOUSE, BACK, GO, EXAM)

OFF_THE_LIST = {"house": "House light", "exam": "Exam light", "level": "set by hand", "exam-off": "as before the exam"}


class ZoneShown(msgspec.Struct, frozen=True):
    """A zone: its label, level in percent (None: not heard yet), where it is going, its floor, whether a lamp fails."""

    label: str
    level: float | None
    target: float | None
    floor: float
    failing: bool


class LightShown(msgspec.Struct, frozen=True):
    """Everything that stands on the panel."""

    zones: tuple[ZoneShown, ...]
    cue: str
    next_cue: str
    lamps: str
    trouble: bool
    exam: str


def cue_words(light: LightView, now_us: int) -> str:
    """Where the light stands, in words."""
    armed = light.exam_armed_us
    if armed is not None and 0 <= now_us - armed <= SECOND_PRESS_US:
        return "X again within 5 s: exam light"
    label = next((words for id_, words in light.cues if id_ == light.cue), "")
    off = OFF_THE_LIST.get(light.off_the_list, light.off_the_list)
    if off:
        return f"{off} · < back to {label}" if label else off
    if light.held:
        return f"{label} · held, > goes on" if label else "held, > goes on"
    if not label:
        return "no cue yet"
    fading = ", fading" if light.asked is not None and not light.settled else ""
    return f"{label}{fading}"


def next_words(light: LightView) -> str:
    """The cue that > brings; empty where there is none."""
    ids = [id_ for id_, _ in light.cues]
    at = ids.index(light.cue) + 1 if light.cue in ids else 0
    return light.cues[at][1] if at < len(light.cues) else ""


def lamp_words(light: LightView, moment: Moment) -> tuple[str, bool]:
    """(words about the lamps, whether they tell of a trouble)."""
    process = moment.state.processes.get("light")
    if process is not None and process.state in ("gone", "silent") and not moment.replay:
        return "the light process is not running", True
    if light.troubles:
        first = next(iter(light.troubles.values()))
        more = f" +{len(light.troubles) - 1}" if len(light.troubles) > 1 else ""
        return f"{first.lamp}: {first.text}{more}", True
    if not light.zones:
        return "not heard yet", False
    if light.text:
        return light.text, True
    return "simulated lamp" if light.simulated else "all lamps answer", False


class LightPanel(KeyedPanel):
    """The middle panel of the right column. `floors`: percent by zone, where the room's set-up is known."""

    floors: Mapping[str, float] = {}

    def __init__(self, look: Look, parent: QWidget | None = None, keyed: bool = False) -> None:
        super().__init__("Light", LIGHT_KEYS, look, parent, keyed)
        self.shown: LightShown | None = None

    def read(self, moment: Moment) -> LightShown:
        """What stands on it at `moment`."""
        light = moment.state.light
        failing = {zone for lamp in light.troubles.values() for zone in lamp.zones}
        zones = []
        for zone, label in light.zones:
            level = light.confirmed.get(zone, light.levels.get(zone))
            target = light.targets[zone].level if zone in light.targets and not light.settled else None
            shown = None if level is None else round(level, 1)
            zones.append(ZoneShown(label, shown, target, self.floors.get(zone, 0.0), zone in failing))
        lamps, trouble = lamp_words(light, moment)
        cue = cue_words(light, moment.now_us)
        return LightShown(tuple(zones), cue, next_words(light), lamps, trouble, "off" if light.exam else "exam")

    def key(self, moment: Moment) -> Hashable:
        return self.read(moment)

    def take(self, moment: Moment) -> None:
        before = self.shown
        self.shown = self.read(moment)
        super().take(moment)
        if before is None or before.exam != self.shown.exam:
            self.place_keys()

    def spoken(self, moment: Moment) -> str:
        now = self.read(moment)
        levels = ", ".join(f"{zone.label} {percent(zone.level)}" for zone in now.zones)
        after = f"next: {now.next_cue}" if now.next_cue else ""
        return ", ".join(part for part in (now.lamps if now.trouble else "", levels, now.cue, after) if part)

    def place_keys(self) -> None:
        exam = "exam" if self.shown is None else self.shown.exam
        self.put_row({HOUSE.id: "house", BACK.id: "back", GO.id: "next", EXAM.id: exam})

    def paint(self, ink: Ink) -> None:
        now = self.shown
        assert now is not None
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel)
        left, right = px(20), rect.width() - px(20)
        line = self.look.metrics(SMALL).height()
        cue_y = self.keys_top - px(5)
        bars = QRectF(left, px(41), right - left, cue_y - line - px(41))
        top = px(30 if bars.height() >= px(11) + line or len(now.zones) < 2 else 22)
        name = "Light" if len(now.zones) < 3 else "Light, %"
        used = ink.text(left, top, name, HEADING, palette.text, True) + px(14)
        one = now.zones[0] if len(now.zones) == 1 else None
        end = right
        if one is not None:
            end -= ink.text(right, top + px(1), percent(one.level), 24, palette.text, True, RIGHT) + px(10)
            if one.target is not None and one.level is not None and abs(one.target - one.level) >= 0.5:
                words = f"to {percent(one.target)}"
                end -= ink.text(end, top, words, SMALL, palette.secondary, side=RIGHT) + px(10)
        self._paint_lamps(ink, now, left + used, end, top)
        if len(now.zones) > 1:
            self._paint_zones(ink, now.zones, bars)
        elif one is not None:
            bar = QRectF(left, bars.top() + px(2), right - left, px(6))
            self._paint_bar(ink, one, bar)
            if one.floor and bars.height() > line + px(8):
                x = left + bar.width() * one.floor / 100 + px(5)
                ink.text(x, bar.bottom() + px(16), f"floor {one.floor:g} %", SMALL, palette.tertiary)
        after = f"next: {now.next_cue}" if now.next_cue else ""
        room = right - left
        width = min(self.look.width(now.cue, SMALL, True), room)
        ink.fitted(left, cue_y, now.cue, room, SMALL, palette.text, True)
        if after and room - width > px(120):
            ink.fitted(left + width + px(12), cue_y, after, room - width - px(12), SMALL, palette.secondary)

    def _paint_lamps(self, ink: Ink, now: LightShown, left: float, right: float, baseline: float) -> None:
        palette, px = self.look.palette, self.look.px
        if now.trouble:
            left += ink.triangle(left, baseline, 14, palette.text) + px(7)
        code = palette.text if now.trouble else palette.secondary
        ink.fitted(left, baseline, now.lamps, max(0.0, right - left), SMALL, code, now.trouble)

    def _paint_bar(self, ink: Ink, zone: ZoneShown, bar: QRectF) -> None:
        palette, px = self.look.palette, self.look.px
        ink.panel(bar, palette.raised, radius=3)
        if zone.level is not None:
            lit = QRectF(bar.left(), bar.top(), max(px(1), bar.width() * zone.level / 100), bar.height())
            ink.panel(lit, palette.spo2, radius=3)
        if zone.target is not None:
            x = bar.left() + bar.width() * zone.target / 100
            ink.line_pen(palette.text, 2.0)
            ink.line(x, bar.top() - px(3), x, bar.bottom() + px(3))
        if zone.floor:
            x = bar.left() + bar.width() * zone.floor / 100
            ink.line_pen(palette.secondary, 1.4)
            ink.line(x, bar.top() - px(4), x, bar.bottom() + px(4))

    def _paint_zones(self, ink: Ink, zones: tuple[ZoneShown, ...], rect: QRectF) -> None:
        """Side by side, each with its words below its bar; where there is no height for both, the words alone."""
        px, palette = self.look.px, self.look.palette
        gap = px(12)
        width = (rect.width() - gap * (len(zones) - 1)) / len(zones)
        for number, zone in enumerate(zones):
            x = rect.left() + number * (width + gap)
            baseline = rect.top() + px(11) + self.look.metrics(SMALL).ascent()
            if baseline <= rect.bottom():
                self._paint_bar(ink, zone, QRectF(x, rect.top() + px(2), width, px(5)))
            baseline = min(baseline, rect.bottom())
            used = ink.text(
                x + width, baseline, percent(zone.level, len(zones) < 3), TEXT, palette.text, True, RIGHT
            ) + px(6)
            start = x
            if zone.failing:
                start += ink.triangle(x, baseline, 12, palette.text) + px(4)
            ink.fitted(start, baseline, zone.label, max(0.0, x + width - used - start), SMALL, palette.secondary)


def percent(level: float | None, sign: bool = True) -> str:
    """A level as it is written, with its sign where that does not stand elsewhere; not heard: a dash."""
    return "–" if level is None else f"{level:.0f} %" if sign else f"{level:.0f}"
