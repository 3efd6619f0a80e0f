"""What a person may ask of bilateral stimulation; refused in words where a rule forbids it (`rules.py`)."""

from __future__ import annotations

import msgspec

from kapconsole.bilateral.events import Channel, StopKind
from kapconsole.refusals import Refused


class NotNow(Refused):
    """A wish of bilateral stimulation cannot be granted."""


class StartSet(msgspec.Struct, frozen=True, tag="bilateral-start"):
    """Begin a set of a preset, with what shall differ from it. `seconds` or `cycles` replace the preset's length."""

    preset: str
    rate_cps: float | None = None
    cycles: int | None = None
    seconds: float | None = None
    sweep_deg: float | None = None
    level_dbfs: float | None = None
    channels: tuple[Channel, ...] | None = None
    sud_before: int | None = None


class ChangeSet(msgspec.Struct, frozen=True, tag="bilateral-change"):
    """Change the running set: rate, sweep, level (3 dB at a time), channels. None: leave."""

    rate_cps: float | None = None
    sweep_deg: float | None = None
    channels: tuple[Channel, ...] | None = None
    level_dbfs: float | None = None


class StopSet(msgspec.Struct, frozen=True, tag="bilateral-stop"):
    """End the running set."""

    kind: StopKind = StopKind.STOP_NOW
    why: str = "by a person"


class RateSet(msgspec.Struct, frozen=True, tag="bilateral-rate"):
    """SUD, VOC and words about a set; `set_id` None: the last one."""

    set_id: int | None = None
    sud_before: int | None = None
    sud_after: int | None = None
    voc: int | None = None
    body_note: str = ""
    therapist_note: str = ""


class AnswerScreening(msgspec.Struct, frozen=True, tag="bilateral-screening"):
    """Answer the questions before the first visual set: yes is True, no is False, not known is None."""

    answers: dict[str, bool | None]


class RehearseStop(msgspec.Struct, frozen=True, tag="bilateral-rehearse-stop"):
    """The client's stop signal was agreed and tried."""

    signal: str = "raised hand"


class ConfirmFastRate(msgspec.Struct, frozen=True, tag="bilateral-confirm-fast-rate"):
    """Rates above 1.5 cycles/s and presets of high load are wanted in this session."""


class OverrideDosingDay(msgspec.Struct, frozen=True, tag="bilateral-override-dosing-day"):
    """Light and bar are wanted on a dosing day, and why."""

    reason: str


class MoveGuide(msgspec.Struct, frozen=True, tag="bilateral-guide"):
    """Go to a step of a guide: a step's key, "next" or "back". `guide` empty: the one that is open."""

    step: str = "next"
    guide: str = ""


BilateralWish = (
    StartSet
    | ChangeSet
    | StopSet
    | RateSet
    | AnswerScreening
    | RehearseStop
    | ConfirmFastRate
    | OverrideDosingDay
    | MoveGuide
)
