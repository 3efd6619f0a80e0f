"""The values at one moment of a recording in a line of words, and how far they are from another session's; no Qt."""

from __future__ import annotations

from kapconsole.console.moment import Moment
from kapconsole.session.freshness import LOST_AFTER_S
from kapconsole.session.words import stamp_text
from kapdevices.readings import Metric

_SHOWN = ((Metric.SPO2, "SpO₂"), (Metric.PULSE_RATE, "pulse"))


def readout(moment: Moment, against: Moment | None = None) -> str:
    """ "T+12:30 · SpO₂ 96 · pulse 82 · NIBP 131/82"; with `against` each value's difference from it: "(+6)".

    A value that was lost by then is a dash, as it was on the screen.
    """
    dose_us = moment.state.dose_us
    zero_us = dose_us or 0
    since = "T+" if dose_us is not None and moment.now_us >= dose_us else "T" if dose_us is not None else "S+"
    parts = [f"{since}{stamp_text(moment.now_us - zero_us)}"]
    for metric, name in _SHOWN:
        value = value_at(moment, metric)
        other = None if against is None else value_at(against, metric)
        parts.append(f"{name} {_number(value)}{_difference(value, other)}")
    newest = moment.state.newest_nibp()
    if newest is not None and newest.reading.valid:
        assert newest.reading.sys_mmhg is not None
        assert newest.reading.dia_mmhg is not None
        other = None
        held = None if against is None else against.state.newest_nibp()
        if held is not None and held.reading.valid:
            other = held.reading.sys_mmhg
        difference = _difference(newest.reading.sys_mmhg, other)
        parts.append(f"NIBP {newest.reading.sys_mmhg:.0f}/{newest.reading.dia_mmhg:.0f}{difference}")
    return " · ".join(parts)


def value_at(moment: Moment, metric: Metric) -> float | None:
    """The value that was on the screen at that moment; None where it was invalid or lost."""
    newest = moment.state.newest(metric)
    if newest is None or not newest[1].valid or moment.now_us - newest[1].mono_us > LOST_AFTER_S * 1_000_000:
        return None
    return newest[1].value


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _difference(value: float | None, other: float | None) -> str:
    if value is None or other is None:
        return ""
    return f" ({value - other:+.0f})".replace("-", "−")
