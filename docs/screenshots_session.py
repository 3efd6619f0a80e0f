"""Draws the pictures of the therapist's guide: `python docs/screenshots_session.py [FOLDER [WIDTH HEIGHT]]`."""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["TZ"] = "UTC"
if hasattr(time, "tzset"):
    time.tzset()

from PySide6.QtWidgets import QApplication

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.presets import load_preset
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import load
from kapconsole.clinical.engine import ClinicalEngine
from kapconsole.clinical.instruments.wishes import TakeInstrument
from kapconsole.clinical.staffing import hash_pin
from kapconsole.clock import FakeClock
from kapconsole.console.carerows import RowsSheet
from kapconsole.console.caresite import CareSite
from kapconsole.console.instrumentsheet import ItemSheet
from kapconsole.console.moment import Moment
from kapconsole.console.window import ConsoleWindow
from kapconsole.session.parts import packaged
from kapconsole.session.runner import DeviceEntry, Outcome, Runner
from kapconsole.session.timeline import Timeline
from kapconsole.wire import BytesSeen, CaptureStatus, CaptureWanted, LogStatus, WatchBytes
from kapdevices.readings import Metric, Quality

OXIMETER, CUFF = 1, 2
UTC_ORIGIN_US = 1_772_716_200_000_000
PIN = "2580"
STAFF = f"""version = 1
[staff.kim]
name = "K. Therapist"
roles = ["therapist"]
pin = "{hash_pin(PIN)}"
[staff.noa]
name = "N. Nurse"
roles = ["nurse", "therapist"]
pin = "{hash_pin(PIN)}"
[staff.pat]
name = "P. Prescriber"
roles = ["prescriber"]
pin = "{hash_pin(PIN)}"
"""


class VisitFeed:
    """A session by hand: the real runner with a clinic's data, a clock that is turned, rehearsed numbers."""

    def __init__(self, site: Path) -> None:
        self.clock = FakeClock(utc_origin_us=UTC_ORIGIN_US)
        self.timeline = Timeline()
        self.engine = AlarmEngine(load_preset())
        self.log_status = LogStatus(1_900_000, 0, True)
        self.refused: list[str] = []
        entries = [DeviceEntry(OXIMETER, "nonin", "p1", False), DeviceEntry(CUFF, "suntech", "p2", True)]
        parts = packaged(self.clock)
        parts._clinical = ClinicalEngine(load(site))
        self.runner = Runner(self.clock, entries, alarms=self.engine, parts=parts)
        self.fact(ev.SessionStarted("id", "K-0142", "0", "boot", 0, UTC_ORIGIN_US, 1.0, "UTC+0000"))
        self.fact(ev.ProcessState("annunciator", "running", ""))
        self.fact(ev.DeviceState(OXIMETER, "nonin", "p1", "FT232R", "connected", "connected"))
        self.fact(ev.DeviceState(CUFF, "suntech", "p2", "CP2102", "connected", "connected"))

    def poll(self) -> bool:
        return True

    def moment(self) -> Moment:
        now_us = self.clock.now_us()
        status = self.engine.status(now_us)
        return Moment(self.timeline.state, self.timeline, now_us, UTC_ORIGIN_US, alarms=status, alarms_age_s=0.2)

    def send(self, body: cm.CommandBody) -> None:
        outcome = self.runner.on_command(cm.Command("1", "console", body))
        if outcome.answer is not None and not outcome.answer[1]:
            self.refused.append(outcome.answer[2])
        self._take(outcome)

    def do(self, *wishes: cm.CommandBody) -> None:
        """What people did; none of it may be refused."""
        for wish in wishes:
            self.send(wish)
            assert not self.refused, (wish, self.refused)

    def tell(self, message: WatchBytes | CaptureWanted) -> None:
        pass

    def heard(self) -> list[BytesSeen | CaptureStatus]:
        return []

    def fact(self, body: ev.Body) -> None:
        self._take(self.runner.note_fact(body))

    def cuff(self, sys_mmhg: float, dia_mmhg: float) -> None:
        mean = round(dia_mmhg + (sys_mmhg - dia_mmhg) / 3)
        self.fact(ev.NibpMeasured(CUFF, sys_mmhg, dia_mmhg, mean, 78.0, Quality.GOOD, ""))

    def wait(self, minutes: float) -> None:
        """Time passes, numbers come in, what is due by time happens."""
        for _ in range(round(minutes * 12)):
            self.clock.advance(5)
            now_us = self.clock.now_us()
            self.log_status = LogStatus(1_900_000, now_us - 500_000, True)
            t_min = now_us / 60e6
            spo2 = 98 + round(math.sin(t_min * 1.7) * 0.8)
            pulse = 68 + round(8 * math.exp(-(((t_min - 40) / 15) ** 2)) + math.sin(t_min * 3))
            for metric, value in ((Metric.SPO2, spo2), (Metric.PULSE_RATE, pulse)):
                item = ev.Measurement(now_us, OXIMETER, metric, float(value), Quality.GOOD)
                self._take(self.runner._outcome([item]))
            for outcome in self.runner.tick(UTC_ORIGIN_US + now_us):
                self._take(outcome)

    def _take(self, outcome: Outcome) -> None:
        for item in outcome.items:
            self.timeline.add(item)


