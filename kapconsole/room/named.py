"""PATIENT_OUT by its exact name, never the default device, which might be the room's loudspeaker.

`python -m kapconsole.room.named NAME` tries one in a process of its own, silently: exit code 0 when it plays.
"""

from __future__ import annotations

import sys
import threading
import time

from kapconsole.room.portaudio_sink import PortAudioSink, server_would_move
from kapconsole.room.pulse_sink import PulseSink
from kapconsole.room.sinks import Sink
from kapconsole.sound import portaudio, server
from kapconsole.sound.outputs import NoOutput, refuse_chosen

ROLE = "the patient's output"
TRIED_S = 1.5


def open_sink(name: str, zero: int, alarm_out: str = "", tactile: bool = False) -> Sink:
    """The named output; frame `zero` is its first. Raises NoOutput with words, also when it is the alarm's."""
    refuse_chosen(name, ROLE)
    if alarm_out and _bare(name) == _bare(alarm_out):
        raise NoOutput(f"{name!r} is the alarm speaker: {ROLE} must be another device")
    bare = name.removeprefix(f"{server.HOST_API}: ")
    if bare != name or bare in server.sinks():
        try:
            return PulseSink(bare, zero, tactile)
        except server.NoServer as trouble:
            raise NoOutput(f"{ROLE} {name!r} cannot be opened: {trouble}") from None
    return _open_portaudio(name, zero, tactile)


def _open_portaudio(name: str, zero: int, tactile: bool) -> Sink:
    sounddevice = portaudio.library()
    found = [each for each in portaudio.devices(sounddevice) if name in (each[1], f"{each[0]}: {each[1]}")]
    if len(found) != 1:
        raise NoOutput(f"{ROLE} {name!r} is {'missing' if not found else 'not unique'}")
    sink = PortAudioSink(sounddevice, *found[0], zero, tactile)
    if server_would_move(server.goes_through_server()):
        sink.close()
        raise NoOutput(
            f"{ROLE} {name!r} is not used: behind this name the sound server may move the music to another output. "
            f"Name one of: {', '.join(f'{server.HOST_API}: {each}' for each in server.sinks())}"
        )
    return sink


def _bare(name: str) -> str:
    return name.rpartition(": ")[2]


def plays(name: str) -> bool:
    """True when the output can be opened and goes on."""
    try:
        sink = open_sink(name, 0)
    except NoOutput:
        return False
    threading.Event().wait(TRIED_S)
    lost = sink.look(time.monotonic()).lost
    sink.close()
    return not lost


if __name__ == "__main__":
    sys.exit(0 if plays(sys.argv[1]) else 1)
