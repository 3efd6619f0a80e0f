"""What every test starts from and may not leave behind: own folders; no thread, process, timer, window or warning."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

# Before anything imports Qt. A test of a real window starts its own process with another platform.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

HAS_QT = importlib.util.find_spec("PySide6") is not None
NEED_QT = ("console", "replay", "station", "test_refcount.py")
"""Folders and files of tests/ that import Qt. Anything else that needs it carries the marker `qt`."""

collect_ignore = [] if HAS_QT else list(NEED_QT)

GRACE_S = 2.0
"""How long a thread or process that was told to end may take to be gone."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Without pytest-qt its settings in pyproject.toml would be unknown, and unknown settings are errors."""
    if importlib.util.find_spec("pytestqt") is None:
        for name in ("qt_api", "qt_log_level_fail"):
            parser.addini(name, "unused without Qt")
        parser.addini("qt_log_ignore", "unused without Qt", type="linelist")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs Qt where there is none: deselected, not skipped, so that a skip stays worth reading."""
    if HAS_QT:
        return
    without = [item for item in items if item.get_closest_marker("qt")]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in without]


# --- own folders ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _homes() -> Iterator[Path]:
    # Not tmp_path: a path of a socket has at most 104 bytes on macOS, 108 on Linux.
    folder = Path(tempfile.mkdtemp(prefix="kap"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_folders(_homes: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own; the program finds its folders there, also in child processes."""
    folder = Path(tempfile.mkdtemp(dir=_homes, prefix=""))
    runtime = folder / "r"
    runtime.mkdir(mode=0o700)
    places = {
        "KAPCONSOLE_HOME": folder / "k",
        "HOME": folder,
        "USERPROFILE": folder,
        "APPDATA": folder / "AppData" / "Roaming",
        "LOCALAPPDATA": folder / "AppData" / "Local",
        "XDG_CONFIG_HOME": folder / ".config",
        "XDG_DATA_HOME": folder / ".local" / "share",
        "XDG_STATE_HOME": folder / ".local" / "state",
        "XDG_RUNTIME_DIR": runtime,
        "XDG_CACHE_HOME": _homes / "cache",  # shared: Qt's font cache takes a second to build
    }
    for name, place in places.items():
        monkeypatch.setenv(name, str(place))
    # A key store of the person who runs the tests must be neither read nor written.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return folder


@pytest.fixture
def home(own_folders: Path) -> Path:
    """The home of this test; the program's own folders are in its `k`."""
    return own_folders


# --- nothing left running ------------------------------------------------------------------------------------------

_started_at: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()


def _remember_where(cls: Any, method: str) -> None:
    """Wrap `cls.method` so that `_started_at` knows the lines that started an object."""
    original: Callable[..., Any] = getattr(cls, method)
    if hasattr(original, "remembers"):
        return

    def start(self: Any, *args: Any, **kwargs: Any) -> Any:
        lines = [line for line in traceback.extract_stack()[:-1] if "_pytest" not in line.filename][-4:]
        _started_at[self] = " < ".join(f"{Path(line.filename).name}:{line.lineno}" for line in reversed(lines))
        return original(self, *args, **kwargs)

    start.remembers = True  # type: ignore[attr-defined]
    setattr(cls, method, start)


_remember_where(threading.Thread, "start")


def _fail_if(found: list[str], words: str) -> None:
    if found:
        pytest.fail(words, pytrace=False)


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail the test that leaves a thread running, naming the line that started it."""
    before = set(threading.enumerate())
    yield
    left = []
    for thread in set(threading.enumerate()) - before:
        # A thread that Python did not start (a dummy, of Qt or PortAudio) cannot be joined.
        if not isinstance(thread, threading._DummyThread):
            thread.join(GRACE_S)
            if thread.is_alive():
                left.append(f"{thread.name!r}, started at {_started_at.get(thread, 'an unknown line')}")
    _fail_if(left, "threads still running: " + "; ".join(left))


def _children() -> list[psutil.Process]:
    tasks = Path("/proc/self/task")
    if tasks.exists():  # a hundredth of the time that psutil's walk over all processes takes
        try:
            if not any((task / "children").read_bytes() for task in tasks.iterdir()):
                return []
        except OSError:  # the kernel was built without these files, or a thread ended meanwhile
            pass
    return list(psutil.Process().children(recursive=True))


def _is_tracker(process: psutil.Process) -> bool:
    """multiprocessing's own resource tracker lives as long as the test run and is nobody's leak."""
    try:
        return any("multiprocessing.resource_tracker" in word for word in process.cmdline())
    except psutil.Error:
        return False


@pytest.fixture(autouse=True)
def no_leaked_processes() -> Iterator[None]:
    """Fail the test that leaves a child process, and end it."""
    before = set(_children())
    yield
    left = [process for process in _children() if process not in before and not _is_tracker(process)]
    if not left:
        return
    _, left = psutil.wait_procs(left, timeout=GRACE_S)
    words = []
    for process in left:
        try:
            words.append(f"{process.pid}: {' '.join(process.cmdline()) or process.name()} ({process.status()})")
            process.kill()
        except psutil.NoSuchProcess:
            continue
    _fail_if(words, "child processes still running: " + "; ".join(words))


@pytest.fixture(autouse=True)
def no_leaked_qt() -> Iterator[None]:
    """Fail the test that leaves a running QTimer or a top-level widget. Costs nothing where Qt is not loaded."""
    if "PySide6.QtWidgets" not in sys.modules:
        yield
        return
    from PySide6.QtCore import QCoreApplication, QEvent, QTimer
    from PySide6.QtWidgets import QApplication
    from shiboken6 import isValid

    _remember_where(QTimer, "start")
    timers_before = set(_active_timers(isValid, QTimer))
    windows_before = set(QApplication.topLevelWidgets()) if QApplication.instance() else set()
    yield
    if not QApplication.instance():
        return
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    windows = [
        f"{type(widget).__name__} {widget.objectName() or widget.windowTitle()!r}"
        for widget in QApplication.topLevelWidgets()
        if widget not in windows_before and isValid(widget)
    ]
    timers = [
        f"{timer.interval()} ms, started at {_started_at[timer]}"
        for timer in _active_timers(isValid, QTimer)
        if timer not in timers_before
    ]
    for timer in set(_active_timers(isValid, QTimer)) - timers_before:
        timer.stop()
    _fail_if(windows, "top-level widgets left open: " + "; ".join(windows))
    _fail_if(timers, "timers still running: " + "; ".join(timers))


def _active_timers(is_valid: Callable[[Any], bool], timer_type: type[Any]) -> list[Any]:
    return [one for one in list(_started_at) if isinstance(one, timer_type) and is_valid(one) and one.isActive()]


# --- nothing said unasked ------------------------------------------------------------------------------------------


class _Warnings(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def no_unexpected_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail on a logged warning or worse, unless the test expects it: `@pytest.mark.logs("cable pulled")`.

    The pattern is a regular expression searched in "LEVEL logger: message"; one that nothing matches fails as well.
    """
    expected = [re.compile(mark.args[0]) for mark in request.node.iter_markers("logs")]
    heard = _Warnings()
    logging.getLogger().addHandler(heard)
    yield
    logging.getLogger().removeHandler(heard)
    unexpected = [line for line in heard.said if not any(pattern.search(line) for pattern in expected)]
    missing = [pattern.pattern for pattern in expected if not any(pattern.search(line) for line in heard.said)]
    _fail_if(unexpected, "unexpected in the log: " + "; ".join(unexpected))
    _fail_if(missing, "expected in the log, but not there: " + "; ".join(missing))
