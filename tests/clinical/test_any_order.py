"""Whatever people wish in whatever order: gates hold, the clock stands, refusals change nothing, the log folds back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import load
from kapconsole.clinical.evidence import Ask
from kapconsole.clinical.gates import before_phase
from kapconsole.clinical.view import EMPTY, fold
from kapconsole.refusals import Refused
from kapconsole.session.phases import ALL_PHASES, PHASES, next_phase

from .conftest import MIN, VisitByHand

DATA = load()
_AMOUNTS = st.sampled_from([0.5, 20.0, 60.0, 150.0, 400.0])
_TIMES = st.one_of(st.none(), st.integers(-MIN, 200 * MIN))
_ROLES = st.sampled_from(["therapist", "nurse", "prescriber", "administrator"])

WISHES = st.one_of(
    st.builds(ws.OpenVisit, st.sampled_from(["dosing", "integration", "preparation"])),
    st.builds(ws.TakeRole, st.sampled_from("ABC"), _ROLES),
    st.builds(ws.LeaveRole, st.sampled_from("ABC")),
    st.builds(ws.EnterPhase, st.sampled_from([*ALL_PHASES, "next"]), _TIMES),
    st.builds(
        ws.OverrideGate,
        st.sampled_from([*ALL_PHASES, "discharge"]),
        st.sampled_from(sorted(DATA.visits.items)),
        st.sampled_from(["", "because"]),
    ),
    st.builds(ws.Tick, st.sampled_from(sorted(DATA.visits.items)), st.sampled_from(["yes", "no", "", "no concern"])),
    st.builds(ws.SignOff, st.sampled_from(["pre-dose", "session"])),
    st.builds(ws.PlanRoute, st.sampled_from(["iv", "im", "xx"])),
    st.builds(
        lambda amount_mg, route, at_us, reason, over: ws.RecordDose(
            "ketamine", route, amount_mg, infuse_over_min=over, confirmed=True, exception=reason, at_us=at_us
        ),
        _AMOUNTS,
        st.sampled_from(["iv", "im"]),
        _TIMES,
        st.sampled_from(["", "given already"]),
        st.sampled_from([None, 40.0]),
    ),
    st.builds(ws.ChangeInfusion, st.sampled_from(["rate", "pause", "resume", "stop"]), st.just(1.0)),
    st.builds(ws.ScoreSedation, st.integers(0, 5)),
    st.builds(ws.EnterVitals, st.sampled_from([90.0, 120.0, 190.0]), st.sampled_from([60.0, 80.0]), at_us=_TIMES),
    st.builds(ws.Discharge),
    st.builds(ws.ArmSchedule),
    st.builds(ws.Lock),
    st.builds(ws.Unlock, st.just("A"), _ROLES),
    st.builds(ws.WithdrawConsent),
    st.builds(ws.RecordConsent, st.just("form"), st.just("1")),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(WISHES, st.floats(0, 9)), max_size=40), st.booleans())
def test_whatever_people_wish_the_rules_hold(steps: list[tuple[ws.ClinicalWish, float]], prepared: bool) -> None:
    visit = VisitByHand(DATA)
    if prepared:
        visit.prepare()
    for wish, minutes in steps:
        visit.now_us += round(minutes * MIN)
        visit.tick()
        before, count, t0_us = visit.care, len(visit.log), visit.care.t0_us
        try:
            bodies = visit.do(wish)
        except Refused as refused:
            words = str(refused)
            bodies = []
        else:
            words = ""
        if not bodies:
            assert words.strip(), "a refusal has words"
            assert (visit.care, len(visit.log)) == (before, count)
            continue
        if isinstance(wish, ws.EnterPhase) and before.visit is not None:
            kind = DATA.visits.visits[before.visit.visit]
            assert visit.care.phase in kind.phases
            ask = Ask(DATA, before, visit.now_us, visit.vitals)
            assert all(found.open for _, found in before_phase(ask, visit.care.phase or ""))
        if isinstance(wish, ws.OverrideGate):
            (over,) = bodies
            assert over.role in DATA.visits.items[wish.item].override
            assert over.reason
        if isinstance(wish, ws.Discharge):
            assert before.acting["console"].role in ("nurse", "prescriber")
        for body in bodies:
            if isinstance(body, ev.DoseGiven):
                record = next(other for other in bodies if isinstance(other, ce.DoseRecorded))
                assert record.at_us == body.at_us
                assert body.at_us <= visit.now_us
                if t0_us is not None:
                    assert body.at_us > t0_us or record.exception
        if not isinstance(wish, ws.RecordDose):
            assert visit.care.t0_us == t0_us
    again = EMPTY
    for event in visit.log:
        again = fold(again, event)
    assert again == visit.care


def test_every_body_and_wish_survives_the_log_and_the_wire() -> None:
    visit = VisitByHand(DATA)
    visit.prepare("iv")
    visit.dose(concentration_mg_ml=1.0, infuse_over_min=40.0)
    visit.do(ws.CorrectDose(visit.now_us, "lot", "L2", "slip"))
    visit.do(ws.ArmSchedule())
    visit.wait(11)
    visit.do(ws.ScoreRecovery("padss", {**dict.fromkeys(DATA.scales.recovery["padss"].items, 2), "bleeding": None}))
    held = [event.body for event in visit.log if isinstance(event.body, ce.ClinicalBody)]
    assert len({type(body) for body in held}) >= 20
    every = ce.ClinicalBody | ev.Body
    assert [msgspec.msgpack.decode(msgspec.msgpack.encode(body), type=every) for body in held] == held
    assert [msgspec.json.decode(msgspec.json.encode(body), type=every) for body in held] == held
    asked = [ws.TakeRole("A", "nurse", "1234"), ws.RecordDose("ketamine", "im", 60.0), ws.Discharge("1234")]
    assert [msgspec.msgpack.decode(msgspec.msgpack.encode(wish), type=ws.ClinicalWish) for wish in asked] == asked


def test_a_body_of_somebody_else_changes_nothing() -> None:
    event = ev.Event(1, 5, 5, "x", al.HelpCalled(5, ""))
    assert fold(EMPTY, event) is EMPTY


@pytest.mark.parametrize(
    ("phase", "phases", "following"),
    [
        (None, PHASES, "prepare"),
        ("recover", PHASES, None),
        ("recover", ALL_PHASES, "follow-up"),
        ("dose", ("prepare", "integrate"), "integrate"),
        ("follow-up", PHASES, None),
    ],
)
def test_the_next_phase_is_one_of_the_visit(phase: str | None, phases: tuple[str, ...], following: str | None) -> None:
    assert next_phase(phase, phases) == following
