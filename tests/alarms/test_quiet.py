"""The quiet room: who is asked, when the room is silent, and that it never stays so for want of a listener."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.presets import load_preset
from kapconsole.alarms.quiet import Asked, QuietRoom
from kapconsole.alarms.wishes import NotAllowed
from kapconsole.monitor.signals import wanted
from kapdevices.readings import Metric, Quality

S = 1_000_000


class Quiet:
    """An engine and a quiet room, with stations whose processes renew or not."""

    def __init__(self, phase: str = "inward") -> None:
        self.engine = AlarmEngine(load_preset())
        self.room = QuietRoom()
        self.now_us = 0
        self.alive: set[str] = set()
        self.told: list[tuple[int, al.QuietBody]] = []
        self._seq = 0
        self.spo2 = 98.0
        self.event(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC"))
        self.event(ev.ProcessState("annunciator", "running", ""))
        self.event(ev.DeviceState(1, "nonin", "port", "", "connected", ""))
        self.event(ev.DoseGiven(0, "ketamine", "im", 60.0))
        self.event(ev.PhaseEntered(0, phase))
        self.wait(15)

    def event(self, body: Any) -> None:
        self._seq += 1
        event = ev.Event(self._seq, self.now_us, 0, "monitor", body)
        self.engine.feed(event)
        self.room.feed(event)

    @property
    def alarms(self) -> Any:
        return self.engine.status(self.now_us).alarms

    @property
    def heard(self) -> str:
        return wanted(self.engine.status(self.now_us), self.room).priority

    @property
    def number(self) -> int:
        return int(self.alarms[0].occurrence)

    def wish(self, wish: ws.QuietWish, station: str) -> None:
        if isinstance(wish, ws.ListenLease):
            (self.alive.add if wish.on else self.alive.discard)(station)
        self.keep(self.room.wish(wish, station, self.alarms, self.now_us))

    def keep(self, bodies: list[al.QuietBody]) -> None:
        self.told += [(self.now_us, body) for body in bodies]

    def wait(self, seconds: float) -> None:
        for _ in range(round(10 * seconds)):
            self.now_us += S // 10
            if self.now_us % S == 0:
                for station in self.alive:
                    self.room.renew(station, self.now_us)
                self.engine.feed(ev.Measurement(self.now_us, 1, Metric.SPO2, self.spo2, Quality.GOOD))
            self.engine.tick(self.now_us)
            self.keep(self.room.tick(self.alarms, self.now_us))

    def until_heard(self, limit_s: float = 400.0) -> float:
        """Seconds until the room's speaker sounds."""
        since_us = self.now_us
        while self.heard == "none":
            self.wait(0.1)
            assert self.now_us - since_us < limit_s * S, "the room stays silent"
        return (self.now_us - since_us) / S

    def bodies(self, kind: type) -> list[Any]:
        return [body for _, body in self.told if isinstance(body, kind)]


@pytest.fixture
def quiet() -> Quiet:
    made = Quiet()
    made.wish(ws.ListenLease(), "nurse 2")
    return made


def test_at_24_when_the_station_falls_silent_the_room_sounds_within_three_seconds(quiet: Quiet) -> None:
    quiet.spo2 = 90
    quiet.wait(18)
    assert [alarm.condition for alarm in quiet.alarms] == ["P02"]
    assert quiet.heard == "none", "held while a station listens"
    quiet.alive.clear()
    assert quiet.until_heard() <= 3.0
    assert quiet.heard == "medium"
    assert [body.why for body in quiet.bodies(al.LeaseEnded)] == ["not renewed"]
    assert quiet.bodies(al.RoomSpeakerReleased)[-1].why == "no station listens"


def test_at_24_a_station_that_leaves_gives_the_room_its_voice_at_once(quiet: Quiet) -> None:
    quiet.spo2 = 90
    quiet.wait(18)
    quiet.keep(quiet.room.left("nurse 2", quiet.alarms, quiet.now_us))
    assert quiet.heard == "medium"


def test_at_24_a_high_that_nobody_accepts_sounds_in_the_room_after_ten_seconds(quiet: Quiet) -> None:
    quiet.spo2 = 80
    quiet.wait(1)
    assert quiet.room.asked(quiet.alarms) == (Asked(quiet.number, "nurse 2", False),)
    assert 8.5 <= quiet.until_heard() <= 10.2
    assert quiet.bodies(al.RoomSpeakerReleased)[-1].why == "not accepted"


def test_an_accepted_high_stays_silent_no_longer_than_any_silence_may_last(quiet: Quiet) -> None:
    quiet.spo2 = 80
    quiet.wait(5)
    quiet.wish(ws.AcceptAlarm(quiet.number), "nurse 2")
    assert 118 <= quiet.until_heard() <= 120.2
    quiet.wish(ws.AcceptAlarm(quiet.number), "nurse 2")
    assert quiet.heard == "none", "whoever accepts again answers for it again"


