"""How devices, ages and times of a session are written; the same words on every screen."""

from __future__ import annotations

from kapconsole.clock import duration_text

_NAMES = {"suntech": "SunTech", "nonin": "Nonin"}


def device_label(protocol: str) -> str:
    """A device as people call it: "Nonin"; for protocols without a spelling of their own, "Contec v7"."""
    return _NAMES.get(protocol) or protocol.replace("_", " ").replace("-", " ").capitalize()


def age_text(age_s: float) -> str:
    """How old a value is, coarse enough not to fidget: "now", "8 s ago", "2 min ago", "1 h 05 min ago"."""
    if age_s < 2:
        return "now"
    if age_s < 60:
        return f"{int(age_s)} s ago"
    if age_s < 3600:
        return f"{int(age_s) // 60} min ago"
    return f"{duration_text(age_s)} ago"


def clock_text(span_us: int) -> str:
    """A running clock, "0:42:17"; before its zero "−0:03:10"."""
    sign = "−" if span_us < 0 else ""
    whole = abs(span_us) // 1_000_000
    return f"{sign}{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def stamp_text(span_us: int) -> str:
    """Minutes and seconds from a zero, "42:05", "−3:10", "128:40": the time column of lists."""
    sign = "−" if span_us < 0 else ""
    whole = abs(span_us) // 1_000_000
    return f"{sign}{whole // 60}:{whole % 60:02d}"
