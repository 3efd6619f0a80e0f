"""The form of alarm limits: the old ones stay in force while it is open; new ones count when they are confirmed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from kapconsole.alarms.limits import BEDSIDE, LimitError, beyond_guard, changed, doubts, unflat
from kapconsole.alarms.status import AlarmStatus
from kapconsole.alarms.wishes import ChangeLimits
from kapconsole.console.sheets import Sheet, button
from kapconsole.console.theme import Look

MAY_CHANGE = ("nurse", "prescriber")

NAMES = {
    "spo2.low": "SpO₂ low, %",
    "spo2.desat": "SpO₂ desaturation, %",
    "pulse_rate.low": "Pulse low, /min",
    "pulse_rate.high": "Pulse high, /min",
    "resp_rate.low": "Resp low, /min",
    "resp_rate.high": "Resp high, /min",
    "bp.caution_sys": "NIBP caution systolic",
    "bp.caution_dia": "NIBP caution diastolic",
    "bp.rise_sys": "Systolic rise over baseline",
    "bp.rise_dia": "Diastolic rise over baseline",
    "bp.act_sys": "NIBP act systolic",
    "bp.act_dia": "NIBP act diastolic",
    "bp.critical_sys": "NIBP critical systolic",
    "bp.critical_dia": "NIBP critical diastolic",
    "bp.low_sys": "NIBP low systolic",
    "bp.fall_percent": "Fall under baseline, %",
}
"""Each limit that may be changed in a session, as people call it; pressures in mmHg."""


class Judgement(msgspec.Struct, frozen=True):
    """What is to be said of edited limits: the `changes`, why they cannot be (`error`), which leave the guard range
    (`outside`), and `warnings` about limits that are as good as off."""

    changes: dict[str, float]
    error: str = ""
    outside: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def judge(
    texts: Mapping[str, str], in_force: Mapping[str, float | bool], guard: Mapping[str, tuple[float, float]]
) -> Judgement:
    """The judgement of what stands in the fields. A comma is a decimal point; an empty field keeps its limit."""
    changes: dict[str, float] = {}
    for name, text in texts.items():
        words = text.strip().replace(",", ".")
        if not words:
            continue
        try:
            value = float(words)
        except ValueError:
            return Judgement({}, f"{NAMES[name]}: {text.strip()!r} is no number")
        if value != in_force[name]:
            changes[name] = value
    try:
        after = changed(unflat(in_force), changes)
    except LimitError as trouble:
        return Judgement(changes, _called(str(trouble)))
    new = set(doubts(after)) - set(doubts(unflat(in_force)))
    return Judgement(changes, "", beyond_guard(guard, changes), tuple(_called(words) for words in sorted(new)))


def _called(words: str) -> str:
    """A message with the settings as people call them."""
    for name, label in NAMES.items():
        words = words.replace(name, label.partition(",")[0])
    return words


class LimitEdit(QLineEdit):
    """A limit to be typed, or moved by one with the arrow keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        try:
            self.setText(f"{float(self.text().replace(',', '.')) + step:g}")
        except ValueError:
            event.ignore()


