"""The signals of a session as an EDF+C file with annotations, for programs that review signals.

EDF knows no missing value: the lowest digital value of each signal stands for one, lies outside of what can be
measured (-1 for a vital sign), is named in the signal's prefilter text, and each stretch of it is annotated. By the
EDF+ specification (Kemp and Olivan 2003): records of one second, a time-keeping annotation in each, ASCII heads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kapconsole.clinical.clients.plain import notes, of_kind
from kapconsole.export.recorded import Recorded
from kapconsole.export.writing import write_file
from kapconsole.rows import WAVE, unpack_wave
from kapdevices.readings import Metric

Progress = Callable[[int, int], None]

STEPS = 10
"""Digital steps in one unit of a vital sign: a tenth is finer than any monitor here gives."""
HELD_S = 600
"""A cuff reading stands in its channel until the next one, at most so long (interchange reference, EDF+)."""
LOST_S = 3
"""Shorter losses of a vital sign are not annotated; they stand in the channel all the same."""
_VITALS: tuple[tuple[Metric, str, str, int], ...] = (
    (Metric.SPO2, "SpO2", "%", 100),
    (Metric.PULSE_RATE, "PulseRate", "/min", 400),
    (Metric.HEART_RATE, "HeartRate", "/min", 400),
    (Metric.RESP_RATE, "RespRate", "/min", 200),
    (Metric.ETCO2, "EtCO2", "mm[Hg]", 200),
)
_CUFF_MOST = 400
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_TALS_AT_LEAST = 120
_INT16 = 2


class Signal(NamedTuple):
    """One channel: `samples` digital, shape (seconds * rate_hz,); `lowest` stands for missing; `most` is `top`."""

    label: str
    unit: str
    rate_hz: int
    samples: NDArray[np.int16]
    lowest: int
    highest: int
    bottom: float
    top: float


class Told(NamedTuple):
    """An annotation: seconds since the file's begin, seconds that it lasted (0: a moment), words."""

    at_s: float
    length_s: float
    words: str


def export_edf(recorded: Recorded, target: Path, *, force: bool = False, progress: Progress | None = None) -> int:
    """Write the file to `target`; how many signals it holds. Raises ExportTrouble."""
    document, count = edf(recorded, progress)

    def write(place: Path) -> None:
        place.write_bytes(document)

    write_file(target, write, force)
    return count


