"""A small clinic for whole days: its settings, its simulated monitors, its patient, and the session's processes."""

from __future__ import annotations

import shutil
import subprocess
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from kapconsole.clinical.staffing import hash_pin
from kapconsole.clock import new_frame
from kapconsole.cues.music.pads import make_demo_music
from kapconsole.lifeline import Orders, write_orders
from kapconsole.paths import config_dir, sessions_dir
from kapconsole.wire import Address, new_address
from kapdevices.catalog import find
from kapdevices.patient import Patient, effect
from kapdevices.simulate import SimulatorHost

CLIENT = "K-0207"
STAFF = {
    "thea": ("T. Hart", "therapist", "2468"),
    "nils": ("N. Berg", "nurse", "1357"),
    "pia": ("P. Lund", "prescriber", "9753"),
}
PROTOCOLS = ("nonin", "suntech")
DIP_S, DIP_PERCENT = 150.0, 14.0
LAUNCH = """
import sys
from kapconsole.launcher import Launcher
from kapconsole.lifeline import read_orders
sys.exit(Launcher(read_orders(), with_console=False, say=lambda text: print(text, file=sys.stderr, flush=True)).run())
"""


class Person(Patient):
    """The simulated patient, of half the usual rise; a dose and a dip of the saturation begin when somebody says so."""

    def __init__(self) -> None:
        super().__init__("course", dose_at_s=None)
        self.told: list[str] = []
        self._dip_at_s: float | None = None

    def spo2(self, t_s: float) -> float:
        while self.told:
            if self.told.pop() == "dose":
                self.dose_at_s = t_s
            else:
                self._dip_at_s = t_s
        value = super().spo2(t_s)
        dips = self._dip_at_s is not None and 0 <= t_s - self._dip_at_s < DIP_S
        return value - DIP_PERCENT if dips else value

    def systolic(self, t_s: float) -> float:
        return super().systolic(t_s) - 17 * effect(self._since_dose_s(t_s))

    def diastolic(self, t_s: float) -> float:
        return super().diastolic(t_s) - 8.5 * effect(self._since_dose_s(t_s))


def simulate(speed: float, links: Sequence[str]) -> None:
    """The patient on his monitors, in a process of its own; a line on standard input tells him what happens."""
    person = Person()
    hosts = [
        SimulatorHost(find(protocol).make_simulator(person), link=Path(link), speed=speed)
        for protocol, link in zip(PROTOCOLS, links, strict=True)
    ]
    for host in hosts:
        host.start()
    print("ready", flush=True)
    for line in sys.stdin:
        person.told.append(line.strip())
    for host in hosts:
        host.close()


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
        self.log = sessions_dir() / f"{name}.kaplog"
        self.address: Address = new_address()
        self._speed = speed
        self._links = [str(folder / f"{name}-{protocol}") for protocol in PROTOCOLS]
        self._patient: subprocess.Popen[str] | None = None
        self.process: subprocess.Popen[bytes] | None = None

    def tell(self, what: str) -> None:
        """Let something happen to the patient: "dose", or "dip" of the saturation."""
        assert self._patient is not None
        assert self._patient.stdin is not None
        self._patient.stdin.write(f"{what}\n")
        self._patient.stdin.flush()

    def __enter__(self) -> Self:
        self._patient = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.clinic", str(self._speed), *self._links],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._patient.stdout is not None
        assert self._patient.stdout.readline() == "ready\n"
        orders = Orders(
            address=self.address,
            frame=new_frame(self._speed),
            session_id=str(uuid.uuid4()),
            log_path=str(self.log),
            devices=tuple(f"{protocol}@{link}" for protocol, link in zip(PROTOCOLS, self._links, strict=True)),
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
        if self._patient is not None:
            self._patient.communicate(timeout=10)


if __name__ == "__main__":
    simulate(float(sys.argv[1]), sys.argv[2:])
