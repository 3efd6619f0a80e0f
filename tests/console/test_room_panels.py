"""What stands on the panels of music, light and stimulation; the picture is the stimulus; the vitals do not stir."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.bilateral import events as be
from kapconsole.bilateral import wishes as bw
from kapconsole.bilateral.events import Channel
from kapconsole.bilateral.presets import load_preset, preset_names
from kapconsole.bilateral.sources import RATE_HZ, ToneSource
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.clinical.events import BaselineSet
from kapconsole.console.courseband import course_of
from kapconsole.console.lightpanel import next_words
from kapconsole.console.moment import Moment
from kapconsole.console.musicpanel import height_at, parts_of, place_of
from kapconsole.console.setfacts import FLASH_S, Picture, picture
from kapconsole.console.view import SessionView
from kapconsole.cues.light import events as le
from kapconsole.cues.music import events as mu
from kapdevices.readings import Metric
from tests.console import room_facts as room

Turn = Callable[[float], None]
S = 1_000_000


def test_music_tells_place_title_time_left_and_what_follows(window, feed, later: Turn) -> None:
    feed.fact(ev.DoseGiven(feed.clock.now_us(), "ketamine", "im", 60.0))
    later(40 * 60)
    room.play(feed, "peak", 252)
    later(1)
    spoken = window.view.music.spoken(feed.moment())
    for words in ("peak · 3 of 5", "peak 1", "4:11 left", "then: peak 2 · 4:00 (8 s crossfade)"):
        assert words in spoken
    shown = window.view.music.shown
    assert shown.place == pytest.approx(shown.clock), "in its segment the music stands where the dose clock is"
    later(30 * 60)
    assert window.view.music.shown.place == 55.0, "the clock has left the segment that plays"


def test_the_arc_is_highest_in_the_peak_and_passes_through_every_segment() -> None:
    parts = parts_of(room.playlist(), "peak")
    middles = np.array([(part.start + part.end) / 2 for part in parts])
    assert height_at(parts, middles) == pytest.approx([part.height for part in parts])
    minutes = np.linspace(0, 100, 1001)
    assert 30 < minutes[height_at(parts, minutes).argmax()] < 55
    assert np.abs(np.diff(height_at(parts, minutes))).max() < 0.02, "no step"
    assert place_of(parts, 10.0) == 30.0
    assert place_of(parts_of(room.playlist(), ""), 10.0) is None


@pytest.mark.parametrize("state", ["lost", "none", "silent"])
def test_an_output_that_nobody_hears_is_said(window, feed, later: Turn, state: str) -> None:
    room.play(feed)
    feed.fact(mu.PatientOutput("headphones", state, "", "", 0))
    later(1)
    assert window.view.music.shown.trouble
    assert window.view.music.shown.trouble in window.view.music.spoken(feed.moment())


def test_workers_that_are_gone_are_said(window, feed, later: Turn) -> None:
    room.play(feed)
    room.lamps(feed)
    room.gone(feed, "room")
    room.gone(feed, "light")
    later(1)
    assert window.view.music.shown.trouble == "the room process is not running"
    assert window.view.light.shown.lamps == "the light process is not running"


def test_light_tells_each_zone_its_cue_the_next_and_the_lamp_that_does_not_answer(window, feed, later: Turn) -> None:
    room.lamps(feed)
    later(1)
    spoken = window.view.light.spoken(feed.moment())
    assert spoken == "Ceiling 8 %, Path 10 %, Inward, next: Emergence"
    feed.fact(le.LampTrouble("node", ("path",), "does not answer", 0))
    later(1)
    assert window.view.light.spoken(feed.moment()).startswith("node: does not answer")
    assert [zone.failing for zone in window.view.light.shown.zones] == [False, True]
    feed.fact(le.LampBack("node", ("path",), 0))
    later(1)
    assert window.view.light.shown.lamps == "all lamps answer"


def test_house_light_and_a_hold_are_told_with_the_way_back(window, feed, later: Turn) -> None:
    room.lamps(feed)
    targets = (le.LightTarget("ceiling", 70.0), le.LightTarget("path", 70.0))
    feed.fact(le.LightAsked("house", "", "House light", targets, 2, 2, False, feed.clock.now_us()))
    later(1)
    assert window.view.light.shown.cue == "House light · < back to Inward"
    feed.fact(le.ExamLightArmed(feed.clock.now_us()))
    later(0.3)
    assert "X again" in window.view.light.shown.cue
    later(6)
    assert "X again" not in window.view.light.shown.cue


def test_after_the_last_cue_there_is_no_next(feed) -> None:
    room.lamps(feed)
    feed.fact(le.LightAsked("go", "emerge", "Emergence", (), 60, 60, False, 0))
    assert next_words(feed.moment().state.light) == ""


# -- stimulation --------------------------------------------------------------------------------------------------


def start(window, feed, later: Turn, preset: str = "desensitization-standard") -> be.SetAsked:
    room.allow(feed)
    room.choose(window, preset)
    QTest.keyClick(window, Qt.Key.Key_Space)
    return room.begun(feed)


@pytest.mark.parametrize("at_s", [0.4, 3.37, 7.01, 20.25])
def test_the_dot_stands_where_the_stimulus_has_it_at_the_same_moment(window, feed, later: Turn, at_s: float) -> None:
    asked = start(window, feed, later)
    later((asked.plan.start_us - feed.clock.now_us()) / S + at_s)
    perceived = window.view.stimulation.perceived
    showing = Stimulus.of(asked).at(feed.clock.now_us())
    assert perceived.shown.x == pytest.approx(showing.x_deg / 12.5)
    assert perceived.shown.level == pytest.approx(showing.level)
    field = perceived.field()
    share = (perceived.dot_at().x() - field.center().x()) / (field.width() / 2)
    assert share == pytest.approx(showing.x_rel, abs=0.15), "drawn on its side of the display, as far out"
    grabbed = perceived.grab().toImage()
    at = perceived.dot_at() * grabbed.devicePixelRatio()
    if showing.level > 0.9:
        assert grabbed.pixelColor(round(at.x()), round(at.y())).lightness() > 180


@given(st.sampled_from(preset_names()), st.integers(0, 40_000_000))
def test_an_ear_is_lit_only_where_its_tone_sounds_or_has_just_sounded(name: str, at_us: int) -> None:
    stimulus = Stimulus(load_preset(name).plan)
    now_us = stimulus.plan.start_us + at_us
    seen = picture(stimulus, now_us)
    window_frames = round(FLASH_S * RATE_HZ)
    first = round(at_us * RATE_HZ / S) - window_frames
    heard = np.abs(ToneSource(stimulus).render(first, window_frames + 1)).max(axis=0)
    if Channel.AUDIO not in stimulus.plan.channels:
        assert seen.ear == ""
    if seen.ear in ("left", "right"):
        assert heard[0 if seen.ear == "left" else 1] >= heard[1 if seen.ear == "left" else 0]
    assert -1.001 <= seen.x <= 1.001


def test_the_picture_is_dark_before_after_and_at_once_at_a_stop(window, feed, later: Turn) -> None:
    perceived = window.view.stimulation.perceived
    later(1)
    assert perceived.shown == Picture()
    asked = start(window, feed, later)
    later((asked.plan.start_us - feed.clock.now_us()) / S + 3)
    assert perceived.shown.level == 1.0
    QTest.keyClick(window, Qt.Key.Key_Escape)
    later(0.05)
    assert perceived.shown.level == 0.0
    assert perceived.shown.ear == ""
    room.delivered(feed, 3.0)
    later(0.05)
    assert perceived.shown == Picture()


def test_numbers_are_cycles_passes_degrees_and_words(window, feed, later: Turn) -> None:
    asked = start(window, feed, later)
    later((asked.plan.start_us - feed.clock.now_us()) / S + 10.9)
    spoken = window.view.stimulation.spoken(feed.moment())
    for words in ("running", "1.00 c/s", "120 passes/min", "24 cycles", "25° · peak 79°/s · brisk", "of 24"):
        assert words in spoken, words
    passes = Stimulus.of(asked).passes_at(feed.clock.now_us())
    assert f"cycle {passes // 2} of 24" in spoken
    QTest.keyClick(window, Qt.Key.Key_Space)
    later(0.3)
    assert window.view.stimulation.shown.state == "ending with this pass"


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ((), "rehearse the stop signal"),
        ((bw.RehearseStop(),), "screening questions are not answered"),
    ],
)
def test_what_is_missing_before_a_set_is_said_before_it_is_asked_for(window, feed, later: Turn, before, words) -> None:
    feed.send(cm.Phase("integrate"))
    for wish in before:
        feed.send(wish)
    room.choose(window)
    later(1)
    assert words in window.view.stimulation.shown.below
    feed.sent.clear()
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert feed.sent == []


def test_sound_alone_needs_no_screening(window, feed, later: Turn) -> None:
    feed.send(cm.Phase("integrate"))
    feed.send(bw.RehearseStop())
    room.choose(window, "calm-place")
    later(1)
    assert window.view.stimulation.shown.can_start


def test_nothing_of_the_vitals_is_painted_or_moved_while_a_set_runs(window, feed, later: Turn, monkeypatch) -> None:
    view = window.view
    feed.measure(Metric.SPO2, 97.0)
    feed.measure(Metric.PULSE_RATE, 70.0)
    feed.cuff(120, 80)
    room.lamps(feed)
    room.play(feed, left_s=500)
    asked = start(window, feed, later)
    later((asked.plan.start_us - feed.clock.now_us()) / S + 1.5)
    vitals = (view.spo2, view.pulse, view.nibp, view.next_cuff, view.strip, view.header)
    places = [part.geometry() for part in vitals]
    painted: list[str] = []
    for part in (*vitals, view.stimulation.perceived):
        plain = type(part).paint

        def paint(ink, part=part, plain=plain) -> None:
            painted.append(part.accessibleName())
            plain(part, ink)

        monkeypatch.setattr(part, "paint", paint)
    strip_paints = len(view.strip.log.entries)
    from PySide6.QtWidgets import QApplication

    QApplication.processEvents()
    painted.clear()
    for _ in range(12):  # within a second: ages and clocks do not turn
        feed.clock.advance(0.04)
        window.poll()
        QApplication.processEvents()
    assert painted.count("What the patient sees and hears") >= 10
    assert set(painted) <= {"What the patient sees and hears", "Session"}
    assert painted.count("Session") <= 1, "the clock may turn over"
    assert len(view.strip.log.entries) == strip_paints
    assert [part.geometry() for part in vitals] == places


def test_without_a_set_the_picture_is_not_drawn_again(window, feed, later: Turn, monkeypatch) -> None:
    later(1)
    drawn: list[int] = []
    monkeypatch.setattr(window.view.stimulation.perceived, "update", lambda: drawn.append(1))
    for _ in range(30):
        later(0.033)
    assert drawn == []


def test_a_recorded_session_shows_the_same_without_keys(qapp, window, feed, later: Turn) -> None:
    room.lamps(feed)
    room.play(feed)
    asked = start(window, feed, later)
    later((asked.plan.start_us - feed.clock.now_us()) / S + 5.0)
    view = SessionView(())
    view.resize(1280, 800)
    view.show()
    now = feed.moment()
    view.show_moment(Moment(now.state, now.timeline, now.now_us, now.utc_origin_us, replay=True))
    assert view.stimulation.perceived.shown == window.view.stimulation.perceived.shown
    assert view.music.shown == window.view.music.shown
    assert view.light.shown.cue == window.view.light.shown.cue
    caps = [cap for panel in (view.music, view.light, view.stimulation) for cap in panel.caps.values()]
    assert not any(cap.isVisible() for cap in (*caps, *view.stimulation.wide.values()))
    view.hide()
    view.deleteLater()


@pytest.mark.parametrize("size", [(960, 600), (1280, 800), (1024, 1366), (3840, 2160)])
def test_keys_stay_on_their_panel_and_fit_a_finger(window, feed, later: Turn, size: tuple[int, int]) -> None:
    window.resize(*size)
    later(1)
    nine_mm = 9 / 25.4 * window.logicalDpiY()
    view = window.view
    for panel in (view.music, view.light, view.stimulation):
        caps = [cap for cap in (*panel.caps.values(), *getattr(panel, "wide", {}).values()) if cap.isVisible()]
        for number, cap in enumerate(caps):
            assert panel.rect().contains(cap.geometry()), cap.action.name
            assert cap.width() >= nine_mm
            assert cap.height() >= nine_mm
            assert not any(cap.geometry().intersects(other.geometry()) for other in caps[number + 1 :])
    assert not view.stimulation.perceived.geometry().intersects(view.stimulation.wide["set-start"].geometry())
    assert view.stimulation.perceived.height() >= 20


def test_the_expected_course_needs_a_dose_and_the_patients_own_baseline(window, feed, later: Turn) -> None:
    feed.fact(ev.DoseGiven(feed.clock.now_us(), "ketamine", "im", 60.0))
    assert course_of(feed.moment()) == ()
    later(1)
    plain = window.view.trend.grab().toImage()
    feed.fact(BaselineSet(0, 118.0, 74.0, 3, 98.0, 66.0, None, None))
    band = course_of(feed.moment())
    assert band[0][0] == 0
    assert band[0][1] < 118 < band[0][2]
    assert max(high for _, _, high in band) == 118 + 30, "the route's own course around this patient's pressure"
    later(0.3)
    assert window.view.trend.grab().toImage() != plain
