"""The last bytes of a device in hexadecimal, both directions with their times, and beside them what they said."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from kapconsole.clock import local_time
from kapconsole.console.painted import RIGHT, Ink
from kapconsole.console.theme import SMALL, Look
from kapconsole.console.tiles import wrapped
from kapconsole.wire import BytesSeen

KEPT = 300
"""Messages that are kept to be scrolled through: half a minute of a device that sends all the time."""

SPOKEN_EVERY_US = 5_000_000
DIRECTIONS = {"r": "in", "w": "out"}


class Row(NamedTuple):
    """One row of the view: the time and direction stand in the first row of a message alone."""

    time: str
    direction: str
    data: bytes
    words: str


class BytesView(QWidget):
    """`paused_changed` tells whether it stands still. What arrives while it does is shown when it goes on."""

    paused_changed = Signal(bool)

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.look = look
        self.paused = False
        self._kept: deque[BytesSeen] = deque(maxlen=KEPT)
        self._shown: tuple[BytesSeen, ...] = ()
        self._rows: list[Row] = []
        self._back = 0  # rows scrolled back from the newest
        self._utc_origin_us = 0
        self._spoken_us: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName("Last bytes and what they say")
        self.setMinimumHeight(round(look.px(120)))

    @property
    def rows(self) -> list[Row]:
        """Every row that can be shown, oldest first."""
        return self._rows

    def begin(self, utc_origin_us: int) -> None:
        """Another device: empty, and live."""
        self._utc_origin_us = utc_origin_us
        self._kept.clear()
        self._shown = ()
        self._rows = []
        self._spoken_us = None
        self.setAccessibleDescription("nothing yet")
        self.pause(False)
        self.update()

    def take(self, seen: BytesSeen) -> None:
        """Bytes that passed the port."""
        self._kept.append(seen)
        if self.paused:
            return
        self._renew()
        if seen.words and (self._spoken_us is None or seen.mono_us - self._spoken_us >= SPOKEN_EVERY_US):
            self._spoken_us = seen.mono_us
            self.setAccessibleDescription(seen.words)

    def pause(self, paused: bool) -> None:
        """Stand still to be read, or go on with the newest."""
        if paused == self.paused:
            return
        self.paused = paused
        self._back = 0
        self._renew()
        self.paused_changed.emit(paused)

    def go_back(self, rows: int) -> None:
        """Go back by `rows` (negative: forward); to go back is to pause."""
        if rows > 0:
            self.pause(True)
        self._back = max(0, min(self._back + rows, len(self._rows) - self.fitting()))
        self.update()

    def set_look(self, look: Look) -> None:
        """Another palette or size."""
        self.look = look
        self._renew()

    def fitting(self) -> int:
        """Rows that fit."""
        return max(1, int((self.height() - 2 * self.look.px(10)) / self._step()))

    def per_row(self) -> int:
        """Bytes in a row: sixteen where words fit beside them, else eight."""
        return 16 if self._words_x(16) + self.look.px(170) <= self.width() else 8

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = max(1, self.fitting() - 2)
        moves = {
            Qt.Key.Key_PageUp: page,
            Qt.Key.Key_PageDown: -page,
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_Home: len(self._rows),
            Qt.Key.Key_End: -len(self._rows),
        }
        rows = moves.get(Qt.Key(event.key()))
        if rows is None:
            event.ignore()
        else:
            self.go_back(rows)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.go_back(round(event.angleDelta().y() / 40))
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._renew()

    def paintEvent(self, event: QPaintEvent) -> None:
        px, palette = self.look.px, self.look.palette
        painter = QPainter(self)
        ink = Ink(painter, self.look)
        rect = QRectF(self.rect())
        ink.panel(rect, palette.background, palette.accent if self.hasFocus() else palette.line, 6)
        metrics = self.look.metrics(SMALL)
        if not self._rows:
            ink.text(
                px(14),
                px(10) + metrics.ascent(),
                "no bytes have passed the port since this was opened",
                SMALL,
                palette.secondary,
            )
        per_row, cell = self.per_row(), self._cell()
        words_x = self._words_x(per_row)
        last = len(self._rows) - self._back
        shown = self._rows[max(0, last - self.fitting()) : last]
        for number, row in enumerate(shown):
            y = px(10) + metrics.ascent() + number * self._step()
            # Between messages of several rows; single rows need no help.
            if row.time and number and not shown[number - 1].time:
                ink.line_pen(palette.line)
                over = round(y - metrics.ascent()) - 0.5
                ink.line(px(14), over, rect.width() - px(14), over)
            ink.text(px(14), y, row.time, SMALL, palette.tertiary)
            code = palette.accent if row.direction == "out" else palette.text
            ink.text(self._bytes_x() - px(14), y, row.direction, SMALL, code, side=RIGHT)
            for at, byte in enumerate(row.data):
                x = self._bytes_x() + at * cell + (px(8) if at >= 8 else 0.0)
                ink.text(x, y, _HEX[byte], SMALL, palette.secondary)
            ink.text(words_x, y, row.words, SMALL, palette.text)
        painter.end()

    def _cell(self) -> float:
        return self.look.width("DD", SMALL) + self.look.px(5)

    def _step(self) -> float:
        return self.look.metrics(SMALL).height() + self.look.px(2)

    def _bytes_x(self) -> float:
        return self.look.px(14 + 12 + 14) + self.look.width("88:88:88.8", SMALL) + self.look.width("out", SMALL)

    def _words_x(self, per_row: int) -> float:
        return self._bytes_x() + per_row * self._cell() + self.look.px(8 if per_row > 8 else 0) + self.look.px(16)

    def _renew(self) -> None:
        """The rows anew, of what is to be seen now."""
        if not self.paused:
            self._shown = tuple(self._kept)
            room = self.fitting()
            # Live, no more is laid out than can be seen.
            self._rows = []
            for seen in reversed(self._shown):
                self._rows[:0] = self._laid_out(seen)
                if len(self._rows) >= room:
                    break
        else:
            self._rows = [row for seen in self._shown for row in self._laid_out(seen)]
        self._back = max(0, min(self._back, len(self._rows) - self.fitting()))
        self.update()

    def _laid_out(self, seen: BytesSeen) -> list[Row]:
        per_row = self.per_row()
        room = self.width() - self._words_x(per_row) - self.look.px(12)
        words = wrapped(seen.words, room, self.look, SMALL)
        pieces = [seen.data[at : at + per_row] for at in range(0, len(seen.data), per_row)]
        at_us = self._utc_origin_us + seen.mono_us
        time = f"{local_time(at_us, seconds=True)}.{at_us // 100_000 % 10}"
        rows = [Row("", "", b"", f"… {seen.missed} bytes not shown")] if seen.missed else []
        for number in range(max(len(pieces), len(words))):
            rows.append(
                Row(
                    time if number == 0 else "",
                    DIRECTIONS.get(seen.direction, seen.direction) if number == 0 else "",
                    pieces[number] if number < len(pieces) else b"",
                    words[number] if number < len(words) else "",
                )
            )
        return rows


_HEX = tuple(f"{byte:02X}" for byte in range(256))
