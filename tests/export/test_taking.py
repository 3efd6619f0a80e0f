"""One export from the wish to the file: what is written down of it, also when it is called off or fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kapconsole.export import taking
from kapconsole.export.accesses import access_path, read_accesses
from kapconsole.export.taking import CalledOff, Wanted, take_out
from kapconsole.export.writing import ExportTrouble

Fetch = Callable[[], str]


def quiet(step: str, done: int, total: int) -> None:
    """Nobody looks."""


def said(log: Path) -> list[tuple[str, str]]:
    return [(line.what, line.detail) for line in read_accesses(access_path(log)).lines]


@pytest.mark.parametrize("kind", ["pdf", "csv", "edf"])
def test_each_kind_is_made_and_written_down(log: Path, tmp_path: Path, no_passphrase: Fetch, kind: taking.Kind) -> None:
    steps: list[str] = []
    target = tmp_path / f"K-17{taking.ENDINGS[kind]}"
    taken = take_out(log, Wanted(kind, target), no_passphrase, lambda step, done, total: steps.append(step), "ana")
    assert taken.as_written
    assert str(target) in taken.words
    assert target.stat().st_size > 1000
    assert said(log) == [("exported", f"{kind} to {target.name}")]
    assert list(dict.fromkeys(steps)) == ["verifying", "writing"]


def test_called_off_while_it_is_verified_leaves_no_trace(log: Path, tmp_path: Path, no_passphrase: Fetch) -> None:
    def off(step: str, done: int, total: int) -> None:
        raise CalledOff

    with pytest.raises(CalledOff):
        take_out(log, Wanted("pdf", tmp_path / "a.pdf"), no_passphrase, off)
    assert said(log) == []
    assert not (tmp_path / "a.pdf").exists()


@pytest.mark.parametrize("kind", ["pdf", "csv", "edf"])
def test_called_off_while_it_is_written(log: Path, tmp_path: Path, no_passphrase: Fetch, kind: taking.Kind) -> None:
    target = tmp_path / f"out{taking.ENDINGS[kind]}"
    before = sorted(tmp_path.iterdir())

    def off(step: str, done: int, total: int) -> None:
        # The first word about writing comes before anything is written down.
        if step == "writing" and said(log):
            raise CalledOff

    with pytest.raises(CalledOff):
        take_out(log, Wanted(kind, target), no_passphrase, off)
    assert sorted(tmp_path.iterdir()) == before, "nothing half-done is left"
    detail = f"{kind} to {target.name}"
    assert said(log) == [("exported", detail), ("not exported", detail)]
    assert read_accesses(access_path(log)).of("exported") == ()


def test_only_what_did_not_come_about_is_taken_from_the_count(log: Path, tmp_path: Path, no_passphrase: Fetch) -> None:
    target = tmp_path / "a.pdf"
    take_out(log, Wanted("pdf", target), no_passphrase, quiet)

    def off(step: str, done: int, total: int) -> None:
        if len(said(log)) == 2:
            raise CalledOff

    with pytest.raises(CalledOff):
        take_out(log, Wanted("pdf", target, force=True), no_passphrase, off)
    assert [line.number for line in read_accesses(access_path(log)).of("exported")] == [1]


def test_what_cannot_be_put_there_is_not_written_down(log: Path, tmp_path: Path, no_passphrase: Fetch) -> None:
    with pytest.raises(ExportTrouble, match="does not exist"):
        take_out(log, Wanted("pdf", tmp_path / "nowhere" / "a.pdf"), no_passphrase, quiet)
    assert said(log) == []


def test_without_names_is_said_in_the_list(log: Path, tmp_path: Path, no_passphrase: Fetch) -> None:
    take_out(log, Wanted("csv", tmp_path / "s.zip", deidentify=True), no_passphrase, quiet)
    assert said(log) == [("exported", "de-identified csv to s.zip")]
    assert read_accesses(access_path(log)).lines[0].session_id.startswith("id-K-17")
