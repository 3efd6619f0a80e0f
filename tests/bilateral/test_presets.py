"""The presets are those of the bilateral reference, section 4.3; whose copy wins; and what files come of them."""

from __future__ import annotations

import argparse
import csv
import json
import wave
from pathlib import Path

import numpy as np
import pytest

from kapconsole.bilateral.events import Channel
from kapconsole.bilateral.offline import RenderError, offline_plan, write_sound, write_table
from kapconsole.bilateral.presets import PresetError, load_preset, load_presets, parse_preset, preset_names
from kapconsole.bilateral.sources import RATE_HZ, ToneSource
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.cli import bilateral
from kapconsole.cli.speaking import Failed
from kapconsole.paths import config_dir

L, B, A, T = Channel.LIGHT, Channel.BAR, Channel.AUDIO, Channel.TACTILE

TABLE = {
    "tracking-check": (0.5, 6, 20, {L}, "design choice"),
    "calm-place": (0.5, 4, 20, {A}, "secondary source"),
    "resource-longer": (0.5, 8, 20, {A}, "not confirmed"),
    "desensitization-standard": (1.0, 24, 25, {L, A}, "primary source"),
    "desensitization-fast": (1.2, 30, 25, {L, A}, "primary source"),
    "long-set": (1.0, 48, 25, {L}, "design choice"),
    "high-load": (1.5, 30, 25, {L, A}, "secondary source"),
    "installation": (0.8, 12, 25, {L, A}, "secondary source"),
    "body-scan": (1.0, 12, 25, {L, A}, "design choice"),
    "art-set": (1.0, 40, 30, {L}, "not confirmed"),
    "eyes-closed": (0.8, 24, None, {T, A}, "design choice"),
    "dosing-day-grounding": (0.4, None, None, {T}, "design choice"),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_numbers_of_the_reference(name: str) -> None:
    rate, cycles, sweep, channels, confidence = TABLE[name]
    preset = load_preset(name)
    plan = preset.plan
    assert (plan.rate_cps, plan.cycles, set(plan.channels)) == (rate, cycles, channels)
    assert sweep is None or plan.motion.sweep_deg == sweep
    assert preset.confidence == confidence
    assert preset.evidence
    assert plan.version == preset.version >= 1


def test_there_is_no_preset_beside_these_and_all_are_usable() -> None:
    presets, wrong = load_presets()
    assert {preset.name for preset in presets} == set(TABLE) == set(preset_names())
    assert wrong == []
    assert load_preset("high-load").confirm
    assert load_preset("dosing-day-grounding").rate_span_cps == (0.3, 0.5)
    assert 220 <= load_preset("calm-place").plan.sound.tone_hz <= 250
    assert set(load_preset("art-set").choices) == {L, B}


OWN = """
name = "body-scan"
title = "Body scan, ours"
version = 3
step = "body scan"
evidence = "what our clinic agreed on"
confidence = "design choice"
rate_cps = 0.7
cycles = 10
channels = ["tactile"]
"""


def test_the_clients_copy_wins_over_the_clinics_and_that_over_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "clients" / "K-17").mkdir(parents=True)
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "body-scan.toml").write_text(OWN, "utf-8")
    (tmp_path / "clients" / "K-17" / "body-scan.toml").write_text(OWN.replace("= 3", "= 9"), "utf-8")
    found = [
        load_preset("body-scan", site, client) for site, client in ((None, ""), (tmp_path, ""), (tmp_path, "K-17"))
    ]
    assert [(one.origin, one.version) for one in found] == [("packaged", 1), ("clinic", 3), ("client", 9)]
    assert found[2].plan.version == 9
    assert load_preset("body-scan", tmp_path, "other").origin == "clinic"
    with pytest.raises(PresetError, match="client code"):
        load_preset("body-scan", tmp_path, "../..")
    with pytest.raises(PresetError, match="no preset"):
        load_preset("../body-scan", tmp_path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("rate_cps = 0.7", "rate_cps = 2.5"), "rate_cps 2.5 is outside"),
        (("cycles = 10", "cycles = 500"), "cycles 500 is outside"),
        (("cycles = 10", "speed = 10"), "unknown key speed"),
        (("version = 3", "version = 0"), "version must be"),
        (('["tactile"]', '["smell"]'), "channels|smell"),
        (('"body-scan"', '"other"'), "calls itself"),
        (('evidence = "what our clinic agreed on"', ""), "evidence is missing"),
        (('"design choice"', '"certain"'), "confidence must be one of"),
        (("cycles = 10", "cycles = 10\n[sound]\ncalibrated = true"), "unknown key sound.calibrated"),
        (("cycles = 10", "cycles = 10\n[light]\ndot_deg = 4.5"), "dot_deg 4.5 is outside"),
        (("rate_cps = 0.7", ""), "rate_cps is missing"),
        (("rate_cps = 0.7", "rate_cps = ["), "not TOML"),
    ],
)
def test_a_preset_that_cannot_be_used_is_said_in_words(change: tuple[str, str], words: str) -> None:
    text = OWN.replace(*change)
    if "\n[" in change[1]:  # tables come last in TOML
        text = text.replace('channels = ["tactile"]', "").replace("cycles = 10", 'cycles = 10\nchannels = ["tactile"]')
    with pytest.raises(PresetError, match=words):
        parse_preset(text, "body-scan")


