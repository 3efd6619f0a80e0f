"""A simulated Nellcor oximeter: a line every 2 s in the columns of a real N-560, headings, codes, faults of lines."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from datetime import datetime, timedelta

from kapdevices.nellcor.lines import MONTHS, XON
from kapdevices.patient import Patient

FAULTS = (
    "cut-first-line",
    "repeated-headings",
    "silence-on-battery",
    "stopped-output",
    "noise",
    "byte-loss",
    "low-battery",
    "alarm-off",
    "unknown-code",
)
"""`silence-on-battery` is silent from the 30th second on, `stopped-output` until an XON arrives; `noise` flips and
`byte-loss` drops 0.5 % of the bytes."""

LINE_S = 2.0
JITTER_S = 0.15
BACKLOG_LINES = 2
"""After a jump of time only the last lines are sent: a device does not wait for its reader."""
HEADING_EVERY = 25
SEARCH_S = 8.0
LOW_SPO2, HIGH_SPO2, LOW_RATE, HIGH_RATE = 90, 100, 50, 150
DEVICE_EPOCH = datetime(2026, 3, 5, 14, 30)
"""The simulated device's clock at simulated time 0."""
HEADING = (
    f"N-560    VERSION 1.61.00    CRC:XXXX  SpO2 Limit: {LOW_SPO2}-{HIGH_SPO2}%    PR Limit: {LOW_RATE}-{HIGH_RATE}BPM",
    "                             ADULT            0SAT-S ",
    "TIME                 %SpO2   BPM     PA     Status",
)
_COLUMNS = (("SD", "SO", "PS", "LP", "LM", "MO"), ("SL", "SH"), ("PL", "PH"), ("LB", "XX"), ("AS",), ("AO",))
"""Columns of the status field, three characters each."""


class NellcorSimulator:
    """One device on one patient. `now_s` is session time in seconds; a line is a pure function of its time.

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
        self._stopped = "stopped-output" in self._faults

    def receive(self, data: bytes, now_s: float) -> None:
        """Take an XON; the interactive mode is not simulated."""
        if XON in data:
            self._stopped = False

    def transmit(self, now_s: float) -> bytes:
        """All lines due since the last call."""
        if self._began_s is None:
            self._began_s = now_s
        due = self._sent
        while self._began_s + due * LINE_S + self._jitter_s(due) <= now_s:
            due = max(due + 1, int((now_s - self._began_s) / LINE_S) - BACKLOG_LINES)
        out = bytearray()
        for number in range(max(self._sent, due - BACKLOG_LINES), due):
            if number % (5 if "repeated-headings" in self._faults else HEADING_EVERY) == 0:
                out += b"".join(text.encode("ascii") + b"\r\n" for text in HEADING)
            out += self.line(self._began_s + number * LINE_S) + b"\r\n"
        if "cut-first-line" in self._faults and not self._sent:
            del out[:37]
        self._sent = due
        on_battery = "silence-on-battery" in self._faults and now_s - self._began_s >= 30.0
        return b"" if self._stopped or on_battery else self._on_the_line(bytes(out))

    def displayed(self, t_s: float) -> tuple[int, int, int]:
        """SpO2, pulse rate and pulse amplitude at one time."""
        patient = self._patient
        return round(patient.spo2(t_s)), round(patient.pulse_rate(t_s)), round(70 + 18 * math.sin(t_s / 31))

    def line(self, t_s: float) -> bytes:
        """The data line of one time, without its end."""
        patient, codes = self._patient, set[str]()
        spo2, rate, amplitude = self.displayed(t_s)
        fields = [f"{spo2:3} ", f"{rate:3} ", f"{amplitude:3} "]
        if not patient.finger_on(t_s):
            codes.add("SO")
            fields = ["--- "] * 3
        elif t_s > SEARCH_S and not patient.finger_on(t_s - SEARCH_S):
            codes.add("PS")
            fields = ["  0 ", "  0 ", "--- "]
        else:
            for place, low, high, value, letter in ((0, LOW_SPO2, 101, spo2, "S"), (1, LOW_RATE, HIGH_RATE, rate, "P")):
                if not low <= value <= high:
                    codes.add(f"{letter}{'L' if value < low else 'H'}")
                    fields[place] = f"{value:3}*"
        if patient.moving(t_s):
            codes.add("MO")
        for fault, code in (("low-battery", "LB"), ("alarm-off", "AO"), ("unknown-code", "XX")):
            codes |= {code} if fault in self._faults else set()
        at = DEVICE_EPOCH + timedelta(seconds=int(t_s))
        stamp = f"{at:%d}-{MONTHS[at.month - 1].capitalize()}-{at:%y %H:%M:%S}"
        status = "".join(next((code for code in column if code in codes), "  ") + " " for column in _COLUMNS)
        return f"{stamp}   {'    '.join(fields)}   {status}".encode("ascii")[:61]

    def _jitter_s(self, number: int) -> float:
        return JITTER_S * (1 + math.sin(12.9 * number))

    def _on_the_line(self, data: bytes) -> bytes:
        chance = self._damage
        if "noise" in self._faults:
            data = bytes(b ^ (1 << chance.randrange(8) if chance.random() < 0.005 else 0) for b in data)
        if "byte-loss" in self._faults:
            data = bytes(b for b in data if chance.random() >= 0.005)
        return data
