"""Side effects as episodes: from a series of grades to onset, peak and end; and which of them is a red flag."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kapconsole.alarms.wishes import NoteSymptom
from kapconsole.clinical import events as ce
from kapconsole.clinical.tables import Scales
from kapconsole.clinical.wishes import ClinicalWish, GradeEffect


class Episode(msgspec.Struct, frozen=True):
    """One side effect from its begin to its end; session microseconds, `end_us` None while it lasts.

    `peak_us`: when it first had its highest grade. `actions` and `outcome` as they were written.
    """

    effect: str
    label: str
    onset_us: int
    peak_us: int
    peak_grade: int
    end_us: int | None
    actions: tuple[str, ...]
    outcome: str


def episodes(graded: Iterable[ce.SideEffectGraded]) -> tuple[Episode, ...]:
    """All episodes in order of their onset. A grade of 0 ends one; 0 without one was an asking, and is none."""
    done: list[Episode] = []
    running: dict[str, Episode] = {}
    for entry in sorted(graded, key=lambda entry: entry.at_us):
        held = running.pop(entry.effect, None)
        if held is None:
            if entry.grade == 0:
                continue
            held = Episode(entry.effect, entry.label, entry.at_us, entry.at_us, entry.grade, None, (), "")
        elif entry.grade > held.peak_grade:
            held = msgspec.structs.replace(held, peak_us=entry.at_us, peak_grade=entry.grade)
        held = msgspec.structs.replace(
            held,
            actions=(*held.actions, entry.action) if entry.action else held.actions,
            outcome=entry.outcome or held.outcome,
            end_us=entry.at_us if entry.grade == 0 else None,
        )
        if entry.grade == 0:
            done.append(held)
        else:
            running[entry.effect] = held
    return tuple(sorted((*done, *running.values()), key=lambda episode: episode.onset_us))


def alarm_wishes(scales: Scales, wish: ClinicalWish) -> tuple[NoteSymptom, ...]:
    """What the alarm system must hear of a clinical wish that was granted: red-flag symptoms, ticked or taken back."""
    if not isinstance(wish, GradeEffect):
        return ()
    effect = scales.effects.get(wish.effect)
    if effect is None or not effect.red_flag:
        return ()
    return (NoteSymptom(effect.red_flag, wish.grade > 0),)


def sedation_level(score: ce.SedationScored) -> str:
    """expected, watch (look again soon) or deep (help is needed), by the lines that stood in the clinic's data."""
    if score.score <= score.deep:
        return "deep"
    return "watch" if score.score <= score.watch else "expected"
