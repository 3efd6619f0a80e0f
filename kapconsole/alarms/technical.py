"""Detection of technical conditions: probe off, device lost, values frozen, alarm sound missing, log not safe.

A stream is late after twice its period and lost after 10 s (or twice what is late, for slow devices); lost data never
end a physiological alarm, they make it unknown and raise T02.
"""

from __future__ import annotations

from kapconsole.alarms.events import Priority, SelfTestConfirmed
from kapconsole.alarms.limits import Timing
from kapconsole.alarms.streams import SECOND_US, WATCHED, Sources
from kapconsole.alarms.verdict import Truth, Verdict, false, say, unknown
from kapconsole.clock import duration_text
from kapconsole.events import CuffRequested, DeviceSaid, NibpMeasured, ProcessState, SignalSounded, StorageState
from kapconsole.session.troubles import VOICE_EXPECTED_AFTER_US, WORKING
from kapconsole.session.words import metric_label
from kapdevices.readings import Metric

HOLD_AFTER_US = 15 * SECOND_US
HOLD_MOST_US = 120 * SECOND_US
HOLD_HIGH_US = 60 * SECOND_US
"""A cuff on the oximeter's limb holds T01 and P02 for its time and 15 s, 120 s at most; P01 60 s at most."""

OPENING_S = 10.0
"""How long a port may take to open before its device counts as lost."""


class CuffHold:
    """While a cuff on the oximeter's limb is up, SpO2 reads low or is lost."""

    def __init__(self) -> None:
        self.same_limb = False
        self._start_us: int | None = None
        self._end_us: int | None = None

    def take(self, body: object, at_us: int) -> None:
        """Anything that a cuff does."""
        starts = isinstance(body, CuffRequested) or (isinstance(body, DeviceSaid) and body.code == "cuff-inflating")
        ends = isinstance(body, NibpMeasured) or (
            isinstance(body, DeviceSaid) and body.code.startswith("cuff-") and not starts
        )
        if starts and (self._start_us is None or self._end_us is not None):
            self._start_us, self._end_us = at_us, None
        elif ends and self._start_us is not None and self._end_us is None:
            self._end_us = at_us

    def restart(self) -> None:
        """What the cuff was doing is not known any more."""
        self._start_us = self._end_us = None

    def until_us(self, most_us: int) -> int:
        """Until when SpO2's alarms are held back, `most_us` after the cuff's start at the latest; 0: not held."""
        if not self.same_limb or self._start_us is None:
            return 0
        ends_us = self._start_us + most_us
        return ends_us if self._end_us is None else min(ends_us, self._end_us + HOLD_AFTER_US)


