"""The window of devices: what is connected and how sure we are, its live bytes, "try it", and what it feeds."""

from __future__ import annotations

from pathlib import PurePath

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from kapconsole import commands as cm
from kapconsole.console.bytesview import BytesView
from kapconsole.console.devicelist import DeviceDelegate, DeviceRows, DeviceRowsView, has_cuff, manifest_of, row_words
from kapconsole.console.devices import thousands
from kapconsole.console.moment import Moment
from kapconsole.console.pleth import shown_wave
from kapconsole.console.sheets import Sheet
from kapconsole.console.theme import SMALL, TEXT, Look
from kapconsole.session.state import DeviceView
from kapconsole.session.tryout import TRY_US, heard, tried
from kapconsole.session.words import feed_label, size_text
from kapconsole.wire import BytesSeen, CaptureStatus, CaptureWanted, WatchBytes
from kapdevices.driver import PacketCounts
from kapdevices.readings import Metric

FEED_METRICS = {
    "spo2": Metric.SPO2,
    "pulse_rate": Metric.PULSE_RATE,
    "nibp": Metric.NIBP_SYS,
    "pleth": Metric.PLETH,
}
"""What each word of `commands.FEEDS` chooses a device for."""


def feeder(moment: Moment, feed: str) -> int | None:
    """Which device feeds `feed` on the screens now."""
    if feed == "pleth":
        held = shown_wave(moment)
        return moment.state.feeds.get(Metric.PLETH) if held is None else held[0]
    if feed == "nibp":
        chosen = moment.state.feeds.get(Metric.NIBP_SYS)
        if chosen is not None:
            return chosen
        newest = moment.state.newest_nibp()
        if newest is not None:
            return newest.reading.source
        # Before any reading: the one that a start of the cuff would go to.
        cuffs = [device.source for device in moment.state.devices.values() if has_cuff(device)]
        return min(cuffs, default=None)
    return moment.state.feeding(FEED_METRICS[feed])


