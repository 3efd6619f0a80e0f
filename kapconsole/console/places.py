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

    Neither is ever over the left column or the strip. A part that has no place is 0 pixels wide.
    """

    header: Place
    strip: Place
    spo2: Place
    pulse: Place
    nibp: Place
    next_cuff: Place
    sedation: Place
    pleth: Place
    trend: Place
    notes: Place
    devices: Place
    music: Place
    light: Place
    stimulation: Place
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


NOWHERE = Place(0, 0, 0, 0)


class Column(NamedTuple):
    """The left column, from the top."""

    spo2: Place
    pulse: Place
    nibp: Place
    next_cuff: Place
    sedation: Place


def arrange(
    width: int, height: int, unit: float, touch: int, tall: bool = False, sedation: bool = False, room: bool = False
) -> Places:
    """The places in a window of `width` x `height` px.

    `tall`: the vitals fill the screen for a reader far away. `sedation`: there is a tile for it. `room`: there are
    panels for music, light and stimulation; they take the right column, the notes go below the trend, and devices are
    found by their key alone.
    """

    def px(units: float) -> int:
        return round(units * unit)

    edge, gap = px(24), px(13)
    inner = width - 2 * edge
    header = Place(edge, px(8), inner, px(48))
    strip = Place(edge, header.bottom + px(6), inner, max(px(66), touch + px(6)))
    footer = Place(edge, height - px(34), inner, px(28))
    bar = max(px(60), touch + px(12))
    keys = Place(edge, footer.y - bar - px(4), inner, bar)
    top, bottom = strip.bottom + gap, keys.y - gap
    body = bottom - top

    if tall:
        wave = round(body * 0.22)
        tiles = body - wave - gap
        third = round((inner - 2 * gap) / 3.3)
        spo2 = Place(edge, top, third, tiles)
        pulse = Place(spo2.right + gap, top, third, tiles)
        rest = edge + inner - pulse.right - gap
        small = px(84)
        nibp = Place(pulse.right + gap, top, rest, tiles - small - gap)
        next_cuff = Place(nibp.x, nibp.bottom + gap, rest, small)
        calm = NOWHERE
        if sedation:
            next_cuff = Place(nibp.x, next_cuff.y, (rest - gap) // 2, small)
            calm = Place(next_cuff.right + gap, next_cuff.y, nibp.right - next_cuff.right - gap, small)
        pleth = Place(edge, bottom - wave, inner, wave)
        sheet = Place(pulse.x, bottom - wave, edge + inner - pulse.x, wave)
        column = Column(spo2, pulse, nibp, next_cuff, calm)
        rest_places = (NOWHERE,) * 6
        return Places(header, strip, *column, pleth, *rest_places, keys, footer, sheet, sheet)

    left, right = px(350), px(372)
    column = _column(edge, top, left, bottom, gap, px(84), sedation)
    middle_x = edge + left + gap
    right_x = edge + inner - right
    middle = right_x - gap - middle_x
    sheet_top = top + round(body * 0.25) + gap
    over = Place(middle_x, top, edge + inner - middle_x, body)
    sheet = Place(middle_x, sheet_top, over.width, bottom - sheet_top)
    if room:
        pleth = Place(middle_x, top, middle, round(body * 0.20))
        trend = Place(middle_x, pleth.bottom + gap, middle, round(body * 0.45))
        notes = Place(middle_x, trend.bottom + gap, middle, bottom - trend.bottom - gap)
        music = Place(right_x, top, right, round(body * 0.38))
        light = Place(right_x, music.bottom + gap, right, round(body * 0.195))
        moving = Place(right_x, light.bottom + gap, right, bottom - light.bottom - gap)
        return Places(
            header, strip, *column, pleth, trend, notes, NOWHERE, music, light, moving, keys, footer, sheet, over
        )
    pleth = Place(middle_x, top, middle, round(body * 0.25))
    trend = Place(middle_x, pleth.bottom + gap, middle, bottom - pleth.bottom - gap)
    device_height = px(176)
    notes = Place(right_x, top, right, body - device_height - gap)
    devices = Place(right_x, bottom - device_height, right, device_height)
    return Places(
        header, strip, *column, pleth, trend, notes, devices, NOWHERE, NOWHERE, NOWHERE, keys, footer, sheet, over
    )


def _column(x: int, top: int, width: int, bottom: int, gap: int, small: int, sedation: bool) -> Column:
    """SpO2, pulse and NIBP share what the small tiles leave; NIBP has the most lines."""
    smalls = 2 if sedation else 1
    big = bottom - top - smalls * (small + gap) - 2 * gap
    spo2 = Place(x, top, width, round(big * (0.30 if sedation else 0.33)))
    pulse = Place(x, spo2.bottom + gap, width, round(big * (0.28 if sedation else 0.31)))
    nibp = Place(x, pulse.bottom + gap, width, big - spo2.height - pulse.height)
    next_cuff = Place(x, nibp.bottom + gap, width, small)
    calm = Place(x, next_cuff.bottom + gap, width, small) if sedation else NOWHERE
    return Column(spo2, pulse, nibp, next_cuff, calm)
