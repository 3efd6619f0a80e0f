"""The emergency page in one key: what somebody who comes through the door asks, large; printed, or kept as a PDF."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMarginsF, Qt
from PySide6.QtGui import QKeyEvent, QPageLayout, QPageSize, QPdfWriter, QResizeEvent, QTextDocument
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from kapconsole.clinical.data import ClinicalData
from kapconsole.clinical.emergency import EmergencyPage, emergency_page
from kapconsole.clinical.vitals import Vitals, vitals_of
from kapconsole.clock import local_time
from kapconsole.console.moment import Moment
from kapconsole.console.sheets import Sheet
from kapconsole.console.theme import Look
from kapconsole.session.words import clock_text
from kapdevices.readings import Metric

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrinterInfo

AROUND_US = 30_000_000
"""How old a continuous value may be to stand beside a cuff reading."""


def page_of(data: ClinicalData, moment: Moment) -> EmergencyPage:
    """The page now, with the oximeter's values around each cuff reading."""

    def at(at_us: int) -> Vitals:
        return Vitals(at_us, _near(moment, Metric.SPO2, at_us), _near(moment, Metric.PULSE_RATE, at_us), None)

    return emergency_page(data, moment.state.care, moment.now_us, vitals_of(moment.state, moment.now_us), at)


def _near(moment: Moment, metric: Metric, at_us: int) -> float | None:
    values = moment.timeline.fed(metric, at_us - AROUND_US, at_us + 1).valid_values
    return float(values[-1]) if len(values) and values[-1] == values[-1] else None


def since_dose(page: EmergencyPage) -> str:
    """The clock on the page."""
    return "no dose given" if page.since_dose_s is None else f"T+ {clock_text(round(page.since_dose_s * 1e6))}"


def vitals_now(page: EmergencyPage) -> str:
    """What is live, in one line."""
    now = page.now
    parts = (("SpO2", now.spo2, "%"), ("pulse", now.pulse_rate, "/min"), ("breaths", now.resp_rate, "/min"))
    said = [f"{name} {value:g} {unit}" for name, value, unit in parts if value is not None]
    return ", ".join(said) or "nothing live: look at the bedside monitor"


def vital_lines(page: EmergencyPage) -> tuple[str, ...]:
    """The last sets, newest first."""
    lines = []
    for held in page.vitals:
        when = "" if held.since_dose_min is None else f"{held.since_dose_min:+.0f} min  "
        parts = [f"{held.sys_mmhg:.0f}/{held.dia_mmhg:.0f} mmHg"]
        parts += [f"pulse {held.pulse_rate:.0f}"] if held.pulse_rate is not None else []
        parts += [f"SpO2 {held.spo2:.0f} %"] if held.spo2 is not None else []
        parts += [f"breaths {held.resp_rate:.0f}"] if held.resp_rate is not None else []
        lines.append(when + ", ".join(parts))
    return tuple(lines) or ("no blood pressure yet",)


