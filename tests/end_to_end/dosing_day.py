"""A dosing day as a therapist, a nurse and a prescriber live it at the console, with keys alone."""

from __future__ import annotations

from PySide6.QtCore import Qt

from kapconsole.clinical.tables import Route
from kapconsole.console.carerows import RowsSheet

from .clinic import STAFF, Day
from .keyboard import Keyboard

INTENTION = "to meet it gently"


def be(k: Keyboard, who: str) -> None:
    """F4: take a role, with the PIN."""
    name, role, pin = STAFF[who]
    k.open(Qt.Key.Key_F4, "Take or switch a role")
    k.fill(Person=name, Role=role.capitalize(), PIN=pin)
    k.until(lambda: name in k.window.view.footer.person, f"{name} acts here")


def menu(k: Keyboard, key: str, title: str) -> None:
    """J, then the line's key."""
    k.open("j", "The session")
    k.open(key, title)


def back_to_room(k: Keyboard) -> None:
    """Out of the menu."""
    k.at("The session")
    k.leave()


def name_the_visit(k: Keyboard, kind: str) -> None:
    menu(k, "1", "Kind of visit")
    k.to_row(kind)
    k.enter()
    back_to_room(k)
    assert k.state.care.visit is not None


def arrive(k: Keyboard) -> None:
    """Who is here, which visit, what is on paper already."""
    be(k, "thea")
    be(k, "nils")
    name_the_visit(k, "Dosing session")
    menu(k, "5", "Consent")
    k.fill(Form="KAP consent", Version="3", Signed_on="")
    k.at("The session")
    k.open("2", "Route of today's dose")
    k.to_row("IM")
    k.enter()
    k.at("The session")
    k.open("6", "Weight")
    k.fill(Weight="75")
    k.at("The session")
    k.open("7", "Allergies")
    k.fill(Allergies="none known")
    for key, title, name, phone in (
        ("8", "Support person", "S. Sister", "555 0123"),
        ("9", "Ride home", "M. Friend", "555 0142"),
        ("b", "Physician", "Dr. Quick", "555 0111"),
    ):
        k.at("The session")
        k.open(key, title)
        k.fill(Name=name, Phone=phone)
    k.at("The session")
    k.open("i", "Intention")
    k.fill(Intention=INTENTION)
    k.at("The session")
    screen(k)
    back_to_room(k)


def screen(k: Keyboard) -> None:
    """Every screening question by Y or N; then the prescriber clears."""
    k.open("3", "Screening")
    for place in range(19):
        yes = any(words in k.rows()[place] for words in ("At ease with", "Support and", "First session", "Seizure"))
        k.until(lambda place=place: k.rows()[place].startswith("▸ "), f"question {place + 1} is the present one")
        k.press("y" if yes else "n")
        k.until(lambda place=place: "answered," in k.rows()[place] + ",", "it is answered")
    k.press(Qt.Key.Key_Escape)


def clear(k: Keyboard) -> None:
    """The prescriber looks at the flags and clears; then the nurse acts again."""
    be(k, "pia")
    menu(k, "4", "Clearance")
    assert "Seizure disorder" in k.words(), "the flag is in sight"
    k.fill(Cleared_until="2999-01-31", Words="seizure in childhood only")
    back_to_room(k)
    be(k, "nils")


def next_phase(k: Keyboard, phase: str, label: str) -> None:
    """F enters the phase when nothing is in its way."""
    k.press("f")
    k.until(lambda: k.state.phase == phase, f"the phase {label}")
    k.closed()


def answer_gate(k: Keyboard, item: str, form: str, **fields: str) -> None:
    """Arrow to an item of the open gate, Enter, answer its form; the gate is there again."""
    gate = k.title
    k.to_row(item)
    k.enter()
    k.at(form)
    k.fill(**fields)
    k.at(gate)
    k.until(lambda: any(item in row and ", met" in row for row in k.rows()), f"{item} is met")


def take_cuff(k: Keyboard) -> None:
    """C, and wait for the reading."""
    count = len(k.state.nibp)
    k.press("c")
    k.until(lambda: len(k.state.nibp) > count, "a cuff reading", 30)


