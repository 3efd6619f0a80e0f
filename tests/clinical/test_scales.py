"""Sedation, side effects, vitals by hand, recovery scores, marks, return to baseline, the emergency page."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.alarms.wishes import NoteSymptom
from kapconsole.clinical import effects, settled
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import load
from kapconsole.clinical.emergency import emergency_page
from kapconsole.clinical.marking import asks_for_words, mark_label
from kapconsole.clinical.view import EMPTY, PressureSet
from kapconsole.clinical.vitals import Vitals
from kapconsole.refusals import Refused

from .conftest import MIN, VisitByHand


def test_each_reading_of_the_schedule_asks_for_the_whispered_name_and_the_breaths(dosed: VisitByHand) -> None:
    dosed.wait(6)
    assert set(dosed.care.prompts) == {"sedation", "resp-rate"}
    assert "Whisper" in dosed.care.prompts["sedation"].label
    dosed.do(ws.ScoreSedation(5, how="whispered name"))
    dosed.do(ws.EnterVitals(resp_rate=13))
    assert dosed.care.prompts == {}


def test_a_low_score_asks_again_after_five_minutes_once(dosed: VisitByHand) -> None:
    dosed.do(ws.SkipReading("5 min"))
    dosed.do(ws.SkipReading("10 min"))
    (score,) = dosed.do(ws.ScoreSedation(3))
    assert effects.sedation_level(score) == "watch"
    found = dosed.wait(9)
    assert [(body.prompt, body.why) for body in found] == [("sedation", "MOAA/S 3 5 min ago")]
    (score,) = dosed.do(ws.ScoreSedation(2))
    assert effects.sedation_level(score) == "deep"


def test_a_score_keeps_the_variant_and_stays_on_its_scale(visit: VisitByHand) -> None:
    (score,) = visit.do(ws.ScoreSedation(0))
    assert (score.scale, score.variant) == ("MOAA/S", "squeeze-0")
    for wish in (ws.ScoreSedation(6), ws.ScoreSedation(-1), ws.ScoreSedation(1, scale="poss")):
        with pytest.raises(Refused):
            visit.do(wish)


def test_grades_become_an_episode_with_onset_peak_and_end(dosed: VisitByHand) -> None:
    start_us = dosed.now_us
    for minute, grade, action in ((10, 1, ""), (14, 3, "music down"), (20, 2, "hand held"), (31, 0, "")):
        dosed.now_us = start_us + minute * MIN
        dosed.do(ws.GradeEffect("anxiety", grade, action, "settled" if grade == 0 else ""))
    dosed.do(ws.GradeEffect("nausea", 0))
    (episode,) = effects.episodes(dosed.care.effects)
    minutes = [(at_us - start_us) / MIN for at_us in (episode.onset_us, episode.peak_us, episode.end_us or 0)]
    assert minutes == [10, 14, 31]
    assert (episode.peak_grade, episode.actions, episode.outcome) == (3, ("music down", "hand held"), "settled")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4), st.integers(0, 100)), max_size=30))
def test_episodes_of_one_effect_never_overlap(graded: list[tuple[str, int, int]]) -> None:
    series = [ce.SideEffectGraded(at_us, name, name, grade, "", "", "") for name, grade, at_us in graded]
    found = effects.episodes(series)
    for name in "ab":
        own = [episode for episode in found if episode.effect == name]
        for one, other in zip(own, own[1:], strict=False):
            assert one.end_us is not None
            assert one.end_us <= other.onset_us
        for episode in own:
            assert episode.onset_us <= episode.peak_us
            assert 1 <= episode.peak_grade <= 4


def test_a_red_flag_goes_to_the_alarm_system_and_back() -> None:
    scales = load().scales
    assert effects.alarm_wishes(scales, ws.GradeEffect("chest-pain", 2)) == (NoteSymptom("chest pain", True),)
    assert effects.alarm_wishes(scales, ws.GradeEffect("chest-pain", 0)) == (NoteSymptom("chest pain", False),)
    assert effects.alarm_wishes(scales, ws.GradeEffect("nausea", 4)) == ()
    assert effects.alarm_wishes(scales, ws.ScoreSedation(1)) == ()


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (ws.EnterVitals(), "no number"),
        (ws.EnterVitals(sys_mmhg=120), "two numbers"),
        (ws.EnterVitals(sys_mmhg=80, dia_mmhg=120), "not above diastolic"),
        (ws.EnterVitals(sys_mmhg=400, dia_mmhg=120), "not plausible"),
        (ws.EnterVitals(resp_rate=float("nan")), "not plausible"),
        (ws.EnterVitals(spo2=9), "not plausible"),
        (ws.RecordWeight(7), "25 to 300 kg"),
        (ws.GradeEffect("hiccups", 1), "not on the list"),
        (ws.GradeEffect("nausea", 5), "0 .none. to 4"),
        (ws.SetIntention("x" * 201), "longer than 200"),
        (ws.RecordAllergies("  "), "missing"),
        (ws.RecordContact("ride", "Sam", "later"), "digits"),
        (ws.ConfirmLimits(), "nothing to confirm"),
    ],
)
def test_slips_are_refused_in_words(visit: VisitByHand, wish: ws.ClinicalWish, words: str) -> None:
    with pytest.raises(Refused, match=words):
        visit.do(wish)


def test_vitals_by_hand_stand_where_they_were_measured(dosed: VisitByHand) -> None:
    start_us = dosed.now_us
    dosed.now_us += 10 * MIN
    dosed.cuff(140, 85)
    dosed.do(ws.EnterVitals(130, 80, how="other monitor", at_us=start_us + 5 * MIN))
    assert [held.sys_mmhg for held in dosed.care.pressures[-2:]] == [130, 140]


def test_a_recovery_score_with_a_missing_item_has_no_total(visit: VisitByHand) -> None:
    names = load().scales.recovery["padss"].items
    (whole,) = visit.do(ws.ScoreRecovery("padss", dict.fromkeys(names, 2)))
    assert (whole.total, whole.pass_at) == (10, 9)
    items: dict[str, int | None] = {**dict.fromkeys(names, 2), "bleeding": None}
    (part,) = visit.do(ws.ScoreRecovery("padss", items))
    assert part.total is None
    with pytest.raises(Refused, match="not left out"):
        visit.do(ws.ScoreRecovery("padss", {"bleeding": 2}))
    with pytest.raises(Refused, match="0 to 2"):
        visit.do(ws.ScoreRecovery("padss", dict.fromkeys(names, 3)))


def test_back_to_baseline_is_told_once_and_taken_back(dosed: VisitByHand) -> None:
    found = dosed.wait(20)
    dosed.cuff(165, 101)
    found += dosed.wait(16)
    dosed.cuff(128, 80)
    found += dosed.wait(16)
    dosed.cuff(124, 78)
    found += dosed.wait(1)
    told = [body for body in found if isinstance(body, ce.BaselineReturn)]
    assert [body.back for body in told] == [True]
    assert "124/78 at 52 min" in told[0].text
    dosed.cuff(170, 105)
    (again,) = (body for body in dosed.wait(1) if isinstance(body, ce.BaselineReturn))
    assert not again.back


def test_the_alarm_limits_in_force_say_what_caution_is() -> None:
    rule = settled.rule_of(load().scales.settled, {"bp.caution_sys": 140.0}, 20, 15)
    reading = PressureSet(0, 150, 80, None, "cuff")
    assert not settled.near(reading, (100.0, 60.0), rule)
    assert settled.near(reading, (100.0, 60.0), load().scales.settled)


def test_the_expected_course_joins_its_corners_and_ends() -> None:
    route = load().routes.routes["iv"]
    assert settled.course_at(route, 40) == (3, 27)
    assert settled.course_at(route, 30) == (1.5, 24.5)
    assert settled.course_at(route, 121) is None
    assert settled.course_line(route, 120)[0] == (0, 114, 128)


def test_keys_mark_what_the_clinic_says(dosed: VisitByHand) -> None:
    marks = load().marks
    assert mark_label(marks, EMPTY, "1") == "crying"
    assert mark_label(marks, EMPTY, "own words") == "own words"
    assert mark_label(marks, dosed.care, "6") == "touch, per consent (no consent on record)"
    dosed.do(ws.Tick("touch-consent", "yes"))
    assert mark_label(marks, dosed.care, "6") == "touch, per consent"
    assert asks_for_words(marks, "7")
    assert not asks_for_words(marks, "1")


def test_questionnaires_are_closed_from_dose_to_discharge(dosed: VisitByHand) -> None:
    assert not EMPTY.questionnaires_closed
    assert dosed.care.questionnaires_closed
    dosed.record(ce.Discharged(dosed.now_us, "N", "nurse", False, "Sam", ()))
    assert not dosed.care.questionnaires_closed


def test_the_emergency_page_has_what_is_asked_first(dosed: VisitByHand) -> None:
    dosed.do(ws.AnswerScreening("seizure", "yes"))
    for minute, sys in ((5, 130), (10, 140), (20, 150), (30, 160)):
        dosed.wait(minute - (dosed.now_us - (dosed.care.t0_us or 0)) / MIN)
        dosed.cuff(sys, 85)
    dosed.do(ws.GradeEffect("vomiting", 3))
    page = emergency_page(dosed.data, dosed.care, dosed.now_us, dosed.vitals, lambda at_us: Vitals(at_us, 97, 88))
    assert page.since_dose_s == 1800
    assert page.doses == ("ketamine 60 mg IM (0.86 mg/kg), +0 min",)
    assert [(held.sys_mmhg, held.since_dose_min, held.spo2) for held in page.vitals] == [
        (160, 30, 97),
        (150, 20, 97),
        (140, 10, 97),
    ]
    assert page.weight == "70 kg (2026-03-05)"
    assert page.allergies == "none known"
    assert page.flags == ("Seizure disorder",)
    assert ("ride: Sam", "0123 456") in page.phones
    assert "vomiting, grade 3 at most, +30 min" in page.effects


def test_the_emergency_page_says_what_nobody_asked(new_visit: Callable[..., VisitByHand]) -> None:
    page = emergency_page(load(), EMPTY, 0)
    assert (page.since_dose_s, page.weight, page.allergies) == (None, "not recorded", "not asked")
    assert page.phones
