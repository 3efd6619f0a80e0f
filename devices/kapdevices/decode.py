"""From bytes to lines of text in constant memory: the core of `kapconsole decode`.

Input is a capture (times are the capture's), plain bytes (times are counted from the samples of a waveform, where the
device sends one) or text with hexadecimal bytes. A line is one value, one sample or one word of the device.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Literal, TextIO

import msgspec

from kapdevices.capture import MAGIC, CaptureReader
from kapdevices.driver import Driver
from kapdevices.readings import UNITS, Numeric, Reading, SampleArray

READ_SIZE = 65536
# A driver joins the samples of one call. Small pieces keep numerics in their place between them.
PIECE_BYTES = 16
PEEK_BYTES = 64
LINE_BYTES = 4096
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


def decode(chunks: Iterable[Chunk], driver: Driver, line_rate_hz: float = 960.0) -> Iterator[DecodedLine]:
    """Feed chunks (time in seconds or None, bytes) to a driver and give its readings as lines.

    `line_rate_hz` is the line's speed in bytes a second (9600 baud 8N1: 960); it is the driver's clock for bytes
    without times. How well the bytes were understood is in `driver.counts` at the end. Raises what `chunks` raises.
    """
    samples_s: float | None = None
    taken = 0
    for t_s, data in chunks:
        for at in range(0, len(data), PIECE_BYTES):
            piece = data[at : at + PIECE_BYTES]
            taken += len(piece)
            now_s = taken / line_rate_hz if t_s is None else t_s
            for reading in driver.receive(piece, now_s):
                if isinstance(reading, SampleArray) and t_s is None:
                    start_s = samples_s or 0.0
                    samples_s = start_s + len(reading.samples) / reading.rate_hz
                    yield from _samples(reading, start_s)
                elif isinstance(reading, SampleArray) and t_s is not None:
                    yield from _samples(reading, t_s - (len(reading.samples) - 1) / reading.rate_hz)
                else:
                    yield single_line(reading, samples_s if t_s is None else t_s)


def _samples(array: SampleArray, start_s: float) -> Iterator[DecodedLine]:
    unit, valid = UNITS[array.metric], not array.quality
    for index, sample in enumerate(array.samples):
        t_s = start_s + index / array.rate_hz
        yield DecodedLine(t_s, array.metric, float(sample), unit, valid, array.quality)


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
