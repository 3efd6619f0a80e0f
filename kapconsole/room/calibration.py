"""How loud PATIENT_OUT may get: budgets in dBFS until somebody has measured, then a limit in dBA.

Measured once for each pair of output and headphones with a sound-level meter (`kapconsole.roomsetup.Calibration`). It
holds for the system volume at which it was measured, and for no higher one.
"""

from __future__ import annotations

import msgspec

from kapconsole.roomsetup import TONES_DBFS, Calibration, read_setup

VOLUME_TOLERANCE = 0.02


class Ceiling(msgspec.Struct, frozen=True):
    """`music_db`: the highest volume of the music, relative to its normalised loudness; `tones_dbfs`: peak of tones."""

    music_db: float = 0.0
    tones_dbfs: float = TONES_DBFS
    words: str = "not calibrated: music at most -6 dBFS, tones -12 dBFS"
    text: str = ""


def read_calibration(output: str) -> tuple[Calibration | None, str]:
    """That of an output by its full name, from room.toml, and what is wrong with the file in words."""
    setup, trouble = read_setup()
    return setup.sound.calibration_of(output), trouble


def ceiling(calibration: Calibration | None, volume: float | None) -> Ceiling:
    """The limits in force, at the system's present volume (None: it cannot be read here)."""
    if calibration is None:
        return Ceiling()
    left_db = calibration.left_db
    if volume is not None and volume > calibration.volume + VOLUME_TOLERANCE:
        # Louder than measured: the measured limit would be too high, so the lower of both budgets counts.
        text = "the system's volume is above the one at which the headphones were calibrated"
        return Ceiling(min(left_db, -12.0), calibration.tones_dbfs - 6.0, "not as calibrated", text)
    words = f"at most {calibration.limit_dba:g} dBA, calibrated {calibration.measured}".rstrip()
    return Ceiling(left_db, calibration.tones_dbfs, words)
