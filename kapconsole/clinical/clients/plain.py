"""Events of a session as plain dictionaries, so that a table can be made of kinds that this version does not know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from kapconsole.events import NoteTaken
from kapconsole.rows import NUMERICS, WAVE, Row, row_event
from kapconsole.session.timeline import Timeline

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class PlainEvent(msgspec.Struct, frozen=True):
    """One event as its row says: `kind` its tag, `body` its fields without the tag. Times as in `Event`."""

    seq: int
    mono_us: int
    utc_us: int
    kind: str
    actor: str
    body: dict[str, Any]

    @property
    def at_us(self) -> int:
        """When it happened, session microseconds: the moment that the event itself names, else when it was written."""
        at_us = self.body.get("at_us")
        return at_us if isinstance(at_us, int) else self.mono_us


def plain_events(rows: Iterable[Row]) -> list[PlainEvent]:
    """Every event of `rows` whose body can be read."""
    found = []
    for row in rows:
        if row.kind in (NUMERICS, WAVE):
            continue
        try:
            body = _decode(row.body)
        except msgspec.DecodeError:
            continue
        body.pop("type", None)
        found.append(PlainEvent(row.seq, row.mono_us, row.utc_us, row.kind, row.actor, body))
    return found


def readable_timeline(rows: Iterable[Row]) -> tuple[Timeline, int]:
    """The timeline of all rows that this version understands, and how many it does not."""
    kept, strange = [], 0
    for row in rows:
        if row.kind not in (NUMERICS, WAVE):
            try:
                row_event(row)
            except msgspec.DecodeError:
                strange += 1
                continue
        kept.append(row)
    timeline = Timeline()
    timeline.add_rows(kept)
    return timeline, strange


def of_kind(events: Iterable[PlainEvent], *kinds: str) -> list[PlainEvent]:
    """The events of these kinds, in order."""
    return [event for event in events if event.kind in kinds]


def present(events: Sequence[PlainEvent], kind: str) -> list[PlainEvent]:
    """Entries of a kind that is corrected by a later one with `about`: each once, with its newest content."""
    held: dict[int, PlainEvent] = {}
    for event in of_kind(events, kind):
        about = event.body.get("about")
        if about is None:
            held[event.seq] = event
        elif about in held:
            first = held[about]
            held[about] = PlainEvent(first.seq, first.mono_us, first.utc_us, kind, event.actor, event.body)
    return list(held.values())


def notes(events: Sequence[PlainEvent]) -> list[tuple[PlainEvent, list[str]]]:
    """Each note's stamp with all words about it in order; what was corrected comes before what holds."""
    kind = str(NoteTaken.__struct_config__.tag)
    held: dict[int, tuple[PlainEvent, list[str]]] = {}
    for event in of_kind(events, kind):
        text, about = str(event.body.get("text", "")), event.body.get("about")
        if about is None:
            held[event.seq] = (event, [text] if text else [])
        elif about in held and text:
            held[about][1].append(text)
    return list(held.values())
