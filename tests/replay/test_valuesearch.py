"""Looking for a value: what a person may type, and which stretches it is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.events import Event, Measurement, NibpMeasured
from kapconsole.replay.valuesearch import Asked, places, understood
from kapconsole.session.timeline import Timeline
from kapdevices.readings import Metric, Quality

S = 1_000_000


def recorded(values: list[float | None], step_s: float = 1.0) -> Timeline:
    timeline = Timeline()
    for number, value in enumerate(values):
        quality = Quality.GOOD if value is not None else Quality.SENSOR_OFF
        timeline.add(Measurement(round(number * step_s * S), 1, Metric.SPO2, value, quality))
    return timeline


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("SpO2 < 90 for 10 s", Asked("spo2", "<", 90, 10)),
        ("SpO₂ below 90% for 2 min", Asked("spo2", "<", 90, 120)),
        ("spo2<90", Asked("spo2", "<", 90, 0)),
        ("pulse above 120 for 30s", Asked("pulse", ">", 120, 30)),
        ("PR ≥ 120,5", Asked("pr", ">=", 120.5, 0)),
        ("sys > 160", Asked("sys", ">", 160, 0)),
        ("SpO2 90", None),
        ("tears < 3", None),
        ("", None),
        ("spo2 <", None),
    ],
)
def test_what_a_person_may_type(words: str, asked: Asked | None) -> None:
    assert understood(words) == asked


def test_only_stretches_that_last_are_found() -> None:
    timeline = recorded([97] * 10 + [88] * 5 + [97] * 10 + [89] * 20 + [86] + [97] * 5)
    found = places(timeline, Asked("spo2", "<", 90, 10))
    assert [hit.at_us for hit in found] == [25 * S]
    assert "for 21 s, lowest 86" in found[0].words
    assert [hit.at_us for hit in places(timeline, Asked("spo2", "<", 90, 0))] == [10 * S, 25 * S]
    assert [hit.at_us for hit in places(timeline, Asked("spo2", "<", 90, 5))] == [10 * S, 25 * S]


def test_what_nobody_knows_is_not_below_anything() -> None:
    timeline = recorded([89] * 6 + [None] * 3 + [89] * 6)
    assert places(timeline, Asked("spo2", "<", 90, 10)) == []
    assert len(places(timeline, Asked("spo2", "<", 90, 0))) == 2


def test_a_loss_ends_a_stretch() -> None:
    timeline = Timeline()
    for second in (0, 1, 2, 600, 601, 602):
        timeline.add(Measurement(second * S, 1, Metric.SPO2, 85, Quality.GOOD))
    assert places(timeline, Asked("spo2", "<", 90, 30)) == []


def test_a_cuff_reading_is_a_place() -> None:
    timeline = Timeline()
    for number, sys in enumerate((120.0, 165.0, 130.0), 1):
        body = NibpMeasured(2, sys, 80.0, 95.0, 70.0, Quality.GOOD, "")
        timeline.add(Event(number, number * 60 * S, number * 60 * S, "monitor", body))
    assert [hit.words for hit in places(timeline, Asked("sys", ">", 160, 0))] == ["NIBP 165/80 mmHg"]


def test_a_session_without_the_value_has_no_place() -> None:
    assert places(Timeline(), Asked("spo2", "<", 90, 0)) == []
    assert places(Timeline(), Asked("sys", ">", 90, 0)) == []


@given(st.lists(st.sampled_from([85.0, 89.0, 95.0, None]), max_size=80), st.integers(0, 20))
def test_it_is_what_counting_by_hand_gives(values: list[float | None], length_s: int) -> None:
    found = [hit.at_us // S for hit in places(recorded(values), Asked("spo2", "<", 90, length_s))]
    expected, begin = [], None
    for second, value in enumerate([*values, None]):
        low = value is not None and value < 90
        if low and begin is None:
            begin = second
        elif not low and begin is not None:
            # The last value of all ended nothing: it lasted to the one that is known.
            until = second if second < len(values) else second - 1
            if until - begin >= length_s:
                expected.append(begin)
            begin = None
    assert found == expected


@given(st.text(max_size=60))
def test_any_words_are_understood_or_not(words: str) -> None:
    asked = understood(words)
    assert asked is None or asked.number >= 0
