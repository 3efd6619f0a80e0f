"""What is known of bilateral stimulation at a moment of the session: the fold of its events, live and in replay."""

from __future__ import annotations

import msgspec

from kapconsole.bilateral.events import (
    DosingDayOverridden,
    FastRateConfirmed,
    GuideMoved,
    ScreeningAnswered,
    SetAsked,
    SetBegan,
    SetChanged,
    SetDelivered,
    SetRated,
    StimulusFault,
    StopAsked,
    StopSignalRehearsed,
)
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.events import Event


class Running(msgspec.Struct, frozen=True):
    """A set that was asked for and of which no end is known yet. `began`: the room has said that it delivers it."""

    asked: SetAsked
    since: tuple[SetChanged | StopAsked, ...] = ()
    began: SetBegan | None = None

    @property
    def stop(self) -> StopAsked | None:
        """The last stop that was asked for, if any."""
        return next((body for body in reversed(self.since) if isinstance(body, StopAsked)), None)

    def stimulus(self) -> Stimulus:
        """The set as a function of time, with everything that was asked of it so far."""
        return Stimulus.of(self.asked, self.since)


class SetLine(msgspec.Struct, frozen=True):
    """One set that is over, with its ratings: SUD 0 to 10, VOC 1 to 7, None where none was entered."""

    asked: SetAsked
    delivered: SetDelivered
    sud_before: int | None
    sud_after: int | None = None
    voc: int | None = None
    body_note: str = ""
    therapist_note: str = ""


class BilateralView(msgspec.Struct, frozen=True):
    """See the module. `screening` None: not answered; `stop_signal` empty: not rehearsed; texts empty: none."""

    running: Running | None = None
    sets: tuple[SetLine, ...] = ()
    asked: int = 0
    screening: dict[str, bool | None] | None = None
    stop_signal: str = ""
    fast_confirmed: bool = False
    dosing_day_reason: str = ""
    fault: StimulusFault | None = None
    guide: str = ""
    step: str = ""

    @property
    def passes(self) -> int:
        """Passes delivered in this session, as far as they are known."""
        return sum(line.delivered.passes_delivered or 0 for line in self.sets)


EMPTY = BilateralView()


def fold(view: BilateralView, event: Event) -> BilateralView:
    """The view after an event; events of other parts leave it as it is."""
    body: object = event.body
    replace = msgspec.structs.replace
    running = view.running
    match body:
        case SetAsked():
            return replace(view, running=Running(body), asked=max(view.asked, body.set_id), fault=None)
        case SetBegan() if running is not None and running.asked.set_id == body.set_id:
            return replace(view, running=replace(running, began=body))
        case SetChanged() | StopAsked() if running is not None and running.asked.set_id == body.set_id:
            return replace(view, running=replace(running, since=(*running.since, body)))
        case SetDelivered() if running is not None and running.asked.set_id == body.set_id:
            line = SetLine(running.asked, body, running.asked.sud_before)
            return replace(view, running=None, sets=(*view.sets, line))
        case SetRated():
            return replace(view, sets=tuple(_rated(line, body) for line in view.sets))
        case StimulusFault():
            return replace(view, fault=body)
        case ScreeningAnswered():
            return replace(view, screening=body.answers)
        case StopSignalRehearsed():
            return replace(view, stop_signal=body.signal)
        case FastRateConfirmed():
            return replace(view, fast_confirmed=True)
        case DosingDayOverridden():
            return replace(view, dosing_day_reason=body.reason)
        case GuideMoved():
            return replace(view, guide=body.guide, step=body.step)
        case _:
            return view


def _rated(line: SetLine, rated: SetRated) -> SetLine:
    if line.asked.set_id != rated.set_id:
        return line
    return msgspec.structs.replace(
        line,
        sud_before=line.sud_before if rated.sud_before is None else rated.sud_before,
        sud_after=line.sud_after if rated.sud_after is None else rated.sud_after,
        voc=line.voc if rated.voc is None else rated.voc,
        body_note=rated.body_note or line.body_note,
        therapist_note=rated.therapist_note or line.therapist_note,
    )
