"""One picture of a bar as bytes: Adalight, AWA 1 and 2, TPM2 (bilateral reference, sections 9.2 to 9.4). Pure.

A picture is `3 * n` bytes: red, green, blue of each LED, LED 0 first.
"""

from __future__ import annotations

from enum import StrEnum

ADALIGHT = b"Ada"
AWA = b"Awa"
AWA_2 = b"AwA"
HEADER_SIZE = 6
MOST_LEDS = 1024
MOST_LEDS_TPM2 = 85
"""WLED counts one LED too few of most longer TPM2 frames and takes the last one's bytes for commands."""

TPM2_START, TPM2_DATA, TPM2_END = 0xC9, 0xDA, 0x36
AWA_HELLO = bytes((0x2A, 0xA2, 0x15))
"""Asks an AWA device for its statistics and its welcome line."""


class BarProtocol(StrEnum):
    """What a bar speaks."""

    ADALIGHT = "adalight"
    AWA = "awa"
    AWA_2 = "awa2"
    TPM2 = "tpm2"


def encode(protocol: BarProtocol, picture: bytes, calibration: bytes = bytes((255, 255, 255, 255))) -> bytes:
    """A frame of this protocol. `calibration`: gain, red, green, blue, sent by AWA 2 alone.

    Raises ValueError for a picture that is no whole number of LEDs, empty or too long for the protocol.
    """
    match protocol:
        case BarProtocol.ADALIGHT:
            return _header(ADALIGHT, picture) + picture
        case BarProtocol.AWA:
            return _header(AWA, picture) + picture + awa_check(picture)
        case BarProtocol.AWA_2:
            if len(calibration) != 4:
                raise ValueError("calibration is four bytes: gain, red, green, blue")
            payload = picture + calibration
            return _header(AWA_2, picture) + payload + awa_check(payload)
        case BarProtocol.TPM2:
            _leds(picture, MOST_LEDS_TPM2)
            size = len(picture).to_bytes(2, "big")
            return bytes((TPM2_START, TPM2_DATA)) + size + picture + bytes((TPM2_END,))


def awa_check(payload: bytes) -> bytes:
    """The three check bytes of AWA over the payload: two of Fletcher's, one of each byte with its place."""
    one = two = places = 0
    for place, byte in enumerate(payload):
        one = (one + byte) % 255
        two = (two + one) % 255
        places = (places + (byte ^ (place & 0xFF))) % 255
    # Read as an "A" the third could begin a header.
    return bytes((one, two, 0xAA if places == 0x41 else places))


def header_check(high: int, low: int) -> int:
    """The sixth byte of Adalight's and AWA's header."""
    return high ^ low ^ 0x55


def frame_size(protocol: BarProtocol, leds: int) -> int:
    """How many bytes a frame for so many LEDs has."""
    return (
        3 * leds + {BarProtocol.ADALIGHT: 6, BarProtocol.AWA: 9, BarProtocol.AWA_2: 13, BarProtocol.TPM2: 5}[protocol]
    )


def line_seconds(protocol: BarProtocol, leds: int, baud: int) -> float:
    """How long a frame is on the line: ten bits a byte."""
    return frame_size(protocol, leds) * 10 / baud


def _header(magic: bytes, picture: bytes) -> bytes:
    high, low = divmod(_leds(picture, MOST_LEDS) - 1, 256)
    return magic + bytes((high, low, header_check(high, low)))


def _leds(picture: bytes, most: int) -> int:
    leds, rest = divmod(len(picture), 3)
    if rest or not leds:
        raise ValueError(f"{len(picture)} bytes are no picture: three for each LED, and at least one LED")
    if leds > most:
        raise ValueError(f"{leds} LEDs are more than the {most} that this protocol is safe with")
    return leds
