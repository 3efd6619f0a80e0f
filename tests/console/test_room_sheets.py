"""The forms behind the panels: sets with evidence, screening, guide, ratings, cues, playlists; by keyboard alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QWidget

from kapconsole import commands as cm
from kapconsole.bilateral import wishes as bw
from kapconsole.bilateral.events import Channel
from kapconsole.bilateral.guide import load_guide, load_screening
from kapconsole.bilateral.presets import load_preset
from kapconsole.console.setsheets import RatingSheet, ScreeningSheet, next_mix, switched
from kapconsole.cues.light import wishes as lw
from kapconsole.cues.music import events as mu
from kapconsole.cues.music import wishes as mw
from kapconsole.paths import config_dir
from tests.console import room_facts as room

Turn = Callable[[float], None]
ENTER = Qt.Key.Key_Return


def press(window, *keys: str | Qt.Key) -> None:
    """Keys where the focus is."""
    for key in keys:
        sheet = window.view.sheet
        QTest.keyClick(window if sheet is None else sheet.focusWidget() or sheet, key)


def stand_on(window, key: str) -> None:
    sheet = window.view.sheet
    sheet.list.setCurrentIndex(sheet.model.index([row.key for row in sheet.model.rows].index(key)))


def test_each_set_shows_what_supports_its_numbers(window, later: Turn) -> None:
    later(1)
    press(window, "B")
    sheet = window.view.sheet
    for row in sheet.model.rows:
        stand_on(window, row.key)
        preset = load_preset(row.key)
        assert preset.confidence in sheet.said.text()
        assert preset.evidence[:30].replace("<", "&lt;") in sheet.said.text()
        assert f"{120 * preset.plan.rate_cps:.0f} passes/min" in sheet.said.text()


def test_rate_length_and_channels_are_set_by_keys_and_taken_with_enter(window, feed, later: Turn) -> None:
    room.allow(feed)
    later(1)
    press(window, "B")
    stand_on(window, "desensitization-standard")
    press(window, "-", "-", "]", "1", ENTER)
    assert window.view.sheet is None
    later(0.3)
    assert "0.90 c/s" in window.view.stimulation.spoken(feed.moment())
    press(window, Qt.Key.Key_Escape, Qt.Key.Key_Space)
    assert feed.sent == [bw.StartSet("desensitization-standard", rate_cps=0.9, cycles=26, channels=(Channel.AUDIO,))]


def test_a_set_is_never_left_without_a_channel() -> None:
    choice = room.Choice(load_preset("calm-place"))
    assert switched(choice, Channel.AUDIO).used == (Channel.AUDIO,)
    assert switched(choice, Channel.TACTILE).used == (Channel.AUDIO, Channel.TACTILE)


@pytest.mark.parametrize("name", ["desensitization-standard", "calm-place", "art-set"])
def test_the_key_of_the_mixes_goes_round_all_that_suit_the_set(name: str) -> None:
    preset = load_preset(name)
    seen, used = [], preset.plan.channels
    for _ in range(10):
        used = next_mix(preset, used)
        seen.append(used)
    assert preset.plan.channels in seen
    assert {(one,) for one in preset.choices} <= set(seen)


def test_screening_is_answered_question_by_question(window, feed, later: Turn) -> None:
    later(1)
    press(window, "B", "S")
    sheet = window.view.sheet
    assert isinstance(sheet, ScreeningSheet)
    press(window, ENTER)
    assert "nothing is answered" in sheet.wrong.text()
    questions = load_screening().questions
    press(window, "Y", *"N" * (len(questions) - 2), "U")
    press(window, ENTER)
    answers = feed.sent[-1].answers
    assert answers == {
        questions[0].key: True, **{one.key: False for one in questions[1:-1]}, questions[-1].key: None,
    }  # fmt: skip
    assert window.view.sheet is None


def test_the_stop_signal_is_rehearsed_and_light_on_a_dosing_day_needs_a_reason(window, feed, later: Turn) -> None:
    later(1)
    press(window, "B", "R", ENTER)
    assert feed.sent == [bw.RehearseStop("raised hand")]
    press(window, "B", "D", ENTER)
    assert "reason" in window.view.sheet.wrong.text()
    QTest.keyClicks(window.view.sheet.line, "alert")
    press(window, ENTER)
    assert feed.sent[-1] == bw.OverrideDosingDay("alert")
    press(window, "B", "F", ENTER)
    assert feed.sent[-1] == bw.ConfirmFastRate()


def test_the_guide_moves_only_when_it_is_moved(window, feed, later: Turn) -> None:
    later(1)
    press(window, "B", "G")
    steps = [step.key for step in load_guide("emdr").steps]
    press(window, "N")
    later(0.3)
    press(window, "N")
    later(0.3)
    assert feed.moment().state.sets.step == steps[1]
    assert [row.key for row in window.view.sheet.model.rows if row.present] == [steps[1]]
    later(600)
    assert feed.moment().state.sets.step == steps[1]
    press(window, "B")
    later(0.3)
    assert feed.moment().state.sets.step == steps[0]
    press(window, "2")
    assert "ART" in window.view.sheet.accessibleName()


def test_ratings_and_words_of_the_last_set_are_checked_and_kept(window, feed, later: Turn) -> None:
    later(1)
    press(window, "B", "V")
    assert not isinstance(window.view.sheet, RatingSheet), "there is no set yet"
    window.close_sheet()
    room.allow(feed)
    room.choose(window)
    press(window, Qt.Key.Key_Space)
    later(20)
    room.delivered(feed)
    later(1)
    press(window, "B", "V")
    sheet = window.view.sheet
    sheet.fields["sud_after"].setText("11")
    press(window, ENTER)
    assert "0 to 10" in sheet.wrong.text()
    sheet.fields["sud_after"].setText("3")
    sheet.fields["body_note"].setText("warm hands")
    press(window, ENTER)
    later(0.3)
    line = feed.moment().state.sets.sets[-1]
    assert (line.sud_after, line.body_note) == (3, "warm hands")


def test_light_cues_are_gone_to_and_levels_set_by_hand(window, feed, later: Turn) -> None:
    room.lamps(feed)
    later(1)
    press(window, Qt.Key.Key_F6)
    sheet = window.view.sheet
    assert [row.key for row in sheet.model.rows if row.present] == ["inward"]
    feed.answers = False
    stand_on(window, "emerge")
    press(window, ENTER, "+", "H", "Z", "B", "N")
    assert feed.sent == [
        lw.LightCue("emerge"), lw.LightRate(2.0), lw.LightHold(), lw.SetLight("ceiling", 13.0), lw.ConfirmDark(),
    ]  # fmt: skip
    assert window.view.sheet is sheet, "the list stays open"


def test_the_cue_list_is_simulated_with_its_times_and_problems(window, feed, later: Turn) -> None:
    feed.send(cm.Phase("prepare"))
    later(1)
    press(window, Qt.Key.Key_F6)
    sheet = window.view.sheet
    if sheet.sheet is None:
        sheet.sheet = window.room._cue_sheet("")
    from kapconsole.cues.light import events as le

    cues = tuple((cue.id, cue.name) for cue in sheet.sheet.light)
    feed.fact(le.LightSheetLoaded(sheet.sheet.name, 1, cues, 0))
    later(0.3)
    press(window, "S")
    text = window.view.sheet.said.text()
    assert "played without lamps" in text
    assert "Inward: room 8 %" in text
    press(window, "S")
    assert "played without lamps" not in window.view.sheet.said.text()


def test_music_begins_at_a_segment_and_playlists_are_chosen(window, feed, later: Turn) -> None:
    folder = config_dir() / "playlists"
    folder.mkdir(exist_ok=True)
    (folder / "evening.toml").write_text("", "utf-8")
    later(1)
    press(window, Qt.Key.Key_F5)
    feed.answers = False
    press(window, ENTER)
    assert feed.sent == [mw.ChoosePlaylist("evening")]
    feed.fact(room.playlist())
    later(0.3)
    sheet = window.view.sheet
    assert [row.text for row in sheet.model.rows] == [name for name, _ in room.ARC]
    stand_on(window, "segment build")
    assert "build 1  4:00" in sheet.said.text()
    press(window, "-", "F", "U", ENTER)
    assert feed.sent[1:] == [
        mw.StepVolume(-1.5), mw.FadeMusic(), mw.SteerMusic(mw.Act.SILENCE), mw.PlayMusic("build"),
    ]  # fmt: skip


def test_a_track_that_cannot_be_played_is_told(window, feed, later: Turn) -> None:
    room.play(feed)
    feed.fact(mu.MusicTrouble("track", "Slow water", "the file is missing", feed.clock.now_us()))
    later(1)
    assert "the file is missing" in window.view.music.spoken(feed.moment())
    press(window, Qt.Key.Key_F5)
    assert "Slow water: the file is missing" in window.view.sheet.said.text()


@pytest.mark.parametrize("size", [(960, 600), (1280, 800), (2560, 1600)])
@pytest.mark.parametrize("name", ["sets", "music", "light", "screening", "guide"])
def test_forms_leave_vitals_and_strip_free_and_fit_a_finger(window, feed, later, size, name: str) -> None:
    room.lamps(feed)
    room.play(feed)
    window.resize(*size)
    later(1)
    {"screening": window.room.open_screening, "guide": window.room.open_guide}.get(name, lambda: window.act(name))()
    view, sheet = window.view, window.view.sheet
    for part in (view.header, view.strip, view.spo2, view.pulse, view.nibp, view.keys):
        assert not sheet.geometry().intersects(part.geometry()), part.accessibleName()
    assert sheet.height() >= sheet.minimumSizeHint().height()
    nine_mm = 9 / 25.4 * window.logicalDpiY()
    for widget in sheet.findChildren(QWidget):
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.isVisible():
            assert widget.accessibleName(), widget
        if isinstance(widget, QAbstractButton | QLineEdit) and widget.isVisible():
            assert widget.height() >= nine_mm
            assert widget.width() >= nine_mm
