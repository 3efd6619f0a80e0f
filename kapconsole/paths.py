"""Folders of the program on this machine: sessions, logs, settings, and what belongs to the running session."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from pathlib import Path

import platformdirs

HOME_VARIABLE = "KAPCONSOLE_HOME"
"""Puts every folder under one: portable use from a stick, and tests."""


class FolderTrouble(Exception):
    """A folder cannot be used; the text says which, why and what to do."""


def data_dir() -> Path:
    """What must be kept: the sessions."""
    return _folder("data", platformdirs.user_data_path("kapconsole", appauthor=False))


def state_dir() -> Path:
    """What the program writes down about itself: logs, the ledger of sessions."""
    return _folder("state", platformdirs.user_state_path("kapconsole", appauthor=False))


def config_dir() -> Path:
    """What people set."""
    return _folder("config", platformdirs.user_config_path("kapconsole", appauthor=False))


def runtime_dir() -> Path:
    """What lives as long as the running session: socket and key of the wire. Never shared between users."""
    return _folder("run", _runtime_path())


def sessions_dir() -> Path:
    """Where session logs are written."""
    return _usable(data_dir() / "sessions")


def captures_dir() -> Path:
    """Where raw bytes of devices are kept when a person asks for it."""
    return _usable(data_dir() / "captures")


def _runtime_path() -> Path:
    with warnings.catch_warnings():
        # Where no login manager sets XDG_RUNTIME_DIR, a folder in the temporary folder serves; `_usable` guards it.
        warnings.simplefilter("ignore")
        return platformdirs.user_runtime_path("kapconsole", appauthor=False)


def _folder(name: str, default: Path) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    return _usable(Path(home).expanduser().resolve() / name if home else default)


def _usable(folder: Path) -> Path:
    """`folder`, made if need be, for this user alone.

    Raises FolderTrouble where it cannot be made, belongs to someone else (a folder in a shared place that another
    user made first could hand out the session's key), or cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32":
            status = folder.stat()
            if status.st_uid != os.getuid():
                raise FolderTrouble(f"{folder} belongs to another user. {_elsewhere()}")
            if stat.S_IMODE(status.st_mode) & 0o077:
                folder.chmod(0o700)
    except FileExistsError:
        raise FolderTrouble(f"{folder} is a file where a folder is needed. Move it away. {_elsewhere()}") from None
    except NotADirectoryError:
        raise FolderTrouble(f"{folder} lies below something that is a file. {_elsewhere()}") from None
    except OSError as error:
        raise FolderTrouble(f"{folder} cannot be made or used: {error.strerror or error}. {_elsewhere()}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise FolderTrouble(f"{folder} cannot be written by this user. {_elsewhere()}")
    return folder


def _elsewhere() -> str:
    return f"Set {HOME_VARIABLE} to a folder of your own to keep everything there."
