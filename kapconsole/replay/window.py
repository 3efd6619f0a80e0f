"""The supervisor's window: a recorded session in the console's view or in one picture, framed to say REPLAY."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from kapconsole.console.lines import event_lines
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink
from kapconsole.console.palette import NIGHT, Palette
from kapconsole.console.places import unit_px
from kapconsole.console.sheets import KeysSheet, LineSheet, Sheet
from kapconsole.console.theme import SMALL, TEXT, Look, apply
from kapconsole.console.view import SessionView
from kapconsole.replay.alarmsat import AlarmsAt
from kapconsole.replay.jump import HINT, session_us
from kapconsole.replay.keymap import EVERY_ACTION, PICTURE_ACTIONS, ROOM_ACTIONS, meaning
from kapconsole.replay.lanes import lanes, stops
from kapconsole.replay.overview import Overview
from kapconsole.replay.page import PicturePage
from kapconsole.replay.picture import Picture
from kapconsole.replay.player import Player
from kapconsole.replay.recordline import Record, RecordLine
from kapconsole.replay.span import STEP
from kapconsole.replay.study import Study
from kapconsole.replay.supervising import Supervising
from kapconsole.session.timeline import Timeline
from kapconsole.session.words import clock_text, stamp_text

FRAME_MS = 33
FRAME_UNITS = 6.0
TITLE_UNITS = 34.0
RECORD_UNITS = 30.0
OVERVIEW_UNITS = 130.0

JUMPS = {"alarm": "Alarms", "note": "Notes", "phase": "Phases", "set": "Sets"}
"""Which lane each jump goes along; "event" goes along everything in the list."""


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
        study: Study | None = None,
    ) -> None:
        """`badge`: words about the log's integrity. `utc_origin_us`: by default from the session's first event.

        `frame_ms`: 0 leaves `show_position` to the caller. `study`: the file behind it; None where there is none.
        """
        super().__init__()
        apply(palette)
        self.setWindowTitle(f"REPLAY · {log_name} · kapconsole")
        self.setAccessibleName(f"Replay of {log_name}")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        session = timeline.state.session
        if utc_origin_us is None:
            utc_origin_us = session.utc_origin_us if session is not None else 0
        self.log_name, self.badge = log_name, badge
        self._look = Look(palette)
        self.timeline = timeline
        self.utc_origin_us = utc_origin_us
        self._alarms_at = AlarmsAt(timeline.events)
        self._shown: tuple[object, ...] | None = None
        self._title_second = -1
        lines = event_lines(timeline.events)
        self.lanes = lanes(timeline)
        self._stops = stops(self.lanes)
        self.player = Player(clock_us, timeline.end_us, [line.known_us for line in lines])
        above = OVERVIEW_UNITS + TITLE_UNITS + RECORD_UNITS
        self.view = SessionView(ROOM_ACTIONS, palette, reference_height=1000 - above, parent=self)
        look = self._look
        self.overview = Overview(timeline, lines, look, self, self.lanes[0].spans)
        self.record = RecordLine(look)
        self.record.setParent(self)
        self.picture = Picture(log_name, timeline, self.lanes, look, self)
        self.page = PicturePage(PICTURE_ACTIONS, self.picture, look, self)
        self.page.hide()
        self.supervising = Supervising(self, lines, study)
        self.view.acted.connect(self.act)
        self.page.acted.connect(self.act)
        self.overview.sought.connect(self.seek)
        self.picture.sought.connect(self.seek)
        self.picture.spanned.connect(self.overview_span)
        self.record.opened.connect(lambda: self.act("record"))
        self.supervising.put_comments()
        self.set_badge(badge)
        self.resize(1280, 800)
        self.setMinimumSize(960, 640)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.show_position)
        self._timer.setInterval(frame_ms)
        self._paced = frame_ms > 0
        self.show_position()

    @property
    def pictured(self) -> bool:
        """True while the picture is shown in place of the room."""
        return not self.page.isHidden()

    @property
    def host(self) -> SessionView | PicturePage:
        """Where forms open."""
        return self.page if self.pictured else self.view

    @property
    def sheet(self) -> Sheet | None:
        """The open form."""
        return self.host.sheet

    def set_badge(self, badge: str, wrong: bool = False) -> None:
        """Show new words about the log's integrity; `wrong`: it is not what was written."""
        self.badge = badge
        self.setAccessibleDescription(badge)
        self.supervising.put_record(badge, wrong)

    def put_record(self, record: Record) -> None:
        """What the fixed line says."""
        self.record.put(record)

    def moment(self) -> Moment:
        """What is shown: the session exactly as it was at the position."""
        at_us = self.player.position_us
        return Moment(
            self.timeline.state_at(at_us),
            self.timeline,
            at_us,
            self.utc_origin_us,
            replay=True,
            alarms=self._alarms_at.status(at_us),
        )

    def time_text(self, at_us: int) -> str:
        """A moment as people type it: since the dose where there is one, else since the start."""
        dose_us = self.timeline.state.dose_us
        if dose_us is None:
            return f"S+{stamp_text(at_us)}"
        sign = "+" if at_us >= dose_us else "−"
        return f"T{sign}{stamp_text(abs(at_us - dose_us))}"

    def understand(self, words: str) -> int:
        """The moment that a person typed. Raises ValueError."""
        return session_us(words, self.utc_origin_us, self.timeline.state.dose_us, self.player.end_us)

    def show_position(self) -> None:
        """Bring the picture to where the player stands; the timer runs only while it plays."""
        playing = self.player.playing
        if self._paced and playing != self._timer.isActive():
            if playing:
                self._timer.start()
            else:
                self._timer.stop()
        shown = (self.player.position_us, playing, self.player.speed, self.pictured)
        if shown == self._shown:
            return
        second = self.player.position_us // 1_000_000
        if self._shown is None or shown[1:] != self._shown[1:] or second != self._title_second:
            self.update(self._title())
        self._shown, self._title_second = shown, second
        moment = self.moment()
        if self.pictured:
            self.picture.show_span(self.picture.span.showing(moment.now_us, self.picture.whole))
            self.page.show_moments(self.supervising.moments(moment))
        else:
            self.view.show_moment(moment)
        self.overview.show_moment(moment)
        self.record.show_moment(moment)

    def show_again(self) -> None:
        """Look at everything again."""
        self._shown = None
        self.show_position()

    def seek(self, at_us: int) -> None:
        """Stand at `at_us`."""
        self.player.jump(at_us)
        self.show_position()

    def show_picture(self, shown: bool) -> None:
        """The picture, or the room. An open form is closed: it belongs to what is left."""
        if shown == self.pictured:
            return
        self.close_sheet()
        self.page.setVisible(shown)
        self.view.setVisible(not shown)
        self.overview_span()
        self.setFocus()
        self.show_again()

    def overview_span(self) -> None:
        """Mark in the time line which part the picture shows."""
        whole = self.picture.span == self.picture.whole
        self.overview.show_span(self.picture.span if self.pictured and not whole else None)
        self.supervising.follow_span()

    def put_lanes(self) -> None:
        """Comments or a second track came: draw the lanes with them."""
        self.picture.show_lanes(self.supervising.lanes(self.lanes))

    def say(self, words: str) -> None:
        """A quiet line for some seconds."""
        self.host.say(words)

    def act(self, name: str) -> None:
        """Do what a key or its cap stands for."""
        player = self.player
        if name[:-1] in (*JUMPS, "event", "found") and name[-1] in "+-":
            self._jump(name[:-1], name[-1] == "+")
        elif not self.supervising.act(name):
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
                case "home":
                    player.jump(0)
                case "end":
                    player.jump(player.end_us)
                case "tall":
                    self.view.set_tall(not self.view.tall)
                case "picture":
                    self.show_picture(not self.pictured)
                case "zoom-in" | "zoom-out":
                    self.show_picture(True)
                    self.picture.zoom(1 / STEP if name == "zoom-in" else STEP, player.position_us)
                case "all":
                    self.picture.show_span(self.picture.whole)
                case "goto":
                    sheet = LineSheet("Go to a time", HINT, "Go", self.host.look)
                    sheet.kept.connect(lambda: self._go(sheet))
                    self.open_sheet(sheet)
                case "keys":
                    keys = KeysSheet(self.host.look, EVERY_ACTION)
                    keys.whole = True
                    keys.kept.connect(self.close_sheet)
                    self.open_sheet(keys)
        self.show_position()

    def _jump(self, kind: str, on: bool) -> None:
        stops_us = self.supervising.found_us if kind == "found" else self._stops.get(JUMPS.get(kind, ""), ())
        at_us = self.player.stop_beyond(stops_us, on)
        if kind == "found" and not stops_us:
            self.say("/ searches first; V then goes from place to place")
            return
        if kind == "event":
            moved = self.player.next_stop() if on else self.player.previous_stop()
        else:
            moved = at_us is not None
            if at_us is not None:
                self.player.jump(at_us)
        if not moved:
            what = "place" if kind == "found" else kind
            self.say(f"no {what} {'after' if on else 'before'} this")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, held = Qt.Key(event.key()), event.modifiers()
        # Ctrl and Alt together are AltGr on Windows: the way to [ and ] on many keyboards.
        control = held & Qt.KeyboardModifier.ControlModifier and not held & Qt.KeyboardModifier.AltModifier
        shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            # Held down, the arrows go on: this is browsing, nothing is recorded.
            seconds = 60 if control else 1 if shift else 10
            self.player.step(seconds * (1_000_000 if key == Qt.Key.Key_Right else -1_000_000))
            self.show_position()
        elif key == Qt.Key.Key_Escape:
            if self.sheet is None:
                self.picture.select(None)
            self.close_sheet()
        elif control and key == Qt.Key.Key_W:
            self.close()
        elif not control and (name := meaning(key, shift)) is not None:
            # Zooming and jumping go on while a key is held; everything else is meant once.
            if not event.isAutoRepeat() or name.startswith("zoom"):
                self.act(name)

    def open_sheet(self, sheet: Sheet) -> None:
        """Open a form where one belongs in this view."""
        sheet.left.connect(self.close_sheet)
        self.host.open_sheet(sheet)

    def close_sheet(self) -> None:
        """Close the form and give the keys back to the window."""
        self.view.close_sheet()
        self.page.close_sheet()
        self.setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._timer.stop()
        self.supervising.end()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        look, palette = self._look, self._look.palette
        ink = Ink(painter, look)
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
        room = title.right() - look.px(18) - x
        cut = look.metrics(SMALL).elidedText(self.log_name, Qt.TextElideMode.ElideMiddle, room)
        ink.text(title.right() - look.px(18), baseline, cut, SMALL, palette.text, side=RIGHT)
        painter.end()

    def _title(self) -> QRect:
        return QRect(0, 0, self.width(), round(self._look.px(TITLE_UNITS)))

    def _arrange(self) -> None:
        unit = unit_px(self.width(), self.height())
        frame = max(3, round(FRAME_UNITS * unit))
        title, line = max(22, round(TITLE_UNITS * unit)), max(20, round(RECORD_UNITS * unit))
        under = round(OVERVIEW_UNITS * unit)
        width, height = self.width() - 2 * frame, self.height() - title - line - frame
        self.record.setGeometry(frame, title, width, line)
        self.view.setGeometry(frame, title + line, width, height - under)
        self.page.setGeometry(frame, title + line, width, height - under)
        edge, gap = round(24 * unit), round(10 * unit)
        self.overview.setGeometry(frame + edge, title + line + height - under, width - 2 * edge, under - gap)
        # Not the view's: that is hidden and not laid out while the picture is shown.
        look = self._look = Look(self._look.palette, unit, self.logicalDpiY())
        self.overview.set_look(look)
        self.record.set_look(look)
        self.page.set_look(look)
        self.show_again()

    def _go(self, sheet: LineSheet) -> None:
        try:
            at_us = self.understand(sheet.text())
        except ValueError as trouble:
            sheet.wrong.setText(str(trouble))
            return
        self.close_sheet()
        self.seek(at_us)
