"""All occurrences of a session: verdicts, people and time moved through the table of states, each step logged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from kapconsole.alarms import events as al
from kapconsole.alarms.conditions import BURST_S, CONDITIONS, SECOND_US, Condition
from kapconsole.alarms.events import OccurrenceState as S
from kapconsole.alarms.events import Priority
from kapconsole.alarms.limits import HARD_AUDIO_PAUSE_S, Timing
from kapconsole.alarms.occurrence import Given, Occurrence, Row, When, step, worse
from kapconsole.alarms.pauses import Pauses
from kapconsole.alarms.verdict import Truth, Verdict
from kapconsole.alarms.wishes import NotAllowed

NOTE_US = 30 * SECOND_US
"""What ended is told as plain text for this long."""

SHOWN = (S.ACTIVE, S.PAUSED, S.ACKED, S.LATCHED)
Key = tuple[str, str]


class Waiting(msgspec.Struct, frozen=True):
    """Why a PENDING occurrence does not signal yet: until `ready_us` (None: not by time); `why` for the log."""

    ready_us: int | None
    why: str


class Occurrences:
    """The occurrences by key, and what is to be logged of them (`out`)."""

    def __init__(self, out: list[al.AlarmBody]) -> None:
        self.held: dict[Key, Occurrence] = {}
        self.pauses = Pauses()
        self.notes: deque[tuple[int, str]] = deque(maxlen=20)
        self._out = out
        self._waiting: dict[Key, Waiting] = {}
        self._number = 0

    # -- verdicts -------------------------------------------------------------------------------------------------

    def judge(self, verdict: Verdict, now_us: int, delay_s: float = 0.0, covered: bool = False) -> None:
        """What follows from one verdict. `covered`: another occurrence tells the same event already."""
        held = self.held.get((verdict.condition, verdict.about))
        if verdict.truth is Truth.TRUE:
            self._true(held, verdict, now_us, round(delay_s * SECOND_US), covered)
        elif held is None:
            return
        elif verdict.truth is Truth.UNKNOWN:
            self._unknown(held, now_us)
        elif verdict.settled or held.state is S.PENDING:
            self._move(held, Given.FALSE, now_us, unknown=False)

    def _true(self, held: Occurrence | None, verdict: Verdict, now_us: int, delay_us: int, covered: bool) -> None:
        condition = CONDITIONS[verdict.condition]
        if held is None:
            held = _fresh(condition, verdict)
        elif held.state is not S.PENDING:
            self._goes_on(held, verdict, now_us)
            return
        waiting = _waiting(verdict, now_us, delay_us, covered)
        ready = waiting.ready_us is not None and waiting.ready_us <= now_us
        held = replace(held, value=verdict.value, limit=verdict.limit, text=verdict.text,
                       priority=_at_least(verdict.priority, condition.priority),
                       worst=worse(verdict.value, held.worst, verdict.limit))  # fmt: skip
        if held.state is S.IDLE:
            moved = self._move(held, Given.TRUE, now_us, When.NO_DELAY if ready else When.DELAY)
        elif ready:
            given = Given.IMMEDIATE if verdict.immediate else Given.DELAY_OVER
            moved = self._move(held, given, now_us)
        else:
            moved = held
            self.held[held.key] = held
        if moved.state is S.PENDING:
            self._waiting[held.key] = waiting

    def _goes_on(self, held: Occurrence, verdict: Verdict, now_us: int) -> None:
        now = replace(held, value=verdict.value, limit=verdict.limit, text=verdict.text,
                      worst=worse(verdict.value, held.worst, verdict.limit))  # fmt: skip
        if held.unknown:
            now = self._log_change(replace(now, unknown=False), "known", now_us)
        self.held[held.key] = now
        if verdict.priority.rank > held.priority.rank:
            self._move(now, Given.WORSEN, now_us, priority=verdict.priority)
        elif held.state is S.LATCHED:
            self._move(now, Given.TRUE, now_us)

    def _unknown(self, held: Occurrence, now_us: int) -> None:
        if held.state is S.PENDING:
            # Missing data is never normal data: what was known last goes on counting.
            waiting = self._waiting[held.key]
            if waiting.ready_us is not None and waiting.ready_us <= now_us:
                self._unknown(self._move(held, Given.DELAY_OVER, now_us), now_us)
        elif not held.unknown and held.state is not S.LATCHED:
            self.held[held.key] = self._log_change(replace(held, unknown=True), "unknown", now_us)

    # -- time -----------------------------------------------------------------------------------------------------

    def timers(self, now_us: int, timing: Timing, dosed: bool) -> None:
        """Whatever is due at `now_us` by time alone; PENDING ones are judged, not timed."""
        for held in list(self.held.values()):
            if held.burst_until_us is not None and held.burst_until_us <= now_us:
                held = self._put(held, replace(held, burst_until_us=None), now_us)
            if _passed(self._escalate_us(held, timing), now_us):
                held = self._move(held, Given.ESCALATE, now_us, priority=Priority.HIGH)
            if _passed(self.remind_us(held, timing, dosed), now_us):
                self._move(held, Given.REMIND, now_us, reminded_us=now_us)

    def next_due_us(self, after_us: int, timing: Timing, dosed: bool) -> int | None:
        """When the next of them is due, after `after_us`."""
        times: list[int | None] = [self.pauses.next_due_us()]
        times += [waiting.ready_us for waiting in self._waiting.values()]
        for held in self.held.values():
            times += [held.burst_until_us, self._escalate_us(held, timing), self.remind_us(held, timing, dosed)]
        return min((time for time in times if time is not None and time > after_us), default=None)

    def remind_us(self, held: Occurrence, timing: Timing, dosed: bool) -> int | None:
        """When a silent occurrence sounds one burst again.

        An acknowledged one after the site's time, unless a pause is in force. A HIGH never stays silent for more than
        120 s while a dose is active, by whatever chain of pauses and acknowledgements.
        """
        if held.state not in (S.ACKED, S.PAUSED) or held.burst_until_us is not None:
            return None
        times = []
        if held.state is S.ACKED and held.reminded_us is not None and not self._covered(held):
            times.append(held.reminded_us + round(timing.reminder_s * SECOND_US))
        if dosed and held.priority is Priority.HIGH and held.quiet_us is not None:
            times.append(held.quiet_us + round(HARD_AUDIO_PAUSE_S * SECOND_US))
        return min(times, default=None)

    def pauses_over(self, now_us: int) -> None:
        """End the pauses whose time is over."""
        left, ended = self.pauses.over(now_us)
        if ended:
            self._out.extend(ended)
            self.set_pauses(left, now_us)

    def set_pauses(self, pauses: Pauses, now_us: int) -> None:
        """Other pauses are in force: silence what they cover, let what they do not cover any more signal again."""
        before, self.pauses = self.pauses, pauses
        for held in list(self.held.values()):
            condition = CONDITIONS[held.condition]
            begins = pauses.covers(condition) and not before.covers(condition)
            begins = begins or (condition.parameter in pauses.alarms and condition.parameter not in before.alarms)
            # What was alarm-paused and is HIGH is new to an audio pause that is in force.
            unveiled = condition.parameter in before.alarms and condition.parameter not in pauses.alarms
            ends = not pauses.covers(condition) or (unveiled and held.priority is Priority.HIGH)
            if begins and held.state is S.LATCHED:
                self._put(held, replace(held, hushed=True), now_us)
            elif begins:
                self._move(held, Given.PAUSE, now_us)
            elif ends:
                held = self._put(held, replace(held, hushed=False), now_us)
                self._move(held, Given.PAUSE_OVER, now_us)

    # -- people and the session -----------------------------------------------------------------------------------

    def acknowledge(self, numbers: tuple[int, ...], now_us: int) -> None:
        """A person takes notice of these occurrences, or of all that are shown. Raises NotAllowed."""
        shown = [held for held in self.held.values() if held.state in SHOWN and not self.veiled(held)]
        wanted = [held for held in shown if held.state is not S.ACKED and (not numbers or held.number in numbers)]
        if not wanted:
            known = any(held.number in numbers for held in shown)
            raise NotAllowed("that alarm is acknowledged already" if known else "there is no alarm to acknowledge")
        for held in wanted:
            self._move(held, Given.ACKNOWLEDGE, now_us, reminded_us=now_us, burst_until_us=None)

    def restart(self, now_us: int) -> None:
        """After a gap: every pause and acknowledgement is cancelled, nothing of the patient is known."""
        self._out.extend(self.pauses.all_ended(now_us, "restart"))
        self.pauses = Pauses()
        for held in list(self.held.values()):
            if held.state is S.PENDING:
                self._move(held, Given.RESTART, now_us)
                continue
            text, value, limit = held.told or (held.text, held.value, held.limit)
            now = replace(held, text=text, value=value, limit=limit, worst=value, hushed=False, burst_until_us=None,
                          active_us=now_us)  # fmt: skip
            held = self._put(held, now, now_us)
            self._move(held, Given.RESTART, now_us)

    def close(self, now_us: int) -> None:
        """The session is closed: everything ends."""
        self._out.extend(self.pauses.all_ended(now_us, "closed"))
        self.pauses = Pauses()
        for held in list(self.held.values()):
            self._move(held, Given.CLOSE, now_us)

    def veiled(self, held: Occurrence) -> bool:
        """True while ALARM PAUSED hides it; what sounds is never hidden."""
        return CONDITIONS[held.condition].parameter in self.pauses.alarms and not held.sounds

    def shown(self) -> Iterator[Occurrence]:
        """What is shown, highest priority first, within one the newest first."""
        shown = [held for held in self.held.values() if held.state in SHOWN and not self.veiled(held)]
        return iter(sorted(shown, key=lambda held: (-held.priority.rank, -held.since_us, -held.number)))

    # -- from the log ---------------------------------------------------------------------------------------------

    def adopt(self, body: object) -> None:
        """Take over what a logged event says, without deciding anything."""
        match body:
            case al.AlarmBegan():
                self._number = max(self._number, body.occurrence)
                self.held[body.condition, body.about] = Occurrence(
                    body.occurrence, body.condition, body.about, body.state, body.priority, body.true_us, body.at_us,
                    body.value, body.limit, body.text, body.value, active_us=body.at_us, quiet_us=body.true_us,
                    loud_us=body.at_us if body.state is S.ACTIVE else None,
                )  # fmt: skip
            case al.AlarmChanged():
                self._adopt(body, lambda held: _after_change(held, body))
            case al.AlarmAcknowledged():
                self._adopt(body, lambda held: replace(held, state=S.ACKED, reminded_us=body.at_us, loud_us=None,
                                                       quiet_us=_quiet_from(held, body.at_us)))  # fmt: skip
            case al.AlarmEnded():
                ended = self.held.pop((body.condition, body.about), None)
                if ended is not None:
                    self.notes.append((body.at_us, ended.text))
            case al.AudioPaused():
                self.pauses = self.pauses.with_audio(body)
            case al.AudioPauseEnded():
                self.pauses = self.pauses.without_audio()
            case al.AlarmPaused():
                self.pauses = self.pauses.with_alarm(body)
            case al.AlarmPauseEnded():
                self.pauses = self.pauses.without(body.parameter)
            case _:
                pass

    def _adopt(self, body: al.AlarmChanged | al.AlarmAcknowledged, change: Callable[[Occurrence], Occurrence]) -> None:
        held = self.held.get((body.condition, body.about))
        if held is not None:
            self.held[held.key] = change(held)

    # -- one step -------------------------------------------------------------------------------------------------

    def _move(self, held: Occurrence, given: Given, now_us: int, *facts: When, **changes: Any) -> Occurrence:
        """One step by the table; `changes` are made only when a row applies. Gives what is held afterwards."""
        condition = CONDITIONS[held.condition]
        # A LOW never latches, whatever its condition does when it is HIGH (vendor practice).
        latches = condition.latching and held.priority is not Priority.LOW
        latching = When.LATCHING if latches else When.NOT_LATCHING
        row = step(held.state, given, frozenset({latching, *facts, *self._pause_facts(condition, held.priority)}))
        if row is None:
            return held
        now = replace(held, state=row.to, **changes)
        if row.says == "began":
            self._number += 1
            now = replace(now, number=self._number, since_us=now_us, active_us=now_us)
        elif row.says in ("recurred", "worsened", "escalated"):
            now = replace(now, active_us=now_us, burst_until_us=None)
        if row.to is S.LATCHED:
            now = replace(now, hushed=held.state is S.PAUSED and self.pauses.covers(condition), unknown=False)
        if row.burst:
            now = replace(now, burst_until_us=now_us + round(BURST_S[now.priority] * SECOND_US))
        elif row.to is not held.state:
            now = replace(now, burst_until_us=None)
        now = self._log(held, now, row, now_us)
        self._waiting.pop(held.key, None)
        return self._put(held, now, now_us)

    def _put(self, before: Occurrence, now: Occurrence, now_us: int) -> Occurrence:
        if now.state in (S.ENDED, S.IDLE):
            self.held.pop(now.key, None)
            return now
        if now.sounds and not before.sounds:
            now = replace(now, loud_us=now_us)
        elif before.sounds and not now.sounds:
            now = replace(now, loud_us=None, quiet_us=_quiet_from(before, now_us))
        if now.number != before.number:
            self.held.pop(now.key, None)  # held in the order in which they began, as a log gives them back
        self.held[now.key] = now
        return now

    def _log(self, before: Occurrence, now: Occurrence, row: Row, now_us: int) -> Occurrence:
        match row.says:
            case "":
                return now
            case "began":
                body: al.AlarmBody = al.AlarmBegan(
                    now.number, now.condition, now.about, now.priority, now.state, now.text, now.value, now.limit,
                    now.true_us, now_us,
                )  # fmt: skip
                now = _told(now)
            case "suppressed":
                why = self._waiting[now.key].why
                if not why:
                    return now
                body = al.AlarmSuppressed(now.condition, now.about, why, now.worst, now.limit, now.true_us, now_us)
            case "acknowledged":
                body = al.AlarmAcknowledged(now.number, now.condition, now.about, now_us)
            case "ended" | "cleared" | "closed":
                self.notes.append((now_us, before.text))
                body = al.AlarmEnded(
                    now.number, now.condition, now.about, row.says, now.priority, now.worst, now.limit,
                    (now_us - now.true_us) / SECOND_US, now_us,
                )  # fmt: skip
            case _:
                return self._log_change(now, row.says, now_us)
        self._out.append(body)
        return now

    def _log_change(self, now: Occurrence, what: str, now_us: int) -> Occurrence:
        body = al.AlarmChanged(
            now.number, now.condition, now.about, what, now.priority, now.state, now.text, now.value, now.limit, now_us
        )  # fmt: skip
        self._out.append(body)
        return _told(now)

    def _pause_facts(self, condition: Condition, priority: Priority) -> tuple[When, ...]:
        if condition.parameter in self.pauses.alarms:
            return (When.PARAMETER_PAUSED,)
        if not self.pauses.hushes(condition):
            return ()
        return {Priority.LOW: (When.PAUSED_LOW,), Priority.MEDIUM: (When.PAUSED_MEDIUM,)}.get(priority, ())

    def _covered(self, held: Occurrence) -> bool:
        return self.pauses.covers(CONDITIONS[held.condition])

    @staticmethod
    def _escalate_us(held: Occurrence, timing: Timing) -> int | None:
        if held.state is not S.ACTIVE or held.priority is not Priority.MEDIUM:
            return None
        if not CONDITIONS[held.condition].escalates:
            return None
        return held.active_us + round(timing.escalate_s * SECOND_US)


def _fresh(condition: Condition, verdict: Verdict) -> Occurrence:
    return Occurrence(
        0, verdict.condition, verdict.about, S.IDLE, _at_least(verdict.priority, condition.priority), verdict.since_us,
        verdict.since_us, verdict.value, verdict.limit, verdict.text, quiet_us=verdict.since_us,
    )  # fmt: skip


def _waiting(verdict: Verdict, now_us: int, delay_us: int, covered: bool) -> Waiting:
    over_us = now_us if verdict.immediate else verdict.since_us + delay_us
    if covered:
        return Waiting(None, "")  # it is told already, so it is not suppressed either
    if verdict.hold_until_us > over_us:
        return Waiting(verdict.hold_until_us if verdict.by_time or verdict.immediate else None, "cuff")
    return Waiting(over_us if verdict.by_time or verdict.immediate else None, "delay")


def _after_change(held: Occurrence, body: al.AlarmChanged) -> Occurrence:
    now = replace(held, state=body.state, priority=body.priority, text=body.text, value=body.value, limit=body.limit)
    if body.what == "latched":
        now = replace(now, unknown=False)  # that it is gone was seen
    elif body.what in ("unknown", "known"):
        return replace(now, unknown=body.what == "unknown")
    if body.what in ("escalated", "worsened", "recurred"):
        now = replace(now, active_us=body.at_us)
    if body.what == "reminder":
        now = replace(now, reminded_us=body.at_us, quiet_us=body.at_us + round(BURST_S[body.priority] * SECOND_US))
    elif held.state is S.ACTIVE and body.state is not S.ACTIVE:
        now = replace(now, quiet_us=_quiet_from(held, body.at_us), loud_us=None)
    elif held.state is not S.ACTIVE and body.state is S.ACTIVE:
        now = replace(now, loud_us=body.at_us)
    return now


def _told(held: Occurrence) -> Occurrence:
    return replace(held, told=(held.text, held.value, held.limit))


def _quiet_from(held: Occurrence, now_us: int) -> int:
    """Since when it is silent: since now when it sounded one whole burst, else since before."""
    whole_us = round(BURST_S[held.priority] * SECOND_US)
    sounded = held.loud_us is not None and now_us - held.loud_us >= whole_us
    return now_us if sounded or held.quiet_us is None else held.quiet_us


def _at_least(said: Priority, least: Priority) -> Priority:
    return said if said.rank >= least.rank else least


def _passed(due_us: int | None, now_us: int) -> bool:
    return due_us is not None and due_us <= now_us
