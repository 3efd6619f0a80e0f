"""The alarm strip under the top line, always there and never covered: the gravest alarm, the others, what is paused.

Lit, it is filled with the colour of its priority; in the dark half of a flash the colour stays on words and border, so
that nothing ever disappears. Symbol, words and rhythm carry what the colour carries.
"""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QWidget

from kapconsole.alarms.events import Priority
from kapconsole.console.alarmmarks import alarm_colour, alarm_fill, bell_paused, tick, triangle_paused
from kapconsole.console.alarmwords import Banner, Item, banner, countdown, flashing, spoken_banner
from kapconsole.console.flash import Flash
from kapconsole.console.keys import Action, KeyCap
from kapconsole.console.moment import Moment
from kapconsole.console.painted import CENTRE, RIGHT, Ink, Painted
from kapconsole.console.paintlog import PaintLog
from kapconsole.console.palette import on_fill
from kapconsole.console.theme import SMALL, TEXT, Look, colour
from kapconsole.session.troubles import Trouble, troubles

MESSAGE, MARK = 27.0, 40.0
"""Sizes of the headline and of its symbol, in units: read at 1 m, and the symbol farther away."""

UNHEARD_AFTER_US = 5_000_000
"""A live session that has heard nothing of its alarm system for this long is without one."""

ACKNOWLEDGE = Action("acknowledge", "A", "acknowledge", "Acknowledge what is shown (in forms: F2)")
PAUSE = Action("audio-pause", "P", "audio pause", "AUDIO PAUSED, or its end (in forms: F3)")
ALARMS = Action("alarms", "W", "alarms", "All alarms, and the way to the rest")


class StripCap(KeyCap):
    """A key on the strip, drawn in the colours that the strip has at the moment."""

    ink_code = ""
    ground = ""

    def paintEvent(self, event: QPaintEvent) -> None:
        px, look = self.look.px, self.look
        painter = QPainter(self)
        ink = Ink(painter, look)
        rect = QRectF(self.rect())
        if self.hasFocus() or self.isDown():
            painter.setPen(QPen(colour(self.ink_code), max(1.5, px(2))))
            painter.setBrush(QColor(0, 0, 0, 60 if self.isDown() else 0))
            painter.drawRoundedRect(rect.adjusted(1.5, 1.5, -1.5, -1.5), px(6), px(6))
        middle = rect.center().y()
        cap_height = max(px(28), look.metrics(TEXT).height() + px(4))
        cap = QRectF(px(8), middle - cap_height / 2, self.cap_width(), cap_height)
        ink.panel(cap, self.ink_code, radius=5)
        baseline = middle + look.metrics(TEXT).capHeight() / 2
        ink.text(cap.center().x(), baseline, self.action.key, TEXT, self.ground, True, CENTRE)
        left = cap.right() + px(8)
        ink.fitted(left, baseline, self.action.words, rect.right() - left, TEXT, self.ink_code, True)
        painter.end()

    def natural_width(self) -> int:
        """With its words whole."""
        words = self.look.width(self.action.words, TEXT, True)
        return max(self.look.touch, round(self.cap_width() + words + self.look.px(28)))


