"""The session's runner: numbers every event, folds it into state and decides what a command or a reading leads to.

Pure: it is fed by hand and gives back `Outcome`s; the monitor process does what they say. Strictly growing times make
the order of everything, measurements included, a matter of record.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import msgspec

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.events import AlarmBegan
from kapconsole.alarms.quiet import QuietRoom
from kapconsole.alarms.status import ShownAlarm
from kapconsole.alarms.wishes import AcceptAlarm, AlarmWish, ListenLease, PauseAudio, QuietWish, RejectAlarm
from kapconsole.bilateral.events import StopAsked, StopKind
from kapconsole.clinical import wishes as cw
from kapconsole.clinical.events import CuffBySchedule
from kapconsole.clock import Clock, duration_text
from kapconsole.refusals import Refused
from kapconsole.rows import Row, event_row
from kapconsole.session.freshness import late_after_s
from kapconsole.session.packing import Packed, Packer, WaveTimer, wave_piece
from kapconsole.session.parts import WORKERS, Parts, named, packaged, said
from kapconsole.session.state import EMPTY, State, fold
from kapdevices.cuff import CuffGuard
from kapdevices.driver import DeviceCommand, NotPossible, StartCuff, StopCuff
from kapdevices.link import LinkReadings, LinkRefused, LinkReport, LinkState
from kapdevices.readings import NIBP_METRICS, DeviceStatus, Metric, Numeric, Quality, Reading, SampleArray

MONITOR = "monitor"
ENDED = "ended by a person"
ALARMS = "alarm system"
SESSION = "session"
SCHEDULE = "schedule"
_FEED_METRICS = {
    "spo2": Metric.SPO2,
    "pulse_rate": Metric.PULSE_RATE,
    "nibp": Metric.NIBP_SYS,
    "pleth": Metric.PLETH,
}
CLOCK_CHECK_US = 60_000_000
ALARM_TICK_US = 100_000
PARTS_TICK_US = 250_000
FUTURE_US = 1_000_000
"""A key press may not lie further in the future than this; two processes' clocks are the same, but scripts err."""


class DeviceEntry(msgspec.Struct, frozen=True):
    """A device of this session: its number in the log, and what it is."""

    source: int
    protocol: str
    port: str
    can_cuff: bool
    quiet_s: float = 2.0
    metrics: frozenset[Metric] = frozenset(Metric)


class Outcome(msgspec.Struct, frozen=True):
    """What follows from one input. Everything in it waits until its last row is on disk, but what is `at_once`.

    `do`: which process (room, light) is to carry out what.
    """

    rows: tuple[Row, ...] = ()
    items: tuple[ev.StreamItem, ...] = ()
    at_once: tuple[tuple[int, DeviceCommand], ...] = ()
    after: tuple[tuple[int, DeviceCommand], ...] = ()
    do: tuple[tuple[str, ev.Body], ...] = ()
    do_at_once: tuple[tuple[str, ev.Body], ...] = ()
    answer: tuple[str, bool, str] | None = None
    ends: str | None = None

    @property
    def urgent(self) -> bool:
        """True when there is an event in it, which goes to disk at once; measurements wait for their second."""
        return any(isinstance(item, ev.Event) for item in self.items)


