"""How a session begins or goes on: its log, its clock and its runner, from the launcher's orders."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from kapconsole import __version__
from kapconsole import events as ev
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.limits import Preset
from kapconsole.alarms.presets import load_preset
from kapconsole.clock import ClockFrame, SessionClock, boot_id, new_frame, resumed_frame
from kapconsole.lifeline import Orders
from kapconsole.monitor.devices import number_devices
from kapconsole.monitor.site import site_parts
from kapconsole.paths import config_dir
from kapconsole.record import access
from kapconsole.record.errors import LogError
from kapconsole.record.space import BALLAST_BYTES
from kapconsole.record.writer import SessionLog
from kapconsole.rows import Row
from kapconsole.session.runner import DeviceEntry, Outcome, Runner, gap_text
from kapconsole.session.state import State
from kapconsole.session.timeline import Timeline
from kapdevices.cuff import CuffGuard

CUFF_INTERRUPTED = "a cuff reading was under way when the recorder stopped: the cuff is told to stop"


class Opened(NamedTuple):
    """A session ready to be recorded. `first` are the outcomes of its first events in this run.

    `history`: the rows of a resumed session; of a new one none, since `first` is in the file already.
    """

    log: SessionLog
    clock: SessionClock
    runner: Runner
    devices: list[DeviceEntry]
    guards: Mapping[int, CuffGuard]
    history: list[Row]
    first: list[Outcome]


def open_session(orders: Orders) -> Opened:
    """Make or resume the log that the orders name. Raises LogError or ValueError with words for a person."""
    return _resume(orders) if orders.resume else _begin(orders)


def _begin(orders: Orders) -> Opened:
    path = Path(orders.log_path)
    clock = SessionClock(new_frame(orders.frame.speed))  # the session begins now, not at the launch
    devices = number_devices(orders.devices, State())
    parts, wrong = site_parts(clock)
    runner = Runner(clock, devices, alarms=AlarmEngine(_preset(orders)), parts=parts)
    first = runner.note_fact(
        ev.SessionStarted(
            session_id=orders.session_id,
            subject=orders.subject,
            app_version=__version__,
            boot_id=boot_id(),
            mono_origin_ns=clock.frame.mono_origin_ns,
            utc_origin_us=clock.frame.utc_origin_us,
            speed=clock.frame.speed,
            time_zone=time.strftime("%Z%z"),
            simulated=orders.simulated,
        )
    )
    outcomes = [first, *(runner.note_fact(body) for body in (*parts.begin(clock.now_us()), *_damaged(wrong)))]
    rows = tuple(row for outcome in outcomes for row in outcome.rows)
    try:
        log = SessionLog.create(path, _key(orders), rows, signer=access.signer(), ballast_bytes=_ballast_bytes(orders))
    except OSError as trouble:
        raise LogError(f"the session log {path} cannot be made: {trouble.strerror}") from None
    return Opened(log, clock, runner, devices, {}, [], outcomes)


def _resume(orders: Orders) -> Opened:
    log, history = SessionLog.resume(
        Path(orders.log_path), _key(orders), signer=access.signer(), ballast_bytes=_ballast_bytes(orders)
    )
    timeline = Timeline()
    timeline.add_rows(history)
    clock = SessionClock(_frame_of(timeline, orders.frame))
    devices = number_devices(orders.devices, timeline.state)
    alarms = AlarmEngine.resume(_preset(orders), timeline.events)
    parts, wrong = site_parts(clock)
    runner = Runner(clock, devices, log.last_seq, timeline.state, alarms, parts)
    guards = runner.restore_guards(timeline.events)
    gap_s = max(0, clock.now_us() - timeline.state.mono_us) / 1e6
    text = gap_text(gap_s, "the recorder was restarted")
    frame = clock.frame
    cuff = timeline.state.cuff
    first = [runner.note_fact(ev.SessionResumed(round(gap_s, 3), text, boot_id(), frame.mono_origin_ns, frame.speed))]
    first += [runner.note_fact(body) for body in _damaged(wrong)]
    if cuff.source is not None and cuff.doing != "idle":
        first.append(runner.note_fact(ev.DeviceSaid(cuff.source, "cuff-interrupted", CUFF_INTERRUPTED)))
    return Opened(log, clock, runner, devices, guards, history, first)


def _damaged(words: str) -> list[ev.Body]:
    """What the log and the screens say of a clinic's files that cannot be used."""
    return [ev.ProcessState("the clinic's files", "damaged", f"{words}; what ships is used")] if words else []


def _preset(orders: Orders) -> Preset:
    """The preset that new sessions begin with. Raises ValueError with words when its file is damaged."""
    return load_preset(orders.alarm_preset, config_dir() / "alarm_presets")


def _key(orders: Orders) -> bytes | None:
    return bytes.fromhex(orders.key_hex) or None


def _ballast_bytes(orders: Orders) -> int:
    return 0 if orders.simulated else BALLAST_BYTES


def _frame_of(timeline: Timeline, fallback: ClockFrame) -> ClockFrame:
    """The clock frame in which a log's session runs now."""
    frame, booted = fallback, ""
    for event in timeline.events:
        if isinstance(event.body, ev.SessionStarted):
            body = event.body
            frame = ClockFrame(body.mono_origin_ns, body.utc_origin_us, body.speed)
            booted = body.boot_id
        elif isinstance(event.body, ev.SessionResumed):
            frame = ClockFrame(event.body.mono_origin_ns, frame.utc_origin_us, event.body.speed)
            booted = event.body.boot_id
    return resumed_frame(frame, same_boot=booted == boot_id())
