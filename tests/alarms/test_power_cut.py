"""AT-20: an alarm's onset that was confirmed survives a power cut straight after it.

The disk is rebuilt from every write and sync below SQLite, as tests/record/test_power_cut.py does it.
"""

from __future__ import annotations

import importlib.util
import queue
import random
from pathlib import Path
from types import ModuleType

import pytest

from kapconsole import commands as cm
from kapconsole import events as ev
from kapconsole.alarms import events as al
from kapconsole.alarms import wishes as ws
from kapconsole.alarms.engine import AlarmEngine
from kapconsole.alarms.presets import load_preset
from kapconsole.clock import FakeClock
from kapconsole.record.reader import open_log
from kapconsole.record.thread import Committed, LogThread
from kapconsole.record.verify import verify
from kapconsole.record.writer import SessionLog
from kapconsole.rows import row_event
from kapconsole.session.runner import DeviceEntry, Outcome, Runner
from kapdevices.link import LinkPhase, LinkReadings, LinkState
from kapdevices.readings import Metric, Numeric

OXIMETER = DeviceEntry(1, "nonin", "/dev/a", can_cuff=False)
CUTS = 60


def power_cuts() -> ModuleType:
    """The recorder below SQLite, from the tests of the session log."""
    place = Path(__file__).parents[1] / "record" / "test_power_cut.py"
    spec = importlib.util.spec_from_file_location("record_power_cut", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.timeout(60)
def test_at_20_the_power_goes_straight_after_an_onset_and_the_onset_is_there(tmp_path: Path) -> None:
    cuts = power_cuts()
    disk = cuts.Recorder()
    clock = FakeClock(1_000_000)
    runner = Runner(clock, [OXIMETER], alarms=AlarmEngine(load_preset()))
    first = runner.note_fact(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC"))
    path = tmp_path / "one.kaplog"
    log = SessionLog.create(path, None, first.rows, ballast_bytes=0, vfs=f"multipleciphers-{disk.name}")
    said: queue.SimpleQueue[object] = queue.SimpleQueue()
    thread = LogThread(log, said.put)

    known: list[tuple[int, str]] = []  # how far the disk was when an alarm event was said to be on it

    def record(outcome: Outcome) -> None:
        for row in outcome.rows:
            thread.append(row, outcome.urgent)
        thread.step()
        told = 0
        while not said.empty():
            notice = said.get()
            told = max(told, notice.seq if isinstance(notice, Committed) else 0)
        for row in outcome.rows:
            body = row_event(row).body if row.kind not in ("numerics", "wave") else None
            if isinstance(body, al.AlarmBody) and row.seq <= told:
                known.append((len(disk.done), f"{row.seq} {row.kind}"))

    record(runner.on_link(1, LinkState("1 nonin", clock.now_us(), LinkPhase.CONNECTED, "talks")))
    for second in range(120):
        clock.advance(1.0)
        spo2 = 98.0 if second < 12 else 98.0 - 15.0 * (second // 8 % 2)
        record(runner.on_link(1, LinkReadings("1 nonin", clock.now_us(), (Numeric(Metric.SPO2, spo2),))))
        for outcome in runner.tick(0):
            record(outcome)
        if second % 16 == 15 and runner.alarms is not None and runner.alarms.status(clock.now_us()).alarms:
            record(runner.on_command(cm.Command("x", "nurse", ws.Acknowledge())))
    assert sum(kind.endswith("alarm-began") for _, kind in known) >= 5
    whole = len(disk.done)
    log.abandon()
    chance = random.Random(11)
    moments = [at for at, _ in known]
    for number in range(CUTS):
        # At once after a confirmation, or anywhere.
        at = chance.choice(moments) if number % 2 else chance.randrange(min(moments), whole + 1)
        folder = tmp_path / f"cut{number}"
        folder.mkdir()
        for file, content in cuts.after_the_cut(disk.done[:at], chance).items():
            (folder / file).write_bytes(content)
        with open_log(folder / path.name) as opened:
            found = {f"{row.seq} {row.kind}" for row in opened.rows()}
        missing = {what for done, what in known if done <= at} - found
        assert not missing, f"cut after step {at}"
        assert verify(folder / path.name, None).ok