class Strip(Painted):
    """`views_failed` are views of this window that cannot be drawn; `acted` carries the id of a touched key."""

    acted = Signal(str)
    views_failed: tuple[str, ...] = ()

    def __init__(
        self, name: str, look: Look, parent: QWidget | None = None, flash: Flash | None = None, keyed: bool = False
    ) -> None:
        """`keyed`: keys stand on it; a replay has none."""
        super().__init__(name, look, parent)
        self.flash = flash or Flash()
        self.log = PaintLog(self.flash.clock_us())
        self.keyed = keyed
        self.shown = Banner(None, False, "", "")
        self._heard_us = self.flash.now_us
        self._caps_left = 0.0
        self.caps = {action.id: StripCap(action, look, self) for action in (ACKNOWLEDGE, PAUSE, ALARMS)}
        for name_, cap in self.caps.items():
            cap.clicked.connect(lambda _checked=False, name=name_: self.acted.emit(name))
            cap.hide()

    def lines(self, moment: Moment) -> tuple[Trouble, ...]:
        """What is technically wrong at `moment`, the gravest first; told beside the alarms."""
        broken = tuple(Trouble("view", f"view failed: {name}") for name in self.views_failed)
        found = troubles(moment.state, moment.now_us, moment.utc_origin_us, linked=moment.linked, replay=moment.replay)
        return broken + found

    def unheard(self, moment: Moment) -> bool:
        """True when a session is under way and no word of its alarm system has come for too long."""
        session = moment.state.session is not None and moment.state.closed is None and not moment.replay
        if moment.alarms is not None or not session:
            self._heard_us = self.flash.now_us
        return self.flash.now_us - self._heard_us > UNHEARD_AFTER_US

    def flashing(self, moment: Moment) -> frozenset[Priority]:
        """The priorities that flash in this window now."""
        return flashing(moment, self.unheard(moment))

    def banner(self, moment: Moment) -> Banner:
        """What it shows at `moment`."""
        return banner(moment, self.lines(moment), self.unheard(moment))

    def key(self, moment: Moment) -> Hashable:
        shown = self.banner(moment)
        return shown, self._lit(shown)

    def spoken(self, moment: Moment) -> str:
        return spoken_banner(self.banner(moment))

    def take(self, moment: Moment) -> None:
        before, key = self.shown, self._shown_key
        self.shown = self.banner(moment)
        super().take(moment)
        self._arrange_caps()
        if self._shown_key != key:
            self._ask()
        now, then = self.shown, before
        if (now.priority, now.mark, now.text) != (then.priority, then.mark, then.text):
            # A begun alarm is told at once, not with the next turn of the screen reader.
            self._spoken_us = None
            if now.priority is not None and QAccessible.isActive():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        for cap in self.caps.values():
            cap.look = look
        self._arrange_caps()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange_caps()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        lit = self.shown.priority is not None and self._lit(self.shown)
        self.log.painted(self.flash.clock_us(), self.shown.priority, lit)

    # -- painting -------------------------------------------------------------------------------------------------

    def _lit(self, shown: Banner) -> bool:
        return shown.priority is not None and (not shown.flashing or self.flash.lit(shown.priority))

    def _ask(self) -> None:
        window = self.window()
        if window.isVisible() and not window.isMinimized():
            self.log.asked(self.flash.clock_us())
        else:
            self.log.hidden()

    def _colours(self) -> tuple[str, str, str]:
        """(ground, words, colour of the border) as the strip stands now."""
        palette, shown = self.look.palette, self.shown
        if shown.priority is None:
            trouble = any(item.kind in ("trouble", "warning") for item in shown.others)
            return palette.panel, palette.text, palette.text if trouble or shown.grave else palette.panel
        if self._lit(shown):
            fill = alarm_fill(palette, shown.priority)
            return fill, on_fill(fill), fill
        code = alarm_colour(palette, shown.priority)
        return palette.panel, code, code

    def paint(self, ink: Ink) -> None:
        shown, px, palette = self.shown, self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ground, code, border = self._colours()
        ink.panel(rect, ground)
        if border != ground:
            width = px(3.0 if shown.priority is not None else 1.5)
            ink.painter.setPen(QPen(colour(border), width))
            ink.painter.drawRoundedRect(rect.adjusted(width / 2, width / 2, -width / 2, -width / 2), px(8), px(8))
        right = self._caps_left - px(12)
        if shown.audio_paused:
            right -= self._paint_paused(ink, right, code) + px(14)
        if shown.priority is None:
            self._paint_quiet(ink, right)
        else:
            self._paint_alarm(ink, right, code)

    def _paint_alarm(self, ink: Ink, right: float, code: str) -> None:
        shown, px, look = self.shown, self.look.px, self.look
        height = self.height()
        upper, lower = height * 0.47, height - px(12)
        x = px(18)
        # The stars of the font hang under its top line: let down to stand in the line of the words.
        stars = shown.mark.startswith("*")
        size = MARK if stars else MESSAGE + 4
        drop = look.metrics(size, True).capHeight() * 0.42 if stars else px(1)
        x += ink.text(x, upper + drop, shown.mark, size, code, True) + px(12)
        if shown.acknowledged:
            x += tick(ink, x, upper, 24, code) + px(10)
        size = MESSAGE
        while size > TEXT and look.width(subscripted(shown.text), size, True) > right - x:
            size -= 2
        ink.fitted(x, upper, subscripted(shown.text), right - x, size, code, True)
        # The second line has the whole width under the keys' words only as far as the keys.
        left = px(18)
        if shown.quiet:
            right -= ink.text(right, lower, shown.quiet, SMALL, code, side=RIGHT) + px(20)
        room = right - left
        used = ink.fitted(left, lower, subscripted(shown.details), room, TEXT, code)
        if shown.others:
            self._paint_items(ink, left + used + px(20), right, lower, code)

    def _paint_quiet(self, ink: Ink, right: float) -> None:
        shown, px, palette = self.shown, self.look.px, self.look.palette
        middle = self.height() / 2
        if shown.quiet:
            right -= ink.text(right, middle + px(SMALL) * 0.36, shown.quiet, SMALL, palette.secondary, side=RIGHT)
            right -= px(20)
        urgent = [item for item in shown.others if item.kind != "ended"]
        if not urgent:
            ended = " · ".join(item.text for item in shown.others)
            words = f"{ended} · {shown.text}" if ended else shown.text
            baseline = middle + px(TEXT) * 0.36
            ink.fitted(px(20), baseline, subscripted(words), right - px(20), TEXT, palette.secondary)
            return
        ink.fitted(px(20), self.height() - px(13), subscripted(shown.text), right - px(20), SMALL, palette.secondary)
        self._paint_items(ink, px(20), right, self.height() * 0.46, palette.text)

    def _paint_items(self, ink: Ink, left: float, right: float, baseline: float, code: str) -> None:
        """The others in one line as far as there is room; what has none is counted, and stands in the list."""
        px, look, others = self.look.px, self.look, self.shown.others
        x = left
        for number, item in enumerate(others):
            rest = len(others) - number
            reserve = look.width(f"+{rest} more", TEXT, True) + px(14) if rest > 1 else 0.0
            width = self._item_width(item)
            if x + width > right - reserve and (number or x + px(140) > right - reserve):
                ink.fitted(x, baseline, f"+{rest} more", max(0.0, right - x), TEXT, code, True)
                return
            x += self._paint_item(ink, item, x, baseline, min(width, right - reserve - x), code) + px(12)

    def _item_width(self, item: Item) -> float:
        px = self.look.px
        symbol = px(24) if item.kind != "ended" else 0.0
        text = self.look.width(f"{item.mark} {subscripted(item.text)}".strip(), TEXT, item.kind != "ended")
        return text + symbol + px(12)

    def _paint_item(self, ink: Ink, item: Item, x: float, baseline: float, width: float, code: str) -> float:
        """One other thing at most `width` wide; gives its width. An alarm stands on a chip of its own colour."""
        px, palette = self.look.px, self.look.palette
        words = subscripted(item.text)
        if item.kind == "alarm" and item.priority is not None:
            own = alarm_colour(palette, item.priority)
            metrics = self.look.metrics(TEXT, True)
            words = f"{item.mark} {words}"
            left = x + px(7)
            room = width - px(14) - (px(20) if item.acknowledged else 0.0)
            taken = min(room, self.look.width(words, TEXT, True)) + px(14) + (px(20) if item.acknowledged else 0.0)
            chip = QRectF(x, baseline - metrics.ascent() - px(1), taken, metrics.height() + px(2))
            ink.panel(chip, palette.panel, own, 4)
            if item.acknowledged:
                left += tick(ink, left, baseline, 15, own) + px(4)
            ink.fitted(left, baseline, words, room, TEXT, own, True)
            return taken
        left = x
        if item.kind == "alarm-paused":
            left += triangle_paused(ink, left, baseline + px(2), 24, code) + px(6)
        elif item.kind in ("trouble", "warning"):
            left += ink.triangle(left, baseline, 18, code) + px(6)
        return left - x + ink.fitted(left, baseline, words, width - (left - x), TEXT, code, item.kind != "ended")

    def _paint_paused(self, ink: Ink, right: float, code: str) -> float:
        """Bell, words and countdown, ending at `right`; gives the width."""
        px, look, shown = self.look.px, self.look, self.shown
        words = "AUDIO PAUSED"
        width = max(look.width(words, SMALL, True), look.width("8:88", 22, True) + px(42)) + px(4)
        x = right - width
        bell = bell_paused(ink, x, self.height() * 0.54, 34, code)
        ink.text(x + bell + px(8), self.height() * 0.50, shown.audio_paused, 22, code, True)
        ink.text(x, self.height() - px(12), words, SMALL, code, True)
        return width

    # -- keys -----------------------------------------------------------------------------------------------------

    def _arrange_caps(self) -> None:
        """Which keys stand on it, their words, and where; from the right."""
        px, shown = self.look.px, self.shown
        self._caps_left = self.width() - px(8)
        if not self.keyed:
            return
        pausing = bool(shown.audio_paused)
        wanted = {
            "acknowledge": bool(shown.noticeable) and not shown.grave,
            "audio-pause": shown.priority is not None or pausing,
            "alarms": True,
        }
        words = {"audio-pause": "end pause" if pausing else self._pause_words(), "alarms": self._count_words()}
        ground, code, _ = self._colours()
        if shown.priority is None:
            code = self.look.palette.secondary
        shown_caps = []
        for name, cap in self.caps.items():
            if name in words and cap.action.words != words[name]:
                action = cap.action
                cap.action = Action(action.id, action.key, words[name], action.name)
            if (cap.ink_code, cap.ground) != (code, ground):
                cap.ink_code, cap.ground = code, ground
                cap.update()
            cap.setVisible(wanted[name])
            if wanted[name]:
                shown_caps.append(cap)
        room = self.width() * (0.46 if shown.priority is not None else 0.3)
        natural = sum(cap.natural_width() for cap in shown_caps)
        x = float(self.width()) - px(8)
        for cap in reversed(shown_caps):
            width = max(self.look.touch, int(cap.natural_width() * min(1.0, room / natural)))
            x -= width
            height = min(self.height(), max(self.look.touch, round(px(46))))
            cap.setGeometry(round(x), round((self.height() - height) / 2), width, height)
        self._caps_left = x

    def _pause_words(self) -> str:
        status = None if self.moment is None else self.moment.alarms
        if status is None:
            return "audio pause"
        return f"audio pause {countdown(float(status.settings['timing.audio_pause_s']))}"

    def _count_words(self) -> str:
        alarms = (self.shown.priority is not None) + sum(item.kind == "alarm" for item in self.shown.others)
        return f"all {alarms}" if alarms > 1 else "alarms"


def subscripted(words: str) -> str:
    """As it is written on the screen; screen readers and logs have plain letters."""
    return words.replace("SpO2", "SpO₂")
