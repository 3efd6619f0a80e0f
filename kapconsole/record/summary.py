"""What a session was, on one page: for `kapconsole info` and the top of a report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

import msgspec

from kapconsole.alarms.events import AlarmBegan, AlarmEnded
from kapconsole.bilateral import view as sets_view
from kapconsole.clinical import view as care_view
from kapconsole.clinical.doses import corrected
from kapconsole.clinical.instruments.events import InstrumentTaken
from kapconsole.clock import duration_text
from kapconsole.events import (
    DeviceState,
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
    """A dose and when it was given, seconds since the session began; the ledger's words with corrections applied.

    `mg_per_kg`: by the weight that was recorded, else None. `given_by` is empty where nobody was named.
    """

    at_s: float
    drug: str
    route: str
    amount_mg: float
    mg_per_kg: float | None = None
    given_by: str = ""
    corrections: int = 0


class CuffReading(msgspec.Struct, frozen=True):
    """A valid cuff reading: seconds since the session began, mmHg, pulse in 1/min; None where the device gave none."""

    at_s: float
    sys_mmhg: float
    dia_mmhg: float
    mean_mmhg: float | None
    pulse_rate: float | None


class CuffValues(msgspec.Struct, frozen=True):
    """The first, the last, and that with the highest systolic pressure (the earliest of them) of the valid readings."""

    first: CuffReading
    highest: CuffReading
    last: CuffReading


class SetDone(msgspec.Struct, frozen=True):
    """A set of bilateral stimulation as it was delivered; seconds since the session began. SUD is 0 to 10.

    `passes`: edge to edge; None when it is not known.
    """

    at_s: float
    preset: str
    passes: int | None
    reason: str
    sud_before: int | None
    sud_after: int | None


class Alarms(msgspec.Struct, frozen=True):
    """How many alarms began with which priority, the gravest first, and how many of all had not ended at the end."""

    began: dict[str, int]
    unended: int


class Instrument(msgspec.Struct, frozen=True):
    """An instrument that was answered: its last total, None where an answer is missing, and how often in all."""

    name: str
    times: int
    total: float | None


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
    cuff_values: CuffValues | None = None
    sets: tuple[SetDone, ...] = ()
    alarms: Alarms = Alarms({}, 0)
    instruments: tuple[Instrument, ...] = ()


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
        doses=_doses(events),
        interruptions=interruptions(events),
        warnings=log.warnings,
        cuff_values=_cuff_values(events),
        sets=_sets(events),
        alarms=_alarms(bodies),
        instruments=_instruments(events),
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
    if summary.cuff_values is not None:
        values = summary.cuff_values
        lines += [f"    {name}: {_cuff_words(getattr(values, name))}" for name in ("first", "highest", "last")]
    lines.append(f"Notes: {summary.notes}")
    lines += [f"Phase {phase.phase} at {duration_text(phase.at_s)}" for phase in summary.phases]
    lines += [_dose_words(dose) for dose in summary.doses]
    lines.append(_alarm_words(summary.alarms))
    lines.append(f"Sets of bilateral stimulation: {len(summary.sets) or 'none'}")
    lines += [f"    {_set_words(done)}" for done in summary.sets]
    if summary.instruments:
        lines.append("Instruments: " + ", ".join(_instrument_words(taken) for taken in summary.instruments))
    lines += list(summary.interruptions)
    lines.append("Rows: " + ", ".join(f"{kind} {count}" for kind, count in summary.rows.items()))
    return lines + list(summary.warnings)


def _dose_words(dose: Dose) -> str:
    weighed = "" if dose.mg_per_kg is None else f" ({dose.mg_per_kg:.2g} mg/kg)"
    by = f", given by {dose.given_by}" if dose.given_by else ""
    changed = ", corrected" if dose.corrections else ""
    return f"Dose at {duration_text(dose.at_s)}: {dose.drug} {dose.amount_mg:g} mg{weighed} {dose.route}{by}{changed}"


def _cuff_words(reading: CuffReading) -> str:
    mean = "" if reading.mean_mmhg is None else f" ({reading.mean_mmhg:g})"
    pulse = "" if reading.pulse_rate is None else f", pulse {reading.pulse_rate:g}"
    return f"{reading.sys_mmhg:g}/{reading.dia_mmhg:g}{mean} mmHg{pulse} at {duration_text(reading.at_s)}"


def _alarm_words(alarms: Alarms) -> str:
    if not alarms.began:
        return "Alarms: none"
    began = ", ".join(f"{count} {priority.upper()}" for priority, count in alarms.began.items())
    return f"Alarms: {began}" + (f"; not ended: {alarms.unended}" if alarms.unended else "")


def _set_words(done: SetDone) -> str:
    passes = "passes not known" if done.passes is None else f"{done.passes} passes"
    suds = [f"SUD {when} {value}" for when, value in (("before", done.sud_before), ("after", done.sud_after))
            if value is not None]  # fmt: skip
    return ", ".join([f"{done.preset} at {duration_text(done.at_s)}", passes, done.reason.replace("_", " "), *suds])


def _instrument_words(taken: Instrument) -> str:
    total = "" if taken.total is None else f" {taken.total:g}"
    return f"{taken.name}{total}" + (f" (of {taken.times})" if taken.times > 1 else "")


def _event(row: Row) -> Event | None:
    """The event of a row; None for measurements and for a kind that this version does not know."""
    if row.kind in (NUMERICS, WAVE):
        return None
    try:
        return row_event(row)
    except msgspec.DecodeError:
        return None


def _doses(events: Iterable[Event]) -> tuple[Dose, ...]:
    care = care_view.EMPTY
    for event in events:
        care = care_view.fold(care, event)
    found = []
    for dose in care.doses:
        record = corrected(dose)
        if record is None:
            found.append(Dose(dose.at_us / 1e6, dose.drug, dose.route, dose.amount_mg))
        else:
            known = (record.drug, record.route, record.amount_mg, record.mg_per_kg, record.given_by)
            found.append(Dose(dose.at_us / 1e6, *known, corrections=len(dose.corrections)))
    return tuple(found)


def _cuff_values(events: Iterable[Event]) -> CuffValues | None:
    valid = [
        CuffReading(event.mono_us / 1e6, body.sys_mmhg, body.dia_mmhg, body.mean_mmhg, body.pulse_rate)
        for event in events
        if isinstance(body := event.body, NibpMeasured) and body.valid
        if body.sys_mmhg is not None and body.dia_mmhg is not None
    ]
    if not valid:
        return None
    return CuffValues(valid[0], max(valid, key=lambda reading: reading.sys_mmhg), valid[-1])


def _sets(events: Iterable[Event]) -> tuple[SetDone, ...]:
    """What was delivered, with what was entered about it; a set of which nothing was told is none."""
    view = sets_view.EMPTY
    for event in events:
        view = sets_view.fold(view, event)
    return tuple(
        SetDone(
            line.delivered.start_us / 1e6,
            line.delivered.preset,
            line.delivered.passes_delivered,
            str(line.delivered.reason),
            line.sud_before,
            line.sud_after,
        )
        for line in view.sets
    )


def _alarms(bodies: Iterable[object]) -> Alarms:
    began: Counter[str] = Counter()
    open_ones: set[int] = set()
    for body in bodies:
        if isinstance(body, AlarmBegan):
            began[str(body.priority)] += 1
            open_ones.add(body.occurrence)
        elif isinstance(body, AlarmEnded):
            open_ones.discard(body.occurrence)
    return Alarms({name: began[name] for name in ("high", "medium", "low") if began[name]}, len(open_ones))


def _instruments(events: Iterable[Event]) -> tuple[Instrument, ...]:
    """By name, in the order in which they were first answered; a correction takes the place of what it corrects."""
    entries: dict[int, InstrumentTaken] = {}
    for event in events:
        if isinstance(event.body, InstrumentTaken):
            entries[event.body.about or event.seq] = event.body
    names = dict.fromkeys(taken.name for taken in entries.values())
    held = {name: [taken for taken in entries.values() if taken.name == name] for name in names}
    return tuple(Instrument(name, len(taken), taken[-1].total) for name, taken in held.items())


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
