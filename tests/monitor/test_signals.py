"""From the runner's alarm events to what the annunciator is told, with a clock turned by hand and no process."""

from __future__ import annotations

import pytest

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.presets import load_preset
from kapconsole.clock import FakeClock
from kapconsole.monitor.signals import Signals
from kapconsole.session.runner import DeviceEntry, Outcome, Runner
from kapconsole.wire import AlarmsNow, Message, SelfTest, Sound
from kapdevices.link import LinkPhase, LinkReadings, LinkState
from kapdevices.readings import Metric, Numeric

CUFF = DeviceEntry(1, "suntech", "/dev/b", can_cuff=True)


class Room:
    """A runner and the signals of its alarm engine; `said` is what the annunciator was told, oldest first."""

    def __init__(self) -> None:
        self.clock = FakeClock(1_000_000)
        self.runner = Runner(self.clock, [CUFF], alarms=AlarmEngine(load_preset()))
        self.said: list[Message] = []
        self.shown: list[AlarmsNow] = []
        self.signals = Signals(self.runner, self.clock.now_us, self._send, lambda: "confirm it")
        self.take(self.runner.note_fact(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC")))
        self.take(self.runner.note_fact(ev.ProcessState("annunciator", "running", "")))
        self.take(self.runner.on_link(1, LinkState("1 suntech", self.clock.now_us(), LinkPhase.CONNECTED, "talks")))

    def _send(self, role: str, message: Message) -> None:
        if role == "annunciator":
            self.said.append(message)
        elif isinstance(message, AlarmsNow):
            self.shown.append(message)

    def take(self, outcome: Outcome) -> None:
        self.signals.told(item.body for item in outcome.items if isinstance(item, ev.Event))

    def cuff(self, systolic: float) -> None:
        numerics = (Numeric(Metric.NIBP_SYS, systolic), Numeric(Metric.NIBP_DIA, 50.0))
        self.take(self.runner.on_link(1, LinkReadings("1 suntech", self.clock.now_us(), numerics)))

    def wish(self, body: cm.CommandBody, station: str = "") -> str:
        outcome = self.runner.on_command(cm.Command("x", "nurse", body), station)
        self.take(outcome)
        assert outcome.answer is not None
        return outcome.answer[2]

    def wait(self, seconds: float, *listening: str) -> None:
        for _ in range(round(10 * seconds)):
            self.clock.advance(0.1)
            for station in listening:
                self.runner.quiet.renew(station, self.clock.now_us())
            for outcome in self.runner.tick(0):
                self.take(outcome)
            self.signals.on_time(self.clock.now_us() / 1e6)


@pytest.fixture
def room() -> Room:
    return Room()


def test_a_burst_is_asked_for_with_the_reading_itself_and_ends_with_the_condition(room: Room) -> None:
    room.cuff(80)
    assert room.said[-1] == Sound("medium", (1,))
    assert [alarm.condition for alarm in room.shown[-1].status.alarms] == ["P07"]
    assert room.shown[-1].self_test == "confirm it"
    room.clock.advance(30)
    room.cuff(100)
    assert room.said[-1] == Sound("none")


def test_a_person_s_pause_cuts_the_burst_and_its_end_asks_again(room: Room) -> None:
    room.cuff(80)
    room.wish(ws.PauseAudio(30))
    assert room.said[-1] == Sound("none", cut=True)
    room.wait(31)
    assert room.said[-1] == Sound("medium", (1,))


def test_what_is_to_be_heard_is_said_again_for_an_annunciator_that_came_late(room: Room) -> None:
    room.cuff(80)
    room.said.clear()
    room.wait(2.5)
    assert room.said.count(Sound("medium", (1,))) in (2, 3)


def test_a_self_test_that_a_person_asks_for_reaches_the_annunciator(room: Room) -> None:
    room.wish(ws.AskSelfTest())
    assert room.said == [SelfTest()]
    assert "no self-test has been played" in room.wish(ws.ConfirmSelfTest(True, True))


def test_at_24_held_while_a_station_listens_and_sounded_when_it_does_not(room: Room) -> None:
    room.wish(cm.Phase("inward"))
    room.wish(ws.ListenLease(), "nurse 2")
    room.wait(1, "nurse 2")
    assert room.shown[-1].listening == ("nurse 2",)
    assert room.shown[-1].quiet.startswith("ROOM SPEAKER HELD: nurse 2")
    room.cuff(80)
    assert room.shown[-1].asked[0].station == "nurse 2"
    room.wait(5, "nurse 2")
    assert all(isinstance(each, Sound) and each.priority == "none" for each in room.said)
    room.wait(2.7)
    assert room.said[-1] == Sound("medium", (1,))
    assert room.shown[-1].quiet == ""


def test_another_station_pauses_the_audio_only_where_the_site_allows_it(room: Room) -> None:
    room.cuff(80)
    assert "in the room itself" in room.wish(ws.PauseAudio(), "nurse 2")
    assert room.said[-1] == Sound("medium", (1,))
    room.runner.remote_audio_pause = True
    room.wish(ws.PauseAudio(), "nurse 2")
    assert room.said[-1] == Sound("none", cut=True)


def test_only_another_station_may_listen(room: Room) -> None:
    assert "only another station" in room.wish(ws.ListenLease())
