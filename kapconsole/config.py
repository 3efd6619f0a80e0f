"""What the site has set, from config.toml. A damaged file never stops the console: defaults, and it is said."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Annotated

import msgspec
import tomli_w

from kapconsole.paths import config_dir

KEEPALIVE_DBFS = -90.0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Site settings. `alarm_out` is the exact name of the alarm speaker's sound device; empty: there is none.

    `patient_out`: that of the patient's headphones, likewise; the two may never be the same.
    `alarm_preset`: the alarm limits that every new session begins with. `alarm_keepalive`: true, or a level from -120
    to -60 dBFS, keeps an alarm speaker awake that falls asleep in digital silence, by noise that nobody hears.
    `remote_audio_pause`: whether a station outside of the room may pause the room's alarm sound.
    `stop_key`: a further key that ends a set of bilateral stimulation at once, as Qt names it ("PgDown"): for a pedal.
    """

    alarm_out: str = ""
    patient_out: str = ""
    alarm_preset: str = "standard"
    alarm_keepalive: bool | Annotated[float, msgspec.Meta(ge=-120, le=-60)] = False
    remote_audio_pause: bool = False
    stop_key: str = ""

    @property
    def alarm_keepalive_dbfs(self) -> float | None:
        """Level of that noise; None: none."""
        if isinstance(self.alarm_keepalive, bool):
            return KEEPALIVE_DBFS if self.alarm_keepalive else None
        return self.alarm_keepalive


def read_config() -> tuple[Config, str]:
    """The settings, and what is wrong with their file in words (empty: nothing)."""
    path = config_dir() / "config.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return Config(), ""
    except (OSError, UnicodeDecodeError) as trouble:
        return Config(), f"{path} cannot be read ({trouble}); the defaults are used"
    try:
        return msgspec.convert(tomllib.loads(text), Config), ""
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as trouble:
        return Config(), f"{path} is damaged ({trouble}); the defaults are used"


def write_config(**changes: str | bool | float) -> None:
    """Change these settings in config.toml and leave everything else in it, comments too, as it is.

    Whole or not at all. Raises OSError, and ValueError for a damaged file or a setting that there is not.
    """
    path = config_dir() / "config.toml"
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError:
        raise ValueError(f"{path} is damaged: it is not text. Mend it first; nothing was changed") from None
    try:
        wanted = tomllib.loads(text) | changes
        msgspec.convert(wanted, Config)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as trouble:
        raise ValueError(f"{path} is damaged ({trouble}). Mend it first; nothing was changed") from None
    lines = text.splitlines(keepends=True)
    for key, value in changes.items():
        line = tomli_w.dumps({key: value})
        there = [number for number, old in enumerate(lines) if re.match(rf"\s*{key}\s*=", old)]
        if there:
            lines[there[0]] = line
        else:
            lines.insert(0, line)
    _replace(path, "".join(lines), wanted)


def _replace(path: Path, text: str, wanted: dict[str, object]) -> None:
    try:
        whole = tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        whole = False
    if not whole:  # a setting over several lines: its comments are not worth a wrong value
        text = tomli_w.dumps(wanted)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
