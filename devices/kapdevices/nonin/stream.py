"""Formats 2 and 7: frames at 75 per second to pleth at once and to numerics once per whole packet of 25 frames.

An 8-bit sum lets some double errors through, and a burst of lost bytes may leave good frames in the wrong places.
Therefore a numeric comes only from 25 gapless frames that begin with SYNC; the next SYNC must follow exactly then, or
the previous packet must have said the same. After damage it must have said the same in any case.
"""

from __future__ import annotations

import msgspec

from kapdevices.driver import PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.nonin import frames
from kapdevices.nonin.answers import answer_readings, battery_status
from kapdevices.nonin.frames import FRAME_BYTES, FRAMES_PER_PACKET, PacketFields
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

DAMAGE_MEMORY_BYTES = 3750
"""How long a line counts as damaged after a byte was passed over: 10 s of stream."""
AGREEMENT_BYTES = 9 * FRAME_BYTES * FRAMES_PER_PACKET
"""How far apart two packets may lie that confirm each other: 3 s; display values change every 1.5 s."""
PERFUSION_HOLD_FRAMES = 225
"""How long low perfusion is believed without another pulse: 3 s."""
_LAYOUTS = {"df2": (2, 1, 255), "df7": (1, 2, 65535)}
_TIMER_WRAP = 1 << 14


class _Said(msgspec.Struct, frozen=True):
    """What one whole packet said, and where it ended."""

    fields: PacketFields
    offset: int


