"""Evidence: how each item of a gate is looked at, and what was found of it in words, with values and times.

Each item of the data names one of `CHECKS`, so that the log and the screen hold what was found instead of a tick.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import msgspec

from kapconsole.alarms.nibp import Pressure, baseline_of
from kapconsole.clinical import settled, staffing
from kapconsole.clinical.tables import Item
from kapconsole.clinical.view import MINUTE_US, CareView, PressureSet
from kapconsole.clinical.vitals import NONE, Vitals
from kapconsole.clock import duration_text
from kapconsole.session.schedule import mandatory_missing

if TYPE_CHECKING:
    from kapconsole.clinical.data import ClinicalData

_Found = tuple[bool, str]
"""Met or not, and what was found in words."""


class Ask(msgspec.Struct, frozen=True):
    """What a check may look at."""

    data: ClinicalData
    care: CareView
    now_us: int
    vitals: Vitals = NONE

    def ago(self, at_us: int) -> str:
        """How long ago, in words."""
        return f"{duration_text(max(0, self.now_us - at_us) / 1e6)} ago"

    def within(self, at_us: int, item: Item) -> bool:
        """True when it is as fresh as the item asks."""
        return self.now_us - at_us <= item.within_min * MINUTE_US


def _tick(ask: Ask, name: str, item: Item) -> _Found:
    tick = ask.care.ticks.get(name)
    if tick is None or not tick.answer:
        return False, "not answered"
    words = f"{tick.answer}{': ' + tick.text if tick.text else ''}, {ask.ago(tick.at_us)}"
    dose_us = ask.care.last_dose_us
    if item.after_dose and dose_us is not None and tick.at_us <= dose_us:
        return False, f"{words}, before the dose: ask again"
    if item.needs_text and not tick.text:
        return False, f"{words}; {item.help or 'words'} missing"
    return tick.answer in item.accept, words


def _consent(ask: Ask, name: str, item: Item) -> _Found:
    consent, withdrawn = ask.care.consent, ask.care.withdrawn
    if withdrawn is not None:
        return False, f"withdrawn {ask.ago(withdrawn.at_us)}"
    if consent is None:
        return False, "no consent on file"
    words = f"{consent.form} {consent.form_version}, signed {consent.signed_on}"
    if consent.valid_until and date.fromisoformat(consent.valid_until) < ask.care.today(ask.now_us):
        return False, f"{words}, ended {consent.valid_until}"
    return True, words


def _screening(ask: Ask, name: str, item: Item) -> _Found:
    today = ask.care.today(ask.now_us)
    questions = ask.data.screening.screening
    missing = [question.label for key, question in questions.items() if key not in ask.care.screening]
    expired = [
        held.label
        for key, held in ask.care.screening.items()
        if key in questions and date.fromisoformat(held.valid_until) < today
    ]
    if missing or expired:
        parts = [_some("not answered", missing), _some("expired", expired)]
        return False, "; ".join(part for part in parts if part)
    flags = [held.label for held in ask.care.screening.values() if held.flagged]
    authors = sorted({held.author for held in ask.care.screening.values() if held.author})
    return (
        True,
        f"{len(questions)} answered by {', '.join(authors) or 'nobody named'}; {_some('flags', flags) or 'no flags'}",
    )


def _clearance(ask: Ask, name: str, item: Item) -> _Found:
    clearance = ask.care.clearance
    if clearance is None:
        return False, "not cleared"
    words = f"by {clearance.author}, until {clearance.valid_until}"
    if date.fromisoformat(clearance.valid_until) < ask.care.today(ask.now_us):
        return False, f"cleared {words}: ended"
    flagged = {key for key, held in ask.care.screening.items() if held.flagged in ("contraindication", "caution")}
    unknown = [ask.care.screening[key].label for key in sorted(flagged - set(clearance.flags))]
    if unknown:
        return False, f"flagged since the clearance: {', '.join(unknown)}"
    return True, f"cleared {words}"


def _contact(ask: Ask, name: str, item: Item) -> _Found:
    contact = ask.care.contacts.get(item.what)
    if contact is None or not contact.name or not contact.phone:
        return False, "name and phone missing"
    return True, f"{contact.name}, {contact.phone}"


def _weight(ask: Ask, name: str, item: Item) -> _Found:
    weight = ask.care.weight
    if weight is None:
        return False, "not recorded"
    days = (ask.care.today(ask.now_us) - date.fromisoformat(weight.measured_on)).days
    return days <= item.within_days, f"{weight.weight_kg:g} kg, {weight.measured_on}"


def _route(ask: Ask, name: str, item: Item) -> _Found:
    route = ask.data.routes.routes.get(ask.care.route)
    return (False, "no route planned") if route is None else (True, route.label)


def _staffing(ask: Ask, name: str, item: Item) -> _Found:
    return staffing.staffed(ask.data.routes.routes.get(ask.care.route), ask.care.people, ask.data.roles.roles)


def _baseline_bp(ask: Ask, name: str, item: Item) -> _Found:
    found = [held for held in _before_dose(ask) if held.at_us >= ask.now_us - item.within_min * MINUTE_US]
    least = max(1, round(item.least))
    apart: list[PressureSet] = []
    for held in found:
        if not apart or held.at_us - apart[-1].at_us >= item.apart_min * MINUTE_US:
            apart.append(held)
    words = ", ".join(f"{held.sys_mmhg:g}/{held.dia_mmhg:g} {ask.ago(held.at_us)}" for held in apart) or "no reading"
    if len(apart) < least:
        return False, f"{words}; {least} are needed, {item.apart_min:g} min apart"
    return True, words


def _baseline_vitals(ask: Ask, name: str, item: Item) -> _Found:
    found = baseline_numbers(ask, item.within_min)
    missing = [label for label, value in found.items() if value is None]
    words = ", ".join(f"{label} {value:g}" for label, value in found.items() if value is not None)
    return not missing, "; ".join(part for part in (words, _some("missing", missing)) if part)


def baseline_numbers(ask: Ask, within_min: float = 60.0) -> dict[str, float | None]:
    """SpO2, pulse, respiratory rate and sedation as they are before a dose: live, else entered not long ago."""
    entered = [held for held in ask.care.entered if ask.now_us - held.at_us <= within_min * MINUTE_US]

    def newest(field: str) -> float | None:
        values = (getattr(held, field) for held in reversed(entered))
        return next((value for value in values if value is not None), None)

    scored = [held for held in ask.care.sedation if ask.now_us - held.at_us <= within_min * MINUTE_US]
    live = ask.vitals
    return {
        "SpO2": live.spo2 if live.spo2 is not None else newest("spo2"),
        "pulse": live.pulse_rate if live.pulse_rate is not None else newest("pulse_rate"),
        "respiratory rate": live.resp_rate if live.resp_rate is not None else newest("resp_rate"),
        "sedation": float(scored[-1].score) if scored else None,
    }


def baseline_pressure(care: CareView) -> tuple[float | None, float | None, int]:
    """Medians of the readings before the first dose, mmHg, and how many they rest on (as the alarm system counts)."""
    limit_us = care.t0_us
    readings = tuple(
        Pressure(held.at_us, 0, held.sys_mmhg, held.dia_mmhg)
        for held in care.pressures
        if limit_us is None or held.at_us <= limit_us
    )
    found = baseline_of(readings)
    return (None, None, 0) if found is None else (found.sys_mmhg, found.dia_mmhg, found.readings)


def _before_dose(ask: Ask) -> list[PressureSet]:
    t0_us = ask.care.t0_us
    return [held for held in ask.care.pressures if t0_us is None or held.at_us <= t0_us]


def _test(ask: Ask, name: str, item: Item) -> _Found:
    test = ask.care.tests.get(item.what)
    if test is None:
        return False, "not tried"
    words = f"{'as it should be' if test.passed else 'NOT as it should be'}, {ask.ago(test.at_us)}"
    return test.passed, f"{words}{', ' + test.text if test.text else ''}"


def _limits(ask: Ask, name: str, item: Item) -> _Found:
    limits = ask.care.limits
    if limits is None:
        return False, "not confirmed"
    return True, f"{limits.preset} version {limits.preset_version}, {ask.ago(limits.at_us)}"


def _signed(ask: Ask, name: str, item: Item) -> _Found:
    signed = [held for held in ask.care.signed if held.what == item.what]
    words = ", ".join(f"{held.role} {held.person}".strip() for held in signed) or "not signed"
    two = len({held.person for held in signed}) >= 2
    return two or any(held.role in item.roles or not item.roles for held in signed), words


def _dosed(ask: Ask, name: str, item: Item) -> _Found:
    dose = ask.care.doses[-1] if ask.care.doses else None
    if dose is None:
        return False, "no dose recorded"
    return True, f"{dose.drug} {dose.amount_mg:g} mg {dose.route.upper()}, {ask.ago(dose.at_us)}"


def _oriented(ask: Ask, name: str, item: Item) -> _Found:
    asked = ask.care.orientation
    if ask.care.t0_us is None and asked is None:
        return True, "no dose given"
    if asked is None or asked.at_us <= (ask.care.last_dose_us or -1):
        return False, "not asked since the dose"
    known = [word for word, yes in (("person", asked.person), ("place", asked.place), ("time", asked.time)) if yes]
    words = f"{', '.join(known) or 'nothing'} known, {ask.ago(asked.at_us)}"
    return asked.oriented and ask.within(asked.at_us, item), words


def _sedation(ask: Ask, name: str, item: Item) -> _Found:
    if ask.care.t0_us is None:
        return True, "no dose given"
    newest = ask.care.sedation[-1] if ask.care.sedation else None
    if newest is None or newest.at_us <= (ask.care.last_dose_us or -1):
        return False, "not scored since the dose"
    met = newest.score >= item.least and ask.within(newest.at_us, item)
    return met, f"{newest.scale} {newest.score}, {ask.ago(newest.at_us)}"


def _effect(ask: Ask, name: str, item: Item) -> _Found:
    graded = [held for held in ask.care.effects if held.effect == item.what]
    dose_us = ask.care.last_dose_us
    if dose_us is None:
        return True, "no dose given"
    if not graded or graded[-1].at_us <= dose_us:
        return False, "not asked since the dose"
    newest = graded[-1]
    words = ask.data.scales.grades.get(str(newest.grade), "")
    met = newest.grade <= item.most and ask.within(newest.at_us, item)
    return met, f"grade {newest.grade} ({words}), {ask.ago(newest.at_us)}"


def _discharged(ask: Ask, name: str, item: Item) -> _Found:
    done = ask.care.discharged
    return (False, "not discharged") if done is None else (True, f"{done.role} {done.person}, {ask.ago(done.at_us)}")


def _stay(ask: Ask, name: str, item: Item) -> _Found:
    if not ask.care.doses:
        return True, "no dose given"
    # The longest of what each dose asks for: the route of a second one may be another.
    until = 0
    for dose in ask.care.doses:
        route = ask.data.routes.routes.get(dose.route)
        if route is not None:
            of_route = [held.at_us for held in ask.care.doses if held.route == dose.route]
            from_us = min(of_route) if route.stay_from == "first" else max(of_route)
            until = max(until, from_us + round(route.stay_min * MINUTE_US))
    minutes = (ask.now_us - (ask.care.t0_us or 0)) / MINUTE_US
    if ask.now_us < until:
        return False, f"{minutes:.0f} min since the dose, {(until - ask.now_us) / MINUTE_US:.0f} min to go"
    return True, f"{minutes:.0f} min since the dose"


def _bp_settled(ask: Ask, name: str, item: Item) -> _Found:
    if ask.care.t0_us is None:
        return True, "no dose given"
    rule = settled.rule_of(ask.data.scales.settled, ask.care.settings, item.percent, item.apart_min)
    back, words = settled.back(ask.care, baseline_pressure(ask.care)[:2], rule)
    newest = ask.care.pressures[-1] if ask.care.pressures else None
    if newest is not None and not ask.within(newest.at_us, item):
        return False, f"{words}; the newest reading is {ask.ago(newest.at_us).removesuffix(' ago')} old"
    return back, words


def _spo2(ask: Ask, name: str, item: Item) -> _Found:
    if ask.care.t0_us is None:
        return True, "no dose given"
    value, words = ask.vitals.spo2, "live"
    if value is None:
        entered = next((held for held in reversed(ask.care.entered) if held.spo2 is not None), None)
        if entered is None or not ask.within(entered.at_us, item):
            return False, "no SpO2 now"
        value, words = entered.spo2, f"by hand, {ask.ago(entered.at_us)}"
    assert value is not None
    before = None if ask.care.baseline is None else ask.care.baseline.spo2
    met = value >= item.least or (before is not None and value >= before - item.below)
    return met, f"SpO2 {value:g} % {words}" + ("" if before is None else f", {before:g} % before")


def _no_high(ask: Ask, name: str, item: Item) -> _Found:
    return not ask.care.highs, ", ".join(ask.care.highs.values()) or "none active"


def _readings(ask: Ask, name: str, item: Item) -> _Found:
    missing = mandatory_missing(ask.care.schedule, ask.now_us)
    return not missing, _some("missing without a reason", [slot.name for slot in missing]) or "none missing"


def _some(what: str, names: list[str], most: int = 4) -> str:
    if not names:
        return ""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{what}: {', '.join(names[:most])}{more}"


CHECKS: dict[str, Callable[[Ask, str, Item], _Found]] = {
    "tick": _tick,
    "consent": _consent,
    "screening": _screening,
    "clearance": _clearance,
    "contact": _contact,
    "weight": _weight,
    "route": _route,
    "staffing": _staffing,
    "baseline-bp": _baseline_bp,
    "baseline-vitals": _baseline_vitals,
    "test": _test,
    "limits": _limits,
    "signed": _signed,
    "dosed": _dosed,
    "oriented": _oriented,
    "sedation": _sedation,
    "effect": _effect,
    "discharged": _discharged,
    "stay": _stay,
    "bp-settled": _bp_settled,
    "spo2": _spo2,
    "no-high": _no_high,
    "readings": _readings,
}
"""How an item of the data is looked at, by the name that the data use."""
