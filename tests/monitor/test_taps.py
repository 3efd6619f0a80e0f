"""Watching bytes and keeping them: nothing unwatched, at most ten messages a second, files that end in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapconsole import events as ev
from kapconsole.monitor.devices import open_capture
from kapconsole.monitor.taps import BYTES_LIMIT, FREE_BYTES, Tapped, Taps
from kapconsole.session.runner import DeviceEntry
from kapconsole.wire import BytesSeen, CaptureStatus, CaptureWanted, Message, WatchBytes
from kapdevices.capture import CaptureWriter, read_capture
from kapdevices.driver import PacketCounts
from kapdevices.link import LinkReadings, Tap
from kapdevices.readings import Metric, Numeric, Reading, SampleArray

ENTRY = DeviceEntry(1, "nonin", "/dev/ttyUSB0", can_cuff=False)


class FakeLink:
    """As much of a link as the taps touch."""

    def __init__(self) -> None:
        self.tap: Tap | None = None
        self.capture: CaptureWriter | None = None
        self.counts = PacketCounts(3, 1, 2)


class FakePeer:
    def __init__(self) -> None:
        self.got: list[Message] = []

    def send(self, message: Message) -> None:
        self.got.append(message)

    def bytes_seen(self) -> list[BytesSeen]:
        return [message for message in self.got if isinstance(message, BytesSeen) and message.data]

    def status(self) -> CaptureStatus:
        return next(message for message in reversed(self.got) if isinstance(message, CaptureStatus))


class World:
    """Taps over one link, with a clock turned by hand."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 100.0
        self.free = 2 * FREE_BYTES
        self.limit_bytes = 400
        self.folder = folder
        self.link = FakeLink()
        self.inbox: list[Tapped] = []
        self.facts: list[tuple[ev.Body, str]] = []
        self.peer = FakePeer()
        self.taps = Taps(
            {1: self.link},  # type: ignore[dict-item]
            lambda source: open_capture(self.folder, ENTRY, self.limit_bytes),
            self.inbox.append,
            lambda body, actor: self.facts.append((body, actor)),
            lambda folder: self.free,
        )

    def ask(self, message: WatchBytes | CaptureWanted) -> None:
        self.taps.ask(self.peer, message)

    def passed(self, data: bytes, direction: str = "r", *readings: Reading) -> None:
        """What a link does when bytes pass, and the monitor's turn after it."""
        mono_us = round(self.now_s * 1e6)
        if self.link.tap is not None:
            self.link.tap(mono_us, direction, data)  # type: ignore[arg-type]
        if self.link.capture is not None:
            self.link.capture.write(mono_us, direction, data)  # type: ignore[arg-type]
        for tapped in self.inbox:
            self.taps.saw(tapped)
        self.inbox.clear()
        if readings:
            self.taps.understood(1, LinkReadings("1 nonin", mono_us, readings))

    def turn(self, seconds: float, step_s: float = 0.02) -> None:
        for _ in range(round(seconds / step_s)):
            self.now_s += step_s
            self.taps.on_time(self.now_s)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_nothing_is_tapped_while_nobody_watches(world: World) -> None:
    world.passed(b"abc")
    world.turn(1)
    assert world.link.tap is None
    assert world.peer.got == []
    other = FakePeer()
    world.ask(WatchBytes(1, True))
    world.taps.ask(other, WatchBytes(1, True))
    world.ask(WatchBytes(1, False))
    assert world.link.tap is not None, "the other one still watches"
    world.taps.gone(other)
    assert world.link.tap is None


