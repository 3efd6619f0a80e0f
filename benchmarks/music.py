"""The music on a virtual sound card: how soon it is back after a kill, how soon a stop is heard, gaps under load.

    python benchmarks/music.py [--quick] [--seconds S]

Needs PulseAudio (pulseaudio, pactl, parec); without it the decoding and mixing speeds alone are printed. The card is a
null sink of a private daemon with blocks of 50 ms: figures hold for the software, not for a loudspeaker. Every frame of
the test music carries its own number, so that a gap, a repeat or a skip cannot hide.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from kapconsole.clock import SessionClock, boot_id, new_frame
from kapconsole.cues.music import events as mu
from kapconsole.cues.music.library import Library, import_files
from kapconsole.cues.music.loudness import measure
from kapconsole.cues.music.plan import render
from kapconsole.cues.music.rendering import Files, whole_plan
from kapconsole.lifeline import Orders, write_orders
from kapconsole.room.named import open_sink
from kapconsole.room.patient_out import PatientOut
from kapconsole.sound.files import write_file
from kapconsole.wire import Did, Do, Goodbye, Hub, new_address

RATE_HZ = 48_000
Stereo = NDArray[np.float32]
PAUSE = threading.Event()  # never set: something to wait on


def wait_for(true: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Until `true()`; raises TimeoutError."""
    until_s = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > until_s:
            raise TimeoutError
        PAUSE.wait(0.005)


def numbered(first: int, count: int) -> Stereo:
    """Frames that carry their own number, below -6 dBFS."""
    frames = np.arange(first, first + count)
    return np.stack((((frames & 4095) + 1) / 16384, ((frames >> 12) + 1) / 131072), axis=1).astype(np.float32)


def numbers(recorded: Stereo) -> NDArray[np.int64]:
    """The numbers of recorded frames."""
    low = np.round(recorded[:, 0] * 16384).astype(int) - 1
    return np.asarray((np.round(recorded[:, 1] * 131072).astype(int) - 1) * 4096 + low)