# -- offline ----------------------------------------------------------------------------------------------------------


def test_the_files_of_a_set_agree_with_each_other(tmp_path: Path) -> None:
    stimulus = Stimulus(offline_plan(load_preset("desensitization-standard").plan, cycles=6, rate_cps=0.95))
    frames = write_sound(stimulus, tmp_path / "a.wav")
    rows = write_table(stimulus, tmp_path / "a.csv")
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE_HZ, 2, 3)
        assert file.getnframes() == frames
        raw = np.frombuffer(file.readframes(frames), np.uint8).reshape(-1, 3)
    wide = np.zeros((len(raw), 4), np.uint8)
    wide[:, 1:] = raw
    sound = (wide.view("<i4")[:, 0] / 2**31).reshape(-1, 2)
    assert np.allclose(sound, ToneSource(stimulus).render(0, frames), atol=2e-7)
    with (tmp_path / "a.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert len(table) == rows
    assert list(table[0]) == ["t_s", "phase", "x_deg", "x_rel", "edge"]
    edges = [row for row in table if row["edge"] != "0"]
    assert [int(row["edge"]) for row in edges] == [1, -1] * 6
    assert float(table[-1]["phase"]) == pytest.approx(6.0, abs=1e-3)
    # Each tone begins, in its ear, in the millisecond of its edge.
    for number, row in enumerate(edges):
        onset = ToneSource(stimulus).onset_frame(number)
        assert onset is not None
        assert onset / RATE_HZ == pytest.approx(float(row["t_s"]), abs=0.0006)
        ear = 1 if row["edge"] == "1" else 0
        assert sound[onset : onset + 2000, ear].any()
        assert not sound[onset : onset + 2000, 1 - ear].any()
    phases = np.array([float(row["phase"]) for row in table])
    x = np.array([float(row["x_rel"]) for row in table])
    assert np.allclose(x, -np.cos(2 * np.pi * phases), atol=1e-6)
    assert np.allclose([float(row["x_deg"]) for row in table], 12.5 * x, atol=1e-5)


def test_a_set_beyond_the_caps_is_not_rendered() -> None:
    with pytest.raises(RenderError, match=r"rate_cps 2\.4"):
        offline_plan(load_preset("body-scan").plan, rate_cps=2.4)


# -- commands ---------------------------------------------------------------------------------------------------------


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    bilateral.add_to(parser.add_subparsers(required=True))
    options = parser.parse_args(words)
    return int(options.action(options))


def test_presets_are_listed_with_their_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("presets") == 0
    said = capsys.readouterr().out
    for preset in load_presets()[0]:
        assert preset.evidence in said
        assert f"confidence: {preset.confidence}" in said
    assert "24 cycles / 48 passes" in said
    assert run("presets", "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert {one["name"] for one in listed} == set(TABLE)
    assert all(one["evidence"] and one["plan"]["rate_cps"] for one in listed)


def test_a_clinics_damaged_preset_is_named_and_the_others_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    folder = config_dir() / "bilateral" / "presets"
    folder.mkdir(parents=True)
    (folder / "ours.toml").write_text("rate_cps = 9", "utf-8")
    assert run("presets") == 1
    said = capsys.readouterr()
    assert "preset ours" in said.err
    assert "Calm place" in said.out


def test_render_writes_what_was_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound, table = tmp_path / "s.wav", tmp_path / "s.csv"
    words = ["render", "art-set", "--cycles", "2", "--rate", "0.5", "--ramp-in", "0"]
    assert run(*words, "--wav", str(sound), "--csv", str(table)) == 0
    assert "2 cycles / 4 passes in 4.000 s at 0.5 cycles/s (60 passes/min)" in capsys.readouterr().out
    assert len(table.read_text("utf-8").splitlines()) == 4002
    assert sound.stat().st_size > 4 * RATE_HZ * 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["body-scan"], "nothing to write"),
        (["nonsense", "--csv", "x.csv"], "there is no preset nonsense"),
        (["body-scan", "--rate", "3", "--csv", "x.csv"], "outside 0.1 to 2"),
        (["body-scan", "--cycles", "0", "--csv", "x.csv"], "outside 1 to 120"),
        (["body-scan", "--csv", "no/such/folder.csv"], "No such file|cannot find"),
    ],
)
def test_render_fails_in_one_line(words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Failed, match=said):
        run("render", *words)
    assert not (tmp_path / "x.csv").exists()
