"""Bytes with times, recorded below the driver and played back through it.

The file: one line of JSON, `{"kapdevices-capture":1,"protocol":...,"port":...,"started":...}`, then records until the
end, little endian: u64 time in microseconds of the session clock, u8 direction ('r' received from the device, 'w'
written to it), u32 length, the bytes. A file that ends inside a record has lost only that record.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import msgspec

from kapdevices.ports import PortEnded, PortInfo, PortTrouble

MAGIC = b'{"kapdevices-capture":'
LIMIT_BYTES = 256 * 1024 * 1024
HEADER_LIMIT_BYTES = 4096
RECORD_LIMIT_BYTES = 1024 * 1024
_RECORD = struct.Struct("<QcI")

Direction = Literal["r", "w"]


class CaptureHeader(msgspec.Struct, frozen=True):
    """Where the bytes come from; `started` is UTC as ISO 8601 text."""

    version: int = msgspec.field(name="kapdevices-capture", default=1)
    protocol: str = ""
    port: str = ""
    started: str = ""


class CaptureRecord(msgspec.Struct, frozen=True):
    """Bytes that passed the port together at `mono_us` microseconds of the session clock."""

    mono_us: int
    direction: Direction
    data: bytes


class Capture(msgspec.Struct, frozen=True):
    """A whole capture; `note` says in words what was lost at its end, and is empty when nothing was."""

    header: CaptureHeader
    records: tuple[CaptureRecord, ...]
    note: str


class CaptureWriter:
    """Writes a capture; each record reaches the operating system at once. Stops, and says so, at the size limit.

    May be closed on another thread than the one that writes. A disk that fails ends the capture, never the device.
    """

    def __init__(self, path: Path, header: CaptureHeader, limit_bytes: int = LIMIT_BYTES) -> None:
        """Create the file. Raises FileExistsError rather than overwrite, and OSError."""
        self.path = path
        self.limit_bytes = limit_bytes
        self.full = False
        self.trouble = ""
        """Why nothing is written any more, in words; empty while all is well, and at the size limit."""
        self._lock = threading.Lock()
        self._file = path.open("xb", buffering=0)
        self._written = self._file.write(msgspec.json.encode(header) + b"\n")

    @property
    def written_bytes(self) -> int:
        """Size of the file so far."""
        return self._written

    def write(self, mono_us: int, direction: Direction, data: bytes) -> None:
        """Append what passed the port; nothing once the file is `full`, in trouble or closed."""
        size = _RECORD.size + len(data)
        with self._lock:
            self.full = self.full or self._written + size > self.limit_bytes
            if self.full or self.trouble or self._file.closed or not data:
                return
            try:
                self._file.write(_RECORD.pack(mono_us, direction.encode(), len(data)) + data)
            except OSError as error:
                self.trouble = f"the capture cannot be written: {error.strerror or error}"
            else:
                self._written += size

    def close(self) -> None:
        """End the capture; a second call does nothing."""
        with self._lock:
            self._file.close()


class Source(Protocol):
    """What a capture is read from: an open binary file, or a pipe, which may give less than asked."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; empty at the end."""
        ...

    def readline(self, limit: int, /) -> bytes:
        """One line with its end, at most `limit` bytes."""
        ...


class CaptureReader:
    """Reads a capture record by record in constant memory. `note` tells of a torn end once the end is reached."""

    def __init__(self, stream: Source) -> None:
        """Read the header. Raises ValueError when this is no capture, or of a version that is not known."""
        line = stream.readline(HEADER_LIMIT_BYTES)
        if not line.startswith(MAGIC):
            raise ValueError("not a capture: its first line is no capture header")
        try:
            self.header = msgspec.json.decode(line, type=CaptureHeader)
        except msgspec.DecodeError as error:
            raise ValueError(f"damaged capture header: {error}") from error
        if self.header.version != 1:
            raise ValueError(f"capture version {self.header.version} is not known here")
        self.note = ""
        self._stream = stream

    def __iter__(self) -> Iterator[CaptureRecord]:
        """The records up to the end or up to the first damage."""
        while head := self._read(_RECORD.size):
            if len(head) < _RECORD.size:
                self.note = f"the capture ends inside a record: {len(head)} bytes dropped"
                return
            mono_us, direction, length = _RECORD.unpack(head)
            if direction not in (b"r", b"w") or length > RECORD_LIMIT_BYTES:
                self.note = "the capture is damaged: the rest of it was dropped"
                return
            data = self._read(length)
            if len(data) < length:
                self.note = f"the capture ends inside a record: {len(head) + len(data)} bytes dropped"
                return
            yield CaptureRecord(mono_us, "r" if direction == b"r" else "w", data)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size and (more := self._stream.read(size - len(data))):
            data += more
        return data


def read_capture(path: Path) -> Capture:
    """A whole capture in memory. Raises ValueError when the file is none, and OSError."""
    with path.open("rb") as stream:
        reader = CaptureReader(stream)
        records = tuple(reader)
    return Capture(reader.header, records, reader.note)


class ReplayPort:
    """A port that gives a capture's received bytes again, in the time in which they came. Writes go nowhere."""

    def __init__(
        self,
        path: str,
        now_s: Callable[[], float] | None,
        wait: Callable[[float], object] | None = None,
    ) -> None:
        """Open a capture; `now_s` is the clock that paces it, `wait` lets time pass. Raises PortTrouble."""
        self.name = path
        self.adapter: PortInfo | None = None
        if now_s is None:
            raise PortTrouble(f"{path} is a file: a capture needs a clock to be played back")
        self._now_s = now_s
        self._wait = wait or threading.Event().wait
        try:
            self._file = Path(path).open("rb")  # noqa: SIM115  closed in close()
        except OSError as error:
            raise PortTrouble(f"{path}: {error.strerror}") from error
        try:
            self._reader = CaptureReader(self._file)
        except ValueError as error:
            self._file.close()
            raise PortTrouble(f"{path} cannot be played back: {error}") from error
        self._records = iter(self._reader)
        self._next = self._advance()
        self._first_us = self._next.mono_us if self._next else 0
        self._start_s = now_s()

    def _advance(self) -> CaptureRecord | None:
        return next((record for record in self._records if record.direction == "r"), None)

    def _due_in_s(self, record: CaptureRecord) -> float:
        return (record.mono_us - self._first_us) / 1e6 - (self._now_s() - self._start_s)

    def read(self, timeout_s: float) -> bytes:
        """The record that is due; empty when the next one is further away than `timeout_s`. Raises PortEnded."""
        if self._next is None:
            raise PortEnded(f"{self.name}: the capture has ended. {self._reader.note}".rstrip(". "))
        due_in_s = self._due_in_s(self._next)
        if due_in_s > 0:
            self._wait(min(due_in_s, timeout_s))
        if self._due_in_s(self._next) > 0:
            return b""
        data = self._next.data
        self._next = self._advance()
        return data

    def write(self, data: bytes) -> None:
        """Nothing: the device of a capture cannot hear."""

    def close(self) -> None:
        """See Port."""
        self._file.close()

    def __enter__(self) -> Self:
        """The port itself, closed at the end of the block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
