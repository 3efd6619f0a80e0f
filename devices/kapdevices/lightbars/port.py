"""The serial line to a bar: opened with DTR and RTS low, since many boards start anew when these change."""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

import serial

from kapdevices.ports import POSIX, PortTrouble, in_words

BAUD = 460_800
WRITE_TIMEOUT_S = 0.05


class BarPort(Protocol):
    """Bytes to a bar. Every method but `close` raises PortTrouble when the line is gone or does not take data."""

    def write(self, data: bytes) -> None:
        """Send all of `data`, within 50 ms."""
        ...

    def waiting(self) -> int:
        """How many bytes were written and are not on the line yet; 0 where the system cannot say."""
        ...

    def read(self) -> bytes:
        """What has arrived; empty where nothing has."""
        ...

    def close(self) -> None:
        """Give the line back. Never raises."""
        ...


class SerialBarPort:
    """A serial port, a pseudo-terminal or a `socket://` address."""

    def __init__(self, address: str, baud: int = BAUD) -> None:
        """Open. Raises PortTrouble with the reason in words."""
        self.name = address
        try:
            self._serial: Any = serial.serial_for_url(address, do_not_open=True)
            self._serial.baudrate = baud
            self._serial.timeout = 0
            self._serial.write_timeout = WRITE_TIMEOUT_S
            if POSIX and "://" not in address:
                self._serial.exclusive = True
            # Before opening: afterwards they would go up first.
            self._serial.dtr = False
            self._serial.rts = False
            self._serial.open()
        except Exception as error:  # pyserial lets termios.error through, which is no OSError
            raise PortTrouble(in_words(address, error)) from error

    def write(self, data: bytes) -> None:
        """See BarPort."""
        try:
            self._serial.write(data)
        except (OSError, ValueError, TypeError) as error:
            raise PortTrouble(in_words(self.name, error)) from error

    def waiting(self) -> int:
        """See BarPort."""
        try:
            return int(self._serial.out_waiting)
        except (AttributeError, NotImplementedError):
            return 0  # a socket does not say
        except (OSError, ValueError, TypeError) as error:
            raise PortTrouble(in_words(self.name, error)) from error

    def read(self) -> bytes:
        """See BarPort."""
        try:
            return bytes(self._serial.read(4096))
        except (OSError, ValueError, TypeError) as error:
            raise PortTrouble(in_words(self.name, error)) from error

    def close(self) -> None:
        """See BarPort."""
        with contextlib.suppress(Exception):
            self._serial.close()
