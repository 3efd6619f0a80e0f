"""Folders: for this user alone, all under one where that is asked, words where they cannot be used."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from kapconsole import paths


def test_kapconsole_home_holds_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAPCONSOLE_HOME", str(tmp_path / "stick"))
    folders = [paths.data_dir(), paths.state_dir(), paths.config_dir(), paths.runtime_dir(), paths.sessions_dir()]
    assert len(set(folders)) == 5
    assert all(folder.is_dir() and folder.is_relative_to(tmp_path / "stick") for folder in folders)


def test_without_it_the_systems_folders_are_used(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.delenv("KAPCONSOLE_HOME")
    assert paths.sessions_dir().is_relative_to(home)
    assert paths.sessions_dir().name == "sessions"


@pytest.mark.skipif(sys.platform == "win32", reason="rights are kept otherwise there")
def test_nobody_else_may_look_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAPCONSOLE_HOME", str(tmp_path))
    (tmp_path / "data").mkdir(mode=0o755)
    assert stat.S_IMODE(paths.data_dir().stat().st_mode) == 0o700
    assert stat.S_IMODE(paths.sessions_dir().stat().st_mode) == 0o700


def test_a_file_in_the_way_is_told_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAPCONSOLE_HOME", str(tmp_path))
    (tmp_path / "data").touch()
    with pytest.raises(paths.FolderTrouble, match=r"data is a file where a folder is needed.*KAPCONSOLE_HOME"):
        paths.sessions_dir()


def test_a_folder_below_a_file_is_told_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("KAPCONSOLE_HOME", str(tmp_path / "file"))
    with pytest.raises(paths.FolderTrouble, match="KAPCONSOLE_HOME"):
        paths.state_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="folders have no owner in this sense there")
def test_a_folder_of_another_user_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KAPCONSOLE_HOME", str(tmp_path))
    paths.runtime_dir()
    mine = paths.os.getuid()
    monkeypatch.setattr(paths.os, "getuid", lambda: mine + 1)
    with pytest.raises(paths.FolderTrouble, match="belongs to another user"):
        paths.runtime_dir()
