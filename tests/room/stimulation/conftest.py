"""A room of which every device is made up and time is turned by hand, and a monitor's view of what it told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kapconsole.bilateral.events import Bar, Channel, Motion, Plan, SetAsked, SetDelivered
from kapconsole.bilateral.stimulus import Stimulus
from kapconsole.clock import ClockFrame
from kapconsole.room.delivery import Delivery, Devices
from kapconsole.room.display import messages as ms
from kapconsole.room.frames import FrameMap
from kapconsole.room.patient_out import OutState

RATE_HZ = 48_000
FRAME = ClockFrame(0, 1_772_700_000_000_000)


class Time:
    """Seconds, turned by hand; session time is the same."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s

    @property
    def us(self) -> int:
        return round(self.s * 1e6)


class FakeOut:
    """An output whose card may run off by some parts per million."""

    name = "headphones"
    has_tactile = True

    def __init__(self, time: Time, ppm: float = 0.0) -> None:
        self.frames = FrameMap()
        self.gaps = self.stops = self.remixed = 0
        self.state = OutState(self.name, "playing", "")
        self.added: list[tuple[Any, float, int]] = []
        self._time, self._hz = time, RATE_HZ * (1 + ppm / 1e6)
        self.measure()

    def measure(self) -> None:
        self.frames.add(self.heard(), self._time.us)

    def heard(self) -> int:
        return round(self._time.s * self._hz)

    def earliest(self) -> int:
        return self.heard() + 2400

    def written(self) -> int:
        return self.heard() + 3 * RATE_HZ

    def changed(self) -> None:
        self.remixed += 1

    def add(self, source: Any, peak_dbfs: float = -12.0, first_channel: int = 0) -> None:
        self.added.append((source, peak_dbfs, first_channel))

    def stop_now(self) -> int:
        self.stops += 1
        return self.earliest()


class FakeDisplay:
    """Takes orders; `answers` is what it would say next."""

    def __init__(self) -> None:
        self.text = ""
        self.orders: list[ms.ToDisplay] = []
        self.killed = 0

    def send(self, order: ms.ToDisplay) -> bool:
        self.orders.append(order)
        return True

    def kill(self) -> None:
        self.killed += 1

    def asked(self, kind: type[Any]) -> list[Any]:
        return [order for order in self.orders if isinstance(order, kind)]


class FakeBar:
    """Counts what it was told."""

    def __init__(self) -> None:
        self.text, self.ready, self.leds = "", True, 60
        self.lit: Stimulus | None = None
        self.blacks = 0

    def arm(self, stimulus: Stimulus, now_us: Callable[[], int]) -> None:
        self.lit = stimulus

    def change(self, stimulus: Stimulus) -> None:
        self.lit = stimulus if self.lit is not None else None

    def black(self) -> tuple[int, int]:
        self.blacks += 1
        was, self.lit = self.lit, None
        return (90, 3) if was is not None else (0, 0)


class Bench:
    """All of it, and one set."""

    def __init__(self, tmp_path: Path, ppm: float = 0.0) -> None:
        self.time = Time()
        self.out = FakeOut(self.time, ppm)
        self.display = FakeDisplay()
        self.bar = FakeBar()
        self.devices = Devices(self.out, self.display, self.bar, False, tmp_path)
        self.told: list[Any] = []
        self.set: Delivery | None = None

    def begin(self, *channels: Channel, lead_s: float = 0.5, refusal: str = "", **plan: Any) -> Delivery:
        values: dict[str, Any] = {"cycles": 4, "motion": Motion(ramp_in_cycles=0), "bar": Bar(), **plan}
        values["start_us"] = self.time.us + round(lead_s * 1e6)
        made = Plan("test", 3, 1.0, channels or (Channel.LIGHT, Channel.AUDIO), **values)
        self.set = Delivery(SetAsked(7, made, "integrate", 5, self.time.us), self.devices, FRAME, refusal, self.time)
        return self.set

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False, step_s: float = 0.01) -> None:
        """Time goes on; a display that is asked to be dark gives its account."""
        assert self.set is not None
        end_s = self.time.s + seconds
        while self.time.s < end_s and not until():
            self.time.s += step_s
            if round(self.time.s * 100) % 50 == 0:
                self.out.measure()
            if round(self.time.s * 100) % 20 == 0 and self.display.killed == 0:
                self.set.heard(ms.Living(7))
            self.set.turn()
            self.told += self.set.told
            self.set.told.clear()

    def said(self, kind: type[Any]) -> list[Any]:
        return [body for body in self.told if isinstance(body, kind)]

    @property
    def delivered(self) -> SetDelivered:
        (found,) = self.said(SetDelivered)
        return found


def onsets(source: Any, first: int, count: int) -> list[int]:
    """Where sound begins in a stretch, frames counted from `first`, ears together."""
    loud = np.abs(source.render(first, count)).max(axis=1) > 1e-6
    edges = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    return [int(edge) for edge in edges if not loud[max(0, edge - 2000) : edge].any()]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
