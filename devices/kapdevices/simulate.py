"""Hosts a simulator behind a pseudo-terminal or a TCP port, so that it is opened like a device on a cable."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from kapdevices.catalog import Simulator

TURN_S = 0.01
READ_SIZE = 4096
# A line discipline holds 4096 bytes; what is in it is thrown away when a program opens the port, what queues up
# behind it is not. Kept below that, a late reader starts with the present and not with the past.
UNREAD_LIMIT_BYTES = 3500


class _Line(Protocol):
    """One end of a cable: never blocks, never keeps what nobody takes."""

    @property
    def address(self) -> str: ...
    def read(self) -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def close(self) -> None: ...


class SimulatorHost:
    """Runs a simulator on a thread, from `start` (or the `with` block) to `close`; or in `run`, on the caller's."""

    def __init__(
        self,
        simulator: Simulator,
        *,
        link: Path | None = None,
        tcp: tuple[str, int] | None = None,
        now_s: Callable[[], float] = time.monotonic,
        speed: float = 1.0,
        pulled: Callable[[float], bool] | None = None,
    ) -> None:
        """Open the line at once, so that `address` is known.

        `link` is a symbolic link to keep pointing at the pseudo-terminal; `tcp` is host and port to listen on (port 0:
        any) instead of a pseudo-terminal, and is the default on Windows. `now_s` (seconds, monotonic) times `speed` is
        the simulator's time; `pulled` says when of that the cable is out. Raises ValueError when something that is no
        symbolic link is in the way of `link`, OSError when the line cannot be made.
        """
        if tcp is None and sys.platform == "win32":
            tcp = ("127.0.0.1", 0)
        if link is not None and (tcp is not None or (os.path.lexists(link) and not link.is_symlink())):
            raise ValueError(f"{link} cannot be the link: it is no symbolic link, or there is no pseudo-terminal")
        self._simulator = simulator
        self._link = link
        self._tcp = tcp
        self._now_s = now_s
        self._speed = speed
        self._pulled = pulled
        self._start_s = now_s()
        self._line: _Line | None = None
        self._last_address = ""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="simulator", daemon=True)
        self.plug()

    @property
    def address(self) -> str:
        """What to open: a pseudo-terminal's path or `socket://host:port`; the last one while unplugged."""
        return self._last_address

    def start(self) -> None:
        """Run on a thread of its own."""
        self._thread.start()

    def run(self) -> None:
        """Run until `close` is called from elsewhere or an exception (Ctrl-C) comes."""
        while not self._stop.wait(TURN_S):
            self.turn()

    def turn(self) -> None:
        """One turn: what the host sent to the simulator, what is due to the host. Time goes on while unplugged."""
        sim_s = (self._now_s() - self._start_s) * self._speed
        if self._pulled is not None:
            # Both do nothing when the cable is as it should be.
            (self.unplug if self._pulled(sim_s) else self.plug)()
        with self._lock:
            if self._line is not None and (data := self._line.read()):
                self._simulator.receive(data, sim_s)
            due = self._simulator.transmit(sim_s)
            if self._line is not None and due:
                self._line.write(due)

    def unplug(self) -> None:
        """Pull the cable: the host's port hangs up, the link is gone."""
        with self._lock:
            if self._line is None:
                return
            self._remove_link()
            self._line.close()
            self._line = None

    def plug(self) -> None:
        """Put the cable in: a pseudo-terminal gets another name than before, a TCP port keeps its number."""
        with self._lock:
            if self._line is not None:
                return
            if self._tcp is not None:
                listener = _TcpLine(*self._tcp)
                self._tcp = (self._tcp[0], listener.port)
                self._line = listener
            else:
                self._line = _other_pty_than(self._last_address)
            self._last_address = self._line.address
            if self._link is not None:
                new = self._link.with_name(f".{self._link.name}.{os.getpid()}")
                new.unlink(missing_ok=True)
                new.symlink_to(self._last_address)
                os.replace(new, self._link)

    def close(self) -> None:
        """Stop, unplug and wait for the thread."""
        self._stop.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        self.unplug()

    def _remove_link(self) -> None:
        # Only our own: another simulator may have taken the name since.
        if self._link is not None and self._link.is_symlink() and os.readlink(self._link) == self._last_address:
            self._link.unlink()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


class _TcpLine:
    """Listens; serves one host at a time, as a cable does, and turns others away."""

    def __init__(self, host: str, port: int) -> None:
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if sys.platform != "win32":  # there it would let two listeners share a port
                self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._listener.bind((host, port))
            self._listener.listen()
        except OSError:
            self._listener.close()
            raise
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self.address = f"socket://{host}:{self.port}"
        self._peer: socket.socket | None = None

    def read(self) -> bytes:
        with contextlib.suppress(OSError):
            peer, _ = self._listener.accept()
            peer.setblocking(False)
            if self._peer is None:
                self._peer = peer
            else:
                peer.close()
        if self._peer is None:
            return b""
        try:
            data = self._peer.recv(READ_SIZE)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._hang_up()
        return data

    def write(self, data: bytes) -> None:
        if self._peer is not None:
            try:
                self._peer.send(data)
            except BlockingIOError:
                pass  # the host does not read: lost, as on a line
            except OSError:
                self._hang_up()

    def _hang_up(self) -> None:
        if self._peer is not None:
            self._peer.close()
            self._peer = None

    def close(self) -> None:
        self._hang_up()
        self._listener.close()


if sys.platform != "win32":
    import fcntl
    import struct
    import termios
    import tty

    class _PtyLine:
        """A raw pseudo-terminal. Its slave stays open here, so that hosts may come and go."""

        def __init__(self) -> None:
            self._master, self._slave = os.openpty()
            tty.setraw(self._slave)
            os.set_blocking(self._master, False)
            self.address = os.ttyname(self._slave)

        def read(self) -> bytes:
            try:
                return os.read(self._master, READ_SIZE) if select.select([self._master], [], [], 0)[0] else b""
            except OSError:
                return b""

        def write(self, data: bytes) -> None:
            unread = struct.unpack("i", fcntl.ioctl(self._slave, termios.FIONREAD, b"\0\0\0\0"))[0]
            if unread > UNREAD_LIMIT_BYTES:
                termios.tcflush(self._slave, termios.TCIFLUSH)
            with contextlib.suppress(BlockingIOError):  # nobody reads: lost, as on a line
                os.write(self._master, data)

        def close(self) -> None:
            os.close(self._slave)
            os.close(self._master)

    def _other_pty_than(address: str) -> _Line:
        line = _PtyLine()
        if line.address != address:
            return line
        other = _PtyLine()
        line.close()
        return other

else:

    def _other_pty_than(address: str) -> _Line:
        raise OSError("there are no pseudo-terminals on Windows: use TCP")
