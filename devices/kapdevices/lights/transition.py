"""Lamps that fade by themselves: target and time are sent once, in parts where the device cannot do it in one."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from typing import Protocol

import msgspec

from kapdevices.lights.http import Host, Request
from kapdevices.lights.lamp import LampStatus, NotSent, Step, TryLater

LOOK_S = 30.0
LOOK_AGAIN_S = 10.0
"""How often a lamp is asked how it is: while it answers, and while it does not."""

BEAT_S = 5.0
SETTLED_S = 1.0
BACK_FADE_S = 2.0
"""A lamp that comes back is brought to where it should be no faster than this."""

NO_ANSWER = "the lamp does not answer"

log = logging.getLogger(__name__)


class Part(msgspec.Struct, frozen=True):
    """A piece of a fade: `after_s` from its beginning, go to `level` (0 to 1) within `fade_s`."""

    after_s: float
    level: float
    fade_s: float


class Dialect(Protocol):
    """What a make of lamp wants to hear. Pure."""

    longest_s: float
    """The longest fade that the device can do in one."""
    gap_s: float
    """Requests no closer than this."""

    def put(self, level: float, fade_s: float, cct_k: int | None) -> Request:
        """Go to `level` (0 to 1) within `fade_s`."""
        ...

    def put_done(self, reply: bytes) -> None:
        """Raises NotSent when the reply says that it was not done."""
        ...

    def look(self) -> Request:
        """Ask how the lamp is."""
        ...

    def seen(self, reply: bytes) -> float | None:
        """The level that the reply to `look` tells, 0 to 1. Raises NotSent when it tells none."""
        ...

    def beat(self) -> Request | None:
        """A sign of life for the controller, sent every 5 s; None where it wants none."""
        ...


def parts(start: float, step: Step, longest_s: float) -> list[Part]:
    """A fade from `start` in equal parts on one straight line, none longer than `longest_s` (0: steps of 0.5 s)."""
    if longest_s <= 0:
        count = max(1, math.ceil(step.fade_s / 0.5))
        each_s = step.fade_s / count
        return [
            Part((at + 1) * each_s if count > 1 else 0.0, start + (step.target - start) * (at + 1) / count, 0.0)
            for at in range(count)
        ]
    count = max(1, math.ceil(step.fade_s / longest_s))
    each_s = step.fade_s / count
    return [Part(at * each_s, start + (step.target - start) * (at + 1) / count, each_s) for at in range(count)]


class TransitionLamp:
    """One lamp or group behind an HTTP controller. `go` never waits; the newest step replaces what is left of others.

    One retry a request; then the trouble is shown and the lamp is looked for every 10 s, until it is back.
    """

    def __init__(self, name: str, host: Host, dialect: Dialect) -> None:
        self.name = name
        self._host = host
        self._dialect = dialect
        self._status = LampStatus()
        self._new: tuple[float, Step] | None = None
        self._step: Step | None = None
        self._began_s = 0.0
        self._waiting: list[Part] = []
        self._look_due_s = time.monotonic()
        self._sent_s = -math.inf
        self._beat_due_s = time.monotonic() if dialect.beat() is not None else math.inf
        self._failed = False
        self._ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=f"light-{name}", daemon=True)
        self._thread.start()

    @property
    def status(self) -> LampStatus:
        """How the lamp is, and the level that it confirmed last."""
        return self._status

    @property
    def idle(self) -> bool:
        """True when nothing is waiting to be sent."""
        with self._changed:
            return self._new is None and not self._waiting

    def go(self, start: float, step: Step) -> None:
        """Go to `step.target` within `step.fade_s`; `start` (0 to 1) is where the lamp should be now."""
        with self._changed:
            self._new = (start, step)
            self._changed.notify()

    def close(self) -> None:
        """End, after what was asked last has been sent or has failed. Never raises."""
        with self._changed:
            self._ended = True
            self._changed.notify()
        self._thread.join(8.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._new is None and not self._ended:
                    self._changed.wait(max(0.0, min(self._due_s(), self._beat_due_s) - time.monotonic()))
                if self._new is not None:
                    start, step = self._new
                    self._new = None
                    self._step, self._began_s = step, time.monotonic()
                    self._waiting = parts(start, step, self._dialect.longest_s)
                ended = self._ended
            self._turn(time.monotonic())
            if not ended:
                self._beat(time.monotonic())
            if ended:
                return

    def _due_s(self) -> float:
        if not self._waiting:
            return self._look_due_s
        return max(self._began_s + self._waiting[0].after_s, self._sent_s + self._dialect.gap_s)

    def _turn(self, now_s: float) -> None:
        if self._waiting:
            if now_s + 0.001 < self._due_s():
                return
            # Parts that are late by now are passed over: the last one due says where the lamp should be.
            due = [part for part in self._waiting if self._began_s + part.after_s <= now_s + 0.001]
            part = due[-1] if due else self._waiting[0]
            with self._changed:
                del self._waiting[: max(1, len(due))]
            cct_k = self._step.cct_k if self._step is not None else None
            self._send(part.level, part.fade_s, cct_k)
            self._look_due_s = time.monotonic() + (LOOK_AGAIN_S if self._failed else part.fade_s + SETTLED_S)
        elif now_s >= self._look_due_s:
            self._look()

    def _send(self, level: float, fade_s: float, cct_k: int | None) -> None:
        try:
            self._dialect.put_done(self._twice(self._dialect.put(level, fade_s, cct_k)))
        except NotSent as trouble:
            self._fail(trouble)
        else:
            self._failed = False
            self._status = LampStatus("", self._status.confirmed)

    def _look(self) -> None:
        try:
            level = self._dialect.seen(self._host.exchange(self._dialect.look()))
        except NotSent as trouble:
            self._fail(trouble)
            return
        finally:
            self._look_due_s = time.monotonic() + (LOOK_AGAIN_S if self._failed else LOOK_S)
        self._status = LampStatus("", level)
        if self._failed and self._step is not None:
            left_s = self._began_s + self._step.fade_s - time.monotonic()
            with self._changed:
                if self._new is None:
                    start = self._step.target if level is None else level
                    self._new = (start, msgspec.structs.replace(self._step, fade_s=max(BACK_FADE_S, left_s)))
        self._failed = False
        self._look_due_s = time.monotonic() + LOOK_S

    def _beat(self, now_s: float) -> None:
        request = self._dialect.beat()
        if request is None or now_s < self._beat_due_s:
            return
        with contextlib.suppress(NotSent):  # whether the controller is there is seen by looking at the lamp
            self._host.exchange(request)
        self._beat_due_s = time.monotonic() + BEAT_S

    def _twice(self, request: Request) -> bytes:
        """The answer, with one retry; a newer step makes the retry pointless."""
        try:
            return self._once(request)
        except NotSent as trouble:
            pause_s = trouble.after_s if isinstance(trouble, TryLater) else self._dialect.gap_s
            with self._changed:
                if self._changed.wait_for(lambda: self._new is not None or self._ended, pause_s):
                    raise
            return self._once(request)

    def _once(self, request: Request) -> bytes:
        self._sent_s = time.monotonic()
        return self._host.exchange(request)

    def _fail(self, trouble: NotSent) -> None:
        log.info("%s: %s", self.name, trouble)
        self._failed = True
        with self._changed:
            self._waiting.clear()  # no storm of requests: when it is back it is brought to where it should be
        self._status = LampStatus(str(trouble) or NO_ANSWER, None)
