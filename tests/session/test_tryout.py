"""Ten seconds of a device in plain words."""

from __future__ import annotations

import pytest

from kapconsole import events as ev
from kapconsole.session.timeline import Timeline
from kapconsole.session.tryout import TRY_US, heard, tried
from kapdevices.driver import PacketCounts
from kapdevices.readings import Metric, Quality

OXIMETER = (Metric.SPO2, Metric.PULSE_RATE, Metric.PLETH)
CUFF = (Metric.NIBP_SYS, Metric.NIBP_DIA, Metric.CUFF_PRESSURE)
START_US = 60_000_000


@pytest.fixture
def timeline() -> Timeline:
    made = Timeline()
    made.add(ev.Event(1, 1000, 1000, "monitor", ev.DeviceState(1, "nonin", "p", "", "connected", "connected")))
    return made


def numbers(timeline: Timeline, metric: Metric, *values: float | None, quality: Quality = Quality.GOOD) -> None:
    for number, value in enumerate(values):
        timeline.add(
            ev.Measurement(START_US + number * 1_000_000 + list(Metric).index(metric), 1, metric, value, quality)
        )


def pleth(timeline: Timeline, seconds: int, quality: Quality = Quality.GOOD) -> None:
    for number in range(seconds):
        start_us = START_US + number * 1_000_000
        timeline.add(ev.WavePiece(start_us, 1_000_000, 1, Metric.PLETH, quality, 255, 1, bytes(range(75))))


def said(
    timeline: Timeline,
    received: int = 3750,
    counts: PacketCounts = PacketCounts(750),  # noqa: B008  frozen
    metrics: tuple[Metric, ...] = OXIMETER,
) -> str:
    return tried(heard(timeline, 1, START_US, START_US + TRY_US, received, counts, metrics))


def test_a_healthy_oximeter(timeline: Timeline) -> None:
    pleth(timeline, 12)
    numbers(timeline, Metric.SPO2, 97, 98, 98)
    numbers(timeline, Metric.PULSE_RATE, 71, 74, 72)
    assert said(timeline) == "75 pleth samples a second, SpO2 97 to 98, pulse 71 to 74, no damage"


def test_what_came_before_and_after_is_left_out(timeline: Timeline) -> None:
    timeline.add(ev.Measurement(START_US - 1, 1, Metric.SPO2, 60.0, Quality.GOOD))
    numbers(timeline, Metric.SPO2, 97)
    timeline.add(ev.Measurement(START_US + 2, 2, Metric.SPO2, 61.0, Quality.GOOD))
    timeline.add(ev.Measurement(START_US + TRY_US, 1, Metric.SPO2, 62.0, Quality.GOOD))
    assert said(timeline) == "SpO2 97, no damage"


def test_doubts_and_damage_are_said(timeline: Timeline) -> None:
    pleth(timeline, 4, Quality.ARTEFACT)
    numbers(timeline, Metric.SPO2, 97)
    numbers(timeline, Metric.PULSE_RATE, None, None, quality=Quality.SENSOR_OFF)
    timeline.add(ev.Measurement(START_US + 5_000_000, 1, Metric.SPO2, 88.0, Quality.MOTION))
    words = said(timeline, counts=PacketCounts(95, 5, 1))
    assert words == (
        "75 pleth samples a second for 4 s of 10 (none that the device trusts), SpO2 97 (at times: motion), "
        "pulse without a number (sensor off), 5 of 100 packets damaged and 1 byte passed over"
    )


def test_silence_asks_about_the_finger_only_where_there_is_a_sensor_for_one(timeline: Timeline) -> None:
    nothing = PacketCounts()
    assert said(timeline, 0, nothing) == "silence: is it on, is a finger in the sensor, is the cable the right one?"
    assert said(timeline, 0, nothing, CUFF) == "silence: is it on, is the cable the right one?"


def test_bytes_that_nobody_understands(timeline: Timeline) -> None:
    words = said(timeline, 4000, PacketCounts(0, 3, 3900))
    assert words == "bytes arrive but none is understood: another format or line speed?"


def test_a_cuff_monitor_at_rest_and_with_a_reading(timeline: Timeline) -> None:
    assert said(timeline, 100, PacketCounts(12), CUFF) == (
        "it answers, but sent no value; a cuff reading brings one, no damage"
    )
    reading = ev.NibpMeasured(1, 121.0, 77.0, 92.0, 64.0, Quality.GOOD, "")
    failed = ev.NibpMeasured(1, None, None, None, None, Quality.MEASUREMENT_FAILED, "air leak")
    timeline.add(ev.Event(2, START_US + 5, 0, "monitor", reading))
    timeline.add(ev.Event(3, START_US + 6, 0, "monitor", failed))
    assert said(timeline, 100, PacketCounts(12), CUFF) == (
        "a cuff reading of 121/77 mmHg, a cuff reading that failed (air leak), no damage"
    )


def test_a_port_that_is_gone_is_not_called_silence(timeline: Timeline) -> None:
    lost = ev.DeviceState(1, "nonin", "p", "", "lost", "the port is gone")
    timeline.add(ev.Event(2, START_US + 1, 0, "monitor", lost))
    assert said(timeline, 0, PacketCounts()) == "no contact: the port is gone"
    numbers(timeline, Metric.SPO2, 97)
    assert said(timeline) == "SpO2 97, contact was lost: the port is gone, no damage"
