"""A simulated Contec oximeter with protocol V7.0: silent until asked, ends its stream when no host keeps it alive."""

from __future__ import annotations

import math
import random
from collections.abc import Collection
from datetime import datetime, timedelta

from kapdevices.contec_v7 import packets
from kapdevices.contec_v7.packets import LIVE_RATE_HZ, NO_PERFUSION, PLETH_FLAT, Live, encode
from kapdevices.contec_v7.stored import Second
from kapdevices.framing import Framer
from kapdevices.linefaults import spoiled
from kapdevices.patient import Patient

FAULTS = (
    "noise",
    "byte-loss",
    "glued",
    "no-pi",
    "fast-pulse",
    "written-sentinels",
    "stream-stops",
    "deaf",
    "wrong-speed",
    "goes-off",
    "one-bad-transfer",
)
"""`noise` flips 0.5 % of the bytes, `byte-loss` drops 0.5 %; `glued` delivers in lumps of 0.25 s; `fast-pulse` adds 80
to the rate; `written-sentinels` sends 255 and 127 where this model sends zeros; `stream-stops` ends the stream every
20 s; `deaf` answers no command but the start; `goes-off` switches off 10 s after the finger has left;
`one-bad-transfer` loses a byte in the first download of each record."""

HOST_SILENCE_S = 30.0
LONGEST_STEP_S = 0.05
"""The host's silence is counted in steps of at most this: when time jumps or runs faster, no host could speak."""
BURST_S = 0.016
BACKLOG_S = 2.0
ANSWER_S = 0.005
SEARCHING_PACKETS = 60
STORED_PACKETS_PER_S = 1400.0
GOES_OFF_S = 10.0
RECORDED_AT = datetime(2026, 3, 5, 14, 30, 15)
MODEL_NAME = b"50D+  "