def prepare(k: Keyboard) -> None:
    next_phase(k, "prepare", "Prepare")
    k.open("f", "Before Pre-dose")
    answer_gate(k, "Effects, course and limits", "Effects, course", Answer="yes")
    answer_gate(k, "Consent to touch", "Consent to touch", Answer="yes")
    k.press("f")
    k.until(lambda: k.state.phase == "pre-dose", "the phase Pre-dose")
    k.closed()


def before_the_dose(k: Keyboard) -> None:
    """Two cuff readings, breaths and sedation, the sound, the limits, the signature."""
    take_cuff(k)
    first_us = k.state.nibp[-1].mono_us
    k.open("o", "Sedation")
    k.press("5")
    k.fill(Breaths="14")
    k.closed()
    k.until(lambda: k.moment.now_us - first_us > 130e6, "two minutes between the readings")
    take_cuff(k)
    k.open("f", "Before Dose")
    answer_gate(k, "Fasting", "Fasting", Answer="yes", Hours="food 8 h, clear fluids 3 h")
    answer_gate(k, "Medicines of today", "Medicines", Answer="yes")
    answer_gate(k, "Alarm sound heard", "Alarm sound heard", It_was="as it should be")
    answer_gate(k, "Patient's sound", "Patient's sound", It_was="as it should be")
    answer_gate(k, "Alarm limits confirmed", "Confirm the alarm limits")
    answer_gate(k, "Pre-dose check signed", "Sign: pre-dose", PIN=STAFF["nils"][2])
    k.press("f")
    k.until(lambda: k.state.phase == "dose", "the phase Dose")
    k.closed()


def choose_music(k: Keyboard) -> None:
    """F5, the playlist, Enter."""
    k.open(Qt.Key.Key_F5, "Music")
    k.to_row("quiet")
    k.enter()
    k.until(lambda: k.state.music.playlist is not None, "a playlist is chosen")
    k.leave()


def arm_the_cuff(k: Keyboard) -> None:
    """The schedule may start the cuff by itself."""
    menu(k, "c", "Cuff readings")
    k.press("r")
    k.until(lambda: k.state.care.schedule.armed, "the schedule is armed")
    k.press(Qt.Key.Key_Escape)
    back_to_room(k)


def dose(k: Keyboard, day: Day) -> None:
    """D, every field that the ledger asks for; first with a slip, which is said before anything is recorded."""
    k.open("d", "Dose given at")
    k.fill_only(Drug="ketamine", Amount="60", Drawn="50", Volume="1.1", Lot="A1201", Expiry="2999-05-31")
    assert "does not fit" in k.words(), k.words()
    k.fill(Volume="1.2", Given_by=STAFF["nils"][0], Witness=STAFF["thea"][0], Site="left deltoid")
    k.closed()
    k.until(lambda: bool(k.state.doses), "the dose is recorded")
    day.person.dosed()


def minutes(k: Keyboard) -> float:
    """Minutes since the dose."""
    dose_us = k.state.dose_us
    return -1.0 if dose_us is None else (k.moment.now_us - dose_us) / 60e6


def inward(k: Keyboard, day: Day) -> None:
    """Music, dark, marks and notes, an alarm, sedation, cuffs by the schedule."""
    next_phase(k, "onset", "Onset")
    k.press("m")
    k.until(lambda: k.state.music.state == "playing", "music plays")
    k.until(lambda: minutes(k) > 6, "six minutes")
    next_phase(k, "inward", "Inward")
    k.press("1")
    k.until(lambda: bool(k.state.marks), "a mark")
    k.open("n", "Note at")
    k.type("hand on the chest, breathes deeply")
    k.enter()
    k.until(lambda: any("breathes" in note.text for note in k.state.notes), "the note has its words")
    k.press("h")
    k.until(lambda: k.state.music.held, "the segment is held")
    day.person.dip()
    k.until(lambda: "HIGH" in k.part("strip"), "a HIGH alarm on the strip")
