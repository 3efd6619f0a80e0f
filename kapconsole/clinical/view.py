"""CareView: everything clinical that the log says up to some moment; folded from events, live and in replay alike."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms.nibp import implausible
from kapconsole.clinical import events as ce
from kapconsole.session import schedule
from kapdevices.readings import Metric

MINUTE_US = 60_000_000


class Acting(msgspec.Struct, frozen=True):
    """Who acts at a station, and in which role; `verified`: with a PIN of the staff list."""

    person: str = ""
    role: str = ""
    verified: bool = False


class PressureSet(msgspec.Struct, frozen=True):
    """One plausible blood pressure, mmHg; `pulse_rate` 1/min; `how`: cuff, or how it was taken by hand."""

    at_us: int
    sys_mmhg: float
    dia_mmhg: float
    pulse_rate: float | None
    how: str


class Dose(msgspec.Struct, frozen=True):
    """A dose: what the clock knows of it, and the ledger's record with corrections applied (None: there is none)."""

    at_us: int
    drug: str
    route: str
    amount_mg: float
    record: ce.DoseRecorded | None = None
    corrections: tuple[ce.DoseCorrected, ...] = ()


class CareView(msgspec.Struct, frozen=True):
    """The clinical side of a session. Mappings are never changed in place.

    `prompts` are open, `asked` is when each was asked last. `highs`: HIGH alarms that have not ended;
    one whose condition is gone counts until a person has cleared it.
    """

    utc_origin_us: int = 0
    zone_min: int = 0
    visit: ce.VisitOpened | None = None
    route: str = ""
    phases: tuple[str, ...] = ()
    people: dict[str, tuple[str, ...]] = {}
    acting: dict[str, Acting] = {}
    locked: dict[str, ce.StationLocked] = {}
    signed: tuple[ce.SignedOff, ...] = ()
    ticks: dict[str, ce.ItemTicked] = {}
    consent: ce.ConsentRecorded | None = None
    withdrawn: ce.ConsentWithdrawn | None = None
    screening: dict[str, ce.ScreeningAnswered] = {}
    clearance: ce.ScreeningCleared | None = None
    tests: dict[str, ce.TestConfirmed] = {}
    limits: ce.LimitsConfirmed | None = None
    preset: tuple[str, int] | None = None
    settings: dict[str, float] = {}
    overrides: tuple[ce.GateOverridden, ...] = ()
    weight: ce.WeightRecorded | None = None
    allergies: ce.AllergiesRecorded | None = None
    contacts: dict[str, ce.ContactRecorded] = {}
    intention: ce.IntentionSet | None = None
    baseline: ce.BaselineSet | None = None
    doses: tuple[Dose, ...] = ()
    infusion: ce.InfusionChanged | None = None
    sedation: tuple[ce.SedationScored, ...] = ()
    orientation: ce.OrientationAsked | None = None
    effects: tuple[ce.SideEffectGraded, ...] = ()
    pressures: tuple[PressureSet, ...] = ()
    entered: tuple[ce.VitalsEntered, ...] = ()
    recovery: dict[str, ce.RecoveryScored] = {}
    back: ce.BaselineReturn | None = None
    prompts: dict[str, ce.PromptDue] = {}
    asked: dict[str, int] = {}
    highs: dict[int, str] = {}
    discharged: ce.Discharged | None = None
    cuff_source: int | None = None
    schedule: schedule.ScheduleView = schedule.EMPTY

    @property
    def phase(self) -> str | None:
        """The present phase, or None before the first."""
        return self.phases[-1] if self.phases else None

    @property
    def t0_us(self) -> int | None:
        """The first dose, the zero of "minutes since dose"; None before it."""
        return min((dose.at_us for dose in self.doses), default=None)

    @property
    def last_dose_us(self) -> int | None:
        """The newest dose, or None."""
        return max((dose.at_us for dose in self.doses), default=None)

    @property
    def oriented(self) -> bool:
        """True when the patient knew who, where and when as last asked; what was asked before a dose does not count."""
        asked = self.orientation
        return asked is not None and asked.oriented and asked.at_us > self._dosed_us

    @property
    def alertness(self) -> int | None:
        """The newest sedation score; None when none was taken since the last dose."""
        newest = self.sedation[-1] if self.sedation else None
        return newest.score if newest is not None and newest.at_us > self._dosed_us else None

    @property
    def _dosed_us(self) -> int:
        return -1 if self.last_dose_us is None else self.last_dose_us

    @property
    def questionnaires_closed(self) -> bool:
        """True from the dose to the discharge: a dissociated person cannot answer a questionnaire validly."""
        return self.t0_us is not None and self.discharged is None

    def today(self, now_us: int) -> date:
        """The date in the session's time zone at `now_us`."""
        moment = datetime.fromtimestamp((self.utc_origin_us + now_us) / 1e6, UTC)
        return (moment + timedelta(minutes=self.zone_min)).date()

    def minutes_since_dose(self, at_us: int) -> float | None:
        """Minutes from the first dose to `at_us`; None before any dose."""
        return None if self.t0_us is None else (at_us - self.t0_us) / MINUTE_US


