"""Pictures found again in a bar's bytes, as a bar would find them: what a simulated bar and the tests look at. Pure."""

from __future__ import annotations

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE
from kapdevices.lightbars.frames import (
    ADALIGHT,
    AWA,
    AWA_2,
    HEADER_SIZE,
    TPM2_DATA,
    TPM2_END,
    TPM2_START,
    BarProtocol,
    awa_check,
    header_check,
)

_MAGIC = {BarProtocol.ADALIGHT: ADALIGHT, BarProtocol.AWA: AWA, BarProtocol.AWA_2: AWA_2}
_EXTRA = {BarProtocol.ADALIGHT: 0, BarProtocol.AWA: 3, BarProtocol.AWA_2: 7}


class Unpacked(msgspec.Struct, frozen=True):
    """What came of a call: whole pictures in order, bytes that belong to none, frames whose check failed."""

    pictures: tuple[bytes, ...]
    others: bytes
    bad: int


class Unpacker:
    """Takes bytes as they come and gives pictures."""

    def __init__(self, protocol: BarProtocol) -> None:
        self._protocol = protocol
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Unpacked:
        """The pictures that are whole now."""
        self._buffer += data
        pictures, others, bad = [], bytearray(), 0
        while self._buffer:
            length = self._frame()
            if length == MORE:
                break
            if length > 0:
                pictures.append(self._picture(length))
                del self._buffer[:length]
                continue
            bad += length == BAD
            others.append(self._buffer.pop(0))
        return Unpacked(tuple(pictures), bytes(others), bad)

    def _frame(self) -> int:
        """The length of the frame that begins here, or MORE, NOT_HERE, BAD."""
        if self._protocol is BarProtocol.TPM2:
            return self._tpm2()
        buffer, magic = self._buffer, _MAGIC[self._protocol]
        if not magic.startswith(bytes(buffer[:3])):
            return NOT_HERE
        if len(buffer) < HEADER_SIZE:
            return MORE
        if buffer[5] != header_check(buffer[3], buffer[4]):
            return BAD
        leds = buffer[3] * 256 + buffer[4] + 1
        length = HEADER_SIZE + 3 * leds + _EXTRA[self._protocol]
        if len(buffer) < length:
            return MORE
        if _EXTRA[self._protocol]:
            if awa_check(bytes(buffer[HEADER_SIZE : length - 3])) != bytes(buffer[length - 3 : length]):
                return BAD
        return length

    def _tpm2(self) -> int:
        buffer = self._buffer
        if not bytes((TPM2_START, TPM2_DATA)).startswith(bytes(buffer[:2])):
            return NOT_HERE
        if len(buffer) < 4:
            return MORE
        length = 5 + buffer[2] * 256 + buffer[3]
        if len(buffer) < length:
            return MORE
        return length if buffer[length - 1] == TPM2_END else BAD

    def _picture(self, length: int) -> bytes:
        if self._protocol is BarProtocol.TPM2:
            return bytes(self._buffer[4 : length - 1])
        leds = self._buffer[3] * 256 + self._buffer[4] + 1
        return bytes(self._buffer[HEADER_SIZE : HEADER_SIZE + 3 * leds])
