"""A dosing day as a therapist, a nurse and a prescriber live it at the console, with keys alone."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt

from kapconsole.alarms.events import AlarmAcknowledged
from kapconsole.cues.music.events import MusicAsked

from .clinic import STAFF, Day
from .keyboard import Keyboard

B = TypeVar("B")
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
    k.picture("1-visit")
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
    k.picture("2-session")
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
    k.escape()


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


def enter(k: Keyboard, phase: str) -> None:
    """F in the open gate; again when it says what was missing just then: at speed a number is soon old."""
    for _ in range(5):
        k.press("f")
        if k.until(lambda: "in" if k.state.phase == phase else k.wrong(), f"the phase {phase}") == "in":
            break
    k.closed()
    assert k.state.phase == phase


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
    k.picture("3-gate")
    enter(k, "pre-dose")


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
    k.picture("4-before-dose")
    enter(k, "dose")


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
    k.escape()
    back_to_room(k)


def dose(k: Keyboard, day: Day) -> None:
    """D, every field that the ledger asks for; first with a slip, which is said before anything is recorded."""
    k.open("d", "Dose given at")
    k.fill_only(Drug="ketamine", Amount="60", Drawn="50", Volume="1.1", Lot="A1201", Expiry="2999-05-31")
    assert "does not fit" in k.words(), k.words()
    k.picture("5-dose")
    k.fill(Volume="1.2", Given_by=STAFF["nils"][0], Witness=STAFF["thea"][0], Site="left deltoid")
    k.closed()
    k.until(lambda: bool(k.state.doses), "the dose is recorded")
    day.tell("dose")
    k.remember("dosed")


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
    day.tell("dip")
    k.until(lambda: "HIGH" in k.part("strip"), "a HIGH alarm on the strip")
    k.picture("6-alarm")
    k.remember("alarm")
    k.press("a")
    k.until(lambda: happened(k, AlarmAcknowledged), "the alarm is acknowledged")
    k.press("h")
    k.until(lambda: not k.state.music.held, "the music goes on")
    k.press("e")
    k.until(lambda: any(body.act == "ease" for body in happened(k, MusicAsked)), "the music eases")


def happened(k: Keyboard, kind: type[B]) -> list[B]:
    """The bodies of a kind that the window has heard of."""
    return [event.body for event in k.moment.timeline.events if isinstance(event.body, kind)]


def dark(k: Keyboard) -> None:
    """F6: another cue of light by hand."""
    k.open(Qt.Key.Key_F6, "Light cues")
    k.to_row("Onset")
    k.enter()
    k.until(lambda: k.state.light.cue == "onset", "the cue is asked for")
    k.leave()


def watch(k: Keyboard) -> None:
    """The schedule takes the cuff readings; sedation by the whispered name; a remark with the key of its mark."""
    k.until(lambda: minutes(k) > 14, "fourteen minutes", 40)
    k.open("o", "Sedation")
    k.press("4")
    k.fill(Breaths="12")
    k.closed()
    k.open("7", "said something")
    k.type("falling, but soft")
    k.enter()
    k.closed()
    k.open(Qt.Key.Key_Slash, "Side effects")
    k.to_row("nausea")
    k.enter()
    k.at("Nausea")
    k.press("1")
    k.fill(Words="slight, passes")
    k.at("Side effects")
    k.leave()
    k.picture("7-inward")
    k.remember("inward")
    k.until(lambda: minutes(k) > 21, "twenty-one minutes", 40)


def emerge(k: Keyboard) -> None:
    """Light comes up; the intention is called up; who, where, when; SUD; then the talk."""
    next_phase(k, "emerge", "Emerge")
    k.open(Qt.Key.Key_F8, "Intention")
    k.leave()
    k.open("o", "Sedation")
    k.press("5")
    k.keep()
    menu(k, "r", "Orientation")
    k.fill(Who="known", Where="known", When="known")
    back_to_room(k)
    k.open(Qt.Key.Key_F7, "Questionnaires")
    k.to_row("SUD")
    k.enter()
    k.answer("SUD", "3")
    k.at("Questionnaires")
    k.leave()
    k.picture("8-emerge")
    k.remember("emerge")


def come_back(k: Keyboard) -> None:
    """The talk, recovery, and every item before the door; the prescriber shortens the stay and says why."""
    k.open("f", "Before Integrate")
    answer_gate(k, "The prescriber's rule", "The prescriber's rule", Answer="yes")
    enter(k, "integrate")
    next_phase(k, "recover", "Recover")
    k.until(lambda: minutes(k) > 30.5 and len(k.state.nibp) >= 6, "the cuff reading of 30 min", 40)
    k.open(Qt.Key.Key_F12, "Discharge")
    answer_gate(k, "Steady walk", "Steady walk", Answer="yes")
    answer_gate(k, "Suicidal thoughts", "Suicidal thoughts", Answer="no concern")
    answer_gate(k, "The person who takes", "The person who takes", Answer="yes", Name="M. Friend")
    answer_gate(k, "Written instructions", "Written instructions", Answer="yes")
    answer_gate(k, "Number to call tonight", "Number to call", Answer="yes")
    k.press("f")
    k.until(lambda: "Shortest stay" in k.wrong(), "the stay is too short")
    k.leave()
    be(k, "pia")
    k.open(Qt.Key.Key_F12, "Discharge")
    k.to_row("Shortest stay")
    k.press("o")
    k.at("Pass over: Shortest stay")
    k.fill(Reason="clear and steady for half an hour, lives next door")
    k.at("Discharge")
    k.picture("9-discharge")
    k.remember("door")
    leave_by_the_door(k)
    k.until(lambda: k.state.care.discharged is not None, "discharged")
    k.leave()


def leave_by_the_door(k: Keyboard) -> None:
    """F, the escort's name, the PIN; again when a number was old just then."""
    for _ in range(5):
        k.at("Discharge")
        k.press("f")
        if k.until(lambda: k.wrong() or "PIN" in k.words(), "the signature") is True:
            break
    k.fill(PIN=STAFF["pia"][2])


def end(k: Keyboard) -> None:
    """The therapist signs, the last phase, F10 and Enter."""
    menu(k, "s", "Sign")
    k.fill(PIN=STAFF["pia"][2])
    back_to_room(k)
    next_phase(k, "follow-up", "Follow-up")
    k.picture("10-end")
    k.remember("end")
    k.open(Qt.Key.Key_F10, "End the session?")
    k.enter()
    k.until(lambda: k.feed.goodbye is not None, "the session has ended")


def play(k: Keyboard, day: Day) -> None:
    """The whole day."""
    arrive(k)
    clear(k)
    prepare(k)
    before_the_dose(k)
    be(k, "thea")
    choose_music(k)
    be(k, "nils")
    k.remember("ready")
    dose(k, day)
    arm_the_cuff(k)
    inward(k, day)
    dark(k)
    watch(k)
    emerge(k)
    come_back(k)
    end(k)
