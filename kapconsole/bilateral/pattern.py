"""The movement as a pure function of time: passes, edges and positions that no change of rate or sweep lets jump.

A pattern is a chain of legs. Within a leg all passes last equally long, so that an edge is `start + n * pass_s` and
never a sum of steps: nothing drifts. A change holds from the next edge on, where the light turns round anyway and
tones that are already on their way stay right. Times are seconds since the set's start, where the light stands at its
first (left, lower) edge; edge `k` ends pass `k - 1`. No caps here: `caps.py` has them, and `Stimulus` applies them.
"""

from __future__ import annotations

import math
from bisect import bisect_right

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from kapconsole.bilateral.events import Path, Profile

Floats = NDArray[np.float64]

RAMP_FROM = 0.6
"""Share of the rate with which a ramped set begins (bilateral reference, section 3)."""

EASE = 0.2
"""Share of the travel's time in which an eased pass speeds up, and as much in which it slows down."""

BULGE = 0.35
"""Height of the arc and of the loops of infinity, as a share of half the sweep."""

DWELL_SHARE = 0.5
"""The light may stand still for at most this share of a pass."""


class Leg(msgspec.Struct, frozen=True):
    """Passes of equal length from pass `first` on; its first pass takes the sweep from `from_deg` to `to_deg`."""

    first: int
    start_s: float
    pass_s: float
    from_deg: float
    to_deg: float


class Places(msgspec.Struct, frozen=True, eq=False):
    """Where the light is at some moments. All arrays have the shape of the times.

    `phase`: cycles since the start; `main`: -1 to 1 from the first edge to the other, along any path; `x_rel`, `y_rel`:
    in units of half the sweep, right and up positive; `half_deg`: half the sweep in degrees.
    """

    passes: NDArray[np.int64]
    phase: Floats
    main: Floats
    x_rel: Floats
    y_rel: Floats
    half_deg: Floats


