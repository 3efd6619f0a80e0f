"""A simulated PM6750 on a simulated patient: outputs that must be switched on, and a cuff with its ways to fail."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Collection

from kapdevices.berrymed_pm6750 import packets
from kapdevices.berrymed_pm6750.packets import Nibp
from kapdevices.framing import Framer
from kapdevices.linefaults import spoiled
from kapdevices.patient import RESPIRATION_HZ, Patient

FAULTS = (
    "mute",
    "stale-result",
    "sensor-disconnected",
    "unknown-packets",
    "bad-checksum",
    "byte-loss",
    "noise",
    "deaf-to-stop",
    "never-ends",
    "over-pressure",
    "interference",
    "took-too-long",
    "board-error",
    "zero-values",
    "reports-stop",
)
"""`noise` flips 0.05 % of the bytes, `byte-loss` drops as many; `deaf-to-stop` obeys only the third stop;
`stale-result` repeats "finished" with an old result from power-on; `mute` is the box that needs a power cycle."""

SENSORS = ("spo2", "ecg", "temperature")
BACKLOG_S = 2.0
SEARCHING_S = 3.0
"""After the finger is back the pulse is searched for this long."""
DAMAGE = 0.0005
INFLATE_MMHG_PER_S = 40.0
DEFLATE_MMHG_PER_S = 4.0
DUMP_MMHG_PER_S = 150.0
LEAK_MMHG = 38.0
LEAK_AFTER_S = 20.0

_ENDS = {
    "over-pressure": packets.OVER_PRESSURE,
    "interference": packets.INTERFERENCE,
    "took-too-long": packets.TOO_LONG,
    "board-error": packets.FAULT,
}
_STREAMS = {
    packets.ECG_WAVE: (0x01, packets.ECG_HZ),
    packets.ECG: (0x01, 1.0),
    packets.SPO2: (0x03, 1.0),
    packets.TEMPERATURE: (0x04, 1.0),
    packets.PLETH: (0xFE, packets.PLETH_HZ),
    packets.RESP: (0xFF, packets.RESP_HZ),
    packets.PULSE_BEAT: (0x03, 10.0),
}
"""Packet type: the command that switches it on, and how often it is looked at."""


class Pm6750Simulator:
    """One board. Time in seconds, any one clock; packets are pure functions of their number.

    `attached` are the sensors on the patient, as in a room of therapy SpO2 alone (the cuff is always there): an ECG
    without electrodes reports "lead off", a temperature input without its probe "off". Scenarios of the patient:
    `cuff-leak` ends with "loose", `cuff-weak` with "no result". Raises ValueError for an unknown fault or sensor.
    """

    def __init__(
        self,
        patient: Patient,
        faults: Collection[str] = (),
        seed: int = 0,
        attached: Collection[str] = ("spo2",),
    ) -> None:
        if unknown := (set(faults) - set(FAULTS)) | (set(attached) - set(SENSORS)):
            raise ValueError(f"unknown fault or sensor: {', '.join(sorted(unknown))}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._attached = frozenset(attached) - ({"spo2"} if "sensor-disconnected" in faults else set())
        self._line = random.Random(seed)
        self._framer = Framer(_command_test)
        self._on: dict[int, float] = {}
        self._sent: dict[int, int] = {}
        self._target_mmhg = 150
        self._began_s: float | None = None
        self._ended: tuple[float, float, Nibp] = (0.0, 0.0, Nibp(packets.FINISHED))
        self._reports = 0
        self._stops = 0
        self.starts = 0
        """How many start commands arrived: never more than were asked for."""
        self.modes: list[int] = []
        """What the mode command said, each time."""

    @property
    def inflating(self) -> bool:
        """True from a start to the end of its measurement."""
        return self._began_s is not None

    def receive(self, data: bytes, now_s: float) -> None:
        """Take host commands."""
        self._settle(now_s)
        for command in self._framer.feed(data):
            if "mute" not in self._faults:
                self._obey(command.data[3], command.data[4], now_s)

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call."""
        self._settle(now_s)
        due: list[tuple[float, bytes]] = []
        for kind, (switch, rate_hz) in _STREAMS.items():
            if switch in self._on:
                began_s = self._on[switch]
                due.extend(self._numbers(kind, began_s, rate_hz, now_s, self._at))
        since_s = self._began_s if self._began_s is not None else self._ended[0]
        if self._began_s is not None or self._reporting(now_s):
            due.extend(self._numbers(packets.NIBP, since_s, 2.0, now_s, self._nibp_at))
        due.sort(key=lambda item: item[0])
        return spoiled(b"".join(packet for _, packet in due), self._faults, self._line, DAMAGE)

    def pressure_mmhg(self, now_s: float) -> float:
        """Pressure in the cuff."""
        if self._began_s is None:
            at_s, from_mmhg, _ = self._ended
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
        return max(0.0, top - DEFLATE_MMHG_PER_S * (into_s - filled_s) + 1.5 * (self._patient.pleth(now_s) - 0.3))

    # ---- commands

    def _obey(self, kind: int, value: int, now_s: float) -> None:
        if kind in (0x01, 0x03, 0x04, 0xFE, 0xFF):
            if value == 0:
                self._on.pop(kind, None)
            elif kind not in self._on:
                self._on[kind] = now_s
                for stream, (switch, _) in _STREAMS.items():
                    if switch == kind:
                        self._sent[stream] = 0
        elif kind == 0x09:
            self.modes.append(value)
        elif kind == 0x0A:
            self._target_mmhg = value * 2
        elif kind == 0x02 and value == 1:
            self.starts += 1
            if self._began_s is None:
                self._began_s, self._stops, self._reports = now_s, 0, 0
                self._sent[packets.NIBP] = 0
        elif kind == 0x02 and self._began_s is not None:
            self._stops += 1
            if "deaf-to-stop" not in self._faults or self._stops >= 3:
                self._end(now_s, Nibp(packets.STOPPED))

    def _settle(self, now_s: float) -> None:
        """End the measurement when its time has come, at that time and not at the time of the call."""
        if self._began_s is None or "never-ends" in self._faults:
            return
        patient, began_s = self._patient, self._began_s
        top, floor = self._top_mmhg(), max(30.0, patient.diastolic(began_s) - 12)
        end_s = began_s + top / INFLATE_MMHG_PER_S + (top - floor) / DEFLATE_MMHG_PER_S
        result = Nibp(
            packets.FINISHED,
            systolic=round(patient.systolic(began_s)),
            mean=round(patient.mean(began_s)),
            diastolic=round(patient.diastolic(began_s)),
        )
        if patient.scenario == "cuff-leak":
            end_s, result = began_s + LEAK_AFTER_S, Nibp(packets.LOOSE)
        elif patient.scenario == "cuff-weak":
            result = Nibp(packets.NO_RESULT)
        elif "zero-values" in self._faults:
            result = Nibp(packets.FINISHED)
        for fault, state in _ENDS.items():
            if fault in self._faults:
                end_s, result = began_s + 20.0, Nibp(state)
        if now_s >= end_s:
            self._end(end_s, result)

    def _end(self, at_s: float, result: Nibp) -> None:
        self._ended = (at_s, self.pressure_mmhg(at_s), result)
        self._began_s = None
        self._sent[packets.NIBP] = 0

    def _top_mmhg(self) -> float:
        if "over-pressure" in self._faults:
            return 320.0
        assert self._began_s is not None
        return max(float(self._target_mmhg), self._patient.systolic(self._began_s) + 25)

    # ---- packets

    def _numbers(
        self, kind: int, began_s: float, rate_hz: float, now_s: float, packet_at: Callable[[int, int, float], bytes]
    ) -> list[tuple[float, bytes]]:
        """Packets of one type that are due, with their times; of a long absence only the last 2 s."""
        due = 1 + int((now_s - began_s) * rate_hz + 1e-6)
        first = max(self._sent.get(kind, 0), due - max(1, int(BACKLOG_S * rate_hz)))
        self._sent[kind] = max(due, first)
        times = ((number, began_s + number / rate_hz) for number in range(first, due))
        return [(t_s, packet_at(kind, number, t_s)) for number, t_s in times]

    def _reporting(self, now_s: float) -> bool:
        """The end of a measurement is reported for 2 s; after that the board says nothing of the cuff."""
        at_s = self._ended[0]
        if "stale-result" in self._faults and at_s == 0.0:
            self._ended = (0.0, 0.0, Nibp(packets.FINISHED, 0, 0, 151, 111, 91))
            return bool(self._on)
        return at_s > 0.0 and now_s - at_s <= 2.5

    def _nibp_at(self, kind: int, number: int, t_s: float) -> bytes:
        if "reports-stop" in self._faults and self.starts and number > 10:
            return b""
        cuff = max(0, min(510, round(self.pressure_mmhg(t_s))))
        if self._began_s is not None:
            return packets.encode_nibp(Nibp(packets.MEASURING, 0, cuff))
        _, _, result = self._ended
        said = Nibp(result.state, 0, cuff, result.systolic, result.mean, result.diastolic)
        return packets.encode_nibp(said)

    def _at(self, kind: int, number: int, t_s: float) -> bytes:
        patient = self._patient
        finger = "spo2" in self._attached and patient.finger_on(t_s)
        ecg = "ecg" in self._attached
        breath = 0.5 + 0.4 * math.sin(math.tau * RESPIRATION_HZ * t_s)
        if kind == packets.PLETH:
            out = packets.packet(kind, bytes((round(100 * patient.pleth(t_s)) if finger else 0,)))
        elif kind == packets.ECG_WAVE:
            out = packets.packet(kind, bytes(self._leads(t_s)) if ecg else bytes([128] * 7))
        elif kind == packets.RESP:
            out = packets.packet(kind, bytes((round(250 * breath) if ecg else 128,)))
        elif kind == packets.SPO2:
            out = packets.packet(kind, bytes(self.spo2_said(t_s)))
            if "unknown-packets" in self._faults:
                out = packets.packet(0x7A, b"\x01\x02\x03") + out
        elif kind == packets.ECG:
            rates = (round(patient.pulse_rate(t_s)), round(60 * RESPIRATION_HZ), 6, 1) if ecg else (0, 0, 0, 0)
            out = packets.packet(kind, bytes((0x18 if ecg else 0x1A, *rates)))
        elif kind == packets.TEMPERATURE:
            attached = "temperature" in self._attached
            out = packets.packet(kind, bytes((2, 36, 6, 0, 0) if attached else (3, 0, 0, 0, 0)))
        else:
            beat = finger and int(patient.beat_phase(t_s)) != int(patient.beat_phase(t_s - 0.1))
            out = packets.packet(kind) if beat else b""
        if "bad-checksum" in self._faults and number % 97 == 41:
            out = out[:-1] + bytes(byte ^ 0x55 for byte in out[-1:])
        return out

    def spo2_said(self, t_s: float) -> tuple[int, int, int]:
        """Status, SpO2 and pulse rate of the SpO2 packet at one time."""
        patient = self._patient
        if "spo2" not in self._attached:
            return 1, packets.SPO2_MISSING, packets.PULSE_MISSING
        if not patient.finger_on(t_s):
            return 2, packets.SPO2_MISSING, packets.PULSE_MISSING
        if t_s > SEARCHING_S and not patient.finger_on(t_s - SEARCHING_S):
            return 3, packets.SPO2_MISSING, packets.PULSE_MISSING
        return 0, round(patient.spo2(t_s)), round(patient.pulse_rate(t_s))

    def _leads(self, t_s: float) -> list[int]:
        """The seven leads of one moment, consistent with each other: aVR = -(I + II) / 2 and so on."""
        place = self._patient.beat_phase(t_s) % 1.0
        heart = 60 * math.exp(-(((place - 0.3) / 0.02) ** 2)) + 14 * math.exp(-(((place - 0.6) / 0.06) ** 2))
        one, two = 0.6 * heart, heart
        leads = (one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2, -0.4 * heart)
        return [min(250, max(0, round(128 + lead))) for lead in leads]


def _command_test(buffer: bytearray, at: int, locked: bool) -> int:
    """Frame test for host commands, which are all of one length."""
    n = len(buffer) - at
    if n < 6:
        return 0 if b"\x55\xaa\x04".startswith(bytes(buffer[at : at + 3])) else -1
    whole = bytes(buffer[at : at + 6])
    return 6 if whole == packets.command(whole[3], whole[4]) else -1
