"""A simulated monitor on the S/5 computer interface: numbers every few seconds, waveforms five times a second."""

from __future__ import annotations

import math
import random
from collections.abc import Collection

from kapdevices.framing import Framer
from kapdevices.linefaults import spoiled
from kapdevices.patient import RESPIRATION_HZ, Patient
from kapdevices.s5_dri import frames, requests, waves
from kapdevices.s5_dri.basic import MODULES, basic_part, cuff_at
from kapdevices.s5_dri.frames import Part

FAULTS = (
    "escapes",
    "bad-check",
    "cts-off",
    "no-waves",
    "oximeter-out",
    "shared-flags",
    "idle-flags",
    "trends-too",
    "rubbish-list",
    "noise",
    "byte-loss",
)
"""`noise` flips 0.1 % of the bytes, `byte-loss` loses as many; `cts-off` ends waveforms every 30 s."""

BLOCK_S = 0.2
BACKLOG_S = 2.0
"""After a longer jump of time only the last 2 s of waveforms are sent: a monitor does not wait for its reader."""
LEVEL = 10
PLUG = 0x8B04
EPOCH_S = 1_772_721_000
"""Unix time of the simulated monitor at simulated time 0."""
CTS_EVERY_S = 30.0
SMALL = frozenset({"oximeter"})
SPECIAL = 0x7D7E
"""A number that must be escaped twice."""
RUBBISH = bytes.fromhex("04 00 ff d0 9a a8 00 7e 7d 58 04 01")
"""Behind the end of the list of parts stands what happened to be there (the first bytes as in a real record)."""


