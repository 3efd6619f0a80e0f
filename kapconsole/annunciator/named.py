"""ALARM_OUT by its exact name, never the default device, which might be the patient's headphones.

A name is "HOST API: NAME" as `outputs` lists it; the host API may be left out. `python -m kapconsole.annunciator.named
NAME` tries an output in a process of its own, silently: exit code 0 when it plays. PortAudio's list of devices is
frozen once loaded, so this is also how a device is noticed that has come back.
"""

from __future__ import annotations

import sys
import threading
import time

from kapconsole.annunciator import portaudio, pulse
from kapconsole.annunciator.output import NOT_AN_OUTPUT, STARTS_WITHIN_S, NoOutput, Output
from kapconsole.annunciator.sequence import Sequence


def outputs() -> list[str]:
    """Full names of all outputs that may be named as ALARM_OUT."""
    found = [f"{pulse.HOST_API}: {sink}" for sink in pulse.sinks()]
    try:
        found += [f"{api}: {name}" for api, name, _ in portaudio.devices(portaudio.library())]
    except NoOutput:
        pass
    return found


def open_output(name: str, noise_dbfs: float | None = None) -> tuple[Output, Sequence]:
    """The named output, running and silent, and the sequence that it plays. Raises NoOutput with words."""
    if not name:
        raise NoOutput("no alarm speaker is set")
    if name.rpartition(": ")[2].strip().lower() in NOT_AN_OUTPUT:
        raise NoOutput(f"{name!r} is not an alarm speaker: the system would choose one; name a device")
    bare = name.removeprefix(f"{pulse.HOST_API}: ")
    if bare != name or bare in pulse.sinks():
        sequence = Sequence(noise_dbfs=noise_dbfs)
        try:
            return pulse.PulseOutput(bare, sequence.fill), sequence
        except pulse.NoServer as trouble:
            raise NoOutput(f"the alarm speaker {name!r} cannot be opened: {trouble}") from None
    return _open_portaudio(name, noise_dbfs)


def _open_portaudio(name: str, noise_dbfs: float | None) -> tuple[Output, Sequence]:
    sounddevice = portaudio.library()
    found = [each for each in portaudio.devices(sounddevice) if name in (each[1], f"{each[0]}: {each[1]}")]
    if len(found) != 1:
        raise NoOutput(f"the alarm speaker {name!r} is {'missing' if not found else 'not unique'}")
    sequence = Sequence(portaudio.rate_of(sounddevice, found[0][2]), noise_dbfs)
    output = portaudio.PortAudioOutput(sounddevice, *found[0], sequence.fill)
    if sys.platform.startswith("linux") and pulse.goes_through_server():
        output.close()
        raise NoOutput(
            f"the alarm speaker {name!r} is not used: behind this name the sound server may move the alarm to another "
            f"output. Name one of: {', '.join(f'{pulse.HOST_API}: {sink}' for sink in pulse.sinks())}"
        )
    return output, sequence


def plays(name: str) -> bool:
    """True when the output can be opened and takes samples."""
    try:
        output, _ = open_output(name)
    except NoOutput:
        return False
    threading.Event().wait(STARTS_WITHIN_S + 0.1)
    silent = output.look(time.monotonic())
    output.close()
    return not output.lost and "stopped" not in silent


if __name__ == "__main__":
    sys.exit(0 if plays(sys.argv[1]) else 1)
