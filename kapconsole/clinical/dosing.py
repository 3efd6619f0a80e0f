"""From the wish to record a dose to the bodies of the ledger: what refuses it, what is only noted, what follows it."""

from __future__ import annotations

import math
from collections.abc import Iterator

from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.clinical import doses, gates
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.evidence import Ask, baseline_numbers, baseline_pressure
from kapconsole.clinical.keeping import By, day, moment, words
from kapconsole.clinical.view import MINUTE_US, CareView
from kapconsole.refusals import Refused

REPEATED_MIN = 2.0
"""Nobody gives the same dose twice within this; two nasal devices are 5 min apart."""

DosingBody = ce.BaselineSet | ev.DoseGiven | ce.DoseRecorded | ce.InfusionChanged | ce.ScheduleSet


def recorded(wish: ws.RecordDose, ask: Ask, by: By) -> list[DosingBody]:
    """The bodies of one dose: what the patient was like before, the dose, its record, infusion and schedule.

    Raises Refused. Two statements of one amount that differ, and numbers beyond the site's stops, are refused whatever
    is said. What is missing in the record or at a gate is refused until the reason is given with which it was given all
    the same: a dose that is in the patient must be in the record.
    """
    care, now_us = ask.care, ask.now_us
    wish = _given_by(wish, by)
    route = ask.data.routes.routes.get(wish.route)
    if route is None:
        raise Refused(f"there is no route {wish.route!r}; one of: {', '.join(ask.data.routes.routes)}")
    at_us = moment(wish.at_us, now_us)
    expiry = day(wish.expiry, "expiry")
    weight_kg = None if care.weight is None else care.weight.weight_kg
    rule = ask.data.routes.doses
    _finite(wish)
    wrong = [*doses.implausible(wish, route, rule, weight_kg), *doses.disagreements(wish, weight_kg, rule)]
    if any(dose.at_us == at_us for dose in care.doses):
        wrong.append("a dose is recorded for that moment already")
    running = doses.infusion(care.infusion, now_us)
    if wish.infuse_over_min is not None and running is not None and running.state != "stopped":
        wrong.append("an infusion is under way: stop it first")
    if wrong:
        raise Refused("; ".join(wrong))
    lacking = _lacking(wish, ask, at_us)
    if lacking and not wish.exception.strip():
        raise Refused(f"{'; '.join(lacking)}. If it has been given already, record it with the reason")
    unusual = doses.unusual(wish, route, weight_kg) or _repeated(wish, care, at_us)
    if unusual and not wish.confirmed:
        raise Refused(f"{unusual}: look again and confirm")
    record = ce.DoseRecorded(
        at_us=at_us,
        number=len(care.doses) + 1,
        drug=wish.drug,
        route=wish.route,
        amount_mg=wish.amount_mg,
        mg_per_kg=doses.mg_per_kg(wish.amount_mg, weight_kg),
        weight_kg=weight_kg,
        weighed_on="" if care.weight is None else care.weight.measured_on,
        concentration_mg_ml=wish.concentration_mg_ml,
        volume_ml=wish.volume_ml,
        lot=wish.lot.strip(),
        expiry=expiry,
        site=wish.site.strip(),
        given_by=wish.given_by.strip(),
        witness=wish.witness.strip(),
        waste_mg=wish.waste_mg,
        waste_witness=wish.waste_witness.strip(),
        confirmed=bool(unusual),
        exception=f"{wish.exception.strip()} [{'; '.join(lacking)}]" if lacking else "",
    )
    bodies: list[DosingBody] = [] if care.doses or care.baseline is not None else [baseline(ask)]
    bodies += [ev.DoseGiven(at_us, wish.drug, wish.route, wish.amount_mg), record]
    if wish.infuse_over_min is not None:
        rate = wish.amount_mg / wish.infuse_over_min
        bodies.append(ce.InfusionChanged(at_us, at_us, "started", rate, wish.amount_mg, 0.0, False, ""))
    plan = plan_after(ask, wish.route, at_us)
    return bodies if plan is None else [*bodies, plan]


def baseline(ask: Ask) -> ce.BaselineSet:
    """What the patient is like now, before the dose."""
    sys, dia, count = baseline_pressure(ask.care)
    numbers = baseline_numbers(ask)
    sedation = numbers["sedation"]
    return ce.BaselineSet(
        ask.now_us,
        sys,
        dia,
        count,
        numbers["SpO2"],
        numbers["pulse"],
        numbers["respiratory rate"],
        None if sedation is None else round(sedation),
    )


def plan_after(ask: Ask, route_name: str, from_us: int) -> ce.ScheduleSet | None:
    """The cuff readings after a dose; None for a route that the clinic's data do not know."""
    route = ask.data.routes.routes.get(route_name)
    if route is None:
        return None
    rule = ask.data.routes.schedule
    prompts = {name: ask.data.scales.prompts[name].label for name in rule.prompts}
    return ce.ScheduleSet(
        at_us=ask.now_us,
        from_us=from_us,
        route=route_name,
        minutes=route.readings_min,
        then_every_min=route.then_every_min,
        mandatory_min=route.mandatory_min,
        soft_min=rule.soft_min,
        apart_s=rule.apart_s,
        attempts=rule.attempts,
        prompts=prompts,
    )


def overdue_setup(ask: Ask) -> Iterator[ce.BaselineSet | ce.ScheduleSet]:
    """For a dose that came without its record (a key, a script): what belongs to it all the same."""
    care = ask.care
    if not care.doses:
        return
    if care.baseline is None:
        yield baseline(ask)
    planned = {plan.from_us for plan in care.schedule.plans}
    for dose in care.doses:
        if dose.at_us not in planned:
            plan = plan_after(ask, dose.route, dose.at_us)
            if plan is not None:
                yield plan
                return  # one at a time, in the order of the doses


