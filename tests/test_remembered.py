"""The file of remembered adapters: written when a device first talks, and never a reason for anything to stop."""

import pytest

from kapconsole import remembered
from kapconsole.paths import state_dir
from kapconsole.remembered import FILE, read_remembered, remember_when_connected
from kapdevices.known import KnownDevices, dump, present_devices, remember
from kapdevices.link import LinkPhase, LinkReadings, LinkReport, LinkState
from kapdevices.ports import PortInfo

FTDI = PortInfo("/dev/ttyUSB0", "FTDI", "UC232R", "FT9ABC", 0x0403, 0x6001)
TWIN = PortInfo("/dev/ttyUSB1", "FTDI", "UC232R", "FT9ABC", 0x0403, 0x6001)
OTHER = PortInfo("/dev/ttyUSB2", "FTDI", "UC232R", "FT1XYZ", 0x0403, 0x6001)


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> list[PortInfo]:
    """What is plugged in; a test changes it."""
    plugged = [FTDI]
    monkeypatch.setattr(remembered, "present_ports", lambda: plugged)
    return plugged


def connected(adapter: PortInfo | None) -> LinkState:
    return LinkState("1 nonin", 5, LinkPhase.CONNECTED, "the device talks", adapter.in_words() if adapter else "")


def test_a_device_that_talks_is_remembered_by_its_adapter_and_comes_back_by_itself(ports: list[PortInfo]):
    ports.append(OTHER)
    remember_when_connected("nonin:df7@/dev/ttyUSB0", connected(FTDI))
    remember_when_connected("suntech@/dev/ttyUSB2", connected(OTHER))
    known, trouble = read_remembered()
    assert trouble == ""
    assert present_devices(known, ports) == ("nonin:df7@/dev/ttyUSB0", "suntech@/dev/ttyUSB2")


@pytest.mark.parametrize(
    "report",
    [
        LinkState("1 nonin", 5, LinkPhase.OPENING, "opening", FTDI.in_words()),
        LinkState("1 nonin", 5, LinkPhase.LOST, "cable pulled", FTDI.in_words()),
        LinkReadings("1 nonin", 5, ()),
        connected(None),
    ],
)
def test_nothing_is_remembered_of_a_device_that_has_not_talked_or_has_no_adapter(
    report: LinkReport, ports: list[PortInfo]
):
    remember_when_connected("nonin@/dev/ttyUSB0", report)
    assert not (state_dir() / FILE).exists()


def test_twins_are_not_remembered(ports: list[PortInfo]):
    ports.append(TWIN)
    remember_when_connected("nonin@/dev/ttyUSB0", connected(FTDI))
    assert read_remembered()[0] == KnownDevices()


def test_the_file_is_left_alone_when_there_is_nothing_new(ports: list[PortInfo]):
    path = state_dir() / FILE
    path.write_text(dump(remember(KnownDevices(), FTDI, "nonin")) + "\n\n", "utf-8")
    before = path.read_bytes()
    remember_when_connected("nonin@/dev/ttyUSB0", connected(FTDI))
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", [b"", b"{", b'{"devices": 1}', b"\xff\xfe"])
def test_a_damaged_file_is_said_and_mended_by_the_next_device(damage: bytes, ports: list[PortInfo]):
    path = state_dir() / FILE
    path.write_bytes(damage)
    known, trouble = read_remembered()
    assert known == KnownDevices()
    assert str(path) in trouble
    remember_when_connected("nonin@/dev/ttyUSB0", connected(FTDI))
    assert present_devices(read_remembered()[0], ports) == ("nonin@/dev/ttyUSB0",)


@pytest.mark.logs("not remembered")
def test_a_folder_that_cannot_be_written_is_logged_and_nothing_more(ports: list[PortInfo]):
    (state_dir() / FILE).mkdir()
    remember_when_connected("nonin@/dev/ttyUSB0", connected(FTDI))
