"""Forms of the visit itself: consent, screening, clearance, weight, contacts, ticks, tests, signatures, people."""

from __future__ import annotations

from collections.abc import Sequence

from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import ClinicalData
from kapconsole.clinical.gates import Finding
from kapconsole.clinical.tables import Item
from kapconsole.clinical.view import CareView
from kapconsole.commands import CommandBody
from kapconsole.console.careforms import Field, FormSheet, Values, Wrong, needed, number, pairs
from kapconsole.console.carerows import Page, Row
from kapconsole.console.theme import Look

Wishes = Sequence[CommandBody]
DATE = "2026-01-31; empty: today"
MOST_BUTTONS = 6
"""More people than this on the staff list are typed, not touched."""


def weight_form(look: Look, care: CareView) -> FormSheet:
    """Weight with its date."""

    def make(values: Values) -> Wishes:
        weight_kg = number(values, "weight", "Weight")
        if weight_kg is None:
            raise Wrong("the weight in kg")
        return (ws.RecordWeight(weight_kg, values["on"].strip()),)

    held = care.weight
    note = "" if held is None else f"recorded: {held.weight_kg:g} kg on {held.measured_on}"
    fields = (Field("weight", "Weight, kg"), Field("on", "Weighed on", DATE))
    return FormSheet("Weight", "Record", look, fields, make, note)


def allergies_form(look: Look, care: CareView) -> FormSheet:
    """Allergies in words."""

    def make(values: Values) -> Wishes:
        return (ws.RecordAllergies(needed(values, "text", "allergies, or the words: none known")),)

    value = "" if care.allergies is None else care.allergies.text
    return FormSheet("Allergies", "Record", look, (Field("text", "Allergies", "or: none known", value=value),), make)


def contact_form(look: Look, care: CareView, what: str, title: str) -> FormSheet:
    """Somebody to call."""

    def make(values: Values) -> Wishes:
        name = needed(values, "name", "the name")
        return (ws.RecordContact(what, name, needed(values, "phone", "a phone number")),)

    held = care.contacts.get(what)
    name, phone = ("", "") if held is None else (held.name, held.phone)
    fields = (Field("name", "Name", value=name), Field("phone", "Phone", value=phone))
    return FormSheet(title, "Record", look, fields, make)


def intention_form(look: Look, care: CareView) -> FormSheet:
    """The intention, one line; here it is also called up again."""

    def make(values: Values) -> Wishes:
        return (ws.SetIntention(needed(values, "text", "the intention, in one line")),)

    held = care.intention
    note = "one line, in the patient's own words; F8 calls it up again at emergence" if held is None else ""
    field = Field("text", "Intention", value="" if held is None else held.text)
    return FormSheet("Intention", "Keep", look, (field,), make, note)


def consent_form(look: Look, care: CareView) -> FormSheet:
    """A signed consent form is on file; or the patient does not want to go on."""

    def make(values: Values) -> Wishes:
        if values["kind"] == "withdrawn":
            return (ws.WithdrawConsent(values["text"].strip()),)
        needed(values, "kind", "signed, or withdrawn?")
        form = needed(values, "form", "which form was signed?")
        return (ws.RecordConsent(form, values["version"].strip(), values["on"].strip(), values["until"].strip()),)

    held = care.consent
    note = "" if held is None else f"on file: {held.form} {held.form_version}, signed {held.signed_on}"
    if care.withdrawn is not None:
        note = f"consent was withdrawn. {note}"
    fields = (
        Field("kind", "Consent", choices=(("signed", "signed, on file"), ("withdrawn", "withdrawn")), value="signed"),
        Field("form", "Form", "its name", value="" if held is None else held.form),
        Field("version", "Version", value="" if held is None else held.form_version),
        Field("on", "Signed on", DATE),
        Field("until", "Valid until", "2026-12-31; empty: without an end"),
        Field("text", "Words", "when it was withdrawn, if there are any"),
    )
    return FormSheet("Consent", "Record", look, fields, make, note, columns=2)


