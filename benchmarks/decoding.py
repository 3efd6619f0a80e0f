"""How fast the Nonin and SunTech decoders are, and what damage on the line makes of their readings.

    python benchmarks/decoding.py [--quick] [--packets N] [--format NAME]

Damage: each byte is, with the given chance, flipped in one bit, replaced by any byte, dropped, followed by an inserted
byte, or one of these ("mixed"). Values are held for 1.5 s as the devices do; pleth is noise, the worst case. A numeric
counts only when it is shown as valid: *right* is a value that the packet under decoding or the one before it carries
(format 8: one of the four frames that had to agree),
*wrong* is any other, *invented* is a value where the device gave none, *missing* is a value sent and not shown.
A pleth sample is held against the frame in which its last byte was sent, so one completed by a byte of the next frame
counts as wrong even where its number is right.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from kapdevices.driver import Driver
from kapdevices.nonin.driver import NoninDriver
from kapdevices.nonin.simulator import df2_frame, df7_frame, df8_frame, df13_packet, packet_floats
from kapdevices.readings import Metric, Numeric, SampleArray
from kapdevices.suntech import packets as suntech
from kapdevices.suntech.driver import SuntechDriver

Truth = dict[Metric, float | None]
Stream = list[tuple[bytes, Truth]]
"""Packets in order, each with the valid values it carries (None: it says that there is none)."""

RATES = (0.001, 0.01, 0.05)
KINDS = ("flip", "replace", "drop", "insert", "mixed")
FRAME_BYTES = 5
WITHIN = {"nonin df8": 4}
"""Packets among which a shown value must be found; format 8 shows what up to four frames agree on. Otherwise 2."""
PER_SECOND = {"nonin df2": 3.0, "nonin df7": 3.0, "nonin df8": 1.0, "nonin df13": 1 / 60, "suntech": 4.0}


def oximeter_values(n: int, hold: int, seed: int) -> Iterable[tuple[int, int, bool]]:
    """`n` times pulse rate, SpO2 and whether the finger is in; new values every `hold` packets, pauses now and then."""
    chance = random.Random(seed)
    hr, spo2 = 72, 97
    for number in range(n):
        if number % hold == 0:
            hr = min(190, max(45, hr + chance.randint(-3, 3)))
            spo2 = min(100, max(80, spo2 + chance.randint(-1, 1)))
        yield hr, spo2, number % 400 < 370


def nonin_stream(format: str, n: int) -> Stream:
    """Packets of format 2 or 7: 25 frames each."""
    chance = random.Random(2)
    frame, top = (df2_frame, 255) if format == "df2" else (df7_frame, 65535)
    stream: Stream = []
    for number, (hr, spo2, finger) in enumerate(oximeter_values(n, 5, 1)):
        values = (hr, spo2) if finger else (511, 127)
        floats = packet_floats(*values, hr, spo2, number % (1 << 14))
        status = 0x80 if finger else 0x88
        data = b"".join(frame(status | (k == 0), chance.randint(0, top), floats[k]) for k in range(25))
        shown: Truth = {Metric.PULSE_RATE: hr if finger else None, Metric.SPO2: spo2 if finger else None}
        stream.append((data, shown))
    return stream


def df8_stream(n: int) -> Stream:
    """Frames of format 8; new values every second frame."""
    return [
        (
            df8_frame(hr, spo2, not finger, False, not finger, False),
            {Metric.PULSE_RATE: hr if finger else None, Metric.SPO2: spo2 if finger else None},
        )
        for hr, spo2, finger in oximeter_values(n, 2, 3)
    ]


def df13_stream(n: int) -> Stream:
    """Spot checks a minute apart."""
    at = datetime(2026, 3, 5)
    stream: Stream = []
    for number, (hr, spo2, finger) in enumerate(oximeter_values(n, 1, 4)):
        values = (hr, spo2) if finger else (511, 127)
        data = df13_packet(at + timedelta(minutes=number), *values, no_measurement=not finger)
        stream.append((data, {Metric.PULSE_RATE: hr if finger else None, Metric.SPO2: spo2 if finger else None}))
    return stream


def suntech_stream(n: int) -> Stream:
    """Cuff pressures going up and down, then each result twice, as this driver reads it."""
    chance = random.Random(5)
    stream: Stream = []
    while len(stream) < n:
        for mmhg in (20, 60, 100, 140, 160, *range(156, 60, -4), 20):
            mmhg += chance.randint(-3, 3)
            stream.append((suntech.pressure(mmhg), {Metric.CUFF_PRESSURE: mmhg}))
        stream.append((suntech.answer("K"), {}))
        dia = chance.randint(55, 95)
        sys_ = dia + chance.randint(25, 60)
        result = suntech.Result(sys_, dia, (2 * dia + sys_) // 3, chance.randint(50, 110), 24)
        truth: Truth = {
            Metric.NIBP_SYS: result.systolic,
            Metric.NIBP_DIA: result.diastolic,
            Metric.NIBP_MEAN: result.mean,
            Metric.NIBP_PULSE_RATE: result.pulse_rate,
        }
        stream += [(suntech.encode_result(result), truth)] * 2
    return stream[:n]


FORMATS: dict[str, tuple[Callable[[], Driver], Callable[[int], Stream]]] = {
    "nonin df2": (lambda: NoninDriver("df2"), lambda n: nonin_stream("df2", n)),
    "nonin df7": (lambda: NoninDriver("df7"), lambda n: nonin_stream("df7", n)),
    "nonin df8": (lambda: NoninDriver("df8"), df8_stream),
    "nonin df13": (lambda: NoninDriver("df13"), df13_stream),
    "suntech": (SuntechDriver, suntech_stream),
}


def damage(data: bytes, rate: float, kind: str, seed: int) -> tuple[bytes, list[int]]:
    """The damaged bytes, and for each the place in `data` that it stands for."""
    chance = random.Random(seed)
    out, origin = bytearray(), []
    for place, byte in enumerate(data):
        hit = chance.random() < rate
        how = chance.choice(KINDS[:-1]) if hit and kind == "mixed" else kind if hit else ""
        if how == "drop":
            continue
        if how == "flip":
            byte ^= 1 << chance.randrange(8)
        elif how == "replace":
            byte = chance.randrange(256)
        out.append(byte)
        origin.append(place)
        if how == "insert":
            out.append(chance.randrange(256))
            origin.append(place)
    return bytes(out), origin


def judge(name: str, stream: Stream, rate: float, kind: str) -> tuple[int, int, int, int, int, int, int]:
    """Numerics sent, right, wrong, invented; pleth samples sent, shown, wrong."""
    data = b"".join(packet for packet, _ in stream)
    packet_at = [number for number, (packet, _) in enumerate(stream) for _ in packet]
    damaged, origin = damage(data, rate, kind, seed=7)
    driver = FORMATS[name][0]()
    pleth_bytes = {"nonin df2": (2, 3), "nonin df7": (1, 3)}.get(name)
    right = wrong = invented = shown = wrong_samples = 0
    for place in range(len(damaged)):
        for reading in driver.receive(damaged[place : place + 1], packet_at[origin[place]] / PER_SECOND[name]):
            if isinstance(reading, SampleArray) and pleth_bytes:
                shown += len(reading.samples)
                for back, sample in enumerate(reversed(reading.samples)):
                    frame = origin[place - FRAME_BYTES * back] // FRAME_BYTES * FRAME_BYTES
                    sent = int.from_bytes(data[frame + pleth_bytes[0] : frame + pleth_bytes[1]], "big")
                    wrong_samples += sample != sent
            elif isinstance(reading, Numeric) and reading.valid:
                number = packet_at[origin[place]]
                said = [stream[max(0, number - k)][1].get(reading.metric) for k in range(WITHIN.get(name, 2))]
                if reading.value in said:
                    right += 1
                elif not any(said):
                    invented += 1
                else:
                    wrong += 1
    sent_values = sum(
        value is not None
        for number, (packet, truth) in enumerate(stream)
        for value in truth.values()
        if not (name == "suntech" and len(packet) == suntech.BP_BYTES and stream[number - 1][0] == packet)
    )
    sent_samples = len(data) // FRAME_BYTES if pleth_bytes else 0
    return sent_values, right, wrong, invented, sent_samples, shown, wrong_samples


def speed(name: str, n: int) -> float:
    """Packets per second of a clean stream in pieces of 64 bytes."""
    data = b"".join(packet for packet, _ in FORMATS[name][1](n))
    driver = FORMATS[name][0]()
    began = time.perf_counter()
    for at in range(0, len(data), 64):
        driver.receive(data[at : at + 64], 0.0)
    return n / (time.perf_counter() - began)


def main() -> int:
    """Print the tables; 1 when a wrong or invented numeric was shown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few packets, for a guard against rot")
    parser.add_argument("--format", choices=FORMATS, help="only this one")
    parser.add_argument("--packets", type=int, default=8000, help="packets of each format at each damage")
    options = parser.parse_args()
    n = 300 if options.quick else options.packets

    print("clean stream            packets/s   times real time")
    names = [options.format] if options.format else list(FORMATS)
    for name in names:
        rate = speed(name, n)
        print(f"  {name:20}{rate:12.0f}{rate / PER_SECOND[name]:18.0f}")

    print(
        f"\n{n} packets each; numerics in per mille of those sent, wrong and invented as counts; pleth of those shown"
    )
    print(f"{'':12}{'damage':>8} {'%':>5}{'sent':>8}{'right':>8}{'missing':>9}{'wrong':>7}{'invented':>10}", end="")
    print(f"{'pleth shown':>13}{'pleth wrong':>13}")
    bad = 0
    for name in names:
        make = FORMATS[name][1]
        factor = 1 if name in ("nonin df2", "nonin df7") else 4
        stream = make(n * factor)
        for rate in RATES:
            for kind in KINDS:
                sent, right, wrong, invented, samples, shown, wrong_samples = judge(name, stream, rate, kind)
                bad += wrong + invented
                share = min(1.0, right / sent)
                line = f"{name:12}{kind:>8} {100 * rate:5.1f}{sent:8}{1000 * share:8.0f}{1000 * (1 - share):9.0f}"
                line += f"{wrong:7}{invented:10}"
                if samples:
                    ppm = 1e6 * wrong_samples / max(1, shown)
                    line += f"{1000 * shown / samples:12.0f}‰{wrong_samples:7} = {ppm:.0f} ppm"
                print(line, flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
