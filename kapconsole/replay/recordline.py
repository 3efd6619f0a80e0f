"""The line that is always in sight: is the record whole, which program made it, who has seen and exported it."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime

import msgspec
from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent

from kapconsole import __version__
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import SMALL, Look
from kapconsole.export.accesses import Access, Accesses


class Record(msgspec.Struct, frozen=True):
    """What the line says: `proof` of the verification (`wrong` when it found something), the rest in words."""

    proof: str
    wrong: bool = False
    program: str = ""
    accesses: str = ""
    trouble: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """Everything, the gravest first."""
        return tuple(part for part in (self.proof, self.trouble, self.program, self.accesses) if part)


class RecordLine(Painted):
    """Not part of any view that can be closed. A tap opens everything in words."""

    opened = Signal()

    def __init__(self, look: Look) -> None:
        super().__init__("The record", look)
        self.record = Record("")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def put(self, record: Record) -> None:
        """Say this from now on."""
        self.record = record
        self.setAccessibleDescription(". ".join(record.parts))
        self.update()

    def key(self, moment: Moment) -> Hashable:
        return self.record

    def spoken(self, moment: Moment) -> str:
        return ". ".join(self.record.parts)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.fault is not None:
            super().mousePressEvent(event)
        else:
            self.opened.emit()

    def paint(self, ink: Ink) -> None:
        px, palette, look = self.look.px, self.look.palette, self.look
        rect, record = QRectF(self.rect()), self.record
        ink.fill(rect, palette.panel)
        baseline = rect.center().y() + look.metrics(SMALL).capHeight() / 2
        left, right = px(18), rect.width() - px(18)
        right -= ink.text(right, baseline, "I all of it", SMALL, palette.tertiary, side=RIGHT) + px(20)
        if record.wrong:
            left += ink.triangle(left, baseline + px(1), 15, palette.text) + px(8)
        # The proof is never cut for the sake of the rest.
        for number, words in enumerate(record.parts):
            if right - left < px(60):
                return
            strong = number == 0 or words == record.trouble
            code = palette.text if strong else palette.secondary
            left += ink.fitted(left, baseline, words, right - left, SMALL, code, strong) + px(26)


def program_words(recorded: str) -> str:
    """Which program recorded and which one shows."""
    if recorded in ("", __version__):
        return f"kapconsole {__version__}"
    return f"recorded by kapconsole {recorded}, shown by {__version__}"


def access_words(accesses: Accesses) -> str:
    """How often it was viewed and exported, and by whom last. This viewing counts."""
    return f"{_last(accesses, 'viewed')} · {_last(accesses, 'exported')}"


def access_line(access: Access) -> str:
    """One access in words: "22 Nov 2026 14:02  ana exported: pdf"."""
    detail = f": {access.detail}" if access.detail else ""
    return f"{date_text(access.utc_us)}  {access.who} {access.what}{detail}"


def date_text(utc_us: int) -> str:
    """A moment on this machine's calendar and clock."""
    return _local(utc_us).strftime("%d %b %Y %H:%M")


def _local(utc_us: int) -> datetime:
    return datetime.fromtimestamp(utc_us / 1e6, UTC).astimezone()


def _last(accesses: Accesses, what: str) -> str:
    found = accesses.of(what)
    if not found:
        return f"never {what} here"
    last = max(found, key=lambda access: access.utc_us)
    face = _local(last.utc_us).strftime("%d %b %H:%M")
    return f"{what} {len(found)}×, last {face} by {last.who}"
