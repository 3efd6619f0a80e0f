"""The emergency page as data: what somebody who comes through the door needs to know, in the order of asking."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from kapconsole.clinical.doses import corrected, infusion
from kapconsole.clinical.effects import episodes
from kapconsole.clinical.view import CareView
from kapconsole.clinical.vitals import NONE, Vitals

if TYPE_CHECKING:
    from kapconsole.clinical.data import ClinicalData

SETS = 3


class VitalSet(msgspec.Struct, frozen=True):
    """Vitals around one moment: mmHg, 1/min, %; None where there was nothing."""

    at_us: int
    since_dose_min: float | None
    sys_mmhg: float | None
    dia_mmhg: float | None
    pulse_rate: float | None
    spo2: float | None
    resp_rate: float | None


class EmergencyPage(msgspec.Struct, frozen=True):
    """Everything on the page; lines are ready to print. `since_dose_s` None: no dose was given.

    `vitals`: the newest first, and before them what is live now. `phones`: (whom, number).
    """

    since_dose_s: float | None
    doses: tuple[str, ...]
    infusion: str
    now: Vitals
    vitals: tuple[VitalSet, ...]
    sedation: str
    effects: tuple[str, ...]
    alarms: tuple[str, ...]
    weight: str
    allergies: str
    flags: tuple[str, ...]
    phones: tuple[tuple[str, str], ...]
    place: tuple[str, ...]
    rescue: tuple[str, ...]


def emergency_page(
    data: ClinicalData,
    care: CareView,
    now_us: int,
    vitals: Vitals = NONE,
    at: Callable[[int], Vitals] | None = None,
) -> EmergencyPage:
    """The page at `now_us`. `at` gives the continuous vitals around a cuff reading, where the caller has them."""
    t0_us = care.t0_us
    newest = care.sedation[-1] if care.sedation else None
    return EmergencyPage(
        since_dose_s=None if t0_us is None else (now_us - t0_us) / 1e6,
        doses=tuple(_dose_lines(data, care)),
        infusion=_infusion_line(care, now_us),
        now=vitals,
        vitals=_sets(care, at),
        sedation="" if newest is None else f"{newest.scale} {newest.score}{_when(care, newest.at_us)}",
        effects=tuple(
            f"{episode.label}, grade {episode.peak_grade} at most{_when(care, episode.onset_us)}"
            for episode in episodes(care.effects)
            if episode.end_us is None
        ),
        alarms=tuple(care.highs.values()),
        weight="not recorded" if care.weight is None else f"{care.weight.weight_kg:g} kg ({care.weight.measured_on})",
        allergies="not asked" if care.allergies is None else care.allergies.text,
        flags=tuple(held.label for held in care.screening.values() if held.flagged in ("contraindication", "caution")),
        phones=(
            *((phone.label, phone.phone) for phone in data.emergency.contacts.values()),
            *((f"{held.what}: {held.name}", held.phone) for held in care.contacts.values()),
        ),
        place=tuple(
            filter(None, (data.emergency.place.name, data.emergency.place.address, data.emergency.place.way_in))
        ),
        rescue=tuple(thing.label for thing in data.emergency.rescue.values()),
    )


def _dose_lines(data: ClinicalData, care: CareView) -> list[str]:
    lines = []
    for dose in care.doses:
        record = corrected(dose)
        amount_mg = dose.amount_mg if record is None else record.amount_mg
        drug = dose.drug if record is None else record.drug
        route = data.routes.routes.get(dose.route)
        per_kg = "" if record is None or record.mg_per_kg is None else f" ({record.mg_per_kg:.2f} mg/kg)"
        label = dose.route.upper() if route is None else route.label
        lines.append(f"{drug} {amount_mg:g} mg {label}{per_kg}{_when(care, dose.at_us)}")
    return lines


def _infusion_line(care: CareView, now_us: int) -> str:
    held = infusion(care.infusion, now_us)
    if held is None:
        return ""
    return f"infusion {held.state}, {held.given_mg:.1f} of {held.planned_mg:g} mg given"


def _sets(care: CareView, at: Callable[[int], Vitals] | None) -> tuple[VitalSet, ...]:
    made = []
    for held in reversed(care.pressures[-SETS:]):
        around = NONE if at is None else at(held.at_us)
        by_hand = next((entry for entry in care.entered if entry.at_us == held.at_us), None)
        made.append(
            VitalSet(
                held.at_us,
                care.minutes_since_dose(held.at_us),
                held.sys_mmhg,
                held.dia_mmhg,
                held.pulse_rate if held.pulse_rate is not None else around.pulse_rate,
                by_hand.spo2 if by_hand is not None and by_hand.spo2 is not None else around.spo2,
                by_hand.resp_rate if by_hand is not None and by_hand.resp_rate is not None else around.resp_rate,
            )
        )
    return tuple(made)


def _when(care: CareView, at_us: int) -> str:
    minutes = care.minutes_since_dose(at_us)
    return "" if minutes is None else f", {minutes:+.0f} min"
