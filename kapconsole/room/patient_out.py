"""The patient's sound: music and whatever else is placed by frame, mixed seconds ahead, rewritten when it changes.

One thread mixes. The music alone is kept for as long as it can still be rewritten, so that `stop_now` needs no file
and no decoder: it takes the stimulation out of what waits already. A device that goes away leaves silence; the stream
runs on unheard, and is faded in when the device is back. No other device is ever taken in its stead.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

import msgspec
import numpy as np

from kapconsole.clock import SessionClock
from kapconsole.cues.music.plan import SILENCE_DB, Envelope, Piece, Stereo, amplitude, curve, turned
from kapconsole.room.frames import FrameMap
from kapconsole.room.sinks import RATE_HZ, NullSink, Samples, Sink
from kapconsole.sound.outputs import NoOutput

log = logging.getLogger("kapconsole.room")

AHEAD = 3 * RATE_HZ
KEPT = 8 * RATE_HZ
BLOCK = RATE_HZ // 10
TURN_S = 0.05
PAIR_EVERY_S = 0.5
CLOSE_US = 300
LOOK_EVERY_S = 0.1
REOPEN_EVERY_S = 1.0
BACK_S = 5.0
STOP_S = 0.02
"""The ramp of `stop_now`: shorter would click."""

MUSIC_PEAK_DBFS = -6.0
TONES_PEAK_DBFS = -12.0
GUARD_DBFS = -1.0


class Source(Protocol):
    """Something besides the music, placed by frame: a pure function of it."""

    def render(self, first_frame: int, frames: int) -> Stereo:
        """The frames from `first_frame` on, float32, shape (frames, 2). Called from the mixing thread and others."""
        ...


class _Playing:
    """A source that is being mixed, and its gate."""

    def __init__(self, source: Source, cap: float, first_channel: int, frame: int) -> None:
        self.source = source
        self.cap = cap
        self.first_channel = first_channel
        self.gate: Envelope = (Piece(frame, 0, 0.0, 0.0),)
        self.ends: int | None = None


class OutState(msgspec.Struct, frozen=True):
    """`state`: playing, silent, lost, none. `volume`: the system's own for this device, 1 is full; None: unknown."""

    name: str
    state: str
    text: str
    volume: float | None = None


Open = Callable[[str, int], Sink]


