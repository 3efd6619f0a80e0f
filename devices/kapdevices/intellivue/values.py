"""Values of IntelliVue attributes: numbers with their state, waveform pieces, times. Pure functions over bytes.

Sources: the state bits and the rule which of them forbid a number are those of part-cw/LNhealth; identifiers and units
agree in LNhealth, VSCaptureMP and JVSCapture.
"""

from __future__ import annotations

import math
import struct
from datetime import datetime

import msgspec

from kapdevices.intellivue.messages import Cursor, Cut
from kapdevices.readings import Metric, Numeric, Quality

LABEL, VALUE, COMPOUND_VALUE = 0x0924, 0x0950, 0x094B
WAVE, COMPOUND_WAVE, WAVE_SPECIFICATION, SAMPLE_PERIOD = 0x096E, 0x0967, 0x096D, 0x098D
TIME_STAMP, CLOCK, MODEL = 0x0990, 0x0987, 0x0928

INVALID, QUESTIONABLE, UNAVAILABLE, CALIBRATING, TEST, DEMO, MEASURING = (
    0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0400, 0x0020
)  # fmt: skip

PERCENT, PER_MINUTE, BREATHS, RATIO, MMHG, KILOPASCAL, CELSIUS = 0x0220, 0x0AA0, 0x0AE0, 0x0200, 0x0F20, 0x0F03, 0x17A0
MMHG_PER_KILOPASCAL = 7.50062
TICKS_PER_S = 8000


class Kind(msgspec.Struct, frozen=True):
    """What an identifier stands for; values outside `low` to `high` are no values of a person."""

    metric: Metric
    unit: int
    low: float
    high: float


KINDS = {
    0x4BB8: Kind(Metric.SPO2, PERCENT, 1, 100),
    0x4822: Kind(Metric.PULSE_RATE, PER_MINUTE, 1, 350),
    0x4BB0: Kind(Metric.PERFUSION_INDEX, RATIO, 0, 100),
    0x4182: Kind(Metric.HEART_RATE, PER_MINUTE, 0, 350),
    0x500A: Kind(Metric.RESP_RATE, BREATHS, 0, 200),
    0x4B48: Kind(Metric.TEMPERATURE, CELSIUS, 10, 46),
    0x4A05: Kind(Metric.NIBP_SYS, MMHG, 10, 300),
    0x4A06: Kind(Metric.NIBP_DIA, MMHG, 5, 300),
    0x4A07: Kind(Metric.NIBP_MEAN, MMHG, 5, 300),
    0xF0E5: Kind(Metric.NIBP_PULSE_RATE, PER_MINUTE, 1, 350),
}
_LABELS = {0x4822: 0x00024822}
"""Identifiers that several objects share (pulse of a second oximeter): only the object with this label is meant."""


class Observed(msgspec.Struct, frozen=True):
    """One observed value: identifier, state bits, unit code, and the number or None."""

    identifier: int
    state: int
    unit: int
    value: float | None


def number(data: bytes) -> float | None:
    """A float of the protocol: exponent of ten (signed byte), mantissa (signed, 3 bytes); special values are None."""
    mantissa = int.from_bytes(data[1:4], "big", signed=True)
    if data[1:4] in (b"\x7f\xff\xff", b"\x80\x00\x00", b"\x7f\xff\xfe", b"\x80\x00\x02"):
        return None
    exponent = int.from_bytes(data[:1], "big", signed=True)
    value = mantissa * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent
    return value if math.isfinite(value) else None


def encode_number(mantissa: int, exponent: int = 0) -> bytes:
    """The four bytes of `mantissa` times ten to the `exponent`."""
    return exponent.to_bytes(1, "big", signed=True) + mantissa.to_bytes(3, "big", signed=True)


def observed(name: int, data: bytes) -> list[Observed]:
    """The values in a single or compound value attribute; none for any other. Raises Cut."""
    if name == VALUE:
        cursor, count = Cursor(data), 1
    elif name == COMPOUND_VALUE:
        outer = Cursor(data)
        count, cursor = outer.number(), outer.whole()
    else:
        return []
    found = [Observed(cursor.number(), cursor.number(), cursor.number(), number(cursor.take(4))) for _ in range(count)]
    if cursor.left:
        raise Cut
    return found


def is_meant(identifier: int, label: int | None) -> bool:
    """False for an object that shares the identifier of what is shown but bears another label."""
    wanted = _LABELS.get(identifier)
    return wanted is None or label in (None, wanted)


def unit_fits(value: Observed) -> bool:
    """True when the number is in the unit that it is shown in, or in one that can be converted."""
    unit = KINDS[value.identifier].unit
    return value.unit == unit or (unit == MMHG and value.unit == KILOPASCAL)


def state_quality(state: int) -> Quality:
    """What the state bits say against a value. The demo bit says nothing against it; the driver reports it apart."""
    if state & (INVALID | UNAVAILABLE | TEST):
        return Quality.NO_VALUE
    if state & CALIBRATING:
        return Quality.CALIBRATING
    return Quality.ARTEFACT if state & QUESTIONABLE else Quality.GOOD


def numeric(value: Observed) -> Numeric:
    """The numeric of an observed value whose identifier is in KINDS. In a unit that is not understood it has none."""
    kind, quality = KINDS[value.identifier], state_quality(value.state)
    if value.value is None or quality is Quality.NO_VALUE or not unit_fits(value):
        return Numeric(kind.metric, None, quality or Quality.NO_VALUE)
    shown = value.value
    if value.unit == KILOPASCAL:
        shown = round(shown * MMHG_PER_KILOPASCAL, 1)
    fits = kind.low <= shown <= kind.high
    return Numeric(kind.metric, shown, quality or (Quality.GOOD if fits else Quality.OUT_OF_RANGE))


class WaveKind(msgspec.Struct, frozen=True):
    """What a wave is shown as; rate and significant bits hold unless the monitor says otherwise."""

    metric: Metric
    rate_hz: float
    bits: int


WAVE_KINDS = {0x4BB4: WaveKind(Metric.PLETH, 125.0, 12), 0x0102: WaveKind(Metric.ECG, 250.0, 14)}
"""Pleth and ECG lead II."""


class WavePart(msgspec.Struct, frozen=True):
    """Samples of one wave as they come, 16 bits each."""

    identifier: int
    state: int
    samples: tuple[int, ...]


def wave_parts(name: int, data: bytes) -> list[WavePart]:
    """The pieces in a single or compound wave attribute; none for any other. Raises Cut."""
    if name == WAVE:
        cursor, count = Cursor(data), 1
    elif name == COMPOUND_WAVE:
        outer = Cursor(data)
        count, cursor = outer.number(), outer.whole()
    else:
        return []
    found = []
    for _ in range(count):
        identifier, state, samples = cursor.number(), cursor.number(), cursor.piece()
        if samples.left % 2:
            raise Cut
        values = struct.unpack(f">{samples.left // 2}H", samples.take(samples.left))
        found.append(WavePart(identifier, state, values))
    if cursor.left:
        raise Cut
    return found


def device_time(data: bytes) -> datetime | None:
    """A time of the monitor's clock, `YYYY MM DD hh mm ss cc` as decimal digits; None when it is none."""
    try:
        return datetime.strptime(data[:7].hex(), "%Y%m%d%H%M%S")
    except ValueError:
        return None


def model(data: bytes) -> str:
    """Maker and model of the monitor as text. Raises Cut."""
    cursor = Cursor(data)
    words = []
    while cursor.left:
        words.append(cursor.piece().text())
    return " ".join(word for word in words if word)
