"""Whether the clinical data fit together: every name that one table uses of another, every number that must grow."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kapconsole.alarms.wishes import RED_FLAGS
from kapconsole.clinical import tables as tb
from kapconsole.clinical.evidence import CHECKS
from kapconsole.session.phases import ALL_PHASES

if TYPE_CHECKING:
    from kapconsole.clinical.data import ClinicalData

_FIELDS_REQUIRED = ("concentration", "volume", "lot", "expiry", "witness", "given_by", "site")


def problems(data: ClinicalData) -> Iterator[str]:
    """What does not fit together, in words that name file and entry."""
    yield from _visit_problems(data)
    yield from _role_problems(data)
    for name, route in data.routes.routes.items():
        yield from _route_problems(f"routes.toml: routes.{name}", route, data)
    for key in data.marks.marks:
        if len(key) != 1 or not "0" <= key <= "9":
            yield f"marks.toml: marks.{key}: a key is one digit"
    for key, mark in data.marks.marks.items():
        if mark.needs and mark.needs not in data.visits.items:
            yield f"marks.toml: marks.{key}: needs {mark.needs}, which is no item of visits.toml"
    yield from _scale_problems(data)
    for name, question in data.screening.screening.items():
        if question.weight not in ("contraindication", "caution", "note") or question.flag not in ("yes", "no"):
            yield f"screening.toml: {name}: weight is contraindication, caution or note; flag is yes or no"
        if question.days < 1:
            yield f"screening.toml: {name}: an answer holds for one day at least"


def _visit_problems(data: ClinicalData) -> Iterator[str]:
    items = data.visits.items
    for name, visit in data.visits.visits.items():
        where = f"visits.toml: visits.{name}"
        for phase in (*visit.phases, *visit.gates):
            if phase not in ALL_PHASES:
                yield f"{where}: unknown phase {phase}; one of: {', '.join(ALL_PHASES)}"
            elif phase not in visit.phases:
                yield f"{where}: there is a gate before {phase}, which is no phase of it"
        if list(visit.phases) != [phase for phase in ALL_PHASES if phase in visit.phases] or not visit.phases:
            yield f"{where}: phases are named once each, in the order {', '.join(ALL_PHASES)}"
        for item in (*(item for gate in visit.gates.values() for item in gate), *visit.discharge):
            if item not in items:
                yield f"{where}: unknown item {item}"
        if visit.dosing and "dose" not in visit.phases:
            yield f"{where}: a visit with dosing needs the phase dose"
    for name, entry in items.items():
        where = f"visits.toml: items.{name}"
        if entry.check not in CHECKS:
            yield f"{where}: unknown check {entry.check}; one of: {', '.join(CHECKS)}"
        if not set(entry.accept) <= set(entry.answers):
            yield f"{where}: accept holds an answer that is not among answers"
        for role in (*entry.override, *entry.roles):
            if role not in data.roles.roles:
                yield f"{where}: unknown role {role}"


def _role_problems(data: ClinicalData) -> Iterator[str]:
    for name, action in data.roles.actions.items():
        for role in action.roles:
            if role not in data.roles.roles:
                yield f"roles.toml: actions.{name}: unknown role {role}"
    for name, person in data.staff.staff.items():
        if not person.name.strip() or not person.roles:
            yield f"staff.toml: staff.{name}: a name and at least one role are needed"
        for role in person.roles:
            if role not in data.roles.roles:
                yield f"staff.toml: staff.{name}: unknown role {role}"
        if person.pin and not person.pin.startswith("$argon2id$"):
            yield f"staff.toml: staff.{name}: pin must be a hash made by this program, never the PIN itself"


def _route_problems(where: str, route: tb.Route, data: ClinicalData) -> Iterator[str]:
    minutes = [minute for minute, _, _ in route.course]
    if len(minutes) < 2 or minutes[0] != 0 or any(a >= b for a, b in zip(minutes, minutes[1:], strict=False)):
        yield f"{where}: course begins at minute 0, has two points or more, and its minutes grow"
    if any(low > high for _, low, high in route.course):
        yield f"{where}: course: the low edge lies above the high edge"
    if route.basis not in ("published", "proposal") or not route.source:
        yield f"{where}: basis is published or proposal, and source says from where"
    readings = route.readings_min
    if not readings or readings[0] <= 0 or any(a >= b for a, b in zip(readings, readings[1:], strict=False)):
        yield f"{where}: readings_min are minutes after the dose, growing"
    if not set(route.mandatory_min) <= set(readings):
        yield f"{where}: mandatory_min names a minute that is not in readings_min"
    if 0 < route.then_every_min < 5:
        yield f"{where}: then_every_min is 5 or more, or 0 for none"
    if not 0 < route.least_mg < route.most_mg <= 1000:
        yield f"{where}: least_mg must lie below most_mg, and that at 1000 or below"
    if not 0 < route.confirm_mg_per_kg <= route.most_mg_per_kg:
        yield f"{where}: confirm_mg_per_kg must not lie above most_mg_per_kg"
    if route.stay_from not in ("first", "last"):
        yield f"{where}: stay_from is first or last"
    for drug in route.drugs:
        if drug not in data.routes.doses.drugs:
            yield f"{where}: unknown drug {drug}"
    for field in route.require:
        if field not in _FIELDS_REQUIRED:
            yield f"{where}: require: unknown field {field}; one of: {', '.join(_FIELDS_REQUIRED)}"
    for role in route.staffing:
        if role not in data.roles.roles:
            yield f"{where}: staffing: unknown role {role}"


def _scale_problems(data: ClinicalData) -> Iterator[str]:
    scales = data.scales
    for name, scale in scales.sedation.items():
        if not scale.least <= scale.deep <= scale.watch < scale.usual <= scale.most:
            yield f"scales.toml: sedation.{name}: least, deep, watch, usual, most must grow"
        if scale.lines and len(scale.lines) != scale.most - scale.least + 1:
            yield f"scales.toml: sedation.{name}: one line for each score"
    for name, effect in scales.effects.items():
        if effect.red_flag and effect.red_flag not in RED_FLAGS:
            yield f"scales.toml: effects.{name}: unknown red flag; one of: {', '.join(RED_FLAGS)}"
    if sorted(scales.grades) != ["0", "1", "2", "3", "4"]:
        yield "scales.toml: grades are 0 to 4"
    for name in data.routes.schedule.prompts:
        if name not in scales.prompts:
            yield f"routes.toml: schedule.prompts: unknown prompt {name}"
    for name in ("sys_mmhg", "dia_mmhg", "pulse_rate", "resp_rate", "spo2", "weight_kg"):
        low, high = scales.plausible.get(name, (0.0, 0.0))
        if not low < high:
            yield f"scales.toml: plausible.{name}: two numbers, the lower first"
    for name, item in data.visits.items.items():
        if item.check == "effect" and item.what not in scales.effects:
            yield f"visits.toml: items.{name}: unknown side effect {item.what}"
    rule = data.routes.schedule
    if rule.apart_s < 120 or not 0 <= rule.soft_min <= 5 or not 1 <= rule.attempts <= 3:
        yield "routes.toml: schedule: apart_s is 120 or more, soft_min 0 to 5, attempts 1 to 3"