def clearance_form(look: Look, data: ClinicalData, care: CareView) -> FormSheet:
    """The prescriber clears the patient until a date, with the flags in sight."""

    def make(values: Values) -> Wishes:
        until = needed(values, "until", "until when? a date, such as 2026-01-31")
        return (ws.ClearPatient(until, values["text"].strip(), values["author"].strip(), values["on"].strip()),)

    flags = [held.label for held in care.screening.values() if held.flagged in ("contraindication", "caution")]
    note = f"flags: {', '.join(flags)}" if flags else "no flags among the answers so far"
    fields = (
        Field("until", "Cleared until", "2026-01-31"),
        Field("author", "Prescriber", "empty: who acts here"),
        Field("on", "Cleared on", DATE),
        Field("text", "Words"),
    )
    return FormSheet("Clearance by the prescriber", "Clear", look, fields, make, note, columns=2)


def screening_page(data: ClinicalData, care: CareView) -> Page:
    """Every screening question with its answer."""
    rows = []
    for name, question in data.screening.screening.items():
        held = care.screening.get(name)
        if held is None:
            rows.append(Row(name, question.label, "not answered", mark="○", spoken="open"))
            continue
        flag = f", {held.flagged}" if held.flagged else ""
        by = f" by {held.author}" if held.author else ""
        details = f"{held.answer}{flag}; {held.answered_on}{by}, holds until {held.valid_until}"
        rows.append(Row(name, question.label, details, mark="✓", quiet=not held.flagged, spoken="answered"))
    missing = sum(name not in care.screening for name in data.screening.screening)
    note = f"{missing} not answered · Y yes, N no, Enter with words" if missing else "all answered"
    return Page(tuple(rows), note)


def screening_form(look: Look, data: ClinicalData, care: CareView, name: str) -> FormSheet:
    """One screening question, with who answered and when."""

    def make(values: Values) -> Wishes:
        answer = needed(values, "answer", "yes or no?")
        return (
            ws.AnswerScreening(name, answer, values["text"].strip(), values["author"].strip(), values["on"].strip()),
        )

    question, held = data.screening.screening[name], care.screening.get(name)
    fields = (
        Field("answer", "Answer", choices=pairs(("yes", "no")), value="" if held is None else held.answer),
        Field("text", "Words", value="" if held is None else held.text),
        Field("author", "Answered by", "empty: who acts here"),
        Field("on", "Answered on", DATE),
    )
    note = f"an answer holds for {question.days} days"
    return FormSheet(question.label, "Keep", look, fields, make, note)


def tick_form(look: Look, care: CareView, name: str, item: Item) -> FormSheet:
    """An item that a person answers."""

    def make(values: Values) -> Wishes:
        answer = needed(values, "answer", f"{' or '.join(item.answers)}?")
        text = values["text"].strip()
        if item.needs_text and not text:
            raise Wrong(f"{item.help or 'words'}: missing")
        return (ws.Tick(name, answer, text),)

    held = care.ticks.get(name)
    fields = (
        Field("answer", "Answer", choices=pairs(item.answers), value="" if held is None else held.answer),
        Field("text", item.help.capitalize() or "Words", value="" if held is None else held.text),
    )
    return FormSheet(item.label, "Keep", look, fields, make)


def confirm_test_form(look: Look, item: Item) -> FormSheet:
    """What came of a self-test, as a person found it."""

    def make(values: Values) -> Wishes:
        answer = needed(values, "passed", "as it should be, or not?")
        return (ws.ConfirmTest(item.what, answer == "yes", values["text"].strip()),)

    hints = {
        "alarm-sound": "K plays the alarm sound; it must be heard from the loudspeaker of the alarms.",
        "audio-roles": "Music must come from the patient's loudspeaker or headphones, the alarm sound from its own.",
    }
    fields = (
        Field("passed", "It was", choices=(("yes", "as it should be"), ("no", "NOT as it should be"))),
        Field("text", "Words"),
    )
    return FormSheet(item.label, "Keep", look, fields, make, hints.get(item.what, ""))


