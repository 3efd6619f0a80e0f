"""Questionnaires: which are open, answered item by item with digits, or a score entered; the safety prompt; courses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from kapconsole.clinical.clients.courses import Course
from kapconsole.clinical.clients.wishes import ChooseCourse
from kapconsole.clinical.instruments.deciding import closed_words
from kapconsole.clinical.instruments.events import InstrumentTaken
from kapconsole.clinical.instruments.model import Instrument, SafetyPrompt
from kapconsole.clinical.instruments.view import InstrumentsView
from kapconsole.clinical.instruments.wishes import AnswerSafety, TakeInstrument
from kapconsole.commands import CommandBody
from kapconsole.console.careforms import Field, FormSheet, Values, Wrong, height_of, needed, number, pairs
from kapconsole.console.carerows import Page, Row
from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import Look
from kapconsole.session.state import State


def instruments_page(instruments: Mapping[str, Instrument], state: State) -> Page:
    """Every instrument: its newest score of this session, or why it is closed."""
    rows = []
    closed_count = 0
    for name, held in instruments.items():
        closed = closed_words(held, bool(state.doses), state.care.discharged is not None)
        closed_count += bool(closed)
        newest = state.forms.newest(name)
        parts = [score_words(newest.taken)] if newest is not None else []
        how = f"{len(held.items)} questions" if held.text == "full" else "score entry"
        parts.append("closed from the dose to the discharge" if closed else f"{how} · {held.window}")
        rows.append(
            Row(
                name,
                f"{held.name} · {held.title}" if held.title != held.name else held.name,
                "; ".join(parts),
                mark="✓" if newest is not None else "",
                quiet=bool(closed),
            )
        )
    note = "one that is closed can be typed in from paper of another day" if closed_count else ""
    return Page(tuple(rows), note)


def score_words(taken: InstrumentTaken) -> str:
    """The result of an entry: total with its band, or what is missing. Never the name of an illness."""
    if taken.total is None and not taken.result:
        count = len(taken.missing)
        return f"not scored, {count} {'answer' if count == 1 else 'answers'} missing"
    value = taken.band if taken.total is None else f"{taken.total:g}"
    band = f", {taken.band}" if taken.band and taken.total is not None else ""
    source = f" ({taken.band_source})" if taken.band_source else ""
    return f"{value}{band}{source}"


class ItemSheet(Sheet):
    """One question after the other with the full text; a digit answers and goes on. `asked` carries the wish."""

    asked = Signal(object)
    whole = True
    alarm_keys = False

    def __init__(self, look: Look, held: Instrument, at_us: int, paper: bool = False) -> None:
        """`paper`: it was answered on another day, whose date is asked for."""
        super().__init__(f"{held.name} · {held.title}" if held.title != held.name else held.name, "Keep", look)
        self.held, self.at_us = held, at_us
        self.answers: list[int | None] = [None] * len(held.items)
        self.item = 0
        self.extra_answer = ""
        self.stem = self._label(f"{held.instructions} {held.stem}".strip())
        self.place = self._label("")
        self.question = self._label("")
        self.question.setObjectName("title")
        self.options = QButtonGroup(self)
        self.option_buttons: list[QPushButton] = []
        for place, option in enumerate(held.options):
            words = f"{option.value}  {option.text}" if option.text else str(option.value)
            one = button(words, self)
            one.setCheckable(True)
            one.setProperty("tall", True)
            self.options.addButton(one, place)
            self.option_buttons.append(one)
            self.body.addWidget(one)
        self.options.idClicked.connect(lambda place: self.answer(self.held.options[place].value))
        row = QHBoxLayout()
        self.back = button("Back · ←", self)
        self.skip = button("Leave out · →", self)
        self.back.clicked.connect(lambda: self.go(self.item - 1))
        self.skip.clicked.connect(lambda: self.go(self.item + 1))
        row.addWidget(self.back)
        row.addWidget(self.skip)
        row.addStretch(1)
        self.body.addLayout(row)
        self.date = QLineEdit()
        self.date.setAccessibleName("Answered on, a date")
        self.date.setPlaceholderText("answered on 2026-01-31")
        self.body.addWidget(self.date)  # before it is shown: without a parent it would be a window of its own
        self.date.setVisible(paper)
        self.credit = self._label(held.credit)
        self.credit.setObjectName("small")
        self.finish_layout()
        self.wrong.setWordWrap(True)
        self.set_look(look)
        self.go(0)

    def _label(self, words: str) -> QLabel:
        label = QLabel(words)
        label.setWordWrap(True)
        self.body.addWidget(label)  # before it is shown: without a parent it would be a window of its own
        label.setVisible(bool(words))
        return label

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.body.setSpacing(round(look.px(8)))
        self.setStyleSheet(
            self.styleSheet() + f"QPushButton {{ min-height: {height_of(look)}px; }}"
            "QPushButton[tall=true] { text-align: left; }"
        )

    @property
    def done(self) -> bool:
        """True on the last page, after all questions."""
        return self.item >= len(self.held.items)

    def go(self, item: int) -> None:
        """Show this question, or what comes after the last."""
        self.item = max(0, min(item, len(self.held.items)))
        held, count = self.held, len(self.held.items)
        self.options.setExclusive(False)
        for one, option in zip(self.option_buttons, held.options, strict=True):
            one.setVisible(not self.done)
            one.setChecked(not self.done and self.answers[self.item] == option.value)
        self.options.setExclusive(True)
        missing = [str(number_) for number_, answer in enumerate(self.answers, 1) if answer is None]
        if self.done:
            self.place.setText(f"{count - len(missing)} of {count} answered")
            words = f"left out: {', '.join(missing)}; nothing is made up for, so there is no total" if missing else ""
            self.question.setText(words or "All answered")
        else:
            self.place.setText(f"{self.item + 1} of {count}")
            self.question.setText(held.items[self.item])
        self.place.setVisible(True)
        self.question.setVisible(True)
        self.question.setAccessibleName(f"{self.place.text()}: {self.question.text()}")
        self.keep_button.setEnabled(self.done)
        self.skip.setVisible(not self.done)
        self.back.setEnabled(self.item > 0)
        self.wrong.setText("")
        if self.done:
            (self.date if self.date.isVisibleTo(self) and not self.date.text() else self.keep_button).setFocus()
        elif self.option_buttons:
            self.option_buttons[0].setFocus()

    def answer(self, value: int) -> None:
        """Answer this question and go to the next."""
        if not self.done:
            self.answers[self.item] = value
            self.go(self.item + 1)

    def first_focus(self) -> QWidget:
        return self.option_buttons[0] if self.option_buttons else self.keep_button

    def keep(self) -> None:
        if not self.done:
            self.wrong.setText("not all questions were shown yet: a digit answers, → leaves one out")
            return
        answered_on = self.date.text().strip()
        self.asked.emit((TakeInstrument(self.held.id, tuple(self.answers), answered_on=answered_on, at_us=self.at_us),))

    def refused(self, words: str) -> None:
        """It was not granted; the answers are still here."""
        self.wrong.setText(words)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        typing = isinstance(self.focusWidget(), QLineEdit)
        if event.isAutoRepeat():
            return
        if not typing and event.text().isdecimal() and event.text():
            values = [option.value for option in self.held.options]
            if int(event.text()) in values:
                self.answer(int(event.text()))
        elif event.key() == Qt.Key.Key_Left and not typing:
            self.go(self.item - 1)
        elif event.key() == Qt.Key.Key_Right and not typing:
            self.go(self.item + 1)
        else:
            super().keyPressEvent(event)


def score_form(look: Look, held: Instrument, at_us: int) -> FormSheet:
    """Enter what an instrument came to whose text may not be shipped."""

    def make(values: Values) -> Sequence[CommandBody]:
        answered_on = values["on"].strip()
        if held.results:
            result = needed(values, "result", "which result?")
            return (TakeInstrument(held.id, result=result, answered_on=answered_on, at_us=at_us),)
        parts = {part.id: number(values, f"part {part.id}", part.name) for part in held.parts}
        given = {name: value for name, value in parts.items() if value is not None}
        total = number(values, "total", "Total")
        if total is None and not given:
            raise Wrong(f"the total, {held.minimum:g} to {held.maximum:g}")
        return (TakeInstrument(held.id, total=total, parts=given, answered_on=answered_on, at_us=at_us),)

    fields = []
    if held.results:
        choices = tuple((result.id, result.text) for result in held.results)
        fields.append(Field("result", "Result", choices=choices, tall=True))
    else:
        fields.append(Field("total", "Total", f"{held.minimum:g} to {held.maximum:g}"))
        fields += [Field(f"part {part.id}", part.name, f"{part.minimum:g} to {part.maximum:g}") for part in held.parts]
    fields.append(Field("on", "Answered on", "2026-01-31; empty: now"))
    note = f"{held.window}. Only the score is entered: {held.licence}"
    title = f"{held.name} · {held.title}" if held.title != held.name else held.name
    return FormSheet(title, "Keep", look, fields, make, note, digits="result" if held.results else "")


def safety_form(look: Look, prompt: SafetyPrompt, view: InstrumentsView, role: str) -> FormSheet:
    """The safety prompt: stays until somebody has recorded what was done."""

    def make(values: Values) -> Sequence[CommandBody]:
        action = needed(values, "action", "what was done?")
        return (AnswerSafety(action, role, values["words"].strip()),)

    why = "" if view.safety is None else view.safety.why
    note = " ".join(part for part in (why, *prompt.lines) if part)
    fields = (Field("action", "Done", choices=pairs(prompt.actions), tall=True), Field("words", "Words"))
    return FormSheet(prompt.title, "Record", look, fields, make, note, digits="action")


def courses_page(courses: Mapping[str, Course], chosen: str) -> Page:
    """The templates of courses; a pattern from the field, not an order."""
    rows = [Row("", "No course", "", mark="●" if not chosen else "", quiet=True)]
    rows += [
        Row(course.id, course.name, f"{course.note} ({course.source})", mark="●" if course.id == chosen else "")
        for course in courses.values()
    ]
    held = courses.get(chosen)
    return Page(tuple(rows), "no course is chosen" if held is None else f"chosen: {held.name}")


def course_wish(course: str) -> ChooseCourse:
    """Follow this template; empty: none."""
    return ChooseCourse(course)
