"""The simulated monitor's basic class: numbers from a simulated patient, and a cuff that measures by itself."""

from __future__ import annotations

import struct

import msgspec

from kapdevices.patient import RESPIRATION_HZ, Patient
from kapdevices.s5_dri import numerics

NONE = -32767
NOT_UPDATED = -32766
THERE = 0x03
"""Status of a group: the module exists and is active."""

FIRST_CUFF_S = 10.0
CUFF_EVERY_S = 300.0
CUFF_TAKES_S = 32.0
OLD_AFTER_S = 60.0
AUTO = 1 << 3


class Cuff(msgspec.Struct, frozen=True):
    """The NIBP group as it stands at one time; values None before the first measurement and after a failed one."""

    label: int
    values: tuple[int, int, int, int] | None


def cuff_at(patient: Patient, t_s: float, began_s: float) -> Cuff:
    """The cuff at `t_s`: measures 10 s after `began_s` and every 5 min, for 32 s; old after 60 s."""
    since_s = t_s - began_s - FIRST_CUFF_S
    if since_s < 0:
        return Cuff(AUTO, None)
    into_s = since_s % CUFF_EVERY_S
    if into_s < CUFF_TAKES_S:
        return Cuff(AUTO | numerics.MEASURING, None)
    old = numerics.OLD if into_s - CUFF_TAKES_S > OLD_AFTER_S else 0
    if patient.scenario in ("cuff-leak", "cuff-weak"):
        return Cuff(AUTO | old, None)
    at_s = t_s - into_s
    measures = (patient.systolic, patient.diastolic, patient.mean, patient.pulse_rate)
    systolic, diastolic, mean, rate = (round(measure(at_s)) for measure in measures)
    return Cuff(AUTO | old, (systolic, diastolic, mean, rate))


MODULES = frozenset({"oximeter", "breath"})
"""What a simulated monitor may carry beside ECG and cuff; breath is CO2, impedance and a temperature."""


def basic_part(patient: Patient, t_s: float, cuff: Cuff, unix_s: int, modules: frozenset[str] = MODULES) -> bytes:
    """The 278 bytes of the basic class at one time."""
    body = bytearray(numerics.BYTES)
    struct.pack_into("<I", body, 0, unix_s)
    beats, breaths = round(patient.pulse_rate(t_s)), round(60 * RESPIRATION_HZ)
    breath = "breath" in modules
    _group(body, numerics.ECG_AT, THERE, 0, (beats, NONE, NONE, NONE, breaths if breath else NONE))
    pressures: tuple[int, ...] = (NONE,) * 4
    if cuff.values is not None:
        pressures = (*(100 * mmhg for mmhg in cuff.values[:3]), cuff.values[3])
    _group(body, numerics.NIBP_AT, THERE, cuff.label, pressures)
    if "oximeter" in modules:
        light = (NONE, NONE, NONE, NONE)
        if patient.finger_on(t_s):
            light = (100 * round(patient.spo2(t_s)), beats, 240 if breath else NONE, NONE)
        _group(body, numerics.SPO2_AT, THERE, 0, light)
    if breath:
        _group(body, numerics.TEMPERATURES_AT[0], THERE, 7, (3670,))
        _group(body, numerics.CO2_AT, THERE, 0, (490, 10, breaths, 7551))
    body[275], body[numerics.CLASS_AT] = 0x40, 0x81
    return bytes(body)


def _group(body: bytearray, at: int, status: int, label: int, values: tuple[int, ...]) -> None:
    struct.pack_into(f"<IH{len(values)}h", body, at, status, label, *values)
