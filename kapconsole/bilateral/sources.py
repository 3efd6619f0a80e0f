"""Tones and pulses of a set as sound, placed by sample: any stretch of it may be rendered, in any order.

Frame numbers are those of the output stream. `start_frame` is the frame at which the set's first moment is heard;
`true_hz` is how many frames the card really plays in a second of session time, where that was measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from kapconsole.bilateral.caps import PASS_SHARE
from kapconsole.bilateral.events import Channel, Pan, PulseAt, SoundAt, Timbre
from kapconsole.bilateral.stimulus import STOP_RELEASE_S, Stimulus
from kapconsole.bilateral.waves import Samples, pulse_wave, tone_wave, triangle

RATE_HZ = 48_000
START_RAMP_S = 1.0
"""Every set's sound swells so long (bilateral reference, section 5.2)."""
LEVEL_RAMP_S = 0.05
FAR_EAR = 0.15 / 0.85
"""What the far ear gets of a tone that is 70 % to one side."""
OFF_PHASE = (0.25, 0.75)
"""Between which shares of the travel an off-phase tone begins: so that two never overlap."""


def onset_s(stimulus: Stimulus, at: SoundAt | PulseAt, number: int) -> float:
    """When the tone or pulse of pass `number` begins, in seconds since the set's start."""
    pattern = stimulus.pattern
    match at:
        case SoundAt.EDGE | PulseAt.EDGE:
            return pattern.edge_s(number + 1)
        case SoundAt.MIDLINE | PulseAt.MIDLINE:
            return pattern.midline_s(number)
        case SoundAt.OFF_PHASE:
            share = OFF_PHASE[0] + (OFF_PHASE[1] - OFF_PHASE[0]) * _chance(stimulus.plan.sound.seed, number)
            return pattern.share_s(number, share)


def sounds(stimulus: Stimulus, channel: Channel, onset: float, number: int) -> bool:
    """Whether pass `number` has its tone or pulse: the pass is of the set, the channel on, no stop before it."""
    pattern = stimulus.pattern
    last, stop_s = pattern.last_edge, pattern.stop_s
    if number < 0 or (last is not None and number >= last) or (stop_s is not None and onset >= stop_s):
        return False
    return channel in stimulus.channels_at(onset)


class _Placed:
    """Waves at the frames of their onsets, each pass to the side that the light is heading for."""

    def __init__(
        self,
        stimulus: Stimulus,
        channel: Channel,
        at: SoundAt | PulseAt,
        length_s: float,
        offset_s: float,
        make: Callable[[float], Samples],
        rate_hz: int,
        start_frame: int,
        true_hz: float | None,
    ) -> None:
        self.stimulus = stimulus
        self.rate_hz = rate_hz
        self.start_frame = start_frame
        self.true_hz = rate_hz if true_hz is None else true_hz
        self._channel, self._at, self._length_s, self._offset_s = channel, at, length_s, offset_s
        self._make = make
        self._waves: dict[int, Samples] = {}

    def onset_frame(self, number: int) -> int | None:
        """The frame at which the tone or pulse of pass `number` begins; None where it has none."""
        onset = onset_s(self.stimulus, self._at, number)
        if not sounds(self.stimulus, self._channel, onset, number):
            return None
        return self._frame(onset)

    def _frame(self, at_s: float) -> int:
        return self.start_frame + math.floor((at_s + self._offset_s) * self.true_hz + 0.5)

    def _seconds(self, frame: int) -> float:
        return (frame - self.start_frame) / self.true_hz - self._offset_s

    def _times(self, first_frame: int, frames: int) -> NDArray[np.float64]:
        frame = np.arange(first_frame, first_frame + frames, dtype=np.float64)
        times: NDArray[np.float64] = (frame - self.start_frame) / self.true_hz - self._offset_s
        return times

    def _wave(self, number: int) -> Samples:
        """Never longer than its share of the pass, also when the rate has become higher."""
        length_s = min(self._length_s, PASS_SHARE * self.stimulus.pattern.pass_s(number))
        frames = round(length_s * self.rate_hz)
        if frames not in self._waves:
            self._waves[frames] = self._make(length_s)
        return self._waves[frames]

    def _place(self, out: NDArray[np.float32], first_frame: int, gains: Callable[[int], tuple[float, float]]) -> None:
        frames = len(out)
        pattern = self.stimulus.pattern
        first = pattern.under_way(self._seconds(first_frame) - self._length_s) - 1
        last = pattern.under_way(self._seconds(first_frame + frames)) + 1
        if pattern.last_edge is not None:
            last = min(last, pattern.last_edge - 1)
        for number in range(max(0, first), last + 1):
            onset = self.onset_frame(number)
            if onset is None:
                continue
            wave = self._wave(number)
            begin, end = max(onset, first_frame), min(onset + len(wave), first_frame + frames)
            if begin < end:
                piece = wave[begin - onset : end - onset]
                for side, gain in enumerate(gains(number)):
                    out[begin - first_frame : end - first_frame, side] += np.float32(gain) * piece

    def _release(self, out: NDArray[np.float32], first_frame: int) -> None:
        """Fade what sounds at *stop now*, and have silence after it."""
        stop_s = self.stimulus.pattern.stop_s
        if stop_s is None:
            return
        stop = self._frame(max(stop_s, 0.0))
        if first_frame + len(out) <= stop:
            return
        since = np.arange(first_frame, first_frame + len(out)) - stop
        gone = np.clip(since / (STOP_RELEASE_S * self.rate_hz), 0.0, 1.0)
        out *= ((1 + np.cos(np.pi * gone)) / 2).astype(np.float32)[:, None]
        out[gone >= 1.0] = 0.0


