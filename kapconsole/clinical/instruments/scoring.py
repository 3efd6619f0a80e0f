"""Scores: pure functions from answers to totals, parts, bands and the rule; what is missing is never made up for.

A total with an answer missing does not exist: nothing is prorated, and the record says which items are missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from kapconsole.clinical.instruments.model import Instrument, Part
from kapconsole.refusals import Refused

Answers = Sequence[int | None]


class Score(msgspec.Struct, frozen=True):
    """What answers come to. `total` and `rule_met` are None where an answer that they need is missing.

    `notes`: cut-offs reached, each with its source. `missing`: numbers of unanswered items, from 1.
    """

    total: float | None
    parts: dict[str, float] = {}
    band: str = ""
    band_source: str = ""
    rule: str = ""
    rule_met: bool | None = None
    notes: tuple[str, ...] = ()
    missing: tuple[int, ...] = ()
    result: str = ""


def score_answers(instrument: Instrument, answers: Answers) -> Score:
    """The score of item answers, None for an item that was left out. Raises Refused."""
    if instrument.text != "full":
        raise Refused(f"{instrument.name} takes scores, not answers: its text may not be shipped")
    if len(answers) != len(instrument.items):
        raise Refused(f"{instrument.name} has {len(instrument.items)} items, not {len(answers)}")
    allowed = {option.value for option in instrument.options}
    wrong = [number for number, answer in enumerate(answers, 1) if answer is not None and answer not in allowed]
    if wrong:
        raise Refused(f"{instrument.name}, item {wrong[0]}: {answers[wrong[0] - 1]} is none of its answers")
    missing = tuple(number for number, answer in enumerate(answers, 1) if answer is None)
    if len(missing) == len(answers):
        raise Refused(f"{instrument.name}: nothing was answered")
    given = {number: answer for number, answer in enumerate(answers, 1) if answer is not None}
    parts = {
        part.id: float(sum(given[number] for number in part.items))
        for part in instrument.parts
        if all(number in given for number in part.items)
    }
    met = None
    if instrument.rule:
        met = all(
            sum(given.get(item, -1) >= part.rated for item in part.items) >= part.needed for part in _ruled(instrument)
        )
        if missing and not met:
            met = None  # an item that was left out might have met it
    total = None if missing else float(sum(given.values()))
    return _judged(instrument, Score(total, parts, rule=instrument.rule, rule_met=met, missing=missing))


def score_entered(
    instrument: Instrument, total: float | None = None, parts: Mapping[str, float] | None = None, result: str = ""
) -> Score:
    """The score of an instrument whose results are entered: a total, its parts, or one result. Raises Refused."""
    if instrument.text == "full":
        raise Refused(f"{instrument.name} is scored from its {len(instrument.items)} answers; enter those")
    if instrument.results:
        known = {held.id: held for held in instrument.results}
        if result not in known or total is not None or parts:
            raise Refused(f"{instrument.name} is one of: {', '.join(known)}")
        return Score(None, band=known[result].text, band_source=instrument.band_source, result=result)
    held = dict(parts or {})
    for name, value in held.items():
        part = next((part for part in instrument.parts if part.id == name), None)
        if part is None:
            raise Refused(f"{instrument.name} has no part {name}")
        _in_range(f"{instrument.name}, {part.name}", value, part.minimum, part.maximum)
    whole = len(held) == len(instrument.parts) and instrument.parts_add_up and bool(held)
    if total is None and whole:
        total = float(sum(held.values()))
    if total is None:
        raise Refused(f"{instrument.name} needs its total")
    _in_range(instrument.name, total, instrument.minimum, instrument.maximum)
    if whole and sum(held.values()) != total:
        raise Refused(f"{instrument.name}: the parts come to {sum(held.values()):g}, not {total:g}")
    met = all(held[part.id] >= part.at_least for part in instrument.parts) if whole and instrument.rule else None
    return _judged(instrument, Score(float(total), held, rule=instrument.rule, rule_met=met))


def change_words(instrument: Instrument, before: float, after: float) -> str:
    """What the literature would say of a change between two totals, "" where nothing: words with their source."""
    moved = after - before
    if not moved or instrument.better == "neither":
        return ""
    better = (moved < 0) == (instrument.better == "lower")
    said = [
        f"{change.text} ({change.source})"
        for change in instrument.changes
        if (change.points and abs(moved) >= change.points)
        or (change.percent and better and before > 0 and abs(moved) / before * 100 >= change.percent)
    ]
    words = f"{'fewer' if moved < 0 else 'more'} points: {moved:+g}".replace("-", "−")
    return "; ".join([words, *said])


def safety_words(instrument: Instrument, answers: Answers, result: str = "") -> str:
    """Why these answers lead to the safety prompt; empty when they do not."""
    for rule in instrument.safety:
        answer = answers[rule.item - 1] if len(answers) >= rule.item else None
        if answer is not None and answer >= rule.at_least:
            return rule.words
    held = next((held for held in instrument.results if held.id == result), None)
    return f"The result is {held.text}." if held is not None and held.safety else ""


def _ruled(instrument: Instrument) -> list[Part]:
    return [part for part in instrument.parts if part.needed]


def _judged(instrument: Instrument, score: Score) -> Score:
    if score.total is None:
        return score
    band = instrument.band(score.total)
    notes = tuple(f"{cut.text} ({cut.source})" for cut in instrument.cutoffs if score.total >= cut.value)
    return msgspec.structs.replace(score, band=band, band_source=instrument.band_source if band else "", notes=notes)


def _in_range(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most or value != int(value):
        raise Refused(f"{name} is a whole number from {least:g} to {most:g}, not {value:g}")
