"""Gates: what must be there before a phase is entered, a dose given, or the patient leaves; what was passed over."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kapconsole.clinical.evidence import CHECKS, Ask
from kapconsole.clinical.tables import Visit
from kapconsole.clinical.view import CareView

DISCHARGE = "discharge"
"""The gate before the door."""


class Finding(msgspec.Struct, frozen=True):
    """One item: met or not, what was found in words, and the reason with which a person passed over it, if so.

    `fallback`: roles that may pass over it.
    """

    item: str
    label: str
    met: bool
    found: str
    passed_over: str = ""
    fallback: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """True when it does not stand in the way."""
        return self.met or bool(self.passed_over)


def findings(ask: Ask, gate: str, items: Iterable[str]) -> tuple[Finding, ...]:
    """Every named item as it stands now; `gate` is a phase or `DISCHARGE`."""
    return tuple(_finding(ask, gate, item) for item in items)


def before_phase(ask: Ask, phase: str) -> tuple[tuple[str, Finding], ...]:
    """(gate, finding) of everything between the furthest phase so far and `phase`; nothing on the way back."""
    visit = visit_of(ask)
    if visit is None or phase not in visit.phases:
        return ()
    reached = max((visit.phases.index(name) for name in ask.care.phases if name in visit.phases), default=-1)
    gates = visit.phases[reached + 1 : visit.phases.index(phase) + 1]
    return tuple((gate, found) for gate in gates for found in findings(ask, gate, visit.gates.get(gate, ())))


def before_dose(ask: Ask) -> tuple[tuple[str, Finding], ...]:
    """(gate, finding) of what a dose needs. A further dose: staff in the room, and consent not withdrawn."""
    visit = visit_of(ask)
    if visit is None:
        return ()
    gates = visit.phases[: visit.phases.index("dose") + 1] if "dose" in visit.phases else ()
    first = not ask.care.doses
    return tuple(
        (gate, found)
        for gate in gates
        for found in findings(
            ask,
            gate,
            [item for item in visit.gates.get(gate, ()) if first or _check(ask, item) in ("staffing", "consent")],
        )
    )


def before_leaving(ask: Ask) -> tuple[Finding, ...]:
    """What the discharge asks for."""
    visit = visit_of(ask)
    return () if visit is None else findings(ask, DISCHARGE, visit.discharge)


def visit_of(ask: Ask) -> Visit | None:
    """The kind of visit that was named; None while none was, or when the clinic's data know it no more."""
    return None if ask.care.visit is None else ask.data.visits.visits.get(ask.care.visit.visit)


def stimulation_lock(care: CareView, usual_sedation: int = 5) -> str:
    """Why bilateral stimulation stays locked; empty when it may run (session reference 12).

    Locked from the dose to the end of the inward phase, and afterwards until oriented and awake.
    """
    if care.t0_us is None or care.discharged is not None:
        return ""
    if care.phase not in ("emerge", "integrate", "recover", "follow-up"):
        return "locked until the patient has emerged"
    if not care.oriented:
        return "locked until the patient is oriented to person, place and time"
    if care.alertness is None or care.alertness < usual_sedation:
        return f"locked until sedation {usual_sedation} is recorded"
    return ""


def _check(ask: Ask, name: str) -> str:
    item = ask.data.visits.items.get(name)
    return "" if item is None else item.check


def _finding(ask: Ask, gate: str, name: str) -> Finding:
    item = ask.data.visits.items[name]
    met, found = CHECKS[item.check](ask, name, item)
    over = next((held for held in reversed(ask.care.overrides) if (held.gate, held.item) == (gate, name)), None)
    # What was passed over before a dose was not passed over for the one after it.
    if over is not None and gate == DISCHARGE and over.at_us <= (ask.care.last_dose_us or -1):
        over = None
    words = "" if over is None else f"{over.reason} ({over.role} {over.person})".strip()
    return Finding(name, item.label, met, found, "" if met else words, item.override)
