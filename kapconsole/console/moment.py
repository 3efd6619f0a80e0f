"""What every view draws: one moment of a session, live or replayed."""

from __future__ import annotations

from typing import NamedTuple

from kapconsole.alarms.status import AlarmStatus
from kapconsole.session.state import State
from kapconsole.session.timeline import Timeline


class Moment(NamedTuple):
    """State and recording at `now_us` (session microseconds). `utc_origin_us` turns session time into the clock face.

    `linked` is False while the console has no contact with the monitor; `replay` is True in the supervisor's window.
    `alarms`: the alarm system's status, None before it was heard from; `alarms_age_s`: how old that is (0 in replay).
    `quiet`: why the room's speaker is silent, in words; empty while it may sound.
    """

    state: State
    timeline: Timeline
    now_us: int
    utc_origin_us: int
    linked: bool = True
    replay: bool = False
    alarms: AlarmStatus | None = None
    alarms_age_s: float = 0.0
    quiet: str = ""
