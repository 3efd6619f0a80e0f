"""Worked examples by provenance, what a line means, and what the driver holds back."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import NotPossible, PacketCounts, StartCuff
from kapdevices.masimo_ascii1 import lines
from kapdevices.masimo_ascii1.driver import MasimoAscii1Driver
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading

Capture = Callable[[str], bytes]


def line(spo2: object = 98, bpm: object = 72, exc: str = "000800", alarm: str = "0000", pi: str = "03.60") -> bytes:
    """A Rad-8 line; a text instead of a number is printed as it is."""
    shown = [value if isinstance(value, str) else f"{value:03}" for value in (spo2, bpm)]
    return (
        f"03/05/26 14:30:07 SN=0000000000 SPO2={shown[0]}% BPM={shown[1]} PI={pi}% SPCO=--.-% SPMET=--.-% "
        f"DESAT=-- PIDELTA=+-- ALARM={alarm} EXC={exc}\r\n"
    ).encode()


def shown(readings: list[Reading], metric: Metric = Metric.SPO2) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is metric]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


@pytest.fixture
def driver() -> MasimoAscii1Driver:
    return MasimoAscii1Driver()


class TestReal:
    def test_rad8_gives_the_values_their_publisher_names(self, driver: MasimoAscii1Driver, capture: Capture) -> None:
        readings = driver.receive(capture("rad8-real"), 0.0)
        assert shown(readings) == [(98, Quality.GOOD)] * 4
        assert [value for value, _ in shown(readings, Metric.PULSE_RATE)] == [96, 96, 96, 97]
        assert [value for value, _ in shown(readings, Metric.PERFUSION_INDEX)] == [3.95, 4.25, 3.19, 2.41]
        assert shown(readings, Metric.SPCO) == []
        assert driver.counts == PacketCounts(good=5)

    def test_rad8_without_blank_lines(self, driver: MasimoAscii1Driver, capture: Capture) -> None:
        readings = driver.receive(capture("rad8-2018-real"), 0.0)
        assert [value for value, _ in shown(readings, Metric.PULSE_RATE)] == [81, 81, 81, 80, 80]
        assert driver.counts == PacketCounts(good=6)

    def test_rad8_prints_held_numbers_with_the_sensor_off(self, driver: MasimoAscii1Driver, capture: Capture) -> None:
        first = driver.receive(capture("rad8-sensor-off-real"), 0.0)
        again = driver.receive(capture("rad8-sensor-off-real"), 1.0)
        assert shown(first) == [(None, Quality.SENSOR_OFF)]
        assert shown(again) == [(98, Quality.SENSOR_OFF)]
        assert shown(again, Metric.PERFUSION_INDEX) == [(None, Quality.SENSOR_OFF)]
        assert codes(again) == ["device-alarm"]


class TestManual:
    def test_radical7_sensor_off_with_values(self, driver: MasimoAscii1Driver, capture: Capture) -> None:
        readings = driver.receive(capture("radical7-sensor-off") * 2, 0.0)
        last = {r.metric: (r.value, r.quality) for r in readings if isinstance(r, Numeric)}
        assert last == {
            Metric.SPO2: (98, Quality.SENSOR_OFF),
            Metric.PULSE_RATE: (240, Quality.SENSOR_OFF),
            Metric.PERFUSION_INDEX: (20.0, Quality.SENSOR_OFF),
            Metric.SPCO: (1.0, Quality.SENSOR_OFF),
            Metric.SPMET: (0.5, Quality.SENSOR_OFF),
            Metric.PVI: (27, Quality.SENSOR_OFF),
        }

    def test_rad5_short_line(self, driver: MasimoAscii1Driver, capture: Capture) -> None:
        readings = driver.receive(capture("rad5") * 2, 0.0)
        assert shown(readings) == [(97, Quality.GOOD)]
        assert shown(readings, Metric.PERFUSION_INDEX) == [(11.82, Quality.GOOD)]
        assert [r.text for r in readings if isinstance(r, DeviceStatus)] == ["the oximeter's own alarm: alarm silenced"]

    def test_the_trend_dump_is_not_the_present(self, driver: MasimoAscii1Driver) -> None:
        trend = b"09/21/08 09:56:10 SpO2=000 PR=000 PI=00.00 EXC=828:Search,OffPat,SET\r\n"
        assert driver.receive(trend * 9, 0.0) == []
        assert driver.counts.good == 0


class TestComposed:
    def test_finger_out(self, driver: MasimoAscii1Driver, capture: Capture) -> None:
        readings = driver.receive(capture("finger-out"), 0.0)
        assert {(r.metric, r.value, r.quality) for r in readings if isinstance(r, Numeric)} == {
            (metric, None, Quality.SENSOR_OFF) for metric in (Metric.SPO2, Metric.PULSE_RATE, Metric.PERFUSION_INDEX)
        }


def test_a_line_is_believed_when_the_one_before_says_about_the_same(driver: MasimoAscii1Driver) -> None:
    assert shown(driver.receive(line(98), 0.0)) == []
    assert shown(driver.receive(line(95), 1.0)) == [(95, Quality.GOOD)]


@pytest.mark.parametrize("wrong", [8, 18, 88, 93])
def test_one_changed_digit_is_passed_over(driver: MasimoAscii1Driver, wrong: int) -> None:
    readings = driver.receive(line(98) * 2 + line(wrong) + line(98) + line(98), 0.0)
    assert shown(readings) == [(98, Quality.GOOD)] * 3


def test_a_true_fall_is_shown_one_line_later(driver: MasimoAscii1Driver) -> None:
    readings = driver.receive(line(98) * 2 + line(88) + line(87), 0.0)
    assert shown(readings) == [(98, Quality.GOOD), (87, Quality.GOOD)]


def test_after_damage_a_number_must_be_said_twice_exactly(driver: MasimoAscii1Driver) -> None:
    driver.receive(line(98) * 3, 0.0)
    readings = driver.receive(b"\x80?\r\n" + line(97) + line(96) + line(96), 1.0)
    assert shown(readings) == [(96, Quality.GOOD)]
    later = driver.receive(line(97) * 40 + line(96) + line(95), 2.0)
    assert shown(later)[-1] == (95, Quality.GOOD)


def test_a_cut_first_line_is_no_damage(driver: MasimoAscii1Driver) -> None:
    readings = driver.receive(line(98)[30:] + line(97) + line(96), 0.0)
    assert shown(readings) == [(96, Quality.GOOD)]


@pytest.mark.parametrize(
    ("exc", "quality"),
    [
        ("000801", Quality.SENSOR_DISCONNECTED),
        ("001800", Quality.SENSOR_DISCONNECTED),
        ("000802", Quality.SENSOR_FAULT),
        ("000880", Quality.SENSOR_FAULT),
        ("010800", Quality.SENSOR_FAULT),
        ("000820", Quality.SENSOR_OFF),
        ("000808", Quality.SEARCHING),
        ("020800", Quality.CALIBRATING),
        ("000810", Quality.INTERFERENCE),
        ("000840", Quality.INTERFERENCE),
        ("000C00", Quality.ARTEFACT),
        ("000804", Quality.LOW_PERFUSION),
        ("000824", Quality.SENSOR_OFF),
        ("042800", Quality.GOOD),
        ("000800", Quality.GOOD),
        ("600800", Quality.GOOD),
    ],
)
def test_exception_bits_become_quality(driver: MasimoAscii1Driver, exc: str, quality: Quality) -> None:
    assert shown(driver.receive(line(exc=exc) * 2, 0.0))[-1] == (98, quality)


def test_low_confidence_concerns_its_own_value_only() -> None:
    assert lines.quality(0x200800, Metric.SPCO) is Quality.ARTEFACT
    assert lines.quality(0x200800, Metric.SPMET) is Quality.GOOD
    assert lines.quality(0x400800, Metric.SPMET) is Quality.ARTEFACT


def test_a_flag_counts_at_once_and_one_line_longer(driver: MasimoAscii1Driver) -> None:
    readings = driver.receive(line() * 2 + line(exc="000820") + line() * 2, 0.0)
    off = Quality.SENSOR_OFF
    assert shown(readings) == [(98, Quality.GOOD), (98, off), (98, off), (98, Quality.GOOD)]


def test_zero_and_dashes_are_no_value(driver: MasimoAscii1Driver) -> None:
    assert shown(driver.receive(line("000", "000") * 2, 0.0)) == [(None, Quality.NO_VALUE)] * 2
    assert shown(driver.receive(line("---", "---"), 1.0)) == [(None, Quality.NO_VALUE)]


def test_alarms_battery_and_sensor_are_said_on_change_only(driver: MasimoAscii1Driver) -> None:
    bad = line(84, alarm="0052", exc="000802")
    readings = driver.receive(line() + bad * 4 + line() * 3, 0.0)
    assert codes(readings) == [
        "device-alarm",
        "sensor-message",
        "low-battery",
        "device-alarm-ended",
        "sensor-message-ended",
        "battery-good",
    ]
    texts = [r.text for r in readings if isinstance(r, DeviceStatus)]
    assert "SpO2 low, alarm sounding" in texts[0]
    assert "defective sensor" in texts[1]


@pytest.mark.parametrize(
    "wrong",
    [
        line("101"),
        line("98"),
        line(bpm="972"),
        line(exc="00080"),
        line(exc="00080G"),
        line(pi="3.60"),
        line().replace(b"SPO2", b"SPO3"),
        line().replace(b" EXC=000800", b""),
        line().replace(b"ALARM=0000", b"EXC=000800"),
        line().replace(b"03/05/26", b"13/05/26"),
        line().replace(b"14:30", b"24:30"),
        line().replace(b"PI=", b"PI"),
        line().replace(b"SN=00", b"SN=0\x07"),
        line().replace(b"DESAT", b"D\xc5SAT"),
        b"03/05/26 14:30:07" + b" SPHB=1" * 99 + b"\r\n",
    ],
)
def test_a_line_that_is_not_as_documented_is_bad_and_says_nothing(driver: MasimoAscii1Driver, wrong: bytes) -> None:
    assert [r for r in driver.receive(wrong * 3, 0.0) if isinstance(r, Numeric)] == []
    assert driver.counts.bad == 3
    assert driver.counts.good == 0


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n\r\x00"])
def test_any_line_end_and_an_unknown_key(driver: MasimoAscii1Driver, end: bytes) -> None:
    text = line().rstrip().replace(b" DESAT", b" SPHB=--.- DESAT")
    assert shown(driver.receive(b"\x00" + (text + end) * 3, 0.0)) == [(98, Quality.GOOD)] * 2
    assert driver.counts == PacketCounts(good=3)


def test_lines_far_apart_confirm_nothing(driver: MasimoAscii1Driver) -> None:
    driver.receive(line(), 0.0)
    assert shown(driver.receive(line(), 5.0)) == []


def test_it_sends_nothing_and_has_no_cuff(driver: MasimoAscii1Driver) -> None:
    assert {driver.transmit(t / 10) for t in range(200)} == {b""}
    assert driver.farewell() == b""
    with pytest.raises(NotPossible, match="no cuff"):
        driver.command(StartCuff(), 0.0)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_noise_never_makes_another_number(seed: int) -> None:
    chance = random.Random(seed)
    data = bytes(b ^ (1 << chance.randrange(8) if chance.random() < 0.005 else 0) for b in line(97, 68) * 60)
    true = {Metric.SPO2: (97, 4), Metric.PULSE_RATE: (68, 15)}
    for reading in MasimoAscii1Driver().receive(data, 0.0):
        if isinstance(reading, Numeric) and reading.valid and reading.metric in true:
            value, near = true[reading.metric]
            assert reading.value == pytest.approx(value, abs=near)


parts = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.builds(line, st.integers(0, 130), st.integers(0, 310), st.sampled_from(["000800", "000820", "800", "0"])),
        st.sampled_from([b"\r", b"\n", b"\x00", line()[:40], line()[60:], b"03/05/26 14:30:07 " + b"A" * 300]),
    ),
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(parts, st.integers(1, 60), st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], most: int, seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = MasimoAscii1Driver(), MasimoAscii1Driver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, most)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts
