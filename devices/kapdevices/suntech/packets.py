"""Packets of the SunTech OEM NIBP protocol, both directions: pure functions over bytes.

Host packet `3A cmd data CHK`, module packet `3E length data CHK`; the sum of a whole packet is 0 modulo 256, numbers
are little endian. Source: SunTech Advantage OEM operations manual as quoted by three public drivers (see README).
"""

from __future__ import annotations

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE

HOST, MODULE = 0x3A, 0x3E
ANSWERS = {
    "O": "accepted, running",
    "K": "done",
    "A": "aborted",
    "B": "busy with another measurement",
    "E": "an error in the module",
    "N": "a setting that it does not accept",
    "D": "a command that it does not know",
    "S": "asleep",
    "T": "timed out",
}
"""Letter of a 4-byte answer and what the module says with it."""

ERRORS = {
    1: "weak or no oscillation: check that the cuff sits well",
    2: "artefact: the arm moved",
    3: "pressure or pulse out of the module's range",
    4: "time limit: the measurement took too long",
    85: "blockage in the hose or valve",
    86: "stopped by a person",
    87: "inflation took too long: leak, or the cuff is loose",
    88: "safety timeout",
    89: "over-pressure in the cuff",
    90: "supply voltage or hardware",
    91: "safety override, or the zero of the transducer is out of range",
    97: "pressure transducer out of range",
    99: "calibration memory",
}
"""Error byte, decimal (one public program reads it as hexadecimal; the others and the manual do not)."""

STOPPED_BY_PERSON = 86
INVALID_PRESSURE = 0xFFFF
MAX_CUFF_MMHG = 300
BP_BYTES = 24
_VERSION_BYTES = 0x43
_MODULE_LENGTHS = (4, 5, 6, BP_BYTES, _VERSION_BYTES)
_HOST_LENGTHS = {0x20: 3, 0x87: 3, 0x28: 3, 0x17: 5, 0x0C: 6, 0x79: 5, 0x86: 6, 0x04: 4, 0x81: 4, 0x8A: 4}
_ANSWER_BYTES = frozenset(map(ord, ANSWERS))
_START = {"adult": 0x20, "paediatric": 0x87, "neonatal": 0x28}


def packet_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test for module packets, and for host packets since a tap or an adapter's echo carries both."""
    n = len(buffer) - at
    if buffer[at] not in (HOST, MODULE):
        return NOT_HERE
    if n < 2:
        return MORE
    kind = buffer[at + 1]
    if buffer[at] == MODULE:
        if kind not in _MODULE_LENGTHS or (kind == 4 and n > 2 and buffer[at + 2] not in _ANSWER_BYTES):
            return NOT_HERE
        if kind == _VERSION_BYTES and n > 2 and buffer[at + 2] not in b"LS":
            return NOT_HERE  # version strings begin with LX or SB; nothing else is worth waiting for 67 bytes
        length = kind
    elif kind in _HOST_LENGTHS:
        length = _HOST_LENGTHS[kind]
    else:
        return NOT_HERE
    if n < length:
        return MORE
    return length if sum(buffer[at : at + length]) & 0xFF == 0 else BAD


def with_check(body: bytes) -> bytes:
    """A packet with its check byte: the two's complement of the sum."""
    return body + bytes((-sum(body) & 0xFF,))


def start(patient: str) -> bytes:
    """Start a measurement. Raises KeyError unless `patient` is adult, paediatric or neonatal."""
    return with_check(bytes((HOST, _START[patient])))


def set_inflation(mmhg: int) -> bytes:
    """Set the pressure of the first inflation, mmHg."""
    return with_check(bytes((HOST, 0x17)) + mmhg.to_bytes(2, "little"))


ABORT = bytes.fromhex("3A 79 01 00 4C")
GET_RESULT = bytes.fromhex("3A 79 03 00 4A")
GET_PRESSURE = bytes.fromhex("3A 79 05 00 48")


def answer(letter: str) -> bytes:
    """A module's 4-byte answer."""
    return with_check(bytes((MODULE, 4, ord(letter))))


def pressure(mmhg: int | None) -> bytes:
    """A module's cuff pressure packet; None is the invalid mark."""
    value = INVALID_PRESSURE if mmhg is None else mmhg
    return with_check(bytes((MODULE, 5)) + value.to_bytes(2, "little"))


def pressure_mmhg(packet: bytes) -> int | None:
    """Cuff pressure of a 5-byte packet, mmHg; None when the module marks it invalid."""
    value = int.from_bytes(packet[2:4], "little")
    return None if value == INVALID_PRESSURE else value


class Result(msgspec.Struct, frozen=True):
    """A result as the module sends it: mmHg, per minute; zeros are the module's way to say nothing."""

    systolic: int
    diastolic: int
    mean: int
    pulse_rate: int
    beats: int = 0
    status: int = 0
    error: int = 0


def result(packet: bytes) -> Result:
    """Fields of a 24-byte result packet."""
    return Result(
        systolic=int.from_bytes(packet[2:4], "little"),
        diastolic=int.from_bytes(packet[4:6], "little"),
        beats=packet[6],
        status=packet[7],
        pulse_rate=packet[16],
        mean=int.from_bytes(packet[18:20], "little"),
        error=packet[20],
    )


def encode_result(value: Result) -> bytes:
    """The 24-byte packet of a result; test codes and spare bytes are 0."""
    body = bytearray(BP_BYTES - 1)
    body[0:2] = MODULE, BP_BYTES
    body[2:4] = value.systolic.to_bytes(2, "little")
    body[4:6] = value.diastolic.to_bytes(2, "little")
    body[6], body[7], body[16], body[20] = value.beats, value.status, value.pulse_rate, value.error
    body[18:20] = value.mean.to_bytes(2, "little")
    return with_check(bytes(body))


def limits_mmhg(patient: str) -> tuple[int, int]:
    """Lowest and highest first inflation that this driver asks for, mmHg: below the 300 (neonatal 150) of the norm.

    IEC 80601-2-30 limits the cuff to 300 mmHg for adults and 150 mmHg for neonates; the margin is ours.
    """
    return (50, 140) if patient == "neonatal" else (80, 280)
