"""The forms of bilateral stimulation: sets with their evidence, screening, the guide's steps, and a set's ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QWidget

from kapconsole.bilateral.caps import EASY_RATE_CPS, RATE_CPS
from kapconsole.bilateral.events import Channel
from kapconsole.bilateral.guide import Guide, Question
from kapconsole.bilateral.presets import Preset
from kapconsole.bilateral.rules import SUD, VOC
from kapconsole.bilateral.view import BilateralView, SetLine
from kapconsole.bilateral.wishes import RateSet
from kapconsole.console.keys import Action
from kapconsole.console.rowsheet import Row, RowSheet
from kapconsole.console.setfacts import Choice, channel_words, degree_words, plan_words
from kapconsole.console.sheets import Sheet
from kapconsole.console.theme import Look

RATE_STEP = 0.05
CYCLE_STEP = 2
CHANNELS = tuple(Channel)
SLOWER = Action("slower", "−", "slower", "Rate 0.05 cycles/s lower")
FASTER = Action("faster", "+", "faster", "Rate 0.05 cycles/s higher")
SET_WAYS = (
    SLOWER,
    FASTER,
    Action("shorter", "[", "shorter", "Two cycles less"),
    Action("longer", "]", "longer", "Two cycles more"),
    *(Action(f"channel-{one.value}", str(at), one.value, f"Channel {one.value} on or off") for at, one in
      enumerate(CHANNELS, 1)),
    Action("screening", "S", "screening", "Answer the screening questions"),
    Action("rehearse", "R", "stop signal", "The stop signal was agreed and tried"),
    Action("fast", "F", "high load", "Rates above 1.5 cycles/s and high load are wanted in this session"),
    Action("override", "D", "dosing day", "Light and bar on a dosing day, with a reason"),
    Action("guide", "G", "guide", "The steps of EMDR or ART as a guide"),
    Action("ratings", "V", "rate last set", "SUD, VOC and words about the last set"),
)  # fmt: skip


def changed_rate(rate: float, steps: int) -> float:
    """A rate `steps` of 0.05 cycles/s higher or lower, within the caps."""
    return round(min(max(rate + steps * RATE_STEP, RATE_CPS[0]), RATE_CPS[1]), 2)


def switched(choice: Choice, channel: Channel) -> Choice:
    """The choice with a channel on or off; never without any."""
    used = set(choice.used) ^ {channel}
    channels = tuple(one for one in CHANNELS if one in used)
    return msgspec.structs.replace(choice, channels=channels) if channels else choice


def next_mix(preset: Preset, used: Sequence[Channel]) -> tuple[Channel, ...]:
    """The mix of channels after `used`: the preset's own, then each of its choices alone, and around."""
    mixes = [preset.plan.channels, *((one,) for one in preset.choices)]
    unique = list(dict.fromkeys(mixes))
    at = unique.index(tuple(used)) if tuple(used) in unique else -1
    return unique[(at + 1) % len(unique)]


