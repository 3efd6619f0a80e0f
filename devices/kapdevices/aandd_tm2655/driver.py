"""Driver for A&D TM-2655P and TM-2657: reads the last result, starts a measurement at a person's command, stops it.

The monitor tells neither the cuff's pressure nor that it measures. Safe by structure: the start is taken from the one
pending command, which is emptied by that; it goes out within 3 s of the command or not at all, and never again. A start
without an acknowledgement, and a measurement without a result after 180 s, end with a stop. A stop is repeated until it
was acknowledged twice, since one acknowledgement may belong to what was sent before it.

Call `receive(b"", now_s)` when nothing arrives: what a deadline found out is given there.
"""

from __future__ import annotations

from enum import Enum, auto

from kapdevices.aandd_tm2655 import packets
from kapdevices.aandd_tm2655.packets import Result
from kapdevices.aandd_tm2655.results import readings_of
from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts, StartCuff
from kapdevices.framing import Framer, Packet
from kapdevices.readings import DeviceStatus, Quality, Reading, nibp_failure

SPACING_S = 0.1
"""Least time between two commands; ten bytes take 42 ms at 2400 baud."""
ANSWER_S = 1.0
PROBE_S = 5.0
"""How often the last result is read while nothing runs: finds what was started at the monitor, and a pulled cable."""
CONFIRM_S = 1.0
POLL_FROM_S = 45.0
"""A running measurement is not disturbed sooner: the monitor sends the result by itself."""
START_WITHIN_S = 3.0
START_ANSWER_S = 2.0
BETWEEN_STARTS_S = 60.0
LONGEST_S = 180.0
STOP_EVERY_S = 1.0
STOP_TRIES = 20
STOP_ANSWERS = 2
UNANSWERED_STOPS = 5
AFTER_STOP_S = 30.0
"""For so long an error in the result is that of the measurement that was stopped."""
UNASKED_S = 20.0
"""A first result is the monitor's memory when it was asked for within this time, and a new one otherwise."""
DAMAGE_MEMORY_BYTES = 700
"""How long the line counts as damaged after a byte was passed over: ten results."""


class Phase(Enum):
    """Where a measurement stands."""

    IDLE = auto()
    STARTING = auto()
    RUNNING = auto()
    STOPPING = auto()


