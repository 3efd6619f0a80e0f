"""Forms over the middle and right columns: Enter keeps, Esc leaves; what was typed is never lost silently."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from kapconsole.commands import ROUTES, Dose
from kapconsole.console.keys import Action
from kapconsole.console.moment import Moment
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look

MAX_DOSE_MG = 1000.0
ALWAYS_KEYS = (Qt.Key.Key_F2, Qt.Key.Key_F3)
"""Acknowledge, and AUDIO PAUSED or its end: these reach the window even while words are typed."""

ALARM_KEYS = (Qt.Key.Key_A, Qt.Key.Key_P)
"""The same, where no words are typed."""


class Sheet(QFrame):
    """A titled form. `kept` and `left` close it; a subclass may refuse to be kept and say why."""

    kept = Signal()
    left = Signal()

    whole = False
    """True for a window that takes the whole of the middle and right columns."""

    alarm_keys = False
    """True where the window behind it acknowledges alarms and pauses their sound with keys."""

    def __init__(self, title: str, keep: str, look: Look, leave: str = "Leave") -> None:
        super().__init__()
        self.look = look
        self.setObjectName("sheet")
        self.setAccessibleName(title)
        self.body = QVBoxLayout(self)
        heading = QLabel(title)
        heading.setObjectName("title")
        self.body.addWidget(heading)
        self.wrong = QLabel("")
        self.wrong.setObjectName("wrong")
        self.keep_button = button(f"{keep} · Enter", self)
        self.keep_button.clicked.connect(self.keep)
        self.leave_button = button(f"{leave} · Esc", self)
        self.leave_button.clicked.connect(self.left)
        self.set_look(look)

    def finish_layout(self) -> None:
        """Add the last row; called by a subclass after its own rows."""
        row = QHBoxLayout()
        row.addWidget(self.wrong, 1)
        row.addWidget(self.leave_button)
        row.addWidget(self.keep_button)
        self.body.addStretch(1)
        self.body.addLayout(row)

    def keep(self) -> None:
        """Enter or its button."""
        words = self.problem()
        self.wrong.setText(words)
        if not words:
            self.kept.emit()

    def show_moment(self, moment: Moment) -> None:
        """What the session is now, at the rate of the pleth; most forms do not care."""

    def leave(self) -> None:
        """It is being closed, by whatever way."""

    def problem(self) -> str:
        """Why it cannot be kept as it stands; empty when it can."""
        return ""

    def first_focus(self) -> QWidget:
        """Where typing goes first."""
        return self.keep_button

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            focused = self.focusWidget()
            if isinstance(focused, QPushButton) and focused is not self.keep_button:
                focused.click()
            else:
                self.keep()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif self.alarm_keys and self._is_for_alarms(event.key()):
            # Acknowledging and pausing the audio wait for no form.
            event.ignore()
        # Nothing else reaches the window's keys while a form is open.

    def _is_for_alarms(self, key: int) -> bool:
        typing = isinstance(self.focusWidget(), QLineEdit)
        return key in ALWAYS_KEYS or (key in ALARM_KEYS and not typing)

    def set_look(self, look: Look) -> None:
        """Colours and sizes by palette and unit."""
        self.look = look
        palette, px = look.palette, look.px

        def size(units: float) -> int:
            return look.font(units).pixelSize()

        self.body.setContentsMargins(round(px(24)), round(px(20)), round(px(24)), round(px(20)))
        self.body.setSpacing(round(px(12)))
        corner = round(px(6))
        self.setStyleSheet(
            f"#sheet {{ background: {palette.panel}; border: {max(1, round(px(2)))}px solid {palette.accent};"
            f" border-radius: {round(px(8))}px; }}"
            f"QLabel {{ color: {palette.secondary}; font-size: {size(TEXT)}px; }}"
            f"#title {{ color: {palette.text}; font-size: {size(22)}px; font-weight: bold; }}"
            f"#wrong, #strong {{ color: {palette.text}; font-weight: bold; }}"
            f"#small {{ font-size: {size(SMALL)}px; }}"
            f"QLineEdit {{ background: {palette.background}; color: {palette.text}; font-size: {size(22)}px;"
            f" border: 1px solid {palette.faint}; border-radius: {corner}px; padding: {round(px(8))}px;"
            f" selection-background-color: {palette.accent_panel}; selection-color: {palette.text};"
            f" min-height: {max(round(px(30)), look.touch - round(px(16)))}px; }}"
            f"QLineEdit:focus {{ border: 2px solid {palette.accent}; }}"
            f"QPushButton {{ background: {palette.raised}; color: {palette.text}; font-size: {size(HEADING)}px;"
            f" border: 1px solid {palette.faint}; border-radius: {corner}px; padding: 0 {round(px(18))}px;"
            f" min-height: {look.touch}px; min-width: {look.touch}px; }}"
            f"QPushButton:focus {{ border: 2px solid {palette.accent}; }}"
            f"QPushButton:checked {{ background: {palette.accent_panel}; border: 2px solid {palette.accent};"
            " font-weight: bold; }"
        )


def button(words: str, parent: QWidget) -> QPushButton:
    """A button that is reached by Tab and named by its words."""
    made = QPushButton(words, parent)
    made.setAccessibleName(words)
    made.setAutoDefault(False)
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return made


class NoteSheet(Sheet):
    """Words for a stamp that is in the log already (`at_us`), or other words for note number `about`."""

    def __init__(self, title: str, look: Look, at_us: int, about: int | None = None, words: str = "") -> None:
        super().__init__(title, "Keep", look)
        self.at_us = at_us
        self.about = about
        self.before = words
        self.words = QLineEdit(words)
        self.words.setAccessibleName("Words of the note")
        self.words.setPlaceholderText("what you saw or heard")
        self.body.addWidget(self.words)
        says = "the first words stay in the log" if words else "the time is kept already, with or without words"
        hint = QLabel(says)
        hint.setObjectName("small")
        self.body.addWidget(hint)
        self.finish_layout()

    def first_focus(self) -> QWidget:
        return self.words

    def text(self) -> str:
        return self.words.text().strip()

    def problem(self) -> str:
        if self.before and not self.text():
            return "a note's words cannot be taken away, only corrected"
        return ""


class DoseSheet(Sheet):
    """A dose as given at `at_us`: amount and route; nothing is preset, so nothing is guessed."""

    def __init__(self, title: str, look: Look, at_us: int) -> None:
        super().__init__(title, "Record", look)
        self.at_us = at_us
        row = QHBoxLayout()
        self.amount = QLineEdit()
        self.amount.setAccessibleName("Amount of ketamine in mg")
        self.amount.setPlaceholderText("amount")
        label = QLabel("ketamine, mg")
        label.setBuddy(self.amount)
        row.addWidget(label)
        row.addWidget(self.amount, 1)
        self.routes = QButtonGroup(self)
        for route in ROUTES:
            choice = button(route.upper(), self)
            choice.setAccessibleName(f"Route {route.upper()}")
            choice.setCheckable(True)
            self.routes.addButton(choice)
            row.addWidget(choice)
        self.body.addLayout(row)
        self.finish_layout()

    def first_focus(self) -> QWidget:
        return self.amount

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focused = self.focusWidget()
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and isinstance(focused, QPushButton) and focused.isCheckable() and not event.isAutoRepeat():
            focused.setChecked(True)
            self.keep()
        else:
            super().keyPressEvent(event)

    def amount_mg(self) -> float | None:
        """The amount, or None when the words are no number. A decimal comma is a decimal point."""
        try:
            return float(self.amount.text().strip().lower().removesuffix("mg").replace(",", "."))
        except ValueError:
            return None

    def route(self) -> str | None:
        chosen = self.routes.checkedButton()
        return chosen.text().lower() if chosen is not None else None

    def problem(self) -> str:
        amount_mg = self.amount_mg()
        if amount_mg is None or not 0 < amount_mg <= MAX_DOSE_MG:
            return f"an amount in mg, more than 0, at most {MAX_DOSE_MG:g}"
        return "" if self.route() else "which route?"

    def dose(self) -> Dose:
        """The command. Only after `problem()` found none."""
        amount_mg, route = self.amount_mg(), self.route()
        assert amount_mg is not None
        assert route is not None
        return Dose(route=route, amount_mg=amount_mg, at_us=self.at_us)


class ChoiceSheet(Sheet):
    """A few buttons, one tap each: the marks for a finger. `chosen` carries the words of the tapped one."""

    chosen = Signal(str)

    def __init__(self, title: str, look: Look, choices: Sequence[str], name: str) -> None:
        super().__init__(title, "Close", look)
        row = QHBoxLayout()
        for words in choices:
            choice = button(words, self)
            choice.setAccessibleName(f"{name} {words}")
            choice.clicked.connect(lambda _checked=False, words=words: self.chosen.emit(words))
            row.addWidget(choice, 1)
        self.body.addLayout(row)
        self.finish_layout()
        self.keep_button.hide()


class KeysSheet(Sheet):
    """All keys with what they do."""

    def __init__(self, look: Look, actions: Sequence[Action]) -> None:
        super().__init__("All keys", "Close", look)
        self.area = QScrollArea()
        self.area.setAccessibleName("All keys, to be scrolled with the arrows")
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setWidgetResizable(True)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        inside = QWidget()
        grid = QGridLayout(inside)
        grid.setContentsMargins(0, 0, 0, 0)
        half = -(-len(actions) // 2)
        for number, action in enumerate(actions):
            key = QLabel(action.key)
            key.setObjectName("strong")
            column = 2 * (number // half)
            grid.addWidget(key, number % half, column)
            name = QLabel(action.name)
            name.setWordWrap(True)
            grid.addWidget(name, number % half, column + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        grid.setHorizontalSpacing(round(look.px(18)))
        grid.setVerticalSpacing(0)
        self.area.setWidget(inside)
        self.body.addWidget(self.area, 100)
        self.finish_layout()
        self.leave_button.hide()

    def first_focus(self) -> QWidget:
        return self.area

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        ground = f" QScrollArea, QScrollArea QWidget {{ background: {look.palette.panel}; }}"
        self.setStyleSheet(self.styleSheet() + ground)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() == "?" and not event.isAutoRepeat():
            self.left.emit()
        else:
            super().keyPressEvent(event)


class QuestionSheet(Sheet):
    """One question with its consequence in words."""

    def __init__(self, title: str, words: str, keep: str, look: Look, leave: str = "Stay") -> None:
        super().__init__(title, keep, look, leave)
        label = QLabel(words)
        label.setWordWrap(True)
        self.body.addWidget(label)
        self.finish_layout()


class LineSheet(Sheet):
    """One line to type."""

    def __init__(self, title: str, hint: str, keep: str, look: Look) -> None:
        super().__init__(title, keep, look)
        self.line = QLineEdit()
        self.line.setAccessibleName(title)
        self.line.setPlaceholderText(hint)
        self.body.addWidget(self.line)
        self.finish_layout()

    def first_focus(self) -> QWidget:
        return self.line

    def text(self) -> str:
        return self.line.text().strip()
