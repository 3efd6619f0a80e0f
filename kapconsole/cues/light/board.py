"""All zones' levels as a function of time: what the light process holds. Pure.

Below every order lie the rules of `track`, the zones' own floors and the staff's floor: one zone stays at 5 % perceived
unless a person has confirmed darkness.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from kapconsole.cues.light import events as le
from kapconsole.cues.light import track as tr
from kapconsole.cues.light.setup import STAFF_FLOOR, Setup
from kapconsole.cues.light.track import Track

FLOOR_BACK_US = 1_000_000
SAFE_US = 10_000_000
COLOUR_US = 2_000_000
"""No change of colour is faster than this."""

MIRED = 1e6


class Board(msgspec.Struct, frozen=True):
    """Every zone's track, the staff's floor and colours (mired). Times are microseconds of one steady clock."""

    tracks: dict[str, Track]
    floor: Track
    colours: dict[str, Track] = {}

    def moving(self, now_us: int) -> bool:
        """True while anything changes."""
        return any(track.moving(now_us) for track in (*self.tracks.values(), self.floor, *self.colours.values()))


def new_board(setup: Setup, levels: dict[str, float], now_us: int) -> Board:
    """A board that stands at `levels`; zones that are not in it stand at the set-up's start level."""
    return Board(
        {
            name: tr.still(max(zone.floor, levels.get(name, setup.start_level)), now_us)
            for name, zone in setup.zone.items()
        },
        tr.still(STAFF_FLOOR, now_us),
    )


def levels(board: Board, setup: Setup, now_us: int) -> dict[str, float]:
    """Each zone's level in perceived percent at a moment, floors included."""
    found = {name: track.at(now_us) for name, track in board.tracks.items()}
    staff = setup.staff_zone
    others = max((level for name, level in found.items() if name != staff), default=0.0)
    floor = board.floor.at(now_us)
    # Continuous in both: full while the others are below the floor, gone when they are at twice the floor.
    found[staff] = max(found[staff], min(floor, max(0.0, 2 * floor - others)))
    return found


def colour(board: Board, zone: str, now_us: int) -> int | None:
    """The zone's colour temperature in kelvin; None until a cue has stated one."""
    track = board.colours.get(zone)
    return None if track is None else round(MIRED / track.at(now_us))


def ordered(board: Board, setup: Setup, order: le.LightOrder, now_us: int, speed: float = 1.0) -> Board:
    """The board after an order. `speed`: how much faster than real time session time runs; the rules keep real time."""
    match order:
        case le.LightHeld(on=on):
            return _each(board, now_us, None if on else 1.0)
        case le.LightRated(factor=factor):
            return replace(
                board,
                tracks={name: tr.rated(track, factor, now_us) for name, track in board.tracks.items()},
                floor=tr.rated(board.floor, factor, now_us),
            )
        case le.LightAsked():
            pass
    tracks, colours = dict(board.tracks), dict(board.colours)
    up_us, down_us = round(order.up_s * 1e6 / speed), round(order.down_s * 1e6 / speed)
    for target in order.targets:
        if target.zone not in tracks:
            continue
        level = min(100.0, max(setup.zone[target.zone].floor, target.level))
        up = level > tracks[target.zone].at(now_us)
        tracks[target.zone] = tr.asked(tracks[target.zone], level, up_us if up else down_us, now_us)
        if target.cct_k is not None:
            held = colours.get(target.zone)
            mired = MIRED / target.cct_k
            colours[target.zone] = (
                tr.still(mired, now_us)
                if held is None
                else tr.asked(held, mired, max(COLOUR_US, up_us if up else down_us), now_us)
            )
    floor_us = down_us if order.dark_ok else FLOOR_BACK_US
    floor = tr.asked(board.floor, 0.0 if order.dark_ok else STAFF_FLOOR, floor_us, now_us)
    return Board(tracks, floor, colours)


def made_safe(board: Board, setup: Setup, now_us: int, duration_us: int = SAFE_US, least: float | None = None) -> Board:
    """The board that brings every zone to the safe level (or `least`); zones that are brighter stay as they are."""
    safe = setup.safe_level if least is None else least
    tracks = {}
    for name, track in board.tracks.items():
        stays = track.at(now_us) >= safe and track.target >= safe
        tracks[name] = track if stays else tr.asked(track, max(safe, track.at(now_us)), duration_us, now_us)
    return replace(board, tracks=tracks, floor=tr.asked(board.floor, STAFF_FLOOR, FLOOR_BACK_US, now_us))


def _each(board: Board, now_us: int, rate: float | None) -> Board:
    turn = tr.held if rate is None else tr.resumed
    return Board(
        {name: turn(track, now_us) for name, track in board.tracks.items()},
        turn(board.floor, now_us),
        {name: turn(track, now_us) for name, track in board.colours.items()},
    )
