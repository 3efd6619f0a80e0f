"""Driver for SunTech OEM NIBP modules: one measurement at a person's command, its pressure, its result, its stop.

What is safe by structure: the start bytes are taken from the one pending command, which is emptied by that; they are
sent only while the module has answered within the last second, only within 3 s of the command, and never again.
Whatever is unclear afterwards is settled by reading the cuff pressure, and ends with an abort.

Call `receive(b"", now_s)` when nothing arrives: what a deadline found out is given there.
"""

from __future__ import annotations

from enum import Enum, auto

from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts, StartCuff
from kapdevices.framing import Framer, Packet
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, nibp_failure
from kapdevices.suntech import packets
from kapdevices.suntech.results import readings_of

SPACING_S = 0.1
"""Least time between two commands."""
AFTER_STOP_S = 0.5
"""A set-inflation sooner after a stop loses an answer."""
ANSWER_S = 1.0
POLL_S = 0.25
PROBE_S = 2.0
START_WITHIN_S = 3.0
RISE_WITHIN_S = 8.0
"""Without an answer to the start, a running pump shows itself in the cuff pressure by then."""
NO_INFLATION_S = 30.0
LONGEST_S = 180.0
STALL_S = 0.15
"""An incomplete packet is given up after this silence: the longest takes 70 ms on the line, polls come each 250 ms."""

IDLE_MMHG = 15
LOW_MMHG = 30
ROSE_MMHG = 40
LOW_POLLS = 8
READ_TRIES = 6
ABORT_TRIES = 20
UNANSWERED_ABORTS = 5

PRESSURE_MEMORY_BYTES = 400
"""How long the line counts as damaged for cuff pressures: about 20 s of polling."""
RESULT_MEMORY_BYTES = 4800
"""How long it does for a result nobody asked for. One that was asked for is always read until two reads agree."""


class Phase(Enum):
    """Where a measurement stands."""

    IDLE = auto()
    SETTING = auto()
    STARTING = auto()
    UNSURE = auto()
    RUNNING = auto()
    FINISHING = auto()
    FETCHING = auto()
    STOPPING = auto()


