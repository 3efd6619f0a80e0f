"""What the screens and the annunciator need of the alarm system at one moment, as frozen data."""

from __future__ import annotations

import msgspec

from kapconsole.alarms.conditions import Kind
from kapconsole.alarms.events import OccurrenceState, Priority


class ShownAlarm(msgspec.Struct, frozen=True):
    """One occurrence. `text` has deviation and limit ("SpO2 88 < 92"); `mark` stands before it: ***, **, *, !!!, !!, !.

    `unknown`: data ended, the condition may have changed. `value`, `worst` and `limit` in the metric's unit. Times in
    session microseconds; `reminder_s`: seconds until an acknowledged one sounds again.
    """

    occurrence: int
    condition: str
    about: str
    kind: Kind
    priority: Priority
    state: OccurrenceState
    mark: str
    text: str
    value: float | None
    limit: float | None
    worst: float | None
    unknown: bool
    since_us: int
    sounding: bool
    reminder_s: float | None


class ParameterStatus(msgspec.Struct, frozen=True):
    """Bell and triangle of one parameter (spo2, pulse_rate, resp_rate, nibp), and its limits.

    `priority`: the highest of its alarms that are shown. `audio_paused_s`: the bell with a dashed cross, with seconds
    left. `alarm_paused_s`: the triangle with a dashed cross, likewise, with the person's `reason`. `low` and `high`:
    limits in force (nibp: systolic), None where there is none.
    """

    parameter: str
    priority: Priority | None
    low: float | None
    high: float | None
    audio_paused_s: float | None
    alarm_paused_s: float | None
    reason: str


class AlarmStatus(msgspec.Struct, frozen=True, tag="alarm-status"):
    """Everything at one moment. `alarms`: highest priority first, within one the newest first.

    `burst`: what is to sound now, repeated; `louder_db`: how far above the site's level. `audio_paused_s`: seconds
    left of AUDIO PAUSED. `notes`: what ended in the last 30 s, as plain text. `settings`: every setting in force by
    name; `changed`: those that differ from the preset. `baseline`: (systolic, diastolic, readings) before the dose.
    `reading_due_us`: the next cuff reading that is due. `held_s`: how long a cuff on the oximeter's limb still holds
    SpO2's alarms back.
    """

    at_us: int
    alarms: tuple[ShownAlarm, ...]
    burst: Priority | None
    louder_db: float
    audio_paused_s: float | None
    parameters: tuple[ParameterStatus, ...]
    notes: tuple[str, ...]
    preset: str
    settings: dict[str, float | bool]
    changed: tuple[str, ...]
    warnings: tuple[str, ...]
    baseline: tuple[float, float, int] | None
    reading_due_us: int | None
    held_s: float
