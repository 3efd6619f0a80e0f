"""The shapes of the clinical data that a clinic can change: what the TOML files in resources/clinical may say."""

from __future__ import annotations

import msgspec


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every table has in common: a misspelt key is an error, not an ignored wish."""


class Visit(_Table, frozen=True):
    """A kind of visit: its phases in their usual order, the gate items before each, the items of the discharge."""

    label: str
    phases: tuple[str, ...]
    dosing: bool = False
    gates: dict[str, tuple[str, ...]] = {}
    discharge: tuple[str, ...] = ()


class Item(_Table, frozen=True):
    """One item of a gate or of the discharge. `check` names how the program looks (`gates.CHECKS`).

    `override`: roles that may pass over it with a reason; `roles`: who must have done it where that matters.
    `answers`, `accept`, `needs_text` and `after_dose` (only a tick since the last dose counts) are of ticked items.
    """

    label: str
    check: str
    override: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    answers: tuple[str, ...] = ("yes", "no")
    accept: tuple[str, ...] = ("yes",)
    needs_text: bool = False
    after_dose: bool = False
    what: str = ""
    help: str = ""
    least: float = 0.0
    most: float = 0.0
    below: float = 0.0
    percent: float = 20.0
    apart_min: float = 0.0
    within_min: float = 60.0
    within_days: int = 30


class RoleText(_Table, frozen=True):
    """A role as people read it, and what it sees."""

    label: str
    sees: str = ""


class Action(_Table, frozen=True):
    """Something that may be done: by which roles, and whether a locked station still takes it."""

    label: str
    roles: tuple[str, ...]
    locked: bool = False


class LockRule(_Table, frozen=True):
    """When a station locks by itself, and how long it waits after so many wrong PINs, seconds."""

    after_s: float = 300.0
    wrong_pins: int = 3
    wait_s: float = 30.0


class DoseRule(_Table, frozen=True):
    """For all routes: how far two statements of one amount may differ, and the drugs that may be recorded."""

    tolerance_percent: float = 2.0
    drugs: tuple[str, ...] = ("ketamine", "esketamine")


class Route(_Table, frozen=True):
    """What depends on the route (session reference 3 and 4). Minutes since the dose; mg, mg/mL, mg/kg.

    `require`: fields of the dose record that may not be empty. `most_mg_ml`: a drawn concentration above it is refused
    (100 mg/mL must be diluted before IV use). `course`: (minute, low, high) change of systolic pressure, mmHg.
    `basis` says whether the course was published or is this project's proposal.
    """

    label: str
    readings_min: tuple[float, ...]
    course: tuple[tuple[float, float, float], ...]
    basis: str
    source: str
    then_every_min: float = 0.0
    mandatory_min: tuple[float, ...] = ()
    infusion_min: float = 0.0
    peak_bp_min: float = 0.0
    drugs: tuple[str, ...] = ("ketamine",)
    require: tuple[str, ...] = ()
    most_mg_ml: float | None = None
    least_mg: float = 1.0
    most_mg: float = 1000.0
    confirm_mg_per_kg: float = 2.0
    most_mg_per_kg: float = 10.0
    stay_min: float = 120.0
    stay_from: str = "last"
    people: int = 1
    staffing: dict[str, int] = {}
    fasting: str = ""


class ScheduleRule(_Table, frozen=True):
    """For cuff readings of all routes. `soft_min`: how far one may move to a music boundary.

    `apart_s`: the schedule never starts a cuff sooner after another; `attempts`: how often it tries for one reading.
    `prompts`: what is asked of a person at each reading.
    """

    soft_min: float = 3.0
    apart_s: float = 120.0
    attempts: int = 2
    prompts: tuple[str, ...] = ()


class MarkKey(_Table, frozen=True):
    """What one key marks. `needs`: a ticked item without whose "yes" the mark says so; `words`: ask for words after."""

    label: str
    needs: str = ""
    words: bool = False


class SedationScale(_Table, frozen=True):
    """A sedation score. `watch` and below: look again in `recheck_min`; `deep` and below: help is needed.

    `variant` tells published variants of one scale apart; `lines` word the scores from `least` up, where that is free.
    """

    label: str
    variant: str
    least: int
    most: int
    usual: int
    watch: int
    deep: int
    lines: tuple[str, ...] = ()
    recheck_min: float = 5.0
    how: tuple[str, ...] = ()


class PromptText(_Table, frozen=True):
    """What a prompt asks for."""

    label: str
    help: str = ""


class Effect(_Table, frozen=True):
    """A side effect. `red_flag`: the symptom of the alarm system that it is."""

    label: str
    red_flag: str = ""


class RecoveryScale(_Table, frozen=True):
    """A recovery score of items 0 to `most_each`."""

    label: str
    items: tuple[str, ...]
    most_each: int = 2
    pass_at: int = 9


class SettledRule(_Table, frozen=True):
    """When blood pressure counts as back: within `percent` of baseline, or below caution and not low; mmHg."""

    percent: float = 20.0
    apart_min: float = 15.0
    caution_sys: float = 160.0
    caution_dia: float = 100.0
    low_sys: float = 90.0


class Question(_Table, frozen=True):
    """A screening question. `flag`: the answer that needs clearance; `weight`: contraindication, caution or note."""

    label: str
    flag: str
    weight: str
    days: int


class Place(_Table, frozen=True):
    """Where an ambulance has to come."""

    name: str = ""
    address: str = ""
    way_in: str = ""


class Phone(_Table, frozen=True):
    """Whom to call."""

    label: str
    phone: str


class Thing(_Table, frozen=True):
    """Something of the rescue list; recorded by name, never advised."""

    label: str


class Person(_Table, frozen=True):
    """Somebody of the staff; `pin` is an Argon2id hash, empty while none was set."""

    name: str
    roles: tuple[str, ...]
    pin: str = ""


class Visits(_Table, frozen=True):
    """visits.toml."""

    visits: dict[str, Visit]
    items: dict[str, Item]


class Roles(_Table, frozen=True):
    """roles.toml."""

    roles: dict[str, RoleText]
    actions: dict[str, Action]
    lock: LockRule = LockRule()


class Routes(_Table, frozen=True):
    """routes.toml."""

    routes: dict[str, Route]
    doses: DoseRule = DoseRule()
    schedule: ScheduleRule = ScheduleRule()


class Marks(_Table, frozen=True):
    """marks.toml."""

    marks: dict[str, MarkKey]


class Scales(_Table, frozen=True):
    """scales.toml."""

    sedation: dict[str, SedationScale]
    prompts: dict[str, PromptText]
    grades: dict[str, str]
    effects: dict[str, Effect]
    recovery: dict[str, RecoveryScale]
    plausible: dict[str, tuple[float, float]]
    settled: SettledRule = SettledRule()


class Screening(_Table, frozen=True):
    """screening.toml."""

    screening: dict[str, Question]


class Emergency(_Table, frozen=True):
    """emergency.toml."""

    place: Place = Place()
    contacts: dict[str, Phone] = {}
    rescue: dict[str, Thing] = {}


class Staff(_Table, frozen=True):
    """staff.toml, which only a site has; empty: nobody needs a PIN, and nothing counts as verified."""

    staff: dict[str, Person] = {}
