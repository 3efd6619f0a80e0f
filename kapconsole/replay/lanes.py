"""What happened in a session as lanes of spans and marks over time, by a table keyed by event tag; pure, no Qt.

A new part of a session gets a lane by a `Rule` in `rules.py` and by nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from kapconsole import events as ev
from kapconsole.alarms.conditions import CONDITIONS, Kind
from kapconsole.alarms.events import AlarmBody, PresetLoaded
from kapconsole.alarms.history import History, Lasted, history
from kapconsole.clock import duration_text
from kapconsole.replay.rules import RULES, Rule
from kapconsole.rows import kind_of
from kapconsole.session.timeline import Timeline
from kapconsole.session.words import device_names

NO_ALARMS = "no alarms were logged in this session; W computes them"


class Stretch(msgspec.Struct, frozen=True):
    """Something that lasted from `start_us` to `end_us` (session time). `kind` chooses how it is drawn.

    `open`: the recording says no end. `row`: the row of its lane, from the top.
    """

    start_us: int
    end_us: int
    words: str
    kind: str = ""
    row: int = 0
    open: bool = False


class Dot(msgspec.Struct, frozen=True):
    """Something that happened at `at_us`. `known_us`: when it stood in the log, which is where a jump stands."""

    at_us: int
    known_us: int
    words: str
    kind: str = ""


class Lane(msgspec.Struct, frozen=True):
    """One row of the picture. `remark`: words in the place of an empty lane; `rows`: how many rows its spans have.

    `missed`: the picture says so when nothing of it was recorded.
    """

    name: str
    spans: tuple[Stretch, ...] = ()
    marks: tuple[Dot, ...] = ()
    remark: str = ""
    rows: int = 1
    missed: bool = True

    @property
    def empty(self) -> bool:
        """True when nothing of it is in the session."""
        return not (self.spans or self.marks)


def lanes(timeline: Timeline, rules: Sequence[Rule] = RULES) -> list[Lane]:
    """Every lane of a session, empty ones included, in order from the top: alarms first, gaps last."""
    events, end_us = timeline.events, timeline.end_us
    found = [alarm_lane(events, end_us)]
    found += [ruled(rule, events, end_us) for rule in rules]
    found += [_notes(timeline), _devices(events, end_us), _gaps(timeline)]
    return found


def alarm_lane(events: Iterable[ev.Event], end_us: int) -> Lane:
    """The alarms as they were logged; its remark says when the log has none at all."""
    bodies = [body for event in events if isinstance((body := event.body), AlarmBody)]
    if not bodies:
        return Lane("Alarms", remark=NO_ALARMS, rows=3)
    name = next((body.name for body in bodies if isinstance(body, PresetLoaded)), "")
    return history_lane("Alarms", history(bodies, name, end_us))


def history_lane(name: str, told: History) -> Lane:
    """Alarm bands: HIGH in the top row, MEDIUM, LOW below; each from its signal to its end."""
    end_us = round(told.length_s * 1e6)
    spans = tuple(_band(lasted, end_us) for lasted in told.occurrences)
    return Lane(name, spans, remark="no alarm", rows=3)


def _band(lasted: Lasted, end_us: int) -> Stretch:
    ended_us = end_us if lasted.ended_s is None else round(lasted.ended_s * 1e6)
    mark = ("*" if CONDITIONS[lasted.condition].kind is Kind.PHYSIOLOGICAL else "!") * lasted.priority.rank
    start_us = round(lasted.began_s * 1e6)
    words = f"{mark} {lasted.text}"
    return Stretch(
        start_us, max(start_us, ended_us), words, lasted.priority.value, 3 - lasted.priority.rank, lasted.how == "open"
    )


def ruled(rule: Rule, events: Iterable[ev.Event], end_us: int) -> Lane:
    """The lane that one rule makes of `events`. Spans that overlap (several at a time) get rows of their own."""
    spans: list[Stretch] = []
    marks: list[Dot] = []
    going: dict[Any, tuple[int, str]] = {}
    rows: dict[Any, int] = {}

    def finish(key: Any, at_us: int, is_open: bool = False) -> None:
        held = going.pop(key, None)
        if held is not None:
            spans.append(Stretch(held[0], max(held[0], at_us), held[1], rule.kind, rows[key], is_open))

    for event in events:
        body: Any = event.body
        tag = kind_of(body)
        if tag not in rule.begins and tag not in rule.ends and tag not in rule.marks:
            continue
        if tag in rule.unless and rule.unless[tag](body):
            continue
        at_us = getattr(body, "at_us", event.mono_us)
        key = getattr(body, rule.by, None) if rule.by else None
        if tag in rule.begins:
            finish(key, at_us)
            if tag not in rule.over or not rule.over[tag](body):
                rows.setdefault(key, len(rows))
                going[key] = (at_us, rule.begins[tag](body))
        elif tag in rule.ends:
            better = rule.ends[tag]
            if better is not None and key in going:
                going[key] = (going[key][0], better(body))
            finish(key, at_us)
        if tag in rule.marks:
            marks.append(Dot(at_us, event.mono_us, rule.marks[tag](body), rule.kind))
    for key in list(going):
        finish(key, end_us, is_open=True)
    spans.sort(key=lambda span: span.start_us)
    return Lane(rule.name, tuple(spans), tuple(marks), rows=max(1, len(rows)), missed=rule.missed)


def _notes(timeline: Timeline) -> Lane:
    known = {event.seq: event.mono_us for event in timeline.events if isinstance(event.body, ev.NoteTaken)}
    marks = [
        Dot(note.at_us, known.get(note.seq, note.at_us), note.text or "note, no words", "note")
        for note in timeline.state.notes
    ]
    marks += [
        Dot(event.body.at_us, event.mono_us, f"mark {event.body.label}", "mark")
        for event in timeline.events
        if isinstance(event.body, ev.MarkSet)
    ]
    return Lane("Notes", marks=tuple(sorted(marks, key=lambda dot: dot.at_us)), remark="no notes")


def _devices(events: Iterable[ev.Event], end_us: int) -> Lane:
    """While a device was lost."""
    since: dict[int, int] = {}
    protocols: dict[int, str] = {}
    lost: list[tuple[int, int, int, bool]] = []
    for event in events:
        body = event.body
        if not isinstance(body, ev.DeviceState):
            continue
        protocols[body.source] = body.protocol
        if body.state == "lost":
            since.setdefault(body.source, event.mono_us)
        elif body.state in ("connected", "back") and body.source in since:
            lost.append((since.pop(body.source), event.mono_us, body.source, False))
    lost += [(start_us, end_us, source, True) for source, start_us in since.items()]
    names = device_names(protocols)
    spans = tuple(
        Stretch(start_us, until_us, f"{names[source]} lost", "lost", open=still)
        for start_us, until_us, source, still in sorted(lost)
    )
    return Lane("Devices", spans, missed=False)


def _gaps(timeline: Timeline) -> Lane:
    """While the recorder was gone."""
    spans = tuple(
        Stretch(round(end_us - gap_s * 1e6), end_us, f"recorder was gone for {duration_text(gap_s)}", "gap")
        for end_us, gap_s in timeline.state.resumed
    )
    return Lane("Gaps", spans, missed=False)


def stops(found: Iterable[Lane]) -> dict[str, list[int]]:
    """Where a jump stands, by the lane's name: the begin of each span; without spans, when each mark was in the log."""
    return {
        lane.name: sorted({span.start_us for span in lane.spans} or {dot.known_us for dot in lane.marks})
        for lane in found
    }