def test_bytes_come_with_the_words_of_what_they_said_and_with_counts(world: World) -> None:
    world.ask(WatchBytes(1, True))
    pleth = SampleArray(Metric.PLETH, 75.0, (12, 200, 40), 255)
    world.passed(b"\x01\x80", "r", Numeric(Metric.SPO2, 97.0), pleth)
    world.passed(b"\x01\x81", "r", Numeric(Metric.SPO2, 98.0), Numeric(Metric.PULSE_RATE, None))
    world.turn(0.3)
    (seen,) = world.peer.bytes_seen()
    assert (seen.direction, seen.data, seen.mono_us) == ("r", b"\x01\x80\x01\x81", 100_000_000)
    assert seen.words == "SpO2 98 %, pulse no number, 3 pleth from 12 to 200"
    assert (seen.good, seen.bad, seen.skipped, seen.missed) == (3, 1, 2, 0)


def test_a_question_and_its_answer_both_show_with_their_directions(world: World) -> None:
    world.ask(WatchBytes(1, True))
    world.passed(b"ask", "w")
    world.passed(b"answer")
    world.turn(0.3)
    assert [(seen.direction, seen.data) for seen in world.peer.bytes_seen()] == [("w", b"ask"), ("r", b"answer")]


def test_a_flood_is_cut_to_ten_messages_a_second_and_the_newest_bytes_and_says_what_is_missing(world: World) -> None:
    world.ask(WatchBytes(1, True))
    sent = 0
    for number in range(500):
        data = bytes([number % 256]) * 300
        world.passed(data, "r" if number % 3 else "w")
        sent += len(data)
        world.turn(0.02)
    assert len(world.peer.bytes_seen()) > 50, "told while bytes never stop arriving"
    world.turn(1)
    seen = world.peer.bytes_seen()
    assert len(seen) <= 10 * 11
    assert all(len(one.data) <= BYTES_LIMIT for one in seen)
    assert seen[-1].data.endswith(bytes([499 % 256]) * 300)
    assert sum(len(one.data) + one.missed for one in seen) == sent


def test_a_capture_is_an_event_answers_with_its_file_and_ends_at_the_limit(world: World) -> None:
    world.ask(CaptureWanted(1, True))
    status = world.peer.status()
    assert status.on
    assert status.limit_bytes == 400
    path = Path(status.path)
    assert path.parent == world.folder
    assert world.facts == [(ev.CaptureChanged(1, True, path.name), "console")]
    world.ask(WatchBytes(1, True))
    for _ in range(30):
        world.passed(b"0123456789")
        world.turn(0.2)
    status = world.peer.status()
    assert not status.on
    assert "complete" in status.text
    assert world.link.capture is None
    body, actor = world.facts[-1]
    assert isinstance(body, ev.CaptureChanged)
    assert (body.on, actor) == (False, "monitor")
    assert path.stat().st_size <= 400
    assert all(record.data == b"0123456789" for record in read_capture(path).records)


def test_progress_is_told_to_those_who_watch_and_a_person_can_end_it(world: World) -> None:
    world.limit_bytes = 1_000_000
    world.ask(WatchBytes(1, True))
    world.ask(CaptureWanted(1, True))
    before = world.peer.status().bytes
    world.passed(b"x" * 1000)
    world.turn(1.1)
    assert world.peer.status().bytes == before + 1013
    world.ask(CaptureWanted(1, False))
    status = world.peer.status()
    assert not status.on
    assert "kept:" in status.text
    assert [body.on for body, _ in world.facts if isinstance(body, ev.CaptureChanged)] == [True, False]
    world.ask(CaptureWanted(1, False))
    assert len(world.facts) == 2, "to end what is over is no event"


def test_no_capture_on_a_full_disk_or_where_no_file_can_be_made(world: World) -> None:
    world.free = FREE_BYTES - 1
    world.ask(CaptureWanted(1, True))
    assert "free" in world.peer.status().text
    assert list(world.folder.iterdir()) == []
    world.free = 2 * FREE_BYTES
    world.folder = world.folder / "missing"
    world.ask(CaptureWanted(1, True))
    assert "no capture" in world.peer.status().text
    assert world.link.capture is None
    assert world.facts == []


def test_an_unknown_device_is_answered(world: World) -> None:
    world.ask(CaptureWanted(9, True))
    assert world.peer.status().text == "there is no such device in this session"
