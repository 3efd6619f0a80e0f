"""The light on the client display: is each frame drawn for the moment at which it is shown, and how long is none shown?

    python benchmarks/display.py [--quick] [--seconds S] [--others S]

Three in one run, on a virtual X server where there is one: the client display's own process, a plain Qt widget and
pygame, both of which draw where the program's other work is done, as a window of the console would. Each idle, and then
with a GUI that is blocked for 500 ms every 2 s and as many busy processes as there are cores. `--seconds` is the length
of each run of the client display, `--others` that of the other two. A virtual screen has no refresh: the figures hold
for the program, not for a monitor. Position errors are of a horizontal sweep of 25 degrees at 1 cycle/s.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, BinaryIO, cast

import msgspec

from kapconsole.bilateral.events import Channel, Plan, SetAsked, StopAsked, StopKind
from kapconsole.clock import SessionClock, new_frame
from kapconsole.room.display import messages as ms

BLOCK_S, BLOCK_EVERY_S = 0.5, 2.0
FRAME_MS = 16
SIZE = (1280, 720)
PEAK_DEG_S = math.pi * 25.0
"""The fastest of a sine of 25 degrees at 1 cycle/s: so far is a frame off that comes a second late."""

PAUSE = threading.Event()  # never set: something to wait on


class Run(msgspec.Struct):
    """Frames handed to the screen; longest time without one; how far a frame came from its moment, mean and most."""

    frames: int
    gap_ms: float
    error_ms: float
    error_max_ms: float


class Moments:
    """Frames of a drawing: for which moment, and when on the screen."""

    def __init__(self) -> None:
        self.pairs: list[tuple[float, float]] = []

    def run(self) -> Run:
        """The account, without the first second."""
        kept = [pair for pair in self.pairs if pair[1] > self.pairs[0][1] + 1]
        gaps = [after[1] - before[1] for before, after in zip(kept, kept[1:], strict=False)]
        errors = [abs(shown - meant) for meant, shown in kept]
        return Run(len(kept), 1000 * max(gaps), 1000 * sum(errors) / len(errors), 1000 * max(errors))


def blocked(began_s: float) -> bool:
    """Work for 500 ms every 2 s, as a GUI does that formats a table; True when it did."""
    if (time.monotonic() - began_s) % BLOCK_EVERY_S > BLOCK_S / 10:
        return False
    until_s = time.monotonic() + BLOCK_S
    while time.monotonic() < until_s:
        sum(range(1000))
    return True


def widget(seconds: float, busy: bool) -> Run:
    """A QWidget that a QTimer repaints, position by the time at which it is painted."""
    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtGui import QColor, QPainter, QPaintEvent
    from PySide6.QtWidgets import QApplication, QWidget

    app = QApplication([])
    moments, began_s = Moments(), time.monotonic()

    class Dot(QWidget):
        def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
            meant_s = time.monotonic()
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self.rect(), QColor("#060608"))
            painter.setBrush(QColor("#c8d6ff"))
            painter.drawEllipse(round(600 - 500 * math.cos(2 * math.pi * (meant_s - began_s))), 340, 40, 40)
            painter.end()
            # What is painted is on the screen when the event is over.
            QTimer.singleShot(0, lambda: moments.pairs.append((meant_s, time.monotonic())))

    window = Dot()
    window.resize(*SIZE)
    window.show()
    timer, other = QTimer(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(window.update)
    timer.start(FRAME_MS)
    if busy:
        other.timeout.connect(lambda: blocked(began_s))
        other.start(20)
    QTimer.singleShot(round(1000 * seconds), app.quit)
    app.exec()
    return moments.run()


def game(seconds: float, busy: bool) -> Run:
    """The usual loop of pygame at 60 frames a second."""
    import pygame

    pygame.display.init()
    screen = pygame.display.set_mode(SIZE)
    ticks, moments, began_s = pygame.time.Clock(), Moments(), time.monotonic()
    while time.monotonic() - began_s < seconds:
        pygame.event.pump()
        if busy:
            blocked(began_s)
        meant_s = time.monotonic()
        screen.fill((6, 6, 8))
        x = 640 - 500 * math.cos(2 * math.pi * (meant_s - began_s))
        pygame.draw.circle(screen, (200, 214, 255), (round(x), 360), 20)
        pygame.display.flip()
        moments.pairs.append((meant_s, time.monotonic()))
        ticks.tick(60)
    pygame.quit()
    return moments.run()


class Client:
    """The client display's process, as the room has it."""

    def __init__(self) -> None:
        self.frame = new_frame()
        self.clock = SessionClock(self.frame)
        words = [sys.executable, "-m", "kapconsole.room.display"]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if sys.platform != "win32":
            with contextlib.suppress(OSError):  # as the room process, whose child it is, where the system lets it
                os.setpriority(os.PRIO_PROCESS, self.process.pid, -10)
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self.tell(ms.Begin(self.frame, "", True))
        self._alive = threading.Thread(target=self._live, daemon=True)
        self._alive.start()

    def tell(self, order: ms.ToDisplay) -> None:
        """One order."""
        with self._lock:
            ms.write(cast(BinaryIO, self.process.stdin), order)

    def show(self, number: int, seconds: float) -> tuple[ms.Shown, float]:
        """A set that is stopped after so long: its account, and seconds from the stop to the first dark frame."""
        now_us = self.clock.now_us()
        plan = Plan("bench", 1, 1.0, (Channel.LIGHT,), cycles=120, start_us=now_us + 200_000)
        self.tell(SetAsked(number, plan, "", None, now_us))
        PAUSE.wait(seconds)
        stop_us = self.clock.now_us()
        self.tell(StopAsked(number, StopKind.STOP_NOW, "", stop_us))
        while not isinstance(said := ms.read_report(cast(BinaryIO, self.process.stdout)), ms.Shown):
            if said is None:
                raise RuntimeError("the client display died")
        return said, (said.dark_us - stop_us) / 1e6

    def close(self) -> None:
        """End it."""
        self._ended.set()
        self._alive.join()
        with contextlib.suppress(OSError):
            cast(BinaryIO, self.process.stdin).close()
        self.process.wait(10)

    def _live(self) -> None:
        while not self._ended.wait(0.1):
            self.tell(ms.Alive())


