"""The client's window: one dot whose place is computed for the moment at which its frame will be seen, or darkness."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QExposeEvent, QGuiApplication, QKeyEvent, QMouseEvent
from PySide6.QtQml import QQmlComponent, QQmlEngine
from PySide6.QtQuick import QQuickItem, QQuickWindow, QSGRendererInterface

from kapconsole.room.display.frames import Frames

DISC = b"import QtQuick\nRectangle { radius: width / 2; antialiasing: true; visible: false }"
BAR = b"import QtQuick\nRectangle { visible: false }"
HALF = 0.5


class Spot(NamedTuple):
    """The dot in pixels from the window's middle, y down; `level` 0 (dark) to 1."""

    x_px: float
    y_px: float
    diameter_px: float
    level: float


DARKNESS = Spot(0.0, 0.0, 0.0, 0.0)


class ClientWindow(QQuickWindow):
    """Draws what `place` says; tells by `touched` when the client presses a key or the window, or closes it.

    With the words of `touched`: whether it was a fault and not a person's wish. `darkened`: the first dark frame after
    a set was handed to the screen at this moment (monotonic seconds).
    """

    touched = Signal(str, bool)
    darkened = Signal(float)

    def __init__(self, dot: str, background: str) -> None:
        """`dot`, `background`: "#rrggbb"."""
        super().__init__()
        self.setTitle("kapconsole: client display")
        self.setColor(QColor(background))
        self.place: Callable[[float], Spot] | None = None
        """The dot for a moment (monotonic seconds); None: nothing is shown and no frame is asked for."""
        self.frames = Frames(self.screen().refreshRate() if self.screen() else 60.0)
        self._swaps: list[float] = []
        self._darkening = False
        self._engine = QQmlEngine()
        self._dot = self._item(DISC)
        self._dot.setProperty("color", QColor(dot))
        self._bar = self._item(BAR)
        self._bar.setProperty("color", QColor("#9a9488"))
        self._pause = QTimer(self)
        self._pause.setTimerType(Qt.TimerType.PreciseTimer)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self.update)
        self.afterAnimating.connect(self._draw)
        # At once, so that the moment is the swap's own.
        self.frameSwapped.connect(self._swapped, Qt.ConnectionType.DirectConnection)
        self.frameSwapped.connect(self._go_on, Qt.ConnectionType.QueuedConnection)

    @property
    def software(self) -> bool:
        """True when no graphics hardware draws: frames may be late."""
        return self.rendererInterface().graphicsApi() == QSGRendererInterface.GraphicsApi.Software

    def colours(self, dot: str, background: str) -> None:
        """Other colours, "#rrggbb". Only while nothing is shown."""
        self.setColor(QColor(background))
        self._dot.setProperty("color", QColor(dot))

    def begin(self, place: Callable[[float], Spot]) -> None:
        """Show what `place` says from the next frame on."""
        self.still("none")
        self.frames = Frames(self.screen().refreshRate())
        self._swaps.clear()
        self._darkening = False
        self.place = place
        self.update()

    def dark(self) -> None:
        """Nothing from the next frame on."""
        self._darkening = self.place is not None
        self._swaps.clear()
        self.place = None
        self._pause.stop()
        self._dot.setVisible(False)
        self.update()

    def still(self, what: str, card_px: float = 0.0) -> None:
        """A picture for the set-up: none, left, middle, right, or card, `card_px` wide."""
        width, height = float(self.width()), float(self.height())
        self._bar.setVisible(what == "card")
        self._bar.setProperty("width", card_px)
        self._bar.setProperty("height", card_px * 53.98 / 85.60)  # ISO/IEC 7810 ID-1
        self._bar.setX((width - card_px) / 2)
        self._bar.setY((height - card_px * 53.98 / 85.60) / 2)
        places = {"left": 0.08, "middle": 0.5, "right": 0.92}
        if what in places:
            self._put(Spot((places[what] - 0.5) * width, 0.0, height / 20, 1.0))
        elif self.place is None:
            self._dot.setVisible(False)
        self.update()

    # -- frames ---------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        if self.place is not None:
            self._put(self.place(self.frames.next_s(time.monotonic())))

    def _put(self, spot: Spot) -> None:
        self._dot.setVisible(spot.level > 0.0)
        self._dot.setOpacity(spot.level)
        self._dot.setWidth(spot.diameter_px)
        self._dot.setHeight(spot.diameter_px)
        self._dot.setX(self.width() / 2 + spot.x_px - spot.diameter_px / 2)
        self._dot.setY(self.height() / 2 + spot.y_px - spot.diameter_px / 2)

    def _swapped(self) -> None:
        self._swaps.append(time.monotonic())

    def _go_on(self) -> None:
        waiting, self._swaps = self._swaps, []
        if self.place is None:
            if self._darkening and waiting:
                self._darkening = False
                self.darkened.emit(waiting[0])
            return
        for at_s in waiting:
            self.frames.swapped(at_s)
        # Asked for in the middle of a refresh: early enough for the next one, and no spinning where nothing holds up.
        self._pause.start(max(1, round(1000 * HALF * self.frames.refresh_s)))

    def _item(self, source: bytes) -> QQuickItem:
        component = QQmlComponent(self._engine)
        component.setData(source, "")
        made: QObject | None = component.create()
        if not isinstance(made, QQuickItem):
            raise RuntimeError(component.errorString() or "the drawing of the client display cannot be made")
        made.setParent(self._engine)
        made.setParentItem(self.contentItem())
        return made

    # -- the client -----------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self.touched.emit("a key of the client display", False)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.touched.emit("the client display was touched", False)

    def exposeEvent(self, event: QExposeEvent) -> None:
        super().exposeEvent(event)
        if not self.isExposed() and self.place is not None:
            self.touched.emit("the client display is covered, locked or off", True)


def choose_software() -> None:
    """Where there is no screen Qt draws without graphics hardware; to be called before the first window."""
    if QGuiApplication.platformName() in ("offscreen", "minimal"):
        QQuickWindow.setGraphicsApi(QSGRendererInterface.GraphicsApi.Software)
