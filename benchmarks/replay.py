"""Replay of three hours: open, seek, zoom and pan to the painted picture; what-if; a second session beside.

    python benchmarks/replay.py [--quick]

Each run is a fresh process, offscreen, file cache warm, at 1280x800. A frame of a 60 Hz screen is 16.7 ms. On a machine
with other work the processor time says what the wall clock cannot.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec

FRAME_MS = 1000 / 60

CHILD = """
import gc, json, os, random, sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from kapconsole.record import access
from kapconsole.replay.loading import load
from kapconsole.replay.span import Span
from kapconsole.replay.study import Study
from kapconsole.replay.window import ReplayWindow
path, count = Path(sys.argv[1]), int(sys.argv[2])
app = QApplication([])
opening = lambda of: load(of, lambda which: access.open_for_reading(which, lambda: ""), lambda: None)
marks = {}
def timed(name, work):
    began, spent = time.perf_counter(), time.process_time()
    work()
    app.processEvents()
    spent = time.process_time() - spent
    marks.setdefault(name, []).append((1000 * (time.perf_counter() - began), 1000 * spent))
held = window = None
def first_page():
    global held, window
    held = opening(path)
    study = Study(held, lambda: access.check(path, lambda: ""), lambda: None, access.signer, opening)
    window = ReplayWindow(path.name, held.timeline, frame_ms=0, study=study)
    window.show()
timed("open to first page", first_page)
gc.freeze()
end_us, dice = held.timeline.end_us, random.Random(7)
def seeks(name):
    for _ in range(count):
        at_us = dice.randrange(end_us)
        timed(name, lambda: window.seek(at_us))
seeks("seek, room")
timed("to the picture", lambda: window.act("picture"))
window.seek(end_us // 2)
seeks("seek, whole picture")
picture = window.picture
def sweep(name):
    for _ in range(max(1, count // 40)):
        window.seek(dice.randrange(end_us))
        for act in ["zoom-in"] * 20 + ["zoom-out"] * 20:
            timed(name, lambda: window.act(act))
sweep("zoom step, 3 h to 3 s")
def pans(name, length_us):
    length_us = min(length_us, end_us // 2)
    for _ in range(count // 2):
        start_us = dice.randrange(end_us - length_us)
        timed(name, lambda: picture.show_span(Span(start_us, start_us + length_us)))
pans("pan at 1 h", 3_600_000_000)
pans("pan at 1 min", 60_000_000)
window.act("all")
window.supervising.lay_beside(opening(path))
seeks("seek, two sessions")
sweep("zoom step, two sessions")
window.act("beside")
study = window.supervising.study
timed("what if", lambda: study.what_if("first-sessions", lambda part: True))
print(json.dumps(marks), flush=True)
os._exit(0)
"""


def write_session(path: Path, minutes: float) -> None:
    """A rehearsed session with its alarms logged."""
    from kapconsole import events as ev
    from kapconsole.alarms.history import items_of, replayed
    from kapconsole.alarms.presets import load_preset
    from kapconsole.record.writer import SessionLog
    from kapconsole.replay.rehearsal import UTC_ORIGIN_US, Fault, rehearse
    from kapconsole.rows import event_row

    faults = [Fault(1800, 1840, "motion"), Fault(4000, 4100, "finger out"), Fault(6000, 6060, "cable")]
    rows = rehearse(minutes, faults=faults)
    for number, body in enumerate(replayed(items_of(rows), load_preset())):
        at_us = body.at_us + 1000 + number
        rows.append(event_row(ev.Event(0, at_us, UTC_ORIGIN_US + at_us, "monitor", body)))
    rows.sort(key=lambda row: row.mono_us)
    log = SessionLog.create(path, None, ballast_bytes=0)
    for seq, row in enumerate(rows, 1):
        log.append(msgspec.structs.replace(row, seq=seq))
    log.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="half an hour, one process: only that it runs")
    quick = parser.parse_args().quick
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("KAPCONSOLE_HOME", tempfile.mkdtemp(prefix="kap-replay-home-"))
    minutes, runs, count = (30, 1, 40) if quick else (180, 3, 200)
    path = Path(tempfile.mkdtemp(prefix="kap-replay-")) / "session.kaplog"
    write_session(path, minutes)
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(runs):
        done = subprocess.run([sys.executable, "-c", CHILD, str(path), str(count)], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        for name, values in json.loads(done.stdout).items():
            found.setdefault(name, []).extend(values)
    print(f"{minutes} minutes with 75 Hz pleth ({path.stat().st_size / 1e6:.1f} MB), {runs} processes, ms")
    print(f"  {'':<26} {'median':>8} {'p99':>8} {'worst':>8} {'p99 CPU':>8} {'count':>6}   in {FRAME_MS:.1f} ms")
    for name, pairs in found.items():
        values = sorted(wall for wall, _ in pairs)
        spent = sorted(cpu for _, cpu in pairs)
        inside = sum(1 for value in values if value <= FRAME_MS) / len(values)
        p99, p99_cpu = (held[int(0.99 * (len(held) - 1))] for held in (values, spent))
        line = f"  {name:<26} {statistics.median(values):8.1f} {p99:8.1f} {values[-1]:8.1f} {p99_cpu:8.1f}"
        print(f"{line} {len(values):6d}" + (f"   {inside:6.1%}" if len(values) > runs else ""))
    return 0


if __name__ == "__main__":
    sys.exit(main())
