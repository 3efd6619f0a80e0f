"""The thread that streams a universe: newest levels, goodbye, lost and opened again, a widget that falls silent."""

from __future__ import annotations

import queue
import socket
import threading

import pytest

from kapdevices.lights import enttec, sacn, stream
from kapdevices.lights.lamp import NotSent
from kapdevices.lights.stream import StreamLamp, UdpWay

CID = bytes(range(16))


class FakeWay:
    """Keeps what is sent; answers serial numbers while `answers`; fails while `broken`."""

    def __init__(self) -> None:
        self.sent: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self.broken = False
        self.answers = True
        self.closed = threading.Event()
        self._waiting = b""

    def send(self, data: bytes) -> None:
        if self.broken:
            raise NotSent("the cable was pulled")
        if data == enttec.ASK_SERIAL_NUMBER and self.answers:
            self._waiting += bytes.fromhex("7e0a040078563412e7")
        self.sent.put(data)

    def receive(self) -> bytes:
        data, self._waiting = self._waiting, b""
        return data

    def close(self) -> None:
        self.closed.set()


def test_levels_arrive_and_the_stream_ends_with_three_goodbyes() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        port = receiver.getsockname()[1]
        lamp = StreamLamp("node", lambda: UdpWay("127.0.0.1", port), sacn.Source(CID, "k", 1))
        lamp.show(bytes((1, 2)))
        assert receiver.recv(2000)[126:] == bytes((1, 2))
        lamp.show(bytes((3, 4)))
        while (frame := receiver.recv(2000))[126:] != bytes((3, 4)):
            pass
        lamp.close()
        while not frame[112] & sacn.TERMINATED:
            frame = receiver.recv(2000)
        assert [receiver.recv(2000)[112] for _ in range(2)] == [0x40, 0x40]
        assert lamp.status.trouble == ""


def test_a_lost_way_is_told_in_words_and_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "REOPEN_S", 0.05)
    ways = [FakeWay(), FakeWay()]
    ways[0].broken = True
    told = []
    opened = threading.Event()

    def open_way() -> FakeWay:
        told.append(lamp_box[0].status.trouble if lamp_box else "")
        way = ways[min(len(told) - 1, 1)]
        if len(told) == 2:
            opened.set()
        return way

    lamp_box: list[StreamLamp] = []
    lamp = StreamLamp("node", open_way, sacn.Source(CID, "k", 1))
    lamp_box.append(lamp)
    lamp.show(b"\x09")
    assert opened.wait(5)
    assert ways[0].closed.wait(5)
    assert ways[1].sent.get(timeout=5)[126:] == b"\x09"
    lamp.close()
    assert told[1] == "the cable was pulled"


def test_a_widget_that_no_longer_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ASK_S", 0.05)
    way = FakeWay()
    lamp = StreamLamp("widget", lambda: way, enttec.Source(), asks=True)
    lamp.show(b"\x01")
    waited = threading.Event()
    while lamp.serial_number is None:
        assert not waited.wait(0.02)
    assert lamp.serial_number == 12345678
    assert lamp.status.trouble == ""
    way.answers = False
    while not lamp.status.trouble:
        assert not waited.wait(0.02)
    assert lamp.status.trouble == "the DMX widget does not answer"
    way.answers = True
    while lamp.status.trouble:
        assert not waited.wait(0.02)
    lamp.close()


def test_nothing_is_sent_before_a_level_is_known() -> None:
    way = FakeWay()
    lamp = StreamLamp("node", lambda: way, sacn.Source(CID, "k", 1))
    lamp.close()
    assert way.sent.empty()


def test_an_address_that_does_not_exist_is_told_in_words() -> None:
    with pytest.raises(NotSent, match="no way to this address"):
        UdpWay("no-such-host.invalid", 5568)
