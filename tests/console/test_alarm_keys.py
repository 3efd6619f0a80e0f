"""What a person does about alarms: every key, every form of it, and what of it a role may not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget

from kapconsole.alarms import wishes as ws
from kapconsole.console.alarmlist import WAYS, AlarmListSheet
from kapconsole.console.alarmsheets import PauseSheet, PresetsSheet, SelfTestSheet, SymptomsSheet
from kapconsole.console.fatigue import FatigueSheet
from kapconsole.console.limitsheet import LimitsSheet
from kapconsole.console.sheets import NoteSheet, QuestionSheet
from kapconsole.console.theme import Look


def press(bench, key: str | Qt.Key) -> None:
    """A key where the focus is."""
    target = bench.window.view.sheet.focusWidget() if bench.window.view.sheet is not None else bench.window
    QTest.keyClick(target or bench.window.view.sheet, key)


def alarm(bench, **values: float) -> None:
    bench.run(20, **(values or {"spo2": 90.0}))


def test_a_acknowledges_what_is_shown_and_nothing_that_came_after_the_look(bench) -> None:
    alarm(bench)
    shown = bench.shown().noticeable
    press(bench, "A")
    assert bench.feed.sent == [ws.Acknowledge(shown)]
    bench.run(1)
    press(bench, "A")
    assert len(bench.feed.sent) == 1, "there is nothing left to acknowledge"
    assert "no alarm is shown" in bench.window.view.footer.quiet_line(bench.feed.moment())


def test_p_pauses_the_audio_and_ends_the_pause(bench) -> None:
    press(bench, "P")
    bench.run(5)
    press(bench, "P")
    bench.run(1)
    assert bench.feed.sent == [ws.PauseAudio(), ws.ResumeAudio()]
    assert bench.shown().audio_paused == ""


@pytest.mark.parametrize("key", ["0", Qt.Key.Key_F1])
def test_one_key_calls_help_at_once(bench, key) -> None:
    press(bench, key)
    bench.run(1)
    assert bench.feed.sent == [ws.CallForHelp()]
    assert bench.shown().text == "Help called"
    assert bench.shown().mark == "***"


def test_the_keys_on_the_strip_can_be_touched(bench) -> None:
    alarm(bench)
    caps = bench.strip.caps
    assert all(cap.isVisibleTo(bench.window) for cap in caps.values())
    QTest.mouseClick(caps["acknowledge"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(caps["audio-pause"], Qt.MouseButton.LeftButton)
    QTest.mouseClick(caps["alarms"], Qt.MouseButton.LeftButton)
    assert [type(wish) for wish in bench.feed.sent] == [ws.Acknowledge, ws.PauseAudio]
    assert isinstance(bench.window.view.sheet, AlarmListSheet)
    bench.run(1)
    assert not caps["acknowledge"].isVisibleTo(bench.window), "nothing is left to acknowledge"
    assert caps["audio-pause"].action.words == "end pause"


def test_while_words_are_typed_letters_are_words_and_the_function_keys_act(bench) -> None:
    alarm(bench)
    press(bench, "N")
    sheet = bench.window.view.sheet
    assert isinstance(sheet, NoteSheet)
    bench.feed.sent.clear()
    for key in "A", "P":
        QTest.keyClick(sheet.words, key)
    assert sheet.words.text().lower() == "ap"
    assert bench.feed.sent == []
    QTest.keyClick(sheet.words, Qt.Key.Key_F2)
    QTest.keyClick(sheet.words, Qt.Key.Key_F3)
    assert [type(wish) for wish in bench.feed.sent] == [ws.Acknowledge, ws.PauseAudio]
    assert bench.window.view.sheet is sheet


def test_in_a_form_without_typing_a_and_p_act_as_ever(bench) -> None:
    alarm(bench)
    press(bench, Qt.Key.Key_F10)
    press(bench, "A")
    press(bench, "P")
    assert [type(wish) for wish in bench.feed.sent] == [ws.Acknowledge, ws.PauseAudio]


def test_w_opens_the_list_where_each_alarm_is_reached_and_acknowledged_alone(bench) -> None:
    alarm(bench, pulse_rate=130)
    bench.run(4, spo2=82)
    press(bench, "W")
    sheet = bench.window.view.sheet
    assert isinstance(sheet, AlarmListSheet)
    texts = [sheet.model.index(row).data() for row in range(sheet.model.rowCount())]
    assert texts[0].startswith("HIGH *** SpO2 82 < 85")
    assert texts[1].startswith("MEDIUM ** Pulse 130 > 120")
    press(bench, Qt.Key.Key_Down)
    press(bench, Qt.Key.Key_Return)
    second = bench.feed.moment().alarms.alarms[1].occurrence
    assert bench.feed.sent == [ws.Acknowledge((second,))]
    bench.run(1)
    assert "ACKNOWLEDGED" in sheet.model.index(1).data(), "the list follows the present"
    assert sheet.list.currentIndex().row() == 1, "the selection stays"
    press(bench, "W")
    assert bench.window.view.sheet is None


def test_the_list_says_when_there_is_nothing_or_nobody(bench) -> None:
    press(bench, "W")
    assert bench.window.view.sheet.wrong.text() == "no alarms"
    assert not bench.window.view.sheet.acknowledge_button.isEnabled()
    bench.feed.alarms_age_s = 9
    bench.poll()
    assert "Alarm system not answering" in bench.window.view.sheet.model.index(0).data()


@pytest.mark.parametrize("through_list", [False, True])
@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("I", LimitsSheet),
        ("U", PauseSheet),
        ("Y", SymptomsSheet),
        ("R", PresetsSheet),
        ("K", SelfTestSheet),
        ("B", FatigueSheet),
    ],
)
def test_every_form_has_its_key_in_the_window_and_in_the_list(bench, key: str, kind: type, through_list: bool) -> None:
    if through_list or key in "RB":  # in the window itself these steer music and stimulation
        press(bench, "W")
    press(bench, key)
    assert isinstance(bench.window.view.sheet, kind)
    press(bench, Qt.Key.Key_Escape)
    assert bench.window.view.sheet is None
    assert {way.key for way in WAYS} == set("IUYRKB")


def test_alarm_paused_needs_parameter_and_reason_and_is_ended_the_same_way(bench) -> None:
    press(bench, "U")
    sheet = bench.window.view.sheet
    sheet.keep()
    assert sheet.wrong.text() == "which parameter?"
    sheet.parameters.button(0).click()
    sheet.keep()
    assert sheet.wrong.text() == "pausing alarms needs a reason"
    sheet.reasons.button(3).click()
    sheet.keep()
    assert sheet.wrong.text() == "pausing alarms needs a reason", "'other' is no reason"
    sheet.other.setFocus()
    QTest.keyClicks(sheet.other, "hand warmed")
    QTest.keyClick(sheet.other, Qt.Key.Key_Return)
    assert bench.feed.sent == [ws.PauseAlarm("spo2", "hand warmed")]
    assert bench.window.view.sheet is None
    bench.run(1)
    press(bench, "U")
    bench.window.view.sheet.parameters.button(0).click()
    assert "End pause" in bench.window.view.sheet.keep_button.text()
    bench.window.view.sheet.keep()
    assert bench.feed.sent[-1] == ws.ResumeAlarm("spo2")
    assert bench.feed.refused == []


def test_symptoms_are_sent_with_each_tick_and_the_form_remembers_them(bench) -> None:
    bench.feed.cuff(184, 95)
    bench.run(1)
    press(bench, "Y")
    sheet = bench.window.view.sheet
    sheet.ticks["chest pain"].click()
    bench.run(1)
    assert bench.feed.sent == [ws.NoteSymptom("chest pain", True)]
    assert bench.shown().mark == "***", "act band with a red flag is HIGH"
    assert "red flag: chest pain" in bench.window.view.nibp.spoken(bench.feed.moment())
    sheet.limbs.button(1).click()
    press(bench, Qt.Key.Key_Escape)
    press(bench, "Y")
    sheet = bench.window.view.sheet
    assert sheet.ticks["chest pain"].isChecked()
    assert sheet.limbs.checkedId() == 1
    sheet.ticks["chest pain"].click()
    bench.run(1)
    assert bench.feed.sent[-2:] == [ws.NoteLimbs(True), ws.NoteSymptom("chest pain", False)]
    assert bench.window.view.nibp.flags(bench.feed.moment()) == ""


def test_the_self_test_plays_asks_and_records_what_was_heard_and_seen(bench) -> None:
    press(bench, "K")
    assert bench.feed.sent == [ws.AskSelfTest()]
    sheet = bench.window.view.sheet
    sheet.keep()
    assert sheet.wrong.text() == "did you hear the tone?", "no answer is guessed"
    sheet.heard.button(1).click()
    sheet.keep()
    assert sheet.wrong.text() == "did you see the bars?"
    sheet.seen.button(0).click()
    sheet.keep()
    assert bench.feed.sent[-1] == ws.ConfirmSelfTest(heard=False, seen=True, role="nurse")
    assert bench.window.view.sheet is None


def test_presets_are_shown_to_be_read_with_the_one_in_force(bench) -> None:
    press(bench, "W")
    press(bench, "R")
    sheet = bench.window.view.sheet
    assert len(sheet.shown) >= 3
    in_force = [words for words in sheet.shown if "in force" in words]
    assert len(in_force) == 1
    assert in_force[0].startswith("standard 1")
    assert sheet.findChildren(QLineEdit) == []


def test_a_broken_preset_file_is_said_in_its_place(bench, tmp_path) -> None:
    (tmp_path / "evening.toml").write_text('name = "evening"\nversion = 1\n[spo2]\nlow = 30\n')
    sheet = PresetsSheet(bench.window.view.look, "standard", tmp_path)
    (broken,) = [words for words in sheet.shown if words.startswith("evening")]
    assert "cannot be used" in broken
    assert "30" in broken
    sheet.deleteLater()


def test_a_therapist_sees_everything_and_changes_no_limit(bench_of) -> None:
    bench = bench_of("therapist")
    alarm(bench)
    assert bench.shown().text == "SpO2 90 < 92"
    press(bench, "I")
    sheet = bench.window.view.sheet
    assert sheet.edits["spo2.low"].text() == "92"
    assert all(edit.isReadOnly() for edit in sheet.edits.values())
    assert not sheet.keep_button.isVisibleTo(bench.window)
    sheet.edits["spo2.low"].setText("90")
    sheet.keep()
    assert "therapist does not change limits" in sheet.wrong.text()
    assert bench.feed.sent == []
    press(bench, Qt.Key.Key_Escape)
    press(bench, "A")
    assert [type(wish) for wish in bench.feed.sent] == [ws.Acknowledge]


def test_without_contact_nothing_is_asked_and_it_is_said(bench) -> None:
    alarm(bench)
    bench.feed.linked = False
    bench.poll()
    for key in "A", "P", "G":
        press(bench, key)
        assert "not recorded" in bench.window.view.footer.quiet_line(bench.feed.moment())
    assert bench.feed.sent == []


def test_everything_to_be_touched_in_the_forms_is_nine_millimetres_and_named(bench) -> None:
    alarm(bench)
    nine_mm = 9 / 25.4 * bench.window.logicalDpiY()
    for size in ((960, 600), (1280, 800), (2560, 1600)):
        bench.window.resize(*size)
        for name in ("alarms", *(way.id for way in WAYS)):
            bench.window.act(name)
            for widget in bench.window.findChildren(QWidget):
                if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
                    assert widget.accessibleName(), (name, widget)
                if isinstance(widget, QAbstractButton | QLineEdit) and widget.isVisible():
                    if widget.objectName().startswith("qt_"):
                        continue
                    assert widget.height() >= nine_mm, (name, widget.accessibleName(), size)
                    assert widget.width() >= nine_mm, (name, widget.accessibleName(), size)
            bench.window.close_sheet()


def test_every_alarm_key_stands_in_the_list_of_keys_and_no_key_twice(bench) -> None:
    from kapconsole.console.window import ACTIONS, MORE_KEYS

    keys = [action.key for action in (*ACTIONS, *MORE_KEYS)]
    assert len(keys) == len(set(keys))
    assert {"A", "P", "W", "0", "I", "U", "Y", "W, R", "K", "W, B"} <= set(keys)


def test_only_a_window_that_has_alarm_keys_gets_them_past_a_form(qapp) -> None:
    class Behind(QWidget):
        reached = 0

        def keyPressEvent(self, event: QKeyEvent) -> None:
            self.reached += 1

    behind = Behind()
    sheet = QuestionSheet("?", "?", "Yes", Look())
    sheet.setParent(behind)
    behind.show()
    sheet.keep_button.setFocus()
    QTest.keyClick(sheet.keep_button, Qt.Key.Key_P)
    assert behind.reached == 0, "a replay, where P goes to another event, does not see it"
    sheet.alarm_keys = True
    QTest.keyClick(sheet.keep_button, Qt.Key.Key_P)
    QTest.keyClick(sheet.keep_button, Qt.Key.Key_C)
    assert behind.reached == 1
    behind.close()
    behind.deleteLater()
