"""Lines of Masimo ASCII 1: frame test, fields by key, and what their bits mean; pure functions over bytes.

`MM/DD/YY hh:mm:ss` and `KEY=value` tokens, one line a second. There is no checksum, so every known token must have
exactly its documented shape. Sources: Masimo Rad-8 operator's manual pp 7-3 and 7-4 and public drivers (see README).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from kapdevices.framing import text_line
from kapdevices.readings import Metric, Quality

CR, LF, NUL = 0x0D, 0x0A, 0x00
ENDS = frozenset((CR, LF, NUL))
"""A line ends with CR, LF or both, blank lines lie between; NUL is seen when a device is switched on."""
LONGEST = 240

_LINE = re.compile(rb"(\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)((?: +[A-Z][A-Z0-9]*=[-+.%0-9A-Fa-f]+)+) *")
_TOKEN = re.compile(rb"([A-Z][A-Z0-9]*)=(\S+)")
_SHAPES = {
    b"SN": re.compile(rb"\d{10}"),
    b"SPO2": re.compile(rb"(?:0\d\d|100|---)%"),
    b"BPM": re.compile(rb"[0-2]\d\d|---"),
    b"PI": re.compile(rb"\d\d\.\d\d%|--\.--%"),
    b"SPCO": re.compile(rb"\d\d\.\d%|--\.-%"),
    b"SPMET": re.compile(rb"\d\d\.\d%|--\.-%"),
    b"DESAT": re.compile(rb"\d\d|--"),
    b"PIDELTA": re.compile(rb"[-+]\d\d|[-+]--"),
    b"PVI": re.compile(rb"0\d\d|100|---"),
    b"ALARM": re.compile(rb"[0-9A-F]{2}|[0-9A-F]{4}"),
    b"EXC": re.compile(rb"[0-9A-F]{3}|[0-9A-F]{6}"),
}
_NEEDED = frozenset((b"SPO2", b"BPM", b"EXC"))
_METRICS = {
    b"SPO2": Metric.SPO2,
    b"BPM": Metric.PULSE_RATE,
    b"PI": Metric.PERFUSION_INDEX,
    b"SPCO": Metric.SPCO,
    b"SPMET": Metric.SPMET,
    b"PVI": Metric.PVI,
}
_ZERO_IS_NO_VALUE = frozenset((b"SPO2", b"BPM"))

LOW_BATTERY = 0x40
_ALARMS = {
    0x0001: "SpO2 high",
    0x0002: "SpO2 low",
    0x0004: "pulse rate high",
    0x0008: "pulse rate low",
    0x0100: "SpCO high",
    0x0200: "SpCO low",
    0x0400: "SpMet high",
    0x0800: "SpMet low",
    0x1000: "desaturation index",
    0x2000: "perfusion index delta",
    0x0010: "alarm sounding",
    0x0020: "alarm silenced",
}
_QUALITIES = (
    (0x001001, Quality.SENSOR_DISCONNECTED),
    (0x19C182, Quality.SENSOR_FAULT),
    (0x000020, Quality.SENSOR_OFF),
    (0x000008, Quality.SEARCHING),
    (0x020000, Quality.CALIBRATING),
    (0x000050, Quality.INTERFERENCE),
    (0x000400, Quality.ARTEFACT),
    (0x000004, Quality.LOW_PERFUSION),
)
"""Exception bits that speak against all values, the gravest first."""
_LOW_CONFIDENCE = {Metric.SPCO: 0x200000, Metric.SPMET: 0x400000}
_MESSAGES = {
    0x000002: "defective sensor",
    0x000080: "unrecognised sensor",
    0x000100: "incompatible sensor",
    0x002000: "cable expired",
    0x004000: "incompatible cable",
    0x008000: "unrecognised cable",
    0x010000: "defective cable",
    0x040000: "sensor expired",
    0x080000: "emitter fault",
    0x100000: "current limit",
}


class Line(msgspec.Struct, frozen=True):
    """One line. `values` by metric, None where the device printed dashes; the serial number is not kept."""

    values: Mapping[Metric, float | None]
    alarm: int
    exceptions: int


def line_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test: a line with its first end mark, or an end mark alone. A line begins only where another ended."""
    return text_line(buffer, at, locked, ENDS, LONGEST, lambda text: parse(text) is not None)


def parse(text: bytes) -> Line | None:
    """Fields of a line without its end; None when anything about it is not as documented."""
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    month, day, _, hour, minute, second = map(int, found.groups()[:6])
    if month > 12 or day > 31 or hour > 23 or minute > 59 or second > 59:
        return None
    tokens: dict[bytes, bytes] = {}
    for key, value in _TOKEN.findall(found[7]):
        if key in tokens or (key in _SHAPES and not _SHAPES[key].fullmatch(value)):
            return None
        tokens[key] = value
    if not tokens.keys() >= _NEEDED:
        return None
    values = {metric: _number(key, tokens[key]) for key, metric in _METRICS.items() if key in tokens}
    return Line(values, int(tokens.get(b"ALARM", b"0"), 16), int(tokens[b"EXC"], 16))


def _number(key: bytes, value: bytes) -> float | None:
    if b"-" in value:
        return None
    number = float(value.rstrip(b"%"))
    return None if number == 0 and key in _ZERO_IS_NO_VALUE else number


def quality(exceptions: int, metric: Metric) -> Quality:
    """What the exception bits say against a metric. 0x800 (Masimo SET running) is the normal state.

    An expired sensor or cable is said in words but does not make a value invalid: the device goes on showing it.
    """
    for mask, found in _QUALITIES:
        if exceptions & mask:
            return found
    return Quality.ARTEFACT if exceptions & _LOW_CONFIDENCE.get(metric, 0) else Quality.GOOD


def alarm_words(alarm: int) -> str:
    """The device's own alarms in words, without the battery; empty when there are none."""
    return ", ".join(words for bit, words in _ALARMS.items() if alarm & bit)


def message_words(exceptions: int) -> str:
    """Faults of sensor and cable in words; empty when there are none."""
    return ", ".join(words for bit, words in _MESSAGES.items() if exceptions & bit)
