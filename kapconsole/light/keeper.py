"""`python -m kapconsole.light.keeper`: holds the lamps when the light process dies, and ends them when it ends.

A child of the light process. It is told the levels, and repeats them with lower priority to receivers that honour
priority. 3 s after the last word it brings every lamp to the safe level: the room neither jumps nor goes dark. When
the light process ends as it should, the keeper fades to house light and ends the streams. It yields as soon as another
light process owns the lamps.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path

import msgspec

from kapconsole.clock import boot_id
from kapconsole.cues.light.board import Board, levels, made_safe, new_board
from kapconsole.cues.light.setup import Setup
from kapconsole.light.memory import KEEPER, kept_of, read_kept, write_kept
from kapconsole.light.outputs import HOUSE_FADE_US, Output, keeper_outputs

SILENT_US = 3_000_000
RAMP_US = 4_500_000
"""Together less than 8 s from the last word to the safe level."""

TICK_S = 0.025
REST_S = 0.25
LOOK_US = 500_000
LONGEST_US = 2 * 3_600_000_000
"""A keeper that nobody relieves ends at last; receivers then do what they are set to do."""


class KeeperOrders(msgspec.Struct, frozen=True):
    """The first line."""

    setup: Setup
    owner: str
    cid_hex: str
    path: str
    folder: str


class Told(msgspec.Struct, frozen=True):
    """Every further line: the levels now; `close`: the light process is about to end as it should."""

    levels: dict[str, float]
    close: bool = False


class Keeper:
    """What the keeper does with what it is told; turned with the time in microseconds."""

    def __init__(self, orders: KeeperOrders, now_us: int) -> None:
        self._orders = orders
        self._cid = bytes.fromhex(orders.cid_hex)
        self._path = Path(orders.path)
        self._boot = boot_id()
        self._instead: list[Output] = []
        self._board: Board | None = None
        self._told_us = now_us
        self._eof_us: int | None = None
        self._closing = self._ramping = self._closed_fading = self._relieved = False
        self._written: dict[str, float] = {}
        self._look_us = 0
        self._beside = self._outputs(standing_in=False)

    def hear(self, told: Told, now_us: int) -> None:
        """The light process is there."""
        self._board = new_board(self._orders.setup, told.levels, now_us)
        self._told_us = now_us
        self._closing = told.close
        self._ramping = False

    def parent_gone(self, now_us: int) -> None:
        """The pipe has ended."""
        self._eof_us = now_us

    def turn(self, now_us: int) -> bool:
        """Send what is due; True when there is nothing left to do."""
        board = self._board
        if board is None:
            return self._eof_us is not None
        if self._eof_us is not None and self._another_owns(now_us):
            return True
        setup, ended = self._orders.setup, False
        if self._closing and self._eof_us is not None:
            if not self._closed_fading:
                self._closed_fading = True
                board = made_safe(board, setup, now_us, HOUSE_FADE_US, setup.house_level)
                self._stand_in()
            elif not board.moving(now_us):
                ended = True
        elif not self._closing and not self._ramping and now_us - self._told_us >= SILENT_US:
            self._ramping = True
            board = made_safe(board, setup, now_us, RAMP_US)
        if self._ramping and self._eof_us is not None:
            self._stand_in()  # not before: a process that hangs still has its ports
        self._board = board
        for output in (*self._beside, *self._instead):
            output.turn(board, now_us)
        if self._ramping or self._closed_fading:
            self._write(board, now_us)
        return ended or (self._eof_us is not None and now_us - self._eof_us > LONGEST_US)

    def close(self) -> None:
        """End the streams; those that another light process sends by now it does not end."""
        for output in self._beside:
            output.close(goodbye=True)
        for output in self._instead:
            output.close(goodbye=not self._relieved)

    @property
    def moving(self) -> bool:
        """True while it fades by itself."""
        return self._ramping or self._closed_fading

    def _stand_in(self) -> None:
        if not self._instead:
            self._instead = self._outputs(standing_in=True)

    def _outputs(self, standing_in: bool) -> list[Output]:
        # At a proper end the lamps that fade by themselves have been told already.
        folder = None if self._closing else Path(self._orders.folder)
        return keeper_outputs(self._orders.setup, self._cid, standing_in, folder)

    def _another_owns(self, now_us: int) -> bool:
        if now_us >= self._look_us:
            self._look_us = now_us + LOOK_US
            kept = read_kept(self._path)
            self._relieved = kept is not None and kept.owner != self._orders.owner
        return self._relieved

    def _write(self, board: Board, now_us: int) -> None:
        """Where the lamps are now, for the next light process; never over what another one wrote."""
        shown = levels(board, self._orders.setup, now_us)
        least = 1.0 if board.moving(now_us) else 0.001
        if all(abs(shown[name] - self._written.get(name, -9.0)) < least for name in shown):
            return
        self._look_us = 0
        if self._another_owns(now_us):
            return
        self._written = shown
        with contextlib.suppress(OSError):
            kept = kept_of(board, self._orders.setup, self._orders.owner, KEEPER, self._boot, now_us, os.getpid())
            write_kept(self._path, msgspec.structs.replace(kept, going={}, ended=self._closing))


def main() -> int:
    """Follow the light process, and act when it is gone."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    first = sys.stdin.buffer.readline()
    if not first:
        return 0
    orders = msgspec.json.decode(first, type=KeeperOrders)

    def read() -> None:
        while line := stream.readline():
            lines.put(line)
        lines.put(b"")

    stream = sys.stdin.buffer
    threading.Thread(target=read, name="keeper-lines", daemon=True).start()
    keeper = Keeper(orders, time.monotonic_ns() // 1000)
    while True:
        with contextlib.suppress(queue.Empty):
            line = lines.get(timeout=TICK_S if keeper.moving else REST_S)
            now_us = time.monotonic_ns() // 1000
            if line:
                with contextlib.suppress(msgspec.MsgspecError):  # torn, since this process had been stopped
                    keeper.hear(msgspec.json.decode(line, type=Told), now_us)
            else:
                keeper.parent_gone(now_us)
        if keeper.turn(time.monotonic_ns() // 1000):
            break
    keeper.close()
    return 0


if __name__ == "__main__":
    # The reading thread may hold the lock of standard input, which would abort the interpreter as it ends.
    code = main()
    os._exit(code)
