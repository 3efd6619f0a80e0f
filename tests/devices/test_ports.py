"""Ports: bytes through a real pseudo-terminal and socket, hang-ups told from silence, errors in words."""

import errno
import os
import socket
import sys
from pathlib import Path

import pytest

from kapdevices.ports import (
    LineSettings,
    PortInfo,
    PortTrouble,
    adapter_at,
    in_words,
    locate,
    open_port,
    present_ports,
    same_adapter,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")
LINE = LineSettings()


def nothing() -> list[PortInfo]:
    return []


def ftdi(path: str, serial_number: str = "A1", location: str = "1-1", product: str = "FT232R") -> PortInfo:
    return PortInfo(path, "FTDI", product, serial_number, 0x0403, 0x6001, location)


@posix
def test_bytes_pass_unchanged_both_ways():
    master, slave = os.openpty()
    port = open_port(os.ttyname(slave), LINE, nothing)
    every_byte = bytes(range(256))
    os.write(master, every_byte)
    assert port.read(1.0) == every_byte
    port.write(every_byte)
    assert os.read(master, 512) == every_byte
    assert port.read(0.0) == b""
    port.close()
    os.close(master)
    os.close(slave)


@posix
def test_a_pulled_pty_is_trouble_and_not_silence():
    master, slave = os.openpty()
    port = open_port(os.ttyname(slave), LINE, nothing)
    os.close(slave)
    os.close(master)
    with pytest.raises(PortTrouble, match="hung up"):
        port.read(0.05)
    port.close()
    port.close()
    with pytest.raises(PortTrouble):
        port.write(b"x")


@posix
def test_a_port_that_is_open_is_busy_for_the_second():
    master, slave = os.openpty()
    port = open_port(os.ttyname(slave), LINE, nothing)
    with pytest.raises(PortTrouble, match="busy: another program uses it"):
        open_port(os.ttyname(slave), LINE, nothing)
    port.close()
    open_port(os.ttyname(slave), LINE, nothing).close()
    os.close(master)
    os.close(slave)


@posix
def test_what_is_no_port_is_said_in_words(tmp_path: Path):
    with pytest.raises(PortTrouble, match=r"ttyUSB77 does not exist: is the cable plugged in\?"):
        open_port("/dev/ttyUSB77", LINE, nothing)
    with pytest.raises(PortTrouble, match="not a serial port"):
        open_port("/dev/null", LINE, nothing)
    with pytest.raises(PortTrouble, match="not a serial port"):
        open_port(str(tmp_path), LINE, nothing)


@posix
def test_missing_permission_names_the_group_to_join(tmp_path: Path):
    import grp

    path = tmp_path / "tty"
    path.touch()
    group = grp.getgrgid(path.stat().st_gid).gr_name
    text = in_words(str(path), OSError(errno.EACCES, "Permission denied"))
    assert f"group {group}; join it with 'sudo usermod -aG {group} $USER'" in text


def test_a_socket_carries_bytes_and_its_end_is_trouble():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = open_port(f"socket://127.0.0.1:{server.getsockname()[1]}", LINE)
        peer, _ = server.accept()
        with peer:
            assert port.read(0.0) == b""
            peer.sendall(b"\x01\x81")
            assert port.read(1.0) == b"\x01\x81"
            port.write(b"\x3a\x79")
            assert peer.recv(10) == b"\x3a\x79"
        with pytest.raises(PortTrouble, match="closed the connection"):
            port.read(1.0)
        port.close()
    with pytest.raises(PortTrouble):
        port.write(b"x")


def test_a_socket_that_nobody_serves_and_a_wrong_address():
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(PortTrouble, match="refused the connection"):
        open_port(f"socket://127.0.0.1:{free}", LINE)
    assert "no computer" in in_words("socket://nowhere:1", socket.gaierror(2, "name not known"))
    for address in ("socket://", "socket://host", "socket://host:many"):
        with pytest.raises(PortTrouble, match="write socket://host:port"):
            open_port(address, LINE)


def test_other_addresses_go_to_pyserial_whole():
    port = open_port("loop://", LINE)
    port.write(b"\x01\x02\x03")
    assert port.read(0.5) == b"\x01\x02\x03"
    assert port.read(0.01) == b""
    port.close()
    with pytest.raises(PortTrouble, match="nowhere://"):
        open_port("nowhere://", LINE)


def test_the_system_can_be_asked_for_its_ports():
    ports = present_ports()
    assert ports == sorted(ports, key=lambda info: info.path)


def test_an_adapter_is_known_by_its_number_or_else_by_its_product():
    assert same_adapter(ftdi("/dev/ttyUSB0"), ftdi("/dev/ttyUSB3", location="9-9"))
    assert not same_adapter(ftdi("/dev/ttyUSB0"), ftdi("/dev/ttyUSB0", "A2"))
    assert same_adapter(ftdi("/dev/ttyUSB0", ""), ftdi("/dev/ttyUSB1", ""))
    assert not same_adapter(ftdi("/dev/ttyUSB0", ""), ftdi("/dev/ttyUSB1", "", product="other"))
    assert not same_adapter(PortInfo("/dev/ttyS0"), PortInfo("/dev/ttyS0"))


def test_an_adapter_is_found_under_its_new_name():
    was = ftdi("/dev/ttyUSB0")
    assert locate("/dev/ttyUSB0", was, [ftdi("/dev/ttyUSB1")]) == "/dev/ttyUSB1"
    assert locate("/dev/ttyUSB0", was, [ftdi("/dev/ttyUSB0"), ftdi("/dev/ttyUSB1", "A2")]) == "/dev/ttyUSB0"
    assert locate("/dev/ttyUSB0", was, []) == "/dev/ttyUSB0"
    assert locate("socket://host:1", None, []) == "socket://host:1"


def test_another_adapter_under_the_old_name_is_not_spoken_to():
    was = ftdi("/dev/ttyUSB0")
    swapped = [ftdi("/dev/ttyUSB0", "cuff"), ftdi("/dev/ttyUSB1")]
    assert locate("/dev/ttyUSB0", was, swapped) == "/dev/ttyUSB1"
    with pytest.raises(PortTrouble, match="is now another adapter"):
        locate("/dev/ttyUSB0", was, swapped[:1])


def test_twins_without_numbers_are_told_apart_by_their_socket_or_not_at_all():
    was = ftdi("/dev/ttyUSB0", "", "1-1")
    twins = [ftdi("/dev/ttyUSB4", "", "1-1"), ftdi("/dev/ttyUSB5", "", "1-2")]
    assert locate("/dev/ttyUSB0", was, twins) == "/dev/ttyUSB4"
    with pytest.raises(PortTrouble, match="2 adapters look like"):
        locate("/dev/ttyUSB0", ftdi("/dev/ttyUSB0", "", "3-3"), twins)


@posix
def test_an_adapter_is_seen_through_a_symbolic_link(tmp_path: Path):
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB0")
    info = ftdi(str(tmp_path / "ttyUSB0"))
    assert adapter_at(str(tmp_path / "by-id"), [info]) == info
    assert locate(str(tmp_path / "by-id"), info, [info]) == str(tmp_path / "by-id")
