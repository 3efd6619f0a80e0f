"""Presets of sets as TOML files: packaged, per clinic, per client; versioned, with their evidence, held against caps.

A client's copy wins over the clinic's, the clinic's over the packaged one. The packaged ones stand in
`kapconsole/resources/bilateral/presets`; a clinic's in `presets` of the folder that the caller names (`site`), a
client's in `clients/CODE` there.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec

from kapconsole.bilateral.caps import troubles
from kapconsole.bilateral.events import Channel, Light, Motion, Plan, Sound, Tactile

CONFIDENCES = ("primary source", "secondary source", "not confirmed", "design choice")
"""How well a preset's numbers are supported."""

_TEXTS = ("name", "title", "step", "evidence", "confidence", "stored_by", "stored_at", "note")
_PARTS: dict[str, type[msgspec.Struct]] = {"motion": Motion, "light": Light, "sound": Sound, "tactile": Tactile}
_FORBIDDEN = {"sound": ("calibrated", "ceiling_dbfs")}
"""What a room knows and a preset may not say."""


class PresetError(ValueError):
    """A preset that cannot be used; the message names it and says why."""


class Preset(msgspec.Struct, frozen=True):
    """A set as a clinic keeps it. `step`: where in the therapy it belongs; `choices`: channels that suit it.

    `evidence` is shown beside the numbers, `confidence` is one of `CONFIDENCES`. `confirm`: a person must have
    confirmed high load in this session. `rate_span_cps`: between which rates its source puts it. `origin`: packaged,
    clinic or client.
    """

    name: str
    title: str
    version: int
    step: str
    evidence: str
    confidence: str
    sources: tuple[str, ...]
    choices: tuple[Channel, ...]
    rate_span_cps: tuple[float, float]
    confirm: bool
    stored_by: str
    stored_at: str
    note: str
    origin: str
    plan: Plan


def parse_preset(text: str, name: str, origin: str = "packaged") -> Preset:
    """The preset that a TOML text says. Raises PresetError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"preset {name}: not TOML: {error}") from None
    keys = {*_TEXTS, *_PARTS, "version", "sources", "choices", "channels", "confirm", "rate_cps", "rate_span_cps"}
    if unknown := sorted(set(table) - keys - {"cycles", "seconds"}):
        raise PresetError(f"preset {name}: unknown key {', '.join(unknown)}")
    texts = {key: _text(table, key, name) for key in _TEXTS}
    if texts["name"] != name:
        raise PresetError(f"preset {name}: its text calls itself {texts['name']!r}")
    for key in ("title", "evidence"):
        if not texts[key]:
            raise PresetError(f"preset {name}: {key} is missing: a set is offered with what supports its numbers")
    if texts["confidence"] not in CONFIDENCES:
        raise PresetError(f"preset {name}: confidence must be one of: {', '.join(CONFIDENCES)}")
    version = table.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise PresetError(f"preset {name}: version must be a whole number from 1 on")
    try:
        plan = _plan(table, name, version)
        sources = msgspec.convert(table.get("sources", []), tuple[str, ...])
        choices = msgspec.convert(table.get("choices", table.get("channels", [])), tuple[Channel, ...])
        span = msgspec.convert(table.get("rate_span_cps", [plan.rate_cps] * 2), tuple[float, float])
        confirm = msgspec.convert(table.get("confirm", False), bool)
    except msgspec.ValidationError as error:
        raise PresetError(f"preset {name}: {error}") from None
    wrong = troubles(plan)
    if not span[0] <= plan.rate_cps <= span[1]:
        wrong.append(f"rate_cps {plan.rate_cps:g} lies outside its own rate_span_cps")
    if missing := sorted(set(plan.channels) - set(choices)):
        wrong.append(f"its channels {', '.join(missing)} are not among its choices")
    if wrong:
        raise PresetError(f"preset {name}: {'; '.join(wrong)}")
    return Preset(
        **texts,
        version=version,
        sources=sources,
        choices=choices,
        rate_span_cps=span,
        confirm=confirm,
        origin=origin,
        plan=plan,
    )


def load_preset(name: str, site: Path | None = None, client: str = "") -> Preset:
    """A preset by name: the client's, else the clinic's, else the packaged one. Raises PresetError."""
    _simple(name, "preset")
    for origin, folder in _folders(site, client):
        file = folder / f"{name}.toml"
        if file.is_file():
            try:
                return parse_preset(file.read_text("utf-8"), name, origin)
            except (OSError, UnicodeDecodeError) as error:
                raise PresetError(f"preset {name} cannot be read: {error}") from None
    raise PresetError(f"there is no preset {name}; there are: {', '.join(preset_names(site, client))}")


def preset_names(site: Path | None = None, client: str = "") -> list[str]:
    """The presets that there are."""
    found = {
        entry.name
        for _, folder in _folders(site, client)
        if folder.is_dir()
        for entry in folder.iterdir()
        if entry.is_file()
    }
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def load_presets(site: Path | None = None, client: str = "") -> tuple[list[Preset], list[str]]:
    """All presets in the order of the therapy's steps, and what is wrong with those that cannot be used."""
    presets, wrong = [], []
    for name in preset_names(site, client):
        try:
            presets.append(load_preset(name, site, client))
        except PresetError as trouble:
            wrong.append(str(trouble))
    return sorted(presets, key=lambda preset: (_ORDER.get(preset.step, len(_ORDER)), preset.name)), wrong


_ORDER = {
    step: place
    for place, step in enumerate(
        ("preparation", "desensitization", "installation", "body scan", "closure", "image replacement", "grounding")
    )
}


def _plan(table: Mapping[str, Any], name: str, version: int) -> Plan:
    parts: dict[str, Any] = {}
    for part, kind in _PARTS.items():
        held = table.get(part, {})
        if not isinstance(held, dict):
            raise PresetError(f"preset {name}: {part} must be a table")
        known = set(kind.__struct_fields__) - set(_FORBIDDEN.get(part, ()))
        if unknown := sorted(set(held) - known):
            raise PresetError(f"preset {name}: unknown key {', '.join(f'{part}.{key}' for key in unknown)}")
        parts[part] = msgspec.convert(held, kind)
    for key in ("rate_cps", "channels"):
        if key not in table:
            raise PresetError(f"preset {name}: {key} is missing")
    return Plan(
        preset=name,
        version=version,
        rate_cps=msgspec.convert(table["rate_cps"], float),
        channels=msgspec.convert(table["channels"], tuple[Channel, ...]),
        cycles=msgspec.convert(table.get("cycles"), int | None),
        seconds=msgspec.convert(table.get("seconds"), float | None),
        **parts,
    )


def _folders(site: Path | None, client: str) -> list[tuple[str, Traversable]]:
    folders: list[tuple[str, Traversable]] = []
    if site is not None:
        if client:
            _simple(client, "client code")
            folders.append(("client", site / "clients" / client))
        folders.append(("clinic", site / "presets"))
    folders.append(("packaged", resources.files("kapconsole") / "resources" / "bilateral" / "presets"))
    return folders


def _simple(name: str, what: str) -> None:
    if not name.replace("-", "").replace("_", "").isalnum():
        raise PresetError(f"{name!r} is no {what}: letters, digits and hyphens")


def _text(table: Mapping[str, Any], key: str, name: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise PresetError(f"preset {name}: {key} must be a text")
    return value
