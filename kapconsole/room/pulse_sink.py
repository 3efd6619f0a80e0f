"""PATIENT_OUT through the Linux sound server: bound to one sink for its whole life, seconds ahead, and rewritable.

The stream's own index is our frame count: every write says where it belongs, so what waits on the server can be
written again, and a stop is heard at once although seconds lie ahead. The stream may not be moved: when its sink goes
away it ends.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from kapconsole.room.sinks import RATE_HZ, Look, Samples
from kapconsole.sound import libpulse as lib
from kapconsole.sound.outputs import NoOutput
from kapconsole.sound.server import HOST_API, Server

AHEAD_S = 8
REQUEST_S = 0.025
"""The server mixes in pieces of about this: what it has mixed already cannot be changed any more."""

MARGIN = RATE_HZ // 100
LATENCY_MOST = RATE_HZ // 2
LOOK_EVERY_S = 0.5
_LET_SERVER = 0xFFFFFFFF


class PulseSink:
    """One stream on the sink `sink`."""

    def __init__(self, sink: str, zero: int, tactile: bool = False) -> None:
        """Open and start; frame `zero` is the first. `tactile`: also channels 3 and 4, where there are such.

        Raises NoServer, NoOutput.
        """
        self.name = f"{HOST_API}: {sink}"
        self._zero = zero
        self._sink = sink.encode()
        self._server = Server("kapconsole patient")
        self._lib: Any = self._server.lib
        self._asking = 0
        self._looked_s = -1.0
        self._sink_channels = 0
        self._muted: dict[str, str] = {}
        self._volume = 1.0
        self._elsewhere = False
        # Held here: libpulse knows them by address alone.
        self._on_sink = lib.AboutSink(self._about_sink)
        self._on_input = lib.AboutSinkInput(self._about_input)
        try:
            self.channels = 4 if tactile and self._channels_there() >= 4 else 2
            self._stream = self._open()
        except NoOutput:
            self._server.close()
            raise

    def heard(self) -> int:
        with self._server.locked():
            return self._heard()

    def earliest(self) -> int:
        with self._server.locked():
            info = self._lib.pa_stream_get_timing_info(self._stream)
            mixed = min(LATENCY_MOST, info.contents.sink_usec * RATE_HZ // 1_000_000) if info else 0
            return self._heard() + int(mixed) + MARGIN

    def put(self, first: int, samples: Samples) -> None:
        data = np.ascontiguousarray(samples, np.float32)
        frame_bytes = 4 * self.channels
        with self._server.locked():
            if self._elsewhere or self._lib.pa_stream_get_state(self._stream) != lib.STREAM_READY:
                return
            if self._lib.pa_stream_get_device_name(self._stream) != self._sink:
                # Cannot happen with DONT_MOVE; whatever a server makes of that, nothing is played elsewhere.
                self._elsewhere = True
                self._lib.pa_stream_disconnect(self._stream)
                return
            place = (first - self._zero) * frame_bytes
            self._lib.pa_stream_write(self._stream, data.ctypes.data, data.nbytes, None, place, lib.SEEK_ABSOLUTE)

    def look(self, now_s: float) -> Look:
        """What the server says is from the look before this one."""
        with self._server.locked():
            state = self._lib.pa_stream_get_state(self._stream)
            contact = self._server.state()
        if self._elsewhere:
            return Look(True, f"the sound server moved the patient's sound away from {self.name!r}: it is silent")
        if state != lib.STREAM_READY or contact != lib.CONTEXT_READY:
            return Look(True, f"the patient's output {self.name!r} is gone")
        if now_s - self._looked_s >= LOOK_EVERY_S and self._asking <= 0:
            self._looked_s = now_s
            self._ask_about_mute()
        muted = next((words for words in self._muted.values() if words), "")
        return Look(False, muted and f"the patient's output {self.name!r} is {muted}", self._volume)

    def close(self) -> None:
        with self._server.locked():
            self._lib.pa_stream_disconnect(self._stream)
            self._lib.pa_stream_unref(self._stream)
        self._server.close()

    # -- opening --------------------------------------------------------------------------------------------------

    def _open(self) -> Any:
        frame_bytes = 4 * self.channels
        volume = lib.Volume(self.channels)
        for channel in range(self.channels):
            volume.values[channel] = lib.VOLUME_NORM
        ahead = AHEAD_S * RATE_HZ * frame_bytes
        request = round(REQUEST_S * RATE_HZ) * frame_bytes
        attr = lib.BufferAttr(2 * ahead, ahead, 0, request, _LET_SERVER)
        flags = lib.DONT_MOVE | lib.INTERPOLATE_TIMING | lib.AUTO_TIMING_UPDATE
        # At the sink's own volume, whatever the server remembers of streams like this one.
        flags |= lib.START_UNMUTED | lib.RELATIVE_VOLUME
        if self.channels == 4:
            flags |= lib.NO_REMIX_CHANNELS  # pulses for the hands must not be mixed into the ears
        spec = lib.SampleSpec(lib.FLOAT32_LE, RATE_HZ, self.channels)
        with self._server.locked():
            stream = self._lib.pa_stream_new(self._server.context, b"patient", spec, None)
            self._lib.pa_stream_connect_playback(stream, self._sink, attr, flags, volume, None)
        self._server.wait(lambda: self._lib.pa_stream_get_state(stream) >= lib.STREAM_READY)
        with self._server.locked():
            ready = self._lib.pa_stream_get_state(stream) == lib.STREAM_READY
            words = self._server.words()
        known = ready and self._server.wait(lambda: bool(self._lib.pa_stream_get_timing_info(stream)))
        if not known:
            with self._server.locked():
                self._lib.pa_stream_disconnect(stream)
                self._lib.pa_stream_unref(stream)
            raise NoOutput(f"the patient's output {self.name!r} cannot be opened: {words}")
        return stream

    def _channels_there(self) -> int:
        self._ask([lambda: self._lib.pa_context_get_sink_info_by_name(*self._sink_question())])
        self._server.wait(lambda: self._asking <= 0)
        return self._sink_channels

    # -- time -----------------------------------------------------------------------------------------------------

    def _heard(self) -> int:
        time_us = ctypes.c_uint64()
        if self._lib.pa_stream_get_time(self._stream, time_us) < 0:
            return self._zero
        return self._zero + int(time_us.value) * RATE_HZ // 1_000_000

    # -- what the server says ---------------------------------------------------------------------------------------

    def _sink_question(self) -> tuple[Any, ...]:
        return self._server.context, self._sink, self._on_sink, None

    def _ask_about_mute(self) -> None:
        index = self._lib.pa_stream_get_index
        self._ask(
            [
                lambda: self._lib.pa_context_get_sink_info_by_name(*self._sink_question()),
                lambda: self._lib.pa_context_get_sink_input_info(
                    self._server.context, index(self._stream), self._on_input, None
                ),
            ]
        )

    def _ask(self, questions: list[Any]) -> None:
        with self._server.locked():
            self._asking = len(questions)
            for question in questions:
                operation = question()
                if operation:
                    self._lib.pa_operation_unref(operation)
                else:
                    self._asking -= 1

    def _about_sink(self, context: object, info: Any, end: int, data: object) -> None:
        if end:
            self._asking -= 1
            return
        self._sink_channels = info.contents.sample_spec.channels
        self._volume = info.contents.volume.loudest / lib.VOLUME_NORM
        self._muted["sink"] = _muted(info.contents)

    def _about_input(self, context: object, info: Any, end: int, data: object) -> None:
        if end:
            self._asking -= 1
        else:
            self._muted["stream"] = _muted(info.contents)


def _muted(info: Any) -> str:
    if info.mute:
        return "muted"
    return "turned down to nothing" if info.volume.loudest == 0 else ""
