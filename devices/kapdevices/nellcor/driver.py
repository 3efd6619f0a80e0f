"""Driver for the Nellcor real-time text: a line every 2 s becomes numerics when the lines around it agree.

No checksum protects a digit. A number is therefore given when one of the two lines before said about the same, and on
a damaged line exactly the same; a code against the values counts at once and holds until the next line confirms that
it is gone.
"""

from __future__ import annotations

from collections import deque

from kapdevices.agreement import AboutTheSame
from kapdevices.deviceclock import DeviceClock, parse_moment
from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.nellcor import lines
from kapdevices.nellcor.lines import Line
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading

DAMAGE_MEMORY_BYTES = 1900
"""How long the line counts as damaged after bytes were passed over: about 30 lines, 1 min."""
AGREE_WITHIN_S = 7.0
XON_AFTER_S = 6.0
"""The manuals advise an XON when the output stops: the only byte that is ever sent."""

TOLERANCE = {Metric.SPO2: 6.0, Metric.PULSE_RATE: 20.0, Metric.PULSE_AMPLITUDE: 255.0}
"""How far a value may move between lines and still be believed at once; the amplitude moves as it likes."""


class NellcorDriver:
    """One oximeter that talks by itself."""

    def __init__(self) -> None:
        self._framer = Framer(lines.line_test, limit=lines.LONGEST + 16)
        self._framer.feed(b"\n")  # the first byte may be the first of a line
        self._asides = 1
        self._whole_from: int | None = None
        self._agreement = AboutTheSame(TOLERANCE, AGREE_WITHIN_S)
        self._clock = DeviceClock()
        self._lines: deque[Line] = deque(maxlen=3)
        self._model = ""
        self._alarm = ""
        self._unknown: tuple[str, ...] = ()
        self._low_battery = False
        self._heard_at_s: float | None = None

    @property
    def counts(self) -> PacketCounts:
        """Data and heading lines, lines that are not as documented, bytes skipped."""
        counts = self._framer.counts
        return PacketCounts(counts.good - self._asides, counts.bad, counts.skipped)

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give numerics with each data line, words about the device when they change."""
        if data:
            self._heard_at_s = now_s
        readings: list[Reading] = []
        for packet in self._framer.feed(data):
            if self._whole_from is None:
                self._whole_from = packet.offset  # what was cut off before the first line's end is no damage
            line = lines.parse(packet.data[:-1])
            if line is not None:
                self._lines.append(line)
                readings.extend(self._clock.hear(parse_moment(packet.data[:18], "%d-%b-%y %H:%M:%S"), now_s))
                readings.extend(self._numerics(line, self._doubtful(packet), now_s))
                readings.extend(self._words())
            elif len(packet.data) == 1:
                self._asides += 1
            elif (model := lines.heading(packet.data[:-1])) and model != self._model:
                self._model = model
                readings.append(DeviceStatus("device-model", f"the oximeter calls itself {model}"))
        return readings

    def transmit(self, now_s: float) -> bytes:
        """XON after 6 s of silence and every 6 s again; otherwise nothing."""
        if self._heard_at_s is None:
            self._heard_at_s = now_s
        if now_s - self._heard_at_s < XON_AFTER_S:
            return b""
        self._heard_at_s = now_s
        return bytes((lines.XON,))

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
        quality = next((said.quality for said in reversed(recent) if said.quality), Quality.GOOD)
        for metric, value in (
            (Metric.SPO2, line.spo2),
            (Metric.PULSE_RATE, line.pulse_rate),
            (Metric.PULSE_AMPLITUDE, line.amplitude),
        ):
            if value is None:
                self._agreement.withdraw(metric)
                readings.append(Numeric(metric, None, quality or Quality.NO_VALUE))
            elif self._agreement.hear(metric, value, now_s, doubtful) and quality is not Quality.NO_VALUE:
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
        if line.alarm_words != self._alarm and line.alarm_words == before.alarm_words:
            self._alarm = line.alarm_words
            code, words = ("device-alarm", self._alarm) if self._alarm else ("device-alarm-ended", "none any more")
            readings.append(DeviceStatus(code, f"the oximeter's own alarm: {words}"))
        low_battery = lines.LOW_BATTERY in line.codes
        if low_battery != self._low_battery and low_battery == (lines.LOW_BATTERY in before.codes):
            self._low_battery = low_battery
            code, words = ("low-battery", "low") if low_battery else ("battery-good", "good again")
            readings.append(DeviceStatus(code, f"the oximeter's battery is {words}"))
        if line.unknown_codes != self._unknown and line.unknown_codes == before.unknown_codes:
            self._unknown = line.unknown_codes
            if self._unknown:
                text = f"the oximeter sends a status that no document describes ({', '.join(self._unknown)})"
                readings.append(DeviceStatus("unknown-status", f"{text}: its values are held back"))
        return readings
