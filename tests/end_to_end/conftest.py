"""Drives the real program in processes of its own, with simulators on pseudo-terminals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import psutil
import pytest

from kapconsole.events import Body, Event
from kapconsole.record.errors import NoSuchLogError, NotALogError
from kapconsole.record.reader import open_log
from kapconsole.rows import NUMERICS, WAVE, Row, row_event

T = TypeVar("T")
PYTHON = [sys.executable, "-m", "kapconsole"]


def wait_for(what: Callable[[], T | None], timeout_s: float = 40.0) -> T:
    """What `what` gives once it gives something."""
    until_s = time.monotonic() + timeout_s
    while time.monotonic() < until_s:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout_s:g} s in vain")


class Session:
    """A `kapconsole run` or `demo` in its own processes, and its log."""

    def __init__(self, log: Path, *words: str, window: bool = False) -> None:
        self.log = log
        mode = [] if window else ["--headless"]
        self.process = subprocess.Popen(
            [*PYTHON, *words, "--log", str(log), *mode], stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def rows(self) -> list[Row]:
        """The rows that are on disk."""
        try:
            with open_log(self.log) as opened:
                return opened.rows()
        except (NoSuchLogError, NotALogError):
            return []  # not made yet, or just being made

    def events(self, kind: type[Body] | None = None) -> list[Event]:
        """The events that are on disk, of one kind."""
        events = [row_event(row) for row in self.rows() if row.kind not in (NUMERICS, WAVE)]
        return [event for event in events if kind is None or isinstance(event.body, kind)]

    def wait_for_event(self, kind: type[Body], test: Callable[..., bool] = bool, timeout_s: float = 40.0) -> Event:
        """The first event of `kind` whose body passes."""
        return wait_for(lambda: next((event for event in self.events(kind) if test(event.body)), None), timeout_s)

    def process_of(self, module: str) -> psutil.Process:
        """The child that runs `python -m module`."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        return next(child for child in children if module in child.cmdline())

    def send(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`kapconsole send`."""
        return subprocess.run([*PYTHON, "send", *words], capture_output=True, text=True, timeout=20)

    def end(self) -> str:
        """Ctrl-C; what the program said."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=30)
        return said

    def kill_everything(self) -> None:
        """As a power cut would, as far as processes go."""
        tree = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for process in tree:
            process.kill()
        psutil.wait_procs(tree, timeout=10)
        self.process.communicate()


@pytest.fixture
def session(home: Path, tmp_path: Path) -> Iterator[Callable[..., Session]]:
    """Starts sessions and makes sure that nothing of them is left."""
    started: list[Session] = []

    def start(*words: str, log: str = "s.kaplog", window: bool = False) -> Session:
        running = Session(tmp_path / log, *words, window=window)
        started.append(running)
        return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.kill_everything()
        if running.process.stderr is not None:
            running.process.stderr.close()


def run(*words: str, input: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    """One kapconsole command to its end."""
    return subprocess.run([*PYTHON, *words], capture_output=True, input=input, timeout=60)


def info(log: Path) -> dict[str, object]:
    """`kapconsole info --json`."""
    done = run("info", str(log), "--json")
    assert done.returncode == 0, done.stderr
    return dict(msgspec.json.decode(done.stdout))


@pytest.fixture
def foreign() -> Iterator[Callable[..., tuple[str, subprocess.Popen[str]]]]:
    """Starts a device program that shares no code with the project; gives its pseudo-terminal."""
    started: list[subprocess.Popen[str]] = []

    def start(name: str, *words: str) -> tuple[str, subprocess.Popen[str]]:
        script = Path(__file__).parent.parent / "foreign" / name
        process = subprocess.Popen(
            [sys.executable, str(script), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip(), process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


pytestmark = pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals")
