"""Export out of the replay window by keyboard: what, without names, where; called off, refused, never over a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kapconsole.clock import FakeClock
from kapconsole.export import taking
from kapconsole.export.accesses import access_path, read_accesses
from kapconsole.replay.exporting import ExportSheet
from kapconsole.replay.study import Study
from kapconsole.replay.window import ReplayWindow
from tests.replay.session_files import alarmed, study, write

Wait = Callable[[], None]
ENTER, ESC = Qt.Key.Key_Return, Qt.Key.Key_Escape


@pytest.fixture(scope="module")
def rows() -> list:
    return alarmed(12, 5, ())


@pytest.fixture
def path(tmp_path: Path, rows: list) -> Path:
    return write(tmp_path / "K-0142.kaplog", rows)


@pytest.fixture
def desk(path: Path) -> Iterator[Study]:
    made = study(path)
    yield made
    made.held.release()


@pytest.fixture
def window(qapp: QApplication, desk: Study) -> Iterator[ReplayWindow]:
    clock = FakeClock()
    made = ReplayWindow("K-0142.kaplog", desk.held.timeline, clock_us=clock.now_us, frame_ms=0, study=desk)
    made.show()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def wait(window: ReplayWindow, qtbot) -> Wait:
    def until_done() -> None:
        exporting, work = window.supervising.exporting.work, window.supervising.work
        qtbot.wait(1)  # the form is drawn as running before the work begins
        qtbot.waitUntil(lambda: not exporting.busy and not work.busy, timeout=30_000)

    return until_done


def opened(window: ReplayWindow) -> ExportSheet:
    QTest.keyClick(window, "X")
    sheet = window.sheet
    assert isinstance(sheet, ExportSheet)
    return sheet


def quiet_line(window: ReplayWindow) -> str:
    said = window.host.footer.said
    return said[1] if said is not None else ""


def said(path: Path) -> list[tuple[str, str]]:
    return [(line.what, line.detail) for line in read_accesses(access_path(path)).lines]


def test_by_keyboard_alone(window: ReplayWindow, path: Path, tmp_path: Path, wait: Wait) -> None:
    sheet = opened(window)
    assert sheet.line.text().endswith("K-0142.pdf")
    sheet.line.setText(str(tmp_path / "out"))
    QTest.keyClick(sheet, ENTER)
    wait()
    assert (tmp_path / "out.pdf").read_bytes().startswith(b"%PDF")
    assert window.sheet is None
    assert "exported" in quiet_line(window)
    assert said(path) == [("exported", "pdf to out.pdf")]
    assert "exported 1×" in window.record.record.accesses, "the fixed line says so at once"


def test_the_kind_and_the_names_change_the_suggested_file(window: ReplayWindow) -> None:
    sheet = opened(window)
    assert QApplication.focusWidget() is sheet.kinds.buttons()[0]
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert sheet.kind() == "csv"
    assert sheet.target().suffix == ".zip"
    sheet.nameless.click()
    assert sheet.target().name == "supervision.zip", "the name must not tell what was taken out"
    sheet.line.setText("/somewhere/mine.zip")
    sheet.kinds.buttons()[2].click()
    assert str(sheet.target()) == str(Path("/somewhere/mine.edf")), "a typed place stays, with the ending that fits"


def test_never_over_something_without_asking(window: ReplayWindow, tmp_path: Path, wait: Wait) -> None:
    target = tmp_path / "mine.pdf"
    target.write_text("mine")
    sheet = opened(window)
    sheet.line.setText(str(target))
    QTest.keyClick(sheet, ENTER)
    assert "Enter again replaces it" in sheet.wrong.text()
    assert not sheet.running
    QTest.keyClicks(sheet.line, "x")
    QTest.keyClick(sheet.line, Qt.Key.Key_Backspace)
    QTest.keyClick(sheet, ENTER)
    assert target.read_text() == "mine", "a name that was typed anew is asked about anew"
    QTest.keyClick(sheet, ENTER)
    wait()
    assert target.read_bytes().startswith(b"%PDF")


def test_a_place_that_cannot_be_stays_in_the_form_with_words(window: ReplayWindow, path: Path, tmp_path: Path) -> None:
    sheet = opened(window)
    sheet.line.setText(str(tmp_path / "nowhere" / "a.pdf"))
    QTest.keyClick(sheet, ENTER)
    assert "does not exist" in sheet.wrong.text()
    assert window.sheet is sheet
    assert said(path) == []


def test_what_goes_wrong_later_leaves_the_form_as_it_was(
    window: ReplayWindow, tmp_path: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_words: object, **_more: object) -> None:
        raise taking.LogError("The disk is full.")

    monkeypatch.setattr(taking, "export_pdf", full)
    sheet = opened(window)
    sheet.line.setText(str(tmp_path / "a.pdf"))
    QTest.keyClick(sheet, ENTER)
    wait()
    assert window.sheet is sheet
    assert sheet.wrong.text() == "The disk is full."
    assert sheet.keep_button.isEnabled()
    assert sheet.line.text() == str(tmp_path / "a.pdf")


def test_called_off_while_it_runs(
    window: ReplayWindow, path: Path, tmp_path: Path, wait: Wait, qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, go_on = threading.Event(), threading.Event()
    really = taking.export_csv

    def held_up(*words, **more) -> None:
        going.set()
        assert go_on.wait(20)
        really(*words, **more)

    monkeypatch.setattr(taking, "export_csv", held_up)
    sheet = opened(window)
    QTest.mouseClick(sheet.kinds.buttons()[1], Qt.MouseButton.LeftButton)
    sheet.line.setText(str(tmp_path / "a.zip"))
    QTest.keyClick(sheet, ENTER)
    qtbot.waitUntil(going.is_set, timeout=20_000)
    assert sheet.running
    QTest.keyClick(sheet, ESC)
    assert window.sheet is None
    go_on.set()
    wait()
    assert not (tmp_path / "a.zip").exists()
    assert quiet_line(window) == "called off: nothing was exported"
    assert [what for what, _ in said(path)] == ["exported", "not exported"]
    assert "never exported" in window.record.record.accesses


def test_a_window_that_is_closed_calls_its_export_off(
    window: ReplayWindow, path: Path, tmp_path: Path, qtbot, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, go_on = threading.Event(), threading.Event()
    really = taking.read_recorded

    def held_up(*words, **more):
        going.set()
        assert go_on.wait(20)
        return really(*words, **more)

    monkeypatch.setattr(taking, "read_recorded", held_up)
    sheet = opened(window)
    sheet.line.setText(str(tmp_path / "a.pdf"))
    QTest.keyClick(sheet, ENTER)
    qtbot.waitUntil(going.is_set, timeout=20_000)
    threading.Timer(0.1, go_on.set).start()
    window.close()
    assert not (tmp_path / "a.pdf").exists()
    assert said(path) == []


def test_a_search_for_a_value_can_be_gone_through(window: ReplayWindow) -> None:
    QTest.keyClick(window, "V")
    assert "searches first" in quiet_line_of_view(window)
    QTest.keyClick(window, "/")
    assert window.sheet is not None
    window.sheet.line.setText("pulse > 1")
    assert window.sheet.hits
    assert "pulse" in window.sheet.list.item(0).text()
    first = window.sheet.hits[0].known_us
    QTest.keyClick(window.sheet, ENTER)
    assert window.player.position_us == first
    QTest.keyClick(window, "V")
    QTest.keyClick(window, "V", Qt.KeyboardModifier.ShiftModifier)
    assert window.player.position_us == first


def quiet_line_of_view(window: ReplayWindow) -> str:
    said = window.view.footer.said
    return said[1] if said is not None else ""
