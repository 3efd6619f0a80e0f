"""From bytes to lines of text in constant memory: the core of `kapconsole decode`.

Input is a capture (times are the capture's), plain bytes (times are counted from the samples of a waveform, where the
device sends one) or text with hexadecimal bytes. A line is one value, one sample or one word of the device.
"""

from __future__ import annotations

import csv
import heapq
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Literal, TextIO

import msgspec

from kapdevices.capture import MAGIC, CaptureReader
from kapdevices.driver import Driver
from kapdevices.readings import UNITS, Metric, Numeric, Reading, SampleArray

READ_SIZE = 65536
# A driver joins the samples of one call. Small pieces keep numerics in their place between them.
PIECE_BYTES = 16
PEEK_BYTES = 64
LINE_BYTES = 4096
REACH_S = 2.0
"""How far back the samples of one packet may reach: lines of a capture are held so long, and come out in order."""
HELD = 256
HEX_TEXT = re.compile(rb"(#[^\n]*(\n|$)|[0-9a-fA-FxX\s,])+")
FIELDS = ("t_s", "metric", "value", "unit", "valid", "detail")

Form = Literal["auto", "capture", "hex", "raw"]
Chunk = tuple[float | None, bytes]


class DecodedLine(msgspec.Struct, frozen=True):
    """One value. `t_s` is seconds from the start or None where the bytes have no time; `value` None is "not given".

    What a device says about itself has the metric `status`, no value, and its code and words in `detail`.
    """

    t_s: float | None
    metric: str
    value: float | None
    unit: str
    valid: bool
    detail: str


class _Run(msgspec.Struct, frozen=True):
    """A reading and when its first value was measured; `step_s` lies between the samples of a waveform."""

    t_s: float | None
    step_s: float
    reading: Reading

    @property
    def count(self) -> int:
        """How many lines it is."""
        return len(self.reading.samples) if isinstance(self.reading, SampleArray) else 1

    def time_of(self, index: int) -> float:
        """When the value with this index was measured, s."""
        return (self.t_s or 0.0) + index * self.step_s

    def line(self, index: int, t_s: float | None) -> DecodedLine:
        """The line of that value, with the time that is to stand there."""
        array = self.reading
        if not isinstance(array, SampleArray):
            return single_line(array, t_s)
        unit, valid = UNITS[array.metric], not array.quality
        return DecodedLine(t_s, array.metric, float(array.samples[index]), unit, valid, array.quality)


def decode(chunks: Iterable[Chunk], driver: Driver, line_rate_hz: float = 960.0) -> Iterator[DecodedLine]:
    """Feed chunks (time in seconds or None, bytes) to a driver and give its readings as lines.

    `line_rate_hz` is the line's speed in bytes a second (9600 baud 8N1: 960); it is the driver's clock for bytes
    without times. Lines of a capture come in the order of their times. How well the bytes were understood is in
    `driver.counts` at the end. Raises what `chunks` raises.
    """
    samples_s: float | None = None
    taken = 0
    last_s: dict[Metric, float] = {}
    ordered = _Ordered()
    for chunk_s, data in chunks:
        heard: list[Reading] = []
        for at in range(0, len(data), PIECE_BYTES):
            piece = data[at : at + PIECE_BYTES]
            taken += len(piece)
            readings = driver.receive(piece, taken / line_rate_hz if chunk_s is None else chunk_s)
            if chunk_s is not None:
                heard += readings
                continue
            for reading in readings:  # bytes of a pipe are told as they come
                if isinstance(reading, SampleArray):
                    start_s = samples_s or 0.0
                    samples_s = start_s + len(reading.samples) / reading.rate_hz
                    run = _Run(start_s, 1 / reading.rate_hz, reading)
                    yield from (run.line(index, run.time_of(index)) for index in range(run.count))
                else:
                    yield single_line(reading, samples_s)
        if chunk_s is None:
            continue
        for run in _runs(heard, chunk_s, last_s):
            ordered.add(run)
            yield from ordered.due(chunk_s - REACH_S)
    yield from ordered.due(math.inf)


def _runs(readings: list[Reading], t_s: float, last_s: dict[Metric, float]) -> Iterator[_Run]:
    """What arrived together at `t_s`: the last sample of each waveform was measured then, the others before it.

    Samples that would lie before those of the chunk before (the computer was late) share the time since then.
    """
    left = Counter[Metric]()
    for reading in readings:
        if isinstance(reading, SampleArray):
            left[reading.metric] += len(reading.samples)
    steps: dict[Metric, float] = {}
    for reading in readings:
        if not isinstance(reading, SampleArray):
            yield _Run(t_s, 0.0, reading)
            continue
        metric = reading.metric
        if metric not in steps:
            since_s = max(0.0, t_s - last_s.get(metric, -math.inf))
            steps[metric] = min(1 / reading.rate_hz, since_s / max(1, left[metric]))
        yield _Run(t_s - (left[metric] - 1) * steps[metric], steps[metric], reading)
        left[metric] -= len(reading.samples)
        last_s[metric] = t_s


