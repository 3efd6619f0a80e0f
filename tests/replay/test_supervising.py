"""A supervisor at work in the window, by keyboard alone: look, jump, search, comment, compare, prove."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QListWidget, QWidget

from kapconsole.clock import FakeClock
from kapconsole.export.accesses import access_path, note_access, read_accesses
from kapconsole.replay.comments import comments_path
from kapconsole.replay.heads import heads_of
from kapconsole.replay.keymap import EVERY_ACTION, PICTURE_ACTIONS, ROOM_ACTIONS
from kapconsole.replay.sheets import BesideSheet, CommentSheet, SearchSheet, TextSheet, WhatIfSheet
from kapconsole.replay.span import LEAST_US
from kapconsole.replay.study import Study
from kapconsole.replay.window import ReplayWindow
from tests.replay.session_files import FAULTS, alarmed, study, write

S = 1_000_000
SHIFT = Qt.KeyboardModifier.ShiftModifier
Wait = Callable[[], None]


@pytest.fixture(scope="module")
def rows() -> list:
    return alarmed()


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
    made = ReplayWindow("K-0142.kaplog", desk.held.timeline, "verifying", clock_us=clock.now_us, frame_ms=0, study=desk)
    made.show()
    made.seek(700 * S)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def wait(window: ReplayWindow, qtbot) -> Wait:
    def until_done() -> None:
        qtbot.waitUntil(lambda: not window.supervising.work.busy, timeout=20_000)

    return until_done


def key(
    window: ReplayWindow, what: str | Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    QTest.keyClick(window, what, modifier)


def lane(window: ReplayWindow, name: str):
    return next(placed.lane for placed in window.picture.places().lanes if placed.lane.name.startswith(name))


def test_the_whole_session_is_in_one_picture(window: ReplayWindow) -> None:
    key(window, "O")
    assert window.page.isVisible()
    assert not window.view.isVisible()
    names = [placed.lane.name for placed in window.picture.places().lanes]
    assert names == ["Alarms", "Phases", "Doses", "Notes", "Comments"]
    assert "music, light, sets" in f"{', '.join(window.picture.missing())}"
    places = window.picture.places()
    rects = [places.spo2, places.pressure, places.pleth, *(placed.rect for placed in places.lanes)]
    for upper, lower in zip(rects, rects[1:], strict=False):
        assert upper.bottom() <= lower.top() + 0.5, "nothing lies over anything else"
        assert upper.height() > 8
    assert window.picture.span == window.picture.whole
    key(window, "O")
    assert window.view.isVisible()


def test_zoom_by_keys_and_wheel_keeps_what_one_looks_at(window: ReplayWindow) -> None:
    for _ in range(25):
        key(window, "+")
    picture = window.picture
    assert window.page.isVisible(), "zooming shows the picture"
    assert picture.span.length_us == LEAST_US
    assert picture.span.start_us <= 700 * S <= picture.span.end_us
    key(window, Qt.Key.Key_End)
    assert picture.span.end_us == picture.whole.end_us, "the picture follows"
    key(window, "0")
    assert picture.span == picture.whole
    at = QPointF(picture.places().whole.center())
    under = picture.at_us(at.x())
    wheel = QWheelEvent(
        at, picture.mapToGlobal(at), QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(picture, wheel)
    assert picture.span.length_us < picture.whole.length_us / 2
    assert abs(picture.at_us(at.x()) - under) < 2 * S


def test_dragging_moves_clicking_seeks_and_shift_dragging_asks_for_a_comment(window: ReplayWindow) -> None:
    key(window, "O")
    for _ in range(4):
        key(window, "+")
    picture, span = window.picture, window.picture.span
    rect = picture.places().whole

    def point(part: float) -> QPoint:
        return QPoint(round(rect.left() + part * rect.width()), round(rect.center().y()))

    QTest.mousePress(picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(0.5))
    QTest.mouseMove(picture, point(0.6))
    QTest.mouseMove(picture, point(0.75))
    QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(0.75))
    moved = (span.start_us - picture.span.start_us) / span.length_us
    assert abs(moved - 0.25) < 0.02
    QTest.mouseClick(picture, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(0.5))
    assert abs(window.player.position_us - (picture.span.start_us + picture.span.length_us / 2)) < 2 * S


def test_jumps_go_from_one_to_the_next_and_say_when_there_is_none(window: ReplayWindow) -> None:
    window.seek(0)
    for kind, letter in (("Alarms", "A"), ("Notes", "N"), ("Phases", "P")):
        window.seek(0)
        stops = window._stops[kind]
        assert stops
        seen = []
        for _ in range(len(stops) + 1):
            key(window, letter)
            seen.append(window.player.position_us)
        assert list(dict.fromkeys(seen)) == [at for at in stops if at > 0]
        key(window, letter, SHIFT)
        before = [at for at in stops if at < stops[-1]]
        assert window.player.position_us == (before[-1] if before else stops[-1])
    key(window, "S")
    assert window.view.footer.said is not None
    assert window.view.footer.said[1] == "no set after this"


def test_the_alarms_of_the_moment_are_those_that_were_there(window: ReplayWindow) -> None:
    window.seek(round((FAULTS[0].start_s + 25) * S))
    status = window.moment().alarms
    assert status is not None
    assert {alarm.condition for alarm in status.alarms} == {"T01"}
    window.seek(300 * S)
    assert window.moment().alarms.alarms == ()


def test_search_by_keyboard(window: ReplayWindow) -> None:
    key(window, "/")
    sheet = window.sheet
    assert isinstance(sheet, SearchSheet)
    QTest.keyClicks(sheet.line, "falling")
    (hit,) = sheet.hits
    QTest.keyClick(sheet.line, Qt.Key.Key_Return)
    assert window.sheet is None
    assert window.player.position_us == hit.known_us
    key(window, "/")
    QTest.keyClicks(window.sheet.line, "xyzzy")
    assert window.sheet.wrong.text() == "nothing holds these words"
    QTest.keyClick(window.sheet.line, Qt.Key.Key_Return)
    assert window.sheet is not None, "there is nowhere to go"
    QTest.keyClick(window.sheet.line, Qt.Key.Key_Escape)
    assert window.sheet is None


def say(window: ReplayWindow, words: str) -> CommentSheet:
    key(window, "C")
    sheet = window.sheet
    assert isinstance(sheet, CommentSheet)
    QTest.keyClicks(sheet.words, words)
    return sheet


def test_a_comment_is_pinned_to_the_moment_of_the_key_and_jumps_there(window: ReplayWindow, wait: Wait) -> None:
    sheet = say(window, "Here I would have waited.")
    window.seek(900 * S)  # it may play on while words are typed
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    wait()
    assert window.sheet is None
    (one,) = window.supervising.book.pinned
    assert (one.comment.at_us, one.comment.author, one.comment.role) == (700 * S, "ana", "supervisor")
    assert [dot.words for dot in lane(window, "Comments").marks] == ["Here I would have waited."]
    key(window, "L")
    comments = window.page.comments.list
    assert window.focusWidget() is comments
    assert "Here I would have waited." in comments.item(0).text()
    QTest.keyClick(comments, Qt.Key.Key_Return)
    assert window.player.position_us == 700 * S
    assert heads_of(window.supervising.study.session_id) == ((one.id,), ())


def test_a_span_is_marked_by_keys(window: ReplayWindow, wait: Wait) -> None:
    window.seek(600 * S)
    key(window, "[")
    window.seek(660 * S)
    key(window, "]")
    sheet = say(window, "Good: hand offered, not placed.")
    assert (sheet.begins.text(), sheet.ends.text()) == ("T+0:00", "T+1:00")
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    wait()
    (one,) = window.supervising.book.pinned
    assert (one.comment.at_us, one.comment.until_us) == (600 * S, 660 * S)
    assert window.picture.selection is None


def test_a_correction_keeps_the_first_words(window: ReplayWindow, wait: Wait) -> None:
    sheet = say(window, "too long")
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    wait()
    key(window, "K")
    sheet = window.sheet
    assert isinstance(sheet, CommentSheet)
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    assert sheet.wrong.text() == "these are the words it has"
    sheet.words.setText("a long wait")
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    wait()
    (one,) = window.supervising.book.pinned
    assert (one.words, one.before) == ("a long wait", ("too long",))
    assert "too long" in window.page.comments.list.item(0).text()


def test_words_are_not_lost_when_they_cannot_be_kept(
    window: ReplayWindow, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kapconsole.record.errors import LogWriteError
    from kapconsole.replay.signed import SignedFile

    def full(*_: object) -> None:
        raise LogWriteError("The disk is full.")

    monkeypatch.setattr(SignedFile, "append", full)
    sheet = say(window, "worth keeping")
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    wait()
    assert window.sheet is sheet
    assert sheet.words.text() == "worth keeping"
    assert sheet.wrong.text() == "The disk is full."
    monkeypatch.undo()


def test_what_is_not_a_comment_is_said(window: ReplayWindow) -> None:
    key(window, "C")
    sheet = window.sheet
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    assert sheet.wrong.text() == "a comment has words"
    QTest.keyClicks(sheet.words, "words")
    sheet.ends.setText("T+0:10")
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    assert "before its begin" in sheet.wrong.text()
    sheet.ends.setText("later")
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    assert "not understood" in sheet.wrong.text()


def test_what_if_is_a_second_track_with_counts(window: ReplayWindow, wait: Wait) -> None:
    key(window, "W")
    sheet = window.sheet
    assert isinstance(sheet, WhatIfSheet)
    names = [sheet.list.item(row).text() for row in range(sheet.list.count())]
    assert "first-sessions" in names
    sheet.list.setCurrentRow(names.index("first-sessions"))
    QTest.keyClick(sheet.list, Qt.Key.Key_Return)
    wait()
    answer = window.supervising.answer
    assert answer.preset == "first-sessions"
    assert sheet.summary.text() == answer.words
    shown = [sheet.table.itemAt(number).widget().text() for number in range(sheet.table.count())]
    for difference in answer.differences:
        at = shown.index(difference.name)
        assert shown[at + 1 : at + 3] == [str(difference.was), str(difference.would)]
    QTest.keyClick(sheet.list, Qt.Key.Key_Escape)
    track = lane(window, "What if")
    assert len(track.spans) == len(answer.would.occurrences)
    assert lane(window, "Alarms").spans == window.lanes[0].spans, "what was logged stays what it was"


def test_a_window_that_is_closed_calls_its_computation_off(window: ReplayWindow) -> None:
    key(window, "W")
    window.sheet.keep()
    window.close()
    assert not window.supervising.work._thread.is_alive()


def test_a_second_session_is_aligned_at_the_dose(window: ReplayWindow, path: Path, wait: Wait) -> None:
    write(path.with_name("K-0141.kaplog"), alarmed(30, 6, ()))
    key(window, "B")
    sheet = window.sheet
    assert isinstance(sheet, BesideSheet)
    assert [sheet.list.item(row).text() for row in range(sheet.list.count())] == ["K-0141.kaplog"]
    QTest.keyClick(sheet.list, Qt.Key.Key_Return)
    wait()
    other = window.supervising.beside
    assert other is not None
    assert window.sheet is None
    wait()
    (seen,) = read_accesses(access_path(path.with_name("K-0141.kaplog"))).lines
    assert (seen.who, seen.what) == ("ana", "viewed"), "both sessions were looked at"
    for at_s in (600, 1200):
        window.seek(at_s * S)
        assert other.moment.now_us == (at_s - 240) * S, "the same time since dose"
    for _ in range(5):
        key(window, "+")
    ours, theirs = window.picture.axis(), other.axis()
    width = 800.0
    assert ours.x(ours.zero_us, width) == pytest.approx(theirs.x(theirs.zero_us, width))
    assert ours.end_us - ours.start_us == theirs.end_us - theirs.start_us
    key(window, "B")
    assert window.supervising.beside is None
    assert len(window.page.pictures) == 1


def test_a_second_file_that_is_none_is_said(window: ReplayWindow, path: Path, wait: Wait) -> None:
    path.with_name("broken.kaplog").write_bytes(b"nothing")
    key(window, "B")
    sheet = window.sheet
    sheet.line.setText(str(path.with_name("gone.kaplog")))
    sheet.keep()
    assert "there is no file" in sheet.wrong.text()
    sheet.line.setText(str(path.with_name("broken.kaplog")))
    sheet.keep()
    wait()
    assert "not a session file" in sheet.wrong.text()
    assert window.supervising.beside is None


def test_a_form_that_is_left_while_it_is_answered_is_not_missed(window: ReplayWindow, path: Path, wait: Wait) -> None:
    path.with_name("broken.kaplog").write_bytes(b"nothing")
    key(window, "B")
    window.sheet.line.setText(str(path.with_name("broken.kaplog")))
    window.sheet.keep()
    QTest.keyClick(window.sheet.line, Qt.Key.Key_Escape)
    key(window, "/")
    QApplication.processEvents()
    wait()
    assert isinstance(window.sheet, SearchSheet), "another form is not closed by it"
    assert "not a session file" in window.page.footer.said[1]


def test_the_record_is_always_in_sight(window: ReplayWindow, path: Path, wait: Wait) -> None:
    note_access(access_path(path), "exported", window.supervising.study.session_id, "pdf", "bo")
    window.supervising.begin()
    wait()
    held = read_accesses(access_path(path)).lines
    assert [(access.who, access.what) for access in held] == [("bo", "exported"), ("ana", "viewed")]
    for pictured in (False, True):
        window.show_picture(pictured)
        key(window, "C")
        assert window.record.isVisible()
        assert not window.record.geometry().intersects(window.host.geometry())
        window.close_sheet()
    said = window.record.accessibleDescription()
    for words in ("whole and unchanged", "kapconsole", "viewed 1×", "by ana", "exported 1×", "by bo"):
        assert words in said
    key(window, "I")
    sheet = window.sheet
    assert isinstance(sheet, TextSheet)
    assert "bo exported: pdf" in sheet.text.toPlainText()


def test_changed_comments_are_said_in_the_line(window: ReplayWindow, path: Path, wait: Wait) -> None:
    sheet = say(window, "first words")
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    wait()
    file = comments_path(path)
    file.write_bytes(file.read_bytes().replace(b"first words", b"other words"))
    window.supervising.begin()
    wait()
    assert window.record.record.wrong
    assert "was changed" in window.record.accessibleDescription()


def test_a_comment_cut_off_the_end_of_its_file_is_missed(window: ReplayWindow, path: Path, wait: Wait) -> None:
    for words in ("first", "second"):
        sheet = say(window, words)
        QTest.keyClick(sheet.words, Qt.Key.Key_Return)
        wait()
    file = comments_path(path)
    file.write_bytes(file.read_bytes().splitlines(keepends=True)[0])
    window.supervising.begin()
    wait()
    assert "1 comment is missing" in window.record.accessibleDescription()


def test_a_damaged_list_of_accesses_does_not_keep_the_session_from_being_seen(
    window: ReplayWindow, path: Path, wait: Wait
) -> None:
    access_path(path).write_bytes(b'{"number":1,"who":"\xff\xfe"}\n')
    window.supervising.begin()
    wait()
    assert "torn or unreadable" in window.record.record.trouble
    assert "whole and unchanged" in window.record.record.proof


def test_every_action_has_a_key_and_every_cap_does_something(window: ReplayWindow, qtbot) -> None:
    named = {action.id for action in EVERY_ACTION}
    for actions in (ROOM_ACTIONS, *PICTURE_ACTIONS):
        assert {action.id for action in actions} <= named
    for bar in (window.view.keys, *window.page.bars):
        for cap in bar.caps:
            before = (window.player.position_us, window.player.speed, window.player.playing, window.pictured,
                      window.picture.span, window.sheet, window.focusWidget(), window.supervising.book)  # fmt: skip
            said = window.view.footer.said, window.page.footer.said
            window.seek(1000 * S)
            window.picture.show_span(window.picture.whole.zoomed(0.3, 1000 * S, window.picture.whole))
            window.act(cap.action.id)
            after = (window.player.position_us, window.player.speed, window.player.playing, window.pictured,
                     window.picture.span, window.sheet, window.focusWidget(), window.supervising.book)  # fmt: skip
            assert after != before or said != (window.view.footer.said, window.page.footer.said), cap.action.id
            window.close_sheet()
            window.player.pause()


def test_everything_that_can_be_reached_has_a_name(window: ReplayWindow) -> None:
    key(window, "O")
    for action in ("comment", "search", "what-if", "beside", "record", "keys"):
        window.act(action)
        reached: list[QWidget] = [*window.findChildren(QAbstractButton), *window.findChildren(QLineEdit),
                                  *window.findChildren(QListWidget)]  # fmt: skip
        for widget in reached:
            if widget.isVisible() and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
                interface = QAccessible.queryAccessibleInterface(widget)
                assert interface.text(QAccessible.Text.Name), f"{action}: {widget}"
        window.close_sheet()
    assert "SpO₂" in window.picture.accessibleDescription()


def test_a_window_without_a_file_says_so(qapp: QApplication, desk: Study) -> None:
    made = ReplayWindow("rehearsal", desk.held.timeline, frame_ms=0)
    made.show()
    for action in ("comment", "what-if", "beside"):
        made.act(action)
        assert made.view.footer.said[1] == "there is no file behind this window"
    made.close()
    made.deleteLater()
