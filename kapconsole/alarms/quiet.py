"""The quiet room: in the inward phase the room's speaker is silent only while another station listens; pure.

A station's lease counts while its own process renews it and a person pressed "I am listening" there in the last 15
minutes (alarms reference, section 10, rule 4). A HIGH alarm sounds in the room after 10 s without acceptance,
whoever listens. Leases do not survive a restart of the recorder.

No station has a sound of its own yet, so an acceptance keeps a HIGH alarm silent for 120 s at most, as any silence.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.conditions import SECOND_US
from kapconsole.alarms.events import OccurrenceState, Priority
from kapconsole.alarms.limits import HARD_AUDIO_PAUSE_S
from kapconsole.alarms.status import ShownAlarm
from kapconsole.alarms.wishes import NotAllowed
from kapconsole.clock import duration_text
from kapconsole.events import Event, PhaseEntered, SessionResumed, SessionStarted

QUIET_PHASE = "inward"
RENEW_EVERY_S = 1.0
"""How often a station's process renews its lease; the rule asks for every 2 s at least."""

LAPSES_AFTER_S = 2.5
"""Without renewal a lease is over, so that the room's speaker sounds within 3 s of the last one."""

PRESS_LASTS_S = 15 * 60.0
HIGH_AFTER_S = 10.0


class Lease(msgspec.Struct, frozen=True):
    """One station that listens. Times in session microseconds."""

    station: str
    until_us: int
    renewed_us: int


class Asked(msgspec.Struct, frozen=True):
    """Which station is asked to answer for an occurrence; `accepted`: it has said that it does."""

    occurrence: int
    station: str
    accepted: bool


