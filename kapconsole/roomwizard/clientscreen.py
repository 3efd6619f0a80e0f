"""The client's screen as the wizard uses it: the display's own process, with a mark or a card on it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from kapconsole.clock import ClockFrame
from kapconsole.room.display import messages as ms
from kapconsole.room.displaylink import PYTHON, Died, DisplayLink

TURN_MS = 200


class ClientScreen(QObject):
    """One screen at a time; nothing is shown that was not asked for. `said`: its reports, in Qt's thread."""

    said = Signal(object)
    ready = Signal()
    """It is where it was asked to be, or `text` says why not."""

    def __init__(self, frame: ClockFrame, argv: Sequence[str] = PYTHON) -> None:
        super().__init__()
        self._frame = frame
        self._begun: ms.Begin | None = None
        self._waiting: ms.Picture | None = None
        self._answered = False
        self.link = DisplayLink(self.said.emit, argv)
        self.said.connect(self._heard)
        self._timer = QTimer(self)
        self._timer.setInterval(TURN_MS)
        self._timer.timeout.connect(self.link.turn)

    @property
    def text(self) -> str:
        """Why nothing can be shown, in words; empty: it can, or it has not said yet."""
        return self.link.text if self._answered or not self.link.send(ms.LookFor()) else ""

    @property
    def answered(self) -> bool:
        """True once the display has said where it is."""
        return self._answered

    def open(self, screen: str, window: bool) -> None:
        """Be on this screen; `window`: in a small window, where the staff's own screen is the only one."""
        begin = ms.Begin(self._frame, screen, window)
        if begin == self._begun:
            return
        self._begun, self._answered = begin, False
        self._timer.start()
        self.link.begin(begin)
        if self.link.text and not self.link.send(ms.LookFor()):
            self._answered = True
            self.ready.emit()

    def show_picture(self, screen: str, window: bool, picture: ms.Picture) -> None:
        """A still picture on this screen, as soon as the display is there."""
        self._waiting = picture
        self.open(screen, window)
        if self._answered:
            self._show_waiting()

    def dark(self) -> None:
        """Nothing is shown from the next frame on."""
        self._waiting = None
        self.link.send(ms.Picture("none"))

    def close(self) -> None:
        """Dark, and its process ended: the screen is the system's again."""
        self._timer.stop()
        self._waiting, self._begun, self._answered = None, None, False
        self.link.close()

    def _heard(self, report: object) -> None:
        match report:
            case ms.Screens():
                if not self._answered:
                    self._answered = True
                    self.ready.emit()
                    self._show_waiting()
            case Died(pid=pid):
                if self.link.died(pid):
                    self._answered = False
                    self._begun = None

    def _show_waiting(self) -> None:
        if self._waiting is not None and not self.link.text:
            self.link.send(self._waiting)
