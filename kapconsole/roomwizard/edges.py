"""Forty edges with a tone at each, delivered as a set is: the dot rests, crosses, and sounds as it arrives."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

from kapconsole.bilateral.events import (
    Channel,
    Motion,
    Offsets,
    Plan,
    Profile,
    Screen,
    SetAsked,
    SetDelivered,
    Sound,
    StimulusFault,
    StopReason,
)
from kapconsole.clock import SessionClock
from kapconsole.paths import config_dir
from kapconsole.room.delivery import Delivery, Devices
from kapconsole.room.display import messages as ms
from kapconsole.room.displaylink import Died
from kapconsole.room.patient_out import PatientOut
from kapconsole.roomwizard.clientscreen import ClientScreen

RATE_CPS = 0.5
CYCLES = 20
DWELL_MS = 500.0
TONE_DBFS = -30.0
LEAD_US = 1_500_000
"""Long enough for the output to find its own measure of time: right after opening it is some milliseconds off."""
TURN_MS = 10


class NoBar:
    """The bar takes no part in this."""

    text = "the light bar is not used here"
    ready = False
    leds = 0

    def arm(self, stimulus: object, now_us: Callable[[], int]) -> None: ...
    def change(self, stimulus: object) -> None: ...
    def black(self) -> tuple[int, int]:
        return (0, 0)


def plan(screen: Screen | None, sound_ms: float, screen_ms: float, start_us: int) -> Plan:
    """The set: 20 cycles of half a cycle a second, still for half of each pass; a tone as the dot comes to rest."""
    return Plan(
        "room-timing",
        1,
        RATE_CPS,
        (Channel.LIGHT, Channel.AUDIO),
        cycles=CYCLES,
        motion=Motion(profile=Profile.LINEAR, sweep_deg=20.0, edge_dwell_ms=DWELL_MS, ramp_in_cycles=0),
        sound=Sound(level_dbfs=TONE_DBFS, attack_ms=5.0),
        screen=screen,
        offsets=Offsets(audio_ms=sound_ms, screen_ms=screen_ms),
        start_us=start_us,
    )


class Edges(QObject):
    """One run at a time. `told`: words of what went wrong, or of the end; `running` says which."""

    told = Signal(str)

    def __init__(self, client: ClientScreen) -> None:
        super().__init__()
        self._client = client
        self._set: Delivery | None = None
        self._number = 0
        self._timer = QTimer(self)
        self._timer.setInterval(TURN_MS)
        self._timer.timeout.connect(self._turn)
        client.said.connect(self._heard)

    @property
    def running(self) -> bool:
        """True while there is light or sound of it."""
        return self._set is not None

    def begin(
        self, out: PatientOut, clock: SessionClock, screen: Screen | None, sound_ms: float, screen_ms: float
    ) -> None:
        """Run from the first edge on; one that runs is stopped before."""
        self.stop()
        self._number += 1
        now_us = clock.now_us()
        asked = SetAsked(self._number, plan(screen, sound_ms, screen_ms, now_us + LEAD_US), "set-up", None, now_us)
        devices = Devices(out, self._client.link, NoBar(), False, config_dir())
        self._set = Delivery(asked, devices, clock.frame)
        self._timer.start()

    def stop(self) -> None:
        """Dark and silent now."""
        if self._set is None:
            return
        self._set.stop(StopReason.STOP_NOW, "stopped")
        self._set.give_account()
        self._set.told.clear()
        self._set = None
        self._timer.stop()

    def _heard(self, report: object) -> None:
        if self._set is None:
            return
        match report:
            case ms.Shown() | ms.Living() | ms.Signalled():
                self._set.heard(report)
            case Died(why=why):
                self._set.display_died(why)

    def _turn(self) -> None:
        running = self._set
        if running is None:
            return
        running.turn()
        bodies = list(running.told)
        running.told.clear()
        over = running.over
        if over:
            self._set = None
            self._timer.stop()
        for body in bodies:
            match body:
                case StimulusFault(text=text):
                    self.told.emit(text)
                case SetDelivered(reason=StopReason.COUNT):
                    self.told.emit("40 edges are over")
                case SetDelivered(text=text):
                    self.told.emit(text or "stopped")
