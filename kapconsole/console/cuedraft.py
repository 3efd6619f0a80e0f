"""A cue sheet while it is edited: what stands in the fields, as words, so that nothing typed is lost. Pure, no Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from kapconsole.cues.light.setup import Setup
from kapconsole.cues.light.sheet import EVERY, CueLevel, CueSheet, LightCueEntry, SheetError, parse_sheet
from kapconsole.cues.light.writing import sheet_text

NUMBERS = {"up": "fade up", "down": "fade down", "follow": "next after", "hang": "next after the end"}
"""The fields of seconds, as people call them."""

KELVIN = ("k", "K")


class CueDraft(msgspec.Struct, frozen=True):
    """A cue as it stands in the fields. `levels` and `kelvins` by zone; an empty one is not stated."""

    id: str
    label: str = ""
    levels: dict[str, str] = {}
    kelvins: dict[str, str] = {}
    up: str = "10"
    down: str = "10"
    follow: str = ""
    hang: str = ""
    hold: bool = False
    dark_ok: bool = False
    trigger: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.label.strip() or self.id.strip().replace("-", " ").capitalize() or "cue without a name"


Draft = tuple[CueDraft, ...]


class DraftError(ValueError):
    """The cues cannot be used as they stand; the message says why. `cue`: the place of the one that is meant."""

    def __init__(self, words: str, cue: int | None = None) -> None:
        super().__init__(words)
        self.cue = cue


def drafted(sheet: CueSheet) -> Draft:
    """The cues of `sheet` as words."""
    return tuple(_drafted(cue) for cue in sheet.light)


def judged(draft: Draft, sheet: CueSheet) -> CueSheet:
    """`sheet` with the cues of `draft`, checked as a file would be. Raises DraftError with what is wrong."""
    cues = tuple(_entry(at, cue) for at, cue in enumerate(draft))
    try:
        return parse_sheet(sheet_text(msgspec.structs.replace(sheet, light=cues)), sheet.name)
    except SheetError as trouble:
        words = str(trouble).removeprefix(f"cue sheet {sheet.name}: ")
        twice = [at for at, cue in enumerate(cues) if not cue.id or cue.id in {one.id for one in cues[:at]}]
        raise DraftError(words, twice[0] if twice else _meant(words, cues)) from None


def added(draft: Draft, at: int) -> Draft:
    """A new cue after place `at`, with the levels and fades of the one there: light stays, until it is changed."""
    known = {cue.id for cue in draft}
    number = next(number for number in range(1, len(draft) + 2) if f"cue-{number}" not in known)
    before = draft[at] if draft else CueDraft("", levels={EVERY: "60"})
    fresh = CueDraft(f"cue-{number}", levels=before.levels, kelvins=before.kelvins, up=before.up, down=before.down)
    return (*draft[: at + 1], fresh, *draft[at + 1 :])


def removed(draft: Draft, at: int) -> Draft:
    """Without the cue at `at`."""
    return (*draft[:at], *draft[at + 1 :])


def moved(draft: Draft, at: int, step: int) -> Draft:
    """The cue at `at` one place up (-1) or down (1); at the ends it stays."""
    if not 0 <= at + step < len(draft):
        return draft
    cues = list(draft)
    cues[at], cues[at + step] = cues[at + step], cues[at]
    return tuple(cues)


def zones(draft: Draft, setup: Setup | None) -> tuple[str, ...]:
    """All zones there are fields for: every other one, those of the room, those that only the sheet knows."""
    named = [zone for cue in draft for zone in cue.levels]
    room = [] if setup is None else [*setup.zone]
    return tuple(dict.fromkeys((EVERY, *room, *named)))


def triggers(draft: Draft, phases: Sequence[str], segments: Sequence[str]) -> tuple[str, ...]:
    """What may bring a cue by itself; the empty one: nothing does."""
    lists = [*(f"phase {name}" for name in phases), *(f"music {name}" for name in segments)]
    return tuple(dict.fromkeys(("", *lists, *(cue.trigger for cue in draft))))


def longest_s(sheet: CueSheet) -> float:
    """How long the sheet plays without lamps at the most, seconds."""
    return sum(cue.fade_up_s + cue.fade_down_s + (cue.follow_s or 0.0) + abs(cue.hang_s or 0.0) for cue in sheet.light)


def _drafted(cue: LightCueEntry) -> CueDraft:
    stated = {zone: level for zone in cue.zones if (level := cue.level(zone)) is not None}
    return CueDraft(
        cue.id,
        cue.label,
        {zone: _words(level.level) for zone, level in stated.items()},
        {zone: str(level.cct_k) for zone, level in stated.items() if level.cct_k is not None},
        _words(cue.fade_up_s),
        _words(cue.fade_down_s),
        _words(cue.follow_s),
        _words(cue.hang_s),
        cue.hold,
        cue.dark_ok,
        cue.trigger,
    )


def _words(value: float | None) -> str:
    """A number as it is typed, with nothing of it lost."""
    return "" if value is None else str(int(value)) if float(value).is_integer() else repr(float(value))


def _entry(at: int, cue: CueDraft) -> LightCueEntry:
    def number(words: str, what: str, units: tuple[str, ...] = ("s",)) -> float | None:
        bare = words.strip()
        for unit in units:
            bare = bare.removesuffix(unit).rstrip()
        if not words.strip():
            return None
        try:
            value = float(bare.replace(",", "."))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise DraftError(f"cue {cue.id}: {what}: {words.strip()!r} is no number", at)
        return value

    def fade(words: str, what: str) -> float:
        value = number(words, what)
        if value is None:
            raise DraftError(f"cue {cue.id}: {what}: seconds are needed, 0 to 3600", at)
        return value

    stated: dict[str, CueLevel | float] = {}
    for zone in dict.fromkeys((*cue.levels, *cue.kelvins)):
        name = "all other zones" if zone == EVERY else zone
        level = number(cue.levels.get(zone, ""), f"level of {name}", ("%",))
        kelvin = number(cue.kelvins.get(zone, ""), f"colour of {name}", KELVIN)
        if level is None and kelvin is not None:
            raise DraftError(f"cue {cue.id}: {name} has a colour temperature and no level", at)
        if level is not None:
            stated[zone] = level if kelvin is None else CueLevel(level, round(kelvin))
    return LightCueEntry(
        cue.id.strip(),
        stated,
        cue.label.strip(),
        fade(cue.up, NUMBERS["up"]),
        fade(cue.down, NUMBERS["down"]),
        number(cue.follow, NUMBERS["follow"]),
        number(cue.hang, NUMBERS["hang"]),
        cue.hold,
        cue.dark_ok,
        cue.trigger,
    )


def _meant(words: str, cues: Sequence[LightCueEntry]) -> int | None:
    """The cue that the words name; of names that begin alike the longest."""
    named = [at for at, cue in enumerate(cues) if words.startswith((f"cue {cue.id}:", f"cue {cue.id} "))]
    return max(named, key=lambda at: len(cues[at].id), default=None)
