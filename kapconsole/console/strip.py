"""The strip under the top line, always there: what is technically wrong, or one dim line when all is quiet."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QRectF

from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import HEADING, SMALL, TEXT
from kapconsole.session.troubles import Trouble, troubles

QUIET = "no alarm limits in this version: watch the bedside monitor, its alarms stay on"
QUIET_REPLAY = "recorded session: nothing in this window is happening now"
QUIET_SHORT = "no alarm limits: watch the bedside monitor"


class Strip(Painted):
    """The place of alarms to come. `views_failed` are views of this window that cannot be drawn."""

    views_failed: tuple[str, ...] = ()

    def lines(self, moment: Moment) -> tuple[Trouble, ...]:
        """What is wrong at `moment`, the gravest first."""
        broken = tuple(Trouble("view", f"view failed: {name}") for name in self.views_failed)
        found = troubles(moment.state, moment.now_us, moment.utc_origin_us, linked=moment.linked, replay=moment.replay)
        return broken + found

    def key(self, moment: Moment) -> Hashable:
        return self.lines(moment)

    def spoken(self, moment: Moment) -> str:
        return "; ".join([*(trouble.text for trouble in self.lines(moment)), self._quiet(moment)])

    def _quiet(self, moment: Moment) -> str:
        return QUIET_REPLAY if moment.replay else QUIET

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        found = self.lines(self.moment)
        baseline = rect.center().y() + px(HEADING) * 0.36
        if not found:
            ink.panel(rect, palette.panel)
            ink.fitted(px(20), baseline, self._quiet(self.moment), rect.width() - px(40), TEXT, palette.secondary)
            return
        ink.panel(rect, palette.panel, palette.text)
        # Troubles come first: the reminder gives way where it would hide one, the line below all says it as well.
        short = "" if self.moment.replay else QUIET_SHORT
        reminder = self.look.width(short, SMALL) + px(40)
        needed = sum(self._width(trouble, number) for number, trouble in enumerate(found))
        right = rect.width() - px(20)
        if needed <= right - px(20) - reminder or len(found) == 1:
            ink.text(right, baseline, short, SMALL, palette.secondary, side=RIGHT)
            right -= reminder
        x = px(20)
        for number, trouble in enumerate(found):
            left_over = len(found) - number
            more = f"and {left_over} more"
            reserve = self.look.width(f"and {left_over - 1} more", TEXT) + px(30) if left_over > 1 else 0.0
            if number and x + self._width(trouble, number) + reserve > right + px(30):
                ink.text(x, baseline, more, TEXT, palette.text)
                return
            symbol = ink.triangle(x, baseline, 20, palette.text) + px(10)
            room = right - reserve - x - symbol
            x += symbol + ink.fitted(x + symbol, baseline, trouble.text, room, HEADING, palette.text, number == 0)
            x += px(30)

    def _width(self, trouble: Trouble, number: int) -> float:
        """What one trouble takes of the line, with its symbol and the space after it; the first is bold."""
        symbol = max(9.0, self.look.px(20)) + self.look.px(10)
        return symbol + self.look.width(trouble.text, HEADING, number == 0) + self.look.px(30)
