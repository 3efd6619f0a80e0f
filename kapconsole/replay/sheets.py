"""The forms of a replay: a comment, a search, other alarm limits, a second session, everything about the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QProgressBar,
    QWidget,
)

from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import TEXT, Look
from kapconsole.replay.comments import MAX_LENGTH, Pinned
from kapconsole.replay.search import Hit, Searchable
from kapconsole.replay.valuesearch import HINT, places, understood
from kapconsole.session.timeline import Timeline

ROLES = ("supervisor", "therapist", "nurse", "prescriber", "administrator")
"""Who may have something to say about a recorded session (session reference, section 2)."""

MOST_ROWS = 6
"""A list of choices is at most so high; the rest of it is scrolled to."""


class ReplaySheet(Sheet):
    """A form with lists and texts in it."""

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        palette, px = look.palette, look.px
        self.setStyleSheet(
            self.styleSheet() + f"QListWidget, QPlainTextEdit {{ background: {palette.background};"
            f" color: {palette.text}; border: 1px solid {palette.faint}; border-radius: {round(px(6))}px;"
            f" font-size: {look.font(TEXT).pixelSize()}px; outline: 0; }}"
            f"QListWidget:focus, QPlainTextEdit:focus {{ border: 2px solid {palette.accent}; }}"
            f"QListWidget::item {{ padding: {round(px(6))}px {round(px(8))}px; }}"
            f"QListWidget::item:selected {{ background: {palette.accent_panel}; color: {palette.text}; }}"
            f"QProgressBar {{ background: {palette.background}; border: 1px solid {palette.faint};"
            f" border-radius: {round(px(4))}px; height: {round(px(14))}px; }}"
            f"QProgressBar::chunk {{ background: {palette.accent}; }}"
            f"#number {{ color: {palette.text}; font-weight: bold; }}"
            f"QPushButton:disabled {{ color: {palette.tertiary}; }}"
        )


def small(words: str) -> QLabel:
    """A quiet line under something."""
    label = QLabel(words)
    label.setObjectName("small")
    label.setWordWrap(True)
    return label


def choose_by_enter(sheet: Sheet, event: QKeyEvent, choices: Sequence[QAbstractButton]) -> bool:
    """Enter on one of some choices chooses it; what the form holds is then kept. True when it was that."""
    focused = sheet.focusWidget()
    enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    chosen = next((choice for choice in choices if choice is focused), None)
    if not enter or chosen is None or event.isAutoRepeat():
        return False
    chosen.setChecked(True)
    sheet.keep()
    return True


class CommentSheet(ReplaySheet):
    """Words pinned to a moment or a span, with who says them; or other words for a comment."""

    def __init__(
        self,
        look: Look,
        times: tuple[str, str],
        author: str,
        role: str,
        understand: Callable[[str], int],
        corrects: Pinned | None = None,
    ) -> None:
        """`times`: begin and end as words, the end empty for a moment. `understand` reads them; raises ValueError."""
        super().__init__("Correct a comment" if corrects else "Comment", "Sign and keep", look)
        self.corrects = corrects
        self._understand = understand
        self.at_us = 0
        self.until_us: int | None = None
        self.words = QLineEdit(corrects.words if corrects else "")
        self.words.setAccessibleName("Words of the comment")
        self.words.setPlaceholderText("what you want to be seen here")
        self.words.setMaxLength(MAX_LENGTH)
        self.body.addWidget(self.words)
        row = QHBoxLayout()
        self.begins, self.ends = QLineEdit(times[0]), QLineEdit(times[1])
        self.author = QLineEdit(author)
        for field, name, hint in (
            (self.begins, "from", "T+42:17"),
            (self.ends, "to", "a moment"),
            (self.author, "signed by", "your name"),
        ):
            label = QLabel(name)
            label.setBuddy(field)
            field.setAccessibleName(f"Comment {name}")
            field.setPlaceholderText(hint)
            row.addWidget(label)
            row.addWidget(field, 1)
        self.begins.setReadOnly(corrects is not None)
        self.ends.setReadOnly(corrects is not None)
        self.body.addLayout(row)
        roles = QHBoxLayout()
        self.roles = QButtonGroup(self)
        for name in ROLES:
            choice = button(name, self)
            choice.setAccessibleName(f"Role {name}")
            choice.setCheckable(True)
            choice.setChecked(name == role)
            self.roles.addButton(choice)
            roles.addWidget(choice)
        self.body.addLayout(roles)
        says = (
            "the first words stay, with who corrected them" if corrects else "kept beside the log and never taken away"
        )
        self.body.addWidget(small(f"{says}; signed by this installation"))
        self.finish_layout()

    def first_focus(self) -> QWidget:
        return self.words

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not choose_by_enter(self, event, self.roles.buttons()):
            super().keyPressEvent(event)

    def role(self) -> str:
        """The chosen role; empty while none is."""
        chosen = self.roles.checkedButton()
        return chosen.text() if chosen is not None else ""

    def problem(self) -> str:
        if not self.words.text().strip():
            return "a comment has words"
        if self.corrects is not None and self.words.text().strip() == self.corrects.words:
            return "these are the words it has"
        if not self.author.text().strip():
            return "signed by whom?"
        if not self.role():
            return "in which role?"
        if self.corrects is not None:
            self.at_us, self.until_us = self.corrects.comment.at_us, self.corrects.comment.until_us
            return ""
        try:
            self.at_us = self._understand(self.begins.text())
            self.until_us = self._understand(self.ends.text()) if self.ends.text().strip() else None
        except ValueError as trouble:
            return str(trouble)
        if self.until_us is not None and self.until_us <= self.at_us:
            return "the end of the span lies before its begin"
        return ""


class SearchSheet(ReplaySheet):
    """Words to look for; what holds them is listed while one types. `found` carries the moment to stand at."""

    found = Signal(object)
    whole = True

    def __init__(
        self, look: Look, searchable: Searchable, time_text: Callable[[int], str], timeline: Timeline | None = None
    ) -> None:
        """`timeline`: where a condition on a value is looked for; None: words alone."""
        super().__init__("Search in notes, events and comments", "Go there", look)
        self._searchable, self._time_text, self._timeline = searchable, time_text, timeline
        self.line = QLineEdit()
        self.line.setAccessibleName("Words to search for")
        self.line.setPlaceholderText("words, in any order" if timeline is None else f"words, in any order; {HINT}")
        self.list = QListWidget()
        self.list.setAccessibleName("What was found")
        self.list.itemDoubleClicked.connect(lambda _item: self.keep())  # Enter comes to the form itself
        self.body.addWidget(self.line)
        self.body.addWidget(self.list, 100)
        self.finish_layout()
        self.hits: list[Hit] = []
        self.line.textChanged.connect(self.look_for)
        self.look_for("")

    def look_for(self, query: str) -> None:
        """List what holds the words, or where the value was so."""
        asked = understood(query) if self._timeline is not None else None
        if asked is not None and self._timeline is not None:
            self.hits = places(self._timeline, asked)
        else:
            self.hits = self._searchable.find(query)
        self.list.clear()
        for hit in self.hits:
            self.list.addItem(f"{self._time_text(hit.at_us)}   {hit.kind}   {hit.words}")
        if self.hits:
            self.list.setCurrentRow(0)
        nothing = "it never was" if asked is not None else "nothing holds these words"
        count = f"{len(self.hits)} found" if self.hits else nothing
        self.wrong.setText(count)

    def first_focus(self) -> QWidget:
        return self.line

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 10, Qt.Key.Key_PageUp: -10}.get(
            Qt.Key(event.key())
        )
        if step is not None and self.hits:
            self.list.setCurrentRow(min(len(self.hits) - 1, max(0, self.list.currentRow() + step)))
        else:
            super().keyPressEvent(event)

    def keep(self) -> None:
        row = self.list.currentRow()
        if 0 <= row < len(self.hits):
            self.found.emit(self.hits[row].known_us)


class ChoiceList(ReplaySheet):
    """One of a list, by arrows and Enter. `picked` carries its words."""

    picked = Signal(str)

    def __init__(self, title: str, keep: str, look: Look, choices: Iterable[str], name: str) -> None:
        super().__init__(title, keep, look)
        self.list = QListWidget()
        self.list.setAccessibleName(name)
        self.list.addItems(list(choices))
        self.list.setCurrentRow(0)
        self.list.itemDoubleClicked.connect(lambda _item: self.keep())  # Enter comes to the form itself
        self.set_look(look)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        if hasattr(self, "list"):
            row = look.metrics(TEXT).height() + look.px(12)
            self.list.setFixedHeight(round((min(MOST_ROWS, max(2, self.list.count())) + 0.4) * row))

    def first_focus(self) -> QWidget:
        return self.list

    def chosen(self) -> str:
        """The words of the current one."""
        item = self.list.currentItem()
        return item.text() if isinstance(item, QListWidgetItem) else ""


class WhatIfSheet(ChoiceList):
    """A preset to hold the session against; then what it would have been, in counts."""

    def __init__(self, look: Look, presets: Sequence[str]) -> None:
        super().__init__("What if: alarms with other limits", "Compute", look, presets, "Alarm presets")
        self.body.addWidget(self.list)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.hide()
        self.body.addWidget(self.bar)
        self.summary = QLabel("")
        self.summary.setObjectName("strong")
        self.summary.setWordWrap(True)
        self.body.addWidget(self.summary)
        self.table = QGridLayout()
        self.body.addLayout(self.table)
        self.body.addWidget(
            small("the same recording, and what people did, with other settings; nothing in the record changes")
        )
        self.finish_layout()

    def keep(self) -> None:
        if self.chosen() and not self.bar.isVisibleTo(self):
            self.summary.setText("")
            self.bar.setValue(0)
            self.bar.show()
            self.keep_button.setEnabled(False)
            self.picked.emit(self.chosen())

    def show_part(self, part: float) -> None:
        """How much is computed, 0 to 1."""
        self.bar.setValue(round(part * 1000))

    def show_counts(self, words: str, rows: Sequence[tuple[str, int, int]]) -> None:
        """What came of it."""
        self.bar.hide()
        self.keep_button.setEnabled(True)
        self.summary.setText(words)
        while (item := self.table.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        cells = [("condition", "were", "would have"), *((name, str(was), str(would)) for name, was, would in rows)]
        for number, row in enumerate(cells):
            for column, text in enumerate(row):
                label = QLabel(text)
                if column:
                    label.setAlignment(Qt.AlignmentFlag.AlignRight)
                    label.setObjectName("number" if number else "small")
                elif not number:
                    label.setObjectName("small")
                self.table.addWidget(label, number, column)
                label.show()  # or it has no size yet when the form is fitted
        self.table.setColumnStretch(0, 1)
        self.table.setHorizontalSpacing(round(self.look.px(28)))
        self.body.activate()

    def show_trouble(self, words: str) -> None:
        """Why nothing came of it."""
        self.bar.hide()
        self.keep_button.setEnabled(True)
        self.summary.setText(words)


class BesideSheet(ChoiceList):
    """Another session to lay beside this one: from the list of the same folder, or any file by its path."""

    def __init__(self, look: Look, folder: Path, names: Sequence[str]) -> None:
        super().__init__(
            "Beside: a second session, aligned at the dose", "Open", look, names, "Sessions in this folder"
        )
        self._folder = folder
        self.line = QLineEdit()
        self.line.setAccessibleName("Path of a session file")
        self.line.setPlaceholderText("or the path of another session file")
        self.body.addWidget(self.list)
        self.body.addWidget(self.line)
        self.finish_layout()
        if not names:
            self.list.hide()

    def first_focus(self) -> QWidget:
        return self.list if self.list.count() else self.line

    def path(self) -> Path | None:
        """The chosen file; None while there is none."""
        typed = self.line.text().strip()
        if typed:
            return Path(typed).expanduser()
        return self._folder / self.chosen() if self.chosen() else None

    def problem(self) -> str:
        path = self.path()
        if path is None:
            return "which session?"
        return "" if path.is_file() else f"there is no file {path}"


class TextSheet(ReplaySheet):
    """Words to read, longer than a line."""

    whole = True

    def __init__(self, title: str, words: str, look: Look) -> None:
        super().__init__(title, "Close", look)
        self.text = QPlainTextEdit(words)
        self.text.setReadOnly(True)
        self.text.setAccessibleName(title)
        self.text.setTabChangesFocus(True)
        self.body.addWidget(self.text, 100)
        self.finish_layout()
        self.leave_button.hide()

    def first_focus(self) -> QWidget:
        return self.text

    def keep(self) -> None:
        self.left.emit()
