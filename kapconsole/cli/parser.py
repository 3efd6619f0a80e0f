"""The words of the command line and what they take."""

from __future__ import annotations

import argparse
from pathlib import Path

from kapconsole import __version__
from kapconsole.cli import bilateral, clients, clinic, export, light, machine, music, presets, records, room, sessions

_STAFF = ("nurse", "prescriber", "therapist", "technician")


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
    demo.add_argument("--quiet", action="store_true", help="without a line of progress every ten seconds")
    demo.add_argument("--scenario", default="course", metavar="NAME", help="what the simulated patient does")
    demo.set_defaults(action=sessions.demo)

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
    run.set_defaults(action=sessions.run)

    console = commands.add_parser("console", help="open a window on the session that is running")
    console.add_argument("--station", default="", metavar="NAME", help="this window stands at another place: its name")
    console.add_argument("--role", default="nurse", choices=_STAFF, help="who works at that station (nurse)")
    console.set_defaults(action=sessions.console)

    send = commands.add_parser("send", help="give the running session a command")
    send.add_argument("--list", action="store_true", help="name the commands")
    send.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND [WORDS]")
    send.set_defaults(action=sessions.send)

    replay = commands.add_parser("replay", help="look at a recorded session in the same views")
    replay.add_argument("file", type=Path)
    replay.add_argument("--beside", type=Path, metavar="FILE2", help="a second session under it, aligned at the dose")
    replay.add_argument("--who", default="", metavar="NAME", help="the name under which this viewing is written down")
    _key_options(replay)
    replay.set_defaults(action=records.replay)

    info = commands.add_parser("info", help="what a session log contains")
    info.add_argument("file", type=Path)
    info.add_argument("--json", action="store_true")
    _key_options(info)
    info.set_defaults(action=records.info)

    verify = commands.add_parser("verify", help="check that a session log is whole and unchanged")
    verify.add_argument("file", type=Path)
    verify.add_argument("--json", action="store_true")
    verify.add_argument("--code", metavar="CODE", help="the head code from paper, to be compared")
    _key_options(verify)
    verify.set_defaults(action=records.verify)

    alarms = commands.add_parser("alarms", help="what alarm limits would have said of a recorded session")
    alarms.add_argument("file", type=Path, nargs="?")
    alarms.add_argument("--preset", default="standard", metavar="PRESET", help="the limits to hold it against")
    alarms.add_argument("--what-if", metavar="PRESET", help="the same session with other limits beside it")
    alarms.add_argument("--json", action="store_true")
    alarms.add_argument("--svg", type=Path, metavar="FILE", help="also draw the occurrences into FILE")
    _key_options(alarms)
    presets.add_to(alarms)

    recover = commands.add_parser("recover", help="save what is whole of a damaged session log into a new file")
    recover.add_argument("file", type=Path)
    recover.add_argument("target", type=Path)
    _key_options(recover)
    recover.set_defaults(action=records.recover)

    devices = commands.add_parser("devices", help="protocols and models with their status, and the ports present")
    devices.add_argument("--json", action="store_true")
    devices.set_defaults(action=machine.devices)

    find = commands.add_parser("find", help="which monitor is at which port: listens, and sends nothing unless told to")
    find.add_argument("ports", nargs="*", metavar="PORT", help="without it: every serial port of this machine")
    find.add_argument("--probe", action="store_true", help="also ask the named ports questions that change nothing")
    find.add_argument("--seconds", type=_seconds, metavar="S", help="listen so long at each line speed (3)")
    find.add_argument("--json", action="store_true")
    find.set_defaults(action=machine.find)

    decode = commands.add_parser("decode", help="raw bytes to readings, one a line")
    decode.add_argument("protocol", metavar="PROTOCOL", help="for example nonin, nonin:df8, suntech")
    decode.add_argument("file", metavar="FILE", help="bytes or a capture; - for standard input")
    decode.add_argument("--hex", action="store_true", help="the bytes are written as hexadecimal text")
    shape = decode.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON object a line")
    shape.add_argument("--csv", action="store_true", help="comma-separated values (the default)")
    decode.set_defaults(action=machine.decode)

    download = commands.add_parser("download", help="the values that a device has kept in its memory")
    download.add_argument("device", metavar="PROTOCOL@PORT", help="contec_v7 or five_byte, and where it is")
    download_shape = download.add_mutually_exclusive_group()
    download_shape.add_argument("--json", action="store_true", help="one JSON object a line")
    download_shape.add_argument("--csv", action="store_true", help="comma-separated values (the default)")
    download.set_defaults(action=machine.download)

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
    simulate.set_defaults(action=machine.simulate)

    capture = commands.add_parser("capture", help="keep the raw bytes of a port; sends nothing")
    capture.add_argument("port", metavar="PORT", help="a port, or PROTOCOL@PORT for that protocol's line settings")
    capture.add_argument("file", type=Path)
    capture.add_argument("--seconds", type=_seconds, metavar="S", help="end after S seconds")
    capture.add_argument("--baud", type=int, metavar="RATE", help="line speed, when no protocol is given (9600)")
    capture.set_defaults(action=machine.capture)

    music.add_to(commands)
    light.add_to(commands)
    bilateral.add_to(commands)
    room.add_to(commands)
    clinic.add_to(commands)
    clients.add_to(commands, _key_options)
    export.add_to(commands, _key_options)

    doctor = commands.add_parser("doctor", help="what this machine lacks, and the one command that mends it")
    doctor.add_argument("--json", action="store_true")
    doctor.set_defaults(action=machine.doctor)

    protect = commands.add_parser("protect", help="set up encryption of session logs at this site")
    protect.add_argument("how", choices=["passphrase", "keystore", "off", "status"], nargs="?", default="status")
    protect.add_argument("--passphrase-file", type=Path, metavar="FILE", help="read the passphrase from its first line")
    protect.set_defaults(action=records.protect)
    return parser


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
