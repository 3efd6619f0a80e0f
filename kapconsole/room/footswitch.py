"""A foot switch on a control line of a serial port: pressed, it stops the set, whatever else this machine is doing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

import serial

from kapconsole.roomsetup import FootSwitch as FootSwitchSetup
from kapdevices.ports import POSIX, in_words

POLL_S = 0.005
REOPEN_S = 5.0
LINES = ("cts", "dsr", "cd", "ri")

OpenLine = Callable[[str], Any]


def open_line(address: str) -> Any:
    """The port, with RTS and DTR high: the switch takes its voltage from either. Raises OSError, ValueError."""
    port = serial.serial_for_url(address, do_not_open=True)
    if POSIX and "://" not in address:
        port.exclusive = True
    port.rts = port.dtr = True
    port.open()
    return port


class FootSwitch:
    """Looks at the line 200 times a second on a thread of its own.

    `pressed` is called there at the first look that finds it pressed; `lost`, with the reason in words, when a switch
    that was there has gone. A switch that is held down is not pressed again before it was let go.
    """

    def __init__(
        self,
        setup: FootSwitchSetup,
        pressed: Callable[[], None],
        lost: Callable[[str], None],
        open_line: OpenLine = open_line,
    ) -> None:
        self.setup = setup
        self.text = "the foot switch is not open yet" if setup.port else ""
        """What is wrong with it, in words; empty: nothing, or there is none."""
        self.held = False
        """True while it is pressed, or wired the other way round."""
        self._pressed, self._lost, self._open_line = pressed, lost, open_line
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="foot-switch", daemon=True)

    def start(self) -> None:
        """Begin to look, where one is set up."""
        if self.setup.port:
            self._thread.start()

    def close(self) -> None:
        """End, and give the port back."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            if self.setup.line not in LINES:
                self.text = f"the foot switch has no line {self.setup.line!r}: it is one of {', '.join(LINES)}"
                return
            try:
                port = self._open_line(self.setup.port)
            except Exception as trouble:  # pyserial lets termios.error through, which is no OSError
                self.text = f"the foot switch cannot be used: {in_words(self.setup.port, trouble)}"
                self._ended.wait(REOPEN_S)
                continue
            was_there = False
            try:
                while not self._ended.wait(POLL_S):
                    self._look(bool(getattr(port, self.setup.line)) == self.setup.closed, was_there)
                    was_there = True
            except Exception as trouble:
                self.held = False
                self.text = f"the foot switch is gone: {in_words(self.setup.port, trouble)}"
                if was_there:
                    self._lost(self.text)
                self._ended.wait(REOPEN_S)
            finally:
                with contextlib.suppress(Exception):
                    port.close()

    def _look(self, down: bool, before: bool) -> None:
        if down and before and not self.held:
            self._pressed()
        if not down:
            self.text = ""
        elif not before:
            self.text = "the foot switch is held down, or wired the other way round"
        self.held = down
