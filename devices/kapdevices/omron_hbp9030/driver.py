"""Driver for Omron HBP-9030 and HBP-9031C: listens, and gives each measurement once.

The line has no check but its fixed shape. On a clean line it is believed at once; after damage only a line that comes
twice, since a single changed digit cannot be seen.
"""

from __future__ import annotations

from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.omron_hbp9030 import lines
from kapdevices.omron_hbp9030.lines import Result
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading

DAMAGE_MEMORY_BYTES = 10 * (lines.LENGTH + 2)
"""How long the line counts as damaged after a byte was passed over: ten measurements."""

RANGES = {Metric.NIBP_SYS: (60, 260), Metric.NIBP_DIA: (30, 215), Metric.NIBP_PULSE_RATE: (40, 180)}
"""What the monitor can measure, by its manual."""
TOLERANCE = {metric: high - low for metric, (low, high) in RANGES.items()}
"""How far a value of a clean-looking line may be from the one sent: it comes once, and no changed digit shows."""


class OmronDriver:
    """One monitor, set to USB output format 5."""

    def __init__(self) -> None:
        self._framer = Framer(lines.line_test, limit=lines.LONGEST_FOREIGN + 1)
        self._framer.feed(b"\n")  # a line may begin at the first byte
        self._filling = 1
        self._foreign = 0
        self._said_foreign = False
        self._given: Result | None = None
        self._unproven: Result | None = None

    @property
    def counts(self) -> PacketCounts:
        """Measurements whose line fits and does not, bytes skipped. A line of another format counts as bad."""
        counts = self._framer.counts
        good = counts.good - self._filling - self._foreign
        return PacketCounts(good, counts.bad + self._foreign, counts.skipped)

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Raises NotPossible: nobody knows how the monitor could be started or stopped from outside."""
        raise NotPossible("this monitor cannot be started or stopped from here: use its own keys")

    def farewell(self) -> bytes:
        """Nothing: the device only talks."""
        return b""

    def transmit(self, now_s: float) -> bytes:
        """Nothing: the device only talks."""
        return b""

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give each measurement when its line has ended."""
        readings: list[Reading] = []
        for packet in self._framer.feed(data):
            if packet.data[0] in lines.FILLING:
                self._filling += 1
            elif lines.is_foreign(packet.data):
                self._foreign += 1
                if not self._said_foreign:
                    self._said_foreign = True
                    text = "the monitor sends another format: set function item 32 (USB output) to format 5"
                    readings.append(DeviceStatus("wrong-format", text))
            elif (result := lines.result(packet.data)) is not None:
                self._said_foreign = False
                readings += self._take(packet, result)
        return readings

    def _take(self, packet: Packet, result: Result) -> list[Reading]:
        if result == self._given:
            return []
        if packet.damaged_within(DAMAGE_MEMORY_BYTES) and result != self._unproven:
            self._unproven = result
            text = "a cuff reading came over a damaged line and is not shown: read it from the monitor"
            return [DeviceStatus("reading-held", text)]
        self._given, self._unproven = result, None
        return _readings(result)


def _readings(result: Result) -> list[Reading]:
    """Four numerics, always all four. The monitor sends no mean pressure; it has no value."""
    at = result.at.isoformat(timespec="minutes")
    if result.error:
        text = f"the monitor reports error {result.error}: see the list of errors in its manual"
        failed = [Numeric(metric, None, Quality.MEASUREMENT_FAILED, device_time=at) for metric in NIBP_METRICS]
        return [DeviceStatus("cuff-failed", text), *failed]
    values = {
        Metric.NIBP_SYS: result.systolic,
        Metric.NIBP_DIA: result.diastolic,
        Metric.NIBP_PULSE_RATE: result.pulse_rate,
    }
    assert result.systolic is not None
    assert result.diastolic is not None
    upside_down = result.systolic <= result.diastolic
    readings: list[Reading] = []
    for metric in NIBP_METRICS:
        value = values.get(metric)
        if value is None:
            readings.append(Numeric(metric, None, Quality.NO_VALUE, device_time=at))
            continue
        low, high = RANGES[metric]
        quality = Quality.MOTION if result.movement else Quality.GOOD
        if not low <= value <= high or (upside_down and metric is not Metric.NIBP_PULSE_RATE):
            quality = Quality.OUT_OF_RANGE
        readings.append(Numeric(metric, float(value), quality, device_time=at))
    words = "measurement done; the arm moved during it" if result.movement else "measurement done"
    return [*readings, DeviceStatus("cuff-done", words)]
