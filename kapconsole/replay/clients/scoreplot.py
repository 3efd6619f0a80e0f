"""A client's scores over sessions, a strip for each instrument on one axis of days, and SUD from first to last set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from PySide6.QtCore import QPointF, QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kapconsole.clinical.clients.page import ClientPage, Point, ScoreSeries
from kapconsole.clinical.instruments.model import Instrument
from kapconsole.console.painted import CENTRE, RIGHT, Ink
from kapconsole.console.theme import SMALL, TEXT, Look, colour
from kapconsole.replay.clients.found import day_text, rated

STRIP_UNITS, GAP_UNITS, NAME_UNITS, BAND_UNITS, HEAD_UNITS, FOOT_UNITS = 92.0, 34.0, 250.0, 200.0, 34.0, 34.0
SUD_MOST = 10
MOST_LINES = 4

Across = Callable[[date], float]
Up = Callable[[float], float]


class ScorePlot(QWidget):
    """Drawn from a client's page; in words for a screen reader, too."""

    def __init__(self, look: Look, instruments: Mapping[str, Instrument]) -> None:
        super().__init__()
        self.look = look
        self._instruments = instruments
        self._page: ClientPage | None = None
        self.setAccessibleName("Scores over sessions")

    def put(self, page: ClientPage | None) -> None:
        """Draw this client."""
        self._page = page
        self.setAccessibleDescription(_spoken(page) if page is not None else "")
        self._fit()
        self.update()

    def set_look(self, look: Look) -> None:
        """Another size."""
        self.look = look
        self._fit()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(round(self.look.px(600)), self._height())

    def _fit(self) -> None:
        self.setMinimumHeight(self._height())
        self.updateGeometry()

    def _height(self) -> int:
        count = max(1, len(self._series()) + bool(self._sud()))
        return round(self.look.px(HEAD_UNITS + count * (STRIP_UNITS + GAP_UNITS) + FOOT_UNITS))

    def _series(self) -> list[ScoreSeries]:
        page = self._page
        return [one for one in page.scores if any(p.total is not None for p in one.points)] if page is not None else []

    def _sud(self) -> list[tuple[date, tuple[int, int]]]:
        page = self._page
        if page is None:
            return []
        pairs = ((day, rated(entry.sets)) for entry, day in zip(page.sessions, page.days, strict=True))
        return [(day, pair) for day, pair in pairs if pair is not None]

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink = Ink(painter, self.look)
        ink.fill(QRectF(self.rect()), self.look.palette.background)
        page = self._page
        if page is not None:
            series, sud = self._series(), self._sud()
            if series or sud:
                self._draw(ink, page, series, sud)
            else:
                px = self.look.px
                ink.text(px(4), px(40), "no scores and no rated sets yet", TEXT, self.look.palette.secondary)
        painter.end()

    def _draw(
        self, ink: Ink, page: ClientPage, series: list[ScoreSeries], sud: list[tuple[date, tuple[int, int]]]
    ) -> None:
        look, palette, px = self.look, self.look.palette, self.look.px
        days = [*page.days, *(point.day for one in series for point in one.points)]
        first, last = min(days), max(days)
        left, right = px(NAME_UNITS), self.width() - px(BAND_UNITS)
        span = max(1, (last - first).days)
        inset = px(14)

        def x(day: date) -> float:
            if first == last:
                return (left + right) / 2
            return left + inset + (right - left - 2 * inset) * (day - first).days / span

        top = px(HEAD_UNITS)
        bottom = top + (len(series) + bool(sud)) * px(STRIP_UNITS + GAP_UNITS) - px(GAP_UNITS)
        capital = look.metrics(SMALL).capHeight()
        ink.text(px(4), top - px(12), "dosing session", SMALL, palette.secondary)
        free = -1e9
        for number, (entry, day) in enumerate(zip(page.sessions, page.days, strict=True), 1):
            if entry.doses:
                ink.line_pen(palette.faint, 1)
                ink.line(x(day), top - px(6), x(day), bottom)
                width = look.width(str(number), SMALL)
                if x(day) - width / 2 > free:
                    ink.text(x(day), top - px(12), str(number), SMALL, palette.text, side=CENTRE)
                    free = x(day) + width / 2 + px(4)
        for place, one in enumerate(series):
            y = top + place * px(STRIP_UNITS + GAP_UNITS)
            self._strip(ink, one, QRectF(left, y, right - left, px(STRIP_UNITS)), x)
        if sud:
            y = top + len(series) * px(STRIP_UNITS + GAP_UNITS)
            self._sud_strip(ink, sud, QRectF(left, y, right - left, px(STRIP_UNITS)), x)
        step = next((step for step in (1, 2, 7, 14, 30, 61, 91, 182, 365) if span / step <= 5), 730)
        for count in range(0, span + 1 if last > first else 1, step):
            day = first + timedelta(count)
            ink.text(x(day), bottom + px(14) + capital, day_text(day), SMALL, palette.secondary, side=CENTRE)

    def _frame(self, ink: Ink, name: str, rect: QRectF, low: float, high: float) -> None:
        look, palette, px = self.look, self.look.palette, self.look.px
        capital = look.metrics(SMALL).capHeight()
        ink.fitted(px(4), rect.top() + look.metrics(TEXT).capHeight(), name, px(NAME_UNITS - 44), TEXT, palette.text)
        for value, y in ((high, rect.top()), (low, rect.bottom())):
            ink.text(rect.left() - px(8), y + capital / 2, f"{value:g}", SMALL, palette.secondary, side=RIGHT)
        ink.line_pen(palette.faint, 1)
        ink.line(rect.left(), rect.top(), rect.left(), rect.bottom())
        ink.line(rect.left(), rect.bottom(), rect.right(), rect.bottom())

    def _strip(self, ink: Ink, series: ScoreSeries, rect: QRectF, x: Across) -> None:
        look, palette, px = self.look, self.look.palette, self.look.px
        instrument = self._instruments.get(series.instrument)
        values = [point.total for point in series.points if point.total is not None]
        low, high = min(values), max(values)
        if instrument is not None and instrument.maximum > instrument.minimum:
            low, high = instrument.minimum, instrument.maximum
        elif low == high:
            low, high = low - 1, high + 1
        self._frame(ink, series.name, rect, low, high)

        def y(value: float) -> float:
            return rect.bottom() - rect.height() * (value - low) / (high - low)

        capital = look.metrics(SMALL).capHeight()
        above = 1e9
        for band in instrument.bands if instrument is not None else ():
            ink.line_pen(palette.line, 1)
            if band.start > low:
                ink.line(rect.left(), y(band.start), rect.right(), y(band.start))
            middle = (y(band.start) + y(band.end)) / 2 + capital / 2
            if above - middle >= look.metrics(SMALL).height() * 0.85:
                ink.fitted(rect.right() + px(8), middle, band.label, px(BAND_UNITS - 12), SMALL, palette.secondary)
                above = middle
        shown = [point for point in series.points if point.total is not None]
        self._joined(ink, [QPointF(x(point.day), y(point.total or 0)) for point in shown])
        self._values(ink, shown, x, y, rect)
        newest = shown[-1]
        if newest.change and len(shown) > 1:
            words = f"since the first: {newest.change}"
            baseline = rect.top() + look.metrics(TEXT).capHeight() + look.metrics(SMALL).height() * 1.15
            for part in _wrapped(look, words, px(NAME_UNITS - 44)):
                ink.text(px(4), baseline, part, SMALL, palette.secondary)
                baseline += look.metrics(SMALL).height()
        if instrument is not None and instrument.band_source:
            words = f"bands: {instrument.band_source}"
            ink.fitted(
                rect.left() + px(4), rect.bottom() + px(6) + capital, words, rect.width(), SMALL, palette.tertiary
            )

    def _values(self, ink: Ink, shown: list[Point], x: Across, y: Up, rect: QRectF) -> None:
        px, palette, look = self.look.px, self.look.palette, self.look
        free = -1e9
        for point in shown:
            at, level = x(point.day), y(point.total or 0)
            words = f"{point.total:g}"
            width = look.width(words, SMALL, True)
            if at - width / 2 > free:
                over = level - rect.top() > look.metrics(SMALL).capHeight() + px(12)
                baseline = level - px(9) if over else level + px(9) + look.metrics(SMALL).capHeight()
                back = QRectF(at - width / 2 - 1, baseline - look.metrics(SMALL).capHeight() - 1, width + 2, 0)
                back.setBottom(baseline + 1)
                ink.fill(back, palette.background)
                ink.text(at, baseline, words, SMALL, palette.text, True, CENTRE)
                free = at + width / 2 + px(4)

    def _joined(self, ink: Ink, points: list[QPointF]) -> None:
        palette, px = self.look.palette, self.look.px
        ink.line_pen(palette.accent, 2)
        ink.painter.drawPolyline(points)
        ink.painter.setBrush(colour(palette.accent))
        for point in points:
            ink.painter.drawEllipse(point, px(4), px(4))

    def _sud_strip(self, ink: Ink, sud: list[tuple[date, tuple[int, int]]], rect: QRectF, x: Across) -> None:
        look, palette, px = self.look, self.look.palette, self.look.px
        self._frame(ink, "SUD in sets", rect, 0, SUD_MOST)

        def y(value: float) -> float:
            return rect.bottom() - rect.height() * value / SUD_MOST

        radius = px(4)
        for day, (begin, end) in sud:
            ink.line_pen(palette.accent, 2)
            ink.line(x(day), y(begin), x(day), y(end))
            ink.painter.setBrush(colour(palette.background))
            ink.painter.drawEllipse(QPointF(x(day), y(begin)), radius, radius)
            ink.painter.setBrush(colour(palette.accent))
            ink.painter.drawEllipse(QPointF(x(day), y(end)), radius, radius)
        baseline = rect.top() + look.metrics(SMALL).capHeight()
        for words in ("○ first rating", "● last rating", "of the session"):
            ink.text(rect.right() + px(8), baseline, words, SMALL, palette.secondary)
            baseline += look.metrics(SMALL).height()


def _wrapped(look: Look, words: str, room: float) -> list[str]:
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and look.width(longer, SMALL) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines if len(lines) <= MOST_LINES else [*lines[: MOST_LINES - 1], f"{lines[MOST_LINES - 1]} …"]


def _spoken(page: ClientPage) -> str:
    parts = []
    for series in page.scores:
        values = ", ".join(
            f"{day_text(p.day)} {p.result if p.total is None else f'{p.total:g}'}" for p in series.points
        )
        parts.append(f"{series.name}: {values}")
    for entry, day in zip(page.sessions, page.days, strict=True):
        pair = rated(entry.sets)
        if pair is not None:
            parts.append(f"SUD on {day_text(day)}: {pair[0]} to {pair[1]}")
    return ". ".join(parts) or "no scores and no rated sets yet"
