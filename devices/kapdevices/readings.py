"""What a device said: the three kinds of reading, the metrics with their units, and validity.

A reading is never a guess. A value that the device marked as unreliable keeps its number but is not valid; a value
that the device did not give at all has no number. Zero is a number like any other and never stands for "missing".
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Metric(StrEnum):
    """The quantities that devices deliver, in the field's standard words."""

    SPO2 = "spo2"
    PULSE_RATE = "pulse_rate"
    PERFUSION_INDEX = "perfusion_index"
    NIBP_SYS = "nibp_sys"
    NIBP_DIA = "nibp_dia"
    NIBP_MEAN = "nibp_mean"
    NIBP_PULSE_RATE = "nibp_pulse_rate"
    CUFF_PRESSURE = "cuff_pressure"
    PLETH = "pleth"
    HEART_RATE = "heart_rate"
    RESP_RATE = "resp_rate"
    TEMPERATURE = "temperature"
    ETCO2 = "etco2"
    SPCO = "spco"
    SPMET = "spmet"
    PVI = "pvi"
    PULSE_AMPLITUDE = "pulse_amplitude"
    ECG = "ecg"
    RESP = "resp"
    CO2 = "co2"


UNITS: dict[Metric, str] = {
    Metric.SPO2: "%",
    Metric.PULSE_RATE: "/min",
    Metric.PERFUSION_INDEX: "%",
    Metric.NIBP_SYS: "mmHg",
    Metric.NIBP_DIA: "mmHg",
    Metric.NIBP_MEAN: "mmHg",
    Metric.NIBP_PULSE_RATE: "/min",
    Metric.CUFF_PRESSURE: "mmHg",
    Metric.PLETH: "1",
    Metric.HEART_RATE: "/min",
    Metric.RESP_RATE: "/min",
    Metric.TEMPERATURE: "°C",
    Metric.ETCO2: "%",
    Metric.SPCO: "%",
    Metric.SPMET: "%",
    Metric.PVI: "%",
    Metric.PULSE_AMPLITUDE: "1",
    Metric.ECG: "1",
    Metric.RESP: "1",
    Metric.CO2: "1",
}

NIBP_METRICS = (Metric.NIBP_SYS, Metric.NIBP_DIA, Metric.NIBP_MEAN, Metric.NIBP_PULSE_RATE)


class Quality(StrEnum):
    """Why a value is or is not to be trusted; everything but GOOD means: not valid."""

    GOOD = ""
    NO_VALUE = "no value"
    SENSOR_OFF = "sensor off"
    SENSOR_DISCONNECTED = "sensor disconnected"
    SEARCHING = "searching for pulse"
    OUT_OF_TRACK = "out of track"
    ARTEFACT = "artefact"
    LOW_PERFUSION = "low perfusion"
    MEASUREMENT_FAILED = "measurement failed"
    STOPPED = "stopped by a person"
    OUT_OF_RANGE = "out of range"
    INTERFERENCE = "interference"
    SENSOR_FAULT = "sensor fault"
    MOTION = "motion"
    NOT_UPDATED = "not updated"
    CALIBRATING = "calibrating"


class Numeric(msgspec.Struct, frozen=True, tag="numeric"):
    """One value of one metric. Unit: `UNITS[metric]`.

    `value` is None when the device gave no number. `live` is False for a spot check or a value from the device's
    memory, which must never be shown as the present. `device_time` is the device's own clock as ISO 8601 text, where
    it sent one.
    """

    metric: Metric
    value: float | None
    quality: Quality = Quality.GOOD
    live: bool = True
    device_time: str | None = None

    @property
    def valid(self) -> bool:
        """True when there is a number and nothing speaks against it."""
        return self.value is not None and self.quality is Quality.GOOD


class SampleArray(msgspec.Struct, frozen=True, tag="samples"):
    """Consecutive samples of a waveform, the last of them just arrived.

    `samples` are raw device units (pleth: arbitrary, 0 to `full_scale`), `rate_hz` samples a second. A device's signed
    samples are shifted so that its zero is the middle of `full_scale`.
    `quality` covers the whole piece; a driver cuts the piece where it changes.
    """

    metric: Metric
    rate_hz: float
    samples: tuple[int, ...]
    full_scale: int
    quality: Quality = Quality.GOOD


class DeviceStatus(msgspec.Struct, frozen=True, tag="status"):
    """Something about the device itself: `code` for programs (kebab-case), `text` for people."""

    code: str
    text: str


Reading = Numeric | SampleArray | DeviceStatus


def nibp_failure(code: str, text: str, quality: Quality, device_time: str | None = None) -> list[Reading]:
    """A measurement that ended without values: the reason as a status, and the four NIBP numerics without a number."""
    return [
        DeviceStatus(code, text),
        *(Numeric(metric, None, quality, device_time=device_time) for metric in NIBP_METRICS),
    ]
