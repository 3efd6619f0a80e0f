"""The event list in plain words: what happened, when, newest last; pure, no Qt."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

import msgspec

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms.conditions import CONDITIONS, mark
from kapconsole.clock import duration_text
from kapconsole.console.carelines import STAMPED, care_line
from kapconsole.session.phases import phase_label
from kapconsole.session.words import device_names, feed_label, stamp_text


class Line(msgspec.Struct, frozen=True):
    """One line of the list. `kind`: note, mark, dose, phase, cuff, device, alarm, check
    or session; `at_us`: when it happened.

    `known_us` is when it stood in the log, at or after `at_us`; `seq` the event's number; `corrections` how often a
    note's words were changed. `priority`: of an alarm that began, in whose colour it is written.
    """

    seq: int
    at_us: int
    known_us: int
    kind: str
    text: str
    corrections: int = 0
    priority: al.Priority | None = None


def happened(events: Sequence[ev.Event], now_us: int) -> int:
    """How many of `events` (in order of time) had happened at `now_us`."""
    return bisect_right(events, now_us, key=lambda event: event.mono_us)


def event_lines(events: Sequence[ev.Event]) -> tuple[Line, ...]:
    """The lines of `events`, in order of `at_us`. Words for a note replace its stamp's; corrections are counted."""
    return LineBook(events).after(len(events))


class LineBook:
    """The lines of a list of events that only grows, as they stood after any number of them.

    Each event is put into words once: a replay asks for another moment at every seek.
    """

    def __init__(self, events: Sequence[ev.Event]) -> None:
        self.events = events
        self._read = 0
        self._protocols: dict[int, str] = {}
        self._alarms: dict[int, str] = {}
        self._newest: dict[int, Line] = {}
        self._at: list[int] = []
        self._changes: list[Line] = []  # the line that the event at the same place of `_at` made or changed

    def after(self, count: int) -> tuple[Line, ...]:
        """The lines of the first `count` events, in order of `at_us`."""
        for index in range(self._read, count):
            line = self._line(self.events[index])
            if line is not None:
                self._newest[line.seq] = line
                self._at.append(index)
                self._changes.append(line)
        self._read = max(self._read, count)
        lines = {line.seq: line for line in self._changes[: bisect_left(self._at, count)]}
        return tuple(sorted(lines.values(), key=lambda line: (line.at_us, line.seq)))

    def _line(self, event: ev.Event) -> Line | None:
        body = event.body
        if isinstance(body, ev.DeviceState):
            self._protocols[body.source] = body.protocol
        if isinstance(body, ev.NoteTaken) and body.about is not None:
            held = self._newest.get(body.about)
            if held is None:
                return None
            return msgspec.structs.replace(held, text=body.text, corrections=held.corrections + bool(held.text))
        if isinstance(body, al.AlarmBody):
            return self._alarm_line(event, body)
        said = _words(body, device_names(self._protocols))
        if said is None:
            return None
        at_us = body.at_us if isinstance(body, _STAMPED) else event.mono_us
        return Line(event.seq, at_us, event.mono_us, *said)

    def _alarm_line(self, event: ev.Event, body: al.AlarmBody) -> Line | None:
        words = alarm_line(body, self._alarms)
        priority = None
        if isinstance(body, al.AlarmBegan | al.AlarmChanged):
            self._alarms[body.occurrence] = body.text
            priority = body.priority
        return Line(event.seq, body.at_us, event.mono_us, "alarm", words, 0, priority) if words else None


PARAMETER_WORDS = {"spo2": "SpO2", "pulse_rate": "Pulse", "resp_rate": "Resp", "nibp": "NIBP"}
"""What ALARM PAUSED and limits are about, as people call it."""

_STAMPED = (ev.NoteTaken, ev.MarkSet, ev.DoseGiven, ev.PhaseEntered, *STAMPED)


