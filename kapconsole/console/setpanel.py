"""Bilateral stimulation as staff see it: why it is locked, what would start, what runs, what is perceived."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kapconsole.bilateral.guide import Screening
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.bilateral.view import Running
from kapconsole.console.keys import Action
from kapconsole.console.moment import Moment
from kapconsole.console.painted import CENTRE, RIGHT, Ink, Painted
from kapconsole.console.panelkeys import KeyedPanel, PanelCap, key_height
from kapconsole.console.setfacts import Choice, Picture, SetShown, picture, read_set
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look, colour

START = Action("set-start", "Space", "Start set", "Stimulation: start the set; then: finish this pass")
STOP = Action("set-stop", "Esc", "Stop", "Stimulation: dark and silent now (also F9)")
SETS = Action("sets", "B", "sets", "Stimulation: sets, screening, stop signal, guide")

FRAME_US = 40_000
"""The picture is drawn anew at most 25 times a second, and only while a set runs."""

DOT_RGB = "#c8d6ff"
GROUND = "#060608"
"""As on the client display: this picture is not in the colours of the console."""


class WideCap(PanelCap):
    """A large button of the set's row: words, then the key. `lively`: it does something now; a stop always is."""

    lively = True

    def paintEvent(self, event: QPaintEvent) -> None:
        px, palette = self.look.px, self.look.palette
        painter = QPainter(self)
        ink = Ink(painter, self.look)
        rect = QRectF(self.rect())
        ink.fill(rect, palette.panel)
        border = palette.accent if self.hasFocus() else palette.secondary if self.lively else palette.line
        ink.panel(rect.adjusted(1, 1, -1, -1), palette.raised if self.isDown() else palette.panel, border, 6)
        words = f"{self.action.words} · {self.action.key}"
        size = TEXT if self.look.width(words, TEXT, True) < rect.width() - px(12) else SMALL
        baseline = rect.center().y() + self.look.metrics(size).capHeight() / 2
        code = palette.text if self.lively else palette.tertiary
        fitted = self.look.metrics(size, True).elidedText(words, Qt.TextElideMode.ElideRight, rect.width() - px(8))
        ink.text(rect.center().x(), baseline, fitted, size, code, True, CENTRE)
        painter.end()


