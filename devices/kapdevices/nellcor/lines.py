"""Lines of the Nellcor real-time text: frame test, fields, status codes; pure functions over bytes.

A data line every 2 s, two or three heading lines after every 25 of them. There is no checksum, so a line must be wholly
as documented. Sources: Nellcor NPB-290 and NPB-295 operator's manuals, appendix "Data Port Protocol", public drivers
and real lines of an N-560 (see README).
"""

from __future__ import annotations

import re

import msgspec

from kapdevices.framing import text_line
from kapdevices.readings import Quality

CR, LF, NUL, XON, XOFF = 0x0D, 0x0A, 0x00, 0x11, 0x13
ENDS = frozenset((CR, LF, NUL, XON, XOFF))
"""Line ends, and bytes that are seen between lines: NUL at switch-on, flow control."""
LONGEST = 160
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_DATA = re.compile(
    rb"(\d\d)-([A-Za-z]{3})-\d\d (\d\d):(\d\d):(\d\d)"
    rb" +(\d{1,3}\*?|---) +(\d{1,3}\*?|---) +(\d{1,3}\*?|---)((?: +[A-Z]{2})*) *"
)
_HEADINGS = (
    re.compile(rb"(\S+) +VERSION [0-9.]+ +CRC:\S+ +SpO2 Limit: *\d+- *\d+% +PR Limit: *\d+- *\d+BPM *"),
    re.compile(rb" +(?:ADULT|NEO)\w* +\d+ ?n?SAT-S[ -~]*"),
    re.compile(rb" *TIME +%S[Pp]O2 +BPM +PA +Status *"),
)

HIGHEST_RATE = 300
_QUALITIES = {
    "SD": Quality.SENSOR_DISCONNECTED,
    "SO": Quality.SENSOR_OFF,
    "LM": Quality.INTERFERENCE,
    "LP": Quality.OUT_OF_TRACK,
    "PS": Quality.SEARCHING,
    "MO": Quality.INTERFERENCE,
}
"""Codes that speak against the values, the gravest first."""
_ALARMS = {
    "SH": "SpO2 high",
    "SL": "SpO2 low",
    "PH": "pulse rate high",
    "PL": "pulse rate low",
    "AS": "alarm silenced",
    "AO": "alarm off",
}
LOW_BATTERY = "LB"
_KNOWN = frozenset((*_QUALITIES, *_ALARMS, LOW_BATTERY))


class Line(msgspec.Struct, frozen=True):
    """One data line: percent, per minute, pulse amplitude without unit; None for dashes and for zero."""

    spo2: float | None
    pulse_rate: float | None
    amplitude: float | None
    beyond_limits: bool
    codes: tuple[str, ...]

    @property
    def quality(self) -> Quality:
        """What the codes say against the values. With a code that nobody has described there is no value."""
        if self.unknown_codes:
            return Quality.NO_VALUE
        return next((quality for code, quality in _QUALITIES.items() if code in self.codes), Quality.GOOD)

    @property
    def unknown_codes(self) -> tuple[str, ...]:
        """Codes that are in no document."""
        return tuple(code for code in self.codes if code not in _KNOWN)

    @property
    def alarm_words(self) -> str:
        """The device's own alarms in words; empty when there are none."""
        words = [words for code, words in _ALARMS.items() if code in self.codes]
        if self.beyond_limits and not {"SH", "SL", "PH", "PL"} & set(self.codes):
            words.insert(0, "a value is beyond the limits")
        return ", ".join(words)


def line_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test: a data or heading line with its first end mark, or an end mark alone, at the beginning of a line."""
    return text_line(
        buffer, at, locked, ENDS, LONGEST, lambda text: parse(text) is not None or heading(text) is not None
    )


def parse(text: bytes) -> Line | None:
    """Fields of a data line without its end; None when anything about it is not as documented."""
    found = _DATA.fullmatch(text)
    if found is None or found[2].upper().decode() not in MONTHS:
        return None
    if not (1 <= int(found[1]) <= 31 and int(found[3]) < 24 and int(found[4]) < 60 and int(found[5]) < 60):
        return None
    spo2, rate, amplitude = map(_number, found.groups()[5:8])
    if (spo2 or 0) > 100 or (rate or 0) > HIGHEST_RATE:
        return None
    beyond = b"*" in found[6] + found[7] + found[8]
    return Line(spo2, rate, amplitude, beyond, tuple(found[9].decode("ascii").split()))


def heading(text: bytes) -> str | None:
    """The model of a heading line, empty for the lines without one; None when it is no heading line."""
    for shape in _HEADINGS:
        if found := shape.fullmatch(text):
            return found[1].decode("ascii") if found.re.groups else ""
    return None


def _number(text: bytes) -> float | None:
    """Dashes are no value, and so is zero: an N-560 prints 0 while it searches for the pulse."""
    if text == b"---":
        return None
    return float(text.rstrip(b"*")) or None
