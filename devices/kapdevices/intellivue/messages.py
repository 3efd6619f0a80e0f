"""Messages of the IntelliVue data export protocol: what the host sends, and the structure of what it gets.

All numbers are big endian. Sources: the host messages are identical in two public drivers (VSCaptureMP, JVSCapture),
the layout of replies in three. Only what is needed to ask for numerics and waves is here; nothing writes to a monitor.
"""

from __future__ import annotations

import msgspec

ACCEPT, REFUSE, ABORT, RELEASED, RELEASE, EXPORT = 0x0E, 0x0C, 0x19, 0x0A, 0x09, 0xE1
"""First byte of a message."""

_INVOKE, _RESULT, _ERROR, _LINKED = 1, 2, 3, 5
_CONFIRMED_EVENT, _ACTION = 1, 7
_POLL, _POLL_EXTENDED, _MDS_CREATED = 0x0C16, 0xF13B, 0x0D06
LINKED_FIRST, LINKED_MIDDLE, LINKED_LAST = 1, 2, 3
NUMERICS, WAVES = 6, 9
"""Code of the polled objects."""

ASSOCIATE = bytes.fromhex(
    "0DFF012805081301001601028000140200 02C1FF0116 3180A080 80010100 00A280A0 03000001 A4803080 02010106 04520100"
    "01308006 02510100 00000030 80020102 060C2A86 48CE1402 01000000 01013080 060C2A86 48CE1402 01000000 02010000"
    "00000000 61803080 020101A0 806080A1 80060C2A 8648CE14 02010000 00030100 00BE8028 80060C2A 8648CE14 02010000"
    "00010102 01028182 00808000 00004000 00000000 00008000 00002000 00000000 00000002 00640001 00288000 00000000"
    "0FA00000 05B00000 05B0FFFF FFFF6000 00000001 000CF001 00088E00 00000000 00000102 00340006 00300001 00210000"
    "00010001 00060000 00C90001 00090000 003C0001 00050000 00100001 002A0000 00010001 00360000 0001"
    "00000000 00000000 00000000 00000000"
)
"""Association request with extended polling and waves."""
RELEASE_REQUEST = bytes.fromhex("0918C1166180308002010 1A080628080010000000000000000 00".replace(" ", ""))
POLL_NUMERICS = bytes.fromhex("E1000002000100200001 0007001A 0021000000000000 0000F13B000C 0001 00010006 0000 00000000")
POLL_WAVES = bytes.fromhex(
    "E1000002000100280004 00070022 0021000000000000 0000F13B0014 0003 00010009 0000 00010008 F13E0004 00493E00"
)
"""Waves are then sent without further asking for 600 s (4 800 000 ticks of 1/8 ms)."""


def mds_result(invoke_id: int) -> bytes:
    """Answer to the event that announces the monitor: without it no poll is answered."""
    head, tail = bytes.fromhex("E10000020002 0014"), bytes.fromhex("0001000E0021000000000048 47000D060000")
    return head + invoke_id.to_bytes(2, "big") + tail


class Cut(Exception):
    """A message ends before its own lengths say, or says two different things about its length."""


class Cursor:
    """Reads big-endian numbers and pieces from bytes. Raises Cut at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes that are left."""
        return len(self._data) - self._at

    def take(self, length: int) -> bytes:
        """The next bytes."""
        if length > self.left:
            raise Cut
        self._at += length
        return self._data[self._at - length : self._at]

    def number(self, length: int = 2) -> int:
        """The next unsigned number."""
        return int.from_bytes(self.take(length), "big")

    def text(self) -> str:
        """All that is left, as printable text."""
        text = self.take(self.left).decode("ascii", "replace")
        return "".join(letter for letter in text if letter.isascii() and letter.isprintable()).strip()

    def piece(self) -> Cursor:
        """The next piece with its length of two bytes before it."""
        return Cursor(self.take(self.number()))

    def whole(self) -> Cursor:
        """Like `piece`, for one that must be all that is left. Raises Cut when it is not."""
        piece = self.piece()
        if self.left:
            raise Cut
        return piece


class Object(msgspec.Struct, frozen=True):
    """One object of the monitor: context and handle are its name, attributes come as id and bytes."""

    key: tuple[int, int]
    attributes: tuple[tuple[int, bytes], ...]


class Poll(msgspec.Struct, frozen=True):
    """A reply to a poll, or a part of one: `linked` is 0 for a single reply, else first, middle or last.

    `ticks` is the monitor's time in 1/8 ms; `polled` is the code of the polled objects.
    """

    linked: int
    ticks: int
    polled: int
    objects: tuple[Object, ...]


class Created(msgspec.Struct, frozen=True):
    """The monitor announces itself: attributes of the system at `ticks`."""

    invoke_id: int
    ticks: int
    attributes: tuple[tuple[int, bytes], ...]


class Refused(msgspec.Struct, frozen=True):
    """The monitor refuses an operation; `error` is its number."""

    error: int


def read_export(payload: bytes) -> Poll | Created | Refused | None:
    """What an export message (first byte E1) says; None for what this host has not asked for. Raises Cut."""
    cursor = Cursor(payload)
    if cursor.take(4) != b"\xe1\x00\x00\x02":
        return None
    kind = cursor.number()
    body = cursor.whole()
    linked = 0
    if kind == _LINKED:
        linked = body.number(1)
        body.number(1)
    elif kind == _ERROR:
        body.number()
        return Refused(body.number())
    elif kind not in (_INVOKE, _RESULT):
        return None
    invoke_id, command, data = body.number(), body.number(), body.whole()
    data.take(6)
    if kind == _INVOKE and command == _CONFIRMED_EVENT:
        ticks, event = data.number(4), data.number()
        said = data.whole()
        if event != _MDS_CREATED:
            return None
        said.take(6)
        return Created(invoke_id, ticks, attributes(said))
    if kind != _INVOKE and command == _ACTION:
        return _poll(linked, data)
    return None


def _poll(linked: int, data: Cursor) -> Poll | None:
    action = data.number()
    reply = data.whole()
    if action not in (_POLL, _POLL_EXTENDED):
        return None
    reply.take(2 if action == _POLL else 4)
    ticks = reply.number(4)
    reply.take(8)
    partition, code = reply.number(), reply.number()
    reply.number()
    if partition != 1:
        return None
    count = reply.number()
    contexts = reply.whole()
    objects: list[Object] = []
    for _ in range(count):
        context, n_objects, inside = contexts.number(), contexts.number(), contexts.piece()
        for _ in range(n_objects):
            handle = inside.number()
            objects.append(Object((context, handle), attributes(inside)))
        if inside.left:
            raise Cut
    if contexts.left:
        raise Cut
    return Poll(linked, ticks, code, tuple(objects))


def attributes(cursor: Cursor) -> tuple[tuple[int, bytes], ...]:
    """An attribute list: count, length, then id, length and bytes of each. Raises Cut."""
    count, inside = cursor.number(), cursor.piece()
    found = []
    for _ in range(count):
        name = inside.number()
        found.append((name, inside.take(inside.number())))
    if inside.left:
        raise Cut
    return tuple(found)
