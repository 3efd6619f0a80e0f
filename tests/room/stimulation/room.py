"""A real room process with a simulated light bar, and the monitor's end of its wire, beating as a monitor does."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np

from kapconsole.bilateral.events import Bar, Channel, Motion, Plan, SetAsked, SetBegan, SetDelivered, Sound
from kapconsole.clock import ClockFrame, SessionClock, new_frame
from kapconsole.lifeline import Orders, write_orders
from kapconsole.roomsetup import BarSetup, DisplaySetup, RoomSetup, TactileSetup, write_setup
from kapconsole.wire import Beat, Did, Do, Goodbye, Hello, Hub, Message, Peer, Welcome, new_address
from kapdevices.lightbars.simulator import SimulatedBar
from kapdevices.simulate import SimulatorHost

RATE_HZ = 48_000
LEDS = 30


def wait_for(true: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Until `true()`."""
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.005)  # noqa: TID251


class Room:
    """One room for a `with` block. `hello` counts how often it attached."""

    def __init__(
        self, folder: Path, patient_out: str = "", simulated: bool = False, screen: str = "", tactile: bool = False
    ) -> None:
        self.bar = SimulatedBar(LEDS)
        self.host = SimulatorHost(self.bar, link=folder / "bar", now_s=time.monotonic)
        self.host.start()
        write_setup(
            RoomSetup(
                display=DisplaySetup(screen=screen),
                bar=BarSetup(port=str(folder / "bar"), leds=LEDS),
                tactile=TactileSetup(channels=tactile),
            )
        )
        self.told: list[Any] = []
        self.troubles: list[str] = []
        self.hello = 0
        self.frame: ClockFrame = new_frame()
        self.clock = SessionClock(self.frame)
        self.silent = threading.Event()
        self._ended = threading.Event()
        # Another zero than the monitor's, as it is after a launch.
        first = ClockFrame(self.frame.mono_origin_ns - 3_000_000_000, 0)
        self.orders = Orders(
            new_address(), first, "s1", patient_out=patient_out, alarm_out="PulseAudio: room", simulated=simulated
        )
        self.hub: Hub | None = Hub(self.orders.address, self._received, lambda peer, why: None)
        self.process = self._start()
        self._beats = threading.Thread(target=self._beat)
        self._beats.start()

    def _start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "kapconsole.room"], stdin=subprocess.PIPE)
        write_orders(cast(Any, process.stdin), self.orders)
        return process

    def again(self) -> None:
        """What the launcher does."""
        cast(Any, self.process.stdin).close()
        self.process = self._start()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)

    def _received(self, peer: Peer, message: Message) -> None:
        if isinstance(message, Hello):
            peer.send(Welcome("s1", self.frame, ""))
            self.hello += 1
        elif isinstance(message, Did):
            self.told.append(message.body)
        elif isinstance(message, Beat):
            self.troubles.append(message.text)

    def _beat(self) -> None:
        while not self._ended.wait(0.1):
            if not self.silent.is_set():
                self.send(Beat())

    def send(self, message: Message) -> None:
        for peer in self.hub.peers if self.hub is not None else ():
            peer.send(message)

    def said(self, kind: type[Any]) -> list[Any]:
        return [body for body in list(self.told) if isinstance(body, kind)]

    def ask(self, set_id: int, *channels: Channel, cycles: int = 60, **plan: Any) -> SetAsked:
        """Ask for a set of 1 cycle/s with wooden knocks, whose first sample is loud, and wait until it is delivered."""
        now_us = self.clock.now_us()
        made = Plan(
            "test",
            1,
            plan.pop("rate_cps", 1.0),
            channels,
            cycles=cycles,
            motion=Motion(ramp_in_cycles=0),
            sound=plan.pop("sound", Sound(tone_hz=500.0, attack_ms=5.0, level_dbfs=-20.0)),
            bar=Bar(leds=LEDS),
            start_us=now_us + 500_000,
            **plan,
        )
        asked = SetAsked(set_id, made, "integrate", None, now_us)
        self.send(Do(asked))
        return asked

    def begin(self, set_id: int, *channels: Channel, cycles: int = 60, **plan: Any) -> SetAsked:
        asked = self.ask(set_id, *channels, cycles=cycles, **plan)
        wait_for(lambda: any(body.set_id == set_id for body in self.said(SetBegan) + self.said(SetDelivered)))
        return asked

    def delivered(self, set_id: int) -> SetDelivered:
        wait_for(lambda: any(body.set_id == set_id for body in self.said(SetDelivered)))
        return next(body for body in self.said(SetDelivered) if body.set_id == set_id)

    def dark(self) -> bool:
        return not self.bar.shown or not any(self.bar.shown[-1].picture)

    def ready(self) -> None:
        """The bar has been greeted: dark frames came, and nothing more."""
        wait_for(lambda: self.hello)
        wait_for(lambda: len(self.bar.shown) >= 3)

    def lose_monitor(self) -> None:
        if self.hub is not None:
            hub, self.hub = self.hub, None
            hub.close()

    def find_monitor(self) -> None:
        self.hub = Hub(self.orders.address, self._received, lambda peer, why: None)

    def close(self) -> None:
        if self.hub is not None:
            self.send(Goodbye("over"))
        elif self.process.poll() is None:
            self.process.terminate()
        self.process.wait(15)
        with contextlib.suppress(OSError):
            cast(Any, self.process.stdin).close()
        self._ended.set()
        self._beats.join()
        self.lose_monitor()
        self.host.close()


def last_sound(recorded: Any, quiet: float = 1e-5) -> int:
    """The last frame that is not silent; -1 where all are."""
    loud = np.flatnonzero(np.abs(recorded).max(axis=1) > quiet)
    return int(loud[-1]) if len(loud) else -1
