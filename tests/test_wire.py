"""The wire: what both ends may rely on, over real sockets."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest

from kapconsole.events import Event, Measurement, NoteTaken, WavePiece
from kapconsole.peer import Attachment
from kapconsole.wire import (
    QUEUE_LIMIT,
    Address,
    Beat,
    Hello,
    Hub,
    HubUnreachable,
    Live,
    Message,
    Peer,
    connect,
    new_address,
)
from kapdevices.readings import Metric, Quality

PIECE = WavePiece(0, 13_333, 1, Metric.PLETH, Quality.GOOD, 255, 1, bytes(1))
NOTE = Event(7, 1, 2, "therapist", NoteTaken(1, "falling, but soft"))
NUMERIC = Measurement(5, 1, Metric.SPO2, None, Quality.SENSOR_OFF)


class Ends:
    """A hub whose messages can be taken one by one."""

    def __init__(self, address: Address) -> None:
        self.heard: queue.SimpleQueue[tuple[Peer, Message]] = queue.SimpleQueue()
        self.lost: queue.SimpleQueue[tuple[Peer, str]] = queue.SimpleQueue()
        self.hub = Hub(address, lambda *heard: self.heard.put(heard), lambda *lost: self.lost.put(lost))


@pytest.fixture
def address() -> Address:
    return new_address()


@pytest.fixture
def ends(address: Address) -> Iterator[Ends]:
    ends = Ends(address)
    yield ends
    ends.hub.close()


def nothing(*_: object) -> None:
    pass


def test_items_of_every_sort_arrive_as_they_were_sent(address: Address, ends: Ends) -> None:
    heard: queue.SimpleQueue[Message] = queue.SimpleQueue()
    peer = connect(address, "console", lambda _, message: heard.put(message), nothing)
    hub_side, hello = ends.heard.get(timeout=5)
    assert isinstance(hello, Hello)
    assert hello.role == "console"
    hub_side.send(Live([NOTE, NUMERIC, PIECE]))
    assert heard.get(timeout=5) == Live([NOTE, NUMERIC, PIECE])
    peer.close()


@pytest.mark.logs("a connection was refused")
def test_a_wrong_key_gets_no_connection(address: Address, ends: Ends) -> None:
    with pytest.raises(HubUnreachable):
        connect(Address(address.path, "00" * 32), "console", nothing, nothing)
    # Connections are served one after the other: once this one is, the first has been dealt with.
    peer = connect(address, "console", nothing, nothing)
    ends.heard.get(timeout=5)
    assert len(ends.hub.peers) == 1
    peer.close()


def test_nobody_there_is_said_in_words() -> None:
    with pytest.raises(HubUnreachable, match="cannot be reached"):
        connect(new_address(), "console", nothing, nothing)


def test_a_peer_that_does_not_read_loses_waveforms_first_and_then_its_connection(address: Address, ends: Ends) -> None:
    stuck = threading.Event()
    heard: list[Message] = []

    def receive(_: Peer, message: Message) -> None:
        heard.append(message)
        stuck.wait(20)

    peer = connect(address, "console", receive, nothing)
    hub_side, _ = ends.heard.get(timeout=5)
    big = Live([WavePiece(0, 1, 1, Metric.PLETH, Quality.GOOD, 255, 1, bytes(4000)), NOTE])
    for _ in range(3 * QUEUE_LIMIT):
        hub_side.send(big)
        if hub_side.ended:
            break
    assert ends.lost.get(timeout=5)[1] == "did not read for too long"
    stuck.set()
    peer.close()
    assert ends.hub.peers == []


def test_a_process_attaches_again_when_the_monitor_comes_back(address: Address) -> None:
    first = Ends(address)
    attachment = Attachment(address, "console")
    attachment.trouble = "no alarm speaker is set"
    first.heard.get(timeout=5)
    beat = first.heard.get(timeout=5)[1]
    assert beat in (Beat(""), Beat("no alarm speaker is set"))
    first.hub.close()
    assert attachment.take(5) is None, "the loss is told"
    assert not attachment.attached
    second = Ends(address)
    assert isinstance(second.heard.get(timeout=5)[1], Hello)
    attachment.close()
    second.hub.close()
