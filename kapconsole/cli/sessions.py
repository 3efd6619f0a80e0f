"""Commands about a running session: demo, run, console, send."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kapconsole.cli.speaking import Failed, log_errors, passphrase, say, screen

if TYPE_CHECKING:
    from kapconsole.cues.light.setup import Setup
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
        orders = _orders(log, devices, subject="DEMO", speed=options.speed, simulated=True)
        told = (options.headless or not screen()) and not getattr(options, "quiet", False)
        return _launch(orders, options, [*around, therapist(orders, progress=told)])


def run(options: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from kapconsole.finding import NoDevice, devices_to_run
    from kapconsole.record.access import log_key, new_log_key

    _refuse_second_session()
    _refuse_one_port_twice(options.device)
    try:
        options.device = devices_to_run(options.device, say)
    except NoDevice as trouble:
        raise Failed(str(trouble)) from None
    with log_errors():
        if options.log is not None and options.log.exists():
            fetch = passphrase(options)
            key = log_key(options.log, fetch)
            _refuse_another_subject(options.log, options.subject, fetch)
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

    if not screen():
        raise Failed("there is no screen here; kapconsole send gives the running session commands without one")
    return attach(_running().address, options.station.strip(), options.role)


def send(options: argparse.Namespace) -> int:
    import getpass

    from kapconsole.cli.delivered import ask_and_hear, is_watched
    from kapconsole.commands import COMMANDS, BadCommand, parse_command
    from kapconsole.launcher import SendFailed

    if options.list:
        for name, (use, _) in COMMANDS.items():
            print(f"{name} {use}")
        return 0
    try:
        body = parse_command(options.words)
        setup = _lamps() if is_watched(body) else None
        answer, delivered = ask_and_hear(_running(), body, f"send:{getpass.getuser()}", setup)
    except (BadCommand, SendFailed) as trouble:
        raise Failed(str(trouble)) from None
    if not answer.ok:
        raise Failed(answer.text)
    print(answer.text)
    if delivered is not None:
        if delivered.ok is False:
            raise Failed(delivered.text)
        if delivered.text:
            print(delivered.text)
    return 0


def _lamps() -> Setup | None:
    """The room's lamps, for their names; a damaged file is not this command's business."""
    from kapconsole.cues.light.setup import SetupError, load_setup
    from kapconsole.paths import config_dir

    try:
        return load_setup(config_dir())
    except SetupError:
        return None


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


def _refuse_another_subject(log: Path, subject: str, fetch: Callable[[], str]) -> None:
    """A session that goes on keeps the subject with which it began: two patients never share one record."""
    from kapconsole.events import SessionStarted
    from kapconsole.record.access import open_for_reading
    from kapconsole.rows import row_event

    if not subject:
        return
    with open_for_reading(log, fetch) as opened:
        began = [row_event(row).body for row in opened.rows_after(0, 1) if row.kind == "session-started"]
    held = next((body.subject for body in began if isinstance(body, SessionStarted)), None)
    if held is None or held == subject:
        return
    whose = f"is the session of {held}" if held else "was begun without a subject"
    raise Failed(
        f"{log} {whose}, not of {subject}, and keeps what it began with. To go on with it leave --subject out; "
        f"for another session give another file, or none. What was wrong can be said in a note"
    )


def _refuse_one_port_twice(devices: Sequence[str]) -> None:
    """One port cannot feed two devices: the second would never open, or each would get half of the bytes."""
    seen: dict[str, str] = {}
    for device in devices:
        address = device.partition("@")[2]
        port = port_identity(address)
        if address and port in seen:
            same = "" if seen[port].partition("@")[2] == address else " (two names of one port)"
            raise Failed(f"{seen[port]} and {device} are the same port{same}: name each port once")
        seen[port] = device


def port_identity(address: str) -> str:
    """One text for every name of a port: links followed, macOS's two names of an adapter, Windows's long names.

    Ports of one adapter that has several are different; so are network addresses that this machine cannot compare.
    """
    from kapdevices.ports import resolved

    if "://" in address:
        scheme, _, rest = address.lower().partition("://")
        host, colon, port = rest.partition("/")[0].partition("?")[0].rpartition(":")
        return f"{scheme}://{'127.0.0.1' if host in ('localhost', '[::1]') else host}{colon}{port}"
    if sys.platform == "win32":
        return resolved(address).removeprefix("\\\\.\\").removesuffix(":")
    path = resolved(os.path.abspath(address))
    if path.startswith("/dev/tty."):
        return f"/dev/cu.{path.removeprefix('/dev/tty.')}"
    try:
        number = os.stat(path).st_rdev
    except OSError:
        return path
    return f"device {number}" if number else path


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
