"""A dosing day, an integration visit and a preparation visit from beginning to end, and the day that went otherwise."""

from __future__ import annotations

import pytest

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.carrying import carried
from kapconsole.clinical.evidence import Ask
from kapconsole.clinical.gates import Finding, before_leaving, findings, stimulation_lock
from kapconsole.clinical.view import EMPTY, fold
from kapconsole.clinical.wishes import GateClosed, NotPermitted
from kapconsole.refusals import Refused
from kapdevices.readings import Metric, Quality

from .conftest import MIN, VisitByHand


def ask(visit: VisitByHand) -> Ask:
    return Ask(visit.data, visit.care, visit.now_us, visit.vitals)


def come_back(visit: VisitByHand) -> None:
    """What the end of a dosing day asks for, all well."""
    visit.cuff(124, 78)
    visit.wait(16)
    visit.cuff(121, 75)
    visit.do(ws.ScoreSedation(5))
    visit.do(ws.AskOrientation(True, True, True))
    visit.do(ws.Tick("steady-gait"))
    visit.do(ws.GradeEffect("nausea", 1))
    visit.do(ws.Tick("suicidality-asked", "no concern"))
    visit.do(ws.Tick("ride-seen", "yes", "Sam"))
    visit.do(ws.Tick("instructions-given"))
    visit.do(ws.Tick("contact-number"))


def test_a_dosing_day_from_screening_to_follow_up(visit: VisitByHand) -> None:
    visit.prepare()
    visit.dose()
    for phase in ("onset", "inward", "emerge", "inward", "emerge"):
        visit.do(ws.EnterPhase(phase))
        visit.wait(20)
    visit.wait(20)
    come_back(visit)
    visit.do(ws.Tick("integration-agreed"))
    visit.do(ws.EnterPhase("next"))
    assert visit.care.phase == "integrate"
    visit.do(ws.EnterPhase("next"))
    visit.do(ws.Discharge())
    visit.do(ws.EnterPhase("next"))
    assert visit.care.phase == "follow-up"
    (done,) = visit.bodies(ce.Discharged)
    assert done.escort == "Sam"
    found = dict(done.items)
    assert "121/75 at" in found["Blood pressure settled, two readings 15 min apart"]
    assert "before the dose 120/75" in found["Blood pressure settled, two readings 15 min apart"]
    assert visit.bodies(ce.BaselineSet)[0].sys_mmhg == 120
    with pytest.raises(Refused, match="last phase"):
        visit.do(ws.EnterPhase("next"))


def test_the_view_is_the_same_when_folded_again(dosed: VisitByHand) -> None:
    dosed.wait(50)
    come_back(dosed)
    again = EMPTY
    for event in dosed.log:
        again = fold(again, event)
    assert again == dosed.care


def test_skipping_a_phase_does_not_skip_its_gate(visit: VisitByHand) -> None:
    visit.be("N", "nurse")
    visit.do(ws.OpenVisit("dosing"))
    with pytest.raises(GateClosed) as refused:
        visit.do(ws.EnterPhase("dose"))
    assert {"screened", "consent", "touch-consent", "baseline-bp"} <= set(refused.value.items)
    assert "before Dose: " in str(refused.value)
    assert "no consent on file" in str(refused.value)
    assert visit.care.phase is None


def test_going_back_asks_for_nothing_and_keeps_the_clock(dosed: VisitByHand) -> None:
    t0_us = dosed.care.t0_us
    dosed.wait(30)
    dosed.do(ws.EnterPhase("inward"))
    dosed.do(ws.EnterPhase("dose"))  # a booster
    dosed.dose(amount_mg=20.0)
    assert dosed.care.t0_us == t0_us
    assert [dose.record.number for dose in dosed.care.doses if dose.record] == [1, 2]
    dosed.do(ws.EnterPhase("inward"))


