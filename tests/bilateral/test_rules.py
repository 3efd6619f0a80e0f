"""What is decided about wishes: gates, locks, stops, records; and what the fold of it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapconsole.bilateral import events as be
from kapconsole.bilateral import rules
from kapconsole.bilateral import wishes as ws
from kapconsole.bilateral.events import Channel, Screen, StopKind, StopReason
from kapconsole.bilateral.guide import GuideError, load_guide, load_screening, moved
from kapconsole.bilateral.meters import Meters
from kapconsole.bilateral.rules import Room, Situation
from kapconsole.bilateral.wishes import NotNow

S = 1_000_000
AUDIO = (Channel.AUDIO,)


def utc(at_us: int) -> int:
    return at_us + 1_700_000_000 * S


def started(monitor: Any, preset: str = "desensitization-standard", **options: Any) -> be.SetAsked:
    (asked,) = monitor.wish(ws.StartSet(preset, **options))
    assert isinstance(asked, be.SetAsked)
    return asked


def delivered(monitor: Any, at_us: int) -> be.SetDelivered:
    """The room's answer to the running set, as it would record it at `at_us`."""
    running = monitor.view.running
    monitor.now_us = at_us
    body = Meters().record(running.asked, running.stimulus(), utc, at_us)
    monitor.record([body])
    return body


def must_stop(monitor: Any, now_us: int) -> list[be.BilateralBody]:
    return rules.must_stop(monitor.view, monitor.situation, monitor.library.screening, now_us)


# -- starting ---------------------------------------------------------------------------------------------------------


