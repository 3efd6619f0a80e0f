"""The movement: no jump whatever is changed, edges where they belong, counters that agree, no drift."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapconsole.bilateral.events import Path, Profile
from kapconsole.bilateral.pattern import Pattern, begin, peak_speed_deg_s

RATES = st.integers(10, 200).map(lambda hundredths: hundredths / 100)
SWEEPS = st.floats(5, 60)
CHANGES = st.lists(st.tuples(st.floats(0, 20), st.one_of(st.none(), RATES), st.one_of(st.none(), SWEEPS)), max_size=6)
PATTERNS = st.builds(
    begin,
    RATES,
    SWEEPS,
    st.sampled_from(Path),
    st.sampled_from(Profile),
    st.floats(0, 0.5),
    st.integers(0, 4),
    st.one_of(st.none(), st.integers(1, 60)),
)


def changed(pattern: Pattern, changes: list[tuple[float, float | None, float | None]]) -> Pattern:
    for at_s, rate, sweep in sorted(changes, key=lambda change: change[0]):
        pattern = pattern.changed(at_s, rate, sweep)
    return pattern


def fastest(pattern: Pattern) -> float:
    """A bound to how many degrees a second the light may go in this pattern, along one axis."""
    longest = max(max(leg.from_deg, leg.to_deg) for leg in pattern.legs)
    shortest = min(leg.pass_s - min(pattern.dwell_s, leg.pass_s / 2) for leg in pattern.legs)
    return 3 * longest / shortest


@settings(deadline=None)
@given(PATTERNS, CHANGES)
def test_neither_phase_nor_light_ever_jumps(
    pattern: Pattern, changes: list[tuple[float, float | None, float | None]]
) -> None:
    pattern = changed(pattern, changes)
    step_s = 0.0005
    # Around every edge and every change, where a jump would be.
    moments = np.array([pattern.edge_s(edge) for edge in range(12)] + [at_s for at_s, _, _ in changes])
    places = pattern.at(moments[:, None] + np.array([-step_s, 0.0, step_s]))
    for rel in (places.x_rel, places.y_rel):
        assert np.all(np.abs(np.diff(rel * places.half_deg, axis=1)) <= fastest(pattern) * step_s + 1e-9)
    rate = 0.5 / min(leg.pass_s for leg in pattern.legs)
    assert np.all(np.diff(places.phase, axis=1) >= -1e-12)
    assert np.all(np.diff(places.phase, axis=1) <= rate * step_s + 1e-9)


@settings(deadline=None)
@given(PATTERNS, CHANGES, st.floats(0, 20))
def test_a_change_touches_nothing_before_the_next_edge(
    pattern: Pattern, changes: list[tuple[float, float | None, float | None]], at_s: float
) -> None:
    before = changed(pattern, [change for change in changes if change[0] < at_s])
    after = before.changed(at_s, 0.7, 33.0)
    edge = before.next_edge(at_s)
    assert after.edge_s(edge) == pytest.approx(before.edge_s(edge), abs=1e-12)
    times = np.linspace(0, before.edge_s(edge), 40)
    assert np.allclose(before.at(times).phase, after.at(times).phase, rtol=0, atol=1e-9)
    assert np.allclose(before.at(times).x_rel, after.at(times).x_rel, rtol=0, atol=1e-6)


@settings(deadline=None)
@given(PATTERNS, CHANGES, st.floats(0, 40))
def test_passes_are_the_edges_reached(
    pattern: Pattern, changes: list[tuple[float, float | None, float | None]], at_s: float
) -> None:
    pattern = changed(pattern, changes)
    reached = pattern.passes_at(at_s)
    assert pattern.edge_s(reached) <= at_s
    if pattern.passes is not None and reached == pattern.passes:
        assert at_s >= pattern.end_s
    else:
        assert pattern.edge_s(reached + 1) > at_s
    for edge in range(1, min(reached, 10) + 1):
        assert pattern.passes_at(pattern.edge_s(edge)) == edge, "at the very moment, too"


def test_a_rate_changed_up_and_down_in_a_set_keeps_phase_and_count() -> None:
    pattern = begin(0.5, passes=60).changed(10.3, 1.5).changed(17.1, 0.8)
    assert pattern.edge_s(11) == pytest.approx(11.0)  # the edge after 10.3 s, at 0.5 cycles/s
    assert pattern.edge_s(12) == pytest.approx(11.0 + 1 / 3)
    edge = next(number for number in range(60) if pattern.edge_s(number) >= 17.1)
    assert pattern.edge_s(edge + 1) - pattern.edge_s(edge) == pytest.approx(0.625)
    assert pattern.passes_at(1000.0) == 60
    assert [rate for _, rate in pattern.rate_trace()] == pytest.approx([0.5, 1.5, 0.8])
    places = pattern.at([pattern.edge_s(k) for k in range(61)])
    assert np.allclose(places.x_rel, [-1.0 if k % 2 == 0 else 1.0 for k in range(61)])
    assert np.allclose(places.phase, np.arange(61) / 2)


@pytest.mark.parametrize("rate", [0.1, 0.35, 0.95, 1.0, 1.2, 1.7, 2.0])
def test_no_drift_in_a_hundred_thousand_cycles(rate: float) -> None:
    pattern = begin(rate).changed(3.21, rate)
    for passes in (1, 9_999, 123_457, 200_000):
        true_s = Fraction(passes) / (2 * Fraction(str(rate)))
        assert abs(Fraction(pattern.edge_s(passes)) - true_s) < Fraction(1, 10**9)


@settings(deadline=None)
@given(PATTERNS)
def test_a_set_begins_and_ends_at_an_edge(pattern: Pattern) -> None:
    start = pattern.at(0.0)
    assert abs(float(start.main)) == pytest.approx(1.0)
    assert float(pattern.at(-5.0).phase) == 0.0
    if pattern.passes is not None:
        end = pattern.at([pattern.end_s, pattern.end_s + 100])
        assert np.allclose(np.abs(end.main), 1.0)
        assert np.allclose(end.phase, pattern.passes / 2)


def test_the_profiles_pass_the_middle_at_half_time_and_keep_their_promises() -> None:
    times = np.linspace(0, 0.5, 501)
    sine, linear, eased = (begin(1.0, profile=profile).at(times).x_rel for profile in Profile)
    for x in (sine, linear, eased):
        assert x[250] == pytest.approx(0.0, abs=1e-9)
        assert np.all(np.diff(x) > 0)
    assert np.allclose(sine, -np.cos(2 * np.pi * times))
    assert np.allclose(linear, 4 * times - 1)
    assert eased[1] - eased[0] < 0.1 * (eased[251] - eased[250]), "slow at the edge"


@settings(deadline=None)
@given(RATES, st.sampled_from(Profile), st.floats(0, 0.5))
def test_the_shown_peak_speed_is_the_true_one(rate: float, profile: Profile, dwell_s: float) -> None:
    pattern = begin(rate, 25.0, profile=profile, dwell_s=dwell_s)
    times = np.linspace(0, pattern.edge_s(1), 20_001)
    places = pattern.at(times)
    measured = np.max(np.abs(np.gradient(places.x_rel * places.half_deg, times)))
    assert measured == pytest.approx(peak_speed_deg_s(rate, 25.0, profile, dwell_s), rel=0.01)


def test_peak_speeds_of_the_reference() -> None:
    assert peak_speed_deg_s(1.0, 33, Profile.SINE) == pytest.approx(104, abs=0.5)
    assert peak_speed_deg_s(1.5, 50, Profile.SINE) == pytest.approx(236, abs=0.5)
    assert peak_speed_deg_s(1.0, 25, Profile.LINEAR) == pytest.approx(50)


def test_the_light_waits_at_an_edge_and_the_rate_stays_true() -> None:
    pattern = begin(0.5, dwell_s=0.3, passes=8)
    places = pattern.at(np.array([1.0, 1.15, 1.29, 1.31]))
    assert np.allclose(places.x_rel[:3], 1.0)
    assert places.x_rel[3] < 1.0
    assert pattern.end_s == pytest.approx(8.0)


def test_the_ramp_goes_from_60_percent_to_the_rate_in_its_first_cycle() -> None:
    pattern = begin(1.0, ramp_in_cycles=1)
    assert [rate for _, rate in pattern.rate_trace()] == pytest.approx([0.6, 0.8, 1.0])
    assert [at_s for at_s, _ in pattern.rate_trace()][2] == pytest.approx(pattern.edge_s(2))


def test_a_sweep_grows_during_the_pass_after_the_change() -> None:
    pattern = begin(1.0, 20.0).changed(0.2, sweep_deg=40.0)
    places = pattern.at([0.5, 0.75, 1.0, 1.5])
    assert np.allclose(places.x_rel * places.half_deg, [10.0, 0.0, -20.0, 20.0], atol=1e-9)


def test_a_set_by_time_ends_at_the_first_edge_from_then_on() -> None:
    assert begin(1.0, seconds=20.2).end_s == pytest.approx(20.5)
    assert begin(1.0, seconds=20.0).end_s == pytest.approx(20.0)
    assert begin(1.0, seconds=20.2).changed(5.0, 0.5).end_s == pytest.approx(21.0)


@settings(deadline=None)
@given(PATTERNS, CHANGES, st.floats(0, 20), st.booleans())
def test_nothing_moves_after_a_stop(
    pattern: Pattern, changes: list[tuple[float, float | None, float | None]], stop_s: float, soft: bool
) -> None:
    pattern = changed(pattern, changes)
    stopped = pattern.finishing(stop_s) if soft else pattern.stopped(stop_s)
    assert stopped.end_s <= pattern.end_s
    if soft and pattern.end_s > stop_s:
        assert stop_s <= stopped.end_s <= stop_s + max(leg.pass_s for leg in pattern.legs)
        assert abs(float(stopped.at(stopped.end_s).main)) == pytest.approx(1.0)
    elif not soft:
        assert stopped.end_s <= stop_s
    places = stopped.at(stopped.end_s + np.array([0.0, 0.001, 0.3, 77.0]))
    assert len(set(places.x_rel)) == len(set(places.phase)) == 1
    # Nor does a change that comes after it wake it up.
    late = stopped.changed(stop_s + 0.1, 2.0, 60.0)
    assert math.isfinite(late.end_s)
    assert late.passes_at(1e6) == stopped.passes_at(1e6)
