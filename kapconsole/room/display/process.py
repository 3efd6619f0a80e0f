"""The client display's process: the room's orders, one window, and its own stops: a touch, a screen that is gone."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
import threading
import time
from typing import BinaryIO, cast

import msgspec
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QScreen

from kapconsole.bilateral.events import Channel, SetAsked, SetChanged, StopAsked, StopKind
from kapconsole.bilateral.geometry import diameter_px, offset_px
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.clock import SessionClock
from kapconsole.diary import keep_diary
from kapconsole.qtcheck import refuse_broken_qt
from kapconsole.room.display import messages as ms
from kapconsole.room.display.window import ClientWindow, Spot, choose_software

WATCH_MS = 5
LIVING_EVERY = 40
"""Every so many looks the room is told that this process lives: five times a second."""

ROOM_SILENT_S = 0.5
DARK_FRAME_MS = 100
"""A window that nobody sees gets no frame: its account does not wait longer for the dark one."""

DOT, BACKGROUND = "#c8d6ff", "#060608"
DEMO_SIZE = (720, 405)
NO_SCREEN = "no client screen is set"


class Reader(QObject):
    """Brings what the room says from a thread of its own into Qt's loop."""

    came = Signal(object)

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream

    def start(self) -> None:
        """Begin to read; what comes before somebody listens would be lost."""
        threading.Thread(target=self._read, name="display-orders", daemon=True).start()

    def _read(self) -> None:
        try:
            while (order := ms.read_order(self._stream)) is not None:
                self.came.emit(order)
        except (OSError, ValueError, msgspec.MsgspecError) as trouble:
            print(f"kapconsole display: {trouble}", file=sys.stderr)
        self.came.emit(None)


class Window(ClientWindow):
    """Closed by a person it only goes dark: it is the room's to end it. A small window goes until the next set."""

    small = False

    def closeEvent(self, event: QCloseEvent) -> None:
        event.setAccepted(self.small)
        self.touched.emit("the client display was closed", False)


