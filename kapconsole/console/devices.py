"""The panel of devices: each with its state in words and how its bytes were understood; a tap opens the window."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent

from kapconsole.console.moment import Moment
from kapconsole.console.painted import RIGHT, Ink, Painted
from kapconsole.console.theme import HEADING, SMALL, TEXT, colour
from kapconsole.session.state import DeviceView, State


class DevicePanel(Painted):
    """One block of two lines per device, newest trouble not hidden by the good ones: lost devices come first."""

    opened = Signal()
    """Tapped, or Enter pressed on it; only where it `opens`."""

    opens = False

    def let_open(self) -> None:
        """There is a window behind this panel: it can be reached by Tab and tapped."""
        self.opens = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.opens and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.opens and self.fault is None and self.rect().contains(event.position().toPoint()):
            self.opened.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def key(self, moment: Moment) -> Hashable:
        return tuple(moment.state.devices.values())

    def spoken(self, moment: Moment) -> str:
        state = moment.state
        return "; ".join(" ".join(device_words(state, one)) for one in ordered(moment)) or "no device in this session"

    def paint(self, ink: Ink) -> None:
        assert self.moment is not None
        px, palette, look = self.look.px, self.look.palette, self.look
        rect = QRectF(self.rect())
        ink.fill(rect, palette.background)
        ink.panel(rect, palette.panel, palette.accent if self.hasFocus() else None)
        ink.text(px(20), px(32), "Devices", HEADING, palette.text, True)
        devices = ordered(self.moment)
        width = rect.width() - px(40)
        if not devices:
            ink.text(px(20), px(62), "none in this session yet", TEXT, palette.secondary)
        top = px(62)
        step = look.metrics(TEXT).height() + look.metrics(SMALL).height() + px(9)
        last = rect.height() - px(12) - look.metrics(SMALL).height()
        fitting = max(1, int((last - top) // step) + 1)
        if len(devices) > fitting:
            words = f"and {len(devices) - fitting} more, connected"
            if not all(device.delivering for device in devices[fitting:]):
                words = f"and {len(devices) - fitting} more, not all connected"
            ink.text(rect.width() - px(20), px(32), words, SMALL, palette.text, side=RIGHT)
        for number, device in enumerate(devices[:fitting]):
            y = top + step * number
            name, state, details = device_words(self.moment.state, device)
            indent = max(9.0, px(14)) + px(9)
            paint_symbol(ink, px(20), y, device)
            used = ink.text(px(20) + indent, y, name, TEXT, palette.text, True) + px(10)
            code = palette.secondary if device.delivering else palette.text
            ink.fitted(px(20) + indent + used, y, state, width - indent - used, TEXT, code)
            below = y + look.metrics(SMALL).height() + px(2)
            ink.fitted(px(20) + indent, below, details, width - indent, SMALL, palette.tertiary)


def paint_symbol(ink: Ink, x: float, baseline: float, device: DeviceView) -> None:
    """A full dot while it delivers, a hollow one while it is opened, else an outline triangle."""
    px, palette = ink.look.px, ink.look.palette
    if not device.delivering and device.state != "opening":
        ink.triangle(x, baseline, 14, palette.text)
        return
    size = max(8.0, px(10))
    ink.line_pen(palette.secondary, 1.8)
    ink.painter.setBrush(colour(palette.secondary) if device.delivering else Qt.BrushStyle.NoBrush)
    ink.painter.drawEllipse(QRectF(x + px(2), baseline - size, size, size))


def ordered(moment: Moment) -> list[DeviceView]:
    """Those that do not deliver first."""
    return sorted(moment.state.devices.values(), key=lambda device: (device.delivering, device.source))


def device_words(of: State, device: DeviceView) -> tuple[str, str, str]:
    """(name, state in words, port and packet counts)."""
    counts = f"{thousands(device.good)} packets good, {thousands(device.bad)} bad" if device.good else ""
    details = [device.adapter or device.port, counts or device.said]
    state = "connected" if device.delivering else device.text or device.state
    return of.device_name(device.source), state, " · ".join(part for part in details if part)


def thousands(count: int) -> str:
    """A count in groups of three digits, "12 345"."""
    return f"{count:,}".replace(",", " ")
