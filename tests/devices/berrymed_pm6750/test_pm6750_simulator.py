"""What the simulated board says is what the driver shows: values, sensors, jumps of time, damage."""

from __future__ import annotations

import pytest

from kapdevices.berrymed_pm6750.driver import Pm6750Driver
from kapdevices.berrymed_pm6750.simulator import FAULTS, Pm6750Simulator
from kapdevices.catalog import catalog
from kapdevices.patient import RESPIRATION_HZ, Patient
from kapdevices.readings import Metric, Numeric, Quality, Reading, SampleArray

ALL = ("spo2", "ecg", "temperature")
STEP_S = 0.05


def talk(board: Pm6750Simulator, for_s: float, from_s: float = 0.0) -> list[tuple[float, Reading]]:
    driver, read = Pm6750Driver(), []
    for turn in range(round(for_s / STEP_S)):
        now_s = from_s + turn * STEP_S
        board.receive(driver.transmit(now_s), now_s)
        read += [(now_s, reading) for reading in driver.receive(board.transmit(now_s), now_s)]
    return read


def numerics(read: list[tuple[float, Reading]], metric: Metric) -> list[tuple[float, Numeric]]:
    return [(t_s, r) for t_s, r in read if isinstance(r, Numeric) and r.metric is metric]


def test_silent_until_switched_on() -> None:
    board = Pm6750Simulator(Patient("steady"))
    assert [board.transmit(t / 10) for t in range(100)] == [b""] * 100


def test_values_are_the_patients() -> None:
    patient = Patient("steady")
    read = talk(Pm6750Simulator(patient, attached=ALL), 20)
    for metric, value in (
        (Metric.SPO2, patient.spo2),
        (Metric.PULSE_RATE, patient.pulse_rate),
        (Metric.HEART_RATE, patient.pulse_rate),
    ):
        said = numerics(read, metric)
        assert len(said) >= 18
        for t_s, numeric in said:
            assert numeric.valid
            assert numeric.value is not None
            assert abs(numeric.value - value(t_s)) < 1
    assert {n.value for _, n in numerics(read, Metric.RESP_RATE)} == {round(60 * RESPIRATION_HZ)}
    assert {n.value for _, n in numerics(read, Metric.TEMPERATURE)} == {36.6}


def test_waveforms_at_their_rates_and_the_pleth_sample_by_sample() -> None:
    patient = Patient("steady")
    read = talk(Pm6750Simulator(patient, attached=ALL), 20)
    pieces = [r for _, r in read if isinstance(r, SampleArray)]
    count = {m: sum(len(p.samples) for p in pieces if p.metric is m) for m in (Metric.PLETH, Metric.ECG, Metric.RESP)}
    assert count[Metric.PLETH] == pytest.approx(19 * 50, abs=60)
    assert count[Metric.RESP] == pytest.approx(19 * 50, abs=60)
    assert count[Metric.ECG] == pytest.approx(19 * 250, abs=300)
    pleth = [sample for p in pieces if p.metric is Metric.PLETH for sample in p.samples]
    wanted = [round(100 * patient.pleth(0.05 + k / 50)) for k in range(1000)]
    assert any(pleth == wanted[first : first + len(pleth)] for first in range(60))


def test_without_electrodes_and_probes_there_are_no_numbers() -> None:
    read = talk(Pm6750Simulator(Patient("steady"), attached=()), 5)
    assert {n.quality for _, n in numerics(read, Metric.SPO2)} == {Quality.SENSOR_DISCONNECTED}
    assert {n.quality for _, n in numerics(read, Metric.HEART_RATE)} == {Quality.SENSOR_OFF}
    assert {n.quality for _, n in numerics(read, Metric.TEMPERATURE)} == {Quality.SENSOR_OFF}
    assert not any(r.valid for _, r in read if isinstance(r, Numeric))


def test_finger_out_then_searching_then_back() -> None:
    read = talk(Pm6750Simulator(Patient("finger-out")), 45, from_s=215.0)
    qualities = [n.quality for _, n in numerics(read, Metric.SPO2)]
    assert list(dict.fromkeys(qualities)) == [Quality.GOOD, Quality.SENSOR_OFF, Quality.SEARCHING]
    assert qualities[-1] is Quality.GOOD


def test_a_jump_of_time_brings_the_present_and_not_the_past() -> None:
    board, driver = Pm6750Simulator(Patient("steady")), Pm6750Driver()
    for turn in range(100):
        board.receive(driver.transmit(turn * STEP_S), turn * STEP_S)
        driver.receive(board.transmit(turn * STEP_S), turn * STEP_S)
    late = board.transmit(3600.0)
    assert 4000 < len(late) < 12000
    assert driver.counts.bad == 0
    driver.receive(late, 3600.0)
    assert (driver.counts.bad, driver.counts.skipped) == (0, 0)


def test_sixty_times_faster_the_numbers_still_come() -> None:
    board, driver = Pm6750Simulator(Patient("steady")), Pm6750Driver()
    values = []
    for turn in range(80):
        now_s = turn * STEP_S
        board.receive(driver.transmit(now_s), 60 * now_s)
        readings = driver.receive(board.transmit(60 * now_s), now_s)
        values += [r for r in readings if isinstance(r, Numeric) and r.metric is Metric.SPO2 and r.valid]
    assert len(values) > 60


@pytest.mark.parametrize("fault", ["noise", "byte-loss"])
def test_on_a_damaged_line_no_number_is_wrong(fault: str) -> None:
    patient = Patient("steady")
    read = talk(Pm6750Simulator(patient, faults=(fault,), attached=ALL), 60)
    said = numerics(read, Metric.SPO2)
    assert len(said) > 20
    for t_s, numeric in said:
        assert numeric.value is not None
        assert abs(numeric.value - patient.spo2(t_s)) < 1.5


def test_manifest_names_what_exists() -> None:
    assert set(catalog()["berrymed_pm6750"].faults) == set(FAULTS)


def test_unknown_faults_and_sensors_are_refused() -> None:
    for wrong in ({"faults": ["hiccup"]}, {"attached": ["eeg"]}):
        with pytest.raises(ValueError, match="unknown fault or sensor"):
            Pm6750Simulator(Patient(), **wrong)
