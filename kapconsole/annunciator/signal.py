"""The failure signal: what is heard when the monitor's heartbeat stops; as samples, and as one persistent stream.

Two falling tones every two seconds, unlike any burst of the alarm signals, so that nobody takes it for a patient's
alarm. Partials and rise times follow the pulse shape of IEC 60601-1-8 table 4 (at least four partials within 15 dB).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000
PERIOD_S = 2.0
TONES_HZ = (587.0, 440.0)
TONE_S = 0.3
GAP_S = 0.1
RISE_S = 0.025
PARTIALS = (1.0, 0.8, 0.6, 0.5, 0.4, 0.3)
PEAK = 0.5
"""Headroom of 6 dB: the amplifier sets the level, not the file."""


def tone(frequency_hz: float, rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """One tone of `TONE_S` with raised-cosine edges: float32, shape (frames,), peak `PEAK`."""
    seconds = np.arange(round(TONE_S * rate_hz)) / rate_hz
    wave = sum(level * np.sin(2 * np.pi * frequency_hz * (order + 1) * seconds) for order, level in enumerate(PARTIALS))
    rise = np.minimum(1.0, np.minimum(seconds, seconds[::-1]) / RISE_S)
    shaped = np.asarray(wave) * (0.5 - 0.5 * np.cos(np.pi * rise))
    return np.asarray(PEAK * shaped / np.max(np.abs(shaped)), np.float32)


def failure_signal(rate_hz: int = RATE_HZ) -> NDArray[np.float32]:
    """One period: float32 mono, shape (PERIOD_S * rate_hz,), range -1..1."""
    period = np.zeros(round(PERIOD_S * rate_hz), np.float32)
    at = 0
    for frequency_hz in TONES_HZ:
        pulse = tone(frequency_hz, rate_hz)
        period[at : at + len(pulse)] = pulse
        at += len(pulse) + round(GAP_S * rate_hz)
    return period


class Output(Protocol):
    """Where the signal goes."""

    trouble: str
    """Empty, or why nothing can be heard, in words for the staff."""

    def sound(self, on: bool) -> None:
        """Begin or end the failure signal."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class NoSpeaker:
    """No ALARM_OUT: remembers what it would have sounded, and says that nothing is heard."""

    def __init__(self, trouble: str) -> None:
        self.trouble = trouble
        self.sounding = False

    def sound(self, on: bool) -> None:
        self.sounding = on

    def close(self) -> None:
        self.sounding = False


class Speaker:
    """One persistent stream on ALARM_OUT that plays zeros when idle.

    A stream that is stopped loses what is still queued, so it never is; the callback only copies samples that were
    computed before, in a process that does nothing else.
    """

    def __init__(self, open_stream: Callable[..., Any], device: int, rate_hz: int = RATE_HZ) -> None:
        self.trouble = ""
        self._period = failure_signal(rate_hz)
        self._at = 0
        self._on = False
        self._stream = open_stream(
            device=device, samplerate=rate_hz, channels=1, dtype="float32", latency=0.1, callback=self._fill
        )
        self._stream.start()

    def sound(self, on: bool) -> None:
        self._on = on

    def close(self) -> None:
        self._stream.close()

    def _fill(self, out: NDArray[np.float32], frames: int, time_info: object, status: object) -> None:
        if not self._on and self._at == 0:
            out.fill(0.0)
            return
        index = (self._at + np.arange(frames)) % len(self._period)
        out[:, 0] = self._period[index]
        left = len(self._period) - self._at
        if not self._on and frames >= left:
            # Turned off in the middle of a tone, it plays on to the silence at the period's end: no click.
            out[left:] = 0.0
            self._at = 0
            return
        self._at = (self._at + frames) % len(self._period)


def open_output(name: str) -> Output:
    """ALARM_OUT by its exact name; never the default device, which might be the patient's headphones."""
    if not name:
        return NoSpeaker("no alarm speaker is set")
    try:
        import sounddevice
    except OSError:
        return NoSpeaker("no sound: the PortAudio library is missing")
    try:
        found = [
            index
            for index, device in enumerate(sounddevice.query_devices())
            if device["name"] == name and device["max_output_channels"] > 0
        ]
        if len(found) != 1:
            return NoSpeaker(f"the alarm speaker {name!r} is {'missing' if not found else 'not unique'}")
        return Speaker(sounddevice.OutputStream, found[0])
    except sounddevice.PortAudioError as trouble:
        return NoSpeaker(f"the alarm speaker {name!r} cannot be opened: {trouble}")
