"""What a session was, on one page: for `kapconsole info` and the top of a report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from kapconsole.clock import duration_text
from kapconsole.events import (
    DeviceState,
    DoseGiven,
    Event,
    NibpMeasured,
    NoteTaken,
    PhaseEntered,
    SessionResumed,
    SessionStarted,
    WavePiece,
)
from kapconsole.record.reader import LogFile
from kapconsole.rows import NUMERICS, WAVE, Row, row_event, unpack_wave
from kapdevices.readings import Metric

GAP_FROM_US = 1_000_000
"""A hole in a waveform from this length on is told; shorter ones are the jitter of arrival."""


class DeviceUsed(msgspec.Struct, frozen=True):
    """A device of this session, as it was first seen."""

    source: int
    protocol: str
    port: str
    adapter: str


class PhaseBegun(msgspec.Struct, frozen=True):
    """A phase and when it began, seconds since the session began."""

    phase: str
    at_s: float


class Dose(msgspec.Struct, frozen=True):
    """A dose and when it was given, seconds since the session began."""

    at_s: float
    drug: str
    route: str
    amount_mg: float


class Waveform(msgspec.Struct, frozen=True):
    """Seconds of one waveform from one device, and the holes in it: (start, end) in seconds since the session began."""

    source: int
    metric: Metric
    recorded_s: float
    gaps_s: tuple[tuple[float, float], ...]


class Summary(msgspec.Struct, frozen=True):
    """A session in numbers. `start_utc_us`: microseconds since 1970 UTC; `rows`: count by kind."""

    name: str
    session_id: str
    subject: str
    app_version: str
    simulated: bool
    start_utc_us: int
    length_s: float
    closed: bool
    live: bool
    encrypted: bool
    size_bytes: int
    head_code: str
    devices: tuple[DeviceUsed, ...]
    rows: dict[str, int]
    waveforms: tuple[Waveform, ...]
    cuff_readings: int
    cuff_readings_valid: int
    notes: int
    phases: tuple[PhaseBegun, ...]
    doses: tuple[Dose, ...]
    interruptions: tuple[str, ...]
    warnings: tuple[str, ...]


def summarise(log: LogFile, rows: list[Row] | None = None) -> Summary:
    """The summary of a session file; `rows` when they were read already. Raises LogDamagedError."""
    rows = log.rows() if rows is None else rows
    events = [event for row in rows if (event := _event(row)) is not None]
    bodies = [event.body for event in events]
    pieces = [unpack_wave(row.body) for row in rows if row.kind == WAVE]
    started = next((body for body in bodies if isinstance(body, SessionStarted)), None)
    nibp = [body for body in bodies if isinstance(body, NibpMeasured)]
    ends = [row.mono_us for row in rows] + [piece.start_us + piece.span_us for piece in pieces]
    devices: dict[int, DeviceUsed] = {}
    for body in bodies:
        if isinstance(body, DeviceState):
            devices.setdefault(body.source, DeviceUsed(body.source, body.protocol, body.port, body.adapter))
    return Summary(
        name=log.path.name,
        session_id=log.session_id,
        subject=started.subject if started else "",
        app_version=log.meta.get("app_version", ""),
        simulated=started.simulated if started else False,
        start_utc_us=started.utc_origin_us if started else (rows[0].utc_us if rows else 0),
        length_s=max(ends, default=0) / 1e6,
        closed=log.closed,
        live=log.live,
        encrypted=log.encrypted,
        size_bytes=log.size_bytes,
        head_code=log.head.code if log.head else "",
        devices=tuple(devices.values()),
        rows=dict(sorted(Counter(row.kind for row in rows).items())),
        waveforms=tuple(_waveforms(pieces)),
        cuff_readings=len(nibp),
        cuff_readings_valid=sum(body.valid for body in nibp),
        notes=sum(isinstance(body, NoteTaken) and body.about is None for body in bodies),
        phases=tuple(PhaseBegun(body.phase, body.at_us / 1e6) for body in bodies if isinstance(body, PhaseEntered)),
        doses=tuple(
            Dose(body.at_us / 1e6, body.drug, body.route, body.amount_mg)
            for body in bodies
            if isinstance(body, DoseGiven)
        ),
        interruptions=interruptions(events),
        warnings=log.warnings,
    )


def interruptions(events: Iterable[Event]) -> tuple[str, ...]:
    """Each time recording was interrupted, in words."""
    return tuple(
        f"{event.body.text} (at {duration_text(event.mono_us / 1e6)})"
        for event in events
        if isinstance(event.body, SessionResumed)
    )


def gap_words(waveform: Waveform) -> list[str]:
    """The holes of a waveform in words: "8 s missing at 12 min 05 s"."""
    return [f"{duration_text(end - start)} missing at {duration_text(start)}" for start, end in waveform.gaps_s]


def summary_lines(summary: Summary) -> list[str]:
    """The summary for a terminal."""
    state = "closed" if summary.closed else "being written" if summary.live else "not closed"
    lines = [
        f"{summary.name}: subject {summary.subject or '(none)'}, {duration_text(summary.length_s)}, {state},"
        f" {'encrypted' if summary.encrypted else 'not encrypted'}, {summary.size_bytes / 1e6:.1f} MB",
    ]
    if summary.simulated:
        lines.append("Simulated: not a real session.")
    if summary.head_code:
        lines.append(f"Head code: {summary.head_code}")
    lines += [f"Device {device.source}: {device.protocol} on {device.port}" for device in summary.devices]
    for waveform in summary.waveforms:
        holes = "; ".join(gap_words(waveform)) or "no gap"
        lines.append(
            f"Waveform {waveform.metric.value} of device {waveform.source}:"
            f" {duration_text(waveform.recorded_s)}, {holes}"
        )
    lines.append(f"Cuff readings: {summary.cuff_readings}, of these valid: {summary.cuff_readings_valid}")
    lines.append(f"Notes: {summary.notes}")
    lines += [f"Phase {phase.phase} at {duration_text(phase.at_s)}" for phase in summary.phases]
    lines += [
        f"Dose at {duration_text(dose.at_s)}: {dose.drug} {dose.amount_mg:g} mg {dose.route}" for dose in summary.doses
    ]
    lines += list(summary.interruptions)
    lines.append("Rows: " + ", ".join(f"{kind} {count}" for kind, count in summary.rows.items()))
    return lines + list(summary.warnings)


def _event(row: Row) -> Event | None:
    """The event of a row; None for measurements and for a kind that this version does not know."""
    if row.kind in (NUMERICS, WAVE):
        return None
    try:
        return row_event(row)
    except msgspec.DecodeError:
        return None


def _waveforms(pieces: list[WavePiece]) -> list[Waveform]:
    by_signal: dict[tuple[int, Metric], list[WavePiece]] = defaultdict(list)
    for piece in pieces:
        if piece.samples:  # a row whose samples were lost is a hole
            by_signal[piece.source, piece.metric].append(piece)
    found = []
    for (source, metric), run in sorted(by_signal.items()):
        run.sort(key=lambda piece: piece.start_us)
        ends = [piece.start_us + piece.span_us for piece in run]
        gaps = tuple(
            (end / 1e6, following.start_us / 1e6)
            for end, following in zip(ends, run[1:], strict=False)
            if following.start_us - end >= GAP_FROM_US
        )
        found.append(Waveform(source, metric, sum(piece.span_us for piece in run) / 1e6, gaps))
    return found