def limits_form(look: Look, care: CareView) -> FormSheet:
    """The alarm limits in force, to be confirmed."""
    preset = care.preset
    words = "no alarm limits are in force" if preset is None else f"in force: {preset[0]}, version {preset[1]}"
    shown = [
        f"{label} {care.settings[name]:g}"
        for name, label in (
            ("spo2.low", "SpO2 low"),
            ("pulse_rate.low", "pulse low"),
            ("pulse_rate.high", "pulse high"),
            ("bp.caution_sys", "systolic caution"),
            ("bp.act_sys", "systolic act"),
        )
        if name in care.settings
    ]
    note = ". ".join(part for part in (words, ", ".join(shown), "I shows and changes them") if part)
    return FormSheet("Confirm the alarm limits", "Confirm", look, (), lambda values: (ws.ConfirmLimits(),), note)


def override_form(look: Look, gate: str, found: Finding) -> FormSheet:
    """Pass over an item that is not met."""

    def make(values: Values) -> Wishes:
        return (ws.OverrideGate(gate, found.item, needed(values, "reason", "passing over an item needs a reason")),)

    who = " or ".join(found.fallback) or "nobody"
    note = f"found: {found.found}. May be passed over by {who}; role, name and reason stand in the log."
    return FormSheet(f"Pass over: {found.label}", "Pass over", look, (Field("reason", "Reason"),), make, note)


def sign_form(look: Look, data: ClinicalData, what: str, words: str) -> FormSheet:
    """A signature, with the PIN where the clinic has a staff list."""

    def make(values: Values) -> Wishes:
        pin = _pin(data, values)
        return (ws.SignOff(what, pin, values["text"].strip()),)

    return FormSheet(f"Sign: {what}", "Sign", look, (*_pin_field(data), Field("text", "Words")), make, words)


def discharge_form(look: Look, data: ClinicalData, care: CareView) -> FormSheet:
    """The last signature: the patient leaves with somebody who was seen."""

    def make(values: Values) -> Wishes:
        return (ws.Discharge(_pin(data, values), values["escort"].strip()),)

    seen = care.ticks.get("ride-seen")
    fields = (Field("escort", "Goes home with", "as seen", value="" if seen is None else seen.text), *_pin_field(data))
    return FormSheet("Discharge", "Sign and discharge", look, fields, make, "every item is met or was passed over")


def role_form(look: Look, data: ClinicalData, care: CareView, place: str, unlock: str = "") -> FormSheet:
    """Take or switch a role, or unlock (`unlock`: since when and why it is locked). A PIN is never shown or kept."""

    def make(values: Values) -> Wishes:
        person = needed(values, "person", "who? a name or a short sign")
        role = needed(values, "role", "in which role?")
        pin = values.get("pin", "")
        kind = ws.Unlock if unlock else ws.TakeRole
        return (kind(person, role, pin),)

    held = care.acting.get(place)
    names = tuple(person.name for person in data.staff.staff.values())
    last = "" if held is None else held.person
    person = Field("person", "Person", "name or short sign", value=last)
    if 0 < len(names) <= MOST_BUTTONS:
        person = Field("person", "Person", choices=pairs(names), value=last if last in names else "")
    roles = tuple((name, role.label) for name, role in data.roles.roles.items())
    value = held.role if held is not None and unlock else ""
    role = Field("role", "Role", choices=roles, value=value)
    note = unlock or "One person may hold several roles; each is taken openly. The newest one acts at this screen."
    if held is not None and not unlock:
        note = f"{held.person} acts here as {held.role}. {note}"
    title, keep = ("This station is locked", "Unlock") if unlock else ("Take or switch a role", "Take")
    return FormSheet(title, keep, look, (person, role, *_pin_field(data)), make, note, digits="role")


def leave_form(look: Look, care: CareView) -> FormSheet:
    """Somebody leaves the room or gives a role back."""
    choices = tuple(
        (f"{person}\n{role}", f"{person} · {role}") for person, roles in care.people.items() for role in roles
    )

    def make(values: Values) -> Wishes:
        person, _, role = needed(values, "who", "who leaves which role?").partition("\n")
        return (ws.LeaveRole(person, role),)

    field = Field("who", "Gives back", choices=choices, tall=True)
    return FormSheet("Give a role back", "Give back", look, (field,), make, digits="who")


def _pin_field(data: ClinicalData) -> tuple[Field, ...]:
    return (Field("pin", "PIN", secret=True),) if data.staff.staff else ()


def _pin(data: ClinicalData, values: Values) -> str:
    return needed(values, "pin", "the PIN is needed to sign") if data.staff.staff else ""
