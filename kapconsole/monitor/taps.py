"""Watching a device's bytes and keeping them in a file: what the devices window asks of the monitor.

All of it happens on the monitor's own thread but the tap itself, which only puts the bytes into the monitor's inbox,
in order before the readings that they lead to. Nothing is tapped while nobody watches.
"""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from kapconsole import events as ev
from kapconsole.paths import FolderTrouble
from kapconsole.session.words import readings_text, size_text
from kapconsole.wire import BytesSeen, CaptureStatus, CaptureWanted, Message, WatchBytes
from kapdevices.capture import CaptureWriter, Direction
from kapdevices.link import Link, LinkReadings, LinkReport
from kapdevices.readings import Reading

TURN_S = 0.2
A_TURN = 2
"""Messages in a turn: ten a second. Bytes of one direction are joined, so that asking and answering both show."""

SETTLED_S = 0.05
"""Bytes wait this long for the readings that they lead to."""

BYTES_LIMIT = 512
CAPTURE_LIMIT_BYTES = 64 * 1024 * 1024
"""More than an hour of the fastest line (115200 baud), more than half a day of a pulse oximeter."""

FREE_BYTES = 1024 * 1024 * 1024
"""A capture never begins on a disk that the session may need for itself."""

STATUS_EVERY_S = 1.0


class Sends(Protocol):
    """A peer on the wire."""

    def send(self, message: Message) -> None:
        """Queue a message; never blocks."""
        ...


class Tapped:
    """Bytes on their way from a link's thread to the monitor's; only the newest of a long run."""

    __slots__ = ("data", "direction", "mono_us", "size", "source")

    def __init__(self, source: int, mono_us: int, direction: Direction, data: bytes) -> None:
        self.source = source
        self.mono_us = mono_us
        self.direction = direction
        self.data = data[-BYTES_LIMIT:]
        self.size = len(data)


class _Run:
    """Bytes of one direction that will be one message, with the readings that they led to."""

    def __init__(self, tapped: Tapped) -> None:
        self.first_us = self.last_us = tapped.mono_us
        self.direction = tapped.direction
        self.data = b""
        self.size = 0
        self.missed = 0  # bytes before these that were let go
        self.readings: list[Reading] = []
        self.join(tapped)

    def join(self, tapped: Tapped) -> None:
        self.data = (self.data + tapped.data)[-BYTES_LIMIT:]
        self.size += tapped.size
        self.last_us = tapped.mono_us


class _Watch:
    """One watched device: who watches, and what was not told yet."""

    def __init__(self) -> None:
        self.peers: list[Sends] = []
        self.runs: deque[_Run] = deque()
        self.sealed: list[_Run] = []  # no bytes are added, but their readings may still be on their way
        self.sealed_s = 0.0

    def saw(self, tapped: Tapped) -> None:
        if self.runs and self.runs[-1].direction == tapped.direction:
            self.runs[-1].join(tapped)
            return
        self.runs.append(_Run(tapped))
        if len(self.runs) > A_TURN:
            gone = self.runs.popleft()
            self.runs[0].missed += gone.missed + gone.size

    def understood(self, report: LinkReadings) -> None:
        for run in (*self.sealed, *self.runs):
            if run.direction == "r" and run.first_us <= report.mono_us <= run.last_us:
                run.readings.extend(report.readings)
                return

    def due(self, now_s: float) -> list[_Run]:
        """What is to be told now."""
        if not self.sealed and self.runs and now_s - self.sealed_s >= TURN_S:
            self.sealed = list(self.runs)
            self.sealed_s = now_s
            self.runs.clear()
        elif self.sealed and now_s - self.sealed_s >= SETTLED_S:
            told, self.sealed = self.sealed, []
            return told
        return []


