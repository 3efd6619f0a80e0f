"""Driver for the Ivy 450C: listens only. Numerics once a second, three waves, cuff results when they change.

The text has no check at all, so every value must be said by two messages in a row: nearly the same (a heart rate moves)
on a clean line, exactly the same for a minute after damage.
"""

from __future__ import annotations

from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.ivy_450c import messages
from kapdevices.ivy_450c.messages import Message, Parameter
from kapdevices.ivy_450c.values import USUAL_STATUS, nibp_of, numerics_of, quality_of
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

SILENCE_S = 3.0
"""A pause after which an older message confirms nothing."""
DAMAGE_MEMORY_BYTES = 60 * 562
"""How long the line counts as damaged: about a minute."""
TOLERANCE = {Metric.HEART_RATE: 5, Metric.PULSE_RATE: 5, Metric.RESP_RATE: 5, Metric.SPO2: 2}
"""How far two successive seconds may differ and still confirm each other."""
FULL_SCALE = 255
WAVE_OF = {Metric.ECG: "HR", Metric.RESP: "RR", Metric.PLETH: "SPO2"}


class IvyDriver:
    """One monitor on one line."""

    def __init__(self) -> None:
        self._framer = Framer(messages.message_test, limit=messages.MESSAGE_LIMIT)
        self._heard_at_s: float | None = None
        self._before: dict[str, Parameter] = {}
        self._end = 0
        self._damage_at: int | None = None
        self._statuses = dict(USUAL_STATUS)
        self._cuff: tuple[int | None, ...] | None = None
        self._cuff_known = False

    @property
    def counts(self) -> PacketCounts:
        """Messages good and bad, bytes skipped."""
        return self._framer.counts

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give the waves and values of each whole message."""
        readings: list[Reading] = []
        if not data:
            return readings
        if self._heard_at_s is not None and now_s - self._heard_at_s > SILENCE_S:
            for packet in self._framer.give_up():
                readings += self._take(packet)
            self._before = {}
        self._heard_at_s = now_s
        for packet in self._framer.feed(data):
            readings += self._take(packet)
        return readings

    def transmit(self, now_s: float) -> bytes:
        """Nothing: the monitor talks by itself."""
        return b""

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Raises NotPossible: no command to the monitor is known."""
        raise NotPossible("the cuff of this monitor is started and stopped at the monitor: it takes no commands")

    def farewell(self) -> bytes:
        """Nothing: the device only talks."""
        return b""

    def _take(self, packet: Packet) -> list[Reading]:
        message = messages.decode(packet.data)
        # the message that is cut by opening the port is no damage
        if message.unread or (self._end and packet.offset != self._end):
            self._damage_at = packet.offset
        if self._end and packet.offset != self._end:
            self._before = {}
        self._end = packet.end
        readings = _waves(message)
        for name, said in message.parameters.items():
            before = self._before.get(name)
            if name not in USUAL_STATUS or before is None:
                continue
            if said.status == before.status:
                readings += self._status(name, said.status)
            if name == "NIBP":
                readings += self._nibp(said, before)
            else:
                confirmed = zip(numerics_of(name, said), numerics_of(name, before), strict=True)
                readings += [now for now, then in confirmed if self._agree(now, then, packet.offset)]
        self._before = message.parameters
        return readings

    def _agree(self, now: Numeric, then: Numeric, offset: int) -> bool:
        if now.value is None or then.value is None:
            return now == then
        damaged = self._damage_at is not None and offset - self._damage_at <= DAMAGE_MEMORY_BYTES
        return now.quality is then.quality and abs(now.value - then.value) <= (0 if damaged else TOLERANCE[now.metric])

    def _status(self, name: str, status: int) -> list[Reading]:
        if self._statuses[name] == status:
            return []
        self._statuses[name] = status
        if status == USUAL_STATUS[name]:
            return [DeviceStatus("usual-status", f"the monitor gives {name} with its usual status again")]
        text = f"the monitor gives {name} with status {status}, whose meaning is not known: its value is not shown"
        return [DeviceStatus("unknown-status", text)]

    def _nibp(self, said: Parameter, before: Parameter) -> list[Reading]:
        """A cuff result once. What stands there when the line comes up is of unknown age, and so not live."""
        if said != before or said.status != USUAL_STATUS["NIBP"] or quality_of(said):
            return []
        shown = said.values if said.values[0] is not None and said.values[1] is not None else None
        known, self._cuff_known = self._cuff_known, True
        if shown == self._cuff:
            return []
        self._cuff = shown
        if shown is None:
            return []
        readings: list[Reading] = list(nibp_of(said, live=known))
        if known:
            readings.append(DeviceStatus("cuff-done", "the monitor shows a new cuff measurement"))
        return readings


def _waves(message: Message) -> list[Reading]:
    """The second of waves that a message brings; a doubt in the words of a parameter is one of its wave, too."""
    readings: list[Reading] = []
    for (metric, rate_hz), wave in zip(messages.WAVES, message.waves, strict=True):
        if metric is not None:
            said = message.parameters.get(WAVE_OF[metric])
            quality = Quality.GOOD if said is None else quality_of(said)
            readings.append(SampleArray(metric, float(rate_hz), tuple(wave), FULL_SCALE, quality))
    return readings
