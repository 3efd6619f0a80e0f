"""A simulated A&D TM-2655P with a simulated arm in it: acknowledges, measures, reports, keeps the last result."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta

from kapdevices.aandd_tm2655 import packets
from kapdevices.aandd_tm2655.packets import Result
from kapdevices.framing import Framer
from kapdevices.linefaults import spoiled
from kapdevices.patient import Patient

FAULTS = (
    "lost-ack",
    "deaf-to-stop",
    "silent",
    "no-report",
    "never-ends",
    "other-check",
    "zero-values",
    "arm-moved",
    "noise",
    "byte-loss",
)
"""`deaf-to-stop` obeys only every third stop; `no-report` gives the result only when asked; `other-check` has another
rule for the check of results; `noise` flips 0.5 % of the bytes in both directions, `byte-loss` loses as many."""

ANSWER_S = 0.1
INFLATE_MMHG_PER_S = 30.0
DEFLATE_MMHG_PER_S = 5.0
TOP_MMHG = 180.0
TAKES_S = 32.0
DEVICE_EPOCH = datetime(2026, 3, 5, 14, 30)
"""The simulated device's clock at simulated time 0."""
BEFORE = Result(datetime(2026, 3, 5, 9, 12), 0, 118, 90, 76, 66)
"""What is in the monitor's memory from somebody else."""


class AanddSimulator:
    """One monitor. Time in seconds, any one clock. Raises ValueError for an unknown fault.

    Scenarios of the patient: `cuff-leak` ends with E12, `cuff-weak` with E43, `motion` is not looked at.
    """

    def __init__(self, patient: Patient, faults: Collection[str] = (), seed: int = 0) -> None:
        if unknown := set(faults) - set(FAULTS):
            raise ValueError(f"unknown fault: {', '.join(sorted(unknown))}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._line = random.Random(seed)
        self._framer = Framer(packets.packet_test, limit=packets.LONGEST)
        self._due: list[tuple[float, bytes]] = []
        self._began_s: float | None = None
        self._last = BEFORE
        self._stops = 0
        self.starts = 0
        """How many start commands arrived: never more than were asked for."""

    def receive(self, data: bytes, now_s: float) -> None:
        """Take commands; answers follow after 100 ms."""
        self._settle(now_s)
        for packet in self._framer.feed(spoiled(data, self._faults, self._line)):
            if packets.has_text(packet.data) and packets.check_holds(packet.data) and "silent" not in self._faults:
                self._obey(packets.text_of(packet.data), now_s)

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call."""
        self._settle(now_s)
        self._due.sort(key=lambda item: item[0])
        out = b"".join(packet for at_s, packet in self._due if at_s <= now_s)
        self._due = [item for item in self._due if item[0] > now_s]
        return spoiled(out, self._faults, self._line)

    def pressure_mmhg(self, now_s: float) -> float:
        """Pressure in the cuff; the monitor tells it to nobody."""
        if self._began_s is None:
            return 0.0
        into_s = now_s - self._began_s
        filled_s = TOP_MMHG / INFLATE_MMHG_PER_S
        if into_s < filled_s:
            return INFLATE_MMHG_PER_S * into_s
        floor = 60.0 if "never-ends" in self._faults else 0.0
        return max(floor, TOP_MMHG - DEFLATE_MMHG_PER_S * (into_s - filled_s))

    def _obey(self, text: bytes, now_s: float) -> None:
        if text == b"ST":
            self.starts += 1
            if self._began_s is None:
                self._began_s = now_s
            if "lost-ack" not in self._faults:
                self._say(packets.ACKNOWLEDGED, now_s)
        elif text == b"SP":
            self._stops += 1
            if "deaf-to-stop" in self._faults and self._stops % 3:
                return
            self._began_s = None
            self._say(packets.ACKNOWLEDGED, now_s)
        elif text == b"RB":
            self._say(packets.ACKNOWLEDGED, now_s)
            self._report(now_s + ANSWER_S)

    def _settle(self, now_s: float) -> None:
        """End the measurement when its time has come, at that time and not at the time of the call."""
        if self._began_s is None or "never-ends" in self._faults or now_s < self._began_s + TAKES_S:
            return
        began_s, self._began_s = self._began_s, None
        self._last = self.measured(began_s)
        if "no-report" not in self._faults:
            self._report(began_s + TAKES_S)

    def measured(self, began_s: float) -> Result:
        """What a measurement that begins at `began_s` gives."""
        patient = self._patient
        at = (DEVICE_EPOCH + timedelta(seconds=began_s + TAKES_S)).replace(second=0, microsecond=0)
        error = {"cuff-leak": 12, "cuff-weak": 43}.get(patient.scenario, 44 if "arm-moved" in self._faults else 0)
        if error:
            return Result(at, error, None, None, None, None)
        if "zero-values" in self._faults:
            return Result(at, 0, 0, 0, 0, 0)
        measures = (patient.systolic, patient.mean, patient.diastolic, patient.pulse_rate)
        systolic, mean, diastolic, rate = (round(measure(began_s)) for measure in measures)
        return Result(at, 0, systolic, mean, diastolic, rate)

    def _report(self, at_s: float) -> None:
        frame = packets.encode_result(self._last)
        self._say(frame[:-1] + bytes((frame[-1] ^ 0x2A,)) if "other-check" in self._faults else frame, at_s)

    def _say(self, packet: bytes, now_s: float) -> None:
        self._due.append((now_s + ANSWER_S, packet))
