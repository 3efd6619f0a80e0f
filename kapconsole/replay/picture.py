"""The whole session in one picture: vitals, pleth and lanes on one time axis, from hours down to three seconds.

What stands still is kept as a picture of its own; playing and pointing only draw a line over it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from kapconsole.alarms.events import LimitsChanged, PresetLoaded
from kapconsole.clock import local_time
from kapconsole.console.curves import GAP_US, Axis
from kapconsole.console.moment import Moment
from kapconsole.console.painted import CENTRE, RIGHT, Ink, Painted
from kapconsole.console.plots import Pane, draw_cuffs, draw_gaps, draw_numeric, valid_range
from kapconsole.console.theme import SMALL, TEXT, Look, colour
from kapconsole.replay.bins import BIN_FROM, envelope, samples
from kapconsole.replay.lanepaint import Placed, draw_lane, lane_name, lane_units, words_at
from kapconsole.replay.lanes import Lane
from kapconsole.replay.readout import readout
from kapconsole.replay.span import STEP, Span, length_text, tick_text
from kapconsole.session.timeline import Timeline, Wave
from kapconsole.session.words import stamp_text
from kapdevices.readings import Metric

DRAG_PX = 4.0
LEFT_UNITS, RIGHT_UNITS, TITLE_UNITS, AXIS_UNITS, LANE_GAP = 156.0, 54.0, 44.0, 30.0, 3.0


class Layout(NamedTuple):
    """Where the parts stand, in logical pixels."""

    spo2: QRectF
    pressure: QRectF
    pleth: QRectF
    lanes: tuple[Placed, ...]
    whole: QRectF


class Picture(Painted):
    """`sought`: the moment under a click. `spanned`: another part is shown. `chosen`: a span by Shift-drag."""

    sought = Signal(object)
    spanned = Signal()
    chosen = Signal(object)

    def __init__(self, name: str, timeline: Timeline, found: Sequence[Lane], look: Look, parent: QWidget) -> None:
        super().__init__(f"Picture of the session {name}", look, parent)
        self.name = name
        self.timeline = timeline
        self.whole = Span(0, max(1_000_000, timeline.end_us))
        self.span = self.whole
        self.zero_us = timeline.state.dose_us
        self.selection: tuple[int, int] | None = None
        self.against: Moment | None = None
        """The same moment of the other session, for the difference in the read-out."""
        self._lanes = list(found)
        self._version = 0
        self._picture: QPixmap | None = None
        self._picture_key: Hashable = None
        self._layout: Layout | None = None
        self._pressed: tuple[QPointF, Span] | None = None
        self._dragged = False
        self._hover: QPointF | None = None
        self._wave = self._shown_wave()
        self._limits = low_limits(timeline)
        self.setMouseTracking(True)

    def show_lanes(self, found: Sequence[Lane]) -> None:
        """Other lanes: comments came, or what would have alarmed."""
        self._lanes = list(found)
        self._changed()

    def show_span(self, span: Span) -> None:
        """Show this part."""
        if span != self.span:
            self.span = span
            self._shown_key = None
            self.update()
            self.spanned.emit()

    def zoom(self, factor: float, about_us: int | None = None) -> None:
        """Zoom by `factor` about a moment, by default where the recording stands."""
        if about_us is None:
            about_us = self.moment.now_us if self.moment is not None else self.span.start_us
        self.show_span(self.span.zoomed(factor, about_us, self.whole))

    def select(self, selection: tuple[int, int] | None) -> None:
        """Mark a span for a comment, or none."""
        self.selection = selection
        self._changed()

    def axis(self) -> Axis:
        """The axis of what is shown; counted from the dose where there is one."""
        return Axis(self.span.start_us, self.span.end_us, self.zero_us or 0, 1, self.zero_us is not None)

    def at_us(self, x: float) -> int:
        """The moment at `x`, within what is shown."""
        rect = self.places().whole
        part = min(1.0, max(0.0, (x - rect.left()) / max(1.0, rect.width())))
        return round(self.span.start_us + part * self.span.length_us)

    def places(self) -> Layout:
        """Where everything stands. Panes take what the lanes leave; low windows leave out the pleth."""
        if self._layout is not None:
            return self._layout
        px = self.look.px
        left, right = px(LEFT_UNITS), self.width() - px(RIGHT_UNITS)
        top, bottom = px(TITLE_UNITS), self.height() - px(AXIS_UNITS)
        kept = [lane for lane in self._lanes if not lane.empty or lane.remark]
        room = bottom - top
        wanted = [px(lane_units(lane) + LANE_GAP) for lane in kept]
        # A full session has many lanes: they are drawn closer before the vitals become too flat to read.
        squeeze = min(1.0, max(0.62, 0.6 * room / max(1.0, sum(wanted))))
        wanted = [height * squeeze for height in wanted]
        y = bottom - sum(wanted)
        panes = y - top - px(10)
        placed = []
        for lane, height in zip(kept, wanted, strict=True):
            placed.append(Placed(lane, QRectF(left, y, right - left, height - px(LANE_GAP))))
            y += height
        has_pleth = self._wave is not None and panes > px(220)
        shares = (0.34, 0.46, 0.20) if has_pleth else (0.4, 0.6, 0.0)
        gap = px(18)
        usable = panes - gap * (2 if has_pleth else 1)
        spo2 = QRectF(left, top, right - left, usable * shares[0])
        pressure = QRectF(left, spo2.bottom() + gap, right - left, usable * shares[1])
        pleth = QRectF(left, pressure.bottom() + (gap if has_pleth else 0), right - left, usable * shares[2])
        self._layout = Layout(spo2, pressure, pleth, tuple(placed), QRectF(left, top, right - left, bottom - top))
        return self._layout

    # -- what is shown --------------------------------------------------------------------------------------------

    def key(self, moment: Moment) -> Hashable:
        x = round(self.axis().x(moment.now_us, max(1, self.width())) * 2)
        return x, moment.now_us // 1_000_000, self.span, self._version

    def spoken(self, moment: Moment) -> str:
        face = local_time(moment.utc_origin_us + moment.now_us, seconds=True)
        held = ", ".join(f"{len(lane.spans) + len(lane.marks)} {lane.name.lower()}" for lane in self._lanes)
        return f"at {face}, {length_text(self.span.length_us)} shown; {readout(moment)}; {held}"

    def missing(self) -> tuple[str, ...]:
        """The lanes of which nothing was recorded."""
        return tuple(lane.name.lower() for lane in self._lanes if lane.empty and not lane.remark and lane.missed)

    def set_look(self, look: Look) -> None:
        self._layout = self._picture_key = None
        super().set_look(look)

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        ratio = self.devicePixelRatioF()
        key = (self.span, self._version, self.width(), self.height(), ratio, self.look.unit, self.look.palette)
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
        self._paint_title(ink, self.moment)
        self._paint_playhead(ink, self.moment)
        if self._hover is not None and not self._dragged:
            self._paint_hover(ink, self._hover, self.moment)

    def _paint_title(self, ink: Ink, moment: Moment) -> None:
        px, palette = self.look.px, self.look.palette
        words = readout(moment, self.against)
        x = px(20) + ink.text(px(20), px(27), words, TEXT, palette.text, True) + px(24)
        shown = length_text(self.span.length_us) + " shown"
        right = self.width() - px(20)
        right -= ink.text(right, px(27), shown, SMALL, palette.secondary, side=RIGHT) + px(20)
        missing = self.missing()
        note = f"nothing recorded of: {', '.join(missing)}" if missing else ""
        for part in (self.name, note):
            if part and right - x > px(90):
                x += ink.fitted(x, px(27), part, right - x, SMALL, palette.tertiary) + px(20)

    def _paint_playhead(self, ink: Ink, moment: Moment) -> None:
        rect = self.places().whole
        if not self.span.start_us <= moment.now_us <= self.span.end_us:
            return
        x = rect.left() + self.axis().x(moment.now_us, rect.width())
        ink.line_pen(self.look.palette.text, 2.0)
        ink.line(x, rect.top() - self.look.px(4), x, rect.bottom())

    def _paint_hover(self, ink: Ink, at: QPointF, moment: Moment) -> None:
        px, palette, places = self.look.px, self.look.palette, self.places()
        rect = places.whole
        if not rect.contains(at):
            return
        ink.line_pen(palette.secondary, 1.0, Qt.PenStyle.DotLine)
        ink.line(at.x(), rect.top(), at.x(), rect.bottom())
        at_us = self.at_us(at.x())
        zero = "T+" if self.zero_us is not None and at_us >= self.zero_us else ""
        said = words_at(places.lanes, self.axis(), at.x(), at.y())
        face = local_time(moment.utc_origin_us + at_us, seconds=True)
        words = " · ".join(part for part in (face, f"{zero}{stamp_text(at_us - (self.zero_us or 0))}", said) if part)
        width = min(rect.width(), self.look.width(words, SMALL) + px(18))
        left = min(rect.right() - width, max(rect.left(), at.x() - width / 2))
        # Beside the pointer, never under it.
        top = at.y() - px(40) if at.y() > rect.top() + px(44) else at.y() + px(18)
        ink.panel(QRectF(left, top, width, px(28)), palette.raised, palette.faint, 5)
        ink.fitted(left + px(9), top + px(19), words, width - px(18), SMALL, palette.text)

    # -- what stands still ----------------------------------------------------------------------------------------

    def _draw(self, ink: Ink, moment: Moment) -> None:
        px, palette, places, axis = self.look.px, self.look.palette, self.places(), self.axis()
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel)
        if self.selection is not None:
            left, right = (places.whole.left() + axis.x(at, places.whole.width()) for at in self.selection)
            left, right = max(left, places.whole.left()), min(right, places.whole.right())
            if right > left:
                ink.fill(QRectF(left, places.whole.top(), right - left, places.whole.height()), palette.accent_panel)
        self._draw_axis(ink, places, axis)
        draw_gaps(ink, places.whole, axis, self.timeline.state.resumed)
        self._draw_vitals(ink, places, axis)
        if places.pleth.height() > 0:
            self._draw_pleth(ink, places.pleth)
        for placed in places.lanes:
            middle = placed.rect.center().y() + self.look.metrics(SMALL).capHeight() / 2
            name = lane_name(self.look, placed.lane.name, px(LEFT_UNITS - 30))
            ink.text(px(20), middle, name, SMALL, palette.secondary)
            ink.line_pen(palette.line, 1.0)
            ink.line(placed.rect.left(), placed.rect.bottom() + 1, placed.rect.right(), placed.rect.bottom() + 1)
            draw_lane(ink, placed, axis)

    def _draw_axis(self, ink: Ink, places: Layout, axis: Axis) -> None:
        px, palette, rect = self.look.px, self.look.palette, places.whole
        for at_us in self.span.ticks_us(axis.zero_us, max(2, int(rect.width() / px(110)))):
            x = rect.left() + axis.x(at_us, rect.width())
            zero = at_us == axis.zero_us and axis.since_dose
            ink.line_pen(palette.faint if zero else palette.line, 1.2 if zero else 1.0)
            ink.line(x, rect.top(), x, rect.bottom())
            words = "dose" if zero else tick_text(at_us - axis.zero_us, self.span.length_us)
            baseline = self.height() - px(9)
            ink.text(x, baseline, words, SMALL, palette.text if zero else palette.tertiary, side=CENTRE)
        ink.text(
            px(20), self.height() - px(9), "since dose" if axis.since_dose else "since start", SMALL, palette.tertiary
        )

    def _draw_vitals(self, ink: Ink, places: Layout, axis: Axis) -> None:
        px, palette, timeline = self.look.px, self.look.palette, self.timeline
        every = Axis(self.whole.start_us, self.whole.end_us + 1, 0, 1, False)
        # The scale is that of the whole session, so that it stands still while one zooms.
        lowest = valid_range(timeline, Metric.SPO2, every, self.whole.end_us)
        low = min(85.0, np.floor(lowest[0] / 5) * 5.0) if lowest else 85.0
        cuffs = timeline.fed_nibp(timeline.state.nibp)
        pulse = valid_range(timeline, Metric.PULSE_RATE, every, self.whole.end_us)
        highest = max([150.0, *([pulse[1]] if pulse else []), *(view.reading.sys_mmhg or 0.0 for view in cuffs)])
        least = min([40.0, *([pulse[0]] if pulse else []), *(view.reading.dia_mmhg or 40.0 for view in cuffs)])
        upper = Pane(places.spo2, axis, float(low), 100.0)
        lower = Pane(places.pressure, axis, float(np.floor(least / 20) * 20), float(np.ceil(highest / 20) * 20))
        for pane, step in ((upper, 5.0), (lower, 40.0)):
            # As many numbers as there is room for.
            while step * pane.rect.height() / (pane.high - pane.low) < self.look.metrics(SMALL).height() * 1.4:
                step *= 2
            value = pane.low - pane.low % step
            while value <= pane.high:
                if value > pane.low:
                    y = pane.y(value)
                    ink.line_pen(palette.line, 1.0)
                    ink.line(pane.rect.left(), y, pane.rect.right(), y)
                    right = self.width() - px(18)
                    ink.text(right, y + px(SMALL) * 0.36, f"{value:.0f}", SMALL, palette.tertiary, side=RIGHT)
                value += step
        self._draw_limits(ink, upper)
        for pane, metric, code in ((upper, Metric.SPO2, palette.spo2), (lower, Metric.PULSE_RATE, palette.pulse)):
            if pane is lower:
                draw_cuffs(ink, lower, cuffs, palette.nibp, 4.0)
            wide = _widened(pane)
            ink.painter.save()
            ink.painter.setClipRect(pane.rect)
            draw_numeric(ink, wide, timeline, metric, wide.axis.end_us, code, 1.4)
            ink.painter.restore()
        ink.text(px(20), upper.rect.top() + px(14), "SpO₂ %", SMALL, palette.spo2)
        ink.text(px(20), lower.rect.top() + px(14), "pulse /min", SMALL, palette.pulse)
        ink.text(px(20), lower.rect.top() + px(34), "NIBP mmHg", SMALL, palette.nibp)

    def _draw_limits(self, ink: Ink, pane: Pane) -> None:
        """The lower SpO2 limit as a line that moves where it was moved."""
        ink.line_pen(self.look.palette.secondary, 1.0, Qt.PenStyle.DashLine)
        ends = [at_us for at_us, _ in self._limits[1:]] + [self.whole.end_us]
        for (at_us, value), end_us in zip(self._limits, ends, strict=False):
            start, stop = max(at_us, pane.axis.start_us), min(end_us, pane.axis.end_us)
            if stop > start and pane.low <= value <= pane.high:
                ink.line(pane.x(start), pane.y(value), pane.x(stop), pane.y(value))

    def _draw_pleth(self, ink: Ink, rect: QRectF) -> None:
        px, palette = self.look.px, self.look.palette
        ink.text(px(20), rect.top() + px(14), "pleth", SMALL, palette.spo2)
        wave, span = self._wave, self.span
        if wave is None:
            return
        ratio = ink.painter.device().devicePixelRatioF()
        columns = max(1, round(rect.width() * ratio))
        first, last = np.searchsorted(wave.times_us, [span.start_us, span.end_us])
        ink.painter.save()
        ink.painter.setClipRect(rect)
        if last - first > BIN_FROM * columns:
            column, low, high = envelope(wave.times_us, wave.values, span.start_us, span.end_us, columns)
            code = colour(palette.faint)  # hours of it are a solid band: there, but not the brightest thing
            # A column of the envelope is a rectangle a pixel wide: fills are many times faster than wide lines.
            width = 1.0 / ratio
            ink.painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            x = (rect.left() + column / ratio).tolist()
            top = (rect.bottom() - high * rect.height()).tolist()
            tall = np.maximum(1.0, (high - low) * rect.height()).tolist()
            for left, y, height in zip(x, top, tall, strict=True):
                ink.painter.fillRect(QRectF(left, y, width, height), code)
            ink.painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        else:
            ink.painter.setBrush(Qt.BrushStyle.NoBrush)
            ink.line_pen(palette.spo2, 1.4)
            axis = self.axis()
            for times, values in samples(wave.times_us, wave.values, span.start_us, span.end_us):
                x = rect.left() + (times - axis.start_us) * (rect.width() / span.length_us)
                ink.curve(x, rect.bottom() - values.astype(np.float64) * rect.height())
        ink.painter.restore()

    def _shown_wave(self) -> Wave | None:
        """The pleth of the device that feeds it at the end, else of any."""
        state = self.timeline.state_at(self.timeline.end_us)
        for source in (state.feeds.get(Metric.PLETH), state.feeding(Metric.SPO2)):
            if source is not None and (source, Metric.PLETH) in self.timeline.waves:
                return self.timeline.waves[source, Metric.PLETH]
        return next((wave for (_, metric), wave in self.timeline.waves.items() if metric is Metric.PLETH), None)

    def _changed(self) -> None:
        self._version += 1
        self._layout = self._shown_key = None
        self.update()

    # -- pointer --------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._layout = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        notches = event.angleDelta().y() / 120
        if notches:
            self.zoom(STEP**-notches, self.at_us(event.position().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.fault is not None:
            super().mousePressEvent(event)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragged = (event.position(), self.span), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover = event.position()
        if self._pressed is not None:
            start, span = self._pressed
            moved = event.position().x() - start.x()
            self._dragged = self._dragged or abs(moved) > DRAG_PX
            if self._dragged and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.select((min(self.at_us(start.x()), self.at_us(self._hover.x())),
                             max(self.at_us(start.x()), self.at_us(self._hover.x()))))  # fmt: skip
            elif self._dragged:
                width = max(1.0, self.places().whole.width())
                self.show_span(span.moved(round(-moved * span.length_us / width), self.whole))
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        if not self._dragged:
            self.sought.emit(self.at_us(event.position().x()))
        elif self.selection is not None and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.chosen.emit(self.selection)
        self._pressed, self._dragged = None, False
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        self._hover = None
        self.update()


def low_limits(timeline: Timeline) -> list[tuple[int, float]]:
    """(since when, limit) of the lower SpO2 alarm limit in force, % SpO2; empty where the log names none."""
    found: list[tuple[int, float]] = []
    for event in timeline.events:
        body = event.body
        if isinstance(body, PresetLoaded) and "spo2.low" in body.settings:
            found.append((event.mono_us, float(body.settings["spo2.low"])))
        elif isinstance(body, LimitsChanged):
            found += [(event.mono_us, float(after)) for name, _, after in body.changes if name == "spo2.low"]
    return found


def _widened(pane: Pane) -> Pane:
    """The pane with a gap's length more on either side, so that a line reaches the edges of a short one."""
    axis = pane.axis
    length = axis.end_us - axis.start_us
    if length > 60 * GAP_US:
        return pane
    extra = pane.rect.width() * GAP_US / length
    return Pane(
        pane.rect.adjusted(-extra, 0, extra, 0),
        axis._replace(start_us=axis.start_us - GAP_US, end_us=axis.end_us + GAP_US),
        pane.low,
        pane.high,
    )
