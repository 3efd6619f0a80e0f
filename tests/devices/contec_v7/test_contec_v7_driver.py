"""What the driver shows and what it holds back: validity, agreement, damage, identifiers, foreign bytes."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.contec_v7 import packets
from kapdevices.contec_v7.driver import FORMATS, ContecV7Driver
from kapdevices.contec_v7.packets import Live, command, encode, encode_live
from kapdevices.driver import NotPossible, PacketCounts, StartCuff
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

GOOD = Live(40, 72, 97, 325, bar=5)


def said(*lives: Live, times: int = 3) -> bytes:
    return b"".join(encode_live(one) * times for one in lives)


def changed(**fields: object) -> Live:
    return msgspec.structs.replace(GOOD, **fields)


def shown(readings: list[Reading], metric: Metric = Metric.SPO2) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is metric]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


@pytest.fixture
def driver() -> ContecV7Driver:
    return ContecV7Driver()


def test_pleth_comes_with_the_packet_and_numerics_with_the_third_that_agrees(driver: ContecV7Driver) -> None:
    first = driver.receive(said(GOOD, times=1), 0.0)
    assert first == [SampleArray(Metric.PLETH, 60.0, (40,), 127)]
    assert shown(driver.receive(said(GOOD, times=1), 0.0)) == []
    assert shown(driver.receive(said(GOOD, times=1), 0.0)) == [(97, Quality.GOOD)]


def test_an_unchanged_value_is_given_twice_a_second_and_a_changed_one_at_once(driver: ContecV7Driver) -> None:
    assert len(shown(driver.receive(said(GOOD, times=183), 0.0))) == 7
    readings = driver.receive(said(changed(spo2=91), times=3), 0.5)
    assert shown(readings) == [(91, Quality.GOOD)]
    assert shown(readings, Metric.PULSE_RATE) == []


def test_one_packet_that_differs_is_not_believed(driver: ContecV7Driver) -> None:
    assert shown(driver.receive(said(GOOD) + said(changed(spo2=33), times=2) + said(GOOD), 0.0)) == [(97, Quality.GOOD)]


@pytest.mark.parametrize(
    ("flag", "quality"),
    [
        ("finger_out", Quality.SENSOR_OFF),
        ("searching", Quality.SEARCHING),
        ("searching_long", Quality.SEARCHING),
    ],
)
def test_flags_become_quality_and_numbers_stay(driver: ContecV7Driver, flag: str, quality: Quality) -> None:
    readings = driver.receive(said(changed(**{flag: True})), 0.0)
    for metric, value in ((Metric.SPO2, 97), (Metric.PULSE_RATE, 72), (Metric.PERFUSION_INDEX, 3.25)):
        assert shown(readings, metric) == [(value, quality)]
    assert {r.quality for r in readings if isinstance(r, SampleArray)} == {quality}


@pytest.mark.parametrize(("rate", "spo2"), [(0, 0), (255, 127)])
def test_missing_values_have_no_number_even_without_a_flag(driver: ContecV7Driver, rate: int, spo2: int) -> None:
    readings = driver.receive(said(changed(pulse_rate=rate, spo2=spo2)), 0.0)
    assert shown(readings) == shown(readings, Metric.PULSE_RATE) == [(None, Quality.NO_VALUE)]


def test_values_that_cannot_be_are_never_good(driver: ContecV7Driver) -> None:
    readings = driver.receive(said(changed(spo2=113, perfusion=5000)), 0.0)
    assert shown(readings) == [(113, Quality.OUT_OF_RANGE)]
    assert shown(readings, Metric.PERFUSION_INDEX) == [(50, Quality.OUT_OF_RANGE)]


def test_every_rate_is_read_whole(driver: ContecV7Driver) -> None:
    readings = driver.receive(b"".join(said(changed(pulse_rate=rate)) for rate in range(1, 255)), 0.0)
    assert [value for value, _ in shown(readings, Metric.PULSE_RATE)] == list(range(1, 255))


def test_a_model_without_perfusion_index_has_none_missing(driver: ContecV7Driver) -> None:
    without = changed(perfusion=packets.NO_PERFUSION, perfusion_invalid=True)
    assert shown(driver.receive(said(without, times=90), 0.0), Metric.PERFUSION_INDEX) == []
    readings = driver.receive(said(GOOD, without), 2.0)
    assert shown(readings, Metric.PERFUSION_INDEX) == [(3.25, Quality.GOOD), (None, Quality.NO_VALUE)]


def test_low_spo2_is_said_on_change_only(driver: ContecV7Driver) -> None:
    low = changed(spo2=84, low_spo2=True)
    readings = driver.receive(said(GOOD, low, times=60) + said(GOOD, times=60), 0.0)
    assert codes(readings) == ["low-spo2", "low-spo2-over"]
    assert (84, Quality.GOOD) in shown(readings)


def test_after_damage_six_packets_must_agree_for_ten_seconds(driver: ContecV7Driver) -> None:
    driver.receive(said(GOOD, times=10), 0.0)
    damaged = driver.receive(b"\x00" + said(changed(spo2=94), times=5), 0.2)
    assert shown(damaged) == []
    assert shown(driver.receive(said(changed(spo2=94), times=1), 0.3)) == [(94, Quality.GOOD)]
    driver.receive(said(changed(spo2=94), times=600), 10.3)
    assert shown(driver.receive(said(changed(spo2=92), times=3), 10.4)) == [(92, Quality.GOOD)]


def test_a_byte_below_80_begins_a_packet_and_ends_the_one_before(driver: ContecV7Driver) -> None:
    readings = driver.receive(said(GOOD, times=1)[:6] + said(GOOD, times=2), 0.0)
    assert [r.samples for r in readings if isinstance(r, SampleArray)] == [(40, 40)]
    assert driver.counts == PacketCounts(good=2, bad=1, skipped=6)


def test_answers_glued_to_each_other_are_told_apart(driver: ContecV7Driver) -> None:
    driver.receive(bytes.fromhex("0C8011808181808080808006808087"), 0.0)
    assert driver.counts == PacketCounts(good=3)


def test_a_packet_is_not_continued_after_a_silence_and_old_packets_confirm_nothing(driver: ContecV7Driver) -> None:
    driver.receive(said(GOOD, times=2) + said(GOOD, times=1)[:5], 0.0)
    readings = driver.receive(said(GOOD, times=1)[5:] + said(GOOD, times=1), 5.0)
    assert shown(readings) == []
    assert sum(len(r.samples) for r in readings if isinstance(r, SampleArray)) == 1


def test_identifier_and_user_name_never_come_out(driver: ContecV7Driver) -> None:
    data = encode(packets.IDENTIFIER, b"MUELLER") + encode(packets.USER, b"\0MEIER ")
    assert driver.receive(data, 0.0) == []


def test_goodbye_is_said_once_until_live_packets_come_again(driver: ContecV7Driver) -> None:
    off = encode(packets.GOODBYE, b"\x01")
    readings = driver.receive(off * 3 + said(GOOD, times=1) + off, 0.0)
    assert codes(readings) == ["device-off", "device-off"]


def test_a_refused_command_is_said_in_words(driver: ContecV7Driver) -> None:
    (status,) = driver.receive(bytes.fromhex("0B818185"), 0.0)
    assert status == DeviceStatus("command-refused", "the oximeter refused command 81: not supported")


def test_no_cuff_and_no_other_format(driver: ContecV7Driver) -> None:
    with pytest.raises(NotPossible, match="no cuff"):
        driver.command(StartCuff(), 0.0)
    with pytest.raises(ValueError, match="unknown format"):
        ContecV7Driver("df2")
    assert driver.farewell() == b""


FOREIGN = {
    "five-byte stream": bytes.fromhex("C5 30 20 48 61 85 32 20 48 61") * 400,
    "nonin": bytes.fromhex("01 81 43 00 C5 01 80 43 4A 0E") * 400,
    "masimo line": b"03/14/26 10:11:12 SN=0000093112 SPO2=098% BPM=097 PI=03.80% ALARM=0000\r\n" * 60,
    "suntech": bytes.fromhex("3E 05 02 01 BA 3E 04 4B 73") * 400,
    "zeros": bytes(4000),
    "all ones": b"\xff" * 4000,
    "wrong speed": bytes(random.Random(1).choice((0x00, 0x80, 0xE0, 0xF8, 0xFE, 0xFF)) for _ in range(20000)),
    "any bytes": random.Random(2).randbytes(60000),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_bytes_give_no_number(name: str) -> None:
    driver = ContecV7Driver()
    assert [r for r in driver.receive(FOREIGN[name], 0.0) if isinstance(r, Numeric)] == []


chunks = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.builds(
            lambda pleth, rate, spo2, pi, out, low, times: (
                encode_live(Live(pleth, rate, spo2, pi, finger_out=out, low_spo2=low)) * times
            ),
            st.integers(0, 127),
            st.integers(0, 255),
            st.integers(0, 127),
            st.integers(0, 0xFFFF),
            st.booleans(),
            st.booleans(),
            st.integers(1, 9),
        ),
        st.builds(
            lambda kind, data: encode(kind, data[: packets.PACKET_BYTES[kind] - 2]),
            st.sampled_from(sorted(packets.PACKET_BYTES)),
            st.binary(min_size=7, max_size=7),
        ),
        st.builds(command, st.integers(0xA0, 0xB6), st.integers(0, 255)),
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
    whole, cut = ContecV7Driver(format), ContecV7Driver(format)
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
