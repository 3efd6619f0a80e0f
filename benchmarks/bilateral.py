"""How exact bilateral stimulation is, and what it costs to make.

    python benchmarks/bilateral.py [--quick] [--passes N]

*Onsets*: sets with random rates, changes of rate, sweep and level in the middle, and ramps are rendered in random
blocks; where each tone begins is read off the samples and held against a model of its own in whole fractions.
*Drift*: the edges of one long pattern against fractions, after 10^5 cycles. *Cost*: seconds of processor for a second
of stimulation, and microseconds for one picture. 1 when a tone or an edge is not at its sample.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from kapconsole.bilateral.barlight import bar_frame
from kapconsole.bilateral.events import Bar, Channel, Motion, Pan, Plan, SetChanged, Sound
from kapconsole.bilateral.pattern import begin
from kapconsole.bilateral.sources import RATE_HZ, PulseSource, ToneSource
from kapconsole.bilateral.stimulus import Stimulus

S = 1_000_000
MOST_PASSES = 240
RAMP_FROM = Fraction(3, 5)


def true_edges(
    rate: Fraction, ramp_passes: int, changes: list[tuple[Fraction, Fraction]], passes: int
) -> list[Fraction]:
    """When each edge is reached, in seconds: pass by pass, a change holding from the first edge at or after it."""
    edges, at_s, waiting = [], Fraction(0), list(changes)
    for number in range(passes):
        while waiting and waiting[0][0] <= at_s:
            rate = waiting.pop(0)[1]
        share = RAMP_FROM + (1 - RAMP_FROM) * Fraction(number, ramp_passes) if number < ramp_passes else Fraction(1)
        at_s += 1 / (2 * rate * share)
        edges.append(at_s)
    return edges


def onset_errors(passes: int) -> tuple[int, int, int]:
    """Tones heard, tones that were not where they belong, and the largest error in samples."""
    chance = random.Random(5)
    heard = wrong = largest = 0
    while heard < passes:
        rate, ramp = Fraction(chance.randrange(30, 201), 100), chance.randrange(0, 5)
        changes = sorted(
            (Fraction(chance.randrange(0, 60_000_000), S), Fraction(chance.randrange(30, 201), 100))
            for _ in range(chance.randrange(0, 4))
        )
        plan = Plan(
            "benchmark",
            1,
            float(rate),
            (Channel.AUDIO,),
            cycles=MOST_PASSES // 2,
            motion=Motion(ramp_in_cycles=ramp),
            sound=Sound(tone_ms=50),
        )
        stimulus = Stimulus(plan)
        for at_s, new_rate in changes:
            sweep, level = chance.uniform(10, 40), chance.uniform(-33, -27)
            stimulus = stimulus.changed(SetChanged(1, float(new_rate), sweep, None, level, int(at_s * S)))
        expected = true_edges(rate, 2 * ramp, changes, MOST_PASSES)
        start = chance.randrange(0, RATE_HZ)
        found = begins(
            ToneSource(stimulus, start_frame=start), start + math.ceil(expected[-1] * RATE_HZ) + 9600, chance
        )
        wanted = [start + math.floor(at_s * RATE_HZ + Fraction(1, 2)) for at_s in expected]
        heard += len(found)
        if len(found) != len(wanted):
            wrong += abs(len(found) - len(wanted))
            continue
        errors = [abs(one - other) for one, other in zip(found, wanted, strict=True)]
        wrong += sum(error > 0 for error in errors)
        largest = max(largest, *errors)
    return heard, wrong, largest


def begins(source: ToneSource, frames: int, chance: random.Random) -> list[int]:
    """The frames at which a tone begins after silence, as the samples have it."""
    found, first, sounding = [], 0, False
    while first < frames:
        count = chance.randrange(64, 20_000)
        active: NDArray[np.bool_] = np.any(source.render(first, count) != 0, axis=1)
        # A tone of 50 ms is nowhere silent for 2 ms: only where it ends.
        places = np.flatnonzero(np.diff(active.astype(np.int8), prepend=np.int8(sounding)) == 1)
        found += [first + int(place) for place in places]
        sounding = bool(active[-1])
        first += count
    return found


def drift(cycles: int) -> tuple[float, int]:
    """The largest error of an edge in nanoseconds, and in samples, over so many cycles at several rates."""
    worst, samples = Fraction(0), 0
    for hundredths in (30, 55, 95, 100, 120, 137, 200):
        pattern = begin(hundredths / 100)
        for edge in range(1, 2 * cycles + 1, 997 if cycles > 2000 else 7):
            true_s, made_s = Fraction(edge * 100, 2 * hundredths), pattern.edge_s(edge)
            worst = max(worst, abs(Fraction(made_s) - true_s))
            right = math.floor(true_s * RATE_HZ + Fraction(1, 2))
            samples = max(samples, abs(math.floor(made_s * RATE_HZ + 0.5) - right))
    return float(worst * 10**9), samples


def seconds_for(what: Callable[[], object], least_s: float) -> float:
    """Seconds of one call, the mean of as many as fit into `least_s`."""
    what()
    calls, began_s = 0, time.perf_counter()
    while time.perf_counter() - began_s < least_s:
        what()
        calls += 1
    return (time.perf_counter() - began_s) / calls


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few passes, for a guard against rot")
    parser.add_argument("--passes", type=int, default=10_000, help="tones to be rendered and looked at")
    options = parser.parse_args()
    passes = min(options.passes, 500) if options.quick else options.passes
    heard, wrong, largest = onset_errors(passes)
    print(f"onsets: {heard} passes rendered, {wrong} tones not at their sample, largest error {largest} samples")
    cycles = 1000 if options.quick else 100_000
    nanoseconds, samples = drift(cycles)
    print(f"drift over {cycles} cycles: {nanoseconds:.4f} ns, {samples} samples")

    least_s = 0.2 if options.quick else 2.0
    plan = Plan("benchmark", 1, 1.0, tuple(Channel), cycles=120, bar=Bar())
    stimulus = Stimulus(plan)
    steady = Stimulus(Plan("benchmark", 1, 1.0, (Channel.AUDIO,), cycles=120, sound=Sound(pan=Pan.CONTINUOUS)))
    block = RATE_HZ // 10
    for name, source in (
        ("tones", ToneSource(stimulus)),
        ("steady tone", ToneSource(steady)),
        ("pulses", PulseSource(stimulus)),
    ):
        cost_s = seconds_for(lambda source=source: source.render(30 * RATE_HZ, block), least_s)  # type: ignore[misc]
        print(f"{name}: {cost_s * 10 * 1000:.2f} ms of processor a second of sound, {0.1 / cost_s:.0f} x real time")
    print(f"light: {seconds_for(lambda: stimulus.at(30_123_456), least_s) * S:.0f} us a frame")
    print(f"bar of 60 LEDs: {seconds_for(lambda: bar_frame(stimulus, 30_123_456), least_s) * S:.0f} us a frame")
    return 1 if wrong or samples else 0


if __name__ == "__main__":
    sys.exit(main())
