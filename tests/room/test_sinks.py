"""Outputs that are not there, clocks that drift, limits, and what is kept: without a sound card."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kapconsole.clock import SessionClock, new_frame
from kapconsole.cues.music.player import Saved
from kapconsole.paths import config_dir
from kapconsole.room import named, portaudio_sink
from kapconsole.room.calibration import Ceiling, ceiling, read_calibration
from kapconsole.room.frames import FrameMap
from kapconsole.room.keeping import Keeper
from kapconsole.room.patient_out import PatientOut
from kapconsole.room.portaudio_sink import CRing, PortAudioSink, PythonRing, Ring
from kapconsole.room.sinks import Look, Samples
from kapconsole.roomsetup import Calibration
from kapconsole.sound import portaudio, server
from kapconsole.sound.outputs import NoOutput

RATE_HZ = 48_000


def wait_for(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.005)  # noqa: TID251


# --- a sink of the test's own --------------------------------------------------------------------------------------


class TapeSink:
    """Keeps what would be heard; its time is turned by the test."""

    def __init__(self, name: str, zero: int, channels: int = 2) -> None:
        self.name, self.channels, self.zero = name, channels, zero
        self.at = 0
        self.lost = ""
        self.tape: NDArray[np.float32] = np.zeros((60 * RATE_HZ, channels), np.float32)

    def heard(self) -> int:
        return self.zero + self.at

    def earliest(self) -> int:
        return self.heard() + 2400

    def put(self, first: int, samples: Samples) -> None:
        first -= self.zero
        late = max(0, self.at - first)
        self.tape[first + late : first + len(samples)] = samples[late:]

    def look(self, now_s: float) -> Look:
        return Look(bool(self.lost), self.lost)

    def close(self) -> None:
        pass


class Steady:
    """A source: a constant."""

    def __init__(self, level: float) -> None:
        self.level = level

    def render(self, first_frame: int, frames: int) -> Samples:
        return np.full((frames, 2), self.level, np.float32)


def constant(level: float) -> Callable[[int, int], Samples]:
    return lambda first, count: np.full((count, 2), level, np.float32)


class Rig:
    """A patient's output on tapes."""

    def __init__(self, music: Callable[[int, int], Samples], channels: int = 2) -> None:
        self.sinks: list[TapeSink] = []
        self.missing = False

        def open_sink(name: str, zero: int) -> TapeSink:
            if self.missing:
                raise NoOutput("it is missing")
            self.sinks.append(TapeSink(name, zero, channels))
            return self.sinks[-1]

        self.out = PatientOut("box", SessionClock(new_frame()), open_sink)
        self.out.start(music)
        wait_for(lambda: self.out.written() > 2 * RATE_HZ)

    @property
    def tape(self) -> NDArray[np.float32]:
        return self.sinks[-1].tape

    def mixed_again(self) -> None:
        """Wait until a change has been mixed: the mixing takes turns of 50 ms."""
        wait_for(lambda: not self.out._anew)
        time.sleep(0.2)  # noqa: TID251


def test_no_sum_of_anything_passes_the_caps() -> None:
    """Music at most -6 dBFS, a source -12 dBFS, all together -1 dBFS, whatever they give; also what is no number."""

    def wild(first: int, count: int) -> Samples:
        out = np.full((count, 2), 5.0, np.float32)
        out[::3] = np.nan
        out[1::3] = -np.inf
        return out

    rig = Rig(wild)
    try:
        assert np.abs(rig.tape[: 2 * RATE_HZ]).max() == pytest.approx(0.5012, abs=1e-4)
        for _ in range(3):
            rig.out.add(Steady(7.0), peak_dbfs=0.0)
        rig.mixed_again()
        assert np.abs(rig.tape).max() <= 10 ** (-1 / 20) + 1e-6
        assert rig.out.guarded > 0
    finally:
        rig.out.close()


def test_stop_now_leaves_nothing_of_a_source_in_what_waits_and_nothing_comes_back() -> None:
    rig = Rig(constant(0.1))
    try:
        rig.out.add(Steady(0.2))
        rig.mixed_again()
        assert rig.tape[RATE_HZ, 0] == pytest.approx(0.3)
        silent_from = rig.out.stop_now()
        assert silent_from - rig.out.heard() < 0.1 * RATE_HZ
        assert np.abs(np.diff(rig.tape[4800 : 2 * RATE_HZ, 0])).max() < 0.01, "it does not click"
        after = rig.tape[silent_from : rig.out.written(), 0]
        assert after == pytest.approx(np.full(len(after), 0.1), abs=1e-6)
        rig.out.changed()
        rig.mixed_again()
        assert np.array_equal(rig.tape[silent_from : silent_from + RATE_HZ, 0], after[:RATE_HZ])
    finally:
        rig.out.close()


