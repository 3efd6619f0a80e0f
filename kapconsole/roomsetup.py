"""What a person measured in the room, in room.toml: the client's screen, headphone levels, light bar, foot switch.

Written by the set-up wizard (`kapconsole room`), readable and changeable by hand. A damaged file never stops the
console: defaults, and it is said. Levels cannot be known by software: a level in dBA is one that a person read from a
meter.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import msgspec
import tomli_w

from kapconsole.paths import config_dir

SITE_DBA = 80.0
"""The site's most at the ear until it says otherwise (audio reference, section 8)."""

TONES_DBFS = -12.0
NOISE_PEAK_DBFS = -23.0
"""A tone of this peak in one ear has there the power of pink noise of -23 LUFS, which is shared by two channels."""


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


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measurement of one pair of `output` (its full name) and headphones, with a meter at the ear cup.

    `full_gain_dba`: what pink noise of -23 LUFS gave at full gain. It holds for the system's `volume` at which it was
    measured (1 is full) and for no higher one. `limit_dba`: the site's most at the ear.
    """

    output: str
    full_gain_dba: float
    headphones: str = ""
    volume: float = 1.0
    limit_dba: float = SITE_DBA
    measured: str = ""

    @property
    def left_db(self) -> float:
        """What the music is turned down by, in dB: a calibration never makes it louder."""
        return min(0.0, self.limit_dba - self.full_gain_dba)

    @property
    def tones_dbfs(self) -> float:
        """The highest peak of a tone: -12 dBFS (with it music and tones never clip), less where the limit says so."""
        return min(TONES_DBFS, NOISE_PEAK_DBFS + self.limit_dba - self.full_gain_dba)


class SoundSetup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The patient's headphones on `output`, the alarm's speaker, and every calibration, by the name of its output.

    `offset_ms`: as for the screen. `sides_confirmed`: a person heard left left and right right on `output`.
    `speaker_confirmed`: the alarm speaker of which a person said that it sounds in the room, by its full name.
    """

    output: str = ""
    offset_ms: float = 0.0
    sides_confirmed: bool = False
    speaker_confirmed: str = ""
    calibration: tuple[Calibration, ...] = ()

    def calibration_of(self, output: str) -> Calibration | None:
        """That of an output by its full name; None: nobody has measured it."""
        return next((each for each in self.calibration if each.output == output), None)

    @property
    def calibrated(self) -> bool:
        """True when a level in dBA is known for the output."""
        return self.calibration_of(self.output) is not None

    @property
    def ceiling_dbfs(self) -> float:
        """No sample of a tone may pass this: -12 dBFS until calibrated, and never more."""
        found = self.calibration_of(self.output)
        return TONES_DBFS if found is None else found.tones_dbfs


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What brought sound and light together on one pair of output and screen, each with its rate: offsets in ms."""

    output: str
    screen: str
    rate_hz: int
    refresh_hz: int
    sound_ms: float
    screen_ms: float
    measured: str = ""


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
    """All of it. `timing`: every pair that was ever brought together; the offsets in force stand with each part."""

    display: DisplaySetup = DisplaySetup()
    sound: SoundSetup = SoundSetup()
    bar: BarSetup = BarSetup()
    tactile: TactileSetup = TactileSetup()
    foot_switch: FootSwitch = FootSwitch()
    timing: tuple[Timing, ...] = ()


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
