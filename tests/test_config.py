"""Site settings: a damaged file never stops the console."""

import pytest

from kapconsole.config import Config, read_config
from kapconsole.paths import config_dir


def test_without_a_file_the_defaults_hold() -> None:
    assert read_config() == (Config(), "")


def test_the_alarm_speaker_is_read() -> None:
    (config_dir() / "config.toml").write_text('alarm_out = "USB Audio"\n')
    assert read_config() == (Config(alarm_out="USB Audio"), "")


@pytest.mark.parametrize("text", ["alarm_out = ", "alarm_out = 7", "alarmout = 'x'", "\x00"])
def test_a_damaged_file_is_said_and_the_defaults_hold(text: str) -> None:
    (config_dir() / "config.toml").write_text(text)
    config, trouble = read_config()
    assert config == Config()
    assert "damaged" in trouble
