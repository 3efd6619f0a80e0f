"""Work beside the window: one thread, results handed back to the thread that draws, called off when the window goes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QObject, QTimer

POLL_MS = 40
END_S = 2.0

Result = TypeVar("Result")


class Work(QObject):
    """Jobs one after the other. A job hears from `wanted` whether its window is still there."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ended = threading.Event()
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._under_way = 0
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self.deliver)

    def do(
        self, job: Callable[[], Result], done: Callable[[Result], None], failed: Callable[[Exception], None]
    ) -> None:
        """Do `job` on the thread; then `done` with what it gave, or `failed` with what it raised, where this lives."""

        def run() -> None:
            try:
                result = job()
            except Exception as fault:
                self._answers.put(lambda fault=fault: self._answered(lambda: failed(fault)))  # type: ignore[misc]
            else:
                self._answers.put(lambda: self._answered(lambda: done(result)))

        if self._ended.is_set():
            return
        self._under_way += 1
        self._jobs.put(run)
        if self._thread is None:
            # A daemon: a window that was closed does not wait for a long verification.
            self._thread = threading.Thread(target=self._serve, name="replay work", daemon=True)
            self._thread.start()
        self._timer.start()

    def tell(self, words: Callable[[], None]) -> None:
        """From within a job: call `words` where this lives."""
        self._answers.put(words)

    def wanted(self) -> bool:
        """False once the window is gone; a long job asks now and then."""
        return not self._ended.is_set()

    @property
    def busy(self) -> bool:
        """True while a job is under way."""
        return self._under_way > 0

    def deliver(self) -> None:
        """Hand over what has come."""
        while True:
            try:
                answer = self._answers.get_nowait()
            except queue.Empty:
                break
            if self.wanted():
                answer()
        if not self._under_way:
            self._timer.stop()

    def end(self) -> None:
        """Call everything off and wait a moment for the thread."""
        self._ended.set()
        self._timer.stop()
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join(END_S)

    def _answered(self, then: Callable[[], None]) -> None:
        self._under_way -= 1
        then()

    def _serve(self) -> None:
        while (job := self._jobs.get()) is not None and self.wanted():
            job()
