"""Cue sheets: TOML files with the list of light cues, read and checked with errors in words."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import msgspec

from kapconsole.session.phases import PHASES

STANDARD = "session"
EVERY = "all"
"""In a cue's zones: every zone of the room that the cue does not name."""


class SheetError(ValueError):
    """A cue sheet cannot be used; the message says why, in words for a person."""


class CueLevel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a zone goes in a cue: perceived percent, and a colour temperature in kelvin where the lamps have one."""

    level: float
    cct_k: int | None = None


class LightCueEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One cue; it states every zone, so that the list may be entered anywhere. Times in seconds.

    `follow_s`: the next cue this long after this one began; `hang_s`: after it ended (may be negative). `hold`: only a
    person leaves this cue. `trigger`: "phase NAME" or "music SEGMENT". `dark_ok`: may leave the staff's floor once a
    person has confirmed it.
    """

    id: str
    zones: dict[str, CueLevel | float]
    label: str = ""
    fade_up_s: float = 10.0
    fade_down_s: float = 10.0
    follow_s: float | None = None
    hang_s: float | None = None
    hold: bool = False
    dark_ok: bool = False
    trigger: str = ""

    def level(self, zone: str) -> CueLevel | None:
        """What the cue says of a zone, None when nothing."""
        stated = self.zones.get(zone, self.zones.get(EVERY))
        return stated if stated is None or isinstance(stated, CueLevel) else CueLevel(float(stated))

    @property
    def name(self) -> str:
        """What people call it."""
        return self.label or self.id.replace("-", " ").capitalize()


class CueSheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list of cues in order."""

    name: str
    light: tuple[LightCueEntry, ...]
    version: int = 1
    note: str = ""

    def find(self, id: str) -> int | None:
        """The place of a cue in the list."""
        return next((at for at, cue in enumerate(self.light) if cue.id == id), None)


def parse_sheet(text: str, name: str = "") -> CueSheet:
    """The sheet that `text` (TOML) says. Raises SheetError."""
    try:
        table = tomllib.loads(text)
        table.setdefault("name", name)
        sheet = msgspec.convert(table, CueSheet)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise SheetError(f"cue sheet {name}: {error}") from None
    _check(sheet, name or sheet.name)
    return sheet


def load_sheet(name: str = STANDARD, site: Path | None = None) -> CueSheet:
    """A sheet by name, from the site's folder first, else a packaged one. Raises SheetError."""
    if not name.replace("-", "").isalnum():
        raise SheetError(f"{name!r} is no name of a cue sheet: letters, digits and hyphens")
    own = None if site is None else site / f"{name}.toml"
    packaged = resources.files("kapconsole") / "resources" / "lights" / f"{name}.toml"
    try:
        text = (own if own is not None and own.is_file() else packaged).read_text("utf-8")
    except FileNotFoundError:
        raise SheetError(f"there is no cue sheet {name}; there are: {', '.join(sheet_names(site))}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SheetError(f"cue sheet {name} cannot be read: {error}") from None
    return parse_sheet(text, name)


def sheet_names(site: Path | None = None) -> list[str]:
    """The cue sheets that there are."""
    found = {entry.name for entry in (resources.files("kapconsole") / "resources" / "lights").iterdir()}
    if site is not None and site.is_dir():
        found |= {entry.name for entry in site.iterdir()}
    # session.v2.toml is one that was put by, and a name with a dot before it one that is being written.
    names = (name.removesuffix(".toml") for name in found if name.endswith(".toml"))
    return sorted(name for name in names if "." not in name)


def _check(sheet: CueSheet, name: str) -> None:
    def wrong(words: str) -> SheetError:
        return SheetError(f"cue sheet {name}: {words}")

    if not sheet.light:
        raise wrong("there is no [[light]] cue in it")
    named = {zone for cue in sheet.light for zone in cue.zones} - {EVERY}
    ids: set[str] = set()
    for cue in sheet.light:
        if not cue.id or cue.id in ids:
            raise wrong(f"the id {cue.id!r} is empty or there twice")
        ids.add(cue.id)
        if EVERY not in cue.zones and (missing := named - set(cue.zones)):
            raise wrong(f"cue {cue.id} does not state {', '.join(sorted(missing))}; state it, or give {EVERY}")
        if not cue.zones:
            raise wrong(f"cue {cue.id} states no zone")
        if cue.follow_s is not None and cue.hang_s is not None:
            raise wrong(f"cue {cue.id} has follow_s and hang_s; it may have one")
        if (cue.follow_s or 0.0) < 0:
            raise wrong(f"cue {cue.id}: follow_s counts from the cue's beginning and is not negative")
        if not (0 <= cue.fade_up_s <= 3600 and 0 <= cue.fade_down_s <= 3600):
            raise wrong(f"cue {cue.id}: fades last 0 to 3600 s")
        for zone in cue.zones:
            level = cue.level(zone)
            if level is None or not 0 <= level.level <= 100:
                raise wrong(f"cue {cue.id}: the level of {zone} is not in 0 to 100 %")
            if level.cct_k is not None and not 1800 <= level.cct_k <= 6500:
                raise wrong(f"cue {cue.id}: the colour temperature of {zone} is not in 1800 to 6500 K")
        _check_trigger(cue, wrong)


def _check_trigger(cue: LightCueEntry, wrong: Callable[[str], SheetError]) -> None:
    if not cue.trigger:
        return
    kind, _, what = cue.trigger.partition(" ")
    if (kind == "phase" and what in PHASES) or (kind == "music" and what):
        return
    raise wrong(f'cue {cue.id}: trigger is "phase NAME" or "music SEGMENT"; phases are {", ".join(PHASES)}')