def client(seconds: float) -> Run:
    """The client display in sets of at most 100 s, each with its account; the pauses between them do not count."""
    display, whole = Client(), Run(0, 0.0, 0.0, 0.0)
    display.show(0, 1.0)  # the window comes up
    number, left_s = 1, seconds
    while left_s > 0:
        shown, _ = display.show(number, min(100.0, left_s))
        whole.error_ms = (whole.error_ms * whole.frames + shown.error_ms * shown.frames) / (whole.frames + shown.frames)
        whole.frames += shown.frames
        whole.gap_ms = max(whole.gap_ms, shown.gap_ms)
        whole.error_max_ms = max(whole.error_max_ms, shown.error_max_ms)
        number, left_s = number + 1, left_s - 100.0
    display.close()
    return whole


def stops(times: int) -> list[float]:
    """Milliseconds from *stop now*, said to the display, to its first dark frame."""
    display = Client()
    display.show(0, 1.0)
    found = [1000 * display.show(number, 0.4 + 0.013 * number)[1] for number in range(1, times + 1)]
    display.close()
    return sorted(found)


def alone(name: str, seconds: float, busy: bool) -> Run:
    """A contender in a process of its own."""
    words = [sys.executable, __file__, "--part", name, "--seconds", str(seconds), *(["--busy"] if busy else [])]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Run)


def loaded(on: bool) -> list[subprocess.Popen[bytes]]:
    """A GUI of its own that is blocked now and then, and processes that keep the cores busy."""
    if not on:
        return []
    hog = [sys.executable, "-c", "while True: sum(range(10000))"]
    gui = [sys.executable, __file__, "--part", "widget", "--busy", "--seconds", "100000"]
    return [subprocess.Popen(words) for words in (gui, *[hog] * (os.cpu_count() or 2))]


def print_run(name: str, how: str, run: Run, seconds: float) -> None:
    """One line."""
    print(
        f"{name:16} {how:8} {run.frames / seconds:6.1f} frames/s  longest gap {run.gap_ms:7.1f} ms  "
        f"frame off its moment: mean {run.error_ms:6.2f} ms, most {run.error_max_ms:7.1f} ms "
        f"({PEAK_DEG_S * run.error_max_ms / 1000:5.2f} deg at the fastest)",
        flush=True,
    )


def virtual_screen() -> subprocess.Popen[bytes] | None:
    """An X server without a monitor, where there is one to be had; else Qt draws without a screen."""
    if shutil.which("Xvfb") is None:
        os.environ["QT_QPA_PLATFORM"], os.environ["SDL_VIDEODRIVER"] = "offscreen", "dummy"
        print("no Xvfb here: drawn without a screen")
        return None
    read, write = os.pipe()
    words = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1920x1080x24", "-br"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(words, pass_fds=(write,), **quiet)
    os.close(write)
    with os.fdopen(read) as number:
        os.environ["DISPLAY"] = f":{number.readline().strip()}"
    os.environ["QT_QPA_PLATFORM"], os.environ["SDL_VIDEODRIVER"] = "xcb", "x11"
    return server


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a guard against rot")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--others", type=float, default=60.0)
    parser.add_argument("--part", choices=("widget", "pygame"), help=argparse.SUPPRESS)
    parser.add_argument("--busy", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        run = (widget if options.part == "widget" else game)(options.seconds, options.busy)
        print(msgspec.json.encode(run).decode())
        return 0
    if importlib.util.find_spec("PySide6") is None:
        print("no Qt here")
        return 0
    own_s, other_s, times = (2.0, 2.5, 3) if options.quick else (options.seconds, options.others, 40)
    contenders = ["widget", *(["pygame"] if importlib.util.find_spec("pygame") else [])]
    if len(contenders) == 1:
        print("pygame is not installed: left out")
    with tempfile.TemporaryDirectory(prefix="kap-d") as home:
        os.environ["KAPCONSOLE_HOME"] = home
        server = virtual_screen()
        try:
            for busy in (False, True):
                how = "loaded" if busy else "idle"
                hogs = loaded(busy)
                took = stops(times)
                print(f"stop now to the first dark frame, {how}, {times} times: median {took[len(took) // 2]:.1f} ms,"
                      f" worst {took[-1]:.1f} ms")  # fmt: skip
                print_run("client display", how, client(own_s), own_s)
                if hogs:
                    gui = hogs.pop(0)  # the others are blocked themselves
                    gui.kill()
                    gui.wait()
                for name in contenders:
                    print_run(name, how, alone(name, other_s, busy), other_s - 1)
                for hog in hogs:
                    hog.kill()
                    hog.wait()
        finally:
            if server is not None:
                server.terminate()
                server.wait(5)
    return 0


if __name__ == "__main__":
    sys.exit(main())