class SuntechDriver:
    """One module. Decodes also what it did not ask for, as from a capture, with or without the host's packets."""

    def __init__(self) -> None:
        self._framer = Framer(packets.packet_test, limit=128)
        self._host_packets = 0
        self._phase = Phase.IDLE
        self._since_s = 0.0
        self._pending: StartCuff | None = None
        self._commanded_s = 0.0
        self._started_s: float | None = None
        self._send_at_s = 0.0
        self._set_at_s = 0.0
        self._poll_at_s = 0.0
        self._abort_at_s: float | None = None
        self._tries = 0
        self._stopped_by_person = False
        self._measuring = False
        self._heard_at_s: float | None = None
        self._queue: list[Reading] = []
        self._forget_run()
        self._mmhg_before: int | None = None
        self._pressure_before: bytes | None = None
        self._result_before: Packet | None = None
        self._result_given: bytes | None = None

    def _forget_run(self) -> None:
        self._rose = False
        self._low_polls = 0
        self._read: bytes | None = None

    @property
    def counts(self) -> PacketCounts:
        """Module packets good and bad, bytes skipped. Host packets on a tapped line count as neither."""
        counts = self._framer.counts
        return PacketCounts(counts.good - self._host_packets, counts.bad, counts.skipped)

    @property
    def phase(self) -> Phase:
        """Where the measurement stands."""
        return self._phase

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Start a measurement, or stop whatever the cuff does. Raises NotPossible for a start that must not be."""
        if not isinstance(command, StartCuff):
            self._stop(now_s, by_person=True)
            return
        if self._phase is not Phase.IDLE:
            raise NotPossible("a measurement is already under way or just being stopped")
        if command.patient not in ("adult", "paediatric", "neonatal"):
            raise NotPossible(f"unknown kind of patient: {command.patient}")
        low, high = packets.limits_mmhg(command.patient)
        if not low <= command.initial_mmhg <= high:
            raise NotPossible(f"the first inflation must be {low} to {high} mmHg for {command.patient} cuffs")
        self._pending, self._commanded_s, self._tries = command, now_s, 0
        self._forget_run()
        self._enter(Phase.SETTING, now_s)

    def farewell(self) -> bytes:
        """The abort: sent on every way out, since it harms nothing when nothing runs."""
        return packets.ABORT

    # ---- bytes to the module

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
        if self._abort_at_s is not None and now_s >= self._abort_at_s:
            self._tries += 1
            if self._tries == UNANSWERED_ABORTS:
                text = "the module does not answer the stop: look at the cuff and take it off"
                self._ended("cuff-failed", text, Quality.MEASUREMENT_FAILED)
            self._abort_at_s = now_s + AFTER_STOP_S if self._tries < ABORT_TRIES else None
            self._set_at_s = now_s + AFTER_STOP_S
            return packets.ABORT
        if self._phase is Phase.SETTING and self._pending is not None:
            if self._tries < 2 and now_s >= self._set_at_s:
                self._tries += 1
                self._set_at_s = now_s + ANSWER_S
                return packets.set_inflation(self._pending.initial_mmhg)
        elif self._phase is Phase.STARTING and self._pending is not None:
            return self._start(now_s)
        elif self._phase is Phase.FETCHING:
            if self._tries < READ_TRIES and now_s >= self._poll_at_s:
                self._tries += 1
                self._poll_at_s = now_s + ANSWER_S
                return packets.GET_RESULT
        elif now_s >= self._poll_at_s and self._phase is not Phase.STARTING and self._phase is not Phase.SETTING:
            self._poll_at_s = now_s + (PROBE_S if self._phase is Phase.IDLE else POLL_S)
            return packets.GET_PRESSURE
        return b""

    def _start(self, now_s: float) -> bytes:
        """The only place that sends a start; what is pending is gone after it."""
        assert self._pending is not None
        start, self._pending = self._pending, None
        self._started_s, self._since_s = now_s, now_s
        self._measuring = True
        return packets.start(start.patient)

    def _watch(self, now_s: float) -> None:
        """What time alone decides."""
        waited_s = now_s - self._since_s
        if self._pending is not None and now_s - self._commanded_s > START_WITHIN_S:
            self._refuse("cuff-refused", "the start could not be sent in time; nothing was started")
        elif self._phase is Phase.SETTING and self._tries >= 2 and now_s >= self._set_at_s:
            self._refuse("cuff-refused", "the module does not answer; nothing was started")
        elif self._phase is Phase.STARTING and self._pending is None and waited_s > ANSWER_S:
            self._enter(Phase.UNSURE, self._since_s)
        elif self._phase is Phase.UNSURE and waited_s > RISE_WITHIN_S:
            self._fail("the module did not answer the start and the cuff does not fill", now_s)
        elif self._phase in (Phase.RUNNING, Phase.FINISHING) and self._ran_s(now_s) > LONGEST_S:
            self._fail("the measurement ran longer than 180 s and was stopped", now_s)
        elif self._phase is Phase.RUNNING and not self._rose and self._ran_s(now_s) > NO_INFLATION_S:
            self._fail("the cuff did not fill: check hose and cuff", now_s)
        elif self._phase is Phase.FETCHING and self._tries >= READ_TRIES and now_s >= self._poll_at_s:
            self._fail("the result could not be read twice alike: read it from the module's own display", now_s)
        elif self._phase is Phase.STOPPING and self._abort_at_s is None and waited_s > 10:
            self._enter(Phase.IDLE, now_s)

    # ---- bytes from the module

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes; give cuff pressures, the result, and what deadlines have found out in the meantime."""
        found: list[Packet] = []
        if self._framer.waiting and self._heard_at_s is not None and now_s - self._heard_at_s > STALL_S:
            found = self._framer.give_up()
        if data:
            self._heard_at_s = now_s
            found = found + self._framer.feed(data)
        for packet in found:
            self._take(packet, now_s)
        readings, self._queue = self._queue, []
        return readings

    def _take(self, packet: Packet, now_s: float) -> None:
        if packet.data[0] == packets.HOST:
            self._host_packets += 1
        elif len(packet.data) == 4:
            self._answer(chr(packet.data[2]), packet.damaged_within(PRESSURE_MEMORY_BYTES), now_s)
        elif len(packet.data) == 5:
            self._pressure(packet, now_s)
        elif len(packet.data) == packets.BP_BYTES:
            self._result(packet, now_s)

    def _answer(self, letter: str, damaged: bool, now_s: float) -> None:
        said = packets.ANSWERS[letter]
        if self._phase is Phase.STOPPING:
            if letter in "AK" and self._abort_at_s is not None and self._tries:
                self._stop_answered(now_s)
        elif self._phase is Phase.SETTING and self._tries:
            if letter == "K":
                self._enter(Phase.STARTING, now_s)
            elif letter not in "OA":
                self._refuse("cuff-busy" if letter == "B" else "cuff-refused", f"the module says: {said}; not started")
        elif self._phase in (Phase.STARTING, Phase.UNSURE) and self._pending is None:
            if letter == "O":
                self._runs(now_s)
            elif letter in "BENDST" and self._phase is Phase.STARTING:
                self._refuse("cuff-busy" if letter == "B" else "cuff-refused", f"the module says: {said}; not started")
                if letter != "B" or damaged:
                    self._abort(now_s)  # the pump may run all the same; a sure "busy" is another's measurement
        elif self._phase is Phase.RUNNING:
            if letter == "K":
                self._enter(Phase.FINISHING, now_s)
            elif letter == "A":
                self._ended("cuff-stopped", "the measurement was stopped at the module", Quality.STOPPED)
                self._enter(Phase.IDLE, now_s)
            elif letter in "ETS":
                self._fail(f"the module says: {said}", now_s)
        elif self._phase is Phase.IDLE and letter in "OK":
            self._result_given = None
            if letter == "O":
                self._queue.append(DeviceStatus("cuff-inflating", "the module started a measurement"))

    def _pressure(self, packet: Packet, now_s: float) -> None:
        mmhg = packets.pressure_mmhg(packet.data)
        pair = (self._mmhg_before, mmhg)
        self._mmhg_before = mmhg
        self._follow(pair, now_s)
        trusted = not packet.damaged_within(PRESSURE_MEMORY_BYTES) or packet.data == self._pressure_before
        self._pressure_before = packet.data
        if mmhg is not None and mmhg > packets.MAX_CUFF_MMHG and self._phase is not Phase.STOPPING:
            # believed at once: a stop too many harms nobody
            self._fail(f"cuff pressure {mmhg} mmHg is above {packets.MAX_CUFF_MMHG}; the cuff was told to stop", now_s)
        if not trusted:
            return
        idle = self._phase in (Phase.IDLE, Phase.SETTING, Phase.FETCHING)
        if not idle or (mmhg is not None and mmhg > IDLE_MMHG):
            fits = mmhg is not None and mmhg <= packets.MAX_CUFF_MMHG
            quality = Quality.NO_VALUE if mmhg is None else Quality.GOOD if fits else Quality.OUT_OF_RANGE
            self._queue.append(Numeric(Metric.CUFF_PRESSURE, None if mmhg is None else float(mmhg), quality))
        if mmhg is not None and mmhg > IDLE_MMHG:
            self._result_given = None

    def _follow(self, pair: tuple[int | None, int | None], now_s: float) -> None:
        """What two successive cuff pressures say about where the measurement stands; None is no value."""
        known = [mmhg for mmhg in pair if mmhg is not None]
        low = len(known) == 2 and max(known) <= IDLE_MMHG
        self._low_polls = self._low_polls + 1 if low else 0
        self._rose |= len(known) == 2 and min(known) >= ROSE_MMHG
        if self._phase is Phase.UNSURE and len(known) == 2 and min(known) > IDLE_MMHG:
            self._runs(now_s)
        elif self._phase is Phase.RUNNING and self._rose and self._low_polls >= LOW_POLLS:
            self._fetch(now_s)  # the module's "done" was lost
        elif self._phase is Phase.FINISHING and max(known, default=0) <= LOW_MMHG:
            self._fetch(now_s)
        elif self._phase is Phase.STOPPING and self._abort_at_s is None:
            if low:
                self._enter(Phase.IDLE, now_s)
            elif min(known, default=0) > LOW_MMHG and now_s - self._since_s > 3:
                self._abort(now_s)  # answered, and still under pressure

    def _result(self, packet: Packet, now_s: float) -> None:
        if self._phase is Phase.FETCHING and self._tries:
            if packet.data == self._read:
                self._queue.extend(readings_of(packets.result(packet.data)))
                self._result_given, self._measuring = packet.data, False
                self._enter(Phase.IDLE, now_s)
            else:
                self._read, self._poll_at_s = packet.data, now_s
        elif self._phase is Phase.IDLE and packet.data != self._result_given:
            before, self._result_before = self._result_before, packet
            if packet.damaged_within(RESULT_MEMORY_BYTES) and (before is None or before.data != packet.data):
                return
            self._result_given = packet.data
            self._queue.extend(readings_of(packets.result(packet.data)))

    # ---- changes of phase

    def _enter(self, phase: Phase, now_s: float) -> None:
        self._phase, self._since_s = phase, now_s

    def _runs(self, now_s: float) -> None:
        self._queue.append(DeviceStatus("cuff-inflating", "the cuff is inflating"))
        self._low_polls = 0
        self._enter(Phase.RUNNING, now_s)

    def _ran_s(self, now_s: float) -> float:
        return now_s - (now_s if self._started_s is None else self._started_s)

    def _fetch(self, now_s: float) -> None:
        self._tries, self._read, self._poll_at_s = 0, None, now_s
        self._enter(Phase.FETCHING, now_s)

    def _refuse(self, code: str, text: str) -> None:
        self._pending, self._measuring = None, False
        self._queue.append(DeviceStatus(code, text))
        self._phase = Phase.IDLE

    def _fail(self, text: str, now_s: float) -> None:
        """Say that the measurement failed, and stop the cuff in any case."""
        self._ended("cuff-failed", text, Quality.MEASUREMENT_FAILED)
        self._stop(now_s, by_person=False)

    def _ended(self, code: str, text: str, quality: Quality) -> None:
        self._queue.extend(nibp_failure(code, text, quality) if self._measuring else [DeviceStatus(code, text)])
        self._measuring = False

    def _stop(self, now_s: float, by_person: bool) -> None:
        self._pending = None
        self._stopped_by_person = by_person or (self._phase is Phase.STOPPING and self._stopped_by_person)
        self._abort(now_s)

    def _abort(self, now_s: float) -> None:
        self._abort_at_s, self._tries = now_s, 0
        self._enter(Phase.STOPPING, now_s)

    def _stop_answered(self, now_s: float) -> None:
        self._abort_at_s = None
        if self._stopped_by_person:
            self._stopped_by_person = False
            self._ended("cuff-stopped", "cuff stopped on request", Quality.STOPPED)
        self._enter(Phase.STOPPING, now_s)
