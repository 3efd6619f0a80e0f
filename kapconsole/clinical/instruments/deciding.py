"""Whether a wish about instruments can be granted, and the facts that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from kapconsole.clinical.instruments.events import InstrumentBody, InstrumentTaken, SafetyAnswered, SafetyRaised
from kapconsole.clinical.instruments.model import Instrument, SafetyPrompt
from kapconsole.clinical.instruments.scoring import safety_words, score_answers, score_entered
from kapconsole.clinical.instruments.view import InstrumentsView
from kapconsole.clinical.instruments.wishes import AnswerSafety, InstrumentWish, TakeInstrument
from kapconsole.refusals import Refused

MODES = ("self", "clinician")


def closed_words(instrument: Instrument, dosed: bool, discharged: bool) -> str:
    """Why an instrument cannot be answered now; empty when it can.

    From the dose to discharge only distress, sedation and dissociation are asked: whoever is dissociated cannot answer
    for the last two weeks (session reference 13).
    """
    if dosed and not discharged and not instrument.during_session:
        return f"{instrument.name} is closed from the dose to discharge: it cannot be answered validly now"
    return ""


def decide(
    wish: InstrumentWish,
    view: InstrumentsView,
    instruments: Mapping[str, Instrument],
    prompt: SafetyPrompt,
    now_us: int,
    *,
    dosed: bool,
    discharged: bool,
) -> list[InstrumentBody]:
    """The facts that a wish makes at `now_us` (session microseconds). Raises Refused.

    `dosed`: a dose was recorded in this session; `discharged`: the person has been let go.
    """
    if isinstance(wish, AnswerSafety):
        if view.safety is None:
            raise Refused("no safety prompt is open")
        if wish.action not in prompt.actions:
            raise Refused(f"what was done is one of: {'; '.join(prompt.actions)}")
        return [SafetyAnswered(now_us, wish.action, wish.role, wish.words)]
    return _take(wish, view, instruments, now_us, dosed, discharged)


def _take(
    wish: TakeInstrument,
    view: InstrumentsView,
    instruments: Mapping[str, Instrument],
    now_us: int,
    dosed: bool,
    discharged: bool,
) -> list[InstrumentBody]:
    instrument = instruments.get(wish.instrument)
    if instrument is None:
        raise Refused(f"there is no instrument {wish.instrument!r}; there are: {', '.join(instruments)}")
    held = next((held for held in view.entries if held.seq == wish.about), None)
    if wish.about is not None and (held is None or held.taken.instrument != instrument.id):
        raise Refused(f"entry {wish.about} is none of {instrument.name} in this session")
    closed = closed_words(instrument, dosed, discharged)
    if closed and held is None and not wish.answered_on:  # a correction, or a form from another day, is only typed in
        raise Refused(closed)
    _check_date(wish.answered_on)
    mode = wish.mode or instrument.mode
    if mode not in MODES:
        raise Refused(f"{mode!r} is no mode; one of: {', '.join(MODES)}")
    if wish.extra and (instrument.extra is None or wish.extra not in instrument.extra.options):
        raise Refused(f"{wish.extra!r} is none of the answers of {instrument.name}'s last question")
    if instrument.text == "full":
        if wish.total is not None or wish.parts or wish.result:
            raise Refused(f"{instrument.name} is scored from its {len(instrument.items)} answers; enter those")
        score = score_answers(instrument, wish.answers)
    else:
        if wish.answers:
            raise Refused(f"{instrument.name} takes scores, not answers: its text may not be shipped")
        score = score_entered(instrument, wish.total, wish.parts, wish.result)
    taken = InstrumentTaken(
        at_us=now_us if wish.at_us is None else min(wish.at_us, now_us),
        instrument=instrument.id,
        name=instrument.name,
        version=instrument.version,
        language=instrument.language,
        mode=mode,
        scorer=instrument.scorer,
        window=instrument.window,
        answers=wish.answers,
        extra=wish.extra,
        total=score.total,
        parts=score.parts,
        result=score.result,
        band=score.band,
        band_source=score.band_source,
        rule=score.rule,
        rule_met=score.rule_met,
        missing=score.missing,
        answered_on=wish.answered_on,
        about=wish.about,
    )
    why = safety_words(instrument, wish.answers, wish.result)
    raised = SafetyRaised(now_us, instrument.id, why) if why else None
    return [taken] if raised is None else [taken, raised]


def _check_date(text: str) -> None:
    if text:
        try:
            date.fromisoformat(text)
        except ValueError:
            raise Refused(f"{text!r} is no date; write it as 2026-01-31") from None
