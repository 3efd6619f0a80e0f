"""Which device is opened and how it is watched, with sound libraries that are not there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.annunciator import named, portaudio, pulse
from kapconsole.annunciator.output import NoOutput, Output
from kapconsole.annunciator.sequence import Sequence
from kapconsole.sound import libpulse
from kapconsole.sound.comeback import Comeback
from kapconsole.wire import Sound


class PortAudioError(Exception):
    """As sounddevice has it."""


class Stream:
    """A sound device that asks for samples when told to."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.active = False
        self.closed = False

    def start(self) -> None:
        self.active = True

    def close(self, ignore_errors: bool = False) -> None:
        self.closed = True

    def ask(self, frames: int, delay_s: float = 0.1) -> NDArray[np.float32]:
        out = np.full((frames, self.settings["channels"]), 9.0, np.float32)
        times = SimpleNamespace(currentTime=1000.0, outputBufferDacTime=1000.0 + delay_s)
        self.settings["callback"](out, frames, times, None)
        return out


class Library:
    """A PortAudio with the devices of a test."""

    PortAudioError = PortAudioError

    def __init__(self, *devices: tuple[str, str]) -> None:
        self.apis = list(dict.fromkeys(api for api, _ in devices))
        self.devices = [
            {"hostapi": self.apis.index(api), "name": name, "max_output_channels": 2, "default_samplerate": 44100.0}
            for api, name in devices
        ]
        self.opened: list[Stream] = []

    def query_hostapis(self) -> list[dict[str, str]]:
        return [{"name": api} for api in self.apis]

    def query_devices(self) -> list[dict[str, object]]:
        return self.devices

    def OutputStream(self, **settings: Any) -> Stream:
        self.opened.append(Stream(**settings))
        return self.opened[-1]


Install = Callable[[Library], Library]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """No sound server, and a PortAudio of the test's own."""
    monkeypatch.setattr(pulse, "sinks", list)
    monkeypatch.setattr(pulse, "goes_through_server", lambda: False)

    def put(library: Library) -> Library:
        monkeypatch.setattr(portaudio, "library", lambda: library)
        return library

    return put


def opened(name: str) -> tuple[Output, Sequence]:
    return named.open_output(name)


def test_without_a_name_there_is_no_speaker_and_it_is_said() -> None:
    with pytest.raises(NoOutput, match="no alarm speaker is set"):
        opened("")


def test_a_missing_device_is_never_replaced_by_another(install: Install) -> None:
    library = install(Library(("ALSA", "patient headphones"), ("ALSA", "default")))
    with pytest.raises(NoOutput, match="'alarm box' is missing"):
        opened("alarm box")
    assert library.opened == []


@pytest.mark.parametrize("name", ["default", "ALSA: default", "pulse", "PulseAudio: default", "Sysdefault", "pipewire"])
def test_a_name_behind_which_the_system_chooses_is_refused(install: Install, name: str) -> None:
    library = install(Library(("ALSA", "default"), ("ALSA", "pulse"), ("ALSA", "sysdefault"), ("ALSA", "pipewire")))
    with pytest.raises(NoOutput, match="the system would choose one"):
        opened(name)
    assert library.opened == []


def test_a_name_that_two_devices_bear_needs_its_host_api(install: Install) -> None:
    library = install(Library(("ALSA", "headphones"), ("ALSA", "box"), ("OSS", "box")))
    with pytest.raises(NoOutput, match="not unique"):
        opened("box")
    output, _ = opened("OSS: box")
    assert output.name == "OSS: box"
    assert [stream.settings["device"] for stream in library.opened] == [2]


def test_part_of_a_name_is_not_the_name(install: Install) -> None:
    install(Library(("ALSA", "alarm box 2")))
    with pytest.raises(NoOutput, match="missing"):
        opened("alarm box")


