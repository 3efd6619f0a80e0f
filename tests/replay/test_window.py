"""Replay shows what was there live, at any point, by keys and by the time line; and cannot be taken for live."""

from __future__ import annotations

import random

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from kapconsole.clock import FakeClock
from kapconsole.console.lines import event_lines
from kapconsole.console.moment import Moment
from kapconsole.console.palette import NIGHT
from kapconsole.console.view import SessionView
from kapconsole.console.window import ACTIONS
from kapconsole.replay.rehearsal import Fault, rehearse
from kapconsole.replay.window import ReplayWindow
from kapconsole.rows import NUMERICS, WAVE, row_event, unpack_numerics, unpack_wave
from kapconsole.session.state import EMPTY, fold
from kapconsole.session.timeline import Timeline
from kapdevices.readings import Metric

S = 1_000_000
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def pixels(widget: QWidget) -> np.ndarray:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * 3].copy()


def test_keys_move_by_their_steps(window: ReplayWindow, clock: FakeClock) -> None:
    player = window.player
    window.seek(600 * S)
    for key, modifier, to_s in (
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 610),
        (Qt.Key.Key_Left, SHIFT, 609),
        (Qt.Key.Key_Right, CONTROL, 669),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 659),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 0),
        (Qt.Key.Key_End, Qt.KeyboardModifier.NoModifier, player.end_us / S),
        (Qt.Key.Key_Right, CONTROL, player.end_us / S),
    ):
        QTest.keyClick(window, key, modifier)
        assert player.position_us == to_s * S
    window.seek(0)
    QTest.keyClick(window, Qt.Key.Key_Up)
    QTest.keyClick(window, Qt.Key.Key_Space)
    clock.advance(5)
    window.show_position()
    assert window.view.moment is not None
    assert window.view.moment.now_us == 10 * S
    QTest.keyClick(window, Qt.Key.Key_Space)
    clock.advance(5)
    assert player.position_us == 10 * S


def test_e_visits_every_line_of_the_list(window: ReplayWindow, timeline: Timeline) -> None:
    stops = sorted({line.known_us for line in event_lines(timeline.events)})
    window.seek(0)
    seen = []
    for _ in range(len(stops) + 2):
        QTest.keyClick(window, "E")
        seen.append(window.player.position_us)
    assert list(dict.fromkeys(seen)) == [at for at in stops if at > 0]
    QTest.keyClick(window, Qt.Key.Key_PageUp)
    assert window.player.position_us == stops[-2]
    # Standing on an event, the list has it.
    note = next(line for line in event_lines(timeline.events) if line.kind == "note")
    window.seek(note.known_us)
    assert note.seq in {line.seq for line in window.view.notes.model.lines}


def test_the_state_shown_is_what_it_was_live(window: ReplayWindow) -> None:
    rows = rehearse(40, 10, [Fault(900, 940, "motion"), Fault(1500, 1560, "cable")])
    items = []
    for row in rows:
        if row.kind == NUMERICS:
            items += list(unpack_numerics(row))
        elif row.kind != WAVE:
            items.append(row_event(row))
    items.sort(key=lambda item: item.mono_us)
    state, position = EMPTY, 0
    for at_us in sorted(random.Random(5).randrange(0, window.player.end_us) for _ in range(60)):
        while position < len(items) and items[position].mono_us <= at_us:
            state = fold(state, items[position])
            position += 1
        window.seek(at_us)
        assert window.view.moment is not None
        assert window.view.moment.state == state


@pytest.mark.parametrize("at_s", [605, 930, 1530, 2100])
def test_replay_looks_as_it_did_live(qapp, timeline: Timeline, at_s: int) -> None:
    """The same view fed item by item up to a moment, and shown a whole recording at that moment, differ in no pixel."""
    live = Timeline()
    for row in rehearse(40, 10, [Fault(900, 940, "motion"), Fault(1500, 1560, "cable")]):
        if row.kind == NUMERICS:
            for item in unpack_numerics(row):
                if item.mono_us <= at_s * S:
                    live.add(item)
        elif row.kind == WAVE:
            piece = unpack_wave(row.body)
            if piece.start_us + piece.span_us <= at_s * S:
                live.add(piece)
        elif row.mono_us <= at_s * S:
            live.add(row_event(row))
    views = []
    for moment in (
        Moment(live.state, live, at_s * S, 0),
        Moment(timeline.state_at(at_s * S), timeline, at_s * S, 0),
    ):
        view = SessionView(ACTIONS)
        view.resize(1280, 800)
        view.show_moment(moment)
        view.grab()  # Qt draws a glyph slightly differently the first time it is used
        views.append(view)
    pictures = [pixels(view) for view in views]
    for view in views:
        view.deleteLater()
    assert (pictures[0] == pictures[1]).all()


def test_nothing_of_the_future_is_shown(window: ReplayWindow) -> None:
    window.seek(1000 * S)
    view = window.view
    assert all(line.known_us <= 1000 * S for line in view.notes.model.lines)
    upper, _ = view.trend.panes(window.moment())
    trend = view.trend.grab().toImage()
    right = {
        trend.pixelColor(x, y).name()
        for x in range(round(upper.x(1000 * S)) + 4, round(upper.rect.right()))
        for y in range(round(upper.rect.top()), round(upper.rect.bottom()))
    }
    assert NIGHT.spo2 not in right


def test_the_time_line_can_be_clicked_and_dragged(window: ReplayWindow) -> None:
    overview = window.overview
    area = overview.area()

    def point(part: float) -> QPoint:
        return QPoint(round(area.left() + part * area.width()), round(area.center().y()))

    QTest.mousePress(overview, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(0.25))
    assert abs(window.player.position_us / window.player.end_us - 0.25) < 0.01
    QTest.mouseMove(overview, point(0.9))
    QTest.mouseRelease(overview, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point(0.9))
    QTest.mousePress(overview, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(0, 5))
    assert window.player.position_us == 0


def test_go_to_a_time_says_what_it_did_not_understand(window: ReplayWindow, timeline: Timeline) -> None:
    QTest.keyClick(window, "G")
    sheet = window.view.sheet
    QTest.keyClicks(sheet.line, "later")
    QTest.keyClick(sheet.line, Qt.Key.Key_Return)
    assert "not understood" in sheet.wrong.text()
    sheet.line.setText("T+5:30")
    QTest.keyClick(sheet.line, Qt.Key.Key_Return)
    assert window.player.position_us == timeline.state.dose_us + 330 * S
    assert window.view.sheet is None


def test_it_says_replay_and_names_the_log_and_its_integrity(window: ReplayWindow) -> None:
    assert "REPLAY" in window.windowTitle()
    assert "K-0142.kaplog" in window.windowTitle()
    assert window.accessibleDescription() == "chain verified"
    edge = window.grab().toImage()
    for x, y in (
        (1, edge.height() // 2),
        (edge.width() - 2, edge.height() // 2),
        (edge.width() // 2, edge.height() - 2),
    ):
        assert edge.pixelColor(x, y).name() == NIGHT.accent, "a frame all around"
    window.seek(700 * S)
    assert "nothing here is live" in window.view.footer.recording(window.moment())
    assert not window.view.geometry().intersects(window.overview.geometry())


def test_losses_are_in_the_state_and_in_words(window: ReplayWindow) -> None:
    window.seek(1530 * S)
    assert "cable pulled" in window.view.spo2.read(window.moment())[2]
    window.seek(920 * S)
    assert window.moment().state.newest(Metric.SPO2)[1].valid is False
    assert window.view.spo2.read(window.moment())[2] == "artefact"
