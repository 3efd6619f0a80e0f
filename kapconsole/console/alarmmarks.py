"""The drawn marks of alarm states: bell and triangle, with a dashed cross while something is paused."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainterPath, QPen, QPolygonF

from kapconsole.alarms.events import Priority
from kapconsole.console.painted import Ink
from kapconsole.console.palette import Palette
from kapconsole.console.theme import colour

_LEAST_PX = 13.0


def alarm_colour(palette: Palette, priority: Priority) -> str:
    """The colour of a priority as it is read on a panel."""
    return str(getattr(palette, priority.value))


def alarm_fill(palette: Palette, priority: Priority) -> str:
    """The colour that fills a lit strip."""
    return str(getattr(palette, f"{priority.value}_fill"))


def bell_paused(ink: Ink, x: float, baseline: float, size: float, code: str) -> float:
    """The bell with a dashed cross (AUDIO PAUSED) standing on the baseline; gives its width in pixels."""
    side = max(_LEAST_PX, ink.look.px(size))
    box = QRectF(x, baseline - side * 0.94, side, side)

    def at(across: float, down: float) -> QPointF:
        return QPointF(box.left() + side * across, box.top() + side * down)

    path = QPainterPath(at(0.10, 0.78))
    path.quadTo(at(0.25, 0.66), at(0.25, 0.44))
    path.cubicTo(at(0.25, 0.00), at(0.75, 0.00), at(0.75, 0.44))
    path.quadTo(at(0.75, 0.66), at(0.90, 0.78))
    path.closeSubpath()
    path.addEllipse(QRectF(at(0.38, 0.82), at(0.62, 1.0)))
    ink.painter.setPen(Qt.PenStyle.NoPen)
    ink.painter.setBrush(_faded(code))
    ink.painter.drawPath(path)
    _dashed_cross(ink, box, code)
    return side


def triangle_paused(ink: Ink, x: float, baseline: float, size: float, code: str) -> float:
    """The warning triangle with a dashed cross (ALARM PAUSED) standing on the baseline; gives its width in pixels."""
    side = max(_LEAST_PX, ink.look.px(size))
    box = QRectF(x, baseline - side * 0.94, side, side)
    bottom, top, middle = box.top() + side * 0.94, box.top() + side * 0.08, box.center().x()
    triangle = QPainterPath(QPointF(box.left(), bottom))
    triangle.lineTo(middle, top)
    triangle.lineTo(box.right(), bottom)
    triangle.closeSubpath()
    ink.painter.setPen(Qt.PenStyle.NoPen)
    ink.painter.setBrush(_faded(code))
    ink.painter.drawPath(triangle)
    _dashed_cross(ink, box, code)
    return side


def tick(ink: Ink, x: float, baseline: float, size: float, code: str) -> float:
    """The tick of ACKNOWLEDGED; gives its width in pixels."""
    side = max(_LEAST_PX * 0.8, ink.look.px(size))
    _pen(ink, code, side * 0.13)
    ink.painter.setBrush(Qt.BrushStyle.NoBrush)
    ink.painter.drawPolyline(
        QPolygonF(
            [
                QPointF(x + side * 0.06, baseline - side * 0.34),
                QPointF(x + side * 0.36, baseline - side * 0.04),
                QPointF(x + side * 0.94, baseline - side * 0.76),
            ]
        )
    )
    return side


def _pen(ink: Ink, code: str, width_px: float) -> None:
    pen = QPen(colour(code), max(1.2, width_px))
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    ink.painter.setPen(pen)


def _faded(code: str) -> QColor:
    """The mark itself, weaker than its cross, so that both are seen where they are small."""
    faded = QColor(code)
    faded.setAlphaF(0.5)
    return faded


def _dashed_cross(ink: Ink, box: QRectF, code: str) -> None:
    """The dashed cross over a mark: three dashes an arm, whatever the size."""
    width = max(1.7, box.width() * 0.095)
    pen = QPen(colour(code), width)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    dash = box.width() * 1.414 / 4.4 / width
    pen.setDashPattern([dash, dash * 0.7])
    ink.painter.setPen(pen)
    for left, right in ((box.left(), box.right()), (box.right(), box.left())):
        ink.line(left, box.top(), right, box.bottom())
