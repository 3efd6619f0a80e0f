"""What room and client display say to each other: msgpack with a length before it, over the display's own pipes."""

from __future__ import annotations

import struct
from typing import BinaryIO

import msgspec

from kapconsole.bilateral.events import SetAsked, SetChanged, StopAsked
from kapconsole.clock import ClockFrame

_LENGTH = struct.Struct("<I")
LONGEST = 1 << 20


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The first message: the session's clock, and which screen is the client's. Said again when either is another.

    `screen`: its name as the system gives it; empty: no client screen is set. `window`: a small window on any screen
    instead of a whole screen, for the demo.
    """

    frame: ClockFrame
    screen: str = ""
    window: bool = False


class LookFor(msgspec.Struct, frozen=True, tag="look-for"):
    """Tell which screens there are."""


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """The room lives, ten times a second during a set: without it for half a second the light ends with its pass."""


class Picture(msgspec.Struct, frozen=True, tag="picture"):
    """Show a still picture for the set-up: none (dark), left, right, middle, or a bar as wide as a bank card."""

    what: str
    card_px: float = 0.0


class ScreenSeen(msgspec.Struct, frozen=True):
    """A screen of this machine; sizes in pixels and, as far as the system knows, in mm (often wrong)."""

    name: str
    width_px: int
    height_px: int
    width_mm: float
    height_mm: float
    refresh_hz: float
    primary: bool


class Screens(msgspec.Struct, frozen=True, tag="screens"):
    """The screens there are now. `showing`: the one that the display is on; empty: on none, and `text` says why."""

    screens: tuple[ScreenSeen, ...]
    showing: str
    text: str


class Shown(msgspec.Struct, frozen=True, tag="shown"):
    """How a set went on the screen, at its end.

    `frames` shown; `dropped`: refreshes without a new frame, `dropped_run` the most in a row; `gap_ms`: the longest
    time between two frames; `error_ms`: how far the moments of the frames lay from those they were drawn for, mean
    and largest. `dark_us`: session time at which the first dark frame after it was handed to the screen; 0: none was.
    """

    set_id: int
    frames: int
    dropped: int
    dropped_run: int
    gap_ms: float
    error_ms: float
    error_max_ms: float
    dark_us: int = 0


class Living(msgspec.Struct, frozen=True, tag="living"):
    """The display draws, several times a second during a set that it shows."""

    set_id: int


class Signalled(msgspec.Struct, frozen=True, tag="signalled"):
    """The display has gone dark by itself: a key, a click, a closed window, a screen that went away, a lost room.

    `fault`: True when it was not a person's wish.
    """

    set_id: int
    why: str
    fault: bool


ToDisplay = Begin | LookFor | Alive | Picture | SetAsked | SetChanged | StopAsked
FromDisplay = Screens | Shown | Living | Signalled

_encode = msgspec.msgpack.Encoder().encode
_decode_to = msgspec.msgpack.Decoder(ToDisplay).decode
_decode_from = msgspec.msgpack.Decoder(FromDisplay).decode


def write(stream: BinaryIO, message: ToDisplay | FromDisplay) -> None:
    """Send one message. Raises OSError or ValueError when the other end is gone."""
    data = _encode(message)
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def read_order(stream: BinaryIO) -> ToDisplay | None:
    """The display's next order; None when the room is gone. Raises msgspec.DecodeError."""
    data = _read(stream)
    return None if data is None else _decode_to(data)


def read_report(stream: BinaryIO) -> FromDisplay | None:
    """The room's next report; None when the display is gone. Raises msgspec.DecodeError."""
    data = _read(stream)
    return None if data is None else _decode_from(data)


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LONGEST:
        return None
    data = stream.read(length)
    return data if len(data) == length else None
