"""The trend by minutes since dose: SpO2 above, pulse and cuff bars below, marks and notes as dots on top."""

from __future__ import annotations

import math
from collections.abc import Hashable

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from kapconsole.alarms import events as al
from kapconsole.console.courseband import course_of, draw_course
from kapconsole.console.curves import MINUTE_US, trend_axis
from kapconsole.console.lines import happened
from kapconsole.console.moment import Moment
from kapconsole.console.painted import CENTRE, RIGHT, Ink, Painted
from kapconsole.console.plots import (
    AlarmSpan,
    Pane,
    draw_alarm,
    draw_cuffs,
    draw_dot,
    draw_gaps,
    draw_numeric,
    valid_range,
)
from kapconsole.console.theme import SMALL, Look
from kapconsole.session.phases import phase_label
from kapconsole.session.state import State
from kapdevices.readings import Metric


class Trend(Painted):
    """Kept as a picture that is drawn anew when the time reaches another pixel column or something happened."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__("Trend", look, parent)
        self._picture: QPixmap | None = None
        self._picture_key: Hashable = None

    def key(self, moment: Moment) -> Hashable:
        axis = trend_axis(moment.state.dose_us, moment.now_us)
        column = math.floor(axis.x(moment.now_us, self.width() * self.devicePixelRatioF()))
        count = happened(moment.timeline.events, moment.now_us)
        return axis, column, count, course_of(moment), self.width(), self.height()

    def set_look(self, look: Look) -> None:
        self._picture_key = None
        super().set_look(look)

    def spoken(self, moment: Moment) -> str:
        state = moment.state
        since = "since dose" if state.dose_us is not None else "since the session began"
        return f"minutes {since}; {len(state.nibp)} cuff readings, {len(state.notes)} notes, {len(state.marks)} marks"

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        ratio = self.devicePixelRatioF()
        key = (self._shown_key, ratio, self.look.unit)
        if key != self._picture_key or self._picture is None:
            picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            picture.setDevicePixelRatio(ratio)
            painter = QPainter(picture)
            try:
                self._draw(Ink(painter, self.look), self.moment)
            finally:
                painter.end()
            self._picture, self._picture_key = picture, key
        ink.painter.drawPixmap(0, 0, self._picture)

    def panes(self, moment: Moment) -> tuple[Pane, Pane]:
        """(SpO2, pulse and cuff) with their value ranges, which widen to hold every valid value."""
        px = self.look.px
        axis = trend_axis(moment.state.dose_us, moment.now_us)
        left, right = px(20), self.width() - px(56)
        top, bottom = px(74), self.height() - px(40)
        split = top + (bottom - top) * 0.33
        upper, lower = QRectF(left, top, right - left, split - top), QRectF(left, split + px(44), right - left, 0)
        lower.setBottom(bottom)
        spo2 = valid_range(moment.timeline, Metric.SPO2, axis, moment.now_us)
        low = min(80.0, math.floor(spo2[0] / 10) * 10.0) if spo2 else 80.0
        pulse = valid_range(moment.timeline, Metric.PULSE_RATE, axis, moment.now_us)
        cuffs = [view.reading for view in moment.timeline.fed_nibp(moment.state.nibp) if view.reading.valid]
        highest = max([180.0, *([pulse[1]] if pulse else []), *(r.sys_mmhg or 0.0 for r in cuffs)])
        lowest = min([40.0, *([pulse[0]] if pulse else []), *(r.dia_mmhg or 40.0 for r in cuffs)])
        return (
            Pane(upper, axis, low, 100.0),
            Pane(lower, axis, math.floor(lowest / 20) * 20.0, math.ceil(highest / 20) * 20.0),
        )

    def _draw(self, ink: Ink, moment: Moment) -> None:
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel)
        upper, lower = self.panes(moment)
        axis, state = upper.axis, moment.state
        whole = QRectF(upper.rect.left(), px(52), upper.rect.width(), lower.rect.bottom() - px(52))

        title = "minutes since dose" if axis.since_dose else "minutes since the session began"
        ink.text(px(20), px(28), title, SMALL, palette.secondary)
        course = course_of(moment)
        if state.dose_us is not None:
            draw_course(ink, lower, state.dose_us, course)
        self._draw_grid(ink, upper, lower, whole)
        draw_gaps(ink, whole, axis, state.resumed)
        self._draw_phases(ink, upper, lower, state)

        draw_numeric(ink, upper, moment.timeline, Metric.SPO2, moment.now_us, palette.spo2)
        draw_cuffs(ink, lower, moment.timeline.fed_nibp(state.nibp), palette.nibp)
        draw_numeric(ink, lower, moment.timeline, Metric.PULSE_RATE, moment.now_us, palette.pulse)
        self._draw_names(ink, bool(course))

        for span in alarm_spans(moment):
            draw_alarm(ink, upper, span, px(45))
        for note in state.notes:
            if axis.start_us <= note.at_us <= moment.now_us:
                draw_dot(ink, upper.x(note.at_us), px(60), palette.accent)
        for mark in state.marks:
            if axis.start_us <= mark.at_us <= moment.now_us:
                draw_dot(ink, upper.x(mark.at_us), px(60), palette.accent, hollow=True)
        ink.line_pen(palette.secondary, 1.2)
        x = upper.x(moment.now_us)
        # Not through the names of the phases.
        ink.line(x, whole.top(), x, upper.rect.bottom())
        ink.line(x, lower.rect.top(), x, whole.bottom())

    def _draw_grid(self, ink: Ink, upper: Pane, lower: Pane, whole: QRectF) -> None:
        px, palette = self.look.px, self.look.palette
        axis = upper.axis
        for minute in axis.ticks_min():
            x = upper.x(axis.zero_us + minute * MINUTE_US)
            zero = minute == 0
            ink.line_pen(palette.faint if zero and axis.since_dose else palette.line, 1.2 if zero else 1.0)
            ink.line(x, whole.top(), x, whole.bottom())
            words = "dose" if zero and axis.since_dose else str(minute).replace("-", "−")
            code = palette.text if zero and axis.since_dose else palette.tertiary
            ink.text(x, self.height() - px(16), words, SMALL, code, side=CENTRE)
        right = self.width() - px(20)
        for pane, step in ((upper, 10 if upper.low > 60 else 20), (lower, 40)):
            value = pane.high - pane.high % step
            while value >= pane.low:
                y = pane.y(value)
                ink.line_pen(palette.line, 1.0)
                ink.line(pane.rect.left(), y, pane.rect.right(), y)
                ink.text(right, y + px(SMALL) * 0.36, f"{value:.0f}", SMALL, palette.tertiary, side=RIGHT)
                value -= step

    def _draw_names(self, ink: Ink, course: bool) -> None:
        """What each curve is, in its colour and in words."""
        px, palette = self.look.px, self.look.palette
        right = self.width() - px(20)
        x = right - ink.text(right, px(28), "NIBP mmHg", SMALL, palette.nibp, side=RIGHT) - px(18)
        x -= ink.text(x, px(28), "pulse /min", SMALL, palette.pulse, side=RIGHT) + px(18)
        x -= ink.text(x, px(28), "SpO₂ %", SMALL, palette.spo2, side=RIGHT) + px(18)
        words = "expected systolic"
        if course and x - self.look.width(words, SMALL) > px(320):
            ink.text(x, px(28), words, SMALL, palette.tertiary, side=RIGHT)

    def _draw_phases(self, ink: Ink, upper: Pane, lower: Pane, state: State) -> None:
        """Between the panes: a tick where each phase began, named where its name fits before the next."""
        px, palette, axis = self.look.px, self.look.palette, upper.axis
        top, bottom = upper.rect.bottom() + px(10), lower.rect.top() - px(10)
        baseline = (top + bottom) / 2 + px(SMALL) * 0.36
        begun = [view for view in state.phases if view.at_us <= axis.end_us]
        ends = [view.at_us for view in begun[1:]] + [axis.end_us]
        for view, end_us in zip(begun, ends, strict=False):
            if end_us <= axis.start_us:
                continue
            x = upper.x(max(view.at_us, axis.start_us))
            if view.at_us >= axis.start_us:
                ink.line_pen(palette.accent, 1.4)
                ink.line(x, top, x, bottom)
            label = phase_label(view.phase)
            if self.look.width(label, SMALL) + px(12) <= upper.x(end_us) - x:
                present = view is begun[-1]
                ink.text(x + px(6), baseline, label, SMALL, palette.text if present else palette.tertiary)


def alarm_spans(moment: Moment) -> list[AlarmSpan]:
    """The alarms up to the moment, each from its signal to its end, or to now; at the highest priority it had."""
    spans: dict[int, AlarmSpan] = {}
    count = happened(moment.timeline.events, moment.now_us)
    for event in moment.timeline.events[:count]:
        body: object = event.body
        if isinstance(body, al.AlarmBegan):
            spans[body.occurrence] = AlarmSpan(body.at_us, moment.now_us, body.priority)
        elif isinstance(body, al.AlarmChanged) and body.occurrence in spans:
            held = spans[body.occurrence]
            if body.priority.rank > held.priority.rank:
                spans[body.occurrence] = held._replace(priority=body.priority)
        elif isinstance(body, al.AlarmEnded) and body.occurrence in spans:
            spans[body.occurrence] = spans[body.occurrence]._replace(end_us=body.at_us)
    # The gravest is drawn last, so that none of another priority covers it.
    return sorted(spans.values(), key=lambda span: span.priority.rank)
