"""The list of comments beside the picture: Enter jumps to one, a correction is a new one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QListWidget, QVBoxLayout, QWidget

from kapconsole.console.theme import HEADING, SMALL, TEXT, Look
from kapconsole.replay.comments import CommentBook, Pinned


class PinnedList(QListWidget):
    """A list that leaves letters and signs to the window's keys."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.text() and event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.ignore()
        else:
            super().keyPressEvent(event)


class CommentList(QFrame):
    """`jumped` carries the comment to go to."""

    jumped = Signal(object)

    def __init__(self, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("comments")
        self.setAccessibleName("Comments")
        self.book = CommentBook()
        self.title = QLabel("Comments")
        self.title.setObjectName("title")
        self.list = PinnedList()
        self.list.setAccessibleName("Comments, in order of the time they are pinned to")
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.list.itemActivated.connect(lambda _item: self._jump())
        self.list.itemClicked.connect(lambda _item: self._jump())
        self.hint = QLabel("")
        self.hint.setWordWrap(True)
        box = QVBoxLayout(self)
        box.addWidget(self.title)
        box.addWidget(self.list, 1)
        box.addWidget(self.hint)
        self.set_look(look)
        self.put(self.book, str, "")

    def put(self, book: CommentBook, time_text: Callable[[int], str], more: str) -> None:
        """Show these comments; `more` is a line under them."""
        self.book = book
        chosen = self.list.currentRow()
        self.list.clear()
        for one in book.pinned:
            self.list.addItem(comment_words(one, time_text))
        self.list.setCurrentRow(min(max(chosen, 0), len(book.pinned) - 1))
        nothing = "" if book.pinned else "none yet: C pins one to this moment, [ and ] mark a span"
        self.hint.setText("\n".join(part for part in (nothing, *book.problems, more) if part))

    def current(self) -> Pinned | None:
        """The comment that is chosen."""
        row = self.list.currentRow()
        return self.book.pinned[row] if 0 <= row < len(self.book.pinned) else None

    def set_look(self, look: Look) -> None:
        """Colours and sizes."""
        palette, px = look.palette, look.px

        def size(units: float) -> int:
            return look.font(units).pixelSize()

        margin = round(px(14))
        layout = self.layout()
        assert layout is not None
        layout.setContentsMargins(margin, margin, margin, margin)
        self.setStyleSheet(
            f"#comments {{ background: {palette.panel}; border-radius: {round(px(8))}px; }}"
            f"QLabel {{ color: {palette.secondary}; font-size: {size(SMALL)}px; }}"
            f"#title {{ color: {palette.text}; font-size: {size(HEADING)}px; font-weight: bold; }}"
            f"QListWidget {{ background: {palette.panel}; color: {palette.text}; border: 0; outline: 0;"
            f" font-size: {size(TEXT)}px; }}"
            f"QListWidget::item {{ padding: {round(px(7))}px {round(px(4))}px;"
            f" border-bottom: 1px solid {palette.line}; }}"
            f"QListWidget::item:selected {{ background: {palette.accent_panel}; color: {palette.text}; }}"
            f"QListWidget:focus {{ border: 1px solid {palette.accent}; }}"
        )

    def _jump(self) -> None:
        one = self.current()
        if one is not None:
            self.jumped.emit(one)


def comment_words(one: Pinned, time_text: Callable[[int], str]) -> str:
    """One comment in the list: when, what, who; whether it was corrected, and by whom."""
    comment = one.comment
    until = "" if comment.until_us is None else f" to {time_text(comment.until_us)}"
    who = f"{comment.author}, {comment.role}"
    if one.changed is not None:
        times = "" if len(one.before) == 1 else f" {len(one.before)} times"
        by = "" if one.changed.author == comment.author else f" by {one.changed.author}"
        who += f" · corrected{times}{by}; first: “{one.before[0]}”"
    return f"{time_text(comment.at_us)}{until}   {one.words}\n{who}"
