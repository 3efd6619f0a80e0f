"""What instruments write into the session log: answers with their scores, and what was done about safety.

Free of imports from the rest of kapconsole. `at_us` is session time in microseconds.
"""

from __future__ import annotations

import msgspec


class InstrumentTaken(msgspec.Struct, frozen=True, tag="instrument-taken"):
    """An instrument was answered, or its result entered.

    `answers`: one for each item, null where it was left out; empty where only a score was entered. `total` is null
    when an answer is missing: nothing is prorated, and `missing` names the items (from 1). `version` is that of the
    wording, `scorer` that of the scoring, `window` the time that was asked about. `answered_on`: ISO date when that was
    another day (on paper, at home). `about`: the sequence number of the entry that this one corrects; both stay.
    """

    at_us: int
    instrument: str
    name: str
    version: str
    language: str
    mode: str
    scorer: int
    window: str
    answers: tuple[int | None, ...] = ()
    extra: str = ""
    total: float | None = None
    parts: dict[str, float] = {}
    result: str = ""
    band: str = ""
    band_source: str = ""
    rule: str = ""
    rule_met: bool | None = None
    missing: tuple[int, ...] = ()
    answered_on: str = ""
    about: int | None = None


class SafetyRaised(msgspec.Struct, frozen=True, tag="safety-raised"):
    """An answer led to the safety prompt; it stays until a person records what was done."""

    at_us: int
    instrument: str
    why: str


class SafetyAnswered(msgspec.Struct, frozen=True, tag="safety-answered"):
    """What a person did about the safety prompt; who is the event's actor, in which role is `role`."""

    at_us: int
    action: str
    role: str
    words: str = ""


InstrumentBody = InstrumentTaken | SafetyRaised | SafetyAnswered
"""Every kind of body of the instruments."""
