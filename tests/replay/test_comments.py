"""Comments are kept beside the log, signed, never changed; what somebody does to their file is found."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kapconsole.paths import data_dir
from kapconsole.record.errors import LogWriteError
from kapconsole.replay.comments import Comment, Comments, comments_path
from kapconsole.replay.signed import SignedFile

S = 1_000_000


class Key:
    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public_key = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def comment(text: str, at_s: int = 60, until_s: int | None = None, about: str = "", author: str = "Ruiz") -> Comment:
    return Comment(at_s * S, None if until_s is None else until_s * S, text, author, "supervisor", 1_772_000_000, about)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "K-0142.kaplog"


def test_what_was_kept_is_read_in_order_of_the_session(log: Path) -> None:
    book = Comments(log, "s1")
    book.add(comment("later", 90), Key())
    book.add(comment("sooner, a span", 30, 45), Key())
    read = Comments(log, "s1").read()
    assert [(one.words, one.comment.until_us) for one in read.pinned] == [("sooner, a span", 45 * S), ("later", None)]
    assert read.problems == ()
    assert comments_path(log).name == "K-0142.comments"
    assert comments_path(log).exists()


def test_a_correction_is_a_new_line_and_the_first_words_stay(log: Path) -> None:
    book, key = Comments(log, "s1"), Key()
    first = book.add(comment("too long a wait"), key)
    second = book.add(comment("a long wait", about=first, author="Okafor"), key)
    book.add(comment("a wait of four minutes", about=second), key)
    (one,) = book.read().pinned
    assert one.id == first
    assert one.words == "a wait of four minutes"
    assert one.before == ("too long a wait", "a long wait")
    assert one.comment.author == "Ruiz"
    assert b"too long a wait" in comments_path(log).read_bytes()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (comment("  "), "words"),
        (comment("x" * 5000), "at most"),
        (comment("x", author=" "), "who"),
        (comment("x", 60, 60), "before its begin"),
    ],
)
def test_what_cannot_be_kept_is_said_and_not_kept(log: Path, wrong: Comment, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Comments(log, "s1").add(wrong, Key())
    assert not comments_path(log).exists()


def three(log: Path) -> Comments:
    book, key = Comments(log, "s1"), Key()
    for number in range(3):
        book.add(comment(f"comment {number}", 60 * number), key)
    return book


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(place=st.floats(0, 1, exclude_max=True), letter=st.integers(1, 255))
def test_any_changed_byte_is_found(log: Path, place: float, letter: int) -> None:
    if not comments_path(log).exists():
        three(log)
    data = bytearray(comments_path(log).read_bytes())
    whole = bytes(data)
    at = int(place * len(data))
    data[at] ^= letter
    comments_path(log).write_bytes(data)
    try:
        read = Comments(log, "s1").read()
    finally:
        comments_path(log).write_bytes(whole)
    # A space for a space, or the end of the last line, changes nothing that is said.
    unchanged = [one.words for one in read.pinned] == ["comment 0", "comment 1", "comment 2"]
    assert read.problems or (unchanged and at == len(data) - 1)


def test_a_line_taken_out_or_moved_is_found(log: Path) -> None:
    book = three(log)
    lines = comments_path(log).read_bytes().splitlines(keepends=True)
    for kept in ([lines[0], lines[2]], [lines[1], lines[0], lines[2]], lines[1:]):
        comments_path(log).write_bytes(b"".join(kept))
        assert any("changed, or a line before it is missing" in words for words in book.read().problems)


def test_a_tail_that_was_cut_off_is_missed_by_who_kept_the_heads(log: Path) -> None:
    book = three(log)
    known = book.read().heads
    lines = comments_path(log).read_bytes().splitlines(keepends=True)
    comments_path(log).write_bytes(b"".join(lines[:-1]))
    assert book.read().problems == ()
    assert book.read(known).problems == ("1 comment is missing that this machine wrote.",)


def test_lines_of_another_session_do_not_pass_for_this_one(log: Path) -> None:
    three(log)
    assert len(Comments(log, "s2").read().problems) == 3


def test_a_torn_last_line_costs_only_itself(log: Path) -> None:
    book = three(log)
    data = comments_path(log).read_bytes()
    comments_path(log).write_bytes(data[:-40])
    assert len(book.read().pinned) == 2
    book.add(comment("after the power cut", 400), Key())
    read = book.read()
    assert [one.words for one in read.pinned] == ["comment 0", "comment 1", "after the power cut"]
    assert read.problems == ("Line 3 of K-0142.comments is torn or unreadable.",)


def test_comments_on_an_encrypted_session_are_sealed(log: Path) -> None:
    key = bytes(range(32))
    book = Comments(log, "s1", key)
    book.add(comment("MARKER about a person"), Key())
    assert b"MARKER" not in comments_path(log).read_bytes()
    assert book.read().pinned[0].words == "MARKER about a person"
    for other in (None, bytes(32)):
        read = Comments(log, "s1", other).read()
        assert read.pinned == ()
        assert "sealed" in read.problems[0]


@pytest.mark.skipif(sys.platform == "win32", reason="folders are made read-only otherwise there")
def test_beside_a_log_on_a_read_only_medium_they_go_to_the_data_folder(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = os.access
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: Path(path) != log.parent and asked(path, mode))
        Comments(log, "s1").add(comment("from the archive"), Key())
    assert not comments_path(log).exists()
    assert (data_dir() / "comments" / "s1.comments").exists()
    # Back on a disk that can be written, both places are read.
    Comments(log, "s1").add(comment("on the disk", 90), Key())
    assert comments_path(log).exists()
    assert [one.words for one in Comments(log, "s1").read().pinned] == ["from the archive", "on the disk"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(LogWriteError, match="cannot be written"):
        SignedFile(tmp_path / "no folder" / "x", "p").append("words", Key())