class PatientOut:
    """The stream to the patient's ears. `name` empty: none is set, and everything runs unheard."""

    def __init__(
        self,
        name: str,
        clock: SessionClock,
        open_sink: Open,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.name = name
        self.frames = FrameMap(clock.frame.speed)
        self.gaps = 0
        """How often the device ran out of frames."""
        self.guarded = 0
        """Samples that the last guard had to hold back: above 0 means a mistake somewhere."""
        self.tones_peak_dbfs = TONES_PEAK_DBFS
        """No source is louder than this; lowered by a calibration."""
        self._clock = clock
        self._open_sink = open_sink
        self._monotonic_ns = monotonic_ns
        self._music: Callable[[int, int], Stereo] | None = None
        self._kept = np.zeros((KEPT, 2), np.float32)
        self._playing: list[_Playing] = []
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._anew = self._mixing = False
        self._fade: Envelope = (Piece(0, 0, 0.0, 0.0),)
        self._sink: Sink = NullSink(name, 0, monotonic_ns)
        self._written = 0
        self._reopen_s = self._looked_s = self._paired_s = -1e9
        self.state = OutState(name, "none", "no patient output is set: the music runs unheard" if not name else "")
        self._lost_once = False
        if name:
            self._reopen(monotonic_ns() / 1e9)
        self._written = self._sink.earliest()
        self.frames.add(self._sink.heard(), clock.now_us())
        self._thread = threading.Thread(target=self._run, name="patient-out", daemon=True)

    def start(self, music: Callable[[int, int], Stereo]) -> None:
        """Begin to mix; `music(first, count)` gives the music and may wait for a file."""
        self._music = music
        self._thread.start()

    # -- from any thread --------------------------------------------------------------------------------------------

    def heard(self) -> int:
        """The frame at the ear now."""
        with self._lock:
            return self._sink.heard()

    def earliest(self) -> int:
        """The first frame that can still be changed."""
        with self._lock:
            return self._sink.earliest()

    def written(self) -> int:
        """Up to where everything has been mixed."""
        return self._written

    def use_clock(self, clock: SessionClock) -> None:
        """Session time is counted by this clock from now on: the monitor's word counts, once it is heard."""
        with self._lock:
            self._clock = clock
            self.frames.restart(clock.frame.speed)
            self.frames.add(self._sink.heard(), clock.now_us())

    def changed(self) -> None:
        """Music or sources are not what they were: mix again what has not been heard."""
        self._anew = True
        self._wake.set()

    def add(self, source: Source, peak_dbfs: float = TONES_PEAK_DBFS, first_channel: int = 0) -> None:
        """Mix a source in from now on, held below `peak_dbfs`. `first_channel` 2: the tactile pair."""
        with self._lock:
            # Pulses go to the hands: the ceiling is that of the ears.
            cap = amplitude(min(peak_dbfs, GUARD_DBFS if first_channel else self.tones_peak_dbfs))
            self._playing.append(_Playing(source, cap, first_channel, self._sink.earliest()))
        self.changed()

    def stop_now(self) -> int:
        """Take all sources out within 100 ms and leave the music alone. The frame from which they are silent."""
        with self._lock:
            return self._stop()

    @property
    def has_tactile(self) -> bool:
        """True where the device has a third and a fourth channel and they were asked for."""
        return self._sink.channels >= 4

    def close(self) -> None:
        """End the thread and give the device back."""
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._sink.close()

    # -- mixing -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._turn()
            except Exception:  # the patient's sound must not end because of one block
                log.exception("a block could not be mixed")
            self._wake.wait(TURN_S)
            self._wake.clear()

    def _turn(self) -> None:
        self._watch(self._monotonic_ns() / 1e9)
        if self._anew:
            self._anew = False
            self._mix(self.earliest(), self._written)
        with self._lock:
            earliest, heard = self._sink.earliest(), self._sink.heard()
            if self._written < earliest:
                self.gaps += self._mixing
                self._written = earliest
        while self._written < heard + AHEAD and not self._anew and not self._ended.is_set():
            self._mix(self._written, self._written + BLOCK)
        self._mixing = self._mixing or self._written >= heard + AHEAD  # before that there was nothing to break off

    def _mix(self, first: int, end: int) -> None:
        for begin in range(first, end, BLOCK):
            count = min(BLOCK, end - begin)
            music = self._music(begin, count) if self._music else np.zeros((count, 2), np.float32)
            with self._lock:
                self._keep(begin, music)
                self._sink.put(begin, self._composed(begin, count))
                self._written = max(self._written, begin + count)

    def _keep(self, first: int, music: Stereo) -> None:
        music = np.nan_to_num(music, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        peak = amplitude(MUSIC_PEAK_DBFS)
        np.clip(music, -peak, peak, out=music)
        self._kept[np.arange(first, first + len(music)) % KEPT] = music

    def _composed(self, first: int, count: int) -> Samples:
        """What the device gets, from the music that is kept and the sources; under the lock."""
        out = np.zeros((count, self._sink.channels), np.float32)
        out[:, :2] = self._kept[np.arange(first, first + count) % KEPT]
        for each in self._playing:
            if each.first_channel + 2 > self._sink.channels:
                continue
            tones = np.nan_to_num(np.asarray(each.source.render(first, count), np.float32))
            gate = curve(each.gate, first, count).astype(np.float32)[:, np.newaxis]
            out[:, each.first_channel : each.first_channel + 2] += np.clip(tones, -each.cap, each.cap) * gate
        out *= curve(self._fade, first, count)[:, np.newaxis].astype(np.float32)
        guard = amplitude(GUARD_DBFS)
        over = int(np.count_nonzero(np.abs(out) > guard))
        if over:
            self.guarded += over
            np.clip(out, -guard, guard, out=out)
        return out

    def _stop(self) -> int:
        first = self._sink.earliest()
        ends = first + round(STOP_S * RATE_HZ)
        for each in self._playing:
            if each.ends is None:
                each.gate = turned(each.gate, first, SILENCE_DB, ends - first)
                each.ends = ends
        for begin in range(first, self._written, BLOCK):
            count = min(BLOCK, self._written - begin)
            self._sink.put(begin, self._composed(begin, count))
        return ends

    # -- the device -------------------------------------------------------------------------------------------------

    def _watch(self, now_s: float) -> None:
        with self._lock:
            heard = self._sink.heard()
            self._playing = [each for each in self._playing if each.ends is None or each.ends > heard]
            if now_s - self._paired_s >= PAIR_EVERY_S:
                before_us = self._clock.now_us()
                heard = self._sink.heard()
                between_us = self._clock.now_us() - before_us
                # A reading that took long says little of when it was true; the next turn tries again.
                if between_us <= CLOSE_US * self._clock.frame.speed or now_s - self._paired_s >= 2 * PAIR_EVERY_S:
                    self._paired_s = now_s
                    self.frames.add(heard, before_us + between_us // 2)
            unheard = isinstance(self._sink, NullSink)
            if unheard or now_s - self._looked_s < LOOK_EVERY_S:
                look = None
            else:
                self._looked_s = now_s
                look = self._sink.look(now_s)
        if unheard:
            if self.name and now_s - self._reopen_s >= REOPEN_EVERY_S:
                self._reopen(now_s)
        elif look is not None and look.lost:
            with self._lock:
                self._lose(look.text)
        elif look is not None:
            self.state = OutState(self._sink.name, "silent" if look.text else "playing", look.text, look.volume)

    def _lose(self, words: str) -> None:
        """The device is gone: nothing is heard, and what was placed by frame is over."""
        for each in self._playing:
            each.ends = 0
        heard = self._sink.heard()
        self._sink.close()
        self._use(NullSink(self.name, heard, self._monotonic_ns))
        self.state = OutState(self.name, "lost", words)
        self._lost_once = True

    def _reopen(self, now_s: float) -> None:
        """Try the named device, and no other. Not under the lock: a server may take its time to answer."""
        self._reopen_s = now_s
        try:
            sink = self._open_sink(self.name, self._sink.heard())
        except NoOutput as trouble:
            self.state = OutState(self.name, "lost", str(trouble))
            self._lost_once = True
            return
        with self._lock:
            self._sink.close()
            if self._lost_once:
                self._fade = (Piece(sink.earliest(), round(BACK_S * RATE_HZ), SILENCE_DB, 0.0),)
            self._use(sink)
        self.state = OutState(sink.name, "playing", "")

    def _use(self, sink: Sink) -> None:
        self._sink = sink
        self.frames.restart()
        self.frames.add(sink.heard(), self._clock.now_us())
        self._written = sink.earliest()
        self._mixing = False
