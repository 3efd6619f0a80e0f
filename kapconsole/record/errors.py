"""What can go wrong with a session file, each with words that can be shown to a person as they are."""

from __future__ import annotations


class LogError(Exception):
    """Anything about a session file. `str(error)` is a sentence for the screen."""


class NoSuchLogError(LogError):
    """There is no file of that name."""


class NotALogError(LogError):
    """The file is something else."""


class KeyNeededError(LogError):
    """The file is encrypted and no key was given."""


class WrongKeyError(LogError):
    """The file is encrypted and this key does not open it."""


class NewerFormatError(LogError):
    """The file was written by a newer kapconsole."""


class LogDamagedError(LogError):
    """Part of the file cannot be read; `recover` saves the rest. `readable` rows were read before the damage."""

    def __init__(self, text: str, readable: int = 0) -> None:
        super().__init__(text)
        self.readable = readable


class LogClosedError(LogError):
    """The session was closed; a closed session is never written to again."""


class LogBusyError(LogError):
    """Another process is writing this session."""


class NoSpaceError(LogError):
    """Too little space is free to begin a session."""


class LogWriteError(LogError):
    """The disk did not take the rows. None of them is in the file; they can be offered again."""


class LogFullError(LogWriteError):
    """The disk is full."""
