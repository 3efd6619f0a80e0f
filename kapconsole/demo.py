"""The demo: the whole program with simulated monitors on pseudo-terminals and a simulated therapist.

`python -m kapconsole.demo` is the therapist: it attaches like a foot switch would and sends ordinary commands.
"""

from __future__ import annotations

import queue
import signal
import socket
import sys
import threading
import time
import uuid
from pathlib import Path

import msgspec

from kapconsole import commands as cm
from kapconsole.bilateral import wishes as bw
from kapconsole.bilateral.events import Channel
from kapconsole.clinical import wishes as cw
from kapconsole.clock import SessionClock
from kapconsole.cues.music import wishes as mw
from kapconsole.cues.music.pads import make_demo_music
from kapconsole.events import WavePiece
from kapconsole.launcher import Child, python
from kapconsole.lifeline import Orders, read_orders, when_launcher_is_gone
from kapconsole.peer import Attachment
from kapconsole.refusals import Refused
from kapconsole.session.state import EMPTY, State, fold
from kapconsole.session.words import age_text, clock_text, metric_label
from kapconsole.wire import Answer, Ask, Goodbye, Live, Welcome
from kapdevices.readings import UNITS, Metric

PROGRESS = "--progress"
PROGRESS_EVERY_S = 10.0

DOSE_AT_S = 240.0
AGAIN_AFTER_S = 70.0
"""What was refused and is in `AGAIN` is asked for once more after this much session time."""

AGAIN = (cm.CuffStart, mw.PlayMusic)


class Step(msgspec.Struct, frozen=True):
    """What the simulated therapist does, `at_s` session seconds."""

    at_s: float
    body: cm.CommandBody


def _minutes(since_dose_min: float) -> float:
    return DOSE_AT_S + 60.0 * since_dose_min


NO_TROUBLE: dict[str, bool | None] = {
    "photosensitive-epilepsy": False,
    "seizures": False,
    "concussion": False,
    "migraine": False,
    "vestibular": False,
    "eye-surgery": False,
    "eye-trauma": False,
}

