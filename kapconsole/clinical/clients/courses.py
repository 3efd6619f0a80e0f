"""Courses of sessions as data: templates with gaps, and pure functions for what is due and what stands out.

A template is a pattern from the field that a clinic changes; nothing here orders a session or a dose.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date, timedelta
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec

HOUR_US = 3_600_000_000
FOLLOW_UP_SLACK_DAYS = 14
"""A visit this many days before its day still counts as the follow-up."""


class CourseError(ValueError):
    """A course's file cannot be used; the message names it and says why."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A run of `doses` dosing sessions (0: without an end) and the calendar days from one to the next."""

    min_gap_days: int
    max_gap_days: int
    doses: int = 0


class Course(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A template. `therapy_after`: a visit for therapy alone follows those doses, then every `therapy_then_every`."""

    id: str
    name: str
    version: int
    note: str
    source: str
    stages: tuple[Stage, ...]
    integration_due_h: tuple[int, int]
    followup_months: tuple[int, ...]
    reminder: str
    doses_least: int = 1
    therapy_after: tuple[int, ...] = ()
    therapy_then_every: int = 0

    @property
    def doses_most(self) -> int | None:
        """How many dosing sessions the template has; None: without an end."""
        return None if any(stage.doses == 0 for stage in self.stages) else sum(stage.doses for stage in self.stages)

    def stage_after(self, given: int) -> Stage | None:
        """The stage of the gap that follows dose number `given`; None after the last dose."""
        for stage in self.stages:
            if stage.doses == 0 or given < stage.doses:
                return stage
            given -= stage.doses
        return None

    def therapy_asked_after(self, dose: int) -> bool:
        """True when a visit for therapy alone follows dose number `dose`."""
        if dose in self.therapy_after:
            return True
        last = max(self.therapy_after, default=0)
        return bool(self.therapy_then_every) and dose > last and (dose - last) % self.therapy_then_every == 0


class Visit(msgspec.Struct, frozen=True):
    """One visit as the course sees it: its kind (dosing, integration, preparation, ...), begin, and local day."""

    kind: str
    start_utc_us: int
    day: date


class Due(msgspec.Struct, frozen=True):
    """Something that the course expects between two days, both included; `until` None: no latest day."""

    what: str
    since: date
    until: date | None
    overdue: bool
    words: str


def load_courses(site: Path | None = None) -> dict[str, Course]:
    """Every template by id. `site`: a folder of files that are added or win. Raises CourseError."""
    texts = _texts(resources.files("kapconsole").joinpath("resources", "clinical", "courses"))
    if site is not None and site.is_dir():
        texts |= _texts(site)
    tables = {name: _table(name, text) for name, text in texts.items()}
    defaults = tables.pop("defaults", {})
    courses: dict[str, Course] = {}
    for name, table in tables.items():
        try:
            course = msgspec.convert({**defaults, **table}, Course)
        except msgspec.ValidationError as error:
            raise CourseError(f"course {name}: {error}") from None
        wrong = [
            stage for stage in course.stages if not 0 < stage.min_gap_days <= stage.max_gap_days or stage.doses < 0
        ]
        if wrong or not course.stages:
            raise CourseError(f"course {name}: a stage has min_gap_days up to max_gap_days, both from 1 on")
        if course.id in courses:
            raise CourseError(f"two files call themselves {course.id}")
        courses[course.id] = course
    return courses


def due(course: Course, visits: Sequence[Visit], today: date) -> list[Due]:
    """What the course expects, nearest first. `visits` in any order."""
    past = sorted(visits, key=lambda visit: visit.start_utc_us)
    dosings = [visit for visit in past if visit.kind == "dosing"]
    if not dosings:
        return [Due("dose", today, None, False, "no dosing session yet")]
    last = dosings[-1]
    found = [*_integration(course, past, len(dosings), last, today)]
    stage = course.stage_after(len(dosings))
    if stage is not None:
        since, until = last.day + timedelta(stage.min_gap_days), last.day + timedelta(stage.max_gap_days)
        words = f"session {len(dosings) + 1}, {stage.min_gap_days} to {stage.max_gap_days} days after the last"
        found.append(Due("dose", since, until, today > until, words))
    if stage is None or len(dosings) >= course.doses_least:
        found += _follow_ups(course, past, last, today)
    return sorted(found, key=lambda item: (item.since, item.what))


def warnings(course: Course, visits: Sequence[Visit], planned: date) -> list[str]:
    """What stands out if a dosing session took place on `planned`; words for a person, who decides."""
    past = sorted(visits, key=lambda visit: visit.start_utc_us)
    dosings = [visit for visit in past if visit.kind == "dosing" and visit.day <= planned]
    if not dosings:
        return []
    last, count = dosings[-1], len(dosings)
    gap = (planned - last.day).days
    found = []
    stage = course.stage_after(count)
    if stage is None:
        found.append(f"{course.name}: all {course.doses_most} sessions of the template have taken place")
    elif gap < stage.min_gap_days:
        found.append(f"{_days(gap)} since the last session; the template has at least {_days(stage.min_gap_days)}")
    elif gap > stage.max_gap_days:
        found.append(f"{_days(gap)} since the last session; the template has at most {_days(stage.max_gap_days)}")
    if not any(visit.kind == "integration" and visit.start_utc_us > last.start_utc_us for visit in past):
        if course.therapy_asked_after(count):
            found.append(f"the template has a visit for therapy alone after session {count}; there was none")
        elif gap * 24 > course.integration_due_h[1]:
            found.append(f"no integration visit since session {count}")
    return found


def _integration(course: Course, past: Sequence[Visit], count: int, last: Visit, today: date) -> list[Due]:
    if any(visit.kind == "integration" and visit.start_utc_us > last.start_utc_us for visit in past):
        return []
    since_h, until_h = course.integration_due_h
    since, until = last.day + timedelta(hours=since_h), last.day + timedelta(hours=until_h)
    words = f"integration visit, {since_h} to {until_h} h after session {count}"
    if course.therapy_asked_after(count):
        words += "; a visit for therapy alone is part of the template here"
    return [Due("integration", since, until, today > until, words)]


def _follow_ups(course: Course, past: Sequence[Visit], last: Visit, today: date) -> list[Due]:
    found = []
    for months in course.followup_months:
        day = months_later(last.day, months)
        earliest = day - timedelta(FOLLOW_UP_SLACK_DAYS)
        if any(visit.kind != "dosing" and visit.day >= earliest for visit in past):
            continue
        until = day + timedelta(FOLLOW_UP_SLACK_DAYS)
        found.append(Due("follow-up", day, until, today > until, f"follow-up {months} months after the last session"))
    return found


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last: 30 November plus 3 months is 28 or 29 February."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last_day = (following - timedelta(1)).day
    return date(year, month + 1, min(day.day, last_day))


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _table(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"course {name}: not TOML: {error}") from None


def _texts(folder: Traversable) -> dict[str, str]:
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    try:
        return {entry.name.removesuffix(".toml"): entry.read_text("utf-8") for entry in files}
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"a course's file cannot be read: {error}") from None
