"""`python -m kapconsole.room`: the room process, started by the launcher: what the patient perceives."""

from __future__ import annotations

import contextlib
import functools
import gc
import os
import queue
import signal
import sys
import threading
import time

from kapconsole.clock import SessionClock, boot_id
from kapconsole.diary import keep_diary
from kapconsole.lifeline import read_orders, when_launcher_is_gone
from kapconsole.paths import state_dir
from kapconsole.peer import Attachment
from kapconsole.room.keeping import Keeper
from kapconsole.room.music import Music
from kapconsole.room.named import open_sink
from kapconsole.room.patient_out import PatientOut
from kapconsole.room.shelf import Shelf
from kapconsole.room.stimulation import Stimulation
from kapconsole.roomsetup import read_setup
from kapconsole.sound.comeback import Comeback
from kapconsole.sound.server import HOST_API
from kapconsole.wire import Goodbye

TURN_S = 0.1
PRIORITY = -10
REOPEN = 3
"""Exit code when a lost device is back: a new process sees it, and the launcher starts one at once."""


def main() -> int:
    """Play what the monitor passes on and tell what was heard; end with the session, or with launcher and monitor."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _come_first()
    told_to_end = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: told_to_end.set())
    keep_diary("room")
    orders = read_orders()
    gone = threading.Event()
    when_launcher_is_gone(gone.set)
    clock = SessionClock(orders.frame)
    opening = functools.partial(open_sink, alarm_out=orders.alarm_out, tactile=read_setup()[0].tactile.channels)
    out = PatientOut(orders.patient_out, clock, opening)
    attachment = Attachment(orders.address, "room")
    keeper = Keeper(state_dir() / "room.json", orders.session_id, boot_id())
    music = Music(out, clock, keeper, attachment.send, Shelf())
    stimulation = Stimulation(out, orders.frame, attachment.send, orders.simulated)
    stimulation.start()

    def end(number: int, frame: object) -> None:
        told_to_end.set()
        stimulation.halt()  # a set does not wait for this loop

    signal.signal(signal.SIGTERM, end)
    # What is there now stays; a collection would hold up the mixing.
    gc.collect()
    gc.freeze()
    gc.disable()
    closed = back = False
    comeback: Comeback | None = None
    # Without launcher nobody starts a monitor again: a room that has neither fades out.
    while not (closed or back or told_to_end.is_set() or (gone.is_set() and not attachment.attached)):
        now_s = time.monotonic()
        try:
            message = attachment.take(TURN_S)
        except queue.Empty:
            pass
        else:
            closed = isinstance(message, Goodbye)
            stimulation.take(message)
            music.take(message, now_s)
        music.turn(now_s)
        attachment.trouble = stimulation.trouble
        if out.state.state == "lost" and not orders.patient_out.startswith(HOST_API):
            comeback = comeback or Comeback("kapconsole.room.named", orders.patient_out, now_s)
            back = comeback.turn(now_s)
    if comeback is not None:
        comeback.close()
    stimulation.close()
    told_to_end.clear()
    if not back:
        threading.Event().wait(music.fade_out())
        music.turn(time.monotonic())
    out.close()
    music.close()
    keeper.forget() if closed else keeper.ended_well()
    attachment.close()
    return REOPEN if back else 0


def _come_first() -> None:
    """Where the system lets us: before whatever else keeps this machine busy."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)


sys.exit(main())
