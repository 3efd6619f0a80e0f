"""Forms of the session: labelled fields and choices that become wishes; what was typed stays until it was granted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from kapconsole.commands import CommandBody
from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import Look

Values = Mapping[str, str]
"""What stands in a form: field to text, or to the value of the chosen answer; empty where nothing was chosen."""

Make = Callable[[Values], Sequence[CommandBody]]
"""From what stands in a form to wishes, asked for in this order. Raises Wrong."""


SHORT = 5
"""A form of at most so many lines leaves the curves in sight."""


class Wrong(ValueError):
    """What stands in a form cannot be asked for; the message says why."""


class Field(NamedTuple):
    """One field. `choices`: (value, words) to choose from; without them it is a line to type.

    `secret`: shown as dots, and empty again after every try. `tall`: the choices stand below each other.
    """

    name: str
    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    value: str = ""
    secret: bool = False
    tall: bool = False


def number(values: Values, name: str, label: str) -> float | None:
    """The number in a field, None when it is empty; a decimal comma is a decimal point. Raises Wrong."""
    text = values[name].strip().replace(",", ".")
    if not text:
        return None
    try:
        return float(text)
    except ValueError:
        raise Wrong(f"{label}: {values[name].strip()!r} is no number") from None


def needed(values: Values, name: str, words: str) -> str:
    """The text or choice of a field. Raises Wrong with `words` when there is none."""
    text = values[name].strip()
    if not text:
        raise Wrong(words)
    return text


def pairs(words: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Choices whose words are their values."""
    return tuple((word, word) for word in words)


def height_of(look: Look) -> int:
    """How high a field or button is in these forms, px."""
    return max(look.touch, round(look.px(36)))


