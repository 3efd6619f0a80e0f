"""A client's page: who, a table of their sessions, scores over sessions, and what their course expects."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QLabel,
    QScrollArea,
    QStyle,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
)

from kapconsole.clinical.clients.entry import SessionEntry
from kapconsole.clinical.clients.page import ClientPage
from kapconsole.clinical.instruments.model import Instrument
from kapconsole.console.theme import SMALL, TEXT, Look
from kapconsole.replay.clients.found import COLUMNS, cells, day_text
from kapconsole.replay.clients.scoreplot import ScorePlot

MOST_ROWS = 9
"""The table is at most so high; the rest of it is scrolled to."""
RIGHT_COLUMNS = (0, 5, 6, 7, 9)


class SessionTable(QTableWidget):
    """The sessions of one client. Letters go to the window; `entered` says that Enter was pressed on one."""

    entered = Signal()

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        self.setAccessibleName("Sessions of this client, newest first")
        self.setHorizontalHeaderLabels(list(COLUMNS))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in RIGHT_COLUMNS:
            item = self.horizontalHeaderItem(column)
            if item is not None:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.doubleClicked.connect(lambda _index: self.entered.emit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        elif event.text() or event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            event.ignore()
        else:
            super().keyPressEvent(event)


class ClientPane(QFrame):
    """Everything about one client. `entered`: Enter was pressed on a session."""

    entered = Signal()

    def __init__(self, look: Look, instruments: Mapping[str, Instrument]) -> None:
        super().__init__()
        self.setObjectName("pane")
        self.look = look
        self.page: ClientPage | None = None
        self._shown: list[SessionEntry] = []
        self.title, self.about, self.safety, self.due = (QLabel() for _ in range(4))
        for label, name in ((self.title, "title"), (self.about, "about"), (self.safety, "safety"), (self.due, "about")):
            label.setObjectName(name)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.table = SessionTable()
        self.table.entered.connect(self.entered)
        self.plot = ScorePlot(look, instruments)
        self.scores = QScrollArea()
        self.scores.setWidgetResizable(True)
        self.scores.setFrameShape(QFrame.Shape.NoFrame)
        self.scores.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scores.setWidget(self.plot)
        self.scores.setAccessibleName("Scores over sessions; Page Down and Page Up go on")
        box = QVBoxLayout(self)
        for part in (self.title, self.about, self.safety, self.table, self.due):
            box.addWidget(part)
        box.addWidget(self.scores, 1)
        self.put(None, frozenset())

    def put(self, page: ClientPage | None, marked: frozenset[str], empty: str = "") -> None:
        """Show a client; `marked`: the files of the sessions that were searched for. `empty`: words where none is."""
        self.page = page
        before = self.current()
        self._shown = list(reversed(page.sessions)) if page is not None else []
        self.title.setText(page.code if page is not None else empty)
        self.about.setText(_about(page) if page is not None else "")
        self.safety.setVisible(page is not None and page.safety_open)
        self.safety.setText("!  SAFETY PROMPT OPEN: an answer touched suicide, and nothing was recorded about it yet")
        self.due.setText(_due(page) if page is not None else "")
        for part in (self.about, self.table, self.scores):
            part.setVisible(page is not None)
        self.due.setVisible(bool(self.due.text()))
        self._fill(page, marked)
        self.plot.put(page)
        self._select(before, marked)
        self._fit()

    def current(self) -> SessionEntry | None:
        """The chosen session."""
        row = self.table.currentRow()
        return self._shown[row] if 0 <= row < len(self._shown) else None

    def set_look(self, look: Look) -> None:
        """Another size."""
        self.look = look
        px, palette = look.px, look.palette
        self.layout().setContentsMargins(round(px(10)), round(px(6)), round(px(4)), 0)  # type: ignore[union-attr]
        self.layout().setSpacing(round(px(8)))  # type: ignore[union-attr]
        text, quiet = look.font(TEXT).pixelSize(), look.font(SMALL).pixelSize()
        self.setStyleSheet(
            f"#pane, QScrollArea {{ background: {palette.background}; border: 0; }}"
            f"#title {{ color: {palette.text}; font-size: {look.font(26).pixelSize()}px; font-weight: bold; }}"
            f"#about {{ color: {palette.secondary}; font-size: {text}px; }}"
            f"#safety {{ color: {palette.text}; font-size: {text}px; font-weight: bold; padding: {round(px(8))}px;"
            f" border: 2px solid {palette.text}; border-radius: {round(px(6))}px; }}"
            f"QTableWidget {{ background: {palette.panel}; color: {palette.text}; font-size: {quiet}px; outline: 0;"
            f" border: 1px solid {palette.line}; border-radius: {round(px(6))}px; }}"
            f"QTableWidget:focus {{ border: 2px solid {palette.accent}; }}"
            f"QTableWidget::item {{ padding: 0 {round(px(6))}px; border: 0; }}"
            f"QTableWidget::item:selected {{ background: {palette.accent_panel}; color: {palette.text}; }}"
            f"QHeaderView::section {{ background: {palette.panel}; color: {palette.secondary}; border: 0;"
            f" font-size: {quiet}px; padding: {round(px(4))}px {round(px(6))}px; }}"
        )
        self.plot.set_look(look)
        self._fit()

    def _fill(self, page: ClientPage | None, marked: frozenset[str]) -> None:
        table = self.table
        table.setRowCount(len(self._shown))
        if page is None:
            return
        for row, (number, entry) in enumerate(reversed(list(enumerate(page.sessions, 1)))):
            quiet = bool(marked) and entry.file not in marked
            for column, words in enumerate(cells(number, entry, page.days[number - 1])):
                item = QTableWidgetItem(words)
                if column in RIGHT_COLUMNS:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if quiet:
                    item.setForeground(QColor(self.look.palette.tertiary))
                if entry.warnings:
                    item.setToolTip("\n".join(entry.warnings))
                table.setItem(row, column, item)

    def _select(self, before: SessionEntry | None, marked: frozenset[str]) -> None:
        """The same session as before where it is still there; else the newest that was searched for."""
        files = [entry.file for entry in self._shown]
        if before is not None and before.file in files and (not marked or before.file in marked):
            row = files.index(before.file)
        else:
            row = next((row for row, file in enumerate(files) if file in marked), 0)
        self.table.setCurrentCell(row if files else -1, 1)

    def _fit(self) -> None:
        table, look = self.table, self.look
        height = max(look.touch // 2, round(look.metrics(SMALL).height() + look.px(12)))
        table.verticalHeader().setDefaultSectionSize(height)
        for row in range(table.rowCount()):
            table.setRowHeight(row, height)
        rows = min(MOST_ROWS, max(1, table.rowCount()))
        head = table.horizontalHeader().sizeHint().height()
        padding = 2 * round(look.px(6)) + 8  # Qt keeps a few pixels of its own beside the padding of the style
        for column, name in enumerate(COLUMNS):
            width = look.width(name, SMALL)
            for row in range(table.rowCount()):
                item = table.item(row, column)
                width = max(width, look.width(item.text(), SMALL) if item is not None else 0.0)
            table.setColumnWidth(column, round(width) + padding)
        last = len(COLUMNS) - 1
        items = [table.item(row, last) for row in range(table.rowCount())]
        table.setColumnHidden(last, not any(item is not None and item.text() for item in items))
        wide = sum(table.columnWidth(column) for column in range(last)) > self.width()
        bar = table.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent) if wide else 0
        table.setFixedHeight(head + rows * height + round(look.px(10)) + bar)


def _about(page: ClientPage) -> str:
    count, doses = len(page.sessions), sum(bool(entry.doses) for entry in page.sessions)
    span = day_text(page.days[0]) if count == 1 else f"{day_text(page.days[0])} to {day_text(page.days[-1])}"
    course = f" · course: {page.course}" if page.course else ""
    return f"{count} {'session' if count == 1 else 'sessions'}, {doses} with a dose · {span}{course}"


def _due(page: ClientPage) -> str:
    lines = []
    for item in page.due:
        until = f" to {day_text(item.until)}" if item.until and item.until != item.since else ""
        lines.append(f"{'OVERDUE: ' if item.overdue else ''}{day_text(item.since)}{until}: {item.words}")
    return "\n".join([*lines, *page.warnings, *([page.reminder] if page.due else [])])
