"""Starts and watches the processes of a session; restarts what dies; so small that it has no reason to die itself."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from kapconsole import commands as cm
from kapconsole.lifeline import Orders, write_orders
from kapconsole.paths import runtime_dir
from kapconsole.wire import Address, Answer, Ask, HubUnreachable, Message, connect

TURN_S = 0.05
QUICK_DEATH_S = 2.0
QUICK_DEATHS = 5
"""A process that dies this often as it starts is not tried again every second."""

PAUSE_S = 1.0
LONG_PAUSE_S = 30.0
PATIENCE_S = 10.0
"""How long the monitor may take to close the log before it is made to end."""

GOODBYE_S = 3.0
"""How long the others may take after that."""


class Running(msgspec.Struct, frozen=True):
    """The session that runs on this machine for this user, as its launcher wrote it down."""

    address: Address
    launcher_pid: int
    log_path: str


def running_file() -> Path:
    """Where the running session is written down; readable for its user alone, since it holds the wire's key."""
    return runtime_dir() / "running.json"


def running_session() -> Running | None:
    """What is written down of a running session, whether or not it still runs."""
    try:
        return msgspec.json.decode(running_file().read_bytes(), type=Running)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def answers(running: Running) -> bool:
    """True when a monitor listens there."""
    try:
        peer = connect(running.address, "launcher", lambda peer, message: None, lambda peer, why: None)
    except HubUnreachable:
        return False
    peer.close()
    return True


class SendFailed(Exception):
    """A command got no answer; the message says why."""


def ask(running: Running, body: cm.CommandBody, actor: str, timeout_s: float = 5.0) -> Answer:
    """Give the running session one command and wait for its answer. Raises SendFailed."""
    command = cm.Command(uuid.uuid4().hex, actor, body)
    inbox: queue.SimpleQueue[Message | str] = queue.SimpleQueue()
    try:
        peer = connect(
            running.address, "sender", lambda peer, message: inbox.put(message), lambda peer, why: inbox.put(why)
        )
    except HubUnreachable as trouble:
        raise SendFailed(str(trouble)) from None
    peer.send(Ask(command))
    until_s = time.monotonic() + timeout_s
    try:
        while True:
            message = inbox.get(timeout=max(0.0, until_s - time.monotonic()))
            if isinstance(message, Answer) and message.id == command.id:
                return message
            if isinstance(message, str):
                raise SendFailed(f"no answer from the session: {message}")
    except queue.Empty:
        raise SendFailed(f"no answer from the session within {timeout_s:g} s") from None
    finally:
        peer.close()


