"""The page with the picture: one session or two under each other on one axis, comments beside, keys below."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from kapconsole.console.keys import Action, Footer, KeyBar
from kapconsole.console.moment import Moment
from kapconsole.console.sheets import Sheet
from kapconsole.console.theme import Look, colour
from kapconsole.replay.commentlist import CommentList
from kapconsole.replay.picture import Picture

SIDE_UNITS = 330.0


class PicturePage(QWidget):
    """Takes forms as the room's view does. `acted` carries the id of an action from a key cap."""

    acted = Signal(str)

    def __init__(self, bars: Sequence[Sequence[Action]], picture: Picture, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.look = look
        self.pictures = [picture]
        picture.setParent(self)
        self.comments = CommentList(look, self)
        self.bars = [KeyBar(actions, look, self) for actions in bars]
        self.footer = Footer("Recording", look, self)
        for bar in self.bars:
            bar.acted.connect(self.acted)
        self.sheet: Sheet | None = None
        self.moment: Moment | None = None

    def lay_beside(self, picture: Picture | None) -> None:
        """Put a second session under the first, or take it away."""
        for old in self.pictures[1:]:
            old.hide()
            old.deleteLater()
        del self.pictures[1:]
        if picture is not None:
            picture.setParent(self)
            self.pictures.append(picture)
            picture.show()
        self._arrange()

    def show_moments(self, moments: Sequence[Moment]) -> None:
        """One moment for each picture."""
        self.moment = moments[0]
        for picture, moment in zip(self.pictures, moments, strict=False):
            picture.show_moment(moment)
        for bar in self.bars:
            bar.show_moment(moments[0])
        self.footer.show_moment(moments[0])
        if self.sheet is not None:
            self.sheet.show_moment(moments[0])

    def say(self, words: str) -> None:
        """A quiet line for some seconds."""
        if self.moment is not None:
            self.footer.say(words, self.moment.now_us)
            self.footer.show_moment(self.moment)

    def set_look(self, look: Look) -> None:
        """Another size."""
        self.look = look
        for part in (*self.pictures, *self.bars, self.footer):
            part.set_look(look)
        self.comments.set_look(look)
        if self.sheet is not None:
            self.sheet.set_look(look)
        self._arrange()

    def open_sheet(self, sheet: Sheet) -> None:
        """Show a form over the lower part of the picture; an open one is closed."""
        self.close_sheet()
        self.sheet = sheet
        sheet.setParent(self)
        sheet.set_look(self.look)
        self._arrange()
        sheet.show()
        sheet.raise_()
        sheet.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)

    def close_sheet(self) -> None:
        """Close the form, if one is open."""
        if self.sheet is None:
            return
        sheet, self.sheet = self.sheet, None
        sheet.leave()
        sheet.hide()
        sheet.deleteLater()

    def fit_sheet(self) -> None:
        """The form has other contents now."""
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), colour(self.look.palette.background))
        painter.end()

    def _arrange(self) -> None:
        px = self.look.px
        edge, gap = round(px(24)), round(px(8))
        inner = self.width() - 2 * edge
        foot = round(px(30))
        y = self.height() - foot
        self.footer.setGeometry(edge, y, inner, foot)
        height = max(round(px(54)), self.look.touch + round(px(8)))
        for bar in reversed(self.bars):
            y -= height + gap // 2
            bar.setGeometry(edge, y, inner, height)
        bottom = y - gap
        side = round(px(SIDE_UNITS))
        across = inner - side - gap
        each = (bottom - gap - gap * (len(self.pictures) - 1)) // max(1, len(self.pictures))
        top = gap
        for picture in self.pictures:
            picture.setGeometry(edge, top, across, each)
            top += each + gap
        self.comments.setGeometry(edge + across + gap, gap, side, bottom - gap)
        if self.sheet is not None:
            self.sheet.ensurePolished()
            room = bottom - gap
            tall = room if self.sheet.whole else min(room, self.sheet.sizeHint().height())
            self.sheet.setGeometry(edge, bottom - tall, across, tall)
