"""Curves of any length as a few points per pixel column, keeping every short fall; pure numpy, no Qt."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

GAP_US = 10_000_000
"""Two numerics further apart than this are not joined: by then the number is gone from the screen, too."""

MINUTE_US = 60_000_000


class Axis(NamedTuple):
    """A time axis: from `start_us` to `end_us` of session time, counted in minutes from `zero_us`."""

    start_us: int
    end_us: int
    zero_us: int
    step_min: int
    since_dose: bool

    def x(self, at_us: float, width: float) -> float:
        """Where `at_us` stands on `width` pixels."""
        return (at_us - self.start_us) * width / (self.end_us - self.start_us)

    def ticks_min(self) -> range:
        """The labelled minutes, from the zero."""
        first = -(-(self.start_us - self.zero_us) // MINUTE_US // self.step_min) * self.step_min
        return range(first, (self.end_us - self.zero_us) // MINUTE_US + 1, self.step_min)


def trend_axis(dose_us: int | None, now_us: int) -> Axis:
    """20 minutes before the dose to 120 after, growing; before the first dose the first hour of the session."""
    if dose_us is None:
        minutes = max(60, _up(now_us // MINUTE_US + 1, 20))
        return Axis(0, minutes * MINUTE_US, 0, 10 if minutes <= 60 else 20, False)
    minutes = max(120, _up((now_us - dose_us) // MINUTE_US + 1, 20))
    step = 20 if minutes <= 180 else 40
    return Axis(dose_us - 20 * MINUTE_US, dose_us + minutes * MINUTE_US, dose_us, step, True)


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


class Polyline(NamedTuple):
    """Joined points: x in pixels from the start of the axis, y in the curve's own unit; shapes (n,)."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]


def polylines(
    times_us: NDArray[np.int64],
    values: NDArray[np.float32],
    start_us: int,
    end_us: int,
    width_px: int,
    gap_us: int = GAP_US,
) -> list[Polyline]:
    """The curve in `width_px` columns: in each the lowest and the highest value, broken at gaps and at NaN.

    `times_us` ascending, shape (n,); `values` shape (n,), NaN where nothing is to be drawn.
    """
    if width_px <= 0 or end_us <= start_us:
        return []
    first, last = np.searchsorted(times_us, [start_us, end_us])
    times, found = times_us[first:last], values[first:last]
    if not len(times):
        return []
    known = ~np.isnan(found)
    breaks = np.zeros(len(times), np.bool_)
    breaks[1:] = (np.diff(times) > gap_us) | ~known[:-1]
    run = np.cumsum(breaks)[known]
    times, found = times[known], found[known].astype(np.float64)
    if not len(times):
        return []
    column = (times - start_us) * width_px // (end_us - start_us)
    starts = np.flatnonzero(np.r_[True, (np.diff(column) != 0) | (np.diff(run) != 0)])
    low, high = np.minimum.reduceat(found, starts), np.maximum.reduceat(found, starts)
    ends = np.r_[starts[1:], len(found)] - 1
    falling = found[starts] > found[ends]
    y = np.stack([np.where(falling, high, low), np.where(falling, low, high)], axis=1)
    x = column[starts] + 0.5
    edges = np.flatnonzero(np.r_[True, np.diff(run[starts]) != 0, True])
    return [Polyline(np.repeat(x[a:b], 2), y[a:b].ravel()) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def untrusted_spans(
    times_us: NDArray[np.int64], quality: NDArray[np.uint8], start_us: int, end_us: int, width_px: int
) -> list[tuple[int, int]]:
    """Pixel columns [from, to) in which the device sent values that it did not vouch for."""
    if width_px <= 0 or end_us <= start_us:
        return []
    first, last = np.searchsorted(times_us, [start_us, end_us])
    bad = times_us[first:last][quality[first:last] != 0]
    if not len(bad):
        return []
    columns = np.unique((bad - start_us) * width_px // (end_us - start_us))
    edges = np.flatnonzero(np.r_[True, np.diff(columns) > 1, True])
    return [(int(columns[a]), int(columns[b - 1]) + 1) for a, b in zip(edges[:-1], edges[1:], strict=True)]
