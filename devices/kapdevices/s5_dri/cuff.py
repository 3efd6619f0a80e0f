"""When a cuff reading is new: the monitor repeats the last one in every record, until the next and beyond.

The label says "measuring now" and "older than 60 s". New is what stands there when a measurement has just ended, what
differs from the reading before, and what is young again after it had been old. A reading that was old when the monitor
was connected is not taken over: the session would show it as measured now.
"""

from __future__ import annotations

from kapdevices.readings import NIBP_METRICS, DeviceStatus, Numeric, Quality, Reading
from kapdevices.s5_dri.numerics import Nibp

MAX_CUFF_MMHG = 300
EMPTY_RECORDS = 2
"""So many records without a reading after a measurement mean that it failed: the value may come one record late."""


class CuffFollower:
    """Fed with every believed NIBP group in order; gives each reading once."""

    def __init__(self) -> None:
        self._measuring = False
        self._empty = 0
        self._aged = False
        self._known: tuple[float | None, ...] | None = None

    def follow(self, cuff: Nibp) -> list[Reading]:
        """Readings that this record brings: the beginning of a measurement, its result, or its failure."""
        if cuff.measuring:
            self._empty = 0
            if self._measuring:
                return []
            self._measuring = True
            return [DeviceStatus("cuff-inflating", "the monitor measures blood pressure")]
        if cuff.calibrating:
            return []
        pressures = (cuff.systolic, cuff.diastolic, cuff.mean)
        if cuff.systolic is None or cuff.diastolic is None:
            self._known, self._aged = None, False
            return self._nothing()
        ended, self._measuring = self._measuring, False
        changed, aged = pressures != self._known, self._aged
        first, self._known, self._aged = self._known is None, pressures, cuff.old
        if cuff.old and not ended:
            if changed:
                text = "the monitor shows a cuff reading older than 60 s, which is not taken over"
                return [DeviceStatus("cuff-old", text)]
            return []
        if cuff.old and not changed:
            return _failed("the measurement ended and the monitor still shows the reading before it")
        if not (ended or changed or aged or first):
            return []
        return _measured(cuff)

    def _nothing(self) -> list[Reading]:
        if not self._measuring:
            return []
        self._empty += 1
        if self._empty < EMPTY_RECORDS:
            return []
        self._measuring = False
        return _failed("the monitor measured and shows no reading")


def _failed(text: str) -> list[Reading]:
    numerics = [Numeric(metric, None, Quality.MEASUREMENT_FAILED) for metric in NIBP_METRICS]
    return [DeviceStatus("cuff-failed", text), *numerics]


def _measured(cuff: Nibp) -> list[Reading]:
    """Four numerics; pressures that cannot be keep their number and are marked, since none is known to be right."""
    pressures = [mmhg for mmhg in (cuff.diastolic, cuff.mean, cuff.systolic) if mmhg is not None]
    rising = all(low < high for low, high in zip(pressures, pressures[1:], strict=False))
    fits = rising and pressures[0] > 0 and pressures[-1] <= MAX_CUFF_MMHG
    rate_fits = cuff.pulse_rate is not None and cuff.pulse_rate > 0
    values = (cuff.systolic, cuff.diastolic, cuff.mean, cuff.pulse_rate)
    readings: list[Reading] = []
    for metric, value, good in zip(NIBP_METRICS, values, (fits, fits, fits, rate_fits), strict=True):
        quality = Quality.NO_VALUE if value is None else Quality.GOOD if good else Quality.OUT_OF_RANGE
        readings.append(Numeric(metric, value, quality))
    return [*readings, DeviceStatus("cuff-done", "the monitor has a new cuff reading")]
