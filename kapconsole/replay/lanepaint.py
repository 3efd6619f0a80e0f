"""Draws lanes: bands with their words where they fit, dots with theirs, on the time axis of a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush

from kapconsole.console.curves import Axis
from kapconsole.console.painted import Ink
from kapconsole.console.palette import Palette
from kapconsole.console.plots import draw_dot
from kapconsole.console.theme import SMALL, Look, colour
from kapconsole.replay.lanes import Dot, Lane, Stretch

ROW_UNITS = {"Phases": 24.0, "Notes": 22.0, "Comments": 22.0, "Doses": 22.0}
ROW_OTHER, ROW_ALARM = 19.0, 13.0
LEAST_PX = 3.0
"""A band is at least this wide, however short what it stands for."""
NEAR_PX = 7.0

ALARM_KINDS = ("high", "medium", "low")


class Placed(NamedTuple):
    """A lane and where it stands."""

    lane: Lane
    rect: QRectF


def lane_units(lane: Lane) -> float:
    """The height of a lane in units."""
    if lane.rows == 3 and lane.name.startswith(("Alarms", "What if")):
        return 3 * ROW_ALARM
    return ROW_UNITS.get(lane.name, ROW_OTHER) * max(1, lane.rows)


def draw_lane(ink: Ink, placed: Placed, axis: Axis) -> None:
    """One lane: its spans, then its marks on top; its remark when it is empty."""
    lane, rect = placed
    look, palette = ink.look, ink.look.palette
    baseline = rect.center().y() + look.metrics(SMALL).capHeight() / 2
    if lane.empty and lane.remark:
        ink.fitted(rect.left() + look.px(4), baseline, lane.remark, rect.width(), SMALL, palette.secondary)
        return
    ink.painter.save()
    # Letters may stand a little out of a low row; nothing may stand beside the lane.
    ink.painter.setClipRect(rect.adjusted(0, -4, 0, 4))
    computed = lane.name.startswith("What if")
    placed_boxes = list(boxes(lane, rect, axis))
    lefts = sorted(box.left() for _, box in placed_boxes)
    written: list[QRectF] = []
    for span, box in placed_boxes:
        free = next((left for left in lefts if left > box.right()), rect.right())
        _draw_span(ink, span, box, computed, free - box.right(), written)
    _draw_marks(ink, lane.marks, rect, axis, lefts)
    ink.painter.restore()


def boxes(lane: Lane, rect: QRectF, axis: Axis) -> Iterator[tuple[Stretch, QRectF]]:
    """The spans of a lane that are in sight, and where they stand."""
    height = rect.height() / max(1, lane.rows)
    for span in lane.spans:
        if span.end_us < axis.start_us or span.start_us > axis.end_us:
            continue
        left = rect.left() + axis.x(max(span.start_us, axis.start_us), rect.width())
        right = rect.left() + axis.x(min(span.end_us, axis.end_us), rect.width())
        yield span, QRectF(left, rect.top() + span.row * height + 1, max(LEAST_PX, right - left - 1), height - 2)


def words_at(placed: Sequence[Placed], axis: Axis, x: float, y: float) -> str:
    """What stands under a pointer, in words; empty where nothing does."""
    for lane, rect in placed:
        if not rect.top() <= y <= rect.bottom():
            continue
        near = [dot for dot in lane.marks if abs(rect.left() + axis.x(dot.at_us, rect.width()) - x) <= NEAR_PX]
        if near:
            return near[-1].words
        for span, box in boxes(lane, rect, axis):
            if box.adjusted(-2, -2, 2, 2).contains(x, y):
                return span.words
    return ""


def _draw_span(ink: Ink, span: Stretch, box: QRectF, computed: bool, free: float, written: list[QRectF]) -> None:
    look, palette = ink.look, ink.look.palette
    fill, border, text = _colours(span.kind, palette)
    if span.kind in ALARM_KINDS:
        _draw_alarm(ink, span, box, fill, computed, free, written)
        return
    if span.kind in ("gap", "lost"):
        ink.painter.fillRect(box, QBrush(colour(palette.faint), Qt.BrushStyle.BDiagPattern))
    ink.panel(box, fill, border, 3) if fill else _outline(ink, box, border or palette.text)
    room = box.width() - look.px(12)
    if room > look.px(18):
        baseline = box.center().y() + look.metrics(SMALL).capHeight() / 2
        ink.fitted(box.left() + look.px(6), baseline, span.words, room, SMALL, text)


def _draw_alarm(
    ink: Ink, span: Stretch, box: QRectF, code: str, computed: bool, free: float, written: list[QRectF]
) -> None:
    """A full bar for what alarmed, a hatched one for what would have; its words beside it where there is room.

    `written`: where words of this lane stand already; two alarms that end together would write over each other.
    """
    look, palette = ink.look, ink.look.palette
    if computed:
        ink.painter.fillRect(box, QBrush(colour(code), Qt.BrushStyle.BDiagPattern))
        _outline(ink, box, code)
    else:
        ink.fill(box, code)
    baseline = box.center().y() + look.metrics(SMALL).capHeight() / 2
    width = look.width(span.words, SMALL)
    place = QRectF(box.right() + look.px(6), box.top(), width, box.height())
    if width + look.px(14) < free and not any(place.intersects(other) for other in written):
        written.append(place)
        ink.text(box.right() + look.px(6), baseline, span.words, SMALL, palette.text)


def _draw_marks(ink: Ink, marks: Sequence[Dot], rect: QRectF, axis: Axis, lefts: Sequence[float]) -> None:
    look, palette = ink.look, ink.look.palette
    shown = [dot for dot in marks if axis.start_us <= dot.at_us <= axis.end_us]
    baseline = rect.center().y() + look.metrics(SMALL).capHeight() / 2
    for number, dot in enumerate(shown):
        x = rect.left() + axis.x(dot.at_us, rect.width())
        following = [] if number + 1 == len(shown) else [rect.left() + axis.x(shown[number + 1].at_us, rect.width())]
        following += [left for left in lefts if left > x][:1]
        right = min(following, default=rect.right()) - look.px(8)
        draw_dot(ink, x, rect.center().y(), palette.accent, hollow=dot.kind in ("mark", "comment"))
        room = right - x - look.px(10)
        # Three letters and an ellipsis say nothing.
        if room > min(look.width(dot.words, SMALL), look.px(70)):
            ink.fitted(x + look.px(10), baseline, dot.words, room, SMALL, palette.text)


def _colours(kind: str, palette: Palette) -> tuple[str, str | None, str]:
    """(fill, border, text) of a kind; fill empty for an outline alone."""
    return {
        "high": (palette.high, None, palette.background),
        "medium": (palette.medium, None, palette.background),
        "low": (palette.low, None, palette.background),
        "phase": (palette.accent_panel, None, palette.text),
        "comment": (palette.accent_panel, palette.accent, palette.text),
        "lost": ("", palette.text, palette.text),
        "gap": ("", palette.secondary, palette.text),
    }.get(kind, (palette.raised, palette.faint, palette.text))


def _outline(ink: Ink, box: QRectF, code: str) -> None:
    ink.line_pen(code, 1.2)
    ink.painter.setBrush(Qt.BrushStyle.NoBrush)
    ink.painter.drawRect(box)


def lane_name(look: Look, name: str, room: float) -> str:
    """A lane's name cut to the gutter, without what it is of."""
    return look.metrics(SMALL).elidedText(name.partition(":")[0], Qt.TextElideMode.ElideRight, room)
