"""The envelope holds every extreme: no short fall is lost on the way to a pixel."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kapconsole.replay.bins import envelope, samples


@settings(deadline=None)
@given(
    arrays(np.float32, st.integers(0, 300), elements=st.one_of(st.floats(0, 1, width=32), st.just(np.float32("nan")))),
    st.integers(1, 40),
    st.integers(0, 2000),
    st.integers(1, 4000),
)
def test_the_same_as_looking_at_every_sample(values: np.ndarray, columns: int, start: int, length: int) -> None:
    times = np.arange(len(values), dtype=np.int64) * 13
    column, low, high = envelope(times, values, start, start + length, columns)
    found = dict(zip(column.tolist(), zip(low.tolist(), high.tolist(), strict=True), strict=True))
    expected: dict[int, tuple[float, float]] = {}
    edges = [start + number * length // columns for number in range(columns + 1)]
    for number, (begin, end) in enumerate(zip(edges, edges[1:], strict=False)):
        inside = values[(times >= begin) & (times < end)]
        inside = inside[~np.isnan(inside)]
        if len(inside):
            expected[number] = (float(inside.min()), float(inside.max()))
    assert found == expected


def test_samples_break_where_some_are_missing_and_reach_beyond_the_window() -> None:
    times = np.array([0, 100_000, 200_000, 900_000, 1_000_000, 1_100_000], np.int64)
    values = np.array([0.1, 0.2, 0.3, 0.4, np.nan, 0.6], np.float32)
    runs = [times.tolist() for times, _ in samples(times, values, 50_000, 1_050_000)]
    assert runs == [[0, 100_000, 200_000], [900_000], [1_100_000]]
