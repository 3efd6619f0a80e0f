"""Draws the screens of the documentation: `python docs/screenshots.py [FOLDER]`. The same pictures every time."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["TZ"] = "UTC"
if hasattr(time, "tzset"):
    time.tzset()

import msgspec
import room_states  # beside this file, like the next
from delays import delays
from PySide6.QtWidgets import QApplication, QWidget

from kapconsole import events as ev
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.events import AlarmBody
from kapconsole.alarms.history import items_of
from kapconsole.alarms.presets import load_preset
from kapconsole.alarms.wishes import Acknowledge, AlarmWish, NoteLimbs, NoteSymptom, PauseAlarm, PauseAudio
from kapconsole.commands import CommandBody
from kapconsole.console.devicesheet import DevicesSheet
from kapconsole.console.moment import Moment
from kapconsole.console.palette import DAY, DIM, NIGHT, Palette
from kapconsole.console.window import ConsoleWindow
from kapconsole.replay.rehearsal import CUFF, OXIMETER, UTC_ORIGIN_US, Fault, rehearse
from kapconsole.replay.window import ReplayWindow
from kapconsole.session.timeline import Timeline
from kapconsole.wire import BytesSeen, CaptureStatus, CaptureWanted, LogStatus, WatchBytes
from kapdevices.readings import Metric, Quality

MINUTE_US = 60_000_000
MOTION = Fault(30 * 60, 30 * 60 + 40, "motion")


class Fall(NamedTuple):
    """From minute `start` on the oximeter says these values of `metric`, one a second; then the rehearsed ones."""

    start: float
    metric: Metric
    values: tuple[float, ...]


class Wished(NamedTuple):
    """What a person asked of the alarm system at `minute`."""

    minute: float
    wish: AlarmWish


class StillFeed:
    """A rehearsed session with its alarms that stands still at one moment."""

    def __init__(
        self,
        minute: float,
        faults: tuple[Fault, ...] = (),
        extra: tuple[ev.Body, ...] = (),
        linked: bool = True,
        falls: tuple[Fall, ...] = (),
        wishes: tuple[Wished, ...] = (),
        quiet: str = "",
        age_s: float = 0.2,
    ) -> None:
        self.now_us = round(minute * MINUTE_US)
        self.linked, self.quiet, self.age_s = linked, quiet, age_s
        self.timeline = Timeline()
        self.engine = AlarmEngine(load_preset())
        self._seq = 0
        waiting = [Wished(0.5, NoteLimbs(same=False)), *wishes]
        rows = (row for row in rehearse(minutes=70, faults=(MOTION, *faults)) if row.mono_us <= self.now_us)
        for item in items_of(rows):
            at_us = item.start_us + item.span_us if isinstance(item, ev.WavePiece) else item.mono_us
            while waiting and waiting[0].minute * MINUTE_US <= at_us:
                due = waiting.pop(0)
                self._add(self.engine.wish(due.wish, round(due.minute * MINUTE_US)))
            self._take(fallen(item, falls))
        for number, body in enumerate(extra):
            at_us = self.now_us - 300_000 + number
            self._take(ev.Event(0, at_us, UTC_ORIGIN_US + at_us, "monitor", body))
        self._add(self.engine.tick(self.now_us))
        self.log_status = LogStatus(1_900_000, self.now_us - 700_000, True)

    def _take(self, item: ev.StreamItem) -> None:
        if isinstance(item, ev.Event):
            self._seq += 1
            item = ev.Event(self._seq, item.mono_us, item.utc_us, item.actor, item.body)
            if isinstance(item.body, ev.NoteTaken) and item.body.about is not None:
                # The stamp that it words has another number here, where alarms are numbered too.
                stamp = next(note.seq for note in self.timeline.state.notes if note.at_us == item.body.at_us)
                body = ev.NoteTaken(item.body.at_us, item.body.text, about=stamp)
                item = ev.Event(self._seq, item.mono_us, item.utc_us, item.actor, body)
        self.timeline.add(item)
        self._add(self.engine.feed(item))

    def _add(self, bodies: Sequence[AlarmBody]) -> None:
        for body in bodies:
            self._seq += 1
            self.timeline.add(ev.Event(self._seq, body.at_us, UTC_ORIGIN_US + body.at_us, "console", body))

    def poll(self) -> bool:
        return False

    def moment(self) -> Moment:
        return Moment(
            self.timeline.state,
            self.timeline,
            self.now_us,
            UTC_ORIGIN_US,
            linked=self.linked,
            alarms=self.engine.status(self.now_us),
            alarms_age_s=self.age_s,
            quiet=self.quiet,
        )

    def send(self, body: CommandBody) -> None:
        pass

    def tell(self, message: WatchBytes | CaptureWanted) -> None:
        pass

    def heard(self) -> list[BytesSeen | CaptureStatus]:
        return []


def fallen(item: ev.StreamItem, falls: tuple[Fall, ...]) -> ev.StreamItem:
    """A measurement with the value that a fall gives it."""
    if isinstance(item, ev.Measurement):
        for fall in falls:
            second = math.floor(item.mono_us / 1e6 - fall.start * 60)
            if item.metric is fall.metric and 0 <= second < len(fall.values):
                return msgspec.structs.replace(item, value=fall.values[second])
    return item


def console(feed: StillFeed, palette: Palette = NIGHT, role: str = "nurse", flash_us: int = 0) -> ConsoleWindow:
    """The live window on a session that stands still; alarms are lit, or as they are `flash_us` later."""
    now_us = [0]
    window = ConsoleWindow(feed, palette, poll_ms=0, role=role, clock_us=lambda: now_us[0])
    now_us[0] = flash_us
    window.poll()
    return window


DROP = (91, 91, 90, 90, 90, 89, 89, 89, 88, 88, 88, 87, 87, 87, 86, 86, 86, 86, 85, 85)
RACE = (122,) * 40
"""SpO2 that sinks below its limit, and a pulse beyond its own."""


def alarmed(**other: Any) -> StillFeed:
    """SpO2 low for some seconds, MEDIUM; the room's speaker is silent, because a nurse listens elsewhere."""
    return StillFeed(64.3, falls=(Fall(63.9, Metric.SPO2, (*DROP[:8], *(90,) * 60)),), quiet=QUIET, **other)


