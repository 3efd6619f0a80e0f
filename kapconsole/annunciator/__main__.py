"""`python -m kapconsole.annunciator`: the annunciator process, started by the launcher."""

from __future__ import annotations

import logging
import queue
import signal
import sys
import threading
import time

from kapconsole.annunciator.signal import open_output
from kapconsole.annunciator.watch import HeartWatch
from kapconsole.lifeline import read_orders, when_launcher_is_gone
from kapconsole.peer import Attachment
from kapconsole.wire import Beat, Goodbye

log = logging.getLogger("kapconsole.annunciator")

TURN_S = 0.25
AFTER_LAUNCHER_S = 120.0
"""The failure signal lasts at least this long when everything else is gone (alarm reference, self-supervision)."""


def main() -> int:
    """Listen for the monitor's heart; sound the failure signal while it is not heard; end with the session."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = read_orders()
    gone = threading.Event()
    when_launcher_is_gone(gone.set)
    output = open_output(orders.alarm_out)
    attachment = Attachment(orders.address, "annunciator")
    attachment.trouble = output.trouble
    watch = HeartWatch(time.monotonic())
    sounding = False
    gone_since_s: float | None = None
    while True:
        try:
            message = attachment.take(TURN_S)
        except queue.Empty:
            message = None
        now_s = time.monotonic()
        if isinstance(message, Beat):
            watch.beat(now_s)
        elif isinstance(message, Goodbye):
            break
        if watch.failed(now_s) != sounding:
            sounding = not sounding
            output.sound(sounding)
            print(
                f"kapconsole: failure signal {'on: the monitor is not heard' if sounding else 'off'}", file=sys.stderr
            )
        if gone.is_set():
            # Without launcher nobody will bring the monitor back: be heard, then end. With a monitor: go on with it.
            gone_since_s = gone_since_s or now_s
            if sounding and now_s - gone_since_s > AFTER_LAUNCHER_S:
                break
    output.close()
    attachment.close()
    return 0


sys.exit(main())
