"""How loud PATIENT_OUT may get: budgets in dBFS until somebody has measured, then a limit in dBA.

Measured once for each pair of output and headphones with a sound-level meter: pink noise of -23 LUFS at full gain
gives `full_gain_dba`. It holds for the system volume at which it was measured, and for no other.
"""

from __future__ import annotations

import tomllib

import msgspec

from kapconsole.paths import config_dir

SITE_DBA = 80.0
TONES_DBFS = -12.0
NOISE_PEAK_DBFS = -20.0
"""A sine of this peak is about as loud as the pink noise of -23 LUFS."""

VOLUME_TOLERANCE = 0.02


class Calibration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One measurement. `volume`: the system's volume then, 1 is full. `limit_dba`: the site's."""

    output: str
    full_gain_dba: float
    headphones: str = ""
    volume: float = 1.0
    limit_dba: float = SITE_DBA
    measured: str = ""


class Ceiling(msgspec.Struct, frozen=True):
    """`music_db`: the highest volume of the music, relative to its normalised loudness; `tones_dbfs`: peak of tones."""

    music_db: float = 0.0
    tones_dbfs: float = TONES_DBFS
    words: str = "not calibrated: music at most -6 dBFS, tones -12 dBFS"
    text: str = ""


def read_calibration(output: str) -> tuple[Calibration | None, str]:
    """That of an output by its full name, from calibration.toml, and what is wrong with the file in words."""
    path = config_dir() / "calibration.toml"
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), dict[str, tuple[Calibration, ...]])
    except FileNotFoundError:
        return None, ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as trouble:
        return None, f"{path} is damaged ({trouble}): no calibration is used"
    return next((each for each in found.get("calibration", ()) if each.output == output), None), ""


def ceiling(calibration: Calibration | None, volume: float | None) -> Ceiling:
    """The limits in force, at the system's present volume (None: it cannot be read here)."""
    if calibration is None:
        return Ceiling()
    left_db = min(0.0, calibration.limit_dba - calibration.full_gain_dba)
    if volume is not None and volume > calibration.volume + VOLUME_TOLERANCE:
        # Louder than measured: the measured limit would be too high, so the lower of both budgets counts.
        text = "the system's volume is above the one at which the headphones were calibrated"
        return Ceiling(min(left_db, -12.0), min(TONES_DBFS, NOISE_PEAK_DBFS + left_db - 6.0), "not as calibrated", text)
    words = f"at most {calibration.limit_dba:g} dBA, calibrated {calibration.measured}".rstrip()
    return Ceiling(left_db, min(TONES_DBFS, NOISE_PEAK_DBFS + left_db), words)
