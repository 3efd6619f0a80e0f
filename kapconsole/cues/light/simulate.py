"""A cue list played without lamps: each zone's level against time, and what a therapist should know before. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec

from kapconsole.cues.light import events as le
from kapconsole.cues.light import track as tr
from kapconsole.cues.light.board import Board, levels, new_board, ordered
from kapconsole.cues.light.curves import device_fraction, eight_bit
from kapconsole.cues.light.desk import Desk
from kapconsole.cues.light.setup import DEMO, DMX, STAFF_FLOOR, Fixture, HomeAssistantOutput, Setup, Zone
from kapconsole.cues.light.sheet import EVERY, CueSheet
from kapconsole.cues.light.view import EMPTY, LightView, after
from kapconsole.cues.light.wishes import LightGo

SAMPLE_US = 100_000
STAY_US = 5_000_000
"""How long the simulation stays in a cue that only a person or a phase leaves, once its fade is over."""

VISIBLE_STEP_S = 1.0
COARSE = 32
"""Below this value of 255 one step is more than 3 % of the light."""

DOWN_S, UP_S = 60.0, 120.0
UNDER_THE_INFLUENCE = ("phase onset", "phase inward", "phase emerge")
REVERSAL_PERCENT = 10.0


class Sample(msgspec.Struct, frozen=True):
    """The levels (perceived percent) at `at_s` seconds of the simulation, in the cue `cue`."""

    at_s: float
    cue: str
    levels: dict[str, float]


class Simulation(msgspec.Struct, frozen=True):
    """What came out: samples ten times a second, problems that must be mended, notes that should be read."""

    zones: tuple[str, ...]
    samples: tuple[Sample, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def simulate(sheet: CueSheet, setup: Setup) -> Simulation:
    """Play every cue once in order, each until its fades are over or the next follows."""
    desk, samples = Desk(sheet, setup), []
    view, board, now_us = EMPTY, new_board(setup, {}, 0), 0
    problems: list[str] = []
    for number in range(len(sheet.light)):
        if number == 0 or view.cue != sheet.light[number].id:
            view, board = _ask(desk, view, board, setup, desk.wish(view, None, LightGo(), now_us), now_us)
        begun_us = now_us
        cue = sheet.light[number]
        after_s = desk.follow_after_s(view, cue)
        last = number + 1 == len(sheet.light)
        while True:
            samples.append(Sample(now_us / 1e6, cue.id, levels(board, setup, now_us)))
            now_us += SAMPLE_US
            settled = not board.moving(now_us)
            follows = desk.due(view, now_us)
            if follows:
                view, board = _ask(desk, view, board, setup, follows, now_us)
                break
            longest_us = round(((after_s or 0.0) + cue.fade_up_s + cue.fade_down_s) * 1e6) + STAY_US
            done = settled and (after_s is None or last)
            if (done and now_us - begun_us >= STAY_US) or now_us - begun_us > longest_us + STAY_US:
                break
    problems += _problems(samples, setup)
    return Simulation(tuple(setup.zone), tuple(samples), tuple(problems), tuple(_notes(sheet, setup)))


def reversals(values: list[tuple[int, float]], threshold: float = REVERSAL_PERCENT) -> list[int]:
    """The moments (us) at which a level turned by more than `threshold`: where it had come back that far."""
    found: list[int] = []
    if not values:
        return found
    high = low = values[0][1]
    direction = 0
    for at_us, value in values:
        high, low = max(high, value), min(low, value)
        if direction >= 0 and value < high - threshold:
            if direction > 0:
                found.append(at_us)
            direction, low = -1, value
            high = value
        elif direction <= 0 and value > low + threshold:
            if direction < 0:
                found.append(at_us)
            direction, high = 1, value
            low = value
        if direction > 0:
            low = value if value > low else low
        if direction < 0:
            high = value if value < high else high
    return found


def report_text(sheet: CueSheet, setup: Setup, simulation: Simulation, every_s: float = 30.0) -> str:
    """The cue list, the levels against time, problems and notes, for a person."""
    lines = [f"cue sheet {sheet.name} (version {sheet.version}): {len(sheet.light)} light cues", ""]
    for cue in sheet.light:
        zones = ", ".join(f"{zone} {level.level:g} %" for zone in cue.zones if (level := cue.level(zone)) is not None)
        next_by = ""
        if cue.follow_s is not None:
            next_by = f"; next after {cue.follow_s:g} s"
        if cue.hang_s is not None:
            next_by = f"; next {cue.hang_s:g} s after its end"
        more = (f"; on {cue.trigger}" if cue.trigger else "") + ("; hold" if cue.hold else "")
        dark = "; may go dark once confirmed" if cue.dark_ok else ""
        lines.append(f"  {cue.id:14} {zones}; up {cue.fade_up_s:g} s, down {cue.fade_down_s:g} s{next_by}{more}{dark}")
    lines += ["", f"{'time':>8}  {'cue':14}" + "".join(f"{zone:>12}" for zone in simulation.zones)]
    due_s, cue_id = 0.0, ""
    for sample in simulation.samples:
        if sample.at_s >= due_s or sample.cue != cue_id:
            due_s, cue_id = sample.at_s + every_s, sample.cue
            shown = "".join(f"{sample.levels[zone]:10.0f} %" for zone in simulation.zones)
            lines.append(f"{int(sample.at_s) // 60:5}:{int(sample.at_s) % 60:02}  {sample.cue:14}{shown}")
    lines.append("")
    lines += [f"PROBLEM: {text}" for text in simulation.problems]
    lines += [f"note: {text}" for text in simulation.notes]
    lines.append("the floors and the limits on fades hold" if not simulation.problems else "not fit for a session")
    return "\n".join(lines) + "\n"


def zones_of(sheet: CueSheet) -> Setup:
    """A room made of the zones that a sheet names, for a sheet that is checked away from its room."""
    names = list(dict.fromkeys(zone for cue in sheet.light for zone in cue.zones if zone != EVERY)) or ["room"]
    return msgspec.structs.replace(
        DEMO,
        zone={name: Zone() for name in names},
        fixture=tuple(Fixture(name, "simulated") for name in names),
    )


def _ask(
    desk: Desk, view: LightView, board: Board, setup: Setup, bodies: list[le.LightBody], now_us: int
) -> tuple[LightView, Board]:
    for body in bodies:
        view = after(view, body)
        if isinstance(body, le.LightOrder):
            board = ordered(board, setup, body, now_us)
    return view, board


def _problems(samples: list[Sample], setup: Setup) -> Iterator[str]:
    for name, zone in setup.zone.items():
        low = min(sample.levels[name] for sample in samples)
        if low < zone.floor - 1e-6:
            yield f"zone {name} goes to {low:.0f} %, below its floor of {zone.floor:g} %"
        turns = reversals([(round(sample.at_s * 1e6), sample.levels[name]) for sample in samples])
        if any(later - earlier < tr.WINDOW_US for earlier, later in zip(turns, turns[1:], strict=False)):
            yield f"zone {name} turns more than once within a second"
    darkest = min(samples, key=lambda sample: max(sample.levels.values()))
    if max(darkest.levels.values()) < STAFF_FLOOR - 1e-6:
        yield f"in cue {darkest.cue} no zone keeps {STAFF_FLOOR:g} % for the staff"


def _notes(sheet: CueSheet, setup: Setup) -> Iterator[str]:
    unknown = sorted({zone for cue in sheet.light for zone in cue.zones} - set(setup.zone) - {EVERY})
    if unknown:
        yield f"this room has no zone {', '.join(unknown)}: what the cues say of it does nothing"
    before: dict[str, float] = {}
    for cue in sheet.light:
        after = {zone: level.level for zone in setup.zone if (level := cue.level(zone)) is not None}
        missing = sorted(set(setup.zone) - set(after))
        if missing:
            yield f"cue {cue.id} says nothing of {', '.join(missing)}: it stays as it is"
        yield from _times(cue.id, cue.trigger, cue.fade_up_s, cue.fade_down_s, before, after)
        if cue.dark_ok:
            yield f"cue {cue.id} may leave the staff's floor, once a person has confirmed it"
        yield from _lamps(cue.id, max(cue.fade_up_s, cue.fade_down_s), setup, before, after)
        before = {**before, **after}


def _times(
    id: str, trigger: str, up_s: float, down_s: float, before: Mapping[str, float], after: Mapping[str, float]
) -> Iterator[str]:
    changes = [after[zone] - before[zone] for zone in after if zone in before]
    if any(abs(change) > tr.LARGE_PERCENT and (up_s if change > 0 else down_s) < 1 for change in changes):
        yield f"cue {id} asks for a change of more than {tr.LARGE_PERCENT:g} % in less than 1 s: it takes 1 s"
    if trigger in UNDER_THE_INFLUENCE:
        if any(change > 0 for change in changes) and up_s < UP_S:
            yield f"cue {id} comes up in {up_s:g} s; {UP_S:g} s or more are usual in this phase"
        if any(change < 0 for change in changes) and down_s < DOWN_S:
            yield f"cue {id} goes down in {down_s:g} s; {DOWN_S:g} s or more are usual in this phase"


def _lamps(
    id: str, fade_s: float, setup: Setup, before: Mapping[str, float], after: Mapping[str, float]
) -> Iterator[str]:
    for number, fixture in enumerate(setup.fixture, 1):
        start, end = before.get(fixture.zone), after.get(fixture.zone)
        if start is None or end is None or start == end:
            continue
        output = setup.output[fixture.output]
        if fixture.kind == "switch" and 0 < end < 100:
            yield f"cue {id}: fixture {number} ({fixture.zone}) only switches; it will be {'on' if end > 50 else 'off'}"
        elif isinstance(output, HomeAssistantOutput) and not output.fades:
            yield f"cue {id}: fixture {number} ({fixture.zone}) cannot fade by itself and goes in steps of 0.5 s"
        elif (
            isinstance(output, DMX)
            and fixture.kind == "dimmer"
            and (longest_s := _longest_step_s(fixture, start, end, fade_s)) > VISIBLE_STEP_S
        ):
            yield (
                f"cue {id}: fixture {number} ({fixture.zone}) has 8 bits; one step of the fade lasts "
                f"{longest_s:.1f} s and can be seen"
            )


def _longest_step_s(fixture: Fixture, start: float, end: float, fade_s: float) -> float:
    """How long an 8-bit fixture stays on one value at the longest, in seconds, where a step can be seen at all."""
    count = max(2, math.ceil(fade_s / 0.025))
    longest = run = 0
    last = -1
    for at in range(count + 1):
        value = eight_bit(device_fraction(start + (end - start) * at / count, fixture.curve))
        run = run + 1 if value == last and value < COARSE else 1
        last = value
        longest = max(longest, run)
    return longest * fade_s / count
