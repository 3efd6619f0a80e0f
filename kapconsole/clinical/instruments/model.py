"""What an instrument is: its text where that is free, its ranges, bands with their source, and its safety rules."""

from __future__ import annotations

from typing import Literal

import msgspec


class InstrumentError(ValueError):
    """An instrument's file cannot be used; the message names it and says why."""


class Option(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One answer and the number it counts; `text` may be empty between two anchors."""

    value: int
    text: str


class Band(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Totals from `start` to `end`, both included, and what that range is called. Never the name of an illness."""

    start: float = msgspec.field(name="from")
    end: float = msgspec.field(name="to")
    label: str


class Cutoff(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A total from which on something is said, and who says so."""

    value: float
    text: str
    source: str


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A difference between two totals that the literature names: in points, or in percent of the earlier one."""

    text: str
    source: str
    points: float = 0
    percent: float = 0


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of an instrument.

    Summed from `items` (numbers from 1), or entered within `minimum` to `maximum`. The rule of the instrument asks
    for `needed` items rated at least `rated`, or for a part's sum of `at_least`.
    """

    id: str
    name: str
    items: tuple[int, ...] = ()
    minimum: float = 0
    maximum: float = 0
    rated: int = 0
    needed: int = 0
    at_least: float = 0


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One outcome of an instrument that is not a sum."""

    id: str
    text: str
    safety: bool = False


class SafetyRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The item (from 1) that leads to the safety prompt when it is answered with `at_least`."""

    item: int
    at_least: int
    words: str


class Extra(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A question beside the scored ones; its answer is kept and never counted."""

    text: str
    options: tuple[str, ...]


class Instrument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One instrument in one language.

    `text` is "full" where the items may be shipped, "score" where only results are entered. `version` names the
    wording, `scorer` the scoring below it; both go into every record. `during_session`: also open between the dose and
    discharge. `better`: which way is the better one, for the words of a change.
    """

    id: str
    name: str
    title: str
    version: str
    text: Literal["full", "score"]
    mode: Literal["self", "clinician"]
    language: str
    window: str
    credit: str
    licence: str
    better: Literal["lower", "higher", "neither"]
    minimum: float = 0
    maximum: float = 0
    scorer: int = 1
    instructions: str = ""
    stem: str = ""
    options: tuple[Option, ...] = ()
    items: tuple[str, ...] = ()
    extra: Extra | None = None
    bands: tuple[Band, ...] = ()
    band_source: str = ""
    cutoffs: tuple[Cutoff, ...] = ()
    changes: tuple[Change, ...] = ()
    parts: tuple[Part, ...] = ()
    parts_add_up: bool = False
    rule: str = ""
    results: tuple[Result, ...] = ()
    safety: tuple[SafetyRule, ...] = ()
    during_session: bool = False

    def band(self, total: float) -> str:
        """What the range of `total` is called; empty where the source names none."""
        return next((band.label for band in self.bands if band.start <= total <= band.end), "")


class SafetyPrompt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands on the screen when an answer touches suicide, and what a person may record as done."""

    version: int
    title: str
    lines: tuple[str, ...]
    actions: tuple[str, ...]


def checked(instrument: Instrument) -> Instrument:
    """`instrument`, if it does not contradict itself. Raises InstrumentError."""
    trouble = _trouble(instrument)
    if trouble:
        raise InstrumentError(f"instrument {instrument.id}: {trouble}")
    return instrument


def _trouble(held: Instrument) -> str:
    count, values = len(held.items), [option.value for option in held.options]
    if held.text == "full" and not (count and values):
        return "text is full, but items or options are missing"
    if held.text == "score" and (count or values):
        return "text is score, so that items and options may not be there"
    if len(set(values)) != len(values):
        return "two options count the same"
    if held.text == "full" and (held.minimum, held.maximum) != (count * min(values), count * max(values)):
        return f"items and options give {count * min(values)} to {count * max(values)}, not its minimum and maximum"
    if not held.results and held.minimum >= held.maximum:
        return "maximum must be above minimum"
    if held.bands and not held.band_source:
        return "bands need a band_source"
    for before, after in zip(held.bands, held.bands[1:], strict=False):
        if after.start != before.end + 1:
            return f"bands {before.label} and {after.label} leave a gap or overlap"
    if any(band.start > band.end or band.start < held.minimum or band.end > held.maximum for band in held.bands):
        return "a band lies outside minimum to maximum"
    if any(not 1 <= number <= count for part in held.parts for number in part.items):
        return "a part names an item that is not there"
    if any(not 1 <= rule.item <= count for rule in held.safety):
        return "a safety rule names an item that is not there"
    ids = [part.id for part in held.parts] + [result.id for result in held.results]
    return "two parts or results have the same id" if len(set(ids)) != len(ids) else ""
