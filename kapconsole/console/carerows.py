"""A sheet of rows to choose from: each with a mark, words and what was found; letters and digits are its keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from kapconsole.console.keys import Action
from kapconsole.console.moment import Moment
from kapconsole.console.notes import EventList
from kapconsole.console.painted import Ink
from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import SMALL, TEXT, Look

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
LOOKED_US = 500_000
"""How often the rows are made anew while nothing happens."""


class Row(NamedTuple):
    """One row. `key`: the key that chooses it, or empty. `mark`: a sign in front, such as a tick; `quiet`: in grey.

    `spoken`: what a screen reader says in place of the mark.
    """

    id: str
    text: str
    details: str = ""
    key: str = ""
    mark: str = ""
    quiet: bool = False
    spoken: str = ""

    def words(self) -> str:
        """The row for a screen reader."""
        key = f"key {self.key}" if self.key else ""
        return ", ".join(part for part in (key, self.text, self.spoken, self.details) if part)


class Page(NamedTuple):
    """What a sheet of rows shows: the rows, and words above them."""

    rows: tuple[Row, ...]
    note: str = ""


class RowModel(QAbstractListModel):
    """The rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.words()
        return None

    def put(self, rows: tuple[Row, ...]) -> None:
        """Show other rows; the same ones in the same places keep the selection."""
        same = [row.id for row in rows] == [row.id for row in self.rows]
        if rows == self.rows:
            return
        if same:
            self.rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
        else:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()


