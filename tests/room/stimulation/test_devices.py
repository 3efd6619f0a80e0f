"""Bar, foot switch and client display as the room holds them: opened, pulled out, pressed, killed."""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kapconsole.bilateral.events import Bar, Channel, Motion, Plan
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.clock import new_frame
from kapconsole.room import barlink, displaylink, footswitch
from kapconsole.room.barlink import BarLink
from kapconsole.room.display import messages as ms
from kapconsole.room.displaylink import Died, DisplayLink
from kapconsole.room.footswitch import FootSwitch, open_line
from kapconsole.roomsetup import BarSetup
from kapconsole.roomsetup import FootSwitch as FootSwitchSetup
from kapdevices.lightbars.simulator import SimulatedBar
from kapdevices.simulate import SimulatorHost


def wait_for(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.005)  # noqa: TID251


def now_us() -> int:
    return time.monotonic_ns() // 1000


# --- bar -----------------------------------------------------------------------------------------------------------


def stimulus(leds: int = 30, cycles: int = 60) -> Stimulus:
    motion = Motion(ramp_in_cycles=0)
    return Stimulus(
        Plan("test", 1, 1.0, (Channel.BAR,), cycles=cycles, motion=motion, bar=Bar(leds=leds), start_us=now_us())
    )


@pytest.fixture
def simulated() -> SimulatedBar:
    return SimulatedBar(30)


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_a_bar_shows_one_spot_and_is_black_at_a_stop_and_after_it(simulated: SimulatedBar, tmp_path: Path) -> None:
    faults: list[str] = []
    with SimulatorHost(simulated, link=tmp_path / "bar") as host:
        link = BarLink(BarSetup(port=str(tmp_path / "bar"), leds=30), faults.append)
        link.start()
        wait_for(lambda: link.ready)
        link.arm(stimulus(), now_us)
        wait_for(lambda: len({shown.spot for shown in simulated.shown}) > 40)
        sent, _ = link.black()
        assert sent > 40
        wait_for(lambda: not any(simulated.shown[-1].picture))
        count = len(simulated.shown)
        link.change(stimulus())
        threading.Event().wait(0.2)
        assert not any(any(shown.picture) for shown in simulated.shown[count:]), "nothing is lit after a stop"
        assert simulated.judge().faults == ()
        assert not faults
        host.unplug()
        wait_for(lambda: faults)
        assert "light bar is gone" in faults[0]
        assert not link.ready
        link.close()
    assert len(faults) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
def test_a_bar_that_comes_later_is_opened_and_stays_dark(
    simulated: SimulatedBar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(barlink, "REOPEN_S", 0.1)
    link = BarLink(BarSetup(port=str(tmp_path / "bar"), leds=30), lambda why: None)
    link.start()
    wait_for(lambda: "cannot be used" in link.text)
    link.arm(stimulus(), now_us)
    with SimulatorHost(simulated, link=tmp_path / "bar"):
        wait_for(lambda: link.ready)
        threading.Event().wait(0.2)
        assert not any(any(shown.picture) for shown in simulated.shown), "what was asked before is not caught up"
        link.close()


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")
@pytest.mark.parametrize(
    ("setup", "words"),
    [
        ({"leds": 60}, "says that it has 30 LEDs, room.toml says 60"),
        ({"leds": 30, "protocol": "dmx"}, "dmx"),
    ],
)
def test_a_bar_that_is_not_what_room_toml_says_is_not_used(
    simulated: SimulatedBar, tmp_path: Path, setup: dict[str, Any], words: str
) -> None:
    with SimulatorHost(simulated, link=tmp_path / "bar"):
        link = BarLink(BarSetup(port=str(tmp_path / "bar"), **setup), lambda why: None)
        link.start()
        wait_for(lambda: words in link.text)
        assert not link.ready
        link.close()


# --- foot switch ---------------------------------------------------------------------------------------------------


class Line:
    """A port with four lines that a test sets; it hangs up when told to."""

    def __init__(self, address: str) -> None:
        self.lines = {"cts": False, "dsr": False, "cd": False, "ri": False}
        self.gone = False
        self.closed = False

    def __getattr__(self, name: str) -> bool:
        if self.gone:
            raise OSError(5, "Input/output error")
        return self.lines[name]

    def close(self) -> None:
        self.closed = True


class Switched:
    def __init__(self, closed: bool = True, line: str = "dsr", at_first: bool = False) -> None:
        self.ports: list[Line] = []
        self.presses: list[float] = []
        self.lost: list[str] = []
        self.line = line

        def opened(address: str) -> Line:
            self.ports.append(Line(address))
            self.ports[-1].lines[line] = at_first
            return self.ports[-1]

        setup = FootSwitchSetup("COM9", line, closed)
        self.switch = FootSwitch(setup, lambda: self.presses.append(time.monotonic()), self.lost.append, opened)
        self.switch.start()

    def press(self, down: bool) -> None:
        self.ports[-1].lines[self.line] = down


@pytest.mark.parametrize("closed", [True, False])
def test_one_press_stops_once_until_it_is_let_go(closed: bool) -> None:
    switched = Switched(closed, at_first=not closed)
    wait_for(lambda: switched.ports and not switched.switch.text)
    threading.Event().wait(0.05)
    assert not switched.presses
    switched.press(closed)
    wait_for(lambda: switched.presses)
    assert switched.switch.held
    threading.Event().wait(0.05)
    switched.press(not closed)
    wait_for(lambda: not switched.switch.held)
    switched.press(closed)
    wait_for(lambda: len(switched.presses) == 2)
    switched.switch.close()
    assert switched.ports[-1].closed


def test_a_switch_that_is_down_from_the_start_is_said_and_presses_nothing() -> None:
    switched = Switched(at_first=True)
    wait_for(lambda: "held down" in switched.switch.text)
    assert switched.switch.held
    assert not switched.presses
    switched.press(False)
    wait_for(lambda: not switched.switch.text)
    switched.switch.close()


def test_a_switch_that_is_pulled_out_is_told_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footswitch, "REOPEN_S", 0.05)
    switched = Switched()
    wait_for(lambda: switched.ports and not switched.switch.text)
    switched.ports[0].gone = True
    wait_for(lambda: switched.lost)
    assert "cable pulled" in switched.lost[0]
    wait_for(lambda: len(switched.ports) == 2 and not switched.switch.text)
    switched.press(True)
    wait_for(lambda: switched.presses)
    switched.switch.close()


