"""What a host asks of the monitor: displayed numbers at an interval, waveforms. Nothing here changes the monitor.

Source: GE M1017617, chapters on transmission requests; the bytes agree with the public drivers in this folder's README.
"""

from __future__ import annotations

import msgspec

from kapdevices.s5_dri import frames

DISPLAYED = 1
"""Record type of the numbers that the monitor shows; 2 and 3 are trends, 4 additional data."""
ECG1, PLETH, CO2 = 1, 8, 9
WAVE_IDS = (PLETH, ECG1, CO2)
"""The most that a line of 19200 baud was seen to carry without loss: three."""
INTERVAL_S = 5
"""The shortest that the monitor accepts for displayed numbers."""
NO_WAVE = 0xFF


class NumericsRequest(msgspec.Struct, frozen=True):
    """`interval_s` 0 stops, -1 asks once. `classes` 0 is the basic class alone; 2, 4, 8 add the extended ones."""

    kind: int
    interval_s: int
    classes: int


class WaveRequest(msgspec.Struct, frozen=True):
    """Start or stop of waveforms, by id."""

    start: bool
    ids: tuple[int, ...]


def numerics(interval_s: int = INTERVAL_S, classes: int = 0, kind: int = DISPLAYED) -> bytes:
    """The frame that asks for numbers every `interval_s` seconds."""
    body = bytes((kind,)) + interval_s.to_bytes(2, "little", signed=True) + classes.to_bytes(4, "little") + bytes(2)
    head = frames.header(frames.HEADER_BYTES + len(body), frames.NUMERICS, [(0, 0)])
    return frames.frame(head + body)


def waves(ids: tuple[int, ...] = WAVE_IDS, start: bool = True) -> bytes:
    """The frame that starts or stops waveforms; at most eight ids."""
    wanted = bytes(ids).ljust(8, bytes((NO_WAVE,)))
    body = (0 if start else 1).to_bytes(2, "little") + bytes(2) + wanted + bytes(20)
    head = frames.header(frames.HEADER_BYTES + len(body), frames.WAVES, [(0, 0)])
    return frames.frame(head + body)


def read(record: frames.Record) -> NumericsRequest | WaveRequest | None:
    """What a host's record asks for; None when it is no request that is known here."""
    if record.level != 0 or len(record.parts) != 1:
        return None
    body = record.parts[0].data
    if record.main == frames.NUMERICS and len(body) == 9:
        interval_s = int.from_bytes(body[1:3], "little", signed=True)
        return NumericsRequest(body[0], interval_s, int.from_bytes(body[3:7], "little"))
    if record.main == frames.WAVES and len(body) == 32:
        ids = tuple(wave for wave in body[4:12] if wave not in (0, NO_WAVE))
        return WaveRequest(body[:2] == b"\x00\x00", ids)
    return None