def edf(recorded: Recorded, progress: Progress | None = None) -> tuple[bytes, int]:
    """The file and its number of signals."""
    # Begun on a whole second: readers differ in what they make of a part of one.
    shift_us = 0 if recorded.deidentified else (recorded.summary.start_utc_us % 1_000_000)
    seconds = max(1, -(-(recorded.timeline.end_us + shift_us + 1) // 1_000_000))
    signals = [*_waves(recorded, shift_us, seconds), *_numbers(recorded, shift_us, seconds)]
    told = sorted([*_told(recorded, shift_us), *(lost for signal in signals for lost in _losses(signal))])
    texts = _in_records(told, seconds)
    width = len(texts[0])
    head = _head(recorded, signals, seconds, width)
    pieces = [signal.samples.astype("<i2").reshape(seconds, signal.rate_hz) for signal in signals]
    body: list[bytes] = []
    for second in range(seconds):
        if progress is not None and second % 600 == 0:
            progress(second, seconds)
        body += [piece[second].tobytes() for piece in pieces]
        body.append(texts[second])
    if progress is not None:
        progress(seconds, seconds)
    return head + b"".join(body), len(signals)


def _waves(recorded: Recorded, shift_us: int, seconds: int) -> Iterator[Signal]:
    scales: dict[tuple[int, Metric], int] = {}
    for row in recorded.rows:
        if row.kind == WAVE:
            piece = unpack_wave(row.body)
            key = (piece.source, piece.metric)
            scales[key] = max(scales.get(key, 1), piece.full_scale)
    for (source, metric), wave in sorted(recorded.timeline.waves.items()):
        times = wave.times_us
        if len(times) < 2:
            continue
        scale = min(32767, scales.get((source, metric), 127))
        rate_hz = max(1, round(1e6 / float(np.median(np.diff(times)))))
        samples = np.full(seconds * rate_hz, -1, np.int16)
        places = np.rint((times + shift_us) * (rate_hz / 1e6)).astype(np.int64)
        good = ~np.isnan(wave.values) & (places >= 0) & (places < len(samples))
        samples[places[good]] = np.rint(wave.values[good] * scale).astype(np.int16)
        _bridge(samples)
        name = metric.value.replace("_", " ").capitalize()
        label = name if sum(of is metric for _, of in recorded.timeline.waves) == 1 else f"{name} {source}"
        yield Signal(label, "", rate_hz, samples, -1, scale, -1 / scale, 1.0)


def _bridge(samples: NDArray[np.int16]) -> None:
    """Fill single missing samples: the device's clock is not quite the session's. Longer gaps stay gaps."""
    single = np.flatnonzero((samples[1:-1] == -1) & (samples[:-2] != -1) & (samples[2:] != -1)) + 1
    samples[single] = samples[single - 1]


def _numbers(recorded: Recorded, shift_us: int, seconds: int) -> Iterator[Signal]:
    timeline = recorded.timeline
    for metric, label, unit, most in _VITALS:
        fed = timeline.fed(metric, 0, timeline.end_us + 1)
        good = ~np.isnan(fed.valid_values)
        if good.any():
            samples = np.full(seconds, -STEPS, np.int16)
            places = ((fed.times_us[good] + shift_us) // 1_000_000).astype(np.int64)
            samples[places] = np.clip(np.rint(fed.values[good] * STEPS), 0, most * STEPS).astype(np.int16)
            yield Signal(label, unit, 1, samples, -STEPS, most * STEPS, -1, most)
    readings = [view for view in timeline.fed_nibp(timeline.state.nibp) if view.reading.valid]
    for label, field in (("NIBP sys", "sys_mmhg"), ("NIBP dia", "dia_mmhg")):
        samples = np.full(seconds, -STEPS, np.int16)
        for view in readings:
            first = (view.mono_us + shift_us) // 1_000_000
            samples[first : first + HELD_S] = round((getattr(view.reading, field) or 0) * STEPS)
        if readings:
            yield Signal(label, "mm[Hg]", 1, samples, -STEPS, _CUFF_MOST * STEPS, -1, _CUFF_MOST)


def _losses(signal: Signal) -> Iterator[Told]:
    """The stretches without a value. A cuff has none between its readings, which nobody calls lost."""
    if signal.label.startswith("NIBP"):
        return
    gone = np.concatenate(([False], signal.samples == signal.lowest, [False])).astype(np.int8)
    edges = np.flatnonzero(np.diff(gone))
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if after - first >= LOST_S * signal.rate_hz:
            length_s = (after - first) / signal.rate_hz
            yield Told(first / signal.rate_hz, length_s, f"signal lost: {signal.label}")


def _told(recorded: Recorded, shift_us: int) -> Iterator[Told]:
    def at(mono_us: int) -> float:
        return max(0.0, (mono_us + shift_us) / 1e6)

    for event in recorded.events:
        wording = _WORDS.get(event.kind)
        if wording is not None:
            yield Told(at(event.at_us), 0.0, wording(event.body))
    for event in of_kind(recorded.events, "bilateral-set-delivered"):
        start_us, stop_us = (int(event.body.get(name, event.mono_us)) for name in ("start_us", "stop_us"))
        words = f"set: {event.body.get('set_id', '')} delivered, {event.body.get('reason', '')}"
        yield Told(at(start_us), max(0, stop_us - start_us) / 1e6, words)
    for event, said in notes(recorded.events):
        yield Told(at(event.at_us), 0.0, f"note: {said[-1] if said else 'no words'}")
    for event in of_kind(recorded.events, "session-resumed"):
        gap_s = float(event.body.get("gap_s", 0))
        yield Told(max(0.0, at(event.mono_us) - gap_s), gap_s, "recording interrupted")


def _dose(body: dict[str, Any]) -> str:
    return f"dose: {body.get('drug', '')} {body.get('amount_mg', 0):g} mg {str(body.get('route', '')).upper()}"


def _cuff(body: dict[str, Any]) -> str:
    if not body.get("sys_mmhg"):
        return "NIBP: no reading"
    return f"NIBP: {body['sys_mmhg']:.0f}/{body.get('dia_mmhg') or 0:.0f}"


_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "phase-entered": lambda body: f"phase: {body.get('phase', '')}",
    "dose-given": _dose,
    "nibp-measured": _cuff,
    "alarm-began": lambda body: f"alarm: {body.get('priority', '')} {body.get('text') or body.get('condition', '')}",
    "mark-set": lambda body: f"mark: {body.get('label', '')}",
    "segment-entered": lambda body: f"music: {body.get('segment', '')}",
    "sedation-scored": lambda body: f"check: {body.get('scale', '')} {body.get('score', '')}",
    "instrument-taken": lambda body: f"instrument: {body.get('instrument', '')}",
}


def _in_records(told: Sequence[Told], seconds: int) -> list[bytes]:
    """The annotation bytes of each record, all of one length. An annotation may stand in a later record than it is of.

    Where more is told than fits, all records are made longer.
    """
    tals = [_tal(one) for one in told]
    room = max(_TALS_AT_LEAST, 24 + max((len(tal) for tal in tals), default=0))
    while True:
        room += room % _INT16
        found, place = [], 0
        for second in range(seconds):
            held = b"+%d\x14\x14\x00" % second
            while place < len(tals) and len(held) + len(tals[place]) <= room:
                held += tals[place]
                place += 1
            found.append(held.ljust(room, b"\x00"))
        if place == len(tals):
            return found
        room *= 2


def _tal(told: Told) -> bytes:
    # The separators of the format cannot stand in words.
    words = "".join(letter if letter >= " " else " " for letter in told.words)
    length = f"\x15{told.length_s:.3f}" if told.length_s > 0 else ""
    return f"+{told.at_s:.3f}{length}\x14{words}\x14\x00".encode()


def _head(recorded: Recorded, signals: Sequence[Signal], seconds: int, width: int) -> bytes:
    if recorded.deidentified:
        patient, recording = "X X X X", "Startdate X X X X"
        day, clock = "01.01.85", "00.00.00"
    else:
        start = recorded.moment(0)
        patient = f"{_word(recorded.summary.subject)} X X X"
        date = f"{start.day:02}-{_MONTHS[start.month - 1]}-{start.year}"
        recording = f"Startdate {date} X X {_word(f'kapconsole-{recorded.summary.app_version}')}"
        day, clock = f"{start:%d.%m.%y}", f"{start:%H.%M.%S}"
    count = len(signals) + 1
    rows: list[tuple[int, list[str]]] = [
        (16, [*(signal.label for signal in signals), "EDF Annotations"]),
        (80, [""] * count),
        (8, [*(signal.unit for signal in signals), ""]),
        (8, [*(_number(signal.bottom) for signal in signals), "-1"]),
        (8, [*(_number(signal.top) for signal in signals), "1"]),
        (8, [*(str(signal.lowest) for signal in signals), "-32768"]),
        (8, [*(str(signal.highest) for signal in signals), "32767"]),
        (80, [*(f"lowest digital value {signal.lowest}: no valid value" for signal in signals), ""]),
        (8, [*(str(signal.rate_hz) for signal in signals), str(width // _INT16)]),
        (32, [""] * count),
    ]
    fixed = ((8, "0"), (80, patient), (80, recording), (8, day), (8, clock), (8, str(256 * (count + 1))), (44, "EDF+C"))
    told = ((8, str(seconds)), (8, "1"), (4, str(count)))
    head = "".join(_field(words, length) for length, words in (*fixed, *told))
    return (head + "".join(_field(words, length) for length, all_ in rows for words in all_)).encode("ascii")


def _field(words: str, length: int) -> str:
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in words)
    return plain[:length].ljust(length)


def _word(words: str) -> str:
    """One part of a head: blanks part them, and an unknown one is X."""
    return "_".join(words.split()) or "X"


def _number(value: float) -> str:
    return f"{value:.8g}"[:8]
