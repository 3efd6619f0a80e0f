"""Driver for DINAMAP host communications: asks in turn for cuff status, SpO2, pulse rate and temperature.

One question at a time, each value about once a second, temperature every 5 s; all of these move no air. A start is
sent for a person's command only, see `cuff`. Call `receive(b"", now_s)` when nothing arrives: what a deadline found
out is given there.
"""

from __future__ import annotations

from kapdevices.dinamap import packets
from kapdevices.dinamap.cuff import Cuff, Phase
from kapdevices.dinamap.packets import NIBP, OXIMETER, RATE, TEMPERATURE, Nibp, Other, Oximeter, Rate, Reply
from kapdevices.dinamap.values import Values
from kapdevices.driver import DeviceCommand, PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.readings import Reading

SPACING_S = 0.1
"""Least time between two lines to the monitor."""
ANSWER_S = 3.0
COMMAND_ANSWER_S = 0.4
"""How long start and cancel may be answered: whether they are at all is not documented."""
EVERY_S = {NIBP: 1.0, OXIMETER: 1.0, RATE: 1.0, TEMPERATURE: 5.0}
HURRIED_S = 0.5
AWAY_S = 30.0
AWAY_AFTER = 3
"""A part that has not answered three times is asked every 30 s only: the monitor may not have it."""
STALL_S = 1.0
"""An incomplete line is given up after this silence."""
DAMAGE_MEMORY_BYTES = 3000
"""How long the line counts as damaged after bytes were passed over: about a minute of polling."""


class DinamapDriver:
    """One monitor. Decodes also what it did not ask for, as from a capture, with or without the host's lines."""

    def __init__(self) -> None:
        self._framer = Framer(packets.line_test, limit=packets.LONGEST + 16)
        self._framer.feed(b"\r")  # the first byte may be the first of a line
        self._asides = 1
        self.cuff = Cuff()
        self._values = Values()
        self._asked: tuple[str, float] | None = None
        self._send_at_s = 0.0
        self._next_s = dict.fromkeys(EVERY_S, 0.0)
        self._misses = dict.fromkeys(EVERY_S, 0)
        self._said: dict[type, Reply] = {}
        self._heard_at_s = 0.0

    @property
    def counts(self) -> PacketCounts:
        """Answers whose check held and did not, bytes skipped. Lines of the host on a tap or echo count as neither."""
        counts = self._framer.counts
        return PacketCounts(counts.good - self._asides, counts.bad, counts.skipped)

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Start a measurement, or stop whatever the cuff does. Raises NotPossible for a start that must not be.

        The monitor chooses the first inflation itself: `initial_mmhg` of a start has no effect.
        """
        self.cuff.command(command, now_s)

    def farewell(self) -> bytes:
        """The cancel: sent on every way out, since it harms nothing when nothing runs."""
        return packets.CANCEL

    def transmit(self, now_s: float) -> bytes:
        """The one line that is due, or nothing; a cancel waits for no answer, everything else does."""
        self.cuff.watch(now_s)
        if now_s < self._send_at_s:
            return b""
        if line := self.cuff.cancel(now_s):
            self._asked = ("", now_s + COMMAND_ANSWER_S)
        elif self._asked is not None and now_s < self._asked[1]:
            return b""
        else:
            self._missed()
            if line := self.cuff.start(now_s):
                is_start = line == packets.START
                self._asked = ("", now_s + COMMAND_ANSWER_S) if is_start else (NIBP, now_s + ANSWER_S)
            else:
                line = self._poll(now_s)
        if line:
            self._send_at_s = now_s + SPACING_S
        return line

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes; give values with each answer, and what deadlines have found out in the meantime."""
        found: list[Packet] = []
        if self._framer.waiting and now_s - self._heard_at_s > STALL_S:
            found = self._framer.give_up()
        if data:
            self._heard_at_s = now_s
            found = found + self._framer.feed(data)
        readings: list[Reading] = []
        for packet in found:
            if len(packet.data) == 1 or packets.is_request(packet.data):
                self._asides += 1
                continue
            readings.extend(self._take(packet, now_s))
            readings.extend(self.cuff.drain())
        self.cuff.watch(now_s)
        return [*readings, *self.cuff.drain()]

    def _poll(self, now_s: float) -> bytes:
        """The question that has waited longest; the cuff's first while a measurement is under way."""
        if self.cuff.wants_rate and self._misses[RATE] < AWAY_AFTER:
            self._next_s[RATE] = min(self._next_s[RATE], now_s - ANSWER_S)
        code = min(EVERY_S, key=lambda code: self._next_s[code])
        early_s = EVERY_S[NIBP] - HURRIED_S if self.cuff.hurried else 0.0
        if self.cuff.phase is not Phase.IDLE and now_s >= self._next_s[NIBP] - early_s:
            code = NIBP
        elif now_s < self._next_s[code]:
            return b""
        away = code != NIBP and self._misses[code] >= AWAY_AFTER
        self._next_s[code] = now_s + (AWAY_S if away else EVERY_S[code])
        self._asked = (code, now_s + ANSWER_S)
        return packets.ASK[code]

    def _missed(self) -> None:
        if self._asked is not None:
            if self._asked[0]:
                self._misses[self._asked[0]] += 1
            self._asked = None

    def _answered(self, code: str) -> None:
        if code in self._misses:
            self._misses[code] = 0
        if self._asked is not None and self._asked[0] in (code, ""):
            self._asked = None

    def _take(self, packet: Packet, now_s: float) -> list[Reading]:
        reply = packets.reply(packet.data)
        if isinstance(reply, Other):
            self._missed()
            return []
        self._answered(packet.data[1:3].decode("ascii"))
        before, self._said[type(reply)] = self._said.get(type(reply)), reply
        trusted = not packet.damaged_within(DAMAGE_MEMORY_BYTES) or _same(before, reply)
        self.cuff.heard(now_s)
        if not trusted:
            return []
        if isinstance(reply, Nibp):
            self.cuff.status(reply, now_s)
        elif isinstance(reply, Rate):
            self.cuff.rate(reply)
            return self._values.rate(reply)
        elif isinstance(reply, Oximeter):
            return self._values.oximeter(reply)
        else:
            return self._values.temperature(reply)
        return []


def _same(before: Reply | None, reply: Reply) -> bool:
    """True when two answers say the same; the ages and the signal strength move on."""
    if isinstance(before, Nibp) and isinstance(reply, Nibp):
        return _fixed(before) == _fixed(reply)
    if isinstance(before, Oximeter) and isinstance(reply, Oximeter):
        return (before.state, before.spo2) == (reply.state, reply.spo2)
    if isinstance(before, packets.Temperature) and isinstance(reply, packets.Temperature):
        return (before.state, before.counter, before.tenths_f) == (reply.state, reply.counter, reply.tenths_f)
    return before == reply


def _fixed(nibp: Nibp) -> tuple[int, ...]:
    return nibp.state, nibp.cuff, nibp.systolic, nibp.diastolic, nibp.mean
