"""One read/write face for serial ports, network serial servers and played-back captures, with errors in words."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import stat
import sys
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import msgspec
import serial
from serial.tools import list_ports

READ_SIZE = 4096
WRITE_TIMEOUT_S = 0.5
CONNECT_TIMEOUT_S = 2.0
POSIX = sys.platform != "win32"


class PortTrouble(Exception):
    """A port cannot be opened or is gone; the message says why, in words for a person."""


class PortEnded(PortTrouble):
    """A played-back capture has come to its end: there is nothing to wait for."""


class LineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the serial line is set; `baud` in bits a second. Network and capture ports ignore it."""

    baud: int = 9600
    bytesize: Literal[5, 6, 7, 8] = 8
    parity: Literal["N", "E", "O", "M", "S"] = "N"
    stopbits: Literal[1, 2] = 1
    rtscts: bool = False


class PortInfo(msgspec.Struct, frozen=True):
    """A port that the system lists; of a USB adapter also who made it. Text is empty where the system knows none."""

    path: str
    maker: str = ""
    product: str = ""
    serial_number: str = ""
    vid: int | None = None
    pid: int | None = None
    location: str = ""

    def in_words(self) -> str:
        """Maker, product and serial number, as far as the system knows them."""
        return " ".join(part for part in (self.maker, self.product, self.serial_number) if part)


