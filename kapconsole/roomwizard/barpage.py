"""The page of the light bar: its port by name, its measures, which end is left, and a self-test with one dim mark."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit

from kapconsole.bilateral.caps import RANGES
from kapconsole.console.theme import Look
from kapconsole.roomwizard.desk import Desk
from kapconsole.roomwizard.facts import bar_words
from kapconsole.roomwizard.forms import Choice, Names, Number, Page, Part, act, row, sentence, words
from kapconsole.roomwizard.strip import BarSaid, spot
from kapdevices.lightbars.frames import MOST_LEDS_TPM2, BarProtocol
from kapdevices.lightbars.selftest import marks
from kapdevices.ports import present_ports

ENDS = ("at the left end", "at the right end", "nowhere")


class BarPage(Page):
    """See the module."""

    title = "Light bar"
    keys = ("bar",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "A bar of LEDs in front of the client. A room may well be without one.")
        self._port_part()
        self._measures_part()
        self._test_part()
        self.body.addStretch(1)
        desk.bar_told.connect(self._bar_told)
        self.refresh()

    def _port_part(self) -> None:
        part = self.port_part = Part("Where it is plugged in")
        part.body.addWidget(words("Choose or type its port. No other port is opened, and nothing is sent to one."))
        self.ports = Names("Serial ports of this machine", self._name_port, 3)
        part.body.addWidget(self.ports)
        self.port = QLineEdit()
        self.port.setAccessibleName("The light bar’s port")
        self.port.setPlaceholderText("for example /dev/ttyUSB0 or COM4; empty: there is no bar")
        self.port.editingFinished.connect(lambda: self._name_port(self.port.text().strip()))
        look = act("Look again", self.refresh, self, "Look for serial ports again")
        part.body.addLayout(row(self.port, look, stretch=False))
        self.protocol = Choice("What it speaks", [each.value for each in BarProtocol], self._speaks)
        part.body.addLayout(row("It speaks", self.protocol))
        part.end()
        self.body.addWidget(part)

    def _measures_part(self) -> None:
        part = self.measures = Part("Its measures")

        def keep(field: str, whole: bool = False) -> Number:
            name, unit, least, most, step, scale = _FIELDS[field]

            def kept(value: float) -> None:
                self.desk.change("bar", **{field: round(value) if whole else value * scale})

            made = Number(name, unit, least, most, step, 0, kept)
            self._numbers[field] = made
            return made

        self._numbers: dict[str, Number] = {}
        part.body.addLayout(
            row("LEDs", keep("leds", True), "Length", keep("length_mm"), "Eyes at", keep("distance_mm"))
        )
        part.body.addLayout(
            row(
                "Middle to the right by",
                keep("mid_offset_mm"),
                "Brightness at most",
                keep("led_cap", True),
                "Line speed",
                keep("baud", True),
            )
        )
        part.body.addLayout(row("Light later by", keep("offset_ms")))
        part.end()
        self.body.addWidget(part)

    def _test_part(self) -> None:
        part = self.test = Part("Self-test")
        part.body.addWidget(
            words("One dim LED at a time, off by itself after a minute. A bar that can be read back is compared.")
        )
        self.left = act("Mark the left end", lambda: self._mark(0), self)
        self.middle = act("The middle", lambda: self._mark(1), self, "Mark the middle")
        self.right = act("The right end", lambda: self._mark(2), self, "Mark the right end")
        self.bright = act("As bright as allowed", self._bright, self, "Light four LEDs as bright as is allowed")
        self.dark = act("Dark", self.desk.bar.stop, self, "The bar dark")
        part.body.addLayout(row(self.left, self.middle, self.right, self.bright, self.dark))
        self.seen = Choice("Where the left mark (red) is seen", ENDS, self._seen)
        part.body.addLayout(row("The left mark is seen", self.seen))
        part.end()
        self.body.addWidget(part)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.ports.fit()

    def refresh(self) -> None:
        bar = self.desk.draft.setup.bar
        there = [(one.path, f"{one.path}  {one.in_words()}".strip()) for one in present_ports()]
        self.ports.show_names([("", "none: there is no light bar"), *there], bar.port)
        if self.port.text().strip() != bar.port and not self.port.hasFocus():
            self.port.setText(bar.port)
        self.protocol.show_chosen(bar.protocol)
        for field, number in self._numbers.items():
            number.show_value(getattr(bar, field) / _FIELDS[field][5])
        self.measures.said.setText(f"{bar_words(bar)}." if bar.port else "")
        few = bar.protocol == BarProtocol.TPM2 and bar.leds > MOST_LEDS_TPM2
        self.port_part.said.setText(
            f"TPM2 is safe with at most {MOST_LEDS_TPM2} LEDs: choose another protocol for this bar." if few else ""
        )
        for each in (self.left, self.middle, self.right, self.bright, self.dark):
            each.setEnabled(bool(bar.port) and not few)

    def _name_port(self, port: str) -> None:
        if port != self.desk.draft.setup.bar.port:
            self.desk.bar.stop()
            self.test.said.setText("")
            self.seen.show_chosen("")
            self.port.setText(port)
            self.desk.change("bar", port=port)

    def _speaks(self, protocol: str) -> None:
        self.desk.bar.stop()
        self.desk.change("bar", protocol=protocol)

    def _mark(self, number: int) -> None:
        bar = self.desk.draft.setup.bar
        self.test.said.setText("opening the port …")
        self.desk.light_bar(marks(bar.leds, bar.reversed)[number].picture)

    def _bright(self) -> None:
        bar = self.desk.draft.setup.bar
        self.test.said.setText("opening the port …")
        self.desk.light_bar(spot(bar.leds, bar.led_cap))

    def _seen(self, where: str) -> None:
        bar = self.desk.draft.setup.bar
        self.desk.bar.stop()
        if where == ENDS[1]:
            self.desk.change("bar", reversed=not bar.reversed)
            self.seen.show_chosen("")
            self.test.said.setText("Turned round: mark the left end again.")
        elif where == ENDS[0]:
            self.test.said.setText("Left is left.")
        else:
            self.test.said.setText(
                "Look at plug, supply, protocol and line speed; a bar of more LEDs shows no end mark."
            )

    def _bar_told(self, said: BarSaid) -> None:
        self.test.said.setText(sentence(said.text))


_FIELDS: dict[str, tuple[str, str, float, float, float, float]] = {
    "leds": ("LEDs", "", *RANGES["bar.leds"], 1.0, 1.0),
    "length_mm": ("Length of the lit part", "cm", 10.0, 400.0, 1.0, 10.0),
    "distance_mm": ("Distance of the eyes", "cm", 20.0, 500.0, 1.0, 10.0),
    "mid_offset_mm": ("Middle of the bar to the right of the eyes", "cm", -100.0, 100.0, 1.0, 10.0),
    "led_cap": ("Highest value of one colour of an LED", "", *RANGES["bar.led_cap"], 4.0, 1.0),
    "baud": ("Line speed", "baud", 9600.0, 2_000_000.0, 115_200.0, 1.0),
    "offset_ms": ("Light of the bar later by", "ms", *RANGES["offsets.bar_ms"], 5.0, 1.0),
}
"""By the field of `BarSetup`: name, unit, least, most, step, and how many of the field's units one of these is."""
