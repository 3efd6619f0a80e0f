"""A simulated DINAMAP monitor on a simulated patient: answers only, never speaks first, needs the CR."""

from __future__ import annotations

import random
from collections.abc import Collection

from kapdevices.dinamap import packets
from kapdevices.dinamap.packets import Nibp, Oximeter, Rate, Temperature
from kapdevices.patient import Patient

FAULTS = (
    "bad-checksum",
    "silent",
    "slow",
    "deaf-to-start",
    "refuses-start",
    "deaf-to-stop",
    "never-ends",
    "failed",
    "one-pressure-timeout",
    "total-timeout",
    "over-pressure",
    "zero-values",
    "impossible-values",
    "own-cycle",
    "old-reading",
    "neonate-hose",
    "no-oximeter",
    "oximeter-unplugged",
    "noise",
    "byte-loss",
)
"""`bad-checksum` spoils every seventh answer, `deaf-to-stop` obeys only the third cancel, `noise` flips and `byte-loss`
drops 0.5 % of the bytes in both directions, `own-cycle` is a determination that the monitor starts by itself."""

ANSWER_S = 0.08
SLOW_ANSWER_S = 2.2
RUN_S = 32.0
LEAK_AFTER_S = 20.0
OVER_PRESSURE_AFTER_S = 8.0
OWN_CYCLE_AT_S = 45.0
OLD_READING_S = 142.0
"""How old the reading in memory is at first contact, with the fault of that name."""
TEMPERATURE_AT_S = 62.0
TEMPERATURE_EVERY_S = 600.0
TEMPERATURE_RUN_S = 5.0
_FAILURE = {"failed": 3, "total-timeout": 6, "one-pressure-timeout": 7, "over-pressure": 8}


