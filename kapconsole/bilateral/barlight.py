"""The light bar's picture at a moment: one moving spot, spread over a few LEDs so that it moves and never jumps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kapconsole.bilateral.caps import clamped_bar
from kapconsole.bilateral.events import Bar
from kapconsole.bilateral.stimulus import Stimulus

Leds = NDArray[np.uint8]
MOST_LIT = 6
"""LEDs that may ever be lit at once: safe on the current of a USB port (bilateral reference, section 9.8)."""


def black(bar: Bar) -> Leds:
    """The dark bar, uint8 of shape (leds, 3)."""
    return np.zeros((bar.leds, 3), dtype=np.uint8)


def bar_frame(stimulus: Stimulus, t_us: int) -> Leds:
    """What the bar of the plan shows at a moment of the session, uint8 of shape (leds, 3), first LED first.

    Dark where the plan has no bar: then of the standard length.
    """
    bar = stimulus.plan.bar or Bar()
    angle, level = stimulus.bar_at(t_us)
    if level <= 0:
        return black(bar)
    return spot(bar, angle, level, stimulus.plan.light.dot_rgb)


def spot(bar: Bar, angle_deg: float, level: float, colour: tuple[int, int, int]) -> Leds:
    """A spot of an sRGB colour at an angle (right positive) with a perceived level of 0 to 1.

    Its whole light is the same wherever it stands: the weights of the LEDs are shares of light, the gamma is applied
    to colour and level.
    """
    bar = clamped_bar(bar)
    # The Hann window's samples add up to the same sum wherever they lie, if it spans a whole number of LEDs.
    reach = min(bar.spot_leds, bar.leds) / 2
    centre = led_at(bar, angle_deg)
    distance = np.abs(np.arange(bar.leds) - centre)
    weights = np.where(distance < reach, (1 + np.cos(np.pi * distance / reach)) / 2, 0.0)
    light = (np.array(colour) / 255 * min(max(level, 0.0), 1.0)) ** bar.gamma * bar.led_cap
    frame = np.floor(weights[:, None] * light[None, :] + 0.5).astype(np.uint8)
    return frame[::-1].copy() if bar.reversed else frame


def led_at(bar: Bar, angle_deg: float) -> float:
    """Which LED, with its fraction and counted from the left, lies at an angle; the whole spot stays on the bar."""
    pitch_mm = bar.length_mm / bar.leds
    at_mm = bar.distance_mm * math.tan(math.radians(angle_deg)) + bar.mid_offset_mm
    inset = math.ceil(min(bar.spot_leds, bar.leds) / 2) - 1
    return min(max((bar.leds - 1) / 2 + at_mm / pitch_mm, inset), bar.leds - 1 - inset)
