"""The event list in plain words."""

from __future__ import annotations

from kapconsole import events as ev
from kapconsole.console.lines import LineBook, event_lines, happened, line_time
from kapdevices.readings import Metric, Quality


def story(*bodies: ev.Body) -> list[ev.Event]:
    """One event a second, numbered from 1."""
    return [ev.Event(seq, seq * 1_000_000, 0, "t", body) for seq, body in enumerate(bodies, 1)]


def texts(*bodies: ev.Body) -> list[str]:
    return [line.text for line in event_lines(story(*bodies))]


def test_words_take_their_stamps_place_and_corrections_are_counted() -> None:
    events = story(
        ev.NoteTaken(900_000, ""),
        ev.MarkSet(1_500_000, "3"),
        ev.NoteTaken(900_000, "left hand", about=1),
        ev.NoteTaken(900_000, "right hand", about=1),
    )
    lines = event_lines(events)
    assert [(line.at_us, line.text, line.corrections) for line in lines] == [
        (900_000, "right hand", 1),
        (1_500_000, "mark 3", 0),
    ]
    assert event_lines(events[:3])[0].corrections == 0, "first words are no correction"


def test_cuff_readings_good_and_failed() -> None:
    assert texts(
        ev.NibpMeasured(2, 138.0, 86.0, 103.0, 84.0, Quality.GOOD, ""),
        ev.NibpMeasured(2, 138.0, 86.0, None, None, Quality.GOOD, ""),
        ev.NibpMeasured(2, None, None, None, None, Quality.MEASUREMENT_FAILED, "air leak"),
        ev.NibpMeasured(2, 138.0, 86.0, 103.0, 84.0, Quality.STOPPED, ""),
    ) == ["cuff 138/86, pulse 84", "cuff 138/86", "cuff failed: air leak", "cuff failed: stopped by a person"]


def test_devices_doses_phases_and_gaps_in_plain_words() -> None:
    assert texts(
        ev.DeviceState(1, "nonin", "p", "", "opening", "opening p"),
        ev.DeviceState(1, "nonin", "p", "", "lost", "cable pulled"),
        ev.DeviceState(1, "nonin", "p", "", "back", ""),
        ev.DoseGiven(4_000_000, "ketamine", "im", 62.5),
        ev.PhaseEntered(5_000_000, "pre-dose"),
        ev.SessionResumed(75.0, "", "b", 0, 1.0),
        ev.PacketsCounted(1, 3, 0, 0),
        ev.StorageState("ok", "fine"),
        ev.StorageState("full", "no space"),
        ev.SpotChecked(1, None, ()),
        ev.SessionClosed("done"),
    ) == [
        "Nonin: cable pulled",
        "Nonin back",
        "ketamine 62.5 mg IM",
        "Pre-dose",
        "recorder was gone for 1 min 15 s",
        "log full: no space",
        "Nonin: spot check, not a present value",
        "session closed: done",
    ]


def test_time_counts_from_the_dose_and_the_future_has_not_happened() -> None:
    events = story(ev.MarkSet(1_000_000, "1"), ev.MarkSet(2_000_000, "2"), ev.MarkSet(3_000_000, "3"))
    assert happened(events, 2_000_000) == 2
    assert [line_time(line, 2_000_000) for line in event_lines(events)] == ["−0:01", "0:00", "0:01"]


def test_a_book_of_lines_says_the_same_at_every_moment_in_any_order() -> None:
    events = story(
        ev.NoteTaken(900_000, ""),
        ev.DeviceState(1, "nonin", "p", "", "lost", "cable pulled"),
        ev.NoteTaken(900_000, "left hand", about=1),
        ev.MarkSet(1_500_000, "3"),
        ev.NoteTaken(900_000, "right hand", about=1),
        ev.FeedChosen(Metric.SPO2, 1),
    )
    book = LineBook(events)
    for count in (6, 1, 3, 0, 5, 2, 4, 6):
        assert book.after(count) == event_lines(events[:count])
    events.append(ev.Event(7, 7_000_000, 0, "t", ev.FeedChosen(Metric.NIBP_SYS, 2)))
    assert [line.text for line in book.after(7)[-2:]] == ["SpO2 now from Nonin", "NIBP now from device 2"]
