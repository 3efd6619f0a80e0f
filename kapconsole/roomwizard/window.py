"""The wizard's window: the pages in their order on the left, one page, and one stop for everything, always."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from kapconsole.console.palette import NIGHT
from kapconsole.console.places import unit_px
from kapconsole.console.sheets import button
from kapconsole.console.theme import Look
from kapconsole.roomwizard.barpage import BarPage
from kapconsole.roomwizard.bodypage import BodyPage
from kapconsole.roomwizard.desk import Desk
from kapconsole.roomwizard.facts import SYMBOLS, facts, state_of
from kapconsole.roomwizard.forms import Page, act, sentence, style
from kapconsole.roomwizard.resultpage import ResultPage
from kapconsole.roomwizard.screenpage import ScreenPage
from kapconsole.roomwizard.soundpage import SoundPage
from kapconsole.roomwizard.timingpage import TimingPage

SMALLEST = (900, 600)


class _Area(QScrollArea):
    """Shows a page that is higher than the window; Page Up and Down are the window's, and it follows the focus."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()


class RoomWindow(QWidget):
    """See the module. Page Up and Down, or Alt and a digit, go to a page; Esc stops; Ctrl+S keeps."""

    def __init__(self, desk: Desk, note: str = "") -> None:
        """`note`: what is to be known first, in words."""
        super().__init__()
        self.desk = desk
        self.setWindowTitle("kapconsole: room set-up")
        self.setAccessibleName("Room set-up")
        self.setMinimumSize(*SMALLEST)
        self.look = Look(NIGHT)
        self.result = ResultPage(desk)
        self.pages: list[Page] = [
            ScreenPage(desk),
            SoundPage(desk),
            TimingPage(desk),
            BarPage(desk),
            BodyPage(desk),
            self.result,
        ]
        self._rail = QVBoxLayout()
        self._steps = [self._step(number, page) for number, page in enumerate(self.pages)]
        self._rail.addStretch(1)
        self.note = QLabel()
        self.note.setObjectName("small")
        self.note.setWordWrap(True)
        self._rail.addWidget(self.note)
        self.stack = QStackedWidget()
        for page in self.pages:
            area = _Area()
            area.setWidgetResizable(True)
            area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            area.setWidget(page)
            self.stack.addWidget(area)
        self.stop_button = act("STOP sound and light · Esc", desk.stop, self, "Stop all sound and light")
        self.stop_button.setObjectName("stop")
        self.said = QLabel(note)
        self.said.setObjectName("said")
        self.said.setWordWrap(True)
        self.back = act("Back · Page Up", lambda: self.go(self.at - 1), self)
        self.onward = act("Next · Page Down", lambda: self.go(self.at + 1), self)
        self._foot = QHBoxLayout()
        self._foot.addWidget(self.stop_button)
        self._foot.addWidget(self.said, 1)
        self._foot.addWidget(self.back)
        self._foot.addWidget(self.onward)
        middle = QHBoxLayout()
        middle.addLayout(self._rail)
        middle.addWidget(self.stack, 1)
        self._middle = middle
        whole = QVBoxLayout(self)
        whole.addLayout(middle, 1)
        whole.addLayout(self._foot)
        self._whole = whole
        self._keys()
        desk.refused.connect(self._refused)
        desk.changed.connect(self._show_states)
        self.result.kept.connect(self._show_states)
        self._show_states()
        self.at = 0
        self._steps[0].setChecked(True)
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._bring_into_view)

    def go(self, number: int) -> None:
        """Show a page; nothing of the one that is left goes on."""
        if not 0 <= number < len(self.pages) or number == self.at:
            return
        self.pages[self.at].leave()
        self.at = number
        self.said.setText("")
        self.stack.setCurrentIndex(number)
        for each, step in enumerate(self._steps):
            step.setChecked(each == number)
        self.back.setEnabled(number > 0)
        self.onward.setEnabled(number < len(self.pages) - 1)
        self._steps[number].setFocus()
        self.pages[number].refresh()
        self.pages[number].entered()

    # -- parts ----------------------------------------------------------------------------------------------------

    def _step(self, number: int, page: Page) -> QPushButton:
        made = button(page.title, self)
        made.setObjectName("step")
        made.setCheckable(True)
        made.clicked.connect(lambda _checked=False: self._chosen(number))
        self._rail.addWidget(made)
        return made

    def _chosen(self, number: int) -> None:
        self._steps[number].setChecked(True)
        self.go(number)

    def _keys(self) -> None:
        def key(sequence: str, do: object) -> None:
            QShortcut(QKeySequence(sequence), self).activated.connect(do)

        for number in range(len(self.pages)):
            key(f"Alt+{number + 1}", lambda number=number: self.go(number))
        key("Ctrl+PgDown", lambda: self.go(self.at + 1))
        key("Ctrl+PgUp", lambda: self.go(self.at - 1))
        key("Esc", self.desk.stop)
        key("Ctrl+S", self._keep)
        key("Ctrl+Q", self.close)

    def _keep(self) -> None:
        self.go(len(self.pages) - 1)
        self.result.keep()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                focused = self.focusWidget()
                if isinstance(focused, QPushButton) and not event.isAutoRepeat():
                    focused.click()
            case Qt.Key.Key_PageDown:
                self.go(self.at + 1)
            case Qt.Key.Key_PageUp:
                self.go(self.at - 1)
            case _:
                super().keyPressEvent(event)

    # -- what is shown --------------------------------------------------------------------------------------------

    def _show_states(self) -> None:
        found = {fact.key: fact for fact in facts(self.desk.draft)}
        for number, (page, step) in enumerate(zip(self.pages, self._steps, strict=True)):
            own = [found[key] for key in page.keys]
            if not own:
                step.setText(f"    {page.title}")
                continue
            state = state_of(own)
            step.setText(f"{SYMBOLS[state]}   {page.title}")
            step.setAccessibleName(f"{number + 1}: {page.title}, {state}")
        self.note.setText(
            "Changed, and not in force yet: page Keep." if self.desk.unkept else "What you see is in force."
        )

    def _refused(self, words: str) -> None:
        self.said.setText(sentence(words))

    def _bring_into_view(self, before: QWidget | None, now: QWidget | None) -> None:
        area = self.stack.currentWidget()
        if now is not None and isinstance(area, QScrollArea) and area.isAncestorOf(now):
            area.ensureWidgetVisible(now, 20, round(self.look.px(60)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        unit = unit_px(self.width(), self.height())
        look = self.look = Look(NIGHT, unit, self.logicalDpiY())
        self.setStyleSheet(style(look))
        edge = round(look.px(20))
        self._whole.setContentsMargins(edge, edge, edge, edge)
        self._whole.setSpacing(round(look.px(14)))
        self._middle.setSpacing(round(look.px(14)))
        self._rail.setSpacing(round(look.px(6)))
        self._foot.setSpacing(round(look.px(14)))
        for step in self._steps:
            step.setFixedWidth(round(look.px(270)))
        self.note.setFixedWidth(round(look.px(270)))
        for page in self.pages:
            page.set_look(look)

    def closeEvent(self, event: QCloseEvent) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.focusChanged.disconnect(self._bring_into_view)
        self.pages[self.at].leave()
        self.desk.close()
        super().closeEvent(event)
