"""What the alarm engine writes into the session log: frozen bodies, free of imports from the rest of kapconsole.

`at_us` is session time in microseconds at which the thing happened by the engine's own timers; the event's `mono_us`,
when it was numbered, is a little later. With `at_us` the same session gives the same bodies however often it ticked.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Priority(StrEnum):
    """How urgent an alarm condition is (IEC 60601-1-8, table 1)."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def rank(self) -> int:
        """1 for LOW to 3 for HIGH."""
        return _RANK[self]


_RANK = {Priority.LOW: 1, Priority.MEDIUM: 2, Priority.HIGH: 3}


class OccurrenceState(StrEnum):
    """Where one occurrence of a condition stands."""

    IDLE = "idle"
    PENDING = "pending"
    ACTIVE = "active"
    PAUSED = "paused"
    ACKED = "acknowledged"
    LATCHED = "latched"
    ENDED = "ended"


class AlarmBegan(msgspec.Struct, frozen=True, tag="alarm-began"):
    """Onset. `true_us`: when the condition became true; `at_us`: when its signal began. `value` in the metric's unit.

    `occurrence` counts from 1 within the session; `about` is the source number of a device where the condition is
    one of a device, else empty. `state` is the one that lasts: a MEDIUM that sounds one burst in a pause is "paused".
    """

    occurrence: int
    condition: str
    about: str
    priority: Priority
    state: OccurrenceState
    text: str
    value: float | None
    limit: float | None
    true_us: int
    at_us: int


class AlarmChanged(msgspec.Struct, frozen=True, tag="alarm-changed"):
    """An occurrence goes on otherwise.

    `what`: escalated, worsened, paused, sounds-again, latched, recurred, reminder, unknown, known.
    """

    occurrence: int
    condition: str
    about: str
    what: str
    priority: Priority
    state: OccurrenceState
    text: str
    value: float | None
    limit: float | None
    at_us: int


class AlarmAcknowledged(msgspec.Struct, frozen=True, tag="alarm-acknowledged"):
    """A person has taken notice of one occurrence; who and where is the event's actor."""

    occurrence: int
    condition: str
    about: str
    at_us: int


class AlarmEnded(msgspec.Struct, frozen=True, tag="alarm-ended"):
    """The end of an occurrence. `how`: ended (condition gone), cleared (a person cleared a latched one), closed.

    `worst`: the value furthest beyond the limit while it lasted.
    """

    occurrence: int
    condition: str
    about: str
    how: str
    priority: Priority
    worst: float | None
    limit: float | None
    lasted_s: float
    at_us: int


class AlarmSuppressed(msgspec.Struct, frozen=True, tag="alarm-suppressed"):
    """A condition was true and went before its signal: no alarm. `why`: delay, or cuff (on the oximeter's limb)."""

    condition: str
    about: str
    why: str
    value: float | None
    limit: float | None
    true_us: int
    at_us: int


class AudioPaused(msgspec.Struct, frozen=True, tag="audio-paused"):
    """AUDIO PAUSED by a person, up to `until_us` at most."""

    at_us: int
    until_us: int


class AudioPauseEnded(msgspec.Struct, frozen=True, tag="audio-pause-ended"):
    """The end of AUDIO PAUSED. `why`: time over, by a person, restart, closed."""

    at_us: int
    why: str


class AlarmPaused(msgspec.Struct, frozen=True, tag="alarm-paused"):
    """ALARM PAUSED for one parameter (spo2, pulse_rate, resp_rate, nibp), with a person's reason."""

    parameter: str
    reason: str
    at_us: int
    until_us: int


class AlarmPauseEnded(msgspec.Struct, frozen=True, tag="alarm-pause-ended"):
    """The end of ALARM PAUSED for one parameter. `why`: time over, by a person, restart, closed."""

    parameter: str
    at_us: int
    why: str