class Taps:
    """Who watches which device, and which captures run. `put` passes bytes to the monitor's thread."""

    def __init__(
        self,
        links: Mapping[int, Link],
        open_capture: Callable[[int], CaptureWriter],
        put: Callable[[Tapped], None],
        fact: Callable[[ev.Body, str], None],
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """`open_capture` makes the file for a source, raising OSError or FolderTrouble; `fact` records an event."""
        self._links = links
        self._open_capture = open_capture
        self._put = put
        self._fact = fact
        self._free_bytes = free_bytes
        self._watches: dict[int, _Watch] = {}
        self._status_due_s = 0.0

    def ask(self, peer: Sends, message: WatchBytes | CaptureWanted, actor: str = "console") -> None:
        """A console watches, looks away, starts or ends a capture. The answer is a CaptureStatus."""
        link = self._links.get(message.source)
        if link is None:
            peer.send(CaptureStatus(message.source, False, text="there is no such device in this session"))
            return
        if isinstance(message, CaptureWanted):
            text = self._start(message.source, link, actor) if message.on else self._end(message.source, link, actor)
            self._tell(message.source, text, also=peer)
        elif message.on:
            watch = self._watches.setdefault(message.source, _Watch())
            if peer not in watch.peers:
                watch.peers.append(peer)
            link.tap = self._tap(message.source)
            counts = link.counts
            peer.send(BytesSeen(message.source, 0, "r", b"", "", 0, counts.good, counts.bad, counts.skipped))
            peer.send(self._status(message.source))
        else:
            self._unwatch(message.source, peer)

    def gone(self, peer: Sends) -> None:
        """A peer has left."""
        for source in tuple(self._watches):
            self._unwatch(source, peer)

    def saw(self, tapped: Tapped) -> None:
        """Bytes that passed a port."""
        watch = self._watches.get(tapped.source)
        if watch is not None:
            watch.saw(tapped)

    def understood(self, source: int, report: LinkReport) -> None:
        """What the driver made of the bytes before."""
        watch = self._watches.get(source)
        if watch is not None and isinstance(report, LinkReadings):
            watch.understood(report)

    def on_time(self, now_s: float) -> None:
        """Tell what is due; end a capture that is full."""
        for source, watch in self._watches.items():
            self._show(source, watch, now_s)
        if now_s < self._status_due_s:
            return
        self._status_due_s = now_s + STATUS_EVERY_S
        for source, link in self._links.items():
            writer = link.capture
            if writer is None:
                continue
            if writer.full or writer.trouble:
                why = writer.trouble or f"{size_text(writer.limit_bytes)} reached, {writer.path.name} is complete"
                self._tell(source, self._end(source, link, "monitor", why))
            elif source in self._watches:
                self._tell(source, "")

    def close(self) -> None:
        """Stop watching and end every capture; the links are closed."""
        self._watches.clear()
        for link in self._links.values():
            link.tap = None
            if link.capture is not None:
                link.capture.close()

    def _tap(self, source: int) -> Callable[[int, Direction, bytes], None]:
        def tap(mono_us: int, direction: Direction, data: bytes) -> None:
            self._put(Tapped(source, mono_us, direction, data))

        return tap

    def _unwatch(self, source: int, peer: Sends) -> None:
        watch = self._watches.get(source)
        if watch is None or peer not in watch.peers:
            return
        watch.peers.remove(peer)
        if not watch.peers:
            del self._watches[source]
            self._links[source].tap = None

    def _show(self, source: int, watch: _Watch, now_s: float) -> None:
        counts = self._links[source].counts
        for run in watch.due(now_s):
            missed = run.missed + run.size - len(run.data)
            words = readings_text(run.readings)
            seen = BytesSeen(
                source, run.first_us, run.direction, run.data, words, missed, counts.good, counts.bad, counts.skipped
            )
            for peer in watch.peers:
                peer.send(seen)

    def _start(self, source: int, link: Link, actor: str) -> str:
        if link.capture is not None:
            return ""
        try:
            writer = self._open_capture(source)
        except (OSError, FolderTrouble) as trouble:
            return f"no capture: {getattr(trouble, 'strerror', None) or trouble}"
        if self._free_bytes(writer.path.parent) < FREE_BYTES:
            writer.close()
            writer.path.unlink(missing_ok=True)
            return f"no capture: less than {size_text(FREE_BYTES)} free on the disk, which the session may need"
        link.capture = writer
        self._fact(ev.CaptureChanged(source, True, writer.path.name), actor)
        return ""

    def _end(self, source: int, link: Link, actor: str, why: str = "") -> str:
        writer, link.capture = link.capture, None
        if writer is None:
            return ""
        writer.close()
        text = why or f"{writer.path.name}, {size_text(writer.written_bytes)}"
        self._fact(ev.CaptureChanged(source, False, text), actor)
        return why or f"kept: {writer.path}, {size_text(writer.written_bytes)}"

    def _status(self, source: int, text: str = "") -> CaptureStatus:
        writer = self._links[source].capture
        if writer is None:
            return CaptureStatus(source, False, limit_bytes=CAPTURE_LIMIT_BYTES, text=text)
        return CaptureStatus(source, True, str(writer.path), writer.written_bytes, writer.limit_bytes, text)

    def _tell(self, source: int, text: str, also: Sends | None = None) -> None:
        status = self._status(source, text)
        watch = self._watches.get(source)
        for peer in dict.fromkeys([*(watch.peers if watch else []), *([also] if also else [])]):
            peer.send(status)
