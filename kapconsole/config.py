"""What the site has set, from config.toml. A damaged file never stops the console: defaults, and it is said."""

from __future__ import annotations

import tomllib
from typing import Annotated

import msgspec

from kapconsole.paths import config_dir

KEEPALIVE_DBFS = -90.0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Site settings. `alarm_out` is the exact name of the alarm speaker's sound device; empty: there is none.

    `patient_out`: that of the patient's headphones, likewise; the two may never be the same.
    `alarm_preset`: the alarm limits that every new session begins with. `alarm_keepalive`: true, or a level from -120
    to -60 dBFS, keeps an alarm speaker awake that falls asleep in digital silence, by noise that nobody hears.
    `remote_audio_pause`: whether a station outside of the room may pause the room's alarm sound.
    """

    alarm_out: str = ""
    patient_out: str = ""
    alarm_preset: str = "standard"
    alarm_keepalive: bool | Annotated[float, msgspec.Meta(ge=-120, le=-60)] = False
    remote_audio_pause: bool = False

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
