"""A device's own clock beside ours: said at the beginning and now and then, never from a damaged digit."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from kapdevices.catalog import find
from kapdevices.deviceclock import EVERY_S, FIRST_AFTER_S, DeviceClock, parse_moment
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus

START = datetime(2026, 3, 5, 14, 30)


def test_it_is_said_after_a_minute_and_then_every_ten() -> None:
    clock = DeviceClock()
    said = [(s, status) for s in range(1300) for status in clock.hear(START + timedelta(seconds=s), float(s))]
    first_s = 1 + FIRST_AFTER_S
    assert [s for s, _ in said] == [first_s, first_s + EVERY_S, first_s + 2 * EVERY_S]
    assert said[0][1] == DeviceStatus("device-clock", "the device's clock says 2026-03-05 14:31:01")


def test_a_damaged_year_is_not_said() -> None:
    clock = DeviceClock()
    clock.hear(START, 0.0)
    clock.hear(START + timedelta(seconds=1), 1.0)
    later = START + timedelta(seconds=FIRST_AFTER_S)
    assert clock.hear(later.replace(year=2062), FIRST_AFTER_S + 1) == []
    assert clock.hear(later + timedelta(seconds=2), FIRST_AFTER_S + 2) == []
    assert clock.hear(later + timedelta(seconds=3), FIRST_AFTER_S + 3) != []


@pytest.mark.parametrize("text", [b"02/30/26 10:00:00", b"99/99/99 99:99:99", b"\xff" * 17, b""])
def test_what_is_no_moment_is_none(text: bytes) -> None:
    assert parse_moment(text, "%m/%d/%y %H:%M:%S") is None


@pytest.mark.parametrize("protocol", ["masimo_ascii1", "nellcor", "s5_dri"])
def test_devices_that_send_their_clock_have_it_recorded(protocol: str) -> None:
    simulator, driver = find(protocol).make_simulator(Patient("steady")), find(protocol).make_driver()
    codes = []
    for turn in range(1600):
        now_s = turn * 0.05
        simulator.receive(driver.transmit(now_s), now_s)
        for reading in driver.receive(simulator.transmit(now_s), now_s):
            if isinstance(reading, DeviceStatus):
                codes.append(reading.code)
    assert codes.count("device-clock") == 1
