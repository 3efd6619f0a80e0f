"""The session as one drawing on paper: SpO2, pulse, blood pressure, phases, alarms, doses and sets over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kapconsole.clinical.clients.entry import SetDigest, sets_of
from kapconsole.clinical.clients.plain import of_kind
from kapconsole.export.paper import Paper, text_width
from kapconsole.export.recorded import Recorded
from kapconsole.export.sections import SYMBOLS, occurrences
from kapconsole.session.phases import phase_label
from kapdevices.readings import Metric

THIN = 0.45
GAP_US = 10_000_000
"""Values further apart than this are not joined."""

HEIGHT = 284.0
LABELS = 74.0
"""What stands left of the drawing: names and numbers."""


class Frame(NamedTuple):
    """Where time lies on the paper: points from `left` to `left + width` for `start_us` to `end_us`."""

    left: float
    width: float
    start_us: int
    end_us: int

    def x(self, at_us: float) -> float:
        """The place of a session time."""
        return self.left + self.width * (at_us - self.start_us) / max(1, self.end_us - self.start_us)


def draw_session(paper: Paper, recorded: Recorded, left: float, top: float, width: float) -> None:
    """The drawing, `HEIGHT` high, with its upper left corner at (left, top)."""
    frame = Frame(left + LABELS, width - LABELS - 4, 0, max(1_000_000, recorded.timeline.end_us))
    y = top + 4
    _phases(paper, recorded, frame, y)
    y += 13
    _cues(paper, recorded, frame, y)
    y += 13
    alarm_y = y
    _alarms(paper, recorded, frame, y)
    y += 28
    strips = (
        ("SpO2 %", Metric.SPO2, 58.0, (80.0, 100.0), (80, 90, 100)),
        ("Pulse /min", Metric.PULSE_RATE, 52.0, (40.0, 140.0), (40, 80, 120)),
    )
    for name, metric, height, around, ticks in strips:
        fed = recorded.timeline.fed(metric, 0, recorded.timeline.end_us + 1)
        _strip(paper, frame, y, height, name, fed.times_us, fed.valid_values, around, ticks)
        y += height + 8
    _pressure(paper, recorded, frame, y, 62)
    y += 62
    _sets(paper, sets_of(recorded.events), frame, y + 3)
    _doses(paper, recorded, frame, alarm_y, y)
    _axis(paper, recorded, frame, y + 13)


def draw_sud(paper: Paper, sets: Sequence[SetDigest], left: float, top: float, width: float, height: float) -> None:
    """Distress before and after each set, 0 to 10, in order of the sets; nothing where none was rated."""
    rated = [held for held in sets if held.sud_before is not None or held.sud_after is not None]
    step = min(28.0, (width - 40) / max(1, len(rated)))
    for mark in (0, 5, 10):
        y = top + height * (1 - mark / 10)
        paper.line(left + 24, y, left + 28 + step * len(rated), y, grey=0.85)
        paper.text(left + 20, y + 2.5, str(mark), 6.5, grey=0.4, align="right")
    paper.text(left, top - 5, "SUD before (○) and after (●) each set", 6.5, grey=0.4)
    points = []
    for place, held in enumerate(rated):
        x = left + 30 + step * place
        for value, sign, dx in ((held.sud_before, "○", 0.0), (held.sud_after, "●", step * 0.4)):
            if value is not None:
                y = top + height * (1 - value / 10)
                points.append((x + dx, y))
                paper.text(x + dx, y + 2.5, sign, 7, align="middle")
        paper.text(x + step * 0.2, top + height + 9, str(held.number), 6, grey=0.4, align="middle")
    paper.lines(points, thick=0.4, grey=0.5)


def columns(
    times_us: NDArray[np.int64], values: NDArray[np.float32], frame: Frame
) -> list[tuple[int, float, float, float, float]]:
    """Valid values gathered by point of width: (column, lowest, highest, first, last), so that no dip is lost."""
    good = ~np.isnan(values)
    times, kept = times_us[good], values[good]
    if not len(times):
        return []
    places = ((times - frame.start_us) * frame.width / max(1, frame.end_us - frame.start_us)).astype(np.int64)
    starts = np.flatnonzero(np.diff(places, prepend=places[0] - 1))
    ends = np.append(starts[1:], len(places))
    lows, highs = np.minimum.reduceat(kept, starts), np.maximum.reduceat(kept, starts)
    return [
        (int(places[a]), float(low), float(high), float(kept[a]), float(kept[b - 1]))
        for a, b, low, high in zip(starts, ends, lows, highs, strict=True)
    ]


def _strip(
    paper: Paper,
    frame: Frame,
    top: float,
    height: float,
    name: str,
    times_us: NDArray[np.int64],
    values: NDArray[np.float32],
    around: tuple[float, float],
    ticks: Sequence[int],
) -> None:
    good = values[~np.isnan(values)]
    low = min(around[0], float(good.min()) if len(good) else around[0])
    high = max(around[1], float(good.max()) if len(good) else around[1])
    _scale(paper, frame, top, height, name, low, high, ticks)
    found = columns(times_us, values, frame)
    if not found:
        paper.text(frame.left + frame.width / 2, top + height / 2, "no values", 7, grey=0.5, align="middle")
    gap = max(2.0, frame.width * GAP_US / max(1, frame.end_us - frame.start_us))
    run: list[tuple[float, float]] = []
    before: int | None = None
    for place, lowest, highest, first, last in found:
        if before is not None and place - before > gap:
            paper.lines(run, thick=THIN)
            run = []
        before = place
        x = frame.left + place
        order = (first, highest, lowest, last) if first >= last else (first, lowest, highest, last)
        run += [(x, top + height * (1 - (value - low) / (high - low))) for value in order]
    paper.lines(run, thick=THIN)
    if len(run) == 1 or (len(found) == 1):
        paper.line(run[0][0] - 0.5, run[0][1], run[0][0] + 0.5, run[0][1], thick=1)


def _scale(
    paper: Paper, frame: Frame, top: float, height: float, name: str, low: float, high: float, ticks: Sequence[int]
) -> None:
    paper.text(frame.left - LABELS, top + 7, name, 6.5, bold=True)
    for tick in ticks:
        if low <= tick <= high:
            y = top + height * (1 - (tick - low) / (high - low))
            paper.line(frame.left, y, frame.left + frame.width, y, thick=0.3, grey=0.85)
            paper.text(frame.left - 4, y + 2.3, str(tick), 6.5, grey=0.4, align="right")
    paper.box(frame.left, top, frame.width, height, thick=0.3)


def _pressure(paper: Paper, recorded: Recorded, frame: Frame, top: float, height: float) -> None:
    views = [view for view in recorded.timeline.fed_nibp(recorded.timeline.state.nibp) if view.reading.valid]
    points = [(view.mono_us, view.reading.sys_mmhg or 0, view.reading.dia_mmhg or 0) for view in views]
    for event in of_kind(recorded.events, "vitals-entered"):
        if event.body.get("sys_mmhg") is not None and event.body.get("dia_mmhg") is not None:
            points.append((event.at_us, event.body["sys_mmhg"], event.body["dia_mmhg"]))
    low = min([40.0, *(dia for _, _, dia in points)])
    high = max([180.0, *(sys for _, sys, _ in points)])
    _scale(paper, frame, top, height, "NIBP mmHg", low, high, (40, 80, 120, 160, 200))
    if not points:
        paper.text(frame.left + frame.width / 2, top + height / 2, "no readings", 7, grey=0.5, align="middle")
    for at_us, sys, dia in points:
        x = frame.x(at_us)
        y_sys, y_dia = (top + height * (1 - (value - low) / (high - low)) for value in (sys, dia))
        paper.line(x, y_sys, x, y_dia, thick=0.8)
        paper.line(x - 2, y_sys, x + 2, y_sys, thick=0.8)
        paper.line(x - 2, y_dia, x + 2, y_dia, thick=0.8)


def _phases(paper: Paper, recorded: Recorded, frame: Frame, top: float) -> None:
    entered = of_kind(recorded.events, "phase-entered")
    paper.text(frame.left - LABELS, top + 8, "Phase", 6.5, bold=True)
    ends = [*(event.at_us for event in entered[1:]), frame.end_us][: len(entered)]
    for place, (event, end_us) in enumerate(zip(entered, ends, strict=True)):
        x, wide = frame.x(event.at_us), frame.x(end_us) - frame.x(event.at_us)
        paper.box(x, top, wide, 11, fill=0.94 if place % 2 else 0.88, thick=0)
        words = phase_label(str(event.body.get("phase") or "?"))
        if text_width(words, 6) <= wide - 2:
            paper.text(x + wide / 2, top + 8, words, 6, align="middle")


def _cues(paper: Paper, recorded: Recorded, frame: Frame, top: float) -> None:
    """Music segments by name where there is room; light and other cues as ticks."""
    heard = [event for event in recorded.events if event.at_us <= frame.end_us]
    segments = of_kind(heard, "segment-entered")
    others = of_kind(heard, "cue-delivered")
    others += [event for event in of_kind(heard, "light-asked") if event.body.get("label")]
    if not segments and not others:
        return
    paper.text(frame.left - LABELS, top + 7, "Music, cues", 6.5, bold=True)
    ends = [*(event.at_us for event in segments[1:]), frame.end_us][: len(segments)]
    for event, end_us in zip(segments, ends, strict=True):
        x = frame.x(event.at_us)
        paper.line(x, top, x, top + 9, thick=0.6)
        words = str(event.body.get("segment", ""))
        if text_width(words, 6) <= frame.x(end_us) - x - 4:
            paper.text(x + 2, top + 7, words, 6)
    for event in others:
        x = frame.x(event.at_us)
        paper.line(x, top + 5, x, top + 9, thick=0.6, grey=0.5)


def _alarms(paper: Paper, recorded: Recorded, frame: Frame, top: float) -> None:
    paper.text(frame.left - LABELS, top + 7, "Alarms", 6.5, bold=True)
    lanes = {"high": 0, "medium": 7, "low": 14}
    for priority, dy in lanes.items():
        paper.text(frame.left - 4, top + dy + 6, SYMBOLS[priority], 6, grey=0.4, align="right")
        paper.line(frame.left, top + dy + 3, frame.left + frame.width, top + dy + 3, thick=0.2, grey=0.88)
    for lasted in occurrences(recorded):
        x, end = frame.x(lasted.began_s * 1e6), frame.x((lasted.true_s + lasted.lasted_s) * 1e6)
        fill = {"high": 0.0, "medium": 0.45, "low": 1.0}[lasted.priority]
        paper.box(x, top + lanes[lasted.priority], max(1.2, end - x), 6, fill=fill, thick=0.4)


def _doses(paper: Paper, recorded: Recorded, frame: Frame, top: float, bottom: float) -> None:
    for event in of_kind(recorded.events, "dose-given"):
        x = frame.x(event.at_us)
        paper.line(x, top - 2, x, bottom, thick=0.8, dash=2)
        paper.text(x + 2, bottom - 3, f"dose {event.body.get('amount_mg', 0):g} mg", 6)


def _sets(paper: Paper, sets: Sequence[SetDigest], frame: Frame, top: float) -> None:
    for held in sets:
        x = frame.x(held.at_s * 1e6)
        wide = frame.x((held.at_s + held.length_s) * 1e6) - x
        paper.box(x, top, max(1.2, wide), 4, fill=0.6, thick=0)
    if sets:
        paper.text(frame.left - LABELS, top + 5, "Sets", 6.5, bold=True)


def _axis(paper: Paper, recorded: Recorded, frame: Frame, top: float) -> None:
    zero_us = recorded.dose_us or 0
    length_min = (frame.end_us - frame.start_us) / 60e6
    step_min = next((step for step in (1, 2, 5, 10, 15, 20, 30, 60) if length_min / step <= 13), 120)
    first = -int(zero_us / 60e6 // step_min)
    count = int((frame.end_us - zero_us) / 60e6 // step_min)
    for mark in range(first, count + 1):
        x = frame.x(zero_us + mark * step_min * 60_000_000)
        paper.line(x, top - 1, x, top + 2, thick=0.4)
        paper.text(x, top + 9, f"{mark * step_min}".replace("-", "−"), 6.5, align="middle")
        if not recorded.deidentified:
            clock = f"{recorded.moment(zero_us + mark * step_min * 60_000_000):%H:%M}"
            paper.text(x, top + 17, clock, 6, grey=0.45, align="middle")
    words = "minutes since the first dose" if recorded.dose_us is not None else "minutes since the begin"
    paper.text(frame.left - LABELS, top + 9, "min", 6.5, grey=0.4)
    paper.text(frame.left + frame.width, top + 26, words, 6.5, grey=0.4, align="right")
