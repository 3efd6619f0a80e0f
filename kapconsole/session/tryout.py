"""What a device did in ten seconds, in plain words for whoever plugged it in; pure.

`heard` gathers it from the recording, `tried` says it: "75 pleth samples a second, SpO2 97 to 98, pulse 71 to 74, no
damage", or what to look at when nothing came.
"""

from __future__ import annotations

from bisect import bisect_left

import msgspec
import numpy as np

from kapconsole import events as ev
from kapconsole.rows import QUALITY_CODES
from kapconsole.session.timeline import Timeline
from kapconsole.session.words import metric_label
from kapdevices.driver import PacketCounts
from kapdevices.readings import UNITS, Metric, Quality

TRY_US = 10_000_000
WHOLE = 0.8
"""A waveform that fills less of the time than this was interrupted, and that is said."""


class Numbers(msgspec.Struct, frozen=True):
    """All values of one metric: how many, the lowest and highest vouched for, and why others were not."""

    metric: Metric
    count: int
    valid: int
    low: float | None
    high: float | None
    doubts: tuple[Quality, ...]


class Samples(msgspec.Struct, frozen=True):
    """One waveform: samples a second while it came, for how many seconds, and which part of it was vouched for."""

    metric: Metric
    rate_hz: float
    for_s: float
    vouched: float


class Heard(msgspec.Struct, frozen=True):
    """What came from one device in `span_s` seconds. `counts`: packets and bytes of that time alone."""

    span_s: float
    received_bytes: int
    counts: PacketCounts
    numbers: tuple[Numbers, ...] = ()
    samples: tuple[Samples, ...] = ()
    cuffs: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    lost: str = ""
    oximeter: bool = True
    cuff: bool = False


def heard(
    timeline: Timeline,
    source: int,
    start_us: int,
    end_us: int,
    received_bytes: int,
    counts: PacketCounts,
    metrics: tuple[Metric, ...],
) -> Heard:
    """What `source`, a device that can deliver `metrics`, brought from `start_us` up to `end_us`.

    `received_bytes` and `counts` of that time come from watching the port; the recording knows them only by the minute.
    """
    events = timeline.events[bisect_left(timeline.events, start_us, key=lambda event: event.mono_us) :]
    bodies = [event.body for event in events if event.mono_us < end_us]
    cuffs = [body for body in bodies if isinstance(body, ev.NibpMeasured) and body.source == source]
    said = dict.fromkeys(body.text for body in bodies if isinstance(body, ev.DeviceSaid) and body.source == source)
    device = timeline.state_at(end_us).devices.get(source)
    return Heard(
        span_s=(end_us - start_us) / 1e6,
        received_bytes=received_bytes,
        counts=counts,
        numbers=tuple(
            found
            for (of, metric) in sorted(timeline.numerics, key=lambda key: list(Metric).index(key[1]))
            if of == source and (found := _numbers(timeline, source, metric, start_us, end_us)) is not None
        ),
        samples=tuple(
            wave
            for (of, metric) in timeline.waves
            if of == source and (wave := _samples(timeline, source, metric, start_us, end_us)) is not None
        ),
        cuffs=tuple(_cuff_text(reading) for reading in cuffs),
        said=tuple(said),
        lost=device.text if device is not None and device.state == "lost" else "",
        oximeter=Metric.SPO2 in metrics,
        cuff=Metric.NIBP_SYS in metrics,
    )


def tried(found: Heard) -> str:
    """One sentence about it."""
    values = bool(found.numbers or found.samples or found.cuffs)
    if found.lost and not values:
        return f"no contact: {found.lost}"
    if not values and not found.counts.good:
        if found.received_bytes:
            return "bytes arrive but none is understood: another format or line speed?"
        finger = ", is a finger in the sensor" if found.oximeter else ""
        return f"silence: is it on{finger}, is the cable the right one?"
    parts = [_wave_text(samples, found.span_s) for samples in found.samples]
    parts += [_numbers_text(numbers) for numbers in found.numbers]
    parts += found.cuffs
    if not values:
        parts.append("it answers, but sent no value" + ("; a cuff reading brings one" if found.cuff else ""))
    parts += found.said
    if found.lost:
        parts.append(f"contact was lost: {found.lost}")
    return ", ".join([*parts, _damage_text(found.counts)])


def _numbers(timeline: Timeline, source: int, metric: Metric, start_us: int, end_us: int) -> Numbers | None:
    series = timeline.numerics[source, metric]
    a, b = np.searchsorted(series.times_us, [start_us, end_us])
    if a == b:
        return None
    values = series.valid_values[a:b]
    valid = values[~np.isnan(values)]
    codes = np.unique(series.quality[a:b])
    return Numbers(
        metric,
        int(b - a),
        len(valid),
        float(valid.min()) if len(valid) else None,
        float(valid.max()) if len(valid) else None,
        tuple(QUALITY_CODES[code] for code in codes.tolist() if code),
    )


def _samples(timeline: Timeline, source: int, metric: Metric, start_us: int, end_us: int) -> Samples | None:
    times, values = timeline.waves[source, metric].window(start_us, end_us)
    if len(times) < 2:
        return None
    steps = np.diff(times)
    usual_us = float(np.median(steps))
    # A pause is not part of the time in which it came.
    for_s = float(np.minimum(steps, 2 * usual_us).sum() + usual_us) / 1e6
    return Samples(metric, 1e6 / usual_us, for_s, float(np.mean(~np.isnan(values))))


def _wave_text(samples: Samples, span_s: float) -> str:
    words = f"{samples.rate_hz:.0f} {metric_label(samples.metric)} samples a second"
    if samples.for_s < WHOLE * span_s:
        words += f" for {samples.for_s:.0f} s of {span_s:.0f}"
    if samples.vouched == 0:
        return f"{words} (none that the device trusts)"
    return words if samples.vouched > WHOLE else f"{words} ({1 - samples.vouched:.0%} that the device does not trust)"


def _numbers_text(numbers: Numbers) -> str:
    name = metric_label(numbers.metric)
    why = ", ".join(str(quality) for quality in numbers.doubts)
    if numbers.low is None or numbers.high is None:
        return f"{name} without a number ({why or Quality.NO_VALUE})"
    low, high = f"{numbers.low:.4g}", f"{numbers.high:.4g}"
    unit = UNITS[numbers.metric] if numbers.metric in (Metric.CUFF_PRESSURE, Metric.TEMPERATURE) else ""
    words = f"{name} {low}" if low == high else f"{name} {low} to {high}"
    words = f"{words} {unit}".strip()
    return f"{words} (at times: {why})" if why else words


def _cuff_text(reading: ev.NibpMeasured) -> str:
    if not reading.valid:
        return f"a cuff reading that failed ({reading.text or reading.quality})"
    return f"a cuff reading of {reading.sys_mmhg:.0f}/{reading.dia_mmhg:.0f} mmHg"


def _damage_text(counts: PacketCounts) -> str:
    parts = []
    if counts.bad:
        parts.append(f"{counts.bad} of {counts.good + counts.bad} packets damaged")
    if counts.skipped:
        parts.append(f"{counts.skipped} {'byte' if counts.skipped == 1 else 'bytes'} passed over")
    return " and ".join(parts) or "no damage"
