"""The only source of time: session time from one monotonic clock, anchored to UTC, scalable for the demo.

Session time is counted in whole microseconds since the session began (`mono_us`). The operating system's monotonic
clock is the same in all processes of a machine, so a `ClockFrame` sent over the wire gives every process the same
session time without any exchange of ticks.
"""

from __future__ import annotations

import platform
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec


class Clock(Protocol):
    """What all logic asks for the time."""

    def now_us(self) -> int:
        """Session time in microseconds since the session began."""
        ...

    def utc_us(self) -> int:
        """The same moment as microseconds since 1970 UTC, by the session's anchor (not by the wall clock)."""
        ...


class ClockFrame(msgspec.Struct, frozen=True):
    """Where session time stands: the monotonic and the UTC moment of its zero, and how fast it runs."""

    mono_origin_ns: int
    utc_origin_us: int
    speed: float = 1.0


class SessionClock:
    """Session time from the monotonic clock by a frame."""

    def __init__(self, frame: ClockFrame, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.frame = frame
        self._monotonic_ns = monotonic_ns

    def now_us(self) -> int:
        elapsed_ns = self._monotonic_ns() - self.frame.mono_origin_ns
        return int(elapsed_ns * self.frame.speed) // 1000

    def utc_us(self) -> int:
        return self.frame.utc_origin_us + self.now_us()


class FakeClock:
    """A clock that a test or a replay turns by hand."""

    def __init__(self, now_us: int = 0, utc_origin_us: int = 1_772_700_000_000_000) -> None:
        self._now_us = now_us
        self._utc_origin_us = utc_origin_us

    def now_us(self) -> int:
        return self._now_us

    def utc_us(self) -> int:
        return self._utc_origin_us + self._now_us

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`; never backwards."""
        if seconds < 0:
            raise ValueError("a monotonic clock does not run backwards")
        self._now_us += round(seconds * 1e6)

    def set(self, now_us: int) -> None:
        """Stand at `now_us` (a replay may jump anywhere)."""
        self._now_us = now_us


def new_frame(speed: float = 1.0) -> ClockFrame:
    """A frame whose zero is this moment."""
    return ClockFrame(mono_origin_ns=time.monotonic_ns(), utc_origin_us=wall_us(), speed=speed)


def wall_us() -> int:
    """The wall clock in microseconds since 1970 UTC; only to anchor, check and label, never to order or measure."""
    return time.time_ns() // 1000


def resumed_frame(frame: ClockFrame, same_boot: bool) -> ClockFrame:
    """The frame with which a session goes on after its processes were gone.

    Within one boot the monotonic clock still counts from the same zero. After a reboot it does not, and the wall
    clock is the only witness of how long the machine was away.
    """
    if same_boot:
        return frame
    session_us = max(0, wall_us() - frame.utc_origin_us)
    origin_ns = time.monotonic_ns() - int(session_us * 1000 / frame.speed)
    return ClockFrame(mono_origin_ns=origin_ns, utc_origin_us=frame.utc_origin_us, speed=frame.speed)


def boot_id() -> str:
    """Something that stays the same until the machine restarts."""
    linux = Path("/proc/sys/kernel/random/boot_id")
    if linux.exists():
        return linux.read_text().strip()
    # Elsewhere: when the machine started, coarse enough that a small step of the wall clock does not change it.
    started_min = round((time.time() - time.monotonic()) / 600)
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{platform.node()}:{started_min}"))


def local_time(utc_us: int, seconds: bool = False) -> str:
    """The time of day on this machine's clock face, "14:32" or "14:32:07"."""
    moment = datetime.fromtimestamp(utc_us / 1e6, UTC).astimezone()
    return moment.strftime("%H:%M:%S" if seconds else "%H:%M")


def duration_text(seconds: float) -> str:
    """A length of time as people say it: "8 s", "2 min 05 s", "1 h 12 min"."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
