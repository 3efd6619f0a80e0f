"""Perceived percent to device values, against the table of the room light reference (section 7)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapconsole.cues.light.curves import (
    Curve,
    device_fraction,
    eight_bit,
    kelvin_to_rgb,
    perceived_percent,
    sixteen_bit,
)

PERCENT = (5, 10, 20, 25, 30, 40, 50, 60, 70, 80, 90, 100)


def test_cie_in_8_and_16_bit() -> None:
    fractions = [device_fraction(percent, "cie") for percent in PERCENT]
    assert [eight_bit(one) for one in fractions] == [1, 3, 8, 11, 16, 29, 47, 72, 104, 145, 195, 255]
    assert [sixteen_bit(one) for one in fractions] == [
        363, 738, 1959, 2894, 4087, 7373, 12071, 18431, 26705, 37146, 50005, 65535,
    ]  # fmt: skip


def test_square_law() -> None:
    values = [eight_bit(device_fraction(percent, "square")) for percent in PERCENT]
    assert values == [1, 3, 10, 16, 23, 41, 64, 92, 125, 163, 207, 255]


@given(st.floats(0, 100), st.sampled_from(["cie", "square", "linear"]))
def test_there_and_back(percent: float, curve: Curve) -> None:
    assert abs(perceived_percent(device_fraction(percent, curve), curve) - percent) < 1e-6


@given(st.floats(0, 99), st.sampled_from(["cie", "square", "linear"]))
def test_more_is_brighter(percent: float, curve: Curve) -> None:
    assert device_fraction(percent + 1, curve) > device_fraction(percent, curve)


@pytest.mark.parametrize(("kelvin", "warmer"), [(2000, 2700), (2700, 4000), (4000, 6500)])
def test_warm_white_has_less_blue(kelvin: int, warmer: int) -> None:
    assert kelvin_to_rgb(kelvin)[0] == 1.0
    assert kelvin_to_rgb(kelvin)[2] < kelvin_to_rgb(warmer)[2]


def test_6500_kelvin_is_nearly_white() -> None:
    assert all(share > 0.9 for share in kelvin_to_rgb(6500))
