"""What a person may ask of the clinical core; refused in words where a role, a gate or plain sense forbids it.

`at_us` None: now. A PIN is in a wish and nowhere else: it is never logged, and the wish does not print it.
"""

from __future__ import annotations

import msgspec

from kapconsole.refusals import Refused


class NotPermitted(Refused):
    """The role may not do this, the PIN is wrong, or the station is locked."""


class GateClosed(Refused):
    """Items of a gate are not met; `items` names them."""

    def __init__(self, words: str, items: tuple[str, ...]) -> None:
        super().__init__(words)
        self.items = items


class _Secret(msgspec.Struct, frozen=True):
    """A wish with a PIN: what a traceback or a log prints of it holds no field."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


class OpenVisit(msgspec.Struct, frozen=True, tag="visit-open"):
    """Name the kind of visit: dosing, integration, preparation."""

    visit: str


class PlanRoute(msgspec.Struct, frozen=True, tag="route-plan"):
    """Say which route the dose will have."""

    route: str


class TakeRole(_Secret, frozen=True, tag="role-take"):
    """Act in a role at this station from now on. `person`: the name of the staff list, or any name without one."""

    person: str
    role: str
    pin: str = ""


class LeaveRole(msgspec.Struct, frozen=True, tag="role-leave"):
    """Give a role back, or all of them (leaving the room)."""

    person: str
    role: str = ""


class Lock(msgspec.Struct, frozen=True, tag="station-lock"):
    """Lock this station."""

    why: str = "by a person"


class Unlock(_Secret, frozen=True, tag="station-unlock"):
    """Unlock this station and act at it in a role."""

    person: str
    role: str
    pin: str = ""


class SignOff(_Secret, frozen=True, tag="sign-off"):
    """Sign `what` (pre-dose, session, another), with the PIN."""

    what: str
    pin: str = ""
    text: str = ""


class Tick(msgspec.Struct, frozen=True, tag="item-tick"):
    """Answer an item of a gate; empty `answer` takes it back."""

    item: str
    answer: str = "yes"
    text: str = ""


class RecordConsent(msgspec.Struct, frozen=True, tag="consent-record"):
    """A signed consent form is on file. Dates are ISO 8601; `signed_on` empty: today."""

    form: str
    form_version: str
    signed_on: str = ""
    valid_until: str = ""


class WithdrawConsent(msgspec.Struct, frozen=True, tag="consent-withdraw"):
    """The patient does not want to go on."""

    text: str = ""


class AnswerScreening(msgspec.Struct, frozen=True, tag="screening-answer"):
    """Answer a screening question: yes or no. `author` and `answered_on` (ISO 8601) for one of another day."""

    item: str
    answer: str
    text: str = ""
    author: str = ""
    answered_on: str = ""


class ClearPatient(msgspec.Struct, frozen=True, tag="screening-clear"):
    """The prescriber clears the patient until a date (ISO 8601). `author`, `cleared_on`: where it was another day."""

    valid_until: str
    text: str = ""
    author: str = ""
    cleared_on: str = ""


class ConfirmTest(msgspec.Struct, frozen=True, tag="test-confirm"):
    """Say what came of a self-test: alarm-sound or audio-roles."""

    test: str
    passed: bool
    text: str = ""


class ConfirmLimits(msgspec.Struct, frozen=True, tag="limits-confirm"):
    """Confirm the alarm limits in force."""


class OverrideGate(msgspec.Struct, frozen=True, tag="gate-override"):
    """Pass over an item that is not met, with a reason. `gate`: a phase, or discharge."""

    gate: str
    item: str
    reason: str


class EnterPhase(msgspec.Struct, frozen=True, tag="phase-enter"):
    """Go to a phase of the visit, or to the next one."""

    phase: str = "next"
    at_us: int | None = None


class RecordWeight(msgspec.Struct, frozen=True, tag="weight-record"):
    """Body weight in kg; `measured_on` as ISO 8601 date, empty: today."""

    weight_kg: float
    measured_on: str = ""


class RecordAllergies(msgspec.Struct, frozen=True, tag="allergies-record"):
    """Allergies in words."""

    text: str


class RecordContact(msgspec.Struct, frozen=True, tag="contact-record"):
    """A person to call: ride, support, physician or another."""

    what: str
    name: str
    phone: str


class SetIntention(msgspec.Struct, frozen=True, tag="intention"):
    """The patient's intention, one line."""

    text: str


