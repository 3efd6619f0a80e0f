"""Rows: how events, numerics and waveforms stand in the session log, on the wire's history and in memory.

A row is the same bytes everywhere. An event's body is JSON, so that a person can read it with any SQLite tool. A
second of numerics is one packed array, a second of a waveform one blob with a short header, because a session has
hundreds of thousands of them and a supervisor opens three hours at once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from kapconsole.events import Body, Event, Measurement, WavePiece
from kapconsole.events import Row as Row
from kapdevices.readings import Metric, Quality

NUMERICS = "numerics"
WAVE = "wave"

# The order is part of the file format: append only. Written into each file's meta table as well.
METRIC_CODES: tuple[Metric, ...] = (
    Metric.SPO2,
    Metric.PULSE_RATE,
    Metric.PERFUSION_INDEX,
    Metric.NIBP_SYS,
    Metric.NIBP_DIA,
    Metric.NIBP_MEAN,
    Metric.NIBP_PULSE_RATE,
    Metric.CUFF_PRESSURE,
    Metric.PLETH,
    Metric.HEART_RATE,
    Metric.RESP_RATE,
    Metric.TEMPERATURE,
    Metric.ETCO2,
    Metric.SPCO,
    Metric.SPMET,
    Metric.PVI,
    Metric.PULSE_AMPLITUDE,
    Metric.ECG,
    Metric.RESP,
    Metric.CO2,
)
QUALITY_CODES: tuple[Quality, ...] = (
    Quality.GOOD,
    Quality.NO_VALUE,
    Quality.SENSOR_OFF,
    Quality.SENSOR_DISCONNECTED,
    Quality.SEARCHING,
    Quality.OUT_OF_TRACK,
    Quality.ARTEFACT,
    Quality.LOW_PERFUSION,
    Quality.MEASUREMENT_FAILED,
    Quality.STOPPED,
    Quality.OUT_OF_RANGE,
    Quality.INTERFERENCE,
    Quality.SENSOR_FAULT,
    Quality.MOTION,
    Quality.NOT_UPDATED,
    Quality.CALIBRATING,
)
_METRIC_CODE = {metric: code for code, metric in enumerate(METRIC_CODES)}
_QUALITY_CODE = {quality: code for code, quality in enumerate(QUALITY_CODES)}

NUMERIC_DTYPE = np.dtype(
    [("dt_us", "<i4"), ("source", "u1"), ("metric", "u1"), ("quality", "u1"), ("spare", "u1"), ("value", "<f4")]
)
"""One numeric, 12 bytes: microseconds after the row's `mono_us`, codes, value (NaN when the device gave none)."""

WAVE_HEADER = struct.Struct("<qIBBBBI")
"""start_us i64, span_us u32, source u8, metric u8, quality u8, width u8, full_scale u32; samples follow."""


_encode_body = msgspec.json.Encoder().encode
_decode_body = msgspec.json.Decoder(Body).decode


def kind_of(body: Body) -> str:
    """The tag of an event body, as it stands in the `kind` column."""
    tag = type(body).__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def event_row(event: Event) -> Row:
    """The row of one event."""
    return Row(event.seq, event.mono_us, event.utc_us, kind_of(event.body), event.actor, _encode_body(event.body))


def row_event(row: Row) -> Event:
    """The event of a row that is neither numerics nor wave. Raises msgspec.DecodeError on a damaged body."""
    return Event(row.seq, row.mono_us, row.utc_us, row.actor, _decode_body(row.body))


def pack_numerics(items: Sequence[Measurement]) -> tuple[int, bytes]:
    """A second of numerics as (mono_us of the row, body). `items` in order of time, not empty, within 35 minutes."""
    base_us = items[0].mono_us
    packed = np.zeros(len(items), NUMERIC_DTYPE)
    for index, item in enumerate(items):
        value = np.nan if item.value is None else item.value
        packed[index] = (
            item.mono_us - base_us,
            item.source,
            _METRIC_CODE[item.metric],
            _QUALITY_CODE[item.quality],
            0,
            value,
        )
    return base_us, packed.tobytes()


def unpack_numerics(row: Row) -> Iterator[Measurement]:
    """The numerics of a row, in order of time."""
    for dt_us, source, metric, quality, _, value in np.frombuffer(row.body, NUMERIC_DTYPE).tolist():
        yield Measurement(
            row.mono_us + dt_us,
            source,
            METRIC_CODES[metric],
            None if value != value else value,  # NaN is the only value that differs from itself
            QUALITY_CODES[quality],
        )


def pack_wave(pieces: Sequence[WavePiece]) -> bytes:
    """A run of contiguous pieces of one waveform as one body. All share source, metric, quality, width, full scale."""
    first = pieces[0]
    last = pieces[-1]
    span_us = last.start_us + last.span_us - first.start_us
    header = WAVE_HEADER.pack(
        first.start_us,
        span_us,
        first.source,
        _METRIC_CODE[first.metric],
        _QUALITY_CODE[first.quality],
        first.width,
        first.full_scale,
    )
    return header + b"".join(piece.samples for piece in pieces)


def unpack_wave(body: bytes) -> WavePiece:
    """The samples of a wave row as one piece."""
    start_us, span_us, source, metric, quality, width, full_scale = WAVE_HEADER.unpack_from(body)
    return WavePiece(
        start_us,
        span_us,
        source,
        METRIC_CODES[metric],
        QUALITY_CODES[quality],
        full_scale,
        width,
        body[WAVE_HEADER.size :],
    )


def stack_numerics(rows: Iterable[Row]) -> tuple[NDArray[np.int64], NDArray[np.void]]:
    """All numerics of `rows` at once: times in session microseconds, shape (n,), and the packed records, shape (n,)."""
    kept = [row for row in rows if row.kind == NUMERICS]
    packed = np.frombuffer(b"".join(row.body for row in kept), NUMERIC_DTYPE)
    lengths = [len(row.body) // NUMERIC_DTYPE.itemsize for row in kept]
    bases = np.repeat(np.array([row.mono_us for row in kept], np.int64), lengths)
    return bases + packed["dt_us"], packed
