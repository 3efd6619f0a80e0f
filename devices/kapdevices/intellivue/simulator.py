"""A simulated IntelliVue monitor on a simulated patient: association, announcement, polls in three parts, waves.

The body of its acceptance is invented (a real one was not at hand); its first byte is what drivers look at.
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Collection
from datetime import datetime, timedelta

from kapdevices.framing import Framer
from kapdevices.intellivue import frames, messages, values
from kapdevices.linefaults import spoiled
from kapdevices.patient import RESPIRATION_HZ, Patient

FAULTS = (
    "refuse-first",
    "abort",
    "silent",
    "bad-fcs",
    "noise",
    "byte-loss",
    "sensor-off",
    "questionable",
    "demo",
    "kilopascal",
    "old-pressure",
    "object-missing",
)
"""`noise` flips 0.05 % of the bytes, `byte-loss` drops as many; `abort` ends each association after 20 s;
`old-pressure` has a pressure from an hour ago; `object-missing` leaves objects out of every third reply."""

SENSORS = ("spo2", "ecg", "temperature", "perfusion")
EPOCH = datetime(2026, 3, 5, 14, 30)
"""The simulated monitor's clock at simulated time 0."""
ANSWER_S = 0.05
SILENCE_S = 600.0
"""An association without polls ends. A real one ends sooner; a host whose clock is slower must not lose it here."""
ABORT_AFTER_S = 20.0
FIRST_PRESSURE_S, PRESSURE_EVERY_S, MEASURES_S = 30.0, 300.0, 25.0
WAVE_S = 0.256
WAVES_FOR_S = 600.0
BACKLOG_S = 2.0
DAMAGE = 0.0005

_NOTHING = b"\xff" * 8


