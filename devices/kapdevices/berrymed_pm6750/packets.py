"""Packets of the BerryMed PM6750, both directions: pure functions over bytes.

`55 AA N T data SUM`: N is the number of data bytes plus 3, SUM the complement of the sum of N, T and data, modulo 256;
nothing is escaped. Source: BerryMed's manual as written down, and measured on a real board, in Abrunacci/berry_med.
"""

from __future__ import annotations

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE

HEAD = b"\x55\xaa"

ECG_WAVE, ECG, NIBP, SPO2, TEMPERATURE, QRS_BEAT, PULSE_BEAT, PLETH, RESP = 1, 2, 3, 4, 5, 0x30, 0x31, 0xFE, 0xFF
ECG_HZ, PLETH_HZ, RESP_HZ = 250.0, 50.0, 50.0
"""Packets of a waveform a second, one sample each. The manual gives 40 for the pleth; 50 was measured twice."""
ECG_FULL_SCALE, BYTE_FULL_SCALE = 250, 255
LEAD_II = 1
"""Place of lead II among the seven samples I, II, III, aVR, aVL, aVF, V of one moment."""

_LENGTHS = {ECG_WAVE: (10,), ECG: (6, 7, 8), NIBP: (8,), SPO2: (6,), TEMPERATURE: (8,)}
_LENGTHS |= {QRS_BEAT: (3,), PULSE_BEAT: (3,), PLETH: (4,), RESP: (4,)}
_SHORTEST, _LONGEST = 3, 32

SPO2_MISSING, PULSE_MISSING = 127, 255
MAX_CUFF_MMHG = 300

FINISHED, MEASURING, STOPPED, OVER_PRESSURE, LOOSE, TOO_LONG, FAULT, INTERFERENCE, NO_RESULT, WAKING, AWAKE = range(11)
FAILURES = {
    OVER_PRESSURE: "the cuff pressure went above 300 mmHg",
    LOOSE: "the cuff is loose or leaks",
    TOO_LONG: "the measurement took too long",
    FAULT: "an error in the board",
    INTERFERENCE: "interference: the arm moved",
    NO_RESULT: "no result: weak or no oscillation, check that the cuff sits well",
}
"""States of a cuff packet that end a measurement without a result, in words."""

_MODES = {"adult": 1, "paediatric": 2, "neonatal": 3}
_LIMITS_MMHG = {"adult": (80, 280), "paediatric": (60, 200), "neonatal": (40, 130)}


def packet_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test. A type that is not known counts only when its check holds and another packet follows it."""
    n = len(buffer) - at
    if buffer[at] != HEAD[0] or (n > 1 and buffer[at + 1] != HEAD[1]):
        return NOT_HERE
    if n > 2 and not _SHORTEST <= buffer[at + 2] <= _LONGEST:
        return NOT_HERE
    if n < 4:
        return MORE
    size, lengths = buffer[at + 2], _LENGTHS.get(buffer[at + 3])
    if lengths is not None and size not in lengths:
        return NOT_HERE
    end = at + size + 2
    if len(buffer) < end:
        return MORE
    if ~sum(buffer[at + 2 : end - 1]) & 0xFF != buffer[end - 1]:
        return BAD if lengths is not None else NOT_HERE
    if lengths is None:
        behind = bytes(buffer[end : end + 2])
        if behind != HEAD:
            return MORE if HEAD.startswith(behind) else NOT_HERE
    return size + 2


def packet(kind: int, data: bytes = b"") -> bytes:
    """A packet of either direction with its sum."""
    body = bytes((len(data) + 3, kind)) + data
    return HEAD + body + bytes((~sum(body) & 0xFF,))


def command(kind: int, value: int) -> bytes:
    """A host command: kind and one byte."""
    return packet(kind, bytes((value,)))


ENABLE = tuple(command(kind, 1) for kind in (0x03, 0xFE, 0x04, 0x01, 0xFF))
"""Switch on SpO2, pleth, temperature, ECG and respiration, in this order. The board is silent until then."""
START = command(0x02, 1)
STOP = command(0x02, 0)


def set_mode(patient: str) -> bytes:
    """Choose the cuff's algorithm. Raises KeyError unless `patient` is adult, paediatric or neonatal."""
    return command(0x09, _MODES[patient])


def set_target(mmhg: int) -> bytes:
    """Set the pressure of the first inflation, mmHg; the board counts in steps of 2, an odd number is rounded down."""
    return command(0x0A, mmhg // 2)


def limits_mmhg(patient: str) -> tuple[int, int]:
    """Lowest and highest first inflation that this driver asks for, mmHg. Raises KeyError for an unknown patient.

    The board takes 40 to 300 for adults, 40 to 210 for children and 40 to 140 for neonates; the margins are ours.
    """
    return _LIMITS_MMHG[patient]


class Nibp(msgspec.Struct, frozen=True):
    """A cuff packet: state as above, pressures in mmHg, zeros while there is no result."""

    state: int
    mode: int = 0
    cuff: int = 0
    systolic: int = 0
    mean: int = 0
    diastolic: int = 0


def nibp(data: bytes) -> Nibp:
    """Fields of the five data bytes of a cuff packet. Bits 6 and 7 of the status belong to the state, so no state."""
    return Nibp(data[0] >> 2, data[0] & 3, data[1] * 2, data[2], data[3], data[4])


def encode_nibp(value: Nibp) -> bytes:
    """The cuff packet of these fields."""
    data = (value.state << 2 | value.mode, value.cuff // 2, value.systolic, value.mean, value.diastolic)
    return packet(NIBP, bytes(data))
