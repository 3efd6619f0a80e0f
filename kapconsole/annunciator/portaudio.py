"""ALARM_OUT through PortAudio: Windows, macOS, and sound cards of a Linux without sound server."""

from __future__ import annotations

import logging
import sys
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kapconsole.alarms.bursts import Samples
from kapconsole.annunciator.output import LATENCY_S, NOT_AN_OUTPUT, Fill, LastAsked, NoOutput

log = logging.getLogger("kapconsole.annunciator")

WASAPI = "Windows WASAPI"


def library() -> Any:
    """The module sounddevice. Raises NoOutput where PortAudio is missing."""
    try:
        import sounddevice
    except OSError:
        raise NoOutput("no sound: the PortAudio library is missing") from None
    return sounddevice


def devices(sounddevice: Any) -> list[tuple[str, str, int]]:
    """Outputs as (host API, name, index), without those behind which the system chooses.

    Windows lists each one under several host APIs, cut short and resampled; there only WASAPI counts.
    """
    apis = [str(api["name"]) for api in sounddevice.query_hostapis()]
    found = []
    for index, device in enumerate(sounddevice.query_devices()):
        api, name = apis[device["hostapi"]], str(device["name"])
        if device["max_output_channels"] < 1 or name.lower() in NOT_AN_OUTPUT:
            continue
        if sys.platform == "win32" and api != WASAPI:
            continue
        found.append((api, name, index))
    return found


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


def rate_of(sounddevice: Any, index: int) -> int:
    """The device's own rate in Hz: WASAPI and plain ALSA refuse any other."""
    return round(float(sounddevice.query_devices()[index]["default_samplerate"]))
