"""The simulated oximeter: its pace, and the driver reads back what it meant, with every fault."""

from __future__ import annotations

import pytest

from kapdevices.catalog import find
from kapdevices.masimo_ascii1.driver import MasimoAscii1Driver
from kapdevices.masimo_ascii1.simulator import FAULTS, MasimoAscii1Simulator
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading


def run(simulator: MasimoAscii1Simulator, seconds: float, step_s: float = 0.1) -> list[tuple[float, Reading]]:
    driver = MasimoAscii1Driver()
    out: list[tuple[float, Reading]] = []
    for k in range(int(seconds / step_s) + 1):
        now_s = k * step_s
        out += [(now_s, reading) for reading in driver.receive(simulator.transmit(now_s), now_s)]
    return out


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_what_is_decoded_is_what_was_meant(fault: str) -> None:
    simulator = MasimoAscii1Simulator(Patient("course", dose_at_s=10), {fault} - {""})
    good = 0
    for now_s, reading in run(simulator, 60):
        if isinstance(reading, Numeric) and reading.valid and reading.metric in (Metric.SPO2, Metric.PULSE_RATE):
            near = [simulator.displayed(max(0.0, now_s - back / 10)) for back in range(30)]
            assert reading.value in {pair[reading.metric is Metric.PULSE_RATE] for pair in near}
            good += 1
    assert (good > 15) is (fault not in ("low-perfusion", "sensor-defective"))


def test_a_line_a_second_whatever_the_step() -> None:
    for step_s in (0.01, 0.3, 1.2):
        simulator = MasimoAscii1Simulator(Patient("steady"))
        total = sum(simulator.transmit(100 + k * step_s).count(b"EXC=") for k in range(int(60 / step_s) + 1))
        assert total == pytest.approx(60, abs=1)


def test_a_jump_of_time_sends_two_lines_of_the_present() -> None:
    simulator = MasimoAscii1Simulator(Patient("steady"))
    simulator.transmit(0.0)
    late = simulator.transmit(3600.5)
    assert late.count(b"EXC=") == 2
    assert b"15:30:00" in late
    assert simulator.transmit(3600.5) == b""


def test_finger_out_holds_numbers_with_the_flag_then_prints_dashes_then_searches() -> None:
    spo2 = [(t, r) for t, r in run(MasimoAscii1Simulator(Patient("finger-out")), 252) if isinstance(r, Numeric)]
    spo2 = [(t, r) for t, r in spo2 if r.metric is Metric.SPO2]
    assert all(r.valid for t, r in spo2 if 2 < t < 220)
    assert all(r.value is not None and r.quality is Quality.SENSOR_OFF for t, r in spo2 if 221.2 < t < 222.9)
    assert all((r.value, r.quality) == (None, Quality.SENSOR_OFF) for t, r in spo2 if 224.2 < t < 240)
    assert {r.quality for t, r in spo2 if 242 < t < 244} == {Quality.SEARCHING}
    assert spo2[-1][1].valid


def test_motion_is_an_artefact_and_desaturation_raises_the_device_alarm() -> None:
    late = [r for t, r in run(MasimoAscii1Simulator(Patient("motion")), 89) if t > 80 and isinstance(r, Numeric)]
    assert {r.quality for r in late} == {Quality.ARTEFACT}
    desaturation = run(MasimoAscii1Simulator(Patient("desaturation")), 480, 0.5)
    codes = [r.code for _, r in desaturation if isinstance(r, DeviceStatus)]
    assert codes == ["device-clock", "device-alarm", "device-alarm-ended"]
    assert min(r.value for _, r in desaturation if isinstance(r, Numeric) and r.metric is Metric.SPO2 and r.value) < 88


def test_faults_of_the_device_are_said_once() -> None:
    readings = run(MasimoAscii1Simulator(Patient("steady"), {"low-battery", "sensor-expired"}), 30)
    assert sorted(r.code for _, r in readings if isinstance(r, DeviceStatus)) == ["low-battery", "sensor-message"]


def test_manifest_names_what_exists_and_unknown_faults_are_refused() -> None:
    assert set(find("masimo_ascii1").faults) == set(FAULTS)
    with pytest.raises(ValueError, match="unknown fault"):
        MasimoAscii1Simulator(Patient(), {"hiccup"})
