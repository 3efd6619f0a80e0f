"""The link: states with a fake clock, a cable pulled and put back for real, commands, stops and failing drivers.

Long because one bench, a port that is scripted turn by turn, serves all of it.
"""

import os
import queue
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kapdevices.capture import CaptureHeader, CaptureWriter, read_capture
from kapdevices.cuff import CuffGuard
from kapdevices.driver import DeviceCommand, NotPossible, PacketCounts, StartCuff, StopCuff
from kapdevices.link import Link, LinkFault, LinkPhase, LinkReadings, LinkRefused, LinkReport, LinkState
from kapdevices.ports import PortInfo, PortTrouble
from kapdevices.readings import Metric, Numeric, Reading
from kapdevices.simulate import SimulatorHost

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


class LetterDriver:
    """Every capital letter is an SpO2 (A is 65), `!` makes it fail, other bytes are skipped."""

    def __init__(self) -> None:
        self.counts = PacketCounts()
        self.commands: list[DeviceCommand] = []
        self._due = b""

    def receive(self, data: bytes, now_s: float) -> list[Reading]:
        if b"!" in data:
            raise ZeroDivisionError("letters only")
        good = [byte for byte in data if 65 <= byte <= 90]
        self.counts = PacketCounts(self.counts.good + len(good), 0, self.counts.skipped + len(data) - len(good))
        return [Numeric(Metric.SPO2, float(byte)) for byte in good]

    def transmit(self, now_s: float) -> bytes:
        due, self._due = self._due, b""
        return due

    def command(self, command: DeviceCommand, now_s: float) -> None:
        if isinstance(command, StartCuff) and command.patient == "neonatal":
            raise NotPossible("no neonatal hose")
        self._due += b"start;" if isinstance(command, StartCuff) else b"stop;"

    def farewell(self) -> bytes:
        return b"bye;"


class World:
    """A clock that goes on while a port is read, one port that can be there or not, and what came out of the link."""

    def __init__(self, **options: object) -> None:
        self.now_s = 1000.0
        self.there = True
        self.arriving: list[bytes] = []
        self.every_read = b""
        self.written = b""
        self.opened: list[str] = []
        self.closed = 0
        self.ports: list[PortInfo] = []
        self.reports: list[LinkReport] = []
        self.adapter: PortInfo | None = None
        self.name = "fake"
        self.link = Link(
            "ox",
            "/dev/ttyUSB0",
            LetterDriver,
            self.reports.append,
            lambda: round(self.now_s * 1e6) - 900_000_000,
            lambda: self.now_s,
            present=lambda: self.ports,
            opener=self.open,
            **options,  # type: ignore[arg-type]
        )

    def open(self, address: str) -> "World":
        if not self.there:
            raise PortTrouble(f"{address} does not exist")
        self.opened.append(address)
        return self

    def read(self, timeout_s: float) -> bytes:
        if not self.there:
            raise PortTrouble("hung up")
        if self.arriving:
            return self.arriving.pop(0)
        self.now_s += timeout_s
        return self.every_read

    def write(self, data: bytes) -> None:
        if not self.there:
            raise PortTrouble("hung up")
        self.written += data

    def close(self) -> None:
        self.closed += 1

    def run(self, for_s: float) -> None:
        until_s = self.now_s + for_s
        while self.now_s < until_s:
            wait_s = self.link.step()
            self.now_s += wait_s

    def hear(self, data: bytes) -> None:
        self.arriving.append(data)
        self.run(0.1)

    @property
    def states(self) -> list[LinkPhase]:
        return [report.state for report in self.reports if isinstance(report, LinkState)]

    @property
    def values(self) -> list[float | None]:
        return [
            reading.value
            for report in self.reports
            if isinstance(report, LinkReadings)
            for reading in report.readings
            if isinstance(reading, Numeric)
        ]

    def last(self, kind: type) -> LinkReport:
        return next(report for report in reversed(self.reports) if isinstance(report, kind))


def test_readings_come_with_the_session_time_of_their_arrival():
    world = World()
    world.arriving.append(b"A")
    world.link.step()
    assert world.reports[-1] == LinkReadings("ox", 100_000_000, (Numeric(Metric.SPO2, 65.0),))
    assert world.states == [LinkPhase.OPENING, LinkPhase.CONNECTED]


