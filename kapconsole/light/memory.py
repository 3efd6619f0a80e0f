"""What the light process keeps on disk, so that another one goes on where it was: levels, targets, the lamps' owner."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import msgspec

from kapconsole.cues.light import track as tr
from kapconsole.cues.light.board import Board, levels, new_board
from kapconsole.cues.light.setup import Setup
from kapconsole.paths import state_dir

FILE = "light.json"
CID_FILE = "light-cid"
KEEPER = "keeper"


class Kept(msgspec.Struct, frozen=True):
    """`owner`: the light process whose lamps these are. `by`: who wrote it, "light" or "keeper".

    `ended`: as it should. `levels`: perceived percent at `mono_us` of the boot `boot`; `going`: target and end of each
    fade that runs.
    """

    owner: str
    by: str
    boot: str
    mono_us: int
    levels: dict[str, float]
    going: dict[str, tuple[float, int]] = {}
    keeper_pid: int = 0
    ended: bool = False


def kept_file() -> Path:
    """Where it is. Raises FolderTrouble."""
    return state_dir() / FILE


def read_kept(path: Path) -> Kept | None:
    """What was kept; None when there is nothing or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Kept)
    except (OSError, msgspec.MsgspecError):
        return None


def write_kept(path: Path, kept: Kept) -> None:
    """Replace the file in one go; raises OSError. Not flushed to the disk: it matters while the machine runs."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_bytes(msgspec.json.encode(kept))
    os.replace(draft, path)


def kept_of(board: Board, setup: Setup, owner: str, by: str, boot: str, now_us: int, keeper_pid: int = 0) -> Kept:
    """What is to be kept of a board."""
    going = {
        name: (round(track.target, 3), track.end_us) for name, track in board.tracks.items() if track.moving(now_us)
    }
    shown = {name: round(level, 3) for name, level in levels(board, setup, now_us).items()}
    return Kept(owner, by, boot, now_us, shown, going, keeper_pid)


def resumed_board(kept: Kept | None, setup: Setup, boot: str, now_us: int) -> Board:
    """The board that goes on from what was kept, without a jump: fades of this boot arrive when they should."""
    if kept is None:
        return new_board(setup, {}, now_us)
    board = new_board(setup, kept.levels, now_us)
    if kept.boot != boot or kept.mono_us > now_us:
        return board
    tracks = dict(board.tracks)
    for name, (target, end_us) in kept.going.items():
        if name in tracks:
            tracks[name] = tr.asked(tracks[name], target, max(0, end_us - now_us), now_us)
    return msgspec.structs.replace(board, tracks=tracks)


def installation_cid() -> bytes:
    """The 16 bytes that name this installation as an sACN source; made once and kept."""
    path = state_dir() / CID_FILE
    try:
        return uuid.UUID(path.read_text("ascii").strip()).bytes
    except (OSError, ValueError):
        made = uuid.uuid4()
        path.write_text(f"{made}\n", "ascii")
        return made.bytes
