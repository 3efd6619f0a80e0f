"""A simulated person: SpO2, pulse, blood pressure and pleth as pure functions of session time, for simulators.

Nothing here is random per call: the same seed, scenario and time give the same number, so two simulated devices on
one patient agree and a test can compute what it must see. The course is for screens and tests; it is no reference
for limits. Its shape (pressure and pulse rise by some tens within minutes of the dose and fall over the hour, SpO2
dips a little) follows the known sympathomimetic effect of ketamine, its size is invented.
"""

from __future__ import annotations

import math
import random

SCENARIOS = (
    "course",
    "steady",
    "finger-out",
    "motion",
    "desaturation",
    "cuff-leak",
    "cuff-weak",
    "noise",
    "same-arm",
    "frozen",
)

RISE_S = 240.0
FALL_S = 1500.0
_PEAK_AT_S = math.log(FALL_S / RISE_S) * RISE_S * FALL_S / (FALL_S - RISE_S)
_PEAK = math.exp(-_PEAK_AT_S / FALL_S) - math.exp(-_PEAK_AT_S / RISE_S)

RESPIRATION_HZ = 0.23
FINGER_OUT_EVERY_S = 240.0
FINGER_OUT_S = 20.0
SAME_ARM_EVERY_S = 300.0
SAME_ARM_S = 45.0
"""How long a cuff on the oximeter's arm keeps the blood from the finger."""
FROZEN_EVERY_S = 300.0
FROZEN_S = 60.0
MOTION_EVERY_S = 90.0
MOTION_S = 12.0
DESATURATION_EVERY_S = 480.0
DESATURATION_S = 150.0


def effect(since_dose_s: float) -> float:
    """Effect of a dose, 0 before it, 1 at its height (about 9 min), falling with a time constant of 25 min."""
    if since_dose_s <= 0:
        return 0.0
    return (math.exp(-since_dose_s / FALL_S) - math.exp(-since_dose_s / RISE_S)) / _PEAK


def effect_integral_s(since_dose_s: float) -> float:
    """Integral of `effect` from the dose on, in seconds: lets the pulse keep its phase while its rate changes."""
    if since_dose_s <= 0:
        return 0.0
    fall = FALL_S * -math.expm1(-since_dose_s / FALL_S)
    rise = RISE_S * -math.expm1(-since_dose_s / RISE_S)
    return (fall - rise) / _PEAK


