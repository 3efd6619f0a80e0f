"""The alarm strip and the tiles: what they say, what they show of limits and pauses, and when nobody answers."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QAccessible, QImage
from PySide6.QtWidgets import QWidget

from kapconsole import events as ev
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.events import Priority
from kapconsole.console.alarmwords import countdown
from kapconsole.console.palette import NIGHT, PALETTES, contrast, on_fill
from kapdevices.readings import Metric


def pixels(widget: QWidget) -> np.ndarray:
    """The widget's picture, shape (height, width, 3)."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3).copy()


def share(picture: np.ndarray, code: str) -> float:
    """Which part of the picture has the colour."""
    wanted = [int(code[at : at + 2], 16) for at in (1, 3, 5)]
    return float((np.abs(picture.astype(int) - wanted).max(axis=2) < 12).mean())


def lit(bench) -> None:
    """Wait for the lit half of the flash."""
    while not bench.strip.flash.lit(bench.shown().priority):
        bench.poll(0.1)


def test_quiet_is_one_dim_line_with_the_preset_and_the_bedside_monitor(bench) -> None:
    shown = bench.shown()
    assert shown.priority is None
    assert shown.text == "no alarms · limits: standard · the bedside monitor's own alarms stay on"
    picture = pixels(bench.strip)
    for role in ("high_fill", "medium_fill", "low_fill"):
        assert share(picture, getattr(NIGHT, role)) == 0, role


def test_an_alarm_has_symbol_deviation_limit_duration_and_worst(bench) -> None:
    bench.run(16, spo2=90)
    bench.run(3, spo2=88)
    bench.run(4, spo2=89)
    shown = bench.shown()
    assert (shown.priority, shown.mark, shown.text) == (Priority.MEDIUM, "**", "SpO2 89 < 92")
    assert "lowest 88" in shown.details
    assert "for 7 s" in shown.details, "since its signal, after 15 s of delay"
    lit(bench)
    assert share(pixels(bench.strip), NIGHT.medium_fill) > 0.5
    assert bench.strip.spoken(bench.feed.moment()).startswith("MEDIUM alarm: SpO2 89 < 92")


def test_the_gravest_leads_the_others_follow_and_what_is_acknowledged_makes_room(bench) -> None:
    bench.run(20, pulse_rate=130)
    bench.run(4, spo2=82)
    shown = bench.shown()
    assert (shown.priority, shown.mark, shown.text) == (Priority.HIGH, "***", "SpO2 82 < 85")
    assert [item.mark for item in shown.others] == ["**"]
    assert "Pulse 130 > 120" in shown.others[0].text
    high = next(alarm.occurrence for alarm in bench.feed.moment().alarms.alarms if alarm.priority is Priority.HIGH)
    bench.feed.send(ws.Acknowledge((high,)))
    bench.run(1)
    shown = bench.shown()
    assert shown.priority is Priority.MEDIUM, "what nobody has noticed yet leads"
    assert (shown.others[0].priority, shown.others[0].acknowledged) == (Priority.HIGH, True)


def test_acknowledged_is_steady_ticked_and_says_when_it_sounds_again(bench) -> None:
    bench.run(20, spo2=90)
    bench.feed.send(ws.Acknowledge())
    bench.run(10)
    shown = bench.shown()
    assert shown.acknowledged
    assert not shown.flashing
    assert "ACKNOWLEDGED, sounds again in 1:50" in shown.details
    before = pixels(bench.strip)
    bench.poll(0.9)
    assert (pixels(bench.strip) == before).all()


def test_audio_paused_counts_down_on_strip_and_tiles_and_the_light_goes_on(bench) -> None:
    bench.run(20, spo2=90)
    bench.feed.send(ws.PauseAudio())
    bench.run(30)
    shown = bench.shown()
    assert shown.audio_paused == "1:30"
    assert shown.flashing, "only the sound is paused"
    tile = bench.window.view.spo2
    assert tile.alarm(bench.feed.moment()).bell == "1:30"
    assert "AUDIO PAUSED 1:30" in tile.spoken(bench.feed.moment())
    bench.run(91)
    assert bench.shown().audio_paused == ""


def test_audio_paused_is_seen_without_any_alarm(bench) -> None:
    quiet = pixels(bench.strip)
    bench.feed.send(ws.PauseAudio())
    bench.run(1)
    assert bench.shown().priority is None
    assert bench.shown().audio_paused == "1:59"
    assert (pixels(bench.strip) != quiet).any(axis=2).sum() > 300


def test_alarm_paused_shows_triangle_countdown_and_reason(bench) -> None:
    before = pixels(bench.window.view.spo2)
    bench.feed.send(ws.PauseAlarm("spo2", "probe moved"))
    bench.run(60)
    assert bench.window.view.spo2.alarm(bench.feed.moment()).triangle == "2:00"
    assert bench.window.view.pulse.alarm(bench.feed.moment()).triangle == ""
    assert [item.text for item in bench.shown().others] == ["ALARM PAUSED SpO2 2:00: probe moved"]
    assert (pixels(bench.window.view.spo2) != before).any()


