"""The strip under the top line, always there: what is technically wrong, or one dim line when all is quiet."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QRectF

from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import HEADING, SMALL, TEXT
from kapconsole.session.troubles import Trouble, troubles

QUIET = "no alarm limits in this version: watch the bedside monitor, its alarms stay on"
QUIET_SHORT = "no alarm limits: watch the bedside monitor"


class Strip(Painted):
    """The place of alarms to come. `views_failed` are views of this window that cannot be drawn."""

    views_failed: tuple[str, ...] = ()

    def lines(self, moment: Moment) -> tuple[Trouble, ...]:
        """What is wrong at `moment`, the gravest first."""
        broken = tuple(Trouble("view", f"view failed: {name}") for name in self.views_failed)
        found = troubles(
            moment.state, moment.now_us, moment.utc_origin_us, linked=moment.linked, replay=moment.replay
        )
        return broken + found

    def key(self, moment: Moment) -> Hashable:
        return self.lines(moment)

    def spoken(self, moment: Moment) -> str:
        return "; ".join([*(trouble.text for trouble in self.lines(moment)), QUIET])

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        found = self.lines(self.moment)
        baseline = rect.center().y() + px(HEADING) * 0.36
        if not found:
            ink.panel(rect, palette.panel)
            ink.fitted(px(20), baseline, QUIET, rect.width() - px(40), TEXT, palette.secondary)
            return
        ink.panel(rect, palette.panel, palette.text)
        side = ink.text(rect.width() - px(20), baseline, QUIET_SHORT, SMALL, palette.secondary, side=RIGHT)
        x, right = px(20), rect.width() - side - px(60)
        for number, trouble in enumerate(found):
            left_over = len(found) - number
            symbol = max(9.0, px(20)) + px(10)
            more = f"and {left_over} more"
            width = self.look.width(trouble.text, HEADING, number == 0)
            reserve = self.look.width(more, TEXT) + px(30) if left_over > 1 else 0.0
            if number and x + symbol + width + reserve > right:
                ink.text(x, baseline, more, TEXT, palette.text)
                return
            ink.triangle(x, baseline, 20, palette.text)
            room = right - reserve - x - symbol
            x += symbol + ink.fitted(x + symbol, baseline, trouble.text, room, HEADING, palette.text, number == 0)
            x += px(30)
