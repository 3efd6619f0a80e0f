"""A set as a pure function of session time: the plan, and what was changed while it ran.

Everything that delivers or draws a set asks the same `Stimulus`: the light, the bar, the sound, the console's preview.
It is made of the plan (clamped, whatever it said) and gives another stimulus for every change; nothing in it starts by
itself, and nothing of it is lit, sounds or moves after a stop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np

from kapconsole.bilateral.caps import LEVEL_STEP_DB, RANGES, RATE_CPS, clamped
from kapconsole.bilateral.events import Channel, Plan, SetAsked, SetChanged, StopAsked, StopKind, StopReason
from kapconsole.bilateral.pattern import Pattern, begin

S = 1_000_000
HALF_US = 0.5e-6
"""Session time has whole microseconds: an edge that is rounded to one is reached at it."""

STOP_RELEASE_S = 0.02
"""How long what sounds at *stop now* takes to be silent: a hard cut would click."""

Step = tuple[float, float]


class Showing(msgspec.Struct, frozen=True):
    """The light at one moment. `phase`: cycles since the start; `x_rel`, `y_rel`: in units of half the sweep.

    Right and up are positive. `level`: 0 (dark) to 1, to be taken as perceived brightness. `passes`: complete ones.
    """

    phase: float
    x_rel: float
    y_rel: float
    x_deg: float
    y_deg: float
    level: float
    passes: int

    @property
    def cycles(self) -> float:
        """Complete passes as cycles: two passes are one."""
        return self.passes / 2


class Stimulus:
    """See the module. `switched`: (seconds since the start, channels) from then on; `levels`: likewise, in dBFS."""

    __slots__ = ("levels", "pattern", "plan", "switched")

    def __init__(self, plan: Plan) -> None:
        plan = clamped(plan)
        cycles = plan.cycles
        if cycles is None and plan.seconds is None:
            cycles = int(RANGES["cycles"][1])  # a set that only a person ends, ends all the same
        self.plan = plan
        self.pattern: Pattern = begin(
            plan.rate_cps,
            plan.motion.sweep_deg,
            plan.motion.path,
            plan.motion.profile,
            plan.motion.edge_dwell_ms / 1000,
            plan.motion.ramp_in_cycles,
            None if cycles is None else 2 * cycles,
            plan.seconds,
        )
        self.switched: tuple[tuple[float, tuple[Channel, ...]], ...] = ((0.0, plan.channels),)
        self.levels: tuple[Step, ...] = ((0.0, plan.sound.level_dbfs),)

    @classmethod
    def of(cls, asked: SetAsked, since: Sequence[SetChanged | StopAsked] = ()) -> Self:
        """The stimulus of a set as the log has it: asked for, and everything that was asked of it since."""
        made = cls(asked.plan)
        for body in since:
            made = made.changed(body) if isinstance(body, SetChanged) else made.ended(body)
        return made

    # -- changes --------------------------------------------------------------------------------------------------

    def changed(self, change: SetChanged) -> Self:
        """With a person's change: rate, sweep and level from the next edge, channels at once. Caps hold here, too."""
        at_s = self.seconds_at(change.at_us)
        made = self._copy()
        if change.rate_cps is not None or change.sweep_deg is not None:
            rate = None if change.rate_cps is None else _within(change.rate_cps, RATE_CPS)
            sweep = None if change.sweep_deg is None else _within(change.sweep_deg, RANGES["motion.sweep_deg"])
            made.pattern = self.pattern.changed(at_s, rate, sweep)
        if change.level_dbfs is not None:
            before = self.levels[-1][1]
            step = _within(change.level_dbfs - before, (-LEVEL_STEP_DB, LEVEL_STEP_DB))
            level = min(max(before + step, RANGES["sound.level_dbfs"][0]), self.plan.sound.ceiling_dbfs)
            from_s = self.pattern.edge_s(max(0, self.pattern.next_edge(at_s)))
            made.levels = (*(item for item in self.levels if item[0] < from_s), (from_s, level))
        if change.channels:
            made.switched = (*self.switched, (max(at_s, self.switched[-1][0]), change.channels))
        return made

    def ended(self, stop: StopAsked) -> Self:
        """With a stop of either kind; a second one can only make it sooner."""
        at_s = self.seconds_at(stop.at_us)
        made = self._copy()
        if stop.kind is StopKind.FINISH_PASS:
            made.pattern = self.pattern.finishing(at_s)
        else:
            made.pattern = self.pattern.stopped(at_s)
        return made

    def _copy(self) -> Self:
        made = type(self).__new__(type(self))
        made.plan, made.pattern = self.plan, self.pattern
        made.switched, made.levels = self.switched, self.levels
        return made

    # -- time -----------------------------------------------------------------------------------------------------

    def seconds_at(self, t_us: int) -> float:
        """Seconds since the set's start at a moment of the session."""
        return (t_us - self.plan.start_us) / S

    def edge_us(self, edge: int) -> int:
        """The moment of the session at which the light reaches an edge; edge 0 is the start."""
        return self.plan.start_us + math.floor(self.pattern.edge_s(edge) * S + 0.5)

    @property
    def end_us(self) -> int:
        """When the last pass is over or the set was stopped."""
        return self.plan.start_us + math.floor(self.pattern.end_s * S + 0.5)

    @property
    def over_us(self) -> int:
        """When nothing of it can be perceived any more: faded, or released after a stop."""
        if self.stopped:
            return self.end_us + round(STOP_RELEASE_S * S)
        fade_ms = max(self.plan.light.luminance_ramp_ms, self.plan.sound.tone_ms, self.plan.tactile.pulse_ms)
        return self.end_us + round(fade_ms * 1000)

    @property
    def stopped(self) -> bool:
        """True when it ends by *stop now*, before it would have by itself."""
        stop_s = self.pattern.stop_s
        edge = self.pattern.last_edge
        return stop_s is not None and (edge is None or stop_s < self.pattern.edge_s(edge))

    def passes_at(self, t_us: int) -> int:
        """Passes complete at a moment of the session; exactly the number of edges reached after the start."""
        at_s = self.seconds_at(t_us)
        stop_s = self.pattern.stop_s
        return self.pattern.passes_at(at_s + HALF_US if stop_s is None or at_s < stop_s else stop_s + HALF_US)

    def reason(self) -> StopReason:
        """Why it ends as things stand, as far as the plan and the stops say."""
        if self.stopped:
            return StopReason.STOP_NOW
        asked = begun_with(self.plan)
        last = self.pattern.last_edge
        if self.pattern.passes != asked and last == self.pattern.passes:
            return StopReason.FINISH_PASS
        return StopReason.COUNT if self.plan.seconds is None else StopReason.TIME

    # -- what is perceived ----------------------------------------------------------------------------------------

    def at(self, t_us: int) -> Showing:
        """The light on the client display at a moment of the session."""
        return self._showing(t_us, Channel.LIGHT)

    def bar_at(self, t_us: int) -> tuple[float, float]:
        """The bar's spot: degrees along the bar, whatever the path, and its level, 0 to 1."""
        places = self.pattern.at(self.seconds_at(t_us))
        return float(places.main * places.half_deg), self.level(Channel.BAR, t_us)

    def channels_at(self, at_s: float) -> tuple[Channel, ...]:
        """The channels that are switched on, by seconds since the start."""
        return next((channels for from_s, channels in reversed(self.switched) if from_s <= at_s), ())

    def level_dbfs(self, at_s: float) -> float:
        """The tones' peak level at seconds since the start."""
        return next((level for from_s, level in reversed(self.levels) if from_s <= at_s), self.levels[0][1])

    def level(self, channel: Channel, t_us: int) -> float:
        """How far light or bar is faded in at a moment of the session, 0 to 1."""
        at_s = self.seconds_at(t_us)
        stop_s = self.pattern.stop_s
        if at_s < 0 or (stop_s is not None and at_s >= stop_s):
            return 0.0
        times, values = self.envelope(channel, self.plan.light.luminance_ramp_ms / 1000)
        return float(np.interp(at_s, times, values))

    def envelope(self, channel: Channel, ramp_s: float) -> tuple[list[float], list[float]]:
        """Seconds and values, 0 to 1, between which a channel fades in straight lines: on, off, and out at the end."""
        end_s = self.pattern.end_s
        targets = [(at_s, float(channel in channels)) for at_s, channels in self.switched if at_s < end_s]
        if math.isfinite(end_s):
            targets.append((end_s, 0.0))
        times, values = [0.0], [0.0]
        value, target, since_s = 0.0, 0.0, 0.0
        for at_s, wanted in targets:
            if (held := _toward(value, target, at_s - since_s, ramp_s)) == target and value != target:
                times.append(since_s + abs(target - value) * ramp_s)
                values.append(target)
            value, target, since_s = held, wanted, at_s
            times.append(at_s)
            values.append(value)
        times.append(since_s + abs(target - value) * ramp_s)
        values.append(target)
        return times, values

    def _showing(self, t_us: int, channel: Channel) -> Showing:
        places = self.pattern.at(self.seconds_at(t_us))
        half_deg = float(places.half_deg)
        x, y = float(places.x_rel), float(places.y_rel)
        passes = self.passes_at(t_us)
        return Showing(float(places.phase), x, y, x * half_deg, y * half_deg, self.level(channel, t_us), passes)


def begun_with(plan: Plan) -> int | None:
    """The number of passes after which a plan ends by itself; None: it ends by its time."""
    if plan.cycles is None:
        return None if plan.seconds is not None else 2 * int(RANGES["cycles"][1])
    return 2 * plan.cycles


def _toward(value: float, target: float, seconds: float, ramp_s: float) -> float:
    step = seconds / ramp_s
    return min(target, value + step) if target > value else max(target, value - step)


def _within(value: float, span: tuple[float, float]) -> float:
    return min(max(value, span[0]), span[1])
