"""PortAudio's devices, by host API and exact name."""

from __future__ import annotations

import sys
from typing import Any

from kapconsole.sound.outputs import NOT_AN_OUTPUT, NoOutput

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


def rate_of(sounddevice: Any, index: int) -> int:
    """The device's own rate in Hz: WASAPI and plain ALSA refuse any other."""
    return round(float(sounddevice.query_devices()[index]["default_samplerate"]))
