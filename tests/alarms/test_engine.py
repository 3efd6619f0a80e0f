"""The engine against the acceptance tests of the alarm specification that concern it, with a clock turned by hand.

Long because the tests stand in the specification's order under its numbers, and are read beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.events import OccurrenceState as State
from kapconsole.alarms.events import Priority
from kapconsole.alarms.history import replayed
from kapconsole.alarms.limits import changed
from kapconsole.alarms.presets import load_preset
from kapconsole.alarms.wishes import NotAllowed
from kapdevices.readings import Metric, Quality

S = 1_000_000


def with_spo2(**values: float | bool) -> Any:
    preset = load_preset()
    return replace(preset, settings=replace(preset.settings, spo2=replace(preset.settings.spo2, **values)))


def test_spo2_low_waits_for_its_delay_and_says_deviation_and_limit(room: Any) -> None:
    room.wait(14, spo2=88)
    assert room.began("P02") == []
    room.wait(3, spo2=88)
    (began,) = room.began("P02")
    assert (began.at_us - began.true_us, began.priority, began.text) == (15 * S, Priority.MEDIUM, "SpO2 88 < 92")
    assert (room.shown["P02"].mark, room.status.burst) == ("**", Priority.MEDIUM)


def test_a_short_dip_is_suppressed_and_counted(room: Any) -> None:
    room.wait(10, spo2=90)
    room.well(5)
    assert room.story() == [("P02", "suppressed by delay")]


def test_a_limit_that_chatters_makes_one_alarm(room: Any) -> None:
    room.wait(17, spo2=91)
    for _ in range(20):
        room.wait(2, spo2=92)
        room.wait(1, spo2=91)
    assert [what for _, what in room.story()] == ["began", "escalated"]
    room.well(7)
    assert room.story()[-1] == ("P02", "ended")


def test_desaturation_is_high_at_once_and_stays_until_a_person_clears_it(room: Any) -> None:
    room.wait(1, spo2=84)
    assert room.status.burst is Priority.HIGH
    room.well(20)
    assert room.shown["P01"].state is State.LATCHED
    assert room.status.burst is Priority.HIGH
    room.wish(ws.Acknowledge())
    assert room.status.burst is None
    assert room.story() == [("P01", "began"), ("P01", "latched"), ("P01", "cleared")]


def test_one_event_makes_one_alarm(room: Any) -> None:
    room.wait(30, spo2=84)
    assert room.story() == [("P01", "began")]
    room.wait(2, spo2=88)  # not desaturated any more, but low for long already
    assert ("P02", "began") in room.story()


def test_a_medium_that_nobody_acknowledges_becomes_high_and_stays_so(room: Any) -> None:
    room.wait(15 + 61, spo2=90)
    assert room.shown["P02"].priority is Priority.HIGH
    assert room.story() == [("P02", "began"), ("P02", "escalated")]
    room.wish(ws.Acknowledge())
    room.wait(10, spo2=90)
    assert room.shown["P02"].priority is Priority.HIGH


def test_an_acknowledged_one_does_not_escalate_but_reminds(room: Any) -> None:
    room.wait(17, spo2=90)
    room.wish(ws.Acknowledge())
    room.wait(118, spo2=90)
    assert room.status.burst is None
    room.wait(2.2, spo2=90)
    assert room.status.burst is Priority.MEDIUM
    room.wait(1, spo2=90)
    assert room.status.burst is None
    assert room.story() == [("P02", "began"), ("P02", "acknowledged"), ("P02", "reminder")]


def test_pulse_out_of_range(room: Any) -> None:
    room.wait(17, spo2=98, pulse=130)
    assert room.shown["P03"].text == "Pulse 130 > 120"
    room.wait(30, spo2=98, pulse=45)
    assert room.shown["P03"].text == "Pulse 45 < 50"


def test_an_impossible_pulse_is_not_believed(room: Any) -> None:
    room.wait(30, spo2=98, pulse=0)
    assert room.began("P03") == []


def test_at_06_a_high_after_an_acknowledgement_sounds(room: Any) -> None:
    room.wait(17, spo2=90)
    room.wish(ws.Acknowledge())
    assert room.status.burst is None
    room.wait(1, spo2=84)
    assert room.status.burst is Priority.HIGH


def test_at_07_a_pause_ends_and_what_is_true_sounds_again(room: Any) -> None:
    room.wait(17, spo2=90)
    room.wish(ws.PauseAudio())
    assert room.status.burst is None
    assert room.status.audio_paused_s == pytest.approx(120, abs=0.01)
    assert room.shown["P02"].state is State.PAUSED
    room.wait(119.8, spo2=90)
    assert room.status.burst is None
    room.wait(0.2, spo2=90)
    assert room.status.audio_paused_s is None
    assert room.status.burst is Priority.HIGH  # nobody acknowledged it in the meantime
    with pytest.raises(ws.NotAllowed, match="not paused"):
        room.wish(ws.ResumeAudio())


@pytest.mark.parametrize("way", ["pause again", "pause then acknowledge", "acknowledge then pause", "alarm pause"])
def test_at_08_no_path_keeps_a_true_high_silent_for_long(room: Any, way: str) -> None:
    room.dose()
    room.wait(5, spo2=80)
    longest = silent = 0.0
    for second in range(900):
        room.wait(1, spo2=80)
        silent = 0.0 if room.status.burst is Priority.HIGH else silent + 1
        longest = max(longest, silent)
        audio = room.status.audio_paused_s
        try:
            if (way == "pause again" and audio is None) or (way == "pause then acknowledge" and second == 0):
                room.wish(ws.PauseAudio())
            elif (way == "pause then acknowledge" and second % 50 == 49) or (
                way == "acknowledge then pause" and second % 100 == 0
            ):
                room.wish(ws.Acknowledge())
            elif way == "acknowledge then pause" and second % 100 == 60:
                room.wish(ws.PauseAudio())
            elif way == "alarm pause" and room.status.parameters[0].alarm_paused_s is None:
                room.wish(ws.PauseAlarm("spo2", "toilet"))
        except ws.NotAllowed:
            pass
    assert 60 < longest <= 120


def test_at_09_the_old_limit_alarms_until_another_is_confirmed(room: Any) -> None:
    edited = changed(room.engine.settings, {"spo2.low": 88})
    assert edited.spo2.low == 88
    room.wait(17, spo2=90)
    assert room.shown["P02"].text == "SpO2 90 < 92"
    room.wish(ws.ChangeLimits({"spo2.low": 88}, "nurse"))
    room.wait(6, spo2=90)
    assert room.story()[-1] == ("P02", "ended")
    assert room.status.changed == ("spo2.low",)


def test_at_10_a_new_session_starts_from_the_preset(room: Any, new_room: Callable[..., Any]) -> None:
    room.wish(ws.ChangeLimits({"spo2.low": 95}, "nurse"))
    assert room.engine.settings.spo2.low == 95
    assert room.preset == load_preset()
    fresh = new_room(room.preset)
    assert fresh.status.settings["spo2.low"] == 92
    (loaded,) = [body for body in fresh.bodies if isinstance(body, al.PresetLoaded)]
    assert (loaded.name, loaded.settings["spo2.low"]) == ("standard", 92)


def test_limits_beyond_the_guard_need_prescriber_and_reason(room: Any) -> None:
    for role, reason in (("nurse", "known lung disease"), ("prescriber", " ")):
        with pytest.raises(ws.NotAllowed, match="guard"):
            room.wish(ws.ChangeLimits({"spo2.low": 86, "spo2.desat": 80}, role, reason))
    with pytest.raises(ws.NotAllowed, match="therapist"):
        room.wish(ws.ChangeLimits({"spo2.low": 91}, "therapist"))
    with pytest.raises(ws.NotAllowed, match=r"spo2\.desat \(85\) must be not above spo2\.low \(84\)"):
        room.wish(ws.ChangeLimits({"spo2.low": 84}, "prescriber", "known lung disease"))
    (changes,) = room.wish(ws.ChangeLimits({"spo2.low": 87, "spo2.desat": 80}, "prescriber", "lung disease"))
    assert changes.beyond_guard == ("spo2.low", "spo2.desat")
    assert room.engine.settings.spo2.low == 87


def test_at_12_three_short_dips_alarm_although_the_area_is_small(new_room: Callable[..., Any]) -> None:
    room = new_room(with_spo2(area_points_s=50))
    room.well(20)
    for _ in range(2):
        room.wait(2, spo2=90)
        room.well(10)
    assert room.began("P02") == []
    room.wait(1, spo2=90)
    assert len(room.began("P02")) == 1


def test_the_area_alarms_when_a_dip_is_deep_and_long(new_room: Callable[..., Any]) -> None:
    room = new_room(with_spo2(area_points_s=50, desat=80))
    room.well(20)
    room.wait(12, spo2=88)  # 4 points under 92: 48 points times seconds
    assert room.began("P02") == []
    room.wait(1, spo2=88)
    assert len(room.began("P02")) == 1


def test_at_13_a_rapid_desaturation_skips_the_delay(new_room: Callable[..., Any]) -> None:
    room = new_room(with_spo2(desat=75))
    room.well(20)
    room.wait(2, spo2=83)
    assert room.began("P02") == []
    room.wait(1, spo2=82)  # ten points under the limit
    (began,) = room.began("P02")
    assert began.at_us - began.true_us <= 2 * S + 10


def test_at_16_a_cuff_on_the_oximeters_limb_holds_its_alarms(room: Any) -> None:
    room.wish(ws.NoteLimbs(True))
    room.event(ev.CuffRequested(2, "adult", 160))
    room.event(ev.DeviceSaid(2, "cuff-inflating", "inflating"))
    room.wait(40, off=True)
    room.cuff(120, 70)
    assert room.status.held_s == pytest.approx(15, abs=0.01)
    room.wait(10, off=True)
    room.well(10)
    assert room.story() == [("T01", "suppressed by cuff")]


def test_at_16_a_loss_that_outlasts_the_cuff_is_told(room: Any) -> None:
    room.wish(ws.NoteLimbs(True))
    room.event(ev.DeviceSaid(2, "cuff-inflating", "inflating"))
    room.wait(119, off=True)
    assert room.began("T01") == []
    room.wait(2, off=True)
    assert len(room.began("T01")) == 1


def test_a_desaturation_under_a_cuff_is_held_for_a_minute_at_most(room: Any) -> None:
    room.wish(ws.NoteLimbs(True))
    room.event(ev.DeviceSaid(2, "cuff-inflating", "inflating"))
    room.wait(59, spo2=80)
    assert room.story() == []
    room.wait(2, spo2=80)
    assert room.story() == [("P01", "began")]


def test_a_cuff_on_the_other_arm_holds_nothing(room: Any) -> None:
    room.event(ev.DeviceSaid(2, "cuff-inflating", "inflating"))
    room.wait(2, spo2=80)
    assert room.story() == [("P01", "began")]


def test_at_17_a_pulled_cable_makes_the_alarm_unknown_and_is_told(room: Any) -> None:
    room.wait(17, spo2=90)
    pulled_us = room.now_us
    room.wait(2)
    room.link("silent")
    room.wait(8)
    assert room.shown["P02"].unknown
    assert room.shown["P02"].text == "SpO2 90 < 92 (now unknown)"
    (lost,) = room.began("T02")
    assert lost.at_us - pulled_us <= 10 * S
    assert lost.about == "1"
    room.link("lost")
    room.wait(300)
    assert "P02" in room.shown
    room.link("back")
    room.well(3)
    assert ("P02", "known") not in room.story()  # in range now, but not for long enough
    room.well(8)
    assert "P02" not in room.shown
    assert "T02" not in room.shown


def test_numerics_that_cease_on_a_live_link_are_a_lost_device(room: Any) -> None:
    room.wait(11)
    (lost,) = room.began("T02")
    assert "no SpO2 for 10 s" in lost.text


def test_a_lost_device_becomes_high_after_a_minute_of_a_dosed_session(room: Any) -> None:
    room.dose()
    room.link("lost")
    room.wait(1)
    room.wish(ws.Acknowledge())
    room.wait(58)
    assert room.shown["T02"].priority is Priority.MEDIUM
    room.wait(3)
    assert room.shown["T02"].priority is Priority.HIGH
    assert room.status.burst is Priority.HIGH  # worse than what was acknowledged


def test_a_device_that_another_has_replaced_is_no_alarm(room: Any) -> None:
    for _ in range(12):
        room.well(1)
        room.sample(Metric.SPO2, 97, source=3)
        room.sample(Metric.PULSE_RATE, 70, source=3)
    room.event(ev.FeedChosen(Metric.SPO2, 3))
    room.event(ev.FeedChosen(Metric.PULSE_RATE, 3))
    room.link("lost")
    assert room.began("T02") == []


def test_probe_off_is_low_before_the_dose_and_medium_after(room: Any) -> None:
    room.wait(12, off=True)
    assert room.shown["T01"].priority is Priority.LOW
    assert "sensor off" in room.shown["T01"].text
    room.dose()
    assert room.shown["T01"].priority is Priority.MEDIUM


def test_an_oximeter_that_was_never_on_a_finger_does_not_alarm_before_the_dose(new_room: Callable[..., Any]) -> None:
    room = new_room()
    room.wait(60, off=True)
    assert room.began("T01") == []
    room.dose()
    assert len(room.began("T01")) == 1


def test_spo2_arms_after_ten_seconds_of_pulse(new_room: Callable[..., Any]) -> None:
    room = new_room()
    room.wait(9, spo2=80)
    assert room.began("P01") == []
    room.wait(3, spo2=80)
    assert len(room.began("P01")) == 1


def pleth(room: Any, *samples: int) -> None:
    start_us = room.now_us - S
    room.engine.feed(ev.WavePiece(start_us, S, 1, Metric.PLETH, Quality.GOOD, 255, 1, bytes(samples)))


def test_at_18_a_frozen_stream_is_told_and_a_living_one_is_not(room: Any) -> None:
    for second in range(60):
        room.wait(1, spo2=98, pulse=70)
        pleth(room, *(second * 7 % 200 + i for i in range(5)))
    assert room.began("T05") == []
    for _ in range(25):
        room.wait(1, spo2=98, pulse=70)
        pleth(room, 50, 50, 50, 50, 50)
    (frozen,) = room.began("T05")
    assert frozen.text == "Nonin: values do not change"
    for second in range(5):
        room.wait(1, spo2=98, pulse=71)
        pleth(room, *(second * 7 % 200 + i for i in range(5)))
    assert "T05" not in room.shown


def test_at_18_the_same_values_before_and_after_a_pulled_cable_are_not_frozen(room: Any) -> None:
    room.wait(10, spo2=98, pulse=70)
    pleth(room, 1, 2, 3)
    room.wait(90)
    room.wait(10, spo2=98, pulse=70)
    pleth(room, 3, 3, 3)
    room.wait(5, spo2=98, pulse=70)
    assert room.began("T05") == []


def test_at_18_numerics_alone_are_frozen_after_five_minutes(room: Any) -> None:
    room.wait(295, spo2=98, pulse=70)
    assert room.began("T05") == []
    room.wait(10, spo2=98, pulse=70)
    assert len(room.began("T05")) == 1


def test_at_19_a_restart_cancels_pauses_and_sounds(room: Any) -> None:
    room.dose()
    room.wait(17, spo2=90)
    room.wish(ws.Acknowledge())
    room.wait(2, spo2=84)
    room.wish(ws.PauseAudio())
    assert room.status.burst is None
    room.engine = AlarmEngine.resume(load_preset("first-sessions"), room.events())
    room.now_us += 30 * S
    room.event(ev.SessionResumed(30.0, "monitor restarted", "boot", 0, 1.0))
    status = room.status
    assert (status.burst, status.audio_paused_s, status.preset) == (Priority.HIGH, None, "standard")
    assert {name: alarm.state for name, alarm in room.shown.items()} == {
        "P01": State.ACTIVE,
        "P02": State.ACTIVE,
        "T11": State.LATCHED,
    }
    assert room.shown["P01"].unknown
    assert room.shown["T11"].text == "No alarms for 30 s"
    assert any(isinstance(body, al.AudioPauseEnded) and body.why == "restart" for body in room.bodies)
    room.wait(1, spo2=80)
    assert not room.shown["P01"].unknown  # armed at once: it was, in a dosed session
    assert room.began("P01")[-1].occurrence == 2


def test_at_19_changed_limits_survive_a_restart(room: Any) -> None:
    room.wish(ws.ChangeLimits({"spo2.low": 95}, "nurse"))
    resumed = AlarmEngine.resume(load_preset("first-sessions"), room.events())
    assert resumed.settings == room.engine.settings
    assert resumed.status(room.now_us).changed == ("spo2.low",)


def test_at_21_a_log_that_is_not_safe_is_told_and_alarms_go_on(room: Any) -> None:
    room.event(ev.StorageState("failing", "no space left"))
    assert room.shown["T08"].text == "Session log (failing): no space left"
    room.wait(1, spo2=84)
    assert room.status.burst is Priority.HIGH
    room.event(ev.StorageState("ok", ""))
    assert "T08" not in room.shown


def test_at_22_a_missing_alarm_sound_is_told_at_once_and_cannot_be_paused(room: Any) -> None:
    room.event(ev.ProcessState("annunciator", "no-output", "ALARM_OUT is gone"))
    assert (room.shown["T06"].priority, room.shown["T06"].mark) == (Priority.HIGH, "!!!")
    room.wish(ws.PauseAudio())
    assert room.shown["T06"].state is State.ACTIVE
    room.event(ev.ProcessState("annunciator", "running", ""))
    assert "T06" not in room.shown


def _tested(ok: bool, output: str = "PulseAudio: room") -> ev.SignalSounded:
    return ev.SignalSounded("test", 0, output, ok, "found" if ok else "did not arrive", (), False)


def test_at_22_a_failed_self_test_is_a_missing_alarm_sound_until_one_succeeds(room: Any) -> None:
    room.event(_tested(True))
    assert "T06" not in room.shown
    room.event(_tested(False))
    assert room.shown["T06"].text == "Alarm sound: self-test failed: did not arrive"
    assert room.status.burst is Priority.HIGH
    room.engine = AlarmEngine.resume(room.preset, room.events())
    room.event(ev.SessionResumed(1.0, "restarted", "boot", 0, 1.0))
    room.event(ev.ProcessState("annunciator", "running", ""))
    assert "T06" in room.shown, "a restart mends no loudspeaker"
    room.event(_tested(True))
    assert "T06" not in room.shown


def test_without_a_speaker_the_test_that_cannot_be_heard_is_not_told_twice(room: Any) -> None:
    room.event(_tested(False, output=""))
    assert "T06" not in room.shown


def test_a_person_who_does_not_hear_the_self_test_is_believed(room: Any) -> None:
    with pytest.raises(NotAllowed, match="no self-test"):
        room.wish(ws.ConfirmSelfTest(True, True))
    assert isinstance(room.wish(ws.AskSelfTest())[0], al.SelfTestAsked)
    room.event(_tested(True))
    told = room.wish(ws.ConfirmSelfTest(False, True))
    assert told[0] == al.SelfTestConfirmed(False, True, "PulseAudio: room", "nurse", told[0].at_us)
    assert room.shown["T06"].text == "Alarm sound: a person did not hear the self-test"
    room.event(_tested(True))
    assert "T06" in room.shown, "what was played is not what was heard"
    room.wish(ws.ConfirmSelfTest(True, True))
    assert "T06" not in room.shown
    assert replayed(room.log, room.preset) == room.bodies


def test_an_alarm_voice_that_never_came_is_told(new_room: Callable[..., Any]) -> None:
    room = new_room(started=False)
    room.event(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC"))
    room.wait(9)
    assert room.began("T06") == []
    room.wait(2)
    assert len(room.began("T06")) == 1


def test_at_26_a_step_of_the_wall_clock_changes_nothing(room: Any, new_room: Callable[..., Any]) -> None:
    other = new_room()
    other.well()
    for each, step_us in ((room, -3_600_000_000), (other, 0)):
        each.wait(5, spo2=90)
        each.event(ev.ClockChecked(1_772_700_000_000_000 + step_us, step_us))
        each.wait(100, spo2=90)
    assert room.bodies == other.bodies
    assert room.began("P02")


def test_at_27_the_gap_of_a_monitor_that_was_gone_is_a_high_alarm_until_a_person_clears_it(room: Any) -> None:
    room.event(ev.SessionResumed(12.0, "monitor restarted", "boot", 0, 1.0))
    room.well(30)
    assert room.status.burst is Priority.HIGH
    room.wish(ws.PauseAudio())
    assert room.status.burst is Priority.HIGH  # ignores pauses
    room.wish(ws.Acknowledge())
    assert "T11" not in room.shown


def test_at_27_a_frozen_window_is_a_high_alarm_since_it_looks_like_none(room: Any) -> None:
    room.event(ev.ProcessState("console", "frozen", "console: the window has been frozen for 3 s"))
    assert room.shown["T11"].text == "console: the window has been frozen for 3 s"
    assert room.status.burst is Priority.HIGH
    room.event(ev.ProcessState("console", "running", ""))
    room.well(5)
    assert room.shown["T11"].state is State.LATCHED, "until a person has seen it"
    room.wish(ws.Acknowledge())
    assert "T11" not in room.shown
    assert replayed(room.log, room.preset) == room.bodies


def test_a_new_high_breaks_through_an_audio_pause(room: Any) -> None:
    room.wait(17, spo2=90)
    room.wish(ws.PauseAudio())
    room.wait(2, spo2=84)
    assert room.status.burst is Priority.HIGH
    assert room.shown["P02"].state is State.PAUSED


def test_a_new_medium_sounds_one_burst_in_an_audio_pause_and_a_low_none(room: Any) -> None:
    room.wish(ws.PauseAudio())
    room.link("lost", source=2)
    room.wait(0.4)
    assert room.status.burst is Priority.MEDIUM
    room.wait(1, spo2=98)
    assert room.status.burst is None
    assert room.shown["T02"].state is State.PAUSED
    room.cuff(None, None, Quality.MEASUREMENT_FAILED)
    assert room.status.burst is None
    assert room.shown["T04"].state is State.PAUSED


def test_alarms_of_one_parameter_can_be_paused_with_a_reason(room: Any) -> None:
    with pytest.raises(ws.NotAllowed, match="reason"):
        room.wish(ws.PauseAlarm("spo2", " "))
    with pytest.raises(ws.NotAllowed, match="180 s at most"):
        room.wish(ws.PauseAlarm("spo2", "probe swap", 181))
    room.wish(ws.PauseAlarm("spo2", "probe swap"))
    room.wait(100, off=True)
    assert room.shown == {}
    assert room.status.parameters[0].alarm_paused_s == pytest.approx(80, abs=0.01)
    assert room.status.parameters[0].reason == "probe swap"
    room.wait(81, off=True)
    assert room.shown["T01"].state is State.ACTIVE
    assert room.status.burst is Priority.LOW


def test_a_pause_is_not_made_longer(room: Any) -> None:
    room.wish(ws.PauseAudio(60))
    room.wish(ws.PauseAlarm("nibp", "cuff moved", 60))
    room.well(30)
    with pytest.raises(ws.NotAllowed, match="paused already"):
        room.wish(ws.PauseAudio())
    with pytest.raises(ws.NotAllowed, match="paused already"):
        room.wish(ws.PauseAlarm("nibp", "again"))
    assert room.status.audio_paused_s == pytest.approx(30, abs=0.01)


def test_help_is_called(room: Any) -> None:
    room.wish(ws.PauseAudio())
    room.wish(ws.CallForHelp("come"))
    assert room.status.burst is Priority.HIGH
    assert room.shown["P10"].text == "Help called: come"
    room.wish(ws.Acknowledge())
    assert room.shown == {}


def test_closing_needs_a_reason_while_a_high_is_active(room: Any) -> None:
    room.wait(1, spo2=84)
    assert "HIGH" in room.engine.refusal_to_close("")
    assert room.engine.refusal_to_close("ambulance took over") == ""
    room.wish(ws.Acknowledge())
    assert room.engine.refusal_to_close("") == ""
    room.event(ev.SessionClosed("done"))
    assert room.story()[-1] == ("P01", "closed")
    assert room.status.alarms == ()
    with pytest.raises(ws.NotAllowed, match="closed"):
        room.wish(ws.PauseAudio())


def test_the_highest_priority_sounds_and_the_newest_stands_first(room: Any) -> None:
    room.cuff(165, 90)
    room.well(1)
    room.cuff(None, None, Quality.MEASUREMENT_FAILED)
    assert [alarm.condition for alarm in room.status.alarms] == ["T04", "P04"]
    room.wait(1, spo2=84)
    assert room.status.alarms[0].condition == "P01"
    assert room.status.burst is Priority.HIGH
    room.well(1)
    assert room.status.parameters[3].priority is Priority.LOW


def test_an_unheard_high_grows_louder_up_to_the_sites_most(room: Any) -> None:
    levels = []
    for _ in range(6):
        room.wait(20, spo2=84)
        levels.append(room.status.louder_db)
    assert levels == [0.0, 3.0, 6.0, 6.0, 6.0, 6.0]
    room.wish(ws.Acknowledge())
    assert room.status.louder_db == 0


def test_what_ended_is_told_for_half_a_minute(room: Any) -> None:
    room.wait(17, spo2=90)
    room.well(8)
    assert room.status.notes == ("SpO2 90 < 92",)
    room.well(30)
    assert room.status.notes == ()


def test_the_status_goes_over_the_wire(room: Any) -> None:
    import msgspec

    room.wait(17, spo2=90)
    coded = msgspec.msgpack.encode(room.status)
    assert msgspec.msgpack.decode(coded, type=type(room.status)) == room.status
