"""The dose ledger: units held against each other, what is missing, infusions, corrections, the one clock."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole import events as ev
from kapconsole.clinical import doses
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import load
from kapconsole.refusals import Refused

from .conftest import MIN, VisitByHand

DATA = load()


@pytest.fixture
def ready(visit: VisitByHand) -> VisitByHand:
    visit.prepare()
    return visit


def test_a_whole_record_stands_beside_the_clock(ready: VisitByHand) -> None:
    bodies = ready.dose(mg_per_kg=0.857)
    given, record = bodies[0], bodies[1]
    assert isinstance(given, ev.DoseGiven)
    assert (record.at_us, record.number) == (given.at_us, 1)
    assert record.mg_per_kg == pytest.approx(60 / 70, abs=1e-4)
    assert (record.weight_kg, record.weighed_on, record.given_by, record.witness) == (70, "2026-03-05", "N", "T")
    assert ready.care.doses[0].record == record


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mg_per_kg": 0.5}, "60 mg is not 0.5 mg/kg: at 70 kg that is 35.0 mg"),
        ({"volume_ml": 2.0}, "2 mL at 50 mg/mL are 100 mg, not 60 mg"),
        ({"amount_mg": 0.85}, "is it mg/kg, typed as mg"),
        ({"amount_mg": 301.0}, "above this site's stop of 300 mg"),
        ({"amount_mg": 220.0}, "above this site's stop of 3 mg/kg"),
        ({"drug": "esketamin"}, "is not recorded here"),
        ({"route": "mi"}, "no route 'mi'"),
        ({"waste_mg": -1.0}, "waste"),
        ({"amount_mg": float("nan")}, "no number"),
        ({"infuse_over_min": 0.0}, "more than 0"),
        ({"expiry": "31.01.2027"}, "is no date"),
        ({"at_us": 10**15}, "not within the session"),
    ],
)
def test_what_cannot_be_meant_is_refused_whatever_the_reason(
    ready: VisitByHand, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        ready.dose(**{"exception": "given already", "confirmed": True, **changes})
    assert ready.care.doses == ()


def test_two_per_cent_are_let_through_and_more_are_not(ready: VisitByHand) -> None:
    with pytest.raises(Refused, match="mg/kg"):
        ready.dose(mg_per_kg=60 / 70 * 1.021)
    ready.dose(mg_per_kg=60 / 70 * 1.019)


def test_an_undiluted_vial_is_not_recorded_for_iv(visit: VisitByHand) -> None:
    visit.prepare("iv")
    with pytest.raises(Refused, match="after dilution"):
        visit.dose(concentration_mg_ml=100.0)
    visit.dose(concentration_mg_ml=1.0, volume_ml=35.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lot": " "}, "missing: the lot"),
        ({"witness": ""}, "missing: a witness"),
        ({"witness": "n"}, "another person"),
        ({"expiry": "2026-03-04"}, "expired on 2026-03-04"),
        ({"waste_mg": 40.0}, "waste needs a witness"),
        ({"waste_mg": 40.0, "waste_witness": "N"}, "another person"),
    ],
)
def test_what_is_missing_is_refused_until_the_reason_is_given(
    ready: VisitByHand, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        ready.dose(**changes)
    ready.dose(**{**changes, "exception": "given in a hurry"})
    record = ready.care.doses[0].record
    assert record is not None
    assert record.exception.startswith("given in a hurry [")
    assert words.split(": ")[-1].split(" on ")[0] in record.exception


def test_a_dose_before_its_gate_is_in_the_record_with_what_was_missing(visit: VisitByHand) -> None:
    visit.be("N", "nurse")
    visit.do(ws.OpenVisit("dosing"))
    visit.do(ws.PlanRoute("im"))
    with pytest.raises(Refused, match="not in the phase Dose"):
        visit.dose()
    visit.dose(exception="began in the other room")
    record = visit.care.doses[0].record
    assert record is not None
    assert "no consent on file" in record.exception
    assert record.mg_per_kg is None


def test_an_unusual_amount_asks_for_a_second_look(ready: VisitByHand) -> None:
    with pytest.raises(Refused, match="look again and confirm"):
        ready.dose(amount_mg=120.0)
    ready.dose(amount_mg=120.0, confirmed=True)
    assert ready.care.doses[0].record.confirmed  # type: ignore[union-attr]


def test_a_second_dose_keeps_the_first_clock(ready: VisitByHand) -> None:
    ready.dose()
    t0_us = ready.now_us
    ready.now_us += 30 * MIN
    with pytest.raises(Refused, match="would move its clock"):
        ready.dose(amount_mg=20.0, at_us=t0_us - MIN)
    ready.dose(amount_mg=20.0)
    assert ready.care.t0_us == t0_us
    assert ready.care.last_dose_us == ready.now_us
    assert doses.total_mg(ready.care.doses, "ketamine") == 80


def test_the_same_dose_is_not_recorded_twice(ready: VisitByHand) -> None:
    ready.dose()
    with pytest.raises(Refused, match="recorded for that moment already"):
        ready.dose(at_us=ready.now_us)


def test_a_correction_leaves_the_first_entry_and_the_clock(ready: VisitByHand) -> None:
    ready.dose()
    at_us = ready.now_us
    ready.now_us += MIN
    with pytest.raises(Refused, match="reason"):
        ready.do(ws.CorrectDose(at_us, "amount_mg", "50", ""))
    with pytest.raises(Refused, match="no number"):
        ready.do(ws.CorrectDose(at_us, "amount_mg", "fifty", "slip"))
    ready.do(ws.CorrectDose(at_us, "amount_mg", "50", "read the wrong syringe"))
    ready.do(ws.CorrectDose(at_us, "lot", "L2", "read the wrong box"))
    dose = ready.care.doses[0]
    record = doses.corrected(dose)
    assert record is not None
    assert (record.amount_mg, record.lot) == (50, "L2")
    assert record.mg_per_kg == pytest.approx(50 / 70, abs=1e-4)
    assert dose.record is not None
    assert dose.record.amount_mg == 60
    assert ready.care.t0_us == at_us
    assert doses.total_mg(ready.care.doses, "ketamine") == 50


def infusing(visit: VisitByHand) -> VisitByHand:
    visit.prepare("iv")
    visit.dose(concentration_mg_ml=1.0, infuse_over_min=40.0)
    return visit


def test_an_infusion_counts_down_forty_minutes_and_asks_for_a_look(visit: VisitByHand) -> None:
    infusing(visit)
    shown = doses.infusion(visit.care.infusion, visit.now_us)
    assert shown is not None
    assert (shown.state, shown.left_s, shown.given_mg) == ("running", 2400, 0)
    found = visit.wait(39.9)
    assert not [body for body in found if isinstance(body, ce.PromptDue) and body.prompt == "infusion-end"]
    found = visit.wait(3)
    assert len([body for body in found if isinstance(body, ce.PromptDue) and body.prompt == "infusion-end"]) == 1
    shown = doses.infusion(visit.care.infusion, visit.now_us)
    assert shown is not None
    assert (shown.given_mg, shown.left_s) == (35, 0)
    (stopped,) = visit.do(ws.ChangeInfusion("stop", given_mg=34.5))
    assert (stopped.given_mg, stopped.read) == (34.5, True)
    assert "infusion-end" not in visit.care.prompts


def test_a_pause_stands_still_and_a_rate_goes_on_from_there(visit: VisitByHand) -> None:
    infusing(visit)
    visit.now_us += 10 * MIN
    visit.do(ws.ChangeInfusion("pause"))
    visit.now_us += 10 * MIN
    shown = doses.infusion(visit.care.infusion, visit.now_us)
    assert shown is not None
    assert (shown.state, shown.left_s) == ("paused", None)
    assert shown.given_mg == pytest.approx(8.75)
    with pytest.raises(Refused, match="paused"):
        visit.do(ws.ChangeInfusion("rate", rate_mg_min=1.0))
    visit.do(ws.ChangeInfusion("resume"))
    visit.now_us += 10 * MIN
    visit.do(ws.ChangeInfusion("rate", rate_mg_min=1.75))
    shown = doses.infusion(visit.care.infusion, visit.now_us)
    assert shown is not None
    assert shown.given_mg == pytest.approx(17.5)
    assert shown.left_s == pytest.approx(600)
    with pytest.raises(Refused, match="under way"):
        visit.dose(infuse_over_min=40.0)
    visit.do(ws.ChangeInfusion("stop"))
    with pytest.raises(Refused, match="no infusion"):
        visit.do(ws.ChangeInfusion("resume"))


@given(
    st.floats(0.2, 400),
    st.floats(30, 150),
    st.one_of(st.none(), st.floats(0.01, 5)),
    st.one_of(st.none(), st.tuples(st.floats(1, 60), st.floats(0.1, 20))),
)
def test_no_record_holds_two_amounts_that_differ(
    amount_mg: float, weight_kg: float, per_kg: float | None, drawn: tuple[float, float] | None
) -> None:
    """Whatever is typed: what is let through agrees with itself and lies within the site's stops."""
    wish = ws.RecordDose("ketamine", "im", amount_mg, per_kg, *(drawn or (None, None)))
    route, rule = DATA.routes.routes["im"], DATA.routes.doses
    if [*doses.implausible(wish, route, rule, weight_kg), *doses.disagreements(wish, weight_kg, rule)]:
        return
    assert route.least_mg <= amount_mg <= route.most_mg
    assert amount_mg / weight_kg <= route.most_mg_per_kg + 1e-3
    if per_kg is not None:
        assert abs(per_kg * weight_kg - amount_mg) <= 0.0201 * max(amount_mg, per_kg * weight_kg)
    if drawn is not None:
        assert abs(drawn[0] * drawn[1] - amount_mg) <= 0.0201 * max(amount_mg, drawn[0] * drawn[1])


@given(
    st.lists(st.tuples(st.sampled_from(["rate", "pause", "resume", "stop", "wait"]), st.floats(0.1, 15)), max_size=20)
)
def test_an_infusion_never_gives_less_than_before_nor_more_than_was_planned(steps: list[tuple[str, float]]) -> None:
    visit = VisitByHand(DATA)
    visit.dose(route="iv", concentration_mg_ml=1.0, infuse_over_min=40.0, exception="no preparation")
    before = 0.0
    for what, amount in steps:
        if what == "wait":
            visit.now_us += round(amount * MIN)
        else:
            try:
                visit.do(ws.ChangeInfusion(what, rate_mg_min=amount if what == "rate" else None))
            except Refused:
                continue
        shown = doses.infusion(visit.care.infusion, visit.now_us)
        assert shown is not None
        assert before - 1e-9 <= shown.given_mg <= 35 + 1e-9
        before = shown.given_mg