class DinamapSimulator:
    """One monitor. Time in seconds, any one clock; the cuff's end is computed and not waited for.

    Scenarios of the patient: `cuff-leak` ends as pump-up timeout, `cuff-weak` as one-pressure timeout; `finger-out`
    makes the oximeter report no data. Raises ValueError for an unknown fault.
    """

    def __init__(self, patient: Patient, faults: Collection[str] = (), seed: int = 0) -> None:
        if unknown := set(faults) - set(FAULTS):
            raise ValueError(f"unknown fault: {', '.join(sorted(unknown))}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._line = random.Random(seed)
        self._heard = bytearray()
        self._due: list[tuple[float, bytes]] = []
        self._state = packets.GOOD
        self._good: tuple[float, Nibp] | None = None
        self._began_s: float | None = None
        self._ends_s = 0.0
        self._power_s: float | None = None
        self._answers = 0
        self._cancels = 0
        self._cycled = False
        self.starts = 0
        """How many start commands arrived: never more than were asked for."""

    @property
    def running(self) -> bool:
        """True while the cuff is under pressure."""
        return self._began_s is not None

    def receive(self, data: bytes, now_s: float) -> None:
        """Take lines of the host; what has no CR or a wrong check is not answered."""
        self._settle(now_s)
        for byte in self._on_the_line(data):
            if byte == packets.CR:
                text = bytes(self._heard)
                self._heard.clear()
                if "silent" not in self._faults and len(text) > 4 and packets.check(text[:-2]) == text[-2:]:
                    self._obey(text[1:-2].decode("ascii", "replace"), now_s)
            elif byte != packets.LF:
                self._heard.append(byte)
                del self._heard[:-64]

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call."""
        self._settle(now_s)
        out = b"".join(line for at_s, line in self._due if at_s <= now_s)
        self._due = [item for item in self._due if item[0] > now_s]
        return self._on_the_line(out)

    def nibp(self, now_s: float) -> Nibp:
        """State of the cuff; while it runs, and after a failure, the values are those of the last good reading."""
        state = packets.BUSY if self.running else self._state
        cuff = packets.NEONATE if "neonate-hose" in self._faults else 1
        if self._good is None:
            return Nibp(state, cuff, False, None, 0, 0, 0)
        at_s, good = self._good
        age_s = int(now_s - at_s)
        return Nibp(state, cuff, False, age_s, good.systolic, good.diastolic, good.mean)

    def oximeter(self, now_s: float) -> Oximeter:
        """What the oximeter says at one time."""
        if "oximeter-unplugged" in self._faults:
            return Oximeter(packets.OXIMETER_UNPLUGGED, 0, 0, 0)
        if not self._patient.finger_on(now_s):
            return Oximeter(packets.OXIMETER_NO_DATA, 0, 0, 0)
        return Oximeter(packets.OXIMETER_GOOD, round(self._patient.spo2(now_s)), 9, 5)

    def rate(self, now_s: float) -> Rate:
        """The pulse rate with its source: the oximeter, without it the last determination."""
        watched = "no-oximeter" not in self._faults
        if watched and self.oximeter(now_s).state == packets.OXIMETER_GOOD:
            return Rate(packets.FROM_OXIMETER, round(self._patient.pulse_rate(now_s)))
        if self._good is None:
            return Rate(packets.FROM_OXIMETER, None)
        return Rate(packets.FROM_NIBP, round(self._patient.pulse_rate(self._good[0])))

    def temperature(self, now_s: float) -> Temperature:
        """A predictive temperature, taken by a person a minute after switching on and every 10 min."""
        on_s = now_s - (self._power_s or 0.0) - TEMPERATURE_AT_S
        taken = int(on_s // TEMPERATURE_EVERY_S) + 1
        counter = chr(0x20 + taken % 95)
        running = on_s % TEMPERATURE_EVERY_S >= TEMPERATURE_EVERY_S - TEMPERATURE_RUN_S
        if taken <= 0:
            return Temperature(int(running), False, " ", None, 0)
        return Temperature(int(running), False, counter, int(on_s % TEMPERATURE_EVERY_S), 980 + taken % 5)

    def _obey(self, command: str, now_s: float) -> None:
        if command == "NA":
            self._say(packets.nibp_line(self.nibp(now_s)), now_s)
        elif command == "OA" and "no-oximeter" not in self._faults:
            self._say(packets.oximeter_line(self.oximeter(now_s)), now_s)
        elif command in ("RA", "RC"):
            self._say(packets.rate_line(self.rate(now_s)), now_s)
        elif command in ("TC", "TD"):
            self._say(packets.temperature_line(self.temperature(now_s)), now_s)
        elif command == "NC0":
            self.starts += 1
            if "refuses-start" in self._faults:
                self._say(packets.line("NK1"), now_s)
            elif "deaf-to-start" not in self._faults:
                self._say(packets.line("NC"), now_s)
                if not self.running:
                    self._begin(now_s)
        elif command == "ND":
            self._cancels += 1
            if "deaf-to-stop" in self._faults and self._cancels % 3:
                return
            self._say(packets.line("ND"), now_s)
            self._began_s = None

    def _begin(self, now_s: float) -> None:
        self._began_s = now_s
        if self._patient.scenario == "cuff-leak":
            self._ends_s = now_s + LEAK_AFTER_S
        elif "over-pressure" in self._faults:
            self._ends_s = now_s + OVER_PRESSURE_AFTER_S
        else:
            self._ends_s = float("inf") if "never-ends" in self._faults else now_s + RUN_S

    def _settle(self, now_s: float) -> None:
        """Power on at the first call; end a determination at its own time and not at the time of the call."""
        if self._power_s is None:
            self._power_s = now_s
            if "old-reading" in self._faults:
                self._good = (now_s - OLD_READING_S, self._measured(now_s - OLD_READING_S))
        if "own-cycle" in self._faults and not self._cycled and now_s - self._power_s >= OWN_CYCLE_AT_S:
            self._cycled = True
            if not self.running:
                self._begin(self._power_s + OWN_CYCLE_AT_S)
        if self._began_s is None or now_s < self._ends_s:
            return
        failure = next((state for fault, state in _FAILURE.items() if fault in self._faults), None)
        failure = {"cuff-leak": 4, "cuff-weak": 7}.get(self._patient.scenario, failure)
        self._state = failure or packets.GOOD
        if failure is None:
            self._good = (self._ends_s, self._measured(self._began_s))
        self._began_s = None

    def _measured(self, at_s: float) -> Nibp:
        patient = self._patient
        values = [round(patient.systolic(at_s)), round(patient.diastolic(at_s)), round(patient.mean(at_s))]
        if "zero-values" in self._faults:
            values = [0, 0, 0]
        elif "impossible-values" in self._faults:
            values = [values[1], values[0], values[2]]
        return Nibp(packets.GOOD, 1, False, 0, *values)

    def _say(self, line: bytes, now_s: float) -> None:
        self._answers += 1
        if "bad-checksum" in self._faults and self._answers % 7 == 0:
            line = line[:-2] + bytes((line[-2] ^ 1,)) + line[-1:]
        self._due.append((now_s + (SLOW_ANSWER_S if "slow" in self._faults else ANSWER_S), line))

    def _on_the_line(self, data: bytes) -> bytes:
        chance = self._line
        if "noise" in self._faults:
            data = bytes(b ^ (1 << chance.randrange(8) if chance.random() < 0.005 else 0) for b in data)
        if "byte-loss" in self._faults:
            data = bytes(b for b in data if chance.random() >= 0.005)
        return data
