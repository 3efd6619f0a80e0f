"""The console process: contact first, then the window, so that values are there when it opens."""

from __future__ import annotations

import faulthandler
import logging
import signal
import sys

from kapconsole.config import read_config
from kapconsole.console.feed import LiveFeed
from kapconsole.diary import keep_diary
from kapconsole.lifeline import read_orders, when_launcher_is_gone
from kapconsole.paths import config_dir
from kapconsole.wire import Address

log = logging.getLogger("kapconsole.console")

GOODBYE_CHECK_MS = 500
"""How often to look whether the session is over; the window shows "session closed" for about that long."""


def attach(address: Address, station: str = "", staff: str = "") -> int:
    """Open a window on the session at `address`; returns when it is closed or the session ends.

    `station`: the name of this place where it is not the room's own, for `staff` (nurse, prescriber, ...).
    """
    feed = LiveFeed(address, station=station, staff=staff)  # its thread fetches the history while Qt is being imported
    from PySide6.QtCore import QTimer, qInstallMessageHandler
    from PySide6.QtWidgets import QApplication

    from kapconsole.qtcheck import refuse_broken_qt

    trouble = refuse_broken_qt()
    if trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        feed.close()
        return 2
    from kapconsole.console.caresite import CareSite
    from kapconsole.console.watchdog import Watchdog
    from kapconsole.console.window import ConsoleWindow

    faulthandler.enable()
    qInstallMessageHandler(lambda kind, context, text: log.warning("Qt: %s", text))
    app = QApplication(["kapconsole"])
    window = ConsoleWindow(
        feed,
        role=staff or "nurse",
        presets=config_dir() / "alarm_presets",
        site=CareSite(config_dir() / "clinical"),
        place=feed.place,
        station=feed,
        stop_key=read_config()[0].stop_key,
    )
    watchdog = Watchdog(window.paint_log, feed.frozen)
    # Not quit(): that asks the window, which asks the person.
    signal.signal(signal.SIGTERM, lambda number, frame: app.exit(0))
    farewell = QTimer()
    farewell.timeout.connect(lambda: window.leave() if feed.goodbye is not None else None)
    farewell.start(GOODBYE_CHECK_MS)
    window.show()
    watchdog.start()
    code = app.exec()
    watchdog.stop()
    feed.close()
    return int(code)


def main() -> int:
    """The process: orders on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_diary("console")
    orders = read_orders()
    when_launcher_is_gone(lambda: None)
    return attach(orders.address)
