"""Memory and CPU of the processes of a session, window included.

    python benchmarks/session_cost.py [--quick]

Two runs: three simulated hours in a clock sixty times faster, which shows what a long session leaves in memory, and
one minute at life's own pace, which shows what a session costs while it runs.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

NAMES = {
    "kapconsole.monitor": "monitor",
    "kapconsole.annunciator": "annunciator",
    "kapconsole.room": "room",
    "kapconsole.console": "console",
}


def name_of(process: psutil.Process) -> str | None:
    """Which of the program's processes it is; None for simulators."""
    try:
        words = process.cmdline()
    except psutil.Error:
        return None
    return next((name for module, name in NAMES.items() if module in words), None)


def measure(speed: int, seconds: float, settle_s: float) -> dict[str, tuple[float, float]]:
    """CPU seconds (after `settle_s`) and resident megabytes at the end, by process."""
    log = Path(tempfile.mkdtemp(prefix="kap-cost-")) / "cost.kaplog"
    words = [sys.executable, "-m", "kapconsole", "demo", "--speed", str(speed), "--log", str(log)]
    run = subprocess.Popen(words, stderr=subprocess.DEVNULL, env={**os.environ, "QT_QPA_PLATFORM": "offscreen"})
    try:
        time.sleep(settle_s)  # noqa: TID251  # measured in real time
        launcher = psutil.Process(run.pid)
        watched = {name: child for child in launcher.children() if (name := name_of(child)) is not None}
        watched["launcher"] = launcher
        before = {name: sum(child.cpu_times()[:2]) for name, child in watched.items()}
        time.sleep(seconds)  # noqa: TID251
        found = {
            name: (sum(child.cpu_times()[:2]) - before[name], child.memory_info().rss / 1e6)
            for name, child in watched.items()
        }
    finally:
        run.send_signal(signal.SIGINT)
        run.wait(30)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: only that it runs")
    quick = parser.parse_args().quick
    os.environ.setdefault("KAPCONSOLE_HOME", tempfile.mkdtemp(prefix="kap-cost-home-"))
    long_s = 4.0 if quick else 180.0
    fast = measure(60, long_s, 5.0)
    print(f"{long_s * 60 / 3600:.2f} simulated hours at 60x")
    for name, (cpu_s, mb) in sorted(fast.items()):
        print(f"  {name:<12} {mb:6.0f} MB resident at the end, {cpu_s:6.1f} s of CPU")
    live_s = 4.0 if quick else 60.0
    live = measure(1, live_s, 6.0)
    print(f"{live_s:.0f} s at life's own pace")
    for name, (cpu_s, mb) in sorted(live.items()):
        print(f"  {name:<12} {mb:6.0f} MB resident, {100 * cpu_s / live_s:5.1f} % of one core")
    return 0 if "console" in live and "monitor" in fast else 1


if __name__ == "__main__":
    sys.exit(main())
