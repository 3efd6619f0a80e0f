"""Alarm settings: limits, delays, bands; what may be changed at the bedside, and what is refused and why.

A setting is named "group.name" ("spo2.low"). Settings are frozen: a change makes new ones, and takes effect when it is
confirmed, never while somebody is editing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from kapconsole.alarms.shapes import MAX_LOUDER_DB

HARD_AUDIO_PAUSE_S = 120.0
"""AUDIO PAUSED never lasts longer; nor does any silence of a true HIGH while a dose is active."""

HARD_ALARM_PAUSE_S = 180.0
"""ALARM PAUSED of one parameter never lasts longer."""


class Spo2(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SpO2 in %. `low` and `desat` are violated below them (`inclusive`: also at them).

    `area_points_s` (points times seconds) replaces the delay by a desaturation area; 0: off. `rapid_points` under the
    low limit skip the delay. A begun alarm ends when SpO2 has been in range for `clear_s`.
    """

    low: float = 92
    desat: float = 85
    delay_s: float = 15
    rapid_points: float = 10
    area_points_s: float = 0
    inclusive: bool = False
    clear_s: float = 5
    arm_s: float = 10


class Rate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rate in 1/min: violated below `low` or above `high` for `delay_s`."""

    low: float
    high: float
    delay_s: float = 15
    clear_s: float = 5
    arm_s: float = 10


class Bp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Blood pressure bands in mmHg, fixed and relative to the baseline; the stricter counts.

    Caution from `caution_*` or above baseline + `rise_*`; act from `act_*`; critical from `critical_*`; low below
    `low_sys` or below baseline less `fall_percent`.
    """

    caution_sys: float = 160
    caution_dia: float = 100
    rise_sys: float = 30
    rise_dia: float = 20
    act_sys: float = 180
    act_dia: float = 110
    critical_sys: float = 200
    critical_dia: float = 120
    low_sys: float = 90
    fall_percent: float = 30
    recheck_s: float = 300
    overdue_s: float = 180
    overdue_rise_s: float = 300
    old_s: float = 1800


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Times in seconds. `technical_s`: delay of probe off; `silent_s`: of a silent link; `louder_*` in dB."""

    audio_pause_s: float = HARD_AUDIO_PAUSE_S
    alarm_pause_s: float = HARD_ALARM_PAUSE_S
    reminder_s: float = 120
    escalate_s: float = 60
    technical_s: float = 10
    silent_s: float = 5
    disk_s: float = 0
    lost_rise_s: float = 60
    frozen_pleth_s: float = 20
    frozen_numerics_s: float = 300
    louder_each_s: float = 20
    louder_db: float = 3
    louder_most_db: float = MAX_LOUDER_DB


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole adjustable set; the defaults are the factory's."""

    spo2: Spo2 = Spo2()
    pulse_rate: Rate = Rate(50, 120)
    resp_rate: Rate = Rate(10, 25, arm_s=30)
    bp: Bp = Bp()
    timing: Timing = Timing()


class Preset(msgspec.Struct, frozen=True):
    """A stored set of settings, with the ranges that a nurse may move limits in (`guard`)."""

    name: str = "factory"
    version: int = 1
    stored_by: str = ""
    stored_at: str = ""
    note: str = ""
    settings: Settings = Settings()
    guard: dict[str, tuple[float, float]] = {}


class LimitError(ValueError):
    """Settings that cannot be; the message says which and why."""


BEDSIDE = (
    "spo2.low", "spo2.desat", "pulse_rate.low", "pulse_rate.high", "resp_rate.low", "resp_rate.high",
    "bp.caution_sys", "bp.caution_dia", "bp.rise_sys", "bp.rise_dia", "bp.act_sys", "bp.act_dia",
    "bp.critical_sys", "bp.critical_dia", "bp.low_sys", "bp.fall_percent",
)  # fmt: skip
"""What may be changed within a session; everything else is the preset's."""

_POSSIBLE: dict[str, tuple[float, float]] = {
    "spo2.low": (50, 99), "spo2.desat": (50, 99), "spo2.delay_s": (0, 60), "spo2.rapid_points": (1, 50),
    "spo2.area_points_s": (0, 100), "spo2.clear_s": (0, 30), "spo2.arm_s": (0, 60),
    "pulse_rate.low": (20, 295), "pulse_rate.high": (25, 300), "pulse_rate.delay_s": (0, 60),
    "pulse_rate.clear_s": (0, 30), "pulse_rate.arm_s": (0, 60),
    "resp_rate.low": (1, 95), "resp_rate.high": (6, 100), "resp_rate.delay_s": (0, 60),
    "resp_rate.clear_s": (0, 30), "resp_rate.arm_s": (0, 60),
    "bp.caution_sys": (60, 270), "bp.caution_dia": (30, 210), "bp.rise_sys": (5, 100), "bp.rise_dia": (5, 80),
    "bp.act_sys": (65, 275), "bp.act_dia": (35, 215), "bp.critical_sys": (70, 280), "bp.critical_dia": (40, 220),
    "bp.low_sys": (40, 150), "bp.fall_percent": (5, 80), "bp.recheck_s": (120, 900), "bp.overdue_s": (0, 900),
    "bp.overdue_rise_s": (60, 1800), "bp.old_s": (300, 3600),
    "timing.audio_pause_s": (10, HARD_AUDIO_PAUSE_S), "timing.alarm_pause_s": (10, HARD_ALARM_PAUSE_S),
    "timing.reminder_s": (60, 180), "timing.escalate_s": (30, 180), "timing.technical_s": (0, 15),
    "timing.silent_s": (0, 7), "timing.disk_s": (0, 30), "timing.lost_rise_s": (30, 180),
    "timing.frozen_pleth_s": (5, 120), "timing.frozen_numerics_s": (60, 3600), "timing.louder_each_s": (5, 120),
    "timing.louder_db": (0, 6), "timing.louder_most_db": (0, MAX_LOUDER_DB),
}  # fmt: skip

