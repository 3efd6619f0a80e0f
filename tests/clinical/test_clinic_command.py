"""The command about the clinic's own data, with its own parser."""

from __future__ import annotations

import argparse
import getpass
import sys
from pathlib import Path

import pytest

from kapconsole.cli import clinic
from kapconsole.cli.speaking import Failed
from kapconsole.clinical.data import load
from kapconsole.clinical.staffing import right_pin


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    clinic.add_to(parser.add_subparsers(dest="command", required=True))
    options = parser.parse_args(["clinic", *words])
    return int(options.action(options))


def test_it_says_what_a_clinic_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "routes.toml").write_text('version = 4\nstored_by = "Dr A"\n[routes.im]\nstay_min = 150\n', "utf-8")
    assert run("check", str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "routes.toml: version 4 by Dr A, over version 1" in said
    assert "marks.toml: as it ships" in said
    assert "nobody is asked for a PIN" in said


def test_the_folder_of_the_program_may_be_missing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 0
    assert "whole" in capsys.readouterr().out


def test_it_says_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "routes.toml").write_text("version = 4\n[routes.im]\nstay = 150\n", "utf-8")
    with pytest.raises(Failed, match=r"routes\.toml"):
        run("check", str(tmp_path))
    with pytest.raises(Failed, match="is no folder"):
        run("check", str(tmp_path / "none"))


def test_a_pin_becomes_the_line_of_the_staff_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: "4711")
    assert run("pin") == 0
    line = capsys.readouterr().out
    assert "4711" not in line.replace("$", "")[:12]
    staff = f'version = 1\n[staff.ann]\nname = "Ann"\nroles = ["nurse"]\n{line}'
    (tmp_path / "staff.toml").write_text(staff, "utf-8")
    ann = load(tmp_path).staff.staff["ann"]
    assert right_pin(ann, "4711")
    assert not right_pin(ann, "4712")


def test_two_pins_that_differ_make_none(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["4711", "4712"])
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    with pytest.raises(Failed, match="not the same"):
        run("pin")