def test_a_gate_is_passed_over_by_the_right_role_with_a_reason(visit: VisitByHand) -> None:
    visit.be("N", "nurse")
    visit.do(ws.OpenVisit("integration"))
    with pytest.raises(GateClosed):
        visit.do(ws.EnterPhase("integrate"))
    with pytest.raises(NotPermitted, match="prescriber"):
        visit.do(ws.OverrideGate("integrate", "consent", "form is in the post"))
    visit.be("P", "prescriber")
    with pytest.raises(Refused, match="reason"):
        visit.do(ws.OverrideGate("integrate", "consent", " "))
    visit.do(ws.OverrideGate("integrate", "consent", "form is in the post"))
    visit.be("N", "nurse")
    visit.do(ws.EnterPhase("integrate"))
    (over,) = visit.bodies(ce.GateOverridden)
    assert (over.person, over.role, over.found) == ("P", "prescriber", "no consent on file")


def test_what_is_met_cannot_be_passed_over(visit: VisitByHand) -> None:
    visit.be("P", "prescriber")
    visit.do(ws.OpenVisit("integration"))
    visit.do(ws.RecordConsent("form", "1"))
    with pytest.raises(Refused, match="is met"):
        visit.do(ws.OverrideGate("integrate", "consent", "why not"))


def test_a_consent_that_ended_or_was_withdrawn_closes_the_gate(visit: VisitByHand) -> None:
    visit.be("N", "nurse")
    visit.do(ws.OpenVisit("integration"))
    visit.do(ws.RecordConsent("form", "1", signed_on="2025-01-01", valid_until="2026-03-04"))
    with pytest.raises(GateClosed, match="ended 2026-03-04"):
        visit.do(ws.EnterPhase("integrate"))
    visit.do(ws.RecordConsent("form", "1"))
    visit.do(ws.WithdrawConsent("not today"))
    with pytest.raises(GateClosed, match="withdrawn"):
        visit.do(ws.EnterPhase("integrate"))


def test_a_screening_answer_expires_and_a_flag_after_the_clearance_closes_it(visit: VisitByHand) -> None:
    visit.prepare()
    visit.be("N", "nurse")
    visit.do(ws.AnswerScreening("suicide-risk", "no", author="Dr A", answered_on="2026-02-20"))
    visit.do(ws.AnswerScreening("seizure", "yes"))
    found = {finding.item: finding for finding in _findings(visit, ("screened", "cleared"))}
    assert "expired: Risk of suicide" in found["screened"].found
    assert "flagged since the clearance: Seizure disorder" in found["cleared"].found


def test_one_reading_or_two_close_together_are_no_baseline(visit: VisitByHand) -> None:
    visit.cuff()
    (finding,) = _findings(visit, ("baseline-bp",))
    assert not finding.met
    visit.now_us += MIN
    visit.cuff()
    assert not _findings(visit, ("baseline-bp",))[0].met
    visit.now_us += MIN
    visit.cuff()
    assert _findings(visit, ("baseline-bp",))[0].met
    visit.now_us += 61 * MIN
    assert not _findings(visit, ("baseline-bp",))[0].met


def test_without_a_nurse_no_dose(visit: VisitByHand) -> None:
    visit.prepare()
    visit.do(ws.LeaveRole("N"))
    visit.be("P", "prescriber")
    with pytest.raises(Refused, match="missing: nurse"):
        visit.dose()


def test_the_discharge_names_what_is_missing_and_with_which_values(dosed: VisitByHand) -> None:
    dosed.wait(45)
    dosed.cuff(152, 92)
    dosed.vitals = type(dosed.vitals)(0, 91.0, 70.0, 14.0)
    with pytest.raises(GateClosed) as refused:
        dosed.do(ws.Discharge())
    words = str(refused.value)
    assert "45 min since the dose, 75 min to go" in words
    assert "SpO2 91 % live, 98 % before" in words
    assert "ride-seen" in refused.value.items
    assert dosed.care.discharged is None


def test_the_prescriber_lets_go_earlier_with_a_reason_that_stands_in_the_discharge(dosed: VisitByHand) -> None:
    dosed.wait(90)
    come_back(dosed)
    with pytest.raises(GateClosed) as refused:
        dosed.do(ws.Discharge())
    assert refused.value.items == ("minimum-stay",)
    with pytest.raises(NotPermitted):
        dosed.do(ws.OverrideGate("discharge", "minimum-stay", "well, and the ward is next door"))
    dosed.be("P", "prescriber")
    dosed.do(ws.OverrideGate("discharge", "minimum-stay", "well, and the ward is next door"))
    dosed.do(ws.Discharge())
    found = dict(dosed.bodies(ce.Discharged)[0].items)
    assert found["Shortest stay of the route is over"].startswith("passed over: well, and the ward is next door")


