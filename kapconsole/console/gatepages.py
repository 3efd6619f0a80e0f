"""The gates as rows: every item with what was found; the phases of a visit; the kinds of visit and what is known."""

from __future__ import annotations

from collections.abc import Sequence

from kapconsole.clinical import gates
from kapconsole.clinical.data import ClinicalData
from kapconsole.clinical.evidence import Ask
from kapconsole.clinical.gates import Finding
from kapconsole.clinical.view import CareView
from kapconsole.console.carefacts import in_the_way, phases_now
from kapconsole.console.carerows import Page, Row
from kapconsole.session.phases import phase_label


def gate_page(ask: Ask, phase: str) -> Page:
    """What stands before `phase`: every item of every gate up to it."""
    found = gates.before_phase(ask, phase)
    of_gate = len({gate for gate, _ in found}) > 1
    rows = [finding_row(gate, item, phase_label(gate) if of_gate else "") for gate, item in found]
    return Page(tuple(rows), standing(found, f"before {phase_label(phase)}"))


def discharge_page(ask: Ask) -> Page:
    """What stands before the discharge, with the evidence."""
    done = ask.care.discharged
    if done is not None:
        rows = [Row(label, label, found, mark="✓", quiet=True) for label, found in done.items]
        home = done.escort or "nobody named"
        return Page(tuple(rows), f"discharged by {done.person} ({done.role}); home with {home}")
    found = [(gates.DISCHARGE, item) for item in gates.before_leaving(ask)]
    if not found:
        return Page((), "this kind of visit asks for nothing before the patient leaves")
    return Page(tuple(finding_row(gate, item) for gate, item in found), standing(found, "before the discharge"))


def finding_row(gate: str, found: Finding, of: str = "") -> Row:
    """One item of a gate."""
    if found.met:
        mark, spoken, details = "✓", "met", found.found
    elif found.passed_over:
        mark, spoken, details = "→", "passed over", f"passed over: {found.passed_over}; found: {found.found}"
    else:
        mark, spoken, details = "○", "missing", found.found
    label = f"{of}: {found.label}" if of else found.label
    return Row(f"{gate}/{found.item}", label, details, mark=mark, quiet=found.open, spoken=spoken)


def standing(found: Sequence[tuple[str, Finding]], where: str) -> str:
    """How many items are missing, in a sentence."""
    missing = sum(not item.open for _, item in found)
    over = sum(bool(item.passed_over) for _, item in found)
    words = f"{missing} of {len(found)} items are missing {where}" if missing else f"nothing is missing {where}"
    return words + (f"; {over} passed over" if over else "")


def phases_page(ask: Ask) -> Page:
    """The phases of this visit, one digit each; going back asks for nothing."""
    care = ask.care
    phases = phases_now(ask.data, care)
    first = 0 if len(phases) > 9 else 1
    rows = []
    for place, phase in enumerate(phases):
        missing = in_the_way(ask, phase)
        details = f"missing: {', '.join(found.label for _, found in missing)}" if missing else ""
        if phase == care.phase:
            details = "the session is here"
        elif phase in care.phases and not missing:
            details = "was here"
        rows.append(Row(phase, phase_label(phase), details, key=str(place + first), quiet=bool(missing)))
    return Page(tuple(rows), "forward asks for the gates between; back is always possible and moves no clock")


def visits_page(data: ClinicalData, care: CareView) -> Page:
    """The kinds of visit, one digit each."""
    rows = [
        Row(
            name,
            visit.label,
            " → ".join(phase_label(phase) for phase in visit.phases),
            key=str(place + 1),
            mark="",
            quiet=care.visit is not None and care.visit.visit == name,
        )
        for place, (name, visit) in enumerate(data.visits.visits.items())
    ]
    named = "no kind of visit is named: no gate asks for anything"
    if care.visit is not None:
        named = f"this is: {care.visit.label}"
    return Page(tuple(rows), named)


def routes_page(data: ClinicalData, care: CareView) -> Page:
    """The routes, one digit each."""
    rows = [
        Row(
            name,
            route.label,
            f"fasting: {route.fasting or 'nothing said'}; stay {route.stay_min:g} min; {route.people} staff",
            key=str(place + 1),
            quiet=care.route == name,
        )
        for place, (name, route) in enumerate(data.routes.routes.items())
    ]
    held = data.routes.routes.get(care.route)
    return Page(tuple(rows), "no route is planned" if held is None else f"planned: {held.label}")