class TechnicalWatch:
    """T01, T02, T05, T06 and T08."""

    def __init__(self) -> None:
        self._voice: ProcessState | None = None
        self._voice_us = 0
        self._expected_us: int | None = None
        self.tested_output: str | None = None
        """Where the last self-test was played ("": no speaker); None before the first."""
        self._untested: tuple[int, str] | None = None
        self._unheard: tuple[int, str] | None = None
        self._storage = StorageState("ok", "")
        self._storage_us = 0
        self._lost_us: dict[int, int] = {}

    def started(self, at_us: int, speed: float = 1.0) -> None:
        """A session began or went on: its alarm voice is expected. `speed`: how fast the session's time runs."""
        self._voice, self._expected_us = None, at_us + round(VOICE_EXPECTED_AFTER_US * max(1.0, speed))
        # That it began, or went on, is on the disk.
        self._storage = StorageState("ok", "")

    def process(self, body: ProcessState, at_us: int) -> None:
        """A process came or went; only the alarm's voice matters here."""
        if body.process != "annunciator":
            return
        if self._voice is None or (self._voice.state in WORKING) != (body.state in WORKING):
            self._voice_us = at_us
        self._voice = body

    def sounded(self, body: SignalSounded, at_us: int) -> None:
        """Something was sounded; a self-test says whether the alarm can be heard.

        Without a speaker there is nothing to be tested, and the annunciator's own state says so already.
        """
        if body.what != "test":
            return
        self.tested_output = body.output
        failed = bool(body.output) and not body.ok
        if not failed:
            self._untested = None
        elif self._untested is None:
            self._untested = (at_us, f"self-test failed: {body.text}")

    def confirmed(self, body: SelfTestConfirmed, at_us: int) -> None:
        """A person says whether the self-test was heard."""
        if body.heard:
            self._unheard = None
        elif self._unheard is None:
            self._unheard = (at_us, "a person did not hear the self-test")

    def storage(self, body: StorageState, at_us: int) -> None:
        """The log's disk changed."""
        if (self._storage.state == "ok") != (body.state == "ok"):
            self._storage_us = at_us
        self._storage = body

    def verdicts(self, sources: Sources, timing: Timing, dosed: bool, now_us: int, hold_us: int) -> list[Verdict]:
        """All of them; `hold_us`: until when a cuff on the same limb holds T01 back."""
        verdicts = [self._sound(now_us)]
        for source in sorted(sources.lines.keys() | {source for source, _ in sources.streams}):
            verdicts.append(self._lost(sources, source, timing, dosed, now_us))
            verdicts.append(_frozen(sources, source, timing))
        verdicts.append(_probe(sources, dosed, now_us, hold_us))
        verdicts.append(self._disk())
        return verdicts

    def next_due_us(self, sources: Sources, timing: Timing, after_us: int) -> int | None:
        """When something changes by time alone."""
        times = [] if self._expected_us is None or self._voice is not None else [self._expected_us]
        for metric in WATCHED:
            fed = sources.fed(metric)
            if fed is None:
                continue
            source, stream = fed
            # One microsecond later, since "late" is what lasts longer than the limit.
            times.append(stream.any_us + sources.lost_us(source) + 1)
            if stream.valid_us is not None:
                times.append(stream.valid_us + sources.late_us(source) + 1)
        times += [since_us + round(timing.lost_rise_s * SECOND_US) for since_us in self._lost_us.values()]
        times += [line.since_us + round(OPENING_S * SECOND_US) for line in sources.lines.values()]
        return min((time for time in times if time > after_us), default=None)

    def _sound(self, now_us: int) -> Verdict:
        missing: tuple[int, str] | None = None
        if self._voice is not None:
            if self._voice.state not in WORKING:
                missing = (self._voice_us, self._voice.text or self._voice.state)
        elif self._expected_us is not None and now_us >= self._expected_us:
            missing = (self._expected_us, "not heard of in this session")
        missing = missing or self._untested or self._unheard
        if missing is None:
            return unknown("T06") if self._voice is None else false("T06")
        since_us, words = missing
        return Verdict("T06", Truth.TRUE, since_us=since_us, priority=Priority.HIGH, text=say("T06", words=words))

    def _disk(self) -> Verdict:
        if self._storage.state == "ok":
            return false("T08")
        words = f"({self._storage.state}): {self._storage.text}".removesuffix(": ")
        return Verdict(
            "T08",
            Truth.TRUE,
            since_us=self._storage_us,
            priority=Priority.MEDIUM,
            text=say("T08", words=words),
        )

    def _lost(self, sources: Sources, source: int, timing: Timing, dosed: bool, now_us: int) -> Verdict:
        why = None if sources.replaced(source) else _why_lost(sources, source, dosed, now_us)
        if why is None:
            self._lost_us.pop(source, None)
            line = sources.lines.get(source)
            back = line is None or line.delivering or sources.replaced(source)
            return false("T02", str(source)) if back else unknown("T02", str(source))
        since_us, words, at_once = why
        since_us = self._lost_us.setdefault(source, since_us)
        long = dosed and now_us - since_us >= timing.lost_rise_s * SECOND_US
        return Verdict(
            "T02",
            Truth.TRUE,
            str(source),
            since_us,
            Priority.HIGH if long else Priority.MEDIUM,
            text=say("T02", device=sources.name(source), words=words),
            immediate=at_once,
        )


def _why_lost(sources: Sources, source: int, dosed: bool, now_us: int) -> tuple[int, str, bool] | None:
    """(since, words, signal at once) when a device that matters is away or sends no numerics."""
    line = sources.lines.get(source)
    if line is not None:
        matters = line.ever or dosed
        if line.away and matters:
            return line.since_us, line.text or line.state, line.state == "lost"
        opening = not line.delivering and not line.away
        if opening and matters and now_us - line.since_us >= OPENING_S * SECOND_US:
            return line.since_us, line.text or "does not answer", True
    for metric in WATCHED:
        stream = sources.streams.get((source, metric))
        if stream is None or not stream.armed or sources.feeding(metric) != source:
            continue
        age_us = now_us - stream.any_us
        if age_us > sources.lost_us(source):
            return stream.any_us, f"no {metric_label(metric)} for {duration_text(age_us / SECOND_US)}", True
    return None


def _probe(sources: Sources, dosed: bool, now_us: int, hold_us: int) -> Verdict:
    fed = sources.fed(Metric.SPO2)
    if fed is None:
        return unknown("T01")
    source, stream = fed
    if now_us - stream.any_us > sources.lost_us(source):
        return unknown("T01")
    if stream.invalid_us is None:
        return false("T01") if now_us - stream.any_us <= sources.late_us(source) else unknown("T01")
    if not (stream.armed or dosed):
        return false("T01")
    return Verdict(
        "T01",
        Truth.TRUE,
        since_us=stream.invalid_us,
        priority=Priority.MEDIUM if dosed else Priority.LOW,
        text=say("T01", words=str(stream.quality)),
        hold_until_us=hold_us,
    )


def _frozen(sources: Sources, source: int, timing: Timing) -> Verdict:
    frozen = sources.frozen.get(source)
    stream = sources.streams.get((source, Metric.SPO2)) or sources.streams.get((source, Metric.PULSE_RATE))
    about = str(source)
    if frozen is None or stream is None or stream.valid_us is None:
        return unknown("T05", about)
    # Judged when a numeric comes: silence is not frozen, it is lost.
    since_us = frozen.since(stream.any_us)
    limit_s = timing.frozen_pleth_s if frozen.has_pleth else timing.frozen_numerics_s
    if since_us is None or stream.invalid_us is not None or stream.any_us - since_us < limit_s * SECOND_US:
        return false("T05", about)
    return Verdict(
        "T05",
        Truth.TRUE,
        about,
        stream.any_us,
        Priority.MEDIUM,
        text=say("T05", device=sources.name(source)),
    )
