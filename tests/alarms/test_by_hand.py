"""Alarms of what people score and count, and of what the room tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kapconsole import events as ev
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.events import OccurrenceState, Priority, ReadingDue
from kapconsole.clinical.events import ReadingSkipped, SedationScored, VitalsEntered
from kapconsole.cues.light.events import LampBack, LampTrouble
from kapconsole.cues.music.events import PatientOutput
from kapdevices.readings import Metric


def sedation(room: Any, score: int) -> None:
    room.event(SedationScored(room.now_us, "moaas", "a", score, 3, 2, 5.0, "whispered name"))


def vitals(room: Any, **values: float) -> None:
    empty = dict.fromkeys(("sys_mmhg", "dia_mmhg", "pulse_rate", "resp_rate", "spo2"))
    room.event(VitalsEntered(at_us=room.now_us, **{**empty, **values}, how="counted"))


def test_a_deep_sedation_is_high_and_stays_until_a_person_clears_it(room: Any) -> None:
    sedation(room, 2)
    assert room.shown["P09"].priority is Priority.HIGH
    assert room.shown["P09"].sounding
    sedation(room, 5)
    assert room.shown["P09"].state is OccurrenceState.LATCHED
    room.wish(ws.Acknowledge())
    assert "P09" not in room.shown


def test_a_light_sedation_asks_and_goes_away_by_itself_and_a_deeper_one_breaks_through(room: Any) -> None:
    sedation(room, 3)
    assert room.shown["P09"].priority is Priority.LOW
    room.wish(ws.Acknowledge())
    sedation(room, 1)
    assert room.shown["P09"].priority is Priority.HIGH
    assert room.shown["P09"].state is OccurrenceState.ACTIVE


def test_light_sedation_that_is_over_leaves_nothing(room: Any) -> None:
    sedation(room, 3)
    sedation(room, 4)
    assert "P09" not in room.shown


def test_an_old_score_says_nothing_any_more_but_ends_no_alarm(room: Any) -> None:
    sedation(room, 2)
    room.wait(1801, spo2=98)
    assert room.shown["P09"].unknown


@pytest.mark.parametrize(("rate", "words"), [(7.0, "7 < 10"), (30.0, "30 > 25")])
def test_a_counted_breath_out_of_range_is_told_at_once(room: Any, rate: float, words: str) -> None:
    vitals(room, resp_rate=rate)
    assert room.shown["P08"].priority is Priority.MEDIUM
    assert words in room.shown["P08"].text
    vitals(room, resp_rate=14.0)
    assert "P08" not in room.shown


def test_a_device_that_measures_breath_takes_the_place_of_the_count(room: Any) -> None:
    room.sample(Metric.RESP_RATE, 14.0)
    vitals(room, resp_rate=7.0)
    assert "P08" not in room.shown


def test_a_pressure_taken_by_hand_counts_like_one_of_the_cuff(room: Any) -> None:
    vitals(room, sys_mmhg=204.0, dia_mmhg=100.0)
    assert room.shown["P06"].priority is Priority.HIGH


def test_a_pressure_entered_late_does_not_take_the_place_of_a_newer_one(room: Any) -> None:
    measured_us = room.now_us
    room.wait(60, spo2=98)
    room.cuff(120, 70)
    room.event(VitalsEntered(measured_us, 204.0, 100.0, None, None, None, "stethoscope"))
    assert "P06" not in room.shown


def test_a_skipped_reading_is_overdue_no_more(room: Any) -> None:
    due_us = room.now_us
    room.event(ReadingDue(due_us, "10 min after the dose", False, due_us))
    room.wait(400, spo2=98)
    assert "T03" in room.shown
    room.event(ReadingSkipped(room.now_us, "10 min", due_us, False, "asleep"))
    room.wait(1, spo2=98)
    assert "T03" not in room.shown


def test_music_that_is_lost_matters_in_the_inward_phase_alone(room: Any) -> None:
    room.event(PatientOutput("headphones", "lost", "", "unplugged", room.now_us))
    assert "T09" not in room.shown
    room.event(ev.PhaseEntered(room.now_us, "inward"))
    assert room.shown["T09"].priority is Priority.LOW
    assert "unplugged" in room.shown["T09"].text
    room.event(PatientOutput("headphones", "playing", "", "", room.now_us))
    assert "T09" not in room.shown


def test_lamps_that_do_not_answer_are_one_alarm_until_all_are_back(new_room: Callable[..., Any]) -> None:
    room = new_room()
    for lamp in ("ceiling", "path"):
        room.event(LampTrouble(lamp, (lamp,), "does not answer", room.now_us))
    assert len(room.began("T10")) == 1
    room.event(LampBack("ceiling", ("ceiling",), room.now_us))
    assert "T10" in room.shown
    room.event(LampBack("path", ("path",), room.now_us))
    assert "T10" not in room.shown
