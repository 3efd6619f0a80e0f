"""A simulated Ivy 450C: one message a second at 960 bytes a second, with a cuff that the monitor starts by itself."""

from __future__ import annotations

import math
import random
from collections.abc import Collection

from kapdevices.ivy_450c.messages import encode
from kapdevices.linefaults import spoiled
from kapdevices.patient import RESPIRATION_HZ, Patient

FAULTS = ("noise", "byte-loss", "cut-start", "unknown-status", "blank", "impossible-cuff", "equal-cuff")
"""`noise` flips 0.5 % of the bytes, `byte-loss` drops 0.1 %; `cut-start` begins inside a message, as the recording
does; `unknown-status` gives HR with a status never seen; `blank` has empty values; `impossible-cuff` gives diastolic
above systolic; `equal-cuff` repeats the same four numbers, with an empty field while it measures."""

BYTES_PER_S = 960.0
CUFF_EVERY_S = 300.0
CUFF_TAKES_S = 40.0


class IvySimulator:
    """One monitor on one patient; `now_s` is session time in seconds. Raises ValueError for an unknown fault.

    The words for a finger that is out and for motion are invented: the recording has none.
    """

    def __init__(self, patient: Patient, faults: Collection[str] = (), seed: int = 0) -> None:
        if unknown := set(faults) - set(FAULTS):
            raise ValueError(f"unknown fault: {', '.join(sorted(unknown))}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._line = random.Random(seed)
        self._began_s: float | None = None
        self._number = 0
        self._rest = b""
        self._length = 0

    def receive(self, data: bytes, now_s: float) -> None:
        """Take nothing: the monitor only talks."""

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call; after a jump of time only the message before the present."""
        if self._began_s is None:
            self._began_s = now_s
            self._rest = self._message(now_s)[-252 if "cut-start" in self._faults else 0 :]
        out = bytearray()
        while True:
            due = int((now_s - self._began_s - self._number) * BYTES_PER_S) - (self._length - len(self._rest))
            out += self._rest[: max(0, due)]
            self._rest = self._rest[max(0, due) :]
            if self._rest or now_s - self._began_s < self._number + 1:
                return spoiled(bytes(out), self._faults, self._line, lost_share=0.001)
            self._number = max(self._number + 1, int(now_s - self._began_s) - 1)
            self._rest = self._message(self._began_s + self._number)

    def cuff(self, t_s: float) -> tuple[int, int, int, int] | None:
        """Systolic, diastolic, mean and pulse that the monitor shows; None while `equal-cuff` measures."""
        number, into_s = divmod(t_s, CUFF_EVERY_S)
        measuring = number > 0 and into_s < CUFF_TAKES_S
        if "equal-cuff" in self._faults:
            return None if measuring else (121, 75, 92, 80)
        at_s = max(0.0, number - measuring) * CUFF_EVERY_S
        patient = self._patient
        found = [round(of(at_s)) for of in (patient.systolic, patient.diastolic, patient.mean, patient.pulse_rate)]
        if "impossible-cuff" in self._faults:
            found[0], found[1] = found[1], found[0]
        return found[0], found[1], found[2], found[3]

    def rate(self, t_s: float) -> int:
        """Heart and pulse rate as shown."""
        return round(self._patient.pulse_rate(t_s))

    def _message(self, t_s: float) -> bytes:
        message = encode(self._waves(t_s - 1), self._lines(t_s))
        self._length = len(message)
        return message

    def _lines(self, t_s: float) -> tuple[str, ...]:
        patient, blank = self._patient, "blank" in self._faults
        rate, finger = self.rate(t_s), patient.finger_on(t_s)
        spo2 = f"{round(patient.spo2(t_s))};PR={rate:<3}" if finger else ";SENSOR OFF"
        if finger and patient.moving(t_s):
            spo2 = f"{round(patient.spo2(t_s))};ARTIFACT"
        cuff = self.cuff(t_s)
        return (
            f"HR={2 if 'unknown-status' in self._faults else 1};{'' if blank else rate};ECG-II-DIAG;",
            f"RR=1;{'' if blank else round(60 * RESPIRATION_HZ)};APNEA: 20 SEC;",
            "ETCO2=1;;;",
            f"SPO2=1;{';PR=   ' if blank else spo2};",
            "NIBP=4;{};{};{};{};;".format(*(cuff if cuff and not blank else ("", "", "", ""))),
            "P1=3;;;;NO TRANSDUCER;",
            "P2=3;;;;NO TRANSDUCER;",
            "T1=1;;;",
            "T2=1;;;",
        )

    def _waves(self, from_s: float) -> tuple[bytes, ...]:
        ecg = bytes(_ecg(self._patient.beat_phase(from_s + k / 200) % 1.0) for k in range(200))
        slow = [from_s + k / 50 for k in range(50)]
        resp = bytes(round(128 + 60 * math.sin(math.tau * RESPIRATION_HZ * t_s)) for t_s in slow)
        pleth = bytes(round(255 * self._patient.pleth(t_s)) for t_s in slow)
        return ecg, resp, pleth, bytes(50), bytes(50)


def _ecg(place: float) -> int:
    """One sample of a beat, 0 to 255, zero line at 100: P, QRS and T as bumps."""
    bumps = ((0.12, 0.03, 14), (0.245, 0.008, -16), (0.26, 0.009, 130), (0.28, 0.01, -28), (0.5, 0.05, 26))
    return round(100 + sum(size * math.exp(-(((place - at) / width) ** 2)) for at, width, size in bumps))
