"""The alarm burden of a session as a table and a plot: how often, how soon noticed, what delays and other limits do."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from kapconsole.alarms.conditions import CONDITIONS, RANK
from kapconsole.alarms.history import History
from kapconsole.alarms.report import AlarmReport, Burden, report_text
from kapconsole.console.alarmmarks import alarm_colour
from kapconsole.console.painted import CENTRE, RIGHT, Ink
from kapconsole.console.sheets import Sheet
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look
from kapconsole.session.words import clock_text

ROW, LANE, HEAD = 26.0, 24.0, 30.0
NAME_PART = 0.36
"""The part of the width that the names of conditions have."""

COLUMNS = ("alarms", "per hour", "in 30 s", "by delay", "total")
STEPS_S = (60, 300, 600, 1800, 3600, 7200)


def burden_row(burden: Burden) -> tuple[str, ...]:
    """The figures of one condition, as they stand in the table."""
    return (
        f"{burden.count}",
        f"{burden.per_hour:.1f}",
        percent(burden.soon_share),
        percent(burden.suppressed_share),
        f"{burden.total_s:.0f} s",
    )


def percent(share: float | None) -> str:
    """A share of 0 to 1 as people read it."""
    return "–" if share is None else f"{100 * share:.0f} %"


def condition_name(condition: str) -> str:
    """The condition with its number, as it is written on screens."""
    return f"{condition} {CONDITIONS[condition].name}".replace("SpO2", "SpO₂")


def headline(report: AlarmReport) -> str:
    """The whole burden in one line."""
    burden = report.fatigue
    words = (
        f"{burden.count} alarms in {burden.hours:.1f} h, {burden.per_hour:.1f} an hour · acknowledged within 30 s:"
        f" {percent(burden.soon_share)} · suppressed by delay: {burden.suppressed} · preset {burden.preset}"
    )
    return words if report.logged else f"{words} (computed: this session logged none)"


class FatigueView(QWidget):
    """A report, drawn as high as it needs; put it into a scroll area. The whole of it in words is its description."""

    def __init__(self, report: AlarmReport, look: Look | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.report = report
        self.look = look or Look()
        self.setAccessibleName("Alarm burden of the session")
        self.setAccessibleDescription(report_text(report))
        self._measure()

    def set_look(self, look: Look) -> None:
        """Another palette or size."""
        self.look = look
        self._measure()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self.look.px(900)), round(self.look.px(self.units())))

    def units(self) -> float:
        """Its height in units."""
        table = 2 + max(1, len(self.report.fatigue.burdens)) + len(self.report.differences)
        lanes = sum(max(1, len(lanes_of(history))) for history in self.histories())
        return 40 + table * ROW + (ROW + HEAD if self.report.differences else 0) + lanes * LANE + 120

    def room(self) -> float:
        """The width that is written on, pixels: beside it a scroll bar may stand."""
        return self.width() - self.look.px(18)

    def histories(self) -> Sequence[History]:
        """The session's alarms, and what would have alarmed where that was asked for."""
        other = self.report.what_if
        return (self.report.alarms,) if other is None else (self.report.alarms, other)

    def _measure(self) -> None:
        self.setMinimumHeight(round(self.look.px(self.units())))
        self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink = Ink(painter, self.look)
        ink.fill(QRectF(self.rect()), self.look.palette.panel)
        y = self._paint_table(ink, self.look.px(24))
        y = self._paint_differences(ink, y)
        self._paint_plot(ink, y)
        painter.end()

    def _paint_table(self, ink: Ink, y: float) -> float:
        px, palette = self.look.px, self.look.palette
        ink.fitted(0, y, headline(self.report), self.room(), TEXT, palette.text)
        y += px(ROW + 6)
        ends = [self.room() * (NAME_PART + (1 - NAME_PART) * (at + 1) / len(COLUMNS)) for at in range(len(COLUMNS))]
        for words, end in zip(COLUMNS, ends, strict=True):
            ink.text(end, y, words, SMALL, palette.secondary, side=RIGHT)
        ink.text(0, y, "condition", SMALL, palette.secondary)
        if not self.report.fatigue.burdens:
            ink.text(0, y + px(ROW), "no alarms, and none that a delay suppressed", TEXT, palette.secondary)
            return y + px(ROW)
        for burden in self.report.fatigue.burdens:
            y += px(ROW)
            ink.line_pen(palette.line)
            ink.line(0, y - px(ROW * 0.72), self.room(), y - px(ROW * 0.72))
            room = self.room() * NAME_PART
            ink.fitted(0, y, condition_name(burden.condition), room, TEXT, palette.text)
            for words, end in zip(burden_row(burden), ends, strict=True):
                ink.text(end, y, words, TEXT, palette.text, side=RIGHT)
        return y

    def _paint_differences(self, ink: Ink, y: float) -> float:
        report, px, palette = self.report, self.look.px, self.look.palette
        if report.what_if is None:
            return y
        y += px(HEAD + 8)
        ink.text(0, y, f"Would have alarmed with preset {report.what_if.preset}", HEADING, palette.text, True)
        ends = self.room() * 0.55, self.room() * 0.75
        for words, end in zip(("did", "would have"), ends, strict=True):
            ink.text(end, y, words, SMALL, palette.secondary, side=RIGHT)
        for diff in report.differences:
            y += px(ROW)
            ink.fitted(0, y, condition_name(diff.condition), self.room() * NAME_PART, TEXT, palette.text)
            for count, end in zip((diff.was, diff.would), ends, strict=True):
                ink.text(end, y, str(count), TEXT, palette.text, diff.was != diff.would, RIGHT)
        return y

    def _paint_plot(self, ink: Ink, y: float) -> None:
        """One lane a condition, one bar an occurrence: its colour and its height say the highest priority it had."""
        px, palette = self.look.px, self.look.palette
        left, right = self.room() * NAME_PART, self.room()
        length_s = max(1.0, *(history.length_s for history in self.histories()))
        top = y + px(12)
        step_s = next((step for step in STEPS_S if length_s / step <= 10), STEPS_S[-1])
        marks = [(number * step_s, left + (right - left) * number * step_s / length_s)
                 for number in range(int(length_s // step_s) + 1)]  # fmt: skip
        y = top + px(HEAD)
        for history in self.histories():
            lanes = lanes_of(history)
            bottom = y + px(LANE) * max(1, len(lanes))
            ink.line_pen(palette.line)
            for _, x in marks:
                ink.line(x, y - px(4), x, bottom)
            ink.text(0, y - px(10), f"preset {history.preset}", SMALL, palette.secondary)
            for name in lanes:
                y += px(LANE)
                ink.fitted(0, y - px(6), condition_name(name), left - px(14), SMALL, palette.text)
                for one in history.occurrences:
                    if one.condition == name:
                        x = left + (right - left) * one.began_s / length_s
                        end_s = length_s if one.ended_s is None else one.ended_s
                        width = max(px(3), (right - left) * (end_s - one.began_s) / length_s)
                        height = px(LANE) * 0.27 * one.priority.rank
                        ink.fill(QRectF(x, y - height - px(2), width, height), alarm_colour(palette, one.priority))
            y = bottom + px(HEAD)
        for at_s, x in marks:
            words = clock_text(at_s * 1_000_000)
            side = RIGHT if x > right - px(30) else CENTRE
            ink.text(x, y - px(8), words, SMALL, palette.tertiary, side=side)
        ink.text(0, y - px(8), "a higher bar: a higher priority", SMALL, palette.tertiary)


def lanes_of(history: History) -> list[str]:
    """The conditions of a history, the gravest first."""
    return sorted({one.condition for one in history.occurrences}, key=RANK.__getitem__)


class FatigueSheet(Sheet):
    """The report as a form."""

    whole = True

    def __init__(self, look: Look, report: AlarmReport) -> None:
        super().__init__("Alarms of this session", "Close", look)
        self.view = FatigueView(report, look)
        area = QScrollArea(self)
        area.setWidget(self.view)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName("Report, to scroll")
        self.body.addWidget(area, 100)
        self.finish_layout()
        self.leave_button.hide()
        self.kept.connect(self.left)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        if hasattr(self, "view"):
            self.view.set_look(look)
