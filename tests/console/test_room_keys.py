"""One key for each thing that steers music, light and stimulation; stops wait for nothing, and digits rate a set."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from kapconsole import commands as cm
from kapconsole.alarms import wishes as aw
from kapconsole.bilateral import wishes as bw
from kapconsole.bilateral.events import Channel, StopKind
from kapconsole.console.cuesheet import CuesSheet
from kapconsole.console.playlistsheet import MusicSheet
from kapconsole.console.setsheets import SetSheet
from kapconsole.console.sheets import NoteSheet
from kapconsole.console.window import ACTIONS, MORE_KEYS, ConsoleWindow
from kapconsole.cues.light import wishes as lw
from kapconsole.cues.music import wishes as mw
from tests.console import room_facts as room

Turn = Callable[[float], None]
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.mark.parametrize(
    ("key", "wish"),
    [
        ("H", mw.SteerMusic(mw.Act.HOLD)),
        ("E", mw.SteerMusic(mw.Act.EASE)),
        ("R", mw.SteerMusic(mw.Act.RESOLVE)),
        (Qt.Key.Key_Right, mw.SteerMusic(mw.Act.ONWARD)),
        ("M", mw.SteerMusic(mw.Act.PAUSE)),
        ("-", mw.StepVolume(-1.5)),
        ("+", mw.StepVolume(1.5)),
        ("L", lw.HouseLight()),
        ("<", lw.LightBack()),
        (",", lw.LightBack()),
        (">", lw.LightGo()),
        (".", lw.LightGo()),
        ("X", lw.ExamLight(True)),
    ],
)
def test_one_key_one_wish(window, feed, later: Turn, key, wish) -> None:
    room.play(feed)
    room.lamps(feed)
    later(1)
    feed.answers = False
    QTest.keyClick(window, key)
    assert feed.sent == [wish]


def test_shift_and_the_arrow_go_to_the_next_track_alone(window, feed) -> None:
    feed.answers = False
    QTest.keyClick(window, Qt.Key.Key_Right, SHIFT)
    assert feed.sent == [mw.SteerMusic(mw.Act.SKIP)]


def test_m_plays_pauses_and_goes_on_by_what_the_music_does(window, feed, later: Turn) -> None:
    QTest.keyClick(window, "M")
    assert isinstance(window.view.sheet, MusicSheet), "without a playlist there is nothing to play"
    window.close_sheet()
    feed.fact(room.playlist())
    feed.answers = False
    QTest.keyClick(window, "M")
    assert feed.sent == [mw.PlayMusic()]
    from kapconsole.cues.music import events as mu

    room.play(feed)
    feed.fact(mu.MusicFaded("pause", 2.0, 0.0, feed.clock.now_us()))
    later(1)
    QTest.keyClick(window, "M")
    assert feed.sent[-1] == mw.SteerMusic(mw.Act.RESUME)


def test_hold_goes_on_when_it_holds_and_says_so_on_its_key(window, feed, later: Turn) -> None:
    from kapconsole.cues.music import events as mu

    room.play(feed)
    feed.fact(mu.SegmentHeld("peak", True, 0))
    later(1)
    assert window.view.music.caps["music-hold"].action.words == "go on"
    assert "held" in window.view.music.spoken(feed.moment())
    feed.answers = False
    QTest.keyClick(window, "H")
    assert feed.sent == [mw.SteerMusic(mw.Act.GO_ON)]


def test_the_keys_on_the_panels_can_be_touched(window, feed, later: Turn) -> None:
    room.play(feed)
    room.lamps(feed)
    later(1)
    feed.answers = False
    for panel in (window.view.music, window.view.light):
        for cap in panel.caps.values():
            assert cap.isVisible(), cap.action.name
            QTest.mouseClick(cap, Qt.MouseButton.LeftButton)
    assert [type(wish) for wish in feed.sent] == [mw.SteerMusic] * 5 + [
        lw.HouseLight, lw.LightBack, lw.LightGo, lw.ExamLight,
    ]  # fmt: skip


def test_a_held_key_eases_once(window, feed) -> None:
    room.play(feed)
    held = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_E, Qt.KeyboardModifier.NoModifier, "e", True)
    QApplication.sendEvent(window, held)
    assert feed.sent == []


def test_space_starts_what_was_chosen_and_then_finishes_the_pass(window, feed, later: Turn) -> None:
    room.allow(feed)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert feed.sent == [], "nothing was chosen"
    assert "choose a set" in window.view.footer.quiet_line(feed.moment())
    room.choose(window)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert feed.sent == [bw.StartSet("desensitization-standard")]
    room.begun(feed)
    later(3)
    QTest.keyClick(window, Qt.Key.Key_Space)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert feed.sent[1:] == [bw.StopSet(StopKind.FINISH_PASS)], "once is enough"


def test_space_just_after_a_set_does_not_start_another(window, feed, later: Turn) -> None:
    room.allow(feed)
    room.choose(window)
    QTest.keyClick(window, Qt.Key.Key_Space)
    later(20)
    room.delivered(feed)
    later(0.5)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert len(feed.sent) == 1
    later(2)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert len(feed.sent) == 2


def test_a_locked_phase_says_why_and_asks_for_nothing(window, feed, later: Turn) -> None:
    room.allow(feed)
    room.choose(window)
    feed.send(cm.Phase("inward"))
    feed.sent.clear()
    later(1)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert feed.sent == []
    assert "locked" in window.view.footer.quiet_line(feed.moment())
    assert window.view.stimulation.shown.state == "locked in inward"
    assert not window.view.stimulation.shown.can_start


def running(window, feed, later: Turn) -> None:
    room.allow(feed)
    room.choose(window)
    QTest.keyClick(window, Qt.Key.Key_Space)
    room.begun(feed)
    later(3)
    feed.sent.clear()


def test_escape_ends_first_the_set_then_the_cuff_then_the_form(window, feed, later: Turn) -> None:
    running(window, feed, later)
    feed.send(cm.CuffStart())
    QTest.keyClick(window, "N")
    feed.sent.clear()
    words = window.view.sheet.words
    for _ in range(3):
        assert isinstance(window.view.sheet, NoteSheet)
        QTest.keyClick(words, Qt.Key.Key_Escape)
    assert feed.sent == [bw.StopSet(StopKind.STOP_NOW), cm.CuffStop()]
    assert window.view.sheet is None


@pytest.mark.parametrize("key", [Qt.Key.Key_F9, Qt.Key.Key_PageDown])
def test_the_pedal_ends_a_set_also_while_words_are_typed(qapp, feed, key: Qt.Key) -> None:
    window = ConsoleWindow(feed, poll_ms=0, stop_key="PgDown")
    window.show()

    def later(seconds: float) -> None:
        feed.clock.advance(seconds)
        window.poll()

    running(window, feed, later)
    QTest.keyClick(window, "N")
    QTest.keyClick(window.view.sheet.words, key)
    assert feed.sent[-1] == bw.StopSet(StopKind.STOP_NOW)
    assert isinstance(window.view.sheet, NoteSheet), "the words stay"
    window.leave()
    window.deleteLater()


def test_the_stop_button_stands_out_and_stops(window, feed, later: Turn) -> None:
    running(window, feed, later)
    QTest.mouseClick(window.view.stimulation.wide["set-stop"], Qt.MouseButton.LeftButton)
    assert feed.sent == [bw.StopSet(StopKind.STOP_NOW)]


def test_a_stop_and_light_are_tried_without_contact(window, feed, later: Turn) -> None:
    running(window, feed, later)
    feed.linked = False
    feed.answers = False
    QTest.keyClick(window, Qt.Key.Key_Escape)
    QTest.keyClick(window, "L")
    QTest.keyClick(window, "E")
    assert feed.sent == [bw.StopSet(StopKind.STOP_NOW), lw.HouseLight()]


def test_arrows_change_the_rate_by_a_twentieth_and_z_the_channels(window, feed, later: Turn) -> None:
    running(window, feed, later)
    QTest.keyClick(window, Qt.Key.Key_Up)
    QTest.keyClick(window, Qt.Key.Key_Up)
    QTest.keyClick(window, Qt.Key.Key_Down)
    assert feed.sent == [bw.ChangeSet(rate_cps=1.05), bw.ChangeSet(rate_cps=1.1), bw.ChangeSet(rate_cps=1.05)]
    feed.sent.clear()
    QTest.keyClick(window, "Z")
    assert feed.sent == [bw.ChangeSet(channels=(Channel.LIGHT,))]
    later(0.1)
    assert feed.moment().state.sets.running.stimulus().switched[-1][1] == (Channel.LIGHT,)


def over(window, feed, later: Turn, preset: str = "desensitization-standard") -> None:
    room.allow(feed)
    room.choose(window, preset)
    QTest.keyClick(window, Qt.Key.Key_Space)
    later(25)
    room.delivered(feed)
    later(3)
    feed.sent.clear()


@pytest.mark.parametrize(("key", "sud"), [("0", 0), ("4", 4), (Qt.Key.Key_Return, 10)])
def test_after_a_set_one_digit_is_the_sud_and_then_digits_are_marks_again(window, feed, later: Turn, key, sud) -> None:
    over(window, feed, later)
    caps = {cap.action.id: cap for cap in window.view.keys.caps}
    assert "SUD" in window.view.stimulation.shown.below
    assert caps["help"].action.key == "F1", "0 is a rating now: the way to help is shown"
    QTest.keyClick(window, key)
    later(0.3)
    assert feed.moment().state.sets.sets[-1].sud_after == sud
    assert feed.moment().state.marks == ()
    assert caps["help"].action.key == "0"
    QTest.keyClick(window, "4")
    assert isinstance(feed.sent[-1], cm.Mark)


def test_help_is_one_key_away_while_a_rating_is_asked(window, feed, later: Turn) -> None:
    over(window, feed, later)
    feed.answers = False
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert feed.sent == [aw.CallForHelp()]


def test_escape_or_three_minutes_leave_a_set_unrated(window, feed, later: Turn) -> None:
    over(window, feed, later)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    QTest.keyClick(window, "4")
    assert feed.sent == [cm.Mark("4", at_us=feed.clock.now_us())]
    feed.sent.clear()
    QTest.keyClick(window, Qt.Key.Key_Space)
    later(25)
    room.delivered(feed)
    later(181)
    QTest.keyClick(window, "5")
    assert isinstance(feed.sent[-1], cm.Mark)


def test_after_installation_the_digit_is_the_voc(window, feed, later: Turn) -> None:
    over(window, feed, later, "installation")
    QTest.keyClick(window, "9")
    assert feed.sent == []
    QTest.keyClick(window, "6")
    later(0.3)
    assert feed.moment().state.sets.sets[-1].voc == 6


def test_the_sud_before_goes_with_the_set(window, feed, later: Turn) -> None:
    room.allow(feed)
    later(1)
    QTest.keyClick(window, "B")
    assert isinstance(window.view.sheet, SetSheet)
    QTest.keyClick(window.view.sheet.list, Qt.Key.Key_Return)
    later(0.3)
    assert "SUD before" in window.view.stimulation.shown.below
    QTest.keyClick(window, "7")
    later(0.3)
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert feed.sent[-1].sud_before == 7
    assert feed.moment().state.sets.running.asked.sud_before == 7


@pytest.mark.parametrize(("key", "kind"), [("B", SetSheet), (Qt.Key.Key_F5, MusicSheet), (Qt.Key.Key_F6, CuesSheet)])
def test_the_forms_open_by_their_keys_or_a_tap_on_the_panel(window, feed, later: Turn, key, kind) -> None:
    later(1)
    QTest.keyClick(window, key)
    assert isinstance(window.view.sheet, kind)
    QTest.keyClick(window.view.sheet.list, Qt.Key.Key_Escape)
    assert window.view.sheet is None
    panel = {SetSheet: window.view.stimulation, MusicSheet: window.view.music, CuesSheet: window.view.light}[kind]
    QTest.mouseClick(panel, Qt.MouseButton.LeftButton)
    assert isinstance(window.view.sheet, kind)


def test_no_key_means_two_things(window) -> None:
    keys = [action.key for action in (*ACTIONS, *MORE_KEYS)]
    assert sorted(keys) == sorted(set(keys))