def test_at_25_a_rejection_goes_to_the_next_station_and_from_the_last_one_to_the_room(quiet: Quiet) -> None:
    quiet.wish(ws.ListenLease(), "desk")
    quiet.spo2 = 80
    quiet.wait(2)
    quiet.wish(ws.RejectAlarm(quiet.number), "nurse 2")
    assert quiet.bodies(al.AlarmRejected)[-1].next_station == "desk"
    assert quiet.room.asked(quiet.alarms) == (Asked(quiet.number, "desk", False),)
    assert quiet.heard == "none"
    quiet.wish(ws.RejectAlarm(quiet.number), "desk")
    assert quiet.bodies(al.AlarmRejected)[-1].next_station == ""
    assert quiet.heard == "high"


def test_at_25_a_rejection_gives_nobody_more_than_ten_seconds(quiet: Quiet) -> None:
    quiet.wish(ws.ListenLease(), "desk")
    quiet.spo2 = 80
    quiet.wait(8)
    quiet.wish(ws.RejectAlarm(quiet.number), "nurse 2")
    assert quiet.until_heard() <= 3.1


def test_outside_of_the_inward_phase_the_room_sounds_whoever_listens() -> None:
    quiet = Quiet(phase="onset")
    quiet.wish(ws.ListenLease(), "nurse 2")
    quiet.spo2 = 80
    quiet.wait(1)
    assert quiet.heard == "high"
    quiet.event(ev.PhaseEntered(quiet.now_us, "inward"))
    quiet.wait(1)
    assert quiet.heard == "high", "what sounds is not hushed by a phase"
    quiet.wish(ws.AcceptAlarm(quiet.number), "nurse 2")
    assert quiet.heard == "none"
    quiet.event(ev.PhaseEntered(quiet.now_us, "emerge"))
    quiet.wait(0.1)
    assert quiet.heard == "high"
    assert quiet.bodies(al.RoomSpeakerReleased)[-1].why == "phase"


def test_a_person_must_press_again_after_a_quarter_of_an_hour(quiet: Quiet) -> None:
    quiet.wait(14 * 60)
    assert "59 s left" in quiet.room.text(quiet.now_us) or "1 min" in quiet.room.text(quiet.now_us)
    quiet.wait(61)
    assert quiet.bodies(al.LeaseEnded)[-1].why == "time over"
    assert quiet.room.text(quiet.now_us) == ""


def test_the_reminder_of_an_acknowledged_high_sounds_in_the_room(quiet: Quiet) -> None:
    quiet.spo2 = 80
    quiet.wait(2)
    quiet.engine.wish(ws.Acknowledge(), quiet.now_us)
    quiet.wait(60)
    assert quiet.heard == "none"
    assert quiet.until_heard() < 62


@pytest.mark.parametrize(
    ("wish", "station", "words"),
    [
        (ws.ListenLease(), "", "only another station"),
        (ws.ListenLease(on=False), "desk", "does not listen"),
        (ws.AcceptAlarm(1), "desk", "I AM LISTENING"),
        (ws.AcceptAlarm(77), "nurse 2", "no alarm number 77"),
        (ws.RejectAlarm(77), "nurse 2", "no alarm number 77"),
    ],
)
def test_what_cannot_be_is_refused_in_words(quiet: Quiet, wish: ws.QuietWish, station: str, words: str) -> None:
    with pytest.raises(NotAllowed, match=words):
        quiet.room.wish(wish, station, quiet.alarms, quiet.now_us)


def test_a_restart_of_the_recorder_ends_every_lease(quiet: Quiet) -> None:
    quiet.event(ev.SessionResumed(2.0, "restarted", "boot", 0, 1.0))
    quiet.wait(0.1)
    assert not quiet.room.held
    assert quiet.heard == "high", "that nobody watched is told aloud"
    quiet.room = QuietRoom("inward")
    quiet.wish(ws.ListenLease(), "nurse 2")
    assert quiet.room.held, "the phase is known after a restart"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["listen", "no more", "freeze", "accept", "reject", "phase", "low", "well", "wait"]),
        st.sampled_from(["nurse 2", "desk"]),
        st.sampled_from([0.3, 3.0, 12.0]),
    ),
    max_size=10,
)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_at_08_whatever_stations_do_a_true_high_is_heard_in_the_room(steps: list[tuple[str, str, float]]) -> None:
    quiet = Quiet()
    for what, station, seconds in steps:
        try:
            match what:
                case "listen":
                    quiet.wish(ws.ListenLease(), station)
                case "no more":
                    quiet.wish(ws.ListenLease(on=False), station)
                case "freeze":
                    quiet.alive.discard(station)
                case "accept":
                    quiet.wish(ws.AcceptAlarm(quiet.alarms[0].occurrence if quiet.alarms else 1), station)
                case "reject":
                    quiet.wish(ws.RejectAlarm(quiet.alarms[0].occurrence if quiet.alarms else 1), station)
                case "phase":
                    quiet.event(ev.PhaseEntered(quiet.now_us, "emerge" if quiet.room.held else "inward"))
                case "low" | "well":
                    quiet.spo2 = 80.0 if what == "low" else 98.0
                case _:
                    pass
        except NotAllowed:
            pass
        quiet.wait(seconds)
    quiet.spo2 = 80.0
    quiet.wait(1)
    assert quiet.until_heard() <= 121
    quiet.alive.clear()
    quiet.wait(3)
    assert quiet.heard == "high"
