"""A fade as it arrives, against the ideal line: the real light process, sACN, a plain socket and olad as receivers.

    python benchmarks/light.py [--quick]

The process is asked over the wire, as the monitor does it, for a fade of a 16-bit fixture; the ideal line begins when
the order is sent. *error* is the distance of each level from that line at the moment of its arrival, in perceived
percent; *late* the same in milliseconds of the fade. Once with nothing else to do, once with every core kept busy.
olad (Debian: ola, needs root) is asked for its levels some 200 times a second; what it has been sent 25 ms ago is no
error of the light, but counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import queue
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

from kapconsole.clock import new_frame
from kapconsole.cues.light import events as le
from kapconsole.lifeline import Orders, write_orders
from kapconsole.wire import Beat, Did, Do, Hello, Hub, Message, Peer, Welcome, new_address

START, END = 60.0, 8.0
FULL = 65535
Sample = tuple[float, float]
"""When it arrived (monotonic seconds), and which level (perceived percent)."""


class Light:
    """A light process in a home of its own that streams to `port`; `prefix` starts it elsewhere."""

    def __init__(self, port: int, prefix: Sequence[str] = ()) -> None:
        self.home = tempfile.TemporaryDirectory(prefix="kap-light")
        folder = Path(self.home.name) / "config"
        folder.mkdir()
        (folder / "light.toml").write_text(
            f'[zone.room]\n[output.stage]\ndriver = "sacn"\nhost = "127.0.0.1"\nport = {port}\n'
            '[[fixture]]\nzone = "room"\noutput = "stage"\nkind = "dimmer16"\n'
        )
        (folder / "light.toml").chmod(0o600)
        self.peers: queue.SimpleQueue[Peer] = queue.SimpleQueue()
        self.ready = threading.Event()
        self.frame, address = new_frame(), new_address()
        self.hub = Hub(address, self._received, lambda peer, why: None)
        environment = {**os.environ, "KAPCONSOLE_HOME": self.home.name}
        argv = [*prefix, sys.executable, "-m", "kapconsole.light"]
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, env=environment)
        write_orders(cast(BinaryIO, self.process.stdin), Orders(address, self.frame))
        self.peer = self.peers.get(timeout=30)
        if not self.ready.wait(30):
            raise RuntimeError("the light process did not come up")

    def _received(self, peer: Peer, message: Message) -> None:
        if isinstance(message, Hello):
            peer.send(Welcome("benchmark", self.frame, ""))
            self.peers.put(peer)
        elif isinstance(message, Did) and isinstance(message.body, le.LightReady):
            self.ready.set()

    def fade(self, level: float, seconds: float) -> float:
        """Ask for it; the moment at which it was asked."""
        at_s = time.monotonic()
        target = (le.LightTarget("room", level),)
        self.peer.send(Do(le.LightAsked("cue", "c", "C", target, seconds, seconds, False, 0)))
        return at_s

    def close(self) -> None:
        """End it and its keeper."""
        from kapconsole.light.memory import read_kept

        kept = read_kept(Path(self.home.name) / "state" / "light.json")
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        if kept is not None and kept.keeper_pid:
            subprocess.run(["kill", "-9", str(kept.keeper_pid)], check=False)
        self.hub.close()
        self.home.cleanup()


def judged(name: str, samples: list[Sample], asked_s: float, seconds: float) -> None:
    """Print how far the samples of one fade are from the ideal line."""
    slope = (END - START) / seconds
    inside = [(at_s, level) for at_s, level in samples if asked_s <= at_s <= asked_s + seconds]
    if len(inside) < 3:
        print(f"{name:26}nothing arrived")
        return
    errors = [abs(level - (START + slope * (at_s - asked_s))) for at_s, level in inside]
    late = [(at_s - asked_s) - (level - START) / slope for at_s, level in inside]
    gaps = sorted(later[0] - earlier[0] for earlier, later in zip(inside, inside[1:], strict=False))
    levels = [level for _, level in inside]
    back = sum(later > earlier for earlier, later in zip(levels, levels[1:], strict=False))
    print(
        f"{name:26}{len(inside) / seconds:8.1f}/s{1e3 * gaps[len(gaps) // 2]:9.1f}{1e3 * gaps[-1]:9.1f}"
        f"{statistics.median(errors):10.3f}{max(errors):9.3f}"
        f"{1e3 * statistics.median(late):10.1f}{1e3 * max(late):9.1f}{back:7}"
    )


def by_socket(seconds: float, loads: Sequence[int]) -> None:
    """Every datagram, stamped as it arrives."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2.0)
        light = Light(receiver.getsockname()[1])
        samples: list[Sample] = []
        ended = threading.Event()

        def receive() -> None:
            while not ended.is_set():
                try:
                    frame = receiver.recv(2000)
                except TimeoutError:
                    continue
                samples.append((time.monotonic(), 100 * int.from_bytes(frame[126:128], "big") / FULL))

        thread = threading.Thread(target=receive)
        thread.start()
        try:
            for busy in loads:
                measure(f"socket, {'cores busy' if busy else 'idle'}", light, samples, seconds, busy)
        finally:
            ended.set()
            thread.join()
            light.close()


def by_olad(seconds: float, loads: Sequence[int]) -> None:
    """olad's levels, asked for all the time."""
    spec = importlib.util.spec_from_file_location(
        "light_olad", Path(__file__).parent.parent / "tests" / "light" / "olad.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if words := module.missing():
        print(f"{'olad':26}left out: {words}")
        return
    with module.running() as olad:
        olad.patch("E1.31", 1)
        light = Light(5568, olad.prefix)
        samples: list[Sample] = []
        ended = threading.Event()

        def ask() -> None:
            while not ended.wait(0.003):
                slots: Any = olad.dmx(1)
                if len(slots) >= 2:
                    samples.append((time.monotonic(), 100 * (slots[0] * 256 + slots[1]) / FULL))

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            for busy in loads:
                measure(f"olad, {'cores busy' if busy else 'idle'}", light, samples, seconds, busy)
        finally:
            ended.set()
            thread.join()
            light.close()


def measure(name: str, light: Light, samples: list[Sample], seconds: float, busy: int) -> None:
    """One fade down from START to END, with `busy` processes that do nothing but count."""
    pause = threading.Event()
    light.fade(START, 1.0)
    pause.wait(2.0)
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(busy)]
    try:
        pause.wait(0.5)
        samples.clear()
        asked_s = light.fade(END, seconds)
        while (left_s := asked_s + seconds + 0.3 - time.monotonic()) > 0:
            light.peer.send(Beat())
            pause.wait(min(1.0, left_s))
        judged(name, list(samples), asked_s, seconds)
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short fades, idle alone, for a guard against rot")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each fade")
    options = parser.parse_args()
    seconds = 1.5 if options.quick else options.seconds
    loads = (0,) if options.quick else (0, os.cpu_count() or 1)
    print(f"fade from {START:g} to {END:g} % in {seconds:g} s; gaps and lateness in ms, errors in perceived percent")
    print(
        f"{'':26}{'levels':>10}{'gap':>9}{'longest':>9}{'error':>10}{'largest':>9}{'late':>10}{'latest':>9}{'back':>7}"
    )
    by_socket(seconds, loads)
    by_olad(seconds, loads)
    return 0


if __name__ == "__main__":
    sys.exit(main())
