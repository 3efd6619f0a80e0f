"""The simulated monitor: silent until asked, true pace, and the driver reads back what it meant, with every fault."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from kapdevices.patient import Patient
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray
from kapdevices.s5_dri import requests
from kapdevices.s5_dri.driver import S5Driver
from kapdevices.s5_dri.simulator import FAULTS, S5Simulator, wave_value


def run(simulator: S5Simulator, seconds: float, step_s: float = 0.1) -> tuple[list[tuple[float, Reading]], S5Driver]:
    driver, out = S5Driver(), []
    for k in range(round(seconds / step_s) + 1):
        now_s = k * step_s
        if sent := driver.transmit(now_s):
            simulator.receive(sent, now_s)
        out += [(now_s, reading) for reading in driver.receive(simulator.transmit(now_s), now_s)]
    return out, driver


def test_silent_until_asked() -> None:
    simulator = S5Simulator(Patient("steady"))
    assert b"".join(simulator.transmit(t / 10) for t in range(300)) == b""
    simulator.receive(requests.numerics(), 30.0)
    assert simulator.transmit(30.0) != b""
    simulator.receive(requests.numerics(0), 31.0)
    assert simulator.transmit(60.0) == b""


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_what_is_decoded_is_what_was_meant(fault: str) -> None:
    patient = Patient("course", dose_at_s=5)
    readings, _ = run(S5Simulator(patient, {fault} - {""}), 60)
    good = 0
    for now_s, reading in readings:
        if isinstance(reading, Numeric) and reading.valid and reading.metric is Metric.SPO2:
            near = {round(patient.spo2(max(0.0, now_s - back / 10))) for back in range(60)}
            assert reading.value in near
            good += 1
        elif isinstance(reading, Numeric) and reading.valid and reading.metric in NIBP_METRICS:
            measure = {
                Metric.NIBP_SYS: patient.systolic,
                Metric.NIBP_DIA: patient.diastolic,
                Metric.NIBP_MEAN: patient.mean,
                Metric.NIBP_PULSE_RATE: patient.pulse_rate,
            }[reading.metric]
            assert reading.value in {round(measure(10 + k / 10)) for k in range(60)}
    if fault not in ("oximeter-out", "noise", "byte-loss"):
        assert good > 5


def test_waves_arrive_complete_and_unchanged() -> None:
    patient = Patient("steady")
    readings, driver = run(S5Simulator(patient), 10)
    for metric, wave in ((Metric.PLETH, requests.PLETH), (Metric.ECG, requests.ECG1), (Metric.CO2, requests.CO2)):
        pieces = [r for _, r in readings if isinstance(r, SampleArray) and r.metric is metric]
        samples = [s - piece.full_scale // 2 for piece in pieces for s in piece.samples]
        assert len(samples) >= 9.2 * pieces[0].rate_hz
        expected = [wave_value(patient, wave, 0.5 + k / pieces[0].rate_hz) for k in range(len(samples))]
        assert max(abs(a - b) for a, b in zip(samples, expected, strict=True)) <= 60
    assert (driver.counts.bad, driver.counts.skipped) == (0, 0)


def test_the_cuff_measures_by_itself() -> None:
    readings, _ = run(S5Simulator(Patient("steady")), 60)
    assert [r.code for _, r in readings if isinstance(r, DeviceStatus)] == ["cuff-inflating", "cuff-done"]
    numerics = [r for _, r in readings if isinstance(r, Numeric) and r.metric in NIBP_METRICS]
    assert len(numerics) == 4
    assert all(r.valid for r in numerics)


@pytest.mark.parametrize("scenario", ["cuff-leak", "cuff-weak"])
def test_a_cuff_that_fails(scenario: str) -> None:
    readings, _ = run(S5Simulator(Patient(scenario)), 60)
    assert [r.code for _, r in readings if isinstance(r, DeviceStatus)] == ["cuff-inflating", "cuff-failed"]


def test_finger_out_is_no_value_and_no_pleth() -> None:
    readings, _ = run(S5Simulator(Patient("finger-out")), 239, 0.2)
    late = [r for t, r in readings if t > 228]
    assert {(r.value, r.quality) for r in late if isinstance(r, Numeric) and r.metric is Metric.SPO2} == {
        (None, Quality.NO_VALUE)
    }
    assert {r.quality for r in late if isinstance(r, SampleArray) and r.metric is Metric.PLETH} == {Quality.NO_VALUE}


def test_waves_that_end_with_cts_come_back_within_seconds() -> None:
    readings, _ = run(S5Simulator(Patient("steady"), {"cts-off"}), 100)
    times = [t for t, r in readings if isinstance(r, SampleArray)]
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    assert 3 < max(gaps) < 6
    assert len([gap for gap in gaps if gap > 3]) == 3


def test_missing_waves_are_said() -> None:
    readings, _ = run(S5Simulator(Patient("steady"), {"no-waves"}), 60)
    assert "waveforms-missing" in [r.code for _, r in readings if isinstance(r, DeviceStatus)]


@pytest.mark.parametrize("step_s", [0.01, 0.3, 1.7])
def test_pace_at_any_step(step_s: float) -> None:
    readings, _ = run(S5Simulator(Patient("steady")), 34, step_s)
    samples = sum(len(r.samples) for _, r in readings if isinstance(r, SampleArray) and r.metric is Metric.PLETH)
    assert samples == pytest.approx(3340, abs=20 + 200 * step_s)
    assert sum(isinstance(r, Numeric) and r.metric is Metric.SPO2 for _, r in readings) in (6, 7)


def test_a_jump_of_time_sends_the_newest_numbers_and_two_seconds_of_waves() -> None:
    simulator = S5Simulator(Patient("steady"))
    simulator.receive(requests.numerics() + requests.waves(), 0.0)
    simulator.transmit(1.0)
    readings = S5Driver().receive(simulator.transmit(3600.0), 3600.0)
    assert sum(isinstance(r, Numeric) and r.metric is Metric.SPO2 for r in readings) == 1
    assert (
        180 <= sum(len(r.samples) for r in readings if isinstance(r, SampleArray) and r.metric is Metric.PLETH) <= 220
    )


def test_unknown_faults_are_refused_and_the_manifest_names_what_exists() -> None:
    with pytest.raises(ValueError, match="unknown fault"):
        S5Simulator(Patient(), {"hiccup"})
    manifest = tomllib.loads((files("kapdevices.s5_dri") / "manifest.toml").read_text(encoding="utf-8"))
    assert set(manifest["faults"]) == set(FAULTS)