def test_silence_is_said_after_two_seconds_and_ends_with_the_next_packet():
    world = World()
    world.hear(b"A")
    world.run(1.8)
    assert world.link.phase is LinkPhase.CONNECTED
    world.run(0.3)
    assert world.states[-1] is LinkPhase.SILENT
    world.hear(b"B")
    assert world.states[-1] is LinkPhase.BACK
    assert world.values == [65.0, 66.0]


def test_a_slow_device_is_not_called_silent_within_its_own_rhythm():
    world = World(quiet_s=30.0)
    world.hear(b"A")
    world.run(29.0)
    assert world.states == [LinkPhase.OPENING, LinkPhase.CONNECTED]
    world.run(8.5)
    assert world.states[-1] is LinkPhase.SILENT
    world.run(2.0)
    assert world.states[-1] is LinkPhase.LOST


def test_ten_silent_seconds_close_the_port_and_it_is_opened_again_after_one():
    world = World()
    world.hear(b"A")
    world.run(10.2)
    assert world.states[-1] is LinkPhase.LOST
    assert (world.closed, len(world.opened), world.written) == (1, 1, b"bye;")
    world.run(1.2)
    assert len(world.opened) == 2
    world.hear(b"B")
    assert world.states[-1] is LinkPhase.BACK


def test_bytes_without_sense_are_not_called_a_connection():
    world = World()
    world.every_read = b"?"
    world.run(30.0)
    assert world.states == [LinkPhase.OPENING, LinkPhase.SILENT]
    assert "none is understood" in str(world.last(LinkState))
    assert (len(world.opened), world.values) == (1, [])


def test_an_absent_port_is_said_once_and_looked_for():
    world = World()
    world.there = False
    world.run(20.0)
    assert world.states == [LinkPhase.OPENING, LinkPhase.LOST]
    world.there = True
    world.arriving.append(b"A")
    world.run(0.6)
    assert world.states[-1] is LinkPhase.CONNECTED


def test_a_pulled_adapter_is_found_under_its_new_name_within_a_second():
    world = World()
    world.adapter = PortInfo("/dev/ttyUSB0", "FTDI", "FT232R", "A1", 0x0403, 0x6001)
    world.hear(b"A")
    world.there = False
    world.run(5.0)
    assert world.states[-1] is LinkPhase.LOST
    other = PortInfo("/dev/ttyUSB0", "FTDI", "FT232R", "cuff", 0x0403, 0x6001)
    world.there, world.ports = True, [other]
    world.run(2.0)
    assert world.opened == ["/dev/ttyUSB0"]
    assert "another adapter" in str(world.last(LinkState))
    world.ports = [other, PortInfo("/dev/ttyUSB1", "FTDI", "FT232R", "A1", 0x0403, 0x6001)]
    world.arriving.append(b"B")
    world.run(0.6)
    assert world.opened[-1] == "/dev/ttyUSB1"
    assert world.values == [65.0, 66.0]


@pytest.mark.logs("the driver failed on bytes 3f 21 3f")
def test_a_driver_that_fails_is_said_and_replaced_and_nothing_else_is_lost():
    world = World()
    world.hear(b"AB")
    world.hear(b"?!?")
    fault = world.last(LinkFault)
    assert isinstance(fault, LinkFault)
    assert (fault.data, "letters only" in fault.text) == (b"?!?", True)
    assert world.written == b"bye;"
    world.hear(b"C")
    assert world.values == [65.0, 66.0, 67.0]
    assert world.link.counts == PacketCounts(good=3)


@pytest.mark.logs("a report could not be delivered")
def test_a_receiver_of_reports_that_fails_does_not_stop_the_link():
    world = World()
    heard: list[LinkReport] = []

    def deliver(report: LinkReport) -> None:
        heard.append(report)
        raise RuntimeError("screen gone")

    world.link._deliver = deliver
    world.hear(b"A")
    world.hear(b"B")
    assert sum(isinstance(report, LinkReadings) for report in heard) == 2


def test_counts_go_on_over_a_reconnection():
    world = World()
    world.hear(b"AB?")
    world.there = False
    world.run(0.2)
    world.there = True
    world.hear(b"C")
    world.run(1.0)
    assert world.link.counts == PacketCounts(good=3, skipped=1)


