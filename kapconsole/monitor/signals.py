"""From the alarm engine to eyes and ears: what the annunciator is to sound, and the status that the screens show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

from kapconsole.alarms import events as al
from kapconsole.alarms.quiet import QuietRoom
from kapconsole.alarms.status import AlarmStatus
from kapconsole.session.runner import Runner
from kapconsole.wire import AlarmsNow, Message, SelfTest, Sound

EVERY_S = 0.25
"""The screens hear of the alarm system this often: its silence is noticed, and ages and countdowns go on."""

SOUND_EVERY_S = 1.0
"""What is to be heard is said again this often, for an annunciator that has been restarted."""


class Signals:
    """Sends what follows from the runner's alarm engine; asked on every change and several times a second."""

    def __init__(
        self,
        runner: Runner,
        now_us: Callable[[], int],
        send: Callable[[str, Message], None],
        self_test: Callable[[], str] = lambda: "",
    ) -> None:
        """`send` takes the role of those for whom a message is; `self_test` says why one should be confirmed."""
        self._runner = runner
        self._now_us = now_us
        self._send = send
        self._self_test = self_test
        self._sound = Sound("none")
        self._due_s = self._sound_due_s = 0.0

    def told(self, bodies: Iterable[object]) -> None:
        """These bodies have just been recorded."""
        alarms = [body for body in bodies if isinstance(body, al.AlarmBody | al.QuietBody)]
        if not alarms:
            return
        quiet = self._runner.quiet
        for body in alarms:
            match body:
                case al.AlarmBegan(state=al.OccurrenceState.PAUSED, priority=al.Priority.MEDIUM, occurrence=number):
                    if not quiet.silent(number):
                        self._send("annunciator", _once(body))
                case al.AlarmChanged(what="reminder", occurrence=number):
                    if not quiet.silent(number) or body.priority is al.Priority.HIGH:
                        self._send("annunciator", _once(body))
                case al.SelfTestAsked():
                    self._send("annunciator", SelfTest())
                case _:
                    pass
        self._update(cut=any(isinstance(body, al.AudioPaused | al.RoomSpeakerHeld) for body in alarms))

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
        now_us = self._now_us()
        quiet = self._runner.quiet
        status = engine.status(now_us)
        sound = wanted(status, quiet, cut)
        if again or cut or sound != self._sound:
            self._send("annunciator", sound)
            self._sound = wanted(status, quiet)
        words, asked = quiet.text(now_us), quiet.asked(status.alarms)
        self._send("console", AlarmsNow(status, words, quiet.listening(), asked, self._self_test()))


def wanted(status: AlarmStatus, quiet: QuietRoom, cut: bool = False) -> Sound:
    """What is to be heard of a status: the highest priority that sounds in the room, for all its occurrences."""
    sounding = [alarm for alarm in status.alarms if alarm.sounding and not quiet.silent(alarm.occurrence)]
    if not sounding:
        return Sound("none", cut=cut)
    burst = max((alarm.priority for alarm in sounding), key=lambda priority: priority.rank)
    numbers = tuple(alarm.occurrence for alarm in sounding if alarm.priority is burst)
    return Sound(_level(burst), numbers, cut=cut, louder_db=status.louder_db)


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
