"""A session as arrays and events: what plots, lists and replay read; grown live or loaded whole from rows.

Live and replay use the same class, so that a view cannot tell them apart.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import DTypeLike, NDArray

from kapconsole.events import Event, FeedChosen, Measurement, StreamItem, WavePiece
from kapconsole.rows import (
    METRIC_CODES,
    NUMERICS,
    QUALITY_CODES,
    WAVE,
    Row,
    row_event,
    stack_numerics,
    unpack_wave,
)
from kapconsole.session.state import EMPTY, Latest, NibpView, State, fold
from kapdevices.readings import Metric, Quality

CHECKPOINT_EVERY = 64
GAP_US = 250_000
"""Two samples further apart than this are not joined by a line."""


class Growing:
    """A one-dimensional array that grows at its end by doubling; `view` is the filled part."""

    def __init__(self, dtype: DTypeLike, capacity: int = 1024) -> None:
        self._held = np.empty(capacity, dtype)
        self._length = 0

    @property
    def view(self) -> NDArray:  # type: ignore[type-arg]  # the dtype is the caller's
        return self._held[: self._length]

    def extend(self, values: NDArray) -> None:  # type: ignore[type-arg]
        needed = self._length + len(values)
        if needed > len(self._held):
            grown = np.empty(max(needed, 2 * len(self._held)), self._held.dtype)
            grown[: self._length] = self.view
            self._held = grown
        self._held[self._length : needed] = values
        self._length = needed


class Series:
    """All numerics of one metric from one source: times (us), values (NaN: not given), quality codes; equal lengths."""

    def __init__(self) -> None:
        self._times = Growing(np.int64)
        self._values = Growing(np.float32)
        self._quality = Growing(np.uint8)
        self.first_valid_us: int | None = None
        """When the device first vouched for a value."""

    @property
    def times_us(self) -> NDArray[np.int64]:
        return self._times.view

    @property
    def values(self) -> NDArray[np.float32]:
        return self._values.view

    @property
    def quality(self) -> NDArray[np.uint8]:
        return self._quality.view

    @property
    def valid_values(self) -> NDArray[np.float32]:
        """Values with NaN wherever the device did not vouch for the number."""
        return np.where(self.quality == 0, self.values, np.float32(np.nan))

    def extend(self, times_us: NDArray[np.int64], values: NDArray[np.float32], quality: NDArray[np.uint8]) -> None:
        self._times.extend(times_us)
        self._values.extend(values)
        self._quality.extend(quality)
        if self.first_valid_us is None:
            valid = np.flatnonzero((quality == 0) & ~np.isnan(values))
            if len(valid):
                self.first_valid_us = int(times_us[valid[0]])

    def at(self, mono_us: int) -> Latest | None:
        """The newest value at or before `mono_us`."""
        index = int(np.searchsorted(self.times_us, mono_us, side="right")) - 1
        if index < 0:
            return None
        value = float(self.values[index])
        return Latest(
            int(self.times_us[index]), None if value != value else value, QUALITY_CODES[int(self.quality[index])]
        )


class Wave:
    """All samples of one waveform: times (us) and values 0..1 of full scale, NaN while the device vouches for none."""

    def __init__(self) -> None:
        self._times = Growing(np.int64, 16384)
        self._values = Growing(np.float32, 16384)

    @property
    def times_us(self) -> NDArray[np.int64]:
        return self._times.view

    @property
    def values(self) -> NDArray[np.float32]:
        return self._values.view

    def append(self, piece: WavePiece) -> None:
        self.extend([piece])

    def extend(self, pieces: Sequence[WavePiece]) -> None:
        """Add pieces in order of time. All of one width at once: three hours are ten thousand pieces."""
        for (width, full_scale), group in groupby(pieces, key=lambda piece: (piece.width, piece.full_scale)):
            run = list(group)
            counts = np.array([piece.count for piece in run], np.int64)
            starts = np.repeat(np.array([piece.start_us for piece in run], np.int64), counts)
            spans = np.repeat(np.array([piece.span_us for piece in run], np.int64), counts)
            within = np.arange(len(starts)) - np.repeat(np.cumsum(counts) - counts, counts)
            raw = np.frombuffer(b"".join(piece.samples for piece in run), np.dtype(f"<u{width}"))
            vouched = np.repeat(np.array([piece.quality is Quality.GOOD for piece in run]), counts)
            self._times.extend(starts + within * spans // np.repeat(counts, counts))
            self._values.extend(np.where(vouched, raw.astype(np.float32) / np.float32(full_scale), np.float32(np.nan)))

    def window(self, start_us: int, end_us: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Times and values from `start_us` up to, not including, `end_us`."""
        first, last = np.searchsorted(self.times_us, [start_us, end_us])
        return self.times_us[first:last], self.values[first:last]


