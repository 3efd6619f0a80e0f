"""Commands about the room's light: check a cue sheet, test lamps with a person's eyes, find and pair controllers."""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from kapconsole.cli.speaking import Failed

if TYPE_CHECKING:
    from kapconsole.cues.light.setup import Setup

TEST_LEVELS = (10, 30, 50, 80)
FADE_S = 2.0
FTDI = (0x0403, 0x6001)
FIND_S = 2.0


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Put `kapconsole light ...` among the commands."""
    light = commands.add_parser("light", help="the room's light: check a cue sheet, test, find and pair lamps")
    words = light.add_subparsers(metavar="COMMAND", required=True)
    one = words.add_parser("check", help="play a cue sheet without lamps: levels, floors, what a lamp cannot do")
    one.add_argument("sheet", help="a file, or the name of a cue sheet", nargs="?", default="session")
    one.add_argument("--every", type=float, default=30.0, metavar="SECONDS", help="a line of levels this often")
    one.set_defaults(action=check)
    one = words.add_parser("test", help="bring a zone to 10, 30, 50 and 80 percent, with questions")
    one.add_argument("zone", nargs="?", help="one zone instead of all in turn")
    one.set_defaults(action=test)
    one = words.add_parser("find", help="list serial ports that may hold a DMX widget, and Art-Net nodes that answer")
    one.set_defaults(action=find)
    one = words.add_parser("pair", help="pair with a Philips Hue bridge and show its rooms")
    one.add_argument("host", help="the bridge's address")
    one.add_argument("--certificate", default="hue.pem", metavar="NAME", help="file beside light.toml to keep it in")
    one.set_defaults(action=pair)


def check(options: argparse.Namespace) -> int:
    from kapconsole.cues.light.setup import DEMO, SetupError, load_setup
    from kapconsole.cues.light.sheet import SheetError, load_sheet, parse_sheet
    from kapconsole.cues.light.simulate import report_text, simulate, zones_of
    from kapconsole.paths import config_dir

    folder = config_dir()
    path = Path(options.sheet)
    try:
        if path.suffix == ".toml" or path.is_file():
            sheet = parse_sheet(path.read_text("utf-8"), path.stem)
        else:
            sheet = load_sheet(options.sheet, folder / "lights")
        setup = load_setup(folder)
    except (SheetError, SetupError) as trouble:
        raise Failed(str(trouble)) from None
    except (OSError, UnicodeDecodeError) as trouble:
        raise Failed(f"{path} cannot be read: {getattr(trouble, 'strerror', None) or trouble}") from None
    if setup is DEMO:
        print("no light.toml here: checked against the zones that the sheet names\n")
        setup = zones_of(sheet)
    simulation = simulate(sheet, setup)
    print(report_text(sheet, setup, simulation, max(1.0, options.every)), end="")
    return 1 if simulation.problems else 0


def test(options: argparse.Namespace) -> int:
    from kapconsole.cues.light import events as le
    from kapconsole.cues.light.board import new_board, ordered
    from kapconsole.launcher import answers, running_session
    from kapconsole.light.memory import installation_cid, kept_file, read_kept
    from kapconsole.light.outputs import open_outputs
    from kapconsole.paths import config_dir

    running = running_session()
    if running is not None and answers(running):
        raise Failed("a session is running; its lamps are not tested")
    setup = _setup()
    zones = [options.zone] if options.zone else list(setup.zone)
    if options.zone and options.zone not in setup.zone:
        raise Failed(f"there is no zone {options.zone}; there are: {', '.join(setup.zone)}")
    outputs = open_outputs(setup, installation_cid(), config_dir())
    kept = read_kept(kept_file())
    board = new_board(setup, {} if kept is None else kept.levels, _now_us())
    pause = threading.Event()
    doubts = 0
    try:
        for zone in zones:
            print(f"\n{setup.label(zone)}: look at the lamp, not at the screen.")
            for level in TEST_LEVELS:
                target = (le.LightTarget(zone, float(level)),)
                order = le.LightAsked("level", "", "test", target, FADE_S, FADE_S, True, 0)
                board = ordered(board, setup, order, _now_us())
                until_s = time.monotonic() + FADE_S + 1.0
                while time.monotonic() < until_s:
                    for output in outputs:
                        output.turn(board, _now_us())
                    pause.wait(0.025)
                for output in outputs:
                    if zone in output.zones and output.status.trouble:
                        print(f"  {output.name}: {output.status.trouble}")
                doubts += _question(level)
    finally:
        for output in outputs:
            output.close(goodbye=True)
    print("\nall as it should be" if not doubts else _ADVICE)
    return 1 if doubts else 0


_ADVICE = """
If 10 % was dark: raise the fixture's minimum, or its curve is applied twice: take curve = "linear".
If 30 % and 50 % were nearly full: the lamp has no curve of its own: take curve = "cie".
If nothing changed: address, universe or output in light.toml do not fit the lamp."""

_QUESTIONS = {
    10: "a faint glow, by which you still find the door",
    30: "clearly dim, about a third of full",
    50: "half as bright as full, by eye",
    80: "bright, but visibly less than full",
}


def _question(level: int) -> int:
    try:
        said = input(f"  {level:3} %: is it {_QUESTIONS[level]}? [y/n] ").strip().lower()
    except EOFError:
        raise Failed("the test needs somebody who answers: run it in a terminal") from None
    return 0 if said.startswith("y") else 1


def find(options: argparse.Namespace) -> int:
    from kapdevices.ports import present_ports

    ports = [info for info in present_ports() if info.vid is not None]
    for info in ports:
        maybe = "may be a DMX widget or a monitor's cable" if (info.vid, info.pid) == FTDI else "USB serial"
        print(f"{info.path}: {info.in_words() or 'unnamed'} ({maybe}; nothing was sent to it)")
    nodes = _art_net_nodes()
    for address, name in sorted(nodes.items()):
        print(f"{address}: Art-Net node {name}")
    if not ports and not nodes:
        print("no USB serial port and no Art-Net node; sACN nodes, WLED and bridges do not answer here")
    return 0


def _art_net_nodes() -> dict[str, str]:
    import contextlib
    import socket

    from kapdevices.lights import artnet

    found: dict[str, str] = {}
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        asker.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        asker.bind(("", artnet.PORT))  # nodes answer to this port, whoever asked
        asker.sendto(artnet.POLL, ("255.255.255.255", artnet.PORT))
        until_s = time.monotonic() + FIND_S
        while (left_s := until_s - time.monotonic()) > 0:
            asker.settimeout(left_s)
            data, sender = asker.recvfrom(2048)
            name = artnet.node_name(data)
            if name is not None:
                found[str(sender[0])] = name
    return found


def pair(options: argparse.Namespace) -> int:
    import os

    from kapconsole.paths import config_dir
    from kapdevices.lights import hue
    from kapdevices.lights.http import Host
    from kapdevices.lights.lamp import NotSent

    if Path(options.certificate).name != options.certificate:
        raise Failed("--certificate is the name of a file, without a folder")
    try:
        name, _, port = options.host.partition(":")
        pem = hue.certificate_of(name, int(port or 443))
        host = Host(f"https://{options.host}", pem)
        print(f"the bridge's certificate: {hue.fingerprint(pem)}")
        input(f"{hue.PAIRING}: press Enter ")
        key = hue.paired_key(host.exchange(hue.pair_request("room")))
        found = hue.rooms(host, key)
    except (NotSent, ValueError) as trouble:
        raise Failed(str(trouble)) from None
    except EOFError:
        raise Failed("pairing needs somebody at the bridge: run it in a terminal") from None
    path = config_dir() / options.certificate
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(pem)
    print(f"the certificate is kept in {path}; put this into light.toml, which only you should be able to read:\n")
    for room, group in found.items():
        output = "".join(letter for letter in room.lower().replace(" ", "-") if letter.isalnum() or letter == "-")
        print(f'[output.{output or "hue"}]\ndriver = "hue"\nhost = "https://{options.host}"\nkey = "{key}"')
        print(f'group = "{group}"\ncertificate = "{options.certificate}"\n')
    return 0


def _setup() -> Setup:
    from kapconsole.cues.light.setup import SetupError, load_setup, too_open
    from kapconsole.paths import config_dir

    try:
        setup = load_setup(config_dir())
    except SetupError as trouble:
        raise Failed(str(trouble)) from None
    if words := too_open(config_dir()):
        print(f"note: {words}")
    return setup


def _now_us() -> int:
    return time.monotonic_ns() // 1000
