"""All zones together: floors hold under every order, and nothing jumps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kapconsole.cues.light import events as le
from kapconsole.cues.light.board import Board, colour, levels, made_safe, new_board, ordered
from kapconsole.cues.light.setup import Fixture, Setup, SimulatedOutput, Zone
from kapconsole.cues.light.simulate import reversals

SECOND_US = 1_000_000
SETUP = Setup(
    zone={"ceiling": Zone(), "lamp": Zone(staff=True), "path": Zone(floor=3.0)},
    output={"lamps": SimulatedOutput()},
    fixture=tuple(Fixture(zone, "lamps") for zone in ("ceiling", "lamp", "path")),
)


def asked(levels: dict[str, float], up_s: float = 1.0, down_s: float = 1.0, dark_ok: bool = False) -> le.LightAsked:
    targets = tuple(le.LightTarget(zone, level) for zone, level in levels.items())
    return le.LightAsked("cue", "c", "C", targets, up_s, down_s, dark_ok, 0)


orders = st.one_of(
    st.builds(
        asked,
        st.dictionaries(st.sampled_from(["ceiling", "lamp", "path", "unknown"]), st.floats(0, 100), max_size=3),
        st.floats(0, 5),
        st.floats(0, 5),
        st.booleans(),
    ),
    st.builds(le.LightHeld, st.booleans(), st.just(0)),
    st.builds(le.LightRated, st.sampled_from([0.5, 2.0]), st.just(1.0), st.just(0)),
)
wishes = st.lists(st.tuples(st.integers(0, 900_000), orders), min_size=1, max_size=25)


def played(wishes: list[tuple[int, le.LightOrder]]) -> list[tuple[int, dict[str, float], bool]]:
    board, now_us = new_board(SETUP, {"ceiling": 50, "lamp": 20, "path": 10}, 0), 0
    seen, dark = [], False
    for wait_us, order in wishes:
        seen += [(at, levels(board, SETUP, at), dark) for at in range(now_us, now_us + wait_us, 20_000)]
        now_us += wait_us
        before = levels(board, SETUP, now_us)
        board = ordered(board, SETUP, order, now_us)
        after = levels(board, SETUP, now_us)
        assert all(abs(after[zone] - before[zone]) < 1e-6 for zone in after), "an order made the light jump"
        dark = dark or (isinstance(order, le.LightAsked) and order.dark_ok)
    return seen + [(at, levels(board, SETUP, at), dark) for at in range(now_us, now_us + 8 * SECOND_US, 20_000)]


@given(wishes)
def test_floors_hold_under_any_orders(wishes: list[tuple[int, le.LightOrder]]) -> None:
    for at, shown, dark in played(wishes):
        assert shown["path"] >= 3 - 1e-9, f"the path went dark at {at} us"
        assert dark or max(shown.values()) >= 5 - 1e-9, f"the staff's floor was left at {at} us"


@given(wishes)
def test_no_zone_flashes_under_any_orders(wishes: list[tuple[int, le.LightOrder]]) -> None:
    seen = played(wishes)
    for zone in SETUP.zone:
        turns = reversals([(at, shown[zone]) for at, shown, _ in seen])
        assert all(later - earlier >= SECOND_US for earlier, later in zip(turns, turns[1:], strict=False))


def settled(board: Board) -> dict[str, float]:
    return levels(board, SETUP, 10**12)


def test_darkness_needs_dark_ok() -> None:
    board = new_board(SETUP, {"ceiling": 50, "lamp": 50, "path": 50}, 0)
    black = {"ceiling": 0.0, "lamp": 0.0, "path": 0.0}
    kept = ordered(board, SETUP, asked(black, 2, 2), 0)
    assert settled(kept) == {"ceiling": 0, "lamp": 5, "path": 3}
    confirmed = ordered(kept, SETUP, asked(black, 2, 2, dark_ok=True), 10 * SECOND_US)
    assert settled(confirmed) == {"ceiling": 0, "lamp": 0, "path": 3}
    assert levels(confirmed, SETUP, 11 * SECOND_US)["lamp"] == 2, "darkness did not come slowly"
    back = ordered(confirmed, SETUP, asked(black, 2, 2), 20 * SECOND_US)
    assert settled(back)["lamp"] == 5


def test_the_staff_zone_gives_way_without_a_step_when_others_are_light() -> None:
    board = new_board(SETUP, {"ceiling": 0, "lamp": 0, "path": 3}, 0)
    board = ordered(board, SETUP, asked({"ceiling": 60, "lamp": 0}, up_s=60), 0)
    lamp = [levels(board, SETUP, at * 100_000)["lamp"] for at in range(600)]
    assert lamp[0] == 5
    assert lamp[-1] == 0
    assert max(abs(later - earlier) for earlier, later in zip(lamp, lamp[1:], strict=False)) < 0.2


def test_a_session_that_runs_faster_shortens_cues_but_not_the_rules() -> None:
    board = new_board(SETUP, {"ceiling": 0, "lamp": 50, "path": 3}, 0)
    slow = ordered(board, SETUP, asked({"ceiling": 60}, up_s=60), 0, speed=20)
    assert slow.tracks["ceiling"].end_us == 3 * SECOND_US
    fast = ordered(board, SETUP, asked({"ceiling": 60}, up_s=2), 0, speed=100)
    assert fast.tracks["ceiling"].end_us == SECOND_US


def test_safe_brings_up_what_is_dark_and_leaves_what_is_bright() -> None:
    board = new_board(SETUP, {"ceiling": 8, "lamp": 70, "path": 40}, 0)
    board = ordered(board, SETUP, asked({"path": 5}, down_s=100), 0)
    safe = made_safe(board, SETUP, SECOND_US)
    assert levels(safe, SETUP, 11 * SECOND_US)["ceiling"] == 30
    assert settled(safe)["lamp"] == 70
    assert settled(safe)["path"] == 39.65, "a fade into the dark has to stop where it is"


def test_colours_change_slowly() -> None:
    board = new_board(SETUP, {}, 0)
    warm = le.LightAsked("cue", "c", "C", (le.LightTarget("lamp", 60, 2200),), 0, 0, False, 0)
    cool = le.LightAsked("cue", "d", "D", (le.LightTarget("lamp", 60, 5000),), 0, 0, False, 0)
    board = ordered(ordered(board, SETUP, warm, 0), SETUP, cool, 10 * SECOND_US)
    assert colour(board, "ceiling", 0) is None
    assert colour(board, "lamp", 10 * SECOND_US) == 2200
    half = colour(board, "lamp", 11 * SECOND_US)
    assert half is not None
    assert 2200 < half < 4000
    assert colour(board, "lamp", 13 * SECOND_US) == 5000
