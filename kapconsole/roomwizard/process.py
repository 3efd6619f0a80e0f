"""Opens the room's set-up as a window, never while a session runs: that owns sound, light and ports."""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable

from kapconsole.diary import keep_diary
from kapconsole.roomwizard.draft import in_force, read_draft

log = logging.getLogger("kapconsole.roomwizard")

GOES_ON = "An unfinished set-up from last time goes on"


def set_up(in_session: Callable[[], bool]) -> int:
    """Show the window and return when it is closed. `in_session`: whether a session runs on this machine."""
    from PySide6.QtWidgets import QApplication

    from kapconsole.console.theme import apply
    from kapconsole.qtcheck import refuse_broken_qt
    from kapconsole.roomwizard.desk import Desk
    from kapconsole.roomwizard.window import RoomWindow

    trouble = refuse_broken_qt()
    if trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        return 1
    keep_diary("room-set-up")
    now, wrong = in_force()
    waiting = read_draft()
    app = QApplication(["kapconsole"])
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    apply()
    desk = Desk(now if waiting is None else waiting, in_session=in_session)
    desk.unkept = waiting is not None and waiting != now
    notes = [wrong, GOES_ON if desk.unkept else ""]
    window = RoomWindow(desk, ". ".join(note for note in notes if note))
    window.resize(1280, 800)
    window.show()
    return int(app.exec())
