"""What people and the schedule have said about alarms so far, read off the log's events; pure, no Qt."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.console.lines import happened
from kapconsole.console.moment import Moment


class AlarmFacts(msgspec.Struct, frozen=True):
    """`symptoms` that are ticked; whether cuff and oximeter share a limb (None: nobody has said); the newest
    `preset` that was loaded, with its guard ranges; `rechecks`: the due times (session microseconds) that are
    rechecks, with their reasons."""

    symptoms: tuple[str, ...] = ()
    same_limb: bool | None = None
    preset: al.PresetLoaded | None = None
    rechecks: dict[int, str] = {}


def fold(facts: AlarmFacts, body: object) -> AlarmFacts:
    """The facts after one more body of an event."""
    match body:
        case al.SymptomNoted(symptom=symptom, present=present):
            rest = tuple(name for name in facts.symptoms if name != symptom)
            return replace(facts, symptoms=(*rest, symptom) if present else rest)
        case al.LimbsNoted(same=same):
            return replace(facts, same_limb=same)
        case al.PresetLoaded():
            return replace(facts, preset=body)
        case al.ReadingDue(due_us=due_us, why=why, recheck=True):
            return replace(facts, rechecks={**facts.rechecks, due_us: why})
        case _:
            return facts


class FactBook:
    """The facts at any moment of a session whose events only grow; each event is read once while time goes on."""

    def __init__(self) -> None:
        self._events: Sequence[ev.Event] = ()
        self._count = 0
        self._facts = AlarmFacts()

    def at(self, moment: Moment) -> AlarmFacts:
        """The facts at `moment`."""
        events = moment.timeline.events
        count = happened(events, moment.now_us)
        if events is not self._events or count < self._count:
            self._events, self._count, self._facts = events, 0, AlarmFacts()
        for index in range(self._count, count):
            self._facts = fold(self._facts, events[index].body)
        self._count = count
        return self._facts
