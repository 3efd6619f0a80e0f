"""The state machine of one occurrence, as a table: from which state, given what, to which state, and what is logged.

One row for each row of the specification's table, and a few of our own (marked `own`) for what that leaves open. The
engine looks up rows and does what `says` says; it has no other way to change a state.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kapconsole.alarms.events import OccurrenceState as S
from kapconsole.alarms.events import Priority


class Given(StrEnum):
    """What can happen to an occurrence."""

    TRUE = "condition true"
    FALSE = "condition false"
    DELAY_OVER = "delay over"
    IMMEDIATE = "immediate rule met"
    ACKNOWLEDGE = "a person acknowledges"
    PAUSE = "audio or alarm pause"
    PAUSE_OVER = "pause over"
    ESCALATE = "escalation timer over"
    WORSEN = "higher priority"
    REMIND = "reminder time reached"
    RESTART = "recorder restarted"
    CLOSE = "session closed"


class When(StrEnum):
    """What must hold besides; ANYWAY: nothing."""

    ANYWAY = ""
    DELAY = "has a delay"
    NO_DELAY = "has no delay"
    LATCHING = "latching"
    NOT_LATCHING = "not latching"
    PARAMETER_PAUSED = "its parameter is alarm-paused"
    PAUSED_LOW = "LOW, audio paused"
    PAUSED_MEDIUM = "MEDIUM, audio paused"


class Row(msgspec.Struct, frozen=True):
    """One row. `burst`: it sounds one burst although its lasting state is `to`. `says`: what is logged, "" nothing."""

    at: S
    given: Given
    when: When
    to: S
    says: str
    burst: bool = False
    own: bool = False


def _beginnings(at: S, given: Given, when: When) -> list[Row]:
    # How an occurrence begins under pauses (5.4): HIGH sounds, MEDIUM sounds one burst, LOW is visual only.
    return [
        Row(at, given, When.PARAMETER_PAUSED, S.PAUSED, "began", own=True),
        Row(at, given, When.PAUSED_LOW, S.PAUSED, "began"),
        Row(at, given, When.PAUSED_MEDIUM, S.PAUSED, "began", burst=True),
        Row(at, given, when, S.ACTIVE, "began"),
    ]


TABLE: tuple[Row, ...] = (
    Row(S.IDLE, Given.TRUE, When.DELAY, S.PENDING, ""),
    *_beginnings(S.IDLE, Given.TRUE, When.NO_DELAY),
    Row(S.PENDING, Given.FALSE, When.ANYWAY, S.IDLE, "suppressed"),
    *_beginnings(S.PENDING, Given.DELAY_OVER, When.ANYWAY),
    *_beginnings(S.PENDING, Given.IMMEDIATE, When.ANYWAY),
    Row(S.ACTIVE, Given.ACKNOWLEDGE, When.ANYWAY, S.ACKED, "acknowledged"),
    Row(S.ACTIVE, Given.PAUSE, When.ANYWAY, S.PAUSED, "paused"),
    Row(S.ACTIVE, Given.FALSE, When.LATCHING, S.LATCHED, "latched"),
    Row(S.ACTIVE, Given.FALSE, When.NOT_LATCHING, S.ENDED, "ended"),
    Row(S.ACTIVE, Given.ESCALATE, When.ANYWAY, S.ACTIVE, "escalated"),
    Row(S.ACTIVE, Given.WORSEN, When.ANYWAY, S.ACTIVE, "worsened", own=True),
    Row(S.PAUSED, Given.PAUSE_OVER, When.ANYWAY, S.ACTIVE, "sounds-again"),
    Row(S.PAUSED, Given.FALSE, When.LATCHING, S.LATCHED, "latched"),
    Row(S.PAUSED, Given.FALSE, When.NOT_LATCHING, S.ENDED, "ended"),
    Row(S.PAUSED, Given.WORSEN, When.ANYWAY, S.ACTIVE, "worsened"),
    Row(S.PAUSED, Given.ACKNOWLEDGE, When.ANYWAY, S.ACKED, "acknowledged", own=True),
    Row(S.PAUSED, Given.REMIND, When.ANYWAY, S.PAUSED, "reminder", burst=True, own=True),
    Row(S.ACKED, Given.WORSEN, When.ANYWAY, S.ACTIVE, "worsened"),
    Row(S.ACKED, Given.REMIND, When.ANYWAY, S.ACKED, "reminder", burst=True),
    Row(S.ACKED, Given.FALSE, When.ANYWAY, S.ENDED, "ended"),
    Row(S.LATCHED, Given.ACKNOWLEDGE, When.ANYWAY, S.ENDED, "cleared"),
    Row(S.LATCHED, Given.TRUE, When.ANYWAY, S.ACTIVE, "recurred"),
    Row(S.PENDING, Given.RESTART, When.ANYWAY, S.IDLE, "", own=True),
    Row(S.PAUSED, Given.RESTART, When.ANYWAY, S.ACTIVE, "sounds-again", own=True),
    Row(S.ACKED, Given.RESTART, When.ANYWAY, S.ACTIVE, "sounds-again", own=True),
    Row(S.PENDING, Given.CLOSE, When.ANYWAY, S.IDLE, ""),
    *(Row(at, Given.CLOSE, When.ANYWAY, S.ENDED, "closed") for at in (S.ACTIVE, S.PAUSED, S.ACKED, S.LATCHED)),
)


def step(at: S, given: Given, facts: frozenset[When] = frozenset()) -> Row | None:
    """The row that applies, or None: nothing happens."""
    for row in _ROWS.get((at, given), ()):
        if row.when is When.ANYWAY or row.when in facts:
            return row
    return None


_ROWS: dict[tuple[S, Given], list[Row]] = {}
for _row in TABLE:
    _ROWS.setdefault((_row.at, _row.given), []).append(_row)


class Occurrence(msgspec.Struct, frozen=True):
    """One unbroken true period of one condition. `number` is 0 while it is PENDING. Times in session microseconds.

    `active_us`: since when it has been ACTIVE in its present priority, for escalation. `burst_until_us`: it sounds
    until then although its state says otherwise. `hushed`: a pause silences it although it is LATCHED. `quiet_us`:
    since when it has not sounded one whole burst. `reminded_us`: acknowledged or reminded last. `told`: text, value and
    limit as they were logged last, which is all that is left after a restart.
    """

    number: int
    condition: str
    about: str
    state: S
    priority: Priority
    true_us: int
    since_us: int
    value: float | None
    limit: float | None
    text: str
    worst: float | None = None
    unknown: bool = False
    active_us: int = 0
    burst_until_us: int | None = None
    hushed: bool = False
    quiet_us: int | None = None
    loud_us: int | None = None
    reminded_us: int | None = None
    told: tuple[str, float | None, float | None] | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Condition and what it is about: at most one occurrence of a key at a time."""
        return self.condition, self.about

    @property
    def sounds(self) -> bool:
        """True while it asks for its burst. A latched MEDIUM would be a message only; a latched HIGH sounds on."""
        if self.burst_until_us is not None or self.state is S.ACTIVE:
            return True
        return self.state is S.LATCHED and self.priority is Priority.HIGH and not self.hushed


def worse(value: float | None, worst: float | None, limit: float | None) -> float | None:
    """Whichever lies further beyond the limit."""
    if value is None or worst is None or limit is None:
        return value if worst is None else worst
    return value if abs(value - limit) > abs(worst - limit) else worst