def role(person: str, name: str) -> ws.TakeRole:
    """A person takes a role with the PIN."""
    return ws.TakeRole(person, name, PIN)


def screened(feed: VisitFeed, site: CareSite) -> None:
    """Screening, clearance and consent, as of another day."""
    feed.do(role("N. Nurse", "nurse"), ws.OpenVisit("dosing"))
    for name, question in site.data.screening.screening.items():
        answer = "yes" if question.flag == "no" else "no"
        feed.do(ws.AnswerScreening(name, answer, author="Dr P.", answered_on="2026-03-03"))
    feed.do(role("P. Prescriber", "prescriber"), ws.ClearPatient("2026-04-01", author="Dr P."))
    feed.do(role("K. Therapist", "therapist"), role("N. Nurse", "nurse"))
    feed.do(ws.RecordConsent("KAP consent", "3", "2026-03-01"))


def prepared(feed: VisitFeed) -> None:
    """The preparation, up to the phase Pre-dose."""
    feed.do(ws.EnterPhase("prepare"), ws.SetIntention("to meet it gently"), ws.Tick("expectations"))
    feed.do(ws.Tick("touch-consent", "yes"), ws.RecordContact("support", "Sam Example", "555 0199"))
    feed.do(ws.RecordContact("ride", "Sam Example", "555 0199"), ws.EnterPhase("pre-dose"))


def checked(feed: VisitFeed) -> None:
    """The check before the dose, up to the phase Dose."""
    feed.do(ws.RecordWeight(75.0), ws.RecordAllergies("penicillin"), ws.PlanRoute("im"))
    feed.do(ws.Tick("fasting", "yes", "6 h and 3 h"), ws.Tick("medicines"))
    feed.cuff(118, 74)
    feed.wait(3)
    feed.cuff(120, 76)
    feed.do(ws.ScoreSedation(5, how="spoken name"), ws.EnterVitals(resp_rate=14))
    feed.do(ws.ConfirmTest("alarm-sound", True), ws.ConfirmTest("audio-roles", True), ws.ConfirmLimits())
    feed.do(ws.SignOff("pre-dose", PIN), ws.EnterPhase("dose"))


def dosed(feed: VisitFeed, minutes: float = 42.0, infusion: bool = False) -> None:
    """The dose, and the time after it."""
    over = 40.0 if infusion else None
    dose = ws.RecordDose("ketamine", "im", 60.0, None, 50.0, 1.2, "A1234", "2027-01-31", "left deltoid", "N. Nurse",
                         "K. Therapist", infuse_over_min=over)  # fmt: skip
    feed.do(dose, ws.EnterPhase("onset"))
    feed.wait(5)
    feed.cuff(128, 80)
    feed.do(ws.EnterPhase("inward"), cm.Mark("crying"), ws.ScoreSedation(4, how="whispered name"))
    feed.wait(6)
    feed.cuff(136, 84)
    feed.do(cm.Note("hand held, per consent"), ws.GradeEffect("nausea", 1))
    feed.wait(max(0.0, minutes - 11.0))


def back(feed: VisitFeed) -> None:
    """The way back, most of what the discharge asks for."""
    feed.do(ws.EnterPhase("emerge"), ws.ScoreSedation(5, how="spoken name"), ws.AskOrientation(True, True, True))
    feed.do(ws.Tick("integration-agreed"), ws.EnterPhase("integrate"))
    feed.wait(45)
    feed.cuff(124, 78)
    feed.wait(17)
    feed.cuff(121, 75)
    feed.do(ws.EnterPhase("recover"), ws.ScoreSedation(5), ws.AskOrientation(True, True, True))
    feed.do(ws.GradeEffect("nausea", 0), ws.Tick("suicidality-asked", "no concern"), ws.Tick("steady-gait"))


