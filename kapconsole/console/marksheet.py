"""The marks for a finger: each key with the clinic's own words beside it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLabel

from kapconsole.clinical.tables import Marks
from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import Look

KEYS = "123456789"


class MarksSheet(Sheet):
    """`chosen` carries the key of a mark."""

    chosen = Signal(str)

    def __init__(self, title: str, look: Look, marks: Marks) -> None:
        super().__init__(title, "Close", look)
        grid = QGridLayout()
        grid.setHorizontalSpacing(round(look.px(12)))
        for place, key in enumerate(KEYS):
            held = marks.marks.get(key)
            words = "" if held is None else held.label
            one = button(key, self)
            one.setAccessibleName(f"Mark {key}: {words}" if words else f"Mark {key}")
            one.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            label = QLabel(words)
            label.setWordWrap(True)
            grid.addWidget(one, place // 3, 2 * (place % 3))
            grid.addWidget(label, place // 3, 2 * (place % 3) + 1)
        for column in range(3):
            grid.setColumnStretch(2 * column + 1, 1)
        self.body.addLayout(grid)
        self.finish_layout()
        self.keep_button.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.text() in KEYS and not event.isAutoRepeat():
            self.chosen.emit(event.text())
        else:
            super().keyPressEvent(event)
