"""Driver for Masimo ASCII 1: only listens; a line a second becomes numerics when the lines around it agree.

No checksum protects a digit. A number is therefore given when one of the two lines before said about the same, and on
a damaged line exactly the same; a flag against the values is given at once and holds until the next line confirms
that it is gone.
"""

from __future__ import annotations

from collections import deque

from kapdevices.agreement import AboutTheSame
from kapdevices.deviceclock import DeviceClock, parse_moment
from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.masimo_ascii1 import lines
from kapdevices.masimo_ascii1.lines import Line
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading

DAMAGE_MEMORY_BYTES = 4000
"""How long the line counts as damaged after bytes were passed over: about 30 lines."""
AGREE_WITHIN_S = 4.0

TOLERANCE = {
    Metric.SPO2: 4.0,
    Metric.PULSE_RATE: 15.0,
    Metric.PERFUSION_INDEX: 5.0,
    Metric.SPCO: 3.0,
    Metric.SPMET: 1.0,
    Metric.PVI: 15.0,
}
"""How far a value may move between lines and still be believed at once; the device averages over 2 to 16 s."""
ALWAYS = frozenset((Metric.SPO2, Metric.PULSE_RATE, Metric.PERFUSION_INDEX))
"""Dashes are reported for these; for the others only once the device has measured them."""


class MasimoAscii1Driver:
    """One oximeter that talks by itself."""

    def __init__(self) -> None:
        self._framer = Framer(lines.line_test, limit=lines.LONGEST + 16)
        self._framer.feed(b"\n")  # the first byte may be the first of a line
        self._asides = 1
        self._whole_from: int | None = None
        self._agreement = AboutTheSame(TOLERANCE, AGREE_WITHIN_S)
        self._lines: deque[Line] = deque(maxlen=3)
        self._clock = DeviceClock()
        self._alarm = ""
        self._message = ""
        self._low_battery = False
        self._measured: set[Metric] = set()

    @property
    def counts(self) -> PacketCounts:
        """Lines that are as documented, lines that are not, bytes skipped."""
        counts = self._framer.counts
        return PacketCounts(counts.good - self._asides, counts.bad, counts.skipped)

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give numerics with each line, words about the device when they change."""
        readings: list[Reading] = []
        for packet in self._framer.feed(data):
            if self._whole_from is None:
                self._whole_from = packet.offset  # what was cut off before the first line's end is no damage
            line = lines.parse(packet.data[:-1]) if len(packet.data) > 1 else None
            if line is None:
                self._asides += 1
                continue
            self._lines.append(line)
            readings.extend(self._clock.hear(parse_moment(packet.data[:17], "%m/%d/%y %H:%M:%S"), now_s))
            readings.extend(self._numerics(line, self._doubtful(packet), now_s))
            readings.extend(self._words())
        return readings

    def transmit(self, now_s: float) -> bytes:
        """Nothing: the device takes no commands."""
        return b""

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Raises NotPossible: an oximeter has no cuff."""
        raise NotPossible("this device is a pulse oximeter and has no cuff")

    def farewell(self) -> bytes:
        """Nothing: the device only talks."""
        return b""

    def _doubtful(self, packet: Packet) -> bool:
        if packet.damage_at is None or self._whole_from is None or packet.damage_at < self._whole_from:
            return False
        return packet.damaged_within(DAMAGE_MEMORY_BYTES)

    def _numerics(self, line: Line, doubtful: bool, now_s: float) -> list[Reading]:
        readings: list[Reading] = []
        recent = list(self._lines)[-3 if doubtful else -2 :]
        for metric, value in line.values.items():
            flags = (lines.quality(said.exceptions, metric) for said in reversed(recent))
            quality = next((flag for flag in flags if flag), Quality.GOOD)
            if value is None:
                self._agreement.withdraw(metric)
                if metric in ALWAYS or metric in self._measured:
                    readings.append(Numeric(metric, None, quality or Quality.NO_VALUE))
            elif self._agreement.hear(metric, value, now_s, doubtful):
                self._measured.add(metric)
                readings.append(Numeric(metric, value, quality))
            elif quality:
                readings.append(Numeric(metric, None, quality))
        return readings

    def _words(self) -> list[Reading]:
        """What two lines in succession say about the device, when it is news."""
        if len(self._lines) < 2:
            return []
        before, line = self._lines[-2], self._lines[-1]
        readings: list[Reading] = []
        alarm, message = lines.alarm_words(line.alarm), lines.message_words(line.exceptions)
        low_battery = bool(line.alarm & lines.LOW_BATTERY)
        if alarm != self._alarm and alarm == lines.alarm_words(before.alarm):
            self._alarm = alarm
            readings.append(_news("device-alarm", "the oximeter's own alarm", alarm))
        if message != self._message and message == lines.message_words(before.exceptions):
            self._message = message
            readings.append(_news("sensor-message", "the oximeter says", message))
        if low_battery != self._low_battery and low_battery == bool(before.alarm & lines.LOW_BATTERY):
            self._low_battery = low_battery
            code, words = ("low-battery", "low") if low_battery else ("battery-good", "good again")
            readings.append(DeviceStatus(code, f"the oximeter's battery is {words}"))
        return readings


def _news(code: str, who: str, words: str) -> DeviceStatus:
    return DeviceStatus(code, f"{who}: {words}") if words else DeviceStatus(f"{code}-ended", f"{who}: none any more")