def alarm_line(body: al.AlarmBody, texts: Mapping[int, str]) -> str:
    """An alarm's event in words; empty for what is no news. `texts`: what the occurrences so far have said."""
    match body:
        case al.AlarmBegan(text=text):
            return f"{_mark(body)} {text}"
        case al.AlarmChanged(what=("escalated" | "worsened" | "recurred") as what, text=text):
            return f"{_mark(body)} {text}, {what}"
        case al.AlarmAcknowledged(occurrence=occurrence):
            return f"ACKNOWLEDGED: {texts.get(occurrence, body.condition)}"
        case al.AlarmEnded(occurrence=occurrence, how=how, lasted_s=lasted_s, worst=worst):
            worst_words = "" if worst is None else f", worst {worst:g}"
            words = {"ended": "ended", "cleared": "cleared by a person", "closed": "closed"}.get(how, how)
            return f"{words}: {texts.get(occurrence, body.condition)}, {duration_text(lasted_s)}{worst_words}"
        case al.AudioPaused(at_us=at_us, until_us=until_us):
            return f"AUDIO PAUSED for {duration_text((until_us - at_us) / 1e6)}"
        case al.AudioPauseEnded(why=why):
            return f"AUDIO PAUSED is over: {why}"
        case al.AlarmPaused(parameter=parameter, reason=reason, at_us=at_us, until_us=until_us):
            lasts = duration_text((until_us - at_us) / 1e6)
            return f"ALARM PAUSED {PARAMETER_WORDS.get(parameter, parameter)} for {lasts}: {reason}"
        case al.AlarmPauseEnded(parameter=parameter, why=why):
            return f"ALARM PAUSED {PARAMETER_WORDS.get(parameter, parameter)} is over: {why}"
        case al.PresetLoaded(name=name, version=version):
            return f"alarm limits: preset {name}, version {version}"
        case al.LimitsChanged(changes=changes, role=role, reason=reason):
            steps = ", ".join(f"{setting} {before:g} to {after:g}" for setting, before, after in changes)
            return f"limits changed by the {role}: {steps}" + (f" ({reason})" if reason else "")
        case al.SymptomNoted(symptom=symptom, present=present):
            return f"red flag: {symptom}" if present else f"red flag taken back: {symptom}"
        case al.SelfTestConfirmed(heard=heard, seen=seen):
            return f"self-test: tone {'heard' if heard else 'NOT heard'}, colours {'seen' if seen else 'NOT seen'}"
        case al.LimbsNoted(same=same):
            return f"cuff and oximeter on {'one limb' if same else 'different limbs'}"
        case _:
            return ""


def _mark(body: al.AlarmBegan | al.AlarmChanged) -> str:
    condition = CONDITIONS.get(body.condition)
    return "" if condition is None else mark(condition, body.priority)


def _words(body: ev.Body, names: dict[int, str]) -> tuple[str, str] | None:
    match body:
        case ev.NoteTaken(text=text):
            return "note", text
        case ev.MarkSet(label=label):
            return "mark", f"mark {label}" if label.isdecimal() else label
        case ev.DoseGiven(drug=drug, route=route, amount_mg=amount):
            return "dose", f"{drug} {amount:g} mg {route.upper()}"
        case ev.PhaseEntered(phase=phase):
            return "phase", phase_label(phase)
        case ev.NibpMeasured():
            return "cuff", _cuff_words(body)
        case ev.CuffStopRequested():
            return "cuff", "cuff stop asked for"
        case ev.DeviceSaid(code=code, text=text) if code == "cuff-refused":
            return "cuff", text
        case ev.DeviceState(state=state, text=text, source=source) if state in ("lost", "back"):
            name = names[source]
            return "device", f"{name}: {text}" if state == "lost" else f"{name} back: {text}".removesuffix(": ")
        case ev.SessionStarted(simulated=simulated):
            return "session", "session started" + (" (simulated)" if simulated else "")
        case ev.SessionResumed(gap_s=gap_s):
            return "session", f"recorder was gone for {duration_text(gap_s)}"
        case ev.SessionClosed(reason=reason):
            return "session", f"session closed: {reason}"
        case ev.SpotChecked(source=source):
            return "device", f"{names.get(source, 'device')}: spot check, not a present value"
        case ev.FeedChosen(metric=metric, source=source):
            return "device", f"{feed_label(metric)} now from {names.get(source, f'device {source}')}"
        case ev.CaptureChanged(source=source, on=on, text=text):
            name = names.get(source, f"device {source}")
            return "device", f"{name}: capture began" if on else f"{name}: capture ended, {text}"
        case ev.StorageState(state=state, text=text) if state != "ok":
            return "session", f"log {state}: {text}"
        case _:
            return care_line(body)


def _cuff_words(reading: ev.NibpMeasured) -> str:
    if not reading.valid:
        return f"cuff failed: {reading.text or reading.quality}"
    assert reading.sys_mmhg is not None
    assert reading.dia_mmhg is not None
    words = f"cuff {reading.sys_mmhg:.0f}/{reading.dia_mmhg:.0f}"
    return words if reading.pulse_rate is None else f"{words}, pulse {reading.pulse_rate:.0f}"


def line_time(line: Line, zero_us: int) -> str:
    """The time column: minutes and seconds from the zero of the session's axis."""
    return stamp_text(line.at_us - zero_us)
