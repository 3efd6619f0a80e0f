"""The lowest and highest sample of each pixel column, fast for hours of a waveform; pure numpy, no Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kapconsole.session.timeline import GAP_US

BIN_FROM = 3
"""With fewer samples than this a column the samples themselves are drawn."""


def envelope(
    times_us: NDArray[np.int64], values: NDArray[np.float32], start_us: int, end_us: int, columns: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """(column, lowest, highest) of every column that holds a sample with a value; shapes (n,), n <= `columns`.

    `times_us` ascending, shape (m,); `values` shape (m,), NaN where there is none.
    """
    none = np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32)
    if columns <= 0 or end_us <= start_us or not len(times_us):
        return none
    edges = start_us + np.arange(columns + 1, dtype=np.int64) * (end_us - start_us) // columns
    # The edges are found in the samples, not a column for each sample: hours of samples, a thousand edges.
    first = np.searchsorted(times_us, edges)
    held = np.flatnonzero(np.diff(first) > 0)
    if not len(held):
        return none
    found = values[first[0] : first[-1]]
    starts = first[held] - first[0]
    low, high = np.fmin.reduceat(found, starts), np.fmax.reduceat(found, starts)
    known = ~np.isnan(low)
    return held[known], low[known], high[known]


def samples(
    times_us: NDArray[np.int64], values: NDArray[np.float32], start_us: int, end_us: int
) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """The runs of joined samples in a short window: broken where samples are missing or have no value."""
    first, last = np.searchsorted(times_us, [start_us, end_us])
    # One sample more on either side, so that the curve goes through the edges.
    times, found = times_us[max(0, first - 1) : last + 1], values[max(0, first - 1) : last + 1]
    known = ~np.isnan(found)
    if not known.any():
        return []
    breaks = np.zeros(len(times), np.bool_)
    breaks[1:] = (np.diff(times) > GAP_US) | ~known[:-1]
    run = np.cumsum(breaks)[known]
    times, found = times[known], found[known]
    edges = np.flatnonzero(np.r_[True, np.diff(run) != 0, True])
    return [(times[a:b], found[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True)]
