"""AT-28: with each kind of colour blindness, and with none at all, priority is read from the rendered strip."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QImage

from kapconsole.alarms.events import Priority
from kapconsole.console.alarmwords import Banner
from kapconsole.console.palette import PALETTES
from kapconsole.console.strip import Strip
from kapconsole.console.theme import Look

# Full dichromacy in linear RGB (Machado, Oliveira and Fernandes 2009, severity 1.0), and none: luminance alone.
BLINDNESS = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
MARKS = {Priority.HIGH: "***", Priority.MEDIUM: "**", Priority.LOW: "*"}
TOLD_APART = 20.0
"""Difference in CIELAB (1976) that nobody overlooks on an area of this size; 2.3 is just noticed."""


def seen(picture: np.ndarray, blindness: str) -> np.ndarray:
    """The picture (height, width, 3), sRGB 0 to 1, as such a person sees it."""
    linear = np.where(picture <= 0.04045, picture / 12.92, ((picture + 0.055) / 1.055) ** 2.4)
    linear = np.clip(linear @ np.array(BLINDNESS[blindness]).T, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def lab(colour: np.ndarray) -> np.ndarray:
    """CIELAB (D65) of one sRGB colour, 0 to 1."""
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(matrix) @ linear / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def strip_picture(priority: Priority, palette_name: str) -> np.ndarray:
    """The lit strip with an alarm of this priority, shape (height, width, 3), 0 to 1."""
    strip = Strip("Alarms", Look(PALETTES[palette_name]))
    strip.resize(1232, 66)
    strip.shown = Banner(priority, False, MARKS[priority], "SpO2 88 < 92", "for 5 s")
    strip.moment = object()  # it draws what it shows; the moment is only asked whether there is one
    image = strip.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    picture = rows[:, : image.width() * 3].reshape(image.height(), image.width(), 3) / 255.0
    assert strip.fault is None
    strip.deleteLater()
    return picture


def fill(picture: np.ndarray) -> np.ndarray:
    """The colour of the area: at its right, where nothing is written."""
    return np.median(picture[20:46, -120:-20].reshape(-1, 3), axis=0)


def stars(picture: np.ndarray) -> int:
    """How many separate signs stand before the message: columns of ink with free columns between, up to a wide gap."""
    ground = fill(picture)
    ink = (np.abs(picture - ground).max(axis=2) > 0.25)[6:44, 10:200].any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], ink.astype(int), [0]])))
    begins, ends = edges[::2], edges[1::2]
    count = 1
    for before, after in zip(ends, begins[1:], strict=False):
        if after - before > 7:
            return count
        count += 1
    return count


@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_at_28_priority_is_told_apart_with_every_colour_blindness(qapp, blindness: str, palette: str) -> None:
    pictures = {priority: seen(strip_picture(priority, palette), blindness) for priority in MARKS}
    fills = {priority: lab(fill(picture)) for priority, picture in pictures.items()}
    for one, other in (
        (Priority.HIGH, Priority.MEDIUM),
        (Priority.MEDIUM, Priority.LOW),
        (Priority.HIGH, Priority.LOW),
    ):
        assert np.linalg.norm(fills[one] - fills[other]) > TOLD_APART, (one, other)
    for priority, picture in pictures.items():
        assert stars(picture) == len(MARKS[priority]), f"the signs of {priority} are counted"


@pytest.mark.parametrize("palette", PALETTES)
def test_at_28_without_any_colour_the_signs_are_left(qapp, palette: str) -> None:
    for priority, mark in MARKS.items():
        picture = strip_picture(priority, palette)
        grey = np.repeat((picture @ np.array([0.2126, 0.7152, 0.0722]))[..., None], 3, axis=2)
        assert stars(grey) == len(mark), priority