class RecordDose(msgspec.Struct, frozen=True, tag="dose-record"):
    """A dose was given. Amounts in mg, never free text; `mg_per_kg` where the order says it, to be checked.

    `infuse_over_min`: it is an infusion that starts at `at_us`. `confirmed`: an unusual amount was looked at again.
    `exception`: the dose has been given although something was missing, and why.
    """

    drug: str
    route: str
    amount_mg: float
    mg_per_kg: float | None = None
    concentration_mg_ml: float | None = None
    volume_ml: float | None = None
    lot: str = ""
    expiry: str = ""
    site: str = ""
    given_by: str = ""
    witness: str = ""
    waste_mg: float = 0.0
    waste_witness: str = ""
    infuse_over_min: float | None = None
    confirmed: bool = False
    exception: str = ""
    at_us: int | None = None


class CorrectDose(msgspec.Struct, frozen=True, tag="dose-correct"):
    """A field of the dose record at `dose_at_us` was wrong: `after` in words or figures, with a reason."""

    dose_at_us: int
    field: str
    after: str
    reason: str


class ChangeInfusion(msgspec.Struct, frozen=True, tag="infusion-change"):
    """The infusion: rate (with `rate_mg_min`), pause, resume, stop. `given_mg`: the total that the pump says."""

    what: str
    rate_mg_min: float | None = None
    given_mg: float | None = None
    text: str = ""
    at_us: int | None = None


class ScoreSedation(msgspec.Struct, frozen=True, tag="sedation-score"):
    """A sedation score by a scale of the clinic's list."""

    score: int
    scale: str = "moaas"
    how: str = ""
    at_us: int | None = None


class AskOrientation(msgspec.Struct, frozen=True, tag="orientation-ask"):
    """Whether the patient knows who, where and when."""

    person: bool
    place: bool
    time: bool
    at_us: int | None = None


class GradeEffect(msgspec.Struct, frozen=True, tag="side-effect-grade"):
    """A side effect has this grade, 0 none to 4 emergency, since `at_us`."""

    effect: str
    grade: int
    action: str = ""
    outcome: str = ""
    text: str = ""
    at_us: int | None = None


class EnterVitals(msgspec.Struct, frozen=True, tag="vitals-enter"):
    """Vitals taken by hand; `at_us` is when they were measured."""

    sys_mmhg: float | None = None
    dia_mmhg: float | None = None
    pulse_rate: float | None = None
    resp_rate: float | None = None
    spo2: float | None = None
    how: str = ""
    at_us: int | None = None


class ScoreRecovery(msgspec.Struct, frozen=True, tag="recovery-score"):
    """A recovery score by items; None where an item does not apply."""

    scale: str
    items: dict[str, int | None]
    at_us: int | None = None


class DismissPrompt(msgspec.Struct, frozen=True, tag="prompt-dismiss"):
    """Put a prompt away without an answer."""

    prompt: str
    reason: str = ""


class ArmSchedule(msgspec.Struct, frozen=True, tag="schedule-arm"):
    """Let the schedule start the cuff by itself; again after a cuff was stopped."""


class DisarmSchedule(msgspec.Struct, frozen=True, tag="schedule-disarm"):
    """Let the schedule only remind."""


class MoveReading(msgspec.Struct, frozen=True, tag="reading-move"):
    """Move a cuff reading within its soft window; `slot` is its name on the schedule."""

    slot: str
    to_us: int


class SkipReading(msgspec.Struct, frozen=True, tag="reading-skip"):
    """Skip a cuff reading, or say why a mandatory one is missing."""

    slot: str
    reason: str = ""


class Discharge(_Secret, frozen=True, tag="discharge"):
    """The patient leaves; every item met or passed over."""

    pin: str = ""
    escort: str = ""


ClinicalWish = (
    OpenVisit
    | PlanRoute
    | TakeRole
    | LeaveRole
    | Lock
    | Unlock
    | SignOff
    | Tick
    | RecordConsent
    | WithdrawConsent
    | AnswerScreening
    | ClearPatient
    | ConfirmTest
    | ConfirmLimits
    | OverrideGate
    | EnterPhase
    | RecordWeight
    | RecordAllergies
    | RecordContact
    | SetIntention
    | RecordDose
    | CorrectDose
    | ChangeInfusion
    | ScoreSedation
    | AskOrientation
    | GradeEffect
    | EnterVitals
    | ScoreRecovery
    | DismissPrompt
    | ArmSchedule
    | DisarmSchedule
    | MoveReading
    | SkipReading
    | Discharge
)
"""Every wish that `ClinicalEngine.wish` takes."""
