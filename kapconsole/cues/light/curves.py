"""Perceived percent to what a fixture takes: CIE L*, square law, linear; 8 and 16 bit; colour temperature to RGB."""

from __future__ import annotations

from typing import Literal

Curve = Literal["cie", "square", "linear"]


def device_fraction(percent: float, curve: Curve) -> float:
    """The fraction (0 to 1) of a device whose light looks like `percent` (0 to 100, held within).

    cie: CIE 1976 lightness, for raw LED drivers. square: the square law of stage dimmers. linear: for a device that
    has a curve of its own.
    """
    held = min(100.0, max(0.0, percent))
    if curve == "linear":
        return held / 100
    if curve == "square":
        return (held / 100) ** 2
    return ((held + 16) / 116) ** 3 if held > 8 else held / 903.3


def perceived_percent(fraction: float, curve: Curve) -> float:
    """The inverse of `device_fraction`."""
    held = min(1.0, max(0.0, fraction))
    if curve == "linear":
        return 100 * held
    if curve == "square":
        return 100 * float(held**0.5)
    lightness = 116 * float(held ** (1 / 3)) - 16
    return lightness if lightness > 8 else 903.3 * held


def eight_bit(fraction: float) -> int:
    """0 to 255, rounded."""
    return int(min(1.0, max(0.0, fraction)) * 255 + 0.5)


def sixteen_bit(fraction: float) -> int:
    """0 to 65535, rounded."""
    return int(min(1.0, max(0.0, fraction)) * 65535 + 0.5)


def kelvin_to_rgb(cct_k: float) -> tuple[float, float, float]:
    """Linear RGB shares (the largest is 1) of a black body at 1667 to 25000 K, held within.

    The locus by the cubic approximation of Kim et al. (2002), then the sRGB primaries (IEC 61966-2-1).
    """
    t = min(25000.0, max(1667.0, cct_k))
    if t <= 4000:
        x = -0.2661239e9 / t**3 - 0.2343589e6 / t**2 + 0.8776956e3 / t + 0.179910
    else:
        x = -3.0258469e9 / t**3 + 2.1070379e6 / t**2 + 0.2226347e3 / t + 0.240390
    if t <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif t <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    big_x, big_z = x / y, (1 - x - y) / y
    shares = (
        3.2404542 * big_x - 1.5371385 - 0.4985314 * big_z,
        -0.9692660 * big_x + 1.8760108 + 0.0415560 * big_z,
        0.0556434 * big_x - 0.2040259 + 1.0572252 * big_z,
    )
    most = max(shares)
    red, green, blue = (max(0.0, share / most) for share in shares)
    return red, green, blue
