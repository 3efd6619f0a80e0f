"""Packets of the Contec protocol V7.0, both directions: pure functions over bytes.

Source: Contec, "Communication protocol of pulse oximeter V7.0" (8 July 2010), and public drivers named in this folder's
README. The first byte is the type and has bit 7 clear; every later byte has it set. The second byte carries the bits 7
of the payload. There is no checksum and no length: the length follows from the type.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE

LIVE, MODEL, MAKER, IDENTIFIER, USER, HELLO = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
START_DATE, LENGTH, STORED_PI, COUNT, FEEDBACK, STOPPED = 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C
GOODBYE, HAS_PI, STORED, USERS, NOTICE, START_TIME, HOST = 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x7D

PACKET_BYTES = {
    LIVE: 9,
    MODEL: 9,
    MAKER: 9,
    IDENTIFIER: 9,
    USER: 9,
    HELLO: 4,
    START_DATE: 8,
    LENGTH: 8,
    STORED_PI: 6,
    COUNT: 4,
    FEEDBACK: 4,
    STOPPED: 2,
    GOODBYE: 3,
    HAS_PI: 3,
    STORED: 8,
    USERS: 3,
    NOTICE: 9,
    START_TIME: 8,
    0x13: 9,
    0x14: 9,
    0x15: 9,
    HOST: 9,
}

ASK_HELLO, START_LIVE, STOP_LIVE, ASK_COUNT, ASK_LENGTH, ASK_START = 0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5
SEND_STORED, STOP_STORED, ASK_MODEL, ASK_USERS, KEEP_ALIVE = 0xA6, 0xA7, 0xA8, 0xAD, 0xAF

REASONS = {
    0x00: "done",
    0x01: "it is shutting down",
    0x02: "another user was chosen",
    0x03: "it is recording",
    0x04: "deleting failed",
    0x05: "not supported",
    0xFF: "unknown",
}

LIVE_RATE_HZ = 60.0
PLETH_FULL_SCALE = 127
PLETH_FLAT = 64
"""What the wave shows without a finger."""
NO_PULSE_RATE = (0, 255)
NO_SPO2 = (0, 127)
"""Both kinds of missing value: zero as really sent by a CMS50D+, 255 and 127 as written by the maker."""
NO_PERFUSION = 0xFFFF
MAX_PERFUSION = 2200


def packet_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test: a known type, its length, bit 7 of every byte, and no high bit for a payload byte that is not there.

    Host packets on a tapped line are packets, too. A live packet must have a signal strength that exists.
    """
    size = PACKET_BYTES.get(buffer[at])
    if size is None:
        return NOT_HERE
    packet = buffer[at : at + size]
    if len(packet) > 1 and min(packet[1:]) < 0x80:
        return BAD
    if len(packet) < size:
        return MORE
    if (packet[1] & 0x7F) >> (size - 2):
        return BAD
    if packet[0] == LIVE and 8 < packet[2] & 0x0F < 15:
        return BAD
    if packet[0] in (GOODBYE, FEEDBACK) and payload(bytes(packet))[-1] not in REASONS:
        return BAD
    return size


def payload(packet: bytes) -> bytes:
    """The payload of a packet with its bits 7 restored."""
    return bytes((byte & 0x7F) | (packet[1] >> place & 1) << 7 for place, byte in enumerate(packet[2:]))


def encode(kind: int, values: bytes) -> bytes:
    """A packet of a type with a payload of at most 7 bytes."""
    high = sum((value >> 7) << place for place, value in enumerate(values))
    return bytes((kind, 0x80 | high, *(value | 0x80 for value in values)))


def command(code: int, *parameters: int) -> bytes:
    """A host command, 9 bytes: A0 to B6 with up to six parameters, the rest 0."""
    return encode(HOST, bytes((code, *parameters)).ljust(7, b"\0"))


class Live(msgspec.Struct, frozen=True):
    """A live packet. `pleth` 0 to 127, `pulse_rate` per minute, `spo2` percent, `perfusion` in hundredths of a percent.

    `strength` is 0 to 8, `bar` 0 to 15. Missing values are as sent; see NO_PULSE_RATE, NO_SPO2, NO_PERFUSION.
    """

    pleth: int
    pulse_rate: int
    spo2: int
    perfusion: int = NO_PERFUSION
    strength: int = 5
    bar: int = 0
    beep: bool = False
    low_spo2: bool = False
    searching_long: bool = False
    finger_out: bool = False
    searching: bool = False
    perfusion_invalid: bool = False


def live(packet: bytes) -> Live:
    """What a packet of type LIVE says."""
    p = payload(packet)
    return Live(
        pleth=p[1] & 0x7F,
        pulse_rate=p[3],
        spo2=p[4],
        perfusion=p[5] | p[6] << 8,
        strength=p[0] & 0x0F,
        bar=p[2] & 0x0F,
        beep=bool(p[0] & 0x40),
        low_spo2=bool(p[0] & 0x20),
        searching_long=bool(p[0] & 0x10),
        finger_out=bool(p[0] & 0x80),
        searching=bool(p[1] & 0x80),
        perfusion_invalid=bool(p[2] & 0x10),
    )


def encode_live(said: Live) -> bytes:
    """The packet that says this."""
    first = said.strength | said.searching_long << 4 | said.low_spo2 << 5 | said.beep << 6 | said.finger_out << 7
    second = said.pleth | said.searching << 7
    third = said.bar | said.perfusion_invalid << 4
    last = said.perfusion.to_bytes(2, "little")
    return encode(LIVE, bytes((first, second, third, said.pulse_rate, said.spo2, *last)))


def text_of(characters: bytes) -> str:
    """Printable characters of a name, without the spaces and zeros that fill it up."""
    return "".join(chr(c) for c in characters if 0x20 <= c < 0x7F).strip()


def start_of(date: bytes, time: bytes) -> datetime | None:
    """When a record began, from the payloads of START_DATE and START_TIME; None when that is no date."""
    try:
        return datetime(date[2] * 100 + date[3], date[4], date[5], time[2], time[3], time[4])
    except ValueError:
        return None
