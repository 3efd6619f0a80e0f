"""The lanes of the picture say what the log says: when it began, when it ended, and that it is not known."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.bilateral import events as bi
from kapconsole.clinical import events as cl
from kapconsole.console.curves import Axis
from kapconsole.console.painted import Ink
from kapconsole.console.theme import Look
from kapconsole.cues.light import events as li
from kapconsole.cues.music import events as mu
from kapconsole.replay.lanepaint import Placed, draw_lane
from kapconsole.replay.lanes import NO_ALARMS, Lane, Stretch, lanes, ruled, stops
from kapconsole.replay.rules import RULES, Rule
from kapconsole.session.timeline import Timeline

S = 1_000_000
OTHERS = ("alarms", "bilateral", "clinical", "clinical.instruments", "cues.light", "cues.music")


def every_body() -> dict[str, type[Any]]:
    """Every kind of event body that some part of a session writes, by its tag."""
    found: dict[str, type[Any]] = {}
    for name in ("", *OTHERS):
        module = importlib.import_module(".".join(part for part in ("kapconsole", name, "events") if part))
        for kind in vars(module).values():
            tag = getattr(getattr(kind, "__struct_config__", None), "tag", None)
            if isinstance(kind, type) and isinstance(tag, str):
                found[tag] = kind
    return found


BODIES = every_body()
USED = sorted({tag for rule in RULES for table in (rule.begins, rule.ends, rule.marks) for tag in table})


def timeline(*bodies: tuple[float, Any]) -> Timeline:
    made = Timeline()
    for seq, (at_s, body) in enumerate(bodies, 1):
        made.add(ev.Event(seq, round(at_s * S), 0, "x", body))
    return made


def named(made: Timeline) -> dict[str, Lane]:
    return {lane.name: lane for lane in lanes(made)}


@pytest.mark.parametrize("tag", USED)
def test_every_event_of_the_table_exists_and_can_be_worded(tag: str) -> None:
    """Whatever its fields say: a lane that fails would take the picture with it."""
    assert tag in BODIES, "no part of a session writes this"

    @settings(max_examples=25, deadline=None)
    @given(st.builds(BODIES[tag]))
    def words(body: Any) -> None:
        for rule in RULES:
            for table in (rule.begins, rule.ends, rule.marks):
                said = table.get(tag)
                if said is not None:
                    assert isinstance(said(body), str)
            for tests in (rule.over, rule.unless):
                if tag in tests:
                    assert tests[tag](body) in (True, False)

    words()


def test_phases_last_until_the_next_and_the_last_to_the_end() -> None:
    made = timeline(
        (5, ev.PhaseEntered(4 * S, "prepare")), (60, ev.PhaseEntered(58 * S, "dose")), (90, ev.MarkSet(90 * S, "1"))
    )
    spans = named(made)["Phases"].spans
    assert [(span.words, span.start_us / S, span.end_us / S, span.open) for span in spans] == [
        ("Prepare", 4, 58, False),
        ("Dose", 58, 90, True),
    ]


def test_a_log_without_alarms_says_so_and_one_that_was_quiet_says_that() -> None:
    assert named(timeline((1, ev.MarkSet(1, "1"))))["Alarms"].remark == NO_ALARMS
    loaded = al.PresetLoaded("standard", 1, "", "", {}, {}, 0)
    assert named(timeline((1, loaded)))["Alarms"].remark == "no alarm"


def test_alarm_bands_by_their_highest_priority_from_signal_to_end() -> None:
    low, high = al.Priority.MEDIUM, al.Priority.HIGH
    active = al.OccurrenceState.ACTIVE
    made = timeline(
        (20, al.AlarmBegan(1, "P02", "", low, active, "SpO2 90 < 92", 90, 92, 5 * S, 20 * S)),
        (40, al.AlarmChanged(1, "P02", "", "escalated", high, active, "SpO2 90 < 92", 90, 92, 40 * S)),
        (50, al.AlarmBegan(2, "T02", "1", low, active, "Nonin lost", None, None, 50 * S, 50 * S)),
        (70, al.AlarmEnded(1, "P02", "", "ended", high, 88, 92, 65, 70 * S)),
        (80, ev.MarkSet(80 * S, "1")),
    )
    first, second = named(made)["Alarms"].spans
    assert (first.start_us, first.end_us, first.kind, first.row) == (20 * S, 70 * S, "high", 0)
    assert first.words.startswith("***"), "a symbol and words carry what the colour carries"
    assert second.words.startswith("!!")
    assert second.open
    assert stops(lanes(made))["Alarms"] == [20 * S, 50 * S]


def test_a_set_lasts_while_it_was_delivered_and_says_how_much() -> None:
    delivered = {
        "set_id": 1, "client": "", "phase": "integrate", "preset": "p", "version": 1, "start_us": 10 * S,
        "stop_us": 40 * S, "start_utc_us": 0, "stop_utc_us": 0, "reason": bi.StopReason.CLIENT_SIGNAL, "text": "",
        "cycles_asked": 24.0, "cycles_delivered": 12.0, "passes_delivered": 24, "rate_trace": (), "channels": (),
        "offsets": bi.Offsets(), "frames_shown": 0, "frames_dropped": 0, "frames_dropped_run": 0,
        "audio_underflows": 0, "tone_timing": bi.ToneTiming(), "bar_frames_sent": 0, "bar_frames_skipped": 0,
        "at_us": 40 * S,
    }  # fmt: skip
    made = timeline(
        (10, bi.SetBegan(1, (), "", 10 * S)),
        (40, bi.SetDelivered(**delivered)),
        (50, bi.SetRated(1, 6, 3, None, "", "", 50 * S)),
        (60, bi.SetBegan(2, (), "", 60 * S)),
        (66, ev.MarkSet(66 * S, "1")),
    )
    lane = named(made)["Sets"]
    assert [(span.start_us // S, span.end_us // S, span.words, span.open) for span in lane.spans] == [
        (10, 40, "set 1: 24 passes, client signal", False),
        (60, 66, "set 2", True),
    ]
    assert lane.marks[0].words == "SUD before 6, SUD after 3"


def test_an_infusion_stops_where_it_was_paused() -> None:
    def changed(at_s: int, what: str, rate: float) -> cl.InfusionChanged:
        return cl.InfusionChanged(at_s * S, 0, what, rate, 35.0, 0.0, False, "")

    made = timeline(
        (10, changed(10, "started", 0.9)),
        (20, changed(20, "paused", 0.0)),
        (30, changed(30, "resumed", 0.7)),
        (50, changed(50, "stopped", 0.0)),
        (60, ev.MarkSet(60 * S, "1")),
    )
    spans = named(made)["Doses"].spans
    assert [(span.start_us // S, span.end_us // S, span.words) for span in spans] == [
        (10, 20, "infusion 0.9 mg/min"),
        (30, 50, "infusion 0.7 mg/min"),
    ]


def test_music_and_light_are_shown_as_they_were_delivered() -> None:
    made = timeline(
        (5, mu.SegmentEntered("open", "play", None, 5 * S)),
        (20, li.LightDelivered({"room": 40.0}, {}, False, 20 * S)),
        (30, li.LightDelivered({"room": 12.0}, {}, True, 30 * S)),
        (50, mu.SegmentEntered("build", "time", None, 50 * S)),
        (90, mu.MusicEnded("the arc is over", 90 * S)),
    )
    found = named(made)
    assert [(span.words, span.end_us // S) for span in found["Music"].spans] == [("open", 50), ("build", 90)]
    assert [span.words for span in found["Light"].spans] == ["room 12 %"], "not what a fade passed through"


def test_two_at_a_time_get_rows_of_their_own() -> None:
    made = timeline(
        (10, al.AudioPaused(10 * S, 130 * S)),
        (20, al.AlarmPaused("nibp", "cuff moved", 20 * S, 80 * S)),
        (40, al.AudioPauseEnded(40 * S, "by a person")),
        (80, al.AlarmPauseEnded("nibp", 80 * S, "time over")),
    )
    lane = named(made)["Pauses"]
    assert [(span.start_us // S, span.end_us // S, span.row) for span in lane.spans] == [(10, 40, 0), (20, 80, 1)]
    assert lane.rows == 2


def test_losses_and_gaps_are_gaps() -> None:
    made = timeline(
        (1, ev.DeviceState(1, "nonin", "p", "", "connected", "")),
        (20, ev.DeviceState(1, "nonin", "p", "", "lost", "cable")),
        (30, ev.DeviceState(1, "nonin", "p", "", "back", "")),
        (60, ev.SessionResumed(12.0, "", "b", 0, 1.0)),
        (70, ev.DeviceState(1, "nonin", "p", "", "lost", "cable")),
        (75, ev.MarkSet(75 * S, "1")),
    )
    found = named(made)
    assert [(span.start_us // S, span.end_us // S, span.open) for span in found["Devices"].spans] == [
        (20, 30, False),
        (70, 75, True),
    ]
    (gap,) = found["Gaps"].spans
    assert (gap.start_us // S, gap.end_us // S, gap.words) == (48, 60, "recorder was gone for 12 s")


def test_a_new_part_of_a_session_needs_one_rule() -> None:
    rule = Rule("Marks", marks={"mark-set": lambda body: f"m{body.label}"})
    made = timeline((1, ev.MarkSet(1 * S, "7")))
    assert [dot.words for dot in ruled(rule, made.events, made.end_us).marks] == ["m7"]


def test_alarms_that_end_together_do_not_write_over_each_other(qapp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(Ink, "text", lambda self, x, baseline, words, *rest, **more: written.append(words) or 0.0)
    band = [
        Stretch(10 * S, 60 * S, "* NIBP 157/92 > 153", "low", 2),
        Stretch(40 * S, 60 * S, "! NIBP overdue", "low", 2),
    ]
    later = Stretch(400 * S, 410 * S, "* SpO2 88 < 92", "medium", 1)
    picture = QImage(1000, 40, QImage.Format.Format_RGB32)
    painter = QPainter(picture)
    placed = Placed(Lane("Alarms", (*band, later), rows=3), QRectF(0, 0, 1000, 39))
    draw_lane(Ink(painter, Look()), placed, Axis(0, 600 * S, 0, 5, False))
    painter.end()
    assert written == ["* NIBP 157/92 > 153", "* SpO2 88 < 92"]


def test_a_withdrawn_consent_and_a_safety_prompt_are_seen() -> None:
    made = timeline(
        (10, cl.ConsentWithdrawn(10 * S, *[""] * (len(cl.ConsentWithdrawn.__struct_fields__) - 1))),
        (20, BODIES["safety-raised"](20 * S, "phq-9", "Item 9 was answered")),
        (30, BODIES["safety-answered"](30 * S, "asked; prescriber informed", "nurse")),
    )
    words = [dot.words for dot in named(made)["Checks"].marks]
    assert words == [
        "CONSENT WITHDRAWN",
        "safety prompt: Item 9 was answered",
        "safety prompt answered: asked; prescriber informed",
    ]
