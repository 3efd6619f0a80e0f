"""A result of the monitor as readings: four numerics, always all four, and how the measurement ended in words."""

from __future__ import annotations

from kapdevices.aandd_tm2655.packets import ERRORS, Result
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Numeric, Quality, Reading, nibp_failure

MAX_CUFF_MMHG = 300


def readings_of(result: Result) -> list[Reading]:
    """Readings of one result. Zero is no value; pressures that cannot be keep their number and are out of range."""
    at = result.at.isoformat(timespec="minutes")
    if result.error:
        words = ERRORS.get(result.error, "not described in the sources of this driver")
        return nibp_failure("cuff-failed", f"error E{result.error:02d}: {words}", Quality.MEASUREMENT_FAILED, at)
    values = (result.systolic, result.diastolic, result.mean, result.pulse_rate)
    if not any(values):
        text = "the monitor reports no error and no values"
        return nibp_failure("cuff-failed", text, Quality.MEASUREMENT_FAILED, at)
    given = [mmhg for mmhg in (result.diastolic, result.mean, result.systolic) if mmhg]
    rising = all(low < high for low, high in zip(given, given[1:], strict=False))
    fits = rising and max(given, default=0) <= MAX_CUFF_MMHG
    readings: list[Reading] = []
    for metric, value, good in zip(NIBP_METRICS, values, (fits, fits, fits, True), strict=True):
        if not value:
            readings.append(Numeric(metric, None, Quality.MEASUREMENT_FAILED, device_time=at))
        else:
            quality = Quality.GOOD if good else Quality.OUT_OF_RANGE
            readings.append(Numeric(metric, float(value), quality, device_time=at))
    return [*readings, DeviceStatus("cuff-done", "measurement done")]
