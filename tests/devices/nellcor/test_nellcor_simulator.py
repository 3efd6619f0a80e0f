"""The simulated oximeter: its pace, and the driver reads back what it meant, with every fault."""

from __future__ import annotations

import pytest

from kapdevices.catalog import find
from kapdevices.nellcor.driver import NellcorDriver
from kapdevices.nellcor.simulator import FAULTS, NellcorSimulator
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading

METRICS = (Metric.SPO2, Metric.PULSE_RATE, Metric.PULSE_AMPLITUDE)


def run(simulator: NellcorSimulator, seconds: float, step_s: float = 0.1) -> list[tuple[float, Reading]]:
    driver = NellcorDriver()
    out: list[tuple[float, Reading]] = []
    for k in range(int(seconds / step_s) + 1):
        now_s = k * step_s
        simulator.receive(driver.transmit(now_s), now_s)
        out += [(now_s, reading) for reading in driver.receive(simulator.transmit(now_s), now_s)]
    return out


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_what_is_decoded_is_what_was_meant(fault: str) -> None:
    simulator = NellcorSimulator(Patient("course", dose_at_s=10), {fault} - {""})
    good = 0
    for now_s, reading in run(simulator, 80):
        if isinstance(reading, Numeric) and reading.valid:
            near = [simulator.displayed(max(0.0, now_s - back / 10)) for back in range(45)]
            assert reading.value in {values[METRICS.index(reading.metric)] for values in near}
            good += 1
    assert (good > 10) is (fault != "unknown-code")


@pytest.mark.parametrize("step_s", [0.01, 0.3, 1.2])
def test_a_line_every_two_seconds_and_headings_every_25_lines(step_s: float) -> None:
    simulator = NellcorSimulator(Patient("steady"))
    data = b"".join(simulator.transmit(100 + k * step_s) for k in range(int(120 / step_s) + 1))
    assert data.count(b"-Mar-26 ") == pytest.approx(60, abs=1)
    assert data.count(b"TIME") == 3
    assert {len(text) for text in data.splitlines() if b"Mar" in text} == {61}


def test_a_jump_of_time_sends_two_lines_of_the_present() -> None:
    simulator = NellcorSimulator(Patient("steady"))
    simulator.transmit(0.0)
    late = simulator.transmit(3601.0)
    assert late.count(b"-Mar-26 ") == 2
    assert b"15:30:00" in late
    assert simulator.transmit(3601.0) == b""


def test_finger_out_gives_dashes_then_a_search_with_zeros() -> None:
    spo2 = [(t, r) for t, r in run(NellcorSimulator(Patient("finger-out")), 256) if isinstance(r, Numeric)]
    spo2 = [(t, r) for t, r in spo2 if r.metric is Metric.SPO2]
    assert {(r.value, r.quality) for t, r in spo2 if 221 < t < 240} == {(None, Quality.SENSOR_OFF)}
    assert {(r.value, r.quality) for t, r in spo2 if 243 < t < 247} == {(None, Quality.SEARCHING)}
    assert spo2[-1][1].valid


def test_motion_is_interference_and_desaturation_raises_the_device_alarm() -> None:
    late = [r for t, r in run(NellcorSimulator(Patient("motion")), 89) if t > 82 and isinstance(r, Numeric)]
    assert {r.quality for r in late} == {Quality.INTERFERENCE}
    desaturation = run(NellcorSimulator(Patient("desaturation")), 480, 0.5)
    codes = [r.code for _, r in desaturation if isinstance(r, DeviceStatus)]
    assert codes == ["device-model", "device-clock", "device-alarm", "device-alarm-ended"]


def test_a_stopped_output_is_started_by_the_xon() -> None:
    times = [t for t, r in run(NellcorSimulator(Patient("steady"), {"stopped-output"}), 20) if isinstance(r, Numeric)]
    assert 6 <= min(times) < 12


def test_no_output_on_battery() -> None:
    times = [t for t, _ in run(NellcorSimulator(Patient("steady"), {"silence-on-battery"}), 60)]
    assert 26 < max(times) < 30


def test_manifest_names_what_exists_and_unknown_faults_are_refused() -> None:
    assert set(find("nellcor").faults) == set(FAULTS)
    with pytest.raises(ValueError, match="unknown fault"):
        NellcorSimulator(Patient(), {"hiccup"})
