"""ALARM_OUT through the Linux sound server (PulseAudio, PipeWire): one stream, bound to one sink for its whole life."""

from __future__ import annotations

import ctypes
import logging
import math
import time
from collections import deque
from typing import Any

import numpy as np

from kapconsole.alarms.bursts import RATE_HZ, Samples
from kapconsole.annunciator.output import LATENCY_S, Fill, LastAsked, NoOutput
from kapconsole.annunciator.selftest import FAINTEST_DB
from kapconsole.sound import libpulse as lib
from kapconsole.sound.server import HOST_API as HOST_API
from kapconsole.sound.server import NoServer as NoServer
from kapconsole.sound.server import Server
from kapconsole.sound.server import goes_through_server as goes_through_server
from kapconsole.sound.server import sinks as sinks

log = logging.getLogger("kapconsole.annunciator")

OVERHEARD = 1000
"""Pieces of 5 to 50 ms kept while it is read back what the sink plays: a test may have to wait for an alarm."""

_FRAME_BYTES = 4
_LET_SERVER = 0xFFFFFFFF


class PulseOutput:
    """One persistent mono stream on the sink `sink`. It cannot be moved: when the sink goes, the stream ends."""

    def __init__(self, sink: str, fill: Fill) -> None:
        """Open and start. Raises NoServer, NoOutput."""
        self.name = f"{HOST_API}: {sink}"
        self.rate_hz = RATE_HZ
        self.lost = False
        self._sink = sink.encode()
        self._fill = fill
        self._block = np.zeros(RATE_HZ, np.float32)
        self._broken = ""
        self._sink_muted = self._stream_muted = ""
        self._asking = 0
        self._overheard: deque[bytes] = deque(maxlen=OVERHEARD)
        self._recorder: Any = None
        # Held here: libpulse knows them by address alone.
        self._on_write = lib.Request(self._write)
        self._on_read = lib.Request(self._read)
        self._on_sink = lib.AboutSink(self._about_sink)
        self._on_input = lib.AboutSinkInput(self._about_input)
        self._server = Server("kapconsole alarm")
        self._lib = self._server.lib
        self._asked = LastAsked(time.monotonic())
        self._stream = self._open()

    def look(self, now_s: float) -> str:
        """Why nothing can be heard, if so. What the server says is from the look before this one."""
        self._ask_about_mute()
        with self._server.locked():
            if self._lib.pa_stream_get_state(self._stream) != lib.STREAM_READY:
                self.lost = True
        if self.lost:
            return f"the alarm speaker {self.name!r} is gone"
        if self._broken:
            self.lost = True
            return f"the alarm speaker {self.name!r} is not used: {self._broken}"
        if self._asked.stalled(now_s):
            return f"the alarm speaker {self.name!r} has stopped playing"
        muted = self._sink_muted or self._stream_muted
        return muted and f"the alarm speaker {self.name!r} is {muted}"

    def listen(self) -> bool:
        self._overheard.clear()
        with self._server.locked():
            stream = self._new_stream(b"self-test")
            self._lib.pa_stream_set_read_callback(stream, self._on_read, None)
            fragment = lib.BufferAttr(*[_LET_SERVER] * 4, RATE_HZ * _FRAME_BYTES // 20)
            flags = lib.DONT_MOVE | lib.ADJUST_LATENCY
            self._lib.pa_stream_connect_record(stream, self._sink + b".monitor", fragment, flags)
        if self._ready(stream):
            self._recorder = stream
            return True
        self._drop(stream)
        return False

    def overheard(self) -> Samples:
        self._drop(self._recorder)
        self._recorder = None
        return np.frombuffer(b"".join(self._overheard), np.float32)

    def close(self) -> None:
        if self._recorder:
            self.overheard()
        self._drop(self._stream)
        self._server.close()

    # -- opening --------------------------------------------------------------------------------------------------

    def _open(self) -> Any:
        volume = lib.Volume(1)
        volume.values[0] = lib.VOLUME_NORM
        target = round(LATENCY_S * RATE_HZ) * _FRAME_BYTES
        attr = lib.BufferAttr(_LET_SERVER, target, 0, target // 5, _LET_SERVER)
        flags = lib.DONT_MOVE | lib.ADJUST_LATENCY | lib.INTERPOLATE_TIMING | lib.AUTO_TIMING_UPDATE
        # At the sink's own volume, whatever the server remembers of streams like this one.
        flags |= lib.START_UNMUTED | lib.RELATIVE_VOLUME
        with self._server.locked():
            stream = self._new_stream(b"alarm")
            self._lib.pa_stream_set_write_callback(stream, self._on_write, None)
            self._lib.pa_stream_connect_playback(stream, self._sink, attr, flags, volume, None)
        if not self._ready(stream):
            with self._server.locked():
                words = self._server.words()
            self._drop(stream)
            self._server.close()
            raise NoOutput(f"the alarm speaker {self.name!r} cannot be opened: {words}")
        return stream

    def _new_stream(self, title: bytes) -> Any:
        return self._lib.pa_stream_new(self._server.context, title, lib.SampleSpec(lib.FLOAT32_LE, RATE_HZ, 1), None)

    def _ready(self, stream: Any) -> bool:
        self._server.wait(lambda: self._lib.pa_stream_get_state(stream) >= lib.STREAM_READY)
        with self._server.locked():
            return bool(self._lib.pa_stream_get_state(stream) == lib.STREAM_READY)

    def _drop(self, stream: Any) -> None:
        with self._server.locked():
            self._lib.pa_stream_set_write_callback(stream, lib.Request(), None)
            self._lib.pa_stream_set_read_callback(stream, lib.Request(), None)
            self._lib.pa_stream_disconnect(stream)
            self._lib.pa_stream_unref(stream)

    # -- on libpulse's thread -------------------------------------------------------------------------------------

    def _write(self, stream: Any, wanted_bytes: int, data: object) -> None:
        now_ns = time.monotonic_ns()
        self._asked.last_s = now_ns / 1e9
        block = self._block[: min(wanted_bytes // _FRAME_BYTES, len(self._block))]
        block.fill(0.0)
        if self._lib.pa_stream_get_device_name(stream) != self._sink:
            # Cannot happen with DONT_MOVE; whatever a server makes of that, nothing is played elsewhere.
            self._broken = "the sound server has moved it to another output"
        elif not self._broken:
            try:
                self._fill(block, now_ns + self._delay_ns(stream))
            except Exception as trouble:  # the sound server's thread must not end; the staff must be told
                log.exception("no samples")
                self._broken = f"no samples: {trouble}"
                block.fill(0.0)
        self._lib.pa_stream_write(stream, block.ctypes.data, len(block) * _FRAME_BYTES, None, 0, 0)

    def _delay_ns(self, stream: Any) -> int:
        delay_us, negative = ctypes.c_uint64(), ctypes.c_int()
        if self._lib.pa_stream_get_latency(stream, delay_us, negative) < 0 or negative.value:
            return 0
        return 1000 * delay_us.value

    def _read(self, stream: Any, waiting_bytes: int, data: object) -> None:
        place, length = ctypes.c_void_p(), ctypes.c_size_t()
        if self._lib.pa_stream_peek(stream, place, length) == 0 and length.value:
            # No place with a length is a hole in the recording.
            found = ctypes.string_at(place.value, length.value) if place.value else bytes(length.value)
            self._overheard.append(found)
            self._lib.pa_stream_drop(stream)

    def _ask_about_mute(self) -> None:
        if self._asking > 0:
            return
        with self._server.locked():
            context = self._server.context
            index = self._lib.pa_stream_get_index(self._stream)
            self._asking = 2
            for operation in (
                self._lib.pa_context_get_sink_info_by_name(context, self._sink, self._on_sink, None),
                self._lib.pa_context_get_sink_input_info(context, index, self._on_input, None),
            ):
                if operation:
                    self._lib.pa_operation_unref(operation)
                else:
                    self._asking -= 1

    def _about_sink(self, context: object, info: Any, end: int, data: object) -> None:
        if end:
            self._asking -= 1
        else:
            self._sink_muted = _muted(info.contents)

    def _about_input(self, context: object, info: Any, end: int, data: object) -> None:
        if end:
            self._asking -= 1
        else:
            self._stream_muted = _muted(info.contents)


def _muted(info: Any) -> str:
    if info.mute:
        return "muted"
    loudest = info.volume.loudest
    if loudest == 0:
        return "turned down to nothing"
    # The server's volume is the cube root of what it does to the samples.
    level_db = 60 * math.log10(loudest / lib.VOLUME_NORM)
    return f"turned down too far ({round(level_db)} dB)" if level_db < FAINTEST_DB else ""
