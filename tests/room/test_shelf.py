"""Parts decoded ahead: what comes late, and what never comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kapconsole.cues.music.events import Track
from kapconsole.cues.music.library import Library, import_files
from kapconsole.cues.music.plan import Placement
from kapconsole.room import shelf as shelf_module
from kapconsole.room.shelf import Shelf
from kapconsole.sound.files import PART, MusicFile, write_file

RATE_HZ = 48_000


def wait_for(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.005)  # noqa: TID251


def noise(frames: int) -> Any:
    return np.random.default_rng(1).normal(0, 0.02, (frames, 2)).astype(np.float32)


def imported(folder: Path) -> Track:
    write_file(folder / "a.wav", noise(3 * PART), "FLOAT")
    entries, _ = import_files(Library(), [folder / "a.wav"])
    return Track(entries[0].id, "a", entries[0].frames, 0.0)


def test_what_is_wanted_is_there_and_what_is_past_is_let_go(tmp_path: Path) -> None:
    track = imported(tmp_path)
    shelf = Shelf()
    shelf.want((Placement(0, 0, track, 0, 3 * PART, 0),), 0)
    assert np.array_equal(shelf.read(track, PART - 50, 100), noise(3 * PART)[PART - 50 : PART + 50])
    wait_for(lambda: len(shelf._parts) == 3)
    shelf.want((Placement(0, 0, track, 0, 3 * PART, 0),), 2 * PART + 2 * RATE_HZ)
    assert {number for _, number in shelf._parts} == {2}
    assert shelf.troubles() == []
    shelf.close()


def test_a_disk_that_stalls_costs_one_wait_and_the_sound_is_mixed_again_when_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track = imported(tmp_path)
    released, arrived = threading.Event(), threading.Event()
    part = MusicFile.part

    def stalled(self: MusicFile, number: int) -> Any:
        released.wait(10)
        return part(self, number)

    monkeypatch.setattr(MusicFile, "part", stalled)
    monkeypatch.setattr(shelf_module, "PATIENCE_S", 0.05)
    shelf = Shelf()
    shelf.arrived = arrived.set
    assert not shelf.read(track, 0, 100).any()
    assert not shelf.read(track, 100, 100).any()
    assert shelf.late == 1, "the second block has not waited again"
    released.set()
    assert arrived.wait(10)
    assert np.array_equal(shelf.read(track, 0, 100), noise(3 * PART)[:100])
    shelf.close()


def test_a_track_that_is_missing_is_told_once_and_gives_silence(tmp_path: Path) -> None:
    track = imported(tmp_path)
    (tmp_path / "a.wav").unlink()
    shelf = Shelf()
    shelf.want((Placement(0, 0, track, 0, 3 * PART, 0),), 0)
    assert not shelf.read(track, 0, 100).any()
    troubles = shelf.troubles()
    assert [(each.title, each.from_frame, each.text) for each in troubles] == [("a", 0, "a.wav is missing")]
    assert not shelf.read(track, PART, 100).any()
    assert shelf.troubles() == []
    shelf.close()
