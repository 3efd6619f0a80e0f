"""The dose ledger: what is wrong with a dose record before it is one, and what an infusion has given by now.

Stops here guard against slips of finger and unit. They say what does not fit; they never say what would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace

from kapconsole.clinical import events as ce
from kapconsole.clinical.tables import DoseRule, Route
from kapconsole.clinical.view import MINUTE_US, Dose
from kapconsole.clinical.wishes import RecordDose

CORRECTABLE = ("lot", "expiry", "site", "given_by", "witness", "waste_mg", "waste_witness", "amount_mg", "drug",
               "concentration_mg_ml", "volume_ml")  # fmt: skip
"""Fields of a dose record that a later entry may correct; the time is not one, since the clock stands on it."""

NUMBERS = ("amount_mg", "waste_mg", "concentration_mg_ml", "volume_ml")
"""Those of them that are numbers."""

RUNNING = ("started", "rate", "resumed")
"""After which changes an infusion flows."""

_NAMES = {
    "concentration": "the concentration as drawn",
    "volume": "the volume",
    "lot": "the lot",
    "expiry": "the expiry date",
    "witness": "a witness",
    "given_by": "who gave it",
    "site": "the site",
}


class Infusion(msgspec.Struct, frozen=True):
    """An infusion as it stands. `state`: running, paused or stopped; `left_s`: None while it does not run.

    `given_mg` is computed from the rates and capped at what was planned, unless the pump's own total was entered.
    """

    state: str
    rate_mg_min: float
    given_mg: float
    planned_mg: float
    left_s: float | None
    started_us: int


def mg_per_kg(amount_mg: float, weight_kg: float | None) -> float | None:
    """The dose per kg of body weight; None without a weight."""
    return None if weight_kg is None else round(amount_mg / weight_kg, 4)


def disagreements(wish: RecordDose, weight_kg: float | None, rule: DoseRule) -> Iterator[str]:
    """Two statements of one amount that differ by more than the tolerance. Nothing passes over these."""
    if wish.mg_per_kg is not None:
        if weight_kg is None:
            yield "mg/kg cannot be checked without a weight"
        elif _apart(wish.amount_mg, wish.mg_per_kg * weight_kg, rule):
            yield (
                f"{wish.amount_mg:g} mg is not {wish.mg_per_kg:g} mg/kg: at {weight_kg:g} kg that is "
                f"{wish.mg_per_kg * weight_kg:.1f} mg"
            )
    if wish.concentration_mg_ml is not None and wish.volume_ml is not None:
        drawn_mg = wish.concentration_mg_ml * wish.volume_ml
        if _apart(wish.amount_mg + wish.waste_mg, drawn_mg, rule) and _apart(wish.amount_mg, drawn_mg, rule):
            yield (
                f"{wish.volume_ml:g} mL at {wish.concentration_mg_ml:g} mg/mL are {drawn_mg:g} mg, "
                f"not {wish.amount_mg:g} mg" + (f" and {wish.waste_mg:g} mg waste" if wish.waste_mg else "")
            )


def implausible(wish: RecordDose, route: Route, rule: DoseRule, weight_kg: float | None) -> Iterator[str]:
    """Numbers that cannot be meant: the site's hard stops of the route. Nothing passes over these either."""
    amount = wish.amount_mg
    if wish.drug not in rule.drugs or wish.drug not in route.drugs:
        yield f"{wish.drug} {route.label} is not recorded here; {route.label} knows {', '.join(route.drugs)}"
    if amount < route.least_mg:
        yield f"{amount:g} mg {route.label} is below {route.least_mg:g} mg: is it mg/kg, typed as mg?"
    if amount > route.most_mg:
        yield f"{amount:g} mg {route.label} is above this site's stop of {route.most_mg:g} mg"
    per_kg = mg_per_kg(amount, weight_kg)
    if per_kg is not None and per_kg > route.most_mg_per_kg:
        yield f"{per_kg:.2f} mg/kg {route.label} is above this site's stop of {route.most_mg_per_kg:g} mg/kg"
    concentration = wish.concentration_mg_ml
    if route.most_mg_ml is not None and concentration is not None and concentration > route.most_mg_ml:
        yield (
            f"{concentration:g} mg/mL is above {route.most_mg_ml:g} mg/mL for {route.label}: "
            "enter the concentration as drawn, after dilution"
        )
    numbers = (
        ("volume", wish.volume_ml),
        ("concentration", concentration),
        ("minutes of the infusion", wish.infuse_over_min),
    )
    for name, value in numbers:
        if value is not None and not value > 0:
            yield f"the {name} must be more than 0"
    if wish.waste_mg < 0:
        yield "waste cannot be negative"


