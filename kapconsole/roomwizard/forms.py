"""The pieces of the wizard's pages: words, choices, numbers, lists; all reached by Tab, all named."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QDoubleSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from kapconsole.console.sheets import button
from kapconsole.console.theme import HEADING, SMALL, TEXT, Look
from kapconsole.roomwizard.desk import Desk


class Page(QWidget):
    """One page: title, what it is for, parts. `refresh` shows the draft; called whenever it may be another one."""

    title = ""
    keys: tuple[str, ...] = ()
    """The facts (`kapconsole.roomwizard.facts`) that this page settles."""

    def __init__(self, desk: Desk, hint: str) -> None:
        super().__init__()
        self.desk = desk
        self.setAccessibleName(self.title)
        self.body = QVBoxLayout(self)
        heading = QLabel(self.title)
        heading.setObjectName("title")
        self.body.addWidget(heading)
        self.body.addWidget(words(hint))
        desk.changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show the draft."""

    def entered(self) -> None:
        """It is the page that is seen."""

    def leave(self) -> None:
        """Another page is seen: nothing of this one sounds or lights any longer."""
        self.desk.stop()

    def set_look(self, look: Look) -> None:
        """Other sizes."""
        gap = round(look.px(14))
        self.body.setSpacing(gap)
        self.body.setContentsMargins(round(look.px(28)), round(look.px(22)), round(look.px(28)), round(look.px(22)))
        for part in self.findChildren(Part):
            part.set_look(look)


class Part(QFrame):
    """A panel with a heading; `body` takes the rows, `said` the outcome in words."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setObjectName("part")
        self.body = QVBoxLayout(self)
        heading = QLabel(title)
        heading.setObjectName("heading")
        self.body.addWidget(heading)
        self.said = words("", "said")

    def end(self) -> None:
        """The last row: the outcome."""
        self.body.addWidget(self.said)

    def set_look(self, look: Look) -> None:
        """Other sizes."""
        side = round(look.px(18))
        self.body.setContentsMargins(side, round(look.px(12)), side, round(look.px(12)))
        self.body.setSpacing(round(look.px(9)))


def words(text: str, name: str = "") -> QLabel:
    """A paragraph."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def sentence(text: str) -> str:
    """With a capital and a full stop; nothing stays nothing."""
    return f"{text[0].upper()}{text[1:]}{'' if text[-1] in '.?!' else '.'}" if text else ""


def row(*widgets: QWidget | str, stretch: bool = True) -> QHBoxLayout:
    """Side by side; a text becomes a label of what follows it."""
    line = QHBoxLayout()
    label: QLabel | None = None
    for each in widgets:
        if isinstance(each, str):
            label = QLabel(each)
            line.addWidget(label)
        else:
            if label is not None:
                label.setBuddy(each)
                if not each.accessibleName():
                    each.setAccessibleName(label.text())
            line.addWidget(each, 0 if stretch or isinstance(each, QPushButton | QDoubleSpinBox) else 1)
            label = None
    if stretch:
        line.addStretch(1)
    return line


def act(text: str, do: Callable[[], object], parent: QWidget, name: str = "") -> QPushButton:
    """A button that does something; `name` where its words alone would not say what."""
    made = button(text, parent)
    if name:
        made.setAccessibleName(name)
    made.clicked.connect(lambda _checked=False: do())
    return made