@pytest.mark.parametrize("early", ["steady-gait", "ride-seen"])
def test_what_was_ticked_before_the_dose_does_not_count_after_it(visit: VisitByHand, early: str) -> None:
    visit.prepare()
    visit.do(ws.Tick(early, "yes", "Sam"))
    visit.now_us += 1
    visit.dose()
    found = {finding.item: finding for finding in before_leaving(ask(visit))}
    assert not found[early].met
    assert "before the dose" in found[early].found


def test_a_low_pressure_is_not_settled_though_it_is_below_caution(dosed: VisitByHand) -> None:
    dosed.wait(100)
    dosed.cuff(84, 50)
    dosed.wait(16)
    dosed.cuff(85, 50)
    found = {finding.item: finding for finding in before_leaving(ask(dosed))}
    assert not found["bp-settled"].met


def test_a_concern_about_suicide_keeps_the_door_shut(dosed: VisitByHand) -> None:
    dosed.wait(130)
    come_back(dosed)
    dosed.do(ws.Tick("suicidality-asked", "concern", "speaks of not waking up"))
    with pytest.raises(GateClosed) as refused:
        dosed.do(ws.Discharge())
    assert refused.value.items == ("suicidality-asked",)


def test_a_missing_mandatory_reading_asks_for_its_reason_at_the_door(visit: VisitByHand) -> None:
    visit.prepare("in")
    visit.dose(route="in", drug="esketamine", amount_mg=56.0, concentration_mg_ml=None)
    visit.do(ws.EnterPhase("onset"))
    visit.wait(61)
    visit.cuff()
    visit.wait(60)
    come_back(visit)
    with pytest.raises(GateClosed) as refused:
        visit.do(ws.Discharge())
    assert refused.value.items == ("readings-complete",)
    with pytest.raises(Refused, match="without a reason"):
        visit.do(ws.SkipReading("40 min"))
    visit.do(ws.SkipReading("40 min", "cuff would not inflate; taken at 61"))
    visit.do(ws.Discharge())


def test_an_item_taken_back_in_the_phase_dose_stops_the_dose(visit: VisitByHand) -> None:
    visit.prepare()
    visit.do(ws.Tick("medicines", ""))
    with pytest.raises(Refused, match="Medicines of today asked"):
        visit.dose()


def test_the_shortest_stay_counts_from_the_last_dose_and_by_nasal_route_from_the_first(visit: VisitByHand) -> None:
    visit.prepare("im")
    visit.dose()
    visit.now_us += 30 * MIN
    visit.dose(amount_mg=20.0)
    visit.now_us += 100 * MIN
    assert "20 min to go" in _stay(visit).found
    visit.now_us += 20 * MIN
    assert _stay(visit).met

    other = VisitByHand(visit.data)
    other.prepare("in")
    other.dose(route="in", drug="esketamine", amount_mg=28.0, concentration_mg_ml=None)
    other.now_us += 5 * MIN
    other.dose(route="in", drug="esketamine", amount_mg=28.0, concentration_mg_ml=None)
    other.now_us += 115 * MIN
    assert _stay(other).met


def _stay(visit: VisitByHand) -> Finding:
    return findings(ask(visit), "discharge", ("minimum-stay",))[0]


