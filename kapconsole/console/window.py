"""The console's window: polls its feed, turns keys into commands with the moment they went down, opens the forms."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from kapconsole import commands as cm
from kapconsole.bilateral.wishes import StopSet
from kapconsole.clinical.engine import CONSOLE
from kapconsole.clock import local_time
from kapconsole.console.alarmdesk import HELP, AlarmDesk
from kapconsole.console.alarmlist import WAYS
from kapconsole.console.caredesk import CARE, CARE_KEYS, EMERGENCY, SESSION, CareDesk, Touches
from kapconsole.console.caresite import CareSite
from kapconsole.console.devicesheet import DevicesSheet
from kapconsole.console.flash import monotonic_us
from kapconsole.console.keys import Action
from kapconsole.console.moment import Moment
from kapconsole.console.paintlog import PaintLog
from kapconsole.console.palette import NIGHT, Palette
from kapconsole.console.roomdesk import MORE_ROOM_KEYS, RoomDesk
from kapconsole.console.sheets import DoseSheet, KeysSheet, NoteSheet, QuestionSheet, Sheet
from kapconsole.console.stationdesk import STATION_ACTIONS, Station, StationDesk
from kapconsole.console.strip import ACKNOWLEDGE, ALARMS, PAUSE
from kapconsole.console.theme import apply
from kapconsole.console.view import SessionView
from kapconsole.cues.light.wishes import HouseLight
from kapconsole.paths import config_dir, sessions_dir
from kapconsole.session.words import stamp_text
from kapconsole.wire import BytesSeen, CaptureStatus, CaptureWanted, LogStatus, WatchBytes

POLL_MS = 33
STAMP_EXPECTED_US = 5_000_000
"""Words whose stamp has not come back from the recorder after this are sent as a note of their own."""


ACTIONS = (
    Action("note", "N", "note", "Note: the time at once, words after"),
    Action("marks", "1–9", "mark", "Mark with one tap"),
    Action("cuff", "C", "cuff now", "Take one cuff reading"),
    Action("stop", "S", "stop cuff", "Deflate the cuff now"),
    Action("phase", "F", "next phase", "Enter the next phase"),
    Action("dose", "D", "dose", "Record a dose as given"),
    Action("devices", "V", "devices", "Devices: state, bytes, what feeds what"),
    EMERGENCY,
    SESSION,
    HELP,
    Action("tall", "T", "taller vitals", "Vitals fill the screen, and back"),
    Action("keys", "?", "all keys", "Show all keys"),
)
ROOM_LETTERS = ("R", "B")
"""Letters of the alarm list that steer music and stimulation in the window itself."""

WAYS_HERE = tuple(way for way in WAYS if way.key not in ROOM_LETTERS)
WAYS_IN_LIST = tuple(
    Action(way.id, f"{ALARMS.key}, {way.key}", way.words, way.name) for way in WAYS if way.key in ROOM_LETTERS
)
MORE_KEYS = (
    ACKNOWLEDGE,
    PAUSE,
    ALARMS,
    *WAYS_HERE,
    *WAYS_IN_LIST,
    *MORE_ROOM_KEYS,
    *(action for action in CARE if action not in (EMERGENCY, SESSION)),
    *STATION_ACTIONS,
    Action("escape", "Esc", "", "Stop: a running set, else the cuff; then close a form"),
    Action("help", "F1", "", "Call for help, also in a form and while words are typed"),
    Action("end", "F10", "", "End the session (asks first)"),
    Action("quit", "Q", "", "Close this window (asks first)"),
    Action("tab", "Tab", "", "Through keys and list; Enter words a note"),
)

_KEYS = {
    Qt.Key.Key_N: "note",
    Qt.Key.Key_C: "cuff",
    Qt.Key.Key_S: "stop",
    Qt.Key.Key_F: "phase",
    Qt.Key.Key_D: "dose",
    Qt.Key.Key_T: "tall",
    Qt.Key.Key_V: "devices",
    Qt.Key.Key_Question: "keys",
    Qt.Key.Key_F10: "end",
    Qt.Key.Key_Q: "quit",
    Qt.Key.Key_A: ACKNOWLEDGE.id,
    Qt.Key.Key_F2: ACKNOWLEDGE.id,
    Qt.Key.Key_P: PAUSE.id,
    Qt.Key.Key_F3: PAUSE.id,
    Qt.Key.Key_W: ALARMS.id,
    Qt.Key.Key_0: HELP.id,
    Qt.Key.Key_F1: HELP.id,
    **{Qt.Key(ord(way.key)): way.id for way in WAYS_HERE},
    Qt.Key.Key_M: "music-play",
    Qt.Key.Key_H: "music-hold",
    Qt.Key.Key_E: "music-ease",
    Qt.Key.Key_R: "music-resolve",
    Qt.Key.Key_Right: "music-onward",
    Qt.Key.Key_Minus: "softer",
    Qt.Key.Key_Plus: "louder",
    Qt.Key.Key_Equal: "louder",
    Qt.Key.Key_F5: "music",
    Qt.Key.Key_L: "light-house",
    Qt.Key.Key_Less: "light-back",
    Qt.Key.Key_Comma: "light-back",
    Qt.Key.Key_Greater: "light-go",
    Qt.Key.Key_Period: "light-go",
    Qt.Key.Key_X: "light-exam",
    Qt.Key.Key_F6: "light",
    Qt.Key.Key_Space: "set-start",
    Qt.Key.Key_B: "sets",
    Qt.Key.Key_Up: "rate-up",
    Qt.Key.Key_Down: "rate-down",
    Qt.Key.Key_Z: "mix",
    Qt.Key.Key_Insert: "listen",
    Qt.Key.Key_PageUp: "accept",
    Qt.Key.Key_PageDown: "reject",
    **CARE_KEYS,
}
_STOPS = (cm.CuffStop, StopSet, HouseLight)
"""What is tried whatever the state of the link: stops, and light."""


class Feed(Protocol):
    """Where the window's moments come from and its commands go to."""

    @property
    def log_status(self) -> LogStatus | None:
        """How much of the session is on disk, as last heard; None before."""
        ...

    def poll(self) -> bool:
        """Take in what has arrived, without waiting; True when something changed."""
        ...

    def moment(self) -> Moment:
        """What is to be shown now."""
        ...

    def send(self, body: cm.CommandBody) -> object:
        """Pass a wish to the recorder."""
        ...

    def tell(self, message: WatchBytes | CaptureWanted) -> None:
        """Ask the recorder about a device."""
        ...

    def heard(self) -> list[BytesSeen | CaptureStatus]:
        """What the recorder told of devices since the last call."""
        ...


