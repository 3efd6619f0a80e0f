"""What the parameters of a message mean: numerics with quality, and the words that make a value doubtful."""

from __future__ import annotations

import re

from kapdevices.ivy_450c.messages import Parameter, pulse_rate
from kapdevices.readings import NIBP_METRICS, Metric, Numeric, Quality

USUAL_STATUS = {"HR": 1, "RR": 1, "SPO2": 1, "NIBP": 4}
"""The only statuses ever seen with these parameters; what the others mean is not known."""

HIGHEST = {Metric.HEART_RATE: 350, Metric.PULSE_RATE: 350, Metric.RESP_RATE: 200, Metric.SPO2: 100}
MAX_MMHG = 300

_DOUBTS = (
    (re.compile(r"SEARCH"), Quality.SEARCHING),
    (re.compile(r"\bNO (TRANSDUCER|SENSOR|PROBE|CABLE|LEADS?)\b"), Quality.SENSOR_DISCONNECTED),
    (re.compile(r"NOISE|ARTI?E?FACT|INTERFERENCE"), Quality.ARTEFACT),
    (re.compile(r"\b(FAULT|ERROR)\b"), Quality.SENSOR_FAULT),
    (re.compile(r"\b(OFF|FAIL|CHECK|LOST)\b"), Quality.SENSOR_OFF),
)


def quality_of(parameter: Parameter) -> Quality:
    """What the text says against the value. Only `NO TRANSDUCER` was ever seen; the other words are precaution."""
    text = parameter.text.upper()
    return next((quality for pattern, quality in _DOUBTS if pattern.search(text)), Quality.GOOD)


def numerics_of(name: str, parameter: Parameter) -> list[Numeric]:
    """The live numerics of HR, RR or SPO2 (with the pulse rate in its text); none for other parameters."""
    quality = quality_of(parameter)
    if name == "SPO2":
        given = {Metric.SPO2: parameter.values[0], Metric.PULSE_RATE: pulse_rate(parameter)}
    elif name in ("HR", "RR"):
        given = {Metric.HEART_RATE if name == "HR" else Metric.RESP_RATE: parameter.values[0]}
    else:
        return []
    if parameter.status != USUAL_STATUS[name]:
        return [Numeric(metric, None, quality or Quality.NO_VALUE) for metric in given]
    return [_numeric(metric, value, quality) for metric, value in given.items()]


def _numeric(metric: Metric, value: int | None, quality: Quality) -> Numeric:
    """Zero keeps its number and is not valid: whether the monitor means "none" by it is not known."""
    if value is None:
        return Numeric(metric, None, quality or Quality.NO_VALUE)
    fits = 0 < value <= HIGHEST[metric]
    return Numeric(metric, float(value), quality if fits else quality or Quality.OUT_OF_RANGE)


def nibp_of(parameter: Parameter, live: bool) -> list[Numeric]:
    """The four values of a cuff measurement. Pressures that cannot be keep their numbers and are out of range."""
    systolic, diastolic, mean, _ = parameter.values
    pressures = [mmhg for mmhg in (diastolic, mean, systolic) if mmhg is not None]
    rising = all(low < high for low, high in zip(pressures, pressures[1:], strict=False))
    fits = rising and min(pressures) > 0 and max(pressures) <= MAX_MMHG
    out: list[Numeric] = []
    for metric, value in zip(NIBP_METRICS, parameter.values, strict=True):
        pressure = metric is not Metric.NIBP_PULSE_RATE
        if value is None:
            out.append(Numeric(metric, None, Quality.NO_VALUE, live=live))
        else:
            good = fits if pressure else 0 < value <= HIGHEST[Metric.PULSE_RATE]
            out.append(Numeric(metric, float(value), Quality.GOOD if good else Quality.OUT_OF_RANGE, live=live))
    return out
