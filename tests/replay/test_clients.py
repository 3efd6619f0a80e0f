"""All sessions in one window: found, looked at, opened, taken out, copied, deleted; with the keyboard alone."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from kapconsole.clinical.clients.entry import SessionEntry, SetDigest
from kapconsole.clinical.clients.index import Index
from kapconsole.export.accesses import access_path, deletions_path, read_accesses
from kapconsole.export.clientindex import index_path
from kapconsole.record import access, keys
from kapconsole.record.reader import open_log
from kapconsole.replay.clients.desk import Desk, Replay
from kapconsole.replay.clients.forms import CopySheet, DeleteSheet, PassphraseSheet
from kapconsole.replay.clients.found import Shelf, cells, day_of, sud_text
from kapconsole.replay.clients.window import ACTIONS, EVERY_ACTION, ClientsWindow
from kapconsole.replay.exporting import ExportSheet
from kapconsole.replay.sheets import TextSheet
from kapdevices.readings import Metric

DAY_US = 86_400_000_000
ENTER, ESC, DOWN, TAB = Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Down, Qt.Key.Key_Tab
Wait = Callable[[], None]


def _days() -> ModuleType:
    spec = importlib.util.spec_from_file_location("days", Path(__file__).parent.parent / "export" / "day.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["days"] = module
    spec.loader.exec_module(module)
    return module


story = _days()


def session(folder: Path, code: str, day: int, kind: str = "dosing", key: bytes | None = None, **more: bool) -> Path:
    """A short session file of a client, `day` days after the first."""
    made = story.Day(code, story.UTC_US + day * DAY_US)
    made.at(0.5, "visit-opened", visit=kind, label=kind, data={})
    made.score(1, "phq-9", "PHQ-9", 20.0 - day / 7, answers=[2] * 9)
    if more.get("asks"):
        made.at(2, "safety-raised", instrument="phq-9", why="Item 9")
    for second in range(180, 240):
        made.numbers(second / 60, {Metric.SPO2: 97.0 - second % 4, Metric.PULSE_RATE: 70.0})
    if kind == "dosing":
        made.dose(5)
        made.alarm(6)
        made.stimulation(10, 1, 8, 6)
        made.stimulation(12, 2, 6, 3)
    return Path(made.write(folder / f"{day:03}_{code}.kaplog", key, close=more.get("close", True)))


class Started:
    """Replays that would have been started."""

    def __init__(self, trouble: str | None = None) -> None:
        self.words: list[tuple[list[str], str]] = []
        self.said = trouble

    def __call__(self, words: Sequence[str], given: str) -> Replay:
        self.words.append((list(words), given))
        return self  # type: ignore[return-value]  # all that is asked of it

    def trouble(self) -> str | None:
        return self.said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "sessions"
    made.mkdir()
    session(made, "K-17", 0, "preparation")
    session(made, "K-17", 7)
    session(made, "K-17", 14, "integration")
    session(made, "M-02", 3, asks=True)
    session(made, "M-02", 30, "follow-up", close=False)
    return made


@pytest.fixture
def started() -> Started:
    return Started()


@pytest.fixture
def show(qapp: QApplication, folder: Path, started: Started, qtbot) -> Iterator[Callable[..., ClientsWindow]]:
    made: list[ClientsWindow] = []

    def shown(code: str = "", **more) -> ClientsWindow:
        window = ClientsWindow(Desk(folder, start=started, who="ana", **more), code)
        made.append(window)
        window.show()
        settled(window, qtbot)
        return window

    yield shown
    for window in made:
        window.close()
        window.deleteLater()


@pytest.fixture
def window(show: Callable[..., ClientsWindow]) -> ClientsWindow:
    return show()


@pytest.fixture
def wait(window: ClientsWindow, qtbot) -> Wait:
    return lambda: settled(window, qtbot)


def settled(window: ClientsWindow, qtbot) -> None:
    qtbot.wait(1)
    qtbot.waitUntil(lambda: not window.work.busy and not window.exporting.work.busy, timeout=30_000)


def codes(window: ClientsWindow) -> list[str]:
    return [window.list.item(row).text().splitlines()[0] for row in range(window.list.count())]


def column(window: ClientsWindow, number: int) -> list[str]:
    table = window.pane.table
    return [table.item(row, number).text() for row in range(table.rowCount())]


def choose(window: ClientsWindow, code: str) -> None:
    window.list.setCurrentRow(codes(window).index(code))
    window.pane.table.setFocus()


# -- what is found ------------------------------------------------------------------------------------------------


def entry(**fields) -> SessionEntry:
    held = {"file": "/s/2026-03-05_K-17.kaplog", "stamp": (), "session_id": "i", "subject": "K-17", "kind": "dosing"}
    held |= {"course": "", "start_utc_us": story.UTC_US, "length_s": 60.0, "time_zone": "", "simulated": False}
    held |= {"closed": True, "encrypted": False, "head_code": ""}
    return SessionEntry(**{**held, **fields})


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", 1), ("k-17", 1), ("K-17 dosing", 1), ("dosing k-17", 1), ("2026-03-05", 1), ("5 mar", 1),
        ("march 2026", 1), ("integration", 0), ("k-18", 0), ("april", 0),
        ("2026-03-05_K-17.kaplog", 1), ("not closed", 0),
    ],
)  # fmt: skip
def test_a_session_is_found_by_what_a_person_knows_of_it(query: str, found: int) -> None:
    assert len(Shelf(Index(entries=(entry(),)), UTC).find(query)) == found


def test_words_must_be_of_one_session() -> None:
    held = (entry(), entry(file="/s/b", kind="integration", start_utc_us=story.UTC_US + 40 * DAY_US))
    shelf = Shelf(Index(entries=held), UTC)
    assert shelf.find("dosing april") == []
    assert [one.files for one in shelf.find("integration april")] == [frozenset({"/s/b"})]


def test_nothing_measured_is_a_dash_and_not_a_number() -> None:
    row = cells(1, entry(closed=False), day_of(entry(), UTC))
    assert row[5:8] == ("–", "–", "–")
    assert "NOT CLOSED" in row[-1]
    one = SetDigest(1, 0, "", 30, None, "count", 8, 5, None)
    two = SetDigest(2, 0, "", 30, None, "count", 5, 5, None)
    assert sud_text((one, two)) == "8 → 5"
    assert sud_text(()) == "–"


# -- looking ------------------------------------------------------------------------------------------------------


def test_clients_and_their_sessions_are_there(window: ClientsWindow) -> None:
    assert codes(window) == ["M-02", "K-17"], "the one seen last comes first"
    choose(window, "K-17")
    assert column(window, 2) == ["integration", "dosing", "preparation"]
    assert column(window, 4)[1] == "ketamine 60 mg IM"
    assert column(window, 5)[1] == "94"
    assert column(window, 10)[1] == "8 → 6 → 3"
    assert "PHQ-9: 5 Mar 2026 20" in window.pane.plot.accessibleDescription()
    assert "SUD on 12 Mar 2026: 8 to 3" in window.pane.plot.accessibleDescription()
    assert window.pane.safety.isHidden()
    choose(window, "M-02")
    assert not window.pane.safety.isHidden()
    assert column(window, 11)[0] == "NOT CLOSED"


def test_a_few_letters_find_a_session(window: ClientsWindow) -> None:
    assert window.line.hasFocus()
    QTest.keyClicks(window.line, "k-17 dos")
    assert codes(window) == ["K-17"]
    chosen = window.pane.current()
    assert chosen is not None
    assert chosen.kind == "dosing", "the session that was searched for is the chosen one"
    QTest.keyClicks(window.line, "zzz")
    assert codes(window) == []
    assert window.pane.title.text() == "nothing holds these words"
    QTest.keyClick(window.line, ESC)
    assert len(codes(window)) == 2


def test_a_client_can_be_asked_for_at_once(show: Callable[..., ClientsWindow]) -> None:
    assert show("k-17").code() == "K-17"
    assert "no session of 'X-1'" in show("X-1").foot.text()


def test_what_cannot_be_read_is_said(window: ClientsWindow, folder: Path, wait: Wait) -> None:
    (folder / "torn.kaplog").write_bytes(b"nothing of a session")
    QTest.keyClick(window.pane.table, "R")
    wait()
    assert "1 file could not be read" in window.foot.text()
    QTest.keyClick(window.pane.table, "U")
    assert isinstance(window.sheet, TextSheet)
    assert "torn.kaplog" in window.sheet.text.toPlainText()


def test_an_empty_folder_says_so(qapp: QApplication, tmp_path: Path, qtbot) -> None:
    window = ClientsWindow(Desk(tmp_path))
    window.show()
    settled(window, qtbot)
    assert window.pane.title.text() == "no sessions yet"
    QTest.keyClick(window.list, "X")
    assert window.sheet is None
    assert "choose a session" in window.foot.text()
    window.close()
    window.deleteLater()


def test_a_second_look_reads_no_session_again(window: ClientsWindow, wait: Wait, monkeypatch) -> None:
    assert index_path().exists()
    reads: list[str] = []
    monkeypatch.setattr("kapconsole.export.clientindex.read_entry", lambda path, *_more: reads.append(path))
    window.refresh()
    wait()
    assert reads == []
    assert len(codes(window)) == 2


# -- doing --------------------------------------------------------------------------------------------------------


def test_enter_opens_a_session_in_its_own_process(window: ClientsWindow, started: Started, folder: Path) -> None:
    QTest.keyClicks(window.line, "k-17 dos")
    QTest.keyClick(window.line, ENTER)
    assert window.pane.table.hasFocus()
    QTest.keyClick(window.pane.table, ENTER)
    words, given = started.words[0]
    assert words[:4] == [sys.executable, "-m", "kapconsole", "replay"]
    assert words[4:] == [str(folder / "007_K-17.kaplog"), "--who", "ana"]
    assert given == ""
    window.look_after()
    assert "opens in its own window" in window.foot.text()
    started.said = "kapconsole: it is damaged"
    window.look_after()
    assert window.foot.text() == "007_K-17.kaplog: it is damaged"


def test_a_replay_that_fails_says_its_last_words() -> None:
    script = "import sys; print(sys.stdin.readline().strip(), file=sys.stderr); sys.exit(3)"
    replay = Replay([sys.executable, "-c", script], "open sesame")
    replay._process.wait(20)
    assert replay.trouble() == "open sesame", "what was given came through the pipe"
    well = Replay([sys.executable, "-c", "pass"], "")
    well._process.wait(20)
    assert well.trouble() == ""


def test_export_from_the_list(window: ClientsWindow, folder: Path, tmp_path: Path, wait: Wait) -> None:
    QTest.keyClicks(window.line, "k-17 dos")
    QTest.keyClick(window.line, ENTER)
    QTest.keyClick(window.pane.table, "X")
    assert isinstance(window.sheet, ExportSheet)
    window.sheet.line.setText(str(tmp_path / "out.pdf"))
    QTest.keyClick(window.sheet, ENTER)
    wait()
    assert (tmp_path / "out.pdf").exists()
    assert "exported" in window.foot.text()
    held = read_accesses(access_path(folder / "007_K-17.kaplog")).lines
    assert [(line.what, line.who) for line in held] == [("exported", "ana")]


def test_a_copy_without_names(window: ClientsWindow, tmp_path: Path, wait: Wait) -> None:
    choose(window, "K-17")
    QTest.keyClick(window.pane.table, "C")
    assert isinstance(window.sheet, CopySheet)
    window.sheet.line.setText(str(tmp_path / "there is none" / "a.kaplog"))
    QTest.keyClick(window.sheet, ENTER)
    wait()
    assert "does not exist" in window.sheet.wrong.text()
    window.sheet.line.setText(str(tmp_path / "a.kaplog"))
    QTest.keyClick(window.sheet, ENTER)
    wait()
    assert window.sheet is None
    assert window.foot.text().startswith("supervision copy S-")
    with open_log(tmp_path / "a.kaplog") as log:
        assert not any(b"K-17" in row.body for row in log.rows())


def test_deleting_needs_a_reason_the_name_and_the_years(window: ClientsWindow, folder: Path, wait: Wait) -> None:
    choose(window, "K-17")
    QTest.keyClick(window.pane.table, "D")
    sheet = window.sheet
    assert isinstance(sheet, DeleteSheet)
    QTest.keyClick(sheet, ENTER)
    assert sheet.wrong.text() == "a reason is needed"
    QTest.keyClicks(sheet.reason, "asked for by the client")
    QTest.keyClick(sheet, ENTER)
    assert "014_K-17.kaplog" in sheet.wrong.text()
    QTest.keyClicks(sheet.name, "014_K-17.kaplog")
    QTest.keyClick(sheet, ENTER)
    wait()
    assert "kept for 6 years" in sheet.wrong.text()
    assert "--early" not in sheet.wrong.text(), "the words are those of this form"
    assert (folder / "014_K-17.kaplog").exists()
    sheet.early.click()
    sheet.reason.setFocus()
    QTest.keyClick(sheet, ENTER)
    wait()
    assert not (folder / "014_K-17.kaplog").exists()
    assert column(window, 2) == ["dosing", "preparation"]
    lines = read_accesses(deletions_path()).lines
    assert [line.what for line in lines] == ["deleting", "deleted"]
    assert "asked for by the client" in lines[0].detail


# -- encrypted ----------------------------------------------------------------------------------------------------


def test_a_passphrase_is_asked_for_in_the_window(
    show: Callable[..., ClientsWindow], folder: Path, qtbot, started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys.Attempts, "wait", lambda *_words: None, raising=False)
    access.protect("passphrase", lambda: "correct horse")
    secret = folder / "050_Z-1.kaplog"
    key = access.new_log_key(secret, "id-Z-1", lambda: "correct horse")
    session(folder, "Z-1", 50, key=key)
    window = show()
    assert isinstance(window.sheet, PassphraseSheet)
    assert window.sheet.line.echoMode() is QLineEdit.EchoMode.Password
    window.sheet.line.setText("correct horse")
    QTest.keyClick(window.sheet, ENTER)
    settled(window, qtbot)
    assert codes(window)[0] == "Z-1"
    window.act("open")
    words, given = started.words[0]
    assert "correct horse" not in " ".join(words), "never on a command line"
    assert given == ("correct horse" if os.name == "posix" else "")


# -- the keyboard and the screen reader ---------------------------------------------------------------------------


def test_every_cap_is_a_key_and_tab_goes_everywhere(window: ClientsWindow) -> None:
    assert {action.id for action in ACTIONS} <= {action.id for action in EVERY_ACTION}
    QTest.keyClick(window.line, "?")
    assert window.sheet is None, "in the search line it is a letter"
    window.line.clear()
    choose(window, "K-17")
    QTest.keyClick(window.pane.table, "?")
    assert window.sheet is not None
    QTest.keyClick(window.sheet, ESC)
    assert window.pane.table.hasFocus()
    reached: set[QWidget] = set()
    window.line.setFocus()
    for _ in range(40):
        QTest.keyClick(QApplication.focusWidget(), TAB)
        reached.add(QApplication.focusWidget())
    assert {window.line, window.list, window.pane.table} <= reached
    assert set(window.bar.caps) <= reached


def test_everything_that_takes_a_key_has_a_name(window: ClientsWindow) -> None:
    choose(window, "K-17")
    for act in ("", "export", "copy", "delete", "unread"):
        if act:
            window.act(act)
        for part in window.findChildren(QWidget):
            if part.isVisible() and part.focusPolicy() != Qt.FocusPolicy.NoFocus:
                named = part.accessibleName() or (isinstance(part, QAbstractButton) and part.text())
                assert named or part.parent() in (window.list, window.pane.table), f"{act}: {part}"
        window.close_sheet()


def test_nothing_lies_over_anything(window: ClientsWindow) -> None:
    for width, height in ((960, 640), (1280, 800), (3840, 2160)):
        window.resize(width, height)
        parts = [window.line, window.list, window.count, window.pane, window.bar, window.foot]
        for place, one in enumerate(parts):
            assert window.rect().contains(one.geometry())
            for other in parts[place + 1 :]:
                assert not one.geometry().intersects(other.geometry()), f"{one} {other} at {width}"


def test_the_command_opens_it(folder: Path) -> None:
    script = (
        "import sys; from PySide6.QtCore import QTimer; from kapconsole.replay.clients import window as w\n"
        "def show(self, shown=w.ClientsWindow.show):\n"
        "    shown(self); timer = QTimer(self); timer.start(20)\n"
        "    timer.timeout.connect(lambda: self.list.count() and (print(self.code()), self.close()))\n"
        "w.ClientsWindow.show = show\n"
        "from kapconsole.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    words = [sys.executable, "-c", script, "clients", "K-17", "--window", "--folder", str(folder)]
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=60, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "K-17"