class Display(QObject):
    """What the room asks, on the client's screen."""

    def __init__(self, begin: ms.Begin, out: BinaryIO) -> None:
        super().__init__()
        self._begin = begin
        self._out = out
        self._clock = SessionClock(begin.frame)
        self._set: SetAsked | None = None
        self._stimulus: Stimulus | None = None
        self._lit = False
        self._dark_set: int | None = None
        self._heard_s = 0.0
        self._looks = 0
        self._alone = False
        self._window = Window(DOT, BACKGROUND)
        self._window.touched.connect(self.signalled)
        self._window.darkened.connect(self._darkened)
        self._watch = QTimer(self)
        self._watch.setTimerType(Qt.TimerType.PreciseTimer)
        self._watch.timeout.connect(self._look)
        self._dark_due = QTimer(self)
        self._dark_due.setSingleShot(True)
        self._dark_due.timeout.connect(lambda: self._darkened(0.0))
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        self._app = app
        app.screenAdded.connect(lambda screen: self.place())
        app.screenRemoved.connect(self._screen_gone)
        self.place()

    # -- orders ---------------------------------------------------------------------------------------------------

    def take(self, order: ms.ToDisplay | None) -> None:
        """One order of the room; None: the room is gone."""
        self._heard_s = time.monotonic()
        match order:
            case None:
                self._window.dark()
                self._app.exit(0)
            case ms.Begin():
                self._dark()
                self._begin = order
                self._clock = SessionClock(order.frame)
                self.place()
            case ms.LookFor():
                self.place()
            case ms.Picture(what=what, card_px=card_px):
                if self._set is None:
                    self._show()
                    self._window.still(what, card_px)
            case SetAsked():
                self._start(order)
            case SetChanged():
                self._change(order)
            case StopAsked():
                self._stop(order)
            case ms.Alive():
                pass

    def signalled(self, why: str, fault: bool) -> None:
        """Dark by itself, and the room is told; a touch outside of a set is nothing."""
        if self._set is None or (fault and not self._lit):
            return
        number = self._set.set_id
        self._dark()
        self._say(ms.Signalled(number, why, fault))

    # -- a set ----------------------------------------------------------------------------------------------------

    def _start(self, order: SetAsked) -> None:
        self._dark()
        self._set = order
        self._stimulus = Stimulus(order.plan)
        self._looks, self._alone = 0, False
        self._watch.start(WATCH_MS)
        if Channel.LIGHT in order.plan.channels:
            self._light()

    def _light(self) -> None:
        """The light's first frame; what is a set without light shows nothing until it is switched on."""
        assert self._set is not None
        self._lit = True
        if self._client_screen() is None:
            self.signalled(NO_SCREEN, True)
            return
        light = self._set.plan.light
        self._window.colours(_code(light.dot_rgb), _code(light.background_rgb))
        self._show()
        self._window.begin(self._spot)

    def _change(self, order: SetChanged) -> None:
        if self._set is None or self._stimulus is None or order.set_id != self._set.set_id:
            return
        self._stimulus = self._stimulus.changed(order)
        if not self._lit and order.channels is not None and Channel.LIGHT in order.channels:
            self._light()

    def _stop(self, order: StopAsked) -> None:
        if self._set is None or self._stimulus is None or order.set_id != self._set.set_id:
            return
        if order.kind is StopKind.STOP_NOW:
            self._dark()
        else:
            self._stimulus = self._stimulus.ended(order)

    def _dark(self) -> None:
        """Nothing from the next frame on; the account follows when that frame was handed to the screen."""
        if self._set is None:
            return
        number, lit = self._set.set_id, self._lit
        self._set = self._stimulus = None
        self._lit = False
        self._watch.stop()
        if self._dark_set is not None:
            self._darkened(0.0)
        if lit:
            self._dark_set = number
            self._dark_due.start(DARK_FRAME_MS)
            self._window.dark()

    def _darkened(self, at_s: float) -> None:
        self._dark_due.stop()
        if self._dark_set is not None:
            number, self._dark_set = self._dark_set, None
            self._say(self._window.frames.shown(number, self._us(at_s) if at_s else 0))

    def _look(self) -> None:
        """The set's end by itself; and its end because the room has fallen silent."""
        if self._set is None or self._stimulus is None:
            return
        if self._clock.now_us() >= self._stimulus.over_us:
            if self._alone:
                self.signalled("the room process did not answer", True)
            self._dark()
            return
        self._looks += 1
        if self._lit and self._looks % LIVING_EVERY == 1:
            self._say(ms.Living(self._set.set_id))
        if not self._alone and time.monotonic() - self._heard_s > ROOM_SILENT_S:
            self._alone = True
            why, now_us = "the room process did not answer", self._clock.now_us()
            self._stimulus = self._stimulus.ended(StopAsked(self._set.set_id, StopKind.FINISH_PASS, why, now_us))

    def _us(self, at_s: float) -> int:
        return SessionClock(self._begin.frame, lambda: round(at_s * 1e9)).now_us()

    def _spot(self, at_s: float) -> Spot:
        assert self._stimulus is not None
        assert self._set is not None
        seen = self._stimulus.at(self._us(at_s) - round(1000 * self._set.plan.offsets.screen_ms))
        width, height = self._window.width(), self._window.height()
        # Taken as perceived brightness: half a level is a quarter of the light's share of the mix.
        opacity = seen.level**2
        screen = self._set.plan.screen
        if screen is None or self._begin.window:
            # Not calibrated, or a small window: the sweep takes most of the width.
            half_px = 0.45 * width
            return Spot(half_px * seen.x_rel, -half_px * seen.y_rel, height / 18, opacity)
        ratio = width / screen.width_px  # a scaled screen has fewer pixels of Qt's than of its own
        dot_px = diameter_px(screen, self._stimulus.plan.light.dot_deg)
        x_px, y_px = offset_px(screen, seen.x_deg), offset_px(screen, seen.y_deg)
        return Spot(ratio * x_px, -ratio * y_px, ratio * dot_px, opacity)

    # -- the screen -----------------------------------------------------------------------------------------------

    def place(self) -> None:
        """Put the window on the client's screen, if it is there, and tell the room."""
        screen = self._client_screen()
        if screen is not None and not self._begin.window:
            self._window.setScreen(screen)
            self._window.setGeometry(screen.geometry())
            self._window.setCursor(Qt.CursorShape.BlankCursor)
            self._window.showFullScreen()
        self._say(self._screens(screen))

    def _screen_gone(self, screen: QScreen) -> None:
        if self._window.screen() is screen or self._client_screen() is None:
            self.signalled("the client's screen is gone", True)
            # Not on the therapist's screen for a moment.
            self._window.hide()
        self._say(self._screens(self._client_screen()))

    def _client_screen(self) -> QScreen | None:
        if self._begin.window:
            return self._app.primaryScreen()
        return next((screen for screen in self._app.screens() if screen.name() == self._begin.screen), None)

    def _show(self) -> None:
        self._window.small = self._begin.window
        if self._begin.window:
            self._window.resize(*DEMO_SIZE)
            self._window.show()

    def _screens(self, chosen: QScreen | None) -> ms.Screens:
        primary = self._app.primaryScreen()
        seen = tuple(
            ms.ScreenSeen(
                screen.name(),
                round(screen.size().width() * screen.devicePixelRatio()),
                round(screen.size().height() * screen.devicePixelRatio()),
                screen.physicalSize().width(),
                screen.physicalSize().height(),
                screen.refreshRate(),
                screen is primary,
            )
            for screen in self._app.screens()
        )
        wanted = self._begin.screen
        text = "" if chosen is not None else (f"the client's screen {wanted} is not there" if wanted else NO_SCREEN)
        return ms.Screens(seen, "" if chosen is None else chosen.name(), text)

    def _say(self, report: ms.FromDisplay) -> None:
        with contextlib.suppress(OSError, ValueError):  # a room that is gone ends this process by its orders' end
            ms.write(self._out, report)


def _code(rgb: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def main() -> int:
    """Orders on standard input, reports on standard output, until the room is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_diary("display")
    trouble = refuse_broken_qt()
    if trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        return 2
    # Animation time by the clock and not by frames of the primary screen (bilateral reference, 8.4).
    os.environ.setdefault("QSG_USE_SIMPLE_ANIMATION_DRIVER", "1")
    # One thread: a threaded loop waits for Python in the middle of a swap, and Python for the swap (seen on X11). What
    # else this process does is nothing, so that its only thread is always there for the next frame.
    os.environ["QSG_RENDER_LOOP"] = "basic"
    orders = cast(BinaryIO, sys.stdin.buffer)
    begin = ms.read_order(orders)
    if not isinstance(begin, ms.Begin):
        return 2
    app = QGuiApplication(["kapconsole-display"])
    app.setQuitOnLastWindowClosed(False)
    choose_software()
    reader = Reader(orders)
    display = Display(begin, cast(BinaryIO, sys.stdout.buffer))
    reader.came.connect(display.take)
    reader.start()
    # What is there now stays: a collection that walks all of it would cost frames.
    gc.collect()
    gc.freeze()
    return app.exec()
