"""The room process itself, on virtual sound cards: killed, unplugged, moved, with a spoilt file; alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from kapconsole.clock import new_frame
from kapconsole.cues.music import events as mu
from kapconsole.cues.music.library import Library, import_files
from kapconsole.lifeline import Orders, write_orders
from kapconsole.sound.files import write_file
from kapconsole.wire import Did, Do, Goodbye, Hub, Message, Peer, new_address

RATE_HZ = 48_000
Stereo = NDArray[np.float32]


def wait_for(true: Callable[[], object], timeout_s: float = 15.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.01)  # noqa: TID251


def numbered(count: int) -> Stereo:
    frames = np.arange(count)
    return np.stack((((frames & 4095) + 1) / 16384, ((frames >> 12) + 1) / 131072), axis=1).astype(np.float32)


def numbers(recorded: Stereo) -> NDArray[np.int64]:
    low = np.round(recorded[:, 0] * 16384).astype(int) - 1
    return (np.round(recorded[:, 1] * 131072).astype(int) - 1) * 4096 + low


def sine(hz: float, seconds: float) -> Stereo:
    """Softer than the target of the loudness, so that it is played as it is."""
    wave = 0.05 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)
    return np.stack((wave, wave), axis=1).astype(np.float32)


def level_at(recorded: Stereo, hz: float) -> float:
    wave = recorded[:, 0]
    return float(2 * abs(np.exp(-2j * np.pi * hz / RATE_HZ * np.arange(len(wave))) @ wave) / max(1, len(wave)))


class Room:
    """A room process and the monitor's end of its wire."""

    def __init__(self, patient_out: str) -> None:
        self.heard: list[mu.MusicBody] = []
        self.orders = Orders(new_address(), new_frame(), "s1", patient_out=patient_out, alarm_out="PulseAudio: room")
        self.hub: Hub | None = Hub(self.orders.address, self._received, lambda peer, why: None)
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-m", "kapconsole.room"], stdin=subprocess.PIPE)
        write_orders(cast(Any, process.stdin), self.orders)
        return process

    def again(self) -> None:
        """What the launcher does."""
        cast(Any, self.process.stdin).close()
        self.process = self.start()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)

    def do(self, *bodies: Any) -> None:
        assert self.hub is not None
        wait_for(lambda: self.hub is not None and self.hub.peers)
        for body in bodies:
            self.hub.peers[0].send(Do(body))

    def said(self, kind: type[Any], **values: object) -> list[Any]:
        """Bodies of one kind with these values."""
        found = [each for each in self.heard if isinstance(each, kind)]
        return [each for each in found if all(getattr(each, name) == value for name, value in values.items())]

    def _received(self, peer: Peer, message: Message) -> None:
        if isinstance(message, Did):
            self.heard.append(cast(Any, message.body))

    def lose_monitor(self) -> None:
        if self.hub is not None:
            self.hub.close()
            self.hub = None

    def close(self) -> None:
        if self.hub is not None:
            for peer in self.hub.peers:
                peer.send(Goodbye("over"))
        else:
            self.process.terminate()
        self.process.wait(10)
        with contextlib.suppress(OSError):
            cast(Any, self.process.stdin).close()
        self.lose_monitor()


@pytest.fixture
def room(cards: Any) -> Iterator[Room]:
    made = Room("PulseAudio: patient")
    yield made
    made.close()


def playlist(folder: Path, **pieces: Stereo) -> mu.PlaylistChosen:
    """A playlist of one segment with these tracks, gapless, imported; 24 bits keep the numbers exact."""
    paths = []
    for name, samples in pieces.items():
        paths.append(folder / f"{name}.flac")
        write_file(paths[-1], samples, "PCM_24")
    entries, findings = import_files(Library(), paths)
    assert not findings
    tracks = tuple(mu.Track(entry.id, entry.title, entry.frames, entry.gain_db) for entry in entries)
    return mu.PlaylistChosen("test", 2.0, (mu.Segment("opening", 30.0, tracks),), 0)


def play(room: Room, chosen: mu.PlaylistChosen) -> None:
    room.do(chosen, mu.MusicAsked("volume", 0, volume_db=0.0), mu.MusicAsked("play", 0))
    wait_for(lambda: room.said(mu.MusicPlaying))


