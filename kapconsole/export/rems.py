"""The fields of the esketamine monitoring form (US REMS), filled from the log as far as it has them.

Due within 7 days of every session (session reference 9). What the log does not hold is said to be missing, never
guessed; the form itself is sent by a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kapconsole.clinical.clients.plain import PlainEvent, of_kind
from kapconsole.export.parts import Column, Part
from kapconsole.export.recorded import Recorded
from kapconsole.export.tables import Table

NOT_RECORDED = "not recorded"
LEAST_MIN = 120
"""The least observation from the first device on, minutes (label and REMS)."""

SEDATION_FROM = 4
"""MOAA/S below 5 is sedation."""


class Field(NamedTuple):
    """One field of the form and what the log has for it."""

    name: str
    value: str


def wanted(recorded: Recorded) -> bool:
    """True when the form is due: esketamine was given."""
    return any(
        "esketamine" in str(event.body.get("drug", "")).lower() for event in of_kind(recorded.events, "dose-given")
    )


def fields(recorded: Recorded) -> list[Field]:
    """Every field of the form, in its order."""
    events = recorded.events
    given = of_kind(events, "dose-given")
    ledger = of_kind(events, "dose-recorded")
    end_us = _end_us(recorded)
    start_us = recorded.dose_us or 0
    minutes = (end_us - start_us) / 60e6
    ready = next((event.at_us for event in of_kind(events, "baseline-return") if event.body.get("back")), None)
    dissociated = [
        event for event in of_kind(events, "side-effect-graded") if "dissoc" in str(event.body.get("effect"))
    ]
    amounts = " + ".join(f"{event.body.get('amount_mg', 0):g}" for event in given)
    lots = ", ".join(dict.fromkeys(str(event.body["lot"]) for event in ledger if event.body.get("lot")))
    nurse = [event for event in of_kind(events, "role-taken") if event.body.get("role") == "nurse"]
    return [
        Field("Patient name", NOT_RECORDED if not recorded.summary.subject else f"code {recorded.summary.subject}"),
        Field("Sex", NOT_RECORDED),
        Field("Date of birth", NOT_RECORDED),
        Field(
            "Concomitant medicines (benzodiazepine, other sedative, psychostimulant, MAOI, opioid)", _medicines(events)
        ),
        Field("Monitoring clinician", str(nurse[-1].body.get("person")) if nurse else NOT_RECORDED),
        Field(
            "Date",
            str(recorded.moment(start_us).year) if recorded.deidentified else f"{recorded.moment(start_us):%Y-%m-%d}",
        ),
        Field("Dose, mg", amounts or NOT_RECORDED),
        Field("Lot", lots or NOT_RECORDED),
        Field(
            "Minutes from first device to end",
            f"{minutes:.0f}" + ("" if minutes >= LEAST_MIN else f" (below {LEAST_MIN})"),
        ),
        Field(
            "Ready to leave earlier, at minute", NOT_RECORDED if ready is None else f"{(ready - start_us) / 60e6:.0f}"
        ),
        Field("Blood pressure before", _pressure(recorded, None, start_us)),
        Field(
            "Blood pressure at 40 min", _pressure(recorded, start_us + 30 * 60_000_000, start_us + 50 * 60_000_000, 40)
        ),
        Field("Blood pressure at the end", _pressure(recorded, start_us + 60 * 60_000_000, end_us)),
        Field("Sedation, onset and end", _sedation(recorded)),
        Field("Dissociation, onset and end", _span(recorded, dissociated)),
        Field("Respiratory depression", _graded(events, "breath")),
        Field("Serious events", _serious(events)),
    ]


def as_part(recorded: Recorded) -> Part:
    """The form for the report."""
    rows = [(field.name, field.value) for field in fields(recorded)]
    return Part("Esketamine monitoring form: fields from the log", (Column("", 4), Column("", 4)), rows, whole=True)


def as_table(recorded: Recorded) -> Table:
    """The form for the tables."""
    return Table(
        "esketamine_form", "fields of the esketamine monitoring form", ("field", "value"), iter(fields(recorded))
    )


def _end_us(recorded: Recorded) -> int:
    left = of_kind(recorded.events, "discharged")
    return left[-1].at_us if left else recorded.timeline.end_us


def _pressure(recorded: Recorded, from_us: int | None, to_us: int, near_min: float | None = None) -> str:
    held = [
        (view.mono_us, view.reading.sys_mmhg, view.reading.dia_mmhg)
        for view in recorded.timeline.state.nibp
        if view.reading.valid and (from_us is None or view.mono_us >= from_us) and view.mono_us <= to_us
    ]
    if not held:
        return NOT_RECORDED
    at_us, sys, dia = held[-1]
    if near_min is not None and recorded.dose_us is not None:
        wanted_us = recorded.dose_us + near_min * 60e6
        at_us, sys, dia = min(held, key=lambda item: abs(item[0] - wanted_us))
    minutes = recorded.since_dose_min(at_us)
    return f"{sys:.0f}/{dia:.0f} mmHg at {minutes:.0f} min".replace("-", "−")


def _sedation(recorded: Recorded) -> str:
    scored = [event for event in of_kind(recorded.events, "sedation-scored") if _is_moaas(event)]
    if not scored:
        return NOT_RECORDED
    deep = [event for event in scored if event.body.get("score", 5) <= SEDATION_FROM]
    if not deep:
        return "none scored"
    after = [event for event in scored if event.at_us > deep[-1].at_us]
    end = f"{recorded.since_dose_min(after[0].at_us) or 0:.0f}" if after else "not recorded"
    lowest = min(event.body["score"] for event in deep)
    return f"from minute {recorded.since_dose_min(deep[0].at_us) or 0:.0f} to {end}, lowest {lowest}"


def _is_moaas(event: PlainEvent) -> bool:
    return str(event.body.get("scale", "")).lower().replace("/", "") == "moaas"


def _span(recorded: Recorded, graded: list[PlainEvent]) -> str:
    onset = next((event for event in graded if event.body.get("grade", 0) > 0), None)
    if onset is None:
        return "none graded" if graded else NOT_RECORDED
    end = next((event for event in graded if event.at_us > onset.at_us and event.body.get("grade") == 0), None)
    until = NOT_RECORDED if end is None else f"{recorded.since_dose_min(end.at_us) or 0:.0f}"
    return f"from minute {recorded.since_dose_min(onset.at_us) or 0:.0f} to {until}"


def _graded(events: Sequence[PlainEvent], word: str) -> str:
    found = [event for event in of_kind(events, "side-effect-graded") if word in str(event.body.get("effect"))]
    return f"grade {max(event.body.get('grade', 0) for event in found)}" if found else NOT_RECORDED


def _serious(events: Sequence[PlainEvent]) -> str:
    found = [event for event in of_kind(events, "side-effect-graded") if event.body.get("grade", 0) >= 3]
    words = (f"{event.body.get('label') or event.body.get('effect')} grade {event.body['grade']}" for event in found)
    return ", ".join(dict.fromkeys(words)) or "none graded 3 or 4"


def _medicines(events: Sequence[PlainEvent]) -> str:
    ticked = [event for event in of_kind(events, "item-ticked") if event.body.get("item") == "medicines"]
    if not ticked:
        return NOT_RECORDED
    body = ticked[-1].body
    return " ".join(str(body.get(name, "")) for name in ("answer", "text")).strip() or NOT_RECORDED