def test_a_lost_device_ends_the_sources_and_the_music_is_faded_in_when_it_is_back() -> None:
    rig = Rig(constant(0.1))
    try:
        rig.out.add(Steady(0.2))
        rig.mixed_again()
        rig.missing = True
        rig.sinks[0].lost = "the patient's output is gone"
        wait_for(lambda: rig.out.state.state == "lost")
        wait_for(lambda: rig.out.state.text == "it is missing")
        rig.missing = False
        wait_for(lambda: rig.out.state.state == "playing")
        wait_for(lambda: rig.out.written() - rig.sinks[1].zero > 2 * RATE_HZ)
        back = rig.tape[2400 : 2 * RATE_HZ, 0]
        assert back[0] < 0.001
        assert np.abs(np.diff(back)).max() < 0.001
        assert back.max() < 0.1, "the music alone, rising"
        assert rig.sinks[1].zero > rig.sinks[0].zero, "the stream has run on"
    finally:
        rig.out.close()


@pytest.mark.parametrize(("channels", "hands"), [(4, 0.2), (2, None)])
def test_pulses_for_the_hands_never_reach_the_ears(channels: int, hands: float | None) -> None:
    rig = Rig(constant(0.1), channels)
    try:
        rig.out.add(Steady(0.2), first_channel=2)
        rig.mixed_again()
        assert rig.tape[:RATE_HZ, :2].max() == pytest.approx(0.1)
        assert rig.out.has_tactile == (hands is not None)
        if hands is not None:
            assert rig.tape[RATE_HZ, 2:].tolist() == pytest.approx([hands, hands])
    finally:
        rig.out.close()


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["default", "ALSA: default", "pulse", "", "PulseAudio: "])
def test_a_name_behind_which_the_system_chooses_is_refused(name: str) -> None:
    with pytest.raises(NoOutput, match="the system would choose"):
        named.open_sink(name, 0)


def test_the_alarm_speaker_is_never_the_patients() -> None:
    with pytest.raises(NoOutput, match="is the alarm speaker"):
        named.open_sink("usb box", 0, alarm_out="PulseAudio: usb box")


class PortAudioError(Exception):
    """As sounddevice has it."""


class Stream:
    """A PortAudio stream."""

    def __init__(self, **settings: Any) -> None:
        self.settings, self.active, self.latency = settings, False, 0.2

    def start(self) -> None:
        self.active = True

    def close(self, ignore_errors: bool = False) -> None:
        self.active = False


class Devices:
    """A PortAudio with devices of a test."""

    PortAudioError = PortAudioError
    OutputStream = Stream

    def __init__(self, *found: tuple[str, str, int]) -> None:
        self.apis = list(dict.fromkeys(api for api, _, _ in found))
        self.devices = [
            {"hostapi": self.apis.index(api), "name": name, "max_output_channels": count} for api, name, count in found
        ]

    def query_hostapis(self) -> list[dict[str, str]]:
        return [{"name": api} for api in self.apis]

    def query_devices(self) -> list[dict[str, object]]:
        return self.devices

    def WasapiSettings(self, auto_convert: bool) -> SimpleNamespace:
        return SimpleNamespace(auto_convert=auto_convert)


@pytest.fixture
def without_rtmixer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "rtmixer", None)


@pytest.mark.usefixtures("without_rtmixer")
def test_through_portaudio_only_the_exact_device_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = Devices(("ALSA", "default", 2), ("ALSA", "box 2", 2), ("ALSA", "mono", 1), ("JACK", "box", 2))
    monkeypatch.setattr(server, "sinks", list)
    monkeypatch.setattr(server, "goes_through_server", lambda: False)
    monkeypatch.setattr(portaudio, "library", lambda: devices)
    with pytest.raises(NoOutput, match="missing"):
        named.open_sink("box 3", 0)
    with pytest.raises(NoOutput, match="left and right are needed"):
        named.open_sink("mono", 0)
    assert named.open_sink("box", 0).name == "JACK: box"
    monkeypatch.setattr(portaudio_sink.sys, "platform", "linux")
    monkeypatch.setattr(server, "goes_through_server", lambda: True)
    with pytest.raises(NoOutput, match="the sound server may move"):
        named.open_sink("box", 0)


@pytest.mark.usefixtures("without_rtmixer")
def test_without_rtmixer_a_callback_takes_what_was_put_and_what_was_put_over_it() -> None:
    sink = PortAudioSink(Devices(("Core Audio", "box", 2)), "Core Audio", "box", 0, zero=1000)
    ask = sink._stream.settings["callback"]
    sink.put(1000, np.full((9600, 2), 0.1, np.float32))
    sink.put(1000 + 4800, np.full((9600, 2), 0.2, np.float32))
    heard = np.zeros((20_000, 2), np.float32)
    ask(heard, 20_000, None, None)
    assert heard[:, 0] == pytest.approx(np.concatenate((np.full(4800, 0.1), np.full(9600, 0.2), np.zeros(5600))))
    assert sink.heard() == 1000 + 14_400 - 9600
    assert sink.look(time.monotonic()) == Look()
    sink._stream.active = False
    assert sink.look(time.monotonic()).lost


