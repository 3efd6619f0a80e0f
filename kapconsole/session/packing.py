"""Packing: numerics and waveform pieces of one second gathered into rows; waveform samples given even times."""

from __future__ import annotations

from collections.abc import Iterator

from kapconsole.events import Measurement, WavePiece
from kapconsole.rows import NUMERICS, WAVE, pack_numerics, pack_wave
from kapdevices.readings import Metric, SampleArray

SECOND_US = 1_000_000
HOLD_US = 950_000
"""How long a measurement may wait for its row: with the commit that follows at once, a cut costs at most a second."""

GAP_US = 250_000
"""A waveform that comes this much later than its rate says has a gap; one that comes this much earlier starts anew."""

PULL = 0.02
"""Share of the difference between counted and arrival time that a piece makes good: smooth, yet never drifting off."""

Packed = tuple[int, str, bytes]
"""(mono_us, kind, body) of a row that has no number yet."""


class WaveTimer:
    """Gives the samples of one waveform even times although they arrive in bursts (protocol notes, rule 9)."""

    def __init__(self) -> None:
        self._end_us: int | None = None

    def place(self, arrived_us: int, count: int, rate_hz: float) -> tuple[int, int]:
        """(start_us, span_us) of `count` samples of which the last arrived at `arrived_us`."""
        span_us = round(count * SECOND_US / rate_hz)
        expected_us = arrived_us - span_us
        if self._end_us is None or abs(expected_us - self._end_us) > GAP_US:
            start_us = expected_us if self._end_us is None else max(expected_us, self._end_us)
        else:
            start_us = self._end_us
            span_us = max(1, span_us + round(PULL * (expected_us - self._end_us)))
        self._end_us = start_us + span_us
        return start_us, span_us


def wave_piece(source: int, array: SampleArray, start_us: int, span_us: int) -> WavePiece:
    """The samples of a device as a piece of the session's stream."""
    width = 1 if array.full_scale <= 0xFF else 2
    samples = b"".join(sample.to_bytes(width, "little") for sample in array.samples)
    return WavePiece(start_us, span_us, source, array.metric, array.quality, array.full_scale, width, samples)


class Packer:
    """Holds what is not in a row yet; `due` hands over what is a second old or cannot be continued."""

    def __init__(self) -> None:
        self._numerics: list[Measurement] = []
        self._waves: dict[tuple[int, Metric], list[WavePiece]] = {}

    @property
    def pending(self) -> list[Measurement | WavePiece]:
        """What is not in a row yet, numerics first."""
        return [*self._numerics, *(piece for run in self._waves.values() for piece in run)]

    def add(self, item: Measurement | WavePiece) -> Iterator[Packed]:
        """Take an item; give the row that it completes, if it does."""
        if isinstance(item, Measurement):
            if self._numerics and item.mono_us - self._numerics[0].mono_us >= SECOND_US:
                yield self._pack_numerics()
            self._numerics.append(item)
            return
        key = (item.source, item.metric)
        run = self._waves.get(key)
        if run and not _continues(run, item):
            yield self._pack_wave(key)
        self._waves.setdefault(key, []).append(item)

    def due(self, now_us: int) -> Iterator[Packed]:
        """Rows of everything, once something has been held for long enough at `now_us`: one commit for all of it."""
        oldest = [run[0].start_us for run in self._waves.values()]
        oldest += [item.mono_us for item in self._numerics[:1]]
        if oldest and now_us - min(oldest) >= HOLD_US:
            yield from self.flush()

    def flush(self) -> Iterator[Packed]:
        """Rows of everything that is held."""
        if self._numerics:
            yield self._pack_numerics()
        for key in list(self._waves):
            yield self._pack_wave(key)

    def _pack_numerics(self) -> Packed:
        base_us, body = pack_numerics(self._numerics)
        self._numerics = []
        return base_us, NUMERICS, body

    def _pack_wave(self, key: tuple[int, Metric]) -> Packed:
        run = self._waves.pop(key)
        return run[0].start_us, WAVE, pack_wave(run)


def _continues(run: list[WavePiece], item: WavePiece) -> bool:
    first, last = run[0], run[-1]
    return (
        item.start_us == last.start_us + last.span_us
        and item.start_us + item.span_us - first.start_us <= SECOND_US
        and (item.quality, item.full_scale, item.width) == (first.quality, first.full_scale, first.width)
    )
