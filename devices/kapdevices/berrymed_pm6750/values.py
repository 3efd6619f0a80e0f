"""Numerics of PM6750 packets, each with the board's word about it; a sentinel is no number."""

from __future__ import annotations

from kapdevices.berrymed_pm6750.packets import (
    MAX_CUFF_MMHG,
    PULSE_MISSING,
    SPO2_MISSING,
    Nibp,
)
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, nibp_failure

MAX_RATE = 250
MAX_TEMPERATURE_C = 50.0

_SPO2_STATUS = {
    0: Quality.GOOD,
    1: Quality.SENSOR_DISCONNECTED,
    2: Quality.SENSOR_OFF,
    3: Quality.SEARCHING,
    4: Quality.SEARCHING,
}


def spo2_quality(status: int) -> Quality:
    """What the status of an SpO2 packet says; a status that no document describes is no good one."""
    return _SPO2_STATUS.get(status, Quality.SENSOR_FAULT)


def ecg_quality(status: int) -> Quality:
    """What the status of an ECG packet says: bit 1 a lead is off, bit 0 the signal is weak."""
    if status & 0x02:
        return Quality.SENSOR_OFF
    return Quality.ARTEFACT if status & 0x01 else Quality.GOOD


def spo2_numerics(data: bytes) -> list[Numeric]:
    """SpO2 (127 is none) and pulse rate (255 is none), judged each by itself."""
    quality = spo2_quality(data[0])
    return [
        _numeric(Metric.SPO2, data[1], data[1] == SPO2_MISSING, 1 <= data[1] <= 100, quality),
        _numeric(Metric.PULSE_RATE, data[2], data[2] in (0, PULSE_MISSING), data[2] <= MAX_RATE, quality),
    ]


def ecg_numerics(data: bytes) -> list[Numeric]:
    """Heart rate and respiration rate; 0 is none. ST and the rhythm code are not read."""
    quality = ecg_quality(data[0])
    return [
        _numeric(Metric.HEART_RATE, data[1], data[1] == 0, data[1] <= MAX_RATE, quality),
        _numeric(Metric.RESP_RATE, data[2], data[2] == 0, data[2] <= MAX_RATE, quality),
    ]


def temperature_numerics(data: bytes) -> list[Numeric]:
    """Temperature of the first probe, °C; status bit 0 says that it is off. The second probe is not read."""
    if data[0] & 0x01:
        return [Numeric(Metric.TEMPERATURE, None, Quality.SENSOR_OFF)]
    quality = Quality.GOOD if data[0] <= 3 else Quality.SENSOR_FAULT
    value = data[1] + data[2] / 10
    fits = data[2] <= 9 and 0 < value <= MAX_TEMPERATURE_C
    return [_numeric(Metric.TEMPERATURE, value, False, fits, quality)]


def nibp_readings(said: Nibp) -> list[Reading]:
    """Readings of a finished measurement. The board sends no pulse rate with it; zeros are no values.

    Pressures that cannot be keep their number and are marked out of range: which of them is wrong cannot be known.
    """
    given = [mmhg for mmhg in (said.diastolic, said.mean, said.systolic) if mmhg]
    if not given:
        text = "the board reports the end of the measurement and no values"
        return nibp_failure("cuff-failed", text, Quality.MEASUREMENT_FAILED)
    fits = given == sorted(set(given)) and given[-1] <= MAX_CUFF_MMHG
    readings: list[Reading] = []
    for metric, mmhg in (
        (Metric.NIBP_SYS, said.systolic),
        (Metric.NIBP_DIA, said.diastolic),
        (Metric.NIBP_MEAN, said.mean),
    ):
        if mmhg:
            readings.append(Numeric(metric, float(mmhg), Quality.GOOD if fits else Quality.OUT_OF_RANGE))
        else:
            readings.append(Numeric(metric, None, Quality.MEASUREMENT_FAILED))
    readings.append(Numeric(Metric.NIBP_PULSE_RATE, None, Quality.NO_VALUE))
    return [*readings, DeviceStatus("cuff-done", "measurement done")]


def _numeric(metric: Metric, value: float, missing: bool, fits: bool, quality: Quality) -> Numeric:
    if missing:
        return Numeric(metric, None, quality or Quality.NO_VALUE)
    return Numeric(metric, float(value), quality or (Quality.GOOD if fits else Quality.OUT_OF_RANGE))
