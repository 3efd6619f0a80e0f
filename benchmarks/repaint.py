"""Repaint of the live window and of a seek, against plain pyqtgraph with the same curves, interleaved in one run.

`python benchmarks/repaint.py [--quick]`. pyqtgraph is no part of the program; it is what is measured against.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import pyqtgraph as pg  # noqa: TID251
from PySide6.QtWidgets import QApplication, QWidget

from kapconsole.console.moment import Moment
from kapconsole.console.theme import apply
from kapconsole.console.view import SessionView
from kapconsole.console.window import ACTIONS
from kapconsole.replay.rehearsal import OXIMETER, UTC_ORIGIN_US, rehearse
from kapconsole.replay.window import ReplayWindow
from kapconsole.session.timeline import Timeline
from kapdevices.readings import Metric

MINUTE_US = 60_000_000
FRAME_US = 33_333
WIDTH, HEIGHT = 1280, 800


class Plain(QWidget):
    """The usual way: two plots whose curves are set anew, the pleth at each frame, the trend once a second."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self.timeline = timeline
        self.resize(644, 612)  # what pleth and trend have in the live window
        self.pleth = pg.PlotWidget(self)
        self.pleth.setGeometry(0, 0, 644, 153)
        self.trend = pg.PlotWidget(self)
        self.trend.setGeometry(0, 163, 644, 450)
        self.curve = self.pleth.plot(pen=pg.mkPen("#d8c7a4", width=1))
        self.curves = {
            Metric.SPO2: self.trend.plot(pen=pg.mkPen("#d8c7a4", width=1)),
            Metric.PULSE_RATE: self.trend.plot(pen=pg.mkPen("#8fb79a", width=1)),
        }
        self.trend.setXRange(-20, 120)
        self.trend.setYRange(40, 180)
        self.second = -1

    def show_at(self, now_us: int) -> None:
        """Both plots at `now_us`."""
        times, values = self.timeline.waves[OXIMETER, Metric.PLETH].window(now_us - 8_000_000, now_us)
        self.curve.setData((times - now_us) / 1e6, values)
        if now_us // 1_000_000 == self.second:
            return
        self.second = now_us // 1_000_000
        for metric, curve in self.curves.items():
            series = self.timeline.numerics[OXIMETER, metric]
            last = int(np.searchsorted(series.times_us, now_us))
            curve.setData(series.times_us[:last] / 6e7 - 22, series.valid_values[:last])


def timed(work: Callable[[], None], app: QApplication) -> tuple[float, float]:
    """(wall, CPU) seconds of `work` with the repaint that it leads to."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    app.processEvents()
    return time.perf_counter() - wall, time.process_time() - cpu


def line(name: str, wall: list[float]) -> float:
    ordered = sorted(wall)
    median = statistics.median(ordered)
    print(f"{name:44s} {median * 1e3:8.2f} {ordered[int(len(ordered) * 0.99)] * 1e3:8.2f} {ordered[-1] * 1e3:8.2f}")
    return median


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 s instead of 60 s of scrolling pleth")
    seconds = 5 if parser.parse_args().quick else 60
    app = QApplication([])
    apply()

    rows = rehearse(minutes=124)
    timeline = Timeline()
    timeline.add_rows(rows)
    view = SessionView(ACTIONS)
    view.resize(WIDTH, HEIGHT)
    plain = Plain(timeline)
    start_us = 122 * MINUTE_US

    def show_view(now_us: int) -> None:
        view.show_moment(Moment(timeline.state_at(now_us), timeline, now_us, UTC_ORIGIN_US))

    for widget in (view, plain):
        widget.show()
    for _ in range(5):
        show_view(start_us)
        plain.show_at(start_us)
        app.processEvents()
    ours: list[float] = []
    theirs: list[float] = []
    cpu = {"ours": 0.0, "theirs": 0.0}
    frames = seconds * 30
    for frame in range(1, frames + 1):
        now_us = start_us + frame * FRAME_US
        wall, used = timed(lambda now_us=now_us: show_view(now_us), app)  # type: ignore[misc]
        ours.append(wall)
        cpu["ours"] += used
        wall, used = timed(lambda now_us=now_us: plain.show_at(now_us), app)  # type: ignore[misc]
        theirs.append(wall)
        cpu["theirs"] += used
    print(f"{frames} frames of 30 a second, {WIDTH}x{HEIGHT}, two hours of trend        ms: median      p99      max")
    median = line("live window, everything in it", ours)
    plain_median = line("pyqtgraph, pleth and trend alone", theirs)
    print(f"ratio of medians, pyqtgraph to live window   {plain_median / median:8.1f}")
    for name in ("ours", "theirs"):
        words = {"ours": "live window", "theirs": "pyqtgraph"}[name]
        print(f"CPU of one core at 30 frames a second, {words:12s} {100 * cpu[name] / seconds:5.1f} %")

    view.close()
    plain.close()
    rehearsed = rehearse(minutes=180)
    begun = time.perf_counter()
    long = Timeline()
    long.add_rows(rehearsed)
    loaded = time.perf_counter()
    window = ReplayWindow("benchmark", long, frame_ms=0)
    window.show()
    app.processEvents()
    painted = time.perf_counter()
    load_ms, paint_ms = (loaded - begun) * 1e3, (painted - loaded) * 1e3
    print(f"three hours: rows to arrays {load_ms:.0f} ms, window and first paint {paint_ms:.0f} ms")
    chosen = random.Random(3)
    seeks = []
    for _ in range(20 if seconds == 5 else 200):
        at_us = chosen.randrange(long.end_us)
        seeks.append(timed(lambda at_us=at_us: window.seek(at_us), app))  # type: ignore[misc]
    line("seek anywhere in three hours, to the repaint", [wall for wall, _ in seeks])
    line("the same, CPU time", [used for _, used in seeks])
    window.close()


if __name__ == "__main__":
    main()
