"""A panel of the right column: it is drawn, and where the window takes wishes its keys stand on it as small buttons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from kapconsole.console.keys import Action, KeyCap
from kapconsole.console.painted import CENTRE, Ink, Painted
from kapconsole.console.theme import SMALL, Look


def key_height(look: Look) -> int:
    """How high the keys of a panel are, px: for a finger, and for an eye on a large screen."""
    return max(look.touch, round(look.px(40)))


class PanelCap(KeyCap):
    """An action as a button for a narrow column: where there is little room the words give way, never the key."""

    def cap_width(self) -> float:
        return max(self.look.px(24), self.look.width(self.action.key, SMALL, True) + self.look.px(12))

    def sizeHint(self) -> QSize:
        words = self.look.width(self.action.words, SMALL)
        width = max(self.look.touch, round(self.cap_width() + words + self.look.px(16)))
        return QSize(width, key_height(self.look))

    def paintEvent(self, event: QPaintEvent) -> None:
        px, palette = self.look.px, self.look.palette
        painter = QPainter(self)
        ink = Ink(painter, self.look)
        rect = QRectF(self.rect())
        ink.fill(rect, palette.panel)
        down = self.isDown()
        if self.hasFocus() or down or self.underMouse():
            border = palette.accent if self.hasFocus() else palette.line
            ink.panel(rect, palette.raised if down else palette.panel, border, 6)
        metrics = self.look.metrics(SMALL)
        height = metrics.height() + px(4)
        cap = QRectF(px(3), rect.center().y() - height / 2, self.cap_width(), height)
        ink.panel(cap, palette.raised, palette.faint, 5)
        baseline = rect.center().y() + metrics.capHeight() / 2
        ink.text(cap.center().x(), baseline, self.action.key, SMALL, palette.text, True, CENTRE)
        room = rect.right() - cap.right() - px(6)
        ink.fitted(cap.right() + px(6), baseline, self.action.words, room, SMALL, palette.secondary)
        painter.end()

    def put(self, words: str) -> None:
        """Other words beside the key."""
        if words != self.action.words:
            action = self.action
            self.action = Action(action.id, action.key, words, action.name)
            self.update()


class KeyedPanel(Painted):
    """`acted` carries the id of a touched key; `opened`: a tap elsewhere asks for the form behind the panel."""

    acted = Signal(str)
    opened = Signal()

    def __init__(self, name: str, actions: Sequence[Action], look: Look, parent: QWidget | None, keyed: bool) -> None:
        """`keyed`: the keys stand on it; a replay has none."""
        super().__init__(name, look, parent)
        self.keyed = keyed
        self.caps = {action.id: PanelCap(action, look, self) for action in actions}
        for id_, cap in self.caps.items():
            cap.clicked.connect(lambda _checked=False, id=id_: self.acted.emit(id))
            cap.hide()
        if keyed:
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    @property
    def keys_top(self) -> float:
        """Where the row of keys at the bottom begins, px; where no keys stand, the bottom margin."""
        return self.height() - (key_height(self.look) + self.look.px(8) if self.keyed else self.look.px(12))

    def put_row(self, wanted: dict[str, str]) -> None:
        """These keys, with these words, in a row at the bottom; of the others none but that in the corner."""
        if not self.keyed:
            return
        corner = self.corner_cap()
        for id_, cap in self.caps.items():
            if id_ in wanted:
                cap.put(wanted[id_])
            if id_ != corner:
                cap.setVisible(id_ in wanted)
        row = [self.caps[id_] for id_ in wanted if id_ != corner]
        px, touch = self.look.px, self.look.touch
        room = self.width() - px(24)
        natural = sum(cap.sizeHint().width() for cap in row) or 1
        shrink = min(1.0, room / natural)
        gap = max(0.0, (room - natural) / max(1, len(row) - 1)) if shrink == 1.0 else 0.0
        x = px(12)
        for cap in row:
            width = max(touch, int(cap.sizeHint().width() * shrink))
            cap.setGeometry(round(x), round(self.keys_top), width, key_height(self.look))
            x += width + min(gap, px(14))

    def corner_cap(self) -> str:
        """The id of the key at the upper right; empty: there is none."""
        return ""

    def put_corner(self, words: str) -> float:
        """The key at the upper right with these words; gives the px that are left of it for a heading."""
        cap = self.caps.get(self.corner_cap())
        if not self.keyed or cap is None:
            return self.width() - self.look.px(20)
        cap.put(words)
        size = cap.sizeHint()
        left = self.width() - size.width() - self.look.px(8)
        cap.setGeometry(round(left), round(self.look.px(4)), size.width(), size.height())
        cap.show()
        return left - self.look.px(6)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        for cap in self.caps.values():
            cap.look = look
            cap.update()
        self.place_keys()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.place_keys()

    def place_keys(self) -> None:
        """Lay the keys out for what is shown now."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.keyed and self.fault is None and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        event.accept()  # else the release would not come here
