"""The download of an old Contec's memory: ask, read, send back to live, and again until two transfers are alike.

Nothing protects a stored value, so none counts that came once. After four transfers it is given up with a word.
"""

from __future__ import annotations

from enum import Enum, auto

from kapdevices.driver import PacketCounts
from kapdevices.five_byte.packets import ASK_STORED, BACK_TO_LIVE
from kapdevices.five_byte.stored import Record, StoredReader, readings_of
from kapdevices.readings import DeviceStatus, Reading

LISTEN_S = 0.5
BEGIN_WITHIN_S = 5.0
STALL_S = 2.0
TRANSFERS = 4


class Phase(Enum):
    """Where the download stands."""

    WAITING = auto()
    READING = auto()
    RETURNING = auto()
    DONE = auto()


class MemorySession:
    """Decides what is sent and takes the bytes of a transfer; all others are live and are given back."""

    def __init__(self) -> None:
        self._phase = Phase.WAITING
        self._due_s: float | None = None
        self._reader = StoredReader()
        self._before: Record | None = None
        self._settled = False
        self._transfers = 0
        self._past = PacketCounts()
        self._news: list[Reading] = []

    @property
    def counts(self) -> PacketCounts:
        """Stored seconds, broken transfers, and bytes passed over while a record was looked for."""
        past, reader = self._past, self._reader
        return PacketCounts(past.good + reader.good, past.bad + reader.broken, past.skipped + reader.skipped)

    def transmit(self, now_s: float) -> bytes:
        """The request, or the way back to live, or nothing."""
        if self._phase is Phase.DONE:
            return b""
        if self._due_s is None:
            self._due_s = now_s + LISTEN_S
        if now_s < self._due_s:
            return b""
        if self._phase is Phase.WAITING:
            self._past, self._reader = self.counts, StoredReader()
            self._transfers += 1
            self._phase, self._due_s = Phase.READING, now_s + BEGIN_WITHIN_S
            return ASK_STORED
        if self._phase is Phase.READING:
            self._judge()  # stalled
        self._phase, self._due_s = Phase.DONE if self._settled else Phase.WAITING, now_s + LISTEN_S
        return BACK_TO_LIVE

    def take(self, data: bytes, now_s: float) -> bytes:
        """Take what arrived; give back what is not of the memory."""
        if self._phase is not Phase.READING or not data:
            return data
        rest = self._reader.feed(data)
        if self._reader.record is not None or self._reader.broken:
            self._judge()
            self._phase, self._due_s = Phase.RETURNING, now_s
        elif self._reader.begun:
            self._due_s = now_s + STALL_S
        return rest

    def news(self) -> list[Reading]:
        """What was found since the last call."""
        news, self._news = self._news, []
        return news

    def _judge(self) -> None:
        """The transfer has ended: give the record, or ask once more, or give it up."""
        record = self._reader.record
        if record is not None and record == self._before:
            self._settled = True
            self._news = readings_of(record)
            text = f"read {len(record.seconds)} s from the oximeter's memory"
            self._news.append(DeviceStatus("download-done", text))
        elif self._transfers >= TRANSFERS:
            self._settled = True
            text = "the oximeter's memory could not be read: it is empty, or the line is damaged"
            self._news.append(DeviceStatus("download-failed", text))
        self._before = record or self._before
