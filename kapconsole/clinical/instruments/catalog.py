"""Instruments and the safety prompt as TOML files: packaged ones, and a site's own that win over them."""

from __future__ import annotations

import tomllib
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import msgspec

from kapconsole.clinical.instruments.model import Instrument, InstrumentError, SafetyPrompt, checked

_PACKAGED = ("resources", "clinical", "instruments")


def load_instruments(site: Path | None = None) -> dict[str, Instrument]:
    """Every instrument by id, in the order of their names. `site`: a folder of files that are added or win.

    Raises InstrumentError, naming the file.
    """
    texts = _texts(resources.files("kapconsole").joinpath(*_PACKAGED))
    if site is not None and site.is_dir():
        texts |= _texts(site)
    tables = {name: _table(name, text) for name, text in texts.items()}
    found = [_instrument(name, tables) for name in tables]
    ids = [instrument.id for instrument in found]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InstrumentError(f"two files call themselves {', '.join(twice)}")
    return {instrument.id: instrument for instrument in sorted(found, key=lambda held: held.name.casefold())}


def load_safety_prompt(site: Path | None = None) -> SafetyPrompt:
    """The words of the safety prompt: the site's `safety/prompt.toml`, else the packaged one.

    Raises InstrumentError.
    """
    own = None if site is None else site / "safety" / "prompt.toml"
    packaged = resources.files("kapconsole").joinpath(*_PACKAGED, "safety", "prompt.toml")
    text = _read(own if own is not None and own.is_file() else packaged)
    try:
        prompt = msgspec.convert(_table("safety/prompt", text), SafetyPrompt)
    except msgspec.ValidationError as error:
        raise InstrumentError(f"safety/prompt.toml: {error}") from None
    if not prompt.lines or not prompt.actions:
        raise InstrumentError("safety/prompt.toml: lines and actions may not be empty")
    return prompt


def _instrument(name: str, tables: dict[str, dict[str, Any]]) -> Instrument:
    table = dict(tables[name])
    if "inherits" in table:
        parent = tables.get(str(table.pop("inherits")))
        if parent is None or "inherits" in parent:
            raise InstrumentError(f"instrument {name}: inherits from what is not there, or itself inherits")
        table = {**parent, **table}
    try:
        return checked(msgspec.convert(table, Instrument))
    except msgspec.ValidationError as error:
        raise InstrumentError(f"instrument {name}: {error}") from None


def _table(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InstrumentError(f"{name}.toml: not TOML: {error}") from None


def _texts(folder: Traversable) -> dict[str, str]:
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return {entry.name.removesuffix(".toml"): _read(entry) for entry in files}


def _read(file: Traversable) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InstrumentError(f"{file.name} cannot be read: {error}") from None