class Port(Protocol):
    """Bytes in and out. Every method raises PortTrouble when the port is gone; silence is not an error."""

    @property
    def name(self) -> str:
        """The path or address that was opened."""
        ...

    @property
    def adapter(self) -> PortInfo | None:
        """The USB adapter behind the port, to find it again under another name; None where there is none."""
        ...

    def read(self, timeout_s: float) -> bytes:
        """What has arrived, at once when there is any; empty after `timeout_s` of silence."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        ...

    def close(self) -> None:
        """Give the port back. Never raises; a second call does nothing."""
        ...


def present_ports() -> list[PortInfo]:
    """The serial ports that the system lists now, sorted by path."""
    return sorted(
        (
            PortInfo(
                path=found.device,
                maker=found.manufacturer or "",
                product=found.product or "",
                serial_number=found.serial_number or "",
                vid=found.vid,
                pid=found.pid,
                location=found.location or "",
            )
            for found in list_ports.comports()
        ),
        key=lambda info: info.path,
    )


def same_adapter(one: PortInfo, other: PortInfo) -> bool:
    """True when both can be the same USB adapter: by serial number, or by product where it has none."""
    if one.vid is None or (one.vid, one.pid) != (other.vid, other.pid):
        return False
    if one.serial_number or other.serial_number:
        return one.serial_number == other.serial_number
    return one.product == other.product


def adapter_at(address: str, ports: Sequence[PortInfo]) -> PortInfo | None:
    """The USB adapter that is at this path now (symbolic links are followed), or None."""
    here = resolved(address)
    return next((info for info in ports if info.vid is not None and resolved(info.path) == here), None)


def locate(address: str, adapter: PortInfo | None, ports: Sequence[PortInfo]) -> str:
    """The path to open for what was at `address`: the same adapter wherever it is now.

    Without a known adapter (pseudo-terminal, network, built-in port) that is `address` itself. Raises PortTrouble when
    another adapter has taken the name, or when several look alike: bytes are never sent to a guess.
    """
    if adapter is None:
        return address
    same = [info for info in ports if same_adapter(info, adapter)]
    here = resolved(address)
    if any(resolved(info.path) == here for info in same):
        return address
    same = [info for info in same if adapter.location and info.location == adapter.location] or same
    if len(same) == 1:
        return same[0].path
    if same:
        names = ", ".join(info.path for info in same)
        raise PortTrouble(f"{len(same)} adapters look like the one that was at {address} ({names}): choose the port")
    other = adapter_at(address, ports)
    if other is not None:
        raise PortTrouble(
            f"{address} is now another adapter ({other.product or 'unnamed'}): "
            f"put back the {adapter.product or 'first'} adapter or choose the port again"
        )
    return address


def open_port(
    address: str,
    line: LineSettings,
    present: Callable[[], Sequence[PortInfo]] = present_ports,
    now_s: Callable[[], float] | None = None,
) -> Port:
    """Open a serial path, a pseudo-terminal, `socket://host:port`, `rfc2217://host:port` or a capture file.

    A serial path is opened raw and for this program alone. `now_s` (seconds, monotonic) paces a capture file and is
    needed for nothing else. Raises PortTrouble with the reason in words.
    """
    if address.startswith("socket://"):
        return SocketPort(address)
    if "://" not in address and os.path.isfile(address):
        # Here and not above: a capture is read through this face, and nothing is imported before it is used.
        from kapdevices.capture import ReplayPort

        return ReplayPort(address, now_s)
    return SerialPort(address, line, present)


class SocketPort:
    """A serial server in the network, or a simulator, that passes bytes unchanged over TCP."""

    def __init__(self, address: str) -> None:
        """Connect to `socket://host:port`. Raises PortTrouble."""
        self.name = address
        self.adapter: PortInfo | None = None
        try:
            parts = urlsplit(address)
            where = (parts.hostname or "", parts.port or 0)
        except ValueError:
            where = ("", 0)
        if not all(where):
            raise PortTrouble(f"{address} names no host and port: write socket://host:port")
        try:
            self._socket = socket.create_connection(where, timeout=CONNECT_TIMEOUT_S)
        except OSError as error:
            raise PortTrouble(in_words(address, error)) from error
        self._socket.settimeout(WRITE_TIMEOUT_S)
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, timeout_s: float) -> bytes:
        """See Port."""
        try:
            if not select.select([self._socket], [], [], timeout_s)[0]:
                return b""
            data = self._socket.recv(READ_SIZE)
        except (OSError, ValueError) as error:
            raise PortTrouble(in_words(self.name, error)) from error
        if not data:
            raise PortTrouble(f"{self.name} has closed the connection")
        return data

    def write(self, data: bytes) -> None:
        """See Port."""
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise PortTrouble(in_words(self.name, error)) from error

    def close(self) -> None:
        """See Port."""
        with contextlib.suppress(OSError):
            self._socket.close()


class SerialPort:
    """A real serial port, a pseudo-terminal, or any other address that pyserial knows."""

    def __init__(self, address: str, line: LineSettings, present: Callable[[], Sequence[PortInfo]]) -> None:
        """Open raw, and on POSIX locked against a second program that asks for the lock. Raises PortTrouble."""
        self.name = address
        is_path = "://" not in address
        self.adapter = adapter_at(address, present()) if is_path else None
        try:
            self._serial: Any = serial.serial_for_url(
                address,
                baudrate=line.baud,
                bytesize=line.bytesize,
                parity=line.parity,
                stopbits=line.stopbits,
                rtscts=line.rtscts,
                timeout=0.05,
                write_timeout=WRITE_TIMEOUT_S,
                **({"exclusive": True} if is_path and POSIX else {}),
            )
        except Exception as error:  # pyserial lets termios.error through, which is no OSError
            raise PortTrouble(in_words(address, error)) from error
        # Reading the descriptor itself gives all that is there in one call and tells a hang-up from silence.
        self._fd: int | None = self._serial.fileno() if is_path and POSIX else None

    def read(self, timeout_s: float) -> bytes:
        """See Port."""
        try:
            if self._fd is None:
                return self._read_by_library(timeout_s)
            if not select.select([self._fd], [], [], timeout_s)[0]:
                return b""
            data = os.read(self._fd, READ_SIZE)
        except BlockingIOError:
            return b""
        except (OSError, ValueError, TypeError) as error:  # TypeError: pyserial's word for "closed meanwhile"
            raise PortTrouble(in_words(self.name, error)) from error
        if not data:
            raise PortTrouble(f"{self.name} was hung up: cable pulled or adapter gone")
        return data

    def _read_by_library(self, timeout_s: float) -> bytes:
        if self._serial.timeout != timeout_s:
            self._serial.timeout = timeout_s
        data: bytes = self._serial.read(1)
        waiting = self._serial.in_waiting if data else 0
        return data + (self._serial.read(waiting) if waiting else b"")

    def write(self, data: bytes) -> None:
        """See Port."""
        try:
            self._serial.write(data)
        except (OSError, ValueError, TypeError) as error:
            raise PortTrouble(in_words(self.name, error)) from error

    def close(self) -> None:
        """See Port."""
        self._fd = None
        with contextlib.suppress(Exception):
            self._serial.close()


def resolved(path: str) -> str:
    """The path with symbolic links followed; Windows port names and URLs as they are."""
    return os.path.realpath(path) if POSIX and "://" not in path else path.upper()


def in_words(address: str, error: BaseException) -> str:
    """What an exception from opening or using a port means, as a sentence for a person."""
    if isinstance(error, socket.gaierror):  # its numbers are not those of errno
        return f"{address}: no computer of this name was found"
    cause: BaseException | None = error
    number: int | None = None
    while cause is not None and number is None:  # pyserial wraps and sometimes forgets the number
        first = cause.args[0] if cause.args else None  # where termios.error has it
        number = getattr(cause, "errno", None) or (first if isinstance(first, int) else None)
        cause = cause.__context__
    if isinstance(error, serial.SerialTimeoutException | TimeoutError) or number == errno.ETIMEDOUT:
        return f"{address} does not take or give any data (time limit)"
    if number == errno.ENOENT or "FileNotFoundError" in str(error):
        return f"{address} does not exist: is the cable plugged in?"
    if number == errno.EACCES and POSIX:
        return f"no permission to open {address}{_group_to_join(address)}"
    if number in (errno.EBUSY, errno.EAGAIN, errno.EACCES) or "PermissionError" in str(error):
        return f"{address} is busy: another program uses it"
    if number == errno.ECONNREFUSED:
        return f"{address} refused the connection: is the server running?"
    if number in (errno.EIO, errno.ENXIO, errno.ENODEV, errno.EBADF):
        return f"{address} was hung up: cable pulled or adapter gone"
    if number in (errno.ENOTTY, errno.EINVAL, errno.EISDIR) or (POSIX and _is_no_terminal(address)):
        return f"{address} is not a serial port, or cannot do these line settings"
    return f"{address}: {error}"


def _is_no_terminal(address: str) -> bool:
    with contextlib.suppress(OSError):
        return not stat.S_ISCHR(os.stat(address).st_mode)
    return False


def _group_to_join(address: str) -> str:
    group = ""
    if sys.platform != "win32":
        import grp

        with contextlib.suppress(OSError, KeyError):
            group = grp.getgrgid(os.stat(address).st_gid).gr_name
    if not group:
        return ""
    return f": it belongs to the group {group}; join it with 'sudo usermod -aG {group} $USER' and log in again"
