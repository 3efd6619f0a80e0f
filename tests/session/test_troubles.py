"""What is wrong is said in words, the gravest first; what works is not said."""

from __future__ import annotations

import pytest

from kapconsole import events as ev
from kapconsole.clock import local_time
from kapconsole.session.state import State, fold
from kapconsole.session.troubles import troubles
from kapconsole.session.words import age_text, clock_text, device_label, stamp_text

ORIGIN_US = 1_772_716_200_000_000
MINUTE_US = 60_000_000


def after(*bodies: tuple[int, ev.Body]) -> State:
    started = ev.SessionStarted("id", "", "0", "b", 0, ORIGIN_US, 1.0, "UTC")
    state = fold(State(), ev.Event(1, 0, ORIGIN_US, "t", started))
    state = fold(state, ev.Event(2, 0, ORIGIN_US, "t", ev.ProcessState("annunciator", "running", "")))
    for seq, (at_us, body) in enumerate(bodies, 3):
        state = fold(state, ev.Event(seq, at_us, ORIGIN_US + at_us, "t", body))
    return state


def words(state: State, now_us: int = 10 * MINUTE_US, **how: bool) -> list[str]:
    return [trouble.text for trouble in troubles(state, now_us, ORIGIN_US, **how)]


def link(state: str, text: str) -> ev.DeviceState:
    return ev.DeviceState(1, "nonin", "p", "", state, text)


def test_all_is_well() -> None:
    assert words(after((1, link("connected", "connected")))) == []


def test_a_lost_device_is_named_with_why_and_since_when() -> None:
    state = after((MINUTE_US, link("lost", "cable pulled")))
    assert words(state) == [f"Nonin: cable pulled (since {local_time(ORIGIN_US + MINUTE_US)})"]
    assert words(after((MINUTE_US, link("lost", "cable pulled")), (2 * MINUTE_US, link("back", "")))) == []


def test_the_time_is_not_said_twice() -> None:
    at = local_time(ORIGIN_US + MINUTE_US)
    assert words(after((MINUTE_US, link("lost", f"cable pulled at {at}, trying again")))) == [
        f"Nonin: cable pulled at {at}, trying again"
    ]


def test_a_device_may_take_five_seconds_to_open() -> None:
    state = after((MINUTE_US, link("opening", "opening p")))
    assert words(state, MINUTE_US + 4_000_000) == []
    assert len(words(state, MINUTE_US + 6_000_000)) == 1


def test_the_gravest_comes_first() -> None:
    state = after(
        (1, link("silent", "nothing heard")),
        (2, ev.ProcessState("annunciator", "gone", "no alarm speaker")),
        (3, ev.StorageState("failing", "disk full")),
    )
    found = [trouble.about for trouble in troubles(state, MINUTE_US, ORIGIN_US, linked=False)]
    assert found == ["recorder", "log", "annunciator", "device:1"]
    assert "alarm voice: no alarm speaker" in words(state)


def test_a_word_that_is_not_known_to_be_good_is_shown() -> None:
    assert words(after((1, ev.ProcessState("room", "stuttering", "")))) == ["room: stuttering"]


def test_a_voice_that_was_never_heard_of_is_missed_live_but_not_in_replay() -> None:
    state = fold(State(), ev.Event(1, 0, 0, "t", ev.SessionStarted("id", "", "0", "b", 0, ORIGIN_US, 1.0, "UTC")))
    assert words(state, 5_000_000) == []
    assert words(state) == ["alarm voice: not heard of in this session"]
    assert words(state, replay=True) == []


def test_after_the_close_nothing_is_missed() -> None:
    state = after((1, link("lost", "closed")), (2, ev.SessionClosed("done")))
    assert words(state, linked=False) == []
    assert len(words(state, replay=True)) == 1


@pytest.mark.parametrize(
    ("span_us", "clock", "stamp"),
    [
        (0, "0:00:00", "0:00"),
        (2_537_999_999, "0:42:17", "42:17"),
        (7_718_000_000, "2:08:38", "128:38"),
        (-190_000_000, "−0:03:10", "−3:10"),
    ],
)
def test_clocks(span_us: int, clock: str, stamp: str) -> None:
    assert (clock_text(span_us), stamp_text(span_us)) == (clock, stamp)


def test_ages_and_names() -> None:
    assert [age_text(s) for s in (0, 1.9, 2, 59.9, 60, 3599, 3900)] == [
        "now",
        "now",
        "2 s ago",
        "59 s ago",
        "1 min ago",
        "59 min ago",
        "1 h 05 min ago",
    ]
    assert [device_label(p) for p in ("suntech", "nonin", "acme_x1")] == ["SunTech", "Nonin", "Acme x1"]
