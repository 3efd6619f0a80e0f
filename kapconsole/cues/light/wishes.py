"""What a person, a phase or the music may ask of the room's light; refused in words where a rule forbids it."""

from __future__ import annotations

import msgspec


class LightGo(msgspec.Struct, frozen=True, tag="light-go"):
    """The next cue; after a hold: go on."""


class LightBack(msgspec.Struct, frozen=True, tag="light-back"):
    """Hold the running fade; when nothing runs, the cue before this one."""


class LightHold(msgspec.Struct, frozen=True, tag="light-hold"):
    """Stay where it is."""


class LightRate(msgspec.Struct, frozen=True, tag="light-rate"):
    """What is left of the running cue `factor` times as fast: 2 is faster, 0.5 slower."""

    factor: float


class LightCue(msgspec.Struct, frozen=True, tag="light-cue"):
    """A cue by its id, out of order, in 5 s."""

    cue: str


class SetLight(msgspec.Struct, frozen=True, tag="light-set"):
    """One zone (or "all") to `level` in perceived percent."""

    zone: str
    level: float
    fade_s: float = 3.0


class HouseLight(msgspec.Struct, frozen=True, tag="light-house"):
    """Light in the whole room, in 2 s; never refused."""


class ExamLight(msgspec.Struct, frozen=True, tag="light-exam"):
    """Light to examine by, or no more; in the inward phase it needs a second press within 5 s."""

    on: bool = True


class ConfirmDark(msgspec.Struct, frozen=True, tag="light-dark"):
    """A person confirms that the present cue may leave the staff's floor; only where the cue allows it."""


class LimitLight(msgspec.Struct, frozen=True, tag="light-limit"):
    """No cue above `percent`; 100 takes the limit away."""

    percent: float


LightWish = (
    LightGo
    | LightBack
    | LightHold
    | LightRate
    | LightCue
    | SetLight
    | HouseLight
    | ExamLight
    | ConfirmDark
    | LimitLight
)
