"""Sets in the real program: a simulated light bar, virtual sound cards, words of `kapconsole send`, and bad luck."""

from __future__ import annotations

import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from kapconsole import events as ev
from kapconsole.alarms.events import AlarmBegan
from kapconsole.bilateral import events as be
from kapconsole.cues.music import events as mu
from kapconsole.roomsetup import BarSetup, RoomSetup, write_setup
from kapdevices.catalog import find
from kapdevices.lightbars.simulator import SimulatedBar
from kapdevices.patient import Patient
from kapdevices.simulate import SimulatorHost

from ..annunciator.conftest import RATE_HZ, Cards, _daemon, cards  # noqa: F401
from .conftest import Session, run, wait_for

LEDS = 40


@pytest.fixture
def bar(tmp_path: Path, home: Path) -> Iterator[SimulatedBar]:
    simulated = SimulatedBar(LEDS)
    with SimulatorHost(simulated, link=tmp_path / "bar"):
        write_setup(RoomSetup(bar=BarSetup(port=str(tmp_path / "bar"), leds=LEDS)))
        yield simulated


@pytest.fixture
def oximeter(tmp_path: Path) -> Iterator[SimulatorHost]:
    simulator = find("nonin").make_simulator(Patient("steady"))
    with SimulatorHost(simulator, link=tmp_path / "oximeter") as host:
        yield host


@pytest.fixture
def integrating(
    session: Callable[..., Session], tmp_path: Path, home: Path, oximeter: SimulatorHost, bar: SimulatedBar
) -> Callable[..., Session]:
    """Starts a session and brings it to where a set may begin."""

    def start(**more: Any) -> Session:
        outputs = 'patient_out = "PulseAudio: patient"\nalarm_out = "PulseAudio: room"\n'
        (home / "k" / "config" / "config.toml").write_text(outputs)
        running = session("run", "--device", f"nonin@{tmp_path / 'oximeter'}", **more)
        running.wait_for_event(ev.DeviceState, lambda body: body.state == "connected")
        running.wait_for_event(ev.SignalSounded, lambda body: body.what == "test" and body.ok)
        running.wait_for_event(mu.PatientOutput, lambda body: body.state == "playing")
        said(running, "phase", "integrate")
        said(running, "bls", "rehearsed", "raised", "hand")
        said(running, "bls", "screening", *(f"{key}=no" for key in questions()))
        wait_for(lambda: len(bar.shown) >= 3 or None)
        return running

    return start


def questions() -> list[str]:
    from kapconsole.bilateral.guide import load_screening

    return [question.key for question in load_screening().questions]


def said(running: Session, *words: str) -> None:
    done = running.send(*words)
    assert done.returncode == 0, (done.stderr, [event.body for event in running.events(AlarmBegan)])


def dark(bar: SimulatedBar) -> bool:
    return not any(bar.shown[-1].picture)


def begun(running: Session, bar: SimulatedBar) -> int:
    """A set is heard and seen; its number. A busy machine may bring it too late: then once more."""
    for _ in range(4):
        said(running, "bls", "start", "desensitization-standard", "channels", "bar,audio")
        number = len(wait_for(lambda: running.events(be.SetAsked)))
        wait_for(
            lambda number=number: [
                event
                for event in running.events(be.SetBegan) + running.events(be.SetDelivered)
                if event.body.set_id == number
            ]
        )
        if any(event.body.set_id == number for event in running.events(be.SetBegan)):
            wait_for(lambda: not dark(bar) or None)
            return number
        assert "too late" in delivered(running, number).text
    raise AssertionError("always too late")


def delivered(running: Session, number: int) -> Any:
    return running.wait_for_event(be.SetDelivered, lambda body: body.set_id == number).body


