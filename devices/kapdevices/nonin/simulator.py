"""A simulated Nonin oximeter: speaks formats 2, 7, 8 and 13 at their true pace, with the faults of real lines."""

from __future__ import annotations

import random
from collections.abc import Collection
from datetime import datetime, timedelta

from kapdevices.linefaults import spoiled
from kapdevices.nonin import commands, frames
from kapdevices.nonin.frames import ACK, ETX, FRAME_RATE_HZ, FRAMES_PER_PACKET, STX
from kapdevices.patient import Patient

FAULTS = (
    "early-sync",
    "late-sync",
    "bad-checksum",
    "stray-ack",
    "noise",
    "byte-loss",
    "low-battery",
    "low-perfusion",
    "sensor-disconnected",
    "restart",
)
"""`noise` flips 0.5 % of the bytes, `byte-loss` drops 0.5 %; the others happen every few seconds or always."""

BACKLOG_S = 2.0
"""After a longer jump of time only the last 2 s are sent: a device does not wait for its reader."""
HOLD_S = 10.0
"""Display values are held this long after the finger has left."""
DISPLAY_EVERY_S = 1.5
SPOT_EVERY_S = 60.0
ANSWERS_FOR_S = 5.0
DEVICE_EPOCH = datetime(2026, 3, 5, 14, 30)
"""The simulated device's clock at simulated time 0."""


def df2_frame(status: int, pleth: int, float_byte: int) -> bytes:
    """A format 2 frame; `pleth` 0 to 255."""
    body = bytes((0x01, status | 0x80, pleth, float_byte))
    return body + bytes((sum(body) & 0xFF,))


def df7_frame(status: int, pleth: int, float_byte: int) -> bytes:
    """A format 7 frame; `pleth` 0 to 65535."""
    body = bytes((status | 0x80, pleth >> 8, pleth & 0xFF, float_byte))
    return body + bytes((sum(body) & 0xFF,))


def df8_frame(hr: int, spo2: int, out_of_track: bool, artefact: bool, sensor_alarm: bool, low_battery: bool) -> bytes:
    """A format 8 frame; 511 and 127 are missing."""
    first = 0x80 | out_of_track << 5 | artefact << 2 | hr >> 7
    return bytes((first, hr & 0x7F, spo2, sensor_alarm << 3 | low_battery))


def df13_packet(at: datetime, hr: int, spo2: int, no_measurement: bool = False, low_battery: bool = False) -> bytes:
    """A format 13 spot check; the SmartPoint bit is set when there is a measurement."""
    stamp = bytes.fromhex(at.strftime("%Y%m%d%H%M%S")) + b"\x00"
    status = bytes((0x01 if no_measurement else 0x02, int(low_battery)))
    data = stamp + status + hr.to_bytes(2, "big") + bytes((0, spo2))
    return b"\x00\x02\x00\x0d" + len(data).to_bytes(2, "big") + data + bytes((sum(data) & 0xFF, ETX))


def packet_floats(
    hr: int, spo2: int, hr_display: int, spo2_display: int, timer: int, low_battery: bool = False
) -> bytes:
    """The 25 FLOAT bytes of a packet of format 2 or 7; recording values and display values apart."""
    rate, shown = (hr >> 7, hr & 0x7F), (hr_display >> 7, hr_display & 0x7F)
    head = (*rate, spo2, 0x94, 0, timer >> 7 & 0x7F, timer & 0x7F, int(low_battery), spo2_display, spo2, spo2, 0, 0)
    return bytes((*head, *rate, spo2, spo2_display, 0, 0, *shown, *shown, 0, 0))


