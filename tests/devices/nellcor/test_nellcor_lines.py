"""Worked examples by provenance, what a line means, and what the driver holds back."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import NotPossible, PacketCounts, StartCuff
from kapdevices.nellcor.driver import NellcorDriver
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading

Capture = Callable[[str], bytes]
GOOD = Quality.GOOD


def line(spo2: object = 97, bpm: object = 72, pa: object = 41, codes: str = "") -> bytes:
    return f"05-MAR-26 14:30:07   {spo2:>3}     {bpm:>3}     {pa:>3}    {codes}\r\n".encode()


def shown(readings: list[Reading], metric: Metric = Metric.SPO2) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is metric]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


@pytest.fixture
def driver() -> NellcorDriver:
    return NellcorDriver()


class TestReal:
    def test_values_that_fall_under_interference_are_marked(self, driver: NellcorDriver, capture: Capture) -> None:
        readings = driver.receive(capture("n560-falling-real"), 0.0)
        assert {quality for _, quality in shown(readings)} == {Quality.INTERFERENCE}
        assert [value for value, _ in shown(readings)] == [None, 99, None, 83, 79, 77, 77, 77]
        assert [r.text for r in readings if isinstance(r, DeviceStatus)] == [
            "the oximeter's own alarm: SpO2 low",
            "the oximeter's own alarm: SpO2 low, alarm silenced",
        ]
        assert driver.counts == PacketCounts(good=8)

    def test_sensor_disconnected_and_off(self, driver: NellcorDriver, capture: Capture) -> None:
        readings = driver.receive(capture("n560-sensor-off-real"), 0.0)
        gone, off = Quality.SENSOR_DISCONNECTED, Quality.SENSOR_OFF
        assert shown(readings)[1:] == [(73, Quality.INTERFERENCE), (None, gone), (None, gone), (None, off), (None, off)]
        assert shown(readings, Metric.PULSE_AMPLITUDE)[-1] == (None, off)

    def test_zeros_of_the_pulse_search_are_no_values(self, driver: NellcorDriver, capture: Capture) -> None:
        readings = driver.receive(capture("n560-search-real"), 0.0)
        search, moved = Quality.SEARCHING, Quality.INTERFERENCE
        assert shown(readings) == [
            (None, search),
            (None, search),
            (None, search),
            (94, GOOD),
            (94, GOOD),
            (94, moved),
            (95, moved),
            (95, moved),
            (95, GOOD),
        ]
        rates = [value for value, quality in shown(readings, Metric.PULSE_RATE) if quality is GOOD]
        assert rates == [103, 92, 77]
        assert codes(readings) == ["device-model"]
        assert driver.counts == PacketCounts(good=12)

    def test_alarm_off_and_a_three_digit_value(self, driver: NellcorDriver, capture: Capture) -> None:
        readings = driver.receive(capture("n560-alarm-off-real"), 0.0)
        assert shown(readings)[0] == (100, GOOD)
        assert shown(readings, Metric.PULSE_AMPLITUDE)[0] == (23, GOOD)
        assert [r.text for r in readings if isinstance(r, DeviceStatus)] == [
            "the oximeter's own alarm: alarm off",
            "the oximeter calls itself N-560",
        ]
        assert driver.counts == PacketCounts(good=8)


class TestManual:
    def test_npb290_line(self, driver: NellcorDriver, capture: Capture) -> None:
        readings = driver.receive(capture("npb290-manual") * 2, 0.0)
        assert readings == [
            Numeric(Metric.SPO2, 100),
            Numeric(Metric.PULSE_RATE, 120),
            Numeric(Metric.PULSE_AMPLITUDE, 50),
        ]

    @pytest.mark.parametrize(
        "heading",
        [
            b"NPB-295  VERSION 1.0.0.2  CRC:1A2B  SpO2 Limit: 85-100%  PR Limit: 40-170BPM",
            b"N-595 VERSION 2.1 CRC:XXXX SpO2 Limit:  5- 9%  PR Limit: 40- 90BPM",
            b"                ADULT  25SAT-S  SPO2 RESP MODE: NORMAL",
            b"   NEO  0nSAT-S  SPO2 RESP MODE: FAST",
            b"TIME  %SPO2  BPM  PA  Status",
        ],
    )
    def test_headings_of_other_models_are_no_damage(self, driver: NellcorDriver, heading: bytes) -> None:
        readings = driver.receive(line() + heading + b"\r\n" + line(98), 0.0)
        assert shown(readings) == [(98, GOOD)]
        assert driver.counts == PacketCounts(good=3)

    def test_a_trend_print_does_not_end_in_values(self, driver: NellcorDriver) -> None:
        driver.receive(b"Output Complete\r\n", 0.0)
        assert driver.counts.good == 0


class TestComposed:
    def test_limits_and_sensor_off(self, driver: NellcorDriver, capture: Capture) -> None:
        plain, beyond, off = capture("composed").splitlines(keepends=True)
        assert shown(driver.receive(plain * 2, 0.0)) == [(97, GOOD)]
        readings = driver.receive(beyond * 2, 2.0)
        assert shown(readings) == [(84, GOOD)]
        assert shown(readings, Metric.PULSE_RATE) == [(133, GOOD)]
        assert [r.text for r in readings if isinstance(r, DeviceStatus)] == [
            "the oximeter's own alarm: SpO2 low, pulse rate high"
        ]
        assert shown(driver.receive(off, 4.0)) == [(None, Quality.SENSOR_OFF)]


def test_one_changed_digit_is_passed_over_and_a_true_fall_comes_one_line_later(driver: NellcorDriver) -> None:
    readings = driver.receive(line() * 2 + line(7) + line(97) + line(88) + line(86), 0.0)
    assert shown(readings) == [(97, GOOD), (97, GOOD), (86, GOOD)]


def test_after_damage_a_number_must_be_said_twice_exactly(driver: NellcorDriver) -> None:
    driver.receive(line() * 3, 0.0)
    readings = driver.receive(b"\xb0\r\n" + line(96) + line(95) + line(95), 2.0)
    assert shown(readings) == [(95, GOOD)]
    assert shown(driver.receive(line(96) * 50 + line(95) + line(94), 4.0))[-1] == (94, GOOD)


def test_a_cut_first_line_is_no_damage(driver: NellcorDriver) -> None:
    assert shown(driver.receive(line()[20:] + line(97) + line(96), 0.0)) == [(96, GOOD)]


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        ("SD", Quality.SENSOR_DISCONNECTED),
        ("SO", Quality.SENSOR_OFF),
        ("LM", Quality.INTERFERENCE),
        ("LP", Quality.OUT_OF_TRACK),
        ("PS", Quality.SEARCHING),
        ("MO", Quality.INTERFERENCE),
        ("MO SO", Quality.SENSOR_OFF),
        ("AO", GOOD),
        ("AS LB", GOOD),
        ("SH SL PH PL", GOOD),
    ],
)
def test_codes_become_quality(driver: NellcorDriver, status: str, quality: Quality) -> None:
    readings = driver.receive(line(codes=status) * 2, 0.0)
    assert shown(readings)[-1] == (97, quality)
    assert shown(readings, Metric.PULSE_RATE)[-1] == (72, quality)


def test_a_code_that_nobody_describes_holds_values_back_and_is_named(driver: NellcorDriver) -> None:
    readings = driver.receive(line(codes="ZZ") * 3, 0.0)
    assert shown(readings) == [(None, Quality.NO_VALUE)] * 3
    assert codes(readings) == ["unknown-status"]


def test_a_code_counts_one_line_longer(driver: NellcorDriver) -> None:
    readings = driver.receive(line() * 2 + line(codes="SO") + line() * 2, 0.0)
    assert [quality for _, quality in shown(readings)] == [GOOD, Quality.SENSOR_OFF, Quality.SENSOR_OFF, GOOD]


def test_alarms_and_battery_are_said_on_change_only(driver: NellcorDriver) -> None:
    readings = driver.receive(line() + line("97*", codes="LB") * 4 + line() * 3, 0.0)
    assert codes(readings) == ["device-alarm", "low-battery", "device-alarm-ended", "battery-good"]


@pytest.mark.parametrize(
    "wrong",
    [
        line(101),
        line(97, 301),
        line(97, 72, ""),
        line(codes="S0"),
        line(codes="SOX"),
        line("9-7"),
        line("---*"),
        line().replace(b"MAR", b"MAI"),
        line().replace(b"14:30", b"14:60"),
        line().replace(b"05-", b"00-"),
        line().replace(b"72", b"7\xb2"),
        line(codes="SO " * 60),
    ],
)
def test_a_line_that_is_not_as_documented_is_bad_and_says_nothing(driver: NellcorDriver, wrong: bytes) -> None:
    assert driver.receive(wrong * 3, 0.0) == []
    assert driver.counts.bad == 3


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\x13\x11\r\n"])
def test_any_line_end(driver: NellcorDriver, end: bytes) -> None:
    assert shown(driver.receive((line().rstrip() + end) * 3, 0.0)) == [(97, GOOD)] * 2
    assert driver.counts == PacketCounts(good=3)


def test_lines_far_apart_confirm_nothing(driver: NellcorDriver) -> None:
    driver.receive(line(), 0.0)
    assert shown(driver.receive(line(), 8.0)) == []


def test_only_an_xon_is_sent_and_only_into_silence(driver: NellcorDriver) -> None:
    sent = [t for t in range(14) if driver.transmit(float(t)) == b"\x11"]
    assert sent == [6, 12]
    for t in range(20, 60, 2):
        driver.receive(line(), float(t))
        assert driver.transmit(t + 1.9) == b""
    assert driver.farewell() == b""
    with pytest.raises(NotPossible, match="no cuff"):
        driver.command(StartCuff(), 0.0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_noise_never_makes_another_number(seed: int) -> None:
    chance = random.Random(seed)
    data = bytes(b ^ (1 << chance.randrange(8) if chance.random() < 0.005 else 0) for b in line(97, 68) * 60)
    true = {Metric.SPO2: (97, 6), Metric.PULSE_RATE: (68, 20)}
    for reading in NellcorDriver().receive(data, 0.0):
        if isinstance(reading, Numeric) and reading.valid and reading.metric in true:
            value, near = true[reading.metric]
            assert reading.value == pytest.approx(value, abs=near)


parts = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.builds(
            line, st.integers(0, 110), st.integers(0, 310), st.integers(0, 255), st.sampled_from(["", "SO", "X"])
        ),
        st.sampled_from(
            [b"\r", b"\x11", b"\x00", line()[:20], line()[9:], b"TIME %SpO2 BPM PA Status\r\n", b"7" * 200]
        ),
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(parts, st.integers(1, 60), st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], most: int, seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = NellcorDriver(), NellcorDriver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, most)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts
