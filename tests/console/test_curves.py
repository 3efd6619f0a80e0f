"""Binning keeps every extreme, never joins across a gap, and never draws what was not vouched for."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from kapconsole.console.curves import GAP_US, MINUTE_US, polylines, trend_axis, untrusted_spans

steps = hnp.arrays(np.int64, st.integers(0, 200), elements=st.integers(1, 2 * GAP_US))


@given(steps, st.data())
def test_each_column_holds_its_lowest_and_highest_and_no_line_crosses_a_gap(steps: np.ndarray, data) -> None:
    times = np.cumsum(steps)
    values = data.draw(
        hnp.arrays(np.float32, len(times), elements=st.one_of(st.floats(0, 300, width=32), st.just(float("nan"))))
    )
    end_us = int(times[-1]) + 1 if len(times) else 1000
    width = data.draw(st.integers(1, 300))
    lines = polylines(times, values, 0, end_us, width)
    known = ~np.isnan(values)
    drawn: dict[int, list[float]] = {}
    for line in lines:
        assert (np.diff(line.x) >= 0).all()
        for x, y in zip(line.x.tolist(), line.y.tolist(), strict=True):
            drawn.setdefault(int(x), []).append(y)
    wanted: dict[int, list[float]] = {}
    for at, value in zip(times[known].tolist(), values[known].tolist(), strict=True):
        wanted.setdefault(at * width // end_us, []).append(value)
    assert {column: (min(y), max(y)) for column, y in drawn.items()} == {
        column: (min(y), max(y)) for column, y in wanted.items()
    }
    # As many pieces as there are runs without a gap, a NaN or silence.
    runs, before = 0, None
    for at, good in zip(times.tolist(), known.tolist(), strict=True):
        if good and (before is None or at - before > GAP_US):
            runs += 1
        before = at if good else None
    assert len(lines) == runs


@given(steps, st.data())
def test_untrusted_columns_are_those_with_untrusted_values(steps: np.ndarray, data) -> None:
    times = np.cumsum(steps)
    quality = data.draw(hnp.arrays(np.uint8, len(times), elements=st.integers(0, 3)))
    end_us = int(times[-1]) + 1 if len(times) else 1000
    spans = untrusted_spans(times, quality, 0, end_us, 50)
    columns = {column for a, b in spans for column in range(a, b)}
    assert columns == {int(at) * 50 // end_us for at in times[quality != 0]}
    assert all(b < c for (_, b), (c, _) in zip(spans, spans[1:], strict=False))


def test_the_axis_is_20_before_to_120_after_and_grows() -> None:
    dose_us = 31 * MINUTE_US
    axis = trend_axis(dose_us, dose_us + 5 * MINUTE_US)
    assert (axis.start_us, axis.end_us) == (11 * MINUTE_US, 151 * MINUTE_US)
    assert list(axis.ticks_min()) == [-20, 0, 20, 40, 60, 80, 100, 120]
    assert trend_axis(dose_us, dose_us + 119 * MINUTE_US).end_us == 151 * MINUTE_US
    assert trend_axis(dose_us, dose_us + 120 * MINUTE_US).end_us == dose_us + 140 * MINUTE_US


def test_before_the_dose_minutes_count_from_the_start() -> None:
    axis = trend_axis(None, 3 * MINUTE_US)
    assert (axis.start_us, axis.end_us, axis.since_dose) == (0, 60 * MINUTE_US, False)
    assert trend_axis(None, 70 * MINUTE_US).end_us == 80 * MINUTE_US


@given(st.one_of(st.none(), st.integers(0, 10**10)), st.integers(0, 4 * 10**10))
def test_the_present_is_always_on_the_axis(dose_us: int | None, later_us: int) -> None:
    now_us = (dose_us or 0) + later_us
    axis = trend_axis(dose_us, now_us)
    assert axis.start_us <= now_us < axis.end_us
    assert len(axis.ticks_min()) < 40
