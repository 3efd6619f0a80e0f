"""What every command needs: saying, failing in one line, asking for the passphrase, a progress bar."""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator


class Failed(Exception):
    """The command cannot be carried out; the message is the one line that the person reads."""


def say(text: str) -> None:
    print(f"kapconsole: {text}", file=sys.stderr, flush=True)


def screen() -> bool:
    """False where a window would abort at once."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


@contextlib.contextmanager
def log_errors() -> Iterator[None]:
    from kapconsole.record.errors import LogError

    try:
        yield
    except LogError as trouble:
        raise Failed(str(trouble)) from None


def passphrase(options: argparse.Namespace) -> Callable[[], str]:
    """Gives the site passphrase when somebody needs it: from the file that was named, or by asking, once."""

    @functools.cache
    def ask() -> str:
        if options.passphrase_file is not None:
            try:
                with options.passphrase_file.open() as stream:
                    return str(stream.readline()).rstrip("\r\n")
            except OSError as trouble:
                raise Failed(f"{options.passphrase_file}: {trouble.strerror}") from None
        if not sys.stdin.isatty():
            raise Failed("the site passphrase is needed: give --passphrase-file, or run this in a terminal")
        import getpass

        return getpass.getpass("site passphrase: ")

    return ask


def new_passphrase(options: argparse.Namespace) -> Callable[[], str]:
    def ask() -> str:
        first = passphrase(options)()
        if options.passphrase_file is None and passphrase(options)() != first:
            raise Failed("the two passphrases are not the same")
        if len(first) < 8:
            raise Failed("a site passphrase has at least 8 characters")
        return first

    return ask


def progress(what: str) -> Callable[[int, int], None]:
    """A progress bar on a terminal; nothing where nobody looks."""
    if not sys.stderr.isatty():
        return lambda done, total: None

    def show(done: int, total: int) -> None:
        filled = 30 * done // max(1, total)
        ending = "\n" if done >= total else ""
        print(f"\r{what} {'█' * filled}{'·' * (30 - filled)} {done}/{total}", end=ending, file=sys.stderr)

    return show