EMPTY = CareView()


def fold(view: CareView, event: ev.Event) -> CareView:
    """The view after one more event; bodies of others change nothing."""
    view = _fold(view, event)
    after = schedule.fold(view.schedule, event)
    return view if after is view.schedule else replace(view, schedule=after)


def _fold(view: CareView, event: ev.Event) -> CareView:
    body: object = event.body
    match body:
        case ev.SessionStarted(utc_origin_us=utc_origin_us, time_zone=time_zone):
            return replace(view, utc_origin_us=utc_origin_us, zone_min=_zone_min(time_zone))
        case ev.PhaseEntered(phase=phase):
            return replace(view, phases=(*view.phases, phase))
        case ev.DoseGiven():
            dose = Dose(body.at_us, body.drug, body.route, body.amount_mg)
            return replace(view, doses=(*view.doses, dose))
        case ev.FeedChosen(metric=Metric.NIBP_SYS, source=source):
            return replace(view, cuff_source=source)
        case ev.NibpMeasured():
            return _with_cuff(view, body, event.mono_us)
        case al.PresetLoaded():
            settings = {name: float(value) for name, value in body.settings.items()}
            return replace(view, preset=(body.name, body.version), settings=settings, limits=None)
        case al.LimitsChanged(changes=changes):
            return replace(view, settings={**view.settings, **{name: after for name, _, after in changes}})
        case al.AlarmBegan() | al.AlarmChanged() | al.AlarmEnded():
            return _with_alarm(view, body)
        case _:
            return _fold_clinical(view, body)


def _fold_clinical(view: CareView, body: object) -> CareView:
    match body:
        case ce.VisitOpened():
            return replace(view, visit=body)
        case ce.RoutePlanned(route=route):
            return replace(view, route=route)
        case ce.RoleTaken() | ce.RoleLeft() | ce.StationLocked() | ce.StationUnlocked():
            return _with_people(view, body)
        case ce.SignedOff():
            return replace(view, signed=(*view.signed, body))
        case ce.ItemTicked(item=item):
            return replace(view, ticks={**view.ticks, item: body})
        case ce.ConsentRecorded():
            return replace(view, consent=body, withdrawn=None)
        case ce.ConsentWithdrawn():
            return replace(view, withdrawn=body)
        case ce.ScreeningAnswered(item=item):
            return replace(view, screening={**view.screening, item: body})
        case ce.ScreeningCleared():
            return replace(view, clearance=body)
        case ce.TestConfirmed(test=test):
            return replace(view, tests={**view.tests, test: body})
        case ce.LimitsConfirmed():
            return replace(view, limits=body)
        case ce.GateOverridden():
            return replace(view, overrides=(*view.overrides, body))
        case ce.WeightRecorded():
            return replace(view, weight=body)
        case ce.AllergiesRecorded():
            return replace(view, allergies=body)
        case ce.ContactRecorded(what=what):
            return replace(view, contacts={**view.contacts, what: body})
        case ce.IntentionSet():
            return replace(view, intention=body)
        case ce.Discharged():
            # Whoever has gone home is not asked for any more.
            return replace(view, discharged=body, prompts={})
        case _:
            return _fold_course(view, body)