def grave(minute: float = 64.62, **other: Any) -> StillFeed:
    """SpO2 below the desaturation limit, HIGH, after a pulse that was too fast."""
    low = (*DROP, *(84,) * 4, *(82,) * 3, *(83,) * 60)
    falls = (Fall(64.1, Metric.SPO2, low), Fall(63.5, Metric.PULSE_RATE, (*RACE, *(126,) * 60)))
    return StillFeed(minute, falls=falls, **other)


QUIET = "room silent · nurse listening"


def inflating() -> StillFeed:
    """A cuff reading under way."""
    feed = StillFeed(
        64, extra=(ev.CuffRequested(CUFF, "adult", 160), ev.DeviceSaid(CUFF, "cuff-inflating", "inflating"))
    )
    at_us = feed.now_us - 100_000
    feed.timeline.add(ev.Measurement(at_us, CUFF, Metric.CUFF_PRESSURE, 142.0, Quality.GOOD))
    return feed


def devices(pause: bool = False, done: bool = False, second: tuple[ev.Body, ...] = (), row: int = 0) -> ConsoleWindow:
    """The window of devices while the oximeter talks: watched, captured, tried."""
    feed = StillFeed(64.05, extra=second)
    window = console(feed)
    window.resize(1280, 800)
    window.act("devices")
    sheet = window.view.sheet
    assert isinstance(sheet, DevicesSheet)
    sheet.list.setCurrentIndex(sheet.rows.index(row))
    feed.now_us -= 11_000_000
    window.poll()
    path = "/home/clinic/.local/share/kapconsole/captures/1-nonin-20260305T141403.117000.kapcapture"
    sheet.take(CaptureStatus(1, not pause, path, 1_234_567, 67_108_864))
    wave = timeline_bytes(feed)
    good, received = 11_490, 0
    sheet.take(BytesSeen(1, 0, "r", b"", "", 0, good, 2, 17))
    if done:
        sheet.try_it()
    while received < len(wave):
        feed.now_us += 200_000
        piece = wave[received : received + 75]
        received += 75
        good += 15
        words = f"SpO2 98 %, pulse 79 /min, 15 pleth from {min(piece[2::5])} to {max(piece[2::5])}"
        sheet.take(BytesSeen(1, feed.now_us, "r", piece, words, 0, good, 2, 17))
        window.poll()
    if pause:
        sheet.pause()
        sheet.bytes_view.go_back(4)
    return window


ZONES = (("ceiling", "Ceiling", 8.0), ("lamp", "Corner lamp", 8.0), ("path", "Path", 10.0))


def in_room(*states: Callable[[int], tuple[ev.Body, ...]]) -> StillFeed:
    """A session with music, and with what each of `states` puts into it."""
    now_us = round(64.05 * MINUTE_US)
    bodies = [body for state in (room_states.music, *states) for body in state(now_us)]
    return StillFeed(64.05, extra=tuple(bodies))


def zones(now_us: int) -> tuple[ev.Body, ...]:
    """Light in three zones."""
    return room_states.light(now_us, ZONES)


def dark_lamp(now_us: int) -> tuple[ev.Body, ...]:
    """One of three zones has a lamp that does not answer."""
    return room_states.light(now_us, ZONES, trouble="does not answer")


