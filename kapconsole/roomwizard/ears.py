"""Test sounds on PATIENT_OUT, through the very code that plays in a session; on a thread of its own, ended at once.

Opening an output may take seconds, a stop never does: what was asked before a stop does not begin after it.
"""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Callable
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from kapconsole.clock import SessionClock, new_frame
from kapconsole.room.named import open_sink
from kapconsole.room.patient_out import PatientOut, Source
from kapconsole.room.sinks import RATE_HZ, Sink
from kapconsole.roomwizard.waves import NOISE_PEAK_DBFS

LEAD_FRAMES = RATE_HZ // 10
TACTILE_FIRST = 2
REST_S = 1.0
"""An output is given back so long after a stop."""


Opening = Callable[..., Sink]
MakeSource = Callable[[int], Source]
"""A source that begins at a frame of the stream."""


class Sounding(msgspec.Struct, frozen=True):
    """How it stands. `state`: opening, playing, stopped, failed; `text`: what is wrong, for the staff."""

    state: str
    text: str = ""
    volume: float | None = None


class _Job(NamedTuple):
    number: int
    name: str
    alarm_out: str
    tactile: bool
    source: MakeSource | None
    ready: Callable[[PatientOut], None] | None


class Ears:
    """One output at a time. `told` is called on the worker's thread whenever something has become of it."""

    def __init__(self, told: Callable[[Sounding], None], opening: Opening = open_sink) -> None:
        self.clock = SessionClock(new_frame())
        self._told, self._opening = told, opening
        self._out: PatientOut | None = None
        self._using: tuple[str, str, bool] = ("", "", False)
        self._lock = threading.Lock()
        self._newest = 0
        self._idle = False
        self._volumes: dict[str, float] = {}
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def play(self, name: str, alarm_out: str, source: MakeSource, tactile: bool = False) -> None:
        """Play a source on `name`, and nothing else; never above -12 dBFS. `tactile`: on channels 3 and 4."""
        self._ask(name, alarm_out, tactile, source, None)

    def lend(self, name: str, alarm_out: str, tactile: bool, ready: Callable[[PatientOut], None]) -> None:
        """Open `name` and give it to `ready`, on the worker's thread; it stays this object's to close."""
        self._ask(name, alarm_out, tactile, None, ready)

    def stop(self) -> None:
        """Silent within 100 ms; what is still to be opened does not begin."""
        with self._lock:
            self._newest += 1
            self._idle = True
            out = self._out
        if out is not None:
            out.stop_now()
        self._told(Sounding("stopped"))

    def volume_of(self, name: str) -> float | None:
        """The system's own volume of an output when it was in use last, 1 is full; None: not known."""
        out = self._out
        if out is not None and out.name == name and out.state.volume is not None:
            return out.state.volume
        return self._volumes.get(name)

    def close(self) -> None:
        """Silent, and the output given back."""
        if self._thread is None:
            return
        with self._lock:
            self._newest += 1
            if self._out is not None:
                self._out.stop_now()
        self._jobs.put(None)
        self._thread.join()
        self._thread = None

    # -- the worker -----------------------------------------------------------------------------------------------

    def _ask(
        self,
        name: str,
        alarm_out: str,
        tactile: bool,
        source: MakeSource | None,
        ready: Callable[[PatientOut], None] | None,
    ) -> None:
        with self._lock:
            self._newest += 1
            self._idle = False
            job = _Job(self._newest, name, alarm_out, tactile, source, ready)
            if self._out is not None:
                self._out.stop_now()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="test-sounds", daemon=True)
            self._thread.start()
        self._told(Sounding("opening"))
        self._jobs.put(job)

    def _run(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=REST_S)
            except queue.Empty:
                if self._idle:
                    self._give_back()  # a session that begins now finds it free
                continue
            if job is None:
                break
            if job.number == self._newest:
                self._begin(job)
        self._give_back()

    def _begin(self, job: _Job) -> None:
        out = self._opened(job)
        if out.state.state != "playing":
            self._told(Sounding("failed", out.state.text or "the output does not play"))
            self._give_back()
            return
        if job.tactile and job.source is not None and not out.has_tactile:
            self._told(Sounding("failed", "this output has no channels 3 and 4: the pulsers need four channels"))
            return
        with self._lock:
            if job.number != self._newest:
                return
            if job.source is not None:
                source = job.source(out.earliest() + LEAD_FRAMES)
                out.add(source, NOISE_PEAK_DBFS, TACTILE_FIRST if job.tactile else 0)
        if job.ready is not None:
            job.ready(out)
        self._told(Sounding("playing", out.state.text, out.state.volume))

    def _opened(self, job: _Job) -> PatientOut:
        using = (job.name, job.alarm_out, job.tactile)
        if self._out is not None and self._using == using and self._out.state.state == "playing":
            return self._out
        self._give_back()
        opening = functools.partial(self._opening, alarm_out=job.alarm_out, tactile=job.tactile)
        out = PatientOut(job.name, self.clock, opening)
        out.start(_silence)
        self._out, self._using = out, using
        return out

    def _give_back(self) -> None:
        out, self._out = self._out, None
        if out is not None:
            if out.state.volume is not None:
                self._volumes[out.name] = out.state.volume
            out.close()


def _silence(first: int, count: int) -> NDArray[np.float32]:
    """There is no music here."""
    return np.zeros((count, 2), np.float32)
