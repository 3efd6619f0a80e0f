"""Blood pressures among polled numerics: each new one given once and whole, old ones never as if they were new.

A monitor repeats its last pressure in every poll, in two objects that may come in different parts of a reply. A new one
is known by its time stamp or its values. What stood there when the association began is shown as a reading only if the
monitor's own clock says that it is at most 120 s old; otherwise it is said in words.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kapdevices.readings import DeviceStatus, Metric, Numeric, Quality, Reading

PRESSURES = (Metric.NIBP_SYS, Metric.NIBP_DIA, Metric.NIBP_MEAN)
FIRST_POLLS = 3
"""The first poll after an association has labels and no values. One that lost parts in damage does not count."""
PULSE_POLLS = 2
"""A pulse rate that is missing from a reply may come with the next."""
RECENT_S = 120.0
CLOCKS_APART_S = -5.0


class NibpKeeper:
    """Collects the parts of one poll after the other."""

    def __init__(self) -> None:
        self._parts: dict[Metric, Numeric] = {}
        self._stamps: dict[Metric, datetime | None] = {}
        self._polls = 0
        self._waited = 0
        self._last: tuple[object, ...] | None = None
        self._last_stamp: datetime | None = None
        self._measuring = False

    def begin(self) -> None:
        """A new association: what it shows first may be old."""
        self._parts, self._stamps, self._polls, self._waited = {}, {}, 0, 0

    def add(self, numeric: Numeric, stamp: datetime | None, measuring: bool) -> list[Reading]:
        """One part; `stamp` is the time that its object bears."""
        self._parts[numeric.metric], self._stamps[numeric.metric] = numeric, stamp
        if numeric.metric is not Metric.NIBP_SYS or measuring == self._measuring:
            return []
        self._measuring = measuring
        return [DeviceStatus("nibp-measuring", "the monitor measures blood pressure")] if measuring else []

    @property
    def has_parts(self) -> bool:
        """True when parts of a poll are waiting for its end."""
        return bool(self._parts)

    def seal(self, age_s: Callable[[datetime], float | None], whole: bool = True) -> list[Reading]:
        """The poll is over: readings if it brought a new pressure. `age_s` knows the age of a time stamp.

        `whole` is False when parts of it may have been lost.
        """
        parts, stamps, self._parts, self._stamps = self._parts, self._stamps, {}, {}
        pressures = [parts[metric] for metric in PRESSURES if metric in parts]
        first = self._polls < FIRST_POLLS
        self._polls += whole
        if not pressures:
            return []
        stamp = next((stamps[metric] for metric in PRESSURES if stamps.get(metric)), None)
        if all(numeric.value is None for numeric in pressures):
            return self._without_values(stamp, first)
        said = (stamp, *((numeric.metric, numeric.value) for numeric in pressures))
        if said == self._last:
            return []
        if Metric.NIBP_PULSE_RATE not in parts and self._waited < PULSE_POLLS:
            self._waited += 1
            self._polls -= whole
            return []
        self._waited, self._last = 0, said
        self._last_stamp = stamp or self._last_stamp
        age = age_s(stamp) if stamp else None
        if first and (age is None or not CLOCKS_APART_S <= age <= RECENT_S):
            return [DeviceStatus("nibp-from-before", self._in_words(parts, stamp))]
        pulse = parts.get(Metric.NIBP_PULSE_RATE)
        if pulse is None or stamps.get(Metric.NIBP_PULSE_RATE) not in (None, stamp):
            pulse = Numeric(Metric.NIBP_PULSE_RATE, None, Quality.NO_VALUE)
        return self._readings(parts, pulse, stamp)

    def _without_values(self, stamp: datetime | None, first: bool) -> list[Reading]:
        """A new time stamp without values is a failed measurement; without a new stamp a value was only withdrawn."""
        before, self._last_stamp = self._last_stamp, stamp or self._last_stamp
        if stamp is None or before is None or stamp == before or first:
            return []
        return [
            DeviceStatus("cuff-failed", "the monitor measured blood pressure and gives no values"),
            *(
                Numeric(metric, None, Quality.MEASUREMENT_FAILED, device_time=stamp.isoformat())
                for metric in (*PRESSURES, Metric.NIBP_PULSE_RATE)
            ),
        ]

    def _readings(self, parts: dict[Metric, Numeric], pulse: Numeric, stamp: datetime | None) -> list[Reading]:
        order = (Metric.NIBP_DIA, Metric.NIBP_MEAN, Metric.NIBP_SYS)
        given = [value for metric in order if metric in parts and (value := parts[metric].value) is not None]
        fits = given == sorted(set(given))
        time = stamp.isoformat() if stamp else None
        readings: list[Reading] = []
        for metric in PRESSURES:
            numeric = parts.get(metric) or Numeric(metric, None, Quality.NO_VALUE)
            quality = numeric.quality or (Quality.GOOD if fits else Quality.OUT_OF_RANGE)
            readings.append(Numeric(metric, numeric.value, quality, device_time=time))
        readings.append(Numeric(pulse.metric, pulse.value, pulse.quality, device_time=time))
        return [*readings, DeviceStatus("cuff-done", "the monitor has measured blood pressure")]

    def _in_words(self, parts: dict[Metric, Numeric], stamp: datetime | None) -> str:
        values = [parts[metric].value if metric in parts else None for metric in (Metric.NIBP_SYS, Metric.NIBP_DIA)]
        words = "/".join("--" if value is None else f"{value:g}" for value in values)
        when = f"at {stamp:%Y-%m-%d %H:%M} by its clock" if stamp else "at a time that it does not say"
        return f"the monitor still shows a blood pressure of {words}, measured {when}, before the association"
