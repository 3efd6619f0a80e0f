"""What the session log holds of the room's light: what was asked of it and what was delivered; frozen bodies.

Levels are perceived percent, 0 to 100. `at_us` is session time in microseconds. Fade times are session seconds.
"""

from __future__ import annotations

import msgspec


class LightTarget(msgspec.Struct, frozen=True):
    """Where one zone is to go. `cct_k`: colour temperature in kelvin; None: stays as it is."""

    zone: str
    level: float
    cct_k: int | None = None


class LightAsked(msgspec.Struct, frozen=True, tag="light-asked"):
    """Zones are to go to levels, from where they are; the light process carries it out.

    `why`: go, back, cue, follow, phase, music, level, limit, dark, house, exam or exam-off. `cue` is set when the cue
    list stands at that cue from now on. `dark_ok`: the staff's floor may be left, as the cue says and a person
    confirmed.
    """

    why: str
    cue: str
    label: str
    targets: tuple[LightTarget, ...]
    up_s: float
    down_s: float
    dark_ok: bool
    at_us: int


class LightHeld(msgspec.Struct, frozen=True, tag="light-held"):
    """All fades stay where they are (`on`), or go on with what was left of them."""

    on: bool
    at_us: int


class LightRated(msgspec.Struct, frozen=True, tag="light-rated"):
    """What is left of the running cue goes `factor` times as fast as before; `rate`: compared with the cue sheet."""

    factor: float
    rate: float
    at_us: int


class LightLimited(msgspec.Struct, frozen=True, tag="light-limited"):
    """No cue goes above `percent` from now on; house light and exam light do."""

    percent: float
    at_us: int


class ExamLightArmed(msgspec.Struct, frozen=True, tag="light-exam-armed"):
    """Exam light was pressed once in the inward phase; a second press within 5 s switches it on."""

    at_us: int


class LightSheetLoaded(msgspec.Struct, frozen=True, tag="light-sheet-loaded"):
    """The cue sheet of this session: its name and version, and each cue's id and label in order."""

    name: str
    version: int
    cues: tuple[tuple[str, str], ...]
    at_us: int


class LightReady(msgspec.Struct, frozen=True, tag="light-ready"):
    """The light process is there. `zones`: id and label of each; `text`: what is wrong with the set-up, if anything."""

    zones: tuple[tuple[str, str], ...]
    levels: dict[str, float]
    simulated: bool
    text: str
    at_us: int


class LightDelivered(msgspec.Struct, frozen=True, tag="light-delivered"):
    """The level that each zone was given, and `confirmed` where its lamps could say; twice a second in a fade.

    `settled`: nothing moves any more.
    """

    levels: dict[str, float]
    confirmed: dict[str, float]
    settled: bool
    at_us: int


class LampTrouble(msgspec.Struct, frozen=True, tag="lamp-trouble"):
    """A lamp or its controller does not do what it should; the cue went on with the others."""

    lamp: str
    zones: tuple[str, ...]
    text: str
    at_us: int


class LampBack(msgspec.Struct, frozen=True, tag="lamp-back"):
    """A lamp that was in trouble answers again."""

    lamp: str
    zones: tuple[str, ...]
    at_us: int


class LightAlone(msgspec.Struct, frozen=True, tag="light-alone"):
    """The light process was without the monitor for `silent_s` and tells what it did by itself."""

    silent_s: float
    text: str
    at_us: int


LightBody = (
    LightAsked
    | LightHeld
    | LightRated
    | LightLimited
    | ExamLightArmed
    | LightSheetLoaded
    | LightReady
    | LightDelivered
    | LampTrouble
    | LampBack
    | LightAlone
)
"""Every kind of body about light."""

LightOrder = LightAsked | LightHeld | LightRated
"""What the monitor passes on to the light process."""
