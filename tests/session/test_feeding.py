"""Which device feeds what, over time: as arrays, without a gap, and the same as the state says at each moment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kapconsole import events as ev
from kapconsole.session.state import NibpView
from kapconsole.session.timeline import Timeline
from kapdevices.readings import Metric, Quality

STEP_US = 500_000


def choice(timeline: Timeline, at_us: int, metric: Metric, source: int) -> None:
    timeline.add(ev.Event(len(timeline.events) + 1, at_us, at_us, "console", ev.FeedChosen(metric, source)))


def two_oximeters(*choices: tuple[int, int]) -> Timeline:
    """Devices 1 and 2 send 101, 102, ... and 201, 202, ... twice a second; choices of a device, by step."""
    made = Timeline()
    for step in range(1, 21):
        for at, source in choices:
            if at == step:
                choice(made, step * STEP_US - 10, Metric.SPO2, source)
        for source in (1, 2):
            value = 100.0 * source + step
            made.add(ev.Measurement(step * STEP_US + source, source, Metric.SPO2, value, Quality.GOOD))
    return made


def test_another_device_takes_over_without_a_gap() -> None:
    timeline = two_oximeters((8, 2), (15, 1))
    fed = timeline.fed(Metric.SPO2, 0, timeline.end_us + 1)
    assert fed.values.tolist() == [*range(101, 108), *range(208, 215), *range(115, 121)]
    assert (fed.times_us[1:] - fed.times_us[:-1]).max() < 2 * STEP_US
    part = timeline.fed(Metric.SPO2, 5 * STEP_US, 10 * STEP_US)
    assert part.values.tolist() == [105, 106, 107, 208, 209]


def test_a_chosen_device_that_never_sent_feeds_nothing() -> None:
    timeline = two_oximeters((8, 3))
    assert timeline.fed(Metric.SPO2, 0, timeline.end_us + 1).values.tolist() == [*range(101, 108)]
    assert len(timeline.fed(Metric.PULSE_RATE, 0, timeline.end_us + 1).times_us) == 0


@given(
    st.lists(
        st.tuples(
            st.sampled_from([1, 2, 3]), st.sampled_from([None, 97.0]), st.sampled_from([Quality.GOOD, Quality.MOTION])
        ),
        max_size=12,
    ),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from([1, 2, 3])), max_size=3, unique_by=lambda one: one[0]),
)
def test_spans_say_the_same_as_the_state_at_every_moment(
    sent: list[tuple[int, float | None, Quality]], choices: list[tuple[int, int]]
) -> None:
    timeline = Timeline()
    for step in range(13):
        for at, source in choices:
            if at == step:
                choice(timeline, 1000 * step + 1, Metric.SPO2, source)
        if step < len(sent):
            source, value, quality = sent[step]
            timeline.add(ev.Measurement(1000 * step + 2, source, Metric.SPO2, value, quality))
    chosen_us = min((1000 * step + 1 for step, _ in choices), default=timeline.end_us + 1)
    for from_us, to_us, source in timeline.feeding_spans(Metric.SPO2):
        # Before the first choice the device that gave the first valid value is drawn from its start on.
        at_us = max(from_us, chosen_us - 1) if from_us == 0 else from_us
        assert timeline.state_at(min(at_us, to_us - 1)).feeding(Metric.SPO2) == source


def test_cuff_readings_of_the_chosen_monitor_and_of_any_before_a_choice() -> None:
    timeline = Timeline()

    def reading(at_us: int, source: int) -> NibpView:
        return NibpView(at_us, ev.NibpMeasured(source, 120.0, 80.0, None, None, Quality.GOOD, ""))

    readings = [reading(1, 1), reading(2, 2), reading(20, 1), reading(21, 2)]
    timeline.end_us = 30
    assert timeline.fed_nibp(readings) == readings
    choice(timeline, 10, Metric.NIBP_SYS, 2)
    timeline.end_us = 30
    assert timeline.fed_nibp(readings) == [readings[0], readings[1], readings[3]]
