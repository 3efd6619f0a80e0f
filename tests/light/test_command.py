"""`kapconsole light ...`: what a person types and reads."""

from __future__ import annotations

import argparse
import builtins
from pathlib import Path
from typing import Any

import pytest

from kapconsole.cli import light as cli
from kapconsole.cli.speaking import Failed


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cli.add_to(parser.add_subparsers())
    options = parser.parse_args(["light", *words])
    return int(options.action(options))


def test_check_plays_the_usual_sheet(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check") == 0
    said = capsys.readouterr().out
    assert "no light.toml here" in said
    assert "onset" in said
    assert "the floors and the limits on fades hold" in said


def test_check_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[[light]]\nid = 3\n")
    with pytest.raises(Failed, match="cue sheet mine"):
        run("check", str(path))
    with pytest.raises(Failed, match="cannot be read"):
        run("check", str(tmp_path / "none.toml"))
    with pytest.raises(Failed, match="there is no cue sheet evening"):
        run("check", "evening")


def test_test_asks_at_each_level_and_gives_advice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "FADE_S", -0.9)  # nobody looks at a simulated lamp
    asked: list[str] = []

    def answer(question: str = "") -> str:
        asked.append(question)
        return "n" if "50 %" in question else "y"

    monkeypatch.setattr(builtins, "input", answer)
    assert run("test") == 1
    assert [int(question.split("%")[0]) for question in asked] == [10, 30, 50, 80]
    assert 'curve = "cie"' in capsys.readouterr().out
    with pytest.raises(Failed, match="no zone cellar; there are: room"):
        run("test", "cellar")


def test_find_sends_nothing_to_serial_ports(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kapdevices import ports

    info: Any = ports.PortInfo("/dev/ttyUSB7", "ENTTEC", "DMX USB PRO", "EN1", 0x0403, 0x6001)
    monkeypatch.setattr(ports, "present_ports", lambda: [info])
    monkeypatch.setattr(cli, "_art_net_nodes", lambda: {"10.0.0.7": "Stage node"})
    assert run("find") == 0
    said = capsys.readouterr().out
    assert "/dev/ttyUSB7: ENTTEC DMX USB PRO EN1" in said
    assert "nothing was sent to it" in said
    assert "10.0.0.7: Art-Net node Stage node" in said


def test_pairing_keeps_the_certificate_for_its_user_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kapdevices.lights import http, hue

    pem = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
    monkeypatch.setattr(hue, "certificate_of", lambda host, port: pem)
    monkeypatch.setattr(http, "pinned", lambda given: None)
    replies = iter([b'[{"success":{"username":"KEY"}}]'])
    monkeypatch.setattr(http.Host, "exchange", lambda self, request: next(replies))
    monkeypatch.setattr(hue, "rooms", lambda host, key: {"Session room": "1f0c"})
    monkeypatch.setattr(builtins, "input", lambda question="": "")
    assert run("pair", "10.0.0.9") == 0
    kept = home / "k" / "config" / "hue.pem"
    assert kept.read_text() == pem
    assert kept.stat().st_mode & 0o077 == 0
    said = capsys.readouterr().out
    assert "[output.session-room]" in said
    assert 'key = "KEY"' in said
    with pytest.raises(Failed, match="name of a file"):
        run("pair", "10.0.0.9", "--certificate", "../x")