def unusual(wish: RecordDose, route: Route, weight_kg: float | None) -> str:
    """Why somebody should look at this amount once more; empty when it is within the usual."""
    per_kg = mg_per_kg(wish.amount_mg, weight_kg)
    if per_kg is not None and per_kg > route.confirm_mg_per_kg:
        return f"{wish.amount_mg:g} mg is {per_kg:.2f} mg/kg, more than {route.confirm_mg_per_kg:g} mg/kg {route.label}"
    return ""


def incomplete(wish: RecordDose, route: Route, weight_kg: float | None, today: date) -> Iterator[str]:
    """What the record lacks; a dose that has been given already is recorded all the same, with the reason."""
    values = {
        "concentration": wish.concentration_mg_ml,
        "volume": wish.volume_ml,
        "lot": wish.lot.strip(),
        "expiry": wish.expiry,
        "witness": wish.witness.strip(),
        "given_by": wish.given_by.strip(),
        "site": wish.site.strip(),
    }
    missing = [_NAMES[name] for name in route.require if not values[name]]
    if missing:
        yield f"missing: {', '.join(missing)}"
    if weight_kg is None:
        yield "no weight is recorded"
    if wish.expiry and date.fromisoformat(wish.expiry) < today:
        yield f"the lot expired on {wish.expiry}"
    if wish.witness and wish.witness.strip().casefold() == wish.given_by.strip().casefold():
        yield "the witness must be another person than the one who gave it"
    if wish.waste_mg > 0:
        if not wish.waste_witness.strip():
            yield "waste needs a witness"
        elif wish.waste_witness.strip().casefold() == wish.given_by.strip().casefold():
            yield "waste must be witnessed by another person than the one who gave the dose"


def corrected(dose: Dose) -> ce.DoseRecorded | None:
    """The record with every correction applied; the first one stays in the log."""
    record = dose.record
    if record is None:
        return None
    changes: dict[str, object] = {}
    for correction in dose.corrections:
        after = correction.after
        changes[correction.field] = float(after) if correction.field in NUMBERS else after
    record = replace(record, **changes)
    return replace(record, mg_per_kg=mg_per_kg(record.amount_mg, record.weight_kg))


def total_mg(doses: Sequence[Dose], drug: str) -> float:
    """All of a drug that the ledger says was given, mg, corrections applied."""
    amounts = ((corrected(dose), dose) for dose in doses)
    return sum(
        dose.amount_mg if record is None else record.amount_mg
        for record, dose in amounts
        if (dose.drug if record is None else record.drug) == drug
    )


def given_mg(change: ce.InfusionChanged, now_us: int) -> float:
    """What the infusion has given by `now_us`, mg: what it had at its last change, then the rate up to the plan."""
    if change.what not in RUNNING:
        return change.given_mg
    minutes = max(0, now_us - change.at_us) / MINUTE_US
    return min(change.given_mg + change.rate_mg_min * minutes, max(change.planned_mg, change.given_mg))


def infusion(change: ce.InfusionChanged | None, now_us: int) -> Infusion | None:
    """The infusion for the screen, with its countdown; None when there was none."""
    if change is None:
        return None
    state = "running" if change.what in RUNNING else change.what
    given = given_mg(change, now_us)
    left_s = None
    if state == "running":
        left_s = max(0.0, change.planned_mg - given) / change.rate_mg_min * 60
    return Infusion(state, change.rate_mg_min, given, change.planned_mg, left_s, change.dose_at_us)


def _apart(one: float, other: float, rule: DoseRule) -> bool:
    return abs(one - other) > max(abs(one), abs(other)) * rule.tolerance_percent / 100 + 1e-9
