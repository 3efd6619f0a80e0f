"""Cuff readings: bands, baseline, recheck, failed and overdue readings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.events import Priority
from kapconsole.alarms.limits import Bp
from kapconsole.alarms.nibp import Band, Baseline, Pressure, baseline_of, breach, implausible
from kapdevices.readings import Quality

S = 1_000_000
MIN = 60


def band(sys: float, dia: float, baseline: Baseline | None = None) -> Band:
    return breach(Pressure(0, 1, sys, dia), Bp(), baseline).band


@pytest.mark.parametrize(
    ("sys", "dia", "expected"),
    [
        (159, 99, Band.EXPECTED),
        (160, 90, Band.CAUTION),
        (150, 100, Band.CAUTION),
        (179, 109, Band.CAUTION),
        (180, 90, Band.ACT),
        (150, 110, Band.ACT),
        (199, 119, Band.ACT),
        (200, 90, Band.CRITICAL),
        (150, 120, Band.CRITICAL),
        (90, 60, Band.EXPECTED),
        (89, 60, Band.LOW),
    ],
)
def test_fixed_bands(sys: float, dia: float, expected: Band) -> None:
    assert band(sys, dia) is expected


@pytest.mark.parametrize(
    ("sys", "dia", "expected"),
    [
        (140, 85, Band.EXPECTED),
        (141, 85, Band.CAUTION),
        (140, 91, Band.CAUTION),
        (78, 50, Band.LOW),
        (91, 50, Band.EXPECTED),
    ],
)
def test_relative_bands(sys: float, dia: float, expected: Band) -> None:
    assert band(sys, dia, Baseline(110, 70, 2)) is expected


def test_the_stricter_of_fixed_and_relative_counts() -> None:
    assert band(165, 90, Baseline(150, 85, 2)) is Band.CAUTION  # fixed 160 before 150 + 30
    assert band(100, 60, Baseline(150, 85, 2)) is Band.LOW  # 150 less 30 % before 90
    found = breach(Pressure(0, 1, 145, 80), Bp(), Baseline(110, 70, 2))
    assert (found.limit, found.relative) == (140, True)


def test_the_baseline_is_a_median_of_readings_two_minutes_apart() -> None:
    def at(minutes: float, sys: float, dia: float) -> Pressure:
        return Pressure(round(minutes * MIN * S), 1, sys, dia)

    assert baseline_of(()) is None
    assert baseline_of((at(0, 120, 80),)) == Baseline(120, 80, 1)
    assert baseline_of((at(0, 120, 80), at(1, 150, 99), at(2, 110, 70), at(5, 112, 72))) == Baseline(112, 72, 3)
    weak = baseline_of((at(0, 120, 80), at(1, 150, 99)))
    assert weak is not None
    assert weak.weak


def test_readings_after_the_dose_do_not_move_the_baseline(room: Any) -> None:
    room.cuff(118, 74)
    room.well(3 * MIN)
    room.cuff(122, 76)
    room.well(30)
    room.dose()
    room.well(10 * MIN)
    room.cuff(138, 90)
    assert room.status.baseline == (120, 75, 2)
    assert room.story() == []
    room.well(10 * MIN)
    room.cuff(151, 90)
    assert room.shown["P04"].text == "NIBP 151/90 > 150"


def test_a_single_reading_baseline_is_called_so(room: Any) -> None:
    room.cuff(110, 70)
    room.well(30)
    room.dose()
    room.well(5 * MIN)
    room.cuff(141, 80)
    assert room.shown["P04"].text == "NIBP 141/80 > 140, single-reading baseline"


def test_at_14_act_band_is_medium_with_a_recheck_and_high_when_confirmed(room: Any) -> None:
    bodies = room.cuff(182, 108)
    (began,) = room.began("P05")
    assert (began.priority, began.text) == (Priority.MEDIUM, "NIBP 182/108 ≥ 180, recheck")
    (due,) = [body for body in bodies if isinstance(body, al.ReadingDue)]
    assert due.due_us - due.at_us == 300 * S
    room.wish(ws.Acknowledge())
    room.well(5 * MIN)
    room.cuff(181, 100)
    assert room.shown["P06"].priority is Priority.HIGH
    assert "P05" not in room.shown
    assert room.status.burst is Priority.HIGH
    story = [entry for entry in room.story() if entry[0] in ("P05", "P06")]
    assert story.index(("P06", "began")) < story.index(("P05", "ended"))


def test_at_14_critical_is_high_on_one_reading(room: Any) -> None:
    room.cuff(204, 100)
    assert room.shown["P06"].text == "NIBP 204/100 ≥ 200"
    assert "P05" not in room.shown


def test_a_red_flag_makes_the_act_band_critical(room: Any) -> None:
    room.cuff(185, 100)
    assert room.status.burst is Priority.MEDIUM
    room.wish(ws.NoteSymptom("chest pain"))
    assert room.shown["P06"].text == "NIBP 185/100 ≥ 180, chest pain"
    with pytest.raises(ws.NotAllowed, match="red-flag"):
        room.wish(ws.NoteSymptom("hiccup"))


def test_at_15_the_same_frame_again_is_no_new_reading(room: Any) -> None:
    room.cuff(182, 108)
    told = list(room.bodies)
    for _ in range(5):
        room.well(4)
        room.cuff(182, 108)
    assert room.bodies == told
    room.well(40)
    room.cuff(182, 108)  # no cuff sends the same after a minute without having measured
    assert "P06" in room.shown


def test_a_confirmed_one_latches_when_pressure_is_well_again(room: Any) -> None:
    room.cuff(204, 100)
    room.well(5 * MIN)
    room.cuff(140, 80)
    assert room.status.burst is Priority.HIGH
    room.wish(ws.Acknowledge())
    assert room.shown == {}


@pytest.mark.parametrize(("sys", "dia"), [(80, 80), (70, 90), (39, 30), (281, 90), (100, 19), (260, 221)])
def test_an_implausible_reading_is_a_failed_one(room: Any, sys: float, dia: float) -> None:
    assert implausible(sys, dia)
    room.cuff(182, 108)
    room.well(MIN)
    room.cuff(sys, dia)
    assert "not plausible" in room.shown["T04"].text
    assert "P05" in room.shown  # and it changes nothing about the patient


def test_a_second_failure_in_a_row_is_medium_and_a_reading_ends_it(room: Any) -> None:
    room.cuff(None, None, Quality.MEASUREMENT_FAILED)
    assert room.shown["T04"].priority is Priority.LOW
    room.well(MIN)
    room.cuff(None, None, Quality.MEASUREMENT_FAILED)
    assert room.shown["T04"].priority is Priority.MEDIUM
    room.well(MIN)
    room.cuff(120, 70)
    assert "T04" not in room.shown


def test_a_reading_that_a_person_stopped_is_no_failure(room: Any) -> None:
    room.cuff(None, None, Quality.STOPPED)
    assert room.shown == {}


def test_a_failed_reading_does_not_end_an_alarm(room: Any) -> None:
    room.cuff(85, 50)
    assert room.shown["P07"].priority is Priority.MEDIUM
    room.well(MIN)
    room.cuff(None, None, Quality.MEASUREMENT_FAILED)
    assert "P07" in room.shown


def test_an_old_reading_makes_the_alarm_unknown_not_gone(room: Any) -> None:
    room.cuff(185, 100)
    room.wish(ws.Acknowledge())
    room.well(29 * MIN)
    assert not room.shown["P05"].unknown
    room.well(2 * MIN)
    assert room.shown["P05"].unknown
    assert room.shown["P05"].text == "NIBP 185/100 ≥ 180, recheck (now unknown)"


def test_a_cuff_that_is_lost_makes_its_alarm_unknown(room: Any) -> None:
    room.cuff(185, 100)
    room.link("lost", source=2)
    assert room.shown["P05"].unknown
    assert "T02" in room.shown


def test_a_recheck_that_nobody_takes_is_overdue(room: Any) -> None:
    room.cuff(165, 90)
    assert room.status.reading_due_us is not None
    room.well(8 * MIN - 1)
    assert "T03" not in room.shown
    room.well(2)
    assert room.shown["T03"].priority is Priority.LOW
    room.well(5 * MIN)
    assert room.shown["T03"].priority is Priority.MEDIUM
    room.cuff(120, 70)
    assert "T03" not in room.shown
    assert room.status.reading_due_us is None


def test_a_scheduled_reading_may_be_early_but_not_late(room: Any) -> None:
    due_us = room.now_us + 10 * MIN * S
    room.event(al.ReadingDue(due_us, "10 min after the dose", False, room.now_us))
    room.cuff(120, 70)  # ten minutes early is another reading
    assert room.status.reading_due_us == due_us
    room.well(8 * MIN)
    room.cuff(121, 70)
    assert room.status.reading_due_us is None
    room.event(al.ReadingDue(room.now_us + 60 * S, "20 min", False, room.now_us))
    room.well(4 * MIN + 2)
    assert "20 min" in room.shown["T03"].text


def test_another_cuff_than_the_chosen_one_does_not_count(room: Any) -> None:
    from kapdevices.readings import Metric

    room.event(ev.FeedChosen(Metric.NIBP_SYS, 2))
    room.cuff(210, 120, source=3)
    assert room.shown == {}


def test_a_changed_limit_is_applied_to_the_last_reading(new_room: Callable[..., Any]) -> None:
    room = new_room()
    room.cuff(150, 90)
    assert room.shown == {}
    room.wish(ws.ChangeLimits({"bp.caution_sys": 145}, "nurse"))
    assert room.shown["P04"].text == "NIBP 150/90 ≥ 145"
