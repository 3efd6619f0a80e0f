"""One session as people see it: all parts laid out, drawn from a `Moment`; the same live and in replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from kapconsole.console.alarmfacts import FactBook
from kapconsole.console.devices import DevicePanel
from kapconsole.console.flash import Flash, monotonic_us
from kapconsole.console.header import Header
from kapconsole.console.keys import Action, Footer, KeyBar
from kapconsole.console.lightpanel import LightPanel
from kapconsole.console.moment import Moment
from kapconsole.console.musicpanel import MusicPanel
from kapconsole.console.nextcuff import NextCuff
from kapconsole.console.nibptile import NibpTile
from kapconsole.console.notes import Notes
from kapconsole.console.painted import Painted
from kapconsole.console.palette import NIGHT, Palette
from kapconsole.console.places import REFERENCE_HEIGHT, Place, Places, arrange, unit_px
from kapconsole.console.pleth import Pleth
from kapconsole.console.sedationtile import SedationTile
from kapconsole.console.sedationtile import shown as sedation_shown
from kapconsole.console.setpanel import SetPanel
from kapconsole.console.sheets import Sheet
from kapconsole.console.strip import Strip
from kapconsole.console.theme import Look, colour
from kapconsole.console.tiles import Tile
from kapconsole.console.trend import Trend
from kapdevices.readings import Metric

SLOW_US = 200_000
"""Everything but the pleth is looked at five times a second, and at once when an event came."""


class SessionView(QWidget):
    """`acted` carries the id of an action from its key cap, `note_opened` the number of a note to be worded."""

    acted = Signal(str)
    note_opened = Signal(int)

    def __init__(
        self,
        actions: Sequence[Action],
        palette: Palette = NIGHT,
        reference_height: float = REFERENCE_HEIGHT,
        parent: QWidget | None = None,
        clock_us: Callable[[], int] = monotonic_us,
        keyed: bool = False,
    ) -> None:
        """`reference_height`: the view's height in units when it is not the whole of its window.

        `clock_us`: the monotonic clock that alarms flash by. `keyed`: keys stand on the alarm strip and on
        the panels of music, light and stimulation.
        """
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._reference_height = reference_height
        self._palette = palette
        self.look = look = Look(palette)
        self.flash = flash = Flash(clock_us)
        self.facts = FactBook()
        self.header = Header("Session", look, self)
        self.strip = Strip("Alarms and technical troubles", look, self, flash, keyed)
        self.spo2 = Tile(Metric.SPO2, "SpO₂", "spo2", look, self, flash)
        self.pulse = Tile(Metric.PULSE_RATE, "Pulse", "pulse", look, self, flash)
        self.nibp = NibpTile(look, self.facts, self, flash)
        self.next_cuff = NextCuff(look, self.facts, self)
        self.sedation = SedationTile("Sedation", look, self)
        self._sedation = False
        self.pleth = Pleth(look, self)
        self.trend = Trend(look, self)
        self.notes = Notes(look, self)
        self.devices = DevicePanel("Devices", look, self)
        self.music = MusicPanel(look, self, keyed)
        self.light = LightPanel(look, self, keyed)
        self.stimulation = SetPanel(look, self, keyed)
        self.keys = KeyBar(actions, look, self)
        self.footer = Footer("Recording", look, self)
        self.parts: tuple[Painted, ...] = (
            self.header,
            self.strip,
            self.spo2,
            self.pulse,
            self.nibp,
            self.next_cuff,
            self.sedation,
            self.pleth,
            self.trend,
            self.notes,
            self.devices,
            self.music,
            self.light,
            self.stimulation,
            self.keys,
            self.footer,
        )
        self.keys.acted.connect(self.acted)
        self.strip.acted.connect(self.acted)
        for panel in (self.music, self.light, self.stimulation):
            panel.acted.connect(self.acted)
        self.notes.opened.connect(self.note_opened)
        for part in self.parts:
            part.fault_changed.connect(self.show_now)
        self.sheet: Sheet | None = None
        self.moment: Moment | None = None
        self.tall = False
        self.places: Places
        self._seen: tuple[object, ...] = ()
        self._arrange()

    def show_moment(self, moment: Moment) -> None:
        """Show `moment`. Cheap when little changed; meant to be called at the rate of the pleth."""
        self.moment = moment
        if self._sedation != sedation_shown(moment.state.care):
            self._sedation = not self._sedation
            self._arrange()
        self.pleth.show_moment(moment)
        self.stimulation.show_running(moment)
        if self.sheet is not None:
            self.sheet.show_moment(moment)
        # Age, words and clocks change slowly; whatever happened changes the state; a flash has its own clock.
        flash = self.flash.turn(self.strip.flashing(moment))
        self.strip.log.polled(self.flash.now_us)
        seen = (
            moment.now_us // SLOW_US,
            moment.state.seq,
            moment.linked,
            moment.timeline,
            flash,
            None if moment.alarms is None else moment.alarms.alarms,
        )
        if seen == self._seen:
            return
        self._seen = seen
        self.strip.views_failed = tuple(part.accessibleName() for part in self.parts if part.fault is not None)
        for part in self.parts:
            if part is not self.pleth:
                part.show_moment(moment)

    def show_now(self) -> None:
        """Look at everything again, whatever was seen before."""
        self._seen = ()
        if self.moment is not None:
            self.show_moment(self.moment)

    def set_palette(self, palette: Palette) -> None:
        """Another palette for everything."""
        self._palette = palette
        self._arrange()

    def set_tall(self, tall: bool) -> None:
        """The vitals fill the screen, or stand in their column."""
        self.tall = tall
        self._arrange()

    def say(self, words: str) -> None:
        """A quiet line for some seconds."""
        if self.moment is not None:
            self.footer.say(words, self.moment.now_us)
            self.show_now()

    def open_sheet(self, sheet: Sheet) -> None:
        """Show a form in its place; an open one is closed."""
        self.close_sheet()
        self.sheet = sheet
        sheet.setParent(self)
        self._arrange()
        sheet.show()
        sheet.raise_()
        sheet.first_focus().setFocus(Qt.FocusReason.OtherFocusReason)

    def close_sheet(self) -> None:
        """Close the form, if one is open."""
        if self.sheet is None:
            return
        sheet, self.sheet = self.sheet, None
        sheet.leave()
        sheet.hide()
        sheet.deleteLater()
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), colour(self.look.palette.background))
        painter.end()

    def _arrange(self) -> None:
        unit = unit_px(self.width(), self.height(), self._reference_height)
        # A form belongs over the middle and right columns, which the tall view has not.
        tall = self.tall and self.sheet is None
        look = Look(self._palette, unit, self.logicalDpiY())
        self.places = places = arrange(self.width(), self.height(), unit, look.touch, tall, self._sedation, room=True)
        if (look.unit, look.palette, look.touch) != (
            self.look.unit,
            self.look.palette,
            self.look.touch,
        ) or not self._seen:
            self.look = look
            for part in self.parts:
                part.set_look(look)
            if self.sheet is not None:
                self.sheet.set_look(look)
        named = (
            (self.header, places.header),
            (self.strip, places.strip),
            (self.spo2, places.spo2),
            (self.pulse, places.pulse),
            (self.nibp, places.nibp),
            (self.next_cuff, places.next_cuff),
            (self.sedation, places.sedation),
            (self.pleth, places.pleth),
            (self.trend, places.trend),
            (self.notes, places.notes),
            (self.devices, places.devices),
            (self.music, places.music),
            (self.light, places.light),
            (self.stimulation, places.stimulation),
            (self.keys, places.keys),
            (self.footer, places.footer),
        )
        covered: tuple[Painted, ...] = ()
        if self.sheet is not None and self.sheet.whole:
            # What would be drawn under it is not drawn at all.
            covered = (self.pleth, self.trend, self.notes, self.devices, self.music, self.light, self.stimulation)
        for part, place in named:
            part.setVisible(place.width > 0 and part not in covered)
            part.setGeometry(*place)
        if self.sheet is not None:
            self.sheet.setGeometry(*self._sheet_place(self.sheet))
        self.show_now()

    def _sheet_place(self, sheet: Sheet) -> Place:
        """As high as the form needs, standing on the key bar."""
        if sheet.whole:
            return self.places.over
        if sheet.sizeHint().height() > self.places.sheet.height:
            return self.places.over  # in a low window a form takes the place of the curves rather than be cut
        sheet.ensurePolished()
        room = self.places.sheet
        height = min(room.height, sheet.sizeHint().height())
        return Place(room.x, room.bottom - height, room.width, height)
