"""What all lamps have in common: what is asked of one, and how it is."""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True):
    """What a lamp is to do from now on: be at `target` after `fade_s`. Levels are device fractions, 0 to 1."""

    target: float
    fade_s: float = 0.0
    cct_k: int | None = None


class LampStatus(msgspec.Struct, frozen=True):
    """How a lamp is. `trouble` in words for a person, empty while it answers; `confirmed`: 0 to 1 where it can say."""

    trouble: str = ""
    confirmed: float | None = None


class NotSent(Exception):
    """A lamp could not be reached or refused; the message says why, in words for a person."""


class TryLater(NotSent):
    """The lamp's controller asks for patience (HTTP 429 or 503). `after_s`: for how long."""

    def __init__(self, words: str, after_s: float) -> None:
        super().__init__(words)
        self.after_s = after_s
