"""olad, an independent receiver of DMX over network and USB, in a network namespace of its own (Linux, root)."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from kapdevices.lights import enttec

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
OFF = (
    *("dummy", "espnet", "ftdidmx", "gpio", "karate", "kinet", "milinst", "opendmx", "openpixelcontrol", "osc"),
    *("pathport", "renard", "sandnet", "shownet", "spi", "stageprofi", "uartdmx", "usbdmx"),
)
INSIDE = """
ip link set lo up
ip link add v0 type veth peer name v1 && ip addr add 10.77.0.1/24 dev v0 && ip link set v0 up && ip link set v1 up
exec setpriv --reuid=olad --regid=nogroup --clear-groups \
  olad -c "$0" -i 127.0.0.1 --no-register-with-dns-sd --no-use-async-libusb -l 2
"""


def missing() -> str:
    """Why olad cannot be run here; empty when it can."""
    if sys.platform != "linux":
        return "olad is tried on Linux alone"
    lacking = [name for name in ("olad", "ola_patch", "ip", "unshare", "setpriv", "nsenter") if not shutil.which(name)]
    if lacking:
        return f"not installed: {', '.join(lacking)} (apt-get install --no-install-recommends ola ola-python)"
    if os.geteuid() != 0:
        return "olad in a network namespace of its own needs root"
    if subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False).returncode:
        return "this machine allows no network namespaces"
    return ""


class Widget:
    """A DMX USB Pro at a pseudo-terminal: answers serial number and parameters, keeps the frames that it is sent."""

    def __init__(self) -> None:
        import pty
        import tty

        self._master, self._slave = pty.openpty()
        tty.setraw(self._master)
        tty.setraw(self._slave)
        self.path = os.ttyname(self._slave)
        self.asked: list[int] = []
        self.frames: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="widget")
        self._thread.start()

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._master)
        os.close(self._slave)

    def _run(self) -> None:
        import select

        answers = enttec.Answers()
        while not self._ended.is_set():
            if not select.select([self._master], [], [], 0.05)[0]:
                continue
            for message in answers.feed(os.read(self._master, 4096)):
                if message.label == enttec.SEND_DMX:
                    self.frames.put((time.monotonic(), message.data))
                    continue
                self.asked.append(message.label)
                if message.label == enttec.SERIAL_NUMBER:
                    os.write(self._master, enttec.message(10, bytes.fromhex("78563412")))
                if message.label == enttec.GET_PARAMETERS:
                    os.write(self._master, enttec.message(3, bytes((2, 1, 9, 1, 40))))


class Olad:
    """The daemon. `inside` runs a function on a thread that is in its network namespace."""

    def __init__(self, widget: str = "") -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kap-olad"))
        self.folder.chmod(0o755)
        for name in OFF:
            self._configure(name, "enabled = false\n")
        self._configure(
            "e131", "enabled = true\nip = 10.77.0.1\nignore_preview = true\ninput_ports = 3\noutput_ports = 0\n"
        )
        self._configure("artnet", "enabled = true\nip = 127.0.0.1\nuse_loopback = true\noutput_ports = 0\n")
        if widget:
            devices = self.folder / "dev"
            devices.mkdir()
            (devices / "ttyUSB0").symlink_to(widget)
            shutil.chown(widget, "olad")
            self._configure("usbserial", f"enabled = true\ndevice_dir = {devices}\ndevice_prefix = ttyUSB\n")
        else:
            self._configure("usbserial", "enabled = false\n")
        for path in (self.folder, *self.folder.iterdir()):
            os.chown(path, _olad_uid(), -1)
        self._process = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", INSIDE, str(self.folder)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.prefix = ["nsenter", "-t", str(self._process.pid), "-n"]
        self._threads = ThreadPoolExecutor(1, initializer=self.enter)
        self._wait()
        self.inside(lambda: None)  # its thread belongs to the daemon, not to the first test that asks

    def enter(self) -> None:
        """Bring the calling thread into the daemon's network namespace, for good."""
        with open(f"/proc/{self._process.pid}/ns/net") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")

    def inside(self, call: Callable[[], T]) -> T:
        return self._threads.submit(call).result(timeout=60)

    def run(self, *words: str) -> str:
        return subprocess.run([*self.prefix, *words], capture_output=True, text=True, check=True, timeout=10).stdout

    def patch(self, device: str, universe: int, port: int = 0, receives: bool = True) -> None:
        """Connect a port of the first device whose name holds `device` to a universe."""
        found = re.search(rf"Device (\d+): [^\n]*{device}", self.run("ola_dev_info"))
        assert found, f"olad has no device {device}: {self.run('ola_dev_info')}"
        which = ["-i"] if receives else []
        self.run("ola_patch", "-d", found[1], "-p", str(port), *which, "-u", str(universe))

    def dmx(self, universe: int) -> list[int]:
        """The levels of a universe, as long as its last packet."""

        def get() -> Any:
            with urllib.request.urlopen(f"http://127.0.0.1:9090/get_dmx?u={universe}", timeout=5) as reply:
                return json.load(reply)["dmx"]

        return list(self.inside(get))

    def close(self) -> None:
        self._threads.shutdown()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _configure(self, plugin: str, text: str) -> None:
        (self.folder / f"ola-{plugin}.conf").write_text(text)

    def _wait(self) -> None:
        until_s = time.monotonic() + 20
        pause = threading.Event()
        while time.monotonic() < until_s:
            assert self._process.poll() is None, "olad ended at once"
            with contextlib.suppress(subprocess.SubprocessError, OSError):
                if "ACN" in self.run("ola_dev_info"):
                    return
            pause.wait(0.1)
        self.close()
        raise AssertionError("olad did not start within 20 s")


def _olad_uid() -> int:
    import pwd

    return pwd.getpwnam("olad").pw_uid


@contextlib.contextmanager
def running(widget: str = "") -> Iterator[Olad]:
    """An olad for as long as the block lasts."""
    olad = Olad(widget)
    try:
        yield olad
    finally:
        olad.close()
