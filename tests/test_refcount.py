"""Qt must not lose references to None: on Python before 3.12 the interpreter would abort within a minute."""

from __future__ import annotations

import sys

import PySide6
import pytest
from PySide6.QtCore import QObject

from kapconsole.qtcheck import refuse_broken_qt


def test_calls_into_qt_lose_no_reference_to_none() -> None:
    thing = QObject()
    before = sys.getrefcount(None)
    for number in range(200):
        thing.setObjectName(str(number))
    assert sys.getrefcount(None) >= before - 20


def test_the_installed_pair_is_not_refused() -> None:
    assert refuse_broken_qt(PySide6.__version__, sys.version_info[:2]) is None


@pytest.mark.parametrize("python", [(3, 10), (3, 11)])
def test_the_broken_pair_is_refused_with_the_way_out(python: tuple[int, int]) -> None:
    words = refuse_broken_qt("6.12.0", python)
    assert words is not None
    assert "6.12.0" in words
    assert "pip install 'PySide6-Essentials>=6.11.3,<6.12'" in words


@pytest.mark.parametrize(
    ("version", "python"),
    [("6.12.0", (3, 12)), ("6.12.0", (3, 14)), ("6.11.3", (3, 11)), ("6.12.1", (3, 11)), ("6.120.0", (3, 11))],
)
def test_sound_pairs_are_not_refused(version: str, python: tuple[int, int]) -> None:
    assert refuse_broken_qt(version, python) is None
