"""An integration visit some days later, with keys alone: a questionnaire, two sets, a signature."""

from __future__ import annotations

from PySide6.QtCore import Qt

from .clinic import STAFF
from .dosing_day import back_to_room, be, menu, name_the_visit, next_phase
from .keyboard import Keyboard

AGAIN = "press again"
LIGHT, TACTILE = "1", "4"
"""The channels' digits in the form of sets."""

PHQ_9 = "110100000"
"""Answers to the nine questions; the tenth asks how hard it made things."""


def arrive(k: Keyboard) -> None:
    be(k, "thea")
    name_the_visit(k, "Integration visit")
    menu(k, "5", "Consent")
    k.fill(Form="Integration consent", Version="1")
    back_to_room(k)
    k.open(Qt.Key.Key_F7, "Questionnaires")
    k.to_row("PHQ-9")
    k.enter()
    k.answer("PHQ-9", PHQ_9)
    k.at("Questionnaires")
    k.leave()
    next_phase(k, "prepare", "Prepare")
    next_phase(k, "integrate", "Integrate")
    k.picture("11-integration")
    k.remember("questions")


def make_ready(k: Keyboard) -> None:
    """B: screening by Y and N, the stop signal tried."""
    k.open("b", "Sets of stimulation")
    k.open("s", "Before sets with moving light")
    for place in range(len(k.rows())):
        k.until(lambda place=place: k.rows()[place].startswith("▸ "), f"question {place + 1}")
        k.press("n")
    k.enter()
    k.until(lambda: k.state.sets.screening is not None, "the answers are recorded")
    k.leave()
    k.open("b", "Sets of stimulation")
    k.open("r", "The stop signal")
    k.enter()
    k.until(lambda: bool(k.state.sets.stop_signal), "the stop signal is recorded")
    k.leave()


def choose_set(k: Keyboard, name: str, without: str) -> None:
    """B, the row, the digit of the channel that this room has not, Enter."""
    k.open("b", "Sets of stimulation")
    k.to_row(name)
    k.press(without)
    k.enter()
    k.closed()


def start(k: Keyboard) -> None:
    """Space; once more when the window says that it took the first for the set that has just ended."""
    k.press(Qt.Key.Key_Space)
    k.until(lambda: k.state.sets.running or AGAIN in k.part("footer"), "Space is answered")
    if k.state.sets.running is None:
        ended_us = k.state.sets.sets[-1].delivered.at_us
        k.until(lambda: k.moment.now_us - ended_us > 2_100_000, "two seconds after the set")
        k.press(Qt.Key.Key_Space)


def stopped_set(k: Keyboard) -> None:
    """A set by sound alone, begun with Space after SUD before, and stopped with Esc; SUD after."""
    choose_set(k, "Eyes closed", TACTILE)
    k.press("6")
    start(k)
    k.until(lambda: k.state.sets.running is not None and k.state.sets.running.began is not None, "the set has begun")
    k.picture("12-set")
    k.remember("set")
    k.press(Qt.Key.Key_Escape)
    k.until(lambda: len(k.state.sets.sets) == 1, "the set is over")
    k.press("4")
    k.until(lambda: k.state.sets.sets[0].sud_after == 4, "SUD after the set")


def whole_set(k: Keyboard) -> None:
    """A set to its own end; VOC."""
    choose_set(k, "Installation", LIGHT)
    k.press("3")
    start(k)
    k.until(lambda: len(k.state.sets.sets) == 2, "the second set is over", 60)
    k.press("5")
    k.until(lambda: k.state.sets.sets[1].voc == 5, "VOC")
    k.picture("13-rated")
    k.remember("sets")


def write_and_sign(k: Keyboard) -> None:
    k.open("n", "Note at")
    k.type("a door that opens; calm afterwards")
    k.enter()
    k.until(lambda: any("door" in note.text for note in k.state.notes), "the note has its words")
    next_phase(k, "recover", "Recover")
    menu(k, "s", "Sign")
    k.fill(PIN=STAFF["thea"][2])
    back_to_room(k)
    k.remember("signed")
    k.open(Qt.Key.Key_F10, "End the session?")
    k.enter()
    k.until(lambda: k.feed.goodbye is not None, "the session has ended")


def play(k: Keyboard) -> None:
    """The whole visit."""
    arrive(k)
    make_ready(k)
    stopped_set(k)
    whole_set(k)
    write_and_sign(k)