def test_a_start_reaches_the_device_once_and_the_second_is_refused_with_the_time_left():
    world = World()
    world.hear(b"A")
    world.link.command(StartCuff())
    world.run(0.1)
    world.link.command(StartCuff())
    world.hear(b"A")
    assert world.written == b"start;"
    refused = world.last(LinkRefused)
    assert isinstance(refused, LinkRefused)
    assert "wait 60 s" in refused.text
    world.link.command(StopCuff())
    world.run(0.1)
    assert world.written == b"start;stop;"


def test_what_the_driver_refuses_does_not_count_as_a_start():
    world = World()
    world.hear(b"A")
    world.link.command(StartCuff(patient="neonatal"))
    world.link.command(StartCuff())
    world.run(0.1)
    refused = world.last(LinkRefused)
    assert isinstance(refused, LinkRefused)
    assert refused.text == "no neonatal hose"
    assert world.written == b"start;"


@pytest.mark.parametrize("when", ["opening", "silent", "lost"])
def test_a_start_without_contact_is_refused_and_never_made_up_for(when: str):
    world = World()
    if when != "opening":
        world.hear(b"A")
        world.there = when != "lost"
        world.run(3.0)
        assert world.link.phase == when
    world.link.command(StartCuff())
    world.run(0.1)
    assert isinstance(world.last(LinkRefused), LinkRefused)
    world.there = True
    world.hear(b"A")
    world.run(1.0)
    world.hear(b"A")
    assert b"start" not in world.written


def test_a_stop_without_contact_is_sent_when_the_device_is_back():
    world = World()
    world.hear(b"A")
    world.there = False
    world.run(1.0)
    world.link.command(StopCuff())
    world.run(0.1)
    assert "its own stop key" in str(world.last(LinkRefused))
    world.there = True
    world.run(1.0)
    assert world.written == b"stop;"


def test_a_cable_lost_while_the_cuff_may_be_inflated_stops_it_on_return():
    world = World()
    world.hear(b"A")
    world.link.command(StartCuff())
    world.run(0.1)
    world.there = False
    world.run(20.0)
    world.there = True
    world.run(1.0)
    assert world.written == b"start;stop;"


def test_starts_of_the_session_before_the_link_was_made_count():
    world = World(guard=CuffGuard(starts_s=(90.0,)))
    world.hear(b"A")
    world.link.command(StartCuff())
    world.run(0.1)
    assert "wait 50 s" in str(world.last(LinkRefused))


def test_closing_says_farewell_and_gives_the_port_back():
    world = World()
    world.hear(b"A")
    world.link.close()
    world.link.close()
    assert (world.written, world.closed) == (b"bye;", 1)


@pytest.mark.logs("the driver failed on bytes 41 21")
def test_what_passes_the_port_is_recorded_below_the_driver(tmp_path: Path):
    writer = CaptureWriter(tmp_path / "c", CaptureHeader())
    world = World(capture=writer)
    world.hear(b"A!")
    world.hear(b"A")
    world.link.command(StopCuff())
    world.run(0.1)
    world.link.close()
    writer.close()
    passed = [(record.direction, record.data) for record in read_capture(tmp_path / "c").records]
    assert passed == [("r", b"A!"), ("w", b"bye;"), ("r", b"A"), ("w", b"stop;"), ("w", b"bye;")]


class Ticker:
    """A device that says its next letter every 20 ms and remembers what it was sent."""

    def __init__(self) -> None:
        self.said = 0
        self.heard = b""

    def receive(self, data: bytes, now_s: float) -> None:
        self.heard += data

    def transmit(self, now_s: float) -> bytes:
        due = int(now_s / 0.02) - self.said
        self.said += due
        return b"A" * due


@pytest.fixture
def reports() -> "queue.Queue[LinkReport]":
    return queue.Queue()


def wait_for(reports: "queue.Queue[LinkReport]", test: Callable[[LinkReport], bool], timeout_s: float = 5.0) -> float:
    """Seconds until a report passes the test."""
    start_s = time.monotonic()
    while not test(reports.get(timeout=timeout_s)):
        assert time.monotonic() - start_s < timeout_s
    return time.monotonic() - start_s


def is_state(phase: LinkPhase) -> Callable[[LinkReport], bool]:
    return lambda report: isinstance(report, LinkState) and report.state is phase


def is_reading(report: LinkReport) -> bool:
    return isinstance(report, LinkReadings)


Open = Callable[..., Link]


