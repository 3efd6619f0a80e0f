"""Keys send the right commands with the moment they went down; forms stay in their place; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.console.sheets import DoseSheet, NoteSheet, QuestionSheet
from kapconsole.console.window import ConsoleWindow

Turn = Callable[[float], None]


def test_keys_send_commands_stamped_at_key_down(window, feed, later: Turn) -> None:
    later(12.5)
    now_us = feed.clock.now_us()
    for key in "3", "F", "C":
        QTest.keyClick(window, key)
    assert feed.sent == [cm.Mark("3", at_us=now_us), cm.Phase("next", at_us=now_us), cm.CuffStart()]
    QTest.keyClick(window, "S")
    assert feed.sent[-1] == cm.CuffStop()


def test_a_held_key_counts_once_and_control_does_nothing(window, feed) -> None:
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_C, Qt.KeyboardModifier.NoModifier, "c", True)
    QApplication.sendEvent(window, held)
    QTest.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert feed.sent == []


def test_note_is_stamped_before_it_has_words(window, feed, later: Turn) -> None:
    later(30)
    stamp_us = feed.clock.now_us()
    QTest.keyClick(window, "N")
    assert feed.sent == [cm.Note(at_us=stamp_us)]
    later(20)
    QTest.keyClicks(window.view.sheet.words, "9 cues, Snoring")
    QTest.keyClick(window.view.sheet.words, Qt.Key.Key_Return)
    note = feed.moment().state.notes[-1]
    assert feed.sent[1:] == [cm.Note("9 cues, Snoring", at_us=stamp_us, about=note.seq)]
    assert (note.at_us, note.text) == (stamp_us, "9 cues, Snoring")
    assert window.view.sheet is None


def test_escape_leaves_the_stamp_without_words(window, feed, later: Turn) -> None:
    QTest.keyClick(window, "N")
    QTest.keyClicks(window.view.sheet.words, "not meant")
    QTest.keyClick(window.view.sheet.words, Qt.Key.Key_Escape)
    later(10)
    assert [type(body) for body in feed.sent] == [cm.Note]
    assert feed.moment().state.notes[0].text == ""


def test_words_wait_for_their_stamp_and_are_never_dropped(window, feed, later: Turn) -> None:
    feed.answers = False
    later(1)
    at_us = feed.clock.now_us()
    QTest.keyClick(window, "N")
    QTest.keyClicks(window.view.sheet.words, "tears")
    QTest.keyClick(window.view.sheet.words, Qt.Key.Key_Return)
    later(1)
    assert len(feed.sent) == 1, "the number of the stamp is not known yet"
    feed.linked = False
    later(60)
    assert len(feed.sent) == 1, "nobody is there to take it"
    feed.linked = True
    later(1)
    assert feed.sent[1:] == [cm.Note("tears", at_us=at_us)], "sent as a note of its own with the old stamp"
    later(30)
    assert len(feed.sent) == 2


def test_correcting_a_note_keeps_its_time_and_shows(window, feed, later: Turn) -> None:
    feed.send(cm.Note("left hand", at_us=0))
    later(5)
    seq = feed.moment().state.notes[0].seq
    window.view.notes.list.setFocus()
    QTest.keyClick(window.view.notes.list, Qt.Key.Key_Home)
    window.view.notes.list.setCurrentIndex(window.view.notes.model.index(0))
    rows = [line.kind for line in window.view.notes.model.lines]
    window.view.notes.list.activated.emit(window.view.notes.model.index(rows.index("note")))
    sheet = window.view.sheet
    assert isinstance(sheet, NoteSheet)
    assert sheet.words.text() == "left hand"
    sheet.words.clear()
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    assert window.view.sheet is sheet, "words cannot be taken away"
    QTest.keyClicks(sheet.words, "right hand")
    QTest.keyClick(sheet.words, Qt.Key.Key_Return)
    assert feed.sent[-1] == cm.Note("right hand", at_us=0, about=seq)
    later(1)
    shown = window.view.notes.model.index(rows.index("note")).data()
    assert "right hand" in shown
    assert "corrected" in shown


def test_letters_go_to_the_keys_even_while_the_list_has_focus(window, feed) -> None:
    window.view.notes.list.setFocus()
    QTest.keyClick(window.view.notes.list, "7")
    QTest.keyClick(window.view.notes.list, "S")
    assert feed.sent == [cm.Mark("7", at_us=0), cm.CuffStop()]


def test_dose_is_checked_and_stamped_when_d_went_down(window, feed, later: Turn) -> None:
    later(100)
    at_us = feed.clock.now_us()
    QTest.keyClick(window, "D")
    sheet = window.view.sheet
    assert isinstance(sheet, DoseSheet)
    later(15)
    for words in "", "sixty", "0", "6000", "nan":
        sheet.amount.setText(words)
        QTest.keyClick(sheet.amount, Qt.Key.Key_Return)
        assert "mg" in sheet.wrong.text()
    sheet.amount.setText("62,5 mg")
    QTest.keyClick(sheet.amount, Qt.Key.Key_Return)
    assert "route" in sheet.wrong.text(), "no route is guessed"
    assert feed.sent == []
    im = next(choice for choice in sheet.routes.buttons() if choice.text() == "IM")
    QTest.mouseClick(im, Qt.MouseButton.LeftButton)
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert feed.sent == [cm.Dose("im", 62.5, at_us=at_us)]
    assert window.view.sheet is None
    later(1)
    assert "62.5 mg IM" in window.view.header.who(feed.moment())[1]


def test_escape_stops_a_running_cuff_before_it_closes_a_form(window, feed, later: Turn) -> None:
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert feed.sent == []
    QTest.keyClick(window, "C")
    QTest.keyClick(window, "D")
    QTest.keyClick(window.view.sheet.amount, Qt.Key.Key_Escape)
    assert feed.sent == [cm.CuffStart(), cm.CuffStop()]
    assert window.view.sheet is not None
    QTest.keyClick(window.view.sheet, Qt.Key.Key_Escape)
    assert window.view.sheet is None
    assert len(feed.sent) == 2


def test_without_contact_nothing_pretends_to_be_recorded_but_a_stop_is_tried(window, feed, later: Turn) -> None:
    feed.linked = False
    later(1)
    QTest.keyClick(window, "N")
    QTest.keyClick(window, "4")
    assert feed.sent == []
    assert window.view.sheet is None
    assert "not recorded" in window.view.footer.quiet_line(feed.moment())
    QTest.keyClick(window, "S")
    assert feed.sent == [cm.CuffStop()]


def test_a_refusal_is_said_for_eight_seconds(window, feed, later: Turn) -> None:
    feed.fact(ev.CommandRefused("cuff start", "60 s have not passed"))
    later(7.9)
    assert "60 s have not passed" in window.view.footer.quiet_line(feed.moment())
    later(0.2)
    assert window.view.footer.quiet_line(feed.moment()) == ""


def test_marks_by_touch_keep_the_moment_of_the_first_tap(window, feed, later: Turn) -> None:
    later(3)
    at_us = feed.clock.now_us()
    caps = {cap.action.id: cap for cap in window.view.keys.caps}
    QTest.mouseClick(caps["marks"], Qt.MouseButton.LeftButton)
    later(2)
    six = next(one for one in window.view.sheet.findChildren(QAbstractButton) if one.text() == "6")
    QTest.mouseClick(six, Qt.MouseButton.LeftButton)
    assert feed.sent == [cm.Mark("6", at_us=at_us)]
    assert window.view.sheet is None


def test_closing_asks_first_and_ending_needs_two_keys(window, feed) -> None:
    window.close()
    assert window.isVisible()
    assert isinstance(window.view.sheet, QuestionSheet)
    window.close_sheet()
    QTest.keyClick(window, Qt.Key.Key_F10)
    assert feed.sent == []
    QTest.keyClick(window.view.sheet, Qt.Key.Key_Return)
    assert feed.sent == [cm.End()]
    window.poll()
    window.close()
    assert not window.isVisible(), "nothing is asked when the session is over"


@pytest.mark.parametrize("size", [(1280, 800), (960, 600), (1920, 1080), (2560, 1600), (1024, 1366)])
@pytest.mark.parametrize("key", ["N", "D", "?", "E"])
def test_forms_never_cover_the_left_column_or_the_strip(window, size: tuple[int, int], key: str) -> None:
    window.resize(*size)
    window.act({"N": "note", "D": "dose", "?": "keys", "E": "end"}[key])
    view = window.view
    sheet = view.sheet.geometry()
    parts = (view.header, view.strip, view.spo2, view.pulse, view.nibp, view.keys)
    for part in (*parts, *(() if view.sheet.whole else (view.pleth,))):
        assert not sheet.intersects(part.geometry()), part.accessibleName()
    assert sheet.height() >= view.sheet.minimumSizeHint().height(), "the whole form fits"
    assert view.rect().contains(sheet)


@pytest.mark.parametrize("size", [(1280, 800), (960, 600), (3840, 2160), (1024, 1366)])
@pytest.mark.parametrize("tall", [False, True])
def test_parts_never_overlap_and_fill_the_window(window, size: tuple[int, int], tall: bool) -> None:
    window.resize(*size)
    window.view.set_tall(tall)
    parts = [part for part in window.view.parts if part.isVisibleTo(window)]
    for index, part in enumerate(parts):
        assert window.view.rect().contains(part.geometry()), part.accessibleName()
        for other in parts[index + 1 :]:
            assert not part.geometry().intersects(other.geometry()), (part.accessibleName(), other.accessibleName())
    assert {window.view.strip, window.view.spo2, window.view.pulse, window.view.nibp} <= set(parts)


def test_everything_to_be_touched_is_nine_millimetres_and_everything_focusable_is_named(window) -> None:
    nine_mm = 9 / 25.4 * window.logicalDpiY()
    for size in ((960, 600), (1280, 800), (2560, 1600)):
        window.resize(*size)
        for name in ("note", "marks", "dose", "keys", "end"):
            window.act(name)
            for widget in window.findChildren(QWidget):
                if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
                    assert widget.accessibleName(), widget
                if isinstance(widget, QAbstractButton | QLineEdit) and widget.isVisible():
                    assert widget.height() >= nine_mm, (widget.accessibleName(), size)
                    assert widget.width() >= nine_mm, (widget.accessibleName(), size)
            window.close_sheet()


def test_every_action_on_the_bar_has_a_key_and_is_in_the_list_of_keys(window: ConsoleWindow) -> None:
    window.act("keys")
    texts = {label.text() for label in window.view.sheet.findChildren(QWidget) if hasattr(label, "text")}
    for cap in window.view.keys.caps:
        assert cap.action.key in texts
        assert cap.action.name in texts


def test_footer_tells_when_the_log_falls_behind(window, feed, later: Turn) -> None:
    from kapconsole.wire import LogStatus

    later(600)
    feed.log_status = LogStatus(1_900_000, feed.clock.now_us() - 1_000_000, True)
    window.poll()
    assert "1.9 MB · on disk 1" in window.view.footer.recording(feed.moment())
    later(60)
    assert "on disk only to" in window.view.footer.recording(feed.moment())
