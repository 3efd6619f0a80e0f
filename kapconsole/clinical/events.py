"""What is done and found in a visit, as it stands in the session log: frozen bodies, free of imports from above.

`at_us` is the session time in microseconds at which the thing happened or was measured, which may lie before the time
at which it was typed. Words that a clinic can change (labels, scale variants, versions) stand in the bodies, so that a
recording reads the same when the clinic's files have changed.
"""

from __future__ import annotations

import msgspec


class VisitOpened(msgspec.Struct, frozen=True, tag="visit-opened"):
    """The kind of visit was named; from now on its gates apply. `data`: the clinical files in force, by name."""

    at_us: int
    visit: str
    label: str
    data: dict[str, str]


class RoutePlanned(msgspec.Struct, frozen=True, tag="route-planned"):
    """The route that today's dose will have."""

    at_us: int
    route: str


class RoleTaken(msgspec.Struct, frozen=True, tag="role-taken"):
    """A person acts in a role from now on, at `station`. `verified`: with the PIN of the staff list."""

    at_us: int
    person: str
    role: str
    verified: bool
    station: str


class RoleLeft(msgspec.Struct, frozen=True, tag="role-left"):
    """A person left the room or gave the role back; `role` empty: all of them."""

    at_us: int
    person: str
    role: str


class StationLocked(msgspec.Struct, frozen=True, tag="station-locked"):
    """A station takes no more than what is always allowed, until somebody unlocks it. Alarms and vitals stay shown."""

    at_us: int
    station: str
    why: str


class StationUnlocked(msgspec.Struct, frozen=True, tag="station-unlocked"):
    """A person unlocked a station and acts at it in `role`."""

    at_us: int
    station: str
    person: str
    role: str
    verified: bool


class SignedOff(msgspec.Struct, frozen=True, tag="signed-off"):
    """A person signed. `what`: pre-dose, discharge, session or another; `verified`: with the PIN of the staff list."""

    at_us: int
    what: str
    person: str
    role: str
    verified: bool
    text: str


class ItemTicked(msgspec.Struct, frozen=True, tag="item-ticked"):
    """An item of a gate was answered; empty `answer` takes it back."""

    at_us: int
    item: str
    label: str
    answer: str
    text: str


class ConsentRecorded(msgspec.Struct, frozen=True, tag="consent-recorded"):
    """A signed consent form is on file. Dates are ISO 8601; `valid_until` empty: without an end."""

    at_us: int
    form: str
    form_version: str
    signed_on: str
    valid_until: str
    author: str


class ConsentWithdrawn(msgspec.Struct, frozen=True, tag="consent-withdrawn"):
    """The patient does not want to go on. After the dose: music and stimulation end, lights up, staff stay."""

    at_us: int
    text: str


class ScreeningAnswered(msgspec.Struct, frozen=True, tag="screening-answered"):
    """One screening question. `flagged`: contraindication, caution, note, or empty. Dates are ISO 8601."""

    at_us: int
    item: str
    label: str
    answer: str
    flagged: str
    author: str
    answered_on: str
    valid_until: str
    text: str


class ScreeningCleared(msgspec.Struct, frozen=True, tag="screening-cleared"):
    """The prescriber cleared the patient, with these flags known, until a date (ISO 8601)."""

    at_us: int
    author: str
    flags: tuple[str, ...]
    cleared_on: str
    valid_until: str
    text: str


class TestConfirmed(msgspec.Struct, frozen=True, tag="test-confirmed"):
    """A person says what came of a self-test: alarm-sound (heard or not), audio-roles (each in its place or not)."""

    __test__ = False  # the name is no test of pytest's

    at_us: int
    test: str
    passed: bool
    text: str


class LimitsConfirmed(msgspec.Struct, frozen=True, tag="limits-confirmed"):
    """A person looked at the alarm limits in force and confirmed them."""

    at_us: int
    preset: str
    preset_version: int


class GateOverridden(msgspec.Struct, frozen=True, tag="gate-overridden"):
    """A person passed over an item that was not met. `gate`: the phase before which it stands, or discharge."""

    at_us: int
    gate: str
    item: str
    label: str
    found: str
    person: str
    role: str
    reason: str


