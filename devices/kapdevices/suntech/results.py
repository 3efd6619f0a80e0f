"""A SunTech result packet as readings: four numerics, always all four, and how it ended in words."""

from __future__ import annotations

from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading, nibp_failure
from kapdevices.suntech.packets import ERRORS, MAX_CUFF_MMHG, STOPPED_BY_PERSON, Result


def readings_of(result: Result) -> list[Reading]:
    """Readings of one result. Zero is no value, even where the module reports no error.

    Pressures that cannot be (above 300 mmHg, mean not between diastolic and systolic) keep their number and are
    marked out of range: which of the three is wrong cannot be known.
    """
    if result.error == STOPPED_BY_PERSON:
        return nibp_failure("cuff-stopped", "the measurement was stopped by a person", Quality.STOPPED)
    if result.error:
        words = ERRORS.get(result.error, "not described in the module's manual")
        return nibp_failure("cuff-failed", f"error {result.error}: {words}", Quality.MEASUREMENT_FAILED)
    values = {
        Metric.NIBP_SYS: result.systolic,
        Metric.NIBP_DIA: result.diastolic,
        Metric.NIBP_MEAN: result.mean,
        Metric.NIBP_PULSE_RATE: result.pulse_rate,
    }
    if not any(values.values()):
        text = "the module reports no error and no values"
        return nibp_failure("cuff-failed", text, Quality.MEASUREMENT_FAILED)
    pressures = [result.diastolic, result.mean, result.systolic]
    given = [mmhg for mmhg in pressures if mmhg]
    fits = given == sorted(given) and len(set(given)) == len(given) and max(given, default=0) <= MAX_CUFF_MMHG
    readings: list[Reading] = []
    for metric in NIBP_METRICS:
        value = values[metric]
        if not value:
            readings.append(Numeric(metric, None, Quality.MEASUREMENT_FAILED))
        elif metric is Metric.NIBP_PULSE_RATE or fits:
            readings.append(Numeric(metric, float(value)))
        else:
            readings.append(Numeric(metric, float(value), Quality.OUT_OF_RANGE))
    return [*readings, DeviceStatus("cuff-done", "measurement done")]
