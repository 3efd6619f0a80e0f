"""A supervisor's comments on a recorded session: pinned to a time or a span, append-only, signed, beside the log.

The sealed log is never touched. A correction is a new comment that names the one it corrects; both stay.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from kapconsole.paths import data_dir
from kapconsole.record.chain import Signer
from kapconsole.replay.signed import SignedFile, Told

MAX_LENGTH = 4000
"""Characters of one comment."""


class Comment(msgspec.Struct, frozen=True):
    """What one line says. `at_us`, `until_us`: session microseconds; `until_us` None for a moment.

    `utc_us`: when it was written. `about`: the hash of the line whose words it corrects, else empty.
    """

    at_us: int
    until_us: int | None
    text: str
    author: str
    role: str
    utc_us: int
    about: str = ""


class Pinned(msgspec.Struct, frozen=True):
    """A comment as it is to be read: `id` is the hash of its first line, `words` the newest, `before` the earlier ones.

    `comment` is the first line; `changed` the newest correction, which may be by someone else.
    """

    id: str
    comment: Comment
    words: str
    before: tuple[str, ...] = ()
    changed: Comment | None = None


class CommentBook(msgspec.Struct, frozen=True):
    """All comments of a session in order of the time they are pinned to; `problems` in words; `heads`: every hash."""

    pinned: tuple[Pinned, ...] = ()
    problems: tuple[str, ...] = ()
    heads: frozenset[str] = frozenset()


class Comments:
    """The comments of the session `session_id` in the file `log`. `key`: the session's key when it is encrypted.

    They stand in `NAME.comments` beside the log; where its folder cannot be written (a read-only medium), in the data
    folder under the session's id. Both places are read, so a session that was copied back loses none.
    """

    def __init__(self, log: Path, session_id: str, key: bytes | None = None) -> None:
        self._beside = comments_path(log)
        self._apart = data_dir() / "comments" / f"{_safe(session_id)}.comments"
        purpose = f"comments {session_id}"
        self._files = [SignedFile(self._beside, purpose, key), SignedFile(self._apart, purpose, key)]

    @property
    def path(self) -> Path:
        """Where the next comment goes."""
        return self._beside if _writable(self._beside) else self._apart

    def add(self, comment: Comment, signer: Signer) -> str:
        """Write a comment, durably; gives the hash of its line. Raises ValueError, LogWriteError, LogBusyError."""
        words = problem(comment)
        if words:
            raise ValueError(words)
        file = self._files[0] if self.path == self._beside else self._files[1]
        file.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return file.append(msgspec.json.encode(comment).decode(), signer).hash

    def read(self, known: Iterable[str] = ()) -> CommentBook:
        """All that can be read. `known`: hashes of lines that must be there (from the install's accesses)."""
        told: list[Told] = []
        problems: list[str] = []
        for file in self._files:
            state = file.read()
            told += state.lines
            problems += state.problems
        heads = frozenset(line.hash for line in told)
        missing = sum(1 for one in known if one not in heads)
        if missing:
            what = "1 comment is" if missing == 1 else f"{missing} comments are"
            problems.append(f"{what} missing that this machine wrote.")
        return _book(told, problems, heads)


def comments_path(log: Path) -> Path:
    """Where the comments of a session file stand: `NAME.comments` for `NAME.kaplog`."""
    return log.with_suffix(".comments")


def problem(comment: Comment) -> str:
    """Why a comment cannot be kept; empty when it can."""
    if not comment.text.strip():
        return "a comment has words"
    if len(comment.text) > MAX_LENGTH:
        return f"a comment has at most {MAX_LENGTH} characters"
    if not comment.author.strip():
        return "who says this? a comment is signed with a name"
    if comment.until_us is not None and comment.until_us <= comment.at_us:
        return "the end of the span lies before its begin"
    return ""


def _book(told: Iterable[Told], problems: list[str], heads: frozenset[str]) -> CommentBook:
    firsts: dict[str, Pinned] = {}
    first_of: dict[str, str] = {}  # a correction of a correction is about the first
    for line in told:
        try:
            comment = msgspec.json.decode(line.text, type=Comment)
        except msgspec.DecodeError:
            problems.append(f"Comment {line.number} says nothing that can be understood.")
            continue
        first = first_of.get(comment.about, comment.about)
        held = firsts.get(first)
        if held is None:
            if comment.about:
                problems.append(f"Comment {line.number} corrects one that is not there.")
            firsts[line.hash] = Pinned(line.hash, comment, comment.text)
            continue
        first_of[line.hash] = first
        firsts[first] = msgspec.structs.replace(
            held, words=comment.text, before=(*held.before, held.words), changed=comment
        )
    pinned = sorted(firsts.values(), key=lambda one: (one.comment.at_us, one.comment.utc_us))
    return CommentBook(tuple(pinned), tuple(problems), heads)


def _writable(path: Path) -> bool:
    return os.access(path if path.exists() else path.parent, os.W_OK)


def _safe(session_id: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in session_id) or "unnamed"