def test_a_port_that_is_not_there_and_a_line_that_is_none_are_said() -> None:
    missing = FootSwitch(FootSwitchSetup("/nowhere/at/all"), lambda: None, lambda why: None)
    missing.start()
    wait_for(lambda: "cannot be used" in missing.text)
    missing.close()
    wrong = FootSwitch(FootSwitchSetup("loop://", "dtr"), lambda: None, lambda why: None)
    wrong.start()
    wait_for(lambda: "no line 'dtr'" in wrong.text)
    wrong.close()


def test_the_real_port_gives_the_switch_its_voltage() -> None:
    port = open_line("loop://")
    assert port.rts
    assert port.cts, "the looped line is what RTS gives"
    port.close()


# --- client display ------------------------------------------------------------------------------------------------

ECHO = """
import sys
from kapconsole.room.display import messages as ms
orders = sys.stdin.buffer
while (order := ms.read_order(orders)) is not None:
    if isinstance(order, ms.Begin):
        ms.write(sys.stdout.buffer, ms.Screens((), order.screen, ""))
"""
BEGIN = ms.Begin(new_frame(), "HDMI-1")


class Link:
    def __init__(self, program: str) -> None:
        self.time = SimpleNamespace(s=0.0)
        self.heard: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.link = DisplayLink(self.heard.put, [sys.executable, "-c", program], lambda: self.time.s)
        self.link.begin(BEGIN)

    def hear(self) -> Any:
        return self.heard.get(timeout=10)


@pytest.fixture
def _screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(displaylink, "_impossible", lambda: "")


@pytest.mark.usefixtures("_screen")
def test_a_display_that_dies_is_started_again_and_told_its_screen_but_no_set() -> None:
    held = Link(ECHO)
    assert held.link.text == displaylink.NOT_READY
    assert held.hear().showing == "HDMI-1"
    assert held.link.text == ""
    held.link.kill()
    died = held.hear()
    assert isinstance(died, Died)
    assert held.link.died(died.pid)
    assert held.link.text == displaylink.NOT_READY
    assert not held.link.send(ms.Alive())
    held.time.s += 1.0
    held.link.turn()
    assert held.hear().showing == "HDMI-1"
    assert not held.link.died(died.pid), "an earlier one's death is not this one's"
    held.link.close()
    assert held.link.text == "no client screen is set"


@pytest.mark.usefixtures("_screen")
def test_one_that_keeps_dying_is_left_alone_longer_and_one_that_cannot_run_for_good() -> None:
    held = Link("raise SystemExit(1)")
    for pause_s in (1.0, 5.0, 30.0):
        assert held.link.died(held.hear().pid)
        held.time.s += pause_s - 0.1
        held.link.turn()
        assert not held.link.send(ms.Alive())
        assert held.heard.empty()
        held.time.s += 0.2
        held.link.turn()
    held.link.died(held.hear().pid)
    held.link.close()

    hopeless = Link("raise SystemExit(2)")
    assert hopeless.link.died(hopeless.hear().pid)
    hopeless.time.s += 3600
    hopeless.link.turn()
    assert "cannot run" in hopeless.link.text
    hopeless.link.close()


def test_without_a_screen_it_is_not_even_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(displaylink.importlib.util, "find_spec", lambda name: object())
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    link = DisplayLink(lambda report: None, ["/nowhere"])
    link.begin(BEGIN)
    assert "no screen" in link.text
    monkeypatch.setattr(displaylink.importlib.util, "find_spec", lambda name: None)
    link.begin(BEGIN)
    assert "Qt is not installed" in link.text
    assert not link.send(ms.Alive())
    link.close()
