"""Storing a site's alarm preset: checked, numbered, attributed, the old one kept, what changed written down.

Who may: whoever may write the site's settings folder; on a shared machine that is the administrator's.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

import msgspec

from kapconsole.alarms.limits import Preset, differences
from kapconsole.alarms.presets import PresetError, load_preset, parse_preset, preset_names, preset_text

OLD = "old"
JOURNAL = "stored.jsonl"
_OURS = re.compile(r"^\s*(version|stored_by|stored_at)\s*=.*\n", re.MULTILINE)


class Stored(msgspec.Struct, frozen=True):
    """What was stored: `changes` are (setting, before, after), `guard` (setting, range before, range after)."""

    name: str
    version: int
    stored_by: str
    stored_at: str
    changes: tuple[tuple[str, float, float], ...]
    guard: tuple[tuple[str, tuple[float, float] | None, tuple[float, float] | None], ...]


def store_preset(text: str, site: Path, by: str, at: str) -> Stored:
    """Store a preset's TOML text as the next version of its name in `site`; by whom, and when (ISO 8601, UTC).

    The version before is kept in `site`/old, and what changed is added to `site`/stored.jsonl. Raises PresetError.
    """
    name = _name(text)
    before = load_preset(name, site) if name in preset_names(site) else None
    version = 1 if before is None else before.version + 1
    signed = f'version = {version}\nstored_by = {_quoted(by)}\nstored_at = "{at}"\n{_without_ours(text)}'
    after = parse_preset(signed, lambda wanted: preset_text(wanted, site), name)
    base = before or Preset()
    stored = Stored(
        name, version, by, at, differences(base.settings, after.settings), _guard_changes(base.guard, after.guard)
    )
    if before is not None and not stored.changes and not stored.guard:
        raise PresetError(f"preset {name}: nothing differs from version {before.version}")
    try:
        _write(site, name, signed, stored)
    except OSError as trouble:
        raise PresetError(f"preset {name} cannot be stored: {trouble.strerror or trouble}") from None
    return stored


def _write(site: Path, name: str, signed: str, stored: Stored) -> None:
    (site / OLD).mkdir(parents=True, exist_ok=True)
    path = site / f"{name}.toml"
    if path.exists():
        # Kept before anything is replaced; a version that is there already is never overwritten.
        kept = site / OLD / f"{name}-{stored.version - 1}.toml"
        if not kept.exists():
            kept.write_bytes(path.read_bytes())
    draft = site / f".{name}.{os.getpid()}"
    draft.write_text(signed, "utf-8")
    os.replace(draft, path)
    with (site / JOURNAL).open("ab") as journal:
        journal.write(msgspec.json.encode(stored) + b"\n")


def _name(text: str) -> str:
    try:
        name = tomllib.loads(text).get("name")
    except tomllib.TOMLDecodeError as error:
        raise PresetError(f"this is not TOML: {error}") from None
    if not isinstance(name, str) or not name.replace("-", "").isalnum():
        raise PresetError('a preset says its name first, in letters, digits and hyphens: name = "our-clinic"')
    return name


def _without_ours(text: str) -> str:
    """The text without what is set here; only before its first table, where these keys stand."""
    at = re.search(r"^\s*\[", text, re.MULTILINE)
    head, rest = (text, "") if at is None else (text[: at.start()], text[at.start() :])
    return _OURS.sub("", head if head.endswith("\n") or not head else head + "\n") + rest


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _guard_changes(
    before: dict[str, tuple[float, float]], after: dict[str, tuple[float, float]]
) -> tuple[tuple[str, tuple[float, float] | None, tuple[float, float] | None], ...]:
    names = dict.fromkeys([*before, *after])
    return tuple((name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name))
