"""Art-Net ArtDmx packets, byte for byte (room light reference 4.2); UDP port 6454."""

from __future__ import annotations

import struct

PORT = 6454
MAX_ADDRESS = 0x7FFF
SLOTS = 512

_HEAD = b"Art-Net\0" + bytes.fromhex("0050000e")


def encode(address: int, sequence: int, slots: bytes) -> bytes:
    """One ArtDmx packet. `address`: Net(7) SubNet(4) Universe(4), counted from 0; `sequence` 1-255, 0 switches it off.

    An odd number of slots is filled up with one zero, as the format wants an even number from 2 to 512. Raises
    ValueError for what the format cannot say.
    """
    if not 0 <= address <= MAX_ADDRESS:
        raise ValueError(f"Art-Net port address {address} is not in 0 to {MAX_ADDRESS}")
    if not 1 <= len(slots) <= SLOTS:
        raise ValueError("1 to 512 slots")
    even = slots if len(slots) % 2 == 0 else slots + b"\0"
    return _HEAD + struct.pack(">BBBBH", sequence, 0, address & 0xFF, address >> 8, len(even)) + even


POLL = b"Art-Net\0" + bytes.fromhex("0020000e0000")
"""ArtPoll: asks every node for its name; changes nothing."""


def node_name(reply: bytes) -> str | None:
    """The name in an ArtPollReply (Art-Net 4: opcode 0x2100, long name at 44, short name at 26); None for others."""
    if len(reply) < 108 or not reply.startswith(b"Art-Net\0\x00\x21"):
        return None
    names = (reply[44:108], reply[26:44])
    return next((text for name in names if (text := name.split(b"\0")[0].decode("utf-8", "replace").strip())), "node")


class Source:
    """One port address as this program sends it; Art-Net knows no priority and no goodbye."""

    def __init__(self, address: int) -> None:
        """Raises ValueError for an address that there is not."""
        encode(address, 0, b"\0\0")
        self._address = address
        self._sequence = 0

    def frame(self, slots: bytes) -> bytes:
        """The next packet with these levels; the sequence goes from 1 to 255 and round again."""
        self._sequence = self._sequence % 255 + 1
        return encode(self._address, self._sequence, slots)

    def goodbye(self, slots: bytes) -> list[bytes]:
        """Nothing: the node keeps what it has, or does what it is set to."""
        return []
