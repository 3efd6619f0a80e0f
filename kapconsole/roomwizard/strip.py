"""The light bar's self-test: one dim mark at a time, kept alive, read back where the bar can be, dark at the end.

The port is one that a person named, and is opened for the test alone.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from kapconsole.roomsetup import BarSetup
from kapdevices.lightbars.frames import BarProtocol, encode
from kapdevices.lightbars.greeting import Greeting
from kapdevices.lightbars.port import BarPort, SerialBarPort
from kapdevices.lightbars.selftest import difference
from kapdevices.lightbars.wled import READ_BACK, picture_of
from kapdevices.ports import PortTrouble

TURN_S = 0.02
AGAIN_S = 0.5
"""A bar goes to its own effect when nothing comes for a second or two."""

ANSWER_S = 0.6
SETTLE_S = 0.15
LONGEST_S = 60.0
SPOT_LEDS = 4

OpenPort = Callable[[str, int], BarPort]


class BarSaid(msgspec.Struct, frozen=True):
    """What became of a test. `read_back`: whether the bar could be asked; `text`: what is wrong, or what it says."""

    ok: bool
    read_back: bool
    text: str
    leds: int = 0


def spot(leds: int, level: int) -> bytes:
    """Four LEDs in the middle in a warm white: as bright as a set may ever be with this cap."""
    picture = bytearray(3 * leds)
    first = max(0, leds // 2 - SPOT_LEDS // 2)
    for led in range(first, min(leds, first + SPOT_LEDS)):
        picture[3 * led : 3 * led + 3] = bytes((level, round(0.8 * level), round(0.6 * level)))
    return bytes(picture)


class BarTest:
    """One bar at a time. `told` is called on the test's thread."""

    def __init__(self, told: Callable[[BarSaid], None], open_port: OpenPort = SerialBarPort) -> None:
        self._told, self._open_port = told, open_port
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """True while it is lit or about to be."""
        return self._thread is not None and self._thread.is_alive()

    def show(self, setup: BarSetup, picture: bytes) -> None:
        """Light this picture until `stop`, at most for a minute; a bar that is lit is dark first."""
        self.close()
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(setup, picture, self._ended), name="bar-test", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Dark at its next turn, within 50 ms; does not wait for it."""
        self._ended.set()

    def close(self) -> None:
        """The same, and waits for it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, setup: BarSetup, picture: bytes, ended: threading.Event) -> None:
        try:
            port = self._open_port(setup.port, setup.baud)
        except PortTrouble as trouble:
            self._told(BarSaid(False, False, f"the light bar cannot be used: {trouble}"))
            return
        try:
            self._light(setup, picture, port, ended)
        except (PortTrouble, ValueError) as trouble:
            self._told(BarSaid(False, False, f"the light bar: {trouble}"))
        finally:
            try:
                for _ in range(2):
                    port.write(encode(BarProtocol(setup.protocol), bytes(3 * setup.leds)))
                    ended.wait(TURN_S)
            except (PortTrouble, ValueError):
                pass  # told already, or gone while dark
            port.close()

    def _light(self, setup: BarSetup, picture: bytes, port: BarPort, ended: threading.Event) -> None:
        frame = encode(BarProtocol(setup.protocol), picture)
        greeting = Greeting(time.monotonic())
        while not greeting.done and not ended.wait(TURN_S):
            if question := greeting.turn(port.read(), time.monotonic()):
                port.write(question)
        if ended.is_set():
            return
        about = greeting.wled
        if about is not None and about.leds != setup.leds:
            words = f"the bar says that it has {about.leds} LEDs, not {setup.leds}"
            self._told(BarSaid(False, True, words, about.leds))
            return
        port.write(frame)
        ended.wait(SETTLE_S)
        if greeting.version:
            self._told(self._read_back(picture, port, ended))
        else:
            words = "the bar does not say what it shows: your eyes are the test"
            self._told(BarSaid(True, False, words))
        until_s = time.monotonic() + LONGEST_S
        while not ended.wait(AGAIN_S) and time.monotonic() < until_s:
            port.write(frame)

    def _read_back(self, picture: bytes, port: BarPort, ended: threading.Event) -> BarSaid:
        port.read()
        port.write(READ_BACK)
        heard, until_s = b"", time.monotonic() + ANSWER_S
        while (shown := picture_of(heard)) is None and time.monotonic() < until_s and not ended.wait(TURN_S):
            heard += port.read()
        wrong = difference(picture, shown)
        return BarSaid(not wrong, True, wrong or "the bar says that it shows exactly this")
