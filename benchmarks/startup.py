"""From the start of the console's process to values and trace on the screen; from a file to replay's first page.

    python benchmarks/startup.py [--quick]

The monitor and simulated devices run already, as when a console is restarted in a session. Each figure is the median
of several fresh processes, offscreen, file cache warm.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

CONSOLE = """
import json, os, sys, time
born = float(sys.argv[1])
marks = {"interpreter": time.time() - born}
import kapconsole.console.feed
from kapconsole.wire import Address
from kapconsole.console.feed import LiveFeed
feed = LiveFeed(Address(sys.argv[2], sys.argv[3]))
from PySide6.QtWidgets import QApplication
from kapconsole.console.window import ConsoleWindow
from kapconsole.console import tiles, pleth
marks["imports"] = time.time() - born
app = QApplication([])
def seen(name, test):
    def wrap(paint):
        def painted(self, ink):
            paint(self, ink)
            if name not in marks and test(self):
                marks[name] = time.time() - born
                if "values" in marks and "trace" in marks:
                    app.exit(0)
        return painted
    return wrap
tiles.Tile.paint = seen("values", lambda self: self.read(self.moment)[0].isdigit())(tiles.Tile.paint)
pleth.Pleth.paint = seen("trace", lambda self: any(len(w.values) for w in self.moment.timeline.waves.values()))(
    pleth.Pleth.paint
)
window = ConsoleWindow(feed)
window.show()
marks["window"] = time.time() - born
app.exec()
print(json.dumps(marks), flush=True)
os._exit(0)
"""

REPLAY = """
import json, os, random, sys, time
born = float(sys.argv[1])
from pathlib import Path
from kapconsole.record.reader import open_log
from kapconsole.session.timeline import Timeline
from PySide6.QtWidgets import QApplication
from kapconsole.replay.window import ReplayWindow
app = QApplication([])
imported = time.time()
timeline = Timeline()
timeline.add_rows(open_log(Path(sys.argv[2])).rows())
window = ReplayWindow("three hours", timeline, frame_ms=0)
window.show()
app.processEvents()
painted = time.time()
dice, seeks = random.Random(7), []
for _ in range(int(sys.argv[3])):
    began = time.perf_counter()
    window.seek(dice.randrange(timeline.end_us))
    app.processEvents()
    seeks.append(1000 * (time.perf_counter() - began))
print(json.dumps({"imports": imported - born, "open to first page": painted - imported, "seeks": seeks}), flush=True)
os._exit(0)
"""


def child(script: str, *words: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", script, repr(time.time()), *words], capture_output=True, text=True, timeout=60
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout))


def console(runs: int) -> None:
    from kapconsole.launcher import Child, python, running_session

    folder = Path(tempfile.mkdtemp(prefix="kap-startup-"))
    demo = Child(
        "demo", python("kapconsole", "demo", "--headless", "--log", str(folder / "s.kaplog")), None,
        restart=False, vital=True,
    )  # fmt: skip
    demo.start(time.monotonic())
    try:
        time.sleep(8)  # noqa: TID251  # until the devices talk
        running = running_session()
        assert running is not None
        found = [child(CONSOLE, running.address.path, running.address.key_hex) for _ in range(runs)]
    finally:
        assert demo.process is not None
        demo.process.terminate()
        demo.process.wait(20)
    print(f"console, from the start of its process, median of {runs}, ms")
    for mark in ("interpreter", "imports", "window", "values", "trace"):
        values = [1000 * float(str(one[mark])) for one in found]
        print(f"  {mark:<12} {statistics.median(values):6.0f}   (worst {max(values):.0f})")


def replay(runs: int, seeks: int) -> None:
    from kapconsole.record.writer import SessionLog
    from kapconsole.replay.rehearsal import rehearse

    path = Path(tempfile.mkdtemp(prefix="kap-startup-")) / "three-hours.kaplog"
    log = SessionLog.create(path, None, ballast_bytes=0)
    for seq, row in enumerate(rehearse(180), 1):
        log.append(msgspec.structs.replace(row, seq=seq))
    log.close()
    found = [child(REPLAY, str(path), str(seeks)) for _ in range(runs)]
    print(f"replay of three hours with 75 Hz pleth ({path.stat().st_size / 1e6:.1f} MB), median of {runs}, ms")
    for mark in ("imports", "open to first page"):
        values = [1000 * float(str(one[mark])) for one in found]
        print(f"  {mark:<20} {statistics.median(values):6.0f}   (worst {max(values):.0f})")
    all_seeks = sorted(float(seek) for one in found for seek in one["seeks"])  # type: ignore[attr-defined]
    p99 = all_seeks[int(0.99 * (len(all_seeks) - 1))]
    print(f"  seek to painted      {statistics.median(all_seeks):6.1f}   (p99 {p99:.1f}, of {len(all_seeks)})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one process of each: only that it runs")
    quick = parser.parse_args().quick
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("KAPCONSOLE_HOME", tempfile.mkdtemp(prefix="kap-startup-home-"))
    console(1 if quick else 7)
    replay(1 if quick else 5, 10 if quick else 100)
    return 0


if __name__ == "__main__":
    sys.exit(main())
