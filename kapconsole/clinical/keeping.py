"""What is written down as it is said: preparation, screening, scores, vitals by hand. Checked for slips, then kept."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.evidence import Ask
from kapconsole.refusals import Refused

FUTURE_US = 1_000_000
"""A moment may not lie further in the future than this; two processes' clocks are the same, but scripts err."""

INTENTION_MOST = 200


class By(msgspec.Struct, frozen=True):
    """Who wishes: the person and role that act at a station; empty where nobody took a role."""

    person: str
    role: str
    verified: bool
    station: str


def moment(at_us: int | None, now_us: int) -> int:
    """When something was: `at_us`, or now. Raises Refused outside of the session so far."""
    if at_us is None:
        return now_us
    if not 0 <= at_us <= now_us + FUTURE_US:
        raise Refused("that moment is not within the session so far")
    return min(at_us, now_us)


def day(text: str, what: str, otherwise: date | None = None) -> str:
    """An ISO 8601 date as text; empty: `otherwise`. Raises Refused."""
    if not text.strip():
        return "" if otherwise is None else otherwise.isoformat()
    try:
        return date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        raise Refused(f"{what}: {text!r} is no date; write it as 2026-01-31") from None


def words(text: str, what: str, most: int = 2000) -> str:
    """A text that may not be empty, on one line. Raises Refused."""
    found = " ".join(text.split())
    if not found:
        raise Refused(f"{what} is missing")
    if len(found) > most:
        raise Refused(f"{what} is longer than {most} characters")
    return found


def kept(wish: ws.ClinicalWish, ask: Ask, by: By) -> ce.ClinicalBody:
    """The body that a wish becomes. Raises Refused."""
    match wish:
        case ws.EnterVitals():
            return _vitals(wish, ask)
        case ws.ScoreSedation():
            return _sedation(wish, ask)
        case ws.AskOrientation():
            return ce.OrientationAsked(moment(wish.at_us, ask.now_us), wish.person, wish.place, wish.time)
        case ws.GradeEffect():
            return _effect(wish, ask)
        case ws.ScoreRecovery():
            return _recovery(wish, ask)
        case ws.DismissPrompt(prompt=prompt, reason=reason):
            if prompt not in ask.care.prompts:
                raise Refused(f"nothing is asked about {prompt}")
            return ce.PromptDismissed(ask.now_us, prompt, reason.strip())
        case ws.AnswerScreening():
            return _screening(wish, ask, by)
        case ws.ClearPatient():
            return _clearance(wish, ask, by)
        case _:
            return _prepared(wish, ask, by)


def _prepared(wish: ws.ClinicalWish, ask: Ask, by: By) -> ce.ClinicalBody:
    now_us, today = ask.now_us, ask.care.today(ask.now_us)
    match wish:
        case ws.OpenVisit(visit=name):
            visit = ask.data.visits.visits.get(name)
            if visit is None:
                raise Refused(f"there is no visit {name!r}; one of: {', '.join(ask.data.visits.visits)}")
            if ask.care.doses and not visit.dosing:
                raise Refused(f"a dose was given: this cannot become {visit.label.lower()}")
            return ce.VisitOpened(now_us, name, visit.label, ask.data.versions)
        case ws.PlanRoute(route=route):
            if route not in ask.data.routes.routes:
                raise Refused(f"there is no route {route!r}; one of: {', '.join(ask.data.routes.routes)}")
            return ce.RoutePlanned(now_us, route)
        case ws.Tick(item=name, answer=answer, text=text):
            item = ask.data.visits.items.get(name)
            if item is None or item.check != "tick":
                raise Refused(f"{name} is nothing that is ticked")
            if answer and answer not in item.answers:
                raise Refused(f"{item.label}: the answer is one of {', '.join(item.answers)}")
            if answer and item.needs_text and not text.strip():
                raise Refused(f"{item.label}: {item.help or 'words'} missing")
            return ce.ItemTicked(now_us, name, item.label, answer, text.strip())
        case ws.RecordConsent():
            signed_on = day(wish.signed_on, "signed on", today)
            if signed_on > today.isoformat():
                raise Refused("a consent cannot have been signed in the future")
            until = day(wish.valid_until, "valid until")
            if until and until < signed_on:
                raise Refused("the consent ends before it was signed")
            form = words(wish.form, "the name of the form")
            return ce.ConsentRecorded(now_us, form, wish.form_version.strip(), signed_on, until, by.person)
        case ws.WithdrawConsent(text=text):
            return ce.ConsentWithdrawn(now_us, text.strip())
        case ws.ConfirmTest(test=test, passed=passed, text=text):
            known = {item.what for item in ask.data.visits.items.values() if item.check == "test"}
            if test not in known:
                raise Refused(f"there is no test {test!r}; one of: {', '.join(sorted(known))}")
            return ce.TestConfirmed(now_us, test, passed, text.strip())
        case ws.ConfirmLimits():
            if ask.care.preset is None:
                raise Refused("no alarm limits are in force: there is nothing to confirm")
            return ce.LimitsConfirmed(now_us, *ask.care.preset)
        case ws.RecordWeight(weight_kg=weight_kg, measured_on=measured_on):
            _plausible(ask, "weight_kg", weight_kg, "kg")
            on = day(measured_on, "weighed on", today)
            if on > today.isoformat():
                raise Refused("a weight cannot have been taken in the future")
            return ce.WeightRecorded(now_us, weight_kg, on)
        case ws.RecordAllergies(text=text):
            return ce.AllergiesRecorded(now_us, words(text, "allergies, or the words none known:"))
        case ws.RecordContact(what=what, name=name, phone=phone):
            if not any(letter.isdecimal() for letter in phone):
                raise Refused("a phone number has digits")
            return ce.ContactRecorded(
                now_us, words(what, "what the contact is for"), words(name, "the name"), phone.strip()
            )
        case ws.SetIntention(text=text):
            return ce.IntentionSet(now_us, words(text, "the intention", INTENTION_MOST))
        case _:
            raise Refused(f"{type(wish).__name__} is nothing that is only written down")


