"""Daily means daily: when a self-test of the alarm sound must be confirmed again, and that this outlives a session."""

from __future__ import annotations

import msgspec
import pytest

from kapconsole.alarms.events import SelfTestConfirmed
from kapconsole.monitor.selftests import FILE, LASTS_US, Confirmed, SelfTestBook, due
from kapconsole.paths import state_dir

AT_US = 1_772_700_000_000_000
LAST = Confirmed(AT_US, "PulseAudio: room", True, True, "nurse", "console:anna")


@pytest.mark.parametrize(
    ("last", "output", "later_us", "words"),
    [
        (None, "room", 0, "not confirmed in the last 24 h"),
        (LAST, "room", LASTS_US - 1, ""),
        (LAST, "PulseAudio: room", 0, ""),
        (LAST, "room", LASTS_US, "not confirmed in the last 24 h"),
        (LAST, "room", -1, "not confirmed"),  # the wall clock was put back: nobody knows when that was
        (LAST, "desk", 60, "another one"),
        (msgspec.structs.replace(LAST, heard=False), "room", 60, "tone not heard"),
        (msgspec.structs.replace(LAST, seen=False), "room", 60, "lights not seen"),
    ],
)
def test_when_a_person_is_asked(last: Confirmed | None, output: str, later_us: int, words: str) -> None:
    said = due(last, output, AT_US + later_us)
    assert said == words or (words and words in said)


def test_a_confirmation_is_known_in_the_next_session() -> None:
    book = SelfTestBook()
    assert book.last is None
    book.confirmed(SelfTestConfirmed(True, True, "PulseAudio: room", "nurse", 5), "console:anna", AT_US)
    book.join()
    assert SelfTestBook().last == LAST


def test_a_damaged_memory_asks_again() -> None:
    (state_dir() / FILE).write_text("{")
    assert SelfTestBook().last is None
