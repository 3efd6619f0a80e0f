"""The basic class of displayed numbers, 278 bytes, as readings. Sentinels are no numbers, and each says why.

Every group begins with a status (bit 0: the module exists, bit 1: it is active) and a label; numbers are signed 16-bit.
Source: GE 8005313 "Datex-Ohmeda Record Specification"; offsets checked against one real record (see README).
"""

from __future__ import annotations

import struct

import msgspec

from kapdevices.readings import Metric, Numeric, Quality

BYTES = 278
CLASS_AT = 276
NOT_DATA = -32001
"""This and everything below is a code and not a number."""

CODES = {
    -32767: Quality.NO_VALUE,
    -32766: Quality.NOT_UPDATED,
    -32765: Quality.NO_VALUE,
    -32764: Quality.OUT_OF_RANGE,
    -32763: Quality.OUT_OF_RANGE,
    -32762: Quality.CALIBRATING,
}
"""Invalid, not updated, discontinuous, under range, over range, not calibrated."""

ECG_AT, NIBP_AT, SPO2_AT, CO2_AT = 4, 76, 122, 136
TEMPERATURES_AT = (90, 98, 106, 114)

MEASURING, CALIBRATING, OLD = 1 << 5, 1 << 7, 1 << 8
"""Bits of the NIBP label; OLD: the reading is more than 60 s old."""

LIMITS: dict[Metric, tuple[float, float]] = {
    Metric.SPO2: (1, 100),
    Metric.PULSE_RATE: (1, 350),
    Metric.PERFUSION_INDEX: (0, 100),
    Metric.HEART_RATE: (1, 350),
    Metric.RESP_RATE: (0, 200),
    Metric.TEMPERATURE: (5, 50),
    Metric.ETCO2: (0, 30),
}
"""What is believed; anything else keeps its number and is marked. A rate of breath of 0 is apnoea and is believed."""


class Nibp(msgspec.Struct, frozen=True):
    """The NIBP group: pressures in mmHg, rate per minute, None where the monitor gives none."""

    measuring: bool
    calibrating: bool
    old: bool
    systolic: float | None
    diastolic: float | None
    mean: float | None
    pulse_rate: float | None


def is_basic(part: bytes) -> bool:
    """True for a subrecord of the basic class."""
    return len(part) == BYTES and int.from_bytes(part[CLASS_AT : CLASS_AT + 2], "little") >> 8 & 0x0F == 0


def vitals(basic: bytes) -> list[Numeric]:
    """All numbers but the cuff's, of the groups that exist. Of four temperatures the first that has a value."""
    ecg, spo2, co2 = (_exists(basic, at) for at in (ECG_AT, SPO2_AT, CO2_AT))
    readings: list[Numeric] = []
    if spo2:
        readings.append(_numeric(basic, SPO2_AT, SPO2_AT + 6, Metric.SPO2, 0.01))
        readings.append(_numeric(basic, SPO2_AT, SPO2_AT + 8, Metric.PULSE_RATE, 1))
        readings.append(_numeric(basic, SPO2_AT, SPO2_AT + 10, Metric.PERFUSION_INDEX, 0.01))
    if ecg:
        readings.append(_numeric(basic, ECG_AT, ECG_AT + 6, Metric.HEART_RATE, 1))
    if co2:
        readings.append(_numeric(basic, CO2_AT, CO2_AT + 6, Metric.ETCO2, 0.01))
    breath = [_numeric(basic, CO2_AT, CO2_AT + 10, Metric.RESP_RATE, 1)] if co2 else []
    breath += [_numeric(basic, ECG_AT, ECG_AT + 14, Metric.RESP_RATE, 1)] if ecg else []
    warmth = [_numeric(basic, at, at + 6, Metric.TEMPERATURE, 0.01) for at in TEMPERATURES_AT if _exists(basic, at)]
    readings += [next((one for one in some if one.valid), some[0]) for some in (breath, warmth) if some]
    return readings


def nibp(basic: bytes) -> Nibp | None:
    """The cuff's group; None when there is no module or it is not active."""
    if not _exists(basic, NIBP_AT) or not _active(basic, NIBP_AT):
        return None
    label = int.from_bytes(basic[NIBP_AT + 4 : NIBP_AT + 6], "little")
    systolic, diastolic, mean = (_number(basic, NIBP_AT + at, 0.01)[0] for at in (6, 8, 10))
    return Nibp(
        measuring=bool(label & MEASURING),
        calibrating=bool(label & CALIBRATING),
        old=bool(label & OLD),
        systolic=systolic,
        diastolic=diastolic,
        mean=mean,
        pulse_rate=_number(basic, NIBP_AT + 12, 1)[0],
    )


def _exists(basic: bytes, at: int) -> bool:
    return bool(basic[at] & 0x01)


def _active(basic: bytes, at: int) -> bool:
    return bool(basic[at] & 0x02)


def _number(basic: bytes, at: int, scale: float) -> tuple[float | None, Quality]:
    (raw,) = struct.unpack_from("<h", basic, at)
    if raw <= NOT_DATA:
        return None, CODES.get(raw, Quality.NO_VALUE)
    return round(float(raw * scale), 2), Quality.GOOD


def _numeric(basic: bytes, group_at: int, at: int, metric: Metric, scale: float) -> Numeric:
    if not _active(basic, group_at):
        return Numeric(metric, None, Quality.NO_VALUE)
    value, quality = _number(basic, at, scale)
    low, high = LIMITS[metric]
    if value is not None and not low <= value <= high:
        quality = Quality.OUT_OF_RANGE
    return Numeric(metric, value, quality)
