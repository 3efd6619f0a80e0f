"""The forms of the window over all sessions: deleting with a reason, a copy without names, the site's passphrase."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from kapconsole.console.sheets import button
from kapconsole.console.theme import Look
from kapconsole.replay.sheets import ReplaySheet, small

EARLY = "delete although it should be kept for longer"
"""The choice in words; a refusal that names the command's --early is told with them."""


class DeleteSheet(ReplaySheet):
    """Why a session is to go. Its name is typed by hand: nobody deletes one by pressing Enter twice."""

    def __init__(self, look: Look, name: str, words: str) -> None:
        """`name`: of the file; `words`: which session it is."""
        super().__init__("Delete a session for good", "Delete", look, "Keep it")
        self._name = name
        what = QLabel(f"{words}\nNobody can bring it back. Who deleted it, when and why is kept.")
        what.setWordWrap(True)
        self.body.addWidget(what)
        self.reason = QLineEdit()
        self.reason.setAccessibleName("Reason, which is kept")
        self.reason.setPlaceholderText("reason, which is kept")
        self.body.addWidget(self.reason)
        self.name = QLineEdit()
        self.name.setAccessibleName(f"Write the name of its file to go on: {name}")
        self.name.setPlaceholderText(f"write {name} to go on")
        self.body.addWidget(self.name)
        self.early = button(EARLY, self)
        self.early.setCheckable(True)
        row = QHBoxLayout()
        row.addWidget(self.early)
        row.addStretch(1)
        self.body.addLayout(row)
        self.finish_layout()

    def first_focus(self) -> QWidget:
        return self.reason

    def problem(self) -> str:
        if not self.reason.text().strip():
            return "a reason is needed"
        return "" if self.name.text().strip() == self._name else f"the name of its file is {self._name}"


class CopySheet(ReplaySheet):
    """Where a de-identified copy goes: a session file that replay opens."""

    def __init__(self, look: Look, target: Path) -> None:
        super().__init__("De-identified copy for supervision", "Copy", look)
        self.line = QLineEdit(str(target))
        self.line.setAccessibleName("Where to: path of the copy")
        self.body.addWidget(self.line)
        self.body.addWidget(
            small("without names, days, free text and serial numbers; under a code made of chance, which is told here")
        )
        self.finish_layout()

    def first_focus(self) -> QWidget:
        return self.line

    def problem(self) -> str:
        return "" if self.line.text().strip() else "where to?"

    def target(self) -> Path:
        """The file that was named."""
        return Path(self.line.text().strip()).expanduser()


class PassphraseSheet(ReplaySheet):
    """The site's passphrase, kept in memory until the window is closed."""

    def __init__(self, look: Look, words: str) -> None:
        """`words`: why it is asked for."""
        super().__init__("The sessions of this site are encrypted", "Open", look)
        self.body.addWidget(QLabel(words))
        self.line = QLineEdit()
        self.line.setEchoMode(QLineEdit.EchoMode.Password)
        self.line.setAccessibleName("Site passphrase")
        self.line.setPlaceholderText("site passphrase")
        self.body.addWidget(self.line)
        self.finish_layout()

    def first_focus(self) -> QWidget:
        return self.line

    def problem(self) -> str:
        return "" if self.line.text() else "the passphrase?"
