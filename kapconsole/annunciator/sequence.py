"""Which samples come next: pure, counted in frames, told by commands what is wanted.

A burst that has begun is finished before a lower priority or silence takes effect; a higher priority takes over at the
next gap between two pulses; a person's audio pause ends the burst there too, so within the length of one pulse.
"""

from __future__ import annotations

from collections import deque

import msgspec
import numpy as np

from kapconsole.alarms.bursts import MAX_LOUDER_DB, RATE_HZ, Samples, signals
from kapconsole.wire import Sound

RANK = {"none": 0, "test": 1, "low": 2, "medium": 3, "high": 4, "failure": 5}

TAKEOVER_S = 0.05
"""Silence between a burst that is cut and the one of a higher priority."""

RENEWED_S = 0.5
"""Least silence when sound was not wanted any more and is wanted again: a limit that chatters is not one long tone."""

LEAST_REST_S = 2.5
"""Least silence before a new occurrence of the same priority, or a lower one, is sounded (IEC 60601-1-8, table 3)."""

NOISE_S = 1.0


class Begun(msgspec.Struct, frozen=True):
    """A burst has begun: at which frame of the stream, when its first sample is heard (monotonic ns), for whom.

    `again`: it repeats one that was begun for the same occurrences.
    """

    what: str
    frame: int
    heard_ns: int
    occurrences: tuple[int, ...] = ()
    again: bool = False


class Sequence:
    """The stream's content. `fill` belongs to the stream; everything else may be called from one other thread."""

    def __init__(self, rate_hz: int = RATE_HZ, noise_dbfs: float | None = None) -> None:
        """`noise_dbfs`: uniform noise of this peak is always there, for outputs that fall asleep in digital silence."""
        self.begun: deque[Begun] = deque(maxlen=1000)
        """What has begun, oldest first; taken away by whoever reports it."""
        self.rate_hz = rate_hz
        self._signals = signals(rate_hz=rate_hz)
        self._told: deque[Sound | bool | None] = deque()
        self._noise: Samples | None = None
        if noise_dbfs is not None:
            level = 10 ** (noise_dbfs / 20)
            noise = np.random.default_rng(0).uniform(-level, level, round(NOISE_S * rate_hz))
            self._noise = noise.astype(np.float32)
        self._frame = 0
        self._steady = Sound("none")
        self._owed: dict[str, Sound] = {}
        self._failure = False
        self._tests_asked = self._tests_told = self._tests_done = 0
        self._playing = ""
        self._at = 0
        self._stop = 0
        self._gain = np.float32(1.0)
        self._cut = False
        self._last = ""
        self._last_end = 0
        self._quiet = False
        self._sounded: frozenset[int] = frozenset()

    # -- commands -------------------------------------------------------------------------------------------------

    def sound(self, wanted: Sound) -> None:
        """What is to be heard from now on."""
        self._told.append(wanted)

    def failure(self, on: bool) -> None:
        """Begin or end the failure signal."""
        self._told.append(on)

    def test(self) -> None:
        """Play the test pattern once, when nothing else is to be heard. Begins anew when an alarm cuts it."""
        self._tests_asked += 1
        self._told.append(None)

    @property
    def test_waits(self) -> bool:
        """True until a test pattern that was asked for has been played to its end."""
        return self._tests_asked > self._tests_done

    # -- samples --------------------------------------------------------------------------------------------------

    def fill(self, out: Samples, heard_ns: int = 0) -> None:
        """Write the next len(out) frames. `heard_ns`: monotonic time at which the first of them will be heard."""
        while self._told:
            self._obey(self._told.popleft())
        out.fill(0.0)
        at, end = 0, len(out)
        while at < end:
            if self._playing:
                at += self._copy(out[at:])
                continue
            start = self._next_start()
            if start is None or start >= self._frame + end - at:
                self._frame += end - at
                break
            skip = max(0, start - self._frame)
            at += skip
            self._frame += skip
            self._begin(heard_ns + at * 1_000_000_000 // self.rate_hz)
        if self._noise is not None:
            out += self._noise.take(np.arange(self._frame - end, self._frame), mode="wrap")

    def _copy(self, out: Samples) -> int:
        signal = self._signals[self._playing]
        frames = min(len(out), self._stop - self._at)
        np.multiply(signal.samples[self._at : self._at + frames], self._gain, out=out[:frames])
        self._at += frames
        self._frame += frames
        if self._at >= self._stop:
            if self._playing == "test" and self._stop == len(signal.samples):
                self._tests_done = self._tests_told
            self._last, self._last_end = self._playing, self._frame
            self._playing = ""
            self._cut = False
        return frames

    # -- decisions ------------------------------------------------------------------------------------------------

    def _obey(self, told: Sound | bool | None) -> None:
        if told is None:
            self._tests_told += 1
        elif isinstance(told, bool):
            self._failure = told
        else:
            if told.cut:
                self._owed.clear()
            if told.once:
                self._owed[told.priority] = told
            else:
                self._steady = told
            if told.cut:
                self._cut = self._playing not in ("", "failure") and RANK[self._playing] > RANK[self._wanted()]
        if self._wanted() == "none":
            self._quiet = True
        if self._playing:
            signal = self._signals[self._playing]
            leave = self._cut or RANK[self._wanted()] > RANK[self._playing]
            self._stop = signal.cut_at(self._at) if leave else len(signal.samples)

    def _wanted(self) -> str:
        candidates = ["none", self._steady.priority, *self._owed]
        if self._tests_told > self._tests_done:
            candidates.append("test")
        if self._failure:
            candidates.append("failure")
        return max(candidates, key=RANK.__getitem__)

    def _command(self, what: str) -> Sound:
        """The command for which `what` is sounded."""
        if what == self._steady.priority:
            return self._steady
        return self._owed.get(what, Sound("none"))

    def _next_start(self) -> int | None:
        """The frame at which the next burst may begin; None: there is none."""
        what = self._wanted()
        if what == "none":
            return None
        if not self._last:
            return self._frame
        if RANK[what] > RANK[self._last]:
            wait_s = TAKEOVER_S
        elif self._quiet or (self._last in ("failure", "test") and what != self._last):
            wait_s = RENEWED_S  # neither is an alarm's burst, and an alarm waits for neither
        elif (
            what == self._last and what not in self._owed and self._sounded.issuperset(self._command(what).occurrences)
        ):
            wait_s = self._signals[what].rest_s
        else:
            wait_s = LEAST_REST_S
        return self._last_end + round(wait_s * self.rate_hz)

    def _begin(self, heard_ns: int) -> None:
        what = self._wanted()
        command = self._command(what)
        again = what == self._last and not self._quiet and self._sounded.issuperset(command.occurrences)
        # What is owed to the same or a lower priority is heard with it: only the highest sounds.
        owed = [self._owed.pop(each) for each in list(self._owed) if RANK[each] <= RANK[what]]
        same = [each.occurrences for each in owed if each.priority == what]
        occurrences = tuple(dict.fromkeys(sum(same, command.occurrences)))
        self._gain = np.float32(10 ** (min(max(command.louder_db, 0.0), MAX_LOUDER_DB) / 20))
        self._playing, self._at, self._stop = what, 0, len(self._signals[what].samples)
        self._quiet = False
        self._sounded = frozenset(occurrences)
        self.begun.append(Begun(what, self._frame, heard_ns, occurrences, again))
