"""The annunciator process: orders, the wire, one output, and a way back when that is lost."""

from __future__ import annotations

import gc
import queue
import signal
import sys
import threading
import time

from kapconsole.alarms.bursts import RATE_HZ
from kapconsole.annunciator.named import open_output
from kapconsole.annunciator.output import NoOutput, NoSpeaker, Output
from kapconsole.annunciator.sequence import Sequence
from kapconsole.annunciator.voice import Voice
from kapconsole.lifeline import Orders, read_orders, when_launcher_is_gone
from kapconsole.peer import Attachment
from kapconsole.sound.comeback import Comeback
from kapconsole.wire import Goodbye

TURN_S = 0.1
AFTER_LAUNCHER_S = 120.0
"""The failure signal lasts at least this long when everything else is gone (IEC 60601-1-8, annex A, 6.3.3.1)."""

REOPEN = 3
"""Exit code when the alarm speaker is back: a new process sees it, and the launcher starts one at once."""


def main() -> int:
    """Sound what the monitor says, and the failure signal while it is not heard; end with the session."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = read_orders()
    gone = threading.Event()
    when_launcher_is_gone(gone.set)
    output, sequence = _open(orders)
    attachment = Attachment(orders.address, "annunciator")
    attachment.trouble = output.look(time.monotonic())
    voice = Voice(output, sequence, None, attachment.send, time.monotonic())
    comeback: Comeback | None = None
    failing = False
    gone_since_s: float | None = None
    # What is there now stays; a collection would hold up the callback that gives samples.
    gc.collect()
    gc.freeze()
    code = 0
    while True:
        try:
            message = attachment.take(TURN_S)
        except queue.Empty:
            message = None
        now_s = time.monotonic()
        if isinstance(message, Goodbye):
            break
        voice.hear(message, now_s)
        voice.turn(now_s)
        attachment.trouble = voice.trouble
        if voice.failing != failing:
            failing = voice.failing
            print(f"kapconsole: failure signal {'on: the monitor is not heard' if failing else 'off'}", file=sys.stderr)
        if output.lost and not isinstance(output, NoSpeaker):
            output.close()
            output = NoSpeaker(output.name, voice.trouble, sequence.fill, sequence.rate_hz, now_s)
            voice.replace(output)
        if output.lost and orders.alarm_out:
            comeback = comeback or Comeback("kapconsole.annunciator.named", orders.alarm_out, now_s)
            if comeback.turn(now_s):
                code = REOPEN
                break
        if gone.is_set():
            # Without launcher nobody will bring the monitor back: be heard, then end. With a monitor: go on with it.
            gone_since_s = gone_since_s or now_s
            if failing and now_s - gone_since_s > AFTER_LAUNCHER_S:
                break
    if comeback is not None:
        comeback.close()
    output.close()
    attachment.close()
    return code


def _open(orders: Orders) -> tuple[Output, Sequence]:
    try:
        return open_output(orders.alarm_out, orders.alarm_keepalive_dbfs)
    except NoOutput as trouble:
        sequence = Sequence()
        return NoSpeaker(orders.alarm_out, str(trouble), sequence.fill, RATE_HZ, time.monotonic()), sequence
