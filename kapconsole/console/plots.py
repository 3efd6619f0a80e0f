"""Curves, cuff bars, gaps and untrusted stretches on a time axis; shared by the trend and the replay's time line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush

from kapconsole.alarms.events import Priority
from kapconsole.console.alarmmarks import alarm_colour
from kapconsole.console.curves import Axis, polylines, untrusted_spans
from kapconsole.console.painted import Ink
from kapconsole.console.theme import colour
from kapconsole.session.state import NibpView
from kapconsole.session.timeline import Timeline
from kapdevices.readings import Metric


class Pane(NamedTuple):
    """A rectangle with a time axis across and a value axis from `low` to `high` upwards."""

    rect: QRectF
    axis: Axis
    low: float
    high: float

    def x(self, at_us: float) -> float:
        return self.rect.left() + self.axis.x(at_us, self.rect.width())

    def y(self, value: float) -> float:
        part = (value - self.low) / (self.high - self.low)
        return self.rect.bottom() - min(1.0, max(0.0, part)) * self.rect.height()

    def holds(self, at_us: int) -> bool:
        """True when the moment is on the axis."""
        return self.axis.start_us <= at_us <= self.axis.end_us


def valid_range(timeline: Timeline, metric: Metric, axis: Axis, until_us: int) -> tuple[float, float] | None:
    """(lowest, highest) valid value on the axis up to `until_us`, of the devices that fed it."""
    fed = timeline.fed(metric, axis.start_us, min(until_us, axis.end_us) + 1)
    values = fed.values[fed.quality == 0]
    values = values[~np.isnan(values)]
    return (float(values.min()), float(values.max())) if len(values) else None


def draw_numeric(
    ink: Ink, pane: Pane, timeline: Timeline, metric: Metric, until_us: int, code: str, pen: float = 1.6
) -> None:
    """The valid values of a metric up to `until_us`; where the device sent others, ticks stand on the floor.

    Each from the device that fed it at that time; the line goes on where another device takes over.
    """
    rect = pane.rect
    ratio = ink.painter.device().devicePixelRatioF()
    columns = round(rect.width() * ratio)
    ink.painter.setBrush(Qt.BrushStyle.NoBrush)
    per_unit = rect.height() / (pane.high - pane.low)
    fed = timeline.fed(metric, pane.axis.start_us, until_us + 1)
    ink.line_pen(code, pen)
    for line in polylines(fed.times_us, fed.valid_values, pane.axis.start_us, pane.axis.end_us, columns):
        x = rect.left() + line.x / ratio
        y = rect.bottom() - (np.clip(line.y, pane.low, pane.high) - pane.low) * per_unit
        # Within a level stretch only its ends matter: numerics are whole numbers and seldom change.
        turns = np.diff(y) != 0
        keep = np.r_[True, turns] | np.r_[turns, True]
        keep[[0, -1]] = True
        ink.curve(x[keep], y[keep])
    spans = untrusted_spans(fed.times_us, fed.quality, pane.axis.start_us, pane.axis.end_us, columns)
    draw_ticks(ink, rect, spans, ratio, code)


def draw_ticks(ink: Ink, rect: QRectF, spans: Iterable[tuple[int, int]], ratio: float, code: str) -> None:
    """Short ticks on the floor: there was something, not trusted."""
    ink.line_pen(code, 1.0)
    height = ink.look.px(8)
    for a, b in spans:
        left, right = rect.left() + a / ratio, rect.left() + b / ratio
        for x in np.arange(left, max(right, left + 1), 3.0).tolist():
            ink.line(x + 0.5, rect.bottom() - height, x + 0.5, rect.bottom())


def draw_cuffs(ink: Ink, pane: Pane, readings: Iterable[NibpView], code: str, cap: float = 5.0) -> None:
    """Cuff readings as bars from diastolic to systolic with caps; failed ones as a small cross on the floor."""
    half = ink.look.px(cap)
    for view in readings:
        if not pane.holds(view.mono_us):
            continue
        x = pane.x(view.mono_us)
        reading = view.reading
        if reading.valid and reading.sys_mmhg is not None and reading.dia_mmhg is not None:
            top, bottom = pane.y(reading.sys_mmhg), pane.y(reading.dia_mmhg)
            ink.line_pen(code, 1.8)
            ink.line(x, top, x, bottom)
            ink.line(x - half, top, x + half, top)
            ink.line(x - half, bottom, x + half, bottom)
        else:
            floor = pane.rect.bottom() - ink.look.px(10)
            ink.line_pen(code, 1.4)
            ink.line(x - half * 0.7, floor - half * 0.7, x + half * 0.7, floor + half * 0.7)
            ink.line(x - half * 0.7, floor + half * 0.7, x + half * 0.7, floor - half * 0.7)


def draw_gaps(ink: Ink, rect: QRectF, axis: Axis, resumed: Iterable[tuple[int, float]]) -> None:
    """Hatched bands over the times when the recorder was gone."""
    brush = QBrush(colour(ink.look.palette.faint), Qt.BrushStyle.BDiagPattern)
    for end_us, gap_s in resumed:
        left = max(rect.left(), rect.left() + axis.x(end_us - gap_s * 1e6, rect.width()))
        right = min(rect.right(), rect.left() + axis.x(end_us, rect.width()))
        if right >= left:
            ink.painter.fillRect(QRectF(left, rect.top(), max(2.0, right - left), rect.height()), brush)


class AlarmSpan(NamedTuple):
    """An alarm on a time axis, session microseconds."""

    start_us: int
    end_us: int
    priority: Priority


def draw_alarm(ink: Ink, pane: Pane, span: AlarmSpan, y: float) -> None:
    """A bar in the colour of the priority, higher for a higher one, so that it is told apart without colour."""
    axis, rect = pane.axis, pane.rect
    if span.end_us < axis.start_us or span.start_us > axis.end_us:
        return
    left = max(rect.left(), pane.x(span.start_us))
    width = max(ink.look.px(4), min(rect.right(), pane.x(span.end_us)) - left)
    height = ink.look.px(2.5 * span.priority.rank)
    ink.fill(QRectF(left, y - height / 2, width, height), alarm_colour(ink.look.palette, span.priority))


def draw_dot(ink: Ink, x: float, y: float, code: str, hollow: bool = False) -> None:
    """A note (full) or a one-tap mark (hollow)."""
    radius = ink.look.px(4.2)
    ink.line_pen(code, 1.6)
    ink.painter.setBrush(Qt.BrushStyle.NoBrush if hollow else colour(code))
    ink.painter.drawEllipse(QPointF(x, y), radius, radius)
