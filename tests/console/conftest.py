"""A feed without processes: the real runner, a clock turned by hand, and readings put in one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtWidgets import QApplication

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.clock import FakeClock
from kapconsole.console.moment import Moment
from kapconsole.console.window import ConsoleWindow
from kapconsole.session.runner import DeviceEntry, Outcome, Runner
from kapconsole.session.timeline import Timeline
from kapconsole.wire import BytesSeen, CaptureStatus, CaptureWanted, LogStatus, WatchBytes
from kapdevices.readings import Metric, Quality

OXIMETER, CUFF = 1, 2
UTC_ORIGIN_US = 1_772_716_200_000_000


class FakeFeed:
    """Commands go to a real runner; its events come back with the next poll when `answers` is on."""

    def __init__(self) -> None:
        self.clock = FakeClock(utc_origin_us=UTC_ORIGIN_US)
        self.timeline = Timeline()
        self.sent: list[cm.CommandBody] = []
        self.told: list[WatchBytes | CaptureWanted] = []
        self.says: list[BytesSeen | CaptureStatus] = []
        self.linked = True
        self.answers = True
        self.log_status: LogStatus | None = None
        entries = [DeviceEntry(OXIMETER, "nonin", "p1", False), DeviceEntry(CUFF, "suntech", "p2", True)]
        self.runner = Runner(self.clock, entries)
        started = ev.SessionStarted("id", "K-0142", "0", "boot", 0, UTC_ORIGIN_US, 1.0, "UTC")
        self.fact(started)
        self.fact(ev.ProcessState("annunciator", "running", ""))
        self.fact(ev.DeviceState(OXIMETER, "nonin", "p1", "FT232R", "connected", "connected"))
        self.fact(ev.DeviceState(CUFF, "suntech", "p2", "CP2102", "connected", "connected"))

    def poll(self) -> bool:
        return True

    def moment(self) -> Moment:
        return Moment(self.timeline.state, self.timeline, self.clock.now_us(), UTC_ORIGIN_US, linked=self.linked)

    def send(self, body: cm.CommandBody) -> None:
        self.sent.append(body)
        if self.answers:
            self._take(self.runner.on_command(cm.Command("1", "test", body)))

    def tell(self, message: WatchBytes | CaptureWanted) -> None:
        self.told.append(message)

    def heard(self) -> list[BytesSeen | CaptureStatus]:
        heard, self.says = self.says, []
        return heard

    def fact(self, body: ev.Body) -> None:
        """Something happened."""
        self._take(self.runner.note_fact(body))

    def measure(
        self, metric: Metric, value: float | None, quality: Quality = Quality.GOOD, source: int = OXIMETER
    ) -> None:
        """A numeric arrived now."""
        self.timeline.add(ev.Measurement(self.clock.now_us(), source, metric, value, quality))

    def wave(self, seconds: float, quality: Quality = Quality.GOOD) -> None:
        """The last `seconds` of pleth arrive now: a saw of one tooth a second, 75 samples each."""
        count = round(seconds * 75)
        samples = bytes(40 + 2 * (index % 75) for index in range(count))
        start_us = self.clock.now_us() - round(seconds * 1e6)
        self.timeline.add(
            ev.WavePiece(start_us, round(seconds * 1e6), OXIMETER, Metric.PLETH, quality, 255, 1, samples)
        )

    def cuff(self, sys: float | None, dia: float | None, quality: Quality = Quality.GOOD, text: str = "") -> None:
        """A cuff reading arrived now."""
        mean = None if sys is None or dia is None else round(dia + (sys - dia) / 3)
        self.fact(ev.NibpMeasured(CUFF, sys, dia, mean, 78.0 if sys else None, quality, text))

    def _take(self, outcome: Outcome) -> None:
        for item in outcome.items:
            self.timeline.add(item)


@pytest.fixture
def feed() -> FakeFeed:
    return FakeFeed()


@pytest.fixture
def window(qapp: QApplication, feed: FakeFeed) -> Iterator[ConsoleWindow]:
    """A shown window of 1280 x 800 that is polled by the test."""
    made = ConsoleWindow(feed, poll_ms=0)
    made.show()
    yield made
    made.leave()
    made.deleteLater()


@pytest.fixture
def later(feed: FakeFeed, window: ConsoleWindow) -> Callable[[float], None]:
    """Turn the clock on by seconds and poll."""

    def turn(seconds: float) -> None:
        feed.clock.advance(seconds)
        window.poll()

    return turn