class WeightRecorded(msgspec.Struct, frozen=True, tag="weight-recorded"):
    """Body weight in kg, with the date on which it was taken (ISO 8601)."""

    at_us: int
    weight_kg: float
    measured_on: str


class AllergiesRecorded(msgspec.Struct, frozen=True, tag="allergies-recorded"):
    """Allergies in words; "none known" is an answer, empty is not."""

    at_us: int
    text: str


class ContactRecorded(msgspec.Struct, frozen=True, tag="contact-recorded"):
    """A person to call. `what`: ride, support, physician or another."""

    at_us: int
    what: str
    name: str
    phone: str


class IntentionSet(msgspec.Struct, frozen=True, tag="intention-set"):
    """The patient's intention, one line; the newest one counts."""

    at_us: int
    text: str


class BaselineSet(msgspec.Struct, frozen=True, tag="baseline-set"):
    """What the patient was like before the dose: medians of cuff readings in mmHg, SpO2 in %, rates in 1/min."""

    at_us: int
    sys_mmhg: float | None
    dia_mmhg: float | None
    readings: int
    spo2: float | None
    pulse_rate: float | None
    resp_rate: float | None
    sedation: int | None


class DoseRecorded(msgspec.Struct, frozen=True, tag="dose-recorded"):
    """The ledger's record of the dose that `dose-given` has at the same `at_us`. `number` counts from 1.

    `mg_per_kg` is computed from `weight_kg` (None without a weight). `exception`: why it was recorded although a gate
    was not met. Volume in mL, concentration as drawn in mg/mL, `expiry` as ISO 8601 date.
    """

    at_us: int
    number: int
    drug: str
    route: str
    amount_mg: float
    mg_per_kg: float | None
    weight_kg: float | None
    weighed_on: str
    concentration_mg_ml: float | None
    volume_ml: float | None
    lot: str
    expiry: str
    site: str
    given_by: str
    witness: str
    waste_mg: float
    waste_witness: str
    confirmed: bool
    exception: str


class DoseCorrected(msgspec.Struct, frozen=True, tag="dose-corrected"):
    """A field of a dose record was wrong; the first record stays, and so does the clock. Values as text."""

    at_us: int
    dose_at_us: int
    field: str
    before: str
    after: str
    reason: str


class InfusionChanged(msgspec.Struct, frozen=True, tag="infusion-changed"):
    """An infusion `what`: started, rate, paused, resumed, stopped. `dose_at_us` names its dose.

    `rate_mg_min` is what is set; it flows after started, rate and resumed. `given_mg`: computed up to now, or read from
    the pump where `read` is true.
    """

    at_us: int
    dose_at_us: int
    what: str
    rate_mg_min: float
    planned_mg: float
    given_mg: float
    read: bool
    text: str


class SedationScored(msgspec.Struct, frozen=True, tag="sedation-scored"):
    """A sedation score. `watch`: this score and below asks for another look; `deep`: this and below for help.

    `variant` tells published variants of a scale apart; `how`: whispered name, loud name, touch.
    """

    at_us: int
    scale: str
    variant: str
    score: int
    watch: int
    deep: int
    recheck_min: float
    how: str


class OrientationAsked(msgspec.Struct, frozen=True, tag="orientation-asked"):
    """Whether the patient knows who, where and when."""

    at_us: int
    person: bool
    place: bool
    time: bool

    @property
    def oriented(self) -> bool:
        """True when all three are known."""
        return self.person and self.place and self.time


class SideEffectGraded(msgspec.Struct, frozen=True, tag="side-effect-graded"):
    """A side effect since `at_us` has `grade` 0 none to 4 emergency; onset, peak and end follow from the series."""

    at_us: int
    effect: str
    label: str
    grade: int
    action: str
    outcome: str
    text: str


class VitalsEntered(msgspec.Struct, frozen=True, tag="vitals-entered"):
    """Vitals taken by hand at `at_us`: mmHg, 1/min, %; None: not taken. `how`: counted, other monitor, stethoscope."""

    at_us: int
    sys_mmhg: float | None
    dia_mmhg: float | None
    pulse_rate: float | None
    resp_rate: float | None
    spo2: float | None
    how: str


