"""All sessions in one window: found by a few letters, looked at by client, opened, taken out, copied, deleted."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QListWidgetItem, QWidget

from kapconsole.clinical.clients.entry import SessionEntry
from kapconsole.clinical.clients.index import Index, client_of
from kapconsole.console.keys import Action, KeyBar
from kapconsole.console.palette import NIGHT, Palette
from kapconsole.console.places import unit_px
from kapconsole.console.sheets import KeysSheet, Sheet
from kapconsole.console.theme import SMALL, TEXT, Look, apply, colour
from kapconsole.export.clientindex import SUFFIX
from kapconsole.export.taking import Progress, Taken, Wanted
from kapconsole.export.writing import ExportTrouble
from kapconsole.record.errors import LogError
from kapconsole.record.keys import WrongPassphraseError
from kapconsole.replay.clients.desk import Desk, PassphraseNeeded, Replay
from kapconsole.replay.clients.forms import EARLY, CopySheet, DeleteSheet, PassphraseSheet
from kapconsole.replay.clients.found import Shelf, day_of, day_text, file_name
from kapconsole.replay.clients.pane import ClientPane
from kapconsole.replay.commentlist import PinnedList
from kapconsole.replay.exporting import NAMELESS, Exporting, documents
from kapconsole.replay.sheets import TextSheet
from kapconsole.replay.work import Work

SIDE_UNITS, LINE_UNITS, KEYS_UNITS, FOOT_UNITS, EDGE_UNITS = 350.0, 50.0, 54.0, 34.0, 18.0
LOOK_AFTER_MS = 500
"""How often the replays that were opened are looked after."""

Result = TypeVar("Result")

OPEN = Action("open", "Enter", "open", "Open the chosen session in replay, in a window of its own")
SEARCH = Action("search", "/", "search", "Search: code, day, kind, drug, name of the file; in any order")
EXPORT = Action("export", "X", "export", "Export: PDF summary, CSV tables or EDF+ signals, with or without names")
COPY = Action("copy", "C", "copy", "A de-identified copy for supervision, as a session file")
DELETE = Action("delete", "D", "delete", "Delete a session for good, with a reason")
REFRESH = Action("refresh", "R", "look again", "Look for new sessions (also F5)")
UNREAD = Action("unread", "U", "not read", "Which files could not be read, and why")
KEYS = Action("keys", "?", "all keys", "Show all keys")
ACTIONS = (OPEN, SEARCH, EXPORT, COPY, DELETE, REFRESH, UNREAD, KEYS)
EVERY_ACTION = (
    *ACTIONS[:-1],
    Action("lists", "Tab", "", "From the search to the clients, to their sessions, and on; arrows choose"),
    Action("escape", "Esc", "", "Close a form; else empty the search"),
    Action("close", "Ctrl+W", "", "Close this window"),
    KEYS,
)
_KEYS = {
    Qt.Key.Key_Slash: "search",
    Qt.Key.Key_X: "export",
    Qt.Key.Key_C: "copy",
    Qt.Key.Key_D: "delete",
    Qt.Key.Key_R: "refresh",
    Qt.Key.Key_F5: "refresh",
    Qt.Key.Key_U: "unread",
    Qt.Key.Key_Question: "keys",
    Qt.Key.Key_Return: "open",
    Qt.Key.Key_Enter: "open",
}


class ClientsWindow(QWidget):
    """The sessions on `desk`. Nothing here writes into a session's file."""

    def __init__(self, desk: Desk, code: str = "", palette: Palette = NIGHT) -> None:
        """`code`: the client to show first."""
        super().__init__()
        apply(palette)
        self.setWindowTitle("Clients · kapconsole")
        self.setAccessibleName("Clients and their sessions")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.desk = desk
        self.look = Look(palette)
        self.shelf = Shelf(Index())
        self.sheet: Sheet | None = None
        self.work = Work(self)
        self.exporting = Exporting(self, self)
        self._codes: list[tuple[str, frozenset[str]]] = []
        self._wanted_code = code
        self._read = False
        self._replays: list[tuple[str, Replay]] = []
        self.line = QLineEdit(self)
        self.line.setAccessibleName("Search in clients and sessions")
        self.line.setPlaceholderText("search: code, day, kind, drug")
        self.line.setClearButtonEnabled(True)
        self.list = PinnedList(self)
        self.list.setAccessibleName("Clients, the one seen last first")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.count = QLabel(self)
        self.pane = ClientPane(self.look, desk.instruments)
        self.pane.setParent(self)
        self.bar = KeyBar(ACTIONS, self.look, self)
        self.foot = QLabel(self)
        self.foot.setAccessibleName("Said last")
        self.foot.setTextFormat(Qt.TextFormat.PlainText)
        self.line.textChanged.connect(lambda _words: self.search())
        self.list.currentRowChanged.connect(lambda _row: self._show_client())
        self.list.itemActivated.connect(lambda _item: self.pane.table.setFocus())
        self.pane.entered.connect(lambda: self.act("open"))
        self.bar.acted.connect(self.act)
        self._looking = QTimer(self)
        self._looking.setInterval(LOOK_AFTER_MS)
        self._looking.timeout.connect(self.look_after)
        self.resize(1280, 800)
        self.setMinimumSize(960, 640)
        self.pane.put(None, frozenset(), "reading the sessions")
        self.line.setFocus()
        self.refresh()

    # -- what is there --------------------------------------------------------------------------------------------

    def refresh(self, rebuild: bool = False) -> None:
        """Look at the folder again, beside the window."""

        def progress(done: int, total: int) -> None:
            self.work.tell(lambda: self.say(f"reading {done} of {total}"))

        self._do(lambda: self.desk.index(progress, rebuild), self._take)

    def _take(self, read: tuple[Index, list[str]]) -> None:
        index, said = read
        self.shelf = Shelf(index)
        self._read = True
        unread = len(index.unread)
        missing = f"{unread} {'file' if unread == 1 else 'files'} could not be read (U tells why)" if unread else ""
        self.say(" · ".join([*said, *([missing] if missing else [])]) or f"{len(index.entries)} sessions")
        self.search()

    def search(self) -> None:
        """Show the clients that the words in the line are of."""
        wanted = self._wanted_code or self.code()
        query = self.line.text()
        found = self.shelf.find(query)
        self._codes = [(one.line.code, one.files if query.strip() else frozenset()) for one in found]
        self.list.blockSignals(True)
        self.list.clear()
        for one in found:
            line = one.line
            doses = f"{line.sessions} {'session' if line.sessions == 1 else 'sessions'}"
            safety = "  !  SAFETY PROMPT OPEN" if line.safety_open else ""
            last = next(entry for entry in reversed(self.shelf.index.of(line.code)))
            words = f"{line.code}\n{doses} · {day_text(day_of(last))}, {line.last_kind}{safety}"
            self.list.addItem(QListWidgetItem(words))
        codes = [code.casefold() for code, _ in self._codes]
        place = codes.index(wanted.strip().casefold()) if wanted.strip().casefold() in codes else 0
        self.list.setCurrentRow(place if codes else -1)
        self.list.blockSignals(False)
        if self._read and self._wanted_code:
            if self._wanted_code.strip().casefold() not in codes:
                self.say(f"there is no session of {self._wanted_code!r}")
            self._wanted_code = ""
        sessions = sum(len(one.files) for one in found)
        self.count.setText(f"{len(found)} {'client' if len(found) == 1 else 'clients'}, {sessions} sessions")
        self._show_client()

    def code(self) -> str:
        """The chosen client's code; empty where none is."""
        row = self.list.currentRow()
        return self._codes[row][0] if 0 <= row < len(self._codes) else ""

    def _show_client(self) -> None:
        code = self.code()
        if not code:
            searching = bool(self.line.text().strip())
            words = "nothing holds these words" if searching else "no sessions yet"
            self.pane.put(None, frozenset(), words if self._read else "reading the sessions")
            return
        marked = self._codes[self.list.currentRow()][1]
        self.pane.put(self.desk.page(self.shelf.index, code), marked)

    # -- what a person does ---------------------------------------------------------------------------------------

    def act(self, name: str) -> None:
        """Do what a key or its cap stands for."""
        match name:
            case "search":
                self.line.setFocus()
                self.line.selectAll()
            case "refresh":
                self.refresh()
            case "keys":
                sheet = KeysSheet(self.look, EVERY_ACTION)
                sheet.kept.connect(self.close_sheet)
                self.open_sheet(sheet)
            case "unread":
                self._unread()
            case _:
                entry = self.pane.current()
                if entry is None:
                    self.say("choose a session first")
                    return
                {"open": self._open, "export": self._export, "copy": self._copy, "delete": self._delete}[name](entry)

    def _open(self, entry: SessionEntry) -> None:
        try:
            self._replays.append((file_name(entry.file), self.desk.open(Path(entry.file))))
        except OSError as fault:
            self.say(f"replay could not be started ({fault.strerror or fault})")
            return
        self._looking.start()
        self.say(f"{file_name(entry.file)} opens in its own window")

    def look_after(self) -> None:
        """Say why a replay went that failed."""
        still = []
        for name, replay in self._replays:
            trouble = replay.trouble()
            if trouble is None:
                still.append((name, replay))
            elif trouble:
                self.say(f"{name}: {trouble.removeprefix('kapconsole: ')}")
        self._replays = still
        if not still:
            self._looking.stop()

    def _export(self, entry: SessionEntry) -> None:
        log = Path(entry.file)

        def take(wanted: Wanted, progress: Progress) -> Taken:
            return self.desk.export(log, wanted, progress)

        self.exporting.ask(self.look, log.stem, take, lambda: None)

    def _copy(self, entry: SessionEntry) -> None:
        sheet = CopySheet(self.look, documents() / f"{NAMELESS}{SUFFIX}")

        def kept() -> None:
            target = sheet.target()
            self._from(
                sheet,
                lambda: self.desk.copy(Path(entry.file), target),
                lambda code: f"supervision copy {code}: {target}",
            )

        sheet.kept.connect(kept)
        self.open_sheet(sheet)

    def _delete(self, entry: SessionEntry) -> None:
        name = file_name(entry.file)
        sheet = DeleteSheet(self.look, name, f"{client_of(entry)}, {day_text(day_of(entry))}, {entry.kind}: {name}")

        def kept() -> None:
            reason, early = sheet.reason.text().strip(), sheet.early.isChecked()

            def done(_nothing: None) -> str:
                self.refresh()
                return f"{name} is deleted; who did it, when and why is kept"

            self._from(sheet, lambda: self.desk.delete(Path(entry.file), reason, early), done)

        sheet.kept.connect(kept)
        self.open_sheet(sheet)

    def _unread(self) -> None:
        unread = self.shelf.index.unread
        words = "\n\n".join(f"{held.file}\n{held.why}" for held in unread) or "every session could be read"
        self.open_sheet(TextSheet("Files that could not be read", words, self.look))

    def _from(self, sheet: Sheet, job: Callable[[], Result], done: Callable[[Result], str]) -> None:
        """Do what a form asks for; it closes when that is done, and stays with words when it failed."""
        sheet.keep_button.setEnabled(False)
        sheet.wrong.setText("at it")

        def finished(result: Result) -> None:
            if self.sheet is sheet:
                self.close_sheet()
            self.say(done(result))

        def failed(fault: Exception) -> None:
            words = _words(fault)
            if self.sheet is sheet:
                sheet.keep_button.setEnabled(True)
                sheet.wrong.setText(words)
            else:
                self.say(words)

        self.work.do(job, finished, failed)

    def _do(self, job: Callable[[], Result], done: Callable[[Result], None]) -> None:
        """Do it beside the window; ask for the passphrase where it is needed, and do it again."""

        def failed(fault: Exception) -> None:
            if not isinstance(fault, PassphraseNeeded | WrongPassphraseError):
                self.say(_words(fault))
                return
            sheet = PassphraseSheet(self.look, str(fault))

            def kept() -> None:
                self.desk.given = sheet.line.text()
                self.close_sheet()
                self._do(job, done)

            sheet.kept.connect(kept)
            self.open_sheet(sheet)

        self.work.do(job, done, failed)

    # -- the window -----------------------------------------------------------------------------------------------

    def say(self, words: str) -> None:
        """A line at the foot, until the next one."""
        self.foot.setText(words)
        self.foot.setToolTip(words)
        self.foot.setAccessibleDescription(words)

    def open_sheet(self, sheet: Sheet) -> None:
        """Show a form over the lower part of the client's page; an open one is closed."""
        self.close_sheet()
        self.sheet = sheet
        sheet.left.connect(self.close_sheet)
        sheet.setParent(self)
        sheet.set_look(self.look)
        self._place_sheet()
        sheet.show()
        sheet.raise_()
        sheet.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)

    def close_sheet(self) -> None:
        """Close the form and go back to the sessions."""
        if self.sheet is None:
            return
        sheet, self.sheet = self.sheet, None
        sheet.leave()
        sheet.hide()
        sheet.deleteLater()
        (self.pane.table if self.pane.table.isVisibleTo(self) else self.line).setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier
        if control and key == Qt.Key.Key_W:
            self.close()
        elif key == Qt.Key.Key_Escape:
            self.line.clear()
            self.line.setFocus()
        elif self.line.hasFocus() and key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(min(self.list.count() - 1, max(0, self.list.currentRow() + step)))
        elif self.line.hasFocus() and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.pane.table.setFocus()
        elif not control and key in _KEYS and not event.isAutoRepeat():
            self.act(_KEYS[key])

    def closeEvent(self, event: QCloseEvent) -> None:
        self._looking.stop()
        if self.sheet is not None:
            self.sheet.leave()
        self.work.end()
        self.exporting.end()
        event.accept()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), colour(self.look.palette.background))
        painter.end()

    def _arrange(self) -> None:
        look = self.look = Look(self.look.palette, unit_px(self.width(), self.height()), self.logicalDpiY())
        px, palette = look.px, look.palette
        edge, gap = round(px(EDGE_UNITS)), round(px(8))
        foot, keys = round(px(FOOT_UNITS)), max(round(px(KEYS_UNITS)), look.touch + round(px(8)))
        side, line = round(px(SIDE_UNITS)), max(round(px(LINE_UNITS)), look.touch)
        bottom = self.height() - foot - keys - gap
        text, quiet = look.font(TEXT).pixelSize(), look.font(SMALL).pixelSize()
        self.line.setGeometry(edge, edge, side, line)
        count = round(look.metrics(SMALL).height() + px(8))
        self.list.setGeometry(edge, edge + line + gap, side, bottom - edge - line - 2 * gap - count)
        self.count.setGeometry(edge, bottom - count, side, count)
        left = edge + side + gap
        self.pane.setGeometry(left, edge - gap, self.width() - left - edge, bottom - edge + gap)
        self.bar.setGeometry(edge, bottom + gap // 2, self.width() - 2 * edge, keys)
        self.foot.setGeometry(edge, self.height() - foot, self.width() - 2 * edge, foot)
        self.line.setStyleSheet(
            f"QLineEdit {{ background: {palette.panel}; color: {palette.text}; font-size: {text}px;"
            f" border: 1px solid {palette.faint}; border-radius: {round(px(6))}px; padding: 0 {round(px(10))}px; }}"
            f"QLineEdit:focus {{ border: 2px solid {palette.accent}; }}"
        )
        self.list.setStyleSheet(
            f"QListWidget {{ background: {palette.panel}; color: {palette.text}; border: 1px solid {palette.line};"
            f" border-radius: {round(px(6))}px; font-size: {text}px; outline: 0; }}"
            f"QListWidget:focus {{ border: 2px solid {palette.accent}; }}"
            f"QListWidget::item {{ padding: {round(px(7))}px {round(px(10))}px; border: 0; }}"
            f"QListWidget::item:selected {{ background: {palette.accent_panel}; color: {palette.text}; }}"
        )
        for label in (self.count, self.foot):
            label.setStyleSheet(f"QLabel {{ color: {palette.secondary}; font-size: {quiet}px; }}")
        self.bar.set_look(look)
        self.pane.set_look(look)
        if self.sheet is not None:
            self.sheet.set_look(look)
            self._place_sheet()

    def _place_sheet(self) -> None:
        if self.sheet is None:
            return
        self.sheet.ensurePolished()
        room = self.pane.geometry()
        tall = room.height() if self.sheet.whole else min(room.height(), self.sheet.sizeHint().height())
        self.sheet.setGeometry(room.left(), room.bottom() + 1 - tall, room.width(), tall)


def _words(fault: Exception) -> str:
    if isinstance(fault, LogError | ExportTrouble | PassphraseNeeded):
        return str(fault).replace("--early", f"“{EARLY}”")
    if isinstance(fault, OSError) and fault.errno == errno.ENOENT:
        return f"it is not there any more ({fault.filename})"
    return f"failed: {fault}"
