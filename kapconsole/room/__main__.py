"""`python -m kapconsole.room`: the room process, started by the launcher. It has no outputs yet and says so."""

from __future__ import annotations

import queue
import signal
import sys
import threading

from kapconsole.diary import keep_diary
from kapconsole.lifeline import read_orders, when_launcher_is_gone
from kapconsole.peer import Attachment
from kapconsole.wire import CueGo, CueReport, Goodbye

TURN_S = 0.25
NO_OUTPUTS = "no music, light or stimulation outputs in this version"


def main() -> int:
    """Attach, answer each cue with what was delivered (nothing), end with the session or the launcher."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_diary("room")
    orders = read_orders()
    gone = threading.Event()
    when_launcher_is_gone(gone.set)
    attachment = Attachment(orders.address, "room")
    while not gone.is_set():
        try:
            message = attachment.take(TURN_S)
        except queue.Empty:
            continue
        if isinstance(message, CueGo):
            attachment.send(CueReport(message.cue, False, NO_OUTPUTS))
        elif isinstance(message, Goodbye):
            break
    attachment.close()
    return 0


sys.exit(main())
