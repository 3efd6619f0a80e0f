"""The shared resynchronising loop: finds packets in a stream of bytes that may be cut, damaged or foreign.

A protocol supplies a frame test, a pure function that looks at one place of the buffer. The loop does the rest: on
"not here" it drops exactly one byte and asks again, because a start marker may also occur inside data and dropping a
whole supposed packet would throw a good one away with it.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kapdevices.driver import PacketCounts

MORE = 0
"""Frame test: it may be a packet, but bytes are missing."""
NOT_HERE = -1
"""Frame test: no packet begins at this byte."""
BAD = -2
"""Frame test: it looked like a packet and its check failed."""

FrameTest = Callable[[bytearray, int, bool], int]
"""`test(buffer, at, locked)`: length of the packet that begins at `at` (> 0), or MORE, NOT_HERE, BAD.

`at` is always inside the buffer. `locked` is True when the previous packet ended exactly here, so that a format with
a weak marker can ask for more proof before it takes up a stream than while it follows one.
"""


def text_line(
    buffer: bytearray, at: int, locked: bool, ends: frozenset[int], longest: int, fits: Callable[[bytes], bool]
) -> int:
    """A frame test for lines of printable text: a line that `fits` with its first end mark, or an end mark alone.

    `ends` are the bytes between lines; a line begins only where another ended, so `locked` is needed. `longest` is in
    bytes without the end. What begins with a digit and is no line is BAD, anything else NOT_HERE.
    """
    if buffer[at] in ends:
        return 1
    if not locked:
        return NOT_HERE
    wrong = BAD if chr(buffer[at]).isdigit() else NOT_HERE
    end = at
    while end < len(buffer) and buffer[end] not in ends:
        if not 0x20 <= buffer[end] < 0x7F or end - at >= longest:
            return wrong
        end += 1
    if end == len(buffer):
        return MORE
    return end + 1 - at if fits(bytes(buffer[at:end])) else wrong


class Packet(msgspec.Struct, frozen=True):
    """One packet. `offset` is its first byte's place in the stream, counted from the first byte ever fed.

    `damage_at` is the place of the last byte passed over before this packet, None when there was none: how far away
    damage lies, in bytes, is known for each packet, however the bytes were cut into pieces.
    """

    data: bytes
    offset: int
    damage_at: int | None

    @property
    def end(self) -> int:
        """Place of the first byte after this packet; equals the next packet's `offset` when nothing lies between."""
        return self.offset + len(self.data)

    def damaged_within(self, n_bytes: int) -> bool:
        """True when a byte was passed over in the last `n_bytes` bytes before this packet."""
        return self.damage_at is not None and self.offset - self.damage_at <= n_bytes


class Framer:
    """Feeds bytes to a frame test. Every byte fed is in a packet, skipped, or still waiting; never more than `limit`.

    `limit` must be at least the longest packet with the bytes that the test wants to see behind it.
    """

    def __init__(self, test: FrameTest, limit: int = 1024) -> None:
        self._test = test
        self._limit = limit
        self._buffer = bytearray()
        self._offset = 0
        self._locked = False
        self._damage_at: int | None = None
        self._good = 0
        self._bad = 0
        self._skipped = 0

    @property
    def counts(self) -> PacketCounts:
        """Packets found, packets whose check failed, bytes passed over."""
        return PacketCounts(self._good, self._bad, self._skipped)

    @property
    def waiting(self) -> int:
        """Bytes that are held because a packet may be incomplete."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[Packet]:
        """Take bytes in any pieces; give the packets that they complete."""
        self._buffer += data
        return self._scan(give_up=False)

    def give_up(self) -> list[Packet]:
        """Nothing more is coming: pass over an incomplete packet and give what was hidden behind it."""
        return self._scan(give_up=True)

    def _scan(self, give_up: bool) -> list[Packet]:
        buffer, found, at = self._buffer, [], 0
        while at < len(buffer):
            verdict = self._test(buffer, at, self._locked)
            if verdict == MORE and not give_up and len(buffer) - at < self._limit:
                break
            if verdict > 0:
                found.append(Packet(bytes(buffer[at : at + verdict]), self._offset + at, self._damage_at))
                at += verdict
                self._good += 1
                self._locked = True
                continue
            if verdict == BAD:
                self._bad += 1
            self._damage_at = self._offset + at
            self._skipped += 1
            self._locked = False
            at += 1
        del buffer[:at]
        self._offset += at
        return found
