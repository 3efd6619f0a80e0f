"""The tile of a number: how fresh it is and why it is not there, its limits, and what its alarms are doing."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from kapconsole.console.alarmmarks import alarm_colour, bell_paused, triangle_paused
from kapconsole.console.alarmwords import TileAlarm, tile_alarm
from kapconsole.console.flash import Flash
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.paintlog import PaintLog
from kapconsole.console.theme import SMALL, TEXT, Look, colour
from kapconsole.session.freshness import Freshness, Shown, shown
from kapconsole.session.state import State
from kapconsole.session.words import age_text
from kapdevices.readings import UNITS, Metric

PARAMETERS = {
    Metric.SPO2: "spo2",
    Metric.PULSE_RATE: "pulse_rate",
    Metric.RESP_RATE: "resp_rate",
    Metric.NIBP_SYS: "nibp",
}
"""What the alarm system calls the number of a tile."""

DASHES = "– –"
DIGIT_HEIGHT = 0.73
"""Height of a digit of DejaVu Sans, as a part of the font's size."""


class Tile(Painted):
    """One number of `metric` with its freshness, the limits in force beside it, and the state of its alarms."""

    def __init__(
        self,
        metric: Metric,
        title: str,
        role: str,
        look: Look,
        parent: QWidget | None = None,
        flash: Flash | None = None,
    ) -> None:
        """`role`: the field of the palette that colours the number."""
        super().__init__(title.replace("₂", "2"), look, parent)
        self.flash = flash or Flash()
        self.log = PaintLog(self.flash.clock_us())
        self.quantity = metric
        self.title = title
        self.role = role
        self.unit = UNITS[metric]

    def key(self, moment: Moment) -> Hashable:
        return self.read(moment), self.alarm_key(moment)

    def alarm(self, moment: Moment) -> TileAlarm:
        """What it shows of its alarms."""
        return tile_alarm(moment, PARAMETERS[self.quantity])

    def alarm_key(self, moment: Moment) -> Hashable:
        """The alarm part of what the picture depends on."""
        alarm = self.alarm(moment)
        return alarm, self._lit(alarm)

    def _lit(self, alarm: TileAlarm) -> bool:
        return alarm.priority is not None and (not alarm.flashing or self.flash.lit(alarm.priority))

    def read(self, moment: Moment) -> tuple[str, Freshness, str]:
        """(number, freshness, words) as they stand on the tile."""
        now = shown(moment.state, self.quantity, moment.now_us)
        number = DASHES if now.value is None else f"{now.value:.0f}"
        return number, now.freshness, fresh_words(now, moment.state)

    def spoken(self, moment: Moment) -> str:
        number, freshness, words = self.read(moment)
        name = self.accessibleName()
        said = f"{name} {number} {self.unit} is {freshness}: {words}"
        if freshness is Freshness.LIVE:
            said = f"{name} {number} {self.unit}, {words}"
        elif number == DASHES:
            said = f"{name}: no number, {words}"
        return "; ".join([said, *self.alarm_words(self.alarm(moment))])

    def alarm_words(self, alarm: TileAlarm) -> list[str]:
        """Limits and alarm states for a screen reader."""
        limits = " ".join(alarm.limits).replace("≤", "at most").replace("≥", "at least").replace("<", "below")
        found = [f"limits {limits}"] if limits else []
        if alarm.priority is not None:
            found.append(f"{alarm.priority.upper()} alarm")
        if alarm.bell:
            found.append(f"AUDIO PAUSED {alarm.bell}")
        if alarm.triangle:
            found.append(f"ALARM PAUSED {alarm.triangle}")
        return found

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        number, freshness, words = self.read(self.moment)
        alarm = self.alarm(self.moment)
        self.paint_frame(ink, self.title, self.unit, freshness, alarm)
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        # In a tile that is higher than wide the limits stand under the number, not beside it.
        wide = rect.width() > rect.height()
        beside, below = (px(112), 52) if wide else (px(40), 104)
        room = QRectF(px(20), px(50), rect.width() - beside, rect.height() - px(50 + below))
        self.paint_number(ink, room, number, "188", freshness)
        self.paint_limits(ink, alarm, wide)
        baseline = rect.height() - px(18)
        if freshness is Freshness.LIVE:
            words = alarm.held or words
            code = palette.text if alarm.held else palette.tertiary
            ink.fitted(px(20), baseline, words, rect.width() - px(40), SMALL, code)
        else:
            self.paint_reason(ink, baseline, words, freshness)

    def paint_frame(self, ink: Ink, title: str, unit: str, freshness: Freshness, alarm: TileAlarm) -> None:
        """Background, title and unit. A tile without a live number is outlined, so that it is seen from afar.

        An alarm outlines it in the colour of its priority, thick while lit, and puts its symbol before the title.
        """
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        calm = freshness in (Freshness.LIVE, Freshness.NONE)
        ink.panel(rect, palette.panel, None if calm else palette.tertiary)
        x = px(20)
        if alarm.priority is not None:
            width = px(5.0) if self._lit(alarm) else px(1.5)
            code = alarm_colour(palette, alarm.priority)
            ink.painter.setPen(QPen(colour(code), max(1.0, width)))
            ink.painter.setBrush(Qt.BrushStyle.NoBrush)
            half = width / 2
            ink.painter.drawRoundedRect(rect.adjusted(half, half, -half, -half), px(8), px(8))
            drop = px(6) if alarm.mark.startswith("*") else 0.0
            x += ink.text(x, px(34) + drop, alarm.mark, 26, code, True) + px(8)
        x += ink.text(x, px(34), title, 20, getattr(palette, self.role), True) + px(14)
        for draw, left in ((bell_paused, alarm.bell), (triangle_paused, alarm.triangle)):
            if left:
                x += draw(ink, x, px(38), 26, palette.text) + px(6)
                x += ink.text(x, px(34), left, TEXT, palette.text, True) + px(12)
        ink.text(rect.width() - px(20), px(34), unit, TEXT, palette.secondary, side=RIGHT)

    def paint_limits(self, ink: Ink, alarm: TileAlarm, wide: bool) -> None:
        """The limits in force: beside the number, or below it in a tile that is higher than wide."""
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        if not alarm.known:
            return
        code = palette.text if alarm.priority is not None else palette.secondary
        if not wide:
            words = "   ".join([*reversed(alarm.limits), *([alarm.worst] if alarm.worst else [])])
            ink.fitted(px(20), rect.height() - px(62), words, rect.width() - px(40), 30, code)
            return
        right, step = rect.width() - px(20), px(27)
        baseline = rect.height() - px(58)
        for words in reversed(alarm.limits):
            ink.text(right, baseline, words, 20, code, side=RIGHT)
            baseline -= step
        if alarm.worst:
            ink.text(right, baseline - px(2), alarm.worst, SMALL, palette.text, side=RIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.moment is not None:
            alarm = self.alarm(self.moment)
            self.log.painted(self.flash.clock_us(), alarm.priority, self._lit(alarm))

    def paint_number(self, ink: Ink, room: QRectF, number: str, widest: str, freshness: Freshness) -> None:
        """The number as large as `widest` fits in `room`; hollow and struck when invalid, dimmed when late."""
        px, palette, look = self.look.px, self.look.palette, self.look
        per_unit = look.width(widest, 100, True) / 100
        size = min(room.height() / DIGIT_HEIGHT / look.unit, room.width() / per_unit)
        baseline = room.center().y() + size * look.unit * DIGIT_HEIGHT / 2
        left = room.left() - px(size * 0.04)
        if number.startswith(DASHES[0]):
            ink.text(left, baseline - px(size * 0.1), number, size * 0.7, palette.secondary)
        elif freshness is Freshness.INVALID:
            width = ink.outlined(left, baseline, number, size, palette.secondary)
            middle = baseline - px(size) * DIGIT_HEIGHT / 2
            ink.line_pen(palette.text, 3.0)
            ink.line(left - px(2), middle, left + width + px(6), middle)
        elif freshness is Freshness.LATE:
            ink.text(left, baseline, number, size, palette.tertiary, True)
        else:
            ink.text(left, baseline, number, size, getattr(palette, self.role), True)

    def paint_reason(self, ink: Ink, baseline: float, words: str, freshness: Freshness) -> None:
        """Why there is no live number, on up to two lines, with an outline symbol when it is a trouble."""
        px, palette = self.look.px, self.look.palette
        x, width = px(20), self.width() - px(40)
        quiet = freshness is Freshness.NONE
        code = palette.secondary if quiet else palette.text
        indent = 0.0 if quiet else max(9.0, px(15)) + px(7)
        lines = wrapped(words, width - indent, self.look, TEXT)[:2]
        step = self.look.metrics(TEXT).height()
        first = baseline - step * (len(lines) - 1)
        if not quiet:
            ink.triangle(x, first, 15, palette.text)
        for number, line in enumerate(lines):
            ink.fitted(x + indent, first + step * number, line, width - indent, TEXT, code)


def fresh_words(now: Shown, state: State) -> str:
    """The line under a number: age and device of a live one, else the reason."""
    label = state.device_name(now.source)
    if now.freshness is Freshness.LIVE:
        return " · ".join(part for part in (age_text(now.age_s), label) if part)
    if now.freshness is Freshness.LATE and not now.reason:
        return " · ".join(part for part in ("old: " + age_text(now.age_s), label) if part)
    return now.reason


def wrapped(words: str, width: float, look: Look, size: float, bold: bool = False) -> list[str]:
    """`words` in lines of at most `width` pixels, broken between words."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and look.width(longer, size, bold) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
