"""Whether a lost PATIENT_OUT is back where PortAudio drives it: its list of devices is frozen, another process sees."""

from __future__ import annotations

import subprocess
import sys

EVERY_S = 5.0
PATIENCE_S = 15.0


class Comeback:
    """Asks in short-lived processes, one at a time."""

    def __init__(self, name: str, now_s: float) -> None:
        self._argv = [sys.executable, "-m", "kapconsole.room.named", name]
        self._due_s = now_s + EVERY_S
        self._began_s = now_s
        self._asking: subprocess.Popen[bytes] | None = None

    def turn(self, now_s: float) -> bool:
        """True once the output plays: a new room process would have it."""
        if self._asking is None:
            if now_s >= self._due_s:
                self._began_s = now_s
                # Not this process's standard input: its end says that the launcher is gone.
                quiet = subprocess.DEVNULL
                self._asking = subprocess.Popen(self._argv, stdin=quiet, stdout=quiet, stderr=quiet)
            return False
        code = self._asking.poll()
        if code is None:
            if now_s - self._began_s > PATIENCE_S:
                self._asking.kill()
            return False
        self._asking = None
        self._due_s = now_s + EVERY_S
        return code == 0

    def close(self) -> None:
        """End what is being asked."""
        if self._asking is not None:
            self._asking.kill()
            self._asking.wait()
