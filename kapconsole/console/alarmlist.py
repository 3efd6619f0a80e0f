"""The form of all alarms: what is active, paused and just ended, each to be acknowledged alone; the way to the rest."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QGridLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from kapconsole.alarms.events import OccurrenceState
from kapconsole.alarms.status import ShownAlarm
from kapconsole.console.alarmmarks import alarm_colour, tick
from kapconsole.console.alarmwords import NOT_ANSWERING, UNHEARD, Banner, Item, alarm_details
from kapconsole.console.keys import Action
from kapconsole.console.moment import Moment
from kapconsole.console.notes import EventList
from kapconsole.console.painted import Ink
from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()

WAYS = (
    Action("limits", "I", "Limits", "Alarm limits: see and change them"),
    Action("alarm-pause", "U", "Alarm pause", "ALARM PAUSED of one parameter"),
    Action("symptoms", "Y", "Symptoms", "Red-flag symptoms, and the limb of the cuff"),
    Action("presets", "R", "Presets", "The stored presets, to read"),
    Action("self-test", "K", "Self-test", "Self-test: what was heard and seen"),
    Action("report", "B", "Report", "The alarm burden of this session so far"),
)
"""Where the list of alarms leads; the keys work in the list and in the window."""


class AlarmRow:
    """One row: an alarm with what is to be known of it, or words about something else."""

    def __init__(self, item: Item, details: str = "", alarm: ShownAlarm | None = None) -> None:
        self.item, self.details, self.alarm = item, details, alarm

    def words(self) -> str:
        """The row for a screen reader."""
        priority = f"{self.item.priority.upper()} " if self.item.priority is not None else ""
        return f"{priority}{self.item.mark} {self.item.text} {self.details}".strip()


def alarm_rows(moment: Moment, shown: Banner) -> list[AlarmRow]:
    """The rows of the list: every alarm, then what else the strip has, then what has ended."""
    if shown.grave:
        return [AlarmRow(Item("alarm", shown.text, shown.mark, shown.priority), shown.details)] + [
            AlarmRow(item) for item in shown.others
        ]
    alarms = () if moment.alarms is None else moment.alarms.alarms
    rows = [
        AlarmRow(
            Item("alarm", alarm.text, alarm.mark, alarm.priority, alarm.state is OccurrenceState.ACKED),
            alarm_details(alarm, moment),
            alarm,
        )
        for alarm in alarms
    ]
    return rows + [AlarmRow(item) for item in shown.others if item.kind != "alarm"]


class AlarmModel(QAbstractListModel):
    """The rows, gravest first."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[AlarmRow] = []

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return row
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.words()
        return None

    def put(self, rows: list[AlarmRow]) -> None:
        """Show other rows; what is the same alarm in the same place keeps the selection."""
        if [row.alarm and row.alarm.occurrence for row in rows] == [
            row.alarm and row.alarm.occurrence for row in self.rows
        ]:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()


class AlarmDelegate(QStyledItemDelegate):
    """Draws a row: symbol and text large in the colour of its priority, below it what is to be known."""

    look = Look()

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row = index.data(Qt.ItemDataRole.UserRole)
        lines = 58 if row.alarm is not None or row.details else 34
        return QSize(100, max(self.look.touch if row.alarm else 0, round(self.look.px(lines))))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(Qt.ItemDataRole.UserRole)
        px, palette = self.look.px, self.look.palette
        painter.save()
        ink = Ink(painter, self.look)
        rect = QRectF(option.rect)
        if option.state & QStyle.StateFlag.State_Selected:
            ink.panel(rect.adjusted(0, px(1), -px(4), -px(1)), palette.raised, palette.accent, 5)
        item: Item = row.item
        code = palette.secondary if item.priority is None else alarm_colour(palette, item.priority)
        high = row.alarm is not None or bool(row.details)
        baseline = rect.top() + px(25 if high else 23)
        left = rect.left() + px(12)
        width = rect.width() - px(24)
        if item.kind in ("trouble", "warning"):
            left += ink.triangle(left, baseline, 18, palette.text) + px(8)
            code = palette.text
        if item.mark:
            left += max(px(54), ink.text(left, baseline + px(5), item.mark, 26, code, True) + px(10))
        if item.acknowledged:
            left += tick(ink, left, baseline, 18, code) + px(8)
        size = HEADING + 2 if row.alarm is not None else TEXT
        words = item.text.replace("SpO2", "SpO₂")
        ink.fitted(left, baseline, words, rect.left() + width - left, size, code, row.alarm is not None)
        if row.details:
            details = row.details.replace("SpO2", "SpO₂")
            ink.fitted(rect.left() + px(66), rect.top() + px(48), details, width - px(66), SMALL, palette.text)
        painter.restore()


class AlarmListSheet(Sheet):
    """`acknowledged` carries the number of one occurrence; `asked` the id of another form."""

    acknowledged = Signal(int)
    asked = Signal(str)
    whole = True
    _built = False

    def __init__(self, look: Look) -> None:
        super().__init__("Alarms", "Close", look)
        self.list = EventList(self)
        self.model = AlarmModel(self.list)
        self.delegate = AlarmDelegate(self.list)
        self.list.setModel(self.model)
        self.list.setItemDelegate(self.delegate)
        self.list.setAccessibleName("All alarms, the gravest first; Enter acknowledges one")
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.kept.connect(self.left)
        self.list.doubleClicked.connect(self._acknowledge)
        self.body.addWidget(self.list, 100)
        ways = QGridLayout()
        self.acknowledge_button = button("Acknowledge this one", self)
        self.acknowledge_button.clicked.connect(lambda: self._acknowledge(self.list.currentIndex()))
        ways.addWidget(self.acknowledge_button, 0, 0)
        for number, action in enumerate(WAYS, 1):
            way = button(f"{action.words} · {action.key}", self)
            way.setAccessibleName(f"{action.name} (key {action.key})")
            way.clicked.connect(lambda _checked=False, name=action.id: self.asked.emit(name))
            ways.addWidget(way, number // 4, number % 4)
        self.body.addLayout(ways)
        self.finish_layout()
        self.leave_button.hide()
        self.keep_button.setText("Close · Esc")
        self._built = True
        self.set_look(look)

    def first_focus(self) -> QWidget:
        return self.list

    def show_alarms(self, moment: Moment, shown: Banner) -> None:
        """What is active now; `shown` is what the strip has."""
        self.model.put(alarm_rows(moment, shown))
        if self.model.rows and not self.list.currentIndex().isValid():
            self.list.setCurrentIndex(self.model.index(0))
        self.acknowledge_button.setEnabled(any(row.alarm for row in self.model.rows))
        empty = NOT_ANSWERING if shown.grave else UNHEARD if moment.alarms is None else "no alarms"
        self.wrong.setText("" if self.model.rows else empty)

    def _acknowledge(self, index: QModelIndex) -> None:
        row = index.data(Qt.ItemDataRole.UserRole) if index.isValid() else None
        if row is not None and row.alarm is not None:
            self.acknowledged.emit(row.alarm.occurrence)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = next((action for action in WAYS if event.text().upper() == action.key), None)
        if event.text().upper() == "W" and not event.isAutoRepeat():
            self.left.emit()
        elif way is not None and not event.isAutoRepeat():
            self.asked.emit(way.id)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.list.hasFocus():
            self._acknowledge(self.list.currentIndex())
        else:
            super().keyPressEvent(event)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        if not self._built:
            return
        self.delegate.look = look
        self.list.setStyleSheet(f"QListView {{ background: {look.palette.panel}; border: 0; outline: 0; }}")
        self.list.doItemsLayout()
