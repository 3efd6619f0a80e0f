"""The session on the screen: every form by keyboard alone, what it asks for, and what stays when it is refused.

Long because a visit goes through all of its forms in one window, and each form is short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import load
from kapconsole.clinical.engine import ClinicalEngine
from kapconsole.clinical.instruments import events as ie
from kapconsole.clinical.staffing import hash_pin
from kapconsole.console import emergencypage
from kapconsole.console.careasking import LOOKS_BEFORE_SAYING, NO_ANSWER
from kapconsole.console.careforms import FormSheet
from kapconsole.console.carerows import RowsSheet
from kapconsole.console.caresite import CareSite
from kapconsole.console.dosesheet import FullDoseSheet
from kapconsole.console.emergencypage import EmergencySheet
from kapconsole.console.instrumentsheet import ItemSheet
from kapconsole.console.marksheet import MarksSheet
from kapconsole.console.sheets import DoseSheet, NoteSheet, Sheet
from kapconsole.console.visitmenu import menu_page
from kapconsole.console.window import ACTIONS, MORE_KEYS, ConsoleWindow
from kapdevices.readings import Metric, Quality

from .conftest import OXIMETER, FakeFeed

PLACE = "test"
PIN, WRONG_PIN = "2580", "1379"


class Care:
    """A window on a session by hand; `mono_us` is the clock by which it locks."""

    def __init__(self, feed: FakeFeed, site: Path | None, papers: Path) -> None:
        self.feed, self.mono_us = feed, 0
        if site is not None:
            feed.runner.parts._clinical = ClinicalEngine(load(site))
        self.site = CareSite(site)
        clock = lambda: self.mono_us  # noqa: E731
        self.window = ConsoleWindow(feed, poll_ms=0, clock_us=clock, site=self.site, place=PLACE)
        self.window.care._papers = lambda: papers
        self.window.show()
        self.wait(60)

    def wait(self, seconds: float, beat: bool = False) -> None:
        """Time passes with numbers from the oximeter; `beat`: what is due by time happens."""
        self.feed.clock.advance(seconds)
        self.mono_us += round(seconds * 1e6)
        now_us = self.feed.clock.now_us()
        for metric, value in ((Metric.SPO2, 98.0), (Metric.PULSE_RATE, 70.0)):
            item = ev.Measurement(now_us, OXIMETER, metric, value, Quality.GOOD)
            self.feed._take(self.feed.runner._outcome([item]))
        if beat:
            for _ in range(3):
                for outcome in self.feed.runner.tick(0):
                    self.feed._take(outcome)
                self.feed.clock.advance(0.3)
        self.window.poll()

    @property
    def sheet(self) -> Sheet | None:
        return self.window.view.sheet

    @property
    def form(self) -> FormSheet:
        assert isinstance(self.sheet, FormSheet)
        return self.sheet

    @property
    def rows(self) -> RowsSheet:
        assert isinstance(self.sheet, RowsSheet)
        return self.sheet

    def press(self, *keys: str | Qt.Key) -> None:
        """Keys where the focus is."""
        for key in keys:
            sheet = self.sheet
            target = self.window if sheet is None else sheet.focusWidget() or sheet
            QTest.keyClick(target, key)

    def type(self, **texts: str) -> None:
        """Into fields of the form."""
        for name, text in texts.items():
            edit = self.form.edits[name]
            edit.setFocus()
            edit.clear()
            QTest.keyClicks(edit, text)

    def enter(self) -> None:
        self.press(Qt.Key.Key_Return)

    def do(self, *wishes: cm.CommandBody) -> None:
        """What was done elsewhere, or is not the matter of this test."""
        for wish in wishes:
            before = len(self.bodies(ev.CommandRefused))
            self.feed.send(wish)
            assert len(self.bodies(ev.CommandRefused)) == before, self.bodies(ev.CommandRefused)[-1]
        self.feed.sent.clear()
        self.window.poll()

    def bodies(self, kind: type) -> list:
        return [event.body for event in self.feed.timeline.events if isinstance(event.body, kind)]

    @property
    def care(self):
        return self.feed.moment().state.care

    def quiet(self) -> str:
        return self.window.view.footer.quiet_line(self.feed.moment())

    def role(self, role: str, person: str = "N") -> None:
        self.do(ws.TakeRole(person, role, PIN if self.site.data.staff.staff else ""))

    def preset(self) -> None:
        settings = {"bp.caution_sys": 160.0, "bp.caution_dia": 100.0}
        self.feed.fact(al.PresetLoaded("standard", 1, "", "", settings, {}, 0))

    def ready(self, route: str = "im") -> None:
        """Everything that a dosing session asks for before the dose; the nurse acts, the phase is Dose."""
        self.role("therapist", "T")
        self.do(ws.OpenVisit("dosing"))
        for item, question in self.site.data.screening.screening.items():
            self.do(ws.AnswerScreening(item, "yes" if question.flag == "no" else "no"))
        self.role("prescriber", "P")
        self.do(ws.ClearPatient("2027-01-01"))
        self.role("nurse")
        self.do(ws.RecordConsent("form", "3"), ws.EnterPhase("prepare"), ws.Tick("expectations"))
        self.do(ws.Tick("touch-consent"), ws.RecordContact("support", "Sam", "555 1"))
        self.do(ws.RecordContact("ride", "Sam", "555 1"), ws.EnterPhase("pre-dose"), ws.RecordWeight(70.0))
        self.do(ws.PlanRoute(route), ws.Tick("fasting", "yes", "6 h, 3 h"), ws.Tick("medicines"))
        self.feed.cuff(118, 74)
        self.wait(180)
        self.feed.cuff(122, 76)
        self.do(ws.ScoreSedation(5), ws.EnterVitals(resp_rate=14), ws.ConfirmTest("alarm-sound", True))
        self.preset()
        self.do(ws.ConfirmTest("audio-roles", True), ws.ConfirmLimits(), ws.SignOff("pre-dose"), ws.EnterPhase("dose"))

    def dosed(self, **changes: object) -> None:
        """The dose was given a minute ago."""
        fields = {"concentration_mg_ml": 50.0, "lot": "L1", "expiry": "2027-01-31", "site": "left", "witness": "T"}
        self.do(ws.RecordDose("ketamine", "im", 60.0, **{**fields, **changes}))
        self.wait(60)


@pytest.fixture
def care_of(qapp: QApplication, feed: FakeFeed, tmp_path: Path) -> Iterator[Callable[..., Care]]:
    made: list[Care] = []

    def make(site: Path | None = None) -> Care:
        made.append(Care(feed, site, tmp_path / "papers"))
        return made[-1]

    yield make
    for one in made:
        one.window.leave()
        one.window.deleteLater()


@pytest.fixture
def care(care_of: Callable[..., Care]) -> Care:
    return care_of()


@pytest.fixture
def staffed(care_of: Callable[..., Care], tmp_path: Path) -> Care:
    """A clinic with a staff list."""
    site = tmp_path / "clinical"
    site.mkdir()
    people = [("N", ["nurse", "therapist"]), ("P", ["prescriber"]), ("T", ["therapist"])]
    lines = [
        f'[staff.{name.lower()}]\nname = "{name}"\nroles = {roles!r}\npin = "{hash_pin(PIN)}"' for name, roles in people
    ]
    (site / "staff.toml").write_text("version = 1\n" + "\n".join(lines).replace("'", '"'))
    return care_of(site)


# -- a session that is only recorded -----------------------------------------------------------------------------------


def test_a_bare_session_stays_as_simple_as_it_was(care: Care) -> None:
    assert care.window.view.footer.person == ""
    assert not care.window.view.sedation.isVisibleTo(care.window)
    care.press("F")
    assert isinstance(care.feed.sent[-1], cm.Phase)
    assert care.sheet is None
    care.press("D")
    assert isinstance(care.sheet, DoseSheet)


def test_the_short_dose_form_keeps_what_was_typed_when_it_is_refused(care: Care) -> None:
    care.press("D")
    sheet = care.sheet
    assert isinstance(sheet, DoseSheet)
    sheet.amount.setText("4")
    next(one for one in sheet.routes.buttons() if one.text() == "IM").setChecked(True)
    care.enter()
    assert "below 5 mg" in sheet.wrong.text()
    assert care.sheet is sheet
    assert sheet.amount.text() == "4"
    sheet.amount.setText("40")
    care.enter()
    assert care.sheet is None
    assert [dose.amount_mg for dose in care.care.doses] == [40.0]


# -- visit, gates, phases ----------------------------------------------------------------------------------------------


def test_the_kind_of_visit_is_named_by_keys_and_its_phases_stand_above(care: Care) -> None:
    care.do(ws.TakeRole("N", "nurse"))
    care.press("J", "1")
    assert [row.text for row in care.rows.model.rows][:2] == ["Dosing session", "Integration visit"]
    care.press("2")
    assert care.care.visit.visit == "integration"
    assert care.rows.accessibleName() == "The session", "back where it was opened"
    care.press(Qt.Key.Key_Escape)
    assert care.sheet is None
    care.window.poll()
    assert tuple(care.window.view.header.phases) == ("prepare", "integrate", "recover", "follow-up")
    assert "integration visit" in care.window.view.header.spoken(care.feed.moment())


def test_f_shows_what_is_missing_and_enters_when_it_is_there(care: Care) -> None:
    care.do(ws.TakeRole("N", "nurse"), ws.OpenVisit("integration"), ws.EnterPhase("prepare"))
    care.press("F")
    assert care.rows.model.rows[0].spoken == "missing"
    assert "no consent on file" in care.rows.model.rows[0].details
    assert care.feed.sent == [], "a gate that is closed is not knocked at"
    care.press("F")
    assert "1 missing: Consent on file" in care.rows.wrong.text()
    care.enter()
    care.type(form="KAP consent", version="3")
    care.enter()
    assert care.care.consent.form == "KAP consent"
    assert care.rows.model.rows[0].spoken == "met", "back at the gate, with what was found"
    care.press("F")
    assert care.care.phase == "integrate"
    assert care.sheet is None


def test_passing_over_an_item_takes_the_right_role_and_a_reason_and_loses_no_words(care: Care) -> None:
    care.do(ws.TakeRole("N", "nurse"), ws.OpenVisit("integration"), ws.EnterPhase("prepare"))
    care.press("F", "O")
    care.enter()
    assert "needs a reason" in care.form.wrong.text()
    care.type(reason="form is in the post")
    care.enter()
    assert "may be passed over by prescriber" in care.form.wrong.text()
    assert care.form.edits["reason"].text() == "form is in the post"
    care.role("prescriber", "P")
    care.enter()
    (over,) = care.bodies(ce.GateOverridden)
    assert (over.person, over.role, over.reason) == ("P", "prescriber", "form is in the post")
    assert care.rows.model.rows[0].spoken == "passed over"
    care.press("F")
    assert care.care.phase == "integrate"


def test_phases_go_back_and_forth_by_digit(care: Care) -> None:
    care.ready()
    care.dosed()
    care.do(ws.EnterPhase("inward"), ws.EnterPhase("emerge"))
    care.press("J", "H")
    row = next(row for row in care.rows.model.rows if row.id == "inward")
    care.press(row.key)
    assert care.care.phase == "inward"
    care.press("J", "H")
    row = next(row for row in care.rows.model.rows if row.id == "integrate")
    assert "Oriented to person" in row.details
    care.press(row.key)
    assert care.rows.accessibleName() == "Before Integrate"
    assert care.care.phase == "inward"


def test_screening_is_answered_with_y_and_n_and_goes_on_by_itself(care: Care) -> None:
    care.do(ws.TakeRole("N", "nurse"), ws.OpenVisit("dosing"))
    care.press("J", "3")
    names = [row.id for row in care.rows.model.rows]
    care.press("N", "Y")
    assert {name: held.answer for name, held in care.care.screening.items()} == {names[0]: "no", names[1]: "yes"}
    assert care.rows.current().id == names[2]
    assert "contraindication" in care.rows.model.rows[1].details


def test_every_item_of_every_gate_and_every_line_of_the_menu_opens_its_form(care: Care) -> None:
    care.ready()
    care.dosed(infuse_over_min=40.0)
    moment = care.feed.moment()
    names = [row.id for row in menu_page(care.site, moment, PLACE).rows if row.id != "lock"]
    names += [name for name, item in care.site.data.visits.items.items() if item.check not in ("stay", "no-high")]
    for name in names:
        care.window.close_sheet()
        care.window.care.open_item(name)
        assert care.sheet is not None, name
        assert care.sheet.accessibleName(), name


# -- forms -------------------------------------------------------------------------------------------------------------


def test_a_refusal_is_said_in_the_form_and_everything_typed_stays(care: Care) -> None:
    care.press("J", "6")
    care.type(weight="700", on="2026-03-01")
    care.enter()
    assert "700 kg is not plausible" in care.form.wrong.text()
    assert care.form.values() == {"weight": "700", "on": "2026-03-01"}
    care.type(weight="70,5")
    care.enter()
    assert care.care.weight.weight_kg == 70.5
    assert care.care.weight.measured_on == "2026-03-01"


def test_enter_twice_asks_once_and_without_an_answer_the_form_waits_and_says_so(care: Care) -> None:
    care.feed.answers = False
    care.press("J", "7")
    care.type(text="none known")
    care.enter()
    care.enter()
    assert care.feed.sent == [ws.RecordAllergies("none known")]
    for _ in range(LOOKS_BEFORE_SAYING):
        care.window.poll()
    assert care.form.wrong.text() == NO_ANSWER
    assert care.form.edits["text"].text() == "none known"
    care.feed.answers = True
    care.feed._take(care.feed.runner.on_command(cm.Command("1", "test", care.feed.sent[0])))
    care.window.poll()
    assert care.care.allergies.text == "none known"
    assert care.rows.accessibleName() == "The session"


def test_without_contact_a_form_says_so_and_stays(care: Care) -> None:
    care.press("J", "7")
    care.type(text="none known")
    care.feed.linked = False
    care.enter()
    assert "not reachable" in care.form.wrong.text()
    assert care.feed.sent == []


def test_the_intention_is_called_up_by_its_key(care: Care) -> None:
    care.press(Qt.Key.Key_F8)
    care.type(text="to meet it gently")
    care.enter()
    assert care.sheet is None
    care.press(Qt.Key.Key_F8)
    assert care.form.edits["text"].text() == "to meet it gently"


# -- the dose ----------------------------------------------------------------------------------------------------------


def test_the_full_dose_form_checks_while_it_is_typed(care: Care) -> None:
    care.ready()
    at_us = care.feed.clock.now_us()
    care.press("D")
    sheet = care.form
    assert isinstance(sheet, FullDoseSheet)
    care.wait(20)
    care.type(amount="60")
    assert sheet.says.text() == "60 mg = 0.86 mg/kg", "before anything else is chosen"
    sheet.choose("drug", "ketamine")
    care.type(per_kg="0,5")
    assert "60 mg is not 0.5 mg/kg: at 70 kg that is 35.0 mg" in sheet.says.text()
    care.enter()
    assert "is not 0.5 mg/kg" in sheet.wrong.text()
    assert not care.care.doses
    care.type(per_kg="", concentration="50", lot="A12", expiry="2027-01-31", site="left deltoid", witness="T")
    care.enter()
    assert care.sheet is None
    (record,) = care.bodies(ce.DoseRecorded)
    assert (record.at_us, record.route, record.lot, record.given_by, record.witness) == (at_us, "im", "A12", "N", "T")


def test_a_dose_with_something_missing_is_recorded_with_the_reason(care: Care) -> None:
    care.ready()
    care.press("D")
    sheet = care.form
    sheet.choose("drug", "ketamine")
    care.type(amount="60")
    care.enter()
    assert "missing: the concentration as drawn, the lot" in sheet.wrong.text()
    assert sheet.focusWidget() is sheet.edits["exception"]
    care.type(exception="given in a hurry, lot follows")
    care.enter()
    (record,) = care.bodies(ce.DoseRecorded)
    assert record.exception.startswith("given in a hurry, lot follows")


def test_an_unusual_amount_is_looked_at_again_and_another_number_is_another_look(care: Care) -> None:
    care.ready()
    care.press("D")
    sheet = care.form
    sheet.choose("drug", "ketamine")
    care.type(amount="120", concentration="50", lot="A", expiry="2027-01-31", site="left", witness="T")
    care.enter()
    assert "Enter once more records it" in sheet.wrong.text()
    care.type(amount="125")
    care.enter()
    assert "Enter once more" in sheet.wrong.text(), "what was looked at was another amount"
    assert not care.care.doses
    care.enter()
    (record,) = care.bodies(ce.DoseRecorded)
    assert record.amount_mg == 125
    assert record.confirmed


def test_an_infusion_counts_down_and_is_paused_and_stopped_by_keys(care: Care) -> None:
    care.ready("iv")
    care.do(
        ws.RecordDose(
            "ketamine",
            "iv",
            35.0,
            concentration_mg_ml=10.0,
            lot="L",
            expiry="2027-01-31",
            witness="T",
            infuse_over_min=40.0,
        )
    )
    care.wait(600)
    care.press("J", "D")
    assert "8.8 of 35 mg · 0:30:00 to go" in care.rows.note.text()
    assert "40 min after the start" in care.rows.note.text()
    care.press("1")
    care.enter()
    assert care.bodies(ce.InfusionChanged)[-1].what == "paused"
    care.press("3")
    care.type(given="9")
    care.enter()
    last = care.bodies(ce.InfusionChanged)[-1]
    assert (last.what, last.given_mg, last.read) == ("stopped", 9.0, True)


# -- people and the lock -----------------------------------------------------------------------------------------------


def test_a_role_is_taken_with_the_pin_which_is_shown_and_kept_nowhere(staffed: Care) -> None:
    care = staffed
    assert care.window.view.footer.person == "no role taken · F4"
    care.press(Qt.Key.Key_F4)
    care.form.choose("person", "N")
    care.form.groups["role"].button(0).setFocus()
    care.press("2")
    assert care.form.values()["role"] == "nurse"
    pin = care.form.edits["pin"]
    care.type(pin=WRONG_PIN)
    assert WRONG_PIN not in pin.displayText()
    care.enter()
    assert "PIN is wrong" in care.form.wrong.text()
    assert pin.text() == ""
    assert care.form.values()["role"] == "nurse", "everything else stays"
    care.type(pin=PIN)
    care.enter()
    assert care.care.acting[PLACE].verified
    care.window.poll()
    assert care.window.view.footer.person == "N · nurse"
    assert care.window.desk.role == "nurse"
    said = repr(care.feed.timeline.events) + care.window.view.footer.spoken(care.feed.moment())
    assert PIN not in said
    assert WRONG_PIN not in said


def test_the_lock_leaves_alarms_notes_stops_and_the_emergency_page_and_leads_on_after_the_pin(staffed: Care) -> None:
    care = staffed
    care.role("nurse")
    care.press(Qt.Key.Key_F11)
    assert care.window.care.locked
    care.window.poll()
    assert care.window.view.footer.person == "locked · F11 unlocks"
    care.press("N")
    assert isinstance(care.sheet, NoteSheet)
    care.press(Qt.Key.Key_Escape, "S", "4", "G")
    assert isinstance(care.sheet, EmergencySheet)
    assert [type(wish) for wish in care.feed.sent[-3:]] == [cm.Note, cm.CuffStop, cm.Mark]
    assert not care.bodies(ev.CommandRefused)[:1] or "locked" not in care.bodies(ev.CommandRefused)[-1].reason
    care.press("G", "D")
    assert care.form.accessibleName() == "This station is locked"
    assert care.window.view.spo2.isVisibleTo(care.window)
    care.type(pin=PIN)
    care.enter()
    assert not care.window.care.locked
    assert isinstance(care.sheet, FullDoseSheet), "what was wanted is done now"


def test_it_locks_by_itself_without_a_key_and_not_while_somebody_types(staffed: Care) -> None:
    care = staffed
    care.role("nurse")
    care.wait(200)
    care.press("T", "T")
    care.wait(299)
    assert "locks in 1 s" in care.window.view.footer.person
    care.wait(2)
    assert care.window.care.locked
    assert care.bodies(ce.StationLocked)[-1].why == "300 s without a key"
    assert len(care.bodies(ce.StationLocked)) == 1


def test_without_a_staff_list_nothing_locks_by_itself(care: Care) -> None:
    care.role("nurse")
    care.wait(5000)
    assert not care.window.care.locked


def test_a_signature_asks_for_the_pin_again(staffed: Care) -> None:
    care = staffed
    care.role("nurse")
    care.press("J", "S")
    care.enter()
    assert "PIN is needed" in care.form.wrong.text()
    care.type(pin=PIN)
    care.enter()
    (signed,) = care.bodies(ce.SignedOff)
    assert (signed.what, signed.person, signed.verified) == ("session", "N", True)


# -- marks and checks --------------------------------------------------------------------------------------------------


def test_marks_have_the_clinics_words_and_ask_for_more_where_it_says_so(care: Care) -> None:
    care.window.act("marks")
    assert isinstance(care.sheet, MarksSheet)
    names = {one.accessibleName() for one in care.sheet.findChildren(QAbstractButton)}
    assert "Mark 6: touch, per consent" in names
    at_us = care.feed.clock.now_us()
    care.press("1")
    assert care.feed.sent == [cm.Mark("1", at_us=at_us)]
    assert "mark 1: crying" in care.quiet()
    care.press("7")
    assert isinstance(care.sheet, NoteSheet)
    care.sheet.words.setText("it is warm")
    care.enter()
    assert care.feed.sent[-1] == cm.Note("said something: it is warm", at_us=at_us)
    assert care.sheet is None


def test_sedation_by_its_digit_answers_the_prompt_and_what_was_kept_is_not_kept_twice(care: Care) -> None:
    care.ready()
    care.dosed()
    care.wait(240, beat=True)
    tile = care.window.view.sedation
    assert tile.isVisibleTo(care.window)
    assert "whispered name due since" in tile.spoken(care.feed.moment())
    care.press("O")
    assert "Whisper the name" in care.form.note.text()
    care.press("4")
    assert care.form.values()["score"] == "4"
    care.type(resp="400")
    care.enter()
    assert "400 /min is not plausible" in care.form.wrong.text()
    care.type(resp="14")
    care.enter()
    assert care.sheet is None
    assert [held.score for held in care.care.sedation] == [5, 4], "once, though it was asked for twice"
    assert care.care.entered[-1].resp_rate == 14
    assert "4 · slow to name" in tile.spoken(care.feed.moment())
    assert not care.care.prompts


def test_orientation_needs_all_three_answers(care: Care) -> None:
    care.press("J", "R")
    for name in ("person", "place"):
        care.form.choose(name, "yes")
    care.form.keep()
    assert "time: known or not?" in care.form.wrong.text()
    care.form.choose("time", "no")
    care.form.keep()
    (asked,) = care.bodies(ce.OrientationAsked)
    assert (asked.person, asked.place, asked.time) == (True, True, False)


def test_a_side_effect_is_chosen_graded_and_listed_as_lasting(care: Care) -> None:
    care.press("/")
    care.rows.select("nausea")
    care.enter()
    care.press("2")
    care.type(action="fresh air")
    care.enter()
    (graded,) = care.bodies(ce.SideEffectGraded)
    assert (graded.effect, graded.grade, graded.action) == ("nausea", 2, "fresh air")
    assert care.rows.model.rows[0].text == "nausea"
    assert "1 lasting" in care.rows.note.text()


def test_vitals_by_hand_stand_where_they_were_measured(care: Care) -> None:
    care.wait(300)
    at_us = care.feed.clock.now_us()
    care.press("J", "V")
    care.type(sys_mmhg="120", dia_mmhg="75", ago="2")
    care.enter()
    (taken,) = care.bodies(ce.VitalsEntered)
    assert (taken.sys_mmhg, taken.dia_mmhg, taken.at_us) == (120.0, 75.0, at_us - 120_000_000)


def test_a_recovery_score_with_an_item_that_does_not_apply_has_no_total(care: Care) -> None:
    care.press("J", "T")
    for field in care.form.fields:
        care.form.choose(field.name, "2")
    assert "10 of 10" in care.form.says.text()
    care.form.choose(care.form.fields[0].name, "na")
    assert "no total" in care.form.says.text()
    care.form.keep()
    (scored,) = care.bodies(ce.RecoveryScored)
    assert scored.total is None


def test_cuff_readings_are_armed_moved_and_skipped_and_the_tile_counts_down(care: Care) -> None:
    care.ready()
    care.dosed()
    tile = care.window.view.next_cuff
    assert "in 4:00" in tile.spoken(care.feed.moment())
    assert "C takes it" in tile.spoken(care.feed.moment())
    care.press("J", "C", "R")
    assert "armed by N" in care.rows.note.text() or care.care.schedule.armed
    assert "starts by itself" in tile.spoken(care.feed.moment())
    care.rows.select("10 min")
    care.enter()
    care.press("1")
    care.type(by="2")
    care.enter()
    assert care.bodies(ce.ReadingMoved)[-1].slot == "10 min"
    care.rows.select("20 min")
    care.enter()
    care.form.choose("what", "skip")
    care.form.keep()
    assert care.bodies(ce.ReadingSkipped)[-1].slot == "20 min"
    care.press("R")
    assert not care.care.schedule.armed


# -- questionnaires ----------------------------------------------------------------------------------------------------


def test_a_questionnaire_is_answered_by_digits_and_leads_to_the_safety_prompt_that_comes_back(care: Care) -> None:
    care.do(ws.TakeRole("T", "therapist"))
    care.press(Qt.Key.Key_F7)
    care.rows.select("phq-9")
    care.enter()
    sheet = care.sheet
    assert isinstance(sheet, ItemSheet)
    assert sheet.question.text() == "Little interest or pleasure in doing things"
    care.press("1", "2", Qt.Key.Key_Left)
    assert sheet.place.text() == "2 of 9"
    care.press(*"01110111")
    assert "All answered" in sheet.question.text()
    care.enter()
    (taken,) = care.bodies(ie.InstrumentTaken)
    assert taken.answers == (1, 0, 1, 1, 1, 0, 1, 1, 1)
    assert taken.total == 7
    care.window.close_sheet()
    care.window.poll()
    assert care.form.accessibleName() == "Safety: ask now"
    care.press(Qt.Key.Key_Escape)
    care.window.poll()
    assert care.sheet is None, "put aside for a minute"
    care.wait(61)
    assert care.form.accessibleName() == "Safety: ask now"
    care.press("2")
    care.enter()
    (answered,) = care.bodies(ie.SafetyAnswered)
    assert (answered.action, answered.role) == ("asked; prescriber informed", "therapist")
    care.wait(120)
    assert care.sheet is None


def test_an_item_left_out_is_said_and_not_made_up_for(care: Care) -> None:
    care.press(Qt.Key.Key_F7)
    care.rows.select("gad-7")
    care.enter()
    care.press(Qt.Key.Key_Right, *"111111")
    assert "left out: 1" in care.sheet.question.text()
    care.enter()
    (taken,) = care.bodies(ie.InstrumentTaken)
    assert taken.total is None
    assert taken.missing == (1,)


def test_questionnaires_are_closed_from_the_dose_but_a_form_of_another_day_is_typed_in(care: Care) -> None:
    care.ready()
    care.dosed()
    care.press(Qt.Key.Key_F7)
    care.rows.select("phq-9")
    care.enter()
    assert "closed from the dose to discharge" in care.rows.wrong.text()
    care.press("D", *"000000000")
    assert isinstance(care.sheet, ItemSheet)
    care.sheet.date.setText("2026-03-01")
    care.enter()
    (taken,) = care.bodies(ie.InstrumentTaken)
    assert taken.answered_on == "2026-03-01"


def test_a_score_is_entered_where_the_text_may_not_be_shipped_and_stays_when_refused(care: Care) -> None:
    care.press(Qt.Key.Key_F7)
    care.rows.select("caps-5")
    care.enter()
    care.type(total="99")
    care.enter()
    assert "0 to 80" in care.form.wrong.text()
    assert care.form.edits["total"].text() == "99"
    care.type(total="34")
    care.enter()
    assert care.bodies(ie.InstrumentTaken)[0].total == 34


def test_a_course_is_chosen(care: Care) -> None:
    care.press("J", "U")
    care.rows.select("montreal")
    care.enter()
    assert care.feed.moment().state.course == "montreal"


# -- discharge and emergency -------------------------------------------------------------------------------------------


def test_the_discharge_shows_evidence_asks_for_the_escort_and_is_signed(care: Care) -> None:
    care.ready()
    care.dosed()
    care.do(ws.EnterPhase("inward"), ws.EnterPhase("emerge"))
    care.press(Qt.Key.Key_F12)
    assert "min to go" in next(row.details for row in care.rows.model.rows if "minimum-stay" in row.id)
    care.press("F")
    assert "missing: Shortest stay" in care.rows.wrong.text()
    care.press(Qt.Key.Key_Escape)
    care.wait(125 * 60)
    for sys_mmhg in (124, 121):
        care.wait(16 * 60)
        care.feed.cuff(sys_mmhg, 76)
    care.wait(1)
    care.do(ws.ScoreSedation(5), ws.AskOrientation(True, True, True), ws.GradeEffect("nausea", 0))
    care.do(ws.Tick("suicidality-asked", "no concern"), ws.Tick("instructions-given"), ws.Tick("contact-number"))
    care.press(Qt.Key.Key_F12)
    care.rows.select("discharge/steady-gait")
    care.enter()
    care.form.choose("answer", "yes")
    care.form.keep()
    care.rows.select("discharge/ride-seen")
    care.enter()
    care.form.choose("answer", "yes")
    care.form.keep()
    assert "name of the person" in care.form.wrong.text()
    care.type(text="Sam")
    care.enter()
    missing = [row.text for row in care.rows.model.rows if row.spoken == "missing"]
    assert missing == []
    care.press("F")
    assert care.form.edits["escort"].text() == "Sam"
    care.enter()
    (done,) = care.bodies(ce.Discharged)
    assert done.escort == "Sam"
    assert any("121/76" in found for _, found in done.items)
    assert "discharged by N" in care.rows.note.text()


def test_the_emergency_page_in_one_key_with_everything_and_away_again(care: Care) -> None:
    care.ready()
    care.do(ws.RecordAllergies("penicillin"))
    care.dosed()
    care.press("G")
    sheet = care.sheet
    assert isinstance(sheet, EmergencySheet)
    facts = dict(sheet.shown)
    assert "ketamine 60 mg IM (0.86 mg/kg)" in facts["Given"][0]
    assert "122/76 mmHg" in facts["Last readings"][0]
    assert facts["Weight"][0].startswith("70 kg")
    assert facts["Allergies"] == ("penicillin",)
    assert any("Sam: 555 1" in line for line in facts["Call"])
    assert sheet.clock.text() == "T+ 0:01:00"
    care.wait(1)
    assert sheet.clock.text() == "T+ 0:01:01", "it lives"
    for part in (care.window.view.strip, care.window.view.spo2, care.window.view.nibp):
        assert not sheet.geometry().intersects(part.geometry())
    care.press("G")
    assert care.sheet is None


def test_without_a_printer_the_emergency_page_is_kept_as_a_pdf(
    care: Care, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emergencypage, "default_printer", lambda: None)
    care.press("G")
    care.enter()
    (paper,) = (tmp_path / "papers").iterdir()
    assert paper.read_bytes().startswith(b"%PDF")
    assert paper.name in care.sheet.wrong.text()
    assert care.sheet is not None, "the page stays"


# -- all of them -------------------------------------------------------------------------------------------------------


def test_every_form_fits_is_named_and_can_be_touched(care: Care) -> None:
    care.ready()
    care.dosed()
    nine_mm = 9 / 25.4 * care.window.logicalDpiY()
    names = [row.id for row in menu_page(care.site, care.feed.moment(), PLACE).rows if row.id != "lock"]
    for size in ((960, 600), (1280, 800), (2560, 1600)):
        care.window.resize(*size)
        for name in (*names, "effect:chest-pain", "fasting", "alarm-test", "limits", "pre-dose-signed"):
            care.window.care.open_item(name)
            sheet = care.sheet
            care.window.view.sheet.ensurePolished()
            assert sheet.minimumSizeHint().height() <= sheet.height(), (name, size)
            for part in (care.window.view.strip, care.window.view.spo2, care.window.view.keys):
                assert not sheet.geometry().intersects(part.geometry()), (name, size)
            for widget in sheet.findChildren(QWidget):
                if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
                    assert widget.accessibleName(), (name, widget)
                if isinstance(widget, QAbstractButton | QLineEdit) and widget.isVisible():
                    assert widget.height() >= nine_mm - 1, (name, widget.accessibleName(), size)
            care.window.close_sheet()


def test_every_key_of_the_session_stands_in_the_list_of_keys(care: Care) -> None:
    keys = {action.key for action in (*ACTIONS, *MORE_KEYS)}
    assert {"G", "O", "J", "/", "F4", "F7", "F8", "F11", "F12"} <= keys
    own = [row.key for row in menu_page(care.site, care.feed.moment(), PLACE).rows]
    assert len(own) == len(set(own))
    assert not {"A", "P", ""} & set(own), "A and P are the alarms' everywhere"
