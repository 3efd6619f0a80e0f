"""What the driver shows and what it holds back: validity of both makers, agreement, damage, memory, foreign bytes."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import NotPossible, PacketCounts, StartCuff
from kapdevices.five_byte.driver import FORMATS, FiveByteDriver
from kapdevices.five_byte.packets import Said, encode
from kapdevices.five_byte.stored import StoredReader, begin_of, trio
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

NEXT = b"\x85"


def said(rate: int = 72, spo2: int = 97, times: int = 3, **flags: bool) -> bytes:
    return encode(Said(40, rate, spo2, **flags)) * times


def shown(readings: list[Reading], metric: Metric = Metric.SPO2) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is metric]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


@pytest.fixture
def driver() -> FiveByteDriver:
    return FiveByteDriver()


def test_a_packet_counts_when_the_next_begins_and_a_number_when_three_agree(driver: FiveByteDriver) -> None:
    assert driver.receive(said(times=1), 0.0) == []
    assert driver.receive(said(times=2), 0.0) == [SampleArray(Metric.PLETH, 60.0, (40, 40), 127)]
    assert shown(driver.receive(NEXT, 0.0)) == [(97, Quality.GOOD)]


def test_one_packet_that_differs_is_not_believed(driver: FiveByteDriver) -> None:
    readings = driver.receive(said() + said(spo2=33, times=2) + said() + NEXT, 0.0)
    assert shown(readings) == [(97, Quality.GOOD)]


@pytest.mark.parametrize("format", ["contec", "berry"])
def test_an_unchanged_value_is_given_twice_a_second(format: str) -> None:
    per_second = {"contec": 60, "berry": 100}[format]
    readings = FiveByteDriver(format).receive(said(times=3 * per_second + 3) + NEXT, 0.0)
    assert len(shown(readings)) == 7


@pytest.mark.parametrize(
    ("format", "flag", "quality"),
    [
        ("contec", "probe", Quality.SENSOR_OFF),
        ("contec", "flag_4", Quality.SENSOR_OFF),
        ("contec", "searching", Quality.SEARCHING),
        ("contec", "flag_5", Quality.GOOD),
        ("berry", "flag_5", Quality.SENSOR_DISCONNECTED),
        ("berry", "flag_4", Quality.OUT_OF_TRACK),
        ("berry", "probe", Quality.SENSOR_OFF),
        ("berry", "searching", Quality.SEARCHING),
    ],
)
def test_flags_mean_what_the_maker_says_and_numbers_stay(format: str, flag: str, quality: Quality) -> None:
    readings = FiveByteDriver(format).receive(said(**{flag: True}) + NEXT, 0.0)
    assert shown(readings) == [(97, quality)]
    assert shown(readings, Metric.PULSE_RATE) == [(72, quality)]
    assert {r.quality for r in readings if isinstance(r, SampleArray)} == {quality}


@pytest.mark.parametrize(("rate", "spo2"), [(0, 0), (255, 127)])
@pytest.mark.parametrize("format", ["contec", "berry"])
def test_missing_values_have_no_number_even_without_a_flag(format: str, rate: int, spo2: int) -> None:
    readings = FiveByteDriver(format).receive(said(rate, spo2) + NEXT, 0.0)
    assert shown(readings) == shown(readings, Metric.PULSE_RATE) == [(None, Quality.NO_VALUE)]


def test_saturation_above_100_is_never_good(driver: FiveByteDriver) -> None:
    assert shown(driver.receive(said(spo2=113) + NEXT, 0.0)) == [(113, Quality.OUT_OF_RANGE)]


def test_every_rate_is_read_whole(driver: FiveByteDriver) -> None:
    readings = driver.receive(b"".join(said(rate) for rate in range(1, 255)) + NEXT, 0.0)
    assert [value for value, _ in shown(readings, Metric.PULSE_RATE)] == list(range(1, 255))


def test_dropping_saturation_is_said_by_contec_on_change_only() -> None:
    data = said(times=60) + said(spo2=85, times=60, flag_5=True) + said(times=60) + NEXT
    assert codes(FiveByteDriver().receive(data, 0.0)) == ["spo2-drops", "spo2-drops-over"]
    assert codes(FiveByteDriver("berry").receive(data, 0.0)) == []


def test_after_damage_six_packets_must_agree(driver: FiveByteDriver) -> None:
    driver.receive(said(times=10), 0.0)
    assert shown(driver.receive(b"\x00" + said(spo2=94, times=5) + NEXT, 0.2)) == []
    assert shown(driver.receive(said(spo2=94, times=2)[1:], 0.3)) == [(94, Quality.GOOD)]


@pytest.mark.parametrize(
    "broken", ["85 40 07 48", "85 40 07 48 61 61", "89 40 07 48 61", "85 40 87 48 61", "8E 40 07 48 61"]
)
def test_what_is_no_packet_is_counted_and_not_shown(driver: FiveByteDriver, broken: str) -> None:
    data = bytes.fromhex(broken)
    readings = driver.receive(data + NEXT, 0.0)
    assert readings == []
    assert driver.counts.good == 0
    assert driver.counts.skipped == len(data) or driver.counts.bad == 1


def test_a_packet_is_not_continued_after_a_silence(driver: FiveByteDriver) -> None:
    driver.receive(said(times=2) + said(times=1)[:3], 0.0)
    readings = driver.receive(said(times=1)[3:] + said(times=2) + NEXT, 5.0)
    assert shown(readings) == []


def test_nothing_is_sent_in_the_live_formats() -> None:
    for format in (None, "contec", "berry"):
        driver = FiveByteDriver(format)
        assert {driver.transmit(t / 20) for t in range(400)} == {b""}
        assert driver.farewell() == b""


def test_no_cuff_and_no_other_format(driver: FiveByteDriver) -> None:
    with pytest.raises(NotPossible, match="no cuff"):
        driver.command(StartCuff(), 0.0)
    with pytest.raises(ValueError, match="unknown format"):
        FiveByteDriver("df2")


class TestMemory:
    DATA = trio(93, 150) + trio(97, 72) * 5

    def feed(self, data: bytes, piece: int = 7) -> StoredReader:
        reader = StoredReader()
        for at in range(0, len(data), piece):
            if reader.record is None and not reader.broken:
                reader.feed(data[at : at + piece])
        return reader

    @pytest.mark.parametrize("clock", [None, (22, 30), (0, 0)])
    @pytest.mark.parametrize("live_at", range(10))
    def test_two_of_three_headers_are_enough(self, clock: tuple[int, int] | None, live_at: int) -> None:
        begin = begin_of(6, clock)
        live = said(times=1)
        record = self.feed(live * 5 + begin[:live_at] + live + begin[live_at:] + self.DATA).record
        assert record is not None
        assert record.seconds == ((93, 150), *[(97, 72)] * 5)
        assert record.clock == clock

    @pytest.mark.parametrize("at", range(18))
    def test_a_lost_byte_in_the_data_never_makes_a_record(self, at: int) -> None:
        data = self.DATA[:at] + self.DATA[at + 1 :]
        assert self.feed(begin_of(6, None) + data).record is None

    def test_a_length_that_does_not_divide_by_three_is_none(self) -> None:
        begin = bytearray(begin_of(6, None))
        begin[-1] += 1
        assert self.feed(bytes(begin) + self.DATA * 3).record is None

    def test_live_bytes_alone_are_no_begin(self) -> None:
        reader = self.feed(said(times=4000))
        assert (reader.record, reader.broken, reader.begun) == (None, False, False)
        assert reader.skipped > 0


FOREIGN = {
    "contec v7": bytes.fromhex("01 E0 C0 BC B0 C8 E1 FF FF") * 400,
    "nonin": bytes.fromhex("01 81 43 00 C5 01 80 43 4A 0E") * 400,
    "masimo line": b"03/14/26 10:11:12 SN=0000093112 SPO2=098% BPM=097 PI=03.80% ALARM=0000\r\n" * 60,
    "suntech": bytes.fromhex("3E 05 02 01 BA 3E 04 4B 73") * 400,
    "zeros": bytes(4000),
    "all ones": b"\xff" * 4000,
    "any bytes": random.Random(2).randbytes(60000),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_bytes_give_no_number(name: str) -> None:
    readings = FiveByteDriver().receive(FOREIGN[name], 0.0)
    assert [r for r in readings if isinstance(r, Numeric)] == []


chunks = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.builds(said, st.integers(0, 255), st.integers(0, 127), st.integers(1, 9)),
        st.builds(lambda seconds: begin_of(seconds, (1, 2)) + trio(97, 72) * seconds, st.integers(1, 9)),
    ),
    max_size=8,
)


def merged(readings: list[Reading]) -> list[object]:
    """Numerics and statuses in order, and all samples: what must not depend on how the bytes were cut."""
    samples = [(s, r.quality) for r in readings if isinstance(r, SampleArray) for s in r.samples]
    return [[r for r in readings if not isinstance(r, SampleArray)], samples]


@settings(max_examples=80, deadline=None)
@given(chunks, st.sampled_from([None, *FORMATS]), st.integers(1, 40), st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(parts: list[bytes], format: str | None, most: int, seed: int) -> None:
    data = b"".join(parts)
    whole, cut = FiveByteDriver(format), FiveByteDriver(format)
    for driver in (whole, cut):
        driver.transmit(0.0)
        driver.transmit(1.0)
    expected = whole.receive(data, 1.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, most)
        readings += cut.receive(data[at : at + step], 1.0)
        at += step
    assert merged(readings) == merged(expected)
    assert cut.counts == whole.counts
    assert cut.transmit(9.0) == whole.transmit(9.0)


def test_counts_begin_at_nothing(driver: FiveByteDriver) -> None:
    assert driver.receive(b"", 0.0) == []
    assert driver.counts == PacketCounts()
