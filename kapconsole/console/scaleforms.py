"""Forms of the checks: sedation with the whispered name, orientation, vitals by hand, side effects, recovery, cuffs."""

from __future__ import annotations

from collections.abc import Sequence

from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import ClinicalData
from kapconsole.clinical.effects import episodes
from kapconsole.clinical.view import MINUTE_US, CareView
from kapconsole.commands import CommandBody
from kapconsole.console.careforms import Field, FormSheet, Values, Wrong, needed, number, pairs
from kapconsole.console.carerows import Page, Row
from kapconsole.console.theme import Look
from kapconsole.session.schedule import Slot, slots

Wishes = Sequence[CommandBody]
SCALE = "moaas"
AHEAD_US = 60 * MINUTE_US
"""How far ahead cuff readings are listed."""


def prompt_words(data: ClinicalData, care: CareView) -> str:
    """What a person is asked for now."""
    asked = []
    for name, due in sorted(care.prompts.items(), key=lambda item: item[0] != "sedation"):
        text = data.scales.prompts.get(name)
        label = due.label if due.label.endswith(("?", ".")) else f"{due.label}."
        asked.append(label if text is None or not text.help else f"{label} {text.help}")
    return " ".join(asked)


def sedation_form(look: Look, data: ClinicalData, care: CareView, at_us: int, scale: str = SCALE) -> FormSheet:
    """Sedation by the clinic's scale, breaths counted; the time is when the key went down."""
    held = data.scales.sedation.get(scale) or next(iter(data.scales.sedation.values()))
    lines = held.lines or tuple(str(score) for score in range(held.least, held.most + 1))
    scores = tuple((str(held.least + place), line.replace("  ", " ", 1)) for place, line in enumerate(lines))

    def make(values: Values) -> Wishes:
        breaths = number(values, "resp", "Breaths per minute")
        wishes: list[CommandBody] = []
        if values["score"]:
            wishes.append(ws.ScoreSedation(int(values["score"]), scale, values["how"], at_us))
        if breaths is not None:
            wishes.append(ws.EnterVitals(resp_rate=breaths, how="counted", at_us=at_us))
        if not wishes:
            raise Wrong("a score by its digit, or breaths per minute")
        return wishes

    fields = (
        Field("score", held.label, choices=scores[::-1], tall=True),
        Field("how", "How", choices=pairs(held.how), value=held.how[0] if held.how else ""),
        Field("resp", "Breaths per minute", "if counted"),
    )
    return FormSheet("Sedation", "Record", look, fields, make, prompt_words(data, care), digits="score")


def orientation_form(look: Look, at_us: int) -> FormSheet:
    """Does the patient know who, where and when."""

    def make(values: Values) -> Wishes:
        who, where, when = (needed(values, name, f"{name}: known or not?") == "yes" for name in _ORIENTED)
        return (ws.AskOrientation(who, where, when, at_us),)

    known = (("yes", "known"), ("no", "not known"))
    fields = (
        Field("person", "Who: own name", choices=known),
        Field("place", "Where: this place", choices=known),
        Field("time", "When: day or part of day", choices=known),
    )
    return FormSheet("Orientation", "Record", look, fields, make)


def vitals_form(look: Look, at_us: int, now_us: int) -> FormSheet:
    """Vitals taken by hand, with the time at which they were measured."""

    def make(values: Values) -> Wishes:
        ago_min = number(values, "ago", "Minutes ago") or 0.0
        numbers = {name: number(values, name, label) for name, label in _NUMBERS}
        if all(value is None for value in numbers.values()):
            raise Wrong("at least one number")
        moment_us = max(0, at_us - round(ago_min * MINUTE_US))
        return (ws.EnterVitals(**numbers, how=values["how"].strip(), at_us=moment_us),)

    fields = (
        Field("sys_mmhg", "Systolic, mmHg"),
        Field("dia_mmhg", "Diastolic, mmHg"),
        Field("pulse_rate", "Pulse, /min"),
        Field("resp_rate", "Breaths, /min"),
        Field("spo2", "SpO2, %"),
        Field("ago", "Measured, min ago", "empty: when the key went down"),
        Field("how", "How", "counted, stethoscope, other monitor"),
    )
    return FormSheet("Vitals taken by hand", "Record", look, fields, make, columns=2)


_ORIENTED = ("person", "place", "time")
_NUMBERS = (
    ("sys_mmhg", "Systolic"),
    ("dia_mmhg", "Diastolic"),
    ("pulse_rate", "Pulse"),
    ("resp_rate", "Breaths"),
    ("spo2", "SpO2"),
)


def effects_page(data: ClinicalData, care: CareView) -> Page:
    """Every side effect of the clinic's list, those that last first."""
    lasting = {held.effect: held for held in episodes(care.effects) if held.end_us is None}
    newest = {entry.effect: entry for entry in care.effects}
    rows = []
    for name in (*lasting, *(name for name in data.scales.effects if name not in lasting)):
        effect = data.scales.effects.get(name)
        label = lasting[name].label if effect is None else effect.label
        entry = newest.get(name)
        parts = [f"grade {entry.grade} ({data.scales.grades.get(str(entry.grade), '')})"] if entry is not None else []
        if effect is not None and effect.red_flag:
            parts.append("red flag: the alarm system hears of it")
        rows.append(Row(name, label, "; ".join(parts), mark="●" if name in lasting else "", quiet=entry is None))
    count = len(lasting)
    return Page(tuple(rows), f"{count} lasting" if count else "none graded as lasting · arrows choose, Enter grades")


