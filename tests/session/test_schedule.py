"""The schedule of cuff readings: what is due when, what answers it, and when a cuff may start by itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.clinical import events as ce
from kapconsole.refusals import Refused
from kapconsole.session import schedule
from kapconsole.session.schedule import ACTOR, EMPTY, MINUTE_US, next_cuff, slots, tick
from kapdevices.readings import Quality

T0 = 10 * MINUTE_US
IV = ce.ScheduleSet(T0, T0, "iv", (10, 20, 30, 40), 15, (40,), 3, 120, 2, {"sedation": "whisper the name"})
IM = ce.ScheduleSet(T0, T0, "im", (5, 10, 20, 30, 45, 60), 30, (), 3, 120, 2, {})


class Room:
    """Time and a cuff by hand; the schedule's own starts are carried out as the monitor does it."""

    def __init__(self, plan: ce.ScheduleSet = IV) -> None:
        self.view = EMPTY
        self.now_us = T0
        self.seq = 0
        self.boundaries: tuple[int, ...] = ()
        self.starts: list[tuple[int, str]] = []
        self.answer: str = ""
        self.record(plan)

    def record(self, body: Any, actor: str = "monitor") -> None:
        self.seq += 1
        self.view = schedule.fold(self.view, ev.Event(self.seq, self.now_us, 0, actor, body))

    def wait(self, minutes: float, step_s: float = 5.0) -> list[Any]:
        found = []
        end_us = self.now_us + round(minutes * MINUTE_US)
        while self.now_us < end_us:
            self.now_us = min(end_us, self.now_us + round(step_s * 1e6))
            for body in tick(self.view, self.now_us, self.boundaries):
                self.record(body, ACTOR)
                found.append(body)
                if isinstance(body, ce.CuffBySchedule):
                    self.start(ACTOR)
        return found

    def start(self, actor: str = "nurse") -> None:
        self.starts.append((self.now_us, actor))
        self.record(ev.CuffRequested(2, "adult", 160), actor)
        if self.answer:
            self.reading(quality=Quality(self.answer) if self.answer != "good" else Quality.GOOD)

    def reading(self, sys: float | None = 120, quality: Quality = Quality.GOOD) -> None:
        self.record(ev.NibpMeasured(2, sys, 75, None, 70, quality, ""))

    def states(self) -> dict[str, str]:
        return {slot.name: slot.state for slot in slots(self.view, self.now_us)}

    def at(self, minute: float) -> None:
        self.wait(minute - (self.now_us - T0) / MINUTE_US)


def dues(bodies: list[Any]) -> list[float]:
    return [(body.due_us - T0) / MINUTE_US for body in bodies if isinstance(body, al.ReadingDue)]


def test_readings_fall_due_by_the_route_and_go_on_after_its_list() -> None:
    room = Room()
    found = []
    for _ in range(8):
        found += room.wait(10)
        room.reading()
    assert dues(found) == [10, 20, 30, 40, 55, 70]
    prompts = [body for body in found if isinstance(body, ce.PromptDue)]
    assert [prompt.why for prompt in prompts] == ["10 min", "20 min", "30 min", "40 min", "55 min", "70 min"]
    assert not [body for body in found if isinstance(body, al.ReadingDue) and body.recheck]


def test_a_reading_taken_a_little_early_answers_and_nothing_falls_due() -> None:
    room = Room()
    room.at(7.5)
    room.reading()
    assert dues(room.wait(5)) == []
    assert room.states()["10 min"] == "taken"
    assert next_cuff(room.view, room.now_us).slot == "20 min"  # type: ignore[union-attr]


def test_a_reading_taken_too_early_does_not_answer() -> None:
    room = Room()
    room.at(6.5)
    room.reading()
    assert dues(room.wait(5)) == [10]


def test_a_reading_before_the_dose_answers_nothing() -> None:
    room = Room(ce.ScheduleSet(T0, T0, "im", (2, 5), 0, (), 3, 120, 2, {}))
    room.record(ce.VitalsEntered(T0 - 1, 120, 70, None, None, None, "by hand"))
    room.record(ce.VitalsEntered(T0, 120, 70, None, None, None, "by hand"))
    assert room.states() == {"2 min": "waiting", "5 min": "waiting"}
    room.at(0.1)
    room.reading()
    assert room.states() == {"2 min": "taken", "5 min": "waiting"}


def test_one_entered_by_hand_counts_from_when_it_was_measured() -> None:
    room = Room()
    room.at(25)
    room.record(ce.VitalsEntered(T0 + 11 * MINUTE_US, 120, 70, None, None, None, "other monitor"))
    assert room.states()["10 min"] == "taken"
    assert room.states()["20 min"] == "due"


def test_breaths_alone_are_no_cuff_reading() -> None:
    room = Room()
    room.at(10)
    room.record(ce.VitalsEntered(room.now_us, None, None, None, 14, None, "counted"))
    assert room.states()["10 min"] == "due"


