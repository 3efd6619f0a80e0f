"""What stands behind a replay window besides the recording: its file's proof, accesses, comments, other sessions.

All of it reads or writes files or computes for long, and none of it is done on the thread that draws.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from kapconsole import __version__
from kapconsole.alarms.presets import STANDARD, load_preset, preset_names
from kapconsole.clock import wall_us
from kapconsole.export import accesses as ac
from kapconsole.export import taking
from kapconsole.paths import config_dir
from kapconsole.record.access import Fetch
from kapconsole.record.chain import Signer
from kapconsole.record.errors import LogError
from kapconsole.record.verify import VerifyReport
from kapconsole.replay.comments import Comment, CommentBook, Comments
from kapconsole.replay.heads import heads_of, note_head
from kapconsole.replay.loading import Loaded
from kapconsole.replay.whatif import Progress, WhatIf, what_if


class Background(msgspec.Struct, frozen=True):
    """What was found about the file: `trouble` is what could not be written or read, in words."""

    accesses: ac.Accesses = ac.Accesses((), ())
    comments: CommentBook = CommentBook()
    trouble: tuple[str, ...] = ()


class Study:
    """The file behind a window. Methods raise LogError with words."""

    def __init__(
        self,
        held: Loaded,
        check: Callable[[], VerifyReport],
        key: Callable[[], bytes | None],
        signing: Callable[[], Signer],
        other: Callable[[Path], Loaded] | None = None,
        who: str = "",
        passphrase: Fetch = lambda: "",
    ) -> None:
        """`signing`: makes or fetches the install's signer; `other`: loads a second session; `who`: the user's name.

        `passphrase`: fetches it for an export, which reads the file anew.
        """
        self.held = held
        self.check = check
        self.other = other
        self.who = who or ac.person()
        self._passphrase = passphrase
        self._key = key
        self._signing = signing
        self._signer: Signer | None = None
        self._comments: Comments | None = None

    @property
    def session_id(self) -> str:
        """The session's id; of a file that has lost it, the file's name."""
        return self.held.log.session_id or self.held.path.name

    def begin(self) -> Background:
        """Write down that this session is being viewed, and read what is known of it."""
        trouble: list[str] = []
        try:
            self._note("viewed", f"kapconsole {__version__}")
        except (LogError, ValueError) as error:
            trouble.append(f"This viewing could not be written down: {error}")
        return self._background(trouble)

    def view_beside(self, second: Loaded) -> None:
        """Write down, with the second session, that it is being viewed too. Raises LogError, ValueError."""
        session_id = second.log.session_id or second.path.name
        detail = f"kapconsole {__version__}, beside another session"
        ac.note_access(ac.access_path(second.path), "viewed", session_id, detail, self.who)

    def comment(self, comment: Comment) -> Background:
        """Keep a comment; what is known after it. Raises LogError, ValueError."""
        digest = self._book().add(comment, self._sign())
        trouble: list[str] = []
        try:
            note_head(self.session_id, digest, self._sign())
            self._note("commented", f"by {comment.author}, {comment.role}")
        except (LogError, ValueError) as error:
            trouble.append(f"The comment is kept, but not that it was written: {error}")
        return self._background(trouble)

    def new_comment(
        self, at_us: int, until_us: int | None, text: str, author: str, role: str, about: str = ""
    ) -> Comment:
        """A comment of this moment."""
        return Comment(at_us, until_us, text.strip(), author.strip(), role, wall_us(), about)

    def presets(self) -> list[str]:
        """The alarm presets that there are."""
        return preset_names(config_dir() / "alarm_presets")

    def what_if(self, preset: str, progress: Progress) -> WhatIf:
        """The session with other limits. Raises PresetError, Stopped."""
        site = config_dir() / "alarm_presets"
        return what_if(self.held.rows, load_preset(STANDARD, site), load_preset(preset, site), progress)

    def export(self, ask: taking.Wanted, progress: taking.Progress) -> taking.Taken:
        """Take the session out. Raises ExportTrouble, and what `progress` raises."""
        return taking.take_out(self.held.path, ask, self._passphrase, progress, self.who)

    def background(self) -> Background:
        """What is known of the file now."""
        return self._background([])

    def _book(self) -> Comments:
        if self._comments is None:
            self._comments = Comments(self.held.path, self.session_id, self._key())
        return self._comments

    def _sign(self) -> Signer:
        if self._signer is None:
            self._signer = self._signing()
        return self._signer

    def _note(self, what: str, detail: str) -> None:
        ac.note_access(ac.access_path(self.held.path), what, self.session_id, detail, self.who)

    def _background(self, trouble: list[str]) -> Background:
        accesses, book = ac.Accesses((), ()), CommentBook()
        known: tuple[str, ...] = ()
        try:
            known, problems = heads_of(self.session_id)
            trouble += problems
            accesses = ac.read_accesses(ac.access_path(self.held.path))
        except (LogError, ValueError) as error:
            trouble.append(f"The list of accesses cannot be read: {error}")
        try:
            book = self._book().read(known)
        except LogError as error:
            trouble.append(f"The comments cannot be read: {error}")
        return Background(accesses, book, tuple(trouble))
