"""The session summary as a PDF of at most three pages: head, drawing, tables, signatures, and where it comes from.

A table that would not fit leaves out its last rows and says how many; doses, instruments, discharge and signatures
are never cut.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import kapconsole
from kapconsole.clinical.clients.entry import sets_of
from kapconsole.export.paper import Paper, wrapped
from kapconsole.export.parts import WHEN, Part
from kapconsole.export.plot import HEIGHT, draw_session, draw_sud
from kapconsole.export.recorded import Recorded
from kapconsole.export.sections import header, parts, remarks
from kapconsole.export.writing import write_file

PAGES = 3
MARGIN = 40.0
FOOT = 46.0
SIZE = 7.2
LEADING = 9.2
GUTTER = 9.0
_BUDGETS = (10_000, 80, 60, 45, 34, 26, 20, 15, 11, 8, 5, 3, 1)
"""How many rows a table may have: the first of these with which all fits."""
_LINES = 6
"""How many lines one cell may have in a report that is cut."""

Progress = Callable[[int, int], None]


def export_pdf(
    recorded: Recorded,
    target: Path,
    *,
    force: bool = False,
    size: str = "a4",
    extra: Sequence[Part] = (),
    progress: Progress | None = None,
) -> int:
    """Write the summary to `target`; how many pages. `extra`: further tables (a form). Raises ExportTrouble."""
    document, pages = summary_pdf(recorded, size=size, extra=extra, progress=progress)
    write_file(target, lambda part: _put(part, document), force)
    return pages


def summary_pdf(
    recorded: Recorded, *, size: str = "a4", extra: Sequence[Part] = (), progress: Progress | None = None
) -> tuple[bytes, int]:
    """The document and its number of pages. `size`: a4 or letter."""
    shown = [*parts(recorded), *extra]
    budget, pages = _BUDGETS[-1], PAGES
    for place, tried in enumerate(_BUDGETS):
        if progress is not None:
            progress(place, len(_BUDGETS) + 1)
        _, needed = _lay_out(recorded, shown, size, tried, 0)
        if needed <= PAGES:
            budget, pages = tried, needed
            break
    else:
        pages = needed
    document, _ = _lay_out(recorded, shown, size, budget, pages)
    if progress is not None:
        progress(len(_BUDGETS) + 1, len(_BUDGETS) + 1)
    return document, pages


def _lay_out(recorded: Recorded, shown: Sequence[Part], size: str, budget: int, pages: int) -> tuple[bytes, int]:
    code = recorded.summary.subject or "(no code)"
    flow = _Flow(recorded, Paper(size, title=f"Session summary {code}", author="kapconsole"), pages)
    flow.head()
    for place, part in enumerate(shown):
        if place == 1:
            flow.drawing()
        flow.table(part, budget)
        if part.title.startswith("Bilateral"):
            flow.sud()
    if len(shown) < 2:
        flow.drawing()
    flow.signing()
    flow.foot()
    return flow.paper.done(), flow.paper.pages


class _Flow:
    """Puts one thing below the other and begins a page where there is no room."""

    def __init__(self, recorded: Recorded, paper: Paper, pages: int) -> None:
        self.recorded = recorded
        self.paper = paper
        self.pages = pages
        self.y = MARGIN
        self.width = paper.width - 2 * MARGIN

    def room(self, height: float) -> None:
        if self.y + height > self.paper.height - FOOT:
            self.foot()
            self.paper.next_page()
            self.y = MARGIN

    def head(self) -> None:
        title = "Session summary"
        if self.recorded.deidentified:
            title += ", supervision copy"
        self.paper.text(MARGIN, self.y + 8, title, 15, bold=True)
        self.paper.text(
            MARGIN + self.width, self.y + 8, self.recorded.summary.subject or "(no code)", 12, align="right"
        )
        self.y += 20
        self.paper.line(MARGIN, self.y, MARGIN + self.width, self.y, thick=1)
        self.y += 11
        pairs = header(self.recorded)
        wide = self.width / 3
        lines = 1
        for place, (name, words) in enumerate(pairs):
            if place % 3 == 0:
                self.y += LEADING * lines if place else 0
                lines = 1
            x = MARGIN + wide * (place % 3)
            self.paper.text(x, self.y, name, 6.5, grey=0.45)
            held = wrapped(words, wide - 56, SIZE)[:3]
            for number, line in enumerate(held):
                self.paper.text(x + 48, self.y + LEADING * number, line, SIZE)
            lines = max(lines, len(held))
        self.y += LEADING * lines
        for words in remarks(self.recorded):
            for line in wrapped(words, self.width - 10, SIZE, bold=True):
                self.paper.text(MARGIN, self.y, line, SIZE, bold=True)
                self.y += LEADING
        self.y += 2

    def drawing(self) -> None:
        self.room(HEIGHT)
        draw_session(self.paper, self.recorded, MARGIN, self.y, self.width)
        self.y += HEIGHT

    def sud(self) -> None:
        sets = sets_of(self.recorded.events)
        if any(held.sud_before is not None or held.sud_after is not None for held in sets):
            self.room(82)
            draw_sud(self.paper, sets, MARGIN, self.y + 12, self.width, 48)
            self.y += 82

    def table(self, part: Part, budget: int) -> None:
        cut = budget < _BUDGETS[0]
        most = len(part.rows) if part.whole else budget
        lines = _LINES if cut and not part.whole else 10_000
        total = sum(column.share for column in part.columns)
        widths = [self.width * column.share / total for column in part.columns]
        self.room(LEADING * 3 + 6)
        self.y += 6
        self._head(part, widths)
        for row in part.rows[:most]:
            cells = [wrapped(cell, wide - GUTTER, SIZE) for cell, wide in zip(row, widths, strict=True)]
            cells = [held if len(held) <= lines else [*held[: lines - 1], "… (more in the log)"] for held in cells]
            high = LEADING * max(1, *(len(held) for held in cells))
            before = self.paper.pages
            self.room(min(high, self.paper.height - FOOT - MARGIN - 2 * LEADING))
            if self.paper.pages != before:
                self._head(part, widths, again=True)
            self._row(part, cells, widths)
        left_out = len(part.rows) - most
        if left_out > 0:
            self.paper.text(
                MARGIN, self.y, f"and {left_out} more: in the session log and in its tables", SIZE, grey=0.3
            )
            self.y += LEADING

    def _head(self, part: Part, widths: Sequence[float], again: bool = False) -> None:
        self.y += LEADING
        self.paper.text(MARGIN, self.y - 1, part.title + (" (continued)" if again else ""), 8.5, bold=True)
        if any(column.head not in ("", *(column.head for column in WHEN)) for column in part.columns):
            self.y += LEADING
            x = MARGIN
            for column, wide in zip(part.columns, widths, strict=True):
                at, align = (x + wide - GUTTER, "right") if column.right else (x, "left")
                self.paper.text(at, self.y - 1.5, column.head, 6.2, grey=0.45, align=align)
                x += wide
        self.y += 1
        self.paper.line(MARGIN, self.y, MARGIN + self.width, self.y, thick=0.4, grey=0.6)
        self.y += LEADING - 1

    def _row(self, part: Part, cells: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
        high = max(1, *(len(held) for held in cells))
        for number in range(high):
            if number:
                self.room(LEADING)  # one cell may be longer than a page
            x = MARGIN
            for column, held, wide in zip(part.columns, cells, widths, strict=True):
                if number < len(held):
                    at, align = (x + wide - GUTTER, "right") if column.right else (x, "left")
                    self.paper.text(at, self.y, held[number], SIZE, align=align)
                x += wide
            self.y += LEADING

    def signing(self) -> None:
        """Two lines to sign by hand: the signatures of the session stand in a table."""
        self.room(50)
        self.y += 34
        for place, what in enumerate(("Name, role, date, signature", "Name, role, date, signature")):
            x = MARGIN + place * (self.width / 2 + 8)
            self.paper.line(x, self.y, x + self.width / 2 - 8, self.y, grey=0.4)
            self.paper.text(x, self.y + 8, what, 6.2, grey=0.45)
        self.y += 14

    def foot(self) -> None:
        y = self.paper.height - FOOT + 16
        self.paper.line(MARGIN, y - 9, MARGIN + self.width, y - 9, grey=0.7)
        summary = self.recorded.summary
        words = summary.subject or "(no code)"
        if not self.recorded.deidentified:
            words += f" · head code {summary.head_code or 'none: not closed'} · session {summary.session_id}"
        of = f" of {self.pages}" if self.pages else ""
        self.paper.text(MARGIN + self.width, y, f"page {self.paper.pages}{of}", 6.5, grey=0.3, align="right")
        if summary.simulated:
            words = f"SIMULATED: not a real session · {words}"
        if self.recorded.deidentified:
            words = f"de-identified supervision copy · {words}"
        self.paper.text(MARGIN, y, words, 6.5, grey=0.3)
        made = f"Made by kapconsole {kapconsole.__version__} from the session log. The log is the record; this is not."
        self.paper.text(MARGIN, y + 9, made, 6.5, grey=0.3)


def _put(place: Path, document: bytes) -> None:
    place.write_bytes(document)
