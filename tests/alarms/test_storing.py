"""An administrator stores a preset: checked first, numbered, attributed, and nothing of the old one lost."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from kapconsole.alarms.presets import PresetError, load_preset, preset_names
from kapconsole.alarms.storing import Stored, store_preset
from kapconsole.cli import main
from kapconsole.paths import config_dir

OURS = """# Our clinic's protocol
name = "our-clinic"
inherits = "standard"
version = 77
stored_by = "somebody else"

[spo2]
low = 93  # as signed by our medical director
"""
AT = "2026-03-01T08:00:00+00:00"


def test_a_preset_is_numbered_and_attributed_and_can_be_used(tmp_path: Path) -> None:
    stored = store_preset(OURS, tmp_path, "anna", AT)
    assert (stored.name, stored.version) == ("our-clinic", 1)
    assert ("spo2.low", 92, 93) in stored.changes
    preset = load_preset("our-clinic", tmp_path)
    assert (preset.version, preset.stored_by, preset.stored_at) == (1, "anna", AT)
    assert preset.settings.spo2.low == 93
    assert "# as signed by our medical director" in (tmp_path / "our-clinic.toml").read_text()


def test_the_version_before_is_kept_and_what_changed_is_written_down(tmp_path: Path) -> None:
    store_preset(OURS, tmp_path, "anna", AT)
    first = (tmp_path / "our-clinic.toml").read_bytes()
    changed = OURS.replace("low = 93", "low = 94") + '\n[guard]\n"spo2.low" = [90, 96]\n'
    stored = store_preset(changed, tmp_path, 'Dr. "B"', AT)
    assert stored.version == 2
    assert stored.changes == (("spo2.low", 93, 94),)
    assert stored.guard == (("spo2.low", (88, 96), (90, 96)),)
    assert (tmp_path / "old" / "our-clinic-1.toml").read_bytes() == first
    journal = [msgspec.json.decode(line, type=Stored) for line in (tmp_path / "stored.jsonl").read_bytes().splitlines()]
    assert [(entry.version, entry.stored_by) for entry in journal] == [(1, "anna"), (2, 'Dr. "B"')]
    assert journal[1] == stored
    assert "our-clinic" in preset_names(tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not TOML"),
        ("[spo2]\nlow = 90\n", "says its name"),
        ('name = "../etc"\n', "says its name"),
        ('name = "x"\n[spo2]\nlow = 20\n', "not possible"),
        ('name = "x"\ninherits = "x"\n', "no preset x"),
        ('name = "standard"\ninherits = "standard"\n', "inherits more than|nothing differs"),
    ],
)
def test_what_cannot_be_used_is_not_stored(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(PresetError, match=words):
        store_preset(text, tmp_path, "anna", AT)
    assert not list(tmp_path.glob("*.toml"))


def test_the_same_again_is_no_new_version(tmp_path: Path) -> None:
    store_preset(OURS, tmp_path, "anna", AT)
    with pytest.raises(PresetError, match="nothing differs from version 1"):
        store_preset(OURS, tmp_path, "anna", AT)


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config_dir() / "config.toml").write_text('alarm_preset = "our-clinic"\n')
    file = tmp_path / "mine.toml"
    file.write_text(OURS)
    assert main(["alarms", "--store-preset", str(file)]) == 0
    assert "spo2.low: 92 to 93" in capsys.readouterr().out
    assert main(["alarms", "--presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("* our-clinic version 1 (site), stored by ") for line in lines)
    assert any(line.startswith("  standard version 1 (packaged)") for line in lines)
    assert main(["alarms", "--store-preset", str(tmp_path / "none.toml")]) == 1
    assert main(["alarms"]) == 1
    assert "which session?" in capsys.readouterr().err
