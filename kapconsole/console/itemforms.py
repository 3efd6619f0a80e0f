"""Which form answers an item of a gate, or a line of the menu."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kapconsole.clinical import wishes as ws
from kapconsole.clinical.tables import Item
from kapconsole.console import checkforms, dosesheet, gateforms, gatepages, instrumentsheet, scaleforms, visitforms
from kapconsole.console.carefacts import ask_of, phase_next
from kapconsole.console.carerows import RowsSheet
from kapconsole.console.keys import Action

if TYPE_CHECKING:
    from kapconsole.console.caredesk import CareDesk

Back = Callable[[], None] | None

CONTACTS = {"ride": "Ride home", "support": "Support person", "physician": "Physician to call"}


def open_item(desk: CareDesk, name: str, back: Back) -> None:
    """Open the form for `name`: an item of visits.toml, or a line of the menu. `back` opens what was there before."""
    item = desk.site.data.visits.items.get(name)
    if item is not None and name not in _MENU:
        _open_check(desk, name, item, back)
        return
    kind, _, which = name.partition(":")
    look, data, care = desk.view.look, desk.site.data, desk.care
    now_us = desk.moment().now_us
    match kind:
        case "visit":
            _open_visit(desk, back)
        case "route":
            _open_route(desk, back)
        case "screened":
            _open_screening(desk, back)
        case "cleared":
            desk.form(visitforms.clearance_form(look, data, care), back)
        case "consent":
            desk.form(visitforms.consent_form(look, care), back)
        case "weight":
            desk.form(visitforms.weight_form(look, care), back)
        case "oriented":
            desk.form(scaleforms.orientation_form(look, now_us), back)
        case "allergies":
            desk.form(visitforms.allergies_form(look, care), back)
        case "support" | "ride" | "physician":
            desk.form(visitforms.contact_form(look, care, kind, CONTACTS[kind]), back)
        case "intention":
            desk.form(visitforms.intention_form(look, care), back)
        case "gate":
            _open_next(desk)
        case "phases":
            gateforms.open_phases(desk)
        case "observe":
            checkforms.open_sedation(desk, back)
        case "effects":
            checkforms.open_effects(desk, back)
        case "effect":
            desk.form(scaleforms.effect_form(look, data, care, which, now_us), back)
        case "vitals":
            desk.form(scaleforms.vitals_form(look, now_us, now_us), back)
        case "infusion":
            desk.open_infusion(back)
        case "correct":
            desk.form(dosesheet.correction_form(look, care), back)
        case "schedule":
            checkforms.open_schedule(desk, back)
        case "questionnaires":
            checkforms.open_instruments(desk, back)
        case "course":
            _open_course(desk, back)
        case "recovery":
            desk.form(scaleforms.recovery_form(look, data, which, now_us), back)
        case "role":
            desk.open_role(back)
        case "leave":
            desk.form(visitforms.leave_form(look, care), back)
        case "sign":
            desk.form(visitforms.sign_form(look, data, "session", ""), back)
        case "discharge":
            gateforms.open_discharge(desk)
        case "lock":
            desk.close()
            desk.lock()
        case _:
            desk.view.say(f"nothing is to be done about {name} here")


_MENU = frozenset({"visit", "route", "discharge", "intention", "support", "ride", "course"})
"""Lines of the menu, whatever a clinic calls its items."""


def _open_check(desk: CareDesk, name: str, item: Item, back: Back) -> None:
    look, data, care = desk.view.look, desk.site.data, desk.care
    now_us = desk.moment().now_us
    match item.check:
        case "tick":
            desk.form(visitforms.tick_form(look, care, name, item), back)
        case "consent":
            desk.form(visitforms.consent_form(look, care), back)
        case "screening":
            _open_screening(desk, back)
        case "clearance":
            desk.form(visitforms.clearance_form(look, data, care), back)
        case "contact":
            desk.form(visitforms.contact_form(look, care, item.what, item.label), back)
        case "weight":
            desk.form(visitforms.weight_form(look, care), back)
        case "route":
            _open_route(desk, back)
        case "staffing":
            desk.open_role(back)
        case "baseline-bp" | "baseline-vitals" | "spo2" | "bp-settled":
            if item.check == "baseline-vitals" and not care.sedation:
                checkforms.open_sedation(desk, back)
            else:
                desk.form(scaleforms.vitals_form(look, now_us, now_us), back)
        case "test":
            desk.form(visitforms.confirm_test_form(look, item), back)
        case "limits":
            desk.form(visitforms.limits_form(look, care), back)
        case "signed":
            desk.form(visitforms.sign_form(look, data, item.what, item.label), back)
        case "dosed":
            desk.open_dose(now_us)
        case "oriented":
            desk.form(scaleforms.orientation_form(look, now_us), back)
        case "sedation":
            checkforms.open_sedation(desk, back)
        case "effect":
            desk.form(scaleforms.effect_form(look, data, care, item.what, now_us), back)
        case "discharged":
            gateforms.open_discharge(desk)
        case "readings":
            checkforms.open_schedule(desk, back)
        case _:
            said = {"stay": "time alone ends the stay", "no-high": "see the alarms: W"}
            sheet = desk.view.sheet
            if isinstance(sheet, RowsSheet):
                sheet.refused(said.get(item.check, "nothing is to be done here"))


def _open_next(desk: CareDesk) -> None:
    phase = phase_next(ask_of(desk.site.data, desk.moment()))
    if phase is None:
        gateforms.open_phases(desk)
    else:
        gateforms.open_gate(desk, phase)


def _open_visit(desk: CareDesk, back: Back) -> None:
    sheet = RowsSheet(
        "Kind of visit",
        desk.view.look,
        lambda moment: gatepages.visits_page(desk.site.data, moment.state.care),
        desk.moment(),
    )
    sheet.chosen.connect(lambda visit: desk.ask(sheet, (ws.OpenVisit(visit),), back))
    desk.rows(sheet, back)


def _open_route(desk: CareDesk, back: Back) -> None:
    sheet = RowsSheet(
        "Route of today's dose",
        desk.view.look,
        lambda moment: gatepages.routes_page(desk.site.data, moment.state.care),
        desk.moment(),
    )
    sheet.chosen.connect(lambda route: desk.ask(sheet, (ws.PlanRoute(route),), back))
    desk.rows(sheet, back)


def _open_course(desk: CareDesk, back: Back) -> None:
    sheet = RowsSheet(
        "Course of sessions",
        desk.view.look,
        lambda moment: instrumentsheet.courses_page(desk.site.courses, moment.state.course),
        desk.moment(),
    )
    sheet.chosen.connect(lambda course: desk.ask(sheet, (instrumentsheet.course_wish(course),), back))
    desk.rows(sheet, back)


def _open_screening(desk: CareDesk, back: Back) -> None:
    """Every question; Y and N answer the chosen one and go on to the next."""
    ways = (
        Action("yes", "Y", "Yes", "Yes to the chosen question"),
        Action("no", "N", "No", "No to the chosen question"),
    )
    data = desk.site.data
    sheet = RowsSheet(
        "Screening",
        desk.view.look,
        lambda moment: visitforms.screening_page(data, moment.state.care),
        desk.moment(),
        "With words",
        ways,
    )

    def pressed(answer: str) -> None:
        row = sheet.current()
        if row is None:
            return
        place = sheet.list.currentIndex().row()

        def then() -> None:
            sheet.wrong.setText("")
            sheet.show_moment(desk.moment())
            sheet.list.setCurrentIndex(sheet.model.index(min(place + 1, len(sheet.model.rows) - 1)))

        desk.asking.ask(sheet, (ws.AnswerScreening(row.id, answer),), then, sheet.refused)

    sheet.pressed.connect(pressed)
    again = lambda: _open_screening(desk, back)  # noqa: E731
    sheet.chosen.connect(
        lambda name: desk.form(visitforms.screening_form(desk.view.look, data, desk.care, name), again)
    )
    desk.rows(sheet, back)
