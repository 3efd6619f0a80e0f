"""What no set may pass, whatever was asked (bilateral reference, sections 3 and 5): checks in words, and a clamp.

A preset or a wish that is beyond is refused in words; `clamped` is the last guard, below every other one.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterator

import msgspec

from kapconsole.bilateral.events import Bar, Channel, Pan, Plan, Rgb, Timbre

RATE_CPS = (0.10, 2.00)
EASY_RATE_CPS = (0.30, 1.50)
"""What a screen offers; above it is asked once a session."""
RATE_STEP_CPS = 0.05
CYCLES = (1, 120)
SECONDS = (5.0, 180.0)
LEVEL_STEP_DB = 3.0
UNCALIBRATED_DBFS = -12.0
PASS_SHARE = 0.4
"""A tone or a pulse is at most this share of a pass."""

FLASH_AREA_SR = 0.006
"""Concurrent flashing area below which WCAG 2.3.1 sets no limit to the number of flashes."""
DARK = 0.05
"""Highest relative luminance of the background."""
RED_SHARE = 0.8
"""WCAG's saturated red: R / (R + G + B) from here on, of the linear values."""
ALARM_HUES_DEG = (0.0, 60.0, 180.0)
"""Red, yellow and cyan belong to alarms."""

RANGES: dict[str, tuple[float, float]] = {
    "rate_cps": RATE_CPS,
    "cycles": CYCLES,
    "seconds": SECONDS,
    "motion.sweep_deg": (5.0, 60.0),
    "motion.edge_dwell_ms": (0.0, 500.0),
    "motion.ramp_in_cycles": (0, 4),
    "light.dot_deg": (0.5, 4.0),
    "light.luminance_ramp_ms": (100.0, 1000.0),
    "sound.tone_hz": (150.0, 900.0),
    "sound.tone_ms": (20.0, 200.0),
    "sound.attack_ms": (5.0, 50.0),
    "sound.release_ms": (10.0, 100.0),
    "sound.level_dbfs": (-60.0, 0.0),
    "sound.ceiling_dbfs": (-60.0, 0.0),
    "tactile.pulse_ms": (20.0, 300.0),
    "tactile.level_percent": (0.0, 100.0),
    "tactile.burst_hz": (60.0, 200.0),
    "offsets.audio_ms": (-500.0, 500.0),
    "offsets.screen_ms": (-500.0, 500.0),
    "offsets.bar_ms": (-500.0, 500.0),
    "offsets.tactile_ms": (-500.0, 500.0),
    "bar.leds": (3, 1024),
    "bar.led_cap": (1, 200),
    "bar.gamma": (1.0, 2.8),
    "bar.spot_leds": (2, 4),
}
"""Lowest and highest value of every number of a plan, by its name."""


def troubles(plan: Plan) -> list[str]:
    """Everything about a plan that a cap forbids, in words; empty: nothing."""
    found = [
        f"{name} {value:g} is outside {least:g} to {most:g}"
        for name, value, least, most in _numbers(plan)
        if not least <= value <= most
    ]
    if not plan.channels:
        found.append("no channel: at least one of light, bar, audio, tactile")
    if plan.cycles is not None and plan.seconds is not None:
        found.append("a set ends after cycles or after seconds, not both")
    level, ceiling = plan.sound.level_dbfs, plan.sound.ceiling_dbfs
    if not plan.sound.calibrated and max(level, ceiling) > UNCALIBRATED_DBFS:
        found.append(f"sound above {UNCALIBRATED_DBFS:g} dBFS needs a calibrated output")
    if level > ceiling:
        found.append(f"sound.level_dbfs {level:g} is above its ceiling of {ceiling:g} dBFS")
    if plan.sound.pan is Pan.CONTINUOUS and plan.sound.timbre not in (Timbre.SINE, Timbre.TRIANGLE):
        found.append(f"continuous pan needs a steady timbre (sine, triangle), not {plan.sound.timbre}")
    if plan.sound.timbre is Timbre.FILE and not plan.sound.file:
        found.append("the timbre file needs the name of a sound file")
    found += colour_troubles(plan.light.dot_rgb, plan.light.background_rgb)
    return found


