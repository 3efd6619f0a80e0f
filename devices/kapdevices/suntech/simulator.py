"""A simulated SunTech NIBP module with a cuff on a simulated patient: pressure ramp, results, errors, refusals."""

from __future__ import annotations

import random
from collections.abc import Collection

from kapdevices.framing import Framer
from kapdevices.patient import Patient
from kapdevices.suntech import packets
from kapdevices.suntech.packets import Result

FAULTS = (
    "lost-ack",
    "lost-done",
    "busy",
    "asleep",
    "silent",
    "zero-values",
    "over-pressure",
    "never-ends",
    "results-differ",
    "deaf-to-stop",
    "noise",
)
"""`noise` flips 0.5 % of the bytes in both directions; `deaf-to-stop` obeys only the third abort."""

ANSWER_S = 0.04
INFLATE_MMHG_PER_S = 40.0
DEFLATE_MMHG_PER_S = 4.0
DUMP_MMHG_PER_S = 150.0
LEAK_MMHG = 38.0
LEAK_AFTER_S = 20.0
"""A leaking cuff stays below 40 mmHg and the module gives up after 20 s."""


class SuntechSimulator:
    """One module. Answers only, but for the "done" at the end of a measurement. Time in seconds, any one clock.

    Scenarios of the patient: `cuff-leak` ends with error 87, `cuff-weak` with error 1; `finger-out` and the others do
    not concern a cuff. Raises ValueError for an unknown fault.
    """

    def __init__(self, patient: Patient, faults: Collection[str] = (), seed: int = 0) -> None:
        if unknown := set(faults) - set(FAULTS):
            raise ValueError(f"unknown fault: {', '.join(sorted(unknown))}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._line = random.Random(seed)
        self._framer = Framer(packets.packet_test)
        self._due: list[tuple[float, bytes]] = []
        self._target_mmhg = 160
        self._began_s: float | None = None
        self._dumped: tuple[float, float] = (float("-inf"), 0.0)
        self._result = Result(0, 0, 0, 0)
        self._aborts = 0
        self._reads = 0
        self.starts = 0
        """How many start commands arrived: never more than were asked for."""

    def receive(self, data: bytes, now_s: float) -> None:
        """Take host packets; answers follow after 40 ms."""
        self._settle(now_s)
        for packet in self._framer.feed(self._noise(data)):
            if packet.data[0] == packets.HOST and "silent" not in self._faults:
                self._obey(packet.data, now_s)

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call."""
        self._settle(now_s)
        self._due.sort(key=lambda item: item[0])
        out = b"".join(packet for at_s, packet in self._due if at_s <= now_s)
        self._due = [item for item in self._due if item[0] > now_s]
        return self._noise(out)

    def pressure_mmhg(self, now_s: float) -> float:
        """Pressure in the cuff."""
        if self._began_s is None:
            at_s, from_mmhg = self._dumped
            return max(0.0, from_mmhg - DUMP_MMHG_PER_S * (now_s - at_s))
        into_s = now_s - self._began_s
        if self._patient.scenario == "cuff-leak":
            return min(LEAK_MMHG, 6.0 * into_s)
        top = self._top_mmhg()
        filled_s = top / INFLATE_MMHG_PER_S
        if into_s <= filled_s or "over-pressure" in self._faults:
            return min(INFLATE_MMHG_PER_S * into_s, top)
        if "never-ends" in self._faults:
            return 60.0
        # oscillations of the pulse ride on the falling pressure
        ripple = 1.5 * (self._patient.pleth(now_s) - 0.3)
        return max(0.0, top - DEFLATE_MMHG_PER_S * (into_s - filled_s) + ripple)

    def _top_mmhg(self) -> float:
        if "over-pressure" in self._faults:
            return 320.0
        assert self._began_s is not None
        return max(float(self._target_mmhg), self._patient.systolic(self._began_s) + 25)

    def _obey(self, packet: bytes, now_s: float) -> None:
        code = packet[1]
        running = self._began_s is not None
        if "asleep" in self._faults and packet != packets.ABORT:
            self._say(packets.answer("S"), now_s)
        elif code == 0x17:
            if running:
                self._say(packets.answer("B"), now_s)
            else:
                self._target_mmhg = int.from_bytes(packet[2:4], "little")
                self._say(packets.answer("K" if self._target_mmhg <= packets.MAX_CUFF_MMHG else "N"), now_s)
        elif code in (0x20, 0x87, 0x28):
            self._start(now_s, running)
        elif packet == packets.ABORT:
            self._aborts += 1
            if "deaf-to-stop" in self._faults and self._aborts % 3:
                return
            self._say(packets.answer("A" if running else "K"), now_s)
            if running:
                self._end(now_s, Result(0, 0, 0, 0, error=packets.STOPPED_BY_PERSON), done=False)
        elif packet == packets.GET_PRESSURE:
            self._say(packets.pressure(round(self.pressure_mmhg(now_s))), now_s)
        elif packet == packets.GET_RESULT:
            self._say(packets.answer("B") if running else packets.encode_result(self._read_result()), now_s)
        else:
            self._say(packets.answer("D"), now_s)

    def _start(self, now_s: float, running: bool) -> None:
        self.starts += 1
        if running or "busy" in self._faults:
            self._say(packets.answer("B"), now_s)
            return
        self._began_s = now_s
        self._aborts = 0
        if "lost-ack" not in self._faults:
            self._say(packets.answer("O"), now_s)

    def _read_result(self) -> Result:
        self._reads += 1
        if "results-differ" not in self._faults:
            return self._result
        return Result(self._result.systolic + self._reads, 70, 85, 70)

    def _settle(self, now_s: float) -> None:
        """End the measurement when its time has come, at that time and not at the time of the call."""
        if self._began_s is None:
            return
        patient, began_s = self._patient, self._began_s
        if patient.scenario == "cuff-leak":
            end_s, result = began_s + LEAK_AFTER_S, Result(0, 0, 0, 0, error=87)
        elif "over-pressure" in self._faults:
            end_s, result = began_s + 20.0, Result(0, 0, 0, 0, error=89)
        elif "never-ends" in self._faults:
            return
        else:
            top, floor = self._top_mmhg(), max(30.0, patient.diastolic(began_s) - 12)
            end_s = began_s + top / INFLATE_MMHG_PER_S + (top - floor) / DEFLATE_MMHG_PER_S
            result = Result(
                systolic=round(patient.systolic(began_s)),
                diastolic=round(patient.diastolic(began_s)),
                mean=round(patient.mean(began_s)),
                pulse_rate=round(patient.pulse_rate(began_s)),
                beats=24,
            )
            if patient.scenario == "cuff-weak":
                result = Result(0, 0, 0, 0, error=1)
            elif "zero-values" in self._faults:
                result = Result(0, 0, 0, 0)
        if now_s >= end_s:
            self._end(end_s, result, done=True)

    def _end(self, at_s: float, result: Result, done: bool) -> None:
        self._dumped = (at_s, self.pressure_mmhg(at_s))
        self._began_s = None
        self._result = result
        if done and "lost-done" not in self._faults:
            self._say(packets.answer("K"), at_s)

    def _say(self, packet: bytes, now_s: float) -> None:
        self._due.append((now_s + ANSWER_S, packet))

    def _noise(self, data: bytes) -> bytes:
        if "noise" not in self._faults:
            return data
        return bytes(b ^ (1 << self._line.randrange(8) if self._line.random() < 0.005 else 0) for b in data)
