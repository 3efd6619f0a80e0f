"""The clinical engine: a person's wish or time in, bodies for the log out; refused in words what a rule forbids.

It holds the clinic's data and counts wrong PINs; everything else it knows is the `CareView` that it is given, so a
restarted monitor goes on where it was. Without a named kind of visit and without a staff list nothing is asked of
anybody: a session that is only recorded stays as simple as that.
"""

from __future__ import annotations

from collections.abc import Sequence

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.clinical import dosing, gates, keeping, prompting, staffing
from kapconsole.clinical import events as ce
from kapconsole.clinical import wishes as ws
from kapconsole.clinical.data import ClinicalData
from kapconsole.clinical.evidence import Ask
from kapconsole.clinical.keeping import By, moment
from kapconsole.clinical.view import CareView
from kapconsole.clinical.vitals import NONE, Vitals
from kapconsole.clinical.wishes import GateClosed, NotPermitted
from kapconsole.refusals import Refused
from kapconsole.session import schedule
from kapconsole.session.phases import PHASES, next_phase, phase_label

Body = ce.ClinicalBody | ev.DoseGiven | ev.PhaseEntered | al.ReadingDue
"""What the engine gives out, to be recorded in this order."""

CONSOLE = "console"

ACTIONS: dict[type[ws.ClinicalWish], str] = {
    ws.OpenVisit: "prepare",
    ws.PlanRoute: "prepare",
    ws.TakeRole: "",
    ws.LeaveRole: "",
    ws.Lock: "",
    ws.Unlock: "",
    ws.SignOff: "sign",
    ws.Tick: "prepare",
    ws.RecordConsent: "prepare",
    ws.WithdrawConsent: "prepare",
    ws.AnswerScreening: "screen",
    ws.ClearPatient: "clear",
    ws.ConfirmTest: "prepare",
    ws.ConfirmLimits: "limits",
    ws.OverrideGate: "phase",
    ws.EnterPhase: "phase",
    ws.RecordWeight: "prepare",
    ws.RecordAllergies: "prepare",
    ws.RecordContact: "prepare",
    ws.SetIntention: "note",
    ws.RecordDose: "dose",
    ws.CorrectDose: "dose",
    ws.ChangeInfusion: "dose",
    ws.ScoreSedation: "vitals",
    ws.AskOrientation: "effect",
    ws.GradeEffect: "effect",
    ws.EnterVitals: "vitals",
    ws.ScoreRecovery: "vitals",
    ws.DismissPrompt: "vitals",
    ws.ArmSchedule: "schedule",
    ws.DisarmSchedule: "schedule",
    ws.MoveReading: "schedule",
    ws.SkipReading: "schedule",
    ws.Discharge: "discharge",
}
"""What each wish is by the table of roles; empty: everybody may."""


def not_permitted(data: ClinicalData, care: CareView, station: str, action: str) -> str:
    """Why `action` may not be done at a station now, in words; empty when it may. For wishes of other parts, too."""
    entry = data.roles.actions.get(action)
    label = action if entry is None else entry.label
    if station in care.locked and not (entry is not None and entry.locked):
        return f"this station is locked; unlock it to {label}"
    held = care.acting.get(station)
    if held is None:
        bare = care.visit is None and not data.staff.staff
        always = entry is not None and entry.locked
        return "" if bare or always else f"take a role first: to {label} is for {staffing.who_may(data.roles, action)}"
    if staffing.may(data.roles, (held.role,), action):
        return ""
    return f"to {label} is for {staffing.who_may(data.roles, action)}; {held.person} acts as {held.role}"


