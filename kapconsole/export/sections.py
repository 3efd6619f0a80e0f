"""What stands in the report of a session, as words in tables; how it is laid out on paper is another module's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kapconsole.alarms.history import Lasted, bodies_of, history
from kapconsole.clinical.clients.entry import session_kind, sets_of
from kapconsole.clinical.clients.plain import PlainEvent, notes, of_kind, present
from kapconsole.clock import duration_text
from kapconsole.export.recorded import Recorded
from kapconsole.session.phases import phase_label
from kapconsole.session.words import clock_text, device_label
from kapdevices.readings import Metric

SYMBOLS = {"high": "!!!", "medium": "!!", "low": "!"}


class Column(NamedTuple):
    """A column: its head, its share of the width, and whether it holds numbers."""

    head: str
    share: float
    right: bool = False


class Part(NamedTuple):
    """One table of the report. `whole`: never cut short; else the report says how many rows it leaves out."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[str]]
    whole: bool = False


WHEN = (Column("Time", 0.9), Column("Since dose", 0.9, True))


def header(recorded: Recorded) -> list[tuple[str, str]]:
    """The head of the report: what the session was."""
    summary, verified = recorded.summary, recorded.verified
    start, end = recorded.moment(0), recorded.moment(recorded.timeline.end_us)
    if recorded.deidentified:
        day, hours = str(start.year), f"0:00:00 to {clock_text(recorded.timeline.end_us)}"
    else:
        day, hours = start.strftime("%Y-%m-%d"), f"{start:%H:%M} to {end:%H:%M} {start.tzname() or ''}".rstrip()
    state = "closed" if summary.closed else "NOT CLOSED"
    checked = "not checked"
    if verified is not None:
        checked = "whole and unchanged" if verified.ok else "NOT as it was written"
    opened = of_kind(recorded.events, "visit-opened")
    kind = str(opened[-1].body.get("label") or "") if opened else ""
    used = ", ".join(dict.fromkeys(device_label(device.protocol) for device in summary.devices if device.protocol))
    weights = of_kind(recorded.events, "weight-recorded")
    found = [
        ("Client", summary.subject or "(no code)"),
        ("Visit", kind or session_kind(recorded.events)),
        ("Year" if recorded.deidentified else "Date", day),
        ("From, to", hours),
        ("Length", f"{duration_text(summary.length_s)}, {state}"),
        ("Monitors", used or "none"),
        ("Weight", f"{weights[-1].body.get('weight_kg'):g} kg" if weights else "not recorded"),
        ("Record", checked),
        ("Software", f"kapconsole {summary.app_version}"),
    ]
    if not recorded.deidentified:
        allergies = of_kind(recorded.events, "allergies-recorded")
        found.insert(7, ("Allergies", str(allergies[-1].body.get("text")) if allergies else "not recorded"))
        found += [("Session id", summary.session_id), ("Head code", summary.head_code or "none: not closed")]
    return found


def remarks(recorded: Recorded) -> list[str]:
    """What a reader must know before anything else."""
    summary = recorded.summary
    said = []
    if summary.simulated:
        said.append("SIMULATED: not a real session.")
    if recorded.deidentified:
        said.append("De-identified supervision copy: days, names and all free text were taken out.")
    else:
        said += summary.warnings
        if recorded.verified is not None and not recorded.verified.ok:
            said += [finding.text for finding in recorded.verified.findings if finding.serious][:3]
    said += [words[0].upper() + words[1:] + "." for words in summary.interruptions]
    if recorded.strange:
        said.append(f"{recorded.strange} rows are of kinds that this version does not know; they are in the tables.")
    if (
        of_kind(recorded.events, "safety-raised")
        and _last(recorded, "safety-raised", "safety-answered") == "safety-raised"
    ):
        said.append("A SAFETY PROMPT IS OPEN: an answer touched suicide and nothing was recorded about it.")
    return said