class ToneSource(_Placed):
    """The tones of a set, for the patient's headphones."""

    def __init__(
        self,
        stimulus: Stimulus,
        rate_hz: int = RATE_HZ,
        start_frame: int = 0,
        true_hz: float | None = None,
        file: Samples | None = None,
    ) -> None:
        """`file`: the samples of the timbre FILE at `rate_hz`. Raises SoundFileTrouble when rendered without them."""
        sound = stimulus.plan.sound
        super().__init__(
            stimulus,
            Channel.AUDIO,
            sound.at,
            sound.tone_ms / 1000,
            stimulus.plan.offsets.audio_ms / 1000,
            lambda length_s: tone_wave(sound, length_s, rate_hz, file),
            rate_hz,
            start_frame,
            true_hz,
        )

    def onset_frame(self, number: int) -> int | None:
        """As for every source; a steady tone has no onsets."""
        return None if self.stimulus.plan.sound.pan is Pan.CONTINUOUS else super().onset_frame(number)

    def render(self, first_frame: int, frames: int) -> NDArray[np.float32]:
        """Frames `first_frame` to `first_frame + frames` of the stream, float32 of shape (frames, 2)."""
        out = np.zeros((frames, 2), dtype=np.float32)
        steady = self.stimulus.plan.sound.pan is Pan.CONTINUOUS
        if steady:
            self._steady(out, first_frame)
        else:
            self._place(out, first_frame, self._gains)
        if self._seconds(first_frame) < START_RAMP_S:
            swell = np.clip(self._times(first_frame, frames) / START_RAMP_S, 0.0, 1.0)
            out *= swell.astype(np.float32)[:, None]
        self._release(out, first_frame)
        ceiling = np.float32(10 ** (self.stimulus.plan.sound.ceiling_dbfs / 20))
        return np.clip(out, -ceiling, ceiling, out=out)

    def _gains(self, number: int) -> tuple[float, float]:
        gain = 10 ** (self.stimulus.level_dbfs(onset_s(self.stimulus, self._at, number)) / 20)
        far = FAR_EAR if self.stimulus.plan.sound.pan is Pan.SEVENTY else 0.0
        # Pass 0 heads for the right.
        return (gain * far, gain) if number % 2 == 0 else (gain, gain * far)

    def _steady(self, out: NDArray[np.float32], first_frame: int) -> None:
        times = self._times(first_frame, len(out))
        turns = times * self.stimulus.plan.sound.tone_hz
        sine = self.stimulus.plan.sound.timbre is not Timbre.TRIANGLE
        body = np.sin(2 * np.pi * turns) if sine else triangle(turns)
        edge_s = self.stimulus.plan.sound.release_ms / 1000
        body *= np.interp(times, *self.stimulus.envelope(Channel.AUDIO, edge_s))
        body *= np.interp(times, *self._level_steps())
        angle = (1 + self.stimulus.pattern.at(times).main) * (np.pi / 4)
        out[:, 0] += (body * np.cos(angle)).astype(np.float32)
        out[:, 1] += (body * np.sin(angle)).astype(np.float32)

    def _level_steps(self) -> tuple[list[float], list[float]]:
        times, gains = [0.0], [10 ** (self.stimulus.levels[0][1] / 20)]
        for from_s, level in self.stimulus.levels[1:]:
            times += [max(from_s, times[-1]), max(from_s, times[-1]) + LEVEL_RAMP_S]
            gains += [gains[-1], 10 ** (level / 20)]
        return times, gains


class PulseSource(_Placed):
    """The tactile pulses of a set, for two extra output channels with a small amplifier."""

    def __init__(
        self, stimulus: Stimulus, rate_hz: int = RATE_HZ, start_frame: int = 0, true_hz: float | None = None
    ) -> None:
        tactile = stimulus.plan.tactile
        self._level = tactile.level_percent / 100
        super().__init__(
            stimulus,
            Channel.TACTILE,
            tactile.at,
            tactile.pulse_ms / 1000,
            stimulus.plan.offsets.tactile_ms / 1000,
            lambda length_s: pulse_wave(tactile, length_s, rate_hz),
            rate_hz,
            start_frame,
            true_hz,
        )

    def render(self, first_frame: int, frames: int) -> NDArray[np.float32]:
        """Frames `first_frame` to `first_frame + frames` of the stream, float32 of shape (frames, 2): left, right."""
        out = np.zeros((frames, 2), dtype=np.float32)
        self._place(out, first_frame, self._gains)
        self._release(out, first_frame)
        return np.clip(out, -1.0, 1.0, out=out)

    def _gains(self, number: int) -> tuple[float, float]:
        return (0.0, self._level) if number % 2 == 0 else (self._level, 0.0)


def _chance(seed: int, number: int) -> float:
    """A number of 0 to 1 that belongs to a pass: the same however often and in whatever order it is asked for."""
    mixed = (seed * 0x9E3779B97F4A7C15 + number * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = ((mixed ^ (mixed >> shift)) * factor) % 2**64
    return float((mixed ^ (mixed >> 31)) / 2**64)
