"""What DINAMAP replies other than the cuff's mean: SpO2, pulse rate, temperature as readings."""

from __future__ import annotations

from kapdevices.dinamap import packets
from kapdevices.dinamap.packets import Nibp, Oximeter, Rate, Temperature
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading, nibp_failure

MAX_CUFF_MMHG = 300
MAX_RATE = 300
MONITORED_WITHIN_S = 30
"""A temperature of monitor mode is the present when its age is no more."""
TEMPERATURE_RANGE_C = (25.0, 45.0)

_OXIMETER = {
    packets.OXIMETER_GOOD: Quality.GOOD,
    packets.OXIMETER_NO_DATA: Quality.SENSOR_OFF,
    packets.OXIMETER_UNPLUGGED: Quality.SENSOR_DISCONNECTED,
}
_TEMPERATURE = {2: Quality.MEASUREMENT_FAILED, 3: Quality.SENSOR_OFF, 4: Quality.SENSOR_DISCONNECTED}


def nibp_readings(nibp: Nibp, rate: int | None) -> list[Reading]:
    """The four NIBP numerics of a new determination; `rate` is the pulse rate that the cuff found, if it did.

    Zero is no value. Pressures that cannot be (above 300 mmHg, mean not between diastolic and systolic) keep their
    number and are marked out of range: which of the three is wrong cannot be known.
    """
    pressures = (nibp.systolic, nibp.diastolic, nibp.mean)
    if not any(pressures):
        text = "the monitor reports a good determination and no values"
        return nibp_failure("cuff-failed", text, Quality.MEASUREMENT_FAILED)
    given = [mmhg for mmhg in (nibp.diastolic, nibp.mean, nibp.systolic) if mmhg]
    fits = given == sorted(given) and len(set(given)) == len(given) and max(given) <= MAX_CUFF_MMHG
    readings: list[Reading] = []
    for metric, mmhg in zip(NIBP_METRICS, pressures, strict=False):
        quality = Quality.MEASUREMENT_FAILED if not mmhg else Quality.GOOD if fits else Quality.OUT_OF_RANGE
        readings.append(Numeric(metric, float(mmhg) if mmhg else None, quality))
    if rate is None:
        readings.append(Numeric(Metric.NIBP_PULSE_RATE, None, Quality.NO_VALUE))
    else:
        readings.append(_rate(Metric.NIBP_PULSE_RATE, rate, Quality.GOOD))
    return [*readings, DeviceStatus("cuff-done", "measurement done")]


def _rate(metric: Metric, per_min: int, quality: Quality) -> Numeric:
    return Numeric(metric, float(per_min), quality or (Quality.GOOD if per_min <= MAX_RATE else Quality.OUT_OF_RANGE))


class Values:
    """Remembers of earlier replies what later ones are judged by."""

    def __init__(self) -> None:
        self._oximeter: Quality | None = None
        self._counter: str | None = None
        self._monitored = False

    def oximeter(self, reply: Oximeter) -> list[Reading]:
        """SpO2. A number without any signal is not trusted."""
        self._oximeter = _OXIMETER.get(reply.state, Quality.NO_VALUE)
        if self._oximeter or not reply.spo2:
            return [Numeric(Metric.SPO2, None, self._oximeter or Quality.NO_VALUE)]
        if reply.spo2 > 100:
            return [Numeric(Metric.SPO2, float(reply.spo2), Quality.OUT_OF_RANGE)]
        self._oximeter = Quality.GOOD if reply.signal else Quality.LOW_PERFUSION
        return [Numeric(Metric.SPO2, float(reply.spo2), self._oximeter)]

    def rate(self, reply: Rate) -> list[Reading]:
        """Pulse rate of the oximeter. The cuff's rate is of the past and comes with its determination only."""
        if reply.source == packets.FROM_OXIMETER and reply.per_min is not None:
            return [_rate(Metric.PULSE_RATE, reply.per_min, self._oximeter or Quality.GOOD)]
        if self._oximeter is None and reply.source == packets.FROM_NIBP:
            return []  # a monitor without an oximeter
        return [Numeric(Metric.PULSE_RATE, None, self._oximeter or Quality.NO_VALUE)]

    def temperature(self, reply: Temperature) -> list[Reading]:
        """Temperature in °C: once for each predictive determination, never live; with each reply in monitor mode."""
        new = reply.counter != self._counter
        celsius = round((reply.tenths_f / 10 - 32) * 5 / 9, 1)
        low, high = TEMPERATURE_RANGE_C
        quality = Quality.GOOD if low <= celsius <= high else Quality.OUT_OF_RANGE
        if reply.state != 0:
            found = _TEMPERATURE.get(reply.state)
            lost = self._monitored and found is not None
            self._monitored = self._monitored and not lost
            return [Numeric(Metric.TEMPERATURE, None, found)] if lost and found else []
        self._counter = reply.counter
        if reply.age_s is None:
            return []
        self._monitored = reply.monitoring and reply.age_s <= MONITORED_WITHIN_S
        if self._monitored:
            return [Numeric(Metric.TEMPERATURE, celsius, quality)]
        return [Numeric(Metric.TEMPERATURE, celsius, quality, live=False)] if new else []
