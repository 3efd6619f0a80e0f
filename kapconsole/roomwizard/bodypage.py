"""The page of pulsers and foot switch: which hand a pulse was felt in, and a live picture of the switch's line."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from kapconsole.bilateral.caps import RANGES
from kapconsole.console.painted import Ink
from kapconsole.console.theme import HEADING, Look, colour
from kapconsole.room.footswitch import LINES, FootSwitch, OpenLine
from kapconsole.room.footswitch import open_line as open_serial_line
from kapconsole.roomwizard.desk import Desk
from kapconsole.roomwizard.ears import Sounding
from kapconsole.roomwizard.forms import Choice, Names, Number, Page, Part, act, row, sentence, words
from kapconsole.roomwizard.waves import PULSE_DBFS, PULSE_HZ, SideTone
from kapdevices.ports import present_ports

LOOK_MS = 50
HANDS = ("left hand", "right hand", "nowhere")
WHEN = ("when pressed", "when let go")


class LinePicture(QWidget):
    """The switch as it stands now: an open or a closed contact, and how often it was pressed."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Look()
        self._held = self._there = False
        self._count = 0
        self.setAccessibleName("State of the foot switch")

    def set_look(self, look: Look) -> None:
        self._look = look
        self.setFixedHeight(round(look.px(64)))

    def show_line(self, there: bool, held: bool, count: int) -> None:
        """Repaints only on change."""
        if (there, held, count) != (self._there, self._held, self._count):
            self._there, self._held, self._count = there, held, count
            self.setAccessibleDescription(self.said)
            self.update()

    @property
    def said(self) -> str:
        """The picture in words."""
        if not self._there:
            return "not open"
        times = "once" if self._count == 1 else f"{self._count} times"
        return f"{'PRESSED' if self._held else 'not pressed'} · pressed {times}"

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink, palette, px = Ink(painter, self._look), self._look.palette, self._look.px
        rect = QRectF(self.rect())
        ink.fill(rect, palette.panel)
        ink.panel(rect, palette.background, palette.faint, 6)
        code = palette.text if self._there else palette.tertiary
        middle, left, reach = rect.center().y(), px(22), px(64)
        painter.setPen(QPen(colour(code), px(3)))
        ink.line(left, middle, left + px(20), middle)
        ink.line(left + reach, middle, left + reach + px(20), middle)
        end = QPointF(left + reach, middle) if self._held else QPointF(left + reach - px(6), middle - px(20))
        painter.drawLine(QPointF(left + px(20), middle), end)
        painter.setBrush(colour(code) if self._held else Qt.BrushStyle.NoBrush)
        for x in (left + px(20), left + reach):
            painter.drawEllipse(QPointF(x, middle), px(4), px(4))
        ink.text(left + reach + px(44), middle + px(6), self.said, HEADING, code, self._held)
        painter.end()