class Choice(QWidget):
    """One of a few words, as buttons side by side; `chosen` is called with the words."""

    def __init__(self, name: str, choices: Sequence[str], chosen: Callable[[str], None]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        self.group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        for text in choices:
            made = button(text, self)
            made.setCheckable(True)
            made.setAccessibleName(f"{name}: {text}")
            made.clicked.connect(lambda _checked=False, text=text: chosen(text))
            self.group.addButton(made)
            self._buttons[text] = made
            line.addWidget(made)
        line.addStretch(1)

    def show_chosen(self, text: str) -> None:
        """Mark this one; a text that is none of them unmarks all."""
        self.group.setExclusive(False)
        for each, made in self._buttons.items():
            made.setChecked(each == text)
        self.group.setExclusive(True)


class Number(QDoubleSpinBox):
    """A number with its unit; Up and Down take steps, Page Up and Down ten of them."""

    def __init__(
        self, name: str, unit: str, least: float, most: float, step: float, decimals: int, kept: Callable[[float], None]
    ) -> None:
        super().__init__()
        self.setLocale(QLocale.c())
        self.setAccessibleName(f"{name}, {unit}" if unit else name)
        self.setRange(least, most)
        self.setSingleStep(step)
        self.setDecimals(decimals)
        self.setSuffix(f" {unit}" if unit else "")
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(7, 0, 7, 0)
        self.valueChanged.connect(kept)

    def show_value(self, value: float) -> None:
        """Show it without keeping it; never while somebody types."""
        if self.value() == value or (self.hasFocus() and self.lineEdit().isModified()):
            return
        self.blockSignals(True)
        self.setValue(value)
        self.blockSignals(False)


class Names(QListWidget):
    """A list of names, of which one is chosen with the arrow keys or a tap; `picked` is called with it."""

    def __init__(self, name: str, picked: Callable[[str], None], rows: int = 4) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._picked, self._rows = picked, rows
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.currentItemChanged.connect(self._chosen)

    def show_names(self, names: Sequence[tuple[str, str]], chosen: str) -> None:
        """(key, words) of each; `chosen`: the key that is marked."""
        self.blockSignals(True)
        self.clear()
        for key, text in names:
            item = QListWidgetItem(text)
            item.setData(Qt.ItemDataRole.UserRole, key)
            item.setToolTip(text)
            self.addItem(item)
            if key == chosen:
                self.setCurrentItem(item)
        self.blockSignals(False)
        self.fit()

    def fit(self) -> None:
        """As high as its rows, and no higher than it may."""
        height = max(self.sizeHintForRow(0), self.fontMetrics().height() + 8) if self.count() else 30
        shown = min(max(self.count(), 2), self._rows)
        self.setFixedHeight(height * shown + 2 * self.frameWidth() + 4)

    def _chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._picked(str(item.data(Qt.ItemDataRole.UserRole)))


def style(look: Look) -> str:
    """The style sheet of the whole window, by palette and unit."""
    palette, px = look.palette, look.px

    def size(units: float) -> int:
        return look.font(units).pixelSize()

    corner, pad = round(px(6)), round(px(7))
    field = (
        f"background: {palette.background}; color: {palette.text}; font-size: {size(HEADING)}px;"
        f" border: 1px solid {palette.faint}; border-radius: {corner}px; padding: {pad}px;"
        f" selection-background-color: {palette.accent_panel}; selection-color: {palette.text};"
    )
    focused = f"border: 2px solid {palette.accent};"
    return (
        f"QWidget {{ background: {palette.background}; }}"
        f"#part, #part QWidget {{ background: {palette.panel}; }}"
        f"#part {{ border-radius: {round(px(8))}px; }}"
        f"QLabel {{ color: {palette.secondary}; font-size: {size(TEXT)}px; }}"
        f"#title {{ color: {palette.text}; font-size: {size(26)}px; font-weight: bold; }}"
        f"#heading {{ color: {palette.text}; font-size: {size(HEADING)}px; font-weight: bold; }}"
        f"#said {{ color: {palette.text}; font-size: {size(TEXT)}px; }}"
        f"#strong {{ color: {palette.text}; font-weight: bold; }}"
        f"#small {{ font-size: {size(SMALL)}px; }}"
        f"QLineEdit, QDoubleSpinBox, QPlainTextEdit {{ {field} min-height: {round(px(26))}px; }}"
        f"QDoubleSpinBox {{ min-width: {round(px(130))}px; }}"
        f"QDoubleSpinBox QLineEdit {{ border: 0; padding: 0 {pad}px; min-height: 0; }}"
        f"QLineEdit:focus, QDoubleSpinBox:focus {{ {focused} }}"
        "QDoubleSpinBox QLineEdit:focus { border: 0; }"
        "QDoubleSpinBox::up-button, QDoubleSpinBox::down-button { width: 0; height: 0; border: 0; }"
        f"QListWidget {{ {field} outline: 0; padding: 0; }}"
        f"QListWidget:focus {{ {focused} }}"
        f"QListWidget::item {{ padding: {pad}px {2 * pad}px; color: {palette.text}; }}"
        f"QListWidget::item:selected {{ background: {palette.accent_panel}; color: {palette.text};"
        f" border-left: {max(3, round(px(4)))}px solid {palette.accent}; }}"
        f"QPushButton {{ background: {palette.raised}; color: {palette.text}; font-size: {size(TEXT)}px;"
        f" border: 1px solid {palette.faint}; border-radius: {corner}px; padding: 0 {round(px(14))}px;"
        f" min-height: {max(look.touch, round(px(40)))}px; }}"
        f"QPushButton:focus {{ {focused} }}"
        f"QPushButton:disabled {{ color: {palette.tertiary}; }}"
        f"QPushButton:checked {{ background: {palette.accent_panel}; {focused} }}"
        f"#step {{ text-align: left; background: {palette.background}; border: 2px solid {palette.background}; }}"
        f"#step:focus {{ {focused} }}"
        f"#step:checked {{ background: {palette.accent_panel}; border: 2px solid {palette.accent_panel}; }}"
        f"#step:checked:focus {{ {focused} }}"
        f"#stop {{ border: 2px solid {palette.text}; font-weight: bold; font-size: {size(HEADING)}px; }}"
        f"QSlider::groove:horizontal {{ height: {max(4, round(px(5)))}px; background: {palette.faint}; }}"
        f"QSlider::handle:horizontal {{ background: {palette.text}; width: {round(px(20))}px;"
        f" margin: -{round(px(11))}px 0; border-radius: {round(px(5))}px; }}"
        f"QSlider {{ min-height: {round(px(40))}px; }}"
        f"QSlider::handle:horizontal:focus {{ background: {palette.accent}; }}"
        f"QScrollBar:vertical {{ background: {palette.background}; width: {round(px(10))}px; }}"
        f"QScrollBar::handle:vertical {{ background: {palette.faint}; border-radius: {round(px(4))}px; }}"
        "QScrollBar::add-line, QScrollBar::sub-line { height: 0; }"
        "QScrollArea { border: 0; }"
    )
