"""ALARM_OUT through PortAudio: Windows, macOS, and sound cards of a Linux without sound server."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kapconsole.alarms.bursts import Samples
from kapconsole.annunciator.output import LATENCY_S, Fill, LastAsked, NoOutput
from kapconsole.sound.portaudio import devices as devices
from kapconsole.sound.portaudio import library as library
from kapconsole.sound.portaudio import rate_of as rate_of

log = logging.getLogger("kapconsole.annunciator")


class PortAudioOutput:
    """One persistent stream that plays zeros when idle: one that is stopped loses what is still queued."""

    def __init__(self, sounddevice: Any, api: str, name: str, index: int, fill: Fill) -> None:
        """Open at the device's own rate and start. `fill` must know that rate: see `rate_of`. Raises NoOutput."""
        self.name = f"{api}: {name}"
        self.rate_hz = rate_of(sounddevice, index)
        self.lost = False
        self._fill = fill
        self._broken = ""
        self._asked = LastAsked(time.monotonic())
        channels = min(2, int(sounddevice.query_devices()[index]["max_output_channels"]))
        try:
            self._stream = sounddevice.OutputStream(
                device=index,
                samplerate=self.rate_hz,
                channels=channels,
                dtype="float32",
                latency=LATENCY_S,
                callback=self._ask,
            )
            self._mono = np.zeros(self.rate_hz, np.float32)
            self._stream.start()
        except sounddevice.PortAudioError as trouble:
            raise NoOutput(f"the alarm speaker {self.name!r} cannot be opened: {trouble}") from None

    def look(self, now_s: float) -> str:
        if self._broken:
            self.lost = True
            return f"the alarm speaker {self.name!r} is not used: {self._broken}"
        if self._asked.stalled(now_s) or not self._stream.active:
            self.lost = True
            return f"the alarm speaker {self.name!r} has stopped playing"
        return ""

    def listen(self) -> bool:
        return False

    def overheard(self) -> Samples:
        raise NoOutput("PortAudio cannot read back what a device plays")

    def close(self) -> None:
        self._stream.close(ignore_errors=True)

    def _ask(self, out: NDArray[np.float32], frames: int, times: Any, status: object) -> None:
        now_ns = time.monotonic_ns()
        self._asked.last_s = now_ns / 1e9
        mono = self._mono[:frames]
        try:
            # By difference: the stream's clock has a zero of its own.
            self._fill(mono, now_ns + round(1e9 * max(0.0, times.outputBufferDacTime - times.currentTime)))
        except Exception as trouble:  # sounddevice would end the stream; the staff must be told why
            log.exception("no samples")
            self._broken = f"no samples: {trouble}"
            mono.fill(0.0)
        out[:] = mono[:, np.newaxis]
