"""The illustration of alarm delays for the guide: a falling saturation, put through the real alarm engine, drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtWidgets import QLabel

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.limits import Preset
from kapconsole.console.alarmmarks import alarm_colour
from kapconsole.console.painted import CENTRE, LEFT, Ink
from kapconsole.console.palette import NIGHT
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look
from kapdevices.readings import Metric, Quality

AVERAGED_S = 8
"""Many oximeters average over 2 to 16 s; 8 s is a common setting (alarms reference 7.2)."""

LEAD_S, SHOWN_S = 30, 75


class Fallen(NamedTuple):
    """One second each, arrays of shape (n,): the saturation in the blood and the number of the device, both in %.

    `crossed_s` and `told_s`: when each fell below the limit; `began`: the alarms with the seconds at which they signal.
    """

    blood: NDArray[np.float64]
    number: NDArray[np.float64]
    crossed_s: int
    told_s: int
    began: list[tuple[float, al.AlarmBegan]]


def fallen(preset: Preset) -> Fallen:
    """A saturation that falls by a point every four seconds, with the alarms that the engine makes of it."""
    times = np.arange(LEAD_S + SHOWN_S, dtype=np.float64)
    blood = np.clip(97 - np.maximum(0, times - LEAD_S - 5) / 4, 80, 97)
    padded = np.concatenate([np.full(AVERAGED_S - 1, 97.0), blood])
    number = np.round(np.convolve(padded, np.ones(AVERAGED_S) / AVERAGED_S, "valid"))
    engine = AlarmEngine(preset)
    started = ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC")
    bodies = engine.feed(ev.Event(1, 0, 0, "docs", started))
    for second, value in enumerate(number):
        at_us = second * 1_000_000 + 1
        for metric, shown in ((Metric.SPO2, float(value)), (Metric.PULSE_RATE, 70.0)):
            bodies += engine.feed(ev.Measurement(at_us, 1, metric, shown, Quality.GOOD))
    began = [
        (body.at_us / 1e6 - LEAD_S, body)
        for body in bodies
        if isinstance(body, al.AlarmBegan) and body.condition in ("P01", "P02")
    ]
    low = preset.settings.spo2.low
    crossed_s, told_s = (int(np.argmax(values < low)) - LEAD_S for values in (blood, number))
    return Fallen(blood[LEAD_S:], number[LEAD_S:], crossed_s, told_s, [one for one in began if one[0] < SHOWN_S])


WIDTH, HEIGHT = 1100, 560


def delays(preset: Preset) -> QLabel:
    """The picture."""
    picture = QPixmap(WIDTH, HEIGHT)
    painter = QPainter(picture)
    _Drawing(Ink(painter, Look(NIGHT)), preset).draw()
    painter.end()
    label = QLabel()
    label.setPixmap(picture)
    return label


class _Drawing:
    def __init__(self, ink: Ink, preset: Preset) -> None:
        self.ink, self.preset, self.data = ink, preset, fallen(preset)

    def x(self, second: float) -> float:
        return 90 + second / SHOWN_S * (WIDTH - 120)

    def y(self, value: float) -> float:
        return 60 + (98 - value) / (98 - 79) * (HEIGHT - 190)

    def draw(self) -> None:
        ink, palette, data = self.ink, NIGHT, self.data
        ink.fill(QRectF(0, 0, WIDTH, HEIGHT), palette.panel)
        words = f"How long until an alarm sounds: preset {self.preset.name}, an oximeter that averages {AVERAGED_S} s"
        ink.text(30, 34, words, HEADING, palette.text, True)
        low, desat = self.preset.settings.spo2.low, self.preset.settings.spo2.desat
        for limit, label in ((low, f"low limit {low:g}"), (desat, f"desaturation {desat:g}")):
            ink.line_pen(palette.secondary, 1.2, Qt.PenStyle.DashLine)
            ink.line(self.x(0), self.y(limit), WIDTH - 30, self.y(limit))
            ink.text(self.x(0) + 6, self.y(limit) - 7, label, SMALL, palette.secondary)
        seconds = np.arange(SHOWN_S)
        x = self.x(0) + seconds / SHOWN_S * (WIDTH - 120)
        for values, code, width, label, at in (
            (data.blood, palette.tertiary, 1.6, "saturation in the blood", 3),
            (data.number, palette.spo2, 3.0, "number on the screen", 3),
        ):
            ink.line_pen(code, width)
            ink.curve(x, np.array([self.y(value) for value in values]))
            shift = 62 if code == palette.tertiary else -10
            ink.text(self.x(at), self.y(97) + shift, label, TEXT, code)
        self._spans()
        for second, body in data.began:
            code = alarm_colour(palette, body.priority)
            ink.line_pen(code, 2.5)
            ink.line(self.x(second), 56, self.x(second), HEIGHT - 122)
            mark = "*" * body.priority.rank
            ink.text(self.x(second) + 6, 72, f"{mark} {body.text}".replace("SpO2", "SpO₂"), TEXT, code, True)
        for second in range(0, SHOWN_S + 1, 15):
            ink.text(self.x(second), HEIGHT - 14, f"{second} s", SMALL, palette.tertiary, side=CENTRE)

    def _spans(self) -> None:
        ink, data, palette = self.ink, self.data, NIGHT
        first = data.began[0][0]
        spans = (
            (data.crossed_s, data.told_s, f"averaging in the device: {data.told_s - data.crossed_s} s"),
            (data.told_s, first, f"delay of the preset: {first - data.told_s:.0f} s"),
            (data.crossed_s, first, f"together {first - data.crossed_s:.0f} s, and at most 1 s for the program"),
        )
        for row, (begin, end, words) in enumerate(spans):
            y = HEIGHT - 104 + 26 * row
            ink.line_pen(palette.text, 1.6)
            ink.line(self.x(begin), y, self.x(end), y)
            for at in (begin, end):
                ink.line(self.x(at), y - 5, self.x(at), y + 5)
            ink.text(self.x(end) + 10, y + 5, words, TEXT, palette.text, side=LEFT)
