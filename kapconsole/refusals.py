"""The one way in which a wish is refused: in words for the person who had it."""

from __future__ import annotations


class Refused(Exception):
    """A wish cannot be granted; the message says why."""