class IntellivueSimulator:
    """One monitor. Time in seconds, any one clock; what is said at a time is a pure function of that time.

    `attached` are the sensors on the patient, as in a room of therapy SpO2 alone; the cuff is always there and measures
    by itself every 300 s. Raises ValueError for an unknown fault or sensor.
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
        self._attached = frozenset(attached) - ({"spo2"} if "sensor-off" in faults else set())
        self._line = random.Random(seed)
        self._framer = Framer(frames.frame_test, limit=frames.MAX_FRAME + 1)
        self._due: list[tuple[float, bytes]] = []
        self._associated_s: float | None = None
        self._answered = False
        self._heard_s = 0.0
        self._refusals = 0
        self._polls = 0
        self._frames = 0
        self._waves_from_s: float | None = None
        self._waves_sent = 0

    def receive(self, data: bytes, now_s: float) -> None:
        """Take frames of the host."""
        for packet in self._framer.feed(data):
            payload = frames.payload(packet.data)
            if payload and "silent" not in self._faults:
                self._heard_s = now_s
                self._obey(payload, now_s)

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call."""
        began_s = self._associated_s
        if began_s is not None:
            quiet = now_s - self._heard_s > SILENCE_S
            if quiet or ("abort" in self._faults and now_s - began_s > ABORT_AFTER_S):
                self._end()
                self._say(b"\x19\x00", now_s)
        self._waves(now_s)
        self._due.sort(key=lambda item: item[0])
        out = b"".join(self._framed(payload) for at_s, payload in self._due if at_s <= now_s)
        self._due = [item for item in self._due if item[0] > now_s]
        return spoiled(out, self._faults, self._line, DAMAGE)

    # ---- association

    def _obey(self, payload: bytes, now_s: float) -> None:
        if payload == messages.RELEASE_REQUEST:
            self._end()
            self._say(bytes((messages.RELEASED, 0)), now_s)
        elif payload == messages.ASSOCIATE:
            if "refuse-first" in self._faults and not self._refusals:
                self._refusals += 1
                self._say(bytes((messages.REFUSE, 0)), now_s)
            elif self._associated_s is not None:
                self._end()
                self._say(b"\x19\x00", now_s)
            else:
                self._associated_s = now_s
                self._say(bytes((messages.ACCEPT, 0)), now_s)
                self._say(self._announcement(now_s), now_s + ANSWER_S)
        elif self._associated_s is not None:
            if payload == messages.mds_result(1):
                self._answered = True
            elif self._answered and payload == messages.POLL_NUMERICS:
                self._polls += 1
                for number, part in enumerate(self._numerics(now_s)):
                    self._say(part, now_s + 0.01 * number)
            elif self._answered and payload == messages.POLL_WAVES:
                self._waves_from_s, self._waves_sent = now_s, 0

    def _end(self) -> None:
        self._associated_s, self._answered, self._waves_from_s, self._polls = None, False, None, 0
        self._due.clear()

    def _announcement(self, now_s: float) -> bytes:
        name = b"".join(len(word).to_bytes(2, "big") + word for word in (b"Philips\0", b"M8000\0"))
        listed = _attributes([(values.MODEL, name), (values.CLOCK, _bcd(now_s))])
        event = bytes(6) + listed
        data = b"\x00\x21" + bytes(4) + _ticks(now_s) + b"\x0d\x06" + _sized(event)
        return b"\xe1\x00\x00\x02\x00\x01" + _sized(b"\x00\x01\x00\x01" + _sized(data))

    # ---- numerics

    def _numerics(self, now_s: float) -> list[bytes]:
        """Three linked parts and an empty end. The first poll of an association has labels and no values."""
        objects = self._objects(now_s)
        if self._polls == 1:
            objects = [(handle, [a for a in listed if a[0] == values.LABEL]) for handle, listed in objects]
        if "object-missing" in self._faults and self._polls % 3 == 0:
            objects = objects[1::2]
        third = -(-len(objects) // 3)
        parts = [objects[:third], objects[third : 2 * third], objects[2 * third :], []]
        return [
            poll_reply(part, messages.NUMERICS, now_s, linked=number if part or number < 4 else 0)
            for number, part in enumerate(parts, 1)
        ]

    def _objects(self, now_s: float) -> list[tuple[int, list[tuple[int, bytes]]]]:
        patient, attached = self._patient, self._attached
        finger = "spo2" in attached and patient.finger_on(now_s)
        state = values.DEMO if "demo" in self._faults else 0
        doubt = values.QUESTIONABLE if "questionable" in self._faults or patient.moving(now_s) else 0
        rate, breaths = round(patient.pulse_rate(now_s)), round(60 * RESPIRATION_HZ)
        ecg = "ecg" in attached
        listed = [
            (0x4182, 0x00024182, values.PER_MINUTE, ecg, (rate, 0), state),
            (0x500A, 0x0002500A, values.BREATHS, ecg, (breaths, 0), state),
            (0x4BB8, 0x00024BB8, values.PERCENT, finger, (round(patient.spo2(now_s)), 0), state | doubt),
            (0x4822, 0x00024822, values.PER_MINUTE, finger, (rate, 0), state | doubt),
            (0x4BB0, 0x00024BB0, values.RATIO, finger and "perfusion" in attached, (25, -1), state | doubt),
            (0x4B48, 0x00024B48, values.CELSIUS, "temperature" in attached, (371, -1), state),
        ]
        objects = []
        for handle, (identifier, label, unit, there, value, bits) in enumerate(listed, 0x101):
            said = encode_value(identifier, bits if there else values.INVALID, unit, value if there else None)
            objects.append((handle, [(values.LABEL, label.to_bytes(4, "big")), (values.VALUE, said)]))
        return objects + self._pressures(now_s, state)

    def _pressures(self, now_s: float, state: int) -> list[tuple[int, list[tuple[int, bytes]]]]:
        """The cuff in two objects: pressures with their time stamp, and the pulse rate with the same."""
        patient, at_s = self._patient, self.pressure_at_s(now_s)
        there = at_s is not None and patient.scenario not in ("cuff-leak", "cuff-weak")
        measured_s = 0.0 if at_s is None else at_s
        pressures = (patient.systolic(measured_s), patient.diastolic(measured_s), patient.mean(measured_s))
        measuring = (now_s - FIRST_PRESSURE_S) % PRESSURE_EVERY_S > PRESSURE_EVERY_S - MEASURES_S
        state |= values.MEASURING if measuring else 0
        unit = values.KILOPASCAL if "kilopascal" in self._faults else values.MMHG
        compound = b""
        for identifier, mmhg in zip((0x4A05, 0x4A06, 0x4A07), pressures, strict=True):
            value = (round(mmhg / 7.50062 * 10), -1) if unit == values.KILOPASCAL else (round(mmhg), 0)
            compound += encode_value(
                identifier, state if there else state | values.UNAVAILABLE, unit, value if there else None
            )
        compound = b"\x00\x03" + _sized(compound)
        rate = (round(patient.pulse_rate(measured_s)), 0) if there else None
        pulse = encode_value(0xF0E5, state if there else state | values.UNAVAILABLE, values.PER_MINUTE, rate)
        stamp = (values.TIME_STAMP, _bcd(-3600.0 if at_s is None else at_s))
        return [
            (0x201, [(values.LABEL, b"\x00\x02\x4a\x04"), (values.COMPOUND_VALUE, compound), stamp]),
            (0x202, [(values.LABEL, b"\x00\x02\xf0\xe5"), (values.VALUE, pulse), stamp]),
        ]

    def pressure_at_s(self, now_s: float) -> float | None:
        """When the pressure that is shown at a time was measured; None before the first."""
        if now_s < FIRST_PRESSURE_S:
            return -3600.0 if "old-pressure" in self._faults else None
        return now_s - (now_s - FIRST_PRESSURE_S) % PRESSURE_EVERY_S

    # ---- waves

    def _waves(self, now_s: float) -> None:
        """Pleth and three ECG channels every 256 ms; of a long absence only the last 2 s."""
        if self._waves_from_s is None or now_s - self._waves_from_s > WAVES_FOR_S:
            return
        due = int((now_s - self._waves_from_s) / WAVE_S + 1e-6)
        for number in range(max(self._waves_sent, due - int(BACKLOG_S / WAVE_S)), due):
            self._due.append((now_s, self._wave_reply(self._waves_from_s + number * WAVE_S)))
        self._waves_sent = max(self._waves_sent, due)

    def _wave_reply(self, from_s: float) -> bytes:
        patient = self._patient
        finger, ecg = "spo2" in self._attached and patient.finger_on(from_s), "ecg" in self._attached
        pleth = [round(4095 * patient.pleth(from_s + k / 125)) if finger else 0x800 for k in range(32)]
        heart = [
            8192 + round(1500 * _ecg(patient.beat_phase(from_s + k / 250) % 1)) if ecg else 8192 for k in range(64)
        ]
        leads = b"".join(encode_wave(name, 0 if ecg else values.INVALID, heart) for name in (0x0101, 0x0102, 0x013D))
        objects = [
            (0x301, [(values.WAVE, encode_wave(0x4BB4, 0 if finger else values.INVALID, pleth))]),
            (0x302, [(values.COMPOUND_WAVE, b"\x00\x03" + _sized(leads))]),
        ]
        return poll_reply(objects, messages.WAVES, from_s)

    # ---- the line

    def _say(self, payload: bytes, at_s: float) -> None:
        self._due.append((at_s + ANSWER_S, payload))

    def _framed(self, payload: bytes) -> bytes:
        self._frames += 1
        data = frames.frame(payload)
        if "bad-fcs" in self._faults and self._frames % 17 == 0:
            data = data[:-3] + bytes((data[-3] ^ 0x01,)) + data[-2:]
        return data


def encode_value(identifier: int, state: int, unit: int, value: tuple[int, int] | None) -> bytes:
    """An observed value, 10 bytes; `value` is mantissa and exponent, None is "not a number"."""
    number = b"\x00\x7f\xff\xff" if value is None else values.encode_number(*value)
    return b"".join(part.to_bytes(2, "big") for part in (identifier, state, unit)) + number


def encode_wave(identifier: int, state: int, samples: list[int]) -> bytes:
    """An observed piece of waveform, 16 bits a sample."""
    data = struct.pack(f">{len(samples)}H", *samples)
    return identifier.to_bytes(2, "big") + state.to_bytes(2, "big") + _sized(data)


def poll_reply(objects: list[tuple[int, list[tuple[int, bytes]]]], polled: int, now_s: float, linked: int = 0) -> bytes:
    """A reply to an extended poll: handles with their attributes. `linked` 1 to 3 makes it a part of one."""
    inside = b"".join(handle.to_bytes(2, "big") + _attributes(listed) for handle, listed in objects)
    contexts = b"\x00\x00" + len(objects).to_bytes(2, "big") + _sized(inside) if objects else b""
    poll = b"\x00\x01\x00\x00" + _ticks(now_s) + _NOTHING + b"\x00\x01" + polled.to_bytes(2, "big") + b"\x00\x00"
    poll += (b"\x00\x01" if objects else b"\x00\x00") + _sized(contexts)
    data = b"\x00\x21" + bytes(4) + b"\xf1\x3b" + _sized(poll)
    body = b"\x00\x01\x00\x07" + _sized(data)
    if linked:
        return b"\xe1\x00\x00\x02\x00\x05" + _sized(bytes((linked, linked)) + body)
    return b"\xe1\x00\x00\x02\x00\x02" + _sized(body)


def _attributes(listed: list[tuple[int, bytes]]) -> bytes:
    inside = b"".join(name.to_bytes(2, "big") + _sized(data) for name, data in listed)
    return len(listed).to_bytes(2, "big") + _sized(inside)


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _ticks(now_s: float) -> bytes:
    return (int(now_s * values.TICKS_PER_S) % (1 << 32)).to_bytes(4, "big")


def _bcd(t_s: float) -> bytes:
    return bytes.fromhex((EPOCH + timedelta(seconds=int(t_s))).strftime("%Y%m%d%H%M%S")) + b"\x00"


def _ecg(place: float) -> float:
    return math.exp(-(((place - 0.3) / 0.02) ** 2)) + 0.25 * math.exp(-(((place - 0.6) / 0.06) ** 2))
