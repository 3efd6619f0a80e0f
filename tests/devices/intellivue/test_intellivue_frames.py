"""Frames, messages and values: worked examples by provenance, and whatever bytes may come."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.driver import PacketCounts
from kapdevices.framing import Framer
from kapdevices.intellivue import frames, messages, values
from kapdevices.intellivue.driver import IntellivueDriver
from kapdevices.intellivue.messages import Cut, Poll
from kapdevices.intellivue.simulator import encode_value, encode_wave, poll_reply
from kapdevices.intellivue.values import Observed
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

Capture = Callable[[str], bytes]
Attributes = list[tuple[int, bytes]]


def attribute(text: str) -> tuple[int, bytes]:
    """An attribute as it stands in a message: id, length, bytes."""
    data = bytes.fromhex(text)
    assert int.from_bytes(data[2:4], "big") == len(data) - 4
    return int.from_bytes(data[:2], "big"), data[4:]


def reply(*attributes: tuple[int, bytes], linked: int = 0, polled: int = messages.NUMERICS) -> bytes:
    """A frame with one object."""
    return frames.frame(poll_reply([(0x101, list(attributes))], polled, 1.0, linked))


def value(identifier: int, unit: int, number: tuple[int, int] | None, state: int = 0) -> tuple[int, bytes]:
    return values.VALUE, encode_value(identifier, state, unit, number)


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


HR_60 = "09 50 00 0A 41 82 00 00 0A A0 00 00 00 3C"
SPO2_OFF = "09 50 00 0A 4B B8 80 00 02 20 00 7F FF FF"
NEVER_MEASURED = (
    "09 4B 00 22 00 03 00 1E 4A 05 20 00 0F 20 00 7F FF FF 4A 06 20 00 0F 20 00 7F FF FF 4A 07 20 00 0F 20 00 7F FF FF"
)


class TestReal:
    """Attributes of a real monitor in composed frames."""

    def test_heart_rate(self) -> None:
        assert IntellivueDriver().receive(reply(attribute(HR_60)), 0.0) == [Numeric(Metric.HEART_RATE, 60.0)]

    def test_spo2_without_a_sensor(self) -> None:
        readings = IntellivueDriver().receive(reply(attribute(SPO2_OFF)), 0.0)
        assert readings == [Numeric(Metric.SPO2, None, Quality.NO_VALUE)]

    def test_a_pressure_that_was_never_measured_is_no_reading(self) -> None:
        stamp = (values.TIME_STAMP, bytes.fromhex("2021032912461800"))
        found = values.observed(*attribute(NEVER_MEASURED))
        assert [(v.identifier, v.state, v.value) for v in found] == [
            (0x4A05, 0x2000, None),
            (0x4A06, 0x2000, None),
            (0x4A07, 0x2000, None),
        ]
        assert values.device_time(stamp[1]) == datetime(2021, 3, 29, 12, 46, 18)
        assert IntellivueDriver().receive(reply(attribute(NEVER_MEASURED), stamp) * 9, 0.0) == []

    def test_all_of_them_in_one_association(self, capture: Capture) -> None:
        driver = IntellivueDriver()
        assert driver.receive(capture("m8000-attributes"), 0.0) == [
            DeviceStatus("associated", "associated with the monitor Philips M8000"),
            Numeric(Metric.HEART_RATE, 60.0),
            Numeric(Metric.SPO2, None, Quality.NO_VALUE),
        ]
        assert driver.counts == PacketCounts(good=6)


class TestComposed:
    def test_framed_poll(self, capture: Capture) -> None:
        framed = capture("poll-request")
        payload = frames.payload(framed)
        assert payload is not None
        assert (
            payload.hex()
            == "e1000002 0001001c 00000007 00160021 00000000 00000000 0c160008 00010001 00060000".replace(" ", "")
        )
        assert frames.frame(payload) == framed
        assert IntellivueDriver().receive(framed, 0.0) == []

    @pytest.mark.parametrize(
        ("data", "number"),
        [("00000080", 128), ("00000061", 97), ("FF000173", 37.1), ("00FFFFFF", -1), ("02000001", 100)]
        + [(special, None) for special in ("007FFFFF", "00800000", "007FFFFE", "00800002")],
    )
    def test_numbers(self, data: str, number: float | None) -> None:
        assert values.number(bytes.fromhex(data)) == number

    @pytest.mark.parametrize(
        ("data", "numeric"),
        [
            ("4BB8 0000 0220 00000061", Numeric(Metric.SPO2, 97.0)),
            ("4B48 0000 17A0 FF000173", Numeric(Metric.TEMPERATURE, 37.1)),
            ("4A05 0000 0F20 00000080", Numeric(Metric.NIBP_SYS, 128.0)),
        ],
    )
    def test_values(self, data: str, numeric: Numeric) -> None:
        (observed,) = values.observed(values.VALUE, bytes.fromhex(data))
        assert values.numeric(observed) == numeric

    def test_polls_with_waves_and_one_new_pressure(self, capture: Capture) -> None:
        driver = IntellivueDriver()
        readings = driver.receive(capture("poll-and-pressure"), 0.0)
        time = "2021-04-22T11:47:31"
        assert [r for r in readings if isinstance(r, Numeric) and r.metric.startswith("nibp")] == [
            Numeric(Metric.NIBP_SYS, 131.0, device_time=time),
            Numeric(Metric.NIBP_DIA, 82.0, device_time=time),
            Numeric(Metric.NIBP_MEAN, 98.0, device_time=time),
            Numeric(Metric.NIBP_PULSE_RATE, 74.0, device_time=time),
        ]
        assert codes(readings) == ["associated", "nibp-from-before", "cuff-done"]
        wave = SampleArray(Metric.PLETH, 125.0, tuple(0x800 + 10 * k for k in range(32)), 4095)
        assert [r for r in readings if isinstance(r, SampleArray)] == [wave]
        assert Numeric(Metric.PERFUSION_INDEX, 2.5) in readings
        assert driver.counts == PacketCounts(good=31)

    def test_a_new_pressure_is_given_though_the_empty_end_of_its_reply_was_lost(self, capture: Capture) -> None:
        data = capture("poll-and-pressure")
        end = frames.frame(poll_reply([], messages.NUMERICS, 106.0))
        assert data.count(end) == 1
        readings = IntellivueDriver().receive(data.replace(end, b""), 0.0)
        pressures = [r.value for r in readings if isinstance(r, Numeric) and r.metric is Metric.NIBP_SYS]
        assert pressures == [131.0]
        # it comes before the values of the next reply
        assert [r.value for r in readings if isinstance(r, Numeric)][-5:] == [72, 97, 72, 37.1, 2.5]


class TestHostMessages:
    def test_lengths(self) -> None:
        assert len(messages.ASSOCIATE) == 300
        assert messages.ASSOCIATE[2:4] == (300 - 4).to_bytes(2, "big")
        assert messages.RELEASE_REQUEST[1] == len(messages.RELEASE_REQUEST) - 2
        for message in (messages.POLL_NUMERICS, messages.POLL_WAVES, messages.mds_result(7)):
            assert int.from_bytes(message[6:8], "big") == len(message) - 8

    def test_the_answer_bears_the_invoke_id(self) -> None:
        assert messages.mds_result(0x1234)[8:10] == b"\x12\x34"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (values.INVALID, (None, Quality.NO_VALUE)),
        (values.UNAVAILABLE, (None, Quality.NO_VALUE)),
        (values.TEST, (None, Quality.NO_VALUE)),
        (values.CALIBRATING, (97, Quality.CALIBRATING)),
        (values.QUESTIONABLE, (97, Quality.ARTEFACT)),
        (0x00E3, (97, Quality.GOOD)),
        (values.DEMO, (97, Quality.GOOD)),
    ],
)
def test_state_bits(state: int, expected: tuple[float | None, Quality]) -> None:
    numeric = values.numeric(Observed(0x4BB8, state, values.PERCENT, 97.0))
    assert (numeric.value, numeric.quality) == expected


@pytest.mark.parametrize(("identifier", "number"), [(0x4BB8, 101), (0x4BB8, 0), (0x4822, 400), (0x4B48, 90)])
def test_values_that_no_person_has_are_not_valid(identifier: int, number: float) -> None:
    numeric = values.numeric(Observed(identifier, 0, values.KINDS[identifier].unit, number))
    assert (numeric.value, numeric.quality) == (number, Quality.OUT_OF_RANGE)


def test_kilopascal_becomes_mmhg_and_other_units_are_said_once_and_not_shown() -> None:
    assert values.numeric(Observed(0x4A05, 0, values.KILOPASCAL, 16.0)).value == 120.0
    driver = IntellivueDriver()
    readings = driver.receive(reply(value(0x4B48, 0x1140, (986, -1))) * 3, 0.0)
    assert codes(readings) == ["unit-not-understood"]
    assert [r for r in readings if isinstance(r, Numeric)] == [Numeric(Metric.TEMPERATURE, None, Quality.NO_VALUE)] * 3


def test_demonstration_is_said_on_change() -> None:
    driver = IntellivueDriver()
    demo, real = (reply(value(0x4BB8, values.PERCENT, (97, 0), state)) for state in (values.DEMO, 0))
    assert codes(driver.receive(demo * 3 + real * 2 + demo, 0.0)) == ["demo-data", "demo-ended", "demo-data"]


def test_values_in_compound_attributes_are_shown_too() -> None:
    data = encode_value(0x4BB8, 0, values.PERCENT, (97, 0)) + encode_value(0x4BB0, 0, values.RATIO, (12, -1))
    readings = IntellivueDriver().receive(reply((values.COMPOUND_VALUE, b"\x00\x02\x00\x14" + data)), 0.0)
    assert readings == [Numeric(Metric.SPO2, 97.0), Numeric(Metric.PERFUSION_INDEX, 1.2)]


def test_the_pulse_of_a_second_oximeter_is_not_mixed_in() -> None:
    other = frames.frame(
        poll_reply(
            [
                (0x101, [(values.LABEL, b"\x00\x02\x48\x22"), value(0x4822, values.PER_MINUTE, (72, 0))]),
                (0x102, [(values.LABEL, b"\x80\x15\x54\x3d"), value(0x4822, values.PER_MINUTE, (99, 0))]),
            ],
            messages.NUMERICS,
            1.0,
        )
    )
    assert IntellivueDriver().receive(other, 0.0) == [Numeric(Metric.PULSE_RATE, 72.0)]


def test_waves_use_the_monitors_own_rate_and_bits_and_drop_flags() -> None:
    period = (values.SAMPLE_PERIOD, (32).to_bytes(4, "big"))
    specification = (values.WAVE_SPECIFICATION, b"\x00\x20\x10\x0a\x00\x00")
    wave = (values.WAVE, encode_wave(0x4BB4, values.QUESTIONABLE, [0x8001, 0x03FF]))
    readings = IntellivueDriver().receive(reply(period, specification, wave, polled=messages.WAVES), 0.0)
    assert readings == [SampleArray(Metric.PLETH, 250.0, (1, 0x3FF), 0x3FF, Quality.ARTEFACT)]


@given(st.binary(max_size=300))
def test_frames_and_payloads_are_inverse(payload: bytes) -> None:
    framed = frames.frame(payload)
    assert framed[0] == frames.BEGIN
    assert framed[-1] == frames.END
    assert not {frames.BEGIN, frames.END} & set(framed[1:-1])
    assert frames.payload(framed) == payload


@pytest.mark.parametrize("special", [0x7D, 0xC0, 0xC1])
def test_a_check_with_a_special_byte_is_escaped_too(special: int) -> None:
    bodies = (bytes((high, low)) for high in range(256) for low in range(256))
    payload = next(p for p in bodies if special in frames.fcs(frames.HEAD + b"\x00\x02" + p).to_bytes(2, "little"))
    framed = frames.frame(payload)
    assert len(framed) > 10
    assert frames.payload(framed) == payload
    assert [packet.data for packet in Framer(frames.frame_test).feed(framed)] == [framed]


def test_any_single_damaged_byte_is_noticed() -> None:
    framed = reply(value(0x4BB8, values.PERCENT, (97, 0)))
    for place in range(len(framed)):
        damaged = bytearray(framed)
        damaged[place] ^= 0x04
        assert IntellivueDriver().receive(bytes(damaged), 0.0) == []


def test_a_cut_frame_does_not_hide_the_next_one() -> None:
    driver = IntellivueDriver()
    good = reply(value(0x4BB8, values.PERCENT, (97, 0)))
    assert driver.receive(good[:20] + good, 0.0) == [Numeric(Metric.SPO2, 97.0)]
    assert driver.counts == PacketCounts(good=1, bad=1, skipped=20)


def test_a_good_frame_with_contradicting_lengths_is_dropped_as_a_whole() -> None:
    payload = bytearray(poll_reply([(1, [value(0x4BB8, values.PERCENT, (97, 0))])], messages.NUMERICS, 1.0))
    for place in range(5, len(payload) - 10):
        changed = bytes(payload[:place]) + bytes((payload[place] ^ 1,)) + bytes(payload[place + 1 :])
        readings = IntellivueDriver().receive(frames.frame(changed), 0.0)
        assert {r.value for r in readings if isinstance(r, Numeric)} <= {97.0, None}
    with pytest.raises(Cut):
        messages.read_export(bytes(payload[:-1]))


def test_structure_of_a_reply() -> None:
    message = messages.read_export(poll_reply([(7, [(1, b"ab")]), (8, [])], messages.NUMERICS, 2.0, linked=3))
    assert isinstance(message, Poll)
    assert (message.linked, message.ticks, message.polled) == (3, 16000, messages.NUMERICS)
    assert [(item.key, item.attributes) for item in message.objects] == [((0, 7), ((1, b"ab"),)), ((0, 8), ())]


known = st.sampled_from([*values.KINDS, 0x1234])
number = st.one_of(st.none(), st.tuples(st.integers(-500, 500), st.integers(-3, 3)))
states = st.sampled_from([0, 0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0400, 0x0020])
units = st.sampled_from([values.PERCENT, values.PER_MINUTE, values.MMHG, values.KILOPASCAL, values.CELSIUS])
one_value = st.builds(lambda i, s, u, n: (values.VALUE, encode_value(i, s, u, n)), known, states, units, number)
stamps = st.sampled_from(["2021042211473100", "2021042211000000", "FFFFFFFFFFFFFFFF"]).map(
    lambda text: (values.TIME_STAMP, bytes.fromhex(text))
)
waves = st.builds(
    lambda i, s, samples: (values.WAVE, encode_wave(i, s, samples)),
    st.sampled_from([0x4BB4, 0x0102, 0x0101]),
    states,
    st.lists(st.integers(0, 0xFFFF), max_size=4),
)
any_attribute = st.one_of(one_value, stamps, waves, st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=8)))
replies = st.builds(
    lambda listed, polled, linked: frames.frame(poll_reply([(1, listed)], polled, 1.0, linked)),
    st.lists(any_attribute, max_size=3),
    st.sampled_from([messages.NUMERICS, messages.WAVES, 0x36]),
    st.integers(0, 3),
)
parts = st.lists(
    st.one_of(
        st.binary(max_size=12),
        replies,
        st.binary(max_size=40).map(frames.frame),
        st.binary(max_size=40).map(lambda data: frames.frame(b"\xe1\x00\x00\x02" + data)),
        st.sampled_from([b"\x0e\x00", b"\x0c\x00", b"\x19", b"\x0a"]).map(frames.frame),
    ),
    max_size=15,
)


@settings(deadline=None)
@given(parts, st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = IntellivueDriver(), IntellivueDriver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, 30)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert readings == expected
    assert cut.counts == whole.counts
    for k in range(40):
        whole.transmit(k / 2)
        whole.receive(data[k : k + 5], k / 2)