class Fed(NamedTuple):
    """Numerics of one metric whatever device they came from, as in Series; equal lengths."""

    times_us: NDArray[np.int64]
    values: NDArray[np.float32]
    quality: NDArray[np.uint8]

    @property
    def valid_values(self) -> NDArray[np.float32]:
        """Values with NaN wherever the device did not vouch for the number."""
        return np.where(self.quality == 0, self.values, np.float32(np.nan))


class Timeline:
    """A session so far: every event, every numeric, every sample, and the state at any moment."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.numerics: dict[tuple[int, Metric], Series] = {}
        self.waves: dict[tuple[int, Metric], Wave] = {}
        self.state = EMPTY
        self.end_us = 0
        self._event_times: list[int] = []
        self._choices: list[tuple[int, Metric, int]] = []  # when a person let which device feed what
        self._event_states: list[State] = []  # after every CHECKPOINT_EVERY-th event

    def add_rows(self, rows: Iterable[Row]) -> None:
        """Load recorded rows, all at once; must come before anything live. Raises msgspec.DecodeError on damage."""
        kept = list(rows)
        times, packed = stack_numerics(kept)
        order = np.argsort(times, kind="stable")
        times, packed = times[order], packed[order]
        keys = packed["source"].astype(np.int32) * 256 + packed["metric"]
        for key in np.unique(keys):
            chosen = keys == key
            series = self._series(int(key) // 256, METRIC_CODES[int(key) % 256])
            series.extend(times[chosen], packed["value"][chosen], packed["quality"][chosen])
        pieces: dict[tuple[int, Metric], list[WavePiece]] = {}
        for row in kept:
            if row.kind == WAVE:
                piece = unpack_wave(row.body)
                pieces.setdefault((piece.source, piece.metric), []).append(piece)
                self.end_us = max(self.end_us, piece.start_us + piece.span_us)
            elif row.kind != NUMERICS:
                self._add_event(row_event(row))
        for (source, metric), run in pieces.items():
            self._wave(source, metric).extend(sorted(run, key=lambda piece: piece.start_us))
        if len(times):
            self.end_us = max(self.end_us, int(times[-1]))
        self.state = self.state_at(self.end_us)

    def add(self, item: StreamItem) -> None:
        """Add one live item, in order of time."""
        if isinstance(item, Event):
            self._add_event(item)
        elif isinstance(item, Measurement):
            value = np.nan if item.value is None else item.value
            self._series(item.source, item.metric).extend(
                np.array([item.mono_us], np.int64),
                np.array([value], np.float32),
                np.array([QUALITY_CODES.index(item.quality)], np.uint8),
            )
            self.end_us = max(self.end_us, item.mono_us)
            self.state = fold(self.state, item)
        else:
            self._wave(item.source, item.metric).append(item)
            self.end_us = max(self.end_us, item.start_us + item.span_us)

    def state_at(self, mono_us: int) -> State:
        """The state as it was at `mono_us`: equal to folding every item up to then, one by one."""
        count = bisect_right(self._event_times, mono_us)
        checkpoint = count // CHECKPOINT_EVERY
        state = self._event_states[checkpoint - 1] if checkpoint else EMPTY
        for event in self.events[checkpoint * CHECKPOINT_EVERY : count]:
            state = fold(state, event)
        latest = {key: value for key, series in self.numerics.items() if (value := series.at(mono_us)) is not None}
        newest_us = max((value.mono_us for value in latest.values()), default=0)
        first_valid: dict[Metric, int] = {}
        for _, source, metric in sorted(
            (series.first_valid_us, source, metric)
            for (source, metric), series in self.numerics.items()
            if series.first_valid_us is not None and series.first_valid_us <= mono_us
        ):
            first_valid.setdefault(metric, source)
        return replace(state, latest=latest, first_valid=first_valid, mono_us=max(state.mono_us, newest_us))

    def feeding_spans(self, metric: Metric) -> list[tuple[int, int, int]]:
        """Which device fed `metric` when: (from_us, to_us, source) in order of time, the last up to the end.

        Before a person's first choice it is the device that gave the first valid value; empty where none did.
        """
        changes = [(at_us, source) for at_us, of, source in self._choices if of is metric]
        first = self._first_feeding(metric, changes[0][0] if changes else self.end_us + 1)
        if first is not None:
            changes.insert(0, (0, first))
        ends = [at_us for at_us, _ in changes[1:]] + [self.end_us + 1][: len(changes)]
        return [(from_us, to_us, source) for (from_us, source), to_us in zip(changes, ends, strict=True)]

    def _first_feeding(self, metric: Metric, before_us: int) -> int | None:
        """What `State.feeding` says just before `before_us` while nothing was chosen, without making the state."""
        having = [(source, series) for (source, of), series in self.numerics.items() if of is metric]
        valid = [
            (series.first_valid_us, source)
            for source, series in having
            if series.first_valid_us is not None and series.first_valid_us < before_us
        ]
        if valid:
            return min(valid)[1]
        return min((source for source, series in having if series.times_us[0] < before_us), default=None)

    def fed(self, metric: Metric, start_us: int, end_us: int) -> Fed:
        """The numerics of `metric` from `start_us` up to, not including, `end_us`, each from the device that fed it."""
        parts = []
        for from_us, to_us, source in self.feeding_spans(metric):
            series = self.numerics.get((source, metric))
            if series is None:
                continue
            a, b = np.searchsorted(series.times_us, [max(start_us, from_us), min(end_us, to_us)])
            if b > a:
                parts.append(Fed(series.times_us[a:b], series.values[a:b], series.quality[a:b]))
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return Fed(np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.uint8))
        return Fed(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def fed_nibp(self, readings: Iterable[NibpView]) -> list[NibpView]:
        """Those cuff readings that came from the cuff monitor chosen at their time; all, while none was chosen."""
        spans = self.feeding_spans(Metric.NIBP_SYS)
        chosen_us = spans[0][0] if spans else self.end_us + 1
        return [
            view
            for view in readings
            if view.mono_us < chosen_us
            or any(a <= view.mono_us < b and source == view.reading.source for a, b, source in spans)
        ]

    def _add_event(self, event: Event) -> None:
        # A timeline that is only loaded needs no running state; it is found from checkpoints when asked for.
        self.events.append(event)
        self._event_times.append(event.mono_us)
        if isinstance(event.body, FeedChosen):
            self._choices.append((event.mono_us, event.body.metric, event.body.source))
        self.end_us = max(self.end_us, event.mono_us)
        self.state = fold(self.state, event)
        if len(self.events) % CHECKPOINT_EVERY == 0:
            self._event_states.append(replace(self.state, latest={}, first_valid={}))

    def _series(self, source: int, metric: Metric) -> Series:
        return self.numerics.setdefault((source, metric), Series())

    def _wave(self, source: int, metric: Metric) -> Wave:
        return self.waves.setdefault((source, metric), Wave())
