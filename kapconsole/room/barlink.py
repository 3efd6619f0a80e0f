"""The room's light bar: its port kept open and dark; in a set the newest picture a hundred times a second."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from kapconsole.bilateral.barlight import bar_frame
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.roomsetup import BarSetup
from kapdevices.lightbars.frames import BarProtocol, encode, line_seconds
from kapdevices.lightbars.greeting import Greeting
from kapdevices.lightbars.port import BarPort, SerialBarPort
from kapdevices.lightbars.writer import BarWriter
from kapdevices.ports import PortTrouble

FRAME_S = 0.01
REOPEN_S = 5.0
GREET_S = 0.05
REST_S = 0.2

NOT_READY = "the light bar is not ready yet"

OpenPort = Callable[[str, int], BarPort]


class BarLink:
    """One bar on a thread of its own. Opened again every 5 s where it is not there, but never lit by itself.

    `fault` is called on that thread with the reason in words when a bar that was there has gone.
    """

    def __init__(
        self,
        setup: BarSetup,
        fault: Callable[[str], None],
        open_port: OpenPort = SerialBarPort,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.setup = setup
        self.text = NOT_READY if setup.port else "no light bar is set up"
        """Why it cannot be used, in words; empty: it can."""
        self._fault, self._open_port, self._now_s = fault, open_port, now_s
        self._lock = threading.Lock()
        self._writer: BarWriter | None = None
        self._lit: tuple[Stimulus, Callable[[], int]] | None = None
        self._counted = (0, 0)
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bar", daemon=True)

    @property
    def ready(self) -> bool:
        """True while pictures can be shown."""
        writer = self._writer
        return writer is not None and not writer.broken

    @property
    def leds(self) -> int:
        """How many it has by room.toml."""
        return self.setup.leds

    def start(self) -> None:
        """Open it, as soon as it is there."""
        if self.setup.port:
            self._thread.start()

    def arm(self, stimulus: Stimulus, now_us: Callable[[], int]) -> None:
        """Show the bar's part of a set from now on; `now_us` is session time."""
        with self._lock:
            if self._writer is None:
                return
            if self._lit is None:
                self._counted = (self._writer.sent, self._writer.skipped)
                self._writer.arm()
            self._lit = (stimulus, now_us)
        self._wake.set()

    def change(self, stimulus: Stimulus) -> None:
        """The set is another one from now on; nothing where the bar is dark."""
        with self._lock:
            if self._lit is not None:
                self._lit = (stimulus, self._lit[1])

    def black(self) -> tuple[int, int]:
        """Dark now, and until armed again. Never waits. Frames sent and skipped since it was armed."""
        with self._lock:
            self._lit = None
            if self._writer is None:
                return (0, 0)
            self._writer.black()
            sent, skipped = self._writer.sent - self._counted[0], self._writer.skipped - self._counted[1]
            self._counted = (self._writer.sent, self._writer.skipped)
        return sent, skipped

    def close(self) -> None:
        """Dark, and the port given back."""
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    # -- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        due_s = self._now_s()
        while not self._ended.is_set():
            writer = self._writer
            if writer is None:
                if not self._open():
                    self._ended.wait(REOPEN_S)
                continue
            if writer.broken:
                self._close()
                continue
            lit = self._lit
            if lit is None:
                self._wake.wait(REST_S)
                self._wake.clear()
                due_s = self._now_s()
                continue
            self._show(writer, *lit)
            # Pictures come from the time: a late one is not made up for.
            due_s = max(due_s + FRAME_S, self._now_s())
            self._ended.wait(due_s - self._now_s())
        self._close()

    def _show(self, writer: BarWriter, stimulus: Stimulus, now_us: Callable[[], int]) -> None:
        bar = stimulus.plan.bar
        if bar is None or bar.leds != self.setup.leds:
            return
        # For the moment at which its last byte will be there.
        ahead_s = line_seconds(self._protocol, bar.leds, self.setup.baud)
        at_us = now_us() + round(1e6 * ahead_s - 1000 * stimulus.plan.offsets.bar_ms)
        writer.show(bar_frame(stimulus, at_us).tobytes())

    def _open(self) -> bool:
        try:
            port = self._open_port(self.setup.port, self.setup.baud)
        except PortTrouble as trouble:
            self.text = f"the light bar cannot be used: {trouble}"
            return False
        try:
            # Whoever held it before us may have been killed in a set.
            port.write(encode(self._protocol, bytes(3 * self.setup.leds)))
            text = self._greeted(port)
            writer = BarWriter(port, self.setup.leds, self._broke, self._protocol)
        except (PortTrouble, ValueError) as trouble:
            port.close()
            self.text = f"the light bar cannot be used: {trouble}"
            return False
        writer.start()
        writer.black()
        self.text = text
        if not text:
            self._writer = writer
            return True
        writer.close()
        return False

    def _greeted(self, port: BarPort) -> str:
        """Wait until its board has started; what is wrong with it in words, as far as it says."""
        greeting = Greeting(self._now_s())
        while not greeting.done and not self._ended.is_set():
            question = greeting.turn(port.read(), self._now_s())
            if question:
                port.write(question)
            self._ended.wait(GREET_S)
        if greeting.wled is not None and greeting.wled.leds != self.setup.leds:
            return f"the light bar says that it has {greeting.wled.leds} LEDs, room.toml says {self.setup.leds}"
        return ""

    def _broke(self, words: str) -> None:
        self.text = f"the light bar is gone: {words}"
        self._wake.set()
        self._fault(self.text)

    def _close(self) -> None:
        with self._lock:
            writer, self._writer, self._lit = self._writer, None, None
        if writer is not None:
            with contextlib.suppress(PortTrouble):
                writer.close()

    @property
    def _protocol(self) -> BarProtocol:
        return BarProtocol(self.setup.protocol)
