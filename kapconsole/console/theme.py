"""A palette at a size: fonts, colours and lengths for painting, and the application's style."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetricsF, QPalette
from PySide6.QtWidgets import QApplication

from kapconsole.console.palette import NIGHT, Palette
from kapconsole.console.places import touch_px

FAMILY = "DejaVu Sans"
FONTS = Path(__file__).parent.parent / "resources" / "fonts"
MIN_FONT_PX = 11.5
"""Nothing is written smaller than this, however small the window."""

WIDTHS_KEPT = 4096
"""Text widths that are remembered before all are measured anew: times and ages never end."""

VALUE, CLOCK, HEADING, TEXT, SMALL = 84.0, 34.0, 18.0, 16.0, 14.0
"""Sizes in units (thousandths of the window's height)."""

log = logging.getLogger(__name__)


class Look:
    """Palette, unit (pixels per thousandth of the window's height) and touch size; never changed, only replaced."""

    def __init__(self, palette: Palette = NIGHT, unit: float = 1.0, dots_per_inch: float = 96.0) -> None:
        self.palette = palette
        self.unit = unit
        self.touch = touch_px(dots_per_inch)
        self._fonts: dict[tuple[float, bool], QFont] = {}
        self._metrics: dict[tuple[float, bool], QFontMetricsF] = {}
        self._widths: dict[tuple[str, float, bool], float] = {}

    def px(self, units: float) -> float:
        """Units as pixels."""
        return units * self.unit

    def font(self, size: float, bold: bool = False) -> QFont:
        """The font at `size` units, never below `MIN_FONT_PX`."""
        held = self._fonts.get((size, bold))
        if held is None:
            held = QFont(FAMILY)
            held.setPixelSize(max(1, round(max(MIN_FONT_PX, self.px(size)))))
            held.setBold(bold)
            self._fonts[size, bold] = held
        return held

    def metrics(self, size: float, bold: bool = False) -> QFontMetricsF:
        """Measures of `font(size, bold)`."""
        held = self._metrics.get((size, bold))
        if held is None:
            held = self._metrics[size, bold] = QFontMetricsF(self.font(size, bold))
        return held

    def width(self, text: str, size: float, bold: bool = False) -> float:
        """Pixels that `text` takes; remembered, since most of what is written is written again."""
        held = self._widths.get((text, size, bold))
        if held is None:
            if len(self._widths) >= WIDTHS_KEPT:
                self._widths.clear()
            held = self._widths[text, size, bold] = self.metrics(size, bold).horizontalAdvance(text)
        return held


@cache
def colour(code: str) -> QColor:
    """The colour of "#rrggbb"."""
    return QColor(code)


def apply(palette: Palette = NIGHT) -> None:
    """Fonts, Fusion and colours for the whole application. Platform themes and colour schemes are left out of it."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    load_fonts()
    app.setStyle("Fusion")
    app.setFont(QFont(FAMILY))
    roles = QPalette.ColorRole
    chosen = QPalette()
    for role, code in (
        (roles.Window, palette.background),
        (roles.WindowText, palette.text),
        (roles.Base, palette.background),
        (roles.AlternateBase, palette.panel),
        (roles.Text, palette.text),
        (roles.PlaceholderText, palette.tertiary),
        (roles.Button, palette.raised),
        (roles.ButtonText, palette.text),
        (roles.BrightText, palette.text),
        (roles.Highlight, palette.accent_panel),
        (roles.HighlightedText, palette.text),
        (roles.Accent, palette.accent),
        (roles.ToolTipBase, palette.raised),
        (roles.ToolTipText, palette.text),
        (roles.Light, palette.line),
        (roles.Midlight, palette.line),
        (roles.Mid, palette.line),
        (roles.Dark, palette.background),
        (roles.Shadow, palette.background),
    ):
        chosen.setColor(role, colour(code))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        chosen.setColor(QPalette.ColorGroup.Disabled, role, colour(palette.tertiary))
    app.setPalette(chosen)


_loaded: list[int] = []


def load_fonts() -> None:
    """The bundled fonts, once per process: digits of one width on every system."""
    if _loaded:
        return
    for path in sorted(FONTS.glob("*.ttf")):
        number = QFontDatabase.addApplicationFont(str(path))
        if number < 0:
            log.warning("font %s cannot be loaded; the system's own is used", path.name)
        _loaded.append(number)