def test_a_set_is_asked_for_whole_and_begins_a_second_later(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor(Room(screen=Screen(600, 340, 1920, 1080, 700), offsets=be.Offsets(audio_ms=12))).ready()
    monitor.now_us = 5 * S
    asked = started(monitor, sud_before=7)
    assert (asked.set_id, asked.phase, asked.sud_before, asked.at_us) == (1, "integrate", 7, 5 * S)
    plan = asked.plan
    assert (plan.preset, plan.version, plan.rate_cps, plan.cycles) == ("desensitization-standard", 1, 1.0, 24)
    assert plan.start_us == 6_000_000
    assert plan.screen is not None
    assert plan.offsets.audio_ms == 12
    assert monitor.view.running is not None
    with pytest.raises(NotNow, match="set 1 is not over"):
        started(monitor)


def test_what_differs_from_the_preset_is_in_the_plan(new_monitor: Callable[..., Any]) -> None:
    plan = started(
        new_monitor().ready(), rate_cps=0.8, seconds=30.0, sweep_deg=15.0, level_dbfs=-40.0, channels=AUDIO
    ).plan
    assert (plan.rate_cps, plan.cycles, plan.seconds) == (0.8, None, 30.0)
    assert (plan.motion.sweep_deg, plan.sound.level_dbfs, plan.channels) == (15.0, -40.0, AUDIO)


def test_the_stop_signal_comes_before_the_first_set(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor()
    with pytest.raises(NotNow, match="rehearse the stop signal"):
        started(monitor, "calm-place")
    monitor.wish(ws.RehearseStop("two taps"))
    started(monitor, "calm-place")


@pytest.mark.parametrize("phase", ["dose", "onset", "inward"])
def test_locked_phases(phase: str, new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    monitor.set(phase=phase)
    with pytest.raises(NotNow, match=f"locked in the phase {phase}"):
        started(monitor, "calm-place")


@pytest.mark.parametrize(("oriented", "sedation", "free"), [(True, 5, True), (True, 4, False), (False, 5, False)])
def test_emergence_needs_an_oriented_and_alert_person(
    oriented: bool, sedation: int, free: bool, new_monitor: Callable[..., Any]
) -> None:
    monitor = new_monitor().ready()
    monitor.set(phase="emerge", oriented=oriented, sedation=sedation)
    if free:
        started(monitor)
    else:
        with pytest.raises(NotNow, match="oriented and a sedation score of 5"):
            started(monitor)
    monitor.set(sedation=None)
    assert rules.locked(monitor.situation)


def test_screening_gates_light_and_bar_and_nothing_else(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor()
    monitor.wish(ws.RehearseStop())
    with pytest.raises(NotNow, match="light stay off: the screening questions are not answered yet"):
        started(monitor)
    questions = monitor.library.screening.questions
    monitor.wish(ws.AnswerScreening({question.key: False for question in questions[1:]}))
    with pytest.raises(NotNow, match="no answer to: photosensitive epilepsy"):
        started(monitor)
    monitor.wish(ws.AnswerScreening({questions[0].key: True}))
    with pytest.raises(NotNow, match="says yes to: photosensitive epilepsy"):
        started(monitor, channels=(Channel.BAR,))
    assert started(monitor, channels=(Channel.AUDIO, Channel.TACTILE))
    with pytest.raises(NotNow, match="light stay off"):
        monitor.wish(ws.ChangeSet(channels=(Channel.LIGHT,)))


def test_a_question_that_does_not_gate_is_only_shown(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    monitor.wish(ws.AnswerScreening({"psychosis": True}))
    assert started(monitor)
    with pytest.raises(NotNow, match="no question shoe-size"):
        monitor.wish(ws.AnswerScreening({"shoe-size": True}))


def test_a_dosing_day_wants_a_reason_for_light(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    monitor.set(dosing_day=True)
    with pytest.raises(NotNow, match="dosing day"):
        started(monitor)
    started(monitor, "dosing-day-grounding")
    monitor.wish(ws.StopSet())
    delivered(monitor, 2 * S)
    with pytest.raises(NotNow, match="need a reason"):
        monitor.wish(ws.OverrideDosingDay("  "))
    monitor.wish(ws.OverrideDosingDay("low dose, eyes steady"))
    assert Channel.LIGHT in started(monitor).plan.channels


def test_fast_rates_and_high_load_are_confirmed_once(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    with pytest.raises(NotNow, match=r"above 1\.5"):
        started(monitor, rate_cps=1.55)
    with pytest.raises(NotNow, match="High load is of high load: confirm"):
        started(monitor, "high-load")
    started(monitor)
    with pytest.raises(NotNow, match=r"above 1\.5"):
        monitor.wish(ws.ChangeSet(rate_cps=1.6))
    monitor.wish(ws.ConfirmFastRate())
    monitor.wish(ws.ChangeSet(rate_cps=1.6))
    delivered(monitor, 200 * S)
    started(monitor, "high-load")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate_cps": 2.05}, "rate_cps 2.05 is outside 0.1 to 2"),
        ({"cycles": 121}, "cycles 121"),
        ({"seconds": 181.0}, "seconds 181"),
        ({"sweep_deg": 61.0}, "sweep_deg 61"),
        ({"level_dbfs": -6.0}, "needs a calibrated output"),
        ({"channels": ()}, "no channel"),
        ({"sud_before": 11}, "SUD is 0 to 10, not 11"),
        ({"cycles": 3, "seconds": 9.0}, "not both"),
        ({"sweep_deg": 60.0, "channels": (Channel.BAR,)}, "does not fit on the light bar"),
    ],
)
def test_what_is_beyond_a_cap_is_refused_in_words(
    options: dict[str, Any], words: str, new_monitor: Callable[..., Any]
) -> None:
    with pytest.raises(NotNow, match=words):
        started(new_monitor().ready(), **options)


def test_what_the_room_does_not_have_is_refused(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor(Room(screen=Screen(200, 120, 800, 480, 700))).ready()
    with pytest.raises(NotNow, match="no light bar"):
        started(monitor, channels=(Channel.BAR,))
    with pytest.raises(NotNow, match=r"25 degrees does not fit on the client display: at most 1\d"):
        started(monitor)
    with pytest.raises(NotNow, match="there is no preset nonsense; there are: art-set"):
        started(monitor, "nonsense")


# -- while it runs ----------------------------------------------------------------------------------------------------


def test_changes_and_stops_belong_to_the_running_set(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    for wish in (ws.ChangeSet(rate_cps=0.8), ws.StopSet()):
        with pytest.raises(NotNow, match="no set is running"):
            monitor.wish(wish)
    started(monitor)
    monitor.now_us = 5 * S
    monitor.wish(ws.ChangeSet(rate_cps=0.8, level_dbfs=-33.0))
    with pytest.raises(NotNow, match="at most 3 dB"):
        monitor.wish(ws.ChangeSet(level_dbfs=-29.0))
    monitor.wish(ws.StopSet(StopKind.FINISH_PASS))
    with pytest.raises(NotNow, match="being ended"):
        monitor.wish(ws.ChangeSet(rate_cps=1.0))
    monitor.wish(ws.StopSet())  # stop now is always taken
    assert monitor.view.running.stop.kind is StopKind.STOP_NOW


def test_the_record_says_what_was_delivered(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    started(monitor, sud_before=6)
    monitor.record([be.SetBegan(1, (Channel.LIGHT, Channel.AUDIO), "", 500_000)])
    monitor.now_us = 5 * S
    monitor.wish(ws.ChangeSet(rate_cps=0.5))
    monitor.now_us = 10 * S
    monitor.wish(ws.StopSet(StopKind.FINISH_PASS))
    body = delivered(monitor, 12 * S)
    assert body.reason is StopReason.FINISH_PASS
    assert body.cycles_asked == 24
    assert body.passes_delivered == 2 * body.cycles_delivered
    assert [rate for _, rate in body.rate_trace] == pytest.approx([0.6, 0.8, 1.0, 0.5])
    assert body.start_us == 1_000_000
    assert 10 * S <= body.stop_us <= 11 * S
    assert body.stop_utc_us == utc(body.stop_us)
    assert monitor.view.running is None
    assert monitor.view.sets[0].sud_before == 6
    assert monitor.view.passes == body.passes_delivered
    assert started(monitor).set_id == 2


def test_a_set_to_its_end_is_counted_whole(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    started(monitor)
    body = delivered(monitor, 100 * S)
    assert (body.reason, body.cycles_delivered, body.passes_delivered) == (StopReason.COUNT, 24, 48)
    started(monitor, seconds=20.0)
    assert delivered(monitor, 200 * S).reason is StopReason.TIME


def test_a_high_alarm_or_a_locked_phase_ends_a_running_set_now(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    started(monitor)
    assert must_stop(monitor, S) == []
    monitor.set(high_alarm=True)
    (stop,) = monitor.record(must_stop(monitor, S))
    assert (stop.kind, stop.why) == (StopKind.STOP_NOW, "a HIGH alarm is active")
    assert must_stop(monitor, 2 * S) == [], "said once"
    delivered(monitor, 3 * S)
    with pytest.raises(NotNow, match="HIGH alarm"):
        started(monitor)
    monitor.set(high_alarm=False)
    started(monitor)
    monitor.wish(ws.StopSet(StopKind.FINISH_PASS))
    monitor.set(phase="dose")
    assert must_stop(monitor, 4 * S), "a soft stop is not enough"


def test_an_answer_that_comes_in_a_set_ends_it_where_there_is_light(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    started(monitor)
    monitor.wish(ws.ChangeSet(channels=AUDIO))
    monitor.wish(ws.AnswerScreening({"migraine": True}))
    assert must_stop(monitor, S) == [], "sound may go on"
    monitor.wish(ws.AnswerScreening({"migraine": False}))
    monitor.wish(ws.ChangeSet(channels=(Channel.LIGHT,)))
    monitor.wish(ws.AnswerScreening({"migraine": True}))
    (stop,) = must_stop(monitor, S)
    assert "migraine" in stop.why


def test_a_room_that_is_gone_leaves_a_set_of_which_nothing_is_claimed(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    assert rules.room_lost(monitor.view, utc, S) == []
    started(monitor)
    (body,) = monitor.record(rules.room_lost(monitor.view, utc, 9 * S))
    assert (body.reason, body.cycles_delivered, body.passes_delivered) == (StopReason.HEARTBEAT_LOST, None, None)
    assert monitor.view.running is None
    assert monitor.view.passes == 0


WISHES = st.sampled_from(
    [
        ws.StartSet("desensitization-standard"),
        ws.StartSet("calm-place", channels=(Channel.TACTILE,)),
        ws.ChangeSet(rate_cps=0.7),
        ws.ChangeSet(channels=(Channel.TACTILE,)),
        ws.StopSet(),
        ws.StopSet(StopKind.FINISH_PASS),
        ws.RateSet(sud_after=4),
        ws.ConfirmFastRate(),
        ws.OverrideDosingDay("asked for"),
        ws.MoveGuide(),
        "high",
        "dose",
        "integrate",
        "lost",
        "done",
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(WISHES, max_size=25))
def test_nothing_begins_by_itself_and_nothing_runs_where_it_may_not(
    new_monitor: Callable[..., Any], steps: list[Any]
) -> None:
    monitor = new_monitor().ready()
    for step in steps:
        monitor.now_us += 700_000
        seen = len(monitor.log)
        try:
            match step:
                case "high":
                    monitor.set(high_alarm=not monitor.situation.high_alarm)
                case "dose" | "integrate":
                    monitor.set(phase=step)
                case "lost":
                    monitor.record(rules.room_lost(monitor.view, utc, monitor.now_us))
                case "done" if monitor.view.running is not None:
                    delivered(monitor, monitor.now_us)
                case "done":
                    pass
                case wish:
                    monitor.wish(wish)
        except NotNow:
            pass
        monitor.record(must_stop(monitor, monitor.now_us))
        begun = [body for body in monitor.log[seen:] if isinstance(body, be.SetAsked)]
        assert not begun or isinstance(step, ws.StartSet)
        running = monitor.view.running
        if running is not None and rules.locked(monitor.situation):
            assert running.stop.kind is StopKind.STOP_NOW
            assert running.stimulus().at(monitor.now_us).level == 0
    asked = [body.set_id for body in monitor.log if isinstance(body, be.SetAsked)]
    assert asked == list(range(1, len(asked) + 1))


# -- ratings and guide ------------------------------------------------------------------------------------------------


def test_ratings_are_added_to_their_set(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    with pytest.raises(NotNow, match="no set to be rated"):
        monitor.wish(ws.RateSet(sud_after=3))
    started(monitor, sud_before=6)
    delivered(monitor, 50 * S)
    monitor.wish(ws.RateSet(sud_after=4))
    monitor.wish(ws.RateSet(set_id=1, voc=5, body_note="shoulders"))
    line = monitor.view.sets[0]
    assert (line.sud_before, line.sud_after, line.voc, line.body_note) == (6, 4, 5, "shoulders")
    for wish, words in [
        (ws.RateSet(sud_after=11), "SUD is 0 to 10"),
        (ws.RateSet(voc=0), "VOC is 1 to 7"),
        (ws.RateSet(set_id=9, voc=3), "no set 9"),
        (ws.RateSet(), "nothing was entered"),
    ]:
        with pytest.raises(NotNow, match=words):
            monitor.wish(wish)


@pytest.mark.parametrize(
    ("before", "after", "hint"),
    [
        (5, [5, 4], ""),
        (5, [8], "SUD 8"),
        (3, [4, 5, 6], "up by 3 since the start"),
        (4, [4, 6], "up by 2 in one set"),
        (5, [5, 5, 5], "unchanged in two sets"),
    ],
)
def test_hints_beside_the_rating_and_none_on_dosing_days(
    before: int, after: list[int], hint: str, new_monitor: Callable[..., Any]
) -> None:
    monitor = new_monitor().ready()
    for place, sud in enumerate(after):
        started(monitor, sud_before=before if place == 0 else None)
        delivered(monitor, monitor.now_us + 50 * S)
        monitor.wish(ws.RateSet(sud_after=sud))
    said = rules.rating_hint(monitor.view, dosing_day=False)
    assert hint in said
    assert bool(hint) == bool(said)
    assert rules.rating_hint(monitor.view, dosing_day=True) == ""


def test_the_guide_moves_by_a_wish_alone(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    monitor.wish(ws.MoveGuide())
    assert (monitor.view.guide, monitor.view.step) == ("emdr", "history")
    monitor.wish(ws.MoveGuide("desensitization"))
    started(monitor)
    delivered(monitor, 60 * S)
    monitor.wish(ws.RateSet(sud_after=0))
    assert monitor.view.step == "desensitization"
    monitor.wish(ws.MoveGuide("back"))
    assert monitor.view.step == "assessment"
    monitor.wish(ws.MoveGuide(guide="art"))
    assert (monitor.view.guide, monitor.view.step) == ("art", "opening")
    with pytest.raises(NotNow, match="this is the first step"):
        monitor.wish(ws.MoveGuide("back"))
    with pytest.raises(NotNow, match="no guide 'yoga'"):
        monitor.wish(ws.MoveGuide(guide="yoga"))


def test_the_guides_and_questions_are_whole() -> None:
    from kapconsole.bilateral.presets import preset_names

    emdr, art = load_guide("emdr"), load_guide("art")
    assert len(emdr.steps) == 8
    assert {preset for guide in (emdr, art) for step in guide.steps for preset in step.presets} <= set(preset_names())
    keys = {question.key for question in load_screening().questions if question.gates}
    assert {"photosensitive-epilepsy", "seizures", "concussion", "migraine", "vestibular", "eye-surgery"} <= keys
    with pytest.raises(GuideError, match="no step 'lunch'"):
        moved(emdr, "", "lunch")


def test_a_clinic_has_its_own_questions_and_a_damaged_file_is_said(tmp_path: Any) -> None:
    own = tmp_path / "screening.toml"
    own.write_text('note = ""\n[[questions]]\nkey = "eyes"\ntext = "tired eyes"\ngates = true\n', "utf-8")
    assert [question.key for question in load_screening(tmp_path).questions] == ["eyes"]
    own.write_text("note = 3", "utf-8")
    with pytest.raises(GuideError, match=r"screening\.toml"):
        load_screening(tmp_path)


# -- events -----------------------------------------------------------------------------------------------------------


def test_every_body_comes_back_from_its_bytes_and_the_tags_are_its_own(new_monitor: Callable[..., Any]) -> None:
    monitor = new_monitor().ready()
    started(monitor)
    monitor.wish(ws.ChangeSet(rate_cps=0.7))
    monitor.wish(ws.StopSet())
    delivered(monitor, 5 * S)
    monitor.wish(ws.RateSet(sud_after=4))
    monitor.wish(ws.MoveGuide())
    monitor.record([be.StimulusFault(0, Channel.BAR, "pulled", 1)])
    assert monitor.view.fault is not None
    for body in monitor.log:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(body), type=be.BilateralBody) == body
    assert rules.locked(Situation()) == "", "before any phase is marked"


def test_meters_count_lost_frames_and_tones() -> None:
    meters = Meters()
    for shown_us in (0, 16_667, 33_333, 83_333, 100_000, 150_000):
        meters.frame(shown_us, 16_667)
    for late_ms in (2.0, 4.0, -6.0):
        meters.tone(late_ms)
    assert (meters.frames_shown, meters.frames_dropped, meters.longest_run) == (6, 4, 2)
    timing = meters.tone_timing
    assert (timing.count, timing.mean_ms, timing.max_ms) == (3, pytest.approx(0.0), -6.0)
    assert timing.sd_ms == pytest.approx(5.2915, abs=1e-3)