class Perceived(Painted):
    """The client display in small, ears beside it and hands below; the same function of time as in the room."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__("What the patient sees and hears", look, parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.shown = Picture()
        self.dot_deg = 1.5
        self.sweep_deg = 25.0
        self._running: Running | None = None
        self._stimulus: Stimulus | None = None
        self._drawn_us: int | None = None

    def key(self, moment: Moment) -> Hashable:
        return self.shown

    def take(self, moment: Moment) -> None:
        running = moment.state.sets.running
        if running is not self._running:
            self._running, self._drawn_us = running, None
            self._stimulus = None if running is None else running.stimulus()
            if self._stimulus is not None:
                self.dot_deg = self._stimulus.plan.light.dot_deg
                self.sweep_deg = max(leg.to_deg for leg in self._stimulus.pattern.legs)
        if self._stimulus is None:
            self.shown = Picture()
        elif self._drawn_us is None or not 0 <= moment.now_us - self._drawn_us < FRAME_US:
            self._drawn_us = moment.now_us
            self.shown = picture(self._stimulus, moment.now_us)
        super().take(moment)

    def spoken(self, moment: Moment) -> str:
        if self._stimulus is None:
            return "client display dark"
        return "light moves" if self.shown.level else "no light"

    def dot_at(self) -> QPointF:
        """The middle of the dot, px."""
        field = self.field()
        return QPointF(
            field.center().x() + self.shown.x * self._reach(field),
            field.center().y() - self.shown.y * (field.height() - self.look.px(24)) / 2,
        )

    def field(self) -> QRectF:
        """The client display."""
        side = self.look.px(30)
        return QRectF(self.rect()).adjusted(side, 0, -side, 0)

    def _reach(self, field: QRectF) -> float:
        return (field.width() - self.look.px(24)) / 2

    def paint(self, ink: Ink) -> None:
        px, palette, now = self.look.px, self.look.palette, self.shown
        rect, field = QRectF(self.rect()), self.field()
        ink.fill(rect, palette.panel)
        ink.panel(field, GROUND, palette.line, 5)
        # Flatter than the client display: paths that go up are drawn flatter, too.
        ink.painter.setClipRect(field)
        ink.painter.setPen(Qt.PenStyle.NoPen)
        radius = max(px(5), self._reach(field) * self.dot_deg / self.sweep_deg)
        if now.level > 0:
            light = colour(DOT_RGB)
            ink.painter.setOpacity(now.level)
            ink.painter.setBrush(light)
            ink.painter.drawEllipse(self.dot_at(), radius, radius)
            ink.painter.setOpacity(1.0)
        elif self._stimulus is None:
            ink.line_pen(palette.faint, 1.2)
            ink.painter.setBrush(Qt.BrushStyle.NoBrush)
            ink.painter.drawEllipse(field.center(), radius, radius)
        if now.bar is not None:
            y = field.bottom() - px(7)
            ink.line_pen(palette.line, 2.0)
            ink.line(field.left() + px(12), y, field.right() - px(12), y)
            if now.bar_level > 0:
                ink.painter.setPen(Qt.PenStyle.NoPen)
                ink.painter.setBrush(colour(DOT_RGB))
                at = QPointF(field.center().x() + now.bar * self._reach(field), y)
                ink.painter.drawEllipse(at, px(4), px(4))
        ink.painter.setClipping(False)
        for side, x in (("left", px(13)), ("right", rect.right() - px(13))):
            letter = side[0].upper()
            self._paint_side(ink, x, rect.center().y() - px(2), letter, now.ear in (side, "both"), round_=True)
            if now.hand:
                self._paint_side(ink, x, rect.bottom() - px(9), "", now.hand == side, round_=False)

    def _paint_side(self, ink: Ink, x: float, y: float, letter: str, on: bool, *, round_: bool) -> None:
        """An ear (round) or a hand (square): filled while it gets something."""
        px, palette = self.look.px, self.look.palette
        ink.line_pen(palette.text if on else palette.faint, 1.4)
        ink.painter.setBrush(colour(palette.text) if on else Qt.BrushStyle.NoBrush)
        half = px(10) if round_ else px(6)
        if round_:
            ink.painter.drawEllipse(QPointF(x, y), half, half)
        else:
            ink.painter.drawRect(QRectF(x - half, y - half / 2, 2 * half, half))
        if letter:
            code = palette.background if on else palette.tertiary
            baseline = y + self.look.metrics(SMALL).capHeight() / 2
            ink.text(x, baseline, letter, SMALL, code, True, CENTRE)


class SetPanel(KeyedPanel):
    """The lower panel of the right column. `choice`: what Space starts; `left`: the set that nobody wants to rate."""

    choice: Choice | None = None
    screening: Screening | None = None
    left = 0
    before: int | None = None
    asks_before = False
    """`before`: the SUD that will go with the next set; `asks_before`: the digit keys enter it."""

    def __init__(self, look: Look, parent: QWidget | None = None, keyed: bool = False) -> None:
        super().__init__("Stimulation", (SETS,), look, parent, keyed)
        self.titles: dict[str, str] = {}
        self.shown: SetShown | None = None
        self.perceived = Perceived(look, self)
        self.perceived.fault_changed.connect(self.fault_changed)
        self.wide = {action.id: WideCap(action, look, self) for action in (START, STOP)}
        for id_, cap in self.wide.items():
            cap.clicked.connect(lambda _checked=False, id=id_: self.acted.emit(id))
            cap.setVisible(keyed)

    def read(self, moment: Moment) -> SetShown:
        """What stands on it at `moment`."""
        now = read_set(moment, self.choice, self.screening, self.left, self.titles, self.keyed)
        if now.running or not self.keyed or now.grave:
            return now
        if self.asks_before:
            words = "SUD before? 0–9, Enter: 10"
            return msgspec.structs.replace(now, below=words, below_strong=True, asks="before")
        if self.before is not None and now.can_start:
            return msgspec.structs.replace(now, below=f"SUD before: {self.before} · Space starts", below_strong=False)
        return now

    def key(self, moment: Moment) -> Hashable:
        return self.read(moment)

    def take(self, moment: Moment) -> None:
        before = self.shown
        self.shown = now = self.read(moment)
        super().take(moment)
        if before is None or (before.start, before.can_start, before.running) != (
            now.start, now.can_start, now.running
        ):  # fmt: skip
            start = self.wide[START.id]
            start.put(now.start)
            start.lively = now.can_start
            start.update()
        if moment.state.sets.running is None:
            self.perceived.show_moment(moment)

    def show_running(self, moment: Moment) -> None:
        """At the rate of the pleth: the picture alone, and only while a set runs or has just ended."""
        if moment.state.sets.running is not None or self.perceived.shown != Picture():
            self.perceived.show_moment(moment)

    def spoken(self, moment: Moment) -> str:
        now = self.read(moment)
        parts = (now.state, now.title, now.rate, now.numbers, now.speed, now.progress, now.below)
        return ", ".join(part for part in parts if part)

    def _corner_words(self) -> str:
        """In a small window the room is for the reason of a lock."""
        return "sets" if self.look.unit > 0.7 else ""

    def corner_cap(self) -> str:
        return SETS.id

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.perceived.set_look(look)
        for cap in self.wide.values():
            cap.look = look
            cap.update()
        self.place_keys()

    def place_keys(self) -> None:
        self.put_corner(self._corner_words())
        px, line = self.look.px, self.look.metrics(SMALL).height()
        width = self.width() - px(24)
        start = round(width * 0.58)
        y, touch = round(self.keys_top), key_height(self.look)
        self.wide[START.id].setGeometry(round(px(12)), y, start, touch)
        self.wide[STOP.id].setGeometry(round(px(12)) + start + round(px(8)), y, round(width - start - px(8)), touch)
        top = max(px(44), key_height(self.look) + px(7)) if self.keyed else px(44)
        words = 3 * (line + px(2)) + self.look.metrics(TEXT).height() + px(14)
        height = max(px(24), self.keys_top - words - top)
        self.perceived.setGeometry(round(px(16)), round(top), round(self.width() - px(32)), round(height))

    def paint(self, ink: Ink) -> None:
        now = self.shown
        assert now is not None
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel)
        left, right = px(20), rect.width() - px(20)
        end = self.put_corner(self._corner_words()) if self.keyed else right
        used = ink.text(left, px(32), "Stimulation", HEADING, palette.text, True) + px(12)
        code = palette.text if now.running or now.grave else palette.secondary
        ink.fitted(left + used, px(32), now.state, end - left - used, SMALL, code, now.running)
        small = self.look.metrics(SMALL)
        y = self.perceived.geometry().bottom() + px(4) + self.look.metrics(TEXT).ascent()
        end = right - (ink.text(right, y, now.rate, TEXT, palette.text, side=RIGHT) + px(10) if now.rate else 0.0)
        code = palette.text if now.rate else palette.secondary
        ink.fitted(left, y, now.title, end - left, TEXT, code, bool(now.rate))
        y += small.height() + px(2)
        end = right
        if now.progress:
            end -= ink.text(right, y, now.progress, SMALL, palette.text, True, RIGHT) + px(10)
        ink.fitted(left, y, now.numbers, end - left, SMALL, palette.secondary)
        y += small.height() + px(2)
        ink.fitted(left, y, now.speed, right - left, SMALL, palette.secondary)
        y += small.height() + px(2)
        if now.done is not None:
            bar = QRectF(left, y - px(6), right - left, px(4))
            ink.panel(bar, palette.raised, radius=2)
            bar.setWidth(bar.width() * now.done)
            ink.panel(bar, palette.accent, radius=2)
        else:
            code = palette.text if now.below_strong else palette.secondary
            ink.fitted(left, y, now.below, right - left, SMALL, code, now.below_strong)