def c_ring(channels: int, size: int) -> Ring:
    return CRing(pytest.importorskip("rtmixer"), channels, size)


@pytest.mark.parametrize("make", [PythonRing, c_ring])
@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["append", "over", "take"]), st.integers(1, 60)), max_size=30))
def test_a_ring_gives_what_was_written_last_for_each_frame(
    make: Callable[[int, int], Ring], acts: list[tuple[str, int]]
) -> None:
    ring = make(2, 64)
    truth: list[float] = []
    taken = 0
    for number, (act, count) in enumerate(acts, 1):
        fresh = np.full((count, 2), number, np.float32)
        if act == "append":
            fits = min(count, 64 - (len(truth) - taken))
            ring.append(fresh)
            truth += [float(number)] * fits
        elif act == "over":
            first = max(taken, len(truth) - count)
            ring.over(first, fresh)
            truth[first:] = [float(number)] * (len(truth) - first)
        else:
            count = min(count, len(truth) - taken)
            out = np.zeros((count, 2), np.float32)
            if isinstance(ring, PythonRing):
                ring.take(out)
            else:
                ring.ring.readinto(out) if count else None  # type: ignore[attr-defined]
            assert out[:, 0].tolist() == truth[taken : taken + count]
            taken += count
        assert (ring.wrote(), ring.read()) == (len(truth), taken)


# --- time, limits, what is kept ------------------------------------------------------------------------------------


def test_the_frame_map_follows_a_drifting_card_through_jitter_and_jumps() -> None:
    """80 ppm off, readings 2 ms uncertain, one in twenty wrong by 50 ms: within 1 ms after a minute."""
    chance = np.random.default_rng(5)
    frames = FrameMap()
    for number in range(240):
        us = number * 500_000
        truth = 777 + us * 0.048 * (1 + 80e-6)
        wrong = 2400 if number % 20 == 7 else 0
        frames.add(round(truth + chance.normal(0, 96) + wrong), us)
    now_us = 119_500_000
    assert abs(frames.frame_at(now_us) - (777 + now_us * 0.048 * (1 + 80e-6))) < 48
    assert frames.us_at(frames.frame_at(now_us)) == pytest.approx(now_us, abs=25)


def test_limits_before_and_after_a_calibration() -> None:
    assert ceiling(None, None) == Ceiling()
    measured = Calibration("PulseAudio: box", full_gain_dba=92.0, volume=0.8)
    assert ceiling(measured, 0.8).music_db == -12.0
    assert ceiling(measured, 0.8).tones_dbfs == -35.0
    assert ceiling(Calibration("x", full_gain_dba=70.0), 1.0).music_db == 0.0, "a calibration never makes it louder"
    turned_up = ceiling(measured, 1.0)
    assert turned_up.music_db <= -12.0
    assert "above the one at which" in turned_up.text


def test_a_calibration_is_read_for_its_own_output_and_a_damaged_file_is_said() -> None:
    path = config_dir() / "room.toml"
    assert read_calibration("box") == (None, "")
    path.write_text('[[sound.calibration]]\noutput = "box"\nfull_gain_dba = 91\nmeasured = "2026-11-02"\n')
    assert read_calibration("box")[0] == Calibration("box", 91.0, measured="2026-11-02")
    assert read_calibration("other") == (None, "")
    path.write_text("[[sound.calibration]]\noutput = 3\n")
    assert "is damaged" in read_calibration("box")[1]


def test_what_is_kept_belongs_to_its_session_and_counts_deaths(tmp_path: Path) -> None:
    file = tmp_path / "room.json"
    minute = 60_000_000_000
    assert Keeper(file, "one").began(0) == 0
    assert Keeper(file, "one").began(1 * minute) == 1
    keeper = Keeper(file, "one")
    assert keeper.began(2 * minute) == 2
    keeper.keep(None, Saved("paused", 1, 2, 3, False, -6.0, None, 0), 5)
    keeper.ended_well()
    assert Keeper(file, "one").kept.saved == Saved("paused", 1, 2, 3, False, -6.0, None, 0)
    assert Keeper(file, "one").began(3 * minute) == 2
    assert Keeper(file, "one").began(20 * minute) == 0
    assert Keeper(file, "two").kept.saved is None
    keeper = Keeper(file, "one", "another boot")
    assert (keeper.began(0), keeper.away_s(0)) == (0, float("inf"))
    assert keeper.kept.saved is not None
    file.write_text("{")
    assert Keeper(file, "one").kept.saved is None