class Pattern(msgspec.Struct, frozen=True):
    """See the module. Made by `begin`; every change gives another pattern.

    Ends after `passes` (None: never by itself) or at the first edge from `seconds` on; `stop_s`: frozen from then on.
    """

    path: Path
    profile: Profile
    dwell_s: float
    ramp_passes: int
    rate_cps: float
    legs: tuple[Leg, ...]
    passes: int | None = None
    seconds: float | None = None
    stop_s: float | None = None

    def changed(self, at_s: float, rate_cps: float | None = None, sweep_deg: float | None = None) -> Pattern:
        """Another rate or sweep from the first edge at or after `at_s`; the light grows into a sweep during a pass."""
        edge = self.next_edge(at_s)
        kept = [leg for leg in self.legs if leg.first < edge]
        if not kept:  # before the start: there is nothing to be continuous with
            sweep = self.legs[-1].to_deg if sweep_deg is None else sweep_deg
            rate = self.rate_cps if rate_cps is None else rate_cps
            legs = _legs(0, 0.0, rate, self.ramp_passes, sweep, sweep)
            return msgspec.structs.replace(self, rate_cps=rate, legs=legs)
        rate = self.rate_cps if rate_cps is None else rate_cps
        sweep = self.legs[-1].to_deg if sweep_deg is None else sweep_deg
        new = _legs(edge, self.edge_s(edge), rate, self.ramp_passes, kept[-1].to_deg, sweep)
        return msgspec.structs.replace(self, rate_cps=rate, legs=(*kept, *new))

    def finishing(self, at_s: float) -> Pattern:
        """The set ends with the pass that is under way at `at_s`; never later than it would have."""
        edge = max(self.next_edge(at_s), 0)
        return msgspec.structs.replace(self, passes=edge if self.passes is None else min(edge, self.passes))

    def stopped(self, at_s: float) -> Pattern:
        """Nothing moves or begins from `at_s` on."""
        return msgspec.structs.replace(self, stop_s=at_s if self.stop_s is None else min(at_s, self.stop_s))

    def edge_s(self, edge: int) -> float:
        """When the light reaches edge `edge`; edge 0 is the start."""
        leg = self.legs[max(0, bisect_right(self.legs, edge, key=lambda leg: leg.first) - 1)]
        return leg.start_s + (edge - leg.first) * leg.pass_s

    def pass_s(self, number: int) -> float:
        """How long pass `number` lasts."""
        return self._leg(number).pass_s

    def midline_s(self, number: int) -> float:
        """When the light crosses the middle in pass `number`."""
        return self.share_s(number, 0.5)

    def share_s(self, number: int, share: float) -> float:
        """When the time of travel of pass `number` has gone by to a share of 0 to 1."""
        leg = self._leg(number)
        dwell_s = self._dwell_s(leg)
        return self.edge_s(number) + dwell_s + share * (leg.pass_s - dwell_s)

    def next_edge(self, at_s: float) -> int:
        """The number of the first edge at or after `at_s`."""
        number = self.under_way(at_s)
        return number if self.edge_s(number) >= at_s else number + 1

    @property
    def last_edge(self) -> int | None:
        """The edge at which the set ends by itself, if it does."""
        by_time = None if self.seconds is None else self.next_edge(self.seconds)
        if by_time is None or self.passes is None:
            return self.passes if by_time is None else by_time
        return min(by_time, self.passes)

    @property
    def end_s(self) -> float:
        """When the last pass is over, or the set was stopped; infinite where only a person ends it."""
        edge = self.last_edge
        by_itself = math.inf if edge is None else self.edge_s(edge)
        return by_itself if self.stop_s is None else min(by_itself, max(self.stop_s, 0.0))

    def passes_at(self, at_s: float) -> int:
        """How many passes are complete; the number of edges reached after the start. Cycles are half of it."""
        number = max(0, self.under_way(min(at_s, self.end_s)))
        return number if self.last_edge is None else min(number, self.last_edge)

    def at(self, times_s: ArrayLike) -> Places:
        """Where the light is at these seconds since the start; at its first edge before, at its last one after."""
        end_s = self.end_s
        times = np.clip(np.asarray(times_s, dtype=np.float64), 0.0, end_s)
        starts = np.array([leg.start_s for leg in self.legs])
        which = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
        firsts = np.array([leg.first for leg in self.legs], dtype=np.int64)
        pass_s = np.array([leg.pass_s for leg in self.legs])[which]
        count = np.append(firsts[1:] - firsts[:-1], np.iinfo(np.int64).max // 2)[which]
        into = (times - starts[which]) / pass_s
        number = np.minimum(np.floor(into).astype(np.int64), count - 1)
        last = self.last_edge
        if last is not None:  # the last moment belongs to the last pass
            number = np.minimum(number, np.maximum(last - 1 - firsts[which], 0))
        share = np.clip(into - number, 0.0, 1.0)
        passes = firsts[which] + number
        dwell = np.array([self._dwell_s(leg) / leg.pass_s for leg in self.legs])[which]
        way, curve = _shape(self.profile, np.clip((share - dwell) / (1.0 - dwell), 0.0, 1.0))
        from_deg = np.array([leg.from_deg for leg in self.legs])[which]
        to_deg = np.array([leg.to_deg for leg in self.legs])[which]
        half_deg = np.where(number == 0, from_deg + (to_deg - from_deg) * way, to_deg) / 2
        sign = np.where(passes % 2 == 0, 1.0, -1.0)
        x, y = _on_path(self.path, way, curve, sign)
        return Places(passes, (passes + share) / 2, sign * (2 * way - 1), x, y, half_deg)

    def rate_trace(self) -> tuple[tuple[float, float], ...]:
        """(seconds since the start, cycles/s) wherever the rate becomes another before the end."""
        trace: list[tuple[float, float]] = []
        for leg in self.legs:
            rate = 0.5 / leg.pass_s
            if leg.start_s < self.end_s and (not trace or trace[-1][1] != rate):
                trace.append((leg.start_s, rate))
        return tuple(trace)

    def _leg(self, number: int) -> Leg:
        return self.legs[max(0, bisect_right(self.legs, number, key=lambda leg: leg.first) - 1)]

    def _dwell_s(self, leg: Leg) -> float:
        return min(self.dwell_s, DWELL_SHARE * leg.pass_s)

    def under_way(self, at_s: float) -> int:
        """The pass that is under way: its edge is at or before `at_s`, the next one after it."""
        leg = self.legs[max(0, bisect_right(self.legs, at_s, key=lambda leg: leg.start_s) - 1)]
        number = leg.first + math.floor((at_s - leg.start_s) / leg.pass_s)
        # The division may be off by one where `at_s` is an edge; the edges themselves decide.
        if self.edge_s(number) > at_s:
            return number - 1
        return number + 1 if self.edge_s(number + 1) <= at_s else number


def begin(
    rate_cps: float,
    sweep_deg: float = 25.0,
    path: Path = Path.HORIZONTAL,
    profile: Profile = Profile.SINE,
    dwell_s: float = 0.0,
    ramp_in_cycles: int = 0,
    passes: int | None = None,
    seconds: float | None = None,
) -> Pattern:
    """A pattern that begins at its first edge at time 0."""
    ramp_passes = 2 * ramp_in_cycles
    legs = _legs(0, 0.0, rate_cps, ramp_passes, sweep_deg, sweep_deg)
    return Pattern(path, profile, dwell_s, ramp_passes, rate_cps, legs, passes, seconds)


def peak_speed_deg_s(rate_cps: float, sweep_deg: float, profile: Profile, dwell_s: float = 0.0) -> float:
    """The eye's highest speed on a straight path, degrees a second (bilateral reference, section 6)."""
    pass_s = 0.5 / rate_cps
    mean = sweep_deg / (pass_s - min(dwell_s, DWELL_SHARE * pass_s))
    return mean * {Profile.SINE: math.pi / 2, Profile.LINEAR: 1.0, Profile.EASED: 1 / (1 - EASE)}[profile]


def _legs(
    first: int, start_s: float, rate_cps: float, ramp_passes: int, from_deg: float, to_deg: float
) -> tuple[Leg, ...]:
    legs = []
    for number in range(first, max(first, ramp_passes) + 1):
        share = RAMP_FROM + (1 - RAMP_FROM) * number / ramp_passes if number < ramp_passes else 1.0
        legs.append(Leg(number, start_s, 0.5 / (rate_cps * share), from_deg, to_deg))
        start_s, from_deg = start_s + legs[-1].pass_s, to_deg
    return tuple(legs)


def _shape(profile: Profile, travelled: Floats) -> tuple[Floats, Floats]:
    """Share of the straight way (0 to 1), and of the turn round a closed path, at a share of the time of travel."""
    match profile:
        case Profile.SINE:
            return (1 - np.cos(np.pi * travelled)) / 2, travelled
        case Profile.LINEAR:
            return travelled, travelled
        case Profile.EASED:
            top = 1 / (1 - EASE)
            eased = np.where(
                travelled < EASE,
                top * travelled**2 / (2 * EASE),
                np.where(
                    travelled > 1 - EASE, 1 - top * (1 - travelled) ** 2 / (2 * EASE), top * (travelled - EASE / 2)
                ),
            )
            return eased, eased


def _on_path(path: Path, way: Floats, curve: Floats, sign: Floats) -> tuple[Floats, Floats]:
    """x and y, -1 to 1, of the light that has gone a share of its way, rightwards (sign 1) or back (-1)."""
    main = sign * (2 * way - 1)
    match path:
        case Path.HORIZONTAL:
            return main, np.zeros_like(main)
        case Path.VERTICAL:
            return np.zeros_like(main), main
        case Path.DIAGONAL_UP:
            return main * math.sqrt(0.5), main * math.sqrt(0.5)
        case Path.DIAGONAL_DOWN:
            return main * math.sqrt(0.5), -main * math.sqrt(0.5)
        case Path.ARC:
            return main, BULGE * (1 - main**2)
        case Path.INFINITY:
            # By angle and not by x, whose speed along the loops would have no limit at the edges.
            return -sign * np.cos(np.pi * curve), BULGE * np.sin(2 * np.pi * curve)