def sections(page: EmergencyPage) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(heading, lines) in the order of asking; headings without anything to say are left out."""
    found = (
        ("Given", (*page.doses, *((page.infusion,) if page.infusion else ())) or ("no dose recorded",)),
        ("Now", (vitals_now(page),)),
        ("Last readings", vital_lines(page)),
        ("Alarms HIGH", page.alarms),
        ("Sedation", (page.sedation,) if page.sedation else ()),
        ("Side effects", page.effects),
        ("Weight", (page.weight,)),
        ("Allergies", (page.allergies,)),
        ("Flags", page.flags),
        ("Call", tuple(f"{name}: {phone}" for name, phone in page.phones)),
        ("This place", page.place or ("not filled in: emergency.toml",)),
        ("In the room", (", ".join(page.rescue),) if page.rescue else ()),
    )
    return tuple((heading, lines) for heading, lines in found if lines)


def page_html(page: EmergencyPage, title: str) -> str:
    """The page for paper: black on white, one side."""
    rows = "".join(
        f"<tr><td style='padding-right:14px'><b>{escape(heading)}</b></td>"
        f"<td>{'<br>'.join(escape(line) for line in lines)}</td></tr>"
        for heading, lines in sections(page)
    )
    return (
        f"<h1>Emergency page</h1><p>{escape(title)}</p><h1>{escape(since_dose(page))}</h1>"
        f"<table cellpadding='4' style='font-size:13pt'>{rows}</table>"
        "<p>From the session log. It records; it orders nothing.</p>"
    )


def default_printer() -> QPrinterInfo | None:
    """The printer of this machine, if it has one."""
    from PySide6.QtPrintSupport import QPrinterInfo

    found = QPrinterInfo.defaultPrinter()
    return None if found.isNull() else found


def print_page(html: str, folder: Path, name: str) -> str:
    """Print on the default printer, or keep a PDF in `folder` where there is none; says in words what became of it."""
    from PySide6.QtPrintSupport import QPrinter

    document = QTextDocument()
    document.setHtml(html)
    found = default_printer()
    if found is not None:
        printer = QPrinter(found)
        document.print_(printer)
        if printer.printerState() is not QPrinter.PrinterState.Error:
            return f"sent to the printer {found.printerName()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.pdf"
        # For nobody else's eyes: the file is there, empty and closed to others, before anything is in it.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    except OSError as trouble:
        return f"no printer, and no PDF either: {trouble.strerror or trouble}"
    writer = QPdfWriter(str(path))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(18, 18, 18, 18), QPageLayout.Unit.Millimeter)
    writer.setTitle("Emergency page")
    document.print_(writer)
    return f"no printer: saved as {path}" if path.stat().st_size else f"the PDF {path} could not be written"


SIZES = (28.0, 25.0, 22.0, 19.0, 16.0, 14.0)
"""Sizes of the words, in units; the largest that fits is taken."""


class EmergencySheet(Sheet):
    """The page on the screen, at the present moment; Enter prints it."""

    whole = True
    _size = SIZES[-1]

    def __init__(self, look: Look, data: ClinicalData, moment: Moment, folder: Path) -> None:
        super().__init__("Emergency page", "Print", look, "Close")
        self.data, self.folder = data, folder
        self.setAccessibleName("Emergency page")
        self.clock = QLabel("")
        self.clock.setObjectName("clock")
        self.body.insertWidget(1, self.clock)
        self._holder = QWidget(self)
        self._layout = QVBoxLayout(self._holder)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._grid = QGridLayout()
        self._layout.addLayout(self._grid)
        self.body.addWidget(self._holder)
        self.shown: tuple[tuple[str, tuple[str, ...]], ...] = ()
        self._facts: list[QLabel] = []
        self._second = -1
        self._moment = moment
        self.finish_layout()
        self.wrong.setWordWrap(True)
        self.set_look(look)
        self.show_moment(moment)

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.body.setSpacing(round(look.px(6)))
        big, middle = look.font(2 * self._size).pixelSize(), look.font(self._size).pixelSize()
        text = look.palette.text
        self.setStyleSheet(
            self.styleSheet()
            + f"#clock {{ color: {text}; font-size: {big}px; font-weight: bold; }}"
            + f"#fact {{ color: {text}; font-size: {middle}px; }}"
            + f"#heading {{ color: {look.palette.secondary}; font-size: {middle}px; }}"
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As large as the window allows."""
        room = self.body.contentsMargins()
        width = self.width() - room.left() - room.right()
        for size in SIZES:
            self._size = size
            self.set_look(self.look)
            self.ensurePolished()
            for label in self._facts:
                label.ensurePolished()
            self._grid.invalidate()
            self._layout.invalidate()
            self.clock.ensurePolished()
            others = self.clock.sizeHint().height() + self.keep_button.sizeHint().height() + round(self.look.px(110))
            if others + self._grid.heightForWidth(width) <= self.height():
                break

    def show_moment(self, moment: Moment) -> None:
        self._moment = moment
        second = moment.now_us // 1_000_000
        if second == self._second:
            return
        self._second = second
        page = page_of(self.data, moment)
        self.clock.setText(since_dose(page))
        found = sections(page)
        if [heading for heading, _ in found] != [heading for heading, _ in self.shown]:
            self._lay_out(found)
        before, self.shown = self.shown, found
        for (_, lines), label in zip(found, self._facts, strict=True):
            label.setText("\n".join(lines).replace("SpO2", "SpO₂"))
        if sum(len(lines) for _, lines in before) != sum(len(lines) for _, lines in found) and self.isVisible():
            self._fit()
        self.setAccessibleDescription(
            "; ".join([since_dose(page), *(f"{heading}: {', '.join(lines)}" for heading, lines in found)])
        )

    def _lay_out(self, found: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        while self._grid.count():
            taken = self._grid.takeAt(0)
            widget = None if taken is None else taken.widget()
            if widget is not None:
                widget.deleteLater()
        self._facts = []
        half = -(-len(found) // 2)
        self._grid.setHorizontalSpacing(round(self.look.px(16)))
        self._grid.setVerticalSpacing(round(self.look.px(10)))
        for number, (heading, _) in enumerate(found):
            head, fact = QLabel(heading), QLabel("")
            head.setObjectName("heading")
            fact.setObjectName("fact")
            fact.setWordWrap(True)
            fact.setTextFormat(Qt.TextFormat.PlainText)
            column = 2 * (number // half)
            self._grid.addWidget(head, number % half, column, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(fact, number % half, column + 1, Qt.AlignmentFlag.AlignTop)
            self._facts.append(fact)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnStretch(3, 1)

    def title(self) -> str:
        """Whose page it is, and of when."""
        moment = self._moment
        session = moment.state.session
        code = "" if session is None else session.subject
        return f"{code or 'no code'} · {local_time(moment.utc_origin_us + moment.now_us, seconds=True)}"

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_G and not event.isAutoRepeat():
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def keep(self) -> None:
        name = f"emergency page {self.title().replace(' · ', ' ').replace(':', '.')}"
        safe = "".join(letter if letter.isalnum() or letter in " .-_" else "_" for letter in name)
        self.wrong.setText(print_page(page_html(page_of(self.data, self._moment), self.title()), self.folder, safe))