SCRIPT: tuple[Step, ...] = (
    Step(4, cm.Phase("prepare")),
    Step(12, cw.SetIntention("to meet it gently")),
    Step(16, cw.RecordWeight(75.0)),
    Step(18, cw.RecordAllergies("none known")),
    Step(20, cw.RecordContact("ride", "M. Friend", "555 0142")),
    Step(25, cm.CuffStart()),
    Step(90, cm.Phase("pre-dose")),
    Step(95, cw.ScoreSedation(5)),
    Step(110, cm.CuffStart()),
    Step(DOSE_AT_S - 8, cm.Phase("dose")),
    Step(DOSE_AT_S, cw.RecordDose("ketamine", "im", 60.0, site="left deltoid", lot="A1201", given_by="N. Nurse")),
    Step(_minutes(0.4), mw.PlayMusic()),
    Step(_minutes(0.5), cm.Phase("onset")),
    Step(_minutes(1.2), cm.Note("eyeshade on, headphones on")),
    Step(_minutes(3.1), cm.Mark("1")),
    Step(_minutes(5), cm.CuffStart()),
    Step(_minutes(7.5), cm.Phase("inward")),
    Step(_minutes(10), cm.CuffStart()),
    Step(_minutes(14.05), cm.Note("“falling, but soft”")),
    Step(_minutes(20), cm.CuffStart()),
    Step(_minutes(21), cw.ScoreSedation(4, how="whispered name")),
    Step(_minutes(24), cm.Mark("2")),
    Step(_minutes(27.7), cm.Note("crying, quiet; settled by 31")),
    Step(_minutes(30), cm.CuffStart()),
    Step(_minutes(36.2), cm.Note("hand held, per consent")),
    Step(_minutes(45), cm.CuffStart()),
    Step(_minutes(50), mw.SteerMusic(mw.Act.EASE)),
    Step(_minutes(55), cm.Phase("emerge")),
    Step(_minutes(57), cm.Note("first words; headphones off")),
    Step(_minutes(60), cm.CuffStart()),
    Step(_minutes(66), cw.ScoreSedation(5)),
    Step(_minutes(66.5), cw.AskOrientation(True, True, True)),
    Step(_minutes(72), cm.Phase("integrate")),
    Step(_minutes(73), bw.RehearseStop("raised hand")),
    Step(_minutes(73.5), bw.AnswerScreening(NO_TROUBLE)),
    Step(_minutes(75), cm.CuffStart()),
    Step(_minutes(78), bw.StartSet("calm-place", channels=(Channel.AUDIO,), cycles=12, sud_before=5)),
    Step(_minutes(79), bw.RateSet(sud_after=4)),
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


def therapist(orders: Orders, progress: bool = False) -> Child:
    """The process that plays the therapist; with `progress` it says every ten seconds where the session is."""
    words = ["kapconsole.demo", PROGRESS] if progress else ["kapconsole.demo"]
    return Child("simulated therapist", python(*words), orders, restart=True, vital=False)


def progress_line(state: State, now_us: int) -> str:
    """Where the session stands, on one line: session time, phase, the newest values with the age of a cuff reading."""
    parts = [clock_text(now_us), state.phases[-1].phase if state.phases else "no phase yet"]
    for metric in (Metric.SPO2, Metric.PULSE_RATE):
        newest = state.newest(metric)
        if newest is not None:
            value, unit = newest[1].value, UNITS[metric]
            parts.append(f"{metric_label(metric)} {'--' if value is None else f'{value:g}'} {unit}")
    cuff = next((view for view in reversed(state.nibp) if view.reading.valid), None)
    if cuff is not None:
        age = age_text((now_us - cuff.mono_us) / 1e6)
        parts.append(f"NIBP {cuff.reading.sys_mmhg:g}/{cuff.reading.dia_mmhg:g} mmHg, {age}")
    return " · ".join(parts)


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
            if isinstance(step.body, AGAIN):
                self._asked[command.id] = step
            commands.append(command)
        return commands

    def add(self, step: Step) -> None:
        """One more step."""
        self._steps = sorted((*self._steps, step), key=lambda each: each.at_s)

    def answered(self, id: str, ok: bool, now_s: float) -> None:
        """A refused cuff reading is tried once more a little later, as a person would."""
        step = self._asked.pop(id, None)
        if step is not None and not ok and now_s < step.at_s + AGAIN_AFTER_S:
            self.add(Step(now_s + AGAIN_AFTER_S, step.body))


def _music() -> str:
    """The path of the demonstration's own music, made if it is not there yet; empty when it cannot be made."""
    try:
        return str(make_demo_music())
    except (OSError, Refused) as trouble:
        print(f"kapconsole demo: no music: {trouble}", file=sys.stderr)
        return ""


def main() -> int:
    """Attach to the running demo and play the script."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders = read_orders()
    gone = threading.Event()
    when_launcher_is_gone(gone.set)
    attachment = Attachment(orders.address, "demo")
    player = Therapist()
    clock: SessionClock | None = None
    state, told_s = EMPTY, time.monotonic()
    progress = PROGRESS in sys.argv[1:]
    made: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=lambda: made.put(_music()), name="demo-music", daemon=True).start()
    turn_s = min(0.2, max(0.005, 0.5 / orders.frame.speed))
    while not gone.is_set():
        if clock is not None and attachment.attached:
            if not made.empty() and (playlist := made.get()):
                player.add(Step(clock.now_us() / 1e6, mw.ChoosePlaylist(playlist)))
            for command in player.due(clock.now_us() / 1e6):
                attachment.send(Ask(command))
        if progress and clock is not None and time.monotonic() - told_s >= PROGRESS_EVERY_S:
            told_s = time.monotonic()
            print(f"kapconsole: {progress_line(state, clock.now_us())}", file=sys.stderr, flush=True)
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
        elif isinstance(message, Live) and progress:
            for item in message.items:
                if not isinstance(item, WavePiece):
                    state = fold(state, item)
        elif isinstance(message, Answer) and clock is not None:
            player.answered(message.id, message.ok, clock.now_us() / 1e6)
        elif isinstance(message, Goodbye):
            break
    attachment.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
