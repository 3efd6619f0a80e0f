"""The memory of an old Contec: three headers, a length, one value a second; pure, fed by hand.

The device keeps talking live until it obeys, so the begin is looked for: two of the three headers must agree, the
length must divide by 3, and data must follow at once. Inside the data every byte has its place; the first that has not
ends it. Sources: atbrask/CMS50Dplus, SleepyHead's cms50_loader, Yujia-Yan/CMS50SerialProtocolKit.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from kapdevices.five_byte.packets import NO_PULSE_RATE, NO_SPO2
from kapdevices.readings import Metric, Numeric, Quality, Reading

TRIO = 3
MAX_BYTES = 7 * 86400 * TRIO
SEARCH_BYTES = 64
"""The begin is looked for in the last bytes only, after each byte: so pieces make no difference."""

_BEGIN = re.compile(
    rb"\xf2([\x80-\xff])([\x80-\xff]|\x00)"  # a header: hour, minute
    rb".{0,8}?\xf2\1\2"  # one that agrees
    rb".{0,8}?([\x80-\xff])([\x80-\xff])([\x00-\x7f])"  # the length
    rb"(?=[\xf0\xf1][\x80-\xff][\x00-\x7f])",
    re.DOTALL,
)


class Record(msgspec.Struct, frozen=True):
    """One record: `seconds` are (SpO2, pulse rate); `clock` is hour and minute of its header, None without a clock."""

    seconds: tuple[tuple[int, int], ...]
    clock: tuple[int, int] | None


class StoredReader:
    """Takes what comes after the request. `record` is there when it is whole, `broken` when it cannot become so."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._left: int | None = None
        self._seconds: list[tuple[int, int]] = []
        self._clock: tuple[int, int] | None = None
        self.record: Record | None = None
        self.broken = False
        self.good = 0
        self.skipped = 0

    def feed(self, data: bytes) -> bytes:
        """Take bytes; give back those behind a whole record or from the break on. Not to be fed after either."""
        taken = 0
        while self._left is None and taken < len(data):
            self._buffer += data[taken : taken + 1]
            taken += 1
            self._find_begin()
        self._buffer += data[taken:]
        at = 0
        while self._left and not self.broken and len(self._buffer) - at >= TRIO:
            first, low, spo2 = self._buffer[at : at + TRIO]
            if first & 0xFE != 0xF0 or low < 0x80 or spo2 >= 0x80:
                self.broken = True
            else:
                at += TRIO
                self._left -= 1
                self.good += 1
                self._seconds.append((spo2, (first & 1) << 7 | low & 0x7F))
        del self._buffer[:at]
        if self._left == 0:
            self.record = Record(tuple(self._seconds), self._clock)
        return bytes(self._buffer) if self.record or self.broken else b""

    @property
    def begun(self) -> bool:
        """True once headers and length were understood."""
        return self._left is not None

    def _find_begin(self) -> None:
        for match in _BEGIN.finditer(bytes(self._buffer)):
            high, middle, low = (match[number][0] & 0x7F for number in (3, 4, 5))
            size = (high << 14 | middle << 7 | low) + 1
            if size % TRIO == 0 and size <= MAX_BYTES:
                hour, minute = match[1][0] & 0x7F, match[2][0] & 0x7F
                if match[2] != b"\0" and hour < 24 and minute < 60:
                    self._clock = (hour, minute)
                self._left = size // TRIO
                self.skipped += match.start()
                self.good += 1
                del self._buffer[: match.end()]
                return
        if len(self._buffer) > SEARCH_BYTES:
            self.skipped += len(self._buffer) - SEARCH_BYTES
            del self._buffer[:-SEARCH_BYTES]


def begin_of(seconds: int, clock: tuple[int, int] | None) -> bytes:
    """What a device sends before `seconds` stored seconds: three headers and the length."""
    hour, minute = clock or (0, 0)
    header = bytes((0xF2, 0x80 | hour, 0x80 | minute if clock else 0))
    size = seconds * TRIO - 1
    return header * 3 + bytes((0x80 | size >> 14, 0x80 | size >> 7 & 0x7F, size & 0x7F))


def trio(spo2: int, rate: int) -> bytes:
    """One stored second."""
    return bytes((0xF0 | rate >> 7, 0x80 | rate & 0x7F, spo2))


def readings_of(record: Record) -> list[Reading]:
    """The seconds of a record, never live; with the device's time of day where it has a clock (it sends no date)."""
    readings: list[Reading] = []
    start = None if record.clock is None else datetime(2000, 1, 1, *record.clock)
    for place, (spo2, rate) in enumerate(record.seconds):
        at = None if start is None else f"T{(start + timedelta(seconds=place)).time().isoformat()}"
        for metric, value, missing, fits in (
            (Metric.SPO2, spo2, NO_SPO2, spo2 <= 100),
            (Metric.PULSE_RATE, rate, NO_PULSE_RATE, True),
        ):
            if value in missing:
                readings.append(Numeric(metric, None, Quality.NO_VALUE, live=False, device_time=at))
            else:
                quality = Quality.GOOD if fits else Quality.OUT_OF_RANGE
                readings.append(Numeric(metric, float(value), quality, live=False, device_time=at))
    return readings
