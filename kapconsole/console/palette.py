"""The colours of every window as roles, and how well one is read on another; pure, no Qt."""

from __future__ import annotations

import msgspec


class Palette(msgspec.Struct, frozen=True):
    """Colours by role, as "#rrggbb". Red, yellow and cyan belong to `high`, `medium` and `low` alarms alone.

    `high`, `medium` and `low` are read on a panel; the `_fill` ones fill the lit strip, with `on_fill` words on them.
    """

    name: str
    background: str
    panel: str
    raised: str
    line: str
    text: str
    secondary: str
    tertiary: str
    faint: str  # grid and untrusted ticks: never text
    spo2: str
    pulse: str
    nibp: str
    accent: str
    accent_panel: str
    high: str
    medium: str
    low: str
    high_fill: str
    medium_fill: str
    low_fill: str


NIGHT = Palette(
    name="night",
    background="#12100e",
    panel="#1a1714",
    raised="#26211c",
    line="#2a2520",
    text="#e9e1d6",
    secondary="#a3988b",
    tertiary="#8a8074",
    faint="#5a5249",
    spo2="#d8c7a4",
    pulse="#8fb79a",
    nibp="#c3a1c9",
    accent="#9d8fc4",
    accent_panel="#2b2638",
    high="#e5484d",
    medium="#d9b11e",
    low="#3fc1c9",
    high_fill="#e5484d",
    medium_fill="#d9b11e",
    low_fill="#3fc1c9",
)
"""The default in a session: warm and near black."""

DIM = Palette(
    name="dim",
    background="#211e1b",
    panel="#2a2622",
    raised="#383229",
    line="#3d3731",
    text="#f1eae0",
    secondary="#b8ada0",
    tertiary="#a1968a",
    faint="#6d645a",
    spo2="#e2d3b3",
    pulse="#a5cbaf",
    nibp="#d3b6d8",
    accent="#b4a7d8",
    accent_panel="#3d3750",
    high="#f0575c",
    medium="#e3bb28",
    low="#4fd0d8",
    high_fill="#f0575c",
    medium_fill="#e3bb28",
    low_fill="#4fd0d8",
)
"""A room with a lamp on."""

DAY = Palette(
    name="day",
    background="#ece7df",
    panel="#f7f4ef",
    raised="#ffffff",
    line="#d6cec3",
    text="#221d18",
    secondary="#584f46",
    tertiary="#6b6157",
    faint="#b0a698",
    spo2="#5c4a20",
    pulse="#285637",
    nibp="#66386e",
    accent="#5a4a8c",
    accent_panel="#e2dcf2",
    high="#b3131b",
    medium="#8a6c00",
    low="#00707a",
    high_fill="#c81e27",
    medium_fill="#f2c10f",
    low_fill="#39c6d0",
)
"""Daylight."""

PALETTES = {palette.name: palette for palette in (NIGHT, DIM, DAY)}


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb", 0 to 1 (WCAG 2.2, definition of relative luminance)."""
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def on_fill(fill: str) -> str:
    """The colour of words on a filled strip: near black or white, whichever is read better."""
    return max(("#12100e", "#ffffff"), key=lambda code: contrast(code, fill))
