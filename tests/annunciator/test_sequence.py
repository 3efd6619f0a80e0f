"""What comes next on the stream, sample by sample, with time that passes only when samples are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kapconsole.alarms.bursts import LEAD_S, RATE_HZ, Signal, signals
from kapconsole.annunciator.sequence import Begun, Sequence
from kapconsole.annunciator.watch import SILENT_AFTER_S, HeartWatch
from kapconsole.wire import Sound

SIGNALS = signals()
NONE = Sound("none")
HIGH, MEDIUM, LOW = Sound("high", (1,)), Sound("medium", (2,)), Sound("low", (3,))


class Tape:
    """Asks a sequence for samples in uneven blocks and keeps them all."""

    def __init__(self, sequence: Sequence | None = None) -> None:
        self.sequence = sequence or Sequence()
        self.frames = 0
        self._parts: list[NDArray[np.float32]] = []

    @property
    def seconds(self) -> float:
        return self.frames / RATE_HZ

    @property
    def samples(self) -> NDArray[np.float32]:
        return np.concatenate(self._parts)

    def run(self, seconds: float) -> None:
        end = self.frames + round(seconds * RATE_HZ)
        sizes = (960, 2400, 7, 1200)
        while self.frames < end:
            size = min(sizes[len(self._parts) % 4], end - self.frames)
            out = np.full(size, 9.0, np.float32)
            self.sequence.fill(out, round(self.frames * 1e9 / RATE_HZ))
            self._parts.append(out)
            self.frames += size

    def begun(self) -> list[Begun]:
        return list(self.sequence.begun)

    def after(self, at_s: float) -> NDArray[np.float32]:
        return self.samples[round(at_s * RATE_HZ) :]


def length_s(one: Signal) -> float:
    return len(one.samples) / RATE_HZ


def test_idle_is_digital_silence() -> None:
    tape = Tape()
    tape.run(2.0)
    assert not tape.samples.any()


def test_at_01_what_is_played_is_the_burst_to_the_sample() -> None:
    tape = Tape()
    tape.run(0.3)
    tape.sequence.sound(HIGH)
    tape.run(5.0)
    burst = SIGNALS["high"].samples
    first = tape.begun()[0].frame
    assert first == round(0.3 * RATE_HZ), "at once"
    assert np.array_equal(tape.samples[first : first + len(burst)], burst)
    assert not tape.samples[first + len(burst) :].any()


@pytest.mark.parametrize(
    ("wanted", "least_s", "most_s"),
    [(HIGH, 2.5, 15.0), (MEDIUM, 2.5, 30.0), (LOW, 15.0, 60.0)],
    ids=["high", "medium", "low"],
)
def test_at_03_five_bursts_repeat_within_the_range_of_their_priority(
    wanted: Sound, least_s: float, most_s: float
) -> None:
    tape = Tape()
    tape.sequence.sound(wanted)
    tape.run(4 * (length_s(SIGNALS[wanted.priority]) + SIGNALS[wanted.priority].rest_s) + 1)
    begun = tape.begun()
    assert [each.what for each in begun] == [wanted.priority] * 5
    assert [each.again for each in begun] == [False, True, True, True, True]
    starts = np.array([each.frame for each in begun]) / RATE_HZ
    rests = np.diff(starts) - length_s(SIGNALS[wanted.priority])
    assert np.all((rests >= least_s) & (rests <= most_s)), rests
    # In range too for those who measure from 90 % point to 90 % point, or from beginning to beginning.
    assert np.all((rests + 2 * LEAD_S <= most_s) & (np.diff(starts) <= most_s))
    assert np.ptp(rests) < 1e-4


def test_urgency_falls_with_priority() -> None:
    assert SIGNALS["high"].rest_s <= SIGNALS["medium"].rest_s <= SIGNALS["low"].rest_s


def test_saying_the_same_again_changes_nothing() -> None:
    once, often = Tape(), Tape()
    once.sequence.sound(HIGH)
    for _ in range(200):
        often.sequence.sound(HIGH)
        often.run(0.1)
    once.run(20.0)
    assert np.array_equal(once.samples, often.samples)


@pytest.mark.parametrize("later", [NONE, LOW, MEDIUM], ids=lambda each: each.priority)
def test_a_begun_burst_is_finished_before_a_lower_priority_or_silence(later: Sound) -> None:
    tape = Tape()
    tape.sequence.sound(HIGH)
    tape.run(0.1)
    tape.sequence.sound(later)
    tape.run(8.0)
    burst = SIGNALS["high"].samples
    assert np.array_equal(tape.samples[: len(burst)], burst)
    begun = [each.what for each in tape.begun()]
    assert begun == ["high"] + [later.priority] * (later is not NONE)
    if later is not NONE:
        rest_s = (tape.begun()[1].frame - len(burst)) / RATE_HZ
        assert rest_s == pytest.approx(2.5, abs=0.01)


@pytest.mark.parametrize("at_s", [0.05, 0.2, 0.3, 0.5, 0.9])
def test_a_higher_priority_takes_over_at_the_next_gap(at_s: float) -> None:
    tape = Tape()
    tape.sequence.sound(MEDIUM)
    tape.run(at_s)
    tape.sequence.sound(HIGH)
    tape.run(5.0)
    medium, high = tape.begun()
    medium_pulses = SIGNALS["medium"].pulses
    cut = SIGNALS["medium"].cut_at(round(at_s * RATE_HZ))
    assert high.frame == cut + round(0.05 * RATE_HZ)
    assert high.frame / RATE_HZ - at_s < 0.33, "the sound is to follow its cause within half a second"
    assert np.array_equal(tape.samples[:cut], SIGNALS["medium"].samples[:cut]), "no pulse is torn"
    assert any(cut >= end for _, end in medium_pulses)
    burst = SIGNALS["high"].samples
    assert np.array_equal(tape.samples[high.frame : high.frame + len(burst)], burst)
    assert medium.what == "medium"


def test_a_higher_priority_does_not_wait_for_the_rest_between_bursts() -> None:
    tape = Tape()
    tape.sequence.sound(LOW)
    tape.run(3.0)
    tape.sequence.sound(HIGH)
    tape.run(0.1)
    assert [each.what for each in tape.begun()] == ["low", "high"]
    assert tape.begun()[1].frame == 3 * RATE_HZ


@pytest.mark.parametrize("at_s", np.linspace(0.02, 3.5, 30))
@pytest.mark.parametrize("priority", ["high", "medium", "low"])
def test_an_audio_pause_is_silent_within_half_a_second_without_a_click(priority: str, at_s: float) -> None:
    tape = Tape()
    tape.sequence.sound(Sound(priority, (1,)))  # type: ignore[arg-type]
    tape.run(at_s)
    tape.sequence.sound(Sound("none", cut=True))
    tape.run(6.0)
    assert not tape.after(at_s + 0.35).any(), "what is left of 0.5 s is the stream's latency"
    assert np.abs(np.diff(tape.samples)).max() <= np.abs(np.diff(SIGNALS["high"].samples)).max() * 1.01


def test_at_07_when_the_pause_ends_a_fresh_burst_begins_at_once() -> None:
    tape = Tape()
    tape.sequence.sound(HIGH)
    tape.run(1.0)
    tape.sequence.sound(Sound("none", cut=True))
    tape.run(120.0)
    tape.sequence.sound(HIGH)
    tape.run(5.0)
    assert [each.frame / RATE_HZ for each in tape.begun()] == [0.0, 121.0]
    assert [each.again for each in tape.begun()] == [False, False]
    burst = SIGNALS["high"].samples
    assert np.array_equal(tape.after(121.0)[: len(burst)], burst)


def test_at_06_another_high_after_an_acknowledged_one_sounds_within_a_second() -> None:
    for acknowledged_s in (0.5, 3.4, 3.6, 5.0):
        tape = Tape()
        tape.sequence.sound(HIGH)
        tape.run(acknowledged_s)
        tape.sequence.sound(NONE)
        tape.run(0.1)
        told_s = tape.seconds
        tape.sequence.sound(Sound("high", (9,)))
        tape.run(8.0)
        assert np.abs(tape.after(told_s)[:RATE_HZ]).max() > 0.4, f"silent after {acknowledged_s} s"


def test_a_new_occurrence_gets_its_burst_early_but_never_under_the_least_rest() -> None:
    tape = Tape()
    tape.sequence.sound(HIGH)
    tape.run(4.0)
    tape.sequence.sound(Sound("high", (1, 2)))
    tape.run(8.0)
    first, second, *_ = tape.begun()
    assert second.occurrences == (1, 2)
    assert not second.again
    rest_s = (second.frame - first.frame) / RATE_HZ - length_s(SIGNALS["high"])
    assert rest_s == pytest.approx(2.5, abs=0.001)


def test_a_limit_that_chatters_is_not_one_long_tone() -> None:
    tape = Tape()
    for number in range(100):
        tape.sequence.sound(Sound("medium", (number,)) if number % 2 else NONE)
        tape.run(0.15)
    starts = np.array([each.frame for each in tape.begun()]) / RATE_HZ
    assert len(starts) > 2
    assert np.all(np.diff(starts) - length_s(SIGNALS["medium"]) >= 0.5 - 1e-4)


def test_one_burst_in_a_pause_stays_one_and_the_pause_goes_on() -> None:
    tape = Tape()
    tape.sequence.sound(Sound("none", cut=True))
    tape.sequence.sound(Sound("medium", (5,), once=True))
    tape.sequence.sound(NONE)  # said again in the same moment: what is owed is not forgotten
    tape.run(60.0)
    assert [(each.what, each.occurrences) for each in tape.begun()] == [("medium", (5,))]
    tape.sequence.sound(Sound("medium", (5,), once=True))
    tape.run(10.0)
    assert len(tape.begun()) == 2, "a reminder of the same occurrence is heard too"


def test_a_pause_takes_back_what_is_owed() -> None:
    tape = Tape()
    tape.sequence.sound(Sound("medium", (5,), once=True))
    tape.sequence.sound(Sound("none", cut=True))
    tape.run(5.0)
    assert not tape.samples.any()


def test_louder_steps_stay_within_full_scale_and_never_make_it_quieter() -> None:
    peaks = []
    for louder_db in (-20.0, 0.0, 3.0, 6.0, 60.0):
        tape = Tape()
        tape.sequence.sound(Sound("high", (1,), louder_db=louder_db))
        tape.run(4.0)
        peaks.append(float(np.abs(tape.samples).max()))
    assert peaks == pytest.approx([0.5, 0.5, 0.706, 0.998, 0.998], abs=0.003)


def test_at_27_a_silent_monitor_is_heard_within_four_seconds_and_for_two_minutes() -> None:
    watch, tape = HeartWatch(0.0), Tape()
    for second in range(10):
        watch.beat(float(second))
        assert not watch.failed(second + 0.99)
    assert not watch.failed(9 + SILENT_AFTER_S)
    tape.sequence.sound(LOW)
    tape.run(12.15)
    assert watch.failed(9 + 3.1)
    tape.sequence.failure(True)
    tape.run(125.0)
    failures = [each for each in tape.begun() if each.what == "failure"]
    assert failures[0].frame / RATE_HZ < 9 + 3.6, "0.4 s are left for the process and the stream"
    starts = np.array([each.frame for each in failures]) / RATE_HZ
    assert np.diff(starts) == pytest.approx(2.07, abs=0.01)
    assert starts[-1] > 9 + 120
    watch.beat(137.0)
    assert not watch.failed(137.1)
    tape.sequence.failure(False)
    tape.run(10.0)
    assert tape.begun()[-1].what == "low", "what was to be heard before is to be heard still"


def test_a_monitor_that_never_starts_is_missed_too() -> None:
    watch = HeartWatch(0.0)
    assert not watch.failed(10.0)
    assert watch.failed(16.0)


def test_a_pause_does_not_stop_the_failure_signal() -> None:
    tape = Tape()
    tape.sequence.failure(True)
    tape.run(0.2)
    tape.sequence.sound(Sound("none", cut=True))
    tape.run(10.0)
    assert len(tape.begun()) == 5


def test_the_test_pattern_waits_for_an_alarm_and_begins_anew_when_one_cuts_it() -> None:
    tape = Tape()
    tape.sequence.test()
    tape.run(0.1)
    tape.sequence.sound(HIGH)
    tape.run(9.0)
    assert tape.sequence.test_waits
    tape.sequence.sound(NONE)
    tape.run(8.0)
    assert not tape.sequence.test_waits
    whole = SIGNALS["test"].samples
    last = tape.begun()[-1]
    assert last.what == "test"
    assert np.array_equal(tape.samples[last.frame : last.frame + len(whole)], whole)
    tape.run(10.0)
    assert tape.begun()[-1] is last, "once"


def test_at_19_an_alarm_follows_the_failure_signal_without_a_rest() -> None:
    tape = Tape()
    tape.sequence.failure(True)
    tape.run(1.2)
    tape.sequence.sound(HIGH)
    tape.sequence.failure(False)
    tape.run(4.0)
    failure, high = tape.begun()[-2:]
    assert (failure.what, high.what) == ("failure", "high")
    end_frame = failure.frame + len(SIGNALS["failure"].samples)
    assert high.frame - end_frame <= 0.6 * RATE_HZ


def test_noise_keeps_an_output_awake() -> None:
    tape = Tape(Sequence(noise_dbfs=-90.0))
    tape.run(3.0)
    assert 0 < np.abs(tape.samples).max() <= 10 ** (-90 / 20)
    assert np.all(np.abs(tape.samples.reshape(-1, 4800)).max(axis=1) > 0)
    tape.sequence.sound(HIGH)
    tape.run(1.0)
    assert np.abs(tape.after(3.0)).max() > 0.4


def test_the_time_at_which_a_burst_is_heard_is_that_of_its_first_sample() -> None:
    tape = Tape()
    tape.run(0.5)
    tape.sequence.sound(MEDIUM)
    tape.run(25.0)
    for each in tape.begun():
        assert each.heard_ns == pytest.approx(each.frame * 1e9 / RATE_HZ, abs=1e5)


PRIORITIES = st.sampled_from(["none", "low", "medium", "high"])
TELLS = st.one_of(
    st.builds(Sound, PRIORITIES, st.lists(st.integers(1, 4), max_size=2).map(tuple), cut=st.booleans()),
    st.builds(Sound, st.sampled_from(["low", "medium"]), once=st.just(True)),
    st.booleans(),
    st.none(),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(TELLS, st.floats(0.01, 3.0)), min_size=1, max_size=12))
def test_whatever_is_told_no_pulse_is_torn_and_what_is_wanted_is_heard(
    script: list[tuple[Sound | bool | None, float]],
) -> None:
    tape = Tape()
    steady, failure = NONE, False
    for told, seconds in script:
        if told is None:
            tape.sequence.test()
        elif isinstance(told, bool):
            failure = told
            tape.sequence.failure(told)
        else:
            steady = steady if told.once else told
            tape.sequence.sound(told)
        tape.run(seconds)
    settled_s = tape.seconds + 15.0
    tape.run(15.0)
    wanted = "failure" if failure else steady.priority
    tape.run(30.0)
    if wanted != "none":
        heard = [each for each in tape.begun() if each.frame >= settled_s * RATE_HZ]
        assert heard, "nothing is heard although an alarm is wanted"
        assert {each.what for each in heard} == {wanted}
    else:
        assert not tape.after(settled_s).any()
    tape.sequence.failure(False)
    tape.sequence.sound(NONE)
    tape.run(15.0)  # what is still owed is played to its end
    rest = tape.samples
    for each in tape.begun():
        for first, end in SIGNALS[each.what].pulses:
            stretch = rest[each.frame + first : each.frame + end]
            if np.array_equal(stretch, SIGNALS[each.what].samples[first:end]):
                stretch[:] = 0.0
            else:
                break
    assert not rest.any(), "something else than whole pulses was played"