class SetSheet(RowSheet):
    """The presets. `choice` is what Enter takes; the ways change it or open the other forms."""

    taken = Signal(object)

    def __init__(self, look: Look, presets: Sequence[Preset], choice: Choice | None, view: BilateralView) -> None:
        self.presets: Mapping[str, Preset] = {preset.name: preset for preset in presets}
        self.choice = choice
        self.view = view
        super().__init__("Sets of stimulation", "Choose", look, SET_WAYS, 5)
        rows = [Row(one.name, one.title, f"{one.plan.rate_cps:.2f} c/s · {one.step or '–'}") for one in presets]
        self.put(rows, "" if choice is None else choice.preset.name)
        self.asked.connect(self._way)
        self.chosen.connect(lambda _name: self.taken.emit(self.choice))
        self.turned()

    def put_view(self, view: BilateralView) -> None:
        """What the session knows now."""
        if view is not self.view:
            self.view = view
            self.turned()

    def turned(self) -> None:
        row = self.row()
        if row is None:
            return
        if self.choice is None or self.choice.preset.name != row.key:
            self.choice = Choice(self.presets[row.key])
        self._say()

    def _way(self, name: str) -> None:
        choice = self.choice
        if choice is None:
            return
        plan = choice.preset.plan
        cycles = choice.cycles if choice.cycles is not None else plan.cycles
        if name in (SLOWER.id, FASTER.id):
            rate = changed_rate(choice.rate, 1 if name == FASTER.id else -1)
            self.choice = msgspec.structs.replace(choice, rate_cps=rate)
        elif name in ("shorter", "longer") and cycles is not None:
            cycles = min(120, max(CYCLE_STEP, cycles + (CYCLE_STEP if name == "longer" else -CYCLE_STEP)))
            self.choice = msgspec.structs.replace(choice, cycles=cycles)
        elif name.startswith("channel-"):
            self.choice = switched(choice, Channel(name.removeprefix("channel-")))
        else:
            return
        self._say()

    def _say(self) -> None:
        choice, view = self.choice, self.view
        assert choice is not None
        preset, plan = choice.preset, choice.preset.plan
        cycles = choice.cycles if choice.cycles is not None else plan.cycles
        lines = [
            f"<b>{_plain(preset.title)}</b>",
            f"{choice.rate:.2f} cycles/s · {plan_words(plan, choice.rate, cycles)}",
            f"{channel_words(choice.used)}",
        ]
        if {Channel.LIGHT, Channel.BAR} & set(choice.used):
            lines.append(degree_words(plan, choice.rate, plan.motion.sweep_deg))
        if choice.rate > EASY_RATE_CPS[1] or preset.confirm:
            lines.append("needs a confirmation once a session · F")
        asked = view.screening
        answered = "not answered" if asked is None else f"answered, yes to {sum(one is True for one in asked.values())}"
        lines += ["", f"Screening: {answered}", f"Stop signal: {_plain(view.stop_signal) or 'not rehearsed'}"]
        if view.dosing_day_reason:
            lines.append(f"Dosing day: light allowed, {_plain(view.dosing_day_reason)}")
        lines.append("")
        lines.append(f"Evidence, {preset.confidence}: {_plain(preset.evidence)}")
        lines += [f"· {_plain(source)}" for source in preset.sources]
        if preset.note:
            lines.append(_plain(preset.note))
        lines.append(f"version {preset.version}, {preset.origin}, kept by {_plain(preset.stored_by)}")
        self.said.setText("<br>".join(lines))


def _plain(words: str) -> str:
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


ANSWERS: dict[str, bool | None] = {"yes": True, "no": False, "unknown": None}
ANSWER_WAYS = (
    Action("yes", "Y", "yes", "Yes"),
    Action("no", "N", "no", "No"),
    Action("unknown", "U", "not known", "Not known"),
)


class ScreeningSheet(RowSheet):
    """The questions before the first visual set; each is answered by itself. `answered` carries all answers."""

    answered = Signal(object)

    def __init__(self, look: Look, questions: Sequence[Question], note: str, known: Mapping[str, bool | None]) -> None:
        self.questions = tuple(questions)
        self.answers: dict[str, bool | None] = dict(known)
        self.note = note
        super().__init__("Before sets with moving light", "Keep", look, ANSWER_WAYS)
        self.asked.connect(self._answer)
        self.chosen.connect(lambda _key: self.answered.emit(dict(self.answers)))
        self._show()

    def problem(self) -> str:
        return "" if self.answers else "nothing is answered yet: Y, N or U for each question"

    def _answer(self, way: str) -> None:
        row = self.row()
        if row is None:
            return
        self.answers[row.key] = ANSWERS[way]
        self._show()
        place = self.list.currentIndex().row() + 1
        if place < len(self.questions):
            self.list.setCurrentIndex(self.model.index(place))

    def _show(self) -> None:
        said = {True: "yes", False: "no", None: "not known"}
        rows = []
        for one in self.questions:
            answer = said[self.answers[one.key]] if one.key in self.answers else "not answered"
            rows.append(Row(one.key, one.text, answer, self.answers.get(one.key) is True))
        self.put(rows)
        left = sum(one.key not in self.answers for one in self.questions)
        self.said.setText(f"{self.note}\n\n{left} of {len(self.questions)} not answered.\nSound and pulses stay free.")


