"""Detection: from the items of the stream and from time to what is true, false or unknown of every condition."""

from __future__ import annotations

from kapconsole import events as ev
from kapconsole.alarms.byhand import ByHandWatch
from kapconsole.alarms.continuous import RateWatch, Spo2Watch
from kapconsole.alarms.events import LimbsNoted, ReadingDue, SelfTestConfirmed, SymptomNoted
from kapconsole.alarms.limits import Settings
from kapconsole.alarms.nibp import NibpWatch
from kapconsole.alarms.streams import SECOND_US, WATCHED, Sources
from kapconsole.alarms.technical import HOLD_HIGH_US, HOLD_MOST_US, CuffHold, TechnicalWatch
from kapconsole.alarms.verdict import Verdict
from kapconsole.clinical.events import ReadingSkipped, VitalsEntered
from kapdevices.readings import Metric, Quality


class Detector:
    """Holds what the conditions need to know of the past; knows nothing of signals, pauses and people."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sources = Sources()
        self.nibp = NibpWatch()
        self.cuff = CuffHold()
        self.dosed = False
        self._technical = TechnicalWatch()
        self._spo2 = Spo2Watch()
        self._pulse = RateWatch("P03", Metric.PULSE_RATE)
        self._resp = RateWatch("P08", Metric.RESP_RATE)
        self._by_hand = ByHandWatch()
        self._arm_at_once = False

    def take(self, item: ev.StreamItem) -> list[ReadingDue]:
        """One more item; gives the rechecks that it asks for."""
        if isinstance(item, ev.Measurement):
            self.sources.take(item, self._arm_us(item.metric))
            return []
        if isinstance(item, ev.WavePiece):
            if item.metric is Metric.PLETH:
                self.sources.take_pleth(item)
            return []
        return self.take_body(item.body, item.mono_us)

    def verdicts(self, now_us: int) -> list[Verdict]:
        """What holds at `now_us`."""
        settings = self.settings
        hold_us = self.cuff.until_us(HOLD_MOST_US)
        newest = self.nibp.newest
        cuff_line = None if newest is None else self.sources.lines.get(newest.source)
        cuff_away = cuff_line is not None and cuff_line.state == "lost"
        return [
            *self._spo2.verdicts(self.sources, settings.spo2, now_us, (self.cuff.until_us(HOLD_HIGH_US), hold_us)),
            self._pulse.verdict(self.sources, settings.pulse_rate, now_us),
            self._breathing(now_us),
            *self._by_hand.verdicts(now_us, settings.bp.old_s),
            *self.nibp.verdicts(settings.bp, now_us, cuff_away),
            *self._technical.verdicts(self.sources, settings.timing, self.dosed, now_us, hold_us),
        ]

    def next_due_us(self, after_us: int) -> int | None:
        """When a verdict may change by time alone, after `after_us`."""
        times = (
            self._technical.next_due_us(self.sources, self.settings.timing, after_us),
            self.nibp.next_due_us(self.settings.bp, after_us),
            self._by_hand.next_due_us(self.settings.bp.old_s, after_us),
        )
        return min((time for time in times if time is not None), default=None)

    def oximeter(self) -> str:
        """The source that feeds SpO2, as conditions about a device name it; empty without one."""
        source = self.sources.feeding(Metric.SPO2)
        return "" if source is None else str(source)

    def held_us(self) -> int:
        """Until when a cuff on the oximeter's limb holds SpO2's alarms back; 0: it does not."""
        return self.cuff.until_us(HOLD_MOST_US)

    def tested_output(self) -> str | None:
        """Where the last self-test was played ("": no speaker); None before the first."""
        return self._technical.tested_output

    def take_body(self, body: object, at_us: int) -> list[ReadingDue]:
        """One event; gives the rechecks that it asks for."""
        self.cuff.take(body, at_us)
        self._by_hand.take(body, at_us)
        match body:
            case ev.SessionStarted(speed=speed):
                self._technical.started(at_us, speed)
            case ev.SessionResumed(speed=speed):
                self._restart(at_us, speed)
            case ev.DeviceState():
                self.sources.take_state(body, at_us)
            case ev.ProcessState():
                self._technical.process(body, at_us)
            case ev.SignalSounded():
                self._technical.sounded(body, at_us)
            case SelfTestConfirmed():
                self._technical.confirmed(body, at_us)
            case ev.StorageState():
                self._technical.storage(body, at_us)
            case ev.FeedChosen(metric=metric, source=source):
                self.sources.feeds[metric] = source
            case ev.DoseGiven(at_us=given_us):
                self.dosed = True
                self.nibp.dose(given_us)
            case ev.NibpMeasured():
                return self._reading(body, at_us)
            case ReadingDue():
                self.nibp.expect(body)
            case VitalsEntered():
                return self._entered(body)
            case ReadingSkipped(due_us=due_us):
                self.nibp.skip(due_us)
            case SymptomNoted(symptom=symptom, present=present):
                self.nibp.symptom(symptom, present)
            case LimbsNoted(same=same):
                self.cuff.same_limb = same
            case _:
                pass
        return []

    def _reading(self, body: ev.NibpMeasured, at_us: int) -> list[ReadingDue]:
        if self.sources.feeds.get(Metric.NIBP_SYS, body.source) != body.source:
            return []
        self.sources.nibp.add(body.source)
        due = self.nibp.take(body, at_us, self.settings.bp)
        if due is None:
            return []
        self.nibp.expect(due)
        return [due]

    def _entered(self, body: VitalsEntered) -> list[ReadingDue]:
        """A pressure taken by hand counts like one of a cuff, at the moment when it was measured."""
        if body.sys_mmhg is None or body.dia_mmhg is None:
            return []
        made = ev.NibpMeasured(0, body.sys_mmhg, body.dia_mmhg, None, body.pulse_rate, Quality.GOOD, body.how)
        due = self.nibp.take(made, body.at_us, self.settings.bp)
        if due is None:
            return []
        self.nibp.expect(due)
        return [due]

    def _breathing(self, now_us: int) -> Verdict:
        """The rate of a device, or where none measures it the one that a person counted."""
        if self.sources.fed(Metric.RESP_RATE) is not None:
            return self._resp.verdict(self.sources, self.settings.resp_rate, now_us)
        return self._by_hand.breaths(self.settings.resp_rate, now_us, self.settings.bp.old_s)

    def _restart(self, at_us: int, speed: float) -> None:
        self.sources.restart(at_us)
        self.cuff.restart()
        self._technical.started(at_us, speed)
        self._spo2 = Spo2Watch()
        self._pulse, self._resp = RateWatch("P03", Metric.PULSE_RATE), RateWatch("P08", Metric.RESP_RATE)
        # What was armed in a dosed session stays so; which streams were is not in the log.
        self._arm_at_once = self.dosed

    def _arm_us(self, metric: Metric) -> int:
        if self._arm_at_once or metric not in WATCHED:
            return 0
        settings = self.settings
        seconds = {
            Metric.SPO2: settings.spo2.arm_s,
            Metric.PULSE_RATE: settings.pulse_rate.arm_s,
            Metric.RESP_RATE: settings.resp_rate.arm_s,
        }[metric]
        return round(seconds * SECOND_US)
