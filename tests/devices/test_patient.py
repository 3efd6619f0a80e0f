"""The simulated person: the same at every look, and like a person."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kapdevices.patient import SCENARIOS, Patient


def test_the_same_time_gives_the_same_numbers() -> None:
    one, other = Patient(seed=3), Patient(seed=3)
    for t_s in (0.0, 61.3, 700.0, 4000.0):
        assert one.spo2(t_s) == other.spo2(t_s)
        assert one.pleth(t_s) == other.pleth(t_s)
    assert Patient(seed=4).systolic(0) != one.systolic(0)


def test_a_dose_raises_pressure_and_pulse_and_lets_them_fall_again() -> None:
    patient = Patient("course", dose_at_s=600)
    before, high, late = 550.0, 600.0 + 550.0, 600.0 + 7200.0
    assert patient.systolic(high) > patient.systolic(before) + 20
    assert patient.diastolic(high) > patient.diastolic(before) + 8
    assert patient.pulse_rate(high) > patient.pulse_rate(before) + 12
    assert patient.systolic(late) < patient.systolic(high) - 20
    assert min(patient.spo2(t) for t in range(600, 2400)) < patient.spo2(before) - 1


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_values_stay_those_of_a_living_person(scenario: str) -> None:
    patient = Patient(scenario, seed=11)
    for t_s in range(0, 9000, 7):
        assert 80 <= patient.spo2(t_s) <= 100
        assert 50 <= patient.pulse_rate(t_s) <= 115
        assert patient.diastolic(t_s) < patient.mean(t_s) < patient.systolic(t_s) < 170
        assert 0 <= patient.pleth(t_s) <= 1


@pytest.mark.parametrize("at_s", [30.0, 900.0, 3000.0])
def test_the_pleth_beats_at_the_pulse_rate(at_s: float) -> None:
    patient = Patient("course")
    beats = patient.beat_phase(at_s + 60) - patient.beat_phase(at_s)
    mean_rate = sum(patient.pulse_rate(at_s + s / 10) for s in range(600)) / 600
    assert beats == pytest.approx(mean_rate, abs=0.1)


def test_pleth_moves_smoothly_and_breathes() -> None:
    patient = Patient("steady")
    samples = [patient.pleth(k / 75) for k in range(75 * 30)]
    assert max(abs(b - a) for a, b in pairwise(samples)) < 0.2
    peaks = [max(samples[k : k + 75]) for k in range(0, len(samples), 75)]
    assert max(peaks) - min(peaks) > 0.04


def test_the_finger_leaves_for_20_s_every_four_minutes() -> None:
    patient = Patient("finger-out")
    away = [t_s for t_s in range(480) if not patient.finger_on(t_s)]
    assert away == [*range(220, 240), *range(460, 480)]
    assert patient.finger_out_for_s(230) == 10
    assert patient.pleth(230) == 0
    assert all(Patient("course").finger_on(t_s) for t_s in range(480))


def test_desaturation_goes_below_90_and_recovers() -> None:
    spo2 = [Patient("desaturation", dose_at_s=None).spo2(t_s) for t_s in range(480)]
    assert min(spo2) < 88
    assert spo2[0] > 95


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown scenario"):
        Patient("asleep")
