"""PATIENT_OUT through PortAudio: Windows, macOS, and sound cards of a Linux without sound server.

The callback is C where rtmixer is there: it reads a ring that Python fills seconds ahead and may still write over.
Without rtmixer a callback in Python copies from a ring of the same face.
"""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kapconsole.room.sinks import RATE_HZ, Look, Samples
from kapconsole.sound.outputs import NoOutput
from kapconsole.sound.portaudio import WASAPI

RING = 1 << 18
"""Frames: more than five seconds."""

LATENCY_S = 0.2
MARGIN = RATE_HZ // 50
STALLED_AFTER_S = 1.0


class Ring(Protocol):
    """Frames between Python and the callback."""

    def wrote(self) -> int:
        """Frames ever written."""
        ...

    def read(self) -> int:
        """Frames ever taken by the callback."""
        ...

    def append(self, samples: Samples) -> None:
        """Write at the end; what does not fit is left out."""
        ...

    def over(self, first: int, samples: Samples) -> None:
        """Write over frames from count `first` on that have not been taken yet."""
        ...


class PythonRing:
    """A ring for a callback in Python."""

    def __init__(self, channels: int, size: int = RING) -> None:
        self._data = np.zeros((size, channels), np.float32)
        self._wrote = self._read = 0

    def wrote(self) -> int:
        return self._wrote

    def read(self) -> int:
        return self._read

    def append(self, samples: Samples) -> None:
        samples = samples[: len(self._data) - (self._wrote - self._read)]
        self._put(self._wrote, samples)
        self._wrote += len(samples)

    def over(self, first: int, samples: Samples) -> None:
        self._put(first, samples[: self._wrote - first])

    def take(self, out: NDArray[np.float32]) -> None:
        """On the callback's thread: the next frames, zeros where there are none."""
        count = min(len(out), self._wrote - self._read)
        places = np.arange(self._read, self._read + count) % len(self._data)
        out[:count] = self._data[places]
        out[count:] = 0.0
        self._read += count

    def _put(self, first: int, samples: Samples) -> None:
        self._data[np.arange(first, first + len(samples)) % len(self._data)] = samples


class CRing:
    """rtmixer's ring. Python may write over what the callback has not taken: both see the same memory."""

    def __init__(self, rtmixer: Any, channels: int, size: int = RING) -> None:
        self.ring = rtmixer.RingBuffer(4 * channels, size)
        self._channels = channels
        self._wrote = 0

    def wrote(self) -> int:
        return self._wrote

    def read(self) -> int:
        return self._wrote - int(self.ring.read_available)

    def append(self, samples: Samples) -> None:
        samples = samples[: int(self.ring.write_available)]
        self._wrote += int(self.ring.write(np.ascontiguousarray(samples, np.float32)))

    def over(self, first: int, samples: Samples) -> None:
        waiting = int(self.ring.read_available)
        _, one, two = self.ring.get_read_buffers(waiting)
        at = self._wrote - waiting
        for part in (one, two):
            frames = np.frombuffer(part, np.float32).reshape(-1, self._channels)
            begin, end = max(first, at), min(first + len(samples), at + len(frames))
            if begin < end:
                frames[begin - at : end - at] = samples[begin - first : end - first]
            at += len(frames)


class PortAudioSink:
    """One stream on one device."""

    def __init__(self, sounddevice: Any, api: str, name: str, index: int, zero: int, tactile: bool = False) -> None:
        """Open and start; frame `zero` is the first. Raises NoOutput."""
        self.name = f"{api}: {name}"
        there = int(sounddevice.query_devices()[index]["max_output_channels"])
        self.channels = 4 if tactile and there >= 4 else 2
        self._zero = zero
        self._error: type[Exception] = sounddevice.PortAudioError
        if there < 2:
            raise NoOutput(f"the patient's output {self.name!r} has one channel only: left and right are needed")
        settings: dict[str, Any] = {
            "device": index,
            "channels": self.channels,
            "samplerate": RATE_HZ,
            "latency": LATENCY_S,
            "blocksize": 0,
        }
        if api == WASAPI:
            settings["extra_settings"] = sounddevice.WasapiSettings(auto_convert=True)
        self._action: Any = None
        try:
            self._stream, self._ring = self._opened(sounddevice, settings)
            self._stream.start()
            self._latency = round(float(self._stream.latency) * RATE_HZ)
        except sounddevice.PortAudioError as trouble:
            raise NoOutput(f"the patient's output {self.name!r} cannot be opened: {trouble}") from None
        self._moved = (0, time.monotonic())

    def heard(self) -> int:
        return self._zero + self._ring.read() - self._latency

    def earliest(self) -> int:
        return self._zero + self._ring.read() + MARGIN

    def put(self, first: int, samples: Samples) -> None:
        at = first - self._zero
        wrote = self._ring.wrote()
        if at < wrote:
            self._ring.over(at, samples[: wrote - at])
        elif at > wrote:
            self._ring.append(np.zeros((min(at - wrote, RING), self.channels), np.float32))
        if at + len(samples) > wrote:
            self._ring.append(samples[max(0, wrote - at) :])
        if isinstance(self._ring, CRing) and (self._action is None or self._action not in self._stream.actions):
            # An empty ring ends the action; it is begun again with the first frames.
            self._action = self._stream.play_ringbuffer(self._ring.ring)

    def look(self, now_s: float) -> Look:
        taken = self._ring.read()
        if taken != self._moved[0]:
            self._moved = (taken, now_s)
        stalled = now_s - self._moved[1] > STALLED_AFTER_S and self._ring.wrote() > taken
        if stalled or not self._stream.active:
            return Look(True, f"the patient's output {self.name!r} has stopped playing")
        return Look()

    def close(self) -> None:
        self._stream.close(ignore_errors=True)

    def _opened(self, sounddevice: Any, settings: dict[str, Any]) -> tuple[Any, Ring]:
        try:
            import rtmixer
        except (ImportError, OSError):
            ring = PythonRing(self.channels)

            def ask(out: NDArray[np.float32], frames: int, times: object, status: object) -> None:
                ring.take(out)

            return sounddevice.OutputStream(dtype="float32", callback=ask, **settings), ring
        return rtmixer.Mixer(**settings), CRing(rtmixer, self.channels)


def server_would_move(goes_through_server: bool) -> bool:
    """True where PortAudio reaches a sound server, which may move the stream to another device."""
    return sys.platform.startswith("linux") and goes_through_server
