"""Whatever comes in whatever order: no alarm is lost, no pause outlives its limit, nothing ends because data ended.

And the same session gives the same alarms: however often the engine was told the time, again from its log, and after a
restart from the log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.conditions import CONDITIONS, Kind
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.events import Priority
from kapconsole.alarms.history import bodies_of, replayed
from kapconsole.alarms.presets import load_preset
from kapdevices.readings import Metric, Quality

S = 1_000_000

WISHES: dict[str, ws.AlarmWish] = {
    "ack": ws.Acknowledge(),
    "audio": ws.PauseAudio(),
    "resume": ws.ResumeAudio(),
    "spo2": ws.PauseAlarm("spo2", "probe swap"),
    "nibp": ws.PauseAlarm("nibp", "cuff moved", 60),
    "help": ws.CallForHelp(),
    "limits": ws.ChangeLimits({"spo2.low": 94, "pulse_rate.high": 110}, "nurse"),
    "limb": ws.NoteLimbs(True),
}
EVENTS: dict[str, ev.Body] = {
    "dose": ev.DoseGiven(0, "ketamine", "im", 60.0),
    "inflate": ev.DeviceSaid(2, "cuff-inflating", "inflating"),
    "voice": ev.ProcessState("annunciator", "gone", "not running"),
    "voice back": ev.ProcessState("annunciator", "running", ""),
    "disk": ev.StorageState("failing", "no space left"),
    "disk back": ev.StorageState("ok", ""),
}

STEPS = st.one_of(
    st.tuples(st.just("see"), st.sampled_from([98, 93, 92, 91, 88, 84, 80]), st.sampled_from([1, 3, 16, 70])),
    st.tuples(st.just("pulse"), st.sampled_from([40, 130, 300, 0]), st.sampled_from([3, 20])),
    st.tuples(st.just("off"), st.just(0), st.sampled_from([1, 12, 70])),
    st.tuples(st.just("nothing"), st.just(0), st.sampled_from([0.3, 6, 12, 130])),
    st.tuples(st.just("cuff"), st.sampled_from([85, 120, 165, 185, 205, 300, 0]), st.just(31)),
    st.tuples(st.just("link"), st.sampled_from(["silent", "lost", "back"]), st.just(1)),
    st.tuples(st.just("do"), st.sampled_from(sorted(WISHES)), st.just(0)),
    st.tuples(st.just("event"), st.sampled_from(sorted(EVENTS)), st.just(0)),
)


def play(room: Any, steps: list[tuple[str, Any, float]], look: Callable[[], None] = lambda: None) -> None:
    for kind, what, seconds in steps:
        if kind == "see":
            room.wait(seconds, spo2=what)
        elif kind == "pulse":
            room.wait(seconds, spo2=98, pulse=what)
        elif kind == "off":
            room.wait(seconds, off=True)
        elif kind == "nothing":
            room.wait(seconds)
        elif kind == "cuff":
            room.cuff(what or None, 70.0 if what else None, Quality.GOOD if what else Quality.MEASUREMENT_FAILED)
            room.wait(seconds)
        elif kind == "link":
            room.link(what)
        elif kind == "do":
            try:
                room.wish(WISHES[what])
            except ws.NotAllowed:
                pass
        else:
            room.event(EVENTS[what])
        look()


def standing(room: Any) -> list[tuple[Any, ...]]:
    """What stands in the status whatever burst sounds just now."""
    alarms = [(a.condition, a.occurrence, a.state, a.priority, a.unknown, a.since_us) for a in room.status.alarms]
    pauses = [(p.parameter, p.alarm_paused_s, p.reason) for p in room.status.parameters]
    return [*alarms, *pauses, (room.status.audio_paused_s, tuple(room.status.settings.items()))]


ORDERS = st.lists(STEPS, max_size=14)
USUAL = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@USUAL
@given(ORDERS)
def test_no_alarm_is_lost(new_room: Callable[..., Any], steps: list[Any]) -> None:
    room = new_room()
    room.well()
    play(room, steps)
    began = {body.occurrence for body in room.bodies if isinstance(body, al.AlarmBegan)}
    ended = [body for body in room.bodies if isinstance(body, al.AlarmEnded)]
    ended_numbers = [body.occurrence for body in ended]
    assert len(set(ended_numbers)) == len(ended_numbers)
    # What is neither shown nor hidden by ALARM PAUSED has ended, by its condition or by a person.
    paused = {parameter.parameter for parameter in room.status.parameters if parameter.alarm_paused_s is not None}
    shown = {alarm.occurrence for alarm in room.status.alarms}
    hidden = {
        body.occurrence
        for body in room.bodies
        if isinstance(body, al.AlarmBegan) and CONDITIONS[body.condition].parameter in paused
    }
    assert began - set(ended_numbers) - shown <= hidden
    assert shown <= began - set(ended_numbers)
    assert {body.how for body in ended} <= {"ended", "cleared"}
    numbers = [body.occurrence for body in room.bodies if isinstance(body, al.AlarmBegan)]
    assert numbers == list(range(1, len(numbers) + 1))


@USUAL
@given(ORDERS)
def test_no_pause_outlives_its_limit(new_room: Callable[..., Any], steps: list[Any]) -> None:
    room = new_room()

    def look() -> None:
        status = room.status
        assert status.audio_paused_s is None or 0 < status.audio_paused_s <= 120.001
        for parameter in status.parameters:
            assert parameter.alarm_paused_s is None or 0 < parameter.alarm_paused_s <= 180.001

    play(room, steps, look)
    room.wait(181)
    assert room.status.audio_paused_s is None
    assert all(parameter.alarm_paused_s is None for parameter in room.status.parameters)
    started = [body for body in room.bodies if isinstance(body, al.AudioPaused | al.AlarmPaused)]
    ended = [body for body in room.bodies if isinstance(body, al.AudioPauseEnded | al.AlarmPauseEnded)]
    assert len(started) == len(ended)
    for pause in started:
        assert any(0 <= end.at_us - pause.at_us <= pause.until_us - pause.at_us for end in ended)


@USUAL
@given(ORDERS, st.sampled_from(["nothing", "off"]))
def test_no_physiological_alarm_ends_because_data_ended(
    new_room: Callable[..., Any], steps: list[Any], how: str
) -> None:
    room = new_room()
    room.well()
    play(room, steps)
    before = len(room.bodies)
    room.wait(400, off=how == "off")
    for body in room.bodies[before:]:
        if isinstance(body, al.AlarmEnded):
            assert CONDITIONS[body.condition].kind is Kind.TECHNICAL


@settings(USUAL, max_examples=25)
@given(ORDERS)
def test_at_08_a_true_high_is_never_silent_for_long_while_a_dose_is_active(
    new_room: Callable[..., Any], steps: list[Any]
) -> None:
    room = new_room()
    room.well()
    room.dose()
    last_heard: dict[int, int] = {}
    worst_us = 0
    keep = room._keep

    def listening(bodies: list[al.AlarmBody], actor: str = "alarms") -> list[al.AlarmBody]:
        nonlocal worst_us
        kept: list[al.AlarmBody] = keep(bodies, actor)
        status = room.status
        # Alarms that ALARM PAUSED hides count as much as those that are shown.
        highs = {
            held.number
            for held in room.engine._occurrences.held.values()
            if held.priority is Priority.HIGH
            and held.number
            and held.state.value in ("active", "paused", "acknowledged")
        }
        for number in list(last_heard):
            if number not in highs:
                del last_heard[number]
        for number in highs:
            if status.burst is Priority.HIGH:
                last_heard[number] = room.now_us
            worst_us = max(worst_us, room.now_us - last_heard.setdefault(number, room.now_us))
        return kept

    room._keep = listening
    play(room, steps)
    room.wait(130, spo2=80)
    # A tick of the room, and one burst that a keypress may have cut short.
    assert worst_us <= 120 * S + room.tick_us + 4 * S


@USUAL
@given(ORDERS)
def test_at_30_the_log_of_a_session_gives_the_same_alarms_again(new_room: Callable[..., Any], steps: list[Any]) -> None:
    room = new_room()
    room.well()
    play(room, steps)
    assert replayed(room.log, room.preset) == bodies_of(room.log) == room.bodies


@USUAL
@given(ORDERS)
def test_at_30_the_rate_of_ticks_changes_nothing(new_room: Callable[..., Any], steps: list[Any]) -> None:
    # Not the wishes: a person does not press a key at a moment that depends on ticks.
    steps = [step for step in steps if step[0] != "do"]
    told = []
    for tick_us in (50_000, 1_000_000):
        room = new_room(tick_us=tick_us)
        room.well()
        play(room, steps)
        room.wait(1)
        told.append([(type(body), body.at_us // 1000) for body in room.bodies])
    assert told[0] == told[1]


@USUAL
@given(ORDERS, st.integers(0, 13))
def test_at_19_a_restart_keeps_every_alarm_and_no_pause(
    new_room: Callable[..., Any], steps: list[Any], cut: int
) -> None:
    room = new_room()
    room.well()
    play(room, steps[:cut])
    before = standing(room)
    open_before = {entry[1] for entry in before if len(entry) == 6 and entry[0] != "T08"}  # a log that goes on is safe
    room.engine = AlarmEngine.resume(load_preset(), room.events())
    assert standing(room) == before
    room.now_us += 5 * S
    room.event(ev.SessionResumed(5.0, "monitor restarted", "boot", 0, 1.0))
    states = {alarm.state.value for alarm in room.status.alarms}
    assert states <= {"active", "latched"}
    assert room.status.audio_paused_s is None
    assert room.status.burst is Priority.HIGH  # that nobody watched is told
    assert open_before <= {alarm.occurrence for alarm in room.status.alarms}
    play(room, steps[cut:])
    assert replayed(room.log, room.preset) == room.bodies


def test_at_30_waveforms_cut_otherwise_freeze_at_the_same_moment(new_room: Callable[..., Any]) -> None:
    def frozen_at(pieces: int) -> list[int]:
        room = new_room()
        room.well()
        for second in range(60):
            room.wait(1, spo2=98, pulse=70)
            samples = bytes([100] * 60 if 20 <= second < 50 else [(second * 60 + i) % 250 for i in range(60)])
            for i in range(pieces):
                part = samples[i * 60 // pieces : (i + 1) * 60 // pieces]
                start_us = room.now_us - S + i * S // pieces
                room.engine.feed(ev.WavePiece(start_us, S // pieces, 1, Metric.PLETH, Quality.GOOD, 255, 1, part))
        return [body.at_us for body in room.bodies if isinstance(body, al.AlarmBegan | al.AlarmEnded)]

    assert len(frozen_at(1)) == 2
    assert frozen_at(1) == frozen_at(4) == frozen_at(12)
