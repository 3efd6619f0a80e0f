"""The supervisor's window: a recorded session in the console's view, in a frame that says REPLAY, with a time line."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from kapconsole.console.keys import Action
from kapconsole.console.lines import event_lines
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink
from kapconsole.console.palette import NIGHT, Palette
from kapconsole.console.places import unit_px
from kapconsole.console.sheets import KeysSheet, LineSheet, Sheet
from kapconsole.console.theme import SMALL, TEXT, Look, apply
from kapconsole.console.view import SessionView
from kapconsole.replay.jump import HINT, session_us
from kapconsole.replay.overview import Overview
from kapconsole.replay.player import Player
from kapconsole.session.timeline import Timeline
from kapconsole.session.words import clock_text

FRAME_MS = 33
FRAME_UNITS = 6.0
TITLE_UNITS = 34.0
OVERVIEW_UNITS = 168.0

ACTIONS = (
    Action("play", "Space", "play", "Play or pause"),
    Action("back", "←", "10 s", "Back by 10 s; with Shift 1 s, with Ctrl 1 min"),
    Action("on", "→", "10 s", "On by 10 s; with Shift 1 s, with Ctrl 1 min"),
    Action("slower", "↓", "slower", "Play slower (also −)"),
    Action("faster", "↑", "faster", "Play faster, up to 60 times (also +)"),
    Action("previous", "P", "event", "Previous event (also Page Up)"),
    Action("next", "N", "event", "Next event (also Page Down)"),
    Action("goto", "G", "go to", "Go to a time"),
    Action("tall", "T", "taller", "Vitals fill the screen, and back"),
    Action("keys", "?", "all keys", "Show all keys"),
)
MORE_KEYS = (
    Action("home", "Home", "", "To the start"),
    Action("end", "End", "", "To the end"),
    Action("escape", "Esc", "", "Close a form"),
    Action("close", "Ctrl+W", "", "Close this window"),
)

_KEYS = {
    Qt.Key.Key_Space: "play",
    Qt.Key.Key_Up: "faster",
    Qt.Key.Key_Plus: "faster",
    Qt.Key.Key_Down: "slower",
    Qt.Key.Key_Minus: "slower",
    Qt.Key.Key_P: "previous",
    Qt.Key.Key_PageUp: "previous",
    Qt.Key.Key_N: "next",
    Qt.Key.Key_PageDown: "next",
    Qt.Key.Key_G: "goto",
    Qt.Key.Key_T: "tall",
    Qt.Key.Key_Question: "keys",
    Qt.Key.Key_Home: "home",
    Qt.Key.Key_End: "end",
}


def _monotonic_us() -> int:
    return time.monotonic_ns() // 1000


class ReplayWindow(QWidget):
    """A recorded session. Nothing in it can raise an alarm, move a device or write into the log."""

    def __init__(
        self,
        log_name: str,
        timeline: Timeline,
        badge: str = "",
        utc_origin_us: int | None = None,
        palette: Palette = NIGHT,
        clock_us: Callable[[], int] = _monotonic_us,
        frame_ms: int = FRAME_MS,
    ) -> None:
        """`badge`: words about the log's integrity. `utc_origin_us`: by default from the session's first event.

        `frame_ms`: 0 leaves `show_position` to the caller.
        """
        super().__init__()
        apply(palette)
        self.setWindowTitle(f"REPLAY · {log_name} · kapconsole")
        self.setAccessibleName(f"Replay of {log_name}")
        self.setAccessibleDescription(badge)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        session = timeline.state.session
        if utc_origin_us is None:
            utc_origin_us = session.utc_origin_us if session is not None else 0
        self.log_name, self.badge = log_name, badge
        self._timeline = timeline
        self._utc_origin_us = utc_origin_us
        self._shown: tuple[int, bool, int] | None = None
        lines = event_lines(timeline.events)
        self.player = Player(clock_us, timeline.end_us, [line.known_us for line in lines])
        self.view = SessionView(ACTIONS, palette, reference_height=1000 - OVERVIEW_UNITS - TITLE_UNITS, parent=self)
        self.overview = Overview(timeline, lines, self.view.look, self)
        self.view.acted.connect(self.act)
        self.overview.sought.connect(self.seek)
        self.resize(1280, 800)
        self.setMinimumSize(960, 640)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.show_position)
        self._timer.setInterval(frame_ms)
        self._paced = frame_ms > 0
        self.show_position()

    def set_badge(self, badge: str) -> None:
        """Show new words about the log's integrity."""
        self.badge = badge
        self.setAccessibleDescription(badge)
        self.update()

    def moment(self) -> Moment:
        """What is shown: the session exactly as it was at the position."""
        at_us = self.player.position_us
        return Moment(self._timeline.state_at(at_us), self._timeline, at_us, self._utc_origin_us, replay=True)

    def show_position(self) -> None:
        """Bring the picture to where the player stands; the timer runs only while it plays."""
        playing = self.player.playing
        if self._paced and playing != self._timer.isActive():
            if playing:
                self._timer.start()
            else:
                self._timer.stop()
        shown = (self.player.position_us, playing, self.player.speed)
        if shown == self._shown:
            return
        if self._shown is None or shown[1:] != self._shown[1:] or shown[0] // 1_000_000 != self._shown[0] // 1_000_000:
            self.update(self._title())
        self._shown = shown
        moment = self.moment()
        self.view.show_moment(moment)
        self.overview.show_moment(moment)

    def seek(self, at_us: int) -> None:
        """Stand at `at_us`."""
        self.player.jump(at_us)
        self.show_position()

    def act(self, name: str) -> None:
        """Do what a key or its cap stands for."""
        player = self.player
        match name:
            case "play":
                player.toggle()
            case "back":
                player.step(-10_000_000)
            case "on":
                player.step(10_000_000)
            case "faster":
                player.faster()
            case "slower":
                player.slower()
            case "next":
                if not player.next_stop():
                    self.view.say("no event after this")
            case "previous":
                if not player.previous_stop():
                    self.view.say("no event before this")
            case "home":
                player.jump(0)
            case "end":
                player.jump(player.end_us)
            case "tall":
                self.view.set_tall(not self.view.tall)
            case "goto":
                sheet = LineSheet("Go to a time", HINT, "Go", self.view.look)
                sheet.kept.connect(lambda: self._go(sheet))
                self._open(sheet)
            case "keys":
                keys = KeysSheet(self.view.look, (*ACTIONS, *MORE_KEYS))
                keys.kept.connect(self.close_sheet)
                self._open(keys)
        self.show_position()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = Qt.Key(event.key()), event.modifiers()
        control = bool(held & Qt.KeyboardModifier.ControlModifier)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            # Held down, the arrows go on: this is browsing, nothing is recorded.
            shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
            seconds = 60 if control else 1 if shift else 10
            self.player.step(seconds * (1_000_000 if key == Qt.Key.Key_Right else -1_000_000))
            self.show_position()
        elif key == Qt.Key.Key_Escape:
            self.close_sheet()
        elif control and key == Qt.Key.Key_W:
            self.close()
        elif key in _KEYS and not control and not event.isAutoRepeat():
            self.act(_KEYS[key])

    def close_sheet(self) -> None:
        """Close the form and give the keys back to the window."""
        self.view.close_sheet()
        self.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink = Ink(painter, self.view.look)
        look, palette = self.view.look, self.view.look.palette
        inside = QRectF(self.view.geometry())
        inside.setBottom(self.height() - inside.left())
        edge = inside.left() / 2
        ink.fill(QRectF(self.rect()), palette.accent)
        ink.fill(QRectF(self.rect()).adjusted(edge, edge, -edge, -edge), palette.accent_panel)
        ink.fill(inside, palette.background)
        title = QRectF(self._title())
        baseline = title.center().y() + look.metrics(TEXT).capHeight() / 2
        width = look.width("REPLAY", TEXT, True) + look.px(36)
        ink.fill(QRectF(0, 0, width, title.height()), palette.accent)
        ink.text(look.px(18), baseline, "REPLAY", TEXT, palette.background, True)
        x = width + look.px(18)
        going = f"playing {self.player.speed}×" if self.player.playing else f"standing · {self.player.speed}×"
        position = f"{clock_text(self.player.position_us)} of {clock_text(self.player.end_us)}"
        x += ink.text(x, baseline, f"{going} · {position}", TEXT, palette.text) + look.px(18)
        words = " · ".join(part for part in (self.log_name, self.badge) if part)
        room = title.right() - look.px(18) - x
        cut = look.metrics(SMALL).elidedText(words, Qt.TextElideMode.ElideMiddle, room)
        ink.text(title.right() - look.px(18), baseline, cut, SMALL, palette.text, side=RIGHT)
        painter.end()

    def _title(self) -> QRect:
        return QRect(0, 0, self.width(), round(self.view.look.px(TITLE_UNITS)))

    def _arrange(self) -> None:
        unit = unit_px(self.width(), self.height())
        frame = max(3, round(FRAME_UNITS * unit))
        title, under = max(22, round(TITLE_UNITS * unit)), round(OVERVIEW_UNITS * unit)
        width, height = self.width() - 2 * frame, self.height() - title - frame
        self.view.setGeometry(frame, title, width, height - under)
        edge, gap = round(24 * unit), round(10 * unit)
        self.overview.setGeometry(frame + edge, title + height - under, width - 2 * edge, under - gap)
        self.overview.set_look(Look(self.view.look.palette, self.view.look.unit, self.logicalDpiY()))
        self._shown = None
        self.show_position()

    def _open(self, sheet: Sheet) -> None:
        sheet.left.connect(self.close_sheet)
        self.view.open_sheet(sheet)

    def _go(self, sheet: LineSheet) -> None:
        try:
            at_us = session_us(sheet.text(), self._utc_origin_us, self._timeline.state.dose_us, self.player.end_us)
        except ValueError as trouble:
            sheet.wrong.setText(str(trouble))
            return
        self.close_sheet()
        self.seek(at_us)
