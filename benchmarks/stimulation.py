"""Sets of the real room process on a virtual sound card and a simulated light bar: tone onsets, and the stop.

    python benchmarks/stimulation.py [--quick] [--seconds S] [--times N]

Needs PulseAudio (pulseaudio, pactl, parec). The onsets of `--seconds` of tones are found in what the card played, by
correlation with the tone, while as many processes as there are cores keep the machine busy; they are held against the
pattern, edge by edge. *Stop now* is measured from the message to the last sounding frame in the card (a steady tone;
blocks of 50 ms and the recorder's own delay included) and to the bar's first black picture. How long the client display
takes is in display.py, how soon the music is back after a kill in music.py.
"""

from __future__ import annotations

import argparse
import importlib
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

from kapconsole.bilateral import events as be
from kapconsole.bilateral.waves import tone_wave
from kapconsole.clock import SessionClock, new_frame
from kapconsole.lifeline import Orders, write_orders
from kapconsole.roomsetup import BarSetup, RoomSetup, write_setup
from kapconsole.wire import Beat, Did, Do, Goodbye, Hello, Hub, Message, Peer, Welcome, new_address
from kapdevices.lightbars.simulator import SimulatedBar
from kapdevices.simulate import SimulatorHost

RATE_HZ = 48_000
LEDS = 60
SET_S = 100.0
"""Sets have at most 120 cycles."""

SETTLED_S = 45.0
"""The output has run for a while before the first set, as it has in a session: its clock is known."""

SOUND = be.Sound(tone_hz=500.0, attack_ms=5.0, level_dbfs=-20.0)
STEADY = be.Sound(pan=be.Pan.CONTINUOUS, tone_hz=500.0, level_dbfs=-20.0)
PAUSE = threading.Event()  # never set: something to wait on


class Room:
    """The room process, the bar, and the monitor's end of the wire."""

    def __init__(self, folder: Path) -> None:
        self.bar = SimulatedBar(LEDS)
        self.began_s = time.monotonic()
        self.host = SimulatorHost(self.bar, link=folder / "bar")
        self.host.start()
        write_setup(RoomSetup(bar=BarSetup(port=str(folder / "bar"), leds=LEDS)))
        self.frame = new_frame()
        self.clock = SessionClock(self.frame)
        self.told: list[Any] = []
        orders = Orders(new_address(), self.frame, "bench", patient_out="PulseAudio: patient")
        self.hub = Hub(orders.address, self._received, lambda peer, why: None)
        self.process = subprocess.Popen([sys.executable, "-m", "kapconsole.room"], stdin=subprocess.PIPE)
        write_orders(cast(Any, self.process.stdin), orders)
        self._ended = threading.Event()
        self._beats = threading.Thread(target=self._beat, daemon=True)
        self._beats.start()
        wait_for(lambda: len(self.bar.shown) >= 3)
        self._set = 0

    def begin(self, sound: be.Sound, *channels: be.Channel, seconds: float = SET_S) -> int:
        """Ask for a set of 1 cycle/s and wait until it is delivered; its number."""
        self._set += 1
        now_us = self.clock.now_us()
        motion = be.Motion(ramp_in_cycles=0)
        plan = be.Plan(
            "bench",
            1,
            1.0,
            channels,
            cycles=max(1, min(120, round(seconds))),
            motion=motion,
            sound=sound,
            bar=be.Bar(leds=LEDS),
            start_us=now_us + 500_000,
        )
        self.send(Do(be.SetAsked(self._set, plan, "", None, now_us)))
        wait_for(lambda: self.has(be.SetBegan))
        return self._set

    def stop(self) -> None:
        """Stop now."""
        self.send(Do(be.StopAsked(self._set, be.StopKind.STOP_NOW, "", self.clock.now_us())))

    def delivered(self, timeout_s: float = 30.0) -> be.SetDelivered:
        """Its account."""
        wait_for(lambda: self.has(be.SetDelivered), timeout_s)
        return next(body for body in self.told if isinstance(body, be.SetDelivered) and body.set_id == self._set)

    def has(self, kind: type[Any]) -> bool:
        """True when the present set has said this."""
        return any(isinstance(body, kind) and body.set_id == self._set for body in list(self.told))

    def send(self, message: Message) -> None:
        """To the room."""
        for peer in self.hub.peers:
            peer.send(message)

    def close(self) -> None:
        """End it."""
        self.send(Goodbye("over"))
        self.process.wait(15)
        cast(Any, self.process.stdin).close()
        self._ended.set()
        self._beats.join()
        self.hub.close()
        self.host.close()

    def _received(self, peer: Peer, message: Message) -> None:
        if isinstance(message, Hello):
            peer.send(Welcome("bench", self.frame, ""))
        elif isinstance(message, Did):
            self.told.append(message.body)

    def _beat(self) -> None:
        while not self._ended.wait(0.1):
            self.send(Beat())


