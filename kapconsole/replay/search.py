"""Finds words in the notes, events and comments of a session: every word of the query, accents and case aside; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import msgspec

from kapconsole.console.lines import Line
from kapconsole.replay.comments import Pinned

MOST = 200


class Hit(msgspec.Struct, frozen=True):
    """Something found: when it happened, where a jump stands, what kind it is, and its words."""

    at_us: int
    known_us: int
    kind: str
    words: str


class Searchable:
    """The words of a session, folded once; comments may come later."""

    def __init__(self, lines: Iterable[Line], pinned: Iterable[Pinned] = ()) -> None:
        hits = [Hit(line.at_us, line.known_us, line.kind, line.text) for line in lines if line.text]
        hits += [
            Hit(one.comment.at_us, one.comment.at_us, "comment", f"{one.words} ({one.comment.author})")
            for one in pinned
        ]
        hits.sort(key=lambda hit: hit.at_us)
        self._hits = [(folded(f"{hit.kind} {hit.words}"), hit) for hit in hits]

    def find(self, query: str) -> list[Hit]:
        """What holds every word of `query`, in order of time, at most `MOST`; everything for an empty query."""
        words = folded(query).split()
        return [hit for text, hit in self._hits if all(word in text for word in words)][:MOST]


def folded(text: str) -> str:
    """`text` without accents, in one case."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in split if not unicodedata.combining(letter)).casefold()
