"""Where the patient's sound goes: what a sink is, and the one that nobody hears."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

RATE_HZ = 48_000

Samples = NDArray[np.float32]
"""Shape (frames, channels), C order; channels 0 and 1 are left and right, 2 and 3 tactile where there are four."""


class Look(msgspec.Struct, frozen=True):
    """What is wrong with a sink. `lost`: it will never sound again. `volume`: the system's own, 1 is full."""

    lost: bool = False
    text: str = ""
    volume: float | None = None


class Sink(Protocol):
    """A stream on one named device, or none. Frames count as in the stream of the room, across all its sinks."""

    name: str
    channels: int

    def heard(self) -> int:
        """The frame that is at the patient's ear now."""
        ...

    def earliest(self) -> int:
        """The first frame that can still be written, or written again, before it is heard."""
        ...

    def put(self, first: int, samples: Samples) -> None:
        """Write frames from `first` on, over what was written there before."""
        ...

    def look(self, now_s: float) -> Look:
        """What is wrong, asked a few times a second."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class NullSink:
    """Real time without sound."""

    channels = 2

    def __init__(self, name: str, zero: int, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self.name = name
        self._zero = zero
        self._monotonic_ns = monotonic_ns
        self._began_ns = monotonic_ns()

    def heard(self) -> int:
        return self._zero + (self._monotonic_ns() - self._began_ns) * RATE_HZ // 1_000_000_000

    def earliest(self) -> int:
        return self.heard() + RATE_HZ // 100

    def put(self, first: int, samples: Samples) -> None:
        pass

    def look(self, now_s: float) -> Look:
        return Look()

    def close(self) -> None:
        pass