class S5Simulator:
    """One monitor on one patient. `now_s` is session time in seconds. Raises ValueError for an unknown fault.

    Its cuff measures by itself, as set at the monitor: the first time 10 s after the first call, then every 5 min.
    With a fault it is a small monitor with oximeter, ECG and cuff alone.
    """

    def __init__(self, patient: Patient, faults: Collection[str] = (), seed: int = 0) -> None:
        if unknown := set(faults) - set(FAULTS):
            raise ValueError(f"unknown fault: {', '.join(sorted(unknown))}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._modules = (
            MODULES if not self._faults else SMALL - ({"oximeter"} if "oximeter-out" in self._faults else set())
        )
        self._line = random.Random(seed)
        self._framer = Framer(frames.frame_test, limit=frames.LONGEST_FRAME)
        self._began_s: float | None = None
        self._numbers: tuple[float, float] | None = None
        self._waves: tuple[float, tuple[int, ...]] | None = None
        self._number = 0

    def receive(self, data: bytes, now_s: float) -> None:
        """Take requests; what they ask for begins at once."""
        self._begin(now_s)
        for packet in self._framer.feed(data):
            record = frames.parse(packet.data)
            asked = requests.read(record) if record else None
            if isinstance(asked, requests.NumericsRequest):
                self._numbers = None if asked.interval_s == 0 else (now_s, float(max(5, asked.interval_s)))
            elif isinstance(asked, requests.WaveRequest) and "no-waves" not in self._faults:
                self._waves = (now_s, asked.ids) if asked.start else None

    def transmit(self, now_s: float) -> bytes:
        """All records due since the last call."""
        began_s = self._begin(now_s)
        due: list[tuple[float, bytes]] = []
        if self._numbers is not None:
            next_s, every_s = self._numbers
            if next_s <= now_s:
                # after a jump of time only the newest: old numbers are not sent late
                next_s += (now_s - next_s) // every_s * every_s
                due.append((next_s, self._numbers_at(next_s, began_s)))
                self._numbers = next_s + every_s, every_s
        if self._waves is not None:
            next_s, ids = self._waves
            if now_s - next_s > BACKLOG_S:
                next_s += math.floor((now_s - next_s - BACKLOG_S) / BLOCK_S) * BLOCK_S
            ends_s = math.inf
            if "cts-off" in self._faults:
                ends_s = began_s + ((self._waves[0] - began_s) // CTS_EVERY_S + 1) * CTS_EVERY_S
            while next_s + BLOCK_S <= now_s and next_s < ends_s:
                due.append((next_s + BLOCK_S, self._wave_record(next_s, ids)))
                next_s = round(next_s + BLOCK_S, 6)
            self._waves = None if next_s >= ends_s else (next_s, ids)
        return spoiled(b"".join(self._framed(record) for _, record in sorted(due)), self._faults, self._line, 0.001)

    def _begin(self, now_s: float) -> float:
        if self._began_s is None:
            self._began_s = now_s
        return self._began_s

    def _numbers_at(self, t_s: float, began_s: float) -> bytes:
        cuff = cuff_at(self._patient, t_s, began_s)
        basic = basic_part(self._patient, t_s, cuff, round(EPOCH_S + t_s), self._modules)
        parts = [Part(requests.DISPLAYED, basic)]
        if "trends-too" in self._faults:
            old = basic_part(self._patient, t_s - 60, cuff, round(EPOCH_S + t_s - 60), self._modules)
            parts = [Part(2, old), *parts, Part(3, old)]
        return self._record(frames.NUMERICS, parts, t_s)

    def _wave_record(self, t_s: float, ids: tuple[int, ...]) -> bytes:
        parts: list[Part] = []
        for wave in ids:
            if wave in waves.WAVES:
                rate_hz = waves.WAVES[wave].rate_hz
                times = [t_s + k / rate_hz for k in range(round(BLOCK_S * rate_hz))]
                parts.append(waves.part(wave, [wave_value(self._patient, wave, at) for at in times], 0x2C90))
        return self._record(frames.WAVES, parts, t_s)

    def _record(self, main: int, parts: list[Part], t_s: float) -> bytes:
        listed, at = [], 0
        for part in parts:
            listed.append((at, part.type))
            at += len(part.data)
        rubbish = RUBBISH if "rubbish-list" in self._faults else b""
        head = bytearray(frames.header(frames.HEADER_BYTES + at, main, listed, level=LEVEL, rest=rubbish))
        self._number = (self._number + 1) % 256
        head[2] = self._number
        head[4:6] = (SPECIAL if "escapes" in self._faults else PLUG).to_bytes(2, "little")
        head[6:10] = round(EPOCH_S + t_s).to_bytes(4, "little")
        record = head + b"".join(part.data for part in parts)
        if "escapes" in self._faults:
            # the number of the record is chosen so that the check itself must be escaped
            wanted = frames.FLAG if self._number % 2 else frames.ESCAPE
            record[2] = (record[2] + wanted - sum(record)) & 0xFF
        return bytes(record)

    def _framed(self, record: bytes) -> bytes:
        frame = frames.frame(record)
        if "bad-check" in self._faults and self._number % 7 == 3:
            frame = frame[:60] + bytes((0x11 if frame[60] != 0x11 else 0x12,)) + frame[61:]
        if "shared-flags" in self._faults:
            frame = frame[1:] if self._number > 1 else frame
        return frame + b"\x7e\x7e\x7e" if "idle-flags" in self._faults else frame


def wave_value(patient: Patient, wave: int, t_s: float) -> int:
    """One sample in the wave's own units: ECG in uV, pleth in 1/100 %, CO2 in 1/100 %."""
    if wave == requests.PLETH:
        return round(600 * (patient.pleth(t_s) - 0.35)) if patient.finger_on(t_s) else -32767
    if wave == requests.ECG1:
        place = patient.beat_phase(t_s) % 1.0
        spike, hill = (place - 0.05) / 0.012, (place - 0.32) / 0.05
        return round(1100 * math.exp(-(spike**2)) + 180 * math.exp(-(hill**2)))
    return round(490 * min(1.0, max(0.0, 0.5 + 2 * math.sin(math.tau * RESPIRATION_HZ * t_s))))