def main() -> None:
    """All pictures into the folder."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "screens"
    width, height = (int(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) > 3 else (1280, 800)
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])
    with TemporaryDirectory() as made:
        clinic = Path(made)
        (clinic / "staff.toml").write_text(STAFF)
        site = CareSite(clinic)

        def show(name: str, feed: VisitFeed, *acts: str, open_item: str = "", way: str = "", row: str = "") -> None:
            window = ConsoleWindow(feed, poll_ms=0, site=site, clock_us=lambda: 0)
            window.resize(width, height)
            window.show()
            for act in acts:
                window.act(act)
            if open_item:
                window.care.open_item(open_item)
            sheet = window.view.sheet
            if way and isinstance(sheet, RowsSheet):
                sheet.select(row)
                sheet.pressed.emit(way)
            window.poll()
            app.processEvents()
            window.grab()
            window.grab().save(str(folder / f"session-{name}.png"))
            window.leave()
            window.deleteLater()
            app.processEvents()

        feed = VisitFeed(clinic)
        feed.wait(1)
        show("begin", feed)
        show("role", feed, "role")
        feed.do(role("N. Nurse", "nurse"))
        show("visits", feed, open_item="visit")
        feed.do(ws.OpenVisit("dosing"))
        show("screening", feed, open_item="screened")
        show("menu", feed, "session")

        feed = VisitFeed(clinic)
        screened(feed, site)
        prepared(feed)
        feed.wait(2)
        feed.do(ws.RecordWeight(75.0))
        show("gate", feed, "phase")
        feed.do(role("P. Prescriber", "prescriber"))
        show("tick", feed, open_item="fasting")
        show("override", feed, "phase", way="over", row="dose/fasting")
        feed.do(role("N. Nurse", "nurse"))
        checked(feed)
        show("dose", feed, "dose")
        dosed(feed, 20.3)
        show("inward", feed)
        show("sedation", feed, "observe")
        show("orientation", feed, open_item="oriented")
        show("effects", feed, "effects")
        show("effect", feed, open_item="effect:chest-pain")
        show("schedule", feed, open_item="schedule")
        show("vitals", feed, open_item="vitals")
        show("marks", feed, "marks")
        show("phases", feed, open_item="phases")
        show("questionnaires-closed", feed, "questionnaires")
        show("intention", feed, "intention")
        show("emergency", feed, "emergency")
        feed.do(ws.Lock())
        show("locked", feed)
        show("unlock", feed, "lock")
        feed.do(ws.Unlock("N. Nurse", "nurse", PIN))
        feed.wait(20)
        back(feed)
        show("discharge", feed, "discharge")
        feed.do(ws.Tick("ride-seen", "yes", "Sam Example"), ws.Tick("instructions-given"), ws.Tick("contact-number"))
        show("leaving", feed, "discharge")
        feed.do(ws.EnterVitals(sys_mmhg=122, dia_mmhg=76))
        show("recovery", feed, open_item="recovery:aldrete")

        feed = VisitFeed(clinic)
        feed.do(role("K. Therapist", "therapist"), ws.OpenVisit("integration"))
        show("questionnaires", feed, "questionnaires")
        window_feed = feed
        window = ConsoleWindow(window_feed, poll_ms=0, site=site, clock_us=lambda: 0)
        window.resize(width, height)
        window.show()
        for name, opened in (("phq-9", "question"), ("caps-5", "score"), ("c-ssrs", "result")):
            window.act("questionnaires")
            window.view.sheet.chosen.emit(name)
            if isinstance(window.view.sheet, ItemSheet):
                window.view.sheet.answer(1)
                window.view.sheet.answer(2)
            window.grab()
            window.grab().save(str(folder / f"session-{opened}.png"))
            window.close_sheet()
        feed.do(TakeInstrument("phq-9", (1, 1, 2, 1, 0, 1, 1, 0, 1)))
        window.poll()
        window.grab()
        window.grab().save(str(folder / "session-safety.png"))
        window.leave()
        window.deleteLater()
        show("course", feed, open_item="course")
    app.processEvents()


if __name__ == "__main__":
    main()
