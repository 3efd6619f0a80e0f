"""Taking a session out from a window: a form that says what, whether with names, and where; done beside the window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QStandardPaths, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFileDialog, QHBoxLayout, QLineEdit, QProgressBar, QPushButton, QWidget

from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import HEADING, Look
from kapconsole.export.taking import ENDINGS, KINDS, CalledOff, Kind, Progress, Taken, Wanted
from kapconsole.export.writing import FORCE_WORDS, ExportTrouble, check_target
from kapconsole.record.errors import LogError
from kapconsole.replay.sheets import ReplaySheet, choose_by_enter, small
from kapconsole.replay.work import Work

NAMELESS = "supervision"
"""What a file without names is called at first: its name must not say what was taken out of it."""


class Host(Protocol):
    """A window in which the form opens."""

    @property
    def sheet(self) -> Sheet | None: ...

    def open_sheet(self, sheet: Sheet) -> None: ...

    def close_sheet(self) -> None: ...

    def say(self, words: str) -> None: ...


def documents() -> Path:
    """Where a person's own papers are."""
    place = Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation))
    return place if place.is_dir() else Path.home()


class ExportSheet(ReplaySheet):
    """What to take out, de-identified or not, and where to. Never over another file unless Enter is pressed again."""

    def __init__(self, look: Look, name: str, folder: Path) -> None:
        """`name`: of the session's file, without its ending; `folder`: where the export is offered to go."""
        super().__init__("Export", "Export", look)
        self._name, self._folder = name, folder
        self.called_off = threading.Event()
        self._replace: Path | None = None
        row = QHBoxLayout()
        self.kinds = QButtonGroup(self)
        self._by_kind: dict[Kind, QPushButton] = {}
        for kind, words in KINDS.items():
            choice = button(words, self)
            choice.setCheckable(True)
            choice.setChecked(kind == "pdf")
            self.kinds.addButton(choice)
            self._by_kind[kind] = choice
            row.addWidget(choice)
        row.addStretch(1)
        self.nameless = button("without names", self)
        self.nameless.setAccessibleName("De-identified: without names, days, free text and serial numbers")
        self.nameless.setCheckable(True)
        row.addWidget(self.nameless)
        self.body.addLayout(row)
        where = QHBoxLayout()
        self.line = QLineEdit()
        self.line.setAccessibleName("Where to: path of the file")
        self.browse = button("Choose…", self)
        self.browse.setAccessibleName("Choose the place of the file")
        where.addWidget(self.line, 1)
        where.addWidget(self.browse)
        self.body.addLayout(where)
        self.bar = QProgressBar()
        self.bar.setAccessibleName("Progress")
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.hide()
        self.body.addWidget(self.bar)
        self.body.addWidget(small("it is written down who took it out, and when; the session itself stays as it is"))
        self.finish_layout()
        self.set_look(look)
        self.kinds.buttonToggled.connect(lambda _choice, _on: self._suggest())
        self.nameless.toggled.connect(lambda _on: self._suggest())
        self.line.textEdited.connect(lambda _words: self._ask_anew())
        self.browse.clicked.connect(self._choose)
        self._suggested = ""
        self._suggest()

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        if hasattr(self, "nameless"):
            for choice in (*self.kinds.buttons(), self.nameless):
                # A chosen one is written bold, which needs more room than the layout gives for plain words.
                choice.setStyleSheet(f"min-width: {round(look.width(choice.text(), HEADING, True)) + 4}px")

    @property
    def running(self) -> bool:
        """True while the export is made."""
        return not self.bar.isHidden()

    def first_focus(self) -> QWidget:
        return next(choice for choice in self._by_kind.values() if choice.isChecked())

    def kind(self) -> Kind:
        """What is chosen."""
        return next(kind for kind, choice in self._by_kind.items() if choice.isChecked())

    def target(self) -> Path:
        """Where to, with the ending of its kind where none was typed."""
        typed = Path(self.line.text().strip()).expanduser()
        return typed if typed.suffix else typed.with_suffix(ENDINGS[self.kind()])

    def wanted(self) -> Wanted:
        """What the form says. Only after `problem()` found none."""
        target = self.target()
        return Wanted(self.kind(), target, self.nameless.isChecked(), force=self._replace == target)

    def problem(self) -> str:
        if not self.line.text().strip():
            return "where to?"
        target = self.target()
        try:
            check_target(target, force=self._replace == target)
        except ExportTrouble as trouble:
            if str(trouble).endswith(FORCE_WORDS):
                self._replace = target
                self.keep_button.setText("Replace it · Enter")
                return f"{target.name} is there already; Enter again replaces it"
            return str(trouble)
        return ""

    def keep(self) -> None:
        if not self.running:
            super().keep()

    def show_running(self) -> None:
        """The export has begun."""
        self.bar.setValue(0)
        self.bar.show()
        for part in (*self.kinds.buttons(), self.nameless, self.line, self.browse, self.keep_button):
            part.setEnabled(False)
        self.leave_button.setText("Call off · Esc")
        self.leave_button.setFocus()

    def show_part(self, step: str, part: float) -> None:
        """What is being done, and how much of it is, 0 to 1."""
        self.wrong.setText(step)
        self.bar.setValue(round(part * 1000))

    def show_trouble(self, words: str) -> None:
        """Why nothing came of it; everything can be changed and tried again."""
        self.bar.hide()
        for part in (*self.kinds.buttons(), self.nameless, self.line, self.browse, self.keep_button):
            part.setEnabled(True)
        self.leave_button.setText("Leave · Esc")
        self.wrong.setText(words)
        self.line.setFocus()

    def leave(self) -> None:
        self.called_off.set()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not choose_by_enter(self, event, self.kinds.buttons()):
            super().keyPressEvent(event)

    def _suggest(self) -> None:
        """A path that fits the choices, unless the person typed another."""
        self._ask_anew()
        if self.line.text() == self._suggested:
            name = NAMELESS if self.nameless.isChecked() else self._name
            self._suggested = str(self._folder / f"{name}{ENDINGS[self.kind()]}")
            self.line.setText(self._suggested)
        else:
            typed = Path(self.line.text())
            if typed.suffix in ENDINGS.values():
                self.line.setText(str(typed.with_suffix(ENDINGS[self.kind()])))

    def _ask_anew(self) -> None:
        self._replace = None
        self.keep_button.setText("Export · Enter")
        self.wrong.setText("")

    def _choose(self) -> None:
        kind = self.kind()
        # The form itself asks before anything is replaced, the same with and without this dialog.
        found, _filter = QFileDialog.getSaveFileName(
            self, "Export", str(self.target()), f"{KINDS[kind]} (*{ENDINGS[kind]})",
            options=QFileDialog.Option.DontConfirmOverwrite,
        )  # fmt: skip
        if found:
            self.line.setText(found)
            self._ask_anew()
            self.keep_button.setFocus()


