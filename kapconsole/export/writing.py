"""Puts an export where a person wants it: whole or not at all, never over something else unasked, errors in words."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

OURS = "README.txt"
FIRST_WORDS = "kapconsole export"
"""A folder whose README begins so was made by an export and may be replaced by one."""

FORCE_WORDS = "--force replaces it"
"""How a refusal ends where the person may say that they mean it."""


class ExportTrouble(Exception):
    """An export cannot be made; the text says why and what to do."""


def check_target(target: Path, force: bool) -> None:
    """Refuse a place that cannot or may not be written. Raises ExportTrouble."""
    if not target.parent.is_dir():
        raise ExportTrouble(f"the folder {target.parent} does not exist")
    if target.is_dir() and any(target.iterdir()):
        if not _is_ours(target):
            raise ExportTrouble(f"{target} is a folder with other things in it; name a new one")
        if not force:
            raise ExportTrouble(f"{target} exists already; {FORCE_WORDS}")
    elif target.exists() and not target.is_dir() and not force:
        raise ExportTrouble(f"{target} exists already; {FORCE_WORDS}")
    if not os.access(target.parent, os.W_OK):
        raise ExportTrouble(f"the folder {target.parent} cannot be written by this user")


def write_file(target: Path, write: Callable[[Path], None], force: bool) -> None:
    """Let `write` make a file, then put it at `target` in one step. Raises ExportTrouble; nothing half-done is left."""
    check_target(target, force)
    if target.is_dir():
        raise ExportTrouble(f"{target} is a folder; name a file")
    with _in_words(target):
        handle, name = tempfile.mkstemp(prefix=".kapconsole-", dir=target.parent)
        os.close(handle)
        part = Path(name)
        try:
            write(part)
            _synced(part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def write_text(target: Path, words: str, force: bool) -> None:
    """The same for a text, as UTF-8. Raises ExportTrouble."""

    def write(place: Path) -> None:
        place.write_text(words, "utf-8")

    write_file(target, write, force)


def write_folder(target: Path, write: Callable[[Path], None], force: bool) -> None:
    """The same for a folder of files that `write` makes. Raises ExportTrouble."""
    check_target(target, force)
    if target.exists() and not target.is_dir():
        raise ExportTrouble(f"{target} is a file; name a folder, or a file that ends in .zip")
    with _in_words(target):
        part = Path(tempfile.mkdtemp(prefix=".kapconsole-", dir=target.parent))
        try:
            write(part)
            for file in part.iterdir():
                _synced(file)
            if target.exists():
                old = Path(tempfile.mkdtemp(prefix=".kapconsole-", dir=target.parent)) / "old"
                target.rename(old)
                part.rename(target)
                shutil.rmtree(old.parent)
            else:
                part.rename(target)
        finally:
            shutil.rmtree(part, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    try:
        return (folder / OURS).read_text("utf-8-sig").startswith(FIRST_WORDS)
    except (OSError, UnicodeDecodeError):
        return False


def _synced(file: Path) -> None:
    with file.open("rb+") as held:
        os.fsync(held.fileno())


class _in_words:  # noqa: N801  # reads as a statement
    """Turns an OSError into what a person can do about it."""

    def __init__(self, target: Path) -> None:
        self._target = target

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise ExportTrouble(_words(self._target, error)) from error


def _words(target: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
        return f"the disk of {target.parent} is full: {target.name} was not written, and nothing of it was left"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{target} cannot be written by this user ({error.strerror})"
    return f"{target} cannot be written ({error.strerror or error})"
