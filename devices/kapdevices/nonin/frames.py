"""Frame tests and field layout of Nonin's data formats: pure functions over bytes.

Source: Nonin 9560 OEM specification 6470-000-01 for formats 2, 7, 8, 13 and the command answers; the layout agrees
with the public drivers named in this folder's README. Bit 0 is the least significant.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from kapdevices.framing import BAD, MORE, NOT_HERE
from kapdevices.readings import Quality

FRAME_BYTES = 5
FRAMES_PER_PACKET = 25
FRAME_RATE_HZ = 75.0

SYNC = 0x01
LOW_PERFUSION_MASK, LOW_PERFUSION = 0x06, 0x04
"""Perfusion bits: red alone is low, green alone is good, both (yellow) is marginal."""

HR_MISSING = 511
SPO2_MISSING = 127
ACK, NAK, STX, ETX = 0x06, 0x15, 0x02, 0x03
_ANSWER_CODES = (0xF2, 0xF3, 0xF4, 0xF5)
_LONGEST_ANSWER = 32


def df2_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Format 2: `01 STATUS PLETH FLOAT CHK`, status bit 7 set, CHK the sum of the first four modulo 256."""
    return _stream_frame(buffer, at, locked, _df2_frame)


def df7_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Format 7: `STATUS PLETH_MSB PLETH_LSB FLOAT CHK`, status bit 7 set, CHK over the first four."""
    return _stream_frame(buffer, at, locked, _df7_frame)


def df8_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Format 8: four bytes of which only the first has bit 7 set; no checksum, so reserved bits and ranges count."""
    if locked and buffer[at] in (ACK, NAK):
        return 1
    head = buffer[at : at + 4]
    if head[0] < 0x80 or any(byte >= 0x80 for byte in head[1:]):
        return NOT_HERE
    if len(head) < 4:
        return MORE
    spo2_fits = head[2] <= 100 or head[2] == SPO2_MISSING
    return 4 if spo2_fits and not head[3] & 0x50 and hr_fits(df8_hr(head)) else BAD


