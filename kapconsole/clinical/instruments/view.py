"""The instruments of one session as they stand: every entry with its corrections applied, and an open safety prompt."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from kapconsole.clinical.instruments.events import InstrumentTaken, SafetyAnswered, SafetyRaised


class TakenView(msgspec.Struct, frozen=True):
    """One entry: `seq` of its first event, the present content, and how often it was corrected."""

    seq: int
    utc_us: int
    taken: InstrumentTaken
    corrections: int = 0


class InstrumentsView(msgspec.Struct, frozen=True):
    """`safety` is open while not None; `safety_done`: what was recorded about earlier ones."""

    entries: tuple[TakenView, ...] = ()
    safety: SafetyRaised | None = None
    safety_done: tuple[SafetyAnswered, ...] = ()

    def newest(self, instrument: str) -> TakenView | None:
        """The newest entry of an instrument in this session."""
        return next((held for held in reversed(self.entries) if held.taken.instrument == instrument), None)


EMPTY = InstrumentsView()


def fold(view: InstrumentsView, event: Any) -> InstrumentsView:
    """The view after one more event (`kapconsole.events.Event`); bodies of others change nothing."""
    match event.body:
        case InstrumentTaken(about=None) as taken:
            return replace(view, entries=(*view.entries, TakenView(event.seq, event.utc_us, taken)))
        case InstrumentTaken() as taken:
            return replace(view, entries=tuple(_corrected(held, taken) for held in view.entries))
        case SafetyRaised() as raised:
            return replace(view, safety=raised)
        case SafetyAnswered() as answered:
            return replace(view, safety=None, safety_done=(*view.safety_done, answered))
        case _:
            return view


def _corrected(held: TakenView, taken: InstrumentTaken) -> TakenView:
    return replace(held, taken=taken, corrections=held.corrections + 1) if held.seq == taken.about else held
