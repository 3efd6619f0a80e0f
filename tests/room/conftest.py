"""Two silent sound cards, "room" and "patient", on a private PulseAudio; what each of them plays can be recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.sound import libpulse

RATE_HZ = 48_000


def why_not() -> str:
    """Why there can be no virtual sound cards here; empty: there can."""
    missing = [tool for tool in ("pulseaudio", "pactl", "parec") if shutil.which(tool) is None]
    if missing:
        return f"no virtual sound cards here: {', '.join(missing)} not installed"
    try:
        libpulse.load()
    except libpulse.NoLibrary as trouble:
        return f"no virtual sound cards here: {trouble}"
    return ""


def wait_for(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Until `true()`."""
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.01)  # noqa: TID251


class Cards:
    """The daemon, and what a test does to its cards."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "PULSE_SERVER": f"unix:{folder}/native",
            "PULSE_RUNTIME_PATH": str(folder),
            "PULSE_STATE_PATH": str(folder),
            "PULSE_COOKIE": str(folder / "cookie"),
            "PULSE_CLIENTCONFIG": str(folder / "client.conf"),
        }
        (folder / "client.conf").write_text("autospawn = no\nenable-shm = no\n")
        (folder / "cookie").write_bytes(bytes(256))
        modules = [f"module-native-protocol-unix auth-anonymous=1 socket={folder}/native"]
        modules += [f"module-null-sink {self._sink(name)}" for name in ("patient", "room")]
        options = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no"]
        options += ["--high-priority=no", "--use-pid-file=no", f"--log-target=file:{folder}/log"]
        self.daemon = subprocess.Popen(
            ["pulseaudio", *options, *(word for each in modules for word in ("-L", each))],
            env={**os.environ, **self.env, "HOME": str(folder)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._recorders: dict[str, subprocess.Popen[bytes]] = {}
        wait_for(lambda: len(self.sinks()) == 2)

    @staticmethod
    def _sink(name: str) -> str:
        # norewinds: blocks of 50 ms in place of 2 s, so that a stream starts at once.
        channels = 4 if name == "four" else 2
        return f"sink_name={name} format=float32le rate={RATE_HZ} channels={channels} norewinds=1"

    def pactl(self, *words: str) -> str:
        done = subprocess.run(["pactl", *words], env={**os.environ, **self.env}, capture_output=True, text=True)
        return done.stdout + done.stderr

    def sinks(self) -> list[str]:
        return [line.split()[1] for line in self.pactl("list", "short", "sinks").splitlines() if "\t" in line]

    def streams(self) -> list[tuple[str, str]]:
        """(number, number of its sink) of each stream that plays."""
        lines = self.pactl("list", "short", "sink-inputs").splitlines()
        return [(line.split()[0], line.split()[1]) for line in lines if "\t" in line]

    def number(self, name: str) -> str:
        lines = self.pactl("list", "short", "sinks").splitlines()
        return next(line.split()[0] for line in lines if line.split()[1] == name)

    def unplug(self, name: str) -> None:
        modules = self.pactl("list", "short", "modules").splitlines()
        self.pactl("unload-module", next(line.split()[0] for line in modules if f"sink_name={name} " in line))

    def plug(self, name: str) -> None:
        if name not in self.sinks():
            self.pactl("load-module", "module-null-sink", *self._sink(name).split())

    def make_default(self, name: str) -> None:
        self.pactl("set-default-sink", name)

    def record(self, *names: str, channels: int = 2) -> None:
        """Begin to record what each of the named cards plays."""
        for name in names:
            with (self.folder / f"{name}.f32").open("wb") as file:
                command = ["parec", "-d", f"{name}.monitor", "--format=float32le", f"--rate={RATE_HZ}", "--raw"]
                self._recorders[name] = subprocess.Popen(
                    [*command, f"--channels={channels}", "--no-remix", "--latency-msec=20"],
                    env={**os.environ, **self.env},
                    stdout=file,
                )
            wait_for(lambda name=name: (self.folder / f"{name}.f32").stat().st_size > 0)

    def so_far(self, name: str, channels: int = 2) -> NDArray[np.float32]:
        """What has been recorded of a card until now, shape (frames, channels)."""
        data = (self.folder / f"{name}.f32").read_bytes()
        return np.frombuffer(data[: len(data) // (4 * channels) * 4 * channels], np.float32).reshape(-1, channels)

    def recorded(self, name: str, channels: int = 2) -> NDArray[np.float32]:
        """End the recording of a card, and give it."""
        recorder = self._recorders.pop(name)
        recorder.terminate()
        recorder.wait(5)
        return self.so_far(name, channels)

    def close(self) -> None:
        for name in list(self._recorders):
            self.recorded(name)
        self.daemon.terminate()
        self.daemon.wait(10)


@pytest.fixture(scope="module")
def _daemon() -> Iterator[Cards]:
    words = why_not()
    if words:
        pytest.skip(words)
    folder = Path(tempfile.mkdtemp(prefix="kap-snd"))
    cards = Cards(folder)
    yield cards
    cards.close()
    shutil.rmtree(folder)


@pytest.fixture
def cards(_daemon: Cards, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cards]:
    """Both cards plugged in, loud, the room's the default one: whatever is not bound by name ends up there."""
    for name, value in _daemon.env.items():
        monkeypatch.setenv(name, value)
    for name in ("room", "patient"):
        _daemon.plug(name)
        _daemon.pactl("set-sink-mute", name, "0")
        _daemon.pactl("set-sink-volume", name, "100%")
    _daemon.make_default("room")
    yield _daemon
    for name in list(_daemon._recorders):
        _daemon.recorded(name)
