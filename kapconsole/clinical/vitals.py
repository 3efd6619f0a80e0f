"""The present vitals as gates and the emergency page need them: only what is live, each with its moment."""

from __future__ import annotations

import msgspec

from kapconsole.session.freshness import Freshness, shown
from kapconsole.session.state import State
from kapdevices.readings import Metric


class Vitals(msgspec.Struct, frozen=True):
    """SpO2 in %, rates in 1/min; None: nothing live at `at_us`."""

    at_us: int = 0
    spo2: float | None = None
    pulse_rate: float | None = None
    resp_rate: float | None = None


NONE = Vitals()


def vitals_of(state: State, now_us: int) -> Vitals:
    """What is live at `now_us`; a value that is late, lost or invalid is none."""

    def live(metric: Metric) -> float | None:
        held = shown(state, metric, now_us)
        return held.value if held.freshness is Freshness.LIVE else None

    return Vitals(now_us, live(Metric.SPO2), live(Metric.PULSE_RATE), live(Metric.RESP_RATE))