class Card:
    """A private sound server with one card, "patient", that is being recorded."""

    def __init__(self, folder: Path) -> None:
        (folder / "client.conf").write_text("autospawn = no\nenable-shm = no\n")
        (folder / "cookie").write_bytes(bytes(256))
        os.environ.update(
            PULSE_SERVER=f"unix:{folder}/native",
            PULSE_RUNTIME_PATH=str(folder),
            PULSE_STATE_PATH=str(folder),
            PULSE_COOKIE=str(folder / "cookie"),
            PULSE_CLIENTCONFIG=str(folder / "client.conf"),
        )
        sink = f"sink_name=patient format=float32le rate={RATE_HZ} channels=2 norewinds=1"
        words = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no"]
        words += ["--high-priority=no", "--use-pid-file=no", f"--log-target=file:{folder}/log"]
        words += ["-L", f"module-native-protocol-unix auth-anonymous=1 socket={folder}/native"]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.daemon = subprocess.Popen(["pulseaudio", *words, "-L", f"module-null-sink {sink}"], **quiet)
        wait_for(lambda: b"patient" in subprocess.run(["pactl", "list", "sinks"], capture_output=True).stdout)
        self.file = folder / "patient.f32"
        words = ["-d", "patient.monitor", "--format=float32le", f"--rate={RATE_HZ}", "--channels=2", "--raw"]
        with self.file.open("wb") as stream:
            self.recorder = subprocess.Popen(["parec", *words, "--latency-msec=10"], stdout=stream)
        wait_for(lambda: self.file.stat().st_size > 0)

    def frames(self) -> int:
        """How many frames have been recorded."""
        return self.file.stat().st_size // 8

    def recorded(self, first: int = 0) -> Stereo:
        """Frames from `first` on."""
        data = self.file.read_bytes()[8 * first :]
        return np.frombuffer(data[: len(data) // 8 * 8], np.float32).reshape(-1, 2)

    def close(self) -> None:
        """End recorder and server."""
        for process in (self.recorder, self.daemon):
            process.terminate()
            process.wait(10)


class Tone:
    """A source of 1 kHz."""

    def render(self, first_frame: int, frames: int) -> Stereo:
        """See `patient_out.Source`."""
        wave = 0.2 * np.sin(2 * np.pi * 1000 * np.arange(first_frame, first_frame + frames) / RATE_HZ)
        return np.stack((wave, wave), axis=1).astype(np.float32)


def longer(card: Card, frames: int) -> bool:
    """True when more than so many frames have been recorded."""
    return card.frames() > frames


def sounds(card: Card, first: int) -> bool:
    """True when there is sound after frame `first`."""
    return bool(np.abs(card.recorded(first)).max(initial=0.0) > 1e-5)


def stops(card: Card, runs: int) -> None:
    """Print how long a tone is still in the card after `stop_now` was called."""
    out = PatientOut("PulseAudio: patient", SessionClock(new_frame()), open_sink)
    out.start(lambda first, count: np.zeros((count, 2), np.float32))
    took = []
    for _ in range(runs):
        out.add(Tone())
        wait_for(lambda: np.abs(card.recorded(card.frames() - 2400)).max(initial=0.0) > 0.19)
        before, asked_s = card.frames(), time.monotonic()
        out.stop_now()
        called_s = time.monotonic() - asked_s
        wait_for(functools.partial(longer, card, before + RATE_HZ // 2))
        sounding = np.flatnonzero(np.abs(card.recorded(before)).max(axis=1) > 1e-4)
        took.append((1000 * (sounding[-1] + 1) / RATE_HZ if len(sounding) else 0.0, 1000 * called_s))
    out.close()
    heard = [each for each, _ in took]
    print(f"stop_now to silence in the card, {runs} times, the recorder's own delay included:", end=" ")
    print(f"median {np.median(heard):.0f} ms, worst {max(heard):.0f} ms; the call {max(c for _, c in took):.1f} ms")


def load(processes: int) -> list[subprocess.Popen[bytes]]:
    """Processes that keep the cores busy."""
    return [subprocess.Popen([sys.executable, "-c", "while True: sum(range(10000))"]) for _ in range(processes)]


def gaps(card: Card, seconds: float, busy: int) -> None:
    """Print the gaps of `seconds` of numbered frames while `busy` processes keep the cores from us."""
    out = PatientOut("PulseAudio: patient", SessionClock(new_frame()), open_sink)
    first = card.frames()
    out.start(numbered)
    wait_for(lambda: np.abs(card.recorded(card.frames() - 2400)).max(initial=0.0) > 0)
    hogs = load(busy)
    PAUSE.wait(seconds)
    for hog in hogs:
        hog.kill()
        hog.wait()
    counted = out.gaps
    out.close()
    recorded = card.recorded(first)
    sounding = np.flatnonzero(recorded[:, 0] > 0)
    steps = np.diff(numbers(recorded[sounding[0] : sounding[-1] + 1]))
    print(f"{seconds:.0f} s with {busy} busy processes: {np.count_nonzero(steps != 1)} breaks, {counted} gaps counted")


def killed(card: Card, folder: Path, runs: int) -> None:
    """Print how long it takes from the kill of the room process until its successor is heard."""
    write_file(folder / "n.flac", numbered(0, 120 * RATE_HZ), "PCM_24")
    entries, _ = import_files(Library(), [folder / "n.flac"])
    track = mu.Track(entries[0].id, "n", entries[0].frames, 0.0)
    chosen = mu.PlaylistChosen("n", 8.0, (mu.Segment("opening", 30.0, (track,)),), 0)
    heard: list[object] = []
    orders = Orders(new_address(), new_frame(), "bench", patient_out="PulseAudio: patient")
    hub = Hub(orders.address, lambda peer, message: heard.append(message), lambda peer, why: None)
    silent, lost = [], []
    process = start(orders)
    wait_for(lambda: hub.peers)
    for body in (chosen, mu.MusicAsked("volume", 0, volume_db=0.0), mu.MusicAsked("play", 0)):
        hub.peers[0].send(Do(body))
    wait_for(lambda: any(isinstance(each, Did) and isinstance(each.body, mu.MusicPlaying) for each in heard))
    for _ in range(runs):
        first = card.frames()
        PAUSE.wait(7.0)
        process.kill()
        process.wait()
        cast(Any, process.stdin).close()
        forget_deaths()  # or the third within five minutes would stay silent
        process = start(orders)
        broken = card.frames()
        wait_for(functools.partial(sounds, card, broken + RATE_HZ // 5))
        PAUSE.wait(6.0)
        recorded = card.recorded(first)
        sounding = np.flatnonzero(np.abs(recorded).max(axis=1) > 1e-5)
        longest = int(np.argmax(np.diff(sounding)))
        last, again = int(sounding[longest]), int(sounding[longest + 1])
        place = int(numbers(recorded[-1:])[0]) - (len(recorded) - 1 - again)
        broke_off = int(numbers(recorded[last - RATE_HZ : last - RATE_HZ + 1])[0]) + RATE_HZ
        silent.append((again - last) / RATE_HZ)
        lost.append((broke_off - place) / RATE_HZ)
    for peer in hub.peers:
        peer.send(Goodbye("over"))
    process.wait(10)
    cast(Any, process.stdin).close()
    hub.close()
    print(f"kill of the room to music back, {runs} times: {', '.join(f'{each:.2f}' for each in silent)} s of silence;")
    print(f"  it goes on {', '.join(f'{each:.1f}' for each in lost)} s before the place where it broke off")


def start(orders: Orders) -> subprocess.Popen[bytes]:
    """A room process."""
    process = subprocess.Popen([sys.executable, "-m", "kapconsole.room"], stdin=subprocess.PIPE)
    write_orders(cast(Any, process.stdin), orders)
    return process


def forget_deaths() -> None:
    """As if the last deaths lay long ago."""
    from kapconsole.paths import state_dir
    from kapconsole.room.keeping import Keeper

    keeper = Keeper(state_dir() / "room.json", "bench", boot_id())
    while keeper.kept.started_ns:
        keeper.ended_well()


def speeds(folder: Path, seconds: float) -> None:
    """Print how much faster than life loudness is measured, and a crossfade decoded and mixed."""
    noise = np.random.default_rng(1).normal(0, 0.05, (round(seconds * RATE_HZ), 2)).astype(np.float32)
    paths = [folder / f"{name}.flac" for name in "ab"]
    for number, path in enumerate(paths):
        write_file(path, noise * (1.0 - 0.1 * number), "PCM_24")
    began_s = time.perf_counter()
    measure((noise[at : at + RATE_HZ] for at in range(0, len(noise), RATE_HZ)), RATE_HZ)
    print(f"loudness: {seconds / (time.perf_counter() - began_s):.0f} x real time")
    library = Library()
    entries, _ = import_files(library, paths)
    tracks = tuple(mu.Track(entry.id, entry.title, entry.frames, entry.gain_db) for entry in entries)
    plan, end = whole_plan(mu.PlaylistChosen("x", 8.0, (mu.Segment("opening", 1.0, tracks),), 0))
    files = Files(library)
    began_s = time.perf_counter()
    for at in range(0, end, RATE_HZ // 10):
        render(plan, files.read, at, RATE_HZ // 10)
    print(f"decoding and mixing in blocks of 0.1 s: {end / RATE_HZ / (time.perf_counter() - began_s):.0f} x real time")
    files.close()


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a guard against rot")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each load")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kap-m"))
    os.environ["KAPCONSOLE_HOME"] = str(folder / "k")
    try:
        speeds(folder, 10.0 if options.quick else 60.0)
        if any(shutil.which(tool) is None for tool in ("pulseaudio", "pactl", "parec")):
            print("no PulseAudio here: nothing could be played")
            return 0
        card = Card(folder)
        try:
            stops(card, 2 if options.quick else 20)
            for busy in (0, 4) if not options.quick else (4,):
                gaps(card, 3.0 if options.quick else options.seconds, busy)
            killed(card, folder, 1 if options.quick else 5)
        finally:
            card.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