def colour_troubles(dot: Rgb, background: Rgb) -> list[str]:
    """What is wrong with the colours: outside sRGB, red flash, an alarm's colour, a background that is not dark."""
    if not all(0 <= part <= 255 for part in (*dot, *background)):
        return ["a colour has three parts of 0 to 255"]
    found = []
    red, green, blue = (linear(part) for part in dot)
    if red + green + blue > 0 and red / (red + green + blue) >= RED_SHARE:
        found.append("a saturated red light is a red flash")
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in dot))
    if saturation > 0.5 and any(abs((hue * 360 - alarm + 180) % 360 - 180) <= 20 for alarm in ALARM_HUES_DEG):
        found.append("red, yellow and cyan are for alarms alone")
    if luminance(background) > DARK:
        found.append("the background must be near black")
    return found


def linear(part: int) -> float:
    """An sRGB part of 0 to 255 as a share of the light (IEC 61966-2-1)."""
    value = part / 255
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def luminance(colour: Rgb) -> float:
    """Relative luminance, 0 to 1, as WCAG defines it."""
    red, green, blue = (linear(part) for part in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class FlashVerdict(msgspec.Struct, frozen=True):
    """Whether a moving light is safe by WCAG 2.3.1: by its area, or by how often a point of its path flashes."""

    safe: bool
    area_sr: float
    flashes_per_s: float
    text: str


def flash_check(dot_deg: float, rate_cps: float, glow_deg: float = 0.0) -> FlashVerdict:
    """Hold a dot of `dot_deg` diameter, with a glow or trail that widens it to `glow_deg`, against WCAG 2.3.1.

    Every point of the path flashes once a pass, in pairs near the edges. Our reading of "area of flashes occurring
    concurrently": the light with all that belongs to it, as one disc.
    """
    area_sr = solid_angle_sr(max(dot_deg, glow_deg))
    flashes = 2 * rate_cps
    by_area = area_sr <= FLASH_AREA_SR
    words = f"{area_sr:.5f} sr of at most {FLASH_AREA_SR} sr, {flashes:.1f} flashes/s at each place"
    # Near an edge two flashes of a place follow each other closely: all of them may fall into one second.
    safe = by_area or math.ceil(flashes) + 1 <= 3
    return FlashVerdict(safe, area_sr, flashes, words if safe else f"{words}: too large to flash so often")


def solid_angle_sr(diameter_deg: float) -> float:
    """The solid angle of a disc of this diameter."""
    return 2 * math.pi * (1 - math.cos(math.radians(diameter_deg / 2)))


def clamped(plan: Plan) -> Plan:
    """The plan with every number inside its range; what is inside already is left as it is.

    A set that only a person ends has the longest count all the same. Colours that are not allowed become the default.
    """
    parts: dict[str, dict[str, float]] = {}
    for name, value, least, most in _numbers(plan):
        held = least if math.isnan(value) else min(max(value, least), most)
        if held != value:
            part, _, field = name.rpartition(".")
            parts.setdefault(part, {})[field] = type(least)(held)
    for part, fields in parts.items():
        if part:
            plan = msgspec.structs.replace(plan, **{part: msgspec.structs.replace(getattr(plan, part), **fields)})
        else:
            plan = msgspec.structs.replace(plan, **fields)
    sound = plan.sound
    ceiling = sound.ceiling_dbfs if sound.calibrated else min(sound.ceiling_dbfs, UNCALIBRATED_DBFS)
    sound = msgspec.structs.replace(sound, ceiling_dbfs=ceiling, level_dbfs=min(sound.level_dbfs, ceiling))
    light = plan.light
    if colour_troubles(light.dot_rgb, light.background_rgb):
        default = type(light)()
        light = msgspec.structs.replace(light, dot_rgb=default.dot_rgb, background_rgb=default.background_rgb)
    return msgspec.structs.replace(plan, sound=sound, light=light)


def clamped_bar(bar: Bar) -> Bar:
    """A bar's settings within their ranges."""
    plan = clamped(Plan("", 0, 1.0, (Channel.BAR,), bar=bar))
    assert plan.bar is not None
    return plan.bar


def _numbers(plan: Plan) -> Iterator[tuple[str, float, float, float]]:
    """Name, value, least and most of every number that the plan has."""
    for name, (least, most) in RANGES.items():
        part, _, field = name.rpartition(".")
        holder = getattr(plan, part) if part else plan
        value = None if holder is None else getattr(holder, field)
        if value is not None:
            yield name, value, least, most
