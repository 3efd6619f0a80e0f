"""The bar's self-test: marks at both ends and in the middle, dim; and what a bar that can be read back shows of it."""

from __future__ import annotations

import msgspec

DIM = 24
"""Value of a mark's colour: seen in a dark room, and far from bright."""


class Mark(msgspec.Struct, frozen=True):
    """One picture of the test, and what the person should see."""

    picture: bytes
    words: str


def marks(leds: int, reversed: bool = False) -> tuple[Mark, ...]:
    """Red at the left end, green in the middle, blue at the right end, dark again."""
    left, right = (leds - 1, 0) if reversed else (0, leds - 1)
    return (
        Mark(_one(leds, left, 0), "red at the left end"),
        Mark(_one(leds, leds // 2, 1), "green in the middle"),
        Mark(_one(leds, right, 2), "blue at the right end"),
        Mark(bytes(3 * leds), "dark"),
    )


def difference(sent: bytes, shown: bytes | None, tolerance: int = 2) -> str:
    """How a picture read back differs from the one that was sent, in words; empty: it does not."""
    if shown is None:
        return "the bar gave no picture back"
    if len(shown) != len(sent):
        return f"the bar has {len(shown) // 3} LEDs, the settings say {len(sent) // 3}"
    wrong = sorted(
        {place // 3 for place, (one, other) in enumerate(zip(sent, shown, strict=True)) if abs(one - other) > tolerance}
    )
    return f"{len(wrong)} LEDs differ, the first is number {wrong[0]}" if wrong else ""


def _one(leds: int, led: int, colour: int) -> bytes:
    picture = bytearray(3 * leds)
    picture[3 * led + colour] = DIM
    return bytes(picture)
