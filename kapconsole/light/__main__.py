"""`python -m kapconsole.light`: the light process, started by the launcher."""

from __future__ import annotations

import queue
import signal
import sys
import threading
import time

import msgspec

from kapconsole.clock import ClockFrame, SessionClock, boot_id
from kapconsole.cues.light import events as le
from kapconsole.cues.light.setup import DEMO, SetupError, setup_or_demo
from kapconsole.diary import keep_diary
from kapconsole.lifeline import read_orders, when_launcher_is_gone
from kapconsole.light.memory import installation_cid, kept_file
from kapconsole.light.outputs import open_outputs
from kapconsole.light.process import Light
from kapconsole.paths import FolderTrouble, config_dir
from kapconsole.peer import Attachment
from kapconsole.wire import Did, Do, Goodbye, Welcome

TICK_S = 0.025
REST_S = 0.2
ORPHAN_S = 120.0
"""Without launcher and monitor the light holds the safe level for as long before it ends."""

BAD_ORDERS = 2


def main() -> int:
    """Turn the lamps as the monitor says; be careful by itself when that is not heard; end with the session."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_diary("light")
    orders = read_orders()
    gone, told_to_end = threading.Event(), threading.Event()
    when_launcher_is_gone(gone.set)
    signal.signal(signal.SIGTERM, lambda number, frame: told_to_end.set())
    try:
        folder, path, cid = config_dir(), kept_file(), installation_cid()
        setup, text = setup_or_demo(folder)
        try:
            outputs = open_outputs(setup, cid, folder)
        except SetupError as trouble:
            setup, text = DEMO, f"no lamp is used: {trouble}"
            outputs = open_outputs(setup, cid, folder)
    except (FolderTrouble, OSError) as trouble:
        print(f"kapconsole: the light cannot be run: {trouble}", file=sys.stderr)
        return BAD_ORDERS
    attachment = Attachment(orders.address, "light")
    attachment.trouble = text
    clock = SessionClock(orders.frame)

    def report(body: le.LightBody) -> None:
        attachment.send(Did(msgspec.structs.replace(body, at_us=session_us(clock.frame, body.at_us))))

    light = Light(
        setup, outputs, path, boot_id(), now_us(), report, cid=cid, folder=folder, speed=orders.frame.speed, text=text
    )
    due_s = heard_s = time.monotonic()
    while not told_to_end.is_set():
        try:
            message = attachment.take(max(0.0, due_s - time.monotonic()))
        except queue.Empty:
            message = None
        if message is not None:
            heard_s = time.monotonic()
            light.heard(now_us())
        if isinstance(message, Goodbye):
            break
        if isinstance(message, Welcome):
            clock = SessionClock(message.frame)
            light.attached()
        elif isinstance(message, Do) and isinstance(message.body, le.LightOrder):
            light.order(message.body, now_us())
            due_s = time.monotonic()
        now_s = time.monotonic()
        if now_s >= due_s:
            light.turn(now_us())
            # Levels come from the time, so a late turn is not made up for.
            due_s = max(now_s, due_s + TICK_S) if light.moving else now_s + REST_S
        if gone.is_set() and now_s - heard_s > ORPHAN_S:
            break
    light.close(now_us())
    attachment.close()
    return 0


def now_us() -> int:
    """This machine's steady clock, the same in all processes of a boot."""
    return time.monotonic_ns() // 1000


def session_us(frame: ClockFrame, mono_us: int) -> int:
    """Session time of a moment of the steady clock."""
    return int((mono_us * 1000 - frame.mono_origin_ns) * frame.speed) // 1000


if __name__ == "__main__":
    sys.exit(main())