class PlainButton(QPushButton):
    """A button that leaves Space to its window; Enter presses it."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        event.ignore()


class DevicesSheet(Sheet):
    """`asked` carries messages for the monitor about bytes and captures, `chosen` the wish to let a device feed."""

    asked = Signal(object)
    chosen = Signal(object)
    whole = True
    _built = False

    def __init__(self, look: Look, moment: Moment) -> None:
        super().__init__("Devices", "Close", look)
        self.moment = moment
        self.source: int | None = None
        self.capture: CaptureStatus | None = None
        self._counts: PacketCounts | None = None
        self._trying: _Try | None = None
        self._linked = moment.linked
        self._seen: object = None
        self.list = DeviceRowsView(self)
        self.rows = DeviceRows(self.list)
        self.delegate = DeviceDelegate(self.list)
        self.delegate.look = look
        self.name, self.about, self.counted = QLabel(), QLabel(), QLabel()
        self.tried, self.kept_words = QLabel(), QLabel()
        self.bytes_view = BytesView(look)
        self.feeds = {feed: self._button("") for feed in cm.FEEDS}
        self.try_button = self._button("Try it · Y")
        self.pause_button = self._button("Pause · Space")
        self.capture_button = self._button("Keep bytes · K")
        self._build()
        self._built = True
        self._styled(look)

    def _button(self, words: str) -> PlainButton:
        made = PlainButton(words, self)
        made.setAccessibleName(words)
        made.setAutoDefault(False)
        made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return made

    def _build(self) -> None:
        self.list.setModel(self.rows)
        self.list.setItemDelegate(self.delegate)
        self.list.setAccessibleName("Devices of this session")
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFrameShape(QListView.Shape.NoFrame)
        self.list.selectionModel().currentChanged.connect(self._moved)
        self.name.setObjectName("strong")
        for label in (self.about, self.counted, self.kept_words):
            label.setObjectName("small")
        for label in (self.name, self.about, self.counted, self.kept_words):
            # One line each: what is too long is cut, never the window widened.
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.tried.setWordWrap(True)
        self.tried.setObjectName("tried")
        self.tried.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.try_button.clicked.connect(self.try_it)
        self.pause_button.clicked.connect(self.pause)
        self.capture_button.clicked.connect(self.switch_capture)
        self.bytes_view.paused_changed.connect(self._paused)

        feeds = QHBoxLayout()
        label = QLabel("feeds")
        feeds.addWidget(label)
        for feed, made in self.feeds.items():
            made.setCheckable(True)
            made.clicked.connect(lambda _checked=False, feed=feed: self.feed(feed))
            feeds.addWidget(made)
        feeds.addStretch(1)
        self._feeds_label = label
        actions = QHBoxLayout()
        for made in (self.try_button, self.pause_button, self.capture_button):
            actions.addWidget(made)
        actions.addWidget(self.wrong, 1)
        actions.addWidget(self.leave_button)
        self.leave_button.setText("Close · Esc")
        self.leave_button.setAccessibleName("Close · Esc")
        self.keep_button.hide()

        self._detail = QVBoxLayout()
        self._detail.addWidget(self.name)
        self._detail.addWidget(self.about)
        self._detail.addWidget(self.counted)
        self._detail.addLayout(feeds)
        self._detail.addWidget(self.bytes_view, 1)
        self._detail.addWidget(self.kept_words)
        self._detail.addWidget(self.tried)
        columns = QHBoxLayout()
        columns.addWidget(self.list)
        columns.addLayout(self._detail, 1)
        self._columns = columns
        self.body.addLayout(columns, 1)
        self.body.addLayout(actions)
        QWidget.setTabOrder(self.list, self.feeds["spo2"])

    def first_focus(self) -> QWidget:
        return self.list

    def begin(self) -> None:
        """Select the first device in trouble, or the first; the window is shown and connected now."""
        self.show_moment(self.moment)
        devices = self.rows.devices
        troubled = (row for row, device in enumerate(devices) if not device.delivering)
        if devices:
            self.list.setCurrentIndex(self.rows.index(next(troubled, 0)))
        else:
            self._refresh()

    def set_look(self, look: Look) -> None:
        super().set_look(look)
        if self._built:
            self._styled(look)

    def _styled(self, look: Look) -> None:
        palette, px = look.palette, look.px
        self.delegate.look = look
        self.bytes_view.set_look(look)
        self.list.setFixedWidth(round(px(285)))
        self.list.setSpacing(0)
        self._detail.setSpacing(round(px(7)))
        self._columns.setSpacing(round(px(20)))
        small = look.font(SMALL).pixelSize()
        self.setStyleSheet(
            self.styleSheet() + f"QListView {{ background: {palette.panel}; border: 0; outline: 0; }}"
            f"#tried {{ color: {palette.text}; }}"
            f"QPushButton {{ font-size: {look.font(TEXT).pixelSize()}px; padding: 0 {round(px(14))}px;"
            f" min-height: {max(look.touch, round(px(40)))}px; }}"
            # The dot says which it is; bold letters would need another width.
            "QPushButton:checked { font-weight: normal; }"
            f"QPushButton:disabled {{ color: {palette.tertiary}; border-color: {palette.line}; }}"
        )
        # Two lines of a result have their place, so that nothing jumps when it comes.
        self.tried.setMinimumHeight(round(2 * look.metrics(TEXT).height() + px(2)))
        self.kept_words.setMinimumHeight(small + round(px(4)))
        self.list.doItemsLayout()
        self._seen = None

    # -- what comes in --------------------------------------------------------------------------------------------

    def show_moment(self, moment: Moment) -> None:
        self.moment = moment
        if moment.linked != self._linked:
            self._linked = moment.linked
            # A recorder that was away has forgotten who watched.
            self._watch(moment.linked)
        if self._trying is not None:
            self._go_on_trying(self._trying)
        state = moment.state
        seen = (
            tuple(state.devices.values()),
            tuple(feeder(moment, feed) for feed in cm.FEEDS),
            moment.linked,
            self._counts,
            self.source,
        )
        if seen != self._seen:
            self._seen = seen
            self.rows.put(state)
            self._refresh()

    def take(self, said: BytesSeen | CaptureStatus) -> None:
        """What the monitor tells about a device; of another than the selected one it is old."""
        if said.source != self.source:
            return
        if isinstance(said, CaptureStatus):
            text = said.text or (self.capture.text if self.capture is not None and not said.on else "")
            self.capture = CaptureStatus(said.source, said.on, said.path, said.bytes, said.limit_bytes, text)
            self._show_capture()
            return
        self._counts = PacketCounts(said.good, said.bad, said.skipped)
        if self._trying is not None:
            self._trying.take(said)
        if said.data:
            self.bytes_view.take(said)

    # -- what a person does ---------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        focused = self.focusWidget()
        if event.isAutoRepeat():
            return
        if key == Qt.Key.Key_Space:
            self.pause()
        elif key == Qt.Key.Key_Y:
            self.try_it()
        elif key == Qt.Key.Key_K:
            self.switch_capture()
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.bytes_view.keyPressEvent(event)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.list.keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if isinstance(focused, QPushButton):
                focused.click()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            # Note, mark, stop and the other keys go on working: nothing is being typed here.
            event.ignore()

    def pause(self) -> None:
        """Let the bytes stand still, or go on."""
        self.bytes_view.pause(not self.bytes_view.paused)

    def try_it(self) -> None:
        """Listen to the selected device for ten seconds, then say what it did."""
        if self.source is None or self._trying is not None:
            return
        if not self.moment.linked:
            self._say("the recorder is not reachable: nothing can be tried now")
            return
        self._trying = _Try(self.moment.now_us, self._counts)
        self._go_on_trying(self._trying)
        self._refresh()

    def feed(self, feed: str) -> None:
        """Let the selected device feed one of `commands.FEEDS`."""
        if self.source is not None and feeder(self.moment, feed) != self.source:
            self.chosen.emit(cm.Feed(feed, self.source))
        self._seen = None
        self._refresh()

    def switch_capture(self) -> None:
        """Begin to keep the bytes of the selected device in a file, or end it."""
        if self.source is None:
            return
        if not self.moment.linked:
            self.kept_words.setText("the recorder is not reachable")
            return
        self.asked.emit(CaptureWanted(self.source, not (self.capture is not None and self.capture.on)))

    def leave(self) -> None:
        self._watch(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_capture()

    # -- what follows from it -------------------------------------------------------------------------------------

    def _moved(self, index: QModelIndex) -> None:
        device = index.data(Qt.ItemDataRole.UserRole)
        source = device.source if isinstance(device, DeviceView) else None
        if source == self.source:
            return
        self._watch(False)
        self.source = source
        self.capture = self._counts = self._trying = None
        self._say("")
        self._show_capture()
        self.bytes_view.begin(self.moment.utc_origin_us)
        self._watch(True)
        self._refresh()

    def _watch(self, on: bool) -> None:
        if self.source is not None:
            self.asked.emit(WatchBytes(self.source, on))

    def _go_on_trying(self, trying: _Try) -> None:
        assert self.source is not None
        left_us = trying.start_us + TRY_US - self.moment.now_us
        if not self.moment.linked:
            self._trying = None
            self._say("the recorder is not reachable: nothing could be heard")
        elif left_us > 0:
            self._say(f"listening for ten seconds: {-(-left_us // 1_000_000)} left")
            return
        else:
            manifest = manifest_of(self.moment.state.devices[self.source])
            found = heard(
                self.moment.timeline,
                self.source,
                trying.start_us,
                trying.start_us + TRY_US,
                trying.received_bytes,
                trying.counted(self._counts),
                manifest.metrics if manifest is not None else (),
            )
            self._trying = None
            self._say(f"In ten seconds: {tried(found)}.".replace("?.", "?"))
        self._refresh()

    def _say(self, words: str) -> None:
        if words != self.tried.text():
            self.tried.setText(words)
            self.tried.setAccessibleName(words)

    def _paused(self, paused: bool) -> None:
        words = "Go on · Space" if paused else "Pause · Space"
        self.pause_button.setText(words)
        self.pause_button.setAccessibleName(words)

    def _refresh(self) -> None:
        """Head, feeds and buttons of the selected device."""
        device = None if self.source is None else self.moment.state.devices.get(self.source)
        manifest = None if device is None else manifest_of(device)
        for made in (self.try_button, self.pause_button, self.capture_button):
            made.setEnabled(device is not None)
        self.try_button.setEnabled(device is not None and self._trying is None)
        if device is None:
            self.name.setText("no device in this session yet")
            self._feeds_label.hide()
            for made in self.feeds.values():
                made.hide()
            return
        name, state, status = row_words(self.moment.state, device)
        self.name.setText(manifest.name if manifest is not None else device.protocol)
        where = f"{device.adapter} on {device.port}" if device.adapter else device.port
        self.about.setText(f"{state} · {where}")
        counts = self._counts or PacketCounts(device.good, device.bad, device.skipped)
        self.counted.setText(
            f"{status} · {thousands(counts.good)} packets good, {thousands(counts.bad)} bad, "
            f"{thousands(counts.skipped)} bytes skipped"
        )
        metrics = manifest.metrics if manifest is not None else ()
        self._feeds_label.setVisible(any(FEED_METRICS[feed] in metrics for feed in self.feeds))
        for feed, made in self.feeds.items():
            now = feeder(self.moment, feed)
            mine, label = now == device.source, feed_label(FEED_METRICS[feed])
            made.setVisible(FEED_METRICS[feed] in metrics)
            made.setChecked(mine)
            made.setText(f"{'●' if mine else '○'} {label}")
            other = self.moment.state.device_name(now)
            says = f"{name} feeds {label}" if mine else f"Let {name} feed {label}" + (f", now {other}" if other else "")
            made.setAccessibleName(says)
            made.setToolTip("" if mine else says)

    def _show_capture(self) -> None:
        status = self.capture
        on = status is not None and status.on
        words = "Stop keeping · K" if on else "Keep bytes · K"
        self.capture_button.setText(words)
        self.capture_button.setAccessibleName(words)
        text = ""
        if status is not None:
            limit = size_text(status.limit_bytes)
            text = status.text or f"not kept; K keeps these bytes in a file on this machine, at most {limit}"
            if status.on:
                text = f"kept: {size_text(status.bytes)} of {limit} · {PurePath(status.path).name}"
        room = max(50, self.kept_words.width())
        metrics = self.kept_words.fontMetrics()
        self.kept_words.setText(metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room))
        self.kept_words.setToolTip(status.path if status is not None else "")
        self.kept_words.setAccessibleName(text or "no capture")


class _Try:
    """Ten seconds of listening: when they began, what was counted before, how many bytes came."""

    def __init__(self, start_us: int, before: PacketCounts | None) -> None:
        self.start_us = start_us
        self.before = before
        self.received_bytes = 0

    def take(self, seen: BytesSeen) -> None:
        if self.before is None:
            self.before = PacketCounts(seen.good, seen.bad, seen.skipped)
        if seen.direction == "r":
            self.received_bytes += len(seen.data) + seen.missed

    def counted(self, after: PacketCounts | None) -> PacketCounts:
        """What was counted in between."""
        if after is None or self.before is None:
            return PacketCounts()
        before = self.before
        return PacketCounts(after.good - before.good, after.bad - before.bad, after.skipped - before.skipped)
