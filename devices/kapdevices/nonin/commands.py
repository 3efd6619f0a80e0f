"""Commands to Nonin devices that take them (9560, 3150) and what their answers say: pure functions.

Source: Nonin 9560 OEM specification 6470-000-01; options and Bluetooth timeout from public drivers only. OEM III and
Xpod take no commands. A device answers a format command only in the first 5 s of a connection and keeps the choice.
"""

from __future__ import annotations

from datetime import datetime

FORMAT_CODES = {"df1": 0x01, "df2": 0x02, "df7": 0x07, "df8": 0x08, "df13": 0x0D}


def set_format(format: str) -> bytes:
    """Choose a data format, answered by ACK or NAK. Raises KeyError for an unknown name."""
    return bytes((0x02, 0x70, 0x02, 0x02, FORMAT_CODES[format], 0x03))


def set_format_with_options(format: str, options: int) -> bytes:
    """Choose a format with an option byte (bit 6 spot-check mode, bit 5 Bluetooth on at power-on).

    The meaning of the options comes from single drivers. Raises KeyError for an unknown name, ValueError for options
    outside 0 to 255.
    """
    body = bytes((0x70, 0x04, 0x02, FORMAT_CODES[format], options))
    return bytes((0x02, *body, sum(body) & 0xFF, 0x03))


def set_clock(at: datetime) -> bytes:
    """Set the device's clock; no answer. Raises ValueError outside the years 2000 to 2099."""
    if not 2000 <= at.year <= 2099:
        raise ValueError(f"the device's clock knows the years 2000 to 2099, not {at.year}")
    return bytes((0x02, 0x72, 0x06, at.year - 2000, at.month, at.day, at.hour, at.minute, at.second, 0x03))


def read_clock() -> bytes:
    """Ask for the device's clock; answered by code F2."""
    return bytes((0x02, 0x72, 0x00, 0x03))


def read_serial_number() -> bytes:
    """Ask for the serial number; answered by code F4. It identifies the device: do not store it."""
    return bytes((0x02, 0x74, 0x02, 0x02, 0x02, 0x03))


def read_type() -> bytes:
    """Ask for the type; answered by code F3."""
    return bytes((0x02, 0x73, 0x00, 0x03))


def set_bluetooth_timeout(minutes: int) -> bytes:
    """Minutes until Bluetooth switches off, 0 to 255; answered by code F5 (one source). Raises ValueError beyond."""
    return bytes((0x02, 0x75, 0x04, 0x04, 0x00, minutes, (0x04 + minutes) & 0xFF, 0x03))


def clock_answer(answer: bytes) -> str | None:
    """The device's clock as ISO 8601 text from an F2 answer; None when it is none or holds no date."""
    if len(answer) != 10 or answer[1] != 0xF2:
        return None
    year, month, day, hour, minute, second = answer[3:9]
    try:
        return datetime(2000 + year, month, day, hour, minute, second).isoformat()
    except ValueError:
        return None
