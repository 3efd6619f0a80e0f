"""When a streamed universe is sent: changes at once (40 Hz at most), then repeats, then a sign of life; pure."""

from __future__ import annotations

FRAME_S = 0.025
REPEATS = 3
ALIVE_S = 0.8
"""Unchanged levels are sent again this often: receivers take 2.5 s of silence for the end of a source."""


class Pacer:
    """Decides for one universe. Feed it with the wanted levels; `due` says whether they are to be sent now."""

    def __init__(self) -> None:
        self._sent: bytes | None = None
        self._sent_s = 0.0
        self._again = 0

    def due(self, slots: bytes, now_s: float) -> bool:
        """True when `slots` are to be sent at `now_s`; counts them as sent."""
        since_s = now_s - self._sent_s
        if self._sent is None or slots != self._sent:
            if self._sent is not None and since_s < 0.8 * FRAME_S:
                return False
            self._again = REPEATS - 1
        elif self._again and since_s >= 0.8 * FRAME_S:
            self._again -= 1
        elif since_s < ALIVE_S:
            return False
        self._sent, self._sent_s = slots, now_s
        return True

    def wait_s(self, slots: bytes, now_s: float) -> float:
        """Seconds until `due` may say yes for the same levels."""
        pending = self._again > 0 or slots != self._sent
        return max(0.0, self._sent_s + (FRAME_S if pending else ALIVE_S) - now_s)

    def forget(self) -> None:
        """The receiver was away: send again at once."""
        self._sent = None