GUIDE_WAYS = (
    Action("next", "N", "next step", "Next step"),
    Action("back", "B", "step back", "The step before"),
    Action("emdr", "1", "EMDR", "The guide of EMDR"),
    Action("art", "2", "ART", "The guide of ART"),
)


class GuideSheet(RowSheet):
    """The steps of a guide as a pointer; it moves when a person moves it."""

    def __init__(self, look: Look, guide: Guide, step: str) -> None:
        self.guide = guide
        super().__init__(guide.title, "Go to this step", look, GUIDE_WAYS)
        self.show_step(step)

    def show_step(self, step: str) -> None:
        """Where the pointer stands now."""
        at = [row.key for row in self.model.rows if row.present]
        rows = [Row(one.key, one.label, "", one.key == step) for one in self.guide.steps]
        self.put(rows, step)
        if at != [step] and step:
            self.list.setCurrentIndex(self.model.index([row.key for row in rows].index(step)))
        self.turned()

    def turned(self) -> None:
        row = self.row()
        one = next((one for one in self.guide.steps if row is not None and one.key == row.key), None)
        if one is None:
            self.said.setText(self.guide.note)
            return
        parts = [one.text]
        if one.presets:
            parts.append(f"Sets: {', '.join(name.replace('-', ' ') for name in one.presets)}")
        if one.fields:
            parts.append(f"To note: {', '.join(name.replace('_', ' ') for name in one.fields)}")
        self.said.setText("\n\n".join([*parts, self.guide.note]))


class RatingSheet(Sheet):
    """SUD, VOC and words about one set; what is left empty stays as it is."""

    rated = Signal(object)

    def __init__(self, look: Look, line: SetLine) -> None:
        super().__init__(f"Set {line.asked.set_id}: {line.asked.plan.preset.replace('-', ' ')}", "Record", look)
        self.line = line
        grid = QGridLayout()
        self.fields: dict[str, QLineEdit] = {}
        for at, (name, label, held) in enumerate(
            (
                ("sud_before", "SUD before, 0 to 10", line.sud_before),
                ("sud_after", "SUD after, 0 to 10", line.sud_after),
                ("voc", "VOC, 1 to 7", line.voc),
                ("body_note", "body", line.body_note),
                ("therapist_note", "note", line.therapist_note),
            )
        ):
            words = QLabel(label)
            edit = QLineEdit("" if held is None else str(held))
            edit.setAccessibleName(label)
            words.setBuddy(edit)
            row, column = (at, 0) if at < 3 else (at - 3, 2)
            grid.addWidget(words, row, column)
            grid.addWidget(edit, row, column + 1)
            self.fields[name] = edit
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 3)
        self.body.addLayout(grid)
        self.finish_layout()
        self.kept.connect(lambda: self.rated.emit(self.wish()))

    def first_focus(self) -> QWidget:
        return self.fields["sud_after"]

    def problem(self) -> str:
        for name, (low, high) in (("sud_before", SUD), ("sud_after", SUD), ("voc", VOC)):
            text = self.fields[name].text().strip()
            if text and not (text.isdecimal() and low <= int(text) <= high):
                return f"{name[:3].upper()} is {low} to {high}"
        return "" if any(edit.text().strip() for edit in self.fields.values()) else "nothing was entered"

    def wish(self) -> RateSet:
        """The ratings as entered. Only after `problem()` found none."""
        texts = {name: edit.text().strip() for name, edit in self.fields.items()}
        numbers = {name: int(texts[name]) if texts[name] else None for name in ("sud_before", "sud_after", "voc")}
        return RateSet(
            self.line.asked.set_id,
            numbers["sud_before"],
            numbers["sud_after"],
            numbers["voc"],
            texts["body_note"],
            texts["therapist_note"],
        )
