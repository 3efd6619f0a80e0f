"""The five-byte packet of older Contec oximeters and of Berry oximeters: pure functions over bytes.

Source: Berry, "BCI Protocol V1.2" (in zh2x/BCI_Protocol @b0237a44), and public drivers named in this folder's README.
Only the first byte has bit 7 set. There is no checksum, so a packet must be followed by the first byte of the next.
"""

from __future__ import annotations

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE
from kapdevices.readings import Quality

PACKET_BYTES = 5
STRENGTH_INVALID = 15
NO_PULSE_RATE = (0, 255)
NO_SPO2 = (0, 127)
"""Both kinds of missing value: zeros of Contec, 255 and 127 of Berry."""

ASK_STORED = b"\xf5\xf5"
BACK_TO_LIVE = b"\xf6\xf6\xf6"


class Dialect(msgspec.Struct, frozen=True):
    """What differs between makers: packets a second, and the highest pleth."""

    rate_hz: float
    full_scale: int


DIALECTS = {"contec": Dialect(60.0, 127), "berry": Dialect(100.0, 100)}


class Said(msgspec.Struct, frozen=True):
    """What a packet says; `flag_5` and `flag_4` of the first byte and `probe` mean different things to the makers."""

    pleth: int
    pulse_rate: int
    spo2: int
    strength: int = 5
    bar: int = 0
    beep: bool = False
    flag_5: bool = False
    flag_4: bool = False
    searching: bool = False
    probe: bool = False


def packet_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test: bit 7 in the first byte and in the one behind the packet only, and a signal strength that exists."""
    if buffer[at] < 0x80:
        return NOT_HERE
    rest = buffer[at + 1 : at + PACKET_BYTES]
    if rest and max(rest) >= 0x80:
        return BAD
    if len(buffer) - at <= PACKET_BYTES:
        return MORE
    if buffer[at + PACKET_BYTES] < 0x80 or 8 < buffer[at] & 0x0F < STRENGTH_INVALID:
        return BAD
    return PACKET_BYTES


def decode(packet: bytes) -> Said:
    """The fields of a packet."""
    first, pleth, third, rate, spo2 = packet
    return Said(
        pleth=pleth,
        pulse_rate=(third & 0x40) << 1 | rate,
        spo2=spo2,
        strength=first & 0x0F,
        bar=third & 0x0F,
        beep=bool(first & 0x40),
        flag_5=bool(first & 0x20),
        flag_4=bool(first & 0x10),
        searching=bool(third & 0x20),
        probe=bool(third & 0x10),
    )


def encode(said: Said) -> bytes:
    """The packet that says this."""
    first = 0x80 | said.beep << 6 | said.flag_5 << 5 | said.flag_4 << 4 | said.strength
    third = said.pulse_rate >> 7 << 6 | said.searching << 5 | said.probe << 4 | said.bar
    return bytes((first, said.pleth, third, said.pulse_rate & 0x7F, said.spo2))


def quality_of(said: Said, dialect: str) -> Quality:
    """What the flags mean for everything in the packet.

    Sources name Contec's flag 4 and probe flag differently: either is taken as "sensor off", but for a search that the
    device says to be one.
    """
    if dialect == "berry" and said.flag_5:
        return Quality.SENSOR_DISCONNECTED
    if said.probe:
        return Quality.SENSOR_OFF
    if said.searching:
        return Quality.SEARCHING
    if said.flag_4:
        return Quality.OUT_OF_TRACK if dialect == "berry" else Quality.SENSOR_OFF
    return Quality.GOOD
