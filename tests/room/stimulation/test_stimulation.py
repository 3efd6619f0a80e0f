"""What the monitor's messages do to a set, and what their absence does; turn by turn, without a process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kapconsole.bilateral.events import (
    Bar,
    Channel,
    Motion,
    Plan,
    SetAsked,
    SetBegan,
    SetDelivered,
    StimulusFault,
    StopAsked,
    StopKind,
    StopReason,
)
from kapconsole.clock import ClockFrame
from kapconsole.room import stimulation as module
from kapconsole.room.patient_out import OutState
from kapconsole.room.stimulation import Stimulation
from kapconsole.roomsetup import BarSetup, RoomSetup, setup_file, write_setup
from kapconsole.roomsetup import FootSwitch as FootSwitchSetup
from kapconsole.wire import Beat, Did, Do, Goodbye, Message, Welcome

from .conftest import FRAME, FakeOut, Time


class Monitor:
    """A stimulation turned by hand, and the monitor's end of its wire."""

    def __init__(self, frame: ClockFrame = FRAME, simulated: bool = False) -> None:
        self.time = Time()
        self.out = FakeOut(self.time)
        self.recorded: list[Any] = []
        self.reached = True
        self.frame = frame
        self.stimulation = Stimulation(self.out, frame, self._tell, simulated, self.time)

    def _tell(self, message: Message) -> bool:
        if self.reached and isinstance(message, Did):
            self.recorded.append(message.body)
        return self.reached

    def send(self, *messages: Message | None) -> None:
        for message in messages:
            self.stimulation.take(message)
            self.stimulation.turn()

    def ask(self, set_id: int = 1, *channels: Channel, cycles: int = 20) -> None:
        us = round(self.time.us * self.frame.speed)
        plan = Plan(
            "test",
            1,
            1.0,
            channels or (Channel.AUDIO,),
            cycles=cycles,
            motion=Motion(ramp_in_cycles=0),
            bar=Bar(),
            start_us=us + 500_000,
        )
        self.send(Do(SetAsked(set_id, plan, "integrate", None, us)))

    def run(self, seconds: float, beat: bool = True) -> None:
        for _ in range(round(seconds * 100)):
            self.time.s += 0.01
            if beat and round(self.time.s * 100) % 10 == 0:
                self.stimulation.take(Beat())
            self.stimulation.turn()
            self.stimulation.turn()

    def said(self, kind: type[Any]) -> list[Any]:
        return [body for body in self.recorded if isinstance(body, kind)]

    @property
    def delivered(self) -> SetDelivered:
        return self.said(SetDelivered)[-1]


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor()
    yield made
    made.stimulation.close()


def test_a_set_is_delivered_and_told(monitor: Monitor) -> None:
    monitor.ask(3, cycles=2)
    monitor.run(4.0)
    assert [type(body) for body in monitor.recorded] == [SetBegan, SetDelivered]
    assert (monitor.delivered.set_id, monitor.delivered.reason) == (3, StopReason.COUNT)
    monitor.run(5.0)
    assert len(monitor.recorded) == 2, "nothing begins by itself"


def test_both_stops_are_taken_and_only_of_the_set_that_runs(monitor: Monitor) -> None:
    monitor.ask(1)
    monitor.run(1.0)
    monitor.send(Do(StopAsked(9, StopKind.STOP_NOW, "of another", 0)))
    assert monitor.out.stops == 0
    monitor.send(Do(StopAsked(1, StopKind.STOP_NOW, "HIGH alarm", 0)))
    assert monitor.out.stops == 1
    monitor.run(1.0)
    assert (monitor.delivered.reason, monitor.delivered.text) == (StopReason.STOP_NOW, "HIGH alarm")
    monitor.ask(2)
    monitor.run(1.2)
    monitor.send(Do(StopAsked(2, StopKind.FINISH_PASS, "by a person", 0)))
    monitor.run(1.5)
    assert (monitor.delivered.reason, monitor.delivered.passes_delivered) == (StopReason.FINISH_PASS, 2)


def test_a_stop_that_overtakes_its_set_stops_it(monitor: Monitor) -> None:
    monitor.send(Do(StopAsked(1, StopKind.STOP_NOW, "by a person", 0)))
    monitor.ask(1)
    monitor.run(1.0)
    assert (monitor.delivered.reason, monitor.delivered.channels) == (StopReason.STOP_NOW, ())
    assert not monitor.out.added
    monitor.ask(2, cycles=1)
    monitor.run(3.0)
    assert monitor.delivered.reason is StopReason.COUNT


def test_lost_contact_stops_at_once_and_the_account_comes_when_it_is_back(monitor: Monitor) -> None:
    monitor.ask()
    monitor.run(1.5)
    monitor.reached = False
    monitor.send(None)
    assert monitor.out.stops == 1
    monitor.run(5.0)
    assert not monitor.said(SetDelivered)
    monitor.reached = True
    monitor.run(0.1)
    assert monitor.delivered.reason is StopReason.HEARTBEAT_LOST
    assert monitor.delivered.stop_us == pytest.approx(101_500_000, abs=20_000)


