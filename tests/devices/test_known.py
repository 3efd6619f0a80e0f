"""What was used before: remembered by the adapter's serial number, recalled where it is plugged in, never guessed."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kapdevices.known import KnownDevices, dump, load, present_devices, recall, remember
from kapdevices.ports import PortInfo

FTDI = PortInfo("/dev/ttyUSB0", "FTDI", "UC232R", "FT9ABC", 0x0403, 0x6001)
OTHER = PortInfo("/dev/ttyUSB1", "FTDI", "UC232R", "FT1XYZ", 0x0403, 0x6001)
NAMELESS = PortInfo("/dev/ttyUSB2", "Prolific", "USB-Serial", "", 0x067B, 0x2303)
BUILT_IN = PortInfo("/dev/ttyS0")


def moved(adapter: PortInfo, path: str) -> PortInfo:
    return msgspec.structs.replace(adapter, path=path)


def test_an_adapter_is_recalled_under_any_name():
    known = remember(KnownDevices(), FTDI, "nonin", "df7")
    now = moved(FTDI, "COM7")
    assert present_devices(known, [OTHER, now]) == ("nonin:df7@COM7",)
    assert recall(known, OTHER, [OTHER, now]) is None


def test_the_latest_use_of_an_adapter_counts_and_others_stay():
    known = remember(remember(KnownDevices(), FTDI, "nonin"), OTHER, "suntech")
    known = remember(known, FTDI, "masimo_ascii1")
    assert present_devices(known, [FTDI, OTHER]) == ("masimo_ascii1@/dev/ttyUSB0", "suntech@/dev/ttyUSB1")
    assert len(known.devices) == 2


def test_nothing_new_is_the_same_object_so_that_no_file_is_written():
    known = remember(KnownDevices(), FTDI, "nonin")
    assert remember(known, moved(FTDI, "/dev/ttyUSB5"), "nonin") is known


@pytest.mark.parametrize("port", [NAMELESS, BUILT_IN], ids=["no serial number", "no USB"])
def test_what_cannot_be_told_from_its_twin_is_not_remembered(port: PortInfo):
    assert remember(KnownDevices(), port, "nonin") == KnownDevices()
    assert present_devices(remember(KnownDevices(), FTDI, "nonin"), [port]) == ()


def test_two_adapters_with_the_same_serial_number_are_no_memory():
    known = remember(KnownDevices(), FTDI, "nonin")
    assert present_devices(known, [FTDI, moved(FTDI, "/dev/ttyUSB9")]) == ()


def test_a_protocol_or_format_that_is_gone_is_not_offered():
    known = remember(remember(KnownDevices(), FTDI, "gone"), OTHER, "nonin", "df99")
    assert present_devices(known, [FTDI, OTHER]) == ()


texts = st.text(max_size=12)
numbers = st.integers(0, 0xFFFF)


@given(st.lists(st.tuples(numbers, numbers, texts.filter(bool), texts, texts, st.none() | texts), max_size=6))
def test_what_is_written_is_read_back(uses: list[tuple[int, int, str, str, str, str | None]]):
    known = KnownDevices()
    for vid, pid, serial, product, protocol, format in uses:
        known = remember(known, PortInfo("p", "", product, serial, vid, pid), protocol, format)
    assert load(dump(known)) == known


@pytest.mark.parametrize("text", ["", "[]", '{"devices": 3}', '{"devices": [], "version": 2}', '{"device": []}'])
def test_a_damaged_or_newer_file_is_refused_in_words(text: str):
    with pytest.raises(ValueError, match=r"\w"):
        load(text)
