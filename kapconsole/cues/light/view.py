"""How the room's light stands, as the fold of a session's events: live and in replay alike."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from kapconsole.cues.light import events as le
from kapconsole.events import Event

OFF_THE_LIST = frozenset({"house", "exam"})
"""Reasons after which nothing moves the light by itself until a person says so."""


class LampView(msgspec.Struct, frozen=True):
    """A lamp in trouble, since when, and why in words."""

    lamp: str
    zones: tuple[str, ...]
    text: str
    since_us: int


class LightView(msgspec.Struct, frozen=True):
    """The room's light at one moment. Levels are perceived percent; mappings are never changed in place.

    `cue`: where the cue list stands. `asked`: the newest wish that was passed on. `position_s`: how far the running
    cue had come at `position_us`, in its own time. `before_exam`: what exam light will give back.
    """

    zones: tuple[tuple[str, str], ...] = ()
    cues: tuple[tuple[str, str], ...] = ()
    sheet: str = ""
    cue: str = ""
    cue_us: int = 0
    asked: le.LightAsked | None = None
    targets: dict[str, le.LightTarget] = {}
    held: bool = False
    rate: float = 1.0
    position_s: float = 0.0
    position_us: int = 0
    limit: float = 100.0
    exam_armed_us: int | None = None
    exam: bool = False
    before_exam: tuple[le.LightTarget, ...] = ()
    follows: bool = False
    levels: dict[str, float] = {}
    confirmed: dict[str, float] = {}
    settled: bool = True
    delivered_us: int | None = None
    troubles: dict[str, LampView] = {}
    simulated: bool = False
    text: str = ""

    def position(self, now_us: int) -> float:
        """Seconds of the running cue's own time: they stand still in a hold and run faster with a higher rate."""
        if self.held:
            return self.position_s
        return self.position_s + (now_us - self.position_us) / 1e6 * self.rate

    @property
    def off_the_list(self) -> str:
        """Why the light is not that of the cue: "house" or "exam", "level" for a hand, empty when it is."""
        return "" if self.asked is None or self.asked.cue else self.asked.why

    @property
    def undelivered(self) -> le.LightAsked | None:
        """The newest wish while nothing was delivered since: to be told to a light process that comes back."""
        if self.asked is None or (self.delivered_us is not None and self.delivered_us >= self.asked.at_us):
            return None
        return self.asked

    def label(self, zone: str) -> str:
        """What people call a zone."""
        return next((label for name, label in self.zones if name == zone), zone)


EMPTY = LightView()


def fold(view: LightView, event: Event) -> LightView:
    """The view after one more event; others than those of light change nothing."""
    return after(view, event.body)


def after(view: LightView, body: object) -> LightView:
    """The view after one more body of an event."""
    match body:
        case le.LightAsked() as asked:
            return _asked(view, asked)
        case le.LightHeld(on=on, at_us=at_us):
            return replace(view, position_s=view.position(at_us), position_us=at_us, held=on)
        case le.LightRated(rate=rate, at_us=at_us):
            return replace(view, position_s=view.position(at_us), position_us=at_us, rate=rate)
        case le.LightLimited(percent=percent):
            return replace(view, limit=percent)
        case le.ExamLightArmed(at_us=at_us):
            return replace(view, exam_armed_us=at_us)
        case le.LightSheetLoaded(name=name, cues=cues):
            return replace(view, sheet=name, cues=cues)
        case le.LightReady() as ready:
            return replace(
                view, zones=ready.zones, levels=ready.levels, simulated=ready.simulated, text=ready.text, troubles={}
            )
        case le.LightDelivered() as done:
            return replace(
                view,
                levels=done.levels,
                confirmed=done.confirmed,
                settled=done.settled,
                delivered_us=done.at_us,
            )
        case le.LampTrouble(lamp=lamp, zones=zones, text=text, at_us=at_us):
            held = view.troubles.get(lamp)
            since_us = held.since_us if held is not None else at_us
            return replace(view, troubles={**view.troubles, lamp: LampView(lamp, zones, text, since_us)})
        case le.LampBack(lamp=lamp):
            return replace(view, troubles={name: seen for name, seen in view.troubles.items() if name != lamp})
        case _:
            return view


def _asked(view: LightView, asked: le.LightAsked) -> LightView:
    targets = {**view.targets, **{target.zone: target for target in asked.targets}}
    exam = asked.why == "exam"
    before = view.before_exam
    if exam and not view.exam:
        before = tuple(view.targets.values())
    view = replace(
        view,
        asked=asked,
        targets=targets,
        held=False,
        exam=exam,
        exam_armed_us=None,
        before_exam=before if exam else (),
        follows=bool(asked.cue) or (view.follows and asked.why not in OFF_THE_LIST),
    )
    if not asked.cue or asked.why in ("dark", "limit"):
        return view
    return replace(view, cue=asked.cue, cue_us=asked.at_us, rate=1.0, position_s=0.0, position_us=asked.at_us)
