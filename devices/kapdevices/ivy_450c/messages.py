"""The ANSAR-B message of the Ivy 450C: pure functions over bytes.

Source: the parser and a recording of 27 messages in mdpnp/mdpnp @1ae7f72a (devices/cpc, Ivy450C.1.data). A message is
FF, `ANSAR-B `, 400 bytes of waves, lines of text, FE. Waves may hold any byte, so the text begins where the waves end
by count. There is no checksum.
"""

from __future__ import annotations

import re

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE
from kapdevices.readings import Metric

HEADER = b"\xffANSAR-B "
END = 0xFE
WAVE_BYTES = 400
TEXT_LIMIT = 512
MESSAGE_LIMIT = len(HEADER) + WAVE_BYTES + TEXT_LIMIT + 1

WAVES: tuple[tuple[Metric | None, int], ...] = (
    (Metric.ECG, 200),
    (Metric.RESP, 50),
    (Metric.PLETH, 50),
    (None, 50),
    (None, 50),
)
"""Waves in their order with samples a second; the last two are invasive pressures."""

VALUES = {"HR": 1, "RR": 1, "ETCO2": 1, "SPO2": 1, "T1": 1, "T2": 1, "P1": 3, "P2": 3, "NIBP": 4}
"""How many values stand between a parameter's status and its text."""

_TEXT = re.compile(rb"[\x20-\x7e\r\n]*")
_BEGIN = re.compile(f"({'|'.join(VALUES)})=".encode())
_LINE = re.compile(r"([A-Z0-9]{2,6})=(\d);(.*);")
_NUMBER = re.compile(r" *(\d{1,3}) *")
_PULSE = re.compile(r"PR=(\d{0,3}) *")


class Parameter(msgspec.Struct, frozen=True):
    """One line: `NAME=status;value;...;text;`. A value is None where the field is empty or holds no number."""

    status: int
    values: tuple[int | None, ...]
    text: str


class Message(msgspec.Struct, frozen=True):
    """One second: waves in the order of WAVES, parameters by name; `unread` lines had no known form."""

    waves: tuple[bytes, ...]
    parameters: dict[str, Parameter]
    unread: int


def message_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test: the header, 400 bytes, printable lines of which the first has a known name and the last an end, FE.

    A byte lost or added among the waves moves the text, and the first line has no name.
    """
    if not HEADER.startswith(buffer[at : at + len(HEADER)]):
        return NOT_HERE
    text_at = at + len(HEADER) + WAVE_BYTES
    text = bytes(buffer[text_at : text_at + TEXT_LIMIT])
    printable = _TEXT.match(text)
    end = text_at + (printable.end() if printable else 0)
    if end >= len(buffer):
        return MORE
    if buffer[end] != END or buffer[end - 1] not in b"\r\n" or not _BEGIN.match(text):
        return BAD
    return end + 1 - at


def decode(packet: bytes) -> Message:
    """The waves and parameters of a message."""
    waves: list[bytes] = []
    at = len(HEADER)
    for _, count in WAVES:
        waves.append(packet[at : at + count])
        at += count
    parameters: dict[str, Parameter] = {}
    unread = 0
    for line in re.split(r"[\r\n]+", packet[at:-1].decode("ascii")):
        match = _LINE.fullmatch(line)
        fields = match[3].split(";") if match else []
        if match and match[1] in VALUES and len(fields) == VALUES[match[1]] + 1:
            values = tuple(number(field) for field in fields[:-1])
            parameters[match[1]] = Parameter(int(match[2]), values, fields[-1].strip())
        elif line.strip() and not (match and match[1] not in VALUES):
            unread += 1
    return Message(tuple(waves), parameters, unread)


def number(field: str) -> int | None:
    """The whole number in a field; None for an empty field and for anything else."""
    match = _NUMBER.fullmatch(field)
    return int(match[1]) if match else None


def pulse_rate(spo2: Parameter) -> int | None:
    """The pulse rate, which stands in the text of the SPO2 line as `PR=80`."""
    match = _PULSE.fullmatch(spo2.text)
    return int(match[1]) if match and match[1] else None


def encode(waves: tuple[bytes, ...], lines: tuple[str, ...]) -> bytes:
    """A message of these waves (200 and four times 50 bytes) and lines."""
    return HEADER + b"".join(waves) + "".join(f"{line}\r" for line in lines).encode("ascii") + bytes((END,))
