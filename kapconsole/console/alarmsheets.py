"""Forms of the alarm system: ALARM PAUSED with its reason, symptoms and limb, self-test, stored presets."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from kapconsole.alarms.conditions import PARAMETERS
from kapconsole.alarms.events import Priority
from kapconsole.alarms.limits import Preset, Settings, differences, flat
from kapconsole.alarms.presets import PresetError, load_preset, preset_names
from kapconsole.alarms.status import AlarmStatus
from kapconsole.alarms.wishes import RED_FLAGS, NoteLimbs, NoteSymptom, PauseAlarm, ResumeAlarm
from kapconsole.console.alarmfacts import AlarmFacts
from kapconsole.console.alarmmarks import alarm_fill
from kapconsole.console.alarmwords import countdown
from kapconsole.console.lines import PARAMETER_WORDS
from kapconsole.console.painted import CENTRE, Ink
from kapconsole.console.palette import on_fill
from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import HEADING, Look

REASONS = ("probe moved", "toilet visit", "sensor or cuff moved", "other")
MOST_SHOWN = 6
"""Differences of a preset that are listed by name; the rest are counted."""


def choices(words: tuple[str, ...], name: str, sheet: QWidget, held: QButtonGroup) -> QHBoxLayout:
    """A row of buttons of which one is chosen."""
    row = QHBoxLayout()
    for number, word in enumerate(words):
        choice = button(word, sheet)
        choice.setAccessibleName(f"{name}: {word}")
        choice.setCheckable(True)
        held.addButton(choice, number)
        row.addWidget(choice, 1)
    return row


class PauseSheet(Sheet):
    """ALARM PAUSED of one parameter; `wished` carries the wish. What is paused already is ended with the same keys."""

    wished = Signal(object)

    def __init__(self, look: Look, status: AlarmStatus | None) -> None:
        super().__init__("Pause the alarms of one parameter", "Pause", look)
        self._paused = {
            held.parameter: held.alarm_paused_s
            for held in (() if status is None else status.parameters)
            if held.alarm_paused_s is not None
        }
        most_s = 180.0 if status is None else float(status.settings["timing.alarm_pause_s"])
        self.parameters, self.reasons = QButtonGroup(self), QButtonGroup(self)
        labels = tuple(PARAMETER_WORDS[name] for name in PARAMETERS)
        self.body.addLayout(choices(labels, "Parameter", self, self.parameters))
        self.body.addLayout(choices(REASONS, "Reason", self, self.reasons))
        self.other = QLineEdit()
        self.other.setAccessibleName("Reason in other words")
        self.other.setPlaceholderText("reason, when it is another one")
        self.body.addWidget(self.other)
        words = (
            f"ALARM PAUSED: no sound and no light of this parameter, {countdown(most_s)} at most, then by itself again"
        )
        self.says = QLabel(words)
        self.says.setWordWrap(True)
        self.body.addWidget(self.says)
        self.parameters.idClicked.connect(self._chose)
        self.finish_layout()

    def _chose(self, number: int) -> None:
        left_s = self._paused.get(PARAMETERS[number])
        self.keep_button.setText("Pause · Enter" if left_s is None else "End pause · Enter")

    def first_focus(self) -> QWidget:
        return self.parameters.button(0)

    def parameter(self) -> str | None:
        """The chosen parameter, as the alarm system calls it."""
        number = self.parameters.checkedId()
        return None if number < 0 else PARAMETERS[number]

    def reason(self) -> str:
        """The chosen or typed reason."""
        typed = self.other.text().strip()
        chosen = self.reasons.checkedButton()
        if typed:
            return typed
        return chosen.text() if chosen is not None and chosen.text() != "other" else ""

    def problem(self) -> str:
        parameter = self.parameter()
        if parameter is None:
            return "which parameter?"
        if parameter in self._paused:
            return ""
        return "" if self.reason() else "pausing alarms needs a reason"

    def wish(self) -> PauseAlarm | ResumeAlarm:
        """What is asked for. Only after `problem()` found none."""
        parameter = self.parameter()
        assert parameter is not None
        return ResumeAlarm(parameter) if parameter in self._paused else PauseAlarm(parameter, self.reason())

    def keep(self) -> None:
        super().keep()
        if not self.problem():
            self.wished.emit(self.wish())


class SymptomsSheet(Sheet):
    """Red-flag symptoms beside the pressure, each one tap and sent at once, and the question about the limb."""

    wished = Signal(object)

    def __init__(self, look: Look, facts: AlarmFacts, pressure: str) -> None:
        super().__init__("Red-flag symptoms", "Close", look)
        about = f"newest cuff reading {pressure}" if pressure else "no cuff reading yet"
        label = QLabel(
            f"{about}. A pressure in the act band with a symptom is HIGH at once. Each tick is kept in the log."
        )
        label.setWordWrap(True)
        self.body.addWidget(label)
        grid = QGridLayout()
        self.ticks: dict[str, QPushButton] = {}
        for number, symptom in enumerate(RED_FLAGS):
            one = button(symptom, self)
            one.setCheckable(True)
            one.setChecked(symptom in facts.symptoms)
            one.setAccessibleName(f"Symptom: {symptom}")
            one.toggled.connect(lambda on, symptom=symptom: self._ticked(symptom, on))
            self.ticks[symptom] = one
            grid.addWidget(one, number // 4, number % 4)
        self.body.addLayout(grid)
        row = QHBoxLayout()
        row.addWidget(QLabel("Are cuff and oximeter on the same limb?"), 3)
        self.limbs = QButtonGroup(self)
        for number, word in enumerate(("different limbs", "same limb")):
            choice = button(word, self)
            choice.setCheckable(True)
            choice.setChecked(facts.same_limb is not None and facts.same_limb == bool(number))
            choice.setAccessibleName(f"Cuff and oximeter: {word}")
            self.limbs.addButton(choice, number)
            row.addWidget(choice, 2)
        self.limbs.idClicked.connect(lambda number: self.wished.emit(NoteLimbs(bool(number))))
        self.body.addLayout(row)
        self.finish_layout()
        self.leave_button.hide()
        self.kept.connect(self.left)

    def _ticked(self, symptom: str, on: bool) -> None:
        self.wished.emit(NoteSymptom(symptom, on))

    def first_focus(self) -> QWidget:
        return self.ticks[RED_FLAGS[0]]


class ColourBars(QWidget):
    """The three alarm colours with their symbols, for a person to say that they are seen."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self.setMinimumHeight(round(look.px(70)))
        self.setAccessibleName("Three bars: HIGH red with three stars, MEDIUM yellow with two, LOW cyan with one")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink = Ink(painter, self.look)
        px = self.look.px
        width = (self.width() - 2 * px(12)) / 3
        for number, priority in enumerate((Priority.HIGH, Priority.MEDIUM, Priority.LOW)):
            fill = alarm_fill(self.look.palette, priority)
            box = QRectF(number * (width + px(12)), 0, width, self.height())
            ink.panel(box, fill)
            words = f"{'*' * priority.rank} {priority.upper()}"
            baseline = box.center().y() + self.look.metrics(HEADING, True).capHeight() / 2
            ink.text(box.center().x(), baseline, words, HEADING, on_fill(fill), True, CENTRE)
        painter.end()


