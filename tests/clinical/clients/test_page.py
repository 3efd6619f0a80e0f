"""A client's page and chart: scores over sessions, changes with sources, what is due, fifty sessions."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from datetime import UTC, date

import msgspec
import pytest

from kapconsole.clinical.clients.chart import chart_svg
from kapconsole.clinical.clients.courses import load_courses
from kapconsole.clinical.clients.entry import DoseDigest, Peak, ScoreDigest, SessionEntry, SetDigest, digest
from kapconsole.clinical.clients.index import Index, Unread, clients, refreshed
from kapconsole.clinical.clients.page import ClientPage, client_page, list_text, page_text
from kapconsole.clinical.instruments.catalog import load_instruments
from kapconsole.events import Measurement
from kapconsole.rows import NUMERICS, Row, pack_numerics
from kapdevices.readings import Metric, Quality

COURSES, INSTRUMENTS = load_courses(), load_instruments()
START_US = 1_772_700_000_000_000
DAY_US = 24 * 3_600_000_000
MIN = 60_000_000


def score(total: float | None, instrument: str = "phq-9", **fields: object) -> ScoreDigest:
    held = INSTRUMENTS[instrument]
    base = {
        "instrument": instrument,
        "name": held.name,
        "version": held.version,
        "on_utc_us": START_US,
        "answered_on": "",
        "total": total,
        "result": "",
        "band": "" if total is None else held.band(total),
        "band_source": held.band_source,
        "missing": int(total is None),
    }
    return ScoreDigest(**{**base, **fields})  # type: ignore[arg-type]


def entry(day: int, subject: str = "K-17", kind: str = "dosing", **fields: object) -> SessionEntry:
    base = {
        "file": f"{subject}-{day}.kaplog",
        "stamp": (1,),
        "session_id": f"{subject}{day}",
        "subject": subject,
        "kind": kind,
        "course": "",
        "start_utc_us": START_US + day * DAY_US,
        "length_s": 7200.0,
        "time_zone": "Europe/Berlin",
        "simulated": False,
        "closed": True,
        "encrypted": False,
        "head_code": "",
        "doses": (DoseDigest(1800.0, "ketamine", "im", 60.0),) if kind == "dosing" else (),
    }
    return SessionEntry(**{**base, **fields})  # type: ignore[arg-type]


def page_of(*entries: SessionEntry, today: date = date(2026, 3, 20)) -> ClientPage:
    return client_page(entries, COURSES, INSTRUMENTS, today, UTC)


def test_a_page_tells_sessions_scores_and_change() -> None:
    page = page_of(
        entry(0, scores=(score(18),), peaks=(Peak("SpO2", "%", 88, 60), Peak("NIBP systolic", "mmHg", 158, 90))),
        entry(3, kind="integration", sets=(SetDigest(1, 5, "emdr-standard", 30, 24, "count", 8, 2, None),)),
        entry(7, scores=(score(12), score(3, "sud")), course="network", alarms={"high": 1, "low": 2}),
    )
    text = page_text(page)
    assert "K-17: 3 sessions" in text
    assert "SpO2 lowest 88 %, NIBP systolic highest 158 mmHg" in text
    assert "18, moderately severe" in text
    assert "PHQ-9 (bands: Kroenke" in text
    assert "since the first: fewer points: −6; a change of at least 5 points (PHQ instruction manual)" in text
    assert "sets: 1, SUD 8→2" in text
    assert "alarms: 1 high, 2 low" in text
    assert "Network programme" in text
    assert [series.name for series in page.scores] == ["PHQ-9", "SUD"]


def test_a_missing_answer_and_an_open_safety_prompt_are_said() -> None:
    text = page_text(page_of(entry(0, scores=(score(None),), safety_open=True)))
    assert "not scored, 1 answer missing" in text
    assert text.splitlines()[1].startswith("SAFETY PROMPT OPEN")


def test_a_form_from_home_stands_at_its_own_day() -> None:
    page = page_of(entry(0, scores=(score(18),)), entry(7, scores=(score(20, answered_on="2026-02-01"),)))
    assert [(point.day, point.total) for point in page.scores[0].points] == [
        (date(2026, 2, 1), 20),
        (date(2026, 3, 5), 18),
    ]


def test_what_is_due_and_a_template_that_is_gone() -> None:
    page = page_of(entry(0, course="slow"), today=date(2026, 3, 9))
    assert [item.what for item in page.due] == ["integration", "dose", "follow-up", "follow-up"]
    assert "OVERDUE" in page_text(page)
    assert "not among this site's templates" in page_text(page_of(entry(0, course="secret")))


def test_a_page_goes_through_json() -> None:
    page = page_of(entry(0, scores=(score(18),), course="slow"))
    assert msgspec.json.decode(msgspec.json.encode(page), type=ClientPage) == page


# --- chart ----------------------------------------------------------------------------------------------------------


def test_the_chart_has_a_dot_for_every_score_and_a_line_for_every_dose() -> None:
    entries = [
        entry(7 * week, scores=(score(20 - week), score(60 - 5 * week, "pcl-5")), subject="K<17>") for week in range(8)
    ]
    root = ET.fromstring(chart_svg(page_of(*entries), INSTRUMENTS))
    dots = [node for node in root.iter() if node.tag.endswith("circle")]
    doses = [node for node in root.iter() if node.get("class") == "dose"]
    assert (len(dots), len(doses)) == (16, 8)
    words = {node.text for node in root.iter() if node.tag.endswith("text")}
    assert {"PHQ-9", "PCL-5", "moderately severe", "K<17>: scores over sessions"} <= words
    heights = {dot[0].text: float(dot.get("cy") or 0) for dot in dots}
    assert heights["PHQ-9 20 on 2026-03-05"] < heights["PHQ-9 13 on 2026-04-23"]  # a higher score stands higher


def test_the_chart_has_no_colour() -> None:
    drawing = chart_svg(page_of(entry(0, scores=(score(18),))), INSTRUMENTS)
    for colour in re.findall(r"#([0-9a-f]{3,6})\b", drawing):
        pairs = set(colour) if len(colour) == 3 else {colour[0:2], colour[2:4], colour[4:6]}
        assert len(pairs) == 1, colour
    assert not re.search(r"\b(red|yellow|cyan|blue|green)\b", drawing)


@pytest.mark.parametrize(
    "entries", [(), (entry(0),), (entry(0, scores=(score(18),)),), (entry(0, scores=(score(None),)),)]
)
def test_a_chart_of_little_is_still_a_drawing(entries: tuple[SessionEntry, ...]) -> None:
    ET.fromstring(chart_svg(page_of(*entries), INSTRUMENTS))


# --- index ----------------------------------------------------------------------------------------------------------


def test_fifty_sessions_come_from_the_index_without_a_file_being_read() -> None:
    entries = [entry(day, scores=(score(20 - day % 10),)) for day in range(50)]
    files = {held.file: held.stamp for held in entries}
    by_file = {held.file: held for held in entries}
    read: list[str] = []

    def reads(file: str, stamp: tuple[int, ...]) -> SessionEntry:
        read.append(file)
        return by_file[file]

    first = refreshed(Index(), files, reads)
    assert len(read) == 50
    again = refreshed(msgspec.json.decode(msgspec.json.encode(first), type=Index), files, reads)
    assert len(read) == 50
    assert again == first
    assert len(page_of(*again.of("k-17")).sessions) == 50


def test_changed_new_and_lost_files() -> None:
    old = refreshed(Index(), {"a": (1,), "b": (1,)}, lambda file, stamp: entry(0, file=file, stamp=stamp))
    heard: list[tuple[int, int]] = []

    def read(file: str, stamp: tuple[int, ...]) -> SessionEntry | Unread:
        return Unread(file, "torn") if file == "c" else entry(5, file=file, stamp=stamp)

    new = refreshed(old, {"b": (2,), "c": (1,)}, read, lambda done, total: heard.append((done, total)))
    assert [held.file for held in new.entries] == ["b"]
    assert new.unread == (Unread("c", "torn"),)
    assert heard == [(1, 2), (2, 2)]
    assert "could not be read: c: torn" in list_text(new, UTC)


def test_clients_stand_by_their_last_session() -> None:
    index = Index(entries=(entry(0, "A"), entry(1, "B"), entry(2, "a", kind="integration"), entry(3, "")))
    lines = clients(index)
    assert [(line.code, line.sessions, line.dosings) for line in lines] == [
        ("(no code)", 1, 1),
        ("a", 2, 1),
        ("B", 1, 1),
    ]
    assert len(index.of("(no code)")) == 1
    assert "no sessions yet" in list_text(Index())


# --- digest ---------------------------------------------------------------------------------------------------------


def row(seq: int, minute: float, kind: str, **fields: object) -> Row:
    mono_us = round(minute * MIN)
    body = msgspec.json.encode({"type": kind, "at_us": mono_us, **fields})
    return Row(seq, mono_us, START_US + mono_us, kind, "staff", body)


def test_a_digest_is_made_from_rows_and_damage_does_not_stop_it() -> None:
    started = msgspec.json.encode(
        {
            "type": "session-started",
            "session_id": "x",
            "subject": "K-1",
            "app_version": "0.1",
            "boot_id": "",
            "mono_origin_ns": 0,
            "utc_origin_us": START_US,
            "speed": 1.0,
            "time_zone": "UTC",
        }
    )
    base_us, numbers = pack_numerics(
        [
            Measurement(MIN + place, 1, Metric.SPO2, value, Quality.GOOD)
            for place, value in enumerate((97.0, 84.0, 99.0))
        ]
    )
    found = digest(
        [
            Row(1, 0, START_US, "session-started", "monitor", started),
            row(2, 1, "visit-opened", visit="integration"),
            Row(3, base_us, START_US + base_us, NUMERICS, "monitor", numbers),
            Row(4, 2 * MIN, START_US, "note-taken", "staff", b"{torn"),
            row(5, 3, "instrument-taken", instrument="sud", name="SUD", total=8.0),
            row(6, 4, "instrument-taken", instrument="sud", name="SUD", total=7.0, about=5),
            row(7, 5, "course-chosen", course="slow"),
            row(8, 5, "bilateral-set-asked", set_id=1, sud_before=8),
            row(9, 6, "bilateral-set-delivered", set_id=1, preset="p", start_us=5 * MIN, stop_us=5 * MIN + 9_000_000),
            row(10, 7, "bilateral-set-rated", set_id=1, sud_before=None, sud_after=4, voc=None),
            row(11, 7, "bilateral-set-rated", set_id=1, sud_before=None, sud_after=None, voc=5),
            row(12, 8, "safety-raised", instrument="phq-9", why="item 9"),
            row(13, 9, "future-kind", what="?"),
        ],
        file="k.kaplog",
        closed=True,
    )
    assert (found.subject, found.kind, found.course, found.safety_open) == ("K-1", "integration", "slow", True)
    assert found.peaks == (Peak("SpO2", "%", 84.0, 60.000001),)
    assert [held.total for held in found.scores] == [7.0]
    (one,) = found.sets
    assert (one.sud_before, one.sud_after, one.voc, one.length_s) == (8, 4, 5, 9.0)
    assert any("does not know" in words for words in found.warnings)
