"""What of a bar's pictures is to be sent now: always the newest one, none behind a backlog, black at the end. Pure."""

from __future__ import annotations

KEEP_ALIVE_S = 0.5
"""An armed bar gets its picture again after this: a WLED that hears nothing for 2.5 s shows its own effect."""

BLACK_FRAMES = 2
"""A damaged frame is not noticed by Adalight: the last word is said twice."""


class Outbox:
    """Pictures in, pictures due out. Times in seconds, monotonic, of the caller's clock."""

    def __init__(self, leds: int) -> None:
        self.sent = 0
        self.skipped = 0
        self.armed = False
        self._dark = bytes(3 * leds)
        self._newest: bytes | None = None
        self._last = self._dark
        self._sent_s = float("-inf")
        self._black_left = 0

    def arm(self) -> None:
        """Pictures are shown from now on, and the last one is kept alive."""
        self.armed = True
        self._black_left = 0
        self._newest = self._last = self._dark

    def show(self, picture: bytes) -> None:
        """The newest picture; what was waiting is forgotten. Nothing where the bar is not armed: it stays dark.

        Raises ValueError for a picture of another length than the bar's.
        """
        if len(picture) != len(self._dark):
            raise ValueError(f"{len(picture)} bytes are no picture of {len(self._dark) // 3} LEDs")
        if not self.armed:
            return
        if self._newest is not None and self._newest != self._dark:
            self.skipped += 1
        self._newest = picture

    def black(self) -> None:
        """The bar goes dark now, and stays so until it is armed again."""
        self.armed = False
        self._newest = None
        self._last = self._dark
        self._black_left = BLACK_FRAMES

    def due(self, now_s: float, waiting: int, frame_bytes: int) -> bytes | None:
        """The picture to be sent now, or None. `waiting`: bytes not on the line yet; a frame has `frame_bytes`."""
        if self._black_left:  # never held back: behind at most two frames it is dark within 50 ms all the same
            self._black_left -= 1
            return self._send(self._dark, now_s)
        if waiting > frame_bytes:
            if self._newest is not None and self._newest != self._dark:
                self.skipped += 1
            self._newest = None
            return None
        if self._newest is not None:
            return self._send(self._newest, now_s)
        if self.armed and now_s - self._sent_s >= KEEP_ALIVE_S:
            return self._send(self._last, now_s)
        return None

    @property
    def quiet(self) -> bool:
        """True when nothing is to be sent but what keeps the bar alive."""
        return self._newest is None and not self._black_left

    def _send(self, picture: bytes, now_s: float) -> bytes:
        self.sent += 1
        self._sent_s, self._last, self._newest = now_s, picture, None
        return picture
