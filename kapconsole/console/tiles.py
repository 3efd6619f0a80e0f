"""The tiles for SpO2, pulse and NIBP: the number, how fresh it is, and why it is not there, in words and shape."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import SMALL, TEXT, Look
from kapconsole.session.freshness import Freshness, Shown, nibp_shown, shown
from kapconsole.session.state import NibpView, State
from kapconsole.session.words import age_text
from kapdevices.readings import UNITS, Metric

CUFF_BAR_FULL_MMHG = 300.0
"""The bar of the live cuff pressure is full here: above this a cuff is deflated by every monitor."""

CUFF_PRESSURE_FRESH_US = 3_000_000
CUFF_WORDS_US = 60_000_000
"""What a cuff last said stays for a minute when no reading followed it."""

DASHES = "– –"
DIGIT_HEIGHT = 0.73
"""Height of a digit of DejaVu Sans, as a part of the font's size."""


class Tile(Painted):
    """One number of `metric` with its freshness. Limits will stand at its right edge; the place is kept free."""

    def __init__(self, metric: Metric, title: str, role: str, look: Look, parent: QWidget | None = None) -> None:
        """`role`: the field of the palette that colours the number."""
        super().__init__(title.replace("₂", "2"), look, parent)
        self.quantity = metric
        self.title = title
        self.role = role
        self.unit = UNITS[metric]

    def key(self, moment: Moment) -> Hashable:
        return self.read(moment)

    def read(self, moment: Moment) -> tuple[str, Freshness, str]:
        """(number, freshness, words) as they stand on the tile."""
        now = shown(moment.state, self.quantity, moment.now_us)
        number = DASHES if now.value is None else f"{now.value:.0f}"
        return number, now.freshness, fresh_words(now, moment.state)

    def spoken(self, moment: Moment) -> str:
        number, freshness, words = self.read(moment)
        name = self.accessibleName()
        if freshness is Freshness.LIVE:
            return f"{name} {number} {self.unit}, {words}"
        if number == DASHES:
            return f"{name}: no number, {words}"
        return f"{name} {number} {self.unit} is {freshness}: {words}"

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        number, freshness, words = self.read(self.moment)
        self.paint_frame(ink, self.title, self.unit, freshness)
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        # In a tile that is higher than wide the limits will stand under the number, not beside it.
        beside = px(92) if rect.width() > rect.height() else px(40)
        room = QRectF(px(20), px(50), rect.width() - beside, rect.height() - px(50 + 52))
        self.paint_number(ink, room, number, "188", freshness)
        baseline = rect.height() - px(18)
        if freshness is Freshness.LIVE:
            ink.fitted(px(20), baseline, words, rect.width() - px(40), SMALL, palette.tertiary)
        else:
            self.paint_reason(ink, baseline, words, freshness)

    def paint_frame(self, ink: Ink, title: str, unit: str, freshness: Freshness) -> None:
        """Background, title and unit. A tile without a live number is outlined, so that it is seen from afar."""
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        calm = freshness in (Freshness.LIVE, Freshness.NONE)
        ink.panel(rect, palette.panel, None if calm else palette.tertiary)
        ink.text(px(20), px(34), title, 20, getattr(palette, self.role), True)
        ink.text(rect.width() - px(20), px(34), unit, TEXT, palette.secondary, side=RIGHT)

    def paint_number(self, ink: Ink, room: QRectF, number: str, widest: str, freshness: Freshness) -> None:
        """The number as large as `widest` fits in `room`; hollow and struck when invalid, dimmed when late."""
        px, palette, look = self.look.px, self.look.palette, self.look
        per_unit = look.width(widest, 100, True) / 100
        size = min(room.height() / DIGIT_HEIGHT / look.unit, room.width() / per_unit)
        baseline = room.center().y() + size * look.unit * DIGIT_HEIGHT / 2
        left = room.left() - px(size * 0.04)
        if number.startswith(DASHES[0]):
            ink.text(left, baseline - px(size * 0.1), number, size * 0.7, palette.secondary)
        elif freshness is Freshness.INVALID:
            width = ink.outlined(left, baseline, number, size, palette.secondary)
            middle = baseline - px(size) * DIGIT_HEIGHT / 2
            ink.line_pen(palette.text, 3.0)
            ink.line(left - px(2), middle, left + width + px(6), middle)
        elif freshness is Freshness.LATE:
            ink.text(left, baseline, number, size, palette.tertiary, True)
        else:
            ink.text(left, baseline, number, size, getattr(palette, self.role), True)

    def paint_reason(self, ink: Ink, baseline: float, words: str, freshness: Freshness) -> None:
        """Why there is no live number, on up to two lines, with an outline symbol when it is a trouble."""
        px, palette = self.look.px, self.look.palette
        x, width = px(20), self.width() - px(40)
        quiet = freshness is Freshness.NONE
        code = palette.secondary if quiet else palette.text
        indent = 0.0 if quiet else max(9.0, px(15)) + px(7)
        lines = wrapped(words, width - indent, self.look, TEXT)[:2]
        step = self.look.metrics(TEXT).height()
        first = baseline - step * (len(lines) - 1)
        if not quiet:
            ink.triangle(x, first, 15, palette.text)
        for number, line in enumerate(lines):
            ink.fitted(x + indent, first + step * number, line, width - indent, TEXT, code)