def correction(wish: ws.CorrectDose, ask: Ask) -> ce.DoseCorrected:
    """A later entry that corrects a field of a record. Raises Refused."""
    dose = next((dose for dose in ask.care.doses if dose.at_us == wish.dose_at_us), None)
    record = None if dose is None else doses.corrected(dose)
    if record is None:
        raise Refused("there is no dose record of that moment")
    if wish.field not in doses.CORRECTABLE:
        raise Refused(f"{wish.field} cannot be corrected; one of: {', '.join(doses.CORRECTABLE)}")
    reason = words(wish.reason, "the reason of a correction")
    after = wish.after.strip()
    before: object = getattr(record, wish.field)
    if wish.field in doses.NUMBERS:
        after = f"{_number(after, wish.field):g}"
    elif wish.field == "expiry":
        after = day(after, "expiry")
    elif wish.field == "drug" and after not in ask.data.routes.doses.drugs:
        raise Refused(f"unknown drug {after!r}; one of: {', '.join(ask.data.routes.doses.drugs)}")
    shown = "" if before is None else f"{before:g}" if isinstance(before, float) else str(before)
    if after == shown:
        raise Refused(f"{wish.field} is {after or 'empty'} already")
    return ce.DoseCorrected(ask.now_us, wish.dose_at_us, wish.field, shown, after, reason)


def infusion_change(wish: ws.ChangeInfusion, ask: Ask) -> ce.InfusionChanged:
    """What a person did at the pump. Raises Refused."""
    held = ask.care.infusion
    state = doses.infusion(held, ask.now_us)
    if held is None or state is None or state.state == "stopped":
        raise Refused("no infusion is under way")
    at_us = moment(wish.at_us, ask.now_us)
    if at_us < held.at_us:
        raise Refused("that lies before the last change of the infusion")
    what = {"rate": "rate", "pause": "paused", "resume": "resumed", "stop": "stopped"}.get(wish.what)
    if what is None:
        raise Refused(f"{wish.what!r}: rate, pause, resume or stop")
    if what in ("paused", "rate") and state.state == "paused":
        raise Refused("the infusion is paused" + ("; resume it with its rate" if what == "rate" else " already"))
    if what == "resumed" and state.state == "running":
        raise Refused("the infusion is running")
    rate = held.rate_mg_min if wish.rate_mg_min is None or what in ("paused", "stopped") else wish.rate_mg_min
    if what == "rate" and wish.rate_mg_min is None:
        raise Refused("which rate, in mg/min?")
    if not (math.isfinite(rate) and 0 < rate <= held.planned_mg):
        raise Refused(f"{rate:g} mg/min is no rate for {held.planned_mg:g} mg")
    given = doses.given_mg(held, at_us) if wish.given_mg is None else wish.given_mg
    if not (math.isfinite(given) and held.given_mg <= given <= held.planned_mg * 1.02):
        raise Refused(
            f"{given:g} mg cannot have been given: {held.given_mg:g} mg before, {held.planned_mg:g} mg planned"
        )
    read = wish.given_mg is not None
    return ce.InfusionChanged(at_us, held.dose_at_us, what, rate, held.planned_mg, given, read, wish.text.strip())


def _given_by(wish: ws.RecordDose, by: By) -> ws.RecordDose:
    return wish if wish.given_by.strip() else replace(wish, given_by=by.person)


def _finite(wish: ws.RecordDose) -> None:
    numbers = (
        wish.amount_mg,
        wish.mg_per_kg,
        wish.concentration_mg_ml,
        wish.volume_ml,
        wish.waste_mg,
        wish.infuse_over_min,
    )
    if not all(value is None or math.isfinite(value) for value in numbers):
        raise Refused("that is no number")


def _repeated(wish: ws.RecordDose, care: CareView, at_us: int) -> str:
    """Words when the same dose stands in the record at nearly the same moment: a key pressed twice, perhaps."""
    for dose in care.doses:
        apart_min = abs(at_us - dose.at_us) / MINUTE_US
        same = (dose.drug, dose.route, dose.amount_mg) == (wish.drug, wish.route, wish.amount_mg)
        if same and apart_min < REPEATED_MIN:
            return f"the same dose stands in the record {60 * apart_min:.0f} s apart from this"
    return ""


def _lacking(wish: ws.RecordDose, ask: Ask, at_us: int) -> list[str]:
    care = ask.care
    route = ask.data.routes.routes[wish.route]
    weight_kg = None if care.weight is None else care.weight.weight_kg
    # A session that is only recorded asks for nothing: no kind of visit was named, and the clinic has no staff list.
    bare = care.visit is None and not ask.data.staff.staff
    lacking = [] if bare else list(doses.incomplete(wish, route, weight_kg, care.today(ask.now_us)))
    t0_us = care.t0_us
    if t0_us is not None and at_us < t0_us:
        minutes = (t0_us - at_us) / MINUTE_US
        lacking.append(f"that is {minutes:.0f} min before the first dose, and would move its clock")
    if care.visit is None:
        return lacking
    visit = gates.visit_of(ask)
    if visit is not None and not visit.dosing:
        lacking.append(f"this is no dosing session but: {visit.label}")
    elif care.phase != "dose":
        lacking.append("the session is not in the phase Dose")
    lacking += [f"{found.label}: {found.found}" for _, found in gates.before_dose(ask) if not found.open]
    return lacking


def _number(text: str, field: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise Refused(f"{field}: {text!r} is no number") from None
    if not math.isfinite(value) or value < 0 or (value == 0 and field != "waste_mg") or value > 10_000:
        raise Refused(f"{field}: {text} is not plausible")
    return value
