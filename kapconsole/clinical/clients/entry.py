"""What the index and a client's page know of one session: a digest, made from its rows, never the truth itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from kapconsole.clinical.clients.plain import PlainEvent, notes, of_kind, plain_events, present, readable_timeline
from kapconsole.rows import WAVE, Row
from kapconsole.session.timeline import Timeline
from kapdevices.readings import Metric

KINDS = ("dosing", "integration", "preparation", "screening", "follow-up", "no dose")
"""Kinds of session; "no dose" where nobody said and no dose was given."""


class DoseDigest(msgspec.Struct, frozen=True):
    """A dose: seconds since the session began, drug, route, mg."""

    at_s: float
    drug: str
    route: str
    amount_mg: float


class Peak(msgspec.Struct, frozen=True):
    """The highest (SpO2: the lowest) value of a vital sign, and when: seconds since the session began."""

    name: str
    unit: str
    value: float
    at_s: float


class ScoreDigest(msgspec.Struct, frozen=True):
    """One entry of an instrument. `on_utc_us`: when it was entered; `answered_on`: another day's ISO date, or empty."""

    instrument: str
    name: str
    version: str
    on_utc_us: int
    answered_on: str
    total: float | None
    result: str
    band: str
    band_source: str
    missing: int


class SetDigest(msgspec.Struct, frozen=True):
    """One set of bilateral stimulation as delivered, with what was rated; None: not entered or not known."""

    number: int
    at_s: float
    preset: str
    length_s: float
    cycles: float | None
    reason: str
    sud_before: int | None
    sud_after: int | None
    voc: int | None


class SessionEntry(msgspec.Struct, frozen=True):
    """One session in the index. `file`: its path; `stamp`: sizes and times of its files when it was read.

    `start_utc_us`: microseconds since 1970 UTC. `warnings`: what is wrong with the file, in words.
    """

    file: str
    stamp: tuple[int, ...]
    session_id: str
    subject: str
    kind: str
    course: str
    start_utc_us: int
    length_s: float
    time_zone: str
    simulated: bool
    closed: bool
    encrypted: bool
    head_code: str
    doses: tuple[DoseDigest, ...] = ()
    peaks: tuple[Peak, ...] = ()
    scores: tuple[ScoreDigest, ...] = ()
    sets: tuple[SetDigest, ...] = ()
    alarms: dict[str, int] = {}
    notes: int = 0
    safety_open: bool = False
    warnings: tuple[str, ...] = ()


def digest(
    rows: Sequence[Row],
    *,
    file: str,
    stamp: tuple[int, ...] = (),
    closed: bool = False,
    encrypted: bool = False,
    head_code: str = "",
    warnings: Sequence[str] = (),
) -> SessionEntry:
    """The digest of a session's rows."""
    events = plain_events(rows)
    # The samples of a waveform are nine tenths of a session and say nothing here.
    timeline, strange = readable_timeline(row for row in rows if row.kind != WAVE)
    end_us = max((row.mono_us for row in rows), default=0)
    started = next(iter(of_kind(events, "session-started")), None)
    body: dict[str, Any] = started.body if started else {}
    doses = tuple(
        DoseDigest(event.at_us / 1e6, str(event.body["drug"]), str(event.body["route"]), float(event.body["amount_mg"]))
        for event in of_kind(events, "dose-given")
    )
    course = of_kind(events, "course-chosen")
    said = [*warnings]
    if strange:
        said.append(f"{strange} rows are of kinds that this version does not know.")
    return SessionEntry(
        file=file,
        stamp=stamp,
        session_id=str(body.get("session_id", "")),
        subject=str(body.get("subject", "")),
        kind=session_kind(events),
        course=str(course[-1].body.get("course", "")) if course else "",
        start_utc_us=int(body.get("utc_origin_us", rows[0].utc_us if rows else 0)),
        length_s=max(end_us, timeline.end_us) / 1e6,
        time_zone=str(body.get("time_zone", "")),
        simulated=bool(body.get("simulated", False)),
        closed=closed,
        encrypted=encrypted,
        head_code=head_code,
        doses=doses,
        peaks=tuple(peaks(timeline)),
        scores=tuple(_score(event) for event in present(events, "instrument-taken")),
        sets=tuple(sets_of(events)),
        alarms=_alarms(events),
        notes=len(notes(events)),
        safety_open=_safety_open(events),
        warnings=tuple(said),
    )