class AanddDriver:
    """One monitor. Decodes also what it did not ask for, as from a capture, with or without the host's commands."""

    def __init__(self) -> None:
        self._framer = Framer(packets.packet_test, limit=packets.LONGEST)
        self._asides = 0
        self._bad_checks = 0
        self._bad_check_at = -DAMAGE_MEMORY_BYTES
        self._phase = Phase.IDLE
        self._since_s = 0.0
        self._pending = False
        self._commanded_s = 0.0
        self._started_s: float | None = None
        self._stopped_s: float | None = None
        self._send_at_s = 0.0
        self._poll_at_s = 0.0
        self._stop_at_s: float | None = None
        self._stops = 0
        self._stop_answers = 0
        self._stop_unanswered = False
        self._by_person = False
        self._silence_said = False
        self._measuring = False
        self._asked_s: float | None = None
        self._unproven: bytes | None = None
        self._alike = 0
        self._check_known = False
        self._known: Result | None = None
        self._queue: list[Reading] = []

    @property
    def counts(self) -> PacketCounts:
        """Packets good and bad, bytes skipped. Commands on a tapped line and what only fills count as neither."""
        counts = self._framer.counts
        good = counts.good - self._asides - self._bad_checks
        return PacketCounts(good, counts.bad + self._bad_checks, counts.skipped)

    @property
    def phase(self) -> Phase:
        """Where the measurement stands."""
        return self._phase

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Start a measurement, or stop it. Raises NotPossible for a start that must not be.

        The first inflation is set at the monitor; `initial_mmhg` has no effect.
        """
        if not isinstance(command, StartCuff):
            self._stop(now_s, by_person=True)
            return
        if self._phase is not Phase.IDLE:
            raise NotPossible("a measurement is already under way or just being stopped")
        if command.patient != "adult":
            raise NotPossible("this monitor measures adults only")
        if self._started_s is not None and now_s - self._started_s < BETWEEN_STARTS_S:
            wait_s = BETWEEN_STARTS_S - (now_s - self._started_s)
            raise NotPossible(f"the cuff was inflated less than a minute ago; wait {wait_s:.0f} s")
        self._pending, self._commanded_s = True, now_s
        self._enter(Phase.STARTING, now_s)

    def farewell(self) -> bytes:
        """The stop: sent on every way out, since it harms nothing when nothing runs."""
        return packets.STOP

    # ---- bytes to the monitor

    def transmit(self, now_s: float) -> bytes:
        """The one command that is due, or nothing; at least 100 ms lie between two."""
        self._watch(now_s)
        if now_s < self._send_at_s:
            return b""
        packet = self._due(now_s)
        if packet:
            self._send_at_s = now_s + SPACING_S
        return packet

    def _due(self, now_s: float) -> bytes:
        if self._phase is Phase.STOPPING:
            if self._stop_at_s is None or now_s < self._stop_at_s:
                return b""
            self._stops += 1
            self._stop_unanswered = True
            self._stop_at_s = now_s + STOP_EVERY_S if self._stops < STOP_TRIES else None
            return packets.STOP
        if self._phase is Phase.STARTING:
            answered = self._asked_s is None or now_s - self._asked_s > ANSWER_S
            return self._start(now_s) if self._pending and answered else b""
        if now_s < self._poll_at_s:
            return b""
        self._poll_at_s = now_s + PROBE_S
        self._asked_s = now_s
        return packets.LAST_RESULT

    def _start(self, now_s: float) -> bytes:
        """The only place that sends a start; what is pending is gone after it."""
        self._pending = False
        self._started_s = now_s
        self._measuring = True
        self._enter(Phase.STARTING, now_s)
        return packets.START

    def _watch(self, now_s: float) -> None:
        """What time alone decides."""
        if self._pending and now_s - self._commanded_s > START_WITHIN_S:
            self._pending = False
            text = "the start could not be sent in time; nothing was started"
            self._queue.append(DeviceStatus("cuff-refused", text))
            self._enter(Phase.IDLE, now_s)
        elif self._phase is Phase.STARTING and not self._pending and now_s - self._since_s > START_ANSWER_S:
            self._fail("the monitor did not answer the start and was told to stop", now_s)
        elif self._phase is Phase.RUNNING and now_s - self._since_s > LONGEST_S:
            self._fail("no result after 180 s; the monitor was told to stop", now_s)
        elif self._phase is Phase.STOPPING and self._stops >= UNANSWERED_STOPS and not self._stop_answers:
            if not self._silence_said:
                self._silence_said, self._by_person = True, False
                text = "the monitor does not answer the stop: look at the cuff and use the monitor's own stop key"
                self._end("cuff-failed", text, Quality.MEASUREMENT_FAILED)
            if self._stop_at_s is None and now_s - self._since_s > STOP_TRIES * STOP_EVERY_S:
                self._enter(Phase.IDLE, now_s)
        elif self._phase is Phase.STOPPING and self._stop_at_s is None:
            self._stopped(now_s)

    # ---- bytes from the monitor

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes; give results, and what deadlines have found out in the meantime."""
        for packet in self._framer.feed(data):
            if packets.is_ack(packet.data):
                self._asides += len(packet.data) == 1
                self._acknowledged(now_s)
            elif packets.has_text(packet.data) and packets.text_of(packet.data).decode("ascii") not in packets.COMMANDS:
                self._result(packet, now_s)
            else:
                self._asides += 1
        readings, self._queue = self._queue, []
        return readings

    def _acknowledged(self, now_s: float) -> None:
        if self._phase is Phase.STARTING and not self._pending:
            self._queue.append(DeviceStatus("cuff-inflating", "the monitor has taken the start"))
            self._poll_at_s = now_s + POLL_FROM_S
            self._enter(Phase.RUNNING, now_s)
        elif self._phase is Phase.STOPPING and self._stop_unanswered:
            self._stop_unanswered = False
            self._stop_answers += 1
            if self._stop_answers >= STOP_ANSWERS:
                self._stopped(now_s)

    def _result(self, packet: Packet, now_s: float) -> None:
        asked = self._asked_s is not None and now_s - self._asked_s <= UNASKED_S
        text = packets.text_of(packet.data)
        holds = packets.check_holds(packet.data)
        doubtful = not holds or packet.offset - self._bad_check_at < DAMAGE_MEMORY_BYTES
        if not holds:
            self._bad_check_at = packet.offset
        self._check_known |= holds
        if doubtful or packet.damaged_within(DAMAGE_MEMORY_BYTES):
            self._alike = self._alike + 1 if text == self._unproven else 1
            if self._alike < (2 if holds or not self._check_known else 3):
                self._bad_checks += not holds
                self._unproven = text
                self._poll_at_s = min(self._poll_at_s, now_s + CONFIRM_S)
                return
        else:
            self._unproven = None
        result = packets.result(text)
        if result is None or result == self._known:
            return
        memory = self._known is None and asked
        self._known = result
        stopped = self._stopped_s is not None and now_s - self._stopped_s < AFTER_STOP_S
        if memory or self._phase is Phase.STOPPING or (stopped and result.error):
            return
        self._queue.extend(readings_of(result))
        if self._phase is Phase.RUNNING:
            self._measuring = False
            self._poll_at_s = now_s + PROBE_S
            self._enter(Phase.IDLE, now_s)

    # ---- ends

    def _enter(self, phase: Phase, now_s: float) -> None:
        self._phase, self._since_s = phase, now_s

    def _fail(self, text: str, now_s: float) -> None:
        """Say that the measurement failed, and stop the cuff in any case."""
        self._end("cuff-failed", text, Quality.MEASUREMENT_FAILED)
        self._stop(now_s, by_person=False)

    def _end(self, code: str, text: str, quality: Quality) -> None:
        self._queue.extend(nibp_failure(code, text, quality) if self._measuring else [DeviceStatus(code, text)])
        self._measuring = False

    def _stop(self, now_s: float, by_person: bool) -> None:
        self._by_person = by_person or (self._phase is Phase.STOPPING and self._by_person)
        self._pending, self._silence_said = False, False
        self._stop_at_s, self._stops, self._stop_answers, self._stop_unanswered = now_s, 0, 0, False
        self._enter(Phase.STOPPING, now_s)

    def _stopped(self, now_s: float) -> None:
        self._stopped_s = now_s
        if self._by_person:
            self._by_person = False
            self._end("cuff-stopped", "the monitor was told to stop and answered", Quality.STOPPED)
        self._poll_at_s = now_s + CONFIRM_S
        self._enter(Phase.IDLE, now_s)
