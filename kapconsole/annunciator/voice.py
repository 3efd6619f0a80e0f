"""The annunciator's decisions: what the monitor says becomes sound, and what was sounded is told; no I/O of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

from msgspec.structs import replace

from kapconsole.alarms.bursts import TEST
from kapconsole.annunciator.output import Output
from kapconsole.annunciator.selftest import judged
from kapconsole.annunciator.sequence import Begun, Sequence
from kapconsole.annunciator.watch import HeartWatch
from kapconsole.clock import ClockFrame, SessionClock
from kapconsole.wire import Beat, Message, SelfTest, Sound, Sounded, Welcome

TEST_TAIL_S = 0.5
"""How long after the test pattern's end the reading back goes on: longer than an output's latency."""

UNTOLD = 200
"""Reports kept while the monitor is not there."""


class Voice:
    """Fed with messages and time (monotonic seconds); `turn` several times a second."""

    def __init__(
        self,
        output: Output,
        sequence: Sequence,
        frame: ClockFrame | None,
        tell: Callable[[Message], bool],
        now_s: float,
    ) -> None:
        """Begins with a self-test. `tell` sends to the monitor, and says whether there is contact.

        `frame`: None until the monitor says in its welcome when the session began; nothing is told before.
        """
        self.failing = False
        """True while the failure signal sounds: the monitor is not heard."""
        self.trouble = ""
        """Why nothing can be heard, in words for the staff."""
        self._output = output
        self._sequence = sequence
        self._frame = frame
        self._tell = tell
        self._watch = HeartWatch(now_s)
        self._untold: deque[tuple[int, Sounded]] = deque(maxlen=UNTOLD)
        self._reads_back = False
        self._tested: Begun | None = None
        self._start_test()

    def hear(self, message: Message | None, now_s: float) -> None:
        """Take a message of the monitor."""
        if isinstance(message, Beat):
            self._watch.beat(now_s)
        elif isinstance(message, Welcome):
            self._frame = message.frame
            self._watch.beat(now_s)  # a monitor that dies before its first heartbeat is missed as soon as any other
        elif isinstance(message, Sound):
            self._sequence.sound(message)
        elif isinstance(message, SelfTest) and not self._sequence.test_waits and self._tested is None:
            self._start_test()

    def turn(self, now_s: float) -> None:
        """Look at the heart, the output and the self-test; tell what there is to tell."""
        trouble = self._output.look(now_s)
        if trouble != self.trouble:
            self.trouble = trouble
            self._tell(Beat(trouble))  # not only with the next heartbeat
        failing = self._watch.failed(now_s)
        if failing != self.failing:
            self.failing = failing
            self._sequence.failure(failing)
        while self._sequence.begun:
            self._note(self._sequence.begun.popleft())
        if self._tested is not None and not self._sequence.test_waits:
            if now_s >= self._tested.heard_ns / 1e9 + TEST.length_s + TEST_TAIL_S:
                self._end_test(self._tested)
        while self._untold and self._frame is not None:
            heard_ns, told = self._untold[0]
            at_us = SessionClock(self._frame, partial(int, heard_ns)).now_us()
            if not self._tell(replace(told, at_mono_us=at_us)):
                break
            self._untold.popleft()

    def replace(self, output: Output) -> None:
        """The output has been lost; the sequence goes on in another."""
        self._output = output
        self._reads_back = False

    def _note(self, begun: Begun) -> None:
        if begun.what == "test":
            self._tested = begun  # told at its end; one that an alarm cuts begins again
        elif begun.what != "failure" or not begun.again:
            self._report(begun, not self.trouble, self.trouble)

    def _report(self, begun: Begun, ok: bool, text: str) -> None:
        told = Sounded(begun.what, 0, self._output.name, ok, text, begun.occurrences, begun.again)
        self._untold.append((begun.heard_ns, told))

    def _start_test(self) -> None:
        self._reads_back = self._output.listen()
        self._sequence.test()

    def _end_test(self, begun: Begun) -> None:
        self._tested = None
        ok, text = True, "the test pattern was given to the output; what arrived there cannot be read back here"
        if self._reads_back:
            self._reads_back = False
            ok, text = judged(self._output.overheard(), self._output.rate_hz)
        if self.trouble:
            ok, text = False, self.trouble
        self._report(begun, ok, text)
