"""Every worked example. All are composed by the layout: no bytes of a device were at hand."""

from __future__ import annotations

from collections.abc import Callable

from kapdevices.driver import PacketCounts
from kapdevices.five_byte.driver import FiveByteDriver
from kapdevices.five_byte.packets import Said, decode, encode
from kapdevices.five_byte.stored import StoredReader, begin_of, readings_of, trio
from kapdevices.readings import Metric, Numeric, Quality, Reading, SampleArray

Capture = Callable[[str], bytes]


def numerics(readings: list[Reading]) -> list[tuple[Metric, float | None, Quality]]:
    return [(r.metric, r.value, r.quality) for r in readings if isinstance(r, Numeric)]


class TestComposed:
    def test_contec_live(self, capture: Capture) -> None:
        driver = FiveByteDriver()
        readings = driver.receive(capture("contec-live"), 0.0)
        assert numerics(readings) == [
            (Metric.SPO2, 97, Quality.GOOD),
            (Metric.PULSE_RATE, 72, Quality.GOOD),
            (Metric.SPO2, 93, Quality.GOOD),
            (Metric.PULSE_RATE, 150, Quality.GOOD),
            (Metric.SPO2, None, Quality.SENSOR_OFF),
            (Metric.PULSE_RATE, None, Quality.SENSOR_OFF),
        ]
        assert readings[0] == SampleArray(Metric.PLETH, 60.0, (64, 90, 68), 127)
        assert driver.counts == PacketCounts(good=9)

    def test_fields(self) -> None:
        plain, beat, fast = (bytes.fromhex(text) for text in ("8540074861", "C55A0C4861", "861E43165D"))
        assert decode(plain) == Said(64, 72, 97, strength=5, bar=7)
        assert decode(beat) == Said(90, 72, 97, strength=5, bar=12, beep=True)
        assert decode(fast) == Said(30, 150, 93, strength=6, bar=3)
        assert [encode(decode(packet)) for packet in (plain, beat, fast)] == [plain, beat, fast]

    def test_berry_without_a_finger(self, capture: Capture) -> None:
        readings = FiveByteDriver("berry").receive(capture("berry-no-finger"), 0.0)
        assert numerics(readings) == [
            (Metric.SPO2, None, Quality.SENSOR_OFF),
            (Metric.PULSE_RATE, None, Quality.SENSOR_OFF),
        ]
        assert readings[0] == SampleArray(Metric.PLETH, 100.0, (0, 0, 0), 100, Quality.SENSOR_OFF)

    def test_contec_memory(self, capture: Capture) -> None:
        reader = StoredReader()
        assert reader.feed(capture("contec-stored")) == bytes.fromhex("8540074861")
        assert reader.record is not None
        assert readings_of(reader.record) == [
            Numeric(Metric.SPO2, 93, live=False, device_time="T22:30:00"),
            Numeric(Metric.PULSE_RATE, 150, live=False, device_time="T22:30:00"),
            Numeric(Metric.SPO2, 97, live=False, device_time="T22:30:01"),
            Numeric(Metric.PULSE_RATE, 72, live=False, device_time="T22:30:01"),
        ]

    def test_encoders_of_the_memory_agree(self, capture: Capture) -> None:
        assert begin_of(2, (22, 30)) + trio(93, 150) + trio(97, 72) == capture("contec-stored")[:18]
        assert begin_of(3600, None)[-3:] == bytes.fromhex("80D42F")
