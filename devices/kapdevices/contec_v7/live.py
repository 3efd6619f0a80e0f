"""The live stream, 60 packets a second, to pleth and numerics.

Nothing protects a byte but its bit 7. A value is therefore believed when three packets in a row say it (50 ms), six for
10 s after damage. An unchanged value is given twice a second, a changed one at once.
"""

from __future__ import annotations

from kapdevices.agreement import InARow
from kapdevices.contec_v7.packets import (
    LIVE_RATE_HZ,
    MAX_PERFUSION,
    NO_PERFUSION,
    NO_PULSE_RATE,
    NO_SPO2,
    PLETH_FULL_SCALE,
    Live,
    live,
)
from kapdevices.framing import Packet
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

TIMES = 3
TIMES_AFTER_DAMAGE = 6
DAMAGE_MEMORY_BYTES = 5400
"""How long a line counts as damaged after a byte was passed over: 10 s of stream."""
AGAIN_AFTER_PACKETS = 30
NEVER_AGAIN = 1 << 62


class LiveDecoder:
    """Live packets to readings, in the order in which they came. `flush` ends a piece of pleth."""

    def __init__(self) -> None:
        self._numerics: dict[Metric, InARow[Numeric]] = {
            metric: InARow(AGAIN_AFTER_PACKETS) for metric in (Metric.SPO2, Metric.PULSE_RATE, Metric.PERFUSION_INDEX)
        }
        self._low_spo2: InARow[bool] = InARow(NEVER_AGAIN)
        self._low_said = False
        self._voices: tuple[InARow[Numeric] | InARow[bool], ...] = (*self._numerics.values(), self._low_spo2)
        self._end = 0
        self._perfusion_known = False
        self._samples: list[int] = []
        self._quality = Quality.GOOD

    def take(self, packet: Packet, out: list[Reading]) -> None:
        """One packet of type LIVE; readings go to `out`."""
        said = live(packet.data)
        if packet.damage_at is not None and packet.damage_at >= self._end:
            for voice in self._voices:
                voice.interrupt()
        self._end = packet.end
        quality = quality_of(said)
        if quality is not self._quality:
            self.flush(out)
            self._quality = quality
        self._samples.append(said.pleth)
        times = TIMES_AFTER_DAMAGE if packet.damaged_within(DAMAGE_MEMORY_BYTES) else TIMES
        given = [
            numeric
            for metric, voice in self._numerics.items()
            if (numeric := voice.hear(numeric_of(metric, said, quality), times)) is not None and self._knows(numeric)
        ]
        low = self._low_spo2.hear(said.low_spo2, times)
        changed = low is not None and low is not self._low_said
        if given or changed:
            self.flush(out)
            out.extend(given)
        if changed:
            self._low_said = bool(low)
            out.append(_low_status(self._low_said))

    def flush(self, out: list[Reading]) -> None:
        """Give the samples that have gathered."""
        if self._samples:
            samples, self._samples = tuple(self._samples), []
            out.append(SampleArray(Metric.PLETH, LIVE_RATE_HZ, samples, PLETH_FULL_SCALE, self._quality))

    def pause(self) -> None:
        """The line was silent: what was said before confirms nothing."""
        for voice in self._voices:
            voice.forget()

    def _knows(self, numeric: Numeric) -> bool:
        """A model without perfusion index never gives one; that is no missing value."""
        if numeric.metric is Metric.PERFUSION_INDEX:
            self._perfusion_known |= numeric.value is not None
            return self._perfusion_known
        return True


def quality_of(said: Live) -> Quality:
    """What the flags of a packet mean for everything in it."""
    if said.finger_out:
        return Quality.SENSOR_OFF
    if said.searching or said.searching_long:
        return Quality.SEARCHING
    return Quality.GOOD


def numeric_of(metric: Metric, said: Live, quality: Quality) -> Numeric:
    """One value of a packet; what is missing has no number and says why."""
    if metric is Metric.SPO2:
        missing, value, fits = said.spo2 in NO_SPO2, float(said.spo2), said.spo2 <= 100
    elif metric is Metric.PULSE_RATE:
        missing, value, fits = said.pulse_rate in NO_PULSE_RATE, float(said.pulse_rate), True
    else:
        missing = said.perfusion_invalid or said.perfusion == NO_PERFUSION
        value, fits = said.perfusion / 100, said.perfusion <= MAX_PERFUSION
    if missing:
        return Numeric(metric, None, quality or Quality.NO_VALUE)
    return Numeric(metric, value, quality if fits else quality or Quality.OUT_OF_RANGE)


def _low_status(low: bool) -> DeviceStatus:
    if low:
        return DeviceStatus("low-spo2", "the oximeter says that SpO2 is low")
    return DeviceStatus("low-spo2-over", "the oximeter no longer says that SpO2 is low")
