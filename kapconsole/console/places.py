"""Where everything stands in a session's window: three columns that never change places; pure geometry, no Qt."""

from __future__ import annotations

import math
from typing import NamedTuple

REFERENCE_WIDTH = 1600.0
REFERENCE_HEIGHT = 1000.0
MIN_UNIT = 0.62
TOUCH_MM = 9.0


class Place(NamedTuple):
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    def meets(self, other: Place) -> bool:
        """True when the two share a pixel."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


class Places(NamedTuple):
    """The place of each part. `sheet` is where forms may appear, `over` where a window with much in it may.

    Neither is ever over the left column or the strip.
    """

    header: Place
    strip: Place
    spo2: Place
    pulse: Place
    nibp: Place
    pleth: Place
    trend: Place
    notes: Place
    devices: Place
    keys: Place
    footer: Place
    sheet: Place
    over: Place


def unit_px(width: int, height: int, reference_height: float = REFERENCE_HEIGHT) -> float:
    """Pixels per unit: a thousandth of the window's height, less when the window is narrow."""
    return max(MIN_UNIT, min(height / reference_height, width / REFERENCE_WIDTH))


def touch_px(dots_per_inch: float) -> int:
    """The smallest side of something to be touched: 9 mm, in pixels."""
    return math.ceil(TOUCH_MM / 25.4 * dots_per_inch)


def arrange(width: int, height: int, unit: float, touch: int, tall: bool = False) -> Places:
    """The places in a window of `width` x `height` px. `tall`: the vitals fill the screen for a reader far away."""

    def px(units: float) -> int:
        return round(units * unit)

    edge, gap = px(24), px(13)
    inner = width - 2 * edge
    header = Place(edge, px(8), inner, px(48))
    strip = Place(edge, header.bottom + px(6), inner, px(50))
    footer = Place(edge, height - px(34), inner, px(28))
    bar = max(px(60), touch + px(12))
    keys = Place(edge, footer.y - bar - px(4), inner, bar)
    top, bottom = strip.bottom + gap, keys.y - gap
    body = bottom - top

    if tall:
        wave = round(body * 0.22)
        tiles = body - wave - gap
        third = (inner - 2 * gap) / 3.3
        spo2 = Place(edge, top, round(third), tiles)
        pulse = Place(spo2.right + gap, top, round(third), tiles)
        nibp = Place(pulse.right + gap, top, edge + inner - pulse.right - gap, tiles)
        pleth = Place(edge, bottom - wave, inner, wave)
        nowhere = Place(0, 0, 0, 0)
        sheet = Place(pulse.x, bottom - wave, edge + inner - pulse.x, wave)
        return Places(header, strip, spo2, pulse, nibp, pleth, nowhere, nowhere, nowhere, keys, footer, sheet, sheet)

    left, right = px(350), px(372)
    third_height = round((body - 2 * gap) * 0.32)
    spo2 = Place(edge, top, left, third_height)
    pulse = Place(edge, spo2.bottom + gap, left, third_height)
    nibp = Place(edge, pulse.bottom + gap, left, bottom - pulse.bottom - gap)

    middle_x = spo2.right + gap
    right_x = edge + inner - right
    middle = right_x - gap - middle_x
    pleth = Place(middle_x, top, middle, round(body * 0.25))
    trend = Place(middle_x, pleth.bottom + gap, middle, bottom - pleth.bottom - gap)

    device_height = px(176)
    notes = Place(right_x, top, right, body - device_height - gap)
    devices = Place(right_x, bottom - device_height, right, device_height)
    sheet = Place(middle_x, pleth.bottom + gap, edge + inner - middle_x, bottom - pleth.bottom - gap)
    over = Place(middle_x, top, edge + inner - middle_x, bottom - top)
    return Places(header, strip, spo2, pulse, nibp, pleth, trend, notes, devices, keys, footer, sheet, over)
