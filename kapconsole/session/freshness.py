"""How a value may be shown: live, invalid, late or lost. Missing data is never normal data."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from kapconsole.clock import duration_text
from kapdevices.readings import Metric, Quality

if TYPE_CHECKING:
    from kapconsole.session.state import Latest, State

LATE_AFTER_S = 5.0
"""A numeric of a device that sends one a second or faster is stale after this (protocol notes, rule 4)."""

SLOW_LATE_AFTER_S = 15.0
"""One of a device that may be quiet for longer (every 2 s, or every 5 to 10 s) is stale after this (the same)."""

LOST_AFTER_S = 10.0
"""After this, or twice what is late where that is longer, a number is gone from the screen."""

NIBP_OLD_AFTER_S = 30 * 60.0
"""A cuff reading is never live; after this it is shown as old."""


class Freshness(StrEnum):
    """live: show as the present; invalid: the device marked it; late: looks old; lost: no number; none: never seen."""

    LIVE = "live"
    INVALID = "invalid"
    LATE = "late"
    LOST = "lost"
    NONE = "none"


class Shown(msgspec.Struct, frozen=True):
    """What a tile shows for one metric: the number (None: two dashes), how fresh it is, and why in words."""

    value: float | None
    freshness: Freshness
    age_s: float
    reason: str
    source: int | None = None


def shown(state: State, metric: Metric, now_us: int) -> Shown:
    """How `metric` is to be shown at `now_us` (session microseconds)."""
    held = state.newest(metric)
    if held is None:
        return Shown(None, Freshness.NONE, 0.0, "not connected")
    source, latest = held
    age_s = max(0, now_us - latest.mono_us) / 1e6
    device = state.devices.get(source)
    late_after_s = LATE_AFTER_S if device is None else device.late_after_s
    lost_after_s = max(LOST_AFTER_S, 2 * late_after_s)
    freshness, reason = _judge(latest, age_s, late_after_s, lost_after_s)
    if device is not None and not device.delivering:
        # The link knows sooner than the age does that nothing will come.
        freshness = Freshness.LOST if device.state == "lost" or age_s > lost_after_s else max_stale(freshness)
        reason = f"{device.text} · {duration_text(age_s)}"
    value = None if freshness is Freshness.LOST else latest.value
    return Shown(value, freshness, age_s, reason, source)


def max_stale(freshness: Freshness) -> Freshness:
    """A value from a silent device looks late even while it is young; an invalid one stays invalid."""
    return Freshness.LATE if freshness is Freshness.LIVE else freshness


def late_after_s(quiet_s: float) -> float:
    """When a numeric is stale of a device whose longest healthy silence is `quiet_s`."""
    return LATE_AFTER_S if quiet_s <= 2.0 else SLOW_LATE_AFTER_S


def _judge(latest: Latest, age_s: float, late_after_s: float, lost_after_s: float) -> tuple[Freshness, str]:
    if age_s > lost_after_s:
        return Freshness.LOST, f"no data for {duration_text(age_s)}"
    if latest.quality is not Quality.GOOD or latest.value is None:
        return Freshness.INVALID, str(latest.quality or Quality.NO_VALUE)
    if age_s > late_after_s:
        return Freshness.LATE, f"{duration_text(age_s)} old"
    return Freshness.LIVE, ""


def nibp_shown(state: State, now_us: int) -> tuple[Shown, float | None]:
    """The newest cuff reading as (systolic as Shown, diastolic). It always has an age; a failed one has words."""
    newest = state.newest_nibp()
    if newest is None:
        return Shown(None, Freshness.NONE, 0.0, "no reading yet"), None
    reading = newest.reading
    age_s = max(0, now_us - newest.mono_us) / 1e6
    if not reading.valid:
        words = reading.text or str(reading.quality)
        return Shown(None, Freshness.INVALID, age_s, words, reading.source), None
    freshness = Freshness.LATE if age_s > NIBP_OLD_AFTER_S else Freshness.LIVE
    return Shown(reading.sys_mmhg, freshness, age_s, reading.text, reading.source), reading.dia_mmhg
