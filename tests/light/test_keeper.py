"""The keeper, turned by hand: mirrors, takes over, hands back, ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from kapconsole.cues.light.board import Board, levels
from kapconsole.cues.light.setup import Setup, parse_setup
from kapconsole.light import keeper as module
from kapconsole.light.keeper import Keeper, KeeperOrders, Told
from kapconsole.light.memory import KEEPER, Kept, read_kept, write_kept
from kapconsole.light.outputs import keeper_outputs
from kapdevices.lights.lamp import LampStatus

S = 1_000_000
SETUP = parse_setup(
    """
[zone.room]
[zone.path]
floor = 10
[output.stage]
driver = "sacn"
host = "127.0.0.1"
keeper = true
[output.dongle]
driver = "enttec"
port = "/dev/null"
[[fixture]]
zone = "room"
output = "stage"
[[fixture]]
zone = "path"
output = "dongle"
"""
)


def test_beside_it_sends_what_honours_priority_and_instead_all_else(tmp_path: Path) -> None:
    setup = parse_setup(
        """
[zone.room]
[output]
kept = { driver = "sacn", host = "127.0.0.1", keeper = true }
plain = { driver = "sacn", host = "127.0.0.1", universe = 2 }
strip = { driver = "wled", host = "http://127.0.0.1:9" }
demo = { driver = "simulated" }
[[fixture]]
zone = "room"
output = "kept"
[[fixture]]
zone = "room"
output = "plain"
[[fixture]]
zone = "room"
output = "strip"
[[fixture]]
zone = "room"
output = "demo"
"""
    )

    def names(standing_in: bool, folder: Path | None) -> list[str]:
        made = keeper_outputs(setup, bytes(16), standing_in, folder)
        for output in made:
            output.close(goodbye=False)
        return [output.name for output in made]

    assert names(False, tmp_path) == ["kept"]
    assert names(True, tmp_path) == ["plain", "strip"]
    assert names(True, None) == ["plain"]


class Sent:
    """One output of the keeper; `levels` are those of its last turn."""

    name, zones, fades_by_itself = "sent", ("room",), False
    status = LampStatus()

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.levels: dict[str, float] = {}
        self.closed: bool | None = None

    def turn(self, board: Board, now_us: int) -> None:
        self.levels = levels(board, self._setup, now_us)

    def close(self, goodbye: bool) -> None:
        self.closed = goodbye


class Run:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
        self.beside, self.instead = Sent(SETUP), Sent(SETUP)
        monkeypatch.setattr(
            module,
            "keeper_outputs",
            lambda setup, cid, standing_in, folder: [self.instead if standing_in else self.beside],
        )
        self.path = path
        self.now_us = 0
        self.keeper = Keeper(KeeperOrders(SETUP, "me", bytes(16).hex(), str(path), str(path.parent)), 0)

    def tell(self, level: float, close: bool = False) -> None:
        self.keeper.hear(Told({"room": level, "path": 50.0}, close), self.now_us)

    def pass_s(self, seconds: float) -> bool:
        until_us = self.now_us + round(seconds * S)
        while self.now_us < until_us:
            self.now_us += 25_000
            if self.keeper.turn(self.now_us):
                return True
        return False


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    return Run(monkeypatch, tmp_path / "light.json")


def test_it_mirrors_what_it_is_told_beside_and_leaves_the_port_alone(run: Run) -> None:
    run.tell(8)
    assert not run.pass_s(2)
    run.tell(12)
    run.pass_s(2.5)
    assert run.beside.levels["room"] == 12
    assert run.instead.levels == {}


def test_a_light_process_that_hangs_is_replaced_where_priorities_count_and_comes_back(run: Run) -> None:
    run.tell(8)
    run.pass_s(8)
    assert run.beside.levels["room"] == 30
    assert run.instead.levels == {}, "the port still belongs to the process that hangs"
    run.tell(9)
    run.pass_s(1)
    assert run.beside.levels["room"] == 9


def test_one_that_hangs_and_then_dies_is_replaced_everywhere(run: Run) -> None:
    run.tell(8)
    run.pass_s(10)
    run.keeper.parent_gone(run.now_us)
    run.pass_s(0.1)
    assert run.instead.levels["room"] == 30


def test_dead_it_is_replaced_everywhere_within_8_s_without_a_jump(run: Run) -> None:
    run.tell(8)
    run.keeper.parent_gone(0)
    seen = []
    while run.now_us < 8 * S:
        run.pass_s(0.025)
        seen.append(run.instead.levels.get("room", run.beside.levels["room"]))
    assert seen[0] == 8
    assert seen[-1] == 30
    assert max(later - earlier for earlier, later in zip(seen, seen[1:], strict=False)) < 0.2
    assert run.beside.levels["path"] == 50, "what is brighter stays"
    kept = read_kept(run.path)
    assert kept is not None
    assert (kept.by, kept.levels["room"], kept.ended) == (KEEPER, 30, False)


def test_it_yields_to_a_new_light_process_without_ending_its_streams(run: Run) -> None:
    run.tell(8)
    run.keeper.parent_gone(0)
    run.pass_s(5)
    write_kept(run.path, Kept("another", "light", "b", 0, {"room": 20.0}))
    assert run.pass_s(1)
    run.keeper.close()
    assert run.instead.closed is False
    assert run.beside.closed is True
    kept = read_kept(run.path)
    assert kept is not None
    assert kept.owner == "another"


def test_at_a_proper_end_it_fades_to_house_light_and_ends(run: Run) -> None:
    run.tell(8, close=True)
    run.keeper.parent_gone(0)
    assert not run.pass_s(5)
    assert 30 < run.instead.levels["room"] < 50
    assert run.pass_s(6)
    assert run.beside.levels["room"] == 70
    run.keeper.close()
    assert run.instead.closed is True


def test_a_light_process_that_never_spoke_leaves_nothing_to_keep(run: Run) -> None:
    assert not run.pass_s(10)
    run.keeper.parent_gone(run.now_us)
    assert run.pass_s(1)


def test_it_does_not_stay_for_ever(run: Run) -> None:
    run.tell(8)
    run.keeper.parent_gone(0)
    run.pass_s(8)
    run.now_us = module.LONGEST_US
    assert run.pass_s(1)
