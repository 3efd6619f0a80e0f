"""What stands behind the window over all sessions: the index, exports, copies, deleting, replays in their own process.

No Qt, and nothing here is called on the thread that draws, except `open`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from kapconsole.clinical.clients.courses import CourseError, load_courses
from kapconsole.clinical.clients.index import Index
from kapconsole.clinical.clients.page import ClientPage, client_page
from kapconsole.clinical.instruments.catalog import load_instruments
from kapconsole.clinical.instruments.model import Instrument, InstrumentError
from kapconsole.export.clientindex import current_index
from kapconsole.export.removal import deidentified_copy, delete_session
from kapconsole.export.taking import Progress, Taken, Wanted, take_out
from kapconsole.paths import config_dir


class PassphraseNeeded(Exception):
    """The site's sessions are encrypted with a passphrase, and nobody has given it yet."""


class Replay:
    """A replay in a process of its own, and what it says on its way out."""

    def __init__(self, words: Sequence[str], given: str) -> None:
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the process
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE if given else subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._said
        )
        if self._process.stdin is not None:
            try:
                self._process.stdin.write(f"{given}\n".encode())
                self._process.stdin.close()
            except BrokenPipeError:
                pass  # it went before it read; its words tell why

    def trouble(self) -> str | None:
        """None while it runs; then its last words where it failed, else nothing."""
        code = self._process.poll()
        if code is None:
            return None
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").strip().splitlines()
        self._said.close()
        return "" if code == 0 else (lines[-1] if lines else f"it ended with {code}")


class Desk:
    """The sessions in `folder`. Methods raise LogError, ExportTrouble, PassphraseNeeded."""

    def __init__(
        self,
        folder: Path,
        passphrase_file: Path | None = None,
        who: str = "",
        start: Callable[[Sequence[str], str], Replay] = Replay,
    ) -> None:
        """`passphrase_file`: whose first line is the site's passphrase. `start`: starts a replay's process."""
        self.folder = folder
        self.who = who
        self.given = ""
        self._passphrase_file = passphrase_file
        self._start = start
        self.trouble: list[str] = []
        try:
            self.courses = load_courses(config_dir() / "clinical" / "courses")
            self.instruments: dict[str, Instrument] = dict(load_instruments(config_dir() / "clinical" / "instruments"))
        except (CourseError, InstrumentError) as fault:
            # A template that somebody is writing must not keep the sessions away.
            self.courses, self.instruments = {}, {}
            self.trouble.append(str(fault))

    def passphrase(self) -> str:
        """The site's passphrase: from the file that was named, or as the person typed it. Raises PassphraseNeeded."""
        if self.given:
            return self.given
        if self._passphrase_file is not None:
            try:
                with self._passphrase_file.open() as stream:
                    return stream.readline().rstrip("\r\n")
            except OSError as fault:
                self.trouble.append(f"{self._passphrase_file}: {fault.strerror or fault}")
        raise PassphraseNeeded("the site's passphrase is needed")

    def index(self, progress: Callable[[int, int], None], rebuild: bool = False) -> tuple[Index, list[str]]:
        """Every session, brought up to date, and what could not be done in words."""
        index, said = current_index(self.folder, self.passphrase, progress, rebuild=rebuild)
        return index, [*self.trouble, *said]

    def page(self, index: Index, code: str) -> ClientPage:
        """A client's page as of today."""
        return client_page(index.of(code), self.courses, self.instruments, datetime.now(UTC).astimezone().date())

    def export(self, log: Path, wanted: Wanted, progress: Progress) -> Taken:
        """Take a session out."""
        return take_out(log, wanted, self.passphrase, progress, self.who)

    def copy(self, log: Path, target: Path) -> str:
        """A de-identified copy; its code."""
        return deidentified_copy(log, target, self.passphrase)

    def delete(self, log: Path, reason: str, early: bool) -> None:
        """Delete a session for good."""
        delete_session(log, self.passphrase, reason, early)

    def open(self, log: Path, beside: Path | None = None) -> Replay:
        """Open a session in replay, in a process of its own. Raises OSError."""
        words = [sys.executable, "-m", "kapconsole", "replay", str(log)]
        words += ["--beside", str(beside)] if beside is not None else []
        words += ["--who", self.who] if self.who else []
        given = ""
        if self._passphrase_file is not None and not self.given:
            words += ["--passphrase-file", str(self._passphrase_file)]
        elif self.given and os.name == "posix":
            # Through a pipe: never on a command line, which everybody on this machine can read.
            words += ["--passphrase-file", "/dev/stdin"]
            given = self.given
        return self._start(words, given)