class PresetLoaded(msgspec.Struct, frozen=True, tag="preset-loaded"):
    """The alarm settings in force from now on, whole: `settings` by name ("spo2.low"), `guard` their ranges."""

    name: str
    version: int
    stored_by: str
    stored_at: str
    settings: dict[str, float | bool]
    guard: dict[str, tuple[float, float]]
    at_us: int


class LimitsChanged(msgspec.Struct, frozen=True, tag="limits-changed"):
    """A person changed limits of this session: `changes` is (name, before, after), `beyond_guard` those names outside.

    The stored preset is not changed.
    """

    changes: tuple[tuple[str, float, float], ...]
    role: str
    reason: str
    beyond_guard: tuple[str, ...]
    at_us: int


class ReadingDue(msgspec.Struct, frozen=True, tag="reading-due"):
    """A cuff reading is expected at `due_us`: by the schedule, or as a recheck (any newer reading answers that)."""

    due_us: int
    why: str
    recheck: bool
    at_us: int


class HelpCalled(msgspec.Struct, frozen=True, tag="help-called"):
    """A person in the room called for help."""

    at_us: int
    text: str


class SymptomNoted(msgspec.Struct, frozen=True, tag="symptom-noted"):
    """A red-flag symptom was ticked or taken back."""

    at_us: int
    symptom: str
    present: bool


class LimbsNoted(msgspec.Struct, frozen=True, tag="limbs-noted"):
    """Whether cuff and oximeter are on the same limb."""

    at_us: int
    same: bool


class SelfTestAsked(msgspec.Struct, frozen=True, tag="self-test-asked"):
    """A person asked for the alarm sound's self-test; its result is a signal-sounded event."""

    at_us: int


class SelfTestConfirmed(msgspec.Struct, frozen=True, tag="self-test-confirmed"):
    """What a person, as `role`, says of the self-test: tone `heard`, lights `seen`. `output`: where it was played."""

    heard: bool
    seen: bool
    output: str
    role: str
    at_us: int


class LeaseTaken(msgspec.Struct, frozen=True, tag="lease-taken"):
    """A person at `station` listens for the room, up to `until_us` at most; until then it must be renewed."""

    station: str
    at_us: int
    until_us: int


class LeaseEnded(msgspec.Struct, frozen=True, tag="lease-ended"):
    """Nobody listens at `station` any more. `why`: by a person, time over, not renewed, station left."""

    station: str
    why: str
    at_us: int


class AlarmAccepted(msgspec.Struct, frozen=True, tag="alarm-accepted"):
    """A person at `station` takes responsibility for one occurrence."""

    occurrence: int
    station: str
    at_us: int


class AlarmRejected(msgspec.Struct, frozen=True, tag="alarm-rejected"):
    """A person at `station` does not take responsibility; `next_station` is asked (empty: none is left)."""

    occurrence: int
    station: str
    next_station: str
    at_us: int


class RoomSpeakerHeld(msgspec.Struct, frozen=True, tag="room-speaker-held"):
    """The room's speaker is held silent from now on, because somebody listens at `stations` (in order of asking)."""

    stations: tuple[str, ...]
    at_us: int


class RoomSpeakerReleased(msgspec.Struct, frozen=True, tag="room-speaker-released"):
    """The room's speaker may sound again: for one `occurrence`, or (0) for all.

    `why`: no station listens, phase, not accepted, rejected, accepted too long ago, reminder.
    """

    occurrence: int
    why: str
    at_us: int


AlarmBody = (
    AlarmBegan
    | AlarmChanged
    | AlarmAcknowledged
    | AlarmEnded
    | AlarmSuppressed
    | AudioPaused
    | AudioPauseEnded
    | AlarmPaused
    | AlarmPauseEnded
    | PresetLoaded
    | LimitsChanged
    | ReadingDue
    | HelpCalled
    | SymptomNoted
    | LimbsNoted
    | SelfTestAsked
    | SelfTestConfirmed
)
"""Every kind of body that the engine gives out."""

QuietBody = LeaseTaken | LeaseEnded | AlarmAccepted | AlarmRejected | RoomSpeakerHeld | RoomSpeakerReleased
"""Every kind of body of the quiet room."""
