"""Who is at the other end, asked before a set: waits for a board that starts anew, then asks WLED two questions. Pure.

Only ever of a port that a person named: unknown ports are not opened, and nothing is asked of them.
"""

from __future__ import annotations

from kapdevices.lightbars.wled import ABOUT, VERSION, WledBar, about_of, version_of

BOOT_S = 3.0
ANSWER_S = 0.5


class Greeting:
    """Bytes from the bar and the time in, the next question out. Times in seconds of the caller's clock.

    `booted`: the bar has sent an Adalight's word. `version`, `wled`: what a WLED said of itself; empty and None else.
    A bar that says nothing at all may still be one: many sketches only listen.
    """

    def __init__(self, now_s: float) -> None:
        self.booted = False
        self.version = ""
        self.wled: WledBar | None = None
        self.done = False
        self._heard = b""
        self._questions = [VERSION, ABOUT]
        self._wait_until_s = now_s + BOOT_S

    def turn(self, data: bytes, now_s: float) -> bytes:
        """Take what arrived; gives the question that is to be sent now, or nothing."""
        self._heard = (self._heard + data)[-16_384:]
        first = len(self._questions) == 2
        if first and b"Ada" in self._heard:
            self.booted = True
        self.version = self.version or version_of(self._heard)
        self.wled = about_of(self._heard) or self.wled
        answered = (first and self.booted) or (len(self._questions) == 1 and self.version) or self.wled is not None
        if self.done or (not answered and now_s < self._wait_until_s):
            return b""
        # What gives no version is no WLED: it is not asked anything else.
        if not self._questions or (len(self._questions) == 1 and not self.version):
            self.done = True
            return b""
        self._wait_until_s = now_s + ANSWER_S
        return self._questions.pop(0)