def _fold_course(view: CareView, body: object) -> CareView:
    match body:
        case ce.BaselineSet():
            return replace(view, baseline=body)
        case ce.DoseRecorded(at_us=at_us):
            doses = tuple(replace(dose, record=body) if dose.at_us == at_us else dose for dose in view.doses)
            # A dose after the discharge opens what the discharge had ended.
            return replace(view, doses=doses, discharged=None, back=None)
        case ce.DoseCorrected(dose_at_us=dose_at_us):
            doses = tuple(
                replace(dose, corrections=(*dose.corrections, body)) if dose.at_us == dose_at_us else dose
                for dose in view.doses
            )
            return replace(view, doses=doses)
        case ce.InfusionChanged(what=what):
            view = _without(view, "infusion-end") if what == "stopped" else view
            return replace(view, infusion=body)
        case ce.SedationScored():
            return replace(_without(view, "sedation"), sedation=(*view.sedation, body))
        case ce.OrientationAsked():
            return replace(view, orientation=body)
        case ce.SideEffectGraded():
            return replace(view, effects=(*view.effects, body))
        case ce.VitalsEntered():
            return _with_entered(view, body)
        case ce.RecoveryScored(scale=scale):
            return replace(view, recovery={**view.recovery, scale: body})
        case ce.BaselineReturn():
            return replace(view, back=body)
        case ce.PromptDue(prompt=prompt):
            return replace(view, prompts={**view.prompts, prompt: body}, asked={**view.asked, prompt: body.at_us})
        case ce.PromptDismissed(prompt=prompt):
            return _without(view, prompt)
        case _:
            return view


def _with_people(view: CareView, body: ce.RoleTaken | ce.RoleLeft | ce.StationLocked | ce.StationUnlocked) -> CareView:
    match body:
        case ce.StationLocked(station=station):
            return replace(view, locked={**view.locked, station: body})
        case ce.RoleLeft(person=person, role=role):
            kept = tuple(held for held in view.people.get(person, ()) if role and held != role)
            people = {name: roles for name, roles in view.people.items() if name != person}
            if kept:
                people[person] = kept
            acting = {
                station: held
                for station, held in view.acting.items()
                if held.person != person or (role and held.role != role)
            }
            return replace(view, people=people, acting=acting)
        case _:
            held = view.people.get(body.person, ())
            roles = held if body.role in held else (*held, body.role)
            locked = view.locked
            if isinstance(body, ce.StationUnlocked):
                locked = {station: since for station, since in locked.items() if station != body.station}
            return replace(
                view,
                people={**view.people, body.person: roles},
                acting={**view.acting, body.station: Acting(body.person, body.role, body.verified)},
                locked=locked,
            )


def _with_cuff(view: CareView, body: ev.NibpMeasured, at_us: int) -> CareView:
    if not body.valid or view.cuff_source not in (None, body.source):
        return view
    assert body.sys_mmhg is not None
    assert body.dia_mmhg is not None
    return _with_pressure(view, PressureSet(at_us, body.sys_mmhg, body.dia_mmhg, body.pulse_rate, "cuff"))


def _with_entered(view: CareView, body: ce.VitalsEntered) -> CareView:
    view = replace(view, entered=(*view.entered, body))
    if body.resp_rate is not None:
        view = _without(view, "resp-rate")
    if body.sys_mmhg is None or body.dia_mmhg is None:
        return view
    return _with_pressure(view, PressureSet(body.at_us, body.sys_mmhg, body.dia_mmhg, body.pulse_rate, body.how))


def _with_pressure(view: CareView, found: PressureSet) -> CareView:
    if implausible(found.sys_mmhg, found.dia_mmhg):
        return view
    # One that was measured earlier and typed later stands where it was measured.
    return replace(view, pressures=tuple(sorted((*view.pressures, found), key=lambda held: held.at_us)))


def _with_alarm(view: CareView, body: al.AlarmBegan | al.AlarmChanged | al.AlarmEnded) -> CareView:
    if not isinstance(body, al.AlarmEnded) and body.priority is al.Priority.HIGH:
        return replace(view, highs={**view.highs, body.occurrence: body.text})
    if body.occurrence not in view.highs:
        return view
    return replace(view, highs={number: text for number, text in view.highs.items() if number != body.occurrence})


def _without(view: CareView, prompt: str) -> CareView:
    if prompt not in view.prompts:
        return view
    return replace(view, prompts={name: due for name, due in view.prompts.items() if name != prompt})


def _zone_min(time_zone: str) -> int:
    """Minutes east of UTC by the end of a text like "CET+0100"; 0 when it has none."""
    sign, digits = time_zone[-5:-4], time_zone[-4:]
    if sign not in ("+", "-") or not digits.isdecimal():
        return 0
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return -minutes if sign == "-" else minutes
