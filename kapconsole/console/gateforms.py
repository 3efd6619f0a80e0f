"""The gates on the screen: what stands before a phase and before the door, answered item by item; the phases."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from kapconsole.clinical import gates
from kapconsole.clinical import wishes as ws
from kapconsole.console import gatepages, visitforms
from kapconsole.console.carefacts import ask_of, in_the_way
from kapconsole.console.carerows import RowsSheet
from kapconsole.console.keys import Action
from kapconsole.session.phases import phase_label

if TYPE_CHECKING:
    from kapconsole.console.caredesk import CareDesk


def open_gate(desk: CareDesk, phase: str, item: str = "") -> None:
    """What stands before a phase."""
    data = desk.site.data
    ways = (
        Action("enter", "F", f"Enter {phase_label(phase)}", f"Enter the phase {phase_label(phase)}"),
        Action("over", "O", "Pass over", "Pass over the chosen item, with a reason"),
        Action("phases", "H", "Phases", "All phases"),
    )
    sheet = RowsSheet(
        f"Before {phase_label(phase)}",
        desk.view.look,
        lambda moment: gatepages.gate_page(ask_of(data, moment), phase),
        desk.moment(),
        "Answer",
        ways,
    )
    _gate(desk, sheet, lambda found: open_gate(desk, phase, found))
    sheet.pressed.connect(lambda name: _gate_pressed(desk, sheet, name, phase))
    desk.rows(sheet)
    _first_open(desk, sheet, item)


def _gate(desk: CareDesk, sheet: RowsSheet, again: Callable[[str], None]) -> None:
    def chosen(row: str) -> None:
        gate, _, item = row.partition("/")
        if item:
            desk.open_item(item, lambda: again(row))
        else:
            desk.view.say(f"{gate}: nothing is to be done there")

    sheet.chosen.connect(chosen)

    def pressed(name: str) -> None:
        row = sheet.current()
        if name == "over" and row is not None and "/" in row.id:
            _open_over(desk, sheet, row.id, lambda: again(row.id))

    sheet.pressed.connect(pressed)


def _open_over(desk: CareDesk, sheet: RowsSheet, row: str, back: Callable[[], None]) -> None:
    gate, _, item = row.partition("/")
    (found,) = gates.findings(ask_of(desk.site.data, desk.moment()), gate, (item,))
    if found.open:
        sheet.refused(f"{found.label}: {'is met' if found.met else 'was passed over already'}")
    elif not found.fallback:
        sheet.refused(f"{found.label}: nobody may pass over this")
    else:
        desk.form(visitforms.override_form(desk.view.look, gate, found), back)


def _gate_pressed(desk: CareDesk, sheet: RowsSheet, name: str, phase: str) -> None:
    if name == "phases":
        open_phases(desk)
    elif name == "enter":
        missing = in_the_way(ask_of(desk.site.data, desk.moment()), phase)
        if missing:
            sheet.refused(f"{len(missing)} missing: {', '.join(found.label for _, found in missing[:3])}")
        else:
            desk.ask(sheet, (ws.EnterPhase(phase, desk.moment().now_us),))


def _first_open(desk: CareDesk, sheet: RowsSheet, item: str) -> None:
    """Choose the item that was just answered, or the first that is missing."""
    rows = sheet.model.rows
    held = next((row for row in rows if row.id == item), None)
    if held is None or held.quiet:
        held = next((row for row in rows if not row.quiet), held)
    if held is not None:
        sheet.select(held.id)


def open_phases(desk: CareDesk) -> None:
    """All phases; a digit goes there, or shows what is missing before it."""
    data = desk.site.data
    sheet = RowsSheet(
        "Phases",
        desk.view.look,
        lambda moment: gatepages.phases_page(ask_of(data, moment)),
        desk.moment(),
        "Go there",
    )

    def chosen(phase: str) -> None:
        if in_the_way(ask_of(data, desk.moment()), phase):
            open_gate(desk, phase)
        else:
            desk.ask(sheet, (ws.EnterPhase(phase, desk.moment().now_us),))

    sheet.chosen.connect(chosen)
    desk.rows(sheet)
    if desk.care.phase is not None:
        sheet.select(desk.care.phase)


def open_discharge(desk: CareDesk, item: str = "") -> None:
    """What stands before the door, with the evidence."""
    data, care = desk.site.data, desk.care
    if care.visit is None:
        desk.view.say("name the kind of visit first (J, 1): what a discharge asks for depends on it")
        return
    ways = (
        Action("discharge", "F", "Sign and discharge", "Sign and discharge"),
        Action("over", "O", "Pass over", "Pass over the chosen item, with a reason"),
        Action("recovery", "R", "Recovery score", "Aldrete or PADSS"),
    )
    sheet = RowsSheet(
        "Discharge",
        desk.view.look,
        lambda moment: gatepages.discharge_page(ask_of(data, moment)),
        desk.moment(),
        "Answer",
        ways,
    )
    _gate(desk, sheet, partial(open_discharge, desk))

    def pressed(name: str) -> None:
        if name == "recovery":
            desk.open_item("recovery:" + next(iter(data.scales.recovery), ""), partial(open_discharge, desk))
        elif name == "discharge":
            found_now = gates.before_leaving(ask_of(data, desk.moment()))
            missing = [found for found in found_now if not found.open]
            if missing:
                sheet.refused(f"{len(missing)} missing: {', '.join(found.label for found in missing[:3])}")
            else:
                desk.form(visitforms.discharge_form(desk.view.look, data, desk.care), partial(open_discharge, desk))

    sheet.pressed.connect(pressed)
    desk.rows(sheet)
    _first_open(desk, sheet, item)
