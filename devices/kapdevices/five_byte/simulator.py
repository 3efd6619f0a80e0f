"""A simulated oximeter with the five-byte stream: old Contec or Berry, talking from the start, with a memory."""

from __future__ import annotations

import math
import random
from collections.abc import Collection

from kapdevices.five_byte.packets import ASK_STORED, BACK_TO_LIVE, DIALECTS, Said, encode
from kapdevices.five_byte.stored import begin_of, trio
from kapdevices.patient import Patient

FAULTS = ("noise", "byte-loss", "parity-errors", "fast-pulse", "pauses", "live-cuts-in", "one-bad-transfer")
"""`noise` flips 0.5 % of the bytes, `byte-loss` drops 0.5 %; `parity-errors` are bytes that the computer replaces by 0;
`fast-pulse` adds 80 to the rate; `pauses` are 3 s of silence every 20 s; `live-cuts-in` puts live bytes into the third
header of a download; `one-bad-transfer` loses a byte in the first download."""

BURST_S = 0.016
BACKLOG_S = 2.0
MEMORY_BYTES_PER_S = 1700.0
RECORD_S = 180
CLOCK = (22, 30)


class FiveByteSimulator:
    """One device on one patient. `now_s` is session time in seconds. In `stored` it is a Contec with one record.

    Raises ValueError for an unknown fault or format.
    """

    def __init__(self, patient: Patient, format: str = "contec", faults: Collection[str] = (), seed: int = 0) -> None:
        if (unknown := set(faults) - set(FAULTS)) or format not in ("contec", "berry", "stored"):
            raise ValueError(f"unknown fault or format: {', '.join(sorted(unknown)) or format}")
        self._patient = patient
        self._berry = format == "berry"
        self._rate_hz = DIALECTS["berry" if self._berry else "contec"].rate_hz
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._line = random.Random(seed)
        self._began_s: float | None = None
        self._sent = 0
        self._heard = b""
        self._memory = bytearray()
        self._memory_from_s = 0.0
        self.transfers = 0
        length = RECORD_S if format == "stored" else 0
        self.record = tuple((0, 0) if k < 5 else self._values(float(k)) for k in range(length))

    def receive(self, data: bytes, now_s: float) -> None:
        """Take requests: F5 F5 sends the memory, F6 F6 F6 goes back to live."""
        self._heard = (self._heard + data)[-8:]
        if self._heard.endswith(ASK_STORED) and self.record:
            self._heard = b""
            self.transfers += 1
            self._memory_from_s = now_s
            begin = bytearray(begin_of(len(self.record), CLOCK))
            if "live-cuts-in" in self._faults:
                begin[7:7] = encode(self.said(now_s))
            body = bytearray(b"".join(trio(spo2, rate) for spo2, rate in self.record))
            if "one-bad-transfer" in self._faults and self.transfers == 1:
                del body[100]
            self._memory = begin + body
        elif self._heard.endswith(BACK_TO_LIVE):
            self._heard = b""
            self._memory.clear()

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call; live packets in bursts of 16 ms, as over USB."""
        if self._began_s is None:
            self._began_s = now_s
        into_s = math.floor((now_s - self._began_s) / BURST_S + 1e-6) * BURST_S
        due = int(into_s * self._rate_hz + 1e-6)
        first = max(self._sent, due - int(BACKLOG_S * self._rate_hz))
        self._sent = max(self._sent, due)
        if self._memory:
            ready = max(0, int((now_s - self._memory_from_s) * MEMORY_BYTES_PER_S))
            self._memory_from_s = now_s if ready else self._memory_from_s
            out = bytes(self._memory[:ready])
            del self._memory[:ready]
            return self._damage(out)
        times = [self._began_s + number / self._rate_hz for number in range(first, due)]
        if "pauses" in self._faults:
            times = [t_s for t_s in times if t_s % 20 < 17]
        return self._damage(b"".join(encode(self.said(t_s)) for t_s in times))

    def said(self, t_s: float) -> Said:
        """What the packet of one time says: zeros without a finger from Contec, 255 and 127 from Berry."""
        patient = self._patient
        rate, spo2 = (255, 127) if self._berry else (0, 0)
        if not patient.finger_on(t_s):
            return Said(0, rate, spo2, strength=0, flag_4=True, probe=True)
        pleth = round((100 if self._berry else 127) * patient.pleth(t_s))
        searching = patient.moving(t_s)
        if not searching:
            spo2, rate = self._values(t_s)
        return Said(
            pleth,
            rate,
            spo2,
            bar=pleth // 8,
            beep=patient.beat_phase(t_s) % 1.0 < patient.pulse_rate(t_s) / 60 * 2 / self._rate_hz,
            flag_5=not self._berry and not searching and spo2 < 90,
            searching=searching,
        )

    def _values(self, t_s: float) -> tuple[int, int]:
        """SpO2 and pulse rate as shown, new every second."""
        faster = 80 if "fast-pulse" in self._faults else 0
        return round(self._patient.spo2(t_s // 1)), round(self._patient.pulse_rate(t_s // 1)) + faster

    def _damage(self, data: bytes) -> bytes:
        if not {"noise", "byte-loss", "parity-errors"} & self._faults:
            return data
        out = bytearray()
        for byte in data:
            chance = self._line.random()
            if "byte-loss" in self._faults and chance < 0.005:
                continue
            if "noise" in self._faults and chance > 0.995:
                byte ^= 1 << self._line.randrange(8)
            if "parity-errors" in self._faults and 0.5 < chance < 0.51:
                byte = 0
            out.append(byte)
        return bytes(out)
