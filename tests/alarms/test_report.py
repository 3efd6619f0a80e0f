"""Replay, what-if and the fatigue report: the numbers a clinic would act on."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.history import bodies_of, history, items_of, length_us, replayed
from kapconsole.alarms.presets import load_preset
from kapconsole.alarms.report import AlarmReport, alarms_report, report_json, report_svg, report_text
from kapconsole.rows import NUMERICS, Row, event_row, pack_numerics, pack_wave
from kapdevices.readings import Metric, Quality

S = 1_000_000


@pytest.fixture
def session(room: Any) -> Any:
    """Half an hour: one dip suppressed, two low alarms (one noticed soon), one desaturation, one pressure."""
    room.wait(10, spo2=90)
    room.well(300)
    room.wait(20, spo2=90)
    room.wish(ws.Acknowledge())
    room.well(300)
    room.wait(55, spo2=89)
    room.wish(ws.Acknowledge())
    room.well(300)
    room.wait(4, spo2=82)
    room.well(10)
    room.wish(ws.Acknowledge())
    room.cuff(165, 90)
    room.well(200)
    return room


def test_the_report_counts_what_the_room_had(session: Any) -> None:
    report = alarms_report(session.log, load_preset())
    assert report.logged
    assert [lasted.condition for lasted in report.alarms.occurrences] == ["P02", "P02", "P01", "P04"]
    soon, later, latched, pressure = report.alarms.occurrences
    assert soon.acknowledged_after_s == pytest.approx(4, abs=0.1)
    assert later.acknowledged_after_s == pytest.approx(39, abs=0.1)
    assert (latched.how, latched.worst) == ("cleared", 82)
    assert (pressure.how, pressure.ended_s) == ("open", None)
    fatigue = report.fatigue
    assert fatigue.hours == pytest.approx(session.now_us / 3.6e9, abs=1e-4)
    assert fatigue.per_hour == pytest.approx(4 / fatigue.hours)
    assert fatigue.soon_share == 0.5
    low = fatigue.burdens[0]
    assert (low.condition, low.count, low.soon_share, low.suppressed) == ("P02", 2, 0.5, 1)
    assert low.suppressed_share == pytest.approx(1 / 3)


def test_what_if_tells_what_other_limits_would_have_done(session: Any) -> None:
    standard = load_preset()
    spared = replace(
        standard, name="wider", settings=replace(standard.settings, spo2=replace(standard.settings.spo2, low=90))
    )
    report = alarms_report(session.log, standard, spared)
    assert {diff.condition: (diff.was, diff.would) for diff in report.differences} == {
        "P01": (1, 1),
        "P02": (2, 1),
        "P04": (1, 1),
    }
    assert report.what_if is not None
    assert report.what_if.preset == "wider"
    same = alarms_report(session.log, standard, standard)
    assert same.what_if == same.alarms


def test_a_log_from_before_alarms_is_computed(session: Any) -> None:
    bare = [item for item in session.log if not (isinstance(item, ev.Event) and isinstance(item.body, al.AlarmBody))]
    report = alarms_report(bare, load_preset())
    assert not report.logged
    assert [lasted.condition for lasted in report.alarms.occurrences] == ["P02", "P02", "P01", "P04"]
    assert "computed, not logged" in report_text(report)


def test_the_session_s_own_settings_are_found_in_its_log(new_room: Callable[..., Any]) -> None:
    room = new_room(load_preset("first-sessions"))
    room.well(15)
    room.wait(20, spo2=92)
    report = alarms_report(room.log, load_preset())
    assert report.alarms.preset == "first-sessions"
    assert len(report.alarms.occurrences) == 1
    assert alarms_report(room.log, load_preset(), load_preset()).what_if.occurrences == ()  # type: ignore[union-attr]


def test_the_report_as_text_json_and_plot(session: Any) -> None:
    report = alarms_report(session.log, load_preset(), load_preset("desaturation-area"))
    text = report_text(report)
    assert "P01 SpO2 82 < 85" in text
    assert "Would have alarmed, preset desaturation-area" in text
    assert max(map(len, text.splitlines())) <= 120
    assert msgspec.json.decode(report_json(report), type=AlarmReport) == report
    root = ET.fromstring(report_svg(report))
    bars = [node for node in root.iter() if node.tag.endswith("rect") and node.get("class")]
    assert report.what_if is not None
    assert len(bars) == len(report.alarms.occurrences) + len(report.what_if.occurrences)
    words = [node.text or "" for node in root.iter() if node.tag.endswith("text")]
    assert "P02 SpO2 low (2)" in words
    assert not {"red", "yellow", "cyan"} & set(report_svg(report).replace('"', " ").replace(":", " ").split())


def test_an_empty_session_has_an_empty_report() -> None:
    report = alarms_report([], load_preset(), load_preset())
    assert report.fatigue.count == 0
    assert report.fatigue.soon_share is None
    assert "no alarms" in report_text(report)
    ET.fromstring(report_svg(report))


def test_rows_give_the_items_in_order_of_time(session: Any) -> None:
    bare = [item for item in session.log if not (isinstance(item, ev.Event) and isinstance(item.body, al.AlarmBody))]
    rows: list[Row] = []
    held: list[ev.Measurement] = []
    for item in bare:
        if isinstance(item, ev.Measurement):
            held.append(item)
        else:
            rows.append(event_row(item))
        if len(held) == 40:
            base_us, body = pack_numerics(held)
            rows.append(Row(len(rows) + 1, base_us, 0, NUMERICS, "monitor", body))
            held = []
    base_us, body = pack_numerics(held)
    rows.append(Row(len(rows) + 1, base_us, 0, NUMERICS, "monitor", body))
    piece = ev.WavePiece(5 * S, S, 1, Metric.PLETH, Quality.GOOD, 255, 1, bytes(range(75)))
    rows.append(Row(len(rows) + 1, 5 * S, 0, "wave", "monitor", pack_wave([piece])))
    items = items_of(rows)
    assert [item for item in items if not isinstance(item, ev.WavePiece)] == bare
    position = items.index(piece)
    assert items[position - 1].mono_us <= 6 * S <= items[position + 1].mono_us  # type: ignore[union-attr]
    assert length_us(items) == length_us(bare)


def test_at_30_three_hours_with_five_hundred_alarms_replay_to_the_same_in_seconds(new_room: Callable[..., Any]) -> None:
    room = new_room(tick_us=S)
    room.dose()
    room.well(15)
    for i in range(170):
        room.wait(3, spo2=83)
        room.wait(17, spo2=90)
        if i % 3 == 0:
            room.wish(ws.Acknowledge())
        if i % 7 == 0:
            room.cuff(150 + i % 60, 90)
        room.wait(13, off=True)
        if i % 5 == 0 and room.status.audio_paused_s is None:
            room.wish(ws.PauseAudio(60))
        room.well(25)
        room.wish(ws.Acknowledge()) if room.status.alarms and room.status.alarms[0].state != "acknowledged" else None
        room.well(5)
    room.well(200)
    assert room.now_us >= 3 * 3600 * S
    began = sum(isinstance(body, al.AlarmBegan) for body in room.bodies)
    assert began >= 500
    started_s = time.perf_counter()
    first = replayed(room.log, room.preset)
    took_s = time.perf_counter() - started_s
    assert first == bodies_of(room.log)
    assert took_s < 20
    assert len(history(first, "standard", room.now_us).occurrences) == began


def test_the_status_at_any_moment_of_a_recording_comes_from_its_log(session: Any) -> None:
    pressed = next(
        i for i, item in enumerate(session.log) if isinstance(getattr(item, "body", None), al.AlarmAcknowledged)
    )
    for upto, state in ((pressed, "active"), (pressed + 1, "acknowledged")):
        events = [item for item in session.log[:upto] if isinstance(item, ev.Event)]
        (alarm,) = AlarmEngine.resume(load_preset(), events).status(events[-1].mono_us).alarms
        assert (alarm.condition, alarm.state, alarm.text) == ("P02", state, "SpO2 90 < 92")