def test_on_windows_only_wasapi_counts(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    library = install(Library(("MME", "box"), ("Windows DirectSound", "box"), ("Windows WASAPI", "box")))
    opened("box")
    assert library.opened[0].settings["device"] == 2
    assert named.outputs() == ["Windows WASAPI: box"]


def test_the_stream_plays_the_sequence_on_all_channels_at_the_devices_own_rate(install: Install) -> None:
    library = install(Library(("ALSA", "box")))
    output, sequence = opened("box")
    stream = library.opened[0]
    assert (stream.settings["samplerate"], sequence.rate_hz, output.rate_hz) == (44100, 44100, 44100)
    assert not stream.ask(441).any()
    sequence.sound(Sound("high", (1,)))
    played = np.concatenate([stream.ask(1000) for _ in range(8)])
    assert np.abs(played).max() > 0.4
    assert np.array_equal(played[:, 0], played[:, 1])


def test_the_delay_of_the_device_is_in_the_time_of_a_burst(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.monotonic_ns", lambda: 50_000_000_000)
    library = install(Library(("ALSA", "box")))
    _, sequence = opened("box")
    sequence.sound(Sound("low", (1,)))
    library.opened[0].ask(100, delay_s=0.08)
    assert sequence.begun[0].heard_ns == 50_080_000_000


def test_a_device_that_stops_asking_is_noticed_within_half_a_second(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.monotonic_ns", lambda: round(now[0] * 1e9))
    library = install(Library(("ALSA", "box")))
    output, _ = opened("box")
    assert output.look(101.4) == "", "it may take a moment to begin"
    now[0] = 102.0
    library.opened[0].ask(480)
    assert output.look(102.45) == ""
    assert output.look(102.55) == "the alarm speaker 'ALSA: box' has stopped playing"
    assert output.lost


def test_a_stream_that_the_system_ended_is_noticed_at_once(install: Install) -> None:
    library = install(Library(("ALSA", "box")))
    output, _ = opened("box")
    library.opened[0].ask(480)
    library.opened[0].active = False
    assert "stopped playing" in output.look(0.0)


@pytest.mark.logs("no samples")
def test_without_samples_it_is_silent_and_said(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    library = install(Library(("ALSA", "box")))

    def fail(self: Sequence, out: NDArray[np.float32], heard_ns: int = 0) -> None:
        out.fill(7.0)
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Sequence, "fill", fail)
    output, _ = opened("box")
    assert not library.opened[0].ask(480).any()
    assert "a bug" in output.look(0.0)
    assert output.lost


def test_a_name_that_leads_through_the_sound_server_is_refused(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = install(Library(("ALSA", "front speakers")))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(pulse, "goes_through_server", lambda: True)
    monkeypatch.setattr(pulse, "sinks", lambda: ["alsa_output.usb-box"])
    with pytest.raises(NoOutput, match=r"may move the alarm.*PulseAudio: alsa_output.usb-box"):
        opened("front speakers")
    assert library.opened[0].closed


def test_a_device_that_cannot_be_opened_is_said(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    library = install(Library(("ALSA", "box")))

    def refuse(**settings: object) -> Stream:
        raise PortAudioError("Device unavailable")

    monkeypatch.setattr(library, "OutputStream", refuse)
    with pytest.raises(NoOutput, match="cannot be opened: Device unavailable"):
        opened("box")


def test_a_machine_without_libpulse_has_no_sinks(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise OSError("libpulse.so.0: cannot open shared object file")

    with pytest.raises(libpulse.NoLibrary):
        libpulse.load(missing)

    def not_here() -> object:
        raise libpulse.NoLibrary("not here")

    monkeypatch.setattr(libpulse, "load", not_here)
    assert pulse.sinks() == []
    assert not pulse.goes_through_server()
    with pytest.raises(NoOutput, match="libpulse is missing"):
        opened("PulseAudio: box")


class Asked:
    """A process that has been asked whether the output plays."""

    codes: tuple[int | None, ...] = ()

    def __init__(self, argv: list[str], **settings: object) -> None:
        assert argv[-2:] == ["kapconsole.annunciator.named", "box"]
        self.killed = False

    def poll(self) -> int | None:
        type(self).codes, code = type(self).codes[1:], type(self).codes[0]
        return code

    def kill(self) -> None:
        self.killed = True

    def wait(self) -> None:
        assert self.killed


def test_a_lost_speaker_is_asked_for_until_it_plays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("subprocess.Popen", Asked)
    Asked.codes = (None, 1, None, 1, 0)
    comeback = Comeback("kapconsole.annunciator.named", "box", 0.0)
    back_s = next(tenth / 10 for tenth in range(300) if comeback.turn(tenth / 10))
    assert back_s == pytest.approx(10.0)
    comeback.close()
