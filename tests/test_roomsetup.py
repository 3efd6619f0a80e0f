"""What was measured in the room is kept whole, and a damaged file is said."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from kapconsole.roomsetup import BarSetup, DisplaySetup, RoomSetup, SoundSetup, read_setup, write_setup

MEASURED = RoomSetup(
    DisplaySetup("HDMI-1", 600.0, 340.0, 1920, 1080, 800.0, -4.5),
    SoundSetup("usb headphones “é”", 96.0, 80.0, 12.0, True),
    BarSetup("/dev/ttyUSB3", "awa", leds=80, reversed=True),
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
def test_no_ceiling_is_louder_than_the_cap_or_than_minus_one(full_dba: float, cap_dba: float) -> None:
    ceiling_dbfs = SoundSetup("x", full_dba, cap_dba).ceiling_dbfs
    assert ceiling_dbfs <= -1.0
    assert full_dba + ceiling_dbfs <= cap_dba + 1e-9
