"""From the last byte of a frame to the alarm: to the monitor's word, the log on disk, the loudspeaker, the strip.

    python benchmarks/alarms.py [--quick] [--only NAME] [--seconds S]

A cuff module sends a reading that is too low (P07: no delay, MEDIUM) and a second later a good one, every 2.5 s; an
oximeter of 75 frames a second runs beside it. Monitor, annunciator and window are processes of their own. The
loudspeaker is a virtual card of a private PulseAudio where that is installed, and what it plays is recorded; else the
annunciator's own clock counts. Situations: idle; the window busy half of the time; the window blocked for 2 s of
every 5; the disk busy (another process writes and syncs there all the time); the disk slow (each commit takes half a
second longer, so the way to the log must, too).

Long because it drives all of the program's processes from outside and holds each situation beside its measure.

Then, without processes: one hour of alarms through the engine, and three hours with 500 occurrences replayed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import apsw

SITUATIONS = ("idle", "window busy", "window blocked", "disk busy", "disk slow")
EVERY_S = 2.5
WELL_AFTER_S = 1.0
WARM_UP_S = 5.0
SLOW_S = 0.5
RATE_HZ = 48_000


# --- the devices ------------------------------------------------------------------------------------------------------


def df2_packet(first: int) -> list[bytes]:
    """25 frames of Nonin data format 2: SpO2 97, pulse 72."""
    floats = {2: 72, 3: 97, 9: 97, 21: 72}
    frames = []
    for frame in range(1, 26):
        pleth = int(120 + 90 * math.sin((first + frame) / 12))
        body = bytes([1, 0x81 if frame == 1 else 0x80, pleth, floats.get(frame, 0)])
        frames.append(body + bytes([sum(body) & 0xFF]))
    return frames


def nibp_packet(systolic: int) -> bytes:
    """A SunTech result of `systolic`/50 mmHg."""
    body = bytes([0x3E, 24, systolic, 0, 50, 0, 20, 1, *bytes(8), 70, 0, 62, 0, 0, 0, 0])
    return body + bytes([-sum(body) & 0xFF])


class Devices(threading.Thread):
    """An oximeter and a cuff module on pseudo-terminals; remembers when the last byte of a low reading was written."""

    def __init__(self, seconds: float) -> None:
        import tty

        super().__init__(name="devices", daemon=True)
        self.seconds = seconds
        self.low_written_s: list[float] = []
        pairs = [os.openpty() for _ in range(2)]
        for _, slave in pairs:
            tty.setraw(slave)
        (self._oximeter, _), (self._cuff, _) = pairs
        self.addresses = tuple(os.ttyname(slave) for _, slave in pairs)
        os.set_blocking(self._cuff, False)

    def run(self) -> None:
        began = due = time.monotonic()
        low_due, well_due = began + WARM_UP_S, began + WARM_UP_S - 1.0
        numbers = itertools.count()
        for packet in itertools.count():
            for frame in df2_packet(packet * 25):
                due += 1 / 75
                time.sleep(max(0.0, due - time.monotonic()))  # noqa: TID251  # this is the device, not the program
                os.write(self._oximeter, frame)
                now = time.monotonic()
                if now >= low_due:
                    # Not in step with the frames of the other device, nor with any period of the program.
                    low_due, well_due = now + EVERY_S + 0.0137 * (packet % 7), now + WELL_AFTER_S
                    os.write(self._cuff, nibp_packet(78 + next(numbers) % 10))
                    self.low_written_s.append(time.monotonic())
                if now >= well_due:
                    well_due = math.inf
                    os.write(self._cuff, nibp_packet(95 + next(numbers) % 10))
            self._answer_cuff()
            if time.monotonic() - began > self.seconds:
                return

    def _answer_cuff(self) -> None:
        try:
            asked = os.read(self._cuff, 4096)
        except BlockingIOError:
            return
        for _ in range(asked.count(bytes.fromhex("3a790500"))):
            os.write(self._cuff, bytes.fromhex("3e050000bd"))


# --- who sees it ------------------------------------------------------------------------------------------------------


class WireWatch:
    """Another peer of the monitor: when it hears of an alarm, and what the annunciator sounded."""

    def __init__(self, address: Any) -> None:
        from kapconsole.clock import ClockFrame
        from kapconsole.wire import HubUnreachable, connect

        self.heard_s: dict[int, float] = {}
        self.sounded_s: dict[int, float] = {}
        self.frame: ClockFrame | None = None
        until = time.monotonic() + 20
        while True:
            try:
                self._peer = connect(address, "console", self._hear, lambda peer, why: None)
                break
            except HubUnreachable:
                if time.monotonic() > until:
                    raise
                threading.Event().wait(0.1)
        self._ended = threading.Event()
        self._beating = threading.Thread(target=self._beat, name="beat", daemon=True)
        self._beating.start()

    def _beat(self) -> None:
        from kapconsole.wire import Beat

        while not self._ended.wait(1.0):
            self._peer.send(Beat())

    def _hear(self, peer: Any, message: Any) -> None:
        from kapconsole.events import Event, SignalSounded
        from kapconsole.wire import AlarmsNow, Live, Welcome

        now = time.monotonic()
        if isinstance(message, Welcome):
            self.frame = message.frame
        elif isinstance(message, AlarmsNow):
            for alarm in message.status.alarms:
                if alarm.condition == "P07":
                    self.heard_s.setdefault(alarm.occurrence, now)
        elif isinstance(message, Live):
            for item in message.items:
                body = item.body if isinstance(item, Event) else None
                if isinstance(body, SignalSounded) and body.what == "medium" and self.frame is not None:
                    for number in body.occurrences:
                        at = (self.frame.mono_origin_ns + body.at_us * 1000) / 1e9
                        self.sounded_s.setdefault(number, at)

    def close(self) -> None:
        self._ended.set()
        self._beating.join()
        self._peer.close()


class DiskWatch(threading.Thread):
    """Looks at the file every few milliseconds, as any reader may."""

    def __init__(self, log: Path) -> None:
        super().__init__(name="disk-watch", daemon=True)
        self.log = log
        self.ended = threading.Event()
        self.seen_s: dict[int, float] = {}

    def run(self) -> None:
        from kapconsole.alarms.events import AlarmBegan
        from kapconsole.rows import Row, row_event

        while not self.log.exists() and not self.ended.wait(0.01):
            pass
        db, seq = None, 0
        while not self.ended.wait(0.003):
            try:
                db = db or apsw.Connection(str(self.log), flags=apsw.SQLITE_OPEN_READONLY)
                rows = list(db.execute("SELECT seq, mono_us, utc_us, kind, actor, body FROM rec WHERE seq > ?", (seq,)))
            except apsw.Error:
                continue
            now = time.monotonic()
            for record in rows:
                row = Row(*record)
                seq = max(seq, row.seq)
                if row.kind == "alarm-began":
                    body = row_event(row).body
                    if isinstance(body, AlarmBegan) and body.condition == "P07":
                        self.seen_s[body.occurrence] = now


class Recorder(threading.Thread):
    """What the virtual card plays: when each stretch of sound began, by the card's own count of samples."""

    def __init__(self, env: dict[str, str]) -> None:
        super().__init__(name="recorder", daemon=True)
        self.began_s: list[float] = []
        command = ["parec", "-d", "room.monitor", "--format=float32le", f"--rate={RATE_HZ}", "--channels=1", "--raw"]
        self._process = subprocess.Popen(
            [*command, "--latency-msec=10"], env={**os.environ, **env}, stdout=subprocess.PIPE, bufsize=0
        )

    def run(self) -> None:
        import numpy as np

        assert self._process.stdout is not None
        frames, last, earliest = 0, -RATE_HZ, math.inf
        pending: list[int] = []
        while data := self._process.stdout.read(4 * 480):
            now = time.monotonic()
            samples = np.frombuffer(data[: len(data) // 4 * 4], np.float32)
            # The least delay with which a sample was ever read is the nearest to when it was played.
            earliest = min(earliest, now - (frames + len(samples)) / RATE_HZ)
            loud = np.flatnonzero(np.abs(samples) > 1e-4)
            for at in loud[:1]:
                if frames + int(at) - last > RATE_HZ // 2:
                    pending.append(frames + int(at))
            if len(loud):
                last = frames + int(loud[-1])
            frames += len(samples)
            self.began_s = [earliest + each / RATE_HZ for each in pending]

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()
        self.join()


@contextmanager
def card() -> Iterator[dict[str, str]]:
    """A private PulseAudio with the card "room"; gives its environment, empty where there is none."""
    if any(shutil.which(tool) is None for tool in ("pulseaudio", "pactl", "parec")):
        yield {}
        return
    folder = Path(tempfile.mkdtemp(prefix="kap-snd"))
    env = {
        "PULSE_SERVER": f"unix:{folder}/native",
        "PULSE_RUNTIME_PATH": str(folder),
        "PULSE_STATE_PATH": str(folder),
        "PULSE_COOKIE": str(folder / "cookie"),
    }
    (folder / "cookie").write_bytes(bytes(256))
    sink = f"module-null-sink sink_name=room format=float32le rate={RATE_HZ} channels=2 norewinds=1"
    words = ["-L", f"module-native-protocol-unix auth-anonymous=1 socket={folder}/native", "-L", sink]
    options = (
        "-n --daemonize=no --exit-idle-time=-1 --disable-shm=yes --realtime=no --high-priority=no --use-pid-file=no"
    )
    daemon = subprocess.Popen(
        ["pulseaudio", *options.split(), f"--log-target=file:{folder}/log", *words],
        env={**os.environ, **env, "HOME": str(folder)},
    )
    try:
        for _ in range(100):
            listed = subprocess.run(
                ["pactl", "list", "short", "sinks"], env={**os.environ, **env}, capture_output=True, text=True
            )
            if "room" in listed.stdout:
                break
            threading.Event().wait(0.1)
        yield env
    finally:
        daemon.terminate()
        daemon.wait()
        shutil.rmtree(folder, ignore_errors=True)


# --- other processes --------------------------------------------------------------------------------------------------


def window(situation: str) -> int:
    """The console's window, offscreen; on its way out it prints when its strip was first painted with each alarm."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from kapconsole.alarms.events import Priority
    from kapconsole.console.feed import LiveFeed
    from kapconsole.console.window import ConsoleWindow
    from kapconsole.lifeline import read_orders, when_launcher_is_gone

    orders = read_orders()
    gone = threading.Event()
    when_launcher_is_gone(gone.set)
    feed = LiveFeed(orders.address)
    app = QApplication(["alarms"])
    shown = ConsoleWindow(feed)
    shown.resize(1280, 800)
    shown.show()
    painted: list[float] = []
    looked = 0

    def look() -> None:
        nonlocal looked
        entries = list(shown.paint_log.entries)
        fresh = [entry for entry in entries if entry.at_us > looked]
        for entry in fresh:
            if entry.priority is Priority.MEDIUM and (not was or was[-1] is not Priority.MEDIUM):
                painted.append(entry.at_us / 1e6)
            was.append(entry.priority)
            looked = entry.at_us
        if gone.is_set():
            app.exit(0)

    was: list[Any] = []
    looking, load = QTimer(), QTimer()
    looking.timeout.connect(look)
    looking.start(200)
    if situation == "window busy":
        load.timeout.connect(lambda: burn(0.016))
        load.start(33)
    elif situation == "window blocked":
        load.timeout.connect(lambda: burn(2.0))
        load.start(5000)
    app.exec()
    look()
    looking.stop()
    load.stop()
    print(json.dumps(painted), flush=True)
    shown.leave()
    feed.close()
    return 0


def slow_monitor() -> int:
    """The monitor, with a disk whose every commit takes longer."""
    from kapconsole.monitor.process import main as monitor
    from kapconsole.record.writer import SessionLog

    write = SessionLog.write
    pause = threading.Event()

    def slowly(self: SessionLog, rows: Any) -> int:
        pause.wait(SLOW_S)
        return write(self, rows)

    SessionLog.write = slowly  # type: ignore[method-assign]
    return monitor()


def busy_disk(folder: str) -> int:
    """Writes and syncs all the time, until its parent ends it."""
    block = os.urandom(4 << 20)
    while True:
        with open(Path(folder) / "other", "wb") as file:
            for _ in range(8):
                file.write(block)
                file.flush()
                os.fsync(file.fileno())


def burn(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


# --- measuring --------------------------------------------------------------------------------------------------------


def measure(situation: str, seconds: float, env: dict[str, str]) -> list[str]:
    """One run of the real processes in one situation."""
    from kapconsole.clock import new_frame
    from kapconsole.launcher import Child, python
    from kapconsole.lifeline import Orders, write_orders
    from kapconsole.wire import new_address

    folder = Path(tempfile.mkdtemp(prefix="kap-alarms-"))
    devices = Devices(seconds)
    log = folder / "alarms.kaplog"
    orders = Orders(
        address=new_address(),
        frame=new_frame(),
        session_id="alarms",
        log_path=str(log),
        devices=(f"nonin:df2@{devices.addresses[0]}", f"suntech@{devices.addresses[1]}"),
        simulated=True,
        alarm_out="PulseAudio: room" if env else "",
    )
    this = [sys.executable, __file__]
    with ExitStack() as stack:
        if situation == "disk busy":
            other = subprocess.Popen([*this, "--busy-disk", str(folder)])
            stack.callback(other.wait)
            stack.callback(other.kill)
        words = [*this, "--slow-monitor"] if situation == "disk slow" else python("kapconsole.monitor")
        children = [
            Child("monitor", words, orders, restart=False, vital=True),
            Child("annunciator", python("kapconsole.annunciator"), orders, restart=False, vital=False),
        ]
        for child in children:
            child.start(time.monotonic())
            assert child.process is not None
            stack.callback(child.process.wait)
            stack.callback(child.process.kill)
        shown = subprocess.Popen([*this, "--window", situation], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert shown.stdin is not None
        write_orders(cast(BinaryIO, shown.stdin), orders)
        disk = DiskWatch(log)
        disk.start()
        wire = WireWatch(orders.address)
        recorder = Recorder(env) if env else None
        if recorder is not None:
            recorder.start()
        devices.start()
        devices.join()
        threading.Event().wait(3.0)
        out, _ = shown.communicate(timeout=30)
        painted = json.loads(out.splitlines()[-1])
        disk.ended.set()
        disk.join()
        wire.close()
        if recorder is not None:
            recorder.close()
    shutil.rmtree(folder, ignore_errors=True)
    written = devices.low_written_s
    rows = [
        line("to the condition, heard on the wire", written, sorted(wire.heard_s.values())),
        line("to the log on disk", written, sorted(disk.seen_s.values())),
        line("to the burst's first sample, by the stream's clock", written, sorted(wire.sounded_s.values())),
    ]
    if recorder is not None:
        rows.append(line("to the burst in what the card played", written, recorder.began_s))
    rows.append(line("to the painted strip", written, painted))
    return [f"{situation}:", *rows]


def line(what: str, written: list[float], seen: list[float]) -> str:
    """Each reading with the first sight of it before the next one."""
    took = []
    for at, until in itertools.pairwise([*written, math.inf]):
        sight = next((each for each in seen if at <= each < until), None)
        if sight is not None:
            took.append(1000 * (sight - at))
    took.sort()
    if not took:
        return f"  {what:<56} nothing was seen"
    p99 = took[min(len(took) - 1, math.ceil(0.99 * len(took)) - 1)]
    missing = f", {len(written) - len(took)} not seen" if len(took) < len(written) else ""
    return f"  {what:<56} {statistics.median(took):8.1f} {p99:8.1f} {took[-1]:8.1f}   {len(took)} alarms{missing}"


# --- the engine alone -------------------------------------------------------------------------------------------------


def story(hours: float, alarms_an_hour: float) -> tuple[Any, list[Any], float]:
    """A session made by hand: the engine's preset, its items with everything logged, and how long the engine took."""
    from kapconsole import events as ev
    from kapconsole.alarms import wishes as ws
    from kapconsole.alarms.engine import AlarmEngine
    from kapconsole.alarms.presets import load_preset
    from kapdevices.readings import Metric, Quality

    second_us = 1_000_000
    preset = load_preset()
    engine = AlarmEngine(preset)
    log: list[Any] = []
    stamp_us = 0
    took_s = 0.0

    def keep(bodies: list[Any]) -> None:
        for body in bodies:
            event(body, feed=False)

    def event(body: Any, feed: bool = True) -> None:
        nonlocal stamp_us, took_s
        stamp_us += 1
        item = ev.Event(len(log) + 1, stamp_us, 0, "bench", body)
        log.append(item)
        if feed:
            timed(engine.feed, item)

    def timed(call: Callable[..., list[Any]], *words: Any) -> None:
        nonlocal took_s
        since = time.perf_counter()
        bodies = call(*words)
        took_s += time.perf_counter() - since
        keep(bodies)

    event(ev.SessionStarted("id", "", "0", "boot", 0, 0, 1.0, "UTC"))
    event(ev.ProcessState("annunciator", "running", ""))
    event(ev.DeviceState(1, "nonin", "port", "", "connected", ""))
    event(ev.DeviceState(2, "suntech", "port", "", "connected", ""))
    event(ev.DoseGiven(0, "ketamine", "im", 60.0))
    every_s = round(3600 / alarms_an_hour)
    for second in range(1, round(3600 * hours)):
        into_s = second % every_s
        low = into_s >= every_s // 2 and into_s < every_s // 2 + 4
        for metric, value in ((Metric.SPO2, 80.0 if low else 98.0), (Metric.PULSE_RATE, 70.0 + second % 2)):
            stamp_us = max(second * second_us, stamp_us + 1)
            item = ev.Measurement(stamp_us, 1, metric, value, Quality.GOOD)
            log.append(item)
            timed(engine.feed, item)
        wave = bytes((second * 75 + i) % 251 for i in range(75))
        piece = ev.WavePiece((second - 1) * second_us, second_us, 1, Metric.PLETH, Quality.GOOD, 255, 1, wave)
        log.append(piece)
        timed(engine.feed, piece)
        if second % 300 == 0:
            event(ev.NibpMeasured(2, 120.0 + second % 60, 75.0, None, 70.0, Quality.GOOD, ""))
        for tenth in range(1, 10):
            stamp_us = max(second * second_us + tenth * 100_000, stamp_us + 1)
            timed(engine.tick, stamp_us)
        if into_s == every_s - 1 and engine.status(stamp_us).alarms:
            timed(engine.wish, ws.Acknowledge(), stamp_us)
    return preset, log, took_s


def engine_alone(quick: bool) -> list[str]:
    """Seconds for an hour of alarms, and a long session's replay, which must be identical."""
    from kapconsole.alarms.events import AlarmBegan
    from kapconsole.alarms.history import bodies_of, replayed

    hours = 0.1 if quick else 1.0
    _, log, took_s = story(hours, 120)
    began = sum(isinstance(body, AlarmBegan) for body in bodies_of(log))
    rows = [f"{hours:g} h of session, {began} alarms, ten ticks a second, through the engine: {took_s:.1f} s"]
    hours = 0.3 if quick else 3.0
    preset, log, _ = story(hours, 170)
    began = sum(isinstance(body, AlarmBegan) for body in bodies_of(log))
    since = time.perf_counter()
    same = replayed(log, preset) == bodies_of(log)
    took_s = time.perf_counter() - since
    rows.append(
        f"{hours:g} h with {began} occurrences replayed in {took_s:.1f} s: {'identical' if same else 'DIFFERENT'}"
    )
    if not same:
        raise SystemExit("\n".join([*rows, "the replay differs"]))
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes: only that it runs")
    parser.add_argument("--only", choices=[*SITUATIONS, "engine"])
    parser.add_argument("--seconds", type=float, default=210.0, help="length of each situation")
    for name in ("--window", "--busy-disk"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    parser.add_argument("--slow-monitor", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.window:
        return window(options.window)
    if options.slow_monitor:
        return slow_monitor()
    if options.busy_disk:
        return busy_disk(options.busy_disk)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ["KAPCONSOLE_HOME"] = tempfile.mkdtemp(prefix="kap-alarms-home-")
    seconds = 12.0 if options.quick else options.seconds
    chosen = [options.only] if options.only else list(SITUATIONS)
    if options.quick and not options.only:
        chosen = ["idle", "disk slow"]
    with card() as env:
        os.environ.update(env)
        print("a private PulseAudio's null sink" if env else "no sound server here: the annunciator's own clock")
        print(f"{'milliseconds from the last byte of the frame':<58} {'median':>8} {'p99':>8} {'worst':>8}", flush=True)
        for situation in chosen:
            if situation != "engine":
                print("\n".join(measure(situation, seconds, env)), flush=True)
    if options.only in (None, "engine"):
        print("\n".join(engine_alone(options.quick)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
