"""Enttec DMX USB Pro and its relatives: frames and answers, byte for byte (room light reference 4.3).

The widget repeats the last frame by itself. It does not answer to output; that it lives is seen by asking for its
serial number.
"""

from __future__ import annotations

import msgspec

from kapdevices.framing import MORE, NOT_HERE, Framer

START, END = 0x7E, 0xE7
LONGEST = 600
SLOTS = 512

SEND_DMX = 6
GET_PARAMETERS = 3
SERIAL_NUMBER = 10


class Answer(msgspec.Struct, frozen=True):
    """One message of the widget."""

    label: int
    data: bytes

    @property
    def serial_number(self) -> int | None:
        """The number on the widget's case (BCD, low byte first); None when this is no such answer."""
        if self.label != SERIAL_NUMBER or len(self.data) != 4:
            return None
        digits = "".join(f"{byte:02x}" for byte in reversed(self.data))
        return int(digits) if digits.isdecimal() else None


def message(label: int, data: bytes = b"") -> bytes:
    """One frame: 7E, label, length (low byte first), data, E7. Raises ValueError for more than 600 bytes."""
    if len(data) > LONGEST:
        raise ValueError("at most 600 bytes of data")
    return bytes((START, label, len(data) & 0xFF, len(data) >> 8)) + data + bytes((END,))


def encode(slots: bytes) -> bytes:
    """Send `slots`, filled up with zeros to 512: shorter frames are not taken by every widget. Raises ValueError."""
    if len(slots) > SLOTS:
        raise ValueError("at most 512 slots")
    return message(SEND_DMX, b"\0" + slots.ljust(SLOTS, b"\0"))


ASK_SERIAL_NUMBER = message(SERIAL_NUMBER)


def _frame_test(buffer: bytearray, at: int, locked: bool) -> int:
    if buffer[at] != START:
        return NOT_HERE
    if len(buffer) - at < 4:
        return MORE
    length = buffer[at + 2] | buffer[at + 3] << 8
    if length > LONGEST:
        return NOT_HERE
    if len(buffer) - at < length + 5:
        return MORE
    return length + 5 if buffer[at + length + 4] == END else NOT_HERE


class Answers:
    """Finds the widget's messages in what arrives, in any pieces."""

    def __init__(self) -> None:
        self._framer = Framer(_frame_test, limit=LONGEST + 5)

    def feed(self, data: bytes) -> list[Answer]:
        """Take bytes; give the messages that they complete."""
        return [Answer(packet.data[1], packet.data[4:-1]) for packet in self._framer.feed(data)]

    def give_up(self) -> list[Answer]:
        """Nothing more is coming: what a torn message hid is given now."""
        return [Answer(packet.data[1], packet.data[4:-1]) for packet in self._framer.give_up()]


class Source:
    """The widget's output."""

    def frame(self, slots: bytes) -> bytes:
        """All 512 slots."""
        return encode(slots)

    def goodbye(self, slots: bytes) -> list[bytes]:
        """Nothing: the widget goes on with the last frame."""
        return []
