"""What is sent so that the live stream begins and goes on: stop whatever runs, greet, start, keep alive."""

from __future__ import annotations

from kapdevices.contec_v7 import packets
from kapdevices.contec_v7.packets import command

LISTEN_S = 0.3
"""A stream that runs already is not interrupted."""
ANSWER_S = 0.5
BREAK_S = 1.0
"""Without a live packet for so long the stream has ended (the maker's advice to hosts)."""
RETRY_S = 1.0
KEEP_ALIVE_S = 4.0
"""The maker asks for at most 5 s; without it a CMS50D+ was measured to end its stream after 30 s."""

STEPS = (
    (packets.STOP_STORED, packets.STOPPED),
    (packets.STOP_LIVE, packets.STOPPED),
    (packets.ASK_HELLO, packets.HELLO),
    (packets.ASK_MODEL, packets.MODEL),
    (packets.START_LIVE, packets.LIVE),
)


class LiveSession:
    """Decides which command is due. A command without answer is followed by the next: not every model knows all."""

    def __init__(self) -> None:
        self._step = 0
        self._awaits: int | None = None
        self._due_s: float | None = None
        self._live_s: float | None = None
        self._alive_s: float | None = None

    def heard(self, kind: int, now_s: float) -> None:
        """A packet of this type came."""
        if kind == packets.LIVE:
            self._live_s = now_s
        if kind == self._awaits or (kind == packets.FEEDBACK and self._awaits is not None):
            self._awaits, self._due_s = None, now_s
        if kind == packets.GOODBYE:
            self._live_s = None

    def transmit(self, now_s: float) -> bytes:
        """The command that is due, or nothing."""
        if self._live_s is not None and now_s - self._live_s <= BREAK_S:
            self._step, self._awaits, self._due_s = 0, None, now_s
            if self._alive_s is not None and now_s - self._alive_s < KEEP_ALIVE_S:
                return b""
            self._alive_s = now_s
            return command(packets.KEEP_ALIVE)
        if self._due_s is None:
            self._due_s = now_s + LISTEN_S
        if now_s < self._due_s:
            return b""
        if self._step == len(STEPS):
            self._step, self._awaits, self._due_s = 0, None, now_s + RETRY_S
            return b""
        code, self._awaits = STEPS[self._step]
        self._step += 1
        self._due_s, self._alive_s = now_s + ANSWER_S, now_s
        return command(code)
