"""What keys and phases do to the light, and what is refused, with the view that the log gives."""

from __future__ import annotations

import pytest

from kapconsole.cues.light import events as le
from kapconsole.cues.light import wishes as lw
from kapconsole.cues.light.desk import Desk
from kapconsole.cues.light.setup import DEMO, Setup
from kapconsole.cues.light.sheet import load_sheet, parse_sheet
from kapconsole.cues.light.view import EMPTY, LightView, after
from kapconsole.refusals import Refused

SHEET = parse_sheet(
    """
name = "test"
[[light]]
id = "open"
zones = { all = 60 }
[[light]]
id = "down"
zones = { all = 20 }
fade_down_s = 60
follow_s = 70
trigger = "phase onset"
[[light]]
id = "night"
zones = { all = 0 }
fade_down_s = 30
hang_s = -10
dark_ok = true
[[light]]
id = "stay"
zones = { all = 10 }
hold = true
trigger = "music peak"
[[light]]
id = "up"
zones = { all = 50 }
fade_up_s = 120
trigger = "phase emerge"
"""
)
S = 1_000_000


class Room:
    """A desk with its log: asks, folds what follows, and tells what was ordered."""

    def __init__(self, setup: Setup = DEMO) -> None:
        self.desk = Desk(SHEET, setup)
        self.view: LightView = EMPTY
        self.now_us = 0
        self.phase: str | None = "prepare"

    def ask(self, wish: lw.LightWish, after_s: float = 0.0) -> list[le.LightBody]:
        self.now_us += round(after_s * S)
        return self._take(self.desk.wish(self.view, self.phase, wish, self.now_us))

    def trigger(self, words: str) -> list[le.LightBody]:
        return self._take(self.desk.triggered(self.view, words, self.now_us))

    def wait(self, seconds: float) -> list[le.LightBody]:
        self.now_us += round(seconds * S)
        return self._take(self.desk.due(self.view, self.now_us))

    def delivered(self, settled: bool) -> None:
        self.view = after(self.view, le.LightDelivered({"room": 1.0}, {}, settled, self.now_us))

    def _take(self, bodies: list[le.LightBody]) -> list[le.LightBody]:
        for body in bodies:
            self.view = after(self.view, body)
        return bodies


def the_cue(bodies: list[le.LightBody]) -> le.LightAsked:
    (body,) = bodies
    assert isinstance(body, le.LightAsked)
    return body


def test_go_walks_the_list_and_refuses_at_its_end() -> None:
    room = Room()
    assert [the_cue(room.ask(lw.LightGo())).cue for _ in range(5)] == ["open", "down", "night", "stay", "up"]
    with pytest.raises(Refused, match="last light cue"):
        room.ask(lw.LightGo())


def test_a_cue_carries_its_levels_and_times() -> None:
    room = Room()
    room.ask(lw.LightGo())
    asked = the_cue(room.ask(lw.LightGo()))
    assert asked.targets == (le.LightTarget("room", 20.0),)
    assert (asked.up_s, asked.down_s, asked.dark_ok) == (10.0, 60.0, False)


def test_back_first_freezes_then_goes_back_in_five_seconds() -> None:
    room = Room()
    room.ask(lw.LightGo())
    room.ask(lw.LightGo(), after_s=30)
    assert room.ask(lw.LightBack(), after_s=5) == [le.LightHeld(True, 35 * S)]
    assert room.view.held
    back = the_cue(room.ask(lw.LightBack()))
    assert (back.cue, back.down_s, back.why) == ("open", 5.0, "back")
    assert not room.view.held


def test_go_after_a_hold_goes_on_with_the_same_cue() -> None:
    room = Room()
    room.ask(lw.LightGo())
    room.ask(lw.LightGo())
    room.ask(lw.LightHold(), after_s=10)
    with pytest.raises(Refused, match="held already"):
        room.ask(lw.LightHold())
    assert room.ask(lw.LightGo(), after_s=100) == [le.LightHeld(False, 110 * S)]
    assert room.view.cue == "down"


def test_back_in_a_settled_light_does_not_freeze() -> None:
    room = Room()
    room.ask(lw.LightGo())
    room.ask(lw.LightGo())
    room.now_us += 2 * S
    room.delivered(settled=True)
    assert the_cue(room.ask(lw.LightBack())).cue == "open"
    room.delivered(settled=True)
    room.now_us += 20 * S
    room.delivered(settled=True)
    with pytest.raises(Refused, match="first light cue"):
        room.ask(lw.LightBack())


def test_a_follow_counts_from_the_cues_beginning_and_a_hang_from_its_end() -> None:
    room = Room()
    room.ask(lw.LightCue("down"))
    assert room.wait(69.9) == []
    assert the_cue(room.wait(0.1)).cue == "night"
    assert room.wait(19.9) == []  # 30 s down, hang -10
    assert the_cue(room.wait(0.1)).cue == "stay"
    assert room.wait(10_000) == []


def test_a_follow_waits_in_a_hold_and_comes_sooner_when_faster() -> None:
    room = Room()
    room.ask(lw.LightCue("down"))
    room.ask(lw.LightHold(), after_s=10)
    assert room.wait(500) == []
    room.ask(lw.LightGo())
    room.ask(lw.LightRate(2.0), after_s=10)  # 20 s of 70 are over
    assert room.view.rate == 2.0
    assert room.wait(24.9) == []
    assert the_cue(room.wait(0.1)).cue == "night"
    assert room.view.rate == 1.0, "the rate is that of one cue"


def test_the_rate_has_ends() -> None:
    room = Room()
    for _ in range(3):
        room.ask(lw.LightRate(2.0))
    with pytest.raises(Refused, match="as fast as it goes"):
        room.ask(lw.LightRate(2.0))
    with pytest.raises(Refused, match="more than 0"):
        room.ask(lw.LightRate(0.0))


