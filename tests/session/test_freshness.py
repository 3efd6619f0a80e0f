"""How a value may be shown: a number that is old looks old, and then is gone; missing data is never normal data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole import events as ev
from kapconsole.session.freshness import (
    LATE_AFTER_S,
    LOST_AFTER_S,
    NIBP_OLD_AFTER_S,
    Freshness,
    late_after_s,
    nibp_shown,
    shown,
)
from kapconsole.session.state import State, fold_all
from kapdevices.readings import Metric, Quality


def device(state: str, seq: int = 1, mono_us: int = 0) -> ev.Event:
    return ev.Event(seq, mono_us, mono_us, "monitor", ev.DeviceState(1, "nonin", "/dev/a", "", state, "words"))


def spo2(value: float | None = 97.0, quality: Quality = Quality.GOOD, mono_us: int = 1) -> ev.Measurement:
    return ev.Measurement(mono_us, 1, Metric.SPO2, value, quality)


def after(seconds: float) -> int:
    return round(seconds * 1e6) + 1


@pytest.mark.parametrize(
    ("seconds", "freshness", "number"),
    [
        (0.0, Freshness.LIVE, True),
        (LATE_AFTER_S, Freshness.LIVE, True),
        (LATE_AFTER_S + 0.1, Freshness.LATE, True),
        (LOST_AFTER_S, Freshness.LATE, True),
        (LOST_AFTER_S + 0.1, Freshness.LOST, False),
    ],
)
def test_a_number_looks_old_and_then_is_gone(seconds: float, freshness: Freshness, number: bool) -> None:
    now = shown(fold_all([device("connected"), spo2()]), Metric.SPO2, after(seconds))
    assert now.freshness is freshness
    assert (now.value is not None) is number
    assert now.reason or freshness is Freshness.LIVE


def test_a_held_number_is_shown_as_invalid_with_its_reason() -> None:
    now = shown(fold_all([device("connected"), spo2(quality=Quality.SENSOR_OFF)]), Metric.SPO2, after(1))
    assert (now.value, now.freshness, now.reason) == (97.0, Freshness.INVALID, "sensor off")


def test_a_lost_device_has_no_number_however_young() -> None:
    now = shown(fold_all([device("connected"), spo2(), device("lost", 2, 2)]), Metric.SPO2, after(0.5))
    assert now.value is None
    assert now.freshness is Freshness.LOST


def test_nothing_was_ever_seen() -> None:
    assert shown(State(), Metric.SPO2, 5).freshness is Freshness.NONE


@given(
    st.sampled_from(list(Quality)),
    st.one_of(st.none(), st.floats(0, 100)),
    st.floats(0, 60),
    st.sampled_from(["opening", "connected", "silent", "lost", "back"]),
)
def test_only_a_good_young_value_of_a_talking_device_looks_live(
    quality: Quality, value: float | None, seconds: float, state: str
) -> None:
    now = shown(fold_all([device(state), spo2(value, quality)]), Metric.SPO2, after(seconds))
    healthy = quality is Quality.GOOD and value is not None and seconds <= LATE_AFTER_S
    assert (now.freshness is Freshness.LIVE) == (healthy and state in ("connected", "back"))


def nibp(quality: Quality = Quality.GOOD) -> ev.Event:
    good = quality is Quality.GOOD
    values = (121.0, 78.0, 92.0, 70.0) if good else (None, None, None, None)
    body = ev.NibpMeasured(1, *values, quality, "" if good else "leak")
    return ev.Event(3, 1, 1, "monitor", body)


def test_a_cuff_reading_always_has_an_age_and_grows_old() -> None:
    state = fold_all([device("connected"), nibp()])
    young, diastolic = nibp_shown(state, after(60))
    assert (young.value, diastolic, round(young.age_s)) == (121.0, 78.0, 60)
    old, _ = nibp_shown(state, after(NIBP_OLD_AFTER_S + 1))
    assert old.freshness is Freshness.LATE


def test_a_failed_cuff_reading_hides_the_one_before_it_and_says_why() -> None:
    now, diastolic = nibp_shown(fold_all([device("connected"), nibp(), nibp(Quality.MEASUREMENT_FAILED)]), after(5))
    assert (now.value, diastolic, now.freshness, now.reason) == (None, None, Freshness.INVALID, "leak")


def test_a_device_that_speaks_every_ten_seconds_is_not_late_after_five() -> None:
    body = ev.DeviceState(1, "s5_dri", "/dev/a", "", "connected", "", late_after_s(12.0))
    state = fold_all([ev.Event(1, 0, 0, "monitor", body), spo2()])
    assert shown(state, Metric.SPO2, after(14)).freshness is Freshness.LIVE
    assert shown(state, Metric.SPO2, after(16)).freshness is Freshness.LATE
    assert shown(state, Metric.SPO2, after(31)).freshness is Freshness.LOST
