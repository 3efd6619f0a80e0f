"""Every worked example, told apart by where it comes from: real bytes, or composed by the maker's layout."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from kapdevices.contec_v7 import packets
from kapdevices.contec_v7.driver import ContecV7Driver
from kapdevices.contec_v7.packets import Live, command, encode_live, live, payload
from kapdevices.contec_v7.stored import stored_numerics
from kapdevices.driver import PacketCounts
from kapdevices.framing import Framer
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

Capture = Callable[[str], bytes]


def found(data: bytes) -> list[bytes]:
    return [packet.data for packet in Framer(packets.packet_test).feed(data)]


def numerics(readings: list[Reading]) -> set[tuple[Metric, float | None, Quality]]:
    return {(r.metric, r.value, r.quality) for r in readings if isinstance(r, Numeric)}


class TestReal:
    def test_cms50e_live(self, capture: Capture) -> None:
        driver = ContecV7Driver()
        readings = driver.receive(capture("cms50e-live-real"), 0.0)
        assert numerics(readings) == {
            (Metric.PULSE_RATE, 60, Quality.GOOD),
            (Metric.SPO2, 99, Quality.GOOD),
        }
        samples = [s for r in readings if isinstance(r, SampleArray) for s in r.samples]
        assert samples[:4] == [19, 19, 18, 18]
        assert max(samples) == 72
        assert driver.counts == PacketCounts(good=60)

    def test_cms50e_marks_a_beat_in_two_successive_packets(self, capture: Capture) -> None:
        said = [live(packet) for packet in found(capture("cms50e-live-real"))]
        beeps = [place for place, one in enumerate(said) if one.beep]
        assert beeps == [34, 35]
        assert {(one.strength, one.finger_out, one.searching, one.perfusion_invalid) for one in said} == {
            (4, False, False, True)
        }
        assert all(one.bar == one.pleth // 8 for one in said)

    def test_cms50d_session(self, capture: Capture) -> None:
        driver = ContecV7Driver()
        readings = driver.receive(capture("cms50d-session-real"), 0.0)
        assert [r.text for r in readings if isinstance(r, DeviceStatus)] == ["the oximeter is a 50D(A)+"]
        assert [(r.metric, r.value, r.quality) for r in readings if isinstance(r, Numeric)] == [
            (Metric.SPO2, 97, Quality.GOOD),
            (Metric.PULSE_RATE, 65, Quality.GOOD),
            (Metric.SPO2, None, Quality.SENSOR_OFF),
            (Metric.PULSE_RATE, None, Quality.SENSOR_OFF),
        ]
        assert [r.samples for r in readings if isinstance(r, SampleArray)][-1] == (64, 64, 64)
        assert driver.counts == PacketCounts(good=21)

    def test_cms50d_packet_that_is_printed_by_itself(self) -> None:
        said = live(bytes.fromhex("01 E0 85 D5 9A BD E3 FF FF"))
        assert (said.strength, said.pleth, said.bar, said.pulse_rate, said.spo2) == (5, 85, 10, 61, 99)
        assert said.perfusion == packets.NO_PERFUSION

    def test_stored_seconds(self, capture: Capture) -> None:
        rows = [payload(packet) for packet in found(capture("cms50d-stored-real"))]
        pairs = [(row[at], row[at + 1]) for row in rows for at in (0, 2, 4)]
        assert pairs[:6] == [(0, 0)] * 3 + [(98, 70)] * 3
        assert (98, 71) in pairs
        assert pairs[-6:] == [(97, 68), (97, 68), (0, 0), (0, 0), (0, 0), (0, 0)]

    def test_stored_headers(self, capture: Capture) -> None:
        date, time, length, second, short, refused = found(capture("stored-headers-real"))
        assert packets.start_of(payload(date), payload(time)) == datetime(2014, 8, 18, 2, 38, 18)
        assert int.from_bytes(payload(length)[2:], "little") == 292
        assert int.from_bytes(payload(short)[2:], "little") == 62
        assert payload(second) == bytes((97, 68)) + (590).to_bytes(2, "little")
        assert payload(refused) == b"\x81\x05"


class TestComposed:
    def test_rate_above_127_and_perfusion_index_then_the_written_sentinels(self, capture: Capture) -> None:
        readings = ContecV7Driver().receive(capture("live-composed"), 0.0)
        assert [(r.metric, r.value, r.quality) for r in readings if isinstance(r, Numeric)] == [
            (Metric.SPO2, 93, Quality.GOOD),
            (Metric.PULSE_RATE, 150, Quality.GOOD),
            (Metric.PERFUSION_INDEX, 3.25, Quality.GOOD),
            (Metric.SPO2, None, Quality.SEARCHING),
            (Metric.PULSE_RATE, None, Quality.SEARCHING),
            (Metric.PERFUSION_INDEX, None, Quality.SEARCHING),
        ]

    def test_encoder_agrees(self, capture: Capture) -> None:
        said = Live(40, 150, 93, 325, strength=6, bar=5)
        assert encode_live(said) == capture("live-composed")[:9]
        assert live(encode_live(said)) == said

    @pytest.mark.parametrize(
        ("at", "printed"),
        [
            (0, command(packets.START_LIVE)),
            (1, command(packets.KEEP_ALIVE)),
            (2, command(0xB2, 20, 26, 3, 5, 4)),
            (3, command(0xB1, 14, 30, 15)),
            (4, command(0xAE, 0, 0xFF)),
        ],
    )
    def test_commands(self, capture: Capture, at: int, printed: bytes) -> None:
        assert capture("commands")[9 * at : 9 * at + 9] == printed

    def test_host_packets_on_a_tapped_line_are_no_packets_of_the_device(self, capture: Capture) -> None:
        driver = ContecV7Driver()
        assert driver.receive(capture("commands"), 0.0) == []
        assert driver.counts == PacketCounts()

    def test_stored_values_are_never_live_and_zero_is_none(self) -> None:
        assert stored_numerics((0, 0, None), None) == [
            Numeric(Metric.SPO2, None, Quality.NO_VALUE, live=False),
            Numeric(Metric.PULSE_RATE, None, Quality.NO_VALUE, live=False),
        ]
        assert stored_numerics((97, 68, 590), "2014-08-18T02:38:18") == [
            Numeric(Metric.SPO2, 97, live=False, device_time="2014-08-18T02:38:18"),
            Numeric(Metric.PULSE_RATE, 68, live=False, device_time="2014-08-18T02:38:18"),
            Numeric(Metric.PERFUSION_INDEX, 5.9, live=False, device_time="2014-08-18T02:38:18"),
        ]
