"""The light process itself: orders in, lamps turned 40 times a second while anything fades, what was delivered out."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import msgspec

from kapconsole.clock import duration_text
from kapconsole.cues.light import events as le
from kapconsole.cues.light.board import levels, made_safe, ordered
from kapconsole.cues.light.failsafe import SilenceWatch
from kapconsole.cues.light.setup import Setup
from kapconsole.light.keeper import KeeperOrders, Told
from kapconsole.light.memory import KEEPER, Kept, kept_of, read_kept, resumed_board, write_kept
from kapconsole.light.outputs import HOUSE_FADE_US, Output

log = logging.getLogger("kapconsole.light")

REPORT_US = 500_000
TELL_US = 500_000
KEEPER_AGAIN_US = 5_000_000
KEPT_US = 5_000_000
"""How old the kept levels may be: by them the next light process knows for how long there was none."""

CLOSE_S = 4.0
"""Within this the launcher wants the process to be gone."""

RESUMED_GAP_US = 12 * 3_600_000_000


class KeeperChild:
    """The keeper as its parent sees it; started again when it dies. Does nothing where no lamp is real."""

    def __init__(self, setup: Setup, owner: str, cid: bytes, path: Path, folder: Path) -> None:
        self._orders = KeeperOrders(setup, owner, cid.hex(), str(path), str(folder))
        self._wanted = not setup.simulated
        self._process: subprocess.Popen[bytes] | None = None
        self._start_us = 0
        self._tell_us = 0

    @property
    def pid(self) -> int:
        """Its process id, 0 where there is none."""
        return 0 if self._process is None else self._process.pid

    def tell(self, shown: dict[str, float], now_us: int, close: bool = False) -> None:
        """The levels now; passed on twice a second at most, and at once when it is to `close`."""
        if not self._wanted or (now_us < self._tell_us and not close):
            return
        self._tell_us = now_us + TELL_US
        if self._process is None or self._process.poll() is not None:
            if now_us < self._start_us:
                return
            self._start_us = now_us + KEEPER_AGAIN_US
            self._start()
        self._write(msgspec.json.encode(Told(shown, close)))

    def let_go(self) -> None:
        """End the pipe; the keeper goes on by itself as long as it must."""
        if self._process is not None:
            with contextlib.suppress(OSError):
                cast(BinaryIO, self._process.stdin).close()
            # It outlives this process on purpose; nobody is to complain that it was not waited for.
            self._process.returncode = 0
            self._process = None

    def _start(self) -> None:
        argv = [sys.executable, "-m", "kapconsole.light.keeper"]
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                bufsize=0,
            )
            # A keeper that is stopped must not stop the light. Windows before Python 3.12 cannot do this for pipes.
            with contextlib.suppress(OSError, AttributeError):
                os.set_blocking(cast(BinaryIO, self._process.stdin).fileno(), False)
        except OSError as trouble:
            log.warning("the keeper of the light cannot be started: %s", trouble)
            return
        self._write(msgspec.json.encode(self._orders))

    def _write(self, line: bytes) -> None:
        if self._process is None:
            return
        with contextlib.suppress(OSError, ValueError):
            cast(BinaryIO, self._process.stdin).write(line + b"\n")


class Light:
    """All lamps and their fades. Turned from outside with a steady clock in microseconds; owns no thread itself."""

    def __init__(
        self,
        setup: Setup,
        outputs: Sequence[Output],
        path: Path,
        boot: str,
        now_us: int,
        report: Callable[[le.LightBody], None],
        *,
        cid: bytes = bytes(16),
        folder: Path = Path(),
        speed: float = 1.0,
        text: str = "",
    ) -> None:
        """`path`: the file of `memory`; `folder`: where certificates lie.

        `report` gets bodies whose `at_us` is still this clock's, not the session's.
        """
        self._setup = setup
        self._outputs = outputs
        self._path = path
        self._boot = boot
        self._report = report
        self._speed = speed
        self._text = text
        self._owner = uuid.uuid4().hex
        kept = read_kept(path)
        self._board = resumed_board(kept, setup, boot, now_us)
        self._took_over = _took_over(kept, boot, now_us)
        self._keeper = KeeperChild(setup, self._owner, cid, path, folder)
        self._watch = SilenceWatch(now_us / 1e6)
        self._written: Kept | None = None
        self._reported_us = -REPORT_US
        self._reported: tuple[dict[str, float], dict[str, float], bool] | None = None
        self._troubles: dict[str, str] = {}
        self._moving = True
        self._attached = self._ready_due = False
        self._alone: list[tuple[float, str]] = []

    @property
    def moving(self) -> bool:
        """True when it is to be turned 40 times a second."""
        return self._moving

    def attached(self) -> None:
        """There is a monitor that knows nothing yet of the light."""
        self._attached = self._ready_due = True

    def heard(self, now_us: int) -> None:
        """A sign of life of the monitor."""
        was_alone = self._watch.heard(now_us / 1e6)
        if was_alone is not None:
            silent_s, safe = was_alone
            done = "brought the room to the safe level" if safe else "ended the running fade and held it"
            self._alone.append((silent_s, f"the monitor was not heard for {duration_text(silent_s)}; the light {done}"))

    def order(self, order: le.LightOrder, now_us: int) -> None:
        """Carry out what was asked."""
        self._board = ordered(self._board, self._setup, order, now_us, self._speed)
        self._written = self._reported = None  # to be kept and told anew, also when it changes nothing

    def turn(self, now_us: int) -> None:
        """Bring every lamp to where it should be now; keep and report what is due."""
        if self._watch.turn(now_us / 1e6):
            log.warning("the monitor has not been heard for a minute: safe level")
            self._board = made_safe(self._board, self._setup, now_us)
        for output in self._outputs:
            output.turn(self._board, now_us)
        self._moving = self._board.moving(now_us)
        shown = levels(self._board, self._setup, now_us)
        self._keeper.tell(shown, now_us)
        self._keep(shown, now_us)
        self._say(shown, now_us)

    def close(self, now_us: int) -> None:
        """End as one should: lamps that fade by themselves go to house light, the keeper does it for the others."""
        board = made_safe(self._board, self._setup, now_us, HOUSE_FADE_US, self._setup.house_level)
        self._keeper.tell(levels(self._board, self._setup, now_us), now_us, close=True)
        # The keeper writes down where it brings the lamps; without one this is where they will be.
        end_us = now_us if self._keeper.pid else now_us + HOUSE_FADE_US
        self._keep(levels(board, self._setup, end_us), now_us, ended=True)
        for output in self._outputs:
            if output.fades_by_itself:
                output.turn(board, now_us)
        # Side by side: a controller that does not answer must not hold up the others.
        closing = [
            threading.Thread(target=output.close, args=(True,), name=f"close-{output.name}", daemon=True)
            for output in self._outputs
        ]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(CLOSE_S)
        self._keeper.let_go()

    def _keep(self, shown: dict[str, float], now_us: int, ended: bool = False) -> None:
        before = self._written
        if before is not None and not ended:
            moved = any(abs(shown[name] - before.levels.get(name, -9.0)) >= 1 for name in shown)
            stood = before.going and not self._moving
            if not moved and not stood and now_us - before.mono_us < KEPT_US:
                return
        kept = kept_of(self._board, self._setup, self._owner, "light", self._boot, now_us, self._keeper.pid)
        if ended:
            kept = msgspec.structs.replace(kept, levels=shown, going={}, ended=True)
        self._written = kept
        try:
            write_kept(self._path, kept)
        except OSError as trouble:
            log.info("the light's levels are not kept: %s", trouble)

    def _say(self, shown: dict[str, float], now_us: int) -> None:
        if not self._attached:
            return
        rounded = {name: round(level, 1) for name, level in shown.items()}
        if self._ready_due:
            self._ready_due = False
            zones = tuple((name, self._setup.label(name)) for name in self._setup.zone)
            self._report(le.LightReady(zones, rounded, self._setup.simulated, self._text, now_us))
            self._reported, self._troubles = None, {}
            if self._took_over is not None:
                self._report(le.LightAlone(*self._took_over, now_us))
                self._took_over = None
        for alone in self._alone:
            self._report(le.LightAlone(*alone, now_us))
        self._alone.clear()
        confirmed: dict[str, float] = {}
        for output in self._outputs:
            status = output.status
            held = self._troubles.get(output.name, "")
            if status.trouble and status.trouble != held:
                self._report(le.LampTrouble(output.name, output.zones, status.trouble, now_us))
            elif held and not status.trouble:
                self._report(le.LampBack(output.name, output.zones, now_us))
            self._troubles[output.name] = status.trouble
            if status.confirmed is not None:
                for zone in output.zones:
                    confirmed[zone] = round(min(status.confirmed, confirmed.get(zone, 100.0)), 1)
        now = (rounded, confirmed, not self._moving)
        ended = self._reported is not None and not self._reported[2] and now[2]
        if now != self._reported and (ended or now_us - self._reported_us >= REPORT_US):
            self._reported, self._reported_us = now, now_us
            self._report(le.LightDelivered(rounded, confirmed, now[2], now_us))


def _took_over(kept: Kept | None, boot: str, now_us: int) -> tuple[float, str] | None:
    """What is to be said of the time since another light process died; None when nothing of this boot was kept."""
    if kept is None or kept.ended or kept.boot != boot or not 0 <= now_us - kept.mono_us < RESUMED_GAP_US:
        return None
    gap_s = (now_us - kept.mono_us) / 1e6
    if kept.by == KEEPER:
        return gap_s, "the light was started again; its keeper had held the lamps meanwhile"
    return gap_s, "the light was started again at the level it had"
