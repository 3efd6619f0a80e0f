"""The light process, turned by hand: what it sends to lamps, keeps, reports, and does when nobody is heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapconsole.cues.light import events as le
from kapconsole.cues.light.board import Board, levels
from kapconsole.cues.light.failsafe import SilenceWatch
from kapconsole.cues.light.setup import DEMO, Fixture, Setup, SimulatedOutput, WledOutput, Zone
from kapconsole.light.memory import KEEPER, Kept, read_kept, write_kept
from kapconsole.light.outputs import TransitionOutput
from kapconsole.light.process import Light
from kapdevices.lights.lamp import LampStatus, Step

S = 1_000_000
TWO = Setup(
    zone={"ceiling": Zone("Ceiling"), "lamp": Zone(staff=True)},
    output={"a": SimulatedOutput(), "b": SimulatedOutput()},
    fixture=(Fixture("ceiling", "a"), Fixture("lamp", "b")),
)


class FakeOutput:
    """Keeps the levels that it was turned to."""

    def __init__(self, name: str, zones: tuple[str, ...], setup: Setup, by_itself: bool = False) -> None:
        self.name, self.zones, self.fades_by_itself = name, zones, by_itself
        self.status = LampStatus()
        self.closed: bool | None = None
        self.boards: list[tuple[int, Board]] = []
        self._setup = setup

    def turn(self, board: Board, now_us: int) -> None:
        self.boards.append((now_us, board))

    def level(self, at_us: int | None = None) -> float:
        turned_us, board = self.boards[-1]
        return levels(board, self._setup, turned_us if at_us is None else at_us)[self.zones[0]]

    def close(self, goodbye: bool) -> None:
        self.closed = goodbye


class Run:
    """A light process with two lamps and a clock that is turned by hand."""

    def __init__(self, path: Path, kept: Kept | None = None, now_us: int = 1000 * S, speed: float = 1.0) -> None:
        if kept is not None:
            write_kept(path, kept)
        self.path = path
        self.now_us = now_us
        self.said: list[le.LightBody] = []
        self.outputs = [FakeOutput("a", ("ceiling",), TWO), FakeOutput("b", ("lamp",), TWO, by_itself=True)]
        self.light = Light(TWO, self.outputs, path, "boot", now_us, self.said.append, speed=speed)

    def attach(self) -> None:
        self.light.heard(self.now_us)
        self.light.attached()
        self.light.turn(self.now_us)

    def pass_s(self, seconds: float, heard: bool = True) -> None:
        until_us = self.now_us + round(seconds * S)
        while self.now_us < until_us:
            self.now_us += 25_000
            if heard:
                self.light.heard(self.now_us)
            self.light.turn(self.now_us)

    def ask(self, level: float, seconds: float) -> None:
        targets = (le.LightTarget("ceiling", level), le.LightTarget("lamp", level))
        self.light.order(le.LightAsked("cue", "c", "C", targets, seconds, seconds, False, 0), self.now_us)
        self.light.turn(self.now_us)

    def reports(self, kind: type[le.LightBody]) -> list[le.LightBody]:
        return [body for body in self.said if isinstance(body, kind)]


def test_it_tells_its_zones_and_then_what_it_delivers_twice_a_second(tmp_path: Path) -> None:
    run = Run(tmp_path / "k")
    run.attach()
    (ready,) = run.reports(le.LightReady)
    assert isinstance(ready, le.LightReady)
    assert ready.zones == (("ceiling", "Ceiling"), ("lamp", "Lamp"))
    run.said.clear()
    run.ask(20, 10)
    run.pass_s(15)
    done = [body for body in run.said if isinstance(body, le.LightDelivered)]
    assert 18 <= len(done) <= 23
    assert [body.settled for body in done] == [False] * (len(done) - 1) + [True]
    assert done[-1].levels == {"ceiling": 20, "lamp": 20}
    assert done[-1].at_us - run.now_us < -4 * S, "it was told when it happened"


def test_an_order_that_changes_nothing_is_delivered_too(tmp_path: Path) -> None:
    run = Run(tmp_path / "k")
    run.attach()
    run.pass_s(2)
    run.said.clear()
    run.ask(60, 10)
    run.pass_s(1)
    (done,) = run.said
    assert isinstance(done, le.LightDelivered)
    assert done.settled


def test_the_next_light_process_knows_for_how_long_there_was_none(tmp_path: Path) -> None:
    first = Run(tmp_path / "k")
    first.attach()
    first.pass_s(600)
    second = Run(tmp_path / "k", now_us=first.now_us + 2 * S)
    second.attach()
    (alone,) = second.reports(le.LightAlone)
    assert isinstance(alone, le.LightAlone)
    assert 2 <= alone.silent_s <= 7.1


def test_a_monitor_that_comes_back_hears_what_is_and_what_was_done_alone(tmp_path: Path) -> None:
    run = Run(tmp_path / "k")
    run.attach()
    run.outputs[0].status = LampStatus("the lamp does not answer")
    run.light.turn(run.now_us)
    run.pass_s(20, heard=False)
    run.said.clear()
    run.attach()
    assert [type(body) for body in run.said] == [le.LightReady, le.LightAlone, le.LampTrouble, le.LightDelivered]
    alone = run.said[1]
    assert isinstance(alone, le.LightAlone)
    assert "20 s" in alone.text
    assert "held it" in alone.text


@pytest.mark.logs("not been heard for a minute")
def test_without_the_monitor_the_fade_ends_then_it_holds_then_it_is_safe(tmp_path: Path) -> None:
    run = Run(tmp_path / "k")
    run.attach()
    run.ask(8, 30)
    run.pass_s(35, heard=False)
    assert run.outputs[0].level() == 8
    run.pass_s(24, heard=False)
    assert run.outputs[0].level() == 8
    run.pass_s(6, heard=False)
    assert 8 < run.outputs[0].level() < 30
    run.pass_s(6, heard=False)
    assert run.outputs[0].level() == 30


@pytest.mark.logs("not been heard for a minute")
def test_a_bright_room_is_not_dimmed_because_nobody_is_heard(tmp_path: Path) -> None:
    run = Run(tmp_path / "k")
    run.attach()
    run.ask(70, 1)
    run.pass_s(80, heard=False)
    assert run.outputs[0].level() == 70


def test_silence_is_counted_once_and_forgotten_when_the_monitor_is_heard() -> None:
    watch = SilenceWatch(0.0)
    assert watch.heard(4.9) is None
    assert not watch.turn(64.8)
    assert watch.turn(65.0)
    assert not watch.turn(66.0)
    assert watch.heard(70.0) == (70.0 - 4.9, True)
    assert watch.heard(71.0) is None


def test_started_again_it_goes_on_where_it_was_and_arrives_when_it_should(tmp_path: Path) -> None:
    first = Run(tmp_path / "k")
    first.attach()
    first.ask(20, 40)
    first.pass_s(20)
    kept = read_kept(tmp_path / "k")
    assert kept is not None
    assert abs(kept.levels["ceiling"] - 40) < 1.1
    second = Run(tmp_path / "k", now_us=first.now_us + S)
    second.attach()
    assert abs(second.outputs[0].level() - 40) < 1.1, "it jumped"
    second.pass_s(19.5)
    assert second.outputs[0].level() == 20
    (alone,) = second.reports(le.LightAlone)
    assert isinstance(alone, le.LightAlone)
    assert "at the level it had" in alone.text


def test_after_its_keeper_it_goes_on_from_the_safe_level(tmp_path: Path) -> None:
    kept = Kept("other", KEEPER, "boot", 990 * S, {"ceiling": 30.0, "lamp": 30.0})
    run = Run(tmp_path / "k", kept)
    run.attach()
    run.pass_s(1)
    assert run.outputs[0].level() == 30
    assert any(isinstance(body, le.LightAlone) and "keeper" in body.text for body in run.said)


def test_a_new_session_begins_at_the_light_of_the_room_and_says_nothing_of_the_last(tmp_path: Path) -> None:
    kept = Kept("other", "light", "boot", 900 * S, {"ceiling": 70.0, "gone": 3.0}, ended=True)
    run = Run(tmp_path / "k", kept)
    run.attach()
    assert run.outputs[0].level() == 70
    assert run.outputs[1].level() == 60, "a zone that is new stands at the start level"
    assert run.reports(le.LightAlone) == []


def test_a_damaged_memory_is_none(tmp_path: Path) -> None:
    (tmp_path / "k").write_text("{")
    run = Run(tmp_path / "k")
    run.attach()
    assert run.outputs[0].level() == 60


def test_trouble_is_told_once_and_its_end_too(tmp_path: Path) -> None:
    run = Run(tmp_path / "k")
    run.attach()
    run.outputs[0].status = LampStatus("the lamp does not answer")
    run.pass_s(3)
    run.outputs[0].status = LampStatus("", 42.0)
    run.pass_s(3)
    troubles = [body for body in run.said if isinstance(body, le.LampTrouble | le.LampBack)]
    assert [(type(body), body.lamp, body.zones) for body in troubles] == [
        (le.LampTrouble, "a", ("ceiling",)),
        (le.LampBack, "a", ("ceiling",)),
    ]
    delivered = run.reports(le.LightDelivered)[-1]
    assert isinstance(delivered, le.LightDelivered)
    assert delivered.confirmed == {"ceiling": 42.0}


def test_at_the_end_lamps_that_fade_by_themselves_go_slowly_to_house_light(tmp_path: Path) -> None:
    run = Run(tmp_path / "k")
    run.attach()
    run.ask(8, 1)
    run.pass_s(2)
    run.light.close(run.now_us)
    by_itself = run.outputs[1]
    assert by_itself.level(run.now_us + 10 * S) == 70
    assert abs(by_itself.level(run.now_us + 5 * S) - 39) < 1
    assert [output.closed for output in run.outputs] == [True, True]
    kept = read_kept(tmp_path / "k")
    assert kept is not None
    assert kept.ended
    assert kept.levels == {"ceiling": 70, "lamp": 70}, "the next session would begin in a light that is not there"


# -- lamps that fade by themselves ----------------------------------------------------------------------------------


class FakeLamp:
    """Keeps the steps."""

    def __init__(self) -> None:
        self.steps: list[tuple[float, Step]] = []
        self.status = LampStatus()

    def go(self, start: float, step: Step) -> None:
        self.steps.append((start, step))

    def close(self) -> None:
        pass


def transition_output(**about: object) -> tuple[TransitionOutput, FakeLamp]:
    setup = Setup(
        zone={"ceiling": Zone(), "lamp": Zone(staff=True)},
        output={"a": WledOutput("http://x"), "b": SimulatedOutput()},
        fixture=(Fixture("ceiling", "a", **about), Fixture("lamp", "b")),  # type: ignore[arg-type]
    )
    lamp = FakeLamp()
    return TransitionOutput("a", setup, lamp), lamp  # type: ignore[arg-type]


def play(output: TransitionOutput, orders: list[tuple[float, le.LightOrder]], seconds: float) -> None:
    from kapconsole.cues.light.board import new_board, ordered

    board, waiting = new_board(TWO, {"ceiling": 60, "lamp": 60}, 0), list(orders)
    for at_us in range(0, round(seconds * S), 25_000):
        while waiting and waiting[0][0] * S <= at_us:
            board = ordered(board, TWO, waiting.pop(0)[1], at_us)
        output.turn(board, at_us)


def cue(level: float, seconds: float) -> le.LightAsked:
    return le.LightAsked("cue", "c", "C", (le.LightTarget("ceiling", level),), seconds, seconds, False, 0)


def test_a_fade_is_one_step_for_a_lamp_that_fades_by_itself() -> None:
    output, lamp = transition_output()
    play(output, [(1.0, cue(20, 30))], 60)
    assert [(start, step.target, round(step.fade_s, 1)) for start, step in lamp.steps] == [
        (0.6, 0.6, 2.0),  # nobody knows how bright it was when the program began
        (0.6, 0.2, 30.0),
    ]


def test_a_hold_stops_such_a_lamp_and_go_sends_the_rest() -> None:
    output, lamp = transition_output()
    play(output, [(1.0, cue(20, 40)), (21.0, le.LightHeld(True, 0)), (50.0, le.LightHeld(False, 0))], 80)
    steps = [(round(step.target, 2), round(step.fade_s, 1)) for _, step in lamp.steps[1:]]
    assert steps == [(0.2, 40.0), (0.4, 0.5), (0.2, 20.0)]


def test_a_switch_changes_once_on_a_fade() -> None:
    output, lamp = transition_output(kind="switch")
    play(output, [(1.0, cue(20, 30)), (40.0, cue(52, 5)), (50.0, cue(60, 5))], 60)
    assert [step.target for _, step in lamp.steps] == [1.0, 0.0, 1.0]


def test_the_demo_has_a_lamp_to_look_at() -> None:
    assert DEMO.simulated
    assert list(DEMO.zone) == ["room"]
