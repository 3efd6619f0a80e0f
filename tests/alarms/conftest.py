"""A room with an alarm engine in it: devices, people and time by hand, everything logged as the runner logs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.limits import Preset
from kapconsole.alarms.presets import load_preset
from kapconsole.alarms.status import AlarmStatus, ShownAlarm
from kapdevices.readings import Metric, Quality

S = 1_000_000
TICK_US = 200_000


class Room:
    """One session. `log` holds every item in the order in which it was recorded, alarm events among them."""

    def __init__(self, preset: Preset | None = None, tick_us: int = TICK_US, started: bool = True) -> None:
        self.preset = preset or load_preset()
        self.engine = AlarmEngine(self.preset)
        self.tick_us = tick_us
        self.now_us = 0
        self.log: list[ev.StreamItem] = []
        self.bodies: list[al.AlarmBody] = []
        self._stamp_us = 0
        self._seq = 0
        if started:
            self.event(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC"))
            self.event(ev.ProcessState("annunciator", "running", ""))
            self.link("connected", source=1)
            self.link("connected", source=2)

    # -- what happens ---------------------------------------------------------------------------------------------

    def event(self, body: Any, actor: str = "monitor") -> list[al.AlarmBody]:
        self._seq += 1
        event = ev.Event(self._seq, self._stamp(), 0, actor, body)
        self.log.append(event)
        return self._keep(self.engine.feed(event))

    def sample(self, metric: Metric, value: float | None, quality: Quality = Quality.GOOD, source: int = 1) -> None:
        item = ev.Measurement(self._stamp(), source, metric, value, quality)
        self.log.append(item)
        self._keep(self.engine.feed(item))

    def link(self, state: str, source: int = 1) -> None:
        protocol = {1: "nonin", 2: "suntech"}.get(source, "masimo_ascii1")
        self.event(ev.DeviceState(source, protocol, "port", "", state, state))

    def cuff(
        self, sys: float | None, dia: float | None, quality: Quality = Quality.GOOD, source: int = 2
    ) -> list[al.AlarmBody]:
        return self.event(ev.NibpMeasured(source, sys, dia, None, 70.0, quality, ""))

    def dose(self) -> None:
        self.event(ev.DoseGiven(self.now_us, "ketamine", "im", 60.0))

    def wish(self, wish: ws.AlarmWish) -> list[al.AlarmBody]:
        return self._keep(self.engine.wish(wish, self.now_us), "nurse")

    def wait(self, seconds: float, spo2: float | None = None, pulse: float | None = None, off: bool = False) -> None:
        """Time goes by in ticks; with `spo2` (and `pulse`) one sample a second, with `off` invalid ones."""
        end_us = self.now_us + round(seconds * S)
        while self.now_us < end_us:
            step_us = min(self.tick_us, end_us - self.now_us, S - self.now_us % S)
            self.now_us += step_us
            if self.now_us % S == 0 and (spo2 is not None or off):
                quality = Quality.SENSOR_OFF if off else Quality.GOOD
                self.sample(Metric.SPO2, None if off else spo2, quality)
                # A living pulse is never quite the same.
                beat = 70.0 + self.now_us // S % 2 if pulse is None else pulse
                # Half a millisecond later, so that an event between the two does not move its stamp.
                self._stamp_us = max(self._stamp_us, self.now_us + 499)
                self.sample(Metric.PULSE_RATE, None if off else beat, quality)
            self._keep(self.engine.tick(self.now_us))

    def well(self, seconds: float = 15) -> None:
        self.wait(seconds, spo2=98)

    # -- what came of it ------------------------------------------------------------------------------------------

    @property
    def status(self) -> AlarmStatus:
        return self.engine.status(self.now_us)

    @property
    def shown(self) -> dict[str, ShownAlarm]:
        return {alarm.condition: alarm for alarm in self.status.alarms}

    def story(self, *kinds: type) -> list[tuple[str, str]]:
        """(condition, what) of the bodies so far, in order."""
        told = []
        for body in self.bodies:
            if kinds and not isinstance(body, kinds):
                continue
            match body:
                case al.AlarmBegan():
                    told.append((body.condition, "began"))
                case al.AlarmChanged():
                    told.append((body.condition, body.what))
                case al.AlarmAcknowledged():
                    told.append((body.condition, "acknowledged"))
                case al.AlarmEnded():
                    told.append((body.condition, body.how))
                case al.AlarmSuppressed():
                    told.append((body.condition, f"suppressed by {body.why}"))
                case _:
                    pass
        return told

    def began(self, condition: str) -> list[al.AlarmBegan]:
        return [body for body in self.bodies if isinstance(body, al.AlarmBegan) and body.condition == condition]

    def events(self) -> list[ev.Event]:
        return [item for item in self.log if isinstance(item, ev.Event)]

    def _stamp(self) -> int:
        self._stamp_us = max(self.now_us, self._stamp_us + 1)
        return self._stamp_us

    def _keep(self, bodies: list[al.AlarmBody], actor: str = "alarms") -> list[al.AlarmBody]:
        for body in bodies:
            self._seq += 1
            event = ev.Event(self._seq, self._stamp(), 0, actor, body)  # type: ignore[arg-type]
            self.log.append(event)
            assert self.engine.feed(event) == [], "the engine's own events change nothing"
        self.bodies += bodies
        return bodies


@pytest.fixture
def new_room() -> Callable[..., Room]:
    return Room


@pytest.fixture
def room() -> Room:
    """A room in which oximeter (1) and cuff (2) work and the oximeter has been on a finger for 15 s."""
    made = Room()
    made.well()
    assert made.story() == []
    return made
