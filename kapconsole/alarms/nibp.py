"""Detection on cuff readings: bands fixed and relative, baseline, two-tier confirmation, failed and overdue readings.

One reading creates or ends a condition only when it is new, complete and plausible. A delay makes no sense for a single
value; a recheck takes its place: above 180/110 on two readings, or above 200/120 once (practice of an esketamine
clinic). Between readings a condition stays, and becomes unknown when the reading is old.
"""

from __future__ import annotations

from enum import StrEnum
from statistics import median

import msgspec

from kapconsole.alarms.conditions import CONDITIONS, SECOND_US
from kapconsole.alarms.events import Priority, ReadingDue
from kapconsole.alarms.limits import Bp
from kapconsole.alarms.verdict import Truth, Verdict, false, say, unknown
from kapconsole.clock import duration_text
from kapconsole.events import NibpMeasured
from kapdevices.readings import Quality

APART_US = 120 * SECOND_US
"""Readings of a baseline are at least this far apart."""

RESENT_US = 30 * SECOND_US
"""No cuff measures twice within this time: the same numbers again are the same reading, sent again."""

SOFT_US = 180 * SECOND_US
"""A scheduled reading may be taken this much early (to a music boundary)."""


class Band(StrEnum):
    """Where a reading lies."""

    LOW = "low"
    EXPECTED = "expected"
    CAUTION = "caution"
    ACT = "act"
    CRITICAL = "critical"


_HIGH_BANDS = (Band.ACT, Band.CRITICAL)


class Baseline(msgspec.Struct, frozen=True):
    """Medians before the dose, mmHg. `weak`: a single reading."""

    sys_mmhg: float
    dia_mmhg: float
    readings: int

    @property
    def weak(self) -> bool:
        """True while relative rules rest on one reading."""
        return self.readings < 2


class Pressure(msgspec.Struct, frozen=True):
    """One plausible reading, mmHg, and when it arrived."""

    at_us: int
    source: int
    sys_mmhg: float
    dia_mmhg: float


class Breach(msgspec.Struct, frozen=True):
    """A band, and the limit that put the reading there (`value` against `limit` in mmHg; `relative`: to baseline)."""

    band: Band
    value: float
    limit: float
    sign: str
    relative: bool = False


def breach(reading: Pressure, bp: Bp, baseline: Baseline | None) -> Breach:
    """The gravest band of a reading. Fixed and relative rules; the stricter counts."""
    sys, dia = reading.sys_mmhg, reading.dia_mmhg
    for band, limit_sys, limit_dia in (
        (Band.CRITICAL, bp.critical_sys, bp.critical_dia),
        (Band.ACT, bp.act_sys, bp.act_dia),
    ):
        if sys >= limit_sys:
            return Breach(band, sys, limit_sys, "≥")
        if dia >= limit_dia:
            return Breach(band, dia, limit_dia, "≥")
    floor = bp.low_sys
    if baseline is not None:
        floor = max(floor, baseline.sys_mmhg * (1 - bp.fall_percent / 100))
    if sys < floor:
        return Breach(Band.LOW, sys, floor, "<", floor > bp.low_sys)
    for value, fixed, rise, base in (
        (sys, bp.caution_sys, bp.rise_sys, None if baseline is None else baseline.sys_mmhg),
        (dia, bp.caution_dia, bp.rise_dia, None if baseline is None else baseline.dia_mmhg),
    ):
        if base is not None and value > base + rise and base + rise < fixed:
            return Breach(Band.CAUTION, value, base + rise, ">", True)
        if value >= fixed:
            return Breach(Band.CAUTION, value, fixed, "≥")
    return Breach(Band.EXPECTED, sys, bp.caution_sys, "<")


def baseline_of(readings: tuple[Pressure, ...]) -> Baseline | None:
    """The baseline of the readings before the dose: medians of those at least 2 min apart; None without any."""
    apart: list[Pressure] = []
    for reading in readings:
        if not apart or reading.at_us - apart[-1].at_us >= APART_US:
            apart.append(reading)
    if not apart:
        return None
    return Baseline(median(r.sys_mmhg for r in apart), median(r.dia_mmhg for r in apart), len(apart))


def implausible(sys_mmhg: float, dia_mmhg: float) -> str:
    """Why these pressures cannot be a patient's; empty when they can."""
    if sys_mmhg <= dia_mmhg:
        return "systolic not above diastolic"
    if not 40 <= sys_mmhg <= 280:
        return "systolic outside 40 to 280 mmHg"
    if not 20 <= dia_mmhg <= 220:
        return "diastolic outside 20 to 220 mmHg"
    return ""