class QuietRoom:
    """Fed with events, wishes and time. Stations are asked in the order in which they began to listen."""

    def __init__(self, phase: str | None = None) -> None:
        """`phase`: in which a session is that goes on."""
        self.held = False
        """True while the room's speaker is held silent."""
        self._speed = 1.0
        self._inward = phase == QUIET_PHASE
        self._leases: dict[str, Lease] = {}
        self._accepted: dict[int, tuple[str, int]] = {}
        self._rejected: dict[int, set[str]] = {}
        self._high_us: dict[int, int] = {}
        self._through: dict[int, str] = {}

    # -- what happens ---------------------------------------------------------------------------------------------

    def feed(self, event: Event) -> None:
        """One event of the session."""
        match event.body:
            case PhaseEntered(phase=phase):
                self._inward = phase == QUIET_PHASE
            case SessionStarted(speed=speed):
                self._speed = speed  # a station renews in everybody's time
            case SessionResumed(speed=speed):
                self._speed = speed
                self._leases.clear()
                self._forget()
                self.held = False
            case _:
                pass

    def wish(self, wish: ws.QuietWish, station: str, alarms: tuple[ShownAlarm, ...], now_us: int) -> list[al.QuietBody]:
        """What follows from a wish of a person at `station` ("": the room's own console). Raises NotAllowed."""
        if not station:
            raise NotAllowed("only another station can listen for the room: kapconsole console --station NAME")
        match wish:
            case ws.ListenLease(on=True):
                until_us = now_us + round(PRESS_LASTS_S * SECOND_US)
                self._leases[station] = Lease(station, until_us, now_us)
                bodies: list[al.QuietBody] = [al.LeaseTaken(station, now_us, until_us)]
            case ws.ListenLease():
                if station not in self._leases:
                    raise NotAllowed(f"{station} does not listen")
                bodies = self._end(station, "by a person", now_us)
            case ws.AcceptAlarm(occurrence=number):
                self._check(station, number, alarms)
                self._accepted[number] = (station, now_us)
                self._rejected.get(number, set()).discard(station)
                self._through.pop(number, None)
                bodies = [al.AlarmAccepted(number, station, now_us)]
            case ws.RejectAlarm(occurrence=number):
                self._check(station, number, alarms)
                self._rejected.setdefault(number, set()).add(station)
                if self._accepted.get(number, ("", 0))[0] == station:
                    del self._accepted[number]
                bodies = [al.AlarmRejected(number, station, self._next(number), now_us)]
        return bodies + self.tick(alarms, now_us)

    def renew(self, station: str, now_us: int) -> None:
        """The process of `station` says that its window lives and its person is still there."""
        lease = self._leases.get(station)
        if lease is not None:
            self._leases[station] = replace(lease, renewed_us=now_us)

    def left(self, station: str, alarms: tuple[ShownAlarm, ...], now_us: int) -> list[al.QuietBody]:
        """The connection to `station` is gone."""
        if station not in self._leases:
            return []
        return self._end(station, "station left", now_us) + self.tick(alarms, now_us)

    def tick(self, alarms: tuple[ShownAlarm, ...], now_us: int) -> list[al.QuietBody]:
        """What has become due by `now_us`. `alarms`: all that are shown."""
        bodies: list[al.QuietBody] = []
        for lease in list(self._leases.values()):
            if now_us >= lease.until_us:
                bodies += self._end(lease.station, "time over", now_us)
            elif now_us - lease.renewed_us > LAPSES_AFTER_S * SECOND_US * self._speed:
                bodies += self._end(lease.station, "not renewed", now_us)
        bodies += self._hold(alarms, now_us)
        self._follow(alarms, now_us)
        for alarm in alarms if self.held else ():
            why = self._why_sounds(alarm, now_us)
            if why and alarm.occurrence not in self._through:
                self._through[alarm.occurrence] = why
                bodies.append(al.RoomSpeakerReleased(alarm.occurrence, why, now_us))
        return bodies

    # -- what follows ---------------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """False while there is nothing that time could change."""
        return self.held or bool(self._leases)

    def silent(self, occurrence: int) -> bool:
        """True while the room's speaker does not sound this occurrence."""
        return self.held and occurrence not in self._through

    def listening(self) -> tuple[str, ...]:
        """The stations that listen, in the order in which they are asked."""
        return tuple(self._leases)

    def asked(self, alarms: Iterable[ShownAlarm]) -> tuple[Asked, ...]:
        """Who is asked for each alarm that nobody has acknowledged."""
        if not self.held:
            return ()
        found = []
        for alarm in alarms:
            if alarm.state is not OccurrenceState.ACTIVE:
                continue
            accepted = self._accepted.get(alarm.occurrence)
            station = accepted[0] if accepted else self._next(alarm.occurrence)
            found.append(Asked(alarm.occurrence, station, accepted is not None))
        return tuple(found)

    def text(self, now_us: int) -> str:
        """Why the room's speaker is silent, for the strip; empty while it may sound."""
        if not self.held:
            return ""
        left_s = max((lease.until_us for lease in self._leases.values()), default=now_us) - now_us
        words = duration_text(max(0, left_s) / SECOND_US)
        return f"ROOM SPEAKER HELD: {', '.join(self._leases)} listens, {words} left; HIGH sounds here after 10 s"

    # -- inside ---------------------------------------------------------------------------------------------------

    def _end(self, station: str, why: str, now_us: int) -> list[al.QuietBody]:
        del self._leases[station]
        for number, (holder, _) in list(self._accepted.items()):
            if holder == station:
                del self._accepted[number]
        return [al.LeaseEnded(station, why, now_us)]

    def _hold(self, alarms: tuple[ShownAlarm, ...], now_us: int) -> list[al.QuietBody]:
        wanted = self._inward and bool(self._leases)
        if wanted == self.held:
            return []
        self.held = wanted
        if wanted:
            # What is sounding goes on: it was nobody's elsewhere.
            self._through = {
                alarm.occurrence: "sounding already"
                for alarm in alarms
                if alarm.sounding and alarm.priority is Priority.HIGH
            }
            return [al.RoomSpeakerHeld(tuple(self._leases), now_us)]
        self._forget()
        why = "no station listens" if self._inward else "phase"
        return [al.RoomSpeakerReleased(0, why, now_us)]

    def _follow(self, alarms: tuple[ShownAlarm, ...], now_us: int) -> None:
        sounding = {alarm.occurrence: alarm for alarm in alarms if alarm.sounding}
        high = {number for number, alarm in sounding.items() if alarm.priority is Priority.HIGH}
        self._high_us = {number: self._high_us.get(number, now_us) for number in high} if self.held else {}
        self._accepted = {number: held for number, held in self._accepted.items() if number in sounding}
        self._rejected = {number: held for number, held in self._rejected.items() if number in sounding}
        self._through = {number: held for number, held in self._through.items() if number in sounding}

    def _why_sounds(self, alarm: ShownAlarm, now_us: int) -> str:
        if not alarm.sounding:
            return ""
        if alarm.priority is Priority.HIGH and alarm.state in (OccurrenceState.ACKED, OccurrenceState.PAUSED):
            return "reminder"
        accepted = self._accepted.get(alarm.occurrence)
        if accepted is None:
            if not self._next(alarm.occurrence):
                return "rejected"
            since_us = self._high_us.get(alarm.occurrence)
            late = since_us is not None and now_us - since_us >= HIGH_AFTER_S * SECOND_US
            return "not accepted" if late else ""
        if alarm.priority is Priority.HIGH and now_us - accepted[1] >= HARD_AUDIO_PAUSE_S * SECOND_US:
            return "accepted too long ago"
        return ""

    def _next(self, number: int) -> str:
        refused = self._rejected.get(number, set())
        return next((station for station in self._leases if station not in refused), "")

    def _check(self, station: str, number: int, alarms: tuple[ShownAlarm, ...]) -> None:
        if station not in self._leases:
            raise NotAllowed(f"{station} does not listen: press I AM LISTENING first")
        if all(alarm.occurrence != number or not alarm.sounding for alarm in alarms):
            raise NotAllowed(f"there is no alarm number {number} that waits for an answer")

    def _forget(self) -> None:
        self._accepted.clear()
        self._rejected.clear()
        self._high_us.clear()
        self._through.clear()
