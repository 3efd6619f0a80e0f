"""The key bar: one key for each thing a person does, shown as a cap that can also be touched; and the line below it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import msgspec
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QPushButton, QWidget

from kapconsole import events as ev
from kapconsole.clock import local_time
from kapconsole.console.lines import happened
from kapconsole.console.moment import Moment
from kapconsole.console.painted import CENTRE, RIGHT, Ink, Painted
from kapconsole.console.theme import SMALL, TEXT, Look

BEDSIDE = "Secondary display. The bedside monitor's own alarms stay on."
QUIET_LINE_US = 8_000_000
"""How long the words about a refused command stay."""

COMMIT_EXPECTED_US = 10_000_000
"""The log is committed once a second; when the newest commit is older than this, the line says so to the second."""


class Action(msgspec.Struct, frozen=True):
    """Something a person can do: its `id`, the key on its cap, the words beside it, and its full name."""

    id: str
    key: str
    words: str
    name: str


class KeyCap(QPushButton):
    """One action as a button: a key cap and its words; at least 9 mm high and wide."""

    def __init__(self, action: Action, look: Look, parent: QWidget) -> None:
        super().__init__(parent)
        self.action = action
        self.look = look
        self.setAccessibleName(f"{action.name} (key {action.key})")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAutoRepeat(False)

    def cap_width(self) -> float:
        return max(self.look.px(26), self.look.width(self.action.key, TEXT, True) + self.look.px(16))

    def sizeHint(self) -> QSize:
        width = self.cap_width() + self.look.px(9) + self.look.width(self.action.words, TEXT)
        return QSize(
            max(self.look.touch, round(width + self.look.px(20))), max(self.look.touch, round(self.look.px(44)))
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        px, palette = self.look.px, self.look.palette
        painter = QPainter(self)
        ink = Ink(painter, self.look)
        rect = QRectF(self.rect())
        border = palette.accent if self.hasFocus() else None
        down = self.isDown()
        if border or down or self.underMouse():
            ink.panel(rect, palette.raised if down else palette.panel, border or palette.line, 6)
        middle = rect.center().y()
        cap_height = max(px(28), self.look.metrics(TEXT).height() + px(4))
        cap = QRectF(px(10), middle - cap_height / 2, self.cap_width(), cap_height)
        ink.panel(cap, palette.raised, palette.faint, 5)
        baseline = middle + self.look.metrics(TEXT).capHeight() / 2
        ink.text(cap.center().x(), baseline, self.action.key, TEXT, palette.text, True, CENTRE)
        room = rect.right() - cap.right() - px(9)
        ink.fitted(cap.right() + px(9), baseline, self.action.words, room, TEXT, palette.secondary)
        painter.end()


class KeyBar(Painted):
    """The caps in a row. Where the window is narrow the words give way, never the caps."""

    acted = Signal(str)

    def __init__(self, actions: Sequence[Action], look: Look, parent: QWidget | None = None) -> None:
        super().__init__("Keys", look, parent)
        self.caps = [KeyCap(action, look, self) for action in actions]
        for cap in self.caps:
            cap.clicked.connect(lambda _checked=False, name=cap.action.id: self.acted.emit(name))

    def put_key(self, id_: str, key: str) -> None:
        """Another key on the cap of an action, while its own means something else."""
        for cap in self.caps:
            if cap.action.id == id_ and cap.action.key != key:
                cap.action = msgspec.structs.replace(cap.action, key=key)
                cap.setAccessibleName(f"{cap.action.name} (key {key})")
                cap.update()
                self._place()

    def key(self, moment: Moment) -> Hashable:
        return None

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        for cap in self.caps:
            cap.look = look
            cap.update()
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()

    def _place(self) -> None:
        px = self.look.px
        hints = [cap.sizeHint() for cap in self.caps]
        room = self.width() - px(16)
        gap = min(px(14), max(0.0, (room - sum(hint.width() for hint in hints)) / max(1, len(hints) - 1)))
        shrink = min(1.0, room / max(1, sum(hint.width() for hint in hints)))
        x = px(8)
        for cap, hint in zip(self.caps, hints, strict=True):
            width = max(self.look.touch, int(hint.width() * shrink))
            cap.setGeometry(round(x), round((self.height() - hint.height()) / 2), width, hint.height())
            x += width + gap

    def paint(self, ink: Ink) -> None:
        rect = QRectF(self.rect())
        ink.fill(rect, self.look.palette.background)
        ink.panel(rect, self.look.palette.panel)


class Footer(Painted):
    """What this display is not, what was refused, and whether the session is being recorded."""

    said: tuple[int, str] | None = None
    person = ""  # who acts at this console and in which role
    on_disk: tuple[int, int] | None = None  # size of the log in bytes, and session microseconds that are safe there

    def say(self, words: str, now_us: int) -> None:
        """Show `words` for some seconds from `now_us` on."""
        self.said = now_us, words

    def quiet_line(self, moment: Moment) -> str:
        """The newest words about something refused or said within the last seconds; empty otherwise."""
        candidates = [] if self.said is None else [self.said]
        count = happened(moment.timeline.events, moment.now_us)
        for event in reversed(moment.timeline.events[max(0, count - 20) : count]):
            if isinstance(event.body, ev.CommandRefused):
                candidates.append((event.mono_us, f"{event.body.command} refused: {event.body.reason}"))
                break
        recent = [item for item in candidates if 0 <= moment.now_us - item[0] < QUIET_LINE_US]
        return max(recent)[1] if recent else ""

    def recording(self, moment: Moment) -> str:
        """Whether the session is on disk, in the log's own words."""
        state = moment.state
        if state.session is None:
            return "no session"
        text = f" · {state.storage.text}" if state.storage.text else ""
        if self.on_disk is not None:
            size_bytes, committed_us = self.on_disk
            behind = moment.now_us - committed_us > COMMIT_EXPECTED_US
            face = local_time(moment.utc_origin_us + committed_us, seconds=behind)
            text += f" · {size_bytes / 1e6:.1f} MB · {'on disk only to' if behind else 'on disk'} {face}"
        if moment.replay:
            return "recorded session: nothing here is live"
        if not moment.linked:
            return "recorder not reachable"
        if state.closed is not None:
            return f"session closed: {state.closed}"
        return f"recording{text}" if state.storage.state == "ok" else f"log {state.storage.state}{text}"

    def key(self, moment: Moment) -> Hashable:
        return self.quiet_line(moment), self.recording(moment), self.person

    def spoken(self, moment: Moment) -> str:
        said = (self.quiet_line(moment), self.recording(moment), self.person, BEDSIDE)
        return ". ".join(part for part in said if part)

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        px, palette = self.look.px, self.look.palette
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        baseline = rect.center().y() + px(SMALL) * 0.36
        right = 0.0
        if self.person:
            right = ink.text(rect.width() - px(4), baseline, self.person, SMALL, palette.text, True, RIGHT) + px(24)
        right += ink.text(
            rect.width() - px(4) - right, baseline, self.recording(self.moment), SMALL, palette.secondary, side=RIGHT
        )
        left = ink.text(px(4), baseline, BEDSIDE, SMALL, palette.secondary) + px(40)
        words = self.quiet_line(self.moment)
        if words:
            # The triangle says that something was not taken; what went well is said without it.
            start = left
            if "refused" in words or words.startswith("not "):
                start += ink.triangle(left, baseline, 14, palette.text) + px(8)
            ink.fitted(start, baseline, words, rect.width() - start - right - px(30), SMALL, palette.text, True)
