"""The editor of the room's cue list: cues and their levels, fades and triggers, played without lamps, and saved."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from kapconsole.console import cuedraft as cd
from kapconsole.console.cuedraft import CueDraft, Draft, DraftError
from kapconsole.console.cueplot import CuePlot
from kapconsole.console.cuesheet import ends
from kapconsole.console.keys import Action
from kapconsole.console.moment import Moment
from kapconsole.console.rowsheet import Row, RowSheet
from kapconsole.console.sheets import button
from kapconsole.console.theme import SMALL, TEXT, Look
from kapconsole.cues.light.setup import Setup
from kapconsole.cues.light.sheet import EVERY, CueSheet
from kapconsole.cues.light.simulate import Simulation, simulate, zones_of
from kapconsole.session.phases import PHASES
from kapconsole.session.words import stamp_text

LONGEST_S = 6 * 3600.0
"""A longer list is not played here: it would keep a processor busy beside the session."""

KEPT_CHANGES = 500
SAID_LINES = 3
NEXT_SESSION = "it takes effect with the next session"
EDIT_WAYS = (
    Action("new", "N", "new after", "A new cue after this one"),
    Action("delete", "X", "delete", "Delete this cue"),
    Action("up", "U", "move up", "This cue one place up"),
    Action("down", "D", "move down", "This cue one place down"),
    Action("undo", "Z", "undo", "Take the last change back"),
    Action("saved", "V", "as saved", "All cues as they were saved; undo brings the changes back"),
    Action("simulate", "S", "simulate", "Play the list without lamps"),
)


class Chooser(QPushButton):
    """One of a list, by arrows, Space or taps: the left third goes back. `turned` carries the choice."""

    turned = Signal(str)

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.name = name
        self.choices: tuple[str, ...] = ("",)
        self.choice = ""
        self._side = 1
        self.clicked.connect(self._clicked)
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def put(self, choices: Sequence[str], choice: str) -> None:
        """Show `choice`."""
        self.choices, self.choice = tuple(choices), choice
        words = f"with {choice}" if choice else "not by itself"
        self.setText(f"◂  {words}  ▸")
        self.setAccessibleName(f"{self.name}: {words}")

    def step(self, by: int) -> None:
        """So many choices on; after the last comes the first."""
        at = self.choices.index(self.choice) if self.choice in self.choices else 0
        self.put(self.choices, self.choices[(at + by) % len(self.choices)])
        self.turned.emit(self.choice)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Up: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Down: 1}
        key = Qt.Key(event.key())
        if key in step:
            self.step(step[key])
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._side = -1 if event.position().x() < self.width() / 3 else 1
        super().mousePressEvent(event)

    def _clicked(self) -> None:
        side, self._side = self._side, 1
        self.step(side)


class Fields(QScrollArea):
    """Scrolls with the focus; Page Up and Page Down are left to the form, which turns to another cue."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()


