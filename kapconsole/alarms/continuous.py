"""Detection on continuous numerics: SpO2 low and desaturation, pulse and respiratory rate out of range.

The desaturation area: points below the limit times seconds, counted up sample by sample and down again in range. Two
conventions exist; which one applies follows from the limit. Exclusive (a value equal to the limit is in range): points
below the limit, as the Nellcor manuals count. Inclusive: points below the lowest value that does not alarm, as GE
counts. Three excursions within 60 s alarm although the area is small (both makers).
"""

from __future__ import annotations

from kapconsole.alarms.events import Priority
from kapconsole.alarms.limits import Rate, Spo2
from kapconsole.alarms.streams import SECOND_US, Sources, Stream
from kapconsole.alarms.verdict import Excursion, Truth, Verdict, false, say, unknown
from kapdevices.readings import Metric

OFTEN_US = 60 * SECOND_US
MOST_STEP_S = 5.0
"""A sample stands for the time since the one before it, but never for a longer gap than this."""


def points_outside(value: float, limit: float, inclusive: bool) -> float:
    """How many points of SpO2 lie outside the limit; negative: how far inside, at least one."""
    points = limit + 1 - value if inclusive else limit - value
    return points if points > 0 else min(-1.0, points)


def area_after(area: float, value: float, limit: float, inclusive: bool, seconds: float) -> float:
    """The desaturation area (points times seconds, at least 0) after a sample that stands for `seconds`."""
    return max(0.0, area + points_outside(value, limit, inclusive) * seconds)


class Spo2Watch:
    """P01 and P02."""

    def __init__(self) -> None:
        self._low = Excursion()
        self._desat = Excursion()
        self._area = 0.0
        self._sampled_us: int | None = None

    def verdicts(self, sources: Sources, limits: Spo2, now_us: int, hold: tuple[int, int]) -> tuple[Verdict, Verdict]:
        """P01 and P02; `hold`: until when a cuff on the same limb holds each of them back."""
        fed = sources.fed(Metric.SPO2)
        if fed is None or not usable(sources, *fed, now_us):
            return unknown("P01"), unknown("P02")
        stream = fed[1]
        value, valid_us = stream.value, stream.valid_us
        assert value is not None
        assert valid_us is not None
        self._low.update(_below(value, limits.low, limits.inclusive), now_us)
        self._desat.update(_below(value, limits.desat, limits.inclusive), now_us)
        self._count(value, valid_us, limits)
        sign = "≤" if limits.inclusive else "<"
        clear_us = round(limits.clear_s * SECOND_US)
        return (
            self._verdict("P01", self._desat, value, limits.desat, sign, clear_us, valid_us, True, False, hold[0]),
            self._verdict(
                "P02",
                self._low,
                value,
                limits.low,
                sign,
                clear_us,
                valid_us,
                limits.area_points_s == 0,
                self._at_once(value, limits, now_us),
                hold[1],
            ),
        )

    def _at_once(self, value: float, limits: Spo2, now_us: int) -> bool:
        rapid = limits.low - value >= limits.rapid_points
        if not limits.area_points_s:
            return rapid
        return rapid or self._area >= limits.area_points_s or self._low.often(now_us, OFTEN_US)

    def _count(self, value: float, valid_us: int, limits: Spo2) -> None:
        if valid_us == self._sampled_us:
            return
        seconds = 0.0 if self._sampled_us is None else (valid_us - self._sampled_us) / SECOND_US
        self._area = area_after(self._area, value, limits.low, limits.inclusive, min(seconds, MOST_STEP_S))
        self._sampled_us = valid_us

    @staticmethod
    def _verdict(
        condition: str,
        excursion: Excursion,
        value: float,
        limit: float,
        sign: str,
        clear_us: int,
        valid_us: int,
        by_time: bool,
        immediate: bool,
        hold_until_us: int,
    ) -> Verdict:
        if excursion.outside_us is None:
            return false(condition, settled=excursion.settled(valid_us, clear_us))
        return Verdict(
            condition,
            Truth.TRUE,
            since_us=excursion.outside_us,
            value=value,
            limit=limit,
            text=say(condition, value=value, sign=sign, limit=limit),
            by_time=by_time,
            immediate=immediate,
            hold_until_us=hold_until_us,
        )


class RateWatch:
    """A rate out of its range: P03 for the pulse, P08 for respiration."""

    def __init__(self, condition: str, metric: Metric) -> None:
        self._condition = condition
        self._metric = metric
        self._outside = Excursion()

    def verdict(self, sources: Sources, limits: Rate, now_us: int) -> Verdict:
        """Whether the rate is out of range."""
        fed = sources.fed(self._metric)
        if fed is None or not usable(sources, *fed, now_us):
            return unknown(self._condition)
        value, valid_us = fed[1].value, fed[1].valid_us
        assert value is not None
        assert valid_us is not None
        low, high = value < limits.low, value > limits.high
        self._outside.update(low or high, now_us)
        if self._outside.outside_us is None:
            clear_us = round(limits.clear_s * SECOND_US)
            return false(self._condition, settled=self._outside.settled(valid_us, clear_us))
        limit = limits.low if low else limits.high
        return Verdict(
            self._condition,
            Truth.TRUE,
            since_us=self._outside.outside_us,
            priority=Priority.MEDIUM,
            value=value,
            limit=limit,
            text=say(self._condition, value=value, sign="<" if low else ">", limit=limit),
        )


def usable(sources: Sources, source: int, stream: Stream, now_us: int) -> bool:
    """True when the stream is armed, its newest valid value is young, and its device is there."""
    if not stream.armed or stream.valid_us is None or now_us - stream.valid_us > sources.late_us(source):
        return False
    line = sources.lines.get(source)
    return line is None or line.state != "lost"


def _below(value: float, limit: float, inclusive: bool) -> bool:
    return value <= limit if inclusive else value < limit
