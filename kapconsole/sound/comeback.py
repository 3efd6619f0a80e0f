"""Whether a lost output plays again: asked in short-lived processes, since PortAudio's list of devices is frozen."""

from __future__ import annotations

import subprocess
import sys

FIRST_S = 2.0
LONGEST_S = 10.0
PATIENCE_S = 15.0


class Comeback:
    """Asks at growing intervals, one process at a time."""

    def __init__(self, module: str, name: str, now_s: float) -> None:
        """`module`: run with the output's name it ends with exit code 0 when that plays."""
        self._argv = [sys.executable, "-m", module, name]
        self._interval_s = FIRST_S
        self._due_s = now_s + FIRST_S
        self._began_s = now_s
        self._asking: subprocess.Popen[bytes] | None = None

    def turn(self, now_s: float) -> bool:
        """True once the output plays."""
        if self._asking is None:
            if now_s >= self._due_s:
                self._began_s = now_s
                # Not this process's standard input: its end says that the launcher is gone.
                self._asking = subprocess.Popen(
                    self._argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            return False
        code = self._asking.poll()
        if code is None:
            if now_s - self._began_s > PATIENCE_S:
                self._asking.kill()
            return False
        self._asking = None
        self._interval_s = min(LONGEST_S, 1.5 * self._interval_s)
        self._due_s = now_s + self._interval_s
        return code == 0

    def close(self) -> None:
        """End what is being asked."""
        if self._asking is not None:
            self._asking.kill()
            self._asking.wait()
