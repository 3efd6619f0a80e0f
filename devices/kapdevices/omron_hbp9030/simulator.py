"""A simulated Omron HBP-9030: a person presses its key now and then, and a line follows each measurement."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta

from kapdevices.linefaults import spoiled
from kapdevices.omron_hbp9030.lines import Result, encode
from kapdevices.patient import Patient

FAULTS = ("wrong-format", "said-twice", "late-lf", "zeros-at-start", "cut-first", "device-error", "noise", "byte-loss")
"""`noise` flips 0.5 % of the bytes, `byte-loss` loses as many; `late-lf` holds the last byte back for 100 ms."""

FIRST_PRESS_S = 5.0
PRESS_EVERY_S = 300.0
TAKES_S = 35.0
LATE_LF_S = 0.1
DEVICE_EPOCH = datetime(2026, 3, 5, 14, 30)
"""The simulated device's clock at simulated time 0."""
PERSON = "ROOM2"
ERROR_LOOSE, ERROR_WEAK = 2, 4
"""Error digits of the simulated device; what a real one means by them is not known."""


class OmronSimulator:
    """One monitor on one patient: measured 5 s after the first call and every 5 min, a line 35 s later.

    Scenarios of the patient: `cuff-leak` and `cuff-weak` end with an error, `motion` with a movement count. Raises
    ValueError for an unknown fault.
    """

    def __init__(self, patient: Patient, faults: Collection[str] = (), seed: int = 0) -> None:
        if unknown := set(faults) - set(FAULTS):
            raise ValueError(f"unknown fault: {', '.join(sorted(unknown))}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._line = random.Random(seed)
        self._began_s: float | None = None
        self._sent = 0
        self._late: tuple[float, bytes] | None = None

    def receive(self, data: bytes, now_s: float) -> None:
        """Nothing: no command is known."""

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call. After a longer jump of time only the newest measurement is sent."""
        out = b""
        if self._began_s is None:
            self._began_s = now_s
            if "zeros-at-start" in self._faults:
                out += b"\0\0"
            if "cut-first" in self._faults:
                out += encode(self.measured(now_s), PERSON)[21:]
        if self._late is not None and now_s >= self._late[0]:
            out += self._late[1]
            self._late = None
        due = int(max(0.0, now_s - self._began_s - FIRST_PRESS_S - TAKES_S + PRESS_EVERY_S) // PRESS_EVERY_S)
        if due > self._sent:
            self._sent = due
            line = self._written(self._began_s + FIRST_PRESS_S + (due - 1) * PRESS_EVERY_S)
            if "late-lf" in self._faults:
                line, self._late = line[:-1], (now_s + LATE_LF_S, line[-1:])
            out += line
        return spoiled(out, self._faults, self._line)

    def measured(self, press_s: float) -> Result:
        """What the device measures when its key is pressed at `press_s`."""
        patient = self._patient
        at = (DEVICE_EPOCH + timedelta(seconds=press_s)).replace(second=0, microsecond=0)
        if "device-error" in self._faults or patient.scenario == "cuff-leak":
            return Result(at, ERROR_LOOSE, None, None, None, 0)
        if patient.scenario == "cuff-weak":
            return Result(at, ERROR_WEAK, None, None, None, 0)
        measures = (patient.systolic, patient.diastolic, patient.pulse_rate)
        systolic, diastolic, rate = (round(measure(press_s)) for measure in measures)
        return Result(at, 0, systolic, diastolic, rate, int(patient.scenario == "motion"))

    def _written(self, press_s: float) -> bytes:
        line = encode(self.measured(press_s), PERSON)
        if "wrong-format" in self._faults:
            return b"bp," + line
        return line * 2 if "said-twice" in self._faults else line
