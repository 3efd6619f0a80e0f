"""Frames and records of the S/5 computer interface: pure functions over bytes, both directions.

A frame is `7E record check 7E`; the check is the sum of the record modulo 256. Inside, 7E is sent as `7D 5E` and 7D as
`7D 5D`, the check included. Numbers are little endian. Source: GE M1017617 "S/5 Computer Interface Specification" and
8005313 "Datex-Ohmeda Record Specification" (12th editions, 2020).
"""

from __future__ import annotations

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE

FLAG, ESCAPE = 0x7E, 0x7D
ESCAPED_FLAG, ESCAPED_ESCAPE = b"\x7d\x5e", b"\x7d\x5d"

HEADER_BYTES = 40
LONGEST_RECORD = 1490
LONGEST_FRAME = 2 * (LONGEST_RECORD + 1) + 2
"""Every byte escaped, and two flags."""

DESCRIPTORS_AT, DESCRIPTORS = 16, 8
LAST = 0xFF
"""Type of the descriptor that ends the list; what follows it is rubbish and not zero."""

NUMERICS, WAVES = 0, 1
"""Main types that this driver reads; 4 is alarms, 5 network, 8 events."""


class Part(msgspec.Struct, frozen=True):
    """One subrecord: its type (for numerics 1 displayed, 2 and 3 trends; for waves the wave's id) and its bytes."""

    type: int
    data: bytes


class Record(msgspec.Struct, frozen=True):
    """One record. `level` is the version of the interface, 0 in a request of a host; `time_s` is Unix time."""

    level: int
    plug: int
    time_s: int
    main: int
    parts: tuple[Part, ...]


def frame_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test: from flag to flag; two frames may share one. A flag that only fills time is a packet of one byte."""
    if buffer[at] == FLAG:
        start = at + 1
        if start == len(buffer):
            return MORE
        if buffer[start] == FLAG:
            return 1 if locked else NOT_HERE
    elif locked:
        start = at
    else:
        return NOT_HERE
    end = buffer.find(FLAG, start, at + LONGEST_FRAME)
    if end < 0:
        return MORE if len(buffer) - at < LONGEST_FRAME else NOT_HERE
    return end + 1 - at if record_bytes(bytes(buffer[start:end])) else BAD


def record_bytes(inside: bytes) -> bytes:
    """The record from what stands between two flags; empty when escapes, check or length do not hold."""
    escapes = inside.count(ESCAPE)
    if escapes:
        if escapes != inside.count(ESCAPED_FLAG) + inside.count(ESCAPED_ESCAPE):
            return b""
        inside = inside.replace(ESCAPED_FLAG, b"\x7e").replace(ESCAPED_ESCAPE, b"\x7d")
    record = inside[:-1]
    if not HEADER_BYTES <= len(record) <= LONGEST_RECORD or int.from_bytes(record[:2], "little") != len(record):
        return b""
    return record if sum(record) & 0xFF == inside[-1] else b""


def frame(record: bytes) -> bytes:
    """A record on the wire: check, escapes, flags."""
    inside = record + bytes((sum(record) & 0xFF,))
    escaped = inside.replace(b"\x7d", ESCAPED_ESCAPE).replace(b"\x7e", ESCAPED_FLAG)
    return bytes((FLAG,)) + escaped + bytes((FLAG,))


def parse(packet: bytes) -> Record | None:
    """The record of a packet that `frame_test` found; None for a filling flag or a list of parts that cannot be."""
    if len(packet) <= 1:
        return None
    record = record_bytes(packet[1 if packet[0] == FLAG else 0 : -1])
    if not record:
        return None
    listed: list[tuple[int, int]] = []
    for place in range(DESCRIPTORS_AT, DESCRIPTORS_AT + 3 * DESCRIPTORS, 3):
        kind = record[place + 2]
        if kind == LAST:
            break
        offset = int.from_bytes(record[place : place + 2], "little")
        if HEADER_BYTES + offset > len(record) or (listed and offset <= listed[-1][0]):
            return None
        listed.append((offset, kind))
    ends = [offset for offset, _ in listed[1:]] + [len(record) - HEADER_BYTES]
    return Record(
        level=record[3],
        plug=int.from_bytes(record[4:6], "little"),
        time_s=int.from_bytes(record[6:10], "little"),
        main=int.from_bytes(record[14:16], "little"),
        parts=tuple(
            Part(kind, record[HEADER_BYTES + offset : HEADER_BYTES + end])
            for (offset, kind), end in zip(listed, ends, strict=False)
        ),
    )


def header(length: int, main: int, parts: list[tuple[int, int]], *, level: int = 0, rest: bytes = b"") -> bytes:
    """The 40 bytes before the parts, all else zero. `parts` are (offset, type); `rest` fills the unused descriptors."""
    descriptors = b"".join(offset.to_bytes(2, "little") + bytes((kind,)) for offset, kind in parts)
    if len(parts) < DESCRIPTORS:
        descriptors += b"\x00\x00" + bytes((LAST,)) + rest
    head = length.to_bytes(2, "little") + bytes((0, level)) + bytes(10) + main.to_bytes(2, "little")
    return head + descriptors[: 3 * DESCRIPTORS].ljust(3 * DESCRIPTORS, b"\x00")