def test_killed_it_is_back_at_the_same_place_and_softly(cards: Any, room: Room, tmp_path: Path) -> None:
    play(room, playlist(tmp_path, numbers=numbered(60 * RATE_HZ)))
    cards.record("patient", "room")
    wait_for(lambda: len(cards.so_far("patient")) > 5 * RATE_HZ)
    room.kill()
    before = cards.so_far("patient")
    room.again()
    wait_for(lambda: len(cards.so_far("patient")) > len(before) + 9 * RATE_HZ, 60)
    recorded, other = cards.recorded("patient"), cards.recorded("room")
    sounding = np.flatnonzero(np.abs(recorded).max(axis=1) > 1e-5)
    silence = int(np.argmax(np.diff(sounding) > RATE_HZ // 10))
    last, first = int(sounding[silence]), int(sounding[silence + 1])
    assert last < first
    # Where it went on: counted back from after the fade of 5 s, when the numbers can be read again.
    place = int(numbers(recorded[-1:])[0]) - (len(recorded) - 1 - first)
    broke_off = int(numbers(recorded[last - RATE_HZ : last - RATE_HZ + 1])[0]) + RATE_HZ
    assert 2.5 < (broke_off - place) / RATE_HZ < 4.6
    loudest = np.abs(recorded[first : first + RATE_HZ // 2]).max()
    assert loudest < 0.01, "it begins softly"
    assert not other.any()
    wait_for(lambda: room.said(mu.MusicFaded, what="again"))


def test_unplugged_it_is_silent_everywhere_and_comes_back_softly(cards: Any, room: Room, tmp_path: Path) -> None:
    play(room, playlist(tmp_path, sine=sine(500.0, 60)))
    cards.record("room")
    cards.unplug("patient")
    wait_for(lambda: room.said(mu.PatientOutput, state="lost"))
    assert "is gone" in room.said(mu.PatientOutput, state="lost")[-1].text
    assert cards.streams() == []
    cards.plug("patient")
    cards.record("patient")
    count = len(room.said(mu.PatientOutput, state="playing"))
    wait_for(lambda: len(room.said(mu.PatientOutput, state="playing")) > count)
    wait_for(lambda: level_at(cards.so_far("patient")[-RATE_HZ:], 500.0) > 0.005)
    recorded = cards.recorded("patient")
    first = int(np.argmax(np.abs(recorded).max(axis=1) > 1e-5))
    assert np.abs(recorded[first : first + RATE_HZ // 2]).max() < 0.01
    assert not cards.recorded("room").any()


def test_neither_another_default_nor_a_person_moves_it_to_the_room(cards: Any, room: Room, tmp_path: Path) -> None:
    play(room, playlist(tmp_path, sine=sine(500.0, 60)))
    wait_for(lambda: len(cards.streams()) == 1)
    for name in ("patient", "room", "patient"):
        cards.make_default(name)
        assert cards.streams()[0][1] == cards.number("patient")
    # Only now: the recorders would be moved with the default source.
    cards.record("room", "patient")
    said = cards.pactl("move-sink-input", cards.streams()[0][0], "room")
    assert "Failure" in said
    begun = len(cards.so_far("patient"))
    wait_for(lambda: len(cards.so_far("patient")) > begun + 4 * RATE_HZ)
    assert cards.streams()[0][1] == cards.number("patient")
    assert level_at(cards.recorded("patient")[-RATE_HZ:], 500.0) > 0.04
    assert not cards.recorded("room").any()


def test_what_somebody_has_muted_is_told(cards: Any, room: Room, tmp_path: Path) -> None:
    play(room, playlist(tmp_path, sine=sine(500.0, 60)))
    cards.pactl("set-sink-mute", "patient", "1")
    wait_for(lambda: room.said(mu.PatientOutput, state="silent"))
    assert "muted" in room.said(mu.PatientOutput, state="silent")[0].text
    cards.pactl("set-sink-mute", "patient", "0")
    wait_for(lambda: room.said(mu.PatientOutput)[-1].state == "playing")


def test_a_file_spoilt_in_the_middle_is_left_before_that_without_a_burst(
    cards: Any, room: Room, tmp_path: Path
) -> None:
    chosen = playlist(tmp_path, first=sine(500.0, 18), second=sine(750.0, 30))
    path = tmp_path / "first.flac"
    status = path.stat()
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 20_000] = bytes(np.random.default_rng(1).integers(0, 256, 20_000, np.uint8))
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # nobody noticed
    cards.record("patient")
    play(room, chosen)
    wait_for(lambda: room.said(mu.MusicTrouble, what="track"))
    wait_for(lambda: room.said(mu.MusicPlaying, title="second"), 40)
    wait_for(lambda: level_at(cards.so_far("patient")[-RATE_HZ:], 750.0) > 0.04, 20)
    recorded = cards.recorded("patient")
    assert np.abs(recorded).max() < 0.072, "two sines of 0.05 in a crossfade, and no more"
    powers = [
        float((recorded[at : at + 4800] ** 2).mean()) for at in range(round(4.5 * RATE_HZ), len(recorded) - 4800, 4800)
    ]
    assert min(powers) > 0.25 * max(powers), "no hole"


def test_without_a_monitor_it_plays_on_and_tells_everything_later(cards: Any, room: Room, tmp_path: Path) -> None:
    play(room, playlist(tmp_path, one=sine(500.0, 5), two=sine(750.0, 30)))
    address = room.orders.address
    room.lose_monitor()
    cards.record("patient")
    wait_for(lambda: level_at(cards.so_far("patient")[-RATE_HZ:], 750.0) > 0.04, 25)
    assert not room.said(mu.MusicPlaying, title="two")
    room.hub = Hub(address, room._received, lambda peer, why: None)
    wait_for(lambda: room.said(mu.MusicPlaying, title="two", why="next"))


def test_after_three_deaths_within_five_minutes_it_stays_silent_until_asked(
    cards: Any, room: Room, tmp_path: Path
) -> None:
    play(room, playlist(tmp_path, sine=sine(500.0, 60)))
    for _ in range(3):
        count = len(room.said(mu.PatientOutput))
        time.sleep(1.2)  # noqa: TID251  # the position is kept once a second
        room.kill()
        room.again()
        wait_for(lambda count=count: len(room.said(mu.PatientOutput)) > count)
    wait_for(lambda: room.said(mu.MusicTrouble, what="restarts"))
    count = len(room.said(mu.MusicPlaying))
    room.do(mu.MusicAsked("play", 0))
    wait_for(lambda: len(room.said(mu.MusicPlaying)) > count)


def test_with_no_output_set_the_music_runs_unheard_in_real_time(home: Path, tmp_path: Path) -> None:
    room = Room("")
    try:
        play(room, playlist(tmp_path, one=sine(500.0, 6), two=sine(750.0, 30)))
        wait_for(lambda: room.said(mu.MusicPlaying, title="two", why="next"))
        one, two = room.said(mu.MusicPlaying)[0], room.said(mu.MusicPlaying, title="two", why="next")[0]
        assert (two.at_us - one.at_us) / 1e6 == pytest.approx(4.0, abs=0.1)
        assert room.said(mu.PatientOutput)[0].state == "none"
    finally:
        room.close()