def test_a_late_reading_answers_the_nearest_and_says_how_late() -> None:
    room = Room()
    room.at(16)
    room.reading()
    slot = slots(room.view, room.now_us)[0]
    assert (slot.state, slot.late_us) == ("taken", 3 * MINUTE_US)


def test_what_nobody_took_is_missed_when_the_next_is_due_and_that_one_is_told() -> None:
    room = Room()
    found = room.wait(21)
    assert dues(found) == [10, 20]
    assert room.states()["10 min"] == "missed"
    assert room.states()["20 min"] == "due"


def test_after_a_gap_of_the_recorder_only_the_newest_is_due() -> None:
    room = Room()
    room.now_us = T0 + 36 * MINUTE_US
    room.record(ev.SessionResumed(36 * 60, "", "boot", 0, 1.0))
    assert dues(room.wait(1)) == [30]


def test_the_mandatory_reading_cannot_be_skipped_without_a_reason() -> None:
    room = Room()
    room.at(35)
    with pytest.raises(Refused, match="without a reason"):
        schedule.skipped(room.view, "40 min", " ", room.now_us)
    room.record(schedule.skipped(room.view, "40 min", "patient asks for no cuff", room.now_us))
    assert dues(room.wait(10)) == []
    assert schedule.mandatory_missing(room.view, room.now_us) == ()


def test_a_missed_mandatory_reading_is_named_until_the_reason_is_written() -> None:
    room = Room()
    room.at(54)
    room.reading()
    (missing,) = schedule.mandatory_missing(room.view, room.now_us)
    assert (missing.name, missing.state) == ("40 min", "missed")
    room.record(schedule.skipped(room.view, "40 min", "cuff had come off", room.now_us))
    assert schedule.mandatory_missing(room.view, room.now_us) == ()


def test_another_reading_is_skipped_without_a_word() -> None:
    room = Room()
    room.record(schedule.skipped(room.view, "20 min", "", room.now_us))
    found = []
    for _ in range(3):
        found += room.wait(10)
        room.reading()
    assert dues(found) == [10, 30]


@pytest.mark.parametrize(("boundary", "due"), [(8.5, 8.5), (12.9, 12.9), (13.5, 10), (6.5, 10)])
def test_a_reading_goes_to_a_boundary_of_the_music_within_three_minutes(boundary: float, due: float) -> None:
    room = Room()
    room.boundaries = (T0 + round(boundary * MINUTE_US),)
    room.answer = "good"
    found = room.wait(14)
    assert dues(found) == [due]
    assert len([body for body in found if isinstance(body, ce.ReadingMoved)]) == (due != 10)


def test_of_two_boundaries_the_nearer_is_taken() -> None:
    room = Room()
    room.boundaries = (T0 + 8 * MINUTE_US, T0 + 11 * MINUTE_US)
    assert dues(room.wait(12)) == [11]


def test_a_boundary_that_nobody_knew_of_in_time_does_not_make_a_reading_due_in_the_past() -> None:
    room = Room()
    room.at(9)
    room.boundaries = (T0 + 8 * MINUTE_US,)
    assert dues(room.wait(2)) == [10]


def test_a_person_moves_a_reading_within_its_window_only() -> None:
    room = Room()
    with pytest.raises(Refused, match="3 min at most"):
        schedule.moved(room.view, "10 min", T0 + 14 * MINUTE_US, room.now_us)
    room.record(schedule.moved(room.view, "10 min", T0 + 12 * MINUTE_US, room.now_us))
    room.boundaries = (T0 + 9 * MINUTE_US,)
    assert dues(room.wait(13)) == [12]
    with pytest.raises(Refused, match="no reading at 11 min"):
        schedule.moved(room.view, "11 min", T0 + 12 * MINUTE_US, room.now_us)


def test_unarmed_it_starts_nothing() -> None:
    room = Room()
    room.wait(60)
    assert room.starts == []


def test_armed_it_starts_each_reading_once_when_it_is_good() -> None:
    room = Room()
    room.answer = "good"
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    room.wait(41)
    assert [round((at_us - T0) / MINUTE_US) for at_us, _ in room.starts] == [10, 20, 30, 40]


def test_a_cuff_that_fails_is_tried_once_more_after_two_minutes_and_then_left_to_people() -> None:
    room = Room()
    room.answer = Quality.MEASUREMENT_FAILED
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    room.wait(19)
    first, second = (at_us for at_us, _ in room.starts)
    assert second - first >= 120_000_000
    room.wait(2)
    assert len(room.starts) == 3, "the next reading is tried again"


def test_a_stopped_cuff_stays_stopped_until_a_person_arms_again() -> None:
    room = Room()
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    room.at(10.1)
    assert len(room.starts) == 1
    room.record(ev.CuffStopRequested(2), "therapist")
    room.reading(None, Quality.STOPPED)
    room.wait(25)
    assert len(room.starts) == 1
    held = next_cuff(room.view, room.now_us)
    assert held is not None
    assert held.held
    assert not held.by_itself
    room.start("nurse")  # one that a person starts is that one only
    room.wait(12)
    assert [actor for _, actor in room.starts] == [ACTOR, "nurse"]
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    room.wait(1)
    assert [actor for _, actor in room.starts] == [ACTOR, "nurse", ACTOR]


