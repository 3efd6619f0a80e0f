"""AT-05: the state machine of an occurrence, row by row, against the specification's table written out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.events import OccurrenceState as S
from kapconsole.alarms.events import Priority
from kapconsole.alarms.occurrence import TABLE, Given, When, step, worse
from kapdevices.readings import Quality

SPECIFIED: list[tuple[S, Given, tuple[When, ...], S, str]] = [
    (S.IDLE, Given.TRUE, (When.NO_DELAY,), S.ACTIVE, "began"),
    (S.IDLE, Given.TRUE, (When.DELAY,), S.PENDING, ""),
    (S.PENDING, Given.FALSE, (), S.IDLE, "suppressed"),
    (S.PENDING, Given.DELAY_OVER, (), S.ACTIVE, "began"),
    (S.PENDING, Given.IMMEDIATE, (), S.ACTIVE, "began"),
    (S.ACTIVE, Given.ACKNOWLEDGE, (), S.ACKED, "acknowledged"),
    (S.ACTIVE, Given.PAUSE, (), S.PAUSED, "paused"),
    (S.ACTIVE, Given.FALSE, (When.NOT_LATCHING,), S.ENDED, "ended"),
    (S.ACTIVE, Given.FALSE, (When.LATCHING,), S.LATCHED, "latched"),
    (S.ACTIVE, Given.ESCALATE, (), S.ACTIVE, "escalated"),
    (S.PAUSED, Given.PAUSE_OVER, (), S.ACTIVE, "sounds-again"),
    (S.PAUSED, Given.FALSE, (When.NOT_LATCHING,), S.ENDED, "ended"),
    (S.PAUSED, Given.FALSE, (When.LATCHING,), S.LATCHED, "latched"),
    (S.PAUSED, Given.WORSEN, (), S.ACTIVE, "worsened"),
    (S.ACKED, Given.WORSEN, (), S.ACTIVE, "worsened"),
    # During an audio pause: a new HIGH sounds, a new MEDIUM one burst, a new LOW is visual only.
    (S.IDLE, Given.TRUE, (When.NO_DELAY, When.PAUSED_MEDIUM), S.PAUSED, "began"),
    (S.IDLE, Given.TRUE, (When.NO_DELAY, When.PAUSED_LOW), S.PAUSED, "began"),
    (S.PENDING, Given.DELAY_OVER, (When.PAUSED_LOW,), S.PAUSED, "began"),
    (S.PENDING, Given.DELAY_OVER, (When.PAUSED_MEDIUM,), S.PAUSED, "began"),
    (S.PENDING, Given.IMMEDIATE, (When.PAUSED_MEDIUM,), S.PAUSED, "began"),
    (S.ACKED, Given.REMIND, (), S.ACKED, "reminder"),
    (S.ACKED, Given.FALSE, (When.LATCHING,), S.ENDED, "ended"),
    (S.ACKED, Given.FALSE, (When.NOT_LATCHING,), S.ENDED, "ended"),
    (S.LATCHED, Given.ACKNOWLEDGE, (), S.ENDED, "cleared"),
    (S.LATCHED, Given.TRUE, (), S.ACTIVE, "recurred"),
    (S.ACTIVE, Given.CLOSE, (), S.ENDED, "closed"),
    (S.PAUSED, Given.CLOSE, (), S.ENDED, "closed"),
    (S.ACKED, Given.CLOSE, (), S.ENDED, "closed"),
    (S.LATCHED, Given.CLOSE, (), S.ENDED, "closed"),
    (S.PENDING, Given.CLOSE, (), S.IDLE, ""),
]


@pytest.mark.parametrize(("at", "given", "facts", "to", "says"), SPECIFIED)
def test_at_05_every_row_of_the_table(at: S, given: Given, facts: tuple[When, ...], to: S, says: str) -> None:
    row = step(at, given, frozenset(facts))
    assert row is not None
    assert (row.to, row.says) == (to, says)


def test_at_05_a_burst_sounds_where_the_state_lasts_silent() -> None:
    bursts = {(row.at, row.given, row.when) for row in TABLE if row.burst}
    assert (S.ACKED, Given.REMIND, When.ANYWAY) in bursts
    assert {row.when for row in TABLE if row.burst and row.says == "began"} == {When.PAUSED_MEDIUM}


def test_at_05_no_row_is_there_twice_and_none_is_dead() -> None:
    assert len({(row.at, row.given, row.when) for row in TABLE}) == len(TABLE)
    for row in TABLE:
        facts = frozenset({row.when} - {When.ANYWAY})
        assert step(row.at, row.given, facts) == row


def test_at_05_nothing_but_a_false_condition_a_person_or_the_close_ends_an_occurrence() -> None:
    ends = {row.given for row in TABLE if row.to is S.ENDED}
    assert ends == {Given.FALSE, Given.ACKNOWLEDGE, Given.CLOSE}


def test_at_05_pending_to_idle_leaves_no_alarm(room: Any) -> None:
    room.wait(5, spo2=90)
    room.well(3)
    assert room.shown == {}
    assert [type(body) for body in room.bodies[1:]] == [al.AlarmSuppressed]


def test_at_05_a_recurrence_after_an_acknowledged_end_is_new_and_sounds(room: Any) -> None:
    room.wait(17, spo2=90)
    room.wish(ws.Acknowledge())
    room.well(8)
    room.wait(17, spo2=90)
    assert [began.occurrence for began in room.began("P02")] == [1, 2]
    assert room.status.burst is Priority.MEDIUM


def test_at_05_a_latched_one_that_is_true_again_is_the_same(room: Any) -> None:
    room.wait(1, spo2=84)
    room.well(8)
    room.wait(1, spo2=84)
    assert [what for name, what in room.story() if name == "P01"] == ["began", "latched", "recurred"]


def test_at_05_a_condition_that_goes_in_a_pause_ends_and_a_latching_one_waits_silently(room: Any) -> None:
    room.wait(1, spo2=84)
    room.wish(ws.PauseAudio(60))
    room.well(10)
    assert room.shown["P01"].state is S.LATCHED
    assert room.status.burst is None
    room.well(51)
    assert room.status.burst is Priority.HIGH


def test_at_05_a_worse_reading_breaks_through_an_acknowledgement(room: Any) -> None:
    room.cuff(None, None, Quality.MEASUREMENT_FAILED)
    room.wish(ws.Acknowledge())
    assert room.status.burst is None
    room.well(60)
    room.cuff(None, None, Quality.MEASUREMENT_FAILED)
    assert room.story()[-1] == ("T04", "worsened")
    assert room.status.burst is Priority.MEDIUM


def test_at_05_closing_ends_everything(room: Any) -> None:
    room.wait(17, spo2=90)
    room.cuff(210, 100)
    room.wish(ws.Acknowledge((room.shown["P06"].occurrence,)))
    room.event(ev.SessionClosed("done"))
    assert sorted(room.story()[-2:]) == [("P02", "closed"), ("P06", "closed")]


def test_only_what_is_there_can_be_acknowledged_and_once(room: Any) -> None:
    with pytest.raises(ws.NotAllowed, match="no alarm"):
        room.wish(ws.Acknowledge())
    room.wait(17, spo2=90)
    with pytest.raises(ws.NotAllowed, match="no alarm"):
        room.wish(ws.Acknowledge((99,)))
    room.wish(ws.Acknowledge((1,)))
    with pytest.raises(ws.NotAllowed, match="already"):
        room.wish(ws.Acknowledge((1,)))


def test_the_worst_value_lies_furthest_beyond_the_limit() -> None:
    assert worse(84, 88, 92) == 84
    assert worse(88, 84, 92) == 84
    assert worse(140, 130, 120) == 140
    assert worse(None, 88, 92) == 88


def test_the_end_tells_the_worst(room: Any) -> None:
    room.wait(17, spo2=90)
    room.wait(3, spo2=86)
    room.wait(3, spo2=91)
    room.well(8)
    ended = room.bodies[-1]
    assert isinstance(ended, al.AlarmEnded)
    assert ended.worst == 86
    assert 27 <= ended.lasted_s <= 29
