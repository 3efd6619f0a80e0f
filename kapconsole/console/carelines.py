"""What is done about the session in the words of the event list: people, checks, scores, what was passed over."""

from __future__ import annotations

from kapconsole.clinical import events as ce
from kapconsole.clinical.instruments import events as ie

STAMPED = (ce.SedationScored, ce.OrientationAsked, ce.SideEffectGraded, ce.VitalsEntered, ce.InfusionChanged)
"""What stands in the list where it was measured, which may lie before it was typed."""


def care_line(body: object) -> tuple[str, str] | None:
    """(kind, words) of a clinical body; None for what is no news in the list."""
    match body:
        case ce.DoseCorrected(field=field, before=before, after=after, reason=reason):
            return "dose", f"dose record corrected: {field.replace('_', ' ')} {before or 'empty'} to {after} ({reason})"
        case ce.InfusionChanged(what=what, rate_mg_min=rate, planned_mg=planned, given_mg=given):
            words = f"infusion {what}"
            if what in ("started", "rate", "resumed"):
                return "dose", f"{words}: {rate:.2f} mg/min, {planned:g} mg planned"
            return "dose", f"{words}: {given:.1f} of {planned:g} mg given"
        case ce.SideEffectGraded(label=label, grade=grade, action=action):
            return "check", f"{label}: grade {grade}" + (f", {action}" if action else "")
        case ce.GateOverridden(label=label, person=person, role=role, reason=reason):
            return "session", f"passed over by {person} ({role}): {label}: {reason}"
        case ce.IntentionSet(text=text):
            return "check", f"intention: {text}"
        case ce.ConsentWithdrawn(text=text):
            return "check", "consent withdrawn" + (f": {text}" if text else "")
        case ie.InstrumentTaken(name=name, total=total, band=band, missing=missing):
            score = f"{total:g}" if total is not None else (band or f"{len(missing)} answers missing")
            return "check", f"{name}: {score}" + (f", {band}" if band and total is not None else "")
        case ie.SafetyRaised(why=why):
            return "check", f"safety prompt: {why}"
        case ie.SafetyAnswered(action=action, words=words):
            return "check", f"safety: {action}" + (f" ({words})" if words else "")
        case _:
            return _people(body) or _checks(body)


def _people(body: object) -> tuple[str, str] | None:
    match body:
        case ce.VisitOpened(label=label):
            return "session", f"this is: {label}"
        case ce.RoleTaken(person=person, role=role, verified=verified):
            return "session", f"{person} acts as {role}" + ("" if verified else " (no PIN)")
        case ce.RoleLeft(person=person, role=role):
            return "session", f"{person} gave back {role or 'every role'}"
        case ce.StationLocked(why=why):
            return "session", f"screen locked {why}"
        case ce.StationUnlocked(person=person, role=role):
            return "session", f"unlocked by {person}, {role}"
        case ce.SignedOff(what=what, person=person, role=role):
            return "session", f"signed: {what}, {person} ({role})"
        case ce.Discharged(person=person, escort=escort):
            return "session", f"discharged by {person}" + (f", home with {escort}" if escort else "")
        case _:
            return None


def _checks(body: object) -> tuple[str, str] | None:
    match body:
        case ce.SedationScored(scale=scale, score=score, how=how):
            return "check", f"{scale} {score}" + (f", {how}" if how else "")
        case ce.OrientationAsked() as asked:
            known = [name for name in ("person", "place", "time") if getattr(asked, name)]
            words = f"knows {', '.join(known) or 'neither person, place nor time'}"
            return "check", "oriented to person, place and time" if asked.oriented else words
        case ce.VitalsEntered() as taken:
            return "cuff", f"by hand: {_vitals(taken)}"
        case ce.RecoveryScored(label=label, total=total):
            return "check", f"{label}: {'no total' if total is None else total}"
        case ce.BaselineReturn(back=back, text=text):
            return "cuff", f"blood pressure {'is back' if back else 'is no more back'}: {text}"
        case ce.ReadingSkipped(slot=slot, reason=reason):
            return "cuff", f"cuff reading at {slot} skipped" + (f": {reason}" if reason else "")
        case ce.ScheduleArmed(person=person):
            return "cuff", f"cuff schedule armed by {person}"
        case ce.ScheduleDisarmed(why=why):
            return "cuff", f"cuff schedule only reminds: {why}"
        case _:
            return None


def _vitals(taken: ce.VitalsEntered) -> str:
    parts = []
    if taken.sys_mmhg is not None and taken.dia_mmhg is not None:
        parts.append(f"{taken.sys_mmhg:g}/{taken.dia_mmhg:g}")
    for name, value in (("pulse", taken.pulse_rate), ("breaths", taken.resp_rate), ("SpO2", taken.spo2)):
        if value is not None:
            parts.append(f"{name} {value:g}")
    return ", ".join(parts)