def df13_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Format 13: `00 02 00 0D LL LL data CHK 03`, CHK the low byte of the sum of the data; LL 14 to 64."""
    if buffer[at] in (ACK, NAK):
        return 1
    if buffer[at] == STX:
        return answer_length(buffer, at)
    head = bytes(buffer[at : at + 6])
    if not b"\x00\x02\x00\x0d\x00".startswith(head[:5]):
        return NOT_HERE
    if len(head) < 6:
        return MORE
    length = head[5]
    if not 14 <= length <= 64:
        return BAD
    if len(buffer) - at < length + 8:
        return MORE
    data = buffer[at + 6 : at + 6 + length]
    good = sum(data) & 0xFF == buffer[at + 6 + length] and buffer[at + 7 + length] == ETX
    return length + 8 if good else BAD


def answer_length(buffer: bytearray, at: int) -> int:
    """Length of a command answer `02 code LL data 03` that begins at `at`, or MORE, NOT_HERE."""
    n = len(buffer) - at
    if buffer[at] != STX or (n > 1 and buffer[at + 1] not in _ANSWER_CODES):
        return NOT_HERE
    if n > 2 and buffer[at + 2] > _LONGEST_ANSWER:
        return NOT_HERE
    if n < 3 or n < buffer[at + 2] + 4:
        return MORE
    length = buffer[at + 2] + 4
    return length if buffer[at + length - 1] == ETX else NOT_HERE


def is_aside(packet: bytes) -> bool:
    """True for a run of command answers found between frames, which is no measurement."""
    return packet[0] in (ACK, NAK, STX)


def split_asides(packet: bytes) -> list[bytes]:
    """A run of command answers, one by one."""
    answers, at, buffer = [], 0, bytearray(packet)
    while at < len(buffer):
        length = max(1, answer_length(buffer, at))
        answers.append(packet[at : at + length])
        at += length
    return answers


def _df2_frame(buffer: bytearray, at: int) -> int:
    n = len(buffer) - at
    if buffer[at] != 0x01 or (n > 1 and buffer[at + 1] < 0x80):
        return NOT_HERE
    if n < FRAME_BYTES:
        return MORE
    return FRAME_BYTES if sum(buffer[at : at + 4]) & 0xFF == buffer[at + 4] else BAD


def _df7_frame(buffer: bytearray, at: int) -> int:
    if buffer[at] < 0x80:
        return NOT_HERE
    if len(buffer) - at < FRAME_BYTES:
        return MORE
    return FRAME_BYTES if sum(buffer[at : at + 4]) & 0xFF == buffer[at + 4] else BAD


_FrameCheck = Callable[[bytearray, int], int]


def _stream_frame(buffer: bytearray, at: int, locked: bool, frame: _FrameCheck) -> int:
    """A frame in its place, or answers between two frames. Out of step, a frame counts only with a good neighbour."""
    verdict = frame(buffer, at)
    if verdict == FRAME_BYTES and not locked:
        behind = at + FRAME_BYTES
        neighbour = frame(buffer, behind) if behind < len(buffer) else MORE
        return neighbour if neighbour >= 0 else NOT_HERE
    if verdict == NOT_HERE and locked:
        return _answers_before_frame(buffer, at, frame)
    return verdict


def _answers_before_frame(buffer: bytearray, at: int, frame: _FrameCheck) -> int:
    """Length of the answers at `at` when a good frame follows them: only then are they surely not damage."""
    place = at
    while place < len(buffer):
        if buffer[place] in (ACK, NAK):
            place += 1
        elif buffer[place] == STX:
            length = answer_length(buffer, place)
            if length < 0 or length == MORE:
                return length
            place += length
        else:
            verdict = frame(buffer, place)
            if verdict == MORE:
                return MORE if place > at else NOT_HERE
            return place - at if verdict == FRAME_BYTES and place > at else NOT_HERE
        if place - at > 2 * _LONGEST_ANSWER:
            return NOT_HERE
    return MORE


def stream_quality(status: int) -> Quality:
    """What a status byte of format 2 or 7 says against its values, without the perfusion bits.

    b6 sensor disconnected (OEM III, Xpod; reserved on the 9560), b5 artefact, b4 out of track, b3 sensor alarm.
    """
    for mask, quality in (
        (0x40, Quality.SENSOR_DISCONNECTED),
        (0x08, Quality.SENSOR_OFF),
        (0x10, Quality.OUT_OF_TRACK),
        (0x20, Quality.ARTEFACT),
    ):
        if status & mask:
            return quality
    return Quality.GOOD


def df8_quality(frame: bytes) -> Quality:
    """What a frame of format 8 says against its values."""
    if frame[0] & 0x40:
        return Quality.SENSOR_DISCONNECTED
    if frame[3] & 0x08:
        return Quality.SENSOR_OFF
    if frame[0] & 0x20:
        return Quality.OUT_OF_TRACK
    if frame[0] & 0x04:
        return Quality.ARTEFACT
    return Quality.LOW_PERFUSION if frame[0] & 0x10 else Quality.GOOD


def df8_hr(frame: bytes | bytearray) -> int:
    """HR-D of a format 8 frame, per minute; 511 is missing."""
    return (frame[0] & 0x03) << 7 | frame[1] & 0x7F


def join_hr(msb: int, lsb: int) -> int:
    """HR from its two FLOAT bytes, per minute; 511 is missing. Nine bits: `<< 7`, not `<< 8`."""
    return (msb & 0x03) << 7 | lsb & 0x7F


def hr_fits(hr: int) -> bool:
    """True for a pulse rate in the documented range (18 to 321 per minute) or the missing mark."""
    return 18 <= hr <= 321 or hr == HR_MISSING


class PacketFields(msgspec.Struct, frozen=True):
    """The named FLOAT bytes of one whole packet. Rates per minute, SpO2 percent, timer in thirds of a second."""

    hr: int
    spo2: int
    revision: int
    timer: int
    low_battery: bool
    smartpoint: bool
    spo2_d: int
    spo2_fast: int
    spo2_beat: int
    e_hr: int
    e_spo2: int
    e_spo2_d: int
    hr_d: int
    e_hr_d: int


def packet_fields(floats: bytes) -> PacketFields:
    """Fields of 25 FLOAT bytes in the order of their frames. Raises ValueError for any other number of bytes.

    Missing is 511 for a rate and 127 for SpO2. The revision byte may have bit 7 set, as a real 9560 shows.
    """
    if len(floats) != FRAMES_PER_PACKET:
        raise ValueError(f"a packet has {FRAMES_PER_PACKET} frames, not {len(floats)}")
    return PacketFields(
        hr=join_hr(floats[0], floats[1]),
        spo2=floats[2] & 0x7F,
        revision=floats[3],
        timer=(floats[5] & 0x7F) << 7 | floats[6] & 0x7F,
        low_battery=bool(floats[7] & 0x01),
        smartpoint=bool(floats[7] & 0x20),
        spo2_d=floats[8] & 0x7F,
        spo2_fast=floats[9] & 0x7F,
        spo2_beat=floats[10] & 0x7F,
        e_hr=join_hr(floats[13], floats[14]),
        e_spo2=floats[15] & 0x7F,
        e_spo2_d=floats[16] & 0x7F,
        hr_d=join_hr(floats[19], floats[20]),
        e_hr_d=join_hr(floats[21], floats[22]),
    )


class SpotCheck(msgspec.Struct, frozen=True):
    """One stored or fresh spot check of format 13. `at` is the device's clock, ISO 8601, without zone."""

    at: str
    hr: int
    spo2: int
    no_measurement: bool
    smartpoint: bool
    from_memory: bool
    low_battery: bool


def spot_check(packet: bytes) -> SpotCheck | None:
    """Fields of a format 13 packet whose check held; None when its date is no date or a value is out of range."""
    data = packet[6:]
    digits = [(byte >> 4, byte & 0x0F) for byte in data[:7]]
    if any(high > 9 or low > 9 for high, low in digits):
        return None
    century, year, month, day, hour, minute, second = (10 * high + low for high, low in digits)
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60):
        return None
    hr, spo2 = (data[10] & 0x01) << 8 | data[11], data[13]
    if not hr_fits(hr) or not (spo2 <= 100 or spo2 == SPO2_MISSING):
        return None
    return SpotCheck(
        at=f"{century:02}{year:02}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}",
        hr=hr,
        spo2=spo2,
        no_measurement=bool(data[8] & 0x01),
        smartpoint=bool(data[8] & 0x02),
        from_memory=bool(data[9] & 0x10),
        low_battery=bool(data[9] & 0x01),
    )
