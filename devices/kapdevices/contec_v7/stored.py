"""Reads the records in the oximeter's memory, one value a second, on request only.

Nothing protects a stored value but bit 7 of its byte, so every record is asked for twice, and counts when two transfers
without a gap and of the announced length are alike. After four transfers a record is given up with a word. Nothing is
ever deleted. Source: Contec protocol V7.0; bytes for a second (2, or 4 with perfusion index) as OSCAR reads them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

from kapdevices.contec_v7 import packets
from kapdevices.contec_v7.packets import MAX_PERFUSION, NO_PERFUSION, NO_PULSE_RATE, NO_SPO2, command, payload
from kapdevices.framing import Packet
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading

ANSWER_S = 1.0
STALL_S = 2.0
PROBE_S = 2.0
KEEP_ALIVE_S = 4.0
TRIES = 3
TRANSFERS = 4
MAX_USERS = 8
MAX_BYTES = 4 * 86400 * 7
"""A record of more than a week is a damaged length."""

Second = tuple[int, int, int | None]
"""SpO2, pulse rate, perfusion index in hundredths of a percent, None for a model without."""


class Step(Enum):
    """Where the download stands."""

    STOP_STORED = auto()
    STOP_LIVE = auto()
    HELLO = auto()
    USERS = auto()
    COUNT = auto()
    START = auto()
    LENGTH = auto()
    DATA = auto()
    STOP_DATA = auto()
    DONE = auto()


_ASKS = {
    Step.STOP_STORED: packets.STOP_STORED,
    Step.STOP_LIVE: packets.STOP_LIVE,
    Step.HELLO: packets.ASK_HELLO,
    Step.USERS: packets.ASK_USERS,
    Step.COUNT: packets.ASK_COUNT,
    Step.START: packets.ASK_START,
    Step.LENGTH: packets.ASK_LENGTH,
    Step.DATA: packets.SEND_STORED,
    Step.STOP_DATA: packets.STOP_STORED,
}
_OPTIONAL = {Step.STOP_STORED: Step.STOP_LIVE, Step.STOP_LIVE: Step.HELLO, Step.USERS: Step.COUNT}
"""Steps that go on without an answer, and where to."""


class StoredSession:
    """Asks for every record of every user once; `take` what arrives, `transmit` what is due, `news` what was found."""

    def __init__(self) -> None:
        self._step = Step.STOP_STORED
        self._tries = 0
        self._due_s: float | None = None
        self._alive_s: float | None = None
        self._out: list[Reading] = []
        self._users, self._user = 1, 0
        self._segments, self._segment = 0, 0
        self._date: bytes | None = None
        self._start: datetime | None = None
        self._bytes = 0
        self._seconds: list[Second] = []
        self._end = 0
        self._kind: int | None = None
        self._broken = False
        self._attempt = 0
        self._before: list[Second] = []
        self._read = 0
        self._records = 0

    def transmit(self, now_s: float) -> bytes:
        """The command that is due, or nothing."""
        if self._due_s is not None and now_s < self._due_s:
            if self._alive_s is not None and now_s - self._alive_s >= KEEP_ALIVE_S:
                self._alive_s = now_s
                return command(packets.KEEP_ALIVE)
            return b""
        self._alive_s = now_s
        if self._step is Step.DONE:
            self._due_s = now_s + PROBE_S
            return command(packets.ASK_HELLO)
        if self._tries and self._step is Step.DATA:
            self._finish_data(now_s)  # the transfer has stalled
        elif self._tries and self._step is Step.STOP_DATA:
            self._after_data(now_s)
        elif self._tries and self._step in _OPTIONAL:
            self._enter(_OPTIONAL[self._step], now_s)
        elif self._tries >= TRIES:
            self._fail("the oximeter does not answer", now_s)
        return self._ask(now_s)

    def take(self, packet: Packet, now_s: float) -> None:
        """A device packet."""
        kind, said = packet.data[0], payload(packet.data)
        if kind == packets.FEEDBACK and said[0] == _ASKS.get(self._step) and said[1]:
            if self._step in _OPTIONAL:
                self._enter(_OPTIONAL[self._step], now_s)
            else:
                self._fail("the oximeter refuses", now_s)
        elif self._step is Step.DATA:
            self._data(packet, kind, said, now_s)
        elif self._tries:
            self._answer(kind, said, now_s)
        self._end = packet.end

    def news(self) -> list[Reading]:
        """What was read since the last call."""
        out, self._out = self._out, []
        return out

    # ---- answers

    def _answer(self, kind: int, said: bytes, now_s: float) -> None:
        step = self._step
        if kind == packets.STOPPED and step in (Step.STOP_STORED, Step.STOP_LIVE):
            self._enter(_OPTIONAL[step], now_s)
        elif kind == packets.STOPPED and step is Step.STOP_DATA:
            self._after_data(now_s)
        elif kind == packets.HELLO and step is Step.HELLO:
            self._enter(Step.USERS, now_s)
        elif kind == packets.USERS and step is Step.USERS and said[0] <= MAX_USERS:
            self._users = max(1, said[0])
            self._enter(Step.COUNT, now_s)
        elif kind == packets.COUNT and step is Step.COUNT and said[0] == self._user:
            self._segments, self._segment = said[1], -1
            self._next_segment(now_s)
        elif said[:2] == bytes((self._user, self._segment)):
            if kind == packets.START_DATE and step is Step.START:
                self._date = said
            elif kind == packets.START_TIME and step is Step.START and self._date is not None:
                self._start = packets.start_of(self._date, said)
                self._enter(Step.LENGTH, now_s)
            elif kind == packets.LENGTH and step is Step.LENGTH:
                size = int.from_bytes(said[2:6], "little")
                if 0 < size <= MAX_BYTES and size % 2 == 0:
                    self._bytes, self._attempt, self._before = size, 0, []
                    self._enter(Step.DATA, now_s)
                elif size == 0:
                    self._next_segment(now_s)

    def _data(self, packet: Packet, kind: int, said: bytes, now_s: float) -> None:
        if kind not in (packets.STORED, packets.STORED_PI):
            return
        self._broken |= packet.offset != self._end or (self._kind is not None and kind != self._kind)
        self._kind = kind
        if kind == packets.STORED:
            self._seconds += [(said[at], said[at + 1], None) for at in (0, 2, 4)]
        else:
            self._seconds.append((said[0], said[1], said[2] | said[3] << 8))
        self._due_s = now_s + STALL_S
        if len(self._seconds) >= self._announced:
            self._finish_data(now_s)

    @property
    def _announced(self) -> int:
        return self._bytes // (4 if self._kind == packets.STORED_PI else 2)

    def _finish_data(self, now_s: float) -> None:
        """The transfer has ended: give it, or ask once more, or give it up."""
        whole = not self._broken and len(self._seconds) >= self._announced
        seconds = self._seconds[: self._announced]
        believed = whole and seconds == self._before
        self._before = seconds if whole else self._before
        self._attempt = TRANSFERS if believed else self._attempt + 1
        if believed:
            self._give(seconds)
        elif self._attempt >= TRANSFERS:
            text = f"record {self._segment + 1} could not be read twice alike in {TRANSFERS} transfers: left out"
            self._out.append(DeviceStatus("record-damaged", text))
        self._enter(Step.STOP_DATA, now_s)

    def _after_data(self, now_s: float) -> None:
        if self._attempt < TRANSFERS:
            self._enter(Step.DATA, now_s)
        else:
            self._next_segment(now_s)

    def _give(self, seconds: list[Second]) -> None:
        self._records += 1
        self._read += len(seconds)
        for place, second in enumerate(seconds):
            at = None if self._start is None else (self._start + timedelta(seconds=place)).isoformat()
            self._out.extend(stored_numerics(second, at))

    # ---- steps

    def _ask(self, now_s: float) -> bytes:
        if self._step not in _ASKS:
            return b""
        self._tries += 1
        self._due_s = now_s + (STALL_S if self._step is Step.DATA else ANSWER_S)
        if self._step is Step.DATA:
            self._seconds, self._kind, self._broken = [], None, False
        if self._step is Step.COUNT:
            return command(_ASKS[self._step], self._user)
        if self._step in (Step.START, Step.LENGTH, Step.DATA):
            return command(_ASKS[self._step], self._user, self._segment)
        return command(_ASKS[self._step])

    def _enter(self, step: Step, now_s: float) -> None:
        self._step, self._tries, self._due_s = step, 0, now_s

    def _next_segment(self, now_s: float) -> None:
        self._segment += 1
        self._date, self._start = None, None
        if self._segment < self._segments:
            self._enter(Step.START, now_s)
        elif self._user + 1 < self._users:
            self._user += 1
            self._enter(Step.COUNT, now_s)
        else:
            text = f"read {self._read} s in {self._records} records from the oximeter's memory"
            self._out.append(DeviceStatus("download-done", text))
            self._enter(Step.DONE, now_s)

    def _fail(self, why: str, now_s: float) -> None:
        self._out.append(DeviceStatus("download-failed", f"the oximeter's memory could not be read: {why}"))
        self._enter(Step.DONE, now_s)


def stored_numerics(second: Second, device_time: str | None) -> list[Reading]:
    """One stored second: never live, missing where nothing was measured."""
    spo2, rate, perfusion = second
    readings: list[Reading] = [
        _stored(Metric.SPO2, spo2 in NO_SPO2, spo2 <= 100, float(spo2), device_time),
        _stored(Metric.PULSE_RATE, rate in NO_PULSE_RATE, True, float(rate), device_time),
    ]
    if perfusion is not None:
        missing, fits = perfusion == NO_PERFUSION, perfusion <= MAX_PERFUSION
        readings.append(_stored(Metric.PERFUSION_INDEX, missing, fits, perfusion / 100, device_time))
    return readings


def _stored(metric: Metric, missing: bool, fits: bool, value: float, at: str | None) -> Numeric:
    if missing:
        return Numeric(metric, None, Quality.NO_VALUE, live=False, device_time=at)
    return Numeric(metric, value, Quality.GOOD if fits else Quality.OUT_OF_RANGE, live=False, device_time=at)
