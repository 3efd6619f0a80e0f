"""Finds where a vital sign was below or above a number, for how long: "SpO2 < 90 for 10 s"; pure, no Qt."""

from __future__ import annotations

import re

import msgspec
import numpy as np
from numpy.typing import NDArray

from kapconsole.replay.search import MOST, Hit
from kapconsole.session.freshness import LOST_AFTER_S
from kapconsole.session.timeline import Timeline
from kapdevices.readings import UNITS, Metric

HINT = "or a value: SpO2 < 90 for 10 s"
_NAMES: dict[str, tuple[Metric, str]] = {
    "spo2": (Metric.SPO2, "SpO2"),
    "pulse": (Metric.PULSE_RATE, "pulse"),
    "pr": (Metric.PULSE_RATE, "pulse"),
    "heart rate": (Metric.HEART_RATE, "heart rate"),
    "hr": (Metric.HEART_RATE, "heart rate"),
    "resp": (Metric.RESP_RATE, "breaths"),
    "rr": (Metric.RESP_RATE, "breaths"),
    "etco2": (Metric.ETCO2, "EtCO2"),
}
_CUFF = {"sys": "sys_mmhg", "dia": "dia_mmhg", "nibp": "sys_mmhg"}
_SHAPE = re.compile(
    r"(?P<name>[a-z0-9 ]+?)\s*(?P<sign><=|>=|<|>|≤|≥|below|above|under|over)\s*(?P<number>\d+(?:[.,]\d+)?)\s*%?"
    r"(?:\s*(?:for|over)?\s*(?P<length>\d+(?:[.,]\d+)?)\s*(?P<unit>s|sec|min|m)\b)?",
)
_SIGNS = {"below": "<", "under": "<", "above": ">", "over": ">", "≤": "<=", "≥": ">="}


class Asked(msgspec.Struct, frozen=True):
    """A condition on a value. `name`: what was typed; `length_s`: it has to last so long, 0 for any length."""

    name: str
    sign: str
    number: float
    length_s: float


def understood(query: str) -> Asked | None:
    """The condition that the words are; None when they are words to look for."""
    plain = query.strip().casefold().replace("₂", "2")
    found = _SHAPE.fullmatch(plain)
    if found is None or (found["name"].strip() not in _NAMES and found["name"].strip() not in _CUFF):
        return None
    length_s = float((found["length"] or "0").replace(",", "."))
    if found["unit"] in ("min", "m"):
        length_s *= 60
    sign = _SIGNS.get(found["sign"], found["sign"])
    return Asked(found["name"].strip(), sign, float(found["number"].replace(",", ".")), length_s)


def places(timeline: Timeline, asked: Asked) -> list[Hit]:
    """Each stretch in which the condition held for as long as asked, in order of time, at most `MOST`.

    A value that the device did not vouch for, or that was lost meanwhile, ends a stretch: nobody knows what it was.
    """
    if asked.name in _CUFF:
        return _cuffs(timeline, asked)
    metric, name = _NAMES[asked.name]
    fed = timeline.fed(metric, 0, timeline.end_us + 1)
    if not len(fed.times_us):
        return []
    values = fed.valid_values
    with np.errstate(invalid="ignore"):
        held = _compared(values, asked)
    new = np.zeros(len(held), bool)
    new[0] = True
    new[1:] = (held[1:] != held[:-1]) | (np.diff(fed.times_us) > LOST_AFTER_S * 1_000_000)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(held))
    hits = []
    for first, after in zip(starts.tolist(), ends.tolist(), strict=True):
        if not held[first]:
            continue
        # It lasted until the value that ended it came, unless that was lost.
        last = after if after < len(held) and fed.times_us[after] - fed.times_us[after - 1] <= 2_000_000 else after - 1
        length_s = float(fed.times_us[last] - fed.times_us[first]) / 1e6
        if length_s >= asked.length_s:
            run = values[first:after]
            worst = run.min() if asked.sign.startswith("<") else run.max()
            word = "lowest" if asked.sign.startswith("<") else "highest"
            at_us = int(fed.times_us[first])
            limit = f"{name} {asked.sign} {asked.number:g}"
            hits.append(Hit(at_us, at_us, "value", f"{limit} for {length_s:.0f} s, {word} {worst:.0f} {UNITS[metric]}"))
            if len(hits) == MOST:
                break
    return hits


def _cuffs(timeline: Timeline, asked: Asked) -> list[Hit]:
    hits = []
    for view in timeline.fed_nibp(timeline.state.nibp):
        value = getattr(view.reading, _CUFF[asked.name])
        if view.reading.valid and value is not None and bool(_compared(np.array([value]), asked)[0]):
            words = f"NIBP {view.reading.sys_mmhg:.0f}/{view.reading.dia_mmhg:.0f} mmHg"
            hits.append(Hit(view.mono_us, view.mono_us, "value", words))
    return hits[:MOST]


def _compared(values: NDArray[np.floating], asked: Asked) -> NDArray[np.bool_]:
    match asked.sign:
        case "<":
            return values < asked.number
        case "<=":
            return values <= asked.number
        case ">":
            return values > asked.number
    return values >= asked.number