def test_house_light_is_never_refused_and_nothing_moves_it_by_itself() -> None:
    room = Room()
    room.phase = "inward"
    room.ask(lw.LightCue("down"))
    house = the_cue(room.ask(lw.HouseLight()))
    assert (house.targets, house.up_s, house.cue) == ((le.LightTarget("room", 70.0),), 2.0, "")
    assert room.view.off_the_list == "house"
    assert room.wait(1000) == []
    assert room.trigger("phase emerge") == []
    assert the_cue(room.ask(lw.LightBack())).cue == "down", "back gives the cue back that house light took"
    assert room.trigger("phase emerge") != []


def test_exam_light_needs_a_second_press_in_the_inward_phase() -> None:
    room = Room()
    room.ask(lw.LightCue("down"))
    room.phase = "inward"
    assert room.ask(lw.ExamLight()) == [le.ExamLightArmed(0)]
    assert room.ask(lw.ExamLight(), after_s=5.1) == [le.ExamLightArmed(5_100_000)], "the first press was too long ago"
    exam = the_cue(room.ask(lw.ExamLight(), after_s=1))
    assert (exam.why, exam.targets[0].level) == ("exam", 85.0)
    off = the_cue(room.ask(lw.ExamLight(on=False)))
    assert (off.cue, off.down_s, off.targets[0].level) == ("down", 10.0, 20.0)
    with pytest.raises(Refused, match="not on"):
        room.ask(lw.ExamLight(on=False))


def test_exam_light_comes_at_once_in_other_phases_and_gives_a_hand_set_level_back() -> None:
    room = Room()
    room.ask(lw.SetLight("room", 33))
    assert the_cue(room.ask(lw.ExamLight())).why == "exam"
    assert the_cue(room.ask(lw.ExamLight(on=False))).targets == (le.LightTarget("room", 33.0),)


def test_phases_and_music_bring_their_cues_unless_a_person_is_to_leave_the_present_one() -> None:
    room = Room()
    assert the_cue(room.trigger("phase onset")).cue == "down"
    assert room.trigger("phase inward") == []
    assert the_cue(room.trigger("music peak")).cue == "stay"
    assert room.trigger("phase emerge") == [], "the cue is to be held"
    room.ask(lw.LightGo())
    room.ask(lw.LightHold())
    assert room.trigger("phase onset") == [], "a person holds the light"


def test_darkness_only_when_the_cue_allows_it_and_a_person_confirms() -> None:
    room = Room()
    room.ask(lw.LightCue("down"))
    with pytest.raises(Refused, match="does not allow darkness"):
        room.ask(lw.ConfirmDark())
    assert not the_cue(room.ask(lw.LightGo())).dark_ok
    dark = the_cue(room.ask(lw.ConfirmDark()))
    assert dark.dark_ok
    assert dark.cue == "night"
    room.now_us += 5 * S
    assert the_cue(room.wait(15.0)).cue == "stay", "to confirm darkness does not start the cue's time again"


def test_a_limit_caps_bright_cues_and_leaves_house_light() -> None:
    room = Room()
    room.ask(lw.LightGo())
    limited, asked = room.ask(lw.LimitLight(40))
    assert limited == le.LightLimited(40, 0)
    assert isinstance(asked, le.LightAsked)
    assert asked.targets[0].level == 40
    assert the_cue(room.ask(lw.LightCue("up"))).targets[0].level == 40
    assert the_cue(room.ask(lw.LightCue("down"))).targets[0].level == 20
    assert the_cue(room.ask(lw.HouseLight())).targets[0].level == 70
    with pytest.raises(Refused, match="20 to 100"):
        room.ask(lw.LimitLight(5))


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (lw.LightCue("nothing"), "no light cue nothing; there are: open, down"),
        (lw.SetLight("cellar", 10), "no zone cellar; there are: all, room"),
        (lw.SetLight("room", 101), "not in 0 to 100"),
        (lw.SetLight("room", 10, -1), "0 to 3600 s"),
        (lw.LightBack(), "no light cue has been entered"),
    ],
)
def test_refusals_say_what_would_be_possible(wish: lw.LightWish, words: str) -> None:
    with pytest.raises(Refused, match=words):
        Room().ask(wish)


def test_troubles_are_held_until_the_lamp_is_back() -> None:
    view = after(EMPTY, le.LampTrouble("strip", ("room",), "the lamp does not answer", 5 * S))
    view = after(view, le.LampTrouble("strip", ("room",), "it refuses the key", 9 * S))
    assert view.troubles["strip"].since_us == 5 * S
    assert view.troubles["strip"].text == "it refuses the key"
    assert after(view, le.LampBack("strip", ("room",), 10 * S)).troubles == {}


def test_a_wish_that_nobody_has_delivered_is_kept_for_the_light_process() -> None:
    room = Room()
    assert room.view.undelivered is None
    asked = room.ask(lw.LightGo(), after_s=3)[0]
    assert room.view.undelivered == asked
    room.delivered(settled=False)
    assert room.view.undelivered is None
    house = room.ask(lw.HouseLight(), after_s=3)[0]
    assert room.view.undelivered == house


def test_the_usual_sheet_follows_every_phase() -> None:
    from kapconsole.session.phases import PHASES

    desk = Desk(load_sheet(), DEMO)
    cues = [the_cue(desk.triggered(EMPTY, f"phase {phase}", 0)) for phase in PHASES]
    assert [cue.targets[0].level for cue in cues] == [60, 60, 45, 8, 8, 25, 45, 60]
    assert cues[3].down_s >= 60
    assert cues[5].up_s >= 120
