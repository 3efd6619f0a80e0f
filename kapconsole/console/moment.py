"""What every view draws: one moment of a session, live or replayed."""

from __future__ import annotations

from typing import NamedTuple

from kapconsole.session.state import State
from kapconsole.session.timeline import Timeline


class Moment(NamedTuple):
    """State and recording at `now_us` (session microseconds). `utc_origin_us` turns session time into the clock face.

    `linked` is False while the console has no contact with the monitor; `replay` is True in the supervisor's window.
    """

    state: State
    timeline: Timeline
    now_us: int
    utc_origin_us: int
    linked: bool = True
    replay: bool = False
