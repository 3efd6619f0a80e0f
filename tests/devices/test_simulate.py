"""The simulator host: a line that is opened like a cable, never blocks, and is gone without a trace."""

import os
import socket
import sys
from pathlib import Path

import pytest

from kapdevices.ports import LineSettings, Port, PortTrouble, open_port
from kapdevices.simulate import SimulatorHost

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


class Counter:
    """Sends one byte a millisecond of its time, numbered in 4 bytes, and keeps what it hears."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.sent = 0
        self.heard = b""

    def receive(self, data: bytes, now_s: float) -> None:
        self.heard += data

    def transmit(self, now_s: float) -> bytes:
        self.now_s = now_s
        first, self.sent = self.sent, int(now_s * 250)
        return b"".join(number.to_bytes(4, "big") for number in range(first, self.sent))


class Clock:
    def __init__(self) -> None:
        self.now_s = 50.0

    def __call__(self) -> float:
        return self.now_s


def opened(host: SimulatorHost) -> Port:
    return open_port(host.address, LineSettings(), list)


def test_bytes_pass_both_ways_at_the_speed_asked_for():
    device, clock = Counter(), Clock()
    host = SimulatorHost(device, now_s=clock, speed=60.0)
    port = opened(host)
    host.turn()
    port.write(b"\x3a\x79")
    clock.now_s += 0.1
    while not device.heard:
        host.turn()
    data = b""
    while len(data) < 4 * 1500:
        data += port.read(1.0)
    assert device.now_s == pytest.approx(6.0)
    assert (device.heard, data[:8]) == (b"\x3a\x79", bytes(7) + b"\x01")
    port.close()
    host.close()


@posix
def test_a_reader_that_comes_late_gets_the_present_and_not_an_hour_of_past():
    clock = Clock()
    host = SimulatorHost(Counter(), now_s=clock)
    for _ in range(6000):
        clock.now_s += 0.1
        host.turn()
    port = opened(host)
    clock.now_s += 0.1
    host.turn()
    data = port.read(1.0)
    assert int.from_bytes(data[:4], "big") >= 600 * 250
    port.close()
    host.close()


@pytest.mark.parametrize("tcp", [pytest.param(None, marks=posix), ("127.0.0.1", 0)])
def test_a_reader_that_stalls_blocks_nothing_and_the_line_goes_on_after_it(tcp: tuple[str, int] | None):
    device, clock = Counter(), Clock()
    host = SimulatorHost(device, now_s=clock, tcp=tcp)
    port = opened(host)
    for _ in range(2000):
        clock.now_s += 1.0
        host.turn()
    while port.read(0.05):
        pass
    clock.now_s += 0.1
    host.turn()
    assert port.read(1.0)
    assert device.sent == 2000.1 * 250 // 1
    port.close()
    host.close()


@posix
def test_the_link_follows_the_terminal_and_is_removed_at_the_end(tmp_path: Path):
    link = tmp_path / "oximeter"
    link.symlink_to("/dev/pts/gone")
    host = SimulatorHost(Counter(), link=link)
    first = host.address
    assert os.readlink(link) == first
    host.unplug()
    assert not link.is_symlink()
    host.plug()
    assert os.readlink(link) == host.address != first
    host.close()
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_link_taken_over_by_another_is_left_to_it(tmp_path: Path):
    link = tmp_path / "oximeter"
    one, two = SimulatorHost(Counter(), link=link), SimulatorHost(Counter(), link=link)
    one.close()
    assert os.readlink(link) == two.address
    two.close()


@posix
def test_a_file_in_the_way_of_the_link_is_not_touched(tmp_path: Path):
    precious = tmp_path / "oximeter"
    precious.write_text("notes")
    with pytest.raises(ValueError, match="no symbolic link"):
        SimulatorHost(Counter(), link=precious)
    assert precious.read_text() == "notes"


def test_tcp_serves_one_host_at_a_time_and_keeps_its_number():
    clock = Clock()
    host = SimulatorHost(Counter(), now_s=clock, tcp=("127.0.0.1", 0))
    first = opened(host)
    host.turn()
    second = opened(host)
    host.turn()
    with pytest.raises(PortTrouble):
        second.read(1.0)
    clock.now_s += 0.1
    host.turn()
    assert first.read(1.0)
    address = host.address
    host.unplug()
    with pytest.raises(PortTrouble):
        first.read(1.0)
    with pytest.raises(PortTrouble):
        opened(host)
    host.plug()
    assert host.address == address
    third = opened(host)
    host.turn()
    for port in (first, second, third):
        port.close()
    host.close()


def test_a_port_in_use_is_an_error_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(OSError, match=r"[Uu]se|permit|access"):
        SimulatorHost(Counter(), tcp=("127.0.0.1", server.getsockname()[1]))


def test_the_thread_ends_with_the_block():
    with SimulatorHost(Counter()) as host:
        port = opened(host)
        assert port.read(2.0)
        port.close()
    assert not host._thread.is_alive()
