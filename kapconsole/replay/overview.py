"""The time line under a replay: the whole session at a glance, with a playhead that can be dragged anywhere."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPixmap, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QWidget

from kapconsole import events as ev
from kapconsole.clock import local_time
from kapconsole.console.curves import MINUTE_US, Axis
from kapconsole.console.lines import Line
from kapconsole.console.moment import Moment
from kapconsole.console.painted import CENTRE, Ink, Painted
from kapconsole.console.plots import Pane, draw_cuffs, draw_dot, draw_gaps, draw_numeric, valid_range
from kapconsole.console.theme import SMALL, Look, colour
from kapconsole.replay.lanes import Stretch
from kapconsole.replay.span import Span
from kapconsole.session.phases import phase_label
from kapconsole.session.timeline import Timeline
from kapconsole.session.words import stamp_text
from kapdevices.readings import Metric


class Overview(Painted):
    """`sought` carries the session microseconds under a pressed or dragged pointer."""

    sought = Signal(object)  # a Python int: a Qt int has 32 bits, which microseconds do not fit

    def __init__(
        self,
        timeline: Timeline,
        lines: tuple[Line, ...],
        look: Look,
        parent: QWidget | None = None,
        alarms: Sequence[Stretch] = (),
    ) -> None:
        super().__init__("Time line of the session", look, parent)
        self.timeline = timeline
        self.lines = lines
        self.alarms = alarms
        self._picture: QPixmap | None = None
        self._hover_x: float | None = None
        self._span: Span | None = None
        self.setMouseTracking(True)

    def axis(self) -> Axis:
        """The whole session, counted from the dose where there is one."""
        dose_us = self.timeline.state.dose_us
        minutes = self.timeline.end_us / MINUTE_US
        step = next((step for step in (5, 10, 20, 30, 60) if minutes / step <= 12), 120)
        return Axis(0, max(1, self.timeline.end_us), dose_us or 0, step, dose_us is not None)

    def area(self) -> QRectF:
        """Where the time axis lies, in logical pixels."""
        px = self.look.px
        return QRectF(px(20), px(10), self.width() - px(40), self.height() - px(38))

    def at_us(self, x: float) -> int:
        """The moment at `x`, within the session."""
        area, axis = self.area(), self.axis()
        part = min(1.0, max(0.0, (x - area.left()) / area.width()))
        return round(part * axis.end_us)

    def show_span(self, span: Span | None) -> None:
        """Frame the part that the picture above shows; None: all of it, or there is no picture."""
        if span != self._span:
            self._span = span
            self.update()

    def key(self, moment: Moment) -> Hashable:
        return round(self.axis().x(moment.now_us, self.area().width()) * 2), self._hover_x

    def spoken(self, moment: Moment) -> str:
        return f"at {local_time(moment.utc_origin_us + moment.now_us, seconds=True)}"

    def set_look(self, look: Look) -> None:
        self._picture = None
        super().set_look(look)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._picture = None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.fault is not None:
            super().mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self.sought.emit(self.at_us(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover_x = event.position().x()
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.sought.emit(self.at_us(self._hover_x))
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover_x = None
        self.update()

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        if self._picture is None:
            self._picture = self._drawn(self.moment)
        ink.painter.drawPixmap(0, 0, self._picture)
        px, palette, area = self.look.px, self.look.palette, self.area()
        if self._span is not None:
            self._paint_span(ink, self._span)
        if self._hover_x is not None:
            self._paint_hover(ink, self._hover_x)
        x = area.left() + self.axis().x(self.moment.now_us, area.width())
        ink.line_pen(palette.text, 2.0)
        ink.line(x, area.top() - px(4), x, area.bottom())
        ink.painter.setBrush(colour(palette.text))
        handle = [QPointF(x - px(7), px(2)), QPointF(x + px(7), px(2)), QPointF(x, px(13))]
        ink.painter.drawPolygon(QPolygonF(handle))

    def _paint_span(self, ink: Ink, span: Span) -> None:
        area, axis = self.area(), self.axis()
        left = area.left() + axis.x(span.start_us, area.width())
        width = max(3.0, area.left() + axis.x(span.end_us, area.width()) - left)
        ink.line_pen(self.look.palette.accent, 2.0)
        ink.painter.setBrush(Qt.BrushStyle.NoBrush)
        ink.painter.drawRect(QRectF(left, area.top() - self.look.px(3), width, area.height() + self.look.px(3)))

    def _paint_hover(self, ink: Ink, x: float) -> None:
        assert self.moment is not None
        px, palette, area, axis = self.look.px, self.look.palette, self.area(), self.axis()
        at_us = self.at_us(x)
        x = min(area.right(), max(area.left(), x))
        ink.line_pen(palette.secondary, 1.0, Qt.PenStyle.DotLine)
        ink.line(x, area.top(), x, area.bottom())
        zero = "T+" if axis.since_dose and at_us >= axis.zero_us else ""
        face = local_time(self.moment.utc_origin_us + at_us, seconds=True)
        words = f"{face} · {zero}{stamp_text(at_us - axis.zero_us)}"
        width = self.look.width(words, SMALL) + px(16)
        left = min(area.right() - width, max(area.left(), x - width / 2))
        ink.panel(QRectF(left, area.top(), width, px(26)), palette.raised, palette.faint, 5)
        ink.text(left + px(8), area.top() + px(18), words, SMALL, palette.text)

    def _drawn(self, moment: Moment) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        picture.setDevicePixelRatio(ratio)
        painter = QPainter(picture)
        try:
            self._draw(Ink(painter, self.look), moment)
        finally:
            painter.end()
        return picture

    def _draw(self, ink: Ink, moment: Moment) -> None:
        px, palette, axis, area = self.look.px, self.look.palette, self.axis(), self.area()
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel)
        end_us = self.timeline.end_us
        phases = QRectF(area.left(), area.top(), area.width(), px(22))
        dots = phases.bottom() + px(9)
        curves = QRectF(area.left(), dots + px(9), area.width(), area.bottom() - dots - px(9) - px(9))
        losses = QRectF(area.left(), area.bottom() - px(6), area.width(), px(5))

        for minute in axis.ticks_min():
            x = area.left() + axis.x(axis.zero_us + minute * MINUTE_US, area.width())
            ink.line_pen(palette.faint if minute == 0 else palette.line, 1.0)
            ink.line(x, phases.bottom(), x, area.bottom())
            words = "dose" if minute == 0 and axis.since_dose else str(minute).replace("-", "−")
            code = palette.text if words == "dose" else palette.tertiary
            ink.text(x, rect.height() - px(9), words, SMALL, code, side=CENTRE)
        draw_gaps(
            ink,
            QRectF(area.left(), phases.bottom(), area.width(), area.bottom() - phases.bottom()),
            axis,
            self.timeline.state.resumed,
        )
        self._draw_phases(ink, phases, axis)

        upper = QRectF(curves.left(), curves.top(), curves.width(), curves.height() * 0.36)
        lower = QRectF(curves.left(), upper.bottom() + px(4), curves.width(), curves.height() * 0.64 - px(4))
        lowest = valid_range(self.timeline, Metric.SPO2, axis, end_us)
        spo2 = Pane(upper, axis, min(85.0, lowest[0]) if lowest else 85.0, 100.0)
        cuffs = self.timeline.fed_nibp(self.timeline.state.nibp)
        highest = max([150.0, *(view.reading.sys_mmhg or 0.0 for view in cuffs)])
        pulse = Pane(lower, axis, 40.0, highest + 5)
        draw_numeric(ink, spo2, self.timeline, Metric.SPO2, end_us, palette.spo2, 1.2)
        draw_cuffs(ink, pulse, cuffs, palette.nibp, 3.0)
        draw_numeric(ink, pulse, self.timeline, Metric.PULSE_RATE, end_us, palette.pulse, 1.2)
        for line in self.lines:
            if line.kind in ("note", "mark", "dose"):
                x = area.left() + axis.x(line.at_us, area.width())
                draw_dot(ink, x, dots, palette.accent, hollow=line.kind == "mark")
        self._draw_losses(ink, losses, axis)
        self._draw_alarms(ink, losses, axis)

    def _draw_phases(self, ink: Ink, lane: QRectF, axis: Axis) -> None:
        px, palette = self.look.px, self.look.palette
        begun = self.timeline.state.phases
        ends = [view.at_us for view in begun[1:]] + [axis.end_us]
        for view, end_us in zip(begun, ends, strict=False):
            left = lane.left() + axis.x(view.at_us, lane.width())
            width = lane.left() + axis.x(end_us, lane.width()) - left - px(2)
            if width < 2:
                continue
            ink.panel(QRectF(left, lane.top(), width, lane.height()), palette.accent_panel, radius=3)
            label = phase_label(view.phase)
            if self.look.width(label, SMALL) + px(12) < width:
                ink.text(left + px(6), lane.bottom() - px(6), label, SMALL, palette.text)

    def _draw_alarms(self, ink: Ink, lane: QRectF, axis: Axis) -> None:
        """Bars where it alarmed, the gravest on top; words and symbols are in the picture and in the list."""
        codes = {"low": self.look.palette.low, "medium": self.look.palette.medium, "high": self.look.palette.high}
        for kind, code in codes.items():
            for span in self.alarms:
                if span.kind == kind:
                    left = lane.left() + axis.x(span.start_us, lane.width())
                    width = max(3.0, lane.left() + axis.x(span.end_us, lane.width()) - left)
                    ink.fill(QRectF(left, lane.top() - self.look.px(8), width, self.look.px(5)), code)

    def _draw_losses(self, ink: Ink, lane: QRectF, axis: Axis) -> None:
        """Outlined bars while a device was lost."""
        since: dict[int, int] = {}
        spans = []
        for event in self.timeline.events:
            if isinstance(event.body, ev.DeviceState):
                source = event.body.source
                if event.body.state == "lost":
                    since.setdefault(source, event.mono_us)
                elif event.body.state in ("connected", "back") and source in since:
                    spans.append((since.pop(source), event.mono_us))
        spans += [(start_us, axis.end_us) for start_us in since.values()]
        ink.line_pen(self.look.palette.text, 1.2)
        ink.painter.setBrush(Qt.BrushStyle.NoBrush)
        for start_us, end_us in spans:
            left = lane.left() + axis.x(start_us, lane.width())
            width = max(3.0, lane.left() + axis.x(end_us, lane.width()) - left)
            ink.painter.drawRect(QRectF(left, lane.top(), width, lane.height()))
