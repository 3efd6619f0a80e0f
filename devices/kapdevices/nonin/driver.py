"""Driver for Nonin oximeters: recognises the data format from the data, or asks the device for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec

from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts
from kapdevices.framing import Framer
from kapdevices.nonin import commands, frames
from kapdevices.nonin.single import Df8Decoder, Df13Decoder
from kapdevices.nonin.stream import StreamDecoder
from kapdevices.readings import DeviceStatus, Reading

FORMATS = ("df2", "df7", "df8", "df13")
SILENCE_S = 2.0
"""A pause after which the rest of a packet is not put together with its beginning. Bluetooth delivers in bursts."""
ASK_EVERY_S = 1.5
ASK_TIMES = 3
"""The device answers a format command only in the first 5 s of a connection."""
HISTORY_BYTES = 1024
LOST_BYTES = 2000
"""Without a good frame in this many bytes the format is looked for anew: another device may be on the line."""

_PROOF = {"df2": 10, "df7": 26, "df8": 5, "df13": 1}
"""Gapless good frames before a format is believed. Format 7 has no marker but bit 7, so a whole packet with SYNC;
format 8 has no checksum, so 5 s. Streams of the others cannot look like it for longer than a frame or two."""
_TESTS = {
    "df2": frames.df2_test,
    "df7": frames.df7_test,
    "df8": frames.df8_test,
    "df13": frames.df13_test,
}


class _Decoder(Protocol):
    @property
    def counts(self) -> PacketCounts: ...
    @property
    def good_end(self) -> int: ...
    def pause(self) -> None: ...
    def feed(self, data: bytes) -> list[Reading]: ...


_DECODERS: dict[str, Callable[[], _Decoder]] = {
    "df2": lambda: StreamDecoder("df2"),
    "df7": lambda: StreamDecoder("df7"),
    "df8": Df8Decoder,
    "df13": Df13Decoder,
}


class Recogniser:
    """Finds out which format a stream is in: all frame tests look at the same bytes until one has its proof."""

    def __init__(self) -> None:
        self._framers = {name: Framer(test, limit=128) for name, test in _TESTS.items()}
        self._runs = dict.fromkeys(_TESTS, 0)
        self._ends = dict.fromkeys(_TESTS, 0)
        self._synced = dict.fromkeys(_TESTS, False)

    def feed(self, byte: bytes) -> str | None:
        """Take the next byte; give the format's name once it is sure."""
        for name, framer in self._framers.items():
            for packet in framer.feed(byte):
                if frames.is_aside(packet.data):
                    continue
                if packet.offset != self._ends[name]:
                    self._runs[name], self._synced[name] = 0, False
                self._runs[name] += 1
                self._ends[name] = packet.end
                self._synced[name] |= name != "df7" or bool(packet.data[0] & frames.SYNC)
                if name == "df13" and frames.spot_check(packet.data) is None:
                    self._runs[name] = 0
                if self._runs[name] >= _PROOF[name] and self._synced[name]:
                    return name
        return None


class NoninDriver:
    """One Nonin oximeter. `format` None recognises the data format; a name asks the device for it and reads only it.

    Format names: `df2`, `df7`, `df8`, `df13`. Raises ValueError for any other (format 1 is not implemented: its
    layout has not been seen).
    """

    def __init__(self, format: str | None = None) -> None:
        if format is not None and format not in FORMATS:
            raise ValueError(f"unknown Nonin data format {format!r}; known: {', '.join(FORMATS)}")
        self._asked = format
        self._asked_times = 0
        self._ask_at_s: float | None = None
        self._heard_at_s: float | None = None
        self._before = PacketCounts()
        self._name = format
        self._decoder: _Decoder | None = _DECODERS[format]() if format else None
        self._recogniser = Recogniser()
        self._history = bytearray()
        self._fed = 0
        self._clock: DeviceStatus | None = None

    @property
    def format(self) -> str | None:
        """The format being read; None while it is not known."""
        return self._name

    @property
    def counts(self) -> PacketCounts:
        """Frames good and bad, bytes skipped, since the driver was made; bytes not understood yet are not counted."""
        now = self._decoder.counts if self._decoder else PacketCounts()
        return PacketCounts(
            self._before.good + now.good, self._before.bad + now.bad, self._before.skipped + now.skipped
        )

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes in any pieces; give pleth with every frame, numerics with every whole packet."""
        if not data:
            return []
        if self._decoder and self._heard_at_s is not None and now_s - self._heard_at_s > SILENCE_S:
            self._decoder.pause()
        self._heard_at_s = now_s
        if self._asked:
            assert self._decoder is not None
            answered = self._news(self._decoder.feed(data))
            if answered:
                self._asked_times = ASK_TIMES
            return answered
        readings: list[Reading] = []
        at = 0
        while at < len(data):
            if self._decoder is None:
                readings.extend(self._search(data[at : at + 1]))
                at += 1
                continue
            # no more than the bytes after which the search would begin anew, so that pieces make no difference
            piece = data[at : at + LOST_BYTES - (self._fed - self._decoder.good_end)]
            at += len(piece)
            self._fed += len(piece)
            readings.extend(self._news(self._decoder.feed(piece)))
            if self._fed - self._decoder.good_end >= LOST_BYTES:
                self._before = self.counts
                self._start_search()
                readings.append(DeviceStatus("format-lost", "the line no longer carries the oximeter's data format"))
        return readings

    def transmit(self, now_s: float) -> bytes:
        """The format command, when a format was asked for and nothing has been read yet; otherwise nothing."""
        if self._asked is None or self._asked_times == ASK_TIMES:
            return b""
        if self._ask_at_s is not None and now_s < self._ask_at_s:
            return b""
        self._asked_times += 1
        self._ask_at_s = now_s + ASK_EVERY_S
        return commands.set_format(self._asked)

    def command(self, command: DeviceCommand, now_s: float) -> None:
        """Raises NotPossible: an oximeter has no cuff."""
        raise NotPossible("this device is a pulse oximeter and has no cuff")

    def farewell(self) -> bytes:
        """Nothing: the device only talks."""
        return b""

    def _news(self, readings: list[Reading]) -> list[Reading]:
        """Without what is no news: the clock said again, a refusal of a command that this driver did not send."""
        news: list[Reading] = []
        for reading in readings:
            if isinstance(reading, DeviceStatus):
                if reading.code == "command-refused" and self._asked is None:
                    continue
                if reading.code == "device-clock":
                    if reading == self._clock:
                        continue
                    self._clock = reading
            news.append(reading)
        return news

    def _start_search(self) -> None:
        self._name, self._decoder = None, None
        self._recogniser = Recogniser()
        self._history = bytearray()
        self._fed = 0

    def _search(self, byte: bytes) -> list[Reading]:
        self._history += byte
        name = self._recogniser.feed(byte)
        if name is None:
            if len(self._history) > HISTORY_BYTES:
                del self._history[0]
                skipped = self._before.skipped + 1
                self._before = msgspec.structs.replace(self._before, skipped=skipped)
            return []
        self._name, self._decoder = name, _DECODERS[name]()
        history, self._history, self._fed = bytes(self._history), bytearray(), len(self._history)
        found = DeviceStatus("format-recognised", f"Nonin data format {name.removeprefix('df')}")
        return [found, *self._news(self._decoder.feed(history))]
