"""The line that the monitor sends after a measurement: its shape, its fields, and how it is written.

Source: Omron HBP-9030/HBP-9031C instruction manual 2873643-0F, page 20 (USB output, function item 32, format 5).
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE

SHAPE = "dddd,dd,dd,dd,dd,iiiiiiiiiiiiiiiiiiii,d,vvv,vvv,vvv,d"
"""d a digit, i a character of the person's number, v a digit or a space."""
LENGTH = len(SHAPE)
ENDS = b"\r\n"
FILLING = b"\r\n\0"
LONGEST_FOREIGN = 160
FOREIGN = (b"MMBP203N", b"ID", b"bp,")
"""How a line of another output format begins."""

_ALLOWED = {
    "d": frozenset(b"0123456789"),
    "v": frozenset(b"0123456789 "),
    "i": frozenset(range(0x20, 0x7F)) - {ord(",")},
    ",": frozenset(b","),
}


class Result(msgspec.Struct, frozen=True):
    """One measurement. Pressures in mmHg, rate per minute, None with an error. `at`: the device's clock, to the minute.

    The number of the person, which the line carries too, is left out here and kept nowhere.
    """

    at: datetime
    error: int
    systolic: int | None
    diastolic: int | None
    pulse_rate: int | None
    movement: int


def line_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test: a line from its beginning to its CR or LF. Line ends and zeros between lines are packets of one byte.

    `locked` stands for "a line begins here": the driver feeds one line end before anything else.
    """
    if buffer[at] in FILLING:
        return 1
    if not locked:
        return NOT_HERE
    if (length := _foreign(buffer, at)) != NOT_HERE:
        return length
    have = buffer[at : at + LENGTH]
    if any(byte not in _ALLOWED[kind] for byte, kind in zip(have, SHAPE, strict=False)):
        return NOT_HERE
    if len(buffer) - at <= LENGTH:
        return MORE
    if buffer[at + LENGTH] not in ENDS:
        return NOT_HERE
    return LENGTH + 1 if result(bytes(have)) else BAD


def _foreign(buffer: bytearray, at: int) -> int:
    """Length of a whole line of another format, MORE while it may become one."""
    head = bytes(buffer[at : at + 8])
    if not any(head.startswith(name) or name.startswith(head) for name in FOREIGN):
        return NOT_HERE
    for end in range(at, min(len(buffer), at + LONGEST_FOREIGN)):
        if buffer[end] in FILLING:
            return end - at if any(head.startswith(name) for name in FOREIGN) else NOT_HERE
    return MORE if len(buffer) - at < LONGEST_FOREIGN else NOT_HERE


def is_foreign(packet: bytes) -> bool:
    """True for a line of another output format."""
    return packet.startswith(FOREIGN)


def result(line: bytes) -> Result | None:
    """Fields of a line; None for a day that is not in the calendar or values that do not fit the error digit."""
    text = line[:LENGTH].decode("ascii")
    year, month, day, hour, minute, _, error, systolic, diastolic, rate, movement = text.split(",")
    try:
        at = datetime(int(year), int(month), int(day), int(hour), int(minute))
    except ValueError:
        return None
    values = (systolic, diastolic, rate)
    if error == "0" and all(value.isdigit() for value in values):
        return Result(at, 0, int(systolic), int(diastolic), int(rate), int(movement))
    if error != "0" and values == ("   ",) * 3:
        return Result(at, int(error), None, None, None, int(movement))
    return None


def encode(value: Result, person: str = "") -> bytes:
    """The line of a result, with CR LF. `person` is filled up to its 20 characters."""
    values = (value.systolic, value.diastolic, value.pulse_rate)
    written = ",".join("   " if one is None else f"{one:03d}" for one in values)
    return f"{value.at:%Y,%m,%d,%H,%M},{person:20.20},{value.error},{written},{value.movement}\r\n".encode("ascii")