def effect_form(look: Look, data: ClinicalData, care: CareView, name: str, at_us: int) -> FormSheet:
    """One side effect and its grade since now."""
    effect = data.scales.effects[name]

    def make(values: Values) -> Wishes:
        grade = int(needed(values, "grade", "which grade, 0 to 4?"))
        texts = (values["action"].strip(), values["outcome"].strip(), values["text"].strip())
        return (ws.GradeEffect(name, grade, *texts, at_us=at_us),)

    grades = tuple((grade, f"{grade} {words}") for grade, words in data.scales.grades.items())
    fields = (
        Field("grade", "Grade", choices=grades, tall=True),
        Field("action", "What was done"),
        Field("outcome", "Outcome"),
        Field("text", "Words"),
    )
    note = "A grade above 0 is told to the alarm system as a red flag." if effect.red_flag else ""
    return FormSheet(effect.label.capitalize(), "Record", look, fields, make, note, digits="grade")


def recovery_form(look: Look, data: ClinicalData, scale: str, at_us: int) -> FormSheet:
    """A recovery score by its items; an item may be not applicable, and then there is no total."""
    held = data.scales.recovery[scale]
    choices = (*((str(value), str(value)) for value in range(held.most_each + 1)), ("na", "not applicable"))

    def make(values: Values) -> Wishes:
        items: dict[str, int | None] = {}
        for item in held.items:
            answer = needed(values, item, f"{item}: 0 to {held.most_each}, or not applicable")
            items[item] = None if answer == "na" else int(answer)
        return (ws.ScoreRecovery(scale, items, at_us=at_us),)

    def live(values: Values) -> str:
        given = [values[item] for item in held.items]
        if not all(given):
            return f"{sum(not value for value in given)} items open"
        if "na" in given:
            return "an item does not apply: there is no total"
        total = sum(int(value) for value in given)
        return f"{total} of {held.most_each * len(given)}; {held.pass_at} is the score to pass"

    fields = tuple(Field(item, item[0].upper() + item[1:], choices=choices) for item in held.items)
    return FormSheet(held.label, "Record", look, fields, make, live=live)


def slot_words(slot: Slot, zero_us: int, now_us: int) -> str:
    """The state of one cuff reading in words."""
    if slot.state == "taken" and slot.taken_us is not None:
        return f"taken {(slot.taken_us - slot.from_us) / MINUTE_US:.0f} min after the dose"
    if slot.state == "skipped":
        return f"skipped{': ' + slot.reason if slot.reason else ''}"
    left = (slot.due_us - now_us) / MINUTE_US
    when = f"in {left:.0f} min" if left > 0 else f"{-left:.0f} min overdue"
    words = "missed" if slot.state == "missed" else when
    if slot.due_us != slot.planned_us:
        words += f", moved from {(slot.planned_us - slot.from_us) / MINUTE_US:g} min"
    return words + (", not to be skipped without a reason" if slot.mandatory else "")


def schedule_page(care: CareView, now_us: int) -> Page:
    """The cuff readings: what was taken, what is to come, whether the schedule starts the cuff itself."""
    view = care.schedule
    rows = [
        Row(
            slot.name,
            slot.words + (" · mandatory" if slot.mandatory else ""),
            slot_words(slot, slot.from_us, now_us),
            mark={"taken": "✓", "missed": "○", "skipped": "→", "due": "●"}.get(slot.state, ""),
            quiet=slot.state in ("taken", "skipped"),
            spoken=slot.state,
        )
        for slot in slots(view, now_us, AHEAD_US)
    ]
    if view.recheck is not None:
        rows.insert(0, Row("recheck", "Recheck", f"asked for: {view.recheck.why}", mark="●", spoken="due"))
    if not view.plans:
        return Page((), "no readings are planned: the schedule begins with the dose")
    if view.ended:
        note = "the schedule has ended"
    elif view.armed:
        note = f"armed by {view.armed_by}: the cuff starts by itself"
    elif view.armed_by:
        note = "held, because a cuff was stopped: arm it again to let it start the cuff"
    else:
        note = "not armed: it only reminds; C takes a reading"
    return Page(tuple(rows), note)


def slot_form(look: Look, care: CareView, name: str, now_us: int) -> FormSheet:
    """Move a reading within its soft window, or skip it."""
    slot = next((slot for slot in slots(care.schedule, now_us, AHEAD_US) if slot.name == name), None)

    def make(values: Values) -> Wishes:
        if needed(values, "what", "move it, or skip it?") == "skip":
            return (ws.SkipReading(name, values["reason"].strip()),)
        by_min = number(values, "by", "Minutes")
        if by_min is None or slot is None:
            raise Wrong("by how many minutes? 2, or -2 for earlier")
        return (ws.MoveReading(name, slot.planned_us + round(by_min * MINUTE_US)),)

    able = slot is not None and slot.open
    what = (("move", "move it"), ("skip", "skip it")) if able else (("skip", "say why it is missing"),)
    fields = [Field("what", "Reading", choices=what, value="" if able else "skip"), Field("reason", "Reason")]
    if able and slot is not None:
        fields.insert(1, Field("by", "Minutes later", f"at most {slot.soft_us / MINUTE_US:g}; -2: earlier"))
    title = name if slot is None else f"Cuff reading {slot.words}"
    return FormSheet(title, "Keep", look, fields, make, digits="what")