class Runner:
    """One session being recorded."""

    def __init__(
        self,
        clock: Clock,
        devices: Iterable[DeviceEntry] = (),
        seq: int = 0,
        state: State = EMPTY,
        alarms: AlarmEngine | None = None,
        parts: Parts | None = None,
    ) -> None:
        """`seq`, `state` and `alarms`: as the log's last row leaves them when a session is resumed."""
        self._clock = clock
        self.alarms = alarms
        self.parts = packaged(clock) if parts is None else parts
        self._parts_us = 0
        self.quiet = QuietRoom(state.phase)
        self.remote_audio_pause = False
        """Whether another station may pause the room's audio: the site's choice."""
        self._alarms_us = 0
        self._seq = seq
        self._last_us = state.mono_us
        self.state = state
        self.devices = {entry.source: entry for entry in devices}
        self._packer = Packer()
        self._timers: dict[tuple[int, Metric], WaveTimer] = {}
        self._guards: dict[int, CuffGuard] = {}
        self._clock_checked_us: int | None = None
        self._wall_offset_us: int | None = None

    @property
    def pending(self) -> list[ev.Measurement | ev.WavePiece]:
        """Items that are in no row yet."""
        return self._packer.pending

    def note_fact(self, body: ev.Body, actor: str = MONITOR) -> Outcome:
        """Record something that has happened."""
        return self._outcome([self._event(body, actor, self._clock.now_us())])

    def finish(self) -> Outcome:
        """Rows of what is still held, at a close."""
        return Outcome(rows=tuple(self._row(packed) for packed in self._packer.flush()))

    # -- devices --------------------------------------------------------------------------------------------------

    def on_link(self, source: int, report: LinkReport) -> Outcome:
        """What a link reported: readings, a change of its state, a refusal or a fault. Nothing follows the close."""
        if self.state.closed is not None:
            return Outcome()
        if isinstance(report, LinkReadings):
            return self._on_readings(source, report.mono_us, report.readings)
        entry = self.devices[source]
        if isinstance(report, LinkState):
            body: ev.Body = ev.DeviceState(
                source,
                entry.protocol,
                entry.port,
                report.adapter,
                str(report.state),
                report.text,
                late_after_s(entry.quiet_s),
            )
        elif isinstance(report, LinkRefused):
            words = "cuff start" if isinstance(report.command, StartCuff) else "cuff stop"
            refused = ev.CommandRefused(words, report.text)
            said = ev.DeviceSaid(source, "cuff-refused", report.text)
            return self._outcome([self._event(body, MONITOR, report.mono_us) for body in (refused, said)])
        else:
            body = ev.DeviceSaid(source, "driver-fault", report.text)
        return self._outcome([self._event(body, MONITOR, report.mono_us)])

    def on_counts(self, source: int, good: int, bad: int, skipped: int) -> Outcome | None:
        """How a link's bytes were understood so far; an event only when it changed since the last one."""
        held = self.state.devices.get(source)
        if held is not None and (held.good, held.bad, held.skipped) == (good, bad, skipped):
            return None
        return self.note_fact(ev.PacketsCounted(source, good, bad, skipped))

    def _on_readings(self, source: int, mono_us: int, readings: tuple[Reading, ...]) -> Outcome:
        items: list[ev.StreamItem] = []
        nibp: dict[Metric, Numeric] = {}
        spot: list[Numeric] = []
        words = ""
        for reading in readings:
            if isinstance(reading, SampleArray):
                timer = self._timers.setdefault((source, reading.metric), WaveTimer())
                placed = timer.place(mono_us, len(reading.samples), reading.rate_hz)
                items.append(wave_piece(source, reading, *placed))
            elif isinstance(reading, DeviceStatus):
                if reading.code.startswith("cuff-") and reading.code != "cuff-done":
                    words = reading.text
                items.append(self._event(ev.DeviceSaid(source, reading.code, reading.text), MONITOR, mono_us))
            elif not reading.live:
                spot.append(reading)
            elif reading.metric in NIBP_METRICS:
                nibp[reading.metric] = reading
            else:
                stamp_us = self._stamp(mono_us)
                items.append(ev.Measurement(stamp_us, source, reading.metric, reading.value, reading.quality))
        if nibp:
            items.append(self._event(_nibp(source, nibp, words), MONITOR, mono_us))
        if spot:
            body = ev.SpotChecked(source, spot[0].device_time, tuple(spot))
            items.append(self._event(body, MONITOR, mono_us))
        return self._outcome(items)

    # -- commands -------------------------------------------------------------------------------------------------

    def on_command(self, command: cm.Command, station: str = "") -> Outcome:
        """Check a wish; the outcome has its event and its answer, or a logged refusal.

        `station`: where it comes from, when that is another place than the room.
        """
        now_us = self._clock.now_us()
        try:
            outcome = self._carry_out(command, now_us, station)
        except Refused as refusal:
            words = str(command.body.__struct_config__.tag).replace("-", " ")
            event = self._event(ev.CommandRefused(words, str(refusal)), command.actor, now_us)
            return msgspec.structs.replace(self._outcome([event]), answer=(command.id, False, str(refusal)))
        return outcome

    def _carry_out(self, command: cm.Command, now_us: int, place: str) -> Outcome:
        if self.state.closed is not None:
            raise Refused("the session is closed")
        text = "done"
        at_once: tuple[tuple[int, DeviceCommand], ...] = ()
        after: tuple[tuple[int, DeviceCommand], ...] = ()
        body: ev.Body
        station = place or command.actor
        self.parts.permit(command.body, self.state, station)
        match command.body:
            case cm.CuffStart(patient=patient, initial_mmhg=initial_mmhg):
                source = self._cuff_source(now_us)
                body = ev.CuffRequested(source, patient, initial_mmhg)
                after = ((source, StartCuff(patient, initial_mmhg)),)
                text = "cuff requested"
            case cm.CuffStop():
                sources = [entry.source for entry in self.devices.values() if entry.can_cuff]
                if not sources:
                    raise Refused("no cuff monitor in this session")
                body = ev.CuffStopRequested(sources[0])
                # Nothing may stand between a person and the stop, the disk least of all.
                at_once = tuple((source, StopCuff()) for source in sources)
                text = "cuff stop sent"
            case cm.Note(text=words, at_us=at_us, about=about):
                if about is not None and all(note.seq != about for note in self.state.notes):
                    raise Refused(f"there is no note number {about}")
                if about is not None and not words.strip():
                    raise Refused("a note's words cannot be taken away, only corrected")
                body = ev.NoteTaken(_moment(at_us, now_us), words.strip(), about)
                text = "noted"
            case cm.Mark(label=label, at_us=at_us):
                label = self.parts.mark(label, self.state)
                body = ev.MarkSet(_moment(at_us, now_us), label)
                text = f"mark {label}"
            case cm.Phase(phase=phase, at_us=at_us):
                return self._granted(command, cw.EnterPhase(phase, at_us), now_us, station)
            case cm.Dose():
                return self._granted(command, _dose(command.body), now_us, station)
            case cm.Feed(metric=feed, source=source):
                if source not in self.devices:
                    raise Refused(f"there is no device number {source} in this session")
                if _FEED_METRICS[feed] not in self.devices[source].metrics:
                    raise Refused(f"device {source} ({self.devices[source].protocol}) does not measure {feed}")
                body = ev.FeedChosen(_FEED_METRICS[feed], source)
                text = f"device {source} feeds {feed.replace('_', ' ')}"
            case cm.End(reason=reason):
                return self._end(command, reason, now_us)
            case ListenLease() | AcceptAlarm() | RejectAlarm():
                return self._asked_quiet(command, command.body, place, now_us)
            case _ if isinstance(command.body, AlarmWish):
                return self._wished(command, command.body, place, now_us)
            case _:
                return self._granted(command, command.body, now_us, station)
        outcome = self._outcome([self._event(body, named(self.state, command.actor), now_us)])
        return msgspec.structs.replace(outcome, at_once=at_once, after=after, answer=(command.id, True, text))

    def _granted(self, command: cm.Command, wish: cm.PartWish, now_us: int, station: str) -> Outcome:
        """A wish that a part of the session decides about, numbered in the name of whoever had it."""
        bodies = self.parts.wish(wish, self.state, now_us, station)
        if self.alarms is not None:
            for flagged in self.parts.alarm_wishes(wish):
                bodies += self.alarms.wish(flagged, now_us)
        outcome = self._outcome([self._event(body, named(self.state, station), now_us) for body in bodies])
        text = said(bodies) if bodies else "nothing to be done"
        return msgspec.structs.replace(outcome, answer=(command.id, True, text))

    def _wished(self, command: cm.Command, wish: AlarmWish, station: str, now_us: int) -> Outcome:
        """A wish of the alarm system; its bodies are numbered in the name of whoever had it."""
        if self.alarms is None:
            raise Refused("this session has no alarm system")
        if station and isinstance(wish, PauseAudio) and not self.remote_audio_pause:
            raise Refused("audio is paused in the room itself; this site does not let another station do it")
        self._last_us = max(self._last_us, now_us)
        bodies = self.alarms.wish(wish, now_us)
        actor = named(self.state, station or command.actor)
        outcome = self._outcome([self._event(body, actor, now_us) for body in bodies])
        return msgspec.structs.replace(outcome, answer=(command.id, True, "done" if bodies else "nothing to be done"))

    def _asked_quiet(self, command: cm.Command, wish: QuietWish, station: str, now_us: int) -> Outcome:
        """A wish of another station about the quiet room."""
        bodies = self.quiet.wish(wish, station, self._shown(now_us), now_us)
        outcome = self._outcome([self._event(body, command.actor, now_us) for body in bodies])
        return msgspec.structs.replace(outcome, answer=(command.id, True, "done"))

    def station_left(self, station: str) -> Outcome | None:
        """The connection to a station is gone."""
        if self.state.closed is not None:
            return None
        now_us = self._clock.now_us()
        bodies = self.quiet.left(station, self._shown(now_us), now_us)
        return self._outcome([self._event(body, ALARMS, now_us) for body in bodies]) if bodies else None

    def _shown(self, now_us: int) -> tuple[ShownAlarm, ...]:
        return () if self.alarms is None else self.alarms.status(now_us).alarms

    def _end(self, command: cm.Command, reason: str, now_us: int) -> Outcome:
        if self.alarms is not None and (why := self.alarms.refusal_to_close(reason)):
            raise Refused(why)
        running = self.state.sets.running
        if running is not None and not reason.strip():
            raise Refused("a set is running: stop it first, so that what was delivered of it is in the record")
        reason = reason.strip() or ENDED
        actor = named(self.state, command.actor)
        last = self.finish()
        body = ev.SessionClosed(reason)
        # The alarms end first, so that the close stays the last event of the log.
        told = [] if self.alarms is None else self.alarms.feed(ev.Event(0, now_us, 0, command.actor, body))
        events: list[ev.StreamItem] = [self._event(each, ALARMS, now_us) for each in told]
        if running is not None:
            stop = StopAsked(running.asked.set_id, StopKind.STOP_NOW, "the session is closed", now_us)
            events.append(self._event(stop, actor, now_us))
        closed = self._outcome([*events, self._event(body, actor, now_us)])
        return msgspec.structs.replace(
            closed, rows=(*last.rows, *closed.rows), ends=reason, answer=(command.id, True, "session closed")
        )

    def _cuff_source(self, now_us: int) -> int:
        able = [entry for entry in self.devices.values() if entry.can_cuff]
        if not able:
            raise Refused("no cuff monitor in this session")
        chosen = self.state.feeds.get(Metric.NIBP_SYS)
        entry = next((entry for entry in able if entry.source == chosen), able[0])
        held = self.state.devices.get(entry.source)
        if held is None or not held.delivering:
            raise Refused(f"the cuff monitor on {entry.port} does not answer")
        if self.state.cuff.doing in ("requested", "inflating"):
            raise Refused("a cuff reading is under way")
        guard = self._guards.get(entry.source, CuffGuard())
        try:
            self._guards[entry.source] = guard.admit(StartCuff(), now_us / 1e6)
        except NotPossible as refusal:
            raise Refused(str(refusal)) from None
        return entry.source

    def restore_guards(self, events: Iterable[ev.Event]) -> dict[int, CuffGuard]:
        """The cuff guards as the events of a resumed session leave them, in session seconds."""
        starts: dict[int, list[float]] = {}
        for event in events:
            if isinstance(event.body, ev.CuffRequested):
                starts.setdefault(event.body.source, []).append(event.mono_us / 1e6)
        self._guards = {source: CuffGuard(tuple(times)) for source, times in starts.items()}
        return self._guards

    # -- time -----------------------------------------------------------------------------------------------------

    def tick(self, wall_utc_us: int) -> list[Outcome]:
        """What is due now: rows that are a second old; once a minute the wall clock held against session time."""
        if self.state.closed is not None:
            return []
        now_us = self._clock.now_us()
        rows = tuple(self._row(packed) for packed in self._packer.due(now_us))
        outcomes = [Outcome(rows=rows)] if rows else []
        if self.alarms is not None and now_us - self._alarms_us >= ALARM_TICK_US:
            self._alarms_us = now_us
            # What arrives from now on is later than what the engine has decided: a replay decides the same.
            self._last_us = max(self._last_us, now_us)
            bodies = self.alarms.tick(now_us)
            if bodies:
                outcomes.append(self._outcome([self._event(body, ALARMS, now_us) for body in bodies]))
            if self.quiet.busy and (quiet := self.quiet.tick(self._shown(now_us), now_us)):
                outcomes.append(self._outcome([self._event(body, ALARMS, now_us) for body in quiet]))
        if now_us - self._parts_us >= PARTS_TICK_US:
            self._parts_us = now_us
            due = self.parts.tick(self.state, now_us)
            if due:
                outcomes.append(self._outcome([self._event(body, SESSION, now_us) for body in due]))
        if self._clock_checked_us is None or now_us - self._clock_checked_us >= CLOCK_CHECK_US:
            self._clock_checked_us = now_us
            offset_us = wall_utc_us - self._clock.utc_us()
            step_us = 0 if self._wall_offset_us is None else offset_us - self._wall_offset_us
            self._wall_offset_us = offset_us
            outcomes.append(self.note_fact(ev.ClockChecked(wall_utc_us, step_us)))
        return outcomes

    def _stamp(self, mono_us: int) -> int:
        self._last_us = max(mono_us, self._last_us + 1)
        return self._last_us

    def _next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def _event(self, body: ev.Body, actor: str, mono_us: int) -> ev.Event:
        stamp_us = self._stamp(mono_us)
        utc_us = self._clock.utc_us() - self._clock.now_us() + stamp_us
        event = ev.Event(self._next_seq(), stamp_us, utc_us, actor, body)
        self.state = fold(self.state, event)
        self.quiet.feed(event)
        return event

    def _row(self, packed: Packed) -> Row:
        mono_us, kind, body = packed
        utc_us = self._clock.utc_us() - self._clock.now_us() + mono_us
        return Row(self._next_seq(), mono_us, utc_us, kind, MONITOR, body)

    def _outcome(self, items: Iterable[ev.StreamItem]) -> Outcome:
        """Rows of new items, and of everything that follows from them by itself."""
        rows: list[Row] = []
        told: list[ev.StreamItem] = []
        do: list[tuple[str, ev.Body]] = []
        after: list[tuple[int, DeviceCommand]] = []
        waiting = deque(items)
        while waiting:
            item = waiting.popleft()
            told.append(item)
            if self.alarms is not None:
                waiting += [self._event(body, ALARMS, self._last_us) for body in self.alarms.feed(item)]
            if not isinstance(item, ev.Event):
                self.state = fold(self.state, item)
                rows += [self._row(packed) for packed in self._packer.add(item)]
                continue
            rows.append(event_row(item))
            if isinstance(item.body, AlarmBegan):
                # What made it true goes to disk with it: a record whose alarm has no cause cannot be trusted.
                rows += [self._row(packed) for packed in self._packer.flush()]
            worker = WORKERS.get(type(item.body))
            if worker is not None:
                do.append((worker, item.body))
            if isinstance(item.body, CuffBySchedule):
                after += self._scheduled_cuff(item.body, waiting)
            bodies = self.parts.follow(item.body, self.state, self._clock.now_us())
            waiting += [self._event(body, SESSION, self._last_us) for body in bodies]
        return Outcome(
            rows=tuple(sorted(rows, key=lambda row: row.seq)),
            items=tuple(told),
            after=tuple(after),
            do=tuple(each for each in do if not at_once(each[1])),
            do_at_once=tuple(each for each in do if at_once(each[1])),
        )

    def _scheduled_cuff(self, body: CuffBySchedule, waiting: deque[ev.StreamItem]) -> list[tuple[int, DeviceCommand]]:
        """The armed schedule starts the cuff as a person would, and is refused as a person would be."""
        now_us = self._clock.now_us()
        try:
            source = self._cuff_source(now_us)
        except Refused as refusal:
            waiting.append(self._event(ev.CommandRefused("cuff start", f"{body.why}: {refusal}"), SCHEDULE, now_us))
            return []
        start = cm.CuffStart()
        waiting.append(self._event(ev.CuffRequested(source, start.patient, start.initial_mmhg), SCHEDULE, now_us))
        return [(source, StartCuff(start.patient, start.initial_mmhg))]


