"""A session's alarms as a history: what was logged, and what the same session gives with other settings.

Replay and "what if" feed the engine that alarmed in the room. What people did (acknowledged, paused, changed limits)
stands in the log and is done again at its time, as far as there is anything to do it to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.conditions import CONDITIONS, SECOND_US
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.limits import Preset
from kapconsole.events import Event, SessionClosed, SessionResumed, StreamItem, WavePiece
from kapconsole.rows import NUMERICS, WAVE, Row, row_event, unpack_numerics, unpack_wave

_Noticed = al.AlarmAcknowledged | al.AlarmEnded
_NOTICED = (al.AlarmAcknowledged, al.AlarmEnded)


class Lasted(msgspec.Struct, frozen=True):
    """One occurrence as it went. Seconds since the session began; None where it did not happen.

    `priority`: the highest it had. `acknowledged_after_s`: from its signal to a person. `how`: ended, cleared, closed,
    or open when the recording stops before.
    """

    occurrence: int
    condition: str
    name: str
    about: str
    priority: al.Priority
    text: str
    true_s: float
    began_s: float
    ended_s: float | None
    lasted_s: float
    worst: float | None
    limit: float | None
    acknowledged_after_s: float | None
    how: str


class History(msgspec.Struct, frozen=True):
    """All occurrences, in order of their begin, and what was suppressed before it signalled."""

    preset: str
    length_s: float
    occurrences: tuple[Lasted, ...]
    suppressed: tuple[al.AlarmSuppressed, ...]


def items_of(rows: Iterable[Row]) -> list[StreamItem]:
    """The items of a log in order of time; a waveform stands at its end, when all of it had arrived."""
    timed: list[tuple[int, StreamItem]] = []
    for row in rows:
        if row.kind == NUMERICS:
            timed += [(item.mono_us, item) for item in unpack_numerics(row)]
        elif row.kind == WAVE:
            piece = unpack_wave(row.body)
            timed.append((piece.start_us + piece.span_us, piece))
        else:
            event = row_event(row)
            timed.append((event.mono_us, event))
    timed.sort(key=lambda pair: pair[0])
    return [item for _, item in timed]


def replayed(items: Iterable[StreamItem], preset: Preset, *, people: bool = True) -> list[al.AlarmBody]:
    """What the engine makes of a recording with `preset`. `people`: what people did is done again."""
    engine = AlarmEngine(preset)
    bodies: list[al.AlarmBody] = []
    noticed: list[_Noticed] = []  # what one keypress acknowledged stands in the log one by one
    closed_us: int | None = None  # a close ends the alarms before it is numbered, since it is a log's last event

    def notice() -> None:
        if noticed:
            numbers = tuple(number for body in noticed if (number := _same(body, bodies)) is not None)
            if numbers:
                bodies.extend(_granted(engine, ws.Acknowledge(numbers), noticed[0].at_us))
            noticed.clear()

    for item in items:
        body: object = item.body if isinstance(item, Event) else None
        if noticed and not (isinstance(body, _NOTICED) and body.at_us == noticed[0].at_us):
            notice()
        if isinstance(body, SessionClosed) and isinstance(item, Event) and closed_us is not None:
            bodies += engine.feed(msgspec.structs.replace(item, mono_us=closed_us))
        elif not isinstance(item, Event) or not isinstance(body, al.AlarmBody):
            bodies += engine.feed(item)
        elif _closed(body):
            closed_us = body.at_us
        elif isinstance(body, al.AlarmAcknowledged) or (isinstance(body, al.AlarmEnded) and body.how == "cleared"):
            if people:
                noticed.append(body)
        elif (wish := _wish(body)) is not None and (
            people or isinstance(wish, ws.NoteSymptom | ws.NoteLimbs | ws.ConfirmSelfTest)
        ):
            bodies += _granted(engine, wish, body.at_us)
        elif isinstance(body, al.ReadingDue) and not body.recheck:
            bodies += engine.feed(item)
        else:
            # Something was decided then, which is a witness that time had come that far.
            bodies += engine.tick(body.at_us)
    notice()
    return bodies


def settings_of(events: Iterable[Event], otherwise: Preset) -> Preset:
    """The preset that a session began with, or `otherwise` when its log names none."""
    for event in events:
        body: object = event.body
        if isinstance(body, al.PresetLoaded):
            return AlarmEngine.resume(otherwise, [event]).preset
    return otherwise


def bodies_of(items: Iterable[StreamItem]) -> list[al.AlarmBody]:
    """The alarm bodies that a log holds."""
    bodies: list[al.AlarmBody] = []
    for item in items:
        body: object = item.body if isinstance(item, Event) else None
        if isinstance(body, al.AlarmBody):
            bodies.append(body)
    return bodies


def length_us(items: Iterable[StreamItem]) -> int:
    """When a recording ends, session microseconds."""
    return max((item.mono_us for item in items if not isinstance(item, WavePiece)), default=0)


def watched_us(items: Sequence[StreamItem]) -> int:
    """For how long a session was recorded: its length without the gaps in which the recorder was gone."""
    bodies = (item.body for item in items if isinstance(item, Event))
    gaps_s = sum(body.gap_s for body in bodies if isinstance(body, SessionResumed))
    return max(0, length_us(items) - round(gaps_s * SECOND_US))


def history(bodies: Iterable[al.AlarmBody], preset: str, end_us: int) -> History:
    """The occurrences of a sequence of bodies. `end_us`: where the recording stops."""
    began: dict[int, Lasted] = {}
    suppressed: list[al.AlarmSuppressed] = []
    for body in bodies:
        match body:
            case al.AlarmBegan():
                began[body.occurrence] = _began(body, end_us)
            case al.AlarmChanged():
                held = began.get(body.occurrence)
                if held is not None and body.priority.rank > held.priority.rank:
                    began[body.occurrence] = msgspec.structs.replace(held, priority=body.priority)
            case al.AlarmAcknowledged():
                _acknowledge(began, body.occurrence, body.at_us)
            case al.AlarmEnded():
                if body.how == "cleared":
                    _acknowledge(began, body.occurrence, body.at_us)
                held = began.get(body.occurrence)
                if held is not None:
                    ended_s = body.at_us / SECOND_US
                    began[body.occurrence] = msgspec.structs.replace(
                        held, ended_s=ended_s, lasted_s=ended_s - held.true_s, worst=body.worst, how=body.how
                    )
            case al.AlarmSuppressed():
                suppressed.append(body)
            case _:
                pass
    return History(preset, end_us / SECOND_US, tuple(began.values()), tuple(suppressed))


def _began(body: al.AlarmBegan, end_us: int) -> Lasted:
    return Lasted(
        body.occurrence,
        body.condition,
        CONDITIONS[body.condition].name,
        body.about,
        body.priority,
        body.text,
        body.true_us / SECOND_US,
        body.at_us / SECOND_US,
        None,
        max(0, end_us - body.true_us) / SECOND_US,
        body.value,
        body.limit,
        None,
        "open",
    )


def _acknowledge(began: dict[int, Lasted], number: int, at_us: int) -> None:
    held = began.get(number)
    if held is not None and held.acknowledged_after_s is None:
        after_s = at_us / SECOND_US - held.began_s
        began[number] = msgspec.structs.replace(held, acknowledged_after_s=after_s)


def _granted(engine: AlarmEngine, wish: ws.AlarmWish, at_us: int) -> list[al.AlarmBody]:
    try:
        return engine.wish(wish, at_us)
    except ws.NotAllowed:
        return []  # there is nothing to do it to with these settings


def _wish(body: al.AlarmBody) -> ws.AlarmWish | None:
    """What a person had asked for when this was logged."""
    match body:
        case al.AudioPaused():
            return ws.PauseAudio((body.until_us - body.at_us) / SECOND_US)
        case al.AudioPauseEnded(why="by a person"):
            return ws.ResumeAudio()
        case al.AlarmPaused():
            return ws.PauseAlarm(body.parameter, body.reason, (body.until_us - body.at_us) / SECOND_US)
        case al.AlarmPauseEnded(why="by a person"):
            return ws.ResumeAlarm(body.parameter)
        case al.LimitsChanged():
            changes = {name: after for name, _, after in body.changes}
            return ws.ChangeLimits(changes, body.role, body.reason)
        case al.HelpCalled(text=text):
            return ws.CallForHelp(text)
        case al.SymptomNoted(symptom=symptom, present=present):
            return ws.NoteSymptom(symptom, present)
        case al.LimbsNoted(same=same):
            return ws.NoteLimbs(same)
        case al.SelfTestAsked():
            return ws.AskSelfTest()
        case al.SelfTestConfirmed(heard=heard, seen=seen, role=role):
            return ws.ConfirmSelfTest(heard, seen, role)
        case _:
            return None


def _closed(body: al.AlarmBody) -> bool:
    """True for what the close of the session ended."""
    if isinstance(body, al.AlarmEnded):
        return body.how == "closed"
    return isinstance(body, al.AudioPauseEnded | al.AlarmPauseEnded) and body.why == "closed"


def _same(noticed: _Noticed, so_far: Sequence[al.AlarmBody]) -> int | None:
    """The occurrence that is open of a condition, as this replay numbers it."""
    for body in reversed(so_far):
        if isinstance(body, al.AlarmBegan | al.AlarmEnded) and _key(body) == _key(noticed):
            return body.occurrence if isinstance(body, al.AlarmBegan) else None
    return None


def _key(body: al.AlarmBegan | _Noticed) -> tuple[str, str]:
    return body.condition, body.about