class SelfTestSheet(Sheet):
    """What a person heard and saw of the alarm's self-test; `answered` carries (heard, seen). Nothing is preset.

    `again`: the test pattern is to be played once more.
    """

    answered = Signal(bool, bool)
    again = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__("Alarm self-test", "Record", look)
        self.bars = ColourBars(look, self)
        self.body.addWidget(self.bars)
        self.heard, self.seen = QButtonGroup(self), QButtonGroup(self)
        for words, held in (
            ("Did you hear the tone from the alarm speaker?", self.heard),
            ("Do you see three bars: red, yellow and cyan, with three stars, two and one?", self.seen),
        ):
            row = choices(("yes", "no"), words, self, held)
            label = QLabel(words)
            label.setWordWrap(True)
            row.insertWidget(0, label, 3)
            self.body.addLayout(row)
        once_more = button("Play the tone again", self)
        once_more.clicked.connect(self.again)
        self.body.addWidget(once_more)
        self.finish_layout()

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        if hasattr(self, "bars"):
            self.bars.look = look
            self.bars.setMinimumHeight(round(look.px(70)))

    def first_focus(self) -> QWidget:
        return self.heard.button(0)

    def problem(self) -> str:
        if self.heard.checkedId() < 0:
            return "did you hear the tone?"
        return "did you see the bars?" if self.seen.checkedId() < 0 else ""

    def keep(self) -> None:
        super().keep()
        if not self.problem():
            self.answered.emit(self.heard.checkedId() == 0, self.seen.checkedId() == 0)


