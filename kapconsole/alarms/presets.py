"""Alarm presets as TOML files that an administrator versions; read with errors that name the file and the key.

A preset names what it changes; `inherits` names the preset that gives the rest (else the factory's defaults do). The
packaged ones stand in `kapconsole/resources/alarm_presets`, a site's own in a folder that the caller names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from kapconsole.alarms.limits import LimitError, Preset, checked, flat, unflat

STANDARD = "standard"
_DEEPEST = 5
_TEXTS = ("name", "stored_by", "stored_at", "note", "inherits")
_GROUPS = ("spo2", "pulse_rate", "resp_rate", "bp", "timing")


class PresetError(ValueError):
    """A preset that cannot be used; the message names it and says why."""


def parse_preset(text: str, find: Callable[[str], str], name: str = "preset", _deep: int = 0) -> Preset:
    """The preset that a TOML text says. `find` gives the text of the preset that it inherits. Raises PresetError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"preset {name}: not TOML: {error}") from None
    said = _text(table, "name", name)
    if said != name:
        raise PresetError(f"preset {name}: its text calls itself {said}")
    _known(table, name)
    version = table.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise PresetError(f"preset {name}: version must be a whole number from 1 on")
    parent = Preset()
    if "inherits" in table:
        if _deep >= _DEEPEST:
            raise PresetError(f"preset {name}: inherits more than {_DEEPEST} deep, or from itself")
        inherited = _text(table, "inherits", name)
        parent = parse_preset(find(inherited), find, inherited, _deep + 1)
    values = {f"{group}.{key}": value for group in _GROUPS for key, value in _table(table, group, name).items()}
    unknown = sorted(set(values) - set(flat(parent.settings)))
    if unknown:
        raise PresetError(f"preset {name}: unknown setting {', '.join(unknown)}")
    try:
        settings = unflat({**flat(parent.settings), **values})
        guard = {**parent.guard, **_guard(_table(table, "guard", name), flat(settings))}
    except (LimitError, msgspec.ValidationError) as error:
        raise PresetError(f"preset {name}: {error}") from None
    outside = [key for key, (least, most) in guard.items() if not least <= flat(settings)[key] <= most]
    if outside:
        raise PresetError(f"preset {name}: {', '.join(outside)} lies outside its own guard range")
    return Preset(
        name=name,
        version=version,
        stored_by=_text(table, "stored_by", name, ""),
        stored_at=_text(table, "stored_at", name, ""),
        note=_text(table, "note", name, ""),
        settings=checked(settings),
        guard=guard,
    )


def load_preset(name: str = STANDARD, site: Path | None = None) -> Preset:
    """A preset by name, from the site's folder first, else a packaged one. Raises PresetError."""

    def find(wanted: str) -> str:
        return preset_text(wanted, site)

    return parse_preset(find(name), find, name)


def preset_text(wanted: str, site: Path | None = None) -> str:
    """The TOML text of a preset, from the site's folder first, else a packaged one. Raises PresetError."""
    if not wanted.replace("-", "").isalnum():
        raise PresetError(f"{wanted!r} is no name of a preset: letters, digits and hyphens")
    own = None if site is None else site / f"{wanted}.toml"
    packaged = resources.files("kapconsole") / "resources" / "alarm_presets" / f"{wanted}.toml"
    try:
        return (own if own is not None and own.is_file() else packaged).read_text("utf-8")
    except FileNotFoundError:
        known = ", ".join(preset_names(site))
        raise PresetError(f"there is no preset {wanted}; there are: {known}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise PresetError(f"preset {wanted} cannot be read: {error}") from None


def preset_names(site: Path | None = None) -> list[str]:
    """The presets that there are."""
    folder = resources.files("kapconsole") / "resources" / "alarm_presets"
    found = {entry.name for entry in folder.iterdir()}
    if site is not None and site.is_dir():
        found |= {entry.name for entry in site.iterdir()}
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml") and not name.startswith("."))


def _known(table: Mapping[str, Any], name: str) -> None:
    unknown = sorted(set(table) - {*_TEXTS, *_GROUPS, "version", "guard"})
    if unknown:
        raise PresetError(f"preset {name}: unknown key {', '.join(unknown)}")


def _text(table: Mapping[str, Any], key: str, name: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str):
        raise PresetError(f"preset {name}: {key} must be a text")
    return value


def _table(table: Mapping[str, Any], key: str, name: str) -> dict[str, Any]:
    value = table.get(key, {})
    if not isinstance(value, dict):
        raise PresetError(f"preset {name}: {key} must be a table")
    return value


def _guard(ranges: Mapping[str, Any], settings: Mapping[str, float | bool]) -> dict[str, tuple[float, float]]:
    guard = msgspec.convert(dict(ranges), dict[str, tuple[float, float]])
    for key, (least, most) in guard.items():
        if key not in settings or least > most:
            raise LimitError(f"guard {key} = [{least:g}, {most:g}] is no range of a setting")
    return guard