@pytest.fixture
def open_link(reports: "queue.Queue[LinkReport]") -> Iterator[Open]:
    """Starts links on real ports; closes them also when the test fails."""
    links: list[Link] = []

    def open_it(address: str, present: Callable[[], list[PortInfo]] = list) -> Link:
        link = Link(
            "ox",
            address,
            LetterDriver,
            reports.put,
            lambda: time.monotonic_ns() // 1000,
            time.monotonic,
            present=present,
        )
        links.append(link)
        link.start()
        return link

    yield open_it
    for link in links:
        link.close()


@posix
def test_a_real_cable_pulled_and_put_back_under_another_name(reports: "queue.Queue[LinkReport]", open_link: Open):
    device = Ticker()
    with SimulatorHost(device) as host:
        plugged = [True]

        def present() -> list[PortInfo]:
            return [PortInfo(host.address, "FTDI", "FT232R", "A1", 0x0403, 0x6001)] if plugged[0] else []

        link = open_link(host.address, present)
        wait_for(reports, is_reading)
        for _ in range(2):
            before = host.address
            plugged[0] = False
            host.unplug()
            assert wait_for(reports, is_state(LinkPhase.LOST)) < 1.0
            host.plug()
            plugged[0] = True
            assert wait_for(reports, is_reading) < 3.0
            assert host.address != before
        link.close()
        host.turn()
    assert device.heard.endswith(b"bye;")


@posix
def test_a_real_cable_behind_a_symbolic_link(reports: "queue.Queue[LinkReport]", open_link: Open, tmp_path: Path):
    path = tmp_path / "oximeter"
    with SimulatorHost(Ticker(), link=path) as host:
        open_link(str(path))
        wait_for(reports, is_reading)
        before = os.readlink(path)
        host.unplug()
        wait_for(reports, is_state(LinkPhase.LOST))
        host.plug()
        assert os.readlink(path) != before
        assert wait_for(reports, is_reading) < 3.0


def test_a_network_line_that_breaks_and_returns(reports: "queue.Queue[LinkReport]", open_link: Open):
    with SimulatorHost(Ticker(), tcp=("127.0.0.1", 0)) as host:
        open_link(host.address)
        wait_for(reports, is_reading)
        host.unplug()
        wait_for(reports, is_state(LinkPhase.LOST))
        host.plug()
        assert wait_for(reports, is_reading) < 3.0


@posix
def test_closing_a_link_whose_port_never_came(reports: "queue.Queue[LinkReport]", open_link: Open):
    link = open_link("/dev/ttyUSB77")
    wait_for(reports, is_state(LinkPhase.LOST))
    start_s = time.monotonic()
    link.close()
    assert time.monotonic() - start_s < 1.0


def test_a_capture_is_played_through_the_link_and_ends(
    reports: "queue.Queue[LinkReport]", open_link: Open, tmp_path: Path
):
    writer = CaptureWriter(tmp_path / "c", CaptureHeader())
    writer.write(7_000_000, "r", b"A")
    writer.write(7_010_000, "r", b"B")
    writer.close()
    link = open_link(str(tmp_path / "c"))
    wait_for(reports, is_state(LinkPhase.LOST))
    link.close()
    assert link.counts.good == 2


def test_a_tap_sees_both_directions_before_the_readings_and_can_be_taken_away():
    world = World()
    passed: list[tuple[str, bytes, int]] = []
    world.link.tap = lambda mono_us, direction, data: passed.append((direction, data, len(world.values)))
    world.hear(b"A")
    world.link.command(StopCuff())
    world.run(0.1)
    assert passed == [("r", b"A", 0), ("w", b"stop;", 1)]
    world.link.tap = None
    world.hear(b"B")
    assert len(passed) == 2


@pytest.mark.logs("the watcher of its bytes failed")
def test_a_watcher_that_fails_and_a_full_disk_disturb_nothing(tmp_path: Path):
    def fail(mono_us: int, direction: str, data: bytes) -> None:
        raise ZeroDivisionError

    writer = CaptureWriter(tmp_path / "c", CaptureHeader())
    world = World(capture=writer)
    world.link.tap = fail

    class Full:
        closed = False

        def write(self, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    with writer._file:
        writer._file = Full()  # type: ignore[assignment]
    world.hear(b"A")
    world.hear(b"B")
    assert world.values == [65.0, 66.0]
    assert world.link.phase is LinkPhase.CONNECTED
    assert writer.trouble == "the capture cannot be written: No space left on device"
