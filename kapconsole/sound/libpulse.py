"""The part of libpulse that the outputs need, by ctypes; PipeWire speaks it too.

PortAudio reaches a sound server through an ALSA plugin, which cannot say that a stream must not be moved: when its
sink goes away the server plays it on the default one, an alarm in the patient's headphones or the music in the room. A
stream of libpulse can say it (PA_STREAM_DONT_MOVE) and ends instead. Declarations follow the headers of libpulse 16
(pulse/*.h).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char_p, c_int, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from typing import Any

CHANNELS_MAX = 32
VOLUME_NORM = 0x10000
FLOAT32_LE = 5

CONTEXT_NOAUTOSPAWN = 1
CONTEXT_READY, CONTEXT_FAILED = 4, 5
STREAM_READY, STREAM_FAILED = 2, 3

INTERPOLATE_TIMING = 0x2
NOT_MONOTONIC = 0x4
AUTO_TIMING_UPDATE = 0x8
NO_REMIX_CHANNELS = 0x20
DONT_MOVE = 0x200
ADJUST_LATENCY = 0x2000
START_UNMUTED = 0x10000
RELATIVE_VOLUME = 0x40000

SEEK_ABSOLUTE = 1


class SampleSpec(Structure):
    """pa_sample_spec."""

    _fields_ = (("format", c_int), ("rate", c_uint32), ("channels", c_uint8))


class ChannelMap(Structure):
    """pa_channel_map."""

    _fields_ = (("channels", c_uint8), ("map", c_int * CHANNELS_MAX))


class Volume(Structure):
    """pa_cvolume; `VOLUME_NORM` is 0 dB."""

    _fields_ = (("channels", c_uint8), ("values", c_uint32 * CHANNELS_MAX))

    @property
    def loudest(self) -> int:
        """The volume of the loudest channel."""
        return max(self.values[: self.channels], default=0)


class BufferAttr(Structure):
    """pa_buffer_attr, in bytes; 0xffffffff leaves a value to the server."""

    _fields_ = tuple((name, c_uint32) for name in ("maxlength", "tlength", "prebuf", "minreq", "fragsize"))


class TimeVal(Structure):
    """struct timeval."""

    _fields_ = (("tv_sec", ctypes.c_long), ("tv_usec", ctypes.c_long))


class TimingInfo(Structure):
    """pa_timing_info: indexes in bytes, latencies in microseconds."""

    _fields_ = (
        ("timestamp", TimeVal),
        ("synchronized_clocks", c_int),
        ("sink_usec", c_uint64),
        ("source_usec", c_uint64),
        ("transport_usec", c_uint64),
        ("playing", c_int),
        ("write_index_corrupt", c_int),
        ("write_index", ctypes.c_int64),
        ("read_index_corrupt", c_int),
        ("read_index", ctypes.c_int64),
        ("configured_sink_usec", c_uint64),
        ("configured_source_usec", c_uint64),
        ("since_underrun", ctypes.c_int64),
    )


class SinkInfo(Structure):
    """pa_sink_info as far as the name of its monitor."""

    _fields_ = (
        ("name", c_char_p),
        ("index", c_uint32),
        ("description", c_char_p),
        ("sample_spec", SampleSpec),
        ("channel_map", ChannelMap),
        ("owner_module", c_uint32),
        ("volume", Volume),
        ("mute", c_int),
        ("monitor_source", c_uint32),
        ("monitor_source_name", c_char_p),
    )


class SinkInputInfo(Structure):
    """pa_sink_input_info as far as its properties."""

    _fields_ = (
        ("index", c_uint32),
        ("name", c_char_p),
        ("owner_module", c_uint32),
        ("client", c_uint32),
        ("sink", c_uint32),
        ("sample_spec", SampleSpec),
        ("channel_map", ChannelMap),
        ("volume", Volume),
        ("buffer_usec", c_uint64),
        ("sink_usec", c_uint64),
        ("resample_method", c_char_p),
        ("driver", c_char_p),
        ("mute", c_int),
        ("proplist", c_void_p),
    )


Notify = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)
"""State callbacks of contexts and streams."""

Request = ctypes.CFUNCTYPE(None, c_void_p, c_size_t, c_void_p)
"""Write and read callbacks of streams."""

Success = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_void_p)
"""Called when the server has answered an operation on a stream."""

AboutSink = ctypes.CFUNCTYPE(None, c_void_p, POINTER(SinkInfo), c_int, c_void_p)
AboutSinkInput = ctypes.CFUNCTYPE(None, c_void_p, POINTER(SinkInputInfo), c_int, c_void_p)

_FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "pa_threaded_mainloop_new": (c_void_p, ()),
    "pa_threaded_mainloop_start": (c_int, (c_void_p,)),
    "pa_threaded_mainloop_stop": (None, (c_void_p,)),
    "pa_threaded_mainloop_free": (None, (c_void_p,)),
    "pa_threaded_mainloop_lock": (None, (c_void_p,)),
    "pa_threaded_mainloop_unlock": (None, (c_void_p,)),
    "pa_threaded_mainloop_get_api": (c_void_p, (c_void_p,)),
    "pa_context_new": (c_void_p, (c_void_p, c_char_p)),
    "pa_context_connect": (c_int, (c_void_p, c_char_p, c_int, c_void_p)),
    "pa_context_disconnect": (None, (c_void_p,)),
    "pa_context_unref": (None, (c_void_p,)),
    "pa_context_get_state": (c_int, (c_void_p,)),
    "pa_context_errno": (c_int, (c_void_p,)),
    "pa_context_get_sink_info_by_name": (c_void_p, (c_void_p, c_char_p, AboutSink, c_void_p)),
    "pa_context_get_sink_info_list": (c_void_p, (c_void_p, AboutSink, c_void_p)),
    "pa_context_get_sink_input_info": (c_void_p, (c_void_p, c_uint32, AboutSinkInput, c_void_p)),
    "pa_context_get_sink_input_info_list": (c_void_p, (c_void_p, AboutSinkInput, c_void_p)),
    "pa_operation_unref": (None, (c_void_p,)),
    "pa_proplist_gets": (c_char_p, (c_void_p, c_char_p)),
    "pa_strerror": (c_char_p, (c_int,)),
    "pa_stream_new": (c_void_p, (c_void_p, c_char_p, POINTER(SampleSpec), c_void_p)),
    "pa_stream_unref": (None, (c_void_p,)),
    "pa_stream_connect_playback": (
        c_int,
        (c_void_p, c_char_p, POINTER(BufferAttr), c_int, POINTER(Volume), c_void_p),
    ),
    "pa_stream_connect_record": (c_int, (c_void_p, c_char_p, POINTER(BufferAttr), c_int)),
    "pa_stream_disconnect": (c_int, (c_void_p,)),
    "pa_stream_get_state": (c_int, (c_void_p,)),
    "pa_stream_get_index": (c_uint32, (c_void_p,)),
    "pa_stream_get_device_name": (c_char_p, (c_void_p,)),
    "pa_stream_get_latency": (c_int, (c_void_p, POINTER(c_uint64), POINTER(c_int))),
    "pa_stream_update_timing_info": (c_void_p, (c_void_p, Success, c_void_p)),
    "pa_stream_get_timing_info": (POINTER(TimingInfo), (c_void_p,)),
    "pa_stream_get_time": (c_int, (c_void_p, POINTER(c_uint64))),
    "pa_stream_set_write_callback": (None, (c_void_p, Request, c_void_p)),
    "pa_stream_set_read_callback": (None, (c_void_p, Request, c_void_p)),
    "pa_stream_write": (c_int, (c_void_p, c_void_p, c_size_t, c_void_p, ctypes.c_int64, c_int)),
    "pa_stream_peek": (c_int, (c_void_p, POINTER(c_void_p), POINTER(c_size_t))),
    "pa_stream_drop": (c_int, (c_void_p,)),
}


class NoLibrary(Exception):
    """There is no libpulse here, or one that lacks a function."""


def load(open_library: Callable[[str], Any] = ctypes.CDLL) -> Any:
    """The library with all its functions declared. Raises NoLibrary."""
    try:
        library = open_library("libpulse.so.0")
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as trouble:
        raise NoLibrary(str(trouble)) from None
    return library
