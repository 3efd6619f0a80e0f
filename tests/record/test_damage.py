"""A damaged file, a wrong file, a missing file: said in words, and the rest is saved."""

from __future__ import annotations

import os

import apsw
import pytest

from kapconsole.record import keys, reader, schema
from kapconsole.record.errors import (
    KeyNeededError,
    LogDamagedError,
    LogError,
    NewerFormatError,
    NoSuchLogError,
    NotALogError,
    WrongKeyError,
)
from kapconsole.record.reader import open_log
from kapconsole.record.recover import recover
from kapconsole.record.verify import verify
from kapconsole.record.writer import SessionLog


def test_no_file(tmp_path):
    with pytest.raises(NoSuchLogError, match=r"no file .*nothing\.kaplog"):
        open_log(tmp_path / "nothing.kaplog")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(5000), b"SQLite format 3\x00" + bytes(84)])
def test_some_other_file(tmp_path, content):
    path = tmp_path / "letter.kaplog"
    path.write_bytes(content)
    with pytest.raises(NotALogError, match="is not a session file"):
        open_log(path)
    with pytest.raises(LogError):
        recover(path, tmp_path / "out.kaplog")
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_some_other_database(tmp_path):
    path = tmp_path / "bookmarks.kaplog"
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE meta(key, value)")
    db.close()
    with pytest.raises(NotALogError):
        open_log(path)
    with pytest.raises(NotALogError):
        SessionLog.resume(path, None)


def test_the_key_is_asked_for_only_when_it_is_needed(closed_log, log_path):
    def never() -> bytes:
        raise AssertionError("asked for a key")

    closed_log()
    assert not open_log(log_path, never).encrypted


def test_no_key_and_a_wrong_key(closed_log):
    path = closed_log(os.urandom(32))
    with pytest.raises(KeyNeededError, match="needs its key"):
        open_log(path)
    with pytest.raises(WrongKeyError, match="this key does not open it"):
        open_log(path, os.urandom(32))


def test_a_newer_format_is_said(closed_log):
    path = closed_log()
    db = apsw.Connection(str(path))
    db.pragma("user_version", schema.FORMAT_VERSION + 1)
    db.close()
    with pytest.raises(NewerFormatError, match="has format 2; this kapconsole reads up to format 1"):
        open_log(path)


def test_measurements_of_an_unknown_kind_are_said(closed_log):
    path = closed_log()
    db = apsw.Connection(str(path))
    db.execute("""UPDATE meta SET value = replace(value, '"spo2"', '"etco2"') WHERE key = 'metric_codes'""")
    db.close()
    with pytest.raises(NewerFormatError, match="does not know"):
        open_log(path)


