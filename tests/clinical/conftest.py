"""A visit by hand: people, devices and time, everything folded as the log would hold it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.clinical import events as ce
from kapconsole.clinical import view
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import ClinicalData, load
from kapconsole.clinical.engine import ClinicalEngine
from kapconsole.clinical.vitals import Vitals
from kapdevices.readings import Quality

MIN = 60_000_000
UTC_ORIGIN_US = 1_772_700_000_000_000  # 2026-03-05T08:40 UTC
TODAY = "2026-03-05"


class VisitByHand:
    """One session. `log` holds every event in order."""

    def __init__(self, data: ClinicalData | None = None) -> None:
        self.data = data or load()
        self.engine = ClinicalEngine(self.data)
        self.care = view.EMPTY
        self.now_us = 0
        self.log: list[ev.Event] = []
        self.boundaries: Sequence[int] = ()
        self.vitals = Vitals(0, 98.0, 70.0, 14.0)
        self.record(ev.SessionStarted("id", "", "0", "boot", 0, UTC_ORIGIN_US, 1.0, "UTC+0000"))

    def record(self, body: Any, actor: str = "monitor") -> None:
        event = ev.Event(len(self.log) + 1, self.now_us, UTC_ORIGIN_US + self.now_us, actor, body)
        self.log.append(event)
        self.care = view.fold(self.care, event)

    def do(self, wish: ws.ClinicalWish, station: str = "console") -> list[Any]:
        bodies = self.engine.wish(wish, self.care, self.now_us, station, self.vitals)
        for body in bodies:
            self.record(body, "person")
        return list(bodies)

    def tick(self) -> list[Any]:
        bodies = self.engine.tick(self.care, self.now_us, self.vitals, self.boundaries)
        for body in bodies:
            self.record(body, "schedule")
        return list(bodies)

    def wait(self, minutes: float, step_s: float = 5.0) -> list[Any]:
        """Time goes by in ticks; gives what came of them."""
        found: list[Any] = []
        end_us = self.now_us + round(minutes * MIN)
        while self.now_us < end_us:
            self.now_us = min(end_us, self.now_us + round(step_s * 1e6))
            found += self.tick()
        return found

    def cuff(self, sys: float = 120, dia: float = 75, quality: Quality = Quality.GOOD) -> None:
        self.record(ev.NibpMeasured(2, sys, dia, None, 70.0, quality, ""))

    def be(self, person: str, role: str, pin: str = "", station: str = "console") -> None:
        self.do(ws.TakeRole(person, role, pin), station)

    def prepare(self, route: str = "im") -> None:
        """Everything that a dosing session asks for before the dose; ends in the phase Dose, ready to give it."""
        self.be("T", "therapist")
        self.do(ws.OpenVisit("dosing"))
        for item, question in self.data.screening.screening.items():
            answer = "yes" if question.flag == "no" else "no"
            self.do(ws.AnswerScreening(item, answer))
        self.be("P", "prescriber")
        self.do(ws.ClearPatient("2026-04-01"))
        self.be("N", "nurse")
        self.do(ws.RecordConsent("consent form", "3"))
        self.do(ws.EnterPhase("prepare"))
        self.do(ws.SetIntention("to meet it gently"))
        self.do(ws.Tick("expectations"))
        self.do(ws.Tick("touch-consent", "no"))
        self.do(ws.RecordContact("support", "Sam", "0123 456"))
        self.do(ws.RecordContact("ride", "Sam", "0123 456"))
        self.do(ws.EnterPhase("pre-dose"))
        self.do(ws.RecordWeight(70))
        self.do(ws.RecordAllergies("none known"))
        self.do(ws.PlanRoute(route))
        self.do(ws.Tick("fasting", "yes", "6 h and 3 h"))
        self.do(ws.Tick("medicines"))
        self.cuff(118, 74)
        self.now_us += 3 * MIN
        self.cuff(122, 76)
        self.do(ws.ScoreSedation(5))
        self.do(ws.ConfirmTest("alarm-sound", True))
        self.do(ws.ConfirmTest("audio-roles", True))
        self.record(al.PresetLoaded("standard", 1, "", "", {"bp.caution_sys": 160.0, "bp.caution_dia": 100.0}, {}, 0))
        self.do(ws.ConfirmLimits())
        self.do(ws.SignOff("pre-dose"))
        self.do(ws.EnterPhase("dose"))

    def dose(self, **changes: Any) -> list[Any]:
        """A dose record that lacks nothing; `changes` are its fields."""
        route = changes.get("route", self.care.route or "im")
        fields: dict[str, Any] = {
            "drug": "ketamine",
            "route": route,
            "amount_mg": 60.0 if route == "im" else 35.0,
            "concentration_mg_ml": 50.0,
            "lot": "L1",
            "expiry": "2027-01-31",
            "site": "left deltoid",
            "witness": "T",
        }
        return self.do(ws.RecordDose(**{**fields, **changes}))

    def bodies(self, kind: type) -> list[Any]:
        return [event.body for event in self.log if isinstance(event.body, kind)]


@pytest.fixture
def new_visit() -> Callable[..., VisitByHand]:
    return VisitByHand


@pytest.fixture
def visit() -> VisitByHand:
    return VisitByHand()


@pytest.fixture
def dosed() -> VisitByHand:
    """A visit with 60 mg IM at its t0, in the phase Onset."""
    made = VisitByHand()
    made.prepare()
    made.dose()
    made.do(ws.EnterPhase("onset"))
    assert made.bodies(ce.DoseRecorded)
    return made