class StreamDecoder:
    """Bytes of one format to readings. `format` is `df2` or `df7`."""

    def __init__(self, format: str) -> None:
        self._at, self._width, self._full_scale = _LAYOUTS[format]
        self._status_at = self._at - 1
        self._framer = Framer(frames.df2_test if format == "df2" else frames.df7_test, limit=128)
        self._asides = 0
        self._next_offset = -1
        self._floats: bytearray | None = None
        self._statuses = 0
        self._low_in_packet = False
        self._first = True
        self._concluded = False
        self._said: _Said | None = None
        self._low_perfusion_for = 0
        self._low_battery = False
        self._timer: _Said | None = None

    @property
    def counts(self) -> PacketCounts:
        """Frames good and bad, bytes skipped. Recognised answers count as neither."""
        counts = self._framer.counts
        return msgspec.structs.replace(counts, good=counts.good - self._asides)

    @property
    def good_end(self) -> int:
        """Place in the stream where the last good frame ended; 0 before the first."""
        return max(0, self._next_offset)

    def pause(self) -> None:
        """The line was silent: what comes next may belong to another packet."""
        self._floats = None

    def feed(self, data: bytes) -> list[Reading]:
        """Take bytes; give samples and numerics in the order in which their frames ended."""
        readings: list[Reading] = []
        samples: list[int] = []
        quality = Quality.GOOD
        for packet in self._framer.feed(data):
            if frames.is_aside(packet.data):
                self._asides += 1
                self._next_offset = packet.end if packet.offset == self._next_offset else -1
                readings.extend(answer_readings(packet.data))
                continue
            gap = packet.offset != self._next_offset
            if gap:
                self._floats = None
            self._next_offset = packet.end
            status = packet.data[self._status_at]
            now = self._quality(status)
            if samples and (gap or now is not quality):
                readings.append(self._piece(samples, quality))
                samples = []
            quality = now
            samples.append(int.from_bytes(packet.data[self._at : self._at + self._width], "big"))
            numerics = self._index(packet, status)
            if numerics:
                readings.append(self._piece(samples, quality))
                samples = []
                readings.extend(numerics)
        if samples:
            readings.append(self._piece(samples, quality))
        return readings

    def _piece(self, samples: list[int], quality: Quality) -> SampleArray:
        return SampleArray(Metric.PLETH, frames.FRAME_RATE_HZ, tuple(samples), self._full_scale, quality)

    def _quality(self, status: int) -> Quality:
        """Quality of a sample. Perfusion shows for 160 ms at each pulse only, so it is held until the next pulse."""
        colour = status & frames.LOW_PERFUSION_MASK
        if colour:
            self._low_perfusion_for = PERFUSION_HOLD_FRAMES if colour == frames.LOW_PERFUSION else 0
        elif self._low_perfusion_for:
            self._low_perfusion_for -= 1
        quality = frames.stream_quality(status)
        return Quality.LOW_PERFUSION if quality is Quality.GOOD and self._low_perfusion_for else quality

    def _index(self, packet: Packet, status: int) -> list[Reading]:
        """Put a frame into its place behind SYNC; give readings when that proves a packet."""
        readings: list[Reading] = []
        float_byte = packet.data[self._at + self._width]
        if status & frames.SYNC:
            if self._floats is not None and len(self._floats) == FRAMES_PER_PACKET and not self._concluded:
                readings = self._conclude(packet, proven=True)
            self._floats, self._statuses, self._concluded = bytearray((float_byte,)), status, False
            self._low_in_packet = self._low_perfusion_for > 0
        elif self._floats is not None:
            if len(self._floats) == FRAMES_PER_PACKET:
                if not self._concluded:
                    readings = self._conclude(packet, proven=False)
                self._floats = None
                return readings
            self._floats.append(float_byte)
            self._statuses |= status
            self._low_in_packet |= self._low_perfusion_for > 0
            if len(self._floats) == FRAMES_PER_PACKET and self._first:
                readings = self._conclude(packet, proven=True)
                self._concluded = True
        return readings

    def _conclude(self, packet: Packet, proven: bool) -> list[Reading]:
        """Readings of the packet that is complete now, as far as they may be believed."""
        assert self._floats is not None
        fields = frames.packet_fields(bytes(self._floats))
        before = self._said
        if before is not None and packet.offset - before.offset > AGREEMENT_BYTES:
            before = None
        said = self._said = _Said(fields, packet.offset)
        proven = proven and not packet.damaged_within(DAMAGE_MEMORY_BYTES)
        self._first = False

        quality = frames.stream_quality(self._statuses)
        if quality is Quality.GOOD and self._low_in_packet:
            quality = Quality.LOW_PERFUSION
        readings: list[Reading] = []
        for metric, name, missing, fits in (
            (Metric.PULSE_RATE, "hr_d", frames.HR_MISSING, frames.hr_fits(fields.hr_d)),
            (Metric.SPO2, "spo2_d", frames.SPO2_MISSING, fields.spo2_d <= 100),
        ):
            value, agreed = getattr(fields, name), _same(before, fields, name)
            if value == missing:
                if proven or agreed:
                    readings.append(Numeric(metric, None, quality or Quality.NO_VALUE))
            elif not fits:
                if agreed:
                    readings.append(Numeric(metric, float(value), quality or Quality.OUT_OF_RANGE))
            elif proven or agreed:
                readings.append(Numeric(metric, float(value), quality))
        if (proven or _same(before, fields, "low_battery")) and fields.low_battery != self._low_battery:
            self._low_battery = fields.low_battery
            readings.append(battery_status(fields.low_battery))
        readings.extend(self._clock(said, before))
        return readings

    def _clock(self, said: _Said, before: _Said | None) -> list[Reading]:
        """Report a timer that jumped. Two packets must tick together before a jump from the one before is believed."""
        if before is None or not _ticks(before, said):
            return []
        reference, self._timer = self._timer, said
        if reference is None or _ticks(reference, said):
            return []
        text = f"the oximeter's timer jumped from {reference.fields.timer / 3:.0f} s to {said.fields.timer / 3:.0f} s"
        return [DeviceStatus("device-clock-jumped", text + ": it was restarted or data were lost")]


def _same(before: _Said | None, fields: PacketFields, name: str) -> bool:
    return before is not None and getattr(before.fields, name) == getattr(fields, name)


def _ticks(before: _Said, said: _Said) -> bool:
    """True when the timer moved as far as the stream did, give or take lost packets (5 % and 6 thirds)."""
    packets = (said.offset - before.offset) / (FRAME_BYTES * FRAMES_PER_PACKET)
    ticks = (said.fields.timer - before.fields.timer) % _TIMER_WRAP
    return abs(ticks - packets) <= 6 + 0.05 * packets and ticks > 0
