"""A person at the console who has nothing but a keyboard: keys typed into the real window, and eyes on what it shows.

Nothing here sends a wish or calls a method of a form. A key goes to the window as the system would bring it; what may
be read is what a screen reader could tell: titles, labels, rows, the words of every part, where the focus is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget

from kapconsole.console.careforms import FormSheet
from kapconsole.console.carerows import RowsSheet
from kapconsole.console.caresite import CareSite
from kapconsole.console.feed import LiveFeed
from kapconsole.console.instrumentsheet import ItemSheet
from kapconsole.console.moment import Moment
from kapconsole.console.painted import Painted
from kapconsole.console.rowsheet import RowSheet
from kapconsole.console.sheets import Sheet
from kapconsole.console.window import ConsoleWindow
from kapconsole.paths import config_dir
from kapconsole.session.state import State
from kapconsole.wire import Address

T = TypeVar("T")
TURN_MS = 10
PATIENCE_S = 20.0
MOST_STEPS = 60
"""So many presses of Tab or an arrow lead to everything that can be reached at all."""

REMEMBERED = ("header", "notes", "music", "light", "stimulation", "sedation")
"""Parts of the window whose words are the same in a replay: what they say depends on the record alone."""


class Seen(msgspec.Struct, frozen=True):
    """What the window showed at a moment: its words by part, and the state they were made from."""

    name: str
    at_us: int
    state: State
    said: dict[str, str]


class Keyboard:
    """One person, one window, one keyboard."""

    def __init__(self, address: Address, pictures: Path | None = None) -> None:
        """Open the console on the session at `address`, as its process does. `pictures`: where `picture` puts its."""
        self.feed = LiveFeed(address)
        self.pictures = pictures
        self.window = ConsoleWindow(
            self.feed,
            presets=config_dir() / "alarm_presets",
            site=CareSite(config_dir() / "clinical"),
            place=self.feed.place,
        )
        self.seen: list[Seen] = []
        self.window.show()
        self.window.activateWindow()
        self.until(self.window.isActiveWindow, "the window has the keyboard")
        self.until(lambda: self.state.session is not None, "the session is there")

    def close(self) -> None:
        """Let the window go, whatever it shows."""
        self.window.leave()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        self.feed.close()

    # -- eyes -----------------------------------------------------------------------------------------------------

    @property
    def moment(self) -> Moment:
        """What is shown now."""
        return self.feed.moment()

    @property
    def state(self) -> State:
        """The session's state as the window knows it."""
        return self.feed.moment().state

    @property
    def sheet(self) -> Sheet | None:
        """The open form."""
        return self.window.view.sheet

    @property
    def title(self) -> str:
        """The open form's name; empty: none is open."""
        return "" if self.sheet is None else self.sheet.accessibleName()

    def part(self, name: str) -> str:
        """The words of a part of the window, as a screen reader would say them."""
        part: Painted = getattr(self.window.view, name)
        return part.spoken(self.moment)

    def words(self) -> str:
        """Everything written on the open form."""
        if self.sheet is None:
            return ""
        labels = self.sheet.findChildren(QLabel)
        return "\n".join(label.text() for label in labels if label.isVisible() and label.text())

    def wrong(self) -> str:
        """What the open form says against what was typed."""
        return "" if self.sheet is None else self.sheet.wrong.text()

    def until(self, true: Callable[[], T], words: str, limit_s: float = PATIENCE_S) -> T:
        """Let the window live until something is true. Fails with what the window shows."""
        end_s = time.monotonic() + limit_s
        while True:
            found = true()
            if found:
                return found
            if time.monotonic() > end_s:
                raise AssertionError(f"waited {limit_s:g} s in vain: {words}\n{self.told()}")
            QTest.qWait(TURN_MS)

    def told(self) -> str:
        """What the window shows, for a person who reads a failure."""
        lines = [f"form: {self.title or 'none'}"]
        if self.sheet is not None:
            focused = self.sheet.focusWidget()
            lines += [self.words(), f"against it: {self.wrong()}"]
            lines.append(f"focus: {type(focused).__name__} {focused.accessibleName() if focused else ''}")
            lines += [f"  {row}" for row in self.rows()]
        lines += [f"{name}: {self.part(name)}" for name in ("header", "strip", "footer", "nibp", "spo2", "music")]
        return "\n".join(lines)

    def rows(self) -> list[str]:
        """The rows of the open form, the present one with a mark."""
        if not isinstance(self.sheet, RowsSheet | RowSheet):
            return []
        at = self.sheet.list.currentIndex().row()
        return [f"{'▸ ' if place == at else ''}{row.words()}" for place, row in enumerate(self.sheet.model.rows)]

    def picture(self, name: str) -> None:
        """Keep a picture of the window, where somebody wants pictures."""
        if self.pictures is not None:
            QTest.qWait(80)
            self.window.grab().save(str(self.pictures / f"day-{name}.png"))

    def remember(self, name: str) -> Seen:
        """Keep what the window shows now, once it is sure that no event of this moment is still on its way."""

        def look() -> Seen | None:
            moment = self.moment
            seen = Seen(
                name,
                moment.now_us,
                moment.state,
                {part: getattr(self.window.view, part).spoken(moment) for part in REMEMBERED},
            )
            # What comes later with an earlier stamp was not on the screen: look again.
            QTest.qWait(250)
            then = self.moment.timeline.state_at(seen.at_us)
            return seen if then.seq == seen.state.seq else None

        self.seen.append(self.until(look, f"a quiet moment to remember as {name!r}"))
        return self.seen[-1]

    # -- fingers --------------------------------------------------------------------------------------------------

    def press(self, *keys: str | Qt.Key) -> None:
        """Press keys one after the other, each as a character or as a key."""
        for key in keys:
            assert self.window.isActiveWindow(), f"another window has taken the keyboard\n{self.told()}"
            QTest.keyClick(self.window.windowHandle(), key)

    def type(self, text: str) -> None:
        """Type words into the field that has the focus."""
        focused = self.window.focusWidget()
        assert isinstance(focused, QLineEdit), f"nothing to type {text!r} into\n{self.told()}"
        QTest.keyClicks(focused, text)

    def enter(self) -> None:
        """Enter."""
        self.press(Qt.Key.Key_Return)

    def leave(self) -> None:
        """Esc, until no form is open; a form may lead back to the one before."""
        for _ in range(4):
            if self.sheet is None:
                return
            self.escape()
        raise AssertionError(f"Esc does not close the form\n{self.told()}")

    def escape(self) -> None:
        """Esc once the cuff is at rest: while it inflates Esc deflates it, also in a form."""
        self.until(lambda: self.state.cuff.doing not in ("requested", "inflating"), "the cuff is at rest", 30)
        self.press(Qt.Key.Key_Escape)

    def open(self, key: str | Qt.Key, title: str) -> Sheet:
        """Press a key and wait for the form that begins with `title`."""
        self.press(key)
        return self.at(title)

    def at(self, title: str) -> Sheet:
        """Wait for the form that begins with `title`."""
        self.until(lambda: self.title.startswith(title), f"the form {title!r}")
        assert self.sheet is not None
        return self.sheet

    def closed(self) -> None:
        """Wait until no form is open."""
        self.until(lambda: self.sheet is None, "the form closes")

    def to_row(self, words: str) -> None:
        """Arrows to the row that holds `words`."""
        for _ in range(MOST_STEPS):
            rows = self.rows()
            here = next((place for place, row in enumerate(rows) if row.startswith("▸ ")), 0)
            wanted = next((place for place, row in enumerate(rows) if words in row), None)
            assert wanted is not None, f"no row {words!r}\n{self.told()}"
            if here == wanted:
                return
            self.press(Qt.Key.Key_Down if wanted > here else Qt.Key.Key_Up)
        raise AssertionError(f"no arrow leads to {words!r}\n{self.told()}")

    def to_field(self, name: str) -> QWidget:
        """Tab to the field or the choices whose label begins with `name`."""
        for _ in range(MOST_STEPS):
            focused = self.window.focusWidget()
            if focused is not None and focused.accessibleName().startswith(name):
                return focused
            self.press(Qt.Key.Key_Tab)
        raise AssertionError(f"Tab does not lead to {name!r}\n{self.told()}")

    def choose(self, name: str, value: str) -> None:
        """Tab to the choices `name`, arrow to the one whose words hold `value`, Space."""
        self.to_field(name)
        for arrow in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Up):
            for _ in range(MOST_STEPS):
                focused = self.window.focusWidget()
                assert isinstance(focused, QAbstractButton), self.told()
                if value in focused.text():
                    if not focused.isChecked():
                        self.press(Qt.Key.Key_Space)
                    assert focused.isChecked(), self.told()
                    return
                self.press(arrow)
                if self.window.focusWidget() is focused:
                    break
        raise AssertionError(f"no choice {value!r} in {name!r}\n{self.told()}")

    def fill(self, **fields: str) -> None:
        """Fill the open form: label (underscores are blanks) to words, or to the words of a choice; then Enter."""
        self.fill_only(**fields)
        self.keep()

    def fill_only(self, **fields: str) -> None:
        """The same without Enter."""
        assert isinstance(self.sheet, FormSheet), self.told()
        choices = {field.label: bool(field.choices) for field in self.sheet.fields}
        for label, words in fields.items():
            name = next((found for found in choices if found.replace(",", "").startswith(label.replace("_", " "))), "")
            assert name, f"no field {label!r}: {list(choices)}"
            if choices[name]:
                self.choose(name, words)
            else:
                edit = self.to_field(name)
                assert isinstance(edit, QLineEdit)
                if edit.text() != words:
                    edit.selectAll()
                    self.type(words)

    def keep(self) -> None:
        """Enter, and wait until the form was granted: it is gone, or says what is against it."""
        sheet = self.sheet
        self.enter()
        self.until(lambda: self.sheet is not sheet or self.wrong(), "the form is granted")
        assert self.sheet is not sheet, f"refused: {self.wrong()}\n{self.told()}"

    def answer(self, instrument: str, answers: str) -> None:
        """Answer an instrument with digits, one for each item, and keep it."""
        sheet = self.at(instrument)
        assert isinstance(sheet, ItemSheet), self.told()
        for digit in answers:
            self.press(digit)
        self.until(lambda: "answered" in self.words(), "all questions are answered")
        self.keep()