_APART = (
    ("spo2.desat", "spo2.low", 0.0),
    ("pulse_rate.low", "pulse_rate.high", 5.0),
    ("resp_rate.low", "resp_rate.high", 5.0),
    ("bp.low_sys", "bp.caution_sys", 5.0),
    ("bp.caution_sys", "bp.act_sys", 5.0),
    ("bp.act_sys", "bp.critical_sys", 5.0),
    ("bp.caution_dia", "bp.act_dia", 5.0),
    ("bp.act_dia", "bp.critical_dia", 5.0),
)
"""(lower, upper, least difference): the desaturation limit may equal the low limit; 5 mmHg as Mindray has it."""

_TELLING = {
    "spo2.low": (85.0, 99.0),
    "spo2.desat": (80.0, 99.0),
    "spo2.delay_s": (0.0, 15.0),
    "pulse_rate.low": (40.0, 295.0),
    "pulse_rate.high": (25.0, 150.0),
    "pulse_rate.delay_s": (0.0, 15.0),
    "resp_rate.low": (6.0, 95.0),
    "resp_rate.high": (6.0, 35.0),
    "bp.low_sys": (80.0, 150.0),
    "bp.act_sys": (65.0, 200.0),
    "bp.critical_sys": (70.0, 220.0),
}
"""Beyond these a setting is as good as off, or late. 85 % is the least default of ISO 80601-2-61."""


def flat(settings: Settings) -> dict[str, float | bool]:
    """Every setting by name."""
    groups: dict[str, dict[str, float | bool]] = msgspec.to_builtins(settings)
    return {f"{group}.{name}": value for group, values in groups.items() for name, value in values.items()}


def unflat(values: Mapping[str, float | bool]) -> Settings:
    """The settings of named values; what is not named is the factory's. Raises LimitError."""
    groups: dict[str, dict[str, float | bool]] = {}
    for name, value in {**flat(Settings()), **values}.items():
        group, _, key = name.partition(".")
        groups.setdefault(group, {})[key] = value
    try:
        return checked(msgspec.convert(groups, Settings))
    except msgspec.ValidationError as error:
        raise LimitError(str(error)) from None


def problems(settings: Settings) -> Iterator[str]:
    """Why these settings cannot be, in words."""
    values = flat(settings)
    for name, (least, most) in _POSSIBLE.items():
        if not least <= values[name] <= most:
            yield f"{name} = {values[name]:g} is not possible: {least:g} to {most:g}"
    for lower, upper, apart in _APART:
        if values[upper] - values[lower] < apart:
            words = f"at least {apart:g} below" if apart else "not above"
            yield f"{lower} ({values[lower]:g}) must be {words} {upper} ({values[upper]:g})"


def checked(settings: Settings) -> Settings:
    """The settings themselves. Raises LimitError when they cannot be."""
    found = "; ".join(problems(settings))
    if found:
        raise LimitError(found)
    return settings


def doubts(settings: Settings) -> tuple[str, ...]:
    """Warnings: settings so wide that the alarm is as good as off, or so late."""
    values = flat(settings)
    return tuple(
        f"{name} = {values[name]:g} lies beyond {least if values[name] < least else most:g}: the alarm is nearly off"
        for name, (least, most) in _TELLING.items()
        if not least <= values[name] <= most
    )


def changed(settings: Settings, changes: Mapping[str, float]) -> Settings:
    """The settings after bedside changes. Refuses rather than moving another limit. Raises LimitError."""
    for name in changes:
        if name not in BEDSIDE:
            raise LimitError(f"{name} is no limit that can be changed in a session")
    return unflat({**flat(settings), **changes})


def beyond_guard(guard: Mapping[str, tuple[float, float]], changes: Mapping[str, float]) -> tuple[str, ...]:
    """Which of the changes leave their guard range."""
    return tuple(name for name, value in changes.items() if name in guard and not _within(value, guard[name]))


def differences(before: Settings, after: Settings) -> tuple[tuple[str, float, float], ...]:
    """(name, before, after) of every setting that differs."""
    old, new = flat(before), flat(after)
    return tuple((name, old[name], new[name]) for name in old if old[name] != new[name])


def _within(value: float, range_: tuple[float, float]) -> bool:
    return range_[0] <= value <= range_[1]
