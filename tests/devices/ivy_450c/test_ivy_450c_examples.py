"""The lines of the real recording, in a composed message: their values as the recording's publisher shows them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kapdevices.driver import PacketCounts
from kapdevices.ivy_450c.driver import IvyDriver
from kapdevices.ivy_450c.messages import Parameter, decode
from kapdevices.ivy_450c.values import numerics_of, quality_of
from kapdevices.readings import NIBP_METRICS, Metric, Numeric, Quality, SampleArray

Capture = Callable[[str], bytes]


@pytest.fixture
def data(capture: Capture) -> bytes:
    return capture("lines-of-the-recording")


class TestRealLines:
    def test_values(self, data: bytes) -> None:
        driver = IvyDriver()
        numerics = [r for r in driver.receive(data, 0.0) if isinstance(r, Numeric)]
        assert numerics == [
            Numeric(Metric.HEART_RATE, 80),
            Numeric(Metric.RESP_RATE, 35),
            Numeric(Metric.SPO2, 100),
            Numeric(Metric.PULSE_RATE, 80),
            *(Numeric(m, v, live=False) for m, v in zip(NIBP_METRICS, (121, 75, 92, 80), strict=True)),
        ]
        assert driver.counts == PacketCounts(good=2)

    def test_every_line_is_read(self, data: bytes) -> None:
        message = decode(data[: len(data) // 2])
        assert message.unread == 0
        assert message.parameters["P1"] == Parameter(3, (111, 73, 88), "")
        assert message.parameters["P2"] == Parameter(3, (None, None, None), "NO TRANSDUCER")
        assert message.parameters["ETCO2"] == message.parameters["T1"] == Parameter(1, (None,), "")
        assert quality_of(message.parameters["P2"]) is Quality.SENSOR_DISCONNECTED
        assert numerics_of("P1", message.parameters["P1"]) == []


class TestComposed:
    def test_waves_are_cut_by_count(self, data: bytes) -> None:
        pieces = [r for r in IvyDriver().receive(data, 0.0) if isinstance(r, SampleArray)][:3]
        assert [(p.metric, p.rate_hz, p.samples, p.full_scale) for p in pieces] == [
            (Metric.ECG, 200.0, tuple(range(200)), 255),
            (Metric.RESP, 50.0, tuple(range(50)), 255),
            (Metric.PLETH, 50.0, tuple(range(100, 150)), 255),
        ]

    @pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r\r"])
    def test_other_ends_of_lines_are_read_too(self, data: bytes, end: bytes) -> None:
        half = data[: len(data) // 2]
        other = half[:409] + half[409:].replace(b"\r", end)
        assert decode(other).parameters == decode(half).parameters
        assert IvyDriver().receive(other * 2, 0.0) == IvyDriver().receive(data, 0.0)