class RecoveryScored(msgspec.Struct, frozen=True, tag="recovery-scored"):
    """A recovery score by items; None where an item does not apply, and then there is no `total`."""

    at_us: int
    scale: str
    label: str
    items: dict[str, int | None]
    total: int | None
    pass_at: int


class BaselineReturn(msgspec.Struct, frozen=True, tag="baseline-return"):
    """Blood pressure is `back` to what it was before the dose, or no more; the readings in words."""

    at_us: int
    back: bool
    text: str


class PromptDue(msgspec.Struct, frozen=True, tag="prompt-due"):
    """A person is asked for something: sedation, resp-rate, infusion-end. Never an alarm."""

    at_us: int
    prompt: str
    label: str
    why: str


class PromptDismissed(msgspec.Struct, frozen=True, tag="prompt-dismissed"):
    """A person put a prompt away without an answer."""

    at_us: int
    prompt: str
    reason: str


class ScheduleSet(msgspec.Struct, frozen=True, tag="schedule-set"):
    """The cuff readings after a dose at `from_us`: minutes after it, then every so many minutes (0: no more).

    `mandatory_min` may not be skipped without a reason; `soft_min` is how far a reading may move to a music boundary;
    `apart_s` and `attempts` bind a schedule that was armed.
    """

    at_us: int
    from_us: int
    route: str
    minutes: tuple[float, ...]
    then_every_min: float
    mandatory_min: tuple[float, ...]
    soft_min: float
    apart_s: float
    attempts: int
    prompts: dict[str, str]


class ScheduleArmed(msgspec.Struct, frozen=True, tag="schedule-armed"):
    """A person armed the schedule: it may start the cuff by itself from now on. Also after a cuff was stopped."""

    at_us: int
    person: str


class ScheduleDisarmed(msgspec.Struct, frozen=True, tag="schedule-disarmed"):
    """The schedule only reminds. `why`: by a person, restart, discharged."""

    at_us: int
    why: str


class ReadingMoved(msgspec.Struct, frozen=True, tag="reading-moved"):
    """A cuff reading was moved within its soft window, by a person or to a boundary of the music."""

    at_us: int
    slot: str
    due_us: int
    to_us: int
    why: str


class ReadingSkipped(msgspec.Struct, frozen=True, tag="reading-skipped"):
    """A person skipped a cuff reading, or gave the reason why a mandatory one is missing; it is overdue no more."""

    at_us: int
    slot: str
    due_us: int
    mandatory: bool
    reason: str


class CuffBySchedule(msgspec.Struct, frozen=True, tag="cuff-by-schedule"):
    """The armed schedule asks for a cuff reading now. `attempt` counts from 1 for one reading."""

    at_us: int
    slot: str
    why: str
    attempt: int


class Discharged(msgspec.Struct, frozen=True, tag="discharged"):
    """The patient left. `items`: each item of the discharge with what was found, or the reason why it was passed over.

    `escort`: who took the patient home, as seen.
    """

    at_us: int
    person: str
    role: str
    verified: bool
    escort: str
    items: tuple[tuple[str, str], ...]


ClinicalBody = (
    VisitOpened
    | RoutePlanned
    | RoleTaken
    | RoleLeft
    | StationLocked
    | StationUnlocked
    | SignedOff
    | ItemTicked
    | ConsentRecorded
    | ConsentWithdrawn
    | ScreeningAnswered
    | ScreeningCleared
    | TestConfirmed
    | LimitsConfirmed
    | GateOverridden
    | WeightRecorded
    | AllergiesRecorded
    | ContactRecorded
    | IntentionSet
    | BaselineSet
    | DoseRecorded
    | DoseCorrected
    | InfusionChanged
    | SedationScored
    | OrientationAsked
    | SideEffectGraded
    | VitalsEntered
    | RecoveryScored
    | BaselineReturn
    | PromptDue
    | PromptDismissed
    | ScheduleSet
    | ScheduleArmed
    | ScheduleDisarmed
    | ReadingMoved
    | ReadingSkipped
    | CuffBySchedule
    | Discharged
)
"""Every kind of body that the clinical core and the schedule give out (beside dose-given, phase-entered, mark-set)."""
