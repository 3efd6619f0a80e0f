"""Accesses, deletions, copies, the index on disk, and the commands that reach them."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from kapconsole.cli import clients as clients_command
from kapconsole.cli import export as export_command
from kapconsole.cli.parser import _key_options
from kapconsole.cli.speaking import Failed
from kapconsole.export.accesses import access_path, deletions_path, note_access, read_accesses
from kapconsole.export.clientindex import current_index, index_path, session_files
from kapconsole.export.removal import deidentified_copy, delete_session
from kapconsole.export.writing import ExportTrouble
from kapconsole.record import access, keys
from kapconsole.record.reader import open_log
from kapconsole.record.verify import verify

YEARS_LATER_US = int(datetime(2040, 1, 1, tzinfo=UTC).timestamp() * 1e6)


def run(*words: str) -> int:
    """The two commands as the command line has them."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)
    export_command.add_to(commands, _key_options)
    clients_command.add_to(commands, _key_options)
    options = parser.parse_args(words)
    return int(options.action(options))


@pytest.fixture
def shelf(day: ModuleType, tmp_path: Path) -> Path:
    """A folder with three sessions of two clients, and a file that is none."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    for week, total in ((0, 16.0), (1, 9.0)):
        made = day.Day("K-17", utc_us=day.UTC_US + week * 7 * 24 * 60 * day.MIN)
        made.dose()
        made.score(4, "phq-9", "PHQ-9", total, band="moderate", band_source="Kroenke 2001")
        made.cuff(40, 150 - week, 90)
        made.write(folder / f"{week}.kaplog")
    day.Day("k-18").write(folder / "other.kaplog")
    (folder / "notes.kaplog").write_text("not a session")
    return folder


# --- who had it in hand ---------------------------------------------------------------------------------------------


def test_accesses_are_kept_in_order_and_changes_show(tmp_path: Path) -> None:
    path = tmp_path / "one.kaplog.access"
    for number in range(4):
        note_access(path, "viewed", "id", f"look {number}", who="anna")
    held = read_accesses(path)
    assert [line.number for line in held.lines] == [1, 2, 3, 4]
    assert held.problems == ()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], lines[1].replace(b"anna", b"bert"), *lines[2:]]))
    assert any("Line 2" in problem for problem in read_accesses(path).problems)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert any("Line 2" in problem for problem in read_accesses(path).problems)


def test_a_torn_line_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "one.kaplog.access"
    note_access(path, "viewed", "id", "first")
    with path.open("ab") as file:
        file.write(b'{"number":2,"utc')
    note_access(path, "viewed", "id", "third")
    held = read_accesses(path)
    assert [line.detail for line in held.lines] == ["first", "third"]
    assert len(held.problems) == 1


def test_two_who_write_at_once_do_not_break_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "one.kaplog.access"
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(note_access, path, "viewed", "id", f"{number}") for number in range(6)]:
            done.result()
    held = read_accesses(path)
    assert sorted(line.detail for line in held.lines) == [str(number) for number in range(6)]
    assert held.problems == ()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_accesses_to_a_read_only_folder_are_kept_elsewhere(log: Path) -> None:
    log.parent.chmod(0o500)
    try:
        assert access_path(log).parent != log.parent
    finally:
        log.parent.chmod(0o700)


def test_an_export_is_written_down(log: Path, tmp_path: Path) -> None:
    assert run("export", str(log), "--to", "pdf", "-o", str(tmp_path / "a.pdf")) == 0
    assert run("export", str(log), "--to", "csv", "-o", str(tmp_path / "a.zip"), "--deidentify", "--no-waves") == 0
    details = [(line.what, line.detail) for line in read_accesses(access_path(log)).lines]
    assert details == [("exported", "pdf to a.pdf"), ("exported", "de-identified csv to a.zip")]


def test_what_cannot_be_written_is_refused_before_anything_is_read(log: Path, tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_text("mine")
    with pytest.raises(Failed, match="--force"):
        run("export", str(log), "--to", "pdf", "-o", str(tmp_path / "a.pdf"))
    with pytest.raises(Failed, match="no file"):
        run("export", str(tmp_path / "gone.kaplog"), "--to", "pdf", "-o", str(tmp_path / "b.pdf"))
    assert not access_path(log).exists()


# --- deleting and copying -------------------------------------------------------------------------------------------


def test_a_session_is_kept_for_six_years(log: Path, no_passphrase: Callable[[], str]) -> None:
    with pytest.raises(ExportTrouble, match="6 years"):
        delete_session(log, no_passphrase, "asked by the client", now_utc_us=1_780_000_000_000_000)
    with pytest.raises(ExportTrouble, match="reason"):
        delete_session(log, no_passphrase, " ", now_utc_us=YEARS_LATER_US)
    assert log.exists()
    assert not deletions_path().exists()
    delete_session(log, no_passphrase, "its time is over", now_utc_us=YEARS_LATER_US)
    assert not log.exists()
    held = read_accesses(deletions_path())
    assert [line.what for line in held.lines] == ["deleting", "deleted"]
    assert "its time is over" in held.lines[0].detail


def test_only_session_files_are_deleted(tmp_path: Path, no_passphrase: Callable[[], str]) -> None:
    other = tmp_path / "thesis.odt"
    other.write_text("x")
    with pytest.raises(ExportTrouble, match="not a session file"):
        delete_session(other, no_passphrase, "x", early=True)
    assert other.exists()


def test_a_deletion_asks_first(log: Path) -> None:
    with pytest.raises(Failed, match="--yes"):
        run("clients", "delete", str(log), "--reason", "x", "--early")
    assert log.exists()
    assert run("clients", "delete", str(log), "--reason", "x", "--early", "--yes") == 0
    assert not log.exists()


def test_a_supervision_copy_is_a_whole_session_without_names(
    log: Path, tmp_path: Path, no_passphrase: Callable[[], str]
) -> None:
    target = tmp_path / "copy.kaplog"
    code = deidentified_copy(log, target, no_passphrase)
    assert verify(target).ok
    raw = target.read_bytes()
    for gone in (b"K-17", b"Ruiz", b"Lind", "Wildschweinfährte".encode(), b"LX44", b"AB12", b"penicillin", b"2026-03"):
        assert gone not in raw, gone
    with open_log(target) as copied, open_log(log) as original:
        assert copied.head is not None
        assert len(copied.rows()) == len(original.rows())
        assert copied.session_id != original.session_id
    assert read_accesses(access_path(log)).lines[-1].detail == f"de-identified copy {code} to copy.kaplog"
    with pytest.raises(ExportTrouble, match="never overwritten"):
        deidentified_copy(log, target, no_passphrase)


# --- the index ------------------------------------------------------------------------------------------------------


def test_sessions_are_found_by_client(shelf: Path, no_passphrase: Callable[[], str]) -> None:
    index, said = current_index(shelf, no_passphrase)
    assert said == []
    assert [entry.kind for entry in index.of(" k-17 ")] == ["dosing", "dosing"]
    assert len(index.of("K-18")) == 1
    (unread,) = index.unread
    assert "not a session file" in unread.why


def test_only_what_changed_is_read_again(
    shelf: Path, day: ModuleType, no_passphrase: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (shelf / "notes.kaplog").unlink()
    current_index(shelf, no_passphrase)
    read: list[str] = []
    import kapconsole.export.clientindex as module

    original = module.read_entry

    def counted(path: Path, stamp: tuple[int, ...], passphrase: Callable[[], str]) -> object:
        read.append(path.name)
        return original(path, stamp, passphrase)

    monkeypatch.setattr(module, "read_entry", counted)
    current_index(shelf, no_passphrase)
    assert read == []
    day.Day("K-17", utc_us=day.UTC_US + 30 * 24 * 60 * day.MIN).write(shelf / "2.kaplog")
    (shelf / "0.kaplog").unlink()
    later, _ = current_index(shelf, no_passphrase)
    assert read == ["2.kaplog"]
    assert [Path(entry.file).name for entry in later.of("K-17")] == ["1.kaplog", "2.kaplog"]
    rebuilt, _ = current_index(shelf, no_passphrase, rebuild=True)
    assert rebuilt == later


def test_a_damaged_index_is_made_anew_and_said(shelf: Path, no_passphrase: Callable[[], str]) -> None:
    first, _ = current_index(shelf, no_passphrase)
    index_path().write_bytes(b"kapindex1\n{}garbage")
    again, said = current_index(shelf, no_passphrase)
    assert again == first
    assert "made anew" in said[0]


def test_the_index_is_as_secret_as_the_sessions(tmp_path: Path, day: ModuleType) -> None:
    access.protect("passphrase", lambda: "correct horse")
    fetch = lambda: "correct horse"  # noqa: E731
    folder = tmp_path / "sessions"
    folder.mkdir()
    path = folder / "secret.kaplog"
    day.Day("K-Geheim").write(path, key=access.new_log_key(path, "id", fetch))
    index, _ = current_index(folder, fetch)
    assert index.of("K-Geheim")[0].encrypted
    assert b"Geheim" not in index_path().read_bytes()
    assert keys.sidecar_path(index_path()).exists()
    again, said = current_index(folder, fetch)
    assert (again, said) == (index, [])
    with pytest.raises(keys.WrongPassphraseError):
        current_index(folder, lambda: "wrong horse")


def test_an_index_in_clear_keeps_nothing_of_an_encrypted_session(tmp_path: Path, day: ModuleType) -> None:
    access.protect("passphrase", lambda: "correct horse")
    fetch = lambda: "correct horse"  # noqa: E731
    folder = tmp_path / "sessions"
    folder.mkdir()
    path = folder / "secret.kaplog"
    day.Day("K-Geheim").write(path, key=access.new_log_key(path, "id", fetch))
    access.protect("off", fetch)
    day.Day("K-offen").write(folder / "open.kaplog")
    index, _ = current_index(folder, fetch)
    assert {entry.subject for entry in index.entries} == {"K-Geheim", "K-offen"}
    assert b"Geheim" not in index_path().read_bytes()
    assert b"K-offen" in index_path().read_bytes()


def test_a_session_that_grows_has_another_stamp(log: Path) -> None:
    before = session_files(log.parent)
    with log.open("ab") as file:
        file.write(b"x")
    assert session_files(log.parent) != before


# --- the commands ---------------------------------------------------------------------------------------------------


def test_the_list_the_page_and_the_chart(shelf: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clients", "--folder", str(shelf)) == 0
    listed = capsys.readouterr().out
    assert "K-17" in listed
    assert "could not be read" in listed
    drawing = tmp_path / "k.svg"
    assert run("clients", "k-17", "--folder", str(shelf), "--svg", str(drawing), "--course", "ptsd-standard") == 0
    page = capsys.readouterr().out
    assert "Standard, 6–8 sessions" in page
    assert "a change of at least 5 points" in page
    assert "follow-up" not in page  # only two of at least six sessions
    assert "<svg" in drawing.read_text("utf-8")
    with pytest.raises(Failed, match="--force"):
        run("clients", "k-17", "--folder", str(shelf), "--svg", str(drawing))


def test_json_is_for_programs(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clients", "rebuild", "--folder", str(shelf), "--json") == 0
    assert {line["code"] for line in json.loads(capsys.readouterr().out)["clients"]} == {"K-17", "k-18"}
    assert run("clients", "K-17", "--folder", str(shelf), "--json") == 0
    page = json.loads(capsys.readouterr().out)
    assert [session["peaks"][0]["value"] for session in page["sessions"]] == [150, 149]
    assert msgspec.json.encode(page)


def test_unknown_words_are_refused_in_words(shelf: Path) -> None:
    for words, match in (
        (("clients", "nobody"), "lists the codes"),
        (("clients", "K-17", "--course", "x"), "there are: "),
        (("clients", "copy", "one"), "copy FILE TARGET"),
    ):
        with pytest.raises(Failed, match=match):
            run(*words, "--folder", str(shelf))
    with pytest.raises(Failed, match="no folder"):
        run("clients", "--folder", str(shelf / "gone"))


def test_who_had_it_is_told(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("clients", "accesses", str(log)) == 0
    assert "nobody" in capsys.readouterr().out
    note_access(access_path(log), "viewed", "id", "replay", who="sup")
    assert run("clients", "accesses", str(log)) == 0
    assert "sup  viewed  replay" in capsys.readouterr().out
