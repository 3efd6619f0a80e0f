"""Driver for Contec oximeters with protocol V7.0: live by default, the records in their memory when asked for."""

from __future__ import annotations

from kapdevices.contec_v7 import packets
from kapdevices.contec_v7.about import About
from kapdevices.contec_v7.live import LiveDecoder
from kapdevices.contec_v7.session import LiveSession
from kapdevices.contec_v7.stored import StoredSession
from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.framing import Framer, Packet
from kapdevices.readings import Reading

FORMATS = ("live", "stored")
SILENCE_S = 1.0
"""A pause after which the rest of a packet is not put together with its beginning."""


class ContecV7Driver:
    """One oximeter. `format` None or `live` streams, `stored` reads the memory instead and shows nothing live.

    Raises ValueError for any other format.
    """

    def __init__(self, format: str | None = None) -> None:
        if format is not None and format not in FORMATS:
            raise ValueError(f"unknown format {format!r}; known: {', '.join(FORMATS)}")
        self._framer = Framer(packets.packet_test, limit=16)
        self._about = About()
        self._live = LiveDecoder()
        self._session = LiveSession()
        self._stored = StoredSession() if format == "stored" else None
        self._host_packets = 0
        self._heard_at_s: float | None = None

    @property
    def counts(self) -> PacketCounts:
        """Device packets good and bad, bytes skipped. Host packets on a tapped line count as neither."""
        counts = self._framer.counts
        return PacketCounts(counts.good - self._host_packets, counts.bad, counts.skipped)

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give pleth, numerics, and what the device says about itself."""
        readings: list[Reading] = []
        found: list[Packet] = []
        if data:
            if self._heard_at_s is not None and now_s - self._heard_at_s > SILENCE_S:
                found = self._framer.give_up()
                self._live.pause()
            self._heard_at_s = now_s
            found += self._framer.feed(data)
        for packet in found:
            self._take(packet, now_s, readings)
        self._live.flush(readings)
        if self._stored is not None:
            readings.extend(self._stored.news())
        return readings

    def transmit(self, now_s: float) -> bytes:
        """The command that is due, or nothing. None of them changes anything in the device."""
        return (self._stored or self._session).transmit(now_s)

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Raises NotPossible: an oximeter has no cuff."""
        raise NotPossible("this device is a pulse oximeter and has no cuff")

    def farewell(self) -> bytes:
        """Nothing: the device ends its stream by itself when no host keeps it alive."""
        return b""

    def _take(self, packet: Packet, now_s: float, out: list[Reading]) -> None:
        kind = packet.data[0]
        if kind == packets.HOST:
            self._host_packets += 1
            return
        self._session.heard(kind, now_s)
        if news := self._about.take(packet.data):
            self._live.flush(out)
            out.extend(news)
        if self._stored is not None:
            self._stored.take(packet, now_s)
        elif kind == packets.LIVE:
            self._live.take(packet, out)
