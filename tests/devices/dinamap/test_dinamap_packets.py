"""Worked examples by provenance, answers as readings, and decoding of what was not asked for."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.dinamap import packets
from kapdevices.dinamap.driver import DinamapDriver
from kapdevices.dinamap.packets import Nibp, Other, Oximeter, Rate, Temperature
from kapdevices.dinamap.values import nibp_readings
from kapdevices.driver import PacketCounts
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading

Capture = Callable[[str], bytes]
FIRST = Nibp(1, 1, False, None, 0, 0, 0)
DONE = Nibp(1, 1, False, 2, 124, 78, 94)


def shown(readings: list[Reading], metric: Metric) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is metric]


def nibp(readings: list[Reading]) -> list[float | None]:
    return [r.value for r in readings if isinstance(r, Numeric) and r.metric in NIBP_METRICS]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


@pytest.fixture
def driver() -> DinamapDriver:
    return DinamapDriver()


class TestManual:
    @pytest.mark.parametrize("body", ["NA!2", "NC0!E", "ND!5", "OA!3", "RA!6", "RC!8", "TC!:", "TD!;"])
    def test_check_characters_of_the_published_requests(self, body: str) -> None:
        assert packets.line(body[:-2]) == f" {body}\r".encode()

    def test_requests_on_a_tap_are_no_answers(self, driver: DinamapDriver, capture: Capture) -> None:
        assert driver.receive(capture("requests"), 0.0) == []
        assert driver.counts == PacketCounts()


class TestComposed:
    @pytest.mark.parametrize(
        ("line", "meaning"),
        [
            (b" NA0100142121076091&%\r", Nibp(0, 1, False, 142, 121, 76, 91)),
            (b" NA1100003124078094&*\r", Nibp(1, 1, False, 3, 124, 78, 94)),
            (b" NA1109999000000000&(\r", Nibp(1, 1, False, None, 0, 0, 0)),
            (b" NA7100003000000000%M\r", Nibp(7, 1, False, 3, 0, 0, 0)),
            (b" OA1098905#J\r", Oximeter(1, 98, 9, 5)),
            (b" OA3000000#-\r", Oximeter(3, 0, 0, 0)),
            (b' RA2072"E\r', Rate(2, 72)),
            (b" TC00 0012009860%!\r", Temperature(0, False, " ", 120, 986)),
        ],
    )
    def test_answers(self, line: bytes, meaning: packets.Reply) -> None:
        assert packets.check(line[:-3]) == line[-3:-1]
        assert packets.reply(line) == meaning

    def test_capture_of_answers(self, driver: DinamapDriver, capture: Capture) -> None:
        readings = driver.receive(capture("answers"), 0.0)
        assert driver.counts == PacketCounts(good=8)
        assert shown(readings, Metric.SPO2) == [(98, Quality.GOOD), (None, Quality.SENSOR_OFF)]
        assert shown(readings, Metric.PULSE_RATE) == [(72, Quality.SENSOR_OFF)]
        assert shown(readings, Metric.TEMPERATURE) == [(37.0, Quality.GOOD)]
        assert not any(r.live for r in readings if isinstance(r, Numeric) and r.metric is Metric.TEMPERATURE)

    def test_capture_of_both_directions(self, driver: DinamapDriver, capture: Capture) -> None:
        readings = driver.receive(capture("session"), 0.0)
        assert nibp(readings) == [124, 78, 94, 68]
        assert codes(readings) == ["cuff-inflating", "cuff-done"]
        assert shown(readings, Metric.SPO2) == [(98, Quality.GOOD)]
        assert shown(readings, Metric.PULSE_RATE) == [(72, Quality.GOOD)]
        assert driver.counts == PacketCounts(good=7)


def test_a_reading_from_before_first_contact_is_said_and_not_given(driver: DinamapDriver) -> None:
    old = packets.nibp_line(Nibp(1, 1, False, 142, 121, 76, 91))
    readings = driver.receive(old, 0.0) + driver.receive(old, 1.0) + driver.receive(b"", 9.0)
    assert nibp(readings) == []
    assert codes(readings) == ["nibp-in-memory"]
    assert "142 s old" in next(r.text for r in readings if isinstance(r, DeviceStatus))


@pytest.mark.parametrize("before", [FIRST, Nibp(1, 1, False, 300, 118, 70, 88), Nibp(0, 1, False, 300, 124, 78, 94)])
def test_a_new_reading_comes_once_with_all_four(driver: DinamapDriver, before: Nibp) -> None:
    driver.receive(packets.nibp_line(before), 0.0)
    readings = driver.receive(packets.nibp_line(DONE), 1.0)
    assert nibp(readings) == []
    readings = driver.receive(packets.rate_line(Rate(packets.FROM_NIBP, 66)), 1.2)
    assert [r.metric for r in readings if isinstance(r, Numeric)] == list(NIBP_METRICS)
    assert nibp(readings) == [124, 78, 94, 66]
    later = [packets.nibp_line(Nibp(1, 1, False, age_s, 124, 78, 94)) for age_s in (3, 60, 5400, 5400)]
    assert nibp(driver.receive(b"".join(later), 5.0)) == []


@pytest.mark.parametrize("rate", [b"", packets.rate_line(Rate(packets.FROM_OXIMETER, 72))])
def test_without_a_rate_of_the_cuff_the_pressures_come_alone(driver: DinamapDriver, rate: bytes) -> None:
    driver.receive(packets.nibp_line(FIRST) + packets.nibp_line(DONE) + rate, 0.0)
    readings = driver.receive(b"", 4.5)
    if rate:
        readings = DinamapDriver().receive(packets.nibp_line(FIRST) + packets.nibp_line(DONE) + rate, 0.0)
    assert nibp(readings) == [124, 78, 94, None]
    assert shown(readings, Metric.NIBP_PULSE_RATE) == [(None, Quality.NO_VALUE)]


def test_values_of_a_busy_or_failed_status_are_never_used(driver: DinamapDriver) -> None:
    lines = [packets.nibp_line(Nibp(state, 1, False, 1, 150, 90, 110)) for state in (0, 2, 3, 4, 6, 7, 8, 9)]
    readings = driver.receive(packets.nibp_line(FIRST) + b"".join(lines), 0.0) + driver.receive(b"", 9.0)
    assert not [value for value in nibp(readings) if value is not None]


@pytest.mark.parametrize(
    ("pressures", "qualities"),
    [
        ((120, 80, 93), {Quality.GOOD}),
        ((80, 120, 93), {Quality.OUT_OF_RANGE}),
        ((310, 80, 150), {Quality.OUT_OF_RANGE}),
        ((120, 80, 130), {Quality.OUT_OF_RANGE}),
        ((120, 80, 0), {Quality.GOOD, Quality.MEASUREMENT_FAILED}),
    ],
)
def test_pressures_that_cannot_be_are_not_valid(pressures: tuple[int, int, int], qualities: set[Quality]) -> None:
    readings = nibp_readings(Nibp(1, 1, False, 1, *pressures), 70)
    assert {r.quality for r in readings[:3] if isinstance(r, Numeric)} == qualities


@pytest.mark.parametrize(
    ("oximeter", "value", "quality"),
    [
        (Oximeter(1, 97, 5, 8), 97, Quality.GOOD),
        (Oximeter(1, 97, 0, 8), 97, Quality.LOW_PERFUSION),
        (Oximeter(1, 0, 5, 8), None, Quality.NO_VALUE),
        (Oximeter(1, 127, 5, 8), 127, Quality.OUT_OF_RANGE),
        (Oximeter(0, 97, 5, 8), None, Quality.NO_VALUE),
        (Oximeter(3, 97, 5, 8), None, Quality.SENSOR_OFF),
        (Oximeter(6, 97, 5, 8), None, Quality.SENSOR_DISCONNECTED),
        (Oximeter(9, 97, 5, 8), None, Quality.NO_VALUE),
    ],
)
def test_oximeter_states(driver: DinamapDriver, oximeter: Oximeter, value: float | None, quality: Quality) -> None:
    readings = driver.receive(packets.oximeter_line(oximeter) + packets.rate_line(Rate(2, 72)), 0.0)
    assert shown(readings, Metric.SPO2) == [(value, quality)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (packets.line("RA2072"), (72, Quality.GOOD)),
        (packets.line("RA2000"), (None, Quality.NO_VALUE)),
        (packets.line("RA2-99"), (None, Quality.NO_VALUE)),
        (packets.line("RA3072"), (None, Quality.NO_VALUE)),
        (packets.line("RA2372"), (372, Quality.OUT_OF_RANGE)),
        (packets.line("RA5072"), (None, Quality.NO_VALUE)),
    ],
)
def test_the_pulse_rate_is_the_oximeters(
    driver: DinamapDriver, line: bytes, expected: tuple[float | None, Quality]
) -> None:
    readings = driver.receive(packets.oximeter_line(Oximeter(1, 97, 5, 8)) + line, 0.0)
    assert shown(readings, Metric.PULSE_RATE) == [expected]


def temperature(
    driver: DinamapDriver, state: int = 0, monitoring: bool = False, counter: str = "A", age_s: int | None = 5,
    tenths_f: int = 986,
) -> list[tuple[float | None, Quality, bool]]:  # fmt: skip
    line = packets.temperature_line(Temperature(state, monitoring, counter, age_s, tenths_f))
    return [(r.value, r.quality, r.live) for r in driver.receive(line, 0.0) if isinstance(r, Numeric)]


def test_a_predictive_temperature_comes_once_and_is_never_live(driver: DinamapDriver) -> None:
    assert temperature(driver, age_s=None) == []
    assert temperature(driver, state=1) == []
    assert temperature(driver, counter="B") == [(37.0, Quality.GOOD, False)]
    assert temperature(driver, counter="B", age_s=9) == []
    assert temperature(driver, counter=" ", tenths_f=1004) == [(38.0, Quality.GOOD, False)]
    assert temperature(driver, counter="!", tenths_f=320) == [(0.0, Quality.OUT_OF_RANGE, False)]
    assert temperature(driver, state=4, counter="!") == []


def test_a_monitored_temperature_is_live_until_it_is_lost(driver: DinamapDriver) -> None:
    assert temperature(driver, monitoring=True) == [(37.0, Quality.GOOD, True)] * 1
    assert temperature(driver, monitoring=True) == [(37.0, Quality.GOOD, True)]
    assert temperature(driver, state=3, monitoring=True) == [(None, Quality.SENSOR_OFF, True)]
    assert temperature(driver, state=3, monitoring=True) == []
    assert temperature(driver, monitoring=True, age_s=900, counter="C") == [(37.0, Quality.GOOD, False)]


def test_a_bad_check_is_counted_and_not_shown(driver: DinamapDriver) -> None:
    assert driver.receive(b" OA1097905#J\r", 0.0) == []
    assert driver.counts == PacketCounts(good=0, bad=1, skipped=12)


def test_on_a_damaged_line_answers_must_be_said_twice(driver: DinamapDriver) -> None:
    oximeter = [packets.oximeter_line(Oximeter(1, spo2, 9, 5)) for spo2 in (97, 95, 95)]
    readings = driver.receive(b"\x80\r" + b"".join(oximeter), 0.0)
    assert shown(readings, Metric.SPO2) == [(95, Quality.GOOD)]
    fresh = DinamapDriver()
    lines = [packets.nibp_line(value) for value in (FIRST, FIRST, DONE, Nibp(1, 1, False, 3, 124, 78, 94))]
    assert nibp(fresh.receive(b"\x80\r" + b"".join(lines[:3]), 0.0) + fresh.receive(b"", 9.0)) == []
    assert nibp(fresh.receive(lines[3], 10.0) + fresh.receive(b"", 15.0)) == [124, 78, 94, None]


def test_a_good_answer_inside_damage_is_found(driver: DinamapDriver) -> None:
    driver.receive(b"?? OA1098905#J\r", 0.0)
    assert driver.counts.good == 1


def test_a_cut_line_does_not_hide_the_next_one_for_long(driver: DinamapDriver) -> None:
    driver.receive(b" OA109", 0.0)
    driver.receive(b" OA1098905#J\r", 2.0)
    assert driver.counts.good == 1


def test_what_is_not_documented_says_nothing(driver: DinamapDriver) -> None:
    lines = [packets.line(body) for body in ("NK1", "NA", "NAX100003124078094", "OA1", "ZZ99", "NC")]
    assert driver.receive(b"".join(lines), 0.0) == []
    assert packets.reply(lines[2]) == Other("NA")
    assert driver.counts == PacketCounts(good=5)


digits = st.integers(0, 999)
parts = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.builds(Nibp, st.integers(0, 9), st.integers(0, 2), st.booleans(), st.integers(0, 5400), digits, digits,
                  digits).map(packets.nibp_line),
        st.builds(Oximeter, st.integers(0, 9), digits, st.integers(0, 9), st.just(5)).map(packets.oximeter_line),
        st.builds(Rate, st.integers(0, 9), digits).map(packets.rate_line),
        st.sampled_from([*packets.ASK.values(), packets.START, b" NA01", b" OA", b"\r", b" NK1 " * 20]),
    ),
    max_size=20,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(parts, st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = DinamapDriver(), DinamapDriver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, 30)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts


@given(
    st.builds(
        Nibp,
        st.integers(0, 9),
        st.integers(0, 2),
        st.booleans(),
        st.none() | st.integers(0, 5400),
        digits,
        digits,
        digits,
    )
)
def test_encoding_and_decoding_a_status_are_inverse(value: Nibp) -> None:
    assert packets.reply(packets.nibp_line(value)) == value