def test_ended_alarms_are_told_for_half_a_minute(bench) -> None:
    bench.run(20, spo2=90)
    bench.run(10, spo2=97)
    assert bench.shown().priority is None
    assert any("ended: " in item.text for item in bench.shown().others)
    bench.run(31)
    assert bench.shown().others == ()


def test_latched_says_that_it_is_over_and_stays(bench) -> None:
    bench.run(5, spo2=80)
    bench.run(20, spo2=98)
    shown = bench.shown()
    assert shown.priority is Priority.HIGH
    assert shown.flashing
    assert "over now, held until acknowledged" in shown.details
    bench.feed.send(ws.Acknowledge())
    bench.run(1)
    assert bench.shown().priority is None


def test_data_that_end_leave_the_alarm_unknown(bench) -> None:
    bench.run(20, spo2=90)
    for _ in range(15):
        bench.feed.clock.advance(1)
        bench.feed.tick()
    bench.poll()
    texts = [bench.shown().text, *(item.text for item in bench.shown().others)]
    assert any("SpO2" in text and "(now unknown)" in text for text in texts)


def test_a_status_that_is_late_reads_and_looks_like_no_alarm_system(bench) -> None:
    bench.run(20, spo2=90)
    bench.feed.alarms_age_s = 2.9
    bench.poll()
    assert bench.shown().text == "SpO2 90 < 92"
    bench.feed.alarms_age_s = 3.2
    bench.poll()
    shown = bench.shown()
    assert (shown.priority, shown.mark, shown.text) == (Priority.HIGH, "!!!", "Alarm system not answering")
    assert "bedside monitor" in shown.details
    assert [item.text for item in shown.others if item.kind == "alarm"] == ["last known: SpO2 90 < 92"]
    lit(bench)
    assert share(pixels(bench.strip), NIGHT.high_fill) > 0.5
    tile = bench.window.view.spo2.alarm(bench.feed.moment())
    assert not tile.known, "no limit is claimed to be in force"
    assert tile.limits == ()


def test_a_session_without_any_word_of_its_alarm_system_becomes_high_after_five_seconds(bench) -> None:
    bench.feed.engine = None
    bench.poll()
    assert bench.shown().priority is None
    assert "no alarm system heard of" in bench.shown().text
    bench.poll(4)
    assert bench.shown().priority is None
    bench.poll(2)
    assert (bench.shown().priority, bench.shown().text) == (Priority.HIGH, "No alarm system heard of")
    bench.feed.fact(ev.SessionClosed("ended by a person"))
    bench.poll(1)
    assert bench.shown().priority is None, "nothing is expected of a closed session"


def test_a_recorded_alarm_is_shown_but_nothing_flashes_and_nobody_is_missed(bench) -> None:
    bench.run(20, spo2=90)
    recorded = bench.feed.moment()._replace(replay=True, alarms_age_s=900.0)
    shown = bench.strip.banner(recorded)
    assert shown.priority is Priority.MEDIUM
    assert not shown.flashing
    assert shown.details.endswith("recorded")
    assert bench.strip.flashing(recorded) == frozenset()


def test_troubles_stay_reachable_and_none_is_told_twice(bench) -> None:
    bench.run(20, spo2=90)
    bench.feed.fact(ev.ProcessState("keep awake", "gone", "this computer may go to sleep"))
    bench.feed.fact(ev.DeviceState(1, "nonin", "p1", "FT232R", "lost", "cable pulled"))
    for _ in range(12):
        bench.feed.clock.advance(1)
        bench.feed.tick()
    bench.poll()
    texts = [bench.shown().text, *(item.text for item in bench.shown().others)]
    assert sum("may go to sleep" in text for text in texts) == 1
    assert sum("cable pulled" in text for text in texts) == 1
    assert any("SpO2" in text for text in texts)


def test_the_quiet_room_has_its_place_with_and_without_alarm(bench) -> None:
    for values in ({}, {"spo2": 90.0}):
        bench.run(20, **values)
        without = pixels(bench.strip)
        bench.feed.quiet = "room silent · nurse listening"
        bench.run(1)
        assert bench.shown().quiet == "room silent · nurse listening"
        assert "nurse listening" in bench.strip.spoken(bench.feed.moment())
        assert (pixels(bench.strip) != without).any(axis=2).sum() > 200
        bench.feed.quiet = ""


def test_limits_in_force_stand_beside_the_numbers_and_follow_a_change(bench) -> None:
    moment = bench.feed.moment()
    view = bench.window.view
    assert view.spo2.alarm(moment).limits == ("≥ 92",)
    assert view.pulse.alarm(moment).limits == ("≤ 120", "≥ 50")
    assert view.nibp.alarm(moment).limits == ("< 160/100", "≥ 90")
    bench.feed.send(ws.ChangeLimits({"spo2.low": 90}, "nurse"))
    bench.run(1)
    assert view.spo2.alarm(bench.feed.moment()).limits == ("≥ 90",)
    assert "1 limit changed" in bench.shown().text


