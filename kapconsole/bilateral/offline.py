"""A set written to files as it would be delivered: its sound to the sample, its movement as a table at 1 kHz."""

from __future__ import annotations

import csv
import wave
from pathlib import Path

import msgspec
import numpy as np

from kapconsole.bilateral.caps import troubles
from kapconsole.bilateral.events import Channel, Plan
from kapconsole.bilateral.sources import RATE_HZ, ToneSource
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.bilateral.waves import Samples

TABLE_HZ = 1000
COLUMNS = ("t_s", "phase", "x_deg", "x_rel", "edge")
BLOCK_FRAMES = 48_000
FULL_SCALE_24 = 2**23 - 1


class RenderError(ValueError):
    """A set cannot be rendered as asked; the message says why."""


def offline_plan(
    plan: Plan, cycles: int | None = None, rate_cps: float | None = None, ramp_in_cycles: int | None = None
) -> Plan:
    """The plan with another length, rate or ramp, beginning at 0. Raises RenderError where a cap forbids it."""
    if cycles is not None:
        plan = msgspec.structs.replace(plan, cycles=cycles, seconds=None)
    if rate_cps is not None:
        plan = msgspec.structs.replace(plan, rate_cps=rate_cps)
    if ramp_in_cycles is not None:
        plan = msgspec.structs.replace(plan, motion=msgspec.structs.replace(plan.motion, ramp_in_cycles=ramp_in_cycles))
    if wrong := troubles(plan):
        raise RenderError("; ".join(wrong))
    return msgspec.structs.replace(plan, start_us=0)


def write_sound(stimulus: Stimulus, path: Path, file: Samples | None = None) -> int:
    """Write the tones as a WAV file, 24 bit, 48 kHz, two channels; its first frame is the set's first moment.

    Silent where the set has no sound. Returns the number of frames. Raises OSError.
    """
    source = ToneSource(stimulus, RATE_HZ, 0, file=file)
    total = round(stimulus.over_us * RATE_HZ / 1e6)
    with path.open("wb") as stream, wave.open(stream, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(3)
        out.setframerate(RATE_HZ)
        for first in range(0, total, BLOCK_FRAMES):
            block = source.render(first, min(BLOCK_FRAMES, total - first))
            whole = np.round(block.astype(np.float64) * FULL_SCALE_24).astype("<i4")
            out.writeframesraw(whole.reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    return total


def write_table(stimulus: Stimulus, path: Path) -> int:
    """Write the movement as CSV with `COLUMNS`, a row each millisecond from the start to the end of the last pass.

    `phase`: cycles since the start; `x_deg`: degrees right of the middle; `x_rel`: the same in units of half the
    sweep; `edge`: in the row nearest to it 1 where the light reaches the far edge (right, upper), -1 where it is back
    at the first one, else 0. So there are as many rows with an edge as passes. Returns the number of rows. Raises
    OSError.
    """
    pattern = stimulus.pattern
    edges = stimulus.passes_at(stimulus.end_us)
    at_row = {
        int(np.floor(pattern.edge_s(edge) * TABLE_HZ + 0.5)): 1 if edge % 2 else -1 for edge in range(1, edges + 1)
    }
    rows = int(np.floor(pattern.end_s * TABLE_HZ + 0.5)) + 1
    times = np.arange(rows) / TABLE_HZ
    places = pattern.at(times)
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream, lineterminator="\n")
        out.writerow(COLUMNS)
        for row in range(rows):
            x = float(places.x_rel[row])
            angle = x * float(places.half_deg[row])
            out.writerow(
                (f"{times[row]:.3f}", f"{places.phase[row]:.9f}", f"{angle:.6f}", f"{x:.9f}", at_row.get(row, 0))
            )
    return rows


def in_words(stimulus: Stimulus) -> str:
    """The set in one line: length, rate in both units, channels."""
    plan, pattern = stimulus.plan, stimulus.pattern
    passes = stimulus.passes_at(stimulus.end_us)
    names = ", ".join(channel.value for channel in Channel if channel in plan.channels)
    return (
        f"{plan.preset} version {plan.version}: {passes / 2:g} cycles / {passes} passes in {pattern.end_s:.3f} s at "
        f"{plan.rate_cps:g} cycles/s ({plan.rate_cps * 120:g} passes/min); {names}"
    )