class RowDelegate(QStyledItemDelegate):
    """Draws a row: key or mark, words, below them what was found."""

    look = Look()
    width = 100
    even = False
    """True where all rows are as high as one with details: they stand in columns."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row = index.data(Qt.ItemDataRole.UserRole)
        look = self.look
        lines = look.metrics(TEXT).height() + look.px(12)
        if row.details or self.even:
            lines += look.metrics(SMALL).height()
        return QSize(self.width, max(look.touch, round(lines)))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(Qt.ItemDataRole.UserRole)
        px, palette, look = self.look.px, self.look.palette, self.look
        painter.save()
        ink = Ink(painter, look)
        rect = QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
            ink.panel(rect.adjusted(0, px(1), 0, -px(1)), palette.raised, palette.accent if focused else None, 4)
        indent = rect.left() + px(48)
        above, below = look.metrics(TEXT), look.metrics(SMALL)
        height = above.height() + (below.height() if row.details or self.even else 0)
        baseline = rect.center().y() - height / 2 + above.ascent()
        code = palette.secondary if row.quiet else palette.text
        if row.key:
            width = max(px(26), look.width(row.key, TEXT, True) + px(14))
            cap = QRectF(rect.left() + px(10), baseline - above.ascent(), width, above.height())
            ink.panel(cap, palette.raised, palette.faint, 5)
            ink.text(cap.center().x(), baseline, row.key, TEXT, palette.text, True, 0)
            indent = max(indent, cap.right() + px(12))
        elif row.mark:
            ink.text(rect.left() + px(24), baseline, row.mark, TEXT, code, True, 0)
        room = rect.right() - indent - px(10)
        ink.fitted(indent, baseline, row.text.replace("SpO2", "SpO₂"), room, TEXT, code, not row.quiet)
        if row.details:
            words = row.details.replace("SpO2", "SpO₂")
            ink.fitted(indent, baseline + below.height() + px(1), words, room, SMALL, palette.secondary)
        painter.restore()


class RowsSheet(Sheet):
    """`chosen` carries the id of a row, `pressed` the id of one of its own keys."""

    chosen = Signal(str)
    pressed = Signal(str)
    whole = True
    _built = False

    def __init__(
        self,
        title: str,
        look: Look,
        page: Callable[[Moment], Page],
        moment: Moment,
        choose: str = "Choose",
        ways: Sequence[Action] = (),
        name: str = "",
        columns: int = 1,
    ) -> None:
        """`page`: what is shown at a moment. `choose`: what Enter does with a row. `ways`: further keys of the sheet.

        `columns`: rows stand in so many columns, for a list of short ones.
        """
        super().__init__(title, choose, look)
        self._across = columns
        self._page = page
        self._seen = (-1, -1)
        self._timeline: object = None
        self.note = QLabel("")
        self.note.setWordWrap(True)
        self.body.addWidget(self.note)
        self.list = EventList(self)
        self.list.setAccessibleName(name or title)
        self.model = RowModel(self.list)
        self.delegate = RowDelegate(self.list)
        self.list.setModel(self.model)
        self.list.setItemDelegate(self.delegate)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setResizeMode(QListView.ResizeMode.Adjust)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setWrapping(columns > 1)
        self.delegate.even = columns > 1
        self.list.clicked.connect(self._choose)
        self.list.selectionModel().currentChanged.connect(lambda now, before: self._tell())
        self.body.addWidget(self.list, 1)
        self.full = QLabel("")
        self.full.setWordWrap(True)
        self.body.addWidget(self.full)
        self.ways: dict[str, QPushButton] = {}
        self._keys: dict[str, str] = {}
        row = QHBoxLayout()
        for way in ways:
            one = button(f"{way.words} · {way.key}", self)
            one.setAccessibleName(f"{way.name} (key {way.key})")
            one.clicked.connect(lambda _checked=False, name=way.id: self.pressed.emit(name))
            self.ways[way.id] = one
            self._keys[way.key.upper()] = way.id
            row.addWidget(one)
        if ways:
            row.addStretch(1)
            self.body.addLayout(row)
        self.finish_layout()
        self.wrong.setWordWrap(True)
        self._built = True
        self.set_look(look)
        self.show_moment(moment)
        if self.model.rows:
            self.list.setCurrentIndex(self.model.index(0))

    def finish_layout(self) -> None:
        super().finish_layout()
        # The list takes the room, not the space above the buttons.
        self.body.setStretch(self.body.count() - 2, 0)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        if not self._built:
            return
        self.delegate.look = look
        self.body.setSpacing(round(look.px(8)))
        self.setStyleSheet(
            self.styleSheet() + f"QPushButton {{ min-height: {max(look.touch, round(look.px(36)))}px; }}"
            f"QListView {{ background: {look.palette.panel}; border: 0; outline: 0; }}"
            f"QScrollBar:vertical {{ background: {look.palette.panel}; width: {max(8, round(look.px(10)))}px; }}"
            f"QScrollBar::handle:vertical {{ background: {look.palette.faint};"
            f" border-radius: {max(3, round(look.px(4)))}px; min-height: {round(look.px(40))}px; }}"
            "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
            "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
        )
        self.list.doItemsLayout()

    def first_focus(self) -> QWidget:
        return self.list

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place()

    def _place(self) -> None:
        self.body.activate()
        if self._across > 1 and self.model.rows:
            each = self.delegate.sizeHint(QStyleOptionViewItem(), self.model.index(0)).height()
            fits = max(1, self.list.viewport().height() // each)
            across = max(self._across, -(-len(self.model.rows) // fits))
            self.delegate.width = max(1, (self.list.viewport().width() - 2) // across)
            self.list.doItemsLayout()
        self._tell()

    def show_moment(self, moment: Moment) -> None:
        seen = (moment.now_us // LOOKED_US, moment.state.seq)
        # The window may still hold the moment before the answer that opened this sheet.
        if seen == self._seen or (moment.timeline is self._timeline and moment.state.seq < self._seen[1]):
            return
        self._seen, self._timeline = seen, moment.timeline
        page = self._page(moment)
        current = self.list.currentIndex().row()
        reset = [row.id for row in page.rows] != [row.id for row in self.model.rows]
        self.model.put(page.rows)
        if reset and page.rows:
            self.list.setCurrentIndex(self.model.index(max(0, min(current, len(page.rows) - 1))))
        self.note.setText(page.note)
        self.note.setVisible(bool(page.note))
        self._tell()

    def select(self, row_id: str) -> None:
        """Make the row with this id the present one."""
        for place, row in enumerate(self.model.rows):
            if row.id == row_id:
                self.list.setCurrentIndex(self.model.index(place))

    def current(self) -> Row | None:
        """The row that Enter is about."""
        index = self.list.currentIndex()
        return self.model.rows[index.row()] if index.isValid() and index.row() < len(self.model.rows) else None

    def keep(self) -> None:
        row = self.current()
        if row is not None:
            self.chosen.emit(row.id)

    def refused(self, words: str) -> None:
        """What was asked for was not granted."""
        self.wrong.setText(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.text().upper()
        if key and not event.isAutoRepeat():
            for row in self.model.rows:
                if row.key and row.key.upper() == key:
                    self.select(row.id)
                    self.chosen.emit(row.id)
                    return
            if key in self._keys and self.ways[self._keys[key]].isEnabled():
                self.pressed.emit(self._keys[key])
                return
        super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        self.list.setCurrentIndex(index)
        self.keep()

    def _tell(self) -> None:
        """The whole of what was found of the present row, where the row itself may be cut."""
        row = self.current()
        room = (
            self.width() - self.look.px(48 + 58 + 20) if self._across == 1 else self.delegate.width - self.look.px(58)
        )
        cut = row is not None and self.look.width(row.details, SMALL) > room
        self.full.setText(row.details.replace("SpO2", "SpO₂") if row is not None and cut else "")
        self.full.setVisible(bool(cut))