def timeline_bytes(feed: StillFeed) -> bytes:
    """Eleven seconds of what a Nonin sends in data format 2: five bytes for each pleth sample."""
    data = bytearray()
    _, values = feed.timeline.waves[OXIMETER, Metric.PLETH].window(feed.now_us, feed.now_us + 11_000_000)
    for number, value in enumerate(values.tolist()):
        pleth = round(value * 255)
        third = {0: 0, 1: 79, 2: 98}.get(number % 25, 0)
        status = 0x81 if number % 25 == 0 else 0x80
        data += bytes((1, status, pleth, third, (1 + status + pleth + third) % 256))
    return bytes(data)


def main() -> None:
    """All pictures into the folder."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    app = QApplication.instance() or QApplication([])

    def keep(name: str, widget: QWidget, width: int = 1280, height: int = 800) -> None:
        widget.resize(width, height)
        widget.grab()  # Qt draws a glyph slightly differently the first time it is used
        widget.grab().save(str(folder / f"{name}.png"))
        widget.deleteLater()

    keep("console-night", console(StillFeed(64.05)))
    keep("console-night-2560x1600", console(StillFeed(64.05)), 2560, 1600)
    keep("console-dim", console(StillFeed(64.05), DIM))
    keep("console-day", console(StillFeed(64.05), DAY))
    keep("console-before-dose", console(StillFeed(16.4)))
    keep("console-cuff", console(inflating()))
    keep("console-sensor-off", console(StillFeed(63.7, (Fault(62 * 60, 70 * 60, "finger out"),))))
    keep("console-motion", console(StillFeed(64.05, (Fault(64 * 60 - 2, 70 * 60, "motion"),))))
    keep("console-cable-pulled", console(StillFeed(63.2, (Fault(63 * 60, 70 * 60, "cable"),))))
    failed = ev.NibpMeasured(CUFF, None, None, None, None, Quality.MEASUREMENT_FAILED, "air leak, check cuff and hose")
    gone = ev.ProcessState("annunciator", "gone", "the annunciator is not running")
    full = ev.StorageState("failing", "no space left on the disk")
    silent = Fault(60 * 60 - 7, 70 * 60, "silence")
    keep("console-troubles", console(StillFeed(60, (silent,), (failed, gone, full), linked=False)))
    tall = console(StillFeed(64.05))
    tall.act("tall")
    keep("console-taller", tall)
    keep("console-alarm", console(alarmed()))
    keep("console-alarm-dark-half", console(alarmed(), flash_us=900_000))
    keep("console-alarm-day", console(alarmed(), DAY))
    keep("console-alarm-high", console(grave()))
    keep("console-alarm-high-3840x2160", console(grave()), 3840, 2160)
    paused = (Wished(64.58, PauseAudio()), Wished(64.59, PauseAlarm("nibp", "cuff repositioned")))
    keep("console-audio-paused", console(grave(64.7, wishes=paused)))
    noticed = (Wished(64.58, Acknowledge()),)
    keep("console-acknowledged", console(grave(64.8, wishes=noticed)))
    keep("console-alarms-not-answering", console(alarmed(age_s=5.0)))
    tall = console(grave())
    tall.act("tall")
    keep("console-alarm-taller", tall)
    for action in ("alarms", "limits", "alarm-pause", "symptoms", "presets", "self-test", "report"):
        window = console(grave(wishes=(Wished(64.58, NoteSymptom("chest pain")),)))
        window.act(action)
        keep(f"form-{action}", window)
    keep("room-locked", console(in_room(room_states.light)))
    keep("room-running", console(in_room(room_states.light, room_states.running)))
    keep("room-running-3840x2160", console(in_room(room_states.light, room_states.running)), 3840, 2160)
    keep("room-rating", console(in_room(zones, room_states.over)))
    keep("room-lamp-trouble", console(in_room(dark_lamp)))
    for action in ("sets", "music", "light"):
        window = console(in_room(zones, room_states.over))
        window.act(action)
        keep(f"form-{action}", window)
    for name, action in (("note", "note"), ("dose", "dose"), ("keys", "keys")):
        window = console(StillFeed(64.05))
        window.act(action)
        keep(f"console-{name}", window)

    keep("devices", devices(done=True))
    keep("devices-2560x1600", devices(done=True), 2560, 1600)
    keep("devices-paused", devices(pause=True))
    lost = ev.DeviceState(CUFF, "suntech", "/dev/ttyUSB1", "CP2102", "lost", "the port is gone, looking for it again")
    keep("devices-lost", devices(second=(lost,), row=1))

    keep("alarm-delays", delays(load_preset()), 1100, 560)

    timeline = Timeline()
    timeline.add_rows(rehearse(minutes=150, faults=(MOTION, Fault(90 * 60, 93 * 60, "cable"))))
    for name, width, height in (("replay", 1280, 800), ("replay-2560x1600", 2560, 1600)):
        replay = ReplayWindow("2026-03-05 K-0142.kaplog", timeline, "whole and unchanged · signed · closed", frame_ms=0)
        replay.seek(round(64.05 * MINUTE_US))
        keep(name, replay, width, height)
    app.processEvents()


if __name__ == "__main__":
    main()
