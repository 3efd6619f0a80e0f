"""What the light process does when the monitor is not heard: pure, fed with signs of life and time in real seconds.

Silent for 5 s: the running fade ends, then the light stays (nothing new can come). Silent for 60 s: the safe level
(room light reference 8.2).
"""

from __future__ import annotations

SILENT_S = 5.0
LOST_S = 60.0


class SilenceWatch:
    """Watches the monitor. `turn` says once when it has been silent for too long."""

    def __init__(self, now_s: float) -> None:
        self._heard_s = now_s
        self._lost = False

    def silent_s(self, now_s: float) -> float:
        """For how long nothing has been heard."""
        return now_s - self._heard_s

    def heard(self, now_s: float) -> tuple[float, bool] | None:
        """The monitor was heard. After a silence: for how long it was, and whether the safe level was taken."""
        silent_s, lost = now_s - self._heard_s, self._lost
        self._heard_s, self._lost = now_s, False
        return (silent_s, lost) if silent_s >= SILENT_S else None

    def turn(self, now_s: float) -> bool:
        """True once: the safe level is to be taken now."""
        if self._lost or now_s - self._heard_s < LOST_S:
            return False
        self._lost = True
        return True
