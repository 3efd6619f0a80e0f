"""A feed without processes: the real runner, a clock turned by hand, and readings put in one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from PySide6.QtWidgets import QApplication

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.events import AlarmBody
from kapconsole.alarms.presets import load_preset
from kapconsole.clock import FakeClock
from kapconsole.console.alarmwords import Banner
from kapconsole.console.moment import Moment
from kapconsole.console.strip import Strip
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
        self.engine: AlarmEngine | None = None
        self.alarms_age_s = 0.0
        self.quiet = ""
        self.refused: list[str] = []
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
        now_us = self.clock.now_us()
        status = None if self.engine is None else self.engine.status(now_us)
        return Moment(
            self.timeline.state,
            self.timeline,
            now_us,
            UTC_ORIGIN_US,
            linked=self.linked,
            alarms=status,
            alarms_age_s=self.alarms_age_s,
            quiet=self.quiet,
        )

    def alarm_system(self) -> None:
        """From now on the real alarm engine watches this session, with the standard preset."""
        self.engine = AlarmEngine(load_preset())
        for event in list(self.timeline.events):
            self._log(self.engine.feed(event))

    def tick(self) -> None:
        """The alarm engine is told the time."""
        if self.engine is not None:
            self._log(self.engine.tick(self.clock.now_us()))

    def _log(self, bodies: Sequence[AlarmBody]) -> None:
        for body in bodies:
            seq, now_us = self.timeline.state.seq + 1, self.clock.now_us()
            self.timeline.add(ev.Event(seq, now_us, UTC_ORIGIN_US + now_us, "test", body))

    def send(self, body: cm.CommandBody) -> None:
        self.sent.append(body)
        if self.answers and isinstance(body, ws.AlarmWish):
            assert self.engine is not None
            try:
                self._log(self.engine.wish(body, self.clock.now_us()))
            except ws.NotAllowed as words:
                self.refused.append(str(words))
        elif self.answers:
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
        self._add(ev.Measurement(self.clock.now_us(), source, metric, value, quality))

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
            self._add(item)

    def _add(self, item: ev.StreamItem) -> None:
        self.timeline.add(item)
        if self.engine is not None:
            self._log(self.engine.feed(item))


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


class Bench:
    """A window whose alarm system runs, with both clocks turned by hand: the session's, and the one of flashing."""

    def __init__(self, feed: FakeFeed, role: str = "nurse") -> None:
        self.feed = feed
        self.mono_us = 0
        feed.alarm_system()
        self.window = ConsoleWindow(feed, poll_ms=0, role=role, clock_us=lambda: self.mono_us)
        self.window.show()
        self.values: dict[Metric, float] = {Metric.SPO2: 97.0, Metric.PULSE_RATE: 70.0}
        self.run(15)

    def run(self, seconds: float, step_s: float = 1.0, **values: float) -> None:
        """Let time pass; the oximeter says its values each second. `spo2`, `pulse_rate`: other values from now on."""
        self.values.update({Metric(name): value for name, value in values.items()})
        for _ in range(round(seconds / step_s)):
            self.feed.clock.advance(step_s)
            self.mono_us += round(step_s * 1e6)
            for metric, value in self.values.items():
                self.feed.measure(metric, value)
            self.feed.tick()
            self.window.poll()

    def poll(self, seconds: float = 0.0) -> None:
        """Let only the flashing clock pass."""
        self.mono_us += round(seconds * 1e6)
        self.window.poll()

    @property
    def strip(self) -> Strip:
        return self.window.view.strip

    def shown(self) -> Banner:
        """What the strip shows now."""
        return self.strip.banner(self.feed.moment())


@pytest.fixture
def bench(qapp: QApplication, feed: FakeFeed) -> Iterator[Bench]:
    made = Bench(feed)
    yield made
    made.window.leave()
    made.window.deleteLater()


@pytest.fixture
def bench_of(qapp: QApplication, feed: FakeFeed) -> Iterator[Callable[[str], Bench]]:
    """A bench for another role."""
    made: list[Bench] = []

    def make(role: str) -> Bench:
        made.append(Bench(feed, role))
        return made[-1]

    yield make
    for one in made:
        one.window.leave()
        one.window.deleteLater()
