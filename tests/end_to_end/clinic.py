"""A small clinic for whole days: its settings, its simulated monitors, its patient, and the session's processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import psutil

from kapconsole.clinical.staffing import hash_pin
from kapconsole.clock import new_frame
from kapconsole.cues.music.pads import make_demo_music
from kapconsole.lifeline import Orders, write_orders
from kapconsole.paths import config_dir, sessions_dir
from kapconsole.wire import Address, new_address
from kapdevices.catalog import find
from kapdevices.patient import Patient
from kapdevices.simulate import SimulatorHost

CLIENT = "K-0207"
STAFF = {"thea": ("T. Hart", "therapist", "2468"), "nils": ("N. Berg", "nurse", "1357"), "pia": ("P. Lund", "prescriber", "9753")}
DIP_S = 150.0
LAUNCH = """
import sys
from kapconsole.launcher import Launcher
from kapconsole.lifeline import read_orders
sys.exit(Launcher(read_orders(), with_console=False, say=lambda text: print(text, file=sys.stderr, flush=True)).run())
"""


class Person(Patient):
    """The simulated patient; a dose and a dip of the saturation begin when the test says so."""

    def __init__(self) -> None:
        super().__init__("course", dose_at_s=None)
        self._dip_asked = self._dose_asked = False
        self._dip_at_s: float | None = None

    def dip(self) -> None:
        """The saturation falls by 14 % now and is back after two and a half minutes."""
        self._dip_asked = True

    def dosed(self) -> None:
        """The dose is given now."""
        self._dose_asked = True

    def spo2(self, t_s: float) -> float:
        if self._dose_asked:
            self._dose_asked, self.dose_at_s = False, t_s
        if self._dip_asked:
            self._dip_asked, self._dip_at_s = False, t_s
        value = super().spo2(t_s)
        if self._dip_at_s is not None and 0 <= t_s - self._dip_at_s < DIP_S:
            return value - 14.0
        return value


def furnish() -> None:
    """A staff list with PINs and a playlist, in the clinic's own folders."""
    clinical = config_dir() / "clinical"
    clinical.mkdir(parents=True, exist_ok=True)
    lines = ["version = 1", 'stored_by = "test"', 'stored_at = "2026-01-05"']
    for key, (name, role, pin) in STAFF.items():
        lines += ["", f"[staff.{key}]", f'name = "{name}"', f'roles = ["{role}"]', f'pin = "{hash_pin(pin)}"']
    (clinical / "staff.toml").write_text("\n".join(lines) + "\n", "utf-8")
    (config_dir() / "playlists").mkdir(exist_ok=True)
    shutil.copy(make_demo_music(), config_dir() / "playlists" / "quiet.toml")


class Day:
    """One session's processes with their simulated monitors, from `with` to its end."""

    def __init__(self, name: str, speed: float, folder: Path) -> None:
        self.person = Person()
        self.log = sessions_dir() / f"{name}.kaplog"
        self.address: Address = new_address()
        self._speed = speed
        self._links = {protocol: folder / f"{name}-{protocol}" for protocol in ("nonin", "suntech")}
        self._hosts = [
            SimulatorHost(find(protocol).make_simulator(self.person), link=link, speed=speed)
            for protocol, link in self._links.items()
        ]
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        for host in self._hosts:
            host.start()
        orders = Orders(
            address=self.address,
            frame=new_frame(self._speed),
            session_id=str(uuid.uuid4()),
            log_path=str(self.log),
            devices=tuple(f"{protocol}@{link}" for protocol, link in self._links.items()),
            subject=CLIENT,
            simulated=True,
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCH], stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        assert self.process.stdin is not None
        write_orders(self.process.stdin, orders)
        return self

    def ended(self, timeout_s: float = 20.0) -> str:
        """Wait until the session has ended by itself; what the launcher said."""
        assert self.process is not None
        _, said = self.process.communicate(timeout=timeout_s)
        assert self.process.returncode == 0, said.decode()
        return said.decode()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self.process
        if process is not None and process.poll() is None:
            tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            for one in tree:
                one.kill()
            psutil.wait_procs(tree, timeout=10)
            process.communicate()
        for host in self._hosts:
            host.close()
