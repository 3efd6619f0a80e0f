"""Pages of a PDF: text in the project's own fonts, lines, boxes; the only module that knows the PDF library.

Lengths are points (1/72 inch) from the page's upper left corner, y downwards. Grey runs from 0 (black) to 1 (white).
"""

from __future__ import annotations

import functools
import io
from collections.abc import Sequence
from importlib import resources

from reportlab.lib.pagesizes import A4, LETTER  # type: ignore[import-untyped]
from reportlab.pdfbase import pdfmetrics  # type: ignore[import-untyped]
from reportlab.pdfbase.ttfonts import TTFont  # type: ignore[import-untyped]
from reportlab.pdfgen.canvas import Canvas  # type: ignore[import-untyped]

SIZES = {"a4": A4, "letter": LETTER}
PLAIN, BOLD = "kapconsole", "kapconsole-bold"
_FILES = {PLAIN: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf"}
MISSING = "□"
"""Stands for a character that the font does not have; the tables have it."""


class Paper:
    """A document that grows page by page. `width`, `height`: of a page."""

    def __init__(self, size: str = "a4", title: str = "", author: str = "") -> None:
        _fonts()
        self.width, self.height = SIZES[size]
        self.pages = 1
        self._bytes = io.BytesIO()
        # Invariant: the same session gives the same bytes, and no moment of making stands in a de-identified copy.
        self._canvas = Canvas(self._bytes, pagesize=(self.width, self.height), invariant=1, pageCompression=1)
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)
        self._canvas.setCreator("kapconsole")
        self._canvas.setProducer("kapconsole")

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: float = 8,
        *,
        bold: bool = False,
        grey: float = 0,
        align: str = "left",
    ) -> None:
        """One line of words with its baseline at `y`; `align`: left, right or middle of `x`."""
        self._canvas.setFont(BOLD if bold else PLAIN, size)
        self._canvas.setFillGray(grey)
        draw = {"left": self._canvas.drawString, "right": self._canvas.drawRightString}
        draw.get(align, self._canvas.drawCentredString)(x, self.height - y, printable(words))

    def line(
        self, x0: float, y0: float, x1: float, y1: float, *, thick: float = 0.5, grey: float = 0, dash: float = 0
    ) -> None:
        """A straight line; `dash`: length of its dashes, 0 for none."""
        self._pen(thick, grey, dash)
        self._canvas.line(x0, self.height - y0, x1, self.height - y1)

    def lines(self, points: Sequence[tuple[float, float]], *, thick: float = 0.7, grey: float = 0) -> None:
        """Points joined by lines."""
        if len(points) < 2:
            return
        self._pen(thick, grey, 0)
        path = self._canvas.beginPath()
        path.moveTo(points[0][0], self.height - points[0][1])
        for x, y in points[1:]:
            path.lineTo(x, self.height - y)
        self._canvas.drawPath(path)

    def box(
        self, x: float, y: float, width: float, height: float, *, fill: float | None = None, thick: float = 0.5
    ) -> None:
        """A box with its upper left corner at (x, y); `fill`: its grey, None for empty. `thick` 0: no edge."""
        self._pen(thick, 0, 0)
        if fill is not None:
            self._canvas.setFillGray(fill)
        self._canvas.rect(x, self.height - y - height, width, height, stroke=int(thick > 0), fill=int(fill is not None))

    def next_page(self) -> None:
        """Begin another page."""
        self._canvas.showPage()
        self.pages += 1

    def done(self) -> bytes:
        """The document."""
        self._canvas.save()
        return self._bytes.getvalue()

    def _pen(self, thick: float, grey: float, dash: float) -> None:
        self._canvas.setLineWidth(thick)
        self._canvas.setStrokeGray(grey)
        self._canvas.setDash([dash, dash] if dash else [])


def text_width(words: str, size: float, bold: bool = False) -> float:
    """How wide words are."""
    _fonts()
    return float(pdfmetrics.stringWidth(printable(words), BOLD if bold else PLAIN, size))


def wrapped(words: str, width: float, size: float, bold: bool = False) -> list[str]:
    """Words broken into lines of at most `width`; a single word that is longer is cut into pieces."""
    lines: list[str] = []
    for paragraph in words.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if text_width(longer, size, bold) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            while text_width(word, size, bold) > width and len(word) > 1:
                fits = next(
                    n for n in range(len(word) - 1, 0, -1) if n == 1 or text_width(word[:n], size, bold) <= width
                )
                lines.append(word[:fits])
                word = word[fits:]
            line = word
        lines.append(line)
    return lines


def printable(words: str) -> str:
    """Words as the font can show them: what it lacks is a box, control characters are blanks."""
    known = _fonts()
    return "".join(
        letter if ord(letter) in known else " " if letter.isspace() or ord(letter) < 32 else MISSING for letter in words
    )


@functools.cache
def _fonts() -> frozenset[int]:
    """Register the project's fonts once; the characters that they have."""
    folder = resources.files("kapconsole") / "resources" / "fonts"
    for name, file in _FILES.items():
        with resources.as_file(folder / file) as path:
            pdfmetrics.registerFont(TTFont(name, str(path)))
    plain, bold = (pdfmetrics.getFont(name).face.charToGlyph for name in (PLAIN, BOLD))
    return frozenset(code for code in plain if code in bold and code >= 32)