class NibpTile(Tile):
    """The newest cuff reading with its age, what the cuff is doing now, and its live pressure while it runs."""

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(Metric.NIBP_SYS, "NIBP", "nibp", look, parent)

    def read(self, moment: Moment) -> tuple[str, Freshness, str]:
        systolic, diastolic = nibp_shown(moment.state, moment.now_us)
        number = DASHES
        if systolic.value is not None and diastolic is not None:
            number = f"{systolic.value:.0f}/{diastolic:.0f}"
        if systolic.freshness is Freshness.INVALID:
            return number, systolic.freshness, f"failed {age_text(systolic.age_s)}: {systolic.reason}"
        return number, systolic.freshness, fresh_words(systolic, moment.state)

    def key(self, moment: Moment) -> Hashable:
        return self.read(moment), self.cuff(moment), len(moment.state.nibp), moment.state.feeds.get(Metric.NIBP_SYS)

    def cuff(self, moment: Moment) -> tuple[str, float | None]:
        """(what the cuff is doing, empty when idle; live pressure in mmHg or None)."""
        cuff = moment.state.cuff
        if cuff.doing == "idle":
            recent = cuff.text and 0 <= moment.now_us - cuff.since_us < CUFF_WORDS_US
            return (cuff.text if recent else ""), None
        # Of the cuff that is doing it, whichever one feeds the tile.
        held = None if cuff.source is None else moment.state.latest.get((cuff.source, Metric.CUFF_PRESSURE))
        if held is None or moment.now_us - held.mono_us > CUFF_PRESSURE_FRESH_US or not held.valid:
            return (cuff.text or cuff.doing), None
        return cuff.doing, held.value

    def spoken(self, moment: Moment) -> str:
        doing, pressure = self.cuff(moment)
        words = super().spoken(moment)
        if pressure is not None:
            return f"{words}; cuff {doing} {pressure:.0f} mmHg"
        return f"{words}; {doing}" if doing else words

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        moment = self.moment
        number, freshness, words = self.read(moment)
        self.paint_frame(ink, self.title, self.unit, freshness)
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        doing, pressure = self.cuff(moment)
        below = 92 if doing else 72
        room = QRectF(px(20), px(48), rect.width() - px(40), rect.height() - px(48 + below))
        self.paint_number(ink, room, number, "188/188" if len(number) > 6 else "188/88", freshness)

        last = rect.height() - px(18)
        details = last - px(46) if doing else last - px(26)
        if freshness in (Freshness.LIVE, Freshness.LATE):
            newest = moment.state.newest_nibp()
            assert newest is not None
            reading = newest.reading
            parts = [
                f"{label} {value:.0f}"
                for label, value in (("mean", reading.mean_mmhg), ("pulse", reading.pulse_rate))
                if value is not None
            ]
            ink.fitted(px(20), details, " · ".join(parts), rect.width() - px(40), TEXT, palette.text)
            code = palette.tertiary if freshness is Freshness.LIVE else palette.text
            if not doing:
                ink.fitted(px(20), last, words, rect.width() - px(40), SMALL, code)
            else:
                shift = self.look.width(" · ".join(parts) + "  ", TEXT)
                age = words.split(" · ")[0]
                ink.fitted(px(20) + shift, details, age, rect.width() - px(40) - shift, SMALL, code)
        elif doing:
            ink.fitted(px(20), details, words, rect.width() - px(40), TEXT, palette.text)
        else:
            self.paint_reason(ink, last, words, freshness)
            self._paint_previous(ink, moment)
        if doing:
            self._paint_cuff(ink, last, doing, pressure)

    def _paint_previous(self, ink: Ink, moment: Moment) -> None:
        """Under a failed reading: the last good one, small and with its age, so that it is not taken for new."""
        before = last_valid(moment.state)
        if before is None:
            return
        reading = before.reading
        age = age_text((moment.now_us - before.mono_us) / 1e6)
        words = f"before: {reading.sys_mmhg:.0f}/{reading.dia_mmhg:.0f}, {age}"
        px = self.look.px
        ink.fitted(px(20), self.height() - px(68), words, self.width() - px(40), TEXT, self.look.palette.secondary)

    def _paint_cuff(self, ink: Ink, baseline: float, doing: str, pressure: float | None) -> None:
        px, palette = self.look.px, self.look.palette
        left, width = px(20), self.width() - px(40)
        words = f"cuff {doing}" if pressure is not None else doing
        used = 0.0
        if pressure is not None:
            used = ink.text(left + width, baseline, f"{pressure:.0f} mmHg", TEXT, palette.text, True, RIGHT)
            bar = QRectF(left, baseline - px(30), width, px(6))
            ink.panel(bar, palette.raised, radius=3)
            bar.setWidth(width * min(1.0, max(0.0, pressure / CUFF_BAR_FULL_MMHG)))
            ink.panel(bar, palette.nibp, radius=3)
        ink.fitted(left, baseline, words, width - used - px(8), TEXT, palette.text)


def fresh_words(now: Shown, state: State) -> str:
    """The line under a number: age and device of a live one, else the reason."""
    label = state.device_name(now.source)
    if now.freshness is Freshness.LIVE:
        return " · ".join(part for part in (age_text(now.age_s), label) if part)
    if now.freshness is Freshness.LATE and not now.reason:
        return " · ".join(part for part in ("old: " + age_text(now.age_s), label) if part)
    return now.reason


def last_valid(state: State) -> NibpView | None:
    """The newest cuff reading of the chosen cuff monitor that has a systolic and a diastolic value."""
    chosen = state.feeds.get(Metric.NIBP_SYS)
    of_it = (view for view in reversed(state.nibp) if chosen in (None, view.reading.source))
    return next((view for view in of_it if view.reading.valid), None)


def wrapped(words: str, width: float, look: Look, size: float, bold: bool = False) -> list[str]:
    """`words` in lines of at most `width` pixels, broken between words."""
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and look.width(longer, size, bold) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
