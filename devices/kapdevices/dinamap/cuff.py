"""The cuff of a DINAMAP monitor: one determination at a person's command, its stop, and what the monitor does itself.

What is safe by structure: the start bytes are taken from the one pending command, which is emptied by that; they are
sent only right after the monitor has answered that it is idle, only within 5 s of the command, and never again. The
answer to a start is not documented, so only the status line decides whether the cuff runs.
"""

from __future__ import annotations

from enum import Enum, auto

from kapdevices.dinamap import packets
from kapdevices.dinamap.packets import Nibp, Rate
from kapdevices.dinamap.values import nibp_readings
from kapdevices.driver import DeviceCommand, NotPossible, StartCuff
from kapdevices.readings import DeviceStatus, Quality, Reading, nibp_failure

START_WITHIN_S = 5.0
READY_FOR_S = 1.0
BETWEEN_STARTS_S = 60.0
BEGIN_WITHIN_S = 10.0
LONGEST_S = 180.0
UNHEARD_S = 15.0
RATE_WITHIN_S = 4.0
"""How long a new determination waits for its pulse rate."""
AGAIN_S = 1.0
BELIEVED_S = 3.0
"""Without a second quiet answer by then, the cancel is sent again."""
CANCEL_TRIES = 20
UNOBEYED_CANCELS = 5


class Phase(Enum):
    """Where a determination stands."""

    IDLE = auto()
    CHECKING = auto()
    STARTING = auto()
    RUNNING = auto()
    STOPPING = auto()


