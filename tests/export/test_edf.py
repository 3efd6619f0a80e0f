"""Signals as EDF+: read back by the letter of its specification, with what is missing, annotations, and no names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.export.edf import Told, _in_records, edf, export_edf
from kapconsole.export.recorded import Recorded, read_recorded
from kapconsole.export.supervision import supervision
from kapconsole.export.writing import ExportTrouble


class Read(NamedTuple):
    head: dict[str, str]
    signals: dict[str, np.ndarray]
    digital: dict[str, np.ndarray]
    annotations: list[tuple[float, float, str]]


_HEAD = (("version", 8), ("patient", 80), ("recording", 80), ("day", 8), ("time", 8), ("bytes", 8), ("kind", 44),
         ("records", 8), ("seconds", 8), ("signals", 4))  # fmt: skip
_EACH = (("label", 16), ("transducer", 80), ("unit", 8), ("low", 8), ("high", 8), ("dlow", 8), ("dhigh", 8),
         ("prefilter", 80), ("samples", 8), ("reserved", 32))  # fmt: skip


def tals(raw: bytes) -> list[tuple[float, float, str]]:
    found = []
    for tal in raw.split(b"\x14\x00"):
        text = tal.strip(b"\x00")
        if not text:
            continue
        begin, *words = text.split(b"\x14")
        at, _, length = begin.partition(b"\x15")
        assert re.fullmatch(rb"[+-]\d+(\.\d+)?", at)
        found += [(float(at), float(length or 0), one.decode()) for one in words if one]
    return found


def read(raw: bytes) -> Read:
    """A reader of its own, so that the writer is held against the format and not against itself."""
    place, head = 0, {}
    for name, width in _HEAD:
        head[name] = raw[place : place + width].decode("ascii").strip()
        place += width
    count = int(head["signals"])
    each: dict[str, list[str]] = {}
    for name, width in _EACH:
        each[name] = [raw[place + n * width : place + (n + 1) * width].decode("ascii").strip() for n in range(count)]
        place += width * count
    assert place == int(head["bytes"])
    samples = [int(words) for words in each["samples"]]
    records = int(head["records"])
    data = np.frombuffer(raw[place:], "<i2").reshape(records, sum(samples))
    signals, digital, annotations = {}, {}, []
    at = 0
    for number, label in enumerate(each["label"]):
        block = data[:, at : at + samples[number]]
        at += samples[number]
        if label == "EDF Annotations":
            for record, row in enumerate(block):
                text = row.tobytes()
                assert text.startswith(b"+%d\x14\x14\x00" % record), "each record keeps the time"
                annotations += tals(text)
            continue
        low, high, dlow, dhigh = (float(each[name][number]) for name in ("low", "high", "dlow", "dhigh"))
        digital[label] = block.ravel()
        assert dlow <= digital[label].min()
        assert digital[label].max() <= dhigh
        signals[label] = low + (digital[label] - dlow) * (high - low) / (dhigh - dlow)
        assert f"lowest digital value {int(dlow)}" in each["prefilter"][number]
    return Read(head, signals, digital, annotations)


def test_what_was_measured_comes_back(recorded: Recorded) -> None:
    back = read(edf(recorded)[0])
    assert back.head["kind"] == "EDF+C"
    assert back.head["patient"].startswith("K-17 ")
    assert back.head["recording"].startswith("Startdate 05-MAR-2026 ")
    start = recorded.moment(0)
    assert back.head["time"] == f"{start:%H.%M.%S}"
    shift_us = recorded.summary.start_utc_us % 1_000_000
    for label, metric in (("SpO2", "spo2"), ("PulseRate", "pulse_rate")):
        series = next(held for (_, of), held in recorded.timeline.numerics.items() if of.value == metric)
        for at_us, value in list(zip(series.times_us.tolist(), series.values.tolist(), strict=True))[::97]:
            assert back.signals[label][(at_us + shift_us) // 1_000_000] == pytest.approx(value, abs=0.051)
    wave = next(iter(recorded.timeline.waves.values()))
    kept = back.digital["Pleth"][back.digital["Pleth"] >= 0]
    assert kept[:75].tolist() == np.rint(wave.values[:75] * 127).astype(int).tolist(), (
        "samples are bit for bit the same"
    )


def test_what_is_missing_is_no_number_and_is_said(recorded: Recorded) -> None:
    back = read(edf(recorded)[0])
    gap = back.signals["SpO2"][101 * 60 : 103 * 60]
    assert set(gap.round(3)) == {-1.0}, "outside of what can be measured, never zero"
    lost = [one for one in back.annotations if one[2] == "signal lost: SpO2"]
    assert any(at <= 6001 and length >= 238 for at, length, _ in lost)


def test_events_are_annotations_at_their_time(recorded: Recorded) -> None:
    told = read(edf(recorded)[0]).annotations
    words = [one[2] for one in told]
    assert "dose: ketamine 60 mg IM" in words
    assert "NIBP: 152/95" in words
    assert any(one.startswith("note: Wildschweinfährte 0") for one in words)
    assert any("漢" in one for one in words)
    dose = next(one for one in told if one[2].startswith("dose: "))
    assert dose[0] == pytest.approx(30 * 60, abs=1)
    first_set = next(one for one in told if one[2].startswith("set: 1"))
    assert first_set[1] == pytest.approx(30, abs=0.01), "a set has its length"


def test_a_supervision_copy_names_nobody_and_no_day(log: Path, no_passphrase: Callable[[], str]) -> None:
    raw = edf(supervision(read_recorded(log, no_passphrase)))[0]
    back = read(raw)
    assert back.head["patient"] == "X X X X"
    assert back.head["recording"] == "Startdate X X X X"
    assert back.head["day"] == "01.01.85"
    for marker in ("K-17", "Mathilde", "Wildschwein", "Ruiz", "Berg", "Nora"):
        assert marker.encode() not in raw
    said = " ".join([*back.head.values(), *(words for _, _, words in back.annotations)])
    assert "2026" not in said
    assert "MAR" not in said
    assert len(back.signals) == len(read(edf(read_recorded(log, no_passphrase))[0]).signals)


def test_nothing_is_overwritten_unasked(recorded: Recorded, tmp_path: Path) -> None:
    target = tmp_path / "one.edf"
    target.write_text("mine")
    with pytest.raises(ExportTrouble):
        export_edf(recorded, target)
    assert target.read_text() == "mine"
    assert export_edf(recorded, target, force=True) == len(read(target.read_bytes()).signals)


@given(
    st.lists(st.tuples(st.floats(0, 1e4), st.floats(0, 100), st.text(max_size=300)), max_size=40),
    st.integers(1, 30),
)
def test_every_annotation_comes_back_whatever_its_words(held: list[tuple[float, float, str]], seconds: int) -> None:
    told = [Told(at, length, f"note: {words}".encode("utf-8", "replace").decode()) for at, length, words in held]
    records = _in_records(told, seconds)
    assert len(records) == seconds
    assert len({len(one) for one in records}) == 1
    assert len(records[0]) % 2 == 0
    back = [one for record in records for one in tals(record)]
    assert [(round(one.at_s, 3), round(one.length_s, 3)) for one in told] == [(at, length) for at, length, _ in back]
    for one, (_, _, words) in zip(told, back, strict=True):
        assert words == "".join(letter if letter >= " " else " " for letter in one.words)
