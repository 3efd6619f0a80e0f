"""The console's live feed: attached to the monitor, it grows a timeline and passes commands on."""

from __future__ import annotations

import getpass
import queue
import time
import uuid
from collections import deque
from collections.abc import Callable

from kapconsole.alarms.quiet import PRESS_LASTS_S, RENEW_EVERY_S, Asked
from kapconsole.alarms.status import AlarmStatus
from kapconsole.alarms.wishes import ListenLease
from kapconsole.clock import FakeClock, SessionClock
from kapconsole.commands import Command, CommandBody
from kapconsole.console.moment import Moment
from kapconsole.console.stationdesk import quiet_words
from kapconsole.peer import Attachment
from kapconsole.session.timeline import Timeline
from kapconsole.wire import (
    Address,
    AlarmsNow,
    Ask,
    Beat,
    BytesSeen,
    CaptureStatus,
    CaptureWanted,
    Goodbye,
    History,
    Listening,
    Live,
    LogStatus,
    Message,
    WatchBytes,
    Welcome,
)

MonotonicS = Callable[[], float]

MESSAGES_A_TURN = 200
HEARD_LIMIT = 200
"""Words about devices that wait for the window: half a minute of them; it looks thirty times a second."""


class LiveFeed:
    """What the console's window polls. After contact was lost and found again it shows everything since."""

    def __init__(
        self,
        address: Address,
        actor: str = "",
        station: str = "",
        staff: str = "",
        monotonic_s: MonotonicS = time.monotonic,
    ) -> None:
        """`station`: this console's name where it is not the room's own, for `staff` (nurse, prescriber, ...)."""
        self._attachment = Attachment(address, "console", station, staff)
        place = f"{staff or 'console'}@{station}" if station else "console"
        self._actor = actor or f"{place}:{getpass.getuser()}"
        self.station = station
        self.listening: tuple[str, ...] = ()
        """The stations that listen for the room."""
        self.asked: tuple[Asked, ...] = ()
        """Which station is to answer for which alarm."""
        self.self_test = ""
        """Why a person should confirm a self-test of the alarm sound; empty while one is confirmed."""
        self._monotonic_s = monotonic_s
        self._listens_until_s = self._renew_due_s = 0.0
        self._clock: SessionClock | FakeClock = FakeClock()
        self._utc_origin_us = 0
        self._timeline = Timeline()
        self._linked = False
        self._alarms: AlarmStatus | None = None
        self._alarms_us = 0
        self._speed = 1.0
        self._quiet = ""
        self.log_status: LogStatus | None = None
        self.log_path = ""
        self.goodbye: str | None = None
        self._heard: deque[BytesSeen | CaptureStatus] = deque(maxlen=HEARD_LIMIT)

    @property
    def place(self) -> str:
        """How the log calls this console, and under which a role is taken here."""
        return self.station or self._actor

    def poll(self) -> bool:
        """Take in what arrived; True when there is something new to draw. Called at most 30 times a second."""
        self._renew()
        changed = False
        for _ in range(MESSAGES_A_TURN):
            try:
                message = self._attachment.take()
            except queue.Empty:
                break
            changed = True
            self._take(message)
        return changed

    def moment(self) -> Moment:
        """The session as it is now."""
        return Moment(
            self._timeline.state,
            self._timeline,
            self._clock.now_us(),
            self._utc_origin_us,
            linked=self._linked,
            alarms=self._alarms,
            alarms_age_s=(self._clock.now_us() - self._alarms_us) / 1e6 / self._speed
            if self._alarms is not None
            else 0.0,
            quiet=quiet_words(self, self._quiet),
        )

    def send(self, body: CommandBody) -> str | None:
        """Pass a command on; its id, or None when there is no contact with the monitor."""
        command = Command(uuid.uuid4().hex, self._actor, body)
        sent = self._attachment.send(Ask(command))
        if sent and isinstance(body, ListenLease) and self.station:
            self._listens_until_s = self._monotonic_s() + PRESS_LASTS_S if body.on else 0.0
        return command.id if sent else None

    def tell(self, message: WatchBytes | CaptureWanted) -> None:
        """Ask the monitor about a device."""
        self._attachment.send(message)

    def heard(self) -> list[BytesSeen | CaptureStatus]:
        """What the monitor told of devices since the last call."""
        heard = list(self._heard)
        self._heard.clear()
        return heard

    def frozen(self, seconds: float) -> None:
        """The window has not painted for so long (0: it is back); the monitor is told at once. From any thread."""
        words = f"the window has been frozen for {seconds:.0f} s" if seconds else ""
        self._attachment.trouble = words
        self._attachment.send(Beat(words))

    def close(self) -> None:
        """Detach."""
        self._attachment.close()

    def _renew(self) -> None:
        """Only from the window's own turns: a frozen window shows nobody an alarm, and its lease lapses."""
        now_s = self._monotonic_s()
        if self._renew_due_s <= now_s < self._listens_until_s:
            self._renew_due_s = now_s + RENEW_EVERY_S
            self._attachment.send(Listening())

    def _take(self, message: Message | None) -> None:
        match message:
            case None:
                self._linked = False
            case Welcome(frame=frame, log_path=log_path):
                self._clock, self._speed = SessionClock(frame), frame.speed
                self._utc_origin_us = frame.utc_origin_us
                self.log_path = log_path
            case History(rows=rows, items=items):
                timeline = Timeline()
                timeline.add_rows(rows)
                for item in items:
                    timeline.add(item)
                self._timeline = timeline
                self._linked = True
            case Live(items=items):
                for item in items:
                    self._timeline.add(item)
            case AlarmsNow(status=alarms, quiet=quiet) as now:
                self._alarms, self._alarms_us, self._quiet = alarms, self._clock.now_us(), quiet
                self.listening, self.asked, self.self_test = now.listening, now.asked, now.self_test
            case LogStatus() as status:
                self.log_status = status
            case BytesSeen() | CaptureStatus():
                self._heard.append(message)
            case Goodbye(reason=reason):
                self.goodbye = reason
            case _:
                pass
