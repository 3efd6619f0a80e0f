"""The music in the room process, with an output and a time of the test's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole import events as ev
from kapconsole.clock import ClockFrame, SessionClock, new_frame
from kapconsole.cues.music import events as mu
from kapconsole.cues.music.library import Library, import_files
from kapconsole.cues.music.player import Saved
from kapconsole.paths import config_dir
from kapconsole.room.keeping import Keeper
from kapconsole.room.music import ALONE_S, Music
from kapconsole.room.patient_out import PatientOut
from kapconsole.room.shelf import Shelf
from kapconsole.room.sinks import Look, NullSink, Samples
from kapconsole.sound.files import write_file
from kapconsole.wire import Did, Do, Message, Welcome

RATE_HZ = 48_000


def wait_for(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.01)  # noqa: TID251


class TapeSink:
    """Real time, and a tape of what would be heard."""

    channels = 2

    def __init__(self, name: str, zero: int) -> None:
        self.name = name
        self._time = NullSink(name, zero)
        self.tape: NDArray[np.float32] = np.zeros((60 * RATE_HZ, 2), np.float32)
        self.volume: float | None = 1.0

    def heard(self) -> int:
        return self._time.heard()

    def earliest(self) -> int:
        return self._time.earliest()

    def close(self) -> None:
        pass

    def put(self, first: int, samples: Samples) -> None:
        late = max(0, self.heard() - first)
        self.tape[first + late : first + len(samples)] = samples[late:]

    def look(self, now_s: float) -> Look:
        return Look(False, "", self.volume)


class Rig:
    """The music, its output on a tape, and what it tells."""

    def __init__(self, folder: Path) -> None:
        self.told: list[Any] = []
        self.attached = True
        self.sink = TapeSink("box", 0)
        clock = SessionClock(new_frame())
        self.out = PatientOut("box", clock, lambda name, zero: self._opened())
        keeper = Keeper(folder / "room.json", "one")
        self.music = Music(self.out, clock, keeper, self._tell, Shelf())
        self.now_s = 0.0

    def _opened(self) -> TapeSink:
        return self.sink

    def _tell(self, message: Message) -> bool:
        if self.attached:
            self.told.append(cast(Did, message).body)
        return self.attached

    def do(self, *bodies: Any) -> None:
        for body in bodies:
            self.music.take(Do(body), self.now_s)
            self.music.turn(self.now_s)

    def until(self, true: Callable[[], object]) -> None:
        def turned() -> bool:
            self.music.turn(self.now_s)
            return bool(true())

        wait_for(turned)

    def said(self, kind: type[Any], **values: object) -> list[Any]:
        found = [each for each in self.told if isinstance(each, kind)]
        return [each for each in found if all(getattr(each, name) == value for name, value in values.items())]

    def close(self) -> None:
        self.out.close()
        self.music.close()


@pytest.fixture
def chosen(tmp_path: Path) -> mu.PlaylistChosen:
    path = tmp_path / "a.flac"
    wave = 0.05 * np.sin(2 * np.pi * 500 * np.arange(20 * RATE_HZ) / RATE_HZ)
    write_file(path, np.stack((wave, wave), axis=1).astype(np.float32), "PCM_24")
    entries, _ = import_files(Library(), [path])
    track = mu.Track(entries[0].id, "a", entries[0].frames, entries[0].gain_db)
    segments = (mu.Segment("opening", 12.0, (track,)), mu.Segment("return", 30.0, (track,)))
    return mu.PlaylistChosen("x", 8.0, segments, 0)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def play(rig: Rig, chosen: mu.PlaylistChosen) -> None:
    rig.do(chosen, mu.MusicAsked("play", 0))
    rig.until(lambda: rig.said(mu.MusicPlaying))


def test_what_was_heard_is_told_and_not_what_was_asked(rig: Rig, chosen: mu.PlaylistChosen) -> None:
    rig.do(chosen, mu.MusicAsked("play", 0))
    assert not rig.said(mu.MusicPlaying), "nothing has been heard yet"
    rig.until(lambda: rig.said(mu.MusicPlaying))
    assert [(each.segment, each.why) for each in rig.said(mu.SegmentEntered)] == [("opening", "play")]
    rig.do(mu.MusicAsked("resolve", 0))
    rig.until(lambda: rig.said(mu.SegmentEntered, segment="return"))
    assert rig.said(mu.SegmentEntered)[-1].why == "resolve"


def test_a_dose_that_the_monitor_passes_on_sets_the_targets(rig: Rig, chosen: mu.PlaylistChosen) -> None:
    play(rig, chosen)
    rig.do(ev.DoseGiven(30_000_000, "ketamine", "im", 60.0))
    rig.do(mu.MusicAsked("onward", 0))
    rig.until(lambda: rig.said(mu.SegmentEntered, segment="return"))
    assert rig.said(mu.SegmentEntered)[-1].ends_us is not None


def test_session_time_is_the_monitors(rig: Rig, chosen: mu.PlaylistChosen) -> None:
    """It may count from another zero than the launcher thought."""
    frame = new_frame()
    earlier = ClockFrame(frame.mono_origin_ns - 3_600_000_000_000, frame.utc_origin_us)
    rig.attached = False
    rig.music.turn(rig.now_s)
    rig.attached = True
    rig.music.take(Welcome("one", earlier, ""), rig.now_s)
    rig.music.turn(rig.now_s)
    assert rig.said(mu.PatientOutput)[0].at_us / 1e6 == pytest.approx(3600, abs=30), "also of what was found before"
    play(rig, chosen)
    assert rig.said(mu.MusicPlaying)[0].at_us / 1e6 == pytest.approx(3600, abs=30)
    rig.do(ev.DoseGiven(3_600_000_000, "ketamine", "im", 60.0))
    assert rig.music.player is not None
    assert rig.music.player._target_us(0) == 3_600_000_000 + 12 * 60_000_000
    rig.music.turn(rig.now_s)
    assert rig.music.player.plan.at(rig.out.heard() + RATE_HZ) is not None


@pytest.mark.logs("plays already")
def test_what_cannot_be_done_is_told_and_harms_nothing(rig: Rig, chosen: mu.PlaylistChosen) -> None:
    play(rig, chosen)
    rig.do(mu.MusicAsked("play", 0))
    assert "plays already" in rig.said(mu.MusicTrouble)[0].text
    assert rig.music.player is not None
    assert rig.music.player.state == "playing"


def test_alone_for_half_an_hour_it_fades_out_and_says_so_when_somebody_is_back(
    rig: Rig, chosen: mu.PlaylistChosen
) -> None:
    play(rig, chosen)
    rig.attached = False
    rig.music.take(None, 0.0)
    rig.now_s = ALONE_S - 1
    rig.music.turn(rig.now_s)
    assert rig.music.player is not None
    assert rig.music.player.state == "playing"
    rig.now_s = ALONE_S + 1
    rig.music.turn(rig.now_s)
    assert rig.music.player.state == "paused"
    rig.attached = True
    rig.until(lambda: rig.said(mu.MusicFaded, what="alone", over_s=60.0))


def test_the_limit_of_a_calibration_holds_from_the_first_sample(tmp_path: Path, chosen: mu.PlaylistChosen) -> None:
    text = '[[sound.calibration]]\noutput = "box"\nfull_gain_dba = 100\nvolume = 0.5\n'
    (config_dir() / "room.toml").write_text(text)
    rig = Rig(tmp_path)
    try:
        rig.sink.volume = 0.5
        rig.do(chosen, mu.MusicAsked("volume", 0, volume_db=0.0), mu.MusicAsked("play", 0))
        rig.until(lambda: rig.out.heard() > 4 * RATE_HZ)
        peak = float(np.abs(rig.sink.tape[: 4 * RATE_HZ]).max())
        assert peak == pytest.approx(0.05 * 10 ** (-20 / 20), rel=0.02)
        rig.sink.volume = 0.9
        rig.until(lambda: "above the one" in rig.said(mu.PatientOutput)[-1].text)
        steps = np.abs(np.diff(rig.sink.tape[: rig.out.heard(), 0]))
        assert steps.max() < 0.05 * 2 * np.pi * 500 / RATE_HZ, "no click"
    finally:
        rig.close()


@pytest.mark.logs("was away for")
def test_music_that_was_away_for_long_waits_to_be_asked(tmp_path: Path, chosen: mu.PlaylistChosen) -> None:
    saved = Saved("playing", 0, 0, 5 * RATE_HZ, False, -6.0, None, 0)
    Keeper(tmp_path / "room.json", "one").keep(chosen, saved, time.monotonic_ns() - 120_000_000_000)
    rig = Rig(tmp_path)
    try:
        rig.until(lambda: rig.said(mu.MusicFaded, what="pause"))
        assert "resume brings it back" in rig.said(mu.MusicTrouble)[0].text
        assert not rig.said(mu.MusicPlaying)
        rig.do(mu.MusicAsked("resume", 0))
        rig.until(lambda: rig.said(mu.MusicPlaying))
        assert rig.said(mu.MusicPlaying)[0].position_s == pytest.approx(5.0, abs=0.1)
    finally:
        rig.close()


def test_at_the_end_of_the_session_it_fades(rig: Rig, chosen: mu.PlaylistChosen) -> None:
    play(rig, chosen)
    assert 1.0 < rig.music.fade_out() < 2.5
    wait_for(lambda: not rig.out._anew)
    rig.until(lambda: rig.said(mu.MusicFaded, what="end"))
