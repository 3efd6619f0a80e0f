"""Degrees of visual angle, millimetres and pixels: where on a calibrated screen or bar an angle lies.

Flat screen, eyes before its middle: an angle `a` off the middle lies at `distance * tan(a)`.
"""

from __future__ import annotations

import math

from kapconsole.bilateral.events import Bar, Path, Screen
from kapconsole.bilateral.pattern import BULGE

CARD_MM = 85.6
"""Width of a bank card (ISO/IEC 7810 ID-1), against which a screen is measured."""


def angle_deg(width_mm: float, distance_mm: float) -> float:
    """The visual angle of something of this width straight ahead."""
    return 2 * math.degrees(math.atan(width_mm / (2 * distance_mm)))


def screen_from_card(card_px: float, width_px: int, height_px: int, distance_mm: float) -> Screen:
    """The screen on which a drawn bar of `card_px` pixels is as wide as a bank card. Raises ValueError below 1."""
    if not card_px >= 1 or not distance_mm > 0:
        raise ValueError("the card's width in pixels and the distance must be more than 0")
    mm_per_px = CARD_MM / card_px
    return Screen(width_px * mm_per_px, height_px * mm_per_px, width_px, height_px, distance_mm)


def offset_px(screen: Screen, angle: float) -> float:
    """How many pixels from the screen's middle an angle in degrees lies; sign kept, not rounded."""
    return screen.distance_mm * math.tan(math.radians(angle)) * screen.width_px / screen.width_mm


def offset_deg(screen: Screen, pixels: float) -> float:
    """The angle in degrees of a point so many pixels from the screen's middle."""
    return math.degrees(math.atan(pixels * screen.width_mm / screen.width_px / screen.distance_mm))


def place_px(screen: Screen, x_deg: float, y_deg: float) -> tuple[float, float]:
    """Pixels from the left and from the top of a place in degrees (right and up positive)."""
    return screen.width_px / 2 + offset_px(screen, x_deg), screen.height_px / 2 - offset_px(screen, y_deg)


def diameter_px(screen: Screen, dot_deg: float) -> float:
    """The diameter in pixels of a dot of so many degrees in the middle of the screen."""
    return 2 * offset_px(screen, dot_deg / 2)


def largest_sweep_deg(screen: Screen, path: Path, dot_deg: float) -> float:
    """The widest sweep of which the whole dot stays on the screen; 0 where none does."""
    wide = offset_deg(screen, screen.width_px / 2) - dot_deg / 2
    high = offset_deg(screen, screen.height_px / 2) - dot_deg / 2
    match path:
        case Path.HORIZONTAL:
            half = wide
        case Path.VERTICAL:
            half = high
        case Path.DIAGONAL_UP | Path.DIAGONAL_DOWN:
            half = min(wide, high) * math.sqrt(2)
        case Path.INFINITY | Path.ARC:
            half = min(wide, high / BULGE)
    return max(0.0, 2 * half)


def largest_bar_sweep_deg(bar: Bar) -> float:
    """The widest sweep that the bar can show to both sides alike."""
    reach_mm = bar.length_mm / 2 - abs(bar.mid_offset_mm)
    return max(0.0, angle_deg(2 * reach_mm, bar.distance_mm))