class ClinicalEngine:
    """Decides for one session."""

    def __init__(self, data: ClinicalData) -> None:
        self.data = data
        self._wrong: dict[str, tuple[int, int]] = {}  # person: wrong PINs in a row, when the last one was

    def wish(
        self, wish: ws.ClinicalWish, care: CareView, now_us: int, station: str = CONSOLE, vitals: Vitals = NONE
    ) -> list[Body]:
        """What follows from a person's wish at `station`. Raises Refused (NotPermitted, GateClosed) in words."""
        action = ACTIONS[type(wish)]
        words = not_permitted(self.data, care, station, action) if action else ""
        if words:
            raise NotPermitted(words)
        held = care.acting.get(station)
        by = By("", "", False, station) if held is None else By(held.person, held.role, held.verified, station)
        ask = Ask(self.data, care, now_us, vitals)
        match wish:
            case ws.TakeRole() | ws.LeaveRole() | ws.Lock() | ws.Unlock():
                return [self._role(wish, care, now_us, station)]
            case ws.SignOff():
                return self._sign(wish, ask, by)
            case ws.OverrideGate():
                return [self._override(wish, ask, by)]
            case ws.EnterPhase():
                return [self._enter(wish, ask)]
            case ws.Discharge():
                return self._discharge(wish, ask, by)
            case ws.RecordDose():
                return list(dosing.recorded(wish, ask, by))
            case ws.CorrectDose():
                return [dosing.correction(wish, ask)]
            case ws.ChangeInfusion():
                return [dosing.infusion_change(wish, ask)]
            case ws.ArmSchedule():
                return [self._arm(care, now_us, by)]
            case ws.DisarmSchedule():
                if not care.schedule.armed_by:
                    raise Refused("the schedule is not armed")
                return [ce.ScheduleDisarmed(now_us, "by a person")]
            case ws.MoveReading(slot=slot, to_us=to_us):
                return [schedule.moved(care.schedule, slot, to_us, now_us)]
            case ws.SkipReading(slot=slot, reason=reason):
                return [schedule.skipped(care.schedule, slot, reason, now_us)]
            case _:
                return [keeping.kept(wish, ask, by)]

    def tick(self, care: CareView, now_us: int, vitals: Vitals = NONE, boundaries: Sequence[int] = ()) -> list[Body]:
        """What has become due. `boundaries`: where the music changes its segment. Record it before the next tick."""
        ask = Ask(self.data, care, now_us, vitals)
        return [*dosing.overdue_setup(ask), *schedule.tick(care.schedule, now_us, boundaries), *prompting.due(ask)]

    # -- people -----------------------------------------------------------------------------------------------------

    def _role(
        self, wish: ws.TakeRole | ws.LeaveRole | ws.Lock | ws.Unlock, care: CareView, now_us: int, station: str
    ) -> ce.RoleTaken | ce.RoleLeft | ce.StationLocked | ce.StationUnlocked:
        match wish:
            case ws.Lock(why=why):
                if station in care.locked:
                    raise Refused("this station is locked already")
                return ce.StationLocked(now_us, station, why)
            case ws.LeaveRole(person=person, role=role):
                name = self._known_as(person)
                if name not in care.people or (role and role not in care.people[name]):
                    raise Refused(f"{name} does not hold {'that role' if role else 'a role'}")
                return ce.RoleLeft(now_us, name, role)
            case ws.Unlock(person=person, role=role, pin=pin):
                if station not in care.locked:
                    raise Refused("this station is not locked")
                name, verified = self._identified(person, role, pin, now_us)
                return ce.StationUnlocked(now_us, station, name, role, verified)
            case ws.TakeRole(person=person, role=role, pin=pin):
                if station in care.locked:
                    raise NotPermitted("this station is locked; unlock it to take a role")
                held = care.acting.get(station)
                same = held is not None and held.verified and held.person == self._known_as(person)
                name, verified = self._identified(person, role, pin, now_us, known=same and not pin)
                return ce.RoleTaken(now_us, name, role, verified, station)

    def _known_as(self, person: str) -> str:
        held = staffing.found(self.data.staff, person)
        return person.strip() if held is None else held.name

    def _identified(self, person: str, role: str, pin: str, now_us: int, known: bool = False) -> tuple[str, bool]:
        """(name, verified). `known`: this person's PIN was given at this station already."""
        if role not in self.data.roles.roles:
            raise Refused(f"there is no role {role!r}; one of: {', '.join(self.data.roles.roles)}")
        if not person.strip():
            raise Refused("who? a name or a short sign is needed")
        if not self.data.staff.staff:
            return person.strip(), False
        held = staffing.found(self.data.staff, person)
        if held is None:
            raise NotPermitted(f"{person.strip()} is not on the staff list")
        if role not in held.roles:
            raise NotPermitted(f"{held.name} is {', '.join(held.roles)} on the staff list, not {role}")
        if not known:
            self._check_pin(held.name, pin, now_us)
        return held.name, True

    def _check_pin(self, person: str, pin: str, now_us: int) -> None:
        held = staffing.found(self.data.staff, person)
        if held is None or not held.pin:
            raise NotPermitted(f"{person} has no PIN on the staff list yet")
        rule = self.data.roles.lock
        count, last_us = self._wrong.get(held.name, (0, 0))
        wait_s = rule.wait_s - (now_us - last_us) / 1e6
        if count >= rule.wrong_pins and wait_s > 0:
            raise NotPermitted(f"too many wrong PINs: wait {wait_s:.0f} s")
        if not staffing.right_pin(held, pin):
            self._wrong[held.name] = (count + 1, now_us)
            raise NotPermitted("the PIN is wrong" if pin else "a PIN is needed")
        self._wrong.pop(held.name, None)

    def _proved(self, by: By, pin: str, now_us: int) -> bool:
        """True when the person's PIN was right; without a staff list nothing can be proved, and nothing is asked."""
        if not self.data.staff.staff:
            return False
        self._check_pin(by.person, pin, now_us)
        return True

    # -- signatures, gates, phases ----------------------------------------------------------------------------------

    def _sign(self, wish: ws.SignOff, ask: Ask, by: By) -> list[Body]:
        if not wish.what.strip():
            raise Refused("sign what?")
        if not by.person:
            raise NotPermitted("take a role first: a signature needs a name")
        verified = self._proved(by, wish.pin, ask.now_us)
        signed = ce.SignedOff(ask.now_us, wish.what.strip(), by.person, by.role, verified, wish.text.strip())
        if wish.what != "pre-dose" or ask.care.doses:
            return [signed]
        return [signed, dosing.baseline(ask)]

    def _override(self, wish: ws.OverrideGate, ask: Ask, by: By) -> ce.GateOverridden:
        visit = gates.visit_of(ask)
        if visit is None:
            raise Refused("there are no gates before the kind of visit is named")
        names = visit.discharge if wish.gate == gates.DISCHARGE else visit.gates.get(wish.gate, ())
        if wish.item not in names:
            raise Refused(f"{wish.item} is no item of the gate {wish.gate}")
        (finding,) = gates.findings(ask, wish.gate, (wish.item,))
        if finding.met:
            raise Refused(f"{finding.label}: is met, there is nothing to pass over")
        if by.role not in finding.fallback:
            allowed = " or ".join(finding.fallback) or "nobody"
            raise NotPermitted(f"{finding.label}: may be passed over by {allowed}")
        if not wish.reason.strip():
            raise Refused("passing over an item needs a reason")
        return ce.GateOverridden(
            ask.now_us, wish.gate, wish.item, finding.label, finding.found, by.person, by.role, wish.reason.strip()
        )

    def _enter(self, wish: ws.EnterPhase, ask: Ask) -> ev.PhaseEntered:
        care, visit = ask.care, gates.visit_of(ask)
        phases = PHASES if visit is None else visit.phases
        chosen = next_phase(care.phase, phases) if wish.phase == "next" else wish.phase
        if wish.phase == "next" and chosen == "screening" and len(phases) > 1:
            # Screening was another day's work where everything that it asks for is there.
            if all(found.open for _, found in gates.before_phase(ask, phases[1])):
                chosen = phases[1]
        if chosen is None:
            raise Refused("this is the last phase")
        if chosen not in phases:
            of = "a session" if visit is None else visit.label
            raise Refused(f"{chosen} is no phase of {of}; one of: {', '.join(phases)}")
        if chosen == care.phase:
            raise Refused(f"the session is in {phase_label(chosen)} already")
        missing = [(gate, found) for gate, found in gates.before_phase(ask, chosen) if not found.open]
        if missing:
            raise gate_closed(f"before {phase_label(chosen)}", missing)
        return ev.PhaseEntered(moment(wish.at_us, ask.now_us), chosen)

    def _discharge(self, wish: ws.Discharge, ask: Ask, by: By) -> list[Body]:
        if ask.care.visit is None:
            raise Refused("name the kind of visit first: what a discharge asks for depends on it")
        if ask.care.discharged is not None:
            raise Refused("the patient was discharged already")
        found = gates.before_leaving(ask)
        missing = [(gates.DISCHARGE, finding) for finding in found if not finding.open]
        if missing:
            raise gate_closed("before the discharge", missing)
        verified = self._proved(by, wish.pin, ask.now_us)
        seen = ask.care.ticks.get("ride-seen")
        escort = wish.escort.strip() or ("" if seen is None else seen.text)
        items = tuple(
            (finding.label, finding.found if finding.met else f"passed over: {finding.passed_over}; {finding.found}")
            for finding in found
        )
        return [
            ce.SignedOff(ask.now_us, gates.DISCHARGE, by.person, by.role, verified, ""),
            ce.Discharged(ask.now_us, by.person, by.role, verified, escort, items),
        ]

    def _arm(self, care: CareView, now_us: int, by: By) -> ce.ScheduleArmed:
        if care.schedule.armed:
            raise Refused("the schedule is armed already")
        if not care.schedule.plans or care.schedule.ended:
            raise Refused("there is no schedule to arm: it begins with the dose")
        return ce.ScheduleArmed(now_us, by.person or "a person")


def gate_closed(where: str, missing: Sequence[tuple[str, gates.Finding]]) -> GateClosed:
    """The refusal that names what is missing."""
    words = "; ".join(f"{found.label} ({found.found})" for _, found in missing)
    return GateClosed(f"{where}: {words}", tuple(found.item for _, found in missing))
