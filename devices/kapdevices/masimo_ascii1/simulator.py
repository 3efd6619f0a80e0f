"""A simulated Masimo oximeter with ASCII 1: a line a second, dashes without a finger, faults of lines and sensors."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from datetime import datetime, timedelta

from kapdevices.patient import Patient

FAULTS = (
    "cut-first-line",
    "missing-pvi",
    "rad5",
    "noise",
    "byte-loss",
    "low-perfusion",
    "sensor-defective",
    "sensor-expired",
    "low-battery",
)
"""`missing-pvi` makes it a Rad-8 (no PVI, no SpCO or SpMet); `rad5` prints the short line of a Rad-5; `noise` flips and
`byte-loss` drops 0.5 % of the bytes."""

BACKLOG_LINES = 2
"""After a jump of time only the last lines are sent: a device does not wait for its reader."""
JITTER_S = 0.04
HOLD_S = 3.0
"""Values are printed on for a moment after the finger has left, with the sensor-off bit, as a real Rad-8 does."""
SEARCH_S = 4.0
SET_RUNNING, LOW_IQ, SENSOR_OFF, SEARCH, LOW_PERFUSION = 0x800, 0x400, 0x20, 0x8, 0x4
DEVICE_EPOCH = datetime(2026, 3, 5, 14, 30)
"""The simulated device's clock at simulated time 0."""


class MasimoAscii1Simulator:
    """A Radical-7 on one patient. `now_s` is session time in seconds; a line is a pure function of its time.

    Scenario `noise` of the patient switches on the fault of that name. Raises ValueError for an unknown fault.
    """

    def __init__(self, patient: Patient, faults: Collection[str] = (), seed: int = 0) -> None:
        if unknown := set(faults) - set(FAULTS):
            raise ValueError(f"unknown fault: {', '.join(sorted(unknown))}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._damage = random.Random(seed)
        self._began_s: float | None = None
        self._sent = 0

    def receive(self, data: bytes, now_s: float) -> None:
        """The device takes no commands."""

    def transmit(self, now_s: float) -> bytes:
        """All lines due since the last call, each followed by a blank one."""
        if self._began_s is None:
            self._began_s = now_s
        due = self._sent
        while self._began_s + due + self._jitter_s(due) <= now_s:
            due = max(due + 1, int(now_s - self._began_s) - BACKLOG_LINES)
        first = max(self._sent, due - BACKLOG_LINES)
        out = b"".join(self.line(self._began_s + number) + b"\r\n\r\n" for number in range(first, due))
        if "cut-first-line" in self._faults and not self._sent:
            out = out[37:]
        self._sent = due
        return self._on_the_line(out)

    def displayed(self, t_s: float) -> tuple[int, int]:
        """SpO2 and pulse rate that the device shows at one time, finger or not."""
        t_s -= self._patient.finger_out_for_s(t_s)
        return round(self._patient.spo2(t_s)), round(self._patient.pulse_rate(t_s))

    def line(self, t_s: float) -> bytes:
        """The line of one time, without its end."""
        away_s = self._patient.finger_out_for_s(t_s)
        exceptions, alarm = SET_RUNNING, 0
        if away_s:
            exceptions |= SENSOR_OFF | (LOW_PERFUSION if away_s < HOLD_S else 0)
            alarm |= 0x10
        elif t_s > SEARCH_S and not self._patient.finger_on(t_s - SEARCH_S):
            exceptions |= SEARCH
        if self._patient.moving(t_s):
            exceptions |= LOW_IQ
        for fault, bits in (("low-perfusion", LOW_PERFUSION), ("sensor-defective", 0x2), ("sensor-expired", 0x40000)):
            exceptions |= bits if fault in self._faults else 0
        alarm |= 0x40 if "low-battery" in self._faults else 0
        shown = not exceptions & (SEARCH | 0x2) and (not away_s or away_s < HOLD_S)
        spo2, pulse = self.displayed(t_s)
        if shown and spo2 < 90:
            alarm |= 0x12
        rainbow = shown and not away_s and not self._faults & {"missing-pvi", "rad5"}
        fields = [
            f"{DEVICE_EPOCH + timedelta(seconds=int(t_s)):%m/%d/%y %H:%M:%S}",
            "SN=0000000000",
            f"SPO2={spo2:03}%" if shown else "SPO2=---%",
            f"BPM={pulse:03}" if shown else "BPM=---",
            f"PI={self.perfusion(t_s):05.2f}%" if shown and not away_s else "PI=--.--%",
            "SPCO=01.2%" if rainbow else "SPCO=--.-%",
            "SPMET=00.6%" if rainbow else "SPMET=--.-%",
            "DESAT=--",
            "PIDELTA=+--",
            "PVI=014" if rainbow else "PVI=---",
            f"ALARM={alarm:04X}",
            f"EXC={exceptions:06X}",
        ]
        if "missing-pvi" in self._faults:
            del fields[9]
        if "rad5" in self._faults:
            fields = [fields[0], *fields[2:5], f"ALARM={alarm & 0xFF:02X}", f"EXC={exceptions & 0xFFF:03X}"]
        return " ".join(fields).encode("ascii")

    def perfusion(self, t_s: float) -> float:
        """Perfusion index at one time, percent."""
        return round(0.31 if "low-perfusion" in self._faults else 3.2 + 0.8 * math.sin(t_s / 23), 2)

    def _jitter_s(self, number: int) -> float:
        return JITTER_S * (1 + math.sin(12.9 * number))

    def _on_the_line(self, data: bytes) -> bytes:
        chance = self._damage
        if "noise" in self._faults:
            data = bytes(b ^ (1 << chance.randrange(8) if chance.random() < 0.005 else 0) for b in data)
        if "byte-loss" in self._faults:
            data = bytes(b for b in data if chance.random() >= 0.005)
        return data