class Patient:
    """One simulated person. All times are session seconds; `dose_at_s` None means no dose.

    Raises ValueError for a scenario that is not in `SCENARIOS`. In `steady` and `noise` nothing follows a dose.
    """

    def __init__(self, scenario: str = "course", seed: int = 0, dose_at_s: float | None = 600.0) -> None:
        if scenario not in SCENARIOS:
            raise ValueError(f"unknown scenario {scenario!r}; known: {', '.join(SCENARIOS)}")
        self.scenario = scenario
        self.dose_at_s = None if scenario in ("steady", "noise") else dose_at_s
        person = random.Random(seed)
        self._pulse = 68.0 + person.uniform(-4, 4)
        self._sys = 120.0 + person.uniform(-5, 5)
        self._dia = 75.0 + person.uniform(-4, 4)
        self._spo2 = 97.4 + person.uniform(-0.5, 0.5)
        # (period s, phase rad): unrelated periods never add up to a visible pattern
        self._waves = [(period, person.uniform(0, math.tau)) for period in (37.0, 101.0, 283.0)]

    def pulse_rate(self, t_s: float) -> float:
        """Pulse rate, per minute."""
        t_s = self._when(t_s)
        respiratory = 1.2 * math.sin(math.tau * RESPIRATION_HZ * t_s)
        return self._pulse + 22 * effect(self._since_dose_s(t_s)) + 1.5 * self._drift(t_s) + respiratory

    def spo2(self, t_s: float) -> float:
        """Oxygen saturation, percent."""
        t_s = self._when(t_s)
        value = self._spo2 - 2.2 * effect(1.6 * self._since_dose_s(t_s)) + 0.4 * self._drift(t_s + 61)
        if self.scenario == "desaturation":
            into = t_s % DESATURATION_EVERY_S - (DESATURATION_EVERY_S - DESATURATION_S)
            if into > 0:
                value -= 12 * math.sin(math.pi * into / DESATURATION_S) ** 2
        return min(100.0, value)

    def systolic(self, t_s: float) -> float:
        """Systolic pressure, mmHg."""
        t_s = self._when(t_s)
        return self._sys + 34 * effect(self._since_dose_s(t_s)) + 2.5 * self._drift(t_s + 17)

    def diastolic(self, t_s: float) -> float:
        """Diastolic pressure, mmHg."""
        t_s = self._when(t_s)
        return self._dia + 17 * effect(self._since_dose_s(t_s)) + 1.5 * self._drift(t_s + 29)

    def mean(self, t_s: float) -> float:
        """Mean arterial pressure, mmHg: diastolic plus four tenths of the pulse pressure."""
        return self.diastolic(t_s) + 0.4 * (self.systolic(t_s) - self.diastolic(t_s))

    def finger_on(self, t_s: float) -> bool:
        """False while the finger is out of the sensor, or a cuff on the same arm keeps the blood from it."""
        return self._into_absence_s(t_s) < 0

    def finger_out_for_s(self, t_s: float) -> float:
        """Seconds since the finger left the sensor; 0 while it is in."""
        return max(0.0, self._into_absence_s(t_s))

    def moving(self, t_s: float) -> bool:
        """True while movement disturbs the pleth."""
        return self.scenario == "motion" and t_s % MOTION_EVERY_S > MOTION_EVERY_S - MOTION_S

    def beat_phase(self, t_s: float) -> float:
        """Beats since session time 0, continuous: the whole part counts beats, the rest is the place within one."""
        t_s = self._when(t_s)
        per_min = self._pulse * t_s + 22 * effect_integral_s(self._since_dose_s(t_s))
        for period_s, phase in self._waves:
            omega = math.tau / period_s
            per_min += 0.5 / omega * (math.cos(phase) - math.cos(omega * t_s + phase))
        omega = math.tau * RESPIRATION_HZ
        per_min += 1.2 / omega * (1 - math.cos(omega * t_s))
        return per_min / 60

    def pleth(self, t_s: float) -> float:
        """Plethysmogram at one time, 0 to 1: pulse with dicrotic wave, respiration in size and baseline."""
        t_s = self._when(t_s)
        if not self.finger_on(t_s):
            return 0.0
        place = self.beat_phase(t_s) % 1.0
        wave = math.exp(-(((place - 0.22) / 0.12) ** 2)) + 0.35 * math.exp(-(((place - 0.55) / 0.13) ** 2))
        breath = math.sin(math.tau * RESPIRATION_HZ * t_s)
        value = 0.18 + 0.03 * breath + (0.58 + 0.05 * breath) * wave
        if self.moving(t_s):
            value += 0.25 * math.sin(9.7 * t_s) + 0.2 * math.sin(23.3 * t_s + 1) * math.sin(1.9 * t_s)
        return min(1.0, max(0.0, value))

    def _into_absence_s(self, t_s: float) -> float:
        """Seconds since the pulse left the sensor; negative while it is there."""
        if self.scenario == "finger-out":
            return t_s % FINGER_OUT_EVERY_S - (FINGER_OUT_EVERY_S - FINGER_OUT_S)
        if self.scenario == "same-arm":
            return t_s % SAME_ARM_EVERY_S - (SAME_ARM_EVERY_S - SAME_ARM_S)
        return -1.0

    def _when(self, t_s: float) -> float:
        """In `frozen` the person stands still while the device goes on: its last values come again and again."""
        if self.scenario != "frozen":
            return t_s
        return t_s - max(0.0, t_s % FROZEN_EVERY_S - (FROZEN_EVERY_S - FROZEN_S))

    def _since_dose_s(self, t_s: float) -> float:
        return 0.0 if self.dose_at_s is None else t_s - self.dose_at_s

    def _drift(self, t_s: float) -> float:
        """Slow variation, -1 to 1."""
        return sum(math.sin(math.tau * t_s / period_s + phase) for period_s, phase in self._waves) / 3
