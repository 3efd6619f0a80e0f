"""Cue sheets out to TOML: the text of a sheet, and a clinic's own file replaced with the old one kept beside it."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import tomli_w

from kapconsole.cues.light.sheet import STANDARD, CueLevel, CueSheet, LightCueEntry, SheetError, parse_sheet

HEAD = "# Light cues, written by the editor of the console. Levels are perceived percent; times are seconds.\n"
FIELDS = ("fade_up_s", "fade_down_s", "follow_s", "hang_s", "hold", "dark_ok", "trigger")


def sheet_text(sheet: CueSheet) -> str:
    """`sheet` as TOML that `parse_sheet` reads as the same sheet. Fades always stand there; other defaults do not."""
    table: dict[str, object] = {"name": sheet.name, "version": sheet.version}
    if sheet.note:
        table["note"] = sheet.note
    table["light"] = [_cue_table(cue) for cue in sheet.light]
    return HEAD + tomli_w.dumps(table)


def next_version(sheet: CueSheet, old: int = 0) -> CueSheet:
    """The sheet with a version above its own and above `old`, the one that its file has now."""
    return msgspec.structs.replace(sheet, version=max(sheet.version, old) + 1)


def store_sheet(sheet: CueSheet, folder: Path, name: str = STANDARD) -> CueSheet:
    """Write `sheet`, with its next version, to `name`.toml in `folder`; gives it as it was written.

    The file is replaced whole or not at all, and the old one kept as `name`.vN.toml with its version N, or with the
    number that is free after it. Raises SheetError when the sheet would not be read, OSError when it cannot be written.
    """
    path = folder / f"{name}.toml"
    old = path.read_bytes() if path.is_file() else None
    fresh = next_version(sheet, 0 if old is None else _version(old))
    text = sheet_text(fresh)
    parse_sheet(text, name)
    folder.mkdir(parents=True, exist_ok=True)
    if old is not None:
        _replace(_kept(folder, name, old), old)
    _replace(path, text.encode("utf-8"))
    return fresh


def _cue_table(cue: LightCueEntry) -> dict[str, object]:
    table: dict[str, object] = {"id": cue.id}
    if cue.label:
        table["label"] = cue.label
    plain = LightCueEntry(cue.id, {})
    for field in FIELDS:
        value = getattr(cue, field)
        if value is not None and (field.startswith("fade") or value != getattr(plain, field)):
            table[field] = _number(value)
    table["zones"] = {zone: _level(stated) for zone, stated in cue.zones.items()}
    return table


def _level(stated: CueLevel | float) -> object:
    if not isinstance(stated, CueLevel):
        return _number(stated)
    if stated.cct_k is None:
        return _number(stated.level)
    return {"level": _number(stated.level), "cct_k": stated.cct_k}


def _number(value: object) -> object:
    """90 and not 90.0, as a person writes it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _version(old: bytes) -> int:
    try:
        return parse_sheet(old.decode("utf-8")).version
    except (SheetError, UnicodeDecodeError):
        return 0


def _kept(folder: Path, name: str, old: bytes) -> Path:
    """Where the old file goes: a name that nothing else has, or one that holds these very bytes."""
    stem = f"{name}.v{_version(old)}"
    path, number = folder / f"{stem}.toml", 1
    while path.exists() and path.read_bytes() != old:
        number += 1
        path = folder / f"{stem}-{number}.toml"
    return path


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)
