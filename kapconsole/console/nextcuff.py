"""When the next cuff reading is due, whether it is a recheck, and what has not been said about the limb."""

from __future__ import annotations

from collections.abc import Hashable

import msgspec
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from kapconsole.console.alarmfacts import FactBook
from kapconsole.console.alarmwords import countdown, stale
from kapconsole.console.carefacts import cuff_next
from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look
from kapconsole.session.schedule import RECHECK
from kapconsole.session.schedule import NextCuff as Reading
from kapdevices.readings import Metric

BAR_FULL_S = 900.0
"""The bar is full a quarter of an hour before a reading: the longest interval of usual schedules."""


class NextShown(msgspec.Struct, frozen=True):
    """Heading, the time in words, the line below, the part of the bar that is left (0 to 1, None: no bar), overdue."""

    title: str
    when: str
    below: str
    part: float | None = None
    overdue: bool = False


class NextCuff(Painted):
    """The small tile under NIBP."""

    def __init__(self, look: Look, facts: FactBook, parent: QWidget | None = None) -> None:
        super().__init__("Next cuff", look, parent)
        self._facts = facts

    def read(self, moment: Moment) -> NextShown:
        """What stands on it."""
        held = cuff_next(moment)
        if held is not None:
            return self._scheduled(held)
        status = moment.alarms
        if status is None or stale(moment):
            return NextShown("Next cuff", "not known", "")
        facts = self._facts.at(moment)
        both = moment.state.newest(Metric.SPO2) is not None and moment.state.newest_nibp() is not None
        unsaid = "cuff and oximeter on one limb? · Y" if both and facts.same_limb is None else ""
        if facts.same_limb:
            unsaid = "on the oximeter's limb: SpO2 waits"
        due_us = status.reading_due_us
        if due_us is None:
            return NextShown("Next cuff", "none planned", unsaid or "C takes one now")
        left_s = (due_us - moment.now_us) / 1e6
        why = facts.rechecks.get(due_us)
        title = "Next cuff" if why is None else "Recheck"
        below = unsaid if why is None else f"asked for: {why} · C takes it"
        if left_s <= 0:
            below = below or "C takes it"
            return NextShown(title, "due now" if left_s > -1 else f"{countdown(-left_s)} overdue", below, 0.0, True)
        return NextShown(title, f"in {countdown(left_s)}", below, min(1.0, left_s / BAR_FULL_S))

    def _scheduled(self, held: Reading) -> NextShown:
        """By the schedule that began with the dose: who will start the cuff stands below."""
        title = "Recheck" if held.slot == RECHECK else "Next cuff"
        if held.slot == RECHECK:
            below = f"asked for: {held.why} · C takes it"
        elif held.held:
            below = f"{held.slot} · held since a stop; arm it: J, C"
        else:
            below = f"{held.slot} · {'starts by itself' if held.by_itself else 'C takes it'}"
        if held.mandatory:
            below += " · mandatory"
        if held.left_s <= 0:
            words = "due now" if held.left_s > -1 else f"{countdown(-held.left_s)} overdue"
            return NextShown(title, words, below, 0.0, True)
        return NextShown(title, f"in {countdown(held.left_s)}", below, min(1.0, held.left_s / BAR_FULL_S))

    def key(self, moment: Moment) -> Hashable:
        return self.read(moment)

    def spoken(self, moment: Moment) -> str:
        now = self.read(moment)
        return ", ".join(part for part in (f"{now.title} {now.when}", now.below) if part)

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        now, px, palette = self.read(self.moment), self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel, palette.tertiary if now.overdue else None)
        x = px(20)
        if now.overdue:
            x += ink.triangle(x, px(34), 16, palette.text) + px(8)
        ink.text(x, px(34), now.title, TEXT, palette.text if now.overdue else palette.secondary)
        known = now.part is not None
        code = palette.text if known else palette.secondary
        ink.text(rect.width() - px(20), px(34), now.when, HEADING, code, known, RIGHT)
        if now.part is not None:
            bar = QRectF(px(20), px(44), rect.width() - px(40), px(4))
            ink.panel(bar, palette.raised, radius=2)
            bar.setWidth(bar.width() * now.part)
            ink.panel(bar, palette.nibp, radius=2)
        below = now.below.replace("SpO2", "SpO₂")
        ink.fitted(px(20), rect.height() - px(14), below, rect.width() - px(40), SMALL, palette.secondary)