class Words(NamedTuple):
    """Words of a note that wait until the recorder has told the number of their stamp."""

    at_us: int
    text: str
    since_us: int


class ConsoleWindow(QWidget):
    """The live window. It may close or crash and lose nothing: the session lives in the monitor process."""

    def __init__(
        self,
        feed: Feed,
        palette: Palette = NIGHT,
        poll_ms: int = POLL_MS,
        role: str = "nurse",
        clock_us: Callable[[], int] = monotonic_us,
        presets: Path | None = None,
        stop_key: str = "",
        site: CareSite | None = None,
        place: str = CONSOLE,
        station: Station | None = None,
    ) -> None:
        """`poll_ms`: 0 leaves polling to the caller. `role`: who sits here, of `alarms.wishes.ROLES`.

        `stop_key`: a further key that ends a set at once, as Qt names it ("PgDown"): for a foot pedal that types one.

        `clock_us`: the monotonic clock that alarms flash by. `presets`: the site's folder of alarm presets.
        `site`: what the clinic has set up. `place`: how the log calls this console, under which a role is taken here.
        `station`: what is known of this console as one that listens for a quiet room.
        """
        super().__init__()
        apply(palette)
        self.setWindowTitle("kapconsole")
        self.setAccessibleName("kapconsole")
        self._feed = feed
        self._role = role
        self._waiting: tuple[Words, ...] = ()
        self._leaving = False
        self.view = SessionView(ACTIONS, palette, parent=self, clock_us=clock_us, keyed=True)
        self.desk = AlarmDesk(self.view, feed.moment, self._send, self._open, self.close_sheet, role, presets)
        self.care = CareDesk(
            self.view,
            feed.moment,
            self._send,
            self._open,
            self.close_sheet,
            self.mark,
            site or CareSite(),
            place,
            sessions_dir,
            clock_us,
        )
        self._touches = Touches(self.care.touched, self)
        self.room = RoomDesk(self.view, feed.moment, self._send, self._open, self.close_sheet, config_dir())
        self.station = None if station is None else StationDesk(station, self._send, self.view.say)
        self._stop_keys = {Qt.Key.Key_F9, *named_keys(stop_key)}
        self.view.acted.connect(self.act)
        self.view.note_opened.connect(self.correct_note)
        self.view.notes.let_open()
        self.view.devices.let_open()
        self.view.devices.opened.connect(self.open_devices)
        self.view.music.opened.connect(lambda: self.act("music"))
        self.view.light.opened.connect(lambda: self.act("light"))
        self.view.stimulation.opened.connect(lambda: self.act("sets"))
        self.resize(1280, 800)
        self.setMinimumSize(960, 600)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.poll)
        self.poll()
        if poll_ms:
            self._timer.start(poll_ms)

    def poll(self) -> None:
        """Take in what arrived and show the present moment."""
        self._feed.poll()
        moment = self._feed.moment()
        self._send_waiting(moment)
        status = self._feed.log_status
        self.view.footer.on_disk = None if status is None else (status.size_bytes, status.committed_us)
        for said in self._feed.heard():
            if isinstance(self.view.sheet, DevicesSheet):
                self.view.sheet.take(said)
        self.view.show_moment(moment)
        self.desk.refresh(moment)
        self.room.refresh(moment)
        self.care.refresh(moment)
        held = self.care.acting
        self.desk.role = self._role if held is None else held.role
        self.view.keys.put_key(HELP.id, "F1" if self.room.rating else HELP.key)

    @property
    def paint_log(self) -> PaintLog:
        """What was painted when; `stuck_us` of it is what a watchdog in another thread asks."""
        return self.view.strip.log

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.view.setGeometry(self.rect())

    def showEvent(self, event: QShowEvent) -> None:
        # Keys that a form takes are keys at this console, too.
        if (handle := self.windowHandle()) is not None:
            handle.installEventFilter(self._touches)

    # -- keys -----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        held = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        if event.isAutoRepeat() or held:
            return
        self.care.touched()
        key, text = Qt.Key(event.key()), event.text()
        if key == Qt.Key.Key_Escape:
            self.escape()
        elif key in self._stop_keys:
            self.act("set-stop")
        elif self.room.rating and text and text in "0123456789":
            self.room.rate(int(text))
        elif self.room.rating and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.room.rate(10)
        elif key == Qt.Key.Key_Right and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.act("music-skip")
        elif key in _KEYS:
            self.act(_KEYS[key])
        elif text and text in "123456789":
            self.mark(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In a form, too: stops and the call for help wait for nothing."""
        if event.type() is not QEvent.Type.KeyPress or not isinstance(event, QKeyEvent) or event.isAutoRepeat():
            return False
        key = Qt.Key(event.key())
        if key == Qt.Key.Key_Escape:
            return self.stop_something()
        if key in self._stop_keys:
            self.act("set-stop")
        elif key == Qt.Key.Key_F1:
            self.act(HELP.id)
        else:
            return False
        return True

    def act(self, name: str) -> None:
        """Do what a key or its cap stands for, at this moment."""
        if self.care.act(name) or self.desk.act(name) or self.room.act(name):
            return
        if self.station is not None and self.station.act(name):
            return
        now_us = self._feed.moment().now_us
        match name:
            case "note":
                if self._send(cm.Note(at_us=now_us)):
                    self._open_note(NoteSheet(f"Note at {self._time(now_us)}", self.view.look, now_us))
            case "cuff":
                self._send(cm.CuffStart())
            case "stop":
                self._send(cm.CuffStop())
            case "phase":
                self._send(cm.Phase("next", at_us=now_us))
            case "dose":
                dose = DoseSheet(f"Dose given at {self._time(now_us)}", self.view.look, now_us)
                dose.kept.connect(lambda: self.care.keep_dose(dose))
                self._open(dose)
            case "tall":
                self.view.set_tall(not self.view.tall)
            case "devices":
                if isinstance(self.view.sheet, DevicesSheet):
                    self.close_sheet()
                else:
                    self.open_devices()
            case "keys":
                keys = KeysSheet(self.view.look, (*ACTIONS, *MORE_KEYS))
                keys.whole = True
                keys.kept.connect(self.close_sheet)
                self._open(keys)
            case "end":
                self._ask_end()
            case "quit":
                self._ask_quit()

    def mark(self, label: str, at_us: int | None = None) -> None:
        """Set a mark at `at_us`, or now."""
        at_us = self._feed.moment().now_us if at_us is None else at_us
        if self._send(cm.Mark(label, at_us=at_us)):
            self.view.say(self.care.marked(label, at_us))

    def escape(self) -> None:
        """End a running set; else deflate a cuff that is under way; else close the form; else leave a rating."""
        if self.stop_something():
            return
        if self.view.sheet is not None:
            self.close_sheet()
        else:
            self.room.leave_rating()

    def stop_something(self) -> bool:
        """End the running set, else the cuff. False when there is nothing to stop."""
        if self.room.stop_now():
            return True
        if self._feed.moment().state.cuff.doing not in ("requested", "inflating"):
            return False
        self._send(cm.CuffStop())
        return True

    def close_sheet(self) -> None:
        """Close the form and give the keys back to the window."""
        self.view.close_sheet()
        self.setFocus()

    # -- forms ----------------------------------------------------------------------------------------------------

    def open_devices(self) -> None:
        """Open the window of devices."""
        sheet = DevicesSheet(self.view.look, self._feed.moment())
        sheet.asked.connect(self._feed.tell)
        sheet.chosen.connect(self._send)
        self._open(sheet)
        sheet.begin()

    def correct_note(self, seq: int) -> None:
        """Open note number `seq` to give it words or to correct them."""
        note = next((note for note in self._feed.moment().state.notes if note.seq == seq), None)
        if note is not None:
            title = f"{'Correct note' if note.text else 'Note'} of {self._time(note.at_us)}"
            self._open_note(NoteSheet(title, self.view.look, note.at_us, note.seq, note.text))

    def _open(self, sheet: Sheet) -> None:
        sheet.alarm_keys = True
        sheet.left.connect(self.close_sheet)
        sheet.installEventFilter(self)
        self.view.open_sheet(sheet)

    def _open_note(self, sheet: NoteSheet) -> None:
        sheet.kept.connect(lambda: self._keep_note(sheet))
        self._open(sheet)

    def _keep_note(self, sheet: NoteSheet) -> None:
        text = sheet.text()
        if sheet.about is not None and text and text != sheet.before:
            self._send(cm.Note(text=text, at_us=sheet.at_us, about=sheet.about))
        elif sheet.about is None and text:
            self._waiting = (*self._waiting, Words(sheet.at_us, text, self._feed.moment().now_us))
            self._send_waiting(self._feed.moment())
        self.close_sheet()

    def _ask_end(self) -> None:
        words = "Recording stops and the log is closed. All windows of this session end."
        sheet = QuestionSheet("End the session?", words, "End session", self.view.look)
        sheet.kept.connect(self._end)
        self._open(sheet)

    def _end(self) -> None:
        self._send(cm.End())
        self.close_sheet()

    def _ask_quit(self) -> None:
        words = "The session goes on being recorded without it. To end the session, press F10."
        sheet = QuestionSheet("Close this window?", words, "Close window", self.view.look)
        sheet.kept.connect(self.leave)
        self._open(sheet)

    def leave(self) -> None:
        """Close without asking."""
        self._leaving = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        # The first try asks; asking again, or a session that is over, closes.
        asked = isinstance(self.view.sheet, QuestionSheet)
        state = self._feed.moment().state
        if self._leaving or asked or state.session is None or state.closed is not None:
            self._timer.stop()
            event.accept()
        else:
            event.ignore()
            self._ask_quit()

    # -- commands -------------------------------------------------------------------------------------------------

    def _send(self, body: cm.CommandBody) -> bool:
        """Pass a command on. False, and words in the footer, when nobody is there to take it."""
        linked = self._feed.moment().linked
        if not linked and not isinstance(body, _STOPS):
            self.view.say("not recorded: the recorder is not reachable")
            return False
        # A stop is tried whatever the state of the link.
        self._feed.send(body)
        return True

    def _send_waiting(self, moment: Moment) -> None:
        """Send words whose stamp has its number now. Words are never dropped: without a stamp they go as a new note."""
        if not self._waiting or not moment.linked:
            return
        kept = []
        for words in self._waiting:
            stamp = next((note.seq for note in reversed(moment.state.notes) if note.at_us == words.at_us), None)
            if stamp is not None:
                self._feed.send(cm.Note(text=words.text, at_us=words.at_us, about=stamp))
            elif moment.now_us - words.since_us > STAMP_EXPECTED_US:
                self._feed.send(cm.Note(text=words.text, at_us=words.at_us))
            else:
                kept.append(words)
        self._waiting = tuple(kept)

    def _time(self, at_us: int) -> str:
        """A moment as the clock face and, after a dose, as minutes since then."""
        moment = self._feed.moment()
        face = local_time(moment.utc_origin_us + at_us, seconds=True)
        dose_us = moment.state.dose_us
        return face if dose_us is None else f"{face} · T+ {stamp_text(at_us - dose_us)}"


def named_keys(name: str) -> set[Qt.Key]:
    """The key that a name of Qt means; none for an empty or unknown name."""
    wanted = QKeySequence(name)
    known = (key for key in Qt.Key if key is not Qt.Key.Key_unknown)
    return set() if wanted.isEmpty() else {key for key in known if QKeySequence(key) == wanted}
