"""Two whole days by keyboard alone, a dosing day and an integration visit: then log, PDF, CSV, client's page, replay.

The processes, the window and the wire are the real ones; the monitors are simulators, and the dosing day runs sixty
times as fast as life. Every wish is a key typed into the window.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.bilateral import events as be
from kapconsole.clinical import events as ce
from kapconsole.clinical.instruments import events as it
from kapconsole.cues.light import events as li
from kapconsole.cues.music import events as mu
from kapconsole.record.reader import open_log
from kapconsole.session.timeline import Timeline

pytestmark = [
    pytest.mark.qt,
    pytest.mark.timeout(420),  # two days, of which the first sets up both tests
    pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals"),
]

SPEED = 60.0
T = TypeVar("T")


class Played(NamedTuple):
    """What is left of a day: its file, and what the window showed at its moments."""

    log: Path
    seen: list[Any]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The clinic's own folder, for both days."""
    folder = tmp_path_factory.mktemp("day")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAPCONSOLE_HOME", str(folder / "k"))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        from . import clinic

        clinic.furnish()
    return folder


@pytest.fixture
def home_there(place: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test lives in the clinic's folder."""
    monkeypatch.setenv("KAPCONSOLE_HOME", str(place / "k"))
    return place


@pytest.fixture(scope="module")
def dosing_day(place: Path, qapp: Any) -> Played:
    """The dosing day, played once for both tests."""
    from . import clinic, dosing_day
    from .keyboard import Keyboard

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KAPCONSOLE_HOME", str(place / "k"))
        with clinic.Day("2026-03-02-dosing", SPEED, place) as day:
            keyboard = Keyboard(day.address)
            try:
                dosing_day.play(keyboard, day)
            finally:
                keyboard.close()
            day.ended()
            return Played(day.log, keyboard.seen)


@pytest.fixture
def integration_day(dosing_day: Played, home_there: Path, qapp: Any) -> Played:
    """The visit some days later, at the pace of life: moving lights and tones run at no other."""
    from . import clinic, integration_day
    from .keyboard import Keyboard

    with clinic.Day("2026-03-05-integration", 1.0, home_there) as day:
        keyboard = Keyboard(day.address)
        try:
            integration_day.play(keyboard)
        finally:
            keyboard.close()
        day.ended()
        return Played(day.log, keyboard.seen)


def bodies(log: Path, kind: type[T]) -> list[T]:
    """The bodies of one kind, in order."""
    with open_log(log) as opened:
        timeline = Timeline()
        timeline.add_rows(opened.rows())
    return [event.body for event in timeline.events if isinstance(event.body, kind)]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command of kapconsole prints; it must succeed."""
    from kapconsole.cli import main

    assert main(list(words)) == 0, capsys.readouterr()
    return capsys.readouterr().out


def pdf_text(path: Path) -> str:
    """All words of a PDF, on one line."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    try:
        assert 1 <= len(document) <= 3
        return " ".join(" ".join(page.get_textpage().get_text_range() for page in document).split())
    finally:
        document.close()


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of one table of a CSV export."""
    with (folder / f"{name}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def replays_as_seen(day: Played) -> int:
    """The replay shows at each remembered moment what the window showed then. How many moments."""
    from kapconsole.replay.window import ReplayWindow

    with open_log(day.log) as opened:
        timeline = Timeline()
        timeline.add_rows(opened.rows())
    window = ReplayWindow(day.log.name, timeline, frame_ms=0)
    window.show()
    try:
        for seen in day.seen:
            window.seek(seen.at_us)
            moment = window.moment()
            assert timeless(moment.state) == timeless(seen.state), seen.name
            for part, words in seen.said.items():
                # What Space would start is a matter of the live window alone.
                recorded = words.removeprefix("ready, ") if part == "stimulation" else words
                assert getattr(window.view, part).spoken(moment) == recorded, (seen.name, part)
    finally:
        window.close()
        window.deleteLater()
    return len(day.seen)


def timeless(state: Any) -> Any:
    """A state without the newest numbers: those are on their way at any moment."""
    return replace(state, latest={}, first_valid={}, mono_us=0)


def test_a_dosing_day_by_keys_alone_is_recorded_exported_and_replayed(
    dosing_day: Played, home_there: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = dosing_day.log
    # 1: the file is whole, and nothing was refused but what the day tried in vain.
    assert "whole and unchanged" in said(capsys, "verify", str(log))
    # 2: the phases, each through its gate.
    phases = [body.phase for body in bodies(log, ev.PhaseEntered)]
    assert phases == [
        "prepare", "pre-dose", "dose", "onset", "inward", "emerge", "integrate", "recover", "follow-up",
    ]  # fmt: skip
    assert len(bodies(log, ce.ScreeningAnswered)) == 19
    assert bodies(log, ce.ScreeningCleared)[0].flags == ("seizure",)
    assert [body.what for body in bodies(log, ce.SignedOff)] == ["pre-dose", "discharge", "session"]
    # 3: the dose, with every field that was typed.
    (dose,) = bodies(log, ce.DoseRecorded)
    assert (dose.amount_mg, dose.concentration_mg_ml, dose.volume_ml, dose.lot) == (60.0, 50.0, 1.2, "A1201")
    assert (dose.given_by, dose.witness, dose.site) == ("N. Berg", "T. Hart", "left deltoid")
    # 4: two readings before it, the others by the schedule, which had been armed.
    assert {"5 min", "10 min", "20 min", "30 min"} <= {body.slot for body in bodies(log, ce.CuffBySchedule)}
    # 5: the alarm and who acknowledged it; sedation and breaths.
    assert any(body.condition == "P01" and body.priority == "high" for body in bodies(log, al.AlarmBegan))
    assert bodies(log, al.AlarmAcknowledged)
    assert [body.score for body in bodies(log, ce.SedationScored)] == [5, 4, 5]
    # 6: music and light as they were steered.
    assert [body.act for body in bodies(log, mu.MusicAsked)] == ["play", "hold", "go-on", "ease"]
    assert "onset" in [body.cue for body in bodies(log, li.LightAsked) if body.why != "phase"]
    # 7: the door, with what was passed over and why.
    (over,) = bodies(log, ce.GateOverridden)
    assert (over.person, over.role, over.item) == ("P. Lund", "prescriber", "minimum-stay")
    (done,) = bodies(log, ce.Discharged)
    assert done.escort == "M. Friend"
    # 8: the PDF.
    said(capsys, "export", str(log), "--to", "pdf", "-o", str(tmp_path / "day.pdf"))
    text = pdf_text(tmp_path / "day.pdf")
    for words in (
        "Client K-0207", "ketamine IM 60 mg 0.80 mg/kg lot A1201", "witness T. Hart", "!!! high SpO2 81 < 85",
        "acknowledged after", "Sedation MOAA/S 4", "nausea grade 1", "SUD 3", "falling, but soft", "Mark: crying",
        "Passed over: Shortest stay", "lives next door", "escort M. Friend", "pre-dose N. Berg (nurse) with PIN",
        "Music descent (ease)", "Intention: to meet it gently",
    ):  # fmt: skip
        assert words in text, words
    # 9: the tables.
    said(capsys, "export", str(log), "--to", "csv", "-o", str(tmp_path / "csv"), "--no-waves")
    (row,) = table(tmp_path / "csv", "event_dose-recorded")
    assert (row["by"].split(",")[0], float(row["amount (mg)"]), row["lot"]) == ("N. Berg (nurse)", 60.0, "A1201")
    assert len(table(tmp_path / "csv", "event_nibp-measured")) == len(bodies(log, ev.NibpMeasured)) >= 6
    assert any("breathes deeply" in row["text"] for row in table(tmp_path / "csv", "event_note-taken"))
    # 10: the replay.
    assert replays_as_seen(dosing_day) == 7


def test_an_integration_visit_by_keys_alone_stands_with_the_dosing_day_on_the_clients_page(
    dosing_day: Played, integration_day: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = integration_day.log
    assert "whole and unchanged" in said(capsys, "verify", str(log))
    assert bodies(log, ce.VisitOpened)[-1].visit == "integration"
    (form,) = bodies(log, it.InstrumentTaken)
    assert (form.instrument, form.answers, form.total) == ("phq-9", (1, 1, 0, 1, 0, 0, 0, 0, 0), 3)
    (asked,) = bodies(log, be.ScreeningAnswered)
    assert set(asked.answers.values()) == {False}
    assert bodies(log, be.StopSignalRehearsed)
    first, second = bodies(log, be.SetDelivered)
    assert (first.reason, second.reason) == (be.StopReason.STOP_NOW, be.StopReason.COUNT)
    assert second.cycles_delivered == 12
    assert [(body.sud_before) for body in bodies(log, be.SetAsked)] == [6, 3]
    assert [(body.sud_after, body.voc) for body in bodies(log, be.SetRated)] == [(4, None), (None, 5)]
    said(capsys, "export", str(log), "--to", "pdf", "-o", str(tmp_path / "visit.pdf"))
    text = pdf_text(tmp_path / "visit.pdf")
    for words in ("PHQ-9 3 minimal", "eyes-closed", "6 → 4 stop now", "installation 12", "a door that opens",
                  "session T. Hart (therapist) with PIN"):  # fmt: skip
        assert words in text, words
    said(capsys, "export", str(log), "--to", "csv", "-o", str(tmp_path / "csv"), "--no-waves")
    assert [row["reason"] for row in table(tmp_path / "csv", "event_bilateral-set-delivered")] == ["stop_now", "count"]
    # Both days on the client's page: dose, peaks, scores, sets.
    page = json.loads(said(capsys, "clients", "K-0207", "--json"))
    dosed, visit = page["sessions"]
    assert (dosed["kind"], visit["kind"]) == ("dosing", "integration")
    assert {series["instrument"] for series in page["scores"]} == {"phq-9", "sud"}
    words = said(capsys, "clients", "K-0207")
    for expected in ("ketamine 60 mg IM", "SpO2 lowest 81 %", "sets: 2, SUD 6→4", "3, minimal"):
        assert expected in words, expected
    assert replays_as_seen(integration_day) == 4
