"""What the driver asks for, shows and holds back: cuff readings once, damage, modules that go, any bytes."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import NotPossible, StartCuff
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray
from kapdevices.s5_dri import frames, numerics, requests, waves
from kapdevices.s5_dri.driver import S5Driver

NONE = -32767
CUFF = (12400, 7800, 9400, 72)


def numbers(
    spo2: int = 9700, cuff: tuple[int, ...] = (NONE,) * 4, label: int = 8, oximeter: int = 3, level: int = 10
) -> bytes:
    basic = bytearray(numerics.BYTES)
    struct.pack_into("<IH4h", basic, 76, 3, label, *cuff)
    struct.pack_into("<IH4h", basic, 122, oximeter, 0, spo2, 72, 250, NONE)
    return frames.frame(frames.header(318, 0, [(0, 1)], level=level) + bytes(basic))


def wave(values: list[int]) -> bytes:
    data = waves.part(8, values).data
    return frames.frame(frames.header(40 + len(data), 1, [(0, 8)], level=10) + data)


def spo2(readings: list[Reading]) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is Metric.SPO2]


def cuff_of(readings: list[Reading]) -> list[float | None]:
    return [r.value for r in readings if isinstance(r, Numeric) and r.metric in NIBP_METRICS]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


def test_asks_for_numbers_then_for_waves_and_again_only_when_nothing_comes() -> None:
    driver = S5Driver()
    sent = [(t / 20, data) for t in range(300) if (data := driver.transmit(t / 20))]
    assert [data for _, data in sent] == [requests.numerics(), requests.waves()] * 2
    assert sent[2][0] - sent[0][0] == pytest.approx(10, abs=0.1)
    answered = S5Driver()
    asked: list[bytes] = []
    for t in range(1200):
        asked.append(answered.transmit(t / 20))
        answered.receive(wave([1] * 20) if t % 4 == 0 else numbers() if t % 100 == 1 else b"", t / 20)
    assert [data for data in asked if data] == [requests.numerics(), requests.waves()]


def test_waves_that_stop_are_asked_for_again_and_said_when_they_stay_away() -> None:
    driver = S5Driver()
    sent, said = [], []
    for t in range(60):
        sent.append(driver.transmit(float(t)))
        said += codes(driver.receive(numbers() if t % 5 == 0 else wave([1]) if t < 10 or t > 50 else b"", float(t)))
    assert sent.count(requests.waves()) > 3
    assert sent.count(requests.numerics()) == 1
    assert said == ["waveforms-missing", "waveforms-back"]


def test_no_cuff_from_here_and_no_farewell() -> None:
    with pytest.raises(NotPossible, match="keys"):
        S5Driver().command(StartCuff(), 0.0)
    assert S5Driver().farewell() == b""


def test_a_clean_line_is_believed_at_once_and_a_damaged_one_when_it_says_it_twice() -> None:
    driver = S5Driver()
    assert spo2(driver.receive(numbers(9700), 0.0)) == [(97, Quality.GOOD)]
    damaged = bytearray(numbers(9000))
    damaged[200] ^= 0x10
    assert spo2(driver.receive(bytes(damaged), 5.0)) == []
    assert driver.counts.bad == 1
    assert spo2(driver.receive(numbers(9600), 10.0)) == []
    assert spo2(driver.receive(numbers(9500), 15.0)) == []
    assert spo2(driver.receive(numbers(9500), 20.0)) == [(95, Quality.GOOD)]
    assert spo2(driver.receive(numbers(9400), 40.0)) == []
    assert spo2(driver.receive(numbers(9400), 60.0)) == [], "twenty seconds apart do not confirm each other"


def test_damage_is_forgotten() -> None:
    driver = S5Driver()
    driver.receive(b"\x00" + numbers(), 0.0)
    for k in range(200):
        driver.receive(wave([1] * 20), k / 5)
    assert spo2(driver.receive(numbers(9100), 45.0)) == [(91, Quality.GOOD)]


def test_impossible_saturation_is_marked() -> None:
    assert spo2(S5Driver().receive(numbers(10100), 0.0)) == [(101, Quality.OUT_OF_RANGE)]
    assert spo2(S5Driver().receive(numbers(-200), 0.0)) == [(-2, Quality.OUT_OF_RANGE)]


def test_an_oximeter_that_is_pulled_out_is_said() -> None:
    driver = S5Driver()
    assert spo2(driver.receive(numbers(oximeter=0), 0.0)) == []
    driver.receive(numbers(), 5.0)
    assert spo2(driver.receive(numbers(oximeter=0), 10.0)) == [(None, Quality.SENSOR_DISCONNECTED)]


def test_a_cuff_reading_comes_once_with_all_four_and_again_when_measured_again() -> None:
    driver = S5Driver()
    assert cuff_of(driver.receive(numbers(), 0.0)) == []
    measuring = driver.receive(numbers(label=8 | numerics.MEASURING), 5.0)
    assert codes(measuring) == ["cuff-inflating"]
    assert codes(driver.receive(numbers(label=8 | numerics.MEASURING), 10.0)) == []
    first = driver.receive(numbers(cuff=CUFF), 15.0)
    assert cuff_of(first) == [124, 78, 94, 72]
    assert codes(first) == ["cuff-done"]
    for label in (8, 8, 8 | numerics.OLD):
        assert cuff_of(driver.receive(numbers(cuff=CUFF, label=label), 20.0)) == []
    assert cuff_of(driver.receive(numbers(cuff=CUFF), 40.0)) == [124, 78, 94, 72], "young again after it was old"
    driver.receive(numbers(cuff=CUFF, label=8 | numerics.MEASURING), 45.0)
    assert cuff_of(driver.receive(numbers(cuff=CUFF), 50.0)) == [124, 78, 94, 72], "measured again, alike"
    assert cuff_of(driver.receive(numbers(cuff=(13000, 8000, 9700, 75)), 55.0)) == [130, 80, 97, 75]


def test_an_old_cuff_reading_is_not_taken_over() -> None:
    driver = S5Driver()
    readings = driver.receive(numbers(cuff=CUFF, label=8 | numerics.OLD), 0.0)
    assert cuff_of(readings) == []
    assert codes(readings) == ["cuff-old"]
    assert codes(driver.receive(numbers(cuff=CUFF, label=8 | numerics.OLD), 5.0)) == []


def test_a_measurement_without_a_reading_failed() -> None:
    driver = S5Driver()
    driver.receive(numbers(label=8 | numerics.MEASURING), 0.0)
    assert codes(driver.receive(numbers(), 5.0)) == []
    readings = driver.receive(numbers(), 10.0)
    assert codes(readings) == ["cuff-failed"]
    assert cuff_of(readings) == [None] * 4
    assert cuff_of(driver.receive(numbers(), 15.0)) == []


def test_the_old_reading_coming_back_after_a_measurement_is_a_failure() -> None:
    driver = S5Driver()
    driver.receive(numbers(cuff=CUFF), 0.0)
    driver.receive(numbers(cuff=CUFF, label=8 | numerics.OLD), 70.0)
    driver.receive(numbers(cuff=CUFF, label=8 | numerics.OLD | numerics.MEASURING), 75.0)
    readings = driver.receive(numbers(cuff=CUFF, label=8 | numerics.OLD), 80.0)
    assert codes(readings) == ["cuff-failed"]
    assert cuff_of(readings) == [None] * 4


@pytest.mark.parametrize("cuff", [(7800, 12400, 9400, 72), (31000, 7800, 9400, 72), (12400, 0, 9400, 72)])
def test_pressures_that_cannot_be_are_not_valid(cuff: tuple[int, ...]) -> None:
    readings = S5Driver().receive(numbers(cuff=cuff), 0.0)
    pressures = [r for r in readings if isinstance(r, Numeric) and r.metric in NIBP_METRICS[:3]]
    assert {r.quality for r in pressures} == {Quality.OUT_OF_RANGE}


def test_trends_other_classes_and_requests_are_not_shown() -> None:
    driver = S5Driver()
    basic = bytes(numerics.BYTES)
    other = bytearray(basic)
    other[277] = 0x01
    trend = frames.frame(frames.header(318, 0, [(0, 2)], level=10) + basic)
    extended = frames.frame(frames.header(318, 0, [(0, 1)], level=10) + bytes(other))
    assert driver.receive(trend + extended + requests.numerics() + requests.waves() + numbers(level=0), 0.0) == []
    assert driver.counts.good == 2


FOREIGN = {
    "nonin": bytes.fromhex("01 81 01 00 83 01 80 01 48 CA") * 400,
    "flags": b"\x7e" * 5000,
    "escapes": b"\x7e" + b"\x7d" * 5000,
    "any bytes": random.Random(2).randbytes(20000),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_bytes_give_no_reading_and_do_not_hide_what_follows(name: str) -> None:
    driver = S5Driver()
    assert driver.receive(FOREIGN[name], 0.0) == []
    assert driver.counts.good == 0
    readings = driver.receive(numbers() * 2, 1.0)
    assert (97, Quality.GOOD) in spo2(readings)


parts = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.integers(0, 10000).map(numbers),
        st.builds(
            lambda a, b, label: numbers(cuff=(a, b, (a + b) // 2, 70), label=label),
            st.integers(0, 30000),
            st.integers(0, 30000),
            st.sampled_from([8, 8 | numerics.MEASURING, 8 | numerics.OLD]),
        ),
        st.lists(st.integers(-32768, 32767), max_size=6).map(wave),
        st.sampled_from([b"\x7e", b"\x7d", requests.numerics(), requests.waves()]),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(parts, st.integers(1, 90), st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], most: int, seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = S5Driver(), S5Driver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, most)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts


def test_a_frame_longer_than_any_record_is_passed_over_alike_in_any_pieces() -> None:
    data = b"\x7e" + b"\x01" * (frames.LONGEST_FRAME + 5) + b"\x7e" + numbers() * 2
    whole, cut = S5Driver(), S5Driver()
    expected = whole.receive(data, 0.0)
    readings = [reading for byte in data for reading in cut.receive(bytes((byte,)), 0.0)]
    assert readings == expected
    assert spo2(readings) == [(97, Quality.GOOD)]
    assert not [r for r in readings if isinstance(r, SampleArray)]
    assert cut.counts == whole.counts
