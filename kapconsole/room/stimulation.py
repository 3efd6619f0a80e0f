"""Bilateral stimulation in the room process: sets as the monitor asks for them, every way out of them, what came of it.

A thread of its own, so that nothing the music does stands between a person and the stop. It never begins a set by
itself, and what it delivered is kept until the monitor takes it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable

import msgspec

from kapconsole.bilateral.events import (
    BilateralBody,
    Channel,
    SetAsked,
    SetChanged,
    StimulusFault,
    StopAsked,
    StopKind,
    StopReason,
)
from kapconsole.clock import ClockFrame, SessionClock
from kapconsole.paths import config_dir
from kapconsole.room import barlink, displaylink
from kapconsole.room.barlink import BarLink
from kapconsole.room.delivery import Delivery, Devices, not_begun
from kapconsole.room.display import messages as ms
from kapconsole.room.displaylink import Died, DisplayLink
from kapconsole.room.footswitch import FootSwitch
from kapconsole.room.tones import Output
from kapconsole.roomsetup import RoomSetup, read_setup, setup_file
from kapconsole.wire import Did, Do, Goodbye, Message, Welcome

log = logging.getLogger("kapconsole.room")

TURN_S = 0.01
REST_S = 0.2
SILENT_S = 0.5
"""A monitor that says nothing for so long while a set runs is taken for gone (bilateral reference, section 5.4)."""

LOOK_EVERY_S = 1.0
UNTOLD = 500
MISTAKE = "a mistake in the room process"
ENDED = "the room process was ended"


class _Stop(msgspec.Struct, frozen=True):
    """A stop from inside the room."""

    reason: StopReason
    why: str


class _BarGone(msgspec.Struct, frozen=True):
    why: str


class _Message(msgspec.Struct, frozen=True):
    message: Message | None


_Came = _Message | _Stop | _BarGone | Died | ms.Screens | ms.Shown | ms.Living | ms.Signalled


class Stimulation:
    """Fed with the monitor's messages by `take`, from `start` on; `close` stops what runs and ends everything."""

    def __init__(
        self,
        out: Output,
        frame: ClockFrame,
        tell: Callable[[Message], bool],
        simulated: bool = False,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`tell`: whether it reached the monitor. `frame`: the session's clock, until the monitor says."""
        self._out, self._tell, self._now_s = out, tell, now_s
        self._simulated = simulated
        self._frame = frame
        self._welcome = False
        self._inbox: queue.SimpleQueue[_Came] = queue.SimpleQueue()
        self._untold: deque[BilateralBody] = deque(maxlen=UNTOLD)
        self._set: Delivery | None = None
        self._stopped: set[int] = set()
        self._heard_s = now_s()
        self._looked_s = -1e9
        self._file_time: int | None = None
        self._setup_text = ""
        self._setup = RoomSetup()
        self._display = DisplayLink(self._inbox.put)
        self._bar = self._new_bar()
        self._switch = self._new_switch()
        self._read_setup()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="stimulation", daemon=True)

    # -- from other threads ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def take(self, message: Message | None) -> None:
        """A message of the monitor; None: contact was lost. Never waits."""
        self._heard_s = self._now_s()
        self._inbox.put(_Message(message))

    def halt(self) -> None:
        """Stop what runs: this process is about to end. May be called by the handler of a signal."""
        self._inbox.put(_Stop(StopReason.STOP_NOW, ENDED))

    @property
    def trouble(self) -> str:
        """What is wrong with what a set needs, in words for the staff; empty: nothing."""
        display, bar = self._display.text, self._bar.text
        words = [
            self._setup_text,
            display if self._setup.display.screen and display != displaylink.NOT_READY else "",
            bar if self._setup.bar.port and bar != barlink.NOT_READY else "",
            self._switch.text,
        ]
        return "; ".join(each for each in words if each)

    def close(self) -> None:
        """Stop what runs, tell it, and end."""
        self._ended.set()
        self.halt()
        if self._thread.is_alive():
            self._thread.join()
        self._display.close()
        self._bar.close()
        self._switch.close()

    # -- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.turn(TURN_S if self._set is not None else REST_S)
            except Exception:  # whatever it was: nothing may be lit or sound unwatched
                log.exception("a set could not be delivered")
                self._stop(StopReason.DEVICE_FAULT, MISTAKE)
        self._stop(StopReason.STOP_NOW, ENDED)
        while self._set is not None:
            self.turn(TURN_S)

    def turn(self, wait_s: float = 0.0) -> None:
        """Take what has come, or wait for it so long, and do what is due."""
        try:
            self._handle(self._inbox.get(timeout=wait_s) if wait_s else self._inbox.get_nowait())
        except queue.Empty:
            pass
        now_s = self._now_s()
        running = self._set
        if running is not None:
            if now_s - self._heard_s > SILENT_S:
                running.finish(StopReason.HEARTBEAT_LOST, f"the recorder did not answer for {SILENT_S:g} s")
            running.turn()
            self._untold.extend(running.told)
            running.told.clear()
            if running.over:
                self._set = None
        else:
            self._display.turn()
            if now_s - self._looked_s >= LOOK_EVERY_S:
                self._looked_s = now_s
                self._read_setup()
        while self._untold and self._tell(Did(self._untold[0])):
            self._untold.popleft()

    def _handle(self, came: _Came) -> None:
        match came:
            case _Message(message=message):
                self._heed(message)
            case _Stop(reason=reason, why=why):
                self._stop(reason, why)
            case _BarGone(why=why):
                if self._set is not None:
                    self._set.lost(Channel.BAR, why)
                else:
                    self._untold.append(StimulusFault(0, Channel.BAR, why, self._now_us()))
            case Died(pid=pid, why=why):
                if not self._display.died(pid):
                    return
                if self._set is not None:
                    self._set.display_died(why)
                else:
                    log.warning("%s", why)
            case ms.Screens(text=text):
                if text and self._set is None:
                    log.info("client display: %s", text)
            case ms.Shown() | ms.Living() | ms.Signalled():
                if self._set is not None:
                    self._set.heard(came)

    def _heed(self, message: Message | None) -> None:
        match message:
            case None:
                self._stop(StopReason.HEARTBEAT_LOST, "contact with the recorder was lost")
            case Goodbye():
                self._stop(StopReason.STOP_NOW, "the session was closed")
            case Welcome(frame=frame):
                if frame != self._frame or not self._welcome:
                    self._frame, self._welcome = frame, True
                    self._begin_display()
            case Do(body=SetAsked() as body):
                self._begin(body)
            case Do(body=SetChanged() as body):
                if self._set is not None:
                    self._set.change(body)
            case Do(body=StopAsked(set_id=number, kind=kind, why=why)):
                self._stopped.add(number)
                if self._set is not None and self._set.set_id == number:
                    if kind is StopKind.STOP_NOW:
                        self._set.stop(StopReason.STOP_NOW, why)
                    else:
                        self._set.finish(None, why)
            case _:
                pass

    def _begin(self, asked: SetAsked) -> None:
        if self._set is not None:
            self._stop(StopReason.STOP_NOW, f"set {asked.set_id} was asked for")
            self._set.give_account()
            self._untold.extend(self._set.told)
            self._set = None
        if asked.set_id in self._stopped:
            # A stop waits for nothing and may overtake the set that it stops, which waits for the disk.
            text = "stopped before it began"
            self._untold.append(not_begun(asked, self._frame, self._now_us(), StopReason.STOP_NOW, text))
            return
        refusal = ""
        if self._frame.speed != 1.0:
            refusal = f"this session's clock runs {self._frame.speed:g} times as fast as life"
        elif self._switch.held:
            refusal = "the foot switch is held down"
        unheard = self._simulated and not self._out.name
        sounds = config_dir() / "bilateral" / "sounds"
        devices = Devices(self._out, self._display, self._bar, unheard, sounds)
        try:
            self._set = Delivery(asked, devices, self._frame, refusal, self._now_s)
        except Exception:  # the set must have its end in the log, and leave nothing behind
            self._bar.black()
            self._out.stop_now()
            self._untold.append(not_begun(asked, self._frame, self._now_us(), StopReason.DEVICE_FAULT, MISTAKE))
            raise

    def _stop(self, reason: StopReason, text: str) -> None:
        if self._set is not None:
            self._set.stop(reason, text)

    # -- the room's set-up ----------------------------------------------------------------------------------------

    def _read_setup(self) -> None:
        """room.toml, when it has changed; never while a set runs."""
        try:
            written = setup_file().stat().st_mtime_ns
        except OSError:
            written = None
        if written == self._file_time:
            return
        self._file_time = written
        before = self._setup
        self._setup, self._setup_text = read_setup()
        if self._setup.bar != before.bar:
            self._bar.close()
            self._bar = self._new_bar()
        if self._setup.foot_switch != before.foot_switch:
            self._switch.close()
            self._switch = self._new_switch()
        if self._setup.display.screen != before.display.screen and self._welcome:
            self._begin_display()

    def _begin_display(self) -> None:
        screen = self._setup.display.screen
        if self._frame.speed == 1.0 and (screen or self._simulated):
            self._display.begin(ms.Begin(self._frame, screen, self._simulated))
        else:
            self._display.close()

    def _new_bar(self) -> BarLink:
        bar = BarLink(self._setup.bar, lambda why: self._inbox.put(_BarGone(why)))
        bar.start()
        return bar

    def _new_switch(self) -> FootSwitch:
        switch = FootSwitch(
            self._setup.foot_switch,
            lambda: self._inbox.put(_Stop(StopReason.STOP_NOW, "the foot switch")),
            lambda why: self._inbox.put(_Stop(StopReason.DEVICE_FAULT, why)),
        )
        switch.start()
        return switch

    def _now_us(self) -> int:
        return SessionClock(self._frame).now_us()
