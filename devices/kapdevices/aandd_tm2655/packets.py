"""Packets of the A&D TM-2655P and TM-2657, both directions: pure functions over bytes.

A command is `16 16 01 30 30 02 c1 c2 03 BCC`, BCC the exclusive or from 01 to 03; an acknowledgement is
`16 16 01 30 30 06`; a result is text between 02 and 03 with fields parted by 1E. Sources: two public drivers (see
README); the check of a result is described by neither, so both rules that come into question are tried.
"""

from __future__ import annotations

import functools
import operator
import re
from datetime import datetime

import msgspec

from kapdevices.framing import MORE, NOT_HERE

SYN, SOH, STX, ETX, ACK, RS = 0x16, 0x01, 0x02, 0x03, 0x06, 0x1E
FILLING = b"\x16\r\n"
LONGEST = 160
ADDRESS = b"00"
COMMANDS = ("ST", "SP", "RB", "RP")

ERRORS = {
    11: "no pressure in the cuff",
    12: "the cuff filled too slowly: leak, or it is loose",
    13: "the cuff filled too fast: blockage, or it is too tight",
    15: "no pressure in the cuff",
    21: "the cuff emptied too slowly",
    22: "the cuff emptied too fast",
    23: "excess pressure",
    24: "time limit: the measurement took too long",
    42: "the cuff was not filled far enough",
    43: "no pulse was found in the cuff",
    44: "the arm moved",
    45: "diastolic pressure not found",
    46: "mean pressure not found",
    48: "systolic pressure not found",
    61: "pulse rate not found",
    63: "out of the monitor's range",
}
"""Error number of a result, and what the monitor means by it."""


class Result(msgspec.Struct, frozen=True):
    """The monitor's last measurement: mmHg and per minute, None with an error. `at`: its clock, to the minute."""

    at: datetime
    error: int
    systolic: int | None
    mean: int | None
    diastolic: int | None
    pulse_rate: int | None


def packet_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test for results, acknowledgements and commands; what stands between packets is a packet of one byte.

    A result whose check does not hold is given too: `check_holds` says so.
    """
    first = buffer[at]
    if first in FILLING or first == ACK:
        return 1
    if first == STX:
        return _text(buffer, at, at + 1)
    if first != SOH:
        return NOT_HERE
    head = buffer[at : at + 4]
    if any(not 0x20 <= byte < 0x7F for byte in head[1:3]):
        return NOT_HERE
    if len(head) < 4:
        return MORE
    if head[3] == ACK:
        return 4
    return _text(buffer, at, at + 4) if head[3] == STX else NOT_HERE


def _text(buffer: bytearray, at: int, start: int) -> int:
    for end in range(start, min(len(buffer), at + LONGEST - 1)):
        byte = buffer[end]
        if byte == ETX:
            text = bytes(buffer[start:end])
            if text.decode("ascii") not in COMMANDS and result(text) is None:
                return NOT_HERE
            return end + 2 - at if len(buffer) > end + 1 else MORE
        if byte != RS and not 0x20 <= byte < 0x7F:
            return NOT_HERE
    return MORE if len(buffer) - at < LONGEST - 1 else NOT_HERE


def is_ack(packet: bytes) -> bool:
    """True for an acknowledgement, whole or its last byte alone."""
    return packet[-1] == ACK and len(packet) in (1, 4)


def has_text(packet: bytes) -> bool:
    """True for a result or a command, which both carry text."""
    return packet[0] == STX or (packet[0] == SOH and len(packet) > 4)


def text_of(packet: bytes) -> bytes:
    """What stands between STX and ETX."""
    return packet[packet.index(STX) + 1 : -2]


def check(covered: bytes) -> int:
    """The block check: exclusive or of all bytes."""
    return functools.reduce(operator.xor, covered, 0)


def check_holds(packet: bytes) -> bool:
    """True when the last byte is the check from SOH on, as in commands, or of what follows STX."""
    after_stx = packet[packet.index(STX) + 1 : -1]
    return packet[-1] == check(after_stx) or (packet[0] == SOH and packet[-1] == check(packet[:-1]))


def command(letters: str) -> bytes:
    """A command of the host: ST start, SP stop, RB last result, RP pulses."""
    body = bytes((SOH,)) + ADDRESS + bytes((STX,)) + letters.encode("ascii") + bytes((ETX,))
    return bytes((SYN, SYN)) + body + bytes((check(body),))


START, STOP, LAST_RESULT = command("ST"), command("SP"), command("RB")
ACKNOWLEDGED = bytes((SYN, SYN, SOH)) + ADDRESS + bytes((ACK,))

_NUMBER = {letter: re.compile(rf"{letter} *(\d{{1,3}})") for letter in "SMDP"}
_ERROR = re.compile(r"E *(\d\d)")


def result(text: bytes) -> Result | None:
    """Fields of a result: model, time, further ones, then error, S, M, D, P in this order; None for anything else."""
    fields = [field.strip() for field in text.decode("ascii").split(chr(RS))]
    if len(fields) < 7 or not re.fullmatch(r"\d{10}", fields[1]):
        return None
    try:
        at = datetime.strptime(fields[1], "%y%m%d%H%M")
    except ValueError:
        return None
    place = next((k for k in range(2, len(fields) - 4) if _ERROR.fullmatch(fields[k])), None)
    if place is None:
        return None
    error = int(fields[place][1:])
    found = [_NUMBER[letter].fullmatch(fields[place + 1 + k]) for k, letter in enumerate("SMDP")]
    if error:
        letters = all(fields[place + 1 + k][:1] in (letter, "") for k, letter in enumerate("SMDP"))
        return Result(at, error, None, None, None, None) if letters else None
    systolic, mean, diastolic, rate = (int(match[1]) if match else None for match in found)
    if systolic is None or mean is None or diastolic is None or rate is None:
        return None
    return Result(at, 0, systolic, mean, diastolic, rate)


def encode_result(value: Result, bcc: int | None = None) -> bytes:
    """A result as the monitor sends it, 63 bytes; `bcc` replaces the check. Fields that are not read are invented."""
    values = (value.systolic, value.mean, value.diastolic, value.pulse_rate)
    numbers = [f"{letter}{'   ' if one is None else f'{one:3d}'}" for letter, one in zip("SMDP", values, strict=True)]
    fields = ["TM2655", f"{value.at:%y%m%d%H%M}", "1", "00", f"E{value.error:02d}", *numbers, "I18", "L 42"]
    body = bytes((SOH,)) + ADDRESS + bytes((STX,)) + chr(RS).join(fields).encode("ascii") + bytes((ETX,))
    return bytes((SYN, SYN)) + body + bytes((check(body) if bcc is None else bcc,))
