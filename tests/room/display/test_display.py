"""The client display as a process of its own, offscreen: what it shows, and above all when it goes dark."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO, cast

import pytest

from kapconsole.bilateral.events import Channel, Plan, SetAsked, SetChanged, StopAsked, StopKind
from kapconsole.clock import SessionClock, new_frame
from kapconsole.room.display import messages as ms

pytestmark = pytest.mark.qt


class Running:
    def __init__(self, screen: str = "", window: bool = True, platform: str = "offscreen") -> None:
        frame = new_frame(1.0)
        self.clock = SessionClock(frame)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kapconsole.room.display"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "QT_QPA_PLATFORM": platform},
        )
        self._said: queue.SimpleQueue[ms.FromDisplay | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()
        self._writing = threading.Lock()
        self.silent = threading.Event()
        self._alive = threading.Thread(target=self._live)
        self.living = 0
        self.tell(ms.Begin(frame, screen, window))
        self._alive.start()

    def tell(self, order: ms.ToDisplay) -> None:
        with self._writing:
            ms.write(cast(BinaryIO, self.process.stdin), order)

    def hear(self, timeout_s: float = 20.0) -> ms.FromDisplay | None:
        """What it says, besides that it lives."""
        until_s = time.monotonic() + timeout_s
        while isinstance(said := self._said.get(timeout=max(0.0, until_s - time.monotonic())), ms.Living):
            self.living += 1
        return said

    def ask(self, set_id: int, cycles: int = 60, *channels: Channel) -> None:
        plan = Plan("test", 1, 1.0, channels or (Channel.LIGHT,), cycles=cycles, start_us=self.clock.now_us())
        self.tell(SetAsked(set_id, plan, "integrate", None, self.clock.now_us()))

    def end(self) -> int:
        self.silent.set()
        self._alive.join()
        cast(BinaryIO, self.process.stdin).close()
        code = self.process.wait(20)
        self._thread.join(5)
        cast(BinaryIO, self.process.stdout).close()
        return code

    def _live(self) -> None:
        while not self.silent.wait(0.1):
            self.tell(ms.Alive())

    def _read(self) -> None:
        while (said := ms.read_report(cast(BinaryIO, self.process.stdout))) is not None:
            self._said.put(said)
        self._said.put(None)


@pytest.fixture
def display() -> Iterator[Running]:
    running = Running()
    assert isinstance(running.hear(), ms.Screens)
    yield running
    if running.process.poll() is None:
        assert running.end() == 0


def test_a_set_is_shown_to_its_end_and_accounted_for(display: Running) -> None:
    display.ask(3, cycles=1)
    display.tell(SetChanged(3, 2.0, None, None, None, display.clock.now_us()))
    shown = display.hear()
    assert isinstance(shown, ms.Shown)
    assert shown.set_id == 3
    assert shown.frames > 20
    assert shown.dark_us > 0
    assert display.living > 2


def test_stop_now_is_dark_at_once(display: Running) -> None:
    display.ask(4)
    threading.Event().wait(0.5)
    pressed_us = display.clock.now_us()
    display.tell(StopAsked(4, StopKind.STOP_NOW, "by a person", pressed_us))
    shown = display.hear()
    assert isinstance(shown, ms.Shown)
    assert shown.frames > 0
    assert 0 < shown.dark_us - pressed_us < 2_000_000  # a machine's mood; the figure stands in benchmarks/display.py
    display.tell(SetChanged(4, 2.0, None, (Channel.LIGHT,), None, display.clock.now_us()))
    with pytest.raises(queue.Empty):
        display.hear(0.5)


def test_finish_pass_ends_with_the_pass(display: Running) -> None:
    display.ask(5)
    threading.Event().wait(0.3)
    display.tell(StopAsked(5, StopKind.FINISH_PASS, "by a person", display.clock.now_us()))
    assert isinstance(display.hear(5.0), ms.Shown)


def test_a_stop_of_another_set_is_not_taken(display: Running) -> None:
    display.ask(6, cycles=1)
    display.tell(StopAsked(5, StopKind.STOP_NOW, "late", display.clock.now_us()))
    shown = display.hear()
    assert isinstance(shown, ms.Shown)
    assert shown.set_id == 6
    assert shown.frames > 40


def test_a_set_without_light_is_none_of_its_business(display: Running) -> None:
    display.ask(7, 1, Channel.AUDIO)
    with pytest.raises(queue.Empty):
        display.hear(1.5)


def test_light_that_is_switched_on_in_a_set_is_shown_from_then_on(display: Running) -> None:
    display.ask(9, 2, Channel.AUDIO)
    threading.Event().wait(0.5)
    display.tell(SetChanged(9, None, None, (Channel.LIGHT, Channel.AUDIO), None, display.clock.now_us()))
    shown = display.hear()
    assert isinstance(shown, ms.Shown)
    assert shown.frames > 20


def test_a_room_that_falls_silent_leaves_it_dark_after_the_pass(display: Running) -> None:
    display.ask(10)
    threading.Event().wait(0.3)
    display.silent.set()
    silent_s = time.monotonic()
    said = display.hear(8)
    assert isinstance(said, ms.Signalled)
    assert said.fault
    assert "did not answer" in said.why
    assert 0.5 < time.monotonic() - silent_s < 3
    assert isinstance(display.hear(), ms.Shown)


def test_another_clock_may_be_told_and_a_set_does_not_outlive_it(display: Running) -> None:
    display.ask(11)
    threading.Event().wait(0.2)
    frame = new_frame(1.0)
    display.clock = SessionClock(frame)
    display.tell(ms.Begin(frame, "", True))
    assert {type(display.hear()), type(display.hear())} == {ms.Shown, ms.Screens}
    display.ask(12, cycles=1)
    shown = display.hear()
    assert isinstance(shown, ms.Shown)
    assert shown.set_id == 12
    assert shown.frames > 40


def test_when_the_room_is_gone_it_goes(display: Running) -> None:
    display.ask(8)
    assert display.end() == 0


def test_without_its_screen_it_says_so_and_shows_nothing() -> None:
    running = Running(screen="HDMI-9", window=False)
    screens = running.hear()
    assert isinstance(screens, ms.Screens)
    assert "HDMI-9" in screens.text
    running.ask(1)
    said = running.hear()
    assert isinstance(said, ms.Signalled)
    assert said.fault
    assert running.end() == 0
