"""A client's page as data and as text: sessions, doses, peaks, scores, sets, and what the course expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo

import msgspec

from kapconsole.clinical.clients.courses import Course, Due, Visit, due, warnings
from kapconsole.clinical.clients.entry import ScoreDigest, SessionEntry
from kapconsole.clinical.clients.index import Index, client_of, clients
from kapconsole.clinical.instruments.model import Instrument
from kapconsole.clinical.instruments.scoring import change_words
from kapconsole.clock import duration_text


class Point(msgspec.Struct, frozen=True):
    """One score: its day, total (None: answers missing) or result, band with source, and the change since the first."""

    day: date
    session: int
    total: float | None
    result: str
    band: str
    band_source: str
    missing: int
    change: str = ""


class ScoreSeries(msgspec.Struct, frozen=True):
    """All scores of one instrument, oldest first."""

    instrument: str
    name: str
    points: tuple[Point, ...]


class ClientPage(msgspec.Struct, frozen=True):
    """One client. `sessions` oldest first, numbered from 1 by their place; `course`: its name, empty when none."""

    code: str
    sessions: tuple[SessionEntry, ...]
    days: tuple[date, ...]
    scores: tuple[ScoreSeries, ...]
    course: str
    course_note: str
    reminder: str
    due: tuple[Due, ...]
    warnings: tuple[str, ...]
    safety_open: bool


def client_page(
    sessions: Sequence[SessionEntry],
    courses: Mapping[str, Course],
    instruments: Mapping[str, Instrument],
    today: date,
    zone: tzinfo | None = None,
) -> ClientPage:
    """The page of one client's sessions (oldest first). `zone`: whose calendar days; None: this machine's."""
    days = tuple(_day(entry.start_utc_us, zone) for entry in sessions)
    visits = [Visit(entry.kind, entry.start_utc_us, day) for entry, day in zip(sessions, days, strict=True)]
    chosen = next((entry.course for entry in reversed(sessions) if entry.course), "")
    course = courses.get(chosen)
    found = [] if course is None else warnings(course, visits, today)
    if chosen and course is None:
        found.append(f"the course {chosen!r} of the sessions is not among this site's templates")
    return ClientPage(
        code=client_of(sessions[-1]) if sessions else "",
        sessions=tuple(sessions),
        days=days,
        scores=tuple(_series(sessions, days, instruments)),
        course=course.name if course else chosen,
        course_note=course.note if course else "",
        reminder=course.reminder if course else "",
        due=tuple(due(course, visits, today)) if course else (),
        warnings=tuple(found),
        safety_open=any(entry.safety_open for entry in sessions),
    )


def page_text(page: ClientPage) -> str:
    """The page for a terminal."""
    lines = [f"{page.code}: {len(page.sessions)} sessions"]
    if page.safety_open:
        lines.append("SAFETY PROMPT OPEN: an answer touched suicide and nothing was recorded about it yet.")
    if page.course:
        lines.append(f"Course: {page.course}. {page.course_note}".rstrip())
    for number, (entry, day) in enumerate(zip(page.sessions, page.days, strict=True), 1):
        state = "" if entry.closed else ", not closed"
        simulated = ", simulated" if entry.simulated else ""
        lines.append(
            f"{number:>3}  {day}  {entry.kind}, {duration_text(entry.length_s)}{state}{simulated}  {entry.file}"
        )
        if entry.doses:
            words = (f"{dose.drug} {dose.amount_mg:g} mg {dose.route.upper()}" for dose in entry.doses)
            lines.append(f"       doses: {', '.join(words)}")
        if entry.peaks:
            words = (f"{peak.name} {_extreme(peak.name)} {peak.value:g} {peak.unit}" for peak in entry.peaks)
            lines.append(f"       {', '.join(words)}")
        if entry.alarms:
            words = (f"{count} {priority}" for priority, count in entry.alarms.items())
            lines.append(f"       alarms: {', '.join(words)}")
        if entry.sets:
            rated = [f"{held.sud_before}→{held.sud_after}" for held in entry.sets if held.sud_after is not None]
            lines.append(f"       sets: {len(entry.sets)}" + (f", SUD {', '.join(rated)}" if rated else ""))
        lines += [f"       {warning}" for warning in entry.warnings]
    for series in page.scores:
        source = next((point.band_source for point in reversed(series.points) if point.band_source), "")
        lines.append(f"{series.name}" + (f" (bands: {source})" if source else ""))
        lines += [f"       {point.day}  {_point(point)}" for point in series.points]
        if len(series.points) > 1 and series.points[-1].change:
            lines.append(f"       since the first: {series.points[-1].change}")
    if page.due:
        lines.append("Due")
        for item in page.due:
            until = f" to {item.until}" if item.until and item.until != item.since else ""
            lines.append(f"       {item.since}{until}  {item.words}{'  OVERDUE' if item.overdue else ''}")
        lines.append(f"       {page.reminder}")
    lines += [f"note: {warning}" for warning in page.warnings]
    return "\n".join(lines) + "\n"


def list_text(index: Index, zone: tzinfo | None = None) -> str:
    """All clients for a terminal."""
    lines = ["client               sessions  dosing  first       last        last was"]
    for line in clients(index):
        first, last = _day(line.first_utc_us, zone), _day(line.last_utc_us, zone)
        safety = "  SAFETY PROMPT OPEN" if line.safety_open else ""
        lines.append(
            f"{line.code:<20} {line.sessions:>8}  {line.dosings:>6}  {first}  {last}  {line.last_kind}{safety}"
        )
    if not index.entries:
        lines = ["no sessions yet"]
    lines += [f"could not be read: {held.file}: {held.why}" for held in index.unread]
    return "\n".join(lines) + "\n"


def _series(
    sessions: Sequence[SessionEntry], days: Sequence[date], instruments: Mapping[str, Instrument]
) -> list[ScoreSeries]:
    held: dict[str, list[tuple[date, int, ScoreDigest]]] = {}
    for number, (entry, day) in enumerate(zip(sessions, days, strict=True), 1):
        for score in entry.scores:
            on = date.fromisoformat(score.answered_on) if score.answered_on else day
            held.setdefault(score.instrument, []).append((on, number, score))
    found = []
    for instrument_id, scores in held.items():
        scores.sort(key=lambda item: (item[0], item[2].on_utc_us))
        instrument = instruments.get(instrument_id)
        first = next((score.total for _, _, score in scores if score.total is not None), None)
        points = []
        for on, number, score in scores:
            change = ""
            if instrument is not None and first is not None and score.total is not None:
                change = change_words(instrument, first, score.total)
            points.append(
                Point(on, number, score.total, score.result, score.band, score.band_source, score.missing, change)
            )
        name = scores[-1][2].name or (instrument.name if instrument else instrument_id)
        found.append(ScoreSeries(instrument_id, name, tuple(points)))
    return sorted(found, key=lambda series: series.name.casefold())


def _point(point: Point) -> str:
    if point.total is None and not point.result:
        return f"not scored, {point.missing} {'answer' if point.missing == 1 else 'answers'} missing"
    value = point.result if point.total is None else f"{point.total:g}"
    return f"{value}, {point.band}" if point.band else value


def _extreme(name: str) -> str:
    return "lowest" if name == "SpO2" else "highest"


def _day(utc_us: int, zone: tzinfo | None) -> date:
    return datetime.fromtimestamp(utc_us / 1e6, UTC).astimezone(zone).date()
