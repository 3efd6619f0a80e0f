"""What is committed is there, in order, once; the file is what it should be at each stage of its life."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import apsw
import pytest

from kapconsole.events import NoteTaken
from kapconsole.record import space
from kapconsole.record.chain import walk
from kapconsole.record.errors import (
    KeyNeededError,
    LogBusyError,
    LogClosedError,
    NoSpaceError,
    WrongKeyError,
)
from kapconsole.record.reader import open_log
from kapconsole.record.writer import SessionLog


def test_what_was_committed_is_read_back_the_same(log_path, story, key):
    log = SessionLog.create(log_path, key, story.rows, ballast_bytes=0)
    for row in story.seconds(0, 20):
        log.append(row)
    assert log.commit() == len(story.rows)
    assert open_log(log_path, key).rows() == story.rows
    log.close()
    with open_log(log_path, key) as file:
        assert file.rows() == story.rows
        assert (file.closed, file.live, file.warnings) == (True, False, ())


def test_a_row_out_of_order_is_refused_and_the_log_goes_on(log_path, story):
    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=0)
    rows = story.seconds(0, 2)
    with pytest.raises(ValueError, match="row 3 does not follow row 1"):
        log.write(rows[1:])
    log.write(rows)
    log.close()
    assert open_log(log_path).rows() == story.rows


def test_a_resumed_session_goes_on_in_the_same_chain(log_path, story, key, signer):
    log = SessionLog.create(log_path, key, story.rows[:1], signer=signer, ballast_bytes=0)
    log.write(story.seconds(0, 30))
    log.abandon()
    so_far = list(story.rows)
    log, rows = SessionLog.resume(log_path, key, signer=signer, ballast_bytes=0)
    assert rows == so_far
    assert log.session_id == "3f1c"
    log.write(story.seconds(30, 100))
    head = log.close()
    with open_log(log_path, key) as file:
        assert walk(file.hashed_rows()) == []
        assert file.head == head
        assert [anchor.seq for anchor in file.anchors()] == [1, len(story.rows)]


def test_an_anchor_is_made_each_minute_and_at_the_close(log_path, story, signer):
    log = SessionLog.create(log_path, None, story.rows, signer=signer, ballast_bytes=0)
    seconds_of_anchor = []
    for second in range(150):
        log.write(story.seconds(second, second + 1))
    log.close()
    with open_log(log_path) as file:
        seconds_of_anchor = [file.rows()[anchor.seq - 1].mono_us // 1_000_000 for anchor in file.anchors()]
    assert seconds_of_anchor == [0, 60, 120, 149]


def test_only_one_writer_at_a_time(log_path, story):
    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=0)
    assert open_log(log_path).live
    with pytest.raises(LogBusyError, match=r"one\.kaplog is being written"):
        SessionLog.resume(log_path, None)
    log.abandon()
    assert not open_log(log_path).live
    again, _ = SessionLog.resume(log_path, None, ballast_bytes=0)
    again.close()


def test_a_closed_session_is_never_written_to_again(log_path, story, key):
    SessionLog.create(log_path, key, story.rows, ballast_bytes=0).close()
    before = log_path.read_bytes()
    with pytest.raises(LogClosedError, match="closed"):
        SessionLog.resume(log_path, key)
    assert log_path.read_bytes() == before


def test_a_new_session_never_overwrites_a_file(log_path, story):
    log_path.write_text("something dear")
    with pytest.raises(FileExistsError):
        SessionLog.create(log_path, None, story.rows)
    assert log_path.read_text() == "something dear"


def test_an_encrypted_session_is_not_resumed_without_its_key(log_path, story):
    SessionLog.create(log_path, os.urandom(32), story.rows, ballast_bytes=0).abandon()
    with pytest.raises(KeyNeededError):
        SessionLog.resume(log_path, None)
    with pytest.raises(WrongKeyError):
        SessionLog.resume(log_path, bytes(32))


def test_no_word_of_an_encrypted_session_stands_in_any_file(log_path, story, monkeypatch):
    log = SessionLog.create(log_path, os.urandom(32), story.rows, ballast_bytes=0)
    log._database().pragma("wal_autocheckpoint", 50)
    for second in range(200):  # past checkpoints, so that main file and -wal have both been written
        log.write(story.seconds(second, second + 1))
    needles = [story.MARKER.encode(), b"note-taken", b"SQLite format 3"]
    for state in ("open", "closed"):
        files = [path for path in log_path.parent.iterdir() if path.is_file()]
        assert len(files) > 1 or state == "closed"
        for path in files:
            content = path.read_bytes()
            assert not [needle for needle in needles if needle in content], path.name
        if state == "open":
            log.close()


def test_encryption_that_does_not_happen_stops_the_session(log_path, story, monkeypatch):
    """Plain apsw in the place of apsw-sqlite3mc ignores the key; here the key is lost on the way."""
    from kapconsole.record import writer

    def deaf(path, key, **options):
        return connect(path, None, **options)

    connect = writer.connect
    monkeypatch.setattr(writer, "connect", deaf)
    with pytest.raises(Exception, match="in clear"):
        SessionLog.create(log_path, os.urandom(32), story.rows)
    assert list(log_path.parent.iterdir()) == []


@pytest.mark.parametrize("table", ["rec", "anchor"])
@pytest.mark.parametrize(
    "change", ["UPDATE {} SET seq = seq + 1000", "DELETE FROM {}", "REPLACE INTO {} SELECT * FROM {}"]
)
def test_nothing_is_changed_or_deleted_by_sql(closed_log, table, change):
    db = apsw.Connection(str(closed_log()))
    before = list(db.execute(f"SELECT * FROM {table}"))
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        db.execute(change.replace("{}", table))
    assert list(db.execute(f"SELECT * FROM {table}")) == before
    db.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_session_is_readable_by_its_owner_alone(log_path, story):
    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=0)
    log.write(story.seconds(0, 1))
    assert {stat.S_IMODE(path.stat().st_mode) for path in log_path.parent.iterdir()} == {0o600}
    log.close()


def test_a_session_does_not_begin_on_a_full_disk(log_path, story):
    with pytest.raises(NoSpaceError, match="Only 199 MB are free"):
        SessionLog.create(log_path, None, story.rows, free=lambda _: 199_999_999)
    assert list(log_path.parent.iterdir()) == []


def test_little_room_is_said_at_the_beginning(log_path, story):
    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=0, free=lambda _: 900_000_000)
    assert "900 MB" in log.warnings[0]
    log.close()


def test_the_reserve_takes_real_space_and_goes_at_the_close(log_path, story):
    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=3_000_000)
    assert log.ballast.lay()
    if sys.platform != "win32":
        assert log.ballast.path.stat().st_blocks * 512 >= 3_000_000
    log.close()
    assert list(log_path.parent.iterdir()) == [log_path]


def test_a_reserve_that_does_not_fit_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(handle: int, size: int) -> None:
        os.write(handle, b"part of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(space, "_allocate", full)
    assert not space.Ballast(tmp_path / "one.kaplog", 1000).lay()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_does_not_hold_up_the_writer(log_path, story, key):
    """A reader that keeps a transaction open lets the -wal grow without end and keeps the file from being closed."""
    log = SessionLog.create(log_path, key, story.rows, ballast_bytes=0)
    wal = log_path.with_name(log_path.name + "-wal")
    with open_log(log_path, key) as reader:
        seq = 0
        largest = 0
        log._database().pragma("wal_autocheckpoint", 50)
        for second in range(200):
            log.write(story.seconds(second, second + 1))
            seen = reader.rows_after(seq)
            seq = seen[-1].seq
            largest = max(largest, wal.stat().st_size)
        assert seq == len(story.rows)
        assert largest < 300_000  # 50 pages are 200 kB: the file was turned over as often as that
        log.close()
        assert log.warnings == []
        assert not wal.exists()
        reader.refresh()
        assert (reader.closed, reader.live) == (True, False)
        assert reader.rows() == story.rows


def test_a_closed_session_opens_from_a_read_only_folder(log_path, story, key, tmp_path):
    log = SessionLog.create(log_path, key, story.rows, ballast_bytes=0)
    log.close()
    assert [path.name for path in log_path.parent.iterdir()] == ["one.kaplog"]
    # Byte 18 and 19 of an SQLite file: 1 is a file that needs nothing beside it to be read.
    assert log_path.read_bytes()[18:20] == b"\x01\x01"
    os.chmod(log_path, 0o400)
    os.chmod(log_path.parent, 0o500)
    try:
        assert open_log(log_path, key).rows() == story.rows
        assert [path.name for path in log_path.parent.iterdir()] == ["one.kaplog"]
    finally:
        os.chmod(log_path.parent, 0o700)
        os.chmod(log_path, 0o600)


def test_search_finds_words_without_accents_and_by_their_beginning(log_path, story):
    log = SessionLog.create(log_path, None, story.rows, ballast_bytes=0)
    note = story.event(1, NoteTaken(1_000_000, 'sees "the sea", très calme'))
    log.write([note])
    log.write(story.highlights())
    with open_log(log_path) as file:
        assert file.search("TRES cal") == [note]
        assert file.search('"the sea') == [note]
        assert [row.kind for row in file.search("ketamine")] == ["dose-given"]
        assert file.search("calme ketamine") == []
        assert file.search("  *  ") == []
    log.close()


def test_the_schema_is_in_the_main_file_from_the_start(log_path: Path, story, key):
    """A session that loses its -wal loses its end, not its beginning."""
    log = SessionLog.create(log_path, key, story.rows, ballast_bytes=0)
    first = list(story.rows)
    log.write(story.seconds(0, 10))
    log.abandon()
    log_path.with_name(log_path.name + "-wal").unlink()
    log_path.with_name(log_path.name + "-shm").unlink(missing_ok=True)
    with open_log(log_path, key) as file:
        assert file.rows() == first
        assert any("-wal is missing" in text for text in file.warnings)
