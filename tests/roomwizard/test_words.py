"""What the wizard says and keeps: cards, sides, facts, the draft, both files."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.cli import main
from kapconsole.config import Config, read_config, write_config
from kapconsole.cues.music.loudness import measure
from kapconsole.paths import config_dir
from kapconsole.roomsetup import Calibration, DisplaySetup, RoomSetup, SoundSetup, Timing, read_setup
from kapconsole.roomwizard.cards import role_trouble
from kapconsole.roomwizard.draft import Draft, in_force, keep, read_draft, write_draft
from kapconsole.roomwizard.facts import Fact, facts, flash_words, state_of
from kapconsole.roomwizard.heard import Heard, Verdict, of_side, of_speaker
from kapconsole.roomwizard.waves import NOISE_PEAK_DBFS, Noise, SideTone, pink_loop

USB = "PulseAudio: alsa_output.usb-Maker_Box-00"
BOARD = "PulseAudio: alsa_output.pci-0000_00_1f.3.analog-stereo"


@pytest.mark.parametrize(
    ("patient", "alarm"),
    [
        (USB + ".analog-stereo", "alsa_output.usb-Maker_Box-00.analog-stereo"),
        (USB + ".analog-stereo", USB + ".iec958-stereo"),
        ("ALSA: HDA Intel PCH: ALC295 (hw:0,0)", "ALSA: HDA Intel PCH: HDMI 0 (hw:0,3)"),
        ("Windows WASAPI: Headphones (Realtek(R) Audio)", "Windows WASAPI: Speakers (Realtek(R) Audio)"),
        ("Core Audio: External Headphones", "Core Audio: MacBook Pro Speakers"),
    ],
)
def test_two_outputs_of_one_card_are_refused_in_words(patient: str, alarm: str) -> None:
    assert role_trouble(patient, alarm)
    assert role_trouble(alarm, patient)


def test_two_cards_are_allowed() -> None:
    assert role_trouble(USB + ".analog-stereo", BOARD) == ""
    assert role_trouble("ALSA: Box (hw:1,0)", "ALSA: HDA Intel (hw:0,0)") == ""
    assert role_trouble("Windows WASAPI: Headphones (USB Box)", "Windows WASAPI: Speakers (Realtek(R) Audio)") == ""
    assert role_trouble("", BOARD) == role_trouble(USB, "") == ""


@given(st.sampled_from((Heard.LEFT, Heard.RIGHT)), st.sampled_from(list(Heard)))
def test_only_the_ear_that_was_asked_for_is_good(asked: Heard, said: Heard) -> None:
    verdict, words = of_side(asked, said)
    assert (verdict is Verdict.GOOD) == (said is asked)
    assert words


def test_an_alarm_is_good_in_the_room_alone() -> None:
    good = [said for said in Heard if of_speaker(said)[0] is Verdict.GOOD]
    assert good == [Heard.ROOM]


def test_the_noise_is_what_the_meter_is_told_it_is() -> None:
    loop = pink_loop()
    assert measure([np.concatenate((loop, loop))], 48_000).lufs == pytest.approx(-23.0, abs=0.05)
    assert 20 * np.log10(np.abs(loop).max()) <= NOISE_PEAK_DBFS + 1e-4
    power = np.abs(np.fft.rfft(loop[:, 0])) ** 2
    hertz = np.fft.rfftfreq(len(loop), 1 / 48_000)
    octaves = [10 * np.log10(power[(hertz >= low) & (hertz < 2 * low)].sum()) for low in (62.5, 250, 1000, 4000)]
    assert max(octaves) - min(octaves) < 0.5, "pink: every octave has the same power"
    noise = Noise(1000)
    assert not noise.render(0, 1000).any()
    assert np.abs(noise.render(1000, 480)).max() < 0.01, "it swells"


def test_a_tone_is_for_one_ear_and_soft_at_its_ends() -> None:
    for side in (0, 1):
        tone = SideTone(4800, side)
        whole = tone.render(0, tone.end + 4800)
        assert not whole[:, 1 - side].any()
        assert 20 * np.log10(np.abs(whole).max()) == pytest.approx(-30.0, abs=0.1)
        assert not whole[:4800].any()
        assert not whole[tone.end :].any()
        assert np.abs(np.diff(whole[:, side])).max() < 2 * np.pi * 330 / 48_000 * 0.032, "no click"
        parts = np.concatenate([tone.render(first, 1000) for first in range(0, len(whole) - 1000, 1000)])
        assert np.array_equal(parts, whole[: len(parts)])


def test_another_output_has_not_been_heard() -> None:
    sound = SoundSetup("a", 12.0, True, "speaker", (Calibration("a", 90.0),))
    timing = (Timing("a", "HDMI-1", 48_000, 60, 12.0, 0.0), Timing("b", "HDMI-1", 48_000, 60, 0.0, 30.0))
    draft = Draft(RoomSetup(DisplaySetup("HDMI-1"), sound, timing=timing), "a", "speaker")
    other = draft.named(patient_out="b")
    assert not other.setup.sound.sides_confirmed
    assert not other.setup.sound.calibrated
    assert (other.setup.sound.offset_ms, other.setup.display.offset_ms) == (0.0, 30.0)
    assert other.setup.sound.speaker_confirmed == "speaker"
    assert draft.named(alarm_out="x").setup.sound.speaker_confirmed == ""
    back = other.named(patient_out="a")
    assert back.setup.sound.calibrated, "a level that was measured is not forgotten"
    assert (back.setup.sound.offset_ms, back.setup.display.offset_ms) == (12.0, 0.0)
    assert not back.setup.sound.sides_confirmed, "plugs may have been changed meanwhile"


def test_what_is_kept_is_in_force_and_the_rest_of_the_settings_stays() -> None:
    path = config_dir() / "config.toml"
    path.write_text('# our clinic\nalarm_preset = "ours"  # since May\nalarm_out = "old"\nremote_audio_pause = true\n')
    draft = Draft(RoomSetup(DisplaySetup("HDMI-1", 500, 300, 1920, 1080)), "", "").named("head “phones”", "speaker")
    write_draft(draft)
    keep(draft)
    assert in_force() == (draft, "")
    assert read_draft() is None
    assert read_config()[0] == Config("speaker", "head “phones”", "ours", remote_audio_pause=True)
    text = path.read_text("utf-8")
    assert "# our clinic" in text
    assert "# since May" in text


def test_a_damaged_config_is_not_written_over_and_nothing_else_is_changed() -> None:
    path = config_dir() / "config.toml"
    path.write_text('alarm_out = "a\n')
    with pytest.raises(ValueError, match="damaged"):
        keep(Draft(patient_out="x"))
    assert path.read_text() == 'alarm_out = "a\n'
    assert not (config_dir() / "room.toml").exists()


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=30)


@given(names, names)
def test_any_name_of_a_device_survives_the_settings(patient: str, alarm: str) -> None:
    write_config(patient_out=patient, alarm_out=alarm)
    config, wrong = read_config()
    assert (config.patient_out, config.alarm_out, wrong) == (patient, alarm, "")


def test_a_setting_over_several_lines_is_replaced_whole() -> None:
    (config_dir() / "config.toml").write_text('alarm_out = """\nold\n"""\nalarm_preset = "ours"\n')
    write_config(alarm_out="new")
    assert read_config() == (Config("new", alarm_preset="ours"), "")


def test_an_empty_room_says_what_is_to_do_and_a_whole_one_that_it_is_ready() -> None:
    empty = {fact.key: fact for fact in facts(Draft())}
    assert [key for key, fact in empty.items() if fact.state == "to do"] == ["patient_out", "level", "alarm_out"]
    assert "silent" in empty["alarm_out"].words
    assert "-12 dBFS" in empty["level"].words
    sound = SoundSetup("a", 0.0, True, "b", (Calibration("a", 91.0, volume=0.8),))
    whole = Draft(RoomSetup(DisplaySetup("HDMI-1", 527.0, 296.0, 1920, 1080, 650.0), sound), "a", "b")
    found = {fact.key: fact for fact in facts(whole)}
    assert not [fact for fact in found.values() if fact.state == "to do"]
    assert "44° wide" in found["screen"].words
    assert "tones at most -34 dBFS, music -11 dB" in found["level"].words
    assert "of 0.006 sr" in flash_words()


def test_a_page_is_as_ready_as_its_least_ready_part() -> None:
    ready, without, open_ = (
        Fact("a", "a", "x", True),
        Fact("b", "b", "not set", False, True),
        Fact("c", "c", "x", False),
    )
    assert state_of([ready, without]) == "ready"
    assert state_of([without]) == "without"
    assert state_of([ready, without, open_]) == "to do"


def test_the_command_shows_the_room_without_a_window(capsys: pytest.CaptureFixture[str]) -> None:
    keep(Draft(RoomSetup(DisplaySetup("HDMI-1"))).named("phones", "speaker"))
    assert main(["room", "--show"]) == 0
    assert "phones; left and right not confirmed" in capsys.readouterr().out
    write_draft(Draft(patient_out="other"))
    assert main(["room", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["patient_out"] == "phones"
    assert table["unfinished"]
    assert msgspec.convert(table["setup"], RoomSetup) == read_setup()[0]


def test_a_damaged_file_is_told_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    Path(config_dir() / "room.toml").write_text("[display\n")
    assert main(["room", "--show"]) == 1
    assert "damaged" in capsys.readouterr().err
