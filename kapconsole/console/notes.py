"""The list of marks, notes and what else happened, newest on top; a note can be opened to word or correct it."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from kapconsole.console.alarmmarks import alarm_colour
from kapconsole.console.lines import Line, LineBook, happened, line_time
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look
from kapconsole.console.tiles import wrapped

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
MAX_ROWS = 4
"""A note takes up to this many rows of the list; the whole of it is in its form."""


def line_words(line: Line) -> str:
    """The words of a line; a stamp without words says so, a corrected note says that."""
    if line.kind == "note" and not line.text:
        return "note, no words yet"
    times = "" if line.corrections <= 1 else f" {line.corrections} times"
    return f"{line.text} (corrected{times})" if line.corrections else line.text.replace("SpO2", "SpO₂")


class Lines(QAbstractListModel):
    """The lines, newest first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.lines: tuple[Line, ...] = ()
        self.zero_us = 0

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return len(self.lines)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        line = self.lines[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return line
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{line_time(line, self.zero_us)}  {line_words(line)}"
        return None

    def put(self, lines: tuple[Line, ...], zero_us: int) -> None:
        """Show `lines` (oldest first) with times from `zero_us`."""
        self.beginResetModel()
        self.lines, self.zero_us = lines[::-1], zero_us
        self.endResetModel()


class EventList(QListView):
    """A list that leaves letters, digits and Esc to the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
        else:
            super().keyPressEvent(event)


class LineDelegate(QStyledItemDelegate):
    """Draws one line: time at the right of its column, symbol of its kind, words wrapped."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self.opens = False
        """Where a note is opened by a tap its line is high enough for a finger; the others are only read."""
        self._rows: dict[tuple[Line, float], list[str]] = {}

    def set_look(self, look: Look) -> None:
        """Another palette or size."""
        self.look = look
        self._rows.clear()

    def indent(self) -> float:
        return max(self.look.width("188:88", SMALL), self.look.px(54)) + self.look.px(14)

    def rows(self, line: Line, width: float) -> list[str]:
        """The words of `line` in rows; remembered, since a list is laid out anew with each event."""
        held = self._rows.get((line, width))
        if held is None:
            rows = wrapped(line_words(line), width - self.indent() - self.look.px(6), self.look, TEXT)
            held = rows if len(rows) <= MAX_ROWS else [*rows[: MAX_ROWS - 1], rows[MAX_ROWS - 1] + " …"]
            self._rows[line, width] = held
        return held

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        view = self.parent()
        assert isinstance(view, QListView)
        width = view.viewport().width()
        line = index.data(Qt.ItemDataRole.UserRole)
        height = round(len(self.rows(line, width)) * self.look.metrics(TEXT).height() + self.look.px(7))
        return QSize(width, max(height, self.look.touch) if self.opens and line.kind == "note" else height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = index.data(Qt.ItemDataRole.UserRole)
        model = index.model()
        assert isinstance(model, Lines)
        px, palette = self.look.px, self.look.palette
        painter.save()
        ink = Ink(painter, self.look)
        rect = QRectF(option.rect)
        state = option.state
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        if focused:
            ink.panel(rect.adjusted(0, 0, -px(2), 0), palette.raised, palette.accent, 4)
        metrics = self.look.metrics(TEXT)
        rows = self.rows(line, rect.width())
        baseline = rect.center().y() - len(rows) * metrics.height() / 2 + metrics.ascent()
        indent = self.indent()
        ink.text(
            rect.left() + indent - px(12), baseline, line_time(line, model.zero_us), SMALL, palette.tertiary, side=RIGHT
        )
        code = palette.text if line.kind in ("note", "mark", "dose") else palette.secondary
        if line.kind == "note" and not line.text:
            code = palette.secondary
        if line.priority is not None:
            code = alarm_colour(palette, line.priority)
        for number, words in enumerate(rows):
            ink.text(rect.left() + indent, baseline + number * metrics.height(), words, TEXT, code)
        painter.restore()


class Notes(Painted):
    """The panel with its title and the list in it. `opened` carries the sequence number of a note to be worded."""

    opened = Signal(int)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__("Marks and notes", look, parent)
        self._book: LineBook | None = None
        self.list = EventList(self)
        self.model = Lines(self.list)
        self.delegate = LineDelegate(look, self.list)
        self.list.setModel(self.model)
        self.list.setItemDelegate(self.delegate)
        self.list.setAccessibleName("Marks and notes, newest first")
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.list.activated.connect(self._open)
        self.list.clicked.connect(self._open)
        self._style()

    def let_open(self) -> None:
        """Notes can be opened here to be worded or corrected."""
        self.delegate.opens = True
        self.list.doItemsLayout()

    def _open(self, index: QModelIndex) -> None:
        line = index.data(Qt.ItemDataRole.UserRole)
        if line is not None and line.kind == "note":
            self.opened.emit(line.seq)

    def _style(self) -> None:
        palette, px = self.look.palette, self.look.px
        self.list.setStyleSheet(
            f"QListView {{ background: {palette.panel}; border: 0; outline: 0; }}"
            f"QScrollBar:vertical {{ background: {palette.panel}; width: {max(8, round(px(10)))}px; margin: 0; }}"
            f"QScrollBar::handle:vertical {{ background: {palette.line}; border-radius: {max(3, round(px(4)))}px;"
            f" min-height: {round(px(40))}px; }}"
            "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
            "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
        )

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.delegate.set_look(look)
        self._style()
        self._place()
        self.list.doItemsLayout()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        px = self.look.px
        top = round(px(48))
        self.list.setGeometry(round(px(14)), top, round(self.width() - px(20)), round(self.height() - px(14)) - top)

    def key(self, moment: Moment) -> Hashable:
        zero_us = moment.state.dose_us
        return happened(moment.timeline.events, moment.now_us), zero_us

    def take(self, moment: Moment) -> None:
        before = self._shown_key
        super().take(moment)
        if self._shown_key != before:
            count = happened(moment.timeline.events, moment.now_us)
            if self._book is None or self._book.events is not moment.timeline.events:
                self._book = LineBook(moment.timeline.events)
            lines = self._book.after(count)
            if (lines[::-1], moment.state.dose_us or 0) != (self.model.lines, self.model.zero_us):
                scrolled = self.list.verticalScrollBar().value()
                self.model.put(lines, moment.state.dose_us or 0)
                # A reader who scrolled down stays there; at the top the newest comes into view.
                self.list.verticalScrollBar().setValue(scrolled)

    def spoken(self, moment: Moment) -> str:
        newest = self.model.lines[:1]
        return f"newest: {line_words(newest[0])}" if newest else "nothing yet"

    def paint(self, ink: Ink) -> None:
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel)
        ink.text(px(20), px(32), "Marks and notes", HEADING, palette.text, True)
        if not self.model.lines:
            ink.text(px(20), px(62), "nothing yet", TEXT, palette.secondary)
