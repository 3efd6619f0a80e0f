"""The report of the alarm burden as a view, and alarms in the list of events and on the trend."""

from __future__ import annotations

import numpy as np
import pytest

from kapconsole.alarms import wishes as ws
from kapconsole.alarms.events import Priority
from kapconsole.alarms.presets import load_preset
from kapconsole.alarms.report import AlarmReport, alarms_report
from kapconsole.console.fatigue import FatigueView, burden_row, headline
from kapconsole.console.palette import NIGHT
from kapconsole.console.trend import alarm_spans
from tests.console.test_alarm_strip import pixels, share


@pytest.fixture
def report(bench) -> AlarmReport:
    """Two alarms, one of them acknowledged soon; a short dip that a delay suppressed."""
    bench.run(8, spo2=90)
    bench.run(20, spo2=97)
    bench.run(30, spo2=89)
    bench.feed.send(ws.Acknowledge())
    bench.run(20, spo2=97)
    bench.run(5, spo2=80)
    bench.run(60, spo2=97)
    return alarms_report(bench.feed.timeline.events, load_preset())


def test_the_burden_is_told_as_the_text_report_tells_it(bench, report) -> None:
    view = FatigueView(report, bench.window.view.look)
    assert headline(report).startswith("2 alarms in ")
    assert "acknowledged within 30 s: 50 %" in headline(report)
    low = next(burden for burden in report.fatigue.burdens if burden.condition == "P02")
    assert burden_row(low)[0] == "1"
    assert burden_row(low)[3] == "50 %", "one of two was suppressed by the delay"
    assert "SpO2" in view.accessibleDescription()
    view.deleteLater()


def test_each_alarm_is_a_bar_in_its_colour_and_a_higher_priority_is_higher(bench, report) -> None:
    view = FatigueView(report, bench.window.view.look)
    view.resize(900, view.sizeHint().height())
    picture = pixels(view).astype(int)

    def height(code: str) -> int:
        wanted = [int(code[at : at + 2], 16) for at in (1, 3, 5)]
        rows = (np.abs(picture - wanted).max(axis=2) < 12).sum(axis=1) >= 2
        return int(rows.sum())

    assert height(NIGHT.high) > height(NIGHT.medium) > 0
    view.deleteLater()


def test_other_limits_have_a_table_and_a_plot_of_their_own(bench, report) -> None:
    what_if = alarms_report(bench.feed.timeline.events, load_preset(), load_preset("first-sessions"))
    alone, both = FatigueView(report), FatigueView(what_if)
    assert both.units() > alone.units()
    assert "Would have alarmed" in both.accessibleDescription()
    both.resize(900, both.sizeHint().height())
    assert share(pixels(both), NIGHT.text) > 0
    for view in (alone, both):
        view.deleteLater()


def test_a_session_without_alarms_says_so(bench) -> None:
    view = FatigueView(alarms_report(bench.feed.timeline.events, load_preset()))
    assert headline(view.report).startswith("0 alarms")
    assert share(pixels(view), NIGHT.high) == 0
    view.deleteLater()


def test_alarms_and_what_was_done_stand_in_the_list_in_their_colour(bench, report) -> None:
    bench.feed.send(ws.PauseAudio())
    bench.feed.send(ws.PauseAlarm("nibp", "cuff repositioned"))
    bench.feed.send(ws.ChangeLimits({"spo2.low": 90}, "nurse"))
    bench.run(1)
    lines = bench.window.view.notes.model.lines
    began = {line.text: line.priority for line in lines if line.priority is not None}
    assert began == {"** SpO2 89 < 92": Priority.MEDIUM, "*** SpO2 80 < 85": Priority.HIGH}
    texts = [line.text for line in lines]
    for expected in (
        "ACKNOWLEDGED: SpO2 89 < 92",
        "AUDIO PAUSED for 2 min 00 s",
        "ALARM PAUSED NIBP for 3 min 00 s: cuff repositioned",
        "limits changed by the nurse: spo2.low 92 to 90",
        "alarm limits: preset standard, version 1",
    ):
        assert expected in texts
    assert any(text.startswith("ended: SpO2 89 < 92") and "worst 89" in text for text in texts)


def test_alarms_lie_on_the_trend_from_begin_to_end_the_gravest_on_top(bench, report) -> None:
    spans = alarm_spans(bench.feed.moment())
    assert [span.priority for span in spans] == [Priority.MEDIUM, Priority.HIGH]
    assert 15 <= (spans[0].end_us - spans[0].start_us) / 1e6 <= 25
    assert spans[1].end_us == bench.feed.clock.now_us(), "held: it goes on"
    bench.window.view.trend.show_moment(bench.feed.moment())
    assert share(pixels(bench.window.view.trend), NIGHT.high) > 0


def test_replayed_moments_show_no_alarm_of_their_future(bench, report) -> None:
    earlier = bench.feed.moment()._replace(now_us=20_000_000)
    assert alarm_spans(earlier) == []
    assert bench.window.view.facts.at(earlier).symptoms == ()