class BodyPage(Page):
    """See the module."""

    title = "Pulsers and foot switch"
    keys = ("tactile", "foot_switch")

    pressed = Signal()
    lost = Signal(str)

    def __init__(self, desk: Desk, open_line: OpenLine = open_serial_line) -> None:
        super().__init__(desk, "Both may well be absent.")
        self._open_line = open_line
        self._switch: FootSwitch | None = None
        self._count = 0
        self._side: int | None = None
        self._pulser_part()
        self._switch_part()
        self.body.addStretch(1)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        self.pressed.connect(self._press)
        desk.sounding.connect(self._sounding)
        self.refresh()

    def _pulser_part(self) -> None:
        part = self.pulsers = Part("Pulsers")
        part.body.addWidget(
            words("One in each hand, on channels 3 and 4 of the patient’s output through a small amplifier.")
        )
        self.channels = Choice(
            "Pulsers on channels 3 and 4",
            ["none", "on channels 3 and 4"],
            lambda said: self.desk.change("tactile", channels=said != "none"),
        )
        part.body.addWidget(self.channels)
        self.pulse_left = act("Pulse left", lambda: self._pulse(0), self)
        self.pulse_right = act("Pulse right", lambda: self._pulse(1), self)
        self.later = Number(
            "Pulse later by",
            "ms",
            *RANGES["offsets.tactile_ms"],
            5.0,
            0,
            lambda value: self.desk.change("tactile", offset_ms=value),
        )
        part.body.addLayout(row(self.pulse_left, self.pulse_right, "Pulse later by", self.later))
        self.felt = Choice("Where the pulse was felt", HANDS, self._felt)
        part.body.addLayout(row("It was felt", self.felt))
        part.end()
        self.body.addWidget(part)

    def _switch_part(self) -> None:
        part = self.switch_part = Part("Foot switch")
        part.body.addWidget(
            words(
                "It ends a set at once. On a serial port: between DTR or RTS and one of the lines below. A pedal that "
                "types like a keyboard needs no port; let it type Esc."
            )
        )
        self.ports = Names("Serial ports of this machine", self._name_port, 3)
        part.body.addWidget(self.ports)
        self.port = QLineEdit()
        self.port.setAccessibleName("The foot switch’s port")
        self.port.setPlaceholderText("for example /dev/ttyUSB1 or COM5; empty: there is none")
        self.port.editingFinished.connect(lambda: self._name_port(self.port.text().strip()))
        part.body.addWidget(self.port)
        self.line = Choice(
            "Line of the port", [each.upper() for each in LINES], lambda said: self._change(line=said.lower())
        )
        self.closed = Choice("The line is on", WHEN, lambda said: self._change(closed=said == WHEN[0]))
        part.body.addLayout(row("Line", self.line, "is on", self.closed))
        self.picture = LinePicture()
        part.body.addWidget(self.picture)
        part.end()
        self.body.addWidget(part)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.picture.set_look(look)
        self.ports.fit()

    def refresh(self) -> None:
        setup, output = self.desk.draft.setup, self.desk.draft.patient_out
        self.channels.show_chosen("on channels 3 and 4" if setup.tactile.channels else "none")
        for each in (self.pulse_left, self.pulse_right):
            each.setEnabled(bool(output) and setup.tactile.channels)
        self.later.show_value(setup.tactile.offset_ms)
        if not output and setup.tactile.channels:
            self.pulsers.said.setText("Choose the patient’s output on the page Sound first.")
        switch = setup.foot_switch
        there = [(one.path, f"{one.path}  {one.in_words()}".strip()) for one in present_ports()]
        self.ports.show_names([("", "none: there is no foot switch"), *there], switch.port)
        if self.port.text().strip() != switch.port and not self.port.hasFocus():
            self.port.setText(switch.port)
        self.line.show_chosen(switch.line.upper())
        self.closed.show_chosen(WHEN[0] if switch.closed else WHEN[1])

    def entered(self) -> None:
        self._open_switch()

    def leave(self) -> None:
        super().leave()
        self.close_switch()

    # -- pulsers --------------------------------------------------------------------------------------------------

    def _pulse(self, channel: int) -> None:
        self.felt.show_chosen("")
        self._side = channel
        self.desk.play(lambda start: SideTone(start, channel, PULSE_DBFS, PULSE_HZ), tactile=True)

    def _felt(self, where: str) -> None:
        if self._side is None:
            self.pulsers.said.setText("Give a pulse first.")
        elif where == HANDS[self._side]:
            self.pulsers.said.setText(f"The {where} is right.")
        elif where == HANDS[2]:
            self.pulsers.said.setText("Look at amplifier, plugs and wires: a broken wire is the usual fault.")
        else:
            self.pulsers.said.setText("The pulsers are swapped: change them in the hands, or change the two plugs.")

    def _sounding(self, sounding: Sounding) -> None:
        if self.isVisible() and sounding.state in ("failed", "playing"):
            text = sounding.text if sounding.state == "failed" else "where was it felt?"
            self.pulsers.said.setText(sentence(text))

    # -- foot switch ----------------------------------------------------------------------------------------------

    def _name_port(self, port: str) -> None:
        if port != self.desk.draft.setup.foot_switch.port:
            self.port.setText(port)
            self._change(port=port)

    def _change(self, **fields: object) -> None:
        self.desk.change("foot_switch", **fields)
        self._open_switch()

    def _open_switch(self) -> None:
        self.close_switch()
        self._count = 0
        if not self.desk.draft.setup.foot_switch.port or not self.desk.may():
            self.switch_part.said.setText("")
            self.picture.show_line(False, False, 0)
            return
        self._switch = FootSwitch(self.desk.draft.setup.foot_switch, self.pressed.emit, self.lost.emit, self._open_line)
        self._switch.start()
        self._timer.start()
        self._look()

    def close_switch(self) -> None:
        """Give the port back."""
        self._timer.stop()
        if self._switch is not None:
            self._switch.close()
            self._switch = None

    def _press(self) -> None:
        self._count += 1
        self._look()

    def _look(self) -> None:
        if self._switch is None:
            return
        text = self._switch.text
        there = not text or self._switch.held
        self.picture.show_line(there, self._switch.held, self._count)
        if text:
            self.switch_part.said.setText(sentence(text))
        else:
            self.switch_part.said.setText("Press the switch now." if not self._count else "It works: let it go.")
