"""When the failure signal sounds: pure, fed with heartbeats and time.

Three missed beats of one second (alarm reference, self-supervision); the signal goes on until the monitor is heard
again, or until a person ends kapconsole.
"""

from __future__ import annotations

SILENT_AFTER_S = 3.0


class HeartWatch:
    """Watches the monitor's heartbeat. Until the first beat it waits `start_s` before it complains."""

    def __init__(self, now_s: float, start_s: float = 15.0) -> None:
        self._due_s = now_s + start_s

    def beat(self, now_s: float) -> None:
        """The monitor was heard."""
        self._due_s = now_s + SILENT_AFTER_S

    def failed(self, now_s: float) -> bool:
        """True while the failure signal is to sound."""
        return now_s > self._due_s