class Cuff:
    """Decides when start and cancel are sent, and what the status lines mean one after the other."""

    def __init__(self) -> None:
        self.phase = Phase.IDLE
        self._pending: StartCuff | None = None
        self._commanded_s = 0.0
        self._check_at_s = 0.0
        self._checked = False
        self._ready_s: float | None = None
        self._started_s: float | None = None
        self._ours = False
        self._measuring = False
        self._heard_s = 0.0
        self._cancel_at_s: float | None = None
        self._tries = 0
        self._quiet = 0
        self._by_person = False
        self._last: Nibp | None = None
        self._reference: Nibp | None = None
        self._result: Nibp | None = None
        self._rate_by_s = 0.0
        self._queue: list[Reading] = []

    @property
    def wants_rate(self) -> bool:
        """True while a new determination waits for the pulse rate."""
        return self._result is not None

    @property
    def hurried(self) -> bool:
        """True while the status is wanted sooner than once a second."""
        return self.phase in (Phase.STARTING, Phase.STOPPING)

    def drain(self) -> list[Reading]:
        """What was found out since the last call."""
        queue, self._queue = self._queue, []
        return queue

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Start a determination, or stop whatever the cuff does. Raises NotPossible for a start that must not be."""
        if not isinstance(command, StartCuff):
            self._stop(now_s, by_person=True)
            return
        if self.phase is not Phase.IDLE:
            raise NotPossible("a measurement is already under way or just being stopped")
        if command.patient not in ("adult", "paediatric", "neonatal"):
            raise NotPossible(f"unknown kind of patient: {command.patient}")
        if self._started_s is not None and now_s - self._started_s < BETWEEN_STARTS_S:
            wait_s = BETWEEN_STARTS_S - (now_s - self._started_s)
            raise NotPossible(f"the cuff was inflated less than a minute ago; wait {wait_s:.0f} s")
        self._pending, self._commanded_s, self._check_at_s = command, now_s, now_s
        self._checked, self._ready_s = False, None
        self.phase = Phase.CHECKING

    # ---- lines to the monitor

    def cancel(self, now_s: float) -> bytes:
        """The cancel when it is due; it waits for no answer."""
        if self._cancel_at_s is None or now_s < self._cancel_at_s:
            return b""
        self._tries += 1
        self._quiet = 0
        if self._tries == UNOBEYED_CANCELS:
            text = "the monitor does not answer the stop: press its own stop key and take the cuff off"
            self._ended("cuff-failed", text, Quality.MEASUREMENT_FAILED)
        self._cancel_at_s = now_s + AGAIN_S if self._tries < CANCEL_TRIES else None
        if self._cancel_at_s is None:
            self.phase = Phase.IDLE
        return packets.CANCEL

    def start(self, now_s: float) -> bytes:
        """The question that goes before a start, then the start, once; called when the line is free."""
        if self._pending is None:
            return b""
        if self._ready_s is not None and now_s - self._ready_s <= READY_FOR_S:
            return self._start(now_s)
        if now_s < self._check_at_s:
            return b""
        self._check_at_s, self._checked, self._ready_s = now_s + AGAIN_S, True, None
        return packets.CHECK_FIRST

    def _start(self, now_s: float) -> bytes:
        """The only place that sends a start; what is pending is gone after it."""
        self._pending, self._ready_s = None, None
        self._started_s = self._heard_s = now_s
        self._ours = self._measuring = True
        self.phase = Phase.STARTING
        return packets.START

    def watch(self, now_s: float) -> None:
        """What time alone decides."""
        if self._result is not None and now_s >= self._rate_by_s:
            self._give(None)
        if self._pending is not None and now_s - self._commanded_s > START_WITHIN_S:
            self._refuse("cuff-refused", "the monitor does not answer; nothing was started")
        elif self.phase in (Phase.STARTING, Phase.RUNNING) and self._ours and self._started_s is not None:
            ran_s = now_s - self._started_s
            if now_s - self._heard_s > UNHEARD_S:
                self._fail("the monitor no longer answers; it was told to stop: look at the cuff", now_s)
            elif self.phase is Phase.STARTING and ran_s > BEGIN_WITHIN_S:
                self._fail("the monitor did not begin to measure", now_s)
            elif ran_s > LONGEST_S:
                self._fail("the measurement ran longer than 180 s and was stopped", now_s)

    # ---- lines from the monitor

    def rate(self, reply: Rate) -> None:
        """The pulse rate that a new determination waits for."""
        if self._result is not None:
            self._give(reply.per_min if reply.source == packets.FROM_NIBP else None)

    def heard(self, now_s: float) -> None:
        """The monitor has answered something."""
        self._heard_s = now_s

    def status(self, reply: Nibp, now_s: float) -> None:
        """A status line that may be believed."""
        before, self._last = self._last, reply
        reference, new = self._reference, self._is_new(reply)
        if reply.state in (packets.BUSY, packets.GOOD):
            self._reference = reply
        if self.phase is Phase.CHECKING and self._checked:
            self._answer_check(reply, now_s)
        busy = reply.state == packets.BUSY
        if new:
            self._await_rate(reply, now_s)
        elif reference is None and reply.state == packets.GOOD and reply.age_s is not None:
            text = f"the monitor holds a reading that was {reply.age_s} s old at first contact; it is not given again"
            self._queue.append(DeviceStatus("nibp-in-memory", text))
        if self.phase is Phase.STOPPING:
            self._stopping(busy, now_s)
        elif busy:
            if self.phase in (Phase.IDLE, Phase.STARTING):
                self._runs()
        elif new:
            if self.phase in (Phase.STARTING, Phase.RUNNING):
                self.phase = Phase.IDLE
        elif self.phase is Phase.RUNNING or (
            self.phase is Phase.STARTING and before is not None and before.state != reply.state != packets.GOOD
        ):
            self._failed(reply)

    def _is_new(self, reply: Nibp) -> bool:
        """A good determination that is younger than the one known before, or another one."""
        known = self._reference
        if reply.state != packets.GOOD or reply.age_s is None or known is None:
            return False
        return known.age_s is None or reply.age_s < known.age_s or _pressures(reply) != _pressures(known)

    def _answer_check(self, reply: Nibp, now_s: float) -> None:
        assert self._pending is not None
        if reply.state == packets.BUSY:
            self._refuse("cuff-busy", "the monitor is measuring already; nothing was started")
        elif words := _misfit(self._pending, reply):
            self._refuse("cuff-refused", words)
        else:
            self._ready_s = now_s

    def _runs(self) -> None:
        self._ours = self.phase is Phase.STARTING
        text = "the cuff is inflating" if self._ours else "the monitor started a measurement"
        self._queue.append(DeviceStatus("cuff-inflating", text))
        self._measuring = True
        self.phase = Phase.RUNNING

    def _failed(self, reply: Nibp) -> None:
        self.phase = Phase.IDLE
        if reply.state == packets.GOOD:
            text = "the measurement ended without a new reading: stopped at the monitor?"
        else:
            text = f"state {reply.state}: {packets.FAILURES.get(reply.state, 'not described in the manual')}"
        self._ended("cuff-failed", text, Quality.MEASUREMENT_FAILED)

    def _await_rate(self, reply: Nibp, now_s: float) -> None:
        if self._result is not None:
            self._give(None)
        self._result, self._rate_by_s, self._measuring = reply, now_s + RATE_WITHIN_S, False

    def _give(self, rate: int | None) -> None:
        assert self._result is not None
        self._queue.extend(nibp_readings(self._result, rate))
        self._result = None

    def _stopping(self, busy: bool, now_s: float) -> None:
        if not self._tries:
            return
        if busy:
            if self._quiet:
                self._cancel_at_s, self._quiet = now_s, 0
            return
        self._quiet += 1
        self._tries = 1  # it does obey; what is counted are cancels without an effect
        self._cancel_at_s = now_s + BELIEVED_S
        if self._quiet == 2:
            self._cancel_at_s, self.phase = None, Phase.IDLE
            if self._by_person:
                text = "the cuff was told to stop and the monitor is idle"
                self._ended("cuff-stopped", text, Quality.STOPPED)

    # ---- changes of phase

    def _refuse(self, code: str, text: str) -> None:
        self._pending, self._ready_s = None, None
        self._queue.append(DeviceStatus(code, text))
        self.phase = Phase.IDLE

    def _fail(self, text: str, now_s: float) -> None:
        """Say that the measurement failed, and stop the cuff in any case."""
        self._ended("cuff-failed", text, Quality.MEASUREMENT_FAILED)
        self._stop(now_s, by_person=False)

    def _ended(self, code: str, text: str, quality: Quality) -> None:
        self._queue.extend(nibp_failure(code, text, quality) if self._measuring else [DeviceStatus(code, text)])
        self._measuring = False

    def _stop(self, now_s: float, by_person: bool) -> None:
        self._pending, self._ready_s = None, None
        self._by_person = by_person or (self.phase is Phase.STOPPING and self._by_person)
        self._cancel_at_s, self._tries, self._quiet = now_s, 0, 0
        self.phase = Phase.STOPPING


def _pressures(nibp: Nibp) -> tuple[int, int, int]:
    return nibp.systolic, nibp.diastolic, nibp.mean


def _misfit(command: StartCuff, nibp: Nibp) -> str:
    """Why the kind of patient does not fit the hose that the monitor sees; empty when it does."""
    if command.patient == "neonatal" and nibp.cuff != packets.NEONATE:
        return "the monitor is not set up for neonates"
    if command.patient != "neonatal" and nibp.cuff == packets.NEONATE:
        return f"the monitor is set up for neonates, not for a cuff of kind {command.patient}"
    return ""