class ContecV7Simulator:
    """One device on one patient. `now_s` is session time in seconds. In `stored` its memory holds two records.

    `starts` counts how often the stream was started. Raises ValueError for an unknown fault or format.
    """

    def __init__(self, patient: Patient, format: str = "live", faults: Collection[str] = (), seed: int = 0) -> None:
        if (unknown := set(faults) - set(FAULTS)) or format not in ("live", "stored"):
            raise ValueError(f"unknown fault or format: {', '.join(sorted(unknown)) or format}")
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._line = random.Random(seed)
        self._framer = Framer(packets.packet_test, limit=16)
        self._answers: list[tuple[float, bytes]] = []
        self._began_s: float | None = None
        self._sent = 0
        self._last_s: float | None = None
        self._idle_s = 0.0
        self._off = False
        self._stored: list[bytes] = []
        self._stored_from_s = 0.0
        self._transfers: dict[int, int] = {}
        self.starts = 0
        minutes = (1, 3) if format == "stored" else ()
        self.records = tuple(self._record(number, 60 * length) for number, length in enumerate(minutes))

    def receive(self, data: bytes, now_s: float) -> None:
        """Take host packets; every one keeps the stream alive."""
        for packet in self._framer.feed(data):
            self._idle_s = 0.0
            if packet.data[0] == packets.HOST and not self._off:
                self._obey(packets.payload(packet.data), now_s)

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call; the stream comes in bursts of 16 ms, as over USB."""
        step_s = 0.0 if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        self._idle_s += min(step_s, LONGEST_STEP_S)
        self._answers.sort(key=lambda item: item[0])
        out = b"".join(packet for at_s, packet in self._answers if at_s <= now_s)
        self._answers = [item for item in self._answers if item[0] > now_s]
        out += self._download(now_s)
        if self._began_s is not None:
            out += self._stream(now_s)
        return self._damage(out)

    # ---- commands

    def _obey(self, said: bytes, now_s: float) -> None:
        code = said[0]
        if code == packets.START_LIVE:
            if self._began_s is None:
                self._began_s, self._sent = now_s, 0
                self.starts += 1
            return
        if code == packets.KEEP_ALIVE or "deaf" in self._faults:
            return
        if code in (packets.STOP_LIVE, packets.STOP_STORED):
            if code == packets.STOP_LIVE:
                self._began_s = None
            else:
                self._stored = []
            self._say(now_s, packets.STOPPED)
        elif code == packets.SEND_STORED and self._began_s is None:
            self._send(said[2], now_s)
        else:
            for kind, answer in self._answer(code, said):
                self._say(now_s, kind, answer)

    def _answer(self, code: int, said: bytes) -> list[tuple[int, bytes]]:
        user, segment = said[1], said[2]
        known = user == 0 and segment < len(self.records)
        if code == packets.ASK_HELLO:
            return [(packets.HELLO, b"\x00\x07")]
        if code == packets.ASK_MODEL:
            return [(packets.MODEL, b"\x00" + MODEL_NAME), (packets.MODEL, b"\xff      ")]
        if code == 0xA9:
            return [(packets.MAKER, b"CONTEC ")]
        if code == 0xAA:
            return [(packets.IDENTIFIER, b"user   ")]
        if code == 0xAC:
            return [(packets.HAS_PI, bytes(("no-pi" in self._faults,)))]
        if code == 0xB0:
            return [(packets.NOTICE, bytes((1, bool(self.records), 0, 0, 0, 0, 0)))]
        if code == packets.ASK_USERS:
            return [(packets.USERS, b"\x01")]
        if code == packets.ASK_COUNT:
            return [(packets.COUNT, bytes((user, len(self.records) if user == 0 else 0)))]
        if code == packets.ASK_START and known:
            at = self.recorded_at(segment)
            date = bytes((user, segment, at.year // 100, at.year % 100, at.month, at.day))
            return [
                (packets.START_DATE, date),
                (packets.START_TIME, bytes((user, segment, at.hour, at.minute, at.second, 0))),
            ]
        if code == packets.ASK_LENGTH and known:
            size = len(self.records[segment]) * (2 if "no-pi" in self._faults else 4)
            return [(packets.LENGTH, bytes((user, segment)) + size.to_bytes(4, "little"))]
        return [(packets.FEEDBACK, bytes((code, 0x05)))]

    def _say(self, now_s: float, kind: int, said: bytes = b"") -> None:
        self._answers.append((now_s + ANSWER_S, encode(kind, said)))

    # ---- live

    def _stream(self, now_s: float) -> bytes:
        assert self._began_s is not None
        if self._idle_s > HOST_SILENCE_S or ("stream-stops" in self._faults and now_s - self._began_s > 20):
            self._began_s = None
            return b""
        if "goes-off" in self._faults and self._patient.finger_out_for_s(now_s) > GOES_OFF_S:
            self._began_s, self._off = None, True
            return encode(packets.GOODBYE, b"\x01")
        burst_s = 0.25 if "glued" in self._faults else BURST_S
        into_s = math.floor((now_s - self._began_s) / burst_s + 1e-6) * burst_s
        due = int(into_s * LIVE_RATE_HZ + 1e-6)
        first = max(self._sent, due - int(BACKLOG_S * LIVE_RATE_HZ))
        self._sent = max(self._sent, due)
        return b"".join(
            packets.encode_live(self.said(self._began_s + number / LIVE_RATE_HZ, number < SEARCHING_PACKETS))
            for number in range(first, due)
        )

    def said(self, t_s: float, searching: bool = False) -> Live:
        """What the live packet of one time says."""
        patient, faults = self._patient, self._faults
        written = "written-sentinels" in faults
        rate, spo2 = (255, 127) if written else (0, 0)
        if not patient.finger_on(t_s):
            return Live(PLETH_FLAT, rate, spo2, strength=4, finger_out=True, perfusion_invalid=True)
        pleth = round(127 * patient.pleth(t_s))
        searching = searching or patient.moving(t_s)
        perfusion = NO_PERFUSION
        if not searching:
            # a device shows whole seconds
            rate = round(patient.pulse_rate(t_s // 1)) + (80 if "fast-pulse" in faults else 0)
            spo2 = round(patient.spo2(t_s // 1))
            if "no-pi" not in faults:
                perfusion = self.perfusion(t_s)
        return Live(
            pleth,
            rate,
            spo2,
            perfusion,
            bar=pleth // 8,
            beep=patient.beat_phase(t_s) % 1.0 < patient.pulse_rate(t_s) / 60 * 2 / LIVE_RATE_HZ,
            low_spo2=spo2 < 90 and not searching,
            searching=searching,
            perfusion_invalid=perfusion == NO_PERFUSION,
        )

    def perfusion(self, t_s: float) -> int:
        """Perfusion index in hundredths of a percent, new every 2 s."""
        return round(325 + 60 * math.sin(t_s // 2))

    # ---- memory

    def recorded_at(self, segment: int) -> datetime:
        """When a record began, by the device's clock."""
        return RECORDED_AT + timedelta(hours=segment)

    def _record(self, number: int, seconds: int) -> list[Second]:
        """One value a second; the first 13 are zeros, as before the first pulse of a real record."""
        record: list[Second] = [(0, 0, NO_PERFUSION)] * 13
        for t_s in range(13, seconds):
            at_s = float(3600 * number + t_s)
            record.append(
                (round(self._patient.spo2(at_s)), round(self._patient.pulse_rate(at_s)), self.perfusion(at_s))
            )
        return [(spo2, rate, None) for spo2, rate, _ in record] if "no-pi" in self._faults else record

    def _send(self, segment: int, now_s: float) -> None:
        if segment >= len(self.records):
            self._say(now_s, packets.FEEDBACK, bytes((packets.SEND_STORED, 0x05)))
            return
        record = self.records[segment]
        if "no-pi" in self._faults:
            pairs = [bytes((spo2, rate)) for spo2, rate, _ in record]
            rows = [b"".join(pairs[at : at + 3]).ljust(6, b"\0") for at in range(0, len(pairs), 3)]
            self._stored = [encode(packets.STORED, row) for row in rows]
        else:
            self._stored = [
                encode(packets.STORED_PI, bytes((spo2, rate)) + (perfusion or 0).to_bytes(2, "little"))
                for spo2, rate, perfusion in record
            ]
        times = self._transfers[segment] = self._transfers.get(segment, 0) + 1
        if "one-bad-transfer" in self._faults and times == 1:
            self._stored[5] = self._stored[5][:-1]
        self._stored_from_s = now_s + ANSWER_S

    def _download(self, now_s: float) -> bytes:
        due = max(0, int((now_s - self._stored_from_s) * STORED_PACKETS_PER_S))
        if not self._stored or not due:
            return b""
        self._stored_from_s = now_s
        out, self._stored = b"".join(self._stored[:due]), self._stored[due:]
        return out

    # ---- the line

    def _damage(self, data: bytes) -> bytes:
        if "wrong-speed" in self._faults:
            return bytes(self._line.choice((0x00, 0x80, 0xE0, 0xF8, 0xFE, 0xFF)) for _ in data)
        return spoiled(data, self._faults, self._line)
