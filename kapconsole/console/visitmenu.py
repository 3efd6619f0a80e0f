"""The menu of the session: every form with its key, and beside it what is known already; pure but for its site."""

from __future__ import annotations

from kapconsole.clinical.evidence import Ask
from kapconsole.clinical.gates import before_leaving
from kapconsole.clinical.view import CareView
from kapconsole.console.carefacts import acting, ask_of, in_the_way, phase_next
from kapconsole.console.carerows import Page, Row
from kapconsole.console.caresite import CareSite
from kapconsole.console.dosesheet import infusion_words
from kapconsole.console.moment import Moment
from kapconsole.session.phases import phase_label


def menu_page(site: CareSite, moment: Moment, place: str) -> Page:
    """Every line of the menu at a moment."""
    care = moment.state.care
    ask = ask_of(site.data, moment)
    held = acting(care, place)
    course = site.courses.get(moment.state.course)
    rows = [
        Row("visit", "Kind of visit", "not named" if care.visit is None else care.visit.label, "1"),
        Row("route", "Route planned", _route(site, care), "2"),
        Row("screened", "Screening", _screening(site, care), "3"),
        Row("cleared", "Clearance", _clearance(care), "4"),
        Row("consent", "Consent", _consent(care), "5"),
        Row("weight", "Weight", _weight(care), "6"),
        Row("allergies", "Allergies", "not asked" if care.allergies is None else care.allergies.text, "7"),
        Row("support", "Support person", _contact(care, "support"), "8"),
        Row("ride", "Ride home", _contact(care, "ride"), "9"),
        Row("physician", "Physician to call", _contact(care, "physician"), "B"),
        Row("intention", "Intention", "none yet" if care.intention is None else care.intention.text, "I"),
        Row("gate", "Next phase and its gate", _gate(ask), "F"),
        Row("phases", "All phases", "" if care.phase is None else f"now: {phase_label(care.phase)}", "H"),
        Row("observe", "Sedation and breaths", _sedation(care), "O"),
        Row("oriented", "Orientation", _orientation(care), "R"),
        Row("effects", "Side effects", f"{len(care.effects)} grades" if care.effects else "none graded", "E"),
        Row("vitals", "Vitals by hand", f"{len(care.entered)} entered" if care.entered else "", "V"),
        Row("infusion", "Infusion", infusion_words(care, moment.now_us) or "none", "D"),
        Row("correct", "Correct a dose record", f"{len(care.doses)} doses" if care.doses else "no dose", "X"),
        Row("schedule", "Cuff readings", "armed" if care.schedule.armed else "reminds only", "C"),
        Row("questionnaires", "Questionnaires", _forms(moment), "Q"),
        Row("course", "Course of sessions", "none" if course is None else course.name, "U"),
        *(
            Row(f"recovery:{name}", scale.label, _recovery(care, name), key)
            for (name, scale), key in zip(site.data.scales.recovery.items(), "TW", strict=False)
        ),
        Row("role", "Take or switch a role", "nobody" if held is None else f"{held.person} · {held.role}", "Y"),
        Row("leave", "Give a role back", ", ".join(care.people) or "nobody is here", "L"),
        Row("sign", "Sign the session", _signed(care), "S"),
        Row("discharge", "Discharge", _leaving(ask), "G"),
        Row("lock", "Lock this screen", "", "Z"),
    ]
    return Page(tuple(rows))


def _route(site: CareSite, care: CareView) -> str:
    held = site.data.routes.routes.get(care.route)
    return "not planned" if held is None else held.label


def _screening(site: CareSite, care: CareView) -> str:
    asked = len(site.data.screening.screening)
    flags = sum(bool(held.flagged) for held in care.screening.values())
    return f"{len(care.screening)} of {asked} answered" + (f", {flags} flagged" if flags else "")


def _clearance(care: CareView) -> str:
    held = care.clearance
    return "not cleared" if held is None else f"by {held.author or 'nobody named'} until {held.valid_until}"


def _consent(care: CareView) -> str:
    if care.withdrawn is not None:
        return "withdrawn"
    return "none on file" if care.consent is None else f"{care.consent.form}, signed {care.consent.signed_on}"


def _weight(care: CareView) -> str:
    return "not recorded" if care.weight is None else f"{care.weight.weight_kg:g} kg, {care.weight.measured_on}"


def _contact(care: CareView, what: str) -> str:
    held = care.contacts.get(what)
    return "none" if held is None else f"{held.name}, {held.phone}"


def _gate(ask: Ask) -> str:
    phase = phase_next(ask)
    if phase is None:
        return "this is the last phase"
    missing = len(in_the_way(ask, phase))
    return f"{phase_label(phase)}: {f'{missing} missing' if missing else 'open'}"


def _sedation(care: CareView) -> str:
    newest = care.sedation[-1] if care.sedation else None
    return "not scored" if newest is None else f"{newest.scale} {newest.score}"


def _orientation(care: CareView) -> str:
    if care.orientation is None:
        return "not asked"
    return "oriented" if care.orientation.oriented else "not oriented"


def _forms(moment: Moment) -> str:
    if moment.state.forms.safety is not None:
        return "SAFETY PROMPT OPEN"
    count = len(moment.state.forms.entries)
    return f"{count} taken" if count else "none taken"


def _recovery(care: CareView, name: str) -> str:
    held = care.recovery.get(name)
    if held is None:
        return "not scored"
    return "no total: an item does not apply" if held.total is None else f"{held.total}, {held.pass_at} passes"


def _signed(care: CareView) -> str:
    return ", ".join(f"{held.what}: {held.person}" for held in care.signed[-3:]) or "not signed"


def _leaving(ask: Ask) -> str:
    if ask.care.visit is None:
        return "no kind of visit named"
    if ask.care.discharged is not None:
        return f"discharged by {ask.care.discharged.person}"
    missing = sum(not found.open for found in before_leaving(ask))
    return f"{missing} missing" if missing else "nothing is missing"
