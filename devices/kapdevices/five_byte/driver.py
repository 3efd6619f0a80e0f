"""Driver for the five-byte stream: listens only, unless the memory of an old Contec is asked for."""

from __future__ import annotations

from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.five_byte import packets
from kapdevices.five_byte.live import LiveDecoder
from kapdevices.five_byte.memory import MemorySession
from kapdevices.framing import Framer
from kapdevices.readings import Reading

FORMATS = ("contec", "berry", "stored")
SILENCE_S = 1.0
"""A pause after which a packet is not continued, and older packets confirm nothing."""


class FiveByteDriver:
    """One oximeter. `format` None or `contec`: 60 packets a second; `berry`: 100; `stored`: an old Contec's memory.

    In `stored` the memory is read once, then the device is sent back to live. Raises ValueError for other formats.
    """

    def __init__(self, format: str | None = None) -> None:
        if format is not None and format not in FORMATS:
            raise ValueError(f"unknown format {format!r}; known: {', '.join(FORMATS)}")
        self._framer = Framer(packets.packet_test, limit=16)
        self._live = LiveDecoder("berry" if format == "berry" else "contec")
        self._memory = MemorySession() if format == "stored" else None
        self._heard_at_s: float | None = None

    @property
    def counts(self) -> PacketCounts:
        """Packets and stored seconds good and bad, bytes skipped."""
        live, memory = self._framer.counts, self._memory.counts if self._memory else PacketCounts()
        return PacketCounts(live.good + memory.good, live.bad + memory.bad, live.skipped + memory.skipped)

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give pleth and numerics, or a whole record of the memory."""
        readings: list[Reading] = []
        if data and self._heard_at_s is not None and now_s - self._heard_at_s > SILENCE_S:
            readings = self._live.take(self._framer.give_up())
            self._live.pause()
        if data:
            self._heard_at_s = now_s
        if self._memory is not None:
            data = self._memory.take(data, now_s)
            readings += self._memory.news()
        return readings + self._live.take(self._framer.feed(data))

    def transmit(self, now_s: float) -> bytes:
        """Nothing for the live formats; for `stored` the request, and the way back to live."""
        return b"" if self._memory is None else self._memory.transmit(now_s)

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Raises NotPossible: an oximeter has no cuff."""
        raise NotPossible("this device is a pulse oximeter and has no cuff")

    def farewell(self) -> bytes:
        """Nothing: the device only talks, and goes back to live by itself when its memory was sent."""
        return b""
