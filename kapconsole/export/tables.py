"""A session as tables: one for each kind of event, one for each vital sign and waveform, with units in the headers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from kapconsole.clinical.clients.entry import session_kind
from kapconsole.clinical.clients.plain import PlainEvent
from kapconsole.export.recorded import Recorded
from kapconsole.rows import QUALITY_CODES
from kapconsole.session.words import device_names
from kapdevices.readings import UNITS, Metric

Cell = str | int | float | bool | None

_UNITS: tuple[tuple[str, str], ...] = (
    *(("_us", "s"), ("_s", "s"), ("_ms", "ms"), ("_min", "min"), ("_mmhg", "mmHg"), ("_mg", "mg"), ("_kg", "kg")),
    *(("_mg_ml", "mg/mL"), ("_ml", "mL"), ("_hz", "Hz"), ("_dbfs", "dBFS"), ("_db", "dB"), ("_deg", "degrees")),
    *(("_mm", "mm"), ("_px", "px"), ("_percent", "%"), ("_cps", "cycles/s"), ("_k", "K")),
)
_WHOLE = {"pulse_rate": "/min", "resp_rate": "/min", "spo2": "%", "mg_per_kg": "mg/kg", "rate_mg_min": "mg/min"}
_WALL = ("utc_us", "utc_origin_us")


class Table(NamedTuple):
    """One table: file name without ending, what it holds in words, header, rows as they are made."""

    name: str
    meaning: str
    header: tuple[str, ...]
    rows: Iterator[Sequence[Cell]]


def tables(recorded: Recorded, waves: bool = True) -> Iterator[Table]:
    """Every table of a session, in an order that a person reads. `waves`: the waveforms too, which are long."""
    yield Table("session", "what the session was", ("field", "value"), iter(_session(recorded)))
    yield _second_table(recorded)
    kinds: dict[str, list[PlainEvent]] = {}
    for event in recorded.events:
        kinds.setdefault(event.kind, []).append(event)
    for kind, events in sorted(kinds.items()):
        yield event_table(recorded, kind, events)
    names = device_names({source: view.protocol for source, view in recorded.timeline.state.devices.items()})
    for (source, metric), series in sorted(recorded.timeline.numerics.items()):
        yield Table(
            f"numeric_{metric.value}_device{source}",
            f"every {metric.value} of device {source} ({names.get(source, '')}), also those that are not valid",
            (*_time_header(recorded), f"{metric.value} ({UNITS[metric]})", "valid", "why not"),
            _series_rows(recorded, series.times_us, series.values, series.quality),
        )
    if waves:
        for (source, metric), wave in sorted(recorded.timeline.waves.items()):
            yield Table(
                f"wave_{metric.value}_device{source}",
                f"samples of {metric.value} of device {source} as a part of its full scale; empty where not valid",
                ("session time (s)", f"{metric.value} (0 to 1)"),
                _wave_rows(wave.times_us, wave.values),
            )


def event_table(recorded: Recorded, kind: str, events: Sequence[PlainEvent]) -> Table:
    """All events of one kind: a column for each field, the fields of parts within as "part.field"."""
    flat = [_flat(event.body) for event in events]
    fields = list(dict.fromkeys(name for body in flat for name in body))
    header = (*_time_header(recorded), "row", "by", *(_heading(name) for name in fields))
    rows = (
        (
            *_times(recorded, event.mono_us),
            event.seq,
            event.actor,
            *(_cell(recorded, name, body.get(name)) for name in fields),
        )
        for event, body in zip(events, flat, strict=True)
    )
    return Table(f"event_{kind}", f"events of the kind {kind}", header, rows)


def _session(recorded: Recorded) -> list[tuple[str, Cell]]:
    summary, verified = recorded.summary, recorded.verified
    start = recorded.moment(0)
    lines: list[tuple[str, Cell]] = [
        ("client", summary.subject),
        ("kind", session_kind(recorded.events)),
        ("session id", summary.session_id),
        ("file", recorded.name),
        (
            "start (year)" if recorded.deidentified else "start",
            start.year if recorded.deidentified else start.isoformat(),
        ),
        ("length (s)", round(summary.length_s, 3)),
        ("first dose at session time (s)", None if recorded.dose_us is None else recorded.dose_us / 1e6),
        ("written by kapconsole", summary.app_version),
        ("simulated", summary.simulated),
        ("closed", summary.closed),
        ("de-identified", recorded.deidentified),
        ("rows", sum(summary.rows.values())),
        ("rows of kinds that this version does not know", recorded.strange),
    ]
    if not recorded.deidentified:
        lines.append(("head code", summary.head_code))
    if verified is not None:
        lines.append(("verified", "whole and unchanged" if verified.ok else "NOT as it was written"))
        if not recorded.deidentified:
            lines += [("finding", finding.text) for finding in verified.findings]
    lines += [("interruption", words) for words in summary.interruptions]
    return lines


def _second_table(recorded: Recorded) -> Table:
    """Vital signs side by side, a row a second: the newest valid value of that second, from the device that fed it."""
    timeline = recorded.timeline
    seconds = int(timeline.end_us // 1_000_000) + 1
    columns: list[np.ndarray[Any, Any]] = []
    heads: list[str] = []
    for metric in (Metric.SPO2, Metric.PULSE_RATE, Metric.HEART_RATE, Metric.RESP_RATE, Metric.ETCO2):
        fed = timeline.fed(metric, 0, timeline.end_us + 1)
        good = ~np.isnan(fed.valid_values)
        if not good.any():
            continue
        column = np.full(seconds, np.nan, np.float32)
        column[(fed.times_us[good] // 1_000_000).astype(np.int64)] = fed.values[good]
        columns.append(column)
        heads.append(f"{metric.value} ({UNITS[metric]})")

    def rows() -> Iterator[Sequence[Cell]]:
        for second in range(seconds):
            values = [float(column[second]) for column in columns]
            if any(value == value for value in values):
                yield (*_times(recorded, second * 1_000_000), *(_number(value) for value in values))

    meaning = "vital signs side by side, a row for each second that has one; only values that the device vouched for"
    return Table("vitals_by_second", meaning, (*_time_header(recorded), *heads), rows())


def _time_header(recorded: Recorded) -> tuple[str, ...]:
    times = ("session time (s)", "since first dose (min)")
    return times if recorded.deidentified else ("time (ISO 8601)", *times)


def _times(recorded: Recorded, mono_us: int) -> tuple[Cell, ...]:
    minutes = recorded.since_dose_min(mono_us)
    times = (round(mono_us / 1e6, 6), None if minutes is None else round(minutes, 4))
    return times if recorded.deidentified else (recorded.moment(mono_us).isoformat(timespec="milliseconds"), *times)


def _series_rows(recorded: Recorded, times: Any, values: Any, quality: Any) -> Iterator[Sequence[Cell]]:
    for mono_us, value, code in zip(times.tolist(), values.tolist(), quality.tolist(), strict=True):
        yield (*_times(recorded, mono_us), _number(value), code == 0 and value == value, QUALITY_CODES[code].value)


def _wave_rows(times: Any, values: Any) -> Iterator[Sequence[Cell]]:
    for mono_us, value in zip(times.tolist(), values.tolist(), strict=True):
        yield (f"{mono_us / 1e6:.6f}", "" if value != value else f"{value:.5f}")


def _flat(body: dict[str, Any], before: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in body.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[before + name] = value
    return found


def _heading(name: str) -> str:
    if name.endswith(_WALL):
        return f"{name[: -len('_us')]} (ISO 8601)"
    if name in _WHOLE:
        return f"{name} ({_WHOLE[name]})"
    for ending, unit in sorted(_UNITS, key=lambda pair: -len(pair[0])):
        if name.endswith(ending):
            return f"{name[: -len(ending)]} ({unit})"
    return name


def _cell(recorded: Recorded, name: str, value: Any) -> Cell:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return msgspec.json.encode(value).decode() if value else ""
    if isinstance(value, int | float):
        if name.endswith(_WALL):
            return (
                "" if recorded.deidentified else recorded.moment(int(value) - recorded.summary.start_utc_us).isoformat()
            )
        return value / 1e6 if name.endswith("_us") else value
    return str(value)


def _number(value: float) -> Cell:
    if math.isnan(value):
        return None
    return int(value) if value == int(value) else round(value, 4)
