"""Site settings: a damaged file never stops the console."""

import pytest

from kapconsole.config import Config, read_config
from kapconsole.paths import config_dir


def test_without_a_file_the_defaults_hold() -> None:
    assert read_config() == (Config(), "")


def test_the_alarm_speaker_is_read() -> None:
    (config_dir() / "config.toml").write_text('alarm_out = "USB Audio"\n')
    assert read_config() == (Config(alarm_out="USB Audio"), "")


@pytest.mark.parametrize(("text", "level_dbfs"), [("false", None), ("true", -90.0), ("-75", -75.0), ("-60.0", -60.0)])
def test_an_alarm_speaker_can_be_kept_awake(text: str, level_dbfs: float | None) -> None:
    (config_dir() / "config.toml").write_text(f"alarm_keepalive = {text}\n")
    config, trouble = read_config()
    assert (config.alarm_keepalive_dbfs, trouble) == (level_dbfs, "")


@pytest.mark.parametrize("text", ["alarm_keepalive = -30", "alarm_out = ", "alarm_out = 7", "alarmout = 'x'", "\x00"])
def test_a_damaged_file_is_said_and_the_defaults_hold(text: str) -> None:
    (config_dir() / "config.toml").write_text(text)
    config, trouble = read_config()
    assert config == Config()
    assert "damaged" in trouble
