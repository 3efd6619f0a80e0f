"""Times as people type them."""

from __future__ import annotations

from datetime import datetime

import pytest

from kapconsole.replay.jump import session_us

S = 1_000_000
START = datetime(2026, 3, 5, 14, 10, 30).astimezone()
ORIGIN_US = round(START.timestamp() * 1e6)


def at(words: str, dose_us: int | None = 600 * S) -> float:
    return session_us(words, ORIGIN_US, dose_us, 2 * 3600 * S) / S


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("14:32", 21 * 60 + 30),
        ("14:32:07", 21 * 60 + 37),
        ("14:10", 0),  # the minute in which the session began
        ("T+42:17", 600 + 42 * 60 + 17),
        ("t + 42:17", 600 + 42 * 60 + 17),
        ("T+1:02:03", 600 + 3723),
        ("T-3:10", 600 - 190),
        ("S+12:00", 720),
        ("0:42", 42 * 60),
        ("1:05:20", 3920),
    ],
)
def test_understood(words: str, seconds: float) -> None:
    assert at(words) == seconds


@pytest.mark.parametrize("words", ["", "soon", "14", "14:60", "T+4:99", "T+", "14:32:99", "1:2"])
def test_not_understood_says_what_would_be(words: str) -> None:
    with pytest.raises(ValueError, match="T\\+42:17"):
        at(words)


def test_time_since_dose_needs_a_dose() -> None:
    with pytest.raises(ValueError, match="no dose"):
        at("T+1:00", dose_us=None)


def test_a_session_over_midnight() -> None:
    start = datetime(2026, 3, 5, 23, 50).astimezone()
    assert session_us("0:05", round(start.timestamp() * 1e6), None, 3600 * S) == 15 * 60 * S
