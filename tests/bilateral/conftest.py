"""A plan to start from, and a room in which wishes are decided and recorded as the monitor does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from kapconsole.bilateral import events as be
from kapconsole.bilateral import rules
from kapconsole.bilateral.events import Channel, Motion, Plan
from kapconsole.bilateral.guide import load_guide, load_screening
from kapconsole.bilateral.presets import load_preset
from kapconsole.bilateral.rules import Library, Room, Situation
from kapconsole.bilateral.view import EMPTY, BilateralView, fold
from kapconsole.bilateral.wishes import AnswerScreening, BilateralWish, RehearseStop
from kapconsole.events import Event

S = 1_000_000
WITH_BAR = Room(bar=be.Bar())


@pytest.fixture
def plan() -> Plan:
    """1 cycle/s for 24 cycles by light and sound, at once and without a ramp; starts at 10 s of the session."""
    return Plan(
        "test",
        1,
        1.0,
        (Channel.LIGHT, Channel.AUDIO),
        cycles=24,
        motion=Motion(ramp_in_cycles=0),
        start_us=10 * S,
    )


class Monitor:
    """Decides wishes and folds what follows; `log` holds every body."""

    def __init__(self, room: Room) -> None:
        self.view: BilateralView = EMPTY
        self.situation = Situation(phase="integrate", oriented=True, sedation=5)
        self.room = room
        self.library = Library(load_preset, load_guide, load_screening())
        self.log: list[be.BilateralBody] = []
        self.now_us = 0

    def wish(self, wish: BilateralWish) -> list[be.BilateralBody]:
        return self.record(rules.decide(wish, self.view, self.situation, self.room, self.library, self.now_us))

    def record(self, bodies: list[be.BilateralBody]) -> list[be.BilateralBody]:
        for body in bodies:
            self.log.append(body)
            event: Any = Event(len(self.log), self.now_us, 0, "test", body)  # type: ignore[arg-type]
            self.view = fold(self.view, event)
        return bodies

    def set(self, **changes: Any) -> None:
        self.situation = msgspec.structs.replace(self.situation, **changes)

    def ready(self) -> Monitor:
        """Screening answered with no, stop signal rehearsed."""
        questions = self.library.screening.questions
        self.wish(AnswerScreening({question.key: False for question in questions}))
        self.wish(RehearseStop())
        return self


@pytest.fixture
def new_monitor() -> Callable[..., Monitor]:
    """Makes rooms."""
    return lambda room=WITH_BAR: Monitor(room)