class Exporting:
    """The exports of one window, one after the other, beside its other work: a comment does not wait for a PDF."""

    def __init__(self, host: Host, parent: QWidget) -> None:
        self._host = host
        self.work = Work(parent)
        self._folder: Path | None = None

    def ask(
        self, look: Look, name: str, take: Callable[[Wanted, Progress], Taken], done: Callable[[], None]
    ) -> ExportSheet:
        """Open the form for the session called `name`; `take` makes the export, `done` hears that something came of it.

        `done` is called after a calling-off, too: that is written down as well.
        """
        sheet = ExportSheet(look, name, self._folder or documents())
        sheet.kept.connect(lambda: self._begin(sheet, take, done))
        self._host.open_sheet(sheet)
        return sheet

    def end(self) -> None:
        """The window goes."""
        self.work.end()

    def _begin(self, sheet: ExportSheet, take: Callable[[Wanted, Progress], Taken], done: Callable[[], None]) -> None:
        wanted = sheet.wanted()
        self._folder = wanted.target.parent
        off = sheet.called_off
        sheet.show_running()

        def open_still() -> bool:
            return self._host.sheet is sheet

        def progress(step: str, part: int, total: int) -> None:
            if off.is_set() or not self.work.wanted():
                raise CalledOff
            self.work.tell(lambda: sheet.show_part(step, part / max(1, total)) if open_still() else None)

        def finished(taken: Taken) -> None:
            if open_still():
                self._host.close_sheet()
            warning = "" if taken.as_written else "; the session file is NOT as it was written, and the export says so"
            self._host.say(f"exported: {taken.words}{warning}")
            done()

        def failed(fault: Exception) -> None:
            if isinstance(fault, CalledOff):
                self._host.say("called off: nothing was exported")
            else:
                known = isinstance(fault, ExportTrouble | LogError)
                words = str(fault) if known else f"the export failed: {fault}"
                if open_still():
                    sheet.show_trouble(words)
                else:
                    self._host.say(words)
            done()

        # Once the form has been drawn as running: the first step holds the interpreter for a moment.
        QTimer.singleShot(0, sheet, lambda: self.work.do(lambda: take(wanted, progress), finished, failed))