class LimitsSheet(Sheet):
    """`wished` carries a `ChangeLimits`. For a role that may not change limits it is read only."""

    wished = Signal(object)
    whole = True
    _built = False

    def __init__(
        self, look: Look, status: AlarmStatus, guard: Mapping[str, tuple[float, float]], role: str, base: str = ""
    ) -> None:
        """`base`: the baseline in words, when there is one."""
        super().__init__("Alarm limits of this session", "Confirm", look)
        self.role = role
        self.in_force = dict(status.settings)
        self.guard = dict(guard)
        self.warned: tuple[str, ...] = ()
        self.may = role in MAY_CHANGE
        note = QLabel(self._note(status, base))
        note.setWordWrap(True)
        self.note = note
        self.body.addWidget(note)
        grid = QGridLayout()
        self.edits: dict[str, LimitEdit] = {}
        half = len(BEDSIDE) // 2
        for number, name in enumerate(BEDSIDE):
            row, column = number % half, 5 * (number // half)
            if row == 0:
                for offset, words in enumerate(("", "in force", "new", "site range")):
                    head = QLabel(words)
                    head.setObjectName("small")
                    grid.addWidget(head, 0, column + offset)
            label, now = QLabel(NAMES[name]), QLabel(f"{self.in_force[name]:g}")
            now.setObjectName("strong")
            edit = LimitEdit(f"{self.in_force[name]:g}")
            edit.setAccessibleName(f"New {NAMES[name].replace('₂', '2')}")
            edit.setReadOnly(not self.may)
            edit.setMaximumWidth(round(look.px(110)))
            edit.textChanged.connect(self._edited)
            label.setBuddy(edit)
            least, most = self.guard.get(name, (None, None))
            allowed = QLabel("" if least is None else f"{least:g}–{most:g}")
            allowed.setObjectName("small")
            for offset, widget in enumerate((label, now, edit, allowed)):
                grid.addWidget(widget, row + 1, column + offset)
            self.edits[name] = edit
        grid.setColumnStretch(0, 1)
        grid.setColumnMinimumWidth(4, round(look.px(24)))
        grid.setColumnStretch(5, 1)
        grid.setHorizontalSpacing(round(look.px(12)))
        grid.setVerticalSpacing(round(look.px(4)))
        self.body.addLayout(grid)
        row_ = QHBoxLayout()
        self.prescriber = button("Prescriber decides", self)
        self.prescriber.setCheckable(True)
        self.prescriber.setChecked(role == "prescriber")
        self.prescriber.toggled.connect(self._edited)
        self.reason = QLineEdit()
        self.reason.setAccessibleName("Reason for limits beyond the site's range")
        self.reason.setPlaceholderText("reason, when beyond the site's range")
        self.reason.textChanged.connect(self._edited)
        row_.addWidget(self.prescriber)
        row_.addWidget(self.reason, 1)
        self.body.addLayout(row_)
        self.says = QLabel("")
        self.says.setWordWrap(True)
        self.body.addWidget(self.says)
        self.finish_layout()
        self._built = True
        self.set_look(look)
        self.keep_button.setVisible(self.may)
        self._edited()

    def _note(self, status: AlarmStatus, base: str) -> str:
        parts = [f"preset {status.preset}", base, "the limits in force stay until new ones are confirmed"]
        if not self.may:
            parts[-1] = f"the {self.role} reads limits; nurse or prescriber change them"
        return " · ".join(part for part in parts if part)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        if not self._built:
            return
        # Eight rows have to fit: the fields are as high as a finger needs, and no higher.
        padding = round(look.px(3))
        border = 2
        self.setStyleSheet(
            self.styleSheet() + f"LimitEdit {{ padding: {padding}px {round(look.px(8))}px;"
            f" min-height: {look.touch - 2 * padding - border}px; }}"
        )
        self.body.setSpacing(round(look.px(8)))

    def first_focus(self) -> QWidget:
        return self.edits["spo2.low"] if self.may else self.leave_button

    def judgement(self) -> Judgement:
        """What is to be said of what stands in the fields."""
        return judge({name: edit.text() for name, edit in self.edits.items()}, self.in_force, self.guard)

    def _edited(self) -> None:
        self.warned = ()
        self.wrong.setText("")
        found = self.judgement()
        parts = [found.error, *found.warnings]
        if found.outside:
            named = ", ".join(NAMES[name].partition(",")[0] for name in found.outside)
            parts.append(f"beyond the site's range: {named}; that needs the prescriber and a reason")
        words = " · ".join(part for part in parts if part)
        self.says.setText(words)
        self.says.setVisible(bool(words))
        # Asked for only where it is needed; the note gives way in a low window.
        for widget in (self.prescriber, self.reason):
            widget.setVisible(bool(found.outside))
        self.note.setVisible(not found.outside)

    def problem(self) -> str:
        found = self.judgement()
        if not self.may:
            return f"the {self.role} does not change limits"
        if found.error:
            return found.error
        if not found.changes:
            return "these limits are in force already"
        if found.outside and not self.prescriber.isChecked():
            return "beyond the site's range: the prescriber decides"
        if found.outside and not self.reason.text().strip():
            return "beyond the site's range: a reason is needed"
        if found.warnings and self.warned != found.warnings:
            self.warned = found.warnings
            return "the alarm would be nearly off: Enter once more confirms"
        return ""

    def keep(self) -> None:
        words = self.problem()
        self.wrong.setText(words)
        if words and words == self.says.text():
            self.says.setText("")
        if not words:
            role = "prescriber" if self.prescriber.isChecked() else self.role
            self.wished.emit(ChangeLimits(self.judgement().changes, role, self.reason.text().strip()))
            self.kept.emit()
