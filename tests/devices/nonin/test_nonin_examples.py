"""Every worked example, told apart by where it comes from: real bytes, the manual, or composed by the layout."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest

from kapdevices.driver import PacketCounts
from kapdevices.framing import Framer
from kapdevices.nonin import commands, frames
from kapdevices.nonin.driver import NoninDriver
from kapdevices.nonin.simulator import df8_frame, df13_packet
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

Capture = Callable[[str], bytes]


def numerics(readings: list[Reading]) -> list[Numeric]:
    return [reading for reading in readings if isinstance(reading, Numeric)]


def found(test: Callable[[bytearray, int, bool], int], data: bytes) -> list[bytes]:
    return [packet.data for packet in Framer(test).feed(data)]


class TestReal:
    @pytest.mark.parametrize("format", [None, "df2"])
    def test_9560_frames_give_the_values_their_publisher_names(self, capture: Capture, format: str | None) -> None:
        driver = NoninDriver(format)
        readings = driver.receive(capture("9560-df2-real"), 0.0)
        assert numerics(readings) == [Numeric(Metric.PULSE_RATE, 74), Numeric(Metric.SPO2, 96)]
        samples = [s for r in readings if isinstance(r, SampleArray) for s in r.samples]
        assert samples[:5] == [0x49, 0x46, 0x44, 0x43, 0x43]
        assert len(samples) == 29
        # the last frame as published has the checksum of a frame with SYNC, and a status without it
        assert driver.counts == PacketCounts(good=29, bad=1, skipped=5)

    def test_9560_fields(self, capture: Capture) -> None:
        packet = found(frames.df2_test, capture("9560-df2-real"))[4:29]
        fields = frames.packet_fields(bytes(frame[3] for frame in packet))
        assert (fields.hr, fields.spo2, fields.revision, fields.timer) == (74, 96, 0x94, 23)
        assert (fields.spo2_d, fields.hr_d, fields.e_hr, fields.e_hr_d) == (96, 74, 74, 74)
        assert not fields.low_battery
        assert not fields.smartpoint


class TestManual:
    def test_set_clock(self, capture: Capture) -> None:
        assert commands.set_clock(datetime(2050, 12, 31, 14, 30, 15)) == capture("commands")


class TestComposed:
    def test_df2_start(self, capture: Capture) -> None:
        packet = found(frames.df2_test, capture("df2-start"))
        assert len(packet) == 4
        assert packet[0][1] & frames.SYNC
        assert frames.join_hr(packet[0][3], packet[1][3]) == 72
        assert packet[2][3] & 0x7F == 97

    def test_df2_rate_above_127(self, capture: Capture) -> None:
        one, two = found(frames.df2_test, capture("df2-hr-140"))
        assert frames.join_hr(one[3], two[3]) == 140

    def test_df2_finger_out(self, capture: Capture) -> None:
        one, two, three = found(frames.df2_test, capture("df2-finger-out"))
        assert frames.join_hr(one[3], two[3]) == frames.HR_MISSING
        assert three[3] & 0x7F == frames.SPO2_MISSING
        assert frames.stream_quality(one[1]) is Quality.SENSOR_OFF

    def test_df7_start(self, capture: Capture) -> None:
        driver = NoninDriver("df7")
        (piece,) = driver.receive(capture("df7-start"), 0.0)
        assert isinstance(piece, SampleArray)
        assert piece.samples == (32768, 32784, 32900)
        assert (piece.full_scale, piece.rate_hz) == (65535, 75.0)

    def test_df8(self, capture: Capture) -> None:
        one, two, three = found(frames.df8_test, capture("df8"))
        assert (frames.df8_hr(one), one[2], frames.df8_quality(one)) == (72, 97, Quality.GOOD)
        assert (frames.df8_hr(two), two[2]) == (140, 97)
        assert (frames.df8_hr(three), three[2]) == (511, 127)
        assert frames.df8_quality(three) is Quality.SENSOR_OFF
        assert df8_frame(72, 97, False, False, False, False) == one

    @pytest.mark.parametrize("format", [None, "df13"])
    def test_df13(self, capture: Capture, format: str | None) -> None:
        readings = NoninDriver(format).receive(capture("df13"), 0.0)
        assert numerics(readings) == [
            Numeric(Metric.PULSE_RATE, 72, live=False, device_time="2026-03-05T14:30:15"),
            Numeric(Metric.SPO2, 97, live=False, device_time="2026-03-05T14:30:15"),
            Numeric(Metric.PULSE_RATE, None, Quality.NO_VALUE, live=False, device_time="2026-03-05T14:31:00"),
            Numeric(Metric.SPO2, None, Quality.NO_VALUE, live=False, device_time="2026-03-05T14:31:00"),
        ]
        assert [r.code for r in readings if isinstance(r, DeviceStatus)][-1] == "low-battery"

    def test_df13_encoder_agrees(self, capture: Capture) -> None:
        assert df13_packet(datetime(2026, 3, 5, 14, 30, 15), 72, 97) == capture("df13")[:22]

    @pytest.mark.parametrize(
        ("command", "printed"),
        [
            (commands.set_format("df2"), "02 70 02 02 02 03"),
            (commands.set_format("df13"), "02 70 02 02 0D 03"),
            (commands.set_format_with_options("df13", 0x00), "02 70 04 02 0D 00 83 03"),  # also sent by a real driver
            (commands.set_format_with_options("df2", 0x21), "02 70 04 02 02 21 99 03"),
            (commands.read_clock(), "02 72 00 03"),
            (commands.read_serial_number(), "02 74 02 02 02 03"),
            (commands.read_type(), "02 73 00 03"),
            (commands.set_bluetooth_timeout(10), "02 75 04 04 00 0A 0E 03"),
        ],
    )
    def test_commands(self, command: bytes, printed: str) -> None:
        assert command == bytes.fromhex(printed)

    def test_clock_answer(self) -> None:
        assert commands.clock_answer(bytes.fromhex("02F206320C1F0E1E0F03")) == "2050-12-31T14:30:15"
        assert commands.clock_answer(bytes.fromhex("02F206320D1F0E1E0F03")) is None
