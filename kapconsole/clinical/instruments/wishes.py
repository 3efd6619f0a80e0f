"""What a person may ask of the instruments; refused in words where a rule forbids it."""

from __future__ import annotations

import msgspec


class TakeInstrument(msgspec.Struct, frozen=True, tag="instrument-take"):
    """Keep the answers of an instrument by id, or its entered total, parts or result.

    `about`: the sequence number of an earlier entry that this one corrects. `answered_on`: ISO date, when it was
    another day than the session's.
    """

    instrument: str
    answers: tuple[int | None, ...] = ()
    total: float | None = None
    parts: dict[str, float] = {}
    result: str = ""
    extra: str = ""
    mode: str = ""
    answered_on: str = ""
    at_us: int | None = None
    about: int | None = None


class AnswerSafety(msgspec.Struct, frozen=True, tag="safety-answer"):
    """Record what was done about the safety prompt: one of its actions, with words if wanted."""

    action: str
    role: str
    words: str = ""


InstrumentWish = TakeInstrument | AnswerSafety