class PresetsSheet(Sheet):
    """The stored presets, to read: who stored which version, and how each differs from the factory's settings."""

    whole = True

    def __init__(self, look: Look, in_force: str, site: Path | None = None) -> None:
        super().__init__("Alarm presets", "Close", look)
        grid = QGridLayout()
        grid.setColumnStretch(1, 1)
        self.shown: list[str] = []
        for number, name in enumerate(preset_names(site)):
            title, words = preset_words(name, site)
            mark = " · in force" if name == in_force else ""
            head, text = QLabel(title + mark), QLabel(words)
            head.setObjectName("strong")
            text.setWordWrap(True)
            for label in (head, text):
                label.setAlignment(Qt.AlignmentFlag.AlignTop)
            grid.addWidget(head, number, 0)
            grid.addWidget(text, number, 1)
            self.shown.append(f"{title}{mark}: {words}")
        grid.setHorizontalSpacing(round(look.px(24)))
        grid.setVerticalSpacing(round(look.px(18)))
        self.body.addLayout(grid)
        note = QLabel(
            "A session starts from the site's preset. Limits changed in a session never change a preset:"
            " an administrator stores a new version of its file."
        )
        note.setWordWrap(True)
        note.setObjectName("small")
        self.body.addWidget(note)
        self.finish_layout()
        self.leave_button.hide()
        self.kept.connect(self.left)


def preset_words(name: str, site: Path | None) -> tuple[str, str]:
    """(name and version, everything else in words) of a stored preset; a broken one says why."""
    try:
        preset: Preset = load_preset(name, site)
    except PresetError as trouble:
        return name, f"cannot be used: {trouble}"
    stored = " ".join(part for part in (f"by {preset.stored_by}" if preset.stored_by else "", preset.stored_at) if part)
    values = flat(preset.settings)
    limits = (
        f"SpO₂ {values['spo2.low']:g} (desat {values['spo2.desat']:g}), pulse {values['pulse_rate.low']:g} to"
        f" {values['pulse_rate.high']:g}, resp {values['resp_rate.low']:g} to {values['resp_rate.high']:g},"
        f" NIBP caution {values['bp.caution_sys']:g}/{values['bp.caution_dia']:g},"
        f" act {values['bp.act_sys']:g}/{values['bp.act_dia']:g},"
        f" critical {values['bp.critical_sys']:g}/{values['bp.critical_dia']:g}"
    )
    steps = [f"{key} {after:g}" for key, _, after in differences(Settings(), preset.settings)]
    more = f" and {len(steps) - MOST_SHOWN} more" if len(steps) > MOST_SHOWN else ""
    differs = f"differs from the factory's: {', '.join(steps[:MOST_SHOWN])}{more}" if steps else "as the factory has it"
    parts = [f"stored {stored}" if stored else "", preset.note, limits, differs]
    return f"{preset.name} {preset.version}", "\n".join(part for part in parts if part)
