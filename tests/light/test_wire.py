"""The real light process on the real wire: asked, delivered, held without the monitor, ended with the session."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kapconsole.clock import SessionClock, new_frame
from kapconsole.cues.light import events as le
from kapconsole.lifeline import Orders, write_orders
from kapconsole.wire import Address, Did, Do, Goodbye, Hello, Hub, Message, Peer, Welcome, new_address


class Monitor:
    """The monitor's end of the wire, and a light process started as the launcher does."""

    def __init__(self) -> None:
        self.address: Address = new_address()
        self.frame = new_frame()
        self.inbox: queue.SimpleQueue[tuple[Peer, Message]] = queue.SimpleQueue()
        self.peer: Peer | None = None
        self.hub = self.listen()
        self.process = subprocess.Popen([sys.executable, "-m", "kapconsole.light"], stdin=subprocess.PIPE)
        assert self.process.stdin is not None
        write_orders(self.process.stdin, Orders(self.address, self.frame))

    def listen(self) -> Hub:
        return Hub(self.address, lambda peer, message: self.inbox.put((peer, message)), lambda peer, why: None)

    def ask(self, body: le.LightBody) -> None:
        assert self.peer is not None
        self.peer.send(Do(body))

    def until(self, true: Callable[[le.LightBody], bool], limit_s: float = 15.0) -> Any:
        until_s = time.monotonic() + limit_s
        while True:
            peer, message = self.inbox.get(timeout=max(0.01, until_s - time.monotonic()))
            if isinstance(message, Hello):
                assert message.role == "light"
                self.peer = peer
                peer.send(Welcome("s", self.frame, "log"))
            elif isinstance(message, Did) and true(message.body):  # type: ignore[arg-type]
                return message.body

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.process.stdin.close()  # type: ignore[union-attr]
        self.process.kill()
        self.process.wait()
        self.hub.close()


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    made = Monitor()
    yield made
    made.close()


def test_what_is_asked_is_delivered_and_told_in_session_time(monitor: Monitor) -> None:
    ready = monitor.until(lambda body: isinstance(body, le.LightReady))
    assert ready.zones == (("room", "Room"),)
    assert ready.simulated
    assert ready.text == ""
    clock = SessionClock(monitor.frame)
    asked_us = clock.now_us()
    assert 0 <= ready.at_us <= asked_us
    monitor.ask(le.LightAsked("cue", "c", "C", (le.LightTarget("room", 20.0),), 1.0, 2.0, False, asked_us))
    done = monitor.until(lambda body: isinstance(body, le.LightDelivered) and body.levels == {"room": 20.0})
    assert done.settled
    assert done.confirmed in ({"room": 20.0}, {})
    assert 1_900_000 < done.at_us - asked_us < 10_000_000


def test_it_finds_a_monitor_that_was_started_again_and_ends_with_the_session(monitor: Monitor) -> None:
    monitor.until(lambda body: isinstance(body, le.LightReady))
    monitor.ask(le.LightAsked("cue", "c", "C", (le.LightTarget("room", 30.0),), 1.0, 1.0, False, 0))
    monitor.until(lambda body: isinstance(body, le.LightDelivered) and body.levels == {"room": 30.0})
    monitor.hub.close()
    monitor.hub = monitor.listen()
    again = monitor.until(lambda body: isinstance(body, le.LightReady))
    assert again.levels == {"room": 30.0}
    assert monitor.peer is not None
    monitor.peer.send(Goodbye("the end"))
    assert monitor.process.wait(10) == 0
