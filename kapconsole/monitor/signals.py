"""From the alarm engine to eyes and ears: what the annunciator is to sound, and the status that the screens show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from kapconsole.alarms import events as al
from kapconsole.alarms.bursts import MAX_LOUDER_DB
from kapconsole.alarms.status import AlarmStatus
from kapconsole.session.runner import Runner
from kapconsole.wire import AlarmsNow, Message, Sound

EVERY_S = 0.25
"""The screens hear of the alarm system this often: its silence is noticed, and ages and countdowns go on."""

SOUND_EVERY_S = 1.0
"""What is to be heard is said again this often, for an annunciator that has been restarted."""


class Signals:
    """Sends what follows from the runner's alarm engine; asked on every change and several times a second."""

    def __init__(self, runner: Runner, now_us: Callable[[], int], send: Callable[[str, Message], None]) -> None:
        """`send` takes the role of those for whom a message is."""
        self._runner = runner
        self._now_us = now_us
        self._send = send
        self._sound = Sound("none")
        self._due_s = self._sound_due_s = 0.0

    def told(self, bodies: Iterable[object]) -> None:
        """These bodies have just been recorded."""
        alarms = [body for body in bodies if isinstance(body, al.AlarmBody)]
        if not alarms:
            return
        for body in alarms:
            match body:
                case al.AlarmBegan(state=al.OccurrenceState.PAUSED, priority=al.Priority.MEDIUM):
                    self._send("annunciator", _once(body))
                case al.AlarmChanged(what="reminder"):
                    self._send("annunciator", _once(body))
                case _:
                    pass
        self._update(cut=any(isinstance(body, al.AudioPaused) for body in alarms))

    def renew(self) -> None:
        """Somebody new listens."""
        self._due_s = self._sound_due_s = 0.0

    def on_time(self, now_s: float) -> None:
        """Say again what is due. `now_s`: monotonic seconds."""
        if now_s >= self._due_s:
            self._due_s = now_s + EVERY_S
            again = now_s >= self._sound_due_s
            if again:
                self._sound_due_s = now_s + SOUND_EVERY_S
            self._update(again=again)

    def _update(self, cut: bool = False, again: bool = False) -> None:
        engine = self._runner.alarms
        if engine is None:
            return
        status = engine.status(self._now_us())
        sound = wanted(status, cut)
        if again or cut or sound != self._sound:
            self._send("annunciator", sound)
            self._sound = wanted(status)
        self._send("console", AlarmsNow(status))


def wanted(status: AlarmStatus, cut: bool = False) -> Sound:
    """What is to be heard of a status: the highest priority that sounds, for all its occurrences."""
    if status.burst is None:
        return Sound("none", cut=cut)
    numbers = tuple(alarm.occurrence for alarm in status.alarms if alarm.sounding and alarm.priority is status.burst)
    return Sound(_level(status.burst), numbers, cut=cut, louder_db=min(status.louder_db, MAX_LOUDER_DB))


def _once(body: al.AlarmBegan | al.AlarmChanged) -> Sound:
    return Sound(_level(body.priority), (body.occurrence,), once=True)


def _level(priority: al.Priority) -> Literal["low", "medium", "high"]:
    match priority:
        case al.Priority.HIGH:
            return "high"
        case al.Priority.MEDIUM:
            return "medium"
        case _:
            return "low"
