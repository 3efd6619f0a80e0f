"""The test pattern on ALARM_OUT, through the very code that sounds an alarm; on a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from kapconsole.annunciator.named import open_output
from kapconsole.annunciator.output import NoOutput, Output
from kapconsole.annunciator.sequence import Sequence

TURN_S = 0.05
LONGEST_S = 8.0
TAIL_S = 0.3

Opening = Callable[[str], tuple[Output, Sequence]]


class Speaker:
    """One test at a time. `told` is called on the test's thread: what is wrong in words (empty: nothing)."""

    def __init__(self, told: Callable[[str], None], opening: Opening = open_output) -> None:
        self._told, self._opening = told, opening
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """True while it sounds or is about to."""
        return self._thread is not None and self._thread.is_alive()

    def test(self, name: str) -> None:
        """Play the test pattern once; one that runs ends first."""
        self.close()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(name, self._ended), name="speaker-test", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Silent as soon as the device is given back; does not wait for it."""
        self._ended.set()

    def close(self) -> None:
        """The same, and waits for it."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self, name: str, ended: threading.Event) -> None:
        try:
            output, sequence = self._opening(name)
        except NoOutput as trouble:
            self._told(str(trouble))
            return
        words = ""
        try:
            if not ended.is_set():
                sequence.test()
            until_s = time.monotonic() + LONGEST_S
            while sequence.test_waits and not ended.wait(TURN_S):
                words = output.look(time.monotonic())
                if output.lost or time.monotonic() > until_s:
                    words = words or "the alarm speaker takes no sound"
                    break
            if not words:
                ended.wait(TAIL_S)
        finally:
            output.close()
        self._told(words)