def wait_for(true: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Until `true()`; raises TimeoutError."""
    until_s = time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > until_s:
            raise TimeoutError
        PAUSE.wait(0.005)


def found(recorded: NDArray[np.float32], wave: NDArray[np.float32], passes: int) -> NDArray[np.float64]:
    """The frames at which the tones of so many passes begin; the first one by its level, the others by correlation."""
    loud = np.abs(recorded).max(axis=1) > 0.002
    first = int(np.argmax(loud))
    reach, at = 2400, []
    for number in range(passes):
        near = first + number * RATE_HZ // 2
        piece = recorded[max(0, near - reach) : near + reach + len(wave), 1 - number % 2]
        match = np.correlate(piece.astype(np.float64), wave.astype(np.float64), "valid")
        at.append(max(0, near - reach) + int(np.argmax(match)))
    return np.array(at, np.float64)


def onsets(room: Room, card: Any, seconds: float, busy: int) -> None:
    """Print how far the tones of `seconds` lie from the pattern, with `busy` processes beside."""
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: sum(range(10000))"]) for _ in range(busy)]
    wave = np.asarray(tone_wave(SOUND, SOUND.tone_ms / 1000, RATE_HZ))
    errors: list[NDArray[np.float64]] = []
    accounts = []
    left_s = seconds
    try:
        while left_s > 0:
            before = card.frames()
            room.begin(SOUND, be.Channel.AUDIO, be.Channel.BAR, seconds=min(SET_S, left_s))
            told = room.delivered(SET_S + 60.0)
            PAUSE.wait(0.5)
            at = found(card.recorded(before), wave, told.passes_delivered or 0)
            off = at - np.arange(len(at)) * RATE_HZ / 2
            errors.append(off - np.median(off))
            accounts.append(told)
            left_s -= SET_S
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    off_ms = np.concatenate(errors) * 1000 / RATE_HZ
    drift = max(abs(float(np.mean(each[-10:]) - np.mean(each[:10]))) for each in errors) * 1000 / RATE_HZ
    print(
        f"tone onsets against the pattern, {len(off_ms)} passes in {seconds:.0f} s, {busy} busy processes:\n"
        f"  in the card: SD {np.std(off_ms):.3f} ms, largest {np.abs(off_ms).max():.3f} ms, "
        f"first ten against last ten of a set {drift:.3f} ms"
    )
    for told in accounts:
        timing = told.tone_timing
        print(
            f"  the room's own account: {timing.count} tones, mean {timing.mean_ms:.3f}, SD {timing.sd_ms:.3f}, "
            f"largest {timing.max_ms:.3f} ms; {told.audio_underflows} underflows; bar {told.bar_frames_sent} frames, "
            f"{told.bar_frames_skipped} skipped; ended by {told.reason}"
        )


def stops(room: Room, card: Any, times: int) -> None:
    """Print how long it takes from the message to silence in the card and to the black bar."""
    silent, black = [], []
    for _ in range(times):
        room.begin(STEADY, be.Channel.AUDIO, be.Channel.BAR)
        wait_for(lambda: np.abs(card.recorded(card.frames() - 2400)).max(initial=0.0) > 0.06)
        shown, before, asked_s = len(room.bar.shown), card.frames(), time.monotonic()
        room.stop()
        told = room.delivered()
        PAUSE.wait(0.4)
        if told.reason is not be.StopReason.STOP_NOW:
            print(f"  one left out, it had ended before: {told.reason}, {told.text}")
            continue
        sounding = np.flatnonzero(np.abs(card.recorded(before)).max(axis=1) > 1e-4)
        silent.append(1000 * (sounding[-1] + 1) / RATE_HZ if len(sounding) else 0.0)
        dark = [each for each in room.bar.shown[shown:] if not any(each.picture)]
        black.append(1000 * (room.began_s + dark[0].at_s - asked_s))
        if any(any(each.picture) for each in room.bar.shown[room.bar.shown.index(dark[0]) :]):
            print("LIT AFTER A STOP")
    print(f"stop now, {len(silent)} times: silent in the card after", end=" ")
    print(f"median {np.median(silent):.0f} ms, worst {max(silent):.0f} ms;", end=" ")
    print(f"the bar black after median {np.median(black):.0f} ms, worst {max(black):.0f} ms")


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a guard against rot")
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--times", type=int, default=50)
    options = parser.parse_args()
    if any(shutil.which(tool) is None for tool in ("pulseaudio", "pactl", "parec")) or sys.platform == "win32":
        print("no virtual sound cards here: PulseAudio is not installed")
        return 0
    seconds, times = (6.0, 3) if options.quick else (options.seconds, options.times)
    folder = Path(tempfile.mkdtemp(prefix="kap-st"))
    os.environ["KAPCONSOLE_HOME"] = str(folder / "k")
    # The same private sound server as the music's benchmark; scripts of this folder are no package.
    card: Any = importlib.import_module("music").Card(folder)
    try:
        room = Room(folder)
        try:
            PAUSE.wait(0.0 if options.quick else SETTLED_S)
            onsets(room, card, seconds, os.cpu_count() or 2)
            stops(room, card, times)
        finally:
            room.close()
    finally:
        card.close()
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
