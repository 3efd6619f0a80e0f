"""Lines of DINAMAP host communications, both directions: pure functions over bytes.

A line is the unit id (a blank), a two-letter code, parameters, two check characters, CR. The monitor only answers.
Sources: GE manual 2010566 as quoted by a V100 driver, and two other public drivers (see README).
"""

from __future__ import annotations

import re

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE

UNIT, CR, LF = 0x20, 0x0D, 0x0A
LONGEST = 48
NIBP, OXIMETER, RATE, TEMPERATURE = "NA", "OA", "RA", "TC"

BUSY, GOOD = 0, 1
FAILURES = {
    3: "the determination failed",
    4: "pump-up timeout: leak, or the cuff is loose",
    6: "the determination took too long",
    7: "one pressure took too long: the arm moved",
    8: "over-pressure, or excess air in the cuff",
    9: "unknown cause",
}
"""NIBP state and what the monitor says with it; 2 is unused."""
NEONATE = 2
OXIMETER_GOOD, OXIMETER_NO_DATA, OXIMETER_UNPLUGGED = 1, 3, 6
FROM_OXIMETER, FROM_NIBP = 2, 3
NO_AGE_S, NO_TEMPERATURE_AGE_S = 9999, 99999


def check(text: bytes) -> bytes:
    """The two check characters of a text that begins with the unit id."""
    total = sum(byte - 0x20 + 1 for byte in text)
    if total > 0xFFF:
        total -= 0xFFF
    return bytes((0x20 + (total >> 6), 0x20 + (total & 0x3F)))


def line(body: str) -> bytes:
    """A whole line from code and parameters."""
    text = b" " + body.encode("ascii")
    return text + check(text) + b"\r"


ASK = {code: line(code) for code in (NIBP, OXIMETER, RATE, TEMPERATURE)}
"""Read-only requests by code."""
# A CR before it ends whatever half line the monitor may hold, so that these three are never glued to one.
CHECK_FIRST = b"\r" + ASK[NIBP]
START = b"\r" + line("NC0")
CANCEL = b"\r" + line("ND")

_REQUESTS = frozenset(line(body)[:-1] for body in ("NA", "NC0", "ND", "OA", "RA", "RC", "TC", "TD"))
_SHAPES = {
    NIBP: re.compile(rb" NA(\d)([012])([01])(\d{4})(\d{3})(\d{3})(\d{3})"),
    OXIMETER: re.compile(rb" OA(\d)(\d{3})(\d)(\d\d)"),
    RATE: re.compile(rb" RA(\d)(\d{3}|-\d\d)"),
    TEMPERATURE: re.compile(rb" TC(\d)([01])([ -~])(\d{5})(\d{4})([01])"),
}
_HEADS = frozenset(shape.pattern[:3] for shape in _SHAPES.values())


class Nibp(msgspec.Struct, frozen=True):
    """State of the cuff and the last good determination: mmHg, its age in seconds, None for "none yet"."""

    state: int
    cuff: int
    stat: bool
    age_s: int | None
    systolic: int
    diastolic: int
    mean: int


class Oximeter(msgspec.Struct, frozen=True):
    """SpO2 in percent, signal 0 to 9."""

    state: int
    spo2: int
    signal: int
    averaging_s: int


class Rate(msgspec.Struct, frozen=True):
    """Pulse rate per minute, None for none, and where it is from."""

    source: int
    per_min: int | None


class Temperature(msgspec.Struct, frozen=True):
    """Tenths of a degree Fahrenheit; `counter` moves on at each new determination; age None for "none yet"."""

    state: int
    monitoring: bool
    counter: str
    age_s: int | None
    tenths_f: int


class Other(msgspec.Struct, frozen=True):
    """A line whose check holds and whose meaning is not documented: an acknowledgement or a refusal."""

    code: str


Reply = Nibp | Oximeter | Rate | Temperature | Other


def line_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test: a line with its CR, or a line end alone. Inside damage only documented replies count."""
    if buffer[at] in (CR, LF):
        return 1
    head = bytes(buffer[at : at + 3])
    if buffer[at] != UNIT or not (locked or any(known.startswith(head) for known in _HEADS)):
        return NOT_HERE
    wrong = BAD if locked else NOT_HERE
    end = at
    while end < len(buffer) and buffer[end] != CR:
        if not 0x20 <= buffer[end] < 0x7F or end - at >= LONGEST:
            return wrong
        end += 1
    if end == len(buffer):
        return MORE
    text = bytes(buffer[at : end - 2])
    if len(text) < 3 or check(text) != buffer[end - 2 : end]:
        return wrong
    return end + 1 - at if locked or any(shape.fullmatch(text) for shape in _SHAPES.values()) else NOT_HERE


def is_request(packet: bytes) -> bool:
    """True for a host's line, as an adapter's echo or a tap brings it."""
    return packet[:-1] in _REQUESTS


def reply(packet: bytes) -> Reply:
    """The meaning of a line whose check held."""
    text = packet[:-3]
    if found := _SHAPES[NIBP].fullmatch(text):
        state, cuff, stat, age_s, systolic, diastolic, mean = map(int, found.groups())
        return Nibp(state, cuff, bool(stat), None if age_s == NO_AGE_S else age_s, systolic, diastolic, mean)
    if found := _SHAPES[OXIMETER].fullmatch(text):
        return Oximeter(*map(int, found.groups()))
    if found := _SHAPES[RATE].fullmatch(text):
        per_min = int(found[2])
        return Rate(int(found[1]), per_min if per_min > 0 else None)
    if found := _SHAPES[TEMPERATURE].fullmatch(text):
        state, age, tenths_f = int(found[1]), int(found[4]), int(found[5])
        taken_s = None if age == NO_TEMPERATURE_AGE_S else age
        return Temperature(state, found[2] == b"1", found[3].decode("ascii"), taken_s, tenths_f)
    return Other(text[1:3].decode("ascii"))


def nibp_line(value: Nibp) -> bytes:
    """The monitor's answer to NA."""
    age_s = NO_AGE_S if value.age_s is None else min(5400, value.age_s)
    pressures = f"{value.systolic:03}{value.diastolic:03}{value.mean:03}"
    return line(f"NA{value.state}{value.cuff}{int(value.stat)}{age_s:04}{pressures}")


def oximeter_line(value: Oximeter) -> bytes:
    """The monitor's answer to OA."""
    return line(f"OA{value.state}{value.spo2:03}{value.signal}{value.averaging_s:02}")


def rate_line(value: Rate) -> bytes:
    """The monitor's answer to RA."""
    return line(f"RA{value.source}{value.per_min or 0:03}")


def temperature_line(value: Temperature) -> bytes:
    """The monitor's answer to TC, with Fahrenheit as its display unit."""
    age_s = NO_TEMPERATURE_AGE_S if value.age_s is None else value.age_s
    return line(f"TC{value.state}{int(value.monitoring)}{value.counter}{age_s:05}{value.tenths_f:04}0")
