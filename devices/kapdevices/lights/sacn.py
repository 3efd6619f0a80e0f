"""sACN (ANSI E1.31) data packets, byte for byte (room light reference 4.1); UDP port 5568, big-endian."""

from __future__ import annotations

import struct

PORT = 5568
PRIORITY = 100
"""The usual priority of a source; 0 to 200, the highest that speaks wins at once."""

PREVIEW = 0x80
TERMINATED = 0x40
MAX_UNIVERSE = 63999
SLOTS = 512

_ROOT = bytes.fromhex("00100000") + b"ASC-E1.17\0\0\0"
_VECTOR_ROOT = 4
_VECTOR_DATA = 2
_DMP = bytes.fromhex("02a100000001")


def encode(
    cid: bytes,
    source: str,
    universe: int,
    sequence: int,
    slots: bytes,
    priority: int = PRIORITY,
    options: int = 0,
) -> bytes:
    """One data packet of 126 + len(`slots`) bytes, start code 0.

    `cid`: 16 bytes that stay the same for an installation. `source`: a name, cut to 63 bytes of UTF-8. Raises
    ValueError for what the format cannot say.
    """
    if len(cid) != 16:
        raise ValueError("a CID has 16 bytes")
    if not 1 <= universe <= MAX_UNIVERSE:
        raise ValueError(f"sACN universe {universe} is not in 1 to {MAX_UNIVERSE}")
    if len(slots) > SLOTS or not 0 <= priority <= 200:
        raise ValueError("at most 512 slots, priority 0 to 200")
    name = source.encode()[:63].decode(errors="ignore").encode()
    total = 126 + len(slots)
    return b"".join(
        (
            _ROOT,
            _length(total - 16),
            struct.pack(">I", _VECTOR_ROOT),
            cid,
            _length(total - 38),
            struct.pack(">I", _VECTOR_DATA),
            name.ljust(64, b"\0"),
            struct.pack(">BHBBH", priority, 0, sequence & 0xFF, options, universe),
            _length(total - 115),
            _DMP,
            struct.pack(">H", len(slots) + 1),
            b"\0",
            slots,
        )
    )


def multicast_group(universe: int) -> str:
    """The group in which a universe is sent: 239.255.high.low."""
    return f"239.255.{universe >> 8}.{universe & 0xFF}"


def _length(length: int) -> bytes:
    return struct.pack(">H", 0x7000 | length)


class Source:
    """One universe as this program sends it: counts the sequence, ends with three terminated packets."""

    def __init__(self, cid: bytes, name: str, universe: int, priority: int = PRIORITY) -> None:
        """Raises ValueError for a universe or priority that there is not."""
        self._cid, self._name, self._universe, self._priority = cid, name, universe, priority
        self._sequence = -1
        encode(cid, name, universe, 0, b"", priority)

    def frame(self, slots: bytes) -> bytes:
        """The next packet with these levels."""
        return self._next(slots, 0)

    def goodbye(self, slots: bytes) -> list[bytes]:
        """What ends the stream, so that a source of lower priority takes over at once."""
        return [self._next(slots, TERMINATED) for _ in range(3)]

    def _next(self, slots: bytes, options: int) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFF
        return encode(self._cid, self._name, self._universe, self._sequence, slots, self._priority, options)
