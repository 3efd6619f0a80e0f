"""The alarm system's status at any moment of a recording, as its screens had it; no Qt."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.events import AlarmBody
from kapconsole.alarms.limits import Preset
from kapconsole.alarms.status import AlarmStatus
from kapconsole.events import Event, PacketsCounted


class AlarmsAt:
    """Follows the alarm events of a recording; an engine is made anew only when other events count."""

    def __init__(self, events: Sequence[Event], preset: Preset | None = None) -> None:
        """`preset`: what a log that names none began with."""
        # The counts of packets are every second event of a long session and say nothing to alarms.
        self._events = [event for event in events if not isinstance(event.body, PacketsCounted)]
        self._times = [event.mono_us for event in self._events]
        self._preset = preset or Preset()
        self._engine: tuple[int, AlarmEngine] | None = None
        self.logged = any(isinstance(event.body, AlarmBody) for event in events)
        """False for a session from before alarms were logged: then there is no status at any time."""

    def status(self, at_us: int) -> AlarmStatus | None:
        """The status at `at_us`, None where the log has no alarms."""
        if not self.logged:
            return None
        count = bisect_right(self._times, at_us)
        if self._engine is None or self._engine[0] != count:
            self._engine = count, AlarmEngine.resume(self._preset, self._events[:count])
        return self._engine[1].status(at_us)
