"""The schedule of cuff readings after a dose: what is due when, what answered it, when an armed schedule may start.

Pure: a view folded from the log and the time in, bodies out. Whatever it does stands in the log as a body, so a
restarted monitor goes on where it was. The rules that never bend: a cuff starts by itself only while a person has
armed the schedule, never sooner than two minutes after another, and never after a person stopped one until a person
arms the schedule again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.clinical import events as ce
from kapconsole.refusals import Refused
from kapdevices.readings import Quality

MINUTE_US = 60_000_000
ACTOR = "schedule"
"""Who starts a cuff by an armed schedule: the actor of its cuff request."""

RECHECK = "recheck"
"""The slot of a recheck that the alarm system asked for."""

LATE_BOUNDARY_US = 5_000_000
"""A boundary of the music that passed so lately still counts: a decision is made a few times a second."""

BodyOut = ce.ReadingMoved | ce.CuffBySchedule | ce.PromptDue | ce.ScheduleDisarmed | al.ReadingDue


class Slot(msgspec.Struct, frozen=True):
    """One reading of the schedule. `name`: "40 min", or "40 min after dose 2"; times in session microseconds.

    `state`: waiting, due, taken, missed or skipped. `from_us` is the dose, `planned_us` by the schedule, `due_us` after
    a move.
    """

    name: str
    from_us: int
    planned_us: int
    due_us: int
    mandatory: bool
    soft_us: int
    state: str = "waiting"
    taken_us: int | None = None
    reason: str = ""

    @property
    def open(self) -> bool:
        """True while a reading is expected for it."""
        return self.state in ("waiting", "due")

    @property
    def opens_us(self) -> int:
        """From when on a reading answers it; one from before the dose never does."""
        return max(self.from_us + 1, min(self.planned_us, self.due_us) - self.soft_us)

    @property
    def words(self) -> str:
        """For a sentence: "40 min after the dose"."""
        return self.name if "dose" in self.name else f"{self.name} after the dose"

    @property
    def late_us(self) -> int:
        """How much later than its soft window it was taken; 0: in time, or not taken."""
        return 0 if self.taken_us is None else max(0, self.taken_us - self.due_us - self.soft_us)


class ScheduleView(msgspec.Struct, frozen=True):
    """The schedule as the log leaves it.

    `taken` are moments of valid readings. `stopped_us`: since when a person's stop holds the schedule back. `cuffs`:
    attempts by slot. `busy_us`: since when a cuff is under way.
    """

    plans: tuple[ce.ScheduleSet, ...] = ()
    armed_by: str = ""
    stopped_us: int | None = None
    ended: bool = False
    moved: dict[str, int] = {}
    skipped: dict[str, str] = {}
    told: frozenset[str] = frozenset()
    taken: tuple[int, ...] = ()
    recheck: al.ReadingDue | None = None
    cuffs: dict[str, int] = {}
    busy_us: int | None = None
    tried_us: int | None = None

    @property
    def armed(self) -> bool:
        """True when it may start a cuff by itself."""
        return bool(self.armed_by) and self.stopped_us is None and not self.ended


EMPTY = ScheduleView()
BUSY_AT_MOST_US = 3 * MINUTE_US
"""A cuff that neither gave a reading nor failed for so long is not under way any more."""


class NextCuff(msgspec.Struct, frozen=True):
    """What the screen says of the next reading. `left_s` is negative when it is overdue.

    `by_itself`: the schedule will start it; `held`: it would, had a person not stopped a cuff.
    """

    slot: str
    due_us: int
    left_s: float
    mandatory: bool
    by_itself: bool
    held: bool
    why: str


def fold(view: ScheduleView, event: ev.Event) -> ScheduleView:
    """The view after one more event."""
    body: object = event.body
    match body:
        case ce.ScheduleSet():
            return replace(view, plans=(*view.plans, body), ended=False)
        case ce.ScheduleArmed(person=person):
            # What was tried in vain is tried again: a person has looked.
            return replace(view, armed_by=person, stopped_us=None, cuffs={})
        case ce.ScheduleDisarmed():
            return replace(view, armed_by="")
        case ce.ReadingMoved(slot=slot, to_us=to_us):
            return replace(view, moved={**view.moved, slot: to_us})
        case ce.ReadingSkipped(slot=slot, reason=reason):
            recheck = None if slot == RECHECK else view.recheck
            return replace(view, skipped={**view.skipped, slot: reason}, recheck=recheck)
        case ce.CuffBySchedule(slot=slot, attempt=attempt):
            return replace(view, cuffs={**view.cuffs, slot: attempt}, tried_us=event.mono_us)
        case ce.VitalsEntered(at_us=at_us, sys_mmhg=sys, dia_mmhg=dia) if sys is not None and dia is not None:
            return _with_reading(view, at_us)
        case ce.Discharged() | ev.SessionClosed():
            return replace(view, ended=True)
        case al.ReadingDue():
            return _with_due(view, body)
        case ev.CuffRequested():
            return replace(view, busy_us=event.mono_us, tried_us=event.mono_us)
        case ev.CuffStopRequested():
            return replace(view, busy_us=None, stopped_us=event.mono_us)
        case ev.NibpMeasured(quality=Quality.STOPPED):
            return replace(view, busy_us=None, stopped_us=event.mono_us)
        case ev.NibpMeasured():
            done = replace(view, busy_us=None, tried_us=event.mono_us)
            return _with_reading(done, event.mono_us) if body.valid else done
        case ev.DeviceSaid(code="cuff-refused"):
            return replace(view, busy_us=None)
        case ev.SessionResumed():
            # What the cuff and the people did meanwhile is not known: a person arms it again.
            return replace(view, armed_by="", busy_us=None)
        case _:
            return view


def slots(view: ScheduleView, now_us: int, ahead_us: int = 0) -> tuple[Slot, ...]:
    """Every reading of the schedule as it stands at `now_us`, with one at least after `ahead_us` more, by time.

    A later dose has a schedule of its own, which takes the place of what was left of the one before; what is mandatory
    of that stays.
    """
    made: list[Slot] = []
    for number, plan in enumerate(view.plans):
        after_us = view.plans[number + 1].from_us if number + 1 < len(view.plans) else None
        for minute in _minutes(plan, now_us + ahead_us):
            planned_us = plan.from_us + round(minute * MINUTE_US)
            mandatory = minute in plan.mandatory_min
            if after_us is not None and planned_us >= after_us and not mandatory:
                continue
            name = f"{minute:g} min" if number == 0 else f"{minute:g} min after dose {number + 1}"
            due_us = view.moved.get(name, planned_us)
            made.append(Slot(name, plan.from_us, planned_us, due_us, mandatory, round(plan.soft_min * MINUTE_US)))
    made.sort(key=lambda slot: (slot.planned_us, slot.name))
    return _answered(made, view, now_us)


def next_slot(view: ScheduleView, now_us: int) -> Slot | None:
    """The first reading that is expected still; None without a schedule, after its end, or after the discharge."""
    if view.ended:
        return None
    return next((slot for slot in slots(view, now_us) if slot.open), None)


def target_us(slot: Slot, boundaries: Iterable[int]) -> int:
    """When a reading is best taken: at the boundary of the music nearest to it within its soft window, else when due.

    A reading that a person moved stays where it was moved to.
    """
    if slot.due_us != slot.planned_us:
        return slot.due_us
    near = [time for time in boundaries if abs(time - slot.planned_us) <= slot.soft_us]
    return min(near, key=lambda time: (abs(time - slot.planned_us), time), default=slot.planned_us)


def mandatory_missing(view: ScheduleView, now_us: int) -> tuple[Slot, ...]:
    """Mandatory readings that were missed, or skipped without a reason."""
    return tuple(
        slot
        for slot in slots(view, now_us)
        if slot.mandatory
        and slot.planned_us + slot.soft_us <= now_us
        and (slot.state in ("missed", "due", "waiting") or (slot.state == "skipped" and not slot.reason))
    )


def next_cuff(view: ScheduleView, now_us: int, boundaries: Sequence[int] = ()) -> NextCuff | None:
    """What the screen counts down to: the next reading of the schedule or the recheck, whichever is first."""
    slot = next_slot(view, now_us)
    found: tuple[int, str, bool, str] | None = None
    if slot is not None:
        found = (target_us(slot, boundaries), slot.name, slot.mandatory, "by the schedule")
    if view.recheck is not None and not view.ended and (found is None or view.recheck.due_us < found[0]):
        found = (view.recheck.due_us, RECHECK, False, view.recheck.why)
    if found is None:
        return None
    due_us, name, mandatory, why = found
    held = bool(view.armed_by) and view.stopped_us is not None
    return NextCuff(name, due_us, (due_us - now_us) / 1e6, mandatory, view.armed, held, why)


def tick(view: ScheduleView, now_us: int, boundaries: Sequence[int] = ()) -> list[BodyOut]:
    """What is due at `now_us`. `boundaries`: where the music changes its segment, session microseconds.

    Each body is recorded before the next call; nothing is given twice.
    """
    if view.ended:
        return [ce.ScheduleDisarmed(now_us, "discharged")] if view.armed_by else []
    bodies: list[BodyOut] = []
    slot = next_slot(view, now_us)
    if slot is not None:
        bodies += _due(view, slot, now_us, boundaries)
        if bodies:
            return bodies
    wanted = _wanted(view, slot, now_us)
    if wanted is not None and view.armed and _free(view, now_us):
        name, why = wanted
        attempts = view.plans[-1].attempts if view.plans else 1
        attempt = view.cuffs.get(name, 0) + 1
        if attempt <= attempts:
            bodies.append(ce.CuffBySchedule(now_us, name, why, attempt))
    return bodies


def moved(view: ScheduleView, slot_name: str, to_us: int, now_us: int) -> ce.ReadingMoved:
    """A person moves a reading. Raises Refused beyond its soft window, or when there is no such reading."""
    slot = _open_slot(view, slot_name, now_us)
    if abs(to_us - slot.planned_us) > slot.soft_us:
        raise Refused(f"a reading moves by {slot.soft_us / MINUTE_US:g} min at most; skip it with a reason instead")
    if to_us < now_us:
        raise Refused("a reading cannot be moved into the past")
    if slot.state == "due":
        raise Refused(f"the reading at {slot.name} is due already")
    return ce.ReadingMoved(now_us, slot.name, slot.planned_us, to_us, "by a person")


def skipped(view: ScheduleView, slot_name: str, reason: str, now_us: int) -> ce.ReadingSkipped:
    """A person skips a reading or explains a missing one. Raises Refused; a mandatory one asks for a reason."""
    if slot_name == RECHECK:
        if view.recheck is None:
            raise Refused("no recheck is asked for")
        if not reason.strip():
            raise Refused("a recheck cannot be skipped without a reason")
        return ce.ReadingSkipped(now_us, RECHECK, view.recheck.due_us, True, reason.strip())
    missing = next((slot for slot in mandatory_missing(view, now_us) if slot.name == slot_name), None)
    slot = missing or _open_slot(view, slot_name, now_us)
    if slot.mandatory and not reason.strip():
        raise Refused(f"the reading at {slot.name} cannot be skipped without a reason")
    return ce.ReadingSkipped(now_us, slot.name, slot.due_us, slot.mandatory, reason.strip())


def _minutes(plan: ce.ScheduleSet, until_us: int) -> list[float]:
    minutes = list(plan.minutes)
    if plan.then_every_min > 0:
        minute = minutes[-1] if minutes else 0.0
        # One beyond `until_us`, with its soft window, so that a reading taken early finds the one that it answers.
        while plan.from_us + round((minute - plan.soft_min) * MINUTE_US) <= until_us:
            minute += plan.then_every_min
            minutes.append(minute)
    return minutes


def _answered(made: list[Slot], view: ScheduleView, now_us: int) -> tuple[Slot, ...]:
    """Each reading answers the nearest slot whose window had begun. What lies before that one is missed.

    A slot that nothing answered is missed, too, as soon as the next one is due: there is one reading to wait for.
    """
    found = [
        replace(slot, state="skipped", reason=view.skipped[slot.name]) if slot.name in view.skipped else slot
        for slot in made
    ]
    for at_us in view.taken:
        able = [index for index, slot in enumerate(found) if slot.open and slot.opens_us <= at_us]
        if not able:
            continue
        nearest = min(able, key=lambda index: (abs(found[index].due_us - at_us), index))
        for index in able:
            if index < nearest:
                found[index] = replace(found[index], state="missed")
        found[nearest] = replace(found[nearest], state="taken", taken_us=at_us)
    newest_us = max((slot.due_us for slot in found if slot.due_us <= now_us and slot.state != "skipped"), default=0)
    for index, slot in enumerate(found):
        if slot.open and slot.due_us < newest_us:
            found[index] = replace(slot, state="missed")
        elif slot.open and slot.name in view.told:
            found[index] = replace(slot, state="due")
    return tuple(found)


def _due(view: ScheduleView, slot: Slot, now_us: int, boundaries: Sequence[int]) -> list[BodyOut]:
    if slot.state == "due":
        return []
    # A boundary is known only while it lies ahead or has just passed: a reading is not declared due in the past.
    at_us = target_us(slot, [time for time in boundaries if time >= now_us - LATE_BOUNDARY_US])
    if now_us < at_us:
        return []
    bodies: list[BodyOut] = []
    if at_us != slot.due_us:
        bodies.append(ce.ReadingMoved(now_us, slot.name, slot.planned_us, at_us, "to a boundary of the music"))
    plan = max((plan for plan in view.plans if plan.from_us <= slot.planned_us), key=lambda plan: plan.from_us)
    bodies.append(al.ReadingDue(at_us, slot.words, False, now_us))
    bodies += [ce.PromptDue(now_us, prompt, label, slot.name) for prompt, label in plan.prompts.items()]
    return bodies


def _wanted(view: ScheduleView, slot: Slot | None, now_us: int) -> tuple[str, str] | None:
    """Which reading the cuff should take now, and why."""
    if slot is not None and slot.state == "due":
        return slot.name, "by the schedule"
    if view.recheck is not None and view.recheck.due_us <= now_us:
        return RECHECK, view.recheck.why
    return None


def _free(view: ScheduleView, now_us: int) -> bool:
    if view.busy_us is not None and now_us - view.busy_us < BUSY_AT_MOST_US:
        return False
    apart_us = round(max((plan.apart_s for plan in view.plans), default=120.0) * 1_000_000)
    return view.tried_us is None or now_us - view.tried_us >= apart_us


def _with_reading(view: ScheduleView, at_us: int) -> ScheduleView:
    taken = tuple(sorted((*view.taken, at_us)))
    answered = view.recheck is not None and at_us > view.recheck.at_us
    return replace(view, taken=taken, recheck=None if answered else view.recheck)


def _with_due(view: ScheduleView, due: al.ReadingDue) -> ScheduleView:
    if due.recheck:
        cuffs = {name: count for name, count in view.cuffs.items() if name != RECHECK}
        return replace(view, recheck=due, cuffs=cuffs)
    # The slot that was told is the first one waiting by then: `tick` tells one at a time, in order.
    slot = next((slot for slot in slots(view, due.at_us) if slot.state == "waiting"), None)
    return view if slot is None else replace(view, told=view.told | {slot.name})


def _open_slot(view: ScheduleView, name: str, now_us: int) -> Slot:
    known = slots(view, now_us, 60 * MINUTE_US)
    slot = next((slot for slot in known if slot.name == name), None)
    if slot is None:
        near = ", ".join(slot.name for slot in known if slot.open)
        raise Refused(f"there is no reading at {name}; expected are: {near or 'none'}")
    if not slot.open:
        raise Refused(f"the reading at {name} is {slot.state} already")
    return slot
