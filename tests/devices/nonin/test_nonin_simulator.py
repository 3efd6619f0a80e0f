"""The simulated oximeter: true pace, and the driver reads back what it meant, with every fault."""

from __future__ import annotations

import pytest

from kapdevices.nonin import commands
from kapdevices.nonin.driver import FORMATS, NoninDriver
from kapdevices.nonin.simulator import FAULTS, NoninSimulator
from kapdevices.patient import Patient
from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray


def run(simulator: NoninSimulator, seconds: float, step_s: float = 0.1) -> list[tuple[float, Reading]]:
    driver = NoninDriver()
    out: list[tuple[float, Reading]] = []
    for k in range(int(seconds / step_s) + 1):
        now_s = k * step_s
        out += [(now_s, reading) for reading in driver.receive(simulator.transmit(now_s), now_s)]
    return out


@pytest.mark.parametrize("format", ["df2", "df7", "df8"])
@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_what_is_decoded_is_what_was_meant(format: str, fault: str) -> None:
    simulator = NoninSimulator(Patient("course", dose_at_s=10), format, {fault} - {""})
    good = 0
    for now_s, reading in run(simulator, 40):
        if isinstance(reading, Numeric) and reading.valid:
            near = [simulator.displayed(max(0.0, now_s - back / 4)) for back in range(10)]
            assert reading.value in {pair[reading.metric is Metric.SPO2] for pair in near}
            good += 1
    assert (good > 5) is (
        fault not in ("sensor-disconnected", "low-perfusion") or (format, fault) == ("df8", "low-perfusion")
    )


@pytest.mark.parametrize("format", ["df2", "df7"])
def test_pleth_arrives_complete_and_unchanged(format: str) -> None:
    patient = Patient("steady")
    readings = [r for _, r in run(NoninSimulator(patient, format), 20)]
    pieces = [r for r in readings if isinstance(r, SampleArray)]
    samples = [s for piece in pieces for s in piece.samples]
    full = pieces[0].full_scale
    assert samples == [round(full * patient.pleth(k / 75)) for k in range(len(samples))]
    assert len(samples) >= 20 * 75 - 10


@pytest.mark.parametrize("step_s", [0.01, 0.05, 1.0, 1.9])
def test_75_frames_a_second_at_any_step(step_s: float) -> None:
    simulator = NoninSimulator(Patient("steady"))
    total = sum(len(simulator.transmit(100 + k * step_s)) for k in range(int(38 / step_s) + 1))
    assert total == pytest.approx(38 * 375, abs=375 * step_s)


def test_a_jump_of_time_sends_two_seconds_and_stays_in_step() -> None:
    simulator = NoninSimulator(Patient("steady"))
    driver = NoninDriver()
    driver.receive(simulator.transmit(0.0) + simulator.transmit(1.0), 1.0)
    late = simulator.transmit(3600.0)
    assert 1.5 * 375 < len(late) <= 2 * 375
    readings = driver.receive(late, 3600.0)
    expected = round(Patient("steady").pleth(3600 - 1 / 75) * 255)
    assert next(r for r in reversed(readings) if isinstance(r, SampleArray)).samples[-1] == pytest.approx(
        expected, abs=12
    )
    assert driver.counts.skipped == 0


def test_finger_out_marks_at_once_holds_ten_seconds_then_gives_nothing() -> None:
    spo2 = [(t, r) for t, r in run(NoninSimulator(Patient("finger-out")), 245) if isinstance(r, Numeric)]
    spo2 = [(t, r) for t, r in spo2 if r.metric is Metric.SPO2]
    held = [r for t, r in spo2 if 221 < t < 229.5]
    gone = [r for t, r in spo2 if 231 < t < 239.5]
    assert {r.quality for r in held + gone} == {Quality.SENSOR_OFF}
    assert all(r.value is not None for r in held)
    assert all(r.value is None for r in gone)
    assert spo2[-1][1].valid


def test_motion_is_marked_as_artefact() -> None:
    late = [r for t, r in run(NoninSimulator(Patient("motion")), 89) if t > 80 and isinstance(r, Numeric)]
    assert {r.quality for r in late} == {Quality.ARTEFACT}


def test_stray_answers_are_no_damage_and_the_clock_is_said_once() -> None:
    simulator = NoninSimulator(Patient("steady"), faults={"stray-ack"})
    assert [r.code for _, r in run(simulator, 20) if isinstance(r, DeviceStatus)] == [
        "format-recognised",
        "device-clock",
    ]


def test_format_command_is_obeyed_in_the_first_five_seconds_only() -> None:
    simulator = NoninSimulator(Patient("steady"), "df13")
    driver = NoninDriver("df2")
    readings: list[Reading] = []
    for k in range(100):
        simulator.receive(driver.transmit(k / 20), k / 20)
        readings += driver.receive(simulator.transmit(k / 20), k / 20)
    assert simulator.format == "df2"
    assert any(isinstance(r, Numeric) and r.valid for r in readings)
    simulator.receive(commands.set_format("df8"), 60.0)
    assert simulator.format == "df2"


def test_clock_can_be_read_between_frames() -> None:
    simulator, driver = NoninSimulator(Patient("steady")), NoninDriver()
    driver.receive(simulator.transmit(0.0) + simulator.transmit(1.0), 1.0)
    simulator.receive(commands.read_clock(), 1.0)
    readings = driver.receive(simulator.transmit(1.5), 1.5)
    readings += driver.receive(simulator.transmit(2.0), 2.0)
    clock = [r.text for r in readings if isinstance(r, DeviceStatus)]
    assert clock == ["the oximeter's clock says 2026-03-05T14:30:01"]
    assert driver.counts.skipped == 0


def test_spot_checks_are_never_live() -> None:
    readings = [r for _, r in run(NoninSimulator(Patient("steady"), "df13"), 130) if isinstance(r, Numeric)]
    assert len(readings) == 4
    assert not any(r.live for r in readings)
    assert all(r.device_time for r in readings)


def test_unknown_faults_and_formats_are_refused() -> None:
    for wrong in ({"format": "df1"}, {"faults": ["hiccup"]}):
        with pytest.raises(ValueError, match="unknown fault or format"):
            NoninSimulator(Patient(), **wrong)


def test_manifest_names_what_exists() -> None:
    import tomllib
    from importlib.resources import files

    manifest = tomllib.loads((files("kapdevices.nonin") / "manifest.toml").read_text(encoding="utf-8"))
    assert manifest["formats"] == list(FORMATS)
    assert set(manifest["faults"]) == set(FAULTS)
    assert manifest["driver"] == f"{NoninDriver.__module__}:NoninDriver"
    assert manifest["simulator"] == f"{NoninSimulator.__module__}:NoninSimulator"