class NoninSimulator:
    """One device on one patient. `now_s` is session time in seconds; frames are a pure function of their number.

    `format` as in the driver; `faults` from `FAULTS`. The scenario `noise` of the patient switches on the fault of
    that name. Raises ValueError for an unknown fault or format.
    """

    def __init__(self, patient: Patient, format: str = "df2", faults: Collection[str] = (), seed: int = 0) -> None:
        unknown = set(faults) - set(FAULTS)
        if unknown or format not in ("df2", "df7", "df8", "df13"):
            raise ValueError(f"unknown fault or format: {', '.join(sorted(unknown)) or format}")
        self.format = format
        self._patient = patient
        self._faults = {*faults, *({"noise"} & {patient.scenario})}
        self._line = random.Random(seed)
        self._began_s: float | None = None
        self._sent = 0
        self._answers = bytearray()
        self._heard = bytearray()

    def receive(self, data: bytes, now_s: float) -> None:
        """Take commands: set format (answered in the first 5 s only), set clock (no answer), read clock."""
        began_s = now_s if self._began_s is None else self._began_s
        self._heard += data
        while (start := self._heard.find(STX)) >= 0 and len(self._heard) >= start + 3:
            length = self._heard[start + 2] + 4
            if len(self._heard) < start + length:
                break
            command = bytes(self._heard[start : start + length])
            del self._heard[: start + length]
            self._obey(command, now_s, now_s - began_s)
        del self._heard[:-64]

    def transmit(self, now_s: float) -> bytes:
        """All bytes due since the last call."""
        if self._began_s is None:
            self._began_s = now_s
        rate_hz = {"df8": 1.0, "df13": 1 / SPOT_EVERY_S}.get(self.format, FRAME_RATE_HZ)
        due = int((now_s - self._began_s) * rate_hz + 1e-6)
        late = due - self._sent - max(1, int(BACKLOG_S * rate_hz))
        if late > 0:
            # whole packets are left out, as when the reader was away: the frame numbers stay true to time
            step = FRAMES_PER_PACKET if rate_hz == FRAME_RATE_HZ else 1
            self._sent += -(-late // step) * step
        out = bytearray()
        for number in range(self._sent, due):
            out += self._answers
            self._answers.clear()
            out += self._at(number, self._began_s + number / rate_hz)
        self._sent = max(self._sent, due)
        out += self._answers
        self._answers.clear()
        return spoiled(bytes(out), self._faults, self._line)

    def _obey(self, command: bytes, now_s: float, since_start_s: float) -> None:
        if command[1] == 0x70 and since_start_s <= ANSWERS_FOR_S:
            wanted = {commands.FORMAT_CODES[name]: name for name in ("df2", "df7", "df8", "df13")}
            name = wanted.get(command[4]) if len(command) >= 6 else None
            self._answers.append(ACK if name else frames.NAK)
            if name and name != self.format:
                self.format, self._began_s, self._sent = name, now_s, 0
        elif command[1] == 0x72 and command[2] == 0:
            at = DEVICE_EPOCH + timedelta(seconds=now_s)
            stamp = (at.year - 2000, at.month, at.day, at.hour, at.minute, at.second)
            self._answers += bytes((STX, 0xF2, 6, *stamp, ETX))

    def _at(self, number: int, t_s: float) -> bytes:
        if self.format == "df8":
            hr, spo2 = self.displayed(t_s)
            out = not self._patient.finger_on(t_s)
            frame = df8_frame(hr, spo2, out, self._patient.moving(t_s), out, "low-battery" in self._faults)
            return bytes((frame[0] | 0x40, *frame[1:])) if "sensor-disconnected" in self._faults else frame
        if self.format == "df13":
            hr, spo2 = self.displayed(t_s)
            nothing = hr == frames.HR_MISSING
            at = DEVICE_EPOCH + timedelta(seconds=int(t_s))
            return df13_packet(at, hr, spo2, nothing, "low-battery" in self._faults)
        return self._stream_frame(number, t_s)

    def displayed(self, t_s: float) -> tuple[int, int]:
        """HR-D and SpO2-D at one time: new every 1.5 s, held for 10 s after the finger has left, then missing."""
        away_s = self._patient.finger_out_for_s(t_s)
        if away_s >= HOLD_S or "sensor-disconnected" in self._faults:
            return frames.HR_MISSING, frames.SPO2_MISSING
        shown_s = (t_s - away_s) // DISPLAY_EVERY_S * DISPLAY_EVERY_S
        return round(self._patient.pulse_rate(shown_s)), round(self._patient.spo2(shown_s))

    def _stream_frame(self, number: int, t_s: float) -> bytes:
        packet, place = divmod(number, FRAMES_PER_PACKET)
        patient, faults = self._patient, self._faults
        if "early-sync" in faults and packet % 20 == 19 and place >= 17:
            return b""
        assert self._began_s is not None
        packet_s = self._began_s + packet * FRAMES_PER_PACKET / FRAME_RATE_HZ
        shown_hr, shown_spo2 = self.displayed(packet_s)
        finger = patient.finger_on(packet_s) and "sensor-disconnected" not in faults
        hr, spo2 = frames.HR_MISSING, frames.SPO2_MISSING
        if finger:
            hr, spo2 = round(patient.pulse_rate(packet_s)), round(patient.spo2(packet_s))
        ticks = packet + (7000 if "restart" in faults and packet > 60 else 0)
        floats = packet_floats(hr, spo2, shown_hr, shown_spo2, ticks % (1 << 14), "low-battery" in faults)
        status = self._status(place, t_s)
        pleth = patient.pleth(t_s) if finger else 0.0
        frame = (
            df2_frame(status, round(255 * pleth), floats[place])
            if self.format == "df2"
            else df7_frame(status, round(65535 * pleth), floats[place])
        )
        if "bad-checksum" in faults and number % 190 == 100:
            frame = frame[:-1] + bytes((frame[-1] ^ 0x55,))
        if "stray-ack" in faults and number % 100 == 60:
            frame = bytes((ACK, 0x15)) + bytes.fromhex("02F206320C1F0E1E0F03") + frame
        if "late-sync" in faults and packet % 20 == 19 and place == FRAMES_PER_PACKET - 1:
            frame += frame
        return frame

    def _status(self, place: int, t_s: float) -> int:
        patient, faults = self._patient, self._faults
        status = 0x80 | (frames.SYNC if place == 0 else 0)
        if "sensor-disconnected" in faults:
            return status | 0x40
        if not patient.finger_on(t_s):
            return status | 0x08
        if patient.moving(t_s):
            status |= 0x20
        # perfusion shows for 160 ms at each pulse
        if patient.beat_phase(t_s) % 1.0 < 0.16 * patient.pulse_rate(t_s) / 60:
            status |= 0x04 if "low-perfusion" in faults else 0x02
        return status