def session_kind(events: Sequence[PlainEvent]) -> str:
    """What kind of session it was: what a person said last, else dosing where a dose was given."""
    opened = of_kind(events, "visit-opened")
    if opened:
        return str(opened[-1].body.get("visit", "")) or "no dose"
    return "dosing" if of_kind(events, "dose-given") else "no dose"


def peaks(timeline: Timeline) -> list[Peak]:
    """The extremes of the vital signs, of the devices that fed the screens, of values that the device vouched for."""
    found = []
    for name, metric, unit, lowest in (
        ("SpO2", Metric.SPO2, "%", True),
        ("Pulse rate", Metric.PULSE_RATE, "/min", False),
    ):
        fed = timeline.fed(metric, 0, timeline.end_us + 1)
        values = fed.valid_values
        if not len(values) or np.all(np.isnan(values)):
            continue
        place = int(np.nanargmin(values) if lowest else np.nanargmax(values))
        found.append(Peak(name, unit, float(values[place]), int(fed.times_us[place]) / 1e6))
    readings = [view for view in timeline.fed_nibp(timeline.state.nibp) if view.reading.valid]
    if readings:
        by_sys = max(readings, key=lambda view: view.reading.sys_mmhg or 0)
        by_dia = max(readings, key=lambda view: view.reading.dia_mmhg or 0)
        found.append(Peak("NIBP systolic", "mmHg", float(by_sys.reading.sys_mmhg or 0), by_sys.mono_us / 1e6))
        found.append(Peak("NIBP diastolic", "mmHg", float(by_dia.reading.dia_mmhg or 0), by_dia.mono_us / 1e6))
    return found


def sets_of(events: Sequence[PlainEvent]) -> list[SetDigest]:
    """The sets of bilateral stimulation in order, each with the newest ratings."""
    ratings: dict[int, dict[str, Any]] = {}
    for event in of_kind(events, "bilateral-set-asked", "bilateral-set-rated"):
        held = ratings.setdefault(int(event.body.get("set_id", 0)), {})
        held.update({name: event.body[name] for name in _RATED if event.body.get(name) is not None})
    found = []
    for event in of_kind(events, "bilateral-set-delivered"):
        body = event.body
        number = int(body.get("set_id", 0))
        rated = ratings.get(number, {})
        start_us, stop_us = int(body.get("start_us", event.mono_us)), int(body.get("stop_us", event.mono_us))
        found.append(
            SetDigest(
                number,
                start_us / 1e6,
                str(body.get("preset", "")),
                max(0, stop_us - start_us) / 1e6,
                body.get("cycles_delivered"),
                str(body.get("reason", "")),
                rated.get("sud_before"),
                rated.get("sud_after"),
                rated.get("voc"),
            )
        )
    return found


_RATED = ("sud_before", "sud_after", "voc")


def _score(event: PlainEvent) -> ScoreDigest:
    body = event.body
    return ScoreDigest(
        str(body.get("instrument", "")),
        str(body.get("name", "")),
        str(body.get("version", "")),
        event.utc_us,
        str(body.get("answered_on", "")),
        body.get("total"),
        str(body.get("result", "")),
        str(body.get("band", "")),
        str(body.get("band_source", "")),
        len(body.get("missing", ())),
    )


def _alarms(events: Sequence[PlainEvent]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in of_kind(events, "alarm-began"):
        priority = str(event.body.get("priority", ""))
        counts[priority] = counts.get(priority, 0) + 1
    return {name: counts[name] for name in ("high", "medium", "low") if name in counts}


def _safety_open(events: Sequence[PlainEvent]) -> bool:
    turns = of_kind(events, "safety-raised", "safety-answered")
    return bool(turns) and turns[-1].kind == "safety-raised"
