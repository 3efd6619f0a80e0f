"""What is asked of a WLED bar before and after a set, never during one (bilateral reference, sections 9.5 and 9.6).

There is no way here to lock WLED's live mode: that has no end of its own, and the bar would stay lit without us.
"""

from __future__ import annotations

import re

import msgspec

VERSION = b"v"
READ_BACK = b"L"
"""Idle state only: the present picture as a TPM2 frame with a line feed behind it."""
ABOUT = b'{"v":true}\n'
LEAVE_LIVE = b'{"live":false}\n'

BAUDS = {115200: 0xB0, 230400: 0xB1, 460800: 0xB2, 500000: 0xB3, 576000: 0xB4, 921600: 0xB5, 1000000: 0xB6}
BAUDS[1500000] = 0xB7

_VERSION = re.compile(rb"WLED ([0-9]+)")


class WledBar(msgspec.Struct, frozen=True):
    """What a WLED says of itself: version, how many LEDs, brightness (0 to 255) and whether its light is on."""

    version: str
    leds: int
    brightness: int
    on: bool


class _Leds(msgspec.Struct):
    count: int = 0


class _Info(msgspec.Struct):
    ver: str = ""
    leds: _Leds = msgspec.field(default_factory=_Leds)


class _State(msgspec.Struct):
    on: bool = False
    bri: int = 0


class _About(msgspec.Struct):
    state: _State = msgspec.field(default_factory=_State)
    info: _Info = msgspec.field(default_factory=_Info)


def brightness(level: int) -> bytes:
    """Set the bar's own brightness, 0 to 255: before the first frame, which raises it to its last value otherwise."""
    if not 0 <= level <= 255:
        raise ValueError(f"brightness is 0 to 255, not {level}")
    return msgspec.json.encode({"bri": level}) + b"\n"


def change_baud(baud: int) -> bytes:
    """Ask for another line speed, until the bar is switched off. Raises ValueError for one that WLED does not have."""
    if baud not in BAUDS:
        raise ValueError(f"WLED has no line speed {baud}; it has: {', '.join(map(str, BAUDS))}")
    return bytes((BAUDS[baud],))


def version_of(answer: bytes) -> str:
    """The version in an answer to `VERSION`; empty where there is none."""
    found = _VERSION.search(answer)
    return found.group(1).decode() if found else ""


def about_of(answer: bytes) -> WledBar | None:
    """The bar in an answer to `ABOUT`, whatever stands around it; None where there is none."""
    begin, end = answer.find(b"{"), answer.rfind(b"}")
    if begin < 0 or end < begin:
        return None
    try:
        about = msgspec.json.decode(answer[begin : end + 1], type=_About)
    except msgspec.DecodeError:
        return None
    if not about.info.leds.count:
        return None
    return WledBar(about.info.ver, about.info.leds.count, about.state.bri, about.state.on)


def picture_of(answer: bytes) -> bytes | None:
    """The picture in an answer to `READ_BACK`: `C9 DA` size, red, green, blue of each LED, `36 0A`; else None."""
    begin = answer.find(b"\xc9\xda")
    if begin < 0 or len(answer) < begin + 5:
        return None
    size = int.from_bytes(answer[begin + 2 : begin + 4], "big")
    end = begin + 4 + size
    return answer[begin + 4 : end] if answer[end : end + 1] == b"\x36" else None
