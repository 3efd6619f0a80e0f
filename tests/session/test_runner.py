"""The runner's decisions: what a command or a reading leads to, with a fake clock and nothing else."""

from __future__ import annotations

import pytest

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.events import SelfTestConfirmed
from kapconsole.alarms.presets import load_preset
from kapconsole.alarms.wishes import CallForHelp, ConfirmSelfTest
from kapconsole.clock import FakeClock
from kapconsole.rows import row_event
from kapconsole.session.runner import DeviceEntry, Outcome, Runner
from kapconsole.session.state import EMPTY, fold_all
from kapconsole.session.timeline import Timeline
from kapdevices.driver import StartCuff, StopCuff
from kapdevices.link import LinkPhase, LinkReadings, LinkState
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, SampleArray

OXIMETER = DeviceEntry(1, "nonin", "/dev/a", can_cuff=False)
CUFF = DeviceEntry(2, "suntech", "/dev/b", can_cuff=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(10_000_000)


@pytest.fixture
def runner(clock: FakeClock) -> Runner:
    runner = Runner(clock, [OXIMETER, CUFF])
    runner.on_link(2, LinkState("2 suntech", clock.now_us(), LinkPhase.CONNECTED, "the device talks"))
    return runner


def ask(runner: Runner, body: cm.CommandBody) -> Outcome:
    return runner.on_command(cm.Command("x", "therapist", body))


def test_a_note_is_stamped_with_the_moment_its_key_went_down(runner: Runner, clock: FakeClock) -> None:
    pressed_us = clock.now_us()
    clock.advance(0.4)
    ask(runner, cm.Note(at_us=pressed_us))
    assert runner.state.notes[-1].at_us == pressed_us


def test_words_come_later_and_a_correction_keeps_count(runner: Runner, clock: FakeClock) -> None:
    ask(runner, cm.Note())
    stamp = runner.state.notes[-1]
    clock.advance(20)
    ask(runner, cm.Note(text="falling", about=stamp.seq))
    ask(runner, cm.Note(text="falling, but soft", about=stamp.seq))
    note = runner.state.notes[-1]
    assert (note.at_us, note.text, note.corrections) == (stamp.at_us, "falling, but soft", 1)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (cm.Note(text="x", about=999), "no note"),
        (cm.Note(at_us=10**12), "future"),
        (cm.Phase("inward", at_us=-5), "within the session"),
        (cm.Dose(route="im", amount_mg=-1), "below 5 mg"),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_logged(runner: Runner, body: cm.CommandBody, words: str) -> None:
    outcome = ask(runner, body)
    assert outcome.answer is not None
    assert not outcome.answer[1]
    assert words in outcome.answer[2]
    logged = row_event(outcome.rows[-1]).body
    assert isinstance(logged, ev.CommandRefused)
    assert words in logged.reason


def test_a_cuff_start_waits_for_the_disk_but_a_stop_does_not(runner: Runner) -> None:
    start = ask(runner, cm.CuffStart())
    assert start.after == ((2, StartCuff("adult", 160)),)
    assert start.at_once == ()
    stop = ask(runner, cm.CuffStop())
    assert stop.at_once == ((2, StopCuff()),)


def test_no_second_cuff_start_within_sixty_seconds(runner: Runner, clock: FakeClock) -> None:
    assert ask(runner, cm.CuffStart()).after
    cuff_result(runner, clock)
    clock.advance(30)
    refused = ask(runner, cm.CuffStart())
    assert refused.after == ()
    assert refused.answer is not None
    assert "wait 30 s" in refused.answer[2]
    clock.advance(31)
    assert ask(runner, cm.CuffStart()).after


def test_the_guard_outlives_a_restart(runner: Runner, clock: FakeClock) -> None:
    event = row_event(ask(runner, cm.CuffStart()).rows[-1])
    again = Runner(clock, [CUFF], seq=event.seq, state=runner.state)
    again.restore_guards([event])
    clock.advance(5)
    again.note_fact(ev.SessionResumed(5.0, "", "", 0, 1.0))
    again.on_link(2, LinkState("2 suntech", clock.now_us(), LinkPhase.CONNECTED, "the device talks"))
    assert ask(again, cm.CuffStart()).after == ()


def test_no_cuff_without_contact(clock: FakeClock) -> None:
    runner = Runner(clock, [CUFF])
    outcome = ask(runner, cm.CuffStart())
    assert outcome.after == ()
    assert outcome.answer is not None
    assert "does not answer" in outcome.answer[2]


def test_a_lost_cuff_monitor_does_not_stay_inflating(runner: Runner, clock: FakeClock) -> None:
    ask(runner, cm.CuffStart())
    runner.on_link(2, LinkState("2 suntech", clock.now_us(), LinkPhase.LOST, "unplugged"))
    assert runner.state.cuff.doing == "idle"


def cuff_result(runner: Runner, clock: FakeClock, quality: Quality = Quality.GOOD) -> Outcome:
    good = quality is Quality.GOOD
    values = {
        Metric.NIBP_SYS: 121.0,
        Metric.NIBP_DIA: 78.0,
        Metric.NIBP_MEAN: 92.0,
        Metric.NIBP_PULSE_RATE: 72.0,
    }
    numerics = [Numeric(metric, value if good else None, quality) for metric, value in values.items()]
    status = DeviceStatus("cuff-done", "done") if good else DeviceStatus("cuff-failed", "leak or loose cuff")
    return runner.on_link(2, LinkReadings("2 suntech", clock.now_us(), (status, *numerics)))


def test_four_numerics_are_one_cuff_reading(runner: Runner, clock: FakeClock) -> None:
    cuff_result(runner, clock)
    reading = runner.state.nibp[-1].reading
    assert (reading.sys_mmhg, reading.dia_mmhg, reading.mean_mmhg, reading.pulse_rate) == (121, 78, 92, 72)
    assert reading.valid


def test_a_failed_cuff_reading_says_why_and_has_no_numbers(runner: Runner, clock: FakeClock) -> None:
    cuff_result(runner, clock, Quality.MEASUREMENT_FAILED)
    reading = runner.state.nibp[-1].reading
    assert not reading.valid
    assert reading.sys_mmhg is None
    assert reading.text == "leak or loose cuff"


def test_a_spot_check_never_becomes_the_present(runner: Runner, clock: FakeClock) -> None:
    spot = Numeric(Metric.SPO2, 97.0, live=False, device_time="2026-03-05T14:30:15")
    runner.on_link(1, LinkReadings("1 nonin", clock.now_us(), (spot,)))
    assert runner.state.newest(Metric.SPO2) is None


def test_times_strictly_grow_even_when_reports_cross(runner: Runner, clock: FakeClock) -> None:
    late = LinkReadings("1 nonin", clock.now_us() - 500, (Numeric(Metric.SPO2, 97.0),) * 3)
    items = [*runner.on_link(1, late).items, *ask(runner, cm.Mark("1")).items]
    times = [item.mono_us for item in items if not isinstance(item, ev.WavePiece)]
    assert times == sorted(set(times))


def test_replaying_the_rows_gives_the_live_state(runner: Runner, clock: FakeClock) -> None:
    rows = []
    items: list[ev.StreamItem] = []
    runner = Runner(clock, [OXIMETER, CUFF])
    outcomes = [runner.on_link(2, LinkState("2", clock.now_us(), LinkPhase.CONNECTED, ""))]
    for second in range(30):
        for _ in range(3):
            clock.advance(1 / 3)
            pleth = SampleArray(Metric.PLETH, 75.0, tuple(range(25)), 255)
            quality = Quality.GOOD if second % 7 else Quality.SENSOR_OFF
            spo2 = Numeric(Metric.SPO2, 97.0 + second % 3, quality)
            outcomes.append(runner.on_link(1, LinkReadings("1", clock.now_us(), (pleth, spo2))))
        if second % 10 == 5:
            outcomes.append(ask(runner, cm.Note(text=f"note {second}")))
        outcomes.extend(runner.tick(clock.utc_us()))
    outcomes.append(runner.finish())
    for outcome in outcomes:
        rows.extend(outcome.rows)
        items.extend(outcome.items)
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    loaded = Timeline()
    loaded.add_rows(rows)
    assert loaded.state == runner.state
    moments = [item.mono_us for item in items if not isinstance(item, ev.WavePiece)]
    for moment_us in (*moments[::7], moments[-1] + 1):
        live = fold_all(
            [item for item in items if not isinstance(item, ev.WavePiece) and item.mono_us <= moment_us], EMPTY
        )
        assert loaded.state_at(moment_us) == live
    wave = loaded.waves[1, Metric.PLETH]
    assert len(wave.times_us) == 30 * 75
    steps = wave.times_us[1:] - wave.times_us[:-1]
    assert steps.min() > 0
    assert steps.max() < 20_000


SECOND = DeviceEntry(3, "masimo_ascii1", "/dev/c", can_cuff=False)


def two_oximeters(clock: FakeClock) -> tuple[Runner, list[Outcome]]:
    runner = Runner(clock, [OXIMETER, SECOND])
    outcomes = []
    for _ in range(4):
        for entry, value in ((OXIMETER, 97.0), (SECOND, 93.0)):
            clock.advance(0.5)
            reading = LinkReadings("", clock.now_us(), (Numeric(Metric.SPO2, value),))
            outcomes.append(runner.on_link(entry.source, reading))
    return runner, outcomes


def test_the_first_device_with_a_valid_value_feeds_until_a_person_chooses(clock: FakeClock) -> None:
    runner, _ = two_oximeters(clock)
    assert runner.state.newest(Metric.SPO2) == (1, runner.state.latest[1, Metric.SPO2])
    ask(runner, cm.Feed("spo2", 3))
    newest = runner.state.newest(Metric.SPO2)
    assert newest is not None
    assert (newest[0], newest[1].value) == (3, 93.0)


def test_a_choice_is_in_the_log_and_in_the_replayed_state(clock: FakeClock) -> None:
    runner, outcomes = two_oximeters(clock)
    outcomes.append(ask(runner, cm.Feed("spo2", 3)))
    chosen_us = runner.state.mono_us
    clock.advance(1)
    outcomes.append(runner.on_link(3, LinkReadings("", clock.now_us(), (Numeric(Metric.SPO2, 92.0),))))
    outcomes.append(runner.finish())
    timeline = Timeline()
    timeline.add_rows([row for outcome in outcomes for row in outcome.rows])
    assert timeline.state == runner.state
    spans = timeline.feeding_spans(Metric.SPO2)
    assert [(from_us, source) for from_us, _, source in spans] == [(0, 1), (chosen_us, 3)]
    assert spans[0][1] == chosen_us, "no gap between the two"


def test_no_device_of_that_number(clock: FakeClock) -> None:
    outcome = ask(Runner(clock, [OXIMETER]), cm.Feed("spo2", 9))
    assert outcome.answer is not None
    assert not outcome.answer[1]


def test_a_stored_cuff_reading_never_becomes_the_present(runner: Runner, clock: FakeClock) -> None:
    stored = (Numeric(Metric.NIBP_SYS, 120.0, live=False), Numeric(Metric.NIBP_DIA, 80.0, live=False))
    runner.on_link(2, LinkReadings("2 suntech", clock.now_us(), stored))
    assert runner.state.nibp == ()


def test_nothing_follows_the_close(runner: Runner, clock: FakeClock) -> None:
    end = ask(runner, cm.End())
    assert isinstance(row_event(end.rows[-1]).body, ev.SessionClosed)
    clock.advance(5)
    late = runner.on_link(1, LinkReadings("1 nonin", clock.now_us(), (Numeric(Metric.SPO2, 97.0),)))
    assert (late.rows, late.items, runner.tick(clock.utc_us())) == ((), (), [])
    refused = ask(runner, cm.Note(text="too late"))
    assert refused.answer is not None
    assert not refused.answer[1]


def test_the_device_s_clock_is_recorded_beside_ours(runner: Runner, clock: FakeClock) -> None:
    said = "2026-03-05T14:30:00"
    numerics = [
        Numeric(metric, value, device_time=said)
        for metric, value in ((Metric.NIBP_SYS, 124.0), (Metric.NIBP_DIA, 82.0), (Metric.NIBP_PULSE_RATE, 71.0))
    ]
    runner.on_link(2, LinkReadings("2", clock.now_us(), tuple(numerics)))
    view = runner.state.nibp[-1]
    assert view.reading.device_time == said
    assert view.mono_us - clock.now_us() in (0, 1), "the event's own time is ours"


def test_a_device_cannot_feed_what_it_does_not_measure(clock: FakeClock) -> None:
    cuff = DeviceEntry(2, "suntech", "/dev/b", can_cuff=True, metrics=frozenset({Metric.NIBP_SYS}))
    outcome = ask(Runner(clock, [OXIMETER, cuff]), cm.Feed("spo2", 2))
    assert outcome.answer is not None
    assert outcome.answer[1:] == (False, "device 2 (suntech) does not measure spo2")


def test_a_self_test_that_was_heard_and_seen_opens_the_gate_before_the_dose(clock: FakeClock) -> None:
    runner = Runner(clock, [OXIMETER])
    runner.note_fact(SelfTestConfirmed(True, True, "speaker", "nurse", clock.now_us()))
    assert runner.state.care.tests["alarm-sound"].passed
    runner.note_fact(SelfTestConfirmed(False, True, "speaker", "nurse", clock.now_us()))
    assert not runner.state.care.tests["alarm-sound"].passed


def test_a_dose_key_that_is_pressed_twice_records_one_dose(runner: Runner, clock: FakeClock) -> None:
    assert ask(runner, cm.Dose("im", 60.0)).answer[1]
    clock.advance(4)
    outcome = ask(runner, cm.Dose("im", 60.0))
    assert not outcome.answer[1]
    assert "look again" in outcome.answer[2]
    clock.advance(300)
    assert ask(runner, cm.Dose("im", 60.0)).answer[1]


def test_a_call_for_help_that_nobody_has_heard_keeps_the_session_open(clock: FakeClock) -> None:
    runner = Runner(clock, [OXIMETER], alarms=AlarmEngine(load_preset()))
    runner.note_fact(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC"))
    assert ask(runner, CallForHelp()).answer[1]
    clock.advance(2)
    assert not ask(runner, cm.End()).answer[1]
    assert ask(runner, cm.End("patient taken to hospital")).answer[1]


def test_a_tone_that_was_played_nowhere_cannot_have_been_heard(clock: FakeClock) -> None:
    runner = Runner(clock, [OXIMETER], alarms=AlarmEngine(load_preset()))
    runner.note_fact(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC"))
    runner.note_fact(ev.SignalSounded("test", clock.now_us(), "", False, "no alarm speaker is set", (), False))
    answer = ask(runner, ConfirmSelfTest(True, True, "nurse")).answer
    assert not answer[1]
    assert "no alarm speaker" in answer[2]
    assert "alarm-sound" not in runner.state.care.tests


def test_what_made_an_alarm_true_is_on_the_disk_with_it(clock: FakeClock) -> None:
    runner = Runner(clock, [OXIMETER], alarms=AlarmEngine(load_preset()))
    runner.note_fact(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC"))
    runner.on_link(1, LinkState("1 nonin", clock.now_us(), LinkPhase.CONNECTED, "the device talks"))
    for second in range(13):
        clock.advance(1)
        value = 98.0 if second < 12 else 70.0
        outcome = runner.on_link(1, LinkReadings("1 nonin", clock.now_us(), (Numeric(Metric.SPO2, value),)))
    kinds = [row.kind for row in outcome.rows]
    assert "alarm-began" in kinds
    assert "numerics" in kinds
    timeline = Timeline()
    timeline.add_rows(outcome.rows)
    assert timeline.state.newest(Metric.SPO2)[1].value == 70.0
