"""Commands about a running session: demo, run, console, send."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kapconsole.cli.speaking import Failed, log_errors, passphrase, say, screen

if TYPE_CHECKING:
    from kapconsole.launcher import Child, Running
    from kapconsole.lifeline import Orders

LOG_SUFFIX = ".kaplog"


def demo(options: argparse.Namespace) -> int:
    from kapconsole.demo import simulated_devices, therapist
    from kapdevices.patient import SCENARIOS

    if options.scenario not in SCENARIOS:
        raise Failed(f"unknown scenario {options.scenario!r}; one of: {', '.join(SCENARIOS)}")
    _refuse_second_session()
    log = _new_log(options.log, "demo")
    with tempfile.TemporaryDirectory(prefix="kap-demo-") as folder:
        devices, around = simulated_devices(options.speed, options.scenario, Path(folder))
        orders = _orders(log, devices, subject="K-0142", speed=options.speed, simulated=True)
        return _launch(orders, options, [*around, therapist(orders)])


def run(options: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from kapconsole.finding import NoDevice, devices_to_run
    from kapconsole.record.access import log_key, new_log_key

    _refuse_second_session()
    try:
        options.device = devices_to_run(options.device, say)
    except NoDevice as trouble:
        raise Failed(str(trouble)) from None
    with log_errors():
        if options.log is not None and options.log.exists():
            key = log_key(options.log, passphrase(options))
            orders = _orders(options.log, options.device, subject=options.subject)
            orders = replace(orders, resume=True)
        else:
            _point_at_unfinished(options.log)
            log = _new_log(options.log, options.subject or "session")
            orders = _orders(log, options.device, subject=options.subject)
            key = None if options.no_encryption else new_log_key(log, orders.session_id, passphrase(options))
    if key is None:
        say("this session's log is not encrypted (kapconsole protect sets encryption up)")
    if options.capture is not None:
        options.capture.mkdir(parents=True, exist_ok=True)
    capture_dir = str(options.capture.resolve()) if options.capture else ""
    return _launch(replace(orders, key_hex=(key or b"").hex(), capture_dir=capture_dir), options, [])


def _orders(
    log: Path, devices: Sequence[str], *, subject: str = "", speed: float = 1.0, simulated: bool = False
) -> Orders:
    import uuid

    from kapconsole.annunciator.routes import doubts, refusal
    from kapconsole.clock import new_frame
    from kapconsole.config import read_config
    from kapconsole.lifeline import Orders
    from kapconsole.wire import new_address

    config, trouble = read_config()
    if trouble:
        say(trouble)
    refused = refusal(config.alarm_out, config.patient_out)
    if refused:
        raise Failed(refused)
    for words in () if simulated else doubts(config.alarm_out, config.patient_out):
        say(words)
    return Orders(
        address=new_address(),
        frame=new_frame(speed),
        session_id=str(uuid.uuid4()),
        log_path=str(log.resolve()),
        devices=tuple(devices),
        subject=subject,
        simulated=simulated,
        alarm_out=config.alarm_out,
        patient_out=config.patient_out,
        alarm_preset=config.alarm_preset,
        alarm_keepalive_dbfs=config.alarm_keepalive_dbfs,
        remote_audio_pause=config.remote_audio_pause,
    )


def _launch(orders: Orders, options: argparse.Namespace, around: Sequence[Child]) -> int:
    from kapconsole.launcher import Launcher

    say(f"session log: {orders.log_path}")
    window = not options.headless
    if window and not screen():
        say("there is no screen here: going on without a window (--headless)")
        window = False
    launcher = Launcher(orders, with_console=window, around=around, say=say)
    code = launcher.run(options.seconds)
    if code == 0:
        say(f"session closed: {orders.log_path}")
    return code


def console(options: argparse.Namespace) -> int:
    from kapconsole.console.process import attach

    return attach(_running().address, options.station.strip(), options.role)


def send(options: argparse.Namespace) -> int:
    import getpass

    from kapconsole.commands import COMMANDS, BadCommand, parse_command
    from kapconsole.launcher import SendFailed, ask

    if options.list:
        for name, (use, _) in COMMANDS.items():
            print(f"{name} {use}")
        return 0
    try:
        body = parse_command(options.words)
        answer = ask(_running(), body, f"send:{getpass.getuser()}")
    except (BadCommand, SendFailed) as trouble:
        raise Failed(str(trouble)) from None
    if not answer.ok:
        raise Failed(answer.text)
    print(answer.text)
    return 0


def _running() -> Running:
    from kapconsole.launcher import running_session

    running = running_session()
    if running is None:
        raise Failed("no session is running on this machine for this user")
    return running


def _refuse_second_session() -> None:
    from kapconsole.launcher import answers, running_session

    running = running_session()
    if running is not None and answers(running):
        raise Failed(f"a session is running already (process {running.launcher_pid}, log {running.log_path})")


def _new_log(asked: Path | None, name: str) -> Path:
    from kapconsole.paths import sessions_dir

    if asked is not None:
        if asked.exists():
            raise Failed(f"{asked} exists already; a session log is never overwritten")
        if not asked.parent.is_dir():
            raise Failed(f"the folder {asked.parent} does not exist")
        return asked
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name)
    return sessions_dir() / f"{datetime.now().astimezone():%Y-%m-%d_%H%M%S}_{safe}{LOG_SUFFIX}"


def _point_at_unfinished(asked: Path | None) -> None:
    """Say which session was cut off, so that a person can go on with it instead of beginning a new one."""
    from kapconsole.paths import sessions_dir

    if asked is not None:
        return
    for path in sorted(sessions_dir().glob(f"*{LOG_SUFFIX}"))[-5:]:
        # A closed session has no write-ahead log beside it.
        if path.with_name(path.name + "-wal").exists():
            say(f"an unfinished session is there; go on with it by: kapconsole run --log {path} --device ...")
