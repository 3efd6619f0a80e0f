"""A made-up session in memory, the same every time: for screenshots, benchmarks and tests of views without a device."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kapconsole import __version__
from kapconsole import events as ev
from kapconsole.rows import NUMERICS, WAVE, Row, event_row, pack_numerics, pack_wave
from kapdevices.readings import Metric, Quality

UTC_ORIGIN_US = 1_772_716_200_000_000
OXIMETER, CUFF = 1, 2
PLETH_HZ = 75


class Fault(NamedTuple):
    """From `start_s` to `end_s` of session time: "finger out" (sensor off), "motion" (artefact) or "cable"."""

    start_s: float
    end_s: float
    kind: str


def spo2_at(t_s: NDArray[np.float64], dose_s: float) -> NDArray[np.float64]:
    """SpO2 in %: steady, slightly lower after the dose, one short fall 21 minutes after it."""
    since = (t_s - dose_s) / 60
    slow = 97.6 + 0.5 * np.sin(t_s / 97) + 0.35 * np.sin(t_s / 31 + 1)
    sag = 1.4 * np.exp(-(((since - 18) / 14) ** 2))
    fall = 6.0 * np.exp(-(((since - 21) / 0.5) ** 2))
    return np.clip(np.round(slow - sag - fall), 0, 100)


def pulse_at(t_s: NDArray[np.float64], dose_s: float) -> NDArray[np.float64]:
    """Pulse rate in 1/min: rises by about twenty in the quarter of an hour after the dose, falls over the hour."""
    since = np.maximum(0, (t_s - dose_s) / 60)
    course = 21 * (since / 16) * np.exp(1 - since / 16)
    rate: NDArray[np.float64] = np.round(
        66 + course + 1.6 * np.sin(t_s / 43) + 1.1 * np.sin(t_s / 11.3) + 0.8 * np.sin(t_s / 5.1)
    )
    return rate


def pressure_at(t_s: float, dose_s: float) -> tuple[float, float]:
    """(systolic, diastolic) in mmHg."""
    since = max(0.0, (t_s - dose_s) / 60)
    course = since / 18 * float(np.exp(1 - since / 18))
    wander = 2 * np.sin(t_s / 211)
    return round(119 + 25 * course + wander), round(75 + 14 * course + wander)


def pleth_at(t_s: NDArray[np.float64], dose_s: float) -> NDArray[np.float64]:
    """A pleth from 0 to 1: systolic peak, dicrotic wave, breathing."""
    # The phase is the integral of the rate, taken as piecewise constant over a second.
    whole = np.arange(0, int(t_s[-1]) + 2, dtype=np.float64)
    beats = np.concatenate([[0.0], np.cumsum(pulse_at(whole, dose_s) / 60)[:-1]])
    phase = np.interp(t_s, whole, beats) % 1.0
    wave = np.exp(-(((phase - 0.18) / 0.085) ** 2)) + 0.36 * np.exp(-(((phase - 0.46) / 0.10) ** 2))
    breath = np.sin(2 * np.pi * t_s / 4.3)
    samples: NDArray[np.float64] = 0.14 + (0.60 + 0.05 * breath) * wave + 0.03 * breath
    return samples


def session_events(length_s: float, dose_s: float, faults: Iterable[Fault]) -> list[ev.Event]:
    """Everything that happened, in order of time, numbered from 1."""
    found: list[tuple[float, str, ev.Body]] = [
        (
            0.0,
            "monitor",
            ev.SessionStarted("rehearsal", "K-0142", __version__, "boot", 0, UTC_ORIGIN_US, 1.0, "UTC", simulated=True),
        ),
        (0.1, "monitor", ev.ProcessState("annunciator", "running", "")),
        (0.1, "monitor", ev.ProcessState("room", "running", "")),
        (0.3, "monitor", ev.DeviceState(OXIMETER, "nonin", "/dev/ttyUSB0", "FT232R", "connected", "connected")),
        (0.4, "monitor", ev.DeviceState(CUFF, "suntech", "/dev/ttyUSB1", "CP2102", "connected", "connected")),
        (0.5, "monitor", ev.StorageState("ok", "")),
        (2.0, "console", ev.PhaseEntered(2_000_000, "prepare")),
        (dose_s - 500, "console", ev.PhaseEntered(round((dose_s - 500) * 1e6), "pre-dose")),
        (dose_s - 4, "console", ev.PhaseEntered(round((dose_s - 4) * 1e6), "dose")),
        (dose_s, "console", ev.DoseGiven(round(dose_s * 1e6), "ketamine", "im", 60.0)),
    ]
    for minutes, phase in ((4.0, "onset"), (11.0, "inward"), (48.0, "emerge"), (70.0, "integrate"), (100.0, "recover")):
        at_s = dose_s + minutes * 60
        found.append((at_s, "console", ev.PhaseEntered(round(at_s * 1e6), phase)))
    for at_s in np.arange(dose_s - 840, length_s, 600.0).tolist():
        systolic, diastolic = pressure_at(at_s, dose_s)
        pulse = float(pulse_at(np.array([at_s]), dose_s)[0])
        mean = round(diastolic + (systolic - diastolic) / 3)
        found.append((at_s - 32, "console", ev.CuffRequested(CUFF, "adult", 160)))
        found.append((at_s - 31.5, "monitor", ev.DeviceSaid(CUFF, "cuff-inflating", "inflating")))
        reading = ev.NibpMeasured(CUFF, systolic, diastolic, mean, pulse, Quality.GOOD, "")
        found.append((at_s, "monitor", reading))
    notes = (
        (2.5, "eyeshade on, blanket", None),
        (14.05, "“falling, but soft”", None),
        (21.4, "snored, head turned, breathing eased", "snored; chin lifted, breathing eased"),
        (27.7, "crying, quiet; settled by 31", None),
        (36.2, "hand held, per consent", None),
        (64.0, "sits up, asks for water", None),
    )
    for minutes, text, corrected in notes:
        at_s = dose_s + minutes * 60
        stamp = ev.NoteTaken(round(at_s * 1e6), "")
        found.append((at_s + 0.02, "console", stamp))
        found.append((at_s + 9, "console", ev.NoteTaken(stamp.at_us, text, about=stamp.at_us)))
        if corrected:
            found.append((at_s + 60, "console", ev.NoteTaken(stamp.at_us, corrected, about=stamp.at_us)))
    for minutes, label in ((5.5, "1"), (18.2, "2"), (40.1, "1")):
        at_s = dose_s + minutes * 60
        found.append((at_s + 0.02, "console", ev.MarkSet(round(at_s * 1e6), label)))
    for fault in faults:
        if fault.kind == "cable":
            lost = ev.DeviceState(OXIMETER, "nonin", "/dev/ttyUSB0", "FT232R", "lost", "cable pulled, trying again")
            back = ev.DeviceState(OXIMETER, "nonin", "/dev/ttyUSB0", "FT232R", "back", "")
            found += [(fault.start_s, "monitor", lost), (fault.end_s, "monitor", back)]
    for at_s in np.arange(60.0, length_s, 60.0).tolist():
        found.append((at_s, "monitor", ev.PacketsCounted(OXIMETER, int(at_s * 3), 2, 17)))
        found.append((at_s, "monitor", ev.PacketsCounted(CUFF, int(at_s / 2), 0, 0)))
    found = sorted((item for item in found if 0 <= item[0] < length_s), key=lambda item: item[0])

    events: list[ev.Event] = []
    stamps: dict[int, int] = {}
    for at_s, actor, body in found:
        seq, mono_us = len(events) + 1, round(at_s * 1e6)
        if isinstance(body, ev.NoteTaken):
            if body.about is None:
                stamps[body.at_us] = seq
            else:
                body = ev.NoteTaken(body.at_us, body.text, about=stamps[body.at_us])
        events.append(ev.Event(seq, mono_us, UTC_ORIGIN_US + mono_us, actor, body))
    return events


def rehearse(minutes: float = 64.0, dose_min: float = 22.0, faults: Iterable[Fault] = ()) -> list[Row]:
    """The rows of a session of `minutes` with the dose at `dose_min`, as they would stand in a log."""
    length_s, dose_s = minutes * 60, dose_min * 60
    held = tuple(faults)
    seconds = np.arange(1, int(length_s), dtype=np.float64)
    spo2, pulse = spo2_at(seconds, dose_s).tolist(), pulse_at(seconds, dose_s).tolist()
    times = np.arange(int(length_s) * PLETH_HZ) / PLETH_HZ
    raw = np.clip(np.round(pleth_at(times, dose_s) * 255), 0, 255).astype(np.uint8).tobytes()

    timed = [(event.mono_us, event_row(event)) for event in session_events(length_s, dose_s, held)]
    for index, second in enumerate(range(1, int(length_s))):
        quality = quality_at(second, held)
        if quality is None:
            continue
        start_us = second * 1_000_000
        value = None if quality is Quality.SENSOR_OFF else spo2[index]
        rate = None if quality is Quality.SENSOR_OFF else pulse[index]
        numerics = [
            ev.Measurement(start_us + 10_000, OXIMETER, Metric.SPO2, value, quality),
            ev.Measurement(start_us + 10_001, OXIMETER, Metric.PULSE_RATE, rate, quality),
        ]
        samples = raw[second * PLETH_HZ : (second + 1) * PLETH_HZ]
        piece = ev.WavePiece(start_us, 1_000_000, OXIMETER, Metric.PLETH, quality, 255, 1, samples)
        at_us, body = pack_numerics(numerics)
        timed.append((at_us, Row(0, at_us, UTC_ORIGIN_US + at_us, NUMERICS, "monitor", body)))
        timed.append((start_us, Row(0, start_us, UTC_ORIGIN_US + start_us, WAVE, "monitor", pack_wave([piece]))))
    timed.sort(key=lambda pair: pair[0])
    return [row for _, row in timed]


def quality_at(second: float, faults: Iterable[Fault]) -> Quality | None:
    """What the oximeter says of itself at `second`; None while it says nothing."""
    for fault in faults:
        if fault.start_s <= second < fault.end_s:
            return {"finger out": Quality.SENSOR_OFF, "motion": Quality.ARTEFACT}.get(fault.kind)
    return Quality.GOOD
