"""What a person may ask of the alarm system; refused in words where a rule forbids it."""

from __future__ import annotations

import msgspec

from kapconsole.refusals import Refused

RED_FLAGS = (
    "chest pain",
    "breathlessness",
    "severe headache",
    "visual loss",
    "weakness or speech trouble",
    "seizure",
    "collapse",
)
"""Symptoms that make a blood pressure in the act band critical."""


class NotAllowed(Refused):
    """A wish of the alarm system cannot be granted."""


class Acknowledge(msgspec.Struct, frozen=True, tag="alarm-acknowledge"):
    """Take notice of these occurrences; none named: of all that are active now."""

    occurrences: tuple[int, ...] = ()


class PauseAudio(msgspec.Struct, frozen=True, tag="audio-pause"):
    """AUDIO PAUSED for `seconds`; None: as long as the site allows."""

    seconds: float | None = None


class ResumeAudio(msgspec.Struct, frozen=True, tag="audio-resume"):
    """End AUDIO PAUSED now."""


class PauseAlarm(msgspec.Struct, frozen=True, tag="alarm-pause"):
    """ALARM PAUSED for one parameter (spo2, pulse_rate, resp_rate, nibp) for `seconds`, with a reason."""

    parameter: str
    reason: str
    seconds: float | None = None


class ResumeAlarm(msgspec.Struct, frozen=True, tag="alarm-resume"):
    """End ALARM PAUSED of one parameter now."""

    parameter: str


class ChangeLimits(msgspec.Struct, frozen=True, tag="limits-change"):
    """Confirm other limits for this session, by name ("spo2.low"). Beyond the guard range: prescriber and reason."""

    changes: dict[str, float]
    role: str
    reason: str = ""


class CallForHelp(msgspec.Struct, frozen=True, tag="help-call"):
    """A person in the room needs somebody."""

    text: str = ""


class NoteSymptom(msgspec.Struct, frozen=True, tag="symptom-note"):
    """Tick a red-flag symptom (`RED_FLAGS`), or take it back."""

    symptom: str
    present: bool = True


class NoteLimbs(msgspec.Struct, frozen=True, tag="limbs-note"):
    """Say whether cuff and oximeter are on the same limb."""

    same: bool


class AskSelfTest(msgspec.Struct, frozen=True, tag="self-test-ask"):
    """Play the test pattern on the alarm speaker."""


class ConfirmSelfTest(msgspec.Struct, frozen=True, tag="self-test-confirm"):
    """Say whether the test pattern was heard where the alarm speaker stands, and the lights on the screen seen."""

    heard: bool
    seen: bool
    role: str = "nurse"


class ListenLease(msgspec.Struct, frozen=True, tag="listen-lease"):
    """ "I am listening" for the room, at the station from which this comes; or (`on` False) no more."""

    on: bool = True


class AcceptAlarm(msgspec.Struct, frozen=True, tag="alarm-accept"):
    """Take responsibility for one occurrence, at the station from which this comes."""

    occurrence: int


class RejectAlarm(msgspec.Struct, frozen=True, tag="alarm-reject"):
    """Do not take responsibility for one occurrence: the next station is asked."""

    occurrence: int


ROLES = ("therapist", "nurse", "prescriber", "technician")
"""Who may stand behind a wish. Which of them may do what is said where it is refused."""


AlarmWish = (
    Acknowledge
    | PauseAudio
    | ResumeAudio
    | PauseAlarm
    | ResumeAlarm
    | ChangeLimits
    | CallForHelp
    | NoteSymptom
    | NoteLimbs
    | AskSelfTest
    | ConfirmSelfTest
)

QuietWish = ListenLease | AcceptAlarm | RejectAlarm
"""What another station may ask of the quiet room."""
