"""The base of all that is drawn by hand: repaints only on change, contains its faults, says what it shows."""

from __future__ import annotations

import logging
from collections.abc import Hashable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget
from shiboken6 import VoidPtr

from kapconsole.console.moment import Moment
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look, colour

SPOKEN_EVERY_US = 5_000_000
"""A screen reader is given a new value at most this often."""

STROKE = 30
"""Points drawn at once: the time that the rasteriser takes for a wide line grows faster than its length."""

log = logging.getLogger(__name__)

LEFT, RIGHT, CENTRE = -1, 1, 0


class Ink:
    """A painter with the words of this program: text by baseline and side, panels, outline symbols."""

    def __init__(self, painter: QPainter, look: Look) -> None:
        self.painter = painter
        self.look = look
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def fill(self, rect: QRectF, code: str) -> None:
        self.painter.fillRect(rect, colour(code))

    def panel(self, rect: QRectF, code: str, border: str | None = None, radius: float = 8.0) -> None:
        """A rounded panel; `border` outlines it."""
        inset = 0.0 if border is None else 0.75
        self.painter.setPen(Qt.PenStyle.NoPen if border is None else QPen(colour(border), self.look.px(1.5)))
        self.painter.setBrush(colour(code))
        corner = self.look.px(radius)
        self.painter.drawRoundedRect(rect.adjusted(inset, inset, -inset, -inset), corner, corner)

    def text(
        self, x: float, baseline: float, words: str, size: float, code: str, bold: bool = False, side: int = LEFT
    ) -> float:
        """Write `words` with its left end, middle or right end at `x`; gives the width in pixels."""
        width = self.look.width(words, size, bold)
        left = x if side == LEFT else x - width if side == RIGHT else x - width / 2
        self.painter.setFont(self.look.font(size, bold))
        self.painter.setPen(colour(code))
        self.painter.drawText(QPointF(left, baseline), words)
        return width

    def fitted(
        self, x: float, baseline: float, words: str, width: float, size: float, code: str, bold: bool = False
    ) -> float:
        """Write `words` from `x` on, cut with an ellipsis to `width` pixels."""
        cut = self.look.metrics(size, bold).elidedText(words, Qt.TextElideMode.ElideRight, width)
        return self.text(x, baseline, cut, size, code, bold)

    def outlined(self, x: float, baseline: float, words: str, size: float, code: str, side: int = LEFT) -> float:
        """Write `words` as hollow letters, for a number that is there but not to be trusted."""
        width = self.look.width(words, size, True)
        path = QPainterPath()
        left = x if side == LEFT else x - width if side == RIGHT else x - width / 2
        path.addText(QPointF(left, baseline), self.look.font(size, True), words)
        self.line_pen(code, 1.6)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawPath(path)
        return width

    def line_pen(self, code: str, width: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> None:
        """A pen `width` units wide, at least one pixel."""
        pen = QPen(colour(code), max(1.0, self.look.px(width)), style)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        self.painter.setPen(pen)

    def line(self, x1: float, y1: float, x2: float, y2: float) -> None:
        self.painter.drawLine(QPointF(x1, y1), QPointF(x2, y2))

    def curve(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> None:
        """Join the points (pixels, shapes (n,)) with the present pen; a single one is a dot."""
        if len(x) == 1:
            self.painter.drawPoint(QPointF(float(x[0]), float(y[0])))
        for at in range(0, len(x) - 1, STROKE):
            self.painter.drawPolyline(_polygon(x[at : at + STROKE + 1], y[at : at + STROKE + 1]))

    def triangle(self, x: float, baseline: float, size: float, code: str) -> float:
        """The outline symbol of technical trouble, standing on the baseline; gives its width."""
        side = max(9.0, self.look.px(size))
        top = baseline - side * 0.88
        self.line_pen(code, 1.8)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawPolygon(
            QPolygonF([QPointF(x, baseline), QPointF(x + side / 2, top), QPointF(x + side, baseline)])
        )
        self.line(x + side / 2, top + side * 0.34, x + side / 2, top + side * 0.58)
        self.line(x + side / 2, top + side * 0.66, x + side / 2, top + side * 0.76)
        return side


def _polygon(x: NDArray[np.floating], y: NDArray[np.floating]) -> QPolygonF:
    """The points as Qt has them, written into its memory: a QPointF each would cost more than the drawing."""
    made = QPolygonF()
    made.resize(len(x))
    # The stubs know neither the size of a VoidPtr nor that it is a buffer.
    held = VoidPtr(made.data(), 16 * len(x), True)  # type: ignore[call-arg, arg-type]
    memory: NDArray[np.float64] = np.frombuffer(held, np.float64)  # type: ignore[call-overload]
    memory[0::2], memory[1::2] = x, y
    return made


class Painted(QWidget):
    """Shows a `Moment`. A subclass says what matters in `key`, draws it in `paint` and words it in `spoken`.

    A fault in any of these leaves a panel with words in its place and is logged once; a tap tries again.
    """

    fault_changed = Signal()
    """The fault came or went."""

    def __init__(self, name: str, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.moment: Moment | None = None
        self.fault: str | None = None
        self.exposed = QRect()
        self._shown_key: Hashable = None
        self._spoken_us: int | None = None
        self.setAccessibleName(name)
        # Everything is filled by `paint`, so what lies behind need not be painted first.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def key(self, moment: Moment) -> Hashable:
        """Everything the picture depends on; the widget is repainted only when it differs from the last."""
        raise NotImplementedError

    def paint(self, ink: Ink) -> None:
        """Draw `self.moment`; only `self.exposed` of it will be seen."""
        raise NotImplementedError

    def spoken(self, moment: Moment) -> str:
        """The same in words, for a screen reader."""
        return ""

    def set_look(self, look: Look) -> None:
        """Another palette or size."""
        self.look = look
        self._shown_key = None
        self.update()

    def show_moment(self, moment: Moment) -> None:
        """Show `moment`; does next to nothing when nothing visible changed."""
        if self.fault is not None or not self.isVisibleTo(self.window()):
            self.moment = moment
            return
        try:
            self.take(moment)
            self._speak(moment)
        except Exception as fault:
            self._contain(fault)

    def take(self, moment: Moment) -> None:
        """Keep `moment` and ask for a repaint if it looks different."""
        key = self.key(moment)
        self.moment = moment
        if key != self._shown_key:
            self._shown_key = key
            self.update()

    def _speak(self, moment: Moment) -> None:
        if self._spoken_us is not None and 0 <= moment.now_us - self._spoken_us < SPOKEN_EVERY_US:
            return
        self._spoken_us = moment.now_us
        words = self.spoken(moment)
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.exposed = event.rect()
        try:
            ink = Ink(painter, self.look)
            if self.fault is not None:
                self._paint_fault(ink)
            elif self.moment is not None:
                self.paint(ink)
            else:
                ink.fill(QRectF(self.rect()), self.look.palette.background)
        except Exception as fault:
            self._contain(fault)
        finally:
            painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.fault is not None:
            self.fault = None
            self._shown_key = None
            self.update()
            self.fault_changed.emit()
        else:
            super().mousePressEvent(event)

    def _contain(self, fault: Exception) -> None:
        if self.fault is not None:
            return
        self.fault = f"{type(fault).__name__}: {fault}"
        log.error("view %r failed", self.accessibleName(), exc_info=fault)
        self.setAccessibleDescription("view failed; vitals are on the bedside monitor")
        self.fault_changed.emit()
        self.update()

    def _paint_fault(self, ink: Ink) -> None:
        palette, px = self.look.palette, self.look.px
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel, palette.secondary)
        middle, room = rect.center().y(), rect.width() - px(36)
        start = px(18) + ink.triangle(px(18), middle, HEADING, palette.text) + px(10)
        ink.fitted(start, middle, "view failed", room, HEADING, palette.text, True)
        name = self.accessibleName()
        ink.fitted(px(18), middle + px(26), f"{name}: look at the bedside monitor", room, TEXT, palette.text)
        ink.fitted(px(18), middle + px(48), "tap to try again", room, SMALL, palette.secondary)
