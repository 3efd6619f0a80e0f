"""What a person does about the session: keys that open its forms, the lock, the marks, what is asked for by time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt

from kapconsole import commands as cm
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.gates import visit_of
from kapconsole.clinical.marking import asks_for_words
from kapconsole.clinical.view import Acting, CareView
from kapconsole.clock import local_time
from kapconsole.console import checkforms, dosesheet, gateforms, instrumentsheet, visitforms
from kapconsole.console.careasking import Asking
from kapconsole.console.carefacts import acting, ask_of, bare, in_the_way, phase_next, phases_now, who_words
from kapconsole.console.careforms import FormSheet
from kapconsole.console.carerows import Page, RowsSheet
from kapconsole.console.caresite import CareSite
from kapconsole.console.emergencypage import EmergencySheet
from kapconsole.console.instrumentsheet import ItemSheet
from kapconsole.console.keys import Action
from kapconsole.console.marksheet import MarksSheet
from kapconsole.console.moment import Moment
from kapconsole.console.sheets import DoseSheet, NoteSheet, Sheet
from kapconsole.console.view import SessionView
from kapconsole.console.visitmenu import menu_page
from kapconsole.session.words import stamp_text

EMERGENCY = Action("emergency", "G", "emergency", "Emergency page: doses, vitals, weight, whom to call; prints")
OBSERVE = Action("observe", "O", "sedation", "Sedation by its digit, breaths counted")
SESSION = Action("session", "J", "session", "All of the session: visit, people, checks, forms")
CARE = (
    EMERGENCY,
    OBSERVE,
    SESSION,
    Action("effects", "/", "", "Side effects and their grades"),
    Action("role", "F4", "", "Take or switch a role"),
    Action("questionnaires", "F7", "", "Questionnaires and scores"),
    Action("intention", "F8", "", "The intention, called up"),
    Action("lock", "F11", "", "Lock this screen, and unlock it"),
    Action("discharge", "F12", "", "Discharge: every item with its evidence"),
)
"""What is done about the session, each with its key."""

CARE_KEYS = {
    Qt.Key.Key_G: "emergency",
    Qt.Key.Key_O: "observe",
    Qt.Key.Key_J: "session",
    Qt.Key.Key_Slash: "effects",
    Qt.Key.Key_F4: "role",
    Qt.Key.Key_F7: "questionnaires",
    Qt.Key.Key_F8: "intention",
    Qt.Key.Key_F11: "lock",
    Qt.Key.Key_F12: "discharge",
}

NOT_LOCKED = frozenset(
    {
        *(action.id for action in CARE),
        "schedule",
        "phases",
        "dose",
        "phase",
        "cuff",
        "devices",
        "sets",
        "music",
        "light",
    }
    - {"emergency", "lock"}
)
"""What a locked screen does not open: vitals, strip, acknowledging, help, stops, notes and marks stay."""

SAFETY_AGAIN_US = 60_000_000
"""A safety prompt that was put aside comes back after this."""


class Touches(QObject):
    """Tells of keys and taps that reach a window, whatever form has them."""

    def __init__(self, touched: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._touched = touched

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin):
            self._touched()
        return False


class CareDesk:
    """Acts for one window. `place`: how the log calls this console, under which a role is taken here."""

    def __init__(
        self,
        view: SessionView,
        moment: Callable[[], Moment],
        send: Callable[[cm.CommandBody], bool],
        open_sheet: Callable[[Sheet], None],
        close_sheet: Callable[[], None],
        mark: Callable[[str, int], None],
        site: CareSite,
        place: str,
        papers: Callable[[], Path],
        clock_us: Callable[[], int],
    ) -> None:
        """`mark` sets a mark at a moment; `papers`: where a page goes for want of a printer; `clock_us`: monotonic."""
        self.view, self.site = view, site
        self.moment, self.send = moment, send
        self._open, self.close = open_sheet, close_sheet
        self._mark, self._place, self._papers, self._clock_us = mark, place, papers, clock_us
        self.asking = Asking(moment, send)
        self._touched_us = clock_us()
        self._lock_asked = False
        self._safety_later_us = -1
        self._acts: dict[str, Callable[[], None]] = {
            "emergency": self.open_emergency,
            "observe": lambda: checkforms.open_sedation(self),
            "session": self.open_menu,
            "lock": self.lock,
            "role": self.open_role,
            "effects": lambda: checkforms.open_effects(self),
            "schedule": lambda: checkforms.open_schedule(self),
            "questionnaires": lambda: checkforms.open_instruments(self),
            "intention": lambda: self.open_item("intention"),
            "phases": lambda: gateforms.open_phases(self),
            "discharge": lambda: gateforms.open_discharge(self),
            "marks": self.open_marks,
        }

    # -- the window's keys ----------------------------------------------------------------------------------------

    def act(self, name: str) -> bool:
        """Do what a key stands for; False when the window does it in its own, simpler way."""
        if name in NOT_LOCKED and self.locked:
            self.open_unlock(lambda: self.act(name) or None)
            return True
        if name == "phase":
            return self._phase()
        if name == "dose":
            return self._dose()
        act = self._acts.get(name)
        if act is not None:
            act()
        return act is not None

    def touched(self) -> None:
        """A key or a tap came to this console."""
        self._touched_us = self._clock_us()

    @property
    def care(self) -> CareView:
        """The clinical side of the session now."""
        return self.moment().state.care

    @property
    def acting(self) -> Acting | None:
        """Who acts at this console."""
        return acting(self.care, self._place)

    @property
    def locked(self) -> bool:
        """True while this console is locked."""
        return self._place in self.care.locked

    def refresh(self, moment: Moment) -> None:
        """Once a look: answers to what was asked, the lock, a safety prompt, who stands in the footer."""
        self.asking.look(moment)
        care, place, data = moment.state.care, self._place, self.site.data
        left_s = self._locks_in_s(care)
        self.view.footer.person = who_words(data, care, place, left_s)
        self.view.header.phases = phases_now(data, care)
        if left_s is not None and left_s <= 0 and not self._lock_asked:
            self._lock_asked = self.send(ws.Lock(f"{data.roles.lock.after_s:g} s without a key"))
        elif left_s is None or left_s > 0:
            self._lock_asked = False
        if moment.state.forms.safety is None:
            self._safety_later_us = -1
        elif self.view.sheet is None and moment.now_us >= self._safety_later_us and not self.locked:
            self.open_safety()

    def _locks_in_s(self, care: CareView) -> float | None:
        """Seconds until this screen locks by itself; None where it does not: nobody acts here, or nobody has a PIN."""
        place, data = self._place, self.site.data
        if place not in care.acting or place in care.locked or not data.staff.staff:
            return None
        return data.roles.lock.after_s - (self._clock_us() - self._touched_us) / 1e6

    # -- forms ----------------------------------------------------------------------------------------------------

    def form(self, sheet: FormSheet | ItemSheet, back: Callable[[], None] | None = None) -> None:
        """Open a form; when what it asks for was granted it closes, and `back` opens what was there before."""
        sheet.asked.connect(lambda wishes: self.ask(sheet, wishes, back))
        self._show(sheet, back)

    def rows(self, sheet: RowsSheet, back: Callable[[], None] | None = None) -> None:
        """Open a sheet of rows."""
        self._show(sheet, back)

    def ask(self, sheet: Sheet, wishes: Sequence[cm.CommandBody], back: Callable[[], None] | None = None) -> None:
        """Ask for what a form wants. It stays open, with everything in it, until all of it was granted."""

        def then() -> None:
            if self.view.sheet is sheet:
                self.close()
            self.view.say("recorded")
            if back is not None:
                back()

        def refused(words: str) -> None:
            if self.view.sheet is not sheet:
                self.view.say(f"refused: {words}")
            elif isinstance(sheet, FormSheet | ItemSheet | RowsSheet):
                sheet.refused(words)
            else:
                sheet.wrong.setText(words)

        self.asking.ask(sheet, wishes, then, refused)

    def _show(self, sheet: Sheet, back: Callable[[], None] | None) -> None:
        self._open(sheet)
        sheet.left.connect(lambda: self.asking.forget(sheet))
        if back is not None:
            sheet.left.connect(back)

    def when(self, at_us: int) -> str:
        """A moment as the clock face and, after a dose, as minutes since then."""
        moment = self.moment()
        face = local_time(moment.utc_origin_us + at_us, seconds=True)
        dose_us = moment.state.dose_us
        return face if dose_us is None else f"{face} · T+ {stamp_text(at_us - dose_us)}"

    # -- phases and gates -----------------------------------------------------------------------------------------

    def _phase(self) -> bool:
        """The next phase; where its gate is closed, the gate. Without a named visit the window just goes on."""
        ask = ask_of(self.site.data, self.moment())
        if bare(ask.data, ask.care) or visit_of(ask) is None:
            return False
        phase = phase_next(ask)
        if phase is None:
            gateforms.open_phases(self)
        elif in_the_way(ask, phase):
            gateforms.open_gate(self, phase)
        else:
            return False
        return True

    # -- the dose -------------------------------------------------------------------------------------------------

    def _dose(self) -> bool:
        """The full form, unless the session is only recorded and knows no weight: then the short one is enough."""
        care = self.care
        if bare(self.site.data, care) and care.weight is None:
            return False
        self.open_dose(self.moment().now_us)
        return True

    def open_dose(self, at_us: int, before: DoseSheet | None = None, words: str = "") -> None:
        """The full dose form, with what the short one held already."""
        held = self.acting
        person = "" if held is None else held.person
        title = f"Dose given at {self.when(at_us)}"
        sheet = dosesheet.FullDoseSheet(title, self.view.look, at_us, self.site.data, self.care, person)
        if before is not None:
            sheet.edits["amount"].setText(before.amount.text())
            if (route := before.route()) is not None:
                sheet.choose("route", route)
            sheet.choose("drug", "ketamine")
        self.form(sheet)
        if words:
            sheet.refused(words)

    def keep_dose(self, sheet: DoseSheet) -> None:
        """The short form asks; what the ledger wants to know more is asked in the full one."""

        def then() -> None:
            if self.view.sheet is sheet:
                self.close()

        def refused(words: str) -> None:
            if dosesheet.CONFIRM in words or dosesheet.MISSING in words:
                self.open_dose(sheet.at_us, sheet, words)
            else:
                sheet.wrong.setText(words)

        self.asking.ask(sheet, (sheet.dose(),), then, refused)

    def open_infusion(self, back: Callable[[], None] | None = None) -> None:
        """The infusion with its countdown."""

        def page(moment: Moment) -> Page:
            care = moment.state.care
            route = self.site.data.routes.routes.get(care.doses[-1].route) if care.doses else None
            return dosesheet.infusion_page(care, moment.now_us, 0.0 if route is None else route.peak_bp_min)

        sheet = RowsSheet("Infusion", self.view.look, page, self.moment())

        def chosen(what: str) -> None:
            at_us = self.moment().now_us
            self.form(dosesheet.infusion_form(self.view.look, self.care, what, at_us), self.open_infusion)

        sheet.chosen.connect(chosen)
        self.rows(sheet, back)

    # -- marks ----------------------------------------------------------------------------------------------------

    def open_marks(self) -> None:
        """The marks with the clinic's words, for a finger."""
        now_us = self.moment().now_us
        sheet = MarksSheet(f"Mark at {self.when(now_us)}", self.view.look, self.site.data.marks)

        def chosen(label: str) -> None:
            self.close()
            self._mark(label, now_us)

        sheet.chosen.connect(chosen)
        self._show(sheet, None)

    def marked(self, label: str, at_us: int) -> str:
        """What is said of a mark that was set; words are asked for where the clinic's list says so."""
        key = self.site.data.marks.marks.get(label)
        if asks_for_words(self.site.data.marks, label) and key is not None and not self.locked:
            sheet = NoteSheet(f"{key.label} · {self.when(at_us)}", self.view.look, at_us)

            def kept() -> None:
                if not sheet.text() or self.send(cm.Note(text=f"{key.label}: {sheet.text()}", at_us=at_us)):
                    self.close()

            sheet.kept.connect(kept)
            self._show(sheet, None)
        return f"mark {label}" if key is None else f"mark {label}: {key.label}"

    # -- checks ---------------------------------------------------------------------------------------------------

    # -- questionnaires -------------------------------------------------------------------------------------------

    def open_safety(self) -> None:
        """The safety prompt; put aside it comes back after a minute, until somebody recorded what was done."""
        held = self.acting
        form = instrumentsheet.safety_form(
            self.view.look, self.site.prompt, self.moment().state.forms, "" if held is None else held.role
        )
        self._safety_later_us = self.moment().now_us + SAFETY_AGAIN_US
        self.form(form)

    # -- people ---------------------------------------------------------------------------------------------------

    def open_role(self, back: Callable[[], None] | None = None) -> None:
        """Take or switch a role."""
        self.form(visitforms.role_form(self.view.look, self.site.data, self.care, self._place), back)

    def lock(self) -> None:
        """Lock this screen; when it is locked, the way to unlock it."""
        if self.locked:
            self.open_unlock(None)
        elif self.send(ws.Lock()):
            self.view.say("locked: alarms and vitals stay; F11 unlocks")

    def open_unlock(self, then: Callable[[], object] | None) -> None:
        """Unlock, then do what was wanted."""
        held = self.care.locked[self._place]
        words = (
            f"Locked at {self.when(held.at_us)}, {held.why}. "
            "Vitals, alarms, acknowledging, help, stops, notes and marks stay."
        )
        sheet = visitforms.role_form(self.view.look, self.site.data, self.care, self._place, words)

        def granted() -> None:
            self.touched()
            if self.view.sheet is sheet:
                self.close()
            if then is not None:
                then()

        sheet.asked.connect(lambda wishes: self.asking.ask(sheet, wishes, granted, sheet.refused))
        self._show(sheet, None)

    # -- everything else ------------------------------------------------------------------------------------------

    def open_emergency(self) -> None:
        """The emergency page, or away with it."""
        if isinstance(self.view.sheet, EmergencySheet):
            self.close()
        else:
            self._open(EmergencySheet(self.view.look, self.site.data, self.moment(), self._papers()))

    def open_menu(self) -> None:
        """All of the session, each with its key and with what is known of it."""
        sheet = RowsSheet(
            "The session",
            self.view.look,
            lambda moment: menu_page(self.site, moment, self._place),
            self.moment(),
            "Open",
            columns=3,
        )
        sheet.chosen.connect(lambda name: self.open_item(name, self.open_menu))
        self.rows(sheet)

    def open_item(self, name: str, back: Callable[[], None] | None = None) -> None:
        """The form in which an item of a gate, or a line of the menu, is answered."""
        from kapconsole.console.itemforms import open_item

        open_item(self, name, back)