class CueEditor(RowSheet):
    """`sheet`: as it is saved; `draft`: what was edited before and not saved. `setup`: the room, None: not known.

    `kept` asks for saving what `edited()` gives; `put_by` carries a draft that was left without being saved.
    """

    put_by = Signal(object)

    def __init__(
        self,
        look: Look,
        sheet: CueSheet,
        setup: Setup | None,
        segments: Sequence[str],
        draft: Draft | None = None,
        notice: str = "",
    ) -> None:
        self.sheet, self.setup, self.segments, self.notice = sheet, setup, segments, notice
        self.saved = cd.drafted(sheet)
        self.draft = self.saved if draft is None else draft
        self.done = False
        self.played: Simulation | None = None
        self._before: list[tuple[str, Draft, int]] = []
        self._filling = False
        self._playing: Future[Simulation] | None = None
        self._played_sheet: CueSheet | None = None
        super().__init__(f"Light cues, to be edited: {sheet.name}", "Save", look, EDIT_WAYS)
        self.leave_button.setText("Leave · Esc")
        self.leave_button.setAccessibleName("Leave; what is not saved is kept as a draft (Esc)")
        self.list.doubleClicked.disconnect()
        self.list.doubleClicked.connect(lambda _index: self.label.setFocus())
        self._build()
        self.asked.connect(self._way)
        self._show(0)

    # -- the form -------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        item = self.body.itemAt(1)
        middle = None if item is None else item.layout()
        assert isinstance(middle, QHBoxLayout)
        middle.setStretch(0, 2)
        middle.setStretch(1, 3)
        self.pages = QStackedWidget()
        self.side.insertWidget(0, self.pages, 100)
        self.side.setStretch(1, 0)
        self.said.setAccessibleName("What is to be known of the list")
        self.said.setObjectName("strong")
        self.form = QWidget()
        rows = QVBoxLayout(self.form)
        rows.setContentsMargins(0, 0, 0, 0)
        self.edits: dict[str, QLineEdit] = {}
        rows.addLayout(self._pairs((("id", "id", "Id"), ("label", "label", "Label"))))
        self.label = self.edits["label"]
        rows.addLayout(self._zones())
        rows.addLayout(
            self._pairs((("up", "fade up, s", "Fade up, seconds"), ("down", "down, s", "Fade down, seconds")))
        )
        rows.addLayout(
            self._pairs(
                (
                    ("follow", "next cue after, s", "Next cue this many seconds after this one began"),
                    ("hang", "or after its end, s", "Next cue this many seconds after this one's fades ended"),
                )
            )
        )
        self.trigger = Chooser("This cue comes", self.form)
        self.trigger.turned.connect(lambda choice: self._changed("trigger", trigger=choice))
        by = QHBoxLayout()
        by.addWidget(QLabel("comes by itself"))
        by.addWidget(self.trigger, 1)
        rows.addLayout(by)
        self.hold, self.dark = button("", self.form), button("", self.form)
        for made, field in ((self.hold, "hold"), (self.dark, "dark_ok")):
            made.setCheckable(True)
            made.setObjectName("way")
            made.toggled.connect(lambda on, field=field: self._switched(field, on))
            rows.addWidget(made)
        rows.addStretch(1)
        self.area = _scrolled(Fields(), self.form, "Fields of the cue")
        self.area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.pages.addWidget(self.area)
        page = QWidget()
        self.plot = CuePlot(self.look, page)
        self.warnings = QLabel("")
        self.warnings.setWordWrap(True)
        self.warnings.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.warnings.setAccessibleName("What was found")
        below = QVBoxLayout(page)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.plot, 3)
        below.addWidget(_scrolled(QScrollArea(), self.warnings, "What was found, to be scrolled with the arrows"), 2)
        self.pages.addWidget(page)
        order = [self.list, *self.edits.values(), self.trigger, self.hold, self.dark, *self.buttons.values()]
        order += [self.leave_button, self.keep_button]
        for one, other in zip(order, order[1:], strict=False):
            QWidget.setTabOrder(one, other)
        self.set_look(self.look)

    def _edit(self, key: str, name: str) -> QLineEdit:
        edit = QLineEdit()
        edit.setAccessibleName(name)
        edit.textEdited.connect(lambda words: self._typed(key, words))
        self.edits[key] = edit
        return edit

    def _pairs(self, fields: Sequence[tuple[str, str, str]]) -> QHBoxLayout:
        row = QHBoxLayout()
        for key, words, name in fields:
            label = QLabel(words)
            edit = self._edit(key, name)
            label.setBuddy(edit)
            row.addWidget(label)
            row.addWidget(edit, 2 if key == "label" else 1)
        return row

    def _zones(self) -> QGridLayout:
        grid = QGridLayout()
        for column, words in ((0, "zone"), (1, "level, %"), (2, "colour, K")):
            head = QLabel(words)
            head.setObjectName("small")
            grid.addWidget(head, 0, column)
        for row, zone in enumerate(cd.zones((*self.saved, *self.draft), self.setup), 1):
            name = self._zone(zone)
            grid.addWidget(QLabel(name), row, 0)
            grid.addWidget(self._edit(f"level {zone}", f"Level of {name}, perceived percent"), row, 1)
            grid.addWidget(self._edit(f"kelvin {zone}", f"Colour temperature of {name}, kelvin"), row, 2)
        for column in (0, 1, 2):
            grid.setColumnStretch(column, 1)
        return grid

    def _zone(self, zone: str) -> str:
        if zone == EVERY:
            return "all other zones"
        if self.setup is None:
            return zone
        return self.setup.label(zone) if zone in self.setup.zone else f"{zone} (not in this room)"

    # -- the list -------------------------------------------------------------------------------------------------

    @property
    def at(self) -> int:
        """The place of the chosen cue; -1 when there is none."""
        index = self.list.currentIndex()
        return index.row() if index.isValid() and index.row() < len(self.draft) else -1

    @property
    def changed(self) -> bool:
        """True while something stands here that is not saved."""
        return self.draft != self.saved and not self.done

    def edited(self) -> CueSheet:
        """What is to be saved. Raises DraftError."""
        return cd.judged(self.draft, self.sheet)

    def _show(self, at: int) -> None:
        """The cues as they are now, standing on `at`."""
        rows = [Row(str(number), cue.name, self._right(cue)) for number, cue in enumerate(self.draft)]
        self.put(rows)
        if rows:
            self.list.setCurrentIndex(self.model.index(max(0, min(at, len(rows) - 1))))
        self.turned()

    def _right(self, cue: CueDraft) -> str:
        level = cue.levels.get(EVERY, "") or next((words for words in cue.levels.values() if words.strip()), "")
        words = [f"{level} %"] if level else []
        return " · ".join([*words, *([cue.trigger] if cue.trigger else [])])

    def turned(self) -> None:
        if not hasattr(self, "plot"):
            return  # the list is there before the form
        at = self.at
        self.form.setEnabled(at >= 0)
        if at >= 0:
            self._fill(self.draft[at])
            self.plot.chosen = self.draft[at].id.strip()
            self.plot.update()
        self._judge()

    def _fill(self, cue: CueDraft) -> None:
        self._filling = True
        for key, edit in self.edits.items():
            kind, _, zone = key.partition(" ")
            words = {"level": cue.levels, "kelvin": cue.kelvins}[kind].get(zone, "") if zone else getattr(cue, key)
            if edit.text() != words:
                edit.setText(words)
        self.trigger.put(cd.triggers((*self.saved, *self.draft), PHASES, self.segments), cue.trigger)
        self.hold.setChecked(cue.hold)
        self.dark.setChecked(cue.dark_ok)
        self.hold.setText(f"only a person leaves this cue: {_yes(cue.hold)}")
        self.dark.setText(f"may go below the staff's 5 %, once confirmed: {_yes(cue.dark_ok)}")
        for made in (self.hold, self.dark):
            made.setAccessibleName(made.text())
        self._filling = False

    def _judge(self) -> None:
        """Say at once what is wrong, where, and what has not been saved."""
        lines = [self.notice] if self.notice else []
        try:
            self.edited()
        except DraftError as trouble:
            lines.append(f"△ to be mended: {trouble}")
        if self.changed:
            lines.append(f"changed, not saved. Once saved, {NEXT_SESSION}")
        else:
            lines.append(f"version {self.sheet.version}, as saved")
        self.said.setText("\n".join(lines))

    # -- changes --------------------------------------------------------------------------------------------------

    def _typed(self, key: str, words: str) -> None:
        if self.at < 0:
            return
        kind, _, zone = key.partition(" ")
        if not zone:
            self._changed(key, **{key: words})
            return
        field = {"level": "levels", "kelvin": "kelvins"}[kind]
        held: dict[str, str] = {**getattr(self.draft[self.at], field), zone: words}
        self._changed(key, **{field: {name: said for name, said in held.items() if said}})

    def _switched(self, field: str, on: bool) -> None:
        self._changed(field, **{field: on})

    def _changed(self, what: str, **fields: object) -> None:
        at = self.at
        if self._filling or at < 0:
            return
        cue = msgspec.structs.replace(self.draft[at], **fields)
        self._become((*self.draft[:at], cue, *self.draft[at + 1 :]), at, f"{at} {what}")

    def _become(self, draft: Draft, at: int, what: str = "") -> None:
        """`what`: changes of one field that follow each other are taken back as one."""
        if draft == self.draft:
            return
        if not what or not self._before or self._before[-1][0] != what:
            self._before = [*self._before[-KEPT_CHANGES:], (what, self.draft, self.at)]
        self.draft = draft
        self.wrong.setText("")
        self._form()
        self._show(at)

    def _form(self) -> None:
        """Back from the curve to the fields: it shows what is no longer there."""
        self.pages.setCurrentIndex(0)
        self._playing = None

    def _way(self, name: str) -> None:
        at = self.at
        if name == "new":
            self._become(cd.added(self.draft, at), at + 1)
        elif name == "delete" and at >= 0:
            self._become(cd.removed(self.draft, at), at)
        elif name in ("up", "down") and at >= 0:
            step = -1 if name == "up" else 1
            self._become(cd.moved(self.draft, at, step), at + step)
        elif name == "saved":
            self._become(self.saved, at)
        elif name == "undo" and self._before:
            _, self.draft, at = self._before.pop()
            self._form()
            self._show(at)
        elif name == "undo":
            self.wrong.setText("nothing to take back")
        elif name == "simulate":
            self._simulate()

    # -- without lamps --------------------------------------------------------------------------------------------

    def _simulate(self) -> None:
        if self.pages.currentIndex() == 1:
            self._form()
            return
        try:
            sheet = self.edited()
        except DraftError as trouble:
            self.wrong.setText("to be mended before it can be played")
            self._stand_on(trouble.cue)
            return
        self.plot.show_simulation(None, {}, {})
        self.pages.setCurrentIndex(1)
        if cd.longest_s(sheet) > LONGEST_S:
            hours = LONGEST_S / 3600
            self.warnings.setText(f"longer than {hours:g} hours: save it, and `kapconsole light check` plays it")
            return
        self.warnings.setText("being played …")
        self._played_sheet = sheet
        # In a thread of its own, which ends with it: a long list takes longer than the window may stand still.
        pool = ThreadPoolExecutor(1, "cue-list")
        self._playing = pool.submit(simulate, sheet, self.setup or zones_of(sheet))
        pool.shutdown(wait=False)

    def show_moment(self, moment: Moment) -> None:
        if self._playing is not None and self._playing.done():
            playing, self._playing = self._playing, None
            self._show_played(playing.result())

    def _show_played(self, played: Simulation) -> None:
        sheet = self._played_sheet
        assert sheet is not None
        self.played = played
        names = {cue.id: cue.name for cue in sheet.light}
        self.plot.show_simulation(played, names, {zone: self._zone(zone) for zone in played.zones})
        self.plot.setAccessibleDescription("\n".join(ends(played.samples, sheet)))
        lines = [f"played without lamps, {stamp_text(round(played.samples[-1].at_s * 1e6))} in all; S: back to the cue"]
        lines += [f"△ to be mended: {words}" for words in played.problems] or ["nothing to be mended"]
        self.warnings.setText("\n".join([*lines, *played.notes]))

    # -- leaving --------------------------------------------------------------------------------------------------

    def _stand_on(self, cue: int | None) -> None:
        if cue is not None:
            self.list.setCurrentIndex(self.model.index(cue))

    def problem(self) -> str:
        try:
            self.edited()
        except DraftError as trouble:
            self._form()
            self._stand_on(trouble.cue)
            return "not saved: see what is to be mended"
        return "" if self.draft != self.saved else "nothing was changed"

    def refuse(self, words: str) -> None:
        """It could not be saved; everything stays as it stands."""
        self.wrong.setText("not saved")
        self.said.setText(f"△ not saved: {words}")

    def leave(self) -> None:
        self.put_by.emit(self.draft if self.changed else None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}.get(Qt.Key(event.key()))
        if step is not None and self.draft:
            self._stand_on(min(len(self.draft) - 1, max(0, self.at + step)))
        else:
            super().keyPressEvent(event)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        px, palette = look.px, look.palette
        size = look.font(TEXT).pixelSize()
        self.setStyleSheet(
            self.styleSheet() + f"QLineEdit {{ font-size: {size}px; padding: {round(px(4))}px;"
            f" min-height: {round(px(24))}px; min-width: {round(px(40))}px; }}"
            f"QLabel {{ font-size: {look.font(SMALL).pixelSize()}px; }}"
            f"QScrollArea, QScrollArea > QWidget > QWidget, QStackedWidget {{ background: {palette.panel}; }}"
            f"QPushButton {{ min-height: {max(look.touch, round(px(30)))}px; }}"
            f"#strong {{ font-weight: normal; }}"
            f"Chooser {{ font-size: {size}px; padding: 0 {round(px(8))}px; }}"
        )
        if hasattr(self, "plot"):
            # So many lines that the fields stay where they are when something is said.
            self.said.setMinimumHeight(round(SAID_LINES * look.metrics(SMALL).lineSpacing()))
            self.plot.look = look
            self.plot.update()
            layout = self.form.layout()
            if layout is not None:
                layout.setSpacing(round(px(8)))


def _yes(on: bool) -> str:
    return "yes" if on else "no"


def _scrolled(area: QScrollArea, inside: QWidget, name: str) -> QScrollArea:
    area.setAccessibleName(name)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(inside)
    return area
