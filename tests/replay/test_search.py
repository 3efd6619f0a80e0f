"""Search finds notes and comments by any words of theirs."""

from __future__ import annotations

from kapconsole.console.lines import Line
from kapconsole.replay.comments import Comment, Pinned
from kapconsole.replay.search import Searchable

LINES = [
    Line(1, 10, 12, "note", "Crying, quiet; settled by 31"),
    Line(2, 20, 20, "cuff", "cuff 142/87, pulse 89"),
    Line(3, 30, 31, "note", "Señor Köhler: “falling, but soft”"),
    Line(4, 40, 40, "note", ""),
]
COMMENT = Pinned("x", Comment(25, None, "Falling is said twice", "Ruiz", "supervisor", 0), "Falling is said twice")


def found(query: str) -> list[int]:
    return [hit.at_us for hit in Searchable(LINES, [COMMENT]).find(query)]


def test_every_word_in_any_order_without_accents_and_case() -> None:
    assert found("KOHLER senor") == [30]
    assert found("falling") == [25, 30]
    assert found("falling soft") == [30]
    assert found("ruiz") == [25]
    assert found("note quiet") == [10]
    assert found("nothing of this") == []


def test_an_empty_query_lists_everything_that_has_words() -> None:
    assert found("") == [10, 20, 25, 30]
