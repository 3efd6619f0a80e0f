"""Driver for IntelliVue monitors: associates, polls numerics and waves, and decodes them, also from a recording.

Patient data (names, numbers, dates of birth) are never asked for, and attributes that are not needed are not read.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.framing import Framer
from kapdevices.intellivue import frames, messages, values
from kapdevices.intellivue.messages import Created, Cut, Object, Poll, Refused
from kapdevices.intellivue.nibp import NibpKeeper
from kapdevices.intellivue.session import Phase, Session
from kapdevices.intellivue.values import Observed, WavePart
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Reading, SampleArray

_TICKS_WRAP = 1 << 32
_Key = tuple[int, int]


class IntellivueDriver:
    """One monitor."""

    def __init__(self) -> None:
        self._framer = Framer(frames.frame_test, limit=frames.MAX_FRAME + 1)
        self._session = Session()
        self._nibp = NibpKeeper()
        self._clock: tuple[datetime, int] | None = None
        self._now_ticks = 0
        self._damage_at: int | None = None
        self._sealed_at = self._end = 0
        self._labels: dict[_Key, int] = {}
        self._bits: dict[_Key, int] = {}
        self._rates_hz: dict[_Key, float] = {}
        self._demo_said = self._demo_seen = False
        self._unit_said: set[int] = set()

    @property
    def counts(self) -> PacketCounts:
        """Frames good and bad, bytes skipped."""
        return self._framer.counts

    @property
    def phase(self) -> Phase:
        """Where the association stands."""
        return self._session.phase

    def transmit(self, now_s: float) -> bytes:
        """The frame that is due: association, answer, poll, or nothing."""
        return self._session.due(now_s)

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Raises NotPossible: data export only reads."""
        raise NotPossible("this monitor's data export cannot work the cuff: use the monitor's own keys")

    def farewell(self) -> bytes:
        """The release of the association, if one was asked for, so that the next one is not refused."""
        return frames.frame(messages.RELEASE_REQUEST) if self._session.asked else b""

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give numerics and waves with each reply, a pressure once it is complete."""
        readings: list[Reading] = []
        for packet in self._framer.feed(data):
            payload = frames.payload(packet.data)
            if not payload:
                continue
            self._session.heard(now_s)
            self._damage_at = packet.damage_at
            self._end = packet.end
            if payload[0] != messages.EXPORT:
                self._session.control(payload[0], now_s)
            else:
                try:
                    readings.extend(self._export(payload, now_s))
                except Cut:  # the check held, so a structure that no document describes: nothing of it is believed
                    continue
            readings.extend(self._session.news())
        return readings + self._session.news()

    def _export(self, payload: bytes, now_s: float) -> list[Reading]:
        message = messages.read_export(payload)
        if isinstance(message, Created):
            self._created(message, now_s)
        elif isinstance(message, Refused):
            self._session.refused_poll(message.error)
        elif isinstance(message, Poll):
            self._session.exported(now_s)
            self._now_ticks = message.ticks
            if message.polled == messages.NUMERICS:
                return self._numerics(message)
            if message.polled == messages.WAVES:
                self._session.waves(now_s)
                return self._waves(message)
        return []

    def _created(self, message: Created, now_s: float) -> None:
        attributes = dict(message.attributes)
        at = values.device_time(attributes.get(values.CLOCK, b""))
        self._clock = (at, message.ticks) if at else None
        model = values.model(attributes.get(values.MODEL, b""))
        if self._session.created(message.invoke_id, model, now_s):
            self._nibp.begin()
            self._labels, self._bits, self._rates_hz = {}, {}, {}

    def _age_s(self, stamp: datetime) -> float | None:
        """Age of a time stamp by the monitor's own clock, None while that is not known."""
        if self._clock is None:
            return None
        at, ticks = self._clock
        since = timedelta(seconds=(self._now_ticks - ticks) % _TICKS_WRAP / values.TICKS_PER_S)
        return (at + since - stamp).total_seconds()

    # ---- numerics

    def _numerics(self, poll: Poll) -> list[Reading]:
        # everything is read before anything is kept: a reply that breaks off is dropped as a whole
        read = [
            (item, [v for name, data in item.attributes for v in values.observed(name, data)]) for item in poll.objects
        ]
        readings: list[Reading] = []
        if poll.linked == messages.LINKED_FIRST and self._nibp.has_parts:
            readings.extend(self._seal())
        for item, observed in read:
            label, stamp = self._label(item), values.device_time(dict(item.attributes).get(values.TIME_STAMP, b""))
            for value in observed:
                if value.identifier in values.KINDS and values.is_meant(value.identifier, label):
                    readings.extend(self._numeric(value, stamp))
        if not poll.linked:
            readings.extend(self._seal())
            if self._demo_said and not self._demo_seen:
                self._demo_said = False
                readings.append(DeviceStatus("demo-ended", "the monitor is no longer in demonstration mode"))
            self._demo_seen = False
        return readings

    def _seal(self) -> list[Reading]:
        """The end of a reply; parts of it may have been lost in damage since the last one."""
        whole = self._damage_at is None or self._damage_at < self._sealed_at
        self._sealed_at = self._end
        return self._nibp.seal(self._age_s, whole)

    def _label(self, item: Object) -> int | None:
        data = dict(item.attributes).get(values.LABEL)
        if data is not None and len(data) == 4:
            self._labels[item.key] = int.from_bytes(data, "big")
        return self._labels.get(item.key)

    def _numeric(self, value: Observed, stamp: datetime | None) -> list[Reading]:
        readings = self._remarks(value)
        numeric = values.numeric(value)
        if numeric.metric in NIBP_METRICS:
            return readings + self._nibp.add(numeric, stamp, bool(value.state & values.MEASURING))
        return [*readings, numeric]

    def _remarks(self, value: Observed) -> list[Reading]:
        """What a value says about the monitor, each change once."""
        remarks: list[Reading] = []
        if value.state & values.DEMO and value.value is not None:
            self._demo_seen = True
            if not self._demo_said:
                self._demo_said = True
                text = "the monitor is in demonstration mode: its numbers are nobody's"
                remarks.append(DeviceStatus("demo-data", text))
        if value.value is not None and not values.unit_fits(value) and value.identifier not in self._unit_said:
            self._unit_said.add(value.identifier)
            metric = values.KINDS[value.identifier].metric
            text = f"the monitor sends {metric} in a unit that is not understood ({value.unit:04X}): it is not shown"
            remarks.append(DeviceStatus("unit-not-understood", text))
        return remarks

    # ---- waves

    def _waves(self, poll: Poll) -> list[Reading]:
        read = [
            (item, [p for name, data in item.attributes for p in values.wave_parts(name, data)])
            for item in poll.objects
        ]
        pieces: list[Reading] = []
        for item, parts in read:
            self._specify(item)
            shown = (part for part in parts if part.identifier in values.WAVE_KINDS and part.samples)
            pieces.extend(self._piece(item.key, part) for part in shown)
        return pieces

    def _specify(self, item: Object) -> None:
        """Sample period (ticks, 4 bytes) and specification (array size, sample size, significant bits, flags)."""
        attributes = dict(item.attributes)
        period = int.from_bytes(attributes.get(values.SAMPLE_PERIOD, b""), "big")
        if 8 <= period <= values.TICKS_PER_S:
            self._rates_hz[item.key] = values.TICKS_PER_S / period
        specification = attributes.get(values.WAVE_SPECIFICATION, b"")
        if len(specification) == 6 and specification[2] == 16 and 8 <= specification[3] <= 16:
            self._bits[item.key] = specification[3]

    def _piece(self, key: _Key, part: WavePart) -> SampleArray:
        kind = values.WAVE_KINDS[part.identifier]
        full_scale = (1 << self._bits.get(key, kind.bits)) - 1
        # bits above the significant ones are flags, as pacer pulses
        samples = tuple(sample & full_scale for sample in part.samples)
        rate_hz = self._rates_hz.get(key, kind.rate_hz)
        return SampleArray(kind.metric, rate_hz, samples, full_scale, values.state_quality(part.state))
