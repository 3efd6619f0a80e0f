"""Faults of any line: the host sees damage or silence, never a number that nobody sent."""

from __future__ import annotations

import pytest

from kapdevices.catalog import Manifest, catalog, find
from kapdevices.linefaults import EVERY_S, LINE_FAULTS, PULLED_S, REBOOT_S, pulled, with_parity
from kapdevices.patient import FROZEN_EVERY_S, FROZEN_S, SAME_ARM_EVERY_S, SAME_ARM_S, Patient
from kapdevices.readings import Metric, Numeric, Quality, Reading, SampleArray

TURN_S = 0.05
STREAMS = [manifest for manifest in catalog().values() if not manifest.commands and manifest.quiet_s <= 5]


def talk(manifest: Manifest, seconds: float, fault: str, scenario: str = "steady") -> list[tuple[float, Reading]]:
    """Readings with their times from a simulator and its driver."""
    faults = (fault,) if fault else ()
    simulator, driver = manifest.make_simulator(Patient(scenario), None, faults), manifest.make_driver()
    readings = []
    for turn in range(round(seconds / TURN_S)):
        now_s = turn * TURN_S
        simulator.receive(driver.transmit(now_s), now_s)
        readings += [(now_s, reading) for reading in driver.receive(simulator.transmit(now_s), now_s)]
    return readings


def valid_spo2(readings: list[tuple[float, Reading]]) -> list[tuple[float, float]]:
    return [
        (now_s, reading.value)
        for now_s, reading in readings
        if isinstance(reading, Numeric)
        and reading.metric is Metric.SPO2
        and reading.valid
        and reading.value is not None
    ]


@pytest.mark.parametrize("manifest", STREAMS, ids=lambda manifest: manifest.id)
@pytest.mark.parametrize("fault", ["line-noise", "rebooted"])
def test_the_line_s_faults_invent_no_saturation(manifest: Manifest, fault: str) -> None:
    values = valid_spo2(talk(manifest, 2.5 * EVERY_S, fault))
    assert values, "between the faults there are values"
    assert all(95 <= value <= 100 for _, value in values), values


def test_a_rebooting_device_is_silent_and_then_talks_again() -> None:
    values = valid_spo2(talk(find("nonin"), EVERY_S + 20, "rebooted"))
    silent_from_s = EVERY_S - REBOOT_S
    assert any(now_s < silent_from_s for now_s, _ in values)
    assert not any(silent_from_s + 2 < now_s < EVERY_S for now_s, _ in values)
    assert any(now_s > EVERY_S for now_s, _ in values)


@pytest.mark.parametrize("protocol", ["nonin", "contec_v7", "five_byte"])
def test_a_wrong_parity_setting_gives_no_number_at_all(protocol: str) -> None:
    assert valid_spo2(talk(find(protocol), 30, "wrong-parity")) == []


def test_parity_is_that_of_seven_bits() -> None:
    assert [with_parity(byte) for byte in (0x00, 0x01, 0x03, 0x7F, 0x81)] == [0x00, 0x81, 0x03, 0xFF, 0x81]


def test_the_cable_is_out_for_a_while_in_each_period() -> None:
    out = sum(pulled(second / 10) for second in range(round(10 * EVERY_S))) / 10
    assert out == pytest.approx(PULLED_S, abs=0.2)


def test_a_cuff_on_the_oximeters_arm_takes_the_number_away() -> None:
    readings = talk(find("nonin"), SAME_ARM_EVERY_S, "", "same-arm")
    during_s = SAME_ARM_EVERY_S - SAME_ARM_S / 2
    late = [value for now_s, value in valid_spo2(readings) if now_s > during_s]
    assert late == []
    held = [r for now_s, r in readings if now_s > during_s and isinstance(r, Numeric) and r.metric is Metric.SPO2]
    assert {reading.quality for reading in held} <= {Quality.SENSOR_OFF, Quality.NO_VALUE}


def test_frozen_values_come_again_and_again_while_the_device_goes_on() -> None:
    readings = talk(find("nonin"), FROZEN_EVERY_S, "", "frozen")
    from_s = FROZEN_EVERY_S - FROZEN_S + 2
    pleth = [r.samples for now_s, r in readings if now_s > from_s and isinstance(r, SampleArray)]
    assert len({sample for samples in pleth for sample in samples}) == 1
    assert len({value for now_s, value in valid_spo2(readings) if now_s > from_s}) == 1


def test_an_unknown_fault_lists_what_there_is() -> None:
    with pytest.raises(ValueError, match=LINE_FAULTS[0]):
        find("nonin").make_simulator(Patient("steady"), None, ("fire",))
