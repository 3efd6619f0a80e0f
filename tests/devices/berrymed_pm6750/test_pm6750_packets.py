"""Worked examples by provenance, validity, damage, and decoding whatever comes."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kapdevices.berrymed_pm6750 import packets
from kapdevices.berrymed_pm6750.driver import Pm6750Driver
from kapdevices.berrymed_pm6750.packets import Nibp
from kapdevices.berrymed_pm6750.simulator import Pm6750Simulator
from kapdevices.berrymed_pm6750.values import nibp_readings
from kapdevices.driver import PacketCounts
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

Capture = Callable[[str], bytes]


def shown(readings: list[Reading], metric: Metric) -> list[tuple[float | None, Quality]]:
    return [(r.value, r.quality) for r in readings if isinstance(r, Numeric) and r.metric is metric]


def codes(readings: list[Reading]) -> list[str]:
    return [r.code for r in readings if isinstance(r, DeviceStatus)]


def spo2(status: int, value: int, pulse: int) -> bytes:
    return packets.packet(packets.SPO2, bytes((status, value, pulse)))


class TestManual:
    def test_one_moment_of_the_ecg(self, capture: Capture) -> None:
        assert packets.packet(packets.ECG_WAVE, bytes([128] * 7)) == capture("pm6750-ecg")
        driver = Pm6750Driver()
        driver.receive(packets.packet(packets.ECG, bytes((0x18, 72, 14, 0, 1))), 0.0)
        assert driver.receive(capture("pm6750-ecg"), 0.1) == [SampleArray(Metric.ECG, 250.0, (128,), 250)]

    @pytest.mark.parametrize(
        ("command", "printed"),
        [
            (packets.command(0x03, 1), "55 AA 04 03 01 F7"),
            (packets.command(0xFE, 1), "55 AA 04 FE 01 FC"),
            (packets.command(0x04, 1), "55 AA 04 04 01 F6"),
            (packets.START, "55 AA 04 02 01 F8"),
            (packets.STOP, "55 AA 04 02 00 F9"),
            (packets.set_mode("adult"), "55 AA 04 09 01 F1"),
            (packets.set_target(150), "55 AA 04 0A 4B A6"),
        ],
    )
    def test_commands_as_in_the_makers_sample_and_by_its_rule(self, command: bytes, printed: str) -> None:
        assert command == bytes.fromhex(printed)


class TestComposed:
    def test_spo2_pleth_beat_and_temperature(self, capture: Capture) -> None:
        driver = Pm6750Driver()
        assert driver.receive(capture("pm6750-examples"), 0.0) == [
            Numeric(Metric.SPO2, 98.0),
            Numeric(Metric.PULSE_RATE, 72.0),
            SampleArray(Metric.PLETH, 50.0, (50,), 255),
            Numeric(Metric.SPO2, None, Quality.SENSOR_OFF),
            Numeric(Metric.PULSE_RATE, None, Quality.SENSOR_OFF),
            SampleArray(Metric.PLETH, 50.0, (50,), 255, Quality.SENSOR_OFF),
            Numeric(Metric.TEMPERATURE, 36.6),
        ]
        assert driver.counts == PacketCounts(good=6)

    def test_a_recorded_measurement_without_the_old_result_before_it(self, capture: Capture) -> None:
        readings = Pm6750Driver().receive(capture("pm6750-cuff"), 0.0)
        assert shown(readings, Metric.CUFF_PRESSURE) == [(120, ""), (160, ""), (90, "")]
        assert shown(readings, Metric.NIBP_SYS) == [(121, "")]
        assert shown(readings, Metric.NIBP_MEAN) == [(92, "")]
        assert shown(readings, Metric.NIBP_DIA) == [(78, "")]
        assert shown(readings, Metric.NIBP_PULSE_RATE) == [(None, Quality.NO_VALUE)]
        assert codes(readings) == ["cuff-inflating", "cuff-done"]

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("55 AA 08 03 04 3C 00 00 00 B4", Nibp(packets.MEASURING, 0, 120)),
            ("55 AA 08 03 00 00 79 5C 4E D1", Nibp(packets.FINISHED, 0, 0, 121, 92, 78)),
            ("55 AA 08 03 10 00 00 00 00 E4", Nibp(packets.LOOSE)),
            ("55 AA 08 03 0C 00 00 00 00 E8", Nibp(packets.OVER_PRESSURE)),
        ],
    )
    def test_cuff_packets(self, text: str, said: Nibp) -> None:
        data = bytes.fromhex(text)
        assert packets.nibp(data[4:-1]) == said
        assert packets.encode_nibp(said) == data


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (1, Quality.SENSOR_DISCONNECTED),
        (2, Quality.SENSOR_OFF),
        (3, Quality.SEARCHING),
        (4, Quality.SEARCHING),
        (5, Quality.SENSOR_FAULT),
        (0x80, Quality.SENSOR_FAULT),
    ],
)
def test_a_status_speaks_against_values_and_pleth(status: int, quality: Quality) -> None:
    readings = Pm6750Driver().receive(spo2(status, 97, 72) + packets.packet(packets.PLETH, b"\x20"), 0.0)
    assert shown(readings, Metric.SPO2) == [(97, quality)]
    assert [r.quality for r in readings if isinstance(r, SampleArray)] == [quality]


def test_each_sentinel_is_judged_by_itself() -> None:
    driver = Pm6750Driver()
    readings = driver.receive(spo2(0, 127, 75) + spo2(0, 98, 255) + spo2(0, 0, 0) + spo2(0, 101, 251), 0.0)
    assert shown(readings, Metric.SPO2) == [
        (None, Quality.NO_VALUE),
        (98, ""),
        (0, Quality.OUT_OF_RANGE),
        (101, Quality.OUT_OF_RANGE),
    ]
    assert shown(readings, Metric.PULSE_RATE) == [
        (75, ""),
        (None, Quality.NO_VALUE),
        (None, Quality.NO_VALUE),
        (251, Quality.OUT_OF_RANGE),
    ]


@pytest.mark.parametrize("data", [b"\x02\x48\x0e", b"\x02\x48\x0e\x06", b"\x02\x48\x0e\x06\x01"])
def test_lead_off_in_long_and_short_ecg_packets(data: bytes) -> None:
    readings = Pm6750Driver().receive(packets.packet(packets.ECG, data), 0.0)
    assert shown(readings, Metric.HEART_RATE) == [(72, Quality.SENSOR_OFF)]
    assert shown(readings, Metric.RESP_RATE) == [(14, Quality.SENSOR_OFF)]


def test_rates_of_zero_and_a_weak_ecg() -> None:
    readings = Pm6750Driver().receive(packets.packet(packets.ECG, b"\x01\x48\x00\x00\x00"), 0.0)
    assert shown(readings, Metric.HEART_RATE) == [(72, Quality.ARTEFACT)]
    assert shown(readings, Metric.RESP_RATE) == [(None, Quality.ARTEFACT)]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ((0, 36, 6, 0, 0), (36.6, "")),
        ((2, 36, 6, 0, 0), (36.6, "")),
        ((1, 36, 6, 36, 0), (None, Quality.SENSOR_OFF)),
        ((3, 36, 6, 36, 0), (None, Quality.SENSOR_OFF)),
        ((0, 36, 12, 0, 0), (37.2, Quality.OUT_OF_RANGE)),
        ((0, 0, 0, 0, 0), (0, Quality.OUT_OF_RANGE)),
        ((9, 30, 0, 0, 0), (None, Quality.SENSOR_OFF)),
        ((8, 36, 6, 0, 0), (36.6, Quality.SENSOR_FAULT)),
    ],
)
def test_temperature(data: tuple[int, ...], expected: tuple[float | None, Quality]) -> None:
    readings = Pm6750Driver().receive(packets.packet(packets.TEMPERATURE, bytes(data)), 0.0)
    assert shown(readings, Metric.TEMPERATURE) == [expected]


@pytest.mark.parametrize("said", [Nibp(0, 0, 0, 80, 93, 120), Nibp(0, 0, 0, 120, 130, 80), Nibp(0, 0, 0, 120, 120, 80)])
def test_pressures_that_cannot_be_are_not_valid(said: Nibp) -> None:
    numerics = [r for r in nibp_readings(said) if isinstance(r, Numeric)]
    assert not any(r.valid for r in numerics)


def test_samples_wait_for_the_status_that_speaks_for_them() -> None:
    driver = Pm6750Driver()
    assert driver.receive(packets.packet(packets.PLETH, b"\x20") * 3, 0.0) == []


def test_checksum_failure_is_counted_and_not_shown_and_doubt_follows() -> None:
    driver = Pm6750Driver()
    bad = bytearray(spo2(0, 98, 72))
    bad[5] = 80
    assert driver.receive(bytes(bad) + spo2(0, 97, 72), 0.0) == []
    assert driver.counts == PacketCounts(good=1, bad=1, skipped=8)
    readings = driver.receive(spo2(0, 97, 74), 1.0)
    assert shown(readings, Metric.SPO2) == [(97, "")]
    assert shown(readings, Metric.PULSE_RATE) == []


def test_after_a_pause_nothing_is_compared_with_the_time_before() -> None:
    driver = Pm6750Driver()
    driver.receive(b"\x00" + spo2(0, 97, 72), 0.0)
    assert driver.receive(spo2(0, 97, 72), 60.0) == []


def test_a_packet_of_an_unknown_type_is_passed_by_without_doubt() -> None:
    driver = Pm6750Driver()
    readings = driver.receive(packets.packet(0x7A, b"\x01\x02\x03") + spo2(0, 97, 72), 0.0)
    assert shown(readings, Metric.SPO2) == [(97, "")]
    assert driver.counts == PacketCounts(good=2)


def test_a_header_inside_data_does_not_confuse() -> None:
    driver = Pm6750Driver()
    driver.receive(spo2(0, 97, 72), 0.0)
    wave = packets.packet(packets.ECG_WAVE, b"\x55\xaa\x06\x04\x00\x62\x48")
    readings = driver.receive(wave + spo2(0, 96, 73), 1.0)
    assert shown(readings, Metric.SPO2) == [(96, "")]


def test_a_cut_packet_does_not_hide_the_next_one() -> None:
    driver = Pm6750Driver()
    driver.receive(spo2(0, 97, 72)[:5], 0.0)
    driver.receive(spo2(0, 97, 72), 0.5)
    assert shown(driver.receive(spo2(0, 97, 72), 1.5), Metric.SPO2) == [(97, "")]


class TestOutputs:
    def test_the_board_is_asked_for_its_outputs_and_never_for_the_cuff(self) -> None:
        driver = Pm6750Driver()
        sent = [(t / 50, data) for t in range(150) if (data := driver.transmit(t / 50))]
        assert [data for _, data in sent] == list(packets.ENABLE)
        assert min(b - a for (a, _), (b, _) in zip(sent, sent[1:], strict=False)) >= 0.05

    def test_a_mute_board_is_asked_again_and_said_once(self) -> None:
        driver = Pm6750Driver()
        readings: list[Reading] = []
        sent = []
        for t in range(1500):
            sent.append(driver.transmit(t / 50))
            readings += driver.receive(b"", t / 50)
        assert sent.count(packets.ENABLE[0]) == 10
        assert codes(readings) == ["board-mute"]

    def test_a_board_that_was_switched_off_is_switched_on_again(self) -> None:
        patient, driver = Patient("steady"), Pm6750Driver()
        values: list[float] = []
        board = Pm6750Simulator(patient)
        for t in range(1500):
            now_s = t / 50
            if t == 500:
                board = Pm6750Simulator(patient)
            board.receive(driver.transmit(now_s), now_s)
            readings = driver.receive(board.transmit(now_s), now_s)
            values += [now_s for value, _ in shown(readings, Metric.SPO2) if value]
        assert [now_s for now_s in values if now_s < 10]
        assert [now_s for now_s in values if now_s > 20]


parts = st.lists(
    st.one_of(
        st.binary(max_size=12),
        st.builds(spo2, st.integers(0, 5), st.integers(90, 127), st.integers(60, 90)),
        st.builds(Nibp, st.integers(0, 12), st.integers(0, 3), st.integers(0, 400), *[st.integers(0, 255)] * 3).map(
            packets.encode_nibp
        ),
        st.tuples(st.sampled_from([packets.PLETH, packets.RESP]), st.binary(min_size=1, max_size=1)).map(
            lambda item: packets.packet(*item)
        ),
        st.binary(min_size=5, max_size=5).map(lambda data: packets.packet(packets.ECG, data)),
        st.binary(min_size=7, max_size=7).map(lambda data: packets.packet(packets.ECG_WAVE, data)),
    ),
    max_size=20,
)


def apart(readings: list[Reading]) -> tuple[list[Reading], dict[Metric, list[tuple[int, Quality]]]]:
    """Everything but samples in order, and each waveform sample by sample."""
    waves: dict[Metric, list[tuple[int, Quality]]] = {}
    for reading in readings:
        if isinstance(reading, SampleArray):
            waves.setdefault(reading.metric, []).extend((sample, reading.quality) for sample in reading.samples)
    return [reading for reading in readings if not isinstance(reading, SampleArray)], waves


@settings(deadline=None)
@given(parts, st.integers(0, 2**32))
def test_any_bytes_in_any_pieces(pieces: list[bytes], seed: int) -> None:
    data = b"".join(pieces)
    whole, cut = Pm6750Driver(), Pm6750Driver()
    expected = whole.receive(data, 0.0)
    chance, at, readings = random.Random(seed), 0, []
    while at < len(data):
        step = chance.randint(1, 9)
        readings += cut.receive(data[at : at + step], 0.0)
        at += step
    assert apart(readings) == apart(expected)
    assert cut.counts == whole.counts
    for k in range(40):
        whole.transmit(k / 2)
        whole.receive(data[k : k + 5], k / 2)