class NibpWatch:
    """P04 to P07, T03 and T04."""

    def __init__(self) -> None:
        self.before_dose: tuple[Pressure, ...] = ()
        self.dose_us: int | None = None
        self.newest: Pressure | None = None
        self.dues: tuple[ReadingDue, ...] = ()
        self._previous: Pressure | None = None
        self._body: tuple[int, NibpMeasured] | None = None
        self._failed: tuple[int, int, str] | None = None  # since, how often in a row, why
        self._symptoms: frozenset[str] = frozenset()
        self._since: dict[str, int] = {}

    @property
    def baseline(self) -> Baseline | None:
        """The baseline so far."""
        return baseline_of(self.before_dose)

    def take(self, body: NibpMeasured, at_us: int, bp: Bp) -> ReadingDue | None:
        """A reading; gives the recheck that it asks for."""
        if self._body is not None and at_us - self._body[0] < RESENT_US and self._body[1] == body:
            return None
        self._body = (at_us, body)
        if not body.valid:
            if body.quality is not Quality.STOPPED:  # a person's stop is no failure
                self._fail(at_us, body.text or str(body.quality or Quality.NO_VALUE))
            return None
        assert body.sys_mmhg is not None
        assert body.dia_mmhg is not None
        why = implausible(body.sys_mmhg, body.dia_mmhg)
        if why:
            self._fail(at_us, f"{body.sys_mmhg:g}/{body.dia_mmhg:g} is not plausible, {why}")
            return None
        if self.newest is not None and at_us < self.newest.at_us:
            return None  # entered late: what came after it stands
        self._failed = None
        self._previous, self.newest = self.newest, Pressure(at_us, body.source, body.sys_mmhg, body.dia_mmhg)
        if self.dose_us is None or at_us <= self.dose_us:
            self.before_dose = (*self.before_dose, self.newest)
        self.dues = tuple(due for due in self.dues if not due.recheck and due.due_us - SOFT_US > at_us)
        band = breach(self.newest, bp, self.baseline).band
        if band in (Band.CAUTION, *_HIGH_BANDS):
            return ReadingDue(at_us + round(bp.recheck_s * SECOND_US), f"recheck, {band} band", True, at_us)
        return None

    def skip(self, due_us: int) -> None:
        """A person skipped the reading that was due then."""
        self.dues = tuple(due for due in self.dues if due.due_us != due_us)

    def dose(self, at_us: int) -> None:
        """A dose was given; the first one ends the baseline."""
        if self.dose_us is None or at_us < self.dose_us:
            self.dose_us = at_us
            self.before_dose = tuple(reading for reading in self.before_dose if reading.at_us <= at_us)

    def expect(self, due: ReadingDue) -> None:
        """A reading is due."""
        if due not in self.dues:
            self.dues = (*self.dues, due)

    def symptom(self, name: str, present: bool) -> None:
        """A red-flag symptom was ticked or taken back."""
        self._symptoms = self._symptoms | {name} if present else self._symptoms - {name}

    def verdicts(self, bp: Bp, now_us: int, away: bool) -> list[Verdict]:
        """All conditions of cuff readings; `away`: the cuff monitor that gave the newest one is lost."""
        return [*self._pressure(bp, now_us, away), self._failure(), self._overdue(bp, now_us)]

    def next_due_us(self, bp: Bp, after_us: int) -> int | None:
        """When something changes by time alone."""
        times = []
        if self.newest is not None:
            times.append(self.newest.at_us + round(bp.old_s * SECOND_US))
        if self.dues:
            overdue_us = self._overdue_us(bp)
            times += [overdue_us, overdue_us + round(bp.overdue_rise_s * SECOND_US)]
        return min((time for time in times if time > after_us), default=None)

    def _pressure(self, bp: Bp, now_us: int, away: bool) -> list[Verdict]:
        names = ("P06", "P05", "P07", "P04")
        if self.newest is None:
            return [unknown(name) for name in names]
        found = breach(self.newest, bp, self.baseline)
        held = self._condition(found, bp)
        if held not in self._since:
            # A limit that was changed, or a symptom, begins its condition now; a new reading did just now.
            self._since = {} if held is None else {held: now_us}
        old = away or now_us - self.newest.at_us >= bp.old_s * SECOND_US
        verdicts = []
        for name in names:
            if name != held:
                verdicts.append(false(name))
            elif old:
                verdicts.append(unknown(name))
            else:
                verdicts.append(self._true(name, found))
        return verdicts

    def _condition(self, found: Breach, bp: Bp) -> str | None:
        if found.band is Band.ACT:
            before = None if self._previous is None else breach(self._previous, bp, self.baseline).band
            return "P06" if before in _HIGH_BANDS or self._symptoms else "P05"
        return {Band.CRITICAL: "P06", Band.LOW: "P07", Band.CAUTION: "P04"}.get(found.band)

    def _true(self, name: str, found: Breach) -> Verdict:
        assert self.newest is not None
        words = ", ".join(sorted(self._symptoms)) if found.band in _HIGH_BANDS else ""
        if found.relative and self.baseline is not None and self.baseline.weak:
            words = "single-reading baseline"
        text = say(
            name,
            sys=self.newest.sys_mmhg,
            dia=self.newest.dia_mmhg,
            sign=found.sign,
            limit=found.limit,
            words=f", {words}" if words else "",
        )
        return Verdict(
            name,
            Truth.TRUE,
            since_us=self._since.get(name, self.newest.at_us),
            priority=CONDITIONS[name].priority,
            value=found.value,
            limit=found.limit,
            text=text,
        )

    def _fail(self, at_us: int, why: str) -> None:
        since_us, times = (at_us, 0) if self._failed is None else self._failed[:2]
        self._failed = (since_us, times + 1, why)

    def _failure(self) -> Verdict:
        if self._failed is None:
            return false("T04")
        since_us, times, why = self._failed
        priority = Priority.LOW if times < 2 else Priority.MEDIUM
        return Verdict("T04", Truth.TRUE, since_us=since_us, priority=priority, text=say("T04", words=why))

    def _overdue_us(self, bp: Bp) -> int:
        return min(due.due_us for due in self.dues) + round(bp.overdue_s * SECOND_US)

    def _overdue(self, bp: Bp, now_us: int) -> Verdict:
        if not self.dues or now_us < self._overdue_us(bp):
            return false("T03")
        since_us = self._overdue_us(bp)
        first = min(self.dues, key=lambda due: due.due_us)
        late = now_us - since_us >= bp.overdue_rise_s * SECOND_US
        words = f"{first.why}, since {duration_text((now_us - first.due_us) / SECOND_US)}"
        priority = Priority.MEDIUM if late else Priority.LOW
        return Verdict("T03", Truth.TRUE, since_us=since_us, priority=priority, text=say("T03", words=words))
