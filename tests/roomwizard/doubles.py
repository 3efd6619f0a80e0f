"""What stands in for headphones, alarm speaker and bar: a tape, a speaker without sound, a bar of software."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np

from kapconsole.annunciator.output import NoOutput
from kapconsole.annunciator.sequence import Sequence
from kapconsole.room.sinks import RATE_HZ, Look, NullSink, Samples
from kapdevices.lightbars.frames import BarProtocol
from kapdevices.lightbars.simulator import SimulatedBar
from kapdevices.ports import PortTrouble


def wait_for(true: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Until `true()`."""
    until_s = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < until_s, f"waited {timeout_s:g} s in vain"
        time.sleep(0.005)  # noqa: TID251


class Tape:
    """Real time, and everything that would have been heard."""

    def __init__(self, name: str, zero: int, channels: int = 2) -> None:
        self.name, self.channels = name, channels
        self._clock = NullSink(name, zero)
        self.heard, self.earliest = self._clock.heard, self._clock.earliest
        self.samples = np.zeros((60 * RATE_HZ, channels), np.float32)
        self.closed = False

    def put(self, first: int, samples: Samples) -> None:
        self.samples[first : first + len(samples)] = samples

    def look(self, now_s: float) -> Look:
        return Look(volume=0.8)

    def close(self) -> None:
        self.closed = True


class Heads:
    """Opens tapes. `hold`: opening waits until it is set."""

    def __init__(self, channels: int = 2) -> None:
        self.tapes: list[Tape] = []
        self.asked: list[tuple[str, str, bool]] = []
        self.hold = threading.Event()
        self.hold.set()
        self._channels = channels

    def open(self, name: str, zero: int, alarm_out: str = "", tactile: bool = False) -> Tape:
        self.asked.append((name, alarm_out, tactile))
        assert self.hold.wait(10)
        if name == "gone":
            raise NoOutput("the patient's output 'gone' is missing")
        self.tapes.append(Tape(name, zero, 4 if tactile and self._channels == 4 else 2))
        return self.tapes[-1]

    @property
    def tape(self) -> Tape:
        return self.tapes[-1]


class DeadSpeaker:
    """An alarm speaker that asks for its samples at once; `closed` when it was given back."""

    rate_hz = RATE_HZ
    lost = False

    def __init__(self, name: str, sequence: Sequence) -> None:
        self.name, self._sequence = name, sequence
        self.closed = False
        self.loudest = 0.0

    def look(self, now_s: float) -> str:
        block = np.empty(RATE_HZ, np.float32)
        self._sequence.fill(block, 0)
        self.loudest = max(self.loudest, float(np.abs(block).max()))
        return ""

    def listen(self) -> bool:
        return False

    def overheard(self) -> Samples:
        raise NoOutput("no")

    def close(self) -> None:
        self.closed = True


class Speakers:
    """Opens such speakers."""

    def __init__(self) -> None:
        self.made: list[DeadSpeaker] = []

    def open(self, name: str) -> tuple[DeadSpeaker, Sequence]:
        if name == "gone":
            raise NoOutput("the alarm speaker 'gone' is missing")
        sequence = Sequence()
        self.made.append(DeadSpeaker(name, sequence))
        return self.made[-1], sequence


class BarLine:
    """The line to a simulated bar."""

    def __init__(self, leds: int, wrong: bool = False) -> None:
        self.bar = SimulatedBar(leds, BarProtocol.ADALIGHT)
        self.opened: list[tuple[str, int]] = []
        self.closed = False
        self._wrong = wrong

    def open(self, name: str, baud: int) -> BarLine:
        if name == "gone":
            raise PortTrouble("gone is not there")
        self.opened.append((name, baud))
        self.closed = False
        return self

    def write(self, data: bytes) -> None:
        self.bar.receive(data, time.monotonic())

    def waiting(self) -> int:
        return 0

    def read(self) -> bytes:
        data = self.bar.transmit(0.0)
        if self._wrong and data[:2] == b"\xc9\xda":
            return data[:4] + bytes((data[4] ^ 0x40,)) + data[5:]
        return data

    def close(self) -> None:
        self.closed = True
