"""Driver for GE and Datex-Ohmeda monitors: asks for displayed numbers and three waveforms, and reads what comes.

The monitor is silent until it is asked, then sends by itself. Nothing is sent but these two requests, which change
nothing at the monitor. An 8-bit sum is a weak check: on a clean line a number is believed at once, for a while after
damage only when two records say the same.
"""

from __future__ import annotations

from datetime import UTC, datetime

from kapdevices.deviceclock import DeviceClock
from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading
from kapdevices.s5_dri import frames, numerics, requests, waves
from kapdevices.s5_dri.cuff import CuffFollower

ASK_AGAIN_S = 10.0
NUMBERS_LATE_S = 2 * requests.INTERVAL_S + 1.0
WAVES_LATE_S = 4.0
"""The monitor ends waveforms when the host's RTS was off for 2 s; they come every second or faster otherwise."""
WAVES_MISSING_S = 25.0
WAVES_DELAY_S = 0.5
DAMAGE_MEMORY_BYTES = 10_000
"""How long the line counts as damaged after a byte was passed over: about 10 s with waveforms."""
AGREEMENT_S = 12.0
"""How far apart two records may lie that confirm each other."""


class S5Driver:
    """One monitor on the S/5 computer interface."""

    def __init__(self) -> None:
        self._clock = DeviceClock()
        self._framer = Framer(frames.frame_test, limit=frames.LONGEST_FRAME)
        self._no_news = 0
        self._unusable = 0
        self._numbers_at_s: float | None = None
        self._waves_at_s = 0.0
        self._waves_asked = False
        self._numbers_since_s: float | None = None
        self._wave_s: float | None = None
        self._waves_missing = False
        self._before: tuple[float, dict[Metric, Numeric], numerics.Nibp | None] | None = None
        self._seen: set[Metric] = set()
        self._cuff = CuffFollower()

    @property
    def counts(self) -> PacketCounts:
        """Records good and bad, bytes skipped. Requests on a tapped line and filling flags count as neither."""
        counts = self._framer.counts
        good = counts.good - self._no_news - self._unusable
        return PacketCounts(good, counts.bad + self._unusable, counts.skipped)

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Raises NotPossible: the interface only reads."""
        raise NotPossible("this interface cannot work the cuff: use the monitor's own keys")

    def farewell(self) -> bytes:
        """Nothing: a monitor that goes on sending harms nobody, and the next host may want it."""
        return b""

    def transmit(self, now_s: float) -> bytes:
        """The request that is due: at the start, and again when what was asked for does not come."""
        if self._numbers_at_s is None:
            self._numbers_at_s, self._waves_at_s = now_s, now_s + WAVES_DELAY_S
        if now_s >= self._numbers_at_s:
            self._numbers_at_s = now_s + ASK_AGAIN_S
            return requests.numerics()
        if now_s >= self._waves_at_s:
            self._waves_at_s, self._waves_asked = now_s + ASK_AGAIN_S, True
            return requests.waves()
        return b""

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give samples and numbers in the order in which their records ended."""
        readings: list[Reading] = []
        for packet in self._framer.feed(data):
            record = frames.parse(packet.data)
            if record is None and len(packet.data) > 1:
                self._unusable += 1
            elif record is None or record.level == 0:
                self._no_news += 1
            elif record.main == frames.WAVES:
                readings += self._take_waves(record, now_s)
            elif record.main == frames.NUMERICS:
                readings += self._clock.hear(_moment(record.time_s), now_s)
                readings += self._take_numbers(packet, record, now_s)
        return readings

    def _take_waves(self, record: frames.Record, now_s: float) -> list[Reading]:
        readings: list[Reading] = [piece for part in record.parts for piece in waves.samples(part)]
        if readings:
            self._wave_s = now_s
            if self._waves_asked:  # others may come from what another host had asked for
                self._waves_at_s = max(self._waves_at_s, now_s + WAVES_LATE_S)
            if self._waves_missing:
                self._waves_missing = False
                readings.append(DeviceStatus("waveforms-back", "the monitor sends waveforms again"))
        return readings

    def _take_numbers(self, packet: Packet, record: frames.Record, now_s: float) -> list[Reading]:
        basic = next((p.data for p in record.parts if p.type == requests.DISPLAYED and numerics.is_basic(p.data)), None)
        if basic is None:
            return []
        if self._numbers_at_s is not None:
            self._numbers_at_s = max(self._numbers_at_s, now_s + NUMBERS_LATE_S)
        before, self._before = self._before, None
        said = {numeric.metric: numeric for numeric in numerics.vitals(basic)}
        cuff = numerics.nibp(basic)
        self._before = now_s, said, cuff
        if before is not None and now_s - before[0] > AGREEMENT_S:
            before = None
        damaged = packet.damaged_within(DAMAGE_MEMORY_BYTES)
        readings: list[Reading] = [n for n in said.values() if not damaged or (before and before[1].get(n.metric) == n)]
        readings += self._gone(set(said), None if before is None else set(before[1]), damaged)
        if cuff is not None and (not damaged or (before and before[2] == cuff)):
            readings += self._cuff.follow(cuff)
        return readings + self._missing_waves(now_s)

    def _gone(self, said: set[Metric], before: set[Metric] | None, damaged: bool) -> list[Numeric]:
        """What was there and is there no more: the module was pulled out."""
        gone = self._seen - said
        self._seen |= said
        if damaged and before is not None:
            gone -= before
        elif damaged:
            gone = set()
        return [Numeric(metric, None, Quality.SENSOR_DISCONNECTED) for metric in sorted(gone)]

    def _missing_waves(self, now_s: float) -> list[Reading]:
        if self._numbers_since_s is None:
            self._numbers_since_s = now_s
        last_s = self._numbers_since_s if self._wave_s is None else self._wave_s
        if self._waves_missing or self._numbers_at_s is None or now_s - last_s < WAVES_MISSING_S:
            return []
        self._waves_missing = True
        text = "the monitor sends numbers but no waveforms: are RTS and CTS wired?"
        return [DeviceStatus("waveforms-missing", text)]


def _moment(time_s: int) -> datetime:
    """The monitor's clock, which knows no zone, from its count of seconds."""
    return datetime.fromtimestamp(time_s, UTC).replace(tzinfo=None)