def at_once(body: ev.Body) -> bool:
    """True for what nothing may stand in front of, the disk least of all: the stop of a set."""
    return isinstance(body, StopAsked)


def _dose(dose: cm.Dose) -> cw.RecordDose:
    return cw.RecordDose(dose.drug, dose.route, dose.amount_mg, at_us=dose.at_us)


def gap_text(gap_s: float, why: str) -> str:
    """What the restarted session says of itself: "recording was interrupted for 3 s: monitor restarted"."""
    return f"recording was interrupted for {duration_text(gap_s)}: {why}"


def _moment(at_us: int | None, now_us: int) -> int:
    if at_us is None:
        return now_us
    if at_us > now_us + FUTURE_US:
        raise Refused("that moment lies in the future")
    if at_us < 0:
        raise Refused("that moment lies before the session")
    return min(at_us, now_us)


def _nibp(source: int, nibp: dict[Metric, Numeric], words: str) -> ev.NibpMeasured:
    def value(metric: Metric) -> float | None:
        return nibp[metric].value if metric in nibp else None

    # A reading without a pulse rate is still a blood pressure.
    pressure = [nibp[metric].quality for metric in (Metric.NIBP_SYS, Metric.NIBP_DIA) if metric in nibp]
    quality = next((quality for quality in pressure if quality is not Quality.GOOD), Quality.GOOD)
    return ev.NibpMeasured(
        source,
        value(Metric.NIBP_SYS),
        value(Metric.NIBP_DIA),
        value(Metric.NIBP_MEAN),
        value(Metric.NIBP_PULSE_RATE),
        quality,
        words if quality is not Quality.GOOD else "",
        next((numeric.device_time for numeric in nibp.values() if numeric.device_time), None),
    )
