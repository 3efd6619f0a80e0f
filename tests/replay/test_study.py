"""What stands behind a window: an encrypted session keeps its secrets, a damaged or empty one is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from kapconsole.record import access
from kapconsole.record.errors import LogError
from kapconsole.replay.comments import comments_path
from kapconsole.replay.loading import load
from kapconsole.replay.process import opening_moment
from kapconsole.replay.study import Study
from kapconsole.replay.window import ReplayWindow
from kapconsole.session.timeline import Timeline
from tests.replay.session_files import alarmed, opening, study, write

S = 1_000_000
MARKER = "MARKER-about-a-person"


def words() -> str:
    return "a long site passphrase"


def test_comments_on_an_encrypted_session_are_nowhere_in_clear(tmp_path: Path, home: Path) -> None:
    access.protect("passphrase", words)
    path = tmp_path / "secret.kaplog"
    key = access.new_log_key(path, "rehearsal", words)
    assert key is not None
    write(path, alarmed(3, 1, ()), key)

    def made() -> Study:
        held = load(path, lambda of: access.open_for_reading(of, words), lambda: access.log_key(path, words))
        return Study(held, lambda: access.check(path, words), lambda: access.log_key(path, words), access.signer)

    desk = made()
    desk.comment(desk.new_comment(60 * S, None, MARKER, "Ruiz", "supervisor"))
    assert comments_path(path).exists()
    for folder in (tmp_path, home):
        for file in folder.rglob("*"):
            if file.is_file():
                assert MARKER.encode() not in file.read_bytes(), file
    (one,) = made().begin().comments.pinned
    assert one.words == MARKER


def test_where_the_key_is_missing_nothing_is_written_in_clear(tmp_path: Path) -> None:
    def none() -> bytes | None:
        raise LogError("the key is not here")

    path = write(tmp_path / "x.kaplog", alarmed(3, 1, ()))
    desk = Study(opening(path), lambda: access.check(path, words), none, access.signer)
    assert any("the key is not here" in said for said in desk.begin().trouble)
    with pytest.raises(LogError):
        desk.comment(desk.new_comment(60 * S, None, MARKER, "Ruiz", "supervisor"))
    assert not comments_path(path).exists()


def test_what_a_damaged_file_has_lost_is_in_the_line(qapp: QApplication, tmp_path: Path, qtbot) -> None:
    path = write(tmp_path / "holes.kaplog", alarmed(20, 5, ()))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 3 * 4096] = bytes(3 * 4096)
    path.write_bytes(data)
    desk = study(path)
    window = ReplayWindow(path.name, desk.held.timeline, frame_ms=0, study=desk)
    window.show()
    window.seek(opening_moment(desk.held.timeline))
    window.supervising.begin()
    qtbot.waitUntil(lambda: not window.supervising.work.busy, timeout=20_000)
    said = window.record.accessibleDescription()
    assert "NOT as it was written" in said
    assert desk.held.problems[0] in window.record.record.trouble
    assert window.record.record.wrong
    window.act("picture")
    window.grab()
    assert window.picture.fault is None
    window.close()
    window.deleteLater()
    desk.held.release()


@pytest.mark.parametrize("minutes", [0, 2])
def test_a_session_with_next_to_nothing_in_it_can_be_looked_at(qapp: QApplication, minutes: int) -> None:
    timeline = Timeline()
    if minutes:
        timeline.add_rows(row for row in alarmed(minutes, 1.9, ()) if row.kind not in ("wave", "numerics"))
    window = ReplayWindow("little.kaplog", timeline, frame_ms=0)
    window.show()
    for action in ("picture", "zoom-in", "zoom-out", "alarm+", "note-", "search"):
        window.act(action)
        window.grab()
    assert all(part.fault is None for part in (window.picture, window.overview, window.record))
    window.close()
    window.deleteLater()


def test_a_file_that_is_none_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="There is no file"):
        opening(tmp_path / "gone.kaplog")
