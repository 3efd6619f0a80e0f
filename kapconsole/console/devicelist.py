"""The list in the window of devices: each with its state and how sure we are of its protocol, in words."""

from __future__ import annotations

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from kapconsole.console.devices import paint_symbol
from kapconsole.console.painted import Ink
from kapconsole.console.theme import SMALL, TEXT, Look
from kapconsole.session.state import DeviceView, State
from kapdevices.catalog import Manifest, catalog

Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


def manifest_of(device: DeviceView) -> Manifest | None:
    """What the shelf knows of the device's protocol; None for one that this version has not."""
    return catalog().get(device.protocol)


def has_cuff(device: DeviceView) -> bool:
    """True when the device can be told to take a cuff reading."""
    manifest = manifest_of(device)
    return manifest is not None and "start-cuff" in manifest.commands


class DeviceRows(QAbstractListModel):
    """The devices by number."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.state = State()
        self.devices: tuple[DeviceView, ...] = ()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        return len(self.devices)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        device = self.devices[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return device
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return ", ".join(row_words(self.state, device))
        return None

    def put(self, state: State) -> None:
        """Show the devices of `state`; the selection stays where it was."""
        self.state = state
        devices = tuple(device for _, device in sorted(state.devices.items()))
        if len(devices) != len(self.devices):
            self.beginResetModel()
            self.devices = devices
            self.endResetModel()
        elif devices:
            self.devices = devices
            self.dataChanged.emit(self.index(0), self.index(len(devices) - 1))


def row_words(state: State, device: DeviceView) -> tuple[str, str, str]:
    """(name, state, how sure we are of its protocol)."""
    manifest = manifest_of(device)
    status = manifest.status if manifest is not None else "unknown to this version"
    return state.device_name(device.source), "connected" if device.delivering else device.text or device.state, status


class DeviceDelegate(QStyledItemDelegate):
    """Draws one device: symbol, name, state and the status of its protocol."""

    look: Look

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        look = self.look
        rows = look.metrics(TEXT).height() + 2 * look.metrics(SMALL).height()
        return QSize(10, max(look.touch, round(rows + look.px(20))))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        device = index.data(Qt.ItemDataRole.UserRole)
        model = index.model()
        assert isinstance(model, DeviceRows)
        px, palette, look = self.look.px, self.look.palette, self.look
        painter.save()
        ink = Ink(painter, look)
        rect = QRectF(option.rect).adjusted(0, 0, 0, -px(4))
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        if chosen:
            ink.panel(rect, palette.raised, palette.accent if focused else palette.faint, 6)
        name, state, status = row_words(model.state, device)
        baseline = rect.top() + px(8) + look.metrics(TEXT).ascent()
        paint_symbol(ink, rect.left() + px(10), baseline, device)
        x = rect.left() + px(10) + max(9.0, px(14)) + px(9)
        room = rect.right() - x - px(8)
        ink.fitted(x, baseline, name, room, TEXT, palette.text, True)
        below = look.metrics(SMALL).height()
        code = palette.secondary if device.delivering else palette.text
        ink.fitted(x, baseline + below + px(2), state, room, SMALL, code)
        ink.fitted(x, baseline + 2 * below + px(2), status, room, SMALL, palette.tertiary)
        painter.restore()


class DeviceRowsView(QListView):
    """A list that leaves everything but the arrows to the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
        else:
            event.ignore()
