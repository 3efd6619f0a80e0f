"""The room's end of the client display: starts its process, starts it again when it dies, and never begins anything."""

from __future__ import annotations

import contextlib
import importlib.util
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import BinaryIO, cast

import msgspec

from kapconsole.room.display import messages as ms

log = logging.getLogger("kapconsole.room")

QUICK_S = 5.0
PAUSES_S = (0.0, 1.0, 5.0, 30.0)
"""How long it stays away after each death of a display that lived for less than 5 s."""

NEVER = 2
"""Its exit code for what a restart would not mend."""

END_S = 2.0
NOT_READY = "the client display is not ready yet"
PYTHON = (sys.executable, "-m", "kapconsole.room.display")


class Died(msgspec.Struct, frozen=True):
    """The display's process is gone."""

    pid: int
    why: str


class DisplayLink:
    """One display. `heard` is called with what it says, and with Died, on a thread of its own."""

    def __init__(
        self,
        heard: Callable[[ms.FromDisplay | Died], None],
        argv: Sequence[str] = PYTHON,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.screens: ms.Screens | None = None
        """What it said last of the screens; None: it has not said anything yet."""
        self._heard, self._argv, self._now_s = heard, list(argv), now_s
        self._begin: ms.Begin | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._started_s = 0.0
        self._due_s: float | None = None
        self._deaths = 0
        self._hopeless = ""

    @property
    def text(self) -> str:
        """Why nothing can be shown, in words; empty: it can."""
        if self._begin is None:
            return "no client screen is set"
        if self._hopeless:
            return self._hopeless
        if self.screens is None:
            return NOT_READY
        return self.screens.text

    def begin(self, begin: ms.Begin) -> None:
        """Start it, or let the one that runs have another clock or screen."""
        self._begin = begin
        if self._process is not None:
            self.screens = None
            self.send(begin)
            return
        self._hopeless = _impossible()
        if not self._hopeless:
            self._start()

    def send(self, order: ms.ToDisplay) -> bool:
        """One order; False when there is nobody to take it."""
        process = self._process
        if process is None:
            return False
        try:
            ms.write(cast(BinaryIO, process.stdin), order)
        except (OSError, ValueError):
            return False
        return True

    def turn(self) -> None:
        """Now and then: start again what has died."""
        if self._due_s is not None and self._now_s() >= self._due_s:
            self._start()

    def died(self, pid: int) -> bool:
        """To be called for each Died, on the thread that calls everything else here. False: it was an earlier one."""
        process = self._process
        if process is None or process.pid != pid:
            return False
        self._process = self.screens = None
        code = process.wait()
        _close(process)
        if self._reader is not None:
            self._reader.join()
        if code == NEVER:
            self._hopeless = "the client display cannot run on this machine"
            return True
        lived_s = self._now_s() - self._started_s
        self._deaths = 0 if lived_s > QUICK_S else self._deaths + 1
        self._due_s = self._now_s() + PAUSES_S[min(self._deaths, len(PAUSES_S) - 1)]
        return True

    def kill(self) -> None:
        """It does not answer: what it shows is not to be seen any longer."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Dark, and ended, until it is begun again."""
        self._due_s = self._begin = self.screens = None
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            cast(BinaryIO, process.stdin).close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        _close(process)

    def _start(self) -> None:
        assert self._begin is not None
        self._due_s = None
        self._started_s = self._now_s()
        try:
            process = subprocess.Popen(self._argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as trouble:
            self._hopeless = f"the client display cannot be started: {trouble.strerror}"
            return
        self._process = process
        self._reader = threading.Thread(target=self._read, args=(process,), name="display-reports", daemon=True)
        self._reader.start()
        self.send(self._begin)

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        stream = cast(BinaryIO, process.stdout)
        try:
            while (report := ms.read_report(stream)) is not None:
                if isinstance(report, ms.Screens):
                    self.screens = report
                self._heard(report)
        except (OSError, ValueError, msgspec.MsgspecError) as trouble:
            log.warning("the client display: %s", trouble)
            process.kill()
        self._heard(Died(process.pid, "the client display died"))


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _impossible() -> str:
    """Why no window can be shown on this machine, in words; empty: it may well."""
    if importlib.util.find_spec("PySide6") is None:
        return "there is no client display: Qt is not installed"
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in screens):
        return "there is no client display: this machine has no screen"
    return ""
