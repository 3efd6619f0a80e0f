"""The expected course of systolic pressure after the dose, behind the trend: the clinic's data, drawn, no more."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPolygonF

from kapconsole.clinical import data
from kapconsole.clinical.settled import CourseLine, course_line
from kapconsole.clinical.tables import Route
from kapconsole.console.moment import Moment
from kapconsole.console.painted import Ink
from kapconsole.console.plots import Pane
from kapconsole.console.theme import colour
from kapconsole.paths import config_dir

MINUTE_US = 60_000_000


@cache
def routes_of(site: Path) -> dict[str, Route]:
    """The routes by name with the clinic's own over the packaged ones; where those cannot be read, the packaged."""
    try:
        return data.load(site).routes.routes
    except data.ClinicalDataError:
        return data.load().routes.routes


def course_of(moment: Moment) -> CourseLine:
    """The band of the first dose's route around the patient's own baseline, mmHg; empty while one is not known."""
    doses, care = moment.state.doses, moment.state.care
    if not doses:
        return ()
    base = None if care.baseline is None else care.baseline.sys_mmhg
    if base is None and moment.alarms is not None and moment.alarms.baseline is not None:
        base = moment.alarms.baseline[0]
    route = routes_of(config_dir() / "clinical").get(min(doses, key=lambda dose: dose.at_us).route)
    return () if base is None or route is None else course_line(route, base)


def draw_course(ink: Ink, pane: Pane, zero_us: int, course: CourseLine) -> None:
    """A quiet band from the low to the high edge; `zero_us`: the dose."""
    seen = [point for point in course if pane.axis.start_us <= zero_us + point[0] * MINUTE_US <= pane.axis.end_us]
    if len(seen) < 2:
        return
    above = [QPointF(pane.x(zero_us + minute * MINUTE_US), pane.y(high)) for minute, _, high in seen]
    below = [QPointF(pane.x(zero_us + minute * MINUTE_US), pane.y(low)) for minute, low, _ in reversed(seen)]
    ink.painter.setPen(Qt.PenStyle.NoPen)
    ink.painter.setBrush(colour(ink.look.palette.accent_panel))
    ink.painter.setOpacity(0.65)
    ink.painter.drawPolygon(QPolygonF([*above, *below]))
    ink.painter.setOpacity(1.0)