def test_a_monitor_that_falls_silent_leaves_the_pass_to_end(monitor: Monitor) -> None:
    monitor.ask()
    monitor.run(1.6)
    monitor.run(3.0, beat=False)
    told = monitor.delivered
    assert told.reason is StopReason.HEARTBEAT_LOST
    assert "did not answer" in told.text
    assert told.passes_delivered in (4, 5), "0.5 s after the last word, and to the end of that pass"
    assert monitor.out.remixed == 1


def test_a_monitor_that_beats_is_not_silent(monitor: Monitor) -> None:
    monitor.ask(cycles=10)
    monitor.run(11.5)
    assert monitor.delivered.reason is StopReason.COUNT


def test_the_sessions_end_stops_it(monitor: Monitor) -> None:
    monitor.ask()
    monitor.run(1.0)
    monitor.send(Goodbye("over"))
    assert monitor.out.stops == 1


def test_another_set_ends_the_one_that_runs(monitor: Monitor) -> None:
    monitor.ask(1)
    monitor.run(1.0)
    monitor.ask(2, cycles=1)
    monitor.run(3.0)
    assert [(told.set_id, told.reason) for told in monitor.said(SetDelivered)] == [
        (1, StopReason.STOP_NOW),
        (2, StopReason.COUNT),
    ]


def test_a_clock_that_runs_faster_than_life_delivers_nothing() -> None:
    monitor = Monitor(ClockFrame(0, 0, 10.0), simulated=True)
    monitor.ask()
    monitor.run(1.0)
    assert "10 times as fast as life" in monitor.delivered.text
    assert not monitor.out.added
    monitor.stimulation.close()


def test_a_simulated_session_without_an_output_counts_the_sound_as_delivered() -> None:
    for simulated in (True, False):
        monitor = Monitor(simulated=simulated)
        monitor.out.name = ""
        monitor.out.state = OutState("", "none", "no patient output is set")
        monitor.ask(cycles=1)
        monitor.run(3.0)
        assert bool(monitor.said(SetBegan)) == simulated
        monitor.stimulation.close()


def test_a_foot_switch_that_is_held_down_lets_no_set_begin() -> None:
    write_setup(RoomSetup(foot_switch=FootSwitchSetup("loop://")))  # looped: RTS is CTS
    monitor = Monitor()
    wait_for(lambda: "held down" in monitor.stimulation.trouble)
    monitor.ask()
    monitor.run(0.5)
    assert "foot switch is held down" in monitor.delivered.text
    assert not monitor.out.added
    monitor.stimulation.close()


def test_room_toml_is_read_again_when_it_changes_but_not_in_a_set(monitor: Monitor) -> None:
    monitor.ask(cycles=4)
    write_setup(RoomSetup(bar=BarSetup(port="/nowhere/bar")))
    monitor.run(2.0)
    assert monitor.stimulation.trouble == ""
    monitor.run(5.0)
    wait_for(lambda: "/nowhere/bar" in monitor.stimulation.trouble)
    setup_file().write_text("bar = 5")
    os.utime(setup_file(), (1, 1))
    monitor.run(2.0)
    assert "damaged" in monitor.stimulation.trouble


@pytest.mark.logs("a set could not be delivered")
def test_a_mistake_leaves_nothing_lit_and_the_set_has_its_end(
    monitor: Monitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(module, "Delivery", broken)
    monitor.stimulation.take(Do(SetAsked(4, Plan("x", 1, 1.0, (Channel.AUDIO,), cycles=2), "", None, 0)))
    monitor.stimulation.start()
    wait_for(lambda: monitor.said(SetDelivered))
    assert (monitor.delivered.set_id, monitor.delivered.reason) == (4, StopReason.DEVICE_FAULT)
    assert monitor.delivered.channels == ()
    assert monitor.out.stops == 1


def test_a_bar_that_is_pulled_out_between_sets_is_told_all_the_same(tmp_path: Path) -> None:
    monitor = Monitor()
    monitor.stimulation._inbox.put(module._BarGone("the light bar is gone: pulled"))
    monitor.stimulation.turn()
    (fault,) = monitor.said(StimulusFault)
    assert (fault.set_id, fault.channel) == (0, Channel.BAR)
    monitor.stimulation.close()


def test_a_welcome_with_another_clock_counts_from_then_on() -> None:
    monitor = Monitor(ClockFrame(-5_000_000_000, 0))
    monitor.send(Welcome("s", FRAME, ""))
    monitor.ask(cycles=1)
    monitor.run(3.0)
    assert monitor.delivered.reason is StopReason.COUNT
    monitor.stimulation.close()


def wait_for(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.005)  # noqa: TID251
