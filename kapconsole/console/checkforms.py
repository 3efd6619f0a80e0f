"""The checks on the screen: sedation, side effects, cuff readings, questionnaires; each chosen, then answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kapconsole import commands as cm
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.instruments.deciding import closed_words
from kapconsole.console import instrumentsheet, scaleforms
from kapconsole.console.carerows import RowsSheet
from kapconsole.console.instrumentsheet import ItemSheet
from kapconsole.console.keys import Action

if TYPE_CHECKING:
    from kapconsole.console.caredesk import CareDesk


def open_sedation(desk: CareDesk, back: Callable[[], None] | None = None) -> None:
    """Sedation and breaths; the time is now."""
    at_us = desk.moment().now_us
    desk.form(scaleforms.sedation_form(desk.view.look, desk.site.data, desk.care, at_us), back)


def open_effects(desk: CareDesk, back: Callable[[], None] | None = None) -> None:
    """Side effects; one is chosen and graded."""
    data = desk.site.data
    sheet = RowsSheet(
        "Side effects",
        desk.view.look,
        lambda moment: scaleforms.effects_page(data, moment.state.care),
        desk.moment(),
        "Grade",
    )
    sheet.chosen.connect(lambda name: desk.open_item(f"effect:{name}", lambda: open_effects(desk, back)))
    desk.rows(sheet, back)


def open_schedule(desk: CareDesk, back: Callable[[], None] | None = None) -> None:
    """The cuff readings."""
    ways = (
        Action("arm", "R", "Arm, or only remind", "Let the schedule start the cuff by itself, or only remind"),
        Action("baseline", "C", "Cuff now", "Take a reading now"),
    )
    sheet = RowsSheet(
        "Cuff readings",
        desk.view.look,
        lambda moment: scaleforms.schedule_page(moment.state.care, moment.now_us),
        desk.moment(),
        "Move or skip",
        ways,
    )

    def chosen(slot: str) -> None:
        now_us = desk.moment().now_us
        form = scaleforms.slot_form(desk.view.look, desk.care, slot, now_us)
        desk.form(form, lambda: open_schedule(desk, back))

    def pressed(name: str) -> None:
        if name == "baseline":
            desk.send(cm.CuffStart())
            return
        armed = desk.care.schedule.armed
        wish = ws.DisarmSchedule() if armed else ws.ArmSchedule()
        desk.asking.ask(sheet, (wish,), lambda: None, sheet.refused)

    sheet.chosen.connect(chosen)
    sheet.pressed.connect(pressed)
    desk.rows(sheet, back)


def open_instruments(desk: CareDesk, back: Callable[[], None] | None = None) -> None:
    """Choose a questionnaire; D: it was answered on another day."""
    ways = (Action("paper", "D", "From another day", "Type in one that was answered on another day"),)
    sheet = RowsSheet(
        "Questionnaires and scores",
        desk.view.look,
        lambda moment: instrumentsheet.instruments_page(desk.site.instruments, moment.state),
        desk.moment(),
        "Open",
        ways,
    )
    again = lambda: open_instruments(desk, back)  # noqa: E731
    sheet.chosen.connect(lambda name: _instrument(desk, sheet, name, False, again))
    sheet.pressed.connect(lambda _: _paper(desk, sheet, again))
    desk.rows(sheet, back)


def _paper(desk: CareDesk, sheet: RowsSheet, back: Callable[[], None]) -> None:
    row = sheet.current()
    if row is not None:
        _instrument(desk, sheet, row.id, True, back)


def _instrument(desk: CareDesk, sheet: RowsSheet, name: str, paper: bool, back: Callable[[], None]) -> None:
    held, state = desk.site.instruments[name], desk.moment().state
    closed = closed_words(held, bool(state.doses), state.care.discharged is not None)
    if closed and not paper:
        sheet.refused(f"{closed}. D types in one from another day")
        return
    at_us = desk.moment().now_us
    if held.text == "full":
        desk.form(ItemSheet(desk.view.look, held, at_us, paper), back)
    else:
        desk.form(instrumentsheet.score_form(desk.view.look, held, at_us), back)
