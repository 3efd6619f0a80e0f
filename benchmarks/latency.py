"""From a byte on a pseudo-terminal to the row on disk and to the painted pixel, through the real processes.

    python benchmarks/latency.py [--quick]

A device of 75 frames a second changes its SpO2 in steps; a cuff module sends a result now and then. The monitor runs
as its own process; the window is in this one, offscreen, once with nothing else to do and once kept busy half of the
time. A numeric's row is committed with its second, so its way to the disk takes up to one second by design; an event
(the cuff result) is committed at once.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import apsw

from kapconsole.clock import new_frame
from kapconsole.launcher import Child, python
from kapconsole.lifeline import Orders
from kapconsole.wire import new_address

CHANGE_EVERY_S = 1.37
WARM_UP_S = 4.0
"""Nothing is counted while the processes start."""


def df2_packet(hr: int, spo2: int, first: int) -> list[bytes]:
    """25 frames of Nonin data format 2."""
    floats = {1: hr >> 7, 2: hr & 127, 3: spo2, 9: spo2, 20: hr >> 7, 21: hr & 127}
    frames = []
    for frame in range(1, 26):
        pleth = int(120 + 90 * math.sin((first + frame) / 12))
        body = bytes([1, 0x81 if frame == 1 else 0x80, pleth, floats.get(frame, 0)])
        frames.append(body + bytes([sum(body) & 0xFF]))
    return frames


def nibp_packet(systolic: int) -> bytes:
    """A SunTech result of `systolic`/70."""
    body = bytes([0x3E, 24, systolic, 0, 70, 0, 20, 1, *bytes(8), 70, 0, 90, 0, 0, 0, 0])
    return body + bytes([-sum(body) & 0xFF])


class Devices(threading.Thread):
    """Both devices on one thread; remembers when the byte that completes each new value was written."""

    def __init__(self, seconds: float) -> None:
        super().__init__(name="devices", daemon=True)
        self.seconds = seconds
        self.spo2_written: dict[int, float] = {}
        self.nibp_written: dict[int, float] = {}
        self._oximeter, oximeter = os.openpty()
        self._cuff, cuff = os.openpty()
        for descriptor in (oximeter, cuff):
            import tty

            tty.setraw(descriptor)
        self.addresses = (os.ttyname(oximeter), os.ttyname(cuff))
        os.set_blocking(self._cuff, False)

    def run(self) -> None:
        began = due = time.monotonic()
        packet, systolic = 0, 100
        while time.monotonic() - began < self.seconds:
            elapsed = due - began
            spo2 = 60 + int(elapsed / CHANGE_EVERY_S) % 40
            for number, frame in enumerate(df2_packet(72, spo2, packet * 25), 1):
                due += 1 / 75
                time.sleep(max(0.0, due - time.monotonic()))  # noqa: TID251  # this is the device, not the program
                os.write(self._oximeter, frame)
                if number == 9 and elapsed > WARM_UP_S:
                    self.spo2_written.setdefault(spo2, time.monotonic())
            self._answer_cuff()
            packet += 1
            if packet % 7 == 0:
                systolic = 100 + (systolic - 99) % 60
                os.write(self._cuff, nibp_packet(systolic))
                if elapsed > WARM_UP_S:
                    self.nibp_written.setdefault(systolic, time.monotonic())

    def _answer_cuff(self) -> None:
        """Pressure requests of the idle health probe are answered with an empty cuff."""
        try:
            asked = os.read(self._cuff, 4096)
        except BlockingIOError:
            return
        for _ in range(asked.count(bytes.fromhex("3a790500"))):
            os.write(self._cuff, bytes.fromhex("3e050000bd"))


class DiskWatch(threading.Thread):
    """Looks at the file every few milliseconds, as any reader may; remembers when each value was there."""

    def __init__(self, log: Path) -> None:
        super().__init__(name="disk-watch", daemon=True)
        self.log = log
        self.ended = threading.Event()
        self.spo2_seen: dict[int, float] = {}
        self.nibp_seen: dict[int, float] = {}

    def run(self) -> None:
        from kapconsole.events import NibpMeasured
        from kapconsole.rows import NUMERICS, Row, row_event, unpack_numerics
        from kapdevices.readings import Metric

        while not self.log.exists() and not self.ended.wait(0.01):
            pass
        db, seq = None, 0
        while not self.ended.wait(0.004):
            try:
                db = db or apsw.Connection(str(self.log), flags=apsw.SQLITE_OPEN_READONLY)
                rows = db.execute("SELECT seq, mono_us, utc_us, kind, actor, body FROM rec WHERE seq > ?", (seq,)).get
            except apsw.Error:
                continue  # just being made
            now = time.monotonic()
            for record in [rows] if isinstance(rows, tuple) else rows or []:
                row = Row(*record)
                seq = max(seq, row.seq)
                if row.kind == NUMERICS:
                    for item in unpack_numerics(row):
                        if item.metric is Metric.SPO2 and item.value is not None:
                            self.spo2_seen.setdefault(round(item.value), now)
                elif row.kind == "nibp-measured":
                    body = row_event(row).body
                    if isinstance(body, NibpMeasured) and body.sys_mmhg is not None:
                        self.nibp_seen.setdefault(round(body.sys_mmhg), now)


def watch_pixels(window: Any) -> tuple[dict[int, float], dict[int, float]]:
    """Remember when the tiles finished to paint each value."""
    from kapconsole.console.nibptile import NibpTile
    from kapconsole.console.tiles import Tile

    spo2: dict[int, float] = {}
    nibp: dict[int, float] = {}

    def instrument(tile: Tile, seen: dict[int, float]) -> None:
        paint = tile.paint

        def timed(ink: Any) -> None:
            paint(ink)
            assert tile.moment is not None
            number = "".join(letter for letter in tile.read(tile.moment)[0].split("/")[0] if letter.isdigit())
            if number:
                seen.setdefault(int(number), time.monotonic())

        tile.paint = timed  # type: ignore[method-assign]

    for tile in window.findChildren(Tile):
        if isinstance(tile, NibpTile):
            instrument(tile, nibp)
        elif tile.quantity == "spo2":
            instrument(tile, spo2)
    return spo2, nibp


def differences(written: dict[int, float], seen: dict[int, float]) -> list[float]:
    """Milliseconds from written to seen, for values that were seen at all."""
    return sorted(1000 * (seen[value] - at) for value, at in written.items() if value in seen and seen[value] >= at)


def line(what: str, values: list[float]) -> str:
    if not values:
        return f"{what:<66} nothing was seen"
    p99 = values[min(len(values) - 1, math.ceil(0.99 * len(values)) - 1)]
    return f"{what:<66} {statistics.median(values):8.1f} {p99:8.1f} {values[-1]:8.1f}   {len(values)} values"


def measure(seconds: float, busy: bool) -> list[str]:
    """One run of the real monitor with a window in this process."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from kapconsole.console.feed import LiveFeed
    from kapconsole.console.window import ConsoleWindow

    app = QApplication.instance() or QApplication(["latency"])
    folder = Path(tempfile.mkdtemp(prefix="kap-latency-"))
    devices = Devices(seconds)
    words = (f"nonin:df2@{devices.addresses[0]}", f"suntech@{devices.addresses[1]}")
    log = folder / "latency.kaplog"
    orders = Orders(
        address=new_address(),
        frame=new_frame(),
        session_id="latency",
        log_path=str(log),
        devices=words,
        simulated=True,
    )
    monitor = Child("monitor", python("kapconsole.monitor"), orders, restart=False, vital=True)
    monitor.start(time.monotonic())
    disk = DiskWatch(log)
    disk.start()
    feed = LiveFeed(orders.address)
    window = ConsoleWindow(feed)
    window.show()
    spo2_painted, nibp_painted = watch_pixels(window)
    load = QTimer()
    if busy:
        load.timeout.connect(lambda: _burn(0.016))
        load.start(33)
    devices.start()
    until = time.monotonic() + seconds + 1.5
    QTimer.singleShot(int(1000 * (until - time.monotonic())), lambda: app.exit(0))
    app.exec()
    load.stop()
    disk.ended.set()
    disk.join()
    window.leave()
    feed.close()
    assert monitor.process is not None
    monitor.process.kill()
    monitor.process.wait()
    state = "window busy half of the time" if busy else "idle"
    return [
        line(f"numeric, byte to row on disk ({state})", differences(devices.spo2_written, disk.spo2_seen)),
        line(f"numeric, byte to painted ({state})", differences(devices.spo2_written, spo2_painted)),
        line(f"cuff event, byte to row on disk ({state})", differences(devices.nibp_written, disk.nibp_seen)),
        line(f"cuff event, byte to painted ({state})", differences(devices.nibp_written, nibp_painted)),
    ]


def _burn(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: only that it runs")
    quick = parser.parse_args().quick
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("KAPCONSOLE_HOME", tempfile.mkdtemp(prefix="kap-latency-home-"))
    print(f"{'milliseconds':<66} {'median':>8} {'p99':>8} {'worst':>8}")
    for busy in (False, True):
        for row in measure(12.0 if quick else 54.0, busy):
            print(row)
    return 0


if __name__ == "__main__":
    sys.exit(main())
