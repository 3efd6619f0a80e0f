"""What a person measured in the room, in room.toml: the client's screen, headphone levels, light bar, foot switch.

Written by the set-up wizard, readable and changeable by hand. A damaged file never stops the console: defaults, and it
is said. Levels cannot be known by software: a level in dBA is one that a person read from a meter.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import msgspec
import tomli_w

from kapconsole.paths import config_dir


class DisplaySetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The client's screen by its system name; its visible size and the distance of the eyes in mm; see `Screen`.

    `offset_ms`: how much later than the pattern the light is to be shown (bilateral reference, section 7).
    """

    screen: str = ""
    width_mm: float = 0.0
    height_mm: float = 0.0
    width_px: int = 0
    height_px: int = 0
    distance_mm: float = 600.0
    offset_ms: float = 0.0

    @property
    def calibrated(self) -> bool:
        """True when degrees of visual angle can be drawn."""
        return min(self.width_mm, self.height_mm, self.width_px, self.height_px, self.distance_mm) > 0


class SoundSetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The patient's headphones. `full_dba`: level of pink noise at 0 dBFS on `output`, by a meter; 0: not measured.

    `cap_dba`: the site's most. `offset_ms`: as for the screen. `sides_confirmed`: a person heard left left.
    """

    output: str = ""
    full_dba: float = 0.0
    cap_dba: float = 80.0
    offset_ms: float = 0.0
    sides_confirmed: bool = False

    @property
    def calibrated(self) -> bool:
        """True when a level in dBA is known for the output."""
        return self.full_dba > 0

    @property
    def ceiling_dbfs(self) -> float:
        """No sample may pass this: -12 dBFS until calibrated, then the site's cap, never above -1 dBFS."""
        return min(-1.0, self.cap_dba - self.full_dba) if self.calibrated else -12.0


class BarSetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The light bar on a serial port: protocol (adalight, awa, tpm2), LEDs, mm, and which end is left."""

    port: str = ""
    protocol: str = "adalight"
    baud: int = 460800
    leds: int = 60
    length_mm: float = 1000.0
    distance_mm: float = 1000.0
    reversed: bool = False
    mid_offset_mm: float = 0.0
    led_cap: int = 96
    offset_ms: float = 0.0


class TactileSetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pulsers on extra channels (3 and 4) of PATIENT_OUT."""

    channels: bool = False
    offset_ms: float = 0.0


class FootSwitch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A switch that stops stimulation: on a serial line (cts, dsr, cd or ri of `port`); a pedal that types is a key."""

    port: str = ""
    line: str = "cts"
    closed: bool = True


class RoomSetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it."""

    display: DisplaySetup = DisplaySetup()
    sound: SoundSetup = SoundSetup()
    bar: BarSetup = BarSetup()
    tactile: TactileSetup = TactileSetup()
    foot_switch: FootSwitch = FootSwitch()


def setup_file() -> Path:
    """Where it is kept."""
    return config_dir() / "room.toml"


def read_setup(path: Path | None = None) -> tuple[RoomSetup, str]:
    """The set-up, and what is wrong with its file in words (empty: nothing)."""
    path = path or setup_file()
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return RoomSetup(), ""
    except (OSError, UnicodeDecodeError) as trouble:
        return RoomSetup(), f"{path} cannot be read ({trouble}); the room counts as not measured"
    try:
        return msgspec.convert(tomllib.loads(text), RoomSetup), ""
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as trouble:
        return RoomSetup(), f"{path} is damaged ({trouble}); the room counts as not measured"


def write_setup(setup: RoomSetup, path: Path | None = None) -> None:
    """Keep it: whole or not at all. Raises OSError."""
    path = path or setup_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    with fresh.open("wb") as stream:
        tomli_w.dump(msgspec.to_builtins(setup), stream)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
