"""What stands in the report of a session, as words in tables; how it is laid out on paper is another module's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kapconsole.alarms.history import Lasted, bodies_of, history
from kapconsole.clinical.clients.entry import session_kind, sets_of
from kapconsole.clinical.clients.plain import notes, of_kind
from kapconsole.clock import duration_text
from kapconsole.export.careparts import discharge, instruments, overrides, scales, signatures
from kapconsole.export.parts import TAKEN_OUT, WHEN, Column, Part, Timed, named, when, whole
from kapconsole.export.recorded import Recorded
from kapconsole.session.phases import phase_label
from kapconsole.session.words import clock_text, device_label
from kapdevices.readings import Metric

SYMBOLS = {"high": "!!!", "medium": "!!", "low": "!"}


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
        found.append(("Head code", summary.head_code or "none: not closed"))
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


def doses(recorded: Recorded) -> Part:
    """Every dose, with what the ledger has of it."""
    detail = {event.at_us: event.body for event in of_kind(recorded.events, "dose-recorded")}
    rows = Timed(recorded)
    for event in of_kind(recorded.events, "dose-given"):
        body, more = event.body, detail.get(event.at_us, {})
        about = [
            named("lot", more.get("lot")),
            named("expiry", more.get("expiry")),
            named("given by", more.get("given_by")),
            named("witness", more.get("witness")),
            named("site", more.get("site")),
            f"waste {more['waste_mg']:g} mg" if more.get("waste_mg") else "",
            named("waste seen by", more.get("waste_witness")),
            named("although", more.get("exception")),
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
        share = f"{len(good)} of {len(values)} values valid"
        if not len(good):
            rows.append((f"{name} {unit}", "", "", "", share, ""))
            continue
        low, high = int(np.nanargmin(values)), int(np.nanargmax(values))
        low_at, high_at = when(recorded, int(fed.times_us[low])), when(recorded, int(fed.times_us[high]))
        extremes = f"lowest {low_at[0]}, highest {high_at[0]}"
        limit = _limit(recorded, metric)
        if limit is not None:
            below_s = below(fed.times_us, values, limit)
            extremes = f"below {limit:g} for {duration_text(below_s)}; " + extremes
        rows.append(
            (f"{name} {unit}", f"{np.median(good):.0f}", f"{good.min():.0f}", f"{good.max():.0f}", share, extremes)
        )
    pressures = [view for view in timeline.fed_nibp(timeline.state.nibp) if view.reading.valid]
    for name, which in (("NIBP systolic", "sys_mmhg"), ("NIBP diastolic", "dia_mmhg")):
        if pressures:
            held = [float(getattr(view.reading, which)) for view in pressures]
            top = pressures[int(np.argmax(held))]
            extremes = f"highest {when(recorded, top.mono_us)[0]}"
            count = f"{len(held)} readings"
            rows.append(
                (f"{name} mmHg", f"{np.median(held):.0f}", f"{min(held):.0f}", f"{max(held):.0f}", count, extremes)
            )
    numbers = (Column(name, 0.8, True) for name in ("Median", "Lowest", "Highest"))
    return Part("Vital signs", (Column("", 1.7), *numbers, Column("", 2.3), Column("", 4.8)), rows, whole=True)


HELD_US = 5_000_000
"""A value counts until the next one, at most so long."""


def below(times_us: NDArray[np.int64], values: NDArray[np.float32], limit: float) -> float:
    """For how many seconds values were below a limit."""
    if len(times_us) < 2:
        return 0.0
    held_us = np.minimum(np.diff(times_us, append=times_us[-1]), HELD_US)
    return float(held_us[np.nan_to_num(values, nan=np.inf) < limit].sum()) / 1e6


def _limit(recorded: Recorded, metric: Metric) -> float | None:
    """The lower alarm limit that the session began with; None where its log has none."""
    for event in of_kind(recorded.events, "preset-loaded"):
        value = event.body.get("settings", {}).get(f"{metric.value}.low")
        return None if value is None else float(value)
    return None


def readings(recorded: Recorded) -> Part:
    """Every cuff reading, failed ones too, and vitals taken by hand."""
    rows = Timed(recorded)
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
        rest = (whole(body.get(name)) for name in ("pulse_rate", "resp_rate", "spo2"))
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
    columns = (*WHEN, Column("Priority", 1.1), Column("Alarm", 4), Column("Lasted", 1), Column("", 2.2))
    return Part("Alarms", columns, rows)


def sets(recorded: Recorded) -> Part:
    """Sets of bilateral stimulation as delivered, with what was rated."""
    rows = []
    for held in sets_of(recorded.events):
        cycles = "not known" if held.cycles is None else f"{held.cycles:g}"
        sud = f"{whole(held.sud_before) or '·'} → {whole(held.sud_after) or '·'}"
        ended = held.reason.replace("_", " ")
        rows.append(
            (
                *when(recorded, round(held.at_s * 1e6)),
                str(held.number),
                held.preset,
                cycles,
                duration_text(held.length_s),
                sud,
                whole(held.voc),
                ended,
            )
        )
    heads = (Column("Set", 0.5, True), Column("Preset", 2.2), Column("Cycles", 0.8, True), Column("Length", 1.1))
    columns = (*WHEN, *heads, Column("SUD", 1), Column("VOC", 0.6, True), Column("Ended by", 1.4))
    return Part("Bilateral stimulation, as delivered", columns, rows)


def cues(recorded: Recorded) -> Part:
    """Phases, music segments and light cues, in order."""
    rows = Timed(recorded)
    for event in recorded.events:
        body = event.body
        if event.at_us > recorded.timeline.end_us:
            continue  # music says ahead what it will play; the session was over before
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
    rows = Timed(recorded)
    for event in of_kind(recorded.events, "intention-set"):
        rows.add(event.at_us, f"Intention: {event.body.get('text') or TAKEN_OUT}")
    for event, said in notes(recorded.events):
        before = f" [before: {'; '.join(said[:-1])}]" if len(said) > 1 else ""
        without = f"Note {TAKEN_OUT}" if recorded.deidentified else "(stamp without words)"
        rows.add(event.at_us, (said[-1] if said else without) + before)
    for event in of_kind(recorded.events, "mark-set"):
        rows.add(event.at_us, f"Mark: {event.body.get('label') or TAKEN_OUT}")
    return Part("Notes", (*WHEN, Column("", 8)), rows.cells())


def _last(recorded: Recorded, *kinds: str) -> str:
    found = of_kind(recorded.events, *kinds)
    return found[-1].kind if found else ""
