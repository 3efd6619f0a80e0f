"""Notices from another thread that the window is frozen: a frozen screen looks as if there were no alarm (T11)."""

from __future__ import annotations

import faulthandler
import logging
import threading
from collections.abc import Callable

from kapconsole.console.flash import monotonic_us
from kapconsole.console.paintlog import PaintLog

FROZEN_US = 3_000_000
"""A window that has not looked, or not painted what it owes, for this long is frozen (desktop reference, hang)."""

EVERY_S = 0.5

log = logging.getLogger(__name__)


class Watchdog:
    """`told` is called, on the watching thread, with the seconds when the window freezes, and with 0 when it is back.

    The first time, the stacks of all threads go to standard error, where a crash would leave its own.
    """

    def __init__(
        self, paint_log: PaintLog, told: Callable[[float], object], clock_us: Callable[[], int] = monotonic_us
    ) -> None:
        self._log, self._told, self._clock_us = paint_log, told, clock_us
        self._frozen = False
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="console watchdog", daemon=True)

    def start(self) -> None:
        """Watch until `stop`."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._enough.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Look once."""
        stuck_us = self._log.stuck_us(self._clock_us())
        if stuck_us >= FROZEN_US and not self._frozen:
            self._frozen = True
            self._told(stuck_us / 1e6)
            log.error("the window has been frozen for %.1f s", stuck_us / 1e6)
            faulthandler.dump_traceback(all_threads=True)
        elif stuck_us < FROZEN_US and self._frozen:
            self._frozen = False
            self._told(0.0)
            log.info("the window paints again")

    def _watch(self) -> None:
        while not self._enough.wait(EVERY_S):
            self.look()
