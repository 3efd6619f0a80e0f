"""The alarm engine: items of the stream, wishes of people and time in; bodies for the log and a status out.

Fed by hand and pure: it has no clock, and everything it decides by time it decides at the moment when that was due, not
at the moment when it was told the time. So the same session gives the same bodies live, at whatever rate it ticked,
and again from its log.
"""

from __future__ import annotations

from collections.abc import Iterable

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.conditions import CONDITIONS, PARAMETERS, SECOND_US
from kapconsole.alarms.detection import Detector
from kapconsole.alarms.events import OccurrenceState, Priority
from kapconsole.alarms.limits import LimitError, Preset, Settings, beyond_guard, changed, differences, flat, unflat
from kapconsole.alarms.occurrences import Occurrences
from kapconsole.alarms.showing import status_of
from kapconsole.alarms.status import AlarmStatus
from kapconsole.alarms.verdict import Truth, Verdict, false, say
from kapconsole.alarms.wishes import NotAllowed
from kapconsole.clock import duration_text


class AlarmEngine:
    """The alarms of one session. Starts from the preset, never from what another session had."""

    def __init__(self, preset: Preset) -> None:
        self.preset = preset
        self.closed = False
        self._detector = Detector(preset.settings)
        self._use(preset.settings)
        self._out: list[al.AlarmBody] = []
        self._occurrences = Occurrences(self._out)
        self._now_us = -1

    def feed(self, item: ev.StreamItem) -> list[al.AlarmBody]:
        """What follows from one more item of the stream, in order of its time.

        The engine's own bodies may come back and have no effect; a `ReadingDue` of a schedule is taken.
        """
        if isinstance(item, ev.WavePiece):
            self._detector.take(item)  # judged when the next numeric comes
            return []
        body: object = item.body if isinstance(item, ev.Event) else None
        scheduled = isinstance(body, al.ReadingDue) and not body.recheck
        if self.closed or (isinstance(body, al.AlarmBody) and not scheduled):
            return []
        # During a gap nothing was decided, and nothing is made up afterwards.
        if not isinstance(body, ev.SessionResumed):
            self._advance(item.mono_us)
        now_us = self._now_us = max(self._now_us, item.mono_us)
        self._out.extend(self._detector.take(item))
        match body:
            case ev.SessionStarted():
                self._out.append(self._loaded(now_us))
            case ev.SessionResumed(gap_s=gap_s):
                self._occurrences.restart(now_us)
                self._momentary("T11", say("T11", words=f"No alarms for {duration_text(gap_s)}"), now_us)
            case ev.ProcessState(state="frozen"):
                self._momentary("T11", say("T11", words=body.text), now_us)
            case ev.SessionClosed():
                self._occurrences.close(now_us)
                self.closed = True
                return self._taken()
            case _:
                pass
        self._evaluate(now_us)
        return self._taken()

    def tick(self, now_us: int) -> list[al.AlarmBody]:
        """What has become due by `now_us`, session microseconds."""
        if not self.closed:
            self._advance(now_us)
        return self._taken()

    def wish(self, wish: ws.AlarmWish, now_us: int) -> list[al.AlarmBody]:
        """What follows from a person's wish. Raises NotAllowed."""
        if self.closed:
            raise NotAllowed("the session is closed")
        self._advance(now_us)
        now_us = self._now_us = max(self._now_us, now_us)
        # Texts carry ages. What the wish finds must not depend on when the last tick was.
        self._evaluate(now_us)
        try:
            self._grant(wish, now_us)
        finally:
            self._evaluate(now_us)
        return self._taken()

    def refusal_to_close(self, reason: str) -> str:
        """Why the session cannot be closed without a typed reason; empty when it can."""
        sounding = [held for held in self._occurrences.shown() if held.priority is Priority.HIGH]
        # A latched HIGH sounds on until somebody takes notice: the call for help latches as it is made.
        loud = (OccurrenceState.ACTIVE, OccurrenceState.LATCHED, OccurrenceState.PAUSED)
        if reason.strip() or all(held.state not in loud for held in sounding):
            return ""
        return "a HIGH alarm is active: acknowledge it, or type a reason to close the session"

    def status(self, now_us: int) -> AlarmStatus:
        """Everything that screens and the annunciator need at `now_us`."""
        return status_of(self.preset, self.settings, self._detector, self._occurrences, now_us)

    @classmethod
    def resume(cls, preset: Preset, events: Iterable[ev.Event]) -> AlarmEngine:
        """The engine as the events of a log leave it; then feed it SessionResumed. `preset`: when the log names none.

        Also the way to the status at any moment of a recording: the events up to then, and `status`.
        """
        engine = cls(preset)
        for event in events:
            engine._adopt(event)
        return engine

    # -- wishes ---------------------------------------------------------------------------------------------------

    def _grant(self, wish: ws.AlarmWish, now_us: int) -> None:
        pauses = self._occurrences.pauses
        match wish:
            case ws.Acknowledge(occurrences=numbers):
                self._occurrences.acknowledge(numbers, now_us)
            case ws.PauseAudio(seconds=seconds):
                if pauses.audio is not None:
                    raise NotAllowed("the audio is paused already; a pause is not made longer")
                until_us = now_us + _length_us(seconds, self.settings.timing.audio_pause_s)
                audio = al.AudioPaused(now_us, until_us)
                self._out.append(audio)
                self._occurrences.set_pauses(pauses.with_audio(audio), now_us)
            case ws.ResumeAudio():
                if pauses.audio is None:
                    raise NotAllowed("the audio is not paused")
                self._out.append(al.AudioPauseEnded(now_us, "by a person"))
                self._occurrences.set_pauses(pauses.without_audio(), now_us)
            case ws.PauseAlarm():
                alarm = self._alarm_pause(wish, now_us)
                self._out.append(alarm)
                self._occurrences.set_pauses(pauses.with_alarm(alarm), now_us)
            case ws.ResumeAlarm(parameter=parameter):
                if parameter not in pauses.alarms:
                    raise NotAllowed(f"the alarms of {parameter} are not paused")
                self._out.append(al.AlarmPauseEnded(parameter, now_us, "by a person"))
                self._occurrences.set_pauses(pauses.without(parameter), now_us)
            case ws.ChangeLimits():
                self._change_limits(wish, now_us)
            case ws.CallForHelp(text=text):
                self._out.append(al.HelpCalled(now_us, text))
                self._momentary("P10", say("P10", words=f": {text}" if text else ""), now_us)
            case ws.NoteSymptom(symptom=symptom, present=present):
                if symptom not in ws.RED_FLAGS:
                    raise NotAllowed(f"{symptom!r} is no red-flag symptom; one of: {', '.join(ws.RED_FLAGS)}")
                self._note(al.SymptomNoted(now_us, symptom, present))
            case ws.NoteLimbs(same=same):
                self._note(al.LimbsNoted(now_us, same))
            case ws.AskSelfTest():
                self._out.append(al.SelfTestAsked(now_us))
            case ws.ConfirmSelfTest(heard=heard, seen=seen, role=role):
                output = self._detector.tested_output()
                if output is None:
                    raise NotAllowed("no self-test has been played in this session; ask for one first")
                if heard and not output:
                    raise NotAllowed("no alarm speaker is set: nothing was played that could be heard")
                self._note(al.SelfTestConfirmed(heard, seen, output, role, now_us))

    def _alarm_pause(self, wish: ws.PauseAlarm, now_us: int) -> al.AlarmPaused:
        if wish.parameter not in PARAMETERS:
            raise NotAllowed(f"alarms can be paused of: {', '.join(PARAMETERS)}")
        if not wish.reason.strip():
            raise NotAllowed("pausing alarms needs a reason")
        if wish.parameter in self._occurrences.pauses.alarms:
            raise NotAllowed(f"the alarms of {wish.parameter} are paused already; a pause is not made longer")
        until_us = now_us + _length_us(wish.seconds, self.settings.timing.alarm_pause_s)
        return al.AlarmPaused(wish.parameter, wish.reason.strip(), now_us, until_us)

    def _change_limits(self, wish: ws.ChangeLimits, now_us: int) -> None:
        if wish.role == "therapist":
            raise NotAllowed("a therapist does not change alarm limits")
        try:
            after = changed(self.settings, wish.changes)
        except LimitError as error:
            raise NotAllowed(str(error)) from None
        outside = beyond_guard(self.preset.guard, wish.changes)
        if outside and (wish.role != "prescriber" or not wish.reason.strip()):
            names = ", ".join(outside)
            raise NotAllowed(f"{names} would leave the site's guard range: that needs the prescriber, and a reason")
        changes = differences(self.settings, after)
        if not changes:
            raise NotAllowed("these limits are in force already")
        self._out.append(al.LimitsChanged(changes, wish.role, wish.reason.strip(), outside, now_us))
        self._use(after)

    def _use(self, settings: Settings) -> None:
        self.settings = self._detector.settings = settings
        values = flat(settings)
        self._delays = {name: float(values[row.delay]) for name, row in CONDITIONS.items() if row.delay}

    def _note(self, body: al.SymptomNoted | al.LimbsNoted | al.SelfTestConfirmed) -> None:
        self._out.append(body)
        self._detector.take_body(body, body.at_us)

    # -- time and verdicts ----------------------------------------------------------------------------------------

    def _advance(self, to_us: int) -> None:
        """Decide everything that was due up to `to_us`, each at its own moment."""
        while (due_us := self._next_due_us()) is not None and due_us <= to_us:
            self._now_us = due_us
            self._evaluate(due_us)

    def _next_due_us(self) -> int | None:
        detected = self._detector.next_due_us(self._now_us)
        timed = self._occurrences.next_due_us(self._now_us, self.settings.timing, self._detector.dosed)
        return min((time for time in (detected, timed) if time is not None), default=None)

    def _evaluate(self, now_us: int) -> None:
        self._occurrences.pauses_over(now_us)
        verdicts = self._detector.verdicts(now_us)
        true = {(verdict.condition, verdict.about) for verdict in verdicts if verdict.truth is Truth.TRUE}
        # What begins is told before what it takes the place of ends: there is no moment without an alarm.
        for verdict in sorted(verdicts, key=lambda verdict: verdict.truth is not Truth.TRUE):
            delay_s = self._delays.get(verdict.condition, 0.0)
            self._occurrences.judge(verdict, now_us, delay_s, self._covered(verdict, true))
        self._occurrences.timers(now_us, self.settings.timing, self._detector.dosed)

    def _covered(self, verdict: Verdict, true: set[tuple[str, str]]) -> bool:
        covering = CONDITIONS[verdict.condition].covered_by
        if not covering or verdict.truth is not Truth.TRUE:
            return False
        about = verdict.about or self._detector.oximeter()
        return any((name, "") in true or (name, about) in true for name in covering)

    def _momentary(self, condition: str, text: str, now_us: int) -> None:
        """A condition that is an event: true at this moment, then latched until a person clears it."""
        self._occurrences.judge(
            Verdict(condition, Truth.TRUE, since_us=now_us, priority=Priority.HIGH, text=text), now_us
        )
        self._occurrences.judge(false(condition), now_us)

    def _loaded(self, now_us: int) -> al.PresetLoaded:
        preset = self.preset
        return al.PresetLoaded(
            preset.name, preset.version, preset.stored_by, preset.stored_at, flat(self.settings), preset.guard, now_us
        )

    def _adopt(self, event: ev.Event) -> None:
        body: object = event.body
        self._now_us = max(self._now_us, event.mono_us)
        match body:
            case al.PresetLoaded():
                settings = unflat(body.settings)
                self.preset = Preset(
                    body.name, body.version, body.stored_by, body.stored_at, settings=settings, guard=body.guard
                )
                self._use(settings)
            case al.LimitsChanged(changes=changes):
                self._use(unflat({**flat(self.settings), **{name: value for name, _, value in changes}}))
            case ev.SessionClosed():
                self.closed = True
            case _:
                self._occurrences.adopt(body)
                self._detector.take(event)

    def _taken(self) -> list[al.AlarmBody]:
        taken = list(self._out)
        self._out.clear()
        return taken


def _length_us(seconds: float | None, most_s: float) -> int:
    wanted_s = most_s if seconds is None else seconds
    if not 0 < wanted_s <= most_s:
        raise NotAllowed(f"a pause lasts {most_s:g} s at most here")
    return round(wanted_s * SECOND_US)
