"""Templates and what they make due: gaps, integration visits, follow-ups, in calendar days."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.clinical.clients.courses import (
    Course,
    CourseError,
    Due,
    Visit,
    due,
    load_courses,
    months_later,
    warnings,
)
from kapconsole.clinical.clients.deciding import decide
from kapconsole.clinical.clients.wishes import ChooseCourse
from kapconsole.refusals import Refused

ALL = load_courses()
REST = 'name=""\nversion=1\nnote=""\nsource=""'
MONDAY = date(2026, 3, 2)


def visit(kind: str, day: date, hour: int = 10) -> Visit:
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=UTC)
    return Visit(kind, int(moment.timestamp() * 1e6), day)


def dosings(*days: int) -> list[Visit]:
    return [visit("dosing", MONDAY + timedelta(day)) for day in days]


def named(found: list[Due], what: str) -> Due:
    return next(item for item in found if item.what == what)


def test_every_template_of_the_field_is_there() -> None:
    assert set(ALL) == {
        "ptsd-standard",
        "intensive",
        "slow",
        "network",
        "trial-ptsd",
        "trial-veterans",
        "montreal",
        "esketamine",
        "maintenance",
    }
    for course in ALL.values():
        assert course.integration_due_h == (24, 72)
        assert course.followup_months == (3, 6)
        assert course.source


def test_the_next_session_and_the_integration_visit_are_due() -> None:
    found = due(ALL["ptsd-standard"], dosings(0), MONDAY + timedelta(1))
    integration, dose = named(found, "integration"), named(found, "dose")
    assert (integration.since, integration.until) == (date(2026, 3, 3), date(2026, 3, 5))
    assert (dose.since, dose.until, dose.overdue) == (date(2026, 3, 4), date(2026, 3, 12), False)
    assert not [item for item in found if item.what == "follow-up"]


@pytest.mark.parametrize(("day", "overdue"), [(3, False), (4, True)])
def test_an_integration_visit_is_overdue_after_72_hours(day: int, overdue: bool) -> None:
    assert named(due(ALL["slow"], dosings(0), MONDAY + timedelta(day)), "integration").overdue is overdue


def test_a_visit_after_the_session_answers_it_and_one_before_does_not() -> None:
    after = [*dosings(0), visit("integration", MONDAY + timedelta(2))]
    before = [*dosings(0), visit("integration", MONDAY - timedelta(2))]
    assert "integration" not in {item.what for item in due(ALL["slow"], after, MONDAY + timedelta(2))}
    assert "integration" in {item.what for item in due(ALL["slow"], before, MONDAY + timedelta(2))}


@pytest.mark.parametrize(
    ("given", "gap", "words"),
    [
        (1, 1, "at least 2 days"),
        (1, 2, ""),
        (1, 5, ""),
        (1, 6, "at most 5 days"),
        (8, 5, "at least 6 days"),  # weekly from the ninth session on
        (8, 7, ""),
        (11, 9, "at most 8 days"),
        (12, 14, ""),  # weekly or every two weeks from then on
        (12, 17, "at most 16 days"),
    ],
)
def test_gaps_of_esketamine_follow_its_stages(given: int, gap: int, words: str) -> None:
    past = [*dosings(*range(0, 3 * given, 3)), visit("integration", MONDAY + timedelta(3 * given))]
    said = warnings(ALL["esketamine"], past, MONDAY + timedelta(3 * (given - 1) + gap))
    assert (words in " ".join(said)) if words else said == []


def test_all_sessions_done_is_said_and_follow_ups_are_due() -> None:
    past = dosings(0, 2, 4, 7, 9, 11)
    last = MONDAY + timedelta(11)
    assert "all 6 sessions" in warnings(ALL["trial-ptsd"], past, last + timedelta(3))[0]
    found = due(ALL["trial-ptsd"], past, last + timedelta(3))
    assert "dose" not in {item.what for item in found}
    assert [item.since for item in found if item.what == "follow-up"] == [date(2026, 6, 13), date(2026, 9, 13)]


def test_a_follow_up_that_took_place_is_not_due_any_more() -> None:
    past = [*dosings(0, 2, 4, 7, 9, 11), visit("follow-up", date(2026, 6, 5))]
    left = [item.since for item in due(ALL["trial-ptsd"], past, date(2026, 6, 20)) if item.what == "follow-up"]
    assert left == [date(2026, 9, 13)]


@pytest.mark.parametrize(("dose", "asked"), [(1, True), (2, True), (3, False), (4, True), (5, False), (6, True)])
def test_the_network_programme_asks_for_therapy_alone(dose: int, asked: bool) -> None:
    assert ALL["network"].therapy_asked_after(dose) is asked
    past = dosings(*range(0, 7 * dose, 7))
    said = " ".join(warnings(ALL["network"], past, past[-1].day + timedelta(3)))
    assert ("therapy alone" in said) is (asked and dose < 6) or dose == 6


def test_before_the_first_session_nothing_stands_out() -> None:
    assert warnings(ALL["slow"], [], MONDAY) == []
    assert due(ALL["slow"], [visit("preparation", MONDAY)], MONDAY)[0].words == "no dosing session yet"


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2025, 11, 30), 3, date(2026, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2026, 9, 15), 6, date(2027, 3, 15)),
        (date(2026, 6, 30), 6, date(2026, 12, 30)),
    ],
)
def test_months_end_where_they_end(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


@given(
    st.sampled_from(list(ALL.values())),
    st.lists(st.tuples(st.sampled_from(["dosing", "integration", "follow-up"]), st.integers(0, 400)), max_size=12),
    st.integers(0, 500),
)
def test_any_past_gives_an_answer_in_order(course: Course, past: list[tuple[str, int]], today: int) -> None:
    visits = [visit(kind, MONDAY + timedelta(day)) for kind, day in past]
    day = MONDAY + timedelta(today)
    found = due(course, visits, day)
    assert [item.since for item in found] == sorted(item.since for item in found)
    assert all(item.overdue == (item.until is not None and day > item.until) for item in found)
    assert due(course, visits[::-1], day) == found
    warnings(course, visits, day)


def test_a_clinic_changes_a_template(tmp_path: Path) -> None:
    (tmp_path / "slow.toml").write_text(
        'id="slow"\nname="Ours"\nversion=2\nnote=""\nsource="ours"\nstages=[{min_gap_days=10,max_gap_days=20}]\n'
        "integration_due_h=[24, 48]\n"
    )
    held = load_courses(tmp_path)
    assert (held["slow"].name, held["slow"].integration_due_h) == ("Ours", (24, 48))
    assert held["montreal"] == ALL["montreal"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("[", "odd: not TOML"),
        ('id="odd"', "odd: "),
        ('id="odd"\nname=""\nversion=1\nnote=""\nsource=""\nstages=[{min_gap_days=5,max_gap_days=2}]', "min_gap_days"),
        (
            'id="slow"\nname=""\nversion=1\nnote=""\nsource=""\nstages=[{min_gap_days=1,max_gap_days=2}]',
            "themselves slow",
        ),
    ],
)
def test_a_wrong_template_is_named(tmp_path: Path, text: str, match: str) -> None:
    (tmp_path / "odd.toml").write_text(text)
    with pytest.raises(CourseError, match=match):
        load_courses(tmp_path)


def test_choosing_a_course() -> None:
    (chosen,) = decide(ChooseCourse("montreal"), ALL, 5)
    assert (chosen.course, chosen.version, chosen.at_us) == ("montreal", 1, 5)
    assert decide(ChooseCourse(""), ALL, 5)[0].course == ""
    with pytest.raises(Refused, match="there are: "):
        decide(ChooseCourse("express"), ALL, 5)
