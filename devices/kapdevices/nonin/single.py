"""Formats 8 and 13: one frame at a time. Format 8 once a second without any checksum, format 13 once per spot check."""

from __future__ import annotations

from collections import deque

import msgspec

from kapdevices.driver import PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.nonin import frames
from kapdevices.nonin.answers import answer_readings, battery_status
from kapdevices.readings import Metric, Numeric, Quality, Reading

DF8_MEMORY_BYTES = 1200
"""How long a format 8 line counts as damaged: 5 min, since only about a fifth of damaged frames can be noticed."""
DF13_MEMORY_BYTES = 2200
"""How long a format 13 line counts as damaged: about 100 spot checks."""


class Df8Decoder:
    """Format 8 to numerics. No checksum protects a value: it must be said twice, on a damaged line up to four times.

    A flagged value (finger out, artefact) is held by the device and so agrees with itself at once.
    """

    def __init__(self) -> None:
        self._framer = Framer(frames.df8_test, limit=16)
        self._recent: deque[Packet] = deque(maxlen=4)
        self._damages: deque[int] = deque(maxlen=3)
        self._low_battery = False
        self._asides = 0

    @property
    def counts(self) -> PacketCounts:
        """Frames that fit and did not, bytes skipped."""
        counts = self._framer.counts
        return msgspec.structs.replace(counts, good=counts.good - self._asides)

    @property
    def good_end(self) -> int:
        """Place in the stream where the last good frame ended; 0 before the first."""
        return self._recent[-1].end if self._recent else 0

    def pause(self) -> None:
        """The line was silent: older frames confirm nothing."""
        self._recent.clear()

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes; give what has been said often enough."""
        readings: list[Reading] = []
        for packet in self._framer.feed(data):
            if frames.is_aside(packet.data):
                self._asides += 1
                readings.extend(answer_readings(packet.data))
                continue
            if self._recent and packet.damage_at is not None and packet.damage_at >= self._recent[-1].end:
                self._recent.clear()
            self._recent.append(packet)
            readings.extend(self._agreed(self._times(packet)))
        return readings

    def _times(self, packet: Packet) -> int:
        """How often a value must be said, by the damage noticed in the last 5 min."""
        if packet.damage_at is not None and packet.damage_at not in self._damages:
            self._damages.append(packet.damage_at)
        near = sum(packet.offset - place <= DF8_MEMORY_BYTES for place in self._damages)
        return 2 if near == 0 else 3 if near < 3 else 4

    def _agreed(self, times: int) -> list[Reading]:
        said = [packet.data for packet in self._recent][-times:]
        if len(said) < times:
            return []
        quality = next((q for q in map(frames.df8_quality, reversed(said)) if q), Quality.GOOD)
        readings: list[Reading] = []
        rates, saturations = {frames.df8_hr(frame) for frame in said}, {frame[2] for frame in said}
        for metric, values, missing in (
            (Metric.PULSE_RATE, rates, frames.HR_MISSING),
            (Metric.SPO2, saturations, frames.SPO2_MISSING),
        ):
            if values == {missing}:
                readings.append(Numeric(metric, None, quality or Quality.NO_VALUE))
            elif len(values) == 1:
                readings.append(Numeric(metric, float(values.pop()), quality))
        batteries = {bool(frame[3] & 0x01) for frame in said}
        if len(batteries) == 1 and self._low_battery not in batteries:
            self._low_battery = not self._low_battery
            readings.append(battery_status(self._low_battery))
        return readings


class Df13Decoder:
    """Format 13 to numerics that are never live. After damage, only a spot check sent twice is believed."""

    def __init__(self) -> None:
        self._framer = Framer(frames.df13_test, limit=128)
        self._unproven: bytes | None = None
        self._low_battery = False
        self._asides = 0
        self._out_of_range = 0
        self.good_end = 0

    @property
    def counts(self) -> PacketCounts:
        """Spot checks whose check held and did not, bytes skipped. One with an impossible content counts as bad."""
        counts = self._framer.counts
        good = counts.good - self._asides - self._out_of_range
        return msgspec.structs.replace(counts, good=good, bad=counts.bad + self._out_of_range)

    def pause(self) -> None:
        """Silence means nothing here: a spot check comes when it comes."""

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes; give each spot check once."""
        readings: list[Reading] = []
        for packet in self._framer.feed(data):
            if frames.is_aside(packet.data):
                self._asides += 1
                readings.extend(answer_readings(packet.data))
                continue
            check = frames.spot_check(packet.data)
            if check is None:
                self._out_of_range += 1
                continue
            self.good_end = packet.end
            if packet.damaged_within(DF13_MEMORY_BYTES) and packet.data != self._unproven:
                self._unproven = packet.data
                continue
            self._unproven = None
            readings.extend(_spot_readings(check))
            if check.low_battery != self._low_battery:
                self._low_battery = check.low_battery
                readings.append(battery_status(check.low_battery))
        return readings


def _spot_readings(check: frames.SpotCheck) -> list[Reading]:
    readings: list[Reading] = []
    for metric, value, missing in (
        (Metric.PULSE_RATE, check.hr, frames.HR_MISSING),
        (Metric.SPO2, check.spo2, frames.SPO2_MISSING),
    ):
        given = None if check.no_measurement or value == missing else float(value)
        quality = Quality.NO_VALUE if given is None else Quality.GOOD
        readings.append(Numeric(metric, given, quality, live=False, device_time=check.at))
    return readings
