"""The demo's own music, and a playlist rendered as it is delivered."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pytest
import soundfile

from kapconsole.cli import music as cli
from kapconsole.cues.music import pads, playlists
from kapconsole.cues.music.library import Library
from kapconsole.cues.music.plan import RATE_HZ
from kapconsole.cues.music.rendering import rendered, whole_plan


@pytest.fixture(scope="module")
def loops() -> list[np.ndarray]:
    return [pads.pad_samples(pad, 6.0, number) for number, pad in enumerate(pads.recipe().pad)]


def test_pads_are_the_same_every_time_soft_and_loop_without_a_seam(loops: list[np.ndarray]) -> None:
    again = pads.pad_samples(pads.recipe().pad[2], 6.0, 2)
    assert np.array_equal(again, loops[2])
    for loop in loops:
        steps = np.abs(np.diff(np.concatenate((loop, loop[:100])), axis=0))
        assert steps[-101:].max() <= steps[:-101].max()
        assert 0.1 < np.abs(loop).max() < 0.5


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add_to(parser.add_subparsers())
    options = parser.parse_args(words)
    return int(options.action(options))


def test_the_demo_can_be_shown_rendered_and_given_to_other_players(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    short = pads.recipe()
    monkeypatch.setattr(pads, "recipe", lambda: pads.msgspec.structs.replace(short, loop_s=6.0))
    assert run("playlist", "demo") == 0
    said = capsys.readouterr().out
    assert "opening, until 12 min, exactly" in said
    assert "Open water" in said
    assert run("playlist", "demo", "--render", str(tmp_path / "x.wav"), "--from", "11.9", "--to", "12.2") == 0
    sound = soundfile.read(tmp_path / "x.wav", dtype="float32")[0]
    assert len(sound) == round(0.3 * 60 * RATE_HZ)
    path = str(pads.make_demo_music())
    chosen, _ = playlists.choose(path)
    begin = round(11.9 * 60 * RATE_HZ)
    assert np.array_equal(sound, np.concatenate(list(rendered(chosen, Library(), begin, len(sound)))))
    seconds = 10 * np.log10((sound.reshape(-1, RATE_HZ, 2) ** 2).mean(axis=(1, 2)))
    assert np.ptp(seconds) < 5.0, "no hole in the crossfade at 12 minutes"
    assert np.abs(sound).max() <= 0.5012
    assert run("music", "check") == 0
    for name in ("a.m3u8", "a.xspf"):
        assert run("music", "export", path, str(tmp_path / name)) == 0
        assert run("music", "import", str(tmp_path / name), "--playlist", str(tmp_path / "p.toml")) == 0
        names = [segment.name for segment in playlists.read(tmp_path / "p.toml").segment]
        assert names == ["opening", "build", "peak", "descent", "return"]


def test_nothing_is_rendered_beyond_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = pads.recipe()
    monkeypatch.setattr(pads, "recipe", lambda: pads.msgspec.structs.replace(short, loop_s=6.0))
    chosen, _ = playlists.choose(str(pads.make_demo_music()))
    _, end = whole_plan(chosen)
    assert round(end / RATE_HZ / 60) == 100
    with pytest.raises(cli.Failed, match="nothing is played there"):
        run("playlist", "demo", "--render", str(tmp_path / "x.wav"), "--from", "200")
