"""What was measured in the room is kept whole, and a damaged file is said."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kapconsole.roomsetup import (
    BarSetup,
    Calibration,
    DisplaySetup,
    RoomSetup,
    SoundSetup,
    Timing,
    read_setup,
    write_setup,
)

MEASURED = RoomSetup(
    DisplaySetup("HDMI-1", 600.0, 340.0, 1920, 1080, 800.0, -4.5),
    SoundSetup(
        "usb headphones “é”",
        12.0,
        True,
        "loudspeaker",
        (Calibration("usb headphones “é”", 96.0, "closed", 0.8, 78.0, "2026-11-02"), Calibration("other", 70.0)),
    ),
    BarSetup("/dev/ttyUSB3", "awa", leds=80, reversed=True),
    timing=(Timing("usb headphones “é”", "HDMI-1", 48000, 60, 12.0, 0.0, "2026-11-02"),),
)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_setup(MEASURED, tmp_path / "sub" / "room.toml")
    assert read_setup(tmp_path / "sub" / "room.toml") == (MEASURED, "")
    assert [path.name for path in (tmp_path / "sub").iterdir()] == ["room.toml"]


def test_a_room_that_nobody_measured(tmp_path: Path) -> None:
    setup, trouble = read_setup(tmp_path / "room.toml")
    assert (setup, trouble) == (RoomSetup(), "")
    assert not setup.display.calibrated
    assert setup.sound.ceiling_dbfs == -12.0


def test_a_damaged_file_is_said_and_counts_as_not_measured(tmp_path: Path) -> None:
    for text in ("[display\n", "[display]\nscreen = 3\n", "[loudness]\nx = 1\n"):
        (tmp_path / "room.toml").write_text(text)
        setup, trouble = read_setup(tmp_path / "room.toml")
        assert setup == RoomSetup()
        assert "damaged" in trouble


@given(st.floats(1, 140), st.floats(40, 100))
def test_no_tone_is_louder_than_the_limit_or_than_minus_twelve(full_gain_dba: float, limit_dba: float) -> None:
    measured = Calibration("x", full_gain_dba, limit_dba=limit_dba)
    ceiling_dbfs = SoundSetup("x", calibration=(measured,)).ceiling_dbfs
    assert ceiling_dbfs <= -12.0
    # A tone in one ear whose peak is 23 dB below full scale is as loud there as the noise that was measured.
    assert full_gain_dba + ceiling_dbfs + 23.0 <= limit_dba + 1e-9


def test_a_calibration_counts_for_its_output_alone() -> None:
    measured = Calibration("one", 100.0)
    assert SoundSetup("one", calibration=(measured,)).ceiling_dbfs == -43.0
    other = SoundSetup("other", calibration=(measured,))
    assert (other.calibrated, other.ceiling_dbfs) == (False, -12.0)
