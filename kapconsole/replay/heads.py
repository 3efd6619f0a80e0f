"""Which comments this install wrote, kept apart from the sessions: one cut off the end of its file is missed."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kapconsole.paths import state_dir
from kapconsole.record.chain import Signer
from kapconsole.replay.signed import SignedFile

PURPOSE = "comment heads"


class CommentHead(msgspec.Struct, frozen=True):
    """The hash of one comment's line."""

    session_id: str
    hash: str


def heads_path() -> Path:
    """The install's file of comment heads."""
    return state_dir() / "comment-heads.jsonl"


def note_head(session_id: str, digest: str, signer: Signer) -> None:
    """Remember a comment that was written. Raises LogWriteError, LogBusyError."""
    text = msgspec.json.encode(CommentHead(session_id, digest)).decode()
    SignedFile(heads_path(), PURPOSE).append(text, signer)


def heads_of(session_id: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(hashes of the comments on a session, what is wrong with the file in words). Raises LogWriteError."""
    state = SignedFile(heads_path(), PURPOSE).read()
    found: list[str] = []
    for told in state.lines:
        try:
            head = msgspec.json.decode(told.text, type=CommentHead)
        except msgspec.DecodeError:
            continue  # the line's own problem says that it was changed
        if head.session_id == session_id:
            found.append(head.hash)
    return tuple(found), state.problems
