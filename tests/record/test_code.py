"""The head code from paper: the same, mistyped, or of another state; each in words of its own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.cli import records
from kapconsole.cli.speaking import Failed
from kapconsole.record.chain import _LETTERS, head_code, read_code
from kapconsole.record.reader import open_log
from kapconsole.record.verify import Code, verify

ANOTHER = "ABCDE-FGHJK-MNPQR-STVWX"


def slip(code: str, place: int) -> str:
    """The code with another letter at one place (from 0, hyphens counted)."""
    wrong = "7" if code[place] != "7" else "8"
    return code[:place] + wrong + code[place + 1 :]


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["", " ", "-", "."]))
def test_a_code_is_read_as_people_write_it(digest: bytes, between: str) -> None:
    code = head_code(digest)
    typed = code.lower().replace("-", between).replace("0", "o").replace("1", "l")
    assert read_code(typed) == code


@given(st.text(alphabet=_LETTERS, max_size=40).filter(lambda text: len(text) != 20))
def test_a_code_of_another_length_was_mistyped(text: str) -> None:
    with pytest.raises(ValueError, match=f"20 letters and digits, this has {len(text)}"):
        read_code(text)


def test_a_letter_that_no_code_has_was_mistyped() -> None:
    with pytest.raises(ValueError, match=r"no '\?', 'U'"):
        read_code("ABCDE-FGHJK-MNPQR-ST?UX")


def test_the_right_code_is_the_same(closed_log: Callable[..., Path]) -> None:
    path = closed_log()
    report = verify(path, code=verify(path).head_code.lower())
    assert (report.ok, report.code) == (True, Code.SAME)


@pytest.mark.parametrize("places", [(0,), (3, 9), (0, 8, 14, 20)])
def test_a_slip_of_the_eye_is_no_proof_against_the_file(closed_log: Callable[..., Path], places: tuple[int]) -> None:
    path = closed_log()
    code = verify(path).head_code
    for place in places:
        code = slip(code, place)
    report = verify(path, code=code)
    assert (report.ok, report.code) == (True, Code.MISTYPED)
    assert any("mistyped or misread" in finding.text for finding in report.findings)


def test_the_code_of_an_earlier_state_names_its_row(closed_log: Callable[..., Path]) -> None:
    path = closed_log()
    with open_log(path) as opened:
        row, digest = opened.hashed_rows()[99]
    report = verify(path, code=head_code(digest))
    assert (report.ok, report.code) == (False, Code.OTHER)
    assert any(f"this session up to row {row.seq};" in finding.text for finding in report.findings)


def test_the_code_of_nothing_here_is_told_as_such(closed_log: Callable[..., Path]) -> None:
    report = verify(closed_log(), code=ANOTHER)
    assert (report.ok, report.code) == (False, Code.OTHER)
    assert any("of no state of this file" in finding.text for finding in report.findings)


def options(path: Path, code: str) -> argparse.Namespace:
    return argparse.Namespace(file=path, code=code, json=False, passphrase_file=None)


def test_the_command_tells_the_three_apart(closed_log: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    path = closed_log()
    code = verify(path).head_code
    assert records.verify(options(path, code)) == 0
    assert "the same as on paper" in capsys.readouterr().out
    assert records.verify(options(path, slip(code, 0))) == 1
    assert "NOT compared with the code on paper" in capsys.readouterr().out
    assert records.verify(options(path, ANOTHER)) == 1
    assert "NOT as it was written" in capsys.readouterr().out
    with pytest.raises(Failed, match="Nothing was verified"):
        records.verify(options(path, code[:-1]))
