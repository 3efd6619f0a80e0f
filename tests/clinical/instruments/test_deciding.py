"""When an instrument may be answered, what is kept of it, and the safety prompt that does not go away by itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from kapconsole.clinical.instruments.catalog import load_instruments, load_safety_prompt
from kapconsole.clinical.instruments.deciding import closed_words, decide
from kapconsole.clinical.instruments.events import InstrumentBody, InstrumentTaken, SafetyAnswered, SafetyRaised
from kapconsole.clinical.instruments.view import EMPTY, InstrumentsView, fold
from kapconsole.clinical.instruments.wishes import AnswerSafety, InstrumentWish, TakeInstrument
from kapconsole.refusals import Refused

ALL = load_instruments()
PROMPT = load_safety_prompt()


class Line(msgspec.Struct):
    """What a view sees of an event."""

    seq: int
    utc_us: int
    body: Any


class Room:
    """A session's instruments, driven by wishes."""

    def __init__(self) -> None:
        self.view: InstrumentsView = EMPTY
        self.dosed = False
        self.discharged = False
        self.now_us = 60_000_000
        self.seq = 0

    def wish(self, wish: InstrumentWish) -> list[InstrumentBody]:
        bodies = decide(wish, self.view, ALL, PROMPT, self.now_us, dosed=self.dosed, discharged=self.discharged)
        for body in bodies:
            self.seq += 1
            self.view = fold(self.view, Line(self.seq, self.now_us, body))
        return bodies


@pytest.fixture
def room() -> Room:
    return Room()


def test_the_record_holds_what_scoring_was_made_from(room: Room) -> None:
    (taken,) = room.wish(TakeInstrument("gad-7", (1, 2, 1, 0, 1, 2, 1), extra="Somewhat difficult"))
    assert taken == InstrumentTaken(
        at_us=60_000_000,
        instrument="gad-7",
        name="GAD-7",
        version="en-2006",
        language="en",
        mode="self",
        scorer=1,
        window="last 2 weeks",
        answers=(1, 2, 1, 0, 1, 2, 1),
        extra="Somewhat difficult",
        total=8.0,
        band="mild",
        band_source=ALL["gad-7"].band_source,
    )
    # Also as the log keeps it.
    assert msgspec.json.decode(msgspec.json.encode(taken), type=InstrumentTaken) == taken


@pytest.mark.parametrize(
    ("dosed", "discharged", "closed"), [(False, False, False), (True, False, True), (True, True, False)]
)
def test_closed_from_the_dose_to_discharge(dosed: bool, discharged: bool, closed: bool) -> None:
    for name in ("phq-9", "gad-7", "pcl-5", "ham-a", "caps-5", "c-ssrs", "madrs", "meq-30"):
        assert bool(closed_words(ALL[name], dosed, discharged)) is closed
    for name in ("sud", "voc", "cadss", "cadss-6", "poss", "rass"):
        assert closed_words(ALL[name], dosed, discharged) == ""


def test_an_instrument_is_refused_under_the_dose_and_a_paper_form_is_not(room: Room) -> None:
    room.dosed = True
    with pytest.raises(Refused, match="closed from the dose to discharge"):
        room.wish(TakeInstrument("gad-7", (0,) * 7))
    room.wish(TakeInstrument("gad-7", (0,) * 7, answered_on="2026-03-01"))
    room.wish(TakeInstrument("sud", (7,)))
    assert [held.taken.instrument for held in room.view.entries] == ["gad-7", "sud"]


def test_a_safety_item_opens_the_prompt_until_somebody_answers(room: Room) -> None:
    taken, raised = room.wish(TakeInstrument("phq-9", (0, 0, 0, 0, 0, 0, 0, 0, 1)))
    assert isinstance(taken, InstrumentTaken)
    assert isinstance(raised, SafetyRaised)
    room.wish(TakeInstrument("sud", (3,)))
    assert room.view.safety is raised
    with pytest.raises(Refused, match="one of"):
        room.wish(AnswerSafety("never mind", "nurse"))
    (answered,) = room.wish(AnswerSafety(PROMPT.actions[1], "nurse", "seen at once"))
    assert isinstance(answered, SafetyAnswered)
    assert room.view.safety is None
    with pytest.raises(Refused, match="no safety prompt"):
        room.wish(AnswerSafety(PROMPT.actions[1], "nurse"))


def test_the_prompt_opens_although_other_answers_are_missing(room: Room) -> None:
    taken, raised = room.wish(TakeInstrument("phq-9", (None,) * 8 + (3,)))
    assert isinstance(taken, InstrumentTaken)
    assert (taken.total, taken.missing) == (None, (1, 2, 3, 4, 5, 6, 7, 8))
    assert isinstance(raised, SafetyRaised)


def test_a_total_cannot_go_around_the_safety_item(room: Room) -> None:
    with pytest.raises(Refused, match="9 answers"):
        room.wish(TakeInstrument("phq-9", total=20))


def test_a_correction_keeps_the_place_of_the_first_entry(room: Room) -> None:
    room.wish(TakeInstrument("gad-7", (3,) * 7))
    room.wish(TakeInstrument("sud", (5,)))
    room.dosed = True
    room.wish(TakeInstrument("gad-7", (1,) * 7, about=1))
    first, second = room.view.entries
    assert (first.seq, first.taken.total, first.corrections) == (1, 7.0, 1)
    assert second.taken.instrument == "sud"
    with pytest.raises(Refused, match="none of GAD-7"):
        room.wish(TakeInstrument("gad-7", (1,) * 7, about=2))


@pytest.mark.parametrize(
    ("wish", "match"),
    [
        (TakeInstrument("hads", (0,)), "there are: "),
        (TakeInstrument("gad-7", (0,) * 7, mode="guess"), "no mode"),
        (TakeInstrument("gad-7", (0,) * 7, extra="Awful"), "last question"),
        (TakeInstrument("gad-7", (0,) * 7, answered_on="1.3.2026"), "no date"),
        (TakeInstrument("madrs", (1,) * 10), "may not be shipped"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_words(room: Room, wish: TakeInstrument, match: str) -> None:
    with pytest.raises(Refused, match=match):
        room.wish(wish)
    assert room.view == EMPTY


def test_the_newest_entry_is_found(room: Room) -> None:
    room.wish(TakeInstrument("sud", (8,)))
    room.wish(TakeInstrument("sud", (2,)))
    newest = room.view.newest("sud")
    assert newest is not None
    assert newest.taken.total == 2
    assert room.view.newest("voc") is None
