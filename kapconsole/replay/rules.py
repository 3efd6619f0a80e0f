"""Which events make which lane of the picture: a table by event tag, to be added to where a session gets new parts.

It names events by tag and fields by name, so that it needs none of their modules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from kapconsole.session.phases import phase_label

Words = Callable[[Any], str]
Test = Callable[[Any], bool]


class Rule(msgspec.Struct, frozen=True):
    """How one lane is made of events.

    `begins`: tags of events that begin a span, each with its words. A span ends where the next of the same `by` (a
    field's name, "" for one at a time) begins, or at one of `ends`, which may have better words for it (None: those of
    the begin). `over`: for a tag of `begins`, True for a body that only ends. `marks`: tags of events that are
    moments. `unless`: for a tag, True for a body that is not meant. Moments are the body's `at_us` where it has one.
    `missed`: the picture says so when nothing of it was recorded.
    """

    name: str
    begins: Mapping[str, Words] = {}
    ends: Mapping[str, Words | None] = {}
    over: Mapping[str, Test] = {}
    marks: Mapping[str, Words] = {}
    unless: Mapping[str, Test] = {}
    by: str = ""
    kind: str = ""
    missed: bool = True


def _dose(body: Any) -> str:
    return f"{body.drug} {body.amount_mg:g} mg {body.route.upper()}"


def _infusion(body: Any) -> str:
    return f"infusion {body.rate_mg_min:g} mg/min"


def _levels(body: Any) -> str:
    return ", ".join(f"{zone} {level:.0f} %" for zone, level in body.levels.items())


def _set_done(body: Any) -> str:
    passes = "passes not known" if body.passes_delivered is None else f"{body.passes_delivered} passes"
    return f"set {body.set_id}: {passes}, {str(body.reason).replace('_', ' ')}"


def _rated(body: Any) -> str:
    parts = (("SUD before", body.sud_before), ("SUD after", body.sud_after), ("VOC", body.voc))
    return ", ".join(f"{name} {value}" for name, value in parts if value is not None) or "note on the set"


def _instrument(body: Any) -> str:
    return f"{body.name} {body.result or ('incomplete' if body.total is None else f'{body.total:g}')}"


def _symptom(body: Any) -> str:
    return str(body.symptom) if body.present else f"no {body.symptom}"


def _cue(body: Any) -> str:
    return f"cue {body.cue}" if body.done else f"cue {body.cue} not delivered: {body.text}"


RULES: tuple[Rule, ...] = (
    Rule(
        "Pauses",
        begins={
            "audio-paused": lambda body: "AUDIO PAUSED",
            "alarm-paused": lambda body: f"ALARM PAUSED {body.parameter}: {body.reason}",
        },
        ends={"audio-pause-ended": None, "alarm-pause-ended": None},
        by="parameter",
        kind="pause",
        missed=False,
    ),
    Rule("Phases", begins={"phase-entered": lambda body: phase_label(body.phase or "phase")}, kind="phase"),
    Rule(
        "Doses",
        begins={"infusion-changed": _infusion},
        over={"infusion-changed": lambda body: body.what in ("paused", "stopped")},
        marks={
            "dose-given": _dose,
            "dose-corrected": lambda body: f"dose record corrected: {body.field} {body.after}",
        },
        kind="dose",
    ),
    Rule(
        "Music",
        begins={"segment-entered": lambda body: body.segment},
        ends={"music-ended": None},
        marks={
            "music-faded": lambda body: f"music: {body.what}",
            "music-trouble": lambda body: body.text,
        },
        kind="music",
    ),
    Rule(
        "Light",
        begins={"light-delivered": _levels},
        marks={
            "light-asked": lambda body: body.label or f"light: {body.why}",
            "lamp-trouble": lambda body: body.text,
            "light-alone": lambda body: body.text,
        },
        unless={"light-delivered": lambda body: not body.settled},
        kind="light",
    ),
    Rule(
        "Sets",
        begins={"bilateral-set-began": lambda body: f"set {body.set_id}"},
        ends={"bilateral-set-delivered": _set_done},
        marks={"bilateral-set-rated": _rated, "bilateral-stimulus-fault": lambda body: body.text},
        kind="set",
    ),
    Rule(
        "Checks",
        marks={
            "sedation-scored": lambda body: f"{body.scale} {body.score}",
            "orientation-asked": lambda body: "oriented" if body.oriented else "not oriented",
            "side-effect-graded": lambda body: f"{body.label} grade {body.grade}",
            "symptom-noted": _symptom,
            "instrument-taken": _instrument,
            "recovery-scored": lambda body: f"{body.label} {'no total' if body.total is None else body.total}",
            "vitals-entered": lambda body: "vitals by hand",
            "gate-overridden": lambda body: f"gate overridden: {body.label}, {body.reason}",
            "consent-withdrawn": lambda body: "CONSENT WITHDRAWN",
            "safety-raised": lambda body: f"safety prompt: {body.why}",
            "safety-answered": lambda body: f"safety prompt answered: {body.action}",
            "signed-off": lambda body: f"signed: {body.what}",
            "help-called": lambda body: "help called",
            "discharged": lambda body: "discharged",
            "cue-delivered": _cue,
        },
        kind="check",
    ),
)
"""In order from the top. Alarms stand above them; notes, devices, gaps and comments below."""