def test_nibp_shows_its_baseline_and_the_stricter_limit(bench) -> None:
    bench.feed.cuff(118, 74)
    bench.run(130)
    assert "baseline 118/74 (one reading)" in bench.window.view.nibp.spoken(bench.feed.moment())
    bench.feed.cuff(120, 76)
    bench.run(1)
    bench.feed.fact(ev.DoseGiven(bench.feed.clock.now_us(), "ketamine", "im", 60.0))
    bench.run(1)
    assert bench.window.view.nibp.alarm(bench.feed.moment()).limits == ("< 149/95", "≥ 90")
    assert "baseline 119/75" in bench.window.view.nibp.spoken(bench.feed.moment())
    assert "one reading" not in bench.window.view.nibp.spoken(bench.feed.moment())


def test_a_recheck_is_counted_down_then_overdue(bench) -> None:
    tile = bench.window.view.next_cuff
    assert tile.read(bench.feed.moment()).when == "none planned"
    bench.feed.cuff(185, 95)
    bench.run(60)
    now = tile.read(bench.feed.moment())
    assert (now.title, now.when) == ("Recheck", "in 4:00")
    bench.run(260)
    now = tile.read(bench.feed.moment())
    assert now.overdue
    assert now.when == "0:20 overdue"


def test_the_question_about_the_limb_stands_until_it_is_answered(bench) -> None:
    bench.feed.cuff(118, 74)
    bench.run(1)
    tile = bench.window.view.next_cuff
    assert "one limb?" in tile.read(bench.feed.moment()).below
    bench.feed.send(ws.NoteLimbs(same=False))
    bench.run(1)
    assert "one limb?" not in tile.read(bench.feed.moment()).below


def test_the_tile_in_alarm_has_border_symbol_and_worst(bench) -> None:
    tile = bench.window.view.spo2
    assert share(pixels(tile), NIGHT.medium) == 0
    bench.run(20, spo2=88)
    bench.run(2, spo2=89)
    alarm = tile.alarm(bench.feed.moment())
    assert (alarm.priority, alarm.mark, alarm.worst) == (Priority.MEDIUM, "**", "lowest 88")
    lit(bench)
    picture = pixels(tile)
    edge = picture[:, 1:3]
    assert share(edge, NIGHT.medium) > 0.8, "the border is lit"
    assert bench.window.view.pulse.alarm(bench.feed.moment()).priority is None


def test_nothing_of_strip_or_tiles_is_covered_by_a_form(bench) -> None:
    bench.run(20, spo2=90)
    view = bench.window.view
    for name in ("alarms", "limits", "alarm-pause", "symptoms", "presets", "self-test", "report", "note", "dose"):
        bench.window.act(name)
        assert view.sheet is not None, name
        for part in (view.strip, view.spo2, view.pulse, view.nibp, view.next_cuff):
            assert not view.sheet.geometry().intersects(part.geometry()), (name, part.accessibleName())
            assert part.isVisibleTo(bench.window), name
        bench.window.close_sheet()


def test_a_screen_reader_is_told_of_a_new_alarm_at_once(bench, monkeypatch) -> None:
    told: list[QAccessible.Event] = []
    monkeypatch.setattr(QAccessible, "isActive", lambda: True)
    monkeypatch.setattr(QAccessible, "updateAccessibility", lambda event: told.append(event.type()))
    bench.run(20, spo2=90)
    assert told.count(QAccessible.Event.Alert) >= 1
    assert bench.strip.accessibleDescription().startswith("MEDIUM alarm: SpO2 90 < 92")


@pytest.mark.parametrize("palette", PALETTES.values(), ids=lambda palette: palette.name)
def test_alarm_words_are_readable_lit_and_dark(palette) -> None:
    for name in ("high", "medium", "low"):
        fill = getattr(palette, f"{name}_fill")
        assert contrast(on_fill(fill), fill) >= 4.5, f"{name} lit"
        assert contrast(getattr(palette, name), palette.panel) >= 4.4, f"{name} dark"


def test_a_countdown_is_never_zero_while_it_lasts() -> None:
    assert [countdown(seconds) for seconds in (0.0, 0.2, 59.2, 60.0, 119.01)] == [
        "0:01",
        "0:01",
        "1:00",
        "1:00",
        "2:00",
    ]


def test_small_and_large_windows_keep_the_strip_whole(bench) -> None:
    bench.run(20, spo2=90, pulse_rate=130)
    for size in ((960, 600), (1280, 800), (3840, 2160)):
        bench.window.resize(*size)
        bench.poll()
        bench.window.grab()
        assert bench.strip.fault is None
        for cap in bench.strip.caps.values():
            assert bench.strip.rect().contains(cap.geometry()), (size, cap.action.id)
        assert Metric.SPO2 is bench.window.view.spo2.quantity
