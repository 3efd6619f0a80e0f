"""One writer for one session: an operating system lock that ends with the process, however that ends."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from kapconsole.record.errors import LogBusyError

if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _try_lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


_TRIES = 10
_BETWEEN_TRIES_S = 0.02


class WriterLock:
    """Held on `NAME.kaplog.lock` while a session is written."""

    def __init__(self, log: Path) -> None:
        """Take the lock. Raises LogBusyError when another writer has it."""
        self._path = lock_path(log)
        self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        for _ in range(_TRIES):
            try:
                _try_lock(self._handle)
                return
            except OSError:
                # A reader that just looks whether the session is written holds the lock for a moment.
                threading.Event().wait(_BETWEEN_TRIES_S)
        os.close(self._handle)
        self._handle = -1
        raise LogBusyError(f"{log.name} is being written by another process.")

    def release(self, remove: bool) -> None:
        """Let go; `remove` the lock file when the session is over. Safe to call twice."""
        if self._handle < 0:
            return
        os.close(self._handle)
        self._handle = -1
        if remove:
            self._path.unlink(missing_ok=True)


def lock_path(log: Path) -> Path:
    """The lock file of a session file."""
    return log.with_name(log.name + ".lock")


def is_being_written(log: Path) -> bool:
    """True when a writer holds the session, in this process or another."""
    try:
        handle = os.open(lock_path(log), os.O_RDONLY)
    except OSError:
        return False
    try:
        _try_lock(handle)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False