def test_a_cuff_stopped_at_the_device_holds_the_schedule_too() -> None:
    room = Room()
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    room.at(10.1)
    room.reading(None, Quality.STOPPED)
    room.wait(30)
    assert len(room.starts) == 1


def test_after_a_restart_it_only_reminds() -> None:
    room = Room()
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    room.record(ev.SessionResumed(3.0, "", "boot", 0, 1.0))
    room.wait(25)
    assert room.starts == []


def test_a_recheck_is_counted_down_to_and_started_when_armed() -> None:
    room = Room()
    room.answer = "good"
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    room.at(10.5)
    room.record(al.ReadingDue(room.now_us + 5 * MINUTE_US, "recheck, caution band", True, room.now_us))
    shown = next_cuff(room.view, room.now_us)
    assert shown is not None
    assert (shown.slot, shown.left_s, shown.by_itself) == ("recheck", 300, True)
    room.wait(6)
    assert len(room.starts) == 2
    assert room.view.recheck is None


def test_two_rechecks_have_attempts_of_their_own() -> None:
    room = Room(IM)
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    for _ in range(3):
        room.record(al.ReadingDue(room.now_us, "recheck, act band", True, room.now_us))
        room.answer = "good"
        room.wait(3)
    assert len(room.starts) >= 3


def test_a_second_dose_has_readings_of_its_own_and_the_mandatory_one_of_the_first_stays() -> None:
    room = Room()
    room.at(31)
    room.reading()
    room.record(ce.ScheduleSet(room.now_us, room.now_us, "im", (5, 10), 0, (), 3, 120, 2, {}))
    names = [slot.name for slot in slots(room.view, room.now_us) if slot.open]
    assert names == ["5 min after dose 2", "40 min", "10 min after dose 2"]


def test_after_the_discharge_nothing_is_due() -> None:
    room = Room()
    room.record(ce.ScheduleArmed(room.now_us, "N"))
    room.record(ce.Discharged(room.now_us, "N", "nurse", False, "Sam", ()))
    assert [type(body) for body in room.wait(30)] == [ce.ScheduleDisarmed]
    assert next_cuff(room.view, room.now_us) is None


THINGS = st.lists(
    st.tuples(
        st.sampled_from(
            ["wait", "wait", "wait", "good", "failed", "stop", "arm", "disarm", "person", "recheck", "resume", "dose"]
        ),
        st.floats(0.1, 12),
    ),
    max_size=30,
)


@given(THINGS, st.lists(st.floats(0, 90), max_size=6))
def test_whatever_happens_the_schedule_keeps_its_rules(things: list[tuple[str, float]], music: list[float]) -> None:
    room = Room()
    room.boundaries = tuple(T0 + round(minute * MINUTE_US) for minute in music)
    allowed = False  # armed by a person, and no cuff stopped since
    told: list[Any] = []
    for thing, amount in things:
        before = len(room.starts)
        match thing:
            case "wait":
                told += room.wait(amount, step_s=20)
            case "good" | "failed":
                room.answer = "good" if thing == "good" else str(Quality.MEASUREMENT_FAILED)
                room.reading(quality=Quality.GOOD if thing == "good" else Quality.MEASUREMENT_FAILED)
            case "stop":
                room.record(ev.CuffStopRequested(2))
                allowed = False
            case "arm":
                room.record(ce.ScheduleArmed(room.now_us, "N"))
                allowed = True
            case "disarm":
                room.record(ce.ScheduleDisarmed(room.now_us, "by a person"))
                allowed = False
            case "person":
                room.start("nurse")
                before += 1
            case "recheck":
                room.record(al.ReadingDue(room.now_us + MINUTE_US, "recheck, act band", True, room.now_us))
            case "resume":
                room.record(ev.SessionResumed(3.0, "", "boot", 0, 1.0))
                allowed = False
            case "dose" if len(room.view.plans) < 3:
                room.record(ce.ScheduleSet(room.now_us, room.now_us, "im", (5, 10), 30, (5,), 3, 120, 2, {}))
        if not allowed:
            assert len(room.starts) == before
        held = slots(room.view, room.now_us)
        assert [slot.planned_us for slot in held] == sorted(slot.planned_us for slot in held)
        assert all(abs(slot.due_us - slot.planned_us) <= slot.soft_us for slot in held)
        assert any(slot.open for slot in held), "there is always a next one"
    for (one_us, _), (other_us, actor) in zip(room.starts, room.starts[1:], strict=False):
        assert actor != ACTOR or other_us - one_us >= 120_000_000
    due = [(body.due_us, body.why) for body in told if isinstance(body, al.ReadingDue)]
    assert len(set(due)) == len(due), "nothing is told twice"