@pytest.mark.parametrize("cut", [1, 3000, 30_000])
def test_a_file_cut_short_is_said_and_the_rest_saved(closed_log, story, key, signer, tmp_path, cut):
    path = closed_log(key)
    keys.wrap(path, key or bytes(32), keys.InstallKey(bytes(32), "key store"), "3f1c")
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    try:
        said = [*open_log(path, key).warnings, *(finding.text for finding in verify(path, key).findings)]
    except LogDamagedError as error:
        said = [str(error)]
    assert any("cut short by" in text or "kapconsole recover" in text for text in said)
    target = tmp_path / "saved.kaplog"
    report = recover(path, target, key)
    assert path.read_bytes() == whole[:-cut]
    saved = open_log(target, key)
    assert saved.rows() == [story.rows[row.seq - 1] for row in saved.rows()]
    assert report.saved == len(saved.rows()) > len(story.rows) - 60 * (cut // 4096 + 2)
    missing = {seq for first, last in report.missing for seq in range(first, last + 1)}
    assert missing == {row.seq for row in story.rows} - {row.seq for row in saved.rows()}
    assert not saved.closed
    assert saved.warnings[0].startswith("This is what could be saved of a damaged session.")
    assert keys.sidecar_path(target).exists()
    if cut == 30_000:
        assert "Missing: " in saved.warnings[0]
        assert not verify(target, key, trusted=[signer.public_key]).ok


def test_a_damaged_page_in_the_middle_costs_its_rows_only(closed_log, story, key, signer, tmp_path):
    path = closed_log(key)
    data = bytearray(path.read_bytes())
    page = len(data) // 4096 // 2
    data[page * 4096 : page * 4096 + 4096] = os.urandom(4096)
    path.write_bytes(data)
    report = verify(path, key, trusted=[signer.public_key])
    assert not report.ok
    target = tmp_path / "saved.kaplog"
    saved = recover(path, target, key)
    assert 0 < len(story.rows) - saved.saved < 60
    assert saved.last_seq == len(story.rows)
    rows = open_log(target, key).rows()
    assert rows == [story.rows[row.seq - 1] for row in rows]
    assert open_log(target, key).search(story.MARKER)


def test_a_row_that_was_changed_is_not_saved(closed_log, story, tmp_path):
    path = closed_log()
    data = path.read_bytes()
    assert f"{story.MARKER} 120".encode() in data
    path.write_bytes(data.replace(f"{story.MARKER} 120".encode(), f"{story.MARKER} 666".encode()))
    report = recover(path, tmp_path / "saved.kaplog")
    assert len(report.changed) == 1
    assert report.missing == ((report.changed[0], report.changed[0]),)
    assert not open_log(tmp_path / "saved.kaplog").search("666")


def test_a_whole_file_is_recovered_whole(closed_log, story, key, tmp_path):
    report = recover(closed_log(key), tmp_path / "saved.kaplog", key)
    assert (report.saved, report.missing) == (len(story.rows), ())
    assert "No row is known to be missing." in report.text
    assert open_log(tmp_path / "saved.kaplog", key).rows() == story.rows


def test_what_was_not_yet_in_the_main_file_is_saved_too(log_path, story, key, tmp_path):
    log = SessionLog.create(log_path, key, story.rows, ballast_bytes=0)
    log.write(story.seconds(0, 20))
    log.abandon()
    assert recover(log_path, tmp_path / "saved.kaplog", key).saved == len(story.rows)


def test_recovery_never_overwrites(closed_log, tmp_path):
    target = tmp_path / "dear.kaplog"
    target.write_text("something dear")
    with pytest.raises(FileExistsError):
        recover(closed_log(), target)


def test_the_plain_reading_of_a_damaged_file_says_how_far_it_came(closed_log, story):
    path = closed_log()
    db = apsw.Connection(str(path))
    root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'rec'").get
    db.close()
    data = bytearray(path.read_bytes())
    kept = data.find(f"{story.MARKER} 200".encode()) // 4096
    assert kept > root
    data[kept * 4096 : kept * 4096 + 4096] = bytes(4096)
    path.write_bytes(data)
    with pytest.raises(LogDamagedError, match="rows could be read before the damage") as caught:
        open_log(path).rows()
    assert 100 < caught.value.readable < len(story.rows)


def test_an_unclosed_session_on_a_read_only_medium_is_read_with_its_wal(log_path, story, key, monkeypatch):
    """Root may write everywhere, so that the refusal is made here: SQLite's, where no -shm can be made."""
    log = SessionLog.create(log_path, key, story.rows, ballast_bytes=0)
    log.write(story.seconds(0, 20))
    log.abandon()
    (log_path.parent / "one.kaplog-shm").unlink()
    before = {path.name: path.read_bytes() for path in log_path.parent.iterdir()}
    connect = reader.connect

    def read_only(path, key, *, immutable=False, **options):
        if path == log_path and not immutable:
            raise apsw.CantOpenError("unable to open database file")
        return connect(path, key, immutable=immutable, **options)

    monkeypatch.setattr(reader, "connect", read_only)
    with open_log(log_path, key) as file:
        copy = file._source
        assert file.rows() == story.rows
        assert file._source != log_path
    assert not copy.exists()
    assert {path.name: path.read_bytes() for path in log_path.parent.iterdir()} == before
    (log_path.parent / "one.kaplog-wal").unlink()
    with open_log(log_path, key) as file:
        assert file.rows() == story.rows[:1]
        assert any("-wal is missing" in text for text in file.warnings)
