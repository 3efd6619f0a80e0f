"""The command line: words to actions. Errors are one clear line on standard error; exit code 0, 1 failed, 2 usage.

Imports are made where they are used, so that `kapconsole send` from a foot switch does not wait for Qt or numpy.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kapconsole import __version__

if TYPE_CHECKING:
    from kapconsole.launcher import Child, Running
    from kapconsole.lifeline import Orders

LOG_SUFFIX = ".kaplog"


class Failed(Exception):
    """The command cannot be carried out; the message is the one line that the person reads."""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="kapconsole",
        description="Secondary display, session record and replay for the room of ketamine-assisted psychotherapy. "
        "The bedside monitor's own alarms stay on.",
    )
    parser.add_argument("--version", action="version", version=f"kapconsole {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = commands.add_parser("demo", help="the whole program with simulated monitors and a simulated therapist")
    demo.add_argument("--headless", action="store_true", help="without a window")
    demo.add_argument("--speed", type=_speed, default=1.0, metavar="N", help="N times faster than life (1 to 120)")
    demo.add_argument("--seconds", type=_seconds, metavar="S", help="end after S seconds of your time")
    demo.add_argument("--log", type=Path, metavar="FILE", help="session log to write")
    demo.add_argument("--scenario", default="course", metavar="NAME", help="what the simulated patient does")
    demo.set_defaults(action=_demo)

    run = commands.add_parser("run", help="record a session from real monitors")
    run.add_argument(
        "--device",
        action="append",
        default=[],
        metavar="PROTOCOL@PORT",
        help="a monitor: nonin@/dev/ttyUSB0, suntech@COM4, nonin:df7@socket://host:port, auto@PORT to find out by "
        "listening; may be given several times. Without it: the remembered monitors that are plugged in",
    )
    run.add_argument("--headless", action="store_true", help="without a window")
    run.add_argument("--seconds", type=_seconds, metavar="S", help="end after S seconds")
    run.add_argument(
        "--log", type=Path, metavar="FILE", help="session log to write, or an unfinished one to go on with"
    )
    run.add_argument("--subject", default="", metavar="CODE", help="a code for the patient; no name is needed")
    run.add_argument("--capture", type=Path, metavar="FOLDER", help="also keep the raw bytes of every port there")
    _key_options(run, writing=True)
    run.set_defaults(action=_run)

    console = commands.add_parser("console", help="open a window on the session that is running")
    console.set_defaults(action=_console)

    send = commands.add_parser("send", help="give the running session a command")
    send.add_argument("--list", action="store_true", help="name the commands")
    send.add_argument("words", nargs="*", metavar="COMMAND [WORDS]")
    send.set_defaults(action=_send)

    replay = commands.add_parser("replay", help="look at a recorded session in the same views")
    replay.add_argument("file", type=Path)
    _key_options(replay)
    replay.set_defaults(action=_replay)

    info = commands.add_parser("info", help="what a session log contains")
    info.add_argument("file", type=Path)
    info.add_argument("--json", action="store_true")
    _key_options(info)
    info.set_defaults(action=_info)

    verify = commands.add_parser("verify", help="check that a session log is whole and unchanged")
    verify.add_argument("file", type=Path)
    verify.add_argument("--json", action="store_true")
    verify.add_argument("--code", metavar="CODE", help="the head code from paper, to be compared")
    _key_options(verify)
    verify.set_defaults(action=_verify)

    recover = commands.add_parser("recover", help="save what is whole of a damaged session log into a new file")
    recover.add_argument("file", type=Path)
    recover.add_argument("target", type=Path)
    _key_options(recover)
    recover.set_defaults(action=_recover)

    devices = commands.add_parser("devices", help="protocols and models with their status, and the ports present")
    devices.add_argument("--json", action="store_true")
    devices.set_defaults(action=_devices)

    find = commands.add_parser("find", help="which monitor is at which port: listens, and sends nothing unless told to")
    find.add_argument("ports", nargs="*", metavar="PORT", help="without it: every serial port of this machine")
    find.add_argument("--probe", action="store_true", help="also ask the named ports questions that change nothing")
    find.add_argument("--seconds", type=_seconds, metavar="S", help="listen so long at each line speed (3)")
    find.add_argument("--json", action="store_true")
    find.set_defaults(action=_find)

    decode = commands.add_parser("decode", help="raw bytes to readings, one a line")
    decode.add_argument("protocol", metavar="PROTOCOL", help="for example nonin, nonin:df8, suntech")
    decode.add_argument("file", metavar="FILE", help="bytes or a capture; - for standard input")
    decode.add_argument("--hex", action="store_true", help="the bytes are written as hexadecimal text")
    shape = decode.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON object a line")
    shape.add_argument("--csv", action="store_true", help="comma-separated values (the default)")
    decode.set_defaults(action=_decode)

    simulate = commands.add_parser("simulate", help="a simulated device on a pseudo-terminal, its path printed first")
    simulate.add_argument("protocol", nargs="?", metavar="PROTOCOL", help="for example nonin, nonin:df7, suntech")
    simulate.add_argument("--list", action="store_true", help="name the protocols with formats, scenarios and faults")
    simulate.add_argument("--link", type=Path, metavar="PATH", help="a symbolic link to keep pointing at it")
    simulate.add_argument("--tcp", type=int, metavar="PORT", help="listen on this TCP port of this machine instead")
    simulate.add_argument("--scenario", default="course", metavar="NAME", help="what the simulated patient does")
    simulate.add_argument("--fault", action="append", default=[], metavar="NAME", help="a fault of the device")
    simulate.add_argument("--speed", type=_speed, default=1.0, metavar="N")
    simulate.add_argument("--dose-at", type=float, default=600.0, metavar="S", help="when the course's dose is given")
    simulate.add_argument("--seconds", type=_seconds, metavar="S", help="end after S seconds")
    simulate.add_argument("--quiet", action="store_true", help="do not print the path")
    simulate.set_defaults(action=_simulate)

    capture = commands.add_parser("capture", help="keep the raw bytes of a port; sends nothing")
    capture.add_argument("port", metavar="PORT", help="a port, or PROTOCOL@PORT for that protocol's line settings")
    capture.add_argument("file", type=Path)
    capture.add_argument("--seconds", type=_seconds, metavar="S", help="end after S seconds")
    capture.add_argument("--baud", type=int, metavar="RATE", help="line speed, when no protocol is given (9600)")
    capture.set_defaults(action=_capture)

    doctor = commands.add_parser("doctor", help="what this machine lacks, and the one command that mends it")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(action=_doctor)

    protect = commands.add_parser("protect", help="set up encryption of session logs at this site")
    protect.add_argument("how", choices=["passphrase", "keystore", "status"], nargs="?", default="status")
    protect.add_argument("--passphrase-file", type=Path, metavar="FILE", help="read the passphrase from its first line")
    protect.set_defaults(action=_protect)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    from kapconsole.paths import FolderTrouble

    options = build_parser().parse_args(arguments)
    try:
        return int(options.action(options))
    except (Failed, FolderTrouble) as trouble:
        print(f"kapconsole: {trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of a pipe has left (`| head`); that is its right.
        with contextlib.suppress(OSError):
            sys.stdout.close()
        return 0


def _speed(text: str) -> float:
    speed = float(text)
    if not 1 <= speed <= 120:
        raise argparse.ArgumentTypeError("between 1 and 120")
    return speed


def _seconds(text: str) -> float:
    seconds = float(text)
    if not seconds > 0:
        raise argparse.ArgumentTypeError("more than 0")
    return seconds


def _key_options(parser: argparse.ArgumentParser, writing: bool = False) -> None:
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help="read the site passphrase from the first line of FILE instead of asking for it",
    )
    if writing:
        parser.add_argument("--no-encryption", action="store_true", help="write this session's log in clear")


# -- sessions ---------------------------------------------------------------------------------------------------------


def _demo(options: argparse.Namespace) -> int:
    from kapconsole.demo import simulated_devices, therapist
    from kapdevices.patient import SCENARIOS

    if options.scenario not in SCENARIOS:
        raise Failed(f"unknown scenario {options.scenario!r}; one of: {', '.join(SCENARIOS)}")
    _refuse_second_session()
    log = _new_log(options.log, "demo")
    devices, around = simulated_devices(options.speed, options.scenario)
    orders = _orders(log, devices, subject="K-0142", speed=options.speed, simulated=True)
    return _launch(orders, options, [*around, therapist(orders)])


def _run(options: argparse.Namespace) -> int:
    from msgspec.structs import replace

    from kapconsole.finding import NoDevice, devices_to_run
    from kapconsole.record.access import log_key, new_log_key

    _refuse_second_session()
    try:
        options.device = devices_to_run(options.device, _say)
    except NoDevice as trouble:
        raise Failed(str(trouble)) from None
    with _log_errors():
        if options.log is not None and options.log.exists():
            key = log_key(options.log, _passphrase(options))
            orders = _orders(options.log, options.device, subject=options.subject)
            orders = replace(orders, resume=True)
        else:
            _point_at_unfinished(options.log)
            log = _new_log(options.log, options.subject or "session")
            orders = _orders(log, options.device, subject=options.subject)
            key = None if options.no_encryption else new_log_key(log, orders.session_id, _passphrase(options))
    if key is None:
        _say("this session's log is not encrypted (kapconsole protect sets encryption up)")
    if options.capture is not None:
        options.capture.mkdir(parents=True, exist_ok=True)
    capture_dir = str(options.capture.resolve()) if options.capture else ""
    return _launch(replace(orders, key_hex=(key or b"").hex(), capture_dir=capture_dir), options, [])


def _orders(
    log: Path, devices: Sequence[str], *, subject: str = "", speed: float = 1.0, simulated: bool = False
) -> Orders:
    import uuid

    from kapconsole.clock import new_frame
    from kapconsole.config import read_config
    from kapconsole.lifeline import Orders
    from kapconsole.wire import new_address

    config, trouble = read_config()
    if trouble:
        _say(trouble)
    return Orders(
        address=new_address(),
        frame=new_frame(speed),
        session_id=str(uuid.uuid4()),
        log_path=str(log.resolve()),
        devices=tuple(devices),
        subject=subject,
        simulated=simulated,
        alarm_out=config.alarm_out,
    )


def _launch(orders: Orders, options: argparse.Namespace, around: Sequence[Child]) -> int:
    from kapconsole.launcher import Launcher

    _say(f"session log: {orders.log_path}")
    window = not options.headless
    if window and not _screen():
        _say("there is no screen here: going on without a window (--headless)")
        window = False
    launcher = Launcher(orders, with_console=window, around=around, say=_say)
    code = launcher.run(options.seconds)
    if code == 0:
        _say(f"session closed: {orders.log_path}")
    return code


def _screen() -> bool:
    """False where a window would abort at once."""
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _console(options: argparse.Namespace) -> int:
    from kapconsole.console.process import attach

    return attach(_running().address)


def _send(options: argparse.Namespace) -> int:
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
            _say(f"an unfinished session is there; go on with it by: kapconsole run --log {path} --device ...")


# -- records ----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _log_errors() -> Iterator[None]:
    from kapconsole.record.errors import LogError

    try:
        yield
    except LogError as trouble:
        raise Failed(str(trouble)) from None


def _passphrase(options: argparse.Namespace) -> Callable[[], str]:
    """Gives the site passphrase when somebody needs it: from the file that was named, or by asking, once."""

    @functools.cache
    def ask() -> str:
        if options.passphrase_file is not None:
            try:
                with options.passphrase_file.open() as stream:
                    return str(stream.readline()).rstrip("\r\n")
            except OSError as trouble:
                raise Failed(f"{options.passphrase_file}: {trouble.strerror}") from None
        if not sys.stdin.isatty():
            raise Failed("the site passphrase is needed: give --passphrase-file, or run this in a terminal")
        import getpass

        return getpass.getpass("site passphrase: ")

    return ask


def _replay(options: argparse.Namespace) -> int:
    from kapconsole.record.access import check, open_for_reading

    passphrase = _passphrase(options)
    with _log_errors():
        opened = open_for_reading(options.file, passphrase)
    if not _screen():
        raise Failed("there is no screen here; kapconsole info and verify work without one")
    from kapconsole.replay.process import show

    return show(opened, lambda: check(options.file, passphrase))


def _info(options: argparse.Namespace) -> int:
    import msgspec

    from kapconsole.record.access import open_for_reading
    from kapconsole.record.summary import summarise, summary_lines

    with _log_errors():
        opened = open_for_reading(options.file, _passphrase(options))
        summary = summarise(opened)
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(summary), indent=2).decode())
    else:
        print("\n".join(summary_lines(summary)))
    return 0


def _verify(options: argparse.Namespace) -> int:
    import msgspec

    from kapconsole.record import access

    with _log_errors():
        report = access.check(options.file, _passphrase(options), options.code, _progress("verifying"))
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return 0 if report.ok else 1
    for finding in report.findings:
        where = "" if finding.seq is None else f" (row {finding.seq})"
        print(f"{'PROBLEM' if finding.serious else 'note'}{where}: {finding.text}")
    state = "closed" if report.closed else "not closed"
    verdict = "whole and unchanged" if report.ok else "NOT as it was written"
    print(f"{options.file.name}: {verdict}; {report.rows} rows, {report.anchors} signatures, {state}")
    if report.head_code:
        print(f"head code: {report.head_code}")
    return 0 if report.ok else 1


def _recover(options: argparse.Namespace) -> int:
    from kapconsole.record.access import log_key
    from kapconsole.record.recover import recover

    if options.target.exists():
        raise Failed(f"{options.target} exists already")
    with _log_errors():
        report = recover(options.file, options.target, log_key(options.file, _passphrase(options)))
    for sentence in report.text:
        print(sentence)
    return 0


def _protect(options: argparse.Namespace) -> int:
    from kapconsole.record.access import protect, protection

    with _log_errors():
        if options.how == "status":
            print(protection())
        else:
            print(protect(options.how, _new_passphrase(options)))
    return 0


def _new_passphrase(options: argparse.Namespace) -> Callable[[], str]:
    def ask() -> str:
        first = _passphrase(options)()
        if options.passphrase_file is None and _passphrase(options)() != first:
            raise Failed("the two passphrases are not the same")
        if len(first) < 8:
            raise Failed("a site passphrase has at least 8 characters")
        return first

    return ask


def _progress(what: str) -> Callable[[int, int], None]:
    """A progress bar on a terminal; nothing where nobody looks."""
    if not sys.stderr.isatty():
        return lambda done, total: None

    def show(done: int, total: int) -> None:
        filled = 30 * done // max(1, total)
        ending = "\n" if done >= total else ""
        print(f"\r{what} {'█' * filled}{'·' * (30 - filled)} {done}/{total}", end=ending, file=sys.stderr)

    return show


# -- devices ----------------------------------------------------------------------------------------------------------


def _devices(options: argparse.Namespace) -> int:
    from kapconsole.remembered import read_remembered
    from kapdevices.catalog import catalog
    from kapdevices.known import recall
    from kapdevices.ports import present_ports

    manifests, ports = catalog().values(), present_ports()
    remembered, trouble = read_remembered()
    if trouble:
        _say(trouble)
    known = {port.path: one.what for port in ports if (one := recall(remembered, port, ports))}
    if options.json:
        import msgspec

        listing = {"protocols": list(manifests), "ports": ports, "remembered": known}
        print(msgspec.json.format(msgspec.json.encode(listing), indent=2).decode())
        return 0
    for manifest in manifests:
        cuff = " · starts and stops the cuff" if "start-cuff" in manifest.commands else ""
        formats = f" · formats {', '.join(manifest.formats)}" if manifest.formats else ""
        print(f"{manifest.id}: {manifest.name} ({manifest.status}){formats}{cuff}")
        for model in manifest.models:
            print(f"    {model.maker} {model.model}{f' · {model.note}' if model.note else ''}")
    print("ports present:" if ports else "ports present: none")
    for port in ports:
        remembered_as = f"remembered as {known[port.path]}" if port.path in known else ""
        print("    " + " · ".join(part for part in (port.path, port.in_words(), remembered_as) if part))
    return 0


def _find(options: argparse.Namespace) -> int:
    from kapconsole.finding import NoDevice, find_devices

    try:
        return find_devices(options.ports, probe=options.probe, seconds=options.seconds, json=options.json)
    except NoDevice as trouble:
        raise Failed(str(trouble)) from None


def _decode(options: argparse.Namespace) -> int:
    from kapdevices.catalog import find
    from kapdevices.decode import decode, read_chunks, write_csv, write_jsonl

    protocol, _, format = options.protocol.partition(":")
    try:
        driver = find(protocol).make_driver(format or None)
    except ValueError as trouble:
        raise Failed(str(trouble)) from None
    with _opened(options.file) as stream:
        lines = decode(read_chunks(stream, "hex" if options.hex else "auto", _say), driver)
        try:
            (write_jsonl if options.json else write_csv)(lines, sys.stdout)
            sys.stdout.flush()
        except ValueError as trouble:
            raise Failed(f"{options.file}: {trouble}") from None
    counts = driver.counts
    print(f"{counts.good} packets good, {counts.bad} bad, {counts.skipped} bytes skipped", file=sys.stderr)
    return 0


@contextlib.contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    try:
        stream = open(name, "rb")  # noqa: SIM115  # closed below; an error in opening is told in words
    except OSError as trouble:
        raise Failed(f"{name}: {trouble.strerror}") from None
    with stream:
        yield stream


def _simulate(options: argparse.Namespace) -> int:
    import signal
    import threading

    from kapdevices.catalog import find
    from kapdevices.patient import Patient
    from kapdevices.simulate import SimulatorHost

    if options.list:
        from kapconsole.finding import simulator_lines

        print("\n".join(simulator_lines()))
        return 0
    if options.protocol is None:
        raise Failed("which device? give PROTOCOL (kapconsole simulate --list names them)")
    protocol, _, format = options.protocol.partition(":")
    tcp = None if options.tcp is None else ("127.0.0.1", options.tcp)
    try:
        patient = Patient(options.scenario, dose_at_s=options.dose_at)
        simulator = find(protocol).make_simulator(patient, format or None, tuple(options.fault))
        host = SimulatorHost(simulator, link=options.link, tcp=tcp, speed=options.speed)
    except (ValueError, OSError) as trouble:
        raise Failed(str(trouble)) from None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: ended.set())
    if not options.quiet:
        print(host.address, flush=True)
    else:
        from kapconsole.lifeline import when_launcher_is_gone

        when_launcher_is_gone(ended.set)
    with host:
        ended.wait(options.seconds)
    return 0


def _capture(options: argparse.Namespace) -> int:
    from kapdevices.tap import capture_port

    try:
        taken = capture_port(options.port, options.file, baud=options.baud, seconds=options.seconds, say=_say)
    except (ValueError, OSError) as trouble:
        raise Failed(str(trouble)) from None
    _say(f"{taken} bytes in {options.file}")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from kapconsole.doctor import run_doctor

    return run_doctor(options.json)


def _say(text: str) -> None:
    print(f"kapconsole: {text}", file=sys.stderr, flush=True)
