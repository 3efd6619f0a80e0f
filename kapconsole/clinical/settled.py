"""Expected course of blood pressure after a dose, and whether it is back to what it was: drawn and told, no alarm."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from kapconsole.clinical.tables import Route, SettledRule
from kapconsole.clinical.view import MINUTE_US, CareView, PressureSet

CourseLine = tuple[tuple[float, float, float], ...]
"""(minutes since the dose, low edge, high edge), mmHg systolic."""


def course_at(route: Route, minutes: float) -> tuple[float, float] | None:
    """Low and high edge of the expected change of systolic pressure, mmHg; None beyond what the data say."""
    points = route.course
    for (m0, low0, high0), (m1, low1, high1) in zip(points, points[1:], strict=False):
        if m0 <= minutes <= m1:
            part = (minutes - m0) / (m1 - m0)
            return low0 + part * (low1 - low0), high0 + part * (high1 - high0)
    return None


def course_line(route: Route, baseline_sys_mmhg: float) -> CourseLine:
    """The band behind the trend, in mmHg around the patient's own baseline; its corners, to be joined by lines."""
    return tuple((minute, baseline_sys_mmhg + low, baseline_sys_mmhg + high) for minute, low, high in route.course)


def rule_of(rule: SettledRule, settings: Mapping[str, float], percent: float, apart_min: float) -> SettledRule:
    """The rule with the caution and low limits that are in force in this session, where an alarm preset was loaded."""
    return replace(
        rule,
        percent=percent,
        apart_min=apart_min,
        caution_sys=settings.get("bp.caution_sys", rule.caution_sys),
        caution_dia=settings.get("bp.caution_dia", rule.caution_dia),
        low_sys=settings.get("bp.low_sys", rule.low_sys),
    )


def near(reading: PressureSet, baseline: tuple[float | None, float | None], rule: SettledRule) -> bool:
    """Within so many percent of baseline; or above that, but below caution. A fall below the range is never near."""
    base_sys, base_dia = baseline
    sys, dia = reading.sys_mmhg, reading.dia_mmhg
    share = rule.percent / 100
    low_sys = rule.low_sys if base_sys is None else max(rule.low_sys, base_sys * (1 - share))
    low_dia = 0.0 if base_dia is None else base_dia * (1 - share)
    if base_sys is not None and base_sys < rule.low_sys:
        low_sys = base_sys * (1 - share)  # somebody whose pressure is always low need not rise to go home
    if sys < low_sys or dia < low_dia:
        return False
    within = (
        base_sys is not None
        and base_dia is not None
        and sys <= base_sys * (1 + share)
        and dia <= base_dia * (1 + share)
    )
    return within or (sys < rule.caution_sys and dia < rule.caution_dia)


def back(care: CareView, baseline: tuple[float | None, float | None], rule: SettledRule) -> tuple[bool, str]:
    """(back, readings in words): the newest readings since the dose, over `apart_min` at least, all near baseline.

    A reading between the two that is not near keeps it from being back.
    """
    dose_us = care.last_dose_us or 0
    since = [held for held in care.pressures if held.at_us > dose_us]
    if len(since) < 2:
        return False, f"{len(since)} readings since the dose; two are needed, {rule.apart_min:g} min apart"
    newest = since[-1]
    apart_us = rule.apart_min * MINUTE_US
    older = [held for held in since if newest.at_us - held.at_us >= apart_us]
    if not older:
        return False, f"{_words(newest, care)}; none {rule.apart_min:g} min before it since the dose"
    compared = [held for held in since if held.at_us >= older[-1].at_us]
    sys, dia = baseline
    before = "" if sys is None or dia is None else f"; before the dose {sys:g}/{dia:g}"
    words = ", ".join(_words(held, care) for held in compared) + before
    return all(near(held, baseline, rule) for held in compared), words


def _words(reading: PressureSet, care: CareView) -> str:
    minutes = care.minutes_since_dose(reading.at_us)
    return f"{reading.sys_mmhg:g}/{reading.dia_mmhg:g} at {minutes or 0:.0f} min"
