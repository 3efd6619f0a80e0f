"""What a mark key says, by the clinic's own list: one key, one label."""

from __future__ import annotations

from kapconsole.clinical.tables import Marks
from kapconsole.clinical.view import CareView


def mark_label(marks: Marks, care: CareView, label: str) -> str:
    """The words for a key, or `label` itself when it is none of the keys.

    What needs consent and has none on record is written down all the same, and says so.
    """
    key = marks.marks.get(label)
    if key is None:
        return label
    tick = care.ticks.get(key.needs) if key.needs else None
    if key.needs and (tick is None or tick.answer != "yes"):
        return f"{key.label} (no consent on record)"
    return key.label


def asks_for_words(marks: Marks, label: str) -> bool:
    """True when words should be asked for after the mark."""
    key = marks.marks.get(label)
    return key is not None and key.words