def test_a_high_alarm_keeps_the_door_shut_until_it_was_cleared(dosed: VisitByHand) -> None:
    high, active, latched = al.Priority.HIGH, al.OccurrenceState.ACTIVE, al.OccurrenceState.LATCHED
    dosed.record(al.AlarmBegan(1, "P01", "", high, active, "SpO2 84 < 85", 84.0, 85.0, 0, 0))
    dosed.record(al.AlarmBegan(2, "P04", "", al.Priority.LOW, active, "NIBP 165/90", 165.0, 160.0, 0, 0))
    (found,) = findings(ask(dosed), "discharge", ("no-high-alarm",))
    assert (found.met, found.found) == (False, "SpO2 84 < 85")
    dosed.record(al.AlarmChanged(1, "P01", "", "latched", high, latched, "SpO2 84 < 85", 84.0, 85.0, 0))
    assert not findings(ask(dosed), "discharge", ("no-high-alarm",))[0].met
    dosed.record(al.AlarmEnded(1, "P01", "", "cleared", high, 84.0, 85.0, 5.0, 0))
    assert findings(ask(dosed), "discharge", ("no-high-alarm",))[0].met


def test_only_the_cuff_that_a_person_chose_counts(visit: VisitByHand) -> None:
    visit.record(ev.FeedChosen(Metric.NIBP_SYS, 3))
    visit.cuff()
    assert visit.care.pressures == ()
    visit.record(ev.NibpMeasured(3, 50, 80, None, 70.0, Quality.GOOD, ""))
    assert visit.care.pressures == (), "50/80 is no blood pressure"
    visit.record(ev.NibpMeasured(3, 120, 80, None, 70.0, Quality.GOOD, ""))
    assert len(visit.care.pressures) == 1


def test_an_integration_visit_needs_no_dose_and_goes_out_by_its_own_door(visit: VisitByHand) -> None:
    visit.be("T", "therapist")
    visit.do(ws.OpenVisit("integration"))
    visit.do(ws.RecordConsent("form", "1"))
    for phase in ("prepare", "integrate", "recover"):
        visit.do(ws.EnterPhase("next"))
        assert visit.care.phase == phase
    visit.be("N", "nurse")
    visit.do(ws.Tick("suicidality-asked", "no concern"))
    visit.do(ws.Tick("contact-number"))
    visit.do(ws.Discharge())
    visit.do(ws.EnterPhase("next"))
    with pytest.raises(Refused, match="no phase of Integration visit"):
        visit.do(ws.EnterPhase("dose"))


def test_what_a_preparation_visit_found_is_carried_to_the_dosing_day(visit: VisitByHand) -> None:
    visit.prepare()
    day = VisitByHand(visit.data)
    for body in carried(visit.log, day.now_us):
        day.record(body)
    day.be("N", "nurse")
    day.do(ws.OpenVisit("dosing"))
    day.do(ws.EnterPhase("next"))
    assert day.care.phase == "prepare", "screening was done on the other day"
    assert "ride" not in day.care.contacts
    assert day.care.screening["heart"].author == "T"
    visit.do(ws.WithdrawConsent(""))
    assert not [body for body in carried(visit.log, 0) if isinstance(body, ce.ConsentRecorded)]


def test_a_session_that_is_only_recorded_asks_for_nothing(visit: VisitByHand) -> None:
    visit.do(ws.EnterPhase("inward"))
    visit.do(ws.ScoreSedation(4))
    visit.record(ev.DoseGiven(visit.now_us, "ketamine", "im", 60.0))
    bodies = visit.tick()
    assert {type(body) for body in bodies} == {ce.BaselineSet, ce.ScheduleSet}
    assert visit.tick() == []


def test_stimulation_stays_locked_until_oriented_and_awake(dosed: VisitByHand) -> None:
    assert stimulation_lock(EMPTY) == ""
    assert dosed.care.sedation[-1].score == 5
    assert dosed.care.alertness is None, "what was scored before the dose says nothing of the time after it"
    assert "emerged" in stimulation_lock(dosed.care)
    dosed.now_us += MIN
    dosed.do(ws.EnterPhase("emerge"))
    assert "oriented" in stimulation_lock(dosed.care)
    dosed.do(ws.AskOrientation(True, True, True))
    assert "sedation 5" in stimulation_lock(dosed.care)
    dosed.do(ws.ScoreSedation(5))
    assert stimulation_lock(dosed.care) == ""
    dosed.do(ws.EnterPhase("dose"))
    assert stimulation_lock(dosed.care)


def _findings(visit: VisitByHand, items: tuple[str, ...]) -> tuple[Finding, ...]:
    return findings(ask(visit), "dose", items)
