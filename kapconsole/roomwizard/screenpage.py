"""The page of the client's screen: which one it is, how large it is against a bank card, how far the eyes are."""

from __future__ import annotations

import msgspec
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPainter, QPaintEvent, QScreen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kapconsole.bilateral.geometry import CARD_MM, screen_from_card
from kapconsole.console.painted import CENTRE, Ink
from kapconsole.console.theme import SMALL, TEXT, Look
from kapconsole.roomwizard.desk import Desk
from kapconsole.roomwizard.facts import flash_words, screen_words
from kapconsole.roomwizard.forms import Names, Number, Page, Part, act, row, sentence

FINE_PX, COARSE_PX = 0.5, 10.0
CARD_RANGE_PX = (60.0, 3000.0)
DISTANCE_CM = (20.0, 500.0)


class ScreensPicture(QWidget):
    """The machine's screens as they stand, the client's with a frame, this window's with a small window in it."""

    def __init__(self) -> None:
        super().__init__()
        self._look = Look()
        self._chosen = self._here = ""
        self._screens: list[tuple[str, QRectF]] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_screens(self, screens: list[tuple[str, QRectF]], chosen: str, here: str) -> None:
        """Names with places in pixels."""
        self._screens, self._chosen, self._here = screens, chosen, here
        spoken = "; ".join(
            f"screen {name}{', the client’s' if name == chosen else ''}{', this window' if name == here else ''}"
            for name, _ in screens
        )
        self.setAccessibleName(f"Picture of the screens: {spoken}")
        self.update()

    def set_look(self, look: Look) -> None:
        self._look = look
        self.setFixedHeight(round(look.px(118)))

    def sizeHint(self) -> QSize:
        return QSize(300, round(self._look.px(118)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink, look = Ink(painter, self._look), self._look
        ink.fill(QRectF(self.rect()), look.palette.panel)
        if self._screens:
            whole = QRectF(self._screens[0][1])
            for _, place in self._screens:
                whole = whole.united(place)
            gap = look.px(6)
            scale = min((self.width() - 2 * gap) / whole.width(), (self.height() - 2 * gap) / whole.height())
            for name, place in self._screens:
                drawn = QRectF(
                    gap + (place.x() - whole.x()) * scale,
                    gap + (place.y() - whole.y()) * scale,
                    place.width() * scale,
                    place.height() * scale,
                ).adjusted(2, 2, -2, -2)
                self._one(ink, name, drawn)
        painter.end()

    def _one(self, ink: Ink, name: str, place: QRectF) -> None:
        palette, px = self._look.palette, self._look.px
        client = name == self._chosen
        ink.panel(place, palette.background, palette.accent if client else palette.faint, 4)
        middle = place.center()
        ink.text(middle.x(), middle.y(), name[:18], TEXT, palette.text, client, CENTRE)
        said = [word for word, on in (("client", client), ("this window", name == self._here)) if on]
        ink.text(middle.x(), middle.y() + px(20), " · ".join(said), SMALL, palette.secondary, False, CENTRE)


class CardFit(QWidget):
    """Takes the arrow keys while the card is fitted: Right and Left fine, Up and Down coarse. `moved`: pixels."""

    moved = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._look = Look()
        self._text = ""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Width of the card: Left and Right are fine, Up and Down are coarse")

    def set_look(self, look: Look) -> None:
        self._look = look
        self.setFixedHeight(max(look.touch, round(look.px(44))))
        self.setMinimumWidth(round(look.px(330)))

    def say(self, text: str) -> None:
        """The width in words."""
        self._text = text
        self.setAccessibleDescription(text)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Right: FINE_PX,
            Qt.Key.Key_Left: -FINE_PX,
            Qt.Key.Key_Up: COARSE_PX,
            Qt.Key.Key_Down: -COARSE_PX,
        }.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
        else:
            self.moved.emit(step)

    def mousePressEvent(self, event: object) -> None:
        self.setFocus()

    def focusInEvent(self, event: object) -> None:
        self.update()

    def focusOutEvent(self, event: object) -> None:
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ink, palette, px = Ink(painter, self._look), self._look.palette, self._look.px
        rect = QRectF(self.rect())
        ink.fill(rect, palette.panel)
        ink.panel(rect, palette.background, palette.accent if self.hasFocus() else palette.faint, 6)
        ink.fitted(px(14), rect.center().y() + px(6), self._text, rect.width() - px(28), TEXT, palette.text)
        painter.end()


class ScreenPage(Page):
    """See the module."""

    title = "Client’s screen"
    keys = ("screen",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "The screen on which the client follows the light. A room may well be without one.")
        self._card_px = 0.0
        which = Part("Which screen")
        self.picture = ScreensPicture()
        which.body.addWidget(self.picture)
        self.names = Names("The client’s screen", self._choose, 3)
        which.body.addWidget(self.names)
        self.mark = act("Show a mark on it", self._show_mark, self)
        which.body.addLayout(row(self.mark))
        which.end()
        self.which = which
        self.body.addWidget(which)

        size = Part("How large it is, how far the eyes are")
        self.card = act("Show the card", self.show_card, self, "Show a card on the client’s screen")
        self.fit = CardFit()
        self.fit.moved.connect(self._move)
        size.body.addLayout(row(self.card, self.fit, stretch=False))
        self.distance = Number("Distance of the eyes", "cm", *DISTANCE_CM, 1.0, 0, self._keep_distance)
        size.body.addLayout(row("Eyes to the middle of the screen", self.distance))
        size.end()
        self.size_part = size
        self.body.addWidget(size)
        self.body.addStretch(1)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenAdded.connect(self._screens_changed)
        app.screenRemoved.connect(self._screens_changed)
        self.desk.client.ready.connect(self._said_by_display)
        self.refresh()

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        self.picture.set_look(look)
        self.fit.set_look(look)
        self.names.fit()

    # -- which ----------------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        display = self.desk.draft.setup.display
        screens = QGuiApplication.screens()
        here = self.window().screen().name() if self.window().screen() else ""
        self.picture.show_screens([(one.name(), QRectF(one.geometry())) for one in screens], display.screen, here)
        names = [("", "none: there is no client’s screen")]
        names += [(one.name(), _about(one)) for one in screens if one.name()]
        if display.screen and all(one.name() != display.screen for one in screens):
            names.append((display.screen, f"{display.screen} · not there now"))
        self.names.show_names(names, display.screen)
        self.mark.setEnabled(bool(display.screen))
        self.card.setEnabled(bool(display.screen))
        self.distance.setEnabled(bool(display.screen))
        self.distance.show_value(display.distance_mm / 10)
        if not display.screen:
            self.which.said.setText("Without it sets go on with sound, pulses and the light bar.")
        elif len(screens) == 1:
            self.which.said.setText(
                "There is one screen, and this window is on it: the client’s light would cover it. For a session plug "
                "in a second one. Marks are shown here in a small window."
            )
        elif display.screen == here:
            self.which.said.setText("This window is on that screen. Move it to the other one before a session.")
        else:
            self.which.said.setText("")
        self._card_px = CARD_MM * display.width_px / display.width_mm / self._ratio() if display.calibrated else 0.0
        if display.calibrated:
            self.fit.say(f"card {self._card_px:.1f} px wide · ← → fine · ↑ ↓ coarse")
            self.size_part.said.setText(f"{screen_words(display)}.\n{sentence(flash_words())}")
        else:
            self.fit.say("not measured: show the card, then fit it with the arrow keys")
            self.size_part.said.setText(
                "Hold a bank card (85.6 mm wide) to the bar on the client’s screen until both are equally wide. What a "
                f"screen says of its own size is often wrong.\n{sentence(flash_words())}"
            )

    def _choose(self, name: str) -> None:
        display = self.desk.draft.setup.display
        if name == display.screen:
            return
        self.desk.stop()
        # Another screen has another size; the distance is the room's.
        self.desk.use(self.desk.draft.on_screen(type(display)(screen=name, distance_mm=display.distance_mm)))

    def _show_mark(self) -> None:
        self.desk.show_picture("middle", self._small())

    # -- how large ------------------------------------------------------------------------------------------------

    def show_card(self) -> None:
        """Draw it, and give the arrow keys to it."""
        if not self._card_px:
            self._keep_card(self._guess_px())
        self.fit.setFocus()
        self.desk.show_picture("card", self._small(), self._card_px)

    def _move(self, step_px: float) -> None:
        if self.desk.draft.setup.display.screen:
            self._keep_card((self._card_px or self._guess_px()) + step_px)
            self.desk.show_picture("card", self._small(), self._card_px)

    def _keep_card(self, card_px: float) -> None:
        screen = self._screen()
        if screen is None:
            self.size_part.said.setText("That screen is not there now: it cannot be measured.")
            return
        card_px = min(max(card_px, CARD_RANGE_PX[0]), CARD_RANGE_PX[1])
        ratio = screen.devicePixelRatio()
        display = self.desk.draft.setup.display
        width_px, height_px = round(screen.size().width() * ratio), round(screen.size().height() * ratio)
        measured = screen_from_card(card_px * ratio, width_px, height_px, display.distance_mm)
        self.desk.use(
            self.desk.draft.on_screen(
                msgspec.structs.replace(
                    display,
                    width_mm=round(measured.width_mm, 2),
                    height_mm=round(measured.height_mm, 2),
                    width_px=width_px,
                    height_px=height_px,
                )
            )
        )

    def _keep_distance(self, distance_cm: float) -> None:
        display = self.desk.draft.setup.display
        self.desk.use(self.desk.draft.on_screen(msgspec.structs.replace(display, distance_mm=10 * distance_cm)))

    def _guess_px(self) -> float:
        """Where the fitting begins: by what the screen says of itself, which is often wrong."""
        screen = self._screen()
        dots = screen.logicalDotsPerInch() if screen is not None else 96.0
        if screen is not None and screen.physicalSize().width() > 0:
            dots = screen.size().width() / screen.physicalSize().width() * 25.4
        return round(CARD_MM / 25.4 * dots)

    def _screen(self) -> QScreen | None:
        name = self.desk.draft.setup.display.screen
        return next((one for one in QGuiApplication.screens() if one.name() == name), None)

    def _ratio(self) -> float:
        screen = self._screen()
        return 1.0 if screen is None else screen.devicePixelRatio()

    def _small(self) -> bool:
        """A small window where a whole screen would cover this one."""
        return small_window(self, self.desk)

    def _said_by_display(self) -> None:
        if self.desk.client.text:
            self.which.said.setText(f"It cannot be shown: {self.desk.client.text}.")
        elif self.isVisible():
            self.window().activateWindow()  # the keys belong here, not to the client's screen

    def _screens_changed(self, screen: QScreen) -> None:
        self.refresh()


def small_window(widget: QWidget, desk: Desk) -> bool:
    """Whether the client's screen is the one on which the staff work."""
    here = widget.window().screen()
    return here is not None and here.name() == desk.draft.setup.display.screen


def _about(screen: QScreen) -> str:
    ratio = screen.devicePixelRatio()
    maker = " ".join(each for each in (screen.manufacturer(), screen.model()) if each)
    size = f"{round(screen.size().width() * ratio)} × {round(screen.size().height() * ratio)}"
    main = "the main one" if screen is QGuiApplication.primaryScreen() else ""
    parts = (screen.name(), maker, size, f"{screen.refreshRate():.0f} Hz", main)
    return " · ".join(part for part in parts if part)
