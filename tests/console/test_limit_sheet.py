"""Changing limits: the old ones stay in force until confirmed; guard, gaps and extremes are said in words (AT-09)."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from kapconsole.alarms import wishes as ws
from kapconsole.alarms.limits import flat
from kapconsole.alarms.presets import load_preset
from kapconsole.console.limitsheet import NAMES, LimitsSheet, judge

STANDARD = load_preset()
IN_FORCE = flat(STANDARD.settings)


@pytest.fixture
def sheet(bench) -> LimitsSheet:
    """The form on a session whose limits are the standard preset's."""
    bench.window.act("limits")
    return bench.window.view.sheet


def test_it_shows_limits_in_force_and_the_guard_range_of_the_session(sheet) -> None:
    assert sheet.edits["spo2.low"].text() == "92"
    assert sheet.guard["spo2.low"] == (88, 96)
    assert set(sheet.edits) == set(NAMES)


def test_at09_the_old_limit_alarms_while_the_form_is_open_and_unconfirmed(bench, sheet) -> None:
    sheet.edits["spo2.low"].setText("88")
    bench.run(20, spo2=90)
    assert bench.shown().text == "SpO2 90 < 92"
    assert bench.window.view.spo2.alarm(bench.feed.moment()).limits == ("≥ 92",)
    QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert bench.feed.sent == [], "what was typed and left changes nothing"


def test_confirming_changes_only_what_was_edited(bench, sheet) -> None:
    sheet.edits["spo2.low"].setText("90")
    QTest.keyClick(sheet.edits["pulse_rate.high"], Qt.Key.Key_Up)
    QTest.keyClick(sheet.edits["spo2.low"], Qt.Key.Key_Return)
    assert bench.feed.sent == [ws.ChangeLimits({"spo2.low": 90.0, "pulse_rate.high": 121.0}, "nurse")]
    assert bench.feed.refused == []
    bench.run(1)
    assert bench.window.view.pulse.alarm(bench.feed.moment()).limits == ("≤ 121", "≥ 50")
    assert bench.window.view.sheet is None


def test_limits_that_cross_are_refused_in_words_and_none_is_moved(bench, sheet) -> None:
    sheet.edits["spo2.low"].setText("84")
    sheet.keep()
    assert "SpO₂ desaturation (85) must be not above SpO₂ low (84)" in sheet.wrong.text()
    assert sheet.edits["spo2.desat"].text() == "85"
    assert bench.feed.sent == []


def test_beyond_the_guard_range_needs_prescriber_and_reason(bench, sheet) -> None:
    assert not sheet.reason.isVisibleTo(bench.window)
    sheet.edits["spo2.low"].setText("87")
    assert "beyond the site's range: SpO₂ low" in sheet.says.text()
    assert sheet.reason.isVisibleTo(bench.window)
    sheet.keep()
    assert "the prescriber decides" in sheet.wrong.text()
    sheet.prescriber.click()
    sheet.keep()
    assert "a reason is needed" in sheet.wrong.text()
    sheet.reason.setText("lives at altitude")
    sheet.keep()
    assert bench.feed.sent == [ws.ChangeLimits({"spo2.low": 87.0}, "prescriber", "lives at altitude")]
    assert bench.feed.refused == []


def test_a_limit_that_is_as_good_as_off_is_confirmed_twice(bench, sheet) -> None:
    sheet.prescriber.click()
    sheet.reason.setText("athlete")
    sheet.edits["pulse_rate.low"].setText("35")
    assert "the alarm is nearly off" in sheet.says.text()
    sheet.keep()
    assert "once more" in sheet.wrong.text()
    assert bench.feed.sent == []
    sheet.edits["pulse_rate.low"].setText("34")
    sheet.keep()
    assert bench.feed.sent == [], "another value asks again"
    sheet.keep()
    assert bench.feed.sent == [ws.ChangeLimits({"pulse_rate.low": 34.0}, "prescriber", "athlete")]


def test_confirming_nothing_says_so(bench, sheet) -> None:
    sheet.keep()
    assert sheet.wrong.text() == "these limits are in force already"
    assert bench.feed.sent == []


def test_without_an_alarm_system_there_are_no_limits_to_show(bench) -> None:
    bench.feed.engine = None
    bench.window.act("limits")
    assert bench.window.view.sheet is None
    assert "no limits to show" in bench.window.view.footer.quiet_line(bench.feed.moment())


@pytest.mark.parametrize(
    ("texts", "changes", "error"),
    [
        ({"spo2.low": "91,5"}, {"spo2.low": 91.5}, ""),
        ({"spo2.low": " 92 "}, {}, ""),
        ({"spo2.low": ""}, {}, ""),
        ({"spo2.low": "ninety"}, {}, "SpO₂ low, %: 'ninety' is no number"),
        ({"spo2.low": "nan"}, None, "is not possible"),
        ({"pulse_rate.low": "118"}, None, "at least 5 below"),
    ],
)
def test_what_stands_in_the_fields_is_judged(texts, changes, error) -> None:
    found = judge(texts, IN_FORCE, STANDARD.guard)
    if changes is not None:
        assert found.changes == changes
    assert (error in found.error) if error else not found.error
