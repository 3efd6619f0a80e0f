"""Worked examples by provenance, results as readings, and decoding of what was not asked for."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import PacketCounts
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading
from kapdevices.suntech import packets
from kapdevices.suntech.driver import SuntechDriver
from kapdevices.suntech.packets import Result
from kapdevices.suntech.results import readings_of

Capture = Callable[[str], bytes]


def values(readings: list[Reading]) -> list[float | None]:
    return [r.value for r in readings if isinstance(r, Numeric) and r.metric in NIBP_METRICS]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


class TestManual:
    @pytest.mark.parametrize(
        ("packet", "printed"),
        [
            (packets.start("adult"), "3A 20 A6"),
            (packets.ABORT, "3A 79 01 00 4C"),
            (packets.GET_RESULT, "3A 79 03 00 4A"),
            (packets.GET_PRESSURE, "3A 79 05 00 48"),
            (packets.set_inflation(160), "3A 17 A0 00 0F"),
        ],
    )
    def test_commands(self, packet: bytes, printed: str) -> None:
        assert packet == bytes.fromhex(printed)

    def test_result(self, capture: Capture) -> None:
        readings = SuntechDriver().receive(capture("result-115-74"), 0.0)
        assert [(r.metric, r.value) for r in readings if isinstance(r, Numeric)] == [
            (Metric.NIBP_SYS, 115),
            (Metric.NIBP_DIA, 74),
            (Metric.NIBP_MEAN, 88),
            (Metric.NIBP_PULSE_RATE, 85),
        ]
        assert all(r.valid for r in readings if isinstance(r, Numeric))
        assert packets.result(capture("result-115-74")).beats == 30

    def test_cuff_pressure(self, capture: Capture) -> None:
        assert SuntechDriver().receive(capture("pressure-258"), 0.0) == [Numeric(Metric.CUFF_PRESSURE, 258)]
        assert packets.pressure(258) == capture("pressure-258")


class TestComposed:
    @pytest.mark.parametrize(
        ("packet", "printed"),
        [
            (packets.start("paediatric"), "3A 87 3F"),
            (packets.start("neonatal"), "3A 28 9E"),
            (packets.set_inflation(180), "3A 17 B4 00 FB"),
            (packets.answer("O"), "3E 04 4F 6F"),
            (packets.answer("K"), "3E 04 4B 73"),
            (packets.answer("A"), "3E 04 41 7D"),
            (packets.answer("B"), "3E 04 42 7C"),
        ],
    )
    def test_packets(self, packet: bytes, printed: str) -> None:
        assert packet == bytes.fromhex(printed)

    def test_result(self, capture: Capture) -> None:
        driver = SuntechDriver()
        assert values(driver.receive(capture("result-121-78"), 0.0)) == [121, 78, 92, 72]
        assert packets.encode_result(Result(121, 78, 92, 72, 24, 1)) == capture("result-121-78")

    def test_error_87(self, capture: Capture) -> None:
        readings = SuntechDriver().receive(capture("error-87"), 0.0)
        assert values(readings) == [None] * 4
        (status,) = [r for r in readings if isinstance(r, DeviceStatus)]
        assert status.code == "cuff-failed"
        assert "leak" in status.text
        assert "87" in status.text

    def test_capture_of_both_directions(self, capture: Capture) -> None:
        driver = SuntechDriver()
        readings = driver.receive(capture("session"), 0.0)
        pressures = [r.value for r in readings if isinstance(r, Numeric) and r.metric is Metric.CUFF_PRESSURE]
        assert pressures == [60, 140, 20]
        assert values(readings) == [121, 78, 92, 72]
        assert codes(readings) == ["cuff-inflating", "cuff-done"]
        assert driver.counts == PacketCounts(good=8)


@pytest.mark.parametrize("error", [*packets.ERRORS, 200])
def test_every_error_has_words_and_no_values(error: int) -> None:
    readings = readings_of(Result(120, 80, 93, 70, error=error))
    assert values(readings) == [None] * 4
    stopped = error == 86
    assert codes(readings) == ["cuff-stopped" if stopped else "cuff-failed"]
    quality = Quality.STOPPED if stopped else Quality.MEASUREMENT_FAILED
    assert {r.quality for r in readings if isinstance(r, Numeric)} == {quality}


def test_zeros_are_no_values_even_without_an_error() -> None:
    assert codes(readings_of(Result(0, 0, 0, 0))) == ["cuff-failed"]
    partly = readings_of(Result(120, 80, 93, 0))
    assert values(partly) == [120, 80, 93, None]


@pytest.mark.parametrize("result", [Result(80, 120, 93, 70), Result(310, 80, 150, 70), Result(120, 80, 130, 70)])
def test_pressures_that_cannot_be_are_not_valid(result: Result) -> None:
    pressures = [r for r in readings_of(result) if isinstance(r, Numeric) and r.metric is not Metric.NIBP_PULSE_RATE]
    assert {r.quality for r in pressures} == {Quality.OUT_OF_RANGE}


def test_an_invalid_pressure_is_no_number() -> None:
    assert packets.pressure_mmhg(packets.pressure(None)) is None


def test_idle_pressure_is_shown_only_above_15() -> None:
    driver = SuntechDriver()
    assert driver.receive(packets.pressure(15) + packets.pressure(None), 0.0) == []
    assert driver.receive(packets.pressure(16), 1.0) == [Numeric(Metric.CUFF_PRESSURE, 16)]


def test_on_a_damaged_line_a_result_must_come_twice() -> None:
    driver = SuntechDriver()
    one, other = packets.encode_result(Result(121, 78, 92, 72)), packets.encode_result(Result(125, 78, 93, 72))
    assert driver.receive(b"\x00" + one + other, 0.0) == []
    assert values(driver.receive(other, 1.0)) == [125, 78, 93, 72]


def test_a_result_that_is_only_read_again_is_not_a_new_measurement(capture: Capture) -> None:
    driver = SuntechDriver()
    result = capture("result-121-78")
    assert values(driver.receive(result * 3, 0.0)) == [121, 78, 92, 72]
    assert values(driver.receive(packets.pressure(120) + result, 5.0)) == [121, 78, 92, 72]


def test_a_bad_check_is_counted_and_not_shown(capture: Capture) -> None:
    driver = SuntechDriver()
    damaged = bytearray(capture("result-115-74"))
    damaged[2] = 140
    assert driver.receive(bytes(damaged), 0.0) == []
    assert driver.counts == PacketCounts(good=0, bad=1, skipped=24)


def test_a_marker_inside_data_does_not_confuse() -> None:
    driver = SuntechDriver()
    readings = driver.receive(packets.pressure(0x3E) + packets.pressure(62), 0.0)
    assert [r.value for r in readings if isinstance(r, Numeric)] == [62, 62]


def test_a_cut_packet_does_not_hide_the_next_one_for_long() -> None:
    driver = SuntechDriver()
    driver.receive(b"\x3e\x18\x73", 0.0)
    readings = driver.receive(packets.pressure(99), 0.5)
    readings += driver.receive(packets.pressure(99), 0.75)
    assert [r.value for r in readings if isinstance(r, Numeric)] == [99]


parts = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.integers(0, 300).map(packets.pressure),
        st.sampled_from([*map(packets.answer, packets.ANSWERS), packets.ABORT, packets.GET_RESULT]),
        st.builds(Result, st.integers(0, 300), st.integers(0, 200), st.integers(0, 250), st.integers(0, 255)).map(
            packets.encode_result
        ),
    ),
    max_size=20,
)


@settings(deadline=None)
@given(parts, st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = SuntechDriver(), SuntechDriver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, 9)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts


@given(st.builds(Result, *[st.integers(0, 0xFFFF)] * 3, *[st.integers(0, 255)] * 4))
def test_encoding_and_decoding_a_result_are_inverse(result: Result) -> None:
    assert packets.result(packets.encode_result(result)) == result
