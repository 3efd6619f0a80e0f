"""Forms with a list: rows to choose among by arrows or a tap, words beside them, a letter for each further way."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from kapconsole.console.keys import Action
from kapconsole.console.painted import RIGHT, Ink
from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import SMALL, TEXT, Look

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
TYPED = {"-": "−", "=": "+", "_": "−"}
"""What keyboards give for the signs that stand on buttons."""


class Row(msgspec.Struct, frozen=True):
    """One line: `key` for the program, words, words at its right end, and whether it is the present one."""

    key: str
    text: str
    right: str = ""
    present: bool = False

    def words(self) -> str:
        """For a screen reader."""
        return ", ".join(part for part in ("present" if self.present else "", self.text, self.right) if part)


class Rows(QAbstractListModel):
    """The rows as Qt wants them."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: tuple[Row, ...] = ()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.UserRole:
            return self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.rows[index.row()].words()
        return None

    def put(self, rows: Sequence[Row]) -> None:
        """Show other rows; while they are as many as before, the selection stays."""
        found = tuple(rows)
        if found == self.rows:
            return
        if len(found) == len(self.rows):
            self.rows = found
            self.dataChanged.emit(self.index(0), self.index(len(found) - 1))
            return
        self.beginResetModel()
        self.rows = found
        self.endResetModel()


class RowDelegate(QStyledItemDelegate):
    """Draws a row, high enough for a finger."""

    look = Look()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, max(self.look.touch, round(self.look.px(34))))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(Qt.ItemDataRole.UserRole)
        px, palette = self.look.px, self.look.palette
        painter.save()
        ink = Ink(painter, self.look)
        rect = QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            ink.panel(rect.adjusted(0, px(1), -px(4), -px(1)), palette.raised, palette.accent, 5)
        baseline = rect.center().y() + self.look.metrics(TEXT).capHeight() / 2
        x = rect.left() + px(30)
        if row.present:
            ink.text(rect.left() + px(10), baseline, "▸", TEXT, palette.accent, True)
        right = rect.right() - px(14)
        if row.right:
            right -= ink.text(right, baseline, row.right, SMALL, palette.secondary, side=RIGHT) + px(12)
        ink.fitted(x, baseline, row.text, right - x, TEXT, palette.text, row.present)
        painter.restore()


class RowList(QListView):
    """A list that leaves letters, digits and Space to its form."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text():
            event.ignore()
        else:
            super().keyPressEvent(event)


class RowSheet(Sheet):
    """`asked` carries the id of a way; `chosen` the key of the row that Enter or two taps meant."""

    asked = Signal(str)
    chosen = Signal(str)
    whole = True

    def __init__(self, title: str, keep: str, look: Look, ways: Sequence[Action], columns: int = 4) -> None:
        self.list = RowList()
        self.delegate = RowDelegate(self.list)
        super().__init__(title, keep, look, "Close")
        self.model = Rows(self.list)
        self.list.setModel(self.model)
        self.list.setItemDelegate(self.delegate)
        self.list.setAccessibleName(title)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.list.doubleClicked.connect(lambda _index: self.keep())
        self.list.selectionModel().currentChanged.connect(lambda *_: self.turned())
        self.said = QLabel("")
        self.said.setWordWrap(True)
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.said.setAccessibleName("About the chosen row")
        middle = QHBoxLayout()
        middle.addWidget(self.list, 3)
        self.side = QVBoxLayout()
        self.side.addWidget(self.said, 1)
        middle.addLayout(self.side, 2)
        self.body.addLayout(middle, 100)
        self.ways = {way.key.upper(): way for way in ways}
        self.buttons: dict[str, QWidget] = {}
        grid = QGridLayout()
        for number, way in enumerate(ways):
            made = button(f"{way.words} · {way.key}", self)
            made.setAccessibleName(f"{way.name} (key {way.key})")
            made.setObjectName("way")
            made.clicked.connect(lambda _checked=False, id=way.id: self.asked.emit(id))
            grid.addWidget(made, number // columns, number % columns)
            self.buttons[way.id] = made
        self.body.addLayout(grid)
        self.finish_layout()
        self.kept.connect(self._choose)
        self.set_look(look)

    def put(self, rows: Sequence[Row], current: str = "") -> None:
        """Show `rows`; `current`: the key of the one to stand on where none is chosen yet."""
        self.model.put(rows)
        if not self.list.currentIndex().isValid() and rows:
            place = next((at for at, row in enumerate(rows) if row.key == current), 0)
            self.list.setCurrentIndex(self.model.index(place))

    def row(self) -> Row | None:
        """The row that is chosen."""
        index = self.list.currentIndex()
        return self.model.rows[index.row()] if index.isValid() and index.row() < len(self.model.rows) else None

    def turned(self) -> None:
        """Another row is chosen: say what is to be known of it."""

    def first_focus(self) -> QWidget:
        return self.list

    def problem(self) -> str:
        return "" if self.row() is not None else "nothing is chosen"

    def _choose(self) -> None:
        row = self.row()
        if row is not None:
            self.chosen.emit(row.key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        typed = event.text().upper()
        way = self.ways.get(TYPED.get(typed, typed))
        if way is not None and not event.isAutoRepeat():
            self.asked.emit(way.id)
        else:
            super().keyPressEvent(event)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        palette, px = look.palette, look.px
        self.delegate.look = look
        self.list.setStyleSheet(
            f"QListView {{ background: {palette.panel}; border: 0; outline: 0; }}"
            f"QScrollBar:vertical {{ background: {palette.panel}; width: {max(8, round(px(10)))}px; margin: 0; }}"
            f"QScrollBar::handle:vertical {{ background: {palette.line}; border-radius: {max(3, round(px(4)))}px;"
            f" min-height: {round(px(40))}px; }}"
            "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
            "QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }"
        )
        size = look.font(SMALL).pixelSize()
        self.setStyleSheet(
            self.styleSheet() + f"#way {{ font-size: {size}px; padding: 0 {round(px(8))}px; }}"
            f"#wrong {{ font-size: {size}px; }}"
        )
        self.list.doItemsLayout()