def _vitals(wish: ws.EnterVitals, ask: Ask) -> ce.VitalsEntered:
    numbers = {
        "sys_mmhg": (wish.sys_mmhg, "mmHg"),
        "dia_mmhg": (wish.dia_mmhg, "mmHg"),
        "pulse_rate": (wish.pulse_rate, "/min"),
        "resp_rate": (wish.resp_rate, "/min"),
        "spo2": (wish.spo2, "%"),
    }
    if all(value is None for value, _ in numbers.values()):
        raise Refused("no number was entered")
    for name, (value, unit) in numbers.items():
        if value is not None:
            _plausible(ask, name, value, unit)
    if (wish.sys_mmhg is None) != (wish.dia_mmhg is None):
        raise Refused("a blood pressure is two numbers")
    if wish.sys_mmhg is not None and wish.dia_mmhg is not None and wish.sys_mmhg <= wish.dia_mmhg:
        raise Refused(f"{wish.sys_mmhg:g}/{wish.dia_mmhg:g}: systolic is not above diastolic")
    return ce.VitalsEntered(
        moment(wish.at_us, ask.now_us),
        wish.sys_mmhg,
        wish.dia_mmhg,
        wish.pulse_rate,
        wish.resp_rate,
        wish.spo2,
        wish.how.strip() or "by hand",
    )


def _sedation(wish: ws.ScoreSedation, ask: Ask) -> ce.SedationScored:
    scale = ask.data.scales.sedation.get(wish.scale)
    if scale is None:
        raise Refused(f"there is no scale {wish.scale!r}; one of: {', '.join(ask.data.scales.sedation)}")
    if not scale.least <= wish.score <= scale.most:
        raise Refused(f"{scale.label} goes from {scale.least} to {scale.most}")
    return ce.SedationScored(
        moment(wish.at_us, ask.now_us),
        scale.label,
        scale.variant,
        wish.score,
        scale.watch,
        scale.deep,
        scale.recheck_min,
        wish.how.strip(),
    )


def _effect(wish: ws.GradeEffect, ask: Ask) -> ce.SideEffectGraded:
    effect = ask.data.scales.effects.get(wish.effect)
    if effect is None:
        raise Refused(f"{wish.effect} is not on the list of side effects; a note takes every word")
    if str(wish.grade) not in ask.data.scales.grades:
        raise Refused("grades go from 0 (none) to 4 (emergency)")
    return ce.SideEffectGraded(
        moment(wish.at_us, ask.now_us),
        wish.effect,
        effect.label,
        wish.grade,
        wish.action.strip(),
        wish.outcome.strip(),
        wish.text.strip(),
    )


def _recovery(wish: ws.ScoreRecovery, ask: Ask) -> ce.RecoveryScored:
    scale = ask.data.scales.recovery.get(wish.scale)
    if scale is None:
        raise Refused(f"there is no score {wish.scale!r}; one of: {', '.join(ask.data.scales.recovery)}")
    if set(wish.items) != set(scale.items):
        raise Refused(
            f"{scale.label} has the items {', '.join(scale.items)}; an item may be not applicable, not left out"
        )
    for name, value in wish.items.items():
        if value is not None and not 0 <= value <= scale.most_each:
            raise Refused(f"{scale.label}, {name}: 0 to {scale.most_each}")
    items = {name: wish.items[name] for name in scale.items}
    given = [value for value in items.values() if value is not None]
    # A total of fewer items would look like a total of all.
    total = sum(given) if len(given) == len(items) else None
    return ce.RecoveryScored(moment(wish.at_us, ask.now_us), wish.scale, scale.label, items, total, scale.pass_at)


def _screening(wish: ws.AnswerScreening, ask: Ask, by: By) -> ce.ScreeningAnswered:
    question = ask.data.screening.screening.get(wish.item)
    if question is None:
        raise Refused(f"{wish.item} is no screening question")
    if wish.answer not in ("yes", "no"):
        raise Refused(f"{question.label}: the answer is yes or no; words may follow")
    today = ask.care.today(ask.now_us)
    on = day(wish.answered_on, "answered on", today)
    if on > today.isoformat():
        raise Refused("an answer cannot come from the future")
    until = (date.fromisoformat(on) + timedelta(days=question.days)).isoformat()
    flagged = question.weight if wish.answer == question.flag else ""
    author = wish.author.strip() or by.person
    return ce.ScreeningAnswered(
        ask.now_us, wish.item, question.label, wish.answer, flagged, author, on, until, wish.text.strip()
    )


def _clearance(wish: ws.ClearPatient, ask: Ask, by: By) -> ce.ScreeningCleared:
    today = ask.care.today(ask.now_us)
    on = day(wish.cleared_on, "cleared on", today)
    until = day(wish.valid_until, "valid until", today)
    if on > today.isoformat() or until < today.isoformat():
        raise Refused("a clearance holds from a day up to today until today or later")
    flags = tuple(
        sorted(key for key, held in ask.care.screening.items() if held.flagged in ("contraindication", "caution"))
    )
    author = wish.author.strip() or by.person
    return ce.ScreeningCleared(ask.now_us, author, flags, on, until, wish.text.strip())


def _plausible(ask: Ask, name: str, value: float, unit: str) -> None:
    low, high = ask.data.scales.plausible[name]
    if not low <= value <= high:
        raise Refused(f"{value:g} {unit} is not plausible here: {low:g} to {high:g} {unit}")
