"""A connection to the Linux sound server (PulseAudio, PipeWire), shared by the processes that own an output each."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from kapconsole.sound import libpulse as lib

HOST_API = "PulseAudio"
CONNECT_S = 3.0
POLL_S = 0.005


class NoServer(Exception):
    """There is no sound server here."""


class Server:
    """A connection to the sound server, with libpulse's own thread."""

    def __init__(self, name: str = "kapconsole") -> None:
        """Connect as `name`. Raises NoServer."""
        try:
            self.lib: Any = lib.load()
        except lib.NoLibrary as trouble:
            raise NoServer(f"libpulse is missing: {trouble}") from None
        self._loop = self.lib.pa_threaded_mainloop_new()
        self.lib.pa_threaded_mainloop_start(self._loop)
        self._pause = threading.Event()  # never set: something to wait on
        with self.locked():
            api = self.lib.pa_threaded_mainloop_get_api(self._loop)
            self.context = self.lib.pa_context_new(api, name.encode())
            self.lib.pa_context_connect(self.context, None, lib.CONTEXT_NOAUTOSPAWN, None)
        if self.wait(lambda: self.state() >= lib.CONTEXT_READY) and self.state() == lib.CONTEXT_READY:
            return
        self.close()
        raise NoServer("the sound server does not answer")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """libpulse's objects may be touched inside, outside of its callbacks."""
        self.lib.pa_threaded_mainloop_lock(self._loop)
        try:
            yield
        finally:
            self.lib.pa_threaded_mainloop_unlock(self._loop)

    def state(self) -> int:
        """pa_context_state."""
        return int(self.lib.pa_context_get_state(self.context))

    def wait(self, done: Callable[[], bool], timeout_s: float = CONNECT_S) -> bool:
        """Until `done`, asked under the lock. libpulse's own wait has no limit: a server that hangs would be joined."""
        until_s = time.monotonic() + timeout_s
        while True:
            with self.locked():
                if done():
                    return True
            if time.monotonic() > until_s:
                return False
            self._pause.wait(POLL_S)

    def sinks(self) -> list[str]:
        """Names of all sinks."""
        names: list[str] = []
        ended = threading.Event()

        def about(context: object, info: Any, end: int, data: object) -> None:
            if end:
                ended.set()
            else:
                names.append(info.contents.name.decode())

        self._ask(self.lib.pa_context_get_sink_info_list, lib.AboutSink(about), ended)
        return names

    def plays_for(self, pid: int) -> bool:
        """True when a stream of the process `pid` goes through this server."""
        pids: list[bytes | None] = []
        ended = threading.Event()

        def about(context: object, info: Any, end: int, data: object) -> None:
            if end:
                ended.set()
            else:
                pids.append(self.lib.pa_proplist_gets(info.contents.proplist, b"application.process.id"))

        self._ask(self.lib.pa_context_get_sink_input_info_list, lib.AboutSinkInput(about), ended)
        return str(pid).encode() in pids

    def _ask(self, function: Any, callback: Any, ended: threading.Event) -> None:
        with self.locked():
            operation = function(self.context, callback, None)
            if operation:
                self.lib.pa_operation_unref(operation)
        if not operation or not ended.wait(CONNECT_S):
            # The callback is still known to libpulse: it must live as long as the connection.
            self._kept = callback
            raise NoServer("the sound server does not answer")

    def words(self) -> str:
        """The last error, in the library's words."""
        return str(self.lib.pa_strerror(self.lib.pa_context_errno(self.context)).decode())

    def close(self) -> None:
        """End the connection and the thread."""
        with self.locked():
            self.lib.pa_context_disconnect(self.context)
            self.lib.pa_context_unref(self.context)
        self.lib.pa_threaded_mainloop_stop(self._loop)
        self.lib.pa_threaded_mainloop_free(self._loop)


def sinks() -> list[str]:
    """Names of the sound server's sinks; empty where there is no server."""
    try:
        server = Server()
    except NoServer:
        return []
    try:
        return server.sinks()
    except NoServer:
        return []
    finally:
        server.close()


def goes_through_server() -> bool:
    """True when this process has a stream on the sound server."""
    try:
        server = Server()
    except NoServer:
        return False
    try:
        return server.plays_for(os.getpid())
    except NoServer:
        return False
    finally:
        server.close()
