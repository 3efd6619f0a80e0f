"""The last page: everything that is set, in words, and the two ways out: keep it, or throw the changes away."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel

from kapconsole.roomwizard.desk import Desk
from kapconsole.roomwizard.draft import forget_draft, in_force, keep
from kapconsole.roomwizard.facts import SYMBOLS, facts
from kapconsole.roomwizard.forms import Page, Part, act, row, words


class ResultPage(Page):
    """See the module."""

    title = "Keep"

    kept = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "What the next session will use.")
        part = self.part = Part("The room")
        self.grid = QGridLayout()
        self.grid.setColumnStretch(2, 1)
        part.body.addLayout(self.grid)
        part.end()
        self.body.addWidget(part)
        self.keep_button = act("Keep · Ctrl+S", self.keep, self, "Keep this set-up: the next session uses it")
        self.away = act("Throw the changes away", self.throw_away, self)
        self.body.addLayout(row(self.keep_button, self.away))
        self.said = words("", "said")
        self.body.addWidget(self.said)
        self.body.addStretch(1)
        self._labels: list[QLabel] = []
        self.refresh()

    def refresh(self) -> None:
        for number, fact in enumerate(facts(self.desk.draft)):
            if len(self._labels) <= 3 * number:
                for column in range(3):
                    label = QLabel()
                    label.setObjectName("strong" if column < 2 else "")
                    label.setWordWrap(column == 2)
                    label.setAlignment(Qt.AlignmentFlag.AlignTop)
                    label.setTextFormat(Qt.TextFormat.PlainText)
                    self.grid.addWidget(label, number, column)
                    self._labels.append(label)
            for label, text in zip(
                self._labels[3 * number :],
                (SYMBOLS[fact.state], fact.name, f"{fact.words} ({fact.state})"),
                strict=False,
            ):
                label.setText(text)
        self.keep_button.setEnabled(self.desk.unkept)
        self.away.setEnabled(self.desk.unkept)
        if self.desk.unkept:
            self.said.setText("Changed, and not in force yet. Leaving loses nothing: it waits here for the next time.")

    def keep(self) -> None:
        """Into room.toml and config.toml, whole or not at all."""
        if not self.desk.unkept:
            return
        try:
            keep(self.desk.draft)
        except (OSError, ValueError) as trouble:
            self.said.setText(f"NOT kept: {trouble}")
            return
        self.desk.unkept = False
        self.refresh()
        words = "the running session goes on as it began" if self.desk.in_session() else "the next session uses it"
        self.said.setText(f"Kept: {words}.")
        self.kept.emit()

    def throw_away(self) -> None:
        """Back to what is in force."""
        self.desk.stop()
        try:
            forget_draft()
        except OSError as trouble:
            self.said.setText(f"The unfinished set-up cannot be taken away: {trouble.strerror}")
            return
        self.desk.draft = in_force()[0]
        self.desk.unkept = False
        self.desk.changed.emit()
        self.said.setText("Thrown away: this is what is in force.")