class Child:
    """One process: how to start it, and what became of it."""

    def __init__(self, name: str, argv: Sequence[str], orders: Orders | None, *, restart: bool, vital: bool) -> None:
        """`restart`: start again when it dies. `vital`: the session is over when it ends by its own wish."""
        self.name = name
        self.argv = list(argv)
        self.orders = orders
        self.restart = restart
        self.vital = vital
        self.started_s = 0.0
        self.quick_deaths = 0
        self.due_s: float | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, now_s: float) -> None:
        """Start it and give it its orders."""
        self.started_s = now_s
        self.due_s = None
        # In a group of its own: Ctrl-C, or a signal to the whole group, is the launcher's to answer, so that nothing
        # is gone before the session has been closed.
        group = None if sys.platform == "win32" else 0
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, process_group=group)
        if self.orders is not None:
            with contextlib.suppress(BrokenPipeError):
                write_orders(cast(BinaryIO, self.process.stdin), self.orders)

    def pause_s(self, now_s: float) -> float:
        """How long to wait before it is started again: not at all, unless it keeps dying as it starts."""
        if now_s - self.started_s > QUICK_DEATH_S:
            self.quick_deaths = 0
            return 0.0
        self.quick_deaths += 1
        return PAUSE_S if self.quick_deaths < QUICK_DEATHS else LONG_PAUSE_S

    def died(self) -> int | None:
        """The exit code once it has ended, else None."""
        return None if self.process is None else self.process.poll()

    def end(self, timeout_s: float) -> None:
        """Wait for it to end; make it end when it does not."""
        if self.process is None:
            return
        with contextlib.suppress(OSError):
            cast(BinaryIO, self.process.stdin).close()
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            try:
                self.process.wait(2.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def python(*words: str) -> list[str]:
    """A command line that runs a module of this very installation."""
    return [sys.executable, "-m", *words]


class Launcher:
    """Runs a session to its end."""

    def __init__(
        self,
        orders: Orders,
        *,
        with_console: bool,
        around: Sequence[Child] = (),
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """`around`: further processes, started first and ended last (simulators, the demo's script)."""
        self._orders = orders
        self._say = say
        self._around = list(around)
        self._monitor = Child("monitor", python("kapconsole.monitor"), orders, restart=True, vital=True)
        secretless = msgspec.structs.replace(orders, key_hex="")
        self._others = [
            Child("annunciator", python("kapconsole.annunciator"), secretless, restart=True, vital=False),
            Child("room", python("kapconsole.room"), secretless, restart=True, vital=False),
            Child("light", python("kapconsole.light"), secretless, restart=True, vital=False),
        ]
        if with_console:
            self._others.append(
                Child("console", python("kapconsole.console"), secretless, restart=True, vital=orders.simulated)
            )
        self._stop_asked = threading.Event()
        self._pause = threading.Event()  # never set: something to wait on
        self._code = 0

    def run(self, seconds: float | None = None) -> int:
        """Start everything, watch it, and return the exit code when the session is over. `seconds`: end it then."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        began_s = time.monotonic()
        for child in [*self._around, self._monitor, *self._others]:
            child.start(began_s)
        self._write_down()
        try:
            while not self._over():
                if self._stop_asked.wait(TURN_S):
                    self._ask_to_end("ended from the terminal")
                    break
                if seconds is not None and time.monotonic() - began_s >= seconds:
                    self._ask_to_end("ended after the set time")
                    break
        finally:
            self._end_all()
        return self._code

    def _on_signal(self, number: int, frame: object) -> None:
        self._stop_asked.set()

    def _over(self) -> bool:
        """Look after every process; True when the session has ended."""
        now_s = time.monotonic()
        for child in [self._monitor, *self._others, *self._around]:
            if child.due_s is not None:
                if now_s >= child.due_s:
                    child.start(now_s)
                continue
            code = child.died()
            if code is None:
                continue
            if code == 0 or code == 2:
                # 0: it ended because it should; 2: it said why it cannot run, and a restart would not mend that.
                if child.vital:
                    if child is not self._monitor and code == 0:
                        self._ask_to_end("the window was closed")
                    self._code = self._code or code
                    return True
                child.process = None
                continue
            if not child.restart:
                child.process = None
                continue
            if child is self._monitor:
                self._monitor.orders = msgspec.structs.replace(self._orders, resume=True)
            child.due_s = now_s + child.pause_s(now_s)
            self._say(f"the {child.name} died ({_how(code)}); starting it again")
        return False

    def _ask_to_end(self, reason: str) -> None:
        running = Running(self._orders.address, os.getpid(), self._orders.log_path)
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                ask(running, cm.End(reason), "launcher")
                return
            except SendFailed as trouble:
                # Ctrl-C may come before the monitor listens; it is waited for as long as it lives.
                if self._monitor.died() is not None or time.monotonic() > until_s:
                    self._say(f"the session could not be closed properly: {trouble}")
                    self._code = 1
                    return
            self._pause.wait(TURN_S)

    def _end_all(self) -> None:
        self._monitor.end(PATIENCE_S)
        until_s = time.monotonic() + GOODBYE_S
        for child in [*self._others, *self._around]:
            child.end(max(0.0, until_s - time.monotonic()))
        code = self._monitor.died()
        if code:
            self._code = self._code or code
        with contextlib.suppress(FileNotFoundError):
            running_file().unlink()

    def _write_down(self) -> None:
        path = running_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        running = Running(self._orders.address, os.getpid(), self._orders.log_path)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(msgspec.json.encode(running))


def _how(code: int) -> str:
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
