"""The tile of the cuff: newest reading, its age and baseline, what the cuff does now, and ticked red flags."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from kapconsole.console.alarmfacts import FactBook
from kapconsole.console.alarmwords import baseline_words
from kapconsole.console.flash import Flash
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink
from kapconsole.console.theme import SMALL, TEXT, Look
from kapconsole.console.tiles import DASHES, Tile, fresh_words
from kapconsole.session.freshness import Freshness, nibp_shown
from kapconsole.session.state import NibpView, State
from kapconsole.session.words import age_text
from kapdevices.readings import Metric

CUFF_BAR_FULL_MMHG = 300.0
"""The bar of the live cuff pressure is full here: above this a cuff is deflated by every monitor."""

CUFF_PRESSURE_FRESH_US = 3_000_000
CUFF_WORDS_US = 60_000_000
"""What a cuff last said stays for a minute when no reading followed it."""


class NibpTile(Tile):
    """The newest cuff reading with its age and baseline, what the cuff is doing now, its live pressure, red flags."""

    def __init__(self, look: Look, facts: FactBook, parent: QWidget | None = None, flash: Flash | None = None) -> None:
        super().__init__(Metric.NIBP_SYS, "NIBP", "nibp", look, parent, flash)
        self._facts = facts

    def read(self, moment: Moment) -> tuple[str, Freshness, str]:
        systolic, diastolic = nibp_shown(moment.state, moment.now_us)
        number = DASHES
        if systolic.value is not None and diastolic is not None:
            number = f"{systolic.value:.0f}/{diastolic:.0f}"
        if systolic.freshness is Freshness.INVALID:
            return number, systolic.freshness, f"failed {age_text(systolic.age_s)}: {systolic.reason}"
        return number, systolic.freshness, fresh_words(systolic, moment.state)

    def key(self, moment: Moment) -> Hashable:
        feed = moment.state.feeds.get(Metric.NIBP_SYS)
        beside = self.alarm_key(moment), baseline_words(moment.alarms), self.flags(moment)
        return self.read(moment), self.cuff(moment), len(moment.state.nibp), feed, beside

    def flags(self, moment: Moment) -> str:
        """The red-flag symptoms that are ticked."""
        symptoms = self._facts.at(moment).symptoms
        return f"red flag: {', '.join(symptoms)}" if symptoms else ""

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
        words = "; ".join(
            part for part in (super().spoken(moment), baseline_words(moment.alarms), self.flags(moment)) if part
        )
        if pressure is not None:
            return f"{words}; cuff {doing} {pressure:.0f} mmHg"
        return f"{words}; {doing}" if doing else words

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        moment = self.moment
        number, freshness, words = self.read(moment)
        alarm = self.alarm(moment)
        self.paint_frame(ink, self.title, self.unit, freshness, alarm)
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        doing, pressure = self.cuff(moment)
        below = 92 if doing else 72
        limits = "   ".join(alarm.limits)
        if alarm.known:
            code = palette.text if alarm.priority is not None else palette.secondary
            ink.text(rect.width() - px(20), px(60), limits, TEXT, code, side=RIGHT)
        above = 66 if alarm.known else 48
        room = QRectF(px(20), px(above), rect.width() - px(40), rect.height() - px(above + below))
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
            flags, base = self.flags(moment), baseline_words(moment.alarms)
            parts = [flags] if flags else parts
            words = " · ".join(part for part in (words, base) if part)
            ink.fitted(px(20), details, " · ".join(parts), rect.width() - px(40), TEXT, palette.text, bool(flags))
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


def last_valid(state: State) -> NibpView | None:
    """The newest cuff reading of the chosen cuff monitor that has a systolic and a diastolic value."""
    chosen = state.feeds.get(Metric.NIBP_SYS)
    of_it = (view for view in reversed(state.nibp) if chosen in (None, view.reading.source))
    return next((view for view in of_it if view.reading.valid), None)
