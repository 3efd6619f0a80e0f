"""The live stream to pleth and numerics.

As with the newer Contec protocol nothing protects a byte but its bit 7: a value is believed when three packets in a row
say it, six for 10 s after damage. An unchanged value is given twice a second, a changed one at once.
"""

from __future__ import annotations

from kapdevices.agreement import InARow
from kapdevices.five_byte.packets import DIALECTS, NO_PULSE_RATE, NO_SPO2, PACKET_BYTES, Said, decode, quality_of
from kapdevices.framing import Packet
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

TIMES = 3
TIMES_AFTER_DAMAGE = 6
DAMAGE_MEMORY_S = 10.0
NEVER_AGAIN = 1 << 62


class LiveDecoder:
    """Packets of one dialect to readings, in the order in which they came."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._rate_hz, self._full_scale = DIALECTS[dialect].rate_hz, DIALECTS[dialect].full_scale
        self._damage_bytes = int(DAMAGE_MEMORY_S * self._rate_hz * PACKET_BYTES)
        self._spo2: InARow[Numeric] = InARow(int(self._rate_hz / 2))
        self._rate: InARow[Numeric] = InARow(int(self._rate_hz / 2))
        self._drops: InARow[bool] = InARow(NEVER_AGAIN)
        self._drop_said = False
        self._voices = (self._spo2, self._rate, self._drops)
        self._end = 0

    def take(self, packets: list[Packet]) -> list[Reading]:
        """What these packets say."""
        out: list[Reading] = []
        samples: list[int] = []
        piece_quality = Quality.GOOD
        for packet in packets:
            said = decode(packet.data)
            if packet.offset != self._end:
                for voice in self._voices:
                    voice.interrupt()
            self._end = packet.end
            quality = quality_of(said, self._dialect)
            if samples and quality is not piece_quality:
                out.append(self._piece(samples, piece_quality))
                samples = []
            piece_quality = quality
            samples.append(said.pleth)
            times = TIMES_AFTER_DAMAGE if packet.damaged_within(self._damage_bytes) else TIMES
            if news := self._news(said, quality, times):
                out += [self._piece(samples, quality), *news]
                samples = []
        if samples:
            out.append(self._piece(samples, piece_quality))
        return out

    def pause(self) -> None:
        """The line was silent: what was said before confirms nothing."""
        for voice in self._voices:
            voice.forget()

    def _piece(self, samples: list[int], quality: Quality) -> SampleArray:
        return SampleArray(Metric.PLETH, self._rate_hz, tuple(samples), self._full_scale, quality)

    def _news(self, said: Said, quality: Quality, times: int) -> list[Reading]:
        spo2 = _numeric(Metric.SPO2, said.spo2, NO_SPO2, said.spo2 <= 100, quality)
        rate = _numeric(Metric.PULSE_RATE, said.pulse_rate, NO_PULSE_RATE, True, quality)
        given = (self._spo2.hear(spo2, times), self._rate.hear(rate, times))
        news: list[Reading] = [numeric for numeric in given if numeric is not None]
        # the same bit is "SpO2 drops" to Contec and "probe unplugged" to Berry, where it is in the quality
        drops = self._drops.hear(said.flag_5 and self._dialect == "contec", times)
        if drops is not None and drops is not self._drop_said:
            self._drop_said = drops
            news.append(_drop_status(drops))
        return news


def _numeric(metric: Metric, value: int, missing: tuple[int, int], fits: bool, quality: Quality) -> Numeric:
    if value in missing:
        return Numeric(metric, None, quality or Quality.NO_VALUE)
    return Numeric(metric, float(value), quality if fits else quality or Quality.OUT_OF_RANGE)


def _drop_status(drops: bool) -> DeviceStatus:
    if drops:
        return DeviceStatus("spo2-drops", "the oximeter says that SpO2 drops")
    return DeviceStatus("spo2-drops-over", "the oximeter no longer says that SpO2 drops")
