"""The clinical tables of the report: checks, consent and exceptions, instruments, discharge, signatures."""

from __future__ import annotations

from typing import Any

from kapconsole.clinical.clients.plain import PlainEvent, of_kind, present
from kapconsole.export.parts import TAKEN_OUT, WHEN, Column, Part, Timed, named, when
from kapconsole.export.recorded import Recorded


def scales(recorded: Recorded) -> Part:
    """Sedation, orientation, side effects, recovery scores, symptoms and calls for help."""
    rows = Timed(recorded)
    for event in recorded.events:
        words = _check(event)
        if words:
            rows.add(event.at_us, *words)
    return Part("Checks and side effects", (*WHEN, Column("", 2), Column("", 2), Column("", 4)), rows.cells())


def overrides(recorded: Recorded) -> Part:
    """Consent, clearance, and every gate that was passed over, with the reason."""
    rows = []
    for event in recorded.events:
        body = event.body
        if event.kind == "consent-recorded":
            words = (
                "Consent on file",
                f"{body.get('form')} {body.get('form_version')}, signed {body.get('signed_on')}",
            )
        elif event.kind == "screening-cleared":
            words = ("Cleared by", f"{body.get('author')}, until {body.get('valid_until')}")
        elif event.kind == "consent-withdrawn":
            words = ("CONSENT WITHDRAWN", str(body.get("text", "")))
        elif event.kind == "gate-overridden":
            by = _who(body)
            words = (f"Passed over: {body.get('label') or body.get('item')}", f"{by}: {body.get('reason')}")
        elif event.kind == "reading-skipped":
            words = ("Reading skipped", str(body.get("reason", "")))
        else:
            continue
        found = TAKEN_OUT if recorded.deidentified else words[1]
        rows.append((*when(recorded, event.at_us), words[0], found))
    return Part("Consent, clearance, exceptions", (*WHEN, Column("", 3), Column("", 5)), rows)


def instruments(recorded: Recorded) -> Part:
    """Every instrument with its total or result, band and the source of the band, and what was done about safety."""
    rows = Timed(recorded)
    for event in present(recorded.events, "instrument-taken"):
        body = event.body
        missing = [str(number) for number in body.get("missing", ())]
        total = body.get("total")
        value = f"{total:g}" if total is not None else str(body.get("result") or "not scored")
        words = [str(body.get("band", "")), named("source:", body.get("band_source"))]
        if body.get("rule_met") is not None:
            words.append(f"{body.get('rule')}: {'yes' if body['rule_met'] else 'no'}")
        if missing:
            words.append(f"items {', '.join(missing)} not answered")
        mode = f"{body.get('mode')}, {body.get('window')}" + (
            f", {body['answered_on']}" if body.get("answered_on") else ""
        )
        rows.add(event.at_us, str(body.get("name", "")), value, "; ".join(w for w in words if w), mode)
    for event in of_kind(recorded.events, "safety-raised", "safety-answered"):
        body = event.body
        said = body.get("why") or f"{body.get('action')} ({body.get('role')}) {body.get('words', '')}".rstrip()
        head = "Safety prompt" if event.kind == "safety-raised" else "Safety: done"
        rows.add(event.at_us, head, "", str(said), "")
    columns = (*WHEN, Column("Instrument", 1.6), Column("Score", 0.9, True), Column("", 4.5), Column("", 2.2))
    return Part("Instruments", columns, rows.cells(), whole=True)


def discharge(recorded: Recorded) -> Part:
    """Every item of the discharge with what was found."""
    rows = []
    for event in of_kind(recorded.events, "discharged"):
        body = event.body
        escort = TAKEN_OUT if recorded.deidentified else body.get("escort") or "none"
        rows.append((*when(recorded, event.at_us), "Discharged by", f"{_who(body)}, escort {escort}"))
        items = [item for item in body.get("items", ()) if len(item) == 2 and item[0]]
        rows += [("", "", str(label), str(found) or TAKEN_OUT) for label, found in items]
    return Part("Discharge", (*WHEN, Column("", 3), Column("", 5)), rows, whole=True)


def signatures(recorded: Recorded) -> Part:
    """Who signed what, in which role, and whether with a PIN."""
    rows = []
    for event in of_kind(recorded.events, "signed-off"):
        body = event.body
        how = "with PIN" if body.get("verified") else "without PIN"
        rows.append(
            (
                *when(recorded, event.at_us),
                str(body.get("what", "")),
                _who(body),
                how,
                str(body.get("text", "")),
            )
        )
    return Part(
        "Signed in the session",
        (*WHEN, Column("", 1.5), Column("", 2.5), Column("", 1), Column("", 3)),
        rows,
        whole=True,
    )


def _who(body: dict[str, Any]) -> str:
    return f"{body.get('person') or TAKEN_OUT} ({body.get('role') or 'role not known'})"


def _check(event: PlainEvent) -> tuple[str, str, str] | None:
    body = event.body
    match event.kind:
        case "sedation-scored":
            return "Sedation", f"{_scale(body.get('scale'))} {body.get('score')}", str(body.get("how", ""))
        case "orientation-asked":
            asked = {name: body.get(name) for name in ("person", "place", "time")}
            return "Oriented to", ", ".join(name for name, known in asked.items() if known) or "none", ""
        case "side-effect-graded":
            words = ", ".join(str(body[name]) for name in ("action", "outcome", "text") if body.get(name))
            return str(body.get("label") or body.get("effect", "")), f"grade {body.get('grade')}", words
        case "recovery-scored":
            total = body.get("total")
            items = ", ".join(
                f"{name} {'n/a' if value is None else value}" for name, value in body.get("items", {}).items()
            )
            return str(body.get("label", "")), "no total" if total is None else str(total), items
        case "symptom-noted":
            return "Symptom", str(body.get("symptom", "")), "" if body.get("present") else "taken back"
        case "help-called":
            return "HELP CALLED", "", str(body.get("text", ""))
        case "baseline-return":
            return "Back to baseline", "yes" if body.get("back") else "no more", str(body.get("text", ""))
        case _:
            return None


def _scale(name: Any) -> str:
    return "MOAA/S" if name == "moaas" else str(name or "").upper()