class _Ordered:
    """Lines by time: a packet brings samples that were measured before what has come already.

    Holds readings for `REACH_S` of the capture, and no more than `HELD` of them. What comes later all the same gets
    the time that has been reached, so that no line lies before the one above it.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, int, _Run]] = []
        self._number = 0
        self._given_s = -math.inf

    def add(self, run: _Run) -> None:
        """One more reading."""
        self._number += 1
        if run.count:
            heapq.heappush(self._waiting, (run.time_of(0), self._number, 0, run))

    def due(self, until_s: float) -> Iterator[DecodedLine]:
        """The lines up to `until_s`, and those of more readings than can be held."""
        while self._waiting and (self._waiting[0][0] <= until_s or len(self._waiting) > HELD):
            t_s, number, index, run = self._waiting[0]
            if index + 1 < run.count:
                heapq.heapreplace(self._waiting, (run.time_of(index + 1), number, index + 1, run))
            else:
                heapq.heappop(self._waiting)
            self._given_s = max(self._given_s, t_s)
            yield run.line(index, self._given_s)


def single_line(reading: Reading, t_s: float | None) -> DecodedLine:
    """The line of a reading that is no waveform. Raises TypeError for a SampleArray."""
    if isinstance(reading, Numeric):
        details = [reading.quality.value, "" if reading.live else "not live", reading.device_time or ""]
        detail = "; ".join(text for text in details if text)
        return DecodedLine(t_s, reading.metric, reading.value, UNITS[reading.metric], reading.valid, detail)
    if isinstance(reading, SampleArray):
        raise TypeError("an array is more than one line")
    return DecodedLine(t_s, "status", None, "", False, f"{reading.code}: {reading.text}")


def read_chunks(
    stream: BinaryIO, form: Form = "auto", say: Callable[[str], None] = lambda text: None
) -> Iterator[Chunk]:
    """Bytes with their times from an open file or pipe, in pieces. `auto` looks at the first bytes.

    Only what was received from the device is given from a capture; `say` is told of a torn end. Raises ValueError for
    hexadecimal text that is none, with its line number, and for a damaged capture header.
    """
    buffered = _Peekable(stream)
    if form == "auto":
        head = buffered.peek(PEEK_BYTES)
        form = "capture" if head.startswith(MAGIC) else "hex" if HEX_TEXT.fullmatch(head) else "raw"
    if form == "capture":
        reader = CaptureReader(buffered)
        first_us: int | None = None
        for record in reader:
            first_us = record.mono_us if first_us is None else first_us
            if record.direction == "r":
                yield (record.mono_us - first_us) / 1e6, record.data
        if reader.note:
            say(reader.note)
    elif form == "hex":
        for data in read_hex(buffered.lines()):
            yield None, data
    else:
        while data := buffered.read(READ_SIZE):
            yield None, data


def read_hex(lines: Iterable[str]) -> Iterator[bytes]:
    """Bytes from hexadecimal text, line by line: `01 81 43`, `018143`, `0x01, 0x81`; `#` begins a comment.

    Raises ValueError with the line number for anything else.
    """
    for number, line in enumerate(lines, 1):
        data = bytearray()
        for word in line.partition("#")[0].replace(",", " ").split():
            digits = word[2:] if word[:2].lower() == "0x" else word
            if len(digits) == 1 and digits != word:
                digits = f"0{digits}"
            if len(digits) % 2 or not re.fullmatch(r"[0-9a-fA-F]+", digits):
                raise ValueError(f"line {number}: {word!r} is not hexadecimal bytes")
            data += bytes.fromhex(digits)
        if data:
            yield bytes(data)


class _Peekable:
    """A stream whose first bytes can be looked at, also when it is a pipe."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._head = b""

    def peek(self, size: int) -> bytes:
        while len(self._head) < size and (more := self._stream.read(size - len(self._head))):
            self._head += more
        return self._head

    def read(self, size: int) -> bytes:
        data, self._head = self._head[:size], self._head[size:]
        # read1 gives what is there: a pipe from a running device is decoded as it comes.
        return data or getattr(self._stream, "read1", self._stream.read)(size)

    def readline(self, limit: int = -1) -> bytes:
        line, end, self._head = self._head.partition(b"\n")
        return line + end if end else line + self._stream.readline(limit)

    def lines(self) -> Iterator[str]:
        """Lines; one that does not end comes in parts, cut between two bytes, and its comment is passed over."""
        rest = b""
        while (more := self.readline(LINE_BYTES)) or rest:
            line, rest = rest + more, b""
            if more and not more.endswith(b"\n"):
                if b"#" in line:
                    while more and not more.endswith(b"\n"):
                        more = self.readline(LINE_BYTES)
                else:
                    cut = max(line.rfind(separator) for separator in (b" ", b",", b"\t")) + 1
                    cut = cut or len(line) & ~1
                    line, rest = line[:cut], line[cut:]
            yield line.decode("utf-8", "replace")


def write_csv(lines: Iterable[DecodedLine], out: TextIO) -> None:
    """Comma-separated values with a first line of names; what is not given is empty."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(FIELDS)
    for line in lines:
        writer.writerow(
            (_time(line), line.metric, _number(line.value), line.unit, "true" if line.valid else "false", line.detail)
        )


def write_jsonl(lines: Iterable[DecodedLine], out: TextIO) -> None:
    """One JSON object a line; what is not given is null."""
    encoder = msgspec.json.Encoder()
    for line in lines:
        rounded = msgspec.structs.replace(line, t_s=None if line.t_s is None else round(line.t_s, 6))
        out.write(encoder.encode(rounded).decode() + "\n")


def write_plain(lines: Iterable[DecodedLine], out: TextIO) -> None:
    """Columns for a person; a value that is not valid says why, one that was not given is `--`."""
    for line in lines:
        value = _number(line.value) or ("" if line.metric == "status" else "--")
        remark = line.detail if line.valid or line.detail or line.metric == "status" else "not valid"
        out.write(f"{_time(line):>12} {line.metric:<16} {value:>8} {line.unit:<5} {remark}".rstrip() + "\n")


def _time(line: DecodedLine) -> str:
    return "" if line.t_s is None else f"{line.t_s:.6f}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return str(int(value)) if value.is_integer() else str(value)
