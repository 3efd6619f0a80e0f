"""The pleth: a sweep that erases ahead of itself, the only thing on the screen that moves by itself.

The picture is a function of time: pixel column n always shows the samples of its own stretch of time, so drawing only
the new columns gives the same picture as drawing all of them, live or in replay.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from kapconsole.clock import duration_text
from kapconsole.console.moment import Moment
from kapconsole.console.painted import CENTRE, RIGHT, Ink, Painted
from kapconsole.console.theme import SMALL, TEXT, Look, colour
from kapconsole.session.freshness import Freshness, shown
from kapconsole.session.timeline import GAP_US, Wave
from kapdevices.readings import Metric

SPAN_US = 8_000_000
"""Time across the whole width."""

DELAY_US = 200_000
"""Drawn this late, so that samples that arrive in bunches are there when their column is due."""

ERASED = 0.03
"""Part of the width that is empty ahead of the newest sample."""

MARGIN_US = 100_000
REDRAW_US = 1_000_000
QUIET_AFTER_US = 2_000_000
TICK_COLUMNS = 7


def shown_wave(moment: Moment) -> tuple[int, Wave] | None:
    """(source, pleth) to be drawn: of the device that a person chose, else of the one that feeds SpO2, else of any.

    "Any" is the one that delivered last before the moment. None when there is no pleth of it.
    """
    chosen = moment.state.feeds.get(Metric.PLETH)
    for source in (chosen,) if chosen is not None else (moment.state.feeding(Metric.SPO2),):
        wave = None if source is None else moment.timeline.waves.get((source, Metric.PLETH))
        if source is not None and wave is not None and last_sample_us(wave, moment.now_us) is not None:
            return source, wave
    if chosen is not None:
        return None
    found: tuple[int, int, Wave] | None = None
    for (source, metric), wave in moment.timeline.waves.items():
        if metric is not Metric.PLETH:
            continue
        last_us = last_sample_us(wave, moment.now_us)
        if last_us is not None and (found is None or last_us > found[0]):
            found = last_us, source, wave
    return None if found is None else (found[1], found[2])


def last_sample_us(wave: Wave, now_us: int) -> int | None:
    """When the newest sample at or before `now_us` was taken."""
    at = int(np.searchsorted(wave.times_us, now_us, side="right")) - 1
    return None if at < 0 else int(wave.times_us[at])


def scale_of(wave: Wave, head_us: int) -> tuple[float, float]:
    """The range of values that fills the height: that of the last two sweeps, in coarse steps so that it stays calm."""
    start_us = (head_us // SPAN_US - 1) * SPAN_US
    _, values = wave.window(start_us, head_us)
    known = values[~np.isnan(values)]
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    step = 2.0 ** math.floor(math.log2(max(high - low, 1 / 64))) / 8
    return math.floor(low / step) * step, max(math.ceil(high / step), math.floor(low / step) + 1) * step


class Pleth(Painted):
    """The plethysmogram of one device."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__("Pleth", look, parent)
        self._picture: QPixmap | None = None
        self._column = 0  # the first column that is not drawn yet, counted from the start of the session
        self._drawn: tuple[int, int, float, float] | None = None  # recording, source and scale of the picture
        self._trail: QRect | None = None

    def key(self, moment: Moment) -> Hashable:
        return self.words(moment)

    def words(self, moment: Moment) -> tuple[str, str]:
        """(right-hand label, words in the middle when nothing is drawn)."""
        held = shown_wave(moment)
        if held is None:
            label = moment.state.device_name(moment.state.feeds.get(Metric.PLETH))
            return label, f"no pleth from {label}" if label else "no pleth"
        source, wave = held
        label = moment.state.device_name(source)
        last_us = last_sample_us(wave, moment.now_us)
        assert last_us is not None
        silent_us = moment.now_us - last_us
        if silent_us > QUIET_AFTER_US:
            return label, f"no pleth for {duration_text(silent_us / 1e6)}"
        now = shown(moment.state, Metric.SPO2, moment.now_us)
        told = now.freshness is Freshness.INVALID and now.source == source
        return f"{now.reason} · {label}" if told else label, ""

    def spoken(self, moment: Moment) -> str:
        label, nothing = self.words(moment)
        return nothing or f"pleth from {label}"

    def area(self) -> QRect:
        """Where the curve is drawn, in logical pixels."""
        px = self.look.px
        return QRect(round(px(14)), round(px(38)), round(self.width() - px(28)), round(self.height() - px(52)))

    def set_look(self, look: Look) -> None:
        self._picture = None
        super().set_look(look)

    def take(self, moment: Moment) -> None:
        super().take(moment)
        dirty = self._advance(moment)
        if dirty is not None:
            self.update(dirty)

    def _advance(self, moment: Moment) -> QRect | None:
        """Bring the picture up to `moment`; gives the part of the widget that changed."""
        area = self.area()
        ratio = self.devicePixelRatioF()
        width, height = round(area.width() * ratio), round(area.height() * ratio)
        if width < 16 or height < 8:
            return None
        held = shown_wave(moment)
        head_us = max(0, moment.now_us - DELAY_US)
        column = head_us * width // SPAN_US
        drawn = None if held is None else (id(held[1]), held[0], *scale_of(held[1], head_us))
        picture = self._picture
        fresh = picture is None or picture.width() != width or picture.height() != height
        behind = column - self._column
        if fresh or drawn != self._drawn or behind < 0 or behind > REDRAW_US * width // SPAN_US:
            if fresh:
                picture = self._picture = QPixmap(width, height)
                picture.setDevicePixelRatio(ratio)
            assert picture is not None
            picture.fill(colour(self.look.palette.panel))
            self._column = max(0, column - width + math.ceil(width * ERASED))
            self._drawn = drawn
            self._paint_columns(picture, column, held[1] if held else None)
            return area
        if behind == 0:
            return None
        assert picture is not None
        first = self._column
        self._paint_columns(picture, column, held[1] if held else None)
        erased = math.ceil(width * ERASED)
        if first // width != (column + erased) // width:
            return area
        left = math.floor(first % width / ratio)
        right = math.ceil((column % width + erased) / ratio)
        return QRect(area.x() + left, area.y(), right - left + 1, area.height())

    def _paint_columns(self, picture: QPixmap, until: int, wave: Wave | None) -> None:
        """Erase ahead and draw the columns from `self._column` up to `until`."""
        width = picture.width()
        erased = math.ceil(width * ERASED)
        painter = QPainter(picture)
        try:
            # In device pixels: a column is one of them.
            painter.scale(1 / picture.devicePixelRatio(), 1 / picture.devicePixelRatio())
            ink = Ink(painter, self.look)
            for a, b in within_sweeps(self._column + erased, until + erased, width):
                painter.fillRect(a % width, 0, b - a, picture.height(), colour(self.look.palette.panel))
            if wave is not None:
                for a, b in within_sweeps(self._column, until, width):
                    self._paint_run(ink, wave, a, b, width, picture.height())
        finally:
            painter.end()
        self._column = until

    def _paint_run(self, ink: Ink, wave: Wave, a: int, b: int, width: int, height: int) -> None:
        assert self._drawn is not None
        _, _, low, high = self._drawn
        ratio = self.devicePixelRatioF()
        times, values = wave.window(a * SPAN_US // width - MARGIN_US, b * SPAN_US // width + MARGIN_US)
        if not len(times):
            return
        base = a // width * width
        x = times * (width / SPAN_US) - base
        inset = 3 * ratio
        y = height - inset - (values - low) / (high - low) * (height - 2 * inset)
        painter = ink.painter
        painter.setClipRect(a - base, 0, b - a, height)
        known = ~np.isnan(values)
        breaks = np.r_[True, (np.diff(times) > GAP_US) | ~known[:-1] | ~known[1:], True]
        edges = np.flatnonzero(breaks)
        ink.line_pen(self.look.palette.spo2, 2.0 * ratio)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            if known[first] and last - first > 1:
                ink.curve(x[first:last], y[first:last])
        if not known.all():
            ink.line_pen(self.look.palette.secondary, ratio)
            for tick in np.unique((x[~known] + base) // TICK_COLUMNS).tolist():
                at = tick * TICK_COLUMNS - base + ratio / 2
                ink.line(at, height - 7 * ratio, at, height - ratio)

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        area = self.area()
        if not area.contains(self.exposed):
            self._paint_around(ink)
        if self._picture is not None:
            # Only what is exposed is copied: a narrow strip thirty times a second.
            part = self.exposed.intersected(area)
            ratio = self._picture.devicePixelRatio()
            offset = part.translated(-area.topLeft())
            source = QRectF(offset.x() * ratio, offset.y() * ratio, offset.width() * ratio, offset.height() * ratio)
            ink.painter.drawPixmap(QRectF(part), self._picture, source)
        _, nothing = self.words(self.moment)
        if nothing:
            # On a ground of its own: for some seconds the old curve is still there.
            middle = QRectF(area).center()
            box = QRectF(0, 0, self.look.width(nothing, TEXT) + self.look.px(28), self.look.px(34))
            box.moveCenter(middle)
            ink.panel(box, self.look.palette.raised, radius=6)
            baseline = middle.y() + self.look.metrics(TEXT).capHeight() / 2
            ink.text(middle.x(), baseline, nothing, TEXT, self.look.palette.text, side=CENTRE)

    def _paint_around(self, ink: Ink) -> None:
        assert self.moment is not None
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel)
        ink.text(px(20), px(28), "pleth", SMALL, palette.secondary)
        label, _ = self.words(self.moment)
        ink.text(rect.width() - px(20), px(28), label, SMALL, palette.tertiary, side=RIGHT)


def within_sweeps(a: int, b: int, width: int) -> list[tuple[int, int]]:
    """The columns [a, b) in pieces that do not cross the end of a sweep."""
    pieces = []
    while a < b:
        end = min(b, (a // width + 1) * width)
        pieces.append((a, end))
        a = end
    return pieces
