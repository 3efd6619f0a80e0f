"""The shapes of tones and pulses as samples: mono float32 of shape (frames,), peak 1, faded in and out by cosines."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kapconsole.bilateral.events import Sound, Tactile, Timbre

Samples = NDArray[np.float32]

LONGEST_FILE_S = 10.0
CHIME = ((1.0, 1.0, 0.5), (2.76, 0.5, 0.3), (5.4, 0.2, 0.15))
"""Partials of a struck bar: multiple of the pitch, level, decay as a share of the tone."""
WOOD = ((1.0, 1.0, 0.12), (2.6, 0.6, 0.06))


class SoundFileTrouble(Exception):
    """A sound file cannot be used; the message says which and why."""


def tone_wave(sound: Sound, length_s: float, rate_hz: int, file: Samples | None = None) -> Samples:
    """One tone of `length_s` at `rate_hz` frames a second. `file`: the samples of the timbre FILE at that rate.

    The first sample is already above zero, so that a tone's onset is where its samples begin.
    """
    frames = max(2, round(length_s * rate_hz))
    # Half a sample in, where neither the sine nor the envelope is zero.
    seconds = (np.arange(frames) + 0.5) / rate_hz
    turns = seconds * sound.tone_hz
    match sound.timbre:
        case Timbre.SINE:
            body = np.sin(2 * np.pi * turns)
        case Timbre.TRIANGLE:
            body = triangle(turns)
        case Timbre.SOFT_DRUM:
            fall = 0.25 * sound.tone_hz * 0.03 * (1 - np.exp(-seconds / 0.03))  # begins a quarter higher
            body = np.sin(2 * np.pi * (turns + fall)) * np.exp(-seconds / (0.3 * length_s))
        case Timbre.CHIME:
            body = _struck(turns, seconds, CHIME, length_s)
        case Timbre.WOOD:
            body = _struck(turns, seconds, WOOD, length_s)
        case Timbre.CLICK:
            body = np.sin(2 * np.pi * 4 * turns) * np.exp(-seconds / (0.06 * length_s))
        case Timbre.FILE:
            if file is None:
                raise SoundFileTrouble(f"the sound file {sound.file or '(none named)'} was not read")
            body = np.zeros(frames)
            held = file[:frames]
            body[: len(held)] = held
    shaped = body * _edges(frames, sound.attack_ms / 1000 * rate_hz, sound.release_ms / 1000 * rate_hz)
    peak = float(np.max(np.abs(shaped)))
    return (shaped / peak if peak > 0 else shaped).astype(np.float32)


def pulse_wave(tactile: Tactile, length_s: float, rate_hz: int) -> Samples:
    """One tactile pulse: a burst that swells and ebbs, a quarter of it each."""
    frames = max(2, round(length_s * rate_hz))
    body = np.sin(2 * np.pi * tactile.burst_hz * (np.arange(frames) + 0.5) / rate_hz)
    return (body * _edges(frames, frames / 4, frames / 4)).astype(np.float32)


def triangle(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """A triangle of peak 1 that begins at 0 upwards."""
    shape: NDArray[np.float64] = 2 / np.pi * np.arcsin(np.sin(2 * np.pi * turns))
    return shape


def read_sound_file(path: Path, rate_hz: int) -> Samples:
    """The sound of a WAV file (16, 24 or 32 bit PCM), its channels as one, at `rate_hz`. Raises SoundFileTrouble."""
    try:
        with wave.open(str(path), "rb") as file:
            width, channels, own_hz = file.getsampwidth(), file.getnchannels(), file.getframerate()
            data = file.readframes(int(LONGEST_FILE_S * own_hz))
    except (OSError, EOFError, wave.Error) as trouble:
        raise SoundFileTrouble(f"{path} cannot be read as a WAV file: {trouble}") from None
    if width not in (2, 3, 4) or own_hz < 8000:
        raise SoundFileTrouble(f"{path}: {8 * width} bit at {own_hz} Hz is not supported; 16, 24 or 32 bit PCM is")
    raw = np.frombuffer(data[: len(data) // (width * channels) * width * channels], np.uint8).reshape(-1, width)
    wide = np.zeros((len(raw), 4), np.uint8)
    wide[:, 4 - width :] = raw
    mono = (wide.view("<i4")[:, 0] / 2**31).reshape(-1, channels).mean(axis=1)
    if not len(mono):
        raise SoundFileTrouble(f"{path} holds no sound")
    frames = max(2, round(len(mono) * rate_hz / own_hz))
    resampled: Samples = np.interp(np.arange(frames) * own_hz / rate_hz, np.arange(len(mono)), mono).astype(np.float32)
    return resampled


def _struck(
    turns: NDArray[np.float64],
    seconds: NDArray[np.float64],
    partials: tuple[tuple[float, float, float], ...],
    length_s: float,
) -> NDArray[np.float64]:
    body = np.zeros_like(seconds)
    for multiple, level, decay in partials:
        body += level * np.sin(2 * np.pi * multiple * turns) * np.exp(-seconds / (decay * length_s))
    return body


def _edges(frames: int, attack: float, release: float) -> NDArray[np.float64]:
    """Raised cosines at both ends; squeezed together where they would overlap."""
    squeeze = min(1.0, frames / (attack + release))
    at = np.arange(frames) + 0.5
    rise = np.clip(at / (attack * squeeze), 0.0, 1.0)
    fall = np.clip((frames - at) / (release * squeeze), 0.0, 1.0)
    shape: NDArray[np.float64] = (1 - np.cos(np.pi * rise)) / 2 * (1 - np.cos(np.pi * fall)) / 2
    return shape