class FormSheet(Sheet):
    """`asked` carries the wishes. The desk closes the form when they were granted, and shows why when they were not."""

    asked = Signal(object)

    def __init__(
        self,
        title: str,
        keep: str,
        look: Look,
        fields: Sequence[Field],
        make: Make,
        note: str = "",
        columns: int = 1,
        digits: str = "",
        live: Callable[[Values], str] | None = None,
    ) -> None:
        """`columns`: fields beside each other. `digits`: the choices that digit keys choose from.

        `live`: words about what stands in the form, while it is typed.
        """
        super().__init__(title, keep, look)
        self._make, self._live = make, live
        self.edits: dict[str, QLineEdit] = {}
        self.groups: dict[str, QButtonGroup] = {}
        self._values: dict[str, tuple[str, ...]] = {}
        self._digits = digits
        self.fields = tuple(fields)
        lines = sum(len(field.choices) if field.tall else 1 for field in self.fields)
        # A short form stands on the key bar and leaves the curves in sight.
        self.whole = lines / columns > SHORT
        self.labels: dict[str, QLabel] = {}
        self.note = QLabel(note)
        self.note.setWordWrap(True)
        # Into the form first: a label without a parent would be shown as a window of its own and take the keyboard.
        self.body.addWidget(self.note)
        self.note.setVisible(bool(note))
        self.grid = grid = QGridLayout()
        grid.setHorizontalSpacing(round(look.px(14)))
        grid.setVerticalSpacing(round(look.px(8)))
        place = 0
        for field in self.fields:
            if field.choices and place % columns:
                place += columns - place % columns  # choices take a row of their own
            label = QLabel(field.label)
            self.labels[field.name] = label
            row, column = place // columns, 2 * (place % columns)
            grid.addWidget(label, row, column)
            if field.choices:
                holder = self._choices(field)
                grid.addWidget(holder, row, 1, 1, 2 * columns - 1)
                place += columns
            else:
                edit = self._edit(field)
                label.setBuddy(edit)
                grid.addWidget(edit, row, column + 1)
                place += 1
        for column in range(columns):
            grid.setColumnStretch(2 * column + 1, 1)
        self.body.addLayout(grid)
        self.says = QLabel("")
        self.says.setObjectName("strong")
        self.says.setWordWrap(True)
        self.body.addWidget(self.says)
        self.says.setVisible(live is not None)
        self.finish_layout()
        self.wrong.setWordWrap(True)
        self._changed()

    def _edit(self, field: Field) -> QLineEdit:
        edit = QLineEdit(field.value)
        edit.setAccessibleName(field.label)
        edit.setPlaceholderText(field.hint)
        if field.secret:
            edit.setEchoMode(QLineEdit.EchoMode.Password)
        edit.textChanged.connect(self._changed)
        self.edits[field.name] = edit
        return edit

    def _choices(self, field: Field) -> QWidget:
        holder = QWidget(self)
        row = QVBoxLayout(holder) if field.tall else QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(round(self.look.px(6)))
        group = QButtonGroup(self)
        for number_, (value, words) in enumerate(field.choices):
            choice = button(words, self)
            choice.setAccessibleName(f"{field.label}: {words}" if field.label else words)
            choice.setCheckable(True)
            choice.setChecked(value == field.value and bool(field.value))
            if field.tall:
                choice.setProperty("tall", True)
            group.addButton(choice, number_)
            row.addWidget(choice, 0 if field.tall else 1)
        group.idToggled.connect(lambda _number, _on: self._changed())
        self.groups[field.name] = group
        self._values[field.name] = tuple(value for value, _ in field.choices)
        return holder

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        padding = round(look.px(3))
        # Many fields have to fit: they are as high as a finger needs, in a large window as the words do.
        high = height_of(look)
        self.setStyleSheet(
            self.styleSheet() + f"QLineEdit {{ padding: {padding}px {round(look.px(8))}px;"
            f" min-height: {high - 2 * padding - 2}px; }}"
            f"QPushButton {{ padding: 0 {round(look.px(10))}px; min-height: {high}px; }}"
            f"QPushButton[tall=true] {{ text-align: left; }}"
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # In a low window the rows move together, and then the note gives way: nothing is cut.
        for spacing, noted in ((12, True), (4, True), (4, False)):
            self.body.setSpacing(round(self.look.px(spacing)))
            self.grid.setVerticalSpacing(round(self.look.px(min(spacing, 8))))
            self.note.setVisible(noted and bool(self.note.text()))
            if self.body.sizeHint().height() <= self.height():
                break

    def values(self) -> dict[str, str]:
        """What stands in the form now."""
        found = {name: edit.text() for name, edit in self.edits.items()}
        for name, group in self.groups.items():
            chosen = group.checkedId()
            found[name] = "" if chosen < 0 else self._values[name][chosen]
        return found

    def choose(self, name: str, value: str) -> None:
        """Check the answer with this value."""
        self.groups[name].button(self._values[name].index(value)).setChecked(True)

    def first_focus(self) -> QWidget:
        for field in self.fields:
            edit = self.edits.get(field.name)
            if edit is not None and not edit.text():
                return edit
            if field.name in self.groups:
                checked = self.groups[field.name].checkedButton()
                return checked or self.groups[field.name].button(0)
        return self.keep_button

    def wishes(self) -> tuple[CommandBody, ...]:
        """What is asked for. Raises Wrong."""
        return tuple(self._make(self.values()))

    def problem(self) -> str:
        try:
            self.wishes()
        except Wrong as words:
            return str(words)
        return ""

    def keep(self) -> None:
        words = self.problem()
        self.wrong.setText(words)
        if not words:
            wishes = self.wishes()
            for field in self.fields:
                if field.secret:
                    self.edits[field.name].clear()
            self.asked.emit(wishes)

    def refused(self, words: str) -> None:
        """What was asked for was not granted; everything but a PIN still stands here."""
        self.wrong.setText(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        focused = self.focusWidget()
        if event.isAutoRepeat():
            return
        typing = isinstance(focused, QLineEdit)
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and isinstance(focused, QPushButton) and focused.isCheckable():
            focused.setChecked(True)
            self.keep()
        elif self._digits and not typing and event.text().isdecimal() and event.text():
            self._by_digit(event.text())
        else:
            super().keyPressEvent(event)

    def _by_digit(self, digit: str) -> None:
        """The answer that begins with the digit; where none does, the one at its place, counted from 1."""
        group = self.groups[self._digits]
        choices = [(choice, choice.text()) for choice in group.buttons()]
        named = [choice for choice, words in choices if words.split(" ", 1)[0] == digit]
        place = int(digit) - 1
        if not named and 0 <= place < len(choices) and not choices[place][1][:1].isdecimal():
            named = [choices[place][0]]
        for choice in named[:1]:
            choice.setChecked(True)
            choice.setFocus()

    def _changed(self, *_: object) -> None:
        self.wrong.setText("")
        if self._live is not None:
            self.says.setText(self._live(self.values()))
