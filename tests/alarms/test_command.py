"""`kapconsole alarms FILE`: a recorded session held against limits, from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kapconsole import cli

LOG = Path(__file__).parent.parent / "data" / "format-1.kaplog"


def test_a_session_is_held_against_the_standard_limits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    drawing = tmp_path / "alarms.svg"
    assert cli.main(["alarms", str(LOG), "--svg", str(drawing)]) == 0
    assert "preset standard (computed, not logged)" in capsys.readouterr().out
    assert drawing.read_text("utf-8").startswith("<svg")


def test_other_limits_stand_beside_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["alarms", str(LOG), "--what-if", "first-sessions", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["what_if"]["preset"] == "first-sessions"


def test_an_unknown_preset_lists_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["alarms", str(LOG), "--preset", "loud"]) == 1
    assert "standard" in capsys.readouterr().err
