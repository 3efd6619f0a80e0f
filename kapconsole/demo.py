"""The demo: the whole program with simulated monitors on pseudo-terminals and a simulated therapist.

`python -m kapconsole.demo` is the therapist: it attaches like a foot switch would and sends ordinary commands.
"""

from __future__ import annotations

import queue
import signal
import socket
import sys
import threading
import uuid
from pathlib import Path

import msgspec

from kapconsole import commands as cm
from kapconsole.clock import SessionClock
from kapconsole.launcher import Child, python
from kapconsole.lifeline import Orders, read_orders, when_launcher_is_gone
from kapconsole.peer import Attachment
from kapconsole.wire import Answer, Ask, Goodbye, Welcome

DOSE_AT_S = 240.0
AGAIN_AFTER_S = 70.0
"""A refused cuff reading is asked for again after this much session time."""


class Step(msgspec.Struct, frozen=True):
    """What the simulated therapist does, `at_s` session seconds."""

    at_s: float
    body: cm.CommandBody


def _minutes(since_dose_min: float) -> float:
    return DOSE_AT_S + 60.0 * since_dose_min


SCRIPT: tuple[Step, ...] = (
    Step(4, cm.Phase("prepare")),
    Step(12, cm.Note("intention: to meet it gently")),
    Step(25, cm.CuffStart()),
    Step(90, cm.Phase("pre-dose")),
    Step(110, cm.CuffStart()),
    Step(DOSE_AT_S - 8, cm.Phase("dose")),
    Step(DOSE_AT_S, cm.Dose("im", 60)),
    Step(_minutes(0.5), cm.Phase("onset")),
    Step(_minutes(1.2), cm.Note("eyeshade on, headphones on")),
    Step(_minutes(3.1), cm.Mark("1")),
    Step(_minutes(5), cm.CuffStart()),
    Step(_minutes(7.5), cm.Phase("inward")),
    Step(_minutes(10), cm.CuffStart()),
    Step(_minutes(14.05), cm.Note("“falling, but soft”")),
    Step(_minutes(20), cm.CuffStart()),
    Step(_minutes(24), cm.Mark("2")),
    Step(_minutes(27.7), cm.Note("crying, quiet; settled by 31")),
    Step(_minutes(30), cm.CuffStart()),
    Step(_minutes(36.2), cm.Note("hand held, per consent")),
    Step(_minutes(45), cm.CuffStart()),
    Step(_minutes(55), cm.Phase("emerge")),
    Step(_minutes(57), cm.Note("first words; headphones off")),
    Step(_minutes(60), cm.CuffStart()),
    Step(_minutes(72), cm.Phase("integrate")),
    Step(_minutes(75), cm.CuffStart()),
    Step(_minutes(81), cm.Note("draws; speaks of her father")),
    Step(_minutes(90), cm.CuffStart()),
    Step(_minutes(98), cm.Phase("recover")),
    Step(_minutes(105), cm.CuffStart()),
)


def simulated_devices(speed: float, scenario: str, folder: Path) -> tuple[tuple[str, ...], list[Child]]:
    """The device words for the monitor and the processes that play the devices; `folder` is for links to them."""
    devices: list[str] = []
    children: list[Child] = []
    for protocol in ("nonin", "suntech"):
        words = ["kapconsole", "simulate", protocol, "--speed", str(speed), "--scenario", scenario, "--quiet"]
        words += ["--dose-at", str(DOSE_AT_S)]
        if sys.platform == "win32":
            port = _free_port()
            words += ["--tcp", str(port)]
            devices.append(f"{protocol}@socket://127.0.0.1:{port}")
        else:
            link = folder / protocol
            words += ["--link", str(link)]
            devices.append(f"{protocol}@{link}")
        children.append(Child(f"simulated {protocol}", python(*words), None, restart=True, vital=False))
    return tuple(devices), children


def therapist(orders: Orders) -> Child:
    """The process that plays the therapist."""
    return Child("simulated therapist", python("kapconsole.demo"), orders, restart=True, vital=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Therapist:
    """Which step is due, pure: fed with session time and answers."""

    def __init__(self, script: tuple[Step, ...] = SCRIPT) -> None:
        self._steps = sorted(script, key=lambda step: step.at_s)
        self._asked: dict[str, Step] = {}

    def skip_to(self, now_s: float) -> None:
        """Drop what lies before `now_s`: a restarted therapist does not do things twice."""
        self._steps = [step for step in self._steps if step.at_s >= now_s]

    def due(self, now_s: float) -> list[cm.Command]:
        """Commands whose time has come."""
        commands = []
        while self._steps and self._steps[0].at_s <= now_s:
            step = self._steps.pop(0)
            command = cm.Command(uuid.uuid4().hex, "demo", step.body)
            if isinstance(step.body, cm.CuffStart):
                self._asked[command.id] = step
            commands.append(command)
        return commands

    def answered(self, id: str, ok: bool, now_s: float) -> None:
        """A refused cuff reading is tried once more a little later, as a person would."""
        step = self._asked.pop(id, None)
        if step is not None and not ok and now_s < step.at_s + AGAIN_AFTER_S:
            self._steps.insert(0, Step(now_s + AGAIN_AFTER_S, step.body))
            self._steps.sort(key=lambda other: other.at_s)


def main() -> int:
    """Attach to the running demo and play the script."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = read_orders()
    gone = threading.Event()
    when_launcher_is_gone(gone.set)
    attachment = Attachment(orders.address, "demo")
    player = Therapist()
    clock: SessionClock | None = None
    turn_s = min(0.2, max(0.005, 0.5 / orders.frame.speed))
    while not gone.is_set():
        if clock is not None and attachment.attached:
            for command in player.due(clock.now_us() / 1e6):
                attachment.send(Ask(command))
        try:
            message = attachment.take(turn_s)
        except queue.Empty:
            continue
        if isinstance(message, Welcome):
            if clock is None:
                clock = SessionClock(message.frame)
                now_s = clock.now_us() / 1e6
                if now_s > 30 * orders.frame.speed:
                    player.skip_to(now_s)
        elif isinstance(message, Answer) and clock is not None:
            player.answered(message.id, message.ok, clock.now_us() / 1e6)
        elif isinstance(message, Goodbye):
            break
    attachment.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
