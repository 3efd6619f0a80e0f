"""The levels of a cue list against time, as it was played without lamps: a line for each zone, a mark for each cue."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kapconsole.console.painted import CENTRE, RIGHT, Ink
from kapconsole.console.theme import SMALL, Look
from kapconsole.cues.light.simulate import Simulation
from kapconsole.session.words import stamp_text

POINTS = 1500
"""Points of a line at the most: more than there are pixels on most screens' plots."""

DASHES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
GRID = (0, 25, 50, 75, 100)


class CuePlot(QWidget):
    """Draws `simulation`; the cue `chosen` stands on a lighter ground."""

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.look = look
        self.simulation: Simulation | None = None
        self.names: dict[str, str] = {}
        self.labels: dict[str, str] = {}
        self.chosen = ""
        self.setAccessibleName("Levels against time")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_simulation(self, simulation: Simulation | None, names: dict[str, str], labels: dict[str, str]) -> None:
        """`names` of the cues by id, `labels` of the zones by name."""
        self.simulation, self.names, self.labels = simulation, names, labels
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            ink = Ink(painter, self.look)
            ink.fill(QRectF(self.rect()), self.look.palette.panel)
            if self.simulation is not None and self.simulation.samples:
                self._paint(ink, self.simulation)
        finally:
            painter.end()

    def _paint(self, ink: Ink, played: Simulation) -> None:
        px, palette = self.look.px, self.look.palette
        line_height = self.look.metrics(SMALL).height()
        legend = line_height * len(played.zones) + px(6)
        area = QRectF(self.rect()).adjusted(px(52), px(6) + line_height, -px(12), -line_height - px(8) - legend)
        samples = played.samples
        end_s = max(samples[-1].at_s, 1.0)

        def across(at_s: float) -> float:
            return area.left() + area.width() * at_s / end_s

        starts = [(one.at_s, one.cue) for at, one in enumerate(samples) if at == 0 or samples[at - 1].cue != one.cue]
        ends = [at_s for at_s, _ in starts[1:]] + [end_s]
        for (at_s, cue), until_s in zip(starts, ends, strict=True):
            if cue == self.chosen:
                ink.fill(
                    QRectF(across(at_s), area.top(), across(until_s) - across(at_s), area.height()), palette.raised
                )
        for level in GRID:
            y = area.bottom() - area.height() * level / 100
            ink.line_pen(palette.line)
            ink.line(area.left(), y, area.right(), y)
            base = y + self.look.metrics(SMALL).capHeight() / 2
            ink.text(area.left() - px(6), base, f"{level} %", SMALL, palette.tertiary, side=RIGHT)
        timed = -px(100)
        for (at_s, cue), until_s in zip(starts, ends, strict=True):
            x = across(at_s)
            ink.line_pen(palette.faint)
            ink.line(x, area.top() - line_height, x, area.bottom())
            room = across(until_s) - x - px(6)
            code = palette.text if cue == self.chosen else palette.secondary
            ink.fitted(x + px(4), area.top() - px(4), self.names.get(cue, cue), room, SMALL, code)
            words = stamp_text(round(at_s * 1e6))
            if x - timed > self.look.width(words, SMALL) + px(10):
                timed = x
                ink.text(x, area.bottom() + line_height, words, SMALL, palette.tertiary, side=CENTRE)
        step = max(1, len(samples) // POINTS)
        kept = [*samples[::step], samples[-1]]
        x_px = np.array([across(one.at_s) for one in kept])
        shades = (palette.accent, palette.text, palette.secondary, palette.tertiary)
        for number, zone in enumerate(played.zones):
            y_px = np.array([area.bottom() - area.height() * one.levels[zone] / 100 for one in kept])
            code = shades[number % len(shades)]
            ink.line_pen(code, 2.2, DASHES[number % len(DASHES)])
            ink.curve(x_px, y_px)
            base = area.bottom() + line_height * (number + 2) + px(6)
            ink.line_pen(code, 2.2, DASHES[number % len(DASHES)])
            ink.line(area.left(), base - px(5), area.left() + px(40), base - px(5))
            ink.text(area.left() + px(50), base, self.labels.get(zone, zone), SMALL, palette.text)
