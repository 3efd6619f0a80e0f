"""Driver for the BerryMed PM6750 board: switches its outputs on, reads them, runs the cuff at a person's command.

Call `receive(b"", now_s)` when nothing arrives: what a deadline found out is given there.
"""

from __future__ import annotations

from collections.abc import Callable

from kapdevices.berrymed_pm6750 import packets
from kapdevices.berrymed_pm6750.cuff import CuffRun, Phase
from kapdevices.berrymed_pm6750.values import (
    ecg_numerics,
    ecg_quality,
    spo2_numerics,
    spo2_quality,
    temperature_numerics,
)
from kapdevices.driver import DeviceCommand, PacketCounts, StartCuff
from kapdevices.framing import Framer, Packet
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

SPACING_S = 0.05
"""Least time between two commands: closer ones get lost over Bluetooth."""
ASK_EVERY_S = 3.0
MUTE_AFTER = 2
"""Unanswered attempts before a person is told: sooner than the link is given up."""
SILENCE_S = 3.0
"""A pause after which a number is not compared with the one before it."""
STALL_S = 0.5
"""An incomplete packet is given up after this silence; the longest takes 3 ms on the line."""
DAMAGE_MEMORY_BYTES = 40_000
"""How long the line counts as damaged: about 10 s with all outputs on."""

_NUMERICS: dict[int, Callable[[bytes], list[Numeric]]] = {
    packets.SPO2: spo2_numerics,
    packets.ECG: ecg_numerics,
    packets.TEMPERATURE: temperature_numerics,
}
_WAVES = {
    packets.PLETH: (Metric.PLETH, packets.PLETH_HZ, packets.BYTE_FULL_SCALE, packets.SPO2, 0),
    packets.RESP: (Metric.RESP, packets.RESP_HZ, packets.BYTE_FULL_SCALE, packets.ECG, 0),
    packets.ECG_WAVE: (Metric.ECG, packets.ECG_HZ, packets.ECG_FULL_SCALE, packets.ECG, packets.LEAD_II),
}
"""Type: metric, rate, full scale, the type whose status speaks for it, which of its bytes is shown."""
_QUALITIES: dict[int, Callable[[int], Quality]] = {packets.SPO2: spo2_quality, packets.ECG: ecg_quality}


class Pm6750Driver:
    """One board."""

    def __init__(self) -> None:
        self._framer = Framer(packets.packet_test, limit=64)
        self._cuff = CuffRun()
        self._to_enable: list[bytes] = []
        self._ask_at_s = float("-inf")
        self._asked = 0
        self._mute_said = False
        self._send_at_s = float("-inf")
        self._byte_at_s: float | None = None
        self._heard_at_s: float | None = None
        self._spo2_at_s: float | None = None
        self._said: dict[int, list[Numeric]] = {}
        self._quality: dict[int, Quality] = {}
        self._samples: dict[int, list[int]] = {}

    @property
    def counts(self) -> PacketCounts:
        """Packets good and bad, bytes skipped."""
        return self._framer.counts

    @property
    def phase(self) -> Phase:
        """Where a cuff measurement stands."""
        return self._cuff.phase

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Start a measurement, or stop whatever the cuff does. Raises NotPossible for a start that must not be."""
        if isinstance(command, StartCuff):
            self._cuff.start(command, now_s)
        else:
            self._cuff.stop(now_s, by_person=True)

    def farewell(self) -> bytes:
        """The cuff's stop: sent on every way out, since it harms nothing when nothing runs."""
        return packets.STOP

    def transmit(self, now_s: float) -> bytes:
        """The one command that is due, or nothing; at least 50 ms lie between two."""
        self._cuff.watch(now_s, self._heard_at_s)
        if now_s < self._send_at_s:
            return b""
        due = self._cuff.due(now_s, self._heard_at_s) or self._enable(now_s)
        if due:
            self._send_at_s = now_s + SPACING_S
        return due

    def _enable(self, now_s: float) -> bytes:
        """Switch the outputs on, and again while SpO2 packets do not come: the board was off, or was not there."""
        if not self._to_enable and now_s >= self._ask_at_s:
            self._ask_at_s = now_s + ASK_EVERY_S
            if self._spo2_at_s is None or now_s - self._spo2_at_s > SILENCE_S:
                self._to_enable = list(packets.ENABLE)
                self._asked += 1
        return self._to_enable.pop(0) if self._to_enable else b""

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes; give samples with their packets, numerics once a second, the cuff's reports and result."""
        readings: list[Reading] = []
        if data:
            found: list[Packet] = []
            if self._byte_at_s is not None and now_s - self._byte_at_s > STALL_S:
                found = self._framer.give_up()
                if now_s - self._byte_at_s > SILENCE_S:
                    self._said.clear()
            self._byte_at_s = now_s
            for packet in [*found, *self._framer.feed(data)]:
                self._heard_at_s = now_s
                self._asked, self._mute_said = 0, False
                readings.extend(self._take(packet, now_s))
            readings.extend(self._pieces())
        if self._asked > MUTE_AFTER and not self._mute_said:
            self._mute_said = True
            text = "the board sends nothing: switch it off and on (it can stay mute after a restart of the computer)"
            readings.append(DeviceStatus("board-mute", text))
        return readings + self._cuff.news()

    def _take(self, packet: Packet, now_s: float) -> list[Reading]:
        kind, data = packet.data[3], packet.data[4:-1]
        damaged = packet.damaged_within(DAMAGE_MEMORY_BYTES)
        if kind in _WAVES:
            # before its status is known a sample is neither good nor bad
            if _WAVES[kind][3] in self._quality:
                self._samples.setdefault(kind, []).append(data[_WAVES[kind][4]])
            return []
        if kind == packets.NIBP:
            self._cuff.take(data, damaged, now_s)
            return [*self._pieces(), *self._cuff.news()]
        if kind not in _NUMERICS:
            return []
        numerics = _NUMERICS[kind](data)
        before, self._said[kind] = self._said.get(kind, []), numerics
        believed = [numeric for numeric in numerics if not damaged or numeric in before]
        if kind == packets.SPO2:
            self._spo2_at_s = now_s
        readings = self._pieces()
        if kind in _QUALITIES and believed:
            self._quality[kind] = _QUALITIES[kind](data[0])
        return [*readings, *believed]

    def _pieces(self) -> list[Reading]:
        """The samples so far, one piece of each waveform."""
        pieces: list[Reading] = []
        for kind, samples in self._samples.items():
            metric, rate_hz, full_scale, status, _ = _WAVES[kind]
            pieces.append(SampleArray(metric, rate_hz, tuple(samples), full_scale, self._quality[status]))
        self._samples = {}
        return pieces
