"""What the alarm's voice needs of a sound output, whatever drives it; and the output that is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from kapconsole.alarms.bursts import Samples
from kapconsole.sound.outputs import NOT_AN_OUTPUT as NOT_AN_OUTPUT
from kapconsole.sound.outputs import NoOutput as NoOutput

Fill = Callable[[Samples, int], None]
"""Called by the output's own thread: write the next frames (mono), heard from this monotonic ns on."""

LATENCY_S = 0.1
STALLED_AFTER_S = 0.5
"""An output that has not asked for samples for this long is dead: five times its latency."""

STARTS_WITHIN_S = 1.5


class Output(Protocol):
    """One persistent stream on one named device."""

    name: str
    rate_hz: int
    lost: bool
    """True once it will never sound again: only opening it anew may help."""

    def look(self, now_s: float) -> str:
        """Empty, or why nothing can be heard just now, in words for the staff. Asked several times a second."""
        ...

    def listen(self) -> bool:
        """Begin to read back what the device plays; False where that is impossible."""
        ...

    def overheard(self) -> Samples:
        """End it: what the device played since."""
        ...

    def close(self) -> None:
        """Give the device back."""
        ...


class NoSpeaker:
    """No ALARM_OUT: says for as long as it lasts why nothing is heard, and lets the samples pass unheard."""

    def __init__(self, name: str, trouble: str, fill: Fill, rate_hz: int, now_s: float) -> None:
        self.name = name
        self.rate_hz = rate_hz
        self.lost = True
        self._trouble = trouble
        self._fill = fill
        self._passed_s = now_s

    def look(self, now_s: float) -> str:
        while self._passed_s < now_s:
            part_s = min(1.0, now_s - self._passed_s)
            self._fill(np.empty(round(part_s * self.rate_hz), np.float32), round(self._passed_s * 1e9))
            self._passed_s += part_s
        return self._trouble

    def listen(self) -> bool:
        return False

    def overheard(self) -> Samples:
        raise NoOutput(self._trouble)

    def close(self) -> None:
        pass


class LastAsked:
    """When an output last asked for samples."""

    def __init__(self, now_s: float) -> None:
        self.last_s = now_s + STARTS_WITHIN_S - STALLED_AFTER_S

    def stalled(self, now_s: float) -> bool:
        """True when the output should have asked again by now."""
        return now_s - self.last_s > STALLED_AFTER_S