def test_a_set_by_words_is_delivered_stopped_and_recorded_with_its_figures(
    integrating: Callable[..., Session],
    bar: SimulatedBar,
    cards: Cards,  # noqa: F811
) -> None:
    running = integrating()
    cards.record("patient", "room")
    number = begun(running, bar)
    threading.Event().wait(4)
    said(running, "bls", "stop")
    told = delivered(running, number)
    wait_for(lambda: dark(bar) or None)
    asked = running.wait_for_event(be.StopAsked)
    assert told.reason is be.StopReason.STOP_NOW
    assert told.stop_us - asked.body.at_us < 1_000_000
    assert told.channels == (be.Channel.BAR, be.Channel.AUDIO)
    assert told.bar_frames_sent > 100
    assert told.tone_timing.count >= 4
    assert told.passes_delivered >= told.tone_timing.count
    recorded, other = cards.recorded("patient"), cards.recorded("room")
    assert 0 < np.abs(recorded).max() < 0.26
    assert not other.any()
    assert bar.judge().faults == ()
    # A second one, to its end with the pass; then SUD.
    number = begun(running, bar)
    said(running, "bls", "change", "rate", "1.4")
    said(running, "bls", "finish")
    assert delivered(running, number).reason is be.StopReason.FINISH_PASS
    said(running, "bls", "rate", "sud", "4")
    running.end()
    assert run("verify", str(running.log)).returncode == 0


def test_the_room_is_killed_in_a_set_the_set_is_over_dark_and_the_room_comes_back(
    integrating: Callable[..., Session],
    bar: SimulatedBar,
    cards: Cards,  # noqa: F811
) -> None:
    running = integrating()
    cards.record("room")
    number = begun(running, bar)
    running.process_of("kapconsole.room").kill()
    threading.Event().wait(0.1)  # what it has sent has arrived
    before = len(bar.shown)
    told = delivered(running, number)
    assert told.reason is be.StopReason.HEARTBEAT_LOST
    assert told.cycles_delivered is None
    wait_for(lambda: dark(bar) or None, 10)
    wait_for(lambda: len(running.events(mu.PatientOutput)) > 1 or None)
    assert not cards.recorded("room").any()
    wait_for(lambda: len(bar.shown) >= before + 3 or None)  # greeted anew
    threading.Event().wait(1)
    assert not any(any(shown.picture) for shown in bar.shown[before:]), "no set goes on by itself"
    number = begun(running, bar)
    said(running, "bls", "stop")
    assert delivered(running, number).reason is be.StopReason.STOP_NOW
    running.end()


@pytest.mark.qt
def test_the_console_is_killed_in_a_set_and_it_stops(
    integrating: Callable[..., Session],
    bar: SimulatedBar,
    cards: Cards,  # noqa: F811
) -> None:
    running = integrating(window=True)
    wait_for(lambda: _console(running))
    running.wait_for_event(ev.ProcessState, lambda body: (body.process, body.state) == ("console", "running"))
    number = begun(running, bar)
    console = _console(running)
    assert console is not None
    console.kill()
    told = delivered(running, number)
    assert told.reason is be.StopReason.STOP_NOW
    assert "console" in told.text
    wait_for(lambda: dark(bar) or None)
    running.end()


def _console(running: Session) -> psutil.Process | None:
    try:
        return running.process_of("kapconsole.console")
    except (StopIteration, psutil.Error):
        return None


def test_the_recorder_is_killed_in_a_set_the_room_stops_and_tells_when_it_is_back(
    integrating: Callable[..., Session],
    bar: SimulatedBar,
    cards: Cards,  # noqa: F811
) -> None:
    running = integrating()
    number = begun(running, bar)
    running.process_of("kapconsole.monitor").kill()
    wait_for(lambda: dark(bar) or None, 5)
    told = delivered(running, number)
    assert told.reason is be.StopReason.HEARTBEAT_LOST
    assert told.cycles_delivered is not None
    running.end()


pytestmark = pytest.mark.skipif(sys.platform == "win32" or shutil.which("pulseaudio") is None, reason="virtual devices")
