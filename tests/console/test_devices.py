"""The window of devices: by keyboard alone, what it asks of the monitor, what it says; what feeds the screens."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.console.devicesheet import DevicesSheet
from kapconsole.console.lines import event_lines
from kapconsole.console.pleth import shown_wave
from kapconsole.session.runner import DeviceEntry
from kapconsole.wire import BytesSeen, CaptureStatus, CaptureWanted, WatchBytes
from kapdevices.readings import Metric, Quality

Turn = Callable[[float], None]
SECOND = 3


@pytest.fixture
def sheet(window, feed, later: Turn) -> DevicesSheet:
    """The window of devices, opened by its key, with a second oximeter in the session."""
    feed.runner.devices[SECOND] = DeviceEntry(SECOND, "masimo_ascii1", "p3", False)
    feed.fact(ev.DeviceState(SECOND, "masimo_ascii1", "p3", "PL2303", "connected", "connected"))
    feed.measure(Metric.SPO2, 97.0)
    feed.clock.advance(0.1)
    feed.measure(Metric.SPO2, 93.0, source=SECOND)
    later(1)
    QTest.keyClick(window, "V")
    assert isinstance(window.view.sheet, DevicesSheet)
    return window.view.sheet


def seen(feed, data: bytes, words: str = "", direction: str = "r", good: int = 0, missed: int = 0) -> None:
    feed.says.append(BytesSeen(1, feed.clock.now_us(), direction, data, words, missed, good, 0, 0))


def button(sheet: QWidget, words: str) -> QAbstractButton:
    return next(one for one in sheet.findChildren(QAbstractButton) if words in one.accessibleName())


def test_it_is_opened_by_its_key_or_its_cap_and_closed_by_esc_or_the_key(window, feed) -> None:
    QTest.keyClick(window, "V")
    assert isinstance(window.view.sheet, DevicesSheet)
    QTest.keyClick(window.view.sheet, Qt.Key.Key_Escape)
    assert window.view.sheet is None
    caps = {cap.action.id: cap for cap in window.view.keys.caps}
    QTest.mouseClick(caps["devices"], Qt.MouseButton.LeftButton)
    assert isinstance(window.view.sheet, DevicesSheet)
    QTest.keyClick(window.view.sheet, "V")
    assert window.view.sheet is None
    assert window.view.pleth.isVisible()
    assert window.view.trend.isVisible()


@pytest.mark.parametrize("size", [(1280, 800), (960, 600), (2560, 1600), (1024, 1366)])
def test_it_takes_middle_and_right_alone_and_all_of_it_can_be_touched(window, sheet, size: tuple[int, int]) -> None:
    window.resize(*size)
    view = window.view
    for part in (view.header, view.strip, view.spo2, view.pulse, view.nibp, view.keys, view.footer):
        assert part.isVisible()
        assert not sheet.geometry().intersects(part.geometry()), part.accessibleName()
    assert view.rect().contains(sheet.geometry())
    assert sheet.minimumSizeHint().height() <= sheet.height(), "all of it fits"
    assert sheet.minimumSizeHint().width() <= sheet.width()
    nine_mm = 9 / 25.4 * window.logicalDpiY()
    for widget in sheet.findChildren(QWidget):
        if widget.isVisible() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            assert widget.accessibleName(), widget
            assert min(widget.height(), widget.width()) >= nine_mm, widget.accessibleName()


def test_the_selected_device_is_watched_and_no_other(window, feed, sheet, later: Turn) -> None:
    assert feed.told == [WatchBytes(1, True)]
    QTest.keyClick(sheet.list, Qt.Key.Key_Down)
    assert feed.told[1:] == [WatchBytes(1, False), WatchBytes(2, True)]
    feed.linked = False
    later(1)
    feed.linked = True
    feed.told.clear()
    later(1)
    assert feed.told == [WatchBytes(2, True)], "a recorder that was away has forgotten"
    feed.told.clear()
    QTest.keyClick(window, "N")
    assert feed.told == [WatchBytes(2, False)], "another form takes its place"


def test_a_device_in_trouble_is_selected_first_and_told_in_words(window, feed, later: Turn) -> None:
    feed.fact(ev.DeviceState(2, "suntech", "p2", "CP2102", "lost", "cable pulled"))
    later(1)
    window.act("devices")
    assert window.view.sheet.source == 2
    words = " ".join(label.text() for label in window.view.sheet.findChildren(QLabel))
    assert "SunTech OEM NIBP module" in words
    assert "cable pulled · CP2102 on p2" in words
    assert "from documents only" in words


def test_bytes_of_both_directions_stand_beside_what_they_said(window, feed, sheet, later: Turn) -> None:
    seen(feed, b"\x01\xa3", "SpO2 98 %", good=7)
    seen(feed, b"?", direction="w", good=7, missed=40)
    later(0.1)
    rows = [(row.direction, row.data, row.words) for row in sheet.bytes_view.rows]
    assert rows == [
        ("in", b"\x01\xa3", "SpO2 98 %"),
        ("", b"", "… 40 bytes not shown"),
        ("out", b"?", ""),
    ]
    assert "7 packets good" in sheet.counted.text()
    assert "SpO2 98 %" in sheet.bytes_view.accessibleDescription()
    feed.says.append(BytesSeen(2, 0, "r", b"other", "", 0, 99, 0, 0))
    later(0.1)
    assert len(sheet.bytes_view.rows) == 3, "of a device that is not selected any more"


def test_space_lets_the_bytes_stand_and_go_on_with_all_that_came(window, feed, sheet, later: Turn) -> None:
    for number in range(80):
        seen(feed, bytes([number]))
    later(0.1)
    button(sheet, "Try it").setFocus()
    QTest.keyClick(button(sheet, "Try it"), Qt.Key.Key_Space)
    assert sheet.bytes_view.paused, "even while a button has the focus"
    seen(feed, b"\xee")
    later(0.1)
    assert [row.data for row in sheet.bytes_view.rows] == [bytes([number]) for number in range(80)]
    QTest.keyClick(sheet, Qt.Key.Key_PageUp)
    QTest.keyClick(sheet, Qt.Key.Key_Space)
    assert sheet.bytes_view.rows[-1].data == b"\xee"
    QTest.keyClick(sheet, Qt.Key.Key_PageUp)
    assert sheet.bytes_view.paused, "going back is pausing"


def test_try_it_listens_for_ten_seconds_and_says_what_it_heard(window, feed, sheet, later: Turn) -> None:
    feed.says.append(BytesSeen(1, 0, "r", b"", "", 0, 100, 4, 2))
    later(0.1)
    QTest.keyClick(sheet, "Y")
    assert "10 left" in sheet.tried.text()
    assert not sheet.try_button.isEnabled()
    for value in (96, 97, 98, 97, 97, 97, 97, 97, 97):
        later(1)
        feed.wave(1)
        feed.measure(Metric.SPO2, value)
        seen(feed, b"x" * 375, good=100 + 75)
    assert "left" in sheet.tried.text()
    later(1.1)
    assert sheet.tried.text().startswith("In ten seconds: 75 pleth samples a second, SpO2 96 to 98, ")
    assert sheet.try_button.isEnabled()
    QTest.keyClick(sheet, "Y")
    later(10)
    assert sheet.tried.text().endswith("is the cable the right one?")


def test_a_capture_is_asked_for_and_its_progress_shown(window, feed, sheet, later: Turn) -> None:
    feed.told.clear()
    feed.says.append(CaptureStatus(1, False, limit_bytes=64 << 20))
    later(0.1)
    assert "at most 64 MB" in sheet.kept_words.text()
    QTest.keyClick(sheet, "K")
    feed.says.append(CaptureStatus(1, True, "/data/1-nonin.kapcapture", 1 << 20, 64 << 20))
    later(0.1)
    assert "1.0 MB of 64 MB · 1-nonin.kapcapture" in sheet.kept_words.text()
    QTest.keyClick(sheet, "K")
    assert feed.told == [CaptureWanted(1, True), CaptureWanted(1, False)]
    feed.says.append(CaptureStatus(1, False, text="kept: /data/1-nonin.kapcapture, 1 MB"))
    later(0.1)
    assert "kept: /data/1-nonin.kapcapture" in sheet.kept_words.accessibleName()


def test_letting_a_device_feed_by_tab_and_enter_changes_tile_and_list(window, feed, sheet, later: Turn) -> None:
    assert button(sheet, "Nonin feeds SpO2").isChecked()
    sheet.list.setCurrentIndex(sheet.rows.index(2))
    assert not [one for one in sheet.feeds.values() if one.isVisible() and "NIBP" in one.text()]
    chosen = button(sheet, "Let Masimo feed SpO2, now Nonin")
    chosen.setFocus()
    QTest.keyClick(chosen, Qt.Key.Key_Return)
    assert feed.sent == [cm.Feed("spo2", SECOND)]
    later(0.3)
    assert "Masimo feeds SpO2" in chosen.accessibleName()
    assert window.view.spo2.read(feed.moment())[0] == "93"
    assert "Masimo" in window.view.spo2.read(feed.moment())[2]
    assert event_lines(feed.timeline.events)[-1].text == "SpO2 now from Masimo"
    QTest.keyClick(chosen, Qt.Key.Key_Return)
    assert len(feed.sent) == 1, "what feeds already is not asked again"


def test_keys_of_the_room_work_while_it_is_open(window, feed, sheet) -> None:
    QTest.keyClick(sheet.list, "4")
    QTest.keyClick(sheet.list, "S")
    assert feed.sent == [cm.Mark("4", at_us=feed.clock.now_us()), cm.CuffStop()]
    assert window.view.sheet is sheet


def test_without_contact_nothing_is_tried(window, feed, sheet, later: Turn) -> None:
    QTest.keyClick(sheet, "Y")
    feed.linked = False
    later(1)
    assert "not reachable" in sheet.tried.text()


def test_the_pleth_follows_its_choice_then_spo2_then_any(feed) -> None:
    def wave(source: int) -> None:
        start_us = feed.clock.now_us() - 1_000_000
        feed.timeline.add(ev.WavePiece(start_us, 1_000_000, source, Metric.PLETH, Quality.GOOD, 255, 1, bytes(75)))

    def shown() -> int | None:
        held = shown_wave(feed.moment())
        return None if held is None else held[0]

    feed.fact(ev.DeviceState(SECOND, "masimo_ascii1", "p3", "", "connected", ""))
    feed.clock.advance(10)
    assert shown() is None
    feed.measure(Metric.SPO2, 97.0)
    wave(SECOND)
    assert shown() == SECOND, "any, while the one that feeds SpO2 has none"
    wave(1)
    assert shown() == 1
    feed.fact(ev.FeedChosen(Metric.SPO2, SECOND))
    assert shown() == SECOND
    feed.fact(ev.FeedChosen(Metric.PLETH, 1))
    assert shown() == 1
    feed.fact(ev.FeedChosen(Metric.PLETH, 2))
    assert shown() is None, "the chosen one has no pleth: nothing is put in its place"


def test_a_cuff_tile_shows_the_chosen_monitor_whole(window, feed, later: Turn) -> None:
    feed.cuff(121, 77)
    other = ev.NibpMeasured(5, 150.0, 95.0, 113.0, 91.0, Quality.GOOD, "")
    feed.fact(other)
    feed.fact(ev.FeedChosen(Metric.NIBP_SYS, 2))
    later(1)
    number, _, words = window.view.nibp.read(feed.moment())
    assert number == "121/77"
    assert "SunTech" in words


def test_two_of_a_kind_are_told_apart() -> None:
    bodies = (
        ev.DeviceState(1, "nonin", "a", "", "connected", ""),
        ev.DeviceState(4, "nonin", "b", "", "connected", ""),
        ev.DeviceState(4, "nonin", "b", "", "lost", "cable pulled"),
        ev.CaptureChanged(1, True, "1-nonin.kapcapture"),
        ev.CaptureChanged(1, False, "64 MB reached"),
    )
    events = [ev.Event(seq, seq * 1000, 0, "t", body) for seq, body in enumerate(bodies, 1)]
    assert [line.text for line in event_lines(events)] == [
        "Nonin 4: cable pulled",
        "Nonin 1: capture began",
        "Nonin 1: capture ended, 64 MB reached",
    ]


def test_notes_are_high_enough_for_a_finger(window, feed, later: Turn) -> None:
    feed.send(cm.Note("tears", at_us=0))
    feed.send(cm.Mark("3", at_us=0))
    later(1)
    listed = window.view.notes
    heights = {
        line.kind: listed.list.visualRect(listed.model.index(row)).height()
        for row, line in enumerate(listed.model.lines)
    }
    assert heights["note"] >= 9 / 25.4 * window.logicalDpiY()
    assert heights["mark"] < heights["note"]