def parts(recorded: Recorded) -> list[Part]:
    """Every table that has rows, in the order of the report."""
    made = [
        doses(recorded),
        vitals(recorded),
        readings(recorded),
        alarms(recorded),
        scales(recorded),
        overrides(recorded),
        instruments(recorded),
        sets(recorded),
        cues(recorded),
        note_table(recorded),
        discharge(recorded),
        signatures(recorded),
    ]
    return [part for part in made if part.rows]


def when(recorded: Recorded, at_us: int) -> tuple[str, str]:
    """A moment for the first two columns: time of day (or since the begin), and since the first dose."""
    minutes = recorded.since_dose_min(at_us)
    clock = clock_text(at_us) if recorded.deidentified else f"{recorded.moment(at_us):%H:%M:%S}"
    return clock, "" if minutes is None else f"{minutes:+.0f} min".replace("-", "−")


class _Timed:
    """Rows with their moments, given out in order of time: a session may pass midnight."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._held: list[tuple[int, tuple[str, ...]]] = []

    def add(self, at_us: int, *cells: str) -> None:
        self._held.append((at_us, (*when(self._recorded, at_us), *cells)))

    def cells(self) -> list[tuple[str, ...]]:
        return [cells for _, cells in sorted(self._held, key=lambda item: item[0])]


def doses(recorded: Recorded) -> Part:
    """Every dose, with what the ledger has of it."""
    detail = {event.at_us: event.body for event in of_kind(recorded.events, "dose-recorded")}
    rows = _Timed(recorded)
    for event in of_kind(recorded.events, "dose-given"):
        body, more = event.body, detail.get(event.at_us, {})
        about = [
            _words("lot", more.get("lot")),
            _words("expiry", more.get("expiry")),
            _words("given by", more.get("given_by")),
            _words("witness", more.get("witness")),
            f"waste {more['waste_mg']:g} mg" if more.get("waste_mg") else "",
            _words("waste seen by", more.get("waste_witness")),
            _words("although", more.get("exception")),
        ]
        per_kg = more.get("mg_per_kg")
        rows.add(
            event.at_us,
            str(body.get("drug", "")),
            str(body.get("route", "")).upper(),
            f"{body.get('amount_mg', 0):g} mg",
            "" if per_kg is None else f"{per_kg:.2f} mg/kg",
            ", ".join(word for word in about if word),
        )
    for event in of_kind(recorded.events, "infusion-changed"):
        body = event.body
        rate = f"{body.get('rate_mg_min', 0):g} mg/min"
        rows.add(event.at_us, "infusion", str(body.get("what", "")), rate, "", f"given {body.get('given_mg', 0):g} mg")
    for event in of_kind(recorded.events, "dose-corrected"):
        body = event.body
        words = f"{body.get('field')}: {body.get('before')} → {body.get('after')} ({body.get('reason')})"
        rows.add(event.at_us, "correction", "", "", "", words)
    columns = (
        *WHEN,
        Column("Drug", 1.2),
        Column("Route", 0.8),
        Column("Amount", 0.9),
        Column("", 1.4),
        Column("", 4.2),
    )
    return Part("Doses", columns, rows.cells(), whole=True)


def vitals(recorded: Recorded) -> Part:
    """Median, lowest and highest of each vital sign, and for which part of the session it was valid."""
    timeline = recorded.timeline
    rows = []
    for name, metric, unit in (
        ("SpO2", Metric.SPO2, "%"),
        ("Pulse rate", Metric.PULSE_RATE, "/min"),
        ("Respiratory rate", Metric.RESP_RATE, "/min"),
    ):
        fed = timeline.fed(metric, 0, timeline.end_us + 1)
        values = fed.valid_values
        good = values[~np.isnan(values)]
        if not len(values):
            continue
        share = f"{len(good) / len(values):.0%} of {len(values)} values valid"
        if not len(good):
            rows.append((name, unit, "", "", "", share, ""))
            continue
        low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
        low_at, high_at = when(recorded, int(fed.times_us[low])), when(recorded, int(fed.times_us[high]))
        extremes = f"lowest at {low_at[0]}, highest at {high_at[0]}"
        rows.append((name, unit, f"{np.median(good):.0f}", f"{good.min():.0f}", f"{good.max():.0f}", share, extremes))
    pressures = [view for view in timeline.fed_nibp(timeline.state.nibp) if view.reading.valid]
    for name, which in (("NIBP systolic", "sys_mmhg"), ("NIBP diastolic", "dia_mmhg")):
        if pressures:
            held = [float(getattr(view.reading, which)) for view in pressures]
            top = pressures[int(np.argmax(held))]
            extremes = f"highest at {when(recorded, top.mono_us)[0]}"
            count = f"{len(held)} readings"
            rows.append(
                (name, "mmHg", f"{np.median(held):.0f}", f"{min(held):.0f}", f"{max(held):.0f}", count, extremes)
            )
    columns = (Column("", 1.6), Column("", 0.7), *(Column(name, 0.8, True) for name in ("Median", "Lowest", "Highest")))
    return Part("Vital signs", (*columns, Column("", 2.2), Column("", 3)), rows, whole=True)


def readings(recorded: Recorded) -> Part:
    """Every cuff reading, failed ones too, and vitals taken by hand."""
    rows = _Timed(recorded)
    for view in recorded.timeline.state.nibp:
        reading = view.reading
        pressure = f"{reading.sys_mmhg:.0f}/{reading.dia_mmhg:.0f}" if reading.valid else "no reading"
        mean = "" if reading.mean_mmhg is None else f"{reading.mean_mmhg:.0f}"
        pulse = "" if reading.pulse_rate is None else f"{reading.pulse_rate:.0f}"
        words = "" if reading.valid else reading.text or str(reading.quality)
        rows.add(view.mono_us, pressure, mean, pulse, "", "", words)
    for event in of_kind(recorded.events, "vitals-entered"):
        body = event.body
        both = body.get("sys_mmhg") is not None and body.get("dia_mmhg") is not None
        pressure = f"{body['sys_mmhg']:.0f}/{body['dia_mmhg']:.0f}" if both else ""
        rest = (_whole(body.get(name)) for name in ("pulse_rate", "resp_rate", "spo2"))
        rows.add(event.at_us, pressure, "", *rest, f"by hand, {body.get('how', '')}".rstrip(", "))
    heads = ("Mean mmHg", "Pulse /min", "Resp /min", "SpO2 %")
    columns = (*WHEN, Column("NIBP mmHg", 1.1), *(Column(head, 0.9, True) for head in heads), Column("", 3))
    return Part("Blood pressure, and vitals taken by hand", columns, rows.cells())


def occurrences(recorded: Recorded) -> tuple[Lasted, ...]:
    """The alarms of the session as they were logged."""
    return history(bodies_of(recorded.timeline.events), "", recorded.timeline.end_us).occurrences


def alarms(recorded: Recorded) -> Part:
    """Every alarm: priority in symbols and words, how long, and when it was acknowledged."""
    rows = []
    for lasted in occurrences(recorded):
        noticed = lasted.acknowledged_after_s
        rows.append(
            (
                *when(recorded, round(lasted.began_s * 1e6)),
                f"{SYMBOLS[lasted.priority]} {lasted.priority}",
                lasted.text or lasted.name,
                duration_text(lasted.lasted_s),
                "not acknowledged" if noticed is None else f"acknowledged after {duration_text(noticed)}",
            )
        )
    columns = (*WHEN, Column("Priority", 1.1), Column("Alarm", 3), Column("Lasted", 1.2), Column("", 2.2))
    return Part("Alarms", columns, rows)


def scales(recorded: Recorded) -> Part:
    """Sedation, orientation, side effects, recovery scores, symptoms and calls for help."""
    rows = _Timed(recorded)
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
            by = f"{body.get('person')} ({body.get('role')})"
            words = (f"Passed over: {body.get('label') or body.get('item')}", f"{by}: {body.get('reason')}")
        elif event.kind == "reading-skipped":
            words = ("Reading skipped", str(body.get("reason", "")))
        else:
            continue
        rows.append((*when(recorded, event.at_us), *words))
    return Part("Consent, clearance, exceptions", (*WHEN, Column("", 3), Column("", 5)), rows)


def instruments(recorded: Recorded) -> Part:
    """Every instrument with its total or result, band and the source of the band, and what was done about safety."""
    rows = _Timed(recorded)
    for event in present(recorded.events, "instrument-taken"):
        body = event.body
        missing = [str(number) for number in body.get("missing", ())]
        total = body.get("total")
        value = f"{total:g}" if total is not None else str(body.get("result") or "not scored")
        words = [str(body.get("band", "")), _words("source:", body.get("band_source"))]
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


def sets(recorded: Recorded) -> Part:
    """Sets of bilateral stimulation as delivered, with what was rated."""
    rows = []
    for held in sets_of(recorded.events):
        cycles = "not known" if held.cycles is None else f"{held.cycles:g}"
        sud = f"{_whole(held.sud_before) or '·'} → {_whole(held.sud_after) or '·'}"
        ended = held.reason.replace("_", " ")
        rows.append(
            (
                *when(recorded, round(held.at_s * 1e6)),
                str(held.number),
                held.preset,
                cycles,
                duration_text(held.length_s),
                sud,
                _whole(held.voc),
                ended,
            )
        )
    heads = (Column("Set", 0.5, True), Column("Preset", 2.2), Column("Cycles", 0.8, True), Column("Length", 1.1))
    columns = (*WHEN, *heads, Column("SUD", 1), Column("VOC", 0.6, True), Column("Ended by", 1.4))
    return Part("Bilateral stimulation, as delivered", columns, rows)


def cues(recorded: Recorded) -> Part:
    """Phases, music segments and light cues, in order."""
    rows = _Timed(recorded)
    for event in recorded.events:
        body = event.body
        if event.kind == "phase-entered":
            rows.add(event.at_us, "Phase", phase_label(str(body.get("phase") or "?")))
        elif event.kind == "segment-entered":
            rows.add(event.at_us, "Music", f"{body.get('segment')} ({body.get('why')})")
        elif event.kind == "light-asked" and body.get("label"):
            rows.add(event.at_us, "Light", str(body["label"]))
        elif event.kind == "cue-delivered":
            done = "" if body.get("done") else f": {body.get('text')}"
            rows.add(event.mono_us, "Cue", f"{body.get('cue')}{done}")
    return Part("Phases and cues", (*WHEN, Column("", 1), Column("", 6)), rows.cells())


def note_table(recorded: Recorded) -> Part:
    """The intention, notes with what they said before, and marks."""
    rows = _Timed(recorded)
    for event in of_kind(recorded.events, "intention-set"):
        rows.add(event.at_us, f"Intention: {event.body.get('text', '')}")
    for event, said in notes(recorded.events):
        before = f" [before: {'; '.join(said[:-1])}]" if len(said) > 1 else ""
        rows.add(event.at_us, (said[-1] if said else "(stamp without words)") + before)
    for event in of_kind(recorded.events, "mark-set"):
        rows.add(event.at_us, f"Mark: {event.body.get('label', '')}")
    return Part("Notes", (*WHEN, Column("", 8)), rows.cells())


def discharge(recorded: Recorded) -> Part:
    """Every item of the discharge with what was found."""
    rows = []
    for event in of_kind(recorded.events, "discharged"):
        body = event.body
        who = f"{body.get('person')} ({body.get('role')}), escort {body.get('escort') or 'none'}"
        rows.append((*when(recorded, event.at_us), "Discharged by", who))
        rows += [("", "", str(item[0]), str(item[1])) for item in body.get("items", ()) if len(item) == 2]
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
                f"{body.get('person')} ({body.get('role')})",
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


def _last(recorded: Recorded, *kinds: str) -> str:
    found = of_kind(recorded.events, *kinds)
    return found[-1].kind if found else ""


def _words(name: str, value: Any) -> str:
    return f"{name} {value}" if value else ""


def _whole(value: Any) -> str:
    return "" if value is None else f"{value:.0f}"
