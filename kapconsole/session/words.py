"""How devices, ages and times of a session are written; the same words on every screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kapconsole.clock import duration_text
from kapdevices.readings import UNITS, DeviceStatus, Metric, Numeric, Reading, SampleArray

_NAMES = {
    "aandd_tm2655": "A&D",
    "berrymed_pm6750": "BerryMed",
    "contec_v7": "Contec",
    "dinamap": "DINAMAP",
    "five_byte": "Contec or Berry",
    "intellivue": "IntelliVue",
    "ivy_450c": "Ivy",
    "masimo_ascii1": "Masimo",
    "omron_hbp9030": "Omron",
    "s5_dri": "GE S/5",
    "suntech": "SunTech",
}

_METRICS = {
    Metric.SPO2: "SpO2",
    Metric.PULSE_RATE: "pulse",
    Metric.NIBP_SYS: "NIBP systolic",
    Metric.NIBP_DIA: "NIBP diastolic",
    Metric.NIBP_MEAN: "NIBP mean",
    Metric.NIBP_PULSE_RATE: "NIBP pulse",
    Metric.ETCO2: "EtCO2",
    Metric.SPCO: "SpCO",
    Metric.SPMET: "SpMet",
    Metric.PVI: "PVI",
    Metric.ECG: "ECG",
    Metric.CO2: "CO2",
}


def device_label(protocol: str) -> str:
    """A device as people call it: "Nonin"; for protocols without a spelling of their own, "Contec v7"."""
    return _NAMES.get(protocol) or protocol.replace("_", " ").replace("-", " ").capitalize()


def device_names(protocols: Mapping[int, str]) -> dict[int, str]:
    """The devices of a session by source number as people call them; two of a kind keep their number: "Nonin 2"."""
    labels = {source: device_label(protocol) for source, protocol in protocols.items()}
    common = list(labels.values())
    return {source: f"{label} {source}" if common.count(label) > 1 else label for source, label in labels.items()}


def metric_label(metric: Metric) -> str:
    """A metric within a sentence: "SpO2", "pulse", "cuff pressure"."""
    return _METRICS.get(metric) or metric.value.replace("_", " ")


def feed_label(metric: Metric) -> str:
    """What a person chooses a device for: "SpO2", "pulse", "NIBP", "pleth"."""
    return "NIBP" if metric is Metric.NIBP_SYS else metric_label(metric)


def readings_text(readings: Iterable[Reading]) -> str:
    """What a device said, for a technician: the newest of each value, samples counted, words as they came."""
    values: dict[Metric, str] = {}
    samples: dict[Metric, list[int]] = {}
    said: list[str] = []
    for reading in readings:
        if isinstance(reading, Numeric):
            words = f"{metric_label(reading.metric)} {_value_text(reading)}"
            # A value from the device's memory is not the present.
            values[reading.metric] = words if reading.live else f"{words} (stored)"
        elif isinstance(reading, SampleArray):
            samples.setdefault(reading.metric, []).extend(reading.samples)
        elif isinstance(reading, DeviceStatus) and reading.text not in said:
            said.append(reading.text)
    waves = [f"{len(held)} {metric_label(metric)} from {min(held)} to {max(held)}" for metric, held in samples.items()]
    return ", ".join([*values.values(), *waves, *said])


def _value_text(reading: Numeric) -> str:
    unit = UNITS[reading.metric]
    number = "no number" if reading.value is None else f"{reading.value:g}" + ("" if unit == "1" else f" {unit}")
    return f"{number} ({reading.quality})" if reading.quality else number


def age_text(age_s: float) -> str:
    """How old a value is, coarse enough not to fidget: "now", "8 s ago", "2 min ago", "1 h 05 min ago"."""
    if age_s < 2:
        return "now"
    if age_s < 60:
        return f"{int(age_s)} s ago"
    if age_s < 3600:
        return f"{int(age_s) // 60} min ago"
    return f"{duration_text(age_s)} ago"


def clock_text(span_us: int) -> str:
    """A running clock, "0:42:17"; before its zero "−0:03:10"."""
    sign = "−" if span_us < 0 else ""
    whole = abs(span_us) // 1_000_000
    return f"{sign}{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def stamp_text(span_us: int) -> str:
    """Minutes and seconds from a zero, "42:05", "−3:10", "128:40": the time column of lists."""
    sign = "−" if span_us < 0 else ""
    whole = abs(span_us) // 1_000_000
    return f"{sign}{whole // 60}:{whole % 60:02d}"


def size_text(count: int) -> str:
    """A size as people read it: "64 MB", "0.4 MB", "14 kB"."""
    if count >= 1 << 30:
        return f"{count / (1 << 30):.3g} GB"
    mega = count / (1 << 20)
    return f"{mega:.0f} MB" if mega >= 10 else f"{mega:.1f} MB" if mega >= 0.1 else f"{count / 1024:.0f} kB"
