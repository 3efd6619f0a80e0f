"""A&D packets: commands as the public drivers send them, results by the composed layout, decoding of captures."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.aandd_tm2655 import packets
from kapdevices.aandd_tm2655.driver import AanddDriver
from kapdevices.aandd_tm2655.packets import Result
from kapdevices.aandd_tm2655.results import readings_of
from kapdevices.driver import PacketCounts
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Numeric, Quality, Reading

Capture = Callable[[str], bytes]
AT = datetime(2026, 3, 5, 14, 30)


def values(readings: list[Reading]) -> list[float | None]:
    return [r.value for r in readings if isinstance(r, Numeric)]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


def broken_check(frame: bytes) -> bytes:
    return frame[:-1] + bytes((frame[-1] ^ 0x55,))


class TestPublicDrivers:
    @pytest.mark.parametrize(
        ("letters", "end"), [("ST", "53 54 03 07"), ("SP", "53 50 03 03"), ("RB", "52 42 03 10"), ("RP", "52 50 03 02")]
    )
    def test_commands(self, letters: str, end: str) -> None:
        assert packets.command(letters) == bytes.fromhex("16 16 01 30 30 02 " + end)

    def test_a_result_lies_where_one_driver_reads_it_and_is_as_long_as_the_other_says(self) -> None:
        frame = packets.encode_result(Result(AT, 0, 124, 96, 82, 71))
        assert len(frame) == 63
        assert frame[13:23] == b"2603051430"
        assert [frame[at : at + 3] for at in (34, 39, 44, 49)] == [b"124", b" 96", b" 82", b" 71"]
        assert frame[30:32] == b"00"


class TestComposed:
    def test_result(self, capture: Capture) -> None:
        driver = AanddDriver()
        readings = driver.receive(capture("result-124-82"), 0.0)
        assert [(r.metric, r.value) for r in readings if isinstance(r, Numeric)] == list(
            zip(NIBP_METRICS, (124, 82, 96, 71), strict=True)
        )
        assert all(r.valid for r in readings if isinstance(r, Numeric))
        assert {r.device_time for r in readings if isinstance(r, Numeric)} == {"2026-03-05T14:30"}
        assert driver.counts == PacketCounts(good=1)

    def test_error_44(self, capture: Capture) -> None:
        readings = AanddDriver().receive(capture("error-44"), 0.0)
        assert values(readings) == [None] * 4
        assert "E44: the arm moved" in next(r.text for r in readings if isinstance(r, DeviceStatus))

    def test_capture_of_both_directions(self, capture: Capture) -> None:
        driver = AanddDriver()
        readings = driver.receive(capture("session"), 0.0)
        assert values(readings) == [124, 82, 96, 71]
        assert codes(readings) == ["cuff-done"]
        assert driver.counts == PacketCounts(good=4)


@pytest.mark.parametrize("error", [*packets.ERRORS, 99])
def test_every_error_has_words_and_no_values(error: int) -> None:
    readings = readings_of(Result(AT, error, None, None, None, None))
    assert codes(readings) == ["cuff-failed"]
    assert values(readings) == [None] * 4


@pytest.mark.parametrize(
    "result", [Result(AT, 0, 82, 96, 124, 70), Result(AT, 0, 310, 96, 82, 70), Result(AT, 0, 124, 130, 82, 70)]
)
def test_pressures_that_cannot_be_are_not_valid(result: Result) -> None:
    pressures = [r for r in readings_of(result) if isinstance(r, Numeric)][:3]
    assert {r.quality for r in pressures} == {Quality.OUT_OF_RANGE}


def test_zeros_are_no_values() -> None:
    assert codes(readings_of(Result(AT, 0, 0, 0, 0, 0))) == ["cuff-failed"]
    assert values(readings_of(Result(AT, 0, 124, 96, 82, 0))) == [124, 82, 96, None]


@pytest.mark.parametrize(
    "text",
    [
        b"TM2655",
        b"TM2655\x1e2603051430\x1eE00\x1eS124\x1eM 96\x1eD 82",
        b"TM2655\x1e2613051430\x1e1\x1eE00\x1eS124\x1eM 96\x1eD 82\x1eP 71",
        b"TM2655\x1e2603051430\x1e1\x1eE00\x1eS124\x1eD 82\x1eM 96\x1eP 71",
        b"TM2655\x1e2603051430\x1e1\x1eE00\x1eS1x4\x1eM 96\x1eD 82\x1eP 71",
        b"TM2655\x1e2603051430\x1e1\x1eE00\x1eS   \x1eM 96\x1eD 82\x1eP 71",
        b"TM2655\x1e2603051430\x1e1\x1eF00\x1eS124\x1eM 96\x1eD 82\x1eP 71",
    ],
)
def test_text_that_is_no_result(text: bytes) -> None:
    assert packets.result(text) is None
    driver = AanddDriver()
    body = b"\x0100\x02" + text + b"\x03"
    assert driver.receive(body + bytes((packets.check(body),)), 0.0) == []
    assert driver.counts.good == 0


@pytest.mark.parametrize("between", [b"", b"\x1e1", b"\x1e  \x1e  ", b"\x1e0\x1e00\x1eID 7"])
def test_the_number_of_fields_between_time_and_error_does_not_matter(between: bytes) -> None:
    text = b"TM2655\x1e2603051430" + between + b"\x1eE00\x1eS124\x1eM096\x1eD082\x1eP071"
    assert packets.result(text) == Result(AT, 0, 124, 96, 82, 71)


def test_a_check_after_stx_is_taken_too_and_a_head_is_not_needed() -> None:
    text = packets.text_of(packets.encode_result(Result(AT, 0, 124, 96, 82, 71))) + b"\x03"
    bare = b"\x02" + text + bytes((packets.check(text),))
    assert values(AanddDriver().receive(bare, 0.0)) == [124, 82, 96, 71]


def test_a_check_that_does_not_hold_needs_a_second_reading() -> None:
    driver = AanddDriver()
    frame = broken_check(packets.encode_result(Result(AT, 0, 124, 96, 82, 71)))
    assert driver.receive(frame, 0.0) == []
    assert driver.counts == PacketCounts(bad=1)
    assert values(driver.receive(frame, 1.0)) == [124, 82, 96, 71]
    other = broken_check(packets.encode_result(Result(AT, 0, 125, 96, 82, 71)))
    assert driver.receive(other, 2.0) == []


def test_on_a_damaged_line_a_result_must_come_twice() -> None:
    driver = AanddDriver()
    one, other = (packets.encode_result(Result(AT, 0, systolic, 96, 82, 71)) for systolic in (124, 134))
    assert driver.receive(b"\x00" + one + other, 0.0) == []
    assert values(driver.receive(other, 1.0)) == [134, 82, 96, 71]


def test_where_checks_hold_a_text_that_fails_its_own_must_come_three_times() -> None:
    driver = AanddDriver()
    driver.receive(packets.encode_result(Result(AT, 0, 124, 96, 82, 71)), 0.0)
    other = broken_check(packets.encode_result(Result(AT, 0, 134, 96, 82, 71)))
    assert driver.receive(other, 1.0) == []
    assert driver.receive(other, 2.0) == []
    assert values(driver.receive(other, 3.0)) == [134, 82, 96, 71]


def test_a_check_that_failed_makes_the_line_a_damaged_one() -> None:
    driver = AanddDriver()
    frame = packets.encode_result(Result(AT, 0, 124, 96, 82, 71))
    assert driver.receive(broken_check(packets.encode_result(Result(AT, 0, 224, 96, 82, 71))), 0.0) == []
    assert driver.receive(frame, 1.0) == []
    assert values(driver.receive(frame, 2.0)) == [124, 82, 96, 71]


def test_the_same_result_again_is_not_a_new_measurement() -> None:
    driver = AanddDriver()
    frame = packets.encode_result(Result(AT, 0, 124, 96, 82, 71))
    assert len(values(driver.receive(frame * 3, 0.0))) == 4


results = st.builds(
    Result,
    st.datetimes(datetime(2020, 1, 1), datetime(2068, 1, 1)).map(lambda at: at.replace(second=0, microsecond=0)),
    st.just(0),
    *[st.integers(0, 999)] * 4,
)


@given(results)
def test_encoding_and_decoding_are_inverse(result: Result) -> None:
    assert packets.result(packets.text_of(packets.encode_result(result))) == result


parts = st.lists(
    st.one_of(
        st.binary(max_size=12),
        results.map(packets.encode_result),
        results.map(packets.encode_result).map(broken_check),
        st.sampled_from([packets.START, packets.LAST_RESULT, packets.ACKNOWLEDGED, b"\x06", b"\x02", b"\x01" * 3]),
        st.just(b"\x02" + b"x" * 300),
    ),
    max_size=10,
)


@settings(max_examples=80, deadline=None)
@given(parts, st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = AanddDriver(), AanddDriver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, 9)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts
