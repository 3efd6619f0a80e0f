"""What devices sent, as detection needs it: the newest of each stream, its age, who feeds what, what is frozen."""

from __future__ import annotations

from collections import deque

from kapconsole.alarms.conditions import SECOND_US as SECOND_US
from kapconsole.events import DeviceState, Measurement, WavePiece
from kapconsole.session.freshness import LATE_AFTER_S, LOST_AFTER_S
from kapconsole.session.words import device_names
from kapdevices.readings import Metric, Quality

SETTLED_US = 2 * SECOND_US
"""A waveform is judged this long after it was sent: by then all of it has arrived, live and from a file alike."""

WATCHED = (Metric.SPO2, Metric.PULSE_RATE, Metric.RESP_RATE)
"""The continuous numerics that have limits."""

_PLAUSIBLE = {Metric.SPO2: (0.0, 100.0), Metric.PULSE_RATE: (20.0, 300.0), Metric.RESP_RATE: (0.0, 150.0)}


class Stream:
    """One watched metric from one source. Times in session microseconds."""

    def __init__(self) -> None:
        self.any_us = 0
        self.quality = Quality.NO_VALUE
        self.value: float | None = None
        """The newest valid value, whatever came after it."""
        self.valid_us: int | None = None
        self.invalid_us: int | None = None
        """Since when nothing valid has come although the device goes on sending; None while the newest is valid."""
        self.run_us = 0
        """Since when there was not one invalid sample and no gap."""
        self.armed = False

    def take(self, item: Measurement, late_us: int, arm_us: int) -> None:
        """One more sample; `arm_us` of unbroken valid ones arm the stream for good."""
        valid = item.valid and plausible(item.metric, item.value)
        if valid:
            if self.valid_us is None or self.invalid_us is not None or item.mono_us - self.any_us > late_us:
                self.run_us = item.mono_us
            self.value, self.valid_us, self.invalid_us = item.value, item.mono_us, None
            self.armed = self.armed or item.mono_us - self.run_us >= arm_us
        elif self.invalid_us is None:
            self.invalid_us = item.mono_us
        self.any_us = item.mono_us
        self.quality = item.quality if item.quality is not Quality.GOOD else Quality.OUT_OF_RANGE


class Frozen:
    """When anything that one source sends last changed: numerics and pleth together."""

    def __init__(self) -> None:
        self._changes: deque[int] = deque(maxlen=64)
        self._values: dict[Metric, tuple[float | None, Quality]] = {}
        self._sample = b""
        self._sent_us: int | None = None
        self._run_us = 0
        self.has_pleth = False

    def take(self, item: Measurement, late_us: int) -> None:
        """One more numeric. What is the same after a silence of more than `late_us` as before was not frozen for it."""
        if self._sent_us is None or item.mono_us - self._sent_us > late_us:
            self._run_us = item.mono_us
        self._sent_us = item.mono_us
        if self._values.get(item.metric) != (item.value, item.quality):
            self._values[item.metric] = (item.value, item.quality)
            self._changed(item.mono_us)

    def take_pleth(self, piece: WavePiece) -> None:
        """Some more samples; the first and the last change among them are kept, so that it does not matter how they
        were cut into pieces."""
        self.has_pleth = True
        width, samples = piece.width, piece.samples
        if not samples:
            return
        period_us = piece.span_us / piece.count
        head, tail = samples[:width], samples[-width:]
        if head != self._sample:
            self._changed(piece.start_us)
        if samples != head * piece.count:
            places = range(piece.count)
            first = next(i for i in places if samples[i * width : (i + 1) * width] != head)
            last = next(i for i in reversed(places) if samples[i * width : (i + 1) * width] != tail) + 1
            self._changed(round(piece.start_us + first * period_us))
            self._changed(round(piece.start_us + last * period_us))
        self._sample = tail

    def since(self, at_us: int) -> int | None:
        """Since when nothing has changed at `at_us`, as far as that is settled; None when that cannot be said yet."""
        settled = [change for change in self._changes if change <= at_us - SETTLED_US]
        return max(self._run_us, *settled) if settled else None

    def _changed(self, at_us: int) -> None:
        self._changes.append(at_us)


class Line:
    """One device as its link reports it."""

    def __init__(self) -> None:
        self.state = ""
        self.text = ""
        self.protocol = ""
        self.since_us = 0
        self.ever = False
        self.late_us = round(LATE_AFTER_S * SECOND_US)

    def take(self, body: DeviceState, at_us: int) -> None:
        """The link changed."""
        # A link that was silent and is then lost has been away since it fell silent.
        if body.state != self.state and not (self.away and body.state in ("lost", "silent")):
            self.since_us = at_us
        self.state, self.text, self.protocol = body.state, body.text, body.protocol
        self.late_us = round(body.late_after_s * SECOND_US)
        self.ever = self.ever or self.delivering

    @property
    def delivering(self) -> bool:
        """True while good packets come."""
        return self.state in ("connected", "back")

    @property
    def away(self) -> bool:
        """True while the device was there and is not."""
        return self.state in ("silent", "lost")


class Sources:
    """All streams and links, and which source feeds each metric (the same choice as `State.feeding`)."""

    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}
        self.streams: dict[tuple[int, Metric], Stream] = {}
        self.frozen: dict[int, Frozen] = {}
        self.feeds: dict[Metric, int] = {}
        self.nibp: set[int] = set()
        """Sources that gave a cuff reading."""
        self._first_valid: dict[Metric, int] = {}

    def take(self, item: Measurement, arm_us: int) -> None:
        """One numeric of any metric."""
        self.frozen.setdefault(item.source, Frozen()).take(item, self.late_us(item.source))
        if item.metric not in WATCHED:
            return
        if item.valid:
            self._first_valid.setdefault(item.metric, item.source)
        stream = self.streams.setdefault((item.source, item.metric), Stream())
        stream.take(item, self.late_us(item.source), arm_us)

    def take_pleth(self, piece: WavePiece) -> None:
        """A piece of pleth."""
        self.frozen.setdefault(piece.source, Frozen()).take_pleth(piece)

    def take_state(self, body: DeviceState, at_us: int) -> None:
        """A link changed."""
        self.lines.setdefault(body.source, Line()).take(body, at_us)

    def restart(self, at_us: int) -> None:
        """Whatever was known before the recorder was gone is not known any more."""
        self.streams, self.frozen, self._first_valid = {}, {}, {}
        for line in self.lines.values():
            line.state, line.text, line.since_us = "opening", "recorder restarted", at_us

    def feeding(self, metric: Metric) -> int | None:
        """Which source feeds `metric`: the chosen, else the first that gave a valid value, else any."""
        having = min((source for source, of in self.streams if of is metric), default=None)
        return self.feeds.get(metric, self._first_valid.get(metric, having))

    def fed(self, metric: Metric) -> tuple[int, Stream] | None:
        """(source, stream) that feeds `metric`, or None when that never sent any."""
        source = self.feeding(metric)
        stream = None if source is None else self.streams.get((source, metric))
        return None if source is None or stream is None else (source, stream)

    def replaced(self, source: int) -> bool:
        """True when other devices feed all that this one ever gave: its loss is no alarm."""
        given = [metric for of, metric in self.streams if of == source]
        cuff = source in self.nibp
        if not given and not cuff:
            return False
        chosen = self.feeds.get(Metric.NIBP_SYS, source)
        return all(self.feeding(metric) != source for metric in given) and (not cuff or chosen != source)

    def late_us(self, source: int) -> int:
        """When a numeric of this source is late, in microseconds."""
        line = self.lines.get(source)
        return round(LATE_AFTER_S * SECOND_US) if line is None else line.late_us

    def lost_us(self, source: int) -> int:
        """When one is lost: 10 s, or twice what is late where that is longer."""
        return max(round(LOST_AFTER_S * SECOND_US), 2 * self.late_us(source))

    def name(self, source: int) -> str:
        """A device as people call it."""
        names = device_names({number: line.protocol for number, line in self.lines.items()})
        return names.get(source, f"device {source}")


def plausible(metric: Metric, value: float | None) -> bool:
    """False for a number that no patient has; it is treated as not given."""
    least, most = _PLAUSIBLE.get(metric, (float("-inf"), float("inf")))
    return value is not None and least <= value <= most
